"""The one place where what is given to an ex-post function, and what it gives back, is looked at. No statistics.

Facts that fall short are refusals of the methods themselves. This is about what no method can compute with: text and
nothing where a number belongs, numbers that are none, too large or too small, periods out of order.
"""

from __future__ import annotations

import inspect
import math
import re
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from datetime import date
from decimal import Decimal
from enum import Enum
from functools import cache, wraps
from itertools import pairwise
from numbers import Integral, Real
from typing import Any, ParamSpec, TypeVar

from indicators.engine.errors import EngineError
from indicators.engine.messages import gettext_noop, refuse
from indicators.engine.types import PeriodValue, RefusalCode, Step

from .types import ExPostResult, Param, Table

LARGEST = 1e17
"""Figures from here on do not fit the columns they are kept in."""
SMALLEST = 1e-10
"""The last decimal place that is kept: data that are all smaller cannot be told from nothing."""
_WHERE_ALLOWED: dict[type, tuple[str, ...]] = {
    type(None): ("None", "Param"),
    str: ("str", "Param"),
    bool: ("bool", "int", "float", "Number", "Numbers", "Param"),
    date: ("date",),
}
_FLOATING = ("float", "Number", "Numbers", "Floats", "Freedom", "Param")
_EXACT = ("Decimal", "Number", "Numbers")
P = ParamSpec("P")
R = TypeVar("R")


def checked(function: Callable[P, R]) -> Callable[P, R]:
    """A public function that answers anything it is given: with a result, a refusal or an EngineError that says why.

    What a library warns of is seen in the result, never on a console: figures that are no numbers are left out of a
    result, whose headline is then refused, and are an EngineError where a function gives back bare numbers.
    """
    signature = inspect.signature(function)

    @wraps(function)
    def answered(*args: P.args, **kwargs: P.kwargs) -> R:
        sizes = _check_call(signature, args, kwargs)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                found = function(*args, **kwargs)
        except EngineError:
            raise
        except (ArithmeticError, ValueError) as failure:
            raise EngineError(
                f"These figures are too far apart or too much alike to compute with ({failure})."
            ) from failure
        return _usable(found, is_nothing=0 < max(sizes, default=1.0) < SMALLEST)

    return answered


def finite_result(result: ExPostResult) -> ExPostResult:
    """The result without infinities and things that are no numbers; refused where the headline is one, or too large."""
    clean = replace(
        result,
        low=_finite(result.low),
        high=_finite(result.high),
        p_value=_finite(result.p_value),
        params={name: _param(value) for name, value in result.params.items()},
        tables=tuple(_table(one) for one in result.tables),
    )
    has_headline = result.value is not None and _finite(result.value) is not None
    return clean if result.refusal is not None or has_headline else _out_of_bounds(clean)


def _out_of_bounds(result: ExPostResult) -> ExPostResult:
    why = refuse(
        RefusalCode.OUT_OF_BOUNDS, gettext_noop("The figures are too large or too small to be computed with.")
    )
    return replace(
        result,
        value=None,
        low=None,
        high=None,
        p_value=None,
        refusal=why,
        sentence=(why.message,),
        steps=(Step(label=why.message, rule="", substituted="", result=why.code.value),),
    )


def _usable(found: R, *, is_nothing: bool) -> R:
    if isinstance(found, ExPostResult):
        clean = finite_result(found)
        return _out_of_bounds(clean) if is_nothing and clean.refusal is None else clean  # type: ignore[return-value]
    bare = found if isinstance(found, tuple) else (found,)
    if any(isinstance(one, float) and not math.isfinite(one) for one in bare):
        raise EngineError("These figures are too large or too small to compute with: no number came of them.")
    return found


def _finite(value: float | None) -> float | None:
    if value is None or not math.isfinite(value) or abs(value) >= LARGEST:
        return None
    return float(value)


def _param(value: Param) -> Param:
    return _finite(value) if isinstance(value, float) else value


def _table(one: Table) -> Table:
    return replace(one, rows=tuple(tuple(_param(cell) for cell in row) for row in one.rows))


def _check_call(signature: inspect.Signature, args: Any, kwargs: Any) -> list[float]:
    """Sizes of all data that are given; EngineError where something does not fit its annotation."""
    sizes: list[float] = []
    for name, value in signature.bind(*args, **kwargs).arguments.items():
        sizes += _check(value, str(signature.parameters[name].annotation), name)
    return sizes


