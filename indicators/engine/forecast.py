"""Where the series points at the target date. A projection of the past, never a promise or a status."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import numpy as np

from . import exact
from .achievement import planned_value
from .display import is_share_of_whole
from .distributions import t_cdf, t_quantile
from .kendall import autocorrelations, theil_sen
from .messages import gettext_noop, message, refuse
from .timeline import effective_time_rule, reported_points, started
from .trend import DAYS_PER_YEAR
from .types import (
    Direction,
    Forecast,
    IndicatorRule,
    Message,
    PeriodValue,
    Plan,
    Refusal,
    RefusalCode,
    TimeRule,
    ValueType,
)

MIN_POINTS = 5
MIN_POINTS_INTERVAL = 8
LEVEL = 0.95
_ON_THE_WAY = {Direction.ASCENDING, Direction.DESCENDING}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Interval:
    low: float
    high: float
    probability: float | None
    is_autocorrelated: bool


def forecast(
    series: Sequence[PeriodValue], rule: IndicatorRule, plan: Plan, as_of: date
) -> Forecast | Refusal:
    """Project the approved points to the target date by their Theil–Sen line.

    A summed indicator is projected by its running total. The interval is the least-squares prediction interval; the
    chance of reaching the target is left out when the residuals are autocorrelated, because it would look too sure.

    Args:
        series: period values; those that begin after `as_of` are left out.
        rule, plan: the indicator's rule and its plan; the plan needs a target date.
        as_of: day of the question.

    Returns:
        Value at the target date within the logical bounds, 95 % interval from 8 points on, and the two references
        "carry last value" and "planned path". Refusals: NOT_NUMERIC, TARGET_MISSING, N_TOO_SMALL_TREND (fewer than 5
        points), NO_PROJECTION (target date passed), HORIZON_TOO_LONG (further ahead than the points reach back).

    Source: METHOD 2.4.
    """
    if rule.value_type in {ValueType.TEXT, ValueType.BINARY, ValueType.MILESTONE}:
        return refuse(RefusalCode.NOT_NUMERIC, gettext_noop("This kind of indicator is not projected."))
    if plan.target_on is None:
        return refuse(RefusalCode.TARGET_MISSING, gettext_noop("The target has no date to project to."))
    points = _points(started(series, as_of), rule, plan)
    refusal = _why_not(points, plan.target_on)
    if refusal is not None:
        return refusal
    return _project(points, rule, plan, plan.target_on)


def _points(
    series: Sequence[PeriodValue], rule: IndicatorRule, plan: Plan
) -> tuple[tuple[date, Decimal], ...]:
    points = reported_points(series)
    if effective_time_rule(rule) is not TimeRule.SUM:
        return points
    running = plan.baseline if plan.baseline is not None else Decimal(0)
    totals: list[tuple[date, Decimal]] = []
    for day, value in points:
        if plan.baseline_on is None or day > plan.baseline_on:
            running = exact.total([running, value])
            totals.append((day, running))
    return tuple(totals)


def _why_not(points: Sequence[tuple[date, Decimal]], target_on: date) -> Refusal | None:
    if len(points) < MIN_POINTS:
        return refuse(
            RefusalCode.N_TOO_SMALL_TREND,
            gettext_noop("%(have)s points; a projection needs at least %(need)s."),
            have=len(points),
            need=MIN_POINTS,
        )
    first, last = points[0][0], points[-1][0]
    if target_on <= last:
        return refuse(
            RefusalCode.NO_PROJECTION,
            gettext_noop("The target date %(target_on)s has passed; there is nothing left to project."),
            target_on=target_on,
        )
    if target_on - last > last - first:
        return refuse(
            RefusalCode.HORIZON_TOO_LONG,
            gettext_noop(
                "The target date is %(ahead)s days ahead, but the points reach back only %(back)s days."
            ),
            ahead=(target_on - last).days,
            back=(last - first).days,
        )
    return None


def _project(
    points: Sequence[tuple[date, Decimal]], rule: IndicatorRule, plan: Plan, target_on: date
) -> Forecast:
    first = points[0][0]
    x = [(day - first).days / DAYS_PER_YEAR for day, _ in points]
    y = [float(value) for _, value in points]
    at = (target_on - first).days / DAYS_PER_YEAR
    slope, _, _ = theil_sen(x, y)
    middle = float(np.median(np.asarray(y) - slope * np.asarray(x)))
    raw = _decimal(middle + slope * at)
    value = _clip(raw, rule)
    is_falling = rule.direction is Direction.DESCENDING
    target = None if plan.target is None or rule.direction not in _ON_THE_WAY else float(plan.target)
    interval = None
    if len(points) >= MIN_POINTS_INTERVAL:
        interval = _prediction_interval(x, y, at, target, is_falling=is_falling)
    planned = planned_value(plan, target_on)
    reaches = None
    if plan.target is not None and rule.direction in _ON_THE_WAY:
        reaches = value <= plan.target if is_falling else value >= plan.target
    return Forecast(
        on=target_on,
        value=value,
        low=None if interval is None else _clip(_decimal(interval.low), rule),
        high=None if interval is None else _clip(_decimal(interval.high), rule),
        probability=None if interval is None else interval.probability,
        carry_last=exact.plain(points[-1][1]),
        planned=None if isinstance(planned, Refusal) else planned,
        reaches_target=reaches,
        n=len(points),
        is_clipped=value != raw,
        method="Theil–Sen line"
        + ("" if interval is None else "; least-squares prediction interval, t(n − 2)"),
        note=_note(len(points), interval),
    )


def _note(n: int, interval: _Interval | None) -> Message | None:
    if interval is None:
        return message(
            gettext_noop("%(have)s points; an interval needs at least %(need)s."),
            have=n,
            need=MIN_POINTS_INTERVAL,
        )
    if interval.is_autocorrelated:
        return message(
            gettext_noop(
                "Neighbouring points resemble each other, so no probability is given and the interval is wider."
            )
        )
    return None


def _prediction_interval(
    x: Sequence[float], y: Sequence[float], at: float, target: float | None, *, is_falling: bool
) -> _Interval:
    """Least squares; with residuals autocorrelated at lag 1 the variance is inflated by (1 + r)/(1 − r)."""
    xs, ys, n = np.asarray(x), np.asarray(y), len(x)
    centre = float(xs.mean())
    spread = float(((xs - centre) ** 2).sum())
    slope = float(((xs - centre) * (ys - ys.mean())).sum()) / spread
    level = float(ys.mean())
    residuals = ys - level - slope * (xs - centre)
    variance = float(residuals @ residuals) / (n - 2)
    r = next(iter(autocorrelations(residuals.tolist())), 0.0)
    is_autocorrelated = variance > 1e-20 * max(1.0, level * level) and r > 2 / math.sqrt(n)
    if is_autocorrelated:
        r = min(r, 0.9)
        variance *= (1 + r) / (1 - r)
    expected = level + slope * (at - centre)
    error = math.sqrt(variance * (1 + 1 / n + (at - centre) ** 2 / spread))
    reach = t_quantile((1 + LEVEL) / 2, n - 2) * error
    probability = None
    if target is not None and not is_autocorrelated and error > 1e-12 * max(1.0, abs(expected)):
        above = 1 - t_cdf((target - expected) / error, n - 2)
        probability = 1 - above if is_falling else above
    return _Interval(
        low=expected - reach,
        high=expected + reach,
        probability=probability,
        is_autocorrelated=is_autocorrelated,
    )


def _decimal(number: float) -> Decimal:
    return exact.rounded(Decimal(repr(number)))


def _clip(value: Decimal, rule: IndicatorRule) -> Decimal:
    if rule.lower_bound is not None:
        value = max(value, exact.plain(rule.lower_bound))
    elif rule.value_type in {ValueType.COUNT, ValueType.RATIO}:
        value = max(value, Decimal(0))
    if rule.upper_bound is not None:
        value = min(value, exact.plain(rule.upper_bound))
    elif is_share_of_whole(rule):
        value = min(value, Decimal(100))
    return value
