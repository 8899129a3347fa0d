"""Whether a tree may be used here: known names, fitting kinds, whole windows, a result of the indicator's type."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from indicators.engine.messages import gettext_noop, message
from indicators.engine.types import Message, ValueType

from .functions import FUNCTIONS, OVER_PERIODS, Function, Kind, nearest
from .tree import (
    DECIMAL_DIGITS,
    LONGEST_WINDOW,
    Binary,
    Call,
    Expression,
    FormulaError,
    Number,
    Reference,
    Unary,
    references,
)

ANSWERS = {ValueType.BINARY, ValueType.MILESTONE}
_ARITHMETIC = {"+", "-", "*", "/", "%", "^"}
_WORDS = {
    Kind.NUMBER: gettext_noop("a number"),
    Kind.ANSWER: gettext_noop("yes or no"),
    Kind.WINDOW: gettext_noop("the figures of several periods, as in last(a, 4)"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """An indicator that a formula may name."""

    value_type: ValueType
    label: str = ""
    dimensions: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """How it is split, with the categories of each; none: any category."""
    why_not: Message | None = None
    """Why it cannot be used in this formula although it exists."""


def check(tree: Expression, known: Mapping[str, Known], *, result: ValueType) -> None:
    """Raise FormulaError at the first part that cannot be used.

    Args:
        known: what may be named, by name.
        result: the value type of the indicator that the formula is for. A share needs a division at its top, so that
            numerator and denominator are kept; yes/no indicators need a yes/no formula, all others a number.
    """
    kind = _kind(tree, known)
    if not references(tree):
        raise _fault(
            tree, gettext_noop("The formula names no indicator; expected at least one, as in [NMI-06].")
        )
    if result is ValueType.TEXT:
        raise _fault(tree, gettext_noop("An indicator in words cannot be computed."))
    if result in ANSWERS and kind is not Kind.ANSWER:
        raise _fault(
            tree, gettext_noop("This indicator is yes or no; expected a comparison, as in [NMI-06] >= 80.")
        )
    if result not in ANSWERS and kind is not Kind.NUMBER:
        raise _wrong_kind(tree, kind, Kind.NUMBER)
    if result is ValueType.RATIO and not (isinstance(tree, Binary) and tree.sign == "/"):
        raise _fault(
            tree,
            gettext_noop(
                "This indicator is a share: expected one division at the top, as in "
                "([A].numerator + [B].numerator) / ([A].denominator + [B].denominator). "
                "Percent come from the indicator's own scale."
            ),
        )


def _kind(node: Expression, known: Mapping[str, Known]) -> Kind:
    match node:
        case Number():
            return Kind.NUMBER
        case Reference():
            return _kind_of_reference(node, known)
        case Unary(sign=sign, operand=operand):
            wanted = Kind.ANSWER if sign == "not" else Kind.NUMBER
            return _expect(operand, wanted, known)
        case Binary(sign=sign, left=left, right=right):
            return _kind_of_binary(sign, left, right, known)
        case Call():
            return _kind_of_call(node, FUNCTIONS[node.name], known)


def _kind_of_binary(sign: str, left: Expression, right: Expression, known: Mapping[str, Known]) -> Kind:
    if sign in {"and", "or"}:
        _expect(left, Kind.ANSWER, known)
        return _expect(right, Kind.ANSWER, known)
    if sign in {"=", "!="} and _scalar(left, known) is Kind.ANSWER:
        return _expect(right, Kind.ANSWER, known)
    _expect(left, Kind.NUMBER, known)
    _expect(right, Kind.NUMBER, known)
    return Kind.NUMBER if sign in _ARITHMETIC else Kind.ANSWER


def _kind_of_reference(node: Reference, known: Mapping[str, Known]) -> Kind:
    found = known.get(node.name)
    if found is None:
        close = nearest(node.name, known)
        if close:
            raise _fault(
                node,
                gettext_noop("There is no indicator %(name)s here; did you mean %(close)s?"),
                name=node.name,
                close=close,
            )
        raise _fault(
            node,
            gettext_noop("There is no indicator %(name)s here; expected one of the list."),
            name=node.name,
        )
    if found.why_not is not None:
        raise FormulaError(found.why_not, node.start, node.end)
    if found.value_type is ValueType.TEXT:
        raise _fault(
            node, gettext_noop("%(name)s is an indicator in words; it has no figure."), name=node.name
        )
    if node.part in {"numerator", "denominator"} and found.value_type is not ValueType.RATIO:
        raise _fault(
            node,
            gettext_noop("%(name)s is not a share; it has no %(part)s."),
            name=node.name,
            part=node.part,
        )
    _check_cell(node, found)
    is_answer = node.part == "value" and found.value_type in ANSWERS
    return Kind.ANSWER if is_answer else Kind.NUMBER


def _check_cell(node: Reference, found: Known) -> None:
    for pair in filter(None, node.cell.split(";")):
        dimension, _equals, category = pair.partition("=")
        if dimension not in found.dimensions:
            raise _fault(
                node,
                gettext_noop("%(name)s is not split by %(given)s; it is split by: %(split)s."),
                name=node.name,
                given=dimension,
                split=", ".join(sorted(found.dimensions)) or "—",
            )
        categories = found.dimensions[dimension]
        if categories and category not in categories:
            raise _fault(
                node,
                gettext_noop("%(given)s is no category of %(dimension)s; expected one of %(known)s."),
                given=category,
                dimension=dimension,
                known=", ".join(sorted(categories)),
            )


def _kind_of_call(node: Call, function: Function, known: Mapping[str, Known]) -> Kind:
    have = len(node.arguments)
    if not function.least <= have <= function.most:
        if node.name in OVER_PERIODS:
            raise _needs_window(node)
        raise _fault(
            node,
            gettext_noop("%(name)s was given %(have)s arguments; expected %(usage)s."),
            name=node.name,
            have=have,
            usage=function.usage,
        )
    kinds = [
        _kind_of_argument(node, place, function, known)
        for place in range(have)
        if not (function.has_count and place == 1)
    ]
    _check_written(node, function, known)
    if function.gives is not None:
        return function.gives
    same = kinds[1:] if node.name == "if" else kinds
    for argument, kind in zip(node.arguments[-len(same) :], same, strict=True):
        if kind is not same[0]:
            raise _wrong_kind(argument, kind, same[0])
    return same[0]


def _check_written(node: Call, function: Function, known: Mapping[str, Known]) -> None:
    """Arguments that are written numbers, and what may be added up over periods."""
    if function.has_count and len(node.arguments) > 1:
        _check_count(node, node.arguments[1])
    if node.name == "percentile":
        _check_share(node, node.arguments[1])
    if node.name in {"sum", "ytd"}:
        _check_adds(node.arguments[0], known)


def _kind_of_argument(node: Call, place: int, function: Function, known: Mapping[str, Known]) -> Kind:
    wanted = function.takes[min(place, len(function.takes) - 1)]
    argument = node.arguments[place]
    if wanted is None:
        return _scalar(argument, known)
    if wanted is Kind.WINDOW and not (isinstance(argument, Call) and argument.name == "last"):
        raise _needs_window(node)
    return _expect(argument, wanted, known)


def _expect(node: Expression, wanted: Kind, known: Mapping[str, Known]) -> Kind:
    kind = _kind(node, known)
    if kind is not wanted:
        raise _wrong_kind(node, kind, wanted)
    return kind


def _scalar(node: Expression, known: Mapping[str, Known]) -> Kind:
    kind = _kind(node, known)
    if kind is Kind.WINDOW:
        raise _wrong_kind(node, kind, Kind.NUMBER)
    return kind


def _needs_window(node: Call) -> FormulaError:
    instead = {"min": "least(a, b, …)", "max": "greatest(a, b, …)", "sum": "a + b"}.get(node.name)
    template = (
        gettext_noop(
            "%(name)s works over periods; expected %(usage)s. For figures of one period write %(instead)s."
        )
        if instead
        else gettext_noop("%(name)s works over periods; expected %(usage)s.")
    )
    return _fault(node, template, name=node.name, usage=FUNCTIONS[node.name].usage, instead=instead)


def _check_adds(node: Expression, known: Mapping[str, Known]) -> None:
    """Shares and levels are not added over periods; their numerators and denominators are."""
    inner = node.arguments[0] if isinstance(node, Call) and node.name == "last" else node
    if not isinstance(inner, Reference) or inner.part != "value" or inner.name not in known:
        return
    if known[inner.name].value_type is ValueType.RATIO:
        raise _fault(
            inner,
            gettext_noop(
                "%(name)s is a share: add its .numerator and its .denominator over the periods, then divide."
            ),
            name=inner.name,
        )
    if known[inner.name].value_type is ValueType.ORDINAL:
        raise _fault(inner, gettext_noop("%(name)s is a level: levels are not added."), name=inner.name)


def whole_number(node: Expression) -> int | None:
    """The written whole number, with its sign; None for anything else."""
    if isinstance(node, Unary) and node.sign == "-":
        inner = whole_number(node.operand)
        return None if inner is None or isinstance(node.operand, Unary) else -inner
    if isinstance(node, Number) and node.value == node.value.to_integral_value():
        return int(node.value)
    return None


def _check_count(node: Call, argument: Expression) -> None:
    low, high = {"offset": (-LONGEST_WINDOW, -1), "last": (1, LONGEST_WINDOW)}.get(
        node.name, (0, DECIMAL_DIGITS)
    )
    given = whole_number(argument)
    if given is None or not low <= given <= high:
        raise _fault(
            argument,
            gettext_noop("%(name)s needs a whole number from %(low)s to %(high)s here, as in %(usage)s."),
            name=node.name,
            low=low,
            high=high,
            usage=FUNCTIONS[node.name].usage,
        )


def _check_share(node: Call, argument: Expression) -> None:
    if not isinstance(argument, Number) or argument.value > 1:
        raise _fault(
            argument,
            gettext_noop("%(name)s needs a number from 0 to 1 here, as in %(usage)s."),
            name=node.name,
            usage=FUNCTIONS[node.name].usage,
        )


def _wrong_kind(node: Expression, kind: Kind, wanted: Kind) -> FormulaError:
    return _fault(
        node,
        gettext_noop("This gives %(kind)s; expected %(wanted)s."),
        kind=_WORDS[kind],
        wanted=_WORDS[wanted],
    )


def _fault(node: Expression, template: str, **params: object) -> FormulaError:
    return FormulaError(message(template, **params), node.start, node.end)
