"""The functions there are, what they take and give. A table, no arithmetic."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a part of a formula gives in each period."""

    NUMBER = "number"
    ANSWER = "answer"
    """Yes or no."""
    WINDOW = "window"
    """The figures of several periods; only `sum`, `mean` and the like take it."""


@dataclass(frozen=True, slots=True)
class Function:
    """What a function takes. `takes` repeats its last kind up to `most` arguments; None: any but a window."""

    takes: tuple[Kind | None, ...]
    gives: Kind | None
    """None: what its last argument gives."""
    least: int
    most: int
    usage: str
    has_count: bool = False
    """The last argument is a written whole number, not an expression."""


_N, _A, _W = Kind.NUMBER, Kind.ANSWER, Kind.WINDOW
_MANY = 20
FUNCTIONS: dict[str, Function] = {
    "if": Function((_A, None, None), None, 3, 3, "if(condition, a, b)"),
    "isNull": Function((None,), _A, 1, 1, "isNull(a)"),
    "isNotNull": Function((None,), _A, 1, 1, "isNotNull(a)"),
    "firstNonNull": Function((None,), None, 1, _MANY, "firstNonNull(a, b, …)"),
    "greatest": Function((_N,), _N, 2, _MANY, "greatest(a, b, …)"),
    "least": Function((_N,), _N, 2, _MANY, "least(a, b, …)"),
    "abs": Function((_N,), _N, 1, 1, "abs(a)"),
    "round": Function((_N, _N), _N, 1, 2, "round(a) or round(a, 2)", has_count=True),
    "log": Function((_N,), _N, 1, 1, "log(a)"),
    "log10": Function((_N,), _N, 1, 1, "log10(a)"),
    "removeZeros": Function((_N,), _N, 1, 1, "removeZeros(a)"),
    "normDistCum": Function((_N,), _N, 3, 3, "normDistCum(a, mean, sd)"),
    "normDistDen": Function((_N,), _N, 3, 3, "normDistDen(a, mean, sd)"),
    "days": Function((), _N, 0, 0, "days()"),
    "offset": Function((_N, _N), _N, 2, 2, "offset(a, -1)", has_count=True),
    "ytd": Function((_N,), _N, 1, 1, "ytd(a)"),
    "last": Function((_N, _N), _W, 2, 2, "last(a, 4)", has_count=True),
    "sum": Function((_W,), _N, 1, 1, "sum(last(a, 4))"),
    "mean": Function((_W,), _N, 1, 1, "mean(last(a, 4))"),
    "min": Function((_W,), _N, 1, 1, "min(last(a, 4))"),
    "max": Function((_W,), _N, 1, 1, "max(last(a, 4))"),
    "median": Function((_W,), _N, 1, 1, "median(last(a, 4))"),
    "count": Function((_W,), _N, 1, 1, "count(last(a, 4))"),
    "percentile": Function((_W, _N), _N, 2, 2, "percentile(last(a, 4), 0.25)"),
    "stddev": Function((_W,), _N, 1, 1, "stddev(last(a, 4))"),
    "stddevPop": Function((_W,), _N, 1, 1, "stddevPop(last(a, 4))"),
    "variance": Function((_W,), _N, 1, 1, "variance(last(a, 4))"),
}
OVER_PERIODS = {
    "sum", "mean", "min", "max", "median", "count", "percentile", "stddev", "stddevPop", "variance",
}  # fmt: skip
ALIASES = {
    "avg": "mean",
    "percentileCont": "percentile",
    "periodOffset": "offset",
    "stddevSamp": "stddev",
    "yearToDate": "ytd",
}
"""Names that other tools have for the same; read, and written as ours."""


def _plain(word: str) -> str:
    """Small letters, no signs, no leading zeros: ``NMI-8`` and ``nmi08`` are the same."""
    return "".join(part.lstrip("0") or part for part in re.findall(r"[a-z]+|[0-9]+", word.lower()))


def nearest(word: str, known: Iterable[str]) -> str:
    """The known word that `word` was probably meant to be, or an empty text."""
    by_key = {_plain(one): one for one in known}
    found = difflib.get_close_matches(_plain(word)[:60], list(by_key), n=1, cutoff=0.6)
    return by_key[found[0]] if found else ""
