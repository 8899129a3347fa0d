"""The periods of a programme as its calendar shows them: days, state, how complete, what was decided. Reads only."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from indicators.engine.calendar import PeriodDays, PeriodState
from indicators.models import EntryException, Frequency, PeriodTurn, Programme, ReportingPeriod
from indicators.periods import days_of, newest_turns, state_of

BADGES = {
    PeriodState.UPCOMING: "upcoming",
    PeriodState.OPEN: "running_period",
    PeriodState.DUE: "due",
    PeriodState.GRACE: "grace",
    PeriodState.LOCKED: "locked",
    PeriodState.REOPENED: "reopened",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Completeness:
    """How many of the figures that a period expects are there."""

    expected: int = 0
    approved: int = 0
    waiting: int = 0
    drafts: int = 0

    @property
    def width(self) -> int | None:
        """Of 1000; None when nothing is expected."""
        return None if self.expected == 0 else round(1000 * self.approved / self.expected)

    @property
    def missing(self) -> int:
        return self.expected - self.approved - self.waiting - self.drafts


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarLine:
    """One period."""

    period: ReportingPeriod
    days: PeriodDays
    state: PeriodState
    badge: str
    completeness: Completeness
    turns: Sequence[PeriodTurn]
    """Newest first."""
    exceptions: Sequence[EntryException]
    """In force, and those that ended or were taken back, newest first."""


def load_calendar(
    programme: Programme, *, at: datetime, frequency: str = "", year: int | None = None
) -> list[CalendarLine]:
    """The periods, newest first. Four queries."""
    rows = newest_turns(ReportingPeriod.objects.filter(programme=programme))
    if frequency:
        rows = rows.filter(frequency=frequency)
    if year is not None:
        rows = rows.filter(ends_on__year=year)
    periods = list(rows.order_by("-starts_on", "frequency", "pk"))
    pks = [one.pk for one in periods]
    turns: dict[int, list[PeriodTurn]] = defaultdict(list)
    for turn in PeriodTurn.objects.filter(period__in=pks).select_related("by").order_by("-pk"):
        turns[turn.period_id].append(turn)
    exceptions: dict[int, list[EntryException]] = defaultdict(list)
    today = at.astimezone(programme.zone).date()
    for one in (
        EntryException.objects.filter(period__in=pks)
        .select_related("user", "granted_by", "revoked_by")
        .order_by("-pk")
    ):
        one.is_in_force = one.revoked_at is None and one.until >= today  # type: ignore[attr-defined]
        exceptions[one.period_id].append(one)
    complete = _completeness(pks)
    found = []
    for period in periods:
        state = state_of(period, programme, at=at)
        found.append(
            CalendarLine(
                period=period,
                days=days_of(period, programme),
                state=state,
                badge=BADGES[state],
                completeness=complete.get(period.pk, Completeness()),
                turns=turns[period.pk],
                exceptions=exceptions[period.pk],
            )
        )
    return found


def years_and_frequencies(programme: Programme) -> tuple[list[int], list[tuple[str, str]]]:
    """What the calendar can be narrowed to. One query."""
    pairs = set(ReportingPeriod.objects.filter(programme=programme).values_list("ends_on__year", "frequency"))
    years = sorted({year for year, _frequency in pairs}, reverse=True)
    held = {frequency for _year, frequency in pairs}
    return years, [(value, str(label)) for value, label in Frequency.choices if value in held]


def _completeness(periods: Sequence[int]) -> dict[int, Completeness]:
    """Expected places are those of the due list: each indicator in use by each of its units. One statement."""
    if not periods:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_PLACES, {"periods": list(periods)})
        rows = cursor.fetchall()
    return {
        period: Completeness(expected=expected, approved=approved, waiting=waiting, drafts=drafts)
        for period, expected, approved, waiting, drafts in rows
    }


_PLACES = """
WITH place AS (
    SELECT p.id AS period_id, i.id AS indicator_id, u.id AS unit_id, i.frequency
    FROM indicators_reportingperiod p
    JOIN indicators_programmeindicator i ON i.programme_id = p.programme_id AND i.frequency = p.frequency
     AND i.is_active AND i.formula = '' AND i.frequency <> 'event'
    LEFT JOIN (
        indicators_programmeindicator_units iu
        JOIN indicators_reportingunit u ON u.id = iu.reportingunit_id AND u.is_active
    ) ON iu.programmeindicator_id = i.id AND i.frequency <> 'per_course'
    WHERE p.id = ANY(%(periods)s) AND NOT EXISTS (
        SELECT 1 FROM indicators_targetrevision r
        WHERE r.indicator_id = i.id AND r.number = 1 AND p.ends_on < r.effective_on
    )
), stand AS (
    SELECT place.period_id, o.best
    FROM place LEFT JOIN LATERAL (
        SELECT min(array_position(ARRAY['approved', 'validated', 'submitted', 'returned', 'draft']::text[],
                                  state::text)) AS best
        FROM indicators_observation
        WHERE indicator_id = place.indicator_id AND period_id = place.period_id
          AND (unit_id IS NOT DISTINCT FROM place.unit_id OR unit_id IS NULL OR place.frequency = 'per_course')
    ) o ON true
)
SELECT period_id, count(*), count(*) FILTER (WHERE best = 1), count(*) FILTER (WHERE best IN (2, 3)),
       count(*) FILTER (WHERE best IN (4, 5))
FROM stand GROUP BY period_id
"""
