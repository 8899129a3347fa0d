"""Pages on which a report is written: findings, ratings, recommendations, lessons, comments on the facts."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from indicators.assessment import writing
from indicators.assessment.evaluation_forms import (
    AnswerForm,
    CommentForm,
    FindingForm,
    LessonForm,
    RatingsForm,
    RecommendationForm,
)
from indicators.assessment.evaluation_views import GET_OR_POST, find, form_view, posted, version_of
from indicators.models import CriterionRating, Evaluation, FactComment, Finding, Lesson, Recommendation
from indicators.permissions import check_may_check_facts, check_may_evaluate


def _writing(request: HttpRequest, pk: int) -> Evaluation:
    """The evaluation; 404 for strangers, 403 for those who only read."""
    evaluation = find(request, pk)
    check_may_evaluate(request.user, evaluation.programme)  # type: ignore[arg-type]
    return evaluation


def _part(request: HttpRequest, model: Any, pk: int) -> Any:
    """A finding, recommendation or lesson; 404 for strangers, 403 for those who only read."""
    rows = model.objects.visible_to(request.user).select_related("evaluation__programme", "evaluation__run")
    row = get_object_or_404(rows, pk=pk)
    check_may_evaluate(request.user, row.evaluation.programme)  # type: ignore[arg-type]
    return row


def _given(request: HttpRequest, evaluation: Evaluation) -> dict[str, Any]:
    """What every verb of writing is told."""
    return {
        "evaluation": evaluation,
        "version": version_of(request),
        "by": request.user,
        "at": timezone.now(),
    }


@GET_OR_POST
def finding_new(request: HttpRequest, pk: int) -> HttpResponse:
    return _finding(request, _writing(request, pk), None)


@GET_OR_POST
def finding_edit(request: HttpRequest, pk: int) -> HttpResponse:
    row: Finding = _part(request, Finding, pk)
    return _finding(request, row.evaluation, row)


def _finding(request: HttpRequest, evaluation: Evaluation, row: Finding | None) -> HttpResponse:
    initial: dict[str, Any] = {}
    if row is not None and request.method != "POST":
        initial = {
            "statement": row.statement,
            "confidence": row.confidence,
            "confidence_reason": row.confidence_reason,
            "verdicts": list(row.verdicts.values_list("pk", flat=True)),
            "evidence": list(row.evidence.values_list("pk", flat=True)),
        }
    return form_view(
        request,
        FindingForm(posted(request), evaluation=evaluation, initial=initial),
        lambda given: writing.save_finding(finding=row, **_given(request, evaluation), **given),
        title=_("Change the finding") if row else _("Add a finding"),
        back=evaluation.get_absolute_url() + "#findings",
        evaluation=evaluation,
        template="assessment/finding_form.html",
    )


@GET_OR_POST
def ratings_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """The six criteria on one page."""
    evaluation = _writing(request, pk)
    known = {one.criterion: one for one in CriterionRating.objects.filter(evaluation=evaluation)}
    form = RatingsForm(posted(request), known=known)
    return form_view(
        request,
        form,
        lambda _cleaned: writing.rate_criteria(ratings=form.ratings(), **_given(request, evaluation)),
        title=_("Rate the six criteria"),
        back=evaluation.get_absolute_url() + "#criteria",
        evaluation=evaluation,
        template="assessment/ratings_form.html",
    )


@GET_OR_POST
def recommendation_new(request: HttpRequest, pk: int) -> HttpResponse:
    return _recommendation(request, _writing(request, pk), None)


@GET_OR_POST
def recommendation_edit(request: HttpRequest, pk: int) -> HttpResponse:
    row: Recommendation = _part(request, Recommendation, pk)
    return _recommendation(request, row.evaluation, row)


def _recommendation(request: HttpRequest, evaluation: Evaluation, row: Recommendation | None) -> HttpResponse:
    initial: dict[str, Any] = {"findings": request.GET.getlist("finding")[:1]}
    if row is not None and request.method != "POST":
        initial = {name: getattr(row, name) for name in ("statement", "addressee", "priority", "due_on")}
        initial["findings"] = list(row.findings.values_list("pk", flat=True))
    return form_view(
        request,
        RecommendationForm(posted(request), evaluation=evaluation, initial=initial),
        lambda given: writing.save_recommendation(
            recommendation=row,
            **_given(request, evaluation),
            **(given | {"findings": list(given["findings"])}),
        ),
        title=_("Change the recommendation") if row else _("Add a recommendation"),
        back=evaluation.get_absolute_url() + "#recommendations",
        evaluation=evaluation,
    )


@GET_OR_POST
def lesson_new(request: HttpRequest, pk: int) -> HttpResponse:
    return _lesson(request, _writing(request, pk), None)


@GET_OR_POST
def lesson_edit(request: HttpRequest, pk: int) -> HttpResponse:
    row: Lesson = _part(request, Lesson, pk)
    return _lesson(request, row.evaluation, row)


def _lesson(request: HttpRequest, evaluation: Evaluation, row: Lesson | None) -> HttpResponse:
    initial: dict[str, Any] = {}
    if row is not None and request.method != "POST":
        initial = {
            "statement": row.statement,
            "tags": ", ".join(row.tags),
            "findings": list(row.findings.values_list("pk", flat=True)),
        }
    return form_view(
        request,
        LessonForm(posted(request), evaluation=evaluation, initial=initial),
        lambda given: writing.save_lesson(
            lesson=row, **_given(request, evaluation), **(given | {"findings": list(given["findings"])})
        ),
        title=_("Change the lesson") if row else _("Add a lesson"),
        back=evaluation.get_absolute_url() + "#lessons",
        evaluation=evaluation,
    )


@require_POST
def finding_remove(request: HttpRequest, pk: int) -> HttpResponse:
    return _remove(request, Finding, pk, writing.remove_finding, "finding")


@require_POST
def recommendation_remove(request: HttpRequest, pk: int) -> HttpResponse:
    return _remove(request, Recommendation, pk, writing.remove_recommendation, "recommendation")


@require_POST
def lesson_remove(request: HttpRequest, pk: int) -> HttpResponse:
    return _remove(request, Lesson, pk, writing.remove_lesson, "lesson")


def _remove(request: HttpRequest, model: Any, pk: int, remove: Any, name: str) -> HttpResponse:
    row = _part(request, model, pk)
    try:
        remove(version=version_of(request), by=request.user, at=timezone.now(), **{name: row})
    except ValidationError as refusal:
        messages.error(request, " ".join(refusal.messages))
    else:
        messages.success(request, _("Removed."))
    return redirect(row.evaluation)


# --- The fact check ------------------------------------------------------------------------------------------


@GET_OR_POST
def fact_comment(request: HttpRequest, pk: int) -> HttpResponse:
    """The programme's people comment on a finding."""
    user: Any = request.user
    rows = Finding.objects.visible_to(user).select_related("evaluation__programme")
    finding = get_object_or_404(rows, pk=pk)
    check_may_check_facts(user, finding.evaluation.programme)
    return form_view(
        request,
        CommentForm(posted(request)),
        lambda given: writing.comment_on_facts(finding=finding, by=user, at=timezone.now(), **given),
        title=_("Comment on the facts"),
        back=f"{finding.evaluation.get_absolute_url()}#finding-{finding.pk}",
        evaluation=finding.evaluation,
        note=finding.statement,
    )


@GET_OR_POST
def fact_answer(request: HttpRequest, pk: int) -> HttpResponse:
    """The evaluators answer a comment."""
    user: Any = request.user
    rows = FactComment.objects.visible_to(user).select_related("finding__evaluation__programme", "by")
    comment = get_object_or_404(rows, pk=pk)
    evaluation = comment.finding.evaluation
    check_may_evaluate(user, evaluation.programme)
    initial = {"answer": comment.answer, "answer_text": comment.answer_text}
    return form_view(
        request,
        AnswerForm(posted(request), initial=initial),
        lambda given: writing.answer_comment(
            comment=comment, version=version_of(request), by=user, at=timezone.now(), **given
        ),
        title=_("Answer the comment"),
        back=f"{evaluation.get_absolute_url()}#finding-{comment.finding_id}",
        evaluation=evaluation,
        note=f"{comment.by}: {comment.text}",
    )
