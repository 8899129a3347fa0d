"""After the end: a course's people before and after, estimates with their intervals, what was retained."""

from collections.abc import Sequence
from dataclasses import dataclass

from indicators.charts.scales import Axis, Frame, Number, Tick, Write, path, plain, value_range, value_ticks


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedCourse:
    """Scores of the same people at each stage. One tuple for each person, None where a person was not measured."""

    title: str
    unit: str = ""
    stages: Sequence[str]  # ("Before", "After", "+6 months", "+12 months")
    people: Sequence[Sequence[Number | None]]
    means: Sequence[Number | None] = ()  # as the method computed them, one for each stage
    lowest: Number | None = None
    highest: Number | None = None


@dataclass(frozen=True, slots=True)
class Stage:
    x: float
    label: str
    count: int
    mean_y: float | None
    mean: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedDrawing:
    frame: Frame
    value_ticks: tuple[Tick, ...]
    stages: tuple[Stage, ...]
    gains: tuple[str, ...]  # lines of people who gained or stayed from the first stage to their last
    losses: tuple[str, ...]
    dots: tuple[tuple[float, float], ...]
    mean_lines: tuple[str, ...]


def draw_paired(course: PairedCourse, frame: Frame, *, write: Write = plain) -> PairedDrawing:
    """Places of a slope chart. A person with one score is a dot without a line."""
    known = [value for person in course.people for value in person if value is not None]
    known += [mean for mean in course.means if mean is not None]
    low, high, step = value_range(known, lowest=course.lowest, highest=course.highest)
    y = Axis(low, high, frame.y0, frame.y1)
    x = Axis(0, max(len(course.stages) - 1, 1), frame.x0 + 36, frame.x1 - 24)
    gains: list[str] = []
    losses: list[str] = []
    dots: list[tuple[float, float]] = []
    for person in course.people:
        places = [(x(stage), y(value)) for stage, value in enumerate(person) if value is not None]
        dots += places
        if len(places) > 1:
            (losses if places[-1][1] > places[0][1] else gains).append(path(places))
    return PairedDrawing(
        frame=frame,
        value_ticks=value_ticks(low, high, step, y, write),
        stages=tuple(_stage(course, index, x, y, write) for index in range(len(course.stages))),
        gains=tuple(gains),
        losses=tuple(losses),
        dots=tuple(dots),
        mean_lines=tuple(path(run) for run in _runs(course.means, x, y)),
    )


def _stage(course: PairedCourse, index: int, x: Axis, y: Axis, write: Write) -> Stage:
    mean = course.means[index] if index < len(course.means) else None
    count = sum(1 for person in course.people if index < len(person) and person[index] is not None)
    place = None if mean is None else y(mean)
    return Stage(x(index), course.stages[index], count, place, "" if mean is None else write(mean))


def _runs(values: Sequence[Number | None], x: Axis, y: Axis) -> list[list[tuple[float, float]]]:
    runs: list[list[tuple[float, float]]] = [[]]
    for index, value in enumerate(values):
        if value is None:
            runs.append([])
        else:
            runs[-1].append((x(index), y(value)))
    return [run for run in runs if len(run) > 1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A result with its interval, or a refusal with its reason (then the three numbers are None)."""

    label: str
    value: Number | None
    low: Number | None
    high: Number | None
    note: str = ""  # method and n: "paired t, n = 24"
    refusal: str = ""  # "too few pairs: 5 of 8 needed"


@dataclass(frozen=True, slots=True, kw_only=True)
class EstimateSet:
    title: str
    unit: str = ""
    estimates: Sequence[Estimate]
    reference: Number = 0  # the line of "no change"
    is_change: bool = True  # differences carry their sign; shares and ratios do not


@dataclass(frozen=True, slots=True)
class EstimateRow:
    estimate: Estimate
    y: float
    x: float | None
    x_low: float | None
    x_high: float | None
    excludes_reference: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class EstimateDrawing:
    width: int
    height: int
    x0: float
    x1: float
    bottom: float
    ticks: tuple[Tick, ...]
    reference_x: float
    rows: tuple[EstimateRow, ...]


ROW = 46
HEAD = 8
FOOT = 26


def draw_estimates(estimates: EstimateSet, frame: Frame, *, write: Write = plain) -> EstimateDrawing:
    """Rows of a dot with whiskers; the height grows with the rows, only the frame's width is used."""
    known = [
        value
        for estimate in estimates.estimates
        for value in (estimate.value, estimate.low, estimate.high)
        if value is not None
    ]
    low, high, step = value_range([*known, estimates.reference], lowest=None, highest=None, most=6)
    x = Axis(low, high, 10, frame.width - 10)
    bottom = HEAD + ROW * len(estimates.estimates)
    return EstimateDrawing(
        width=frame.width,
        height=bottom + FOOT,
        x0=10,
        x1=frame.width - 10,
        bottom=bottom,
        ticks=value_ticks(low, high, step, x, write),
        reference_x=x(estimates.reference),
        rows=tuple(
            _estimate_row(estimate, HEAD + ROW * index, x, estimates.reference)
            for index, estimate in enumerate(estimates.estimates)
        ),
    )


def _estimate_row(estimate: Estimate, y: float, x: Axis, reference: Number) -> EstimateRow:
    value, low, high = estimate.value, estimate.low, estimate.high
    excludes = low is not None and high is not None and not float(low) <= float(reference) <= float(high)
    return EstimateRow(
        estimate,
        y,
        None if value is None else x(value),
        None if low is None else x(low),
        None if high is None else x(high),
        excludes,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RetainedPoint:
    """The share of the gain still there after some months (1 = all of it), or a refusal."""

    months: int
    share: Number | None
    low: Number | None = None
    high: Number | None = None
    note: str = ""
    refusal: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    title: str
    points: Sequence[RetainedPoint]  # begin with months=0, share=1
    is_of_things: bool = False  # a share of what was there, not of a gain


@dataclass(frozen=True, slots=True)
class RetentionDot:
    x: float
    y: float | None
    y_low: float | None
    y_high: float | None
    point: RetainedPoint
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionDrawing:
    frame: Frame
    value_ticks: tuple[Tick, ...]
    dots: tuple[RetentionDot, ...]
    lines: tuple[str, ...]
    full_y: float
    none_y: float


def draw_retention(retention: Retention, frame: Frame, *, write: Write = plain) -> RetentionDrawing:
    """Places of the retention curve; `write` is given shares (1 = 100 %)."""
    known: list[Number] = [0, 1]
    for point in retention.points:
        known += [value for value in (point.share, point.low, point.high) if value is not None]
    low, high, step = value_range(known, lowest=None, highest=None)
    y = Axis(low, high, frame.y0, frame.y1)
    last = max((point.months for point in retention.points), default=12)
    x = Axis(0, max(last, 1), frame.x0 + 20, frame.x1 - 20)
    runs: list[list[tuple[float, float]]] = [[]]
    for point in retention.points:
        if point.share is None:
            runs.append([])
        else:
            runs[-1].append((x(point.months), y(point.share)))
    return RetentionDrawing(
        frame=frame,
        value_ticks=value_ticks(low, high, step, y, write),
        dots=tuple(
            RetentionDot(
                x(point.months),
                None if point.share is None else y(point.share),
                None if point.low is None else y(point.low),
                None if point.high is None else y(point.high),
                point,
                "" if point.share is None else write(point.share),
            )
            for point in retention.points
        ),
        lines=tuple(path(run) for run in runs if len(run) > 1),
        full_y=y(1),
        none_y=y(0),
    )
