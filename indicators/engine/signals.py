"""Has something changed, beyond the usual ups and downs? Control charts. Never a verdict on the target."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from .errors import EngineError
from .messages import gettext_noop, message, refuse
from .timeline import effective_time_rule
from .types import (
    Direction,
    IndicatorRule,
    Message,
    PeriodValue,
    Refusal,
    RefusalCode,
    TimeRule,
    ValueType,
)

MIN_POINTS = 8
"""Fewer points give no limits; 8 to 11 give provisional ones (METHOD 2.6)."""
FIRM_POINTS = 12
LIMIT_POINTS = 20
"""Pages compute limits from the first 20 points, so that they do not follow what they are to detect."""
RUN = 7
XMR_FACTOR = 2.66
"""3 ÷ 1.128: three standard deviations in mean moving ranges of two points."""
D2 = 1.128
OVERDISPERSED_ABOVE = 2.0
RARE_BELOW = 1.0
_FUZZ = 1e-9


class SignalKind(StrEnum):
    """What the chart noticed."""

    OUTSIDE = "outside"
    ONE_SIDE = "one_side"
    TREND = "trend"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """One thing noticed: which points, numbered from 0 in the given series, and in words."""

    kind: SignalKind
    first: int
    last: int
    is_high: bool
    """Above the usual, or rising."""
    text: Message


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlPoint:
    """One period: what was plotted against which limits. Value None where nothing was reported."""

    label: str
    value: float | None
    low: float | None
    high: float | None
    centre: float
    observed: float | None
    """The figure of the period itself; differs from the plotted value for EWMA and CUSUM."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlChart:
    """Points, limits and signals of one chart (METHOD 2.6)."""

    method: str
    centre: float
    sigma: float
    """Standard deviation of the process in units of the values; for u charts of one unit of exposure."""
    points: tuple[ControlPoint, ...]
    signals: tuple[Signal, ...]
    n: int
    """Points with a value that the limits were computed from."""
    is_provisional: bool
    dispersion: float | None = None
    """Observed ÷ Poisson variance, for counts."""
    notes: tuple[Message, ...] = ()

    @property
    def signalled(self) -> tuple[int, ...]:
        """Numbers of the points outside their limits, from 0."""
        return tuple(s.first for s in self.signals if s.kind is SignalKind.OUTSIDE)


Values = Sequence[float | None]


def xmr(
    values: Values,
    *,
    labels: Sequence[str] = (),
    limits_from: int | None = None,
    lower_bound: float | None = None,
    upper_bound: float | None = None,
) -> ControlChart | Refusal:
    """Individuals chart: mean ± 2.66 · mean moving range.

    Args:
        values: one per period in order of time, None where nothing was reported.
        labels: names of the periods; numbers from 1 when left out.
        limits_from: how many of the first values the limits are computed from; None: all.
        lower_bound, upper_bound: of what is possible; a limit beyond has no meaning and is left out.

    Returns:
        The chart; a refusal with fewer than 8 values for the limits, or when they do not vary.

    Source: METHOD 2.6; Wheeler & Chambers (1992), Understanding Statistical Process Control. A moving range is only
    taken between neighbouring periods that were both reported.
    """
    baseline = _baseline(values, limits_from)
    if isinstance(baseline, Refusal):
        return baseline
    known = [v for v in baseline if v is not None]
    centre, sigma = math.fsum(known) / len(known), _moving_sigma(baseline)
    if sigma <= _FUZZ * max(1.0, abs(centre)):
        return _no_variation(centre)
    low = _inside(centre - XMR_FACTOR * D2 * sigma, lower_bound, above=True)
    high = _inside(centre + XMR_FACTOR * D2 * sigma, upper_bound, above=False)
    points = _points(values, labels, centre, [(low, high)] * len(values))
    return _chart("XmR", centre, sigma, points, len(known))


