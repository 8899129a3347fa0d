"""What could be detected, checked against libraries, published tables and simulation; and what would turn a verdict."""

from datetime import date
from decimal import Decimal

import numpy as np
import pytest
from scipy import stats

from indicators.engine.errors import EngineError
from indicators.engine.expost.comparison import difference_in_differences
from indicators.engine.expost.flips import (
    Finding,
    finding,
    margin,
    points_that_turn,
    rows_that_turn,
    units_that_turn,
)
from indicators.engine.expost.interrupted import interrupted_series
from indicators.engine.expost.paired import paired_gain
from indicators.engine.expost.panel import Panel, Unit
from indicators.engine.expost.persistence import series_retention
from indicators.engine.expost.power import (
    detectable_did,
    detectable_gain,
    detectable_level,
    detectable_rate,
    detectable_share,
    enough_points,
    pairs_needed,
    smallest_signed_rank_p,
)
from indicators.engine.expost.segmented import design, ols_fit
from indicators.engine.expost.synthetic import synthetic_control
from indicators.engine.flips import FlipKind, flips, weight_flips
from indicators.engine.judge import judge
from indicators.engine.periods import Frequency
from indicators.engine.portfolio import weighted_achievement
from indicators.engine.types import Refusal

from . import cases
from .test_comparison import donors


def test_thirty_four_pairs_find_half_a_standard_deviation():  # Cohen (1988), paired t, 80 %, two-sided 5 %
    assert pairs_needed(0.5, 1.0) == 34
    assert pairs_needed(5, 1.0) == 8  # never below what a result needs
    assert detectable_gain(34, 10.0).change == pytest.approx(5.0, abs=0.1)


def test_the_detectable_gain_is_found_in_80_of_100_simulated_courses():  # 800 runs, Monte Carlo error about 1.4
    rng, n = np.random.default_rng(2), 15
    change = detectable_gain(n, 4.0).change
    d = rng.normal(change, 4.0, size=(800, n))

    assert np.mean(stats.ttest_1samp(d, 0, axis=1).pvalue < 0.05) == pytest.approx(0.80, abs=0.04)


def test_the_detectable_level_is_found_in_80_of_100_simulated_series():  # 500 runs, independent errors, known rho
    rng, n = np.random.default_rng(3), 14
    change = detectable_level(n, n, 2.0, rho=0.0).change
    x, hits = design(np.arange(2.0 * n), n), 0
    critical = stats.t.ppf(0.975, 2 * n - 4)
    for _ in range(500):
        fit = ols_fit(x, rng.normal(0, 2, size=2 * n) + change * x[:, 2])
        hits += abs(fit.coefficients[2]) / fit.error([0, 0, 1]) > critical

    assert hits / 500 == pytest.approx(0.80, abs=0.05)


def test_resembling_neighbours_hide_more():
    loose, tight = (detectable_level(12, 12, 1.0, rho=r).change for r in (0.0, 0.6))

    assert tight > loose
    assert "indicative" in str(detectable_level(9, 9, 1.0).notes[-1])


def test_a_share_near_its_end_cannot_rise_detectably():
    found = detectable_share(0.95, 20, 20)

    assert found.change is None
    assert found.falling < -0.2
    assert "no rise" in str(found.sentence)
    assert detectable_share(0.31, 580, 580).change < detectable_share(0.31, 58, 58).change


def test_few_events_cannot_be_seen_to_end():
    rare, common = detectable_rate(0.2, 4, 4), detectable_rate(30, 12, 12)

    assert rare.falling is None
    assert 0.5 < common.falling < 1 < common.change < 1.5
    assert detectable_rate(30, 12, 12, dispersion=4).falling < common.falling


def test_one_treated_unit_needs_a_large_difference():
    one, four = detectable_did(1, 8, 2.0), detectable_did(4, 8, 2.0)

    assert one.change > four.change > 2.0
    assert isinstance(detectable_did(1, 1, 2.0), Refusal)


def test_when_there_will_be_enough_is_a_day():
    found = enough_points(
        12, 4, change=3, sd=1, last_period_ends_on=date(2026, 3, 31), days_per_period=365.25 / 12
    )

    assert (found.periods_to_minimum, found.periods_to_computed) == (4, 8)
    assert found.minimum_on == date(2026, 7, 31)
    assert found.detect_on >= found.minimum_on


