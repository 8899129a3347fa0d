"""Cells of 1 to 4 people: seen by those who enter and approve them, left out for everybody else, at every door."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from indicators.disclosure import shown_to, withheld
from indicators.entry.actions import correct_observation, record_observation
from indicators.entry.evidence import attach_evidence, check_files
from indicators.models import Observation, Role, State
from tests import factories as make
from tests.reports.test_pages import get, words
from tests.reports.test_statistics import SPLIT, make_series, path_of

pytestmark = pytest.mark.django_db
CELLS = {"": 40, "sex=f": 3, "sex=m": 37}
SEE = ("officer", "approver", "admin")
DO_NOT = ("evaluator", "reader", "regional", "auditor")


@pytest.fixture
def scene():
    indicator, periods, officer = make_series([CELLS], disaggregations=SPLIT)
    programme = indicator.programme
    indicator.releasable_to.set(programme.partners.all())
    people = {
        "officer": officer,
        "approver": make.make_user(programme=programme, role=Role.APPROVER),
        "evaluator": make.make_user(programme=programme, role=Role.EVALUATOR),
        "reader": make.make_user(programme=programme, role=Role.READER),
        "admin": make.make_admin(),
        "regional": make.make_user(global_role="regional_viewer"),
        "auditor": make.make_user(global_role="auditor"),
        "partner": make.make_user(global_role="partner_viewer", partner=programme.partners.get()),
    }
    return indicator, periods[0], people


def of(indicator, cell):
    return Observation.objects.current().get(indicator=indicator, cell=cell)


@pytest.mark.parametrize("who", SEE)
def test_those_who_work_with_the_figures_see_each(scene, client, who):
    indicator, _period, people = scene
    small = of(indicator, "sex=f")

    assert words(get(client, people[who], f"/observations/{small.pk}/")).count("left out") == 0
    assert client.get(f"/api/v1/observations/{small.pk}/").json()["value"] == "3.000000"
    rows = client.get(f"/api/v1/observations/?indicator={indicator.pk}").json()["results"]
    assert sorted(Decimal(row["value"]) for row in rows) == [3, 37, 40]
    assert not any(row["is_left_out"] for row in rows)


@pytest.mark.parametrize("who", DO_NOT)
def test_everybody_else_sees_neither_the_small_cell_nor_what_gives_it_away(scene, client, who):
    indicator, _period, people = scene

    for cell in ("sex=f", "sex=m"):
        one = of(indicator, cell)
        page = get(client, people[who], f"/observations/{one.pk}/")
        assert "Left out: few people" in page
        assert 'class="figure-value"><bdi>37' not in page
        api = client.get(f"/api/v1/observations/{one.pk}/").json()
        assert (api["value"], api["is_left_out"], api["comment"]) == (None, True, "")
    rows = client.get(f"/api/v1/observations/?indicator={indicator.pk}").json()["results"]
    assert {row["cell"]: row["value"] for row in rows} == {
        "": "40.000000",
        "sex=f": None,
        "sex=m": None,
    }
    for part in ("figures", "explained"):
        assert "left out" in words(get(client, people[who], f"{path_of(indicator)}parts/{part}/")), part


@pytest.mark.parametrize("who", [*SEE, *DO_NOT])
@pytest.mark.parametrize("cell", ["sex=f", "sex=m", ""])
def test_evidence_is_left_out_with_its_figure(scene, client, settings, tmp_path, who, cell):
    settings.MEDIA_ROOT = tmp_path
    indicator, _period, people = scene
    one = of(indicator, cell)
    (evidence,) = attach_evidence(
        observation=one,
        files=check_files([SimpleUploadedFile("three women.csv", b"name\n")]),
        link="",
        elsewhere="",
        by=people["officer"],
        at=timezone.now(),
    )
    is_seen = who in SEE or not cell

    page = get(client, people[who], f"/observations/{one.pk}/")
    answer = client.get(f"/evidence/{evidence.pk}/")

    assert ("three women" in page) is is_seen
    assert ("Left out with the figure" in page) is not is_seen
    assert answer.status_code == (200 if is_seen else 404)
    answer.close()


@pytest.mark.parametrize(("who", "finds"), [("admin", True), ("auditor", False)])
def test_a_search_does_not_find_words_that_are_left_out(scene, client, who, finds):
    indicator, _period, people = scene
    correct_observation(
        observation=of(indicator, "sex=f"),
        value=Decimal(2),
        reason="Zweitausend zwei.",
        by=people["officer"],
        at=timezone.now(),
    )

    page = get(client, people[who], "/events/?q=zweitausend")

    assert ("Zweitausend zwei." in page, "Left out: few people" in page) == (finds, False)


def test_a_partner_viewer_sees_totals_alone(scene, client):
    indicator, _period, people = scene
    client.force_login(people["partner"])

    assert client.get(f"/api/v1/observations/{of(indicator, 'sex=f').pk}/").status_code == 404
    rows = client.get(f"/api/v1/observations/?indicator={indicator.pk}").json()["results"]
    assert [row["cell"] for row in rows] == [""]


def test_a_cell_that_is_not_in_force_shows_only_that_it_exists(scene):
    indicator, period, people = scene
    newer = correct_observation(
        observation=of(indicator, "sex=m"),
        value=Decimal(36),
        reason="36 instead of 37.",
        by=people["officer"],
        at=timezone.now(),
    )

    (shown,) = shown_to(people["reader"], [newer])
    assert (shown.value, shown.correction_reason, shown.state) == (None, "", State.SUBMITTED)
    assert withheld(people["officer"], [newer]) == set()
    assert period.pk == shown.period_id


def test_large_cells_stay(client, scene):
    _indicator, _period, people = scene
    big, _periods, _officer = make_series_again({"": 40, "sex=f": 17, "sex=m": 23})

    assert withheld(people["regional"], Observation.objects.filter(indicator=big)) == set()


def make_series_again(cells):
    programme = make.make_programme("BIG")
    (period, *_rest) = make.make_quarters(programme)
    indicator = make.make_indicator(
        programme, version=make.make_version(value_type="count", unit="count", disaggregations=SPLIT)
    )
    officer = make.make_user(programme=programme)
    for cell, value in cells.items():
        make.make_observation(indicator, period, entered_by=officer, value=Decimal(value), cell=cell)
    return indicator, period, officer


def test_the_row_itself_is_never_touched(scene):
    indicator, _period, people = scene
    one = of(indicator, "sex=f")

    (shown,) = shown_to(people["reader"], [one])
    assert shown is not one
    assert (shown.value, one.value) == (None, Decimal(3))


@pytest.mark.parametrize(("who", "seen"), [("officer", True), ("auditor", False), ("reader", False)])
def test_the_audit_trail_keeps_small_figures_to_those_who_enter_them(scene, client, who, seen):
    indicator, period, people = scene
    record_observation(
        indicator=indicator,
        period=period,
        cell="nation=KWT",
        value=Decimal(2),
        comment="Two of them.",
        as_of=period.ends_on,
        by=people["officer"],
        at=timezone.now(),
    )

    page = words(get(client, people[who], "/events/"))
    assert ("Two of them." in page) is seen
    assert ("Left out: few people" in page) is not seen


def test_it_costs_the_same_queries_for_one_and_for_many(scene):
    indicator, _period, people = scene
    counts = []
    rows = list(Observation.objects.filter(indicator=indicator).select_related("indicator__version"))
    for some in (rows[:2], rows * 10):
        with CaptureQueriesContext(connection) as asked:
            withheld(people["reader"], some)
        counts.append(len(asked))

    # the person's programmes; the figures of the same indicators and periods
    assert counts == [2, 2]
