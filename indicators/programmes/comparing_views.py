"""The page that shows two versions of a design side by side."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from indicators.models import DesignVersion, GlobalRole
from indicators.programmes.changes import local_day
from indicators.programmes.comparing import compare_designs, last_day
from indicators.programmes.doors import crumbs_of, seen_programme, tabs_of


@require_safe
def design_compare(request: HttpRequest, code: str) -> HttpResponse:
    """Any two versions; without a choice the newest and the one before it."""
    programme = seen_programme(request, code)
    user = request.user
    designs = list(
        DesignVersion.objects.visible_to(user)
        .filter(programme=programme)
        .select_related("created_by", "decision", "programme")
        .order_by("number")
    )
    numbers = {str(one.number): one for one in designs}
    new = numbers.get(request.GET.get("new", "")) or (designs[-1] if designs else None)
    old = numbers.get(request.GET.get("old", "")) or (designs[-2] if len(designs) > 1 else new)
    today = local_day(programme, timezone.now())
    context = {
        "programme": programme,
        "designs": designs,
        "old": old,
        "new": new,
        "is_partner_viewer": user.global_role == GlobalRole.PARTNER_VIEWER,  # type: ignore[union-attr]
        "tabs": tabs_of(programme, "programme-design", user),
        "crumbs": crumbs_of(programme),
    }
    if old is not None and new is not None:
        context |= {
            "compared": compare_designs(programme, user, designs, old, new, today=today),
            "old_day": last_day(designs, old, today=today),
            "new_day": last_day(designs, new, today=today),
            "words": {
                "added": _("Added"),
                "removed": _("Removed"),
                "changed": _("Changed"),
                "same": _("Unchanged"),
            },
        }
    return render(request, "programmes/design_compare.html", context)
