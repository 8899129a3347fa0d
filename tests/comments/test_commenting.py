"""Comments: kept as they were, told to whom they name and nobody else, and never a way round what is left out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction

from indicators.commenting import (
    MOST_AN_HOUR,
    clean_text,
    edit_comment,
    names_in,
    resolve_comment,
    talk_about,
    withdraw_comment,
    write_comment,
)
from indicators.entry.actions import discard_observation
from indicators.models import Comment, Event, FormerText, Notice, NoticeKind, Observation, Role
from indicators.notices import leads_to, sentence_of
from tests import factories as make
from tests.reports.test_statistics import SPLIT, make_series
from tests.world import make_world

pytestmark = pytest.mark.django_db
AT = datetime(2030, 3, 4, 9, tzinfo=UTC)


@pytest.fixture
def world():
    return make_world()


def say(subject, by, text="Why did it fall?", **given):
    return write_comment(subject=subject, text=text, by=by, at=given.pop("at", AT), **given)


def named(person):
    return list(Notice.objects.filter(person=person, kind=NoticeKind.MENTION).order_by("pk"))


def texts(user, subject):
    return [line.text for line in talk_about(user, subject).lines]


def test_a_name_tells_its_bearer_once(world):
    own, people = world.own, world.people
    said = say(own.secret, people["officer"], "@evaluator, and again @evaluator: look at Q3.")
    edit_comment(comment=said.comment, text="@evaluator: look at Q2.", by=people["officer"], at=AT)

    (notice,) = named(people["evaluator"])
    assert sentence_of(notice).startswith("OWN: you are named in a comment on ")
    assert leads_to(notice) == f"/comments/indicator/{own.secret.pk}/#comment-{said.comment.pk}"
    assert list(said.comment.mentions.all()) == [people["evaluator"]]


@pytest.mark.parametrize("name", ["stranger", "former", "other_partner", "partner", "nobody-at-all"])
def test_whoever_may_not_read_it_is_not_told_and_the_writer_learns_no_more(world, name):
    said = say(world.own.secret, world.people["officer"], f"@{name} should see this")

    assert list(said.unknown) == [name]
    assert not Notice.objects.filter(kind=NoticeKind.MENTION).exists()


def test_a_partner_is_told_of_what_partners_may_read_alone(world):
    own, people = world.own, world.people
    inner = say(own.indicator, people["officer"], "@partner this is for us")
    shared = say(own.indicator, people["officer"], "@partner please agree", for_partners=True)

    assert (list(inner.unknown), list(shared.unknown)) == (["partner"], [])
    assert [one.params["comment_id"] for one in named(people["partner"])] == [shared.comment.pk]
    assert texts(people["partner"], own.indicator) == ["@partner please agree"]


def test_a_partner_speaks_to_those_inside_and_not_to_other_nations(world):
    own, people = world.own, world.people
    own.indicator.releasable_to.add(people["other_partner"].partner)
    own.programme.partners.add(people["other_partner"].partner)
    theirs = say(own.indicator, people["partner"], "We count otherwise. @officer", for_partners=True).comment
    say(own.indicator, people["officer"], "How?", answers=theirs)

    (line,) = talk_about(people["partner"], own.indicator).lines
    assert [line.text, *(one.text for one in line.replies)] == ["We count otherwise. @officer", "How?"]
    assert [line.by, line.replies[0].by] == [str(people["partner"]), "Programme staff"]
    assert texts(people["other_partner"], own.indicator) == []
    assert "We count otherwise. @officer" in texts(people["reader"], own.indicator)
    assert named(people["officer"]) == []
    assert {one.username for one in talk_about(people["partner"], own.indicator).people} == {"partner"}


@pytest.mark.parametrize("who", ["stranger", "former", "other_partner"])
def test_strangers_say_nothing(world, who):
    with pytest.raises(PermissionDenied):
        say(world.own.indicator, world.people[who])
    assert not Comment.objects.filter(at=AT).exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "Empty"),
        (" \u200b\u202e\n ", "Empty"),
        ("x" * 2001, "2001 characters were given; at most 2000"),
        ("a" * 100_000, "100000 characters were given"),
        ("NATO SECRET", "marking above NATO UNCLASSIFIED"),
        ("N\u202eATO SEC\u2066RET", "marking above NATO UNCLASSIFIED"),
        ("\ud800", "Empty"),
    ],
)
def test_what_cannot_be_kept_is_refused_and_nothing_is_saved(world, text, said):
    with pytest.raises(ValidationError) as refused:
        say(world.own.indicator, world.people["officer"], text)
    assert said in " ".join(refused.value.message_dict["text"])
    assert not Comment.objects.filter(at=AT).exists()
    assert not Event.objects.filter(verb="commented on").exists()


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("a\x00b", "ab"),
        ("\u202eevil\u202c", "evil"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("می\u200cشود", "می\u200cشود"),
        ("one\r\n\r\ntwo\ttab", "one\n\ntwo\ttab"),
        ("x" * 2000, "x" * 2000),
        ("سعر ٣", "سعر ٣"),
    ],
)
def test_what_is_kept_reads_as_it_is(given, kept):
    assert clean_text(given) == kept


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("@officer.nmi.", ["officer.nmi"]),
        ("(@ann) @bob, @ann", ["ann", "bob"]),
        ("mail a@b.example or x@@y", []),
        ("@", []),
        ("@@@@@", []),
        ("@أحمد", ["أحمد"]),
    ],
)
def test_names_are_what_stands_after_an_at(text, names):
    assert names_in(text) == names


def test_an_edit_keeps_the_former_text_and_a_withdrawn_one_shows_none(world):
    own, people = world.own, world.people
    comment = say(own.secret, people["officer"], "First.").comment
    edit_comment(comment=comment, text="Second.", by=people["officer"], at=AT)
    edit_comment(comment=comment, text="Second.", by=people["officer"], at=AT)
    assert [one.text for one in FormerText.objects.all()] == ["First."]
    with pytest.raises(PermissionDenied):
        edit_comment(comment=comment, text="Mine.", by=people["approver"], at=AT)
    with pytest.raises(PermissionDenied):
        withdraw_comment(comment=comment, by=people["approver"], at=AT)

    withdraw_comment(comment=comment, by=people["admin"], at=AT)
    withdraw_comment(comment=comment, by=people["officer"], at=AT)

    (line,) = talk_about(people["officer"], own.secret).lines
    assert (line.text, line.former) == ("", [])
    assert Comment.objects.get(pk=comment.pk).text == "Second."
    assert Event.objects.filter(verb="withdrew").count() == 1
    with pytest.raises(PermissionDenied):
        edit_comment(comment=comment, text="Third.", by=people["officer"], at=AT)


def test_the_audit_trail_never_holds_the_words(world):
    comment = say(world.own.secret, world.people["officer"], "Three women left.").comment
    edit_comment(comment=comment, text="Four women left.", by=world.people["officer"], at=AT)
    for event in Event.objects.all():
        assert "women" not in f"{event.about_name}{event.before}{event.after}{event.reason}"


def test_a_remark_is_resolved_and_opened_again_an_answer_is_not(world):
    own, people = world.own, world.people
    comment = say(own.secret, people["officer"]).comment
    answer = say(own.secret, people["approver"], "It rained.", answers=comment).comment
    deeper = say(own.secret, people["officer"], "Thanks.", answers=answer).comment
    assert deeper.answers == comment

    resolve_comment(comment=comment, is_resolved=True, by=people["reader"], at=AT)
    assert talk_about(people["officer"], own.secret).open_count == 0
    resolve_comment(comment=comment, is_resolved=False, by=people["officer"], at=AT)
    assert talk_about(people["officer"], own.secret).open_count == 1
    with pytest.raises(ValidationError):
        resolve_comment(comment=answer, is_resolved=True, by=people["officer"], at=AT)


def test_an_answer_stays_in_its_talk(world):
    own, officer = world.own, world.people["officer"]
    comment = say(own.secret, officer).comment
    with pytest.raises(ValidationError):
        say(own.indicator, officer, answers=comment)


def test_nobody_floods(world):
    officer = world.people["officer"]
    for number in range(MOST_AN_HOUR):
        say(world.own.secret, officer, f"Remark {number}")
    with pytest.raises(ValidationError, match="30 comments in the last hour"):
        say(world.own.secret, officer)
    say(world.own.secret, officer, at=AT + timedelta(hours=1, seconds=1))


def test_what_is_said_of_a_small_cell_is_left_out_with_it(client):
    indicator, _periods, officer = make_series([{"": 40, "sex=f": 3, "sex=m": 37}], disaggregations=SPLIT)
    small = Observation.objects.current().select_related("indicator__programme").get(cell="sex=f")
    total = Observation.objects.current().get(indicator=indicator, cell="")
    reader = make.make_user("looker", programme=indicator.programme, role=Role.READER)
    say(small, officer, "The three women of Basra. @looker")

    talk = talk_about(reader, small)
    assert [(line.text, line.is_left_out) for line in talk.lines] == [("", True)]
    assert not talk.may_comment
    with pytest.raises(PermissionDenied, match="few people"):
        say(small, reader)
    assert texts(officer, small) == ["The three women of Basra. @looker"]
    client.force_login(reader)
    for path in (
        small.get_absolute_url(), f"/comments/observation/{small.pk}/", indicator.get_absolute_url(),
        f"/api/v1/comments/?observation={small.pk}", "/notices/?show=all", "/events/?q=Basra", "/search/?q=Basra",
        total.get_absolute_url(),
    ):  # fmt: skip
        assert "three women" not in client.get(path).content.decode(), path


def test_a_comment_is_about_exactly_one_thing(world):
    own, by = world.own, world.people["officer"]
    for given in ({}, {"indicator": own.indicator, "observation": own.approved}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Comment.objects.create(text="x", by=by, at=AT, **given)


def test_a_draft_that_is_thrown_away_takes_its_comments_along(world):
    draft, officer = world.own.draft, world.people["officer"]
    say(draft, officer, "Is this right?")
    Observation.objects.filter(pk=draft.pk).update(entered_by=officer)
    draft.refresh_from_db()
    discard_observation(observation=draft, by=officer, at=AT)
    assert not Comment.objects.filter(at=AT).exists()
