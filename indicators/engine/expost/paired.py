"""Did the same people score higher after than before? Paired t, Hedges g, Wilcoxon. Never an effect by itself."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, stats

from indicators.engine.display import format_number
from indicators.engine.errors import EngineError
from indicators.engine.messages import gettext_noop, message, refuse
from indicators.engine.types import Message, RefusalCode, Step

from .types import Answer, Assumption, Confidence, ExPostResult, Param, refused

MIN_PAIRS = 8
MIN_NONZERO_WILCOXON = 6
WILCOXON_BELOW = 15
LARGEST_EXACT_WILCOXON = 50
SKEW_LIMIT = 1.0
FLAG_SHARE = 0.20
CEILING_FROM = 0.90
METHOD = "Hedges g_av, exact J, Algina–Keselman interval; paired t"
Numbers = Sequence[float] | Sequence[Decimal]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wilcoxon:
    """Signed-rank test; zero differences are dropped."""

    n_nonzero: int
    rank_sum_positive: float
    p_value: float
    method: str


def paired_gain(
    pre: Numbers,
    post: Numbers,
    *,
    maximum: float | Decimal | None = None,
    unpaired_share: float | None = None,
) -> ExPostResult:
    """The gain of participants who were tested before and after.

    Args:
        pre, post: scores of the same people in the same order, any unit.
        maximum: highest possible score, to look for a ceiling; None when there is none.
        unpaired_share: share of enrolled people without both scores, 0 to 1; None when unknown.

    Returns:
        value, low, high: Hedges g_av with 95 % interval. p_value: of the paired t. params: mean gain with interval
        (mean_difference, mean_low, mean_high), every named standardised form (d_z, g_z, d_rm, d_av, g_av,
        d_becker_pre_sd), t, df, r, skewness, Wilcoxon where it applies, normalised gain where a maximum is given.
        flags: CEILING, ATTRITION, SKEWED, WILCOXON_TOO_FEW. Refusals: N_PAIRS_TOO_SMALL (fewer than 8 pairs),
        NO_VARIATION.

    Raises:
        EngineError: lists of different length, or a score that is not a finite number.

    Source: METHOD 2.10; Hedges & Olkin (1985); Algina & Keselman (2003).
    """
    before, after = _arrays(pre, post)
    n = len(before)
    flags = list(_flags(before, maximum, unpaired_share))
    label = message(gettext_noop("learning gain"))
    if n < MIN_PAIRS:
        too_few = refuse(
            RefusalCode.N_PAIRS_TOO_SMALL,
            gettext_noop("Too few pairs: %(have)s of %(need)s needed."),
            have=n,
            need=MIN_PAIRS,
        )
        return refused(too_few, method=METHOD, label=label, n=n, flags=tuple(flags))
    difference = np.round(after - before, 9)
    if np.ptp(difference) == 0 or np.ptp(before) + np.ptp(after) == 0:
        same = refuse(
            RefusalCode.NO_VARIATION,
            gettext_noop(
                "All participants changed by the same %(gain)s points, so no spread can be estimated."
            ),
            gain=_shown(float(difference[0])),
        )
        params: dict[str, Param] = {"mean_difference": float(difference.mean())}
        return refused(same, method=METHOD, label=label, n=n, params=params, flags=tuple(flags))
    found = standardised_gains(before, after)
    found |= _normalised_gain(before, after, maximum)
    skewness = float(stats.skew(difference, bias=False))
    found["skewness"] = skewness
    if abs(skewness) > SKEW_LIMIT:
        flags.append("SKEWED")
    if n < WILCOXON_BELOW or abs(skewness) > SKEW_LIMIT:
        test = wilcoxon(difference.tolist())
        found["wilcoxon_n_nonzero"] = test.n_nonzero
        found["wilcoxon_p"] = test.p_value
        found["wilcoxon_method"] = test.method
        if test.n_nonzero < MIN_NONZERO_WILCOXON:
            flags.append("WILCOXON_TOO_FEW")
    return ExPostResult(
        method=METHOD,
        label=label,
        value=_number(found, "g_av"),
        low=_number(found, "g_av_low"),
        high=_number(found, "g_av_high"),
        p_value=_number(found, "p"),
        n=n,
        params=found,
        assumptions=_assumptions(skewness, maximum, unpaired_share, flags),
        flags=tuple(flags),
        confidence=Confidence.LOW,
        steps=_steps(found),
        sentence=_sentence(found, n, flags),
    )


def exact_j(m: int) -> float:
    """Hedges' exact small-sample factor Γ(m/2) ÷ (√(m/2)·Γ((m−1)/2)) for m degrees of freedom, m ≥ 2.

    >>> round(exact_j(9), 6)
    0.913875
    """
    if m < 2:
        raise EngineError(f"{m} degrees of freedom were given; at least 2 were expected.")
    return math.exp(math.lgamma(m / 2) - math.lgamma((m - 1) / 2)) / math.sqrt(m / 2)


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
    low, high = _noncentral_limits(t, n - 1)
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
    }


def _noncentral_limits(t: float, df: int) -> tuple[float, float]:
    """Noncentralities under which the observed t is the 97.5th and the 2.5th percentile."""

    def limit(share: float) -> float:
        def excess(noncentrality: float) -> float:
            return float(stats.nct.cdf(t, df, noncentrality)) - share

        reach = 10 + 3 * abs(t)
        return float(optimize.brentq(excess, t - reach, t + reach, xtol=1e-9))

    approximate = float(stats.norm.ppf(0.975)) * math.sqrt(1 + t * t / (2 * df))
    try:
        low, high = limit(0.975), limit(0.025)
    except (ValueError, RuntimeError):  # beyond what the noncentral t can be computed for
        low, high = math.nan, math.nan
    if math.isfinite(low) and math.isfinite(high) and low <= t <= high:
        return low, high
    return t - approximate, t + approximate


def wilcoxon(differences: Sequence[float]) -> Wilcoxon:
    """Two-sided Wilcoxon signed-rank test; zeros are dropped, ties share their mean rank.

    Up to 50 non-zero differences the p-value is exact over all assignments of signs, ties included.

    >>> wilcoxon([1.2, 2.4, 1.3, 1.3, 0, 1.0, 1.8, 0.8, 4.6, 1.4]).p_value
    0.00390625
    """
    nonzero = [round(float(d), 9) for d in differences if round(float(d), 9) != 0]
    n = len(nonzero)
    if n == 0:
        return Wilcoxon(n_nonzero=0, rank_sum_positive=0.0, p_value=1.0, method="all differences are zero")
    ranks = stats.rankdata(np.abs(nonzero))
    positive = float(sum(rank for rank, d in zip(ranks, nonzero, strict=True) if d > 0))
    if n > LARGEST_EXACT_WILCOXON:
        p = float(stats.wilcoxon(nonzero, method="asymptotic", correction=True).pvalue)
        return Wilcoxon(
            n_nonzero=n, rank_sum_positive=positive, p_value=p, method="normal approximation, zeros dropped"
        )
    counts = [1]
    for rank in (round(2 * float(rank)) for rank in ranks):
        longer = counts + [0] * rank
        for i, c in enumerate(counts):
            longer[i + rank] += c
        counts = longer
    middle, seen = len(counts) - 1, round(2 * positive)
    at_least = sum(c for s, c in enumerate(counts) if abs(2 * s - middle) >= abs(2 * seen - middle))
    return Wilcoxon(
        n_nonzero=n, rank_sum_positive=positive, p_value=at_least / 2**n, method="exact, zeros dropped"
    )


def _arrays(pre: Numbers, post: Numbers) -> tuple[Floats, Floats]:
    if len(pre) != len(post):
        raise EngineError(f"{len(pre)} scores before and {len(post)} after were given; pairs were expected.")
    before = np.array([float(x) for x in pre])
    after = np.array([float(x) for x in post])
    if not (np.isfinite(before).all() and np.isfinite(after).all()):
        raise EngineError("A score is not a finite number; leave people without both scores out.")
    return before, after


def _flags(before: Floats, maximum: float | Decimal | None, unpaired_share: float | None) -> list[str]:
    flags: list[str] = []
    if maximum is not None and len(before) and (before >= CEILING_FROM * float(maximum)).mean() > FLAG_SHARE:
        flags.append("CEILING")
    if unpaired_share is not None and unpaired_share > FLAG_SHARE:
        flags.append("ATTRITION")
    return flags


def _normalised_gain(before: Floats, after: Floats, maximum: float | Decimal | None) -> dict[str, Param]:
    if maximum is None or float(maximum) <= before.mean():
        return {}
    gain = float((after.mean() - before.mean()) / (float(maximum) - before.mean()))
    return {"normalised_gain": gain, "ceiling_share": float((before >= CEILING_FROM * float(maximum)).mean())}


def _assumptions(
    skewness: float, maximum: float | Decimal | None, unpaired_share: float | None, flags: Sequence[str]
) -> tuple[Assumption, ...]:
    def answer(is_known: bool, flag: str) -> Answer:
        if not is_known:
            return Answer.CANNOT_TELL
        return Answer.NO if flag in flags else Answer.YES

    return (
        Assumption(
            name="symmetric_differences",
            holds=answer(True, "SKEWED"),
            text=message(
                gettext_noop("The gains are not clearly skewed (skewness %(skewness)s)."),
                skewness=_shown(skewness),
            ),
        ),
        Assumption(
            name="no_ceiling",
            holds=answer(maximum is not None, "CEILING"),
            text=message(gettext_noop("At most 20 %% of the scores before were near the maximum already.")),
        ),
        Assumption(
            name="few_lost",
            holds=answer(unpaired_share is not None, "ATTRITION"),
            text=message(gettext_noop("At most 20 %% of the participants lack one of the two scores.")),
        ),
        Assumption(
            name="equal_forms",
            holds=Answer.CANNOT_TELL,
            text=message(gettext_noop("Both tests are equally difficult.")),
        ),
        Assumption(
            name="comparison_group",
            holds=Answer.NO,
            text=message(gettext_noop("There is a comparison group that did not take the course.")),
        ),
    )


def _steps(found: dict[str, Param]) -> tuple[Step, ...]:
    shown = {name: _shown(value) for name, value in found.items() if isinstance(value, int | float)}
    steps = [
        Step(
            label=message(gettext_noop("Mean gain with 95 %% interval")),
            rule="d̄ ± t(n − 1)·s_d/√n",
            substituted=f"{shown['mean_difference']} ± … (s_d = {shown['sd_difference']}, df = {shown['df']})",
            result=f"{shown['mean_difference']} ({shown['mean_low']} … {shown['mean_high']})",
        ),
        Step(
            label=message(
                gettext_noop("Standardised by the mean spread of both tests, exact small-sample factor")
            ),
            rule="g_av = J(n − 1)·d̄ / √((s²pre + s²post)/2)",
            substituted=f"{shown['j']} × {shown['d_av']}",
            result=f"{shown['g_av']} ({shown['g_av_low']} … {shown['g_av_high']})",
        ),
        Step(
            label=message(gettext_noop("Other standardised forms, which must not be mixed")),
            rule="d_z = d̄/s_d; d_rm = d_z·√(2(1 − r)); d_av; d_becker = d̄/s_pre",
            substituted="",
            result="; ".join(
                f"{name} = {shown[name]}"
                for name in ("d_z", "g_z", "d_rm", "d_av", "d_becker_pre_sd")
                if name in shown
            ),
        ),
    ]
    if "wilcoxon_p" in shown:
        steps.append(
            Step(
                label=message(gettext_noop("Wilcoxon signed-rank test (few pairs or skewed gains)")),
                rule=str(found["wilcoxon_method"]),
                substituted=f"n = {shown['wilcoxon_n_nonzero']}",
                result=f"p = {shown['wilcoxon_p']}",
            )
        )
    return tuple(steps)


def _sentence(found: dict[str, Param], n: int, flags: Sequence[str]) -> tuple[Message, ...]:
    shown = {name: _shown(value) for name, value in found.items() if isinstance(value, int | float)}
    said = [
        message(
            gettext_noop(
                "%(n)s participants gained %(gain)s points on average (95 %% interval %(low)s to %(high)s); "
                "Hedges g_av %(g)s (%(g_low)s to %(g_high)s)."
            ),
            n=n,
            gain=shown["mean_difference"],
            low=shown["mean_low"],
            high=shown["mean_high"],
            g=shown["g_av"],
            g_low=shown["g_av_low"],
            g_high=shown["g_av_high"],
        )
    ]
    if "CEILING" in flags:
        said.append(
            message(
                gettext_noop("Many scored near the maximum before the course, so the gain is understated.")
            )
        )
    if "ATTRITION" in flags:
        said.append(message(gettext_noop("Many participants lack one of the two scores; they may differ.")))
    said.append(
        message(gettext_noop("This is a gain, not proof of an effect: there is no comparison group."))
    )
    return tuple(said)


def _number(found: dict[str, Param], name: str) -> float | None:
    value = found[name]
    return value if isinstance(value, int | float) else None


def _shown(value: float) -> str:
    digits = 2 if abs(value) >= 0.01 or value == 0 else 4
    return format_number(Decimal(repr(float(value))), digits)
