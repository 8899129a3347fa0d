"""What would turn an ex-post answer: each point, unit or person left out alone, and the borders. Saves nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from indicators.assessment.computing import answer, points_without_each, read, units_without_each
from indicators.assessment.drafts import Json
from indicators.engine.expost.situation import Method
from indicators.engine.expost.turn_words import (
    ABOVE,
    BELOW,
    CAPTION,
    NOBODY,
    NOTHING,
    PEOPLE,
    SOME,
    TOO_MANY,
    WOULD_TURN,
)
from indicators.engine.expost.types import ExPostResult, Table
from indicators.engine.messages import message
from indicators.engine.rules import rules_of
from indicators.engine.types import Message, PeriodValue

if TYPE_CHECKING:
    from indicators.engine.expost.flips import Margin, Turned

MOST = 60
"""So many are left out one at a time; each costs a computation, and of more one alone hardly weighs."""
NAMED = 5
BY_POINTS = {
    "before_after",
    Method.INTERRUPTED_SERIES.value,
    Method.INTERRUPTED_COUNTS.value,
    Method.COMPARATIVE_INTERRUPTED_SERIES.value,
    Method.COUNTERFACTUAL_TREND.value,
    Method.PROPORTIONS_BEFORE_AFTER.value,
    Method.RATES_BEFORE_AFTER.value,
    Method.MEANS_BEFORE_AFTER.value,
}
GAINS = {"paired_gain", Method.PAIRED_GAIN_WITH_COMPARISON.value}
LASTING = {"series_retention", "retention", Method.SHARE_KEPT.value}
"""What they say is a band, so the borders of the bands are what would turn it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turns:
    """What was tried on one answer: its sentences, and a row for each point or unit that turns it."""

    said: tuple[Message, ...] = ()
    turned: tuple[Turned, ...] = ()


def turns_of(result: ExPostResult, inputs: Json) -> Turns:
    """Everything that turns the bare answer to `inputs`; empty for a refusal and a judgement, where nothing is to turn.

    Each is found by computing again from the changed inputs, so it agrees with the answer itself.
    """
    if result.refusal is not None or inputs["compute"] == Method.CONTRIBUTION_RATING:
        return Turns()
    borders = tuple(_said_of(one, result) for one in _margins(result, inputs))
    if inputs["compute"] in LASTING:
        return Turns(said=borders)
    if inputs["compute"] in GAINS:
        return Turns(said=(*_people(inputs), *borders))
    have = len(_points(inputs)) + len(_units(inputs))
    if not have:
        return Turns(said=borders)
    if have > MOST:
        return Turns(said=(message(TOO_MANY, have=have, most=MOST), *borders))
    turned = tuple(_turned(inputs))
    names = ", ".join(one.without for one in turned[:NAMED]) + (" …" if len(turned) > NAMED else "")
    said = (
        message(SOME, turning=len(turned), tried=have, names=names)
        if turned
        else message(NOTHING, tried=have)
    )
    return Turns(said=(said, *borders), turned=turned)


def with_turns(result: ExPostResult, turns: Turns) -> ExPostResult:
    """The answer with what would turn it: sentences at its end, and one table, empty when nothing does."""
    if not turns.said:
        return result
    table = Table(
        name=WOULD_TURN,
        caption=message(CAPTION),
        columns=("without", "says_now", "would_say", "value_then"),
        rows=tuple(
            (one.without, one.finding_now.value, one.finding_then.value, one.value_then)
            for one in turns.turned
        ),
    )
    return replace(result, tables=(*result.tables, table), sentence=(*result.sentence, *turns.said))


def _points(inputs: Json) -> list[PeriodValue]:
    """Points that can be left out of the series; series of single sites are left out as units instead."""
    if inputs["compute"] not in BY_POINTS:
        return []
    return [one for one in read(inputs)["series"] if one.value is not None]


def _units(inputs: Json) -> list[tuple[str, str]]:
    """Group and code of the units that can be left out: those compared with, and the treated if there are several."""
    treated = inputs.get("treated", {})
    uses_treated = len(treated) > 1 and inputs["compute"] not in BY_POINTS | {Method.SYNTHETIC_CONTROL.value}
    groups = (["treated"] if uses_treated else []) + ["comparisons"]
    return [(group, code) for group in groups for code in inputs.get(group, {})]


def _turned(inputs: Json) -> Iterator[Turned]:
    from indicators.engine.expost.flips import points_that_turn, rows_that_turn

    inputs = read(inputs)
    if _points(inputs):
        series = inputs["series"]
        quick = points_without_each(inputs, series)
        yield from points_that_turn(series, lambda kept: answer(inputs | {"series": kept}), quick=quick)
    units = _units(inputs)
    if units:

        def without(kept: Sequence[int]) -> ExPostResult:
            left_out = [units[place] for place in sorted(set(range(len(units))) - set(kept))]
            changed = {
                group: {code: one for code, one in inputs[group].items() if (group, code) not in left_out}
                for group in {group for group, _code in units}
            }
            return answer(inputs | changed)

        said = units_without_each(inputs)
        codes = [code for _group, code in units]
        yield from rows_that_turn(codes, without, quick=[said.get(code) for code in codes])


def _people(inputs: Json) -> tuple[Message, ...]:
    """How many people turn it, each left out alone; never who."""
    from indicators.engine.expost.flips import rows_that_turn

    scores, others = inputs["scores"], inputs.get("comparison_scores", [])
    have = len(scores) + len(others)
    if not scores:
        return ()
    if have > MOST:
        return (message(TOO_MANY, have=have, most=MOST),)

    def without(kept: Sequence[int]) -> ExPostResult:
        rows = [scores[place] for place in kept if place < len(scores)]
        beside = [others[place - len(scores)] for place in kept if place >= len(scores)]
        changed: Json = {"scores": rows, "n": len(rows)}
        if others:
            changed |= {"comparison_scores": beside, "comparison_n": len(beside)}
        return answer(inputs | changed)

    turning = len(rows_that_turn([""] * have, without))
    if turning:
        return (message(PEOPLE, turning=turning, tried=have),)
    return (message(NOBODY, tried=have),)


def _margins(result: ExPostResult, inputs: Json) -> list[Margin]:
    """Borders that the answer clears, and how far: the bands of what lasts, or the smallest change that matters."""
    from indicators.engine.expost.flips import Finding, margin

    borders: list[float] = []
    if inputs["compute"] in LASTING:
        rules = rules_of(inputs.get("rules", {}))
        borders = [float(rules.sustained_from), float(rules.partly_from)]
    elif inputs.get("smallest_change") and result.params.get("kind") != "rate_ratio" and result.value:
        sign = 1 if result.value > 0 else -1
        borders = [sign * float(inputs["smallest_change"])]
    found = [margin(result, border) for border in borders]
    return [one for one in found if one is not None and one.clears is not Finding.CANNOT_TELL]


def _said_of(one: Margin, result: ExPostResult) -> Message:
    """The engine's sentence; where there is no interval, the value itself clears the border."""
    if result.low is not None or result.high is not None:
        return one.text
    return message(ABOVE if one.clears.value == "up" else BELOW, **one.text.params)
