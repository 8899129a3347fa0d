"""What a file is, looked at in a bounded way, and its tables as lines of text. Knows nothing of indicators.

A workbook is unpacked in a child process with limits of its own (`workbook.py`); CSV, JSON and XML are read here.
"""

from __future__ import annotations

import codecs
import csv
import hashlib
import io
import itertools
import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from indicators.entry.evidence import check_package
from indicators.entry.importing import dhis2

MEGABYTE = 1024 * 1024
MAX_BYTES = 200 * MEGABYTE
MAX_TREE_BYTES = 50 * MEGABYTE
"""Of JSON, which is read as a whole."""
MAX_ROWS = 1_200_000
MAX_COLUMNS = 500
MAX_CELL = 100_000
SAMPLE = 64 * 1024
ENCODINGS = {"utf-8": "UTF-8", "utf-16": "UTF-16", "cp1252": "Windows-1252", "cp1256": "Windows-1256"}
DELIMITERS = {",": _(","), ";": ";", "\t": "Tab", "|": "|"}
CHILD = Path(__file__).with_name("workbook.py")

Line = tuple[int, list[str]]
"""Its number in the file, and its cells, each without spaces around."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A file that was looked at."""

    path: Path
    name: str
    kind: str
    """csv, workbook, json or xml."""
    tables: tuple[str, ...] = ()
    """The sheets of a workbook."""
    encoding: str = "utf-8"
    is_certain: bool = True
    """Whether the encoding follows from the file; otherwise somebody must say."""
    delimiter: str = ","


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def open_file(path: Path, name: str) -> Opened:
    """What kind of file it is. ValidationError says why a file cannot be read."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(SAMPLE)
    except OSError as problem:
        raise unreadable(name, problem.strerror or str(problem)) from None
    if size > MAX_BYTES:
        raise unreadable(
            name,
            _("it has %(mb)s MB; at most %(limit)s were expected")
            % {"mb": size // MEGABYTE, "limit": MAX_BYTES // MEGABYTE},
        )
    if head.startswith(b"PK\x03\x04"):
        return _open_workbook(path, name)
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        raise unreadable(name, _("it is an old or protected Excel file; save it as XLSX without a password"))
    start = head.removeprefix(codecs.BOM_UTF8).lstrip()
    if start.startswith(b"<"):
        return Opened(path=path, name=name, kind="xml")
    if start.startswith(b"{"):
        if size > MAX_TREE_BYTES:
            raise unreadable(
                name,
                _("it has %(mb)s MB; at most %(limit)s were expected of JSON")
                % {"mb": size // MEGABYTE, "limit": MAX_TREE_BYTES // MEGABYTE},
            )
        return Opened(path=path, name=name, kind="json")
    return _open_text(path, name, head)


@contextmanager
def reading(
    opened: Opened, *, table: str = "", encoding: str = "", delimiter: str = ""
) -> Iterator[Iterator[Line]]:
    """The lines of one table, read while they are asked for; ValidationError when the file turns out to be broken."""
    match opened.kind:
        case "workbook":
            lines: Any = _workbook_lines(opened, table)
        case "json":
            lines = dhis2.json_lines(opened.path, opened.name)
        case "xml":
            lines = dhis2.xml_lines(opened.path, opened.name)
        case _:
            lines = _csv_lines(opened, encoding or opened.encoding, delimiter or opened.delimiter)
    with closing(lines):
        yield _bounded(opened, lines)


def _bounded(opened: Opened, lines: Iterator[list[str]]) -> Iterator[Line]:
    for number, line in enumerate(lines, start=1):
        if number > MAX_ROWS:
            raise unreadable(opened.name, _("it has more than %(limit)s rows") % {"limit": MAX_ROWS})
        if len(line) > MAX_COLUMNS:
            raise unreadable(opened.name, _("it has more than %(limit)s columns") % {"limit": MAX_COLUMNS})
        yield number, line


def unreadable(name: str, why: str) -> ValidationError:
    return ValidationError(
        _("“%(name)s” cannot be read: %(why)s."), code="unreadable", params={"name": name, "why": why}
    )


# --- Text --------------------------------------------------------------------------------------------------------


def _open_text(path: Path, name: str, head: bytes) -> Opened:
    encoding, is_certain = _encoding_of(path, head)
    text = head.decode(encoding, errors="replace")
    if "\x00" in text:
        raise unreadable(name, _("it is neither a spreadsheet (XLSX, ODS) nor text (CSV)"))
    return Opened(
        path=path,
        name=name,
        kind="csv",
        encoding=encoding,
        is_certain=is_certain,
        delimiter=_delimiter_of(text),
    )


def _encoding_of(path: Path, head: bytes) -> tuple[str, bool]:
    """A byte-order mark decides, or that all of it is UTF-8; otherwise the likelier of two is proposed."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16", True
    if bad_byte(path) is None:
        return "utf-8", True
    # Letters of Windows-1256 lie close together; in Western text, single bytes stand among ASCII letters.
    strange = [head[i] for i in range(1, len(head)) if head[i] > 127]
    beside = sum(1 for i in range(1, len(head)) if head[i] > 127 and head[i - 1] > 127)
    return ("cp1256" if strange and beside > len(strange) / 2 else "cp1252"), False


