"""Tables of Word, written as a whole: a thousand rows take no longer than their text. Knows no document around them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls

from indicators.documents.content import Cell, Column, Report, Table
from indicators.documents.showing import NUMBERS, is_rtl, longest_line, tint_of
from indicators.documents.word import pieces, side_xml
from indicators.spreadsheets import cleaned

PORTRAIT_MM = 170
TWIPS = 1440 / 25.4
"""Twentieths of a point in a millimetre: Word's unit of width."""
LETTER, PADDING = 98, 190
"""Width of a letter of 9 points, and of the space beside a cell's text."""
LOOKED_AT = 500
LONGEST_LINE = 44


def is_wide(table: Table) -> bool:
    """Whether its columns would break words on an upright page."""
    return len(table.columns) > 8 or sum(_narrowest(table)) > PORTRAIT_MM * TWIPS


def table_xml(table: Table, report: Report, *, width_mm: int) -> Any:
    """The table with a header that Word repeats on each page; rows are not split between pages."""
    widths = column_widths(table, round(width_mm * TWIPS))
    rtl = is_rtl(report.language)
    header = [Cell(column.label) for column in table.columns]
    rows = [_row(header, table.columns, widths, rtl=rtl, is_header=True)]
    rows += [_row(row, table.columns, widths, rtl=rtl) for row in table.rows]
    return parse_xml(
        _table(rows, widths, rtl=rtl, title=table.title, look="0420", first_row=1, first_column=0)
    )


def facts_xml(pairs: Iterable[tuple[str, Cell]], report: Report, *, width_mm: int) -> Any:
    """Pairs as rows with the name first."""
    width, rtl = round(width_mm * TWIPS), is_rtl(report.language)
    widths = [round(width * 0.34), width - round(width * 0.34)]
    columns = (Column("", "text"), Column("", "text"))
    rows = [_row((Cell(label), cell), columns, widths, rtl=rtl) for label, cell in pairs]
    return parse_xml(_table(rows, widths, rtl=rtl, title="", look="0680", first_row=0, first_column=1))


def column_widths(table: Table, total: int) -> list[int]:
    """Room for the longest word of each column, the rest by how much text there is; together `total`."""
    least = _narrowest(table)
    if sum(least) >= total:
        return [round(one * total / sum(least)) for one in least]
    wanted = [
        max(low, min(length, LONGEST_LINE) * LETTER + PADDING)
        for low, length in zip(least, _lengths(table, max_of_words=False), strict=True)
    ]
    spare, asked = total - sum(least), sum(wanted) - sum(least)
    if asked <= spare:
        return [round(one * total / sum(wanted)) for one in wanted]
    return [low + round(spare * (one - low) / asked) for low, one in zip(least, wanted, strict=True)]


def _narrowest(table: Table) -> list[int]:
    return [length * LETTER + PADDING for length in _lengths(table, max_of_words=True)]


def _lengths(table: Table, *, max_of_words: bool) -> list[int]:
    """The longest word, or the longest text, of each column with its header. Numbers and days are never broken."""

    def measure(text: str, *, in_words: bool) -> int:
        return max((len(word) for word in text.split()), default=0) if in_words else longest_line(text)

    found = [measure(column.label, in_words=max_of_words) + 1 for column in table.columns]
    in_words = [max_of_words and column.kind not in {*NUMBERS, "date"} for column in table.columns]
    for row in table.rows[:LOOKED_AT]:
        for place, cell in enumerate(row):
            length = measure(cell.text, in_words=in_words[place])
            found[place] = max(found[place], min(length, LONGEST_LINE))
    return found


def _table(
    rows: Sequence[str],
    widths: Sequence[int],
    *,
    rtl: bool,
    title: str,
    look: str,
    first_row: int,
    first_column: int,
) -> str:
    grid = "".join(f'<w:gridCol w:w="{width}"/>' for width in widths)
    caption = f"<w:tblCaption w:val={quoteattr(cleaned(title)[:250])}/>" if title else ""
    return (
        f'<w:tbl {nsdecls("w")}><w:tblPr><w:tblStyle w:val="ReportTable"/>{"<w:bidiVisual/>" if rtl else ""}'
        f'<w:tblW w:w="{sum(widths)}" w:type="dxa"/><w:tblLayout w:type="fixed"/>'
        f'<w:tblLook w:val="{look}" w:firstRow="{first_row}" w:lastRow="0" w:firstColumn="{first_column}" '
        f'w:lastColumn="0" w:noHBand="0" w:noVBand="1"/>{caption}</w:tblPr>'
        f"<w:tblGrid>{grid}</w:tblGrid>{''.join(rows)}</w:tbl>"
    )


def _row(
    cells: Sequence[Cell],
    columns: Sequence[Column],
    widths: Sequence[int],
    *,
    rtl: bool,
    is_header: bool = False,
) -> str:
    repeated = "<w:tblHeader/>" if is_header else ""
    written = "".join(
        _cell(cell, column.kind, width, rtl=rtl, is_header=is_header)
        for cell, column, width in zip(cells, columns, widths, strict=True)
    )
    return f"<w:tr><w:trPr><w:cantSplit/>{repeated}</w:trPr>{written}</w:tr>"


def _cell(cell: Cell, kind: str, width: int, *, rtl: bool, is_header: bool) -> str:
    """One cell; numbers stand at the end of the line."""
    tint = tint_of(cell.text) if kind == "status" and not is_header else None
    ground = f'<w:shd w:val="clear" w:color="auto" w:fill="{tint[1][1:].upper()}"/>' if tint else ""
    side = side_xml(cell.text, rtl=rtl, at_end=kind in NUMBERS)
    first, line_end, rest = cleaned(cell.text).partition("\n")
    ink = f'<w:b/><w:bCs/><w:color w:val="{tint[0][1:].upper()}"/>' if tint else ""
    runs = _runs(first, ink) + (_runs(line_end + rest, "") if line_end else "")
    return (
        f'<w:tc><w:tcPr><w:tcW w:w="{width}" w:type="dxa"/>{ground}</w:tcPr>'
        f'<w:p><w:pPr><w:pStyle w:val="{"Tablehead" if is_header else "Tabletext"}"/>{side}</w:pPr>{runs}</w:p></w:tc>'
    )


def _runs(text: str, look: str) -> str:
    """The text in as many runs as it has directions; a new line stays one."""
    written = []
    for piece, reads_left in pieces(text):
        properties = look + ("<w:rtl/>" if reads_left else "")
        lines = (f'<w:t xml:space="preserve">{escape(line)}</w:t>' for line in piece.split("\n"))
        written.append(
            f"<w:r>{f'<w:rPr>{properties}</w:rPr>' if properties else ''}{'<w:br/>'.join(lines)}</w:r>"
        )
    return "".join(written)