def test_a_small_change_in_a_noisy_series_is_never_enough():
    found = enough_points(8, 0, change=0.1, sd=5)

    assert found.periods_to_detect is None
    assert "would not" in str(found.sentence)
    assert enough_points(7, 50, change=1, sd=1).code == "ITS_TOO_SHORT"


@pytest.mark.parametrize(
    "ask",
    [
        lambda: detectable_gain(10, 0),
        lambda: detectable_share(1.2, 3, 3),
        lambda: detectable_rate(0, 1, 1),
        lambda: detectable_level(12, 12, 1, rho=1.0),
        lambda: pairs_needed(0, 1),
    ],
)
def test_senseless_assumptions_are_errors(ask):
    with pytest.raises(EngineError, match="expected"):
        ask()


def test_too_few_pairs_or_points_are_refused_beforehand():
    assert detectable_gain(7, 1.0).code == "N_PAIRS_TOO_SMALL"
    assert detectable_level(7, 20, 1.0).code == "ITS_TOO_SHORT"
    assert [smallest_signed_rank_p(n) for n in (4, 5, 6, 7)] == [0.125, 0.0625, 0.03125, 0.015625]


# --- What would change our mind: ex-post --------------------------------------------------------------------------


def test_the_point_that_carries_a_result_is_named():
    values = 10 + np.random.default_rng(1).normal(0, 0.5, size=24)
    values[12:] += 0.9
    series = cases.series([f"{v:.4f}" for v in values], cases.rule(), Frequency.MONTHLY)

    def compute(s):
        return interrupted_series(s, split_on=series[11].ends_on)

    turned = points_that_turn(series, compute)

    now = finding(compute(series))
    for one in turned:
        place = next(i for i, p in enumerate(series) if p.label == one.without)
        rest = [*series[:place], *series[place + 1 :]]
        assert finding(compute(rest)) is one.finding_then is not now
    assert all(str(one.text) for one in turned)


def test_a_clear_result_hangs_on_no_single_person():
    rng = np.random.default_rng(1)
    pre = rng.normal(50, 5, size=20)
    post = pre + rng.normal(10, 2, size=20)
    names = [f"p{i}" for i in range(20)]

    assert rows_that_turn(names, lambda keep: paired_gain(pre[keep].tolist(), post[keep].tolist())) == ()


def test_eight_people_become_seven_and_the_result_a_refusal():
    rng = np.random.default_rng(1)
    pre = rng.normal(50, 5, size=8)
    post = pre + rng.normal(10, 2, size=8)

    turned = rows_that_turn(
        list("abcdefgh"), lambda keep: paired_gain(pre[keep].tolist(), post[keep].tolist())
    )

    assert {one.finding_then for one in turned} == {Finding.REFUSED}
    assert len(turned) == 8


def test_the_comparison_unit_that_carries_a_difference_is_named():
    values = {"t": 5.0, "a": 0.0, "b": 0.2, "c": -0.1, "d": 0.1, "odd": 6.0}
    units = tuple(
        Unit(name=k, is_treated=k == "t", before=(1.0, 1.0, 1.0), after=(1.0 + v,)) for k, v in values.items()
    )
    panel = Panel(units=units, periods_before=("x", "y", "z"), periods_after=("w",))

    turned = units_that_turn(panel, difference_in_differences)

    assert [(one.without, one.finding_now, one.finding_then) for one in turned] == [
        ("odd", Finding.CANNOT_TELL, Finding.UP)
    ]


def test_a_synthetic_control_is_found_by_its_placebo_rank():
    assert finding(synthetic_control(donors(effect=8.0))) is Finding.UP
    assert finding(synthetic_control(donors(seed=5))) is Finding.CANNOT_TELL


def test_the_margin_says_how_far_a_border_is():
    found = series_retention(10, 20, 19, standard_errors=(0.2, 0.2, 0.2))

    clear, inside = margin(found, 0.8), margin(found, 0.9)

    assert clear.clears is Finding.UP
    assert clear.distance == pytest.approx(found.low - 0.8)
    assert (inside.clears, inside.distance) == (Finding.CANNOT_TELL, 0.0)
    assert margin(found, 2.0).clears is Finding.DOWN
    assert margin(series_retention(10, 10, 10), 0.8) is None


# --- What would change our mind: on the fly -----------------------------------------------------------------------


