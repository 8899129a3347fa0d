"""Continued trends, maturity, lasting gains, contribution, families of tests and the weakest link."""

import json
import math
from datetime import date

import numpy as np
import pytest
import statsmodels.stats.multitest as multitest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from indicators.engine.errors import EngineError
from indicators.engine.expost.confidence import (
    data_quality,
    decisive,
    no_comparison,
    single_series,
    weakest_link,
    weakness,
    with_data_quality,
    with_reasons,
)
from indicators.engine.expost.contribution import (
    Evidence,
    Rating,
    Rival,
    RivalJudgement,
    contribution_rating,
    supported_rating,
)
from indicators.engine.expost.counterfactual import counterfactual_trend
from indicators.engine.expost.maturity import ordinal_maturity
from indicators.engine.expost.multiple import Claim, Standing, adjust
from indicators.engine.expost.paired import paired_gain
from indicators.engine.expost.persistence import (
    retention,
    retention_path,
    series_retention,
    share_kept,
)
from indicators.engine.expost.ratios import fieller
from indicators.engine.expost.signed_rank import hodges_lehmann, wilcoxon
from indicators.engine.expost.types import Answer, Confidence, result_from_json, result_to_json, table_of
from indicators.engine.periods import Frequency

from . import cases

ALL = Evidence(
    plausible_theory=True,
    activities_delivered=True,
    sequence_fits=True,
    intermediate_outcomes=True,
    independent_support=True,
    rivals=(
        Rival(name="another provider", judgement=RivalJudgement.DOES_NOT_EXPLAIN, evidence="interview notes"),
        Rival(name="oil price", judgement=RivalJudgement.EXPLAINS_PART, evidence="budget figures"),
    ),
)


def yearly(values):
    return cases.series([f"{v:.6f}" for v in values], cases.rule(), Frequency.ANNUAL)


# --- Continued trend ----------------------------------------------------------------------------------------------


def test_a_departure_from_the_earlier_trend_is_found_with_its_interval():
    noise = np.random.default_rng(1).normal(0, 0.3, size=14)
    series = yearly([10 + 2 * i + (5 if i >= 9 else 0) for i in range(14)] + noise)

    found = counterfactual_trend(series, split_on=series[8].ends_on)

    assert found.low < 5 < found.high
    assert found.value == pytest.approx(5, abs=0.8)
    assert found.confidence is Confidence.LOW
    assert str(found.label) == "departure from the earlier trend, not effect"
    assert len(table_of(found, "counterfactual").rows) == 5


@pytest.mark.parametrize(
    ("n_before", "n_after", "code"),
    [(5, 2, "N_TOO_SMALL_TREND"), (6, 0, "NO_FOLLOW_UP"), (6, 6, "HORIZON_TOO_LONG")],
)
def test_a_trend_that_cannot_be_continued_is_refused(n_before, n_after, code):
    series = yearly(np.random.default_rng(2).normal(size=n_before + n_after))

    assert counterfactual_trend(series, split_on=series[n_before - 1].ends_on).refusal.code == code


def test_the_horizon_may_be_as_long_as_the_past():
    series = yearly(np.random.default_rng(2).normal(size=11))

    assert counterfactual_trend(series, split_on=series[5].ends_on).value is not None


def test_points_on_one_line_have_no_interval():
    series = yearly([float(i) for i in range(12)])

    found = counterfactual_trend(series, split_on=series[7].ends_on)

    assert (found.value, found.low) == (pytest.approx(0), None)


def test_one_odd_point_before_moves_the_continued_line_little():
    values = [10.0 + i for i in range(12)]
    clean, odd = list(values), list(values)
    odd[7] = 100.0

    a, b = (counterfactual_trend(yearly(v), split_on=date(2034, 12, 31)) for v in (clean, odd))

    assert abs(a.value - b.value) < 1.0


def test_the_prediction_interval_holds_the_truth_nearly_as_often_as_it_says():  # 400 runs
    rng, hits = np.random.default_rng(3), 0
    for _ in range(400):
        series = yearly(rng.normal(size=14))
        found = counterfactual_trend(series, split_on=series[9].ends_on)
        hits += found.low <= 0 <= found.high

    assert 0.90 < hits / 400 < 0.99


