"""The indicator page's signals, data quality and figures by group: what is shown, to whom, and what is left out."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from indicators.models import Role, State
from tests import factories as make
from tests.reports.test_pages import get, with_transaction, words

pytestmark = pytest.mark.django_db
SPLIT = [
    {
        "name": "sex",
        "label": "Sex",
        "categories": [{"code": "f", "label": "Female"}, {"code": "m", "label": "Male"}],
    },
    {"name": "nation", "label": "Nation", "categories": []},
]


def make_series(values, **version):
    """A running programme with a monthly indicator and its figures, oldest first."""
    today = timezone.localdate()
    programme = make.make_programme(
        "STAT", starts_on=today - timedelta(days=900), ends_on=today + timedelta(days=400), time_zone="UTC"
    )
    defaults = {
        "value_type": "count",
        "unit": "count",
        "min_denominator": None,
        "time_rule": "sum",
        "site_rule": "sum",
    }
    indicator = make.make_indicator(
        programme,
        version=make.make_version(**(defaults | version)),
        frequency="monthly",
        plan={
            "baseline_on": programme.starts_on,
            "target_on": programme.ends_on,
            "effective_on": programme.starts_on,
        },
    )
    officer = make.make_user(programme=programme)
    periods, first = [], today.replace(day=1)
    for _step in values:
        ends_on = first - timedelta(days=1)
        first = ends_on.replace(day=1)
        periods.insert(
            0,
            programme.periods.create(
                frequency="monthly", starts_on=first, ends_on=ends_on, label=f"{first:%Y-%m}", due_on=ends_on
            ),
        )
    for period, value in zip(periods, values, strict=True):
        for cell, figure in (value if isinstance(value, dict) else {"": value}).items():
            make.make_observation(indicator, period, entered_by=officer, value=Decimal(figure), cell=cell)
    with_transaction([(indicator.pk, p.pk) for p in periods])
    return indicator, periods, officer


def path_of(indicator, part=""):
    """The indicator's page, or one of its blocks at the block's own address."""
    return f"{indicator.get_absolute_url()}parts/{part}/" if part else indicator.get_absolute_url()


class TestSignals:
    def test_a_value_outside_its_limits_is_named_in_words_and_numbered_in_the_chart(self, client):
        indicator, periods, officer = make_series([10, 11, 9, 10, 12, 10, 9, 11, 10, 12, 9, 10, 60])

        page = get(client, officer, path_of(indicator, "signals"))

        assert f"{periods[-1].label} lies above the upper limit." in words(
            get(client, officer, path_of(indicator))
        )
        assert f"{periods[-1].label} lies above the upper limit." in words(page)
        assert "Limits from the first 13 points." in words(page)
        assert page.count("c-note-flag-text") >= 3

    def test_few_values_are_a_refusal_and_no_chart(self, client):
        indicator, _periods, officer = make_series([10, 11, 9])

        page = words(get(client, officer, path_of(indicator, "signals")))

        assert "No control chart" in page
        assert "3 points; control limits need at least 8." in words(get(client, officer, path_of(indicator)))
        assert "3 points; control limits need at least 8." in page

    def test_8_values_give_provisional_limits(self, client):
        indicator, _periods, officer = make_series([10, 11, 9, 10, 12, 10, 9, 11])

        page = words(get(client, officer, path_of(indicator, "signals")))

        assert "Provisional limits from 8 points" in page
        assert "No signal: the ups and downs are the usual ones." in page


class TestDataQuality:
    def test_the_label_is_that_of_the_weakest_standard_and_each_says_why(self, client):
        indicator, _periods, officer = make_series([10, 11, 9])

        page = words(get(client, officer, path_of(indicator, "quality")))

        assert "How good the data are" in page
        assert "0 of 3 figures have evidence." in page
        assert "Every figure was approved by a second person." in page
        assert "No figure has an evidence grade." in page
        assert "3 figures have no grade." in page
        assert "Weak (1/3)" in page

    def test_drafts_of_others_change_no_profile(self, client):
        indicator, periods, officer = make_series([10, 11, 9])
        before = words(get(client, officer, path_of(indicator, "quality")))

        make.make_observation(
            indicator, periods[0], entered_by=officer, value=Decimal(1), cell="sex=f", state=State.DRAFT
        )

        assert words(get(client, officer, path_of(indicator, "quality"))) == before


class TestGroups:
    CELLS = {"": 40, "sex=f": 3, "sex=m": 37}

    def make(self):
        indicator, _periods, officer = make_series(
            [self.CELLS], disaggregations=SPLIT, name="Participants who passed"
        )
        return indicator, officer, make.make_user(programme=indicator.programme, role=Role.READER)

    def test_small_cells_and_what_gives_them_away_are_left_out_of_page_and_file(self, client):
        indicator, _officer, reader = self.make()

        groups = get(client, reader, path_of(indicator, "groups"))

        assert "2 cells are left out" in words(groups)
        assert "Sex: Female" in groups
        for part in ("", "groups", "figures", "explained", "history", "earlier", "values", "quality"):
            page = get(client, reader, path_of(indicator, part))
            assert ">37<" not in page, part
            assert ">3<" not in page, part
            assert page.count("left out: few people") == 2 * (part in {"figures", "explained", "history"}), (
                part
            )
        rows = self.rows(client, reader, indicator)
        assert {r["Disaggregation"]: (r["Value"], r["Why there is no figure"]) for r in rows} == {
            "": ("40", ""),
            "sex=f": ("", "Left out: few people"),
            "sex=m": ("", "Left out: few people"),
        }

    def rows(self, client, user, indicator):
        client.force_login(user)
        data = client.get(f"/export/observations/{indicator.pk}.csv").content.decode("utf-8-sig")
        return list(csv.DictReader(io.StringIO(data, newline="")))

    def test_those_who_enter_the_figures_see_each_of_them_in_the_list(self, client):
        indicator, officer, _reader = self.make()

        page = get(client, officer, path_of(indicator, "figures"))

        assert "left out: few people" not in page
        assert ">37<" in page
        assert {r["Value"] for r in self.rows(client, officer, indicator)} == {"40", "3", "37"}

    def test_what_is_not_about_people_is_shown_whole(self, client):
        split = [{"name": "pillar", "label": "Pillar", "categories": []}]
        indicator, _periods, officer = make_series(
            [{"": 10, "pillar=a": 2, "pillar=b": 7}],
            disaggregations=split,
            name="Posts",
            numerator_label="",
            denominator_label="",
        )

        page = words(get(client, officer, path_of(indicator, "groups")))

        assert "cells are left out" not in page
        assert "The parts by pillar give value 9, but the total says 10. Nothing was corrected." in page

    def test_sub_totals_are_added_up_and_marked(self, client):
        cells = {
            "nation=KWT;sex=f": 10,
            "nation=KWT;sex=m": 20,
            "nation=QAT;sex=f": 30,
            "nation=QAT;sex=m": 40,
        }
        indicator, _periods, officer = make_series([cells], disaggregations=SPLIT)

        page = words(get(client, officer, path_of(indicator, "groups")))

        assert "Nation: KWT 30 Added up here" in page
        assert "Sex: Male 60 Added up here" in page
        assert "Nation: QAT, Sex: Female 30" in page


def test_the_page_costs_the_same_queries_for_any_number_of_figures(client):
    def count(indicator, user):
        client.force_login(user)
        with CaptureQueriesContext(connection) as found:
            assert client.get(path_of(indicator)).status_code == 200
        return len(found)

    indicator, periods, officer = make_series([TestGroups.CELLS] * 2, disaggregations=SPLIT)
    reader = make.make_user(programme=indicator.programme, role=Role.READER)
    count(indicator, reader)  # the first visit makes the session
    few = count(indicator, reader)
    for period in periods:
        for nation in range(9):
            make.make_observation(
                indicator, period, entered_by=officer, value=Decimal(3), cell=f"nation=N{nation};sex=f"
            )
    with_transaction([(indicator.pk, p.pk) for p in periods])

    assert count(indicator, reader) == few
    assert few <= 56  # with what the chart marks, the history and the comments
