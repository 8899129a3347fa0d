"""The page of planned answers: the sentence first, planned and exploratory apart, names only for those who see them."""

import re
from datetime import date
from html import unescape

import pytest
from django.db import transaction
from django.urls import reverse

from indicators import derived
from indicators.assessment import running
from indicators.charts.compared import gap_rows
from indicators.engine.early import Lasted
from indicators.models import AssessmentRun, PlannedComparison
from indicators.reports import early
from indicators.reports.expost_pictures import gaps_of, ranks_of
from tests import factories as make
from tests.assessment.cast import make_due
from tests.assessment.test_planned import END, beside, look_back, make_sites, planned

pytestmark = pytest.mark.django_db


def words(page):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", unescape(page)))


def page_of(client, run, user):
    client.force_login(user)
    response = client.get(reverse("assessment-detail", args=[run.pk]))
    assert response.status_code == 200
    return response.content.decode()


@pytest.fixture
def assessed():
    programme, indicator, units = make_sites()
    planned(programme, items=[(indicator, {"comparisons": beside(units[4:])})])
    return programme, indicator, units, look_back(programme)


def test_the_answer_stands_in_one_sentence_with_picture_checks_and_comparison(client, assessed):
    programme, _indicator, units, run = assessed
    page = page_of(client, run, make.make_user(programme=programme, role="reader"))

    said = words(page)
    assert "Compared with places that the programme does not reach it moved up by" in said
    assert "That is the intended direction." in said
    assert "Significant among 1 primary tests." in said
    assert "Planned before the start" in said
    assert "All of the interval lies beyond the smallest change that matters, laid down as 2." in said
    assert "Version 1 of the ex-post plan was locked on 20 Jan 2024" in said
    assert "Yes Method and indicators were laid down before the start." in said
    assert page.count('class="chart-svg') >= 6  # lines and event study, three sizes each
    assert all(str(unit) in said for unit in units[4:])
    assert "1 of 1 planned tests are significant" in said
    assert "What would change this verdict?" in said
    assert said.count("Nothing that was left out turns it") == 2  # the planned answer and the exploratory one
    assert "nan" not in said.lower().split()


def test_the_file_says_planned_or_exploratory_and_with_whom(client, assessed):
    programme, _indicator, units, run = assessed
    client.force_login(make.make_user(programme=programme, role="reader"))

    text = client.get(f"/export/assessment/{run.pk}.csv").content.decode("utf-8-sig")

    assert "Planned before the start" in text
    assert "Exploratory" in text
    assert str(units[5]) in text


def test_the_machine_door_says_how_an_answer_stands(client, assessed):
    programme, _indicator, _units, run = assessed
    client.force_login(make.make_user(programme=programme, role="reader"))

    found = client.get(f"/api/v1/verdicts/?run={run.pk}").json()["results"]
    plans = client.get("/api/v1/expost-plans/?programme=" + programme.code).json()["results"]

    assert {v["method"]: v["standing"] for v in found}["primary"] == "planned"
    assert {v["standing"] for v in found if v["method"] != "primary"} == {"exploratory"}
    assert (plans[0]["is_timely"], len(plans[0]["items"][0]["comparisons"])) == (True, 4)


def test_other_partners_are_named_to_those_who_see_them_alone(client):
    programme, indicator, _units = make_sites(sites=1, reached=1)
    other_programme, other, _u = make_sites(sites=1, reached=0, code="HIDDEN")
    other.definition, other.version = indicator.definition, indicator.version
    other.save()
    planned(programme, items=[(indicator, {"comparisons": [PlannedComparison(indicator=other)]})])
    run = look_back(programme)
    nation = make.make_partner("JOR")
    indicator.releasable_to.add(nation)
    programme.partners.add(nation)

    reader = page_of(client, run, make.make_user(programme=programme, role="reader"))
    admin = page_of(client, run, make.make_admin("all"))
    viewer = page_of(client, run, make.make_user("v", global_role="partner_viewer", partner=nation))

    assert "HIDDEN" not in reader
    assert "which you do not see" in reader
    assert "HIDDEN" in admin
    assert "moved up by" not in words(viewer)
    assert indicator.name in viewer
    assert other_programme.code == "HIDDEN"


