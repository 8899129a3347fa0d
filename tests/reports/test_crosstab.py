"""Crosstabs: the same figures as everywhere, along two sides; what is left out elsewhere is left out here."""

from __future__ import annotations

import csv
import io
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from indicators.models import ProgrammeIndicator, Role, Rollup
from indicators.reports.crosstab import indicator_crosstab, programme_crosstab
from tests import factories as make
from tests.reports.test_pages import get, words
from tests.reports.test_statistics import SPLIT, make_series

pytestmark = pytest.mark.django_db
TWO = {"": 40, "sex=f": 13, "sex=m": 27}


def grid(found):
    """{row: {column: text}} as people read it."""
    head = {column.key: column.header for column in found.table.columns}
    rows = {}
    for row in found.table.rows:
        name = row.cells["place" if "place" in row.cells else "name"].text
        rows[name] = {head[key]: row.cells[key].text for key in head if key[0] in "cp" and key[1:].isdigit()}
    return rows


def seen(user, indicator, **filters):
    return indicator_crosstab(user, ProgrammeIndicator.objects.get(pk=indicator.pk), filters)


def test_groups_by_period_are_the_reported_figures():
    indicator, periods, officer = make_series(
        [TWO, {"": 30, "sex=f": 12, "sex=m": 18}], disaggregations=SPLIT
    )
    first, second = (one.label for one in periods)

    assert grid(seen(officer, indicator, rows="sex", columns="period")) == {
        "Female": {first: "13", second: "12"},
        "Male": {first: "27", second: "18"},
        "All": {first: "40", second: "30"},
    }


def test_two_disaggregations_against_one_another_with_their_totals():
    cells = {"nation=KWT;sex=f": 13, "nation=QAT;sex=f": 7, "nation=KWT;sex=m": 9, "nation=QAT;sex=m": 21}
    indicator, _periods, officer = make_series([cells], disaggregations=SPLIT)

    assert grid(seen(officer, indicator, rows="nation", columns="sex")) == {
        "KWT": {"Female": "13", "Male": "9", "All": "22"},
        "QAT": {"Female": "7", "Male": "21", "All": "28"},
        "All": {"Female": "20", "Male": "30", "All": "50"},
    }


def test_units_by_period_pool_to_the_rollup():
    indicator, periods, officer = make_series(
        [], value_type="ratio", unit="percent", time_rule="last", site_rule="ratio_of_sums"
    )
    periods = make.make_quarters(indicator.programme, since=2025, until=2025)
    programme = indicator.programme
    north, south = make.make_unit(programme, "N", name="North"), make.make_unit(programme, "S", name="South")
    for unit, share in ((north, (1, 2)), (south, (30, 40))):
        make.make_observation(
            indicator, periods[0], unit=unit, numerator=Decimal(share[0]), denominator=Decimal(share[1])
        )

    found = grid(seen(officer, indicator, rows="unit", columns="period"))
    label = periods[0].label
    assert {name: row[label].split("\u00a0")[0] for name, row in found.items()} == {
        "North": "50", "South": "75", "All": "73.8",
    }  # fmt: skip


def test_small_cells_are_left_out_for_those_who_do_not_enter_them():
    indicator, periods, officer = make_series(
        [{"": 40, "sex=f": 3, "sex=m": 37}], disaggregations=SPLIT, name="Participants who passed"
    )
    reader = make.make_user(programme=indicator.programme, role=Role.READER)
    label = periods[0].label

    assert grid(seen(reader, indicator, rows="sex", columns="period")) == {
        "Female": {label: "left out"}, "Male": {label: "left out"}, "All": {label: "40"},
    }  # fmt: skip
    assert grid(seen(officer, indicator, rows="sex", columns="period"))["Female"] == {label: "3"}


def test_a_partner_sees_totals_alone():
    indicator, periods, _officer = make_series([TWO], disaggregations=SPLIT)
    nation = make.make_partner("KWT")
    indicator.programme.partners.add(nation)
    indicator.releasable_to.add(nation)
    partner = make.make_user(global_role="partner_viewer", partner=nation)

    assert grid(seen(partner, indicator, rows="sex", columns="period")) == {"All": {periods[0].label: "40"}}


def test_a_programme_stands_indicator_by_period_and_missing_is_not_zero():
    indicator, periods, officer = make_series([5, 0, 7])
    Rollup.objects.filter(period=periods[0]).delete()
    found = grid(programme_crosstab(officer, indicator.programme, {"last": "4"}))

    assert list(found[indicator.name].items()) == [(periods[1].label, "0"), (periods[2].label, "7")]


def test_the_file_holds_what_the_page_shows(client):
    indicator, _periods, officer = make_series([TWO], disaggregations=SPLIT)
    path = f"/programmes/STAT/indicators/{indicator.pk}/crosstab/?rows=sex&columns=period"
    page = words(get(client, officer, path))
    answer = client.get(f"/export/crosstab-indicator/{indicator.pk}.csv?rows=sex&columns=period")
    lines = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))

    assert "Female 13" in page
    assert ["Female", "13"] in [line[:2] for line in lines]


@pytest.mark.parametrize(
    "query",
    ["rows=%00", "rows=x&columns=x", "rows=sex&columns=sex", "period=99999999999999999999", "last=0", "last=-1",
     "frequency=never", "rows=sex&columns=nation&period=abc"],
)  # fmt: skip
def test_what_nobody_knows_falls_back(client, query):
    indicator, _periods, officer = make_series([TWO], disaggregations=SPLIT)
    client.force_login(officer)

    for path in (f"/programmes/STAT/indicators/{indicator.pk}/crosstab/", "/programmes/STAT/crosstab/"):
        assert client.get(f"{path}?{query}").status_code in {200, 400}


def test_an_empty_programme_says_so(client):
    indicator, _periods, officer = make_series([])

    assert "No accepted figures yet" in get(
        client, officer, f"/programmes/STAT/indicators/{indicator.pk}/crosstab/"
    )


def test_the_number_of_queries_does_not_grow():
    few_indicator, _periods, officer = make_series([TWO], disaggregations=SPLIT)
    with CaptureQueriesContext(connection) as few:
        seen(officer, few_indicator, rows="sex", columns="period")
        programme_crosstab(officer, few_indicator.programme, {})
    for period in few_indicator.programme.periods.all():
        unit = make.make_unit(few_indicator.programme)
        for cell in ("nation=KWT", "nation=QAT"):
            make.make_observation(few_indicator, period, unit=unit, cell=cell, value=Decimal(9))
        make.make_observation(make.make_indicator(few_indicator.programme, frequency="monthly"), period)
    with CaptureQueriesContext(connection) as many:
        seen(officer, few_indicator, rows="sex", columns="period")
        programme_crosstab(officer, few_indicator.programme, {})

    assert len(many) <= len(few) + 1  # The units' names, of which there were none.
