"""The verbs of this room that pages and the API may use. Running stands in `running`, which only workers import."""

from __future__ import annotations

import logging
from datetime import date, datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from indicators.assessment.claiming import bury_exhausted, claim_due
from indicators.assessment.clock import database_now
from indicators.assessment.planning import label_for, plan_due
from indicators.doorbell import RUN_ONE, ring_on_commit
from indicators.events import remember
from indicators.models import (
    AssessmentRun,
    AssessmentSchedule,
    CourseRun,
    DueAssessment,
    ExPostPlan,
    Kind,
    Programme,
    User,
)
from indicators.permissions import (
    check_may_administer,
    check_may_cancel_assessment,
    check_may_request_assessment,
)

__all__ = [
    "answer_to",
    "bury_exhausted",
    "cancel_assessment",
    "change_schedule",
    "claim_due",
    "plan_due",
    "request_assessment",
    "require_assessment",
    "retry_assessment",
]
logger = logging.getLogger(__name__)
OPEN = (DueAssessment.State.DUE, DueAssessment.State.LEASED)
LONGEST_FOLLOW_UP_MONTHS = 120


@transaction.atomic
def request_assessment(
    *, programme: Programme, kind: Kind | str, as_of: date, by: User, at: datetime
) -> DueAssessment:
    """Ask for an assessment now. One that is already waiting or running for the same day is handed back.

    Raises:
        PermissionDenied: the person may not ask.
        ValidationError: keyed by `as_of` or `kind`.
    """
    check_may_request_assessment(by, programme)
    return require_assessment(programme=programme, kind=kind, as_of=as_of, by=by, at=at)


@transaction.atomic
def require_assessment(
    *, programme: Programme, kind: Kind | str, as_of: date, by: User | None, at: datetime
) -> DueAssessment:
    """The same for the operator at the shell, who is nobody in particular (`by` None)."""
    _check_day(programme, kind, as_of, at)
    Programme.objects.select_for_update(no_key=True).only("pk").get(pk=programme.pk)
    same = DueAssessment.objects.filter(programme=programme, kind=kind, as_of=as_of)
    due = same.filter(state__in=OPEN).order_by("request").first()
    if due is None or due.due_at > database_now():
        last = same.aggregate(last=Max("request"))["last"]
        due = DueAssessment.objects.create(
            programme=programme,
            kind=kind,
            as_of=as_of,
            request=1 if last is None else last + 1,
            label=label_for(programme, kind, as_of),
            due_at=database_now(),
            requested_by=by,
        )
        remember(
            "asked for",
            by=by,
            at=at,
            about=due,
            programme=programme,
            after={"kind": str(kind), "as_of": as_of.isoformat(), "request": due.request},
        )
        logger.info("assessment asked for", extra={"due": due.pk, "programme": programme.code})
    ring_on_commit(RUN_ONE, due.pk)
    return due


def _check_day(programme: Programme, kind: Kind | str, as_of: date, at: datetime) -> None:
    today = at.astimezone(programme.zone).date()
    if kind not in Kind.values:
        raise ValidationError({"kind": _("“%(kind)s” is no kind of assessment.") % {"kind": kind}})
    if as_of > today:
        raise ValidationError(
            {
                "as_of": _("%(given)s has not come yet; today it is %(today)s in %(zone)s.")
                % {"given": as_of, "today": today, "zone": programme.time_zone}
            }
        )
    if as_of < programme.starts_on:
        raise ValidationError(
            {
                "as_of": _("%(given)s lies before the start of the programme, %(start)s.")
                % {"given": as_of, "start": programme.starts_on}
            }
        )
    if kind == Kind.EX_POST and as_of < programme.ends_on and not _has_something_ended(programme, as_of):
        raise ValidationError(
            {
                "kind": _(
                    "The programme runs until %(end)s and no course has ended by %(given)s: there is nothing to "
                    "look back on yet."
                )
                % {"end": programme.ends_on, "given": as_of}
            }
        )


