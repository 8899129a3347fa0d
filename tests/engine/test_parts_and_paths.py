"""Figures that other tests only touch: errors and counts behind joined values, messages, and curved paths."""

from datetime import date
from decimal import Decimal

import pytest

from indicators.engine.achievement import (
    Done,
    Undertaking,
    achievement,
    band_around,
    check_direction,
    distance_outside,
    on_track_index,
    planned_value,
    required_pace,
    weight_done,
)
from indicators.engine.errors import EngineError
from indicators.engine.judge import judge
from indicators.engine.periods import Frequency
from indicators.engine.rollup import check_parts, inverse_variance_mean, join_values, roll_up_period
from indicators.engine.timeline import current_value
from indicators.engine.types import (
    Direction,
    Measurement,
    Plan,
    RefusalCode,
    SiteRule,
    Trajectory,
)

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


# --- One site that speaks for all ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("rule", "value", "error", "n"), [("first", 7, 1, 4), ("last", 9, 3, 6)])
def test_one_site_speaks_for_all_with_its_own_error_and_cases(rule, value, error, n):
    given = rows(
        {"value": 7, "standard_error": 1, "n": 4},
        {"value": 8, "standard_error": 2, "n": 5},
        {"value": 9, "standard_error": 3, "n": 6},
    )

    for order in (given, given[::-1]):
        found = rolled(order, site_rule=rule)
        assert (found.value, found.standard_error, found.n, found.reported) == (value, error, n, 3)


def test_the_cells_of_the_site_that_speaks_are_joined_and_its_shares_keep_their_parts():
    cells = [
        Measurement(id=i, site=site, cell=f"sex={sex}", numerator=Decimal(a), denominator=Decimal(b))
        for i, (site, sex, a, b) in enumerate([(1, "f", 1, 4), (1, "m", 3, 4), (2, "f", 9, 9)])
    ]

    found = rolled(cells, value_type="ratio", site_rule="first", scale=100)

    assert (found.value, found.numerator, found.denominator) == (50, 4, 8)


def test_weights_of_shares_are_not_cut_to_whole_numbers():
    hours = rows({"parts": ("0.25", "0.5")}, {"parts": ("1.5", "1.5")})

    assert rolled(hours, value_type="ratio", site_rule="mean_weighted_n", scale=100).value == Decimal("87.5")


# --- Windows over time ---------------------------------------------------------------------------------------------


def value_of(values, how, frequency=Frequency.QUARTERLY, **plan):
    series = cases.series(values, how, frequency)
    return current_value(series, how, cases.plan(plan), date(2080, 1, 1))


@pytest.mark.parametrize(
    ("rule", "expected"),
    [("mean", 25), ("min", 10), ("max", 40), ("median", 25), ("mean_weighted_n", 25)],
)
def test_a_window_pools_the_latest_months_only(rule, expected):
    values = [{"value": v, "n": 5} for v in (900, 1, 10, 20, 30, 40)]

    found = value_of(values, cases.rule(time_rule=rule, window_months=12))

    assert found.value == expected
    assert [p.value for p in found.periods] == [10, 20, 30, 40]


def test_a_window_of_shares_pools_their_parts_and_a_gap_inside_it_stays_a_gap():
    how = cases.rule(value_type="ratio", scale=100, time_rule="ratio_of_sums", window_months=9)

    found = value_of([[9, 9], [9, 9], [1, 10], "missing", [5, 30]], how)

    assert (found.value, found.numerator, found.denominator, len(found.periods)) == (15, 6, 40, 2)


@pytest.mark.parametrize("months", [1, 2, 3, 11, 12, 13, 24])
def test_a_window_of_months_holds_as_many_months(months):
    """Also up to the end of February, which has fewer days than the months before it."""
    how = cases.rule(time_rule="mean", window_months=months)

    for count in (26, 27, 38, 50):  # February 2027, March 2027, February 2028 (a leap year), February 2029
        assert len(value_of(list(range(count)), how, Frequency.MONTHLY).periods) == months


