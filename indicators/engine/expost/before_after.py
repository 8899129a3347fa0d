"""A series before and after a date: a difference with its interval. It is called change, never effect."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date
from decimal import Decimal

import numpy as np
from scipy import stats

from indicators.engine.display import format_value
from indicators.engine.kendall import SIGNIFICANCE, mann_kendall
from indicators.engine.messages import gettext_noop, message, refuse
from indicators.engine.trend import MIN_POINTS_TEST
from indicators.engine.types import IndicatorRule, Message, PeriodValue, Refusal, RefusalCode, Step, ValueType

from .checked import checked
from .confidence import data_quality, no_comparison, weakest_link
from .effect_sizes import noise
from .labels import CHANGE, CHANGE_IN_RATE
from .proportions import newcombe, rate_ratio_etest, rate_ratio_exact, rate_ratio_score
from .situation import MIN_POINTS_MEAN
from .types import Answer, Assumption, ExPostResult, Param, refused
from .words import interval_text as _interval_text
from .words import shown as _shown

_CONFIDENCE, _REASONS = weakest_link((no_comparison(), *data_quality(None)))


@checked
def before_after(series: Sequence[PeriodValue], rule: IndicatorRule, *, split_on: date) -> ExPostResult:
    """Compare the periods that ended by a date with those that began after it.

    Proportions are pooled on each side (Newcombe interval), counts give a rate ratio (exact interval; a count's
    denominator is its exposure, otherwise one per period). Anything else is a difference of means, with a Welch t
    interval from 5 points on each side, or from standard errors when each side has one value with one; otherwise it
    is a difference without a test. A period that straddles the date belongs to neither side and is named.

    Args:
        series: period values of one indicator.
        rule: the indicator's rule.
        split_on: last day that belongs to "before".

    Returns:
        value: after − before in the indicator's unit (percentage points for percent), or the rate ratio
        after ÷ before for counts; see params["kind"] (``difference`` or ``rate_ratio``). Refusals: NOT_NUMERIC,
        NO_APPROVED_DATA (nothing before), NO_FOLLOW_UP (nothing after).

    Source: METHOD 2.9, 2.10.
    """
    if rule.value_type is ValueType.TEXT:
        text = refuse(RefusalCode.NOT_NUMERIC, gettext_noop("Text cannot be compared in numbers."))
        return refused(text, method="Before and after", label=message(CHANGE))
    before, after = sides(series, split_on)
    missing = _nothing_on_a_side(before, after, split_on)
    if missing is not None:
        return refused(missing, method="Before and after", label=message(CHANGE), n=len(before) + len(after))
    straddling = tuple(p.label for p in series if p.starts_on <= split_on < p.ends_on)
    assumptions = _assumptions(before)
    if are_proportions(before + after, rule):
        return _proportions(before, after, rule, assumptions, straddling)
    if are_event_counts(before + after, rule):
        return _rates(before, after, assumptions, straddling)
    return _means(before, after, rule, assumptions, straddling)


def sides(series: Sequence[PeriodValue], split_on: date) -> tuple[list[PeriodValue], list[PeriodValue]]:
    """Periods with a value that ended by the date, and those that began after it."""
    known = [p for p in series if p.value is not None]
    return [p for p in known if p.ends_on <= split_on], [p for p in known if p.starts_on > split_on]


def _nothing_on_a_side(
    before: Sequence[PeriodValue], after: Sequence[PeriodValue], split_on: date
) -> Refusal | None:
    if not before:
        return refuse(
            RefusalCode.NO_APPROVED_DATA,
            gettext_noop("There is no value up to %(split_on)s to compare with."),
            split_on=split_on,
        )
    if not after:
        return refuse(
            RefusalCode.NO_FOLLOW_UP,
            gettext_noop("There is no value after %(split_on)s yet."),
            split_on=split_on,
        )
    return None


def are_proportions(periods: Sequence[PeriodValue], rule: IndicatorRule) -> bool:
    """Whether every period is a share of a whole, with its parts."""
    return rule.value_type is ValueType.RATIO and all(
        p.numerator is not None and p.denominator is not None and 0 <= p.numerator <= p.denominator
        for p in periods
    )


def are_event_counts(periods: Sequence[PeriodValue], rule: IndicatorRule) -> bool:
    """Whether every period is a whole number of events."""
    if rule.value_type is not ValueType.COUNT:
        return False
    return all(p.value is not None and p.value >= 0 and p.value == int(p.value) for p in periods)


def _proportions(
    before: Sequence[PeriodValue],
    after: Sequence[PeriodValue],
    rule: IndicatorRule,
    assumptions: tuple[Assumption, ...],
    straddling: tuple[str, ...],
) -> ExPostResult:
    (n1, d1), (n2, d2) = pooled(after), pooled(before)
    share, low_share, high_share = newcombe((n1, d1), (n2, d2))
    scale = float(rule.scale)
    value, low, high = scale * share, scale * low_share, scale * high_share
    step = Step(
        label=message(gettext_noop("Difference of the pooled proportions, Newcombe interval")),
        rule="Σnum/Σden after − Σnum/Σden before",
        substituted=f"{_shown(n1)}/{_shown(d1)} − {_shown(n2)}/{_shown(d2)}",
        result=_interval_text(value, low, high),
    )
    first, last = (format_value(Decimal(repr(scale * n / d)), rule) for n, d in ((n2, d2), (n1, d1)))
    return ExPostResult(
        method="Newcombe hybrid score interval, pooled proportions",
        label=message(CHANGE),
        value=value,
        low=low,
        high=high,
        n=len(before) + len(after),
        params={
            "kind": "difference",
            "numerator_before": n2,
            "denominator_before": d2,
            "numerator_after": n1,
            "denominator_after": d1,
            **_straddling(straddling),
        },
        assumptions=assumptions,
        confidence=_CONFIDENCE,
        reasons=_REASONS,
        steps=(step,),
        sentence=_sentence(first, last, value, low, high, no_change=0.0),
    )


def _rates(
    before: Sequence[PeriodValue],
    after: Sequence[PeriodValue],
    assumptions: tuple[Assumption, ...],
    straddling: tuple[str, ...],
) -> ExPostResult:
    events_after, events_before = events_of(after), events_of(before)
    ratio, low, high, p = rate_ratio_exact(events_after, events_before)
    score = rate_ratio_score(events_after, events_before)
    params: dict[str, Param] = {
        "kind": "rate_ratio",
        "count_before": events_before[0],
        "exposure_before": events_before[1],
        "count_after": events_after[0],
        "exposure_after": events_after[1],
        "score_low": None if score is None else score[0],
        "score_high": None if score is None else score[1],
        "etest_p": None if score is None else rate_ratio_etest(events_after, events_before),
        **_straddling(straddling),
    }
    method = "Rate ratio, exact conditional interval"
    if ratio is None:
        no_events = refuse(
            RefusalCode.NO_VARIATION,
            gettext_noop(
                "There were no events before, so a ratio of rates cannot be formed (%(after)s after)."
            ),
            after=events_after[0],
        )
        return refused(
            no_events, method=method, label=message(CHANGE_IN_RATE), n=len(before) + len(after), params=params
        )
    first, last = (_shown(count / exposure) for count, exposure in (events_before, events_after))
    step = Step(
        label=message(gettext_noop("Rate ratio with exact interval; 1 means no change")),
        rule="(events/exposure after) / (events/exposure before)",
        substituted=f"({events_after[0]}/{_shown(events_after[1])}) / ({events_before[0]}/{_shown(events_before[1])})",
        result=_interval_text(ratio, low, high),
    )
    return ExPostResult(
        method=method,
        label=message(CHANGE_IN_RATE),
        value=ratio,
        low=low,
        high=high,
        p_value=p,
        n=len(before) + len(after),
        params=params,
        assumptions=assumptions,
        confidence=_CONFIDENCE,
        reasons=_REASONS,
        steps=(step,),
        sentence=_sentence(first, last, ratio, low, high, no_change=1.0),
    )


def _means(
    before: Sequence[PeriodValue],
    after: Sequence[PeriodValue],
    rule: IndicatorRule,
    assumptions: tuple[Assumption, ...],
    straddling: tuple[str, ...],
) -> ExPostResult:
    x2, x1 = _values(before), _values(after)
    value = float(np.mean(x1) - np.mean(x2))
    method, low, high, p = _mean_interval(before, after, value)
    first, last = (format_value(Decimal(repr(float(np.mean(x)))), rule) for x in (x2, x1))
    step = Step(
        label=message(gettext_noop("Difference of the means of both sides")),
        rule="mean after − mean before",
        substituted=f"{last} − {first}",
        result=_interval_text(value, low, high),
    )
    return ExPostResult(
        method=method,
        label=message(CHANGE),
        value=value,
        low=low,
        high=high,
        p_value=p,
        n=len(before) + len(after),
        params={
            "kind": "difference",
            "n_before": len(before),
            "n_after": len(after),
            "mean_before": float(np.mean(x2)),
            "mean_after": float(np.mean(x1)),
            **_straddling(straddling),
        },
        assumptions=assumptions,
        confidence=_CONFIDENCE,
        reasons=_REASONS,
        steps=(step,),
        sentence=_sentence(first, last, value, low, high, no_change=0.0),
    )


def _mean_interval(
    before: Sequence[PeriodValue], after: Sequence[PeriodValue], value: float
) -> tuple[str, float | None, float | None, float | None]:
    x2, x1 = np.array(_values(before)), np.array(_values(after))
    if min(len(x1), len(x2)) >= MIN_POINTS_MEAN and max(np.ptp(x1), np.ptp(x2)) > noise(x1, x2):
        welch = stats.ttest_ind(x1, x2, equal_var=False)
        interval = welch.confidence_interval(0.95)
        return "Difference of means, Welch t", float(interval.low), float(interval.high), float(welch.pvalue)
    errors = [p.standard_error for p in (*before, *after)]
    if len(before) == len(after) == 1 and all(one is not None and one > 0 for one in errors):
        error = math.hypot(*(float(one) for one in errors if one is not None))
        reach = float(stats.norm.ppf(0.975)) * error
        p = float(2 * stats.norm.sf(abs(value) / error))
        return "Difference of two estimates, standard errors", value - reach, value + reach, p
    return "Difference only, no test", None, None, None


def _assumptions(before: Sequence[PeriodValue]) -> tuple[Assumption, ...]:
    stable = Answer.CANNOT_TELL
    if len(before) >= MIN_POINTS_TEST:
        p = mann_kendall([float(x) for x in _values(before)]).p_value
        stable = Answer.NO if p < SIGNIFICANCE else Answer.CANNOT_TELL
    return (
        Assumption(
            name="no_trend_before",
            holds=stable,
            text=message(gettext_noop("The value was not already moving before the date.")),
        ),
        Assumption(
            name="independent_periods",
            holds=Answer.CANNOT_TELL,
            text=message(gettext_noop("Periods do not depend on one another.")),
        ),
        Assumption(
            name="nothing_else_changed",
            holds=Answer.CANNOT_TELL,
            text=message(gettext_noop("Nothing else changed at the same time.")),
        ),
        Assumption(
            name="comparison",
            holds=Answer.NO,
            text=message(gettext_noop("There is a comparison that the programme did not reach.")),
        ),
    )


def pooled(periods: Sequence[PeriodValue]) -> tuple[float, float]:
    """Numerators and denominators, each added up."""
    numerator = sum(float(p.numerator) for p in periods if p.numerator is not None)
    denominator = sum(float(p.denominator) for p in periods if p.denominator is not None)
    return numerator, denominator


def events_of(periods: Sequence[PeriodValue]) -> tuple[int, float]:
    """Events and the exposure in which they happened; one per period where it is not known."""
    count = sum(int(p.value) for p in periods if p.value is not None)
    exposures = [p.denominator for p in periods]
    if all(one is not None and one > 0 for one in exposures):
        return count, float(sum(one for one in exposures if one is not None))
    return count, float(len(periods))


def _values(periods: Sequence[PeriodValue]) -> list[float]:
    return [float(p.value) for p in periods if p.value is not None]


def _straddling(labels: tuple[str, ...]) -> dict[str, Param]:
    return {"straddling_left_out": ", ".join(labels)} if labels else {}


def _sentence(
    first: str, last: str, value: float, low: float | None, high: float | None, *, no_change: float
) -> tuple[Message, ...]:
    said = [message(gettext_noop("Before: %(before)s. After: %(after)s."), before=first, after=last)]
    if low is None and high is None:
        said.append(
            message(gettext_noop("The difference is %(value)s, without a test."), value=_shown(value))
        )
    elif (low is None or low <= no_change) and (high is None or high >= no_change):
        said.append(message(gettext_noop("The difference cannot be told from chance.")))
    else:
        said.append(message(gettext_noop("The difference is larger than chance alone would explain.")))
    said.append(
        message(
            gettext_noop(
                "This is change, not effect: nothing shows what would have happened without the programme."
            )
        )
    )
    return tuple(said)
