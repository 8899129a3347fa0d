"""Which change a draft could detect: computed by a worker, never stale, frozen by the lock, said on every door."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from html import unescape

import pytest
from django.urls import reverse

from indicators import tasks
from indicators.assessment import expost_planning as verbs
from indicators.assessment import outlooks
from indicators.engine.expost import power
from indicators.models import ExPostPlan, PlannedIndicator
from tests import factories as make
from tests.assessment.test_planned import END, START, beside, make_sites

pytestmark = pytest.mark.django_db
NOW = datetime(2024, 1, 10, 9, tzinfo=UTC)


def words(page):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", unescape(page)))


def draft(programme, **given):
    return verbs.save_expost_plan(
        programme=programme, part="", starts_on=START, ends_on=END, question="Did it help?", follow_up_months=[0, 12],
        collects="Inspectorate", by=make.make_admin(f"author{ExPostPlan.objects.count()}"), at=NOW, **given,
    )  # fmt: skip


def name(plan, indicator, **given):
    defaults = {"method": "", "smallest_change": Decimal(3), "method_reason": "As agreed."}
    return verbs.plan_primary_indicator(
        plan=plan, indicator=indicator, by=plan.drafted_by, at=NOW, **(defaults | given)
    )


def look(item):
    return PlannedIndicator.objects.get(pk=item.pk).outlook


@pytest.fixture
def drafted():
    programme, indicator, units = make_sites(until=date(2023, 12, 31), code="OWN")
    return programme, indicator, units, draft(programme)


def test_a_worker_says_which_change_the_series_could_show_and_from_when(drafted):
    _programme, indicator, _units, plan = drafted
    item = name(plan, indicator, method="interrupted_series")
    assert look(item) is None

    assert outlooks.fill_due_outlooks(at=NOW) == 1

    found = look(item)
    exact = power.detectable_level(12, 12, found["assumed"]["sd"], rho=found["assumed"]["rho"])
    assert found["change"] == pytest.approx(exact.change)
    assert found["computed_on"] == "2025-12-31"  # the eighth quarter after the start
    assert found["state"] == ("enough" if exact.change <= 3 else "too_few")
    assert tasks.fill_outlooks() == 0  # nothing is due any more


def test_sites_on_both_sides_are_counted_for_differences(drafted):
    _programme, indicator, units, plan = drafted
    item = name(plan, indicator, comparisons=beside(units[4:]))
    outlooks.fill_due_outlooks(at=NOW)

    found = look(item)
    assert item.method == "difference_in_differences"
    assert found["change"] == pytest.approx(power.detectable_did(4, 4, found["assumed"]["sd_change"]).change)


def test_every_change_of_the_draft_makes_it_due_again(drafted):
    programme, indicator, _units, plan = drafted
    item = name(plan, indicator)
    outlooks.fill_due_outlooks(at=NOW)
    assert look(item) is not None

    draft(programme, row_version=ExPostPlan.objects.get().row_version)
    assert look(item) is None

    outlooks.fill_due_outlooks(at=NOW)
    assert verbs.renew_outlooks() == 1
    assert look(item) is None


def test_an_answer_to_an_older_draft_never_lands(drafted):
    programme, indicator, _units, plan = drafted
    item = name(plan, indicator)
    older = ExPostPlan.objects.get().row_version
    draft(programme, row_version=older)

    assert not outlooks.keep_outlook(item, {"state": "enough"}, row_version=older)
    assert look(item) is None


def test_the_lock_freezes_what_there_is(drafted, client):
    programme, indicator, _units, plan = drafted
    item = name(plan, indicator)
    evaluator = make.make_user(programme=programme, role="evaluator")
    verbs.lock_expost_plan(plan=plan, by=evaluator, at=NOW)
    locked = ExPostPlan.objects.get()

    assert not outlooks.keep_outlook(item, {"state": "enough"}, row_version=locked.row_version)
    assert outlooks.fill_due_outlooks(at=NOW) == 0
    assert look(item) is None
    client.force_login(evaluator)
    page = client.get(reverse("expost-plan", args=["OWN"])).text
    assert "Not computed before the lock" in words(page)
    assert "hx-trigger" not in page.split('id="outlooks-1"')[1].split(">")[0]


def test_the_page_renews_itself_until_it_is_known_and_then_says_it_in_words(drafted, client):
    programme, indicator, _units, plan = drafted
    item = name(plan, indicator, method="interrupted_series")
    client.force_login(make.make_user(programme=programme, role="officer"))
    path = reverse("expost-plan", args=["OWN"])

    waiting = client.get(path).text
    assert "Being computed" in words(waiting)
    assert 'hx-trigger="every 2s"' in waiting
    assert f'hx-get="{path}" hx-select="#outlooks-1"' in waiting

    outlooks.fill_due_outlooks(at=NOW)
    shown = client.get(path).text
    said = words(shown)
    assert "hx-select" not in shown
    assert "With 12 periods before and the 12 after that are planned, a change of" in said
    assert "would be seen in four of five cases; you said that 3 matters:" in said
    assert "Can be computed from 31 Dec 2025" in said
    assert "From the figures known on 10 Jan 2024" in said
    api = client.get("/api/v1/expost-plans/?programme=OWN").json()["results"][0]["items"][0]["outlook"]
    assert api["change"] == look(item)["change"]
    assert (api["computed_on"], api["as_of"]) == ("2025-12-31", "2024-01-10")
    assert "four of five cases" in api["said"]


def test_the_lock_page_shows_it_where_it_is_decided(drafted, client):
    programme, indicator, _units, plan = drafted
    name(plan, indicator, method="interrupted_series")
    outlooks.fill_due_outlooks(at=NOW)
    client.force_login(make.make_user(programme=programme, role="evaluator"))

    assert "four of five cases" in words(client.get(reverse("expost-plan-lock", args=["OWN"])).text)


def test_where_nothing_is_tested_it_says_why_it_cannot_be_said(client):
    programme = make.make_programme("OWN", starts_on=START, ends_on=END)
    indicator = make.make_indicator(programme, units=[make.make_unit(programme)])
    item = name(draft(programme), indicator, method="contribution_rating")
    outlooks.fill_due_outlooks(at=NOW)

    assert (look(item)["state"], look(item)["computed_on"]) == ("cannot_say", None)
    client.force_login(make.make_admin("reads"))
    said = words(client.get(reverse("expost-plan", args=["OWN"])).text)
    assert "Which change could be detected cannot be said beforehand." in said
    assert "This is a judgement and no test." in said


def test_one_that_fails_does_not_stop_the_others(drafted, caplog):
    programme, indicator, units, plan = drafted
    second = make.make_indicator(programme, units=units)
    broken, sound = name(plan, indicator), name(plan, second)
    PlannedIndicator.objects.filter(pk=broken.pk).update(method="no such method", method_reason="x")

    assert outlooks.fill_due_outlooks(at=NOW) == 1
    assert look(sound) is not None
    assert "outlook failed" in caplog.text


@pytest.mark.django_db(transaction=True)
def test_a_real_worker_hears_of_a_draft(worker):
    import time

    programme, indicator, _units = make_sites(until=date(2023, 12, 31), code="OWN", sites=2)
    item = name(draft(programme), indicator)

    until = time.monotonic() + 60
    while look(item) is None:
        assert time.monotonic() < until, worker.log.read_text()
        time.sleep(0.2)
    assert look(item)["state"] in {"enough", "too_few"}
