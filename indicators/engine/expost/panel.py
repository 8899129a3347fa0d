"""Units with values before and after, some treated and some not: how two groups of changes are compared. No verdict."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from indicators.engine.errors import EngineError
from indicators.engine.types import PeriodValue

from .checked import checked

Floats = NDArray[np.float64]
MOST_ARRANGEMENTS = 20_000
DRAWS = 9_999


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """One partner or site: its values period by period, None where missing. All units share the periods."""

    name: str
    is_treated: bool
    before: tuple[float | None, ...]
    after: tuple[float | None, ...]

    @property
    def change(self) -> float | None:
        """Mean after − mean before; None when a side is empty."""
        sides = [[v for v in side if v is not None] for side in (self.before, self.after)]
        return None if not all(sides) else float(np.mean(sides[1]) - np.mean(sides[0]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """Units over the same periods."""

    units: tuple[Unit, ...]
    periods_before: tuple[str, ...]
    periods_after: tuple[str, ...]

    def __post_init__(self) -> None:
        """Every unit has a place for each period, and its name once."""
        for one in self.units:
            given, expected = (
                (len(one.before), len(one.after)),
                (len(self.periods_before), len(self.periods_after)),
            )
            if given != expected:
                raise EngineError(
                    f"{one.name} has {given} values before and after; {expected} were expected."
                )
        if len({one.name for one in self.units}) < len(self.units):
            raise EngineError("A unit was given twice; each name was expected once.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Contrast:
    """Difference of two means with its interval; None where no spread could be estimated."""

    value: float
    low: float | None = None
    high: float | None = None
    standard_error: float | None = None
    df: float | None = None
    p_value: float | None = None
    rule: str = "no interval"


@checked
def panel_of(
    treated: Mapping[str, Sequence[PeriodValue]],
    comparisons: Mapping[str, Sequence[PeriodValue]],
    *,
    split_on: date,
) -> Panel:
    """Series as a panel over every period that any of them has; a period across the date is left out."""
    every = {(p.starts_on, p.ends_on): p.label for s in (*treated.values(), *comparisons.values()) for p in s}
    before = sorted(key for key in every if key[1] <= split_on)
    after = sorted(key for key in every if key[0] > split_on)
    units: list[Unit] = []
    for group, is_treated in ((treated, True), (comparisons, False)):
        for name, series in group.items():
            values = {(p.starts_on, p.ends_on): None if p.value is None else float(p.value) for p in series}
            units.append(
                Unit(
                    name=name,
                    is_treated=is_treated,
                    before=tuple(values.get(key) for key in before),
                    after=tuple(values.get(key) for key in after),
                )
            )
    return Panel(
        units=tuple(units),
        periods_before=tuple(every[key] for key in before),
        periods_after=tuple(every[key] for key in after),
    )


@checked
def contrast(treated: Sequence[float], comparison: Sequence[float]) -> Contrast:
    """Mean of the treated − mean of the comparison, with a t interval at 95 %.

    With two or more on each side Welch's; with a single one on a side the spread of the other side stands for both
    (n − 1 degrees of freedom), so that one treated unit among few has a wide interval and not none.

    Source: Welch (1947), Biometrika 34:28; Donald & Lang (2007), Rev. Econ. Stat. 89:221.
    """
    a, b = np.asarray(treated, dtype=float), np.asarray(comparison, dtype=float)
    value = float(a.mean() - b.mean())
    if min(len(a), len(b)) >= 2:
        va, vb = float(a.var(ddof=1)) / len(a), float(b.var(ddof=1)) / len(b)
        if va + vb <= _noise(a, b) ** 2:
            return Contrast(value=value)
        df = (va + vb) ** 2 / (va**2 / (len(a) - 1) + vb**2 / (len(b) - 1))
        return _with_t(value, math.sqrt(va + vb), df, "Welch t")
    larger = a if len(a) > len(b) else b
    if len(larger) < 2 or np.ptp(larger) <= _noise(a, b):
        return Contrast(value=value)
    error = float(larger.std(ddof=1)) * math.sqrt(1 / len(a) + 1 / len(b))
    return _with_t(value, error, len(larger) - 1, "t, spread of the larger group")


def _noise(a: Floats, b: Floats) -> float:
    """Spread below this is rounding, not variation; dividing by it would make anything look certain."""
    return 1e-9 * max(float(np.abs(a).max()), float(np.abs(b).max()), 1e-12)


def _with_t(value: float, error: float, df: float, rule: str) -> Contrast:
    reach = float(stats.t.ppf(0.975, df)) * error
    return Contrast(
        value=value,
        low=value - reach,
        high=value + reach,
        standard_error=error,
        df=df,
        p_value=float(2 * stats.t.sf(abs(value) / error, df)),
        rule=rule,
    )


@checked
def t_interval(value: float, error: float, df: float, rule: str) -> Contrast:
    """A value with its standard error as a contrast with a t interval."""
    return _with_t(value, error, df, rule)


@checked
def permutation_p(treated: Sequence[float], comparison: Sequence[float], *, seed: int) -> tuple[float, float]:
    """Share of arrangements of "treated" with a difference at least as far from 0, and the smallest possible share.

    Exact up to 20 000 arrangements, else 9 999 seeded draws and the one observed. The smallest share is 1 ÷ number of
    arrangements, or 2 ÷ that number with groups of equal size.
    """
    if not treated or not comparison:
        raise EngineError("A side without units was given; at least one on each was expected.")
    values = np.array([*treated, *comparison], dtype=float)
    n, k = len(values), len(treated)
    observed = abs(float(np.mean(values[:k]) - np.mean(values[k:])))
    arrangements = math.comb(n, k)
    is_exact = arrangements <= MOST_ARRANGEMENTS
    picks = (
        np.array(list(combinations(range(n), k)))
        if is_exact
        else np.argsort(np.random.default_rng(seed).random((DRAWS, n)), axis=1)[:, :k]
    )
    sums = values[picks].sum(axis=1)
    differences = np.abs(sums / k - (values.sum() - sums) / (n - k))
    hits = int((differences >= observed - 1e-9 * max(1.0, observed)).sum())
    floor = (2 if 2 * k == n else 1) / arrangements
    return (hits / arrangements, floor) if is_exact else ((hits + 1) / (DRAWS + 1), 1 / (DRAWS + 1))


@checked
def slope_before(unit: Unit) -> float | None:
    """Least-squares slope of a unit's values before, per period; None with fewer than two."""
    points = [(i, v) for i, v in enumerate(unit.before) if v is not None]
    if len(points) < 2:
        return None
    x, y = np.array(points, dtype=float).T
    return float(np.polyfit(x, y, 1)[0])


def split(units: Iterable[Unit], values: Mapping[str, float | None]) -> tuple[list[float], list[float]]:
    """One value per unit as two lists, treated and comparison; units without a value are left out."""
    groups: tuple[list[float], list[float]] = ([], [])
    for one in units:
        value = values.get(one.name)
        if value is not None:
            groups[0 if one.is_treated else 1].append(value)
    return groups
