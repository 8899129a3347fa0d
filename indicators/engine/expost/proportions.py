"""Intervals for proportions and rates: Wilson, Newcombe, McNemar, exact and score rate ratio. No words."""

from __future__ import annotations

import math

from scipy import stats
from statsmodels.stats import rates
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from indicators.engine.errors import EngineError

from .checked import checked

LARGEST_ETEST = 500


@checked
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
    low, high = proportion_confint(successes, total, alpha=1 - level, method="wilson")
    return (0.0 if successes == 0 else float(low)), (1.0 if successes == total else float(high))


@checked
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
    low, high = confint_proportions_2indep(*after, *before, method="newcomb", compare="diff")
    return after[0] / after[1] - before[0] / before[1], float(low), float(high)


@checked
def newcombe_paired(both: int, only_before: int, only_after: int, neither: int) -> tuple[float, float, float]:
    """Difference of two proportions of the same units, after − before, with Newcombe's square-and-add interval, 95 %.

    Own code: statsmodels has this interval for independent samples only.

    Args:
        both, only_before, only_after, neither: units with yes at both times, only the first, only the second, none.

    Returns:
        difference (after − before), low, high; between −1 and 1.

    Source: Newcombe (1998), Statistics in Medicine 17:2635, method 10.

    >>> [round(x, 4) for x in newcombe_paired(20, 2, 12, 16)]
    [0.2, 0.0562, 0.3292]
    """
    n = both + only_before + only_after + neither
    if n <= 0 or min(both, only_before, only_after, neither) < 0:
        raise EngineError(f"{both}, {only_before}, {only_after}, {neither} are not the four counts of pairs.")
    yes_after, yes_before = both + only_after, both + only_before
    p1, p2 = yes_after / n, yes_before / n
    (low1, high1), (low2, high2) = wilson(yes_after, n), wilson(yes_before, n)
    margins = yes_after * yes_before * (n - yes_after) * (n - yes_before)
    cross = both * neither - only_before * only_after
    phi = 0.0 if margins == 0 else max(cross - n / 2, 0.0 if cross >= 0 else cross) / math.sqrt(margins)
    below, above = (p1 - low1, high2 - p2), (high1 - p1, p2 - low2)
    reach_low, reach_high = (math.sqrt(max(a * a + b * b - 2 * phi * a * b, 0.0)) for a, b in (below, above))
    return p1 - p2, p1 - p2 - reach_low, p1 - p2 + reach_high


@checked
def mcnemar_exact(only_before: int, only_after: int) -> float:
    """Two-sided exact p of McNemar's test: the units that changed are as likely to have gone either way.

    >>> round(mcnemar_exact(2, 12), 6)
    0.012939
    """
    if only_before + only_after == 0:
        return 1.0
    return float(mcnemar([[0, only_before], [only_after, 0]], exact=True).pvalue)


@checked
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
    (count1, exposure1), (count2, exposure2) = _rates(after, before)
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


@checked
def rate_ratio_score(after: tuple[int, float], before: tuple[int, float]) -> tuple[float, float] | None:
    """Score interval of the rate ratio, 95 %; None when there was no event before.

    >>> [round(x, 6) for x in rate_ratio_score((5, 4), (12, 4))]
    [0.153136, 1.133702]
    """
    (count1, exposure1), (count2, exposure2) = _rates(after, before)
    if count2 == 0:
        return None
    low, high = rates.confint_poisson_2indep(
        count1, exposure1, count2, exposure2, method="score", compare="ratio"
    )
    return float(low), float(high)


@checked
def rate_ratio_etest(after: tuple[int, float], before: tuple[int, float]) -> float | None:
    """Two-sided p of the E-test that two rates are equal; less strict than the exact conditional one.

    None above 500 events together: it adds up over all pairs of counts, and agrees with the score interval there.

    Source: Krishnamoorthy & Thomson (2004), J. Stat. Plan. Inference 119:23.

    >>> round(rate_ratio_etest((5, 4), (12, 4)), 6)
    0.096777
    """
    after, before = _rates(after, before)
    if after[0] + before[0] > LARGEST_ETEST:
        return None
    if after[0] + before[0] == 0:
        return 1.0
    return float(rates.test_poisson_2indep(*after, *before, method="etest").pvalue)


@checked
def rate_interval(count: int, exposure: float, *, method: str = "exact-c") -> tuple[float, float]:
    """Interval of one rate, 95 %: ``exact-c`` (Garwood, never too narrow) or ``score``.

    >>> [round(x, 4) for x in rate_interval(5, 4)]
    [0.4059, 2.9171]
    """
    _rates((count, exposure))
    low, high = rates.confint_poisson(count, exposure, method=method)
    return float(low), float(high)


def _rates(*given: tuple[int, float]) -> tuple[tuple[int, float], ...]:
    for count, exposure in given:
        if count < 0 or count != int(count) or exposure <= 0:
            raise EngineError(
                f"{count} events in an exposure of {exposure} were given; whole events in one above 0 were expected."
            )
    return given
