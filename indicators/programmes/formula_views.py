"""The page of an indicator's formula: try it on real periods, then set it. Locks, calls one action, answers."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.vary import vary_on_headers

from indicators.engine.formula import FUNCTIONS, FormulaError
from indicators.engine.formula.tree import LONGEST_TEXT
from indicators.models import ProgrammeIndicator
from indicators.programmes import actions
from indicators.programmes.computing import (
    Candidate,
    candidates_for,
    fault_text,
    read_formula,
    sources_of,
    try_out,
)
from indicators.programmes.doors import GET_OR_POST, administered_indicator, crumbs_of
from indicators.programmes.fields import PlainForm, attempt
from indicators.tracing import trace

PREVIEWED = 8
"""Periods of the preview."""


class FormulaForm(PlainForm):
    formula = forms.CharField(
        label=gettext_lazy("Formula"),
        required=False,
        max_length=LONGEST_TEXT,
        widget=forms.Textarea(
            attrs={"rows": 5, "class": "mono", "spellcheck": "false", "autocapitalize": "off"}
        ),
        help_text=gettext_lazy("Empty: its figures are observed and entered."),
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=500,
        help_text=gettext_lazy("Why is it computed this way? Kept in the audit trail."),
    )


@GET_OR_POST
@vary_on_headers("HX-Request")
def indicator_formula(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """Write a formula, see it in words and on the last real periods, and set it."""
    indicator = administered_indicator(request, code, pk)
    candidates = candidates_for(indicator)
    is_posted = request.method == "POST"
    is_check = is_posted and request.POST.get("step") == "check"
    text = request.POST.get("formula", "") if is_posted else indicator.formula
    if is_check and request.headers.get("HX-Request"):
        return render(request, "programmes/_formula_result.html", _result(indicator, text, candidates))
    form = FormulaForm(
        request.POST if is_posted and not is_check else None,
        initial={"formula": text, "reason": request.POST.get("reason", "")},
    )
    if is_posted and not is_check and _set(request, form, indicator):
        messages.success(
            request,
            _("Saved: every period is computed.") if text.strip() else _("Saved: it is observed again."),
        )
        return redirect("indicator-detail", code=code, pk=pk)
    context = _result(indicator, text, candidates) | {
        "programme": indicator.programme,
        "indicator": indicator,
        "version": indicator.version,
        "form": form,
        "usable": [one for one in candidates.values() if not one.why_not],
        "others": [one for one in candidates.values() if one.why_not and one.indicator.pk != indicator.pk],
        "functions": [one.usage for one in FUNCTIONS.values()],
        "cancel_url": indicator.get_absolute_url(),
        "crumbs": crumbs_of(
            indicator.programme,
            (indicator.definition.code, indicator.get_absolute_url()),
        ),
        "action_url": reverse("indicator-formula", args=[code, pk]),
    }
    return render(request, "programmes/indicator_formula.html", context)


def _set(request: HttpRequest, form: FormulaForm, indicator: ProgrammeIndicator) -> bool:
    done = attempt(form, actions.set_formula, indicator=indicator, by=request.user, at=timezone.now())
    return bool(done)


def _result(indicator: ProgrammeIndicator, text: str, candidates: dict[str, Candidate]) -> dict[str, Any]:
    """The formula in words with its preview, or the fault with its place; neither for an empty text."""
    text = text.replace("\r\n", "\n").strip()
    if not text:
        return {"indicator": indicator}
    try:
        tree = read_formula(text, indicator, candidates)
    except FormulaError as error:
        line, caret = error.caret(text)
        return {"indicator": indicator, "fault": fault_text(error, text), "fault_line": line, "caret": caret}
    sources = sources_of(tree, candidates)
    evaluation = try_out(indicator, tree, sources)
    return {
        "indicator": indicator,
        "trace": trace(indicator, tree, evaluation, sources, last=PREVIEWED),
    }
