"""A series cut at a date: what stands against it, its figures, and the two diagnostics that may veto the headline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from indicators.engine.messages import gettext_noop, refuse
from indicators.engine.types import Refusal, RefusalCode

from . import words
from .segmented import (
    Fit,
    Floats,
    Layout,
    design,
    durbin_watson,
    lag_one,
    newey_west_fit,
    ols_fit,
    quadratic_term,
    reml_fit,
    season_columns,
)
from .situation import MAX_MISSING, MIN_POINTS_INTERRUPTED, enough_on
from .types import Param, Table
from .words import number, shown

VETO_P = 0.01
VETO_RHO = 0.9
_NAMES = ("b0", "b1", "b2", "b3")


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """A series with its fits and every figure that was found."""

    laid: Layout
    x: Floats
    fit: Fit
    params: dict[str, Param]
    tables: tuple[Table, ...]

    @property
    def df(self) -> int:
        """Points less columns."""
        return len(self.laid.y) - int(self.x.shape[1])

    def estimate(self, weights: Sequence[float]) -> tuple[float, float, float, float]:
        """A combination of the coefficients: value, low, high (95 %), two-sided p."""
        value = float(self.fit.coefficients[: len(weights)] @ np.asarray(weights, dtype=float))
        error = self.fit.error(weights)
        reach = float(stats.t.ppf(0.975, self.df)) * error
        p = float(2 * stats.t.sf(abs(value) / error, self.df)) if error > 0 else 1.0
        return value, value - reach, value + reach, p


def why_not(laid: Layout) -> Refusal | None:
    """What stands against a segmented regression before anything is fitted; None when nothing does."""
    if min(laid.n_before, laid.n_after) < MIN_POINTS_INTERRUPTED:
        return too_short(laid)
    if len(laid.gaps) > MAX_MISSING * laid.due:
        return refuse(
            RefusalCode.ITS_GAPS,
            gettext_noop("More than a tenth of the periods have no value: %(gaps)s."),
            gaps=", ".join(laid.gaps),
        )
    if laid.has_unequal_steps:
        return refuse(
            RefusalCode.ITS_GAPS, gettext_noop("The periods are of unequal length; equal steps are needed.")
        )
    x = design(laid.t, laid.first_after)
    residuals = laid.y - x @ ols_fit(x, laid.y).coefficients
    if float(np.abs(residuals).max()) <= 1e-9 * max(1.0, float(np.abs(laid.y).max())):
        return refuse(
            RefusalCode.NO_VARIATION,
            gettext_noop(
                "The points lie exactly on straight lines, so no measurement error can be estimated."
            ),
        )
    return None


def too_short(laid: Layout) -> Refusal:
    """Too few points on a side, with the day from which there will be enough where time alone brings them."""
    missing = MIN_POINTS_INTERRUPTED - laid.n_after
    when = enough_on(laid.last_ends_on, laid.days_per_period, missing)
    params = {
        "before": laid.n_before,
        "after": laid.n_after,
        "have": min(laid.n_before, laid.n_after),
        "need": MIN_POINTS_INTERRUPTED,
    }
    if laid.n_before < MIN_POINTS_INTERRUPTED or when is None:
        return refuse(
            RefusalCode.ITS_TOO_SHORT,
            gettext_noop(
                "%(before)s points before and %(after)s after; at least %(need)s are needed on each side."
            ),
            **params,
        )
    return refuse(
        RefusalCode.ITS_TOO_SHORT,
        gettext_noop(
            "%(before)s points before and %(after)s after; at least %(need)s are needed on each side. "
            "If each period brings its value there will be enough on %(when)s."
        ),
        **params,
        when=when,
    )


def analyse(laid: Layout, *, horizon: int | None, seasonal: bool) -> Analysis:
    """Fit the series in three ways and collect every figure."""
    seasons = laid.seasons if seasonal and laid.has_full_years else 0
    base = design(laid.t, laid.first_after)
    x = np.column_stack([base, season_columns(laid.t, seasons)])
    fit = reml_fit(x, laid.y, laid.t)
    found = Analysis(laid=laid, x=x, fit=fit, params={}, tables=())
    plain = ols_fit(x, laid.y)
    params: dict[str, Param] = {}
    for prefix, one in (("", fit), ("ols_", plain), ("newey_west_", newey_west_fit(x, laid.y))):
        for i, name in enumerate(_NAMES):
            params[f"{prefix}{name}"] = float(one.coefficients[i])
            params[f"{prefix}se_{name}"] = one.error([float(i == k) for k in range(4)])
    after = laid.t[laid.t >= laid.first_after] - laid.first_after
    at = float(after[-1]) if horizon is None else float(horizon)
    params |= {"rho": fit.rho, "df": found.df, "seasons": seasons, "horizon": at}
    params |= _estimates(found, at, float(after.mean()))
    residuals = laid.y - x @ plain.coefficients
    before = laid.t < laid.first_after
    seasonal_part = x[:, 4:] @ plain.coefficients[4:]
    quadratic, p = quadratic_term(laid.t[before], (laid.y - seasonal_part)[before])
    pre_residuals = _straight_residuals(laid.t[before], laid.y[before])
    params |= {
        "durbin_watson": durbin_watson(residuals),
        "pre_durbin_watson": durbin_watson(pre_residuals) if np.any(pre_residuals) else None,
        "pre_lag1": lag_one(pre_residuals) if np.any(pre_residuals) else None,
        "pre_quadratic": quadratic,
        "pre_quadratic_p": p,
        "n_before": laid.n_before,
        "n_after": laid.n_after,
    }
    if laid.left_out:
        params["left_out"] = ", ".join(laid.left_out)
    return Analysis(laid=laid, x=x, fit=fit, params=params, tables=(_counterfactual(found),))


def _estimates(found: Analysis, horizon: float, mean_horizon: float) -> dict[str, Param]:
    params: dict[str, Param] = {}
    for name, weights in (
        ("level", (0.0, 0.0, 1.0)),
        ("slope_change", (0.0, 0.0, 0.0, 1.0)),
        ("effect_at_end", (0.0, 0.0, 1.0, horizon)),
        ("effect_mean", (0.0, 0.0, 1.0, mean_horizon)),
    ):
        value, low, high, p = found.estimate(weights)
        params |= {name: value, f"{name}_low": low, f"{name}_high": high, f"{name}_p": p}
    return params | {"p_b2": params["level_p"]}


def _straight_residuals(t: Floats, y: Floats) -> Floats:
    x = np.column_stack([np.ones_like(t), t])
    residuals: Floats = y - x @ ols_fit(x, y).coefficients
    return residuals


def _counterfactual(found: Analysis) -> Table:
    """The line before, continued: what would have come had nothing changed, if the model is right."""
    without = found.x.copy()
    without[:, 2:4] = 0
    line = without @ found.fit.coefficients
    errors = np.sqrt(np.maximum(np.einsum("ij,jk,ik->i", without, found.fit.covariance, without), 0))
    reach = float(stats.t.ppf(0.975, found.df)) * errors
    fitted = found.x @ found.fit.coefficients
    columns = ("period", "observed", "fitted", "without_change", "low", "high")
    rows = [
        (label, *(float(v) for v in figures))
        for label, *figures in zip(
            found.laid.labels, found.laid.y, fitted, line, line - reach, line + reach, strict=True
        )
    ]
    caption = gettext_noop("Observed, fitted, and the earlier line continued with its 95 %% band")
    return words.table("counterfactual", caption, columns, rows)


def vetoes(params: dict[str, Param]) -> tuple[str, ...]:
    """Codes of the diagnostics that forbid a headline."""
    found: list[str] = []
    if number(params, "pre_quadratic_p") < VETO_P:
        found.append(RefusalCode.PRETREND_NOT_LINEAR.value)
    if number(params, "rho") > VETO_RHO:
        found.append(RefusalCode.NON_STATIONARY_RESIDUALS.value)
    return tuple(found)


def veto_of(params: dict[str, Param]) -> Refusal | None:
    """Why there is no headline; what is compared already is sent to other designs than what is not."""
    flags = vetoes(params)
    is_compared = "comparison_units" in params
    if RefusalCode.PRETREND_NOT_LINEAR.value in flags:
        return refuse(
            RefusalCode.PRETREND_NOT_LINEAR,
            gettext_noop(
                "The distance to the comparison was already curved before the date, so a straight continuation says "
                "nothing. Difference in differences or a synthetic control may do."
            )
            if is_compared
            else gettext_noop(
                "The series was already curved before the date, so a straight continuation says nothing. "
                "A comparison series or comparison partners would help."
            ),
        )
    if flags:
        return refuse(
            RefusalCode.NON_STATIONARY_RESIDUALS,
            gettext_noop(
                "The distance to the comparison wanders (rho %(rho)s), so a change of level cannot be told from drift. "
                "Difference in differences or a synthetic control may do."
            )
            if is_compared
            else gettext_noop(
                "The series wanders (rho %(rho)s), so a change of level cannot be told from drift. "
                "A comparison series or comparison partners would help."
            ),
            rho=shown(number(params, "rho")),
        )
    return None
