"""A computed indicator explained: its formula in words, and each period with the numbers put in. Reads only."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from indicators.dependencies import reference_name
from indicators.engine.display import format_number, format_value
from indicators.engine.formula import (
    Expression,
    FormulaError,
    Reference,
    in_words,
    references,
    show,
    substituted,
    to_text,
)
from indicators.engine.types import IndicatorRule, Message, ValueType
from indicators.formulas import Evaluation, evaluate, load_material, read
from indicators.models import ProgrammeIndicator


def say(text: Message) -> str:
    """A message of the engine in the reader's language."""
    return _(text.template) % text.params


@dataclass(frozen=True, slots=True, kw_only=True)
class TracedPeriod:
    """One period: what went in, the formula with the numbers, and what came out or why nothing did."""

    label: str
    inputs: list[str]
    calculation: str
    result: str
    """Empty when there is none."""
    why_none: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """A formula and its last periods, newest first."""

    text: str
    words: str
    columns: list[str]
    """The references, as the formula writes them."""
    rows: list[TracedPeriod]
    sources: list[ProgrammeIndicator]
    has_cells: bool = False
    """It names single cells of a disaggregation, whose figures not everybody sees."""


def trace_of(indicator: ProgrammeIndicator, *, last: int) -> Trace | None:
    """The explanation of a computed indicator; None when its formula no longer fits. A fixed number of queries."""
    rows = ProgrammeIndicator.objects.filter(formula_uses__indicator=indicator)
    sources = list(
        rows.select_related("definition", "version", "partner", "programme").order_by(
            "definition__code", "pk"
        )
    )
    try:
        tree = read(indicator.formula, sources, ValueType(indicator.version.value_type))
    except FormulaError:
        return None
    has_cells = any(one.cell for one in references(tree))
    material = load_material([indicator.pk, *(one.pk for one in sources)], with_cells=has_cells)
    evaluation = evaluate(material.indicators[indicator.pk], tree, sources, material)
    return trace(indicator, tree, evaluation, sources, last=last)


def trace(
    indicator: ProgrammeIndicator,
    tree: Expression,
    evaluation: Evaluation,
    sources: list[ProgrammeIndicator],
    *,
    last: int,
) -> Trace:
    """The explanation of an evaluated formula, for the last periods in which a source has a figure. No query."""
    rule = indicator.version.rule()
    named = references(tree)
    places = [place for place, touched in enumerate(evaluation.is_touched) if touched][-last:]
    return Trace(
        text=to_text(tree),
        words=in_words(tree, {reference_name(one): one.name for one in sources}, say),
        columns=[to_text(one) for one in named],
        rows=[_row(tree, evaluation, named, place, rule) for place in reversed(places)],
        sources=sources,
        has_cells=any(one.cell for one in named),
    )


def _row(
    tree: Expression, evaluation: Evaluation, named: tuple[Reference, ...], place: int, rule: IndicatorRule
) -> TracedPeriod:
    outcome = evaluation.outcomes[place]
    calculation = substituted(tree, evaluation.inputs, place)
    if rule.value_type is ValueType.RATIO and rule.scale != 1:
        calculation = f"{format_number(rule.scale, 4)} × {calculation}"
    why = outcome.refusal.message if outcome.refusal else outcome.missing
    return TracedPeriod(
        label=evaluation.inputs.labels[place],
        inputs=[show(evaluation.inputs.columns[one][place]) for one in named],
        calculation=calculation,
        result="" if outcome.value is None else format_value(outcome.value, rule),
        why_none=say(why) if why else "",
    )
