"""The one-page brief: what goes on, what changed, what needs a decision, what is not known. Pure data for writers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.utils import timezone
from django.utils.translation import gettext as _

from indicators.engine import METHOD_VERSION
from indicators.models import GlobalRole, Programme, Status, User
from indicators.reports import changes, looks, news, overview
from indicators.reports.news import Move, News
from indicators.reports.overview import Gap, Overview, Waiting, Worst
from indicators.reports.queries import Tally, phase_of
from indicators.reports.signals import AlertLine, alert_lines
from indicators.reports.tables import phase_word

MOST_LINES = 5
"""Lines of each list: more would not fit one page; how many there are is always said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgrammeLine:
    """One programme in a line."""

    programme: Programme
    phase: str
    tally: Tally

    @property
    def unknown(self) -> int:
        """Indicators that do not report or cannot be assessed."""
        return self.tally.counts[Status.NOT_REPORTING] + self.tally.counts[Status.NOT_ASSESSABLE]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """An indicator of which nothing can be said, and why."""

    code: str
    programme: str
    name: str
    partner: str
    status: str
    why: str
    is_critical: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief:
    """All that the page says. Texts are in the reader's language; lists are cut to `MOST_LINES`, totals are not."""

    title: str
    filters: Sequence[tuple[str, str]]
    """Label and value of each filter."""
    messages: Sequence[str]
    """What is wrong with the address."""
    as_of: date
    made_at: datetime
    made_by: str
    method_version: str
    marking: str
    releasable_to: str
    is_illustrative: bool
    sees_responses: bool
    """Management responses are the programme's own; partner viewers are told nothing of them."""

    programmes: Sequence[ProgrammeLine]
    total: Tally
    news: News
    worst: Worst
    off_track: Worst
    overdue: Sequence[Waiting]
    overdue_count: int
    signals: Sequence[AlertLine]
    signals_count: int
    unknown: Sequence[Unknown]
    unknown_count: int
    gaps: Sequence[Gap]

    @property
    def moves(self) -> Sequence[Move]:
        """The gravest changes of status; how many there are stands in `news.counts`."""
        return self.news.moves

    @property
    def is_empty(self) -> bool:
        return not self.programmes


def brief_of(region: Mapping[str, str], user: User, *, at: datetime, since: str = "") -> Brief:
    """The brief of what a region, or any other filter, covers, as the person may see it. About 20 queries.

    Args:
        region: filters as in the address of the portfolio, e.g. ``{"framework": "MD"}``; empty for everything.
        at: the moment of the brief; counts are of that day.
        since: a day such as ``2026-10-01``; empty for the person's last look at the portfolio.
    """
    today = timezone.localtime(at).date()
    view = overview.load(user, region)
    late = overview.overdue_responses(user, view.pks, today)
    when = looks.since_of(user, view.pks, at=at, chosen=since)
    needs = overview.attention(user, view.found, most=MOST_LINES)
    changed = changes.find(user, view, when, late, at=at)
    open_alerts = _open_signals(user, view)
    unknown, unknown_count = _unknown(user, view)
    return Brief(
        title=_title(view),
        filters=[(one.label, one.value) for one in view.narrowing.chips],
        messages=[*view.narrowing.messages, *([when.problem] if when.problem else [])],
        as_of=today,
        made_at=at,
        made_by=str(user),
        method_version=METHOD_VERSION,
        marking="NATO UNCLASSIFIED",
        releasable_to=user.partner.name if user.partner is not None and not user.sees_everything else "",
        is_illustrative=view.is_illustrative,
        sees_responses=user.global_role != GlobalRole.PARTNER_VIEWER,
        programmes=[
            ProgrammeLine(
                programme=one,
                phase=phase_word(phase_of(one)),
                tally=view.tally_of(one),
            )
            for one in view.programmes
        ],
        total=view.total,
        news=news.build(user, changed, changed.moves[:MOST_LINES]),
        worst=needs.critical,
        off_track=needs.off_track,
        overdue=late[:MOST_LINES],
        overdue_count=len(late),
        signals=open_alerts[:MOST_LINES],
        signals_count=len(open_alerts),
        unknown=unknown,
        unknown_count=unknown_count,
        gaps=overview.gaps(view)[:MOST_LINES],
    )


def _title(view: Overview) -> str:
    """The framework or the country that it is about; all programmes without either."""
    chosen = {one.label: one.value for one in view.narrowing.chips}
    return " · ".join(chosen.values()) or _("All programmes")


def _open_signals(user: User, view: Overview) -> list[AlertLine]:
    shown = set(overview.indicator_pks(view.found))
    lines = alert_lines(
        user, indicator__programme__in=view.pks, closed_at__isnull=True, lapsed_at__isnull=True
    )
    return [one for one in lines if one.alert.indicator_id in shown]


def _unknown(user: User, view: Overview) -> tuple[list[Unknown], int]:
    """Indicators that do not report or cannot be assessed, critical ones first; and how many there are."""
    silent = [one for one in view.found if one.status in {Status.NOT_REPORTING, Status.NOT_ASSESSABLE}]
    silent.sort(key=lambda one: (not one.is_critical, one.status, one.programme, one.indicator))
    rows = overview.rows_of(user, [one.indicator for one in silent[:MOST_LINES]])
    lines = [
        Unknown(
            code=one.about.definition.code,
            programme=one.about.programme.code,
            name=one.about.name,
            partner=str(one.about.partner or ""),
            status=one.cells["status"].status,
            why=one.cells["refusal"].text,
            is_critical=one.about.is_critical,
        )
        for one in rows
    ]
    return lines, len(silent)
