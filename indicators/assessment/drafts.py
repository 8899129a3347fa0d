"""A verdict before it is stored: its inputs, its result, and the columns that lists are made of. Saves nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from indicators.engine import METHOD_VERSION
from indicators.engine.codec import canonical_hash, judgement_to_json, snapshot_from_json, snapshot_to_json
from indicators.engine.expost.types import ExPostResult, result_to_json
from indicators.engine.judge import judge
from indicators.engine.types import Judgement, Snapshot
from indicators.models import IndexResult, Kind, Verdict

JUDGE = "judge"
PLACES = Decimal("1e-10")
Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One verdict to be reached: everything it depends on, read from one snapshot of the database."""

    indicator_pk: int
    method: str
    inputs: Json
    course_run_pk: int | None = None
    reported: int = 0
    expected: int = 0


Compute = Callable[[Json], ExPostResult]


def judge_task(indicator_pk: int, snapshot: Snapshot) -> Task:
    return Task(indicator_pk=indicator_pk, method=JUDGE, inputs=snapshot_to_json(snapshot))


def draft(task: Task, compute: Compute) -> Verdict:
    """The verdict that follows from a task's inputs, and from nothing else."""
    columns, result = reach(task.method, task.inputs, compute)
    inputs, result = settled(task.inputs), settled(result)
    return Verdict(
        indicator_id=task.indicator_pk,
        course_run_id=task.course_run_pk,
        method=task.method,
        inputs=inputs,
        result=result,
        input_hash=canonical_hash(inputs),
        result_hash=canonical_hash(result),
        **{"reported": task.reported, "expected": task.expected} | columns,
    )


def reach(method: str, inputs: Json, compute: Compute) -> tuple[Json, Json]:
    """Columns and whole result of a method on its inputs."""
    if method == JUDGE:
        judgement = judge(snapshot_from_json(inputs))
        return judgement_columns(judgement), judgement_to_json(judgement)
    result = compute(inputs)
    return result_columns(result), result_to_json(result)


def judgement_columns(judgement: Judgement) -> Json:
    return {
        "status": judgement.status.value,
        "value": _stored(judgement.value),
        "low": None,
        "high": None,
        "confidence": "",
        "achievement": _stored(judgement.achievement),
        "on_track_index": _stored(judgement.on_track_index),
        "trend": judgement.trend.word.value,
        "refusal_code": judgement.refusal.code.value if judgement.refusal else "",
        "reported": judgement.coverage.reported,
        "expected": judgement.coverage.expected,
    }


def result_columns(result: ExPostResult) -> Json:
    return {
        "value": _stored(result.value),
        "low": _stored(result.low),
        "high": _stored(result.high),
        "confidence": result.confidence.value,
        "status": "",
        "achievement": None,
        "on_track_index": None,
        "trend": "",
        "refusal_code": result.refusal.code.value if result.refusal else "",
    }


def run_hash(kind: str, verdicts: list[Verdict], indices: Sequence[IndexResult] = ()) -> str:
    """What an assessment rests on: equal for two runs exactly if every input and the method are equal."""
    parts = sorted(
        [str(v.indicator_id), str(v.course_run_id or ""), v.method, v.input_hash] for v in verdicts
    )
    parts += sorted(["index", str(one.version_id), one.input_hash] for one in indices)
    return canonical_hash({"kind": kind, "method_version": METHOD_VERSION, "inputs": parts})


def counts_of(kind: str, verdicts: list[Verdict]) -> dict[str, int]:
    """How many verdicts have each status; for ex-post how many questions were computed and how many refused."""
    words = [v.status for v in verdicts]
    if kind == Kind.EX_POST:
        words = ["refused" if v.refusal_code else "computed" for v in verdicts]
    return {word: words.count(word) for word in sorted(set(words))}


def coverage_of(kind: str, verdicts: list[Verdict]) -> tuple[int, int]:
    """Figures reported of those expected; for ex-post questions answered of those asked (METHOD 2.11)."""
    if kind == Kind.EX_POST:
        return sum(not v.refusal_code for v in verdicts), len(verdicts)
    return sum(v.reported for v in verdicts), sum(v.expected for v in verdicts)


def settled(data: Any) -> Any:
    """JSON as the database gives it back: whole floats are integers, minus zero is zero."""
    match data:
        case float() if data.is_integer():
            return int(data)
        case dict():
            return {key: settled(one) for key, one in data.items()}
        case list() | tuple():
            return [settled(one) for one in data]
        case _:
            return data


def differences(verdict: Verdict, compute: Compute, *, is_same_method: bool) -> Iterator[str]:
    """What a stored verdict and its own inputs disagree about."""
    if canonical_hash(settled(verdict.inputs)) != verdict.input_hash:
        yield "its inputs are not the ones it was given"
    if canonical_hash(settled(verdict.result)) != verdict.result_hash:
        yield "its result is not the one it was stored with"
    if not is_same_method:
        return
    columns, result = reach(verdict.method, verdict.inputs, compute)
    if canonical_hash(settled(result)) != verdict.result_hash:
        yield "its inputs give another result"
    for name, right in columns.items():
        kept = getattr(verdict, name)
        if kept != right:
            yield f"{name} is {kept}, its inputs give {right}"


def _stored(value: float | Decimal | None) -> Decimal | None:
    """Rounded to the ten places that the column keeps."""
    if value is None:
        return None
    exact = value if isinstance(value, Decimal) else Decimal(repr(float(value)))
    return exact.quantize(PLACES)
