"""What changed since somebody last looked, by programme. Net changes: what moved there and back is no news.

The log of statuses knows what happened since it is kept; before that the last assessment says what was known. A fixed
number of queries, however much changed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db.models import OuterRef, Q, Subquery
from django.utils import timezone

from indicators.models import (
    AssessmentRun,
    IndicatorStatus,
    Kind,
    Programme,
    ProgrammeIndicator,
    ReportingPeriod,
    Status,
    StatusChange,
    User,
    Verdict,
)
from indicators.reports.looks import Since
from indicators.reports.overview import Overview, Waiting, every, indicator_pks
from indicators.reports.signals import AlertLine, alert_lines

GOES_STALE = frozenset({Status.ON_TRACK, Status.AT_RISK, Status.OFF_TRACK, Status.NOT_ASSESSABLE})
"""Statuses that count as not reporting once their data went stale (as `IndicatorStatus.at`)."""
GRAVITY = {
    Status.OFF_TRACK.value: 0,
    Status.AT_RISK.value: 1,
    Status.NOT_REPORTING.value: 2,
    Status.NOT_ASSESSABLE.value: 3,
    Status.ON_TRACK.value: 4,
    Status.MONITORED.value: 5,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """An indicator that stands elsewhere than at the last look."""

    indicator: ProgrammeIndicator
    before: str
    after: str
    period: str
    """Of the figure that it stands on now; empty where there is none."""
    known_from: str
    """The assessment that says how it stood before; empty where the log does."""


@dataclass(slots=True, kw_only=True)
class ProgrammeNews:
    """What changed in one programme."""

    programme: Programme
    since: datetime
    moves: list[Move] = field(default_factory=list)
    runs: list[AssessmentRun] = field(default_factory=list)
    alerts: list[AlertLine] = field(default_factory=list)
    overdue: list[Waiting] = field(default_factory=list)

    @property
    def is_quiet(self) -> bool:
        return not (self.moves or self.runs or self.alerts or self.overdue)


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What changed since the last look, programme by programme; the quiet ones are left out."""

    since: Since
    programmes: Sequence[ProgrammeNews]

    def _all(self, name: str) -> int:
        return sum(len(getattr(one, name)) for one in self.programmes)

    @property
    def counts(self) -> dict[str, int]:
        """How many moves, runs, alerts and overdue responses."""
        return {name: self._all(name) for name in ("moves", "runs", "alerts", "overdue")}

    @property
    def moves(self) -> list[Move]:
        return [move for one in self.programmes for move in one.moves]


def load(user: User, overview: Overview, since: Since, overdue: Iterable[Waiting], *, at: datetime) -> News:
    """What changed in what is looked at. Eight queries at most.

    Args:
        overdue: what is overdue now, as `overdue_responses` gives it; what became so since counts.
    """
    today = timezone.localtime(at).date()
    seen = {
        one.pk: ProgrammeNews(programme=one, since=since.by_programme[one.pk]) for one in overview.programmes
    }
    if seen:
        _add_moves(user, overview, seen, today)
        _add_runs(user, seen)
        _add_alerts(user, overview, seen, at)
        for waiting in overdue:
            news = seen.get(waiting.programme.pk)
            if news is not None and waiting.due_on >= timezone.localtime(news.since).date():
                news.overdue.append(waiting)
    return News(since=since, programmes=[one for one in seen.values() if not one.is_quiet])


def _add_runs(user: User, seen: Mapping[int, ProgrammeNews]) -> None:
    rows = AssessmentRun.objects.visible_to(user).filter(_since(seen, "programme", "finished_at"))
    for run in rows.order_by("-finished_at", "-pk"):
        seen[run.programme_id].runs.append(run)


def _add_alerts(user: User, overview: Overview, seen: Mapping[int, ProgrammeNews], at: datetime) -> None:
    which = _since(seen, "indicator__programme", "opened_at")
    chosen = set(indicator_pks(overview.found))
    for line in alert_lines(user, which, opened_at__lte=at):
        if line.alert.indicator_id in chosen:
            seen[line.alert.indicator.programme_id].alerts.append(line)


def _since(seen: Mapping[int, ProgrammeNews], programme: str, moment: str) -> Q:
    """Of each programme what lies after its own look; looks of one moment are asked for together."""
    by_moment: dict[datetime, list[int]] = defaultdict(list)
    for pk, news in seen.items():
        by_moment[news.since].append(pk)
    wanted = Q(pk__in=[])
    for since, pks in by_moment.items():
        wanted |= Q(**{f"{programme}__in": pks, f"{moment}__gte": since})
    return wanted


