"""One table on one sheet: typed cells, Excel's own table, widths, total, line chart. Knows no document around it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from xlsxwriter.utility import xl_col_to_name

from indicators.documents.content import Cell, Column, Figure, Report, Table
from indicators.documents.numerals import GENERAL, number_format
from indicators.documents.showing import DASHES, NUMBERS, is_rtl, longest_line, tint_of
from indicators.spreadsheets import cleaned, could_run

TOP = 4
"""The line of the header; above it stand title, marking and the way back."""
NARROWEST, WIDEST = 9, 60
HIGHEST = 405
"""In points; a row of Excel is at most 409 high."""
MOST_LABELS = 12
"""Periods named below a line."""
LOOKED_AT = 500
"""So many rows tell how wide a column is."""


@dataclass(slots=True)
class Styles:
    """The formats of one workbook, each made once, in the direction of reading of its document."""

    book: Any
    report: Report
    made: dict[tuple[tuple[str, Any], ...], Any] = field(default_factory=dict)
    words: dict[tuple[Any, ...], Any] = field(default_factory=dict)

    @property
    def is_rtl(self) -> bool:
        return is_rtl(self.report.language)

    @property
    def reading(self) -> dict[str, Any]:
        return {"text_wrap": True, "valign": "top"} | ({"reading_order": 2} if self.is_rtl else {})

    @property
    def start(self) -> dict[str, Any]:
        """Where reading begins, a little off the cell before."""
        return {"align": "right" if self.is_rtl else "left", "indent": 1}

    def make(self, **properties: Any) -> Any:
        key = tuple(sorted(properties.items()))
        if key not in self.made:
            self.made[key] = self.book.add_format(properties)
        return self.made[key]

    @property
    def header(self) -> Any:
        return self.header_of("text")

    def header_of(self, kind: str) -> Any:
        """Above its numbers a header stands at their side."""
        side: dict[str, Any] = {"align": "right"} if kind in {*NUMBERS, "date"} else self.start
        return self.make(bold=True, bg_color="#1B3A5C", font_color="#FFFFFF", **self.reading, **side)

    def title(self, **properties: Any) -> Any:
        """Runs over the next cells, towards where reading goes on."""
        side = {"reading_order": 2, "align": "right"} if self.is_rtl else {}
        return self.make(**properties, **side)

    @property
    def label(self) -> Any:
        return self.make(bold=True, **self.reading)

    def of_text(self, text: str, *, kind: str = "") -> Any:
        """As text even after somebody has edited the cell: what could begin a formula is marked as quoted."""
        tint = tint_of(text) if kind == "status" else None
        key = (tint, kind in NUMBERS, bool(kind), could_run(text))
        if key not in self.words:
            properties: dict[str, Any] = dict(self.reading)
            if tint:
                properties |= {"font_color": tint[0], "bg_color": tint[1]}
            if kind:  # In a table: at the side of numbers, or off the number before.
                properties |= {"align": "right"} if kind in NUMBERS else self.start
            if could_run(text):
                properties["quote_prefix"] = True
            self.words[key] = self.make(**properties)
        return self.words[key]


def write_table(
    styles: Styles,
    sheet: Any,
    table: Table,
    *,
    name: str,
    figure: Figure | None = None,
    is_long: bool = False,
    home: str = "",
) -> None:
    """The title, the marking, then the table with its header frozen and printed on each page.

    Args:
        name: of the sheet.
        is_long: rows are not kept: a filter instead of Excel's table.
        home: the sheet with the contents, for the way back.
    """
    widths = set_widths(sheet, table)
    _write_top(styles, sheet, table, home)
    total = total_row(table)
    body = table.rows[:-1] if total else table.rows
    first, last = TOP, TOP + max(len(body), 1)
    set_height(sheet, first, [f"{column.label} ▾" for column in table.columns], widths)
    if is_long:
        _write_filter(styles, sheet, table, first, last)
    _write_body(styles, sheet, table, body, first, widths)
    if not is_long:
        _add_table(styles, sheet, table, first, last, name)
    if total:
        _write_total(styles, sheet, table, first, last)
    sheet.freeze_panes(first + 1, 1 if len(table.columns) > 4 else 0)
    sheet.repeat_rows(first)
    if figure is not None and len(body) > 1:
        _add_chart(styles, sheet, figure, name, first, last)


def _write_top(styles: Styles, sheet: Any, table: Table, home: str) -> None:
    report = styles.report
    sheet.write_string(0, 0, cleaned(table.title), styles.title(bold=True, font_size=14))
    said = [report.marking, *([_("Illustrative data")] if report.illustrative else [])]
    sheet.write_string(1, 0, cleaned(" · ".join(said)), styles.title(bold=True, font_color="#4A5568"))
    if home:
        link = styles.make(font_color="#1B4F9C", underline=1)
        sheet.write_url(2, 0, f"internal:'{home}'!A1", link, _("Contents"))


def _write_filter(styles: Styles, sheet: Any, table: Table, first: int, last: int) -> None:
    for place, (header, column) in enumerate(zip(unique_headers(table.columns), table.columns, strict=True)):
        sheet.write_string(first, place, header, styles.header_of(column.kind))
    sheet.autofilter(first, 0, last, len(table.columns) - 1)


def _write_body(
    styles: Styles,
    sheet: Any,
    table: Table,
    body: Sequence[tuple[Cell, ...]],
    first: int,
    widths: Sequence[int],
) -> None:
    for line, row in enumerate(body, start=first + 1):
        set_height(sheet, line, [cell.text for cell in row], widths)
        for place, (column, cell) in enumerate(zip(table.columns, row, strict=True)):
            write_cell(styles, sheet, line, place, cell, column.kind)


def set_height(
    sheet: Any, line: int, texts: Sequence[str], widths: Sequence[int], *, height: int = 15
) -> None:
    """Room for the lines of the longest text; said aloud, since not every spreadsheet looks for itself."""
    lines = 1
    for text, width in zip(texts, widths, strict=True):
        if len(text) >= width or "\n" in text:
            lines = max(lines, sum(1 + max(len(one) - 1, 0) // (width - 1) for one in text.split("\n")))
    if lines > 1:
        sheet.set_row(line, min(height * lines, HIGHEST))


def write_cell(
    styles: Styles, sheet: Any, line: int, place: int, cell: Cell, kind: str, *, is_leading: bool = False
) -> None:
    """The machine's number or day where there is one, shown as on the screen; otherwise what the text says."""
    side = {"align": "left", "valign": "top"} if is_leading else {"valign": "top"}
    match cell.value:
        case datetime():
            sheet.write_datetime(
                line,
                place,
                cell.value.replace(tzinfo=None),
                styles.make(num_format="yyyy-mm-dd hh:mm", **side),
            )
        case date():
            day = datetime(cell.value.year, cell.value.month, cell.value.day)  # noqa: DTZ001 - a day
            sheet.write_datetime(line, place, day, styles.make(num_format="yyyy-mm-dd", **side))
        case Decimal() if (shown := number_format(cell.text, cell.value)) != GENERAL or kind in NUMBERS:
            sheet.write_number(line, place, float(cell.value), styles.make(num_format=shown, **side))
        case _ if cell.text.strip() not in DASHES:
            text = cleaned(cell.text)
            sheet.write_string(line, place, text, styles.of_text(text, kind=kind))


