"""Reviews: independent, resting on verdicts, frozen by a signature."""

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.urls import reverse

from indicators.assessment import evaluating, running
from indicators.assessment.verifying import evaluation_differences
from indicators.models import AssessmentRun, Evaluation, Event, Finding, Membership, Recommendation
from tests import factories as make
from tests.assessment.cast import make_assessed, make_due

pytestmark = pytest.mark.django_db


@pytest.fixture
def run():
    programme, _indicator = make_assessed("OWN")
    make_due(programme)
    running.run_what_is_due()
    return AssessmentRun.objects.get()


@pytest.fixture
def evaluator(run, client):
    person = make.make_user("eva", programme=run.programme, role="evaluator")
    client.force_login(person)
    return person


@pytest.fixture
def review(run, evaluator):
    return evaluating.start_evaluation(
        run=run, title="Third quarter", question="Do posts improve?", by=evaluator, at=make.AT
    )


def write(client, review, name, **given):
    review.refresh_from_db()
    data = {"version": review.version} | given
    return client.post(reverse(name, args=[review.pk]), data, follow=True)


def add_finding(client, review):
    verdict = review.run.verdicts.get()
    given = {"finding-statement": "Half of the posts meet it.", "finding-verdicts": [verdict.pk]}
    return write(client, review, "finding-new", **given)


REVIEW = {
    "review-title": "Third quarter",
    "review-question": "Do they?",
    "review-judgement": "They do, slowly.",
}


def test_an_evaluator_reviews_finds_recommends_and_signs(client, run, evaluator):
    answer = client.post(
        reverse("evaluation-new", args=[run.pk]), {"title": "Third quarter", "question": "Do posts improve?"}
    )
    review = Evaluation.objects.get()
    assert answer.url == reverse("evaluation-detail", args=[review.pk])

    add_finding(client, review)
    finding = Finding.objects.get()
    write(
        client,
        review,
        "recommendation-new",
        **{
            "recommendation-finding": finding.pk,
            "recommendation-statement": "Inspect twice a year.",
            "recommendation-addressee": "Mission commander",
            "recommendation-priority": "high",
            "recommendation-due_on": "2999-01-31",
        },
    )
    page = write(client, review, "evaluation-edit", **REVIEW, sign="1")

    review.refresh_from_db()
    assert (review.state, review.signed_by, review.version) == ("final", evaluator, 5)
    assert review.content_hash == evaluating.content_hash(review)
    assert "Signed by" in page.text
    assert "Inspect twice a year." in page.text
    assert "Add a finding" not in page.text
    assert Event.objects.filter(verb="signed", about_id=review.pk).exists()


def test_after_the_signature_nothing_changes_any_more(client, review, evaluator):
    add_finding(client, review)
    write(client, review, "evaluation-edit", **REVIEW, sign="1")
    review.refresh_from_db()
    with pytest.raises(ValidationError, match="signed"):
        evaluating.add_finding(
            evaluation=review,
            version=review.version,
            statement="More.",
            verdicts=list(review.run.verdicts.all()),
            by=evaluator,
            at=make.AT,
        )
    client.post(reverse("finding-remove", args=[Finding.objects.get().pk]), {"version": review.version})
    assert Finding.objects.count() == 1


def test_verify_names_a_signed_review_that_was_changed_behind_its_back(client, review):
    add_finding(client, review)
    write(client, review, "evaluation-edit", **REVIEW, sign="1")
    assert list(evaluation_differences()) == []
    Evaluation.objects.update(judgement="All is well.")
    assert "no longer says what was signed" in next(evaluation_differences())


def test_without_judgement_or_finding_it_cannot_be_signed(client, review):
    page = write(client, review, "evaluation-edit", **REVIEW, sign="1")
    assert "without a finding" in page.text
    add_finding(client, review)
    page = write(client, review, "evaluation-edit", **(REVIEW | {"review-judgement": " "}), sign="1")
    assert "Write the judgement before signing" in page.text
    review.refresh_from_db()
    assert review.state == "draft"


