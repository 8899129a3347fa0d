"""What time it is, and when a day begins somewhere. The database's clock is the judge, never a worker's."""

from __future__ import annotations

import calendar
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from django.db import connection


def database_now() -> datetime:
    """The database server's clock, not the start of the transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        row = cursor.fetchone()
    assert row is not None
    now: datetime = row[0]
    return now


def first_instant(day: date, zone: ZoneInfo) -> datetime:
    """The first moment of a local day, in UTC.

    Where the clocks are put forward at midnight, 00:00 does not exist and the day begins at 01:00; where they are put
    back, it exists twice and the first one counts. `fold=0` gives exactly that.
    """
    return datetime.combine(day, time.min, tzinfo=zone).astimezone(UTC)


def add_months(day: date, months: int) -> date:
    """The same day some months later; the last day of a month stays a last day, as the periods' ends do.

    >>> add_months(date(2025, 6, 30), 6), add_months(date(2025, 8, 15), 6), add_months(date(2025, 12, 30), 2)
    (datetime.date(2025, 12, 31), datetime.date(2026, 2, 15), datetime.date(2026, 2, 28))
    """
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    is_last = day.day == calendar.monthrange(day.year, day.month)[1]
    return date(year, month + 1, last if is_last else min(day.day, last))
