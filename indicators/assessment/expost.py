"""Ex-post: which questions an assessment asks, on what inputs, and the answers. Statistics load at the first answer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from indicators.assessment import courses, questions
from indicators.assessment.computing import answer
from indicators.assessment.contributions import exploratory_tasks, load_contributions
from indicators.assessment.courses import COURSE_METHODS
from indicators.assessment.drafts import Json, Task, judge_task
from indicators.assessment.standing import (
    EXPLORATORY,
    NO_PLAN,
    PRIMARY,
    Governing,
    Planned,
    governing,
    laid_down,
)
from indicators.assessment.turning import turns_of, with_turns
from indicators.engine.codec import message_from_json, to_json
from indicators.engine.expost.situation import Method
from indicators.engine.expost.types import Answer, Assumption, ExPostResult
from indicators.engine.messages import gettext_noop, message
from indicators.engine.profile import quality_profile
from indicators.engine.types import Message, Snapshot
from indicators.models import Programme, ProgrammeIndicator, Tense, rules_on
from indicators.records import load_records, quality_facts

LARGER_THAN_CHANCE = gettext_noop("The difference is larger than chance alone would explain.")
A_HINT = gettext_noop(
    "The interval leaves out “no change”; of an exploratory result that is a hint, not a finding."
)


FROM_REGISTERS = {*COURSE_METHODS, Method.PAIRED_GAIN_WITH_COMPARISON.value}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plans:
    """What was laid down for a programme, as known on a day."""

    governing: list[Governing] = field(default_factory=list)

    def about(self, indicator_pk: int, method: str) -> Json:
        """What the plan says of a question to a course run; only how it stands where the plan does not ask for it."""
        for one in self.planned:
            if one.item.indicator_id == indicator_pk and method in COURSE_METHODS.get(one.item.method, ()):
                return laid_down(one)
        whole = next((one for one in self.governing if not one.plan.part), None)
        return {"standing": to_json(whole.outside if whole else NO_PLAN)}

    @property
    def planned(self) -> list[Planned]:
        return [one for plan in self.governing for one in plan.planned]


def tasks(
    programme: Programme,
    indicators: list[ProgrammeIndicator],
    snapshots: Mapping[int, Snapshot],
    *,
    as_of: date,
    known_on: date,
    seed: int,
) -> list[Task]:
    """Every question of an ex-post assessment at a day.

    Course runs that have ended are asked what was learnt and what was kept, also while the programme runs on. What a
    locked plan asks is asked once its part of the programme has ended. Everything else about the indicators' own
    series is asked once the programme has ended, by the method that the decision table picks, and is exploratory.
    """
    plans = Plans(governing=governing(programme, known_on=known_on))
    found = courses.tasks(
        programme, indicators, as_of=as_of, seed=seed, rules=rules_on(as_of), planned=plans.planned
    )
    from_scores = {task.indicator_pk for task in found}
    quality = _quality_levels(snapshots)
    asked = [
        one
        for one in plans.planned
        if as_of >= one.item.plan.ends_on
        and one.item.indicator_id in snapshots
        and one.item.method not in FROM_REGISTERS
    ]
    contributions = load_contributions(list(snapshots), programme, known_on=known_on)
    found += questions.planned_tasks(
        asked, snapshots, contributions, as_of=as_of, known_on=known_on, seed=seed
    )
    if as_of >= programme.ends_on:
        planned = {one.item.indicator_id for one in asked if one.item.method == Method.CONTRIBUTION_RATING}
        found += exploratory_tasks(contributions, planned=planned)
        with_question = {one.item.indicator_id for one in asked}
        for indicator in indicators:
            version = indicator.version
            if indicator.pk in from_scores or version.is_context or version.tense == Tense.ON_THE_FLY:
                continue
            if version.tense == Tense.EX_POST:
                found.append(judge_task(indicator.pk, snapshots[indicator.pk]))
            found += questions.series_tasks(
                indicator, snapshots[indicator.pk], programme, is_asked=indicator.pk in with_question
            )
    return with_family([_with_standing(one, plans, quality) for one in found])


def _quality_levels(snapshots: Mapping[int, Snapshot]) -> dict[int, int | None]:
    """Each indicator's data quality, 0 to 3, as its records are when the assessment is made. Two queries."""
    records = load_records(list(snapshots))
    return {
        pk: quality_profile(quality_facts(records[pk], snapshot, mismatches=0)).overall
        for pk, snapshot in snapshots.items()
    }


def _with_standing(task: Task, plans: Plans, quality: Mapping[int, int | None]) -> Task:
    if "compute" not in task.inputs:  # A judgement, which no plan is about.
        return task
    inputs = task.inputs
    if "standing" not in inputs:
        inputs = inputs | plans.about(task.indicator_pk, task.method)
    return replace(task, inputs=inputs | {"data_quality": quality.get(task.indicator_pk)})


