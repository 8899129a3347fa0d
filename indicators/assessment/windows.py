"""Before, at the end, afterwards: the parts of a series that ex-post questions compare. Computes no statistics."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from indicators.assessment.clock import add_months
from indicators.assessment.drafts import Json, Task
from indicators.engine.codec import message_to_json, to_json
from indicators.engine.messages import gettext_noop, message
from indicators.engine.timeline import effective_time_rule
from indicators.engine.types import Direction, IndicatorRule, PeriodValue, Snapshot, TimeRule, ValueType
from indicators.models import Programme

YEAR_MONTHS = 12
SLACK = timedelta(days=3)
"""Months and half-years are not equally long: a period may pass the border of its window by so much."""
BASELINE_AFTER_START = "BASELINE_AFTER_START"
FIRST_YEAR = gettext_noop(
    "There are no values from before the start: the first periods of the programme stand for “before”."
)
AT_END = gettext_noop("Before against the last year of the programme")
FOLLOWED_UP = gettext_noop("Before against the time after the end")
RETAINED = gettext_noop("Share of the change that is still there after the end")


@dataclass(frozen=True, slots=True, kw_only=True)
class Windows:
    """The three parts of one series."""

    before: tuple[PeriodValue, ...]
    at_end: tuple[PeriodValue, ...]
    afterwards: tuple[PeriodValue, ...]
    starts_late: bool
    """Nothing was reported from before the start; the first periods of the programme stand for it."""

    @property
    def split_on(self) -> date:
        return self.before[-1].ends_on if self.before else self.at_end[0].starts_on - timedelta(days=1)


def windows_of(series: Sequence[PeriodValue], *, starts_on: date, ends_on: date) -> Windows:
    """Cut a series at a programme's dates.

    Before: all periods that ended before the start; without any, those of the first year. At the end: those that
    began in the last year, up to the one that holds the last day. Years are halves of a programme shorter than two.
    Afterwards: those that began after the end.
    """
    middle = starts_on + (ends_on - starts_on) // 2
    early_until = min(add_months(starts_on, YEAR_MONTHS), middle) + SLACK
    late_from = max(add_months(ends_on, -YEAR_MONTHS), middle) - SLACK
    before = tuple(p for p in series if p.ends_on < starts_on)
    starts_late = not any(p.value is not None for p in before)
    if starts_late:
        before = tuple(p for p in series if p.ends_on <= early_until)
    return Windows(
        before=before,
        at_end=tuple(p for p in series if late_from <= p.starts_on <= ends_on and p not in before),
        afterwards=tuple(p for p in series if p.starts_on > ends_on),
        starts_late=starts_late,
    )


def tasks(indicator_pk: int, snapshot: Snapshot, programme: Programme) -> list[Task]:
    """The questions to one indicator's series at the snapshot's day: change, and after the end what is left of it."""
    cut = windows_of(snapshot.series, starts_on=programme.starts_on, ends_on=programme.ends_on)
    found = [_change("before_after_end", AT_END, indicator_pk, snapshot.rule, cut, cut.at_end)]
    if snapshot.as_of > programme.ends_on:
        found.append(
            _change("before_after_follow_up", FOLLOWED_UP, indicator_pk, snapshot.rule, cut, cut.afterwards)
        )
        if snapshot.rule.value_type is not ValueType.TEXT:
            found.append(_retention(indicator_pk, snapshot, cut))
    return found


def _change(
    method: str,
    question: str,
    indicator_pk: int,
    rule: IndicatorRule,
    cut: Windows,
    after: tuple[PeriodValue, ...],
) -> Task:
    compared = (*cut.before, *after)
    split_on = cut.split_on if cut.before or cut.at_end else date.min
    inputs = _inputs(
        "before_after",
        question,
        cut,
        rule=to_json(rule),
        series=[to_json(p) for p in compared],
        split_on=split_on.isoformat(),
    )
    return _task(method, indicator_pk, inputs, compared)


def _retention(indicator_pk: int, snapshot: Snapshot, cut: Windows) -> Task:
    inputs = retention_inputs(snapshot, cut)
    return _task("series_retention", indicator_pk, inputs, (*cut.before, *cut.at_end, *cut.afterwards))


def retention_inputs(snapshot: Snapshot, cut: Windows) -> Json:
    """Before, end and afterwards as three values; the agreed baseline where nothing was reported before."""
    rule, plan = snapshot.rule, snapshot.plan
    baseline, baseline_error = pooled(cut.before, rule)
    is_running_total = effective_time_rule(rule) is TimeRule.SUM
    agreed = cut.starts_late and plan.baseline is not None and not is_running_total
    if agreed:
        baseline, baseline_error = float(plan.baseline or 0), None
    end, end_error = pooled(cut.at_end, rule)
    inputs = _inputs(
        "series_retention",
        RETAINED,
        cut,
        baseline=baseline,
        baseline_is="agreed" if agreed else "reported",
        end=end,
        followup=pooled(cut.afterwards, rule)[0],
        standard_error=_error_of_difference(baseline_error, end_error),
        higher_is_better={Direction.ASCENDING: True, Direction.DESCENDING: False}.get(rule.direction),
        rules=snapshot.rules.as_text(),
    )
    return inputs | {"flags": [], "notes": []} if agreed else inputs


def pooled(periods: Sequence[PeriodValue], rule: IndicatorRule) -> tuple[float | None, float | None]:
    """One value for a window, and its standard error where it has one.

    Ratios: Σ numerator ÷ Σ denominator, with the binomial error of a proportion. Otherwise the mean per period, with
    the published error when it is a single one. None, None when nothing was reported.
    """
    known = [p for p in periods if p.value is not None]
    if not known:
        return None, None
    parts = [
        (p.numerator, p.denominator) for p in known if p.numerator is not None and p.denominator is not None
    ]
    total = sum((d for _n, d in parts), Decimal(0))
    if rule.value_type is ValueType.RATIO and len(parts) == len(known) and total > 0:
        share, scale = float(sum((n for n, _d in parts), Decimal(0)) / total), float(rule.scale)
        error = scale * math.sqrt(share * (1 - share) / float(total)) if 0 <= share <= 1 else None
        return scale * share, error
    mean = float(sum((p.value for p in known if p.value is not None), Decimal(0)) / len(known))
    single = known[0].standard_error if len(known) == 1 else None
    return mean, None if single is None else float(single)


def _error_of_difference(*errors: float | None) -> float | None:
    known = [one for one in errors if one is not None]
    return math.hypot(*known) if known else None


def _inputs(compute: str, question: str, cut: Windows, **more: object) -> Json:
    return {
        "compute": compute,
        "question": message_to_json(message(question)),
        "flags": [BASELINE_AFTER_START] if cut.starts_late else [],
        "notes": [message_to_json(message(FIRST_YEAR))] if cut.starts_late else [],
        **more,
    }


def _task(method: str, indicator_pk: int, inputs: Json, periods: Sequence[PeriodValue]) -> Task:
    return Task(
        indicator_pk=indicator_pk,
        method=method,
        inputs=inputs,
        reported=sum(p.reported for p in periods),
        expected=sum(p.expected for p in periods),
    )
