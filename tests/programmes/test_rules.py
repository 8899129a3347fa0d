"""The borders of the method are rows: set with a reason, in force from a day, previewed, and never edited."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection, transaction
from django.db.utils import IntegrityError
from django.urls import reverse
from django.utils import timezone

from indicators import derived
from indicators.assessment.verifying import verdict_differences
from indicators.engine.rules import METHOD_RULES, RANGES
from indicators.models import Event, IndicatorStatus, Rollup, RuleSet, Verdict, rules_on
from indicators.programmes.actions import change_rules
from indicators.programmes.rules import preview_rules
from indicators.snapshots import load_indicators, load_snapshots
from tests import factories as make

pytestmark = pytest.mark.django_db
TODAY = make.AT.date()


def values(**changed):
    return {name: getattr(METHOD_RULES, name) for name in RANGES} | {
        name: Decimal(value) for name, value in changed.items()
    }


def change(admin=None, *, on=TODAY, reason="The board decided so.", **changed):
    return change_rules(
        values=values(**changed), effective_on=on, reason=reason, by=admin or make.make_admin(), at=make.AT
    )


@pytest.fixture
def stale_soon():
    """An indicator whose newest figure is 112 days old on the day of the tests: current, by METHOD's own values."""
    programme = make.make_programme()
    quarters = make.make_quarters(programme)
    indicator = make.make_indicator(programme)
    make.make_observation(indicator, quarters[5])
    derived.refresh([(indicator.pk, quarters[5].pk)], at=make.AT)
    return indicator


def test_without_a_set_the_methods_own_values_are_in_force():
    assert rules_on(TODAY) == METHOD_RULES


def test_a_set_is_in_force_from_its_day():
    change(stale_above="3", on=TODAY + timedelta(days=10))

    assert rules_on(TODAY + timedelta(days=9)) == METHOD_RULES
    assert rules_on(TODAY + timedelta(days=10)) == replace(METHOD_RULES, stale_above=Decimal(3))


def test_the_newest_set_of_a_day_counts():
    change(stale_above="3")
    change(stale_above="4")

    assert rules_on(TODAY).stale_above == 4
    assert [one.number for one in RuleSet.objects.order_by("number")] == [1, 2]


def test_who_changed_what_and_why_is_remembered():
    admin = make.make_admin()
    change(admin, stale_above="3", reason="Reports come late here.")

    event = Event.objects.get(about_type="ruleset")
    assert (event.by_id, event.reason) == (admin.pk, "Reports come late here.")
    assert (event.before, event.after["stale_above"]) == ({"stale_above": "2"}, "3")


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("too_early_below", "0"),
        ("usable_weight_from", "1.01"),
        ("stale_above", "0.5"),
        ("at_risk_from", "0.95"),
        ("partial_below", "NaN"),
        ("partial_below", "0.801"),
    ],
)
def test_a_value_outside_its_range_is_refused_by_name(field, given):
    with pytest.raises(ValidationError) as caught:
        change(**{field: given})

    wrong = {"stale_above": "ageing_above"}.get(field, field)
    assert wrong in caught.value.message_dict
    assert given.rstrip("0") in str(caught.value) or given in str(caught.value)
    assert not RuleSet.objects.exists()


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("effective_on", {"on": TODAY - timedelta(days=1), "stale_above": "3"}),
        ("reason", {"reason": " ", "stale_above": "3"}),
        ("reason", {}),
    ],
)
def test_the_past_the_unexplained_and_the_unchanged_are_refused(field, given):
    with pytest.raises(ValidationError) as caught:
        change(**given)

    assert field in caught.value.message_dict


def test_only_administrators_change_rules():
    with pytest.raises(PermissionDenied):
        change(make.make_user(), stale_above="3")


@pytest.mark.parametrize(
    "statement", ["UPDATE indicators_ruleset SET reason = 'x'", "DELETE FROM indicators_ruleset"]
)
def test_a_set_is_never_edited_nor_removed(statement):
    change(stale_above="3")

    with pytest.raises(IntegrityError, match="never changed"), transaction.atomic():
        connection.cursor().execute(statement)


