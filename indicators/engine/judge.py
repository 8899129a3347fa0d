"""One snapshot in, one judgement out. The only place that gives an indicator its status."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from . import exact, explain
from .achievement import (
    achievement,
    check_direction,
    is_inside,
    missing_plan,
    on_track_index,
    required_pace,
    status_of,
)
from .distributions import normal_cdf
from .messages import gettext_noop, refuse
from .quality import coverage, stale_from
from .rules import Rules
from .timeline import CurrentValue, planned_for, started, value_of
from .trend import TrendQuestion, trends
from .types import (
    Direction,
    IndicatorRule,
    Judgement,
    Message,
    PeriodValue,
    Plan,
    Refusal,
    RefusalCode,
    Snapshot,
    Status,
    Step,
    Trajectory,
    Trend,
    ValueType,
)

Z_95 = Decimal("1.959964")
LARGEST_SHARE = 10**7
"""From so many times the planned change on there is no achievement: no page could show it, no column holds it."""
# Tuples: few members, compared by identity, which is quicker than hashing an enum.
_KEPT = (Direction.RANGE, Direction.MAINTAIN_ABOVE, Direction.MAINTAIN_BELOW)
_DONE_OR_NOT = (ValueType.BINARY, ValueType.MILESTONE)
_WITHOUT_PACE = (*_DONE_OR_NOT, ValueType.EFFECT_SIZE, ValueType.TEXT)
_JUDGED = (Status.ON_TRACK, Status.AT_RISK, Status.OFF_TRACK)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Progress:
    """What was found about the way from baseline to target; parts may be there although there is a refusal."""

    status: Status = Status.NOT_ASSESSABLE
    refusal: Refusal | None = None
    achieved: Decimal | None = None
    expected: Decimal | None = None
    index: Decimal | None = None
    planned: Decimal | None = None
    is_approximate: bool = False
    steps: tuple[Step, ...] = ()
    said: Message | None = None
    """What the plain sentence adds for this kind of indicator."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    """A snapshot as it is judged: the plan that is applied, the periods that had begun, the value they give."""

    snapshot: Snapshot
    plan: Plan
    series: tuple[PeriodValue, ...]
    current: CurrentValue


def judge(snapshot: Snapshot) -> Judgement:
    """Judge one indicator at a date.

    Context and text indicators are MONITORED. No value, or one past its staleness limit, is NOT_REPORTING; a value
    that a rule does not let judge is NOT_ASSESSABLE; each with its refusal. Otherwise the status follows from the
    on-track index (METHOD 2.3), or for indicators that are to be kept within bounds from the share of periods inside
    (METHOD 2.2). Numbers that could be formed are given beside a refusal.

    Args:
        snapshot: everything the verdict depends on; the same snapshot always gives the same judgement.

    Returns:
        The judgement with its steps and sentence. Achievement, index and planned value are exact to ten places.
    """
    return judge_many([snapshot])[0]


def progress_over_time(snapshot: Snapshot) -> tuple[tuple[date, Decimal | None], ...] | Refusal:
    """The achievement as it stood after each period since the baseline, against the plan that is applied now.

    Args:
        snapshot: as for `judge`; the last share with a value is the achievement that `judge` gives.

    Returns:
        Last day of each period and the share of the way from baseline to target that was covered by then: 0 at the
        baseline's own date, below 0 for regression, above 1 over target, None where the period has no figure. A
        refusal for what has no such way: context, texts, what is to be kept within bounds, a plan without its ends.

    Source: METHOD 2.2, 2.13.
    """
    rule, plan = snapshot.rule, _effective(snapshot.plan, snapshot.rule)
    if rule.is_context or rule.value_type is ValueType.TEXT or rule.direction in _KEPT:
        return refuse(
            RefusalCode.NOT_NUMERIC,
            gettext_noop(
                "Nothing is to move from a baseline to a target here, so there is no way to follow."
            ),
        )
    if isinstance(wrong := _achieved(plan.baseline or Decimal(0), rule, plan), Refusal):
        return wrong
    begun = started(snapshot.series, snapshot.as_of)
    since = plan.baseline_on
    found: list[tuple[date, Decimal | None]] = [] if since is None else [(since, Decimal(0))]
    for place, period in enumerate(begun):
        if since is None or period.ends_on > since:
            found.append((period.ends_on, _share_by(begun[: place + 1], rule, plan)))
    return tuple(found)


def _share_by(begun: Sequence[PeriodValue], rule: IndicatorRule, plan: Plan) -> Decimal | None:
    """What was achieved by the end of these periods; None where the last one brought no figure."""
    value = None if begun[-1].value is None else value_of(begun, rule, plan).value
    share = None if value is None else _achieved(value, rule, plan)
    return share if isinstance(share, Decimal) else None


def judge_many(snapshots: Iterable[Snapshot]) -> list[Judgement]:
    """One judgement for each snapshot, in their order, each as `judge` gives it; trends are computed together."""
    readings = [_read(one) for one in snapshots]
    moving = trends([_movement_of(one) for one in readings])
    return [_judged(one, trend) for one, trend in zip(readings, moving, strict=True)]


def _movement_of(reading: _Reading) -> TrendQuestion:
    known = [p for p in reading.series if p.value is not None]
    return TrendQuestion(
        days=tuple([p.ends_on for p in known]),
        values=tuple([p.value for p in known if p.value is not None]),
        direction=reading.snapshot.rule.direction,
        has_better=not reading.snapshot.rule.is_context,
    )


def _read(snapshot: Snapshot) -> _Reading:
    rule, plan = snapshot.rule, _effective(snapshot.plan, snapshot.rule)
    series = started(snapshot.series, snapshot.as_of)
    is_text = rule.value_type is ValueType.TEXT
    current = _latest_text(series) if is_text else value_of(series, rule, plan)
    return _Reading(snapshot=snapshot, plan=plan, series=series, current=current)


def _judged(reading: _Reading, moving: Trend) -> Judgement:
    snapshot, plan, series, current = reading.snapshot, reading.plan, reading.series, reading.current
    rule, rules = snapshot.rule, snapshot.rules
    goes_stale = _stale_from(current, snapshot)
    missing = _why_no_current_data(current, goes_stale, snapshot.as_of)
    progress = _progress(series, current, rule, plan, rules)
    status, refusal = _status(missing, progress, rule)
    covered = coverage(series, snapshot.as_of)
    pace = _pace(current, rule, plan)
    is_over = _is_over_target(progress.achieved, rule, plan, rules)
    is_judged = status in _JUDGED
    is_approximate = is_judged and progress.is_approximate
    return Judgement(
        status=status,
        refusal=refusal,
        value=current.value,
        value_on=current.on,
        achievement=progress.achieved,
        achievement_original=_achievement_original(reading, progress.achieved),
        expected_achievement=progress.expected,
        on_track_index=progress.index,
        planned_value=progress.planned,
        required_pace=pace,
        is_over_target=is_over,
        is_approximate=is_approximate,
        trend=moving,
        coverage=covered,
        stale_from=goes_stale,
        steps=_steps(current, rule, progress, pace, missing),
        sentence=explain.sentence(
            status=status,
            refusal=refusal,
            current=current,
            plan=plan,
            planned=None if rule.direction in _KEPT else progress.planned,
            extra=progress.said,
            rule=rule,
            trend=moving,
            covered=covered,
            is_over_target=is_over and is_judged,
            is_approximate=is_approximate,
            required_pace=pace if is_judged else None,
            rules=rules,
        ),
    )


def _effective(plan: Plan, rule: IndicatorRule) -> Plan:
    """A thing that is done or not starts at 0, is meant to be 1, and is due at its date, not little by little."""
    if rule.value_type not in _DONE_OR_NOT:
        return plan
    trajectory = plan.trajectory
    if trajectory is Trajectory.LINEAR and not plan.milestones:
        trajectory = Trajectory.STEP
    return replace(
        plan,
        baseline=Decimal(0) if plan.baseline is None else plan.baseline,
        target=Decimal(1) if plan.target is None else plan.target,
        trajectory=trajectory,
    )


def _stale_from(current: CurrentValue, snapshot: Snapshot) -> date | None:
    if current.on is None:
        return None
    return stale_from(
        current.on,
        frequency_days=snapshot.frequency_days,
        grace_days=snapshot.grace_days,
        rules=snapshot.rules,
    )


def _why_no_current_data(current: CurrentValue, limit: date | None, as_of: date) -> Refusal | None:
    if current.on is None:
        return refuse(RefusalCode.NO_APPROVED_DATA, gettext_noop("There are no approved data yet."))
    if limit is None or as_of < limit:
        return None
    return refuse(
        RefusalCode.STALE,
        gettext_noop("The latest value is of %(on)s and no longer counts as current since %(limit)s."),
        on=current.on,
        limit=limit,
    )


def _latest_text(series: Sequence[PeriodValue]) -> CurrentValue:
    """A narrative has no value, but a day it was last reported for."""
    return CurrentValue(value=None, on=max((p.ends_on for p in series if p.reported), default=None))


def _status(
    missing: Refusal | None, progress: _Progress, rule: IndicatorRule
) -> tuple[Status, Refusal | None]:
    if rule.is_context or rule.value_type is ValueType.TEXT:
        return Status.MONITORED, missing
    if missing is not None:
        return Status.NOT_REPORTING, missing
    return progress.status, progress.refusal


def _progress(
    series: Sequence[PeriodValue], current: CurrentValue, rule: IndicatorRule, plan: Plan, rules: Rules
) -> _Progress:
    if rule.is_context or rule.value_type is ValueType.TEXT:
        return _Progress()
    if rule.direction in _KEPT:
        return _kept_within(series, current, rule, plan)
    if current.value is None:
        return _Progress(refusal=current.refusal)
    return _on_the_way(current, current.value, rule, plan, rules)


def _on_the_way(
    current: CurrentValue, actual: Decimal, rule: IndicatorRule, plan: Plan, rules: Rules
) -> _Progress:
    achieved = _achieved(actual, rule, plan)
    if isinstance(achieved, Refusal):
        return _Progress(refusal=achieved)
    assert plan.baseline is not None
    assert plan.target is not None
    steps = [explain.achievement_step(actual, plan, achieved, rule)]
    if rule.value_type in _DONE_OR_NOT and achieved >= 1:
        return _Progress(status=Status.ON_TRACK, achieved=achieved, planned=plan.target, steps=tuple(steps))
    if rule.value_type is ValueType.EFFECT_SIZE:
        return _effect_size(current, actual, achieved, plan, rule, rules, steps)
    planned = planned_for(current, rule, plan)
    if isinstance(planned, Refusal):
        return _Progress(refusal=planned, achieved=achieved, steps=tuple(steps))
    expected = achievement(planned, plan.baseline, plan.target)
    assert isinstance(expected, Decimal)
    if isinstance(outside := _within_measure(expected), Refusal):
        return _Progress(refusal=outside, achieved=achieved, steps=tuple(steps))
    steps += [
        explain.planned_step(planned, plan, current, rule),
        explain.expected_step(planned, plan, expected, rule),
    ]
    index = on_track_index(achieved, expected, rules)
    if isinstance(index, Refusal):
        return _Progress(
            refusal=index, achieved=achieved, expected=expected, planned=planned, steps=tuple(steps)
        )
    steps.append(explain.index_step(achieved, expected, index, plan, rules))
    status = status_of(index, achieved, plan)
    is_approximate = False
    if current.standard_error is not None and current.standard_error > 0:
        is_approximate, step = _within_error(current, actual, expected, status, plan, rule)
        steps.append(step)
    return _Progress(
        status=status,
        achieved=achieved,
        expected=expected,
        index=index,
        planned=planned,
        is_approximate=is_approximate,
        steps=tuple(steps),
    )


def _achieved(actual: Decimal, rule: IndicatorRule, plan: Plan) -> Decimal | Refusal:
    achieved = achievement(actual, plan.baseline, plan.target)
    if isinstance(achieved, Refusal):
        return achieved
    assert plan.baseline is not None
    assert plan.target is not None
    return check_direction(rule.direction, plan.baseline, plan.target) or _within_measure(achieved)


def _within_measure(share: Decimal) -> Decimal | Refusal:
    """No programme goes so many times its planned change: a slip in the figure, or a target beside its baseline."""
    if abs(share) < LARGEST_SHARE:
        return share
    return refuse(
        RefusalCode.OUT_OF_BOUNDS,
        gettext_noop("The figure lies more than %(times)s times the planned change away from the baseline."),
        times=f"{LARGEST_SHARE:,}".replace(",", "\N{NO-BREAK SPACE}"),
    )


def _effect_size(
    current: CurrentValue,
    actual: Decimal,
    achieved: Decimal,
    plan: Plan,
    rule: IndicatorRule,
    rules: Rules,
    steps: list[Step],
) -> _Progress:
    """A pre-agreed minimal effect holds for each course, nothing is due bit by bit; the lower limit counts."""
    assert plan.baseline is not None
    assert plan.target is not None
    sure = achieved
    if current.standard_error is not None:
        low = actual - Z_95 * current.standard_error
        high = actual + Z_95 * current.standard_error
        if plan.target < plan.baseline:
            low, high = high, low
        lower = achievement(exact.rounded(low), plan.baseline, plan.target)
        assert isinstance(lower, Decimal)
        sure = lower
        steps.append(explain.error_step(min(low, high), max(low, high), None, rule))
    status = status_of(sure, sure, plan)
    steps.append(explain.index_step(sure, Decimal(1), sure, plan, rules))
    return _Progress(
        status=status,
        achieved=achieved,
        expected=Decimal(1),
        index=sure,
        planned=plan.target,
        is_approximate=status is not status_of(achieved, achieved, plan),
        steps=tuple(steps),
    )


def _within_error(
    current: CurrentValue, actual: Decimal, expected: Decimal, status: Status, plan: Plan, rule: IndicatorRule
) -> tuple[bool, Step]:
    """Would the colour be another at one end of the 95 % interval? And how likely is the on-track border passed?"""
    assert current.standard_error is not None
    assert plan.baseline is not None
    assert plan.target is not None
    ends = [exact.rounded(actual + sign * Z_95 * current.standard_error) for sign in (-1, 1)]
    colours: set[Status] = {status}
    for end in ends:
        achieved = achievement(end, plan.baseline, plan.target)
        assert isinstance(achieved, Decimal)
        colours.add(status_of(exact.quotient(achieved, expected), achieved, plan))
    border = plan.baseline + plan.on_track_from * expected * (plan.target - plan.baseline)
    z = float((actual - border) / current.standard_error)
    probability = normal_cdf(z if plan.target > plan.baseline else -z)
    return len(colours) > 1, explain.error_step(ends[0], ends[1], probability, rule)


def _kept_within(
    series: Sequence[PeriodValue], current: CurrentValue, rule: IndicatorRule, plan: Plan
) -> _Progress:
    """Share of periods inside the bounds; a missing earlier period counts as not met and is listed (METHOD 2.2)."""
    low, high = _bounds(rule.direction, plan)
    if (rule.direction is Direction.RANGE and (low is None or high is None)) or (
        low is None and high is None
    ):
        return _Progress(refusal=missing_plan(Decimal(0), None))
    counted = [p for p in series if plan.baseline_on is None or p.ends_on > plan.baseline_on]
    reported = [i for i, p in enumerate(counted) if p.value is not None]
    if not reported:
        return _Progress(refusal=current.refusal or (_too_early() if current.on else None))
    counted = counted[: reported[-1] + 1]
    refused = [p for p in counted if p.value is None and p.refusal is not None]
    missing = [p for p in counted if p.value is None and p.refusal is None]
    outside = [p for p in counted if p.value is not None and not is_inside(p.value, low, high)]
    total = len(counted) - len(refused)
    met = total - len(missing) - len(outside)
    share = exact.quotient(Decimal(met), Decimal(total))
    status = status_of(share, share, plan)
    steps = [explain.share_step(met, total, low, high, rule)]
    for label, periods in (
        (gettext_noop("Periods outside the bounds"), outside),
        (gettext_noop("Periods without a report, counted as not met"), missing),
        (gettext_noop("Periods with too little data, left out"), refused),
    ):
        if periods:
            steps.append(explain.listed_step(label, periods))
    return _Progress(
        status=status,
        achieved=share,
        expected=Decimal(1),
        index=share,
        is_approximate=any(
            status is not status_of(other, other, plan)
            for change in _changes_inside_error(counted, low, high)
            for other in [exact.quotient(Decimal(met + change), Decimal(total))]
        ),
        planned=None if rule.direction is Direction.RANGE else (low if low is not None else high),
        steps=tuple(steps),
        said=explain.kept_within(met, total, len(missing)),
    )


def _changes_inside_error(
    periods: Sequence[PeriodValue], low: Decimal | None, high: Decimal | None
) -> set[int]:
    """What a single period would add to those inside the bounds if its value lay elsewhere in its 95 % interval."""
    found = set()
    for period in periods:
        if period.value is None or not period.standard_error:
            continue
        reach = Z_95 * period.standard_error
        least, most = period.value - reach, period.value + reach
        if is_inside(period.value, low, high):
            if not (is_inside(least, low, None) and is_inside(most, None, high)):
                found.add(-1)
        elif is_inside(most, low, None) and is_inside(least, None, high):
            found.add(1)
    return found


def _too_early() -> Refusal:
    return refuse(
        RefusalCode.TOO_EARLY, gettext_noop("No period after the baseline date has been reported yet.")
    )


def _bounds(direction: Direction, plan: Plan) -> tuple[Decimal | None, Decimal | None]:
    match direction:
        case Direction.MAINTAIN_ABOVE:
            return plan.range_low if plan.range_low is not None else plan.target, None
        case Direction.MAINTAIN_BELOW:
            return None, plan.range_high if plan.range_high is not None else plan.target
        case _:
            return plan.range_low, plan.range_high


def _achievement_original(reading: _Reading, achieved: Decimal | None) -> Decimal | None:
    """The same achievement against the first plan; a cumulative value starts from that plan's own baseline."""
    rule, series = reading.snapshot.rule, reading.series
    original = _effective(reading.snapshot.original_plan, rule)
    if original == reading.plan or rule.is_context or rule.value_type is ValueType.TEXT:
        return achieved
    if rule.direction in _KEPT:
        return _kept_within(series, reading.current, rule, original).achieved
    value = value_of(series, rule, original).value
    against = None if value is None else _achieved(value, rule, original)
    return against if isinstance(against, Decimal) else None


def _is_over_target(achieved: Decimal | None, rule: IndicatorRule, plan: Plan, rules: Rules) -> bool:
    if achieved is None or rule.direction in _KEPT or rule.is_context or rule.value_type in _WITHOUT_PACE:
        return False
    return achieved > (rules.over_target_from if plan.over_target_from is None else plan.over_target_from)


def _pace(current: CurrentValue, rule: IndicatorRule, plan: Plan) -> Decimal | None:
    judged_by_path = rule.direction not in _KEPT and not rule.is_context
    if not judged_by_path or current.value is None or current.on is None:
        return None
    if rule.value_type in _WITHOUT_PACE:
        return None
    return required_pace(plan, current.value, current.on)


def _steps(
    current: CurrentValue,
    rule: IndicatorRule,
    progress: _Progress,
    pace: Decimal | None,
    missing: Refusal | None,
) -> tuple[Step, ...]:
    steps: list[Step] = []
    if current.value is not None:
        steps += explain.value_steps(current, rule)
    steps += progress.steps
    if pace is not None:
        steps.append(explain.pace_step(pace))
    for refusal in (missing, progress.refusal):
        if refusal is not None:
            steps.append(explain.refusal_step(refusal))
    return tuple(steps)
