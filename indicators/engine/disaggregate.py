"""Figures by disaggregation: sub-totals over any dimensions, parts against totals, carried values. Corrects nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from itertools import combinations

from . import exact
from .disclosure import Suppression, cell_of, cell_parts, suppress
from .display import format_number
from .messages import gettext_noop, message
from .rollup import roll_up_period
from .types import IndicatorRule, Measurement, Message, PeriodValue, Refusal, SiteRule, ValueType

SITE = "@site"
"""Name of the dimension that stands for the reporting unit; no dimension of an indicator begins with @."""
_ANY = date(2000, 1, 1)
MOST_DIMENSIONS = 6
"""Sub-totals grow as 2 to the number of dimensions; more than six are not combined with one another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CellFigure:
    """One cell of the table of a period, all sites joined."""

    cell: str
    """Canonical key; empty for the total."""
    value: Decimal | None
    numerator: Decimal | None = None
    denominator: Decimal | None = None
    n: int | None = None
    is_reported: bool = True
    """False: added up here from finer cells."""
    refusal: Refusal | None = None

    @property
    def dimensions(self) -> tuple[str, ...]:
        return tuple(sorted(name for name, _ in cell_parts(self.cell)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Mismatch:
    """Parts that do not give their total: flagged, never corrected (METHOD 2.7, validity)."""

    cell: str
    """The whole."""
    dimensions: tuple[str, ...]
    """What the parts are split by."""
    what: str
    """numerator, denominator or value."""
    parts: Decimal
    total: Decimal

    @property
    def text(self) -> Message:
        return message(
            gettext_noop(
                "The parts by %(dimensions)s give %(what)s %(parts)s, but the total says %(total)s."
            ),
            dimensions=", ".join(self.dimensions),
            what=self.what,
            parts=format_number(self.parts, 4),
            total=format_number(self.total, 4),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """The level that holds in a period, and whether it was reported then or comes from an earlier one."""

    period: PeriodValue
    value: Decimal | None
    carried_from: str | None
    """Label of the period it was reported for; None when it was reported in this one."""

    @property
    def is_carried(self) -> bool:
        return self.carried_from is not None


def breakdown(measurements: Sequence[Measurement], rule: IndicatorRule) -> tuple[CellFigure, ...]:
    """All cells of one period with the sub-totals over every set of the dimensions that were reported.

    A cell reported as such is taken as it is; a sub-total that nobody reported is joined from the coarsest finer cells
    that were, by the same rules as everywhere (counts add, ratios pool, scores are weighted). Sites that do not split
    their figures the same way are never mixed into a sub-total: it would count a part of the sites only, so such a
    sub-total is left out unless every site that reports the period reports the dimension.

    Returns:
        The total first, then by number of dimensions and name.

    Source: METHOD 2.1, 2.7.
    """
    sites = {m.site for m in measurements}
    if None in sites:
        measurements = [m for m in measurements if m.site is None]
        sites = {None}
    wanted: dict[frozenset[tuple[str, str]], None] = {frozenset(): None}
    for one in measurements:
        pairs = sorted(cell_parts(one.cell))
        for size in range(1, len(pairs) + 1) if len(pairs) <= MOST_DIMENSIONS else (1, len(pairs)):
            wanted |= dict.fromkeys(frozenset(chosen) for chosen in combinations(pairs, size))
    found = []
    for key in sorted(wanted, key=lambda k: (len(k), sorted(k))):
        figure = _cell_figure(key, measurements, rule, sites)
        if figure is not None:
            found.append(figure)
    return tuple(found)


def _cell_figure(
    key: frozenset[tuple[str, str]],
    measurements: Sequence[Measurement],
    rule: IndicatorRule,
    sites: set[int | None],
) -> CellFigure | None:
    cell, dimensions = cell_of(key), {name for name, _ in key}
    chosen: list[Measurement] = []
    reported = True
    for site in sites:
        own = [m for m in measurements if m.site == site]
        inside = [(m, cell_parts(m.cell) - key) for m in own if key <= cell_parts(m.cell)]
        exact_ones = [m for m, rest in inside if not rest]
        splits_this_way = any(dimensions <= {n for n, _ in cell_parts(m.cell)} for m in own)
        if not splits_this_way:
            return None
        reported = reported and (bool(exact_ones) or not inside)
        # What remains of each key is the cell within this cell; the coarsest finer ones are joined by the roll-up.
        chosen += [replace(m, cell=cell_of(rest)) for m, rest in inside]
    if not chosen:
        return None
    rolled = roll_up_period(
        chosen, rule, starts_on=_ANY, ends_on=_ANY, label="", expected=len({m.site for m in chosen})
    )
    return CellFigure(
        cell=cell,
        value=rolled.value,
        numerator=rolled.numerator,
        denominator=rolled.denominator,
        n=rolled.n,
        is_reported=reported,
        refusal=rolled.refusal,
    )


def mismatches(figures: Sequence[CellFigure], rule: IndicatorRule) -> tuple[Mismatch, ...]:
    """Where parts do not give their total or sub-total, on any level (METHOD 2.7, validity).

    Only figures that were reported are compared with their parts, and only what adds: numerators, denominators, counts
    and sums. A set of parts that differs is reported with its difference; nothing is changed.
    """
    adds = rule.value_type is ValueType.COUNT or (
        rule.site_rule is SiteRule.SUM and rule.value_type is not ValueType.RATIO
    )
    names = ["numerator", "denominator"] + (["value"] if adds else [])
    by_dimensions: dict[tuple[str, ...], list[CellFigure]] = {}
    for figure in figures:
        by_dimensions.setdefault(figure.dimensions, []).append(figure)
    found = []
    for whole in figures:
        own = cell_parts(whole.cell)
        for dimensions, cells in sorted(by_dimensions.items()):
            if not whole.is_reported or not set(whole.dimensions) < set(dimensions):
                continue
            parts = [one for one in cells if own < cell_parts(one.cell)]
            found += [
                Mismatch(
                    cell=whole.cell,
                    dimensions=tuple(sorted(set(dimensions) - set(whole.dimensions))),
                    what=what,
                    parts=given,
                    total=getattr(whole, what),
                )
                for what in names
                if (given := _sum(parts, what)) is not None
                and getattr(whole, what) is not None
                and given != getattr(whole, what)
            ]
    return tuple(found)


def _sum(parts: Sequence[CellFigure], what: str) -> Decimal | None:
    values = [getattr(part, what) for part in parts]
    return None if not values or any(v is None for v in values) else exact.total(values)


def suppressed(
    figures: Sequence[CellFigure], rule: IndicatorRule, *, always_shown: Sequence[str] = ()
) -> Suppression:
    """Which cells of a table about persons are hidden: by the count itself, by numerator and denominator of a share.

    A share is hidden when the persons it is a share of, those that it counts, or those that it leaves out are 1 to 4:
    with 8 of 9 passed, one did not.
    """
    if rule.value_type is ValueType.RATIO:
        tables = [
            {f.cell: f.denominator for f in figures},
            {f.cell: f.numerator for f in figures},
            {f.cell: _rest(f) for f in figures},
        ]
    elif rule.value_type is ValueType.COUNT:
        tables = [{f.cell: f.value for f in figures}]
    else:
        tables = [{f.cell: None if f.n is None else Decimal(f.n) for f in figures}]
    answers = [suppress(table, always_shown=always_shown) for table in tables]
    # A cell hidden in one table is hidden in all: that takes additions away from a reader and gives none.
    small = frozenset().union(*(one.small for one in answers))
    return Suppression(small=small, complementary=frozenset().union(*(one.hidden for one in answers)) - small)


def by_site(measurements: Sequence[Measurement]) -> list[Measurement]:
    """The same figures with their site as one more dimension, so that one table holds what is shown per site too."""
    return [replace(m, site=None, cell=site_cell(m.site, m.cell)) for m in measurements]


def site_cell(site: int | None, cell: str) -> str:
    """The cell of a site in the table of `by_site`."""
    return cell_of({*cell_parts(cell), *([] if site is None else [(SITE, str(site))])})


def _rest(figure: CellFigure) -> Decimal | None:
    if figure.numerator is None or figure.denominator is None:
        return None
    rest = figure.denominator - figure.numerator
    return rest if rest >= 0 else None


def carried_forward(series: Sequence[PeriodValue]) -> tuple[Carried, ...]:
    """The level that holds in each period: what was reported, else the last level before, marked as carried.

    For levels and running totals only; an increment is never carried. Verdicts do not use carried values: age and
    coverage speak of what was reported. A late report changes its own period and those that carried it, no other.

    Source: METHOD 2.1.
    """
    found: list[Carried] = []
    last: PeriodValue | None = None
    for period in sorted(series, key=lambda p: (p.ends_on, p.starts_on)):
        if period.value is not None:
            last = period
            found.append(Carried(period=period, value=period.value, carried_from=None))
        else:
            found.append(
                Carried(
                    period=period,
                    value=None if last is None else last.value,
                    carried_from=None if last is None else last.label,
                )
            )
    return tuple(found)
