"""What every CSV and workbook needs to be safe to open: text that stays text. Knows no table and no model."""

from __future__ import annotations

import re
from typing import IO, Any

LONGEST = 32_000
"""A spreadsheet cell holds 32,767 characters."""
MOST_DIGITS = 15
"""A spreadsheet keeps that many digits of a number."""
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_INVISIBLE = "\\s\u00a0\u00ad\u200b-\u200f\u2028-\u202f\u2060-\u2069\ufeff"
_FORMULA = re.compile(
    rf"(^|[\r\n\u2028\u2029])(?=[{_INVISIBLE}]*[=+\-@\uff1d\uff0b\uff0d\uff20\u2212\ufe62\ufe63\ufe66\ufe6b])"
)
_LEADING = re.compile(r"^[\t\r\n]")
_NUMBER = re.compile(r"[+-]?\d[\d,]*(?:\.\d*)?|[+-]?\.\d+", re.ASCII)


def cleaned(text: str) -> str:
    """Text for a cell that is typed as text (XLSX): no control characters, not longer than a cell."""
    return _CONTROL.sub("", text)[:LONGEST]


def safe_text(value: str) -> str:
    """Text that no spreadsheet reads as a formula: an apostrophe before what could begin one (TRUST 3.4).

    Looks behind leading spaces and invisible characters, at full-width signs, and at every new line of the cell.

    >>> safe_text("=1+1"), safe_text("A = B"), safe_text(" -2")
    ("'=1+1", 'A = B', "' -2")
    """
    guarded = _FORMULA.sub(r"\1'", cleaned(value))
    return f"'{guarded}" if _LEADING.match(guarded) else guarded


def safe_cell(value: str) -> str:
    """As `safe_text`, for cells in which a number with its sign may stand as text.

    >>> safe_cell("-2.5"), safe_cell("-2+3")
    ('-2.5', "'-2+3")
    """
    return value if _NUMBER.fullmatch(value) else safe_text(value)


def could_run(text: str) -> bool:
    """Whether cleaned text that is typed as text would begin a formula once somebody edits its cell."""
    return _FORMULA.search(text) is not None or _LEADING.match(text) is not None


def open_workbook(output: IO[bytes], *, is_long: bool = True) -> Any:
    """An XLSX writer that never makes a formula or a link of a text.

    Imported here: a web process that writes no workbook loads none of it.

    Args:
        is_long: rows are written one after the other and not kept in memory.
    """
    import xlsxwriter

    return xlsxwriter.Workbook(
        output,
        {
            "constant_memory": is_long,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
            "default_date_format": "yyyy-mm-dd",
        },
    )