def test_a_finding_must_cite_a_verdict_of_this_very_assessment(client, review):
    other_programme, _indicator = make_assessed("OTHER")
    make_due(other_programme)
    running.run_what_is_due()
    other = AssessmentRun.objects.get(programme=other_programme).verdicts.get()

    nothing = write(client, review, "finding-new", **{"finding-statement": "So it is."})
    foreign = write(
        client, review, "finding-new", **{"finding-statement": "So it is.", "finding-verdicts": [other.pk]}
    )

    assert "Choose at least one verdict" in nothing.text
    assert "is no verdict of this assessment" in foreign.text
    assert not Finding.objects.exists()
    with pytest.raises(ValidationError):
        evaluating.add_finding(
            evaluation=review, version=1, statement="x", verdicts=[other], by=review.created_by, at=make.AT
        )


def test_of_two_who_change_at_once_the_second_is_told(client, review):
    first = {"version": 1, **REVIEW}
    client.post(reverse("evaluation-edit", args=[review.pk]), first)
    second = client.post(reverse("evaluation-edit", args=[review.pk]), first | {"review-title": "Mine"})
    assert "Somebody else changed this review" in second.text
    review.refresh_from_db()
    assert (review.title, review.version) == ("Third quarter", 2)


def test_a_finding_with_a_recommendation_stays(client, review, evaluator):
    add_finding(client, review)
    finding = Finding.objects.get()
    given = {
        "recommendation-finding": finding.pk,
        "recommendation-statement": "Inspect.",
        "recommendation-addressee": "Mission",
        "recommendation-priority": "low",
    }
    write(client, review, "recommendation-new", **given)
    review.refresh_from_db()
    page = client.post(reverse("finding-remove", args=[finding.pk]), {"version": review.version}, follow=True)
    assert "A recommendation follows from this finding" in page.text
    recommendation = Recommendation.objects.get()
    client.post(reverse("recommendation-remove", args=[recommendation.pk]), {"version": review.version})
    review.refresh_from_db()
    client.post(reverse("finding-remove", args=[finding.pk]), {"version": review.version})
    assert not Finding.objects.exists()
    assert not Recommendation.objects.exists()


def test_a_recommendation_answered_in_the_past_is_refused(client, review):
    add_finding(client, review)
    given = {
        "recommendation-finding": Finding.objects.get().pk,
        "recommendation-statement": "Inspect.",
        "recommendation-addressee": "Mission",
        "recommendation-priority": "low",
        "recommendation-due_on": "2020-01-01",
    }
    page = write(client, review, "recommendation-new", **given)
    assert "has passed; expected a day to come" in page.text
    assert not Recommendation.objects.exists()


@pytest.mark.parametrize("role", ["officer", "approver", "reader"])
def test_whoever_is_no_evaluator_reads_and_does_not_write(client, review, role):
    client.force_login(make.make_user(programme=review.run.programme, role=role))
    page = client.get(reverse("evaluation-detail", args=[review.pk]))
    assert page.status_code == 200
    assert "Save and sign off" not in page.text
    assert write(client, review, "evaluation-edit", **REVIEW).status_code == 403
    assert add_finding(client, review).status_code == 403
    assert client.get(reverse("evaluation-new", args=[review.run_id])).status_code == 403


def test_an_evaluator_who_also_works_in_the_programme_may_not_review_it(run):
    both = make.make_user(programme=run.programme, role="evaluator")
    Membership.objects.create(user=both, programme=run.programme, role="officer", starts_on="2020-01-01")
    with pytest.raises(PermissionDenied, match="work"):
        evaluating.start_evaluation(run=run, title="T", question="Q", by=both, at=make.AT)


def test_a_stranger_finds_no_review(client, review):
    client.force_login(make.make_user(programme=make.make_programme(), role="evaluator"))
    assert client.get(reverse("evaluation-detail", args=[review.pk])).status_code == 404
    assert write(client, review, "evaluation-edit", **REVIEW).status_code == 404


@pytest.mark.parametrize("n", [1, 10])
def test_queries_of_a_review_do_not_grow(n, client, review, django_assert_num_queries):
    for _number in range(n):
        add_finding(client, review)
    client.force_login(make.make_user(programme=review.run.programme, role="reader"))
    url = reverse("evaluation-detail", args=[review.pk])
    client.get(url)  # the first page of a session also stores the session
    # session, person, menu; review, findings, verdicts and five for their names; right; recommendations
    with django_assert_num_queries(12):
        client.get(url)