def test_five_years_are_a_window_of_sixty_months():
    """A rolling ratio to the end of February once took sixty-one months after a leap year."""
    values = [[i, 100] for i in range(1, 99)]
    old = cases.rule(value_type="ratio", time_rule="rolling_5y_ratio")
    new = cases.rule(value_type="ratio", time_rule="ratio_of_sums", window_months=60)

    for count in (62, 74, 86, 98):
        one, other = (value_of(values[:count], how, Frequency.MONTHLY) for how in (old, new))
        assert one == other
        assert len(one.periods) == 60


def test_the_newest_period_is_in_its_window_even_if_it_is_longer():
    assert value_of([5, 7], cases.rule(time_rule="mean", window_months=3), Frequency.ANNUAL).value == 7


def test_a_programme_on_its_path_is_on_track_under_a_window_and_the_steps_say_which():
    how = cases.rule(time_rule="mean", window_months=6)
    found = judge(cases.snapshot([25, 50, 75], how, cases.plan({"baseline": 0, "target": 100})))

    # 62.5 of 100, while the path had 50 and 75 at these days (to the day: 273 of 365).
    assert found.value == Decimal("62.5")
    assert float(found.on_track_index) == pytest.approx(1, abs=0.01)
    window = found.steps[1]
    assert str(window.label) == "Only what ended within the latest 6 months counts"
    assert (window.substituted, window.result) == ("2025 Q2 – 2025 Q3", "2")


@pytest.mark.parametrize(
    ("rule", "months"), [("sum", 12), ("last", 12), ("rolling_5y_ratio", 12), ("mean", 0), ("mean", -1)]
)
def test_a_window_goes_with_rules_that_pool(rule, months):
    with pytest.raises(EngineError, match="A window of"):
        cases.rule(time_rule=rule, window_months=months)


# --- Bands and undertakings ----------------------------------------------------------------------------------------


def test_a_band_around_a_value_has_both_its_ends_whatever_the_sign():
    assert band_around(Decimal(-250), Decimal("0.05")) == (Decimal("-262.5"), Decimal("-237.5"))
    assert band_around(Decimal(3), Decimal(0)) == (3, 3)
    with pytest.raises(EngineError, match=r"tolerance of -0\.1"):
        band_around(Decimal(3), Decimal("-0.1"))


def undertakings(*given):
    return [
        Undertaking(weight=Decimal(w), due_on=date(2025, due, 1), done_on=done and date(2025, done, 1))
        for w, due, done in given
    ]


def test_milestones_count_by_weight_and_day():
    given = undertakings((1, 1, 1), (3, 2, 4), (2, 6, None), (4, 9, 3))

    assert weight_done(given, date(2025, 1, 1)) == Done(of_all=Decimal("0.1"), of_due=1)
    assert weight_done(given, date(2025, 2, 28)) == Done(of_all=Decimal("0.1"), of_due=Decimal("0.25"))
    # Done ahead of its day: more than was due.
    assert weight_done(given, date(2025, 4, 1)) == Done(of_all=Decimal("0.8"), of_due=2)
    assert weight_done(given, date(2025, 9, 1)) == Done(of_all=Decimal("0.8"), of_due=Decimal("0.8"))
    assert weight_done(given, date(2024, 9, 1)) == Done(of_all=0, of_due=None)


def test_nothing_to_do_has_no_share():
    nothing = weight_done([], DAY)
    assert nothing.code is RefusalCode.TARGET_MISSING
    assert str(nothing.message) == "No milestone with a weight is recorded."
    assert weight_done(undertakings((0, 1, 1)), DAY).code is RefusalCode.TARGET_MISSING
    with pytest.raises(EngineError, match=r"^A weight below 0 was given; 0 or more was expected\.$"):
        weight_done(undertakings((-1, 1, 1)), DAY)


# --- Ends and corners of a path ------------------------------------------------------------------------------------


