"""The page on which somebody tries other targets, thresholds, weights or figures. Stores nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from indicators.models import GlobalRole, Programme
from indicators.permissions import check_may_administer, may
from indicators.reports import assessment_page, what_if
from indicators.reports.what_if_base import (
    Base,
    base_of_run,
    base_of_today,
    categories,
    may_leave_figures_out,
)
from indicators.reports.what_if_form import FIELD_WORDS, ScratchForm, address_of

ABOUT_AN_INDICATOR = re.compile(rf"(?:{'|'.join(name for name, _words in FIELD_WORDS)}|part-\d+)-\d+")
GET_OR_POST = require_http_methods(["GET", "HEAD", "POST"])


@GET_OR_POST
def what_if_assessment(request: HttpRequest, pk: int) -> HttpResponse:
    """A frozen assessment as it is, and as if."""
    run = get_object_or_404(assessment_page.visible_runs(request.user), pk=pk)
    return _answer(request, base_of_run(request.user, run))


@GET_OR_POST
def what_if_programme(request: HttpRequest, code: str) -> HttpResponse:
    """A programme as it stands today, and as if."""
    programme = get_object_or_404(Programme.objects.visible_to(request.user), code=code)
    return _answer(request, base_of_today(request.user, programme))


def scratch_form(user: Any, base: Base, data: Any) -> ScratchForm:
    """The form of everything that this person may try; `data` None: nothing yet."""
    may_leave_out = may_leave_figures_out(user)
    return ScratchForm(
        data,
        subjects=base.subjects,
        indices=base.indices,
        cells=categories(base) if may_leave_out else (),
        may_leave_figures_out=may_leave_out,
        label_suffix="",
    )


def _answer(request: HttpRequest, base: Base) -> HttpResponse:
    form = scratch_form(request.user, base, request.POST if request.method == "POST" else request.GET or None)
    if request.method == "POST" and form.is_valid():
        query = address_of(form)
        return redirect(f"{request.path}?{query}" if query else request.path)
    found = what_if.compute(request.user, base, form.scratch()) if form.is_bound and form.is_valid() else None
    has_changes = found is not None and not found.scratch.is_empty
    context: dict[str, Any] = {
        "base": base,
        "programme": base.programme,
        "run": base.run,
        "form": form,
        "found": found if has_changes else None,
        "elsewhere": _elsewhere(request.GET, form),
        "column_words": [words for _name, words in FIELD_WORDS],
        "title": _title(base),
        "propose_url": _propose_url(request.user, base, found),
        "marking": _marking(base),
    }
    if request.user.global_role == GlobalRole.PARTNER_VIEWER and request.user.partner:
        context["releasable_to"] = request.user.partner.name
    return render(request, "reports/what_if.html", context)


def _title(base: Base) -> str:
    if base.run is None:
        return _("%(code)s today") % {"code": base.programme.code}
    label = f"{base.programme.code} {base.run.label}"
    return f"{label} r{base.run.revision}" if base.run.revision > 1 else label


def _elsewhere(names: Iterable[str], form: ScratchForm) -> int:
    """How many changes in the address are of indicators that this person does not find here."""
    return sum(bool(ABOUT_AN_INDICATOR.fullmatch(name)) and name not in form.fields for name in names)


def _propose_url(user: Any, base: Base, found: what_if.WhatIf | None) -> str:
    """Where the targets that are tried become proposals; empty for those who may not, or when none is tried."""
    pairs = what_if.proposal_query(found) if found is not None else []
    if not pairs or not may(check_may_administer, user):
        return ""
    return f"{reverse('targets-propose', args=[base.programme.code])}?{urlencode(pairs)}"


def _marking(base: Base) -> str:
    is_open = bool(base.subjects) and all(one.indicator.marking == "PUBLIC" for one in base.subjects)
    return "PUBLIC" if is_open else "NATO UNCLASSIFIED"
