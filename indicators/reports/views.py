"""Pages and files of the reports. Each gets its thing through `visible_to`, asks once, answers once. Reads only."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from indicators.engine.rules import Rules
from indicators.models import (
    AdjustmentDecision,
    ContextSeries,
    Following,
    Framework,
    GlobalRole,
    Kind,
    Organisation,
    Partner,
    Programme,
    ProgrammeIndicator,
    Status,
    rules_on,
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
    comparison,
    composite_page,
    context_page,
    courses_page,
    crosstab,
    early,
    explaining,
    indicator_page,
    programme_page,
    region,
    sameness,
    searching,
)
from indicators.reports import (
    queries as ask,
)
from indicators.reports.course_lines import visible_runs
from indicators.reports.doors import portfolio_filters, table_for
from indicators.reports.exports import write_csv, write_xlsx
from indicators.reports.signals import alerts_this_month
from indicators.reports.tables import Row, indicator_row, portfolio_table, score_cells, tally_cells

PER_PAGE = 25


def page(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    """Render with what stands on every report: for a partner viewer, to whom its figures are releasable."""
    user = request.user
    if user.global_role == GlobalRole.PARTNER_VIEWER:
        context.setdefault("releasable_to", user.partner.name if user.partner else "")
    return render(request, template, context)


@require_safe
def portfolio(request: HttpRequest) -> HttpResponse:
    """All programmes that one sees, narrowed by the address."""
    chosen = portfolio_filters(request.GET)
    programmes = ask.narrowed_programmes(request.user, **chosen)
    total = ask.counted(request.user, programmes)
    shown = Paginator(programmes, PER_PAGE).get_page(request.GET.get("page"))
    lines = ask.programme_lines(request.user, shown)
    rules = rules_on(ask.today())
    table = portfolio_table(lines, rules, as_of=ask.today())
    context = {
        "table": table,
        "page": shown,
        "total": total,
        "cells": tally_cells(total),
        "percentages": total.percentages,
        "statuses": [(status.value, total.counts[status]) for status in ask.JUDGED],
        "chosen": chosen,
        "is_illustrative": programmes.filter(is_illustrative=True).exists(),  # the counts are of all pages
        "is_narrowed": any(chosen.values()),
        "query": "?" + urlencode(chosen) if any(chosen.values()) else "",
        "alerts": alerts_this_month(
            request.user, ask.today(), indicator__programme__in=programmes.order_by().values("pk")
        ),
        "may_register": may(check_may_administer, request.user),
    } | _choices(request)
    return page(request, "reports/portfolio.html", context)


def _choices(request: HttpRequest) -> dict[str, Any]:
    """What the filters offer: only what occurs in the programmes that one sees."""
    visible = Programme.objects.visible_to(request.user)
    frameworks = set(visible.order_by().values_list("framework", flat=True))
    return {
        "frameworks": [(one.value, one.label) for one in Framework if one.value in frameworks],
        "countries": Partner.objects.filter(programmes__in=visible).distinct().order_by("name"),
        "organisations": Organisation.objects.filter(programmes__in=visible).distinct().order_by("name"),
    }


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
        "may_plan_evaluation": may(check_may_plan_evaluation, request.user, programme),
    }
    return page(request, "reports/programme_detail.html", context)


def follows(user: Any, programme: Programme, indicator: ProgrammeIndicator | None = None) -> bool:
    """Whether somebody is told of what changes here."""
    return Following.objects.visible_to(user).filter(programme=programme, indicator=indicator).exists()


@require_safe
def indicator_detail(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """One indicator, from its sentence down to the figures that it rests on."""
    indicator = get_object_or_404(indicator_page.every_indicator(request.user), pk=pk, programme__code=code)
    context = indicator_page.context(
        request.user, indicator, page=request.GET.get("page"), chart=request.GET.get("chart")
    )
    context |= {
        "may_enter": indicator.is_active and may(check_may_enter, request.user, indicator),
        "may_administer": may(check_may_administer, request.user),
        "may_sign": may(check_may_sign_off, request.user, indicator),
        "is_following": follows(request.user, indicator.programme, indicator),
        "shows_contribution": request.user.global_role != GlobalRole.PARTNER_VIEWER,
        "marking": indicator.marking,
    }
    return page(request, "reports/indicator_detail.html", context)


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
def region_page(request: HttpRequest) -> HttpResponse:
    """By country and by framework, for somebody who looks at all of it."""
    programmes, found = region.load(request.user)
    rules = rules_on(ask.today())
    frameworks = region.by_framework(programmes, found)
    countries = region.by_country(programmes, found)
    total = ask.tally(found)
    attention = region.attention(request.user)
    context = {
        "programmes": programmes,
        "frameworks": [_bar(one, "framework", rules) for one in frameworks],
        "countries": [_bar(one, "country", rules) for one in countries],
        "gaps": sorted((one for one in countries if one.tally.missing), key=lambda one: -one.tally.missing),
        "total": total,
        "cells": tally_cells(total),
        "counts": dict(total.counts),
        "off_track": attention_rows(attention["off_track"]),
        "off_track_count": total.counts[Status.OFF_TRACK],
        "silent": attention_rows(attention["not_reporting"]),
        "silent_count": total.counts[Status.NOT_REPORTING],
        "is_illustrative": any(one.is_illustrative for one in programmes),
    }
    return page(request, "reports/region.html", context)


def attention_rows(indicators: list[ProgrammeIndicator]) -> list[Row]:
    return [indicator_row(one, with_people=False) for one in indicators]


def _bar(group: region.Group, name: str, rules: Rules) -> dict[str, Any]:
    return {
        "label": group.name,
        "url": f"{reverse('portfolio')}?{name}={group.key}",
        "note": ", ".join(group.programmes),
        "counts": dict(group.tally.counts),
        "tally": group.tally,
        "score": score_cells(group.tally, rules, programmes=len(group.programmes)),
    }


@require_safe
def comparison_page(request: HttpRequest) -> HttpResponse:
    """Partners side by side on what they share: progress, never levels, and what makes them differ."""
    lines = comparison.load(request.user)
    context = {
        "groups": comparison.by_definition(lines),
        "is_illustrative": any(one.indicator.programme.is_illustrative for one in lines),
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
    if form not in {"csv", "xlsx"}:
        raise Http404
    made = table_for(
        request.user, table, key, filters={name: value[:40] for name, value in request.GET.items()}
    )
    name = f"{made.file_name}.{form}"
    if form == "csv":
        response = HttpResponse(write_csv(made), content_type="text/csv; charset=utf-8")
    else:
        response = HttpResponse(
            write_xlsx(made, by=str(request.user), at=timezone.now()),
            content_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        )
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "private, no-store"
    return response
