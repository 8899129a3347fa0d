"""Formula indicators: the rows that a formula needs in, the figures of all its periods out. Writes nothing.

Every series is computed whole: offsets, windows and years to date reach over periods, and a series is short.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from indicators.dependencies import load_graph, reference_name
from indicators.engine.formula import (
    ANSWERS,
    Absent,
    Expression,
    FormulaError,
    Inputs,
    Known,
    Outcome,
    Reference,
    Value,
    check,
    outcomes,
    parse,
    references,
    year_starts,
)
from indicators.engine.messages import gettext_noop, message
from indicators.engine.rollup import roll_up_period
from indicators.engine.types import Measurement, PeriodValue, Refusal, RefusalCode, ValueType
from indicators.models import ProgrammeIndicator, ReportingPeriod, Rollup
from indicators.snapshots import (
    ROLLED_UP,
    Key,
    expected_sites,
    load_indicators,
    load_measurements,
    period_value,
)

Figures = dict[int, PeriodValue]
"""Of one indicator, by period."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """A formula over all periods of its indicator: what went in, what came out."""

    periods: list[ReportingPeriod]
    inputs: Inputs
    outcomes: list[Outcome]
    is_touched: list[bool]
    """Whether a source has a figure of its own for the period; the others are not computed."""


@dataclass(slots=True)
class Material:
    """What formulas are computed from: indicators, their periods, figures, and figures of single cells."""

    indicators: dict[int, ProgrammeIndicator]
    periods: dict[tuple[int, str], list[ReportingPeriod]]
    figures: dict[int, Figures]
    measurements: dict[Key, list[Measurement]]

    def periods_of(self, indicator: ProgrammeIndicator) -> list[ReportingPeriod]:
        return self.periods.get((indicator.programme_id, indicator.frequency), [])


def known_of(indicator: ProgrammeIndicator, why_not: str = "") -> Known:
    """What the language needs to know of an indicator that a formula may name."""
    dimensions = (
        {}
        if indicator.is_computed
        else {
            one["name"]: frozenset(category["code"] for category in one.get("categories", []))
            for one in indicator.version.disaggregations
        }
    )
    return Known(
        value_type=ValueType(indicator.version.value_type),
        label=indicator.name,
        dimensions=dimensions,
        why_not=message("%(why)s", why=why_not) if why_not else None,
    )


def compute_series(pks: Sequence[int]) -> dict[int, Figures]:
    """The figures of computed indicators, each after those it rests on, from stored roll-ups. Nine queries at most.

    Args:
        pks: computed indicators in the order in which they rest on one another (`Graph.in_order`).
    """
    if not pks:
        return {}
    graph = load_graph(pks)
    material = load_material(graph.below(pks))
    for pk in pks:
        indicator = material.indicators[pk]
        sources = [material.indicators[one] for one in sorted(graph.sources.get(pk, ()))]
        leaves = graph.leaves(pk)
        material.figures[pk] = _figures(indicator, sources, leaves, material)
    return {pk: material.figures[pk] for pk in pks}


def load_material(pks: Iterable[int], *, with_cells: bool = False) -> Material:
    """The indicators with their periods and stored figures; measurements only if a formula asks for cells."""
    indicators = {one.pk: one for one in load_indicators(pks)}
    periods: dict[tuple[int, str], list[ReportingPeriod]] = {}
    rows = ReportingPeriod.objects.filter(
        programme__in={one.programme_id for one in indicators.values()},
        frequency__in={one.frequency for one in indicators.values()},
    ).order_by("ends_on", "starts_on", "pk")
    by_pk = {}
    for period in rows:
        by_pk[period.pk] = period
        periods.setdefault((period.programme_id, period.frequency), []).append(period)
    figures: dict[int, Figures] = {pk: {} for pk in indicators}
    for indicator_pk, period_pk, expected, *row in Rollup.objects.filter(
        indicator__in=list(indicators), period__in=list(by_pk)
    ).values_list("indicator_id", "period_id", "expected", *ROLLED_UP):
        figures[indicator_pk][period_pk] = period_value(by_pk[period_pk], row, expected)
    material = Material(indicators, periods, figures, {})
    if with_cells or any("=" in one.formula and ";" in one.formula for one in indicators.values()):
        material.measurements = load_measurements(
            {
                (one.pk, period.pk)
                for one in indicators.values()
                if not one.is_computed
                for period in material.periods_of(one)
            }
        )
    return material


def _figures(
    indicator: ProgrammeIndicator,
    sources: list[ProgrammeIndicator],
    leaves: list[int],
    material: Material,
) -> Figures:
    periods = material.periods_of(indicator)
    try:
        tree = read(indicator.formula, sources, ValueType(indicator.version.value_type))
    except FormulaError as error:
        refusal = Refusal(code=RefusalCode.FORMULA_UNUSABLE, message=error.message)
        found = [Outcome(refusal=refusal)] * len(periods)
        touched = [_is_touched(period, sources, material) for period in periods]
    else:
        evaluation = evaluate(indicator, tree, sources, material)
        found, touched = evaluation.outcomes, evaluation.is_touched
    return {
        period.pk: PeriodValue(
            starts_on=period.starts_on,
            ends_on=period.ends_on,
            label=period.label,
            value=outcome.value,
            numerator=outcome.numerator,
            denominator=outcome.denominator,
            reported=sum(_reported(material.figures[leaf].get(period.pk)) for leaf in leaves),
            expected=expected_sites(indicator, period),
            refusal=outcome.refusal,
        )
        for period, outcome, is_touched in zip(periods, found, touched, strict=True)
        if is_touched
    }


def _reported(figure: PeriodValue | None) -> int:
    return 0 if figure is None else figure.reported


def read(formula: str, sources: Iterable[ProgrammeIndicator], result: ValueType) -> Expression:
    """The checked tree of a formula over these sources; FormulaError says what is wrong and where."""
    tree = parse(formula)
    check(tree, {reference_name(one): known_of(one) for one in sources}, result=result)
    return tree


def evaluate(
    indicator: ProgrammeIndicator,
    tree: Expression,
    sources: Iterable[ProgrammeIndicator],
    material: Material,
) -> Evaluation:
    """A checked formula in every period of the indicator. No query."""
    named = {reference_name(one): one for one in sources}
    periods = material.periods_of(indicator)
    inputs = Inputs(
        columns={one: _column(one, named[one.name], periods, material) for one in references(tree)},
        labels=[period.label for period in periods],
        days=[(period.ends_on - period.starts_on).days + 1 for period in periods],
        year_starts=year_starts(
            [period.starts_on for period in periods], indicator.programme.fiscal_year_start_month
        ),
    )
    used = [named[name] for name in dict.fromkeys(one.name for one in references(tree))]
    return Evaluation(
        periods=periods,
        inputs=inputs,
        outcomes=outcomes(tree, indicator.version.rule(), inputs),
        is_touched=[_is_touched(period, used, material) for period in periods],
    )


def _is_touched(period: ReportingPeriod, sources: Iterable[ProgrammeIndicator], material: Material) -> bool:
    return any(period.pk in material.figures[one.pk] for one in sources)


def _column(
    reference: Reference, source: ProgrammeIndicator, periods: list[ReportingPeriod], material: Material
) -> list[Value]:
    figures: Mapping[int, PeriodValue] = material.figures[source.pk]
    if reference.cell:
        figures = _figures_of_cell(reference.cell, source, periods, material)
    return [_input(reference, source, period, figures.get(period.pk)) for period in periods]


def _figures_of_cell(
    cell: str, source: ProgrammeIndicator, periods: list[ReportingPeriod], material: Material
) -> Figures:
    """The figures of one category: its own cell where it is reported, otherwise its finer cells joined."""
    wanted = set(cell.split(";"))
    found: Figures = {}
    for period in periods:
        parts = [
            replace(one, cell=";".join(sorted(set(one.cell.split(";")) - wanted)))
            for one in material.measurements.get((source.pk, period.pk), [])
            if wanted <= set(one.cell.split(";"))
        ]
        if parts:
            found[period.pk] = roll_up_period(
                parts,
                source.version.rule(),
                starts_on=period.starts_on,
                ends_on=period.ends_on,
                label=period.label,
                expected=expected_sites(source, period),
            )
    return found


def _input(
    reference: Reference, source: ProgrammeIndicator, period: ReportingPeriod, figure: PeriodValue | None
) -> Value:
    given: Decimal | int | None = None if figure is None else getattr(figure, reference.part)
    if given is None:
        return _absent(reference, period, figure)
    if reference.part == "value" and ValueType(source.version.value_type) in ANSWERS:
        return bool(given) if given in {0, 1} else _neither(reference, period)
    return Decimal(given)


def _absent(reference: Reference, period: ReportingPeriod, figure: PeriodValue | None) -> Absent:
    if reference.part == "value" and figure is not None and figure.refusal is not None:
        why = message(
            gettext_noop("%(name)s gives no figure for %(period)s: %(why)s"),
            name=reference.name,
            period=period.label,
            why=figure.refusal.message,
        )
        return Absent(why=why, code=figure.refusal.code)
    template = (
        gettext_noop("%(name)s has no accepted figure for %(period)s.")
        if reference.part == "value" or figure is None
        else gettext_noop("%(name)s has no %(part)s for %(period)s.")
    )
    return Absent(why=message(template, name=reference.name, part=reference.part, period=period.label))


def _neither(reference: Reference, period: ReportingPeriod) -> Absent:
    return Absent(
        why=message(
            gettext_noop("%(name)s is neither yes nor no for %(period)s: its sites differ."),
            name=reference.name,
            period=period.label,
        ),
        code=RefusalCode.SITES_NOT_COMBINABLE,
    )
