"""Intervals for proportions and rates: Wilson, Newcombe, exact and score rate ratio. No words."""

from __future__ import annotations

import math

from scipy import stats

from indicators.engine.errors import EngineError


def wilson(successes: float, total: float, *, level: float = 0.95) -> tuple[float, float]:
    """Wilson score interval of a proportion.

    Args:
        successes: 0 to total.
        total: above 0.

    Source: Wilson (1927), JASA 22:209.

    >>> [round(x, 6) for x in wilson(11, 12)]
    [0.64612, 0.985135]
    """
    if not 0 <= successes <= total or total <= 0:
        raise EngineError(f"{successes} of {total} is not a proportion.")
    z = float(stats.norm.ppf((1 + level) / 2))
    p = successes / total
    centre = p + z * z / (2 * total)
    reach = z * math.sqrt(p * (1 - p) / total + z * z / (4 * total * total))
    scale = 1 + z * z / total
    low = 0.0 if successes == 0 else (centre - reach) / scale
    high = 1.0 if successes == total else (centre + reach) / scale
    return max(low, 0.0), min(high, 1.0)


def newcombe(after: tuple[float, float], before: tuple[float, float]) -> tuple[float, float, float]:
    """Difference of two independent proportions with Newcombe's hybrid score interval, 95 %.

    Args:
        after, before: (successes, total).

    Returns:
        difference (after − before), low, high; between −1 and 1.

    Source: Newcombe (1998), Statistics in Medicine 17:873, method 10.

    >>> [round(x, 4) for x in newcombe((56, 70), (48, 80))]
    [0.2, 0.0524, 0.3339]
    """
    p1, p2 = after[0] / after[1], before[0] / before[1]
    low1, high1 = wilson(*after)
    low2, high2 = wilson(*before)
    difference = p1 - p2
    low = difference - math.hypot(p1 - low1, high2 - p2)
    high = difference + math.hypot(high1 - p1, p2 - low2)
    return difference, low, high


def rate_ratio_exact(
    after: tuple[int, float], before: tuple[int, float]
) -> tuple[float | None, float, float | None, float]:
    """Ratio of two rates (after ÷ before) with the exact conditional interval and two-sided p.

    Args:
        after, before: (count of events, exposure above 0).

    Returns:
        ratio (None when there was no event before), low, high (None when it has no finite end), p.

    Source: Clopper–Pearson limits of the share of events that fall after, given their total;
    Przyborowski & Wilenski (1940), Biometrika 31:313.
    """
    (count1, exposure1), (count2, exposure2) = after, before
    total = count1 + count2
    ratio = None if count2 == 0 else (count1 / exposure1) / (count2 / exposure2)
    if total == 0:
        return None, 0.0, None, 1.0
    odds = exposure2 / exposure1
    low_share = 0.0 if count1 == 0 else float(stats.beta.ppf(0.025, count1, count2 + 1))
    low = odds * low_share / (1 - low_share)
    high = None
    if count2 > 0:
        high_share = float(stats.beta.ppf(0.975, count1 + 1, count2))
        high = odds * high_share / (1 - high_share)
    p = float(stats.binomtest(count1, total, exposure1 / (exposure1 + exposure2)).pvalue)
    return ratio, low, high, min(p, 1.0)


def rate_ratio_score(after: tuple[int, float], before: tuple[int, float]) -> tuple[float, float] | None:
    """Score interval of the rate ratio, 95 %; None when there was no event before.

    >>> [round(x, 6) for x in rate_ratio_score((5, 4), (12, 4))]
    [0.153136, 1.133702]
    """
    (count1, exposure1), (count2, exposure2) = after, before
    if count2 == 0:
        return None
    z2 = float(stats.norm.ppf(0.975)) ** 2
    half = (2 * count1 * count2 + z2 * (count1 + count2)) / 2
    root = math.sqrt(max(half * half - (count1 * count2) ** 2, 0.0))
    odds = exposure2 / exposure1
    return odds * (half - root) / count2**2, odds * (half + root) / count2**2
