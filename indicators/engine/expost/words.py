"""Small pieces that every ex-post result is put together from: figures as text, assumptions, tables. No statistics."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from decimal import Decimal

from indicators.engine.display import format_number, format_share
from indicators.engine.messages import gettext_noop, message
from indicators.engine.types import Step

from .types import Answer, Assumption, Param, Table

NOTHING_ELSE = gettext_noop("Nothing else changed at the same time.")
COMPARISON = gettext_noop("There is a comparison that the programme did not reach.")


def shown(value: float) -> str:
    """A figure as text: two digits, four where it is small."""
    digits = 2 if abs(value) >= 0.01 or value == 0 else 4
    return format_number(Decimal(repr(float(value))), digits)


def percent(share: float) -> str:
    """A share between 0 and 1 as text."""
    return format_share(Decimal(repr(float(share))))


def interval_text(value: float, low: float | None, high: float | None) -> str:
    """``value (low … high)``; an end that is not finite is ∞, no interval at all is left out."""
    if low is None and high is None:
        return shown(value)
    lower = "−∞" if low is None else shown(low)
    upper = "∞" if high is None else shown(high)
    return f"{shown(value)} ({lower} … {upper})"


def number(params: Mapping[str, Param], name: str) -> float:
    """A figure by its name; not a number where it is missing or text."""
    value = params.get(name)
    return float(value) if isinstance(value, int | float) else math.nan


def finite(value: float) -> float | None:
    """The value, or None where it is infinite or not a number: JSON has neither."""
    return float(value) if math.isfinite(value) else None


def assumption(name: str, holds: Answer, template: str, **params: object) -> Assumption:
    """One assumption with its sentence."""
    return Assumption(name=name, holds=holds, text=message(template, **params))


def nothing_else_changed() -> Assumption:
    """What no figure can tell."""
    return assumption("nothing_else_changed", Answer.CANNOT_TELL, NOTHING_ELSE)


def comparison(*, is_there: bool) -> Assumption:
    """Whether there is something to compare with."""
    return assumption("comparison", Answer.YES if is_there else Answer.NO, COMPARISON)


def table(name: str, caption: str, columns: Sequence[str], rows: Sequence[Sequence[Param]]) -> Table:
    """A table of figures."""
    return Table(
        name=name,
        caption=message(caption),
        columns=tuple(columns),
        rows=tuple(tuple(cell for cell in row) for row in rows),
    )


def step(label: str, rule: str, substituted: str, result: str) -> Step:
    """One line of the explanation."""
    return Step(label=message(label), rule=rule, substituted=substituted, result=result)


def includes(no_change: float, low: float | None, high: float | None) -> bool:
    """Whether an interval includes the value that stands for no change; an end that is None is not finite."""
    return (low is None or low <= no_change) and (high is None or high >= no_change)
