"""Observations from spreadsheets: all bad rows named, all or nothing, twice is once, nothing silently changed."""

import io
import os
import signal
import subprocess
import sys
import time
import zipfile
from datetime import date
from decimal import Decimal

import pytest
import xlsxwriter
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.management import CommandError, call_command
from django.db import connection

from indicators.entry import actions
from indicators.entry.importing import read_table
from indicators.models import Event, Observation, State
from tests.conftest import ROOT
from tests.entry.scenes import LATER, Scene
from tests.factories import make_indicator, make_observation, make_unit, make_user, make_version

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene():
    scene = Scene(version=make_version("BS-01"))
    scene.units = [make_unit(scene.programme, code) for code in ("BSR", "NA")]
    scene.indicator.units.set(scene.units)
    return scene


@pytest.fixture
def run(scene, tmp_path):
    """Write the lines to a file and import it; gives what was said, raises what was refused."""

    def run(*lines, name="figures.csv", **options):
        path = tmp_path / name
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return run_file(path, scene, **options)

    return run


def run_file(path, scene, **options):
    out, err = io.StringIO(), io.StringIO()
    defaults = {"programme": scene.programme.code, "by": scene.officer.username}
    try:
        call_command("import_observations", path, stdout=out, stderr=err, **(defaults | options))
    except CommandError as refusal:
        raise CommandError(err.getvalue() + str(refusal)) from None
    return out.getvalue()


HEAD = "indicator,period,unit,numerator,denominator,comment"


def test_rows_are_submitted_for_a_second_person_to_approve(scene, run):
    said = run(HEAD, "BS-01,2025 Q3,BSR,30,60,", "BS-01,2025-07-01,NA,0,40,")

    assert "2 new, 0 changed, 0 same" in said
    basra, namibia = Observation.objects.order_by("unit__code")
    assert (basra.state, basra.source, basra.submitted_by) == (State.SUBMITTED, "import", scene.officer)
    assert (namibia.unit.code, namibia.numerator, namibia.as_of) == ("NA", 0, date(2025, 9, 30))
    assert Event.objects.filter(verb="imported", by_id=scene.officer.pk).count() == 2
    assert scene.approve(basra).state == State.APPROVED
    with pytest.raises(PermissionDenied):
        actions.approve_observation(observation=namibia, by=scene.officer, at=LATER)


def test_the_same_file_again_changes_nothing(scene, run):
    lines = [HEAD, "BS-01,2025 Q3,BSR,30,60,", "BS-01,2025 Q3,NA,0,40,"]
    run(*lines)
    before = list(Observation.objects.values())
    events = Event.objects.count()

    assert "0 new, 0 changed, 2 same" in run(*lines)
    assert list(Observation.objects.values()) == before
    assert Event.objects.count() == events


def test_the_same_file_after_approval_changes_nothing(scene, run):
    lines = [HEAD, "BS-01,2025 Q3,BSR,30,60,"]
    run(*lines)
    scene.approve(Observation.objects.get())

    assert "0 new, 0 changed, 1 same" in run(*lines)


def test_a_dry_run_shows_the_difference_and_keeps_nothing(scene, run):
    scene.approve(unit=scene.units[0])

    said = run(HEAD, "BS-01,2025 Q3,BSR,28,60,", "BS-01,2025 Q3,NA,3,4,", dry_run=True, by=None)

    assert "row 2: correction BS-01 2025 Q3 BSR: 30 of 60 = 50" in said
    assert "→ 28 of 60" in said
    assert "row 3: new BS-01 2025 Q3 NA: 3 of 4" in said
    assert "1 new, 1 changed, 0 same (dry run" in said
    assert Observation.objects.count() == 1


