"""Files as others write them: encodings, awkward sheets, tags, wide tables,
other systems. Nothing silently changed."""

import io
import json
import os
import zipfile
from datetime import date
from pathlib import Path

import pytest

from indicators.entry.importing import actions, files
from indicators.entry.importing.periods import first_day
from indicators.models import ImportRow, Observation
from tests.entry.import_scenes import FileScene, kinds_of, lines, problems_of, workbook
from tests.entry.scenes import log_in
from tests.factories import AT, make_indicator, make_version

pytestmark = pytest.mark.django_db
REAL = Path(os.environ.get("REAL_DATA", "/work/shared/data"))


@pytest.fixture
def scene():
    return FileScene()


def real(name):
    path = REAL / name
    if not path.exists():
        pytest.skip(f"no {path}: REAL_DATA names the folder of published files")
    return path.read_bytes()


# --- Text --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_what_says_its_encoding_is_read_at_once(scene, encoding):
    made = scene.send(lines("BS-01,2025 Q3,BSR,30,60,تم التفتيش").encode(encoding))

    assert kinds_of(made) == {"new": 1}
    assert ImportRow.objects.get().comment == "تم التفتيش"


@pytest.mark.parametrize(
    ("encoding", "comment"), [("cp1256", "تم التفتيش في الموقع"), ("cp1252", "Vérifié à Bassora, été")]
)
def test_what_does_not_say_its_encoding_is_asked_about(scene, encoding, comment):
    made = scene.send(lines(f'BS-01,2025 Q3,BSR,30,60,"{comment}"').encode(encoding))

    assert (made.state, made.layout["encoding"], made.preview["is_certain"]) == ("mapping", encoding, False)
    assert comment in made.preview["lines"][1][1]
    assert kinds_of(scene.confirm(made)) == {"new": 1}
    assert ImportRow.objects.get().comment == comment


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_sign_between_columns_is_found(scene, delimiter):
    made = scene.send(lines("BS-01,2025 Q3,BSR,30,60,").replace(",", delimiter))
    assert kinds_of(made) == {"new": 1}


SPELLINGS = {
    "NA": "number", "null": "number", "TRUE": "number", "1e5": "exponent", "1,5": "decimal point",
    "1,500": "decimal point",
    "1.500,5": "decimal point", "1 500": "number", "NaN": "number", "inf": "number", "0x10": "number",
    "1_000": "number",
    "12254,1": "decimal point", "1٬500": "decimal point", "½": "number", "1.1234567": "decimals", "9" * 19: "digits",
    "--1": "number", "1.2.3": "number", "$5": "number", "5 persons": "number", "#REF!": "number", "=1+1": "number",
    "not reported": "number", "5%": "number", "１２": "number",
}  # fmt: skip


@pytest.mark.parametrize("text", SPELLINGS)
def test_b9_what_is_no_plain_number_is_refused_and_never_changed(scene, text):
    made = scene.send(f'indicator,period,value\nCT-02,2025 Q3,"{text}"\n')

    ((row, column, message),) = problems_of(made)
    assert (row, column) == (2, "value")
    assert SPELLINGS[text] in message


@pytest.mark.parametrize(
    ("text", "value"),
    [("007", 7), ("-0", 0), ("+5", 5), ("٣٫٥", 3.5), ("۱۲", 12), ("30.000000", 30), ("0", 0)],
)
def test_b9_what_is_a_plain_number_is_kept(scene, text, value):
    made = scene.send(f"indicator,period,value\nCT-02,2025 Q3,{text}\n")
    assert ImportRow.objects.get(file_import=made).value == value


def test_b9_the_country_code_na_is_a_word(scene):
    made = scene.apply(scene.send(lines("BS-01,2025 Q3,NA,30,60,NA")))

    assert made.state == "applied"
    kept = Observation.objects.get()
    assert (kept.unit.code, kept.comment) == ("NA", "NA")


