"""Pages, files and the machine door of composite indices: the same numbers, for whoever may see them."""

import csv
import io
import re
from datetime import date
from decimal import Decimal
from html import unescape

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from indicators import derived
from indicators.assessment.indices import draft_index, read_indices
from indicators.composites import inputs_of, load_ground, period_ends, recipe_of
from indicators.engine.index import judge_index
from indicators.models import AssessmentRun, Role
from indicators.programmes.recipes import OwnWeight, Part
from indicators.reports import composite_page
from tests import factories as make
from tests.assessment.cast import make_due, make_figures
from tests.world import make_world

pytestmark = pytest.mark.django_db
HUNDRED = {"low": Decimal(0), "high": Decimal(100)}
ON = date(2025, 10, 20)


@pytest.fixture(autouse=True)
def frozen_day(monkeypatch):
    """The pages ask for the day at one place; the factory programme lives in 2025."""
    monkeypatch.setattr("indicators.reports.composite_page.today", lambda: ON)
    monkeypatch.setattr("indicators.api.indices.today", lambda: ON)


def words(answer):
    assert answer.status_code == 200, answer.status_code
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", unescape(answer.content.decode())))


def whole(programme=None, **given):
    """A programme with two indicators, 30 and 45 of 60 in 2025 Q3, and an index of both: 0.61."""
    programme = programme or make.make_programme()
    first, second = (make.make_indicator(programme) for _ in range(2))
    make_figures(first, 12, 15, 18, 22, 26, 28, 30)
    make_figures(second, 6, 12, 24, 30, 36, 40, 45)
    return make.make_index(programme, [first, second], **given), [first, second]


def compared(weights=None):
    """Iraq at 0.5 and 1.0 of its way, Jordan at 0.9 and 0.9, Tunisia at 0.1 and nothing."""
    partners = [make.make_partner(code) for code in ("IRQ", "JOR", "TUN")]
    programme = make.make_programme(partners=partners)
    versions = [make.make_version() for _ in range(2)]
    reached = {"IRQ": (30, 48), "JOR": (45, 44), "TUN": (16, None)}
    made = {}
    for partner in partners:
        made[partner.code] = [
            make.make_indicator(programme, version=version, partner=partner, is_core=True)
            for version in versions
        ]
        for indicator, numerator in zip(made[partner.code], reached[partner.code], strict=True):
            indicator.releasable_to.add(partner)
            make_figures(indicator, *[None] * 6, numerator)
    index = make.make_index(
        programme,
        [],
        across="partners",
        parts=[Part(indicator=one, reads="progress") for one in made["IRQ"]],
        own_weights=[
            OwnWeight(partner=partners[1], indicator=one, weight=Decimal(weight))
            for one, weight in zip(made["IRQ"], weights or (), strict=False)
        ],
        weights_reason="Agreed." if weights else "",
    )
    return index, made, partners


def scores_of(index, on=ON):
    recipe = recipe_of(index.current, index.programme)
    return judge_index(inputs_of(recipe, load_ground([recipe], as_of=on)))


def frozen_run(index):
    """An assessment of the index's programme that froze it."""
    programme = index.programme
    due = make_due(programme)
    run = AssessmentRun.objects.create(
        programme=programme, due=due, kind="on_the_fly", as_of=due.as_of, label=due.label, revision=1,
        input_hash="0" * 64, method_version="1.0", software_version="0", started_at=make.AT, finished_at=make.AT,
    )  # fmt: skip
    (task,) = read_indices(programme, "on_the_fly", due.as_of)
    result = draft_index(task)
    result.run = run
    result.save()
    return run


def rows_of(client, index):
    answer = client.get(f"/export/index/{index.pk}.csv")
    assert answer.status_code == 200
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))


# --- What enters -------------------------------------------------------------------------------------------


def test_values_enter_with_their_days_and_a_stale_one_is_missing_with_its_reason():
    index, _indicators = whole()
    recipe = recipe_of(index.current, index.programme)

    now = inputs_of(recipe, load_ground([recipe], as_of=ON)).members[0].parts
    later = inputs_of(recipe, load_ground([recipe], as_of=date(2026, 10, 20))).members[0].parts

    assert [(part.value, part.on) for part in now] == [(50, date(2025, 9, 30)), (75, date(2025, 9, 30))]
    assert [part.value for part in later] == [None, None]
    assert "no longer counts as current" in str(later[0].why_missing)


