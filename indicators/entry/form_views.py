"""The entry form: new, edit, correct; the check before saving; what stands beside the field."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods
from django.views.decorators.vary import vary_on_headers

from indicators.engine.display import format_value
from indicators.entry.cells import canonical_cell, cell_label
from indicators.entry.checks import shown_value
from indicators.entry.entering import enter_correction, enter_observation, reenter_observation
from indicators.entry.evidence import upload_limits
from indicators.entry.forms import CorrectionForm, FiguresForm, ObservationForm, initial_of
from indicators.entry.numbers import parse_number
from indicators.entry.showing import load_beside, observation_text
from indicators.entry.unusual import warnings_of
from indicators.entry.views import get_observation, number_or, said_of
from indicators.models import (
    PENDING,
    Observation,
    ProgrammeIndicator,
    ReportingPeriod,
    State,
    ValueType,
)
from indicators.periods import takes_writes_of
from indicators.permissions import (
    check_may_correct,
    check_may_edit_observation,
    check_may_enter,
)
from indicators.sent import whole_number

Save = Callable[[FiguresForm, bool], Observation]


def get_indicator(request: HttpRequest, pk: int) -> ProgrammeIndicator:
    seen = ProgrammeIndicator.objects.visible_to(request.user)  # type: ignore[arg-type]
    return get_object_or_404(
        seen.select_related("programme", "version", "definition", "plan", "partner").prefetch_related(
            "units", "plan__milestones"
        ),
        pk=pk,
    )


def today_of(indicator: ProgrammeIndicator) -> Any:
    return timezone.now().astimezone(indicator.programme.zone).date()


@require_http_methods(["GET", "POST"])
@vary_on_headers("HX-Request")
def observation_new(request: HttpRequest, indicator_pk: int) -> HttpResponse:
    """Log an observation."""
    indicator = get_indicator(request, indicator_pk)
    check_may_enter(request.user, indicator)  # type: ignore[arg-type]
    place = asked_place(request, indicator)
    form = ObservationForm(
        *sent(request),
        indicator=indicator,
        today=today_of(indicator),
        is_submitted=is_submitted(request),
        initial=place | {"as_of": as_of_for(place["period"], indicator)},
    )

    def save(form: FiguresForm, submit: bool) -> Observation:
        return enter_observation(
            indicator=indicator,
            **form.place,
            evidence=form.evidence(),
            submit=submit,
            by=request.user,  # type: ignore[arg-type]
            at=timezone.now(),
            **form.figures(),
        )

    existing = None if request.method == "POST" else existing_at(indicator, place)
    context = {
        "title": _("Log an observation"),
        "existing": existing,
        "place": place,
        "is_closed": not (
            place["period"] is None or takes_writes_of(place["period"], request.user, timezone.now())
        ),  # type: ignore[arg-type]
    }
    return answer(request, form, save, "entry/observation_new.html", context)


@require_http_methods(["GET", "POST"])
@vary_on_headers("HX-Request")
def observation_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change a draft or a returned observation."""
    observation = get_observation(request, pk)
    check_may_edit_observation(request.user, observation)  # type: ignore[arg-type]
    form = FiguresForm(
        *sent(request),
        indicator=observation.indicator,
        today=today_of(observation.indicator),
        is_submitted=is_submitted(request),
        initial=initial_of(observation),
    )

    def save(form: FiguresForm, submit: bool) -> Observation:
        return reenter_observation(
            observation=observation,
            version=number_or(request.POST.get("version", ""), 0),
            evidence=form.evidence(),
            submit=submit,
            by=request.user,  # type: ignore[arg-type]
            at=timezone.now(),
            **form.figures(),
        )

    context = {
        "title": _("Change the observation"),
        "observation": observation,
        "version": request.POST.get("version", observation.version),
    }
    return answer(request, form, save, "entry/observation_edit.html", context)


