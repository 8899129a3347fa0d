"""Two ways to the same answer: what is let pass in a hurry is what the rule for single rows would say."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta

import pytest

from indicators.entry.importing.catalogue import Catalogue
from indicators.entry.importing.judging import judge_row
from indicators.entry.importing.quick import Quick
from indicators.entry.importing.staging import COPIED, QUICK_COLUMNS, Task, _as_copied, _judged
from indicators.models import FileImport, ImportRow
from tests import stress
from tests.entry.import_scenes import FileScene, kinds_of, problems_of
from tests.factories import make_indicator, make_version

pytestmark = pytest.mark.django_db
TODAY = date(2025, 10, 20)
AT = datetime(2025, 10, 20, 9, tzinfo=UTC)
POOLS = {
    "indicator": ["BS-01", "bs-01", "CT-02", "LV-05", "TX-06", "YN-07", "BD-08", "XX-1", "", "CT-02/IRQ"],
    "period": ["2025 Q3", "2025Q3", "2025-07-01", "Q3 2025", "2025 Q9", "", "2025 Q4", "2026 Q1"],
    "unit": ["BSR", "NA", "", "MSL", "site bsr"],
    "cell": ["", "", "sex=f", "sex=x", "sex", "f=f"],
    "dim:sex": ["", "", "f", "m"],
    "numerator": ["30", "0", "-1", "61", "1,5", "٣٠", "", "30.1234567", "1e3", " 5"],
    "denominator": ["60", "0", "5", "", "x", "-3"],
    "value": ["7", "0", "1", "-2", "2", "9", "500", "", "45%", "1.5", "NaN"],
    "text": ["", "", "", "as seen"],
    "missing_reason": ["", "", "", "", "not_collected", "lost"],
    "standard_error": ["", "", "", "0.5", "-1", "x"],
    "sample_size": ["", "", "", "20", "-1", "1.5", "99999999999"],
    "as_of": [
        "",
        "",
        "2025-09-30",
        "2025-10-20",
        "2025-10-21",
        "2025-06-30",
        "30/09/2025",
        "2025-09-30T10:00",
    ],
    "reliability": ["", "", "A", "a", "G"],
    "credibility": ["", "", "3", "7", "x"],
    "marking": ["", "", "PUBLIC", "SECRET"],
    "comment": ["", "ok\twith\\tab", "NATO SECRET", "x" * 5001, "line\nbreak"],
    "reason": ["", "", "Counted twice", "\x00"],
    "extra": ["", "", "", "", "", "7"],
    "deleted": ["", "", "", "false", "true"],
}


@pytest.fixture
def scene():
    scene = FileScene()
    levels = [{"level": n, "label": f"L{n}"} for n in (1, 2, 3)]
    for code, kind, more in (
        ("LV-05", "ordinal", {"levels": levels}),
        ("TX-06", "text", {}),
        ("YN-07", "binary", {}),
        ("BD-08", "number", {"lower_bound": 0, "upper_bound": 100, "unit": "percent"}),
    ):
        version = make_version(code, value_type=kind, min_denominator=None, site_rule="mean", **more)
        make_indicator(scene.programme, version=version)
    return scene


def test_quick_and_single_judgement_agree_on_random_rows(scene):
    chance, passed = random.Random(17), 0
    catalogue = Catalogue(scene.programme)
    quick = Quick(catalogue, today=TODAY, dates="ymd")
    task = Task(
        file_import=FileImport(pk=1, programme=scene.programme), catalogue=catalogue, at=AT, dates="ymd",
        say=lambda done: None,
    )  # fmt: skip
    start = COPIED.index(QUICK_COLUMNS[0])
    good = {"indicator": "BS-01", "period": "2025 Q3", "unit": "BSR", "numerator": "30", "denominator": "60"}
    for _turn in range(4000):
        cells = (
            dict(good) if chance.random() < 0.7 else {"indicator": "CT-02", "period": "2025 Q3", "value": "7"}
        )
        for name in chance.sample(sorted(POOLS), chance.choice([1, 1, 2, 3])):
            cells[name] = chance.choice(POOLS[name])
        cells = {name: text for name, text in cells.items() if text}
        if "extra" in cells:
            cells["width"] = "5"
        line = quick.line(cells)
        if line is None:
            continue
        passed += 1
        judge_row(cells, catalogue, existing=None, today=TODAY)  # raises where the other let pass
        singly = _as_copied(_judged(task, 2, cells)).rstrip("\n").split("\t")
        assert singly[start:] == line[1].split("\t"), cells
        assert singly[COPIED.index("reason")] == line[0]
    assert 500 < passed < 3500


def test_what_is_plainly_right_is_not_judged_singly(scene):
    catalogue = Catalogue(scene.programme)
    quick = Quick(catalogue, today=TODAY, dates="ymd")

    for cells in (
        {"indicator": "BS-01", "period": "2025 Q3", "unit": "BSR", "numerator": "30", "denominator": "60"},
        {"indicator": "CT-02", "period": "2025Q3", "value": "7", "dim:sex": "f", "comment": "as seen"},
        {"indicator": "LV-05", "period": "2025 Q3", "value": "2", "as_of": "2025-09-30", "reliability": "A"},
    ):
        assert quick.line(cells) is not None, cells


def test_the_sql_that_finds_sameness_agrees_with_the_rule_for_single_rows(scene):
    """Random figures stand; random rows speak of their places: each is called what `judge_row` calls it."""
    chance = random.Random(4)
    for quarter in scene.quarters[:7]:
        for site in scene.sites:
            scene.approve(
                scene.submit(
                    period=quarter, unit=site, numerator=str(chance.randint(0, 3)), denominator="60",
                    comment="as seen",
                    reliability=chance.choice("AB"), as_of=quarter.ends_on + timedelta(days=chance.randint(-2, 0)),
                )
            )  # fmt: skip
    names = ["indicator", "period", "unit", "numerator", "denominator", "reliability", "as_of", "comment"]
    rows, said = [",".join(names)], {}
    for quarter in scene.quarters[:7]:
        for site in scene.sites:
            cells = {
                "indicator": "BS-01", "period": quarter.label, "unit": site.code,
                "numerator": str(chance.randint(0, 3)), "denominator": chance.choice(["60", "60.0"]),
                "reliability": chance.choice(["", "", "A"]), "comment": chance.choice(["", "as seen"]),
                "as_of": chance.choice(["", "", quarter.ends_on.isoformat()]),
            }  # fmt: skip
            rows.append(",".join(cells[name] for name in names))
            said[len(rows)] = {name: text for name, text in cells.items() if text}

    made = scene.send("\n".join(rows))

    catalogue = Catalogue(scene.programme)
    standing = {
        (one.period.label, one.unit.code): one
        for one in scene.indicator.observations.select_related("period", "unit")
    }
    assert len({row.kind for row in ImportRow.objects.filter(file_import=made)}) >= 2
    for row in ImportRow.objects.filter(file_import=made):
        cells = said[row.row]
        judged = judge_row(cells, catalogue, existing=standing[cells["period"], cells["unit"]], today=TODAY)
        assert row.kind in {judged.kind, "problem"}, cells
        if row.kind == "problem":  # unusual, and not explained
            assert {one["column"] for one in row.problems} == {"comment"}
            assert judged.kind == "corrected"


FIRST = date(2015, 1, 5)
"""A Monday long enough ago that 500 weeks from it have ended."""


def test_B12_every_planted_error_is_found_and_no_other(scene):
    """1,000 bad rows in 20,000; with STRESS=1 in 100,000: each named with row and column, and no other."""
    weeks = stress.count(100, 500)
    bounds = stress.Bounds("B12")
    version = make_version("CT-99", value_type="count", min_denominator=None)
    indicator = make_indicator(scene.programme, version=version, units=scene.sites, frequency="weekly")
    from indicators.models import ReportingPeriod, ReportingUnit

    sites = ReportingUnit.objects.bulk_create(
        ReportingUnit(programme=scene.programme, code=f"S{n}", name=f"Site {n}", kind="site")
        for n in range(200)
    )
    indicator.units.set(sites)
    ReportingPeriod.objects.bulk_create(
        ReportingPeriod(
            programme=scene.programme, frequency="weekly", label=f"week {n}", starts_on=FIRST + timedelta(7 * n),
            ends_on=FIRST + timedelta(7 * n + 6), due_on=FIRST + timedelta(7 * n + 18),
        )
        for n in range(weeks)
    )  # fmt: skip
    chance = random.Random(3)
    bad = dict.fromkeys(chance.sample(range(2, weeks * 200 + 2), 1000))
    spoil = {
        "indicator": ["XX-1", "CT_99", "-"], "period": [f"week {weeks}", "2025 Q3", "week"],
        "unit": ["S200", "s1", "?"],
        "value": ["1,5", "x", "-1", "1e3", "NaN", "1 000"], "as_of": ["2099-01-01", "01/02/2025", "2010-01-01"],
    }  # fmt: skip
    rows, number = ["indicator,period,unit,value,as_of"], 1
    for week in range(weeks):
        for site in range(200):
            number += 1
            cells = {
                "indicator": "CT-99",
                "period": f"week {week}",
                "unit": f"S{site}",
                "value": str(site),
                "as_of": "",
            }
            if number in bad:
                column = bad[number] = chance.choice(sorted(spoil))
                cells[column] = chance.choice(spoil[column])
            rows.append(",".join(f'"{text}"' for text in cells.values()))

    made = scene.send("\n".join(rows))

    assert {row: column for row, column, _message in problems_of(made)} == bad
    assert all(message for _row, _column, message in problems_of(made))
    assert kinds_of(made) == {"new": weeks * 200 - 1000, "problem": 1000}
    bounds.finish(rows=weeks * 200, planted=1000, found=made.counts["kinds"]["problem"])
