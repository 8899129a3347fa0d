"""Ex-post estimates against published data, scipy and their refusals."""

import json
import subprocess
import sys
from datetime import date
from decimal import Decimal

import numpy as np
import pytest
from scipy import stats

from indicators.engine.errors import EngineError
from indicators.engine.expost.before_after import before_after
from indicators.engine.expost.effect_sizes import exact_j
from indicators.engine.expost.paired import paired_gain
from indicators.engine.expost.persistence import Band, band, retention, series_retention, share_kept
from indicators.engine.expost.proportions import newcombe, rate_ratio_exact, rate_ratio_score, wilson
from indicators.engine.expost.signed_rank import wilcoxon
from indicators.engine.expost.types import Answer, Confidence, result_from_json, result_to_json

from . import cases

PRE = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0, 2]
POST = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]
"""Student's sleep data (R datasets, sleep): extra hours under two drugs."""
SLEEP = {
    "mean_difference": 1.58,
    "sd_difference": 1.229995,
    "t": 4.062128,
    "df": 9,
    "p": 0.00283289,
    "mean_low": 0.700114,
    "mean_high": 2.459886,
    "r": 0.79517,
    "d_z": 1.284558,
    "g_z": 1.173925,
    "d_rm": 0.822177,
    "d_av": 0.832181,
    "g_av": 0.760509,
    "d_becker_pre_sd": 0.88317,
    "wilcoxon_p": 0.00390625,
}


def test_students_sleep_data_give_every_named_form():
    found = paired_gain(PRE, POST)

    assert {name: found.params[name] for name in SLEEP} == pytest.approx(SLEEP, abs=6e-6)
    assert found.value == found.params["g_av"]
    assert found.low < found.value < found.high
    assert found.params["wilcoxon_method"] == "exact, zeros dropped"
    assert found.confidence is Confidence.LOW


def test_the_interval_of_g_contains_zero_exactly_when_the_t_test_does_not_reject():
    rng = np.random.default_rng(4)
    for shift in (0.0, 0.2, 0.4, 0.6, 0.8):
        pre = rng.normal(size=12)
        found = paired_gain(pre.tolist(), (pre + rng.normal(shift, 1, size=12)).tolist())

        assert (found.low > 0 or found.high < 0) == (found.p_value < 0.05)


def test_the_small_sample_factor_is_exact():  # 1 − 3/(4m − 1) would give 0.9143
    assert exact_j(9) == pytest.approx(0.9138749, abs=1e-7)
    assert exact_j(500) == pytest.approx(1, abs=2e-3)


@pytest.mark.parametrize(("n", "p"), [(4, 0.125), (5, 0.0625), (6, 0.03125), (7, 0.015625)])
def test_wilcoxon_has_a_smallest_possible_p(n, p):
    assert wilcoxon(range(1, n + 1)).p_value == p


@pytest.mark.parametrize("seed", range(10))
def test_wilcoxon_agrees_with_scipy_where_there_are_no_ties(seed):
    differences = np.random.default_rng(seed).normal(0.3, 1, size=6 + seed)

    assert wilcoxon(differences).p_value == pytest.approx(
        stats.wilcoxon(differences, method="exact").pvalue, rel=1e-9
    )


def test_seven_pairs_are_refused_with_have_and_need():
    found = paired_gain(PRE[:7], POST[:7])

    assert found.value is None
    assert found.refusal.code == "N_PAIRS_TOO_SMALL"
    assert "7 of 8" in str(found.refusal.message)


def test_the_same_gain_for_everybody_has_no_spread():
    found = paired_gain(range(10), [x + 5 for x in range(10)])

    assert found.refusal.code == "NO_VARIATION"
    assert found.params["mean_difference"] == 5


def test_ceiling_and_attrition_are_flagged():
    pre = [95, 92, 91, 60, 70, 65, 50, 55]
    post = [97, 95, 99, 80, 85, 88, 75, 70]

    found = paired_gain(pre, post, maximum=100, unpaired_share=0.3)

    assert {"CEILING", "ATTRITION"} <= set(found.flags)
    assert {a.name: a.holds for a in found.assumptions}["no_ceiling"] is Answer.NO


def test_few_nonzero_pairs_are_flagged():
    found = paired_gain([1] * 8, [1, 1, 1, 1, 2, 3, 4, 5])

    assert "WILCOXON_TOO_FEW" in found.flags


def test_scores_without_a_partner_are_a_mistake_of_the_caller():
    with pytest.raises(EngineError, match="pairs were expected"):
        paired_gain([1, 2], [1])
    with pytest.raises(EngineError, match="finite"):
        paired_gain([float("nan")] * 8, [1.0] * 8)


