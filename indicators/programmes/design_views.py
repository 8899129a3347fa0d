"""Pages about a programme's design: its versions, objectives, assumptions. Each locks, calls one action, answers."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from indicators.models import (
    Assumption,
    DesignVersion,
    GlobalRole,
    IndicatorStatus,
    Objective,
    Programme,
    ProgrammeIndicator,
    SignOff,
)
from indicators.permissions import check_may_administer, may
from indicators.programmes import actions
from indicators.programmes.changes import local_day
from indicators.programmes.doors import (
    GET_OR_POST,
    administered_programme,
    confirm_page,
    crumbs_of,
    form_page,
    posted,
    seen_programme,
    tabs_of,
)
from indicators.programmes.fields import PlainForm, attempt
from indicators.programmes.forms import (
    AssumptionForm,
    DesignVersionForm,
    InForceForm,
    ObjectiveForm,
    ScopeForm,
)
from indicators.programmes.trees import objective_tree


@require_safe
def programme_design(request: HttpRequest, code: str) -> HttpResponse:
    """One version of the design: scope, objectives with the indicators that hang on them, assumptions, risks."""
    programme = seen_programme(request, code)
    designs = list(
        DesignVersion.objects.visible_to(request.user)
        .filter(programme=programme)
        .select_related("created_by", "programme", "decision")
        .order_by("-number")
    )
    design = _wanted(designs, request.GET.get("version", ""))
    may_edit = may(check_may_administer, request.user)
    indicators = list(_indicators_of(programme, request.user))
    editable = design is not None and design.state == DesignVersion.State.DRAFT and may_edit
    objectives = list(Objective.objects.visible_to(request.user).filter(design=design))
    assumptions = list(Assumption.objects.visible_to(request.user).filter(design=design))
    tree, loose = objective_tree(objectives, indicators, programme=programme, editable=editable)
    return render(
        request,
        "programmes/programme_design.html",
        {
            "programme": programme,
            "design": design,
            "designs": designs,
            "tree": tree,
            "loose": loose,
            "indicators": indicators,
            "risks": [row for row in assumptions if row.kind == Assumption.Kind.RISK],
            "assumptions": [row for row in assumptions if row.kind == Assumption.Kind.ASSUMPTION],
            "objectives": objectives,
            "editable": editable,
            "may_edit": may_edit,
            "may_sign": request.user.global_role == GlobalRole.PARTNER_VIEWER,
            "may_start": may_edit and not any(row.state == "draft" for row in designs),
            "tabs": tabs_of(programme, "programme-design", request.user),
            "crumbs": crumbs_of(programme),
        },
    )


def _indicators_of(programme: Programme, user: Any) -> QuerySet[ProgrammeIndicator]:
    """Those that the person sees, with all that the page says of them."""
    today = local_day(programme, timezone.now())
    return (
        ProgrammeIndicator.objects.visible_to(user)
        .filter(programme=programme)
        .select_related("definition", "version", "objective", "partner", "plan", "programme")
        .prefetch_related(
            Prefetch("sign_offs", queryset=_answers_seen(user)),
            Prefetch("current_status", queryset=IndicatorStatus.objects.at(today)),
        )
        .order_by("definition__code", "pk")
    )


def _answers_seen(user: Any) -> QuerySet[SignOff]:
    """Every partner's word for the staff; their own for a partner."""
    answers = SignOff.objects.visible_to(user).select_related("partner")
    return answers.filter(partner=user.partner) if user.global_role == GlobalRole.PARTNER_VIEWER else answers


def _wanted(designs: list[DesignVersion], number: str) -> DesignVersion | None:
    """The version asked for, else the one in force, else the newest."""
    for design in designs:
        if str(design.number) == number:
            return design
    return next((row for row in designs if row.state == "in_force"), designs[0] if designs else None)


def _draft(request: HttpRequest, code: str) -> tuple[Programme, DesignVersion]:
    """The programme and its draft; 404 when there is none."""
    programme = administered_programme(request, code)
    return programme, get_object_or_404(programme.designs.filter(state=DesignVersion.State.DRAFT))


def _design_url(design: DesignVersion) -> str:
    return f"{reverse('programme-design', args=[design.programme.code])}?version={design.number}"


def _design_form(
    request: HttpRequest,
    form: PlainForm,
    design: DesignVersion,
    verb: Any,
    *,
    title: str,
    remove_url: str = "",
    **given: Any,
) -> HttpResponse:
    """A form about a part of the draft: saved, it leads back to the draft."""
    if request.method == "POST" and attempt(
        form, verb, design=design, **given, by=request.user, at=timezone.now()
    ):
        messages.success(request, _("Saved."))
        return redirect(_design_url(design))
    return form_page(
        request,
        form,
        title=title,
        crumbs=crumbs_of(design.programme, (_("Design"), _design_url(design))),
        cancel_url=_design_url(design),
        remove_url=remove_url,
    )


