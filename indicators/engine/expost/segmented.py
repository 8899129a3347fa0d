"""The parts of a series that is cut at a date: its layout in time, its columns and its fits. No words, no verdict."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import statsmodels.regression.linear_model as linear
from numpy.typing import NDArray
from scipy import optimize, stats

from indicators.engine.types import PeriodValue

Floats = NDArray[np.float64]
DAYS_PER_YEAR = 365.25
UNEQUAL_FROM = 1.25
"""Longest ÷ shortest period above which steps are called unequal; months differ by 31 ÷ 28."""
MIN_YEARS_SEASONAL = 2
HARMONICS = 2
GRID: Floats = np.linspace(-0.95, 0.99, 98)
"""Places of rho where the search for the best one starts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """A series in time. `t` counts periods from the first one, gaps included."""

    labels: tuple[str, ...]
    t: Floats
    y: Floats
    known: tuple[PeriodValue, ...]
    first_after: float
    """Time of the first period that belongs to "after" (T0)."""
    n_before: int
    gaps: tuple[str, ...]
    has_unequal_steps: bool
    days_per_period: float
    last_ends_on: date | None
    left_out: tuple[str, ...]
    """Periods across the date or inside the transition."""

    @property
    def n_after(self) -> int:
        """Points after."""
        return len(self.y) - self.n_before

    @property
    def due(self) -> int:
        """Periods that should have a value."""
        return len(self.y) + len(self.gaps)

    @property
    def seasons(self) -> int:
        """Periods a year; 0 where a year has no parts or they are longer than one."""
        count = round(DAYS_PER_YEAR / self.days_per_period) if self.days_per_period else 0
        return count if count >= 2 else 0

    @property
    def has_full_years(self) -> bool:
        """At least two full years of points on each side, so that seasons can be told from the change."""
        need = MIN_YEARS_SEASONAL * self.seasons
        return bool(self.seasons) and min(self.n_before, self.n_after) >= need


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """Coefficients b0 (start), b1 (slope before), b2 (level change), b3 (slope change), then seasons; covariance."""

    coefficients: Floats
    covariance: Floats
    rho: float

    def error(self, weights: Sequence[float]) -> float:
        """Standard error of a combination of the first coefficients; those not named weigh nothing."""
        w = np.zeros(len(self.coefficients))
        w[: len(weights)] = weights
        return math.sqrt(max(float(w @ self.covariance @ w), 0.0))


def layout(series: Sequence[PeriodValue], split_on: date, transition_until: date | None = None) -> Layout:
    """Lay a series out in time.

    Args:
        series: periods in order of time; due periods without a value included, or simply absent.
        split_on: last day that belongs to "before".
        transition_until: last day of a transition that is cut out of both sides; None for none.
    """
    end = max(split_on, transition_until or split_on)
    times = _times(series)
    is_out = [not (p.ends_on <= split_on or p.starts_on > end) for p in series]
    known = [i for i, p in enumerate(series) if p.value is not None and not is_out[i]]
    gaps = [p.label for i, p in enumerate(series) if p.value is None and not is_out[i]]
    absent = _absent(series, times)
    later = [times[i] for i, p in enumerate(series) if p.starts_on > end]
    lengths = [(p.ends_on - p.starts_on).days + 1 for p in series]
    return Layout(
        labels=tuple(series[i].label for i in known),
        t=np.array([times[i] for i in known], dtype=float),
        y=np.array([float(series[i].value or 0) for i in known]),
        known=tuple(series[i] for i in known),
        first_after=float(later[0]) if later else float(len(series)),
        n_before=sum(series[i].ends_on <= split_on for i in known),
        gaps=(*gaps, *absent),
        has_unequal_steps=bool(lengths) and max(lengths) > UNEQUAL_FROM * min(lengths),
        days_per_period=float(np.mean(lengths)) if lengths else 0.0,
        last_ends_on=series[known[-1]].ends_on if known else None,
        left_out=tuple(p.label for p, out in zip(series, is_out, strict=True) if out),
    )


def _times(series: Sequence[PeriodValue]) -> list[int]:
    """Periods counted from the first; a hole between two of them counts as the periods that would fill it."""
    times: list[int] = []
    for i, one in enumerate(series):
        if i == 0:
            times.append(0)
            continue
        length = (one.ends_on - one.starts_on).days + 1
        hole = (one.starts_on - series[i - 1].ends_on).days - 1
        times.append(times[-1] + 1 + round(hole / length))
    return times


def _absent(series: Sequence[PeriodValue], times: Sequence[int]) -> list[str]:
    return [
        f"{series[i - 1].label} … {series[i].label}"
        for i in range(1, len(series))
        for _ in range(times[i] - times[i - 1] - 1)
    ]


def design(t: Floats, first_after: float) -> Floats:
    """Columns 1, t, D, D·(t − T0)."""
    after = (t >= first_after).astype(float)
    return np.column_stack([np.ones_like(t), t, after, after * (t - first_after)])


def season_columns(t: Floats, seasons: int) -> Floats:
    """Columns of a yearly rhythm: one for each part but the first up to four parts, else two pairs of waves."""
    if seasons < 2:
        return np.empty((len(t), 0))
    if seasons <= 4:
        return np.column_stack([(t % seasons == part).astype(float) for part in range(1, seasons)])
    turns = [2 * np.pi * k * t / seasons for k in range(1, HARMONICS + 1)]
    return np.column_stack([wave(turn) for turn in turns for wave in (np.sin, np.cos)])


def ols_fit(x: Floats, y: Floats) -> Fit:
    """Ordinary least squares with the usual standard errors."""
    found = linear.OLS(y, x).fit()
    return Fit(coefficients=np.asarray(found.params), covariance=np.asarray(found.cov_params()), rho=0.0)


