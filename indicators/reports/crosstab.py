"""Two axes and one figure in each cell: a programme's indicators by period, or one indicator by any two of period, unit
and disaggregation. The engine joins the figures; small cells of persons are left out as everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from indicators.disclosure import hidden_places, is_about_people, sees_small_cells
from indicators.engine.disaggregate import SITE, breakdown, by_site
from indicators.engine.disclosure import cell_of, cell_parts
from indicators.engine.types import IndicatorRule, Measurement, ValueType
from indicators.models import (
    Frequency,
    Observation,
    Programme,
    ProgrammeIndicator,
    ReportingPeriod,
    ReportingUnit,
    Rollup,
    User,
)
from indicators.reports import cells
from indicators.reports.breakdowns import cell_label
from indicators.reports.cells import Cell
from indicators.reports.queries import indicators_with_status, today
from indicators.reports.tables import Row, Table, number_column, text_column
from indicators.snapshots import measurements_of

PERIOD = "period"
UNIT = "unit"
SPANS = (4, 8, 12, 24, 60)
USUAL_SPAN = 12
Pair = tuple[str, str]
ALL: Pair | None = None
"""The whole of an axis: neither unit nor category is named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """What can stand along one side."""

    key: str
    label: str


@dataclass(slots=True, kw_only=True)
class Crosstab:
    """The table and what was chosen of what can be chosen."""

    table: Table
    chosen: dict[str, str]
    axes: Sequence[Axis] = ()
    periods: Sequence[ReportingPeriod] = ()
    frequencies: Sequence[tuple[str, str]] = ()
    hidden: int = 0


# --- A programme: indicators by period ---------------------------------------------------------------------


def programme_crosstab(user: User, programme: Programme, filters: Mapping[str, str]) -> Crosstab:
    """The values of a programme's indicators of one frequency, the latest periods. Five queries."""
    indicators = [
        one
        for one in indicators_with_status(user).filter(programme=programme)
        if one.version.value_type != ValueType.TEXT
    ]
    frequencies = sorted({one.frequency for one in indicators}, key=[one.value for one in Frequency].index)
    asked = filters.get("frequency", "")
    usual = max(frequencies, key=lambda f: sum(one.frequency == f for one in indicators), default="")
    frequency = asked if asked in frequencies else usual
    span = span_of(filters)
    shown = [one for one in indicators if one.frequency == frequency]
    values = {
        (indicator, period): value
        for indicator, period, value in Rollup.objects.visible_to(user)
        .filter(indicator__in=[one.pk for one in shown])
        .values_list("indicator_id", "period_id", "value")
    }
    periods = _latest(
        ReportingPeriod.objects.filter(
            programme=programme, pk__in={period for _indicator, period in values}
        ).select_related("course_run"),
        span,
    )
    table = Table(
        name="crosstab",
        key=programme.code,
        title=_("Indicators by period"),
        columns=[
            text_column("code", _("Indicator code")),
            text_column("name", _("Indicator")),
            text_column("unit", _("Unit")),
            *(number_column(f"p{one.pk}", one.label) for one in periods),
        ],
        rows=[_indicator_row(one, periods, values) for one in shown],
        as_of=today(),
        notes=[
            _(
                "Each value is the one of its period; how sites and months are joined is the indicator's own rule."
            )
        ],
    )
    return Crosstab(
        table=table,
        chosen={"frequency": frequency, "last": str(span)},
        frequencies=[(one, str(Frequency(one).label)) for one in frequencies],
    )


def _indicator_row(
    one: ProgrammeIndicator, periods: Sequence[ReportingPeriod], values: Mapping[tuple[int, int], Any]
) -> Row:
    rule = one.version.rule()
    return Row(
        cells={
            "code": cells.words(one.definition.code),
            "name": cells.words(f"{one.name} ({one.partner})" if one.partner else one.name),
            "unit": cells.words(one.version.unit),
            **{f"p{period.pk}": cells.amount(values.get((one.pk, period.pk)), rule) for period in periods},
        },
        about=one,
        is_illustrative=one.programme.is_illustrative,
        marking=one.marking,
    )


# --- One indicator: any two axes ---------------------------------------------------------------------------


def axes_of(indicator: ProgrammeIndicator, *, by_unit: bool) -> list[Axis]:
    """Period, reporting unit where there are any, and every disaggregation."""
    dimensions = [
        Axis(key=one["name"], label=one.get("label", one["name"]))
        for one in indicator.version.disaggregations
    ]
    units = [Axis(key=UNIT, label=_("Reporting unit"))] if by_unit else []
    return [Axis(key=PERIOD, label=_("Period")), *units, *dimensions]


