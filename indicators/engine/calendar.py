"""The days of a reporting period: until when its figures are entered, validated, approved; when it is locked.

Dates only. Who reopened what stands in the records; the database keeps the same rule in `period_is_locked`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from .errors import EngineError


class PeriodState(StrEnum):
    """Where a period stands on a day (METHOD 4.3)."""

    UPCOMING = "upcoming"
    OPEN = "open"
    DUE = "due"
    GRACE = "grace"
    LOCKED = "locked"
    REOPENED = "reopened"


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodDays:
    """The days of one period, in the programme's time zone, in their order."""

    starts_on: date
    ends_on: date
    due_on: date
    """Last day to enter."""
    validated_by: date
    """Last day to validate; None of the days stops anybody but the lock."""
    approved_by: date
    """Last day to approve."""
    locked_from: date | None
    """First day on which nothing changes; None: never."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """The newest decision about a period's lock: reopened until a day (included), or locked when `until` is None."""

    until: date | None


def period_days(
    *,
    starts_on: date,
    ends_on: date,
    due_on: date,
    validation_days: int,
    approval_days: int,
    lock_days: int | None,
) -> PeriodDays:
    """The days of a period by its programme's rules.

    Args:
        starts_on, ends_on, due_on: as the period keeps them; the due day stays when the rules change later.
        validation_days, approval_days: days after the end, 0 or more; never before the due day or after the lock.
        lock_days: days after the end from which the period is locked, never on or before the due day; None: never.

    Raises:
        EngineError: the dates are not in order or a number of days is negative.

    Source: METHOD 4.3 (entry to day 15, validation to 20, approval to 25, lock on 30).

    >>> days = period_days(starts_on=date(2025, 7, 1), ends_on=date(2025, 9, 30), due_on=date(2025, 10, 15),
    ...                    validation_days=20, approval_days=25, lock_days=30)
    >>> str(days.validated_by), str(days.approved_by), str(days.locked_from)
    ('2025-10-20', '2025-10-25', '2025-10-30')
    """
    if not starts_on <= ends_on <= due_on:
        raise EngineError(f"a period starts, ends, is due: {starts_on}, {ends_on}, {due_on}")
    if min(validation_days, approval_days, lock_days or 0) < 0:
        raise EngineError("days after the end of a period are 0 or more")
    locked_from = None
    if lock_days is not None:
        locked_from = max(ends_on + timedelta(days=lock_days), due_on + timedelta(days=1))

    def last_day(days: int, earliest: date) -> date:
        day = max(ends_on + timedelta(days=days), earliest)
        return day if locked_from is None else min(day, locked_from - timedelta(days=1))

    validated_by = last_day(validation_days, due_on)
    return PeriodDays(
        starts_on=starts_on,
        ends_on=ends_on,
        due_on=due_on,
        validated_by=validated_by,
        approved_by=last_day(approval_days, validated_by),
        locked_from=locked_from,
    )


def period_state(days: PeriodDays, today: date, turn: Turn | None = None) -> PeriodState:
    """Where a period stands today.

    Args:
        days: of the period.
        today: in the programme's time zone.
        turn: the newest decision about its lock; None when nobody decided anything.

    Returns:
        With a decision: LOCKED, or REOPENED until its day and LOCKED after. Without: by the calendar alone.

    Source: METHOD 4.3.
    """
    if turn is not None:
        is_open = turn.until is not None and today <= turn.until
        return PeriodState.REOPENED if is_open else PeriodState.LOCKED
    if days.locked_from is not None and today >= days.locked_from:
        return PeriodState.LOCKED
    if today > days.due_on:
        return PeriodState.GRACE
    if today > days.ends_on:
        return PeriodState.DUE
    return PeriodState.OPEN if today >= days.starts_on else PeriodState.UPCOMING