@GET_OR_POST
def scope_edit(request: HttpRequest, code: str) -> HttpResponse:
    _programme, design = _draft(request, code)
    form = ScopeForm(posted(request), initial={"scope": design.scope})
    return _design_form(request, form, design, actions.save_scope, title=_("Scope"))


@GET_OR_POST
def objective_new(request: HttpRequest, code: str) -> HttpResponse:
    _programme, design = _draft(request, code)
    form = ObjectiveForm(posted(request), design=design)
    return _design_form(request, form, design, actions.save_objective, title=_("Add an objective"))


@GET_OR_POST
def objective_edit(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    _programme, design = _draft(request, code)
    objective = get_object_or_404(design.objectives, pk=pk)
    initial = {
        "code": objective.code,
        "level": objective.level,
        "statement": objective.statement,
        "parent": objective.parent_id,
        "position": objective.position,
    }
    form = ObjectiveForm(posted(request), initial=initial, design=design, objective=objective)
    return _design_form(
        request,
        form,
        design,
        actions.save_objective,
        title=_("Objective %s") % objective.code,
        remove_url=reverse("objective-remove", args=[code, pk]),
        objective=objective,
    )


@GET_OR_POST
def objective_remove(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    _programme, design = _draft(request, code)
    objective = get_object_or_404(design.objectives, pk=pk)
    return _removal(
        request,
        design,
        actions.remove_objective,
        title=_("Remove %s?") % objective.code,
        text=objective.statement,
        objective=objective,
    )


def _removal(
    request: HttpRequest, design: DesignVersion, verb: Any, *, title: str, text: str, **given: Any
) -> HttpResponse:
    form = PlainForm(posted(request))
    if request.method == "POST" and attempt(form, verb, **given, by=request.user, at=timezone.now()) is None:
        messages.success(request, _("Removed."))
        return redirect(_design_url(design))
    return confirm_page(
        request,
        form,
        title=title,
        text=text,
        confirm_label=_("Remove"),
        danger=True,
        cancel_url=_design_url(design),
    )


@GET_OR_POST
def assumption_new(request: HttpRequest, code: str) -> HttpResponse:
    _programme, design = _draft(request, code)
    form = AssumptionForm(posted(request), initial={"kind": request.GET.get("kind", "assumption")})
    return _design_form(
        request, form, design, actions.save_assumption, title=_("Add an assumption or a risk")
    )


@GET_OR_POST
def assumption_edit(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    _programme, design = _draft(request, code)
    row = get_object_or_404(design.assumptions, pk=pk)
    initial = {name: getattr(row, name) for name in ("kind", "statement", "likelihood", "impact", "response")}
    return _design_form(
        request,
        AssumptionForm(posted(request), initial=initial),
        design,
        actions.save_assumption,
        title=row.get_kind_display(),
        remove_url=reverse("assumption-remove", args=[code, pk]),
        assumption=row,
    )


@GET_OR_POST
def assumption_remove(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    _programme, design = _draft(request, code)
    row = get_object_or_404(design.assumptions, pk=pk)
    return _removal(
        request,
        design,
        actions.remove_assumption,
        title=_("Remove this %s?") % row.get_kind_display().lower(),
        text=row.statement,
        assumption=row,
    )


@GET_OR_POST
def design_start(request: HttpRequest, code: str) -> HttpResponse:
    programme = administered_programme(request, code)
    form = DesignVersionForm(
        posted(request), programme=programme, initial={"decision": request.GET.get("decision", "")}
    )
    if request.method == "POST":
        design = attempt(
            form, actions.start_design_version, programme=programme, by=request.user, at=timezone.now()
        )
        if design:
            messages.success(
                request, _("A copy to work on. What is in force stays so until you put this in force.")
            )
            return redirect(_design_url(design))
    return form_page(
        request,
        form,
        title=_("Start a new design version"),
        crumbs=crumbs_of(programme),
        cancel_url=reverse("programme-design", args=[code]),
    )


@GET_OR_POST
def design_force(request: HttpRequest, code: str) -> HttpResponse:
    _programme, design = _draft(request, code)
    form = InForceForm(posted(request))
    if request.method == "POST" and attempt(
        form, actions.put_design_in_force, design=design, by=request.user, at=timezone.now()
    ):
        messages.success(request, _("Version %d is in force.") % design.number)
        return redirect(_design_url(design))
    return confirm_page(
        request,
        form,
        title=_("Put version %d in force?") % design.number,
        text=_("It cannot be edited afterwards. Indicators move to the objectives with the same codes."),
        confirm_label=_("Put in force"),
        cancel_url=_design_url(design),
    )
