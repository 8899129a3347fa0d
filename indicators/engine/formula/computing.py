"""A tree and the figures of all periods become one value for each period. Whole columns at a time; never `eval`.

Each node is computed once for all periods, so the work is at most nodes × periods × window, whatever the formula.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from indicators.engine.messages import gettext_noop, message
from indicators.engine.types import RefusalCode

from .arithmetic import (
    WIDE,
    Absent,
    Value,
    below,
    density,
    first_absent,
    logarithm,
    mean,
    normal,
    percentile,
    power,
    quotient,
    remainder,
    total,
    variance,
    without_zero,
)
from .checking import whole_number
from .functions import OVER_PERIODS
from .tree import Binary, Call, Expression, Number, Reference, Unary

Column = list[Value]
_HALF = Decimal("0.5")


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """The figures of the references, one for each period in order of time."""

    columns: Mapping[Reference, Sequence[Value]]
    labels: Sequence[str]
    """The names of the periods."""
    year_starts: Sequence[int]
    """For each period the index of the first period of its (fiscal) year."""

    days: Sequence[int] = ()
    """The lengths of the periods; only `days()` asks for them."""

    @property
    def count(self) -> int:
        return len(self.labels)


Compiled = Callable[[Inputs], Column]


def compute(tree: Expression, inputs: Inputs) -> Column:
    """The value of a checked tree in every period (null rules: docs/formulas.md)."""
    return compiled(tree)(inputs)


def compiled(tree: Expression) -> Compiled:
    """A function from the inputs to the column of values; a tree is compiled once and used on any inputs."""
    match tree:
        case Number(value=value):
            return lambda inputs: [value] * inputs.count
        case Reference():
            return lambda inputs: list(inputs.columns[tree])
        case Unary(sign=sign, operand=operand):
            inner = compiled(operand)
            change = _negation if sign == "-" else _not
            return lambda inputs: [change(one) for one in inner(inputs)]
        case Binary(sign=sign, left=left, right=right):
            return _compiled_binary(sign, compiled(left), compiled(right))
        case Call():
            return _compiled_call(tree)


def _compiled_binary(sign: str, left: Compiled, right: Compiled) -> Compiled:
    join = _JOINS[sign]

    def run(inputs: Inputs) -> Column:
        pairs = zip(left(inputs), right(inputs), strict=True)
        return [join(a, b) for a, b in pairs]

    return run


def _compiled_call(node: Call) -> Compiled:
    if node.name in OVER_PERIODS:
        return _over_window(node)
    if node.name == "offset":
        return _offset(node)
    if node.name == "ytd":
        return _year_to_date(node)
    if node.name == "days":
        return lambda inputs: [Decimal(one) for one in inputs.days]
    if node.name == "round":
        inner = compiled(node.arguments[0])
        digits = (whole_number(node.arguments[1]) or 0) if len(node.arguments) > 1 else 0
        return lambda inputs: [_rounded(one, digits) for one in inner(inputs)]
    parts = [compiled(argument) for argument in node.arguments]
    join = _ROWS[node.name]
    return lambda inputs: [join(row) for row in zip(*(part(inputs) for part in parts), strict=True)]


# --- Over periods ------------------------------------------------------------------------------------------


def _offset(node: Call) -> Compiled:
    inner, back = compiled(node.arguments[0]), -(whole_number(node.arguments[1]) or 0)

    def run(inputs: Inputs) -> Column:
        column = inner(inputs)
        before: Column = [_before_first(inputs.labels[place]) for place in range(min(back, inputs.count))]
        return before + column[: max(inputs.count - back, 0)]

    return run


def _year_to_date(node: Call) -> Compiled:
    inner = compiled(node.arguments[0])

    def run(inputs: Inputs) -> Column:
        column = inner(inputs)
        return [_sum(column[first : place + 1]) for place, first in enumerate(inputs.year_starts)]

    return run


def _over_window(node: Call) -> Compiled:
    window = node.arguments[0]
    assert isinstance(window, Call)
    inner, length = compiled(window.arguments[0]), whole_number(window.arguments[1]) or 1
    join = _percentile_at(node.arguments[1]) if node.name == "percentile" else _JOINED[node.name]

    def run(inputs: Inputs) -> Column:
        column = inner(inputs)
        found: Column = []
        for place in range(inputs.count):
            first = place + 1 - length
            seen = column[max(first, 0) : place + 1]
            if first < 0 and node.name == "sum":
                found.append(_before_first(inputs.labels[place]))
            else:
                found.append(join(seen))
        return found

    return run


def _before_first(label: str) -> Absent:
    return Absent(
        why=message(gettext_noop("%(period)s would need a period before the first one."), period=label)
    )


def _figures(column: Sequence[Value]) -> list[Decimal] | Absent:
    """The figures that are there; a fault among them is kept."""
    fault = next((one for one in column if isinstance(one, Absent) and one.is_fault), None)
    return fault or [one for one in column if isinstance(one, Decimal)]


def _sum(column: Sequence[Value]) -> Value:
    """A sum with a hole is no sum."""
    hole = first_absent(*column)
    return hole or total([one for one in column if isinstance(one, Decimal)])


def _of_those_there(
    join: Callable[[list[Decimal]], Decimal], least: int = 1
) -> Callable[[Sequence[Value]], Value]:
    def joined(column: Sequence[Value]) -> Value:
        values = _figures(column)
        if isinstance(values, Absent):
            return values
        if len(values) < least:
            return first_absent(*column) or Absent(
                why=message(
                    gettext_noop("There are %(have)s figures; at least %(least)s are needed."),
                    have=len(values),
                    least=least,
                )
            )
        return join(values)

    return joined


def _percentile_at(share: Expression) -> Callable[[Sequence[Value]], Value]:
    part = share.value if isinstance(share, Number) else Decimal(0)
    return _of_those_there(lambda values: percentile(values, part))


def _count(column: Sequence[Value]) -> Value:
    values = _figures(column)
    return values if isinstance(values, Absent) else Decimal(len(values))


_JOINED: dict[str, Callable[[Sequence[Value]], Value]] = {
    "sum": _sum,
    "mean": _of_those_there(mean),
    "min": _of_those_there(min),
    "max": _of_those_there(max),
    "median": _of_those_there(lambda values: percentile(values, _HALF)),
    "stddev": _of_those_there(lambda values: WIDE.sqrt(variance(values)), least=2),
    "stddevPop": _of_those_there(lambda values: WIDE.sqrt(variance(values, fewer=0))),
    "variance": _of_those_there(variance, least=2),
    "count": _count,
}


# --- Within a period ---------------------------------------------------------------------------------------


def _arithmetic(join: Callable[[Decimal, Decimal], Value]) -> Callable[[Value, Value], Value]:
    def joined(left: Value, right: Value) -> Value:
        if isinstance(left, Decimal) and isinstance(right, Decimal):
            return join(left, right)
        return first_absent(left, right) or _unusable()

    return joined


def _same(left: Value, right: Value) -> Value:
    return first_absent(left, right) or left == right


def _different(left: Value, right: Value) -> Value:
    return first_absent(left, right) or left != right


def _and(left: Value, right: Value) -> Value:
    if left is False or right is False:
        return False
    return first_absent(left, right) or True


def _or(left: Value, right: Value) -> Value:
    if left is True or right is True:
        return True
    return first_absent(left, right) or False


def _not(value: Value) -> Value:
    return value if isinstance(value, Absent) else not value


def _negation(value: Value) -> Value:
    return WIDE.minus(value) if isinstance(value, Decimal) else first_absent(value) or _unusable()


def _rounded(value: Value, digits: int) -> Value:
    if not isinstance(value, Decimal):
        return value
    found = WIDE.quantize(value, Decimal(1).scaleb(-digits))
    return found if found.is_finite() else value  # More digits than any figure may have: refused at the end.


_JOINS: dict[str, Callable[[Value, Value], Value]] = {
    "+": _arithmetic(WIDE.add),
    "-": _arithmetic(WIDE.subtract),
    "*": _arithmetic(WIDE.multiply),
    "/": _arithmetic(quotient),
    "%": _arithmetic(remainder),
    "^": _arithmetic(power),
    "=": _same,
    "!=": _different,
    "<": _arithmetic(lambda a, b: a < b),
    "<=": _arithmetic(lambda a, b: a <= b),
    ">": _arithmetic(lambda a, b: a > b),
    ">=": _arithmetic(lambda a, b: a >= b),
    "and": _and,
    "or": _or,
}


def _if(row: Sequence[Value]) -> Value:
    condition, then, otherwise = row
    if isinstance(condition, Absent):
        return condition
    return then if condition else otherwise


def _is_missing(value: Value) -> bool | Absent:
    if not isinstance(value, Absent):
        return False
    return value if value.is_fault else True


def _first_there(row: Sequence[Value]) -> Value:
    for one in row:
        if not isinstance(one, Absent) or one.is_fault:
            return one
    return row[-1]


def _best(choose: Callable[..., Decimal]) -> Callable[[Sequence[Value]], Value]:
    return lambda row: first_absent(*row) or choose([one for one in row if isinstance(one, Decimal)])


def _unusable() -> Absent:
    return Absent(
        why=message(gettext_noop("The formula mixes numbers with yes or no.")),
        code=RefusalCode.FORMULA_UNUSABLE,
        is_fault=True,
    )


_ROWS: dict[str, Callable[[Sequence[Value]], Value]] = {
    "if": _if,
    "isNull": lambda row: _is_missing(row[0]),
    "isNotNull": lambda row: _not(_is_missing(row[0])),
    "firstNonNull": _first_there,
    "greatest": _best(max),
    "least": _best(min),
    "removeZeros": without_zero,
    "log": logarithm(WIDE.ln),
    "log10": logarithm(WIDE.log10),
    "normDistCum": normal(below),
    "normDistDen": normal(density),
    "abs": lambda row: WIDE.abs(row[0]) if isinstance(row[0], Decimal) else row[0],
}
