"""Achievement, planned path, on-track index, required pace. One signed formula; no periods, no words."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from operator import itemgetter

from . import exact
from .display import format_number
from .errors import EngineError
from .messages import gettext_noop, refuse
from .rules import METHOD_RULES, Rules
from .types import Direction, Plan, Refusal, RefusalCode, Status, Trajectory

Corners = list[tuple[date, Decimal]]
_day = itemgetter(0)


def achievement(actual: Decimal, baseline: Decimal | None, target: Decimal | None) -> Decimal | Refusal:
    """Share of the planned change that has occurred: (A − B) ÷ (T − B).

    Args:
        actual, baseline, target: in the indicator's own unit; baseline and target may be missing.

    Returns:
        Below 0 is regression, above 1 over target; never clipped. A refusal when baseline or target is missing or
        they are equal.

    Source: METHOD 2.2.

    >>> achievement(Decimal(420_000), Decimal(500_000), Decimal(400_000))
    Decimal('0.8')
    """
    missing = missing_plan(baseline, target)
    if missing is not None:
        return missing
    assert baseline is not None
    assert target is not None
    if baseline == target:
        return refuse(
            RefusalCode.BASELINE_EQUALS_TARGET,
            gettext_noop("Baseline and target are both %(value)s, so there is no planned change to measure."),
            value=format_number(target, 4),
        )
    return exact.quotient(exact.minus(actual, baseline), exact.minus(target, baseline))


def missing_plan(baseline: Decimal | None, target: Decimal | None) -> Refusal | None:
    """Which of the two ends of the plan is missing, if any."""
    if baseline is None:
        return refuse(
            RefusalCode.BASELINE_MISSING,
            gettext_noop("No baseline is recorded, so change cannot be measured."),
        )
    if target is None:
        return refuse(RefusalCode.TARGET_MISSING, gettext_noop("No target is recorded."))
    return None


def check_direction(direction: Direction, baseline: Decimal, target: Decimal) -> Refusal | None:
    """A target on the wrong side of the baseline contradicts the direction (METHOD 2.2)."""
    wrong = (direction is Direction.ASCENDING and target < baseline) or (
        direction is Direction.DESCENDING and target > baseline
    )
    if not wrong:
        return None
    more_is_better = direction is Direction.ASCENDING
    template = (
        gettext_noop("More is better here, but the target %(target)s is below the baseline %(baseline)s.")
        if more_is_better
        else gettext_noop(
            "Less is better here, but the target %(target)s is above the baseline %(baseline)s."
        )
    )
    return refuse(
        RefusalCode.DIRECTION_CONTRADICTED,
        template,
        target=format_number(target, 4),
        baseline=format_number(baseline, 4),
    )


def planned_value(plan: Plan, on: date) -> Decimal | Refusal:
    """The planned value P(t) on a day.

    Before the baseline date it is the baseline, after the target date the target. A linear plan with interim targets
    runs piecewise through them.

    Returns:
        In the indicator's unit; a refusal when an end of the plan or its date is missing.

    Source: METHOD 2.3.

    >>> plan = Plan(baseline=Decimal(0), baseline_on=date(2025, 1, 1), target=Decimal(100), target_on=date(2025, 1, 11))
    >>> planned_value(plan, date(2025, 1, 6))
    Decimal('50')
    """
    corners = _corners(plan)
    return corners if isinstance(corners, Refusal) else _value_on(corners, _BETWEEN[plan.trajectory], on)


def planned_path(plan: Plan, days: Sequence[date]) -> list[Decimal] | Refusal:
    """The planned values P(t) on several days, see `planned_value`."""
    corners = _corners(plan)
    if isinstance(corners, Refusal):
        return corners
    between = _BETWEEN[plan.trajectory]
    return [_value_on(corners, between, on) for on in days]


def _value_on(corners: Corners, between: Callable[[Corners, date], Decimal], on: date) -> Decimal:
    (starts_on, baseline), (ends_on, target) = corners[0], corners[-1]
    if on >= ends_on:
        return exact.plain(target)
    if on <= starts_on:
        return exact.plain(baseline)
    return between(corners, on)


def _corners(plan: Plan) -> Corners | Refusal:
    """Baseline, interim targets between the two dates, target; or what is missing."""
    missing = missing_plan(plan.baseline, plan.target)
    if missing is not None:
        return missing
    assert plan.baseline is not None
    assert plan.target is not None
    if plan.baseline_on is None:
        return refuse(RefusalCode.BASELINE_MISSING, gettext_noop("The baseline has no date."))
    if plan.target_on is None:
        return refuse(RefusalCode.TARGET_MISSING, gettext_noop("The target has no date."))
    between = sorted(
        (day, value) for day, value in plan.milestones if plan.baseline_on < day < plan.target_on
    )
    return [(plan.baseline_on, plan.baseline), *between, (plan.target_on, plan.target)]


def _steps(corners: Corners, on: date) -> Decimal:
    return exact.plain([value for day, value in corners if day <= on][-1])


def _s_curve(corners: Corners, on: date) -> Decimal:
    (starts_on, baseline), (ends_on, target) = corners[0], corners[-1]
    u = _elapsed(starts_on, ends_on, on)
    return _between(baseline, target, 3 * u * u - 2 * u * u * u)


def _piecewise(corners: Corners, on: date) -> Decimal:
    after = bisect_left(corners, on, key=_day)
    (from_on, start), (to_on, end) = corners[after - 1], corners[after]
    return _between(start, end, _elapsed(from_on, to_on, on))


@lru_cache(maxsize=8192)
def _elapsed(starts_on: date, ends_on: date, on: date) -> Decimal:
    return Decimal((on - starts_on).days) / Decimal((ends_on - starts_on).days)


def _between(start: Decimal, end: Decimal, share: Decimal) -> Decimal:
    return exact.rounded(start + (end - start) * share)


_BETWEEN: dict[Trajectory, Callable[[Corners, date], Decimal]] = {
    Trajectory.LINEAR: _piecewise,
    Trajectory.MILESTONES: _piecewise,
    Trajectory.STEP: _steps,
    Trajectory.S_CURVE: _s_curve,
}
"""The path strictly between its two ends."""


def on_track_index(achieved: Decimal, expected: Decimal, rules: Rules = METHOD_RULES) -> Decimal | Refusal:
    """Achievement ÷ expected achievement; refused while too little of the change was due (METHOD 2.3: 5 %).

    >>> on_track_index(Decimal("0.22"), Decimal("0.25"))
    Decimal('0.88')
    """
    if expected < rules.too_early_below:
        return refuse(
            RefusalCode.TOO_EARLY,
            gettext_noop(
                "Too early: %(expected)s %% of the planned change was due, at least %(need)s %% are needed."
            ),
            expected=format_number(expected * 100, 1),
            need=format_number(rules.too_early_below * 100, 2),
        )
    return exact.quotient(achieved, expected)


def status_of(index: Decimal, achieved: Decimal, plan: Plan) -> Status:
    """The colour of an on-track index, decided on the unrounded number; regression is always off track."""
    if achieved < 0:
        return Status.OFF_TRACK
    if index >= plan.on_track_from:
        return Status.ON_TRACK
    return Status.AT_RISK if index >= plan.at_risk_from else Status.OFF_TRACK


def required_pace(plan: Plan, actual: Decimal, on: date) -> Decimal | None:
    """Catch-up factor: [(T − A)/(t1 − t)] ÷ [(A − B)/(t − t0)].

    Returns:
        0 when the target is reached; None when nothing was gained yet, the target date has passed, or the plan has a
        gap: then no pace, however high, can be put beside the pace so far.

    Source: METHOD 2.3. Above 2: the target is unlikely without a change of scope.
    """
    if plan.baseline is None or plan.target is None or plan.baseline_on is None or plan.target_on is None:
        return None
    if plan.baseline == plan.target or not plan.baseline_on < on:
        return None
    left = (plan.target - actual) / (plan.target - plan.baseline)
    done = (actual - plan.baseline) / (plan.target - plan.baseline)
    if left <= 0:
        return Decimal(0)
    if done <= 0 or on >= plan.target_on:
        return None
    return exact.rounded((left / (plan.target_on - on).days) / (done / (on - plan.baseline_on).days))


def distance_outside(value: Decimal, low: Decimal, high: Decimal) -> Decimal:
    """How far outside [low, high] a value is, in widths of the range; 0 inside (METHOD 2.2)."""
    outside = max(low - value, Decimal(0), value - high)
    if outside == 0 or low == high:
        return outside
    return exact.quotient(outside, exact.minus(high, low))


def is_inside(value: Decimal, low: Decimal | None, high: Decimal | None) -> bool:
    """Within the bounds; the bounds themselves count as inside."""
    return (low is None or value >= low) and (high is None or value <= high)


def band_around(target: Decimal, tolerance: Decimal) -> tuple[Decimal, Decimal]:
    """Both ends of a band around a value that is to be held: T ∓ |T|·tolerance (METHOD 2.2, range).

    >>> band_around(Decimal(250), Decimal("0.05"))
    (Decimal('237.5'), Decimal('262.5'))
    """
    if tolerance < 0:
        raise EngineError(f"A tolerance of {tolerance} was given; 0 or more was expected.")
    reach = exact.times(abs(target), tolerance)
    return exact.minus(target, reach), exact.total([target, reach])


@dataclass(frozen=True, slots=True, kw_only=True)
class Undertaking:
    """One thing that is to be done by a day: a milestone of its own, not a point of a path."""

    weight: Decimal
    """0 or more; the weights need not add up to 1."""
    due_on: date
    done_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """Shares of the weight of several undertakings at a day."""

    of_all: Decimal
    """Done, of everything planned: the achievement."""
    of_due: Decimal | None
    """Done, of what was due by then: the on-track index; None when nothing was due yet."""


def weight_done(undertakings: Sequence[Undertaking], on: date) -> Done | Refusal:
    """Weighted share of milestones done by a day (METHOD 2.2, milestone).

    What is done ahead of its day counts as done, so that the share of what was due may be above 1.

    Returns:
        TARGET_MISSING when there is nothing to do or all weights are 0.
    """
    if any(one.weight < 0 for one in undertakings):
        raise EngineError("A weight below 0 was given; 0 or more was expected.")
    whole = exact.total(one.weight for one in undertakings)
    if whole == 0:
        return refuse(RefusalCode.TARGET_MISSING, gettext_noop("No milestone with a weight is recorded."))
    due = exact.total(one.weight for one in undertakings if one.due_on <= on)
    done = exact.total(one.weight for one in undertakings if one.done_on is not None and one.done_on <= on)
    return Done(of_all=exact.quotient(done, whole), of_due=exact.quotient(done, due) if due else None)
