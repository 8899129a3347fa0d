"""The earlier trend continued over the period after: the weakest comparison that is still one (METHOD 2.10)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date

import numpy as np
from scipy import stats

from indicators.engine.kendall import theil_sen
from indicators.engine.messages import gettext_noop, message, refuse
from indicators.engine.types import PeriodValue, Refusal, RefusalCode

from . import labels, words
from .checked import checked
from .confidence import data_quality, no_comparison, weakest_link
from .segmented import Layout, layout, quadratic_term
from .situation import MIN_PRE_TREND, enough_on
from .types import Answer, Assumption, ExPostResult, Param, refused
from .words import shown

METHOD = "Theil–Sen trend before, continued; mean departure with prediction interval"
CURVED_P = 0.05


@checked
def counterfactual_trend(series: Sequence[PeriodValue], *, split_on: date) -> ExPostResult:
    """Mean of observed − continued trend over the points after.

    Args:
        series: one indicator's periods in order of time.
        split_on: last day that belongs to "before"; a period across it belongs to neither side.

    Returns:
        value: mean departure in the indicator's unit; low, high: 95 % prediction interval of that mean, from the spread
        around the line before, with t(n − 2). Table ``counterfactual``. Refusals: N_TOO_SMALL_TREND (fewer than 6
        points before), NO_FOLLOW_UP, HORIZON_TOO_LONG (further ahead than the points before reach back).

    Source: METHOD 2.10; Sen (1968), JASA 63:1379.
    """
    laid = layout(series, split_on)
    label = message(labels.DEPARTURE_FROM_TREND)
    refusal = _why_not(laid)
    if refusal is not None:
        return refused(refusal, method=METHOD, label=label, n=len(laid.y))
    k = laid.n_before
    x, y, later = laid.t[:k], laid.y[:k], laid.t[k:]
    slope, slope_low, slope_high = theil_sen(x.tolist(), y.tolist())
    start = float(np.median(y - slope * x))
    spread = math.sqrt(float(((y - start - slope * x) ** 2).sum()) / (k - 2))
    sxx = float(((x - x.mean()) ** 2).sum())
    line = start + slope * later
    effect = float((laid.y[k:] - line).mean())
    distance = float(later.mean() - x.mean())
    error = spread * math.sqrt(1 / len(later) + 1 / k + distance**2 / sxx)
    t = float(stats.t.ppf(0.975, k - 2))
    single = t * spread * np.sqrt(1 + 1 / k + (later - x.mean()) ** 2 / sxx)
    rows: list[tuple[Param, ...]] = [
        (name, *(float(v) for v in figures))
        for name, *figures in zip(
            laid.labels[k:], laid.y[k:], line, line - single, line + single, strict=True
        )
    ]
    has_interval = spread > 0
    _, curve_p = quadratic_term(x, y)
    params: dict[str, Param] = {
        "slope_before": slope,
        "slope_before_low": slope_low,
        "slope_before_high": slope_high,
        "spread_before": spread,
        "n_before": k,
        "n_after": len(later),
        "pre_quadratic_p": curve_p,
        "last_departure": float(laid.y[-1] - line[-1]),
    }
    low, high = (effect - t * error, effect + t * error) if has_interval else (None, None)
    confidence, reasons = weakest_link((no_comparison(), *data_quality(None)))
    said = [
        message(
            gettext_noop(
                "After the date the values are %(effect)s off the earlier trend on average: %(interval)s."
            ),
            effect=shown(effect),
            interval=words.interval_text(effect, low, high),
        )
    ]
    if low is not None and high is not None and words.includes(0.0, low, high):
        said.append(message(gettext_noop("The departure cannot be told from chance.")))
    said.append(
        message(
            gettext_noop("Only if the earlier trend had gone on would this be what the programme changed.")
        )
    )
    return ExPostResult(
        method=METHOD,
        label=label,
        value=effect,
        low=low,
        high=high,
        n=len(laid.y),
        params=params,
        assumptions=_assumptions(curve_p),
        confidence=confidence,
        reasons=reasons,
        tables=(
            words.table(
                "counterfactual",
                gettext_noop("Observed, and the earlier trend continued with its 95 %% prediction interval"),
                ("period", "observed", "without_change", "low", "high"),
                rows,
            ),
        ),
        steps=(
            words.step(
                gettext_noop("Mean departure from the earlier trend"),
                "mean(Y − (a + b·t)), b = Theil–Sen before",
                f"a = {shown(start)}, b = {shown(slope)}",
                words.interval_text(effect, low, high),
            ),
        ),
        sentence=tuple(said),
    )


def _why_not(laid: Layout) -> Refusal | None:
    if laid.n_before < MIN_PRE_TREND:
        return refuse(
            RefusalCode.N_TOO_SMALL_TREND,
            gettext_noop("%(have)s points before; an earlier trend needs %(need)s."),
            have=laid.n_before,
            need=MIN_PRE_TREND,
        )
    if laid.n_after < 1:
        return refuse(
            RefusalCode.NO_FOLLOW_UP,
            gettext_noop("There is no value after %(split_on)s yet; the next one is due about %(when)s."),
            split_on=laid.known[-1].ends_on,
            when=enough_on(laid.last_ends_on, laid.days_per_period, 1),
        )
    before, ahead = laid.t[: laid.n_before], float(laid.t[-1])
    span, horizon = float(before[-1] - before[0]), ahead - float(before[-1])
    if horizon > span:
        return refuse(
            RefusalCode.HORIZON_TOO_LONG,
            gettext_noop(
                "The points after reach %(have)s periods ahead, but those before reach back only %(need)s."
            ),
            have=round(horizon),
            need=round(span),
        )
    return None


def _assumptions(curve_p: float) -> tuple[Assumption, ...]:
    return (
        words.assumption(
            "trend_goes_on",
            Answer.CANNOT_TELL,
            gettext_noop("Without the programme the earlier trend would have gone on."),
        ),
        words.assumption(
            "pretrend_is_straight",
            Answer.NO if curve_p < CURVED_P else Answer.CANNOT_TELL,
            gettext_noop("The points before follow a straight line."),
        ),
        words.assumption(
            "independent_periods",
            Answer.CANNOT_TELL,
            gettext_noop("Periods do not depend on one another."),
        ),
        words.nothing_else_changed(),
        words.comparison(is_there=False),
    )