def bad_byte(path: Path) -> int | None:
    """The place of the first byte that is not UTF-8; None when all are."""
    decoder, read = codecs.getincrementaldecoder("utf-8")(), 0
    with path.open("rb") as file:
        while chunk := file.read(MEGABYTE):
            try:
                decoder.decode(chunk)
            except UnicodeDecodeError as problem:
                return read + problem.start
            read += len(chunk)
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return read
    return None


def _delimiter_of(text: str) -> str:
    """The sign that parts most lines into the same number of cells."""
    lines = [line for line in text.splitlines()[:40] if line.strip()]

    def score(sign: str) -> tuple[int, int]:
        counts = [line.count(sign) for line in lines if sign in line]
        usual = max(set(counts), key=counts.count) if counts else 0
        return counts.count(usual) if counts else 0, usual

    return max(DELIMITERS, key=score)


def _csv_lines(opened: Opened, encoding: str, delimiter: str) -> Iterator[list[str]]:
    csv.field_size_limit(MAX_CELL)
    codec = "utf-8-sig" if encoding == "utf-8" else encoding
    with opened.path.open(encoding=codec, newline="") as file:
        lines = csv.reader(_without_nul(opened, file), delimiter=delimiter, strict=True)
        try:
            for line in lines:
                yield [cell.strip() for cell in line]
        except csv.Error as problem:
            raise unreadable(
                opened.name,
                _("line %(line)s: %(problem)s") % {"line": lines.line_num, "problem": problem},
            ) from None
        except UnicodeError as problem:
            where = getattr(problem, "start", "?")
            raise unreadable(
                opened.name,
                _("byte %(at)s is not %(encoding)s; save it as “CSV UTF-8”")
                % {"at": where, "encoding": ENCODINGS.get(encoding, encoding)},
            ) from None


def _without_nul(opened: Opened, file: Any) -> Iterator[str]:
    for line in file:
        if "\x00" in line:
            raise unreadable(opened.name, _("it is neither a spreadsheet (XLSX, ODS) nor text (CSV)"))
        yield line


# --- Workbooks ---------------------------------------------------------------------------------------------------


def _open_workbook(path: Path, name: str) -> Opened:
    try:
        with zipfile.ZipFile(path) as package:
            check_package(package)
            is_workbook = "xl/workbook.xml" in package.namelist() or "content.xml" in package.namelist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError, EOFError, RuntimeError):
        raise unreadable(name, _("it is damaged")) from None
    if not is_workbook:
        raise unreadable(name, _("it is a package, but no workbook (XLSX, ODS)"))
    with _child(path, name, "tables") as output:
        tables = tuple(json.loads(output.read()))
    if not tables:
        raise unreadable(name, _("it has no sheet"))
    return Opened(path=path, name=name, kind="workbook", tables=tables)


def _workbook_lines(opened: Opened, table: str) -> Iterator[list[str]]:
    if table and table not in opened.tables:
        raise unreadable(
            opened.name,
            _("there is no sheet “%(given)s”; there are: %(known)s")
            % {"given": table, "known": ", ".join(opened.tables[:20])},
        )
    number = opened.tables.index(table) if table else 0
    with _child(opened.path, opened.name, "lines", str(number)) as output:
        csv.field_size_limit(MAX_CELL)
        for line in csv.reader(output):
            yield [cell.strip() for cell in line]


@contextmanager
def _child(path: Path, name: str, *what: str) -> Iterator[Any]:
    """What the child writes. It has its own limits of memory and time, so that no workbook takes the worker down."""
    process = subprocess.Popen(
        [sys.executable, "-I", str(CHILD), str(path), *what, str(MAX_ROWS), str(MAX_COLUMNS)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    output = io.TextIOWrapper(process.stdout, encoding="utf-8", errors="surrogatepass", newline="")
    is_whole = False
    try:
        yield output
        is_whole = True
    except (ValueError, csv.Error):  # The child broke off; its own reason says more than half a line.
        pass
    except BaseException:  # Whoever reads has seen enough.
        process.kill()
        raise
    finally:
        output.close()
        said = process.stderr.read().decode(errors="replace")
        process.stderr.close()
        process.wait()
    if process.returncode != 0 or not is_whole:
        raise unreadable(name, _refusal_of(said))


def _refusal_of(said: str) -> str:
    last = said.strip().splitlines()[-1] if said.strip() else ""
    code, _colon, rest = last.partition(":")
    if code == "TOO FAR":
        return _("a cell stands beyond row %(rows)s or column %(columns)s") % {
            "rows": MAX_ROWS,
            "columns": MAX_COLUMNS,
        }
    if code == "PERCENT":
        return _("it shows percentages, which ODS gives as bare numbers; save it as XLSX")
    if code == "BROKEN":
        return rest.strip()[:200]
    return _("it is damaged, or needs more memory or time to unpack than is allowed")


def head_of(lines: Iterator[Line], count: int) -> list[Line]:
    return list(itertools.islice(lines, count))
