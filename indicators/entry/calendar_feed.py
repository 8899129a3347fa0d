"""The days on which a person's figures are due, as a calendar that any calendar program subscribes to (RFC 5545)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from icalendar import Alarm, Calendar, Event

from indicators.engine.periods import periods_between
from indicators.entry.due import gaps, indicators_of
from indicators.models import Programme, User

BACK = timedelta(days=60)
AHEAD = timedelta(days=200)


def calendar_of(user: User, *, at: datetime, today: date, address: str) -> bytes:
    """The feed of one person. Four queries.

    Args:
        at: when it is asked for; today: the day in the server's zone.
        address: scheme and host, without a slash at the end, for the links.

    Returns:
        One all-day event for each programme and period that is due from 60 days ago to 200 days ahead, with how many
        figures are missing; what is still to come is only announced. No figure stands in it.
    """
    calendar = Calendar.new(
        name=_("Figures due"), prodid="-//Security Cooperation Tracker//EN", method="PUBLISH"
    )
    calendar.add("refresh-interval", timedelta(hours=6), parameters={"VALUE": "DURATION"})
    for key, day, title, text, link in [*_fallen_due(user, today), *_to_come(user, today)]:
        event = Event()
        event.add("uid", f"{key}@security-cooperation-tracker")
        event.add("dtstamp", at)
        event.add("dtstart", day)
        event.add("dtend", day + timedelta(days=1))
        event.add("summary", title)
        event.add("description", text)
        event.add("url", f"{address}{link}")
        event.add("transp", "TRANSPARENT")
        if day >= today:
            event.add_component(_day_before(title))
        calendar.add_component(event)
    found: bytes = calendar.to_ical()
    return found


def _day_before(title: str) -> Alarm:
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", title)
    alarm.add("trigger", timedelta(days=-1))
    return alarm


Line = tuple[str, date, str, str, str]
"""Key, day, title, text, link."""


def _fallen_due(user: User, today: date) -> Iterator[Line]:
    totals: dict[int, list[Any]] = {}
    for gap in gaps(indicators_of(user), today=today, first=today - BACK, last=today + AHEAD):
        so_far = totals.setdefault(gap.period_id, [gap, 0, 0])
        so_far[1] += gap.missing
        so_far[2] += gap.expected
    for gap, missing, expected in totals.values():
        name = f"{gap.programme_code} {gap.period_label}"
        title = (
            ngettext("%(name)s: %(count)s figure due", "%(name)s: %(count)s figures due", missing)
            if missing
            else _("%(name)s: all handed in")
        ) % {"name": name, "count": missing}
        text = _("%(missing)s of %(expected)s figures have not been handed in.") % {
            "missing": missing,
            "expected": expected,
        }
        link = f"{reverse('due-list')}?programme={gap.programme_code}"
        yield f"due-{gap.period_id}", gap.due_on, title, text, link


def _to_come(user: User, today: date) -> Iterator[Line]:
    """Periods that have not ended, from the calendar of each programme."""
    pairs = sorted(set(indicators_of(user).values_list("programme_id", "frequency")))
    programmes = Programme.objects.in_bulk({programme for programme, _frequency in pairs})
    for pk, frequency in pairs:
        programme = programmes[pk]
        last = min(today + AHEAD, programme.ends_on)
        if frequency == "event" or last < today:
            continue
        for period in periods_between(frequency, today, last, programme.fiscal_year_start_month):
            day = period.ends_on + timedelta(days=programme.grace_days)
            if period.ends_on >= today and day <= today + AHEAD:
                name = f"{programme.code} {period.label}"
                yield (
                    f"coming-{pk}-{frequency}-{period.starts_on:%Y%m%d}",
                    day,
                    _("%(name)s: figures due") % {"name": name},
                    _("The period ends on %(day)s.") % {"day": f"{period.ends_on:%Y-%m-%d}"},
                    f"{reverse('due-list')}?programme={programme.code}",
                )
