"""The region brief: one page for whoever looks at all of it. Counts, never ranks. Reads only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from indicators.documents import parts
from indicators.documents.content import Block, Cell, Heading, Paragraph, Table
from indicators.models import Status, User
from indicators.reports import cells as screen
from indicators.reports import overview, region
from indicators.reports.overview import Overview
from indicators.reports.queries import Tally, today
from indicators.reports.tables import tally_cells

MOST_NAMED = 6
"""Indicators off track that a page has room for, critical ones first; the number of all stands beside them."""


def region_report(user: User) -> parts.Draft:
    """Where co-operation stands by country and framework, what needs attention, and where we do not know."""
    view = overview.load(user, {})
    programmes, found, total = view.programmes, view.found, view.total
    countries = region.by_country(programmes, found)
    frameworks = region.by_framework(programmes, found)
    return parts.Draft(
        kind="region",
        title=_("Region: brief"),
        subtitle=_("Where co-operation stood on %(day)s, what needs attention, and where we do not know.")
        % {"day": screen.day(today()).text},
        programme=_("Security cooperation tracker"),
        marking=parts.marking_for(user),
        illustrative=any(one.is_illustrative for one in programmes),
        sources=(),
        blocks=(
            *_total(total, len(programmes)),
            *_groups(_("By country"), _("Country"), countries, "countries"),
            *_groups(_("By framework"), _("Framework"), frameworks, "frameworks"),
            *_attention(user, view),
            *parts.how_made(
                _("Targets differ between partners: this is management information, not a ranking.")
            ),
        ),
    )


def _total(total: Tally, programmes: int) -> Iterator[Block]:
    said = ngettext(
        "%(indicators)s indicators in %(n)s programme.",
        "%(indicators)s indicators in %(n)s programmes.",
        programmes,
    ) % {"indicators": total.total, "n": programmes}
    yield parts.distribution(total, title=_("All programmes"), name="standing")
    yield Paragraph(f"{said} {parts.coverage_sentence(total, tally_cells(total))}".strip())


def _groups(title: str, head: str, groups: Sequence[region.Group], name: str) -> Iterator[Block]:
    """One line for each: how many indicators of each status, the worst critical one, and what was reported."""
    if not groups:
        return
    statuses = (
        Status.ON_TRACK,
        Status.AT_RISK,
        Status.OFF_TRACK,
        Status.NOT_REPORTING,
        Status.NOT_ASSESSABLE,
    )
    yield Heading(title, 1)
    yield Table(
        title="",
        name=name,
        columns=(
            parts.column(head),
            parts.column(_("Programmes")),
            *(parts.column(str(status.label), "number") for status in statuses),
            parts.column(_("Worst critical"), "status"),
            parts.column(_("Coverage")),
        ),
        rows=tuple(
            (
                Cell(one.name),
                parts.words(", ".join(one.programmes)),
                *(parts.whole(one.tally.counts[status]) for status in statuses),
                parts.told(screen.status(one.tally.worst_critical)),
                parts.coverage(one.tally.reported, one.tally.expected),
            )
            for one in groups
        ),
    )


def _attention(user: User, view: Overview) -> Iterator[Block]:
    found = overview.attention(user, view.found, most=MOST_NAMED)
    for name, title, worst in (
        ("critical", _("Critical and not on track"), found.critical),
        ("off_track", _("Off track, not critical"), found.off_track),
        ("silent", str(Status.NOT_REPORTING.label), found.silent),
    ):
        if worst.count > len(worst.rows):
            title += ": " + _("%(shown)s of %(all)s") % {"shown": len(worst.rows), "all": worst.count}
        yield Heading(title, 1)
        if worst.rows:
            yield parts.attention_table(worst.rows, title="", name=name, with_programme=True)
        else:
            yield Paragraph(_("None."))
    yield from _overdue(user, view)


def _overdue(user: User, view: Overview) -> Iterator[Block]:
    """Responses and actions that are late: how many, and the oldest."""
    late = overview.overdue_responses(user, view.pks, today())
    yield Heading(_("Needs a decision"), 1)
    if not late:
        yield Paragraph(_("No response and no agreed action is overdue."))
        return
    said = ngettext(
        "%(n)s response or action is overdue", "%(n)s responses or actions are overdue", len(late)
    )
    oldest = [f"{one.programme.code} ({screen.day(one.due_on).text})" for one in late[:MOST_NAMED]]
    yield Paragraph(f"{said % {'n': len(late)}}: {', '.join(oldest)}.")
