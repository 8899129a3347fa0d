"""Pages of what comes of recommendations: answers, actions, decisions, the follow-up list, lessons."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from indicators.assessment import adjusting
from indicators.assessment.evaluation_forms import (
    ActionForm,
    DecisionForm,
    LessonFilterForm,
    LessonMoveForm,
    ResponseForm,
)
from indicators.assessment.evaluation_page import follow_up_context, listed_lessons
from indicators.assessment.evaluation_views import GET_OR_POST, form_view, posted
from indicators.models import AdjustmentDecision, GlobalRole, Lesson, Programme, Recommendation
from indicators.permissions import (
    check_may_adjust,
    check_may_follow_up,
    check_may_handle_lesson,
    check_may_respond,
)

PER_PAGE = 30


def _recommendation(request: HttpRequest, pk: int) -> Recommendation:
    user: Any = request.user
    rows = Recommendation.objects.visible_to(user).select_related("evaluation__programme", "response")
    return get_object_or_404(rows, pk=pk)


def _place(one: Recommendation) -> str:
    return f"{one.evaluation.get_absolute_url()}#recommendation-{one.pk}"


@GET_OR_POST
def response_new(request: HttpRequest, pk: int) -> HttpResponse:
    """The programme's answer to one recommendation."""
    one, user = _recommendation(request, pk), request.user
    check_may_respond(user, one.evaluation.programme)  # type: ignore[arg-type]
    form = ResponseForm(posted(request), initial={"due_on": one.due_on})
    return form_view(
        request,
        form,
        lambda given: adjusting.respond(recommendation=one, by=user, at=timezone.now(), **given),
        title=_("Answer the recommendation"),
        back=_place(one),
        evaluation=one.evaluation,
        note=one.statement,
    )


@GET_OR_POST
def action_report(request: HttpRequest, pk: int) -> HttpResponse:
    """How far the action on a recommendation is."""
    one, user = _recommendation(request, pk), request.user
    check_may_follow_up(user, one.evaluation.programme)  # type: ignore[arg-type]
    response = getattr(one, "response", None)
    if response is None:
        return redirect("response-new", pk=pk)
    initial = {"status": response.status, "status_reason": response.status_reason}
    return form_view(
        request,
        ActionForm(posted(request), initial=initial),
        lambda given: adjusting.report_action(response=response, by=user, at=timezone.now(), **given),
        title=_("How far is the action?"),
        back=_place(one),
        evaluation=one.evaluation,
        note=response.action or one.statement,
    )


@GET_OR_POST
def decision_new(request: HttpRequest, code: str) -> HttpResponse:
    """Decide on an adjustment of a programme."""
    user: Any = request.user
    programme = get_object_or_404(Programme.objects.visible_to(user), code=code)
    check_may_adjust(user, programme)
    form = DecisionForm(
        posted(request),
        programme=programme,
        initial={"recommendations": request.GET.getlist("recommendation")[:20]},
    )
    made: list[AdjustmentDecision] = []

    def act(given: dict[str, Any]) -> None:
        recommendations = list(given.pop("recommendations"))
        made.append(
            adjusting.decide_adjustment(
                programme=programme, recommendations=recommendations, by=user, at=timezone.now(), **given
            )
        )

    answer = form_view(
        request,
        form,
        act,
        title=_("Decide on an adjustment"),
        back=programme.get_absolute_url(),
        programme=programme,
        note=_(
            "A decision is kept for good. What carries it out, a target or a design version, will name it."
        ),
    )
    return redirect(made[0]) if made else answer


@require_GET
def recommendation_list(request: HttpRequest) -> HttpResponse:
    """What waits for an answer, an action or a decision, the overdue first; and whether judgements are used."""
    user: Any = request.user
    context = follow_up_context(user, request.GET.get("programme", ""), at=timezone.now())
    return render(request, "assessment/recommendation_list.html", context)


@require_GET
def lesson_list(request: HttpRequest) -> HttpResponse:
    """Lessons of one's programmes, and those that others share."""
    user: Any = request.user
    form = LessonFilterForm(request.GET)
    form.is_valid()
    rows, tags = listed_lessons(user, getattr(form, "cleaned_data", {}))
    context = {
        "form": form,
        "page": Paginator(rows, PER_PAGE).get_page(request.GET.get("page")),
        "tags": tags,
        "seen": set(Programme.objects.visible_to(user).values_list("pk", flat=True)),
        "is_partner_viewer": user.global_role == GlobalRole.PARTNER_VIEWER,
    }
    return render(request, "assessment/lesson_list.html", context)


@GET_OR_POST
def lesson_move(request: HttpRequest, pk: int, to: str) -> HttpResponse:
    """One step of a lesson."""
    user: Any = request.user
    rows = Lesson.objects.visible_to(user).select_related("evaluation__programme")
    lesson = get_object_or_404(rows, pk=pk)
    check_may_handle_lesson(user, lesson.evaluation.programme)
    if to not in Lesson.State.values:
        raise Http404
    return form_view(
        request,
        LessonMoveForm(posted(request), to=to),
        lambda given: adjusting.move_lesson(lesson=lesson, to=to, by=user, at=timezone.now(), **given),
        title=_("Lesson: %s") % Lesson.State(to).label,
        back=f"{lesson.evaluation.get_absolute_url()}#lessons",
        evaluation=lesson.evaluation,
        note=lesson.statement,
    )
