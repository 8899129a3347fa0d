"""What a control chart noticed, in few words: runs folded, a steady drift said before any alarm. Never a verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from .messages import gettext_noop, message
from .signals import (
    FIRM_POINTS,
    LIMIT_POINTS,
    MIN_POINTS,
    ControlChart,
    ControlPoint,
    Cusum,
    Signal,
    SignalKind,
    cusum,
    ewma,
    watch,
)
from .timeline import reported_points
from .trend import trend
from .types import (
    Direction,
    IndicatorRule,
    Message,
    PeriodValue,
    Refusal,
    RefusalCode,
    Trend,
    TrendWord,
    ValueType,
)

Floats = NDArray[np.float64]
RECENT_POINTS = 3
"""A signal raises an alert when it reaches into this many of the newest points: nobody explains what is long past."""


class ChartKind(StrEnum):
    """Which chart of the same figures."""

    USUAL = "usual"
    """The one that fits the indicator: XmR, c, u or Laney's."""
    EWMA = "ewma"
    CUSUM = "cusum"


@dataclass(frozen=True, slots=True, kw_only=True)
class Noticed:
    """One chart with its signals in few words."""

    kind: ChartKind
    method: str
    centre: float
    points: tuple[ControlPoint, ...]
    """What is drawn; for CUSUM the sum upwards."""
    second: tuple[float | None, ...]
    """The CUSUM's sum downwards, negative; empty for other charts."""
    signals: tuple[Signal, ...]
    """Runs folded: each thing noticed once."""
    drift: Message | None
    """Said instead of an alarm: the points that the limits rest on move steadily."""
    n: int
    is_provisional: bool
    firm_on: date | None
    """When enough points for firm limits will be there, if every period is reported; None when they are firm."""
    notes: tuple[Message, ...]

    @property
    def alarms(self) -> tuple[Signal, ...]:
        """Signals that ask for a cause: none while the limits do not suit the series."""
        return () if self.drift is not None else self.signals


def notice(
    series: Sequence[PeriodValue],
    rule: IndicatorRule,
    *,
    frequency_days: int,
    kind: ChartKind = ChartKind.USUAL,
) -> Noticed | Refusal:
    """The chosen chart of an indicator's period values, with what it noticed (METHOD 2.6).

    Args:
        series: period values in order of time.
        frequency_days: length of a period, above 0; to say when enough data will exist.
        kind: EWMA (λ 0.1, L 2.7) and CUSUM (K 0.5, H 5 standard deviations) notice slow or small lasting shifts.

    Returns:
        The chart; a refusal where `watch` or the chosen chart gives one, with the day by which enough points will be
        there when that is what is missing.
    """
    chart = _chart(series, rule, kind)
    if isinstance(chart, Refusal):
        return _until_when(chart, series, frequency_days)
    points, second = _drawn(chart, series)
    return Noticed(
        kind=kind,
        method="CUSUM" if isinstance(chart, Cusum) else chart.method,
        centre=0.0 if isinstance(chart, Cusum) else chart.centre,
        points=points,
        second=second,
        signals=fold(chart.signals, [p.label for p in series]),
        drift=drift(series),
        n=chart.n,
        is_provisional=chart.is_provisional,
        firm_on=_enough_on(series, chart.n, FIRM_POINTS, frequency_days) if chart.is_provisional else None,
        notes=() if isinstance(chart, Cusum) else chart.notes,
    )


def _chart(
    series: Sequence[PeriodValue], rule: IndicatorRule, kind: ChartKind
) -> ControlChart | Cusum | Refusal:
    usual = watch(series, rule)
    if kind is ChartKind.USUAL or (isinstance(usual, Refusal) and usual.code is RefusalCode.NOT_NUMERIC):
        return usual
    values = [None if p.value is None else float(p.value) for p in series]
    labels = [p.label for p in series]
    if kind is ChartKind.CUSUM:
        return cusum(values, labels=labels, limits_from=LIMIT_POINTS)
    found = ewma(values, labels=labels, limits_from=LIMIT_POINTS)
    if isinstance(found, Refusal):
        return found
    return replace(found, points=tuple(_possible(point, rule) for point in found.points))


def _possible(point: ControlPoint, rule: IndicatorRule) -> ControlPoint:
    """A limit beyond what is possible can never be passed, so it is not drawn."""
    lowest = 0.0 if rule.value_type in {ValueType.COUNT, ValueType.RATIO} else None
    if rule.lower_bound is not None:
        lowest = float(rule.lower_bound)
    low, high = point.low, point.high
    if lowest is not None and low is not None and low <= lowest:
        low = None
    if rule.upper_bound is not None and high is not None and high >= float(rule.upper_bound):
        high = None
    return replace(point, low=low, high=high)


def _drawn(
    chart: ControlChart | Cusum, series: Sequence[PeriodValue]
) -> tuple[tuple[ControlPoint, ...], tuple[float | None, ...]]:
    if isinstance(chart, ControlChart):
        return chart.points, ()
    points = tuple(
        ControlPoint(
            label=period.label,
            value=None if period.value is None else up,
            low=-chart.limit,
            high=chart.limit,
            centre=0.0,
            observed=None if period.value is None else float(period.value),
        )
        for period, up in zip(series, chart.upper, strict=True)
    )
    downwards = tuple(
        None if p.value is None else 0.0 - low for p, low in zip(series, chart.lower, strict=True)
    )
    return points, downwards