# --- Maturity -----------------------------------------------------------------------------------------------------


def levels(values):
    return {f"f{i}": v for i, v in enumerate(values)}


def test_six_functions_that_all_rose_reach_the_smallest_possible_p():
    found = ordinal_maturity(levels([1, 2, 1, 3, 2, 1]), levels([2, 3, 2, 4, 3, 2]))

    assert found.p_value == 0.03125
    assert found.value == 1
    assert (found.low, found.high) == (1, 1)
    assert found.params["rose"] == 6
    assert str(found.label) == "change in maturity"


def test_fewer_than_six_functions_are_refused():
    found = ordinal_maturity(levels([1] * 5), levels([2] * 5))

    assert found.refusal.code == "FUNCTIONS_TOO_FEW"
    assert (found.refusal.message.params["have"], found.refusal.message.params["need"]) == ("5", "6")


def test_functions_that_stayed_are_dropped_from_the_test_and_said():
    found = ordinal_maturity(levels([1, 2, 1, 3, 2, 1, 1]), levels([2, 3, 2, 4, 3, 1, 1]))

    assert found.p_value is None
    assert found.flags == ("WILCOXON_TOO_FEW",)
    assert found.params["stayed"] == 2
    assert any("from 6 on" in str(m) for m in found.sentence)


def test_functions_with_one_level_only_are_left_out_and_levels_are_whole():
    found = ordinal_maturity(levels([1] * 7), levels([2] * 6))

    assert found.params["left_out"] == "f6"
    with pytest.raises(EngineError, match="whole number"):
        ordinal_maturity({"a": 1.5}, {"a": 2})


def test_falling_is_the_mirror_of_rising():
    before, after = [1, 2, 1, 3, 2, 1, 4], [3, 2, 2, 5, 1, 2, 5]
    up, down = (ordinal_maturity(levels(a), levels(b)) for a, b in ((before, after), (after, before)))

    assert down.value == -up.value
    assert down.p_value == up.p_value
    assert (down.low, down.high) == (-up.high, -up.low)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(st.integers(-3, 3), min_size=6, max_size=20))
def test_the_shift_lies_inside_its_interval(differences):
    middle, low, high = hodges_lehmann(differences)

    assert low <= middle <= high
    assert min(differences) <= low <= high <= max(differences)


def test_the_shift_interval_agrees_with_the_test():
    rng = np.random.default_rng(7)
    for _ in range(30):
        d = rng.normal(0.5, 1, size=12)
        _, low, high = hodges_lehmann(d)

        assert (low > 0 or high < 0) == (wilcoxon(d).p_value < 0.05)


# --- Lasting ------------------------------------------------------------------------------------------------------


def people(kept, n=30, seed=1):
    rng = np.random.default_rng(seed)
    pre = rng.normal(50, 8, size=n)
    gain = rng.normal(20, 4, size=n)
    return pre, pre + gain, pre + kept * gain + rng.normal(0, 2, size=n)


def test_fieller_and_bootstrap_agree_where_the_gain_is_clear():
    found = retention(*(x.tolist() for x in people(0.7)), seed=1)

    assert found.params["fieller_low"] == pytest.approx(found.low, abs=0.03)
    assert found.params["fieller_high"] == pytest.approx(found.high, abs=0.03)
    assert found.low < 0.7 < found.high


def test_fieller_has_no_finite_ends_where_the_gain_cannot_be_told_from_zero():
    assert fieller(1.0, 1.0, np.array([[1.0, 0.0], [0.0, 1.0]]), 10) is None


def test_fieller_is_the_delta_method_for_a_large_gain():
    low, high = fieller(80.0, 100.0, np.array([[1.0, 0.0], [0.0, 1.0]]), math.inf)
    delta = 1.96 * math.hypot(1 / 100, 0.8 / 100)

    assert (low, high) == pytest.approx((0.8 - delta, 0.8 + delta), abs=1e-3)


def test_bootstrap_holds_the_true_ratio_about_as_often_as_it_says():  # 120 runs
    hits = 0
    for seed in range(120):
        found = retention(*(x.tolist() for x in people(0.7, seed=seed)), seed=seed)
        hits += found.low <= 0.7 <= found.high

    assert 0.86 < hits / 120 <= 1


