"""Tables as CSV, XLSX and JSON that are safe to open. Queries nothing, decides nothing."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from indicators.reports.cells import Cell
from indicators.reports.tables import ILLUSTRATIVE, Table
from indicators.spreadsheets import cleaned, open_workbook, safe_text

BOM = "\ufeff"
WIDE = {"name", "objective", "refusal", "about", "what", "rule", "substituted"}


def plain_number(value: int | Decimal) -> str:
    """All digits as stored, a point, no exponent, no trailing zeros; a negative number stays a number."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def headers(table: Table) -> list[str]:
    """The columns and the two that make a row understandable when it is copied elsewhere."""
    return [column.header for column in table.columns] + [_("Marking"), _("Kind of data")]


def kind_of_data(*, is_illustrative: bool) -> str:
    return _(ILLUSTRATIVE) if is_illustrative else _("Reported")


def write_csv(table: Table, *, by: str, at: datetime) -> bytes:
    """UTF-8 with a byte-order mark, every cell quoted; when it was made stands in each row, having no other place."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow([safe_text(header) for header in [*headers(table), _("Made at")]])
    made = made_at(at)
    for row in table.rows:
        line = [_csv_cell(row.cells[column.key]) for column in table.columns]
        writer.writerow([*line, row.marking, kind_of_data(is_illustrative=row.is_illustrative), made])
    return (BOM + buffer.getvalue()).encode()


def made_at(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"


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


def write_json(table: Table, *, by: str, at: datetime) -> bytes:
    """The same rows under the same keys in every language. Numbers are numbers, days ISO dates, missing is null."""
    document = {
        "report": table.name,
        "key": table.key,
        "title": table.title,
        "marking": table.marking,
        "releasable_to": table.releasable_to,
        "is_illustrative": table.is_illustrative,
        "as_of": table.as_of.isoformat(),
        "made_at": at.isoformat(timespec="seconds"),
        "made_by": by,
        "method_version": table.method_version,
        "notes": list(table.notes),
        "columns": [
            {"key": column.key, "header": str(column.header), "kind": str(column.kind)}
            for column in table.columns
        ],
        "rows": [
            {column.key: _json_value(row.cells[column.key]) for column in table.columns}
            | {"_marking": row.marking, "_is_illustrative": row.is_illustrative}
            for row in table.rows
        ],
    }
    return json.dumps(document, ensure_ascii=False, allow_nan=False).encode("utf-8", errors="replace")


def _json_value(cell: Cell) -> str | int | float | None:
    match cell.value:
        case date():
            return cell.value.isoformat()
        case Decimal():
            return int(cell.value) if cell.value == cell.value.to_integral_value() else float(cell.value)
        case _:
            return cell.value


def write_xlsx(table: Table, *, by: str, at: datetime) -> bytes:
    """A workbook with the sheets Data, Explanation where there is one, and About. Text is text, numbers are numbers."""
    output = io.BytesIO()
    with open_workbook(output) as book:
        book.set_properties({"title": cleaned(table.title), "author": "", "comments": table.marking})
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
        sheet.write_string(line, 0, cleaned(banner), bold)
        line += 1
    for position, name in enumerate(names):
        sheet.write_string(line, position, cleaned(name), header)
    sheet.freeze_panes(line + 1, 0)
    sheet.repeat_rows(line)
    first = line
    for row in table.rows:
        line += 1
        for position, column in enumerate(table.columns):
            _write_cell(book, sheet, formats, line, position, row.cells[column.key])
        sheet.write_string(line, len(names) - 2, row.marking)
        kind = kind_of_data(is_illustrative=row.is_illustrative)
        sheet.write_string(line, len(names) - 1, cleaned(kind))
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
            sheet.write_string(line, position, cleaned(cell.value))
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
        sheet.write_string(line, 0, cleaned(label), bold)
        sheet.write_string(line, 1, cleaned(text))


def about(table: Table, *, by: str, at: datetime) -> list[tuple[str, str]]:
    """When, by whom, as of which day, by which method: the same facts under every export."""
    rows = len(table.rows)
    facts = [
        (_("Report"), table.title),
        (_("Marking"), banners(table)[0]),
        (_("Kind of data"), kind_of_data(is_illustrative=table.is_illustrative)),
        (_("As of"), table.as_of.isoformat()),
        (_("Made at"), made_at(at)),
        (_("Made by"), by),
        (_("Method version"), table.method_version),
        (_("Rows"), ngettext("%(count)s row", "%(count)s rows", rows) % {"count": rows}),
        (_("Missing"), _("An empty cell was not reported or could not be computed; it is never zero.")),
    ]
    return facts + [(_("Note"), note) for note in table.notes]


WRITERS: dict[str, tuple[Callable[..., bytes], str]] = {
    "csv": (write_csv, "text/csv; charset=utf-8"),
    "xlsx": (write_xlsx, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    "json": (write_json, "application/json"),
}
"""By ending: what writes the file, and what it is called on the way. All take the table, `by` and `at`."""
