"""What would change our mind, ex-post: which point or unit, left out, or which border, moved, turns the verdict."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from indicators.engine.messages import gettext_noop, message
from indicators.engine.types import Message, PeriodValue

from .checked import checked
from .panel import Panel
from .turn_words import WHOLE_ABOVE, WHOLE_BELOW
from .types import ExPostResult
from .words import includes, shown


class Finding(StrEnum):
    """What a result says, whatever its size."""

    UP = "up"
    DOWN = "down"
    CANNOT_TELL = "cannot_tell"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Turned:
    """One point or unit without which the result says something else."""

    without: str
    finding_now: Finding
    finding_then: Finding
    value_then: float | None
    text: Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Margin:
    """How far a result is from a border that would turn the verdict on it, in its own unit."""

    border: float
    clears: Finding
    """UP: the whole interval is above the border, DOWN: below, CANNOT_TELL: the border lies inside."""
    distance: float
    """From the nearer end of the interval, or the value without one, to the border; 0 when it lies inside."""
    text: Message


def finding(result: ExPostResult) -> Finding:
    """Direction of a result against "no change" (0, or 1 for ratios of rates); cannot tell without an interval."""
    if result.value is None:
        return Finding.REFUSED
    no_change = 1.0 if result.params.get("kind") == "rate_ratio" else 0.0
    has_interval = result.low is not None or result.high is not None
    is_unsure = result.p_value is not None and result.p_value >= 0.05 and not has_interval
    if is_unsure or (not has_interval and result.p_value is None):
        return Finding.CANNOT_TELL
    if has_interval and includes(no_change, result.low, result.high):
        return Finding.CANNOT_TELL
    return Finding.UP if result.value > no_change else Finding.DOWN


def points_that_turn(
    series: Sequence[PeriodValue],
    compute: Callable[[Sequence[PeriodValue]], ExPostResult],
    *,
    quick: Sequence[Finding | None] = (),
) -> tuple[Turned, ...]:
    """Periods that, emptied alone, turn what the result says.

    Args:
        series: as given to the method.
        compute: the method with all its other arguments, e.g. ``lambda s: interrupted_series(s, split_on=day)``.
        quick: by place in the series what the result would say without it (`leave_out`), None where that is in doubt.
            Only what surely says the same is not computed again; every row that is given back was.
    """
    now = finding(compute(series))
    turned: list[Turned] = []
    for i, one in enumerate(series):
        if one.value is None or (quick and quick[i] is now):
            continue
        empty = replace(one, value=None, numerator=None, denominator=None, standard_error=None, n=None)
        turned += _turned(one.label, now, compute([*series[:i], empty, *series[i + 1 :]]))
    return tuple(turned)


def units_that_turn(
    panel: Panel, compute: Callable[[Panel], ExPostResult], *, quick: Sequence[Finding | None] = ()
) -> tuple[Turned, ...]:
    """Comparison units that, left out alone, turn what the result says; `quick` as for `points_that_turn`, by unit."""
    now = finding(compute(panel))
    turned: list[Turned] = []
    for place, one in enumerate(panel.units):
        if one.is_treated or (quick and quick[place] is now):
            continue
        rest = tuple(other for other in panel.units if other.name != one.name)
        turned += _turned(one.name, now, compute(replace(panel, units=rest)))
    return tuple(turned)


def rows_that_turn(
    names: Sequence[str],
    compute: Callable[[Sequence[int]], ExPostResult],
    *,
    quick: Sequence[Finding | None] = (),
) -> tuple[Turned, ...]:
    """People or functions that, left out alone, turn what the result says; `compute` gets the places that are kept.

    `quick` as for `points_that_turn`.
    """
    every = list(range(len(names)))
    now = finding(compute(every))
    turned: list[Turned] = []
    for i, name in enumerate(names):
        if quick and quick[i] is now:
            continue
        turned += _turned(name, now, compute([k for k in every if k != i]))
    return tuple(turned)


@checked
def margin(result: ExPostResult, border: float) -> Margin | None:
    """Distance of a result to a border: the smallest change that matters, or a retention band. None when refused.

    Moving the border by more than the distance, past the nearer end of the interval, turns the verdict.
    """
    if result.value is None:
        return None
    low = result.value if result.low is None else result.low
    high = result.value if result.high is None else result.high
    if result.low is None and result.high is not None:
        low = float("-inf")
    if result.high is None and result.low is not None:
        high = float("inf")
    if low > border:
        clears, distance = Finding.UP, low - border
        text = WHOLE_ABOVE
    elif high < border:
        clears, distance = Finding.DOWN, border - high
        text = WHOLE_BELOW
    else:
        clears, distance = Finding.CANNOT_TELL, 0.0
        text = gettext_noop("%(border)s lies inside the interval: it cannot be told whether it was reached.")
    turns = low if clears is Finding.UP else high
    turning = shown(turns) if abs(turns) != float("inf") else "–"
    said = message(text, border=shown(border), turns=turning)
    return Margin(border=border, clears=clears, distance=distance, text=said)


def _turned(name: str, now: Finding, result: ExPostResult) -> list[Turned]:
    then = finding(result)
    if then is now:
        return []
    text = message(gettext_noop("Without %(name)s the result would say something else."), name=name)
    return [Turned(without=name, finding_now=now, finding_then=then, value_then=result.value, text=text)]
