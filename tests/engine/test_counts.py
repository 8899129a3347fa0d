"""Rates and series of counts against published figures, and how often their intervals are right."""

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from indicators.engine.errors import EngineError
from indicators.engine.expost.count_fit import fit_counts
from indicators.engine.expost.counts import interrupted_counts
from indicators.engine.expost.proportions import (
    mcnemar_exact,
    newcombe,
    newcombe_paired,
    rate_interval,
    rate_ratio_etest,
    rate_ratio_exact,
    rate_ratio_score,
    wilson,
)
from indicators.engine.expost.segmented import design
from indicators.engine.expost.types import Answer, Confidence, table_of
from indicators.engine.periods import Frequency

from . import cases

ACES = [
    728, 659, 791, 734, 757, 726, 760, 740, 720, 814, 795, 858, 887, 766, 851, 769, 781, 756, 766, 752, 765, 831, 879,
    928, 914, 808, 937, 840, 916, 828, 845, 818, 860, 839, 887, 886, 831, 796, 833, 820, 877, 758, 767, 738, 781, 843,
    850, 908, 1021, 859, 976, 888, 962, 838, 810, 876, 843, 936, 912,
]  # fmt: skip
POPULATION = [
    379875.3, 376495.5, 377040.8, 377116.4, 377383.4, 374113.1, 379513.3, 376295.5, 374653.2, 378485.6, 375955.5,
    378349.7, 376762.4, 379032.3, 379360.4, 376162, 377972.4, 381830.7, 379888.6, 380872.2, 380966.9, 381240.4,
    382104.9, 381802.7, 381656.3, 383680, 383503.2, 386462.9, 383783.1, 380836.8, 383483, 380906.2, 382926.8, 384052.4,
    384449.6, 383428.4, 388153.2, 388373.2, 386470.1, 386033.2, 383686.4, 385509.3, 385901.9, 386516.6, 388436.5,
    383255.2, 390148.7, 385874.9, 391613.6, 391750.4, 394005.6, 391364.9, 391664.6, 389022.3, 391878.5, 388575.3,
    392989, 390018.8, 390712.3,
]  # fmt: skip
"""Acute coronary events in Sicily by month, 2002 to November 2006, and the standardised population; the smoking ban
counts from January 2005 (Lopez Bernal, Cummins & Gasparrini 2017, data published with the article)."""


def counted(values, exposure=None, frequency=Frequency.MONTHLY):
    series = cases.series([int(v) for v in values], cases.rule(value_type="count"), frequency)
    if exposure is None:
        return series
    return [replace(p, denominator=Decimal(str(e))) for p, e in zip(series, exposure, strict=True)]


def test_the_smoking_ban_in_sicily_has_its_published_rate_ratio():  # 0.894 (0.864 to 0.925), step change only
    t = np.arange(59.0)
    x = np.column_stack([np.ones(59), t, t >= 36])
    poisson = sm.GLM(np.array(ACES), x, family=sm.families.Poisson(), offset=np.log(POPULATION)).fit()

    found = fit_counts(x, np.array(ACES, dtype=float), np.log(POPULATION))

    assert np.exp(poisson.params[2]) == pytest.approx(0.894, abs=5e-4)
    assert np.exp(poisson.conf_int()[2]) == pytest.approx([0.864, 0.925], abs=1e-3)
    assert found.dispersion == pytest.approx(3.559, abs=1e-3)
    value, low, high, _ = found.ratio([0, 0, 1])
    assert value == pytest.approx(0.894, abs=2e-3)
    assert low < 0.864
    assert 0.925 < high < 1  # wider: these counts scatter 3.6 times as much as Poisson


def test_the_whole_model_says_what_it_saw_in_sicily():
    series = counted(ACES, POPULATION)

    found = interrupted_counts(series, split_on=series[35].ends_on)

    assert found.value == pytest.approx(0.8915, abs=1e-3)
    assert found.high < 1
    assert found.flags == ("OVERDISPERSED",)
    assert {a.name: a.holds for a in found.assumptions}["poisson"] is Answer.NO
    assert found.confidence is Confidence.MODERATE
    assert found.params["seasons"] == 0  # 23 months after: less than two years
    assert str(found.label).startswith("change in rate")
    rows = table_of(found, "counterfactual").rows
    assert rows[40][3] > rows[40][1]  # fewer events than the continued line


def test_seasons_come_with_two_years_on_each_side():
    rng = np.random.default_rng(4)
    mean = 40 * np.exp(0.4 * np.sin(2 * np.pi * np.arange(60) / 12))
    series = counted(rng.poisson(mean))

    found = interrupted_counts(series, split_on=series[29].ends_on)

    assert found.params["seasons"] == 12
    assert found.low < 1 < found.high


def test_poisson_counts_stay_poisson_and_scattered_ones_do_not():
    rng = np.random.default_rng(6)
    x = design(np.arange(30.0), 15)
    plain = fit_counts(x, rng.poisson(20, size=30).astype(float), np.zeros(30))
    wild = fit_counts(x, rng.poisson(20 * rng.gamma(2, 0.5, size=30)).astype(float), np.zeros(30))

    assert plain.alpha == 0
    assert wild.alpha > 0.1
    assert wild.ratio([0, 0, 1])[2] / wild.ratio([0, 0, 1])[1] > 1.5