def test_what_the_provider_pays_for_is_not_sustained():
    scores = [x.tolist() for x in people(0.95)]

    kept = retention(*scores, seed=1, paid_by_partner=True)
    maintained = retention(*scores, seed=1, paid_by_partner=False)

    assert str(kept.label) == "sustained"
    assert str(maintained.label) == "maintained by provider"
    assert "MAINTAINED_BY_PROVIDER" in maintained.flags
    assert {a.name: a.holds for a in maintained.assumptions}["kept_by_partner"] is Answer.NO
    assert str(share_kept(9, 10, paid_by_partner=False).label) == "maintained by provider"


def test_a_lost_gain_is_not_called_maintained():
    found = series_retention(10, 20, 12, paid_by_partner=False)

    assert str(found.label) == "not sustained"


def test_standard_errors_give_a_series_an_interval():
    found = series_retention(10, 20, 18, standard_errors=(0.5, 0.5, 0.5))

    assert found.low < 0.8 < found.high
    assert series_retention(10, 11, 10.5, standard_errors=(1, 1, 1)).refusal.code == "NO_GAIN_TO_RETAIN"


def test_months_without_a_value_are_refused_one_by_one():
    found = retention_path(10, 20, {24: None, 6: 19, 12: 15})

    assert list(found) == [6, 12, 24]
    assert [str(found[m].label) for m in (6, 12)] == ["sustained", "partly sustained"]
    assert found[24].refusal.code == "NO_FOLLOW_UP"


# --- Contribution -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("without", "rating"),
    [
        ({}, 4),
        ({"independent_support": False}, 3),
        ({"intermediate_outcomes": False}, 2),
        ({"rivals": ()}, 2),
        ({"sequence_fits": False}, 1),
        ({"activities_delivered": False}, 1),
        ({"plausible_theory": False}, 0),
    ],
)
def test_each_step_needs_all_steps_below_it(without, rating):
    from dataclasses import replace

    assert supported_rating(replace(ALL, **without)) == rating


@pytest.mark.parametrize("judgement", ["explains_it", "cannot_tell", "not_examined"])
def test_a_main_rival_that_stands_keeps_the_rating_at_two(judgement):
    from dataclasses import replace

    war = Rival(name="war", judgement=RivalJudgement(judgement), evidence="press")
    minor = replace(war, is_main=False)

    assert supported_rating(replace(ALL, rivals=(*ALL.rivals, war))) == 2
    assert supported_rating(replace(ALL, rivals=(*ALL.rivals, minor))) == 4


def test_a_judgement_without_evidence_counts_as_not_examined():
    from dataclasses import replace

    bare = Rival(name="politics", judgement=RivalJudgement.DOES_NOT_EXPLAIN, evidence=" ")
    found = contribution_rating(
        replace(ALL, rivals=(bare,)), [Rating(rater="a", rating=4), Rating(rater="b", rating=4)]
    )

    assert found.value == 2
    assert found.flags == ("ABOVE_EVIDENCE",)
    assert any("politics" in str(m) for m in found.sentence)


def test_the_lowest_of_two_raters_counts():
    found = contribution_rating(ALL, [Rating(rater="a", rating=4), Rating(rater="b", rating=3)])

    assert (found.value, found.flags) == (3, ("RATERS_DIFFER",))
    assert found.confidence is Confidence.LOW
    assert str(found.label) == "judgement, with evidence"


def test_raters_who_are_two_apart_have_to_talk_first():
    found = contribution_rating(ALL, [Rating(rater="a", rating=4), Rating(rater="b", rating=2)])

    assert found.refusal.code == "RATERS_DISAGREE"


def test_programme_staff_do_not_count_as_raters():
    ratings = [Rating(rater="a", rating=4), Rating(rater="b", rating=4, is_programme_staff=True)]

    found = contribution_rating(ALL, ratings)

    assert found.refusal.code == "RATERS_TOO_FEW"
    assert found.refusal.message.params["have"] == "1"


