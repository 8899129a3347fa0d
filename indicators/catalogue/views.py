"""Pages of the indicator library. Reads only."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from django.db.models import Count, Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from indicators.catalogue.forms import LibraryFilter
from indicators.catalogue.wording import SITE_RULES, TIME_RULES, changed_fields, family_name
from indicators.engine.types import SiteRule, TimeRule
from indicators.models import IndicatorDefinition, IndicatorVersion, ProgrammeIndicator


@require_safe
@vary_on_headers("HX-Request")
def library_list(request: HttpRequest) -> HttpResponse:
    """Every definition, narrowed by the words and filters in the address."""
    form = LibraryFilter(request.GET)
    everything = IndicatorDefinition.objects.visible_to(request.user).filter(current__isnull=False)
    by_family = dict(everything.order_by().values_list("family").annotate(Count("pk")))
    found = list(form.narrow(everything).select_related("current"))
    context = {
        "form": form,
        "found": found,
        "total": sum(by_family.values()),
        "families": [(code, family_name(code), count) for code, count in sorted(by_family.items())],
        "is_narrowed": any(form.cleaned_data.values()) or not form.is_valid(),
    }
    if request.htmx and not request.htmx.history_restore_request:  # type: ignore[attr-defined]
        return render(request, "catalogue/_library_results.html", context)
    return render(request, "catalogue/library_list.html", context)


@require_safe
def library_detail(request: HttpRequest, code: str) -> HttpResponse:
    """The definition sheet: the newest version, older ones with what changed, and where it is used."""
    definition = get_object_or_404(
        IndicatorDefinition.objects.visible_to(request.user)
        .filter(current__isnull=False)
        .select_related("current")
        .prefetch_related(
            Prefetch(
                "versions", queryset=IndicatorVersion.objects.order_by("-number"), to_attr="all_versions"
            )
        ),
        code=code,
    )
    version = definition.current
    uses = (
        ProgrammeIndicator.objects.visible_to(request.user)
        .filter(definition=definition)
        .select_related("programme", "partner", "version")
        .order_by("programme__code", "partner__name")
    )
    context = {
        "definition": definition,
        "version": version,
        "family": family_name(definition.family),
        "meaning": _meaning(version),
        "arithmetic": _arithmetic(version),
        "data": _data(version),
        "history": _history(definition.all_versions),
        "uses": uses,
    }
    return render(request, "catalogue/library_detail.html", context)


def _meaning(version: IndicatorVersion) -> list[tuple[str, Any]]:
    return [
        (_("Definition"), version.definition),
        (_("Result area"), version.result_area),
        (_("Results level"), version.get_result_level_display()),
        (_("Kind of measure"), version.get_measure_display()),
        (_("Assessed"), version.get_tense_display()),
        (_("Known limitation"), version.limitation),
        (_("Source"), version.basis),
    ]


def _arithmetic(version: IndicatorVersion) -> list[tuple[str, Any]]:
    parts = [(_("Numerator"), version.numerator_label), (_("Denominator"), version.denominator_label)]
    return [
        (_("Value type"), version.get_value_type_display()),
        (_("Unit"), version.unit),
        *((label, words) for label, words in parts if words),
        (_("Formula"), version.formula),
        (_("Direction"), version.get_direction_display()),
        (_("Possible values"), _bounds(version)),
        (_("Over time"), _over_time(version)),
        (_("Over sites"), SITE_RULES[SiteRule(version.site_rule)]),
        (_("Ex-post method"), version.expost_method),
    ]


def _over_time(version: IndicatorVersion) -> Any:
    rule = TIME_RULES[TimeRule(version.time_rule)]
    if version.window_months is None:
        return rule
    return _("%(rule)s (latest %(months)s months)") % {"rule": rule, "months": version.window_months}


def _data(version: IndicatorVersion) -> list[tuple[str, Any]]:
    frequency = version.get_frequency_display()
    if version.frequency_note:
        frequency = f"{frequency} ({version.frequency_note})"
    return [
        (_("Frequency"), frequency),
        (_("Minimum data"), version.min_data_rule),
        (_("Data source"), version.data_source),
        (_("Collection"), version.collection_method),
        (_("Evidence expected"), version.evidence_expected),
    ]


def _bounds(version: IndicatorVersion) -> str:
    low, high = version.lower_bound, version.upper_bound
    if low is not None and high is not None:
        return _("%(low)s to %(high)s") % {"low": f"{low.normalize():f}", "high": f"{high.normalize():f}"}
    if low is not None:
        return _("%(low)s or more") % {"low": f"{low.normalize():f}"}
    if high is not None:
        return _("%(high)s or less") % {"high": f"{high.normalize():f}"}
    return _("Not limited")


def _history(versions: list[IndicatorVersion]) -> list[dict[str, Any]]:
    """Newest first, each with what it changed in the one before."""
    changes = {new.pk: changed_fields(old, new) for new, old in pairwise(versions)}
    return [{"version": one, "changes": changes.get(one.pk, [])} for one in versions]
