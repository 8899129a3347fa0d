"""The calendar over the machine door: the acts of its pages, each done once, on what was read and nothing newer."""

from datetime import timedelta

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from indicators.models import EntryException, Event, Membership, PeriodTurn, Role
from tests import factories as make

pytestmark = pytest.mark.django_db


class Scene:
    """Quarters of 2024 and 2025, locked 30 days after their end."""

    def __init__(self):
        self.programme = make.make_programme(lock_days=30)
        self.quarters = make.make_quarters(self.programme)
        self.people = {
            role: make.make_user(role, programme=self.programme, role=role)
            for role in (Role.OFFICER, Role.APPROVER, Role.READER)
        }
        self.admin = make.make_admin()
        self.base = f"/api/v1/programmes/{self.programme.code}/"
        self.until = (timezone.now() + timedelta(days=10)).date().isoformat()

    def client(self, role=Role.APPROVER):
        client = APIClient()
        client.force_login(self.people.get(role, self.admin))
        return client

    def etag(self):
        return self.client().get(f"{self.base}calendar/")["ETag"]

    def post(self, path, body, role=Role.APPROVER, etag="now", **headers):
        headers |= {} if etag is None else {"If-Match": self.etag() if etag == "now" else etag}
        return self.client(role).post(f"{self.base}{path}", body, headers=headers)

    def reopen(self, *periods, path="calendar/reopen/", **given):
        body = {"periods": [one.pk for one in periods], "until": self.until, "reason": "A late sheet."}
        return self.post(path, body, **given)


@pytest.fixture
def scene():
    return Scene()


def test_periods_are_read_with_days_state_and_what_was_decided(scene):
    scene.reopen(scene.quarters[6])

    found = {one["id"]: one for one in scene.client(Role.READER).get(f"{scene.base}calendar/").data}
    line = found[scene.quarters[6].pk]
    assert (line["state"], line["label"], line["frequency"]) == ("reopened", "2025 Q3", "quarterly")
    assert line["decisions"][0]["reason"] == "A late sheet."
    assert line["locked_from"] is not None
    few = scene.client().get(f"{scene.base}calendar/?year=2024&frequency=quarterly").data
    assert [one["label"] for one in few] == ["2024 Q4", "2024 Q3", "2024 Q2", "2024 Q1"]
    assert scene.client().get(f"{scene.base}calendar/?year=²").status_code == 400


def test_periods_are_reopened_and_locked_and_those_that_do_not_fit_are_named(scene):
    answer = scene.reopen(*scene.quarters[:2])
    assert (answer.status_code, answer.data["done"]) == (200, [one.pk for one in scene.quarters[:2]])
    assert answer.data["etag"] == scene.etag()

    body = {"periods": [scene.quarters[0].pk, scene.quarters[3].pk], "reason": "The report is out."}
    answer = scene.post("calendar/lock/", body)
    assert answer.data["done"] == [scene.quarters[0].pk]
    assert [(one["label"], one["why"]) for one in answer.data["left"]] == [
        ("2024 Q4", "It is locked already.")
    ]


def test_an_exception_is_made_for_a_person_and_taken_back(scene):
    body = {"periods": [scene.quarters[0].pk], "until": scene.until, "reason": "Ill.", "user": "officer"}
    assert scene.post("calendar/exceptions/", body).data["done"] == [scene.quarters[0].pk]
    made = EntryException.objects.get()
    (line,) = [one for one in scene.client().get(f"{scene.base}calendar/").data if one["exceptions"]]
    assert line["exceptions"][0]["id"] == made.pk

    revoke = f"calendar/exceptions/{made.pk}/revoke/"
    assert scene.post(revoke, {"reason": "Back at work."}).status_code == 200
    again = scene.post(revoke, {"reason": "Back at work."})
    assert (again.status_code, "taken back before" in again.data["detail"]) == (400, True)
    nobody = scene.post("calendar/exceptions/", body | {"user": "nobody"})
    assert nobody.data["errors"][0]["field"] == "user"
    assert scene.post("calendar/exceptions/", body | {"user": "approver"}).status_code == 403


@pytest.mark.parametrize("path", ["calendar/reopen/", "calendar/lock/", "calendar/exceptions/"])
def test_an_act_names_the_calendar_that_was_read(scene, path):
    body = {"periods": [scene.quarters[0].pk], "reason": "Why."}
    body |= {} if "lock" in path else {"until": scene.until}
    body |= {"user": "officer"} if "exceptions" in path else {}
    old = scene.etag()
    scene.reopen(scene.quarters[1])

    assert scene.post(path, body, etag=None).status_code == 428
    refused = scene.post(path, body, etag=old)
    assert refused.status_code == 412
    assert refused["Content-Type"] == "application/problem+json"
    assert PeriodTurn.objects.count() == 1
    assert not EntryException.objects.exists()