def test_impossible_ratings_are_errors():
    with pytest.raises(EngineError, match="5 is not a rating"):
        contribution_rating(ALL, [Rating(rater="a", rating=5)])
    with pytest.raises(EngineError, match="twice"):
        contribution_rating(ALL, [Rating(rater="a", rating=1)] * 2)


# --- Families of tests --------------------------------------------------------------------------------------------


def test_the_primary_family_is_adjusted_as_statsmodels_does():
    p = [0.001, 0.008, 0.039, 0.041, 0.042, 0.06, 0.074, 0.205, 0.212, 0.216]

    found = adjust([Claim(name=str(i), p_value=v, is_primary=True) for i, v in enumerate(p)])

    expected = multitest.multipletests(p, method="fdr_bh")[1]
    assert [one.p_adjusted for one in found] == pytest.approx(expected)
    assert [one.standing for one in found][:3] == ["significant", "significant", "not_significant"]
    assert [one.p_value for one in found] == p


def test_exploratory_results_are_never_significant_and_do_not_enlarge_the_family():
    found = adjust(
        [
            Claim(name="a", p_value=0.04, is_primary=True),
            Claim(name="b", p_value=1e-9, is_primary=False),
            Claim(name="c", p_value=None, is_primary=True),
        ]
    )

    assert [one.standing for one in found] == [Standing.SIGNIFICANT, Standing.EXPLORATORY, Standing.NO_TEST]
    assert [one.p_adjusted for one in found] == [0.04, None, None]
    assert found[0].family_size == 1


def test_a_p_value_outside_0_to_1_is_an_error_and_no_tests_are_fine():
    with pytest.raises(EngineError, match="not a p-value"):
        adjust([Claim(name="a", p_value=1.2, is_primary=True)])
    assert adjust([]) == ()


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_adjusting_never_makes_a_p_smaller(p):
    for one in adjust([Claim(name="x", p_value=v, is_primary=True) for v in p]):
        assert one.p_value - 1e-12 <= one.p_adjusted <= 1


# --- Weakest link -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reasons", "level"),
    [
        ((), "high"),
        (data_quality(2), "high"),
        (data_quality(None), "moderate"),
        (data_quality(1), "low"),
        ((single_series(),), "moderate"),
        ((no_comparison(),), "low"),
        ((weakness("a", "x"),), "moderate"),
        ((weakness("a", "x"), weakness("b", "y")), "low"),
        ((decisive("a", "x"),), "low"),
    ],
)
def test_confidence_is_the_weakest_link(reasons, level):
    found, ordered = weakest_link(reasons)

    assert found == level
    assert len(ordered) == len(reasons)


def test_data_quality_counts_as_unknown_until_it_is_told():
    rng = np.random.default_rng(1)
    pre = rng.normal(size=20)
    found = paired_gain(pre.tolist(), (pre + rng.normal(1, 1, size=20)).tolist())
    lone = with_reasons(found, (), replace_all=True)

    assert "data_quality" in [r.name for r in found.reasons]
    assert with_data_quality(lone, None).confidence is Confidence.MODERATE
    assert with_data_quality(with_data_quality(lone, None), 3).confidence is Confidence.HIGH
    assert with_data_quality(lone, 1).confidence is Confidence.LOW
    refused = paired_gain([1.0], [2.0])
    assert with_data_quality(refused, 3) is refused
    assert refused.confidence is Confidence.NONE


@pytest.mark.parametrize(
    "result",
    [
        counterfactual_trend(yearly(np.random.default_rng(2).normal(size=11)), split_on=date(2030, 12, 31)),
        ordinal_maturity(levels([1, 2, 1, 3, 2, 1]), levels([2, 3, 2, 4, 3, 2])),
        contribution_rating(ALL, [Rating(rater="a", rating=4), Rating(rater="b", rating=3)]),
        retention(*(x.tolist() for x in people(0.7)), seed=1, paid_by_partner=False),
    ],
)
def test_a_result_survives_its_json(result):
    assert result_from_json(json.loads(json.dumps(result_to_json(result), allow_nan=False))) == result


def test_scipy_and_the_exact_test_agree_without_ties():
    d = np.random.default_rng(3).normal(0.4, 1, size=15)

    assert wilcoxon(d).p_value == pytest.approx(stats.wilcoxon(d, method="exact").pvalue)