@require_http_methods(["GET", "POST"])
@vary_on_headers("HX-Request")
def observation_correct(request: HttpRequest, pk: int) -> HttpResponse:
    """Enter a newer figure for an approved observation; in a locked period, ask for it."""
    observation = get_observation(request, pk)
    check_may_correct(request.user, observation)  # type: ignore[arg-type]
    as_request = not takes_writes_of(observation.period, request.user, timezone.now())  # type: ignore[arg-type]
    form = CorrectionForm(
        *sent(request),
        indicator=observation.indicator,
        today=today_of(observation.indicator),
        is_submitted=is_submitted(request),
        initial=initial_of(observation),
    )

    def save(form: FiguresForm, submit: bool) -> Observation:
        return enter_correction(
            observation=observation,
            reason=form.cleaned_data["reason"],
            evidence=form.evidence(),
            as_request=as_request,
            by=request.user,  # type: ignore[arg-type]
            at=timezone.now(),
            **form.figures(),
        )

    context = {
        "title": _("Ask for a change of a locked figure") if as_request else _("Correct the observation"),
        "is_request": as_request,
        "observation": observation,
        "old": observation_text(observation),
        "is_correction": True,
    }
    return answer(request, form, save, "entry/observation_correct.html", context)


def answer(
    request: HttpRequest, form: FiguresForm, save: Save, template: str, context: dict[str, Any]
) -> HttpResponse:
    """Check, save as a draft, or submit: what the pressed button says."""
    step = pressed(request)
    warnings: list[str] = []
    if step and form.is_valid():
        if step == "check":
            warnings = found_warnings(form, context.get("observation"))
            context["is_checked"] = True
        else:
            try:
                kept = save(form, step == "submit")
            except ValidationError as problem:
                warnings = warnings_in(problem)
                context["existing"] = existing_in(problem)
                take_over(form, problem, warnings, keeps_files="X-Keeps-Files" in request.headers)
            else:
                messages.success(request, said_of(kept))
                return redirect(kept)
    context |= {"form": form, "indicator": form.indicator, "warnings": warnings, "step": step}
    if step == "check" and request.headers.get("HX-Request"):
        return render(request, "entry/_check.html", context)
    context |= beside_context(form, context)
    refused = bool(step) and bool(form.errors)
    return render(request, template, context, status=422 if refused else 200)


def sent(request: HttpRequest) -> tuple[Any, Any]:
    """What the form is bound to; an empty POST is a bound form too."""
    return (request.POST, request.FILES) if request.method == "POST" else (None, None)


def is_submitted(request: HttpRequest) -> bool:
    return pressed(request) == "submit"


def pressed(request: HttpRequest) -> str:
    """Which button was pressed: check, draft or submit; empty when the page is only opened."""
    if request.method != "POST":
        return ""
    step = request.POST.get("step", "")
    return step if step in {"check", "draft"} else "submit"


def found_warnings(form: FiguresForm, observation: Observation | None) -> list[str]:
    kept = observation.evidence.exists() if observation is not None else False
    return warnings_of(
        indicator=form.indicator,
        **form.place,
        figures=form.checked_figures,
        has_evidence=bool(form.evidence()) or kept,
    )


def warnings_in(problem: ValidationError) -> list[str]:
    """The soft warnings among the refusals."""
    errors = getattr(problem, "error_dict", {}).get("comment", [])
    return [text for one in errors if one.code == "warning" for text in one.messages]


def existing_in(problem: ValidationError) -> Observation | None:
    """The observation that stands where the new one was to go."""
    for one in getattr(problem, "error_dict", {}).get("period", []):
        if one.code == "exists":
            return Observation.objects.select_related("indicator", "period").get(pk=one.params["existing"])
    return None


def take_over(
    form: FiguresForm, problem: ValidationError, warnings: list[str], *, keeps_files: bool = False
) -> None:
    """`keeps_files`: a script holds the chosen files and sends them again."""
    if warnings:
        form.add_error(
            "comment",
            _("The check found something unusual (below). Say in a comment why it is right, then submit."),
        )
        if form.evidence().files and not keeps_files:
            form.add_error("evidence_files", _("Nothing was saved yet: choose the files again."))
    else:
        form.take_over(problem)


