"""The list of programmes, and a programme's own facts. Each locks, calls one action, answers."""

from __future__ import annotations

from typing import Any
from zoneinfo import available_timezones

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Prefetch, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from indicators.models import DesignVersion, Programme, ProgrammeIndicator
from indicators.permissions import check_may_administer, may
from indicators.programmes import actions
from indicators.programmes.doors import (
    GET_OR_POST,
    administered_programme,
    crumbs_of,
    posted,
)
from indicators.programmes.fields import attempt
from indicators.programmes.forms import (
    ProgrammeChangeForm,
    ProgrammeFilterForm,
    ProgrammeForm,
)
from indicators.programmes.registering import FIELDS

PAGE = 50


@require_safe
def programme_list(request: HttpRequest) -> HttpResponse:
    """Every programme that one sees, with its state. Filters by framework, partner, state, words."""
    form = ProgrammeFilterForm(request.GET or None)
    form.is_valid()
    chosen = getattr(form, "cleaned_data", {})
    today = timezone.localdate()
    seen = ProgrammeIndicator.objects.visible_to(request.user).active()
    rows = (
        _chosen(Programme.objects.visible_to(request.user), chosen, today)
        .annotate(
            indicator_count=Count("indicators", filter=Q(indicators__in=seen.values("pk")), distinct=True)
        )
        .prefetch_related(
            "partners",
            Prefetch(
                "designs", queryset=DesignVersion.objects.exclude(state="replaced"), to_attr="live_designs"
            ),
        )
        .order_by("code")
    )
    page: Any = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    for programme in page:
        programme.state = _state(programme, today)
    return render(
        request,
        "programmes/programme_list.html",
        {
            "page": page,
            "form": form,
            "may_register": may(check_may_administer, request.user),
            "filtered": any(chosen.values()),
        },
    )


def _chosen(rows: QuerySet[Programme], chosen: dict[str, Any], today: Any) -> QuerySet[Programme]:
    if words := chosen.get("q"):
        rows = rows.filter(Q(code__icontains=words) | Q(name__icontains=words))
    if framework := chosen.get("framework"):
        rows = rows.filter(framework=framework)
    if partner := chosen.get("partner"):
        rows = rows.filter(
            pk__in=Programme.partners.through.objects.filter(partner=partner).values("programme")
        )
    match chosen.get("state"):
        case "planned":
            rows = rows.filter(starts_on__gt=today)
        case "active":
            rows = rows.filter(starts_on__lte=today, ends_on__gte=today)
        case "ended":
            rows = rows.filter(ends_on__lt=today)
    return rows


def _state(programme: Programme, today: Any) -> str:
    if today < programme.starts_on:
        return "planned"
    return "ended" if programme.has_ended(today) else "active"


@GET_OR_POST
def programme_new(request: HttpRequest) -> HttpResponse:
    check_may_administer(request.user)
    form = ProgrammeForm(posted(request))
    if request.method == "POST":
        programme = attempt(form, actions.register_programme, by=request.user, at=timezone.now())
        if programme:
            messages.success(request, _("Registered. Now draft what it wants to achieve."))
            return redirect("programme-design", code=programme.code)
    return _programme_page(request, form, title=_("Register a programme"), crumbs=crumbs_of())


@GET_OR_POST
def programme_edit(request: HttpRequest, code: str) -> HttpResponse:
    programme = administered_programme(request, code)
    form = ProgrammeChangeForm(posted(request), initial=_facts(programme))
    if request.method == "POST":
        changed = attempt(
            form, actions.change_programme, programme=programme, by=request.user, at=timezone.now()
        )
        if changed:
            messages.success(request, _("Saved."))
            return redirect("programme-design", code=changed.code)
    return _programme_page(
        request,
        form,
        title=_("Change %s") % programme.code,
        crumbs=crumbs_of(programme),
        cancel_url=reverse("programme-design", args=[code]),
    )


def _facts(programme: Programme) -> dict[str, Any]:
    found = {name: getattr(programme, name) for name in (*FIELDS, "version")}
    return found | {name: found[name].all() for name in ("partners", "organisations")}


def _programme_page(request: HttpRequest, form: ProgrammeForm, **context: Any) -> HttpResponse:
    zones = sorted(zone for zone in available_timezones() if zone.startswith(("Africa/", "Asia/", "Europe/")))
    return render(
        request,
        "programmes/programme_edit.html",
        {"form": form, "zones": ["UTC", *zones], "cancel_url": reverse("programme-list"), **context},
    )
