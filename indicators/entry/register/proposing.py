"""Figures of a course run for approval: worked out from the register, handed in by a person, approved by another.

docs/decisions/0009-course-figures-are-proposed.md says why they are proposed and not derived.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from indicators import derived
from indicators.engine.courses.figures import LADDER, course_figures, months_later
from indicators.engine.courses.types import CourseFigure
from indicators.engine.exact import shortened
from indicators.entry.actions import (
    change_observation,
    correct_observation,
    record_observation,
    submit_observation,
)
from indicators.entry.checks import in_words
from indicators.entry.register.actions import check_version
from indicators.models import (
    PENDING,
    WAITING,
    CourseRun,
    Frequency,
    Observation,
    ProgrammeIndicator,
    ReportingPeriod,
    State,
    User,
    ValueType,
)
from indicators.permissions import check_may_enter_register
from indicators.registers import load_registers

SOURCE = "course"
DECIMALS = 4
__all__ = ["LADDER", "Proposal", "proposals", "propose_figures"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """One indicator of the run: what the register gives, and what stands there."""

    indicator: ProgrammeIndicator
    figure: CourseFigure
    existing: Observation | None
    """What waits for a decision, else what is approved."""
    kind: str
    """new, changed (a draft), corrected (an approved figure), same, waiting (other, but submitted), refused."""

    @property
    def refusal_text(self) -> str:
        """Why there is no figure, in the reader's language."""
        return in_words(self.figure.refusal.message) if self.figure.refusal else ""

    @property
    def is_to_do(self) -> bool:
        return self.kind in {"new", "changed", "corrected"}


def proposals(run: CourseRun, *, as_of: date) -> list[Proposal]:
    """What would be handed in for each indicator of the programme that a register feeds. Eight queries."""
    period = ReportingPeriod.objects.filter(course_run=run).first()
    figures = course_figures(load_registers([run])[run.pk], as_of=as_of)
    indicators = list(
        ProgrammeIndicator.objects.active()
        .filter(
            programme=run.course.programme_id,
            frequency=Frequency.PER_COURSE,
            formula="",
            partner__isnull=True,
            definition__code__in=figures,
        )
        .select_related("definition", "version", "programme", "partner")
        .prefetch_related("units")
        .order_by("definition__code", "pk")
    )
    standing = _standing(indicators, period, run)
    return [
        _proposal(one, figures[one.definition.code], standing.get(one.pk)) for one in indicators if period
    ]


def _standing(
    indicators: list[ProgrammeIndicator], period: ReportingPeriod | None, run: CourseRun
) -> dict[int, Observation]:
    found: dict[int, Observation] = {}
    if period is None:
        return found
    units = {one.pk: unit_of(one, run) for one in indicators}
    rows = Observation.objects.filter(
        indicator__in=indicators, period=period, cell="", state__in=[*PENDING, State.APPROVED]
    ).select_related("period", "indicator")
    for row in rows.order_by("pk"):
        if row.unit_id == units[row.indicator_id] and (
            row.indicator_id not in found or row.state != State.APPROVED
        ):
            found[row.indicator_id] = row
    return found


def unit_of(indicator: ProgrammeIndicator, run: CourseRun) -> int | None:
    """The run's own unit where the indicator is reported by units, else the whole programme."""
    return run.unit_id if run.unit_id in {one.pk for one in indicator.units.all()} else None  # type: ignore[attr-defined]


def _proposal(indicator: ProgrammeIndicator, figure: CourseFigure, existing: Observation | None) -> Proposal:
    return Proposal(
        indicator=indicator, figure=figure, existing=existing, kind=_kind(indicator, figure, existing)
    )


def _kind(indicator: ProgrammeIndicator, figure: CourseFigure, existing: Observation | None) -> str:
    if figure.refusal is not None:
        return "refused"
    if existing is None:
        return "new"
    given = answer_of(indicator, figure)
    if all(getattr(existing, name) == value for name, value in given.items()):
        return "same" if existing.state in {*WAITING, State.APPROVED} else "changed"
    match existing.state:
        case State.APPROVED:
            return "corrected"
        case State.SUBMITTED | State.VALIDATED:
            return "waiting"
        case _:
            return "changed"


def answer_of(indicator: ProgrammeIndicator, figure: CourseFigure) -> dict[str, Any]:
    """The answer as an observation keeps it: parts of a ratio, or a value with its error and n."""
    if indicator.version.value_type == ValueType.RATIO:
        return {"numerator": figure.numerator, "denominator": figure.denominator}
    value = figure.value if figure.value is not None else Decimal(0)
    return {
        "value": shortened(value, DECIMALS),
        "standard_error": figure.standard_error,
        "sample_size": figure.n,
    }


@transaction.atomic
def propose_figures(*, run: CourseRun, version: int, by: User, at: datetime) -> list[Proposal]:
    """Submit what the register gives for approval by somebody who had no hand in it. Twice is once.

    Args:
        version: the `register_version` that `by` looked at.

    Returns:
        What was handed in.

    Raises:
        PermissionDenied: `by` enters no figures in this programme.
        ValidationError: code ``stale`` when the register changed since; or as `record_observation` refuses.
    """
    check_may_enter_register(by, run.course.programme)
    locked = check_version(run, version)
    today = at.astimezone(locked.course.programme.zone).date()
    derived.lock_indicators(
        ProgrammeIndicator.objects.filter(programme=locked.course.programme_id).values_list("pk", flat=True)
    )
    done = [one for one in proposals(locked, as_of=today) if one.is_to_do]
    period = ReportingPeriod.objects.filter(course_run=locked).first()
    for one in done:
        assert period is not None  # proposals() gives none without it
        _hand_in(one, locked, period, today, by=by, at=at)
    return done


def _hand_in(
    one: Proposal, run: CourseRun, period: ReportingPeriod, today: date, *, by: User, at: datetime
) -> None:
    comment = " ".join(
        [
            _("Worked out from the register of %(run)s (version %(version)s).")
            % {"run": run.code, "version": run.register_version},
            *(in_words(part) for part in one.figure.sentence),
        ]
    )
    given = {
        **answer_of(one.indicator, one.figure),
        "as_of": min(today, months_later(run.ends_on, one.figure.months)),
        "comment": comment,
    }
    if one.existing is None:
        unit = run.unit if unit_of(one.indicator, run) is not None else None
        kept = record_observation(
            indicator=one.indicator, period=period, unit=unit, source=SOURCE, by=by, at=at, **given
        )
    elif one.kind == "corrected":
        reason = _("The register of %(run)s gives another figure now.") % {"run": run.code}
        correct_observation(observation=one.existing, reason=reason, source=SOURCE, by=by, at=at, **given)
        return
    else:
        kept = change_observation(
            observation=one.existing, version=one.existing.version, by=by, at=at, **given
        )
    submit_observation(observation=kept, by=by, at=at)
