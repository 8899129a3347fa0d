"""What would change a verdict: plain sentences that hold when they are tried, and an honest none."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal

import pytest

from indicators.assessment import running
from indicators.engine.codec import snapshot_from_json
from indicators.engine.flips import FlipKind, flips
from indicators.engine.judge import judge
from indicators.models import Verdict
from indicators.reports.explained_change import weight_lines
from tests import factories as make
from tests.assessment.cast import make_assessed, make_due
from tests.reports.test_explaining import ask
from tests.reports.test_pages import get, words

pytestmark = pytest.mark.django_db


@pytest.fixture
def verdict():
    programme, _indicator = make_assessed()
    make_due(programme)
    running.run_what_is_due()
    return Verdict.objects.get()


def test_a_frozen_verdict_says_what_would_have_changed_it(client, verdict):
    reader = make.make_user(programme=verdict.indicator.programme)

    told = ask(client, reader, "verdict-change", str(verdict.pk))

    assert told["value"] == "At risk"
    assert told["steps"]
    assert all(step["result"] != "At risk" for step in told["steps"])
    assert "each of which alone would turn “At risk”" in told["sentence"]
    assert re.match(r"A target of \S+ instead of \S+ would make it “", told["steps"][0]["what"])
    page = words(get(client, reader, f"/explain/verdict-change/{verdict.pk}/"))
    assert told["sentence"] in page
    assert all(step["what"] in page for step in told["steps"])
    before = get(client, reader, f"/explain/verdict/{verdict.pk}/")
    assert f"/explain/verdict-change/{verdict.pk}/" in before


def test_the_target_that_would_turn_it_does_when_it_is_tried(verdict):
    snapshot = snapshot_from_json(verdict.inputs)
    target = next(one for one in flips(snapshot) if one.kind is FlipKind.TARGET)

    again = judge(replace(snapshot, plan=replace(snapshot.plan, target=target.then)))

    assert again.status is target.status_then
    assert again.status.value != verdict.status


def test_the_change_page_asks_the_same_number_of_questions(client, verdict, django_assert_max_num_queries):
    reader = make.make_user(programme=verdict.indicator.programme)
    client.force_login(reader)

    with django_assert_max_num_queries(7):
        client.get(f"/explain/verdict-change/{verdict.pk}/")
    with django_assert_max_num_queries(16):
        client.get(f"/explain/change/{verdict.indicator_id}/")


def test_strangers_learn_nothing(client, verdict):
    stranger = make.make_user()

    ask(client, stranger, "verdict-change", str(verdict.pk), status=404)
    ask(client, stranger, "change", str(verdict.indicator_id), status=404)


def test_an_indicator_without_a_verdict_says_so(client):
    programme = make.make_programme("EMPTY")
    make.make_quarters(programme)
    indicator = make.make_indicator(programme)
    reader = make.make_user(programme=programme)

    told = ask(client, reader, "change", str(indicator.pk))

    assert told["steps"] == []
    assert "no verdict that could turn" in told["sentence"]


def test_weights_that_bring_a_score_to_its_border():
    class Named:
        def __init__(self, name, weight):
            self.name, self.weight = name, Decimal(weight)

        def __str__(self):
            return self.name

    good, bad = Named("Good", 1), Named("Bad", 1)

    lines = weight_lines([(good, Decimal(1)), (bad, Decimal("0.5"))], Decimal("0.9"))

    said = "With a weight of {} instead of 1 for {} the score would be 90\xa0%, the border of “on track”."
    assert [one.what for one in lines] == [said.format("0.25", "Bad"), said.format("4", "Good")]
    (none,) = weight_lines([(bad, Decimal("0.5"))], Decimal("0.9"))
    assert none.what.startswith("No single weight, changed to anything up to 10 times")
