"""A report as a PDF that can be read aloud (PDF/UA-1). Only workers import it: the typesetter is large."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import replace
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
from indicators.models import Status

HERE = Path(__file__).resolve().parent
FONTS = HERE / "fonts"
TEMPLATE = HERE / "report.typ"
WIDEST = 34
"""Letters after which a column is broken rather than widened."""
MOST_ROWS, NEWEST_ROWS = 16, 12
"""Of the table behind a chart: more rows than the first are cut to the second."""
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


def write_pdf(report: Report, out: BinaryIO) -> None:
    """Lay the report out on A4 pages and write them to `out`.

    Its texts reach the typesetter as data in a file beside the template, never as markup; only the faces that come with
    the application are used, so that every machine makes the same pages.
    """
    with tempfile.TemporaryDirectory(prefix="document-") as place, translation.override(report.language):
        shutil.copy(TEMPLATE, place)
        data = json.dumps(laid_out(report), ensure_ascii=False)
        Path(place, "report.json").write_text(_CONTROL.sub("", data), encoding="utf-8")
        out.write(
            typst.compile(
                str(Path(place, TEMPLATE.name)),
                root=place,
                font_paths=[str(FONTS)],
                ignore_system_fonts=True,
                format="pdf",
                pdf_standards=["ua-1"],
            )
        )


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
                "summary": block.summary or block.title,
                "width": 100,
                "table": _table(_shortened(block.table)) if block.table.rows else None,
            }


def _shortened(table: Table) -> Table:
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
            for one, width in zip(table.columns, widths, strict=True)
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


def _width(column: Column, cells: Sequence[Cell]) -> float:
    """A share of the page for a column: what its longest word needs, more for running text."""
    texts = [line for cell in cells for line in cell.text.split("\n")]
    longest_word = max((len(word) for text in [column.label, *texts] for word in text.split()), default=1)
    if column.kind in {"number", "percent", "date"}:
        return max(float(longest_word), max((len(text) for text in texts), default=1)) + 2.5
    mean = sum(map(len, texts)) / len(texts) if texts else 1
    return max(float(longest_word), min(mean, WIDEST)) + 2 + (2 if column.kind == "status" else 0)
