"""Control charts: limits, signals in words, and the refusals instead of a chart."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import pairwise

import pytest

from indicators.engine.errors import EngineError
from indicators.engine.kendall import mann_kendall, seasonal_mann_kendall, seasonal_slope
from indicators.engine.signals import (
    SignalKind,
    c_chart,
    cusum,
    ewma,
    ewma_steady_limits,
    u_chart,
    watch,
    xmr,
)
from indicators.engine.trend import trend
from indicators.engine.types import Direction, RefusalCode, TrendWord

from . import cases

# Montgomery, Introduction to Statistical Quality Control; EWMA and CUSUM example
BATCHES = [
    9.45, 7.99, 9.29, 11.66, 12.16, 10.18, 8.04, 11.46, 9.2, 10.34, 9.03, 11.47, 10.51, 9.4, 10.08, 9.37, 10.62,
    10.31, 8.52, 10.84, 10.9, 9.33, 12.29, 11.5, 10.6, 11.08, 10.38, 11.62, 11.31, 10.52,
]  # fmt: skip
CALM = [10.0, 11, 9, 10.5, 9.5, 10.2, 9.8, 10.1, 9.9, 10.4, 9.6, 10.3]


def test_the_ewma_of_a_textbook_signals_at_29_and_30():
    found = ewma(BATCHES, mean=10, sd=1, weight=0.1, reach=2.7)

    assert [p.value for p in found.points[:4]] == pytest.approx([9.945, 9.7495, 9.70355, 9.8992], abs=6e-5)
    assert found.points[28].value == pytest.approx(10.64682, abs=6e-5)
    assert (found.points[0].low, found.points[0].high) == pytest.approx((9.73, 10.27))
    assert ewma_steady_limits(10, 1, 0.1, 2.7) == pytest.approx((9.38058, 10.61942), abs=6e-6)
    assert [i + 1 for i in found.signalled] == [29, 30]


def test_the_cusum_of_a_textbook_signals_at_29():
    found = cusum(BATCHES, mean=10, sd=1, slack=0.5, limit=5)

    assert found.upper[26:] == pytest.approx([3.35, 4.47, 5.28, 5.3], abs=0.006)
    assert [i + 1 for i in found.signalled] == [29, 30]
    assert str(found.signals[0].text) == "29: the level has moved up since 23."


def test_a_fall_is_found_by_the_lower_sum():
    found = cusum([-x for x in BATCHES], mean=-10, sd=1)

    assert [i + 1 for i in found.signalled] == [29, 30]
    assert not found.signals[0].is_high


def test_individuals_limits_are_the_mean_and_2_66_mean_moving_ranges():
    values = [5.0, 7, 6, 8, 5, 6, 7, 9]
    ranges = [2, 1, 2, 3, 1, 1, 2]

    found = xmr(values)

    assert found.centre == pytest.approx(53 / 8)
    assert found.points[0].high == pytest.approx(53 / 8 + 2.66 * sum(ranges) / 7)
    assert found.points[0].low == pytest.approx(53 / 8 - 2.66 * sum(ranges) / 7)
    assert found.is_provisional


@pytest.mark.parametrize(("count", "answer"), [(7, None), (8, True), (11, True), (12, False)])
def test_fewer_than_8_points_are_refused_and_fewer_than_12_provisional(count, answer):
    found = xmr(CALM[:count])

    if answer is None:
        assert (found.code, found.message.params["have"]) == (RefusalCode.N_TOO_SMALL_CHART, "7")
    else:
        assert found.is_provisional is answer


def test_gaps_are_no_zeros_and_no_neighbours():
    gap = [*CALM[:6], None, *CALM[6:]]

    found = xmr(gap)

    assert found.n == 12
    assert found.centre == pytest.approx(xmr(CALM).centre)
    assert found.points[6].value is None
    # The range across the gap is not taken.
    assert found.sigma == pytest.approx(
        sum(abs(b - a) for s in (CALM[:6], CALM[6:]) for a, b in pairwise(s)) / 10 / 1.128
    )


def test_a_point_outside_the_limits_is_named():
    found = xmr([*CALM, 30], limits_from=12, labels=[f"P{i}" for i in range(13)])

    assert [(s.kind, str(s.text)) for s in found.signals] == [
        (SignalKind.OUTSIDE, "P12 lies above the upper limit.")
    ]
    low = xmr([*CALM, -30], limits_from=12)
    assert (low.signalled, low.signals[0].is_high) == ((12,), False)


@pytest.mark.parametrize(("more", "count"), [(6, 0), (7, 1)])
def test_seven_on_one_side_are_a_signal_and_six_are_not(more, count):
    found = xmr([*CALM, 9.0, *[10.3, 10.2] * 3, 10.3][: 13 + more], limits_from=12)

    assert len([s for s in found.signals if s.kind is SignalKind.ONE_SIDE]) == count


def test_a_value_on_the_mean_ends_a_row():
    steady = [9.0, 11.0] * 6
    found = xmr([*steady, *[10.5] * 4, 10.0, *[10.5] * 4], limits_from=12)

    assert found.centre == 10
    assert not found.signals


@pytest.mark.parametrize(
    ("rising", "count"), [([9.0, 9.2, 9.4, 9.6, 9.8, 10.1], 0), ([9.0, 9.2, 9.4, 9.6, 9.8, 10.1, 10.2], 1)]
)
def test_seven_rising_points_are_a_signal(rising, count):
    found = xmr([*CALM, *rising], limits_from=12)
    down = xmr([*CALM, *[20 - x for x in rising]], limits_from=12)

    assert len([s for s in found.signals if s.kind is SignalKind.TREND]) == count
    assert [s.is_high for s in down.signals if s.kind is SignalKind.TREND] == [False] * count


def test_equal_values_have_no_limits():
    assert xmr([3.0] * 12).code is RefusalCode.NO_VARIATION


def test_a_limit_beyond_what_is_possible_is_left_out():
    found = xmr([98.0, 99, 97, 100, 96, 99, 98, 100], lower_bound=0, upper_bound=100)

    assert found.points[0].high is None
    assert found.points[0].low > 0


def test_counts_have_poisson_limits():
    counts = [4, 6, 5, 3, 7, 5, 4, 6, 5, 5, 4, 6]

    found = c_chart(counts)

    assert (found.method, found.centre) == ("c chart", 5)
    assert found.points[0].high == pytest.approx(5 + 3 * 5**0.5)
    assert found.points[0].low is None
    assert found.dispersion < 1


def test_rates_have_limits_that_narrow_with_exposure():
    found = u_chart([10, 20, 9, 22, 11, 19, 10, 20], [1.0, 2, 1, 2, 1, 2, 1, 2])

    assert found.centre == pytest.approx(121 / 12)
    assert found.points[0].high == pytest.approx(121 / 12 + 3 * (121 / 12) ** 0.5)
    assert found.points[1].high == pytest.approx(121 / 12 + 3 * (121 / 24) ** 0.5)


def test_counts_that_scatter_more_than_chance_get_wider_limits_and_say_so():
    counts = [10, 40, 5, 50, 12, 38, 8, 45, 9, 41, 11, 44]

    found = c_chart(counts)

    assert found.method == "c′ chart (Laney)"
    assert found.dispersion > 2
    assert found.points[0].high > found.centre + 3 * found.centre**0.5
    assert not found.signalled
    assert found.notes


def test_counts_that_drift_are_widened_by_their_dispersion():
    found = c_chart([10, 10, 10, 10, 40, 40, 40, 40, 40, 40, 40, 40])

    assert found.sigma == pytest.approx((found.dispersion * found.centre) ** 0.5)
    assert found.points[0].high > found.centre + 3 * found.centre**0.5


@pytest.mark.parametrize(
    ("counts", "code"),
    [
        ([0, 1, 0, 0, 1, 0, 0, 0], RefusalCode.EVENTS_TOO_RARE),
        ([0] * 12, RefusalCode.EVENTS_TOO_RARE),
        ([1.5, 2, 3, 4, 5, 6, 7, 8], RefusalCode.NOT_COUNTS),
        ([-1, 2, 3, 4, 5, 6, 7, 8], RefusalCode.NOT_COUNTS),
        ([4, 5, 6], RefusalCode.N_TOO_SMALL_CHART),
    ],
)
def test_what_is_no_series_of_counts_is_refused(counts, code):
    assert c_chart(counts).code is code


@pytest.mark.parametrize(
    ("call", "word"),
    [
        (lambda: ewma(CALM, weight=0), "λ"),
        (lambda: ewma(CALM, mean=1, sd=0), "standard deviation"),
        (lambda: cusum(CALM, limit=0), "H ="),
        (lambda: u_chart([1, 2], [1]), "exposures"),
        (lambda: seasonal_mann_kendall([1, 2], 1), "seasons"),
        (lambda: seasonal_mann_kendall([1, 2, 3], 4), "two values"),
        (lambda: seasonal_slope([1, 2], 4), "two values"),
    ],
)
def test_impossible_settings_say_what_was_expected(call, word):
    with pytest.raises(EngineError, match=word):
        call()


def test_drift_charts_estimate_the_process_from_the_values():
    assert ewma(CALM).centre == pytest.approx(xmr(CALM).centre)
    assert cusum(CALM).sigma == pytest.approx(xmr(CALM).sigma)
    assert ewma(CALM[:5]).code is cusum(CALM[:5]).code is RefusalCode.N_TOO_SMALL_CHART
    gap = ewma([10.0, None, 10.0], mean=10, sd=1)
    assert gap.points[1].value is None
    assert cusum([16.0, None, 10.0], mean=10, sd=1).upper == (5.5, 5.5, 5.0)


@pytest.mark.parametrize(
    ("how", "values", "method"),
    [
        (
            {"value_type": "count", "direction": "descending", "time_rule": "sum"},
            [4, 6, 5, 3, 7, 5, 4, 6],
            "c chart",
        ),
        ({"value_type": "count", "time_rule": "sum"}, [4, 6, 5, 3, 7, 5, 4, 6], "XmR"),
        ({"value_type": "score"}, [4, 6, 5, 3, 7, 5, 4, 6], "XmR"),
    ],
)
def test_an_indicator_gets_the_chart_that_fits(how, values, method):
    assert watch(cases.series(values, cases.rule(**how)), cases.rule(**how)).method == method


def test_events_with_an_exposure_get_a_u_chart():
    how = cases.rule(value_type="count", direction="descending", time_rule="sum")
    series = cases.series([{"value": v} for v in (4, 6, 5, 3, 7, 5, 4, 6)], how)
    exposed = [replace(p, denominator=Decimal(2)) for p in series]

    assert watch(exposed, how).method == "u chart"
    assert watch(exposed, how).centre == 2.5


@pytest.mark.parametrize("kind", ["text", "binary", "milestone", "ordinal"])
def test_what_has_no_size_has_no_chart(kind):
    how = cases.rule(value_type=kind)

    assert watch(cases.series([1] * 12, how), how).code is RefusalCode.NOT_NUMERIC


# --- Seasons -------------------------------------------------------------------------------------------------------


def test_the_seasonal_test_adds_its_seasons():
    y = [1.0, 10, 2, 11, 3, 12, 4, 13]

    found = seasonal_mann_kendall(y, 2)

    parts = [mann_kendall(y[0::2]), mann_kendall(y[1::2])]
    assert (found.s, found.variance) == (sum(p.s for p in parts), sum(p.variance for p in parts))
    assert found.z == pytest.approx((12 - 1) / found.variance**0.5)
    assert seasonal_slope(y, 2) == 1.0
    assert seasonal_mann_kendall([*y[:2], None, *y[3:]], 2).s == 9


def monthly(values):
    return [(date(2020 + i // 12, i % 12 + 1, 28), Decimal(str(v))) for i, v in enumerate(values)]


def test_a_yearly_rhythm_neither_hides_a_trend_nor_is_one():
    wave = [0, 3, 8, 14, 20, 24, 25, 23, 18, 12, 6, 2]
    rising = monthly([wave[i % 12] + 0.1 * i + (i * 7 % 5) / 10 for i in range(48)])
    flat = monthly([wave[i % 12] + (i * 7 % 5) / 10 for i in range(48)])

    up, level = trend(rising, Direction.ASCENDING), trend(flat, Direction.ASCENDING)

    assert up.word is TrendWord.IMPROVING
    assert "seasonal" in up.method
    assert up.slope_per_year == pytest.approx(1.2, abs=0.15)
    assert level.word is TrendWord.NO_EVIDENCE
    assert mann_kendall([float(v) for _, v in rising]).p_value > 0.05


def test_without_a_rhythm_or_three_years_the_ordinary_test_stands():
    noise = monthly([(i * 37 % 11) for i in range(48)])
    short = monthly([[0, 3, 8, 14, 20, 24, 25, 23, 18, 12, 6, 2][i % 12] for i in range(30)])

    assert "seasonal" not in trend(noise, Direction.ASCENDING).method
    assert "seasonal" not in trend(short, Direction.ASCENDING).method
    assert (
        "seasonal"
        not in trend([(date(2000 + i, 1, 1), Decimal(i)) for i in range(12)], Direction.ASCENDING).method
    )
    assert "seasonal" not in trend(monthly([i for i in range(48)]), Direction.ASCENDING).method
