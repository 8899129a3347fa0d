"""Several indicators as one index, with how much it depends on its own choices. Never without its parts."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

import numpy as np

from . import exact
from .display import format_number
from .errors import EngineError
from .messages import gettext_noop, message, refuse
from .rules import METHOD_RULES
from .types import Message, Refusal, RefusalCode

FLOOR = Decimal("0.01")
"""Smallest normalised value in a geometric mean, so that one zero does not end all; shown (METHOD 2.12)."""
DRAWS = 1000
CONCENTRATION = 50
"""How closely drawn weights lie around the chosen ones: a weight of 0.2 is drawn with standard deviation 0.056."""
INTERVAL = (5.0, 95.0)


class Aggregation(StrEnum):
    """How normalised values become one (METHOD 2.12)."""

    GEOMETRIC = "geometric"
    """A weak part is not bought off by a strong one; the default."""
    ARITHMETIC = "arithmetic"


@dataclass(frozen=True, slots=True, kw_only=True)
class Goalposts:
    """Fixed ends of the scale: nobody's score changes because a neighbour's did (METHOD 2.12)."""

    low: Decimal
    high: Decimal
    higher_is_better: bool = True
    is_logarithmic: bool = False
    """For money and the like: ln(x ÷ low) ÷ ln(high ÷ low)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """One part of an index: its value, or None, its scale and its weight (0 or more; weights need not add up to 1)."""

    name: str
    value: Decimal | None
    goalposts: Goalposts
    weight: Decimal = Decimal(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class PartScore:
    """A part as it entered the index."""

    name: str
    normalised: Decimal | None
    weight: Decimal
    """Share of the index after parts without a value were left out; 0 for those."""
    is_clipped: bool
    """The value lay beyond a goalpost."""
    is_floored: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Composite:
    """An index between 0 and 1, the parts it is made of, and what to know about it."""

    value: Decimal
    how: Aggregation
    usable_weight: Decimal
    """Share of the weight that had a value; below 1 the index is marked."""
    parts: tuple[PartScore, ...]
    notes: tuple[Message, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sensitivity:
    """From where to where an index goes when its own choices change: 5th and 95th percentile of the draws."""

    low: Decimal
    high: Decimal
    draws: int
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """One of several indices side by side. A rank is never shown without its interval."""

    name: str
    composite: Composite
    sensitivity: Sensitivity
    rank: int
    rank_low: int
    """Best rank in the middle nine tenths of the draws."""
    rank_high: int
    not_distinguishable_from: tuple[str, ...]
    """Those whose score intervals overlap with this one's: their order says nothing."""


def normalise(value: Decimal, goalposts: Goalposts) -> Decimal | Refusal:
    """Where a value lies between its goalposts, kept within 0 and 1; 1 is best.

    >>> normalise(Decimal(30), Goalposts(low=Decimal(0), high=Decimal(40), higher_is_better=False))
    Decimal('0.25')
    """
    low, high = goalposts.low, goalposts.high
    if low >= high or (goalposts.is_logarithmic and low <= 0):
        return refuse(
            RefusalCode.GOALPOSTS_WRONG,
            gettext_noop(
                "Goalposts %(low)s and %(high)s were given; a lower and a higher one were expected."
            ),
            low=format_number(low, 4),
            high=format_number(high, 4),
        )
    inside = min(max(value, low), high)
    if goalposts.is_logarithmic:
        share = exact.rounded(Decimal(math.log(inside / low) / math.log(high / low)))
    else:
        share = exact.quotient(exact.minus(inside, low), exact.minus(high, low))
    return share if goalposts.higher_is_better else exact.minus(Decimal(1), share)


def weighted_geometric_mean(values: Sequence[Decimal], weights: Sequence[Decimal]) -> Decimal:
    """exp(Σ w·ln x ÷ Σ w) of numbers of 0 or more; 0 as soon as one of them with a weight is 0.

    >>> weighted_geometric_mean([Decimal(0), Decimal(10)], [Decimal(1), Decimal(1)])
    Decimal('0')
    """
    pairs = [(x, w) for x, w in zip(values, weights, strict=True) if w > 0]
    if not pairs or any(x < 0 for x, _ in pairs):
        raise EngineError("A geometric mean needs numbers of 0 or more and a weight above 0.")
    if any(x == 0 for x, _ in pairs):
        return Decimal(0)
    whole = exact.total(w for _, w in pairs)
    logs = sum((w * x.ln() for x, w in pairs), Decimal(0))
    return exact.rounded((logs / whole).exp())


def composite(
    components: Sequence[Component],
    *,
    how: Aggregation = Aggregation.GEOMETRIC,
    floor: Decimal = FLOOR,
    usable_from: Decimal = METHOD_RULES.usable_weight_from,
) -> Composite | Refusal:
    """The index of one partner or programme.

    Args:
        components: at least one with a weight above 0; names differ.
        how: geometric (default) or arithmetic.
        floor: least normalised value in a geometric mean, 0 to 1; 0 lets a single zero make the index 0.
        usable_from: share of the weight, 0 to 1, that must have a value; METHOD's own unless the rules say otherwise.

    Returns:
        A refusal when less than that share has a value (nothing is imputed) or goalposts are wrong. Parts
        without a value are left out, the other weights are stretched, and both is said.

    Source: OECD/JRC (2008), Handbook on Constructing Composite Indicators; METHOD 2.12.
    """
    _check(components)
    whole = exact.total(c.weight for c in components)
    usable = exact.total(c.weight for c in components if c.value is not None)
    share = Decimal(0) if whole == 0 else exact.quotient(usable, whole)
    if share < usable_from:
        return refuse(
            RefusalCode.WEIGHT_COVERAGE_TOO_LOW,
            gettext_noop("Usable data cover %(have)s %% of the weight; at least %(need)s %% are needed."),
            have=format_number(share * 100, 1),
            need=format_number(usable_from * 100, 0),
        )
    parts: list[PartScore] = []
    for one in components:
        part = _part(one, usable, floor if how is Aggregation.GEOMETRIC else Decimal(0))
        if isinstance(part, Refusal):
            return part
        parts.append(part)
    known = [(p.normalised, p.weight) for p in parts if p.normalised is not None]
    join = weighted_geometric_mean if how is Aggregation.GEOMETRIC else exact.weighted_mean
    return Composite(
        value=join([x for x, _ in known], [w for _, w in known]),
        how=how,
        usable_weight=share,
        parts=tuple(parts),
        notes=_notes(parts, share, floor),
    )


def compare(
    units: Mapping[str, Sequence[Component]],
    *,
    seed: int,
    how: Aggregation = Aggregation.GEOMETRIC,
    draws: int = DRAWS,
    usable_from: Decimal = METHOD_RULES.usable_weight_from,
) -> tuple[dict[str, Ranked], dict[str, Refusal]]:
    """Several indices side by side, best first, each with the interval of its score and its rank.

    Each draw takes new weights around the chosen ones (Dirichlet), one of the two ways to aggregate, and leaves out one
    part or none; the same for all, so that only what differs between them moves their order. The seed is kept with the
    result: the same inputs give the same interval.

    Returns:
        The ranked ones by name, and why the others have no index. Those whose intervals overlap are named as not
        distinguishable.

    Source: Saisana, Saltelli & Tarantola (2005), J. R. Stat. Soc. A 168:307; METHOD 2.12.
    """
    found = {name: composite(parts, how=how, usable_from=usable_from) for name, parts in units.items()}
    refused = {name: one for name, one in found.items() if isinstance(one, Refusal)}
    good = {name: one for name, one in found.items() if isinstance(one, Composite)}
    if not good:
        return {}, refused
    scores = _draw({name: units[name] for name in good}, good, seed=seed, draws=draws)
    # Rank 1 is best; equal scores share the better rank.
    ranks = 1 + (scores[:, None, :] > scores[None, :, :]).sum(axis=0)
    rank_low, rank_high = np.percentile(ranks, INTERVAL, axis=1, method="nearest")
    low, high = np.percentile(scores, INTERVAL, axis=1)
    names = list(good)
    # An interval always holds what it is the interval of, though the chosen weights and mean be a rare draw.
    spans = {
        name: (min(float(low[i]), float(good[name].value)), max(float(high[i]), float(good[name].value)))
        for i, name in enumerate(names)
    }
    ranked = {}
    for i in sorted(range(len(names)), key=lambda i: (-good[names[i]].value, names[i])):
        one, span = good[names[i]], spans[names[i]]
        rank = 1 + sum(other.value > one.value for other in good.values())
        ranked[names[i]] = Ranked(
            name=names[i],
            composite=one,
            sensitivity=Sensitivity(
                low=exact.rounded(Decimal(span[0])),
                high=exact.rounded(Decimal(span[1])),
                draws=draws,
                seed=seed,
            ),
            rank=rank,
            rank_low=min(int(rank_low[i]), rank),
            rank_high=max(int(rank_high[i]), rank),
            not_distinguishable_from=tuple(
                name
                for name, (bottom, top) in spans.items()
                if name != names[i] and span[0] <= top and bottom <= span[1]
            ),
        )
    return ranked, refused


def sensitivity(
    components: Sequence[Component],
    *,
    seed: int,
    how: Aggregation = Aggregation.GEOMETRIC,
    draws: int = DRAWS,
) -> Sensitivity | Refusal:
    """The 5–95 % interval of one index over its own choices; see `compare`."""
    ranked, refused = compare({"": components}, seed=seed, how=how, draws=draws)
    return refused[""] if refused else ranked[""].sensitivity


def _check(components: Sequence[Component]) -> None:
    names = [c.name for c in components]
    if len(set(names)) != len(names):
        raise EngineError(f"Parts of an index need different names; {', '.join(names)} were given.")
    if any(c.weight < 0 for c in components):
        raise EngineError("A weight below 0 was given; 0 or more was expected.")


def _part(one: Component, usable: Decimal, floor: Decimal) -> PartScore | Refusal:
    if one.value is None:
        return PartScore(
            name=one.name, normalised=None, weight=Decimal(0), is_clipped=False, is_floored=False
        )
    found = normalise(one.value, one.goalposts)
    if isinstance(found, Refusal):
        return found
    return PartScore(
        name=one.name,
        normalised=max(found, floor),
        weight=exact.quotient(one.weight, usable),
        is_clipped=not one.goalposts.low <= one.value <= one.goalposts.high,
        is_floored=found < floor,
    )


def _notes(parts: Sequence[PartScore], share: Decimal, floor: Decimal) -> tuple[Message, ...]:
    notes: list[Message] = []
    missing = [p.name for p in parts if p.normalised is None]
    if missing:
        notes.append(
            message(
                gettext_noop("Without a value and left out: %(names)s; %(share)s %% of the weight is used."),
                names=", ".join(missing),
                share=format_number(share * 100, 1),
            )
        )
    for template, names in (
        (
            gettext_noop("Raised to the floor of %(floor)s: %(names)s."),
            [p.name for p in parts if p.is_floored],
        ),
        (gettext_noop("Beyond a goalpost and cut: %(names)s."), [p.name for p in parts if p.is_clipped]),
    ):
        if names:
            notes.append(message(template, names=", ".join(names), floor=floor))
    return tuple(notes)


def _draw(
    units: Mapping[str, Sequence[Component]], good: Mapping[str, Composite], *, seed: int, draws: int
) -> np.ndarray:
    """Scores, a row for each unit and a column for each draw."""
    parts = list(dict.fromkeys(c.name for components in units.values() for c in components))
    values = np.full((len(units), len(parts)), np.nan)
    weights = np.zeros((len(units), len(parts)))
    for u, (name, components) in enumerate(units.items()):
        for score, component in zip(good[name].parts, components, strict=True):
            p = parts.index(component.name)
            weights[u, p] = float(component.weight)
            if score.normalised is not None:
                found = normalise(component.value or Decimal(0), component.goalposts)
                assert isinstance(found, Decimal)
                values[u, p] = float(found)
    weights /= weights.sum(axis=1, keepdims=True)
    random = np.random.default_rng(seed)
    # One factor per part and draw, gamma with mean 1: scaled to sum 1, weights w·factor follow Dirichlet(50·w).
    mean = weights.mean(axis=0)
    shape = np.maximum(CONCENTRATION * mean, 1e-9)
    factor = random.gamma(shape, size=(draws, len(parts))) / shape
    left_out = random.integers(0, len(parts) + 1, size=draws) - 1 if len(parts) > 1 else np.full(draws, -1)
    geometric = random.random(draws) < 0.5
    return np.array([_scores(values[u], weights[u], factor, left_out, geometric) for u in range(len(units))])


def _scores(
    values: np.ndarray, weights: np.ndarray, factor: np.ndarray, left_out: np.ndarray, geometric: np.ndarray
) -> np.ndarray:
    """The score of one unit in each draw."""
    known = ~np.isnan(values)
    drawn = weights * factor * known
    kept = drawn.copy()
    for part in np.flatnonzero(known):
        kept[left_out == part, part] = 0.0
    # Where nothing would be left (the only part with a value and a weight), nothing is left out.
    empty = kept.sum(axis=1) <= 0
    kept[empty] = drawn[empty]
    shares = kept / kept.sum(axis=1, keepdims=True)
    filled = np.where(known, values, 1.0)
    arithmetic = shares @ filled
    joined: np.ndarray = np.where(
        geometric, np.exp(shares @ np.log(np.maximum(filled, float(FLOOR)))), arithmetic
    )
    return joined
