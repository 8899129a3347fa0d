"""The same judgement with other targets, thresholds, weights or figures. Made to be looked at; never a result."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import date
from decimal import Decimal

from .disclosure import cell_parts
from .index import IndexInputs, IndexMember, IndexPart
from .types import Measurement, Message, Plan, Snapshot

PLAN_NAMES = ("target", "target_on", "range_low", "range_high", "on_track_from", "at_risk_from")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What is tried on one indicator; None: as it is."""

    target: Decimal | None = None
    target_on: date | None = None
    range_low: Decimal | None = None
    range_high: Decimal | None = None
    on_track_from: Decimal | None = None
    at_risk_from: Decimal | None = None
    weight: Decimal | None = None
    """Its weight in the weighted achievement, 0 or more."""

    @property
    def plan(self) -> dict[str, Decimal | date]:
        """Only what is tried of the agreement, by field."""
        return {name: value for name in PLAN_NAMES if (value := getattr(self, name)) is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scratch:
    """Everything that is tried at once."""

    by_indicator: Mapping[int, Change] = field(default_factory=dict)
    on_track_from: Decimal | None = None
    """For every indicator without a border of its own in `by_indicator`."""
    at_risk_from: Decimal | None = None
    left_out: frozenset[int] = frozenset()
    """Indicators."""
    grades: frozenset[str] = frozenset()
    """Reliability letters whose figures are left out."""
    cells: frozenset[str] = frozenset()
    """Categories of a disaggregation whose figures are left out, each as ``name=value``."""
    parts: Mapping[tuple[int, int], Decimal] = field(default_factory=dict)
    """(version of an index, indicator) → its weight in that index."""

    @property
    def is_empty(self) -> bool:
        return not any(getattr(self, one.name) for one in fields(self))

    @property
    def leaves_figures_out(self) -> bool:
        return bool(self.grades or self.cells)

    def change_of(self, indicator: int, plan: Plan) -> Change:
        """What is tried on an indicator, with the borders that are tried on all; nothing that equals its plan."""
        own = self.by_indicator.get(indicator, Change())
        wanted = {
            "on_track_from": self.on_track_from,
            "at_risk_from": self.at_risk_from,
            **own.plan,
        }
        other = {name: value for name, value in wanted.items() if value != getattr(plan, name)}
        return replace(Change(weight=own.weight), **other)  # type: ignore[arg-type]


def with_change(snapshot: Snapshot, change: Change) -> Snapshot:
    """The snapshot with another agreement; the first one ever stays what it was.

    Args:
        change: borders in the wrong order are the caller's to refuse.
    """
    return replace(snapshot, plan=replace(snapshot.plan, **change.plan)) if change.plan else snapshot  # type: ignore[arg-type]


def without_cells(measurements: Sequence[Measurement], cells: Collection[str]) -> list[Measurement]:
    """The figures without those of some categories, e.g. ``sex=male``.

    Where a place gives figures of such a category, what it gives without that split (its total) goes as well, for it
    holds the category; the others are then joined. A place that is not split that way stays whole.
    """
    gone = frozenset().union(*(cell_parts(one) for one in cells))
    names = {name for name, _code in gone}
    touched = {one.site for one in measurements if cell_parts(one.cell) & gone}
    return [
        one
        for one in measurements
        if one.site not in touched or _is_apart(cell_parts(one.cell), gone=gone, names=names)
    ]


def _is_apart(
    pairs: frozenset[tuple[str, str]], *, gone: frozenset[tuple[str, str]], names: set[str]
) -> bool:
    """Whether a cell is split by a dimension in question and holds none of what goes."""
    return not pairs & gone and bool(names & {name for name, _code in pairs})


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What an indicator says to an index."""

    value: Decimal | None
    on: date | None
    why_missing: Message | None


def index_as_if(
    inputs: IndexInputs,
    *,
    readings: Mapping[tuple[int, str], Reading],
    weights: Mapping[int, Decimal],
    left_out: Collection[int],
) -> IndexInputs | None:
    """The inputs of an index with other readings or weights, without some parts; None when no part is left.

    Args:
        readings: (indicator, `Reads`) → what it says now; the others stay as they are.
        weights: by indicator.
    """
    members = []
    for member in inputs.members:
        parts = tuple(_part(one, readings, weights) for one in member.parts if one.indicator not in left_out)
        if parts:
            members.append(IndexMember(key=member.key, name=member.name, parts=parts))
    return replace(inputs, members=tuple(members)) if members else None


def _part(
    part: IndexPart, readings: Mapping[tuple[int, str], Reading], weights: Mapping[int, Decimal]
) -> IndexPart:
    weight = weights.get(part.indicator, part.weight)
    found = readings.get((part.indicator, part.reads.value))
    if found is None:
        return replace(part, weight=weight)
    return replace(part, weight=weight, value=found.value, on=found.on, why_missing=found.why_missing)
