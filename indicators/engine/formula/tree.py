"""What a formula is made of: a small tree, its limits, and the error that every fault becomes. No arithmetic."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from indicators.engine.errors import EngineError
from indicators.engine.types import Message

LONGEST_TEXT = 2000
"""Characters of a formula."""
DEEPEST = 25
"""Brackets, functions and signs within one another."""
MOST_NODES = 200
"""Numbers, references, signs and functions of a formula."""
LONGEST_WINDOW = 120
"""Periods that a window or an offset reaches back."""
WHOLE_DIGITS, DECIMAL_DIGITS = 18, 10
"""Digits of a number before and after its point."""

Part = Literal["value", "numerator", "denominator", "n"]
PARTS: tuple[Part, ...] = ("value", "numerator", "denominator", "n")


class FormulaError(EngineError):
    """A formula that cannot be used: what is wrong, and where (0-based characters, `end` not included)."""

    def __init__(self, message: Message, start: int, end: int) -> None:
        super().__init__(str(message))
        self.message = message
        self.start = start
        self.end = max(end, start + 1)

    def place(self, text: str) -> tuple[int, int]:
        """Line and column of the fault in `text`, both counted from 1."""
        before = text[: self.start]
        return before.count("\n") + 1, self.start - (before.rfind("\n") + 1) + 1

    def caret(self, text: str) -> tuple[str, str]:
        """The faulty line, and a line of carets to stand below it."""
        line, column = self.place(text)
        shown = text.split("\n")[line - 1].replace("\t", " ")
        width = max(1, min(self.end - self.start, len(shown) - column + 1))
        return shown, " " * (column - 1) + "^" * width


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """Where in the text a part stands; two parts that say the same are equal wherever they stand."""

    start: int = field(default=0, compare=False)
    end: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Number(Node):
    value: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference(Node):
    """A figure of another indicator: ``[NMI-06; sex=female].numerator``."""

    name: str
    """The code of the library, with ``/`` and the partner's code where it is tailored for one."""
    cell: str = ""
    """Disaggregation in canonical order, ``nation=KWT;sex=female``; empty for the total."""
    part: Part = "value"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unary(Node):
    sign: Literal["-", "not"]
    operand: Expression


@dataclass(frozen=True, slots=True, kw_only=True)
class Binary(Node):
    sign: str
    """One of + - * / % ^ = != < <= > >= and or."""
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(Node):
    name: str
    arguments: tuple[Expression, ...]


Expression = Number | Reference | Unary | Binary | Call


def children(node: Expression) -> tuple[Expression, ...]:
    """The parts directly below a node."""
    match node:
        case Unary(operand=operand):
            return (operand,)
        case Binary(left=left, right=right):
            return (left, right)
        case Call(arguments=arguments):
            return arguments
        case _:
            return ()


def walk(tree: Expression) -> Iterator[Expression]:
    """Every node, each before what is below it."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(reversed(children(node)))


def references(tree: Expression) -> tuple[Reference, ...]:
    """The different references of a formula, in order of appearance."""
    return tuple(dict.fromkeys(node for node in walk(tree) if isinstance(node, Reference)))


BINDING = {
    "or": 1, "and": 2, "=": 4, "!=": 4, "<": 4, "<=": 4, ">": 4, ">=": 4, "+": 5, "-": 5, "*": 6, "/": 6,
    "%": 6, "^": 8,
}  # fmt: skip
"""How strongly a sign binds; `not` stands at 3, the minus before a number at 7: -2 ^ 2 is -4."""
NOT_BINDS, MINUS_BINDS, ATOM_BINDS = 3, 7, 9


def binding(node: Expression) -> int:
    """How strongly the outermost sign of a node holds its parts together."""
    match node:
        case Binary(sign=sign):
            return BINDING[sign]
        case Unary(sign=sign):
            return NOT_BINDS if sign == "not" else MINUS_BINDS
        case _:
            return ATOM_BINDS