@pytest.mark.parametrize(
    ("day", "order"),
    [("30/09/2025", "dmy"), ("09/30/2025", "mdy"), ("45930", "serial1900"), ("44468", "serial1904")],
)
def test_b9_days_are_read_in_the_order_that_somebody_confirmed(scene, day, order):
    made = scene.send(f"indicator,period,value,as_of\nCT-02,2025 Q3,5,{day}\n")
    if made.state == "checked":
        assert problems_of(made)[0][1] == "as_of"
        actions.back_to_layout(file_import=made, by=scene.officer)
    made = scene.confirm(made, dates=order)
    assert ImportRow.objects.get(file_import=made).as_of == date(2025, 9, 30)


# --- Sheets ------------------------------------------------------------------------------------------------------


def test_a_table_below_notes_in_one_of_several_sheets_is_found(scene):
    content = workbook(
        ("Notes", [["Please fill in"], ["by Friday"]]),
        ("Figures", [["Report of the team"], [], ["Indicator", "Period", "Value"], ["CT-02", "2025 Q3", 7]]),
    )
    made = scene.send(content, name="f.xlsx")

    assert (made.layout["table"], made.layout["header"]) == ("Figures", 3)
    assert kinds_of(made) == {"new": 1}


def test_two_sheets_with_tables_are_asked_about(scene):
    rows = [["Indicator", "Period", "Value"], ["CT-02", "2025 Q3", 7]]
    made = scene.send(workbook(("One", rows), ("Two", [rows[0], ["CT-02", "2025 Q3", 8]])), name="f.xlsx")
    assert made.state == "mapping"

    actions.look_again(file_import=made, by=scene.officer, table="Two")
    made = scene.work(made)
    assert ImportRow.objects.get(file_import=made).value == 8


def test_percentages_dates_and_thousands_are_what_the_sheet_shows(scene):
    share = make_version("PC-01", value_type="number", unit="percent", site_rule="mean", min_denominator=None)
    make_indicator(scene.programme, version=share)

    def fill(book, sheet):
        percent, thousands = book.add_format({"num_format": "0.0%"}), book.add_format({"num_format": "#,##0"})
        day = book.add_format({"num_format": "dd/mm/yyyy"})
        sheet.write_number(1, 2, 0.455, percent)
        sheet.write_datetime(1, 3, date(2025, 9, 29), day)
        sheet.write_number(2, 2, 12345, thousands)
        sheet.write_number(3, 2, 0.455, percent)

    rows = [
        ["indicator", "period", "value", "as_of"],
        ["PC-01", "2025 Q3"],
        ["CT-02", "2025 Q3"],
        ["CT-02", "2025 Q2"],
    ]
    for options in ({}, {"date_1904": True}):
        made = scene.send(workbook(("S", rows, fill), **options), name="f.xlsx")

        shares, people = ImportRow.objects.filter(file_import=made, kind="new").order_by("row")
        assert (shares.value, shares.as_of, people.value) == (pytest.approx(45.5), date(2025, 9, 29), 12345)
        assert [p[:2] for p in problems_of(made)] == [(4, "value")]


def test_a_merged_label_stands_over_its_rows_and_a_merged_number_stands_once(scene):
    def merge(book, sheet):
        sheet.merge_range(1, 0, 2, 0, "CT-02")
        sheet.merge_range(1, 2, 2, 2, 7)

    rows = [["indicator", "period", "value"], ["", "2025 Q2"], ["", "2025 Q3"]]
    made = scene.send(workbook(("S", rows, merge)), name="f.xlsx")

    assert ImportRow.objects.get(file_import=made, kind="new").value == 7
    assert problems_of(made)[0][:2] == (3, "value")


def test_headers_in_two_lines_are_joined(scene):
    def merge(book, sheet):
        sheet.merge_range(0, 2, 0, 3, "Posts")

    rows = [
        ["", "", "", ""],
        ["indicator", "period", "numerator", "denominator"],
        ["BS-01", "2025 Q3", 30, 60],
    ]
    made = scene.send(workbook(("S", rows, merge)), name="f.xlsx")

    assert made.layout["header"] == 2
    assert made.layout["columns"][2:] == ["numerator", "denominator"]


def test_a_table_that_ends_at_an_empty_row_is_cut_there(scene):
    content = "indicator,period,value\nCT-02,2025 Q3,7\n,,\nindicator,period,value\nother,table,9\n"
    made = scene.send(content)

    assert (made.state, made.layout["until_blank"]) == ("mapping", True)
    assert kinds_of(scene.confirm(made, until_blank=True)) == {"new": 1}