def test_a_changed_figure_of_an_approved_row_becomes_a_correction(scene, run):
    old = scene.approve(unit=scene.units[0])

    said = run(HEAD + ",reason", "BS-01,2025 Q3,BSR,28,60,,Counted twice")

    assert "0 new, 1 changed, 0 same" in said
    new = Observation.objects.get(corrects=old)
    assert (new.numerator, new.state, new.correction_reason) == (28, State.SUBMITTED, "Counted twice")
    old.refresh_from_db()
    assert old.state == State.APPROVED
    assert "0 new, 0 changed, 1 same" in run(HEAD, "BS-01,2025 Q3,BSR,28,60,")


def test_what_the_file_does_not_say_stays_as_it_stands(scene, run):
    scene.approve(unit=scene.units[0], reliability="B", comment="By the joint team.", as_of=date(2025, 9, 1))

    assert "0 new, 0 changed, 1 same" in run(HEAD, "BS-01,2025 Q3,BSR,30,60,")


def test_a_returned_row_is_changed_and_handed_in_again(scene, run):
    run(HEAD, "BS-01,2025 Q3,BSR,30,60,")
    actions.return_observation(
        observation=Observation.objects.get(), comment="Count again.", by=scene.approver, at=LATER
    )

    assert "0 new, 1 changed, 0 same" in run(HEAD, "BS-01,2025 Q3,BSR,31,60,")
    kept = Observation.objects.get()
    assert (kept.numerator, kept.state) == (31, State.SUBMITTED)


def test_a_row_that_waits_for_approval_is_not_overwritten(scene, run):
    run(HEAD, "BS-01,2025 Q3,BSR,30,60,")

    with pytest.raises(CommandError, match="waiting for approval"):
        run(HEAD, "BS-01,2025 Q3,BSR,31,60,")
    assert Observation.objects.get().numerator == 30


BAD_ROWS = [
    ("XX-99,2025 Q3,BSR,30,60,", "indicator", "XX-99"),
    ("BS-01,2025 Q9,BSR,30,60,", "period", "2025 Q9"),
    ("BS-01,2025 Q3,MSL,30,60,", "unit", "MSL"),
    ("BS-01,2025 Q3,,30,60,", "unit", "No unit was given"),
    ("BS-01,2025 Q3,BSR,,60,", "numerator", "0 is a number"),
    ("BS-01,2025 Q3,BSR,,,", "denominator", "No denominator"),
    ('BS-01,2025 Q3,BSR,"1,5",60,', "numerator", "1,5"),
    ('BS-01,2025 Q3,BSR,"1,500",6000,', "numerator", "1,500"),
    ("BS-01,2025 Q3,BSR,1e1,60,", "numerator", "exponent"),
    ("BS-01,2025 Q3,BSR,1_0,60,", "numerator", "1_0"),
    ("BS-01,2025 Q3,BSR,NaN,60,", "numerator", "NaN"),
    ("BS-01,2025 Q3,BSR,null,60,", "numerator", "null"),
    ("BS-01,2025 Q3,BSR,TRUE,60,", "numerator", "TRUE"),
    ("BS-01,2025 Q3,BSR,N/A,60,", "numerator", "N/A"),
    ("BS-01,2025 Q3,BSR,-1,60,", "numerator", "0 or more"),
    ("BS-01,2025 Q3,BSR,61,60,", "numerator", "larger than"),
    ("BS-01,2025 Q3,BSR,30,0,", "denominator", "above 0"),
    ("BS-01,2025 Q3,BSR,30,60,NATO SECRET convoy", "comment", "above NATO UNCLASSIFIED"),
    ("BS-01,2026 Q9,BSR,30,60,", "period", "2026 Q9"),
]


def test_every_bad_row_is_named_with_its_column_and_nothing_is_kept(scene, run):
    lines = [HEAD, "BS-01,2025 Q3,NA,1,2,"]

    with pytest.raises(CommandError) as refusal:
        run(*lines, *[line for line, _column, _words in BAD_ROWS])

    said = str(refusal.value)
    for row, (_line, column, words) in enumerate(BAD_ROWS, start=3):
        found = [line for line in said.splitlines() if line.startswith(f"row {row}, {column}")]
        assert any(words in line for line in found), (row, column, said)
    assert "row 2," not in said
    assert "convoy" not in said
    assert f"{len(BAD_ROWS)} rows are wrong; nothing was imported" in said
    assert not Observation.objects.exists()
    assert not Event.objects.exists()


