"""Making a library indicator fit a programme, agreeing on its targets, and the partner's word on it. Verbs only."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from indicators import derived, events
from indicators.engine.rules import Rules
from indicators.models import (
    AdjustmentDecision,
    IndicatorVersion,
    Marking,
    Objective,
    Partner,
    Programme,
    ProgrammeIndicator,
    ReportingUnit,
    SignOff,
    TargetProposal,
    TargetRevision,
    User,
    rules_on,
)
from indicators.permissions import check_may_administer, check_may_sign_off
from indicators.programmes.agreeing import agree, agreement_of, lock_indicator
from indicators.programmes.changes import (
    differing,
    facts,
    local_day,
    lock_programme,
    refuse,
    rejudge,
)
from indicators.programmes.fitting import check_fits
from indicators.programmes.proposing import THRESHOLDS, lowers, propose
from indicators.programmes.targets import (
    PLAN_FIELDS,
    Faults,
    MilestoneRow,
    check_decision,
    check_not_frozen,
    check_plan,
)

PLAIN_FIELDS = (
    "local_name",
    "rationale",
    "objective",
    "frequency",
    "weight",
    "is_critical",
    "is_core",
    "responsible",
    "marking",
    "is_active",
)
FIELDS = (*PLAIN_FIELDS, "units", "releasable_to")
NOTHING_PLANNED: dict[str, Any] = {
    "baseline": None,
    "baseline_on": None,
    "baseline_source": "",
    "target": None,
    "target_on": None,
    "range_low": None,
    "range_high": None,
    "trajectory": "linear",
}


def _nothing_planned(rules: Rules) -> dict[str, Any]:
    """An agreement before anything is agreed: thresholds as the rules give them. From then on it keeps its own."""
    return NOTHING_PLANNED | {"on_track_from": rules.on_track_from, "at_risk_from": rules.at_risk_from}


def _usual_thresholds(plan: dict[str, Any], rules: Rules) -> dict[str, Decimal]:
    """The proposed thresholds, raised to the usual ones until a second person approves the lower ones."""
    return {name: max(plan[name], getattr(rules, name)) for name in THRESHOLDS}


@transaction.atomic
def tailor_indicator(
    *,
    programme: Programme,
    version: IndicatorVersion,
    rationale: str,
    by: User,
    at: datetime,
    partner: Partner | None = None,
    objective: Objective | None = None,
    local_name: str = "",
    frequency: str = "",
    units: Iterable[ReportingUnit] = (),
    weight: Decimal = Decimal(1),
    is_critical: bool = False,
    is_core: bool = False,
    responsible: User | None = None,
    marking: str = Marking.NATO_UNCLASSIFIED,
    releasable_to: Iterable[Partner] = (),
    milestones: Sequence[MilestoneRow] = (),
    effective_on: date | None = None,
    reason: str = "",
    **plan: Any,
) -> ProgrammeIndicator:
    """Take a library version into a programme with its rationale and its first agreement on targets.

    Args:
        milestones: (date, value, label) each.
        reason: needed only where a threshold lies below the usual one. Such a threshold is proposed to a second person;
            until then the usual one holds.
        plan: fields of the agreement: baseline, baseline_on, baseline_source, target, target_on, range_low,
            range_high, trajectory, on_track_from, at_risk_from.
    """
    check_may_administer(by)
    programme = lock_programme(programme)
    units, releasable_to = list(units), list(releasable_to)
    indicator = ProgrammeIndicator(
        programme=programme,
        definition=version.definition_of,
        version=version,
        partner=partner,
        objective=objective,
        local_name=local_name,
        rationale=rationale.strip(),
        frequency=frequency or version.frequency,
        weight=weight,
        is_critical=is_critical,
        is_core=is_core,
        responsible=responsible,
        marking=marking,
    )
    check_fits(indicator, units, releasable_to)
    rules = rules_on(local_day(programme, at))
    plan = _nothing_planned(rules) | _known(plan)
    check_plan(version, plan, milestones, reason, rules)
    indicator.save()
    indicator.units.set(units)
    indicator.releasable_to.set(releasable_to)
    since = effective_on or min(local_day(programme, at), programme.starts_on)
    is_low = lowers(plan, None, rules)
    revision = agree(
        indicator,
        number=1,
        plan=plan | _usual_thresholds(plan, rules) if is_low else plan,
        milestones=milestones,
        effective_on=since,
        reason_code=TargetRevision.Reason.FIRST,
        reason=reason.strip() or _("First agreement."),
        by=by,
    )
    if is_low:
        propose(
            indicator,
            based_on=revision,
            plan=plan,
            milestones=milestones,
            effective_on=since,
            reason_code=TargetRevision.Reason.FIRST,
            reason=reason.strip(),
            by=by,
            at=at,
        )
    derived.refresh_statuses([indicator.pk], at=at)
    events.remember(
        "tailored an indicator",
        by=by,
        at=at,
        about=indicator,
        programme=programme,
        after=facts(indicator, FIELDS) | agreement_of(revision, milestones),
        reason=revision.reason,
    )
    return indicator


@transaction.atomic
def change_indicator(
    *, indicator: ProgrammeIndicator, row_version: int, by: User, at: datetime, **changes: Any
) -> ProgrammeIndicator:
    """Change how an indicator is used (not its targets), unless somebody did since `row_version` was read."""
    check_may_administer(by)
    unknown = changes.keys() - set(FIELDS)
    if unknown:
        raise TypeError(f"change_indicator knows no {', '.join(sorted(unknown))}")
    programme = lock_programme(indicator.programme)
    indicator = lock_indicator(indicator)
    if indicator.row_version != row_version:
        raise refuse("", _("Somebody changed this indicator while you worked on this page. Load it again."))
    before = facts(indicator, FIELDS)
    for name in changes.keys() & set(PLAIN_FIELDS):
        setattr(indicator, name, changes[name])
    indicator.rationale = indicator.rationale.strip()
    units = list(changes.get("units", indicator.units.all()))
    releasable_to = list(changes.get("releasable_to", indicator.releasable_to.all()))
    check_fits(indicator, units, releasable_to, before=before)
    indicator.units.set(units)
    indicator.releasable_to.set(releasable_to)
    was, became = differing(before, facts(indicator, FIELDS))
    if not became:
        return indicator
    indicator.row_version += 1
    indicator.save(update_fields=[*PLAIN_FIELDS, "row_version"])
    if became.keys() & {"units", "frequency"}:
        rejudge(ProgrammeIndicator.objects.filter(pk=indicator.pk), at=at)
    events.remember(
        "changed an indicator", by=by, at=at, about=indicator, programme=programme, before=was, after=became
    )
    return indicator


@transaction.atomic
def revise_target(
    *,
    indicator: ProgrammeIndicator,
    reason_code: str,
    reason: str,
    by: User,
    at: datetime,
    effective_on: date | None = None,
    number: int | None = None,
    milestones: Sequence[MilestoneRow] | None = None,
    decision: AdjustmentDecision | None = None,
    **plan: Any,
) -> TargetRevision | TargetProposal:
    """Agree anew on baseline, target or thresholds. The old agreement stays; what is not named stays as it was.

    Args:
        reason_code: a `TargetRevision.Reason` other than FIRST.
        number: the agreement that is being revised, as it was read; refused when a newer one exists by now.
        milestones: (date, value, label) each; None keeps those of the old agreement.
        decision: the adjustment decision that this carries out; needed with the reason EVALUATION, the only one
            that moves a target in the last fifth of a programme (METHOD 4.4).

    Returns:
        The new agreement; where it lowers a threshold below the usual one, a proposal: a second person decides, and
        until then the old agreement holds (METHOD 2.13).
    """
    check_may_administer(by)
    programme = lock_programme(indicator.programme)
    indicator = lock_indicator(indicator)
    old = indicator.revisions.order_by("-number").first()
    effective_on = effective_on or local_day(programme, at)
    _check_revision(old, number=number, reason_code=reason_code, reason=reason, effective_on=effective_on)
    rules = rules_on(local_day(programme, at))
    check_not_frozen(programme, reason_code, on=local_day(programme, at), rules=rules)
    check_decision(programme, reason_code, decision)
    before = {name: getattr(old, name) for name in PLAN_FIELDS} if old else _nothing_planned(rules)
    if milestones is None:
        milestones = [(m.due_on, m.value, m.label) for m in old.milestones.all()] if old else []
    after = before | _known(plan)
    check_plan(indicator.version, after, milestones, reason, rules)
    if old is not None and lowers(after, old, rules):
        return propose(
            indicator,
            based_on=old,
            plan=after,
            milestones=milestones,
            effective_on=effective_on,
            reason_code=reason_code,
            reason=reason.strip(),
            by=by,
            at=at,
            decision=decision,
        )
    revision = agree(
        indicator,
        number=old.number + 1 if old else 1,
        plan=after,
        milestones=milestones,
        effective_on=effective_on,
        reason_code=reason_code,
        reason=reason.strip(),
        by=by,
        decision=decision,
    )
    derived.refresh_statuses([indicator.pk], at=at)
    events.remember(
        "revised a target",
        by=by,
        at=at,
        about=indicator,
        programme=programme,
        before=agreement_of(old, [(m.due_on, m.value, m.label) for m in old.milestones.all()])
        if old
        else None,
        after=agreement_of(revision, milestones)
        | {"reason_code": reason_code, "decision": decision.pk if decision else None},
        reason=revision.reason,
    )
    return revision


@transaction.atomic
def sign_off(
    *,
    indicator: ProgrammeIndicator,
    decision: str,
    by: User,
    at: datetime,
    comment: str = "",
    number: int | None = None,
) -> SignOff:
    """Record that a partner agrees to the present agreement on an indicator, or declines it. Never hidden.

    Args:
        decision: a `SignOff.Decision`; declining needs a comment.
        number: the agreement that the partner read; refused when a newer one exists by now.
    """
    check_may_sign_off(by, indicator)
    indicator = lock_indicator(indicator)
    revision, partner = indicator.plan, by.partner
    if revision is None or partner is None:
        raise refuse("", _("Nothing has been agreed for this indicator yet."))
    if number is not None and number != revision.number:
        raise refuse("", _("The targets were revised while you read them. Load the page again."))
    if decision not in SignOff.Decision.values:
        raise refuse("decision", _("“%s” was given; expected agreed or declined.") % decision)
    if decision == SignOff.Decision.DECLINED and not comment.strip():
        raise refuse("comment", _("Empty; say why you decline, so that it can be discussed."))
    if revision.sign_offs.filter(partner=partner).exists():
        raise refuse("", _("%s has already answered for this agreement.") % partner)
    signed = SignOff.objects.create(
        indicator=indicator,
        revision=revision,
        partner=partner,
        decision=decision,
        comment=comment.strip(),
        by=by,
        at=at,
    )
    events.remember(
        "signed off" if decision == SignOff.Decision.SIGNED else "declined to sign off",
        by=by,
        at=at,
        about=indicator,
        programme=indicator.programme_id,
        after={"partner": str(partner), "agreement": revision.number, "decision": decision},
        reason=signed.comment,
    )
    return signed


# --- What the verbs share ----------------------------------------------------------------------------------


def _known(plan: dict[str, Any]) -> dict[str, Any]:
    unknown = plan.keys() - set(PLAN_FIELDS)
    if unknown:
        raise TypeError(f"an agreement has no {', '.join(sorted(unknown))}")
    return plan


def _check_revision(
    old: TargetRevision | None, *, number: int | None, reason_code: str, reason: str, effective_on: date
) -> None:
    faults = Faults()
    if old is not None and number is not None and number != old.number:
        raise refuse(
            "",
            _("%(who)s revised this target on %(day)s while you worked on this page. Load it again.")
            % {"who": old.created_by, "day": date_format(old.created_at, "DATE_FORMAT")},
        )
    allowed = set(TargetRevision.Reason.values) - {TargetRevision.Reason.FIRST.value}
    if reason_code not in allowed:
        faults.add("reason_code", _("“%s” was given; choose one of the list.") % reason_code)
    if not reason.strip():
        faults.add("reason", _("Empty; say in a sentence why the agreement changes."))
    if old is not None and effective_on < old.effective_on:
        faults.add(
            "effective_on",
            _("%(given)s lies before the present agreement, which is valid from %(old)s.")
            % {
                "given": date_format(effective_on, "DATE_FORMAT"),
                "old": date_format(old.effective_on, "DATE_FORMAT"),
            },
        )
    faults.raise_any()
