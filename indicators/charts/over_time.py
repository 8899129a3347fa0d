"""One indicator over time: readings and gaps, baseline, target, trajectory, bands, forecast. And the small line."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from indicators.charts.marks import DENSE, Annotation, Flag, grade_shape, grades_fit, place_flags
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
    push_apart,
    value_range,
    value_ticks,
)

MOST_DOTS = 100  # more would hide their own line


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One expected period: its value, or None where nothing was reported (a gap, never a zero)."""

    on: date  # the period's last day, or the day the level was taken
    value: Number | None
    label: str = ""  # the period's name: "Q1 2026"; the date when empty
    planned: Number | None = None  # what the trajectory asked for on that day
    provisional: bool = False  # not approved yet: drawn hollow
    note: str = ""  # why it is missing, or a remark
    low: Number | None = None  # ends of its interval, drawn as a band through the readings
    high: Number | None = None
    grade: str = ""  # of its weakest source: "B2"
    before: Number | None = None  # as first reported, where it was corrected since
    correction: str = ""  # why it was corrected


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """A value on a day: baseline, target, milestone."""

    on: date
    value: Number


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """From which value an indicator is on track and at risk on a day. Below both it is off track."""

    on: date
    on_track: Number
    at_risk: Number


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastPoint:
    on: date
    low: Number
    middle: Number
    high: Number


@dataclass(frozen=True, slots=True, kw_only=True)
class IndicatorSeries:
    """All that the indicator chart shows. Readings in time order, one for each expected period."""

    title: str
    unit: str = ""
    readings: Sequence[Reading] = ()
    baseline: Level | None = None
    target: Level | None = None
    first_target: Level | None = None  # where the present target is another one
    trajectory: Sequence[Level] = ()  # planned values, baseline and target included
    bands: Sequence[Band] = ()
    higher_is_better: bool | None = True  # None: no band can be drawn
    forecast: Sequence[ForecastPoint] = ()
    carried: Sequence[Level] = ()  # the last value carried on to the forecast's day: what if nothing changes
    annotations: Sequence[Annotation] = ()
    lower: Number | None = None  # limits to keep between
    upper: Number | None = None
    lowest: Number | None = None  # ends of what is possible, e.g. 0 and 100
    highest: Number | None = None
    since: date | None = None  # days that the axis covers at least, to line up with another chart
    until: date | None = None

    def reach(self) -> tuple[date, date] | None:
        """First and last day that the time axis covers; None for a series of nothing."""
        days = [reading.on for reading in self.readings]
        days += [one.on for one in (self.baseline, self.target, self.first_target) if one is not None]
        days += [day for day in (self.since, self.until) if day is not None]
        days += [level.on for level in self.trajectory]
        days += [point.on for point in self.forecast]
        days += [annotation.on for annotation in self.annotations]
        return (min(days), max(days)) if days else None


@dataclass(frozen=True, slots=True)
class Dot:
    x: float
    y: float
    reading: Reading
    value: str
    shape: str = ""  # corners; a circle when empty
    grade: str = ""  # written below, where there is room


@dataclass(frozen=True, slots=True)
class Corrected:
    """From the value that was reported first to the one that holds."""

    x: float
    y: float
    y_before: float
    reading: Reading
    value: str
    before: str

    @property
    def left(self) -> float:
        return round(self.x - 3, 1)

    @property
    def top(self) -> float:
        """Of the cross at the value before, six units in height."""
        return round(self.y_before - 3, 1)


@dataclass(frozen=True, slots=True)
class Gap:
    """A run of periods without a value: the shaded column and one hollow mark for each period."""

    x: float
    width: float
    marks: tuple[tuple[float, Reading], ...]


@dataclass(frozen=True, slots=True)
class Label:
    """Words at the end of a line: which line, at what height, its value."""

    kind: str
    y: float
    line_y: float
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IndicatorDrawing:
    frame: Frame
    value_ticks: tuple[Tick, ...]
    date_ticks: tuple[Tick, ...]
    lines: tuple[str, ...]
    intervals: tuple[str, ...]
    dots: tuple[Dot, ...]
    gaps: tuple[Gap, ...]
    baseline_dot: tuple[float, float] | None
    target_dot: tuple[float, float] | None
    labels: tuple[Label, ...]
    trajectory: str
    band_on: str
    band_risk: str
    forecast: str
    forecast_line: str
    carried: str
    flags: tuple[Flag, ...]
    corrected: tuple[Corrected, ...]
    dot_size: float


