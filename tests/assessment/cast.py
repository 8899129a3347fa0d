"""What the assessment tests play with: a programme with a schedule, an indicator and figures."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from django.db import transaction

from indicators import derived
from indicators.models import (
    AssessmentSchedule,
    DueAssessment,
    Observation,
    Programme,
    ProgrammeIndicator,
    State,
)
from tests import factories as make


def make_schedule(programme: Programme, **given: Any) -> AssessmentSchedule:
    return AssessmentSchedule.objects.create(
        programme=programme, **({"frequency": "quarterly", "follow_up_months": [0, 6, 12]} | given)
    )


def make_figures(
    indicator: ProgrammeIndicator,
    *numerators: int | None,
    denominator: int = 60,
    since: int = 2024,
    until: int = 2025,
) -> list[Observation]:
    """Approved quarterly figures out of `denominator`, from the first quarter on; None leaves a gap."""
    quarters = make.make_quarters(indicator.programme, since=since, until=until)
    found = [
        make.make_observation(
            indicator, quarter, numerator=Decimal(numerator), denominator=Decimal(denominator)
        )
        for quarter, numerator in zip(quarters, numerators, strict=False)
        if numerator is not None
    ]
    with transaction.atomic():
        derived.refresh({(o.indicator_id, o.period_id) for o in found}, at=make.AT)
    return found


def make_assessed(
    code: str = "", *, is_scheduled: bool = True, **given: Any
) -> tuple[Programme, ProgrammeIndicator]:
    """A programme of 2024 to 2026 with a quarterly schedule and one indicator with seven quarters of figures."""
    programme = make.make_programme(code, **given)
    make_schedule(programme, is_active=is_scheduled)
    indicator = make.make_indicator(programme)
    make_figures(indicator, 12, 15, 18, 22, 26, 28, 30)
    return programme, indicator


def make_due(programme: Programme, as_of: date = date(2025, 9, 30), **given: Any) -> DueAssessment:
    """A row that may be claimed at once."""
    defaults = {"kind": "on_the_fly", "label": "2025 Q3", "due_at": make.AT} | given
    return DueAssessment.objects.create(programme=programme, as_of=as_of, **defaults)


def correct(old: Observation, *, numerator: int) -> Observation:
    """A newer figure in the place of an approved one."""
    Observation.objects.filter(pk=old.pk).update(state=State.SUPERSEDED, superseded_at=make.AT)
    new = make.make_observation(
        old.indicator,
        old.period,
        numerator=Decimal(numerator),
        denominator=old.denominator,
        corrects=old,
        correction_reason="A post was counted twice.",
    )
    with transaction.atomic():
        derived.refresh({(new.indicator_id, new.period_id)}, at=make.AT)
    return new
