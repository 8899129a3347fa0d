"""Pages of evaluations. Each view finds, calls one action, shows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from indicators.assessment import evaluating
from indicators.assessment.forms import EvaluationForm, FindingForm, RecommendationForm, StartForm
from indicators.assessment.views import add_errors
from indicators.models import AssessmentRun, Evaluation, Finding, Recommendation
from indicators.permissions import check_may_evaluate, why_not


@require_http_methods(["GET", "POST"])
def evaluation_new(request: HttpRequest, run_pk: int) -> HttpResponse:
    """Begin a review of one assessment."""
    user: Any = request.user
    run = get_object_or_404(AssessmentRun.objects.visible_to(user).select_related("programme"), pk=run_pk)
    check_may_evaluate(user, run.programme)
    form = StartForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            evaluation = evaluating.start_evaluation(run=run, by=user, at=timezone.now(), **form.cleaned_data)
        except ValidationError as refusal:
            add_errors(form, refusal)
        else:
            return redirect(evaluation)
    return render(request, "assessment/evaluation_new.html", {"form": form, "run": run})


@require_GET
def evaluation_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """A review: as text once signed, with forms while it is a draft and one may write it."""
    return _show(request, find(request, pk))


@require_POST
def evaluation_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Put down question and judgement; with `sign` also sign it, which freezes it."""
    evaluation = find(request, pk)
    form = EvaluationForm(request.POST, instance=evaluation)
    user: Any = request.user

    def save() -> None:
        changed = evaluating.change_evaluation(
            evaluation=evaluation, version=_version(request), by=user, at=timezone.now(), **form.cleaned_data
        )
        if "sign" in request.POST:
            evaluating.sign_evaluation(
                evaluation=changed, version=changed.version, by=user, at=timezone.now()
            )

    return _save(request, evaluation, form, save, "review")


@require_POST
def finding_new(request: HttpRequest, pk: int) -> HttpResponse:
    evaluation = find(request, pk)
    form = FindingForm(request.POST, evaluation=evaluation)
    user: Any = request.user

    def save() -> None:
        evaluating.add_finding(
            evaluation=evaluation,
            version=_version(request),
            statement=form.cleaned_data["statement"],
            verdicts=list(form.cleaned_data["verdicts"]),
            by=user,
            at=timezone.now(),
        )

    return _save(request, evaluation, form, save, "finding")


@require_POST
def recommendation_new(request: HttpRequest, pk: int) -> HttpResponse:
    evaluation = find(request, pk)
    form = RecommendationForm(request.POST, evaluation=evaluation)
    user: Any = request.user

    def save() -> None:
        evaluating.add_recommendation(
            evaluation=evaluation, version=_version(request), by=user, at=timezone.now(), **form.cleaned_data
        )

    return _save(request, evaluation, form, save, "recommendation")


@require_POST
def finding_remove(request: HttpRequest, pk: int) -> HttpResponse:
    user: Any = request.user
    finding = get_object_or_404(
        Finding.objects.visible_to(user).select_related("evaluation__run__programme"), pk=pk
    )
    return _remove(
        request,
        finding.evaluation,
        lambda: evaluating.remove_finding(
            finding=finding, version=_version(request), by=user, at=timezone.now()
        ),
    )


@require_POST
def recommendation_remove(request: HttpRequest, pk: int) -> HttpResponse:
    user: Any = request.user
    recommendation = get_object_or_404(
        Recommendation.objects.visible_to(user).select_related("evaluation__run__programme"), pk=pk
    )
    return _remove(
        request,
        recommendation.evaluation,
        lambda: evaluating.remove_recommendation(
            recommendation=recommendation, version=_version(request), by=user, at=timezone.now()
        ),
    )


def find(request: HttpRequest, pk: int) -> Evaluation:
    user: Any = request.user
    evaluations = Evaluation.objects.visible_to(user).select_related(
        "run__programme", "created_by", "signed_by"
    )
    return get_object_or_404(evaluations, pk=pk)


def _version(request: HttpRequest) -> int:
    """The version that the page was opened with; nonsense never fits."""
    given = request.POST.get("version", "")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 9 else -1


def _save(
    request: HttpRequest, evaluation: Evaluation, form: Any, save: Callable[[], object], name: str
) -> HttpResponse:
    check_may_evaluate(request.user, evaluation.run.programme)  # type: ignore[arg-type]
    if form.is_valid():
        try:
            save()
        except ValidationError as refusal:
            add_errors(form, refusal)
            evaluation = find(request, evaluation.pk)
        else:
            messages.success(request, _("Stored."))
            return redirect(evaluation)
    return _show(request, evaluation, **{name: form})


def _remove(request: HttpRequest, evaluation: Evaluation, remove: Callable[[], None]) -> HttpResponse:
    try:
        remove()
    except ValidationError as refusal:
        messages.error(request, " ".join(refusal.messages))
    return redirect(evaluation)


def _show(request: HttpRequest, evaluation: Evaluation, **forms: Any) -> HttpResponse:
    user: Any = request.user
    findings = list(
        Finding.objects.filter(evaluation=evaluation).prefetch_related(
            "verdicts__indicator__definition",
            "verdicts__indicator__version",
            "verdicts__indicator__programme",
            "verdicts__course_run__course",
        )
    )
    is_draft = evaluation.state == Evaluation.State.DRAFT
    reason = why_not(check_may_evaluate, user, evaluation.run.programme) if is_draft else ""
    context: dict[str, Any] = {
        "evaluation": evaluation,
        "run": evaluation.run,
        "programme": evaluation.run.programme,
        "findings": findings,
        "recommendations": Recommendation.objects.filter(evaluation=evaluation).select_related("finding"),
        "is_draft": is_draft,
        "may_write": is_draft and not reason,
        "why_not": reason,
    }
    if context["may_write"]:
        context["review_form"] = forms.get("review") or EvaluationForm(instance=evaluation)
        context["finding_form"] = forms.get("finding") or FindingForm(evaluation=evaluation)
        context["recommendation_form"] = forms.get("recommendation") or RecommendationForm(
            evaluation=evaluation
        )
    return render(request, "assessment/evaluation_detail.html", context)
