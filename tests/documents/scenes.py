"""Documents to be written in tests: all kinds of blocks, hostile texts, an Arabic one, a long one."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

from indicators.documents.content import (
    Cell,
    Column,
    Facts,
    Figure,
    Heading,
    Note,
    Paragraph,
    Report,
    Table,
)

AT = datetime(2026, 3, 31, 9, 30, tzinfo=UTC)
HOSTILE = (
    "=1+1",
    '=HYPERLINK("http://x","y")',
    "+1+1",
    "-1+1",
    "@SUM(A1)",
    "\t=1+1",
    "\r=1+1",
    "\x00=1",
    "_x003D_1+1",
)
SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 300 120" width="300" height="120">'
    '<rect width="300" height="120" fill="#fff"/><polyline points="10,110 100,60 200,70 290,20" fill="none" '
    'stroke="#1B4F9C" stroke-width="3"/></svg>'
)
COLUMNS = (
    Column("Indicator", "text"),
    Column("Value", "number"),
    Column("Achievement", "percent"),
    Column("As of", "date"),
    Column("Status", "status"),
)


def number(text: str) -> Cell:
    return Cell(text, Decimal(text.replace("\u00a0", "").replace("\u2212", "-")))


def a_row(
    name: str, value: str = "12.50", share: str = "0.9166", status: str = "On track"
) -> tuple[Cell, ...]:
    return (
        Cell(name),
        number(value),
        Cell(f"{Decimal(share) * 100:.1f}\u00a0%", Decimal(share)),
        Cell("31 Mar 2026", date(2026, 3, 31)),
        Cell(status),
    )


def a_table(
    *rows: tuple[Cell, ...], name: str = "indicators", columns: tuple[Column, ...] = COLUMNS
) -> Table:
    return Table(title="Indicators", columns=columns, rows=rows, name=name)


def a_figure() -> Figure:
    rows = tuple(
        (Cell(f"{day:%d %b %Y}", day), number(value))
        for day, value in (
            (date(2025, 3, 31), "4"),
            (date(2025, 6, 30), "7.5"),
            (date(2025, 9, 30), "7"),
            (date(2025, 12, 31), "12"),
        )
    )
    table = Table("Values of NMI-01", (Column("On", "date"), Column("Value", "number")), rows, "values")
    return Figure("Values of NMI-01", SVG, "From 4 in March to 12 in December 2025.", table)


def a_report(
    *blocks: object, language: str = "en", marking: str = "NATO UNCLASSIFIED", title: str = "Programme brief"
) -> Report:
    return Report(
        kind="programme",
        title=title,
        subtitle="As of 31 Mar 2026",
        programme="NMI",
        marking=marking,
        language=language,
        made_at=AT,
        inputs_hash="a1b2c3d4e5f6",
        illustrative=True,
        sources=("Figures approved up to 31 Mar 2026",),
        blocks=blocks,  # type: ignore[arg-type]
    )


def a_whole_report(language: str = "en") -> Report:
    """One of each block."""
    return a_report(
        Heading("Where it stands", 1),
        Paragraph("Twelve of fifteen indicators are on track."),
        Note("Two figures are missing.", "warning"),
        Facts((("Partner", Cell("Country IRQ")), ("Achievement", Cell("91.7\u00a0%", Decimal("0.9166"))))),
        Heading("Indicators", 2),
        a_table(
            a_row("Posts"),
            a_row("Staff", "12\u00a0345", "0.5", "At risk"),
            a_row("None", "0", "0", "Off track"),
        ),
        a_figure(),
        language=language,
    )
