"""Signals ask for their cause: opened with the figures, stretched, lapsed, closed only with words."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from indicators import derived
from indicators.alerts import close_alert
from indicators.entry.actions import approve_observation, correct_observation
from indicators.models import Alert, Event, Role, State
from indicators.tasks import refresh_statuses
from tests import factories as make
from tests.reports.test_pages import get, words
from tests.reports.test_statistics import make_series, path_of

pytestmark = pytest.mark.django_db
CALM = [10, 11, 9, 10, 12, 10, 9, 11, 10, 12, 9, 10]
USUAL = [*CALM, *CALM[:8]]
"""The twenty figures that limits rest on."""
SAID = {"cause": "A second course was held.", "action": "Nothing: it was planned."}


def approve_next(indicator, officer, value, corrects=None):
    """A new month with its figure, or another figure for an old one, accepted by somebody else."""
    at = timezone.now()
    if corrects is None:
        last = indicator.programme.periods.order_by("-ends_on").first()
        starts_on = last.ends_on + timedelta(days=1)
        period = indicator.programme.periods.create(
            frequency="monthly", starts_on=starts_on, ends_on=starts_on, due_on=starts_on, label="next"
        )
        given = make.make_observation(
            indicator, period, entered_by=officer, value=Decimal(value), state=State.SUBMITTED
        )
    else:
        given = correct_observation(
            observation=corrects, value=Decimal(value), reason="A typing error.", by=officer, at=at
        )
    approver = make.make_user(programme=indicator.programme, role=Role.APPROVER)
    return approve_observation(observation=given, by=approver, at=at)


def test_an_accepted_figure_beyond_its_limits_opens_an_alert_in_the_same_transaction():
    indicator, _periods, officer = make_series(USUAL)
    assert Alert.objects.count() == 0

    approve_next(indicator, officer, 60)

    alert = Alert.objects.get()
    assert (alert.rule, alert.is_high, alert.points, alert.state) == ("outside", True, 1, "open")
    assert Event.objects.filter(verb="noticed a change", about_id=alert.pk).count() == 1


def test_an_approval_that_fails_leaves_no_alert():
    indicator, _periods, officer = make_series(USUAL)

    def approve_and_fail():
        approve_next(indicator, officer, 60)
        assert Alert.objects.exists()
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), transaction.atomic():
        approve_and_fail()

    assert not Alert.objects.exists()


def test_the_night_finds_what_nobody_looked_for_and_twice_is_once():
    indicator, _periods, _officer = make_series([*USUAL, 60])
    refresh_statuses()
    refresh_statuses()

    assert Alert.objects.filter(indicator=indicator).count() == 1
    assert Event.objects.filter(verb="noticed a change").count() == 1


def test_a_row_that_goes_on_stretches_its_alert():
    indicator, _periods, officer = make_series([*USUAL, 60])
    approve_next(indicator, officer, 61)

    alert = Alert.objects.get(rule="outside")
    assert alert.points == 2
    assert "2 points in a row" in alert.text["template"] % alert.text["params"]


def test_a_correction_lets_it_lapse_and_a_second_one_opens_it_again():
    indicator, _periods, officer = make_series([*USUAL, 60])
    alert = Alert.objects.get()

    wrong = indicator.observations.current().get(value=60)
    right = approve_next(indicator, officer, 10, corrects=wrong)
    alert.refresh_from_db()
    assert alert.state == "lapsed"

    approve_next(indicator, officer, 60, corrects=right)
    alert.refresh_from_db()
    assert alert.state == "open"
    assert Alert.objects.count() == 1


def test_what_was_explained_is_not_asked_again():
    indicator, _periods, officer = make_series([*USUAL, 60])
    close_alert(alert=Alert.objects.get(), by=officer, at=timezone.now(), **SAID)
    approve_next(indicator, officer, 61)

    alert = Alert.objects.get(rule="outside")
    assert (alert.state, alert.points) == ("closed", 1)


def test_a_trend_raises_no_alert():
    make_series([10 + 5 * i + i % 3 for i in range(24)])

    assert not Alert.objects.exists()


def test_what_is_long_past_raises_none():
    make_series([*USUAL, 60, *CALM])

    assert not Alert.objects.filter(rule="outside").exists()


def test_figures_that_ended_long_ago_raise_none():
    indicator, periods, _officer = make_series([*USUAL, 60])
    later = timezone.now() + timedelta(days=200)
    derived.refresh_all([indicator.pk], at=later)
    assert Alert.objects.filter(rule="outside").count() == 1  # opened while it was new; it waits on

    Alert.objects.filter(rule="outside").update(first_on=periods[0].starts_on, last_on=periods[0].ends_on)
    derived.refresh_all([indicator.pk], at=later)
    assert Alert.objects.open().count() == 0


class TestClosing:
    @pytest.fixture
    def alert(self):
        self.indicator, _periods, self.officer = make_series([*USUAL, 60])
        return Alert.objects.get()

    def test_it_needs_both_cause_and_action(self, alert):
        for given in ({"cause": " "}, {"action": ""}):
            with pytest.raises(ValidationError) as refusal:
                close_alert(alert=alert, by=self.officer, at=timezone.now(), **(SAID | given))
            assert list(refusal.value.message_dict) == list(given)
        alert.refresh_from_db()
        assert alert.state == "open"

    def test_it_keeps_who_when_and_why(self, alert):
        close_alert(alert=alert, by=self.officer, at=timezone.now(), **SAID)

        alert.refresh_from_db()
        assert (alert.state, alert.closed_by, alert.cause) == ("closed", self.officer, SAID["cause"])
        event = Event.objects.get(verb="explained a change")
        assert event.after == SAID

    def test_the_second_to_close_it_is_told(self, alert):
        close_alert(alert=alert, by=self.officer, at=timezone.now(), **SAID)
        with pytest.raises(ValidationError, match="no longer open"):
            close_alert(alert=alert, by=self.officer, at=timezone.now(), **SAID)

    @pytest.mark.parametrize("role", [Role.EVALUATOR, Role.READER])
    def test_those_who_only_read_do_not_explain(self, alert, role):
        reader = make.make_user(programme=self.indicator.programme, role=role)
        with pytest.raises(PermissionDenied):
            close_alert(alert=alert, by=reader, at=timezone.now(), **SAID)

    def test_the_database_refuses_closing_without_words_and_removal(self, alert):
        with pytest.raises(IntegrityError), transaction.atomic():
            Alert.objects.filter(pk=alert.pk).update(closed_by=self.officer, closed_at=timezone.now())
        with pytest.raises(DatabaseError, match="never changed or removed"), transaction.atomic():
            Alert.objects.filter(pk=alert.pk).delete()

    def test_the_page_closes_it_and_a_partner_reads_no_words(self, client, alert):
        path = f"/alerts/{alert.pk}/"
        client.force_login(self.officer)
        assert client.post(path, {"cause": "x", "action": " "}).status_code == 200
        answer = client.post(path, SAID)
        assert answer.status_code == 302

        nation = self.indicator.programme.partners.get()
        self.indicator.releasable_to.add(nation)
        partner = make.make_user(global_role="partner_viewer", partner=nation)
        assert SAID["cause"] in words(get(client, self.officer, path))
        assert SAID["cause"] not in words(get(client, partner, path))
        assert SAID["cause"] not in words(get(client, partner, path_of(self.indicator)))
        api = f"/api/v1/alerts/{alert.pk}/"
        assert client.get(api).json()["cause"] == ""
        client.force_login(self.officer)
        assert client.get(api).json()["cause"] == SAID["cause"]


def test_it_stands_on_the_pages_of_indicator_programme_and_portfolio(client):
    indicator, _periods, officer = make_series([*USUAL, 60])

    for path in (path_of(indicator), f"/programmes/{indicator.programme.code}/", "/portfolio/"):
        assert "lies above the upper limit." in words(get(client, officer, path)), path
    assert "Signals this month" in words(get(client, officer, "/portfolio/"))
    assert len(client.get("/api/v1/alerts/?is_open=true").json()["results"]) == 1
    assert client.get("/api/v1/alerts/?is_open=false").json()["results"] == []


def test_the_pages_choose_between_charts(client):
    indicator, _periods, officer = make_series([*USUAL, 60])

    assert "Weighted average so far" in words(get(client, officer, path_of(indicator) + "?chart=ewma"))
    assert "Sum of shortfalls" in words(get(client, officer, path_of(indicator) + "?chart=cusum"))
    assert "XmR. Limits" in words(get(client, officer, path_of(indicator) + "?chart=nonsense"))


def test_keeping_alerts_costs_one_query_for_one_and_for_many():
    counts = []
    for n in (1, 5):
        keys = [(indicator.pk, periods[-1].pk) for indicator, periods in (_another(n, i) for i in range(n))]
        with CaptureQueriesContext(connection) as asked, transaction.atomic():
            derived.refresh(keys, at=timezone.now())
        counts.append(sum("indicators_alert" in one["sql"] for one in asked))

    assert counts == [1, 1]


def _another(n, i):
    programme = make.make_programme(f"Q{n}{i}")
    periods = make.make_quarters(programme)
    indicator = make.make_indicator(programme)
    officer = make.make_user(programme=programme)
    for period in periods:
        make.make_observation(indicator, period, entered_by=officer)
    return indicator, periods
