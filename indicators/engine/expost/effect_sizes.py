"""Standardised forms of a change, each under its own name, because they differ by a factor. No words, no verdict."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from indicators.engine.errors import EngineError
from indicators.engine.noncentral import noncentral_limits

from .checked import checked
from .types import Param

Floats = NDArray[np.float64]


@checked
def exact_j(m: int) -> float:
    """Hedges' exact small-sample factor Γ(m/2) ÷ (√(m/2)·Γ((m−1)/2)) for m degrees of freedom, m ≥ 2.

    >>> round(exact_j(9), 6)
    0.913875
    """
    if m < 2:
        raise EngineError(f"{m} degrees of freedom were given; at least 2 were expected.")
    return math.exp(math.lgamma(m / 2) - math.lgamma((m - 1) / 2)) / math.sqrt(m / 2)


def noise(*values: Floats) -> float:
    """Spread up to this is rounding, not variation; dividing by it would make anything look certain."""
    return 1e-9 * max(float(np.abs(one).max()) for one in values)


@checked
def standardised_gains(before: Floats, after: Floats) -> dict[str, Param]:
    """Paired t and every standardised form of the mean change, each under its own name (METHOD 2.10)."""
    difference = after - before
    n = len(difference)
    gain, sd = float(difference.mean()), float(difference.std(ddof=1))
    sd_pre, sd_post = float(before.std(ddof=1)), float(after.std(ddof=1))
    sd_av = math.sqrt((sd_pre**2 + sd_post**2) / 2)
    t = gain / (sd / math.sqrt(n))
    reach = float(stats.t.ppf(0.975, n - 1)) * sd / math.sqrt(n)
    r = float(np.corrcoef(before, after)[0, 1]) if sd_pre > 0 and sd_post > 0 else None
    j = exact_j(n - 1)
    d_z, d_av = gain / sd, gain / sd_av
    low, high = noncentral_limits(t, n - 1)
    to_g = j * sd / (sd_av * math.sqrt(n))
    return {
        "mean_pre": float(before.mean()),
        "mean_post": float(after.mean()),
        "mean_difference": gain,
        "sd_difference": sd,
        "mean_low": gain - reach,
        "mean_high": gain + reach,
        "t": t,
        "df": n - 1,
        "p": float(2 * stats.t.sf(abs(t), n - 1)),
        "r": r,
        "j": j,
        "d_z": d_z,
        "g_z": j * d_z,
        "d_rm": None if r is None else d_z * math.sqrt(max(2 * (1 - r), 0.0)),
        "d_av": d_av,
        "g_av": j * d_av,
        "g_av_low": low * to_g,
        "g_av_high": high * to_g,
        "g_av_standard_error": (high - low) * to_g / (2 * float(stats.norm.ppf(0.975))),
        "d_becker_pre_sd": None if sd_pre == 0 else gain / sd_pre,
        "g_becker_pre_sd": None if sd_pre == 0 else j * gain / sd_pre,
    }


@checked
def ppc2(
    treated: tuple[float, float, int], comparison: tuple[float, float, int], r: float
) -> tuple[float, float]:
    """Morris' d_ppc2: difference of the mean changes in units of the pooled spread before.

    Args:
        treated, comparison: mean change, standard deviation before, number of pairs; above 4 together.
        r: correlation of before and after, pooled over both groups.

    Returns:
        d_ppc2 = J(n_T + n_C − 2)·(Δ_T − Δ_C) ÷ s_pre,pooled and its sampling variance.

    Source: Morris (2008), Organizational Research Methods 11:364, equations 8 to 10 and 25.

    >>> d, _ = ppc2((7.9, 15.0, 20), (-3.4, 13.8, 20), 0.47)
    >>> round(d, 2)
    0.77
    """
    (change1, sd1, n1), (change2, sd2, n2) = treated, comparison
    m = n1 + n2 - 2
    if min(n1, n2) < 1 or m < 3:
        raise EngineError(f"{n1} and {n2} pairs were given; more than 4 together were expected.")
    pooled = math.sqrt(((n1 - 1) * sd1**2 + (n2 - 1) * sd2**2) / m)
    if not pooled > 0:
        raise EngineError(
            "No spread before was given; a standard deviation above 0 was expected in one group."
        )
    j = exact_j(m)
    d = j * (change1 - change2) / pooled
    spread = 2 * (1 - r) * (n1 + n2) / (n1 * n2)
    variance = j**2 * m / (m - 2) * (spread + d**2) - d**2
    return d, max(variance, 0.0)