def test_less_is_better_comes_from_the_indicator():
    programme = make.make_programme()
    down = make.make_indicator(programme, version=make.make_version(direction="descending"))
    up = make.make_indicator(programme)
    for one in (down, up):
        make_figures(one, *[None] * 6, 15)
    (score,) = scores_of(make.make_index(programme, [down, up])).scores

    assert [part.normalised for part in score.parts] == [Decimal("0.75"), Decimal("0.25")]


def test_progress_enters_as_the_achievement_and_a_refused_one_is_missing():
    index, _made, _partners = compared()
    by_key = {one.key: one for one in scores_of(index).scores}

    assert [part.normalised for part in by_key["IRQ"].parts] == [Decimal("0.5"), 1]
    assert by_key["TUN"].refusal.code == "WEIGHT_COVERAGE_TOO_LOW"
    assert by_key["IRQ"].rank is not None


def test_units_enter_with_their_own_figures():
    programme = make.make_programme()
    north, south, silent = (make.make_unit(programme, code) for code in ("N", "S", "X"))
    period = make.make_quarters(programme)[6]
    indicators = [make.make_indicator(programme, units=[north, south, silent]) for _ in range(2)]
    for indicator, figures in zip(indicators, ((30, 12), (48, 6)), strict=True):
        for unit, numerator in zip((north, south), figures, strict=True):
            make.make_observation(
                indicator, period, unit=unit, numerator=Decimal(numerator), denominator=Decimal(60)
            )
        derived.refresh([(indicator.pk, period.pk)], at=make.AT)
    index = make.make_index(programme, indicators, across="units")

    found = scores_of(index).scores

    assert [(one.key, [p.normalised for p in one.parts]) for one in found] == [
        ("N", [Decimal("0.5"), Decimal("0.8")]),
        ("S", [Decimal("0.2"), Decimal("0.1")]),
        ("X", []),
    ]
    assert (found[0].rank, found[0].rank_low, found[0].rank_high) == (1, 1, 1)


def test_a_sum_of_one_unit_does_not_begin_at_the_baseline_of_all():
    programme = make.make_programme()
    units = [make.make_unit(programme, code) for code in ("N", "S")]
    version = make.make_version(value_type="count", unit="count", time_rule="sum", site_rule="sum", scale=1)
    indicators = [make.make_indicator(programme, version=one, units=units) for one in (version, None)]
    period = make.make_quarters(programme)[6]
    for unit in units:
        make.make_observation(indicators[0], period, unit=unit, value=Decimal(7))
        make.make_observation(indicators[1], period, unit=unit)
    derived.refresh([(one.pk, period.pk) for one in indicators], at=make.AT)
    recipe = recipe_of(make.make_index(programme, indicators, across="units").current, programme)

    members = inputs_of(recipe, load_ground([recipe], as_of=ON)).members

    assert [one.parts[0].value for one in members] == [7, 7]  # and not 20 + 7


def test_the_past_is_scored_by_the_figures_of_that_time():
    index, _indicators = whole()
    recipe = recipe_of(index.current, index.programme)
    ground = load_ground([recipe], as_of=ON)

    ends = period_ends(recipe, ground)

    assert [label for _on, label in ends][-2:] == ["2025 Q2", "2025 Q3"]
    then = judge_index(inputs_of(recipe, ground, as_of=ends[0][0])).scores[0]
    assert float(then.value) == pytest.approx((0.2 * 0.1) ** 0.5)
    assert then == scores_of(index, on=ends[0][0]).scores[0]


# --- Pages -------------------------------------------------------------------------------------------------


def test_the_page_shows_score_interval_parts_and_explanation(client):
    index, (first, _second) = whole()
    client.force_login(make.make_user(programme=index.programme, role=Role.READER))

    answer = client.get(index.get_absolute_url())
    text, (score,) = words(answer), scores_of(index).scores

    assert f"{score.value:.2f} 5–95 % interval {score.low:.2f} to {score.high:.2f}" in text
    assert "0.500^0.500 × 0.750^0.500" in text
    assert first.get_absolute_url() in answer.content.decode()
    assert "not a decision rule" in text
    assert "2024 Q1 0.14" in text
    assert "Revise" not in text


