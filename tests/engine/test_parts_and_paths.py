"""Figures that other tests only touch: errors and counts behind joined values, messages, and curved paths."""

from datetime import date
from decimal import Decimal

import pytest

from indicators.engine.achievement import check_direction, distance_outside, planned_value, required_pace
from indicators.engine.rollup import check_parts, inverse_variance_mean, join_values, roll_up_period
from indicators.engine.types import Direction, Measurement, Plan, SiteRule, Trajectory

from . import cases

DAY = date(2025, 1, 1)


def rolled(rows, **rule):
    return roll_up_period(rows, cases.rule(**rule), starts_on=DAY, ends_on=DAY, label="", expected=len(rows))


def rows(*given):
    return [cases.measurement(i, {"site": i, **one}) for i, one in enumerate(given)]


def test_errors_and_counts_of_a_sum_and_a_mean():
    given = rows({"value": 1, "standard_error": 3, "n": 4}, {"value": 2, "standard_error": 4, "n": 5})

    total, mean = rolled(given, site_rule="sum"), rolled(given, site_rule="mean")

    assert (total.value, total.standard_error, total.n) == (3, 5, 9)
    assert (mean.value, mean.standard_error, mean.n) == (Decimal("1.5"), Decimal("2.5"), 9)


def test_a_count_or_error_that_one_part_lacks_is_unknown_for_the_whole():
    found = rolled(rows({"value": 1, "standard_error": 3, "n": 4}, {"value": 2}), site_rule="sum")

    assert (found.value, found.standard_error, found.n) == (3, None, None)


def test_a_pooled_share_keeps_its_parts_and_cases():
    given = [
        Measurement(id=i, site=i, numerator=Decimal(a), denominator=Decimal(b), n=n)
        for i, (a, b, n) in enumerate([(1, 4, 4), (3, 4, 5)])
    ]

    found = rolled(given, value_type="ratio", scale=100)

    assert (found.value, found.numerator, found.denominator, found.n) == (50, 4, 8, 9)


def test_a_site_with_nothing_to_count_is_left_out_of_a_mean_of_shares():
    given = rows({"parts": (1, 4)}, {"parts": (0, 0)}, {"parts": (3, 4)})

    found = rolled(given, value_type="ratio", site_rule="mean", scale=100)

    assert (found.value, found.numerator, found.denominator) == (50, None, 8)
    assert (
        rolled(rows({"parts": (0, 0)}, {"parts": (0, 0)}), value_type="ratio", site_rule="mean").value is None
    )


def test_a_weighted_mean_of_shares_weighs_by_denominators_where_n_is_not_stated():
    given = rows({"parts": (1, 10)}, {"parts": (15, 30)})

    assert rolled(given, value_type="ratio", site_rule="mean_weighted_n", scale=100).value == 40


def test_an_inverse_variance_mean_has_the_error_of_all_together():
    assert inverse_variance_mean([Decimal(1), Decimal(3)], [Decimal(1), Decimal(1)]) == (
        2,
        Decimal("0.7071067812"),
    )
    refused = inverse_variance_mean([Decimal(1), Decimal(3), Decimal(4)], [Decimal(0), None, Decimal(1)])
    assert str(refused.message) == (
        "The inverse-variance mean needs a standard error above 0 of each part; 2 have none."
    )


def test_a_weighted_mean_without_counts_says_how_many_are_missing():
    refused = join_values(
        [Decimal(1)] * 3, SiteRule.MEAN_WEIGHTED_N, n=[4, None, None], standard_errors=[None] * 3
    )

    assert str(refused.message) == (
        "The weighted mean needs the number of cases (n) of each part; 2 have none."
    )


@pytest.mark.parametrize(("how", "value"), [("min", 1), ("max", 7), ("median", 2)])
def test_rules_that_pick_a_site_know_no_error(how, value):
    found = rolled(
        rows(
            {"value": 2, "standard_error": 1},
            {"value": 7, "standard_error": 1},
            {"value": 1, "standard_error": 1},
        ),
        site_rule=how,
    )

    assert (found.value, found.standard_error) == (value, None)


