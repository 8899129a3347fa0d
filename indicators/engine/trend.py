"""Is it moving, and is that more than chance? Theil–Sen slope and Mann–Kendall test. Never a verdict on the target."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from itertools import pairwise

import numpy as np

from .distributions import normal_cdf, normal_quantile
from .errors import EngineError
from .messages import gettext_noop, refuse
from .types import Direction, Refusal, RefusalCode, Trend, TrendWord

MIN_POINTS_SLOPE = 4
MIN_POINTS_TEST = 5
LARGEST_EXACT = 10
SIGNIFICANCE = 0.05
DAYS_PER_YEAR = 365.25
MIN_CYCLES = 3
"""Years that must be there before seasons are told from chance."""
SEASONS = {1: 12, 3: 4, 6: 2}
"""Months between points: points a year."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MannKendall:
    """The test's figures: S, its variance without trend, z (None when exact) and the two-sided p."""

    s: int
    variance: float
    z: float | None
    p_value: float
    method: str


def theil_sen(x: Sequence[float], y: Sequence[float], *, level: float = 0.95) -> tuple[float, float, float]:
    """Median of the slopes between all pairs of points, with Sen's interval.

    Args:
        x: times, at least two different ones, any unit.
        y: values, as many as x.
        level: of the interval, between 0.5 and 1.

    Returns:
        slope, low, high in units of y per unit of x.

    Raises:
        EngineError: fewer than two different times.

    Source: Sen (1968), JASA 63:1379; METHOD 2.5.

    >>> theil_sen([0, 1, 2, 3], [1.0, 2.0, 3.0, 10.0])[0]
    2.0
    """
    times, values = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    steps_x = times[:, None] - times[None, :]
    steps_y = values[:, None] - values[None, :]
    later = steps_x > 0
    slopes = np.sort(steps_y[later] / steps_x[later])
    if slopes.size == 0:
        raise EngineError(f"A slope needs two different times; {len(times)} points at one time were given.")
    n = len(values)
    variance = (n * (n - 1) * (2 * n + 5) - _tie_sum(times.tolist()) - _tie_sum(values.tolist())) / 18
    reach = normal_quantile((1 + level) / 2) * math.sqrt(max(variance, 0.0))
    lower = max(round((slopes.size - reach) / 2) - 1, 0)
    upper = min(round((slopes.size + reach) / 2), slopes.size - 1)
    return float(np.median(slopes)), float(slopes[lower]), float(slopes[upper])


def mann_kendall(y: Sequence[float]) -> MannKendall:
    """Two-sided Mann–Kendall test against no trend, values in order of time.

    Up to ten points the p-value is exact: it counts the arrangements of the very values (ties included) that are at
    least as ordered. Above ten it is the normal approximation with tie and continuity correction.

    Args:
        y: at least two values.

    Source: Mann (1945); Kendall (1975); EPA QA/G-9S; METHOD 2.5.

    >>> mann_kendall([1, 2, 3, 4, 5]).p_value
    0.016666666666666666
    """
    if len(y) < 2:
        raise EngineError(f"A trend test needs at least two values; {len(y)} were given.")
    y = [float(value) for value in y]
    s = _kendall_s(y)
    variance = _variance_of_s(y)
    if len(y) <= LARGEST_EXACT:
        has_ties = len(set(y)) < len(y)
        method = "Mann–Kendall, exact permutation (ties)" if has_ties else "Mann–Kendall, exact"
        return MannKendall(s=s, variance=variance, z=None, p_value=_exact_p(s, y), method=method)
    return _normal_test(s, variance, "Mann–Kendall, normal approximation, tie and continuity correction")


def seasonal_mann_kendall(y: Sequence[float | None], seasons: int) -> MannKendall:
    """Mann–Kendall within each season, summed: a yearly rhythm is neither a trend nor hides one.

    Args:
        y: one value per period in order of time, None where missing; place i belongs to season i modulo `seasons`.
        seasons: periods a year, 2 or more; at least one season needs two values.

    Returns:
        S = Σ S_g and its variance Σ var_g (tie-corrected, seasons taken as independent), z with continuity correction.

    Source: Hirsch, Slack & Smith (1982), Water Resources Research 18:107; METHOD 2.5.
    """
    if seasons < 2:
        raise EngineError(f"{seasons} seasons were given; 2 or more were expected.")
    groups = [[float(v) for v in y[g::seasons] if v is not None] for g in range(seasons)]
    if all(len(group) < 2 for group in groups):
        raise EngineError("A seasonal test needs at least two values of one season.")
    s = sum(_kendall_s(group) for group in groups)
    variance = sum(_variance_of_s(group) for group in groups)
    return _normal_test(s, variance, "seasonal Mann–Kendall, tie and continuity correction")