def fold(signals: Sequence[Signal], labels: Sequence[str]) -> tuple[Signal, ...]:
    """Neighbouring points beyond the same limit as one signal: a shift that lasts is one thing, not twenty.

    A period without a figure ends a row, as it does for the other rules.

    Args:
        signals: of one chart, in order of their first points.
        labels: names of the periods.
    """
    folded: list[Signal] = []
    for signal in signals:
        before = next((one for one in reversed(folded) if one.kind is SignalKind.OUTSIDE), None)
        if (
            signal.kind is SignalKind.OUTSIDE
            and before is not None
            and before.last + 1 == signal.first
            and before.is_high == signal.is_high
        ):
            folded[folded.index(before)] = replace(before, last=signal.last)
        else:
            folded.append(signal)
    return tuple(
        replace(one, text=_run_text(one, labels))
        if one.kind is SignalKind.OUTSIDE and one.last > one.first
        else one
        for one in folded
    )


def _run_text(signal: Signal, labels: Sequence[str]) -> Message:
    first, last = labels[signal.first], labels[signal.last]
    count = signal.last - signal.first + 1
    if since := signal.text.params.get("since"):
        template = (
            gettext_noop(
                "The level has moved up since %(since)s: %(count)s in a row above the limit, %(first)s to %(last)s."
            )
            if signal.is_high
            else gettext_noop(
                "The level has moved down since %(since)s: %(count)s in a row below the limit, "
                "%(first)s to %(last)s."
            )
        )
        return message(template, since=since, count=count, first=first, last=last)
    template = (
        gettext_noop("%(count)s points in a row above the upper limit, %(first)s to %(last)s.")
        if signal.is_high
        else gettext_noop("%(count)s points in a row below the lower limit, %(first)s to %(last)s.")
    )
    return message(template, count=count, first=first, last=last)


def drift(series: Sequence[PeriodValue]) -> Message | None:
    """Whether the series moves steadily, so that limits around one level do not suit it.

    Asked of the whole series and of the points that the limits rest on. Two things must hold: the trend test says that
    they move (p < 0.05, autocorrelation and seasons allowed for), and a straight line leaves no more unexplained than
    the best single step; a step is what a chart is there to notice.

    Args:
        series: period values in order of time; those without a value are left out.

    Source: METHOD 2.5, 2.6 [rule].
    """
    points = reported_points(series)
    whole = _moves(points)
    if whole is not None:
        template = (
            gettext_noop(
                "All %(count)s points together rise steadily (p %(p)s). Limits around one level do not suit such a "
                "series: points beyond them show the trend and are no alarms."
            )
            if whole.word is TrendWord.RISING
            else gettext_noop(
                "All %(count)s points together fall steadily (p %(p)s). Limits around one level do not suit such a "
                "series: points beyond them show the trend and are no alarms."
            )
        )
        return message(template, count=whole.n, p=_p_text(whole))
    leading = _moves(points[:LIMIT_POINTS])
    if leading is None:
        return None
    template = gettext_noop(
        "The first %(count)s points, which the limits rest on, move steadily (p %(p)s): they had no level yet that "
        "later points could leave. Points beyond the limits are no alarms."
    )
    return message(template, count=leading.n, p=_p_text(leading))


def _moves(points: Sequence[tuple[date, Decimal]]) -> Trend | None:
    if len(points) < MIN_POINTS:
        return None
    found = trend(points, Direction.ASCENDING, has_better=False)
    if found.word not in {TrendWord.RISING, TrendWord.FALLING}:
        return None
    x = np.asarray([day.toordinal() for day, _value in points], dtype=float)
    y = np.asarray([value for _day, value in points], dtype=float)
    return found if _unexplained_by_line(x, y) <= _unexplained_by_step(y) else None


def _p_text(found: Trend) -> str:
    assert found.p_value is not None
    return "< 0.001" if found.p_value < 0.001 else f"= {found.p_value:.3f}"


def _unexplained_by_line(x: Floats, y: Floats) -> float:
    away = x - x.mean()
    slope = float((away * (y - y.mean())).sum() / (away**2).sum())
    return float(((y - y.mean() - slope * away) ** 2).sum())


def _unexplained_by_step(y: Floats) -> float:
    """Of the best split in two, by sums from the left and from the right."""
    n, whole, squares = len(y), float(y.sum()), float((y**2).sum())
    left = np.cumsum(y)[:-1]
    size = np.arange(1, n)
    return squares - float((left**2 / size + (whole - left) ** 2 / (n - size)).max())


def recent(noticed: Noticed) -> tuple[Signal, ...]:
    """The alarms that reach into the newest points."""
    known = [place for place, point in enumerate(noticed.points) if point.value is not None]
    newest = known[-RECENT_POINTS:]
    return tuple(one for one in noticed.alarms if newest and one.last >= newest[0])


def _until_when(refusal: Refusal, series: Sequence[PeriodValue], frequency_days: int) -> Refusal:
    if refusal.code is not RefusalCode.N_TOO_SMALL_CHART:
        return refusal
    have = sum(p.value is not None for p in series)
    enough_on = _enough_on(series, have, MIN_POINTS, frequency_days)
    if enough_on is None:
        return refusal
    return replace(
        refusal,
        message=message(
            gettext_noop(
                "%(have)s points; control limits need at least %(need)s. If every period is reported, "
                "there will be enough by %(enough_on)s."
            ),
            have=have,
            need=MIN_POINTS,
            enough_on=enough_on,
        ),
    )


def _enough_on(series: Sequence[PeriodValue], have: int, need: int, frequency_days: int) -> date | None:
    """The end of the period that brings the last point needed; None while there is no period to count from."""
    if not series:
        return None
    return max(p.ends_on for p in series) + timedelta(days=(need - have) * frequency_days)
