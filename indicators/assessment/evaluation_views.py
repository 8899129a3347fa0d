"""Pages of evaluations: list, plan, report, the steps from state to state. Each view finds, calls one action, shows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from indicators.assessment import evaluating
from indicators.assessment.contents import load_contents
from indicators.assessment.evaluating import today_of
from indicators.assessment.evaluation_forms import (
    BeginForm,
    EvaluationFilterForm,
    MoveForm,
    PlanForm,
    ReleaseForm,
    StartForm,
    TextsForm,
)
from indicators.assessment.evaluation_page import listed_evaluations, report_context
from indicators.assessment.moves import MOVES
from indicators.assessment.views import add_errors
from indicators.models import AssessmentRun, Evaluation, GlobalRole, Programme
from indicators.permissions import (
    check_may_administer,
    check_may_evaluate,
    check_may_plan_evaluation,
    may,
    why_not,
)
from indicators.sent import whole_number

PER_PAGE = 25
GET_OR_POST = require_http_methods(["GET", "HEAD", "POST"])


def find(request: HttpRequest, pk: int) -> Evaluation:
    """The evaluation, or 404 for whoever does not see it."""
    user: Any = request.user
    rows = Evaluation.objects.visible_to(user).select_related(
        "programme", "run", "lead", "created_by", "signed_by", "facts_checked_by"
    )
    return get_object_or_404(rows, pk=pk)


def version_of(request: HttpRequest) -> int:
    """The version that the page was opened with; nonsense never fits."""
    seen = whole_number(request.POST.get("version", ""), digits=8)
    return -1 if seen is None else seen


def form_view(
    request: HttpRequest,
    form: Any,
    act: Callable[[dict[str, Any]], Any],
    *,
    title: str,
    back: str,
    evaluation: Evaluation | None = None,
    template: str = "assessment/evaluation_form.html",
    said: str = "",
    **context: Any,
) -> HttpResponse:
    """A page with one form: what is sent is done and leads back, what is refused is said in the form.

    Args:
        act: does the deed with the cleaned fields; what it raises as ValidationError is shown.
        evaluation: whose version is sent along, so that of two who change at once the second is told.
    """
    if request.method == "POST" and form.is_valid():
        try:
            act(form.cleaned_data)
        except ValidationError as refusal:
            add_errors(form, refusal)
            if evaluation is not None:  # What the refused deed counted up was rolled back.
                evaluation.refresh_from_db(fields=["version", "state"])
        else:
            messages.success(request, said or _("Stored."))
            return redirect(back)
    return render(
        request,
        template,
        {"form": form, "title": title, "back": back, "evaluation": evaluation, **context},
    )


def posted(request: HttpRequest) -> Any:
    """What a form is bound to; None when the page is only asked for."""
    return request.POST if request.method == "POST" else None


@require_GET
def evaluation_list(request: HttpRequest) -> HttpResponse:
    """Evaluations by programme, kind and state. A fixed number of queries, however many rows."""
    user: Any = request.user
    form = EvaluationFilterForm(request.GET, user=user)
    form.is_valid()
    rows = listed_evaluations(user, getattr(form, "cleaned_data", {}))
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "form": form,
        "page": page,
        "today": timezone.now().date(),
        "is_partner_viewer": user.global_role == GlobalRole.PARTNER_VIEWER,
        "is_filtered": any(form.data.get(name) for name in form.fields),
    }
    return render(request, "assessment/evaluation_list.html", context)


@GET_OR_POST
def evaluation_plan(request: HttpRequest, code: str) -> HttpResponse:
    """Plan an evaluation before there is an assessment to rest on."""
    user: Any = request.user
    programme = get_object_or_404(Programme.objects.visible_to(user), code=code)
    check_may_plan_evaluation(user, programme)
    form = PlanForm(posted(request), programme=programme, initial={"lead": user.pk})
    made: list[Evaluation] = []

    def act(given: dict[str, Any]) -> None:
        made.append(evaluating.plan_evaluation(programme=programme, by=user, at=timezone.now(), **given))

    answer = form_view(
        request,
        form,
        act,
        title=_("Plan an evaluation"),
        back=programme.get_absolute_url(),
        programme=programme,
    )
    return redirect(made[0]) if made else answer


@GET_OR_POST
def evaluation_new(request: HttpRequest, run_pk: int) -> HttpResponse:
    """Begin an evaluation on one assessment at once."""
    user: Any = request.user
    run = get_object_or_404(AssessmentRun.objects.visible_to(user).select_related("programme"), pk=run_pk)
    check_may_evaluate(user, run.programme)
    form = StartForm(posted(request))
    made: list[Evaluation] = []

    def act(given: dict[str, Any]) -> None:
        made.append(evaluating.start_evaluation(run=run, by=user, at=timezone.now(), **given))

    answer = form_view(
        request,
        form,
        act,
        title=_("Evaluate an assessment"),
        back=run.get_absolute_url(),
        programme=run.programme,
        run=run,
        submit_label=_("Begin"),
    )
    return redirect(made[0]) if made else answer


@require_GET
def evaluation_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """The report, the state it is in, and what is missing for the next; for partners the released summary alone."""
    evaluation = find(request, pk)
    user: Any = request.user
    if user.global_role == GlobalRole.PARTNER_VIEWER:
        return render(
            request,
            "assessment/evaluation_summary.html",
            {"evaluation": evaluation, "releasable_to": user.partner.name},
        )
    context = report_context(user, evaluation, at=timezone.now())
    return render(request, "assessment/evaluation_detail.html", context)


@GET_OR_POST
def evaluation_begin(request: HttpRequest, pk: int) -> HttpResponse:
    """Pin the assessment that a planned evaluation rests on."""
    evaluation, user = find(request, pk), request.user
    check_may_evaluate(user, evaluation.programme)  # type: ignore[arg-type]
    form = BeginForm(posted(request), programme=evaluation.programme)
    return form_view(
        request,
        form,
        lambda given: evaluating.pin_assessment(
            evaluation=evaluation, version=version_of(request), by=user, at=timezone.now(), **given
        ),
        title=_("Begin on an assessment"),
        back=evaluation.get_absolute_url(),
        evaluation=evaluation,
        submit_label=_("Begin"),
    )


@GET_OR_POST
def evaluation_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Put down the texts of the report."""
    evaluation, user = find(request, pk), request.user
    check_may_evaluate(user, evaluation.programme)  # type: ignore[arg-type]
    form = TextsForm(posted(request), instance=evaluation)
    return form_view(
        request,
        form,
        lambda given: evaluating.change_evaluation(
            evaluation=evaluation, version=version_of(request), by=user, at=timezone.now(), **given
        ),
        title=_("Texts of the report"),
        back=evaluation.get_absolute_url(),
        evaluation=evaluation,
    )