def path(**given):
    plan = {"baseline": 0, "target": 100, "baseline_on": DAY, "target_on": date(2025, 1, 11)} | given
    return cases.plan(plan)


def test_a_milestone_on_the_day_of_the_target_gives_way_to_it():
    to = path(milestones={"2025-01-11": 50, "2025-01-01": 50})

    assert planned_value(to, date(2025, 1, 6)) == 50
    assert planned_value(to, date(2025, 1, 10)) == 90
    assert planned_value(to, date(2025, 1, 11)) == 100


def test_an_s_curve_knows_no_milestones():
    assert planned_value(path(trajectory="s_curve", milestones={"2025-01-03": 90}), date(2025, 1, 6)) == 50


def test_a_path_of_a_single_day_is_at_its_target():
    assert planned_value(path(target_on=DAY), DAY) == 100


def test_what_a_path_lacks_is_said_by_its_code():
    assert planned_value(path(target_on=None), DAY).code is RefusalCode.TARGET_MISSING
    assert planned_value(path(baseline_on=None), DAY).code is RefusalCode.BASELINE_MISSING


def test_a_pace_needs_both_ends_with_their_dates():
    to = path(baseline=10, target=110)

    assert required_pace(to, Decimal(30), date(2025, 1, 6)) == 4
    for missing in ("baseline", "target", "baseline_on", "target_on"):
        assert required_pace(path(**{missing: None}), Decimal(30), date(2025, 1, 6)) is None


def test_the_distance_outside_is_in_widths_of_the_range():
    assert distance_outside(Decimal(11), Decimal(0), Decimal(10)) == Decimal("0.1")
    assert distance_outside(Decimal(-5), Decimal(0), Decimal(10)) == Decimal("0.5")


def test_too_early_says_how_much_was_due_and_how_much_is_needed():
    found = on_track_index(Decimal("0.01"), Decimal("0.0326"))

    assert str(found.message) == "Too early: 3.3 % of the planned change was due, at least 5 % are needed."


def test_the_whole_programme_is_checked_before_its_sites_and_those_in_their_order():
    def site(number, total, part):
        return [
            cases.measurement(0, {"site": number, "value": total}),
            cases.measurement(1, {"site": number, "cell": "sex=f", "value": part}),
        ]

    rows_ = [*site(3, 9, 1), *site(2, 9, 2), *site(None, 9, 4)]
    assert str(check_parts(rows_)) == "The parts by sex give value 4, but the total says 9."
    assert str(check_parts(rows_[:4])) == "The parts by sex give value 2, but the total says 9."


def test_a_target_that_is_reached_asks_for_no_pace_even_after_its_day():
    assert required_pace(path(), Decimal(100), date(2026, 1, 1)) == 0
    assert required_pace(path(), Decimal(99), date(2026, 1, 1)) is None


def test_refusals_of_a_plan_show_its_figures_with_four_decimals():
    same = achievement(Decimal(7), Decimal("0.123456"), Decimal("0.123456"))
    wrong = check_direction(Direction.ASCENDING, Decimal("0.223456"), Decimal("0.123456"))

    assert str(same.message) == (
        "Baseline and target are both 0.1235, so there is no planned change to measure."
    )
    assert str(wrong.message) == "More is better here, but the target 0.1235 is below the baseline 0.2235."
    early = on_track_index(Decimal("0.01"), Decimal("0.0444"))
    assert "4.4 % of the planned change" in str(early.message)


# --- Parts beside values -------------------------------------------------------------------------------------------


def part(site, value, numerator, denominator, n=None):
    return Measurement(
        id=site,
        site=site,
        value=None if value is None else Decimal(value),
        numerator=None if numerator is None else Decimal(numerator),
        denominator=None if denominator is None else Decimal(denominator),
        n=n,
    )


