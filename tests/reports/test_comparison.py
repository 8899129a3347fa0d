"""Partners side by side, and roll-ups of every level: progress alone, counts that add up, constant queries."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from itertools import cycle

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from indicators.engine.ambition import ambition
from indicators.models import (
    AssessmentRun,
    DueAssessment,
    Role,
    TargetRevision,
    Verdict,
)
from indicators.snapshots import load_indicators, load_snapshots
from tests import factories as make
from tests.reports.test_pages import get, recent_programme, with_transaction, words
from tests.world import make_world

pytestmark = pytest.mark.django_db
RESTLESS = (30, 39)
"""Figures that go up and down: the four up to a baseline of today give the indicator's own standard deviation."""
NATIONS = ("JOR", "TUN", "MAR", "EGY", "DZA", "MRT", "KWT", "QAT")


def shared(n, *, figures=(43,), direction="ascending", **given):
    """One definition used by n partners, with figures that come round again and again."""
    programme, _indicators, periods = recent_programme("CMP")
    version = make.make_version(name="Shared measure", direction=direction)
    made = []
    for code in NATIONS[:n]:
        partner = make.make_partner(code, framework="MD")
        programme.partners.add(partner)
        one = make.make_indicator(
            programme, version=version, partner=partner, frequency="monthly", is_core=True,
            plan={"baseline_on": programme.starts_on, "target_on": programme.ends_on} | given,
        )  # fmt: skip
        officer = make.make_user(programme=programme)
        for period, figure in zip(periods, cycle(figures), strict=False):
            make.make_observation(
                one, period, entered_by=officer, numerator=Decimal(figure), denominator=Decimal(77)
            )
        with_transaction([(one.pk, period.pk) for period in periods])
        made.append(one)
    return programme, made


def test_it_shows_progress_and_never_a_level(client):
    _programme, made = shared(2)

    page = words(get(client, make.make_admin(), "/compare/"))

    assert "A fair management comparison, not a league table." in page
    assert "Shared measure" in page
    assert all(str(one.partner) in page for one in made)
    level = made[0].current_status.value
    assert f"{level:.1f}" not in page
    assert "Ambition not known" in page


def test_one_partner_alone_is_no_comparison(client):
    shared(1)
    assert "Nothing to compare" in words(get(client, make.make_admin(), "/compare/"))


def test_what_is_not_common_core_is_not_compared(client):
    _programme, made = shared(2)
    made[0].is_core = False
    made[0].save(update_fields=["is_core"])
    assert "Nothing to compare" in words(get(client, make.make_admin(), "/compare/"))


def test_a_partner_viewer_compares_itself_with_nobody(client):
    _programme, made = shared(2)
    for one in made:
        one.releasable_to.add(one.partner)
    viewer = make.make_user(global_role="partner_viewer", partner=made[0].partner)

    page = words(get(client, viewer, "/compare/"))
    assert "Nothing to compare" in page
    assert str(made[1].partner) not in page


def test_own_thresholds_stand_beside_the_usual_ones(client):
    shared(2, on_track_from=Decimal("0.80"), at_risk_from=Decimal("0.60"), reason="Fits here.")

    page = words(get(client, make.make_admin(), "/compare/"))
    assert "Own thresholds: on track from 0.8, at risk from 0.6; usual: 0.9 and 0.75." in page


def test_page_file_and_machine_say_the_same(client):
    _programme, made = shared(3)
    admin = make.make_admin()
    api = get_json(client, admin, "/api/v1/comparison/")
    file = client.get("/export/comparison/all.csv").content.decode()

    assert len(api["lines"]) == len(made)
    assert [one["partner"] for one in api["lines"]] == sorted(one.partner.code for one in made)
    points = client.get("/export/comparison-progress/all.json").json()["rows"]
    for one in api["lines"]:
        assert " ".join(one["notes"]) in file
    assert [row["share"] for row in points] == [
        None if point["share"] is None else float(point["share"])
        for one in api["lines"]
        for point in one["progress"]
    ]
    only = get_json(client, admin, f"/api/v1/comparison/?country={made[0].partner.code}")
    assert [one["partner"] for one in only["lines"]] == [made[0].partner.code]
    assert "“ZZZ” is not there" in str(get_json(client, admin, "/api/v1/comparison/?country=ZZZ", status=400))


def test_the_address_narrows_page_and_files_alike(client):
    programme, made = shared(3)
    admin = make.make_admin()
    chosen, other = made[0].partner, made[1].partner

    page = words(get(client, admin, f"/compare/?country={chosen.code}"))
    file = client.get(f"/export/comparison/all.csv?country={chosen.code}").content.decode()
    points = client.get(f"/export/comparison-progress/all.csv?country={chosen.code}").content.decode()
    assert f"Country: {chosen}" in page
    assert all(str(chosen) in text and f'"{other}"' not in text for text in (file, points))
    assert f"Narrowed to Country: {chosen}." in client.get(
        f"/export/comparison/all.json?country={chosen.code}"
    ).json()["notes"]  # fmt: skip
    everybody = words(get(client, admin, f"/compare/?framework={programme.framework}"))
    assert all(str(one.partner) in everybody for one in made)


