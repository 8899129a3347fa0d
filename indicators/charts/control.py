"""A control chart: period values, the mean and the limits they usually stay between, and what was noticed."""

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
    date_axis,
    date_ticks,
    path,
    plain,
    value_range,
    value_ticks,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlReading:
    """One period: its value or None, and the limits that hold for it; None where there is none."""

    on: date
    label: str
    value: Number | None
    low: Number | None
    high: Number | None
    signals: Sequence[int] = ()  # numbers, from 1, of what was noticed there
    flags: Sequence[int] = ()  # those of them that are drawn there: at the end of a row
    second: Number | None = None  # of a chart with two lines


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlSeries:
    """All that a control chart shows. Readings in time order."""

    title: str
    unit: str = ""
    centre: Number
    readings: Sequence[ControlReading] = ()
    signals: Sequence[str] = ()  # in words, in the order of their numbers
    line: str = ""  # what the line is, where it is not the figures themselves
    second: str = ""  # what the second line is; empty: there is none


@dataclass(frozen=True, slots=True)
class ControlDot:
    x: float
    y: float
    reading: ControlReading
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlDrawing:
    frame: Frame
    value_ticks: tuple[Tick, ...]
    date_ticks: tuple[Tick, ...]
    centre_y: float
    lines: tuple[str, ...]
    second: tuple[str, ...]
    low: tuple[str, ...]
    high: tuple[str, ...]
    dots: tuple[ControlDot, ...]


def draw_control(
    series: ControlSeries,
    frame: Frame,
    *,
    write: Write = plain,
    write_tick: Write | None = None,
    write_month: WriteDate = str,
    write_year: WriteDate = str,
) -> ControlDrawing:
    """Places of everything in the series, which has at least one reading."""
    days = [reading.on for reading in series.readings]
    x = date_axis(min(days), max(days), frame)
    numbers = [n for r in series.readings for n in (r.value, r.second, r.low, r.high) if n is not None]
    low, high, step = value_range([*numbers, series.centre], lowest=None, highest=None)
    y = Axis(low, high, frame.y0, frame.y1)
    return ControlDrawing(
        frame=frame,
        value_ticks=value_ticks(low, high, step, y, write_tick or write),
        date_ticks=date_ticks(x, frame.most_dates, write_month, write_year),
        centre_y=y(series.centre),
        lines=_runs([(r.on, r.value) for r in series.readings], x, y),
        second=_runs([(r.on, r.second) for r in series.readings], x, y),
        low=_runs([(r.on, r.low) for r in series.readings], x, y),
        high=_runs([(r.on, r.high) for r in series.readings], x, y),
        dots=tuple(
            ControlDot(x(r.on.toordinal()), y(r.value), r, write(r.value))
            for r in series.readings
            if r.value is not None
        ),
    )


def _runs(values: Sequence[tuple[date, Number | None]], x: Axis, y: Axis) -> tuple[str, ...]:
    """One line for each unbroken run of two or more; a gap breaks it."""
    runs: list[list[tuple[float, float]]] = [[]]
    for on, value in values:
        if value is None:
            runs.append([])
        else:
            runs[-1].append((x(on.toordinal()), y(value)))
    return tuple(path(run) for run in runs if len(run) > 1)
