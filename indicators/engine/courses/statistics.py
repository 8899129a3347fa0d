"""Intervals for courses without scipy, since pages show them: the learning gain, what was kept, means and shares.

The gain and its interval are those of `engine.expost.paired`, the share kept that of `engine.expost.persistence`;
tests hold the two to one another. Decides nothing: callers look first whether the data allow it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from indicators.engine.distributions import normal_quantile, t_quantile
from indicators.engine.errors import EngineError
from indicators.engine.noncentral import noncentral_limits

Floats = NDArray[np.float64]
Z = normal_quantile(0.975)
DRAWS = 4000


@dataclass(frozen=True, slots=True, kw_only=True)
class Gain:
    """Hedges g_av with its interval; the mean gain in points; skewness of the gains."""

    g: float
    low: float
    high: float
    standard_error: float
    mean: float
    mean_low: float
    mean_high: float
    skewness: float


def gain(before: Sequence[float], after: Sequence[float]) -> Gain | None:
    """g_av = J(n − 1)·d̄ / √((s²pre + s²post)/2) with the Algina–Keselman interval; None when nobody differs.

    Args:
        before, after: scores of the same people in the same order, 3 or more.

    Source: METHOD 2.10; Hedges & Olkin (1985); Algina & Keselman (2003).

    >>> found = gain([40, 50, 45, 60, 55, 48, 52, 41], [55, 60, 62, 66, 71, 50, 70, 49])
    >>> round(found.g, 4), round(found.mean, 2)
    (1.4018, 11.5)
    """
    pre, post = np.asarray(before, float), np.asarray(after, float)
    n = len(pre)
    if n != len(post) or n < 3:
        raise EngineError(f"{n} and {len(post)} scores were given; 3 or more pairs were expected.")
    difference = np.round(post - pre, 9)
    if np.ptp(difference) == 0:
        return None
    mean, sd = float(difference.mean()), float(difference.std(ddof=1))
    spread = math.sqrt((float(pre.var(ddof=1)) + float(post.var(ddof=1))) / 2)
    j = math.exp(math.lgamma((n - 1) / 2) - math.lgamma((n - 2) / 2)) / math.sqrt((n - 1) / 2)
    low, high = noncentral_limits(mean / (sd / math.sqrt(n)), n - 1)
    to_g = j * sd / (spread * math.sqrt(n))
    reach = t_quantile(0.975, n - 1) * sd / math.sqrt(n)
    return Gain(
        g=j * mean / spread,
        low=low * to_g,
        high=high * to_g,
        standard_error=(high - low) * to_g / (2 * Z),
        mean=mean,
        mean_low=mean - reach,
        mean_high=mean + reach,
        skewness=_skewness(difference),
    )


def _skewness(values: Floats) -> float:
    n = len(values)
    from_mean = values - values.mean()
    return float(math.sqrt(n * (n - 1)) / (n - 2) * (from_mean**3).mean() / ((from_mean**2).mean() ** 1.5))


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """The share of the mean gain that is still there; 1 is all of it."""

    share: float
    low: float
    high: float


def kept(rows: Sequence[tuple[float, float, float]], *, seed: int) -> Kept | None:
    """(V − B) ÷ (E − B) of the means with a seeded percentile bootstrap over people.

    Args:
        rows: before, after and later score of each person, two or more.
        seed: the same seed gives the same interval.

    Returns:
        None when the mean gain is not above its own 95 % error: there is nothing to keep.

    Source: METHOD 2.10; Efron & Tibshirani (1993).
    """
    b, e, v = np.asarray(rows, float).T
    n = len(b)
    gains = e - b
    if not float(gains.mean()) > t_quantile(0.975, n - 1) * float(gains.std(ddof=1)) / math.sqrt(n):
        return None
    picks = np.random.default_rng(seed).integers(0, n, size=(DRAWS, n))
    b_, e_, v_ = (row[picks].mean(axis=1) for row in (b, e, v))
    has_gain = e_ - b_ > 1e-12
    ratios = (v_[has_gain] - b_[has_gain]) / (e_[has_gain] - b_[has_gain])
    low, high = np.percentile(ratios, [2.5, 97.5])
    share = (float(v.mean()) - float(b.mean())) / float(gains.mean())
    return Kept(share=share, low=float(low), high=float(high))


def mean_interval(values: Sequence[float]) -> tuple[float, float, float]:
    """Low, high and standard error of a mean by Student's t, of two or more values."""
    found = np.asarray(values, float)
    error = float(found.std(ddof=1)) / math.sqrt(len(found))
    reach = t_quantile(0.975, len(found) - 1) * error
    return float(found.mean()) - reach, float(found.mean()) + reach, error
