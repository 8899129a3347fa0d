"""Signals of change on an indicator's page: the chart, its words, or why there is none. Decides nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from indicators.charts.control import ControlReading, ControlSeries
from indicators.engine.display import is_percent
from indicators.engine.signals import ControlChart, Signal, SignalKind, watch
from indicators.engine.types import PeriodValue, Refusal, Snapshot
from indicators.models import ProgrammeIndicator
from indicators.reports.wording import say


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalBlock:
    """What the page says of change: a chart with its signals, or a refusal."""

    refusal: str = ""
    chart: ControlSeries | None = None
    method: str = ""
    basis: str = ""
    """What the limits rest on."""
    signals: Sequence[str] = ()
    notes: Sequence[str] = ()


def signal_block(indicator: ProgrammeIndicator, snapshot: Snapshot) -> SignalBlock:
    """The control chart of the period values; asks the database nothing."""
    found = watch(snapshot.series, snapshot.rule)
    if isinstance(found, Refusal):
        return SignalBlock(refusal=say(found.message))
    texts = [say(signal.text) for signal in found.signals]
    basis = (
        _("Provisional limits from %(n)s points; 12 make them firm.")
        if found.is_provisional
        else _("Limits from the first %(n)s points.")
    )
    return SignalBlock(
        chart=ControlSeries(
            title=_("%(name)s: usual ups and downs") % {"name": indicator.name},
            unit="%" if is_percent(snapshot.rule) else snapshot.rule.unit,
            centre=found.centre,
            readings=_readings(found, snapshot.series),
            signals=texts,
        ),
        method=found.method,
        basis=basis % {"n": found.n},
        signals=texts,
        notes=[say(note) for note in found.notes],
    )


def _readings(found: ControlChart, series: Sequence[PeriodValue]) -> list[ControlReading]:
    numbers: dict[int, list[int]] = defaultdict(list)
    for number, signal in enumerate(found.signals, start=1):
        numbers[_place(signal)].append(number)
    return [
        ControlReading(
            on=period.ends_on,
            label=point.label,
            value=point.value,
            low=point.low,
            high=point.high,
            signals=numbers[index],
        )
        for index, (point, period) in enumerate(zip(found.points, series, strict=True))
    ]


def _place(signal: Signal) -> int:
    """Where its number stands: at the point itself, or at the end of the row."""
    return signal.first if signal.kind is SignalKind.OUTSIDE else signal.last
