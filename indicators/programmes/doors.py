"""The lock of every page of this room, and what stands around each of them. Reads; changes nothing."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from indicators.models import GlobalRole, Programme, ProgrammeIndicator
from indicators.permissions import check_may_administer, may

GET_OR_POST = require_http_methods(["GET", "HEAD", "POST"])


def posted(request: HttpRequest) -> Any:
    """What a form is bound to: the posted fields, though there be none; None when the page is only asked for."""
    return request.POST if request.method == "POST" else None


def check_may_see_people(user: Any) -> None:
    """Names of staff are not for partner viewers."""
    if user.global_role == GlobalRole.PARTNER_VIEWER:
        raise PermissionDenied(_("Who works in a programme is shown to its staff."))


def seen_programme(request: HttpRequest, code: str) -> Programme:
    """The programme, or 404 for whoever does not see it."""
    return get_object_or_404(Programme.objects.visible_to(request.user), code=code)  # type: ignore[arg-type]


def administered_programme(request: HttpRequest, code: str) -> Programme:
    """The programme; 404 for strangers, 403 for those who only read."""
    programme = seen_programme(request, code)
    check_may_administer(request.user)  # type: ignore[arg-type]
    return programme


def seen_indicator(request: HttpRequest, code: str, pk: int) -> ProgrammeIndicator:
    """The indicator of that programme, or 404 for whoever does not see it."""
    rows = ProgrammeIndicator.objects.visible_to(request.user).select_related(  # type: ignore[arg-type]
        "programme", "version", "definition", "partner", "plan", "objective", "responsible"
    )
    return get_object_or_404(rows, pk=pk, programme__code=code)


def administered_indicator(request: HttpRequest, code: str, pk: int) -> ProgrammeIndicator:
    indicator = seen_indicator(request, code, pk)
    check_may_administer(request.user)  # type: ignore[arg-type]
    return indicator


def crumbs_of(programme: Programme | None = None, *more: tuple[str, str]) -> list[tuple[str, str]]:
    """The way back: the list, the programme, and more."""
    found = [(_("Programmes"), reverse("programme-list"))]
    if programme is not None:
        found.append((programme.code, programme.get_absolute_url()))
    return [*found, *more]


def tabs_of(programme: Programme, current: str, user: Any) -> list[dict[str, Any]]:
    """The views of one programme that belong together, as far as the person may open them."""
    names = {
        "programme-detail": _("Overview"),
        "programme-design": _("Design"),
        "unit-list": _("Reporting units"),
        "course-list": _("Courses"),
        "programme-calendar": _("Calendar"),
        "member-list": _("Members"),
    }
    return [
        {"label": label, "url": reverse(name, args=[programme.code]), "current": name == current}
        for name, label in names.items()
        if name not in {"member-list", "programme-calendar"} or may(check_may_see_people, user)
    ]


def form_page(request: HttpRequest, form: Any, *, title: str, **context: Any) -> HttpResponse:
    """A page with one form and nothing else."""
    return render(request, "programmes/form_page.html", {"form": form, "title": title, **context})


def confirm_page(request: HttpRequest, form: Any, *, title: str, **context: Any) -> HttpResponse:
    """A page that asks once more."""
    return render(
        request,
        "components/confirm_page.html",
        {"form": form, "title": title, "action": request.path, **context},
    )
