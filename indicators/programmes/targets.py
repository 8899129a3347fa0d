"""What an agreement on baseline and target must satisfy (METHOD 2.2, 2.13, 4.4). Checks; saves nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from indicators.engine.display import format_share
from indicators.engine.rules import Rules
from indicators.models import (
    AdjustmentDecision,
    Direction,
    IndicatorVersion,
    Programme,
    TargetRevision,
    ValueType,
)

PLAN_FIELDS = (
    "baseline",
    "baseline_on",
    "baseline_source",
    "target",
    "target_on",
    "range_low",
    "range_high",
    "trajectory",
    "on_track_from",
    "at_risk_from",
)
MilestoneRow = tuple[date, Decimal, str]


class Faults:
    """Collects what is wrong, field by field, and raises it all at once."""

    def __init__(self) -> None:
        self.by_field: dict[str, list[str]] = {}

    def add(self, field: str, text: str) -> None:
        self.by_field.setdefault(field, []).append(text)

    def raise_any(self) -> None:
        if self.by_field:
            raise ValidationError(self.by_field)


def plain(value: Decimal | None) -> str:
    """A decimal without trailing zeros, as a person would type it."""
    return "" if value is None else format(value.normalize(), "f")


def check_plan(
    version: IndicatorVersion,
    plan: Mapping[str, Any],
    milestones: Sequence[MilestoneRow],
    reason: str,
    rules: Rules,
) -> None:
    """Raise ValidationError, keyed by field, unless the plan makes sense for the library version."""
    faults = Faults()
    if version.is_context or version.value_type == ValueType.TEXT:
        _check_nothing_planned(plan, milestones, faults)
    else:
        _check_baseline(plan, faults)
        _check_target(plan, faults)
        _check_direction(version, plan, faults)
        _check_range(version, plan, faults)
        _check_bounds(version, plan, milestones, faults)
        _check_milestones(plan, milestones, faults)
        _check_thresholds(plan, reason, faults, rules)
    faults.raise_any()


def _check_nothing_planned(
    plan: Mapping[str, Any], milestones: Sequence[MilestoneRow], faults: Faults
) -> None:
    for field in ("target", "range_low", "range_high"):
        if plan.get(field) is not None:
            faults.add(
                field,
                _("%s was given, but this indicator is watched and never judged; leave it empty.")
                % plain(plan[field]),
            )
    if milestones:
        faults.add("milestones", _("This indicator is watched and never judged; leave milestones empty."))


def _check_baseline(plan: Mapping[str, Any], faults: Faults) -> None:
    if plan.get("baseline") is None:
        return
    if plan.get("baseline_on") is None:
        faults.add("baseline_on", _("Empty; a baseline needs the day on which it was true."))
    if not plan.get("baseline_source"):
        faults.add("baseline_source", _("Empty; say where the baseline comes from."))


def _check_target(plan: Mapping[str, Any], faults: Faults) -> None:
    begun, due = plan.get("baseline_on"), plan.get("target_on")
    if plan.get("target") is not None and due is None:
        faults.add("target_on", _("Empty; a target needs the day by which it is due."))
    if begun is not None and due is not None and due <= begun:
        faults.add(
            "target_on",
            _("%(given)s is not after the baseline date %(expected)s.")
            % {"given": date_format(due, "DATE_FORMAT"), "expected": date_format(begun, "DATE_FORMAT")},
        )


def _check_direction(version: IndicatorVersion, plan: Mapping[str, Any], faults: Faults) -> None:
    baseline, target = plan.get("baseline"), plan.get("target")
    moving = version.direction in {Direction.ASCENDING, Direction.DESCENDING}
    if not moving or baseline is None or target is None:
        return
    numbers = {"target": plain(target), "baseline": plain(baseline)}
    if baseline == target:
        faults.add(
            "target",
            _("Target %(target)s equals baseline %(baseline)s: no change is planned that could be measured.")
            % numbers,
        )
    elif version.direction == Direction.ASCENDING and target < baseline:
        faults.add(
            "target",
            _("Higher is better here, but target %(target)s lies below baseline %(baseline)s; expected more.")
            % numbers,
        )
    elif version.direction == Direction.DESCENDING and target > baseline:
        faults.add(
            "target",
            _("Lower is better here, but target %(target)s lies above baseline %(baseline)s; expected less.")
            % numbers,
        )


def _check_range(version: IndicatorVersion, plan: Mapping[str, Any], faults: Faults) -> None:
    low, high = plan.get("range_low"), plan.get("range_high")
    if version.direction != Direction.RANGE:
        for field, value in (("range_low", low), ("range_high", high)):
            if value is not None:
                faults.add(
                    field,
                    _("%s was given, but this indicator has a target, not a range; leave it empty.")
                    % plain(value),
                )
        return
    if plan.get("target") is not None:
        faults.add(
            "target",
            _("%s was given, but this indicator has a range, not a target; leave it empty.")
            % plain(plan["target"]),
        )
    if low is None and high is not None:
        faults.add("range_low", _("Empty; a range needs both limits."))
    if high is None and low is not None:
        faults.add("range_high", _("Empty; a range needs both limits."))
    if low is not None and high is not None and low >= high:
        faults.add(
            "range_high",
            _("Upper limit %(high)s is not above lower limit %(low)s.")
            % {"high": plain(high), "low": plain(low)},
        )


def _check_bounds(
    version: IndicatorVersion, plan: Mapping[str, Any], milestones: Sequence[MilestoneRow], faults: Faults
) -> None:
    """Nothing outside the values that the library says are possible."""
    values = [(name, plan.get(name)) for name in ("baseline", "target", "range_low", "range_high")]
    for field, value in [*values, *(("milestones", row[1]) for row in milestones)]:
        if value is None:
            continue
        below = version.lower_bound is not None and value < version.lower_bound
        above = version.upper_bound is not None and value > version.upper_bound
        if below or above:
            faults.add(
                field,
                _("%(given)s is not possible for this indicator; expected %(low)s to %(high)s %(unit)s.")
                % {
                    "given": plain(value),
                    "low": plain(version.lower_bound) or "−∞",
                    "high": plain(version.upper_bound) or "∞",
                    "unit": version.unit,
                },
            )


def _check_milestones(plan: Mapping[str, Any], milestones: Sequence[MilestoneRow], faults: Faults) -> None:
    begun, due = plan.get("baseline_on"), plan.get("target_on")
    days = [row[0] for row in milestones]
    for day in sorted({day for day in days if days.count(day) > 1}):
        faults.add(
            "milestones",
            _("%s stands twice; each milestone has its own day.") % date_format(day, "DATE_FORMAT"),
        )
    for day in days:
        if (begun is not None and day <= begun) or (due is not None and day >= due):
            faults.add(
                "milestones",
                _("%(given)s does not lie between baseline date %(from)s and target date %(until)s.")
                % {
                    "given": date_format(day, "DATE_FORMAT"),
                    "from": date_format(begun, "DATE_FORMAT") if begun else "–",
                    "until": date_format(due, "DATE_FORMAT") if due else "–",
                },
            )
    if plan.get("trajectory") in {"step", "milestones"} and not milestones:
        faults.add(
            "trajectory",
            _("This path goes through milestones, but none was given; add one or choose another."),
        )


def _check_thresholds(plan: Mapping[str, Any], reason: str, faults: Faults, rules: Rules) -> None:
    green, amber = plan["on_track_from"], plan["at_risk_from"]
    if amber <= 0 or amber > green:
        faults.add(
            "at_risk_from",
            _("%(given)s was given; expected more than 0 and at most “on track from”, %(limit)s.")
            % {"given": plain(amber), "limit": plain(green)},
        )
    lower = green < rules.on_track_from or amber < rules.at_risk_from
    if lower and not reason.strip():
        faults.add(
            "reason",
            _("Empty; thresholds below the usual %(green)s and %(amber)s need a reason.")
            % {"green": plain(rules.on_track_from), "amber": plain(rules.at_risk_from)},
        )


def frozen_from(programme: Programme, rules: Rules) -> date:
    """The first day on which targets stand still: the last fifth of the programme, by METHOD 4.4's own value."""
    days = (programme.ends_on - programme.starts_on).days
    return programme.starts_on + timedelta(days=int(days * (1 - rules.frozen_share)))


