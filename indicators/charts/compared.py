"""What happened beside what would have: observed and expected lines, event studies, ranks among placebos. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from indicators.charts.scales import Axis, Frame, Number, Tick, Write, path, plain, value_range, value_ticks

Places = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line over the periods, None where there is no value."""

    name: str
    values: Sequence[Number | None]
    kind: str = "observed"
    """observed: points joined; expected: what would have come; other: somebody else's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodLines:
    """Lines over labelled periods, the break between before and after, a band around what was expected."""

    title: str
    unit: str = ""
    periods: Sequence[str]
    lines: Sequence[Line]
    low: Sequence[Number | None] = ()
    high: Sequence[Number | None] = ()
    breaks_before: int | None = None
    """Place of the first period after; None: it is not known."""
    break_label: str = ""
    transition: tuple[int, int] | None = None
    """First and last place of the periods that count on neither side."""


@dataclass(frozen=True, slots=True)
class DrawnLine:
    line: Line
    runs: tuple[str, ...]
    dots: tuple[tuple[float, float, str], ...]
    """x, y and what the point says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinesDrawing:
    frame: Frame
    value_ticks: tuple[Tick, ...]
    period_ticks: tuple[Tick, ...]
    band: str
    lines: tuple[DrawnLine, ...]
    break_x: float | None
    zero_y: float | None
    transition: tuple[float, float] | None
    """Start and width of the strip in transition."""


def draw_lines(shown: PeriodLines, frame: Frame, *, write: Write = plain) -> LinesDrawing:
    """Places of the lines; the band is drawn where it has both ends."""
    known = [v for line in shown.lines for v in line.values if v is not None]
    known += [v for v in (*shown.low, *shown.high) if v is not None]
    low, high, step = value_range(known, lowest=None, highest=None)
    y = Axis(low, high, frame.y0, frame.y1)
    x = Axis(0, max(len(shown.periods) - 1, 1), frame.x0 + 12, frame.x1 - 12)
    return LinesDrawing(
        frame=frame,
        value_ticks=value_ticks(low, high, step, y, write),
        period_ticks=period_ticks(shown.periods, x, frame.most_dates),
        band=_band(shown, x, y),
        lines=tuple(_drawn(line, shown.periods, x, y, write) for line in shown.lines),
        break_x=None if shown.breaks_before is None else round(x(shown.breaks_before - 0.5), 1),
        zero_y=y(0) if low < 0 < high else None,
        transition=None if shown.transition is None else _strip(shown.transition, x),
    )


def _strip(places: tuple[int, int], x: Axis) -> tuple[float, float]:
    first, last = x(places[0] - 0.5), x(places[1] + 0.5)
    return round(first, 1), round(last - first, 1)