@pytest.mark.parametrize(("kind", "state"), [("float", "checked"), ("percentage", "failed")])
def test_ods_is_read_and_its_percentages_are_not_guessed(scene, kind, state):
    spaces = " ".join(
        f'xmlns:{one}="urn:oasis:names:tc:opendocument:xmlns:{one}:1.0"'
        for one in ("office", "table", "text", "manifest")
    )
    text = '<table:table-cell office:value-type="string"><text:p>{}</text:p></table:table-cell>'
    number = (
        f'<table:table-cell office:value-type="{kind}" office:value="7"><text:p>7</text:p></table:table-cell>'
    )
    rows = (
        [text.format(name) for name in ("indicator", "period", "value")],
        [text.format("CT-02"), text.format("2025 Q3"), number],
    )
    body = "".join(f"<table:table-row>{''.join(row)}</table:table-row>" for row in rows)
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w") as package:
        package.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        package.writestr("META-INF/manifest.xml", f"<manifest:manifest {spaces}/>")
        package.writestr(
            "content.xml",
            f"<office:document-content {spaces}><office:body><office:spreadsheet>"
            f'<table:table table:name="S">{body}</table:table>'
            "</office:spreadsheet></office:body></office:document-content>",
        )

    made = scene.send(output.getvalue(), name="f.ods")

    assert made.state == state, made.problem
    assert ("save it as XLSX" in made.problem) == (kind == "percentage")


# --- Wide tables, tags, other systems ----------------------------------------------------------------------------


def test_periods_side_by_side_give_a_figure_each(scene):
    made = scene.send("indicator,2025 Q1,2025 Q2,2025 Q3\nCT-02,5,,7\n")

    assert kinds_of(made) == {"new": 2}
    values = {row.period_id: row.value for row in ImportRow.objects.filter(file_import=made)}
    assert values == {scene.quarters[4].pk: 5, scene.quarters[6].pk: 7}


def test_units_side_by_side_give_a_figure_each(scene):
    sites = make_indicator(
        scene.programme,
        version=make_version("CT-03", value_type="count", site_rule="sum", min_denominator=None),
        units=scene.sites,
    )
    made = scene.send("indicator;period;BSR;NA\nCT-03;2025 Q3;5;6\n")

    assert kinds_of(made) == {"new": 2}
    assert {row.indicator_id for row in ImportRow.objects.filter(file_import=made)} == {sites.pk}


def test_hxl_tags_say_what_the_columns_are(scene):
    made = scene.send("Activité,Quand,Combien\n#indicator+code,#period,#value\nCT-02,2025 Q3,7\n")

    assert (made.layout["tags"], kinds_of(made)) == (2, {"new": 1})


def test_a_breakdown_has_its_own_column(scene):
    made = scene.send("indicator,period,sex,value\nCT-02,2025 Q3,f,3\nCT-02,2025 Q3,x,3\n")

    assert ImportRow.objects.get(file_import=made, kind="new").cell == "sex=f"
    assert problems_of(made)[0][1] == "cell"


def test_kobo_columns_lose_their_groups_and_what_is_about_the_form_says_nothing(scene):
    content = (
        "start,report/indicator,report/period,report/value,report/why/fire,_id,_uuid,_submission_time,_index\n"
        "2025-09-30T10:00,CT-02,2025 Q3,7,1,9,uuid:1,2025-09-30T10:01,1\n"
    )
    made = scene.send(content)
    assert made.preview["unknown"] == ["report/why/fire"]  # one of several choices: nothing of ours
    assert kinds_of(scene.confirm(made)) == {"new": 1}


