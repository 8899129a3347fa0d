"""Tables as CSV and XLSX that are safe to open. Queries nothing, decides nothing."""

from __future__ import annotations

import csv
import io
import re
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import xlsxwriter
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from indicators.reports.cells import Cell
from indicators.reports.tables import ILLUSTRATIVE, Table

BOM = "\ufeff"
LONGEST = 32_000
"""A spreadsheet cell holds 32,767 characters."""
WIDE = {"name", "objective", "refusal", "about", "what", "rule", "substituted"}
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_INVISIBLE = "\\s\u00a0\u00ad\u200b-\u200f\u2028-\u202f\u2060-\u2069\ufeff"
_FORMULA = re.compile(
    rf"(^|[\r\n\u2028\u2029])(?=[{_INVISIBLE}]*[=+\-@\uff1d\uff0b\uff0d\uff20\u2212\ufe62\ufe63\ufe66\ufe6b])"
)
_LEADING = re.compile(r"^[\t\r\n]")


def safe_text(value: str) -> str:
    """Text that no spreadsheet reads as a formula: an apostrophe before what could begin one (TRUST 3.4).

    Looks behind leading spaces and invisible characters, at full-width signs, and at every new line of the cell.

    >>> safe_text("=1+1"), safe_text("A = B"), safe_text(" -2")
    ("'=1+1", 'A = B', "' -2")
    """
    cleaned = _CONTROL.sub("", value)[:LONGEST]
    guarded = _FORMULA.sub(r"\1'", cleaned)
    return f"'{guarded}" if _LEADING.match(guarded) else guarded


def plain_number(value: int | Decimal) -> str:
    """All digits as stored, a point, no exponent, no trailing zeros; a negative number stays a number."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def headers(table: Table) -> list[str]:
    """The columns and the two that make a row understandable when it is copied elsewhere."""
    return [column.header for column in table.columns] + [_("Marking"), _("Kind of data")]


def kind_of_data(*, is_illustrative: bool) -> str:
    return _(ILLUSTRATIVE) if is_illustrative else _("Reported")


def write_csv(table: Table) -> bytes:
    """UTF-8 with a byte-order mark, every cell quoted."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow([safe_text(header) for header in headers(table)])
    for row in table.rows:
        line = [_csv_cell(row.cells[column.key]) for column in table.columns]
        writer.writerow([*line, row.marking, kind_of_data(is_illustrative=row.is_illustrative)])
    return (BOM + buffer.getvalue()).encode()


def _csv_cell(cell: Cell) -> str:
    match cell.value:
        case None:
            return ""
        case str():
            return safe_text(cell.value)
        case date():
            return cell.value.isoformat()
        case _:
            return plain_number(cell.value)


def write_xlsx(table: Table, *, by: str, at: datetime) -> bytes:
    """A workbook with the sheets Data, Explanation where there is one, and About. Text is text, numbers are numbers."""
    output = io.BytesIO()
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "default_date_format": "yyyy-mm-dd",
    }
    with xlsxwriter.Workbook(output, options) as book:
        book.set_properties({"title": _cleaned(table.title), "author": "", "comments": table.marking})
        _write_sheet(book, table, _("Data"))
        if table.explanation is not None:
            _write_sheet(book, table.explanation, _("Explanation"))
        _write_about(book, table, by=by, at=at)
    return output.getvalue()


def _write_sheet(book: Any, table: Table, name: str) -> None:
    sheet = book.add_worksheet(name[:31])
    bold = book.add_format({"bold": True})
    header = book.add_format(
        {"bold": True, "text_wrap": True, "valign": "top", "bottom": 1, "bg_color": "#E8EDF3"}
    )
    formats: dict[str, Any] = {}
    names = headers(table)
    for position, column in enumerate(table.columns):
        sheet.set_column(position, position, 32 if column.key in WIDE else 14)
    sheet.set_header(f"&C{table.marking}")
    sheet.set_footer(f"&C{table.marking}")
    line = 0
    for banner in banners(table):
        sheet.write_string(line, 0, _cleaned(banner), bold)
        line += 1
    for position, name in enumerate(names):
        sheet.write_string(line, position, _cleaned(name), header)
    sheet.freeze_panes(line + 1, 0)
    sheet.repeat_rows(line)
    first = line
    for row in table.rows:
        line += 1
        for position, column in enumerate(table.columns):
            _write_cell(book, sheet, formats, line, position, row.cells[column.key])
        sheet.write_string(line, len(names) - 2, row.marking)
        kind = kind_of_data(is_illustrative=row.is_illustrative)
        sheet.write_string(line, len(names) - 1, _cleaned(kind))
    sheet.autofilter(first, 0, max(line, first + 1), len(names) - 1)


def banners(table: Table) -> list[str]:
    """What stands above every report: its marking, and that its figures are illustrative."""
    marking = table.marking
    if table.releasable_to:
        marking += " · " + _("Releasable to %(names)s") % {"names": table.releasable_to}
    return [marking, *([_(ILLUSTRATIVE)] if table.is_illustrative else [])]


def _write_cell(book: Any, sheet: Any, formats: dict[str, Any], line: int, position: int, cell: Cell) -> None:
    match cell.value:
        case None:
            return
        case str():
            sheet.write_string(line, position, _cleaned(cell.value))
        case date():
            sheet.write_datetime(line, position, datetime(cell.value.year, cell.value.month, cell.value.day))  # noqa: DTZ001 - a day
        case _:
            pattern = _pattern(cell)
            if pattern not in formats:
                formats[pattern] = book.add_format({"num_format": pattern})
            sheet.write_number(line, position, float(cell.value), formats[pattern])


def _pattern(cell: Cell) -> str:
    """The number format that shows the digits that the screen shows."""
    shown = re.search(r"\.(\d+)", cell.text)
    decimals = "." + "0" * len(shown.group(1)) if shown else ""
    return f"0{decimals}%" if cell.is_share else f"#,##0{decimals}"


def _write_about(book: Any, table: Table, *, by: str, at: datetime) -> None:
    sheet = book.add_worksheet(_("About")[:31])
    bold = book.add_format({"bold": True})
    sheet.set_column(0, 0, 24)
    sheet.set_column(1, 1, 80)
    for line, (label, text) in enumerate(about(table, by=by, at=at)):
        sheet.write_string(line, 0, _cleaned(label), bold)
        sheet.write_string(line, 1, _cleaned(text))


def about(table: Table, *, by: str, at: datetime) -> list[tuple[str, str]]:
    """When, by whom, as of which day, by which method: the same facts under every export."""
    rows = len(table.rows)
    facts = [
        (_("Report"), table.title),
        (_("Marking"), banners(table)[0]),
        (_("Kind of data"), kind_of_data(is_illustrative=table.is_illustrative)),
        (_("As of"), table.as_of.isoformat()),
        (_("Made at"), f"{at:%Y-%m-%d %H:%M} UTC"),
        (_("Made by"), by),
        (_("Method version"), table.method_version),
        (_("Rows"), ngettext("%(count)s row", "%(count)s rows", rows) % {"count": rows}),
        (_("Missing"), _("An empty cell was not reported or could not be computed; it is never zero.")),
    ]
    return facts + [(_("Note"), note) for note in table.notes]


def _cleaned(text: str) -> str:
    return _CONTROL.sub("", text)[:LONGEST]
