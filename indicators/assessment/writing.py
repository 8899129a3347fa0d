"""Writing a report: findings, ratings, lessons, recommendations, and what is answered to comments on the facts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from indicators.assessment.evaluating import claim, remember_about, today_of
from indicators.models import (
    CriterionRating,
    Evaluation,
    Evidence,
    FactComment,
    Finding,
    Lesson,
    Recommendation,
    User,
    Verdict,
)
from indicators.models import State as FigureState
from indicators.permissions import check_may_check_facts

MOST_TAGS, LONGEST_TAG = 8, 30


@transaction.atomic
def save_finding(
    *,
    evaluation: Evaluation,
    version: int,
    statement: str,
    by: User,
    at: datetime,
    verdicts: Sequence[Verdict] = (),
    evidence: Sequence[Evidence] = (),
    confidence: str = "medium",
    confidence_reason: str = "",
    finding: Finding | None = None,
) -> Finding:
    """Add a finding, or change it. It cites a verdict of the pinned assessment or evidence of the programme's figures.

    Raises:
        ValidationError: keyed by field.
    """
    claim(evaluation, version, by)
    _check_cited(evaluation, verdicts, evidence)
    row = finding or Finding(evaluation=evaluation)
    before = row.statement
    row.statement, row.confidence, row.confidence_reason = statement, confidence, confidence_reason
    row.full_clean()
    row.save()
    row.verdicts.set(verdicts)
    row.evidence.set(evidence)
    remember_about(
        evaluation,
        "changed a finding of" if finding else "added a finding to",
        by,
        at,
        statement=statement,
        was=before,
        verdicts=[one.pk for one in verdicts],
        evidence=[one.pk for one in evidence],
        confidence=confidence,
    )
    return row


def _check_cited(evaluation: Evaluation, verdicts: Sequence[Verdict], evidence: Sequence[Evidence]) -> None:
    if not verdicts and not evidence:
        raise ValidationError(
            {"verdicts": _("Choose at least one verdict or piece of evidence that this finding rests on.")}
        )
    if any(one.run_id != evaluation.run_id for one in verdicts):
        raise ValidationError({"verdicts": _("A finding rests on verdicts of the pinned assessment alone.")})
    if any(not is_citable(one, evaluation) for one in evidence):
        raise ValidationError(
            {"evidence": _("Only evidence of approved figures of this programme can be cited.")}
        )


def is_citable(evidence: Evidence, evaluation: Evaluation) -> bool:
    """Whether a piece of evidence stands behind a figure of the programme that was approved."""
    observation = evidence.observation
    return observation.indicator.programme_id == evaluation.programme_id and observation.state in {
        FigureState.APPROVED,
        FigureState.SUPERSEDED,
    }


@transaction.atomic
def remove_finding(*, finding: Finding, version: int, by: User, at: datetime) -> None:
    """Take a finding out, unless something follows from it or somebody commented on it."""
    evaluation = finding.evaluation
    claim(evaluation, version, by)
    if finding.recommendations.exists() or finding.lessons.exists():  # type: ignore[attr-defined]
        raise ValidationError(
            _("A recommendation or a lesson follows from this finding; change or remove that one first.")
        )
    if finding.comments.exists():  # type: ignore[attr-defined]
        raise ValidationError(
            _("The programme commented on this finding; change it, and say so in the answer.")
        )
    remember_about(evaluation, "removed a finding from", by, at, statement=finding.statement)
    finding.delete()


@transaction.atomic
def rate_criterion(
    *,
    evaluation: Evaluation,
    version: int,
    criterion: str,
    rating: int | None,
    reason: str,
    by: User,
    at: datetime,
) -> CriterionRating:
    """Rate one criterion on six points, or say why it is not rated (rating None)."""
    return rate_criteria(
        evaluation=evaluation, version=version, ratings={criterion: (rating, reason)}, by=by, at=at
    )[0]


@transaction.atomic
def rate_criteria(
    *,
    evaluation: Evaluation,
    version: int,
    ratings: dict[str, tuple[int | None, str]],
    by: User,
    at: datetime,
) -> list[CriterionRating]:
    """Rate several criteria at once: by criterion, (points from 1 to 6 or None, reason)."""
    claim(evaluation, version, by)
    known = {one.criterion: one for one in CriterionRating.objects.filter(evaluation=evaluation)}
    rows, faults = [], {}
    for criterion, (rating, reason) in ratings.items():
        row = known.get(criterion) or CriterionRating(evaluation=evaluation, criterion=criterion)
        row.rating, row.reason = rating, reason.strip()
        if not row.reason:
            faults[f"{criterion}_reason"] = _("Empty; say why it is rated so, or why it is not rated.")
            continue
        row.full_clean(validate_unique=False, validate_constraints=False)
        rows.append(row)
    if faults:
        raise ValidationError(faults)
    for row in rows:
        row.save()
    remember_about(
        evaluation, "rated criteria of", by, at, **{row.criterion: [row.rating, row.reason] for row in rows}
    )
    return rows


@transaction.atomic
def save_recommendation(
    *,
    evaluation: Evaluation,
    version: int,
    findings: Sequence[Finding],
    statement: str,
    addressee: str,
    by: User,
    at: datetime,
    due_on: date | None = None,
    priority: str = "medium",
    recommendation: Recommendation | None = None,
) -> Recommendation:
    """Add a recommendation that follows from findings of the same report, or change it."""
    claim(evaluation, version, by)
    _check_findings(evaluation, findings)
    if due_on is not None and due_on < today_of(evaluation.programme, at):
        raise ValidationError(
            {"due_on": _("%(given)s has passed; expected a day to come.") % {"given": due_on}}
        )
    row = recommendation or Recommendation(evaluation=evaluation)
    row.statement, row.addressee, row.priority, row.due_on = statement, addressee, priority, due_on
    row.full_clean()
    row.save()
    row.findings.set(findings)
    remember_about(
        evaluation,
        "changed a recommendation of" if recommendation else "added a recommendation to",
        by,
        at,
        statement=statement,
        addressee=addressee,
        priority=priority,
        due_on=due_on.isoformat() if due_on else None,
    )
    return row


def _check_findings(evaluation: Evaluation, findings: Sequence[Finding]) -> None:
    if not findings:
        raise ValidationError({"findings": _("Choose at least one finding that it follows from.")})
    if any(one.evaluation_id != evaluation.pk for one in findings):
        raise ValidationError({"findings": _("Only findings of the same evaluation can be named.")})


@transaction.atomic
def remove_recommendation(*, recommendation: Recommendation, version: int, by: User, at: datetime) -> None:
    """Take a recommendation out."""
    evaluation = recommendation.evaluation
    claim(evaluation, version, by)
    remember_about(evaluation, "removed a recommendation from", by, at, statement=recommendation.statement)
    recommendation.delete()


@transaction.atomic
def save_lesson(
    *,
    evaluation: Evaluation,
    version: int,
    findings: Sequence[Finding],
    statement: str,
    by: User,
    at: datetime,
    tags: Iterable[str] = (),
    lesson: Lesson | None = None,
) -> Lesson:
    """Add a lesson learnt from findings of the same report, or change it."""
    claim(evaluation, version, by)
    _check_findings(evaluation, findings)
    row = lesson or Lesson(evaluation=evaluation, created_by=by)
    row.statement, row.tags = statement, clean_tags(tags)
    row.full_clean()
    row.save()
    row.findings.set(findings)
    remember_about(
        evaluation,
        "changed a lesson of" if lesson else "added a lesson to",
        by,
        at,
        statement=statement,
        tags=row.tags,
    )
    return row


def clean_tags(tags: Iterable[str]) -> list[str]:
    """In small letters, each once, in their order."""
    found = list(dict.fromkeys(" ".join(tag.lower().split()) for tag in tags if tag.strip()))
    too_long = [tag for tag in found if len(tag) > LONGEST_TAG]
    if too_long:
        raise ValidationError(
            {
                "tags": _("“%(given)s” is longer than %(most)d characters.")
                % {"given": too_long[0][:60], "most": LONGEST_TAG}
            }
        )
    if len(found) > MOST_TAGS:
        raise ValidationError(
            {
                "tags": _("%(given)d tags were given; expected %(most)d at most.")
                % {"given": len(found), "most": MOST_TAGS}
            }
        )
    return found


@transaction.atomic
def remove_lesson(*, lesson: Lesson, version: int, by: User, at: datetime) -> None:
    """Take a lesson out."""
    evaluation = lesson.evaluation
    claim(evaluation, version, by)
    remember_about(evaluation, "removed a lesson from", by, at, statement=lesson.statement)
    lesson.delete()


# --- The fact check ------------------------------------------------------------------------------------------


@transaction.atomic
def comment_on_facts(*, finding: Finding, text: str, by: User, at: datetime) -> FactComment:
    """The programme's people say what is wrong in a finding. They cannot change it (METHOD 4.5)."""
    evaluation = Evaluation.objects.select_for_update(no_key=True).get(pk=finding.evaluation_id)
    check_may_check_facts(by, evaluation.programme)
    if evaluation.state != Evaluation.State.FACT_CHECK:
        raise ValidationError(_("Comments on the facts are taken while the report is out for a fact check."))
    if evaluation.facts_checked_at is not None:
        raise ValidationError(_("The programme has said that its fact check is done."))
    finding = Finding.objects.get(pk=finding.pk)
    comment = FactComment(finding=finding, text=text.strip(), about_statement=finding.statement, by=by, at=at)
    comment.full_clean()
    comment.save()
    remember_about(evaluation, "commented on the facts of", by, at, finding=finding.pk, text=comment.text)
    return comment


@transaction.atomic
def answer_comment(
    *, comment: FactComment, version: int, answer: str, answer_text: str, by: User, at: datetime
) -> FactComment:
    """The evaluators answer a comment: changed, partly, or kept, and why."""
    evaluation: Any = comment.finding.evaluation
    claim(evaluation, version, by, states=(Evaluation.State.FACT_CHECK, Evaluation.State.DRAFT))
    if not answer_text.strip():
        raise ValidationError({"answer_text": _("Empty; say why.")})
    comment.answer, comment.answer_text = answer, answer_text.strip()
    comment.answered_by, comment.answered_at = by, at
    comment.full_clean()
    comment.save(update_fields=["answer", "answer_text", "answered_by", "answered_at"])
    remember_about(evaluation, "answered a comment on", by, at, answer=answer, text=comment.answer_text)
    return comment
