"""A CSV or XLSX file as rows of text, exactly as written. Knows nothing of indicators; never guesses a value.

`NA` stays the text NA, `007` in a text cell stays 007. Numbers and dates of a spreadsheet become the text that a person
would have typed: 30 and not 30.0, 2025-09-30 for a date.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from indicators.entry.evidence import check_package

MAX_BYTES = 50 * 1024 * 1024
MAX_ROWS = 100_000
MAX_COLUMNS = 100
EXACT_BELOW = 10**15
"""Whole numbers of a spreadsheet are exact below this; they are stored in binary."""
_CELL = re.compile(rb'\br="([A-Z]{1,4})([0-9]{1,8})"')


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Column names in order, and the rows that say something, with their numbers as a spreadsheet shows them."""

    name: str
    sha256: str
    columns: tuple[str, ...]
    rows: tuple[tuple[int, dict[str, str]], ...]


def read_table(path: Path) -> Table:
    """The first sheet of a file; ValidationError says why a file cannot be read."""
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise _unreadable(path, _("it has %(mb)s MB; at most 50 were expected") % {"mb": size // 1024**2})
        content = path.read_bytes()
    except OSError as problem:
        raise _unreadable(path, problem.strerror or str(problem)) from None
    is_package = content.startswith(b"PK\x03\x04")
    lines = _read_xlsx(path, content) if is_package else _read_csv(path, content)
    return _as_table(path, content, lines)


def _as_table(path: Path, content: bytes, lines: Iterable[Sequence[str]]) -> Table:
    lines = iter(lines)
    columns = tuple(_column_name(one) for one in next(lines, []))
    while columns and columns[-1] == "":
        columns = columns[:-1]
    _check_columns(path, columns)
    rows = []
    for number, line in enumerate(lines, start=2):
        if number > MAX_ROWS + 1:
            raise _unreadable(path, _("it has more than %(limit)s rows") % {"limit": MAX_ROWS})
        cells = [cell.strip() for cell in line]
        if not any(cells):
            continue
        if any(cells[len(columns) :]):
            raise _unreadable(
                path,
                _("row %(row)s has %(given)s cells; %(expected)s were expected, as in the first row")
                % {"row": number, "given": len(cells), "expected": len(columns)},
            )
        cells += [""] * (len(columns) - len(cells))
        rows.append((number, dict(zip(columns, cells[: len(columns)], strict=True))))
    return Table(
        name=path.name, sha256=hashlib.sha256(content).hexdigest(), columns=columns, rows=tuple(rows)
    )


def _column_name(text: str) -> str:
    return re.sub(r"\s+", "_", text.strip()).lower()


def _check_columns(path: Path, columns: Sequence[str]) -> None:
    if not columns:
        raise _unreadable(path, _("its first row is empty; names of columns were expected"))
    if len(columns) > MAX_COLUMNS:
        raise _unreadable(path, _("it has more than %(limit)s columns") % {"limit": MAX_COLUMNS})
    if "" in columns:
        raise _unreadable(path, _("column %(number)s has no name") % {"number": columns.index("") + 1})
    twice = sorted({one for one in columns if columns.count(one) > 1})
    if twice:
        raise _unreadable(path, _("these columns stand in it twice: %(names)s") % {"names": ", ".join(twice)})


# --- CSV ---------------------------------------------------------------------------------------------------------


def _read_csv(path: Path, content: bytes) -> Iterable[list[str]]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        raise _unreadable(
            path, _("byte %(at)s is not UTF-8; save it as “CSV UTF-8”") % {"at": problem.start}
        ) from None
    if "\x00" in text:
        raise _unreadable(path, _("it is neither a spreadsheet (XLSX) nor text (CSV)"))
    head = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=head.count)
    csv.field_size_limit(100_000)
    try:
        yield from csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    except csv.Error as problem:
        raise _unreadable(path, str(problem)) from None


# --- XLSX --------------------------------------------------------------------------------------------------------


def _read_xlsx(path: Path, content: bytes) -> Iterable[list[str]]:
    import python_calamine  # here, so that a web process does not carry it

    _check_extent(path, content)
    try:
        workbook = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
        lines = workbook.get_sheet_by_index(0).to_python(skip_empty_area=False)
    except (python_calamine.CalamineError, OSError, ValueError, IndexError) as problem:
        raise _unreadable(path, str(problem)) from None
    return ([cell_text(cell) for cell in line] for line in lines)


def _check_extent(path: Path, content: bytes) -> None:
    """Refuse bombs and sheets with a lone cell at the far end, before anything is unpacked into memory."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            check_package(package)
            for name in package.namelist():
                if name.startswith("xl/worksheets/") and name.endswith(".xml"):
                    _check_sheet(path, package, name)
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError, EOFError, RuntimeError):
        raise _unreadable(path, _("it is damaged")) from None


def _check_sheet(path: Path, package: zipfile.ZipFile, name: str) -> None:
    with package.open(name) as sheet:
        rest = b""
        while chunk := sheet.read(1024 * 1024):
            chunk = rest + chunk
            for column, row in _CELL.findall(chunk):
                if int(row) > MAX_ROWS + 1 or len(column) > 2 or (len(column) == 2 and column > b"CV"):
                    raise _unreadable(
                        path,
                        _("a cell stands beyond row %(rows)s or column %(columns)s")
                        % {"rows": MAX_ROWS, "columns": MAX_COLUMNS},
                    )
            rest = chunk[-32:]


def cell_text(cell: Any) -> str:
    """A spreadsheet's cell as the text that a person would have typed."""
    match cell:
        case bool():
            return "TRUE" if cell else "FALSE"
        case float() if cell.is_integer() and abs(cell) < EXACT_BELOW:
            return str(int(cell))
        case datetime() if cell.time() == time():
            return cell.date().isoformat()
        case date() | datetime() | time():
            return cell.isoformat()
        case _:
            return str(cell)


def _unreadable(path: Path, why: str) -> ValidationError:
    return ValidationError(
        _("“%(name)s” cannot be read: %(why)s."), code="unreadable", params={"name": path.name, "why": why}
    )