def test_a_share_is_its_parts_and_any_other_figure_its_value_where_both_are_stated():
    one = [part(1, 99, 1, 2)]
    two = [part(1, 99, 1, 2), part(2, 99, 2, 2)]

    assert rolled(one, value_type="ratio", scale=100).value == 50
    assert rolled(two, value_type="ratio", scale=100).value == 75
    assert rolled(one, value_type="number").value == 99
    mean = rolled(two, value_type="number", site_rule="mean")
    assert (mean.value, mean.numerator, mean.denominator) == (99, 3, 4)


def test_figures_that_have_only_parts_pool_them_and_those_with_a_part_missing_do_not():
    pooled = rolled([part(1, None, 10, 1), part(2, None, 60, 3)], value_type="number", site_rule="sum")
    assert (pooled.value, pooled.numerator, pooled.denominator) == (Decimal("17.5"), 70, 4)

    assert rolled([part(1, 5, 1, 2), part(2, 6, 1, None)], value_type="number", site_rule="sum").value == 11


def test_shares_of_nothing_keep_what_is_known_of_them():
    found = rolled([part(1, None, 0, 0, 3), part(2, None, 0, 0, 4)], value_type="ratio", site_rule="mean")

    assert (found.value, found.numerator, found.denominator, found.n) == (None, 0, 0, 7)
    assert found.refusal.code is RefusalCode.DENOMINATOR_ZERO


@pytest.mark.parametrize(
    ("given", "rule", "said"),
    [
        ([part(1, None, 1, "3.125")], {"value_type": "ratio", "min_denominator": "4.125"},
         "The denominator is 3.12; this indicator needs at least 4.12."),
        ([part(1, 5, None, None)], {"min_n": 8},
         "The number of cases (n) is not stated; this indicator needs at least 8."),
        ([part(1, 5, None, None, 7)], {"min_n": 8}, "There are 7 cases; this indicator needs at least 8."),
        ([part(1, None, 5, 9, 7)], {"value_type": "ratio", "min_n": 8},
         "There are 7 cases; this indicator needs at least 8."),
    ],
)  # fmt: skip
def test_too_little_data_says_how_much_there_is_and_how_much_is_needed(given, rule, said):
    found = rolled(given, **rule)

    assert (found.value, found.refusal.code) == (None, RefusalCode.DENOMINATOR_TOO_SMALL)
    assert str(found.refusal.message) == said


def test_just_enough_data_are_enough():
    assert rolled([part(1, 5, None, None, 8)], min_n=8).value == 5
    assert rolled([part(1, None, 2, 4)], value_type="ratio", min_denominator=4, min_n=4).value == Decimal(
        "0.5"
    )


def test_sites_without_a_rule_for_joining_them_are_counted():
    found = rolled([part(1, 5, None, None), part(2, 6, None, None)], site_rule="not_applicable")

    assert found.refusal.code is RefusalCode.SITES_NOT_COMBINABLE
    assert str(found.refusal.message) == (
        "2 sites reported, but this indicator has no rule for joining sites."
    )


def test_a_figure_of_the_whole_counts_as_all_that_were_due_and_half_a_share_as_none():
    def reported(rows_, expected):
        found = roll_up_period(rows_, cases.rule(), starts_on=DAY, ends_on=DAY, label="", expected=expected)
        return found.reported, found.value

    whole = Measurement(id=1, site=None, value=Decimal(5))
    assert [reported([whole], n) for n in (0, 1, 4)] == [(1, 5), (1, 5), (4, 5)]
    assert reported([whole, part(2, 6, None, None)], 4) == (4, 5)
    assert reported([part(1, None, 3, None), part(2, 6, None, None)], 2) == (1, 6)


def test_the_coarsest_split_is_joined_where_no_total_is_reported():
    cells = [("nation=KWT;sex=f", 1), ("nation=KWT;sex=m", 2), ("sex=f", 10), ("sex=m", 20)]
    given = [
        Measurement(id=i, site=1, cell=cell, value=Decimal(value)) for i, (cell, value) in enumerate(cells)
    ]

    assert rolled(given, value_type="count").value == 30
