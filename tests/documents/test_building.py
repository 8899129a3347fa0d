"""Documents from asking to taking, built by a real worker; who gets whose; what happens when a worker vanishes."""

import threading
import time
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.http import Http404
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from indicators import derived, leases
from indicators.documents import building
from indicators.documents.actions import MOST_WAITING, remove_document, request_document
from indicators.documents.subjects import compose, subject_of
from indicators.models import Document, Event, Membership, Role
from tests import factories as make

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def scene():
    """A programme with one reported indicator, an officer of it, and a stranger."""
    programme = make.make_programme("NMI")
    quarters = make.make_quarters(programme)
    indicator = make.make_indicator(
        programme, version=make.make_version("NMI-01"), local_name="=Advisers in place"
    )
    make.make_observation(indicator, quarters[0], numerator="12", denominator="60")
    officer = make.make_user("officer", programme=programme, role=Role.OFFICER)
    return programme, indicator, officer


def ask(by, *, kind="programme", key="NMI", form="xlsx", language="en"):
    return request_document(kind=kind, key=key, file_format=form, language=language, by=by, at=timezone.now())


@pytest.mark.slow
@pytest.mark.parametrize(("form", "begins"), [("pdf", b"%PDF-"), ("docx", b"PK"), ("xlsx", b"PK")])
def test_a_worker_builds_what_was_asked_for(scene, worker, client, form, begins):
    _programme, _indicator, officer = scene
    asked = ask(officer, form=form)
    deadline = time.monotonic() + 60
    while Document.objects.get(pk=asked.pk).is_moving:
        assert time.monotonic() < deadline, worker.log.read_text()
        time.sleep(0.1)
    made = Document.objects.get(pk=asked.pk)
    assert (made.state, made.problem) == ("ready", ""), worker.log.read_text()

    client.force_login(officer)
    answer = client.get(f"/documents/{made.pk}/file")
    assert answer.content == bytes(made.content)
    assert answer.content.startswith(begins)
    assert answer["Content-Disposition"] == f'attachment; filename="{made.file_name}"'
    assert Event.objects.filter(verb="took a document", about_id=made.pk, by_id=officer.pk).count() == 1


def test_the_same_figures_are_not_written_twice(scene):
    _programme, indicator, officer = scene
    other = make.make_user("other", programme=scene[0], role=Role.OFFICER)
    for by in (officer, other):
        ask(by)
        assert building.build_waiting(at=timezone.now) == 1
    first, second = Document.objects.order_by("pk")
    assert first.inputs_hash == second.inputs_hash
    assert (first.sha256, first.made_at) == (second.sha256, second.made_at)

    make.make_observation(
        indicator, indicator.programme.periods.order_by("starts_on")[1], numerator="13", denominator="60"
    )
    with transaction.atomic():
        derived.refresh_wholly([indicator.pk], at=timezone.now())
    third = ask(officer)
    building.build_waiting(at=timezone.now)
    third.refresh_from_db()
    assert third.inputs_hash != first.inputs_hash


