"""Period values become the current value, and the planned path is read the same way. Judges nothing."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from operator import attrgetter

from . import exact
from .achievement import planned_path, planned_value
from .messages import gettext_noop, refuse
from .rollup import inverse_variance_mean, minimum_data_refusal, size_refusal
from .types import Direction, IndicatorRule, PeriodValue, Plan, Refusal, RefusalCode, TimeRule

_end_and_start = attrgetter("ends_on", "starts_on")
ROLLING_5Y_MONTHS = 60
POOLED = {
    TimeRule.MEAN,
    TimeRule.MIN,
    TimeRule.MAX,
    TimeRule.MEDIAN,
    TimeRule.RATIO_OF_SUMS,
    TimeRule.MEAN_WEIGHTED_N,
    TimeRule.MEAN_INVERSE_VARIANCE,
    TimeRule.ROLLING_5Y_RATIO,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrentValue:
    """The value that stands for the series at a date, and the periods it is made of."""

    value: Decimal | None
    on: date | None
    numerator: Decimal | None = None
    denominator: Decimal | None = None
    standard_error: Decimal | None = None
    periods: tuple[PeriodValue, ...] = ()
    refusal: Refusal | None = None


def effective_time_rule(rule: IndicatorRule) -> TimeRule:
    """The rule that is applied: a running sum only makes sense on the way up to a total.

    A summed indicator that should go down (incidents) is read as the mean per period against the path per period;
    one that is to be kept within bounds, or is only watched, as its latest period (METHOD 2.3, non-cumulative).
    """
    if rule.time_rule is not TimeRule.SUM:
        return rule.time_rule
    if rule.is_context or rule.direction not in {Direction.ASCENDING, Direction.DESCENDING}:
        return TimeRule.LAST
    return TimeRule.MEAN if rule.direction is Direction.DESCENDING else TimeRule.SUM


def started(series: Sequence[PeriodValue], as_of: date) -> tuple[PeriodValue, ...]:
    """The periods that had begun by `as_of`, in order of time."""
    return tuple(sorted([p for p in series if p.starts_on <= as_of], key=_end_and_start))


def reported_points(series: Sequence[PeriodValue]) -> tuple[tuple[date, Decimal], ...]:
    """Last day and value of each period that has one."""
    return tuple((p.ends_on, p.value) for p in series if p.value is not None)


def current_value(
    series: Sequence[PeriodValue], rule: IndicatorRule, plan: Plan, as_of: date
) -> CurrentValue:
    """The current value of a series under the indicator's time rule (METHOD 2.1).

    SUM is the baseline plus every increment of the periods that end after the baseline date; see
    `effective_time_rule` for the sums that are read otherwise. LAST is the newest
    period. The averaging rules pool the periods that end after the baseline date, with a window only those that end
    within so many months up to the newest reported one. Missing periods are left out, never read as zero.

    Returns:
        value None and no refusal when nothing was reported; value None with a refusal when a rule forbids a figure.
    """
    return value_of(started(series, as_of), rule, plan)


def value_of(begun: Sequence[PeriodValue], rule: IndicatorRule, plan: Plan) -> CurrentValue:
    """`current_value` of the periods that had begun, in order of time (see `started`)."""
    reported = [p for p in begun if p.value is not None or p.refusal is not None]
    if not reported:
        return CurrentValue(value=None, on=None)
    time_rule = effective_time_rule(rule)
    if time_rule is TimeRule.LAST:
        return _last(reported)
    pooled = [p for p in reported if plan.baseline_on is None or p.ends_on > plan.baseline_on]
    if not pooled:
        return _at_baseline(reported, plan) if time_rule is TimeRule.SUM else _last(reported)
    months = window_months(rule)
    if months is not None:
        opens_on = _months_before(pooled[-1].ends_on + timedelta(days=1), months)
        pooled = [p for p in pooled if p.ends_on >= opens_on]
    found = _pool(pooled, rule, plan)
    too_large = size_refusal(found.value)
    return found if too_large is None else replace(found, value=None, standard_error=None, refusal=too_large)


def window_months(rule: IndicatorRule) -> int | None:
    """Over how many months up to the newest period the value is formed; None: over all since the baseline."""
    if effective_time_rule(rule) not in POOLED:
        return None
    return ROLLING_5Y_MONTHS if rule.time_rule is TimeRule.ROLLING_5Y_RATIO else rule.window_months


def planned_for(current: CurrentValue, rule: IndicatorRule, plan: Plan) -> Decimal | Refusal:
    """What the plan says of the current value: the path at its last day, or the path pooled like the value.

    A mean over past periods is compared with the mean of the path over the same periods with the same weights, so that
    a programme exactly on its path has an on-track index of exactly 1 under every time rule (METHOD 2.3).
    """
    if current.on is None:
        return refuse(RefusalCode.NO_APPROVED_DATA, gettext_noop("There are no approved data."))
    if effective_time_rule(rule) not in POOLED or not current.periods:
        return planned_value(plan, current.on)
    path = planned_path(plan, [period.ends_on for period in current.periods])
    return path if isinstance(path, Refusal) else _pool_path(path, current, rule)


def _last(reported: Sequence[PeriodValue]) -> CurrentValue:
    newest = reported[-1]
    return CurrentValue(
        value=newest.value,
        on=newest.ends_on,
        numerator=newest.numerator,
        denominator=newest.denominator,
        standard_error=newest.standard_error,
        periods=(newest,),
        refusal=newest.refusal,
    )


def _at_baseline(reported: Sequence[PeriodValue], plan: Plan) -> CurrentValue:
    """Increments up to the baseline date are part of the baseline: the total stands where the plan starts."""
    total = Decimal(0) if plan.baseline is None else exact.plain(plan.baseline)
    return CurrentValue(value=total, on=reported[-1].ends_on)


def _pool(pooled: Sequence[PeriodValue], rule: IndicatorRule, plan: Plan) -> CurrentValue:
    if rule.time_rule in {TimeRule.RATIO_OF_SUMS, TimeRule.ROLLING_5Y_RATIO}:
        with_parts = [p for p in pooled if p.numerator is not None and p.denominator is not None]
        if with_parts:
            return _pool_parts(with_parts, rule)
    usable = [p for p in pooled if p.value is not None]
    if not usable:
        return _last(pooled)
    joined = _join(usable, rule, plan)
    if isinstance(joined, Refusal):
        return CurrentValue(value=None, on=usable[-1].ends_on, periods=tuple(usable), refusal=joined)
    value, error = joined
    return CurrentValue(value=value, on=usable[-1].ends_on, standard_error=error, periods=tuple(usable))


def _join(
    usable: Sequence[PeriodValue], rule: IndicatorRule, plan: Plan
) -> tuple[Decimal, Decimal | None] | Refusal:
    """The value of several periods and its standard error, None when unknown."""
    values = [p.value for p in usable if p.value is not None]
    error = _error_of_sum(usable)
    match effective_time_rule(rule):
        case TimeRule.SUM:
            return exact.total([plan.baseline if plan.baseline is not None else Decimal(0), *values]), error
        case TimeRule.MIN:
            return exact.plain(min(values)), None
        case TimeRule.MAX:
            return exact.plain(max(values)), None
        case TimeRule.MEDIAN:
            return exact.median(values), None
        case TimeRule.MEAN_INVERSE_VARIANCE:
            return inverse_variance_mean(values, [p.standard_error for p in usable])
        case TimeRule.MEAN_WEIGHTED_N | TimeRule.RATIO_OF_SUMS | TimeRule.ROLLING_5Y_RATIO:
            weights = _weights(usable)
            return _no_weights() if weights is None else (exact.weighted_mean(values, weights), None)
        case TimeRule.MEAN | TimeRule.LAST:
            return exact.mean(values), None if error is None else exact.quotient(error, Decimal(len(values)))


def _pool_parts(periods: Sequence[PeriodValue], rule: IndicatorRule) -> CurrentValue:
    numerator = exact.total(p.numerator for p in periods if p.numerator is not None)
    denominator = exact.total(p.denominator for p in periods if p.denominator is not None)
    counts = [p.n for p in periods]
    n = None if any(one is None for one in counts) else sum(one for one in counts if one is not None)
    refusal = minimum_data_refusal(rule, denominator, n)
    if denominator == 0 and refusal is None:
        refusal = refuse(
            RefusalCode.DENOMINATOR_ZERO,
            gettext_noop("The denominator is 0: there was nothing to count a share of."),
        )
    return CurrentValue(
        value=None if refusal else exact.quotient(exact.times(rule.scale, numerator), denominator),
        on=periods[-1].ends_on,
        numerator=numerator,
        denominator=denominator,
        periods=tuple(periods),
        refusal=refusal,
    )


def _pool_path(path: Sequence[Decimal], current: CurrentValue, rule: IndicatorRule) -> Decimal | Refusal:
    """The path with the very weights that the value was formed with."""
    match rule.time_rule:
        case TimeRule.MIN:
            return min(path)
        case TimeRule.MAX:
            return max(path)
        case TimeRule.MEDIAN:
            return exact.median(path)
        case TimeRule.MEAN_INVERSE_VARIANCE:
            joined = inverse_variance_mean(path, [p.standard_error for p in current.periods])
            return joined if isinstance(joined, Refusal) else joined[0]
        case TimeRule.RATIO_OF_SUMS | TimeRule.ROLLING_5Y_RATIO | TimeRule.MEAN_WEIGHTED_N:
            weights = _weights(current.periods, parts_first=current.numerator is not None)
            return exact.mean(path) if weights is None else exact.weighted_mean(path, weights)
        case _:
            return exact.mean(path)


def _weights(periods: Sequence[PeriodValue], *, parts_first: bool = False) -> list[Decimal] | None:
    """Cases behind each period: n, or the denominator where n is not stated (or the other way round)."""
    found: list[Decimal] = []
    for period in periods:
        if period.denominator is not None and (parts_first or period.n is None):
            found.append(period.denominator)
        elif period.n is not None:
            found.append(Decimal(period.n))
        else:
            return None
    return found if any(found) else None


def _no_weights() -> Refusal:
    return refuse(
        RefusalCode.WEIGHTS_MISSING,
        gettext_noop("The weighted mean over time needs the number of cases (n) of every period."),
    )


def _error_of_sum(periods: Sequence[PeriodValue]) -> Decimal | None:
    errors = [p.standard_error for p in periods]
    if any(one is None for one in errors):
        return None
    return exact.root(exact.total(exact.times(one, one) for one in errors if one is not None))


def _months_before(day: date, months: int) -> date:
    """The same day so many months earlier; the last of the month where that has fewer days."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
