"""The PDF of a report, read back: its texts word for word, its tags, its faces, its marking on each page."""

from __future__ import annotations

import io
import re
from decimal import Decimal

import pytest
from pypdf import PdfReader

from indicators.documents.content import Cell, Column, Facts, Figure, Heading, Note, Paragraph, Table
from indicators.documents.pdf import NEWEST_ROWS, write_pdf
from tests.documents import scenes as make

MARKUP = (
    '#panic("read as code")',
    "*bold* _soft_ `raw` $x^2$ <label> @reference",
    "= heading\n- point\n/ term: said",
    '\\u{41} \\ " // no comment /* nor this */ ~ ---',
    '#import "/etc/passwd": x; #read("report.json")',
    "]]} )) #{ let x = 1 } #[",
)


def pdf_of(report):
    out = io.BytesIO()
    write_pdf(report, out)
    return out.getvalue()


def read(report):
    return PdfReader(io.BytesIO(pdf_of(report)))


def bare(text):
    """Without spaces: where a line is broken makes no difference."""
    return "".join(text.split())


def said(reader):
    return bare("".join(page.extract_text() for page in reader.pages))


def test_it_says_what_the_report_says():
    report = make.a_whole_report()
    text = said(read(report))

    for block in report.blocks:
        match block:
            case Heading() | Paragraph() | Note():
                assert bare(block.text) in text
            case Facts():
                assert all(bare(name) in text and bare(cell.text) in text for name, cell in block.rows)
            case Table():
                assert all(bare("".join(cell.text for cell in row)) in text for row in block.rows)
            case Figure():
                assert bare(block.title) in text
                assert bare(block.summary) in text
    assert bare("Inputs (hash) a1b2c3d4e5f6") in text
    assert bare("Illustrative data") in text


def test_it_can_be_read_aloud():
    reader = read(make.a_whole_report())
    root = reader.trailer["/Root"]

    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "en"
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert reader.metadata.title == "Programme brief"
    assert re.search(rb"pdfuaid:part[>=\"' ]*1", root["/Metadata"].get_data())
    kinds = set(kinds_of(root["/StructTreeRoot"]))
    assert {"/H1", "/H2", "/P", "/Table", "/TR", "/TH", "/TD", "/Figure"} <= kinds
    assert list(alternatives(root["/StructTreeRoot"])) == ["From 4 in March to 12 in December 2025."]


def elements(node):
    """The elements of the tags, depth first."""
    node = node.get_object()
    if isinstance(node, list):
        for one in node:
            yield from elements(one)
    elif isinstance(node, dict):
        yield node
        if "/K" in node:
            yield from elements(node["/K"])


def kinds_of(tree):
    return [one["/S"] for one in elements(tree) if "/S" in one]


def alternatives(tree):
    return dict.fromkeys(str(one["/Alt"]) for one in elements(tree) if "/Alt" in one)


def test_texts_are_never_read_as_markup():
    cells = tuple((Cell(text), Cell(text), Cell(text)) for text in MARKUP)
    columns = (Column(MARKUP[0], "text"), Column("Status", "status"), Column(MARKUP[1], "number"))
    report = make.a_report(
        *(Paragraph(text) for text in MARKUP),
        *(Note(text, "warning") for text in MARKUP),
        Heading(MARKUP[0], 1),
        Table(title=MARKUP[1], columns=columns, rows=cells, name="hostile"),
        title=MARKUP[0],
        marking=MARKUP[1],
    )
    text = said(read(report))

    for one in MARKUP:
        assert text.count(bare(one)) >= 5, one


def test_control_characters_and_lone_surrogates_are_left_out():
    assert bare("begin end") in said(read(make.a_report(Paragraph("begin\x00\x0b\x1f\ud800 end"))))