def _check(value: Any, kind: str, where: str) -> Iterator[float]:
    """Sizes of the data in a value; EngineError names the place that does not fit its annotation."""
    if value is None or isinstance(value, str | bool | date):
        _check_word(value, kind, where)
    elif isinstance(value, Real | Decimal):
        yield from _check_number(value, kind, where)
    elif isinstance(value, Sequence | Mapping) or hasattr(value, "tolist"):
        yield from _check_many(value, kind, where)
    elif isinstance(value, PeriodValue) and _names(kind, "PeriodValue"):
        yield from _check_period(value, where)
    elif is_dataclass(value) and _names(kind, type(value).__name__):
        yield from _check_fields(value, where)
    elif not _names(kind, "Callable"):
        raise EngineError(f"{where}: {type(value).__name__} was given; {kind} was expected.")


def _check_word(value: Any, kind: str, where: str) -> None:
    """Nothing, text, yes or no, a day, each where it may stand; a moment is no day."""
    if not isinstance(value, Enum) and not _names(_outer(kind), *_WHERE_ALLOWED.get(type(value), ("-",))):
        raise _unexpected(value, kind, where)


def _check_number(value: Any, kind: str, where: str) -> Iterator[float]:
    outer = _outer(kind)
    if _names(outer, "Freedom") and isinstance(value, float) and value == math.inf:
        return
    if not _names(outer, *_words_for(value)):
        raise _unexpected(value, "a whole number" if outer == "int" else kind, where)
    size = value.copy_abs() if isinstance(value, Decimal) else abs(value)
    if (isinstance(value, Decimal) and value.is_nan()) or not size < LARGEST:
        raise _unexpected(value, f"a finite number below {LARGEST:.0e}", where)
    if _names(outer, "Number", "Numbers", "Floats") or where.endswith("]"):
        yield abs(float(value))


def _words_for(value: Any) -> tuple[str, ...]:
    if isinstance(value, Decimal):
        return _EXACT
    return ("int", *_EXACT, *_FLOATING) if isinstance(value, Integral) else _FLOATING


def _unexpected(value: Any, expected: str, where: str) -> EngineError:
    is_long = isinstance(value, int) and abs(value) >= 10**20  # Python refuses to write the longest ones out.
    given = "nothing" if value is None else "a longer number" if is_long else ascii(value)[:40]
    return EngineError(f"{where}: {given} was given; {expected} was expected.")


def _check_many(value: Any, kind: str, where: str) -> Iterator[float]:
    is_named = isinstance(value, Mapping)
    if not _names(_outer(kind), *(("Mapping",) if is_named else ("Sequence", "tuple", "Numbers", "Floats"))):
        raise EngineError(f"{where}: {type(value).__name__} was given; {kind} was expected.")
    if is_named:
        inner = _inner(kind).partition(", ")[2]
        for key, one in value.items():
            yield from _check(one, inner, f"{where}, {key}")
        return
    items = value.tolist() if hasattr(value, "tolist") else value
    inner = _inner(kind) or ("Floats" if hasattr(value, "tolist") else "Number")
    for place, one in enumerate(items):
        yield from _check(one, inner, f"{where}[{place}]")
    _check_order(items, where)


def _check_order(items: Sequence[Any], where: str) -> None:
    """Periods in order of time, none twice, none inside another."""
    periods = [one for one in items if isinstance(one, PeriodValue)]
    for one in periods:
        if one.ends_on < one.starts_on:
            raise EngineError(f"{where}: {one.label} ends before it starts.")
    for first, second in pairwise(periods):
        if second.starts_on <= first.ends_on:
            raise EngineError(f"{where}: {second.label} does not start after {first.label} has ended.")


def _check_period(one: PeriodValue, where: str) -> Iterator[float]:
    if type(one.starts_on) is not date or type(one.ends_on) is not date:
        raise EngineError(
            f"{where}: {one.starts_on!r} and {one.ends_on!r} were given; two dates were expected."
        )
    for name in ("numerator", "denominator", "standard_error", "n"):
        value = getattr(one, name)
        if value is not None:
            tuple(_check(value, "Decimal", f"{where}.{name}"))
    if one.value is not None:
        tuple(_check(one.value, "Decimal", f"{where}.value"))
        yield abs(float(one.value))


def _check_fields(value: Any, where: str) -> Iterator[float]:
    for name, kind in _annotations(type(value)):
        yield from _check(getattr(value, name), kind, f"{where}.{name}")


def _annotations(kind: Any) -> list[tuple[str, str]]:
    return [(one.name, str(one.type)) for one in fields(kind)]


@cache
def _inner(kind: str) -> str:
    """What stands in the brackets of an annotation."""
    found = re.search(r"\[(.*)\]", kind)
    return found[1] if found else ""


@cache
def _outer(kind: str) -> str:
    """An annotation without what stands in its brackets."""
    return re.sub(r"\[.*\]", "", kind)


@cache
def _names(kind: str, *words: str) -> bool:
    return any(re.search(rf"\b{word}\b", kind) for word in words)
