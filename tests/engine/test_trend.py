"""Trend and forecast, checked against scipy and published figures."""

from datetime import date
from decimal import Decimal

import numpy as np
import pytest
from scipy import stats

from indicators.engine.distributions import t_cdf, t_quantile
from indicators.engine.errors import EngineError
from indicators.engine.forecast import forecast
from indicators.engine.kendall import mann_kendall, theil_sen
from indicators.engine.trend import trend
from indicators.engine.types import Direction, Forecast, Refusal, TrendWord

from . import cases

EPA = [10, 10, 10, 5, 10, 20, 18, 17, 15, 24, 15]
"""EPA QA/G-9S, p. 109, as quoted by EarthSoft EnviroInsite; S, variance and Z are published."""
CRITICAL_S_ONE_SIDED_95 = {4: 6, 5: 8, 6: 11, 7: 13, 8: 16, 9: 18, 10: 21}
"""EarthSoft EQuIS, Mann-Kendall small-sample table."""
CRITICAL_S_TWO_SIDED_95 = {5: 10, 6: 13, 7: 15, 8: 18, 9: 20, 10: 23}
SMALLEST_P = {3: 0.33333, 4: 0.08333, 5: 0.01667, 6: 0.00278}


def yearly(values):
    return tuple((date(2010 + i, 12, 31), Decimal(str(v))) for i, v in enumerate(values))


