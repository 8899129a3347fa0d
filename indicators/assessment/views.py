"""Pages of assessments: list, schedule, asking for one, looking on. Each view finds, calls one action, shows."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django.views.decorators.vary import vary_on_headers

from indicators.assessment import actions, showing
from indicators.assessment.forms import AssessmentFilterForm, RequestForm, ScheduleForm
from indicators.models import AssessmentSchedule, DueAssessment, Programme
from indicators.permissions import (
    check_may_administer,
    check_may_cancel_assessment,
    check_may_request_assessment,
    may,
)
from indicators.templatetags.ui import instant

PER_PAGE = 50


def add_errors(form: Any, refusal: ValidationError) -> None:
    """What an action refused, at the field it names, else above the form."""
    if not hasattr(refusal, "error_dict"):
        form.add_error(None, refusal)
        return
    for field, errors in refusal.error_dict.items():
        form.add_error(field if field in form.fields else None, errors)


@require_GET
def assessment_list(request: HttpRequest) -> HttpResponse:
    """Finished assessments, and those on their way. Six queries beside the menu's, however many rows."""
    user: Any = request.user
    form = AssessmentFilterForm(request.GET)
    form.fields["programme"].queryset = Programme.objects.visible_to(user).order_by("code")  # type: ignore[attr-defined]
    form.is_valid()
    wish = getattr(form, "cleaned_data", {})
    runs = showing.listed_runs(
        user,
        programme=wish.get("programme"),
        kind=wish.get("kind", ""),
        everything=wish.get("show") == "all",
    )
    context = {
        "form": form,
        "page": Paginator(runs, PER_PAGE).get_page(request.GET.get("page")),
        "lines": showing.open_lines(user, at=timezone.now()),
        "may_ask_in": showing.may_ask_in(user),
    }
    return render(request, "assessment/assessment_list.html", context)


@never_cache
@require_GET
@vary_on_headers("HX-Request")
def admin_schedule(request: HttpRequest) -> HttpResponse:
    """What is due, running, done and failed; the schedule of every programme."""
    user: Any = request.user
    check_may_administer(user)
    at = timezone.now()
    lines = showing.open_lines(user, at=at)
    context: dict[str, Any] = {
        "running": [line for line in lines if line.state == "running"],
        "waiting": [line for line in lines if line.state != "running"],
        "failed": showing.failed_lines(user, at=at),
        "done": showing.done_lines(user, at=at),
        "counts": showing.counts_by_state(user),
        "is_moving": bool(lines),
        "at": at,
    }
    if request.htmx:  # type: ignore[attr-defined]
        return render(request, "assessment/_work.html", context)
    context["planned"] = showing.planned_programmes(at=at)
    return render(request, "assessment/admin_schedule.html", context)


@require_http_methods(["GET", "POST"])
def schedule_edit(request: HttpRequest, code: str) -> HttpResponse:
    """When a programme is assessed without anybody asking."""
    user: Any = request.user
    programme = get_object_or_404(Programme.objects.visible_to(user), code=code)
    check_may_administer(user)
    schedule = AssessmentSchedule.objects.filter(programme=programme).first()
    names = ("frequency", "days_after_period", "follow_up_months", "is_active")
    initial = {name: getattr(schedule, name) for name in names} if schedule else {"frequency": "quarterly"}
    form = ScheduleForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            actions.change_schedule(programme=programme, by=user, at=timezone.now(), **form.cleaned_data)
        except ValidationError as refusal:
            add_errors(form, refusal)
        else:
            messages.success(request, _("The schedule of %(code)s is stored.") % {"code": programme.code})
            return redirect("admin-schedule")
    return render(request, "assessment/schedule_edit.html", {"form": form, "programme": programme})


@require_POST
def due_retry(request: HttpRequest, pk: int) -> HttpResponse:
    """Give a failed assessment another try."""
    user: Any = request.user
    due = get_object_or_404(DueAssessment.objects.visible_to(user).select_related("programme"), pk=pk)
    try:
        actions.retry_assessment(due=due, by=user, at=timezone.now())
    except ValidationError as refusal:
        messages.error(request, " ".join(refusal.messages))
    else:
        messages.success(request, _("It will be tried again in a moment."))
    return redirect("admin-schedule")


@require_http_methods(["GET", "HEAD", "POST"])
def due_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask once more, then stop an assessment that waits or runs."""
    user: Any = request.user
    due = get_object_or_404(DueAssessment.objects.visible_to(user).select_related("programme"), pk=pk)
    check_may_cancel_assessment(user, due)
    if request.method == "POST":
        try:
            actions.cancel_assessment(due=due, by=user, at=timezone.now())
        except ValidationError as refusal:
            messages.error(request, " ".join(refusal.messages))
        else:
            messages.success(request, _("It is cancelled; nothing of it was kept."))
        return redirect("due-progress", pk=pk)
    context = {
        "title": _("Cancel this assessment?"),
        "text": _(
            "%(code)s, %(label)s: a worker that is at it stops at once and keeps nothing. It can be asked for anew."
        )
        % {"code": due.programme.code, "label": due.label},
        "action": request.path,
        "confirm_label": _("Cancel the assessment"),
        "danger": True,
        "cancel_url": reverse("due-progress", args=[pk]),
    }
    return render(request, "components/confirm_page.html", context)


@require_http_methods(["GET", "POST"])
def assessment_request(request: HttpRequest, code: str) -> HttpResponse:
    """Ask for an assessment now, and look on."""
    user: Any = request.user
    programme = get_object_or_404(Programme.objects.visible_to(user), code=code)
    check_may_request_assessment(user, programme)
    at = timezone.now()
    today = at.astimezone(programme.zone).date()
    form = RequestForm(
        request.POST or None, initial={"kind": showing.default_kind(programme, at), "as_of": today}
    )
    if request.method == "POST" and form.is_valid():
        try:
            due = actions.request_assessment(programme=programme, by=user, at=at, **form.cleaned_data)
        except ValidationError as refusal:
            add_errors(form, refusal)
        else:
            return redirect("due-progress", pk=due.pk)
    context = {"form": form, "programme": programme, "today": today}
    return render(request, "assessment/assessment_request.html", context)


@never_cache
@require_GET
@vary_on_headers("HX-Request")
def due_progress(request: HttpRequest, pk: int) -> HttpResponse:
    """How far one assessment is. The moving part asks again by itself until it is done or has failed."""
    user: Any = request.user
    dues = DueAssessment.objects.visible_to(user).select_related(
        "programme", "requested_by", "run", "stopped_by"
    )
    due = get_object_or_404(dues, pk=pk)
    context = {
        "line": showing.line_of(due, at=timezone.now()),
        "due": due,
        "run": actions.answer_to(due),
        "is_moving": due.state in actions.OPEN,
        "may_cancel": due.state in actions.OPEN and may(check_may_cancel_assessment, user, due),
        "may_retry": due.state == DueAssessment.State.DEAD and may(check_may_administer, user),
        "shows_error": user.is_admin,
        "facts": [
            (_("Asked by"), due.requested_by or (_("Operator") if due.request else _("Schedule"))),
            (_("Due"), instant(due.due_at)),
            (_("Attempts"), due.attempts),
        ],
    }
    part = request.htmx  # type: ignore[attr-defined]
    return render(request, "assessment/_progress.html" if part else "assessment/due_progress.html", context)
