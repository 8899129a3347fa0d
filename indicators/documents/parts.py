"""Tables and drawings of the pages as blocks of a document. The cells are the pages' own; nothing is computed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal

from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from indicators.charts import IndicatorSeries
from indicators.documents.content import Block, Cell, Column, Figure, Note, Table
from indicators.documents.content import Kind as Word
from indicators.reports import cells
from indicators.reports.tables import Column as ReportColumn
from indicators.reports.tables import Kind, Row
from indicators.reports.tables import Table as ReportTable
from indicators.templatetags.charts import indicator_chart

KINDS: dict[Kind, Word] = {Kind.TEXT: "text", Kind.NUMBER: "number", Kind.DAY: "date"}
STATUS_KEYS = {"status", "worst_critical"}
DRAWING = re.compile(r"<svg class=\"chart-svg.*?</svg>", re.DOTALL)


def cell_of(cell: cells.Cell) -> Cell:
    """What people read, and the number or day behind it."""
    match cell.value:
        case bool() | None | str():
            return Cell(text=cell.text)
        case int():
            return Cell(text=cell.text, value=Decimal(cell.value))
        case Decimal() | date():
            return Cell(text=cell.text, value=cell.value)


def words(text: object) -> Cell:
    return Cell(text=str(text) if text else cells.MISSING)


def table_block(
    table: ReportTable, keys: Sequence[str], *, name: str, title: str = "", rows: Iterable[Row] | None = None
) -> Table:
    """Some columns of a report's table, in the order of `keys`. A column that is empty in every row is left out."""
    by_key: dict[str, ReportColumn] = {column.key: column for column in table.columns}
    shown = list(table.rows if rows is None else rows)
    kept = [key for key in keys if not shown or any(not row.cells[key].is_missing for row in shown)]
    return Table(
        name=name,
        title=title or table.title,
        columns=tuple(
            Column(label=str(by_key[key].header), kind=_kind(by_key[key], [row.cells[key] for row in shown]))
            for key in kept
        ),
        rows=tuple(tuple(cell_of(row.cells[key]) for key in kept) for row in shown),
    )


def _kind(column: ReportColumn, found: Sequence[cells.Cell]) -> Word:
    if column.key in STATUS_KEYS:
        return "status"
    if any(cell.is_share for cell in found):
        return "percent"
    return KINDS[column.kind]


def chart_block(series: IndicatorSeries, *, places: int, table: Table) -> Figure | None:
    """The very drawing of the indicator's page, with what it says in words; None where nothing is drawn yet."""
    context = indicator_chart(series, places)
    found = DRAWING.search(render_to_string("components/chart_indicator.html", context))
    if found is None:
        return None
    return Figure(title=series.title, svg=found[0], summary=str(context["desc"]), table=table)


def notes_of(table: ReportTable) -> list[Block]:
    return [Note(text=note, tone="note") for note in table.notes]


def nothing(text: str = "") -> Note:
    """Where a section has nothing to say, it says so."""
    return Note(text=text or _("Nothing to report."), tone="note")