def ewma(
    values: Values,
    *,
    mean: float | None = None,
    sd: float | None = None,
    weight: float = 0.1,
    reach: float = 2.7,
    labels: Sequence[str] = (),
    limits_from: int | None = None,
) -> ControlChart | Refusal:
    """Exponentially weighted moving average, for slow drifts: z_i = λ·x_i + (1 − λ)·z_{i−1}, z_0 = mean.

    Args:
        values: one per period; a missing one leaves z where it was.
        mean, sd: of the process when known, sd above 0; otherwise both come from the values, as for `xmr`.
        weight: λ, above 0 up to 1; usually 0.1 to 0.3.
        reach: L, above 0; usually 2.7 to 3.

    Returns:
        The chart with exact limits mean ± L·sd·√(λ/(2 − λ)·(1 − (1 − λ)^2i)).

    Source: Roberts (1959); Montgomery, Introduction to Statistical Quality Control; METHOD 2.6.
    """
    if not 0 < weight <= 1 or reach <= 0:
        raise EngineError(f"λ = {weight}, L = {reach} were given; 0 < λ ≤ 1 and L > 0 were expected.")
    process = _process(values, mean, sd, limits_from)
    if isinstance(process, Refusal):
        return process
    centre, sigma, n = process
    plotted: list[float | None] = []
    limits: list[tuple[float | None, float | None]] = []
    z, seen = centre, 0
    for value in values:
        if value is not None:
            z, seen = weight * value + (1 - weight) * z, seen + 1
        width = reach * sigma * math.sqrt(weight / (2 - weight) * (1 - (1 - weight) ** (2 * seen)))
        plotted.append(None if value is None else z)
        limits.append((centre - width, centre + width))
    points = _points(plotted, labels, centre, limits, observed=values)
    return _chart("EWMA", centre, sigma, points, n, runs=False)


def ewma_steady_limits(mean: float, sd: float, weight: float, reach: float) -> tuple[float, float]:
    """Where the limits of an EWMA chart settle: mean ± L·sd·√(λ/(2 − λ))."""
    width = reach * sd * math.sqrt(weight / (2 - weight))
    return mean - width, mean + width


@dataclass(frozen=True, slots=True, kw_only=True)
class Cusum:
    """Both sums of a tabular CUSUM, in units of the values, and where they pass the limit."""

    centre: float
    sigma: float
    limit: float
    upper: tuple[float, ...]
    lower: tuple[float, ...]
    """Sum of the shortfalls, counted positively."""
    signalled: tuple[int, ...]
    """Numbers of the points at which either sum is above the limit, from 0."""
    signals: tuple[Signal, ...]
    n: int
    is_provisional: bool


def cusum(
    values: Values,
    *,
    mean: float | None = None,
    sd: float | None = None,
    slack: float = 0.5,
    limit: float = 5.0,
    labels: Sequence[str] = (),
    limits_from: int | None = None,
) -> Cusum | Refusal:
    """Tabular cumulative sums: C⁺ = max(0, x − (mean + K) + C⁺), C⁻ the same downwards; a signal above H.

    Args:
        values: one per period; a missing one leaves both sums where they were.
        mean, sd: of the process when known, sd above 0; otherwise both come from the values, as for `xmr`.
        slack, limit: K and H in standard deviations; 0.5 and 5.

    Source: Page (1954), Biometrika 41:100; Montgomery; METHOD 2.6.
    """
    if slack < 0 or limit <= 0:
        raise EngineError(f"K = {slack}, H = {limit} were given; K ≥ 0 and H > 0 were expected.")
    process = _process(values, mean, sd, limits_from)
    if isinstance(process, Refusal):
        return process
    centre, sigma, n = process
    upper, lower, high, low = [], [], 0.0, 0.0
    for value in values:
        if value is not None:
            high = max(0.0, value - (centre + slack * sigma) + high)
            low = max(0.0, (centre - slack * sigma) - value + low)
        upper.append(high)
        lower.append(low)
    border = limit * sigma
    outside = [
        i for i, v in enumerate(values) if v is not None and max(upper[i], lower[i]) > border * (1 + _FUZZ)
    ]
    signals = tuple(
        Signal(
            kind=SignalKind.OUTSIDE,
            first=i,
            last=i,
            is_high=upper[i] >= lower[i],
            text=message(
                gettext_noop("%(period)s: the level has moved up since %(since)s.")
                if upper[i] >= lower[i]
                else gettext_noop("%(period)s: the level has moved down since %(since)s."),
                period=_label(labels, i),
                since=_label(labels, _start(upper if upper[i] >= lower[i] else lower, i)),
            ),
        )
        for i in outside
    )
    return Cusum(
        centre=centre,
        sigma=sigma,
        limit=border,
        upper=tuple(upper),
        lower=tuple(lower),
        signalled=tuple(outside),
        signals=signals,
        n=n,
        is_provisional=n < FIRM_POINTS,
    )


