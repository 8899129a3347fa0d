"""Interrupted time series: did level and slope change at a date? Two diagnostics may veto the headline."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date

from indicators.engine.messages import gettext_noop, message
from indicators.engine.types import Message, PeriodValue, RefusalCode

from . import labels, words
from .checked import checked
from .confidence import data_quality, few_points, single_series, weakest_link
from .its_analysis import Analysis, analyse, veto_of, vetoes, why_not
from .segmented import Layout, layout
from .situation import COMPUTED_FROM
from .types import Answer, Assumption, ExPostResult, Param, Reason, refused
from .words import number, shown

METHOD = "Interrupted time series, AR(1) REML generalised least squares, t(n − k)"


@checked
def interrupted_series(
    series: Sequence[PeriodValue],
    *,
    split_on: date,
    transition_until: date | None = None,
    horizon: int | None = None,
    seasonal: bool = True,
) -> ExPostResult:
    """Segmented regression y = b0 + b1·t + b2·D + b3·D·(t − T0), with residuals that may resemble their neighbours.

    Args:
        series: one indicator's periods of equal length in order of time; due periods without a value included.
        split_on: last day that belongs to "before"; a period across it is left out of both sides.
        transition_until: last day of a transition, laid down in the plan, that is left out of both sides.
        horizon: periods after the first one after (h = 0) at which the effect is given; None for the last point.
        seasonal: whether a yearly rhythm is fitted where there are two full years of points on each side.

    Returns:
        value, low, high: the level change b2 with 95 % interval; p_value from 12 points a side on, else None (it stands
        in params["p_b2"]). params: all coefficients with standard errors, effect at the horizon (b2 + b3·h) and mean
        effect with intervals, rho, Durbin–Watson, the companion Newey–West error, diagnostics. Table
        ``counterfactual``: observed, fitted and continued line with the 95 % band of that line. With 8 to 11 points on
        a side the label is "indicative". Refusals: ITS_TOO_SHORT (with the day from which there will be enough),
        ITS_GAPS (more than a tenth missing, or unequal steps), NO_VARIATION, PRETREND_NOT_LINEAR (quadratic term
        before, p < 0.01), NON_STATIONARY_RESIDUALS (rho > 0.9); the last two keep their figures but give no headline.

    Source: METHOD 2.10; Linden (2015), Stata Journal 15:480; Newey & West (1987), Econometrica 55:703.
    """
    laid = layout(series, split_on, transition_until)
    shorter = min(laid.n_before, laid.n_after)
    label = message(labels.COMPUTED if shorter >= COMPUTED_FROM else labels.INDICATIVE)
    refusal = why_not(laid)
    if refusal is not None:
        return refused(refusal, method=METHOD, label=label, n=len(laid.y))
    found = analyse(laid, horizon=horizon, seasonal=seasonal)
    reasons = (single_series(), *points_reason(laid), *data_quality(None))
    assumptions = (*checks(found), words.nothing_else_changed(), words.comparison(is_there=False))
    last = message(gettext_noop("Without a comparison series something else may have caused it."))
    return conclude(found, METHOD, label, reasons, assumptions, last)


def points_reason(laid: Layout) -> tuple[Reason, ...]:
    """That there are fewer points than a computed result needs."""
    is_computed = min(laid.n_before, laid.n_after) >= COMPUTED_FROM
    return () if is_computed else (few_points(COMPUTED_FROM),)


def checks(found: Analysis) -> tuple[Assumption, ...]:
    """What the data say of the model's assumptions."""
    flags = vetoes(found.params)
    laid = found.laid
    if number(found.params, "seasons"):
        seasons = (Answer.YES, gettext_noop("The yearly rhythm is part of the model."))
    elif laid.seasons and not laid.has_full_years:
        text = gettext_noop("There is no yearly rhythm; fewer than two full years on a side cannot show it.")
        seasons = (Answer.CANNOT_TELL, text)
    else:
        seasons = (Answer.CANNOT_TELL, gettext_noop("There is no yearly rhythm; none was fitted."))
    return (
        words.assumption(
            "pretrend_is_straight",
            Answer.NO if RefusalCode.PRETREND_NOT_LINEAR.value in flags else Answer.YES,
            gettext_noop("The points before show no clear curve (quadratic term, p of 0.01 or more)."),
        ),
        words.assumption(
            "does_not_wander",
            Answer.NO if RefusalCode.NON_STATIONARY_RESIDUALS.value in flags else Answer.YES,
            gettext_noop("Neighbouring residuals are not so alike that the series wanders (rho up to 0.9)."),
        ),
        words.assumption("seasons", *seasons),
        words.assumption(
            "date_was_planned",
            Answer.CANNOT_TELL,
            gettext_noop("The date was laid down beforehand, not found by looking at the series."),
        ),
    )


def conclude(
    found: Analysis,
    method: str,
    label: Message,
    reasons: tuple[Reason, ...],
    assumptions: tuple[Assumption, ...],
    last: Message,
) -> ExPostResult:
    """The headline, or the veto with all figures beside it."""
    params, laid = found.params, found.laid
    veto = veto_of(params)
    if veto is not None:
        return refused(
            veto,
            method=method,
            label=label,
            n=len(laid.y),
            params=params,
            flags=vetoes(params),
            tables=found.tables,
            assumptions=assumptions,
        )
    value, low, high, p = found.estimate([0, 0, 1])
    is_computed = min(laid.n_before, laid.n_after) >= COMPUTED_FROM
    confidence, ordered = weakest_link(reasons)
    step = words.step(
        gettext_noop("Level change at the date, 95 %% interval"),
        "y = b0 + b1·t + b2·D + b3·D·(t − T0)",
        f"b1 = {shown(number(params, 'b1'))}, b3 = {shown(number(params, 'b3'))}, ρ = {shown(found.fit.rho)}",
        f"b2 = {words.interval_text(value, low, high)}",
    )
    return ExPostResult(
        method=method,
        label=label,
        value=value,
        low=low,
        high=high,
        p_value=p if is_computed and math.isfinite(p) else None,
        n=len(laid.y),
        params=params,
        assumptions=assumptions,
        confidence=confidence,
        reasons=ordered,
        tables=found.tables,
        steps=(step,),
        sentence=(*_sentence(params, value, low, high, is_computed=is_computed), last),
    )


def _sentence(
    params: dict[str, Param], value: float, low: float, high: float, *, is_computed: bool
) -> tuple[Message, ...]:
    said = [
        message(
            gettext_noop(
                "At the date the level changed by %(level)s (95 %% interval %(low)s to %(high)s); "
                "at the last point it is %(effect)s off the earlier path (%(effect_low)s to %(effect_high)s)."
            ),
            level=shown(value),
            low=shown(low),
            high=shown(high),
            effect=shown(number(params, "effect_at_end")),
            effect_low=shown(number(params, "effect_at_end_low")),
            effect_high=shown(number(params, "effect_at_end_high")),
        )
    ]
    if not is_computed:
        said.append(
            message(gettext_noop("Fewer than 12 points on a side: indicative only, never significant."))
        )
    elif words.includes(0.0, low, high):
        said.append(message(gettext_noop("The change of level cannot be told from chance.")))
    return tuple(said)