def indicator_crosstab(user: User, indicator: ProgrammeIndicator, filters: Mapping[str, str]) -> Crosstab:
    """Approved figures of one indicator along two axes. Four queries, however many figures.

    Args:
        filters: ``rows`` and ``columns``, each the key of an axis; ``period`` where neither is the period (the newest
            unless given); ``last``, how many periods.
    """
    found = measurements_of(Observation.objects.visible_to(user).current().filter(indicator=indicator))
    every = list(
        ReportingPeriod.objects.filter(pk__in={period for _indicator, period in found}).order_by(
            "ends_on", "pk"
        )
    )
    units = ReportingUnit.objects.in_bulk({m.site for ms in found.values() for m in ms if m.site is not None})
    axes = axes_of(indicator, by_unit=bool(units))
    rows, columns = _two(axes, filters)
    span = span_of(filters)
    one_period = _named(every, filters.get("period", ""))
    periods = every[-span:] if PERIOD in {rows, columns} else ([one_period] if one_period else [])
    slices = [_slice(user, indicator, period, found[indicator.pk, period.pk]) for period in periods]
    words = _Words(indicator=indicator, units=units)
    grid = _Grid(slices=slices, words=words, rule=indicator.version.rule())
    table = grid.table(indicator, rows, columns, axes)
    return Crosstab(
        table=table,
        chosen={
            "rows": rows,
            "columns": columns,
            "period": str(one_period.pk) if one_period else "",
            "last": str(span),
        },
        axes=axes,
        periods=[] if PERIOD in {rows, columns} else every[::-1],
        hidden=sum(cell.text == _("left out") for row in table.rows for cell in row.cells.values()),
    )


def _two(axes: Sequence[Axis], filters: Mapping[str, str]) -> tuple[str, str]:
    known = [one.key for one in axes]
    rows = (
        filters.get("rows", "") if filters.get("rows", "") in known else (known[1] if len(known) > 1 else "")
    )
    columns = filters.get("columns", "")
    if columns not in known or columns == rows:
        columns = next((one for one in known if one != rows), PERIOD)
    return rows, columns


def _named(periods: Sequence[ReportingPeriod], given: str) -> ReportingPeriod | None:
    return next((one for one in periods if str(one.pk) == given), periods[-1] if periods else None)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Slice:
    """One period: its figures by cell, units being a dimension of the cell, and what is left out."""

    period: ReportingPeriod
    figures: Mapping[str, Any]
    hidden: frozenset[str]


def _slice(
    user: User, indicator: ProgrammeIndicator, period: ReportingPeriod, measurements: Sequence[Measurement]
) -> _Slice:
    rule = indicator.version.rule()
    apart = {one.cell: one.value for one in breakdown(by_site(measurements), rule) if SITE in one.dimensions}
    joined = {one.cell: one.value for one in breakdown(measurements, rule)}
    guarded = is_about_people(indicator.version) and not sees_small_cells(user, indicator)
    return _Slice(
        period=period,
        figures=joined | apart,
        hidden=hidden_places(measurements, rule) if guarded else frozenset(),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Words:
    indicator: ProgrammeIndicator
    units: Mapping[int, ReportingUnit]

    def of(self, pair: Pair | None) -> str:
        if pair is None:
            return _("All")
        name, code = pair
        if name == SITE:
            return str(self.units[int(code)])
        return cell_label(self.indicator.version, cell_of([pair])).partition(": ")[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Grid:
    """What stands along each side, and what where they meet."""

    slices: Sequence[_Slice]
    words: _Words
    rule: IndicatorRule

    def places(self, axis: str) -> list[Any]:
        """Along a side: the slices themselves for the period, else the pairs that occur, in order of their words."""
        if axis == PERIOD:
            return list(self.slices)
        if not axis:
            return [ALL]
        name = SITE if axis == UNIT else axis
        pairs = {
            pair
            for one in self.slices
            for cell in one.figures
            for pair in cell_parts(cell)
            if pair[0] == name
        }
        return [*sorted(pairs, key=self.words.of), ALL]

    def at(self, row: Any, column: Any) -> Cell:
        one = next((side for side in (row, column) if isinstance(side, _Slice)), None)
        one = one or (self.slices[0] if self.slices else None)
        if one is None:
            return cells.EMPTY
        cell = cell_of([side for side in (row, column) if side is not None and not isinstance(side, _Slice)])
        if cell in one.hidden:
            return Cell(text=_("left out"))
        return cells.amount(one.figures.get(cell), self.rule)

    def label(self, side: Any) -> str:
        return side.period.label if isinstance(side, _Slice) else self.words.of(side)

    def table(self, indicator: ProgrammeIndicator, rows: str, columns: str, axes: Sequence[Axis]) -> Table:
        labels = {one.key: one.label for one in axes}
        across = self.places(columns)
        return Table(
            name="crosstab-indicator",
            key=str(indicator.pk),
            title=f"{indicator.definition.code} {indicator.name}",
            columns=[
                text_column("place", labels.get(rows, "")),
                *(number_column(f"c{place}", self.label(side)) for place, side in enumerate(across)),
            ],
            rows=[
                Row(
                    cells={
                        "place": cells.words(self.label(down)),
                        **{f"c{place}": self.at(down, side) for place, side in enumerate(across)},
                    },
                    is_illustrative=indicator.programme.is_illustrative,
                    marking=indicator.marking,
                )
                for down in (self.places(rows) if self.slices else [])
            ],
            as_of=today(),
        )


def span_of(filters: Mapping[str, str]) -> int:
    given = filters.get("last", "")
    return int(given) if given in {str(one) for one in SPANS} else USUAL_SPAN


def _latest(periods: Any, span: int) -> list[ReportingPeriod]:
    return list(periods.order_by("-ends_on", "-pk")[:span])[::-1]
