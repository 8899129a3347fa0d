"""The pages of an ex-post plan: draft, name, propose with reasons, lock; and of an assessment that is cancelled."""

from datetime import date

import pytest
from django.urls import reverse
from django.utils import timezone

from indicators.assessment import running
from indicators.assessment.claiming import LeaseLost, claim_due, give_back, show_progress
from indicators.models import AssessmentRun, DueAssessment, Event, ExPostPlan, PlannedIndicator
from tests import factories as make
from tests.assessment.cast import make_assessed, make_due, make_figures

pytestmark = pytest.mark.django_db


@pytest.fixture
def own(client):
    programme = make.make_programme("OWN", starts_on=date(2025, 1, 1), ends_on=date(2026, 12, 31))
    sites = [make.make_unit(programme) for _ in range(4)]
    indicator = make.make_indicator(programme, units=sites)
    make_figures(indicator, 12, 15, 18, 22)
    client.force_login(make.make_user("drafter", programme=programme, role="officer"))
    return programme, indicator, sites


def head(**given):
    return {
        "question": "Did it help?", "part": "", "starts_on": "2025-01-01", "ends_on": "2026-12-31",
        "follow_up_months": "0, 6, 12", "collects": "Inspectorate",
    } | given  # fmt: skip


def begin(client):
    return client.post(reverse("expost-plan-edit", args=["OWN"]), head())


def test_from_an_empty_page_to_a_locked_plan(client, own):
    programme, indicator, sites = own
    page = reverse("expost-plan", args=["OWN"])
    assert "No ex-post plan yet" in client.get(page).text

    assert begin(client).status_code == 302
    shown = client.get(page).text
    assert "No primary indicator is named yet" in shown
    assert reverse("expost-plan-indicator", args=["OWN", indicator.pk]) in shown
    answer = client.post(
        reverse("expost-plan-indicator", args=["OWN", indicator.pk]),
        {"smallest_change": "5", "horizon_months": "12", "comparisons": [f"unit:{sites[3].pk}"]},
    )
    assert answer.status_code == 302
    item = PlannedIndicator.objects.get()
    assert (item.method, item.comparisons.get().unit) == (item.proposed, sites[3])
    assert client.get(reverse("expost-plan-lock", args=["OWN"])).status_code == 403

    client.force_login(make.make_admin("second"))
    lock = reverse("expost-plan-lock", args=["OWN"])
    assert "Lock version 1" in client.get(lock).text
    assert client.post(lock, {"row_version": str(ExPostPlan.objects.get().row_version)}).status_code == 302
    assert ExPostPlan.objects.get().is_locked
    assert "Draft a new version" in client.get(page).text
    assert client.get(lock).status_code == 404
    assert reverse("expost-plan", args=["OWN"]) in client.get(programme.get_absolute_url()).text


def test_a_preview_says_what_the_table_proposes_and_why_not_the_others_and_stores_nothing(client, own):
    _programme, indicator, sites = own
    begin(client)
    path = reverse("expost-plan-indicator", args=["OWN", indicator.pk])

    alone = client.get(path).text
    beside = client.post(path, {"preview": "1", "comparisons": [f"unit:{s.pk}" for s in sites[2:]]}).text

    assert "Proposed: Proportions before and after" in alone
    assert "0 donors; at least 5 are needed" in alone
    assert "Synthetic control" in beside
    assert not PlannedIndicator.objects.exists()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"smallest_change": ""}, "Empty; please fill this in."),
        ({"smallest_change": "0"}, "a number above 0 was expected"),
        ({"smallest_change": "NaN"}, "Enter a number"),
        ({"smallest_change": "many"}, "“many” is not a number"),
        ({"method": "magic"}, "not one of the available choices"),
        ({"method": "synthetic_control"}, "Synthetic control is not possible here"),
        ({"method": "contribution_rating"}, "Say why"),
        ({"comparisons": ["unit:1"]}, "not one of the available choices"),
        ({"transition_from": "2030-01-01"}, "lies outside the programme"),
        ({"transition_until": "2020-01-01"}, "does not lie between"),
        ({"horizon_months": "0"}, "greater than or equal to 1"),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_nothing_is_stored(client, own, given, said):
    _programme, indicator, _sites = own
    begin(client)
    fields = {"smallest_change": "5", "horizon_months": "12"} | given

    answer = client.post(reverse("expost-plan-indicator", args=["OWN", indicator.pk]), fields)

    assert answer.status_code == 200
    assert said in answer.text
    assert not PlannedIndicator.objects.exists()


def test_nobody_names_anything_without_a_draft(client, own):
    _programme, indicator, _sites = own
    answer = client.get(reverse("expost-plan-indicator", args=["OWN", indicator.pk]), follow=True)
    assert "There is no draft" in answer.text
    assert client.post(reverse("expost-plan-drop", args=["OWN", indicator.pk])).status_code == 404


@pytest.mark.parametrize("n", [1, 5])
def test_queries_of_the_plan_page_do_not_grow(client, own, n, django_assert_max_num_queries):
    programme, _indicator, sites = own
    begin(client)
    for _number in range(n):
        other = make.make_indicator(programme, units=sites)
        client.post(
            reverse("expost-plan-indicator", args=["OWN", other.pk]),
            {"smallest_change": "5", "horizon_months": "12", "comparisons": [f"unit:{sites[0].pk}"]},
        )
    assert PlannedIndicator.objects.count() == n
    # session, user, menu; programme; plans, items, comparisons; roles; lock check; candidates; messages
    with django_assert_max_num_queries(16):
        client.get(reverse("expost-plan", args=["OWN"]))


def test_whoever_asked_cancels_and_the_worker_keeps_nothing(client):
    programme, _indicator = make_assessed("OWN")
    asker = make.make_user("asker", programme=programme, role="evaluator")
    due = make_due(programme, requested_by=asker, request=1)
    client.force_login(asker)
    held = claim_due(owner="test")
    path = reverse("due-cancel", args=[due.pk])
    assert "Cancel this assessment?" in client.get(path).text
    assert path in client.get(reverse("due-progress", args=[due.pk])).text

    assert client.post(path, follow=True).status_code == 200

    due.refresh_from_db()
    assert (due.state, due.stopped_by, due.lease_until) == ("stopped", asker, None)
    with pytest.raises(LeaseLost):
        show_progress(held, done=1, total=2)
    with pytest.raises(LeaseLost):
        running.run_due(held)
    assert give_back(held, error="late", at=timezone.now()) == ""
    assert not AssessmentRun.objects.exists()
    assert claim_due(owner="other") is None
    assert Event.objects.filter(verb="cancelled", about_id=due.pk).count() == 1
    assert "Cancelled by" in client.get(reverse("due-progress", args=[due.pk])).text
    again = client.post(path, follow=True)
    assert "this one is over" in again.text


def test_only_the_asker_and_administrators_cancel(client):
    programme, _indicator = make_assessed("OWN")
    due = make_due(programme)
    client.force_login(make.make_user("other", programme=programme, role="evaluator"))

    assert client.post(reverse("due-cancel", args=[due.pk])).status_code == 403
    assert DueAssessment.objects.get().state == "due"
