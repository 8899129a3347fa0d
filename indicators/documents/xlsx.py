"""A document as a workbook: what it is, its facts, its words, and each table as a table of Excel. Decides nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, BinaryIO

from django.utils import translation
from django.utils.translation import gettext as _

from indicators.documents.content import Cell, Facts, Figure, Heading, Note, Paragraph, Report, Table
from indicators.documents.sheets import Styles, set_height, write_cell, write_table
from indicators.documents.showing import about_lines, table_of
from indicators.spreadsheets import cleaned, open_workbook

MOST_CELLS = 250_000
"""Above, rows are written one after the other without being kept; a filter takes the place of Excel's table."""
LONGEST_NAME = 31
_NOT_IN_NAMES = re.compile(r"[\[\]:*?/\\'\x00-\x1f]")


@dataclass(slots=True)
class Sheet:
    """A sheet to be written: its name in the workbook and what stands on it."""

    name: str
    title: str
    table: Table
    figure: Figure | None = None


@dataclass(slots=True)
class Names:
    """Names of sheets: at most 31 characters, each once, whatever the case."""

    taken: set[str] = field(default_factory=lambda: {"history"})

    def make(self, wanted: str) -> str:
        plain = _NOT_IN_NAMES.sub(" ", cleaned(wanted)).strip()[:LONGEST_NAME] or "Table"
        name, number = plain, 1
        while name.lower() in self.taken:
            number += 1
            ending = f" {number}"
            name = plain[: LONGEST_NAME - len(ending)] + ending
        self.taken.add(name.lower())
        return name


def write_xlsx(report: Report, out: BinaryIO) -> None:
    """Write the document to `out` in the language of the document.

    The same texts and numbers as on the screen: a number is a number and shown with the digits of the screen, a day is
    a day, text is typed as text. What is missing stays empty or says why; it is never zero.
    """
    tables = [*_tables(report)]
    is_long = sum(len(table.rows) * len(table.columns) for table, _figure in tables) > MOST_CELLS
    with translation.override(report.language), open_workbook(out, is_long=is_long) as book:
        book.set_properties(
            {
                "title": cleaned(report.title),
                "subject": cleaned(report.subtitle),
                "author": "",
                "comments": cleaned(report.marking),
                "created": report.made_at.replace(tzinfo=None),
            }
        )
        names, styles = Names(), Styles(book=book, report=report)
        about = names.make(_("About"))
        facts = [one for one in report.blocks if isinstance(one, Facts)]
        told = [one for one in report.blocks if isinstance(one, Heading | Paragraph | Note)]
        facts_name = names.make(_("Facts")) if facts else ""
        words_name = names.make(_("In words")) if told else ""
        sheets = [Sheet(names.make(table.name), table.title, table, figure) for table, figure in tables]
        contents = [(facts_name, _("Facts")), (words_name, _("In words"))]
        contents += [(one.name, one.title) for one in sheets]
        _write_about(styles, about, [line for line in contents if line[0]])
        if facts_name:
            _write_facts(styles, facts_name, report.blocks)
        if words_name:
            _write_words(styles, words_name, told)
        for one in sheets:
            sheet = add_sheet(styles, one.name, one.title)
            write_table(
                styles, sheet, one.table, name=one.name, figure=one.figure, is_long=is_long, home=about
            )


def _tables(report: Report) -> Iterator[tuple[Table, Figure | None]]:
    """Each table, called as the heading above it where it has no name of its own."""
    section = report.title
    for block in report.blocks:
        if isinstance(block, Heading):
            section = block.text
        table = table_of(block)
        if table is not None:
            named = table if table.title else replace(table, title=section)
            yield named, block if isinstance(block, Figure) else None


