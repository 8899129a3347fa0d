"""Did the same people score higher after than before? Paired t, Hedges g, Wilcoxon. Never an effect by itself."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import numpy as np
from scipy import stats

from indicators.engine.errors import EngineError
from indicators.engine.messages import gettext_noop, message, refuse
from indicators.engine.types import Message, RefusalCode, Step

from . import labels, words
from .checked import checked
from .confidence import data_quality, no_comparison, weakest_link
from .effect_sizes import Floats, noise, standardised_gains
from .signed_rank import MIN_NONZERO_WILCOXON, wilcoxon
from .situation import MIN_PAIRS
from .types import Answer, Assumption, ExPostResult, Param, refused
from .words import number, shown

WILCOXON_BELOW = 15
SKEW_LIMIT = 1.0
FLAG_SHARE = 0.20
CEILING_FROM = 0.90
METHOD = "Hedges g_av, exact J, Algina–Keselman interval; paired t"
Numbers = Sequence[float] | Sequence[Decimal]


@checked
def paired_gain(
    pre: Numbers,
    post: Numbers,
    *,
    maximum: float | Decimal | None = None,
    unpaired_share: float | None = None,
    equal_forms: bool | None = None,
) -> ExPostResult:
    """The gain of participants who were tested before and after.

    Args:
        pre, post: scores of the same people in the same order, any unit.
        maximum: highest possible score, to look for a ceiling; None when there is none.
        unpaired_share: share of enrolled people without both scores, 0 to 1; None when unknown.
        equal_forms: whether both tests are known to be equally difficult; None when unknown.

    Returns:
        value, low, high: Hedges g_av with 95 % interval. p_value: of the paired t. params: mean gain with interval
        (mean_difference, mean_low, mean_high), every named standardised form (d_z, g_z, d_rm, d_av, g_av,
        d_becker_pre_sd = SMCR, g_becker_pre_sd), t, df, r, skewness, Wilcoxon where it applies with its zero rule,
        normalised gain where a maximum is given. flags: CEILING, ATTRITION, SKEWED, WILCOXON_TOO_FEW, UNEQUAL_FORMS.
        Refusals: N_PAIRS_TOO_SMALL (fewer than 8 pairs), NO_VARIATION.

    Raises:
        EngineError: lists of different length, or a score that is not a finite number.

    Source: METHOD 2.10; Hedges & Olkin (1985); Becker (1988); Algina & Keselman (2003).
    """
    before, after = paired_arrays(pre, post)
    n = len(before)
    flags = score_flags(before, maximum, unpaired_share, equal_forms)
    label = message(labels.LEARNING_GAIN)
    if n < MIN_PAIRS:
        too_few = refuse(
            RefusalCode.N_PAIRS_TOO_SMALL,
            gettext_noop("Too few pairs: %(have)s of %(need)s needed."),
            have=n,
            need=MIN_PAIRS,
        )
        return refused(too_few, method=METHOD, label=label, n=n, flags=tuple(flags))
    difference = np.round(after - before, 9)
    if np.ptp(difference) <= noise(before, after) or np.ptp(before) + np.ptp(after) <= noise(before, after):
        same = refuse(
            RefusalCode.NO_VARIATION,
            gettext_noop(
                "All participants changed by the same %(gain)s points, so no spread can be estimated."
            ),
            gain=shown(float(difference[0])),
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
        found["wilcoxon_zeros"] = n - test.n_nonzero
        found["wilcoxon_p"] = test.p_value
        found["wilcoxon_method"] = test.method
        if test.n_nonzero < MIN_NONZERO_WILCOXON:
            flags.append("WILCOXON_TOO_FEW")
    confidence, reasons = weakest_link((no_comparison(), *data_quality(None)))
    return ExPostResult(
        method=METHOD,
        label=label,
        value=number(found, "g_av"),
        low=number(found, "g_av_low"),
        high=number(found, "g_av_high"),
        p_value=number(found, "p"),
        n=n,
        params=found,
        assumptions=(
            *score_assumptions(flags, maximum, unpaired_share, equal_forms),
            *_assumptions(skewness, flags),
        ),
        flags=tuple(flags),
        confidence=confidence,
        reasons=reasons,
        steps=_steps(found),
        sentence=_sentence(found, n, flags),
    )


def paired_arrays(pre: Numbers, post: Numbers) -> tuple[Floats, Floats]:
    """Scores of the same people as arrays; EngineError where they do not fit together."""
    if len(pre) != len(post):
        raise EngineError(f"{len(pre)} scores before and {len(post)} after were given; pairs were expected.")
    before = np.array([float(x) for x in pre])
    after = np.array([float(x) for x in post])
    if not (np.isfinite(before).all() and np.isfinite(after).all()):
        raise EngineError("A score is not a finite number; leave people without both scores out.")
    return before, after


def score_flags(
    before: Floats,
    maximum: float | Decimal | None,
    unpaired_share: float | None,
    equal_forms: bool | None,
) -> list[str]:
    """What is wrong with the scores themselves."""
    flags: list[str] = []
    if maximum is not None and len(before) and (before >= CEILING_FROM * float(maximum)).mean() > FLAG_SHARE:
        flags.append("CEILING")
    if unpaired_share is not None and unpaired_share > FLAG_SHARE:
        flags.append("ATTRITION")
    if equal_forms is False:
        flags.append("UNEQUAL_FORMS")
    return flags


def _normalised_gain(before: Floats, after: Floats, maximum: float | Decimal | None) -> dict[str, Param]:
    if maximum is None or float(maximum) <= before.mean():
        return {}
    gain = float((after.mean() - before.mean()) / (float(maximum) - before.mean()))
    return {"normalised_gain": gain, "ceiling_share": float((before >= CEILING_FROM * float(maximum)).mean())}


def score_assumptions(
    flags: Sequence[str],
    maximum: float | Decimal | None,
    unpaired_share: float | None,
    equal_forms: bool | None,
) -> tuple[Assumption, ...]:
    """What scores before and after take for granted, with or without a comparison group."""

    def answer(is_known: bool, flag: str) -> Answer:
        if not is_known:
            return Answer.CANNOT_TELL
        return Answer.NO if flag in flags else Answer.YES

    return (
        words.assumption(
            "no_ceiling",
            answer(maximum is not None, "CEILING"),
            gettext_noop("At most 20 %% of the scores before were near the maximum already."),
        ),
        words.assumption(
            "few_lost",
            answer(unpaired_share is not None, "ATTRITION"),
            gettext_noop("At most 20 %% of the participants lack one of the two scores."),
        ),
        words.assumption(
            "equal_forms",
            answer(equal_forms is not None, "UNEQUAL_FORMS"),
            gettext_noop("Both tests are equally difficult."),
        ),
    )


def _assumptions(skewness: float, flags: Sequence[str]) -> tuple[Assumption, ...]:
    return (
        words.assumption(
            "symmetric_differences",
            Answer.NO if "SKEWED" in flags else Answer.YES,
            gettext_noop("The gains are not clearly skewed (skewness %(skewness)s)."),
            skewness=shown(skewness),
        ),
        words.assumption(
            "comparison_group",
            Answer.NO,
            gettext_noop("There is a comparison group that did not take the course."),
        ),
    )


def _steps(found: dict[str, Param]) -> tuple[Step, ...]:
    text = {name: shown(value) for name, value in found.items() if isinstance(value, int | float)}
    steps = [
        Step(
            label=message(gettext_noop("Mean gain with 95 %% interval")),
            rule="d̄ ± t(n − 1)·s_d/√n",
            substituted=f"{text['mean_difference']} ± … (s_d = {text['sd_difference']}, df = {text['df']})",
            result=f"{text['mean_difference']} ({text['mean_low']} … {text['mean_high']})",
        ),
        Step(
            label=message(
                gettext_noop("Standardised by the mean spread of both tests, exact small-sample factor")
            ),
            rule="g_av = J(n − 1)·d̄ / √((s²pre + s²post)/2)",
            substituted=f"{text['j']} × {text['d_av']}",
            result=f"{text['g_av']} ({text['g_av_low']} … {text['g_av_high']})",
        ),
        Step(
            label=message(gettext_noop("Other standardised forms, which must not be mixed")),
            rule="d_z = d̄/s_d; d_rm = d_z·√(2(1 − r)); d_av; d_becker = d̄/s_pre",
            substituted="",
            result="; ".join(
                f"{name} = {text[name]}"
                for name in ("d_z", "g_z", "d_rm", "d_av", "d_becker_pre_sd", "g_becker_pre_sd")
                if name in text
            ),
        ),
    ]
    if "wilcoxon_p" in text:
        steps.append(
            Step(
                label=message(gettext_noop("Wilcoxon signed-rank test (few pairs or skewed gains)")),
                rule=str(found["wilcoxon_method"]),
                substituted=f"n = {text['wilcoxon_n_nonzero']}",
                result=f"p = {text['wilcoxon_p']}",
            )
        )
    return tuple(steps)


def _sentence(found: dict[str, Param], n: int, flags: Sequence[str]) -> tuple[Message, ...]:
    text = {name: shown(value) for name, value in found.items() if isinstance(value, int | float)}
    said = [
        message(
            gettext_noop(
                "%(n)s participants gained %(gain)s points on average (95 %% interval %(low)s to %(high)s); "
                "Hedges g_av %(g)s (%(g_low)s to %(g_high)s)."
            ),
            n=n,
            gain=text["mean_difference"],
            low=text["mean_low"],
            high=text["mean_high"],
            g=text["g_av"],
            g_low=text["g_av_low"],
            g_high=text["g_av_high"],
        )
    ]
    if "CEILING" in flags:
        said.append(
            message(
                gettext_noop("Many scored near the maximum before the course, so the gain is understated.")
            )
        )
    if "UNEQUAL_FORMS" in flags:
        said.append(message(gettext_noop("The two tests are not equally difficult, so the gain mixes both.")))
    if "ATTRITION" in flags:
        said.append(message(gettext_noop("Many participants lack one of the two scores; they may differ.")))
    said.append(
        message(gettext_noop("This is a gain, not proof of an effect: there is no comparison group."))
    )
    return tuple(said)
