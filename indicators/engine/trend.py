"""Is it moving, and is that more than chance? Chooses the test and finds the word. Never a verdict on the target."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from itertools import pairwise

import numpy as np

from .distributions import normal_quantile
from .kendall import (
    LARGEST_EXACT,
    SIGNIFICANCE,
    MannKendall,
    Rows,
    blocks,
    corrected_rows,
    mann_kendall_rows,
    seasonal_mann_kendall,
    seasonal_slope,
    theil_sen_rows,
)
from .messages import gettext_noop, refuse
from .types import Direction, Refusal, RefusalCode, Trend, TrendWord

MIN_POINTS_SLOPE = 4
MIN_POINTS_TEST = 5
DAYS_PER_YEAR = 365.25
MIN_CYCLES = 3
"""Years that must be there before seasons are told from chance."""
SEASONS = {1: 12, 3: 4, 6: 2}
"""Months between points: points a year."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendQuestion:
    """One series whose trend is asked for.

    `days` and `values` are last day and value of each period with an approved value, in order of time; `direction` says
    which way is better; `has_better` is False for context indicators, which only rise or fall.
    """

    days: tuple[date, ...]
    values: tuple[Decimal, ...]
    direction: Direction
    has_better: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class _Movement:
    """Slope per year with its limits, and the test; no limits beside a seasonal slope."""

    slope: float
    low: float | None
    high: float | None
    test: MannKendall


def trend(points: Sequence[tuple[date, Decimal]], direction: Direction, *, has_better: bool = True) -> Trend:
    """The trend of a series in direction-aware words.

    Args:
        points: last day and value of each period with an approved value, in order of time.
        direction, has_better: as in `TrendQuestion`.

    Returns:
        Fewer than 4 points: INSUFFICIENT. 4: a slope without a test. From 5: a word from the test at 5 %, slope per
        year with a 95 % interval. "No evidence" does not mean stable.

    Source: METHOD 2.5.
    """
    days, values = tuple(day for day, _ in points), tuple(value for _, value in points)
    return trends([TrendQuestion(days=days, values=values, direction=direction, has_better=has_better)])[0]


def trends(asked: Sequence[TrendQuestion]) -> list[Trend]:
    """The `trend` of each series, in their order; series of equal length are computed together."""
    by_length: dict[int, list[int]] = defaultdict(list)
    for place, one in enumerate(asked):
        by_length[len(one.days)].append(place)
    found: dict[int, Trend] = {}
    for n, places in by_length.items():
        if n < MIN_POINTS_SLOPE:
            found |= dict.fromkeys(places, Trend(word=TrendWord.INSUFFICIENT, n=n, refusal=_too_few(n)))
            continue
        for block in blocks(len(places), n):
            some = places[block]
            found |= zip(some, _trends_of_length(n, [asked[place] for place in some]), strict=True)
    return [found[place] for place in range(len(asked))]


def _trends_of_length(n: int, asked: Sequence[TrendQuestion]) -> list[Trend]:
    x = np.array([_years(one.days) for one in asked])
    y = np.array([[float(value) for value in one.values] for one in asked])
    slopes = theil_sen_rows(x, y)
    if n < MIN_POINTS_TEST:
        return [
            Trend(
                word=TrendWord.INSUFFICIENT,
                n=n,
                slope_per_year=slope,
                method="Theil–Sen",
                refusal=_too_few(n),
            )
            for slope, _low, _high in slopes
        ]
    return [
        Trend(
            word=_word(moved.test, one.direction, has_better=one.has_better),
            n=n,
            slope_per_year=moved.slope,
            low=moved.low,
            high=moved.high,
            p_value=moved.test.p_value,
            method=f"{'Theil–Sen' if moved.low is not None else 'seasonal slope'}; {moved.test.method}",
        )
        for moved, one in zip(_movements(x, y, slopes, asked), asked, strict=True)
    ]


