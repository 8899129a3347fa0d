"""Whether a tailored indicator fits its programme: everything it points at is the programme's own. Saves nothing."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from indicators.models import (
    FormulaSource,
    Observation,
    Partner,
    ProgrammeIndicator,
    ReportingUnit,
    Role,
    programmes_of,
)
from indicators.programmes.changes import check_row, ready
from indicators.programmes.designing import current_design
from indicators.programmes.targets import Faults


def check_fits(
    indicator: ProgrammeIndicator,
    units: list[ReportingUnit],
    releasable_to: list[Partner],
    before: dict[str, Any] | None = None,
) -> None:
    """Everything that the indicator points at belongs to its programme; nothing with figures changes its rhythm."""
    faults = Faults()
    _check_belongs(indicator, units, releasable_to, faults)
    _check_objective(indicator, before, faults)
    _check_responsible(indicator, before, faults)
    if before and indicator.frequency != before["frequency"] and _has_figures(indicator):
        faults.add("frequency", _("Figures are stored already; the frequency stays as it is."))
    if before and indicator.frequency != before["frequency"] and _is_in_a_formula(indicator):
        faults.add("frequency", _("A formula joins it with others of the same frequency; it stays as it is."))
    if before is None and _is_taken(indicator):
        faults.add("partner", _("This indicator is already in use for this programme and partner."))
        faults.raise_any()
    if not indicator.rationale:
        faults.add("rationale", _("Empty; say why this indicator fits here."))
    if indicator.weight is not None and indicator.weight < 0:
        faults.add("weight", _("%s was given; expected 0 or more.") % ready(indicator.weight))
    faults.raise_any()
    check_row(indicator)


def _check_belongs(
    indicator: ProgrammeIndicator, units: list[ReportingUnit], releasable_to: list[Partner], faults: Faults
) -> None:
    programme = indicator.programme
    partners = set(programme.partners.values_list("pk", flat=True))
    if indicator.partner_id is not None and indicator.partner_id not in partners:
        faults.add("partner", _("%s is not a partner of this programme.") % indicator.partner)
    for partner in releasable_to:
        if partner.pk not in partners:
            faults.add("releasable_to", _("%s is not a partner of this programme.") % partner)
    for unit in units:
        if unit.programme_id != programme.pk:
            faults.add("units", _("“%s” is not a reporting unit of this programme.") % unit.pk)


def _check_objective(indicator: ProgrammeIndicator, before: dict[str, Any] | None, faults: Faults) -> None:
    if indicator.objective is None or (before and ready(indicator.objective) == before["objective"]):
        return
    design = current_design(indicator.programme)
    if design is None or indicator.objective.design_id != design.pk:
        faults.add(
            "objective", _("“%s” is not an objective of this programme's design.") % indicator.objective.pk
        )


def _check_responsible(indicator: ProgrammeIndicator, before: dict[str, Any] | None, faults: Faults) -> None:
    person = indicator.responsible
    if person is None or (before and ready(person) == before["responsible"]):
        return
    if not programmes_of(person, Role.OFFICER, Role.APPROVER).filter(pk=indicator.programme_id).exists():
        faults.add("responsible", _("%s is not an officer or approver of this programme.") % person)


def _has_figures(indicator: ProgrammeIndicator) -> bool:
    return Observation.objects.filter(indicator=indicator).exists()


def _is_in_a_formula(indicator: ProgrammeIndicator) -> bool:
    return FormulaSource.objects.filter(Q(indicator=indicator) | Q(source=indicator)).exists()


def _is_taken(indicator: ProgrammeIndicator) -> bool:
    return ProgrammeIndicator.objects.filter(
        programme=indicator.programme_id, definition=indicator.definition_id, partner=indicator.partner_id
    ).exists()
