"""The rule, the numbers put in, and the plain sentence. Says what was computed, computes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from .display import format_index, format_number, format_parts, format_share, format_value
from .messages import gettext_noop, message
from .quality import is_partial
from .rules import METHOD_RULES, Rules
from .timeline import POOLED, CurrentValue, effective_time_rule, window_months
from .types import (
    Coverage,
    IndicatorRule,
    Measurement,
    Message,
    PeriodValue,
    Plan,
    Refusal,
    SiteRule,
    Status,
    Step,
    TimeRule,
    Trajectory,
    Trend,
    TrendWord,
    ValueType,
)

# Sentences without numbers are the same for every indicator: made once.
_TIME_RULES = {
    TimeRule.SUM: (
        message(gettext_noop("Current value: baseline plus all reported increments")),
        "A = B + Σx",
    ),
    TimeRule.LAST: (message(gettext_noop("Current value: the latest period")), "A = x(last)"),
    TimeRule.MEAN: (message(gettext_noop("Current value: mean of the periods")), "A = Σx / n"),
    TimeRule.MIN: (message(gettext_noop("Current value: lowest period")), "A = min x"),
    TimeRule.MAX: (message(gettext_noop("Current value: highest period")), "A = max x"),
    TimeRule.MEDIAN: (message(gettext_noop("Current value: median of the periods")), "A = median x"),
    TimeRule.RATIO_OF_SUMS: (
        message(gettext_noop("Current value: all numerators over all denominators")),
        "A = scale × Σnum / Σden",
    ),
    TimeRule.MEAN_WEIGHTED_N: (
        message(gettext_noop("Current value: mean weighted by cases")),
        "A = Σ(n·x) / Σn",
    ),
    TimeRule.MEAN_INVERSE_VARIANCE: (
        message(gettext_noop("Current value: mean weighted by precision")),
        "A = Σ(x/s²) / Σ(1/s²)",
    ),
    TimeRule.ROLLING_5Y_RATIO: (
        message(gettext_noop("Current value: all numerators over all denominators")),
        "A = scale × Σnum / Σden",
    ),
}
_PATHS = {
    Trajectory.LINEAR: "P = B + (T − B)·(t − t0)/(t1 − t0)",
    Trajectory.STEP: "P = last milestone due",
    Trajectory.MILESTONES: "P = line between the milestones around t",
    Trajectory.S_CURVE: "P = B + (T − B)·(3u² − 2u³)",
}
_ACHIEVEMENT = message(gettext_noop("Achievement: share of the planned change that has occurred"))
_EXPECTED = message(gettext_noop("Expected achievement: share of the planned change that was due"))
_PLANNED = message(gettext_noop("Planned value at that date"))
_PLANNED_POOLED = message(
    gettext_noop("Planned value: the planned path, joined over the same periods as the value")
)
_SHARE_INSIDE = message(
    gettext_noop("Share of periods inside the agreed bounds (the bounds count as inside)")
)
_PACE = message(gettext_noop("Required pace: pace needed from now on, as a multiple of the pace so far"))
_ERROR = message(
    gettext_noop("Measurement error: 95 %% interval of the value; probability of being on track")
)
_APPROXIMATE = message(gettext_noop("The colour depends on a difference within the measurement error (≈)."))
_NOT_PROOF = message(gettext_noop("This is change, not proof that the programme caused it."))
_MOST_SHOWN = 12


def value_steps(current: CurrentValue, rule: IndicatorRule) -> list[Step]:
    """How the current value came out of the periods, and over which window."""
    label, formula = _TIME_RULES[effective_time_rule(rule)]
    steps = [
        Step(
            label=label,
            rule=formula,
            substituted=_substituted_value(current, rule),
            result=format_value(current.value, rule),
        )
    ]
    months = window_months(rule)
    if months is not None and current.periods:
        window = gettext_noop("Only what ended within the latest %(months)s months counts")
        first, last = current.periods[0].label, current.periods[-1].label
        steps.append(
            Step(
                label=message(window, months=months),
                rule="",
                substituted=f"{first} – {last}",
                result=str(len(current.periods)),
            )
        )
    return steps


def _substituted_value(current: CurrentValue, rule: IndicatorRule) -> str:
    parts = format_parts(current.numerator, current.denominator)
    if parts and rule.value_type is ValueType.RATIO:
        return f"{format_number(rule.scale, 4)} × {parts}" if rule.scale != 1 else parts
    periods = current.periods
    if len(periods) <= _MOST_SHOWN:
        return "; ".join(_labelled(p, rule) for p in periods)
    latest = (_labelled(p, rule) for p in periods[2 - _MOST_SHOWN :])
    return "; ".join([_labelled(periods[0], rule), "…", *latest])


def _labelled(period: PeriodValue, rule: IndicatorRule) -> str:
    return f"{period.label}: {format_value(period.value, rule)}"


_SITE_RULES = {
    SiteRule.SUM: (gettext_noop("Period value: sum of what was reported"), "x = Σx"),
    SiteRule.MEAN: (gettext_noop("Period value: mean of what was reported"), "x = Σx / n"),
    SiteRule.MIN: (gettext_noop("Period value: lowest of what was reported"), "x = min x"),
    SiteRule.MAX: (gettext_noop("Period value: highest of what was reported"), "x = max x"),
    SiteRule.MEDIAN: (gettext_noop("Period value: median of what was reported"), "x = median x"),
    SiteRule.FIRST: (gettext_noop("Period value: the first site speaks for all"), "x = x(first)"),
    SiteRule.LAST: (gettext_noop("Period value: the last site speaks for all"), "x = x(last)"),
    SiteRule.RATIO_OF_SUMS: (
        gettext_noop("Period value: all numerators over all denominators"),
        "x = scale × Σnum / Σden",
    ),
    SiteRule.MEAN_WEIGHTED_N: (gettext_noop("Period value: mean weighted by cases"), "x = Σ(n·x) / Σn"),
    SiteRule.MEAN_INVERSE_VARIANCE: (
        gettext_noop("Period value: mean weighted by precision"),
        "x = Σ(x/s²) / Σ(1/s²)",
    ),
    SiteRule.NOT_APPLICABLE: (gettext_noop("Period value: as it was reported"), "x"),
}


def period_step(
    parts: Sequence[Measurement], period: PeriodValue, rule: IndicatorRule, *, shows_parts: bool = True
) -> Step:
    """How the figures of sites and cells became the value of a period.

    Args:
        parts: those that count, from `rollup.counted`.
        shows_parts: False where a reader may not see each of them; then the rule stands without the numbers.
    """
    how = SiteRule.NOT_APPLICABLE if len(parts) == 1 else _how(rule)
    label, formula = _SITE_RULES[how]
    shown = [_part(one, rule) for one in parts]
    if len(shown) > _MOST_SHOWN:
        shown = [*shown[: _MOST_SHOWN - 1], f"… ({len(parts)})"]
    joined = (" + " if how in {SiteRule.SUM, SiteRule.RATIO_OF_SUMS} else "; ").join(shown)
    if how is SiteRule.RATIO_OF_SUMS and len(parts) > 1:
        joined += f" → {format_parts(period.numerator, period.denominator)}"
    return Step(
        label=message(label),
        rule=formula,
        substituted=joined if shows_parts else "",
        result=format_value(period.value, rule),
    )


def _how(rule: IndicatorRule) -> SiteRule:
    if rule.value_type is ValueType.RATIO and rule.site_rule is SiteRule.SUM:
        return SiteRule.RATIO_OF_SUMS
    if rule.site_rule is SiteRule.NOT_APPLICABLE and rule.value_type is ValueType.COUNT:
        return SiteRule.SUM
    return rule.site_rule


def _part(one: Measurement, rule: IndicatorRule) -> str:
    said = format_parts(one.numerator, one.denominator) or format_value(one.value, rule)
    if rule.site_rule is SiteRule.MEAN_WEIGHTED_N and one.n is not None:
        return f"{said} (n {one.n})"
    if rule.site_rule is SiteRule.MEAN_INVERSE_VARIANCE and one.standard_error is not None:
        return f"{said} (s {format_number(one.standard_error, 3)})"
    return said


def score_step(items: Sequence[tuple[Decimal, Decimal]], value: Decimal) -> Step:
    """The weighted mean of achievements: weight and achievement of each, as they count."""
    shown = [
        f"{format_number(weight, 3)} × {format_share(min(max(achieved, Decimal(0)), Decimal(1)))}"
        for weight, achieved in items
        if weight > 0
    ]
    whole = format_number(sum((weight for weight, _ in items), Decimal(0)), 3)
    return Step(
        label=message(gettext_noop("Weighted achievement: each kept within 0 %% and 100 %%, weighted")),
        rule="S = Σ(w·a) / Σw",
        substituted=f"({' + '.join(shown)}) / {whole}",
        result=format_share(value),
    )


def achievement_step(actual: Decimal, plan: Plan, achieved: Decimal, rule: IndicatorRule) -> Step:
    """(A − B) ÷ (T − B) with the numbers; for levels the result is said in levels."""
    a, b, t = (format_value(x, rule) for x in (actual, plan.baseline, plan.target))
    result = format_share(achieved)
    if rule.value_type is ValueType.ORDINAL and plan.baseline is not None and plan.target is not None:
        done, meant = actual - plan.baseline, plan.target - plan.baseline
        result = f"{format_number(done, 1)} of {format_number(meant, 1)} levels"
    return Step(
        label=_ACHIEVEMENT,
        rule="a = (A − B) / (T − B)",
        substituted=f"({a} − {b}) / ({t} − {b})",
        result=result,
    )


def planned_step(planned: Decimal, plan: Plan, current: CurrentValue, rule: IndicatorRule) -> Step:
    """The planned value the actual one is compared with."""
    trajectory = plan.trajectory
    if trajectory is Trajectory.LINEAR and plan.milestones:
        trajectory = Trajectory.MILESTONES
    substituted = (
        f"B = {format_value(plan.baseline, rule)} ({plan.baseline_on}), "
        f"T = {format_value(plan.target, rule)} ({plan.target_on}), t = {current.on}"
    )
    is_pooled = effective_time_rule(rule) in POOLED and len(current.periods) > 1
    return Step(
        label=_PLANNED_POOLED if is_pooled else _PLANNED,
        rule=_PATHS[trajectory],
        substituted=substituted,
        result=format_value(planned, rule),
    )


def expected_step(planned: Decimal, plan: Plan, expected: Decimal, rule: IndicatorRule) -> Step:
    """(P − B) ÷ (T − B) with the numbers."""
    p, b, t = (format_value(x, rule) for x in (planned, plan.baseline, plan.target))
    return Step(
        label=_EXPECTED,
        rule="e = (P − B) / (T − B)",
        substituted=f"({p} − {b}) / ({t} − {b})",
        result=format_share(expected),
    )


def index_step(
    achieved: Decimal, expected: Decimal, index: Decimal, plan: Plan, rules: Rules = METHOD_RULES
) -> Step:
    """a ÷ e, with enough digits to be on the right side of the borders; own borders beside the usual ones."""
    own = {"on_track": format_number(plan.on_track_from, 4), "at_risk": format_number(plan.at_risk_from, 4)}
    if (plan.on_track_from, plan.at_risk_from) == (rules.on_track_from, rules.at_risk_from):
        label = message(
            gettext_noop("On-track index: on track from %(on_track)s, at risk from %(at_risk)s"), **own
        )
    else:
        label = message(
            gettext_noop(
                "On-track index: on track from %(on_track)s, at risk from %(at_risk)s "
                "(own thresholds; usual: %(usual_on_track)s and %(usual_at_risk)s)"
            ),
            **own,
            usual_on_track=format_number(rules.on_track_from, 4),
            usual_at_risk=format_number(rules.at_risk_from, 4),
        )
    return Step(
        label=label,
        rule="OTI = a / e",
        substituted=f"{format_number(achieved, 4)} / {format_number(expected, 4)}",
        result=format_index(index, (plan.at_risk_from, plan.on_track_from)),
    )


def share_step(
    met: int, counted: int, low: Decimal | None, high: Decimal | None, rule: IndicatorRule
) -> Step:
    """Periods inside the bounds out of the periods that count."""
    bounds = " ≤ x ≤ ".join(format_value(x, rule) if x is not None else "…" for x in (low, high))
    return Step(
        label=_SHARE_INSIDE,
        rule=bounds,
        substituted=f"{met} / {counted}",
        result=format_share(Decimal(met) / Decimal(counted)),
    )


def listed_step(label: str, periods: Sequence[PeriodValue]) -> Step:
    """Periods that need to be named one by one."""
    return Step(
        label=message(label),
        rule="",
        substituted=", ".join(p.label for p in periods),
        result=str(len(periods)),
    )


def pace_step(pace: Decimal) -> Step:
    """The catch-up factor."""
    return Step(
        label=_PACE,
        rule="[(T − A)/(t1 − t)] / [(A − B)/(t − t0)]",
        substituted="",
        result=f"{format_number(pace, 2)} ×",
    )


def error_step(low: Decimal, high: Decimal, probability: float | None, rule: IndicatorRule) -> Step:
    """The 95 % interval of the value, and how likely the index is at or above the on-track border."""
    result = "" if probability is None else f"{format_number(Decimal(str(round(probability, 3))), 2)}"
    return Step(
        label=_ERROR,
        rule="A ± 1.96·s",
        substituted=f"{format_value(low, rule)} … {format_value(high, rule)}",
        result=result,
    )


def refusal_step(refusal: Refusal) -> Step:
    """The reason stands where the number would stand."""
    return Step(label=refusal.message, rule="", substituted="", result=refusal.code.value)


_STATUS_WORDS = {
    Status.ON_TRACK: message(gettext_noop("On track.")),
    Status.AT_RISK: message(gettext_noop("At risk.")),
    Status.OFF_TRACK: message(gettext_noop("Off track.")),
    Status.NOT_REPORTING: message(gettext_noop("Not reporting.")),
    Status.NOT_ASSESSABLE: message(gettext_noop("Cannot be assessed.")),
    Status.MONITORED: message(gettext_noop("Monitored only: watched, not judged.")),
}
_TREND_WORDS = {
    TrendWord.IMPROVING: message(gettext_noop("The trend is improving.")),
    TrendWord.WORSENING: message(gettext_noop("The trend is worsening.")),
    TrendWord.RISING: message(gettext_noop("The trend is rising.")),
    TrendWord.FALLING: message(gettext_noop("The trend is falling.")),
    TrendWord.NO_EVIDENCE: message(
        gettext_noop("There is no evidence of a trend, which does not mean that it is stable.")
    ),
}


def sentence(
    *,
    status: Status,
    refusal: Refusal | None,
    current: CurrentValue,
    plan: Plan,
    planned: Decimal | None,
    extra: Message | None,
    rule: IndicatorRule,
    trend: Trend,
    covered: Coverage,
    is_over_target: bool,
    is_approximate: bool,
    required_pace: Decimal | None,
    rules: Rules = METHOD_RULES,
) -> tuple[Message, ...]:
    """The result in sentences for somebody who is not a statistician (METHOD 7.3)."""
    said: list[Message] = []
    if current.value is not None:
        said.append(_movement(current, plan, rule))
    if planned is not None and status is not Status.MONITORED:
        said.append(
            message(gettext_noop("Planned by then: %(planned)s."), planned=format_value(planned, rule))
        )
    if extra is not None:
        said.append(extra)
    said.append(_STATUS_WORDS[status])
    if refusal is not None:
        said.append(refusal.message)
    said += _flags(
        is_approximate=is_approximate,
        is_over_target=is_over_target,
        over_target_from=rules.over_target_from if plan.over_target_from is None else plan.over_target_from,
        required_pace=required_pace,
        rules=rules,
    )
    if trend.word is not TrendWord.INSUFFICIENT:
        said.append(_TREND_WORDS[trend.word])
    said += _partial(current, covered, rules)
    if current.value is not None:
        said.append(_NOT_PROOF)
    return tuple(said)


def _partial(current: CurrentValue, covered: Coverage, rules: Rules) -> list[Message]:
    """The newest period is named when it is thin; otherwise the whole record, when that is."""
    if current.periods:
        newest = current.periods[-1]
        if is_partial(Coverage(reported=newest.reported, expected=newest.expected), rules):
            return [
                message(
                    gettext_noop(
                        "Partial: %(reported)s of %(expected)s expected reports are in for %(period)s, "
                        "less than %(need)s."
                    ),
                    need=format_share(rules.partial_below),
                    reported=newest.reported,
                    expected=newest.expected,
                    period=newest.label,
                )
            ]
    if not is_partial(covered, rules):
        return []
    return [
        message(
            gettext_noop(
                "Partial: %(reported)s of %(expected)s expected reports are in, less than %(need)s."
            ),
            need=format_share(rules.partial_below),
            reported=covered.reported,
            expected=covered.expected,
        )
    ]


def kept_within(met: int, counted: int, missing: int) -> Message:
    """How often an indicator was inside its agreed bounds."""
    template = (
        gettext_noop(
            "Inside the agreed bounds in %(met)s of %(counted)s periods; %(missing)s without a report count as outside."
        )
        if missing
        else gettext_noop("Inside the agreed bounds in %(met)s of %(counted)s periods.")
    )
    return message(template, met=met, counted=counted, missing=missing)


def _flags(
    *,
    is_approximate: bool,
    is_over_target: bool,
    over_target_from: Decimal,
    required_pace: Decimal | None,
    rules: Rules,
) -> list[Message]:
    said: list[Message] = []
    if is_approximate:
        said.append(_APPROXIMATE)
    if is_over_target:
        said.append(
            message(
                gettext_noop("Well over the target (above %(border)s of it): the target may be too soft."),
                border=format_share(over_target_from),
            )
        )
    if required_pace is not None and required_pace > rules.catch_up_above:
        said.append(
            message(
                gettext_noop(
                    "From now on %(pace)s times the pace so far is needed (limit %(limit)s): "
                    "the target is unlikely without a change of scope."
                ),
                pace=format_number(required_pace, 1),
                limit=format_number(rules.catch_up_above, 2),
            )
        )
    return said


def _movement(current: CurrentValue, plan: Plan, rule: IndicatorRule) -> Message:
    assert current.value is not None
    parts = format_parts(current.numerator, current.denominator) if rule.value_type is ValueType.RATIO else ""
    shown = format_value(current.value, rule) + (f" ({parts})" if parts else "")
    if plan.baseline is None:
        return message(gettext_noop("The value is %(value)s at %(on)s."), value=shown, on=current.on)
    if current.value > plan.baseline:
        template = gettext_noop("Rose from %(baseline)s to %(value)s at %(on)s.")
    elif current.value < plan.baseline:
        template = gettext_noop("Fell from %(baseline)s to %(value)s at %(on)s.")
    else:
        template = gettext_noop("Unchanged: baseline %(baseline)s, now %(value)s at %(on)s.")
    return message(template, baseline=format_value(plan.baseline, rule), value=shown, on=current.on)
