"""The queue of validators and approvers: what waits for whom, the summary, and what came of a decision on many."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from indicators.entry import actions, bulk
from indicators.entry.reviewing import foresee, waiting_for
from indicators.models import Event, IndicatorStatus, Observation, Role, State
from tests.entry.scenes import LATER, Scene, log_in
from tests.factories import AT, make_observation, make_quarters, make_user

pytestmark = pytest.mark.django_db
QUEUE = reverse("review-queue")


@pytest.fixture
def scene():
    return Scene()


def validated_scene():
    scene = Scene()
    scene.programme.needs_validation = True
    scene.programme.save()
    scene.validator = make_user(programme=scene.programme, role=Role.VALIDATOR)
    return scene


def summary(client, act, *figures, **given):
    return client.post(
        reverse("review-summary"), {"act": act, "observation": [one.pk for one in figures], **given}
    )


def decide(client, act, *figures, **given):
    keys = [f"{one.pk}-{one.version}" for one in figures]
    return client.post(reverse("review-decide"), {"act": act, "observation": keys, **given})


def test_the_queue_shows_what_changed_and_what_is_unusual(client, scene):
    for quarter, numerator in zip(scene.quarters[:6], (31, 32, 33, 32, 31, 33), strict=True):
        make_observation(scene.indicator, quarter, numerator=Decimal(numerator), denominator=Decimal(60))
    scene.submit(numerator="59", denominator="60", comment="All were rebuilt.")
    log_in(client, scene.approver)

    page = client.get(QUEUE).content.decode()

    assert "59 of 60" in page
    assert "33 of 60 = 55" in page
    assert "+43.3 points" in page
    assert "far from the usual" in page
    assert "All were rebuilt." in page


def test_each_sees_what_waits_for_them():
    plain, strict = Scene(), validated_scene()
    straight = plain.submit()
    submitted = strict.submit(period=strict.quarters[0])
    validated = actions.validate_observation(
        observation=strict.submit(period=strict.quarters[1]), by=strict.validator, at=LATER
    )

    assert list(waiting_for(plain.approver)) == [straight]
    assert list(waiting_for(strict.approver)) == [validated]
    assert list(waiting_for(strict.validator)) == [submitted]
    assert list(waiting_for(strict.officer)) == []


def test_own_figures_cannot_be_chosen(client, scene):
    own = actions.submit_observation(
        observation=scene.record(by=scene.approver, period=scene.quarters[4]), by=scene.approver, at=AT
    )
    scene.submit()
    log_in(client, scene.approver)

    page = client.get(QUEUE).content.decode()

    assert page.count("disabled title=") == 1
    assert f'id="choose-{own.pk}"' in page


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("programme", lambda s: s.programme.code),
        ("indicator", lambda s: s.indicator.pk),
        ("period", lambda s: s.q3.pk),
        ("officer", lambda s: s.officer.pk),
    ],
)
def test_the_queue_is_narrowed(client, scene, name, value):
    other = Scene()
    other.programme.memberships.create(user=scene.approver, role=Role.APPROVER, starts_on="2020-01-01")
    mine, theirs = scene.submit(), other.submit()
    log_in(client, scene.approver)

    page = client.get(QUEUE, {name: value(scene)}).content.decode()

    assert f'id="choose-{mine.pk}"' in page
    assert f'id="choose-{theirs.pk}"' not in page


@pytest.mark.parametrize(
    "query", ["programme=x", "indicator=x", "period=-1", "officer=99999999999999999999", "per=7", "per=x",
              "state=nonsense", "page=99", "indicator=%F0%9F%92%A3"]
)  # fmt: skip
def test_the_queue_answers_any_address(client, scene, query):
    scene.submit()
    log_in(client, scene.approver)

    assert client.get(QUEUE + "?" + query).status_code == 200


# --- Summary and decision ----------------------------------------------------------------------------------------


def test_the_summary_says_what_would_be_done_and_does_nothing(client, scene):
    old = scene.approve(period=scene.quarters[5], numerator="12", denominator="60")
    new = actions.correct_observation(
        observation=old, reason="Counted again.", by=scene.officer, at=LATER, numerator="50", denominator="60"
    )
    own = scene.submit(period=scene.quarters[4], by=scene.approver)
    before = (Event.objects.count(), IndicatorStatus.objects.get().value)
    log_in(client, scene.approver)

    page = summary(client, "approve", new, own).content.decode()

    assert "1 figure would go" in page
    assert "1 figure would stay" in page
    assert "12 of 60" in page
    assert "+63.3 points" in page
    assert "Counted again." in page
    assert "Nobody decides on figures" in page
    assert (Event.objects.count(), IndicatorStatus.objects.get().value) == before
    assert Observation.objects.get(pk=new.pk).state == State.SUBMITTED


def test_the_summary_shows_how_the_status_changes(scene):
    scene.approve(period=scene.quarters[5], numerator="12", denominator="60")
    better = scene.submit(numerator="58", denominator="60", comment="Rebuilt.")

    foreseen = foresee(bulk.approve_observations, observations=[better], by=scene.approver, at=LATER)

    assert [one.pk for one in foreseen.outcome.done] == [better.pk]
    assert Observation.objects.get(pk=better.pk).state == State.SUBMITTED
    ((before, after),) = foreseen.statuses.values()
    assert before != after
    scene.approve(better)
    assert IndicatorStatus.objects.at(LATER.date()).get().status_now == after


def test_the_decision_says_what_was_done_and_what_was_not(client, scene):
    figures = [scene.submit(period=quarter) for quarter in scene.quarters[:2]]
    own = scene.submit(period=scene.quarters[4], by=scene.approver)
    log_in(client, scene.approver)

    page = decide(client, "approve", *figures, own).content.decode()

    assert "Approved: 2 figures" in page
    assert "1 figure stayed as it was" in page
    assert "Nobody decides on figures" in page
    assert Observation.objects.current().count() == 2


def test_what_somebody_changed_after_the_summary_is_left(client, scene):
    seen = scene.submit()
    returned = actions.return_observation(observation=seen, comment="No.", by=scene.approver, at=LATER)
    changed = actions.change_observation(
        observation=returned, version=returned.version, by=scene.officer, at=LATER,
        numerator="31", denominator="60",
    )  # fmt: skip
    actions.submit_observation(observation=changed, by=scene.officer, at=LATER)
    log_in(client, scene.approver)

    page = decide(client, "approve", seen).content.decode()

    assert "changed it after the summary" in page
    assert not Observation.objects.current().exists()


def test_returning_needs_a_comment_and_says_so_with_the_summary(client, scene):
    figure = scene.submit()
    log_in(client, scene.approver)

    answer = decide(client, "return", figure, comment=" ")
    assert answer.status_code == 422
    assert "No comment was given" in answer.content.decode()

    assert "Returned: 1 figure" in decide(client, "return", figure, comment="Which?").content.decode()
    assert Observation.objects.get().decision_comment == "Which?"


def test_a_validator_validates_from_the_queue(client):
    scene = validated_scene()
    figures = [scene.submit(period=quarter) for quarter in scene.quarters[:2]]
    log_in(client, scene.validator)

    page = client.get(QUEUE).content.decode()
    assert "Validate the chosen" in page
    assert "Approve the chosen" not in page
    assert "2 figures would go" in summary(client, "validate", *figures).content.decode()
    assert "Validated: 2 figures" in decide(client, "validate", *figures).content.decode()
    assert "nothing" not in client.get(QUEUE).content.decode()


@pytest.mark.parametrize("address", ["review-summary", "review-decide"])
@pytest.mark.parametrize("chosen", [[], ["x"], ["-1"], ["9" * 30], ["1e3"], ["1-x"]])
@pytest.mark.parametrize("act", ["approve", "nonsense", ""])
def test_choosing_nothing_or_nonsense_does_nothing(client, scene, address, chosen, act):
    scene.submit()
    log_in(client, scene.approver)

    assert client.post(reverse(address), {"observation": chosen, "act": act}).status_code == 302
    assert not Observation.objects.current().exists()


def test_an_approver_reviews_nothing_of_another_programme(client, scene):
    other = Scene().submit()
    log_in(client, scene.approver)

    assert "Nothing waits" in client.get(QUEUE).content.decode()
    assert summary(client, "approve", other).status_code == 302
    assert decide(client, "approve", other).status_code == 302
    assert not Observation.objects.current().exists()


def test_only_validators_and_approvers_have_a_queue(client, scene):
    log_in(client, scene.officer)

    assert client.get(QUEUE).status_code == 403
    assert client.post(reverse("review-summary")).status_code == 403
    assert client.post(reverse("review-decide")).status_code == 403


@pytest.mark.parametrize("act", ["", "summary", "decide"])
def test_the_pages_ask_as_often_for_one_as_for_twenty(client, scene, act):
    figures = [scene.submit(period=quarter) for quarter in make_quarters(scene.programme, since=2020)[:21]]
    log_in(client, scene.approver)

    def queries_of(chosen):
        Observation.objects.exclude(pk__in=[one.pk for one in chosen]).filter(state="submitted").update(
            submitted_at=AT + timedelta(days=1)
        )
        with CaptureQueriesContext(connection) as queries:
            if act == "summary":
                summary(client, "approve", *chosen)
            elif act == "decide":
                decide(client, "approve", *chosen)
            else:
                client.get(QUEUE, {"period": chosen[0].period_id} if len(chosen) == 1 else {})
        return len(queries)

    scene.approve(figures.pop())
    queries_of(figures[:1] if act != "decide" else [figures.pop()])
    assert queries_of(figures[:1]) == queries_of(figures[1:])


def test_the_queue_asks_so_many_queries(client, scene, django_assert_num_queries):
    scene.submit()
    log_in(client, scene.approver)
    client.get(QUEUE)

    # session, user, reviews, four choices, count, page, own: substitutes and trail; lines: neighbours, evidence,
    # history, figures beside, rules, how many pieces of evidence; menu
    with django_assert_num_queries(18):
        client.get(QUEUE)


def test_too_many_at_once_are_refused_with_the_number(client, scene, monkeypatch):
    monkeypatch.setattr(bulk, "LIMIT", 1)
    figures = [scene.submit(period=quarter) for quarter in scene.quarters[:2]]

    with pytest.raises(ValidationError, match="at most 1"):
        bulk.approve_observations(observations=figures, by=scene.approver, at=LATER)
