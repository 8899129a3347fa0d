"""Numbers as text for explanations, the same on every page and in every export. Decides nothing."""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache

from .exact import plain_text, shortened
from .types import IndicatorRule, ValueType

_SPACE = "\N{NO-BREAK SPACE}"
_MINUS = "\N{MINUS SIGN}"
_DIGITS = {
    ValueType.COUNT: 0,
    ValueType.NUMBER: 2,
    ValueType.RATIO: 2,
    ValueType.SCORE: 2,
    ValueType.INDEX: 3,
    ValueType.ORDINAL: 1,
    ValueType.BINARY: 2,
    ValueType.MILESTONE: 2,
    ValueType.EFFECT_SIZE: 2,
    ValueType.TEXT: 2,
}


@lru_cache(maxsize=8192)
def format_number(value: Decimal, digits: int) -> str:
    """At most `digits` decimals, half to even, no trailing zeros; groups of three from five digits on.

    >>> format_number(Decimal("1350.5"), 1), format_number(Decimal("-0.125"), 2)
    ('1350.5', '−0.12')
    """
    text = plain_text(shortened(value, digits))
    sign, text = (_MINUS, text[1:]) if text[0] == "-" else ("", text)
    whole, _, part = text.partition(".")
    if len(whole) > 4:
        whole = f"{int(whole):,}".replace(",", _SPACE)
    return f"{sign}{whole}.{part}" if part else sign + whole


def format_value(value: Decimal | None, rule: IndicatorRule) -> str:
    """A value of this indicator as text: ``52 %``, ``12 345``, ``2.5``; an em dash when there is none.

    Rounding is half to even; digits by kind of value: percent 1, count 0 (2 when it is not whole), index 3, other 2.
    """
    if value is None:
        return "\N{EM DASH}"
    if is_percent(rule):
        return f"{format_number(value, 1)}{_SPACE}%"
    digits = _DIGITS[rule.value_type]
    if digits == 0 and value != value.to_integral_value():
        digits = 2
    unit = f"{_SPACE}{rule.unit}" if rule.unit else ""
    return format_number(value, digits) + unit


def format_parts(numerator: Decimal | None, denominator: Decimal | None) -> str:
    """``18/58``, or nothing when there are no parts."""
    if numerator is None or denominator is None:
        return ""
    return f"{format_number(numerator, 2)}/{format_number(denominator, 2)}"


def format_share(share: Decimal | None) -> str:
    """A share between 0 and 1 as a percentage: 0.917 is ``91.7 %``."""
    return "\N{EM DASH}" if share is None else f"{format_number(share * 100, 1)}{_SPACE}%"


def format_index(index: Decimal | None, borders: tuple[Decimal, ...] = ()) -> str:
    """An on-track index with two decimals, or as many more as keep it on the right side of each border.

    >>> format_index(Decimal("0.8996"), (Decimal("0.90"),))
    '0.8996'
    """
    if index is None:
        return "\N{EM DASH}"
    for digits in range(2, 10):
        shown = shortened(index, digits)
        if all((shown >= border) == (index >= border) for border in borders):
            break
    return f"{shown:f}".replace("-", _MINUS)


def is_share_of_whole(rule: IndicatorRule) -> bool:
    """A percentage of a whole, which cannot go above 100; one whose upper bound is set higher can."""
    return is_percent(rule) and (rule.upper_bound is None or rule.upper_bound <= 100)


def is_percent(rule: IndicatorRule) -> bool:
    """A ratio that is shown in hundredths."""
    return rule.value_type is ValueType.RATIO and rule.scale == 100
