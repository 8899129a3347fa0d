"""A document for Word: real headings, captions and tables, its marking on each page. Decides nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from typing import Any, BinaryIO

from django.utils import translation
from django.utils.translation import gettext as _
from docx import Document
from docx.enum.section import WD_ORIENT, WD_SECTION
from docx.shared import Mm

from indicators.documents import word, word_contents
from indicators.documents.content import Block, Facts, Figure, Heading, Note, Paragraph, Report, Table
from indicators.documents.pictures import add_picture
from indicators.documents.showing import about_lines, table_of
from indicators.documents.word_tables import facts_xml, is_wide, table_xml
from indicators.spreadsheets import cleaned

SHORT, LONG, MARGIN = 210, 297, 20
"""A4 in millimetres."""
TONES = {"note": "Note", "warning": "Warning note", "refusal": "Warning note"}
"""Style of a note by its tone."""


@dataclass(slots=True)
class Pen:
    """Where writing stands: the document, how the page lies, how many tables and figures there are."""

    document: Any
    report: Report
    is_landscape: bool = False
    tables: int = 0
    figures: int = 0
    headings: int = 0

    @property
    def width_mm(self) -> int:
        return (LONG if self.is_landscape else SHORT) - 2 * MARGIN

    def turn(self, *, is_landscape: bool) -> None:
        """The next block stands on a page that lies this way."""
        if is_landscape == self.is_landscape:
            return
        self.is_landscape = is_landscape
        _set_page(self.document.add_section(WD_SECTION.NEW_PAGE), is_landscape=is_landscape)

    def write(self, text: str, style: str) -> Any:
        paragraph = self.document.add_paragraph(style=style)
        word.add_text(paragraph, text, language=self.report.language)
        word.set_side(paragraph, text, self.report.language)
        return paragraph

    def write_heading(self, text: str, level: int) -> None:
        self.headings += 1
        word_contents.mark(self.write(text, f"Heading {level}"), self.headings)

    def append(self, element: Any) -> None:
        """A table that was made as a whole, and the gap that keeps it from the next one."""
        body = self.document.element.body
        body.insert(len(body) - 1, element)
        self.document.add_paragraph(style="Gap")


def write_docx(report: Report, out: BinaryIO) -> None:
    """Write the document to `out` in the language of the document: the texts and numbers of the screen, word for word.

    What is missing reads as on the screen. A table with many columns stands on a page that lies across.
    """
    with translation.override(report.language):
        document = Document()
        word.dress(document, report)
        _set_properties(document, report)
        _set_page(document.sections[0], is_landscape=False)
        word.write_margins(document.sections[0], report)
        pen = Pen(document=document, report=report)
        pen.write(report.title, "Title")
        pen.write(report.subtitle, "Subtitle")
        _write_contents(pen, _("About this document"))
        for block, is_landscape in zip(report.blocks, lies_across(report.blocks), strict=True):
            pen.turn(is_landscape=is_landscape)
            _write_block(pen, block)
        pen.turn(is_landscape=False)
        pen.write_heading(_("About this document"), 1)
        pen.append(facts_xml(about_lines(report), report, width_mm=pen.width_mm))
        document.save(out)


def lies_across(blocks: tuple[Block, ...]) -> list[bool]:
    """Which blocks stand on pages that lie across: wide tables, with the heading and the words that lead to them."""
    found = [(table := table_of(block)) is not None and is_wide(table) for block in blocks]
    for place in range(len(blocks) - 1, 0, -1):
        leads = isinstance(blocks[place - 1], Heading) or (
            isinstance(blocks[place - 1], Paragraph | Note) and not isinstance(blocks[place], Heading)
        )
        is_deeper = not isinstance(blocks[place], Heading) or (
            isinstance(blocks[place - 1], Heading) and blocks[place - 1].level < blocks[place].level
        )
        if found[place] and leads and is_deeper:
            found[place - 1] = True
    return found


def _level(heading: Heading) -> int:
    return min(max(heading.level, 1), word_contents.LEVELS[-1])


def _write_contents(pen: Pen, last: str) -> None:
    """Where each heading stands, in a document of more of them than one finds at a glance."""
    headings = [(one.text, _level(one)) for one in pen.report.blocks if isinstance(one, Heading)] + [
        (last, 1)
    ]
    if len(headings) <= word_contents.MOST_WITHOUT:
        return
    title = pen.write(_("Contents"), "TOC Heading")
    entries = [pen.write(text, f"toc {level}") for text, level in headings]
    pen.append(word_contents.contents_xml(title, entries))


def _write_block(pen: Pen, block: Block) -> None:
    match block:
        case Heading():
            pen.write_heading(block.text, _level(block))
        case Paragraph():
            pen.write(block.text, "Normal")
        case Note():
            pen.write(block.text, TONES[block.tone])
        case Facts():
            pen.append(facts_xml(block.rows, pen.report, width_mm=pen.width_mm))
        case Table():
            _write_table(pen, block)
        case Figure():
            _write_figure(pen, block)


def _write_figure(pen: Pen, figure: Figure) -> None:
    """The drawing with its name, what it shows in words, and the same in numbers."""
    if figure.svg:
        pen.figures += 1
        paragraph = pen.document.add_paragraph(style="Picture")
        paragraph.paragraph_format.keep_with_next = True
        add_picture(paragraph, figure, width_mm=pen.width_mm, number=pen.figures)
        word.write_caption(pen.document, "Figure", pen.figures, figure.title, pen.report.language)
    if figure.summary:
        pen.write(figure.summary, "Normal")
    if figure.table.rows:
        _write_table(pen, figure.table)


def _write_table(pen: Pen, table: Table) -> None:
    """With its name above, where it has one of its own; otherwise the heading above it is its name."""
    if table.title:
        pen.tables += 1
        caption = word.write_caption(pen.document, "Table", pen.tables, table.title, pen.report.language)
        caption.paragraph_format.keep_with_next = True
    if table.rows:
        pen.append(table_xml(table, pen.report, width_mm=pen.width_mm))
    else:
        pen.write(_("There are no rows."), "Note")


def _set_page(section: Any, *, is_landscape: bool) -> None:
    section.orientation = WD_ORIENT.LANDSCAPE if is_landscape else WD_ORIENT.PORTRAIT
    section.page_width = Mm(LONG if is_landscape else SHORT)
    section.page_height = Mm(SHORT if is_landscape else LONG)
    section.left_margin = section.right_margin = Mm(MARGIN)
    section.top_margin, section.bottom_margin = Mm(24), Mm(24)
    section.header_distance = section.footer_distance = Mm(9)


def _set_properties(document: Any, report: Report) -> None:
    """What the document is; nobody's name."""
    properties = document.core_properties
    properties.title = cleaned(report.title)[:255]
    properties.subject = cleaned(report.subtitle)[:255]
    properties.author = properties.last_modified_by = ""
    properties.comments = cleaned(report.marking)[:255]
    properties.keywords = cleaned(report.inputs_hash)[:255]
    properties.language = word.LANGUAGES.get(report.language.split("-")[0], report.language)
    properties.created = properties.modified = report.made_at.astimezone(UTC).replace(tzinfo=None)
    properties.revision = 1
