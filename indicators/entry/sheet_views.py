"""Pages of many figures at once: a programme's period, an indicator's periods; saving, submitting, what is beside."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from indicators.entry.bulk import submit_observations
from indicators.entry.cells import cell_label
from indicators.entry.checks import no_evidence
from indicators.entry.evidence import add_evidence_to_all
from indicators.entry.form_views import asked_place, today_of
from indicators.entry.once import answer_once
from indicators.entry.saving import MOST_FIGURES, Answer, Outcome, closed_to, save_figures
from indicators.entry.sheet import (
    SENT,
    Sheet,
    base_of,
    given,
    lay_over,
    load_sheet,
    read_key,
    stored_words,
    touched,
)
from indicators.entry.showing import load_beside, load_chain, load_trail, observation_text
from indicators.entry.unusual import warnings_by_figure
from indicators.entry.views import number_or
from indicators.models import (
    PENDING,
    Evidence,
    Observation,
    Programme,
    ProgrammeIndicator,
    ReportingPeriod,
    Role,
    State,
)
from indicators.permissions import check_may_enter, roles_in

GET_OR_POST = require_http_methods(["GET", "HEAD", "POST"])
PERIODS_BACK = 8
MOST_PERIODS = 60
MORE_FIELDS = ("comment",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One sheet's page: what it is of, and where it lives."""

    programme: Programme
    title: str
    kicker: str
    url: str
    submit_url: str
    indicators: list[ProgrammeIndicator]
    periods: list[ReportingPeriod]
    context: dict[str, Any]

    def sheet(self, request: HttpRequest) -> Sheet:
        return load_sheet(
            self.indicators,
            self.periods,
            asked=request.GET.get("place", "")[:300],
            all_parts=request.GET.get("parts") == "1",
        )


# --- Which sheet -------------------------------------------------------------------------------------------------


def period_page(request: HttpRequest, code: str, period_pk: int) -> Page:
    """All indicators of a programme for one period that the person may enter. The lock of its pages."""
    user: Any = request.user
    programme = get_object_or_404(Programme.objects.visible_to(user), code=code)
    today = timezone.now().astimezone(programme.zone).date()
    periods = ReportingPeriod.objects.filter(programme=programme).annotate(
        is_closed=closed_to(user, timezone.now())
    )
    period = get_object_or_404(periods, pk=period_pk)
    roles = roles_in(user, programme)
    if not roles & {Role.OFFICER, Role.APPROVER}:
        raise PermissionDenied(_("Only officers of this programme enter its figures."))
    indicators = seen_indicators(request).filter(programme=programme, frequency=period.frequency)
    mine = request.GET.get("mine") == "1"
    if mine:
        indicators = indicators.filter(responsible=user)
    started = ReportingPeriod.objects.filter(programme=programme, starts_on__lte=today)
    others = list(started.order_by("frequency", "-starts_on", "-pk")[: 4 * MOST_PERIODS])
    return Page(
        programme=programme,
        title=_("Enter figures: %(period)s") % {"period": period.label},
        kicker=programme.code,
        url=reverse("sheet-period", args=[code, period_pk]),
        submit_url=reverse("sheet-period-submit", args=[code, period_pk]),
        indicators=list(indicators),
        periods=[period],
        context={"period": period, "others": others, "mine": mine, "due_on": period.due_on},
    )


def indicator_page(request: HttpRequest, code: str, pk: int) -> Page:
    """One indicator over its latest periods. The lock of its pages."""
    user: Any = request.user
    indicator = get_object_or_404(seen_indicators(request, active=False), pk=pk, programme__code=code)
    check_may_enter(user, indicator)
    count = min(max(number_or(request.GET.get("periods", ""), PERIODS_BACK), 1), MOST_PERIODS)
    periods = ReportingPeriod.objects.filter(
        programme=indicator.programme_id, frequency=indicator.frequency, starts_on__lte=today_of(indicator)
    )
    periods = periods.annotate(is_closed=closed_to(user, timezone.now())).order_by("-starts_on", "-pk")
    return Page(
        programme=indicator.programme,
        title=_("Enter figures: %(indicator)s") % {"indicator": indicator.name},
        kicker=f"{code} · {indicator.definition.code}",
        url=reverse("sheet-indicator", args=[code, pk]),
        submit_url=reverse("sheet-indicator-submit", args=[code, pk]),
        indicators=[indicator] if indicator.is_active else [],
        periods=list(periods[:count]),
        context={"indicator": indicator, "count": count, "more": min(count * 3, MOST_PERIODS)},
    )


