"""An ex-post assessment: effects with their intervals, refusals counted and explained."""

from __future__ import annotations

import re
from datetime import date
from html import unescape

import pytest
from django.utils import timezone

from indicators.engine.codec import canonical_hash, message_to_json
from indicators.engine.expost.paired import paired_gain
from indicators.engine.expost.types import result_to_json
from indicators.engine.messages import message
from indicators.models import AssessmentRun, DueAssessment, Verdict
from indicators.reports.assessment_page import summary
from indicators.reports.tables import Row
from tests.world import make_world

pytestmark = pytest.mark.django_db
PRE = [40.0, 45, 50, 52, 55, 58, 60, 61, 63, 70]
POST = [55.0, 61, 60, 70, 66, 75, 71, 80, 74, 86]


def a_verdict(run, indicator, course_run, pre, post, method="paired_gain"):
    result = paired_gain(pre, post, maximum=100, unpaired_share=0.1)
    inputs = {
        "compute": "paired_gain",
        "question": message_to_json(message("Did participants score higher after the course than before?")),
        "scores": [list(pair) for pair in zip(pre, post, strict=True)] if len(pre) >= 8 else [],
        "maximum": 100,
    }
    return Verdict.objects.create(
        run=run,
        indicator=indicator,
        course_run=course_run,
        method=method,
        value=result.value,
        low=result.low,
        high=result.high,
        confidence=result.confidence.value,
        refusal_code=result.refusal.code.value if result.refusal else "",
        reported=len(pre),
        expected=12,
        inputs=inputs,
        result=result_to_json(result),
        input_hash=canonical_hash(inputs),
        result_hash="0" * 64,
    )


@pytest.fixture
def world():
    made = make_world()
    own = made.own
    now = timezone.now()
    due = DueAssessment.objects.create(
        programme=own.programme, kind="ex_post", as_of=date(2026, 1, 1), label="End", due_at=now, state="done"
    )
    own.expost = AssessmentRun.objects.create(
        programme=own.programme, due=due, kind="ex_post", as_of=due.as_of, label="End", revision=1,
        input_hash="a" * 64, method_version="1.0", software_version="0", started_at=now, finished_at=now,
        counts={"computed": 1, "refused": 1},
    )  # fmt: skip
    a_verdict(own.expost, own.indicator, own.course_run, PRE, POST)
    a_verdict(own.expost, own.secret, own.course_run, PRE[:5], POST[:5])
    return made


def page_of(client, world, who):
    client.force_login(world.people[who])
    response = client.get(f"/assessments/{world.own.expost.pk}/")
    assert response.status_code == 200
    return unescape(response.content.decode())


def words(page):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def test_refusals_are_counted_and_say_why(client, world):
    page = words(page_of(client, world, "evaluator"))
    assert "1 of 2 questions cannot yet be assessed" in page
    assert "Too few pairs: 5 of 8 needed." in page


def test_one_sentence_says_what_it_comes_to(client, world):
    page = words(page_of(client, world, "evaluator"))
    assert (
        "1 of 2 questions have an answer: of 1 exploratory changes 1 have an interval that leaves out “no change”."
        in page
    )


def test_when_nothing_can_be_answered_the_sentence_says_so():
    assert summary([]) == ""
    refused = Row(cells={}, about=Verdict(refusal_code="N_PAIRS_TOO_SMALL"))
    assert summary([refused]) == "None of the 1 questions can be answered yet."


def test_an_effect_stands_with_its_interval_method_and_assumptions(client, world):
    page = words(page_of(client, world, "evaluator"))
    verdict = Verdict.objects.get(run=world.own.expost, refusal_code="")
    assert f"{verdict.value:.2f}" in page
    assert f"{verdict.low:.2f} to {verdict.high:.2f}" in page
    assert "Hedges g_av" in page
    assert "Cannot tell" in page or "Yes" in page
    assert "+" in page


def test_a_partner_viewer_sees_neither_single_scores_nor_what_is_not_releasable(client, world):
    page = page_of(client, world, "partner")
    assert "chart-paired" not in page
    assert "participant's scores" not in page
    assert "0 of 1 questions cannot yet be assessed" in words(page)
    assert "Inner figure OWN" not in page


def test_the_file_has_the_stored_figures(client, world):
    client.force_login(world.people["evaluator"])
    text = client.get(f"/export/assessment/{world.own.expost.pk}.csv").content.decode("utf-8-sig")
    verdict = Verdict.objects.get(run=world.own.expost, refusal_code="")
    assert f"{verdict.value:f}".rstrip("0") in text
    assert "N_PAIRS_TOO_SMALL" in text
