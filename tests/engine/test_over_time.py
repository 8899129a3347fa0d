"""Periods become one value, and the path is read the same way: every rule with its figures, weights and refusals."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from indicators.engine.judge import judge
from indicators.engine.timeline import current_value, planned_for, reported_points
from indicators.engine.types import Plan, RefusalCode

from . import cases

ENDS = ("2025-03-31", "2025-06-30", "2025-09-30", "2025-12-31")
PATH = cases.plan({"baseline": 0, "target": 40, "milestones": dict(zip(ENDS, (10, 20, 30), strict=False))})


def both(values, plan=PATH, **rule):
    """The current value and what the plan says of it."""
    how = cases.rule(**rule)
    now = current_value(cases.series(values, how), how, plan, date(2030, 1, 1))
    return now, planned_for(now, how, plan)


FOUR = [
    {"value": v, "n": n, "standard_error": s} for v, n, s in ((12, 1, 1), (18, 1, 1), (33, 1, 2), (41, 5, 2))
]


@pytest.mark.parametrize(
    ("rule", "value", "planned"),
    [
        ("last", 41, 40),
        ("mean", 26, 25),
        ("min", 12, 10),
        ("max", 41, 40),
        ("median", Decimal("25.5"), 25),
        ("mean_weighted_n", Decimal("33.5"), Decimal("32.5")),
        # Weights 4, 4, 1, 1.
        ("mean_inverse_variance", Decimal("19.4"), 19),
        # Without parts, a ratio of sums is the mean weighted by cases.
        ("ratio_of_sums", Decimal("33.5"), Decimal("32.5")),
        ("rolling_5y_ratio", Decimal("33.5"), Decimal("32.5")),
    ],
)
def test_the_path_is_pooled_like_the_value(rule, value, planned):
    now, path = both(FOUR, time_rule=rule)

    assert (now.value, path) == (value, planned)


def test_a_sum_adds_to_the_baseline_and_meets_the_path_at_its_last_day():
    now, path = both(
        [3, 4, "missing", 5], replace(PATH, baseline=Decimal(7)), time_rule="sum", value_type="count"
    )

    assert (now.value, path) == (19, 40)
    assert both([3, 4], replace(PATH, baseline=None), time_rule="sum")[0].value == 7


def test_a_sum_that_should_fall_is_a_mean_per_period_against_the_mean_of_the_path():
    falling = replace(PATH, baseline=Decimal(50), target=Decimal(10), milestones=())

    now, path = both([40, 20], falling, time_rule="sum", direction="descending", value_type="count")

    assert now.value == 30
    assert float(path) == pytest.approx(50 - 40 * (90 + 181) / 2 / 365)


SHARES = [
    {"parts": (1, 10), "n": 1},
    {"parts": (2, 10), "n": 1},
    {"parts": (6, 20), "n": 1},
    {"parts": (4, 10), "n": 7},
]


@pytest.mark.parametrize(
    ("rule", "value", "planned"),
    [
        ("ratio_of_sums", 26, 26),  # 13 of 50; the path weighted by 10, 10, 20, 10
        ("mean_weighted_n", 34, 34),  # weighted by 1, 1, 1, 7
        ("mean", 25, 25),
    ],
)
def test_a_share_on_its_path_is_on_it_whatever_the_weights(rule, value, planned):
    """Cases and denominators differ; value and path must take the same of the two."""
    how = {"value_type": "ratio", "scale": 100, "time_rule": rule}

    now, path = both(SHARES, **how)

    assert (now.value, path) == (value, planned)
    assert judge(cases.snapshot(SHARES, cases.rule(**how), PATH)).on_track_index == 1


def test_figures_other_than_shares_that_keep_parts_are_pooled_by_them_too():
    parts = [{"parts": (10, 1), "n": 3}, {"parts": (60, 3), "n": 1}]

    now, path = both(parts, value_type="number", site_rule="ratio_of_sums", time_rule="ratio_of_sums")

    assert (now.value, now.numerator, now.denominator) == (Decimal("17.5"), 70, 4)
    assert path == Decimal("17.5")


def test_cases_stand_in_for_denominators_and_the_other_way_round():
    by_n = [{"value": 10, "n": 1}, {"value": 20, "n": 3}]
    mixed = [{"value": 10, "n": 1}, {"value": 20}]

    assert both(by_n, time_rule="mean_weighted_n")[0].value == Decimal("17.5")
    refused, path = both(mixed, time_rule="mean_weighted_n")
    assert (refused.value, refused.refusal.code, path) == (None, RefusalCode.WEIGHTS_MISSING, 15)
    assert str(refused.refusal.message) == (
        "The weighted mean over time needs the number of cases (n) of every period."
    )
    assert refused.on == date(2025, 6, 30)
    none_at_all = [{"value": 10, "n": 0}, {"value": 20, "n": 0}]
    assert both(none_at_all, time_rule="mean_weighted_n")[0].refusal.code is RefusalCode.WEIGHTS_MISSING


def test_an_inverse_variance_mean_over_time_needs_every_error():
    now, path = both([{"value": 10, "standard_error": 1}, {"value": 20}], time_rule="mean_inverse_variance")

    assert now.value is None
    assert now.refusal.code is RefusalCode.WEIGHTS_MISSING
    assert path.code is RefusalCode.WEIGHTS_MISSING


def test_minimum_data_are_asked_of_what_is_pooled():
    few = [{"parts": (1, 3), "n": 2}, {"parts": (2, 4), "n": 3}]
    how = {"value_type": "ratio", "scale": 100, "time_rule": "ratio_of_sums"}

    assert both(few, min_denominator=7, **how)[0].value == Decimal("42.8571428571")
    small, _path = both(few, min_denominator=8, **how)
    assert (small.value, small.refusal.code) == (None, RefusalCode.DENOMINATOR_TOO_SMALL)
    assert (small.numerator, small.denominator, small.on) == (3, 7, date(2025, 6, 30))
    assert both(few, min_n=5, **how)[0].value == Decimal("42.8571428571")
    assert both(few, min_n=6, **how)[0].refusal.code is RefusalCode.DENOMINATOR_TOO_SMALL
    # Where one period does not state its cases, the denominator counts.
    without = [few[0], {"parts": (2, 4)}]
    assert both(without, min_n=7, **how)[0].value == Decimal("42.8571428571")
    assert both(without, min_n=8, **how)[0].refusal.code is RefusalCode.DENOMINATOR_TOO_SMALL


def test_nothing_to_count_a_share_of_is_refused_also_over_time():
    nothing = [{"parts": (0, 0)}, {"parts": (0, 0)}]

    for kind in ("ratio", "number"):
        period = replace(
            cases.series([{"value": 1}], cases.rule())[0], numerator=Decimal(0), denominator=Decimal(0)
        )
        how = cases.rule(value_type=kind, time_rule="ratio_of_sums")
        series = cases.series(nothing, how) if kind == "ratio" else (period,)
        found = current_value(series, how, PATH, date(2030, 1, 1))
        assert (found.value, found.refusal.code) == (None, RefusalCode.DENOMINATOR_ZERO)
        assert str(found.refusal.message) == "The denominator is 0: there was nothing to count a share of."


def test_periods_before_the_baseline_are_not_pooled_but_stand_where_there_is_no_other():
    late = replace(PATH, baseline_on=date(2025, 6, 30))

    assert both([10, 90, 20, 30], late, time_rule="mean")[0].value == 25
    assert both([10, 90], late, time_rule="mean")[0].value == 90


def test_errors_of_a_mean_and_a_sum_over_time():
    three = [{"value": 1, "standard_error": 3}, {"value": 2, "standard_error": 4}]

    assert both(three, time_rule="mean")[0].standard_error == Decimal("2.5")
    assert both(three, time_rule="sum")[0].standard_error == 5
    assert both([*three, {"value": 3}], time_rule="mean")[0].standard_error is None
    for rule in ("min", "max", "median", "mean_weighted_n"):
        assert both([one | {"n": 2} for one in three], time_rule=rule)[0].standard_error is None


def test_no_data_and_no_path_are_said():
    how = cases.rule(time_rule="mean")
    nothing = current_value((), how, PATH, date(2025, 1, 1))
    refused = planned_for(nothing, how, PATH)

    assert (refused.code, str(refused.message)) == (
        RefusalCode.NO_APPROVED_DATA,
        "There are no approved data.",
    )
    no_plan = Plan(baseline=Decimal(0), baseline_on=date(2024, 12, 31), target=None, target_on=None)
    assert both([1, 2], no_plan, time_rule="mean")[1].code is RefusalCode.TARGET_MISSING


def test_points_are_what_was_reported():
    series = cases.series([1, "missing", 3], cases.rule())

    assert reported_points(series) == ((date(2025, 3, 31), 1), (date(2025, 9, 30), 3))


def test_the_median_of_a_bent_path_is_not_its_mean():
    bent = replace(
        PATH,
        milestones=tuple((date.fromisoformat(d), Decimal(v)) for d, v in zip(ENDS, (1, 2, 30), strict=False)),
    )

    assert both([5, 6, 7], bent, time_rule="median")[1] == 2


def test_a_window_opens_on_the_day_after_its_months_and_that_day_is_in():
    how = cases.rule(time_rule="mean", window_months=12)
    newest, on_the_day, too_early = (
        replace(one, starts_on=day, ends_on=day)
        for one, day in zip(
            cases.series([10, 20, 60], cases.rule()),
            (date(2026, 6, 30), date(2025, 7, 1), date(2025, 6, 30)),
            strict=True,
        )
    )

    found = current_value((newest, on_the_day, too_early), how, PATH, date(2030, 1, 1))

    assert [p.value for p in found.periods] == [20, 10]


def test_counts_with_an_exposure_are_weighed_by_it():
    given = [{"value": 6, "parts": (None, 2)}, {"value": 12, "parts": (None, 4)}]

    assert both(given, value_type="count", time_rule="ratio_of_sums")[0].value == 10


def test_when_every_period_is_refused_the_latest_refusal_stands():
    few = [{"parts": (1, 2)}, {"parts": (1, 3)}]

    found, _path = both(few, value_type="ratio", time_rule="mean", min_denominator=5)

    assert (found.value, found.on) == (None, date(2025, 6, 30))
    assert str(found.refusal.message) == "The denominator is 3; this indicator needs at least 5."


def test_a_refused_mean_is_of_the_latest_day():
    found, _path = both([1, 2, 3], time_rule="mean_weighted_n")

    assert (found.refusal.code, found.on) == (RefusalCode.WEIGHTS_MISSING, date(2025, 9, 30))


def test_what_is_only_watched_is_never_added_up_and_a_period_counts_from_its_first_day():
    how = cases.rule(time_rule="sum", is_context=True)
    series = cases.series([3, 4], how)

    assert current_value(series, how, PATH, date(2025, 4, 1)).value == 4
    assert current_value(series, how, PATH, date(2025, 3, 31)).value == 3
