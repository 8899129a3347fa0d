"""An indicator's periods, plan and forecast as a chart. Draws nothing, decides nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

from django.utils.translation import gettext as _

from indicators.charts import Annotation, Band, ForecastPoint, IndicatorSeries, Level, Reading
from indicators.engine.achievement import planned_value
from indicators.engine.display import is_percent
from indicators.engine.timeline import effective_time_rule
from indicators.engine.types import (
    Direction,
    Forecast,
    IndicatorRule,
    PeriodValue,
    Plan,
    Snapshot,
    TimeRule,
    Trajectory,
    ValueType,
)
from indicators.models import ProgrammeIndicator
from indicators.reports.chart_marks import Correction, Key, Marks
from indicators.reports.wording import say

CURVE_POINTS = 16
_ON_THE_WAY = {Direction.ASCENDING: True, Direction.DESCENDING: False}


def indicator_series(
    indicator: ProgrammeIndicator,
    snapshot: Snapshot,
    forecast: Forecast | None,
    marks: Marks | None = None,
) -> IndicatorSeries | None:
    """The chart of an indicator; None for texts, which have nothing to draw."""
    rule, plan, marks = snapshot.rule, snapshot.plan, marks or Marks()
    if rule.value_type is ValueType.TEXT:
        return None
    path = _path(plan)
    return IndicatorSeries(
        title=chart_title(indicator, rule),
        unit="%" if is_percent(rule) else rule.unit,
        readings=_readings(snapshot, marks),
        baseline=_level(plan.baseline_on, plan.baseline),
        target=_level(plan.target_on, _goal(plan, rule)),
        first_target=_first_target(snapshot),
        trajectory=path if rule.direction in _ON_THE_WAY else [],
        bands=_bands(plan, path) if rule.direction in _ON_THE_WAY else [],
        higher_is_better=_ON_THE_WAY.get(rule.direction),
        forecast=_forecast(snapshot, forecast),
        carried=_carried(snapshot, forecast),
        annotations=_in_reach(snapshot, marks.annotations),
        lower=plan.range_low if rule.direction is Direction.RANGE else None,
        upper=plan.range_high if rule.direction is Direction.RANGE else None,
        lowest=rule.lower_bound,
        highest=rule.upper_bound,
    )


def chart_title(indicator: ProgrammeIndicator, rule: IndicatorRule) -> str:
    if effective_time_rule(rule) is TimeRule.SUM:
        return _("%(name)s: total so far") % {"name": indicator.name}
    return indicator.name


def _level(on: date | None, value: Decimal | None) -> Level | None:
    return None if on is None or value is None else Level(on=on, value=value)


def _goal(plan: Plan, rule: IndicatorRule) -> Decimal | None:
    """The line to reach or to keep; a range has two, drawn as its limits."""
    match rule.direction:
        case Direction.MAINTAIN_ABOVE:
            return plan.range_low if plan.range_low is not None else plan.target
        case Direction.MAINTAIN_BELOW:
            return plan.range_high if plan.range_high is not None else plan.target
        case _:
            return plan.target


def _first_target(snapshot: Snapshot) -> Level | None:
    """The first target, where the present one is another."""
    first, now = snapshot.original_plan, snapshot.plan
    then = _level(first.target_on, _goal(first, snapshot.rule))
    return None if then == _level(now.target_on, _goal(now, snapshot.rule)) else then


def _in_reach(snapshot: Snapshot, annotations: Sequence[Annotation]) -> list[Annotation]:
    """What happened before the first value or baseline is history, and would squeeze the rest to the edge."""
    starts = [one.ends_on for one in snapshot.series[:1]]
    starts += [one for one in (snapshot.plan.baseline_on,) if one is not None]
    since = min(starts, default=None)
    return [one for one in annotations if since is None or one.on >= since]


def _readings(snapshot: Snapshot, marks: Marks | None = None) -> list[Reading]:
    """One for each period, with its gap if nothing was reported; summed indicators as their running total."""
    plan, marks = snapshot.plan, marks or Marks()
    is_total = effective_time_rule(snapshot.rule) is TimeRule.SUM
    total = plan.baseline if plan.baseline is not None else Decimal(0)
    readings = []
    for period in snapshot.series:
        value, before = period.value, Decimal(0)
        if is_total and value is not None:
            if plan.baseline_on is not None and period.ends_on <= plan.baseline_on:
                continue
            before = total
            total += value
            value = total
        readings.append(_reading(period, plan, value, before, marks))
    return readings


def _reading(
    period: PeriodValue, plan: Plan, value: Decimal | None, before: Decimal, marks: Marks
) -> Reading:
    """`before`: the total that the period's own figure is added to."""
    planned = planned_value(plan, period.ends_on)
    key: Key = (period.starts_on, period.label)
    corrected = marks.corrections.get(key, Correction())
    was = None if corrected.before is None or value is None else corrected.before + before
    return Reading(
        on=period.ends_on,
        value=value,
        label=period.label,
        planned=planned if isinstance(planned, Decimal) else None,
        note=_note(period),
        grade=marks.grades.get(key, "") if value is not None else "",
        before=was,
        correction=_correction(corrected),
    )


