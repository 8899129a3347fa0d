"""Search: what is found, by whom, and that nothing typed breaks it."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from indicators.reports.searching import KINDS, marked, search
from tests import factories as make
from tests.reports.test_pages import get
from tests.world import make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    return make_world()


def titles(user, words):
    return {str(kind["label"]): [hit.title for hit in kind["hits"]] for kind in search(user, words)}


def test_members_find_their_programme_and_indicators_by_words_in_any_form(world):
    found = titles(world.people["officer"], "figures own")

    assert any("Open figure OWN" in title for title in found["Indicators"])
    assert titles(world.people["officer"], "programme OWN")["Programmes"] == ["Programme OWN"]


@pytest.mark.parametrize("who", ["stranger", "former", "other_partner"])
def test_strangers_find_nothing_of_it(world, who):
    for words in ("OWN", "Open figure", "Inner figure"):
        assert "OWN" not in str(titles(world.people[who], words))


def test_a_partner_finds_what_is_releasable_alone(world):
    found = titles(world.people["partner"], "figure OWN")

    assert any("Open figure OWN" in title for title in found["Indicators"])
    assert not any("Inner figure" in title for title in found["Indicators"])


def test_a_code_finds_the_definition_in_the_library(world):
    code = world.own.indicator.definition.code

    assert any(code in title for title in titles(world.people["reader"], code)["Indicator library"])


@pytest.mark.parametrize(
    "words",
    ["", "   ", '"', "' OR 1=1 --", "((((", "a:*&|!", "\\", "العربية", "x" * 5000, "<script>", "-", "or or"],
)
def test_whatever_is_typed_is_answered(client, world, words):
    client.force_login(world.people["officer"])
    answer = client.get("/search/", {"q": words})

    assert answer.status_code == 200
    assert b"<script>alert" not in answer.content


def test_found_words_are_marked_and_the_rest_is_escaped():
    assert marked("a \x02b\x03 <i>") == "a <mark>b</mark> &lt;i&gt;"


def test_it_says_when_nothing_was_found(client, world):
    assert "Nothing found" in get(client, world.people["officer"], "/search/?q=zebra")


def test_one_query_for_each_kind(world):
    make.make_indicator(world.own.programme)
    with CaptureQueriesContext(connection) as queries:
        search(world.people["admin"], "figure")

    assert len(queries) == len(KINDS)