def seen_indicators(request: HttpRequest, *, active: bool = True) -> Any:
    seen = ProgrammeIndicator.objects.visible_to(request.user)  # type: ignore[arg-type]
    if active:
        seen = seen.active().filter(formula="")
    return (
        seen.select_related("programme", "version", "definition", "plan", "partner")
        .prefetch_related("units", "plan__milestones")
        .order_by("definition__code", "pk")
    )


# --- The page ----------------------------------------------------------------------------------------------------


@GET_OR_POST
@gzip_page
def sheet_period(request: HttpRequest, code: str, period_pk: int) -> HttpResponse:
    """A programme's figures of one period. Thirteen queries of its own, however many cells (see the test)."""
    other = number_or(request.GET.get("period", ""), period_pk)
    if other != period_pk:
        query = request.GET.copy()
        del query["period"]
        return redirect(f"{reverse('sheet-period', args=[code, other])}?{query.urlencode()}")
    return _answer(request, period_page(request, code, period_pk))


@GET_OR_POST
@gzip_page
def sheet_indicator(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """One indicator's figures over its periods and units."""
    return _answer(request, indicator_page(request, code, pk))


def _answer(request: HttpRequest, page: Page) -> HttpResponse:
    sheet = page.sheet(request)
    if request.method != "POST":
        return _show(request, page, sheet)
    typed = {name: request.POST[name] for name in request.POST}
    found = touched(sheet, typed)
    keys = list(found)
    try:
        answers = dict(
            zip(
                keys,
                save_figures(figures=[found[key] for key in keys], by=request.user, at=timezone.now()),  # type: ignore[arg-type]
                strict=True,
            )
        )
    except ValidationError as refusal:
        return _show(request, page, sheet, refusal=refusal.messages, status=422)
    kept = sum(one.outcome == Outcome.SAVED for one in answers.values())
    if any(one.outcome in {Outcome.REFUSED, Outcome.CONFLICT} for one in answers.values()):
        sheet = page.sheet(request)
        lay_over(sheet, found, answers)
        return _show(request, page, sheet, kept=kept, status=422)
    messages.success(request, _said(kept))
    wants_submit = request.POST.get("step") == "submit"
    return redirect(page.submit_url if wants_submit else request.get_full_path())


def _said(kept: int) -> str:
    if not kept:
        return _("Nothing was different from what is stored.")
    return ngettext("Saved as a draft: %(count)s figure.", "Saved as drafts: %(count)s figures.", kept) % {
        "count": kept
    }


def _show(
    request: HttpRequest, page: Page, sheet: Sheet, *, status: int = 200, refusal: Any = (), kept: int = 0
) -> HttpResponse:
    places = list(sheet.places)
    context = {
        "page": page,
        "sheet": sheet,
        "groups": sheet.groups,
        "programme": page.programme,
        "problems": [one for one in places if one.errors or one.stored is not None],
        "refusal": refusal,
        "kept": kept,
        "ready": len(sheet.ready()),
        "has_parts": any(group.has_more_parts for group in sheet.groups),
        "all_parts": request.GET.get("parts") == "1",
        "locked": [one for one in page.periods if one.is_closed],  # type: ignore[attr-defined]
        "has_several": len(page.periods) > 1,
        "marking": max((one.marking for one in page.indicators), key=lambda m: m != "PUBLIC", default=None),
    }
    return render(request, "entry/sheet.html", context | page.context, status=status)


# --- Saving as one types -----------------------------------------------------------------------------------------


@require_POST
def sheet_save(request: HttpRequest) -> HttpResponse:
    """The changed places as JSON; an answer for each. Sent twice with one key, it changes nothing twice."""
    user: Any = request.user
    try:
        sent = _read_batch(request.body)
    except ValidationError as refusal:
        return JsonResponse({"message": " ".join(refusal.messages)}, status=400)
    if sent["person"] != user.pk:
        said = _("These figures were typed by somebody else; they are kept until that person signs in again.")
        return JsonResponse({"message": said, "code": "person"}, status=409)
    now = timezone.now()
    figures = [
        given(one["place"], one["version"], one["figures"], follow_up=one["follow_up"])
        for one in sent["cells"]
    ]

    def answer() -> dict[str, Any]:
        answers = save_figures(figures=figures, by=user, at=now)
        keys = [one["place"] for one in sent["cells"]]
        return {"results": {key: as_answer(one) for key, one in zip(keys, answers, strict=True)}}

    try:
        return JsonResponse(
            answer_once(key=sent["key"], content=sent["cells"], by=user, at=now, answer=answer)
        )
    except ValidationError as refusal:
        return JsonResponse({"message": " ".join(refusal.messages)}, status=422)


def as_answer(answer: Answer) -> dict[str, Any]:
    """What became of a place, for the browser."""
    found: dict[str, Any] = {"outcome": answer.outcome.value}
    one = answer.observation
    if answer.outcome == Outcome.CONFLICT:
        found["stored"] = None if one is None else base_of(one) | _who(one)
    elif one is not None:
        found |= base_of(one)
    if answer.errors:
        found["errors"] = [text for texts in answer.errors.values() for text in texts]
    if answer.warnings:
        found["warnings"] = answer.warnings
    return found


def _who(one: Observation) -> dict[str, Any]:
    return {
        "words": stored_words(one),
        "by": str(one.entered_by),
        "at": one.entered_at.isoformat(),
        "is_open": one.state in {State.DRAFT, State.RETURNED},
        "url": one.get_absolute_url(),
    }


def _read_batch(body: bytes) -> dict[str, Any]:
    """The shape of what was sent, or ValidationError with what was expected."""
    try:
        sent = json.loads(body)
        cells = [_read_cell(one) for one in sent["cells"]]
        key, person = str(sent["key"]), int(sent["person"])
    except (ValueError, TypeError, KeyError, RecursionError, OverflowError):
        raise ValidationError(
            _(
                "A JSON object with key, person and cells was expected, each cell with place, version and figures."
            )
        ) from None
    if len(cells) > MOST_FIGURES:
        raise ValidationError(
            _("%(given)s figures were given; at most %(limit)s at once were expected.")
            % {"given": len(cells), "limit": MOST_FIGURES}
        )
    return {"key": key, "person": person, "cells": cells}


def _read_cell(one: Any) -> dict[str, Any]:
    figures = {name: one["figures"][name] for name in (*SENT, *MORE_FIELDS) if name in one["figures"]}
    flag = one.get("follow_up")
    if not all(isinstance(text, str) for text in figures.values()) or flag not in {None, True, False}:
        raise TypeError
    if read_key(one["place"]) is None:
        raise ValueError
    return {"place": one["place"], "version": int(one["version"]), "figures": figures, "follow_up": flag}


# --- Beside a cell -----------------------------------------------------------------------------------------------


@require_GET
def sheet_cell(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """Everything about one place: earlier values, plan, evidence, whole history."""
    indicator = get_object_or_404(seen_indicators(request, active=False), pk=pk, programme__code=code)
    check_may_enter(request.user, indicator)  # type: ignore[arg-type]
    place = asked_place(request, indicator)
    here = Observation.objects.filter(indicator=indicator, **place)
    current = here.filter(state__in=[*PENDING, State.APPROVED]).order_by("-pk").first()
    chain = load_chain(current) if current is not None else []
    on = place["period"].ends_on if place["period"] is not None else today_of(indicator)
    context = {
        "indicator": indicator,
        "beside": load_beside(indicator, unit=place["unit"], cell=place["cell"], on=on),
        "cell_label": cell_label(indicator.version, place["cell"]),
        "current": current,
        "chain": [(one, observation_text(one)) for one in chain],
        "trail": load_trail(current, request.user) if current is not None else [],
        "evidence": Evidence.objects.filter(observation=current) if current is not None else [],
        **place,
    }
    return render(request, "entry/_sheet_cell.html", context)


# --- Submitting --------------------------------------------------------------------------------------------------


@GET_OR_POST
def sheet_period_submit(request: HttpRequest, code: str, period_pk: int) -> HttpResponse:
    """Look at all drafts of a period once more, then hand them in."""
    return _submit(request, period_page(request, code, period_pk))


@GET_OR_POST
def sheet_indicator_submit(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """Look at all drafts of an indicator once more, then hand them in."""
    return _submit(request, indicator_page(request, code, pk))


def _submit(request: HttpRequest, page: Page) -> HttpResponse:
    sheet = page.sheet(request)
    problems: list[str] = []
    if request.method == "POST":
        problems = _hand_in(request, sheet)
        if not problems:
            return redirect(page.url)
        sheet = page.sheet(request)
    ready = sheet.ready()
    places = {one.observation.pk: one for one in sheet.places if one.observation is not None}
    found = warnings_by_figure(ready)
    lines = [
        {
            "observation": one,
            "place": places[one.pk],
            "warnings": found.get(one.pk, []),
            "comment": request.POST.get(f"comment-{one.pk}", one.comment),
        }
        for one in ready
    ]
    context = {
        "page": page,
        "programme": page.programme,
        "count": len(ready),
        "warned": [one for one in lines if one["warnings"]],
        "usual": [one for one in lines if not one["warnings"]],
        "missing": sheet.missing(),
        "problems": problems,
        "elsewhere": request.POST.get("evidence_elsewhere", ""),
        "lacks_evidence": any(_lacks_evidence(one) for one in lines),
    }
    return render(request, "entry/sheet_submit.html", context, status=422 if problems else 200)


def _lacks_evidence(line: dict[str, Any]) -> bool:
    return no_evidence() in line["warnings"]


def _hand_in(request: HttpRequest, sheet: Sheet) -> list[str]:
    """Comments, evidence and submission in one transaction; what keeps it from going, or nothing."""
    user: Any = request.user
    if not request.POST.get("declaration"):
        return [_("Not ticked; your declaration is needed to submit.")]
    ready, now = sheet.ready(), timezone.now()
    if not ready:
        return [_("There is no draft to submit.")]
    try:
        with transaction.atomic():
            _comment(request, ready, now)
            add_evidence_to_all(
                observations=ready, elsewhere=request.POST.get("evidence_elsewhere", ""), by=user, at=now
            )
            outcome = submit_observations(observations=ready, by=user, at=now)
    except ValidationError as refusal:
        return list(refusal.messages)
    if outcome.done:
        count = len(outcome.done)
        said = ngettext("%(count)s figure submitted.", "%(count)s figures submitted.", count)
        messages.success(request, said % {"count": count})
    return [f"{left.observation.indicator}: {left.reason}" for left in outcome.left]


def _comment(request: HttpRequest, ready: list[Observation], now: Any) -> None:
    """Keep the comments that were typed on the page of the submission."""
    figures = []
    for one in ready:
        text = request.POST.get(f"comment-{one.pk}", one.comment).strip()
        if text != one.comment:
            version = number_or(request.POST.get(f"version-{one.pk}", ""), one.version)
            key = f"{one.indicator_id}.{one.period_id}.{one.unit_id or 0}.{one.cell}"
            figures.append(_only_comment(key, version, text))
    problems = [
        text
        for answer in save_figures(figures=figures, by=request.user, at=now)  # type: ignore[arg-type]
        for text in answer_problems(answer)
    ]
    if problems:
        raise ValidationError(problems)


def _only_comment(key: str, version: int, text: str) -> Any:
    return replace(given(key, version, {"comment": text}), takes_away=False)


def answer_problems(answer: Answer) -> list[str]:
    """Why a figure was not kept, in words."""
    if answer.outcome == Outcome.CONFLICT:
        one = answer.observation
        stored = _("nothing: the draft was discarded") if one is None else stored_words(one)
        return [_("Somebody was here before you; stored now: %(stored)s.") % {"stored": stored}]
    return [text for texts in answer.errors.values() for text in texts]
