"""The page on which targets that were tried become agreements or proposals, with the reason typed in."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from indicators.models import AdjustmentDecision, Programme, ProgrammeIndicator, TargetRevision
from indicators.programmes.doors import GET_OR_POST, administered_programme, crumbs_of, form_page
from indicators.programmes.fields import DayField, DecisionField, PlainDecimalField, PlainForm, show_refusal
from indicators.programmes.retargeting import revise_targets
from indicators.programmes.tailor_forms import needless
from indicators.programmes.targets import plain

LABELS = {
    "target": gettext_lazy("Target"),
    "target_on": gettext_lazy("Target date"),
    "range_low": gettext_lazy("Lower limit"),
    "range_high": gettext_lazy("Upper limit"),
    "on_track_from": gettext_lazy("On track from"),
    "at_risk_from": gettext_lazy("At risk from"),
}
NAME = re.compile(rf"({'|'.join(LABELS)})-([0-9]{{1,18}})")


class RetargetForm(PlainForm):
    """The fields of agreements that the address names, with one reason for all of them."""

    effective_on = DayField(
        label=gettext_lazy("Valid from"), required=False, help_text=gettext_lazy("Empty: today.")
    )
    reason_code = forms.ChoiceField(
        label=gettext_lazy("Kind of reason"),
        choices=[one for one in TargetRevision.Reason.choices if one[0] != TargetRevision.Reason.FIRST],
    )
    decision = DecisionField(
        kinds=AdjustmentDecision.MOVES_TARGETS,
        help_text=gettext_lazy("Needed when the reason is an evaluation decision."),
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason in words"), widget=forms.Textarea(attrs={"rows": 3}), max_length=2000
    )

    def __init__(
        self,
        *args: Any,
        programme: Programme,
        indicators: Sequence[ProgrammeIndicator],
        wanted: Mapping[int, Sequence[str]],
        **given: Any,
    ) -> None:
        super().__init__(*args, **given)
        self.fields["decision"].of(programme)  # type: ignore[attr-defined]
        self.wanted = {one.pk: list(wanted[one.pk]) for one in indicators}
        shared = dict(self.fields)
        self.fields.clear()
        for one in indicators:
            for name in self.wanted[one.pk]:
                self.fields[f"{name}-{one.pk}"] = _field(one, name)
            self.fields[f"number-{one.pk}"] = forms.IntegerField(
                widget=forms.HiddenInput, required=False, initial=one.plan.number if one.plan else None
            )
        self.fields |= shared

    def given(self) -> dict[str, Any]:
        """What `revise_targets` takes."""
        found = self.cleaned_data
        return {
            "changes": {
                pk: {name: found[f"{name}-{pk}"] for name in names} for pk, names in self.wanted.items()
            },
            "numbers": {pk: found[f"number-{pk}"] for pk in self.wanted},
            **{name: found[name] for name in ("effective_on", "reason_code", "decision", "reason")},
        }


def _field(indicator: ProgrammeIndicator, name: str) -> forms.Field:
    now = getattr(indicator.plan, name) if indicator.plan else None
    shown = "–" if now is None else now.isoformat() if name == "target_on" else plain(now)
    words = {"label": f"{indicator}: {LABELS[name]}", "help_text": _("Now: %(value)s") % {"value": shown}}
    if name == "target_on":
        return DayField(**words)
    if name in {"on_track_from", "at_risk_from"}:
        return PlainDecimalField(max_digits=4, decimal_places=2, **words)
    return PlainDecimalField(**words)


@GET_OR_POST
def targets_propose(request: HttpRequest, code: str) -> HttpResponse:
    """Several targets or thresholds at once, as the address names them; stored by the action that revises one."""
    programme = administered_programme(request, code)
    data = request.POST if request.method == "POST" else request.GET
    wanted = _wanted(data)
    rows = ProgrammeIndicator.objects.visible_to(request.user).filter(programme=programme, pk__in=wanted)  # type: ignore[arg-type]
    indicators = [
        one
        for one in rows.active().select_related("definition", "version", "plan", "programme")
        if not set(wanted[one.pk]) & needless(one.version)
    ]
    form = RetargetForm(
        request.POST if request.method == "POST" else None,
        programme=programme,
        indicators=indicators,
        wanted=wanted,
        initial={name: value for name, value in request.GET.items() if NAME.fullmatch(name)},
    )
    if request.method == "POST" and form.is_valid() and _done(request, form, programme):
        return redirect("programme-design", code=code)
    text = _(
        "Each target keeps its old agreement beside the new one. "
        "Thresholds below the usual ones wait for a second person."
    )
    if not indicators:
        text = _(
            "No target or threshold of an indicator of this programme was given. Try some first, under “What if”."
        )
    return form_page(
        request,
        form,
        title=_("Propose these targets"),
        text=text,
        crumbs=crumbs_of(programme),
        cancel_url=reverse("programme-detail", args=[code]),
        submit_label=_("Propose"),
    )


def _wanted(data: Mapping[str, Any]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = defaultdict(list)
    for name in data:
        match = NAME.fullmatch(name)
        if match:
            found[int(match[2])].append(match[1])
    return found


def _done(request: HttpRequest, form: RetargetForm, programme: Programme) -> bool:
    try:
        agreed, waiting = revise_targets(
            programme=programme,
            by=request.user,
            at=timezone.now(),
            **form.given(),  # type: ignore[arg-type]
        )
    except ValidationError as refusal:
        show_refusal(form, refusal)
        return False
    if agreed:
        text = ngettext(
            "%d agreement is in force; the old one is kept.",
            "%d agreements are in force; the old ones are kept.",
            agreed,
        )
        messages.success(request, text % agreed)
    if waiting:
        text = ngettext(
            "%d proposal waits for a second person.", "%d proposals wait for a second person.", waiting
        )
        messages.info(request, text % waiting)
    return True