SET = {
    "dataSet": "abc",
    "period": "2025Q3",
    "orgUnit": "DiszpKrYNg8",
    "dataValues": [
        {
            "dataElement": "f7n9E0hX8qk",
            "categoryOptionCombo": "HllvX50cXC0",
            "value": "7",
            "storedBy": "admin",
        },
        {
            "dataElement": "f7n9E0hX8qk",
            "period": "2025Q2",
            "categoryOptionCombo": "Gmbgme7z9BF",
            "value": "3",
        },
        {"dataElement": "f7n9E0hX8qk", "period": "2025Q1", "value": "4", "deleted": True},
    ],
}
XML = """<dataValueSet xmlns="http://dhis2.org/schema/dxf/2.0" period="2025Q3" orgUnit="DiszpKrYNg8">
<dataValue dataElement="f7n9E0hX8qk" categoryOptionCombo="HllvX50cXC0" value="7"/>
<dataValue dataElement="f7n9E0hX8qk" period="2025Q2" categoryOptionCombo="Gmbgme7z9BF" value="3"/>
<dataValue dataElement="f7n9E0hX8qk" period="2025Q1" value="4" deleted="true"/></dataValueSet>"""
CSV = """dataelement,period,orgunit,catoptcombo,attroptcombo,value,storedby,lastupdated,comment,followup,deleted
f7n9E0hX8qk,2025Q3,DiszpKrYNg8,HllvX50cXC0,,7,admin,2025-10-01,,false,
f7n9E0hX8qk,2025Q2,DiszpKrYNg8,Gmbgme7z9BF,,3,admin,2025-10-01,,false,
f7n9E0hX8qk,2025Q1,DiszpKrYNg8,,,4,admin,2025-10-01,,false,true
"""


@pytest.mark.parametrize(
    ("name", "content"),
    [("s.json", json.dumps(SET)), ("s.xml", XML), ("s.csv", CSV)],
    ids=["json", "xml", "csv"],
)
def test_dhis2_sets_are_matched_once_and_then_read(scene, name, content):
    scene.count.units.set([scene.sites[0]])
    made = scene.send(content, name=name)
    found = {(w["kind"], w["theirs"]) for w in made.counts["words"]}
    assert found == {("indicator", "f7n9E0hX8qk"), ("unit", "DiszpKrYNg8")}

    for words in (
        {("indicator", "f7n9E0hX8qk"): "CT-02", ("unit", "DiszpKrYNg8"): "BSR"},
        {("cell", "Gmbgme7z9BF"): "sex=f"},
    ):
        actions.match_words(file_import=made, words=words, by=scene.officer, at=AT)
        made = scene.work(made)

    rows = ImportRow.objects.filter(file_import=made, kind="new").order_by("row")
    assert [(row.cell, row.value, row.period_id) for row in rows] == [
        ("", 7, scene.quarters[6].pk),
        ("sex=f", 3, scene.quarters[5].pk),
    ]
    assert [p[1] for p in problems_of(made)] == ["deleted"]
    again = scene.send(content, name=name)
    assert kinds_of(again) == {"new": 2, "problem": 1}


@pytest.mark.parametrize(
    ("text", "frequency", "day"),
    [
        ("202403", "monthly", date(2024, 3, 1)), ("2024-03", "monthly", date(2024, 3, 1)), ("2024", "annual",
        date(2024, 1, 1)),
        ("2024Q2", "quarterly", date(2024, 4, 1)), ("Q2 2024", "quarterly", date(2024, 4, 1)), ("2024S2",
        "semi_annual", date(2024, 7, 1)),
        ("2024W1", "weekly", date(2024, 1, 1)), ("202402B", "two_months", date(2024, 3, 1)), ("20240115", "weekly",
        date(2024, 1, 15)),
        ("Décembre 2013", "monthly", date(2013, 12, 1)), ("Mars  2013", "monthly", date(2013, 3, 1)), 
        ("آذار ٢٠٢٤", "monthly", date(2024, 3, 1)),
        ("مارس ٢٠٢٤", "monthly", date(2024, 3, 1)), ("202413", "monthly", None), ("2024Q5", "quarterly", None),
        ("0000", "annual", None), ("2024W60", "weekly", None), ("9999999999", "monthly", None), ("2024Q1",
        "monthly", None),
    ],
)  # fmt: skip
def test_periods_of_other_systems_are_read_and_never_guessed(text, frequency, day):
    assert first_day(text, frequency) == day


def test_a_quarter_in_words_is_not_guessed_where_years_begin_in_another_month():
    assert first_day("Q1 2024", "quarterly", is_calendar_year=False) is None


# --- The workbook to fill in -------------------------------------------------------------------------------------


