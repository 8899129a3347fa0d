"""Which method a data situation allows, what its result may be called, and why no other. Computes nothing.

Imports no statistics, so a page may ask it. The order of `_ROWS` is the order of preference (METHOD 2.9).
"""

from __future__ import annotations

from collections.abc import Callable

from . import options_people as people
from . import options_series as series
from .checked import checked
from .options import Found
from .situation import Choice, Method, NotPossible, Option, Situation

__all__ = ["Choice", "Method", "NotPossible", "Option", "Situation", "choose_method"]
_NEVER_DEFAULT = {Method.SYNTHETIC_CONTROL, Method.COUNTERFACTUAL_TREND}
"""Possible when asked for in the plan; the decision table prefers others or calls them optional."""


@checked
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
            return people.participants_retained(s) if s.triples > 0 else people.series_retained(s)
        return next(one for one in options if one.method is Method.SHARE_KEPT)
    if s.pairs > 0 and not any(one.method is Method.PAIRED_GAIN_WITH_COMPARISON for one in options):
        return people.gain(s)
    return None


def _may_be_default(option: Option, s: Situation) -> bool:
    """Questions of lasting only where asked; with two or more comparison units their own spread is used (DiD)."""
    if option.method is Method.COMPARATIVE_INTERRUPTED_SERIES and s.comparison_units > 1:
        return False
    lasting = {Method.PARTICIPANT_RETENTION, Method.SERIES_RETENTION, Method.SHARE_KEPT}
    return (option.method in lasting) == s.asks_for_retention or option.method is Method.CONTRIBUTION_RATING


_ROWS: tuple[Callable[[Situation], Found], ...] = (
    people.gain_with_comparison,
    people.paired_gain,
    people.participant_retention,
    people.share_kept,
    people.series_retention,
    people.maturity,
    series.comparative_series,
    series.difference_in_differences,
    series.synthetic_control,
    series.interrupted_counts,
    series.interrupted_series,
    people.paired_proportions,
    series.proportions,
    series.rates,
    series.means,
    series.counterfactual_trend,
    series.difference_only,
    series.contribution,
)
