"""Does a gain last? Retention of participants and of series, and shares of things kept. Says nothing of the cause."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from enum import StrEnum

import numpy as np
from scipy import stats

from indicators.engine.display import format_number
from indicators.engine.errors import EngineError
from indicators.engine.messages import gettext_noop, message, refuse
from indicators.engine.rules import METHOD_RULES, Rules
from indicators.engine.types import Message, Refusal, RefusalCode, Step

from . import labels, words
from .checked import checked
from .confidence import data_quality, no_comparison, weakest_link
from .proportions import wilson
from .ratios import DRAWS, Number, bootstrap, fieller, series_interval
from .situation import MIN_PAIRS
from .types import Answer, Assumption, ExPostResult, Param, refused
from .words import percent as _percent
from .words import shown as _shown

MIN_RESPONSE = 0.40
METHOD = "Retention ratio, seeded percentile bootstrap over participants"
METHOD_SERIES = "Retention ratio of three values"
PROVIDER = "MAINTAINED_BY_PROVIDER"


class Band(StrEnum):
    """≥ 0.8 sustained, 0.5 to 0.8 partly, below not sustained (METHOD 2.10)."""

    SUSTAINED = "sustained"
    PARTLY = "partly"
    NOT_SUSTAINED = "not_sustained"


_BAND_WORDS = {
    Band.SUSTAINED: gettext_noop("sustained"),
    Band.PARTLY: gettext_noop("partly sustained"),
    Band.NOT_SUSTAINED: gettext_noop("not sustained"),
}


@checked
def band(ratio: float, rules: Rules = METHOD_RULES) -> Band:
    """The word for a retention ratio."""
    if ratio >= rules.sustained_from:
        return Band.SUSTAINED
    return Band.PARTLY if ratio >= rules.partly_from else Band.NOT_SUSTAINED


@checked
def retention(
    pre: Sequence[Number],
    post: Sequence[Number],
    followup: Sequence[Number],
    *,
    seed: int,
    response_rate: float | None = None,
    higher_is_better: bool = True,
    rules: Rules = METHOD_RULES,
    paid_by_partner: bool | None = None,
) -> ExPostResult:
    """How much of the participants' gain is still there at follow-up: (V − B) ÷ (E − B) of the means.

    Args:
        pre, post, followup: scores of the same people in the same order.
        seed: of the bootstrap, kept with the result; the same seed gives the same interval.
        response_rate: share of those asked who answered at follow-up, 0 to 1; None when unknown.
        higher_is_better: False when the score is meant to fall.
        rules: from which ratio on a gain is called sustained, or partly.
        paid_by_partner: whether the partner pays for and staffs what was kept; None when unknown. What the provider
            pays for is labelled "maintained by provider" and never "sustained".

    Returns:
        value: the ratio, 1 when all is kept, below 0 when lower than before; low, high: 95 % percentile bootstrap;
        params["band"], and fieller_low, fieller_high as a second opinion on the interval, which need no draws.
        Refusals: N_PAIRS_TOO_SMALL (fewer than 8), RESPONSE_TOO_LOW (below 40 %),
        NO_GAIN_TO_RETAIN (no gain, or its 95 % interval includes 0).

    Source: METHOD 2.10; Efron & Tibshirani (1993).
    """
    if not len(pre) == len(post) == len(followup):
        raise EngineError(
            f"{len(pre)}, {len(post)} and {len(followup)} scores were given; the same people were expected in each."
        )
    scores = np.array([[float(x) for x in row] for row in (pre, post, followup)])
    n = len(pre)
    refusal = _why_not(n, response_rate)
    if refusal is None:
        refusal = _no_gain(scores[1] - scores[0], 1 if higher_is_better else -1)
    if refusal is not None:
        return refused(refusal, method=METHOD, label=_label(None), n=n)
    b, e, v = (float(x) for x in scores.mean(axis=1))
    ratio = (v - b) / (e - b)
    covariance = np.cov(np.vstack([scores[2] - scores[0], scores[1] - scores[0]])) / n
    exact = fieller(v - b, e - b, covariance, n - 1)
    low, high, used = bootstrap(scores, seed, 1 if higher_is_better else -1)
    params: dict[str, Param] = {
        "baseline": b,
        "end": e,
        "followup": v,
        "band": band(ratio, rules).value,
        "seed": seed,
        "draws": DRAWS,
        "draws_used": used,
        "response_rate": response_rate,
        "fieller_low": None if exact is None else exact[0],
        "fieller_high": None if exact is None else exact[1],
    }
    assumptions = _response_assumption(response_rate)
    return _result(METHOD, ratio, low, high, n, params, assumptions, rules, paid_by_partner)


@checked
def series_retention(
    baseline: Number,
    end: Number,
    followup: Number | None,
    *,
    standard_error: Number | None = None,
    higher_is_better: bool | None = None,
    rules: Rules = METHOD_RULES,
    standard_errors: tuple[Number, Number, Number] | None = None,
    paid_by_partner: bool | None = None,
) -> ExPostResult:
    """How much of a series' change is still there at follow-up: (V − B) ÷ (E − B).

    Args:
        baseline, end, followup: values at the start, at the end and after it; followup None when there is none yet.
        standard_error: of the change E − B; None when it has no sampling error.
        higher_is_better: direction of a gain; None to take any change as a gain.
        rules, paid_by_partner: as for `retention`.
        standard_errors: of baseline, end and follow-up where all three are independent estimates; they give an interval
            and stand in for standard_error.

    Returns:
        value: the ratio; low, high: Fieller's interval where standard_errors are given, else none; params["band"].
        Refusals: NO_FOLLOW_UP, NO_GAIN_TO_RETAIN (no change,
        the wrong way, or inside 1.96 standard errors).

    Source: METHOD 2.10.
    """
    if followup is None:
        missing = refuse(RefusalCode.NO_FOLLOW_UP, gettext_noop("There is no value after the end yet."))
        return refused(missing, method=METHOD_SERIES, label=_label(None))
    b, e, v = float(baseline), float(end), float(followup)
    sign = 1.0 if (higher_is_better is None and e >= b) or higher_is_better else -1.0
    error = 0.0 if standard_error is None else float(standard_error)
    if standard_errors is not None:
        error = math.hypot(float(standard_errors[0]), float(standard_errors[1]))
    if sign * (e - b) <= 1.96 * error:
        return refused(_nothing_to_retain(b, e, 1.96 * error), method=METHOD_SERIES, label=_label(None))
    ratio = (v - b) / (e - b)
    params: dict[str, Param] = {"baseline": b, "end": e, "followup": v, "band": band(ratio, rules).value}
    low, high = series_interval(v - b, e - b, standard_errors)
    return _result(METHOD_SERIES, ratio, low, high, 3, params, (), rules, paid_by_partner)


@checked
def retention_path(
    baseline: Number,
    end: Number,
    followups: Mapping[int, Number | None],
    *,
    standard_error: Number | None = None,
    higher_is_better: bool | None = None,
    rules: Rules = METHOD_RULES,
    paid_by_partner: bool | None = None,
) -> Mapping[int, ExPostResult]:
    """`series_retention` at each month after the end, e.g. 6, 12, 24; a month without a value is its own refusal."""
    return {
        month: series_retention(
            baseline,
            end,
            value,
            standard_error=standard_error,
            higher_is_better=higher_is_better,
            rules=rules,
            paid_by_partner=paid_by_partner,
        )
        for month, value in sorted(followups.items())
    }


@checked
def share_kept(
    kept: int, total: int, rules: Rules = METHOD_RULES, paid_by_partner: bool | None = None
) -> ExPostResult:
    """Share of things (posts, certified units) that are still there, with Wilson interval (METHOD 2.10).

    Refusal: DENOMINATOR_ZERO when there was nothing to keep. Label "maintained by provider" where the provider pays.
    """
    label = message(labels.MAINTAINED_BY_PROVIDER if paid_by_partner is False else labels.SHARE_KEPT)
    if total == 0:
        nothing = refuse(
            RefusalCode.DENOMINATOR_ZERO, gettext_noop("There was nothing to keep: the total is 0.")
        )
        return refused(nothing, method="Wilson interval", label=label)
    low, high = wilson(kept, total)
    share = kept / total
    said = message(
        gettext_noop(
            "%(kept)s of %(total)s are still there: %(share)s (95 %% interval %(low)s to %(high)s)."
        ),
        kept=kept,
        total=total,
        share=_percent(share),
        low=_percent(low),
        high=_percent(high),
    )
    confidence, reasons = weakest_link((no_comparison(), *data_quality(None)))
    return ExPostResult(
        method="Wilson interval",
        label=label,
        value=share,
        low=low,
        high=high,
        n=total,
        params={"kept": kept, "total": total, "band": band(share, rules).value},
        assumptions=(_provider_assumption(paid_by_partner),),
        flags=(PROVIDER,) if paid_by_partner is False else (),
        confidence=confidence,
        reasons=reasons,
        sentence=(said,),
    )


def _why_not(n: int, response_rate: float | None) -> Refusal | None:
    if response_rate is not None and response_rate < MIN_RESPONSE:
        return refuse(
            RefusalCode.RESPONSE_TOO_LOW,
            gettext_noop("Only %(have)s answered; at least %(need)s are needed."),
            have=_percent(response_rate),
            need=_percent(MIN_RESPONSE),
        )
    if n < MIN_PAIRS:
        return refuse(
            RefusalCode.N_PAIRS_TOO_SMALL,
            gettext_noop("Too few people with all three scores: %(have)s of %(need)s needed."),
            have=n,
            need=MIN_PAIRS,
        )
    return None


def _no_gain(gains: np.ndarray[tuple[int], np.dtype[np.float64]], sign: int) -> Refusal | None:
    n = len(gains)
    gain = float(gains.mean())
    reach = float(stats.t.ppf(0.975, n - 1)) * float(gains.std(ddof=1)) / n**0.5
    if sign * gain > reach:
        return None
    return _nothing_to_retain(0.0, gain, reach)


def _nothing_to_retain(baseline: float, end: float, error: float) -> Refusal:
    return refuse(
        RefusalCode.NO_GAIN_TO_RETAIN,
        gettext_noop(
            "There is no gain to retain: the change was %(change)s with a measurement error of %(error)s."
        ),
        change=_shown(end - baseline),
        error=_shown(error),
    )


def _result(
    method: str,
    ratio: float,
    low: float | None,
    high: float | None,
    n: int,
    params: dict[str, Param],
    assumptions: tuple[Assumption, ...],
    rules: Rules,
    paid_by_partner: bool | None,
) -> ExPostResult:
    found = band(ratio, rules)
    b, e, v = (_shown(float(params[name] or 0)) for name in ("baseline", "end", "followup"))
    interval = "" if low is None or high is None else f" ({_shown(low)} … {_shown(high)})"
    step = Step(
        label=message(gettext_noop("Retention ratio: share of the gain that is still there")),
        rule="R = (V − B) / (E − B)",
        substituted=f"({v} − {b}) / ({e} − {b})",
        result=f"{_shown(ratio)}{interval}",
    )
    said = [
        message(
            gettext_noop(
                "From %(baseline)s to %(end)s at the end and %(followup)s at follow-up: %(share)s of the gain is left."
            ),
            baseline=b,
            end=e,
            followup=v,
            share=_percent(ratio),
        ),
        _borders(rules),
    ]
    if paid_by_partner is False:
        said.append(
            message(gettext_noop("The provider pays for or staffs it, so it is not the partner's yet."))
        )
    if low is None:
        said.append(message(gettext_noop("Three single values give no interval.")))
    flags = ("SMALL_GAIN_RESAMPLES",) if params.get("draws_used", DRAWS) != params.get("draws", DRAWS) else ()
    if paid_by_partner is False:
        flags = (*flags, PROVIDER)
    confidence, reasons = weakest_link((no_comparison(), *data_quality(None)))
    return ExPostResult(
        method=method,
        label=_label(found, paid_by_partner),
        value=ratio,
        low=low,
        high=high,
        n=n,
        params=params,
        assumptions=(*assumptions, _provider_assumption(paid_by_partner)),
        flags=flags,
        confidence=confidence,
        reasons=reasons,
        steps=(step,),
        sentence=tuple(said),
    )


def _label(found: Band | None, paid_by_partner: bool | None = None) -> Message:
    if found is None:
        return message(labels.RETENTION)
    if paid_by_partner is False and found is not Band.NOT_SUSTAINED:
        return message(labels.MAINTAINED_BY_PROVIDER)
    return message(_BAND_WORDS[found])


def _borders(rules: Rules) -> Message:
    return message(
        gettext_noop("Sustained from a ratio of %(sustained)s, partly from %(partly)s."),
        sustained=format_number(rules.sustained_from, 4),
        partly=format_number(rules.partly_from, 4),
    )


def _response_assumption(response_rate: float | None) -> tuple[Assumption, ...]:
    holds = Answer.CANNOT_TELL if response_rate is None else Answer.YES
    text = message(gettext_noop("At least 40 %% of those asked answered at follow-up."))
    return (Assumption(name="response", holds=holds, text=text),)


def _provider_assumption(paid_by_partner: bool | None) -> Assumption:
    holds = Answer.CANNOT_TELL
    if paid_by_partner is not None:
        holds = Answer.YES if paid_by_partner else Answer.NO
    text = gettext_noop("The partner, not the provider, pays for and staffs what was kept.")
    return words.assumption("kept_by_partner", holds, text)
