"""A program of its own: writes one sheet of a workbook as CSV. Run by path, so that it loads nothing else.

    workbook.py FILE tables MAX_ROWS MAX_COLUMNS      the names of the sheets, as JSON
    workbook.py FILE lines NUMBER MAX_ROWS MAX_COLUMNS

Cells become the text that a person would have typed: 30 and not 30.0, 2025-09-30 for a date, 45% for a percentage;
the text NA stays NA. A merged cell says its words in each cell that it covers; a number stands once, or one figure
would become several. Dates follow the workbook's own epoch.
"""

from __future__ import annotations

import csv
import io
import json
import posixpath
import re
import resource
import sys
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

MEMORY = 2 * 1024**3
SECONDS = 120
EXACT_BELOW = 10**15
"""Whole numbers of a spreadsheet are exact below this; they are stored in binary."""
MAX_MERGED = 100_000
MAX_STYLED = 2_000_000
PERCENT_FORMATS = {9, 10}
_CELL = re.compile(rb"<(?:\w+:)?c\b([^>]*)>")
_NUMBER = re.compile(r"[-+0-9.,%]+")
_AT = re.compile(rb'\br="([A-Z]{1,4})([0-9]{1,8})"')
_STYLE = re.compile(rb'\bs="([0-9]{1,6})"')


class Untold(Exception):
    """A percentage of which only the bare number is given: 0.45 for 45%."""


class TooFar(Exception):
    """A lone cell at the far end of a sheet."""


def main(path: str, what: str, *rest: str) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    import python_calamine

    max_rows, max_columns = int(rest[-2]), int(rest[-1])
    try:
        if what == "tables":
            print(json.dumps(python_calamine.CalamineWorkbook.from_path(path).sheet_names))
            return
        number = int(rest[0])
        percents = _percents(path, number, max_rows, max_columns)
        workbook = python_calamine.CalamineWorkbook.from_path(path)
        _write_lines(workbook, number, percents, max_rows, max_columns)
    except TooFar:
        sys.exit("TOO FAR: ")
    except Untold:
        sys.exit("PERCENT: ")
    except (BrokenPipeError, KeyboardInterrupt):
        sys.exit(1)
    except (
        python_calamine.CalamineError,
        OSError,
        ValueError,
        IndexError,
        KeyError,
        zipfile.BadZipFile,
    ) as problem:
        sys.exit(f"BROKEN: {' '.join(str(problem).split()) or type(problem).__name__}")


def _write_lines(
    workbook: Any, number: int, percents: set[tuple[int, int]], max_rows: int, max_columns: int
) -> None:
    sheet = workbook.get_sheet_by_index(number)
    end = sheet.end
    if end is not None and (end[0] >= max_rows or end[1] >= max_columns):
        raise TooFar
    output = csv.writer(io.TextIOWrapper(sys.stdout.buffer, "utf-8", errors="surrogatepass", newline=""))
    merged, labels = _merged(sheet), dict[tuple[int, int], str]()
    top, left = sheet.start or (0, 0)
    for _row in range(top):
        output.writerow([""])
    for row, line in enumerate(sheet.iter_rows(), start=top):
        cells = [""] * left + [
            _text(cell, is_percent=(row, column) in percents) for column, cell in enumerate(line, start=left)
        ]
        for column, first in merged.get(row, {}).items():
            if column < len(cells):
                cells[column] = cells[column] or labels.get(first, "")
                if first == (row, column) and not _NUMBER.fullmatch(cells[column]):
                    labels[first] = cells[column]
        output.writerow(cells)


def _merged(sheet: Any) -> dict[int, dict[int, tuple[int, int]]]:
    """For each row, the columns that lie in a merged cell, and where that begins."""
    found: dict[int, dict[int, tuple[int, int]]] = {}
    count = 0
    for (top, left), (bottom, right) in sheet.merged_cell_ranges or ():
        count += (bottom - top + 1) * (right - left + 1)
        if count > MAX_MERGED:
            return found
        for row in range(top, bottom + 1):
            for column in range(left, right + 1):
                found.setdefault(row, {})[column] = (top, left)
    return found