def test_a_missing_part_is_marked_and_too_little_weight_is_refused_in_its_place(client):
    programme = make.make_programme()
    _index, (first, second) = whole(programme)
    third = make.make_indicator(programme)
    marked = make.make_index(programme, [first, second, third], name="Marked")
    refused = make.make_index(programme, [first, third], name="Refused")
    client.force_login(make.make_admin())

    text = words(client.get(marked.get_absolute_url()))
    assert "66.7 % of the weight is used" in text
    assert "Missing, left out: There are no approved data yet." in text
    assert "used: 50" in text
    text = words(client.get(refused.get_absolute_url()))
    assert "No score Usable data cover 50 % of the weight; at least 65 % are needed." in text
    overview = words(client.get(f"/programmes/{programme.code}/"))
    assert "marked" in overview
    assert "No score Usable data cover 50 %" in overview


def test_partners_stand_side_by_side_with_intervals_and_no_league_table(client):
    index, _made, _partners = compared(weights=("0.8", "0.2"))
    client.force_login(make.make_admin())

    text = words(client.get(index.get_absolute_url()))
    by_key = {one.key: one for one in scores_of(index).scores}

    assert "not a league table" in text
    assert "weights of their own" in text
    jordan = by_key["JOR"]
    assert f"{jordan.rank} ({jordan.rank_low} to {jordan.rank_high})" in text
    for one in by_key.values():
        assert f"What {one.name} is made of" in text


def test_a_partner_viewer_sees_its_own_score_without_a_place(client):
    index, _made, (iraq, jordan, tunisia) = compared()
    client.force_login(make.make_user(global_role="partner_viewer", partner=iraq))
    by_key = {one.key: one for one in scores_of(index).scores}

    for path in (index.get_absolute_url(), f"/programmes/{index.programme.code}/"):
        text = words(client.get(path))
        assert f"{by_key['IRQ'].value:.2f}" in text
        assert f"{by_key['IRQ'].low:.2f}" in text
        assert "Not distinguishable from" not in text
        assert "Place" not in text
        for one in (jordan, tunisia):
            assert f"What {one.name}" not in text
            assert f"{by_key['JOR'].value:.2f} (" not in text
    rows = rows_of(client, index)
    assert {row["Of"] for row in rows} == {iraq.name}
    assert Decimal(rows[0]["Score"]) == by_key["IRQ"].value
    assert rows[0]["Place"] == ""


def test_an_index_with_a_part_that_is_not_releasable_does_not_exist_for_a_partner_viewer(client):
    world = make_world()
    inner = world.own.programme.composites.get(name="Inner index OWN")
    client.force_login(world.people["partner"])

    assert client.get(world.own.composite.get_absolute_url()).status_code == 200
    assert client.get(inner.get_absolute_url()).status_code == 404
    assert client.get(f"/export/index/{inner.pk}.csv").status_code == 404
    assert client.get(f"/api/v1/indices/{inner.pk}/").status_code == 404


def test_programmes_without_an_index_say_so_to_whoever_may_compose(client):
    programme = make.make_programme()
    path = f"/programmes/{programme.code}/"
    client.force_login(make.make_user(programme=programme, role=Role.APPROVER))
    assert "most programmes need none" in words(client.get(path))
    client.force_login(make.make_user(programme=programme, role=Role.READER))
    assert "Composite indices" not in words(client.get(path))


def test_the_assessment_shows_what_it_froze(client):
    index, _indicators = whole()
    run = frozen_run(index)
    result = run.index_results.get()
    client.force_login(make.make_admin())

    text = words(client.get(f"/assessments/{run.pk}/"))
    assert f"version 1, seed {result.seed}" in text
    assert "0.61 5–95 % interval" in text
    assert "2025 Q3 30 Sep 2025 0.61" in words(client.get(index.get_absolute_url()))


# --- Files and the machine door ----------------------------------------------------------------------------


def test_the_file_has_the_numbers_of_the_page(client):
    index, _indicators = whole()
    client.force_login(make.make_admin())
    (score,) = scores_of(index).scores

    rows = rows_of(client, index)

    assert [row["Row"] for row in rows] == ["Index", "Part", "Part"]
    assert Decimal(rows[0]["Score"]) == score.value
    assert Decimal(rows[0]["Score from (5 %)"]) == score.low
    assert [Decimal(row["On the scale from 0 to 1"]) for row in rows[1:]] == [Decimal("0.5"), Decimal("0.75")]
    assert client.get(f"/export/index/{index.pk}.xlsx").status_code == 200
    assert client.get("/export/index/0.csv").status_code == 404
    assert client.get("/export/index/x.csv").status_code == 404


