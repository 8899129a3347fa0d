"""Small cells are not published, nor anything from which they follow. Changes no figure; decides what is shown."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from .reach import Equation, reachable

SMALLEST_SHOWN = 5
"""Cells of 1 to 4 persons are suppressed; 0 is shown, because nobody is in it (METHOD 2.11, SMALL_CELL)."""

MOST_ROUNDS = 50
TINY = 1e-9
MOST_TRIED = 60
"""In larger tables no hidden cell is tried for showing again: it costs time and only ever shows more."""

Key = frozenset[tuple[str, str]]
"""What a cell is about: (dimension, category) pairs; the total has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppression:
    """Which cells stay hidden."""

    small: frozenset[str]
    """Hidden because they hold 1 to 4 persons."""
    complementary: frozenset[str]
    """Hidden because a small one could be worked out from them."""

    @property
    def hidden(self) -> frozenset[str]:
        return self.small | self.complementary


@dataclass(frozen=True, slots=True)
class _Sum:
    """A published addition: one cell is the sum of others, or holds at least as many as they do."""

    whole: Key
    parts: tuple[Key, ...]
    cells: frozenset[Key]
    is_equal: bool


def cell_parts(cell: str) -> Key:
    """``nation=KWT;sex=female`` as pairs.

    >>> sorted(cell_parts("sex=female;nation=KWT"))
    [('nation', 'KWT'), ('sex', 'female')]
    """
    pairs = (part.partition("=") for part in cell.split(";") if part.strip())
    return frozenset((name.strip(), code.strip()) for name, _, code in pairs)


def cell_of(key: Iterable[tuple[str, str]]) -> str:
    """The canonical cell of some pairs."""
    return ";".join(f"{name}={code}" for name, code in sorted(key))


def suppress(
    persons: Mapping[str, Decimal | int | None],
    *,
    smallest: int = SMALLEST_SHOWN,
    always_shown: Iterable[str] = (),
) -> Suppression:
    """Decide which cells of one table of persons are hidden.

    Args:
        persons: persons by cell (canonical key, "" for the total), sub-totals included, over any number of dimensions;
            None where nothing was reported, which hides nothing and adds nothing.
        smallest: fewest persons that may be shown, 1 or more.
        always_shown: cells that are published anyway, whatever they hold, such as a total that stands elsewhere.

    Returns:
        After suppression a reader who knows every shown cell, every addition among them and that hidden cells hold at
        least one person cannot tell any small cell exactly, nor that it holds fewer than `smallest`: each can still be
        `smallest` or more. Where other cells must be hidden for that, the one that holds the fewest persons goes first.

    Source: METHOD 2.11; Hundepool et al. (2012), Statistical Disclosure Control, ch. 4.

    >>> found = suppress({"": 40, "sex=f": 3, "sex=m": 37})
    >>> sorted(found.small), sorted(found.complementary)
    (['sex=f'], ['sex=m'])
    """
    known = {cell_parts(cell): float(n) for cell, n in persons.items() if n is not None}
    names = {cell_parts(cell): cell for cell in persons}
    sums = _sums(known)
    fixed = {cell_parts(cell) for cell in always_shown}
    small = {key for key, n in known.items() if 0 < n < smallest and key not in fixed}
    hidden = set(small)
    while exposed := _exposed(known, sums, hidden, small, smallest):
        added: set[Key] = set()
        for key in exposed:
            # What was hidden for another small cell a moment ago may already protect this one.
            if not any(added & one.cells and key in one.cells for one in sums):
                added |= _next_to_hide(key, known, sums, hidden | added, fixed)
        if not added:
            break
        hidden |= added
    _show_again(known, sums, hidden, small, smallest)
    return Suppression(
        small=frozenset(names[key] for key in small),
        complementary=frozenset(names[key] for key in hidden - small),
    )


def _show_again(
    known: Mapping[Key, float], sums: list[_Sum], hidden: set[Key], small: set[Key], smallest: int
) -> None:
    """Hide no more than is needed: the cells that hold most come back first, as long as all small ones stay safe."""
    if len(hidden) > MOST_TRIED or _exposed(known, sums, hidden, small, smallest):
        return
    for key in sorted(hidden - small, key=lambda k: (len(k), -known[k], sorted(k))):
        if not _exposed(known, sums, hidden - {key}, small, smallest):
            hidden.remove(key)


