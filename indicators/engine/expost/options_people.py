"""Rows of the decision table about people, functions and things kept (METHOD 2.9). Computes nothing."""

from __future__ import annotations

from indicators.engine.messages import gettext_noop
from indicators.engine.types import RefusalCode

from . import labels
from .options import Found, not_possible, option, when_enough
from .situation import MIN_FUNCTIONS, MIN_PAIRS, Method, Option, Situation


def gain(s: Situation) -> Option:
    """What participants learnt, also where there are too few of them."""
    reason = gettext_noop("The same participants were tested before and after (%(pairs)s pairs).")
    return option(Method.PAIRED_GAIN, labels.LEARNING_GAIN, reason, pairs=s.pairs)


def gain_with_comparison(s: Situation) -> Found:
    """The gain beside a comparison group."""
    smaller = min(s.pairs, s.comparison_pairs)
    if smaller < MIN_PAIRS:
        return not_possible(
            Method.PAIRED_GAIN_WITH_COMPARISON,
            RefusalCode.DID_NO_COMPARISON if not s.comparison_pairs else RefusalCode.N_PAIRS_TOO_SMALL,
            gettext_noop("%(have)s pairs in the smaller of both groups; %(need)s are needed in each."),
            have=smaller,
            need=MIN_PAIRS,
        )
    return option(
        Method.PAIRED_GAIN_WITH_COMPARISON,
        labels.EFFECT_COMPARISON_GROUP,
        gettext_noop(
            "Participants (%(pairs)s pairs) and a comparison group (%(comparison)s) were tested twice."
        ),
        pairs=s.pairs,
        comparison=s.comparison_pairs,
    )


def paired_gain(s: Situation) -> Found:
    """The gain of participants alone."""
    if s.pairs >= MIN_PAIRS:
        return gain(s)
    return not_possible(
        Method.PAIRED_GAIN,
        RefusalCode.N_PAIRS_TOO_SMALL,
        gettext_noop("%(have)s people were tested before and after; at least %(need)s pairs are needed."),
        have=s.pairs,
        need=MIN_PAIRS,
    )


def participants_retained(s: Situation) -> Option:
    """What participants kept, also where there are too few of them."""
    reason = gettext_noop("%(triples)s participants have scores before, after and at follow-up.")
    return option(Method.PARTICIPANT_RETENTION, labels.RETENTION, reason, triples=s.triples)


def participant_retention(s: Situation) -> Found:
    """What participants kept."""
    if s.triples >= MIN_PAIRS:
        return participants_retained(s)
    return not_possible(
        Method.PARTICIPANT_RETENTION,
        RefusalCode.N_PAIRS_TOO_SMALL,
        gettext_noop("%(have)s people have all three scores; at least %(need)s are needed."),
        have=s.triples,
        need=MIN_PAIRS,
    )


def series_retained(_: Situation) -> Option:
    """What of a series' change is left, also where a value is missing."""
    reason = gettext_noop(
        "Baseline, end and follow-up of the series are compared; without people there is no interval."
    )
    return option(Method.SERIES_RETENTION, labels.RETENTION, reason)


def series_retention(s: Situation) -> Found:
    """What of a series' change is left."""
    if s.has_baseline_and_end and s.points_followup > 0:
        return series_retained(s)
    return not_possible(
        Method.SERIES_RETENTION,
        RefusalCode.NO_FOLLOW_UP,
        gettext_noop(
            "A baseline, a value at the end and one after it are needed; %(have)s of %(need)s are there."
        ),
        have=2 * s.has_baseline_and_end + (s.points_followup > 0),
        need=3,
        when=when_enough(s, 1) if s.has_baseline_and_end else None,
    )


def share_kept(s: Situation) -> Found:
    """Things that are still there."""
    if s.kept_of > 0:
        reason = gettext_noop("It is known how many of %(total)s things that were there are still there.")
        return option(Method.SHARE_KEPT, labels.SHARE_KEPT, reason, total=s.kept_of)
    if s.will_count_kept:
        ahead = gettext_noop(
            "How many of the things that were there are still there will be counted after the end."
        )
        return option(Method.SHARE_KEPT, labels.SHARE_KEPT, ahead)
    nothing = gettext_noop("Nothing that could be kept was counted: %(have)s of at least %(need)s.")
    return not_possible(Method.SHARE_KEPT, RefusalCode.DENOMINATOR_ZERO, nothing, have=0, need=1)


def maturity(s: Situation) -> Found:
    """Levels of functions before and after."""
    if s.ordinal_functions >= MIN_FUNCTIONS:
        reason = gettext_noop("%(functions)s functions have a maturity level before and after.")
        return option(Method.ORDINAL_MATURITY, labels.MATURITY, reason, functions=s.ordinal_functions)
    few = gettext_noop(
        "%(have)s functions have a maturity level before and after; at least %(need)s are needed."
    )
    code = RefusalCode.FUNCTIONS_TOO_FEW
    return not_possible(Method.ORDINAL_MATURITY, code, few, have=s.ordinal_functions, need=MIN_FUNCTIONS)


def paired_proportions(s: Situation) -> Found:
    """The same respondents or sites asked twice."""
    if s.paired_answers >= MIN_PAIRS:
        reason = gettext_noop("The same %(pairs)s respondents or sites answered before and after.")
        return option(Method.PAIRED_PROPORTIONS, labels.CHANGE, reason, pairs=s.paired_answers)
    few = gettext_noop(
        "%(have)s respondents or sites answered before and after; at least %(need)s are needed."
    )
    code = RefusalCode.N_PAIRS_TOO_SMALL
    return not_possible(Method.PAIRED_PROPORTIONS, code, few, have=s.paired_answers, need=MIN_PAIRS)