def period_ticks(periods: Sequence[str], x: Axis, most: int) -> tuple[Tick, ...]:
    """Labels of as many periods as fit, evenly spaced from the first."""
    step = max(1, -(-len(periods) // max(most, 1)))
    return tuple(Tick(x(place), periods[place]) for place in range(0, len(periods), step))


def _drawn(line: Line, periods: Sequence[str], x: Axis, y: Axis, write: Write) -> DrawnLine:
    runs: list[list[tuple[float, float]]] = [[]]
    dots = []
    for place, value in enumerate(line.values):
        if value is None:
            runs.append([])
            continue
        runs[-1].append((x(place), y(value)))
        dots.append((x(place), y(value), f"{periods[place]}: {write(value)}"))
    return DrawnLine(line, tuple(path(run) for run in runs if len(run) > 1), tuple(dots))


def _band(shown: PeriodLines, x: Axis, y: Axis) -> str:
    ends = [
        (place, low, high)
        for place, (low, high) in enumerate(zip(shown.low, shown.high, strict=False))
        if low is not None and high is not None
    ]
    upper = [(x(place), y(high)) for place, _low, high in ends]
    lower = [(x(place), y(low)) for place, low, _high in reversed(ends)]
    return path([*upper, *lower]) if len(ends) > 1 else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyPoint:
    """The distance of both groups in one period, against the last one before; time −1 is that one itself."""

    period: str
    time: int
    value: Number | None
    low: Number | None = None
    high: Number | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EventStudy:
    title: str
    unit: str = ""
    points: Sequence[StudyPoint]


@dataclass(frozen=True, slots=True)
class StudyDot:
    x: float
    y: float | None
    y_low: float | None
    y_high: float | None
    point: StudyPoint
    excludes_zero: bool
    is_reference: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyDrawing:
    frame: Frame
    value_ticks: tuple[Tick, ...]
    period_ticks: tuple[Tick, ...]
    dots: tuple[StudyDot, ...]
    zero_y: float
    break_x: float | None


def draw_event_study(study: EventStudy, frame: Frame, *, write: Write = plain) -> StudyDrawing:
    """Places of the dots with their whiskers around the line of no difference."""
    known: list[Number] = [0]
    for point in study.points:
        known += [v for v in (point.value, point.low, point.high) if v is not None]
    low, high, step = value_range(known, lowest=None, highest=None)
    y = Axis(low, high, frame.y0, frame.y1)
    x = Axis(0, max(len(study.points) - 1, 1), frame.x0 + 14, frame.x1 - 14)
    first_after = next((place for place, point in enumerate(study.points) if point.time >= 0), None)
    return StudyDrawing(
        frame=frame,
        value_ticks=value_ticks(low, high, step, y, write),
        period_ticks=period_ticks([point.period for point in study.points], x, frame.most_dates),
        dots=tuple(
            StudyDot(
                x(place),
                None if point.value is None else y(point.value),
                None if point.low is None else y(point.low),
                None if point.high is None else y(point.high),
                point,
                point.low is not None and point.high is not None and not point.low <= 0 <= point.high,
                point.time == -1,
            )
            for place, point in enumerate(study.points)
        ),
        zero_y=y(0),
        break_x=None if first_after is None else round(x(first_after - 0.5), 1),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class GapLines:
    """How far the treated one lies from its synthetic control, period by period, and each placebo from its own."""

    title: str
    unit: str = ""
    periods: Sequence[str]
    treated: Line
    placebos: Sequence[Line]
    breaks_before: int | None = None
    break_label: str = ""
    left_out: Sequence[str] = ()
    """Placebos that fitted too badly before to be drawn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GapsDrawing:
    frame: Frame
    value_ticks: tuple[Tick, ...]
    period_ticks: tuple[Tick, ...]
    treated: DrawnLine
    placebos: tuple[DrawnLine, ...]
    zero_y: float
    break_x: float | None


def draw_gaps(shown: GapLines, frame: Frame, *, write: Write = plain) -> GapsDrawing:
    """Places of the treated one's line among those of the placebos, around the line of no gap."""
    lines = (shown.treated, *shown.placebos)
    known: list[Number] = [0, *(v for line in lines for v in line.values if v is not None)]
    low, high, step = value_range(known, lowest=None, highest=None)
    y = Axis(low, high, frame.y0, frame.y1)
    x = Axis(0, max(len(shown.periods) - 1, 1), frame.x0 + 12, frame.x1 - 12)
    return GapsDrawing(
        frame=frame,
        value_ticks=value_ticks(low, high, step, y, write),
        period_ticks=period_ticks(shown.periods, x, frame.most_dates),
        treated=_drawn(shown.treated, shown.periods, x, y, write),
        placebos=tuple(_drawn(line, shown.periods, x, y, write) for line in shown.placebos),
        zero_y=y(0),
        break_x=None if shown.breaks_before is None else round(x(shown.breaks_before - 0.5), 1),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class GapRow:
    """One period: the treated one's gap beside the placebos'."""

    period: str
    treated: Number | None
    lowest: Number | None
    middle: Number | None
    highest: Number | None
    farther: int
    """Placebos that lie farther from nought."""


def gap_rows(shown: GapLines) -> list[GapRow]:
    """The picture as a table."""
    found = []
    for place, period in enumerate(shown.periods):
        own = shown.treated.values[place]
        others = sorted(float(v) for line in shown.placebos if (v := line.values[place]) is not None)
        found.append(
            GapRow(
                period=period,
                treated=own,
                lowest=others[0] if others else None,
                middle=median(others) if others else None,
                highest=others[-1] if others else None,
                farther=0 if own is None else sum(abs(v) > abs(float(own)) for v in others),
            )
        )
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class RankedUnit:
    """One unit's break; the treated one among the others."""

    name: str
    value: Number
    is_treated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranks:
    title: str
    unit: str = ""
    rows: Sequence[RankedUnit]


@dataclass(frozen=True, slots=True)
class Bar:
    row: RankedUnit
    y: int
    width: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RanksDrawing:
    width: int
    height: int
    x0: int
    bars: tuple[Bar, ...]


BAR_ROW = 40


def draw_ranks(ranks: Ranks, frame: Frame) -> RanksDrawing:
    """Bars from nought, the largest first as they were given; the height grows with the rows."""
    largest = max((float(row.value) for row in ranks.rows), default=1.0) or 1.0
    room = frame.width - 20
    return RanksDrawing(
        width=frame.width,
        height=BAR_ROW * len(ranks.rows) + 8,
        x0=10,
        bars=tuple(
            Bar(row, BAR_ROW * place + 4, round(room * float(row.value) / largest, 1))
            for place, row in enumerate(ranks.rows)
        ),
    )
