"""Frames, axes and round ticks. Knows nothing of indicators."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

Number = Decimal | float | int
Write = Callable[[Number], str]
WriteDate = Callable[[date], str]

TICK_STEPS = (1, 2, 2.5, 5, 10)
MONTH_STEPS = (1, 2, 3, 6, 12, 24, 60, 120, 240, 600)


def plain(value: Number) -> str:
    """A number as text when nobody gave a better way."""
    return f"{float(value):g}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """The drawing's size and the margins around its plot, in units of the view box."""

    name: str
    width: int
    height: int
    top: int
    bottom: int
    start: int
    end: int
    most_dates: int  # date labels that fit side by side

    @property
    def x0(self) -> int:
        return self.start

    @property
    def x1(self) -> int:
        return self.width - self.end

    @property
    def y0(self) -> int:
        """The plot's lower edge."""
        return self.height - self.bottom

    @property
    def y1(self) -> int:
        """The plot's upper edge."""
        return self.top

    @property
    def plot_width(self) -> int:
        return self.x1 - self.x0

    @property
    def plot_height(self) -> int:
        return self.y0 - self.y1


WIDE = Frame(name="wide", width=720, height=310, top=26, bottom=32, start=48, end=92, most_dates=8)
MEDIUM = Frame(name="medium", width=520, height=280, top=26, bottom=32, start=44, end=80, most_dates=5)
NARROW = Frame(name="narrow", width=340, height=250, top=26, bottom=30, start=38, end=68, most_dates=3)


@dataclass(frozen=True, slots=True)
class Tick:
    at: float
    label: str


@dataclass(frozen=True, slots=True)
class Axis:
    """A straight scale: value `low` stands at `at_low`, value `high` at `at_high`."""

    low: float
    high: float
    at_low: float
    at_high: float

    def __call__(self, value: Number) -> float:
        share = (float(value) - self.low) / (self.high - self.low)
        return round(self.at_low + share * (self.at_high - self.at_low), 1)


def round_step(span: float, most: int) -> float:
    """The smallest round step that cuts `span` (> 0) into at most `most` pieces."""
    raw = span / most
    power = 10.0 ** math.floor(math.log10(raw))
    # 1e-9 forgives what floats lose, so that a span of exactly five steps keeps five
    return next(step * power for step in TICK_STEPS if step * power >= raw * (1 - 1e-9))


def value_range(
    values: Iterable[Number], *, lowest: Number | None, highest: Number | None, most: int = 5
) -> tuple[float, float, float]:
    """Round ends and step of a value axis around the values.

    Zero is drawn when it is near: nobody should see a cliff where a value moved from 96 to 95. `lowest` and
    `highest` are the ends of what is possible (0 and 100 for a percentage); the axis never passes them.
    """
    numbers = [float(value) for value in values]
    low, high = (min(numbers), max(numbers)) if numbers else (0.0, 1.0)
    if 0 <= low <= 0.6 * high:
        low = 0.0
    if high <= 0 and high >= 0.6 * low:
        high = 0.0
    if low == high:
        pad = abs(low) * 0.1 or 1.0
        low, high = low - pad, high + pad
    step = round_step(high - low, most)
    bottom, top = math.floor(low / step + 1e-9) * step, math.ceil(high / step - 1e-9) * step
    if lowest is not None:
        bottom = max(bottom, float(lowest))
    if highest is not None:
        top = min(top, float(highest))
    if bottom >= top:
        top = bottom + step
    return bottom, top, step


def value_ticks(low: float, high: float, step: float, axis: Axis, write: Write) -> tuple[Tick, ...]:
    """Ticks on every round multiple of `step` between the ends; `write` gets each with the decimals that all need."""
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    digits = max(0, -math.floor(math.log10(step)) + 1)
    values = [round(index * step, digits) for index in range(first, last + 1)]
    exact = [Decimal(repr(value)) for value in values]
    needed = Decimal(1).scaleb(
        min((int(value.normalize().as_tuple().exponent) for value in exact), default=0)
    )
    unit = min(needed, Decimal(1))
    return tuple(
        Tick(axis(value), write(said.quantize(unit))) for value, said in zip(values, exact, strict=True)
    )


def date_axis(first: date, last: date, frame: Frame) -> Axis:
    """A day-true scale, at least one month wide."""
    low, high = first.toordinal(), max(last.toordinal(), first.toordinal() + 30)
    return Axis(low, high, frame.x0 + 10, frame.x1 - 10)


def date_ticks(axis: Axis, most: int, write_month: WriteDate, write_year: WriteDate) -> tuple[Tick, ...]:
    """Ticks on the first of months or years, as few as fit."""
    low, high = date.fromordinal(int(axis.low)), date.fromordinal(int(axis.high))
    months = (high.year - low.year) * 12 + high.month - low.month + 1
    step = next((step for step in MONTH_STEPS if math.ceil(months / step) <= most), MONTH_STEPS[-1])
    write = write_year if step >= 12 else write_month
    start = low.year * 12 + low.month - 1
    ticks = []
    for index in range(start, high.year * 12 + high.month):
        if index % step:
            continue
        first_of_month = date(index // 12, index % 12 + 1, 1)
        if low <= first_of_month <= high:
            ticks.append(Tick(axis(first_of_month.toordinal()), write(first_of_month)))
    return tuple(ticks)


def path(points: Iterable[tuple[float, float]]) -> str:
    """Points as the `points` attribute of a polyline or polygon."""
    return " ".join(f"{x:g},{y:g}" for x, y in points)


def push_apart(places: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Label heights moved as little as needed: inside the ends, none nearer than `gap`. Keeps the order given."""
    order = sorted(range(len(places)), key=lambda index: places[index])
    moved = list(places)
    least = low
    for index in order:
        moved[index] = max(moved[index], least)
        least = moved[index] + gap
    most = high
    for index in reversed(order):
        moved[index] = min(moved[index], most)
        most = moved[index] - gap
    return [round(place, 1) for place in moved]