def test_resembling_neighbours_widen_the_interval():
    rng, e = np.random.default_rng(1), np.zeros(60)
    for i in range(1, 60):
        e[i] = 0.7 * e[i - 1] + rng.normal(0, 0.25)
    series = counted(rng.poisson(60 * np.exp(e)))

    found = interrupted_counts(series, split_on=series[29].ends_on, seasonal=False)

    assert "AUTOCORRELATED" in found.flags
    assert found.high / found.low > found.params["newey_west_high"] / found.params["newey_west_low"]


def test_exposure_is_taken_into_account():
    rng = np.random.default_rng(5)
    exposure = np.repeat([100.0, 300.0], 15)
    series = counted(rng.poisson(0.2 * exposure), exposure)

    found = interrupted_counts(series, split_on=series[14].ends_on)
    without = interrupted_counts([replace(p, denominator=None) for p in series], split_on=series[14].ends_on)

    assert found.low < 1 < found.high
    assert without.low > 1


@pytest.mark.parametrize(
    ("values", "split", "code"),
    [
        ([5] * 7 + [6] * 9, 7, "ITS_TOO_SHORT"),
        ([1] * 8 + [0] * 8, 8, "EVENTS_TOO_RARE"),
        ([20, 35, 55, 80, 100, 115, 118, 112, 98, 79, 54, 36, 21, 12] + [30] * 12, 14, "PRETREND_NOT_LINEAR"),
    ],
)
def test_counts_that_cannot_carry_it_are_refused(values, split, code):
    series = counted(values)

    assert interrupted_counts(series, split_on=series[split - 1].ends_on).refusal.code == code


def test_fractions_are_not_counts():
    series = cases.series(["1.5"] * 20, cases.rule(), Frequency.MONTHLY)

    assert interrupted_counts(series, split_on=series[9].ends_on).refusal.code == "NOT_COUNTS"


def test_the_interval_holds_the_truth_about_as_often_as_documented():  # 80 runs, negative binomial counts
    rng, hits = np.random.default_rng(1), 0
    x = design(np.arange(24.0), 12)
    for _ in range(80):
        y = rng.poisson(20 * rng.gamma(5, 0.2, size=24)).astype(float)
        _, low, high, _ = fit_counts(x, y, np.zeros(24)).ratio([0, 0, 1])
        hits += low <= 1 <= high

    assert 0.87 < hits / 80 <= 1


# --- Single rates and shares --------------------------------------------------------------------------------------


def test_a_fall_of_rare_events_by_58_percent_cannot_be_told_from_chance():
    ratio, low, high, p = rate_ratio_exact((5, 4), (12, 4))

    assert ratio == pytest.approx(0.416667, abs=1e-6)
    assert rate_ratio_score((5, 4), (12, 4)) == pytest.approx((0.153136, 1.133702), abs=1e-6)
    assert rate_ratio_etest((5, 4), (12, 4)) == pytest.approx(0.096777, abs=1e-6)
    assert rate_ratio_etest((400, 4), (300, 4)) is None  # a sum over all pairs of counts would take long
    assert low < 0.153  # exact is never narrower here
    assert high > 1.134
    assert p > 0.096


def test_rates_have_exact_and_score_intervals():  # Garwood: 0 events in 4 quarters, upper 3.689/4
    assert rate_interval(0, 4) == pytest.approx((0, 3.688879 / 4), abs=1e-6)
    low, high = rate_interval(5, 4, method="score")
    assert 0.4 < low < 1.25 < high < 3


def test_paired_proportions_have_newcombes_interval():  # Newcombe (1998), 20/12/2/16 of 50
    assert newcombe_paired(20, 2, 12, 16) == pytest.approx((0.2, 0.0562, 0.3292), abs=1e-4)
    assert newcombe_paired(10, 0, 0, 10)[0] == 0
    assert mcnemar_exact(2, 12) == pytest.approx(2 * sum(_choose(14, k) for k in range(3)) / 2**14)
    assert mcnemar_exact(0, 0) == 1
    with pytest.raises(EngineError, match="four counts"):
        newcombe_paired(-1, 0, 0, 3)


def _choose(n, k):
    return int(np.prod([(n - i) / (i + 1) for i in range(k)]) + 0.5)


@settings(max_examples=80, deadline=None, derandomize=True)
@given(st.integers(0, 30), st.integers(0, 30), st.integers(0, 30), st.integers(1, 30))
def test_swapping_before_and_after_turns_the_sign(both, before, after, neither):
    there, back = newcombe_paired(both, before, after, neither), newcombe_paired(both, after, before, neither)

    assert there[0] == pytest.approx(-back[0])
    assert there[1:] == pytest.approx((-back[2], -back[1]), abs=1e-9)
    assert -1 <= there[1] <= there[0] <= there[2] <= 1


@settings(max_examples=80, deadline=None, derandomize=True)
@given(st.integers(0, 50), st.integers(1, 50), st.integers(0, 50), st.integers(1, 50))
def test_intervals_of_shares_stay_inside(k1, extra1, k2, extra2):
    n1, n2 = k1 + extra1, k2 + extra2
    low, high = wilson(k1, n1)
    difference, below, above = newcombe((k1, n1), (k2, n2))

    assert 0 <= low <= k1 / n1 <= high <= 1
    assert -1 <= below <= difference <= above <= 1


def test_wilson_holds_the_truth_in_about_95_of_100_cases_whatever_the_share():
    intervals = [wilson(k, 25) for k in range(26)]

    def coverage(p):
        return sum(stats.binom.pmf(k, 25, p) for k, (low, high) in enumerate(intervals) if low <= p <= high)

    assert np.mean([coverage(p) for p in np.linspace(0.02, 0.98, 97)]) == pytest.approx(0.95, abs=0.01)