def test_retention_is_the_share_of_the_gain_that_is_left():
    rng = np.random.default_rng(1)
    pre = rng.normal(50, 5, size=24)
    post, later = pre + rng.normal(20, 4, size=24), pre + rng.normal(14, 4, size=24)

    found = retention(pre.tolist(), post.tolist(), later.tolist(), seed=7, response_rate=0.8)

    assert found.value == pytest.approx((later.mean() - pre.mean()) / (post.mean() - pre.mean()))
    assert found.low < found.value < found.high
    assert found.params["band"] == "partly"


def test_the_same_seed_gives_the_same_interval():
    args = ([50 + i % 5 for i in range(12)], [70 + i % 7 for i in range(12)], [66 + i % 6 for i in range(12)])

    assert retention(*args, seed=3) == retention(*args, seed=3)
    assert retention(*args, seed=3).low != retention(*args, seed=4).low


@pytest.mark.parametrize(
    ("n", "gain", "response", "code"),
    [
        (7, 20, 0.9, "N_PAIRS_TOO_SMALL"),
        (12, 20, 0.39, "RESPONSE_TOO_LOW"),
        (12, -20, 0.9, "NO_GAIN_TO_RETAIN"),
        (12, 0.1, 0.9, "NO_GAIN_TO_RETAIN"),
    ],
)
def test_retention_is_refused_with_its_reason(n, gain, response, code):
    pre = [50 + (7 * i) % 11 for i in range(n)]
    post = [50 + (5 * i) % 13 + gain for i in range(n)]

    found = retention(pre, post, post, seed=1, response_rate=response)

    assert found.refusal.code == code
    assert found.value is None


@pytest.mark.parametrize(
    ("ratio", "word"),
    [(0.8, Band.SUSTAINED), (0.799, Band.PARTLY), (0.5, Band.PARTLY), (0.499, Band.NOT_SUSTAINED)],
)
def test_retention_has_three_bands(ratio, word):
    assert band(ratio) is word


def test_a_series_retains_what_is_left_of_its_change_in_either_direction():
    assert series_retention(30, 60, 54).value == pytest.approx(0.8)
    assert series_retention(60, 30, 36, higher_is_better=False).value == pytest.approx(0.8)
    assert series_retention(Decimal(30), Decimal(60), Decimal(75)).value == pytest.approx(1.5)


@pytest.mark.parametrize(
    ("args", "settings", "code"),
    [
        ((30, 60, None), {}, "NO_FOLLOW_UP"),
        ((30, 30, 30), {}, "NO_GAIN_TO_RETAIN"),
        ((30, 25, 30), {"higher_is_better": True}, "NO_GAIN_TO_RETAIN"),
        ((30, 35, 34), {"standard_error": 3}, "NO_GAIN_TO_RETAIN"),
    ],
)
def test_a_series_without_a_gain_or_a_follow_up_is_refused(args, settings, code):
    assert series_retention(*args, **settings).refusal.code == code


def test_things_kept_have_a_wilson_interval():
    found = share_kept(11, 12)

    assert (found.value, found.low, found.high) == pytest.approx((11 / 12, 0.646120, 0.985135), abs=1e-6)
    assert share_kept(0, 0).refusal.code == "DENOMINATOR_ZERO"


@pytest.mark.parametrize(("k", "n"), [(11, 12), (20, 26), (0, 9), (9, 9)])
def test_wilson_agrees_with_scipy(k, n):
    theirs = stats.binomtest(k, n).proportion_ci(method="wilson")

    assert wilson(k, n) == pytest.approx((theirs.low, theirs.high), abs=1e-12)


def test_newcombe_gives_his_own_published_interval():  # Newcombe (1998), table II, example a, method 10
    assert newcombe((56, 70), (48, 80)) == pytest.approx((0.2, 0.0524, 0.3339), abs=5e-5)


def test_the_score_interval_of_a_rate_ratio_gives_the_known_figures():  # statsmodels, confint_poisson_2indep
    assert rate_ratio_score((5, 4), (12, 4)) == pytest.approx((0.153136, 1.133702), abs=1e-5)


def test_the_exact_interval_of_a_rate_ratio_inverts_the_binomial_test():
    ratio, low, high, _ = rate_ratio_exact((5, 4), (12, 4))

    assert ratio == pytest.approx(0.416667, abs=1e-6)
    assert stats.binom.sf(4, 17, low / (1 + low)) == pytest.approx(0.025, rel=1e-6)
    assert stats.binom.cdf(5, 17, high / (1 + high)) == pytest.approx(0.025, rel=1e-6)