def test_the_same_key_does_nothing_twice_and_answers_the_same(scene):
    old = scene.etag()
    first = scene.reopen(scene.quarters[0], etag=old, **{"Idempotency-Key": "k1"})
    again = scene.reopen(scene.quarters[0], etag=old, **{"Idempotency-Key": "k1"})

    assert (first.status_code, again.status_code, again.data) == (200, 200, first.data)
    assert PeriodTurn.objects.count() == Event.objects.filter(verb="reopened a period").count() == 1
    other = scene.reopen(scene.quarters[1], **{"Idempotency-Key": "k1"})
    assert (other.status_code, PeriodTurn.objects.count()) == (422, 1)
    refused = scene.reopen(scene.quarters[1], etag=old, **{"Idempotency-Key": "k2"})
    assert refused.status_code == 412
    assert scene.reopen(scene.quarters[1], **{"Idempotency-Key": "k2"}).status_code == 200, (
        "a refusal keeps no key"
    )


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"periods": []}, "periods"), ({"periods": [10**18]}, "periods"), ({"periods": [10**30]}, "periods"),
        ({"periods": "1"}, "periods"), ({"periods": [1] * 501}, "periods"), ({"until": "2025-02-30"}, "until"),
        ({"until": "9999-12-31"}, "until"), ({"reason": " "}, "reason"), ({"reason": "a\0b"}, "reason"),
        ({"reason": "a" * 2001}, "reason"), ({"colour": "red"}, "colour"),
    ],
)  # fmt: skip
def test_bad_input_names_the_field_and_changes_nothing(scene, change, field):
    body = {"periods": [scene.quarters[0].pk], "until": scene.until, "reason": "Why."}

    refused = scene.post("calendar/reopen/", body | change)

    assert refused.status_code == 400, refused.data
    assert any(one["field"].startswith(field) for one in refused.data["errors"]), refused.data
    assert not PeriodTurn.objects.exists()


def test_nobody_else_decides_and_partner_viewers_do_not_read(scene):
    assert scene.reopen(scene.quarters[0], role=Role.OFFICER).status_code == 403
    assert scene.reopen(scene.quarters[0], role=Role.READER).status_code == 403
    assert not PeriodTurn.objects.exists()


def test_a_substitute_is_named_and_the_place_taken_back(scene):
    make.make_user("helper")
    members = {one["user"]: one for one in scene.client(Role.OFFICER).get(f"{scene.base}members/").data}
    mine = members["officer"]
    path = f"members/{mine['id']}/substitute/"
    body = {"user": "helper", "ends_on": scene.until}

    assert scene.post(path, body, role=Role.READER, etag=mine["etag"]).status_code == 403
    assert scene.post(path, body, role=Role.OFFICER, etag=None).status_code == 428
    key = {"Idempotency-Key": "s1"}
    made = scene.post(path, body, role=Role.OFFICER, etag=mine["etag"], **key)
    assert (made.status_code, made.data["substitutes_for"]) == (201, "officer"), made.data
    again = scene.post(path, body, role=Role.OFFICER, etag=mine["etag"], **key)
    assert again.data == made.data
    assert Membership.objects.filter(substitutes_for__isnull=False).count() == 1

    end = f"members/{made.data['id']}/end/"
    assert scene.post(end, {}, role=Role.READER, etag=made.data["etag"]).status_code == 403
    ended = scene.post(end, {}, role=Role.OFFICER, etag=made.data["etag"])
    assert (ended.status_code, ended.data) == (200, {"member": None})
    assert not Membership.objects.filter(substitutes_for__isnull=False).exists()


def test_the_schema_tells_of_version_and_key(scene):
    schema = scene.client().get("/api/schema/?format=json").json()
    operation = schema["paths"]["/api/v1/programmes/{code}/calendar/reopen/"]["post"]

    assert {"If-Match", "Idempotency-Key"} <= {one["name"] for one in operation["parameters"]}
    assert {"412", "422", "428"} <= set(operation["responses"])


def test_reading_costs_the_same_for_any_number_of_periods(scene, django_assert_max_num_queries):
    client = scene.client()
    client.get(f"{scene.base}calendar/")
    with django_assert_max_num_queries(12):
        client.get(f"{scene.base}calendar/")
