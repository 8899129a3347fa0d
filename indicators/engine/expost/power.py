"""Before a phase starts: which change could be detected, and when there will be enough data. Computes no result."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date

import numpy as np
from scipy import optimize, stats
from statsmodels.stats.power import TTestIndPower, TTestPower
from statsmodels.stats.proportion import power_proportions_2indep
from statsmodels.stats.rates import power_poisson_ratio_2indep

from indicators.engine.errors import EngineError
from indicators.engine.messages import gettext_noop, message, refuse
from indicators.engine.types import Message, Refusal, RefusalCode

from .checked import checked
from .segmented import Floats, design, whiten_each
from .situation import COMPUTED_FROM, MIN_PAIRS, MIN_POINTS_INTERRUPTED, enough_on
from .types import Param
from .words import shown

POWER = 0.80
LEVEL = 0.05
LONGEST_AHEAD = 120
"""Periods to look ahead for when there will be enough."""
GRID = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Detectable:
    """The smallest true change that would be found in `power` of all such programmes."""

    change: float | None
    """Upwards: in the unit of the indicator, points of a share (0 to 1), or a rate ratio above 1; None when none."""
    falling: float | None
    """Downwards, where that is not the same: a negative difference of shares, a rate ratio below 1."""
    n: int
    method: str
    assumed: Mapping[str, Param]
    """What had to be taken for granted; a wrong spread makes the figure wrong."""
    sentence: Message
    power: float = POWER
    level: float = LEVEL
    notes: tuple[Message, ...] = field(default_factory=tuple)


@checked
def detectable_gain(pairs: int, sd_difference: float) -> Detectable | Refusal:
    """Smallest mean gain that a paired t test would find.

    Args:
        pairs: people expected with both scores.
        sd_difference: expected standard deviation of their gains, above 0.

    Returns:
        Detectable in points, or the refusal N_PAIRS_TOO_SMALL (fewer than 8).
    """
    _positive(sd_difference, "standard deviation")
    if pairs < MIN_PAIRS:
        few = gettext_noop("%(have)s pairs are expected; at least %(need)s are needed.")
        return refuse(RefusalCode.N_PAIRS_TOO_SMALL, few, have=pairs, need=MIN_PAIRS)
    effect = float(TTestPower().solve_power(nobs=pairs, alpha=LEVEL, power=POWER))
    change = effect * sd_difference
    return Detectable(
        change=change,
        falling=-change,
        n=pairs,
        method="paired t, noncentral t",
        assumed={"sd_difference": sd_difference},
        sentence=_found(
            change,
            gettext_noop(
                "With %(n)s pairs a mean gain of %(change)s or more would be found in 80 of 100 cases."
            ),
            n=pairs,
        ),
    )


@checked
def pairs_needed(gain: float, sd_difference: float) -> int:
    """Pairs that find a mean gain in 80 of 100 cases; never below the 8 that a result needs at all.

    >>> pairs_needed(0.5, 1.0)
    34
    """
    _positive(sd_difference, "standard deviation")
    _positive(abs(gain), "gain")
    found = TTestPower().solve_power(effect_size=abs(gain) / sd_difference, alpha=LEVEL, power=POWER)
    return max(math.ceil(float(np.ravel(found)[0])), MIN_PAIRS)


@checked
def detectable_share(share_before: float, n_before: int, n_after: int) -> Detectable:
    """Smallest rise and fall of a proportion between two separate samples; shares and changes between 0 and 1.

    A direction in which even 0 or 100 % would not be found is None.
    """
    if not 0 <= share_before <= 1 or min(n_before, n_after) < 1:
        raise EngineError("A share between 0 and 1 and two samples of at least 1 were expected.")

    def power_of(difference: float) -> float:
        found = power_proportions_2indep(
            difference, share_before, n_after, ratio=n_before / n_after, return_results=False
        )
        return float(found) if math.isfinite(found) else 0.0

    up = _smallest(power_of, 1 - share_before - 1e-9)
    down = _smallest(lambda d: power_of(-d), share_before - 1e-9)
    if up is not None:
        sentence = _found(
            100 * up,
            gettext_noop(
                "From %(before)s %% a rise by %(change)s points or more would be found in 80 of 100 cases."
            ),
            before=shown(100 * share_before),
        )
    else:
        text = gettext_noop("From %(before)s %% no rise could be detected with %(n)s answers after.")
        sentence = message(text, before=shown(100 * share_before), n=n_after)
    return Detectable(
        change=up,
        falling=None if down is None else -down,
        n=n_before + n_after,
        method="two independent proportions, normal approximation",
        assumed={"share_before": share_before, "n_before": n_before, "n_after": n_after},
        sentence=sentence,
    )


@checked
def detectable_rate(
    rate_before: float, exposure_before: float, exposure_after: float, *, dispersion: float = 1.0
) -> Detectable:
    """Smallest rate ratio above 1 and largest below 1 that would be found.

    Args:
        rate_before: events per unit of exposure, above 0.
        exposure_before, exposure_after: e.g. months.
        dispersion: variance ÷ mean of the counts; 1 for Poisson.
    """
    for value, name in ((rate_before, "rate"), (exposure_before, "exposure"), (exposure_after, "exposure")):
        _positive(value, name)

    def power_of(ratio: float) -> float:
        return float(
            power_poisson_ratio_2indep(
                rate_before * ratio,
                rate_before,
                nobs1=exposure_after,
                nobs_ratio=exposure_before / exposure_after,
                value=1,
                alternative="two-sided",
                dispersion=dispersion,
                alpha=LEVEL,
                return_results=False,
            )
        )

    up = _smallest(lambda d: power_of(1 + d), 99.0)
    down = _smallest(lambda d: power_of(1 - d), 1 - 1e-6)
    if down is None:
        text = gettext_noop("With so few events even their end would not be told from chance (%(n)s before).")
        sentence = message(text, n=shown(rate_before * exposure_before))
    else:
        sentence = _found(
            100 * down,
            gettext_noop("A fall of the rate by %(change)s %% or more would be found in 80 of 100 cases."),
        )
    return Detectable(
        change=None if up is None else 1 + up,
        falling=None if down is None else 1 - down,
        n=round(rate_before * exposure_before),
        method="ratio of two Poisson rates, normal approximation",
        assumed={
            "rate_before": rate_before,
            "exposure_before": exposure_before,
            "exposure_after": exposure_after,
            "dispersion": dispersion,
        },
        sentence=sentence,
    )


@checked
def detectable_level(n_before: int, n_after: int, sd: float, *, rho: float = 0.3) -> Detectable | Refusal:
    """Smallest level change that an interrupted time series would find, rho taken as known.

    Rho has to be estimated in fact, so the true figure is somewhat larger.

    Args:
        n_before, n_after: points; fewer than 8 a side are refused as the method itself does (ITS_TOO_SHORT).
        sd: standard deviation of the values around their line.
        rho: how much neighbouring values resemble one another, −0.95 to 0.95.

    Source: METHOD 2.10; Hawley et al. (2019), Clin. Epidemiol. 11:197 on the power of such series.
    """
    _positive(sd, "standard deviation")
    _check_rho(rho)
    if min(n_before, n_after) < MIN_POINTS_INTERRUPTED:
        short = gettext_noop("%(have)s points on the shorter side; at least %(need)s are needed on each.")
        have = min(n_before, n_after)
        return refuse(RefusalCode.ITS_TOO_SHORT, short, have=have, need=MIN_POINTS_INTERRUPTED)
    error = sd * _level_error(n_before, n_after, rho)
    change = error * _noncentrality(n_before + n_after - 4)
    notes: tuple[Message, ...] = (
        message(gettext_noop("Rho is taken as known; the true figure is somewhat larger.")),
    )
    if min(n_before, n_after) < COMPUTED_FROM:
        indicative = gettext_noop("Fewer than 12 points on a side: the result would only be indicative.")
        notes = (*notes, message(indicative))
    return Detectable(
        change=change,
        falling=-change,
        n=n_before + n_after,
        method="interrupted time series, AR(1) with known rho, noncentral t",
        assumed={"sd": sd, "rho": rho, "n_before": n_before, "n_after": n_after},
        sentence=_found(
            change,
            gettext_noop(
                "With %(before)s points before and %(after)s after a change of level by %(change)s or more "
                "would be found in 80 of 100 cases."
            ),
            before=n_before,
            after=n_after,
        ),
        notes=notes,
    )


@checked
def detectable_did(n_treated: int, n_comparison: int, sd_change: float) -> Detectable | Refusal:
    """Smallest difference in differences that unit-level changes would show; sd_change is their spread.

    Refusal: DID_NO_COMPARISON without a comparison unit, or with one unit on each side.
    """
    _positive(sd_change, "standard deviation")
    if n_treated < 1 or n_comparison < 1 or n_treated + n_comparison < 3:
        few = gettext_noop("%(have)s comparison units; at least %(need)s are needed.")
        return refuse(RefusalCode.DID_NO_COMPARISON, few, have=n_comparison, need=2 if n_treated == 1 else 1)
    error = sd_change * math.sqrt(1 / n_treated + 1 / n_comparison)
    if min(n_treated, n_comparison) == 1:
        change = error * _noncentrality(max(n_treated, n_comparison) - 1)
    else:
        effect = TTestIndPower().solve_power(
            nobs1=n_treated, ratio=n_comparison / n_treated, alpha=LEVEL, power=POWER
        )
        change = float(effect) * sd_change
    return Detectable(
        change=change,
        falling=-change,
        n=n_treated + n_comparison,
        method="t test of unit-level changes",
        assumed={"sd_change": sd_change, "n_treated": n_treated, "n_comparison": n_comparison},
        sentence=_found(
            change,
            gettext_noop(
                "With %(treated)s treated and %(other)s comparison units a difference of %(change)s or more "
                "would be found in 80 of 100 cases."
            ),
            treated=n_treated,
            other=n_comparison,
        ),
    )


def detectable_mean(n_before: int, n_after: int, sd: float) -> float:
    """Smallest difference of two means that a t test of separate values would find, in the unit of sd.

    >>> round(detectable_mean(20, 20, 1.0), 3)
    0.909
    """
    _positive(sd, "standard deviation")
    if min(n_before, n_after) < 2:
        raise EngineError(
            f"{n_before} and {n_after} values were given; at least 2 on each side were expected."
        )
    effect = TTestIndPower().solve_power(nobs1=n_after, ratio=n_before / n_after, alpha=LEVEL, power=POWER)
    return float(np.ravel(effect)[0]) * sd


@dataclass(frozen=True, slots=True, kw_only=True)
class EnoughData:
    """When there will be enough for a method to compute at all, to be more than indicative, and to find a change."""

    periods_to_minimum: int
    minimum_on: date | None
    periods_to_computed: int
    computed_on: date | None
    periods_to_detect: int | None
    """Periods after until the change that matters would be found; None when it never would within 120."""
    detect_on: date | None
    sentence: Message


@checked
def enough_points(
    n_before: int,
    n_after: int,
    *,
    change: float,
    sd: float,
    rho: float = 0.3,
    last_period_ends_on: date | None = None,
    days_per_period: float | None = None,
) -> EnoughData | Refusal:
    """When an interrupted time series will have enough points, if each coming period brings its value.

    Args:
        n_before, n_after: points so far.
        change: the level change that matters, in the indicator's unit.
        sd, rho: as for `detectable_level`.
        last_period_ends_on, days_per_period: to turn periods into days; None leaves the days open.

    Returns:
        EnoughData, or ITS_TOO_SHORT when there are too few points before: no waiting mends that.
    """
    _positive(abs(change), "change")
    _positive(sd, "standard deviation")
    _check_rho(rho)
    if n_before < MIN_POINTS_INTERRUPTED:
        past = gettext_noop("%(have)s points before; %(need)s are needed, and no waiting adds to them.")
        return refuse(RefusalCode.ITS_TOO_SHORT, past, have=n_before, need=MIN_POINTS_INTERRUPTED)
    minimum, computed = (max(need - n_after, 0) for need in (MIN_POINTS_INTERRUPTED, COMPUTED_FROM))

    def finds_after(more: int) -> bool:
        df = n_before + n_after + more - 4
        return sd * _level_error(n_before, n_after + more, rho) * _noncentrality(df) <= abs(change)

    # More points never make the smallest change that is found larger, so the first that are enough can be bisected.
    waits = range(minimum, LONGEST_AHEAD + 1)
    place = bisect_left(waits, True, key=finds_after)
    wait = waits[place] if place < len(waits) else None

    def day(periods: int | None) -> date | None:
        return None if periods is None else enough_on(last_period_ends_on, days_per_period, periods)

    text = (
        gettext_noop("A change of %(change)s would not be told from chance within %(ahead)s more periods.")
        if wait is None
        else gettext_noop("A change of %(change)s could be found after %(wait)s more periods.")
    )
    return EnoughData(
        periods_to_minimum=minimum,
        minimum_on=day(minimum),
        periods_to_computed=computed,
        computed_on=day(computed) if n_before >= COMPUTED_FROM else None,
        periods_to_detect=wait,
        detect_on=day(wait),
        sentence=message(text, change=shown(change), wait=wait, ahead=LONGEST_AHEAD),
    )


@checked
def smallest_signed_rank_p(functions: int) -> float:
    """The smallest two-sided p that so many changed functions can give: 2 ÷ 2ⁿ.

    >>> smallest_signed_rank_p(MIN_FUNCTIONS)
    0.03125
    """
    return float(min(2.0 / 2.0**functions, 1.0))


def _level_error(n_before: int, n_after: int, rho: float) -> float:
    """Standard error of the level change for a residual spread of 1 and known rho."""
    t = np.arange(float(n_before + n_after))
    x: Floats = design(t, float(n_before))
    rows, *_ = whiten_each(np.array([rho]), x, t)
    information = rows[0].T @ rows[0]
    return math.sqrt(float(np.linalg.inv(information)[2, 2]))


def _noncentrality(df: int) -> float:
    """Effect ÷ standard error at which a two-sided t test has its power."""
    critical = float(stats.t.ppf(1 - LEVEL / 2, df))

    def excess(effect: float) -> float:
        return float(stats.nct.sf(critical, df, effect)) - POWER

    return float(optimize.brentq(excess, 0.0, 4 * critical + 4))


def _smallest(power_of: Callable[[float], float], largest: float) -> float | None:
    """The first change at which the power is reached; the approximations lose power again near their far end."""
    if largest <= 0:
        return None
    grid = largest * np.linspace(0.0, 1.0, GRID) ** 2
    at = next((i for i in range(1, GRID) if power_of(float(grid[i])) >= POWER), None)
    if at is None:
        return None
    below = max(float(grid[at - 1]), 1e-9)
    return float(optimize.brentq(lambda d: power_of(d) - POWER, below, float(grid[at]), xtol=1e-6))


def _found(change: float, template: str, **params: object) -> Message:
    return message(template, change=shown(change), **params)


def _positive(value: float, name: str) -> None:
    if not (math.isfinite(value) and value > 0):
        raise EngineError(f"{value} was given as {name}; a number above 0 was expected.")


def _check_rho(rho: float) -> None:
    if not abs(rho) <= 0.95:
        raise EngineError(f"{rho} was given as rho; −0.95 to 0.95 was expected.")
