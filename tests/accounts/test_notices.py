"""Notices on the page and by mail: one's own alone, at most one mail a day, none when there is nothing to say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail

from indicators.accounts.digests import MOST_ATTEMPTS, make_digests, send_digests
from indicators.models import Digest, Notice, NoticeKind
from indicators.notices import Tell, tell
from tests.factories import make_programme, make_user

pytestmark = pytest.mark.django_db
MONDAY = datetime(2025, 10, 6, 9, tzinfo=UTC)
ADDRESS = "https://tracker.example"


@pytest.fixture
def person():
    return make_user("officer", programme=make_programme("NMI"), email="officer@example.org")


@pytest.fixture
def mails(settings):
    settings.EMAIL_HOST = "mail.example"


def say(person, key="late:1", at=MONDAY, **params):
    given = {"programme": "NMI", "period": "2025 Q3", "missing": 2, "expected": 5, "on": "2025-10-05"}
    tell([Tell(person=person.pk, kind=NoticeKind.LATE, key=key, params=given | params)], at=at)


def run(at):
    make_digests(at=at)
    return send_digests(at=at, address=ADDRESS)


@pytest.mark.usefixtures("mails")
class TestMail:
    def test_says_what_the_page_says_with_its_link(self, person):
        say(person)
        assert run(MONDAY) == 1

        (sent,) = mail.outbox
        assert sent.to == ["officer@example.org"]
        assert sent.subject == "[NATO UNCLASSIFIED] 1 notice"
        assert "NMI, 2025 Q3: 2 of 5 figures are late; they were due on 5 Oct 2025." in sent.body
        assert f"{ADDRESS}/due/?programme=NMI" in sent.body

    def test_is_one_a_day_however_often_the_clock_runs(self, person):
        say(person)
        assert [run(MONDAY), run(MONDAY), run(MONDAY + timedelta(hours=1))] == [1, 0, 0]
        say(person, key="late:2")
        assert run(MONDAY + timedelta(hours=2)) == 0
        assert run(MONDAY + timedelta(days=1)) == 1
        assert len(mail.outbox) == 2

    def test_is_none_when_there_is_nothing_new(self, person):
        assert run(MONDAY) == 0
        say(person)
        Notice.objects.update(read_at=MONDAY)
        assert run(MONDAY) == 0
        assert not Digest.objects.exists()

    @pytest.mark.parametrize(
        ("rhythm", "days", "sent"), [("weekly", 0, 1), ("weekly", 1, 0), ("never", 0, 0), ("daily", 1, 1)]
    )
    def test_keeps_to_the_rhythm_that_was_chosen(self, person, rhythm, days, sent):
        person.digest = rhythm
        person.save()
        say(person)

        assert run(MONDAY + timedelta(days=days)) == sent

    @pytest.mark.parametrize("change", [{"email": ""}, {"is_active": False}])
    def test_goes_to_nobody_who_cannot_read_it(self, person, change):
        for name, value in change.items():
            setattr(person, name, value)
        person.save()
        say(person)

        assert run(MONDAY) == 0

    def test_is_not_made_at_night(self, person):
        say(person)

        assert run(MONDAY.replace(hour=3)) == 0

    def test_that_the_server_refuses_is_tried_again_and_then_given_up(self, person, settings):
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1  # Nobody listens there.
        say(person)
        at = MONDAY
        for _turn in range(MOST_ATTEMPTS + 2):
            run(at)
            at += timedelta(hours=1)

        digest = Digest.objects.get()
        assert digest.attempts == MOST_ATTEMPTS
        assert digest.sent_at is None
        assert "ConnectionRefusedError" in digest.problem

    def test_bears_the_same_id_when_it_is_sent_twice(self, person):
        say(person)
        run(MONDAY)
        Digest.objects.update(sent_at=None, next_try_at=MONDAY)  # As if the worker had died before noting it.
        run(MONDAY)

        first, second = mail.outbox
        assert first.extra_headers["Message-ID"] == second.extra_headers["Message-ID"]


def test_without_a_mail_server_no_mail_is_made(person):
    say(person)

    assert run(MONDAY) == 0
    assert Notice.objects.filter(digest=None).count() == 1


class TestPage:
    def test_shows_ones_own_and_marks_them_read(self, client, person):
        say(person)
        say(make_user("other"), key="late:9", period="Theirs")
        client.force_login(person)
        page = client.get("/notices/").content.decode()
        assert "2 of 5 figures are late" in page
        assert "Theirs" not in page
        assert 'class="nav-count">1<' in page

        client.post("/notices/read/")
        page = client.get("/notices/").content.decode()
        assert "Nothing new" in page
        assert "nav-count" not in page
        assert "2 of 5 figures are late" in client.get("/notices/?show=all").content.decode()

    def test_one_can_be_read_alone_and_nobody_elses(self, client, person):
        say(person)
        say(person, key="late:2")
        other = make_user("other")
        say(other)
        client.force_login(person)
        for notice in [Notice.objects.filter(person=person).first(), Notice.objects.get(person=other)]:
            client.post("/notices/read/", {"notice": notice.pk})

        assert Notice.objects.unread().filter(person=person).count() == 1
        assert Notice.objects.unread().filter(person=other).count() == 1

    @pytest.mark.parametrize("given", ["x", "-1", "9" * 30, "１"])
    def test_what_is_no_notice_marks_nothing_wrongly(self, client, person, given):
        client.force_login(person)

        assert client.post("/notices/read/", {"notice": given}).status_code == 302

    def test_the_account_keeps_rhythm_and_calendar(self, client, person):
        client.force_login(person)
        assert client.post("/account/digest/", {"digest": "weekly"}).status_code == 302
        refused = client.post("/account/digest/", {"digest": "hourly"}).content.decode()
        made = client.post("/account/calendar/").content.decode()
        person.refresh_from_db()

        assert person.digest == "weekly"
        assert "is not one of the choices" in refused
        assert "/calendar/" in made
        assert person.calendar_hash
        client.post("/account/calendar/end/")
        person.refresh_from_db()
        assert person.calendar_hash == ""