@pytest.mark.parametrize(
    "given", ["30/09/2025", "09/30/2025", "2025.09.30", "45930", "20250930", "2025-9-30", "tomorrow"]
)
def test_a_date_in_another_order_is_refused_and_not_guessed(scene, run, given):
    with pytest.raises(CommandError, match="year-month-day"):
        run(HEAD + ",as_of", f"BS-01,2025 Q3,BSR,30,60,,{given}")


def test_the_same_place_twice_in_a_file_is_refused(scene, run):
    with pytest.raises(CommandError, match=r"row 3, period: Row 2 is about the same place"):
        run(HEAD, "BS-01,2025 Q3,BSR,30,60,", "BS-01,2025-07-01,BSR,31,60,")


def test_an_unlikely_figure_needs_a_comment_in_its_row(scene, run):
    for quarter, numerator in zip(scene.quarters[:6], (31, 32, 33, 32, 31, 33), strict=True):
        make_observation(
            scene.indicator,
            quarter,
            unit=scene.units[0],
            numerator=Decimal(numerator),
            denominator=Decimal(60),
        )

    with pytest.raises(CommandError, match="far from the usual"):
        run(HEAD, "BS-01,2025 Q3,BSR,59,60,")
    assert "1 new" in run(HEAD, "BS-01,2025 Q3,BSR,59,60,All posts were rebuilt.")


