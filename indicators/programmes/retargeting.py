"""Agreeing anew on several indicators of a programme at once, all of them or none. Verbs only."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from indicators.models import AdjustmentDecision, Programme, ProgrammeIndicator, TargetProposal, User
from indicators.permissions import check_may_administer
from indicators.programmes.changes import lock_programme, refuse
from indicators.programmes.tailoring import revise_target
from indicators.programmes.targets import Faults


@transaction.atomic
def revise_targets(
    *,
    programme: Programme,
    changes: Mapping[int, Mapping[str, Any]],
    numbers: Mapping[int, int | None],
    reason_code: str,
    reason: str,
    by: User,
    at: datetime,
    effective_on: date | None = None,
    decision: AdjustmentDecision | None = None,
) -> tuple[int, int]:
    """Revise the targets of several indicators, each as `revise_target` does, in one transaction.

    Args:
        changes: indicator → the fields of its agreement that change.
        numbers: indicator → the agreement that was read; refused when a newer one exists by now.

    Returns:
        How many agreements are in force, and how many wait as proposals for a second person.

    Raises:
        PermissionDenied: `by` is no administrator.
        ValidationError: keyed ``<field>-<indicator>``; then nothing is stored.
    """
    check_may_administer(by)
    programme = lock_programme(programme)
    if not changes:
        raise refuse("", _("No target or threshold was given; change at least one."))
    rows = {one.pk: one for one in ProgrammeIndicator.objects.filter(programme=programme, pk__in=changes)}
    faults, waiting = Faults(), 0
    for pk in sorted(changes):
        try:
            made = revise_target(
                indicator=rows[pk],
                reason_code=reason_code,
                reason=reason,
                effective_on=effective_on,
                number=numbers.get(pk),
                decision=decision,
                by=by,
                at=at,
                **changes[pk],
            )
            waiting += isinstance(made, TargetProposal)
        except ValidationError as refusal:
            _collect(faults, rows[pk], changes[pk], refusal)
    faults.raise_any()
    return len(changes) - waiting, waiting


def _collect(
    faults: Faults, indicator: ProgrammeIndicator, change: Mapping[str, Any], refusal: ValidationError
) -> None:
    """A fault of one indicator at its own field; what is said of all of them once, at the shared one."""
    by_field = (
        refusal.message_dict if hasattr(refusal, "error_dict") else {NON_FIELD_ERRORS: refusal.messages}
    )
    for name, texts in by_field.items():
        for text in texts:
            if name in change:
                faults.add(f"{name}-{indicator.pk}", text)
            elif name in {"reason", "reason_code", "decision", "effective_on"}:
                if text not in faults.by_field.get(name, []):
                    faults.add(name, text)
            else:
                faults.add(NON_FIELD_ERRORS, f"{indicator}: {text}")