def half_year(values, target=100, **plan):
    how = cases.rule(value_type="number")
    return cases.snapshot(values, how, cases.plan({"baseline": 0, "target": target, **plan}))


@pytest.mark.parametrize("last", [48, 40, 20])
def test_every_flip_really_turns_the_status(last):
    from dataclasses import replace

    asked = half_year([20, last])
    now = judge(asked).status

    found = flips(asked)

    assert found
    for one in found:
        assert one.status_now is now is not one.status_then
        if one.kind is FlipKind.TARGET:
            turned = judge(replace(asked, plan=replace(asked.plan, target=one.then)))
            assert turned.status is one.status_then


def test_the_smallest_change_of_target_is_near_its_border():
    """Half way, 40 of 50 planned: 0.80, at risk. On track from 0.90: a target of 40/0.9·2 = 88.9."""
    found = next(one for one in flips(half_year([20, 40])) if one.kind is FlipKind.TARGET)

    exact = judge(half_year([20, 40])).on_track_index
    turning = Decimal(100) * exact / Decimal("0.90")
    assert float(found.then) == pytest.approx(
        min((float(turning), float(100 * exact / Decimal("0.75"))), key=lambda t: abs(t - 100)), rel=2e-3
    )


@pytest.mark.parametrize("last", [11, 15, 18, 24])
@pytest.mark.parametrize("bounds", [{}, {"lower_bound": 0, "upper_bound": 60}])
@pytest.mark.parametrize("kind", ["count", "ordinal"])
def test_what_is_counted_turns_at_the_nearest_whole_number_and_not_before(kind, bounds, last):
    from dataclasses import replace

    how = cases.rule(value_type=kind, time_rule="last", **bounds)
    asked = cases.snapshot([10, last], how, cases.plan({"baseline": 0, "target": 41}))
    now = judge(asked).status
    found = {one.kind: one for one in flips(asked)}

    def with_last(value):
        return judge(replace(asked, series=(asked.series[0], replace(asked.series[1], value=value)))).status

    def with_target(value):
        return judge(replace(asked, plan=replace(asked.plan, target=value))).status

    assert FlipKind.LAST_VALUE in found
    for flip_kind, status_with in ((FlipKind.LAST_VALUE, with_last), (FlipKind.TARGET, with_target)):
        one = found.get(flip_kind)
        if one is None:
            continue
        assert one.then == int(one.then)
        assert status_with(one.then) is one.status_then is not now
        nearer = range(1, int(abs(one.then - one.now)))
        assert all(status_with(one.now + sign * step) is now for step in nearer for sign in (1, -1))


def test_what_is_yes_or_no_never_turns_at_a_share():
    how = cases.rule(value_type="binary", time_rule="last")
    for one in flips(cases.snapshot([0, 1], how, cases.plan({"baseline": 0, "target": 1}))):
        if one.kind in {FlipKind.LAST_VALUE, FlipKind.TARGET}:
            assert one.then in {0, 1}


def test_a_mean_over_sites_of_what_is_counted_need_not_be_whole():
    how = cases.rule(value_type="count", time_rule="last", site_rule="mean")
    found = {
        one.kind: one
        for one in flips(cases.snapshot([10, 15], how, cases.plan({"baseline": 0, "target": 41})))
    }
    last = found[FlipKind.LAST_VALUE].then
    assert last != int(last)


def test_a_border_next_to_the_index_is_named_with_its_value():
    found = {one.kind: one for one in flips(half_year([20, 40]))}

    border = found[FlipKind.ON_TRACK_FROM]
    assert border.now == Decimal("0.90")
    assert float(border.then) == pytest.approx(float(judge(half_year([20, 40])).on_track_index), abs=2e-3)


def test_what_has_no_progress_status_has_no_flips():
    assert flips(half_year(["missing", "missing"])) == ()


def test_weights_at_which_a_score_meets_its_border():
    items_known = [("a", Decimal(1), Decimal("0.6")), ("b", Decimal(1), Decimal("1.0"))]

    found = weight_flips(items_known, Decimal("0.9"))

    assert {one.name for one in found} == {"a", "b"}
    for one in found:
        changed = [(one.then if name == one.name else w, v) for name, w, v in items_known]
        assert weighted_achievement(changed).value == pytest.approx(Decimal("0.9"), abs=Decimal("1e-6"))
    assert weight_flips([("c", Decimal(1), None)], Decimal("0.9")) == ()