def seasonal_slope(y: Sequence[float | None], seasons: int) -> float:
    """Median of the slopes per year between values of the same season (Hirsch, Slack & Smith 1982)."""
    slopes = [
        (b - a) / ((j - i) // seasons)
        for i, a in enumerate(y)
        for j, b in enumerate(y)
        if j > i and (j - i) % seasons == 0 and a is not None and b is not None
    ]
    if not slopes:
        raise EngineError("A seasonal slope needs two values of one season.")
    return float(np.median(slopes))


def trend(points: Sequence[tuple[date, Decimal]], direction: Direction, *, has_better: bool = True) -> Trend:
    """The trend of a series in direction-aware words.

    Args:
        points: last day and value of each period with an approved value, in order of time.
        direction: which way is better.
        has_better: False for context indicators, which only rise or fall.

    Returns:
        Fewer than 4 points: INSUFFICIENT. 4: a slope without a test. From 5: a word from the test at 5 %, slope per
        year with a 95 % interval. "No evidence" does not mean stable.

    Source: METHOD 2.5.
    """
    n = len(points)
    if n < MIN_POINTS_SLOPE:
        return Trend(word=TrendWord.INSUFFICIENT, n=n, refusal=_too_few(n))
    years = [(day - points[0][0]).days / DAYS_PER_YEAR for day, _ in points]
    values = [float(value) for _, value in points]
    low: float | None
    high: float | None
    slope, low, high = theil_sen(years, values)
    if n < MIN_POINTS_TEST:
        return Trend(
            word=TrendWord.INSUFFICIENT, n=n, slope_per_year=slope, method="Theil–Sen", refusal=_too_few(n)
        )
    test = mann_kendall(values)
    if n > LARGEST_EXACT:
        rhythm = _yearly_rhythm(points)
        if rhythm is not None:
            slope = seasonal_slope(*rhythm)
            # Sen's interval is of the ordinary slope and would not fit the seasonal one.
            low = high = None
            test = seasonal_mann_kendall(*rhythm)
        else:
            test = _correct_for_autocorrelation(test, years, values, slope)
    return Trend(
        word=_word(test, direction, has_better=has_better),
        n=n,
        slope_per_year=slope,
        low=low,
        high=high,
        p_value=test.p_value,
        method=f"{'Theil–Sen' if low is not None else 'seasonal slope'}; {test.method}",
    )


def _too_few(n: int) -> Refusal:
    return refuse(
        RefusalCode.N_TOO_SMALL_TREND,
        gettext_noop("%(have)s points; a trend needs at least %(need)s."),
        have=n,
        need=MIN_POINTS_TEST,
    )


def _word(test: MannKendall, direction: Direction, *, has_better: bool) -> TrendWord:
    if test.p_value >= SIGNIFICANCE or test.s == 0:
        return TrendWord.NO_EVIDENCE
    is_rising = test.s > 0
    if not has_better or direction is Direction.RANGE:
        return TrendWord.RISING if is_rising else TrendWord.FALLING
    better_up = direction in {Direction.ASCENDING, Direction.MAINTAIN_ABOVE}
    return TrendWord.IMPROVING if is_rising == better_up else TrendWord.WORSENING


def _kendall_s(y: Sequence[float]) -> int:
    values = np.asarray(y)
    return int(np.triu(np.sign(values[None, :] - values[:, None])).sum())


def _tie_sum(values: Sequence[float]) -> int:
    return sum(t * (t - 1) * (2 * t + 5) for t in Counter(values).values())


def _variance_of_s(y: Sequence[float]) -> float:
    n = len(y)
    return (n * (n - 1) * (2 * n + 5) - _tie_sum(y)) / 18


def _exact_p(s: int, y: Sequence[float]) -> float:
    """Share of arrangements with |S| at least as large.

    With tie groups t1, t2, … the number of arrangements with k inversions is the coefficient of q^k in the Gaussian
    multinomial [n]! ÷ ([t1]! [t2]! …); and S = pairs − 2k, where pairs counts the pairs that are not tied.
    """
    counts = _q_factorial(len(y))
    for t in Counter(y).values():
        counts = _divide(counts, _q_factorial(t))
    pairs = len(counts) - 1
    at_least = sum(c for k, c in enumerate(counts) if abs(pairs - 2 * k) >= abs(s))
    return at_least / sum(counts)


@cache
def _q_factorial(n: int) -> list[int]:
    """Coefficients of (1)(1+q)(1+q+q²)…(1+…+q^(n−1)): permutations by number of inversions."""
    result = [1]
    for size in range(2, n + 1):
        longer = [0] * (len(result) + size - 1)
        for i, c in enumerate(result):
            for j in range(size):
                longer[i + j] += c
        result = longer
    return result


def _divide(whole: list[int], by: list[int]) -> list[int]:
    """Exact division of polynomials whose lowest coefficient is 1."""
    rest, result = list(whole), []
    for i in range(len(whole) - len(by) + 1):
        result.append(rest[i])
        for j, c in enumerate(by):
            rest[i + j] -= result[i] * c
    return result


def _normal_test(s: int, variance: float, method: str) -> MannKendall:
    if variance <= 0 or s == 0:
        return MannKendall(s=s, variance=max(variance, 0.0), z=0.0, p_value=1.0, method=method)
    z = (s - math.copysign(1, s)) / math.sqrt(variance)
    return MannKendall(s=s, variance=variance, z=z, p_value=2 * (1 - normal_cdf(abs(z))), method=method)


def _correct_for_autocorrelation(
    test: MannKendall, years: Sequence[float], values: Sequence[float], slope: float
) -> MannKendall:
    """Hamed & Rao (1998) variance correction when the detrended ranks are autocorrelated at lag 1; never narrower."""
    n = len(values)
    detrended = np.asarray(values) - slope * np.asarray(years)
    ranks = _ranks(detrended.tolist())
    border = normal_quantile(1 - SIGNIFICANCE / 2) / math.sqrt(n)
    nearest = autocorrelations(ranks, lags=1)
    if not nearest or abs(nearest[0]) <= border:
        return test
    r = autocorrelations(ranks)
    extra = sum(
        (n - k) * (n - k - 1) * (n - k - 2) * rk for k, rk in enumerate(r, start=1) if abs(rk) > border
    )
    factor = max(1.0, 1 + 2 / (n * (n - 1) * (n - 2)) * extra)
    return _normal_test(test.s, test.variance * factor, f"{test.method}, Hamed–Rao variance correction")


def autocorrelations(values: Sequence[float], *, lags: int | None = None) -> list[float]:
    """Autocorrelation at lags 1 … n−1, or fewer; empty when the values do not vary."""
    x = np.asarray(values, dtype=float)
    x = x - x.mean()
    power = float(x @ x)
    if power <= 1e-12 * max(1.0, float(np.abs(values).max()) ** 2):
        return []
    return [
        float(x[:-k] @ x[k:]) / power for k in range(1, len(x) if lags is None else min(lags + 1, len(x)))
    ]


def _yearly_rhythm(points: Sequence[tuple[date, Decimal]]) -> tuple[list[float | None], int] | None:
    """The series with its gaps and its periods a year, when it repeats itself from year to year; else None.

    Periodic means: at least three years of monthly, quarterly or half-yearly points, and, once the line is taken out,
    values alike one year apart (autocorrelation above the 5 % border) but not alike half a year apart.
    """
    months = [day.year * 12 + day.month for day, _ in points]
    steps = [b - a for a, b in pairwise(months)]
    step = min(steps, default=0)
    if step not in SEASONS or any(s % step for s in steps):
        return None
    seasons = SEASONS[step]
    length = (months[-1] - months[0]) // step + 1
    if length < MIN_CYCLES * seasons or len(points) < 0.8 * length:
        return None
    grid: list[float | None] = [None] * length
    for month, (_, value) in zip(months, points, strict=True):
        grid[(month - months[0]) // step] = float(value)
    slope = seasonal_slope(grid, seasons) / seasons
    rest = [None if v is None else v - slope * i for i, v in enumerate(grid)]
    known = [v for v in rest if v is not None]
    middle = sum(known) / len(known)
    centred = np.array([0.0 if v is None else v - middle for v in rest])
    power = float(centred @ centred)
    if power <= 1e-12 * max(1.0, abs(middle)) ** 2:
        return None
    yearly = float(centred[:-seasons] @ centred[seasons:]) / power
    half = seasons // 2
    border = normal_quantile(1 - SIGNIFICANCE / 2) / math.sqrt(len(known))
    between = float(centred[:-half] @ centred[half:]) / power
    return (grid, seasons) if yearly > border and between < border else None


def _ranks(values: Sequence[float]) -> list[float]:
    """Ranks from 1, ties get their mean rank."""
    x = np.asarray(values)
    below, same = (x[None, :] < x[:, None]).sum(axis=1), (x[None, :] == x[:, None]).sum(axis=1)
    ranks: list[float] = (below + (same + 1) / 2).tolist()
    return ranks
