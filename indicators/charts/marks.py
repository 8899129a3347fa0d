"""What is marked on a chart over time: numbered flags that never overlap, and shapes that say how good a source is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from indicators.charts.scales import Axis, Frame, path, push_apart

FLAG_GAP = 18  # one flag beside the next, in units of the view box
PILL_GAP = 34  # where some flags stand for several marks: "3–5"
NEAR = 2  # marks this near are one line
GRADE_GAP = 16  # room for the two letters of a grade
DENSE = 48  # from so many dots on they are drawn smaller


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotation:
    """What happened on a day: a revised target, a new design, a decision."""

    on: date
    text: str
    kind: str = ""  # in a word: "Target", "Design"
    url: str = ""


@dataclass(frozen=True, slots=True)
class Flag:
    """One mark above the plot: the numbers that it carries, where they happened, where the mark has room."""

    first: int
    last: int
    x: float
    at: float
    annotations: tuple[Annotation, ...]
    lines: tuple[tuple[Annotation, float], ...]
    """Where each of them stands in the plot."""

    @property
    def left(self) -> float:
        return round(self.at - self.width / 2, 1)

    @property
    def number(self) -> str:
        return str(self.first) if self.first == self.last else f"{self.first}–{self.last}"

    @property
    def width(self) -> int:
        return 15 if self.first == self.last else 30


def place_flags(annotations: Sequence[Annotation], x: Axis, frame: Frame) -> tuple[Flag, ...]:
    """Flags in the order of their days: moved apart, and joined where there are more than fit side by side."""
    if not annotations:
        return ()
    groups = [[index] for index in range(len(annotations))]
    places = [x(one.on.toordinal()) for one in annotations]
    _join(groups, places, most=len(groups))
    if len(groups) * FLAG_GAP > frame.plot_width or any(len(group) > 1 for group in groups):
        _join(groups, places, most=max(frame.plot_width // PILL_GAP, 1))
    gap = PILL_GAP if any(len(group) > 1 for group in groups) else FLAG_GAP
    centres = [sum(places[index] for index in group) / len(group) for group in groups]
    moved = push_apart(centres, gap, frame.x0, frame.x1)
    return tuple(
        Flag(
            group[0] + 1,
            group[-1] + 1,
            round(centre, 1),
            at,
            tuple(annotations[index] for index in group),
            tuple((annotations[index], places[index]) for index in group),
        )
        for group, centre, at in zip(groups, centres, moved, strict=True)
    )


def _join(groups: list[list[int]], places: Sequence[float], *, most: int) -> None:
    """Join the nearest neighbours until at most `most` are left and none share a line."""
    while len(groups) > 1:
        gaps = [places[right[0]] - places[left[-1]] for left, right in pairwise(groups)]
        nearest = min(range(len(gaps)), key=gaps.__getitem__)
        if len(groups) <= most and gaps[nearest] > NEAR:
            return
        groups[nearest] += groups.pop(nearest + 1)


def grade_shape(grade: str, x: float, y: float, size: float) -> str:
    """The corners of a dot's shape by its source: square for C, triangle for D and E, diamond for not judged.

    Empty for A, B and no grade at all: they are round. The shapes follow the letter alone; the number stands beside it.

    >>> grade_shape("B2", 10, 10, 4)
    ''
    >>> grade_shape("F6", 10, 10, 4)
    '10,5 15,10 10,15 5,10'
    """
    match grade[:1]:
        case "C":
            side = size * 0.9
            return path(
                [(x - side, y - side), (x + side, y - side), (x + side, y + side), (x - side, y + side)]
            )
        case "D" | "E":
            return path([(x, y - size * 1.2), (x + size * 1.15, y + size), (x - size * 1.15, y + size)])
        case "F":
            reach = size * 1.25
            return path([(x, y - reach), (x + reach, y), (x, y + reach), (x - reach, y)])
        case _:
            return ""


SHAPES = ("B", "C", "E", "F")
"""One letter for each shape, from the best to the one that was not judged."""


def shape_of(grade: str) -> str:
    """The letter of `SHAPES` that is drawn like this grade; empty where there is none."""
    return {"A": "B", "D": "E"}.get(grade[:1], grade[:1])


def grades_fit(places: Sequence[float]) -> bool:
    """Whether every grade has room below its dot; all are written, or none."""
    return all(right - left >= GRADE_GAP for left, right in pairwise(places))