def test_asking_twice_is_asking_once(scene):
    officer = scene[2]
    made = []

    def ask_in_thread():
        try:
            made.append(ask(officer).pk)
        finally:
            connection.close()

    threads = [threading.Thread(target=ask_in_thread) for _turn in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 4
    assert len(set(made)) == Document.objects.count() == 1


def test_a_document_of_a_worker_that_vanished_is_built_by_another(scene):
    made = ask(scene[2])
    for _turn in range(2):
        assert building._claim(made.pk) is not None
        assert building._claim(made.pk) is None  # it has its time
        Document.objects.filter(pk=made.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    assert building.waiting() == [made.pk]
    assert building.build_waiting(at=timezone.now) == 1
    made.refresh_from_db()
    assert made.state == "ready"


def test_who_comes_back_late_keeps_nothing(scene):
    made = ask(scene[2])
    late = building._claim(made.pk)
    Document.objects.filter(pk=made.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    assert building.build_waiting(at=timezone.now) == 1
    assert building._build(late, at=timezone.now()) is False
    made.refresh_from_db()
    assert (made.state, made.fence) == ("ready", 2)


def test_a_worker_that_vanishes_each_time_is_given_up(scene):
    made = ask(scene[2])
    for _turn in range(leases.MAX_ATTEMPTS):
        building._claim(made.pk)
        Document.objects.filter(pk=made.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    assert building.build_waiting(at=timezone.now) == 0
    made.refresh_from_db()
    assert made.state == "failed"
    assert "vanished" in made.problem


def test_access_that_ended_while_it_waited_gives_nothing(scene):
    _programme, _indicator, officer = scene
    made = ask(officer)
    officer.memberships.all().delete()
    assert building.build_waiting(at=timezone.now) == 0
    made.refresh_from_db()
    assert (made.state, made.content) == ("failed", None)
    assert not Document.objects.visible_to(officer).exists()


def test_a_region_brief_goes_with_the_last_right_to_see_one_of_its_programmes(scene):
    _programme, _indicator, officer = scene
    other = make.make_programme("MD")
    role = Membership.objects.create(
        user=officer, programme=other, role=Role.OFFICER, starts_on=timezone.now().date()
    )
    made = ask(officer, kind="region", key="all")
    assert building.build_waiting(at=timezone.now) == 1
    assert list(Document.objects.visible_to(officer)) == [made]
    assert {one.code for one in made.covers.all()} == {"NMI", "MD"}
    role.delete()
    assert not Document.objects.visible_to(officer).exists()
    ask(officer, kind="region", key="all")
    assert building.build_waiting(at=timezone.now) == 1
    assert [{one.code for one in seen.covers.all()} for seen in Document.objects.visible_to(officer)] == [
        {"NMI"}
    ]


def test_what_was_removed_meanwhile_is_not_kept(scene):
    made = ask(scene[2])
    claimed = building._claim(made.pk)
    remove_document(document=made, by=scene[2], at=timezone.now())
    assert building._build(claimed, at=timezone.now()) is False
    assert not Document.objects.exists()


@pytest.mark.parametrize(
    ("kind", "key"),
    [
        ("programme", "NONE"),
        ("assessment", "x"),
        ("assessment", "9" * 30),
        ("evaluation", "1"),
        ("region", "x"),
        ("y", "z"),
    ],
)
def test_what_is_not_there_is_not_found(scene, kind, key):
    with pytest.raises(Http404):
        ask(scene[2], kind=kind, key=key)
    assert not Document.objects.exists()


def test_an_unknown_format_is_named(scene, client):
    with pytest.raises(ValidationError, match="“odt” is no format"):
        ask(scene[2], form="odt")
    client.force_login(scene[2])
    answer = client.post("/documents/programme/NMI/", {"format": "odt"}, follow=True)
    assert "“odt” is no format" in answer.text


def test_one_person_cannot_fill_the_queue(scene):
    officer = scene[2]
    Document.objects.bulk_create(
        Document(kind="programme", key=f"P{n}", format="pdf", language="en", programme=scene[0], title="x",
                 requested_by=officer, requested_at=timezone.now())
        for n in range(MOST_WAITING)
    )  # fmt: skip
    with pytest.raises(ValidationError, match="are under way"):
        ask(officer)


def test_each_indicator_adds_no_more_than_what_its_chart_marks(scene):
    programme, _indicator, officer = scene
    asked = []
    for more in (0, 7):
        for number in range(more):
            one = make.make_indicator(programme, version=make.make_version(f"NMI-{number + 2:02}"))
            make.make_observation(
                one, programme.periods.order_by("starts_on")[0], numerator="5", denominator="60"
            )
        subject = subject_of(officer, "programme", "NMI")
        with CaptureQueriesContext(connection) as captured:
            compose(officer, subject, language="en", at=timezone.now())
        asked.append(len(captured))
    assert asked[1] - asked[0] <= 7 * 9
