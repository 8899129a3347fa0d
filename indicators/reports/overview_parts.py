"""The lists of the portfolio of which its page shows the beginning, each whole: what they are, line by line, by key.

A part is counted and cut by key; only the lines of one page are loaded.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy

from indicators.models import User
from indicators.reports import changes, looks, multiples, news, overview
from indicators.reports.overview import Overview
from indicators.reports.signals import alert_lines, signals_of_the_month

Lines = Sequence[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Who looks at what, and when."""

    user: User
    view: Overview
    at: datetime
    since: str
    """As in the address; may be empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One list of the portfolio."""

    title: Any
    template: str
    per_page: int
    find: Callable[[Asked], tuple[Lines, Any]]
    """Its lines by key, and what else `show` needs of how they were found."""
    show: Callable[[Asked, Lines, Any], Mapping[str, Any]]
    """What the template takes, for the lines of one page."""


def _find_changes(asked: Asked) -> tuple[Lines, Any]:
    view, user = asked.view, asked.user
    since = looks.since_of(user, view.pks, at=asked.at, chosen=asked.since)
    late = overview.overdue_responses(user, view.pks, timezone.localtime(asked.at).date())
    found = changes.find(user, view, since, late, at=asked.at)
    return found.by_programme, found


def _show_changes(asked: Asked, lines: Lines, found: Any) -> Mapping[str, Any]:
    return {"news": news.build(asked.user, found, list(lines))}


def _find_programmes(asked: Asked) -> tuple[Lines, Any]:
    return asked.view.programmes, None


def _show_programmes(asked: Asked, lines: Lines, _found: Any) -> Mapping[str, Any]:
    today = timezone.localtime(asked.at).date()
    return {"multiples": multiples.load(asked.user, asked.view, lines, today), "with_tables": True}


def _find_signals(asked: Asked) -> tuple[Lines, Any]:
    return signals_of_the_month(asked.user, asked.view, timezone.localtime(asked.at).date()), None


def _show_signals(asked: Asked, lines: Lines, _found: Any) -> Mapping[str, Any]:
    return {"alerts": alert_lines(asked.user, pk__in=list(lines))}


def _find_gaps(asked: Asked) -> tuple[Lines, Any]:
    return overview.gaps(asked.view), None


def _show_gaps(_asked: Asked, lines: Lines, _found: Any) -> Mapping[str, Any]:
    return {"gaps": lines}


def _attention(name: str, title: Any) -> Part:
    def find(asked: Asked) -> tuple[Lines, Any]:
        return overview.in_need(asked.view.found)[name], None

    def show(asked: Asked, lines: Lines, _found: Any) -> Mapping[str, Any]:
        return {"rows": overview.rows_of(asked.user, [one.indicator for one in lines])}

    return Part(title=title, template="reports/_attention_part.html", per_page=25, find=find, show=show)


PARTS: Mapping[str, Part] = {
    "changes": Part(
        title=gettext_lazy("What changed"),
        template="reports/_changes.html",
        per_page=40,
        find=_find_changes,
        show=_show_changes,
    ),
    "over-time": Part(
        title=gettext_lazy("Over time"),
        template="reports/_panels.html",
        per_page=24,
        find=_find_programmes,
        show=_show_programmes,
    ),
    "signals": Part(
        title=gettext_lazy("Signals this month"),
        template="reports/_alerts_part.html",
        per_page=25,
        find=_find_signals,
        show=_show_signals,
    ),
    "gaps": Part(
        title=gettext_lazy("Data gaps"),
        template="reports/_gaps.html",
        per_page=40,
        find=_find_gaps,
        show=_show_gaps,
    ),
    "critical": _attention("critical", gettext_lazy("Critical indicators not on track")),
    "off-track": _attention("off_track", gettext_lazy("Indicators off track, not critical")),
    "silent": _attention("silent", gettext_lazy("Indicators that do not report")),
}