def _sums(known: Mapping[Key, float]) -> list[_Sum]:
    """Every addition that the table shows: a cell and the cells that split it, in the smallest steps there are."""
    by_dimensions: dict[frozenset[str], list[Key]] = {}
    for key in known:
        by_dimensions.setdefault(frozenset(name for name, _ in key), []).append(key)
    found = []
    for whole in sorted(known, key=_order):
        own = frozenset(name for name, _ in whole)
        splits: list[frozenset[str]] = []
        for dimensions, keys in sorted(
            by_dimensions.items(), key=lambda item: (len(item[0]), sorted(item[0]))
        ):
            if not own < dimensions or any(step < dimensions for step in splits):
                continue
            parts = tuple(sorted((key for key in keys if whole < key), key=_order))
            missing = known[whole] - sum(known[key] for key in parts)
            # Parts that are more than their whole contradict it and tell a reader nothing.
            if parts and missing > -TINY:
                splits += [dimensions] if missing < TINY else []
                found.append(_Sum(whole, parts, frozenset((whole, *parts)), missing < TINY))
    return found


def _order(key: Key) -> tuple[int, list[tuple[str, str]]]:
    return len(key), sorted(key)


def _exposed(
    known: Mapping[Key, float], sums: list[_Sum], hidden: set[Key], small: set[Key], smallest: int
) -> list[Key]:
    """Small cells that can still be worked out, or be known to be small; none when all are safe."""
    if not small:
        return []
    touched = [one for one in sums if one.cells & hidden]
    highest = _highest(known, touched, hidden)
    found = [key for key in small if highest[key] < smallest - TINY]
    if not found:
        found = list(_out_of_reach(known, touched, hidden, small, smallest))
    return sorted(found, key=_order)


def _highest(known: Mapping[Key, float], sums: list[_Sum], hidden: set[Key]) -> dict[Key, float]:
    """The most that each hidden cell can hold, as far as additions tell, when nobody hidden means at least one."""
    low = {key: (min(known[key], 1.0) if key in hidden else known[key]) for key in known}
    high = {key: (math.inf if key in hidden else known[key]) for key in known}
    for _ in range(MOST_ROUNDS):
        changed = False
        for one in sums:
            floor = sum(low[part] for part in one.parts)
            endless = [part for part in one.parts if math.isinf(high[part])]
            top = math.inf if endless or not one.is_equal else sum(high[part] for part in one.parts)
            changed |= _narrow(low, high, one.whole, floor, top)
            whole_low, whole_high = low[one.whole], high[one.whole]
            for part in one.parts:
                if part not in hidden:
                    continue
                others = math.inf if not one.is_equal else sum(high[p] for p in one.parts if p != part)
                changed |= _narrow(low, high, part, whole_low - others, whole_high - (floor - low[part]))
        if not changed:
            break
    return high


def _narrow(low: dict[Key, float], high: dict[Key, float], key: Key, floor: float, top: float) -> bool:
    changed = False
    if floor > low[key] + TINY:
        low[key], changed = floor, True
    if top < high[key] - TINY:
        high[key], changed = top, True
    return changed


def _out_of_reach(
    known: Mapping[Key, float], sums: list[_Sum], hidden: set[Key], small: set[Key], smallest: int
) -> set[Key]:
    """Small cells that cannot hold `smallest` in any table that fits all additions at once."""
    keys = sorted(hidden, key=_order)
    columns = {key: i for i, key in enumerate(keys)}
    least = {key: min(known[key], 1.0) for key in keys}
    # What stands in the programme is how far each hidden cell is above the least that it holds.
    equations: list[Equation] = []
    count = len(keys)
    for one in sums:
        row = {columns[key]: 1.0 for key in one.parts if key in columns}
        total = sum(known[key] for key in one.parts if key not in columns)
        total += sum(least[key] for key in one.parts if key in columns)
        if one.whole in columns:
            row[columns[one.whole]] = -1.0
        whole = least.get(one.whole, known[one.whole])
        if not one.is_equal:
            row[count], count = 1.0, count + 1
        equations.append((row, whole - total))
    goals = {columns[key]: smallest - least[key] for key in small}
    reached = reachable(equations, count, goals)
    return {key for key in small if columns[key] not in reached}


def _next_to_hide(
    exposed: Key, known: Mapping[Key, float], sums: list[_Sum], hidden: set[Key], fixed: set[Key]
) -> set[Key]:
    """The next cell to hide: from an addition that gives the exposed one away, the smallest that holds anybody.

    Parts go before wholes and the grand total goes last: a total is worth more to a reader than a part.
    """
    linked = {exposed}
    while True:
        reach = [one for one in sums if one.cells & linked]
        choices = set().union(*(one.cells for one in reach)) - hidden - fixed
        if choices:
            # A cell with nobody in it is hidden only when there is no other.
            order = lambda key: (known[key] == 0, not key, -len(key), known[key], _order(key))  # noqa: E731
            return {min(choices, key=order)}
        further = linked | set().union(*(one.cells & hidden for one in reach))
        if further == linked:
            return set()
        linked = further
