"""Which change each method would find with so many points, from the spread of the figures so far."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

import numpy as np

from indicators.engine.messages import message
from indicators.engine.types import Message, PeriodValue, Refusal

from . import outlook_words as say
from . import power
from .segmented import Floats
from .situation import COMPUTED_FROM, MIN_PAIRS, MIN_POINTS_MEAN, Method
from .types import Param

MIN_FOR_LINE = 6
"""Points before from which their spread around a line is estimated [rule]."""
MIN_PERIODS_UNIT = 2
MIN_SPARE_UNITS = 2
"""Units beyond one a group from which the spread of their changes is estimated [rule]."""
USUAL_RHO = 0.3
LARGEST_RHO = 0.8

Series = Sequence[PeriodValue]
Size = float | None
"""The smallest change that would be found, without sign, in the indicator's unit; None when none would."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What a plan expects, and what is known so far: series of the time before the change, and nobody's name."""

    method: Method
    smallest_change: float
    """In the indicator's unit, above 0."""
    n_before: int = 0
    n_after: int = 0
    """Points expected on each side at the last measurement."""
    series: Series = ()
    """The treated as one."""
    treated: Mapping[str, Series] = field(default_factory=dict)
    comparisons: Mapping[str, Series] = field(default_factory=dict)
    scale: float = 1.0
    """What a share is multiplied with, e.g. 100."""
    rises: bool | None = None
    """Whether the change that is hoped for is a rise; None when it is not known."""
    pairs: int = 0
    """People expected with both scores; the same number is taken for a comparison group."""
    scores: Sequence[Sequence[float]] = ()
    """Scores before and after of earlier people."""
    ends: Sequence[date] = ()
    """Last days of the periods after the change, as far ahead as is looked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """How one method sees: which change it would find with so many points (or people)."""

    size_at: Callable[[int], Size]
    assumed: Mapping[str, Param]
    notes: tuple[Message, ...] = ()
    waiting_helps: bool = True


def _values(series: Series) -> Floats:
    return np.array([float(p.value) for p in series if p.value is not None])


def _line(values: Floats) -> tuple[float, float]:
    """Spread around the straight line, and how alike neighbouring distances from it are.

    With fewer than 12 points rho says nothing and the usual 0.3 stands for it.
    """
    t = np.arange(float(len(values)))
    rest = values - np.polyval(np.polyfit(t, values, 1), t)
    spread = math.sqrt(float(rest @ rest) / (len(values) - 2))
    if len(values) < COMPUTED_FROM or spread == 0:
        return spread, USUAL_RHO
    return spread, min(max(float(rest[1:] @ rest[:-1]) / float(rest @ rest), 0.0), LARGEST_RHO)


def _interrupted(expected: Expected) -> Sight | Message:
    return _level(expected, _values(expected.series))


def _comparative(expected: Expected) -> Sight | Message:
    """The same of the distance to the mean of the comparisons, in the periods that all have."""
    own = {p.label: float(p.value) for p in expected.series if p.value is not None}
    others = [
        {p.label: float(p.value) for p in one if p.value is not None} for one in expected.comparisons.values()
    ]
    shared = [label for label in own if all(label in one for one in others)]
    distance = (
        [own[label] - sum(one[label] for one in others) / len(others) for label in shared] if others else []
    )
    return _level(expected, np.array(distance))


def _level(expected: Expected, values: Floats) -> Sight | Message:
    if len(values) < MIN_FOR_LINE:
        return message(say.FEW_BEFORE, have=len(values), need=MIN_FOR_LINE)
    sd, rho = _line(values)
    if sd <= 1e-9 * max(1.0, float(np.abs(values).max())):
        return message(say.NO_SPREAD)

    def size_at(n: int) -> Size:
        found = power.detectable_level(expected.n_before, n, sd, rho=rho)
        return None if isinstance(found, Refusal) else found.change

    return Sight(size_at=size_at, assumed={"sd": sd, "rho": rho}, notes=(message(say.RHO_TAKEN),))


def _means(expected: Expected) -> Sight | Message:
    values = _values(expected.series)
    if len(values) < MIN_POINTS_MEAN:
        return message(say.FEW_BEFORE, have=len(values), need=MIN_POINTS_MEAN)
    sd = float(values.std(ddof=1))
    if sd == 0:
        return message(say.NO_SPREAD)

    def size_at(n: int) -> Size:
        return power.detectable_mean(expected.n_before, n, sd) if min(expected.n_before, n) >= 2 else None

    return Sight(size_at=size_at, assumed={"sd": sd})


def _shares(expected: Expected) -> Sight | Message:
    parts = [
        (p.numerator, p.denominator)
        for p in expected.series
        if p.numerator is not None and p.denominator is not None
    ]
    total = sum((d for _n, d in parts), Decimal(0))
    if total <= 0:
        return message(say.NO_PARTS)
    share = float(sum((n for n, _d in parts), Decimal(0)) / total)
    each = float(total) / len(parts)
    if not 0 <= share <= 1:
        return message(say.NO_PARTS)

    def size_at(n: int) -> Size:
        before, after = (max(round(each * count), 1) for count in (expected.n_before, n))
        found = power.detectable_share(share, before, after)
        return _towards(found.change, found.falling, expected.rises, expected.scale)

    return Sight(size_at=size_at, assumed={"share_before": share, "cases_a_period": each})


def _rates(expected: Expected) -> Sight | Message:
    counts = _values(expected.series)
    if not len(counts):
        return message(say.FEW_BEFORE, have=0, need=1)
    rate = float(counts.mean())
    if rate <= 0:
        return message(say.NO_EVENTS)
    spread = float(counts.var(ddof=1)) / rate if len(counts) >= MIN_POINTS_MEAN else 1.0
    dispersion = max(spread, 1.0)

    def size_at(n: int) -> Size:
        found = power.detectable_rate(rate, float(expected.n_before), float(n), dispersion=dispersion)
        up = None if found.change is None else found.change - 1
        down = None if found.falling is None else found.falling - 1
        return _towards(up, down, expected.rises, rate)

    return Sight(size_at=size_at, assumed={"rate_before": rate, "dispersion": dispersion})


def _towards(up: float | None, down: float | None, rises: bool | None, scale: float) -> Size:
    """The size in the direction that is hoped for; of an unknown one the larger of both."""
    wanted = {True: (up,), False: (down,), None: (up, down)}[rises]
    sizes = [abs(one) * scale for one in wanted if one is not None]
    return max(sizes) if len(sizes) == len(wanted) else None


def _differences(expected: Expected) -> Sight | Message:
    """How differently places moved between the halves of the time before stands for how they will."""
    groups = [_moves(one) for one in (expected.treated, expected.comparisons)]
    spare = sum(max(len(one) - 1, 0) for one in groups)
    if spare < MIN_SPARE_UNITS or not all(len(one) for one in groups):
        have = sum(len(one) for one in groups)
        return message(say.FEW_UNITS, need=MIN_SPARE_UNITS + 2, have=have)
    sd = math.sqrt(sum(float(((one - one.mean()) ** 2).sum()) for one in groups) / spare)
    if sd == 0:
        return message(say.NO_SPREAD)
    treated, others = len(expected.treated), len(expected.comparisons)
    found = power.detectable_did(treated, others, sd)
    if isinstance(found, Refusal):
        return found.message
    change = found.change
    return Sight(size_at=lambda _n: change, assumed={"sd_change": sd}, waiting_helps=False)


def _moves(units: Mapping[str, Series]) -> Floats:
    """Mean of the second half of the time before − mean of the first, of each unit that has both."""
    found = []
    for one in units.values():
        values = _values(one)
        if len(values) >= MIN_PERIODS_UNIT:
            half = len(values) // 2
            found.append(float(values[half:].mean() - values[:half].mean()))
    return np.array(found)


def _gains(expected: Expected) -> Sight | Message:
    why = _nobody(expected)
    if why is not None:
        return why
    before, after = _columns(expected.scores)
    sd = float((after - before).std(ddof=1))
    mean_sd = math.sqrt((float(before.var(ddof=1)) + float(after.var(ddof=1))) / 2)
    if min(sd, mean_sd) == 0:
        return message(say.NO_SPREAD)

    def size_at(pairs: int) -> Size:
        found = power.detectable_gain(pairs, sd)
        return None if isinstance(found, Refusal) or found.change is None else found.change / mean_sd

    return Sight(size_at=size_at, assumed={"sd_difference": sd, "sd_scores": mean_sd})


def _gains_beside(expected: Expected) -> Sight | Message:
    """With as many people beside as in the course."""
    why = _nobody(expected)
    if why is not None:
        return why
    before, after = _columns(expected.scores)
    sd, sd_before = float((after - before).std(ddof=1)), float(before.std(ddof=1))
    if min(sd, sd_before) == 0:
        return message(say.NO_SPREAD)

    def size_at(pairs: int) -> Size:
        return power.detectable_mean(pairs, pairs, sd) / sd_before if pairs >= MIN_PAIRS else None

    return Sight(size_at=size_at, assumed={"sd_difference": sd, "sd_before": sd_before})


def _nobody(expected: Expected) -> Message | None:
    if expected.pairs < MIN_PAIRS:
        return message(say.NO_SEATS, have=expected.pairs, need=MIN_PAIRS)
    if len(expected.scores) < MIN_PAIRS:
        return message(say.NOBODY_TESTED, have=len(expected.scores), need=MIN_PAIRS)
    return None


def _columns(scores: Sequence[Sequence[float]]) -> tuple[Floats, Floats]:
    table = np.array([[float(one) for one in row] for row in scores])
    return table[:, 0], table[:, 1]


SIGHTS: Mapping[Method, Callable[[Expected], Sight | Message]] = {
    Method.INTERRUPTED_SERIES: _interrupted,
    Method.INTERRUPTED_COUNTS: _rates,
    Method.COMPARATIVE_INTERRUPTED_SERIES: _comparative,
    Method.MEANS_BEFORE_AFTER: _means,
    Method.PROPORTIONS_BEFORE_AFTER: _shares,
    Method.RATES_BEFORE_AFTER: _rates,
    Method.DIFFERENCE_IN_DIFFERENCES: _differences,
    Method.PAIRED_GAIN: _gains,
    Method.PAIRED_GAIN_WITH_COMPARISON: _gains_beside,
}
"""Methods of which something can be said beforehand."""
