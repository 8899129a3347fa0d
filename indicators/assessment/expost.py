"""Ex-post: which questions an assessment asks, on what inputs, and the answers. Statistics load at the first answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from indicators.assessment import courses, windows
from indicators.assessment.drafts import Json, Task, judge_task
from indicators.engine.codec import from_json, message_from_json
from indicators.engine.expost.types import Answer, Assumption, ExPostResult, refused
from indicators.engine.messages import gettext_noop, message, refuse
from indicators.engine.rules import rules_of
from indicators.engine.types import IndicatorRule, PeriodValue, RefusalCode, Snapshot
from indicators.models import Programme, ProgrammeIndicator, Tense, rules_on

EXPLORATORY = "EXPLORATORY"
NOT_PLANNED = gettext_noop("Exploratory: no plan was locked before the start.")


def tasks(
    programme: Programme,
    indicators: list[ProgrammeIndicator],
    snapshots: Mapping[int, Snapshot],
    *,
    as_of: date,
    seed: int,
) -> list[Task]:
    """Every question of an ex-post assessment at a day.

    Course runs that have ended are asked what was learnt and what was kept, also while the programme runs on. The
    indicators' own series are asked once the programme has ended.
    """
    found = courses.tasks(programme, indicators, as_of=as_of, seed=seed, rules=rules_on(as_of))
    if as_of < programme.ends_on:
        return found
    from_scores = {task.indicator_pk for task in found}
    for indicator in indicators:
        version = indicator.version
        if indicator.pk in from_scores or version.is_context or version.tense == Tense.ON_THE_FLY:
            continue
        if version.tense == Tense.EX_POST:
            found.append(judge_task(indicator.pk, snapshots[indicator.pk]))
        found += windows.tasks(indicator.pk, snapshots[indicator.pk], programme)
    return found


def compute(inputs: Json) -> ExPostResult:
    """The answer to one question, from its stored inputs alone. The same inputs always give the same answer."""
    match inputs["compute"]:
        case "before_after":
            result = _before_after(inputs)
        case "series_retention":
            result = _series_retention(inputs)
        case "paired_gain":
            result = _paired_gain(inputs)
        case "retention":
            result = _retention(inputs)
        case unknown:
            raise ValueError(f"“{unknown}” is no ex-post computation.")
    return _labelled(result, inputs)


def _before_after(inputs: Json) -> ExPostResult:
    from indicators.engine.expost.before_after import before_after

    series = [from_json(PeriodValue, one) for one in inputs["series"]]
    rule = from_json(IndicatorRule, inputs["rule"])
    return before_after(series, rule, split_on=date.fromisoformat(inputs["split_on"]))


def _series_retention(inputs: Json) -> ExPostResult:
    from indicators.engine.expost.persistence import METHOD_SERIES, series_retention

    baseline, end = inputs["baseline"], inputs["end"]
    if baseline is None or end is None:
        missing = (
            refuse(RefusalCode.BASELINE_MISSING, gettext_noop("There is no value before to compare with."))
            if baseline is None
            else refuse(RefusalCode.NO_APPROVED_DATA, gettext_noop("There is no value at the end."))
        )
        return refused(missing, method=METHOD_SERIES, label=message(gettext_noop("retention")))
    return series_retention(
        baseline,
        end,
        inputs["followup"],
        standard_error=inputs["standard_error"],
        higher_is_better=inputs["higher_is_better"],
        rules=rules_of(inputs.get("rules", {})),
    )


def _paired_gain(inputs: Json) -> ExPostResult:
    from indicators.engine.expost.paired import paired_gain

    pre, post = _columns(inputs, 2)
    return paired_gain(pre, post, maximum=inputs["maximum"], unpaired_share=inputs["unpaired_share"])


def _retention(inputs: Json) -> ExPostResult:
    from indicators.engine.expost.persistence import retention

    pre, post, followup = _columns(inputs, 3)
    rules = rules_of(inputs.get("rules", {}))
    return retention(
        pre, post, followup, seed=inputs["seed"], response_rate=inputs["response_rate"], rules=rules
    )


def _columns(inputs: Json, width: int) -> list[list[float]]:
    """The people's scores by occasion. Of fewer than eight people only their number was kept: it will be refused."""
    rows: list[list[float]] = inputs["scores"] or [[0.0] * width] * inputs["n"]
    return [[float(row[place]) for row in rows] for place in range(width)]


def _labelled(result: ExPostResult, inputs: Json) -> ExPostResult:
    """What every result says besides its number: that no plan came first, and what its inputs are flagged with."""
    planned = Assumption(
        name="plan_locked",
        holds=Answer.NO,
        text=message(gettext_noop("Method and indicators were laid down before the start.")),
    )
    noted: list[Any] = [message_from_json(one) for one in inputs["notes"]]
    return replace(
        result,
        assumptions=(*result.assumptions, planned),
        flags=(*result.flags, *inputs["flags"], EXPLORATORY),
        sentence=(*result.sentence, *noted, message(NOT_PLANNED)),
    )
