"""How a spreadsheet must show a number so that it reads as on the screen. Computes and rounds no fact."""

from __future__ import annotations

import re
from decimal import Decimal

GENERAL = "General"
LONGEST_WORDS = 40
_GROUPS = {0xA0: None, 0x202F: None}
_NUMERAL = re.compile(
    r"(?P<sign>[\N{MINUS SIGN}+-]?)(?P<whole>\d{1,3}(?:[\u00a0\u202f]\d{3})+|\d+)(?:\.(?P<part>\d+))?",
    re.ASCII,
)


def number_format(text: str, value: Decimal) -> str:
    """The number format under which `value` reads as `text`: its decimals, sign, unit and percent sign.

    A share is shown in hundredths; an interval behind the number stays as words.
    `General` where the text is not that number, such as ``18/58``.

    >>> number_format("91.7 %", Decimal("0.9166")), number_format("12.50 km", Decimal("12.5"))
    ('0.0 %', '0.00" km"')
    """
    found = _NUMERAL.search(text)
    if found is None:
        return GENERAL
    before, after = text[: found.start()], text[found.end() :]
    if len(before) + len(after) > LONGEST_WORDS:
        return GENERAL
    part = found["part"] or ""
    digits = found["whole"].translate(_GROUPS)
    shown = Decimal(f"{digits}.{part}" if part else digits)
    scale = _scale(shown, abs(value), len(part), after)
    if scale is None:
        return GENERAL
    whole = "#,##0" if len(digits) > 4 else "0"
    body = f"{whole}.{'0' * len(part)}" if part else whole
    body = _literal(before) + body + (after.replace("\u00a0", " ") if scale == 100 else _literal(after))
    return f"+{body};-{body};{body}" if found["sign"] == "+" else body


def _scale(shown: Decimal, value: Decimal, digits: int, after: str) -> int | None:
    """1, or 100 for a share written as a percentage; None when the text says another number."""
    nearly = Decimal(1).scaleb(-digits)
    if (
        abs(value * 100 - shown) < nearly
        and after.strip("\u00a0\u202f ") == "%"
        and abs(value - shown) >= nearly
    ):
        return 100
    if abs(value - shown) < nearly:
        return 1
    return None


def _literal(text: str) -> str:
    """Words inside a number format."""
    return '"' + text.replace('"', "'").replace("\u00a0", " ") + '"' if text else ""
