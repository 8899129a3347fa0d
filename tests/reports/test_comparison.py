"""Partners side by side, and roll-ups of every level: progress alone, counts that add up, constant queries."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from indicators.models import Role, TargetRevision
from tests import factories as make
from tests.reports.test_pages import get, recent_programme, with_transaction, words
from tests.world import make_world

pytestmark = pytest.mark.django_db
NATIONS = ("JOR", "TUN", "MAR", "EGY", "DZA", "MRT", "KWT", "QAT")


def shared(n, **given):
    """One definition used by n partners, with figures."""
    programme, _indicators, periods = recent_programme("CMP")
    version = make.make_version(name="Shared measure")
    made = []
    for code in NATIONS[:n]:
        partner = make.make_partner(code, framework="MD")
        programme.partners.add(partner)
        one = make.make_indicator(
            programme, version=version, partner=partner, frequency="monthly", is_core=True,
            plan={"baseline_on": programme.starts_on, "target_on": programme.ends_on} | given,
        )  # fmt: skip
        officer = make.make_user(programme=programme)
        for period in periods:
            make.make_observation(
                one, period, entered_by=officer, numerator=Decimal(43), denominator=Decimal(77)
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
    for one in api["lines"]:
        assert " ".join(one["notes"]) in file


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
    ["/compare/", "/api/v1/comparison/"]
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
