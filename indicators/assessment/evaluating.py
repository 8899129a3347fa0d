"""What people conclude of a kept assessment: evaluations, findings, recommendations. Verdicts stay as they are."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from indicators.engine.codec import canonical_hash
from indicators.events import remember
from indicators.models import AssessmentRun, Evaluation, Finding, Recommendation, User, Verdict
from indicators.permissions import check_may_evaluate

DRAFT, FINAL = Evaluation.State.DRAFT, Evaluation.State.FINAL


@transaction.atomic
def start_evaluation(*, run: AssessmentRun, title: str, question: str, by: User, at: datetime) -> Evaluation:
    """Begin the review of one assessment. Several may review the same one, each on their own."""
    check_may_evaluate(by, run.programme)
    evaluation = Evaluation(run=run, title=title, question=question, created_by=by, created_at=at)
    evaluation.full_clean()
    evaluation.save()
    remember("began", by=by, at=at, about=evaluation, programme=run.programme_id)
    return evaluation


@transaction.atomic
def change_evaluation(
    *, evaluation: Evaluation, version: int, title: str, question: str, judgement: str, by: User, at: datetime
) -> Evaluation:
    """Put down the question and the judgement."""
    _claim(evaluation, version, by)
    before = {"title": evaluation.title, "question": evaluation.question, "judgement": evaluation.judgement}
    after = {"title": title, "question": question, "judgement": judgement}
    for name, value in after.items():
        setattr(evaluation, name, value)
    evaluation.full_clean(validate_constraints=False)
    evaluation.save(update_fields=list(after))
    remember(
        "changed",
        by=by,
        at=at,
        about=evaluation,
        programme=_programme(evaluation),
        before=before,
        after=after,
    )
    return evaluation


@transaction.atomic
def add_finding(
    *,
    evaluation: Evaluation,
    version: int,
    statement: str,
    verdicts: Sequence[Verdict],
    by: User,
    at: datetime,
) -> Finding:
    """Add a finding; it cites at least one verdict of the reviewed assessment.

    Raises:
        ValidationError: keyed by `verdicts`.
    """
    _claim(evaluation, version, by)
    if not verdicts:
        raise ValidationError({"verdicts": _("Choose at least one verdict that this finding rests on.")})
    if any(verdict.run_id != evaluation.run_id for verdict in verdicts):
        raise ValidationError(
            {"verdicts": _("A finding rests on verdicts of the reviewed assessment alone.")}
        )
    finding = Finding(evaluation=evaluation, statement=statement)
    finding.full_clean()
    finding.save()
    finding.verdicts.set(verdicts)
    _remember(
        evaluation, "added a finding to", by, at, statement=statement, verdicts=[v.pk for v in verdicts]
    )
    return finding


@transaction.atomic
def remove_finding(*, finding: Finding, version: int, by: User, at: datetime) -> None:
    """Take a finding out of a draft, unless a recommendation follows from it."""
    evaluation = finding.evaluation
    _claim(evaluation, version, by)
    if finding.recommendations.exists():  # type: ignore[attr-defined]
        raise ValidationError(_("A recommendation follows from this finding; remove that one first."))
    _remember(evaluation, "removed a finding from", by, at, statement=finding.statement)
    finding.delete()


@transaction.atomic
def add_recommendation(
    *,
    evaluation: Evaluation,
    version: int,
    finding: Finding,
    statement: str,
    addressee: str,
    priority: str,
    due_on: date | None,
    by: User,
    at: datetime,
) -> Recommendation:
    """Add a recommendation that follows from one of the findings."""
    _claim(evaluation, version, by)
    if finding.evaluation_id != evaluation.pk:
        raise ValidationError({"finding": _("A recommendation follows from a finding of the same review.")})
    if due_on is not None and due_on < at.astimezone(evaluation.run.programme.zone).date():
        raise ValidationError(
            {"due_on": _("%(given)s has passed; expected a day to come.") % {"given": due_on}}
        )
    recommendation = Recommendation(
        evaluation=evaluation,
        finding=finding,
        statement=statement,
        addressee=addressee,
        priority=priority,
        due_on=due_on,
    )
    recommendation.full_clean()
    recommendation.save()
    _remember(evaluation, "added a recommendation to", by, at, statement=statement, addressee=addressee)
    return recommendation


@transaction.atomic
def remove_recommendation(*, recommendation: Recommendation, version: int, by: User, at: datetime) -> None:
    """Take a recommendation out of a draft."""
    _claim(recommendation.evaluation, version, by)
    _remember(
        recommendation.evaluation, "removed a recommendation from", by, at, statement=recommendation.statement
    )
    recommendation.delete()


@transaction.atomic
def sign_evaluation(*, evaluation: Evaluation, version: int, by: User, at: datetime) -> Evaluation:
    """Freeze the review: from here on nothing in it changes, and its hash says so.

    Raises:
        ValidationError: the judgement or every finding is missing.
    """
    _claim(evaluation, version, by)
    if not evaluation.judgement.strip():
        raise ValidationError({"judgement": _("Write the judgement before signing.")})
    if not evaluation.findings.exists():  # type: ignore[attr-defined]
        raise ValidationError(_("A review without a finding cannot be signed."))
    evaluation.state, evaluation.signed_by, evaluation.signed_at = FINAL, by, at
    evaluation.content_hash = content_hash(evaluation)
    evaluation.save(update_fields=["state", "signed_by", "signed_at", "content_hash"])
    _remember(evaluation, "signed", by, at, content_hash=evaluation.content_hash)
    return evaluation


def content_hash(evaluation: Evaluation) -> str:
    """Hash of everything the review says, and of the verdicts it rests on."""
    findings = Finding.objects.filter(evaluation=evaluation).prefetch_related("verdicts").order_by("pk")
    recommendations = Recommendation.objects.filter(evaluation=evaluation).order_by("pk")
    return canonical_hash(
        {
            "run": [evaluation.run_id, evaluation.run.input_hash],
            "title": evaluation.title,
            "question": evaluation.question,
            "judgement": evaluation.judgement,
            "findings": [
                [one.pk, one.statement, sorted([v.pk, v.result_hash] for v in one.verdicts.all())]
                for one in findings
            ],
            "recommendations": [
                [one.finding_id, one.statement, one.addressee, one.priority, str(one.due_on or "")]
                for one in recommendations
            ],
        }
    )


def _claim(evaluation: Evaluation, version: int, by: User) -> None:
    """Only the author's colleagues in evaluation, only drafts, only as last seen. The version goes up by one."""
    check_may_evaluate(by, evaluation.run.programme)
    claimed = Evaluation.objects.filter(pk=evaluation.pk, version=version, state=DRAFT).update(
        version=F("version") + 1
    )
    if claimed != 1:
        evaluation.refresh_from_db()
        if evaluation.state == FINAL:
            raise ValidationError(_("This review is signed; nothing in it changes any more."))
        raise ValidationError(_("Somebody else changed this review since you opened it. Look at it again."))
    evaluation.refresh_from_db()


def _programme(evaluation: Evaluation) -> int:
    return evaluation.run.programme_id


def _remember(evaluation: Evaluation, verb: str, by: User, at: datetime, **after: Any) -> None:
    remember(verb, by=by, at=at, about=evaluation, programme=_programme(evaluation), after=after)