def test_missing_reasons_and_breakdowns_are_read(scene, run):
    version = make_version(
        "CT-02", value_type="count", time_rule="sum", site_rule="sum", scale=Decimal(1), min_denominator=None,
        disaggregations=[{"name": "nation", "label": "Nation", "categories": []}],
    )  # fmt: skip
    make_indicator(scene.programme, version=version)

    run(
        "indicator,period,nation,value,missing_reason",
        "CT-02,2025 Q3,NA,007,",
        "CT-02,2025 Q3,,,not_collected",
    )

    total, namibia = Observation.objects.order_by("cell")
    assert (namibia.cell, namibia.value) == ("nation=NA", 7)
    assert (total.missing_reason, total.value) == ("not_collected", None)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "first rows are empty"),
        (b"\n\n", "first rows are empty"),
        (b"indicator,indicator,period\n", "twice: indicator"),
        (b"indicator,value\n", "Column period is missing"),
        (b"indicator,period,colour\n", "Column colour is not known"),
        (b"indicator,,period\n", "Column 2 has no name"),
        (b"indicator,period,value\nBS-01,2025 Q3,1,2,3\n", "row 2, row: it has 5 cells; 3 were expected"),
        (b"indicator,period,value\nBS-01,2025 Q3,\xff\n", "not UTF-8"),
        (b"indicator,period\x00,value\n", "neither a spreadsheet"),
        (b'indicator,period,value\n"BS-01,2025 Q3,1\n', "cannot be read"),
        (b"PK\x03\x04 broken", "damaged"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(scene, tmp_path, content, words):
    path = tmp_path / "f.csv"
    path.write_bytes(content)

    with pytest.raises(CommandError, match=words):
        run_file(path, scene)


def test_a_byte_order_mark_semicolons_and_blank_lines_are_read(scene, tmp_path):
    path = tmp_path / "f.csv"
    path.write_text(
        "\ufeffIndicator;Period;Unit;Numerator;Denominator\r\n\r\nBS-01;2025 Q3;BSR;30;60\r\n", "utf-8"
    )

    assert "1 new" in run_file(path, scene)


def test_a_spreadsheet_gives_the_same_as_its_csv(scene, tmp_path):
    path = tmp_path / "f.xlsx"
    with xlsxwriter.Workbook(path) as workbook:
        sheet = workbook.add_worksheet()
        sheet.write_row(0, 0, [*HEAD.split(","), "as_of"])
        sheet.write_row(1, 0, ["BS-01", "2025 Q3", "NA", 30, 60.5])
        sheet.write_datetime(1, 6, date(2025, 9, 29), workbook.add_format({"num_format": "dd/mm/yyyy"}))

    assert "1 new" in run_file(path, scene)
    kept = Observation.objects.get()
    assert (kept.unit.code, kept.numerator, kept.denominator) == ("NA", 30, Decimal("60.5"))
    assert kept.as_of == date(2025, 9, 29)


def test_a_zip_bomb_and_a_lone_far_cell_are_refused_before_they_unpack(tmp_path):
    bomb = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("xl/worksheets/sheet1.xml", b"0" * 50_000_000)
    far = tmp_path / "far.xlsx"
    with xlsxwriter.Workbook(far) as workbook:
        workbook.add_worksheet().write(1_048_575, 16_383, "here")

    started = time.monotonic()
    with pytest.raises(ValidationError, match="unpacks to far more"):
        read_table(bomb)
    with pytest.raises(ValidationError, match="beyond row"):
        read_table(far)
    assert time.monotonic() - started < 2


def test_a_person_who_is_no_officer_imports_nothing(scene, run):
    with pytest.raises(CommandError, match="Only officers"):
        run(HEAD, "BS-01,2025 Q3,BSR,30,60,", by=make_user().username)
    assert not Observation.objects.exists()


def test_the_only_officer_need_not_be_named(scene, run):
    run(HEAD, "BS-01,2025 Q3,BSR,30,60,", by=None)
    assert Observation.objects.get().submitted_by == scene.officer

    make_user("second", programme=scene.programme)
    with pytest.raises(CommandError, match="--by USER"):
        run(HEAD, "BS-01,2025 Q3,NA,30,60,", by=None)


@pytest.mark.parametrize("n", [1, 20])
def test_checking_asks_as_many_queries_for_one_row_as_for_twenty(scene, run, django_assert_num_queries, n):
    scene.indicator.units.set([make_unit(scene.programme, f"S{i}") for i in range(n)])
    # programme, officer; twice terms, indicators, units of indicators, periods, units; staging, comparing, what is
    # locked, asking
    with django_assert_num_queries(34):
        run(HEAD, *[f"BS-01,2025 Q3,S{i},30,60," for i in range(n)], dry_run=True)


@pytest.mark.django_db(transaction=True)
def test_an_import_killed_half_way_leaves_nothing(child_env, tmp_path):
    scene = Scene(version=make_version("BS-01"))
    codes = [f"S{i}" for i in range(600)]
    scene.indicator.units.set([make_unit(scene.programme, code) for code in codes])
    path = tmp_path / "f.csv"
    path.write_text(
        "\n".join([HEAD, *[f"BS-01,{q.label},{c},30,60," for q in scene.quarters[:5] for c in codes]])
    )
    command = [sys.executable, "manage.py", "import_observations", str(path)]
    command += ["--programme", scene.programme.code, "--by", scene.officer.username]

    child = subprocess.Popen(command, cwd=ROOT, env=child_env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    wait_until_it_writes(child)
    os.kill(child.pid, signal.SIGKILL)
    child.communicate()

    assert child.returncode == -signal.SIGKILL
    assert not Observation.objects.exists()
    assert not Event.objects.exists()
    assert "3000 new" in run_file(path, scene)
    assert Observation.objects.count() == 3000
    assert Event.objects.filter(verb="imported").count() == 3000


def wait_until_it_writes(child):
    """Until the child's open transaction has written to the audit trail."""
    writing = """
        SELECT count(*) FROM pg_locks l JOIN pg_class c ON c.oid = l.relation JOIN pg_database d ON d.oid = l.database
        WHERE d.datname = current_database() AND c.relname = 'indicators_event' AND l.mode = 'RowExclusiveLock'
    """
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert child.poll() is None, child.communicate()
        with connection.cursor() as cursor:
            cursor.execute(writing)
            if cursor.fetchone()[0]:
                return
        time.sleep(0.005)
    raise AssertionError("the import never wrote")