def _has_something_ended(programme: Programme, as_of: date) -> bool:
    """A course run, or a part of the programme that a locked plan is about."""
    return (
        CourseRun.objects.filter(course__programme=programme, ends_on__lte=as_of).exists()
        or ExPostPlan.objects.filter(programme=programme, state="locked", ends_on__lte=as_of).exists()
    )


@transaction.atomic
def retry_assessment(*, due: DueAssessment, by: User, at: datetime) -> DueAssessment:
    """Give one that was given up five more attempts."""
    check_may_administer(by)
    changed = DueAssessment.objects.filter(pk=due.pk, state=DueAssessment.State.DEAD).update(
        state=DueAssessment.State.DUE,
        attempts=0,
        lease_until=None,
        owner="",
        progress_done=0,
        progress_total=0,
    )
    if changed != 1:
        raise ValidationError(_("Only an assessment that has failed can be tried again."))
    remember("tried again", by=by, at=at, about=due, programme=due.programme_id, reason=due.last_error)
    ring_on_commit(RUN_ONE, due.pk)
    due.refresh_from_db()
    return due


@transaction.atomic
def cancel_assessment(*, due: DueAssessment, by: User, at: datetime) -> DueAssessment:
    """Stop one that waits or runs. A worker that has it notices at its next step and keeps nothing.

    Raises:
        PermissionDenied: neither an administrator nor the person who asked for it.
        ValidationError: it is done, has failed or was cancelled already.
    """
    check_may_cancel_assessment(by, due)
    changed = DueAssessment.objects.filter(pk=due.pk, state__in=OPEN).update(
        state=DueAssessment.State.STOPPED, owner="", lease_until=None, finished_at=at, stopped_by=by
    )
    if changed != 1:
        raise ValidationError(_("Only an assessment that waits or runs can be cancelled; this one is over."))
    remember("cancelled", by=by, at=at, about=due, programme=due.programme_id)
    logger.info("assessment cancelled", extra={"due": due.pk})
    due.refresh_from_db()
    return due


@transaction.atomic
def change_schedule(
    *,
    programme: Programme,
    frequency: str,
    days_after_period: int,
    follow_up_months: list[int],
    is_active: bool,
    by: User,
    at: datetime,
) -> AssessmentSchedule:
    """Lay down when a programme is assessed. Periods already planned stay; the planner catches up with the rest."""
    check_may_administer(by)
    wrong = [months for months in follow_up_months if not 0 <= months <= LONGEST_FOLLOW_UP_MONTHS]
    if wrong:
        raise ValidationError(
            {
                "follow_up_months": _("%(given)s was given; months from 0 to %(most)s were expected.")
                % {"given": ", ".join(map(str, wrong)), "most": LONGEST_FOLLOW_UP_MONTHS}
            }
        )
    Programme.objects.select_for_update(no_key=True).only("pk").get(pk=programme.pk)
    schedule = AssessmentSchedule.objects.filter(programme=programme).first()
    before = None if schedule is None else _as_words(schedule)
    schedule = schedule or AssessmentSchedule(programme=programme)
    schedule.frequency = frequency
    schedule.days_after_period = days_after_period
    schedule.follow_up_months = sorted(set(follow_up_months))
    schedule.is_active = is_active
    schedule.full_clean(exclude=["programme"])
    schedule.save()
    remember(
        "changed the schedule of",
        by=by,
        at=at,
        about=programme,
        programme=programme,
        before=before,
        after=_as_words(schedule),
    )
    return schedule


def _as_words(schedule: AssessmentSchedule) -> dict[str, object]:
    return {
        "frequency": schedule.frequency,
        "days_after_period": schedule.days_after_period,
        "follow_up_months": schedule.follow_up_months,
        "is_active": schedule.is_active,
    }


def answer_to(due: DueAssessment) -> AssessmentRun | None:
    """The run that answers a row that is done: its own; or, when nothing had changed, the latest of the same day."""
    if due.state != DueAssessment.State.DONE:
        return None
    own = AssessmentRun.objects.filter(due=due).first()
    return (
        own
        or AssessmentRun.objects.filter(
            programme=due.programme_id, kind=due.kind, as_of=due.as_of, finished_at__lte=due.finished_at
        )
        .order_by("-revision")
        .first()
    )
