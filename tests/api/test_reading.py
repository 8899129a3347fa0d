"""Lists of the machine door: constant queries, cursor pages, closed filters, tokens, the schema."""

from datetime import date, timedelta

import pytest
from django.core.management import call_command
from django.db import transaction
from django.utils import timezone
from knox.models import AuthToken
from rest_framework.test import APIClient

from indicators import derived
from indicators.models import AssessmentRun, DueAssessment
from tests import factories as make
from tests.world import make_world

pytestmark = pytest.mark.django_db
LISTS = [
    "catalogue",
    "programmes",
    "indicators",
    "observations",
    "assessments",
    "verdicts",
    "evaluations",
    "findings",
    "recommendations",
    "responses",
    "decisions",
    "lessons",
    "indices",
    "index-results",
]


@pytest.fixture
def world():
    return make_world()


def client_of(user):
    client = APIClient()
    client.force_login(user)
    return client


@pytest.mark.parametrize("name", LISTS)
def test_each_list_answers_with_a_cursor(world, name):
    answer = client_of(world.people["admin"]).get(f"/api/v1/{name}/?page_size=1")

    assert answer.status_code == 200, answer.data
    assert len(answer.data["results"]) == 1
    assert set(answer.data) == {"next", "previous", "results"}


@pytest.mark.parametrize("name", LISTS)
def test_nobody_signed_in_sees_nothing(name):
    answer = APIClient().get(f"/api/v1/{name}/")

    assert answer.status_code == 401
    assert answer["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("name", [n for n in LISTS if n != "catalogue"])
def test_members_see_their_programme_alone(world, name):
    mine = client_of(world.people["officer"]).get(f"/api/v1/{name}/").data["results"]
    theirs = client_of(world.people["stranger"]).get(f"/api/v1/{name}/").data["results"]

    key = "code" if name == "programmes" else "programme"
    assert {row[key] for row in mine} == {"OWN"}
    assert {row[key] for row in theirs} == {"OTHER"}


def test_a_partner_viewer_sees_what_is_releasable_and_approved(world):
    client = client_of(world.people["partner"])

    indicators = client.get("/api/v1/indicators/").data["results"]
    observations = client.get("/api/v1/observations/").data["results"]
    verdicts = client.get("/api/v1/verdicts/").data["results"]

    assert [row["name"] for row in indicators] == ["Open figure OWN"]
    assert {row["indicator"] for row in observations} == {world.own.indicator.pk}
    assert {row["state"] for row in observations} == {"approved"}
    assert {row["indicator"] for row in verdicts} == {world.own.indicator.pk}
    assert client.get("/api/v1/evaluations/").data["results"] == []


def test_a_partner_viewer_sees_no_single_cells(world):
    own = world.own
    quarter = own.programme.periods.get(label="2024 Q1")
    cell = make.make_observation(own.indicator, quarter, unit=own.unit, cell="sex=female")

    assert client_of(world.people["partner"]).get(f"/api/v1/observations/{cell.pk}/").status_code == 404
    assert client_of(world.people["officer"]).get(f"/api/v1/observations/{cell.pk}/").status_code == 200


@pytest.mark.parametrize("n", [1, 20])
def test_indicators_cost_the_same_queries_for_one_and_for_many(n, django_assert_num_queries):
    programme = make.make_programme()
    quarters = make.make_quarters(programme)
    reader = make.make_user(programme=programme, role="reader")
    indicators = [make.make_indicator(programme) for _ in range(n)]
    for indicator in indicators:
        make.make_observation(indicator, quarters[-1])
    with transaction.atomic():
        derived.refresh([(i.pk, quarters[-1].pk) for i in indicators], at=make.AT)
    client = APIClient()
    client.force_authenticate(reader)

    with django_assert_num_queries(2):  # indicators with all they name; their statuses
        answer = client.get("/api/v1/indicators/")

    assert len(answer.data["results"]) == n


@pytest.mark.parametrize("n", [1, 20])
def test_observations_cost_the_same_queries_for_one_and_for_many(n, django_assert_num_queries):
    programme = make.make_programme()
    quarter = make.make_quarters(programme)[-1]
    reader = make.make_user(programme=programme, role="reader")
    indicator = make.make_indicator(programme)
    for _ in range(n):
        make.make_observation(indicator, quarter, unit=make.make_unit(programme))
    client = APIClient()
    client.force_authenticate(reader)

    with django_assert_num_queries(1):
        answer = client.get("/api/v1/observations/")

    assert len(answer.data["results"]) == n


@pytest.mark.parametrize(
    "query",
    ["state=nonsense", "indicator=x", "indicator=1e99999", "period_from=yesterday", "indicator=" + "9" * 30],
)
def test_a_wrong_filter_is_named(world, query):
    answer = client_of(world.people["admin"]).get(f"/api/v1/observations/?{query}")

    assert answer.status_code == 400
    assert answer.data["errors"][0]["field"] == query.partition("=")[0]


@pytest.mark.parametrize(
    "path",
    [
        "observations/?cursor=%FF%FE",
        "observations/?cursor=abc",
        "observations/999999999999999999/",
        "programmes/%C3%A9%20'/",
        "programmes/NO/",
        "indicators/?entered_by__password__startswith=a",
        "observations/?programme=%00",
    ],
)
def test_odd_addresses_never_answer_500(world, path):
    assert client_of(world.people["admin"]).get(f"/api/v1/{path}").status_code in {200, 400, 404}


class TestTokens:
    def test_a_token_opens_the_door_and_a_revoked_one_does_not(self, world):
        instance, token = AuthToken.objects.create(world.people["officer"], expiry=timedelta(days=1))
        client = APIClient()
        client.credentials(HTTP_AUTHORIZATION=f"Token {token}")

        assert client.get("/api/v1/programmes/").status_code == 200
        instance.delete()
        assert client.get("/api/v1/programmes/").status_code == 401

    def test_a_disabled_persons_token_is_dead(self, world):
        officer = world.people["officer"]
        _instance, token = AuthToken.objects.create(officer, expiry=timedelta(days=1))
        officer.is_active = False
        officer.save(update_fields=["is_active"])
        client = APIClient()
        client.credentials(HTTP_AUTHORIZATION=f"Token {token}")

        assert client.get("/api/v1/programmes/").status_code == 401

    def test_the_command_prints_a_token_that_works(self, world, capsys):
        call_command("create_token", "officer", "--days", "1")
        client = APIClient()
        client.credentials(HTTP_AUTHORIZATION=f"Token {capsys.readouterr().out.strip()}")

        assert client.get("/api/v1/programmes/").status_code == 200


def test_an_assessment_can_be_asked_for(world):
    client = client_of(world.people["approver"])

    asked = client.post("/api/v1/programmes/OWN/assess/", {"kind": "on_the_fly"})

    assert asked.status_code == 202, asked.data
    assert client.get(asked["Location"]).data["state"] == "due"
    assert client_of(world.people["officer"]).post("/api/v1/programmes/OWN/assess/", {}).status_code == 403
    assert client_of(world.people["stranger"]).post("/api/v1/programmes/OWN/assess/", {}).status_code == 404


def test_the_answer_is_named_also_where_nothing_had_changed(world):
    programme = world.own.programme
    earlier, later = (
        DueAssessment.objects.create(
            programme=programme, kind="on_the_fly", as_of=date(2026, 1, 1), label=label, due_at=timezone.now(),
            finished_at=timezone.now(), state="done", request=request,
        )
        for request, label in enumerate(("First", "Again"))
    )  # fmt: skip
    run = AssessmentRun.objects.create(
        programme=programme, due=earlier, kind="on_the_fly", as_of=date(2026, 1, 1), label="First", revision=7,
        input_hash="a" * 64, method_version="1.0", software_version="0", started_at=earlier.finished_at,
        finished_at=earlier.finished_at, counts={},
    )  # fmt: skip
    client = client_of(world.people["approver"])

    assert client.get(f"/api/v1/assessments/due/{later.pk}/").data["run"] == run.pk


def test_the_schema_names_every_list_and_has_no_warnings(world, tmp_path):
    schema = tmp_path / "schema.yaml"
    call_command("spectacular", "--file", str(schema), "--validate", "--fail-on-warn")

    text = schema.read_text()
    assert all(f"/api/v1/{name}/" in text for name in LISTS)
    assert client_of(world.people["officer"]).get("/api/schema/").status_code == 200