def unique_headers(columns: Sequence[Column]) -> list[str]:
    """Headers of Excel's table: each once whatever the case, none empty, at most 255 characters."""
    taken: set[str] = set()
    found = []
    for column in columns:
        plain = re.sub(r"\s+", " ", cleaned(column.label)).strip()[:240] or _("Column")
        header, number = plain, 1
        while header.lower() in taken:
            number += 1
            header = f"{plain} ({number})"
        taken.add(header.lower())
        found.append(header)
    return found


def set_widths(sheet: Any, table: Table) -> list[int]:
    """Width of each column, in letters: the longest text of the first rows, within limits."""
    widths = []
    for place, column in enumerate(table.columns):
        texts = [longest_line(row[place].text) for row in table.rows[:LOOKED_AT]]
        longest_word = max((len(word) for word in column.label.split()), default=0) + 4
        wanted = max([longest_word, min(len(column.label) + 4, 18), *(length + 2 for length in texts)])
        widths.append(max(NARROWEST, min(wanted, WIDEST)))
        sheet.set_column(place, place, widths[-1])
    return widths


def _add_table(styles: Styles, sheet: Any, table: Table, first: int, last: int, name: str) -> None:
    headers = unique_headers(table.columns)
    plain = re.sub(r"[^A-Za-z0-9]", "_", name)
    number = len(styles.book.worksheets())
    sheet.add_table(
        first,
        0,
        last,
        len(headers) - 1,
        {
            "name": f"T{number}_{plain}",
            "style": "Table Style Light 9",
            "columns": [
                {"header": header, "header_format": styles.header_of(column.kind)}
                for header, column in zip(headers, table.columns, strict=True)
            ],
        },
    )