def add_sheet(styles: Styles, name: str, title: str, *, is_landscape: bool = True) -> Any:
    """A sheet with the marking above and below each printed page, in the document's direction of reading."""
    sheet = styles.book.add_worksheet(name)
    marking = _for_print(styles.report.marking)
    sheet.set_header(f'&C&"-,Bold"{marking}')
    sheet.set_footer(f'&L&8{_for_print(title)[:60]}&C&"-,Bold"{marking}&R&8&P / &N')
    sheet.set_paper(9)  # A4
    sheet.fit_to_pages(1, 0)
    sheet.set_margins(left=0.5, right=0.5, top=0.75, bottom=0.75)
    if is_landscape:
        sheet.set_landscape()
    if styles.is_rtl:
        sheet.right_to_left()
    return sheet


def _for_print(text: str) -> str:
    """Words of a header or footer, in which an ampersand begins a command."""
    return cleaned(text)[:100].replace("&", "&&")


def _write_about(styles: Styles, name: str, contents: list[tuple[str, str]]) -> None:
    report = styles.report
    sheet = add_sheet(styles, name, report.title, is_landscape=False)
    sheet.set_column(0, 0, 26)
    sheet.set_column(1, 1, 90)
    sheet.hide_gridlines(2)
    sheet.write_string(0, 0, cleaned(report.title), styles.title(bold=True, font_size=16))
    sheet.write_string(1, 0, cleaned(report.subtitle), styles.title(font_color="#4A5568"))
    line = 3
    missing = Cell(_("An empty cell was not reported or could not be computed; it is never zero."))
    for label, cell in [*about_lines(report), (_("Missing"), missing)]:
        set_height(sheet, line, (label, cell.text), (26, 90))
        sheet.write_string(line, 0, cleaned(label), styles.label)
        sheet.write_string(line, 1, cleaned(cell.text), styles.of_text(cell.text))
        line += 1
    line += 1
    sheet.write_string(line, 0, _("Contents"), styles.label)
    link = styles.make(font_color="#1B4F9C", underline=1, **styles.reading)
    for target, title in contents:
        sheet.write_url(line, 1, f"internal:'{target}'!A1", link, cleaned(title)[:250] or target)
        line += 1


def _write_facts(styles: Styles, name: str, blocks: Iterable[object]) -> None:
    """Every pair of the document, each beside the heading under which it stands."""
    sheet = add_sheet(styles, name, _("Facts"), is_landscape=False)
    sheet.set_column(0, 0, 34)
    sheet.set_column(1, 1, 44)
    sheet.set_column(2, 2, 40)
    for place, label in enumerate((_("Fact"), _("Value"), _("Section"))):
        sheet.write_string(0, place, label, styles.header)
    sheet.freeze_panes(1, 0)
    sheet.repeat_rows(0)
    line, section = 0, ""
    for block in blocks:
        if isinstance(block, Heading):
            section = block.text
        if not isinstance(block, Facts):
            continue
        for label, cell in block.rows:
            line += 1
            sheet.write_string(line, 0, cleaned(label), styles.label)
            set_height(sheet, line, (label, cell.text, section), (34, 44, 40))
            write_cell(styles, sheet, line, 1, cell, "", is_leading=True)
            sheet.write_string(line, 2, cleaned(section), styles.of_text(section))
    sheet.autofilter(0, 0, max(line, 1), 2)


def _write_words(styles: Styles, name: str, blocks: Iterable[Heading | Paragraph | Note]) -> None:
    """What the document says in sentences, so that nothing of it is left out here."""
    sheet = add_sheet(styles, name, _("In words"), is_landscape=False)
    sheet.set_column(0, 0, 84)
    sheet.hide_gridlines(2)
    for line, block in enumerate(blocks):
        if isinstance(block, Heading):
            style = styles.make(bold=True, font_size=max(11, 17 - 2 * block.level), **styles.reading)
            set_height(sheet, line, [block.text], [60], height=21)
        else:
            style = styles.of_text(block.text)
            set_height(sheet, line, [block.text], [84])
        sheet.write_string(line, 0, cleaned(block.text), style)