def with_s(n, s):
    """A series of n different values whose Kendall S is s (or s − 1 when the parity does not allow s)."""
    values, left = list(range(n)), (n * (n - 1) // 2 - s) // 2
    for end in range(n - 1, 0, -1):
        for i in range(end):
            if left > 0:
                values[i], values[i + 1] = values[i + 1], values[i]
                left -= 1
    return values


def test_mann_kendall_with_ties_gives_the_published_figures():
    found = mann_kendall(EPA)

    assert found.s == 22
    assert found.variance == pytest.approx(155.3333, abs=1e-4)
    assert found.z == pytest.approx(1.685, abs=6e-4)
    assert found.p_value == pytest.approx(0.092, abs=6e-4)
    assert theil_sen(range(11), EPA)[0] == 1.0


@pytest.mark.parametrize(("n", "critical"), CRITICAL_S_ONE_SIDED_95.items())
def test_the_exact_test_has_the_published_critical_values(n, critical):
    at, below = mann_kendall(with_s(n, critical)), mann_kendall(with_s(n, critical - 2))

    assert at.s == critical or at.s == critical + 1
    assert at.p_value / 2 <= 0.05 < below.p_value / 2


@pytest.mark.parametrize(("n", "critical"), CRITICAL_S_TWO_SIDED_95.items())
def test_the_exact_two_sided_test_has_the_critical_values(n, critical):
    at, below = mann_kendall(with_s(n, critical)), mann_kendall(with_s(n, critical - 2))

    assert at.p_value <= 0.05 < below.p_value


@pytest.mark.parametrize(("n", "smallest"), SMALLEST_P.items())
def test_the_smallest_possible_p_is_known(n, smallest):
    assert mann_kendall(range(n)).p_value == pytest.approx(smallest, abs=1e-5)


@pytest.mark.parametrize("seed", range(20))
def test_the_exact_test_agrees_with_scipys_kendall_tau(seed):
    values = np.random.default_rng(seed).normal(size=4 + seed % 7)

    ours = mann_kendall(values.tolist()).p_value

    assert ours == pytest.approx(
        stats.kendalltau(range(len(values)), values, method="exact").pvalue, rel=1e-12
    )


def test_the_exact_test_with_ties_counts_every_arrangement():
    values = [1, 1, 2, 3, 3, 3]
    test = stats.permutation_test(
        (values,),
        lambda y: sum(np.sign(b - a) for i, a in enumerate(y) for b in y[i + 1 :]),
        permutation_type="pairings",
        n_resamples=np.inf,
    )

    assert mann_kendall(values).p_value == pytest.approx(test.pvalue, rel=1e-12)


@pytest.mark.parametrize("seed", range(20))
def test_theil_sen_agrees_with_scipy(seed):
    rng = np.random.default_rng(seed)
    x = np.sort(rng.choice(100, size=5 + seed, replace=False)).astype(float)
    y = np.round(rng.normal(size=5 + seed) + 0.02 * x, 1)

    theirs = stats.theilslopes(y, x, alpha=0.95)

    assert theil_sen(x, y) == pytest.approx((theirs.slope, theirs.low_slope, theirs.high_slope), rel=1e-12)


@pytest.mark.parametrize("df", [1, 3, 9, 40, 500])
@pytest.mark.parametrize("p", [0.001, 0.3, 0.5, 0.9, 0.975])
def test_students_t_agrees_with_scipy(df, p):
    assert t_quantile(p, df) == pytest.approx(stats.t.ppf(p, df), rel=1e-9, abs=1e-9)
    assert t_cdf(t_quantile(p, df), df) == pytest.approx(p, rel=1e-9)


def test_a_slope_through_one_time_is_a_mistake_of_the_caller():
    with pytest.raises(EngineError, match="two different times"):
        theil_sen([1, 1], [2, 3])


def test_three_points_are_insufficient():
    found = trend(yearly([1, 2, 3]), Direction.ASCENDING)

    assert found.word is TrendWord.INSUFFICIENT
    assert found.slope_per_year is None


def test_four_points_have_a_slope_but_no_test():
    found = trend(yearly([1, 2, 3, 4]), Direction.ASCENDING)

    assert found.word is TrendWord.INSUFFICIENT
    assert found.slope_per_year == pytest.approx(1, rel=1e-3)
    assert found.p_value is None


@pytest.mark.parametrize(
    ("direction", "word"),
    [
        (Direction.ASCENDING, TrendWord.IMPROVING),
        (Direction.MAINTAIN_ABOVE, TrendWord.IMPROVING),
        (Direction.DESCENDING, TrendWord.WORSENING),
        (Direction.MAINTAIN_BELOW, TrendWord.WORSENING),
        (Direction.RANGE, TrendWord.RISING),
    ],
)
def test_the_word_follows_the_direction(direction, word):
    assert trend(yearly([1, 2, 3, 4, 5, 6]), direction).word is word


def test_context_only_rises_or_falls():
    assert trend(yearly([6, 5, 4, 3, 2, 1]), Direction.ASCENDING, has_better=False).word is TrendWord.FALLING


def test_equal_values_are_no_evidence_and_not_nan():
    found = trend(yearly([5] * 12), Direction.ASCENDING)

    assert found.word is TrendWord.NO_EVIDENCE
    assert found.slope_per_year == 0
    assert found.p_value == 1


def test_a_wandering_series_is_corrected_for_autocorrelation():
    wave = [10 * np.sin(i / 3.5) for i in range(20)]

    found = trend(yearly(wave), Direction.ASCENDING)

    assert "Hamed–Rao" in found.method
    assert found.p_value >= mann_kendall(wave).p_value


def test_a_straight_line_is_projected_to_the_target_date():
    how, to = cases.rule(), cases.plan({"baseline": 0, "target": 100})
    series = cases.series([10, 20, 30, 40, 50], how)
    to = cases.plan({"baseline": 0, "target": 80, "target_on": series[-1].ends_on.replace(year=2027)})

    found = forecast(series, how, to, series[-1].ends_on)

    assert isinstance(found, Forecast)
    assert float(found.value) == pytest.approx(90, abs=0.5)
    assert (found.carry_last, found.planned, found.reaches_target) == (50, 80, True)
    assert found.low is None
    assert found.note is not None


def test_the_interval_is_the_least_squares_prediction_interval():
    how = cases.rule()
    noisy = [12, 19, 33, 38, 52, 58, 73, 79]
    series = cases.series(noisy, how)
    to = cases.plan({"baseline": 0, "target": 100, "target_on": date(2027, 6, 30)})

    found = forecast(series, how, to, series[-1].ends_on)

    x = np.array([(p.ends_on - series[0].ends_on).days for p in series], dtype=float)
    at = float((date(2027, 6, 30) - series[0].ends_on).days)
    fit = stats.linregress(x, noisy)
    s = np.sqrt(((noisy - fit.intercept - fit.slope * x) ** 2).sum() / 6)
    error = s * np.sqrt(1 + 1 / 8 + (at - x.mean()) ** 2 / ((x - x.mean()) ** 2).sum())
    centre, reach = fit.intercept + fit.slope * at, stats.t.ppf(0.975, 6) * error
    assert isinstance(found, Forecast)
    assert (float(found.low), float(found.high)) == pytest.approx((centre - reach, centre + reach), rel=1e-6)
    assert found.probability == pytest.approx(stats.t.sf((100 - centre) / error, 6), rel=1e-6)


def test_a_projection_stays_within_the_logical_bounds():
    how = cases.rule(value_type="ratio", scale=100, upper_bound=100)
    series = cases.series([[n, 100] for n in (50, 60, 70, 80, 90)], how)
    to = cases.plan({"baseline": 50, "target": 95, "target_on": date(2026, 12, 31)})

    found = forecast(series, how, to, series[-1].ends_on)

    assert isinstance(found, Forecast)
    assert found.value == 100
    assert found.is_clipped


def test_a_sum_is_projected_by_its_running_total():
    how = cases.rule(value_type="count", time_rule="sum")
    series = cases.series([10] * 6, how)
    to = cases.plan({"baseline": 0, "target": 100, "target_on": date(2027, 6, 30)})

    found = forecast(series, how, to, series[-1].ends_on)

    assert isinstance(found, Forecast)
    assert found.carry_last == 60
    assert float(found.value) == pytest.approx(100, abs=1)


@pytest.mark.parametrize(
    ("values", "target_on", "code"),
    [
        ([1, 2, 3, 4], date(2026, 6, 30), "N_TOO_SMALL_TREND"),
        ([1, 2, 3, 4, 5], date(2025, 6, 30), "NO_PROJECTION"),
        ([1, 2, 3, 4, 5], date(2035, 6, 30), "HORIZON_TOO_LONG"),
    ],
)
def test_a_projection_is_refused_with_its_reason(values, target_on, code):
    how = cases.rule()
    series = cases.series(values, how)

    found = forecast(
        series, how, cases.plan({"baseline": 0, "target": 9, "target_on": target_on}), date(2026, 4, 1)
    )

    assert isinstance(found, Refusal)
    assert found.code == code
    assert any(c.isdigit() for c in str(found.message))


def projected(values, to_on=date(2027, 12, 31), **more):
    how = cases.rule(**more.pop("rule", {}))
    series = cases.series(values, how)
    to = cases.plan({"baseline": 0, "target": 100, "target_on": to_on} | more)
    return forecast(series, how, to, series[-1].ends_on)


def test_neighbours_that_resemble_each_other_widen_the_interval_and_give_no_chance():
    """The variance is inflated by (1 + r)/(1 − r) when r, the residuals' correlation at lag 1, is above 2/√n."""
    wave = [50 + 2 * i + 8 * np.sin(i / 2.5) for i in range(16)]
    values = [str(round(v, 4)) for v in wave]

    found = projected(values, date(2030, 6, 30))

    series = cases.series(values, cases.rule())
    x = np.array([(p.ends_on - series[0].ends_on).days for p in series], dtype=float)
    y = np.array([float(v) for v in values])
    at = float((date(2030, 6, 30) - series[0].ends_on).days)
    fit = stats.linregress(x, y)
    rest = y - fit.intercept - fit.slope * x
    r = (rest[:-1] @ rest[1:]) / (rest @ rest)
    assert r > 2 / np.sqrt(16)
    s = np.sqrt(rest @ rest / 14 * (1 + r) / (1 - r))
    error = s * np.sqrt(1 + 1 / 16 + (at - x.mean()) ** 2 / ((x - x.mean()) ** 2).sum())
    assert float(found.high - found.low) == pytest.approx(2 * stats.t.ppf(0.975, 14) * error, rel=1e-6)
    assert found.probability is None
    assert "Neighbouring points resemble each other" in str(found.note)


def test_the_chance_of_a_fall_is_that_of_lying_below():
    noisy = [88, 81, 67, 62, 48, 42, 27, 21]
    falling = {"baseline": 100, "target": 10, "rule": {"direction": "descending"}}

    down = projected(noisy, date(2027, 6, 30), **falling)
    up = projected([100 - v for v in noisy], date(2027, 6, 30), target=90)

    assert down.probability == pytest.approx(up.probability, rel=1e-9)
    assert (down.reaches_target, up.reaches_target) == (True, True)
    assert projected(noisy, date(2027, 6, 30), **falling | {"target": -99}).reaches_target is False


def test_what_is_kept_has_no_target_to_reach():
    kept = projected([5, 6, 5, 7, 6, 5, 6, 7], date(2027, 3, 31), rule={"direction": "maintain_above"})
    assert (kept.reaches_target, kept.probability) == (None, None)


def test_a_projection_stops_at_zero_for_counts_and_at_a_lower_bound():
    falling = [90, 70, 50, 30, 10]

    assert (
        projected(falling, date(2026, 12, 31), rule={"value_type": "count", "time_rule": "last"}).value == 0
    )
    assert projected(falling, date(2026, 12, 31), rule={"lower_bound": 3}).value == 3
    assert projected(falling, date(2026, 12, 31)).value < 0


@pytest.mark.parametrize(
    ("kind", "to_on", "code"),
    [
        ("binary", date(2027, 1, 1), "NOT_NUMERIC"),
        ("milestone", date(2027, 1, 1), "NOT_NUMERIC"),
        ("number", None, "TARGET_MISSING"),
    ],
)
def test_what_has_no_line_or_no_day_is_not_projected(kind, to_on, code):
    assert projected([1, 0, 1, 0, 1], to_on, rule={"value_type": kind}).code == code