def test_a_new_rule_gives_new_statuses_and_prints_its_value(stale_soon):
    before = IndicatorStatus.objects.get()
    assert before.status == "on_track"

    change(stale_above="1", ageing_above="0.5")
    derived.refresh_statuses([stale_soon.pk], at=make.AT)

    after = IndicatorStatus.objects.get()
    assert (after.status, after.refusal_code) == ("not_reporting", "STALE")
    assert after.refusal["params"]["limit"] == "2025-10-16"
    assert after.input_hash != before.input_hash
    assert list(derived.differences()) == []


def test_rules_that_come_later_leave_todays_snapshot_alone(stale_soon):
    def snapshot():
        return load_snapshots(load_indicators([stale_soon.pk]), as_of=TODAY)[stale_soon.pk]

    before = snapshot()
    change(stale_above="1", ageing_above="0.5", on=TODAY + timedelta(days=1))

    assert snapshot() == before


def test_statuses_are_refreshed_in_pieces_by_the_clocks_task(stale_soon, monkeypatch):
    from indicators import tasks

    monkeypatch.setattr(tasks, "database_now", lambda: make.AT)
    monkeypatch.setattr(derived, "CHUNK", 1)
    other = make.make_indicator(stale_soon.programme)
    change(stale_above="1", ageing_above="0.5")

    tasks.refresh_statuses()

    assert set(IndicatorStatus.objects.values_list("indicator", "status")) == {
        (stale_soon.pk, "not_reporting"),
        (other.pk, "not_reporting"),
    }


def test_frozen_verdicts_keep_their_rules(stale_soon):
    from indicators.assessment.actions import request_assessment
    from indicators.assessment.running import run_this

    admin = make.make_admin()
    due = request_assessment(
        programme=stale_soon.programme, kind="on_the_fly", as_of=TODAY, by=admin, at=make.AT
    )
    assert run_this(due.pk)
    change(stale_above="1", ageing_above="0.5", on=max(TODAY, timezone.localdate()))
    change(stale_above="1.5", ageing_above="0.5")

    verdict = Verdict.objects.get()
    assert verdict.status == "on_track"
    assert verdict.inputs["rules"]["stale_above"] == "2"
    assert list(verdict_differences()) == []


def test_a_preview_counts_what_would_change_and_stores_nothing(stale_soon):
    make.make_indicator(stale_soon.programme)
    before = list(IndicatorStatus.objects.values())

    found = preview_rules(values=values(stale_above="1", ageing_above="0.5"), at=make.AT)

    assert (found.changed, found.total) == (1, 2)
    assert found.moves == {("on_track", "not_reporting"): 1}
    assert list(IndicatorStatus.objects.values()) == before
    assert not RuleSet.objects.exists()
    assert Rollup.objects.count() == 1


class TestPages:
    @pytest.fixture
    def posted(self):
        return {name: str(value) for name, value in values().items()} | {
            "effective_on": timezone.localdate().isoformat(),
            "reason": "The board decided so.",
        }

    @pytest.fixture
    def admin_client(self, client):
        client.force_login(make.make_admin())
        return client

    def test_every_value_stands_with_its_meaning_and_section(self, admin_client):
        page = admin_client.get(reverse("rules-list")).content.decode()

        assert "Stale above" in page
        assert "2.7" in page
        assert "Nobody has changed a rule yet." in page

    def test_a_change_is_kept_and_shown_with_its_maker(self, admin_client, posted):
        answer = admin_client.post(reverse("rules-new"), posted | {"partial_below": "0.7"}, follow=True)

        page = answer.content.decode()
        assert RuleSet.objects.get().values["partial_below"] == "0.7"
        assert "Partial below: 0.8 → 0.7" in page
        assert "The board decided so." in page

    def test_a_preview_needs_no_reason_and_stores_nothing(self, admin_client, posted, stale_soon):
        asked = posted | {"reason": "", "stale_above": "1.9", "preview": "1"}

        page = admin_client.post(reverse("rules-new"), asked).content.decode()

        assert "of 1 indicators would change status" in page
        assert not RuleSet.objects.exists()

    @pytest.mark.parametrize("given", ["", "2,5", "abc", "-1", "1e3", "99999", "0.00001", "９", "\x00"])
    def test_bad_numbers_are_answered_with_words(self, admin_client, posted, given):
        for more in ({}, {"preview": "1"}):
            answer = admin_client.post(reverse("rules-new"), posted | {"too_early_below": given} | more)

            assert answer.status_code == 200
            assert b"error" in answer.content
        assert not RuleSet.objects.exists()