def draw_indicator(
    series: IndicatorSeries,
    frame: Frame,
    *,
    write: Write = plain,
    write_tick: Write | None = None,
    write_month: WriteDate = str,
    write_year: WriteDate = str,
) -> IndicatorDrawing:
    """Places of everything in the series. An empty series gives empty axes, not an error."""
    x = _time_axis(series, frame)
    low, high, step = value_range(_values(series), lowest=series.lowest, highest=series.highest)
    y = Axis(low, high, frame.y0, frame.y1)
    return IndicatorDrawing(
        frame=frame,
        value_ticks=value_ticks(low, high, step, y, write_tick or write),
        date_ticks=date_ticks(x, frame.most_dates, write_month, write_year),
        lines=_lines(series.readings, x, y),
        intervals=_intervals(series.readings, x, y),
        dots=_dots(series.readings, x, y, write),
        gaps=_gaps(series.readings, x, frame),
        baseline_dot=_place(series.baseline, x, y),
        target_dot=_place(series.target, x, y),
        labels=_labels(series, y, frame, write),
        trajectory=path((x(level.on.toordinal()), y(level.value)) for level in series.trajectory),
        band_on=_band_on(series, x, y, frame),
        band_risk=_band_risk(series, x, y, frame),
        forecast=path(
            [(x(point.on.toordinal()), y(point.high)) for point in series.forecast]
            + [(x(point.on.toordinal()), y(point.low)) for point in reversed(series.forecast)]
        ),
        forecast_line=path((x(point.on.toordinal()), y(point.middle)) for point in series.forecast),
        carried=path((x(level.on.toordinal()), y(level.value)) for level in series.carried),
        flags=place_flags(series.annotations, x, frame),
        corrected=_corrected(series.readings, x, y, write),
        dot_size=_dot_size(series.readings),
    )


def _time_axis(series: IndicatorSeries, frame: Frame) -> Axis:
    return date_axis(*(series.reach() or (date(2000, 1, 1), date(2000, 12, 31))), frame)


def _values(series: IndicatorSeries) -> Iterable[Number]:
    for reading in series.readings:
        shown = (reading.value, reading.low, reading.high, reading.before)
        yield from (one for one in shown if one is not None)
    levels = (series.baseline, series.target, series.first_target)
    yield from (level.value for level in levels if level is not None)
    yield from (value for value in (series.lower, series.upper) if value is not None)
    yield from (level.value for level in series.trajectory)
    for point in series.forecast:
        yield point.low
        yield point.high


def _dots(readings: Sequence[Reading], x: Axis, y: Axis, write: Write) -> tuple[Dot, ...]:
    """A dot for each value. Where they would hide the line: the last, those not approved, those between gaps."""
    known = [index for index, reading in enumerate(readings) if reading.value is not None]
    if len(known) > MOST_DOTS:
        near = set(known)
        known = [
            index
            for index in known
            if index == known[-1]
            or readings[index].provisional
            or not near.intersection({index - 1, index + 1})
        ]
    shown = [readings[index] for index in known]
    writes_grades = grades_fit([x(one.on.toordinal()) for one in shown])
    size = _dot_size(readings)
    return tuple(_dot(one, x, y, write, size, writes_grades) for one in shown)


def _dot(reading: Reading, x: Axis, y: Axis, write: Write, size: float, writes_grade: bool) -> Dot:
    assert reading.value is not None
    at, height = x(reading.on.toordinal()), y(reading.value)
    return Dot(
        at,
        height,
        reading,
        write(reading.value),
        grade_shape(reading.grade, at, height, size),
        reading.grade if writes_grade else "",
    )


def _dot_size(readings: Sequence[Reading]) -> float:
    return 4 if sum(one.value is not None for one in readings) < DENSE else 2.6


def _corrected(readings: Sequence[Reading], x: Axis, y: Axis, write: Write) -> tuple[Corrected, ...]:
    return tuple(
        Corrected(
            x(one.on.toordinal()), y(one.value), y(one.before), one, write(one.value), write(one.before)
        )
        for one in readings
        if one.value is not None and one.before is not None and one.before != one.value
    )


def _place(level: Level | None, x: Axis, y: Axis) -> tuple[float, float] | None:
    return None if level is None else (x(level.on.toordinal()), y(level.value))


def _lines(readings: Sequence[Reading], x: Axis, y: Axis) -> tuple[str, ...]:
    """One line for each unbroken run of two or more values; a gap breaks the line."""
    runs: list[list[tuple[float, float]]] = [[]]
    for reading in readings:
        if reading.value is None:
            runs.append([])
        else:
            runs[-1].append((x(reading.on.toordinal()), y(reading.value)))
    return tuple(path(run) for run in runs if len(run) > 1)


