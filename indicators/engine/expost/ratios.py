"""Intervals of a ratio of two changes that share their baseline: Fieller's and a seeded bootstrap. No words."""

from __future__ import annotations

import math
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from indicators.engine.errors import EngineError

from .checked import checked

DRAWS = 4000
Number = float | Decimal
Freedom = float
"""Degrees of freedom; infinite for a spread that is known."""
Floats = NDArray[np.float64]


@checked
def fieller(top: float, bottom: float, covariance: Floats, df: Freedom) -> tuple[float, float] | None:
    """Interval of a ratio of two estimates that may go together, 95 %; None where it has no finite ends.

    Args:
        top, bottom: the estimates; covariance: of both, top first.
        df: degrees of freedom of the covariance; infinite for known standard errors.

    Source: Fieller (1954), J. R. Stat. Soc. B 16:175.
    """
    t2 = float(stats.t.ppf(0.975, df) if math.isfinite(df) else stats.norm.ppf(0.975)) ** 2
    a = bottom**2 - t2 * float(covariance[1, 1])
    b = top * bottom - t2 * float(covariance[0, 1])
    c = top**2 - t2 * float(covariance[0, 0])
    if a <= 0:  # the bottom cannot be told from 0: every ratio is possible
        return None
    root = math.sqrt(max(b * b - a * c, 0.0))
    return (b - root) / a, (b + root) / a


@checked
def series_interval(
    top: float, bottom: float, standard_errors: tuple[Number, Number, Number] | None
) -> tuple[float | None, float | None]:
    """Baseline is part of both differences, so they go together by its variance."""
    if standard_errors is None:
        return None, None
    vb, ve, vv = (float(one) ** 2 for one in standard_errors)
    found = fieller(top, bottom, np.array([[vv + vb, vb], [vb, ve + vb]]), math.inf)
    return (None, None) if found is None else found


@checked
def bootstrap(scores: Floats, seed: int, sign: int) -> tuple[float, float, int]:
    """Percentiles of the ratio over resampled participants; resamples without a gain have no ratio and are left out."""
    n = scores.shape[1]
    picks = np.random.default_rng(seed).integers(0, n, size=(DRAWS, n))
    b, e, v = (row[picks].mean(axis=1) for row in scores)
    has_gain = sign * (e - b) > 1e-12
    if not has_gain.any():
        raise EngineError("No resample has a gain, so there is nothing to take a share of.")
    ratios = (v[has_gain] - b[has_gain]) / (e[has_gain] - b[has_gain])
    low, high = np.percentile(ratios, [2.5, 97.5])
    return float(low), float(high), int(has_gain.sum())