def newey_west_fit(x: Floats, y: Floats, *, lags: int = 1) -> Fit:
    """Ordinary least squares with Newey–West covariance and the factor n/(n − k)."""
    found = linear.OLS(y, x).fit(
        cov_type="HAC", cov_kwds={"maxlags": lags, "use_correction": True}, use_t=True
    )
    return Fit(coefficients=np.asarray(found.params), covariance=np.asarray(found.cov_params()), rho=0.0)


def reml_fit(x: Floats, y: Floats, t: Floats) -> Fit:
    """Generalised least squares with AR(1) residuals; rho maximises the restricted likelihood over (−0.95, 0.99).

    Own code: statsmodels' GLSAR estimates rho from residuals of the fitted mean, which is biased towards zero when the
    series is short, and knows no gaps. The restricted likelihood repairs the first, powers of rho the second.
    """

    def loss(rho: float) -> float:
        return -_restricted_likelihood(rho, x, y, t)

    best = float(GRID[int(np.argmax(_likelihood_of_each(GRID, x, y, t)))])
    ends = (max(best - 0.02, -0.95), min(best + 0.02, 0.99))
    rho = float(optimize.minimize_scalar(loss, bounds=ends, method="bounded", options={"xatol": 1e-8}).x)
    wx, wy = _whiten(rho, x, y, t)
    inverse = np.linalg.inv(wx.T @ wx)
    coefficients = inverse @ wx.T @ wy
    residuals = wy - wx @ coefficients
    variance = float(residuals @ residuals) / (len(y) - x.shape[1])
    return Fit(coefficients=coefficients, covariance=variance * inverse, rho=rho)


def _whiten(rho: float, x: Floats, y: Floats, t: Floats) -> tuple[Floats, Floats]:
    """Rows made independent; a gap of g steps between two points correlates them by rho to the g."""
    steps = np.diff(t)
    link = np.where(steps % 2 == 0, 1.0, np.sign(rho)) * abs(rho) ** steps
    scale = np.sqrt(1 - link**2)
    rest_x = (x[1:] - link[:, None] * x[:-1]) / scale[:, None]
    rest_y = (y[1:] - link * y[:-1]) / scale
    return np.vstack([x[:1], rest_x]), np.concatenate([y[:1], rest_y])


def _restricted_likelihood(rho: float, x: Floats, y: Floats, t: Floats) -> float:
    wx, wy = _whiten(rho, x, y, t)
    n, k = x.shape[0], x.shape[1]
    cross = wx.T @ wx
    residuals = wy - wx @ np.linalg.solve(cross, wx.T @ wy)
    log_v = float(np.log(1 - abs(rho) ** (2 * np.diff(t))).sum())
    log_x = float(np.linalg.slogdet(cross)[1])
    return -0.5 * (float(n - k) * math.log(float(residuals @ residuals)) + log_v + log_x)


def whiten_each(rhos: Floats, columns: Floats, t: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Rows made independent, for many rho at once: `_whiten` of each.

    Returns:
        The rows (rho, point, column); what each row's own values were multiplied by, and the values before it (one
        fewer), both (rho, point); the log determinant of the correlations of each rho.
    """
    steps = np.diff(t)
    rho = rhos[:, None]
    link = np.where(steps % 2 == 0, 1.0, np.sign(rho)) * np.abs(rho) ** steps
    own = np.column_stack([np.ones(len(rhos)), 1 / np.sqrt(1 - link**2)])
    before = -link * own[:, 1:]
    rows = own[:, :, None] * columns
    rows[:, 1:] += before[:, :, None] * columns[:-1]
    return rows, own, before, np.log(1 - link**2).sum(axis=1)


def _likelihood_of_each(rhos: Floats, x: Floats, y: Floats, t: Floats) -> Floats:
    n, k = x.shape
    rows, _, _, log_v = whiten_each(rhos, np.column_stack([x, y]), t)
    wx, wy = rows[:, :, :k], rows[:, :, k:]
    cross = np.matmul(wx.transpose(0, 2, 1), wx)
    residuals = wy - np.matmul(wx, np.linalg.solve(cross, np.matmul(wx.transpose(0, 2, 1), wy)))
    log_x = np.linalg.slogdet(cross)[1]
    likelihood: Floats = -0.5 * ((n - k) * np.log((residuals**2).sum(axis=(1, 2))) + log_v + log_x)
    return likelihood


def quadratic_term(t: Floats, y: Floats) -> tuple[float, float]:
    """Quadratic coefficient of a series and its two-sided p by least squares; p is 1 for a perfect straight line."""
    centred = t - t.mean()  # the coefficient is the same, the columns are not nearly parallel
    x = np.column_stack([np.ones_like(t), centred, centred**2])
    fit = ols_fit(x, y)
    coefficient, error = float(fit.coefficients[2]), fit.error([0, 0, 1])
    if error <= 1e-12 * max(1.0, abs(coefficient)):
        return coefficient, 1.0 if abs(coefficient) < 1e-9 else 0.0
    return coefficient, float(2 * stats.t.sf(abs(coefficient) / error, len(y) - 3))


def durbin_watson(residuals: Floats) -> float:
    """2 for residuals that do not resemble their neighbours, near 0 for such that do."""
    return float((np.diff(residuals) ** 2).sum() / (residuals**2).sum())


def lag_one(residuals: Floats) -> float:
    """How much residuals resemble the one before: Σ e(t)·e(t − 1) ÷ Σ e²."""
    return float((residuals[1:] * residuals[:-1]).sum() / (residuals**2).sum())