@GET_OR_POST
def evaluation_move(request: HttpRequest, pk: int, to: str) -> HttpResponse:
    """One step to another state: what is missing for it, and the button."""
    evaluation, user = find(request, pk), request.user
    check_may_evaluate(user, evaluation.programme)  # type: ignore[arg-type]
    move = MOVES[evaluation.state].get(to)
    if move is None:
        if to not in Evaluation.State.values:
            raise Http404
        messages.error(
            request, _("This evaluation is in the state “%s” now.") % evaluation.get_state_display()
        )
        return redirect(evaluation)
    if to == Evaluation.State.RUNNING:
        return redirect("evaluation-begin", pk=pk)
    form = MoveForm(posted(request), needs_reason=move.needs_reason, asks_until=to == "fact_check")
    missing = move.missing(
        evaluation, load_contents(evaluation), today_of(evaluation.programme, timezone.now())
    )
    return form_view(
        request,
        form,
        lambda given: evaluating.move_evaluation(
            evaluation=evaluation, version=version_of(request), to=to, by=user, at=timezone.now(), **given
        ),
        title=move.label,
        back=evaluation.get_absolute_url(),
        evaluation=evaluation,
        missing=missing,
        submit_label=move.label,
        note=_("Signing freezes the report: nothing in it changes any more.") if to == "final" else "",
        said=_("%(title)s: %(state)s.") % {"title": evaluation.title, "state": Evaluation.State(to).label},
    )


@require_POST
def fact_check_finish(request: HttpRequest, pk: int) -> HttpResponse:
    """The programme says that it is through with the facts."""
    evaluation, user = find(request, pk), request.user
    try:
        evaluating.finish_fact_check(evaluation=evaluation, by=user, at=timezone.now())  # type: ignore[arg-type]
    except ValidationError as refusal:
        messages.error(request, " ".join(refusal.messages))
    else:
        messages.success(request, _("Stored."))
    return redirect(evaluation)


@GET_OR_POST
def evaluation_release(request: HttpRequest, pk: int) -> HttpResponse:
    """Release the summary to partners, or take it back."""
    evaluation, user = find(request, pk), request.user
    check_may_administer(user)  # type: ignore[arg-type]
    form = ReleaseForm(
        posted(request),
        programme=evaluation.programme,
        initial={"partners": [one.pk for one in evaluation.releasable_to.all()]},
    )
    return form_view(
        request,
        form,
        lambda given: evaluating.release_summary(
            evaluation=evaluation, partners=list(given["partners"]), by=user, at=timezone.now()
        ),
        title=_("Release the summary"),
        back=evaluation.get_absolute_url(),
        evaluation=evaluation,
        note=evaluation.summary or _("This report has no summary for partners."),
    )


__all__ = ["find", "form_view", "may", "posted", "reverse", "version_of", "why_not"]
