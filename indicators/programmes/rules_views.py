"""The borders of the method: which are in force, who set them, and the form that sets them anew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from indicators.engine.rules import METHOD_RULES, RANGES, Rules
from indicators.models import RuleSet, rules_on
from indicators.permissions import check_may_administer, may
from indicators.programmes import actions
from indicators.programmes.doors import GET_OR_POST, posted
from indicators.programmes.fields import attempt, show_refusal
from indicators.programmes.rules import changed_rules, preview_rules
from indicators.programmes.rules_forms import WORDS, RulesForm
from indicators.programmes.targets import plain


@dataclass(frozen=True, slots=True)
class Change:
    """One rule that a set changed against the set before it."""

    label: Any
    before: str
    after: str


@require_safe
def rules_list(request: HttpRequest) -> HttpResponse:
    """Values in force today with what they mean; every set of rules there ever was, with what it changed."""
    today = timezone.localdate()
    sets = list(RuleSet.objects.visible_to(request.user).select_related("by").order_by("number"))  # type: ignore[arg-type]
    in_force = max(
        (one for one in sets if one.effective_on <= today),
        key=lambda one: (one.effective_on, one.number),
        default=None,
    )
    rules = METHOD_RULES if in_force is None else in_force.as_rules()
    return render(
        request,
        "programmes/rules_list.html",
        {
            "lines": [_line(name, rules) for name in RANGES],
            "in_force": in_force,
            "coming": [one for one in sets if one.effective_on > today],
            "history": _history(sets),
            "may_change": may(check_may_administer, request.user),
        },
    )


def _line(name: str, rules: Rules) -> dict[str, Any]:
    words, value = WORDS[name], getattr(rules, name)
    low, high = RANGES[name]
    return {
        "label": words.label,
        "meaning": words.meaning,
        "section": words.section,
        "value": plain(value),
        "method": plain(getattr(METHOD_RULES, name)),
        "is_changed": value != getattr(METHOD_RULES, name),
        "low": plain(low),
        "high": plain(high),
    }


def _history(sets: Sequence[RuleSet]) -> list[dict[str, Any]]:
    """Newest first; each set beside the one that it followed when it was made."""
    before: list[Rules] = [METHOD_RULES, *(one.as_rules() for one in sets)]
    return [
        {"set": one, "changes": _changes(old, new)}
        for one, (old, new) in zip(sets, pairwise(before), strict=True)
    ][::-1]


def _changes(before: Rules, after: Rules) -> list[Change]:
    return [
        Change(WORDS[name].label, plain(getattr(before, name)), plain(getattr(after, name)))
        for name in changed_rules(before, after)
    ]


@GET_OR_POST
def rules_new(request: HttpRequest) -> HttpResponse:
    """The form; with the button "preview" it says what the values would do, and stores nothing."""
    check_may_administer(request.user)  # type: ignore[arg-type]
    today = timezone.localdate()
    form = RulesForm(posted(request), initial=_initial(rules_on(today)) | {"effective_on": today})
    found = None
    if request.method == "POST" and "preview" in request.POST:
        found = _preview(form)
    elif request.method == "POST" and attempt(form, _change, by=request.user, at=timezone.now()):
        messages.success(request, _("The rules are kept; statuses are being judged again."))
        return redirect("rules-list")
    return render(
        request,
        "programmes/rules_new.html",
        {
            "form": form,
            "fields": [(form[name], WORDS[name], plain(getattr(METHOD_RULES, name))) for name in RANGES],
            "preview": found,
            "crumbs": [(_("Rules"), reverse("rules-list"))],
        },
    )


def _change(*, effective_on: date, reason: str, by: Any, at: datetime, **values: Decimal) -> RuleSet:
    return actions.change_rules(values=values, effective_on=effective_on, reason=reason, by=by, at=at)


def _initial(rules: Rules) -> dict[str, Decimal]:
    return {name: getattr(rules, name) for name in RANGES}


def _preview(form: RulesForm) -> Any:
    """What the values in the form would do; None when they are not all numbers, and the form then says why."""
    form.fields["reason"].required = False
    if not form.is_valid():
        return None
    try:
        return preview_rules(values=form.values(), at=timezone.now())
    except ValidationError as refusal:
        show_refusal(form, refusal)
        return None
