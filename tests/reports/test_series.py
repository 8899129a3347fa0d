"""Charts of indicators: gaps stay gaps, sums run, borders follow the path."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from indicators.engine.types import (
    Direction,
    IndicatorRule,
    PeriodValue,
    Plan,
    SiteRule,
    Snapshot,
    TimeRule,
    Trajectory,
    ValueType,
)
from indicators.models import IndicatorVersion, ProgrammeIndicator
from indicators.reports.series import indicator_series

START, END = date(2024, 1, 1), date(2024, 12, 31)


def rule(**given):
    return IndicatorRule(
        **{
            "value_type": ValueType.COUNT,
            "direction": Direction.ASCENDING,
            "time_rule": TimeRule.LAST,
            "site_rule": SiteRule.SUM,
        }
        | given
    )


def plan(**given):
    return Plan(
        **{"baseline": Decimal(10), "baseline_on": START, "target": Decimal(110), "target_on": END} | given
    )


def snapshot(values, *, rule_=None, plan_=None):
    series = tuple(
        PeriodValue(
            starts_on=date(2024, month, 1),
            ends_on=date(2024, month, 28),
            label=f"month {month}",
            value=None if value is None else Decimal(value),
            reported=int(value is not None),
            expected=1,
        )
        for month, value in enumerate(values, start=2)
    )
    return Snapshot(
        rule=rule_ or rule(),
        plan=plan_ or plan(),
        original_plan=plan_ or plan(),
        series=series,
        as_of=END,
        frequency_days=30,
        grace_days=15,
    )


def chart(taken):
    return indicator_series(ProgrammeIndicator(version=IndicatorVersion(name="A thing")), taken, None)


def test_a_period_without_a_report_is_a_gap_and_zero_is_a_value():
    found = chart(snapshot(["0", None, "5"]))
    assert [one.value for one in found.readings] == [0, None, 5]


def test_increments_are_drawn_as_their_running_total():
    found = chart(snapshot(["1", None, "2"], rule_=rule(time_rule=TimeRule.SUM)))
    assert [one.value for one in found.readings] == [11, None, 13]
    assert "total so far" in found.title


def test_incidents_that_should_fall_are_drawn_per_period():
    falling = plan(baseline=Decimal(9), target=Decimal(3))
    taken = snapshot(
        ["8", "7"], rule_=rule(time_rule=TimeRule.SUM, direction=Direction.DESCENDING), plan_=falling
    )
    found = chart(taken)
    assert [one.value for one in found.readings] == [8, 7]
    assert found.higher_is_better is False


def test_borders_are_shares_of_the_planned_change():
    last = chart(snapshot(["1"])).bands[-1]
    assert (last.on_track, last.at_risk) == (Decimal("100.0"), Decimal("85.00"))


def test_milestones_are_corners_of_the_path():
    found = chart(snapshot(["1"], plan_=plan(milestones=((date(2024, 7, 1), Decimal(20)),))))
    assert [(one.on, one.value) for one in found.trajectory][1] == (date(2024, 7, 1), 20)


@pytest.mark.parametrize("trajectory", list(Trajectory))
def test_every_path_starts_at_the_baseline_and_ends_at_the_target(trajectory):
    found = chart(snapshot(["1"], plan_=plan(trajectory=trajectory)))
    assert found.trajectory[0].value == 10
    assert found.trajectory[-1].value == 110


def test_a_plan_with_a_gap_draws_what_there_is():
    found = chart(snapshot(["1", "2"], plan_=plan(target=None)))
    assert found.target is None
    assert found.trajectory == []
    assert found.bands == []


def test_a_range_has_no_border_of_one_side():
    found = chart(snapshot(["1"], rule_=rule(direction=Direction.RANGE)))
    assert found.bands == []
    assert found.higher_is_better is None


def test_a_range_is_drawn_with_its_two_limits():
    within = plan(range_low=Decimal(40), range_high=Decimal(60))
    found = chart(snapshot(["50"], rule_=rule(direction=Direction.RANGE), plan_=within))
    assert (found.lower, found.upper) == (40, 60)


def test_texts_have_no_chart():
    assert chart(snapshot([], rule_=rule(value_type=ValueType.TEXT))) is None
