"""Interrupted time series: did level and slope change at a date? Two diagnostics may veto the headline."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, stats

from indicators.engine.display import format_number
from indicators.engine.messages import gettext_noop, message, refuse
from indicators.engine.types import Message, PeriodValue, Refusal, RefusalCode, Step

from .types import Answer, Assumption, Confidence, ExPostResult, Param, refused

MIN_PER_SIDE = 8
COMPUTED_FROM = 12
MAX_MISSING = 0.10
VETO_P = 0.01
VETO_RHO = 0.9
METHOD = "Interrupted time series, AR(1) REML generalised least squares, t(n − 4)"
INDICATIVE = gettext_noop("change at the date, indicative")
COMPUTED = gettext_noop("change at the date, computed")
_NAMES = ("b0", "b1", "b2", "b3")
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """Coefficients b0 (start), b1 (slope before), b2 (level change), b3 (slope change) with their covariance."""

    coefficients: Floats
    covariance: Floats
    rho: float

    def error(self, weights: Sequence[float]) -> float:
        """Standard error of a combination of the coefficients."""
        w = np.asarray(weights, dtype=float)
        return math.sqrt(max(float(w @ self.covariance @ w), 0.0))


def interrupted_series(series: Sequence[PeriodValue], *, split_on: date) -> ExPostResult:
    """Segmented regression y = b0 + b1·t + b2·D + b3·D·(t − T0), with residuals that may resemble their neighbours.

    Args:
        series: one indicator's periods of equal length in order of time; due periods without a value included.
        split_on: last day that belongs to "before"; a period across it is left out of both sides.

    Returns:
        value, low, high, p_value: the level change b2 with 95 % interval. params: all coefficients with standard
        errors, effect at the last point (b2 + b3·h) with interval, rho, Durbin–Watson, the companion Newey–West error,
        and diagnostics. With 8 to 11 points on a side the label is "indicative". Refusals: ITS_TOO_SHORT, ITS_GAPS,
        NO_VARIATION, PRETREND_NOT_LINEAR (quadratic term before, p < 0.01), NON_STATIONARY_RESIDUALS (rho > 0.9); the
        last two keep their figures in params but give no headline.

    Source: METHOD 2.10; Linden (2015), Stata Journal 15:480; Newey & West (1987), Econometrica 55:703.
    """
    inside = [p for p in series if not p.starts_on <= split_on < p.ends_on]
    first_after = sum(p.ends_on <= split_on for p in inside)
    known = [i for i, p in enumerate(inside) if p.value is not None]
    t = np.array(known, dtype=float)
    y = np.array([float(p.value) for p in inside if p.value is not None])
    n_before = sum(i < first_after for i in known)
    label = message(COMPUTED if min(n_before, len(y) - n_before) >= COMPUTED_FROM else INDICATIVE)
    refusal = _why_not(inside, known, n_before, y)
    if refusal is not None:
        return refused(refusal, method=METHOD, label=label, n=len(y))
    x = design(t, first_after)
    fit = reml_fit(x, y, t)
    params = _params(x, y, t, first_after, fit)
    veto = _veto(params)
    if veto is not None:
        return refused(veto, method=METHOD, label=label, n=len(y), params=params, flags=_flags(params))
    return _result(fit, params, label, n_before, len(y) - n_before)


def design(t: Floats, first_after: float) -> Floats:
    """Columns 1, t, D, D·(t − T0)."""
    after = (t >= first_after).astype(float)
    return np.column_stack([np.ones_like(t), t, after, after * (t - first_after)])


def ols_fit(x: Floats, y: Floats) -> Fit:
    """Ordinary least squares with the usual standard errors."""
    inverse = np.linalg.inv(x.T @ x)
    coefficients = inverse @ x.T @ y
    residuals = y - x @ coefficients
    variance = float(residuals @ residuals) / (len(y) - x.shape[1])
    return Fit(coefficients=coefficients, covariance=variance * inverse, rho=0.0)


def newey_west_fit(x: Floats, y: Floats, *, lags: int = 1) -> Fit:
    """Ordinary least squares with Newey–West covariance and the factor n/(n − k)."""
    n, k = x.shape
    inverse = np.linalg.inv(x.T @ x)
    coefficients = inverse @ x.T @ y
    scores = x * (y - x @ coefficients)[:, None]
    middle = scores.T @ scores
    for lag in range(1, lags + 1):
        cross = scores[lag:].T @ scores[:-lag]
        middle += (1 - lag / (lags + 1)) * (cross + cross.T)
    return Fit(coefficients=coefficients, covariance=n / (n - k) * inverse @ middle @ inverse, rho=0.0)


def reml_fit(x: Floats, y: Floats, t: Floats) -> Fit:
    """Generalised least squares with AR(1) residuals; rho maximises the restricted likelihood over (−0.95, 0.99)."""

    def loss(rho: float) -> float:
        return -_restricted_likelihood(rho, x, y, t)

    grid = np.linspace(-0.95, 0.99, 195)
    best = float(grid[int(np.argmin([loss(float(rho)) for rho in grid]))])
    ends = (max(best - 0.01, -0.95), min(best + 0.01, 0.99))
    rho = float(optimize.minimize_scalar(loss, bounds=ends, method="bounded", options={"xatol": 1e-8}).x)
    whitened = ols_fit(*_whiten(rho, x, y, t))
    return Fit(coefficients=whitened.coefficients, covariance=whitened.covariance, rho=rho)


def _whiten(rho: float, x: Floats, y: Floats, t: Floats) -> tuple[Floats, Floats]:
    """Rows made independent; a gap of g steps between two points correlates them by rho to the g."""
    link = np.sign(rho) ** np.diff(t) * abs(rho) ** np.diff(t)
    scale = np.sqrt(1 - link**2)
    first_x, first_y = x[:1], y[:1]
    rest_x = (x[1:] - link[:, None] * x[:-1]) / scale[:, None]
    rest_y = (y[1:] - link * y[:-1]) / scale
    return np.vstack([first_x, rest_x]), np.concatenate([first_y, rest_y])


def _restricted_likelihood(rho: float, x: Floats, y: Floats, t: Floats) -> float:
    wx, wy = _whiten(rho, x, y, t)
    n, k = x.shape[0], x.shape[1]
    cross = wx.T @ wx
    residuals = wy - wx @ np.linalg.solve(cross, wx.T @ wy)
    log_v = float(np.log(1 - abs(rho) ** (2 * np.diff(t))).sum())
    log_x = float(np.linalg.slogdet(cross)[1])
    return -0.5 * (float(n - k) * math.log(float(residuals @ residuals)) + log_v + log_x)


def _why_not(inside: Sequence[PeriodValue], known: Sequence[int], n_before: int, y: Floats) -> Refusal | None:
    n_after = len(known) - n_before
    if min(n_before, n_after) < MIN_PER_SIDE:
        return refuse(
            RefusalCode.ITS_TOO_SHORT,
            gettext_noop(
                "%(before)s points before and %(after)s after; at least %(need)s are needed on each side."
            ),
            before=n_before,
            after=n_after,
            need=MIN_PER_SIDE,
        )
    gaps = [p.label for i, p in enumerate(inside) if i not in set(known)]
    if len(gaps) > MAX_MISSING * len(inside):
        return refuse(
            RefusalCode.ITS_GAPS,
            gettext_noop("More than a tenth of the periods have no value: %(gaps)s."),
            gaps=", ".join(gaps),
        )
    straight = ols_fit(design(np.array(known, dtype=float), known[n_before]), y)
    residuals = y - design(np.array(known, dtype=float), known[n_before]) @ straight.coefficients
    if float(np.abs(residuals).max()) <= 1e-9 * max(1.0, float(np.abs(y).max())):
        return refuse(
            RefusalCode.NO_VARIATION,
            gettext_noop(
                "The points lie exactly on straight lines, so no measurement error can be estimated."
            ),
        )
    return None


def _params(x: Floats, y: Floats, t: Floats, first_after: int, fit: Fit) -> dict[str, Param]:
    found: dict[str, Param] = {}
    plain, companion = ols_fit(x, y), newey_west_fit(x, y)
    for prefix, one in (("", fit), ("ols_", plain), ("newey_west_", companion)):
        for i, name in enumerate(_NAMES):
            found[f"{prefix}{name}"] = float(one.coefficients[i])
            found[f"{prefix}se_{name}"] = math.sqrt(max(float(one.covariance[i, i]), 0.0))
    horizon = float(t[-1]) - first_after
    effect = float(fit.coefficients[2] + fit.coefficients[3] * horizon)
    reach = float(stats.t.ppf(0.975, len(y) - 4)) * fit.error([0, 0, 1, horizon])
    residuals = y - x @ plain.coefficients
    found |= {
        "rho": fit.rho,
        "horizon": horizon,
        "effect_at_end": effect,
        "effect_at_end_low": effect - reach,
        "effect_at_end_high": effect + reach,
        "durbin_watson": float((np.diff(residuals) ** 2).sum() / (residuals**2).sum()),
    }
    before = t < first_after
    return found | _pretrend(t[before], y[before])


def _pretrend(t: Floats, y: Floats) -> dict[str, Param]:
    """Quadratic term of the points before: a curved past makes a straight counterfactual meaningless."""
    fit = ols_fit(np.column_stack([np.ones_like(t), t, t**2]), y)
    error = math.sqrt(max(float(fit.covariance[2, 2]), 0.0))
    coefficient = float(fit.coefficients[2])
    if error <= 1e-12 * max(1.0, abs(coefficient)):
        return {"pre_quadratic": coefficient, "pre_quadratic_p": 1.0 if abs(coefficient) < 1e-9 else 0.0}
    return {
        "pre_quadratic": coefficient,
        "pre_quadratic_p": float(2 * stats.t.sf(abs(coefficient) / error, len(y) - 3)),
    }


def _flags(params: dict[str, Param]) -> tuple[str, ...]:
    flags: list[str] = []
    if _of(params, "pre_quadratic_p") < VETO_P:
        flags.append(RefusalCode.PRETREND_NOT_LINEAR.value)
    if _of(params, "rho") > VETO_RHO:
        flags.append(RefusalCode.NON_STATIONARY_RESIDUALS.value)
    return tuple(flags)


def _veto(params: dict[str, Param]) -> Refusal | None:
    flags = _flags(params)
    if RefusalCode.PRETREND_NOT_LINEAR.value in flags:
        return refuse(
            RefusalCode.PRETREND_NOT_LINEAR,
            gettext_noop(
                "The series was already curved before the date, so a straight continuation says nothing."
            ),
        )
    if flags:
        return refuse(
            RefusalCode.NON_STATIONARY_RESIDUALS,
            gettext_noop("The series wanders (rho %(rho)s), so a change of level cannot be told from drift."),
            rho=_shown(_of(params, "rho")),
        )
    return None


def _result(fit: Fit, params: dict[str, Param], label: Message, n_before: int, n_after: int) -> ExPostResult:
    df = n_before + n_after - 4
    level, error = float(fit.coefficients[2]), fit.error([0, 0, 1, 0])
    reach = float(stats.t.ppf(0.975, df)) * error
    is_computed = min(n_before, n_after) >= COMPUTED_FROM
    step = Step(
        label=message(gettext_noop("Level change at the date, 95 %% interval")),
        rule="y = b0 + b1·t + b2·D + b3·D·(t − T0)",
        substituted=f"b1 = {_shown(_of(params, 'b1'))}, b3 = {_shown(_of(params, 'b3'))}, ρ = {_shown(fit.rho)}",
        result=f"b2 = {_shown(level)} ({_shown(level - reach)} … {_shown(level + reach)})",
    )
    return ExPostResult(
        method=METHOD,
        label=label,
        value=level,
        low=level - reach,
        high=level + reach,
        p_value=float(2 * stats.t.sf(abs(level) / error, df)) if error > 0 else None,
        n=n_before + n_after,
        params=params,
        assumptions=_assumptions(),
        flags=_flags(params),
        confidence=Confidence.MODERATE if is_computed else Confidence.LOW,
        steps=(step,),
        sentence=_sentence(level, reach, params, is_computed=is_computed),
    )


def _assumptions() -> tuple[Assumption, ...]:
    return (
        Assumption(
            name="pretrend_is_straight",
            holds=Answer.YES,
            text=message(
                gettext_noop("The points before show no clear curve (quadratic term, p of 0.01 or more).")
            ),
        ),
        Assumption(
            name="nothing_else_changed",
            holds=Answer.CANNOT_TELL,
            text=message(gettext_noop("Nothing else changed at the same time.")),
        ),
        Assumption(
            name="comparison",
            holds=Answer.NO,
            text=message(gettext_noop("There is a comparison that the programme did not reach.")),
        ),
    )


def _sentence(
    level: float, reach: float, params: dict[str, Param], *, is_computed: bool
) -> tuple[Message, ...]:
    said = [
        message(
            gettext_noop(
                "At the date the level changed by %(level)s (95 %% interval %(low)s to %(high)s); "
                "at the last point it is %(effect)s off the earlier path (%(effect_low)s to %(effect_high)s)."
            ),
            level=_shown(level),
            low=_shown(level - reach),
            high=_shown(level + reach),
            effect=_shown(_of(params, "effect_at_end")),
            effect_low=_shown(_of(params, "effect_at_end_low")),
            effect_high=_shown(_of(params, "effect_at_end_high")),
        )
    ]
    if not is_computed:
        said.append(
            message(gettext_noop("Fewer than 12 points on a side: indicative only, never significant."))
        )
    elif abs(level) <= reach:
        said.append(message(gettext_noop("The change of level cannot be told from chance.")))
    said.append(message(gettext_noop("Without a comparison series something else may have caused it.")))
    return tuple(said)


def _of(params: dict[str, Param], name: str) -> float:
    value = params[name]
    return float(value) if isinstance(value, int | float) else math.nan


def _shown(value: float) -> str:
    return format_number(Decimal(repr(float(value))), 2)
