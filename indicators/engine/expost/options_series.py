"""Rows of the decision table about series and units (METHOD 2.9). Computes nothing."""

from __future__ import annotations

from indicators.engine.messages import gettext_noop
from indicators.engine.types import RefusalCode, ValueType

from . import labels
from .options import (
    Found,
    not_possible,
    one_side,
    option,
    other_kind,
    shared,
    shorter,
    text_only,
    too_short,
    when_after,
)
from .situation import (
    COMPUTED_FROM,
    DONORS_FOR_FIVE_PERCENT,
    MIN_DONORS,
    MIN_POINTS_MEAN,
    MIN_PRE_PERIODS,
    MIN_PRE_SYNTHETIC,
    MIN_PRE_TREND,
    Method,
    Option,
    Situation,
)


def difference_in_differences(s: Situation) -> Found:
    """Treated and comparison units."""
    method = Method.DIFFERENCE_IN_DIFFERENCES
    if s.value_type is ValueType.TEXT:
        return text_only(method)
    if not s.comparison_units:
        no_one = gettext_noop(
            "%(have)s comparison partners or sites with values on both sides; %(need)s is needed."
        )
        return not_possible(method, RefusalCode.DID_NO_COMPARISON, no_one, have=0, need=1)
    before, after = shared(s)
    if min(before, after) < 1:
        return one_side(method, s, min(before, after))
    return option(
        method,
        labels.EFFECT_DID if before >= MIN_PRE_PERIODS else labels.DID_UNTESTABLE,
        gettext_noop("%(treated)s treated and %(units)s comparison units have values before and after."),
        treated=s.treated_units,
        units=s.comparison_units,
    )


def comparative_series(s: Situation) -> Found:
    """A treated series beside comparison series."""
    method = Method.COMPARATIVE_INTERRUPTED_SERIES
    if not s.comparison_units:
        none = gettext_noop("%(have)s comparison series; at least %(need)s is needed.")
        return not_possible(method, RefusalCode.DID_NO_COMPARISON, none, have=0, need=1)
    before, after = shared(s)
    short = too_short(method, s, before, after)
    if short is not None:
        return short
    return option(
        method,
        labels.EFFECT_COMPARISON_SERIES,
        gettext_noop("A treated and a comparison series share %(before)s points before and %(after)s after."),
        before=before,
        after=after,
    )


def synthetic_control(s: Situation) -> Found:
    """One treated unit and donors."""
    method = Method.SYNTHETIC_CONTROL
    if s.comparison_units < MIN_DONORS:
        few = gettext_noop("%(have)s donors; at least %(need)s are needed.")
        return not_possible(
            method, RefusalCode.SC_TOO_FEW_DONORS, few, have=s.comparison_units, need=MIN_DONORS
        )
    before, after = shared(s)
    if before < MIN_PRE_SYNTHETIC:
        short = gettext_noop("%(have)s shared points before; a synthetic control needs %(need)s.")
        return not_possible(method, RefusalCode.SC_PRE_TOO_SHORT, short, have=before, need=MIN_PRE_SYNTHETIC)
    if after < 1:
        return one_side(method, s, after)
    reason = (
        gettext_noop("One treated unit and %(donors)s donors: the smallest possible p is %(floor)s.")
        if s.comparison_units >= DONORS_FOR_FIVE_PERCENT
        else gettext_noop(
            "One treated unit and %(donors)s donors: p is at least %(floor)s and cannot reach 5 %%."
        )
    )
    return option(
        method,
        labels.EFFECT_SYNTHETIC,
        reason,
        donors=s.comparison_units,
        floor=f"{1 / (s.comparison_units + 1):.3f}",
    )


def interrupted_counts(s: Situation) -> Found:
    """A series of counts."""
    method = Method.INTERRUPTED_COUNTS
    if s.value_type is not ValueType.COUNT:
        return other_kind(method, gettext_noop("The values are not counts of events."))
    short = too_short(method, s, s.points_before, s.points_after)
    if short is not None:
        return short
    return option(
        method,
        labels.RATE_COMPUTED if shorter(s) >= COMPUTED_FROM else labels.RATE_INDICATIVE,
        gettext_noop("Counts of events at %(before)s points before and %(after)s after: count series."),
        before=s.points_before,
        after=s.points_after,
    )


