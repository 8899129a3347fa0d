"""What waits for somebody is told to them once, in the way they chose, and settled when it is done."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail
from django.core.exceptions import ValidationError
from django.utils.formats import date_format

from indicators.accounts.actions import notice_choices, set_notice_choices
from indicators.accounts.digests import make_digests, send_digests
from indicators.accounts.following import follow
from indicators.assessment.reminding import remind_of_answers
from indicators.models import (
    TOPICS,
    Notice,
    NoticeKind,
    Recommendation,
    Topic,
)
from indicators.notices import SENTENCES, Tell, leads_to, sentence_of, tell
from tests import factories as make
from tests.assessment.evaluations import answer, make_run, member, move, sign, start
from tests.assessment.rating_scenes import Rated

pytestmark = pytest.mark.django_db
MONDAY = datetime(2030, 3, 4, 9, tzinfo=UTC)


def of(person, kind):
    return list(Notice.objects.filter(person=person, kind=kind))


def test_every_kind_has_a_sentence_and_a_topic():
    assert set(TOPICS) == set(SENTENCES) == set(NoticeKind.values)
    assert set(TOPICS.values()) == set(Topic)


class TestSecondRater:
    def test_the_other_evaluator_is_told_once_and_learns_nothing_of_the_first_rating(self):
        scene = Rated()
        scene.hand_in(scene.first, 4)

        (notice,) = Notice.objects.filter(kind=NoticeKind.RATING)
        assert notice.person == scene.second
        name = f"{scene.indicator.definition.code} {scene.indicator.name}"
        assert sentence_of(notice) == (
            f"OWN, {name}: a second evaluator rates the contribution; one rating is handed in."
        )
        assert "4" not in str(notice.params["programme"])
        assert "rating" not in notice.params
        assert leads_to(notice) == f"/programmes/OWN/indicators/{scene.indicator.pk}/contribution/"

    def test_whoever_began_is_told_alone(self):
        scene = Rated()
        third = make.make_user(programme=scene.programme, role="evaluator")
        scene.begin(scene.second)
        scene.hand_in(scene.first)

        assert of(scene.second, NoticeKind.RATING)
        assert not of(third, NoticeKind.RATING)

    def test_both_in_settles_it(self):
        scene = Rated()
        scene.both()
        assert not Notice.objects.unread().filter(kind=NoticeKind.RATING).exists()

    def test_whoever_worked_in_the_programme_is_not_asked(self):
        scene = Rated()
        make.make_user("both", programme=scene.programme, role="evaluator")
        worker = scene.officer
        scene.programme.memberships.create(user=worker, role="evaluator", starts_on="2024-01-01")
        scene.hand_in(scene.first)
        assert not of(worker, NoticeKind.RATING)


class TestOverdueAnswers:
    @pytest.fixture
    def signed(self):
        run = make_run("OWN")
        return move(
            sign(start(run, make.make_user(programme=run.programme, role="evaluator"))), "response_due"
        )

    def test_approvers_and_followers_inside_are_told_once_when_the_days_are_over(self, signed):
        programme = signed.programme
        approver, officer = member(programme, "approver"), member(programme, "officer")
        reader = make.make_user(programme=programme, role="reader")
        partner = make.make_user(global_role="partner_viewer", partner=programme.partners.first())
        for person in (reader, partner):
            follow(programme=programme, by=person, at=make.AT)
        remind_of_answers(at=make.AT + timedelta(days=28))
        assert not Notice.objects.filter(kind=NoticeKind.OVERDUE).exists()

        for days in (29, 29, 30, 60):
            remind_of_answers(at=make.AT + timedelta(days=days))

        (notice,) = of(approver, NoticeKind.OVERDUE)
        day = date_format(signed.response_due_on, "j M Y")
        assert sentence_of(notice) == (
            f"OWN: a recommendation waits for the programme's answer; it was due on {day}."
        )
        assert leads_to(notice) == signed.get_absolute_url()
        assert len(of(reader, NoticeKind.OVERDUE)) == 1
        for person in (officer, partner, signed.lead):
            assert not of(person, NoticeKind.OVERDUE)

    def test_an_answer_settles_it(self, signed):
        approver = member(signed.programme, "approver")
        remind_of_answers(at=make.AT + timedelta(days=29))
        assert Notice.objects.unread().filter(person=approver, kind=NoticeKind.OVERDUE).exists()
        for one in Recommendation.objects.filter(evaluation=signed):
            answer(one)
        remind_of_answers(at=make.AT + timedelta(days=30))
        assert not Notice.objects.unread().filter(kind=NoticeKind.OVERDUE).exists()

    def test_what_has_been_overdue_for_half_a_year_is_told_to_nobody(self, signed):
        member(signed.programme, "approver")
        remind_of_answers(at=make.AT + timedelta(days=400))
        assert not Notice.objects.filter(kind=NoticeKind.OVERDUE).exists()


class TestChoices:
    def tell(self, person, kind=NoticeKind.STATUSES, key="statuses:1"):
        tell([Tell(person=person.pk, kind=kind, key=key, params={"programme": "NMI", "count": 7})], at=MONDAY)

    @pytest.mark.parametrize(("way", "notices", "mails"), [("mail", 1, 1), ("here", 1, 0), ("none", 0, 0)])
    def test_each_topic_comes_in_the_way_that_one_chose(self, settings, way, notices, mails):
        settings.EMAIL_HOST = "mail.example"
        person = make.make_user("reader", programme=make.make_programme("NMI"), email="r@example.org")
        set_notice_choices(by=person, at=MONDAY, status=way)
        self.tell(person)
        for _turn in range(2):
            make_digests(at=MONDAY)
            send_digests(at=MONDAY, address="https://tracker.example")

        assert Notice.objects.filter(person=person).count() == notices
        assert len(mail.outbox) == mails

    def test_one_person_s_choice_is_nobody_else_s_and_no_other_topic_s(self):
        one, other = make.make_user("one"), make.make_user("other")
        set_notice_choices(by=one, at=MONDAY, status="none")
        self.tell(one)
        self.tell(other)
        self.tell(one, kind=NoticeKind.ESCALATED, key="escalated:1")

        assert [notice.key for notice in Notice.objects.filter(person=one)] == ["escalated:1"]
        assert Notice.objects.filter(person=other).count() == 1

    def test_they_are_made_on_the_account_page(self, client):
        person = make.make_user("person")
        client.force_login(person)
        given = dict.fromkeys(Topic.values, "here") | {"mention": "none"}
        assert client.post("/account/notices/", given).status_code == 302
        assert notice_choices(person) == given
        assert 'value="none" selected' in client.get("/account/").content.decode()

    @pytest.mark.parametrize("given", [{}, {"status": "carrier pigeon"}, {"status": "\u202email"}])
    def test_odd_choices_are_refused_and_nothing_is_saved(self, client, given):
        person = make.make_user("person")
        client.force_login(person)
        page = client.post("/account/notices/", given)
        assert page.status_code == 200
        assert "error-summary" in page.content.decode()
        assert set(notice_choices(person).values()) == {"mail"}
        with pytest.raises(ValidationError):
            set_notice_choices(by=person, at=MONDAY, status="pigeon")
