"""What a programme head opens each morning: portfolio, region, and the brief. Reads; keeps only that one looked."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from indicators.engine.rules import Rules
from indicators.models import GlobalRole, Programme, User, rules_on
from indicators.permissions import check_may_administer, may
from indicators.reports import changes, looks, multiples, news, overview, partner_map, region
from indicators.reports import queries as ask
from indicators.reports.brief import brief_of
from indicators.reports.overview import Overview
from indicators.reports.overview_parts import PARTS, Asked
from indicators.reports.signals import alert_lines, signals_of_the_month
from indicators.reports.tables import portfolio_table, score_cells, tally_cells

PER_PAGE = 20
MOST_PANELS = 12
"""Programmes drawn over time on the page of the region; the others stand on the page of that list."""


def page(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    """Render with what stands on every report: for a partner viewer, to whom its figures are releasable."""
    user = request.user
    if user.global_role == GlobalRole.PARTNER_VIEWER:
        context.setdefault("releasable_to", user.partner.name if user.partner else "")
    return render(request, template, context)


@require_safe
def portfolio(request: HttpRequest) -> HttpResponse:
    """All programmes that one sees, narrowed by the address, and what changed since one looked."""
    user: Any = request.user
    at = timezone.now()
    view = overview.load(user, request.GET.dict())
    shown = Paginator(view.programmes, PER_PAGE).get_page(request.GET.get("page"))
    on_page = {one.pk for one in shown}
    lines = ask.programme_lines(user, shown, [one for one in view.found if one.programme in on_page])
    context = _shared(request, view, at, "portfolio", drawn=shown) | {
        "page": shown,
        "table": portfolio_table(lines, rules_on(ask.today()), as_of=ask.today()),
        "may_register": may(check_may_administer, user),
    }
    looks.keep_look(programmes=view.pks, by=user, at=at)
    return page(request, "reports/portfolio.html", context)


@require_safe
def region_page(request: HttpRequest) -> HttpResponse:
    """By country and by framework, for somebody who looks at all of it."""
    user: Any = request.user
    view = overview.load(user, request.GET.dict())
    rules = rules_on(ask.today())
    context = _shared(request, view, timezone.now(), "region", drawn=view.programmes[:MOST_PANELS]) | {
        "frameworks": [
            _bar(one, "framework", rules) for one in region.by_framework(view.programmes, view.found)
        ],
        "countries": [_bar(one, "country", rules) for one in view.countries()],
    }
    return page(request, "reports/region.html", context)


@require_safe
@vary_on_headers("HX-Request")
def portfolio_part(request: HttpRequest, part: str) -> HttpResponse:
    """One list of the portfolio, page by page: a page of its own, or opened in place on another."""
    if part not in PARTS:
        raise Http404
    user: Any = request.user
    shape, view = PARTS[part], overview.load(user, request.GET.dict())
    since = request.GET.get("since", "")
    asked = Asked(user=user, view=view, at=timezone.now(), since=since)
    lines, found = shape.find(asked)
    shown = Paginator(lines, shape.per_page).get_page(request.GET.get("page"))
    in_place = bool(request.htmx)  # type: ignore[attr-defined]
    context = {
        "title": shape.title,
        "template": shape.template,
        "page": shown,
        "part_url": reverse("portfolio-part", args=[part]),
        "in_place": in_place,
        "narrowing": view.narrowing,
        "since_given": since[:20],
        "is_illustrative": view.is_illustrative,
        **shape.show(asked, list(shown.object_list), found),
    }
    return page(request, "reports/_part.html" if in_place else "reports/portfolio_part.html", context)


@require_safe
def brief_page(request: HttpRequest) -> HttpResponse:
    """One page to print: the same filters as the region."""
    user: Any = request.user
    given = request.GET.dict()
    brief = brief_of(given, user, at=timezone.now(), since=given.get("since", ""))
    return page(request, "reports/brief.html", {"brief": brief, "cells": tally_cells(brief.total)})


def _shared(
    request: HttpRequest, view: Overview, at: datetime, name: str, *, drawn: Iterable[Programme]
) -> dict[str, Any]:
    """What portfolio and region both show.

    Args:
        drawn: the programmes that have a panel over time.
    """
    user: Any = request.user
    today = timezone.localtime(at).date()
    late = overview.overdue_responses(user, view.pks, today)
    since = looks.since_of(user, view.pks, at=at, chosen=request.GET.get("since", ""))
    changed = changes.find(user, view, since, late, at=at)
    total = view.total
    return {
        "view": view,
        "narrowing": view.narrowing,
        "page_url": reverse(name),
        "since_given": request.GET.get("since", "")[:20],
        "programmes": view.programmes,
        "is_illustrative": view.is_illustrative,
        "total": total,
        "cells": tally_cells(total),
        "counts": dict(total.counts),
        "percentages": total.percentages,
        "statuses": [(status.value, total.counts[status]) for status in ask.JUDGED],
        "news": news.first_lines(user, changed),
        "multiples": multiples.load(user, view, drawn, today),
        "map": partner_map.partner_map(view, reverse(name)),
    } | _attention(user, view, late, today)


def _attention(user: User, view: Overview, late: list[overview.Waiting], today: date) -> dict[str, Any]:
    """What waits for somebody: the worst, the late, the missing, the signals. Each list cut, each with its count."""
    needs, gaps = overview.in_need(view.found), overview.gaps(view)
    signals = signals_of_the_month(user, view, today)
    return {
        "worst": overview.worst_of(user, needs["critical"]),
        "off_track_count": len(needs["off_track"]),
        "silent_count": len(needs["silent"]),
        "overdue": late[: overview.MOST_SHOWN],
        "overdue_count": len(late),
        "sees_responses": user.global_role != GlobalRole.PARTNER_VIEWER,
        "gaps": gaps[: overview.MOST_SHOWN],
        "gaps_count": len(gaps),
        "alerts": alert_lines(user, pk__in=signals[: overview.MOST_SHOWN]),
        "alerts_count": len(signals),
    }


def _bar(group: region.Group, name: str, rules: Rules) -> dict[str, Any]:
    return {
        "label": group.name,
        "url": f"{reverse('portfolio')}?{name}={group.key}",
        "note": ", ".join(group.programmes),
        "counts": dict(group.tally.counts),
        "tally": group.tally,
        "score": score_cells(group.tally, rules, programmes=len(group.programmes)),
    }
