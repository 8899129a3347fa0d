"""The columns of a formula become figures of an indicator: parts kept, bounds respected, gaps and refusals apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from indicators.engine import exact
from indicators.engine.display import format_value
from indicators.engine.messages import gettext_noop, refuse
from indicators.engine.rollup import minimum_data_refusal
from indicators.engine.types import IndicatorRule, Message, Refusal, RefusalCode, ValueType

from .arithmetic import Absent, Value
from .computing import Inputs, compute
from .tree import Binary, Expression

LARGEST = Decimal(10) ** 18
"""From here on a result is refused: no indicator of a programme is that large."""
PART_DIGITS = 6
"""Decimals of numerators and denominators, as they are kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What the formula gives for one period: a value, or a refusal, or simply nothing yet, with the reason."""

    value: Decimal | None = None
    numerator: Decimal | None = None
    denominator: Decimal | None = None
    refusal: Refusal | None = None
    missing: Message | None = None
    """Which figure is not there yet; a period that waits for a source has no value and no refusal."""


def outcomes(tree: Expression, rule: IndicatorRule, inputs: Inputs) -> list[Outcome]:
    """The figure of every period, under the indicator's own scale, bounds and minimum data (METHOD 2.1, 2.11)."""
    if rule.value_type is ValueType.RATIO and isinstance(tree, Binary):
        above, below = compute(tree.left, inputs), compute(tree.right, inputs)
        return [_share(a, b, rule) for a, b in zip(above, below, strict=True)]
    return [_figure(value, rule) for value in compute(tree, inputs)]


def _figure(value: Value, rule: IndicatorRule) -> Outcome:
    if isinstance(value, Absent):
        return _nothing(value)
    number = Decimal(int(value)) if isinstance(value, bool) else value
    if refusal := _too_large(number):
        return Outcome(refusal=refusal)
    number = exact.rounded(number)
    refusal = _outside(number, rule)
    return Outcome(refusal=refusal) if refusal else Outcome(value=number)


def _share(above: Value, below: Value, rule: IndicatorRule) -> Outcome:
    for part in (above, below):
        if isinstance(part, Absent):
            return _nothing(part)
        if refusal := _too_large(Decimal(part)):
            return Outcome(refusal=refusal)
    numerator, denominator = (
        exact.plain(exact.shortened(Decimal(part), PART_DIGITS))
        for part in (above, below)
        if not isinstance(part, Absent)
    )
    refusal = minimum_data_refusal(rule, denominator, None)
    if refusal:
        return Outcome(numerator=numerator, denominator=denominator, refusal=refusal)
    value = exact.quotient(exact.times(rule.scale, numerator), denominator)
    refusal = _too_large(value) or _outside(value, rule)
    return Outcome(
        value=None if refusal else value, numerator=numerator, denominator=denominator, refusal=refusal
    )


def _nothing(absent: Absent) -> Outcome:
    if absent.code is None:
        return Outcome(missing=absent.why)
    return Outcome(refusal=Refusal(code=absent.code, message=absent.why))


def _too_large(number: Decimal) -> Refusal | None:
    if number.is_finite() and abs(number) < LARGEST:
        return None
    return refuse(RefusalCode.OUT_OF_BOUNDS, gettext_noop("The result is too large to be a figure."))


def _outside(number: Decimal, rule: IndicatorRule) -> Refusal | None:
    low, high = rule.lower_bound, rule.upper_bound
    if (low is None or number >= low) and (high is None or number <= high):
        return None
    return refuse(
        RefusalCode.OUT_OF_BOUNDS,
        gettext_noop("The formula gives %(value)s, outside the possible %(low)s to %(high)s."),
        value=format_value(number, rule),
        low="…" if low is None else format_value(low, rule),
        high="…" if high is None else format_value(high, rule),
    )


def year_starts(starts: Sequence[date], fiscal_year_start_month: int = 1) -> list[int]:
    """For each period, in order of time, the index of the first period that begins in the same (fiscal) year."""
    found: list[int] = []
    for place, day in enumerate(starts):
        year = day.year - (day.month < fiscal_year_start_month)
        same = place > 0 and year == starts[place - 1].year - (
            starts[place - 1].month < fiscal_year_start_month
        )
        found.append(found[-1] if same else place)
    return found
