"""Pages and files of the reports. Each gets its thing through `visible_to`, asks once, answers once. Reads only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from indicators.models import (
    AdjustmentDecision,
    ContextSeries,
    Following,
    GlobalRole,
    Kind,
    Programme,
    ProgrammeIndicator,
)
from indicators.permissions import (
    check_may_administer,
    check_may_compose,
    check_may_enter,
    check_may_evaluate,
    check_may_import,
    check_may_plan_evaluation,
    check_may_request_assessment,
    check_may_sign_off,
    may,
)
from indicators.reports import (
    adjustments,
    assessment_page,
    compared_progress,
    comparison,
    composite_page,
    context_page,
    courses_page,
    crosstab,
    early,
    explaining,
    indicator_page,
    indicator_parts,
    programme_page,
    sameness,
    searching,
)
from indicators.reports.course_lines import visible_runs
from indicators.reports.doors import table_for
from indicators.reports.exports import WRITERS
from indicators.reports.overview_views import page


@require_safe
def programme_detail(request: HttpRequest, code: str) -> HttpResponse:
    """What it is about, where it stands, what needs attention."""
    programme = get_object_or_404(
        Programme.objects.visible_to(request.user).prefetch_related("partners", "organisations"), code=code
    )
    context = programme_page.context(request.user, programme) | {
        "may_administer": may(check_may_administer, request.user),
        "may_assess": may(check_may_request_assessment, request.user, programme),
        "may_import": may(check_may_import, request.user, programme),
        "may_see_plan": request.user.global_role != GlobalRole.PARTNER_VIEWER,
        "has_ended": programme.has_ended(timezone.now().astimezone(programme.zone).date()),
        "may_compose": may(check_may_compose, request.user, programme),
        "is_following": follows(request.user, programme),
        "may_sign": request.user.global_role == GlobalRole.PARTNER_VIEWER,
        "may_plan_evaluation": may(check_may_plan_evaluation, request.user, programme),
    }
    context["main_action"] = _main_action(context)
    return page(request, "reports/programme_detail.html", context)


def _main_action(rights: Mapping[str, Any]) -> str:
    """The one thing that stands beside the menu: what this person most often comes for."""
    actions = (
        ("may_administer", "programme-design"),
        ("may_import", "import-list"),
        ("may_assess", "assessment-request"),
        ("may_sign", "programme-design"),
    )
    return next((name for right, name in actions if rights[right]), "")


def follows(user: Any, programme: Programme, indicator: ProgrammeIndicator | None = None) -> bool:
    """Whether somebody is told of what changes here."""
    return Following.objects.visible_to(user).filter(programme=programme, indicator=indicator).exists()


@require_safe
def indicator_detail(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """One indicator, from its sentence down to the figures that it rests on."""
    indicator = get_object_or_404(indicator_page.every_indicator(request.user), pk=pk, programme__code=code)
    asked = request.GET.dict()
    context = indicator_page.context(request.user, indicator, asked=asked)
    context |= indicator_parts.folds(request.user, indicator, asked)
    context |= {
        "counts": indicator_parts.counts_of_figures(request.user, indicator),
        "may_enter": indicator.is_active and may(check_may_enter, request.user, indicator),
        "may_administer": may(check_may_administer, request.user),
        "may_sign": may(check_may_sign_off, request.user, indicator),
        "is_following": follows(request.user, indicator.programme, indicator),
        "shows_contribution": request.user.global_role != GlobalRole.PARTNER_VIEWER,
        "marking": indicator.marking,
    }
    return page(request, "reports/indicator_detail.html", context)


@require_safe
@vary_on_headers("HX-Request")
def indicator_part(request: HttpRequest, code: str, pk: int, part: str) -> HttpResponse:
    """One block of an indicator's page: to be put into the page, or without a script a page of its own."""
    indicator = get_object_or_404(indicator_page.every_indicator(request.user), pk=pk, programme__code=code)
    chosen = indicator_parts.part_of(indicator, part)
    context = chosen.build(request.user, indicator, request.GET.dict()) | {
        "indicator": indicator,
        "programme": indicator.programme,
        "version": indicator.version,
        "shows_people": indicator_page.with_people(request.user),
        "marking": indicator.marking,
        "part": chosen,
    }
    if request.htmx:  # type: ignore[attr-defined]
        return render(request, chosen.template, context)
    return page(request, "reports/indicator_part.html", context)


