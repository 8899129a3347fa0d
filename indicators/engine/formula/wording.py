"""A tree as text again, in plain words, and with the numbers of one period put in. Says, computes nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal

from indicators.engine.display import format_number
from indicators.engine.messages import gettext_noop, message
from indicators.engine.types import Message

from .arithmetic import Value
from .checking import whole_number
from .computing import Inputs
from .functions import OVER_PERIODS
from .tree import ATOM_BINDS, Binary, Call, Expression, Number, Reference, Unary, binding

Say = Callable[[Message], str]
_GAP = "\N{EN DASH}"


def to_text(tree: Expression) -> str:
    """The formula in one way of writing; `parse` gives an equal tree back.

    >>> from .reading import parse
    >>> to_text(parse("1*( 2+[A;sex=f ] )==3 AND not 4<5"))
    '1 * (2 + [A; sex=f]) = 3 and not 4 < 5'
    """
    return _text(tree, lambda _node: None)


def substituted(tree: Expression, inputs: Inputs, place: int) -> str:
    """The formula of one period with the figures put in; a window shows its figures, a gap a dash."""
    return _text(tree, lambda node: _figures_of(node, inputs, place))


def _text(node: Expression, instead: Callable[[Expression], str | None]) -> str:
    given = instead(node)
    if given is not None:
        return given
    match node:
        case Number(value=value):
            return format(value, "f")
        case Reference():
            return reference_text(node)
        case Unary(sign=sign, operand=operand):
            inner = _held(operand, binding(node), instead)
            return f"not {inner}" if sign == "not" else f"-{inner}"
        case Binary(sign=sign, left=left, right=right):
            strength = binding(node)
            # Comparisons are not chained, so an inner one keeps its brackets on either side.
            on_left = _held(left, strength + (strength == 4), instead)
            return f"{on_left} {sign} {_held(right, strength + 1, instead)}"
        case Call(name=name, arguments=arguments):
            return f"{name}({', '.join(_text(one, instead) for one in arguments)})"


def _held(node: Expression, least: int, instead: Callable[[Expression], str | None]) -> str:
    said = _text(node, instead)
    return said if binding(node) >= least else f"({said})"


def reference_text(node: Reference) -> str:
    """``[NMI-06; sex=female].numerator``."""
    cell = "".join(f"; {part}" for part in node.cell.split(";") if part)
    return f"[{node.name}{cell}]" + ("" if node.part == "value" else f".{node.part}")


def _figures_of(node: Expression, inputs: Inputs, place: int) -> str | None:
    match node:
        case Reference():
            return show(inputs.columns[node][place])
        case Call(name="days"):
            return str(inputs.days[place])
        case Call(name="offset", arguments=(inner, back)):
            earlier = place + (whole_number(back) or 0)
            return substituted_in_brackets(inner, inputs, earlier) if earlier >= 0 else _GAP
        case Call(name="last", arguments=(inner, length)):
            first = max(place + 1 - (whole_number(length) or 1), 0)
            return _listed(inner, inputs, range(first, place + 1))
        case Call(name="ytd", arguments=(inner,)):
            return f"sum({_listed(inner, inputs, range(inputs.year_starts[place], place + 1))})"
        case _:
            return None


def substituted_in_brackets(node: Expression, inputs: Inputs, place: int) -> str:
    """The figures of another period; in brackets when there is more than one."""
    said = substituted(node, inputs, place)
    return said if isinstance(node, Reference) else f"({said})"


def _listed(node: Expression, inputs: Inputs, places: range) -> str:
    shown = [substituted(node, inputs, place) for place in places]
    if len(shown) > 12:
        shown = [shown[0], "…", *shown[-10:]]
    return "; ".join(shown)


def show(value: Value) -> str:
    """A figure of a period in a formula."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return format_number(value, 4) if isinstance(value, Decimal) else _GAP


# --- In words ----------------------------------------------------------------------------------------------

