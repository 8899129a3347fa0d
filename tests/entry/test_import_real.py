"""Published files of observations, taken in to the end: sent, mapped, matched, taken over, approved, rolled up.

Run with REAL_DATA naming the folder of published data: the Malian population movements (OCHA ROWCA), the displacement
tracking of Iraq (IOM DTM) and a data value set (DHIS2).
"""

from __future__ import annotations

import csv
import io
import os
from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from indicators.engine.periods import periods_between
from indicators.entry.bulk import LIMIT, approve_observations
from indicators.entry.importing import actions
from indicators.models import Observation, ReportingPeriod, Rollup
from tests.entry.import_scenes import FileScene, kinds_of, problems_of
from tests.entry.scenes import LATER
from tests.factories import AT, make_indicator, make_unit, make_version

FOLDER = Path(os.environ.get("REAL_DATA", "real_data"))
pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(not FOLDER.is_dir(), reason="REAL_DATA does not name the folder of published data"),
]


@pytest.fixture
def scene():
    return FileScene()


def real(name):
    return (FOLDER / name).read_bytes()


def begin(scene, frequency, since, until):
    """The programme's years, and the periods of one frequency in them."""
    scene.programme.starts_on, scene.programme.ends_on = since, until
    scene.programme.save()
    ReportingPeriod.objects.bulk_create(
        ReportingPeriod(programme=scene.programme, frequency=frequency, starts_on=one.starts_on,
                        ends_on=one.ends_on, label=one.label, due_on=one.ends_on + timedelta(days=15))
        for one in periods_between(frequency, since, until)
    )  # fmt: skip


def count_of(scene, code, frequency, units=()):
    version = make_version(
        code, value_type="count", frequency=frequency, unit="persons", scale=1, min_denominator=None,
        time_rule="last", site_rule="sum",
    )  # fmt: skip
    return make_indicator(scene.programme, version=version, units=list(units))


def approve_all(scene):
    figures = list(Observation.objects.filter(state="submitted").select_related("indicator"))
    for start in range(0, len(figures), LIMIT):
        assert not approve_observations(
            observations=figures[start : start + LIMIT], by=scene.approver, at=LATER
        ).left


def commented(content, comment, delimiter=","):
    """The same file as an officer sends it: with a column that explains what is unusual."""
    rows = list(csv.reader(io.StringIO(content.decode()), delimiter=delimiter))
    rows[0].append("comment")
    for row in rows[1:]:
        row.append("" if row[0].startswith("#") else comment)
    target = io.StringIO()
    csv.writer(target).writerows(rows)
    return target.getvalue()


def test_malian_movements_by_month_with_an_indicator_in_each_column(scene):
    begin(scene, "monthly", date(2012, 9, 1), date(2014, 12, 31))
    people = {name: count_of(scene, f"ML-{n}", "monthly") for n, name in enumerate(("IDPs", "Refugees"))}
    made = scene.send(commented(real("hxl/mali-population-movements.csv"), "As published by OCHA."))
    made = scene.confirm(made, columns=["period", "at:indicator", "at:indicator", "", "comment"])
    words = {("indicator", name): one.definition.code for name, one in people.items()}
    actions.match_words(file_import=made, words=words, by=scene.officer, at=AT)
    made = scene.work(made)

    assert problems_of(made) == []
    assert kinds_of(made) == {"new": 2 * 21}
    assert scene.apply(made).state == "applied"
    approve_all(scene)
    september = Rollup.objects.get(indicator=people["IDPs"], period__starts_on=date(2012, 9, 1))
    assert september.value == Decimal(118795)
    again = scene.send(commented(real("hxl/mali-population-movements.csv"), "As published by OCHA."))
    assert kinds_of(again) == {"same": 2 * 21}


def test_iraqi_displacement_by_district_on_irregular_days(scene):
    """15,130 rows on 222 days: each goes to the week of its day; districts are found by their names."""
    rows = list(csv.DictReader(io.StringIO(real("iom/dtm_iraq_by_district_2014_2021.csv").decode())))
    begin(scene, "weekly", date(2014, 3, 31), date(2021, 12, 31))
    names = sorted({row["district"] for row in rows})
    units = [make_unit(scene.programme, f"D{n:03}", name=name) for n, name in enumerate(names)]
    kinds = {kind: count_of(scene, f"DTM-{kind.upper()}", "weekly", units) for kind in ("idp", "returnee")}
    content = commented(real("iom/dtm_iraq_by_district_2014_2021.csv"), "As published by IOM.")
    made = scene.send(content)
    assert made.layout["names"][:4] == ["date", "kind", "governorate", "district"]
    made = scene.confirm(made, columns=["day", "indicator", "", "unit", "", "value", "", "comment"])
    words = {("indicator", kind): one.definition.code for kind, one in kinds.items()}
    actions.match_words(file_import=made, words=words, by=scene.officer, at=AT)
    made = scene.work(made)

    assert problems_of(made)[:3] == []
    assert kinds_of(made) == {"new": len(rows)} == {"new": 15130}
    assert scene.apply(made).state == "applied"
    approve_all(scene)
    by_day = defaultdict(Decimal)
    for row in rows:
        by_day[row["kind"], row["date"]] += Decimal(row["individuals"])
    last = max(day for kind, day in by_day if kind == "returnee")
    week = Rollup.objects.filter(indicator=kinds["returnee"], period__starts_on__lte=last).latest(
        "period__starts_on"
    )
    assert week.value == by_day["returnee", last]
    holds = Observation.objects.filter(indicator=kinds["returnee"], period=week.period).values_list(
        "as_of", flat=True
    )
    assert set(holds) == {date.fromisoformat(last)}


def test_a_data_value_set_of_dhis2(scene):
    begin(scene, "monthly", date(2012, 1, 1), date(2012, 12, 31))
    sites = [make_unit(scene.programme, code) for code in ("CLINIC-1", "CLINIC-2")]
    codes = {"f7n9E0hX8qk": "DE-1", "Ix2HsbDMLea": "DE-2", "eY5ehpbEsB7": "DE-3"}
    for code in codes.values():
        count_of(scene, code, "monthly", sites)
    made = scene.send(real("dhis2/datavalueset/dataValueSetB.xml"), name="set.xml")
    words = {("indicator", theirs): ours for theirs, ours in codes.items()}
    words |= {("unit", "DiszpKrYNg8"): "CLINIC-1", ("unit", "BdfsJfj87js"): "CLINIC-2"}
    actions.match_words(file_import=made, words=words, by=scene.officer, at=AT)
    made = scene.work(made)

    assert problems_of(made) == []
    assert kinds_of(made) == {"new": 12}
    assert scene.apply(made).state == "applied"
    approve_all(scene)
    assert sorted(Rollup.objects.filter(indicator__definition__code="DE-1").values_list("value", flat=True)) == [
        10001 + 10002, 10003 + 10004,
    ]  # fmt: skip
