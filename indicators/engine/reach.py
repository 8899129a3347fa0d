"""How large unknown numbers can be, given what adds up to what: a small linear programme. Knows nothing of cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

TINY = 1e-7
MOST_STEPS = 5000
"""Far more than such programmes take; what is not found by then counts as out of reach, which is the safe side."""
STEEP_STEPS = 500
"""So long the steepest way up is taken, after that the one that cannot run in circles (Bland 1977)."""

Equation = tuple[Mapping[int, float], float]
"""Coefficients by unknown, and what they add up to."""
_HELPER = -1


def reachable(equations: Sequence[Equation], count: int, goals: Mapping[int, float]) -> set[int]:
    """Which unknowns can be as large as asked when all unknowns are 0 or more and all equations hold.

    Args:
        equations: over unknowns numbered from 0; together they can hold.
        count: how many unknowns there are.
        goals: how large each unknown in question should be able to be, one at a time.

    Source: the simplex method, Dantzig (1951). Every corner on the way answers for all goals at once.

    >>> sorted(reachable([({0: 1, 1: 1}, 6.0), ({1: 1, 2: 1}, 3.0)], 3, {0: 5, 1: 5}))
    [0]
    """
    body, basis = _first_corner(equations, count)
    if _HELPER in basis:
        return set()
    reached: set[int] = set()
    for goal in goals:
        gains = np.zeros(count + 1)
        gains[goal] = 1.0
        if goal in basis:
            gains -= body[basis.index(goal)]
        for step in range(MOST_STEPS):
            reached |= {one for one, need in goals.items() if _value(one, body, basis) >= need - TINY}
            entering = None if goal in reached else _entering(gains, step)
            if entering is None:
                break
            row = _leaving(body, basis, entering)
            if row is None:  # nothing ends it
                reached.add(goal)
                break
            _pivot(body, basis, gains, row, entering)
    return reached


def _first_corner(equations: Sequence[Equation], count: int) -> tuple[np.ndarray, list[int]]:
    """Each equation solved for one unknown, all others 0. Begins with a helper in each row and drives it down to 0."""
    body = np.zeros((len(equations), count + 1))
    for row, (coefficients, total) in enumerate(equations):
        for unknown, coefficient in coefficients.items():
            body[row, unknown] = coefficient
        body[row, -1] = total
        if total < 0:
            body[row] *= -1
    basis = [_HELPER] * len(equations)
    gains = body.sum(axis=0)
    for step in range(MOST_STEPS):
        entering = _entering(gains, step)
        leaving = None if entering is None else _leaving(body, basis, entering)
        if entering is None or leaving is None:
            break
        _pivot(body, basis, gains, leaving, entering)
    for row, unknown in enumerate(basis):
        others = np.flatnonzero(np.abs(body[row, :-1]) > TINY)
        if unknown == _HELPER and others.size and abs(body[row, -1]) <= TINY:
            _pivot(body, basis, gains, row, int(others[0]))
    # A row without unknowns repeats what the others say.
    said = [row for row, u in enumerate(basis) if u != _HELPER or abs(body[row, -1]) > TINY]
    return body[said], [basis[row] for row in said]


def _value(unknown: int, body: np.ndarray, basis: list[int]) -> float:
    return float(body[basis.index(unknown), -1]) if unknown in basis else 0.0


def _entering(gains: np.ndarray, step: int) -> int | None:
    """The unknown to raise: the one that gains most."""
    better = np.flatnonzero(gains[:-1] > TINY)
    if not better.size:
        return None
    return int(better[0]) if step >= STEEP_STEPS else int(np.argmax(gains[:-1]))


def _leaving(body: np.ndarray, basis: list[int], entering: int) -> int | None:
    """The row whose unknown is the first to come down to 0; of several the helper, then the one numbered lowest."""
    column = body[:, entering]
    rows = np.flatnonzero(column > TINY)
    if not rows.size:
        return None
    rooms = body[rows, -1] / column[rows]
    first = rows[rooms <= rooms.min() + TINY]
    return int(min(first, key=lambda row: basis[row]))


def _pivot(body: np.ndarray, basis: list[int], gains: np.ndarray, row: int, entering: int) -> None:
    body[row] /= body[row, entering]
    for other in np.flatnonzero(np.abs(body[:, entering]) > 0):
        if other != row:
            body[other] -= body[other, entering] * body[row]
    gains -= gains[entering] * body[row]
    body[:, -1] = np.maximum(body[:, -1], 0.0)
    basis[row] = entering
