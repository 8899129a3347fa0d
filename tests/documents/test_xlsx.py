"""Documents as workbooks: numbers as numbers that read as on the screen, and nothing in them that runs."""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from lxml import etree
from python_calamine import CalamineWorkbook

from indicators.documents import xlsx
from indicators.documents.content import Cell, Column, Heading, Table
from indicators.documents.numerals import number_format
from indicators.documents.xlsx import Names, write_xlsx
from tests.documents.scenes import (
    HOSTILE,
    a_report,
    a_row,
    a_table,
    a_whole_report,
    number,
)

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def written(report) -> bytes:
    out = io.BytesIO()
    write_xlsx(report, out)
    return out.getvalue()


def sheets(data: bytes) -> dict[str, list[list[object]]]:
    book = CalamineWorkbook.from_filelike(io.BytesIO(data))
    return {name: book.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in book.sheet_names}


def parts(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as book:
        return {name: book.read(name) for name in book.namelist()}


@pytest.mark.parametrize(
    ("text", "value", "expected"),
    [
        ("12\u00a0345", "12345", "#,##0"),
        ("1234.5", "1234.5", "0.0"),
        ("\u22123.20", "-3.2", "0.00"),
        ("91.7\u00a0%", "0.91663", "0.0 %"),
        ("42%", "0.42", "0%"),
        ("52\u00a0%", "52.04", '0" %"'),
        ("0.5 %", "0.5", '0.0" %"'),
        ("+3.2 points", "3.21", '+0.0" points";-0.0" points";0.0" points"'),
        ("≈ 5 km", "5", '"≈ "0" km"'),
        ("48.80 (26.65 … 62.00)", "48.7986", '0.00" (26.65 … 62.00)"'),
        ("18/58", "0.31", "General"),
        ("3 of 4 reported", "0.75", "General"),
        ("12", "13", "General"),
        ("none", "0", "General"),
    ],
)
def test_a_number_is_formatted_to_read_as_on_the_screen(text, value, expected):
    assert number_format(text, Decimal(value)) == expected


def test_numbers_days_and_words_keep_their_kind():
    rows = sheets(written(a_whole_report()))["indicators"]

    header = rows.index(["Indicator", "Value", "Achievement", "As of", "Status"])
    assert rows[header + 1] == ["Posts", 12.5, 0.9166, date(2026, 3, 31), "On track"]
    assert rows[header + 2][1] == 12345.0
    assert rows[header + 3][1:3] == [0.0, 0.0]


def test_what_is_missing_stays_empty_or_says_why_and_is_never_zero():
    row = (
        Cell("Posts"),
        Cell("\N{EN DASH}"),
        Cell("not enough data"),
        Cell("\N{EM DASH}"),
        Cell("Not assessable"),
    )
    rows = sheets(written(a_report(a_table(row, a_row("Staff")))))["indicators"]

    assert rows[-2] == ["Posts", "", "not enough data", "", "Not assessable"]


def test_each_sheet_says_its_marking_and_the_first_what_the_document_is():
    data = written(a_whole_report())
    found, files = sheets(data), parts(data)

    assert list(found) == ["About", "Facts", "In words", "indicators", "values"]
    about = {row[0]: row[1] for row in found["About"] if row[0]}
    assert about["Marking"] == "NATO UNCLASSIFIED"
    assert about["Kind of data"] == "Illustrative data"
    assert about["Made at"] == "2026-03-31 09:30 UTC"
    assert about["Fingerprint of the figures"] == "a1b2c3d4e5f6"
    assert about["Source"] == "Figures approved up to 31 Mar 2026"
    assert "Indicators" in [row[1] for row in found["About"]]
    assert found["Facts"][2] == ["Achievement", 0.9166, "Where it stands"]
    assert ["Two figures are missing."] in found["In words"]
    for number_of_sheet in range(1, 6):
        sheet = etree.fromstring(files[f"xl/worksheets/sheet{number_of_sheet}.xml"])
        printed = sheet.find(f"{MAIN}headerFooter")
        assert "NATO UNCLASSIFIED" in printed.find(f"{MAIN}oddHeader").text
        assert "NATO UNCLASSIFIED" in printed.find(f"{MAIN}oddFooter").text
        assert sheet.find(f"{MAIN}pageSetup").get("fitToHeight") == "0"
    assert found["indicators"][1][0] == "NATO UNCLASSIFIED · Illustrative data"


def test_a_table_is_excels_own_with_its_header_frozen_and_repeated():
    files = parts(written(a_whole_report()))

    table = etree.fromstring(files["xl/tables/table1.xml"])
    assert table.get("ref") == "A5:E8"
    assert table.find(f"{MAIN}autoFilter") is not None
    assert table.find(f"{MAIN}tableStyleInfo").get("showRowStripes") == "1"
    sheet = etree.fromstring(files["xl/worksheets/sheet4.xml"])
    pane = sheet.find(f"{MAIN}sheetViews/{MAIN}sheetView/{MAIN}pane")
    assert (pane.get("state"), pane.get("ySplit"), pane.get("xSplit")) == ("frozen", "5", "1")
    assert sheet.find(f"{MAIN}pageSetup").get("orientation") == "landscape"
    assert (
        b"'indicators'!$5:$5" in files["xl/workbook.xml"] or b"indicators!$5:$5" in files["xl/workbook.xml"]
    )


def test_a_line_is_drawn_by_excel_from_the_cells_of_its_table():
    files = parts(written(a_whole_report()))

    chart = files["xl/charts/chart1.xml"].decode()
    assert "<c:lineChart>" in chart
    assert "values!$A$6:$A$9" in chart
    assert "values!$B$6:$B$9" in chart
    assert "From 4 in March to 12 in December 2025." in files["xl/drawings/drawing1.xml"].decode()


def test_a_total_is_live_and_says_the_same():
    columns = (Column("Country", "text"), Column("Courses", "number"), Column("Mean", "number"))
    rows = (
        (Cell("IRQ"), number("12"), number("4.5")),
        (Cell("JOR"), number("30"), number("5")),
        (Cell("Total"), number("42"), number("4.86")),
    )
    data = written(a_report(a_table(*rows, columns=columns)))

    assert sheets(data)["indicators"][-1] == ["Total", 42.0, 4.86]
    sheet = parts(data)["xl/worksheets/sheet2.xml"].decode()
    assert re.findall(r"<f>(.*?)</f><v>(.*?)</v>", sheet) == [("SUM(B6:B7)", "42.0")]


def test_a_last_row_that_is_no_sum_gets_no_formula():
    columns = (Column("Country", "text"), Column("Courses", "number"))
    rows = ((Cell("IRQ"), number("12")), (Cell("JOR"), Cell("\N{EN DASH}")), (Cell("Total"), number("12")))

    assert b"<f>" not in parts(written(a_report(a_table(*rows, columns=columns))))["xl/worksheets/sheet2.xml"]


@pytest.mark.parametrize("is_long", [False, True])
def test_no_text_becomes_a_formula_or_a_link(monkeypatch, is_long):
    if is_long:
        monkeypatch.setattr(xlsx, "MOST_CELLS", 0)
    table = Table(
        title="=1+1",
        columns=(Column("=Evil()", "text"), Column("@SUM(A1)", "status")),
        rows=tuple((Cell(text), Cell(text)) for text in HOSTILE),
        name="=cmd",
    )
    data = written(a_report(Heading("=1+1", 1), table, title="=EVIL()", marking="&C=1 & \x00"))

    for name, part in parts(data).items():
        assert b"<f>" not in part, name
        assert b"<f " not in part, name
        assert b"externalLink" not in part, name
        assert b"TargetMode" not in part, name
    rows = sheets(data)["=cmd"]
    assert rows[0][0] == "=1+1"
    assert [row[0] for row in rows[5:]] == [text.replace("\x00", "") for text in HOSTILE]
    assert b'quotePrefix="1"' in parts(data)["xl/styles.xml"]


def test_a_long_table_is_written_row_by_row_with_a_filter(monkeypatch):
    short = sheets(written(a_whole_report()))
    monkeypatch.setattr(xlsx, "MOST_CELLS", 10)
    data = written(a_whole_report())

    assert sheets(data) == short
    assert not [name for name in parts(data) if name.startswith("xl/tables/")]
    assert b"<autoFilter ref" in parts(data)["xl/worksheets/sheet4.xml"]


def test_arabic_sheets_read_from_right_to_left():
    files = parts(written(a_whole_report("ar")))

    for name in [one for one in files if one.startswith("xl/worksheets/sheet")]:
        assert b'rightToLeft="1"' in files[name], name
    assert b'rightToLeft="1"' not in parts(written(a_whole_report()))["xl/worksheets/sheet1.xml"]


def test_sheets_and_columns_of_one_name_are_told_apart():
    names = Names()
    assert [names.make(one) for one in ("a", "A", "History", "x" * 40, "x" * 40, "[a]:b", "")] == [
        "a", "A 2", "History 2", "x" * 31, "x" * 29 + " 2", "a  b", "Table",
    ]  # fmt: skip
    twice = replace(
        a_table(columns=(Column("On", "text"), Column("on", "text"), Column(" ", "text"))), rows=()
    )
    rows = sheets(written(a_report(twice, twice)))
    assert rows["indicators"][4] == ["On", "on (2)", "Column"]
    assert "indicators 2" in rows


def test_nobodys_name_is_in_the_workbook():
    core = parts(written(a_whole_report()))["docProps/core.xml"].decode()

    assert re.search(r"<dc:creator>(?!</dc:creator>)", core) is None
    assert "<dc:title>Programme brief</dc:title>" in core
    assert "2026-03-31T09:30:00Z" in core