def test_the_machine_door_gives_the_same_numbers_and_explanation():
    index, _indicators = whole()
    door = APIClient()
    door.force_login(make.make_admin())
    (score,) = scores_of(index).scores

    data = door.get(f"/api/v1/indices/{index.pk}/").data

    (found,) = data["standing"]["scores"]
    assert Decimal(found["value"]) == score.value
    assert (Decimal(found["low"]), Decimal(found["high"])) == (score.low, score.high)
    assert [step["result"] for step in found["steps"]] == [step.result for step in score.steps]
    assert [row["weight"] for row in data["components"]] == [None, None]
    assert data["standing"]["seed"] == scores_of(index).seed


def test_the_machine_door_narrows_an_index_across_partners_to_ones_own():
    index, made, (iraq, *_others) = compared()
    door = APIClient()
    door.force_login(make.make_user(global_role="partner_viewer", partner=iraq))

    data = door.get(f"/api/v1/indices/{index.pk}/").data

    assert [(one["key"], one["rank"]) for one in data["standing"]["scores"]] == [("IRQ", None)]
    assert {row["indicator"] for row in data["components"]} == {one.pk for one in made["IRQ"]}


def test_a_frozen_comparison_is_narrowed_as_the_page_is():
    index, _made, (iraq, *_others) = compared()
    run = frozen_run(index)
    door = APIClient()
    door.force_login(make.make_user(global_role="partner_viewer", partner=iraq))

    (row,) = door.get(f"/api/v1/index-results/?run={run.pk}").data["results"]

    assert [(one["key"], one["rank"]) for one in row["result"]["scores"]] == [("IRQ", None)]
    door.force_login(make.make_admin())
    (row,) = door.get(f"/api/v1/index-results/?index={index.pk}").data["results"]
    assert {one["key"] for one in row["result"]["scores"]} == {"IRQ", "JOR", "TUN"}


def test_a_partner_viewer_sees_the_units_of_its_nation():
    iraq, jordan = make.make_partner("IRQ"), make.make_partner("JOR")
    programme = make.make_programme(partners=[iraq, jordan])
    units = [make.make_unit(programme, code, partner=jordan) for code in ("N", "S")]
    indicators = [make.make_indicator(programme, units=units) for _ in range(2)]
    for one in indicators:
        one.releasable_to.set([iraq, jordan])
    index = make.make_index(programme, indicators, across="units")
    seen = {}
    for partner in (iraq, jordan):
        door = APIClient()
        door.force_login(make.make_user(global_role="partner_viewer", partner=partner))
        seen[partner] = door.get(f"/api/v1/indices/{index.pk}/").data["standing"]["scores"]

    assert [one["key"] for one in seen[jordan]] == ["N", "S"]
    assert seen[iraq] == []


# --- Queries -----------------------------------------------------------------------------------------------


def queries_of(ask):
    with CaptureQueriesContext(connection) as found:
        ask()
    return len(found)


def test_the_cost_of_the_page_does_not_grow_with_parts_or_periods(django_assert_num_queries):
    """Rules; indicators, revisions, milestones; periods, roll-ups; versions, frozen results."""
    admin = make.make_admin()
    programme = make.make_programme()
    small, two = whole(programme)
    more = [make.make_indicator(programme) for _ in range(6)]
    for one in more:
        make_figures(one, 12, 15, 18, 22, 26, 28, 30)
    large = make.make_index(programme, [*two, *more], name="Large")

    for index in (small, large):
        seen = composite_page.every_index(admin).get(pk=index.pk)
        with django_assert_num_queries(8):
            composite_page.context(admin, seen)


def test_the_cost_of_a_programme_page_and_a_list_does_not_grow_with_indices(django_assert_num_queries):
    """Indices, their parts; rules; indicators, revisions, milestones; periods, roll-ups."""
    admin = make.make_admin()
    programme = make.make_programme()
    _index, two = whole(programme)
    door = APIClient()
    door.force_login(admin)
    door.get("/api/v1/indices/")
    asked = queries_of(lambda: door.get("/api/v1/indices/"))

    with django_assert_num_queries(8):
        composite_page.on_programme(admin, programme)
    for number in range(5):
        make.make_index(programme, two, name=f"Index {number}")
    with django_assert_num_queries(8):
        assert len(composite_page.on_programme(admin, programme)) == 6
    with django_assert_num_queries(asked):
        assert len(door.get("/api/v1/indices/").data["results"]) == 6


def test_a_programme_without_indices_costs_one_query(django_assert_num_queries):
    admin, programme = make.make_admin(), make.make_programme()

    with django_assert_num_queries(1):
        assert composite_page.on_programme(admin, programme) == []
