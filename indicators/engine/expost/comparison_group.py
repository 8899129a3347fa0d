"""Did those who took the course gain more than those who did not? Paired scores in both groups (METHOD 2.9, 2.10)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal

import numpy as np
from scipy import stats

from indicators.engine.messages import gettext_noop, message, refuse
from indicators.engine.types import Message, Refusal, RefusalCode

from . import labels, words
from .checked import checked
from .confidence import data_quality, decisive, weakest_link, weakness
from .effect_sizes import Floats, noise, ppc2
from .paired import Numbers, paired_arrays, score_assumptions, score_flags
from .panel import contrast
from .situation import COMPUTED_FROM, MIN_PAIRS
from .types import Answer, Assumption, ExPostResult, Param, Reason, refused
from .words import shown

METHOD = "d_ppc2 (Morris), exact J; difference of the gains, Welch t"
UNLIKE_FROM = 0.25
"""Distance of the groups before, in pooled standard deviations, from which they are called unlike (What Works
Clearinghouse)."""
PRE_DIFFERENCE = "PRE_DIFFERENCE"


@checked
def paired_gain_with_comparison(
    pre: Numbers,
    post: Numbers,
    comparison_pre: Numbers,
    comparison_post: Numbers,
    *,
    maximum: float | Decimal | None = None,
    unpaired_share: float | None = None,
    equal_forms: bool | None = None,
    was_random: bool = False,
) -> ExPostResult:
    """Gain of the participants − gain of the comparison group.

    Args:
        pre, post: participants' scores, the same people in the same order.
        comparison_pre, comparison_post: the same of people the course did not reach.
        maximum, unpaired_share, equal_forms: as for `paired.paired_gain`; unpaired_share over both groups.
        was_random: whether chance decided who took the course.

    Returns:
        value, low, high: d_ppc2 with a 95 % interval from Morris' variance. params: difference of the gains in points
        (did, did_low, did_high) with Welch t, whose p is p_value; both gains, spreads, correlation, distance before.
        flags: those of the scores, PRE_DIFFERENCE (groups 0.25 SD or more apart before). Refusals: N_PAIRS_TOO_SMALL
        (fewer than 8 in either group), DID_NO_COMPARISON (no comparison at all), NO_VARIATION.

    Source: METHOD 2.10; Morris (2008), Organizational Research Methods 11:364.
    """
    before, after = paired_arrays(pre, post)
    other_before, other_after = paired_arrays(comparison_pre, comparison_post)
    label = message(labels.EFFECT_COMPARISON_GROUP)
    flags = score_flags(np.append(before, other_before), maximum, unpaired_share, equal_forms)
    n = len(before) + len(other_before)
    refusal = _why_not(before, after, other_before, other_after)
    if refusal is not None:
        return refused(refusal, method=METHOD, label=label, n=n, flags=tuple(flags))
    params = _figures(before, after, other_before, other_after)
    d, error = float(params["d_ppc2"] or 0), float(params["d_ppc2_standard_error"] or 0)
    reach = float(stats.t.ppf(0.975, n - 2)) * error
    distance = float(params["distance_before"] or 0)
    if abs(distance) >= UNLIKE_FROM:
        flags.append(PRE_DIFFERENCE)
    smaller = min(len(before), len(other_before))
    confidence, reasons = weakest_link(_reasons(flags, smaller, was_random=was_random))
    return ExPostResult(
        method=METHOD,
        label=label,
        value=d,
        low=d - reach,
        high=d + reach,
        p_value=None if params["did_p"] is None else float(params["did_p"]),
        n=n,
        params=params,
        assumptions=_assumptions(
            flags, maximum, unpaired_share, equal_forms, distance, was_random=was_random
        ),
        flags=tuple(flags),
        confidence=confidence,
        reasons=reasons,
        steps=(
            words.step(
                gettext_noop("Difference of the gains in pooled standard deviations before"),
                "d_ppc2 = J(n_T + n_C − 2)·(Δ_T − Δ_C) / s_pre,pooled",
                f"({shown(float(params['gain'] or 0))} − {shown(float(params['comparison_gain'] or 0))}) / "
                f"{shown(float(params['sd_pre_pooled'] or 0))}",
                words.interval_text(d, d - reach, d + reach),
            ),
        ),
        sentence=_sentence(params, flags, d, d - reach, d + reach),
    )


def _why_not(before: Floats, after: Floats, other_before: Floats, other_after: Floats) -> Refusal | None:
    smaller = min(len(before), len(other_before))
    if not len(other_before):
        none = gettext_noop("There is no comparison group: %(have)s of %(need)s pairs needed.")
        return refuse(RefusalCode.DID_NO_COMPARISON, none, have=0, need=MIN_PAIRS)
    if smaller < MIN_PAIRS:
        few = gettext_noop("Too few pairs in the smaller group: %(have)s of %(need)s needed.")
        return refuse(RefusalCode.N_PAIRS_TOO_SMALL, few, have=smaller, need=MIN_PAIRS)
    rounding = noise(before, after, other_before, other_after)
    no_spread = np.ptp(before) + np.ptp(other_before) <= rounding
    no_change_spread = (
        np.ptp(np.round(after - before, 9)) + np.ptp(np.round(other_after - other_before, 9)) <= rounding
    )
    if no_spread or no_change_spread:
        same = gettext_noop("The scores or the gains do not vary, so no spread can be estimated.")
        return refuse(RefusalCode.NO_VARIATION, same)
    return None


def _figures(before: Floats, after: Floats, other_before: Floats, other_after: Floats) -> dict[str, Param]:
    gain, other_gain = after - before, other_after - other_before
    n1, n2 = len(gain), len(other_gain)
    sd1, sd2 = float(before.std(ddof=1)), float(other_before.std(ddof=1))
    pooled = math.sqrt(((n1 - 1) * sd1**2 + (n2 - 1) * sd2**2) / (n1 + n2 - 2))
    r = _pooled_correlation(((before, after), (other_before, other_after)))
    d, variance = ppc2((float(gain.mean()), sd1, n1), (float(other_gain.mean()), sd2, n2), r)
    did = contrast(gain.tolist(), other_gain.tolist())
    return {
        "d_ppc2": d,
        "d_ppc2_standard_error": math.sqrt(variance),
        "gain": float(gain.mean()),
        "comparison_gain": float(other_gain.mean()),
        "did": did.value,
        "did_low": did.low,
        "did_high": did.high,
        "did_p": did.p_value,
        "did_df": did.df,
        "pairs": n1,
        "comparison_pairs": n2,
        "sd_pre": sd1,
        "comparison_sd_pre": sd2,
        "sd_pre_pooled": pooled,
        "r": r,
        "distance_before": float(before.mean() - other_before.mean()) / pooled,
    }


def _pooled_correlation(groups: Sequence[tuple[Floats, Floats]]) -> float:
    """Correlation of before and after around each group's own means; 0 where one of them does not vary."""
    centred = [(b - b.mean(), a - a.mean()) for b, a in groups]
    x, y = (np.concatenate([pair[k] for pair in centred]) for k in (0, 1))
    spread = math.sqrt(float(x @ x) * float(y @ y))
    return float(x @ y) / spread if spread > 0 else 0.0