def _correction(corrected: Correction) -> str:
    if not corrected.count:
        return ""
    return _("corrected: %(why)s") % {"why": corrected.words} if corrected.words else _("corrected")


def _note(period: PeriodValue) -> str:
    if period.refusal is not None:
        return say(period.refusal.message)
    if period.value is not None and period.reported < period.expected:
        return _("%(reported)s of %(expected)s reported") % {
            "reported": period.reported,
            "expected": period.expected,
        }
    return ""


def _path(plan: Plan) -> list[Level]:
    """The corners of the planned path; more of them where it is curved or goes in steps."""
    if plan.baseline_on is None or plan.target_on is None or plan.baseline is None or plan.target is None:
        return []
    corners = [
        plan.baseline_on,
        *(d for d, _v in plan.milestones if plan.baseline_on < d < plan.target_on),
        plan.target_on,
    ]
    if plan.trajectory is Trajectory.S_CURVE:
        span = (plan.target_on - plan.baseline_on).days
        days = {
            plan.baseline_on + timedelta(days=span * step // CURVE_POINTS) for step in range(CURVE_POINTS + 1)
        }
        corners = sorted(days)
    elif plan.trajectory is Trajectory.STEP:
        corners = sorted({*corners, *(d - timedelta(days=1) for d in corners[1:])})
    planned = ((day, planned_value(plan, day)) for day in corners)
    return [Level(on=day, value=value) for day, value in planned if isinstance(value, Decimal)]


def _bands(plan: Plan, path: Sequence[Level]) -> list[Band]:
    """From which value on a day the index passes each border: B + border × (P − B)."""
    if plan.baseline is None:
        return []
    base = plan.baseline
    return [
        Band(
            on=level.on,
            on_track=base + plan.on_track_from * (Decimal(level.value) - base),
            at_risk=base + plan.at_risk_from * (Decimal(level.value) - base),
        )
        for level in path
    ]


def _forecast(snapshot: Snapshot, forecast: Forecast | None) -> list[ForecastPoint]:
    """From the last value to the target date, with the interval where there is one."""
    readings = [one for one in _readings(snapshot) if one.value is not None]
    if forecast is None or not readings or forecast.on <= readings[-1].on:
        return []
    start = readings[-1]
    assert start.value is not None
    low = forecast.low if forecast.low is not None else forecast.value
    high = forecast.high if forecast.high is not None else forecast.value
    return [
        ForecastPoint(on=start.on, low=start.value, middle=start.value, high=start.value),
        ForecastPoint(on=forecast.on, low=low, middle=forecast.value, high=high),
    ]


def _carried(snapshot: Snapshot, forecast: Forecast | None) -> list[Level]:
    """The last value, as if nothing changed any more until the target date."""
    points = _forecast(snapshot, forecast)
    return [Level(on=one.on, value=points[0].middle) for one in points]