def _movements(
    x: Rows, y: Rows, slopes: Sequence[tuple[float, float, float]], asked: Sequence[TrendQuestion]
) -> list[_Movement]:
    tests = mann_kendall_rows(y)
    if y.shape[1] > LARGEST_EXACT:
        tests = corrected_rows(tests, x, y, [slope for slope, _low, _high in slopes])
    ordinary = [
        _Movement(slope=slope, low=low, high=high, test=test)
        for (slope, low, high), test in zip(slopes, tests, strict=True)
    ]
    if y.shape[1] <= LARGEST_EXACT:
        return ordinary
    return [_seasonal(one.days, row) or moved for one, row, moved in zip(asked, y, ordinary, strict=True)]


def _seasonal(days: tuple[date, ...], values: Rows) -> _Movement | None:
    """Slope and test season by season, for a series with a yearly rhythm; else None.

    Sen's interval is of the ordinary slope and would not fit the seasonal one.
    """
    rhythm = _yearly_rhythm(days, values)
    if rhythm is None:
        return None
    return _Movement(slope=seasonal_slope(*rhythm), low=None, high=None, test=seasonal_mann_kendall(*rhythm))


@lru_cache(maxsize=1024)
def _years(days: tuple[date, ...]) -> tuple[float, ...]:
    """Years since the first day; many series share their days."""
    return tuple((day - days[0]).days / DAYS_PER_YEAR for day in days)


def _too_few(n: int) -> Refusal:
    return refuse(
        RefusalCode.N_TOO_SMALL_TREND,
        gettext_noop("%(have)s points; a trend needs at least %(need)s."),
        have=n,
        need=MIN_POINTS_TEST,
    )


def _word(test: MannKendall, direction: Direction, *, has_better: bool) -> TrendWord:
    if test.p_value >= SIGNIFICANCE or test.s == 0:
        return TrendWord.NO_EVIDENCE
    is_rising = test.s > 0
    if not has_better or direction is Direction.RANGE:
        return TrendWord.RISING if is_rising else TrendWord.FALLING
    better_up = direction in {Direction.ASCENDING, Direction.MAINTAIN_ABOVE}
    return TrendWord.IMPROVING if is_rising == better_up else TrendWord.WORSENING


@lru_cache(maxsize=1024)
def _calendar(days: tuple[date, ...]) -> tuple[tuple[int, ...], int, int] | None:
    """Place of each day on the calendar's grid, its length and its periods a year; None where seasons cannot be told.

    At least three years of monthly, quarterly or half-yearly points are needed, four fifths of them there.
    """
    months = [day.year * 12 + day.month for day in days]
    steps = [b - a for a, b in pairwise(months)]
    step = min(steps, default=0)
    if step not in SEASONS or any(s % step for s in steps):
        return None
    seasons = SEASONS[step]
    length = (months[-1] - months[0]) // step + 1
    if length < MIN_CYCLES * seasons or len(days) < 0.8 * length:
        return None
    return tuple((month - months[0]) // step for month in months), length, seasons


def _yearly_rhythm(days: tuple[date, ...], values: Rows) -> tuple[list[float | None], int] | None:
    """The series with its gaps and its periods a year, when it repeats itself from year to year; else None.

    Periodic means: long enough (see `_calendar`) and, once the line is taken out, values alike one year apart
    (autocorrelation above the 5 % border) but not alike half a year apart.
    """
    calendar = _calendar(days)
    if calendar is None:
        return None
    places, length, seasons = calendar
    grid: list[float | None] = [None] * length
    for place, value in zip(places, values.tolist(), strict=True):
        grid[place] = value
    slope = seasonal_slope(grid, seasons) / seasons
    rest = [None if v is None else v - slope * i for i, v in enumerate(grid)]
    known = [v for v in rest if v is not None]
    middle = sum(known) / len(known)
    centred = np.array([0.0 if v is None else v - middle for v in rest])
    power = float(centred @ centred)
    if power <= 1e-12 * max(1.0, abs(middle)) ** 2:
        return None
    yearly = float(centred[:-seasons] @ centred[seasons:]) / power
    half = seasons // 2
    border = normal_quantile(1 - SIGNIFICANCE / 2) / math.sqrt(len(known))
    between = float(centred[:-half] @ centred[half:]) / power
    return (grid, seasons) if yearly > border and between < border else None
