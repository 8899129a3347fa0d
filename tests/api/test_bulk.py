"""Many figures in one request: an answer for each, in order, and nothing twice."""

import pytest
from rest_framework.test import APIClient

from indicators.models import Event, Observation
from tests import factories as make

pytestmark = pytest.mark.django_db
BULK = "/api/v1/observations/bulk/"


@pytest.fixture
def world():
    programme = make.make_programme("NMI")
    units = [make.make_unit(programme, code) for code in ("BSR", "MSL")]
    indicator = make.make_indicator(programme, units=units)
    return (
        programme,
        make.make_quarters(programme)[6],
        indicator,
        make.make_user("officer", programme=programme),
    )


def client_of(user):
    client = APIClient()
    client.force_login(user)
    return client


def row(indicator, period, /, **given):
    return {
        "indicator": indicator.pk,
        "period": period.pk,
        "unit": "BSR",
        "numerator": "30",
        "denominator": "60",
    } | given


def send(user, *rows, key="k1"):
    return client_of(user).post(
        BULK, {"observations": list(rows)}, format="json", headers={"Idempotency-Key": key}
    )


def test_each_figure_is_answered_in_its_order(world):
    programme, quarter, indicator, officer = world
    make.make_observation(indicator, quarter, unit=programme.units.get(code="MSL"), state="draft")

    answer = send(
        officer,
        row(indicator, quarter, numerator="70"),
        row(indicator, quarter, unit="MSL", numerator="31"),
        row(indicator, quarter, unit="XXX"),
        row(indicator, quarter, numerator=["no"]),
        row(indicator, quarter, surprise=1),
        "nonsense",
    )

    assert answer.status_code == 200, answer.data
    refused, conflict, unit, shape, unknown, no_object = answer.data["results"]
    assert (refused["outcome"], "larger than" in refused["errors"]["numerator"][0]) == ("refused", True)
    assert conflict["outcome"] == "conflict"
    assert conflict["stored"]["figures"] == {"numerator": "30", "denominator": "60"}
    assert [list(one["errors"]) for one in (unit, shape, unknown, no_object)] == [
        ["unit"], ["numerator"], ["surprise"], [""],
    ]  # fmt: skip
    assert Observation.objects.count() == 1


def test_a_kept_figure_has_a_version_for_the_next_change(world):
    _programme, quarter, indicator, officer = world

    (first,) = send(officer, row(indicator, quarter)).data["results"]
    (second,) = send(officer, row(indicator, quarter, numerator="31", version=1), key="k2").data["results"]

    assert (first["outcome"], first["version"], first["state"]) == ("saved", 1, "draft")
    assert (second["outcome"], second["etag"]) == ("saved", f'"{first["id"]}-2"')
    assert Observation.objects.get().source == "api"
    client = client_of(officer)
    url = f"/api/v1/observations/{first['id']}/"
    change = {"numerator": "32", "denominator": "60"}
    assert client.patch(url, change, format="json").status_code == 428
    assert client.patch(url, change, format="json", headers={"If-Match": first["etag"]}).status_code == 412
    assert client.patch(url, change, format="json", headers={"If-Match": second["etag"]}).status_code == 200


def test_the_same_key_gives_the_same_answer_and_does_nothing_again(world):
    _programme, quarter, indicator, officer = world

    first = send(officer, row(indicator, quarter))
    second = send(officer, row(indicator, quarter))
    other = send(officer, row(indicator, quarter, numerator="31"))

    assert first.data == second.data
    assert Event.objects.count() == 1
    assert (other.status_code, "other figures" in str(other.data)) == (422, True)


def test_a_request_without_a_key_or_a_list_is_refused(world):
    _programme, quarter, indicator, officer = world

    without = client_of(officer).post(BULK, {"observations": [row(indicator, quarter)]}, format="json")
    no_list = client_of(officer).post(BULK, {}, format="json", headers={"Idempotency-Key": "k"})
    too_many = send(officer, *[row(indicator, quarter)] * 501)

    assert [one.status_code for one in (without, no_list, too_many)] == [400, 400, 400]
    assert "Idempotency-Key" in str(without.data)
    assert "501 figures were given" in str(too_many.data)
    assert not Observation.objects.exists()


def test_strangers_learn_nothing(world):
    _programme, quarter, indicator, _officer = world

    (answer,) = send(make.make_user("stranger"), row(indicator, quarter, unit=None)).data["results"]

    assert answer == {
        "outcome": "refused",
        "errors": {"indicator": ["There is no such indicator among those you see."]},
    }


@pytest.mark.parametrize("count", [1, 2])
def test_queries_do_not_grow_with_the_rows(world, django_assert_num_queries, count):
    """26: session and person, old keys, a savepoint in and out, the key taken, indicators and units of the rows,
    fifteen of the action, the answer kept."""
    _programme, quarter, indicator, officer = world
    rows = [row(indicator, quarter, unit=code) for code in ("BSR", "MSL")[:count]]
    client = client_of(officer)

    with django_assert_num_queries(26):
        client.post(BULK, {"observations": rows}, format="json", headers={"Idempotency-Key": "k"})