def interrupted_series(s: Situation) -> Found:
    """A series alone."""
    method = Method.INTERRUPTED_SERIES
    if s.value_type is ValueType.TEXT:
        return text_only(method)
    if s.value_type is ValueType.COUNT:
        return other_kind(method, gettext_noop("Counts of events are given to the count series instead."))
    short = too_short(method, s, s.points_before, s.points_after)
    if short is not None:
        return short
    return option(
        method,
        labels.COMPUTED if shorter(s) >= COMPUTED_FROM else labels.INDICATIVE,
        gettext_noop(
            "One series with %(before)s points before and %(after)s after: interrupted time series."
        ),
        before=s.points_before,
        after=s.points_after,
    )


def proportions(s: Situation) -> Found:
    """Shares before and after."""
    method = Method.PROPORTIONS_BEFORE_AFTER
    if s.value_type is not ValueType.RATIO or not s.has_parts:
        return other_kind(method, gettext_noop("Numerators and denominators of a share are not known."))
    if shorter(s) < 1:
        return one_side(method, s, shorter(s))
    reason = gettext_noop("Proportions before and after, without a comparison: Newcombe interval.")
    return option(method, labels.CHANGE, reason)


def rates(s: Situation) -> Found:
    """Events before and after."""
    method = Method.RATES_BEFORE_AFTER
    if s.value_type is not ValueType.COUNT:
        return other_kind(method, gettext_noop("The values are not counts of events."))
    if shorter(s) < 1:
        return one_side(method, s, shorter(s))
    reason = gettext_noop("Counts of events before and after, without a comparison: rate ratio.")
    return option(method, labels.CHANGE_IN_RATE, reason)


def means(s: Situation) -> Found:
    """Values before and after, with an interval."""
    method = Method.MEANS_BEFORE_AFTER
    if s.value_type is ValueType.TEXT:
        return text_only(method)
    is_single = s.points_before == s.points_after == 1 and s.has_standard_errors
    if shorter(s) >= MIN_POINTS_MEAN or is_single:
        reason = gettext_noop(
            "Values before and after, without a comparison: difference of means with an interval."
        )
        return option(method, labels.CHANGE, reason)
    return not_possible(
        method,
        RefusalCode.N_TOO_SMALL_TREND,
        gettext_noop(
            "%(have)s points on the shorter side and no standard errors; an interval needs %(need)s."
        ),
        have=shorter(s),
        need=MIN_POINTS_MEAN,
        when=when_after(s, MIN_POINTS_MEAN),
    )


def counterfactual_trend(s: Situation) -> Found:
    """The earlier trend continued."""
    method = Method.COUNTERFACTUAL_TREND
    if s.value_type is ValueType.TEXT:
        return text_only(method)
    if s.points_before < MIN_PRE_TREND:
        few = gettext_noop("%(have)s points before; an earlier trend needs %(need)s.")
        return not_possible(
            method, RefusalCode.N_TOO_SMALL_TREND, few, have=s.points_before, need=MIN_PRE_TREND
        )
    if s.points_after < 1:
        return one_side(method, s, s.points_after)
    if s.points_after > s.points_before - 1:
        far = gettext_noop(
            "%(have)s points after reach further ahead than the %(need)s steps before reach back."
        )
        have, need = s.points_after, s.points_before - 1
        return not_possible(method, RefusalCode.HORIZON_TOO_LONG, far, have=have, need=need)
    reason = gettext_noop(
        "%(before)s points before give a trend that can be continued: the weakest usable comparison."
    )
    return option(method, labels.DEPARTURE_FROM_TREND, reason, before=s.points_before)


def difference_only(s: Situation) -> Found:
    """Values before and after, without a test."""
    method = Method.DIFFERENCE_ONLY
    if s.value_type is ValueType.TEXT:
        return text_only(method)
    if shorter(s) < 1:
        return one_side(method, s, shorter(s))
    reason = (
        gettext_noop("A plain difference is always possible, without a test.")
        if shorter(s) >= MIN_POINTS_MEAN
        else gettext_noop(
            "%(before)s values before and %(after)s after are too few for a test: difference only."
        )
    )
    return option(method, labels.CHANGE, reason, before=s.points_before, after=s.points_after)


def contribution(s: Situation) -> Option:
    """A judgement with evidence, always possible."""
    reason = (
        gettext_noop(
            "There are no values on both sides to compare; what is left is a judgement with evidence."
        )
        if shorter(s) < 1
        else gettext_noop("A judgement with evidence is always possible, beside any number.")
    )
    return option(Method.CONTRIBUTION_RATING, labels.JUDGEMENT, reason)
