"""Files over the machine door: sent once, followed, taken over, undone; the same words as on the page."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from indicators.models import FileImport, Observation
from tests.entry.import_scenes import FileScene, lines

pytestmark = pytest.mark.django_db
GOOD = lines("BS-01,2025 Q3,BSR,30,60,", "BS-01,2025 Q3,NA,0,40,").encode()
ADDRESS = "/api/v1/imports/"


@pytest.fixture
def scene():
    return FileScene()


@pytest.fixture
def api(scene, client):
    client.force_login(scene.officer)
    return client


def send(api, scene, content=GOOD, **headers):
    data = {"programme": scene.programme.code, "file": SimpleUploadedFile("figures.csv", content)}
    return api.post(ADDRESS, data, headers=headers)


def apply(api, made, declaration=True):
    return api.post(
        f"{ADDRESS}{made.pk}/apply/", {"declaration": declaration}, content_type="application/json"
    )


def test_a_file_is_sent_followed_taken_over_and_undone(scene, api):
    sent = send(api, scene)
    assert (sent.status_code, sent.json()["state"]) == (201, "reading")
    made = FileImport.objects.get()
    scene.work(made)

    found = api.get(f"{ADDRESS}{made.pk}/").json()
    assert (found["state"], found["rows"]["new"], found["problem"]) == ("checked", 2, "")
    undeclared = apply(api, made, declaration=False)
    assert (undeclared.status_code, undeclared.json()["errors"][0]["field"]) == (400, "declaration")
    assert FileImport.objects.get().state == "checked"
    assert apply(api, made).status_code == 202
    assert apply(api, made).status_code == 409
    scene.work(made)
    assert Observation.objects.count() == 2
    assert api.post(f"{ADDRESS}{made.pk}/undo/").status_code == 202
    assert scene.work(made).state == "undone"
    assert not Observation.objects.exists()


def test_the_same_key_sends_once(scene, api):
    first = send(api, scene, **{"Idempotency-Key": "a-key"})

    assert send(api, scene, **{"Idempotency-Key": "a-key"}).json()["id"] == first.json()["id"]
    other = send(api, scene, GOOD + b"\n", **{"Idempotency-Key": "a-key"})
    assert other.status_code == 400
    assert "another file" in other.json()["detail"]
    assert FileImport.objects.count() == 1


def test_problems_name_row_column_and_what_was_expected(scene, api):
    bad = lines('BS-01,2025 Q3,BSR,"1,5",60,', "XX-1,2025 Q3,NA,1,40,").encode()
    made = scene.work(FileImport.objects.get(pk=send(api, scene, bad).json()["id"]))

    found = api.get(f"{ADDRESS}{made.pk}/problems/").json()["results"]
    assert [(one["row"], one["column"], one["given"]) for one in found] == [
        (2, "numerator", "1,5"),
        (3, "indicator", "XX-1"),
    ]
    refused = apply(api, made)
    assert refused.status_code == 400
    assert "2 rows are refused" in refused.json()["detail"]


def test_columns_are_confirmed_over_the_api(scene, api):
    content = b"What,When,Where,Good,All\nBS-01,2025 Q3,BSR,30,60\n"
    made = scene.work(FileImport.objects.get(pk=send(api, scene, content).json()["id"]))
    assert made.state == "mapping"
    address = f"{ADDRESS}{made.pk}/layout/"

    wrong = api.post(address, {"columns": ["indicator"]}, content_type="application/json")
    assert wrong.status_code == 400
    good = {"columns": ["indicator", "period", "unit", "numerator", "denominator"]}
    assert api.post(address, good, content_type="application/json").status_code == 202
    assert scene.work(made).counts["kinds"]["new"] == 1


@pytest.mark.parametrize("data", [{}, {"programme": "NONE"}, {"programme": "\x00"}, {"file": "text"}])
def test_what_is_no_file_of_a_programme_is_refused(scene, api, data):
    assert api.post(ADDRESS, data).status_code == 400
    assert not FileImport.objects.exists()


def test_an_empty_file_is_refused(scene, api):
    answer = send(api, scene, b"")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "file")
