"""The table of contents of a Word document: a field of Word that is filled already, so that any reader shows it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import nsdecls, qn

MOST_WITHOUT = 6
"""So many headings are found without a table of contents."""
LEVELS = (1, 2, 3)
FIELD = ' TOC \\o "1-3" \\h \\z \\u '
"""Headings of three levels as links; what Word makes of it when it counts again, with page numbers."""


def anchor(number: int) -> str:
    """The bookmark of the heading with this number, named as Word names its own."""
    return f"_Toc{number:08d}"


def mark(heading: Any, number: int) -> None:
    """Make the paragraph of a heading a place that the contents lead to."""
    begin = parse_xml(f'<w:bookmarkStart {nsdecls("w")} w:id="{number}" w:name="{anchor(number)}"/>')
    end = parse_xml(f'<w:bookmarkEnd {nsdecls("w")} w:id="{number}"/>')
    first = heading._p.find(qn("w:r"))
    if first is None:
        heading._p.append(begin)
    else:
        first.addprevious(begin)
    heading._p.append(end)


def contents_xml(title: Any, entries: Sequence[Any]) -> Any:
    """The paragraphs of title and entries as one block that Word knows as its table of contents.

    Args:
        title: paragraph above the entries.
        entries: one paragraph for each heading, in their order, numbered from 1; page numbers come when Word counts.
    """
    for number, entry in enumerate(entries, start=1):
        _make_link(entry._p, anchor(number))
    begin, end = entries[0]._p, entries[-1]._p
    place = begin.find(qn("w:hyperlink"))
    for element in _field_opening():
        place.addprevious(element)
    end.append(_run('<w:fldChar w:fldCharType="end"/>'))
    block = parse_xml(
        f"""<w:sdt {nsdecls("w")}><w:sdtPr><w:docPartObj><w:docPartGallery w:val="Table of Contents"/>
<w:docPartUnique/></w:docPartObj></w:sdtPr><w:sdtContent/></w:sdt>"""
    )
    content = block.find(qn("w:sdtContent"))
    for paragraph in (title, *entries):
        content.append(paragraph._p)
    return block


def _make_link(paragraph: Any, to: str) -> None:
    link = OxmlElement("w:hyperlink")
    link.set(qn("w:anchor"), to)
    link.set(qn("w:history"), "1")
    for run in paragraph.findall(qn("w:r")):
        link.append(run)
    paragraph.append(link)


def _field_opening() -> list[Any]:
    instruction = FIELD.replace('"', "&quot;")
    return [
        _run('<w:fldChar w:fldCharType="begin"/>'),
        _run(f'<w:instrText xml:space="preserve">{instruction}</w:instrText>'),
        _run('<w:fldChar w:fldCharType="separate"/>'),
    ]


def _run(inside: str) -> Any:
    return parse_xml(f"<w:r {nsdecls('w')}>{inside}</w:r>")