def test_the_workbook_comes_back_without_any_question(scene, client, tmp_path):
    scene.approve(scene.submit(unit=scene.sites[0], numerator="30", denominator="60"))
    log_in(client, scene.officer)
    answer = client.get(f"/programmes/{scene.programme.code}/files/template/?period={scene.q3.pk}")
    path = tmp_path / "t.xlsx"
    path.write_bytes(answer.content)
    assert kinds_of(scene.send(path.read_bytes(), name="t.xlsx")) == {"same": 1}

    opened = files.open_file(path, "t.xlsx")
    with files.reading(opened, table="Data") as found:
        header, *rows = [cells for _number, cells in found if any(cells)]
    filled = []
    for row in rows:
        said = dict(zip(header, row, strict=True))
        if (said["indicator"], said["unit"]) == ("BS-01", "NA"):
            said |= {"numerator": "3", "denominator": "40"}
        elif said["indicator"] == "CT-02" and not said["cell"]:
            said["missing_reason"] = "not_collected"
        filled.append(list(said.values()))

    made = scene.send(
        workbook(("Data", [header, *filled]), ("Lists", [["Indicators", "Units"]])), name="t.xlsx"
    )
    assert kinds_of(made) == {"same": 1, "new": 2}


# --- Published files ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "toladata/BulkIndicatorImportTemplate.xlsx", "toladata/program_upload_data.csv",
        "hxl/mali-population-movements.csv",
        "hxl/rowca-3w-hxl.csv", "naughty/deaths.xlsx", "iom/dtm_iraq_by_district_2014_2021.csv",
        "ucdp/ucdp_ged_iraq_hdx_hxl.csv",
        "wgi/wgi_focus_mena_sahel.csv", "dhis2/datavalueset/dataValueSetJ.json",
        "dhis2/datavalueset/dataValueSetA.xml",
        "naughty/csv-spectrum/csvs/comma_in_quotes.csv", "naughty/csv-spectrum/csvs/json.csv",
        "naughty/csv-spectrum/csvs/quotes_and_newlines.csv", "naughty/csv-spectrum/csvs/utf8.csv",
    ],
)  # fmt: skip
def test_published_files_are_opened_and_their_table_found(scene, name):
    made = scene.send(real(name), name=name)

    assert made.state in {"mapping", "checked"}, made.problem
    assert made.layout["names"]
    assert not Observation.objects.exists()


def test_the_table_below_the_notes_of_a_famous_awkward_sheet_is_found(scene):
    made = scene.send(real("naughty/deaths.xlsx"), name="deaths.xlsx")
    assert made.layout["names"] == ["Name", "Profession", "Age", "Has kids", "Date of birth", "Date of death"]


def test_a_real_series_with_french_months_is_taken_in(scene):
    version = make_version("CT-04", value_type="count", frequency="monthly", min_denominator=None)
    make_indicator(scene.programme, version=version)
    made = scene.send(real("hxl/mali-population-movements.csv"))
    made = scene.confirm(made, columns=["period", "value", "", ""], fixed={"indicator": "CT-04"})

    assert {p[1] for p in problems_of(made)} == {"period"}  # this programme began later
    assert not [w for w in made.counts["words"] if w["kind"] == "indicator"]


@pytest.mark.parametrize("name", ["comma_in_quotes", "escaped_quotes", "json", "newlines", "newlines_crlf",
                                  "quotes_and_newlines", "simple", "simple_crlf", "utf8", "empty",
                                  "empty_crlf"])  # fmt: skip
def test_csv_spectrum_is_read_as_its_authors_say(name, tmp_path):
    path = tmp_path / "f.csv"
    path.write_bytes(real(f"naughty/csv-spectrum/csvs/{name}.csv"))
    expected = json.loads(real(f"naughty/csv-spectrum/json/{name}.json"))

    opened = files.open_file(path, "f.csv")
    with files.reading(opened) as found:
        header, *rows = [cells for _number, cells in found if any(cells)]

    unified = [[cell.replace("\r\n", "\n") for cell in row] for row in rows]
    wanted = [[text.replace("\r\n", "\n").strip() for text in one.values()] for one in expected]
    assert unified == wanted
    assert not expected or header == list(expected[0])