def check_not_frozen(programme: Programme, reason_code: str, *, on: date, rules: Rules) -> None:
    """Refuse to move a target late in a programme, unless an evaluation decided it."""
    first = frozen_from(programme, rules)
    if on >= first and reason_code != TargetRevision.Reason.EVALUATION:
        raise ValidationError(
            {
                "reason_code": _(
                    "“%(given)s” was given, but since %(day)s the programme is in its last %(share)s and targets stand "
                    "still; only an evaluation decision moves them now."
                )
                % {
                    "given": TargetRevision.Reason(reason_code).label,
                    "day": date_format(first, "DATE_FORMAT"),
                    "share": format_share(rules.frozen_share),
                }
            }
        )


def check_decision(programme: Programme, reason_code: str, decision: AdjustmentDecision | None) -> None:
    """An evaluation decision is named, not merely said; and it is one of this programme that may move a target."""
    if decision is None:
        if reason_code == TargetRevision.Reason.EVALUATION:
            raise ValidationError({"decision": _("Empty; choose the decision that this carries out.")})
        return
    if decision.programme_id != programme.pk:
        raise ValidationError({"decision": _("This is a decision of another programme.")})
    if decision.kind not in AdjustmentDecision.MOVES_TARGETS:
        raise ValidationError(
            {
                "decision": _("“%(given)s” was decided, which moves no target.")
                % {"given": decision.get_kind_display()}
            }
        )
    if reason_code != TargetRevision.Reason.EVALUATION:
        raise ValidationError(
            {
                "reason_code": _(
                    "“%(given)s” was given; what carries out a decision is an evaluation decision."
                )
                % {"given": TargetRevision.Reason(reason_code).label}
            }
        )
