"""What numbers do to one another in a formula, and why there may be none. Knows neither trees nor periods."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal

from indicators.engine.display import format_number
from indicators.engine.distributions import normal_cdf
from indicators.engine.messages import gettext_noop, message
from indicators.engine.types import Message, RefusalCode

WIDE = Context(prec=60, rounding=ROUND_HALF_EVEN, traps=[])
_ROOT_OF_TWO_PI = Decimal("2.50662827463100050241576528481104525300698674060993831662992")
LARGEST_POWER = Decimal("1E+60")
"""From here on a power is refused, so that no chain of powers grows without end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Absent:
    """There is no figure, and why."""

    why: Message
    code: RefusalCode | None = None
    """None: simply missing. Otherwise why no figure may be formed although something was reported."""
    is_fault: bool = False
    """The formula itself failed (division by 0): `isNull` and `firstNonNull` do not hide that."""


Value = Decimal | bool | Absent


def first_absent(*values: Value) -> Absent | None:
    """A fault before a gap, the first before the second."""
    gaps = [one for one in values if isinstance(one, Absent)]
    return next((one for one in gaps if one.is_fault), gaps[0] if gaps else None)


def total(values: Sequence[Decimal]) -> Decimal:
    result = Decimal(0)
    for one in values:
        result = WIDE.add(result, one)
    return result


def mean(values: list[Decimal]) -> Decimal:
    return WIDE.divide(total(values), Decimal(len(values)))


def variance(values: list[Decimal], fewer: int = 1) -> Decimal:
    """Of a sample: divided by n - 1; of all there are: by n."""
    middle = mean(values)
    squares = [WIDE.multiply(gap, gap) for gap in (WIDE.subtract(one, middle) for one in values)]
    return WIDE.divide(total(squares), Decimal(len(values) - fewer))


def percentile(values: list[Decimal], part: Decimal) -> Decimal:
    """Between the two figures around it in proportion, so that 0.5 is the median."""
    ordered = sorted(values)
    place = WIDE.multiply(part, Decimal(len(ordered) - 1))
    below = ordered[int(place)]
    above = ordered[min(int(place) + 1, len(ordered) - 1)]
    return WIDE.add(below, WIDE.multiply(WIDE.subtract(above, below), place % 1))


def quotient(left: Decimal, right: Decimal) -> Value:
    return _divides_by_zero() if right == 0 else WIDE.divide(left, right)


def remainder(left: Decimal, right: Decimal) -> Value:
    """With the sign of the dividend: -7 % 3 is -1."""
    return _divides_by_zero() if right == 0 else _bounded(WIDE.remainder(left, right))


def power(base: Decimal, exponent: Decimal) -> Value:
    if base == 0:
        return _divides_by_zero() if exponent < 0 else Decimal(int(exponent == 0))
    if base < 0 and exponent != exponent.to_integral_value():
        return _undefined(gettext_noop("A root of a number below 0 does not exist: %(base)s."), base=base)
    return _bounded(WIDE.power(base, exponent))


def logarithm(take: Callable[[Decimal], Decimal]) -> Callable[[Sequence[Value]], Value]:
    def taken(row: Sequence[Value]) -> Value:
        value = row[0]
        if not isinstance(value, Decimal):
            return value
        if value <= 0:
            return _undefined(
                gettext_noop("A logarithm needs a number above 0; %(value)s was given."), value=value
            )
        return take(value)

    return taken


def normal(join: Callable[[Decimal, Decimal], Decimal]) -> Callable[[Sequence[Value]], Value]:
    """Of the distance from the mean in standard deviations, and the standard deviation."""

    def joined(row: Sequence[Value]) -> Value:
        gap = first_absent(*row)
        value, middle, spread = (Decimal(one) if not isinstance(one, Absent) else Decimal(0) for one in row)
        if gap is not None:
            return gap
        if spread <= 0:
            return _undefined(
                gettext_noop("A standard deviation above 0 is needed; %(value)s was given."), value=spread
            )
        return _bounded(join(WIDE.divide(WIDE.subtract(value, middle), spread), spread))

    return joined


def below(distance: Decimal, _spread: Decimal) -> Decimal:
    return Decimal(repr(normal_cdf(float(distance))))


def density(distance: Decimal, spread: Decimal) -> Decimal:
    height = WIDE.exp(WIDE.divide(WIDE.multiply(distance, distance), Decimal(-2)))
    return WIDE.divide(height, WIDE.multiply(spread, _ROOT_OF_TWO_PI))


def _bounded(value: Decimal) -> Value:
    if value.is_finite() and abs(value) < LARGEST_POWER:
        return value
    return _undefined(gettext_noop("A number in the formula grows beyond all measure here."))


def _divides_by_zero() -> Absent:
    return Absent(
        why=message(gettext_noop("The formula divides by 0 here.")),
        code=RefusalCode.DENOMINATOR_ZERO,
        is_fault=True,
    )


def _undefined(template: str, **params: Decimal) -> Absent:
    shown = {name: format_number(value, 4) for name, value in params.items()}
    return Absent(why=message(template, **shown), code=RefusalCode.OUT_OF_BOUNDS, is_fault=True)


def without_zero(row: Sequence[Value]) -> Value:
    if row[0] == 0 and isinstance(row[0], Decimal):
        return Absent(why=message(gettext_noop("The figure is 0, which the formula takes for missing.")))
    return row[0]
