"""The calendar feed: read by a calendar program, by whoever holds its address."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from icalendar import Calendar

from indicators.accounts import actions as accounts
from indicators.entry.calendar_feed import calendar_of
from tests.entry.scenes import Scene
from tests.factories import AT, make_indicator, make_user

pytestmark = pytest.mark.django_db
TODAY = date(2025, 10, 5)
AT_NOON = datetime(2025, 10, 5, 12, tzinfo=UTC)


def events(user):
    calendar = Calendar.from_ical(
        calendar_of(user, at=AT_NOON, today=TODAY, address="https://tracker.example")
    )
    return {str(one["UID"]).split("@")[0]: one for one in calendar.walk("VEVENT")}


def test_what_is_due_stands_with_its_count_and_its_link():
    scene = Scene()
    found = events(scene.officer)[f"due-{scene.q3.pk}"]

    assert found["SUMMARY"] == f"{scene.programme.code} {scene.q3.label}: 1 figure due"
    assert found["DTSTART"].dt == scene.q3.due_on
    assert found["DTEND"].dt == scene.q3.due_on + timedelta(days=1)
    assert str(found["URL"]) == f"https://tracker.example/due/?programme={scene.programme.code}"
    assert [str(one["ACTION"]) for one in found.subcomponents] == ["DISPLAY"]


def test_what_was_handed_in_says_so():
    scene = Scene()
    scene.submit(period=scene.q3)

    assert str(events(scene.officer)[f"due-{scene.q3.pk}"]["SUMMARY"]).endswith("all handed in")


def test_periods_to_come_are_announced():
    scene = Scene()
    coming = [one for key, one in events(scene.officer).items() if key.startswith("coming-")]

    grace = timedelta(days=scene.programme.grace_days)
    assert [one["DTSTART"].dt for one in coming] == [date(2025, 12, 31) + grace, date(2026, 3, 31) + grace]


def test_no_figure_stands_in_it():
    scene = Scene()
    scene.approve(scene.submit(period=scene.q3, numerator="7919", denominator="9973", comment="Secret words"))
    feed = calendar_of(scene.officer, at=AT_NOON, today=TODAY, address="").decode()

    assert scene.programme.code in feed
    assert not [word for word in ("Secret words", "7919", "9973") if word in feed]


def test_who_reports_nothing_has_an_empty_calendar():
    assert events(make_user("nobody")) == {}


def test_the_number_of_queries_does_not_grow():
    scene = Scene()
    with CaptureQueriesContext(connection) as few:
        events(scene.officer)
    for _turn in range(5):
        make_indicator(scene.programme)
    with CaptureQueriesContext(connection) as many:
        events(scene.officer)

    assert len(many) == len(few) <= 5


class TestAddress:
    def test_opens_without_signing_in_and_only_as_long_as_it_is_in_use(self, client):
        scene = Scene()
        secret = accounts.make_calendar_address(by=scene.officer, at=AT)
        answer = client.get(f"/calendar/{secret}.ics")
        assert answer.status_code == 200
        assert answer["Content-Type"] == "text/calendar; charset=utf-8"
        assert b"BEGIN:VCALENDAR" in answer.content

        newer = accounts.make_calendar_address(by=scene.officer, at=AT)
        assert client.get(f"/calendar/{secret}.ics").status_code == 404
        assert client.get(f"/calendar/{newer}.ics").status_code == 200
        accounts.end_calendar_address(by=scene.officer, at=AT)
        assert client.get(f"/calendar/{newer}.ics").status_code == 404

    def test_ends_with_the_account(self, client):
        scene = Scene()
        secret = accounts.make_calendar_address(by=scene.officer, at=AT)
        scene.officer.is_active = False
        scene.officer.save()

        assert client.get(f"/calendar/{secret}.ics").status_code == 404

    @pytest.mark.parametrize("guess", ["", "x", "%00", "a" * 5000, "é"])
    def test_a_guess_finds_nothing(self, client, guess):
        make_user("somebody")  # Has no address: its empty hash is nobody's secret.

        assert client.get(f"/calendar/{guess}.ics").status_code in {400, 404}

    def test_is_kept_as_a_hash_alone(self):
        scene = Scene()
        secret = accounts.make_calendar_address(by=scene.officer, at=AT)
        scene.officer.refresh_from_db()

        assert secret not in scene.officer.calendar_hash
        assert len(scene.officer.calendar_hash) == 64
