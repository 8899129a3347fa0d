"""What a workbook and a text document have in common: words of statuses, what is no figure, what is told of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC

from django.utils.translation import gettext as _

from indicators.documents.content import Block, Cell, Figure, Report, Table
from indicators.models import Status

NUMBERS = {"number", "percent"}
DASHES = {"", "-", "\N{EN DASH}", "\N{EM DASH}"}
"""What stands on the screen where nothing is known; a sheet leaves the cell empty."""
TINTS = {
    Status.ON_TRACK: ("#0b655e", "#dff3f0"),
    Status.AT_RISK: ("#7d5100", "#fdf0d2"),
    Status.OFF_TRACK: ("#a3330b", "#fde7dd"),
    Status.NOT_REPORTING: ("#4f5b69", "#f1f3f5"),
    Status.NOT_ASSESSABLE: ("#5d5184", "#efecf7"),
    Status.MONITORED: ("#34567d", "#e7eef6"),
}
"""Ink and ground of a status, as on the pages. The word says it without colour."""


def is_rtl(language: str) -> bool:
    return language.split("-")[0] in {"ar", "fa", "he", "ur"}


def tint_of(text: str) -> tuple[str, str] | None:
    """Ink and ground of the status whose word stands in the first line."""
    word = text.partition("\n")[0]
    return next((tint for status, tint in TINTS.items() if str(status.label) == word), None)


def table_of(block: Block) -> Table | None:
    """The table that a block is, or that stands behind it; it has the name of its drawing where it has none."""
    match block:
        case Table():
            return block
        case Figure():
            return block.table if block.table.title else replace(block.table, title=block.title)
        case _:
            return None


def longest_line(text: str) -> int:
    return max(map(len, text.split("\n")))


def made_at(report: Report) -> str:
    return f"{report.made_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def about_lines(report: Report) -> list[tuple[str, Cell]]:
    """Marking, when made, from what: what a reader must know before the first number."""
    lines = [
        (_("Marking"), report.marking),
        (_("Kind of data"), _("Illustrative data") if report.illustrative else _("Reported")),
        (_("Programme"), report.programme),
        (_("Made at"), made_at(report)),
        (_("Fingerprint of the figures"), report.inputs_hash),
        *((_("Source"), source) for source in report.sources),
    ]
    return [(label, Cell(text)) for label, text in lines if text]
