"""Pages and files of this door. Lock, call, answer."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from indicators.entry.importing import read_table
from indicators.exchange import context_loading, iati_importing
from indicators.exchange.context_loading import load_context
from indicators.exchange.forms import EditionForm, IatiForm, wording_of
from indicators.exchange.holding import held, hold, read_as_file
from indicators.exchange.iati_importing import import_file
from indicators.exchange.iati_programmes import read_choices
from indicators.exchange.iati_reading import read_content
from indicators.exchange.iati_writing import missing_settings, write_programme
from indicators.models import Programme
from indicators.permissions import check_may_administer

GET_OR_POST = require_http_methods(["GET", "HEAD", "POST"])
IATI_SALT, EDITION_SALT = "IATI file", "edition"
MOST_INDICATORS = 400
"""More would keep a page waiting; the command has no such limit."""
SHOWN = 1000


@require_safe
def programme_iati(request: HttpRequest, code: str) -> HttpResponse:
    """A programme as an IATI file, as far as the person sees it; ``?public=1``: only what is marked PUBLIC."""
    programme = get_object_or_404(Programme.objects.visible_to(request.user), code=code)  # type: ignore[arg-type]
    if missing := missing_settings():
        context = {"programme": programme, "missing": missing}
        return render(request, "exchange/iati_missing.html", context, status=409)
    content = write_programme(
        programme=programme,
        reader=request.user,  # type: ignore[arg-type]
        at=timezone.now(),
        is_public=request.GET.get("public") == "1",
    )
    response = HttpResponse(content, content_type="application/xml")
    response["Content-Disposition"] = f'attachment; filename="{programme.code}.iati.xml"'
    return response


# --- IATI in -----------------------------------------------------------------------------------------------------


@GET_OR_POST
def iati_import(request: HttpRequest) -> HttpResponse:
    """A published file: look first, then keep what can be taken."""
    check_may_administer(request.user)  # type: ignore[arg-type]
    if request.method != "POST":
        return render(request, "exchange/iati_import.html", {"form": IatiForm()})
    if "token" in request.POST:
        return _keep_iati(request)
    form = IatiForm(request.POST, request.FILES)
    if not form.is_valid():
        return render(request, "exchange/iati_import.html", {"form": form}, status=422)
    name, content = form.cleaned_data["file"]
    lines = request.POST.get("choices", "").splitlines()
    try:
        outcome = _take(request, name, content, lines, dry_run=True)
    except ValidationError as refusal:
        form.add_error("file", refusal.messages)
        return render(request, "exchange/iati_import.html", {"form": form}, status=422)
    context = {"form": form, "name": name} | _iati_context(outcome)
    if not outcome.changes_nothing:
        context["token"] = hold(IATI_SALT, name, content, {"choices": lines})
    return render(request, "exchange/iati_import.html", context)


def _take(
    request: HttpRequest, name: str, content: bytes, lines: list[str], *, dry_run: bool
) -> iati_importing.Outcome:
    file = read_content(content, name)
    count = sum(activity.indicators for activity in file.activities)
    if count > MOST_INDICATORS:
        raise ValidationError(
            _("It has %(count)s indicators; a page takes at most %(limit)s. Use the command import_iati.")
            % {"count": count, "limit": MOST_INDICATORS}
        )
    return import_file(
        file=file,
        by=request.user,  # type: ignore[arg-type]
        at=timezone.now(),
        choices=read_choices(lines),
        dry_run=dry_run,
    )


def _keep_iati(request: HttpRequest) -> HttpResponse:
    try:
        name, content, told = held(IATI_SALT, request.POST["token"])
        outcome = _take(request, name, content, told["choices"], dry_run=False)
    except ValidationError as refusal:
        context = {"form": IatiForm(), "refusal": refusal.messages}
        return render(request, "exchange/iati_import.html", context, status=409)
    messages.success(
        request,
        _("Kept: %(new)s indicators; %(figures)s figures wait for approval by a second person.")
        % {"new": outcome.new, "figures": outcome.figures.new + outcome.figures.corrected},
    )
    return render(
        request, "exchange/iati_import.html", {"form": IatiForm(), "name": name} | _iati_context(outcome)
    )


def _iati_context(outcome: iati_importing.Outcome) -> dict[str, Any]:
    figures = outcome.figures
    return {
        "outcome": outcome,
        "findings": outcome.findings[:SHOWN],
        "more": max(len(outcome.findings) - SHOWN, 0),
        "indicator_counts": [
            (_("new"), outcome.new),
            (_("here already"), outcome.same),
            (_("refused"), outcome.refused),
        ],
        "figure_counts": [
            (_("for approval"), figures.new),
            (_("corrections"), figures.corrected),
            (_("the same"), figures.same),
            (_("left out"), figures.left_out),
        ],
    }


# --- Editions of context series ----------------------------------------------------------------------------------


@GET_OR_POST
def context_load(request: HttpRequest) -> HttpResponse:
    """An edition of published series: look first, then keep it whole."""
    check_may_administer(request.user)  # type: ignore[arg-type]
    if request.method != "POST":
        return render(request, "exchange/context_load.html", {"form": EditionForm()})
    if "token" in request.POST:
        return _keep_edition(request)
    form = EditionForm(request.POST, request.FILES)
    if not form.is_valid():
        return render(request, "exchange/context_load.html", {"form": form}, status=422)
    (name, content), told = form.cleaned_data["file"], form.told()
    try:
        outcome = _load(request, name, content, told, dry_run=True)
    except ValidationError as refusal:
        _add_errors(form, refusal)
        return render(request, "exchange/context_load.html", {"form": form}, status=422)
    context = {"form": form, "outcome": outcome, "name": name, "vintage": told["vintage"]}
    context |= {"problems": outcome.problems[:SHOWN], "more": max(len(outcome.problems) - SHOWN, 0)}
    if outcome.lines and not outcome.changes_nothing:
        context["token"] = hold(EDITION_SALT, name, content, told)
    return render(request, "exchange/context_load.html", context, status=422 if outcome.problems else 200)


def _add_errors(form: EditionForm, refusal: ValidationError) -> None:
    if not hasattr(refusal, "error_dict"):
        form.add_error("file", refusal.messages)
        return
    for name, said in refusal.message_dict.items():
        form.add_error(name if name in form.fields else None, said)


def _load(
    request: HttpRequest, name: str, content: bytes, told: dict[str, Any], *, dry_run: bool
) -> context_loading.Outcome:
    return load_context(
        table=read_as_file(name, content, read_table),
        vintage=told["vintage"],
        series=told["series"],
        wording=wording_of(told),
        source=told["source"] or name,
        retrieved_on=date.fromisoformat(told["retrieved_on"]) if told["retrieved_on"] else None,
        by=request.user,  # type: ignore[arg-type]
        at=timezone.now(),
        dry_run=dry_run,
    )


def _keep_edition(request: HttpRequest) -> HttpResponse:
    try:
        name, content, told = held(EDITION_SALT, request.POST["token"])
        outcome = _load(request, name, content, told, dry_run=False)
    except ValidationError as refusal:
        context = {"form": EditionForm(), "refusal": refusal.messages}
        return render(request, "exchange/context_load.html", context, status=409)
    count = sum(line.values for line in outcome.lines if not line.is_same)
    said = ngettext(
        "%(count)s value of “%(vintage)s” kept.", "%(count)s values of “%(vintage)s” kept.", count
    )
    messages.success(request, said % {"count": count, "vintage": told["vintage"]})
    return redirect("context-detail", code=outcome.lines[0].series)
