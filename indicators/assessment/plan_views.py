"""Pages of an ex-post plan: look, draft, name indicators, lock. Each locks, calls one action, answers."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from indicators.assessment import expost_planning, plan_page
from indicators.assessment.outlook_lines import outlook_line
from indicators.assessment.plan_forms import PlanForm, PrimaryForm, comparisons_in
from indicators.assessment.proposing import propose
from indicators.assessment.standing import with_content
from indicators.assessment.views import add_errors
from indicators.models import ExPostPlan, GlobalRole, PlannedIndicator, Programme, ProgrammeIndicator
from indicators.permissions import check_may_draft_expost_plan, check_may_lock_expost_plan
from indicators.sent import whole_number
from indicators.templatetags.ui import day

GET_OR_POST = require_http_methods(["GET", "HEAD", "POST"])
PLAN_FIELDS = (
    "question",
    "part",
    "starts_on",
    "ends_on",
    "follow_up_months",
    "collects",
    "reason",
    "row_version",
)


def _seen(request: HttpRequest, code: str) -> Programme:
    """The programme; 404 for strangers, 403 for partner viewers, to whom other partners' indicators are not shown."""
    user: Any = request.user
    programme = get_object_or_404(Programme.objects.visible_to(user), code=code)
    if user.global_role == GlobalRole.PARTNER_VIEWER:
        raise PermissionDenied(_("Ex-post plans are for those who work in or evaluate the programme."))
    return programme


def _drafted(request: HttpRequest, code: str) -> Programme:
    programme = _seen(request, code)
    check_may_draft_expost_plan(request.user, programme)  # type: ignore[arg-type]
    return programme


def _draft_of(programme: Programme) -> ExPostPlan | None:
    drafts = ExPostPlan.objects.filter(programme=programme, state=ExPostPlan.State.DRAFT)
    found: ExPostPlan | None = with_content(drafts).first()
    return found


def crumbs(programme: Programme, *, is_inside: bool = True) -> list[tuple[str, str]]:
    found = [(_("Programmes"), reverse("programme-list")), (programme.code, programme.get_absolute_url())]
    return (
        [*found, (_("Ex-post plan"), reverse("expost-plan", args=[programme.code]))] if is_inside else found
    )


@require_GET
def expost_plan(request: HttpRequest, code: str) -> HttpResponse:
    """What will be asked after the end, and how it stands."""
    programme = _seen(request, code)
    user: Any = request.user
    today = timezone.now().astimezone(programme.zone).date()
    context = plan_page.context(user, programme, today=today)
    context["crumbs"] = crumbs(programme, is_inside=False)
    return render(request, "assessment/expost_plan.html", context)


@GET_OR_POST
def expost_plan_edit(request: HttpRequest, code: str) -> HttpResponse:
    """What the plan is about: begin a version, or change its draft."""
    programme = _drafted(request, code)
    draft = _draft_of(programme)
    last = draft or ExPostPlan.objects.filter(programme=programme).order_by("-number").first()
    initial: dict[str, Any] = {
        "starts_on": programme.starts_on,
        "ends_on": programme.ends_on,
        "follow_up_months": [0, 6, 12, 24],
    }
    if last is not None:
        initial |= {name: getattr(last, name) for name in PLAN_FIELDS}
        if draft is None:
            initial |= {"reason": "", "row_version": None}
    is_first = last is None or (draft is not None and draft.number == 1)
    form = PlanForm(request.POST if request.method == "POST" else None, initial=initial, is_first=is_first)
    if request.method == "POST" and form.is_valid():
        try:
            expost_planning.save_expost_plan(
                programme=programme, by=request.user, at=timezone.now(), **form.cleaned_data
            )
        except ValidationError as refusal:
            add_errors(form, refusal)
        else:
            messages.success(request, _("The draft is stored. Now name what will be measured."))
            return redirect("expost-plan", code=code)
    title = _("Draft an ex-post plan") if draft is None else _("Change the draft")
    context = {
        "form": form,
        "programme": programme,
        "title": title,
        "crumbs": crumbs(programme),
        "cancel_url": reverse("expost-plan", args=[code]),
    }
    return render(request, "assessment/expost_plan_edit.html", context)


