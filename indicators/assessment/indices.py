"""Composite indices in an assessment: read with it, frozen with it, recomputed from what was frozen. For workers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from indicators.assessment.drafts import JUDGE, settled
from indicators.composites import inputs_of, load_ground, recipe_of, with_recipe
from indicators.engine.codec import canonical_hash, from_json, to_json
from indicators.engine.index import Across, IndexInputs, IndexPart, Reads, judge_index
from indicators.models import CompositeIndex, IndexResult, Kind, Programme, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexTask:
    """One index to be computed, with all that it depends on."""

    version_pk: int
    name: str
    inputs: IndexInputs


def read_indices(programme: Programme, kind: str, as_of: date) -> list[IndexTask]:
    """The indices in use, for an assessment on the fly or one after the end. One query when there are none."""
    if kind == Kind.EX_POST and as_of < programme.ends_on:  # Asks what single courses left behind.
        return []
    found = list(
        with_recipe(CompositeIndex.objects.filter(programme=programme, is_active=True)).order_by("pk")
    )
    recipes = [(one, recipe_of(one.current, programme)) for one in found if one.current is not None]
    if not recipes:
        return []
    ground = load_ground((recipe for _one, recipe in recipes), as_of=as_of)
    return [
        IndexTask(version_pk=one.current.pk, name=one.name, inputs=inputs_of(recipe, ground))
        for one, recipe in recipes
    ]


def draft_index(task: IndexTask) -> IndexResult:
    """The result that follows from a task's inputs, and from nothing else. Not stored."""
    scores = judge_index(task.inputs)
    inputs, result = settled(to_json(task.inputs)), settled(to_json(scores))
    return IndexResult(
        version_id=task.version_pk,
        name=task.name,
        seed=scores.seed,
        inputs=inputs,
        result=result,
        input_hash=canonical_hash(inputs),
        result_hash=canonical_hash(result),
    )


def index_differences(
    result: IndexResult, verdicts: Sequence[Verdict], *, is_same_method: bool
) -> Iterator[str]:
    """What a frozen result, its own inputs and the verdicts of the same assessment disagree about."""
    if canonical_hash(settled(result.inputs)) != result.input_hash:
        yield "its inputs are not the ones it was given"
    if canonical_hash(settled(result.result)) != result.result_hash:
        yield "its result is not the one it was stored with"
    inputs = from_json(IndexInputs, result.inputs)
    if inputs.across is not Across.UNITS:
        yield from _unlike_verdicts(
            inputs, {one.indicator_id: one for one in verdicts if one.method == JUDGE}
        )
    if not is_same_method:
        return
    scores = judge_index(inputs)
    if canonical_hash(settled(to_json(scores))) != result.result_hash:
        yield "its inputs give another result"
    if scores.seed != result.seed:
        yield f"its seed is {result.seed}, its inputs give {scores.seed}"


def _unlike_verdicts(inputs: IndexInputs, verdicts: Mapping[int, Verdict]) -> Iterator[str]:
    for member in inputs.members:
        for part in member.parts:
            verdict = verdicts.get(part.indicator)
            if part.value is not None and verdict is not None and _in_verdict(part, verdict) != part.value:
                yield f"{part.key} enters with {part.value}, the verdict on it says {_in_verdict(part, verdict)}"


def _in_verdict(part: IndexPart, verdict: Verdict) -> Decimal | None:
    return verdict.achievement if part.reads is Reads.PROGRESS else verdict.value
