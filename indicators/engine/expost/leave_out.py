"""What a result would say with one point left out, found for all points at once; None where only a refit can tell.

A quick look, never an answer: whoever asks computes again what would turn and what is in doubt (METHOD 2.10). Leaving
out one row of a least-squares fit, also of one with correlated errors, has a closed form, so the ordinary fit of all
points gives every fit without one (Haslett, 1999, J. R. Stat. Soc. B 61:603).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

from indicators.engine.distributions import wilson
from indicators.engine.types import IndicatorRule, PeriodValue, ValueType

from .before_after import are_event_counts, are_proportions, events_of, pooled, sides
from .checked import checked
from .comparative import difference
from .flips import Finding
from .its_analysis import VETO_P, VETO_RHO
from .panel import Panel, contrast, split
from .segmented import GRID, Floats, Layout, design, layout, season_columns, whiten_each
from .situation import (
    DONORS_FOR_FIVE_PERCENT,
    MAX_MISSING,
    MIN_DONORS,
    MIN_POINTS_INTERRUPTED,
    MIN_POINTS_MEAN,
)

Findings = list[Finding | None]
DOUBT = 0.03
"""A t this near to its critical value, as a share of it, is looked at again."""
DOUBT_RHO = 0.02
DOUBT_VETO = 0.05
"""As DOUBT, of the curvature before."""
ROUNDING = 1e-6
"""Residuals this small beside the values are rounding, or nearly: the refit decides."""


@checked
def comparative_without_each(
    treated: Sequence[PeriodValue],
    comparisons: Mapping[str, Sequence[PeriodValue]],
    *,
    split_on: date,
    transition_until: date | None = None,
    horizon: int | None = None,
    seasonal: bool = True,
) -> Findings:
    """`series_without_each` for `comparative_series`, each period of the treated series left out."""
    return series_without_each(
        difference(treated, comparisons),
        split_on=split_on,
        transition_until=transition_until,
        seasonal=seasonal,
    )


@checked
def series_without_each(
    series: Sequence[PeriodValue],
    *,
    split_on: date,
    transition_until: date | None = None,
    horizon: int | None = None,
    seasonal: bool = True,
) -> Findings:
    """What `interrupted_series` would say without each period of the series; None where a refit has to tell.

    Exact for any given rho; rho is the highest point of a parabola through the three best places of the grid that the
    full fit starts from, so that t differs from the refit's by less than `DOUBT`.
    """
    laid = layout(series, split_on, transition_until)
    found: Findings = [None] * len(series)
    if min(laid.n_before, laid.n_after) < MIN_POINTS_INTERRUPTED:
        return found
    known = {(p.starts_on, p.ends_on) for p in laid.known}
    places = [i for i, p in enumerate(series) if (p.starts_on, p.ends_on) in known]
    for place, said in zip(places, _said_without(laid, seasonal=seasonal), strict=True):
        found[place] = said
    return found


def _said_without(laid: Layout, *, seasonal: bool) -> Findings:
    n, before = len(laid.y), laid.t < laid.first_after
    seasons = laid.seasons if seasonal and laid.has_full_years else 0
    x = np.column_stack([design(laid.t, laid.first_after), season_columns(laid.t, seasons)])
    if n - 1 <= x.shape[1] + 1 or len(laid.gaps) > MAX_MISSING * laid.due:
        return [None] * n
    scale = max(1.0, float(np.abs(laid.y).max()))
    try:
        with np.errstate(all="ignore"):  # What comes of it is no number, and so in doubt.
            plain = _ordinary(x, laid.y)
            rho, t = _level_without(x, laid.y, laid.t)
            curved = _curvature_without(laid, x, plain, before)
    except np.linalg.LinAlgError:
        return [None] * n
    critical = float(stats.t.ppf(0.975, n - 1 - x.shape[1]))
    has_gaps = len(laid.gaps) + 1 > MAX_MISSING * laid.due
    found: Findings = []
    for i in range(n):
        left = (laid.n_before - before[i], laid.n_after - (not before[i]))
        if min(left) < MIN_POINTS_INTERRUPTED or has_gaps:
            found.append(Finding.REFUSED)
        elif min(left) < 2 * seasons or plain.spread[i] <= ROUNDING * scale:
            found.append(None)
        else:
            found.append(_said(rho[i], t[i], curved[i], critical))
    return found


def _said(rho: float, t: float, curved: float, critical: float) -> Finding | None:
    """`curved`: t of the quadratic term ÷ the t of its veto. What is not a number is in doubt."""
    if curved > 1 + DOUBT_VETO or rho > VETO_RHO + DOUBT_RHO:
        return Finding.REFUSED
    if not (curved < 1 - DOUBT_VETO and rho < VETO_RHO - DOUBT_RHO and abs(abs(t) / critical - 1) > DOUBT):
        return None
    if abs(t) < critical:
        return Finding.CANNOT_TELL
    return Finding.UP if t > 0 else Finding.DOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ordinary:
    """Least squares without each row: coefficients by row, spread of the residuals."""

    coefficients: Floats
    spread: Floats


def _ordinary(x: Floats, y: Floats) -> _Ordinary:
    inverse = np.linalg.inv(x.T @ x)
    coefficients = inverse @ x.T @ y
    residuals = y - x @ coefficients
    rest = 1 - np.einsum("ij,jk,ik->i", x, inverse, x)
    without = coefficients - (x @ inverse) * (residuals / rest)[:, None]
    squares = float(residuals @ residuals) - residuals**2 / rest
    return _Ordinary(coefficients=without, spread=np.sqrt(np.maximum(squares, 0) / len(y)))


def _level_without(x: Floats, y: Floats, t: Floats) -> tuple[Floats, Floats]:
    """Rho and the t of the level change without each row."""
    rho, likelihood, level = _on_the_grid(x, y, t)
    best = np.argmax(likelihood, axis=0)
    inner = np.clip(best, 1, len(rho) - 2)
    each = np.arange(len(y))
    below, here, above = (likelihood[inner + step, each] for step in (-1, 0, 1))
    step = 0.5 * (below - above) / (below - 2 * here + above)
    t_below, t_here, t_above = (level[inner + step, each] for step in (-1, 0, 1))
    t_value = t_here + step * (t_above - t_below) / 2 + step**2 * (t_above - 2 * t_here + t_below) / 2
    at = rho[inner] + step * (rho[1] - rho[0])
    # At an end of the grid there is no parabola: wandering is certain at the upper one, nothing at the lower.
    at = np.where(best == len(rho) - 1, rho[-1], np.where(best == 0, np.nan, at))
    return at, t_value


def _on_the_grid(x: Floats, y: Floats, t: Floats) -> tuple[Floats, Floats, Floats]:
    """Restricted likelihood and t of the level change, by rho (rows) and row left out (columns)."""
    n, k = x.shape
    white, own, next_link, log_v = whiten_each(GRID, np.column_stack([x, y]), t)
    # P·[x y] with P the inverse of the correlation of all points; what is left out is one column more of the model.
    turned = own[:, :, None] * white
    turned[:, :-1] += next_link[:, :, None] * white[:, 1:]
    diagonal = own**2
    diagonal[:, :-1] += next_link**2
    wx, wy = white[:, :, :k], white[:, :, k]
    cross = np.matmul(wx.transpose(0, 2, 1), wx)
    inverse = np.linalg.inv(cross)
    right = np.matmul(wx.transpose(0, 2, 1), wy[:, :, None])
    coefficients = np.matmul(inverse, right)[:, :, 0]
    squares = (wy**2).sum(axis=1) - (coefficients * right[:, :, 0]).sum(axis=1)
    px, residual = (
        turned[:, :, :k],
        turned[:, :, k] - np.matmul(turned[:, :, :k], coefficients[:, :, None])[:, :, 0],
    )
    solved = np.matmul(px, inverse)
    rest = 1 - (solved * px).sum(axis=2) / diagonal
    squares_without = np.maximum(squares[:, None] - residual**2 / (diagonal * rest), 1e-300)
    level = coefficients[:, None, 2] - solved[:, :, 2] * residual / (diagonal * rest)
    variance = inverse[:, None, 2, 2] + solved[:, :, 2] ** 2 / (diagonal * rest)
    log_x = np.linalg.slogdet(cross)[1][:, None] + np.log(rest)
    likelihood = -0.5 * ((n - 1 - k) * np.log(squares_without) + log_v[:, None] + np.log(diagonal) + log_x)
    return GRID, likelihood, level / np.sqrt(variance * squares_without / (n - 1 - k))


def _curvature_without(laid: Layout, x: Floats, plain: _Ordinary, before: NDArray[np.bool_]) -> Floats:
    """|t| of the quadratic term before ÷ the t at which it is a veto, without each row."""
    t = laid.t[before] - laid.t[before].mean()
    z = np.column_stack([np.ones_like(t), t, t**2])
    inverse = np.linalg.inv(z.T @ z)
    y = laid.y[before] - plain.coefficients[:, 4:] @ x[before, 4:].T
    coefficients = y @ z @ inverse
    residuals = y - coefficients @ z.T
    squares = (residuals**2).sum(axis=1)
    at = np.flatnonzero(before)
    own, rest = residuals[at, np.arange(len(at))], 1 - np.einsum("ij,jk,ik->i", z, inverse, z)
    squares[at] -= own**2 / rest
    solved = (z @ inverse)[:, 2]
    quadratic = coefficients[:, 2].copy()
    quadratic[at] -= solved * own / rest
    df = len(t) - 3 - before
    variance = np.full(len(x), inverse[2, 2])
    variance[at] += solved**2 / rest
    critical = special.stdtrit(df.astype(float), 1 - VETO_P / 2)
    shares: Floats = np.abs(quadratic) / np.sqrt(variance * np.maximum(squares, 1e-300) / df) / critical
    return shares


@checked
def before_after_without_each(
    series: Sequence[PeriodValue], rule: IndicatorRule, *, split_on: date
) -> Findings:
    """What `before_after` would say without each period; None where only computing again can tell."""
    before, after = sides(series, split_on)
    found: Findings = [None] * len(series)
    if min(len(before), len(after)) == 0:
        return found
    compare = _way_to_compare([*before, *after], rule)
    if compare is None:
        return found
    for i, one in enumerate(series):
        rest = [p for p in before if p is not one], [p for p in after if p is not one]
        if all(rest):
            found[i] = compare(*rest)
    return found


Compare = Callable[[Sequence[PeriodValue], Sequence[PeriodValue]], Finding | None]


def _way_to_compare(periods: Sequence[PeriodValue], rule: IndicatorRule) -> Compare | None:
    if are_proportions(periods, rule):
        return _shares_say
    if are_event_counts(periods, rule):
        return _rates_say
    # Without the one period that does not fit, the rest could be shares or events.
    return None if rule.value_type in {ValueType.RATIO, ValueType.COUNT} else _means_say


def _interval_says(low: float, high: float, no_change: float, scale: float) -> Finding | None:
    """None where an end lies on the border but for rounding."""
    if not min(abs(low - no_change), abs(high - no_change)) > ROUNDING * scale:
        return None
    if low <= no_change <= high:
        return Finding.CANNOT_TELL
    return Finding.UP if low > no_change else Finding.DOWN


def _shares_say(before: Sequence[PeriodValue], after: Sequence[PeriodValue]) -> Finding | None:
    (n1, d1), (n2, d2) = pooled(after), pooled(before)
    if min(d1, d2) <= 0:
        return None
    p1, p2 = n1 / d1, n2 / d2
    (low1, high1), (low2, high2) = wilson(n1, d1), wilson(n2, d2)
    low = p1 - p2 - ((p1 - low1) ** 2 + (high2 - p2) ** 2) ** 0.5
    high = p1 - p2 + ((high1 - p1) ** 2 + (p2 - low2) ** 2) ** 0.5
    return _interval_says(low, high, 0.0, 1.0)


def _rates_say(before: Sequence[PeriodValue], after: Sequence[PeriodValue]) -> Finding | None:
    (count1, exposure1), (count2, exposure2) = events_of(after), events_of(before)
    if not count1 or not count2:
        return None
    odds = exposure2 / exposure1
    low, high = special.betaincinv((count1, count1 + 1), (count2 + 1, count2), (0.025, 0.975))
    return _interval_says(odds * low / (1 - low), odds * high / (1 - high), 1.0, 1.0)


def _means_say(before: Sequence[PeriodValue], after: Sequence[PeriodValue]) -> Finding | None:
    if min(len(before), len(after)) < MIN_POINTS_MEAN:
        return None
    x1, x2 = (np.array([float(p.value or 0) for p in side]) for side in (after, before))
    v1, v2 = x1.var(ddof=1) / len(x1), x2.var(ddof=1) / len(x2)
    if not v1 + v2 > 0:
        return None
    df = (v1 + v2) ** 2 / (v1**2 / (len(x1) - 1) + v2**2 / (len(x2) - 1))
    value, reach = float(x1.mean() - x2.mean()), float(special.stdtrit(df, 0.975)) * float((v1 + v2) ** 0.5)
    return _interval_says(value - reach, value + reach, 0.0, reach)


@checked
def units_without_each(panel: Panel) -> Findings:
    """What `difference_in_differences` would say without each unit of the panel; exact but for rounding."""
    changes = {one.name: one.change for one in panel.units}
    found: Findings = []
    for unit in panel.units:
        treated, comparison = split([one for one in panel.units if one is not unit], changes)
        if not treated or not comparison:
            found.append(Finding.REFUSED)
            continue
        now = contrast(treated, comparison)
        if now.low is None or now.high is None:
            found.append(Finding.CANNOT_TELL)
        else:
            found.append(_interval_says(now.low, now.high, 0.0, now.high - now.low))
    return found


@checked
def donors_without_each(panel: Panel) -> Findings:
    """What `synthetic_control` would say without each unit: with 19 donors or fewer p cannot be below 5 %, whoever."""
    donors = {u.name for u in panel.units if not u.is_treated and None not in (*u.before, *u.after)}
    return [
        Finding.CANNOT_TELL if MIN_DONORS <= len(donors - {unit.name}) <= DONORS_FOR_FIVE_PERCENT else None
        for unit in panel.units
    ]
