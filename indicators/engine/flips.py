"""What would change our mind, on the fly: the smallest change of target, border, value or points that turns a status.

Each answer is found by judging again, so it always agrees with the judgement itself (METHOD 2.3).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from enum import StrEnum

from .display import format_number
from .judge import judge
from .messages import gettext_noop, message
from .portfolio import WeightedAchievement, weighted_achievement
from .rules import METHOD_RULES, Rules
from .types import (
    IndicatorRule,
    Judgement,
    Message,
    PeriodValue,
    Plan,
    SiteRule,
    Snapshot,
    Status,
    TimeRule,
    ValueType,
)

LARGEST_FACTOR = Decimal(4)
STEPS = 40
PRECISION = Decimal("0.001")
_WHOLE: dict[ValueType, tuple[Decimal | None, Decimal | None]] = {
    ValueType.COUNT: (Decimal(0), None),
    ValueType.ORDINAL: (None, None),
    ValueType.BINARY: (Decimal(0), Decimal(1)),
    ValueType.MILESTONE: (Decimal(0), Decimal(1)),
}
"""What comes in whole numbers, with the lowest and highest that there can be."""
_KEEPS_WHOLE = {
    SiteRule.SUM, SiteRule.MIN, SiteRule.MAX, SiteRule.FIRST, SiteRule.LAST, SiteRule.NOT_APPLICABLE,
    TimeRule.SUM, TimeRule.MIN, TimeRule.MAX, TimeRule.LAST,
}  # fmt: skip


class FlipKind(StrEnum):
    """What was changed."""

    TARGET = "target"
    ON_TRACK_FROM = "on_track_from"
    AT_RISK_FROM = "at_risk_from"
    LAST_VALUE = "last_value"
    POINT = "point"


@dataclass(frozen=True, slots=True, kw_only=True)
class Flip:
    """One change that would turn a status."""

    kind: FlipKind
    name: str
    """Label of the period for a point, else empty."""
    now: Decimal | None
    then: Decimal | None
    """Value at which the status has turned; None for a point that is left out."""
    status_now: Status
    status_then: Status
    text: Message


def flips(snapshot: Snapshot) -> tuple[Flip, ...]:
    """The nearest changes of target, border, last value and points that turn the status; empty when none does.

    Only statuses that stand for progress (on track, at risk, off track) can turn; the planned values of milestones move
    with the target. Whoever sees that a small change turns the status knows how firm it is.
    """
    found = judge(snapshot)
    if found.status not in {Status.ON_TRACK, Status.AT_RISK, Status.OFF_TRACK}:
        return ()
    candidates = (
        _target(snapshot, found),
        *_borders(snapshot, found),
        _last_value(snapshot, found),
        *_points(snapshot, found),
    )
    return tuple(one for one in candidates if one is not None)


def _target(snapshot: Snapshot, found: Judgement) -> Flip | None:
    plan = snapshot.plan
    if plan.baseline is None or plan.target is None or plan.target == plan.baseline:
        return None

    baseline, step = plan.baseline, plan.target - plan.baseline

    def status_at(target: Decimal) -> Status:
        return judge(replace(snapshot, plan=_stretched(plan, (target - baseline) / step, target))).status

    is_whole = snapshot.rule.time_rule in _KEEPS_WHOLE and _is_whole(snapshot.rule, plan.target)
    then = _nearest(status_at, lambda factor: baseline + factor * step, snapshot.rule, is_whole=is_whole)
    if then is None:
        return None
    text = gettext_noop("With a target of %(then)s instead of %(now)s the status would be another.")
    return _flip(FlipKind.TARGET, "", plan.target, then, found.status, status_at(then), text)


def _stretched(plan: Plan, factor: Decimal, target: Decimal) -> Plan:
    """All planned values moved away from the baseline, or towards it, by the factor that gives this target."""
    baseline = plan.baseline or Decimal(0)

    def move(value: Decimal) -> Decimal:
        return baseline + (value - baseline) * factor

    milestones = tuple((day, move(value)) for day, value in plan.milestones)
    return replace(plan, target=target, milestones=milestones)


def _borders(snapshot: Snapshot, found: Judgement) -> Sequence[Flip | None]:
    """The border that lies between the status and its neighbours is the on-track index itself."""
    index = found.on_track_index
    if index is None or index <= 0:
        return ()
    plan = snapshot.plan
    above = index + PRECISION
    moves: list[tuple[FlipKind, Decimal, Plan]] = []
    if found.status is Status.ON_TRACK:
        moves.append((FlipKind.ON_TRACK_FROM, plan.on_track_from, replace(plan, on_track_from=above)))
    else:
        moves.append(
            (
                FlipKind.ON_TRACK_FROM,
                plan.on_track_from,
                replace(plan, on_track_from=index, at_risk_from=min(index, plan.at_risk_from)),
            )
        )
    if found.status is Status.AT_RISK and above <= plan.on_track_from:
        moves.append((FlipKind.AT_RISK_FROM, plan.at_risk_from, replace(plan, at_risk_from=above)))
    if found.status is Status.OFF_TRACK:
        moves.append((FlipKind.AT_RISK_FROM, plan.at_risk_from, replace(plan, at_risk_from=index)))
    text = gettext_noop("With a border of %(then)s instead of %(now)s the status would be another.")
    turned: list[Flip | None] = []
    for kind, now, changed in moves:
        status = judge(replace(snapshot, plan=changed)).status
        then = changed.on_track_from if kind is FlipKind.ON_TRACK_FROM else changed.at_risk_from
        if status is not found.status:
            turned.append(_flip(kind, "", now, then, found.status, status, text))
    return turned


def _last_value(snapshot: Snapshot, found: Judgement) -> Flip | None:
    """The last reported figure, moved in proportion to the planned change; parts of a ratio move with it."""
    at = next(
        (i for i in reversed(range(len(snapshot.series))) if snapshot.series[i].value is not None), None
    )
    plan = snapshot.plan
    if at is None or plan.baseline is None or plan.target is None or plan.target == plan.baseline:
        return None
    one, step = snapshot.series[at], plan.target - plan.baseline
    now = one.value if one.value is not None else Decimal(0)

    def status_at(value: Decimal) -> Status:
        numerator = one.numerator
        if one.numerator is not None and one.denominator is not None and snapshot.rule.scale:
            numerator = value / snapshot.rule.scale * one.denominator
        changed = replace(one, value=value, numerator=numerator)
        series = (*snapshot.series[:at], changed, *snapshot.series[at + 1 :])
        return judge(replace(snapshot, series=series)).status

    is_whole = _is_whole(snapshot.rule, now)
    then = _nearest(status_at, lambda factor: now + (factor - 1) * step, snapshot.rule, is_whole=is_whole)
    if then is None:
        return None
    text = gettext_noop("With a last value of %(then)s instead of %(now)s the status would be another.")
    return _flip(FlipKind.LAST_VALUE, one.label, now, then, found.status, status_at(then), text)


def _points(snapshot: Snapshot, found: Judgement) -> Sequence[Flip]:
    """Each period whose figures, left out alone, turn the status."""
    turned: list[Flip] = []
    for i, one in enumerate(snapshot.series):
        if one.value is None:
            continue
        series = (*snapshot.series[:i], _emptied(one), *snapshot.series[i + 1 :])
        status = judge(replace(snapshot, series=series)).status
        if status is not found.status:
            text = gettext_noop("Without %(name)s the status would be another.")
            turned.append(_flip(FlipKind.POINT, one.label, one.value, None, found.status, status, text))
    return turned


def _emptied(one: PeriodValue) -> PeriodValue:
    return replace(one, value=None, numerator=None, denominator=None, standard_error=None, n=None, reported=0)


def _nearest(
    status_at: Callable[[Decimal], Status],
    value_at: Callable[[Decimal], Decimal],
    rule: IndicatorRule,
    *,
    is_whole: bool,
) -> Decimal | None:
    """The value nearest to today's (factor 1) at which the status is another, within a factor of 4; None if none.

    Of what comes in whole numbers, the nearest whole one that is possible: nobody holds 41.3 courses.
    """
    now, found = status_at(value_at(Decimal(1))), []
    for end in (LARGEST_FACTOR, 1 / LARGEST_FACTOR):
        if status_at(value_at(end)) is now:
            continue
        same, other = Decimal(1), end
        for _ in range(STEPS):
            middle = (same + other) / 2
            if abs(other - same) <= PRECISION / 10:
                break
            if status_at(value_at(middle)) is now:
                same = middle
            else:
                other = middle
        turning = value_at(other)
        around = [turning.to_integral_value(way) for way in (ROUND_FLOOR, ROUND_CEILING)]
        found += (
            [v for v in around if _is_possible(rule, v) and status_at(v) is not now]
            if is_whole
            else [turning]
        )
    return min(found, key=lambda v: abs(v - value_at(Decimal(1))), default=None)


def _is_whole(rule: IndicatorRule, value: Decimal) -> bool:
    """Whether values of this indicator come in whole numbers: a mean over sites of what is counted does not."""
    return rule.value_type in _WHOLE and rule.site_rule in _KEEPS_WHOLE and value == value.to_integral_value()


def _is_possible(rule: IndicatorRule, value: Decimal) -> bool:
    low, high = _WHOLE[rule.value_type]
    lowest = low if rule.lower_bound is None else rule.lower_bound
    highest = high if rule.upper_bound is None else rule.upper_bound
    return (lowest is None or value >= lowest) and (highest is None or value <= highest)


def _flip(
    kind: FlipKind,
    name: str,
    now: Decimal | None,
    then: Decimal | None,
    status_now: Status,
    status_then: Status,
    text: str,
) -> Flip:
    shown = {
        "now": "–" if now is None else format_number(now, 3),
        "then": "–" if then is None else format_number(then, 3),
    }
    return Flip(
        kind=kind,
        name=name,
        now=now,
        then=then,
        status_now=status_now,
        status_then=status_then,
        text=message(text, name=name, **shown),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightFlip:
    """The weight of one indicator at which a weighted score crosses a border."""

    name: str
    now: Decimal
    then: Decimal


def weight_flips(
    items: Sequence[tuple[str, Decimal, Decimal | None]], border: Decimal, rules: Rules = METHOD_RULES
) -> tuple[WeightFlip, ...]:
    """For each indicator the weight, all others unchanged, at which the weighted achievement meets a border.

    Args:
        items: name, weight, achievement (None when there is none).
        border: e.g. the border of "on track", in the same scale as the achievement.

    Returns:
        Nearest first (ratio of the weights); indicators whose weight can never bring it there are left out. Empty when
        there is no weighted achievement.
    """
    whole = weighted_achievement([(weight, value) for _, weight, value in items], rules)
    if not isinstance(whole, WeightedAchievement):
        return ()
    found: list[WeightFlip] = []
    for name, weight, value in items:
        if value is None or weight <= 0:
            continue
        kept = min(max(value, Decimal(0)), Decimal(1))
        total = whole.value * _usable(items)
        others, rest = _usable(items) - weight, total - weight * kept
        if kept == border:
            continue
        then = (border * others - rest) / (kept - border)
        if then >= 0 and others > 0:
            found.append(WeightFlip(name=name, now=weight, then=then))
    return tuple(sorted(found, key=lambda f: abs(f.then - f.now)))


def _usable(items: Sequence[tuple[str, Decimal, Decimal | None]]) -> Decimal:
    return sum((weight for _, weight, value in items if value is not None), Decimal(0))
