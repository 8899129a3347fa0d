"""A machine enters figures by the same actions and rules as people do."""

from decimal import Decimal

import pytest
from rest_framework.test import APIClient

from indicators.models import IndicatorStatus, Observation, State
from tests import factories as make

pytestmark = pytest.mark.django_db
LIST = "/api/v1/observations/"


@pytest.fixture
def world():
    programme = make.make_programme("NMI")
    quarters = make.make_quarters(programme)
    indicator = make.make_indicator(programme)
    officer = make.make_user("officer", programme=programme)
    approver = make.make_user("approver", programme=programme, role="approver")
    return programme, quarters, indicator, officer, approver


def client_of(user):
    client = APIClient()
    client.force_login(user)
    return client


def body(indicator, period, /, **given):
    return {
        "indicator": indicator.pk,
        "period": period.pk,
        "numerator": "30",
        "denominator": "60",
        "as_of": str(period.ends_on),
    } | given


def test_a_figure_goes_in_and_its_status_comes_out(world):
    _programme, quarters, indicator, officer, approver = world

    entered = client_of(officer).post(LIST, body(indicator, quarters[6], submit=True, declaration=True))
    assert entered.status_code == 201, entered.data
    assert entered.data["state"] == "submitted"
    assert entered.data["numerator"] == "30.000000"
    approved = client_of(approver).post(f"{LIST}{entered.data['id']}/approve/", {})

    assert approved.status_code == 200, approved.data
    status = client_of(officer).get(f"/api/v1/indicators/{indicator.pk}/").data["status"]
    assert Decimal(status["value"]) == 50
    assert isinstance(status["value"], str)
    assert status["explanation"]["steps"]


def test_the_one_who_entered_a_figure_does_not_approve_it(world):
    programme, quarters, indicator, _officer, approver = world
    entered = client_of(approver).post(LIST, body(indicator, quarters[6], submit=True, declaration=True))

    refused = client_of(approver).post(f"{LIST}{entered.data['id']}/approve/", {})

    assert refused.status_code == 403
    assert refused["Content-Type"] == "application/problem+json"
    assert "Nobody decides on figures that they entered" in refused.data["detail"]
    assert not IndicatorStatus.objects.filter(indicator__programme=programme, value__isnull=False).exists()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"numerator": "1,5"}, "numerator"),
        ({"numerator": "NaN"}, "numerator"),
        ({"numerator": "1e400"}, "numerator"),
        ({"numerator": "-1"}, "numerator"),
        ({"numerator": "70"}, "numerator"),
        ({"denominator": "0x10"}, "denominator"),
        ({"denominator": None}, "denominator"),
        ({"as_of": "31/12/2024"}, "as_of"),
        ({"as_of": "2999-01-01"}, "as_of"),
        ({"credibility": 7}, "credibility"),
        ({"marking": "NATO SECRET"}, "marking"),
        ({"indicator": 10**18}, "indicator"),
        ({"indicator": 10**30}, "indicator"),
        ({"period": 0}, "period"),
        ({"unit": "nowhere"}, "unit"),
        ({"cell": "planet=mars"}, "cell"),
        ({"colour": "red"}, "colour"),
        ({"comment": "a\0b"}, "comment"),
    ],
)
def test_bad_input_names_the_field_and_leaves_nothing(world, change, field):
    _programme, quarters, indicator, officer, _approver = world

    refused = client_of(officer).post(LIST, body(indicator, quarters[6], **change))

    assert refused.status_code == 400, refused.data
    assert refused["Content-Type"] == "application/problem+json"
    assert field in {error["field"] for error in refused.data["errors"]}, refused.data
    assert not Observation.objects.exists()


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b'"x"', b"[1]", b"\xff\xfe", b"[" * 100_000, b"null"])
def test_a_body_that_is_no_object_is_a_clear_refusal(world, raw):
    officer = world[3]

    refused = client_of(officer).generic("POST", LIST, raw, content_type="application/json")

    assert refused.status_code == 400
    assert refused["Content-Type"] == "application/problem+json"


def test_zero_is_a_value_and_missing_needs_a_reason(world):
    _programme, quarters, indicator, officer, _approver = world
    client = client_of(officer)

    zero = client.post(LIST, body(indicator, quarters[5], numerator="0"))
    missing = client.post(LIST, body(indicator, quarters[6], numerator=None, denominator=None))
    reason = client.post(
        LIST,
        body(indicator, quarters[6], numerator=None, denominator=None, missing_reason="held_elsewhere"),
    )

    assert zero.status_code == 201
    assert Decimal(zero.data["numerator"]) == 0
    assert missing.status_code == 400
    assert reason.status_code == 201
    assert reason.data["numerator"] is None


