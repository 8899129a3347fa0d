"""What one press of a button on the entry form does: a figure, its evidence and its submission, all or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from indicators.entry.actions import (
    change_observation,
    correct_observation,
    record_observation,
    request_change,
    submit_observation,
)
from indicators.entry.evidence import CheckedFile, add_evidence, attach_evidence
from indicators.models import Observation, ProgrammeIndicator, ReportingPeriod, ReportingUnit, User


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenEvidence:
    """What was attached on the form."""

    files: Sequence[CheckedFile] = ()
    link: str = ""
    elsewhere: str = ""

    def __bool__(self) -> bool:
        return bool(self.files or self.link or self.elsewhere)

    def parts(self) -> dict[str, Any]:
        return {"files": self.files, "link": self.link, "elsewhere": self.elsewhere}


@transaction.atomic
def enter_observation(
    *,
    indicator: ProgrammeIndicator,
    period: ReportingPeriod,
    unit: ReportingUnit | None,
    cell: str,
    evidence: GivenEvidence,
    submit: bool,
    by: User,
    at: datetime,
    **figures: Any,
) -> Observation:
    """Record a figure with its evidence and, with `submit`, hand it in."""
    observation = record_observation(
        indicator=indicator, period=period, unit=unit, cell=cell, by=by, at=at, **figures
    )
    add_evidence(observation=observation, by=by, at=at, **evidence.parts())
    return submit_observation(observation=observation, by=by, at=at) if submit else observation


@transaction.atomic
def reenter_observation(
    *,
    observation: Observation,
    version: int,
    evidence: GivenEvidence,
    submit: bool,
    by: User,
    at: datetime,
    **figures: Any,
) -> Observation:
    """Change a draft or returned figure, add evidence and, with `submit`, hand it in."""
    observation = change_observation(observation=observation, version=version, by=by, at=at, **figures)
    add_evidence(observation=observation, by=by, at=at, **evidence.parts())
    return submit_observation(observation=observation, by=by, at=at) if submit else observation


@transaction.atomic
def enter_correction(
    *,
    observation: Observation,
    reason: str,
    evidence: GivenEvidence,
    as_request: bool = False,
    by: User,
    at: datetime,
    **figures: Any,
) -> Observation:
    """Submit a newer figure for an approved one, with the evidence for it; `as_request` where its period is locked."""
    act = request_change if as_request else correct_observation
    new = act(observation=observation, reason=reason, by=by, at=at, **figures)
    attach_evidence(observation=new, by=by, at=at, **evidence.parts())
    return new
