"""What changed since somebody last looked, found out by key: nothing about it is loaded, so that counting stays cheap.

Net changes: what moved there and back is no news. The log of statuses knows what happened since it is kept; before that
the last assessment says what was known. A fixed number of queries, however much changed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Q
from django.utils import timezone

from indicators.models import (
    Alert,
    AssessmentRun,
    IndicatorStatus,
    Kind,
    Status,
    StatusChange,
    User,
    Verdict,
)
from indicators.reports.looks import Since
from indicators.reports.overview import Overview, Waiting, indicator_pks

KINDS = ("moves", "runs", "alerts", "overdue")
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
class Line:
    """One change, by key: nothing about it is loaded yet."""

    kind: str
    """moves, runs, alerts or overdue, as in the counts."""
    programme: int
    key: int
    before: str = ""
    after: str = ""
    known_from: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """All that changed, by key: the gravest moves first, then the newest runs and alerts, then what became overdue."""

    since: Since
    overview: Overview
    moves: Sequence[Line]
    runs: Sequence[Line]
    alerts: Sequence[Line]
    overdue: Sequence[Line]
    waiting: Mapping[int, Waiting]

    @property
    def lines(self) -> list[Line]:
        return [*self.moves, *self.runs, *self.alerts, *self.overdue]

    @property
    def by_programme(self) -> list[Line]:
        """The same, programme after programme."""
        place = {one.pk: number for number, one in enumerate(self.overview.programmes)}
        return sorted(self.lines, key=lambda line: place[line.programme])

    @property
    def counts(self) -> dict[str, int]:
        return {name: len(getattr(self, name)) for name in KINDS}


def find(user: User, overview: Overview, since: Since, overdue: Iterable[Waiting], *, at: datetime) -> Found:
    """What changed in what is looked at, by key. Five queries at most.

    Args:
        overdue: what is overdue now, as `overdue_responses` gives it; what became so since counts.
    """
    days = {pk: timezone.localtime(one).date() for pk, one in since.by_programme.items()}
    late = {
        one.recommendation.pk: one
        for one in overdue
        if one.programme.pk in days and one.due_on >= days[one.programme.pk]
    }
    is_any = bool(days)
    return Found(
        since=since,
        overview=overview,
        moves=_moves(user, overview, since, days, timezone.localtime(at).date()) if is_any else [],
        runs=_runs(user, since) if is_any else [],
        alerts=_alerts(user, overview, since, at) if is_any else [],
        overdue=[Line(kind="overdue", programme=one.programme.pk, key=pk) for pk, one in late.items()],
        waiting=late,
    )


def _runs(user: User, since: Since) -> list[Line]:
    rows = AssessmentRun.objects.visible_to(user).filter(_since(since, "programme", "finished_at"))
    return [
        Line(kind="runs", programme=programme, key=pk)
        for pk, programme in rows.order_by("-finished_at", "-pk").values_list("pk", "programme_id")
    ]


def _alerts(user: User, overview: Overview, since: Since, at: datetime) -> list[Line]:
    rows = (
        Alert.objects.visible_to(user)
        .filter(_since(since, "indicator__programme", "opened_at"))
        .filter(indicator__is_active=True, opened_at__lte=at)
        .order_by("-opened_at", "-pk")
        .values_list("pk", "indicator_id", "indicator__programme_id")
    )
    chosen = set(indicator_pks(overview.found))
    return [
        Line(kind="alerts", programme=programme, key=pk)
        for pk, indicator, programme in rows
        if indicator in chosen
    ]


def _moves(user: User, overview: Overview, since: Since, days: Mapping[int, date], today: date) -> list[Line]:
    """Indicators that stand elsewhere than at the look, the gravest first, of those the critical ones."""
    now = {one.indicator: one for one in overview.found}
    before = _before(user, since, days, today)
    unknown = [pk for pk, (status, _from) in before.items() if pk in now and not status]
    judged = _assessed(user, unknown, days, {pk: now[pk].programme for pk in unknown})
    lines = []
    for pk, then in before.items():
        stand = now.get(pk)
        status, said_by = then if then[0] else judged.get(pk, ("", ""))
        if stand is not None and status and status != stand.status:
            lines.append(
                Line(
                    kind="moves",
                    programme=stand.programme,
                    key=pk,
                    before=status,
                    after=stand.status,
                    known_from=said_by,
                )
            )
    return sorted(lines, key=lambda line: (GRAVITY[line.after], not now[line.key].is_critical, line.key))


def _before(user: User, since: Since, days: Mapping[int, date], today: date) -> dict[int, tuple[str, str]]:
    """How indicators that may have moved stood at the look; empty where the log does not reach. Two queries."""
    first = (
        StatusChange.objects.visible_to(user)
        .filter(_since(since, "indicator__programme", "at"), indicator__is_active=True)
        .order_by("indicator_id", "at", "pk")
        .distinct("indicator_id")
        .values_list("indicator_id", "indicator__programme_id", "before", "before_stale_from")
    )
    found = {
        pk: (stood(before, stale_from, days[programme]), "") for pk, programme, before, stale_from in first
    }
    gone_stale = (
        IndicatorStatus.objects.visible_to(user)
        .filter(indicator__is_active=True, indicator__programme__in=list(days), stale_from__lte=today)
        .filter(status__in=GOES_STALE, stale_from__gt=min(days.values()))
        .values_list("indicator_id", "indicator__programme_id", "status", "stale_from")
    )
    for pk, programme, status, stale_from in gone_stale:
        if pk not in found:
            found[pk] = (stood(status, stale_from, days[programme]), "")
    return found


def _assessed(
    user: User, pks: Sequence[int], days: Mapping[int, date], programmes: Mapping[int, int]
) -> dict[int, tuple[str, str]]:
    """What the last assessment before the look said of each: the status and the name of the assessment. One query."""
    if not pks:
        return {}
    by_day: dict[date, set[int]] = defaultdict(set)
    for programme in set(programmes.values()):
        by_day[days[programme]].add(programme)
    wanted = Q(pk__in=[])
    for day, members in by_day.items():
        wanted |= Q(run__programme__in=members, run__as_of__lte=day)
    rows = (
        Verdict.objects.visible_to(user)
        .filter(wanted, course_run__isnull=True, run__kind=Kind.ON_THE_FLY)
        .exclude(status="")
        .order_by("indicator_id", "-run__as_of", "-run__revision")
        .distinct("indicator_id")
        .values_list("indicator_id", "status", "run__label")
    )
    chosen = set(pks)
    return {pk: (status, label) for pk, status, label in rows if pk in chosen}


def _since(since: Since, programme: str, moment: str) -> Q:
    """Of each programme what lies after its own look; looks of one moment are asked for together."""
    by_moment: dict[datetime, list[int]] = defaultdict(list)
    for pk, looked_at in since.by_programme.items():
        by_moment[looked_at].append(pk)
    wanted = Q(pk__in=[])
    for looked_at, pks in by_moment.items():
        wanted |= Q(**{f"{programme}__in": pks, f"{moment}__gte": looked_at})
    return wanted


def stood(status: str, stale_from: date | None, on: date) -> str:
    """How a stored status counted on a day: stale data do not report."""
    if status in GOES_STALE and stale_from is not None and stale_from <= on:
        return Status.NOT_REPORTING.value
    return status
