"""Which method a data situation allows, what its result may be called, and why no other. Computes nothing.

Imports no statistics, so a page may ask it. The order of `_ROWS` is the order of preference (METHOD 2.9).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date

from indicators.engine.messages import gettext_noop, message
from indicators.engine.types import RefusalCode, ValueType

from . import labels
from .situation import (
    COMPUTED_FROM,
    DONORS_FOR_FIVE_PERCENT,
    MAX_MISSING,
    MIN_DONORS,
    MIN_FUNCTIONS,
    MIN_PAIRS,
    MIN_POINTS_INTERRUPTED,
    MIN_POINTS_MEAN,
    MIN_PRE_PERIODS,
    MIN_PRE_SYNTHETIC,
    MIN_PRE_TREND,
    Choice,
    Method,
    NotPossible,
    Option,
    Situation,
    enough_on,
)

__all__ = ["Choice", "Method", "NotPossible", "Option", "Situation", "choose_method"]
Found = Option | NotPossible
_NEVER_DEFAULT = {Method.SYNTHETIC_CONTROL, Method.COUNTERFACTUAL_TREND}
"""Possible when asked for in the plan; the decision table prefers others or calls them optional."""


def choose_method(situation: Situation) -> Choice:
    """The default method for a data situation, the others that are possible, and why each remaining one is not.

    Where people were tested twice, or a lasting gain is asked for, that question's own method is the default even when
    its data are too few: it then refuses and says how many are needed. Otherwise the default is the first row of the
    decision table that the data allow; a contribution rating is always possible.

    Args:
        situation: counts of points, pairs, units and so on.

    Returns:
        Choice. `not_possible` gives for each method a refusal code, what there is, what is needed, and from which day
        on there will be enough, where time alone brings it.

    Source: METHOD 2.9, 2.11.
    """
    found = [check(situation) for check in _ROWS]
    options = [one for one in found if isinstance(one, Option)]
    default = _asked_for(situation, options) or next(
        one for one in options if one.method not in _NEVER_DEFAULT and _may_be_default(one, situation)
    )
    return Choice(
        method=default.method,
        label=default.label,
        reason=default.reason,
        others=tuple(one for one in options if one.method is not default.method),
        not_possible=tuple(
            one for one in found if isinstance(one, NotPossible) and one.method is not default.method
        ),
    )


def _asked_for(s: Situation, options: list[Option]) -> Option | None:
    """The method of the question itself, also where its data are too few."""
    if s.asks_for_retention:
        if s.triples > 0 or not s.kept_of:
            return _participants_retained(s) if s.triples > 0 else _series_retained(s)
        return next(one for one in options if one.method is Method.SHARE_KEPT)
    if s.pairs > 0 and not any(one.method is Method.PAIRED_GAIN_WITH_COMPARISON for one in options):
        return _gain(s)
    return None


def _may_be_default(option: Option, s: Situation) -> bool:
    """Questions of lasting only where asked; with two or more comparison units their own spread is used (DiD)."""
    if option.method is Method.COMPARATIVE_INTERRUPTED_SERIES and s.comparison_units > 1:
        return False
    lasting = {Method.PARTICIPANT_RETENTION, Method.SERIES_RETENTION, Method.SHARE_KEPT}
    return (option.method in lasting) == s.asks_for_retention or option.method is Method.CONTRIBUTION_RATING


def _gain(s: Situation) -> Option:
    reason = gettext_noop("The same participants were tested before and after (%(pairs)s pairs).")
    return _option(Method.PAIRED_GAIN, labels.LEARNING_GAIN, reason, pairs=s.pairs)


def _gain_with_comparison(s: Situation) -> Found:
    smaller = min(s.pairs, s.comparison_pairs)
    if smaller < MIN_PAIRS:
        return _not(
            Method.PAIRED_GAIN_WITH_COMPARISON,
            RefusalCode.DID_NO_COMPARISON if not s.comparison_pairs else RefusalCode.N_PAIRS_TOO_SMALL,
            gettext_noop("%(have)s pairs in the smaller of both groups; %(need)s are needed in each."),
            have=smaller,
            need=MIN_PAIRS,
        )
    return _option(
        Method.PAIRED_GAIN_WITH_COMPARISON,
        labels.EFFECT_COMPARISON_GROUP,
        gettext_noop(
            "Participants (%(pairs)s pairs) and a comparison group (%(comparison)s) were tested twice."
        ),
        pairs=s.pairs,
        comparison=s.comparison_pairs,
    )


def _paired_gain(s: Situation) -> Found:
    if s.pairs >= MIN_PAIRS:
        return _gain(s)
    return _not(
        Method.PAIRED_GAIN,
        RefusalCode.N_PAIRS_TOO_SMALL,
        gettext_noop("%(have)s people were tested before and after; at least %(need)s pairs are needed."),
        have=s.pairs,
        need=MIN_PAIRS,
    )


def _participants_retained(s: Situation) -> Option:
    reason = gettext_noop("%(triples)s participants have scores before, after and at follow-up.")
    return _option(Method.PARTICIPANT_RETENTION, labels.RETENTION, reason, triples=s.triples)


def _participant_retention(s: Situation) -> Found:
    if s.triples >= MIN_PAIRS:
        return _participants_retained(s)
    return _not(
        Method.PARTICIPANT_RETENTION,
        RefusalCode.N_PAIRS_TOO_SMALL,
        gettext_noop("%(have)s people have all three scores; at least %(need)s are needed."),
        have=s.triples,
        need=MIN_PAIRS,
    )


def _series_retained(_: Situation) -> Option:
    reason = gettext_noop(
        "Baseline, end and follow-up of the series are compared; without people there is no interval."
    )
    return _option(Method.SERIES_RETENTION, labels.RETENTION, reason)


def _series_retention(s: Situation) -> Found:
    if s.has_baseline_and_end and s.points_followup > 0:
        return _series_retained(s)
    return _not(
        Method.SERIES_RETENTION,
        RefusalCode.NO_FOLLOW_UP,
        gettext_noop(
            "A baseline, a value at the end and one after it are needed; %(have)s of %(need)s are there."
        ),
        have=2 * s.has_baseline_and_end + (s.points_followup > 0),
        need=3,
        when=_when(s, 1) if s.has_baseline_and_end else None,
    )


def _share_kept(s: Situation) -> Found:
    if s.kept_of > 0:
        reason = gettext_noop("It is known how many of %(total)s things that were there are still there.")
        return _option(Method.SHARE_KEPT, labels.SHARE_KEPT, reason, total=s.kept_of)
    nothing = gettext_noop("Nothing that could be kept was counted: %(have)s of at least %(need)s.")
    return _not(Method.SHARE_KEPT, RefusalCode.DENOMINATOR_ZERO, nothing, have=0, need=1)


def _difference_in_differences(s: Situation) -> Found:
    method = Method.DIFFERENCE_IN_DIFFERENCES
    if s.value_type is ValueType.TEXT:
        return _text(method)
    if not s.comparison_units:
        no_one = gettext_noop(
            "%(have)s comparison partners or sites with values on both sides; %(need)s is needed."
        )
        return _not(method, RefusalCode.DID_NO_COMPARISON, no_one, have=0, need=1)
    before, after = _shared(s)
    if min(before, after) < 1:
        return _one_side(method, s, min(before, after))
    return _option(
        method,
        labels.EFFECT_DID if before >= MIN_PRE_PERIODS else labels.DID_UNTESTABLE,
        gettext_noop("%(treated)s treated and %(units)s comparison units have values before and after."),
        treated=s.treated_units,
        units=s.comparison_units,
    )


def _comparative_series(s: Situation) -> Found:
    method = Method.COMPARATIVE_INTERRUPTED_SERIES
    if not s.comparison_units:
        none = gettext_noop("%(have)s comparison series; at least %(need)s is needed.")
        return _not(method, RefusalCode.DID_NO_COMPARISON, none, have=0, need=1)
    before, after = _shared(s)
    short = _too_short(method, s, before, after)
    if short is not None:
        return short
    return _option(
        method,
        labels.EFFECT_COMPARISON_SERIES,
        gettext_noop("A treated and a comparison series share %(before)s points before and %(after)s after."),
        before=before,
        after=after,
    )


def _synthetic_control(s: Situation) -> Found:
    method = Method.SYNTHETIC_CONTROL
    if s.comparison_units < MIN_DONORS:
        few = gettext_noop("%(have)s donors; at least %(need)s are needed.")
        return _not(method, RefusalCode.SC_TOO_FEW_DONORS, few, have=s.comparison_units, need=MIN_DONORS)
    before, after = _shared(s)
    if before < MIN_PRE_SYNTHETIC:
        short = gettext_noop("%(have)s shared points before; a synthetic control needs %(need)s.")
        return _not(method, RefusalCode.SC_PRE_TOO_SHORT, short, have=before, need=MIN_PRE_SYNTHETIC)
    if after < 1:
        return _one_side(method, s, after)
    reason = (
        gettext_noop("One treated unit and %(donors)s donors: the smallest possible p is %(floor)s.")
        if s.comparison_units >= DONORS_FOR_FIVE_PERCENT
        else gettext_noop(
            "One treated unit and %(donors)s donors: p is at least %(floor)s and cannot reach 5 %%."
        )
    )
    return _option(
        method,
        labels.EFFECT_SYNTHETIC,
        reason,
        donors=s.comparison_units,
        floor=f"{1 / (s.comparison_units + 1):.3f}",
    )


def _interrupted_counts(s: Situation) -> Found:
    method = Method.INTERRUPTED_COUNTS
    if s.value_type is not ValueType.COUNT:
        return _other_kind(method, gettext_noop("The values are not counts of events."))
    short = _too_short(method, s, s.points_before, s.points_after)
    if short is not None:
        return short
    return _option(
        method,
        labels.RATE_COMPUTED if _shorter(s) >= COMPUTED_FROM else labels.RATE_INDICATIVE,
        gettext_noop("Counts of events at %(before)s points before and %(after)s after: count series."),
        before=s.points_before,
        after=s.points_after,
    )


def _interrupted_series(s: Situation) -> Found:
    method = Method.INTERRUPTED_SERIES
    if s.value_type is ValueType.TEXT:
        return _text(method)
    if s.value_type is ValueType.COUNT:
        return _other_kind(method, gettext_noop("Counts of events are given to the count series instead."))
    short = _too_short(method, s, s.points_before, s.points_after)
    if short is not None:
        return short
    return _option(
        method,
        labels.COMPUTED if _shorter(s) >= COMPUTED_FROM else labels.INDICATIVE,
        gettext_noop(
            "One series with %(before)s points before and %(after)s after: interrupted time series."
        ),
        before=s.points_before,
        after=s.points_after,
    )


def _paired_proportions(s: Situation) -> Found:
    if s.paired_answers >= MIN_PAIRS:
        reason = gettext_noop("The same %(pairs)s respondents or sites answered before and after.")
        return _option(Method.PAIRED_PROPORTIONS, labels.CHANGE, reason, pairs=s.paired_answers)
    few = gettext_noop(
        "%(have)s respondents or sites answered before and after; at least %(need)s are needed."
    )
    code = RefusalCode.N_PAIRS_TOO_SMALL
    return _not(Method.PAIRED_PROPORTIONS, code, few, have=s.paired_answers, need=MIN_PAIRS)


def _proportions(s: Situation) -> Found:
    method = Method.PROPORTIONS_BEFORE_AFTER
    if s.value_type is not ValueType.RATIO or not s.has_parts:
        return _other_kind(method, gettext_noop("Numerators and denominators of a share are not known."))
    if _shorter(s) < 1:
        return _one_side(method, s, _shorter(s))
    reason = gettext_noop("Proportions before and after, without a comparison: Newcombe interval.")
    return _option(method, labels.CHANGE, reason)


def _rates(s: Situation) -> Found:
    method = Method.RATES_BEFORE_AFTER
    if s.value_type is not ValueType.COUNT:
        return _other_kind(method, gettext_noop("The values are not counts of events."))
    if _shorter(s) < 1:
        return _one_side(method, s, _shorter(s))
    reason = gettext_noop("Counts of events before and after, without a comparison: rate ratio.")
    return _option(method, labels.CHANGE_IN_RATE, reason)


def _means(s: Situation) -> Found:
    method = Method.MEANS_BEFORE_AFTER
    if s.value_type is ValueType.TEXT:
        return _text(method)
    is_single = s.points_before == s.points_after == 1 and s.has_standard_errors
    if _shorter(s) >= MIN_POINTS_MEAN or is_single:
        reason = gettext_noop(
            "Values before and after, without a comparison: difference of means with an interval."
        )
        return _option(method, labels.CHANGE, reason)
    return _not(
        method,
        RefusalCode.N_TOO_SMALL_TREND,
        gettext_noop(
            "%(have)s points on the shorter side and no standard errors; an interval needs %(need)s."
        ),
        have=_shorter(s),
        need=MIN_POINTS_MEAN,
        when=_when_after(s, MIN_POINTS_MEAN),
    )


def _counterfactual_trend(s: Situation) -> Found:
    method = Method.COUNTERFACTUAL_TREND
    if s.value_type is ValueType.TEXT:
        return _text(method)
    if s.points_before < MIN_PRE_TREND:
        few = gettext_noop("%(have)s points before; an earlier trend needs %(need)s.")
        return _not(method, RefusalCode.N_TOO_SMALL_TREND, few, have=s.points_before, need=MIN_PRE_TREND)
    if s.points_after < 1:
        return _one_side(method, s, s.points_after)
    if s.points_after > s.points_before - 1:
        far = gettext_noop(
            "%(have)s points after reach further ahead than the %(need)s steps before reach back."
        )
        have, need = s.points_after, s.points_before - 1
        return _not(method, RefusalCode.HORIZON_TOO_LONG, far, have=have, need=need)
    reason = gettext_noop(
        "%(before)s points before give a trend that can be continued: the weakest usable comparison."
    )
    return _option(method, labels.DEPARTURE_FROM_TREND, reason, before=s.points_before)


def _maturity(s: Situation) -> Found:
    if s.ordinal_functions >= MIN_FUNCTIONS:
        reason = gettext_noop("%(functions)s functions have a maturity level before and after.")
        return _option(Method.ORDINAL_MATURITY, labels.MATURITY, reason, functions=s.ordinal_functions)
    few = gettext_noop(
        "%(have)s functions have a maturity level before and after; at least %(need)s are needed."
    )
    code = RefusalCode.FUNCTIONS_TOO_FEW
    return _not(Method.ORDINAL_MATURITY, code, few, have=s.ordinal_functions, need=MIN_FUNCTIONS)


def _difference_only(s: Situation) -> Found:
    method = Method.DIFFERENCE_ONLY
    if s.value_type is ValueType.TEXT:
        return _text(method)
    if _shorter(s) < 1:
        return _one_side(method, s, _shorter(s))
    reason = (
        gettext_noop("A plain difference is always possible, without a test.")
        if _shorter(s) >= MIN_POINTS_MEAN
        else gettext_noop(
            "%(before)s values before and %(after)s after are too few for a test: difference only."
        )
    )
    return _option(method, labels.CHANGE, reason, before=s.points_before, after=s.points_after)


def _contribution(s: Situation) -> Option:
    reason = (
        gettext_noop(
            "There are no values on both sides to compare; what is left is a judgement with evidence."
        )
        if _shorter(s) < 1
        else gettext_noop("A judgement with evidence is always possible, beside any number.")
    )
    return _option(Method.CONTRIBUTION_RATING, labels.JUDGEMENT, reason)


_ROWS: tuple[Callable[[Situation], Found], ...] = (
    _gain_with_comparison,
    _paired_gain,
    _participant_retention,
    _share_kept,
    _series_retention,
    _maturity,
    _comparative_series,
    _difference_in_differences,
    _synthetic_control,
    _interrupted_counts,
    _interrupted_series,
    _paired_proportions,
    _proportions,
    _rates,
    _means,
    _counterfactual_trend,
    _difference_only,
    _contribution,
)


def _shorter(s: Situation) -> int:
    return min(s.points_before, s.points_after)


def _shared(s: Situation) -> tuple[int, int]:
    before, after = s.comparison_points_before, s.comparison_points_after
    return (
        s.points_before if before is None else min(before, s.points_before),
        s.points_after if after is None else min(after, s.points_after),
    )


def _when(s: Situation, missing: int) -> date | None:
    return enough_on(s.last_period_ends_on, s.days_per_period, missing)


def _when_after(s: Situation, need: int) -> date | None:
    """Time brings only points after; too few before stay too few."""
    return _when(s, need - s.points_after) if s.points_before >= need else None


def _too_short(method: Method, s: Situation, before: int, after: int) -> NotPossible | None:
    if min(before, after) < MIN_POINTS_INTERRUPTED:
        missing = MIN_POINTS_INTERRUPTED - after
        return _not(
            method,
            RefusalCode.ITS_TOO_SHORT,
            gettext_noop("%(have)s points on the shorter side; at least %(need)s are needed on each."),
            have=min(before, after),
            need=MIN_POINTS_INTERRUPTED,
            when=_when(s, missing) if before >= MIN_POINTS_INTERRUPTED else None,
        )
    if s.missing_share > MAX_MISSING:
        gaps = gettext_noop("%(have)s %% of the periods have no value; at most %(need)s %% may be missing.")
        have = round(100 * s.missing_share)
        return _not(method, RefusalCode.ITS_GAPS, gaps, have=have, need=round(100 * MAX_MISSING))
    return None


def _one_side(method: Method, s: Situation, have: int) -> NotPossible:
    code = RefusalCode.NO_FOLLOW_UP if s.points_before else RefusalCode.BASELINE_MISSING
    one = gettext_noop("%(have)s values on one of the sides; at least %(need)s is needed before and after.")
    return _not(method, code, one, have=have, need=1, when=_when(s, 1) if s.points_before else None)


def _text(method: Method) -> NotPossible:
    return _other_kind(method, gettext_noop("Text cannot be compared in numbers."))


def _other_kind(method: Method, template: str) -> NotPossible:
    return _not(method, RefusalCode.NOT_NUMERIC, template, have=0, need=1)


def _option(method: Method, label: str, reason: str, **params: object) -> Option:
    return Option(method=method, label=message(label), reason=message(reason, **params))


def _not(
    method: Method, code: RefusalCode, template: str, *, have: int, need: int, when: date | None = None
) -> NotPossible:
    said = message(template, have=have, need=need)
    if when is not None:
        said = replace(said, params={**said.params, "when": when.isoformat()})
    return NotPossible(method=method, code=code, message=said, have=have, need=need, when=when)