def test_a_revision_lists_what_changed(client, assessed):
    programme, indicator, _units, _run = assessed
    newest = indicator.observations.order_by("-period__ends_on", "unit_id").first()
    type(newest).objects.filter(pk=newest.pk).update(state="superseded", superseded_at=make.AT)
    make.make_observation(
        indicator,
        newest.period,
        unit=newest.unit,
        value=newest.value + 9,
        corrects=newest,
        correction_reason="Typo.",
    )
    with transaction.atomic():
        derived.refresh({(indicator.pk, newest.period_id)}, at=make.AT)
    second = look_back(programme, request=1)

    said = words(page_of(client, second, make.make_user(programme=programme, role="reader")))

    assert second.revision == 2
    assert "What changed since revision 1" in said
    assert re.search(r"2025 Q4: [\d.]+ → [\d.]+", said)
    assert "figures of single sites" in said


def test_what_cannot_be_assessed_is_counted_with_the_quarter_from_which_it_can(client):
    programme, indicator, _units = make_sites(sites=1, reached=1, until=date(2023, 12, 31))
    run = look_back(programme)

    assert run.verdicts.exclude(refusal_code="").exists()
    said = words(page_of(client, run, make.make_user(programme=programme, role="reader")))
    assert "1 of 1 indicator cannot yet be assessed ex-post" in said
    assert indicator.name in said


def test_early_verdicts_stand_beside_what_lasted(client):
    programme, indicator, _units = make_sites()
    for as_of in (date(2024, 12, 31), date(2025, 6, 30), END):
        running.run_this(make_due(programme, as_of=as_of).pk)
    look_back(programme)
    reader = make.make_user(programme=programme, role="reader")
    client.force_login(reader)

    [held] = early.load(reader)
    page = words(client.get(reverse("programme-early-verdicts", args=[programme.code])).text)

    assert set(held.statuses) == {"half", "three_quarters", "end"}
    assert held.indicator == indicator
    assert held.lasted in set(Lasted)
    assert "Too few with a known outcome" in page
    assert (
        client.get(f"/api/v1/programmes/{programme.code}/early-verdicts/").json()["indicators"][0]["statuses"]
        == held.statuses
    )
    assert indicator.definition.code in client.get(f"/export/early/{programme.code}.csv").content.decode()
    assert AssessmentRun.objects.count() == 4


@pytest.mark.parametrize("n", [1, 4])
def test_queries_of_early_verdicts_do_not_grow(client, n, django_assert_max_num_queries):
    reader = make.make_admin("reads")
    for number in range(n):
        programme, _indicator, _units = make_sites(sites=1, reached=1, code=f"E{number}")
        look_back(programme)
        make_due(programme, as_of=END)
    # programmes, runs, verdicts, indicators, rules
    with django_assert_max_num_queries(6):
        early.load(reader)


def test_what_turns_an_answer_stands_in_a_table_by_its_name(client):
    programme, indicator, units = make_sites(effect=0.55, sites=6, reached=3, seed=11)
    planned(programme, items=[(indicator, {"comparisons": beside(units[3:])})])
    run = look_back(programme)
    page = page_of(client, run, make.make_user(programme=programme, role="reader"))

    [verdict] = run.verdicts.filter(method="primary")
    [turned] = [one["rows"] for one in verdict.result["tables"] if one["name"] == "would_turn"]
    assert turned
    table = words(
        page.split("Points and units without which it would say something else")[1].split("</table>")[0]
    )
    names = {one["code"]: one["pk"] for one in verdict.inputs["units"]}
    for code, now, then, _value in turned:
        assert now != then
        assert str(units[[unit.pk for unit in units].index(names[code])]) in table
    assert "Without It would say Result" in table


def test_gaps_of_the_placebos_are_drawn_and_an_older_answer_still_shows_its_ranks(client):
    programme, indicator, units = make_sites(sites=8, reached=1)
    planned(programme, items=[(indicator, {"comparisons": beside(units[1:]), "method": "synthetic_control"})])
    run = look_back(programme)
    page = page_of(client, run, make.make_user(programme=programme, role="reader"))
    [verdict] = run.verdicts.filter(method="primary")
    names = {one["code"]: one["code"] for one in verdict.inputs["units"]}

    shown = gaps_of(verdict, names, "Level", "points")
    assert len(shown.placebos) + len(shown.left_out) == 7
    assert page.count('<polyline class="c-placebo"') == 3 * len(shown.placebos)
    assert shown.breaks_before == 12
    own = gap_rows(shown)[-1]
    assert own.lowest <= own.middle <= own.highest < own.treated
    assert own.farther == 0
    assert f"Last period, 2025 Q4: the gap is {own.treated:.2f}" in words(page)

    verdict.result["tables"] = [one for one in verdict.result["tables"] if one["name"] != "placebo_gaps"]
    assert gaps_of(verdict, names, "Level", "points") is None
    assert len(ranks_of(verdict, names).rows) == 8
