"""A partner: what is known of it, and how its programmes were made to fit."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import Prefetch, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from indicators.models import (
    ContextProfile,
    ContextValue,
    GlobalRole,
    Partner,
    ProfileEntry,
    Programme,
    ProgrammeIndicator,
    SignOff,
)
from indicators.permissions import check_may_describe_partner, may
from indicators.programmes.doors import GET_OR_POST, posted
from indicators.programmes.fields import DayField, PlainForm, attempt
from indicators.programmes.profiles import Said, describe_partner


class ProfileForm(PlainForm):
    """Four fields for each topic, the reason, and the version that was read."""

    def __init__(self, *args: Any, **given: Any) -> None:
        super().__init__(*args, **given)
        for topic, label in ProfileEntry.Topic.choices:
            self.fields[f"text_{topic}"] = forms.CharField(
                label=label, required=False, max_length=4000, widget=forms.Textarea(attrs={"rows": 3})
            )
            self.fields[f"source_{topic}"] = forms.CharField(
                label=_("%(topic)s: source") % {"topic": label}, required=False, max_length=300
            )
            self.fields[f"source_on_{topic}"] = DayField(
                label=_("%(topic)s: as of") % {"topic": label}, required=False
            )
            self.fields[f"confidence_{topic}"] = forms.ChoiceField(
                label=_("%(topic)s: confidence") % {"topic": label},
                required=False,
                choices=[("", "–"), *ProfileEntry.Confidence.choices],
            )
        self.fields["reason"] = forms.CharField(
            label=_("What changed and why"), max_length=2000, widget=forms.Textarea(attrs={"rows": 2})
        )
        self.fields["number"] = forms.IntegerField(widget=forms.HiddenInput, min_value=0)

    def clean(self) -> dict[str, Any]:
        found = super().clean() or self.cleaned_data
        if self.errors:
            return found
        return {
            "entries": {
                topic: Said(
                    text=found[f"text_{topic}"],
                    source=found[f"source_{topic}"],
                    source_on=found[f"source_on_{topic}"],
                    confidence=found[f"confidence_{topic}"],
                )
                for topic in ProfileEntry.Topic.values
            },
            "reason": found["reason"],
            "number": found["number"],
        }

    def sections(self) -> list[dict[str, Any]]:
        return [
            {
                "text": self[f"text_{topic}"],
                "facts": [self[f"{name}_{topic}"] for name in ("source", "source_on", "confidence")],
            }
            for topic in ProfileEntry.Topic.values
        ]


def seen_partner(request: HttpRequest, code: str) -> Partner:
    """The partner, for whoever works in a programme with it; 404 for all others, and for partner viewers."""
    user: Any = request.user
    rows = Partner.objects.all()
    if user.global_role == GlobalRole.PARTNER_VIEWER:
        rows = rows.none()
    elif not user.sees_everything:
        rows = rows.filter(programmes__in=Programme.objects.visible_to(user)).distinct()
    return get_object_or_404(rows, code=code)


@require_safe
def partner_detail(request: HttpRequest, code: str) -> HttpResponse:
    """The profile in force beside the tailoring of the partner's programmes, and the published series."""
    user: Any = request.user
    partner = seen_partner(request, code)
    versions = list(
        ContextProfile.objects.visible_to(user)
        .filter(partner=partner)
        .select_related("created_by")
        .prefetch_related(
            Prefetch("entries", queryset=ProfileEntry.objects.select_related("written_by").order_by("pk"))
        )
    )
    chosen = next((one for one in versions if str(one.number) == request.GET.get("version")), None)
    profile = chosen or (versions[0] if versions else None)
    known = {one.topic: one for one in profile.entries.all()} if profile else {}
    context = {
        "partner": partner,
        "profile": profile,
        "versions": versions,
        "is_old": chosen is not None and chosen is not versions[0],
        "topics": [(label, known.get(topic)) for topic, label in ProfileEntry.Topic.choices],
        "tailored": _tailored(user, partner),
        "series": _series(partner),
        "may_describe": may(check_may_describe_partner, user, partner),
    }
    return render(request, "programmes/partner_detail.html", context)


def _tailored(user: Any, partner: Partner) -> list[dict[str, Any]]:
    """Each indicator in use for this partner, with its rationale and what the partner says of it. Two queries."""
    signed = SignOff.objects.filter(partner=partner).order_by("-at")
    rows = (
        ProgrammeIndicator.objects.visible_to(user)
        .active()
        .filter(Q(partner=partner) | Q(partner=None), programme__partners=partner)
        .select_related("programme", "definition", "version", "plan", "partner")
        .prefetch_related(Prefetch("sign_offs", queryset=signed))
        .order_by("programme__code", "definition__code", "pk")
    )
    return [{"indicator": one, "answer": _answer(one)} for one in rows]


def _answer(indicator: ProgrammeIndicator) -> dict[str, Any]:
    """What the partner said of the present agreement; else of an older one; else that it has not answered."""
    answers = list(indicator.sign_offs.all())  # type: ignore[attr-defined]
    now = next((one for one in answers if one.revision_id == indicator.plan_id), None)
    found = now or (answers[0] if answers else None)
    return {"sign_off": found, "is_of_an_older_agreement": found is not None and now is None}


def _series(partner: Partner) -> list[ContextValue]:
    """The newest value of each published series, with its release. One query."""
    return list(
        ContextValue.objects.filter(partner=partner)
        .select_related("release__series")
        .order_by("release__series__code", "-release__retrieved_on", "-release_id", "-starts_on")
        .distinct("release__series__code")
    )


@GET_OR_POST
def partner_profile_edit(request: HttpRequest, code: str) -> HttpResponse:
    """A new version of the profile."""
    partner = seen_partner(request, code)
    check_may_describe_partner(request.user, partner)  # type: ignore[arg-type]
    newest = ContextProfile.objects.filter(partner=partner).prefetch_related("entries").first()
    initial: dict[str, Any] = {"number": newest.number if newest else 0}
    for one in newest.entries.all() if newest else ():
        initial |= {
            f"{name}_{one.topic}": getattr(one, name)
            for name in ("text", "source", "source_on", "confidence")
        }
    form = ProfileForm(posted(request), initial=initial)
    if request.method == "POST" and attempt(
        form, describe_partner, partner=partner, by=request.user, at=timezone.now()
    ):
        messages.success(request, _("The profile is stored as a new version; the old one is kept."))
        return redirect("partner-detail", code=code)
    context = {
        "form": form,
        "partner": partner,
        "title": _("Profile of %(name)s") % {"name": partner},
        "crumbs": [(str(partner), reverse("partner-detail", args=[code]))],
        "cancel_url": reverse("partner-detail", args=[code]),
    }
    return render(request, "programmes/partner_profile_edit.html", context)
