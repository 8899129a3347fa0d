"""The ex-post answer to stored inputs, by each method; statistics load at the first answer. Reads and saves nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from indicators.assessment.drafts import Json
from indicators.engine.codec import from_json
from indicators.engine.errors import EngineError
from indicators.engine.expost.checked import finite_result
from indicators.engine.expost.situation import Method
from indicators.engine.expost.types import ExPostResult, refused
from indicators.engine.messages import gettext_noop, message, refuse
from indicators.engine.rules import rules_of
from indicators.engine.types import IndicatorRule, PeriodValue, Refusal, RefusalCode

if TYPE_CHECKING:
    from indicators.engine.expost.flips import Finding

Compute = Callable[[Json], ExPostResult]


def answer(inputs: Json) -> ExPostResult:
    """The bare answer: no plan, no data quality. A figure that is none never leaves here: it becomes a refusal.

    Raises:
        ValueError: the inputs name no computation.
    """
    compute = COMPUTATIONS.get(inputs["compute"])
    if compute is None:
        raise ValueError(f"“{inputs['compute']}” is no ex-post computation.")
    if inputs.get("blocked"):
        return _refused(from_json(Refusal, inputs["blocked"]), inputs)
    try:
        result = compute(inputs)
    except (EngineError, ArithmeticError, ValueError) as failure:
        unusable = refuse(
            RefusalCode.NOT_COMPUTED_HERE,
            gettext_noop("With these figures the method cannot be computed: %(why)s"),
            why=str(failure)[:200],
        )
        return _refused(unusable, inputs)
    return finite_result(result)


def _refused(refusal: Refusal, inputs: Json) -> ExPostResult:
    return refused(refusal, method=str(inputs["compute"]), label=message(""))


def _series(data: Sequence[Json | PeriodValue]) -> list[PeriodValue]:
    """The periods; those that were read already stay as they are, so that trying a change reads nothing again."""
    return [one if isinstance(one, PeriodValue) else from_json(PeriodValue, one) for one in data]


def _named(data: Mapping[str, Sequence[Json | PeriodValue]]) -> dict[str, list[PeriodValue]]:
    return {code: _series(one) for code, one in data.items()}


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def _split(inputs: Json) -> date:
    return date.fromisoformat(inputs["split_on"])


def _cut(inputs: Json) -> dict[str, Any]:
    """Where a segmented regression cuts."""
    return {
        "split_on": _split(inputs),
        "transition_until": _day(inputs.get("transition_until")),
        "horizon": inputs.get("horizon"),
    }


def _without_transition(series: Sequence[PeriodValue], inputs: Json) -> list[PeriodValue]:
    until = _day(inputs.get("transition_until"))
    split_on = _split(inputs)
    return [p for p in series if until is None or p.ends_on <= split_on or p.starts_on > until]


def _before_after(inputs: Json) -> ExPostResult:
    from indicators.engine.expost.before_after import before_after

    series = _without_transition(_series(inputs["series"]), inputs)
    return before_after(series, from_json(IndicatorRule, inputs["rule"]), split_on=_split(inputs))


def _interrupted(inputs: Json) -> ExPostResult:
    from indicators.engine.expost.interrupted import interrupted_series

    return interrupted_series(_series(inputs["series"]), **_cut(inputs))


def _interrupted_counts(inputs: Json) -> ExPostResult:
    from indicators.engine.expost.counts import interrupted_counts

    return interrupted_counts(_series(inputs["series"]), **_cut(inputs))


def _comparative(inputs: Json) -> ExPostResult:
    from indicators.engine.expost.comparative import comparative_series

    return comparative_series(_series(inputs["series"]), _named(inputs["comparisons"]), **_cut(inputs))


def _panel(inputs: Json, treated: Mapping[str, Sequence[PeriodValue]]) -> Any:
    from indicators.engine.expost.panel import panel_of

    groups = [
        {code: _without_transition(one, inputs) for code, one in group.items()}
        for group in (treated, _named(inputs["comparisons"]))
    ]
    return panel_of(groups[0], groups[1], split_on=_split(inputs))


def _difference_in_differences(inputs: Json) -> ExPostResult:
    from indicators.engine.expost.comparison import difference_in_differences

    return difference_in_differences(_panel(inputs, _named(inputs["treated"])), seed=inputs["seed"])


def _synthetic(inputs: Json) -> ExPostResult:
    from indicators.engine.expost.synthetic import synthetic_control

    return synthetic_control(_panel(inputs, {"T1": _series(inputs["series"])}))


def _counterfactual(inputs: Json) -> ExPostResult:
    from indicators.engine.expost.counterfactual import counterfactual_trend

    series = _without_transition(_series(inputs["series"]), inputs)
    return counterfactual_trend(series, split_on=_split(inputs))


def _levels(inputs: Json) -> tuple[dict[str, int], dict[str, int]]:
    """Last level before and last level so far, site by site."""
    split_on = _split(inputs)
    levels: tuple[dict[str, int], dict[str, int]] = ({}, {})
    for code, one in _named(inputs["treated"]).items():
        for period in _without_transition(one, inputs):
            if period.value is not None and (period.ends_on <= split_on or period.starts_on > split_on):
                levels[period.starts_on > split_on][code] = int(period.value)
    return levels


def _maturity(inputs: Json) -> ExPostResult:
    from indicators.engine.expost.maturity import ordinal_maturity

    return ordinal_maturity(*_levels(inputs))


def _paired_shares(inputs: Json) -> ExPostResult:
    """The same sites, yes or no: how many both times, only before, only after, never."""
    from indicators.engine.expost.paired_shares import paired_shares

    before, after = _levels(inputs)
    both = [(before[code] > 0, after[code] > 0) for code in before if code in after]
    return paired_shares(
        *(both.count(pair) for pair in ((True, True), (True, False), (False, True), (False, False)))
    )


def _contribution(inputs: Json) -> ExPostResult:
    from indicators.assessment.contributions import rated

    return rated(inputs.get("contribution", {}))  # Kept before ratings could be entered: none.


def _elsewhere(inputs: Json) -> ExPostResult:
    text = gettext_noop("What this method needs is not recorded in a form that it could be computed from.")
    return _refused(refuse(RefusalCode.NOT_COMPUTED_HERE, text), inputs)


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
    return paired_gain(
        pre,
        post,
        maximum=inputs["maximum"],
        unpaired_share=inputs["unpaired_share"],
        equal_forms=inputs.get("equal_forms"),
    )


def _paired_gain_with_comparison(inputs: Json) -> ExPostResult:
    from indicators.engine.expost.comparison_group import paired_gain_with_comparison

    if "comparison_n" not in inputs:  # Kept before it was computed.
        return _elsewhere(inputs)
    pre, post = _columns(inputs, 2)
    beside = {"scores": inputs["comparison_scores"], "n": inputs["comparison_n"]}
    return paired_gain_with_comparison(
        pre,
        post,
        *_columns(beside, 2),
        maximum=inputs["maximum"],
        unpaired_share=inputs["unpaired_share"],
        equal_forms=inputs.get("equal_forms"),
    )


def _share_kept(inputs: Json) -> ExPostResult:
    from indicators.engine.expost.persistence import share_kept

    if "total" not in inputs:  # Kept before it was computed.
        return _elsewhere(inputs)
    if inputs["total"] is None:
        none = gettext_noop("There is no count from after the end yet.")
        return _refused(refuse(RefusalCode.NO_FOLLOW_UP, none), inputs)
    kept, total = Decimal(inputs["kept"]), Decimal(inputs["total"])
    if any(one != one.to_integral_value() for one in (kept, total)):
        parts = gettext_noop("%(kept)s of %(total)s are no counts of things, so nothing was kept or lost.")
        return _refused(refuse(RefusalCode.NOT_NUMERIC, parts, kept=kept, total=total), inputs)
    return share_kept(int(kept), int(total), rules_of(inputs.get("rules", {})))


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


def read(inputs: Json) -> Json:
    """The inputs with their series read, for whoever computes from them many times."""
    once = dict(inputs)
    if "series" in inputs:
        once["series"] = _series(inputs["series"])
    for group in {"treated", "comparisons"} & set(inputs):
        once[group] = _named(inputs[group])
    return once


def points_without_each(inputs: Json, series: Sequence[PeriodValue]) -> list[Finding | None]:
    """By place in the series, what the answer would say without it; None or nothing where that has to be computed."""
    from indicators.engine.expost import leave_out

    match inputs["compute"]:
        case Method.INTERRUPTED_SERIES.value:
            return leave_out.series_without_each(series, **_cut(inputs))
        case Method.COMPARATIVE_INTERRUPTED_SERIES.value:
            return leave_out.comparative_without_each(series, _named(inputs["comparisons"]), **_cut(inputs))
        case name if COMPUTATIONS[name] is _before_after and not inputs.get("transition_until"):
            rule = from_json(IndicatorRule, inputs["rule"])
            return leave_out.before_after_without_each(series, rule, split_on=_split(inputs))
        case _:
            return []


def units_without_each(inputs: Json) -> dict[str, Finding | None]:
    """By code of a unit, what the answer would say without it; None or nothing where that has to be computed."""
    from indicators.engine.expost import leave_out

    match inputs["compute"]:
        case Method.DIFFERENCE_IN_DIFFERENCES.value:
            panel = _panel(inputs, _named(inputs["treated"]))
            found = leave_out.units_without_each(panel)
        case Method.SYNTHETIC_CONTROL.value:
            panel = _panel(inputs, {"T1": _series(inputs["series"])})
            found = leave_out.donors_without_each(panel)
        case _:
            return {}
    return {unit.name: said for unit, said in zip(panel.units, found, strict=True)}


COMPUTATIONS: dict[str, Compute] = {
    "before_after": _before_after,
    "series_retention": _series_retention,
    "paired_gain": _paired_gain,
    "retention": _retention,
    Method.DIFFERENCE_IN_DIFFERENCES.value: _difference_in_differences,
    Method.COMPARATIVE_INTERRUPTED_SERIES.value: _comparative,
    Method.SYNTHETIC_CONTROL.value: _synthetic,
    Method.INTERRUPTED_SERIES.value: _interrupted,
    Method.INTERRUPTED_COUNTS.value: _interrupted_counts,
    Method.COUNTERFACTUAL_TREND.value: _counterfactual,
    Method.ORDINAL_MATURITY.value: _maturity,
    Method.CONTRIBUTION_RATING.value: _contribution,
    Method.PROPORTIONS_BEFORE_AFTER.value: _before_after,
    Method.RATES_BEFORE_AFTER.value: _before_after,
    Method.MEANS_BEFORE_AFTER.value: _before_after,
    Method.DIFFERENCE_ONLY.value: _before_after,
    Method.PAIRED_PROPORTIONS.value: _paired_shares,
    Method.SHARE_KEPT.value: _share_kept,
    Method.PARTICIPANT_RETENTION.value: _elsewhere,
    Method.PAIRED_GAIN_WITH_COMPARISON.value: _paired_gain_with_comparison,
}
"""By the word that inputs name their computation with."""