# --- Place, neighbours -------------------------------------------------------------------------------------------


def asked_place(request: HttpRequest, indicator: ProgrammeIndicator) -> dict[str, Any]:
    """Period, unit and cell that the address asks for; otherwise the last period that ended, and no unit."""
    periods = ReportingPeriod.objects.filter(programme=indicator.programme_id, frequency=indicator.frequency)
    asked = request.GET.get("period", "")
    period = periods.filter(pk=asked).first() if whole_number(asked) is not None else None
    if period is None:
        period = periods.filter(ends_on__lt=today_of(indicator)).order_by("-ends_on").first()
    units = list(indicator.units.all())
    unit = next((one for one in units if str(one.pk) == request.GET.get("unit")), None)
    if unit is None and len(units) == 1:
        unit = units[0]
    return {"period": period, "unit": unit, "cell": asked_cell(request, indicator)}


def asked_cell(request: HttpRequest, indicator: ProgrammeIndicator) -> str:
    try:
        return canonical_cell(indicator.version, request.GET.get("cell", "")[:200])
    except ValidationError:
        return ""


def as_of_for(period: ReportingPeriod | None, indicator: ProgrammeIndicator) -> Any:
    today = today_of(indicator)
    return min(period.ends_on, today) if period is not None else today


def existing_at(indicator: ProgrammeIndicator, place: dict[str, Any]) -> Observation | None:
    if place["period"] is None or (indicator.units.all() and place["unit"] is None):
        return None
    return (
        Observation.objects.filter(indicator=indicator, state__in=[*PENDING, State.APPROVED], **place)
        .select_related("period", "indicator")
        .order_by("-pk")
        .first()
    )


def beside_context(form: FiguresForm, context: dict[str, Any]) -> dict[str, Any]:
    place = context.get("place")
    if place is None:
        observation = context["observation"]
        place = {"period": observation.period, "unit": observation.unit, "cell": observation.cell}
    period = place["period"]
    on = period.ends_on if period is not None else form.today
    indicator = form.indicator
    return {
        "beside": load_beside(indicator, unit=place["unit"], cell=place["cell"], on=on),
        "period": period,
        "unit": place["unit"],
        "cell": cell_label(indicator.version, place["cell"]),
        "is_ratio": indicator.version.value_type == ValueType.RATIO,
        "marking": indicator.marking,
        **upload_limits(),
    }


@require_GET
def observation_beside(request: HttpRequest, indicator_pk: int) -> HttpResponse:
    """The part beside the field, for another unit or period."""
    indicator = get_indicator(request, indicator_pk)
    check_may_enter(request.user, indicator)  # type: ignore[arg-type]
    place = asked_place(request, indicator)
    on = place["period"].ends_on if place["period"] is not None else today_of(indicator)
    context = {
        "indicator": indicator,
        "beside": load_beside(indicator, unit=place["unit"], cell=place["cell"], on=on),
        **place,
    }
    return render(request, "entry/_beside.html", context)


@require_GET
def observation_computed(request: HttpRequest, indicator_pk: int) -> HttpResponse:
    """The figure that a numerator and a denominator make, while they are typed."""
    indicator = get_indicator(request, indicator_pk)
    check_may_enter(request.user, indicator)  # type: ignore[arg-type]
    figures: dict[str, Any] = {"value": None}
    try:
        for name in ("numerator", "denominator"):
            figures[name] = parse_number(request.GET.get(name, ""))
    except ValidationError as problem:
        return render(request, "entry/_computed.html", {"problem": " ".join(problem.messages)})
    version = indicator.version
    share = shown_value(version, figures) if version.value_type == ValueType.RATIO else None
    return render(
        request,
        "entry/_computed.html",
        {
            "share": format_value(share, version.rule()) if share is not None else "",
            "formula": version.formula,
        },
    )