def _text(cell: Any, *, is_percent: bool = False) -> str:
    match cell:
        case bool():
            return "TRUE" if cell else "FALSE"
        case float() | int() if is_percent:
            return f"{_plain(Decimal(repr(cell)) * 100)}%"
        case float() if cell.is_integer() and abs(cell) < EXACT_BELOW:
            return str(int(cell))
        case datetime() if cell.time() == time():
            return cell.date().isoformat()
        case date() | datetime() | time():
            return cell.isoformat()
        case _:
            return str(cell)


def _plain(number: Decimal) -> str:
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


# --- Which cells show a percentage: calamine gives their bare number ------------------------------------------------


def _percents(path: str, number: int, max_rows: int, max_columns: int) -> set[tuple[int, int]]:
    """The cells of the sheet with a percent format; TooFar for a cell beyond the limits, Untold for ODS."""
    found: set[tuple[int, int]] = set()
    with zipfile.ZipFile(path) as package:
        if "content.xml" in package.namelist() and _shows_percentages(package):
            raise Untold
        sheet = _sheet_path(package, number)
        if sheet is None:
            return found
        styles = _percent_styles(package)
        for attributes in _cells(package, sheet):
            at = _AT.search(attributes)
            if at is None or attributes.endswith(b"/"):  # Formatted, and empty.
                continue
            row, column = int(at[2]) - 1, _column_number(at[1])
            if row >= max_rows or column >= max_columns:
                raise TooFar
            style = _STYLE.search(attributes) if styles else None
            if style is not None and int(style[1]) in styles and len(found) < MAX_STYLED:
                found.add((row, column))
    return found


def _shows_percentages(package: zipfile.ZipFile) -> bool:
    with package.open("content.xml") as file:
        rest = b""
        while chunk := file.read(1024 * 1024):
            if b'office:value-type="percentage"' in rest + chunk:
                return True
            rest = chunk[-64:]
    return False


def _cells(package: zipfile.ZipFile, name: str) -> Iterator[bytes]:
    with package.open(name) as file:
        rest = b""
        while chunk := file.read(1024 * 1024):
            chunk = rest + chunk
            cut = chunk.rfind(b">") + 1
            rest = chunk[cut:][-65536:]
            for found in _CELL.finditer(chunk, 0, cut):
                yield found[1]


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number - 1


def _sheet_path(package: zipfile.ZipFile, number: int) -> str | None:
    names = set(package.namelist())
    if "xl/workbook.xml" not in names or "xl/_rels/workbook.xml.rels" not in names:
        return None
    links = dict(
        _pairs(
            package.read("xl/_rels/workbook.xml.rels"), rb"<(?:\w+:)?Relationship\b[^>]*>", b"Id", b"Target"
        )
    )
    sheets = re.findall(rb"<(?:\w+:)?sheet\b[^>]*>", package.read("xl/workbook.xml"))
    if number >= len(sheets):
        return None
    link = re.search(rb'\b\w+:id="([^"]+)"', sheets[number])
    target = links.get(link[1], b"").decode(errors="replace") if link else ""
    path = target.lstrip("/") if target.startswith("/") else posixpath.normpath(posixpath.join("xl", target))
    return path if path in names else None


def _pairs(content: bytes, tag: bytes, key: bytes, value: bytes) -> Iterator[tuple[bytes, bytes]]:
    for found in re.findall(tag, content):
        first = re.search(rb"\b" + key + rb'="([^"]*)"', found)
        second = re.search(rb"\b" + value + rb'="([^"]*)"', found)
        if first and second:
            yield first[1], second[1]


def _percent_styles(package: zipfile.ZipFile) -> set[int]:
    if "xl/styles.xml" not in package.namelist():
        return set()
    content = package.read("xl/styles.xml")
    custom = {
        int(number)
        for number, code in _pairs(content, rb"<(?:\w+:)?numFmt\b[^>]*>", b"numFmtId", b"formatCode")
        if b"%" in code and number.isdigit()
    }
    formats = re.search(rb"<(?:\w+:)?cellXfs\b.*?</(?:\w+:)?cellXfs>", content, re.DOTALL)
    uses = re.findall(rb"<(?:\w+:)?xf\b[^>]*?\bnumFmtId=\"([0-9]+)\"", formats[0] if formats else b"")
    return {place for place, number in enumerate(uses) if int(number) in custom | PERCENT_FORMATS}


if __name__ == "__main__":
    main(*sys.argv[1:])
