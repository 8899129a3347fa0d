"""Decimal arithmetic that stays the same wherever it is stored. No rounding for display."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import ROUND_HALF_EVEN, Context, Decimal
from functools import cache, reduce

from .errors import EngineError

_WIDE = Context(prec=60, rounding=ROUND_HALF_EVEN)
_LAST_DIGIT = Decimal("1E-10")
_ZERO, _ONE, _LARGEST = Decimal(0), Decimal(1), Decimal("1E+40")


def plain_text(value: Decimal) -> str:
    """The same number as text, without trailing zeros and without an exponent."""
    if not value.is_finite():
        raise EngineError(f"A finite number was expected, {value} was given.")
    text = str(value)
    if "E" in text:
        text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def plain(value: Decimal) -> Decimal:
    """The same number without trailing zeros and without an exponent.

    >>> plain(Decimal("52.500")), plain(Decimal("1E+2")), plain(Decimal("-0.0"))
    (Decimal('52.5'), Decimal('100'), Decimal('0'))
    """
    if not value.is_finite():
        raise EngineError(f"A finite number was expected, {value} was given.")
    if abs(value) >= _LARGEST or (short := value.normalize(_WIDE)) != value:
        return Decimal(plain_text(value))  # More digits than usual: the long way.
    return _without_exponent(short)


def _without_exponent(short: Decimal) -> Decimal:
    """1E+2 becomes 100, -0 becomes 0."""
    whole = short.quantize(_ONE, None, _WIDE)
    if whole != short:
        return short
    return whole or _ZERO


def rounded(value: Decimal) -> Decimal:
    """The number to ten decimal places, half to even, so that stored and recomputed values agree."""
    if not value.is_finite():
        raise EngineError(f"A finite number was expected, {value} was given.")
    # Never more than sixty digits here, so nothing gets lost on the way.
    return _without_exponent(value.quantize(_LAST_DIGIT, None, _WIDE).normalize(_WIDE))


def shortened(value: Decimal, digits: int) -> Decimal:
    """The number to at most `digits` decimal places, half to even; keeps the places it is given."""
    return value.quantize(_place(digits), None, _WIDE)


@cache
def _place(digits: int) -> Decimal:
    return Decimal(1).scaleb(-digits)


def total(values: Iterable[Decimal]) -> Decimal:
    """The exact sum; zero for nothing, so callers ask first whether there is anything."""
    return plain(reduce(_WIDE.add, values, _ZERO))


def times(left: Decimal, right: Decimal) -> Decimal:
    """The product, exact up to sixty digits."""
    return _WIDE.multiply(left, right)


def minus(left: Decimal, right: Decimal) -> Decimal:
    """The difference, exact up to sixty digits."""
    return plain(_WIDE.subtract(left, right))


def quotient(numerator: Decimal, denominator: Decimal) -> Decimal:
    """The quotient to ten decimal places.

    >>> quotient(Decimal(2), Decimal(3))
    Decimal('0.6666666667')
    """
    if denominator == 0:
        raise EngineError(f"{numerator} was to be divided by 0; callers refuse before that.")
    return rounded(_WIDE.divide(numerator, denominator))


def root(value: Decimal) -> Decimal:
    """The square root to ten decimal places."""
    return rounded(_WIDE.sqrt(value))


def mean(values: Sequence[Decimal]) -> Decimal:
    """The arithmetic mean of one or more numbers."""
    return quotient(total(values), Decimal(len(values)))


def median(values: Sequence[Decimal]) -> Decimal:
    """The middle value; between two middle ones, their mean.

    >>> median([Decimal(3), Decimal(1), Decimal(2), Decimal(10)])
    Decimal('2.5')
    """
    if not values:
        raise EngineError("A median needs at least one number.")
    ordered = sorted(values)
    middle = len(ordered) // 2
    if len(ordered) % 2:
        return plain(ordered[middle])
    return mean(ordered[middle - 1 : middle + 1])


def weighted_mean(values: Sequence[Decimal], weights: Sequence[Decimal]) -> Decimal:
    """Σ w·x ÷ Σ w; the weights are not negative and not all zero."""
    multiply = _WIDE.multiply
    products = [multiply(value, weight) for value, weight in zip(values, weights, strict=True)]
    return quotient(total(products), total(weights))
