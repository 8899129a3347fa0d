"""Following: told of changed statuses and kept assessments, once, and never of what one may not see."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail

from indicators.accounts.digests import make_digests, send_digests
from indicators.accounts.following import follow, tell_followers, unfollow
from indicators.models import Following, IndicatorStatus, Notice, NoticeKind
from indicators.notices import leads_to, sentence_of
from tests import factories as make
from tests.world import make_world

pytestmark = pytest.mark.django_db
AT = datetime(2030, 3, 4, 9, tzinfo=UTC)
LATER = AT + timedelta(hours=1)


@pytest.fixture
def world():
    return make_world()


def turn(indicator, status):
    IndicatorStatus.objects.filter(pk=indicator.pk).update(status=status, stale_from=None)


def told(person):
    return [sentence_of(one) for one in Notice.objects.filter(person=person).order_by("pk")]


def test_a_changed_status_is_told_once(world):
    own, officer = world.own, world.people["officer"]
    turn(own.indicator, "on_track")
    follow(programme=own.programme, indicator=own.indicator, by=officer, at=AT)
    tell_followers(at=AT)
    assert told(officer) == []

    turn(own.indicator, "off_track")
    tell_followers(at=LATER)
    tell_followers(at=LATER + timedelta(hours=1))

    (notice,) = Notice.objects.filter(person=officer)
    name = f"{own.indicator.definition.code} {own.indicator.name}"
    assert sentence_of(notice) == f"OWN, {name}: from “On track” to “Off track”."
    assert leads_to(notice) == f"/programmes/OWN/indicators/{own.indicator.pk}/"


def test_following_the_programme_and_its_indicator_tells_once(world):
    own, officer = world.own, world.people["officer"]
    turn(own.indicator, "on_track")
    follow(programme=own.programme, by=officer, at=AT)
    follow(programme=own.programme, indicator=own.indicator, by=officer, at=AT)
    follow(programme=own.programme, by=officer, at=AT)
    turn(own.indicator, "at_risk")
    tell_followers(at=LATER)

    assert Following.objects.filter(person=officer).count() == 2
    assert len(told(officer)) == 1


def test_many_changes_are_one_sentence(world):
    own, officer = world.own, world.people["officer"]
    for _turn in range(6):
        make.make_observation(
            indicator := make.make_indicator(own.programme), make.make_quarters(own.programme)[-1]
        )
        IndicatorStatus.objects.get_or_create(
            indicator=indicator,
            defaults={
                "as_of": AT.date(),
                "status": "on_track",
                "trend": "steady",
                "judgement": {},
                "computed_at": AT,
            },
        )
        turn(indicator, "on_track")
    follow(programme=own.programme, by=officer, at=AT)
    IndicatorStatus.objects.filter(indicator__programme=own.programme).update(status="off_track")
    tell_followers(at=LATER)

    assert Notice.objects.get(person=officer).kind == NoticeKind.STATUSES


def test_an_assessment_is_told(world):
    own, officer = world.own, world.people["officer"]
    follow(programme=own.programme, by=officer, at=own.run.finished_at - timedelta(minutes=1))
    Notice.objects.all().delete()
    tell_followers(at=own.run.finished_at + timedelta(minutes=1))
    tell_followers(at=own.run.finished_at + timedelta(minutes=2))

    (notice,) = Notice.objects.filter(person=officer, kind=NoticeKind.ASSESSED)
    assert leads_to(notice) == f"/assessments/{own.run.pk}/"
    assert sentence_of(notice).startswith("OWN was assessed (On the fly): ")


def test_whoever_loses_access_learns_nothing_more(world):
    own, officer = world.own, world.people["officer"]
    turn(own.indicator, "on_track")
    follow(programme=own.programme, by=officer, at=AT)
    officer.memberships.all().delete()
    turn(own.indicator, "off_track")
    tell_followers(at=LATER)

    assert told(officer) == []


def test_a_partner_hears_of_what_is_releasable_alone(world):
    own, partner = world.own, world.people["partner"]
    for indicator in (own.indicator, own.secret):
        turn(indicator, "on_track")
    follow(programme=own.programme, by=partner, at=AT)
    for indicator in (own.indicator, own.secret):
        turn(indicator, "off_track")
    tell_followers(at=LATER)

    (sentence,) = told(partner)
    assert "Inner figure" not in sentence


def test_a_weekly_mail_says_that_nothing_changed_in_one_line(world, settings):
    settings.EMAIL_HOST = "mail.example"
    officer = world.people["officer"]
    officer.email, officer.digest = "officer@example.org", "weekly"
    officer.save()
    follow(programme=world.own.programme, by=officer, at=AT)  # A Monday.
    make_digests(at=AT)
    send_digests(at=AT, address="https://tracker.example")
    make_digests(at=AT + timedelta(days=1))

    (sent,) = mail.outbox
    assert sent.subject == "[NATO UNCLASSIFIED] nothing changed"
    assert "Nothing changed in what you follow." in sent.body


class TestPages:
    def test_the_button_follows_and_stops(self, client, world):
        own, reader = world.own, world.people["reader"]
        client.force_login(reader)
        path = f"/programmes/OWN/indicators/{own.indicator.pk}/"
        assert ">Follow<" in client.get(path).content.decode()
        answer = client.post("/follow/", {"programme": "OWN", "indicator": own.indicator.pk, "follow": "1"})
        assert answer["Location"] == path
        assert ">Following<" in client.get(path).content.decode()
        assert "Open figure OWN" in client.get("/notices/").content.decode()

        client.post("/follow/", {"programme": "OWN", "indicator": own.indicator.pk, "follow": "0"})
        assert not Following.objects.exists()

    @pytest.mark.parametrize("who", ["stranger", "former", "other_partner"])
    def test_nobody_follows_what_they_do_not_see(self, client, world, who):
        client.force_login(world.people[who])

        assert client.post("/follow/", {"programme": "OWN", "follow": "1"}).status_code == 404
        assert not Following.objects.exists()

    @pytest.mark.parametrize("given", ["x", "9" * 40, "0"])
    def test_what_is_no_indicator_is_not_found(self, client, world, given):
        client.force_login(world.people["officer"])

        answer = client.post("/follow/", {"programme": "OWN", "indicator": given, "follow": "1"})
        assert answer.status_code == 404


def test_stopping_ends_it(world):
    officer = world.people["officer"]
    follow(programme=world.own.programme, by=officer, at=AT)
    unfollow(programme=world.own.programme, by=officer)

    assert not Following.objects.exists()