# --- Totals: the one place where a formula says the same as the screen -----------------


def total_row(table: Table) -> tuple[Cell, ...] | None:
    """The last row when it is called the total and at least one of its numbers is the sum of those above."""
    if len(table.rows) < 3 or table.rows[-1][0].text not in {_("Total"), _("All")}:
        return None
    sums = [sum_of(table, place) for place in range(1, len(table.columns))]
    return table.rows[-1] if any(one is not None for one in sums) else None


def sum_of(table: Table, place: int) -> Decimal | None:
    """The last number of a column when it is exactly the sum of the numbers above it, none of them missing."""
    numbers = [row[place].value for row in table.rows]
    found = [one for one in numbers if isinstance(one, Decimal)]
    if table.columns[place].kind != "number" or len(found) < len(numbers):
        return None
    return found[-1] if sum(found[:-1]) == found[-1] else None


def _write_total(styles: Styles, sheet: Any, table: Table, first: int, last: int) -> None:
    """Below Excel's table, so that sorting leaves it where it is; sums are live, other figures are as on the screen."""
    line = last + 1
    for place, (column, cell) in enumerate(zip(table.columns, table.rows[-1], strict=True)):
        total = sum_of(table, place)
        if total is None:
            write_cell(styles, sheet, line, place, cell, column.kind)
            continue
        letter = xl_col_to_name(place)
        shown = styles.make(num_format=number_format(cell.text, total), bold=True, top=1)
        formula = f"=SUM({letter}{first + 2}:{letter}{last + 1})"
        sheet.write_formula(line, place, formula, shown, float(total))


# --- A line of Excel beside the table it is drawn from ---------------------------------


def _add_chart(styles: Styles, sheet: Any, figure: Figure, name: str, first: int, last: int) -> None:
    """Numbers over time, drawn by Excel from the cells of the table; gaps stay gaps."""
    columns = figure.table.columns
    lines = [place for place, column in enumerate(columns) if place and column.kind in NUMBERS]
    is_dated = columns[0].kind == "date"
    if not lines or not (is_dated or figure_is_line(figure)):
        return
    chart = styles.book.add_chart({"type": "line"})
    for place in lines:
        chart.add_series(
            {
                "name": [name, first, place],
                "categories": [name, first + 1, 0, last, 0],
                "values": [name, first + 1, place, last, place],
                "marker": {"type": "automatic", "size": 3},
                "line": {"width": 1.75},
            }
        )
    chart.set_title({"name": cleaned(figure.title)[:200], "name_font": {"size": 12}, "overlay": False})
    chart.set_x_axis(
        {"date_axis": True, "num_format": "mmm yyyy"}
        if is_dated
        else {"interval_unit": 1 + (last - first) // MOST_LABELS}
    )
    chart.set_y_axis({"major_gridlines": {"visible": True, "line": {"color": "#D8DEE6"}}})
    chart.set_legend({"position": "bottom"})
    chart.show_blanks_as("gap")
    chart.set_size({"width": 760, "height": 380})
    # Below the header, which is printed on each page, and with it whatever stands beside it.
    sheet.insert_chart(first + 1, len(columns) + 1, chart, {"description": cleaned(figure.summary)[:2000]})


def figure_is_line(figure: Figure) -> bool:
    """Whether the first column names periods, one after the other."""
    labels = [row[0].text for row in figure.table.rows]
    return bool(labels) and all(re.search(r"(19|20)\d\d", label) for label in labels)
