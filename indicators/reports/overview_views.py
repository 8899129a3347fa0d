"""What a programme head opens each morning: portfolio, region, and the brief. Reads; keeps only that one looked."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from indicators.engine.rules import Rules
from indicators.models import GlobalRole, User, rules_on
from indicators.permissions import check_may_administer, may
from indicators.reports import looks, multiples, news, overview, partner_map, region
from indicators.reports import queries as ask
from indicators.reports.brief import brief_of
from indicators.reports.overview import Overview
from indicators.reports.signals import alerts_this_month
from indicators.reports.tables import portfolio_table, score_cells, tally_cells

PER_PAGE = 25


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
    context = _shared(request, view, at, "portfolio") | {
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
    context = _shared(request, view, timezone.now(), "region") | {
        "frameworks": [
            _bar(one, "framework", rules) for one in region.by_framework(view.programmes, view.found)
        ],
        "countries": [_bar(one, "country", rules) for one in view.countries()],
    }
    return page(request, "reports/region.html", context)


@require_safe
def brief_page(request: HttpRequest) -> HttpResponse:
    """One page to print: the same filters as the region."""
    user: Any = request.user
    given = request.GET.dict()
    brief = brief_of(given, user, at=timezone.now(), since=given.get("since", ""))
    return page(request, "reports/brief.html", {"brief": brief, "cells": tally_cells(brief.total)})


def _shared(request: HttpRequest, view: Overview, at: datetime, name: str) -> dict[str, Any]:
    """What portfolio and region both show."""
    user: Any = request.user
    today = timezone.localtime(at).date()
    late = overview.overdue_responses(user, view.pks, today)
    since = looks.since_of(user, view.pks, at=at, chosen=request.GET.get("since", ""))
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
        "news": news.load(user, view, since, late, at=at),
        "multiples": multiples.load(user, view, today),
        "map": partner_map.partner_map(view, reverse(name)),
    } | _attention(user, view, late)


def _attention(user: User, view: Overview, late: list[overview.Waiting]) -> dict[str, Any]:
    """What waits for somebody: the worst, the late, the missing, the signals."""
    found = overview.attention(user, view.found)
    shown = set(overview.indicator_pks(view.found))
    signals = alerts_this_month(user, ask.today(), indicator__programme__in=view.pks)
    return {
        "worst": found.critical,
        "off_track": found.off_track,
        "silent": found.silent,
        "overdue": late[: overview.MOST_SHOWN],
        "overdue_count": len(late),
        "sees_responses": user.global_role != GlobalRole.PARTNER_VIEWER,
        "gaps": overview.gaps(view),
        "alerts": [one for one in signals if one.alert.indicator_id in shown],
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
