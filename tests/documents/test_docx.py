"""Documents for Word: the words and numbers of the screen, real structure, the marking on each page."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace

import pytest
from docx import Document
from docx.oxml.ns import qn
from docx.text.paragraph import Paragraph as Paragraph_

from indicators.documents.content import Cell, Column, Facts, Heading, Paragraph, Table
from indicators.documents.docx import lies_across, write_docx
from indicators.documents.word_tables import TWIPS, column_widths
from tests.documents.scenes import (
    HOSTILE,
    a_report,
    a_row,
    a_table,
    a_whole_report,
    number,
)

ARABIC = "مراكز الحدود"


def written(report) -> bytes:
    out = io.BytesIO()
    write_docx(report, out)
    return out.getvalue()


def read(report):
    return Document(io.BytesIO(written(report)))


def a_wide_table():
    columns = (Column("Indicator", "text"), *(Column(f"Measure {one}", "number") for one in range(10)))
    rows = tuple((Cell("Posts"), *([number("12\u00a0345.5")] * 10)) for _ in range(3))
    return Table(title="Wide", columns=columns, rows=rows, name="wide")


def test_headings_captions_notes_and_tables_are_real_ones():
    document = read(a_whole_report())

    styles = [(one.style.name, one.text) for one in document.paragraphs if one.text]
    assert styles[:6] == [
        ("Title", "Programme brief"),
        ("Subtitle", "As of 31 Mar 2026"),
        ("Heading 1", "Where it stands"),
        ("Normal", "Twelve of fifteen indicators are on track."),
        ("Warning note", "Two figures are missing."),
        ("Heading 2", "Indicators"),
    ]
    assert [text for style, text in styles if style == "Heading 1"][-1] == "About this document"
    assert [text.split(":")[1] for style, text in styles if style == "Caption"] == [
        " Indicators", " Values of NMI-01", " Values of NMI-01",
    ]  # fmt: skip
    assert {one.style.name for one in document.tables} == {"Report table"}


def test_a_table_says_what_the_screen_says_and_repeats_its_header():
    table = read(a_whole_report()).tables[1]

    assert [cell.text for cell in table.rows[0].cells] == [
        "Indicator",
        "Value",
        "Achievement",
        "As of",
        "Status",
    ]
    assert [cell.text for cell in table.rows[2].cells] == [
        "Staff", "12\u00a0345", "50.0\u00a0%", "31 Mar 2026", "At risk",
    ]  # fmt: skip
    repeated = [row._tr.trPr.find(qn("w:tblHeader")) is not None for row in table.rows]
    assert repeated == [True, False, False, False]


def a_long_report(**given):
    """Seven headings with the one at the end, on three levels."""
    blocks = []
    for part in range(1, 4):
        blocks += [Heading(f"Part {part}", 1), Heading(f"Detail {part}", part), Paragraph("Words.")]
    return a_report(*blocks, **given)


def contents_of(document):
    """The entries of the contents: text, style, where the link leads."""
    (block,) = document.element.body.findall(qn("w:sdt"))
    found = [Paragraph_(one, document) for one in block.iter(qn("w:p"))]
    return [
        ("".join(run.text for run in link.iter(qn("w:t"))), one.style.name, link.get(qn("w:anchor")))
        for one in found[1:]
        for link in one._p.findall(qn("w:hyperlink"))
    ]


def test_many_headings_get_contents_that_lead_to_each_of_them():
    document = read(a_long_report())

    headings = [one for one in document.paragraphs if one.style.name.startswith("Heading")]
    entries = contents_of(document)
    assert [text for text, _style, _anchor in entries] == [one.text for one in headings]
    assert [style[-1] for _text, style, _anchor in entries] == [one.style.name[-1] for one in headings]
    marks = [one._p.find(qn("w:bookmarkStart")) for one in headings]
    assert [anchor for _text, _style, anchor in entries] == [one.get(qn("w:name")) for one in marks]
    assert len({one.get(qn("w:id")) for one in marks}) == len(marks) == 7
    assert document.element.body[2].tag == qn("w:sdt")  # behind title and subtitle


def test_the_contents_are_a_field_that_word_can_fill_anew():
    (block,) = read(a_long_report()).element.body.findall(qn("w:sdt"))

    assert block.find(".//" + qn("w:docPartGallery")).get(qn("w:val")) == "Table of Contents"
    assert [one.text.strip() for one in block.iter(qn("w:instrText"))] == ['TOC \\o "1-3" \\h \\z \\u']
    kinds = [one.get(qn("w:fldCharType")) for one in block.iter(qn("w:fldChar"))]
    assert kinds == ["begin", "separate", "end"]
    title = Paragraph_(next(block.iter(qn("w:p"))), None)
    assert title.text == "Contents"
    assert title._p.pPr.pStyle.val == "TOCHeading"


def test_a_report_of_few_headings_has_no_contents():
    few = a_report(*[Heading(f"Part {part}", 1) for part in range(5)])

    assert read(few).element.body.findall(qn("w:sdt")) == []
    assert read(a_report(*few.blocks, Heading("One more", 1))).element.body.findall(qn("w:sdt")) != []


def test_contents_in_arabic_read_from_the_right_and_hostile_headings_stay_text():
    document = read(a_report(*[Heading(ARABIC, 1)] * 6, Heading(HOSTILE[1], 2), language="ar", title=ARABIC))

    entries = contents_of(document)
    assert len(entries) == 8
    assert entries[6][0] == next(one.text for one in document.paragraphs if one.style.name == "Heading 2")
    assert document.styles["toc 1"].element.pPr.find(qn("w:bidi")) is not None
    (block,) = document.element.body.findall(qn("w:sdt"))
    link = next(block.iter(qn("w:hyperlink")))
    assert link.find(qn("w:r")).rPr.find(qn("w:rtl")) is not None


def test_the_marking_and_the_page_stand_on_each_page():
    section = read(a_whole_report()).sections[0]

    assert section.header.paragraphs[0].text == "NATO UNCLASSIFIED · Illustrative data"
    assert section.footer.paragraphs[0].text == "NATO UNCLASSIFIED · Illustrative data"
    fields = [one.get(qn("w:instr")) for one in section.footer._element.iter(qn("w:fldSimple"))]
    assert fields == ["PAGE", "NUMPAGES"]


def test_a_drawing_is_there_as_svg_with_an_image_for_older_readers_and_words_for_who_does_not_see():
    data = written(a_whole_report())

    with zipfile.ZipFile(io.BytesIO(data)) as package:
        names = package.namelist()
        assert "word/media/drawing1.svg" in names
        (image,) = [name for name in names if name.endswith(".png")]
        assert package.read(image).startswith(b"\x89PNG")
        text = package.read("word/document.xml").decode()
    assert "svgBlip" in text
    assert 'descr="Values of NMI-01. From 4 in March to 12 in December 2025."' in text


def test_arabic_reads_from_right_to_left_and_days_keep_their_order():
    document = read(
        a_report(
            Heading(ARABIC, 1), Paragraph("31 Mar 2026"), a_table(a_row(ARABIC)), language="ar", title=ARABIC
        )
    )

    assert document.styles["Normal"].element.pPr.find(qn("w:bidi")) is not None
    heading = next(one for one in document.paragraphs if one.text == ARABIC and one.style.name == "Heading 1")
    assert heading.runs[0]._r.rPr.find(qn("w:rtl")) is not None
    day = next(one for one in document.paragraphs if one.text == "31 Mar 2026")
    assert day._p.pPr.find(qn("w:bidi")).get(qn("w:val")) == "0"
    assert document.tables[0]._tbl.tblPr.find(qn("w:bidiVisual")) is not None
    languages = {one.get(qn("w:bidi")) for one in document.styles.element.iter(qn("w:lang"))}
    assert languages == {"ar-SA"}


def test_a_document_says_its_language_and_arabic_words_theirs():
    document = read(replace(a_whole_report("fr"), blocks=(Paragraph(ARABIC),)))

    assert {one.get(qn("w:val")) for one in document.styles.element.iter(qn("w:lang"))} == {"fr-FR"}
    run = next(one for one in document.paragraphs if one.text == ARABIC).runs[0]
    assert run._r.rPr.find(qn("w:lang")).get(qn("w:bidi")) == "ar-SA"
    assert document.styles["Normal"].element.pPr.find(qn("w:bidi")) is None


def test_a_sentence_reads_from_the_side_of_most_of_its_letters():
    said = f"Stands on 25 {ARABIC} 2026, and more."
    document = read(a_report(Paragraph(said), Paragraph(f"25 {ARABIC} (NMI)"), language="ar"))

    latin = next(one for one in document.paragraphs if one.text == said)
    assert latin._p.pPr.find(qn("w:bidi")).get(qn("w:val")) == "0"
    assert [run.text for run in latin.runs if run._r.rPr is not None] == [ARABIC]
    arabic = next(one for one in document.paragraphs if one.text.endswith("(NMI)"))
    assert arabic._p.pPr.find(qn("w:bidi")) is None
    assert len(arabic.runs) == 1


def test_a_wide_table_lies_across_with_the_heading_that_leads_to_it():
    blocks = (
        Heading("One", 1),
        Paragraph("text"),
        Heading("Two", 1),
        Heading("Wide", 2),
        Paragraph("lead"),
        a_wide_table(),
        Heading("Three", 1),
    )
    assert lies_across(blocks) == [False, False, True, True, True, True, False]

    widths = [section.page_width > section.page_height for section in read(a_report(*blocks)).sections]
    assert widths == [False, True, False]


def test_columns_fill_the_page_and_leave_room_for_their_words():
    for table in (a_table(a_row("Posts")), a_wide_table(), a_table(a_row("word " * 400))):
        total = round(170 * TWIPS)
        assert abs(sum(column_widths(table, total)) - total) <= len(table.columns)
        assert min(column_widths(table, total)) > 400


@pytest.mark.parametrize("text", [*HOSTILE, "<w:p>&amp;</w:p>", "a\nb", "\x01\x1f\ufffe", "]]>", "\ud800x"])
def test_any_text_stays_text(text):
    document = read(
        a_report(
            Paragraph(text), Facts(((text, Cell(text)),)), a_table(a_row(text)), title=text, marking=text
        )
    )

    kept = "".join(one for one in text if one in "\n\t\r" or (one >= " " and one not in "\ufffe\ud800"))
    assert document.tables[1].rows[1].cells[0].text == kept.replace("\r", "\n")


def test_nobodys_name_and_no_macro_is_in_the_document():
    data = written(a_whole_report())
    properties = Document(io.BytesIO(data)).core_properties

    assert (properties.author, properties.last_modified_by) == ("", "")
    assert (properties.title, properties.comments) == ("Programme brief", "NATO UNCLASSIFIED")
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        assert not [name for name in package.namelist() if "vba" in name.lower() or "macro" in name.lower()]


PARAGRAPH = [
    "pStyle",
    "keepNext",
    "keepLines",
    "pageBreakBefore",
    "framePr",
    "widowControl",
    "numPr",
    "suppressLineNumbers",
    "pBdr",
    "shd",
    "tabs",
    "suppressAutoHyphens",
    "kinsoku",
    "wordWrap",
    "overflowPunct",
    "topLinePunct",
    "autoSpaceDE",
    "autoSpaceDN",
    "bidi",
    "adjustRightInd",
    "snapToGrid",
    "spacing",
    "ind",
    "contextualSpacing",
    "mirrorIndents",
    "suppressOverlap",
    "jc",
    "textDirection",
    "textAlignment",
    "textboxTightWrap",
    "outlineLvl",
    "divId",
    "cnfStyle",
    "rPr",
    "sectPr",
    "pPrChange",
]
RUN = [
    "rStyle",
    "rFonts",
    "b",
    "bCs",
    "i",
    "iCs",
    "caps",
    "smallCaps",
    "strike",
    "dstrike",
    "outline",
    "shadow",
    "emboss",
    "imprint",
    "noProof",
    "snapToGrid",
    "vanish",
    "webHidden",
    "color",
    "spacing",
    "w",
    "kern",
    "position",
    "sz",
    "szCs",
    "highlight",
    "u",
    "effect",
    "bdr",
    "shd",
    "fitText",
    "vertAlign",
    "rtl",
    "cs",
    "em",
    "lang",
    "eastAsianLayout",
]


@pytest.mark.parametrize("language", ["en", "ar"])
def test_what_word_wants_in_an_order_stands_in_it(language):
    """Word calls a file damaged whose elements stand in another order than the schema's (ECMA-376, 17.3)."""
    document = read(a_whole_report(language))
    section = document.sections[0]

    for root in (document.styles.element, document.element, section.header._element, section.footer._element):
        for name, order in (("w:pPr", PARAGRAPH), ("w:rPr", RUN)):
            for found in root.iter(qn(name)):
                places = [order.index(one.tag.partition("}")[2]) for one in found]
                assert places == sorted(places), [one.tag for one in found]
