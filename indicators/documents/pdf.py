"""A report as a PDF that can be read aloud (PDF/UA-1). Only workers import it: the typesetter is large."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO

import typst
from django.utils import translation
from django.utils.translation import gettext as _

from indicators.documents.content import (
    Block,
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
from indicators.documents.drawing import styles
from indicators.documents.faces import FONTS, shown
from indicators.models import Status

HERE = Path(__file__).resolve().parent
TEMPLATE = HERE / "report.typ"
WIDEST = 34
"""Letters after which a column is broken rather than widened; twice as many for what is long anyway."""
ROOM, LEAST_SHRINK = 125, 0.55
"""Letters of a dense table side by side on a page; to what part of its wish a column of text is narrowed."""
LONG, LONGEST_WORD = 120, 40
MOST_ROWS, NEWEST_ROWS = 16, 12
"""Of the table behind a chart: more rows than the first are cut to the second."""
LONGEST_SAID = 260
"""A longer summary is for those who hear the page; others read the table under the drawing."""


def write_pdf(report: Report, out: BinaryIO) -> None:
    """Lay the report out on A4 pages and write them to `out`.

    Its texts reach the typesetter as data in a file beside the template, never as markup; only the faces that come with
    the application are used, so that every machine makes the same pages.
    """
    with tempfile.TemporaryDirectory(prefix="document-") as place, translation.override(report.language):
        shutil.copy(TEMPLATE, place)
        data = json.dumps(_shown(laid_out(report)), ensure_ascii=False)
        Path(place, "report.json").write_text(data, encoding="utf-8")
        out.write(
            typst.compile(
                str(Path(place, TEMPLATE.name)),
                root=place,
                font_paths=_faces(),
                format="pdf",
                pdf_standards=["ua-1"],
            )
        )


def _shown(value: Any) -> Any:
    """The same with every text in characters that the faces have: one that has none must not stop a document."""
    match value:
        case str():
            return shown(value)
        case list():
            return [_shown(one) for one in value]
        case dict():
            return {name: _shown(one) for name, one in value.items()}
        case _:
            return value


@cache
def _faces() -> typst.Fonts:
    """The faces that come with the application, read once in a worker, and no others."""
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(FONTS)])


def laid_out(report: Report) -> dict[str, Any]:
    """The report as the template reads it: plain texts, lists and numbers."""
    made_at = f"{report.made_at:%Y-%m-%d %H:%M} UTC"
    return {
        "title": report.title,
        "subtitle": report.subtitle,
        "programme": report.programme,
        "running": " · ".join(one for one in (report.programme.partition(" · ")[0], report.title) if one),
        "compact": report.kind == "region",
        "marking": report.marking,
        "language": report.language,
        "illustrative": report.illustrative,
        "hash": report.inputs_hash[:16],
        "sources": list(report.sources),
        "status-colours": {code: styles()[f"bar-{code}"]["fill"] for code in Status.values},
        "words": {
            "page": _("Page {n} of {m}"),
            "inputs": _("Inputs (hash)"),
            "sources": _("Sources"),
            "illustrative": _("Illustrative data"),
            "illustrative-long": _(
                "Illustrative data: these figures were made up to show how the application works."
            ),
            "made": _("Made on %(at)s. Inputs (hash): %(hash)s")
            % {"at": made_at, "hash": report.inputs_hash},
        },
        "blocks": [_block(one) for one in _without_jumps(report.blocks)],
    }


def _without_jumps(blocks: Sequence[Block]) -> list[Block]:
    """Headings whose level never leaps down by two, as readers of tags need it."""
    found: list[Block] = []
    level = 0
    for one in blocks:
        if isinstance(one, Heading):
            level = min(max(one.level, 1), level + 1)
            one = Heading(one.text, level)
        found.append(one)
    return found


def _block(block: Block) -> dict[str, Any]:
    match block:
        case Heading(text=text, level=level):
            return {"is": "heading", "text": text, "level": level}
        case Paragraph(text=text):
            return {"is": "paragraph", "text": text}
        case Note(text=text, tone=tone):
            return {"is": "note", "text": text, "tone": tone}
        case Facts(rows=rows):
            return {"is": "facts", "rows": [[name, {"text": cell.text}] for name, cell in rows]}
        case Table():
            return {"is": "table", **_table(block)}
        case Figure():
            return {
                "is": "figure",
                "title": block.title,
                "svg": block.svg,
                "summary": block.summary or block.title or _("Chart"),
                "said": block.summary if len(block.summary) <= LONGEST_SAID else "",
                "width": 100,
                "table": _table(shortened(block.table)) if block.table.rows else None,
            }


def shortened(table: Table) -> Table:
    """The table behind a chart: of a long one the newest rows, for the drawing shows the others."""
    count = len(table.rows)
    if count <= MOST_ROWS:
        return table
    said = _("The last %(shown)s of %(all)s rows; the spreadsheet of this report has all of them.")
    title = said % {"shown": NEWEST_ROWS, "all": count}
    return replace(table, title=title, rows=table.rows[-NEWEST_ROWS:])


def _table(table: Table) -> dict[str, Any]:
    widths = [
        _width(column, [row[place] for row in table.rows]) for place, column in enumerate(table.columns)
    ]
    return {
        "title": table.title,
        "columns": [
            {"label": one.label, "kind": one.kind, "width": width}
            for one, width in zip(table.columns, _fitted(table.columns, widths), strict=True)
        ],
        "rows": [
            [_cell(column, cell) for column, cell in zip(table.columns, row, strict=True)]
            for row in table.rows
        ],
    }


def _cell(column: Column, cell: Cell) -> dict[str, str]:
    if column.kind != "status":
        return {"text": cell.text}
    word = cell.text.partition("\n")[0]
    return {"text": cell.text, "status": next((one.value for one in Status if str(one.label) == word), "")}


def _fitted(columns: Sequence[Column], widths: Sequence[float]) -> list[float]:
    """The same widths if they fit the page; else text gives way, so that no number runs into its neighbour."""
    firm = sum(width for one, width in zip(columns, widths, strict=True) if one.kind != "text")
    rest = sum(widths) - firm
    if sum(widths) <= ROOM or not rest:
        return list(widths)
    factor = max((ROOM - firm) / rest, LEAST_SHRINK)
    return [
        width * factor if one.kind == "text" else width for one, width in zip(columns, widths, strict=True)
    ]


def _width(column: Column, cells: Sequence[Cell]) -> float:
    """A share of the page for a column: what its longest word needs, more for running text."""
    texts = [line for cell in cells for line in cell.text.split("\n")]
    longest_word = min(
        LONGEST_WORD, max((len(word) for text in [column.label, *texts] for word in text.split()), default=1)
    )
    if column.kind in {"number", "percent", "date"}:
        return max(float(longest_word), max((len(text) for text in texts), default=1)) + 3
    mean = sum(map(len, texts)) / len(texts) if texts else 1
    least = float(longest_word)
    if column.kind == "status":  # the word of a status stays on one line, beside its mark
        least = max(least, max((len(cell.text.partition("\n")[0]) for cell in cells), default=1) + 2.0)
    return max(least, min(mean, WIDEST if mean < LONG else 2 * WIDEST)) + 3
