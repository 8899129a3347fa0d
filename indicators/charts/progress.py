"""Progress of several side by side: percent of the way from baseline to target over the same days on the same axes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from indicators.charts.scales import (
    Axis,
    Frame,
    Number,
    Tick,
    Write,
    WriteDate,
    date_ticks,
    path,
    push_apart,
    value_range,
    value_ticks,
)

COURSES = Frame(name="courses", width=420, height=290, top=12, bottom=24, start=48, end=34, most_dates=5)
LEAST, MOST = -50, 150
"""Percent of the way: what lies beyond is drawn at the edge, or one runaway would flatten all other lines."""
LABEL_GAP = 13


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """The way of one of those compared: its number in the key, and percent of the way at each day."""

    number: int
    kind: str
    """Names the look of the line: a status."""
    points: Sequence[tuple[date, Number | None]]
    says: str


@dataclass(frozen=True, slots=True)
class DrawnCourse:
    course: Course
    runs: Sequence[str]
    dots: Sequence[tuple[float, float]]
    end: tuple[float, float]
    label_y: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CoursesPanel:
    frame: Frame
    value_ticks: Sequence[Tick]
    date_ticks: Sequence[Tick]
    start_y: float
    goal_y: float
    lines: Sequence[DrawnCourse]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """What all panels of a page have in common: the days, and the percent of the way from low to high."""

    first: date
    last: date
    low: float
    high: float
    step: float


def reach_of(courses: Sequence[Course]) -> Reach | None:
    """The axes on which all these courses can be compared; None where no course has a point."""
    points = [(on, float(value)) for one in courses for on, value in one.points if value is not None]
    if not points:
        return None
    shown = [min(max(value, LEAST), MOST) for _on, value in points]
    low, high, step = value_range([0, 100, *shown], lowest=LEAST, highest=MOST)
    days = [on for on, _value in points]
    return Reach(first=min(days), last=max(days), low=low, high=high, step=step)


def draw_courses(
    courses: Sequence[Course], reach: Reach, *, write: Write, write_month: WriteDate, write_year: WriteDate
) -> CoursesPanel:
    """One panel on the axes of `reach`; each course's number stands at its end, none over another."""
    frame = COURSES
    first, last = reach.first.toordinal(), reach.last.toordinal()
    across = Axis(first, max(last, first + 30), frame.x0 + 6, frame.x1 - 6)
    up = Axis(reach.low, reach.high, frame.y0, frame.y1)
    placed = [
        (
            one,
            [
                None if value is None else (across(on.toordinal()), up(min(max(value, LEAST), MOST)))
                for on, value in one.points
            ],
        )
        for one in courses
    ]
    drawn = [(one, places, [place for place in places if place]) for one, places in placed if any(places)]
    labels = push_apart(
        [known[-1][1] for _one, _places, known in drawn],
        min(LABEL_GAP, frame.plot_height / max(len(drawn), 1)),
        frame.y1 + 2,
        frame.y0 - 2,
    )
    return CoursesPanel(
        frame=frame,
        value_ticks=value_ticks(reach.low, reach.high, reach.step, up, write),
        date_ticks=date_ticks(across, frame.most_dates, write_month, write_year),
        start_y=up(0),
        goal_y=up(100),
        lines=[
            DrawnCourse(one, runs_of(places), known, known[-1], round(label, 1))
            for (one, places, known), label in zip(drawn, labels, strict=True)
        ],
    )


def runs_of(places: Sequence[tuple[float, float] | None]) -> list[str]:
    """Lines between neighbours; a date without a judgement is a gap."""
    runs: list[list[tuple[float, float]]] = [[]]
    for place in places:
        if place is None:
            runs.append([])
        else:
            runs[-1].append(place)
    return [path(run) for run in runs if len(run) > 1]
