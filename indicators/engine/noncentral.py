"""Limits of the noncentrality behind an observed t, by integration; exact where ready-made routines give way.

scipy's noncentral t is inexact for negative t and fails for some ordinary ones, and a web process may not load it.
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np
from numpy.typing import NDArray

from .distributions import normal_quantile

Floats = NDArray[np.float64]
Z = normal_quantile(0.975)
NODES = 400


def noncentral_limits(t: float, df: int) -> tuple[float, float]:
    """The noncentralities under which t is the 97.5th and the 2.5th percentile; the normal ones where none is found."""
    reach = Z * math.sqrt(1 + t * t / (2 * df))
    low, high = (_solve(t, df, share, t + sign * reach) for share, sign in ((0.975, -1), (0.025, 1)))
    return (low, high) if low is not None and high is not None else (t - reach, t + reach)


def _solve(t: float, df: int, share: float, start: float) -> float | None:
    """Newton's steps on P(T ≤ t) as a function of the noncentrality, which falls everywhere."""
    s, weights = _spread_of_sd(df)
    noncentrality = start
    for _ in range(50):
        z = t * s - noncentrality
        slope = float(weights @ np.exp(-z * z / 2)) / math.sqrt(2 * math.pi)
        if slope < 1e-12:
            return None
        erf = np.fromiter((math.erfc(-x / math.sqrt(2)) for x in z), float, len(z))
        step = (float(weights @ erf) / 2 - share) / slope
        noncentrality += max(min(step, 2.0), -2.0)
        if abs(step) < 1e-10:
            return noncentrality
    return None


@cache
def _spread_of_sd(df: int) -> tuple[Floats, Floats]:
    """Places and weights of a Gauss–Legendre integral over √(χ²/df)."""
    reach = 10 / math.sqrt(2 * df)
    first, last = max(1 - reach, 1e-9), 1 + reach
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    s = (last - first) / 2 * nodes + (last + first) / 2
    log_density = (
        math.log(2) + df / 2 * math.log(df / 2) - math.lgamma(df / 2) + (df - 1) * np.log(s) - df * s * s / 2
    )
    return s, (last - first) / 2 * weights * np.exp(log_density)