def c_chart(
    counts: Values, *, labels: Sequence[str] = (), limits_from: int | None = None
) -> ControlChart | Refusal:
    """Events per period of equal length: c̄ ± 3·√c̄, or Laney's limits when the counts vary more than chance.

    Returns:
        Refusals: fewer than 8 counts; not counts; fewer than one event per period on average, where a rate ratio
        says more (METHOD 2.6).
    """
    exposures = [None if count is None else 1.0 for count in counts]
    return _events(counts, exposures, labels, limits_from, "c")


def u_chart(
    counts: Values, exposures: Values, *, labels: Sequence[str] = (), limits_from: int | None = None
) -> ControlChart | Refusal:
    """Events per unit of exposure: ū ± 3·√(ū/n_i), or Laney's limits when the counts vary more than chance.

    Args:
        counts: events per period, None where nothing was reported.
        exposures: units watched in each period, above 0 (hours, patrols, persons).

    Source: Montgomery; Laney (2002), Quality Engineering 14:531; METHOD 2.6.
    """
    if len(counts) != len(exposures):
        raise EngineError(
            f"{len(counts)} counts and {len(exposures)} exposures were given; as many were expected."
        )
    return _events(counts, exposures, labels, limits_from, "u")


def watch(series: Sequence[PeriodValue], rule: IndicatorRule) -> ControlChart | Refusal:
    """The chart that fits an indicator, on its period values (never on running totals).

    Events that should become fewer or are only watched get a c chart, with an exposure (denominator) a u chart, as long
    as they are whole counts and not rare; everything else an individuals chart. Limits come from the first 20 points.

    Returns:
        A refusal also for texts, yes/no, milestones and levels, whose ups and downs have no size (METHOD 2.6).
    """
    if rule.value_type in {ValueType.TEXT, ValueType.BINARY, ValueType.MILESTONE, ValueType.ORDINAL}:
        return refuse(
            RefusalCode.NOT_NUMERIC,
            gettext_noop("Levels, yes or no, milestones and texts have no control chart."),
        )
    values = [None if p.value is None else float(p.value) for p in series]
    labels = [p.label for p in series]
    if _are_events(series, rule):
        exposures = [
            None if p.value is None or p.denominator is None else float(p.denominator) for p in series
        ]
        known = [(v, e) for v, e in zip(values, exposures, strict=True) if v is not None]
        if known and all(e is not None and e > 0 for _, e in known):
            return u_chart(values, exposures, labels=labels, limits_from=LIMIT_POINTS)
        return c_chart(values, labels=labels, limits_from=LIMIT_POINTS)
    return xmr(
        values,
        labels=labels,
        limits_from=LIMIT_POINTS,
        lower_bound=_lowest(rule),
        upper_bound=None if rule.upper_bound is None else float(rule.upper_bound),
    )


def _are_events(series: Sequence[PeriodValue], rule: IndicatorRule) -> bool:
    """Things that happen, counted per period; not what a programme plans to deliver."""
    happens = rule.is_context or rule.direction in {Direction.DESCENDING, Direction.MAINTAIN_BELOW}
    is_flow = rule.time_rule is TimeRule.SUM or effective_time_rule(rule) is not TimeRule.LAST
    whole = all(
        p.value >= 0 and p.value == p.value.to_integral_value() for p in series if p.value is not None
    )
    return rule.value_type is ValueType.COUNT and happens and is_flow and whole


def _lowest(rule: IndicatorRule) -> float | None:
    if rule.lower_bound is not None:
        return float(rule.lower_bound)
    return 0.0 if rule.value_type in {ValueType.COUNT, ValueType.RATIO} else None


