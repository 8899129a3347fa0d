"""How alike two designs are: the same indicators with the same targets, thresholds, weights, even words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import permutations

TOO_ALIKE = Fraction(8, 10)
"""From this share of one's targets, thresholds and weights on, a design is called a copy (METHOD 2.13)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tailored:
    """One indicator as one design uses it. None for the target: it is monitored, and is not compared by target."""

    definition: str
    target: Decimal | None
    thresholds: tuple[Decimal, Decimal]
    weight: Decimal
    rationale: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """The indicators of one programme for one partner, each definition once."""

    key: str
    indicators: Sequence[Tailored]


@dataclass(frozen=True, slots=True, kw_only=True)
class Likeness:
    """How much of `design` stands in `other` as well. Not symmetric: a small design may be a part of a large one."""

    design: str
    other: str
    indicators: int
    """Of `design`."""
    shared: tuple[str, ...]
    """Definitions that both use."""
    targets: tuple[int, int]
    """The same, and compared: those of `design` that have a target."""
    thresholds: tuple[int, int]
    weights: tuple[int, int]
    copied_words: tuple[str, ...]
    """Definitions whose rationale is the same text in both."""

    @property
    def share(self) -> Fraction | None:
        """Of all targets, thresholds and weights of `design`; None when it has no indicator."""
        same = sum(one[0] for one in (self.targets, self.thresholds, self.weights))
        of = sum(one[1] for one in (self.targets, self.thresholds, self.weights))
        return Fraction(same, of) if of else None

    @property
    def is_copy(self) -> bool:
        return self.share is not None and self.share >= TOO_ALIKE


def likenesses(designs: Sequence[Design]) -> list[Likeness]:
    """Every design against every other, the most alike first; pairs that share no indicator are left out.

    Source: METHOD 2.13, "one-size-fits-all detector".

    >>> one = Tailored(definition="A", target=Decimal(80), thresholds=(Decimal("0.9"), Decimal("0.75")),
    ...                weight=Decimal(1), rationale="Posts count.")
    >>> [str(pair.share) for pair in likenesses([Design(key="x", indicators=[one]), Design(key="y", indicators=[one])])]
    ['1', '1']
    """
    found = [_likeness(one, other) for one, other in permutations(designs, 2)]
    shared = [pair for pair in found if pair.shared]
    return sorted(shared, key=lambda pair: (-(pair.share or 0), pair.design, pair.other))


def _likeness(one: Design, other: Design) -> Likeness:
    theirs = {tailored.definition: tailored for tailored in other.indicators}
    pairs = [(mine, theirs.get(mine.definition)) for mine in one.indicators]
    with_target = [(mine, their) for mine, their in pairs if mine.target is not None]
    return Likeness(
        design=one.key,
        other=other.key,
        indicators=len(one.indicators),
        shared=tuple(mine.definition for mine, their in pairs if their is not None),
        targets=(
            sum(their is not None and mine.target == their.target for mine, their in with_target),
            len(with_target),
        ),
        thresholds=(
            sum(their is not None and mine.thresholds == their.thresholds for mine, their in pairs),
            len(pairs),
        ),
        weights=(sum(their is not None and mine.weight == their.weight for mine, their in pairs), len(pairs)),
        copied_words=tuple(
            mine.definition
            for mine, their in pairs
            if their is not None and _plain(mine.rationale) == _plain(their.rationale)
        ),
    )


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()