def test_each_page_carries_marking_number_and_the_head_of_its_table():
    rows = tuple(make.a_row(f"Indicator {number}") for number in range(150))
    marking = "NATO UNCLASSIFIED · Releasable to Kuwait"
    reader = read(make.a_report(make.a_table(*rows), marking=marking))
    pages = [bare(page.extract_text()) for page in reader.pages]

    assert len(pages) > 3
    for number, page in enumerate(pages, start=1):
        assert page.count(bare(marking)) == 2
        assert f"Page{number}of{len(pages)}" in page
        assert bare("Illustrative data") in page
        assert bare("Inputs (hash) a1b2c3d4e5f6") in page
    for page in pages[:-1]:
        assert bare("Indicator Value Achievement As of Status") in page


def test_arabic_is_joined_and_reads_from_the_right():
    sentence = "المؤشرات على المسار الصحيح في الربع الأول"
    reader = read(make.a_report(Paragraph(sentence), language="ar", title="تقرير البرنامج"))

    assert reader.trailer["/Root"]["/Lang"] == "ar"
    assert reader.metadata.title == "تقرير البرنامج"
    shown = drawn_letters(reader.pages[0], "ا", "ل", "م")
    assert len(shown) > 3  # one letter has several forms: joined, not set one by one
    text = reader.pages[0].extract_text()
    assert all(word in text or word[::-1] in text for word in sentence.split())
    assert faces(reader) >= {"NotoNaskhArabic"}


def drawn_letters(page, *letters):
    """How many glyphs the Arabic face of a page holds."""
    fonts = page["/Resources"]["/Font"]
    found = set()
    for font in fonts.values():
        font = font.get_object()
        if "Arabic" in font["/BaseFont"]:
            cmap = font["/ToUnicode"].get_data().decode("latin-1")
            found |= set(re.findall(r"<[0-9a-fA-F]{4}> ?<[0-9a-fA-F]+>", cmap))
    return found


def faces(reader):
    names = set()
    for page in reader.pages:
        for font in page["/Resources"].get("/Font", {}).values():
            names.add(str(font.get_object()["/BaseFont"]).partition("+")[2].partition("-")[0])
    return names


def test_only_the_faces_of_the_application_are_used():
    signs = "−0.08 → 3 ≤ 5 ± 1 × 2 ✓ λ Ж Ω “é” 汉"
    reader = read(make.a_report(Paragraph(signs)))

    assert faces(reader) <= {"NotoSans", "NotoSansMath", "NotoSansSymbols2", "NotoNaskhArabic"}
    assert bare("−0.08 → 3 ≤ 5 ± 1 × 2 ✓ λ Ж Ω “é”") in said(reader)


@pytest.mark.parametrize("language", ["en", "fr", "ar"])
def test_the_same_report_gives_the_same_bytes(language):
    report = make.a_whole_report(language)

    assert pdf_of(report) == pdf_of(report)


def test_a_very_long_word_stays_on_the_page():
    report = make.a_report(make.a_table(make.a_row("x" * 300), make.a_row("y")), Paragraph("z" * 500))
    reader = read(report)

    text = said(reader)
    assert text.count("x") >= 300
    assert text.count("z") >= 500


def test_a_long_table_behind_a_chart_shows_its_newest_rows_and_says_so():
    rows = tuple((Cell(f"2020-{number:03}"), Cell(str(number), Decimal(number))) for number in range(60))
    columns = (Column("Period", "text"), Column("Value", "number"))
    table = Table(title="", columns=columns, rows=rows, name="values")
    text = said(read(make.a_report(Figure("A chart", make.SVG, "It rises.", table))))

    assert bare(f"The last {NEWEST_ROWS} of 60 rows; the spreadsheet of this report has all of them.") in text
    assert "2020-059" in text
    assert "2020-010" not in text


def test_a_report_of_nothing_is_a_page():
    assert len(read(make.a_report()).pages) == 1


def test_headings_never_skip_a_level():
    report = make.a_report(Heading("Deep", 3), Heading("Top", 1), Heading("Deep again", 3))

    assert [
        one for one in kinds_of(read(report).trailer["/Root"]["/StructTreeRoot"]) if one.startswith("/H")
    ] == [
        "/H1",
        "/H1",
        "/H2",
        "/H1",  # the sources
    ]
