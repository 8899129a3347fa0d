"""What an ex-post computation hands back. No arithmetic, and no numpy or scipy: a web process may import this."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from indicators.engine.codec import from_json, to_json
from indicators.engine.types import Message, Refusal, Step

Param = str | int | float | None


class Confidence(StrEnum):
    """How far a result can be relied on; equal to its weakest link (METHOD 2.10)."""

    HIGH = "high"
    MODERATE = "moderate"
    LOW = "low"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One link of the chain that a result hangs on, and the confidence it allows at best."""

    name: str
    allows: Confidence
    text: Message
    is_weakness: bool = False
    """A weakness of the design or the data; two of them make a comparison's result no better than low."""


class Answer(StrEnum):
    """Whether an assumption holds."""

    YES = "yes"
    NO = "no"
    CANNOT_TELL = "cannot_tell"


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumption:
    """Something the method takes for granted, and what the data say of it."""

    name: str
    holds: Answer
    text: Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Figures that come in rows: a counterfactual line, weights, an event study, what happens without one unit."""

    name: str
    caption: Message
    columns: tuple[str, ...]
    rows: tuple[tuple[Param, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExPostResult:
    """An estimate with its interval, or a refusal. Exactly one of `value` and `refusal` is None."""

    method: str
    """Technical name with the variant, e.g. ``Hedges g_av, exact J; paired t``."""
    label: Message
    """What the result may be called, e.g. "change, not effect" (METHOD 2.9)."""
    value: float | None = None
    low: float | None = None
    """Lower end of the interval; None when there is no interval or no finite end."""
    high: float | None = None
    level: float = 0.95
    p_value: float | None = None
    n: int = 0
    params: Mapping[str, Param] = field(default_factory=dict)
    """Every figure that was computed on the way, by name."""
    assumptions: tuple[Assumption, ...] = ()
    flags: tuple[str, ...] = ()
    confidence: Confidence = Confidence.NONE
    reasons: tuple[Reason, ...] = ()
    """Why the confidence is no higher, the weakest link first (`confidence.weakest_link`)."""
    tables: tuple[Table, ...] = ()
    refusal: Refusal | None = None
    steps: tuple[Step, ...] = ()
    sentence: tuple[Message, ...] = ()


def result_to_json(result: ExPostResult) -> dict[str, Any]:
    """The result as plain JSON."""
    return to_json(result)


def result_from_json(data: Mapping[str, Any]) -> ExPostResult:
    """The result that was written; EngineError names the field that does not fit."""
    return from_json(ExPostResult, data)


def table_of(result: ExPostResult, name: str) -> Table | None:
    """The table of that name; None when the method gave none."""
    return next((one for one in result.tables if one.name == name), None)


def refused(
    refusal: Refusal,
    *,
    method: str,
    label: Message,
    n: int = 0,
    params: Mapping[str, Param] | None = None,
    flags: tuple[str, ...] = (),
    tables: tuple[Table, ...] = (),
    assumptions: tuple[Assumption, ...] = (),
) -> ExPostResult:
    """A result that says why there is no number; figures that were found on the way may stand beside it."""
    return ExPostResult(
        method=method,
        label=label,
        n=n,
        params=params or {},
        flags=flags,
        tables=tables,
        assumptions=assumptions,
        refusal=refusal,
        steps=(Step(label=refusal.message, rule="", substituted="", result=refusal.code.value),),
        sentence=(refusal.message,),
    )
