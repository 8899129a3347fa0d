"""The reporting periods of a programme, aligned to the calendar. Time zones and due instants live elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from .errors import EngineError


class Frequency(StrEnum):
    """How often an indicator is reported."""

    WEEKLY = "weekly"
    TWO_WEEKS = "two_weeks"
    MONTHLY = "monthly"
    TWO_MONTHS = "two_months"
    QUARTERLY = "quarterly"
    FOUR_MONTHS = "four_months"
    SEMI_ANNUAL = "semi_annual"
    ANNUAL = "annual"
    PER_COURSE = "per_course"
    EVENT = "event"

    @property
    def days(self) -> int:
        """Length used for staleness; a course or event indicator is expected to move at least once a year."""
        return _DAYS[self]

    @property
    def months(self) -> int | None:
        """Whole months of one period; None for weeks and for what has no calendar."""
        return _MONTHS.get(self)


_DAYS = {
    Frequency.WEEKLY: 7,
    Frequency.TWO_WEEKS: 14,
    Frequency.MONTHLY: 31,
    Frequency.TWO_MONTHS: 62,
    Frequency.QUARTERLY: 92,
    Frequency.FOUR_MONTHS: 123,
    Frequency.SEMI_ANNUAL: 184,
    Frequency.ANNUAL: 366,
    Frequency.PER_COURSE: 366,
    Frequency.EVENT: 366,
}
_MONTHS = {
    Frequency.MONTHLY: 1,
    Frequency.TWO_MONTHS: 2,
    Frequency.QUARTERLY: 3,
    Frequency.FOUR_MONTHS: 4,
    Frequency.SEMI_ANNUAL: 6,
    Frequency.ANNUAL: 12,
}


_WEEKS = {Frequency.WEEKLY: 1, Frequency.TWO_WEEKS: 2}
_A_MONDAY = date(2000, 1, 3)
"""Fortnights are counted from here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """One reporting period, both days included."""

    starts_on: date
    ends_on: date
    label: str


def periods_between(
    frequency: Frequency | str, starts_on: date, ends_on: date, fiscal_year_start_month: int = 1
) -> tuple[Period, ...]:
    """Every calendar-aligned period that touches the span from `starts_on` to `ends_on`, both included.

    The first and last period may reach beyond the span: a programme that starts on 5 October reports the whole of the
    quarter from 1 October. Periods never overlap and leave no gap.

    Args:
        frequency: weekly to annual; `per_course` and `event` have no calendar and give no periods.
        starts_on, ends_on: the span, in that order.
        fiscal_year_start_month: 1 to 12; quarters, half-years and years are counted from it.

    Returns:
        Periods in order of time, labelled ``2025-W07``, ``2025-W07–08``, ``2025-07``, ``2025-07–08``, ``2025 Q3``,
        ``2025 H1``, ``2025``, and with a fiscal year ``FY2025/26 Q3``, ``FY2025/26 H1``, ``FY2025/26``. Fortnights
        are counted on from one Monday and never cut short, whatever year they lie in.

    Raises:
        EngineError: the span is reversed or the month is not 1 to 12.

    >>> [p.label for p in periods_between("quarterly", date(2025, 2, 10), date(2025, 9, 30))]
    ['2025 Q1', '2025 Q2', '2025 Q3']
    """
    frequency = Frequency(frequency)
    if ends_on < starts_on:
        raise EngineError(f"The span ends on {ends_on}, before it starts on {starts_on}.")
    if not 1 <= fiscal_year_start_month <= 12:
        raise EngineError(f"Month {fiscal_year_start_month} was given; 1 to 12 was expected.")
    if frequency in _WEEKS:
        return _weeks(_WEEKS[frequency], starts_on, ends_on)
    if frequency.months is None:
        return ()
    return _month_periods(frequency.months, starts_on, ends_on, fiscal_year_start_month)


def custom_periods(months: int, starts_on: date, ends_on: date, first_month: int = 1) -> tuple[Period, ...]:
    """Periods of any whole number of months, e.g. four for three a year, counted from `first_month`.

    Every one begins on the first of a month and ends on the day before the next, whatever day the span starts on.

    Args:
        months: 1 to 12, a divisor of 12, so that every year has the same periods.
        starts_on, ends_on: the span, in that order; first_month: 1 to 12.

    Returns:
        Periods in order of time; those of 1, 3, 6 and 12 months are labelled as their calendar frequency, others by
        their months, ``2025-02–05``.

    >>> [p.label for p in custom_periods(4, date(2025, 1, 1), date(2025, 12, 31))]
    ['2025-01–04', '2025-05–08', '2025-09–12']
    """
    if not 1 <= months <= 12 or 12 % months:
        raise EngineError(f"{months} months were given; 1, 2, 3, 4, 6 or 12 were expected.")
    if ends_on < starts_on:
        raise EngineError(f"The span ends on {ends_on}, before it starts on {starts_on}.")
    if not 1 <= first_month <= 12:
        raise EngineError(f"Month {first_month} was given; 1 to 12 was expected.")
    return _month_periods(months, starts_on, ends_on, first_month)


def _weeks(weeks: int, starts_on: date, ends_on: date) -> tuple[Period, ...]:
    found: list[Period] = []
    first = starts_on - timedelta(days=(starts_on - _A_MONDAY).days % (7 * weeks))
    while first <= ends_on:
        last = first + timedelta(days=7 * weeks - 1)
        found.append(Period(starts_on=first, ends_on=last, label=_week_label(first, last)))
        first = last + timedelta(days=1)
    return tuple(found)


def _week_label(first: date, last: date) -> str:
    year, week, _ = first.isocalendar()
    last_year, last_week, _ = last.isocalendar()
    name = f"{year}-W{week:02}"
    if week == last_week:
        return name
    return f"{name}–{last_week:02}" if year == last_year else f"{name}–{last_year}-W{last_week:02}"


def _month_periods(months: int, starts_on: date, ends_on: date, first_month: int) -> tuple[Period, ...]:
    """Months are counted from year 0, so that a period is a run of whole numbers."""
    month = starts_on.year * 12 + starts_on.month - 1
    month -= (month - (first_month - 1)) % months
    found: list[Period] = []
    while (start := _first_day(month)) <= ends_on:
        found.append(
            Period(
                starts_on=start,
                ends_on=_first_day(month + months) - timedelta(days=1),
                label=_label(month, months, first_month),
            )
        )
        month += months
    return tuple(found)


def _first_day(month: int) -> date:
    return date(month // 12, month % 12 + 1, 1)


def _label(month: int, months: int, first_month: int) -> str:
    if months == 1:
        return f"{month // 12}-{month % 12 + 1:02}"
    year, into_year = divmod(month - (first_month - 1), 12)
    name = str(year) if first_month == 1 else f"FY{year}/{(year + 1) % 100:02}"
    match months:
        case 3:
            return f"{name} Q{into_year // 3 + 1}"
        case 6:
            return f"{name} H{into_year // 6 + 1}"
        case 12:
            return name
        case _:
            start, end = _first_day(month), _first_day(month + months - 1)
            until = f"{end:%m}" if end.year == start.year else f"{end:%Y-%m}"
            return f"{start:%Y-%m}–{until}"
