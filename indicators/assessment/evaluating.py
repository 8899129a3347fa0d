"""An evaluation from plan to end: each step one verb, each with its rule and its trace. Verdicts stay as they are."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from datetime import date, datetime
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import F
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from indicators.assessment.contents import load_contents
from indicators.assessment.moves import MOVES
from indicators.assessment.signing import report_of
from indicators.engine.adjustment import response_due
from indicators.engine.codec import canonical_hash
from indicators.events import remember
from indicators.models import AssessmentRun, Evaluation, Partner, Programme, User
from indicators.permissions import (
    check_may_administer,
    check_may_check_facts,
    check_may_evaluate,
    check_may_plan_evaluation,
)

State = Evaluation.State
TEXTS = ("title", "scope", "question", "judgement", "context", "summary")


@transaction.atomic
def plan_evaluation(
    *,
    programme: Programme,
    kind: str,
    title: str,
    question: str,
    lead: User,
    by: User,
    at: datetime,
    scope: str = "",
    due_on: date | None = None,
) -> Evaluation:
    """Lay down what will be evaluated, by whom, until when. The lead is independent of the programme (METHOD 4.1)."""
    check_may_plan_evaluation(by, programme)
    try:
        check_may_evaluate(lead, programme)
    except PermissionDenied as refusal:
        raise ValidationError({"lead": f"{lead}: {refusal}"}) from refusal
    if due_on is not None and due_on < today_of(programme, at):
        raise ValidationError(
            {"due_on": _("%(given)s has passed; expected a day to come.") % {"given": due_on}}
        )
    evaluation = Evaluation(
        programme=programme,
        kind=kind,
        title=title,
        scope=scope,
        question=question,
        due_on=due_on,
        lead=lead,
        created_by=by,
        created_at=at,
    )
    evaluation.full_clean()
    evaluation.save()
    remember_about(
        evaluation,
        "planned",
        by,
        at,
        kind=kind,
        lead=str(lead),
        due_on=due_on.isoformat() if due_on else None,
    )
    return evaluation


@transaction.atomic
def start_evaluation(
    *,
    run: AssessmentRun,
    title: str,
    question: str,
    by: User,
    at: datetime,
    kind: str = Evaluation.Kind.ON_THE_FLY,
    scope: str = "",
) -> Evaluation:
    """Begin at once on a finished assessment. Several may evaluate the same one, each on their own."""
    check_may_evaluate(by, run.programme)
    evaluation = plan_evaluation(
        programme=run.programme, kind=kind, title=title, question=question, scope=scope, lead=by, by=by, at=at
    )
    return pin_assessment(evaluation=evaluation, version=evaluation.version, run=run, by=by, at=at)


@transaction.atomic
def pin_assessment(
    *, evaluation: Evaluation, version: int, run: AssessmentRun, by: User, at: datetime
) -> Evaluation:
    """PLANNED becomes RUNNING: from here on the evaluation rests on this assessment, whatever is assessed later."""
    claim(evaluation, version, by, states=(State.PLANNED,))
    if run.programme_id != evaluation.programme_id:
        raise ValidationError({"run": _("%s is an assessment of another programme.") % run.label})
    evaluation.run, evaluation.state = run, State.RUNNING
    evaluation.save(update_fields=["run", "state"])
    remember_about(evaluation, "began", by, at, run=run.pk, input_hash=run.input_hash)
    return evaluation


@transaction.atomic
def change_evaluation(
    *, evaluation: Evaluation, version: int, by: User, at: datetime, **texts: str
) -> Evaluation:
    """Put down texts of the report: any of `TEXTS`; what is not named stays."""
    unknown = texts.keys() - set(TEXTS)
    if unknown:
        raise TypeError(f"change_evaluation knows no {', '.join(sorted(unknown))}")
    claim(evaluation, version, by, states=(State.PLANNED, *Evaluation.WRITABLE))
    before = {name: getattr(evaluation, name) for name in texts}
    for name, value in texts.items():
        setattr(evaluation, name, value)
    evaluation.full_clean(validate_constraints=False)
    evaluation.save(update_fields=list(texts))
    changed = {name: text for name, text in texts.items() if before[name] != text}
    remember(
        "changed",
        by=by,
        at=at,
        about=evaluation,
        programme=evaluation.programme_id,
        before={name: before[name] for name in changed},
        after=changed,
    )
    return evaluation


@transaction.atomic
def move_evaluation(
    *,
    evaluation: Evaluation,
    version: int,
    to: str,
    by: User,
    at: datetime,
    reason: str = "",
    fact_check_until: date | None = None,
) -> Evaluation:
    """Bring an evaluation to its next state, unless something is missing.

    Args:
        to: a state that `MOVES` allows; RUNNING goes through `pin_assessment`.
        reason: needed for a step back and for the end.
        fact_check_until: its last day, for FACT_CHECK alone.

    Raises:
        ValidationError: with everything that is missing.
    """
    move = MOVES[evaluation.state].get(to)
    if move is None or to == State.RUNNING:
        raise ValidationError(
            _("%(state)s does not lead to “%(to)s”.") % {"state": evaluation.get_state_display(), "to": to}
        )
    claim(evaluation, version, by, states=(evaluation.state,))
    if move.needs_reason and not reason.strip():
        raise ValidationError({"reason": _("Empty; say why.")})
    contents = load_contents(evaluation)
    missing = move.missing(evaluation, contents, today_of(evaluation.programme, at))
    if missing:
        raise ValidationError([_("Still missing: %s") % text for text in missing])
    before, evaluation.state = evaluation.state, to
    fields = ["state", *_kept_with(evaluation, to, by, at, fact_check_until)]
    evaluation.save(update_fields=fields)
    remember(
        move.verb,
        by=by,
        at=at,
        about=evaluation,
        programme=evaluation.programme_id,
        before={"state": before},
        after={"state": to} | _said_with(evaluation, to),
        reason=reason.strip(),
    )
    return evaluation


def _kept_with(
    evaluation: Evaluation, to: str, by: User, at: datetime, fact_check_until: date | None
) -> Iterable[str]:
    """What else changes with a state; the names of the fields."""
    today = today_of(evaluation.programme, at)
    if to == State.FACT_CHECK:
        if fact_check_until is None or fact_check_until < today:
            raise ValidationError({"fact_check_until": _("Say until when, a day from today on.")})
        evaluation.fact_check_until = fact_check_until
        evaluation.facts_checked_by = evaluation.facts_checked_at = None
        return ("fact_check_until", "facts_checked_by", "facts_checked_at")
    if to == State.FINAL:
        evaluation.signed_by, evaluation.signed_at = by, at
        evaluation.response_due_on = response_due(today)
        evaluation.report = report_of(evaluation)
        evaluation.content_hash = canonical_hash(evaluation.report)
        return ("signed_by", "signed_at", "response_due_on", "report", "content_hash")
    if to == State.CLOSED:
        evaluation.closed_at = at
        return ("closed_at",)
    return ()


def _said_with(evaluation: Evaluation, to: str) -> dict[str, Any]:
    if to == State.FINAL:
        return {"content_hash": evaluation.content_hash, "response_due_on": str(evaluation.response_due_on)}
    if to == State.FACT_CHECK:
        return {"until": str(evaluation.fact_check_until)}
    return {}


def sign_evaluation(*, evaluation: Evaluation, version: int, by: User, at: datetime) -> Evaluation:
    """Freeze the report: from here on nothing in it changes, and its hash says so."""
    return move_evaluation(evaluation=evaluation, version=version, to=State.FINAL, by=by, at=at)


@transaction.atomic
def finish_fact_check(*, evaluation: Evaluation, by: User, at: datetime) -> Evaluation:
    """The programme's people say that they have no more to say on the facts; it need not wait for its last day."""
    check_may_check_facts(by, evaluation.programme)
    claimed = Evaluation.objects.filter(
        pk=evaluation.pk, state=State.FACT_CHECK, facts_checked_at__isnull=True
    ).update(facts_checked_by=by, facts_checked_at=at, version=F("version") + 1)
    if claimed != 1:
        raise ValidationError(_("This evaluation is in no fact check that still runs."))
    evaluation.refresh_from_db()
    remember_about(evaluation, "finished the fact check of", by, at)
    return evaluation


