"""The calendar: who reopens, locks and makes exceptions, what is refused and said, and what the page shows."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from indicators.engine.calendar import PeriodState
from indicators.models import EntryException, Event, PeriodTurn, ReportingPeriod, Role, State
from indicators.periods import newest_turns, state_of
from indicators.programmes import actions
from indicators.programmes.calendar_reading import load_calendar
from tests.factories import (
    make_admin,
    make_indicator,
    make_observation,
    make_programme,
    make_quarters,
    make_unit,
    make_user,
)

pytestmark = pytest.mark.django_db
NOW = datetime(2025, 12, 10, 9, tzinfo=UTC)
UNTIL = date(2025, 12, 20)


class CalendarScene:
    """Quarters of 2024 and 2025, locked 30 days after their end; it is 10 December 2025."""

    def __init__(self):
        self.programme = make_programme(lock_days=30)
        self.approver = make_user(programme=self.programme, role=Role.APPROVER)
        self.officer = make_user(programme=self.programme)
        self.quarters = make_quarters(self.programme)
        self.q3, self.q4 = self.quarters[6:8]

    def reopen(self, *periods, **given):
        defaults = {"until": UNTIL, "reason": "A late sheet.", "by": self.approver, "at": NOW}
        return actions.reopen_periods(programme=self.programme, periods=periods, **(defaults | given))

    def lock(self, *periods, **given):
        defaults = {"reason": "The report is out.", "by": self.approver, "at": NOW}
        return actions.lock_periods(programme=self.programme, periods=periods, **(defaults | given))

    def grant(self, *periods, **given):
        defaults = {
            "user": self.officer,
            "until": UNTIL,
            "reason": "A late list.",
            "by": self.approver,
            "at": NOW,
        }
        return actions.grant_exceptions(programme=self.programme, periods=periods, **(defaults | given))

    def state(self, period, at=NOW):
        return state_of(newest_turns(ReportingPeriod.objects.all()).get(pk=period.pk), self.programme, at=at)


@pytest.fixture
def scene():
    return CalendarScene()


def test_many_locked_periods_are_reopened_at_once_and_lock_again_by_themselves(scene):
    outcome = scene.reopen(*scene.quarters)

    assert outcome.done == scene.quarters[:7]
    assert [(one, why) for one, why in outcome.left] == [(scene.q4, "It is not locked.")]
    assert scene.state(scene.q3) is PeriodState.REOPENED
    assert scene.state(scene.q3, at=NOW + timedelta(days=11)) is PeriodState.LOCKED
    event = Event.objects.filter(verb="reopened a period").order_by("pk").first()
    assert (event.before, event.after, event.reason) == (
        {"state": "locked"}, {"state": "reopened", "until": "2025-12-20"}, "A late sheet.",
    )  # fmt: skip
    assert (event.about_type, event.about_id) == ("reportingperiod", scene.quarters[0].pk)


def test_a_reopened_period_is_locked_again_before_its_day_or_stays_open_longer(scene):
    scene.reopen(scene.q3)
    scene.reopen(scene.q3, until=date(2025, 12, 31))
    assert scene.state(scene.q3, at=NOW + timedelta(days=20)) is PeriodState.REOPENED

    scene.lock(scene.q3)

    assert scene.state(scene.q3) is PeriodState.LOCKED
    assert [one.kind for one in PeriodTurn.objects.filter(period=scene.q3)] == [
        "reopened",
        "reopened",
        "locked",
    ]


def test_only_what_has_ended_is_locked_by_hand(scene):
    scene.programme.lock_days = None
    scene.programme.save()

    outcome = scene.lock(scene.q3, scene.q4)

    assert (outcome.done, [why for _period, why in outcome.left]) == ([scene.q3], ["It has not ended yet."])
    assert [why for _period, why in scene.lock(scene.q3).left] == ["It is locked already."]


def test_periods_of_another_programme_are_not_touched(scene):
    other = CalendarScene()

    with pytest.raises(ValidationError, match="No period was chosen"):
        scene.reopen(other.q3)
    assert not PeriodTurn.objects.exists()


@pytest.mark.parametrize("act", ["reopen", "lock", "grant"])
@pytest.mark.parametrize("role", [Role.OFFICER, Role.VALIDATOR, Role.EVALUATOR, Role.READER])
def test_only_approvers_and_administrators_keep_the_calendar(scene, act, role):
    with pytest.raises(PermissionDenied, match="Only administrators and approvers"):
        getattr(scene, act)(scene.q3, by=make_user(programme=scene.programme, role=role))

    assert getattr(scene, act)(scene.q3 if act != "lock" else scene.q4, by=make_admin()) is not None


@pytest.mark.parametrize("act", ["reopen", "grant"])
@pytest.mark.parametrize("until", [date(2025, 12, 9), date(2027, 1, 1), None])
def test_a_last_day_out_of_reach_is_refused(scene, act, until):
    with pytest.raises(ValidationError) as refusal:
        getattr(scene, act)(scene.q3, until=until)
    assert set(refusal.value.message_dict) == {"until"}


@pytest.mark.parametrize("act", ["reopen", "lock", "grant"])
@pytest.mark.parametrize("reason", ["", "  ", "x" * 2001, "\x00"])
def test_a_reason_is_needed(scene, act, reason):
    with pytest.raises(ValidationError) as refusal:
        getattr(scene, act)(scene.q3, reason=reason)
    assert set(refusal.value.message_dict) == {"reason"}
    assert not Event.objects.exists()


def test_an_exception_is_granted_to_one_person_once_and_taken_back(scene):
    assert scene.grant(scene.q3, scene.q4).done == [scene.q3]
    ((_period, why),) = scene.grant(scene.q3).left
    assert "until 20 Dec 2025 already" in why
    exception = EntryException.objects.get()

    actions.revoke_exception(exception=exception, reason="It came.", by=scene.approver, at=NOW)

    exception.refresh_from_db()
    assert (exception.revoked_by, exception.revoked_at) == (scene.approver, NOW)
    assert list(Event.objects.order_by("pk").values_list("verb", "reason")) == [
        ("made an exception", "A late list."), ("took back an exception", "It came."),
    ]  # fmt: skip
    with pytest.raises(ValidationError, match="before"):
        actions.revoke_exception(exception=exception, reason="Again.", by=scene.approver, at=NOW)
    assert scene.grant(scene.q3).done == [scene.q3]


def test_nobody_grants_an_exception_to_themselves_or_to_somebody_outside(scene):
    with pytest.raises(PermissionDenied, match="to themselves"):
        scene.grant(scene.q3, user=scene.approver)
    with pytest.raises(ValidationError, match="does not work"):
        scene.grant(scene.q3, user=make_user())
    with pytest.raises(IntegrityError, match="exception_from_another"), transaction.atomic():
        EntryException.objects.create(
            period=scene.q3, user=scene.officer, granted_by=scene.officer, until=UNTIL, reason="So.",
            granted_at=NOW,
        )  # fmt: skip


# --- Settings ----------------------------------------------------------------------------------------------------


def change(programme, **changes):
    programme.refresh_from_db()
    return actions.change_programme(
        programme=programme, version=programme.version, by=make_admin(), at=NOW, **changes
    )


def test_validation_is_switched_on_once_somebody_can_validate(scene):
    with pytest.raises(ValidationError, match="Nobody is a data validator"):
        change(scene.programme, needs_validation=True)
    make_user(programme=scene.programme, role=Role.VALIDATOR)

    assert change(scene.programme, needs_validation=True).needs_validation


def test_a_period_is_locked_only_after_its_figures_are_due(scene):
    with pytest.raises(ValidationError, match="only after its figures are due"):
        change(scene.programme, lock_days=15)
    assert change(scene.programme, lock_days=16).lock_days == 16


def test_periods_with_decisions_are_not_swept_away_by_new_dates(scene):
    scene.reopen(scene.quarters[0])

    with pytest.raises(ValidationError, match="figures or decisions"):
        change(scene.programme, starts_on=date(2025, 1, 1))


# --- The page ----------------------------------------------------------------------------------------------------


def test_the_calendar_counts_what_each_period_expects(scene):
    units = [make_unit(scene.programme), make_unit(scene.programme)]
    indicator = make_indicator(scene.programme, units=units)
    whole = make_indicator(scene.programme)
    make_indicator(scene.programme, is_active=False)
    scene.programme.lock_days = None
    scene.programme.save()
    make_observation(indicator, scene.q3, unit=units[0])
    make_observation(indicator, scene.q3, unit=units[1], state=State.DRAFT)
    make_observation(whole, scene.q3, state=State.SUBMITTED)

    lines = {line.period: line for line in load_calendar(scene.programme, at=NOW)}

    found = lines[scene.q3].completeness
    assert (found.expected, found.approved, found.waiting, found.drafts, found.missing) == (3, 1, 1, 1, 0)
    assert lines[scene.q4].completeness.missing == 3
    assert [line.period for line in load_calendar(scene.programme, at=NOW, year=2024)] == scene.quarters[
        3::-1
    ]


def test_the_calendar_is_read_with_four_queries(scene, django_assert_num_queries):
    scene.reopen(*scene.quarters)
    scene.grant(*scene.quarters)
    make_indicator(scene.programme)

    with django_assert_num_queries(4):
        load_calendar(scene.programme, at=NOW)


def test_the_page_shows_states_and_decisions_and_offers_acts_to_those_who_may(client, scene):
    now = timezone.now()
    scene.reopen(scene.q3, at=now, until=now.date() + timedelta(days=5))
    scene.grant(scene.quarters[5], at=now, until=now.date() + timedelta(days=5))
    address = reverse("programme-calendar", args=[scene.programme.code]) + "?year=2025"
    client.force_login(scene.officer)
    page = client.get(address).content.decode()

    assert "Reopened until" in page
    assert "A late list." in page
    assert "Locked" in page
    assert "Reopen the chosen" not in page
    client.force_login(scene.approver)
    page = client.get(address).content.decode()
    assert "Reopen the chosen" in page
    assert "Take it back" in page


def test_an_approver_reopens_from_the_page(client, scene):
    client.force_login(scene.approver)
    address = reverse("period-reopen", args=[scene.programme.code])
    form = client.get(address, {"period": [scene.q3.pk, scene.quarters[5].pk]}).content.decode()
    assert form.count('name="periods"') == 2

    refused = client.post(address, {"periods": [scene.q3.pk], "until": "2020-01-01", "reason": "Late."})
    assert "was expected" in refused.content.decode()
    until = (timezone.now() + timedelta(days=3)).date().isoformat()
    answer = client.post(
        address,
        {"periods": [scene.q3.pk, scene.quarters[5].pk], "until": until, "reason": "Late."},
        follow=True,
    )

    assert "Done for 2 periods." in answer.content.decode()
    assert PeriodTurn.objects.filter(by=scene.approver, reason="Late.").count() == 2


@pytest.mark.parametrize("name", ["period-reopen", "period-lock", "exception-grant"])
@pytest.mark.parametrize("chosen", ["", "?period=x", "?period=-1", "?period=99999999999999999999"])
def test_choosing_no_period_leads_back_with_a_word(client, scene, name, chosen):
    client.force_login(scene.approver)

    page = client.get(reverse(name, args=[scene.programme.code]) + chosen, follow=True).content.decode()

    assert "No period was chosen" in page


@pytest.mark.parametrize(
    "query", ["year=x", "year=1", "year=all", "frequency=x", "frequency=quarterly&year=2024"]
)
def test_the_calendar_answers_any_address(client, scene, query):
    client.force_login(scene.officer)

    address = reverse("programme-calendar", args=[scene.programme.code])
    assert client.get(f"{address}?{query}").status_code == 200
