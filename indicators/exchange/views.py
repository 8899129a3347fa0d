"""Pages and files of this door. Lock, call, answer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from indicators.entry.importing import read_table
from indicators.exchange import context_loading, iati_jobs
from indicators.exchange.context_loading import load_context
from indicators.exchange.findings import LABELS, Effect
from indicators.exchange.forms import EditionForm, IatiForm, wording_of
from indicators.exchange.holding import held, hold, read_as_file
from indicators.exchange.iati_writing import missing_settings, write_programme
from indicators.models import IatiImport, ImportState, Programme
from indicators.permissions import check_may_administer
from indicators.sent import whole_number

GET_OR_POST = require_http_methods(["GET", "HEAD", "POST"])
EDITION_SALT = "edition"
SHOWN = 1000
PER_PAGE = 50


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
    """The way to send a published file, and those that were sent before."""
    user: Any = request.user
    check_may_administer(user)
    form = IatiForm(request.POST, request.FILES) if request.method == "POST" else IatiForm()
    if request.method == "POST" and form.is_valid():
        name, content = form.cleaned_data["file"]
        try:
            made = iati_jobs.send_file(
                name=name,
                content=content,
                choices=form.cleaned_data["choices"],
                is_strict=form.cleaned_data["is_strict"],
                by=user,
                at=timezone.now(),
            )
        except ValidationError as refusal:
            form.add_error(None, refusal)
        else:
            return redirect(made)
    files = IatiImport.objects.visible_to(user).select_related("by").defer("content", "findings")
    page = Paginator(files, PER_PAGE).get_page(whole_number(request.GET.get("page", "1")) or 1)
    context = {"form": form, "page": page}
    return render(request, "exchange/iati_import.html", context, status=422 if form.errors else 200)


@never_cache
@require_safe
@vary_on_headers("HX-Request")
def iati_import_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One file: how far it is, what it would do or did, and what its person does next."""
    one = _seen_import(request, pk)
    if request.htmx:  # type: ignore[attr-defined]
        if not one.is_moving:
            return HttpResponse(headers={"HX-Refresh": "true"})
        return render(request, "exchange/_iati_progress.html", {"one": one})
    return render(request, "exchange/iati_import_detail.html", {"one": one} | _iati_context(one))


def _seen_import(request: HttpRequest, pk: int) -> IatiImport:
    user: Any = request.user
    check_may_administer(user)
    files = IatiImport.objects.visible_to(user).select_related("by", "applied_by").defer("content")
    return get_object_or_404(files, pk=pk)


@require_POST
def iati_import_check(request: HttpRequest, pk: int) -> HttpResponse:
    """Have said anew what it would do."""
    return _done(request, pk, iati_jobs.check_again)


@require_POST
def iati_import_apply(request: HttpRequest, pk: int) -> HttpResponse:
    """Have taken over what can be taken."""
    return _done(request, pk, iati_jobs.apply_file, at=timezone.now())


@require_POST
def iati_import_discard(request: HttpRequest, pk: int) -> HttpResponse:
    """Throw it away before it did anything."""
    return _done(request, pk, iati_jobs.discard_file, at=timezone.now())


def _done(request: HttpRequest, pk: int, act: Callable[..., None], **what: Any) -> HttpResponse:
    one = _seen_import(request, pk)
    try:
        act(one=one, by=request.user, **what)
    except ValidationError as refusal:
        for said in refusal.messages:
            messages.error(request, said)
    return redirect(one)


def _iati_context(one: IatiImport) -> dict[str, Any]:
    outcome = one.outcome
    if not outcome or one.is_moving:
        return {}
    figures = outcome["figures"]
    findings = [finding | {"label": LABELS[Effect(finding["effect"])]} for finding in one.findings[:SHOWN]]
    return {
        "outcome": outcome,
        "is_applicable": one.state == ImportState.CHECKED and _is_applicable(one),
        "findings": findings,
        "count": len(one.findings),
        "more": max(len(one.findings) - SHOWN, 0),
        "indicator_counts": [
            (_("new"), outcome["new"]),
            (_("here already"), outcome["same"]),
            (_("refused"), outcome["refused"]),
        ],
        "figure_counts": [
            (_("for approval"), figures["new"]),
            (_("corrections"), figures["corrected"]),
            (_("the same"), figures["same"]),
            (_("left out"), figures["left_out"]),
        ],
    }


def _is_applicable(one: IatiImport) -> bool:
    try:
        iati_jobs.check_is_applicable(one)
    except ValidationError:
        return False
    return True


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
