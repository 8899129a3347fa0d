"""Regression of counts on the log scale: Poisson, or negative binomial where they scatter too much. No words."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import statsmodels.api as models
from scipy import optimize, stats
from statsmodels.tools.sm_exceptions import PerfectSeparationWarning

from .segmented import Floats, Layout

OVERDISPERSED_P = 0.05
ROUNDS = 8
SETTLED = 1e-3
LARGEST_ALPHA = 10.0
LARGEST_R = 0.9
LARGEST_POWER = 100.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CountFit:
    """Coefficients on the log scale with their covariance."""

    coefficients: Floats
    covariance: Floats
    fitted: Floats
    pearson: Floats
    """Residuals ÷ their expected spread."""
    dispersion: float
    """Pearson χ² of the Poisson fit ÷ degrees of freedom; 1 for Poisson counts."""
    dispersion_p: float
    alpha: float
    """Of the negative binomial variance μ + α·μ²; 0 for Poisson, also where its variance is only scaled."""
    autocorrelation: float
    """First one of the residuals."""
    df: int

    def ratio(self, weights: Sequence[float]) -> tuple[float, float, float, float]:
        """exp of a combination of the coefficients: value, low, high (95 %, t), two-sided p."""
        w = np.zeros(len(self.coefficients))
        w[: len(weights)] = weights
        at, error = float(w @ self.coefficients), math.sqrt(max(float(w @ self.covariance @ w), 0.0))
        reach = float(stats.t.ppf(0.975, self.df)) * error
        p = float(2 * stats.t.sf(abs(at) / error, self.df)) if error > 0 else 1.0
        return _exp(at), _exp(at - reach), _exp(at + reach), p


def fit_counts(x: Floats, y: Floats, offset: Floats) -> CountFit:
    """Poisson or, where the counts scatter too much, negative binomial regression with a log link.

    Where that does not settle, the Poisson fit with its variance multiplied by the dispersion.
    """
    poisson = _poisson(y, x, offset)
    df = len(y) - x.shape[1]
    chi2 = float(poisson.pearson_chi2)
    p = float(stats.chi2.sf(chi2, df))
    found, alpha, scale = poisson, 0.0, 1.0
    if p < OVERDISPERSED_P:
        found, alpha = _negative_binomial(x, y, offset, poisson, df)
        scale = 1.0 if alpha > 0 else chi2 / df
    residuals = np.asarray(found.resid_pearson)
    whole = float((residuals**2).sum())
    r = float((residuals[1:] * residuals[:-1]).sum()) / whole if whole > 0 else 0.0
    positive = min(max(r, 0.0), LARGEST_R)
    return CountFit(
        coefficients=np.asarray(found.params),
        covariance=np.asarray(found.cov_params()) * scale * (1 + positive) / (1 - positive),
        fitted=np.asarray(found.fittedvalues),
        pearson=residuals,
        dispersion=chi2 / df,
        dispersion_p=p,
        alpha=alpha,
        autocorrelation=r,
        df=df,
    )


def runs_off(x: Floats, y: Floats) -> bool:
    """Whether slope or level have no best value but fit better and better towards infinity (separation).

    That is so where a direction leaves every expected count with events as it is and only lowers those without; where
    it moves the seasons alone, a season without events is all it says.

    Source: Correia, Guimarães & Zylkin (2020), Stata Journal 20:95.
    """
    has_events = y > 0
    if np.linalg.matrix_rank(x[has_events]) == x.shape[1]:
        return False
    unit = x / np.maximum(np.abs(x).max(axis=0), 1e-12)
    for place in (1, 2, 3):
        for sign in (1.0, -1.0):
            goal = np.zeros(x.shape[1])
            goal[place] = -sign
            found = optimize.linprog(
                goal,
                A_ub=unit[~has_events],
                b_ub=np.zeros(int((~has_events).sum())),
                A_eq=unit[has_events],
                b_eq=np.zeros(int(has_events.sum())),
                bounds=(-1, 1),
            )
            if found.success and -found.fun > 1e-6:
                return True
    return False


def _negative_binomial(
    x: Floats, y: Floats, offset: Floats, poisson: models.GLM, df: int
) -> tuple[models.GLM, float]:
    """Dispersion for the mean, mean for the dispersion, in turn; the Poisson fit and 0 where that does not settle."""
    mean, alpha, found = np.asarray(poisson.fittedvalues), 0.0, poisson
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            for _ in range(ROUNDS):
                before, alpha = alpha, _alpha(y, mean, df)
                found = models.GLM(y, x, family=_family(alpha), offset=offset).fit()
                mean = np.asarray(found.fittedvalues)
                if abs(alpha - before) < SETTLED * alpha:
                    break
        except (ValueError, ArithmeticError, np.linalg.LinAlgError, Warning):
            return poisson, 0.0
    return found, alpha


def _alpha(y: Floats, mean: Floats, df: int) -> float:
    """The dispersion at which Pearson's χ² around a given mean equals its degrees of freedom."""

    def excess(log_alpha: float) -> float:
        return float(((y - mean) ** 2 / (mean + math.exp(log_alpha) * mean**2)).sum()) - df

    low, high = math.log(1e-6), math.log(LARGEST_ALPHA)
    if excess(low) <= 0:
        return 1e-6
    if excess(high) >= 0:
        return LARGEST_ALPHA
    return math.exp(float(optimize.brentq(excess, low, high, xtol=1e-6)))


def curvature_p(laid: Layout, x: Floats, offset: Floats) -> float:
    """p of a quadratic term before the date, scaled by the dispersion."""
    before = laid.t < laid.first_after
    t = laid.t[before] - laid.t[before].mean()
    columns = np.column_stack([np.ones_like(t), t, t**2, x[before][:, 4:]])
    if len(t) <= columns.shape[1]:
        return 1.0
    found = _poisson(laid.y[before], columns, offset[before])
    df = len(t) - columns.shape[1]
    # Divided by the dispersion here and not in the fit, which a dispersion of 0 (counts on a line) breaks off.
    error = math.sqrt(float(found.pearson_chi2) / df) * float(found.bse[2])
    if not error > 0:
        return 1.0
    return float(2 * stats.t.sf(abs(float(found.params[2])) / error, df))


def _poisson(y: Floats, x: Floats, offset: Floats) -> Any:
    """Counts that lie on the line are no fault: statsmodels warns of a perfect prediction, which is what they are."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PerfectSeparationWarning)
        return models.GLM(y, x, family=models.families.Poisson(), offset=offset).fit()


def _exp(power: float) -> float:
    """e to the power, kept finite: a ratio of 10⁴³ and one of 10³⁰⁰ say the same."""
    return math.exp(min(max(power, -LARGEST_POWER), LARGEST_POWER))


def newey_west_limits(x: Floats, y: Floats, offset: Floats, found: CountFit) -> tuple[float, float] | None:
    """Limits of the rate ratio exp(b2) with Newey–West errors (one lag), 95 %: the usual companion, or None."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            hac = models.GLM(y, x, family=_family(found.alpha), offset=offset).fit(
                cov_type="HAC", cov_kwds={"maxlags": 1, "use_correction": True}
            )
            reach = float(stats.t.ppf(0.975, found.df)) * float(hac.bse[2])
            return math.exp(float(hac.params[2]) - reach), math.exp(float(hac.params[2]) + reach)
        except (ValueError, ArithmeticError, np.linalg.LinAlgError, Warning):
            return None


def _family(alpha: float) -> models.families.Family:
    return models.families.NegativeBinomial(alpha=alpha) if alpha > 0 else models.families.Poisson()