def _reasons(flags: Sequence[str], smaller: int, *, was_random: bool) -> list[Reason]:
    reasons = list(data_quality(None))
    if not was_random:
        chosen = gettext_noop("Chance did not decide who took the course; those admitted may differ.")
        reasons.append(weakness("not_random", chosen))
    if smaller < COMPUTED_FROM:
        few = gettext_noop("Only %(have)s pairs in the smaller group.")
        reasons.append(weakness("few_pairs", few, have=smaller))
    if PRE_DIFFERENCE in flags and not was_random:
        unlike = gettext_noop("The groups were already apart before the course.")
        reasons.append(decisive("unlike_before", unlike))
    if "ATTRITION" in flags:
        lost = gettext_noop("Many participants lack one of the two scores; they may differ.")
        reasons.append(weakness("attrition", lost))
    return reasons


def _assumptions(
    flags: Sequence[str],
    maximum: float | Decimal | None,
    unpaired_share: float | None,
    equal_forms: bool | None,
    distance: float,
    *,
    was_random: bool,
) -> tuple[Assumption, ...]:
    return (
        *score_assumptions(flags, maximum, unpaired_share, equal_forms),
        words.assumption(
            "alike_before",
            Answer.NO if PRE_DIFFERENCE in flags else Answer.YES,
            gettext_noop(
                "The groups were alike before (%(distance)s standard deviations apart, below 0.25)."
            ),
            distance=shown(distance),
        ),
        words.assumption(
            "chance_decided",
            Answer.YES if was_random else Answer.NO,
            gettext_noop("Chance decided who took the course."),
        ),
        words.assumption(
            "comparison_group",
            Answer.YES,
            gettext_noop("There is a comparison group that did not take the course."),
        ),
    )


def _sentence(
    params: dict[str, Param], flags: Sequence[str], d: float, low: float, high: float
) -> tuple[Message, ...]:
    figures = {name: shown(float(v)) for name, v in params.items() if isinstance(v, int | float)}
    said = [
        message(
            gettext_noop(
                "Participants gained %(gain)s points, the comparison group %(other)s: %(did)s points more "
                "(95 %% interval %(did_low)s to %(did_high)s), d_ppc2 %(d)s (%(low)s to %(high)s)."
            ),
            gain=figures["gain"],
            other=figures["comparison_gain"],
            did=figures["did"],
            did_low=figures.get("did_low", "–"),
            did_high=figures.get("did_high", "–"),
            d=shown(d),
            low=shown(low),
            high=shown(high),
        )
    ]
    did_low, did_high = params["did_low"], params["did_high"]
    if isinstance(did_low, float) and isinstance(did_high, float) and words.includes(0.0, did_low, did_high):
        said.append(message(gettext_noop("The difference cannot be told from chance.")))
    if PRE_DIFFERENCE in flags:
        said.append(message(gettext_noop("The groups were already apart before the course.")))
    return tuple(said)
