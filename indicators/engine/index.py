"""A composite index: from inputs to scores, intervals, ranks and how they came about. Reads and keeps nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from . import exact
from .codec import canonical_hash, to_json
from .composite import (
    DRAWS,
    Aggregation,
    Component,
    Composite,
    Goalposts,
    PartScore,
    Ranked,
    compare,
)
from .display import format_index, format_number, format_share
from .errors import EngineError
from .messages import gettext_noop, message
from .rules import METHOD_RULES
from .types import Direction, Message, Refusal, Step

_FORMULAS = {
    Aggregation.GEOMETRIC: "I = exp(Σ w·ln x / Σ w)",
    Aggregation.ARITHMETIC: "I = Σ w·x / Σ w",
}


class Across(StrEnum):
    """Of whom an index speaks (METHOD 2.12, 2.13)."""

    PROGRAMME = "programme"
    """One score for the programme as a whole."""
    PARTNERS = "partners"
    """One score for each partner country; from progress alone, never from raw levels."""
    UNITS = "units"
    """One score for each reporting unit."""


class Reads(StrEnum):
    """What of an indicator enters an index."""

    LEVEL = "level"
    """Its current value."""
    PROGRESS = "progress"
    """Its achievement: the share of the planned change that has occurred."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexPart:
    """One indicator as it enters an index."""

    key: str
    """The same for the same part of all that are compared, e.g. the code of the definition."""
    name: str
    indicator: int
    reads: Reads
    value: Decimal | None
    """In the indicator's unit, or the achievement as a share; None is missing, never zero."""
    on: date | None = None
    why_missing: Message | None = None
    goalposts: Goalposts
    weight: Decimal
    """0 or more; weights need not add up to 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexMember:
    """One that gets a score: the programme, a partner or a reporting unit."""

    key: str
    name: str
    parts: tuple[IndexPart, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexInputs:
    """Everything that an index depends on."""

    across: Across
    how: Aggregation
    members: tuple[IndexMember, ...]
    usable_from: Decimal = METHOD_RULES.usable_weight_from
    """Share of the weight, 0 to 1, that must have a value (METHOD 2.12)."""
    draws: int = DRAWS


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexScore:
    """What an index says of one member: a score with its interval, or a refusal. Ranks only where there are others."""

    key: str
    name: str
    value: Decimal | None
    """0 (worst) to 1 (best)."""
    low: Decimal | None
    """5th percentile of the draws, `high` the 95th."""
    high: Decimal | None
    usable_weight: Decimal
    """Share of the weight that had a value."""
    parts: tuple[PartScore, ...]
    refusal: Refusal | None
    rank: int | None = None
    rank_low: int | None = None
    rank_high: int | None = None
    not_distinguishable_from: tuple[str, ...] = ()
    """Keys of those whose intervals overlap with this one's."""
    notes: tuple[Message, ...]
    steps: tuple[Step, ...]
    sentence: tuple[Message, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexScores:
    """All scores of one index, best first, those without one last."""

    scores: tuple[IndexScore, ...]
    seed: int
    draws: int


def is_higher_better(direction: Direction) -> bool | None:
    """Which way is up on the scale; None for what should lie inside a range: its level has no better end."""
    match direction:
        case Direction.ASCENDING | Direction.MAINTAIN_ABOVE:
            return True
        case Direction.DESCENDING | Direction.MAINTAIN_BELOW:
            return False
        case Direction.RANGE:
            return None


def seed_of(inputs: IndexInputs) -> int:
    """A seed that hangs on the numbers alone: the same inputs give the same interval, whatever they are called."""
    return int(canonical_hash(_nameless(to_json(inputs)))[:8], 16)


def _nameless(data: object) -> object:
    if isinstance(data, dict):
        return {key: _nameless(one) for key, one in data.items() if key not in {"name", "why_missing", "on"}}
    return [_nameless(one) for one in data] if isinstance(data, list) else data


def judge_index(inputs: IndexInputs) -> IndexScores:
    """Scores with their 5–95 % intervals, ranks with theirs where there are several members, and how it came about.

    Args:
        inputs: members with different keys, each with parts of different keys; the same inputs always give the same
            result.

    Returns:
        One score for each member. Less than `usable_from` of the weight with a value, or wrong goalposts, is a refusal
        in its place; nothing is imputed.

    Raises:
        EngineError: no member, or two with one key.

    Source: METHOD 2.12; OECD/JRC (2008), Handbook on Constructing Composite Indicators.
    """
    if not inputs.members or len({one.key for one in inputs.members}) != len(inputs.members):
        raise EngineError("An index needs one or more members with different keys.")
    seed = seed_of(inputs)
    ranked, refused = compare(
        {member.key: [_component(part) for part in member.parts] for member in inputs.members},
        seed=seed,
        how=inputs.how,
        draws=inputs.draws,
        usable_from=inputs.usable_from,
    )
    members = {member.key: member for member in inputs.members}
    scores = [_score(members[key], found, inputs, len(ranked)) for key, found in ranked.items()]
    scores += [_refused(members[key], why) for key, why in refused.items()]
    return IndexScores(scores=tuple(scores), seed=seed, draws=inputs.draws)


def _component(part: IndexPart) -> Component:
    return Component(name=part.key, value=part.value, goalposts=part.goalposts, weight=part.weight)


def _score(member: IndexMember, found: Ranked, inputs: IndexInputs, among: int) -> IndexScore:
    one, interval = found.composite, found.sensitivity
    has_rank = among > 1
    return IndexScore(
        key=member.key,
        name=member.name,
        value=one.value,
        low=interval.low,
        high=interval.high,
        usable_weight=one.usable_weight,
        parts=one.parts,
        refusal=None,
        rank=found.rank if has_rank else None,
        rank_low=found.rank_low if has_rank else None,
        rank_high=found.rank_high if has_rank else None,
        not_distinguishable_from=found.not_distinguishable_from,
        notes=one.notes,
        steps=_steps(member, one, found, inputs),
        sentence=_sentence(found),
    )


def _refused(member: IndexMember, why: Refusal) -> IndexScore:
    whole = sum((part.weight for part in member.parts), Decimal(0))
    usable = sum((part.weight for part in member.parts if part.value is not None), Decimal(0))
    return IndexScore(
        key=member.key,
        name=member.name,
        value=None,
        low=None,
        high=None,
        usable_weight=exact.quotient(usable, whole) if whole else Decimal(0),
        parts=(),
        refusal=why,
        notes=(),
        steps=tuple(_missing_step(part) for part in member.parts if part.value is None),
        sentence=(why.message,),
    )


def _steps(member: IndexMember, one: Composite, found: Ranked, inputs: IndexInputs) -> tuple[Step, ...]:
    normalised = [
        _missing_step(part) if score.normalised is None else _part_step(part, score)
        for part, score in zip(member.parts, one.parts, strict=True)
    ]
    return (*normalised, _joined_step(one), _interval_step(found, inputs.draws))


def _missing_step(part: IndexPart) -> Step:
    return Step(
        label=message(gettext_noop("%(name)s: left out, never imputed"), name=part.name),
        rule="",
        substituted="",
        result="\N{EM DASH}",
    )


def _part_step(part: IndexPart, score: PartScore) -> Step:
    """Where the value lies between its goalposts."""
    assert part.value is not None
    assert score.normalised is not None
    label = gettext_noop("%(name)s, between its goalposts")
    if score.is_floored:
        label = gettext_noop("%(name)s, between its goalposts and raised to the floor")
    elif score.is_clipped:
        label = gettext_noop("%(name)s, beyond a goalpost and cut")
    posts, write = part.goalposts, format_share if part.reads is Reads.PROGRESS else _number
    x, low, high = write(part.value), write(posts.low), write(posts.high)
    if posts.is_logarithmic:
        rule, substituted = "ln(x / low) / ln(high / low)", f"ln({x} / {low}) / ln({high} / {low})"
    else:
        rule, substituted = "(x − low) / (high − low)", f"({x} − {low}) / ({high} − {low})"
    if not posts.higher_is_better:
        rule, substituted = f"1 − {rule}", f"1 − {substituted}"
    return Step(
        label=message(label, name=part.name),
        rule=rule,
        substituted=substituted,
        result=format_scale(score.normalised),
    )


def format_scale(value: Decimal) -> str:
    """A place between 0 and 1 with three decimals, so that a column of them can be read down."""
    return f"{exact.shortened(value, 3):.3f}"


def _number(value: Decimal) -> str:
    return format_number(value, 4)


def _joined_step(one: Composite) -> Step:
    known = [(p.normalised, p.weight) for p in one.parts if p.normalised is not None]
    if one.how is Aggregation.GEOMETRIC:
        label = gettext_noop("Joined by the weighted geometric mean: a strong part cannot hide a weak one")
        terms = " × ".join(f"{format_scale(x)}^{format_scale(w)}" for x, w in known)
    else:
        label = gettext_noop("Joined by the weighted arithmetic mean: a strong part makes up for a weak one")
        terms = " + ".join(f"{format_scale(w)} × {format_scale(x)}" for x, w in known)
    return Step(
        label=message(label), rule=_FORMULAS[one.how], substituted=terms, result=format_scale(one.value)
    )


def _interval_step(found: Ranked, draws: int) -> Step:
    interval = found.sensitivity
    return Step(
        label=message(
            gettext_noop(
                "Middle nine tenths of %(draws)s draws: weights around the chosen ones, either mean, "
                "one part or none left out"
            ),
            draws=draws,
        ),
        rule="w ~ Dirichlet(50·w)",
        substituted=f"seed {interval.seed}",
        result=f"{format_index(interval.low)} – {format_index(interval.high)}",
    )


def _sentence(found: Ranked) -> tuple[Message, ...]:
    interval = found.sensitivity
    said = message(
        gettext_noop(
            "%(value)s on a scale from 0 (worst) to 1 (best); "
            "from %(low)s to %(high)s when the index's own choices change."
        ),
        value=format_index(found.composite.value),
        low=format_index(interval.low),
        high=format_index(interval.high),
    )
    return (said, *found.composite.notes)
