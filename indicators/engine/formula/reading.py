"""Text becomes a tree, or an error with its place. Knows the signs and the limits, not what indicators there are."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import cast

from indicators.engine.messages import gettext_noop, message

from .functions import ALIASES, FUNCTIONS, nearest
from .tree import (
    BINDING,
    DECIMAL_DIGITS,
    DEEPEST,
    LONGEST_TEXT,
    MINUS_BINDS,
    MOST_NODES,
    NOT_BINDS,
    PARTS,
    WHOLE_DIGITS,
    Binary,
    Call,
    Expression,
    FormulaError,
    Number,
    Part,
    Reference,
    Unary,
)

_TOKEN = re.compile(
    r"(?P<space>[ \t\r\n\u00a0]+)"
    r"|(?P<number>[0-9]+(?:\.[0-9]+)?)"
    r"|(?P<reference>\[[^\[\]\n]*\])"
    r"|(?P<word>[A-Za-z][A-Za-z0-9_]*)"
    r"|(?P<sign>\*\*|<=|>=|==|!=|<>|[-+*/%^=<>(),.\u00d7\u00f7\u2212\u2264\u2265\u2260])"
)
_SAME_SIGN = {"==": "=", "<>": "!=", "×": "*", "÷": "/", "−": "-", "≤": "<=", "≥": ">=", "≠": "!="}
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}(/[A-Za-z0-9-]{1,20})?")
_CELL = re.compile(r"\s*([A-Za-z][A-Za-z0-9_]*)\s*=\s*([^\s;=\[\]](?:[^;=\[\]]*[^\s;=\[\]])?)\s*")
_NAMES = {name.lower(): name for name in FUNCTIONS} | {other.lower(): name for other, name in ALIASES.items()}
_COMPARES = {"=", "!=", "<", "<=", ">", ">="}


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    start: int
    end: int


def parse(text: str) -> Expression:
    """The tree of a formula (docs/formulas.md).

    Raises:
        FormulaError: whatever the text is; nothing else is ever raised.

    >>> parse("100 * [NMI-06].numerator").right.part
    'numerator'
    """
    if len(text) > LONGEST_TEXT:
        raise FormulaError(
            message(
                gettext_noop("The formula has %(have)s characters; at most %(most)s are read."),
                have=len(text),
                most=LONGEST_TEXT,
            ),
            LONGEST_TEXT,
            len(text),
        )
    reader = _Reader(text)
    tree = reader.expression(0, 0)
    reader.expect_end()
    return tree


def _tokens(text: str) -> list[_Token]:
    found = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None or match.group() == "**":
            raise _unreadable(text, at)
        kind = str(match.lastgroup)
        if kind != "space":
            said = match.group()
            word = said.lower()
            if kind == "word" and word in {"and", "or", "not"}:
                kind, said = "sign", word
            found.append(_Token(kind, _SAME_SIGN.get(said, said), at, match.end()))
        at = match.end()
    found.append(_Token("end", "", len(text), len(text)))
    return found


def _unreadable(text: str, at: int) -> FormulaError:
    sign = text[at]
    if text.startswith("**", at):
        said = message(gettext_noop("“**” is not part of this language; a power is written a ^ b."))
    elif sign in "\"'“”":
        said = message(gettext_noop("Texts are not part of this language; only numbers and indicators are."))
    elif sign == "[":
        said = message(gettext_noop("This bracket is never closed; expected a code, as in [NMI-06]."))
    else:
        said = message(
            gettext_noop("“%(sign)s” is not part of this language."), sign=sign if sign.isprintable() else "?"
        )
    return FormulaError(said, at, at + 1)


class _Reader:
    """Reads by how strongly signs bind; counts nodes and depth as it goes."""

    def __init__(self, text: str) -> None:
        self.tokens = _tokens(text)
        self.at = 0
        self.nodes = 0

    @property
    def next(self) -> _Token:
        return self.tokens[self.at]

    def take(self) -> _Token:
        token = self.tokens[self.at]
        self.at += 1
        return token

    def expression(self, least: int, depth: int) -> Expression:
        left = self.operand(depth)
        while (token := self.next).kind == "sign" and (strength := BINDING.get(token.text, 0)) > least:
            if self.is_chained(left, token):
                raise FormulaError(
                    message(gettext_noop("Compare two figures at a time: a < b and b < c.")),
                    token.start,
                    token.end,
                )
            self.take()
            self.count(token)
            if token.text == "%" and not self.begins_an_operand():
                raise FormulaError(
                    message(
                        gettext_noop("a %% b is the remainder of a division; for percent write 100 * a / b.")
                    ),
                    token.start,
                    token.end,
                )
            right = self.expression(strength, depth)
            left = Binary(sign=token.text, left=left, right=right, start=left.start, end=right.end)
        return left

    def begins_an_operand(self) -> bool:
        return self.next.kind in {"number", "reference", "word"} or self.next.text in {"(", "-"}

    def is_chained(self, left: Expression, token: _Token) -> bool:
        """A comparison of a comparison that stands without brackets."""
        return (
            token.text in _COMPARES
            and isinstance(left, Binary)
            and left.sign in _COMPARES
            and self.tokens[self.at - 1].text != ")"
        )

    def operand(self, depth: int) -> Expression:
        token = self.take()
        self.count(token)
        if depth >= DEEPEST:
            raise FormulaError(
                message(gettext_noop("The formula is nested deeper than %(most)s levels."), most=DEEPEST),
                token.start,
                token.end,
            )
        match token.kind, token.text:
            case "number", _:
                return _number(token)
            case "reference", _:
                return self.reference(token)
            case "word", _:
                return self.call(token, depth)
            case "sign", "-":
                inner = self.expression(MINUS_BINDS, depth + 1)
                return Unary(sign="-", operand=inner, start=token.start, end=inner.end)
            case "sign", "not":
                inner = self.expression(NOT_BINDS, depth + 1)
                return Unary(sign="not", operand=inner, start=token.start, end=inner.end)
            case "sign", "(":
                inner = self.expression(0, depth + 1)
                self.expect(")", opened=token)
                return inner
        raise _unexpected(token, gettext_noop("a number, an indicator as in [NMI-06], or a function"))

    def reference(self, token: _Token) -> Reference:
        name, cell = _inside(token)
        part: Part = "value"
        end = token.end
        if self.next.text == ".":
            self.take()
            word = self.take()
            if word.text.lower() not in PARTS:
                raise FormulaError(
                    message(
                        gettext_noop("“%(word)s” is no part of an indicator; expected one of %(parts)s."),
                        word=word.text,
                        parts=", ".join(PARTS),
                    ),
                    word.start,
                    word.end,
                )
            part, end = cast(Part, word.text.lower()), word.end
        return Reference(name=name, cell=cell, part=part, start=token.start, end=end)

    def call(self, token: _Token, depth: int) -> Call:
        name = _NAMES.get(token.text.lower(), "")
        if not name:
            raise _unknown_word(token, is_call=self.next.text == "(")
        opened = self.expect("(", after=name)
        arguments = []
        if self.next.text != ")":
            arguments.append(self.expression(0, depth + 1))
            while self.next.text == ",":
                self.take()
                arguments.append(self.expression(0, depth + 1))
        closed = self.expect(")", opened=opened)
        return Call(name=name, arguments=tuple(arguments), start=token.start, end=closed.end)

    def expect(self, sign: str, *, opened: _Token | None = None, after: str = "") -> _Token:
        token = self.take()
        if token.text == sign and token.kind == "sign":
            return token
        if opened is not None and token.kind == "end":
            raise FormulaError(
                message(gettext_noop("This bracket is never closed.")), opened.start, opened.end
            )
        if after:
            raise FormulaError(
                message(gettext_noop("“(” was expected after %(name)s."), name=after), token.start, token.end
            )
        raise _unexpected(token, gettext_noop("“)”, “,” or a sign such as + or <"))

    def expect_end(self) -> None:
        if self.next.kind != "end":
            raise _unexpected(self.next, gettext_noop("a sign such as + or <, or the end"))

    def count(self, token: _Token) -> None:
        self.nodes += 1
        if self.nodes > MOST_NODES:
            raise FormulaError(
                message(gettext_noop("The formula has more than %(most)s parts."), most=MOST_NODES),
                token.start,
                token.end,
            )


def _number(token: _Token) -> Number:
    whole, _point, decimals = token.text.partition(".")
    if len(whole.lstrip("0")) > WHOLE_DIGITS or len(decimals) > DECIMAL_DIGITS:
        raise FormulaError(
            message(
                gettext_noop(
                    "This number is too long; at most %(whole)s digits and %(decimals)s decimals are read."
                ),
                whole=WHOLE_DIGITS,
                decimals=DECIMAL_DIGITS,
            ),
            token.start,
            token.end,
        )
    return Number(value=Decimal(token.text), start=token.start, end=token.end)


def _inside(token: _Token) -> tuple[str, str]:
    """Name and canonical cell of ``[NMI-06; sex=female]``."""
    name, *cells = token.text[1:-1].split(";")
    name = name.strip()
    if not _NAME.fullmatch(name):
        raise FormulaError(
            message(gettext_noop("Expected the code of an indicator, as in [NMI-06] or [ICI-03/JOR].")),
            token.start,
            token.end,
        )
    pairs: dict[str, str] = {}
    for cell in cells:
        match = _CELL.fullmatch(cell)
        if match is None or match.group(1) in pairs:
            raise FormulaError(
                message(
                    gettext_noop(
                        "“%(cell)s” is no disaggregation; expected name=value once for each name, as in sex=female."
                    ),
                    cell=cell.strip(),
                ),
                token.start,
                token.end,
            )
        pairs[match.group(1)] = match.group(2)
    return name, ";".join(f"{key}={pairs[key]}" for key in sorted(pairs))


def _unknown_word(token: _Token, *, is_call: bool) -> FormulaError:
    if not is_call:
        said = message(
            gettext_noop(
                "“%(word)s” stands alone; indicators are written in square brackets, as in [NMI-06]."
            ),
            word=token.text,
        )
    elif close := nearest(token.text, FUNCTIONS):
        said = message(
            gettext_noop("There is no function “%(word)s”; did you mean %(close)s?"),
            word=token.text,
            close=close,
        )
    else:
        said = message(
            gettext_noop("There is no function “%(word)s”; there are %(all)s."),
            word=token.text,
            all=", ".join(FUNCTIONS),
        )
    return FormulaError(said, token.start, token.end)


def _unexpected(token: _Token, wanted: str) -> FormulaError:
    template = (
        gettext_noop("The formula ends here; expected %(wanted)s.")
        if token.kind == "end"
        else gettext_noop("“%(found)s” was not expected here; expected %(wanted)s.")
    )
    return FormulaError(message(template, found=token.text, wanted=wanted), max(token.start, 0), token.end)