_SIGNS = {
    "+": gettext_noop("%(a)s plus %(b)s"),
    "-": gettext_noop("%(a)s minus %(b)s"),
    "*": gettext_noop("%(a)s times %(b)s"),
    "/": gettext_noop("%(a)s divided by %(b)s"),
    "%": gettext_noop("the remainder of %(a)s divided by %(b)s"),
    "^": gettext_noop("%(a)s to the power of %(b)s"),
    "=": gettext_noop("%(a)s is equal to %(b)s"),
    "!=": gettext_noop("%(a)s is not equal to %(b)s"),
    "<": gettext_noop("%(a)s is less than %(b)s"),
    "<=": gettext_noop("%(a)s is at most %(b)s"),
    ">": gettext_noop("%(a)s is more than %(b)s"),
    ">=": gettext_noop("%(a)s is at least %(b)s"),
    "and": gettext_noop("%(a)s and %(b)s"),
    "or": gettext_noop("%(a)s or %(b)s"),
}
_CALLS = {
    "if": gettext_noop("if %(a)s, then %(b)s, otherwise %(c)s"),
    "isNull": gettext_noop("%(a)s is missing"),
    "isNotNull": gettext_noop("%(a)s is not missing"),
    "firstNonNull": gettext_noop("the first that is not missing of: %(all)s"),
    "greatest": gettext_noop("the greatest of: %(all)s"),
    "least": gettext_noop("the least of: %(all)s"),
    "abs": gettext_noop("%(a)s without its sign"),
    "log": gettext_noop("the natural logarithm of %(a)s"),
    "log10": gettext_noop("the decimal logarithm of %(a)s"),
    "removeZeros": gettext_noop("%(a)s, where it is not 0"),
    "normDistCum": gettext_noop(
        "the share below %(a)s of a normal distribution with mean %(b)s and deviation %(c)s"
    ),
    "normDistDen": gettext_noop(
        "the density at %(a)s of a normal distribution with mean %(b)s and deviation %(c)s"
    ),
    "days": gettext_noop("the days of the period"),
    "ytd": gettext_noop("%(a)s added up from the start of the year"),
    "sum": gettext_noop("the sum of %(a)s"),
    "mean": gettext_noop("the mean of %(a)s"),
    "min": gettext_noop("the lowest of %(a)s"),
    "max": gettext_noop("the highest of %(a)s"),
    "median": gettext_noop("the median of %(a)s"),
    "count": gettext_noop("the number of figures there are of %(a)s"),
    "percentile": gettext_noop("the percentile %(b)s of %(a)s"),
    "stddev": gettext_noop("the standard deviation of %(a)s"),
    "stddevPop": gettext_noop("the standard deviation of %(a)s, taken as all there are"),
    "variance": gettext_noop("the variance of %(a)s"),
}
_BARE = {"if", "firstNonNull", "greatest", "least", *OVER_PERIODS}
"""Functions whose arguments need no brackets in a sentence."""
_PARTS = {
    "numerator": gettext_noop("the numerator of %(a)s"),
    "denominator": gettext_noop("the denominator of %(a)s"),
    "n": gettext_noop("the number of cases of %(a)s"),
}


def in_words(tree: Expression, labels: Mapping[str, str], say: Say = str) -> str:
    """The formula as a sentence without a full stop.

    Args:
        labels: the names of the indicators by their codes; a code without one stands alone.
        say: turns a message into the reader's language.

    >>> from .reading import parse
    >>> in_words(parse("[A].numerator / ([A].denominator + 1)"), {"A": "Posts"})
    'the numerator of “Posts” (A) divided by (the denominator of “Posts” (A) plus 1)'
    """
    return _Speaker(labels, say).words(tree)


class _Speaker:
    def __init__(self, labels: Mapping[str, str], say: Say) -> None:
        self.labels = labels
        self.say = say

    def words(self, node: Expression) -> str:
        match node:
            case Number(value=value):
                return format_number(value, 10)
            case Reference():
                return self.reference(node)
            case Unary(sign=sign, operand=operand):
                template = gettext_noop("not %(a)s") if sign == "not" else gettext_noop("minus %(a)s")
                return self.fill(template, a=self.held(operand))
            case Binary(sign=sign, left=left, right=right):
                strength = binding(node)
                parts = {"a": self.held(left, strength), "b": self.held(right, strength + 1)}
                return self.fill(_SIGNS[sign], **parts)
            case Call():
                return self.call(node)

    def reference(self, node: Reference) -> str:
        label = self.labels.get(node.name, "")
        said = f"“{label}” ({node.name})" if label else node.name
        for pair in node.cell.split(";"):
            if pair:
                name, _equals, value = pair.partition("=")
                said = self.fill(
                    gettext_noop("%(a)s where %(name)s is %(value)s"), a=said, name=name, value=value
                )
        return said if node.part == "value" else self.fill(_PARTS[node.part], a=said)

    def call(self, node: Call) -> str:
        match node.name, node.arguments:
            case "round", arguments:
                digits = whole_number(arguments[1]) if len(arguments) > 1 else 0
                template = gettext_noop("%(a)s rounded to %(digits)s decimals")
                return self.fill(template, a=self.held(arguments[0]), digits=str(digits))
            case "offset", (inner, back):
                periods = -(whole_number(back) or 0)
                template = (
                    gettext_noop("%(a)s one period earlier")
                    if periods == 1
                    else gettext_noop("%(a)s %(periods)s periods earlier")
                )
                return self.fill(template, a=self.held(inner), periods=str(periods))
            case "last", (inner, length):
                template = gettext_noop("%(a)s over the last %(periods)s periods")
                return self.fill(template, a=self.held(inner), periods=str(whole_number(length)))
            case name, arguments:
                say = self.words if name in _BARE else self.held
                said = [say(one) for one in arguments]
                letters = dict(zip("abc", said, strict=False))
                return self.fill(_CALLS[name], **letters, all="; ".join(said))

    def held(self, node: Expression, least: int = ATOM_BINDS) -> str:
        said = self.words(node)
        return said if binding(node) >= least else f"({said})"

    def fill(self, template: str, **parts: str) -> str:
        return self.say(message(template, **parts))