def counts(*values):
    return cases.series(values, cases.rule(value_type="count")), cases.rule(value_type="count")


def test_a_large_fall_of_rare_events_cannot_be_told_from_chance():
    series, how = counts(3, 3, 3, 3, 1, 1, 2, 1)

    found = before_after(series, how, split_on=date(2025, 12, 31))

    assert found.value == pytest.approx(5 / 12)
    assert found.low < 1 < found.high
    assert found.params["kind"] == "rate_ratio"
    assert any("cannot be told from chance" in str(s) for s in found.sentence)


def test_a_rate_without_events_before_is_refused_and_a_rate_without_events_after_is_zero():
    before_none, how = counts(0, 0, 1, 2)
    after_none, _ = counts(4, 5, 0, 0)

    assert before_after(before_none, how, split_on=date(2025, 6, 30)).refusal.code == "NO_VARIATION"
    assert before_after(after_none, how, split_on=date(2025, 6, 30)).value == 0


def test_proportions_are_pooled_before_they_are_compared():
    how = cases.rule(value_type="ratio", scale=100)
    series = cases.series([[20, 40], [28, 40], [30, 30], [26, 40]], how)

    found = before_after(series, how, split_on=date(2025, 6, 30))

    assert found.value == pytest.approx(20)
    assert (found.low, found.high) == pytest.approx((5.24, 33.39), abs=0.01)
    assert str(found.label) == "change, not effect"


def test_one_value_on_each_side_is_a_difference_without_a_test():
    how = cases.rule()

    found = before_after(cases.series([40, 52], how), how, split_on=date(2025, 3, 31))

    assert (found.value, found.low, found.p_value) == (12, None, None)
    assert found.method == "Difference only, no test"


def test_two_surveys_with_standard_errors_have_an_interval():
    how = cases.rule(value_type="score")
    series = cases.series([{"value": 40, "standard_error": 3}, {"value": 50, "standard_error": 4}], how)

    found = before_after(series, how, split_on=date(2025, 3, 31))

    assert (found.low, found.high) == pytest.approx((10 - 1.959964 * 5, 10 + 1.959964 * 5), abs=1e-4)


def test_five_points_on_each_side_have_a_welch_interval():
    how = cases.rule(value_type="score")
    x, y = [40, 42, 41, 44, 39], [50, 48, 53, 49, 55]

    found = before_after(cases.series([*x, *y], how), how, split_on=date(2026, 3, 31))

    theirs = stats.ttest_ind(y, x, equal_var=False)
    interval = theirs.confidence_interval()
    assert (found.value, found.low, found.high, found.p_value) == pytest.approx(
        (np.mean(y) - np.mean(x), interval.low, interval.high, theirs.pvalue)
    )


def test_a_series_that_was_moving_already_says_so():
    how = cases.rule(value_type="score")

    found = before_after(cases.series(range(10), how), how, split_on=date(2026, 3, 31))

    assert {a.name: a.holds for a in found.assumptions}["no_trend_before"] is Answer.NO


@pytest.mark.parametrize(
    ("split_on", "code"), [(date(2024, 12, 31), "NO_APPROVED_DATA"), (date(2025, 12, 31), "NO_FOLLOW_UP")]
)
def test_an_empty_side_is_refused(split_on, code):
    how = cases.rule()

    assert before_after(cases.series([1, 2], how), how, split_on=split_on).refusal.code == code


def test_a_period_across_the_date_belongs_to_neither_side():
    how = cases.rule()

    found = before_after(cases.series([1, 2, 3], how), how, split_on=date(2025, 5, 10))

    assert found.value == 2
    assert found.params["straddling_left_out"] == "2025 Q2"


@pytest.mark.parametrize(
    "result",
    [paired_gain(PRE, POST), paired_gain(PRE[:3], POST[:3]), series_retention(1, 2, 2), share_kept(3, 4)],
)
def test_a_result_survives_its_json(result):
    text = json.dumps(result_to_json(result), allow_nan=False)

    assert result_from_json(json.loads(text)) == result


def test_the_web_side_of_the_engine_does_not_load_scipy():
    code = (
        "import sys, indicators.engine.judge, indicators.engine.forecast, indicators.engine.codec, "
        "indicators.engine.periods, indicators.engine.portfolio, indicators.engine.expost.types, "
        "indicators.engine.expost.select, indicators.engine.expost.confidence, indicators.engine.expost.labels, "
        "indicators.engine.expost.contribution, indicators.engine.flips; "
        "sys.exit(', '.join(m for m in ('scipy', 'statsmodels', 'pandas', 'django') if m in sys.modules) or 0)"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
