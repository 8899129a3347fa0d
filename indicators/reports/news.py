"""What changed since somebody last looked, as a page or a file says it. Loads what is shown, counts the rest."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import OuterRef, Subquery

from indicators.models import (
    AssessmentRun,
    IndicatorStatus,
    Programme,
    ProgrammeIndicator,
    ReportingPeriod,
    Status,
    User,
)
from indicators.reports.changes import GRAVITY, KINDS, Found, Line, find
from indicators.reports.looks import Since
from indicators.reports.overview import Overview, Waiting, every
from indicators.reports.signals import AlertLine, alert_lines

MOST_MOVES = 10
"""Moves that a page shows before one asks for the rest."""
MOST_OTHERS = 3
"""Of each other kind."""


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
    """What changed in one programme, as far as it is shown."""

    programme: Programme
    since: datetime
    counts: Mapping[str, int]
    """All that changed in it, by kind, also what is not shown."""
    moves: list[Move] = field(default_factory=list)
    runs: list[AssessmentRun] = field(default_factory=list)
    alerts: list[AlertLine] = field(default_factory=list)
    overdue: list[Waiting] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What changed since the last look: all of it counted, some of it loaded."""

    since: Since
    counts: Mapping[str, int]
    """How many moves, runs, alerts and overdue responses there are."""
    programmes: Sequence[ProgrammeNews]
    """Those of which something is loaded, in the order of the overview."""
    moves: Sequence[Move]
    """The loaded moves in the order in which they were asked for."""
    began: Mapping[str, int] = field(default_factory=dict)
    """At a first look: how many indicators began to report, by the status they have now."""

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    @property
    def runs(self) -> list[AssessmentRun]:
        return [run for one in self.programmes for run in one.runs]

    @property
    def alerts(self) -> list[AlertLine]:
        return [alert for one in self.programmes for alert in one.alerts]

    @property
    def overdue(self) -> list[Waiting]:
        return [waiting for one in self.programmes for waiting in one.overdue]

    @property
    def shown(self) -> int:
        return sum(len(one) for one in (self.moves, self.runs, self.alerts, self.overdue))


def load(user: User, overview: Overview, since: Since, overdue: Iterable[Waiting], *, at: datetime) -> News:
    """All that changed in what is looked at. Nine queries at most."""
    found = find(user, overview, since, overdue, at=at)
    return build(user, found, found.lines)


def first_lines(user: User, found: Found, *, moves: int = MOST_MOVES, others: int = MOST_OTHERS) -> News:
    """The most important of what changed. At a first look, who began to report is a count. Four queries at most."""
    shown = found.moves
    began: Counter[str] = Counter()
    if found.since.is_first and not found.since.is_chosen:
        began.update(line.after for line in shown if line.before == Status.NOT_REPORTING)
        shown = [line for line in shown if line.before != Status.NOT_REPORTING]
    lines = [*shown[:moves], *found.runs[:others], *found.alerts[:others], *found.overdue[:others]]
    in_order = {status: began[status] for status in GRAVITY if began[status]}
    return build(user, found, lines, began=in_order)


def build(user: User, found: Found, lines: Sequence[Line], *, began: Mapping[str, int] | None = None) -> News:
    """What these lines say, loaded; the counts are of all that changed. Four queries at most."""
    keys = {kind: [line.key for line in lines if line.kind == kind] for kind in KINDS}
    counted: dict[int, Counter[str]] = defaultdict(Counter)
    for line in found.lines:
        counted[line.programme][line.kind] += 1
    shown = {line.programme for line in lines}
    seen = {
        one.pk: ProgrammeNews(
            programme=one,
            since=found.since.by_programme[one.pk],
            counts={kind: counted[one.pk][kind] for kind in KINDS},
        )
        for one in found.overview.programmes
        if one.pk in shown
    }
    moves = _loaded(user, [line for line in lines if line.kind == "moves"])
    for move in moves:
        seen[move.indicator.programme_id].moves.append(move)
    if keys["runs"]:
        rows = AssessmentRun.objects.visible_to(user).filter(pk__in=keys["runs"])
        for run in rows.select_related("programme").order_by("-finished_at", "-pk"):
            seen[run.programme_id].runs.append(run)
    if keys["alerts"]:
        for alert in alert_lines(user, pk__in=keys["alerts"]):
            seen[alert.alert.indicator.programme_id].alerts.append(alert)
    for key in keys["overdue"]:
        waiting = found.waiting[key]
        seen[waiting.programme.pk].overdue.append(waiting)
    return News(
        since=found.since,
        counts=found.counts,
        programmes=list(seen.values()),
        moves=moves,
        began=began or {},
    )


def _loaded(user: User, lines: Sequence[Line]) -> list[Move]:
    """Two queries, none for nothing."""
    if not lines:
        return []
    pks = [line.key for line in lines]
    loaded, periods = every(user, pks), _periods(user, pks)
    return [
        Move(
            indicator=loaded[line.key],
            before=line.before,
            after=line.after,
            period=periods.get(line.key, ""),
            known_from=line.known_from,
        )
        for line in lines
        if line.key in loaded
    ]


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
