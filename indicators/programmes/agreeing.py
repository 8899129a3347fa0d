"""Storing an agreement on baseline and target: what revising, tailoring and approving share. Checks no right."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from indicators.models import AdjustmentDecision, Milestone, ProgrammeIndicator, TargetRevision, User
from indicators.programmes.changes import check_row, ready
from indicators.programmes.targets import PLAN_FIELDS, MilestoneRow


def lock_indicator(indicator: ProgrammeIndicator) -> ProgrammeIndicator:
    """The indicator's row, held until the transaction ends."""
    return (
        ProgrammeIndicator.objects.select_for_update(of=("self",), no_key=True)
        .select_related("programme", "version", "definition", "plan")
        .get(pk=indicator.pk)
    )


def agree(
    indicator: ProgrammeIndicator,
    *,
    number: int,
    plan: dict[str, Any],
    milestones: Sequence[MilestoneRow],
    effective_on: date,
    reason_code: str,
    reason: str,
    by: User,
    decision: AdjustmentDecision | None = None,
) -> TargetRevision:
    """Store an agreement with its milestones and make it the indicator's present one."""
    revision = TargetRevision(
        indicator=indicator,
        number=number,
        effective_on=effective_on,
        reason_code=reason_code,
        reason=reason,
        decision=decision,
        created_by=by,
        **plan,
    )
    check_row(revision)
    revision.save()
    rows = [
        Milestone(revision=revision, due_on=day, value=value, label=label) for day, value, label in milestones
    ]
    for row in rows:
        check_row(row)
    Milestone.objects.bulk_create(rows)
    indicator.plan = revision
    indicator.save(update_fields=["plan"])
    return revision


def agreement_of(revision: TargetRevision, milestones: Sequence[MilestoneRow]) -> dict[str, Any]:
    """An agreement for the audit trail."""
    found = {name: ready(getattr(revision, name)) for name in (*PLAN_FIELDS, "number", "effective_on")}
    return found | {"milestones": [[ready(day), ready(value), label] for day, value, label in milestones]}