def stood(status: str, stale_from: date | None, on: date) -> str:
    """How a stored status counted on a day: stale data do not report."""
    if status in GOES_STALE and stale_from is not None and stale_from <= on:
        return Status.NOT_REPORTING.value
    return status


def _add_moves(user: User, overview: Overview, seen: Mapping[int, ProgrammeNews], today: date) -> None:
    now = {one.indicator: one for one in overview.found}
    before = _before(user, seen, today)
    unknown = [pk for pk, (status, _from) in before.items() if pk in now and not status]
    judged = _assessed(user, unknown, seen, {pk: now[pk].programme for pk in unknown})
    changed: dict[int, tuple[str, str]] = {}
    for pk, then in before.items():
        if pk not in now:
            continue
        status, said_by = then if then[0] else judged.get(pk, ("", ""))
        if status and status != now[pk].status:
            changed[pk] = (status, said_by)
    loaded, periods = every(user, list(changed)), _periods(user, list(changed))
    for pk in sorted(changed, key=lambda one: (GRAVITY[now[one].status], not now[one].is_critical, one)):
        if pk in loaded:
            seen[now[pk].programme].moves.append(
                Move(
                    indicator=loaded[pk],
                    before=changed[pk][0],
                    after=now[pk].status,
                    period=periods.get(pk, ""),
                    known_from=changed[pk][1],
                )
            )


def _before(user: User, seen: Mapping[int, ProgrammeNews], today: date) -> dict[int, tuple[str, str]]:
    """How indicators that may have moved stood at the look; empty where the log does not reach. Two queries."""
    first = (
        StatusChange.objects.visible_to(user)
        .filter(_since(seen, "indicator__programme", "at"), indicator__is_active=True)
        .order_by("indicator_id", "at", "pk")
        .distinct("indicator_id")
        .values_list("indicator_id", "indicator__programme_id", "before", "before_stale_from")
    )
    found = {
        pk: (stood(before, stale_from, _day(seen[programme])), "")
        for pk, programme, before, stale_from in first
    }
    gone_stale = (
        IndicatorStatus.objects.visible_to(user)
        .filter(indicator__is_active=True, indicator__programme__in=list(seen), stale_from__lte=today)
        .filter(status__in=GOES_STALE, stale_from__gt=min(_day(one) for one in seen.values()))
        .values_list("indicator_id", "indicator__programme_id", "status", "stale_from")
    )
    for pk, programme, status, stale_from in gone_stale:
        if pk not in found:
            found[pk] = (stood(status, stale_from, _day(seen[programme])), "")
    return found


def _day(news: ProgrammeNews) -> date:
    return timezone.localtime(news.since).date()


def _assessed(
    user: User, pks: Sequence[int], seen: Mapping[int, ProgrammeNews], programmes: Mapping[int, int]
) -> dict[int, tuple[str, str]]:
    """What the last assessment before the look said of each: the status and the name of the assessment. One query."""
    if not pks:
        return {}
    latest = max(_day(one) for one in seen.values())
    rows = (
        Verdict.objects.visible_to(user)
        .filter(indicator__in=pks, course_run__isnull=True, run__kind=Kind.ON_THE_FLY, run__as_of__lte=latest)
        .exclude(status="")
        .order_by("indicator_id", "-run__as_of", "-run__revision")
        .values_list("indicator_id", "status", "run__label", "run__as_of")
    )
    found: dict[int, tuple[str, str]] = {}
    for pk, status, label, as_of in rows:
        if pk not in found and as_of <= _day(seen[programmes[pk]]):
            found[pk] = (status, label)
    return found


def _periods(user: User, pks: Sequence[int]) -> dict[int, str]:
    """The name of the period of each indicator's newest figure. One query."""
    period = ReportingPeriod.objects.filter(
        programme=OuterRef("indicator__programme"),
        frequency=OuterRef("indicator__frequency"),
        ends_on=OuterRef("value_on"),
    ).order_by("-starts_on")
    rows: Any = (
        IndicatorStatus.objects.visible_to(user)
        .filter(indicator__in=pks)
        .annotate(period=Subquery(period.values("label")[:1]))
        .values_list("indicator_id", "period", "value_on")
    )
    return {pk: label or (f"{value_on:%Y-%m}" if value_on else "") for pk, label, value_on in rows}
