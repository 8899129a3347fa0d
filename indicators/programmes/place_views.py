"""Pages about who reports and who works: reporting units, courses, members. Each locks, calls one action, answers."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from indicators.models import Course, CourseRun, Membership, Programme, ReportingUnit
from indicators.permissions import check_may_administer, check_may_see_register, may
from indicators.programmes import actions
from indicators.programmes.changes import local_day
from indicators.programmes.doors import (
    GET_OR_POST,
    administered_programme,
    check_may_see_people,
    confirm_page,
    crumbs_of,
    form_page,
    posted,
    seen_programme,
    tabs_of,
)
from indicators.programmes.fields import PlainForm, attempt
from indicators.programmes.forms import CourseForm, MemberForm, MembershipEndForm, RunForm, UnitForm
from indicators.programmes.substituting import check_may_name_substitute
from indicators.programmes.trees import unit_tree


def _save(
    request: HttpRequest,
    form: PlainForm,
    verb: Any,
    *,
    back: str,
    programme: Programme,
    title: str,
    **given: Any,
) -> HttpResponse:
    """Show the form, or do the verb and go back to the list it belongs to."""
    url = reverse(back, args=[programme.code])
    if request.method == "POST" and attempt(form, verb, **given, by=request.user, at=timezone.now()):
        messages.success(request, _("Saved."))
        return redirect(url)
    labels = {"unit-list": _("Reporting units"), "course-list": _("Courses"), "member-list": _("Members")}
    return form_page(
        request, form, title=title, crumbs=crumbs_of(programme, (labels[back], url)), cancel_url=url
    )


def _around(request: HttpRequest, programme: Programme, current: str) -> dict[str, Any]:
    return {
        "programme": programme,
        "may_edit": may(check_may_administer, request.user),
        "tabs": tabs_of(programme, current, request.user),
        "crumbs": crumbs_of(programme),
    }


@require_safe
def unit_list(request: HttpRequest, code: str) -> HttpResponse:
    programme = seen_programme(request, code)
    around = _around(request, programme, "unit-list")
    units = ReportingUnit.objects.visible_to(request.user).filter(programme=programme).order_by("code")
    tree = unit_tree(units, programme=programme, editable=around["may_edit"], retired=_("no longer reports"))
    return render(request, "programmes/unit_list.html", {**around, "tree": tree})


@GET_OR_POST
def unit_new(request: HttpRequest, code: str) -> HttpResponse:
    programme = administered_programme(request, code)
    form = UnitForm(posted(request), programme=programme)
    return _save(
        request,
        form,
        lambda **given: actions.save_unit(programme=programme, **given),
        back="unit-list",
        programme=programme,
        title=_("Add a reporting unit"),
    )


@GET_OR_POST
def unit_edit(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    programme = administered_programme(request, code)
    unit = get_object_or_404(programme.units, pk=pk)
    initial = {"code": unit.code, "name": unit.name, "kind": unit.kind, "is_active": unit.is_active}
    initial |= {"parent": unit.parent_id, "partner": unit.partner_id}
    form = UnitForm(posted(request), initial=initial, programme=programme, unit=unit)
    return _save(
        request,
        form,
        lambda **given: actions.save_unit(programme=programme, unit=unit, **given),
        back="unit-list",
        programme=programme,
        title=unit.name,
    )


# --- Courses -----------------------------------------------------------------------------------------------


@require_safe
def course_list(request: HttpRequest, code: str) -> HttpResponse:
    programme = seen_programme(request, code)
    runs = (
        CourseRun.objects.visible_to(request.user)
        .select_related("unit", "unit__parent")
        .order_by("starts_on")
    )
    courses = (
        Course.objects.visible_to(request.user)
        .filter(programme=programme)
        .prefetch_related(Prefetch("runs", queryset=runs, to_attr="seen_runs"))
        .order_by("code")
    )
    return render(
        request,
        "programmes/course_list.html",
        {
            **_around(request, programme, "course-list"),
            "courses": courses,
            "may_open_register": may(check_may_see_register, request.user, programme),
        },
    )


@GET_OR_POST
def course_new(request: HttpRequest, code: str) -> HttpResponse:
    programme = administered_programme(request, code)
    return _save(
        request,
        CourseForm(posted(request)),
        lambda **given: actions.save_course(programme=programme, **given),
        back="course-list",
        programme=programme,
        title=_("Add a course"),
    )


@GET_OR_POST
def course_edit(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    programme = administered_programme(request, code)
    course = get_object_or_404(programme.courses, pk=pk)
    initial = {"code": course.code, "title": course.title, "topic": course.topic}
    return _save(
        request,
        CourseForm(posted(request), initial=initial),
        lambda **given: actions.save_course(programme=programme, course=course, **given),
        back="course-list",
        programme=programme,
        title=course.title,
    )


@GET_OR_POST
def run_new(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    programme = administered_programme(request, code)
    course = get_object_or_404(programme.courses, pk=pk)
    return _save(
        request,
        RunForm(posted(request), programme=programme),
        lambda **given: actions.save_run(course=course, **given),
        back="course-list",
        programme=programme,
        title=_("Add a run of %s") % course.title,
    )


@GET_OR_POST
def run_edit(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    programme = administered_programme(request, code)
    run = get_object_or_404(CourseRun.objects.filter(course__programme=programme), pk=pk)
    initial = {name: getattr(run, name) for name in ("code", "starts_on", "ends_on", "seats")}
    initial["parent"] = run.unit.parent_id if run.unit else None
    return _save(
        request,
        RunForm(posted(request), initial=initial, programme=programme),
        lambda **given: actions.save_run(course=run.course, run=run, **given),
        back="course-list",
        programme=programme,
        title=str(run),
    )


# --- Members -----------------------------------------------------------------------------------------------


@require_safe
def member_list(request: HttpRequest, code: str) -> HttpResponse:
    """Who works here in which role until when. Persons are not shown to partner viewers."""
    programme = seen_programme(request, code)
    check_may_see_people(request.user)
    members = (
        Membership.objects.visible_to(request.user)
        .filter(programme=programme)
        .select_related("user", "substitutes_for")
        .order_by("role", "user__first_name", "user__username")
    )
    today = local_day(programme, timezone.now())
    rows: list[Any] = list(members)
    for row in rows:
        row.state = _member_state(row, today)
        is_over = row.state == "ended"
        row.may_name = not is_over and may(check_may_name_substitute, request.user, row)
        row.may_end = not is_over and (request.user.is_admin or row.substitutes_for_id == request.user.pk)  # type: ignore[union-attr]
    return render(
        request,
        "programmes/member_list.html",
        {
            **_around(request, programme, "member-list"),
            "members": rows,
            "may_act": any(row.may_name or row.may_end for row in rows),
        },
    )


def _member_state(row: Membership, today: Any) -> str:
    if row.starts_on > today:
        return "planned"
    return "ended" if row.ends_on is not None and row.ends_on < today else "active"


@GET_OR_POST
def member_new(request: HttpRequest, code: str) -> HttpResponse:
    programme = administered_programme(request, code)
    return _save(
        request,
        MemberForm(posted(request)),
        lambda **given: actions.add_member(programme=programme, **given),
        back="member-list",
        programme=programme,
        title=_("Give a role"),
    )


@GET_OR_POST
def member_end(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    programme = seen_programme(request, code)
    membership = get_object_or_404(programme.memberships.select_related("user"), pk=pk)
    if membership.substitutes_for_id != request.user.pk:
        check_may_administer(request.user)
    url = reverse("member-list", args=[code])
    form = MembershipEndForm(posted(request))
    if request.method == "POST" and (
        attempt(form, actions.end_membership, membership=membership, by=request.user, at=timezone.now())
        is not False
    ):
        messages.success(request, _("Saved."))
        return redirect(url)
    return confirm_page(
        request,
        form,
        title=_("End this role?"),
        text=f"{membership.user} · {membership.get_role_display()}",
        confirm_label=_("End the role"),
        danger=True,
        cancel_url=url,
    )