@pytest.mark.parametrize(
    ("query", "said"),
    [("framework=XX", "“XX” is not there"), ("country=ZZ", "“ZZ” is not there"),
     ("level=x", "“level” is no filter here")],
)  # fmt: skip
def test_an_address_that_means_nothing_is_told(client, query, said):
    shared(2)
    page = words(get(client, make.make_admin(), f"/compare/?{query}"))
    assert said in page
    assert ("Nothing fits" in page) == (not query.startswith("level"))


def test_the_last_point_of_each_line_is_the_achievement_of_today(client):
    _programme, made = shared(2)
    points = get_json(client, make.make_admin(), "/export/comparison-progress/all.json")["rows"]

    for one in made:
        own = [row for row in points if row["partner"] == str(one.partner)]
        assert own[0]["share"] == 0
        assert own[0]["on"] == one.plan.baseline_on.isoformat()
        assert own[-1]["share"] == pytest.approx(float(one.current_status.achievement))
        assert own[-1]["quality"]
    page = get(client, make.make_admin("second"), "/compare/")
    assert f"2 lines. 1 {made[0].partner}: " in page


def test_what_has_no_way_to_go_gets_no_line_but_a_reason(client):
    shared(2, direction="maintain_above")

    points = get_json(client, make.make_admin(), "/export/comparison-progress/all.json")["rows"]
    assert [row["share"] for row in points] == [None, None]
    assert all("no way to follow" in row["no_progress"] for row in points)
    assert "Progress over time" not in words(get(client, make.make_admin("second"), "/compare/"))


def froze(one, day, method="before_after_end", refusal="", **given):
    """A stored ex-post answer of an indicator, in its own unit."""
    run = AssessmentRun.objects.filter(programme=one.programme, as_of=day).first() or run_on(
        one.programme, day
    )
    result = {"flags": ["EXPLORATORY"], "params": {"kind": given.pop("kind", "difference")}}
    if refusal:
        result["refusal"] = {"code": "ITS_TOO_SHORT", "message": {"template": refusal, "params": {}}}
    return Verdict.objects.create(
        run=run, indicator=one, method=method, input_hash="x", result_hash="x", result=result,
        inputs={"compute": given.pop("compute", "before_after")},
        refusal_code="ITS_TOO_SHORT" if refusal else "",
        **{"value": None if refusal else Decimal(10), "low": None, "high": None} | given,
    )  # fmt: skip


def run_on(programme, day):
    now = timezone.now()
    due = DueAssessment.objects.create(
        programme=programme, kind="ex_post", as_of=day, label=str(day), due_at=now
    )
    return AssessmentRun.objects.create(
        programme=programme, due=due, kind="ex_post", as_of=day, label=str(day), revision=1, input_hash="x",
        method_version="1", software_version="1", started_at=now, finished_at=now,
    )  # fmt: skip


def lines_of(client):
    rows = get_json(client, make.make_admin(), "/export/comparison/all.json")["rows"]
    return {row["partner"]: row for row in rows}


def test_an_effect_is_said_in_own_standard_deviations_with_interval_and_method(client):
    _programme, (one, other) = shared(2, figures=RESTLESS, baseline_on=timezone.localdate())
    froze(one, date(2026, 1, 1), low=Decimal(-2), high=Decimal(22))
    snapshot = load_snapshots(load_indicators([one.pk]), as_of=timezone.localdate())[one.pk]
    spread = ambition(snapshot.series, snapshot.rule, snapshot.plan).spread

    lines = lines_of(client)
    row, beside = lines[str(one.partner)], lines[str(other.partner)]
    assert [row["effect"], row["effect_low"], row["effect_high"]] == [
        pytest.approx(figure / spread) for figure in (10, -2, 22)
    ]
    assert row["effect_standing"] == "Exploratory"
    assert row["effect_as_of"] == "2026-01-01"
    assert beside["effect"] is None
    (frozen,) = [
        found
        for found in get_json(client, make.make_admin("third"), "/api/v1/comparison/")["lines"]
        if found["ex_post"]
    ]
    assert float(frozen["ex_post"]["value"]) == pytest.approx(10 / spread)
    assert frozen["ex_post"]["is_change"] is True
    page = words(get(client, make.make_admin("second"), "/compare/"))
    assert f"{10 / spread:.2f} SD" in page
    assert f"{-2 / spread:.2f} to {22 / spread:.2f}".replace("-", "−") in page
    assert "change, not effect" in page


def test_less_is_better_turns_the_sign_and_the_ends_of_the_interval(client):
    _programme, (one, _other) = shared(
        2,
        figures=RESTLESS,
        baseline_on=timezone.localdate(),
        direction="descending",
        baseline=Decimal(90),
        target=Decimal(10),
    )
    froze(one, date(2026, 1, 1), value=Decimal(-10), low=Decimal(-22), high=Decimal(2))

    row = lines_of(client)[str(one.partner)]
    assert row["effect"] > 0 > row["effect_low"]
    assert row["effect_high"] > row["effect"]


