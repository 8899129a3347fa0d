"""The region brief: one page for whoever looks at all of it. Counts, never ranks. Reads only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from indicators.documents import parts
from indicators.documents.content import Block, Cell, Heading, Paragraph, Table
from indicators.models import Status, User
from indicators.reports import cells as screen
from indicators.reports import region
from indicators.reports.queries import Tally, tally, today
from indicators.reports.tables import indicator_row, tally_cells

MOST_NAMED = 6
"""Indicators off track that a page has room for, critical ones first; the number of all stands beside them."""


def region_report(user: User) -> parts.Draft:
    """Where co-operation stands by country and framework, what needs attention, and where we do not know."""
    programmes, found = region.load(user)
    total = tally(found)
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
            *_attention(user),
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


def _attention(user: User) -> Iterator[Block]:
    found = region.attention(user)
    for status in (Status.OFF_TRACK, Status.NOT_REPORTING):
        indicators = found[status.value]
        named = indicators[:MOST_NAMED]
        title = str(status.label)
        if len(indicators) > len(named):
            title += ": " + _("%(shown)s of %(all)s, critical ones first") % {
                "shown": len(named),
                "all": len(indicators),
            }
        yield Heading(title, 1)
        if not named:
            yield Paragraph(_("None."))
            continue
        rows = [indicator_row(one, with_people=False) for one in named]
        yield parts.attention_table(rows, title="", name=str(status.value), with_programme=True)
