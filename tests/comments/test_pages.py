"""Comments on the pages and over the machine door: written without a script, shown as plain text, cheap to read."""

from __future__ import annotations

import pytest
from rest_framework.test import APIClient

from indicators.commenting import write_comment
from indicators.models import Comment
from tests import factories as make
from tests.reports.test_pages import get, queries
from tests.world import make_world

pytestmark = pytest.mark.django_db
LIST = "/api/v1/comments/"


@pytest.fixture
def world():
    return make_world()


def api(user):
    client = APIClient()
    client.force_authenticate(user)
    return client


def subjects(own):
    return {
        f"/comments/indicator/{own.indicator.pk}/": own.indicator.get_absolute_url(),
        f"/comments/observation/{own.approved.pk}/": own.approved.get_absolute_url(),
        f"/comments/finding/{own.finding.pk}/": own.finding.evaluation.get_absolute_url(),
    }


def test_each_of_the_three_pages_shows_what_is_said_and_takes_more(client, world):
    client.force_login(world.people["officer"])
    for address, page in subjects(world.own).items():
        answer = client.post(address, {"text": "Why <b>so</b>? @evaluator {{7*7}}"})
        assert answer.status_code == 302, address
        for shown in (page, address):
            text = client.get(shown).content.decode()
            assert "Why &lt;b&gt;so&lt;/b&gt;? <bdi" in text, shown
            assert "{{7*7}}" in text
            assert f'action="{address}"' in text


def test_a_refused_comment_comes_back_with_its_words_and_the_reason(client, world):
    client.force_login(world.people["officer"])
    answer = client.post(f"/comments/indicator/{world.own.indicator.pk}/", {"text": "NATO SECRET"})
    text = answer.content.decode()

    assert answer.status_code == 422
    assert "marking above NATO UNCLASSIFIED" in text
    assert not Comment.objects.filter(text="NATO SECRET").exists()


def test_it_is_edited_resolved_and_withdrawn_by_forms_alone(client, world):
    comment = world.own.remark
    client.force_login(world.people["officer"])

    assert client.post(f"/comments/{comment.pk}/edit/", {"text": ""}).status_code == 422
    assert client.post(f"/comments/{comment.pk}/edit/", {"text": "Otherwise."}).status_code == 302
    client.post(f"/comments/{comment.pk}/resolve/", {"resolved": "1"})
    comment.refresh_from_db()
    assert (comment.text, comment.is_resolved) == ("Otherwise.", True)
    page = client.get(f"/comments/indicator/{world.own.indicator.pk}/").content.decode()
    assert "What it said before" in page
    client.post(f"/comments/{comment.pk}/withdraw/")
    page = client.get(f"/comments/indicator/{world.own.indicator.pk}/").content.decode()
    assert "This comment was withdrawn." in page
    assert "Otherwise." not in page
    assert "Remark OWN" not in page


def test_the_page_offers_only_names_of_those_who_read_it(client, world):
    page = get(client, world.people["officer"], f"/comments/indicator/{world.own.secret.pk}/")
    for name in ("evaluator", "approver", "admin", "auditor"):
        assert f'data-username="{name}"' in page
    for name in ("stranger", "former", "partner", "other_partner"):
        assert f'data-username="{name}"' not in page


def test_the_pages_cost_the_same_queries_for_1_and_20_comments(client, world):
    own, officer = world.own, world.people["officer"]
    pages = [path for pair in subjects(own).items() for path in pair]
    everything = (own.indicator, own.approved, own.finding)
    for one in everything:
        write_comment(subject=one, text="One", by=officer, at=make.AT)
    before = {path: queries(client, officer, path) for path in pages}
    for number in range(19):
        writer = make.make_user(programme=own.programme)
        for one in everything:
            write_comment(subject=one, text=f"Remark {number}", by=writer, at=make.AT)

    assert {path: queries(client, officer, path) for path in pages} == before


def test_a_machine_reads_and_writes_with_the_same_rules(world):
    own, people = world.own, world.people
    made = api(people["officer"]).post(
        LIST, {"indicator": own.secret.pk, "text": "Why? @evaluator @nobody"}, format="json"
    )
    assert made.status_code == 201
    assert made.data["unknown_names"] == ["nobody"]
    answer = api(people["evaluator"]).post(
        LIST, {"indicator": own.secret.pk, "text": "Rain.", "answers": made.data["id"]}, format="json"
    )
    assert answer.data["answers"] == made.data["id"]
    listed = api(people["reader"]).get(LIST, {"indicator": own.secret.pk}).data["results"]
    assert [one["text"] for one in listed] == ["Why? @evaluator @nobody", "Rain."]
    assert api(people["stranger"]).get(LIST, {"indicator": own.secret.pk}).data["results"] == []
    assert api(people["stranger"]).get(f"{LIST}{made.data['id']}/").status_code == 404


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"text": "x"}, 400),
        ({"indicator": 1, "observation": 1, "text": "x"}, 400),
        ({"indicator": 2**70, "text": "x"}, 400),
        ({"indicator": 999_999_999, "text": "x"}, 404),
        ({"indicator": "own", "text": ""}, 400),
        ({"indicator": "own", "text": "x" * 2001}, 400),
        ({"indicator": "own", "text": "NATO SECRET"}, 400),
        ({"indicator": "own", "text": "x", "answers": 999_999_999}, 404),
        ({"indicator": "own", "text": ["x"]}, 400),
    ],
)
def test_odd_bodies_are_refused_in_words(world, body, status):
    if body.get("indicator") == "own":
        body = {**body, "indicator": world.own.indicator.pk}
    before = Comment.objects.count()
    assert api(world.people["officer"]).post(LIST, body, format="json").status_code == status
    assert Comment.objects.count() == before
