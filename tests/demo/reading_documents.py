"""What stands in a document's files, read back, and what must stand there."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import date
from decimal import Decimal

import pytest
from docx import Document as WordDocument
from docx.oxml.ns import qn
from pypdf import PdfReader
from python_calamine import CalamineWorkbook

from indicators.documents.content import Cell, Facts, Figure, Heading, Note, Paragraph, Report, Table
from indicators.documents.docx import write_docx
from indicators.documents.faces import shown as shown_in_faces
from indicators.documents.numerals import GENERAL, number_format
from indicators.documents.pdf import shortened, write_pdf
from indicators.documents.showing import DASHES, NUMBERS, table_of
from indicators.documents.xlsx import write_xlsx

TOP = 5
"""Lines of a sheet down to the header of its table."""


def tables_of(report: Report) -> list[Table]:
    return [table for block in report.blocks if (table := table_of(block)) is not None]


def check_workbook(report: Report) -> int:
    """Each cell of each sheet is the machine's number, or the words of the screen. How many numbers there were."""
    out = io.BytesIO()
    write_xlsx(report, out)
    book = CalamineWorkbook.from_filelike(io.BytesIO(out.getvalue()))
    tables, seen = tables_of(report), _check_facts(report, book)
    names = book.sheet_names[len(book.sheet_names) - len(tables) :]
    for table, name in zip(tables, names, strict=True):
        sheet = book.get_sheet_by_name(name).to_python(skip_empty_area=False)
        assert len(sheet) >= TOP + len(table.rows), (report.title, name)
        for row, found in zip(table.rows, sheet[TOP:], strict=False):
            for column, cell, got in zip(table.columns, row, found, strict=False):
                where = (report.title, name, column.label, cell)
                if isinstance(cell.value, Decimal) and column.kind in NUMBERS:
                    assert got == pytest.approx(float(cell.value), rel=1e-14), where
                    assert number_format(cell.text, cell.value) != GENERAL, where
                    seen += 1
                elif isinstance(cell.value, date):
                    assert got == cell.value, where
                elif not isinstance(cell.value, Decimal):
                    assert got == ("" if cell.text.strip() in DASHES else cell.text), where
    return seen


def _check_facts(report: Report, book: CalamineWorkbook) -> int:
    cells = [cell for block in report.blocks if isinstance(block, Facts) for _label, cell in block.rows]
    if not cells:
        return 0
    sheet = book.get_sheet_by_name("Facts").to_python(skip_empty_area=False)
    for cell, row in zip(cells, sheet[1:], strict=True):
        if isinstance(cell.value, date):
            assert row[1] == cell.value, cell
        elif isinstance(cell.value, Decimal) and number_format(cell.text, cell.value) != GENERAL:
            assert row[1] == pytest.approx(float(cell.value), rel=1e-14), cell
        else:
            assert row[1] == ("" if cell.text.strip() in DASHES else cell.text), cell
    return len(cells)


def check_word(report: Report) -> int:
    """Each paragraph and each cell of each table reads word for word as the screen. How many cells there were."""
    out = io.BytesIO()
    write_docx(report, out)
    body = WordDocument(io.BytesIO(out.getvalue())).element.body
    found = [
        [[_text(cell) for cell in row.iter(qn("w:tc"))] for row in table.iter(qn("w:tr"))]
        for table in body.iter(qn("w:tbl"))
    ]
    expected = list(_word_tables(report))
    assert found[: len(expected)] == expected, report.title
    said = {_text(one) for one in body.iter(qn("w:p"))}
    for block in report.blocks:
        if isinstance(block, Heading | Paragraph | Note):
            assert block.text in said, (report.title, block)
    return sum(len(row) for table in expected for row in table)


def check_pdf(report: Report) -> int:
    """Every text of the report stands in the PDF, in its order, page by page. How many cells of tables there were."""
    out = io.BytesIO()
    write_pdf(report, out)
    text = "".join(_bare(page.extract_text()) for page in PdfReader(io.BytesIO(out.getvalue())).pages)
    place, cells = 0, 0
    for said in _pdf_texts(report):
        if isinstance(said, Cell):
            cells, said = cells + 1, said.text
        found = text.find(_bare(said), place)
        assert found >= 0, (report.title, said, text[place : place + 200])
        place = found + len(_bare(said))
    return cells


def _pdf_texts(report: Report) -> Iterator[str | Cell]:
    yield report.title
    for block in report.blocks:
        table = table_of(block)
        if isinstance(block, Heading | Paragraph | Note):
            yield from block.text.split("\n")
        elif isinstance(block, Facts):
            yield from (one for label, cell in block.rows for one in (label, cell))
        elif table is not None and report.kind == "region" and isinstance(block, Figure):
            yield block.summary  # a brief of one page has the words of its bar, and no table under it
        elif table is not None:
            shown = shortened(table) if isinstance(block, Figure) else table
            yield from (cell for row in shown.rows for cell in row)
    yield report.inputs_hash


def _bare(text: str) -> str:
    return "".join(shown_in_faces(text).split())


def _word_tables(report: Report) -> Iterator[list[list[str]]]:
    for block in report.blocks:
        table = table_of(block)
        if isinstance(block, Facts):
            yield [[label, cell.text] for label, cell in block.rows]
        elif table is not None and table.rows:
            yield [[one.label for one in table.columns], *([cell.text for cell in row] for row in table.rows)]


def _text(element: object) -> str:
    """The words of an element; a new line of a cell is one here too."""
    found = []
    for one in element.iter(qn("w:t"), qn("w:br"), qn("w:tab")):  # type: ignore[attr-defined]
        found.append(one.text or "" if one.tag == qn("w:t") else "\t" if one.tag == qn("w:tab") else "\n")
    return "".join(found)


def numbers_beside(report: Report, code: str) -> set[Decimal]:
    """All numbers in rows that name this code."""
    return {
        cell.value
        for table in tables_of(report)
        for row in table.rows
        if any(_names(cell, code) for cell in row)
        for cell in row
        if isinstance(cell.value, Decimal)
    }


def _names(cell: Cell, code: str) -> bool:
    parts = [part.strip() for line in cell.text.split("\n") for part in line.split("·")]
    return any(part == code or part.startswith(f"{code} ") for part in parts)


def numbers_of_facts(report: Report) -> set[Decimal]:
    """All numbers that stand under a heading of their own, beside what they are."""
    return {
        cell.value
        for block in report.blocks
        if isinstance(block, Facts)
        for _label, cell in block.rows
        if isinstance(cell.value, Decimal)
    }