@GET_OR_POST
def expost_plan_indicator(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """One primary indicator of the draft: with whom it is compared, and which method fits."""
    programme = _drafted(request, code)
    user: Any = request.user
    indicator = get_object_or_404(
        ProgrammeIndicator.objects.visible_to(user)
        .active()
        .filter(programme=programme)
        .select_related("definition", "version", "partner", "programme"),
        pk=pk,
    )
    draft = _draft_of(programme)
    if draft is None:
        messages.error(request, _("There is no draft; begin one first."))
        return redirect("expost-plan", code=code)
    item = next((one for one in draft.items.all() if one.indicator_id == pk), None)  # type: ignore[attr-defined]
    data = request.POST if request.method == "POST" else None
    form = PrimaryForm(data, initial=_initial(item, draft), indicator=indicator, user=user)
    is_valid = form.is_valid() if data is not None else False
    if is_valid and "preview" not in request.POST:
        given = dict(form.cleaned_data)
        given["comparisons"] = comparisons_in(given["comparisons"])
        try:
            expost_planning.plan_primary_indicator(
                plan=draft, indicator=indicator, by=user, at=timezone.now(), **given
            )
        except ValidationError as refusal:
            add_errors(form, refusal)
        else:
            messages.success(request, _("%(name)s is planned.") % {"name": indicator.name})
            return redirect("expost-plan", code=code)
    context = {
        "form": form,
        "programme": programme,
        "indicator": indicator,
        "title": f"{indicator.name} · {indicator.partner}" if indicator.partner else indicator.name,
        "plan": draft,
        "methods": _proposal(form, draft, indicator),
        "is_planned": item is not None,
        "crumbs": crumbs(programme),
    }
    return render(request, "assessment/expost_plan_indicator.html", context)


def _initial(item: PlannedIndicator | None, draft: ExPostPlan) -> dict[str, Any]:
    if item is None:
        return {"row_version": draft.row_version, "horizon_months": 12}
    return {
        "comparisons": [one.reference() for one in item.comparisons.all()],  # type: ignore[attr-defined]
        "smallest_change": f"{item.smallest_change.normalize():f}",
        "transition_from": item.transition_from,
        "transition_until": item.transition_until,
        "horizon_months": item.horizon_months,
        "method": item.method if item.is_other_than_proposed else "",
        "method_reason": item.method_reason,
        "row_version": draft.row_version,
    }


def _proposal(form: PrimaryForm, draft: ExPostPlan, indicator: ProgrammeIndicator) -> list[Any]:
    """What the decision table says of what stands in the form, as far as that can be understood."""
    known = form.cleaned_data if form.is_bound else form.initial
    begins, ends = known.get("transition_from"), known.get("transition_until")
    considered = PlannedIndicator(
        plan=draft, indicator=indicator, transition_from=begins, transition_until=ends
    )
    rows = comparisons_in(known.get("comparisons") or [])
    return plan_page.method_lines(propose(considered, rows, at=timezone.now()))


@require_http_methods(["POST"])
def expost_plan_drop(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """Take an indicator out of the draft."""
    programme = _drafted(request, code)
    user: Any = request.user
    indicator = get_object_or_404(
        ProgrammeIndicator.objects.visible_to(user).filter(programme=programme), pk=pk
    )
    draft = _draft_of(programme)
    if draft is None:
        raise Http404
    try:
        expost_planning.drop_primary_indicator(plan=draft, indicator=indicator, by=user, at=timezone.now())
    except ValidationError as refusal:
        messages.error(request, " ".join(refusal.messages))
    else:
        messages.success(request, _("%(name)s is taken out.") % {"name": indicator.name})
    return redirect("expost-plan", code=code)


@GET_OR_POST
def expost_plan_lock(request: HttpRequest, code: str) -> HttpResponse:
    """Ask once more, then lock for good."""
    programme = _seen(request, code)
    user: Any = request.user
    draft = _draft_of(programme)
    if draft is None:
        raise Http404
    check_may_lock_expost_plan(user, draft)
    if request.method == "POST":
        try:
            seen = whole_number(request.POST.get("row_version", ""), digits=8)
            plan = expost_planning.lock_expost_plan(plan=draft, row_version=seen, by=user, at=timezone.now())
        except ValidationError as refusal:
            messages.error(request, " ".join(refusal.messages))
        else:
            said = _("The plan is locked, in time.") if plan.is_timely else _("The plan is locked, but late.")
            messages.success(request, said)
        return redirect("expost-plan", code=code)
    context = {"programme": programme, "crumbs": crumbs(programme), **_lock_words(draft, programme)}
    return render(request, "assessment/expost_plan_lock.html", context)


def _lock_words(draft: ExPostPlan, programme: Programme) -> dict[str, Any]:
    today = timezone.now().astimezone(programme.zone).date()
    items = list(draft.items.all())  # type: ignore[attr-defined]
    if not items:
        return {"plan": draft, "items": [], "warning": _("No primary indicator is named yet.")}
    limit = expost_planning.timely_until(draft, items)
    late = today > limit
    for one in items:
        one.line = outlook_line(one)
    return {
        "plan": draft,
        "items": items,
        "is_late": late,
        "warning": _(
            "It had to be locked by %(limit)s to come first. Locked now, everything computed by it will be labelled "
            "exploratory, on every page and in every file."
        )
        % {"limit": day(limit)}
        if late
        else "",
    }