@transaction.atomic
def release_summary(
    *, evaluation: Evaluation, partners: Collection[Partner], by: User, at: datetime
) -> Evaluation:
    """Let viewers of these nations read the summary of a signed report, and nothing else of it. None takes it back."""
    check_may_administer(by)
    evaluation = Evaluation.objects.select_for_update(no_key=True).get(pk=evaluation.pk)
    if not evaluation.is_signed:
        raise ValidationError(_("Only a signed report is released."))
    if not evaluation.summary.strip() and partners:
        raise ValidationError(
            _("This report was signed without a summary for partners; nothing can be released.")
        )
    allowed = set(evaluation.programme.partners.values_list("pk", flat=True))
    others = sorted(str(one) for one in partners if one.pk not in allowed)
    if others:
        raise ValidationError({"partners": _("%s: no partner of this programme.") % ", ".join(others)})
    before = sorted(str(one) for one in evaluation.releasable_to.all())
    evaluation.releasable_to.set(partners)
    remember(
        "released the summary of",
        by=by,
        at=at,
        about=evaluation,
        programme=evaluation.programme_id,
        before={"releasable_to": before},
        after={"releasable_to": sorted(str(one) for one in partners)},
    )
    return evaluation


def claim(
    evaluation: Evaluation,
    version: int,
    by: User,
    *,
    states: Collection[str] = Evaluation.WRITABLE,
    check: Callable[..., None] = check_may_evaluate,
) -> None:
    """Only whoever may, only in these states, only as last seen. The version goes up by one."""
    check(by, evaluation.programme)
    claimed = Evaluation.objects.filter(pk=evaluation.pk, version=version, state__in=states).update(
        version=F("version") + 1
    )
    if claimed != 1:
        evaluation.refresh_from_db()
        if evaluation.is_signed:
            signed = date_format(evaluation.signed_at.date(), "DATE_FORMAT") if evaluation.signed_at else ""
            raise ValidationError(
                _("This evaluation was signed on %s; nothing in its report changes any more.") % signed
            )
        if evaluation.state not in states:
            raise ValidationError(
                _("This evaluation is in the state “%s”, in which that is not done.")
                % evaluation.get_state_display()
            )
        raise ValidationError(
            _("Somebody else changed this evaluation since you opened it. Look at it again.")
        )
    evaluation.refresh_from_db()


def today_of(programme: Programme, at: datetime) -> date:
    """The day that it is in the programme's own time zone."""
    return at.astimezone(programme.zone).date()


def remember_about(evaluation: Evaluation, verb: str, by: User, at: datetime, **after: Any) -> None:
    """A deed on an evaluation, for the trail."""
    remember(verb, by=by, at=at, about=evaluation, programme=evaluation.programme_id, after=after)