def _events(
    counts: Values, exposures: Values, labels: Sequence[str], limits_from: int | None, name: str
) -> ControlChart | Refusal:
    pairs = [
        (c, e) if c is not None and e is not None else None for c, e in zip(counts, exposures, strict=True)
    ]
    if any(p is not None and (p[0] < 0 or p[0] != int(p[0]) or p[1] <= 0) for p in pairs):
        return refuse(
            RefusalCode.NOT_COUNTS,
            gettext_noop("A chart of events needs whole counts of 0 or more and exposures above 0."),
        )
    baseline = _baseline([None if p is None else p[0] for p in pairs], limits_from)
    if isinstance(baseline, Refusal):
        return baseline
    base = [p for p in pairs[: len(baseline)] if p is not None]
    events = math.fsum(c for c, _ in base)
    if events / len(base) < RARE_BELOW:
        return refuse(
            RefusalCode.EVENTS_TOO_RARE,
            gettext_noop(
                "There were %(events)s events in %(periods)s periods: too rare for a chart; compare the rates of two"
                " spans instead."
            ),
            events=f"{events:g}",
            periods=len(base),
        )
    centre = events / math.fsum(e for _, e in base)
    spread = math.fsum((c - e * centre) ** 2 / (e * centre) for c, e in base) / (len(base) - 1)
    factor, method = 1.0, f"{name} chart"
    notes: tuple[Message, ...] = ()
    if spread > OVERDISPERSED_ABOVE:
        scores = [
            None if p is None else (p[0] - p[1] * centre) / math.sqrt(p[1] * centre)
            for p in pairs[: len(baseline)]
        ]
        factor, method = _moving_sigma(scores), f"{name}′ chart (Laney)"
        if factor <= 1:
            # The counts drift rather than scatter: neighbours are alike, so that their ranges say too little.
            factor = math.sqrt(spread)
        notes = (
            message(
                gettext_noop(
                    "The counts vary %(times)s times as much as chance alone would make them; the limits are widened"
                    " accordingly."
                ),
                times=f"{spread:.1f}",
            ),
        )
    values = [None if p is None else p[0] / p[1] for p in pairs]
    limits = [_event_limits(centre, None if p is None else p[1], factor) for p in pairs]
    points = _points(values, labels, centre, limits)
    sigma = factor * math.sqrt(centre)
    return _chart(method, centre, sigma, points, len(base), dispersion=spread, notes=notes)


def _event_limits(centre: float, exposure: float | None, factor: float) -> tuple[float | None, float | None]:
    if exposure is None:
        return None, None
    reach = 3 * factor * math.sqrt(centre / exposure)
    return _inside(centre - reach, 0.0, above=True), centre + reach


def _baseline(values: Values, limits_from: int | None) -> Values | Refusal:
    """The leading part of the series that holds as many known values as the limits are to rest on."""
    part, known = [], 0
    for value in values:
        if limits_from is not None and known >= limits_from:
            break
        part.append(value)
        known += value is not None
    if known >= MIN_POINTS:
        return part
    return refuse(
        RefusalCode.N_TOO_SMALL_CHART,
        gettext_noop("%(have)s points; control limits need at least %(need)s."),
        have=known,
        need=MIN_POINTS,
    )


def _process(
    values: Values, mean: float | None, sd: float | None, limits_from: int | None
) -> tuple[float, float, int] | Refusal:
    """Mean, standard deviation and number of points of the process as it usually is."""
    known = sum(v is not None for v in values)
    if mean is not None and sd is not None:
        if sd <= 0:
            raise EngineError(f"A standard deviation of {sd} was given; a number above 0 was expected.")
        # What is known from elsewhere is as firm as whoever states it.
        return mean, sd, max(known, FIRM_POINTS)
    chart = xmr(values, limits_from=limits_from)
    if isinstance(chart, Refusal):
        return chart
    return mean if mean is not None else chart.centre, sd if sd is not None else chart.sigma, chart.n


def _moving_sigma(values: Values) -> float:
    ranges = [abs(b - a) for a, b in pairwise(values) if a is not None and b is not None]
    return math.fsum(ranges) / len(ranges) / D2 if ranges else 0.0


def _inside(limit: float, bound: float | None, *, above: bool) -> float | None:
    """A limit at or beyond what is possible can never be passed, so there is none."""
    if bound is None:
        return limit
    return limit if (limit > bound if above else limit < bound) else None


def _no_variation(centre: float) -> Refusal:
    return refuse(
        RefusalCode.NO_VARIATION,
        gettext_noop("All values are about %(value)s: without ups and downs there are no limits."),
        value=f"{centre:g}",
    )


def _label(labels: Sequence[str], index: int) -> str:
    return labels[index] if index < len(labels) and labels[index] else str(index + 1)


