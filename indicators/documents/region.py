"""The region brief: one page for whoever speaks for all of it. Counts, never ranks."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext as _

from indicators.documents.content import Block, Cell, Facts, Heading
from indicators.documents.parts import cell_of, notes_of, nothing, table_block
from indicators.models import Status, User, rules_on
from indicators.reports import region
from indicators.reports.queries import JUDGED, tally, today
from indicators.reports.tables import indicator_row, programme_table, region_table, tally_cells
from indicators.templatetags.ui import day

GROUPS = (
    "name",
    "programmes",
    "indicators",
    *(str(one.value) for one in JUDGED),
    "coverage",
    "worst_critical",
)
NAMED = ("programme", "code", "name", "partner", "value", "target", "status", "critical")
MOST = 8


def blocks(user: User, _subject: None) -> Iterator[Block]:
    """Where the region stands, by framework and country, and what is off track or silent."""
    programmes, found = region.load(user)
    total = tally(found)
    counts = tally_cells(total)
    yield Facts(
        rows=(
            (_("As of"), Cell(text=str(day(today())), value=today())),
            (_("Programmes"), Cell(text=str(len(programmes)))),
            (_("Indicators judged"), Cell(text=str(total.judged))),
            *((str(one.label), cell_of(counts[str(one.value)])) for one in JUDGED),
            (_("Coverage (share)"), cell_of(counts["coverage"])),
        )
    )
    for name, title, groups in (
        ("frameworks", _("By framework"), region.by_framework(programmes, found)),
        ("countries", _("By country"), region.by_country(programmes, found)),
    ):
        table = region_table([one.as_row() for one in groups], rules_on(today()), as_of=today())
        yield Heading(title, level=1)
        yield table_block(table, GROUPS, name=name, title=title)
    yield from notes_of(table)
    yield from _attention(user)


def _attention(user: User) -> Iterator[Block]:
    attention = region.attention(user)
    for status, title in (
        (Status.OFF_TRACK, _("Off track, critical first")),
        (Status.NOT_REPORTING, _("Not reporting")),
    ):
        rows = [indicator_row(one, with_people=False) for one in attention[status]]
        yield Heading(f"{title} ({len(rows)})", level=1)
        if not rows:
            yield nothing()
            continue
        columns = programme_table(rows[0].about.programme, [], as_of=today(), with_people=False)
        yield table_block(columns, NAMED, rows=rows[:MOST], name=str(status.value), title=title)