def _intervals(readings: Sequence[Reading], x: Axis, y: Axis) -> tuple[str, ...]:
    """One band for each unbroken run of readings with an interval; of a single one its upright line."""
    runs: list[list[tuple[float, float, float]]] = [[]]
    for reading in readings:
        if reading.low is None or reading.high is None:
            runs.append([])
        else:
            runs[-1].append((x(reading.on.toordinal()), y(reading.low), y(reading.high)))
    return tuple(
        path([(at, high) for at, _low, high in run] + [(at, low) for at, low, _high in reversed(run)])
        for run in runs
        if run
    )


def _gaps(readings: Sequence[Reading], x: Axis, frame: Frame) -> tuple[Gap, ...]:
    places = [x(reading.on.toordinal()) for reading in readings]
    gaps: list[Gap] = []
    index = 0
    while index < len(readings):
        if readings[index].value is not None:
            index += 1
            continue
        first = index
        while index < len(readings) and readings[index].value is None:
            index += 1
        start = (places[first - 1] + places[first]) / 2 if first else max(places[first] - 10, frame.x0)
        end = (
            (places[index - 1] + places[index]) / 2 if index < len(places) else min(places[-1] + 10, frame.x1)
        )
        marks = tuple((places[missing], readings[missing]) for missing in range(first, index))
        gaps.append(Gap(round(start, 1), round(end - start, 1), marks))
    return tuple(gaps)


def _labels(series: IndicatorSeries, y: Axis, frame: Frame, write: Write) -> tuple[Label, ...]:
    levels = [
        ("target", None if series.target is None else series.target.value),
        ("first", None if series.first_target is None else series.first_target.value),
        ("baseline", None if series.baseline is None else series.baseline.value),
        ("lower", series.lower),
        ("upper", series.upper),
    ]
    given = [(kind, y(value), write(value)) for kind, value in levels if value is not None]
    # Two lines of text for each label: the word and the value.
    heights = push_apart([place for _, place, _ in given], 28, frame.y1 + 6, frame.y0 - 8)
    return tuple(
        Label(kind, height, place, value) for (kind, place, value), height in zip(given, heights, strict=True)
    )


def _inside(place: float, frame: Frame) -> float:
    return min(max(place, frame.y1), frame.y0)


def _band_on(series: IndicatorSeries, x: Axis, y: Axis, frame: Frame) -> str:
    if series.higher_is_better is None or len(series.bands) < 2:
        return ""
    edge = frame.y1 if series.higher_is_better else frame.y0
    limit = [(x(band.on.toordinal()), _inside(y(band.on_track), frame)) for band in series.bands]
    return path([*limit, (limit[-1][0], edge), (limit[0][0], edge)])


def _band_risk(series: IndicatorSeries, x: Axis, y: Axis, frame: Frame) -> str:
    if series.higher_is_better is None or len(series.bands) < 2:
        return ""
    upper = [(x(band.on.toordinal()), _inside(y(band.on_track), frame)) for band in series.bands]
    lower = [(x(band.on.toordinal()), _inside(y(band.at_risk), frame)) for band in series.bands]
    return path(upper + lower[::-1])


@dataclass(frozen=True, slots=True)
class Sparkline:
    lines: tuple[str, ...]
    dots: tuple[tuple[float, float], ...]  # single values between gaps
    last: tuple[float, float] | None
    target_y: float | None


def draw_sparkline(
    values: Sequence[Number | None], *, target: Number | None = None, width: int = 96, height: int = 26
) -> Sparkline:
    """A line without axes, evenly spaced; None breaks it."""
    known = [value for value in values if value is not None]
    if not known:
        return Sparkline((), (), None, None)
    ends = [float(value) for value in (known if target is None else [*known, target])]
    low, high = (min(ends), max(ends)) if min(ends) != max(ends) else (min(ends) - 1, max(ends) + 1)
    y = Axis(low, high, height - 4, 4)
    x = Axis(0, max(len(values) - 1, 1), 3, width - 4)
    runs: list[list[tuple[float, float]]] = [[]]
    for index, value in enumerate(values):
        if value is None:
            runs.append([])
        else:
            runs[-1].append((x(index), y(value)))
    last = next(run[-1] for run in reversed(runs) if run)
    return Sparkline(
        tuple(path(run) for run in runs if len(run) > 1),
        tuple(run[0] for run in runs if len(run) == 1),
        last,
        None if target is None else y(target),
    )