class TestVersions:
    def draft(self, world):
        _programme, quarters, indicator, officer, _approver = world
        client = client_of(officer)
        return client, client.post(LIST, body(indicator, quarters[6]))

    def test_a_change_needs_the_version_that_was_read(self, world):
        client, draft = self.draft(world)
        place = f"{LIST}{draft.data['id']}/"

        assert client.patch(place, {"numerator": "31", "denominator": "60"}).status_code == 428
        assert (
            client.patch(
                place, {"numerator": "31", "denominator": "60"}, headers={"If-Match": '"0-0"'}
            ).status_code
            == 412
        )
        changed = client.patch(
            place, {"numerator": "31", "denominator": "60"}, headers={"If-Match": draft["ETag"]}
        )
        again = client.patch(
            place, {"numerator": "32", "denominator": "60"}, headers={"If-Match": draft["ETag"]}
        )

        assert changed.status_code == 200, changed.data
        assert changed["ETag"] != draft["ETag"]
        assert again.status_code == 412
        assert Observation.objects.get().numerator == 31

    def test_a_correction_leaves_the_old_figure_in_force_until_it_is_approved(self, world):
        _programme, quarters, indicator, officer, approver = world
        old = make.make_observation(indicator, quarters[6], entered_by=officer)

        newer = client_of(officer).post(
            f"{LIST}{old.pk}/correct/",
            {
                "numerator": "36",
                "denominator": "60",
                "reason": "A sheet was counted twice.",
                "declaration": True,
            },
        )
        assert newer.status_code == 201, newer.data
        old.refresh_from_db()
        assert old.state == State.APPROVED
        client_of(approver).post(f"{LIST}{newer.data['id']}/approve/", {})

        old.refresh_from_db()
        assert old.state == State.SUPERSEDED
        assert IndicatorStatus.objects.get(indicator=indicator).value == 60


class TestDeclarations:
    """Whoever submits declares that nothing is classified, over this door as in the forms."""

    def refused(self, answer):
        assert answer.status_code == 400, answer.data
        assert [error["field"] for error in answer.data["errors"]] == ["declaration"]
        assert "“declaration”: true" in answer.data["detail"]
        return True

    def test_nothing_is_entered_and_submitted_at_once_without_it(self, world):
        _programme, quarters, indicator, officer, _approver = world

        assert self.refused(client_of(officer).post(LIST, body(indicator, quarters[6], submit=True)))
        assert not Observation.objects.exists()
        assert client_of(officer).post(LIST, body(indicator, quarters[6])).status_code == 201

    @pytest.mark.parametrize("given", [{}, {"declaration": False}, {"declaration": None}])
    def test_a_draft_is_submitted_with_it_alone(self, world, given):
        _programme, quarters, indicator, officer, _approver = world
        client = client_of(officer)
        draft = client.post(LIST, body(indicator, quarters[6])).data["id"]

        answer = client.post(f"{LIST}{draft}/submit/", given, format="json")
        assert (answer.status_code, answer.data["errors"][0]["field"]) == (400, "declaration")
        assert Observation.objects.get().state == State.DRAFT
        answer = client.post(f"{LIST}{draft}/submit/", {"declaration": True}, format="json")
        assert (answer.status_code, answer.data["state"]) == (200, "submitted")

    def test_a_correction_is_submitted_and_so_asks_for_it(self, world):
        _programme, quarters, indicator, officer, _approver = world
        old = make.make_observation(indicator, quarters[6], entered_by=officer)
        given = {"numerator": "36", "denominator": "60", "reason": "Counted twice."}

        for verb in ("correct", "request-change"):
            assert self.refused(client_of(officer).post(f"{LIST}{old.pk}/{verb}/", given))
        assert Observation.objects.count() == 1


def test_a_stranger_cannot_even_name_the_indicator(world):
    _programme, quarters, indicator, _officer, _approver = world
    stranger = make.make_user("stranger", programme=make.make_programme("OTHER"))

    refused = client_of(stranger).post(LIST, body(indicator, quarters[6]))

    assert refused.status_code == 400
    assert "no such indicator" in refused.data["detail"]
    assert client_of(stranger).get(f"/api/v1/indicators/{indicator.pk}/").status_code == 404
