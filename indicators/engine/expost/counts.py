"""Counts of events: rates, and a series of counts that is cut at a date. Never called an effect by itself."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date

import numpy as np
from scipy import stats

from indicators.engine.messages import gettext_noop, message, refuse
from indicators.engine.types import Message, PeriodValue, Refusal, RefusalCode

from . import labels, words
from .checked import checked
from .confidence import data_quality, single_series, weakest_link, weakness
from .count_fit import (
    LARGEST_POWER,
    OVERDISPERSED_P,
    CountFit,
    curvature_p,
    fit_counts,
    newey_west_limits,
    runs_off,
)
from .interrupted import points_reason
from .its_analysis import VETO_P, too_short
from .segmented import Floats, Layout, design, layout, season_columns
from .situation import COMPUTED_FROM, MAX_MISSING, MIN_POINTS_INTERRUPTED
from .types import Answer, Assumption, ExPostResult, Param, Reason, Table, refused
from .words import number, shown

METHOD_POISSON = "Interrupted count series, Poisson regression"
METHOD_QUASI = "Interrupted count series, Poisson regression, variance times dispersion"
METHOD_NEGATIVE_BINOMIAL = "Interrupted count series, negative binomial regression, moment dispersion"
MIN_EVENTS_A_SIDE = 10
"""[rule] fewer events on a side than this cannot carry a level and a slope."""
OVERDISPERSED = "OVERDISPERSED"
AUTOCORRELATED = "AUTOCORRELATED"


@checked
def interrupted_counts(
    series: Sequence[PeriodValue],
    *,
    split_on: date,
    transition_until: date | None = None,
    horizon: int | None = None,
    seasonal: bool = True,
) -> ExPostResult:
    """Segmented regression of counts on the log scale: did the rate of events change at a date?

    log E = log(exposure) + b0 + b1·t + b2·D + b3·D·(t − T0) + seasons. Poisson; where the counts scatter more than
    Poisson allows (Pearson χ², p < 0.05) negative binomial, its dispersion set so that χ² equals its degrees of
    freedom, which is less optimistic in short series than maximum likelihood. Where neighbouring residuals resemble
    one another (r > 0) the variance is multiplied by (1 + r)/(1 − r). Intervals use t(n − k).

    Args:
        series: whole, non-negative counts as values; a denominator is the exposure (people, days), else 1 each.
        split_on, transition_until, horizon, seasonal: as for `interrupted.interrupted_series`.

    Returns:
        value: rate ratio exp(b2) at the date, low, high; p_value from 12 points a side on. params: slope ratio per
        period exp(b3), ratio at the horizon exp(b2 + b3·h), dispersion with p, alpha, first autocorrelation and the
        Newey–West companion interval. Table ``counterfactual`` in counts. Flags: OVERDISPERSED, AUTOCORRELATED.
        Refusals: NOT_COUNTS, ITS_TOO_SHORT, ITS_GAPS, EVENTS_TOO_RARE (fewer than 10 on a side, or
        in so few periods that no level or slope fits best), PRETREND_NOT_LINEAR.

    Source: METHOD 2.9; Lopez Bernal, Cummins & Gasparrini (2017), Int. J. Epidemiol. 46:348; Breslow (1984), Appl.
    Stat. 33:38.
    """
    laid = layout(series, split_on, transition_until)
    is_computed = min(laid.n_before, laid.n_after) >= COMPUTED_FROM
    label = message(labels.RATE_COMPUTED if is_computed else labels.RATE_INDICATIVE)
    refusal = _why_not(laid)
    if refusal is not None:
        return refused(refusal, method=METHOD_POISSON, label=label, n=len(laid.y))
    seasons = laid.seasons if seasonal and laid.has_full_years else 0
    x = np.column_stack([design(laid.t, laid.first_after), season_columns(laid.t, seasons)])
    if runs_off(x, laid.y):
        return refused(_separated(laid), method=METHOD_POISSON, label=label, n=len(laid.y))
    offset = np.log(_exposures(laid))
    found = fit_counts(x, laid.y, offset)
    params, tables = _figures(laid, x, offset, found, horizon), (_counterfactual(laid, x, offset, found),)
    params |= {"seasons": seasons, "pre_quadratic_p": curvature_p(laid, x, offset)}
    flags = [OVERDISPERSED] * (found.dispersion_p < OVERDISPERSED_P) + [AUTOCORRELATED] * _is_autocorrelated(
        params, len(laid.y)
    )
    method = METHOD_QUASI if OVERDISPERSED in flags else METHOD_POISSON
    method = METHOD_NEGATIVE_BINOMIAL if found.alpha > 0 else method
    assumptions = _assumptions(params, flags, laid)
    if number(params, "pre_quadratic_p") < VETO_P:
        curved = refuse(
            RefusalCode.PRETREND_NOT_LINEAR,
            gettext_noop(
                "The series was already curved before the date, so a straight continuation says nothing. "
                "A comparison series or comparison partners would help."
            ),
        )
        flags.append(RefusalCode.PRETREND_NOT_LINEAR.value)
        return refused(
            curved,
            method=method,
            label=label,
            n=len(laid.y),
            params=params,
            flags=tuple(flags),
            tables=tables,
            assumptions=assumptions,
        )
    return _result(laid, found, method, label, params, tables, tuple(flags), assumptions)


def _why_not(laid: Layout) -> Refusal | None:
    if any(v < 0 or v != int(v) for v in laid.y):
        return refuse(
            RefusalCode.NOT_COUNTS, gettext_noop("Whole numbers of events were expected, 0 or more.")
        )
    if min(laid.n_before, laid.n_after) < MIN_POINTS_INTERRUPTED:
        return too_short(laid)
    if len(laid.gaps) > MAX_MISSING * laid.due:
        gaps = gettext_noop("More than a tenth of the periods have no value: %(gaps)s.")
        return refuse(RefusalCode.ITS_GAPS, gaps, gaps=", ".join(laid.gaps))
    if laid.has_unequal_steps:
        unequal = gettext_noop("The periods are of unequal length; equal steps are needed.")
        return refuse(RefusalCode.ITS_GAPS, unequal)
    fewest = int(min(laid.y[: laid.n_before].sum(), laid.y[laid.n_before :].sum()))
    if fewest < MIN_EVENTS_A_SIDE:
        return refuse(
            RefusalCode.EVENTS_TOO_RARE,
            gettext_noop(
                "%(have)s events on one side; at least %(need)s are needed on each. A rate ratio is possible."
            ),
            have=fewest,
            need=MIN_EVENTS_A_SIDE,
        )
    return None


def _separated(laid: Layout) -> Refusal:
    return refuse(
        RefusalCode.EVENTS_TOO_RARE,
        gettext_noop(
            "Only %(have)s of %(points)s periods have events, and they are so placed that no level or slope fits best. "
            "A rate ratio is possible."
        ),
        have=int((laid.y > 0).sum()),
        points=len(laid.y),
    )


def _exposures(laid: Layout) -> Floats:
    given = [p.denominator for p in laid.known]
    if all(one is not None and one > 0 for one in given):
        return np.array([float(one or 1) for one in given])
    return np.ones(len(laid.y))


def _figures(
    laid: Layout, x: Floats, offset: Floats, found: CountFit, horizon: int | None
) -> dict[str, Param]:
    after = laid.t[laid.t >= laid.first_after] - laid.first_after
    at = float(after[-1]) if horizon is None else float(horizon)
    params: dict[str, Param] = {"horizon": at, "df": found.df}
    for name, weights in (
        ("rate_ratio", (0.0, 0.0, 1.0)),
        ("slope_before", (0.0, 1.0)),
        ("slope_ratio", (0.0, 0.0, 0.0, 1.0)),
        ("effect_at_end", (0.0, 0.0, 1.0, at)),
    ):
        value, low, high, p = found.ratio(weights)
        params |= {name: value, f"{name}_low": low, f"{name}_high": high, f"{name}_p": p}
    newey_west = newey_west_limits(x, laid.y, offset, found)
    params |= {
        "newey_west_low": None if newey_west is None else newey_west[0],
        "newey_west_high": None if newey_west is None else newey_west[1],
        "dispersion": found.dispersion,
        "dispersion_p": found.dispersion_p,
        "alpha": found.alpha,
        "autocorrelation": found.autocorrelation,
        "n_before": laid.n_before,
        "n_after": laid.n_after,
    }
    if laid.left_out:
        params["left_out"] = ", ".join(laid.left_out)
    return params


def _is_autocorrelated(params: dict[str, Param], n: int) -> bool:
    return abs(number(params, "autocorrelation")) > 1.96 / math.sqrt(n)


def _counterfactual(laid: Layout, x: Floats, offset: Floats, found: CountFit) -> Table:
    without = x.copy()
    without[:, 2:4] = 0
    line = without @ found.coefficients
    reach = float(stats.t.ppf(0.975, found.df)) * np.sqrt(
        np.maximum(np.einsum("ij,jk,ik->i", without, found.covariance, without), 0)
    )
    # Kept finite: where no period before had an event of its season, its band has no end.
    expected, low, high = (
        np.exp(np.clip(offset + line + sign * reach, -LARGEST_POWER, LARGEST_POWER)) for sign in (0, -1, 1)
    )
    rows = [
        (label, *(float(v) for v in figures))
        for label, *figures in zip(laid.labels, laid.y, found.fitted, expected, low, high, strict=True)
    ]
    columns = ("period", "observed", "fitted", "without_change", "low", "high")
    caption = gettext_noop("Observed, fitted, and the earlier line continued with its 95 %% band")
    return words.table("counterfactual", caption, columns, rows)


def _assumptions(params: dict[str, Param], flags: Sequence[str], laid: Layout) -> tuple[Assumption, ...]:
    has_seasons = bool(number(params, "seasons"))
    is_curved = number(params, "pre_quadratic_p") < VETO_P
    return (
        words.assumption(
            "pretrend_is_straight",
            Answer.NO if is_curved else Answer.YES,
            gettext_noop("The points before show no clear curve (quadratic term, p of 0.01 or more)."),
        ),
        words.assumption(
            "poisson",
            Answer.NO if OVERDISPERSED in flags else Answer.YES,
            gettext_noop("The counts scatter no more than chance events do (dispersion %(dispersion)s)."),
            dispersion=shown(number(params, "dispersion")),
        ),
        words.assumption(
            "independent_periods",
            Answer.NO if AUTOCORRELATED in flags else Answer.YES,
            gettext_noop("Neighbouring periods do not resemble one another (autocorrelation %(r)s)."),
            r=shown(number(params, "autocorrelation")),
        ),
        words.assumption(
            "seasons",
            Answer.YES if has_seasons else Answer.CANNOT_TELL,
            gettext_noop("The yearly rhythm is part of the model.")
            if has_seasons
            else gettext_noop("There is no yearly rhythm; none was fitted."),
        ),
        words.nothing_else_changed(),
        words.comparison(is_there=False),
    )


def _result(
    laid: Layout,
    found: CountFit,
    method: str,
    label: Message,
    params: dict[str, Param],
    tables: tuple[Table, ...],
    flags: tuple[str, ...],
    assumptions: tuple[Assumption, ...],
) -> ExPostResult:
    value, low, high, p = found.ratio([0, 0, 1])
    is_computed = min(laid.n_before, laid.n_after) >= COMPUTED_FROM
    reasons: list[Reason] = [single_series(), *points_reason(laid), *data_quality(None)]
    if AUTOCORRELATED in flags:
        text = gettext_noop("Neighbouring periods resemble one another; the interval was widened for it.")
        reasons.append(weakness("autocorrelated", text))
    confidence, ordered = weakest_link(reasons)
    text = words.interval_text(value, low, high)
    said = [
        message(
            gettext_noop(
                "At the date the rate was multiplied by %(ratio)s (95 %% interval %(low)s to %(high)s; 1 is no change)."
            ),
            ratio=shown(value),
            low=shown(low),
            high=shown(high),
        )
    ]
    if not is_computed:
        said.append(
            message(gettext_noop("Fewer than 12 points on a side: indicative only, never significant."))
        )
    elif words.includes(1.0, low, high):
        said.append(message(gettext_noop("The change of rate cannot be told from chance.")))
    said.append(message(gettext_noop("Without a comparison series something else may have caused it.")))
    return ExPostResult(
        method=method,
        label=label,
        value=value,
        low=low,
        high=high,
        p_value=p if is_computed else None,
        n=len(laid.y),
        params={"kind": "rate_ratio", **params},
        assumptions=assumptions,
        flags=flags,
        confidence=confidence,
        reasons=ordered,
        tables=tables,
        steps=(
            words.step(
                gettext_noop("Rate ratio at the date; 1 means no change"),
                "log E = log(exposure) + b0 + b1·t + b2·D + b3·D·(t − T0)",
                f"exp(b1) = {shown(number(params, 'slope_before'))}, exp(b3) = {shown(number(params, 'slope_ratio'))}",
                f"exp(b2) = {text}",
            ),
        ),
        sentence=tuple(said),
    )