def _points(
    values: Values,
    labels: Sequence[str],
    centre: float,
    limits: Sequence[tuple[float | None, float | None]],
    observed: Values | None = None,
) -> tuple[ControlPoint, ...]:
    seen = values if observed is None else observed
    return tuple(
        ControlPoint(
            label=_label(labels, i), value=value, low=low, high=high, centre=centre, observed=seen[i]
        )
        for i, (value, (low, high)) in enumerate(zip(values, limits, strict=True))
    )


def _chart(
    method: str,
    centre: float,
    sigma: float,
    points: tuple[ControlPoint, ...],
    n: int,
    *,
    runs: bool = True,
    dispersion: float | None = None,
    notes: tuple[Message, ...] = (),
) -> ControlChart:
    signals = _outside(points)
    if runs:
        signals += _one_side(points) + _trends(points)
    return ControlChart(
        method=method,
        centre=centre,
        sigma=sigma,
        points=points,
        signals=tuple(sorted(signals, key=lambda s: (s.first, s.last, s.kind))),
        n=n,
        is_provisional=n < FIRM_POINTS,
        dispersion=dispersion,
        notes=notes,
    )


def _outside(points: Sequence[ControlPoint]) -> list[Signal]:
    found = []
    for i, point in enumerate(points):
        if point.value is None:
            continue
        slack = _FUZZ * max(1.0, abs(point.value))
        is_high = point.high is not None and point.value > point.high + slack
        if not is_high and not (point.low is not None and point.value < point.low - slack):
            continue
        template = (
            gettext_noop("%(period)s lies above the upper limit.")
            if is_high
            else gettext_noop("%(period)s lies below the lower limit.")
        )
        found.append(
            Signal(
                kind=SignalKind.OUTSIDE,
                first=i,
                last=i,
                is_high=is_high,
                text=message(template, period=point.label),
            )
        )
    return found


def _one_side(points: Sequence[ControlPoint]) -> list[Signal]:
    """Seven or more in a row above, or below, the centre; on the centre, or a gap, ends a run."""
    sides = []
    for point in points:
        slack = _FUZZ * max(1.0, abs(point.centre))
        gap = 0.0 if point.value is None else point.value - point.centre
        sides.append(0 if abs(gap) <= slack else (1 if gap > 0 else -1))
    return [
        _run_signal(
            SignalKind.ONE_SIDE,
            points,
            first,
            last,
            side > 0,
            gettext_noop("%(count)s in a row above the mean, %(first)s to %(last)s.")
            if side > 0
            else gettext_noop("%(count)s in a row below the mean, %(first)s to %(last)s."),
        )
        for side, first, last in _runs(sides)
        if side and last - first + 1 >= RUN
    ]


def _trends(points: Sequence[ControlPoint]) -> list[Signal]:
    """Seven or more points each above, or each below, the one before; a gap or an equal value ends it."""
    steps = []
    for a, b in pairwise(points):
        if a.value is None or b.value is None or a.value == b.value:
            steps.append(0)
        else:
            steps.append(1 if b.value > a.value else -1)
    return [
        _run_signal(
            SignalKind.TREND,
            points,
            first,
            last + 1,
            side > 0,
            gettext_noop("%(count)s in a row rising, %(first)s to %(last)s.")
            if side > 0
            else gettext_noop("%(count)s in a row falling, %(first)s to %(last)s."),
        )
        for side, first, last in _runs(steps)
        if side and last - first + 2 >= RUN
    ]


def _run_signal(
    kind: SignalKind, points: Sequence[ControlPoint], first: int, last: int, is_high: bool, template: str
) -> Signal:
    return Signal(
        kind=kind,
        first=first,
        last=last,
        is_high=is_high,
        text=message(template, count=last - first + 1, first=points[first].label, last=points[last].label),
    )


def _runs(sides: Sequence[int]) -> list[tuple[int, int, int]]:
    """Stretches of equal numbers: which, first and last place."""
    found: list[tuple[int, int, int]] = []
    for i, side in enumerate(sides):
        if found and found[-1][0] == side:
            found[-1] = (side, found[-1][1], i)
        else:
            found.append((side, i, i))
    return found


def _start(sums: Sequence[float], index: int) -> int:
    """Where the sum last left zero."""
    while index > 0 and sums[index - 1] > 0:
        index -= 1
    return index