def test_without_an_own_spread_or_an_answer_the_reason_stands_there(client):
    _programme, (one, other) = shared(2)
    froze(one, date(2026, 1, 1))
    froze(other, date(2026, 1, 1), refusal="There are too few periods.")

    lines = lines_of(client)
    assert lines[str(one.partner)]["effect"] is None
    assert "Its own ups and downs are not known: " in lines[str(one.partner)]["effect_refusal"]
    assert lines[str(other.partner)]["effect_refusal"] == "There are too few periods."
    assert "There are too few periods." in words(get(client, make.make_admin("second"), "/compare/"))


def test_the_newest_assessment_counts_and_in_it_the_planned_effect(client):
    _programme, (one, _other) = shared(2)
    ratio = {"kind": "rate_ratio"}
    froze(one, date(2025, 6, 30), method="primary", compute="interrupted_series", value=Decimal(9), **ratio)
    froze(one, date(2026, 1, 1), value=Decimal(3), **ratio)
    assert lines_of(client)[str(one.partner)]["effect"] == 3

    froze(one, date(2026, 1, 1), method="primary", compute="series_retention", value=Decimal(1), **ratio)
    assert lines_of(client)[str(one.partner)]["effect"] == 3

    froze(one, date(2026, 1, 1), method="primary_2", compute="interrupted_series", value=Decimal(2), **ratio)
    row = lines_of(client)[str(one.partner)]
    assert row["effect"] == 2
    assert row["effect_scale"] == "ratio of the rates (1 = no change)"


def get_json(client, user, path, status=200):
    client.force_login(user)
    answer = client.get(path)
    assert answer.status_code == status, answer.content
    return answer.json()


@pytest.mark.parametrize("by", ["objective", "programme", "partner", "framework"])
def test_every_level_counts_each_indicator_once_and_adds_up(client, by):
    programme, _made = shared(3)
    rows = get_json(client, make.make_admin(), f"/api/v1/rollups/?by={by}&programme={programme.code}")

    assert rows
    for row in rows:
        judged = sum(row["counts"].values())
        assert sum(row["percentages"].values()) == (100 if judged else 0)
        assert (row["score"] is None) == bool(row["score_refusal"])
    total = sum(sum(row["counts"].values()) for row in rows)
    assert total == {"partner": 3}.get(by, 4)  # the one of all partners together belongs to none of them


def test_a_score_is_formed_within_one_programme_alone(client):
    shared(2)
    other = make.make_programme("MORE", partners=[make.make_partner("JOR")], framework="NMI")
    make.make_indicator(other, partner=make.make_partner("JOR"))

    rows = get_json(client, make.make_admin(), "/api/v1/rollups/?by=partner")
    (jordan,) = [row for row in rows if row["key"] == "JOR"]

    assert jordan["score"] is None
    assert "2 programmes, whose logic differs" in jordan["score_refusal"]
    assert "2 programmes, whose logic differs" in words(get(client, make.make_admin(), "/region/"))


def test_too_little_weight_is_a_refusal(client):
    programme, _made = shared(1)
    for _number in range(3):
        make.make_indicator(programme)

    (row,) = get_json(client, make.make_admin(), f"/api/v1/rollups/?programme={programme.code}")
    assert row["score"] is None
    assert "of the weight" in row["score_refusal"]


@pytest.mark.parametrize(
    ("query", "field"), [("by=colour", "by"), ("by=objective", "programme"), ("x=1", "x")]
)
def test_a_wrong_question_is_told(client, query, field):
    answer = get_json(client, make.make_admin(), f"/api/v1/rollups/?{query}", status=400)
    assert answer["errors"][0]["field"] == field


def test_strangers_see_only_their_own(client):
    world = make_world()
    for by in ("programme", "partner", "framework"):
        rows = get_json(client, world.people["stranger"], f"/api/v1/rollups/?by={by}")
        assert all(row["programmes"] == ["OTHER"] for row in rows)
    get_json(client, world.people["stranger"], "/api/v1/rollups/?by=objective&programme=OWN", status=404)


@pytest.mark.parametrize(
    "path",
    ["/compare/", "/compare/?framework=MD", "/export/comparison-progress/all.csv", "/api/v1/comparison/"]
    + [
        f"/api/v1/rollups/?by={by}&programme=CMP" for by in ("objective", "programme", "partner", "framework")
    ],
)
def test_it_costs_the_same_queries_for_few_and_for_many(client, path):
    def count(user):
        client.force_login(user)
        with CaptureQueriesContext(connection) as asked:
            assert client.get(path).status_code == 200
        return len(asked)

    programme, _made = shared(2)
    reader = make.make_user(programme=programme, role=Role.READER)
    count(reader)
    few = count(reader)
    version = TargetRevision.objects.order_by("-pk").first().indicator.version
    for code in NATIONS[2:]:
        make.make_indicator(programme, version=version, partner=make.make_partner(code), is_core=True)
    assert count(reader) == few
    assert few <= 22
