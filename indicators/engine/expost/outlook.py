"""Before a phase starts: could the data that a plan expects show the change that matters, and from when on?"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from indicators.engine.messages import message
from indicators.engine.types import Message

from . import outlook_words as say
from .sights import SIGHTS, Expected, Sight, Size
from .situation import COMPUTED_FROM, MIN_PAIRS, MIN_POINTS_INTERRUPTED, MIN_POINTS_MEAN, Method
from .types import Param
from .words import shown

MOST_PEOPLE = 2000


class Enough(StrEnum):
    """Whether the data that are expected would show the smallest change that matters."""

    ENOUGH = "enough"
    TOO_FEW = "too_few"
    CANNOT_SAY = "cannot_say"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """The smallest change that would be found in 80 of 100 such programmes, beside the one that matters."""

    state: Enough
    smallest_change: float
    change: float | None = None
    """In the indicator's unit, without sign; None when none would be found or it cannot be said."""
    computed_on: date | None = None
    """From when the method computes at all, if every period brings its value."""
    enough_on: date | None = None
    """From when the smallest change that matters would be found; None where waiting does not bring it."""
    said: tuple[Message, ...] = ()
    assumed: Mapping[str, Param] = field(default_factory=dict)
    """What was taken for granted: the spread so far, how alike neighbouring values are."""


LEAST = {
    Method.INTERRUPTED_SERIES: MIN_POINTS_INTERRUPTED,
    Method.INTERRUPTED_COUNTS: MIN_POINTS_INTERRUPTED,
    Method.COMPARATIVE_INTERRUPTED_SERIES: MIN_POINTS_INTERRUPTED,
    Method.MEANS_BEFORE_AFTER: MIN_POINTS_MEAN,
}
"""Points after from which a method computes at all; one is enough for the others."""
PEOPLE = {Method.PAIRED_GAIN, Method.PAIRED_GAIN_WITH_COMPARISON}
NO_CALENDAR = PEOPLE | {
    Method.PARTICIPANT_RETENTION,
    Method.SERIES_RETENTION,
    Method.SHARE_KEPT,
    Method.CONTRIBUTION_RATING,
}
"""Methods whose first day does not follow from periods after the change."""


def outlook(expected: Expected) -> Outlook:
    """What may be hoped for, from what is known before the change.

    Returns:
        Outlook. CANNOT_SAY with its reason where the method tests nothing, where its test rests on ranks alone, or
        where too little is known so far to estimate a spread. `said` are sentences for a reader without statistics.

    Source: METHOD 2.8, 2.10, 2.11; the power functions of `power`.
    """
    look = SIGHTS.get(expected.method)
    found = message(say.NO_POWER.get(expected.method, say.NO_WAY)) if look is None else look(expected)
    if isinstance(found, Message):
        return _cannot(expected, found)
    return _of_people(expected, found) if expected.method in PEOPLE else _over_time(expected, found)


def _cannot(expected: Expected, why: Message) -> Outlook:
    said = [message(say.CANNOT), why]
    donors = len(expected.comparisons)
    if expected.method is Method.SYNTHETIC_CONTROL and donors:
        said.append(message(say.PLACEBO_FLOOR, donors=donors, floor=shown(1 / (donors + 1))))
    is_dated = expected.method not in NO_CALENDAR
    computed_on = _day(expected, LEAST.get(expected.method, 1)) if is_dated else None
    return Outlook(
        state=Enough.CANNOT_SAY,
        smallest_change=expected.smallest_change,
        computed_on=computed_on,
        said=tuple(said),
    )


def _over_time(expected: Expected, sight: Sight) -> Outlook:
    change = sight.size_at(expected.n_after)
    smallest = expected.smallest_change
    is_enough = change is not None and change <= smallest
    computed_on = _day(expected, LEAST.get(expected.method, 1))
    first = first_enough(sight.size_at, smallest, len(expected.ends)) if sight.waiting_helps else None
    enough_on = None if first is None else _day(expected, max(first, LEAST.get(expected.method, 1)))
    figures = {"before": expected.n_before, "after": expected.n_after, "smallest": shown(smallest)}
    if change is None:
        said = [message(say.NONE_SEEN, **figures)]
    else:
        said = [message(say.ENOUGH if is_enough else say.TOO_FEW, change=shown(change), **figures)]
    if computed_on is not None:
        said.append(message(say.COMPUTED_ON, day=computed_on))
    if not sight.waiting_helps:
        said += [] if is_enough else [message(say.UNITS_NOT_TIME)]
    elif enough_on is not None:
        said.append(message(say.ENOUGH_ON, smallest=shown(smallest), day=enough_on))
    elif not is_enough:
        said.append(message(say.NEVER, ahead=len(expected.ends)))
    if LEAST.get(expected.method) == MIN_POINTS_INTERRUPTED and _shorter(expected) < COMPUTED_FROM:
        said.append(message(say.INDICATIVE))
    return Outlook(
        state=Enough.ENOUGH if is_enough else Enough.TOO_FEW,
        smallest_change=smallest,
        change=change,
        computed_on=computed_on,
        enough_on=enough_on,
        said=(*said, *sight.notes, message(say.SPREAD_SO_FAR)),
        assumed=sight.assumed,
    )


def _of_people(expected: Expected, sight: Sight) -> Outlook:
    change = sight.size_at(expected.pairs)
    smallest = expected.smallest_change
    is_enough = change is not None and change <= smallest
    need = first_enough(sight.size_at, smallest, MOST_PEOPLE)
    text = say.PEOPLE_ENOUGH if is_enough else say.PEOPLE_NEVER if need is None else say.PEOPLE_TOO_FEW
    said = message(
        text,
        pairs=expected.pairs,
        change=shown(change or 0),
        smallest=shown(smallest),
        need=max(need or 0, MIN_PAIRS),
        most=MOST_PEOPLE,
    )
    return Outlook(
        state=Enough.ENOUGH if is_enough else Enough.TOO_FEW,
        smallest_change=smallest,
        change=change,
        said=(said, *sight.notes, message(say.SPREAD_SO_FAR)),
        assumed=sight.assumed,
    )


def first_enough(size_at: Callable[[int], Size], smallest: float, most: int) -> int | None:
    """The fewest points with which a change as small would be found; more points never find less.

    >>> first_enough(lambda n: 10 / n, 3, 20)
    4
    """

    def is_enough(n: int) -> bool:
        size = size_at(n)
        return size is not None and size <= smallest

    place = bisect_left(range(1, most + 1), True, key=is_enough)
    return place + 1 if place < most else None


def _day(expected: Expected, points: int) -> date | None:
    return expected.ends[points - 1] if 0 < points <= len(expected.ends) else None


def _shorter(expected: Expected) -> int:
    return min(expected.n_before, expected.n_after)
