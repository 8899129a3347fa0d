"""Many judgements side by side: counts, percentages that add up, the worst critical one. Never averages colours."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeVar

from . import exact
from .display import format_number
from .messages import gettext_noop, refuse
from .rules import METHOD_RULES, Rules
from .types import Refusal, RefusalCode, Status

K = TypeVar("K", bound=Hashable)

_WORST_FIRST = (
    Status.OFF_TRACK,
    Status.AT_RISK,
    Status.NOT_REPORTING,
    Status.NOT_ASSESSABLE,
    Status.ON_TRACK,
)


def status_counts(statuses: Iterable[Status]) -> dict[Status, int]:
    """How many indicators have each status; every status is a key, in the order of the enum."""
    counts = dict.fromkeys(Status, 0)
    for status in statuses:
        counts[status] += 1
    return counts


def largest_remainder_percentages(counts: Mapping[K, int]) -> dict[K, int] | None:
    """Whole percentages that add up to 100, by largest remainder; earlier keys win ties (METHOD 2.3).

    Returns:
        A percentage for each key, or None when all counts are 0: nothing has no distribution.

    >>> largest_remainder_percentages({"above": 5, "on": 10, "improved": 7, "below": 4})
    {'above': 19, 'on': 39, 'improved': 27, 'below': 15}
    """
    whole = sum(counts.values())
    if whole == 0:
        return None
    shares = {key: divmod(100 * count, whole) for key, count in counts.items()}
    missing = 100 - sum(floor for floor, _ in shares.values())
    order = sorted(shares, key=lambda key: -shares[key][1])
    raised = set(order[:missing])
    return {key: floor + (key in raised) for key, (floor, _) in shares.items()}


def worst_of_critical(statuses: Iterable[Status]) -> Status | None:
    """The worst status among the critical indicators: off track, at risk, not reporting, not assessable, on track.

    What is only monitored does not count; None when nothing is left.
    """
    found = set(statuses)
    return next((status for status in _WORST_FIRST if status in found), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightedAchievement:
    """A weighted mean of achievements, each kept within 0 and 1, and the share of weight that it rests on."""

    value: Decimal
    usable_weight: Decimal
    low: Decimal
    """Lowest value when any one of its indicators is left out; the value itself when there is but one."""
    high: Decimal
    n: int
    """Indicators with an achievement and a weight above 0."""


def weighted_achievement(
    items: Sequence[tuple[Decimal, Decimal | None]], rules: Rules = METHOD_RULES
) -> WeightedAchievement | Refusal:
    """Weighted mean of achievements, optional beside the counts (METHOD 2.3).

    Args:
        items: weight (0 or more) and achievement, None where there is none.

    Returns:
        Achievements are kept within 0 and 1, so that one overshoot does not hide a failure. The range of the value when
        each indicator in turn is left out says how much it hangs on one of them. A refusal when less of the weight
        has an achievement than the rules ask for (65 %).
    """
    usable = [(weight, achieved) for weight, achieved in items if achieved is not None]
    whole = exact.total(weight for weight, _ in items)
    share = Decimal(0) if whole == 0 else exact.quotient(exact.total(w for w, _ in usable), whole)
    if share < rules.usable_weight_from:
        return refuse(
            RefusalCode.WEIGHT_COVERAGE_TOO_LOW,
            gettext_noop("Usable data cover %(have)s %% of the weight; at least %(need)s %% are needed."),
            have=format_number(share * 100, 1),
            need=format_number(rules.usable_weight_from * 100, 1),
        )
    capped = [
        (weight, min(max(achieved, Decimal(0)), Decimal(1))) for weight, achieved in usable if weight > 0
    ]
    value = _weighted_mean(capped)
    without = (
        [_weighted_mean(capped[:i] + capped[i + 1 :]) for i in range(len(capped))] if len(capped) > 1 else []
    )
    return WeightedAchievement(
        value=value,
        usable_weight=share,
        low=min([value, *without]),
        high=max([value, *without]),
        n=len(capped),
    )


def _weighted_mean(items: Sequence[tuple[Decimal, Decimal]]) -> Decimal:
    return exact.weighted_mean([achieved for _, achieved in items], [weight for weight, _ in items])
