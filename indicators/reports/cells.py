"""Typed cells: a value for machines and its text for people, formatted once. Computes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from indicators.engine.display import format_index, format_number, format_share, format_value, is_percent
from indicators.engine.types import IndicatorRule, ValueType
from indicators.models import Status
from indicators.templatetags.ui import day as write_day
from indicators.templatetags.ui import format_number as write_number

MISSING = "\N{EM DASH}"
Value = str | int | Decimal | date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One figure or text. `value` None is missing, which is not zero; `text` is what people read."""

    value: Value = None
    text: str = MISSING
    digits: int | None = None
    """Decimals that the text shows; None for whole numbers and texts."""
    is_share: bool = False
    """A share between 0 and 1 that people read as a percentage."""
    status: str = ""

    @property
    def is_missing(self) -> bool:
        return self.value is None

    @property
    def shown(self) -> str | SafeString:
        """The text for a page; a missing figure is a dash for the eye and words for a screen reader."""
        if self.text != MISSING:
            return self.text
        return format_html(
            '<span class="cell-missing"><span aria-hidden="true">{}</span>'
            '<span class="visually-hidden">{}</span></span>',
            MISSING,
            _("no value"),
        )


EMPTY = Cell()


def words(value: object) -> Cell:
    """Text; empty text is missing."""
    text = str(value) if value is not None else ""
    return Cell(value=text, text=text) if text else EMPTY


def count(value: int | None) -> Cell:
    return EMPTY if value is None else Cell(value=value, text=format_number(Decimal(value), 0))


def day(value: date | None) -> Cell:
    return EMPTY if value is None else Cell(value=value, text=write_day(value))


def share(value: Decimal | None) -> Cell:
    """A share: 0.917 is 91.7 %."""
    if value is None:
        return EMPTY
    return Cell(value=value, text=format_share(value), digits=1, is_share=True)


def index(value: Decimal | None, borders: tuple[Decimal, ...] = ()) -> Cell:
    """An on-track index, with as many digits as keep it on its side of the borders."""
    if value is None:
        return EMPTY
    text = format_index(value, borders)
    return Cell(value=value, text=text, digits=len(text.partition(".")[2]))


def number(value: Decimal | None, digits: int = 2) -> Cell:
    return EMPTY if value is None else Cell(value=value, text=format_number(value, digits), digits=digits)


def fixed(value: Decimal | None, digits: int) -> Cell:
    """A number of a column in which all have the same decimals."""
    if value is None:
        return EMPTY
    return Cell(value=value, text=write_number(value, digits), digits=digits)


def amount(value: Decimal | None, rule: IndicatorRule) -> Cell:
    """A value of an indicator, in its own unit and with its own digits."""
    if value is None:
        return EMPTY
    return Cell(value=value, text=format_value(value, rule), digits=places(rule))


def places(rule: IndicatorRule) -> int:
    """How many decimals values of this indicator are shown with."""
    if is_percent(rule):
        return 1
    if rule.value_type is ValueType.COUNT:
        return 0
    return {ValueType.INDEX: 3, ValueType.ORDINAL: 1}.get(rule.value_type, 2)


def status(code: str) -> Cell:
    """A status as its word; the code stays for the badge."""
    if not code:
        return EMPTY
    label = str(Status(code).label)
    return Cell(value=label, text=label, status=code)