@pytest.mark.parametrize(
    ("rule", "cells", "value"),
    [
        ({"value_type": "count", "site_rule": "mean"}, [{"value": 2}, {"value": 3}], 5),
        (
            {"value_type": "ratio", "site_rule": "mean", "scale": 100},
            [{"parts": (1, 10)}, {"parts": (29, 30)}],
            75,
        ),
        (
            {"value_type": "score", "site_rule": "not_applicable"},
            [{"value": 1, "n": 1}, {"value": 4, "n": 2}],
            3,
        ),
        (
            {"value_type": "score", "site_rule": "mean"},
            [{"value": 1, "n": 1}, {"value": 4, "n": 2}],
            Decimal("2.5"),
        ),
    ],
)
def test_cells_of_one_site_join_by_kind_of_value(rule, cells, value):
    given = [cases.measurement(i, {"site": 1, "cell": f"d={i}", **one}) for i, one in enumerate(cells)]

    assert rolled(given, **rule).value == value


def test_the_first_site_whose_parts_differ_is_named_in_full():
    given = [
        cases.measurement(i, {"site": site, "cell": cell, "value": Decimal(value)})
        for i, (site, cell, value) in enumerate(
            [(2, "", 9), (2, "s=f;x=1", 1), (1, "s=f", 4), (3, "", "4.12344"), (3, "a=1;b=1", "4.12335")]
        )
    ]

    assert str(check_parts(given[::-1])) == "The parts by s, x give value 1, but the total says 9."
    assert str(check_parts(given[3:])) == "The parts by a, b give value 4.1234, but the total says 4.1234."
    assert check_parts(given[:2], cases.rule(value_type="score", site_rule="mean")) is None
    assert check_parts(given[:2], cases.rule(value_type="count", site_rule="mean")) is not None
    assert check_parts(given[:2], cases.rule(value_type="number", site_rule="sum")) is not None


def plan(**given):
    ends = {
        "baseline": Decimal(0),
        "target": Decimal(100),
        "baseline_on": date(2025, 1, 1),
        "target_on": date(2025, 1, 11),
    }
    return Plan(**(ends | given))


@pytest.mark.parametrize(("day", "value"), [(1, 0), (3, "10.4"), (6, 50), (9, "89.6"), (11, 100), (12, 100)])
def test_a_curved_path_is_slow_at_both_ends(day, value):
    assert planned_value(plan(trajectory=Trajectory.S_CURVE), date(2025, 1, day)) == Decimal(str(value))


def test_a_path_of_steps_holds_each_value_from_its_day_on():
    path = plan(
        trajectory=Trajectory.STEP,
        milestones=(
            (date(2025, 1, 4), Decimal(30)),
            (date(2025, 1, 1), Decimal(7)),
            (date(2025, 1, 11), Decimal(8)),
        ),
    )

    assert [planned_value(path, date(2025, 1, d)) for d in (1, 3, 4, 10, 11)] == [0, 0, 30, 30, 100]


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"baseline": None}, "No baseline is recorded, so change cannot be measured."),
        ({"target": None}, "No target is recorded."),
        ({"baseline_on": None}, "The baseline has no date."),
        ({"target_on": None}, "The target has no date."),
    ],
)
def test_a_path_without_an_end_says_which(given, text):
    assert str(planned_value(plan(**given), DAY).message) == text


def test_a_target_on_the_wrong_side_says_so():
    up = check_direction(Direction.ASCENDING, Decimal("5.00001"), Decimal(3))
    down = check_direction(Direction.DESCENDING, Decimal(3), Decimal(5))

    assert str(up.message) == "More is better here, but the target 3 is below the baseline 5."
    assert str(down.message) == "Less is better here, but the target 5 is above the baseline 3."
    assert check_direction(Direction.ASCENDING, Decimal(3), Decimal(3)) is None
    assert check_direction(Direction.DESCENDING, Decimal(3), Decimal(3)) is None


def test_the_pace_needed_against_the_pace_so_far():
    assert required_pace(plan(), Decimal(25), date(2025, 1, 6)) == 3
    assert required_pace(plan(), Decimal(100), date(2025, 1, 6)) == 0
    assert required_pace(plan(), Decimal(0), date(2025, 1, 6)) is None
    assert required_pace(plan(), Decimal(50), date(2025, 1, 11)) is None
    assert required_pace(plan(), Decimal(50), date(2025, 1, 1)) is None
    assert required_pace(plan(target=Decimal(0)), Decimal(50), date(2025, 1, 6)) is None


@pytest.mark.parametrize(("value", "outside"), [(5, 0), (0, 0), (10, 0), (-5, "0.5"), (12, "0.2")])
def test_how_far_outside_in_widths_of_the_range(value, outside):
    assert distance_outside(Decimal(value), Decimal(0), Decimal(10)) == Decimal(str(outside))


def test_outside_a_range_without_width_is_the_distance_itself():
    assert distance_outside(Decimal(7), Decimal(4), Decimal(4)) == 3
