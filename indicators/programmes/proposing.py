"""Thresholds below the usual ones need a second person: proposed, then approved or declined (METHOD 2.13)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from indicators import derived, events
from indicators.engine.rules import Rules
from indicators.models import (
    AdjustmentDecision,
    ProgrammeIndicator,
    TargetProposal,
    TargetRevision,
    User,
    rules_on,
)
from indicators.permissions import check_may_decide_proposal
from indicators.programmes.agreeing import agree, agreement_of, lock_indicator
from indicators.programmes.changes import check_row, local_day, lock_programme, ready
from indicators.programmes.targets import PLAN_FIELDS, MilestoneRow, check_not_frozen, check_plan

DECIMALS = ("baseline", "target", "range_low", "range_high", "on_track_from", "at_risk_from")
DAYS = ("baseline_on", "target_on")
THRESHOLDS = ("on_track_from", "at_risk_from")


def lowers(plan: Mapping[str, Any], old: TargetRevision | None, rules: Rules) -> bool:
    """Whether a threshold lies below the usual one and was not agreed so before."""
    return any(
        plan[name] < getattr(rules, name) and (old is None or plan[name] < getattr(old, name))
        for name in THRESHOLDS
    )


def propose(
    indicator: ProgrammeIndicator,
    *,
    based_on: TargetRevision,
    plan: Mapping[str, Any],
    milestones: Sequence[MilestoneRow],
    effective_on: date,
    reason_code: str,
    reason: str,
    by: User,
    at: datetime,
    decision: AdjustmentDecision | None = None,
) -> TargetProposal:
    """Keep an agreement until a second person decides. Called inside the transaction that checked it."""
    if indicator.proposals.filter(state=TargetProposal.State.PENDING).exists():  # type: ignore[attr-defined]
        raise ValidationError(
            _("Lower thresholds are already proposed and wait for a second person; decide on those.")
        )
    proposal = TargetProposal(
        indicator=indicator,
        based_on=based_on,
        plan={name: ready(plan[name]) for name in PLAN_FIELDS},
        milestones=[[ready(day), ready(value), label] for day, value, label in milestones],
        on_track_from=plan["on_track_from"],
        at_risk_from=plan["at_risk_from"],
        effective_on=effective_on,
        reason_code=reason_code,
        reason=reason,
        decision=decision,
        proposed_by=by,
        proposed_at=at,
    )
    check_row(proposal)
    proposal.save()
    events.remember(
        "proposed lower thresholds",
        by=by,
        at=at,
        about=indicator,
        programme=indicator.programme_id,
        before=_thresholds(based_on),
        after=_thresholds(proposal),
        reason=reason,
    )
    return proposal


def _thresholds(holder: TargetRevision | TargetProposal) -> dict[str, str]:
    return {name: str(getattr(holder, name)) for name in THRESHOLDS}


@transaction.atomic
def decide_proposal(
    *, proposal: TargetProposal, approve: bool, comment: str = "", by: User, at: datetime
) -> TargetProposal:
    """Put proposed thresholds in force, or decline them with a reason. Nobody approves what they proposed.

    What is approved holds from the day of the approval on, never earlier; refused when the agreement that it changes
    is no longer the present one.
    """
    check_may_decide_proposal(by, proposal)
    programme = lock_programme(proposal.indicator.programme)
    indicator = lock_indicator(proposal.indicator)
    proposal = TargetProposal.objects.select_for_update().select_related("based_on").get(pk=proposal.pk)
    comment = comment.strip()
    if proposal.state != TargetProposal.State.PENDING:
        raise ValidationError(_("Somebody decided on this proposal before you."))
    if not approve and not comment:
        raise ValidationError({"comment": [_("Empty; say why the thresholds are declined.")]})
    if approve:
        proposal.revision = _put_in_force(proposal, indicator, programme, at=at)
    proposal.state = TargetProposal.State.APPROVED if approve else TargetProposal.State.DECLINED
    proposal.decided_by, proposal.decided_at, proposal.comment = by, at, comment
    proposal.save(update_fields=["state", "decided_by", "decided_at", "comment", "revision"])
    events.remember(
        "approved lower thresholds" if approve else "declined lower thresholds",
        by=by,
        at=at,
        about=indicator,
        programme=programme,
        before=_thresholds(proposal.based_on),
        after=_thresholds(proposal) if approve else None,
        reason=comment or proposal.reason,
    )
    return proposal


def _put_in_force(
    proposal: TargetProposal, indicator: ProgrammeIndicator, programme: Any, *, at: datetime
) -> TargetRevision:
    newest = indicator.revisions.order_by("-number").first()  # type: ignore[attr-defined]
    if newest is None or newest.pk != proposal.based_on_id:
        raise ValidationError(
            _("The target was revised since this was proposed; decline it, and propose anew what still fits.")
        )
    today = local_day(programme, at)
    rules = rules_on(today)
    plan, milestones = plan_of(proposal)
    if proposal.reason_code != TargetRevision.Reason.FIRST:
        check_not_frozen(programme, proposal.reason_code, on=today, rules=rules)
    check_plan(indicator.version, plan, milestones, proposal.reason, rules)
    code = proposal.reason_code
    revision = agree(
        indicator,
        number=newest.number + 1,
        plan=plan,
        milestones=milestones,
        effective_on=max(proposal.effective_on, today),
        reason_code=TargetRevision.Reason.SCOPE if code == TargetRevision.Reason.FIRST else code,
        reason=proposal.reason,
        by=proposal.proposed_by,
        decision=proposal.decision,
    )
    derived.refresh_statuses([indicator.pk], at=at)
    events.remember(
        "revised a target",
        by=proposal.proposed_by,
        at=at,
        about=indicator,
        programme=programme,
        after=agreement_of(revision, milestones) | {"reason_code": revision.reason_code},
        reason=revision.reason,
    )
    return revision


def plan_of(proposal: TargetProposal) -> tuple[dict[str, Any], list[MilestoneRow]]:
    """The agreement as it was proposed, with its numbers and days."""
    plan = dict(proposal.plan)
    for name in DECIMALS:
        plan[name] = None if plan[name] is None else Decimal(plan[name])
    for name in DAYS:
        plan[name] = None if plan[name] is None else date.fromisoformat(plan[name])
    milestones = [
        (date.fromisoformat(day), Decimal(value), label) for day, value, label in proposal.milestones
    ]
    return plan, milestones
