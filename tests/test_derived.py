"""The derived rows follow the facts, in a fixed number of queries, and `differences` finds whatever does not."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection, transaction
from django.db.utils import IntegrityError, InternalError

from indicators import derived
from indicators.models import Event, IndicatorStatus, Observation, Rollup, State
from indicators.snapshots import load_indicators, load_snapshots
from tests import factories as make

pytestmark = pytest.mark.django_db


@pytest.fixture
def indicator():
    programme = make.make_programme()
    make.make_quarters(programme)
    return make.make_indicator(programme)


def period_of(indicator, label):
    return indicator.programme.periods.get(label=label)


def test_an_approved_figure_gives_rollup_and_status(indicator):
    period = period_of(indicator, "2025 Q3")
    make.make_observation(indicator, period, numerator=Decimal(30), denominator=Decimal(60))

    derived.refresh([(indicator.pk, period.pk)], at=make.AT)

    rollup = Rollup.objects.get(indicator=indicator)
    assert (rollup.value, rollup.numerator, rollup.denominator) == (Decimal(50), Decimal(30), Decimal(60))
    status = IndicatorStatus.objects.get(indicator=indicator)
    assert status.value == Decimal(50)
    assert status.achievement == Decimal("0.5")
    assert status.value_on == period.ends_on
    assert list(derived.differences()) == []


def test_sites_add_their_parts_before_they_are_divided(indicator):
    sites = [make.make_unit(indicator.programme) for _ in range(2)]
    indicator.units.set(sites)
    period = period_of(indicator, "2025 Q3")
    make.make_observation(indicator, period, unit=sites[0], numerator=Decimal(5), denominator=Decimal(20))
    make.make_observation(indicator, period, unit=sites[1], numerator=Decimal(5), denominator=Decimal(5))

    derived.refresh([(indicator.pk, period.pk)], at=make.AT)

    rollup = Rollup.objects.get()
    assert rollup.value == Decimal(40)  # 10 of 25; the mean of percentages would say 62.5
    assert (rollup.reported, rollup.expected) == (2, 2)


def test_a_slip_of_many_digits_is_refused_and_breaks_nothing_off():
    programme = make.make_programme()
    make.make_quarters(programme)
    indicator = make.make_indicator(programme, version=make.make_version(value_type="number", scale=1))
    period = period_of(indicator, "2025 Q3")
    make.make_observation(indicator, period, value=Decimal(10) ** 17)

    derived.refresh([(indicator.pk, period.pk)], at=make.AT)

    status = IndicatorStatus.objects.get(indicator=indicator)
    assert (status.status, status.refusal_code) == ("not_assessable", "OUT_OF_BOUNDS")
    assert status.value == Decimal(10) ** 17
    assert list(derived.differences()) == []


def test_a_share_too_large_to_keep_is_refused_by_approval_and_by_rebuild():
    programme = make.make_programme()
    make.make_quarters(programme)
    indicator = make.make_indicator(programme, version=make.make_version(min_denominator=None))
    period = period_of(indicator, "2025 Q3")
    make.make_observation(indicator, period, numerator=Decimal(10) ** 17, denominator=Decimal("0.000001"))

    derived.refresh([(indicator.pk, period.pk)], at=make.AT)
    by_approval = Rollup.objects.values().get()
    derived.rebuild(at=make.AT)

    assert (by_approval["value"], by_approval["refusal_code"]) == (None, "OUT_OF_BOUNDS")
    assert Rollup.objects.values().get() == by_approval
    assert IndicatorStatus.objects.get().refusal_code == "OUT_OF_BOUNDS"
    assert list(derived.differences()) == []


def test_no_data_is_a_status_with_its_reason_and_not_zero(indicator):
    derived.refresh_statuses([indicator.pk], at=make.AT)

    status = IndicatorStatus.objects.get()
    assert status.status == "not_reporting"
    assert status.refusal_code == "NO_APPROVED_DATA"
    assert status.value is None


def test_a_reported_zero_is_a_value(indicator):
    period = period_of(indicator, "2025 Q3")
    make.make_observation(indicator, period, numerator=Decimal(0), denominator=Decimal(60))

    derived.refresh([(indicator.pk, period.pk)], at=make.AT)

    status = IndicatorStatus.objects.get()
    assert status.value == Decimal(0)
    assert status.status == "off_track"


def test_submitted_figures_do_not_count(indicator):
    period = period_of(indicator, "2025 Q3")
    make.make_observation(indicator, period, state=State.SUBMITTED)

    derived.refresh([(indicator.pk, period.pk)], at=make.AT)

    assert not Rollup.objects.exists()


@pytest.mark.parametrize("tampered", ["value", "reported"])
def test_a_changed_derived_row_is_named(indicator, tampered):
    period = period_of(indicator, "2025 Q3")
    make.make_observation(indicator, period)
    derived.refresh([(indicator.pk, period.pk)], at=make.AT)

    Rollup.objects.update(**{tampered: 7})

    found = list(derived.differences())
    assert any(tampered in line and "roll-up" in line for line in found)


def test_rebuild_gives_the_same_rows(indicator):
    period = period_of(indicator, "2025 Q3")
    make.make_observation(indicator, period)
    derived.refresh([(indicator.pk, period.pk)], at=make.AT)
    before = IndicatorStatus.objects.values().get()

    assert derived.rebuild(at=make.AT) == 1

    assert IndicatorStatus.objects.values().get() == before
    assert list(derived.differences()) == []


def test_stale_data_count_as_not_reporting_without_anybody_writing(indicator):
    period = period_of(indicator, "2025 Q3")
    make.make_observation(indicator, period)
    derived.refresh([(indicator.pk, period.pk)], at=make.AT)
    stored = IndicatorStatus.objects.get()

    day_before = IndicatorStatus.objects.at(stored.stale_from - timedelta(days=1)).get()
    that_day = IndicatorStatus.objects.at(stored.stale_from).get()

    assert day_before.status_now == stored.status
    assert that_day.status_now == "not_reporting"


def test_an_ended_programme_keeps_its_last_status():
    programme = make.make_programme(ends_on=date(2025, 12, 31))
    quarters = make.make_quarters(programme)
    indicator = make.make_indicator(programme)
    make.make_observation(indicator, quarters[-1])

    with transaction.atomic():
        derived.refresh([(indicator.pk, quarters[-1].pk)], at=datetime(2028, 1, 1, tzinfo=UTC))

    status = IndicatorStatus.objects.at(date(2028, 1, 1)).get()
    assert status.status_now == status.status == "at_risk"
    assert (status.as_of, status.stale_from) == (date(2026, 1, 15), None)
    assert list(derived.differences()) == []


@pytest.mark.parametrize("n", [1, 12])
def test_snapshots_cost_the_same_queries_for_one_and_for_many(n, django_assert_num_queries):
    programme = make.make_programme()
    quarters = make.make_quarters(programme)
    indicators = [make.make_indicator(programme) for _ in range(n)]
    for indicator in indicators:
        make.make_observation(indicator, quarters[-1])

    # indicators with versions, revisions, milestones; then rules, periods, roll-ups
    with django_assert_num_queries(6):
        load_snapshots(load_indicators([i.pk for i in indicators]), as_of=make.AT.date())


class TestTriggers:
    """Whatever code or shell tries it, what counts is not changed."""

    def refused(self, statement, *params):
        with pytest.raises((IntegrityError, InternalError)) as caught, transaction.atomic():
            connection.cursor().execute(statement, params)
        return str(caught.value)

    def test_an_approved_observation_keeps_its_figures(self, indicator):
        row = make.make_observation(indicator, period_of(indicator, "2025 Q3"))

        reason = self.refused("UPDATE indicators_observation SET numerator = 1 WHERE id = %s", row.pk)

        assert "corrected by a newer one" in reason
        assert Observation.objects.get(pk=row.pk).numerator == Decimal(30)

    def test_a_submitted_observation_cannot_be_removed(self, indicator):
        row = make.make_observation(indicator, period_of(indicator, "2025 Q3"), state=State.SUBMITTED)

        assert "only drafts" in self.refused("DELETE FROM indicators_observation WHERE id = %s", row.pk)

    def test_the_audit_trail_is_kept(self, indicator):
        event = Event.objects.create(at=make.AT, by_name="x", verb="did", about_type="x", about_name="x")

        assert "never changed" in self.refused("DELETE FROM indicators_event WHERE id = %s", event.pk)
        assert "never changed" in self.refused(
            "UPDATE indicators_event SET verb = 'x' WHERE id = %s", event.pk
        )

    def test_nobody_approves_their_own_figure_even_by_sql(self, indicator):
        row = make.make_observation(indicator, period_of(indicator, "2025 Q3"), state=State.SUBMITTED)

        reason = self.refused(
            "UPDATE indicators_observation SET state = 'approved', decided_by_id = entered_by_id, decided_at = now() "
            "WHERE id = %s",
            row.pk,
        )

        assert "observation_four_eyes" in reason

    def test_one_approved_figure_for_a_place(self, indicator):
        period = period_of(indicator, "2025 Q3")
        make.make_observation(indicator, period)

        with pytest.raises(IntegrityError, match="observation_one_approved"), transaction.atomic():
            make.make_observation(indicator, period)


def test_nothing_is_expected_before_the_indicator_was_agreed():
    programme = make.make_programme()
    quarters = make.make_quarters(programme)
    indicator = make.make_indicator(programme, plan={"effective_on": date(2025, 1, 1)})
    make.make_observation(indicator, quarters[6])

    with transaction.atomic():
        derived.refresh([(indicator.pk, quarters[6].pk)], at=make.AT)

    status = IndicatorStatus.objects.get()
    assert (status.reported, status.expected) == (1, 3)  # 2025 Q1 to Q3; 2024 lies before the agreement
