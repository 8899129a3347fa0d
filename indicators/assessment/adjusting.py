"""What a programme does with recommendations: answers, actions, decisions; and the way of lessons. Verbs only."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from indicators.assessment.evaluating import today_of
from indicators.events import remember
from indicators.models import (
    AdjustmentDecision,
    Evaluation,
    Lesson,
    ManagementResponse,
    Programme,
    Recommendation,
    User,
)
from indicators.permissions import (
    check_may_adjust,
    check_may_follow_up,
    check_may_handle_lesson,
    check_may_respond,
)

Status = ManagementResponse.Status
LESSON_MOVES: dict[str, tuple[str, ...]] = {
    Lesson.State.SUBMITTED: (Lesson.State.VERIFIED, Lesson.State.REJECTED),
    Lesson.State.VERIFIED: (Lesson.State.APPROVED, Lesson.State.REJECTED),
    Lesson.State.APPROVED: (Lesson.State.ACTION, Lesson.State.ARCHIVED),
    Lesson.State.ACTION: (Lesson.State.CLOSED,),
    Lesson.State.CLOSED: (Lesson.State.ARCHIVED,),
    Lesson.State.REJECTED: (Lesson.State.ARCHIVED,),
    Lesson.State.ARCHIVED: (),
}
"""Which state of a lesson follows which (METHOD 4.5)."""


@transaction.atomic
def respond(
    *,
    recommendation: Recommendation,
    answer: str,
    by: User,
    at: datetime,
    reason: str = "",
    action: str = "",
    responsible: str = "",
    due_on: date | None = None,
) -> ManagementResponse:
    """Answer a recommendation of a signed report, once: accepted, partly, or rejected with a reason.

    Raises:
        ValidationError: keyed by field.
    """
    evaluation = Evaluation.objects.select_for_update(no_key=True).get(pk=recommendation.evaluation_id)
    programme = evaluation.programme
    check_may_respond(by, programme)
    if not evaluation.is_signed or evaluation.state == Evaluation.State.CLOSED:
        raise ValidationError(
            _("Recommendations are answered once the report is signed, until it is closed.")
        )
    if ManagementResponse.objects.filter(recommendation=recommendation).exists():
        raise ValidationError(_("This recommendation was answered before; an answer is given once."))
    if answer == ManagementResponse.Answer.REJECTED:
        action, responsible, due_on = "", "", None
    _check_response(answer, reason, action, responsible, due_on, today_of(programme, at))
    response = ManagementResponse(
        recommendation=recommendation,
        answer=answer,
        reason=reason.strip(),
        action=action.strip(),
        responsible=responsible.strip(),
        due_on=due_on,
        responded_by=by,
        responded_at=at,
    )
    response.full_clean()
    response.save()
    remember(
        "answered a recommendation",
        by=by,
        at=at,
        about=recommendation,
        programme=programme,
        after={
            "answer": answer,
            "action": response.action,
            "responsible": response.responsible,
            "due_on": due_on.isoformat() if due_on else None,
        },
        reason=response.reason,
    )
    return response


def _check_response(
    answer: str, reason: str, action: str, responsible: str, due_on: date | None, today: date
) -> None:
    faults = {}
    if answer != ManagementResponse.Answer.ACCEPTED and not reason.strip():
        faults["reason"] = _("Empty; say why it is not accepted, or not wholly.")
    if answer != ManagementResponse.Answer.REJECTED:
        if not action.strip():
            faults["action"] = _("Empty; say what will be done.")
        if not responsible.strip():
            faults["responsible"] = _("Empty; name the office that does it.")
        if due_on is None:
            faults["due_on"] = _("Empty; say by when.")
        elif due_on < today:
            faults["due_on"] = _("%(given)s has passed; expected a day to come.") % {"given": due_on}
    if faults:
        raise ValidationError(faults)


@transaction.atomic
def report_action(
    *, response: ManagementResponse, status: str, by: User, at: datetime, status_reason: str = ""
) -> ManagementResponse:
    """Say how far an agreed action is; dropping it needs a reason."""
    response = (
        ManagementResponse.objects.select_for_update(of=("self",), no_key=True)
        .select_related("recommendation__evaluation__programme")
        .get(pk=response.pk)
    )
    evaluation = response.recommendation.evaluation
    check_may_follow_up(by, evaluation.programme)
    if response.answer == ManagementResponse.Answer.REJECTED:
        raise ValidationError(_("This recommendation was rejected; there is no action to report on."))
    if evaluation.state == Evaluation.State.CLOSED:
        raise ValidationError(_("This evaluation is closed."))
    if status not in Status.values:
        raise ValidationError({"status": _("“%s” was given; choose one of the list.") % status})
    if status == Status.DROPPED and not status_reason.strip():
        raise ValidationError({"status_reason": _("Empty; say why the action is dropped.")})
    before = response.status
    response.status, response.status_reason = status, status_reason.strip()
    response.status_by, response.status_at = by, at
    response.save(update_fields=["status", "status_reason", "status_by", "status_at"])
    remember(
        "reported on an action",
        by=by,
        at=at,
        about=response.recommendation,
        programme=evaluation.programme_id,
        before={"status": before},
        after={"status": status},
        reason=response.status_reason,
    )
    return response


@transaction.atomic
def decide_adjustment(
    *,
    programme: Programme,
    kind: str,
    rationale: str,
    recommendations: Sequence[Recommendation],
    by: User,
    at: datetime,
) -> AdjustmentDecision:
    """Decide what changes in a programme, following recommendations of its signed evaluations. Never changed later.

    What carries it out (a target revision, a design version) names the decision when it is made.
    """
    check_may_adjust(by, programme)
    if not recommendations:
        raise ValidationError({"recommendations": _("Choose at least one recommendation that this follows.")})
    pks = [one.pk for one in recommendations]
    rows = Recommendation.objects.filter(pk__in=pks).select_related("evaluation")
    if any(one.evaluation.programme_id != programme.pk or not one.evaluation.is_signed for one in rows):
        raise ValidationError(
            {
                "recommendations": _(
                    "Only recommendations of signed evaluations of this programme can be followed."
                )
            }
        )
    if any(by.pk in {one.evaluation.lead_id, one.evaluation.signed_by_id} for one in rows):
        raise ValidationError(_("Nobody decides on what they recommended themselves."))
    decision = AdjustmentDecision(
        programme=programme, kind=kind, rationale=rationale.strip(), decided_by=by, decided_at=at
    )
    decision.full_clean()
    decision.save()
    decision.recommendations.set(rows)
    remember(
        "decided on an adjustment",
        by=by,
        at=at,
        about=decision,
        programme=programme,
        after={"kind": kind, "recommendations": pks},
        reason=decision.rationale,
    )
    return decision


@transaction.atomic
def move_lesson(
    *, lesson: Lesson, to: str, by: User, at: datetime, reason: str = "", is_shared: bool = False
) -> Lesson:
    """Bring a lesson on its way. Verifying is for another than its author; approving for an administrator.

    Args:
        reason: needed to reject.
        is_shared: with approval, whether other programmes read it.
    """
    lesson = (
        Lesson.objects.select_for_update(of=("self",), no_key=True)
        .select_related("evaluation__programme")
        .get(pk=lesson.pk)
    )
    check_may_handle_lesson(by, lesson.evaluation.programme)
    _check_lesson(lesson, to, by, reason)
    before, lesson.state, lesson.state_reason = lesson.state, to, reason.strip()
    if to == Lesson.State.APPROVED:
        lesson.is_shared = is_shared
    lesson.save(update_fields=["state", "state_reason", "is_shared"])
    remember(
        "moved a lesson",
        by=by,
        at=at,
        about=lesson,
        programme=lesson.evaluation.programme_id,
        before={"state": before},
        after={"state": to, "is_shared": lesson.is_shared},
        reason=lesson.state_reason,
    )
    return lesson


def _check_lesson(lesson: Lesson, to: str, by: User, reason: str) -> None:
    if not lesson.evaluation.is_signed:
        raise ValidationError(_("Lessons go on their way once the report is signed."))
    if to not in LESSON_MOVES[lesson.state]:
        raise ValidationError(
            _("%(state)s does not lead to “%(to)s”.") % {"state": lesson.get_state_display(), "to": to}
        )
    if to == Lesson.State.VERIFIED and by.pk == lesson.created_by_id:
        raise ValidationError(_("Nobody verifies a lesson that they wrote."))
    if to == Lesson.State.APPROVED and not by.is_admin:
        raise ValidationError(_("Administrators approve lessons."))
    if to == Lesson.State.REJECTED and not reason.strip():
        raise ValidationError({"reason": _("Empty; say why.")})
