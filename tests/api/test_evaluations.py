"""Evaluations at the machine door: the whole chain for those inside, the released summary for partners."""

import pytest
from rest_framework.test import APIClient

from indicators.assessment import evaluating
from indicators.models import Evaluation
from tests import factories as make
from tests.assessment.evaluations import answer, decide, draft, make_run, member, sign, start

pytestmark = pytest.mark.django_db


@pytest.fixture
def evaluation():
    run = make_run("OWN")
    return start(run, make.make_user("zelda", programme=run.programme, role="evaluator"))


def client_of(user):
    client = APIClient()
    client.force_login(user)
    return client


def test_the_chain_can_be_walked_from_a_decision_to_the_verdicts(evaluation):
    sign(evaluation)
    recommendation = evaluation.recommendations.get()
    answer(recommendation)
    decision = decide(evaluation)
    client = client_of(member(evaluation.programme, "officer"))

    found = client.get(f"/api/v1/decisions/{decision.pk}/").data
    advice = client.get(f"/api/v1/recommendations/{found['recommendations'][0]}/").data
    finding = client.get(f"/api/v1/findings/{advice['findings'][0]}/").data

    assert advice["decisions"] == [decision.pk]
    assert client.get(f"/api/v1/responses/{advice['response']}/").data["answer"] == "accepted"
    assert finding["verdicts"] == [evaluation.run.verdicts.get().pk]
    whole = client.get(f"/api/v1/evaluations/{evaluation.pk}/").data
    assert (whole["state"], len(whole["ratings"]), whole["lessons"][0]["tags"]) == ("final", 6, ["posts"])


def test_a_recommendation_without_an_answer_says_so(evaluation):
    draft(evaluation)
    client = client_of(evaluation.lead)
    assert client.get("/api/v1/recommendations/").data["results"][0]["response"] is None


def test_a_partner_viewer_reads_a_released_summary_and_no_more(evaluation):
    iraq = make.make_partner("IRQ")
    client = client_of(make.make_user(global_role="partner_viewer", partner=iraq))
    Evaluation.objects.update(summary="Half of them.")
    sign(evaluation)
    assert client.get("/api/v1/evaluations/").data["results"] == []
    evaluating.release_summary(evaluation=evaluation, partners=[iraq], by=make.make_admin(), at=make.AT)

    [found] = client.get("/api/v1/evaluations/").data["results"]

    assert found["summary"] == "Half of them."
    assert set(found) == {"id", "programme", "kind", "title", "question", "summary", "state", "signed_at"}
    for name in ("findings", "recommendations", "responses", "decisions", "lessons"):
        assert client.get(f"/api/v1/{name}/").data["results"] == []


@pytest.mark.parametrize("n", [1, 4])
@pytest.mark.parametrize(
    ("name", "queries"), [("evaluations", 11), ("findings", 4), ("recommendations", 3), ("lessons", 1)]
)
def test_a_list_asks_as_often_for_one_as_for_many(evaluation, n, name, queries, django_assert_num_queries):
    draft(evaluation, findings=n)
    client = client_of(make.make_admin())
    client.get("/api/v1/catalogue/")
    # session and person are two more
    with django_assert_num_queries(queries + 2):
        assert client.get(f"/api/v1/{name}/").status_code == 200


@pytest.mark.parametrize("query", ["?state=final", "?kind=thematic", "?programme=NO"])
def test_filters_are_closed(evaluation, query):
    client = client_of(evaluation.lead)
    assert client.get(f"/api/v1/evaluations/{query}").data["results"] == []
    assert client.get("/api/v1/evaluations/?state=nonsense").status_code == 400
