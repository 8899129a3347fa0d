"""An IATI file on its way in: sent, checked by a worker, seen, kept; page and machine."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from indicators import leases
from indicators.exchange import iati_jobs, iati_running
from indicators.models import Event, IatiActivity, IatiImport, Observation, Programme, ProgrammeIndicator
from tests import factories as make
from tests.exchange.scenes import AT, activity, indicator, period

pytestmark = pytest.mark.django_db
EMPTY = b"<iati-activities version='2.03'/>"
LIST = "/api/v1/iati-imports/"


@pytest.fixture
def admin(client):
    make.make_partner("IRQ", alpha2="IQ", name="Iraq")
    admin = make.make_admin()
    client.force_login(admin)
    return admin


def content_of(*activities):
    return f'<iati-activities version="2.03">{"".join(activities)}</iati-activities>'.encode()


def xml(*activities):
    return SimpleUploadedFile("../a b.xml", content_of(*activities), "text/xml")


def send(admin, *activities, **more):
    made = iati_jobs.send_file(name="a.xml", content=content_of(*activities), by=admin, at=AT, **more)
    return work(made)


def work(made):
    iati_running.run_waiting(at=lambda: AT, pk=made.pk)
    return IatiImport.objects.get(pk=made.pk)


def apply(made, by):
    iati_jobs.apply_file(one=made, by=by, at=AT)
    return work(made)


GOOD = activity(indicator(period("12", "20"), baseline="10"), indicator(period("null"), title="Second"))


# --- Worker ------------------------------------------------------------------------------------------------------


def test_a_check_says_what_would_happen_and_keeps_nothing_of_it(admin):
    made = send(admin, GOOD)

    assert (made.state, made.problem, made.progress_total) == ("checked", "", 2)
    assert made.outcome["figures"] == {"new": 1, "corrected": 0, "same": 0, "left_out": 1}
    assert [(one["code"], one["new"]) for one in made.outcome["activities"]] == [("A1", 2)]
    assert [(one["effect"], one["found"]) for one in made.findings] == [("left_out", "null")]
    assert not Programme.objects.exists()
    assert not Observation.objects.exists()


def test_what_is_applied_is_what_the_check_said(admin):
    made = apply(send(admin, GOOD), admin)

    assert (made.state, made.applied_by) == ("applied", admin)
    assert Observation.objects.get().state == "submitted"
    assert ProgrammeIndicator.objects.count() == made.outcome["new"] == 2
    assert Event.objects.filter(verb="took over a file", about_id=made.pk).count() == 1


def test_the_same_file_again_changes_nothing_and_cannot_be_applied(admin):
    apply(send(admin, GOOD), admin)
    before = list(Observation.objects.values()), list(ProgrammeIndicator.objects.values())

    again = send(admin, GOOD)

    assert again.outcome["changes_nothing"]
    with pytest.raises(ValidationError, match="stands already"):
        apply(again, admin)
    assert (list(Observation.objects.values()), list(ProgrammeIndicator.objects.values())) == before


def test_what_changed_since_the_check_is_not_taken_over_until_it_is_checked_again(admin):
    first, second = send(admin, GOOD), send(admin, activity(indicator(period("13", "20"), baseline="10")))
    apply(first, admin)

    late = apply(second, admin)

    assert (late.state, late.applied_by) == ("checked", None)
    assert "has changed since the file was checked" in late.problem
    assert Observation.objects.get().value == 12
    iati_jobs.check_again(one=late, by=admin)
    checked = work(late)
    assert checked.problem == ""
    assert "waits here for a decision" in checked.findings[0]["expected"]


def test_a_strict_file_with_anything_left_out_is_not_taken_over(admin):
    made = send(admin, GOOD, is_strict=True)

    with pytest.raises(ValidationError, match="as a whole or not at all"):
        apply(made, admin)
    assert apply(send(admin, activity(indicator(period("12"))), is_strict=True), admin).state == "applied"


def test_a_choice_names_the_programme(admin):
    make.make_programme("OLD")
    apply(send(admin, activity(indicator(period("12"))), choices="XX-1-A1=OLD"), admin)

    assert Observation.objects.get().indicator.programme.code == "OLD"


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"<!DOCTYPE a><a/>", "DOCTYPE"), (b"\x00", "cannot be read"), (b"<html/>", "iati-activities")],
)
def test_what_cannot_be_read_is_said_by_the_worker(admin, content, said):
    made = work(iati_jobs.send_file(name="a.xml", content=content, by=admin, at=AT))

    assert made.state == "failed"
    assert said in made.problem


def test_who_is_no_administrator_any_more_takes_nothing_over(admin):
    made = send(admin, GOOD)
    iati_jobs.apply_file(one=made, by=admin, at=AT)
    admin.global_role = ""
    admin.save()

    assert work(made).state == "checked"
    assert "Only administrators" in work(made).problem
    assert not Programme.objects.exists()
    for act in (iati_jobs.check_again, iati_jobs.apply_file, iati_jobs.discard_file):
        with pytest.raises(PermissionDenied):
            act(one=made, by=admin, **({} if act is iati_jobs.check_again else {"at": AT}))


def test_a_worker_that_was_given_up_keeps_nothing(admin):
    made = send(admin, GOOD)
    iati_jobs.apply_file(one=made, by=admin, at=AT)
    leases.claim_file(iati_running.LINE, made.pk)
    late = IatiImport.objects.get(pk=made.pk)
    IatiImport.objects.update(fence=late.fence + 1)

    assert not leases.do_step(iati_running.LINE, late, iati_running.STEPS, iati_running._refuse, at=AT)
    assert not Programme.objects.exists()
    assert IatiImport.objects.get().state == "applying"


def test_a_file_whose_worker_vanishes_each_time_stands_as_before(admin):
    made = send(admin, GOOD)
    iati_jobs.apply_file(one=made, by=admin, at=AT)
    IatiImport.objects.update(attempts=leases.MAX_ATTEMPTS)

    found = work(made)

    assert (found.state, found.applied_by) == ("checked", None)
    assert "vanished" in found.problem


def test_a_file_is_thrown_away_and_old_ones_are_forgotten(admin):
    thrown, waits, kept = send(admin, GOOD), send(admin, GOOD), apply(send(admin, GOOD), admin)
    iati_jobs.discard_file(one=thrown, by=admin, at=AT)

    iati_jobs.forget_files(before=AT + timedelta(days=1))

    found = {one.pk: one for one in IatiImport.objects.all()}
    assert [(found[one.pk].state, found[one.pk].content) for one in (thrown, waits, kept)] == [
        ("discarded", None),
        ("discarded", None),
        ("applied", None),
    ]
    assert IatiActivity.objects.count() == 1


# --- Pages -------------------------------------------------------------------------------------------------------


def test_a_file_is_sent_followed_and_kept(client, admin):
    sent = client.post(reverse("iati-import"), {"file": xml(GOOD)})
    made = IatiImport.objects.get()
    assert sent["Location"] == made.get_absolute_url()
    assert made.name == "a_b.xml"
    assert "Waiting for a worker" in client.get(sent["Location"]).content.decode()
    part = client.get(sent["Location"], headers={"HX-Request": "true"})
    assert "<h1" not in part.content.decode()

    work(made)
    assert client.get(sent["Location"], headers={"HX-Request": "true"})["HX-Refresh"] == "true"
    looked = client.get(sent["Location"]).content.decode()
    assert "What the file would do" in looked
    assert "null" in looked
    assert "Left out" in looked
    assert "2 new, 0 here already, 0 refused" in looked

    client.post(reverse("iati-import-apply", args=[made.pk]))
    work(made)
    kept = client.get(sent["Location"]).content.decode()
    assert "What was kept" in kept
    assert reverse("programme-detail", args=["A1"]) in kept
    assert "Keep what can be taken" not in kept
    twice = client.post(reverse("iati-import-apply", args=[made.pk]), follow=True)
    assert "Somebody was here before you" in twice.content.decode()


def test_what_brings_nothing_has_no_button(client, admin):
    apply(send(admin, GOOD), admin)
    again = send(admin, GOOD)

    text = client.get(again.get_absolute_url()).content.decode()

    assert "there is nothing to keep" in text
    assert "Keep what can be taken" not in text


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "No file was chosen"),
        ({"file": SimpleUploadedFile("a.xml", EMPTY), "choices": "x"}, "identifier=CODE"),
        ({"file": SimpleUploadedFile("a.xml", EMPTY), "choices": "a\x00=b"}, "Null"),
    ],
)
def test_what_can_be_said_at_once_stands_beside_the_form(client, admin, given, said):
    page = client.post(reverse("iati-import"), given)

    assert page.status_code == 422
    assert said in page.content.decode()
    assert not IatiImport.objects.exists()


@pytest.mark.parametrize("count", [1, 20])
def test_the_list_of_files_asks_the_same_few_queries(client, admin, count, django_assert_max_num_queries):
    for _turn in range(count):
        iati_jobs.send_file(name="a.xml", content=EMPTY, by=admin, at=AT)
    client.get(reverse("iati-import"))

    with django_assert_max_num_queries(8):
        client.get(reverse("iati-import"))


# --- Machine -----------------------------------------------------------------------------------------------------


def test_a_machine_sends_a_file_follows_it_and_has_it_taken_over(client, admin):
    sent = client.post(LIST, {"file": xml(GOOD)})
    assert (sent.status_code, sent.json()["state"], sent.json()["outcome"]) == (202, "checking", None)
    address = f"{LIST}{sent.json()['id']}/"
    early = client.post(f"{address}apply/")
    assert early.status_code == 409

    made = work(IatiImport.objects.get())
    found = client.get(address).json()
    assert (found["state"], found["outcome"]["new"], found["outcome"]["figures"]["left_out"]) == (
        "checked",
        2,
        1,
    )
    told = client.get(f"{address}findings/").json()
    assert [(one["effect"], one["found"], one["indicator"]) for one in told] == [
        ("left_out", "null", "Second")
    ]
    assert client.get(LIST).json()["results"][0]["state"] == "checked"

    assert client.post(f"{address}apply/").status_code == 202
    work(made)
    assert client.get(address).json()["state"] == "applied"
    assert Observation.objects.get().state == "submitted"


def test_the_same_key_sends_once(client, admin):
    key = {"Idempotency-Key": "a-key"}
    first = client.post(LIST, {"file": xml(GOOD)}, headers=key).json()

    assert client.post(LIST, {"file": xml(GOOD)}, headers=key).json()["id"] == first["id"]
    other = client.post(LIST, {"file": xml(GOOD), "strict": "true"}, headers=key)
    assert other.status_code == 400
    assert "another file" in other.json()["detail"]
    assert IatiImport.objects.count() == 1


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "No file was sent"),
        ({"file": SimpleUploadedFile("a.xml", EMPTY), "activity": "x"}, "identifier=CODE"),
        ({"file": SimpleUploadedFile("a.xml", EMPTY), "strict": "perhaps"}, "strict"),
    ],
)
def test_a_machine_is_told_what_is_wrong(client, admin, given, said):
    answer = client.post(LIST, given)

    assert answer.status_code == 400
    assert said in answer.json()["detail"]
    assert not IatiImport.objects.exists()
