"""The days of a period and where it stands on each of them, against dates worked out by hand."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indicators.engine.calendar import PeriodState, Turn, period_days, period_state
from indicators.engine.errors import EngineError

Q3 = {"starts_on": date(2025, 7, 1), "ends_on": date(2025, 9, 30), "due_on": date(2025, 10, 15)}


def days(**given):
    return period_days(**(Q3 | {"validation_days": 20, "approval_days": 25, "lock_days": 30} | given))


def test_the_usual_days_are_those_of_the_method():
    found = days()

    assert (found.due_on, found.validated_by, found.approved_by, found.locked_from) == (
        date(2025, 10, 15), date(2025, 10, 20), date(2025, 10, 25), date(2025, 10, 30),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (
            {"validation_days": 3, "approval_days": 4},
            (date(2025, 10, 15), date(2025, 10, 15), date(2025, 10, 30)),
        ),
        ({"lock_days": 18}, (date(2025, 10, 17), date(2025, 10, 17), date(2025, 10, 18))),
        ({"lock_days": 1}, (date(2025, 10, 15), date(2025, 10, 15), date(2025, 10, 16))),
        ({"lock_days": None}, (date(2025, 10, 20), date(2025, 10, 25), None)),
    ],
)
def test_no_step_ends_before_the_one_before_it_or_after_the_lock(given, expected):
    found = days(**given)

    assert (found.validated_by, found.approved_by, found.locked_from) == expected


@pytest.mark.parametrize(
    ("today", "state"),
    [
        (date(2025, 6, 30), PeriodState.UPCOMING),
        (date(2025, 7, 1), PeriodState.OPEN),
        (date(2025, 9, 30), PeriodState.OPEN),
        (date(2025, 10, 1), PeriodState.DUE),
        (date(2025, 10, 15), PeriodState.DUE),
        (date(2025, 10, 16), PeriodState.GRACE),
        (date(2025, 10, 29), PeriodState.GRACE),
        (date(2025, 10, 30), PeriodState.LOCKED),
        (date(2030, 1, 1), PeriodState.LOCKED),
    ],
)
def test_where_a_period_stands_on_a_day(today, state):
    assert period_state(days(), today) is state


def test_a_period_without_a_lock_stays_in_grace():
    assert period_state(days(lock_days=None), date(2099, 1, 1)) is PeriodState.GRACE


def test_a_decision_stands_above_the_calendar():
    reopened = Turn(until=date(2025, 12, 31))

    assert period_state(days(), date(2025, 12, 31), reopened) is PeriodState.REOPENED
    assert period_state(days(), date(2026, 1, 1), reopened) is PeriodState.LOCKED
    assert period_state(days(), date(2025, 10, 1), Turn(until=None)) is PeriodState.LOCKED


@pytest.mark.parametrize(
    "given",
    [{"due_on": date(2025, 9, 1)}, {"ends_on": date(2025, 6, 1)}, {"lock_days": -1}, {"approval_days": -1}],
)
def test_dates_out_of_order_are_refused(given):
    with pytest.raises(EngineError):
        days(**given)


@given(st.integers(0, 400), st.integers(0, 400), st.integers(0, 400), st.integers(1, 60))
def test_the_days_are_in_order_and_a_period_once_locked_stays_locked(validation, approval, lock, due):
    found = days(
        due_on=Q3["ends_on"] + timedelta(days=due), validation_days=validation, approval_days=approval,
        lock_days=lock,
    )  # fmt: skip

    assert found.due_on <= found.validated_by <= found.approved_by < found.locked_from
    order = list(PeriodState)
    states = [period_state(found, Q3["starts_on"] + timedelta(days=n)) for n in range(-1, 520)]
    assert states == sorted(states, key=order.index)
    assert states[-1] is PeriodState.LOCKED
