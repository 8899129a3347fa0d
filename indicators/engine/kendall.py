"""Slopes and rank tests, many series of equal length at once: one series a row. Knows no dates and no words.

What a row gives does not depend on the rows beside it: differences and quotients are taken element by element, and
everything that is summed is a whole or half number, for which the order of adding makes no difference.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np
from numpy.typing import NDArray

from .distributions import normal_cdf, normal_quantile
from .errors import EngineError

LARGEST_EXACT = 10
SIGNIFICANCE = 0.05
BLOCK = 100_000
"""Pairs of points that are looked at in one go, so that they stay in the processor's cache."""
Rows = NDArray[np.float64]
_SEN_LEVEL = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class MannKendall:
    """The test's figures: S, its variance without trend, z (None when exact) and the two-sided p."""

    s: int
    variance: float
    z: float | None
    p_value: float
    method: str


def blocks(series: int, points: int) -> Iterator[slice]:
    """Slices over many series of so many points each, small enough to compare all pairs of points at once."""
    step = max(BLOCK // max(points * points, 1), 1)
    return (slice(start, start + step) for start in range(0, series, step))


def theil_sen(
    x: Sequence[float], y: Sequence[float], *, level: float = _SEN_LEVEL
) -> tuple[float, float, float]:
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
    return theil_sen_rows(_one_row(x), _one_row(y), level=level)[0]


def theil_sen_rows(x: Rows, y: Rows, *, level: float = _SEN_LEVEL) -> list[tuple[float, float, float]]:
    """`theil_sen` of each row."""
    n = y.shape[1]
    first, second = _pairs(n)
    steps_x, steps_y = x[:, second] - x[:, first], y[:, second] - y[:, first]
    apart = steps_x != 0
    # Two points at one time have no slope; as not-a-number they are sorted behind the slopes.
    slopes = np.full_like(steps_y, np.nan)
    np.divide(steps_y, steps_x, out=slopes, where=apart)
    slopes.sort(axis=1)
    size = apart.sum(axis=1)
    if not size.all():
        raise EngineError(f"A slope needs two different times; {n} points at one time were given.")
    variance = (n * (n - 1) * (2 * n + 5) - _tie_sums(x) - _tie_sums(y)) / 18
    reach = normal_quantile((1 + level) / 2) * np.sqrt(np.maximum(variance, 0.0))
    lower = np.maximum(np.rint((size - reach) / 2).astype(int) - 1, 0)
    upper = np.minimum(np.rint((size + reach) / 2).astype(int), size - 1)
    row = np.arange(len(y))
    middle = (slopes[row, (size - 1) // 2] + slopes[row, size // 2]) / 2
    return list(zip(middle.tolist(), slopes[row, lower].tolist(), slopes[row, upper].tolist(), strict=True))


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
    return mann_kendall_rows(_one_row(y))[0]


def mann_kendall_rows(y: Rows) -> list[MannKendall]:
    """`mann_kendall` of each row."""
    found = zip(_kendall_s(y), _variances_of_s(y), strict=True)
    if y.shape[1] > LARGEST_EXACT:
        method = "Mann–Kendall, normal approximation, tie and continuity correction"
        return [_normal_test(s, variance, method) for s, variance in found]
    return [
        _exact_test(s, variance, tuple(sorted(Counter(row).values())))
        for (s, variance), row in zip(found, y.tolist(), strict=True)
    ]


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
    groups = [_one_row([v for v in y[g::seasons] if v is not None]) for g in range(seasons)]
    if all(group.size < 2 for group in groups):
        raise EngineError("A seasonal test needs at least two values of one season.")
    s = sum(_kendall_s(group)[0] for group in groups)
    variance = sum(_variances_of_s(group)[0] for group in groups)
    return _normal_test(s, variance, "seasonal Mann–Kendall, tie and continuity correction")


def seasonal_slope(y: Sequence[float | None], seasons: int) -> float:
    """Median of the slopes per year between values of the same season (Hirsch, Slack & Smith 1982)."""
    values = np.array([np.nan if v is None else v for v in y], dtype=float)
    slopes = [
        (values[years * seasons :] - values[: -years * seasons]) / years
        for years in range(1, (len(values) - 1) // seasons + 1)
    ]
    known = np.concatenate(slopes) if slopes else values[:0]
    known = known[~np.isnan(known)]
    if not known.size:
        raise EngineError("A seasonal slope needs two values of one season.")
    return float(np.median(known))


def corrected_rows(
    tests: Sequence[MannKendall], x: Rows, y: Rows, slopes: Sequence[float]
) -> list[MannKendall]:
    """Each row's test, its variance corrected when the detrended ranks are autocorrelated at lag 1; never narrower.

    Source: Hamed & Rao (1998), J. Hydrology 204:182; METHOD 2.5.
    """
    n = y.shape[1]
    ranks = _ranks(y - np.asarray(slopes)[:, None] * x)
    centred = ranks - (n + 1) / 2  # Halves: every sum below is exact.
    power = (centred * centred).sum(axis=1)
    power[power == 0] = np.inf  # All alike: no autocorrelation.
    border = _noise_border(n)
    found = list(tests)
    resembling = np.flatnonzero(np.abs((centred[:, :-1] * centred[:, 1:]).sum(axis=1) / power) > border)
    if resembling.size:
        factors = _variance_factors(centred[resembling], power[resembling], border)
        for row, factor in zip(resembling.tolist(), factors.tolist(), strict=True):
            test = tests[row]
            method = f"{test.method}, Hamed–Rao variance correction"
            found[row] = _normal_test(test.s, test.variance * factor, method)
    return found


def _variance_factors(centred: Rows, power: Rows, border: float) -> Rows:
    n = centred.shape[1]
    extra = np.zeros(len(centred))
    for k in range(1, n):
        r = (centred[:, :-k] * centred[:, k:]).sum(axis=1) / power
        extra += np.where(np.abs(r) > border, (n - k) * (n - k - 1) * (n - k - 2) * r, 0.0)
    factors: Rows = np.maximum(1.0, 1 + 2 / (n * (n - 1) * (n - 2)) * extra)
    return factors


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


def _one_row(values: Sequence[float]) -> Rows:
    return np.array([values], dtype=float)


@lru_cache(maxsize=32)
def _pairs(n: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    first, second = np.triu_indices(n, 1)
    return first, second


def _kendall_s(y: Rows) -> list[int]:
    first, second = _pairs(y.shape[1])
    found: list[int] = np.sign(y[:, second] - y[:, first]).sum(axis=1).astype(int).tolist()
    return found


def _variances_of_s(y: Rows) -> list[float]:
    n = y.shape[1]
    found: list[float] = ((n * (n - 1) * (2 * n + 5) - _tie_sums(y)) / 18).tolist()
    return found


def _tie_sums(y: Rows) -> NDArray[np.int64]:
    """Σ t(t−1)(2t+5) over each row's groups of t equal values: each of the t adds (t−1)(2t+5)."""
    found = np.zeros(len(y), dtype=np.int64)
    ordered = np.sort(y, axis=1)
    tied = np.flatnonzero((ordered[:, 1:] == ordered[:, :-1]).any(axis=1))
    if tied.size:
        t = (y[tied][:, :, None] == y[tied][:, None, :]).sum(axis=2)
        found[tied] = ((t - 1) * (2 * t + 5)).sum(axis=1)
    return found


def _ranks(y: Rows) -> Rows:
    """Ranks from 1 in each row, ties get their mean rank."""
    below = (y[:, None, :] < y[:, :, None]).sum(axis=2)
    same = (y[:, None, :] == y[:, :, None]).sum(axis=2)
    ranks: Rows = below + (same + 1) / 2
    return ranks


@cache
def _noise_border(n: int) -> float:
    """An autocorrelation of chance alone stays below it, 95 times out of 100."""
    return normal_quantile(1 - SIGNIFICANCE / 2) / math.sqrt(n)


def _normal_test(s: int, variance: float, method: str) -> MannKendall:
    if variance <= 0 or s == 0:
        return MannKendall(s=s, variance=max(variance, 0.0), z=0.0, p_value=1.0, method=method)
    z = (s - math.copysign(1, s)) / math.sqrt(variance)
    return MannKendall(s=s, variance=variance, z=z, p_value=2 * (1 - normal_cdf(abs(z))), method=method)


def _exact_test(s: int, variance: float, ties: tuple[int, ...]) -> MannKendall:
    has_ties = ties[-1] > 1
    method = "Mann–Kendall, exact permutation (ties)" if has_ties else "Mann–Kendall, exact"
    return MannKendall(s=s, variance=variance, z=None, p_value=_exact_p(abs(s), ties), method=method)


@lru_cache(maxsize=4096)
def _exact_p(s: int, ties: tuple[int, ...]) -> float:
    """Share of arrangements with |S| at least as large, among values of which t1, t2, … are equal.

    With tie groups t1, t2, … the number of arrangements with k inversions is the coefficient of q^k in the Gaussian
    multinomial [n]! ÷ ([t1]! [t2]! …); and S = pairs − 2k, where pairs counts the pairs that are not tied.
    """
    counts = _q_factorial(sum(ties))
    for t in ties:
        counts = _divide(counts, _q_factorial(t))
    pairs = len(counts) - 1
    at_least = sum(c for k, c in enumerate(counts) if abs(pairs - 2 * k) >= s)
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