@require_safe
def composite_detail(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """One composite index, with its interval and its parts."""
    index = get_object_or_404(composite_page.every_index(request.user), pk=pk, programme__code=code)
    context = composite_page.context(request.user, index) | {
        "may_compose": may(check_may_compose, request.user, index.programme),
        "shows_people": indicator_page.with_people(request.user),
    }
    return page(request, "reports/composite_detail.html", context)


@require_safe
def course_results(request: HttpRequest, code: str) -> HttpResponse:
    """All runs of a programme's courses, by topic, by nation, over time."""
    programme = get_object_or_404(Programme.objects.visible_to(request.user), code=code)
    return page(request, "reports/course_results.html", courses_page.courses_context(request.user, programme))


@require_safe
def run_results(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """One course run, level by level."""
    run = get_object_or_404(visible_runs(request.user), pk=pk, course__programme__code=code)
    return page(request, "reports/run_results.html", courses_page.run_context(request.user, run))


@require_safe
def assessment_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """A frozen assessment."""
    run = get_object_or_404(assessment_page.visible_runs(request.user), pk=pk)
    template = "expost_detail" if run.kind == Kind.EX_POST else "assessment_detail"
    context = assessment_page.context(request.user, run)
    context["indices"] = composite_page.in_assessment(request.user, run)
    context["may_evaluate"] = may(check_may_evaluate, request.user, run.programme)
    return page(request, f"reports/{template}.html", context)


@require_safe
def decision_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One adjustment decision: what led to it, what carries it out, what came after."""
    decision = get_object_or_404(adjustments.every_decision(request.user), pk=pk)
    context = {
        "decision": decision,
        "programme": decision.programme,
        "aftermaths": adjustments.of_decision(decision),
        "moves_targets": decision.kind in AdjustmentDecision.MOVES_TARGETS,
        "moves_design": decision.kind in AdjustmentDecision.MOVES_DESIGN,
        "may_administer": may(check_may_administer, request.user),
    }
    return page(request, "reports/decision_detail.html", context)


@require_safe
def early_verdicts(request: HttpRequest, code: str = "") -> HttpResponse:
    """Did the early verdicts hold? Of one programme, or of all that one sees."""
    programme = get_object_or_404(Programme.objects.visible_to(request.user), code=code) if code else None
    context = early.context(request.user, programme=programme) | {"programme": programme}
    return page(request, "reports/early_verdicts.html", context)


@require_safe
def comparison_page(request: HttpRequest) -> HttpResponse:
    """Partners side by side on what they share: progress, never levels, and what makes them differ."""
    found = comparison.compare(request.user, request.GET.dict())
    groups = comparison.by_definition(found.lines)
    context = {
        "groups": groups,
        "panels": compared_progress.panels(groups),
        "shown_statuses": compared_progress.statuses_of(found.lines),
        "has_effects": any(one["has_effects"] for one in groups),
        "narrowing": found.narrowing,
        "is_illustrative": any(one.indicator.programme.is_illustrative for one in found.lines),
    }
    return page(request, "reports/comparison.html", context)


@require_safe
def programme_crosstab(request: HttpRequest, code: str) -> HttpResponse:
    """A programme's indicators by period."""
    programme = get_object_or_404(Programme.objects.visible_to(request.user), code=code)
    found = crosstab.programme_crosstab(request.user, programme, request.GET)
    context = {
        "programme": programme,
        "found": found,
        "spans": crosstab.SPANS,
        "query": f"?{urlencode(found.chosen)}",
    }
    return page(request, "reports/crosstab.html", context)


@require_safe
def indicator_crosstab(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """One indicator along any two of period, unit and disaggregation."""
    indicator = get_object_or_404(indicator_page.every_indicator(request.user), pk=pk, programme__code=code)
    found = crosstab.indicator_crosstab(request.user, indicator, request.GET)
    context = {
        "programme": indicator.programme,
        "indicator": indicator,
        "found": found,
        "spans": crosstab.SPANS,
        "query": f"?{urlencode(found.chosen)}",
        "marking": indicator.marking,
    }
    return page(request, "reports/crosstab.html", context)


@require_safe
def search_page(request: HttpRequest) -> HttpResponse:
    """Words found in what one may see."""
    words = request.GET.get("q", "")[: searching.LONGEST]
    return page(
        request, "reports/search.html", {"words": words, "found": searching.search(request.user, words)}
    )


@require_safe
def sameness_page(request: HttpRequest) -> HttpResponse:
    """Whether one size was made to fit all: designs that are alike, and designs that nobody touched."""
    pairs = sameness.load_pairs(request.user)
    context = {
        "pairs": pairs[: sameness.MOST_SHOWN],
        "total": len(pairs),
        "copies": sum(one.found.is_copy for one in pairs),
        "asked": sum(one.asks for one in pairs),
        "untouched": sameness.load_untouched(request.user),
        "is_illustrative": any(one.one[0].is_illustrative for one in pairs),
    }
    return page(request, "reports/sameness.html", context)


@require_safe
def context_list(request: HttpRequest) -> HttpResponse:
    """The published series."""
    return page(
        request,
        "reports/context_list.html",
        {
            "found": context_page.series_list(request.user),
            "may_administer": may(check_may_administer, request.user),
            "marking": "PUBLIC",
        },
    )


@require_safe
def context_detail(request: HttpRequest, code: str) -> HttpResponse:
    """One published series, country by country."""
    series = get_object_or_404(ContextSeries.objects.visible_to(request.user), code=code)
    context = context_page.context(
        request.user,
        series,
        country=request.GET.get("country", ""),
        against=request.GET.get("against", "")[:20],
    )
    return page(request, "reports/context_detail.html", context | {"marking": "PUBLIC"})


@require_safe
def explanation(request: HttpRequest, kind: str, key: str) -> HttpResponse:
    """One number and everything that it rests on."""
    shown = explaining.explanation_of(request.user, kind, key)
    context = {"explanation": shown, "table": f"explain-{kind}", "marking": shown.marking}
    return page(request, "reports/explanation.html", context)


@require_safe
def export(request: HttpRequest, table: str, key: str, form: str) -> HttpResponse:
    """The table of a page as a file: same rows, same order, same numbers."""
    if form not in WRITERS:
        raise Http404
    made = table_for(
        request.user, table, key, filters={name: value[:100] for name, value in request.GET.items()}
    )
    write, content_type = WRITERS[form]
    data = write(made, by=str(request.user), at=timezone.now())
    response = HttpResponse(data, content_type=content_type)
    name = f"{made.file_name}.{form}"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "private, no-store"
    return response
