"""The audit trail as a page: who did what, when and why. Reads only."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from indicators.disclosure import withheld
from indicators.models import Event, Observation, Programme
from indicators.permissions import check_may_see_events

PER_PAGE = 50


@require_safe
def event_list(request: HttpRequest) -> HttpResponse:
    """The newest events of the programmes one sees, narrowed by programme, person and words."""
    user = request.user
    check_may_see_events(user)  # type: ignore[arg-type]
    programmes = list(Programme.objects.visible_to(user).order_by("code"))  # type: ignore[arg-type]
    rows = Event.objects.visible_to(user)  # type: ignore[arg-type]
    chosen = {name: request.GET.get(name, "").strip()[:100] for name in ("programme", "who", "q")}
    if chosen["programme"]:
        rows = rows.filter(programme_id__in=[p.pk for p in programmes if p.code == chosen["programme"]])
    if chosen["who"]:
        rows = rows.filter(by_name__icontains=chosen["who"])
    if chosen["q"]:
        rows = rows.filter(
            Q(verb__icontains=chosen["q"])
            | Q(about_name__icontains=chosen["q"])
            | Q(reason__icontains=chosen["q"]) & ~_about_cells(user)
        )
    page = Paginator(rows.order_by("-at", "-pk"), PER_PAGE).get_page(request.GET.get("page"))
    codes = {programme.pk: programme.code for programme in programmes}
    hidden = _withheld(user, page)
    for event in page:
        event.programme_code = codes.get(event.programme_id or 0, "")  # type: ignore[attr-defined]
        event.changes = changes_of(event)  # type: ignore[attr-defined]
        if event.about_type == "observation" and event.about_id in hidden:
            event.changes, event.reason = [], _("Left out: few people")  # type: ignore[attr-defined]
    context = {"page": page, "programmes": programmes, "chosen": chosen, "is_narrowed": any(chosen.values())}
    return render(request, "reports/event_list.html", context)


def _about_cells(user: Any) -> Q:
    """Events on cells, whose reasons may be left out: a search that finds them would tell their words."""
    cells = Observation.objects.exclude(cell="").values("pk")
    return Q(pk__in=[]) if user.is_admin else Q(about_type="observation", about_id__in=cells)


def _withheld(user: Any, events: Iterable[Event]) -> set[int]:
    """Observations among these events whose figures this person does not see. Three queries at most."""
    pks = {event.about_id for event in events if event.about_type == "observation"}
    rows = Observation.objects.filter(pk__in=pks).exclude(cell="")
    return withheld(user, rows.select_related("indicator__version", "indicator__programme")) if pks else set()


def changes_of(event: Event) -> list[tuple[str, object, object]]:
    """What differs between before and after: (field, before, after), in words rather than as stored."""
    before, after = event.before or {}, event.after or {}
    return [
        (name.replace("_", " "), _words(before.get(name)), _words(after.get(name)))
        for name in dict.fromkeys([*before, *after])
        if before.get(name) != after.get(name)
    ]


def _words(value: object) -> object:
    """A stored value as one reads it: `{"on_track": 7}` is "on track: 7", a list its entries."""
    if isinstance(value, dict):
        return (
            "; ".join(f"{str(name).replace('_', ' ')}: {_words(one)}" for name, one in value.items()) or None
        )
    if isinstance(value, list):
        return ", ".join(str(_words(one)) for one in value) or None
    return value
