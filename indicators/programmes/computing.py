"""Setting the formula of an indicator: what it may name, and what it would give. One verb; the rest only reads."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from indicators import derived, events
from indicators.dependencies import load_graph, reference_name
from indicators.engine.formula import (
    Expression,
    FormulaError,
    Known,
    check,
    parse,
    references,
)
from indicators.engine.types import ValueType
from indicators.formulas import Evaluation, evaluate, known_of, load_material
from indicators.models import FormulaSource, Observation, ProgrammeIndicator, User
from indicators.permissions import check_may_administer
from indicators.programmes.changes import lock_programme, refuse
from indicators.tracing import say


@dataclass(frozen=True, slots=True)
class Candidate:
    """An indicator of the same programme, as a formula would call it, and why it may not be called."""

    name: str
    indicator: ProgrammeIndicator
    known: Known

    @property
    def why_not(self) -> str:
        return say(self.known.why_not) if self.known.why_not else ""


def candidates_for(indicator: ProgrammeIndicator) -> dict[str, Candidate]:
    """Every other indicator of the programme by its name in formulas. Two queries."""
    rows = (
        ProgrammeIndicator.objects.filter(programme=indicator.programme_id)
        .exclude(pk=indicator.pk)
        .select_related("definition", "version", "partner")
        .order_by("definition__code", "partner__code")
    )
    graph = load_graph([indicator.pk])
    by_pk = {one.pk: one for one in rows} | {indicator.pk: indicator}
    found = {}
    for one in rows:
        why_not = ""
        if one.frequency != indicator.frequency:
            why_not = _("%(name)s is reported %(its)s, this indicator %(own)s; both must be the same.") % {
                "name": reference_name(one),
                "its": one.get_frequency_display().lower(),
                "own": indicator.get_frequency_display().lower(),
            }
        elif way := graph.way(one.pk, indicator.pk):
            why_not = _("This would be a circle: %(way)s.") % {
                "way": " → ".join(reference_name(by_pk[pk]) for pk in [indicator.pk, *way])
            }
        found[reference_name(one)] = Candidate(reference_name(one), one, known_of(one, why_not))
    own = reference_name(indicator)
    own_known = known_of(indicator, _("%s cannot be computed from itself.") % own)
    return found | {own: Candidate(own, indicator, own_known)}


def read_formula(text: str, indicator: ProgrammeIndicator, candidates: dict[str, Candidate]) -> Expression:
    """The checked tree; FormulaError says what is wrong and where."""
    tree = parse(text)
    known = {name: one.known for name, one in candidates.items()}
    check(tree, known, result=ValueType(indicator.version.value_type))
    return tree


def sources_of(tree: Expression, candidates: dict[str, Candidate]) -> list[ProgrammeIndicator]:
    """The indicators that a checked formula names, each once."""
    names = dict.fromkeys(one.name for one in references(tree))
    return [candidates[name].indicator for name in names]


def try_out(indicator: ProgrammeIndicator, tree: Expression, sources: list[ProgrammeIndicator]) -> Evaluation:
    """What a formula that is not set yet would give in every period. A fixed number of queries."""
    has_cells = any(one.cell for one in references(tree))
    material = load_material([indicator.pk, *(one.pk for one in sources)], with_cells=has_cells)
    return evaluate(material.indicators[indicator.pk], tree, sources, material)


def fault_text(error: FormulaError, text: str) -> str:
    """What is wrong, and where."""
    line, column = error.place(text)
    said = say(error.message)
    if "\n" in text.strip():
        return _("%(said)s (line %(line)s, column %(column)s)") % {
            "said": said,
            "line": line,
            "column": column,
        }
    return _("%(said)s (column %(column)s)") % {"said": said, "column": column}


@transaction.atomic
def set_formula(
    *, indicator: ProgrammeIndicator, formula: str, by: User, at: datetime, reason: str
) -> ProgrammeIndicator:
    """Compute an indicator from others, or with an empty formula let it be observed again.

    Every period is computed anew at once, with all that rests on it; assessments that are kept stay as they were.

    Args:
        formula: in the language of docs/formulas.md, over indicators of the same programme and frequency.
        reason: why; required.

    Raises:
        ValidationError: on ``formula`` with the place of the fault, on ``reason``, or on the whole form when the
            indicator has figures of its own.
    """
    check_may_administer(by)
    programme = lock_programme(indicator.programme)
    indicator = _load(indicator.pk)
    formula, reason = formula.replace("\r\n", "\n").strip(), reason.strip()
    if formula == indicator.formula:
        return indicator
    if not reason:
        raise refuse("reason", _("Empty; say in a sentence why."))
    sources: list[ProgrammeIndicator] = []
    if formula:
        sources = _checked_sources(indicator, formula)
    derived.lock_indicators([indicator.pk, *(one.pk for one in sources)])
    if formula:
        _check_without_figures(indicator)
    before = {"formula": indicator.formula}
    indicator.formula = formula
    indicator.row_version += 1
    indicator.save(update_fields=["formula", "row_version"])
    _keep_sources(indicator, sources)
    derived.refresh_wholly([indicator.pk], at=at)
    events.remember(
        "set a formula" if formula else "removed a formula",
        by=by,
        at=at,
        about=indicator,
        programme=programme,
        before=before,
        after={"formula": formula, "sources": [reference_name(one) for one in sources]},
        reason=reason,
    )
    return indicator


def _load(pk: int) -> ProgrammeIndicator:
    return ProgrammeIndicator.objects.select_related("programme", "definition", "version", "partner").get(
        pk=pk
    )


def _checked_sources(indicator: ProgrammeIndicator, formula: str) -> list[ProgrammeIndicator]:
    candidates = candidates_for(indicator)
    try:
        tree = read_formula(formula, indicator, candidates)
    except FormulaError as error:
        raise refuse("formula", fault_text(error, formula)) from None
    return sources_of(tree, candidates)


def _check_without_figures(indicator: ProgrammeIndicator) -> None:
    """What somebody entered is not set aside by a formula."""
    entered = Observation.objects.filter(indicator=indicator).count()
    if entered:
        raise ValidationError(
            _(
                "%(code)s has %(count)s figures of its own, which a formula would set aside. "
                "Use a computed indicator beside it instead."
            )
            % {"code": reference_name(indicator), "count": entered}
        )


def _keep_sources(indicator: ProgrammeIndicator, sources: Iterable[ProgrammeIndicator]) -> None:
    FormulaSource.objects.filter(indicator=indicator).delete()
    FormulaSource.objects.bulk_create(FormulaSource(indicator=indicator, source=source) for source in sources)
