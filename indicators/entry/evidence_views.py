"""Evidence on a figure's own page: add to a draft, take away. With a script file by file, without it in one form."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from indicators.disclosure import withheld
from indicators.entry.evidence import add_evidence, remove_evidence
from indicators.entry.forms import EvidenceForm
from indicators.entry.views import detail_context, get_observation
from indicators.models import Evidence, Observation
from indicators.permissions import check_may_edit_observation


@require_POST
def evidence_add(request: HttpRequest, pk: int) -> HttpResponse:
    """Attach files, a link, or where it is held. A script sends one file at a time and is answered in JSON."""
    observation = get_observation(request, pk)
    check_may_edit_observation(request.user, observation)  # type: ignore[arg-type]
    form = EvidenceForm(request.POST, request.FILES)
    if form.is_valid():
        added = add_evidence(observation=observation, by=request.user, at=timezone.now(), **form.given())  # type: ignore[arg-type]
        if _asks_for_json(request):
            return JsonResponse({"added": len(added), "list": _as_list(request, observation)})
        said = ngettext(
            "%(count)s piece of evidence added.", "%(count)s pieces of evidence added.", len(added)
        )
        messages.success(
            request, said % {"count": len(added)} if added else _("This evidence is there already.")
        )
        return redirect("observation-detail", pk)
    if _asks_for_json(request):
        return JsonResponse(
            {"errors": [text for errors in form.errors.values() for text in errors]}, status=422
        )
    context = detail_context(request, observation) | {"evidence_form": form}
    return render(request, "entry/observation_detail.html", context, status=422)


@require_POST
def evidence_remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a piece of evidence away from a draft or a returned figure."""
    user: Any = request.user
    evidence = get_object_or_404(
        Evidence.objects.visible_to(user).select_related(
            "observation__indicator__programme", "observation__indicator__version"
        ),
        pk=pk,
    )
    if withheld(user, [evidence.observation]):
        raise PermissionDenied(_("Only officers of this programme enter its figures."))
    remove_evidence(evidence=evidence, by=user, at=timezone.now())
    messages.success(request, _("“%(name)s” was removed.") % {"name": evidence.name})
    return redirect("observation-detail", evidence.observation_id)  # type: ignore[attr-defined]


def _asks_for_json(request: HttpRequest) -> bool:
    return request.headers.get("Accept", "").startswith("application/json")


def _as_list(request: HttpRequest, observation: Observation) -> str:
    evidence = list(observation.evidence.select_related("added_by"))  # type: ignore[attr-defined]
    return render_to_string("entry/_evidence.html", {"evidence": evidence, "may_edit": True}, request)