def with_family(found: list[Task]) -> list[Task]:
    """Every planned question with the p-values of all planned questions: they are one family (METHOD 2.10)."""
    planned = {place for place, task in enumerate(found) if is_planned(task.inputs)}
    if not planned:
        return found
    raw = [p for place in sorted(planned) if (p := answer(found[place].inputs).p_value) is not None]
    family = sorted(raw)
    return [
        replace(task, inputs=task.inputs | {"family": family}) if place in planned else task
        for place, task in enumerate(found)
    ]


def is_planned(inputs: Json) -> bool:
    return bool(inputs.get("standing", {}).get("is_planned"))


def compute(inputs: Json) -> ExPostResult:
    """The answer to one question, from its stored inputs alone. The same inputs always give the same answer."""
    from indicators.engine.expost.confidence import with_data_quality

    result = answer(inputs)
    if "standing" not in inputs:  # Kept before there were plans.
        return _labelled(result, inputs, to_json(NO_PLAN))
    turns = turns_of(result, inputs)
    result = with_data_quality(result, inputs.get("data_quality"))
    result = _against_smallest_change(result, inputs.get("smallest_change"))
    return with_turns(_labelled(_tested(result, inputs), inputs, inputs["standing"]), turns)


def _tested(result: ExPostResult, inputs: Json) -> ExPostResult:
    """Of a planned question raw and adjusted p; of an exploratory one an estimate, and no word of significance."""
    from indicators.engine.expost.multiple import Claim, adjust

    if result.refusal is not None:
        return result
    if not is_planned(inputs):
        said = tuple(
            message(A_HINT) if one.template == LARGER_THAN_CHANCE else one for one in result.sentence
        )
        return replace(result, sentence=said, params={**result.params, "p_raw": result.p_value}, p_value=None)
    rest = list(inputs.get("family", []))
    if result.p_value is not None and result.p_value in rest:
        rest.remove(result.p_value)
    own = Claim(name="", p_value=result.p_value, is_primary=True)
    adjusted = adjust([own, *(Claim(name="", p_value=p, is_primary=True) for p in rest)])[0]
    params = {
        **result.params,
        "p_raw": result.p_value,
        "p_adjusted": adjusted.p_adjusted,
        "family_size": adjusted.family_size,
        "tested": adjusted.standing.value,
    }
    said = (adjusted.text,) if adjusted.p_adjusted is not None else ()
    return replace(result, params=params, sentence=(*result.sentence, *said))


def _against_smallest_change(result: ExPostResult, smallest: str | None) -> ExPostResult:
    """Whether the interval lies beyond the smallest change that matters, short of it, or around it."""
    if result.refusal is not None or smallest is None or result.value is None:
        return result
    is_no_change = result.params.get("kind") == "rate_ratio" or "band" in result.params
    if is_no_change or result.low is None or result.high is None:
        return result
    border = float(smallest)
    nearest = 0.0 if result.low <= 0 <= result.high else min(abs(result.low), abs(result.high))
    farthest = max(abs(result.low), abs(result.high))
    holds, text = Answer.CANNOT_TELL, gettext_noop(
        "The change may or may not reach the smallest that matters, laid down as %(border)s: the interval has both."
    )  # fmt: skip
    if nearest >= border:
        holds, text = Answer.YES, gettext_noop(
            "All of the interval lies beyond the smallest change that matters, laid down as %(border)s."
        )  # fmt: skip
    elif farthest < border:
        holds, text = Answer.NO, gettext_noop(
            "All of the interval lies short of the smallest change that matters, laid down as %(border)s."
        )  # fmt: skip
    said = message(text, border=smallest)
    return replace(
        result,
        params={**result.params, "smallest_change": border, "matters": holds.value},
        sentence=(*result.sentence, said),
    )


def _labelled(result: ExPostResult, inputs: Json, standing: Json) -> ExPostResult:
    """What every result says besides its number: whether a plan came first, and what its inputs are flagged with."""
    holds = Answer.YES if standing["is_planned"] else Answer.NO
    came_first = Assumption(
        name="plan_locked",
        holds=holds,
        text=message(gettext_noop("Method and indicators were laid down before the start.")),
    )
    noted: Iterable[Message] = [message_from_json(one) for one in (*inputs["notes"], *standing["notes"])]
    flags: list[Any] = [*inputs["flags"], *standing["flags"]]
    return replace(
        result,
        assumptions=(*result.assumptions, came_first),
        flags=(*result.flags, *(one for one in flags if one not in result.flags)),
        sentence=(*result.sentence, *noted),
    )


__all__ = ["EXPLORATORY", "PRIMARY", "compute", "tasks", "with_family"]
