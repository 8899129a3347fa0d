"""Signals of change on a page: the chosen chart, its words, or why there is none; and the alerts. Decides nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Case, Q, When
from django.utils.translation import gettext as _

from indicators.charts.control import ControlReading, ControlSeries
from indicators.engine.display import is_percent
from indicators.engine.noticed import ChartKind, Noticed, notice
from indicators.engine.types import PeriodValue, Refusal, Snapshot
from indicators.models import Alert, GlobalRole, ProgrammeIndicator, User
from indicators.reports.overview import Overview
from indicators.reports.wording import say
from indicators.templatetags.ui import day

OPEN = Q(closed_at__isnull=True, lapsed_at__isnull=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalBlock:
    """What the page says of change: a chart with its signals, or a refusal."""

    kind: str
    choices: Sequence[Mapping[str, Any]] = ()
    refusal: str = ""
    chart: ControlSeries | None = None
    method: str = ""
    basis: str = ""
    """What the limits rest on."""
    drift: str = ""
    """Why the limits do not suit the series; its signals are then no alarms."""
    signals: Sequence[str] = ()
    notes: Sequence[str] = ()
    meaning: str = ""


def chart_kind(given: str | None) -> ChartKind:
    """The chart that an address asks for; the usual one for what is no chart."""
    return ChartKind(given) if given in set(ChartKind) else ChartKind.USUAL


def signal_block(
    indicator: ProgrammeIndicator, snapshot: Snapshot, kind: ChartKind = ChartKind.USUAL
) -> SignalBlock:
    """The chosen control chart of the period values; asks the database nothing."""
    found = notice(snapshot.series, snapshot.rule, frequency_days=snapshot.frequency_days, kind=kind)
    if isinstance(found, Refusal):
        return SignalBlock(kind=kind, refusal=say(found.message))
    texts = [say(signal.text) for signal in found.signals]
    alarms = texts if found.drift is None else []
    return SignalBlock(
        kind=kind,
        choices=_choices(kind),
        chart=ControlSeries(
            title=_("%(name)s: usual ups and downs") % {"name": indicator.name},
            unit="%" if is_percent(snapshot.rule) else snapshot.rule.unit,
            centre=found.centre,
            readings=_readings(found, snapshot.series),
            signals=alarms,
            line=_line(kind),
            second=_("Sum of shortfalls") if found.second else "",
        ),
        method=found.method,
        basis=_basis(found),
        drift=say(found.drift),
        signals=texts,
        notes=[say(note) for note in found.notes],
        meaning=_meaning(kind),
    )


def noticed_text(snapshot: Snapshot) -> str:
    """What the usual control chart says, in one sentence; asks the database nothing."""
    found = notice(
        snapshot.series, snapshot.rule, frequency_days=snapshot.frequency_days, kind=ChartKind.USUAL
    )
    if isinstance(found, Refusal):
        return say(found.message)
    if found.drift is not None:
        return _("The series has a trend: no alarms")
    if not found.signals:
        return _("No signal: the ups and downs are the usual ones.")
    return say(found.signals[-1].text)


def _choices(kind: ChartKind) -> list[dict[str, Any]]:
    words = {
        ChartKind.USUAL: _("Single values"),
        ChartKind.EWMA: _("Slow drift (EWMA)"),
        ChartKind.CUSUM: _("Small lasting shift (CUSUM)"),
    }
    return [
        {"label": words[one], "url": f"?chart={one.value}#signals", "current": one is kind}
        for one in ChartKind
    ]


def _line(kind: ChartKind) -> str:
    return {
        ChartKind.USUAL: "",
        ChartKind.EWMA: _("Weighted average so far"),
        ChartKind.CUSUM: _("Sum of excesses"),
    }[kind]


def _meaning(kind: ChartKind) -> str:
    return {
        ChartKind.USUAL: _("Each period for itself: notices large, sudden changes."),
        ChartKind.EWMA: _(
            "Each point is the average of all figures so far, the newest with the most weight (λ 0.1, L 2.7): "
            "notices slow drifts that single values hide."
        ),
        ChartKind.CUSUM: _(
            "What exceeds the mean by more than half a standard deviation is added up, and what falls short of it too; "
            "a sum beyond five standard deviations says that the level has moved."
        ),
    }[kind]


def _basis(found: Noticed) -> str:
    if found.firm_on is None:
        return _("Limits from the first %(n)s points.") % {"n": found.n}
    return _(
        "Provisional limits from %(n)s points; 12 make them firm, by %(day)s if every period is reported."
    ) % {
        "n": found.n,
        "day": day(found.firm_on),
    }


def _readings(found: Noticed, series: Sequence[PeriodValue]) -> list[ControlReading]:
    covering: dict[int, list[int]] = defaultdict(list)
    flags: dict[int, list[int]] = defaultdict(list)
    for number, signal in enumerate(found.alarms, start=1):
        flags[signal.last].append(number)
        for place in range(signal.first, signal.last + 1):
            covering[place].append(number)
    second = found.second or (None,) * len(found.points)
    return [
        ControlReading(
            on=period.ends_on,
            label=point.label,
            value=point.value,
            low=point.low,
            high=point.high,
            signals=covering[place],
            flags=flags[place],
            second=second[place],
        )
        for place, (point, period) in enumerate(zip(found.points, series, strict=True))
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertLine:
    """An alert as a page shows it."""

    alert: Alert
    text: str
    shows_words: bool
    """Cause and action are for those inside; partner viewers see that there is an explanation."""


def alert_lines(user: User, *which: Q, **about: Any) -> list[AlertLine]:
    """The alerts of an indicator or a programme, or of all that one sees; open ones first. One query."""
    rows = (
        Alert.objects.visible_to(user)
        .filter(*which, indicator__is_active=True, **about)
        .select_related("indicator__programme", "indicator__definition", "indicator__version", "closed_by")
        .order_by("-opened_at", "-pk")
    )
    inside = user.global_role != GlobalRole.PARTNER_VIEWER
    lines = [AlertLine(alert=one, text=say(one.text), shows_words=inside) for one in rows]
    return sorted(lines, key=lambda line: list(Alert.State).index(line.alert.state))


def _this_month(today: date) -> Q:
    return OPEN | Q(opened_at__date__gte=today.replace(day=1))


def alerts_this_month(user: User, today: date, **about: Any) -> list[AlertLine]:
    """What was noticed since the first of the month, and what still waits for words. One query."""
    return alert_lines(user, _this_month(today), **about)


def signals_of_the_month(user: User, overview: Overview, today: date) -> list[int]:
    """The same of what is looked at, by key, in the same order. One query."""
    rows = (
        Alert.objects.visible_to(user)
        .filter(_this_month(today), indicator__is_active=True, indicator__programme__in=overview.pks)
        .annotate(rank=Case(When(OPEN, then=0), When(closed_at__isnull=False, then=1), default=2))
        .order_by("rank", "-opened_at", "-pk")
        .values_list("pk", "indicator_id")
    )
    chosen = {one.indicator for one in overview.found}
    return [pk for pk, indicator in rows if indicator in chosen]
