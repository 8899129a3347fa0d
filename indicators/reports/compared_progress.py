"""Progress of partners side by side as small charts: one for each core indicator, on the same axes. Draws nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from indicators.charts.progress import Course, CoursesPanel, draw_courses, reach_of
from indicators.models import Status
from indicators.reports.comparison import Line
from indicators.templatetags.charts import write_month, write_tick, write_year
from indicators.templatetags.ui import day, percent


@dataclass(frozen=True, slots=True, kw_only=True)
class Follower:
    """One line of the key: its number in the chart, or why it has no line."""

    number: int
    line: Line
    latest: Decimal | None
    latest_on: date | None
    why_not: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgressPanel:
    """One core indicator: the chart, its key, and the same points as a table."""

    code: str
    name: str
    panel: CoursesPanel
    key: Sequence[Follower]
    text: str
    days: Sequence[tuple[date, Sequence[Decimal | None]]]
    """Day by day, one share for each line of the key."""


def panels(groups: Sequence[dict[str, Any]]) -> list[ProgressPanel]:
    """A chart for each group of `by_definition` in which anybody has a point; no queries."""
    keys = {group["code"]: _key(group["lines"]) for group in groups}
    courses = {code: [_course(one) for one in _drawn(key)] for code, key in keys.items()}
    reach = reach_of([one for found in courses.values() for one in found])
    if reach is None:
        return []
    return [
        ProgressPanel(
            code=group["code"],
            name=group["name"],
            panel=draw_courses(
                courses[group["code"]],
                reach,
                write=lambda value: f"{write_tick(value)}\u202f%",
                write_month=write_month,
                write_year=write_year,
            ),
            key=keys[group["code"]],
            text=_in_words(keys[group["code"]]),
            days=_days(group["lines"]),
        )
        for group in groups
        if courses[group["code"]]
    ]


def statuses_of(lines: Sequence[Line]) -> list[str]:
    """The statuses that lines are drawn with, in the order in which statuses stand everywhere."""
    drawn = {
        one.cells["status"].status for one in lines if any(share is not None for _on, share in one.progress)
    }
    return [one for one in Status.values if one in drawn]


def _key(lines: Sequence[Line]) -> list[Follower]:
    found = []
    for number, one in enumerate(lines, start=1):
        # The baseline alone is no progress: what follows it counts.
        known = [(on, share) for on, share in one.progress[1:] if share is not None]
        on, share = known[-1] if known else (None, None)
        why = "" if known else one.no_progress or str(one.cells["refusal"].value or "")
        found.append(Follower(number=number, line=one, latest=share, latest_on=on, why_not=why))
    return found


def _drawn(key: Sequence[Follower]) -> list[Follower]:
    return [one for one in key if one.latest is not None]


def _course(one: Follower) -> Course:
    return Course(
        number=one.number,
        kind=one.line.cells["status"].status,
        points=[(on, None if share is None else share * 100) for on, share in one.line.progress],
        says=_said(one),
    )


def _said(one: Follower) -> str:
    return _("%(number)s %(partner)s: %(share)s (%(day)s)") % {
        "number": one.number,
        "partner": one.line.indicator.partner,
        "share": percent(one.latest),
        "day": day(one.latest_on),
    }


def _in_words(key: Sequence[Follower]) -> str:
    """What the drawing says, for those who do not see it."""
    drawn = _drawn(key)
    head = ngettext("%(n)s line.", "%(n)s lines.", len(drawn)) % {"n": len(drawn)}
    return " ".join([head, *(f"{_said(one)}." for one in drawn)])


def _days(lines: Sequence[Line]) -> list[tuple[date, list[Decimal | None]]]:
    shares = [dict(one.progress) for one in lines]
    return [(on, [one.get(on) for one in shares]) for on in sorted({on for one in shares for on in one})]
