"""From single pieces of evidence to what is on record: which claims of a contribution hold. Imports no statistics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from indicators.engine.errors import EngineError

from .contribution import Evidence, Rival

WEAK, MODERATE, STRONG = 1, 2, 3


class Claim(StrEnum):
    """What a piece of evidence is about: the claims that carry a rating from 1 to 4."""

    PLAUSIBLE_THEORY = "plausible_theory"
    ACTIVITIES_DELIVERED = "activities_delivered"
    SEQUENCE_FITS = "sequence_fits"
    INTERMEDIATE_OUTCOMES = "intermediate_outcomes"
    INDEPENDENT_SUPPORT = "independent_support"


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A piece of evidence that can be looked up: the claim, whether it speaks for it, and how strongly (1 to 3)."""

    claim: Claim
    speaks_for: bool
    strength: int


def evidence_on_record(items: Sequence[Item], rivals: Sequence[Rival] = ()) -> Evidence:
    """Which claims hold: those whose strongest piece for is stronger than the strongest against.

    The strongest counts and not the sum, so that many weak pieces do not outweigh a strong one. Nothing on record for
    a claim means that it does not hold.

    Args:
        items: pieces of all raters together.
        rivals: other explanations, of all raters together; each stands as long as one rater leaves it open.

    Raises:
        EngineError: a strength that is not 1, 2 or 3.

    Source: METHOD 2.10.

    >>> strong = Item(claim=Claim.PLAUSIBLE_THEORY, speaks_for=True, strength=3)
    >>> evidence_on_record([strong]).plausible_theory
    True
    """
    for one in items:
        if one.strength not in (WEAK, MODERATE, STRONG):
            raise EngineError(f"{one.strength} is no strength; 1, 2 or 3 was expected.")
    held = {str(claim): _strongest(items, claim, True) > _strongest(items, claim, False) for claim in Claim}
    return Evidence(**held, rivals=tuple(rivals))


def _strongest(items: Sequence[Item], claim: Claim, speaks_for: bool) -> int:
    return max(
        (one.strength for one in items if one.claim is claim and one.speaks_for is speaks_for), default=0
    )
