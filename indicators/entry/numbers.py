"""Numbers as people write them, into exact decimals. Never guesses: what can be read in two ways is refused.

Taken: digits with at most one decimal point and six decimals, an optional sign, spaces around. Arabic-Indic (٠–٩)
and Persian (۰–۹) digits and the Arabic decimal separator (٫) mean the same and are taken. Refused: decimal commas,
thousands signs, underscores, exponents, NaN, infinity, hexadecimal, more than six decimals or 18 whole digits.
"""

from __future__ import annotations

import re
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

MAX_WHOLE_DIGITS = 18
MAX_DECIMALS = 6
SHOWN_CHARACTERS = 30

_WESTERN = str.maketrans("٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹٫−", "01234567890123456789.-")
_NUMBER = re.compile(r"[+-]?(?P<whole>[0-9]+)(?:\.(?P<part>[0-9]+))?", re.ASCII)


def parse_number(given: str | int | Decimal | None) -> Decimal | None:
    """An exact decimal, or None when nothing was given (empty is not zero).

    Raises:
        ValidationError: the text is no number, or one with too many digits; says what was given and expected.

    >>> parse_number("1234.5"), parse_number("٣٫٥"), parse_number("-0"), parse_number("  ")
    (Decimal('1234.5'), Decimal('3.5'), Decimal('0'), None)
    """
    if given is None or isinstance(given, bool | float):
        return None if given is None else _refuse(str(given), _("an exact number, given as text"))
    text = (format(given, "f") if isinstance(given, Decimal) else str(given)).strip().translate(_WESTERN)
    if text == "":
        return None
    found = _NUMBER.fullmatch(text)
    if found is None:
        return _refuse(str(given), _expected_instead_of(text))
    if len(found["whole"].lstrip("0")) > MAX_WHOLE_DIGITS:
        return _refuse(
            str(given), _("at most %(limit)s digits before the point") % {"limit": MAX_WHOLE_DIGITS}
        )
    if len((found["part"] or "").rstrip("0")) > MAX_DECIMALS:
        return _refuse(str(given), _("at most %(limit)s decimals") % {"limit": MAX_DECIMALS})
    number = Decimal(text)
    return abs(number) if number == 0 else number


def parse_whole_number(given: str | int | None) -> int | None:
    """A whole number from 0 to 2 147 483 647, or None when nothing was given."""
    number = parse_number(given)
    if number is None:
        return None
    if number != number.to_integral_value() or not 0 <= number <= 2_147_483_647:
        return _refuse(str(given), _("a whole number, 0 or more"))  # type: ignore[return-value]
    return int(number)


def _expected_instead_of(text: str) -> str:
    if "," in text or "٬" in text:
        return _("a number with a decimal point and without thousands signs, such as 1234.5")
    if re.fullmatch(r"[+-]?[0-9.]+[eE][+-]?[0-9]+", text):
        return _("a number written out, without an exponent")
    return _("a number such as 1234.5")


def _refuse(given: str, expected: str) -> Decimal | None:
    shown = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in given[:SHOWN_CHARACTERS])
    if len(given) > SHOWN_CHARACTERS:
        shown += "…"
    raise ValidationError(
        _("“%(given)s” was given; %(expected)s was expected."),
        code="number",
        params={"given": shown, "expected": expected},
    )
