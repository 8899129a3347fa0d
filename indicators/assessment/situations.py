"""What there is to compute with, counted for the decision table: so far, and as a plan expects it. Computes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from indicators.assessment.clock import add_months
from indicators.assessment.comparing import Compared, Series
from indicators.engine.expost.situation import Situation
from indicators.engine.periods import Frequency, periods_between
from indicators.engine.types import IndicatorRule, PeriodValue, Snapshot, ValueType


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """Where a series is cut: the last day before, and the last day of a transition that belongs to neither side."""

    split_on: date
    transition_until: date | None = None

    def before(self, series: Sequence[PeriodValue]) -> list[PeriodValue]:
        return [p for p in series if p.ends_on <= self.split_on and p.value is not None]

    def after(self, series: Sequence[PeriodValue]) -> list[PeriodValue]:
        since = max(self.split_on, self.transition_until or self.split_on)
        return [p for p in series if p.starts_on > since and p.value is not None]

    def kept(self, series: Series) -> Series:
        """Without the periods of the transition."""
        return tuple(
            p for p in series if self.transition_until is None
            or p.ends_on <= self.split_on or p.starts_on > self.transition_until
        )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """People expected to be tested: before and after, in the comparison group, and once more later."""

    pairs: int = 0
    comparison_pairs: int = 0
    triples: int = 0
    asks_for_retention: bool = False
    """The indicator is what is kept of a gain."""


def cut_at(changes_on: date, transition_until: date | None = None) -> Cut:
    """Cut before the first day on which a change is expected."""
    return Cut(split_on=changes_on - timedelta(days=1), transition_until=transition_until)


def situation_now(
    rule: IndicatorRule, compared: Compared, cut: Cut, *, frequency_days: int, ends_on: date
) -> Situation:
    """What there is by now."""
    series = compared.series
    before, after = cut.before(series), cut.after(series)
    due = [p for p in cut.kept(series) if p.ends_on <= cut.split_on or p.starts_on > cut.split_on]
    known = [*before, *after]
    beside = {code: one for code, one in compared.comparisons.items() if cut.before(one) and cut.after(one)}
    shared = [_shared(compared, one, cut) for one in beside.values()]
    return Situation(
        value_type=rule.value_type,
        points_before=len(before),
        points_after=len(after),
        missing_share=1 - len(known) / len(due) if due else 0.0,
        has_parts=bool(known) and all(p.numerator is not None and p.denominator is not None for p in known),
        has_standard_errors=bool(known) and all(p.standard_error is not None for p in known),
        treated_units=_with_both_sides(compared.treated, cut),
        comparison_units=len(beside),
        comparison_points_before=min((b for b, _a in shared), default=None),
        comparison_points_after=min((a for _b, a in shared), default=None),
        ordinal_functions=_functions(rule, compared, cut),
        paired_answers=_with_both_sides(compared.treated, cut) if rule.value_type is ValueType.BINARY else 0,
        has_baseline_and_end=bool(before or after) and any(p.starts_on <= ends_on for p in after),
        points_followup=sum(p.starts_on > ends_on for p in after),
        kept_of=_kept_of(rule, known, ends_on),
        last_period_ends_on=known[-1].ends_on if known else None,
        days_per_period=float(frequency_days),
    )


def situation_expected(
    snapshot: Snapshot,
    compared: Compared,
    cut: Cut,
    *,
    frequency: str,
    starts_on: date,
    ends_on: date,
    follow_up_months: Sequence[int],
    course: Course | None = None,
) -> Situation:
    """What there will be at the last measurement point if every period still to come brings its value.

    Args:
        course: people expected in course runs, where the indicator is measured on them.
    """
    now = situation_now(snapshot.rule, compared, cut, frequency_days=snapshot.frequency_days, ends_on=ends_on)
    if course is not None:
        return replace(
            now,
            pairs=course.pairs,
            comparison_pairs=course.comparison_pairs,
            triples=course.triples,
            asks_for_retention=course.asks_for_retention,
        )
    last = max([add_months(ends_on, months) for months in follow_up_months] or [ends_on])
    since = max(cut.split_on, cut.transition_until or cut.split_on)
    known = {(p.starts_on, p.ends_on) for p in compared.series if p.value is not None}
    missed = {(p.starts_on, p.ends_on) for p in compared.series if p.value is None}
    every = _calendar(frequency, min(cut.split_on, starts_on), last) if last > cut.split_on else []
    coming = [p for p in every if p not in known and p not in missed and p[1] >= snapshot.as_of]
    before = sum(p[1] <= cut.split_on for p in coming)
    after = sum(p[0] > since and p[1] <= last for p in coming)
    beside = [
        one for one in compared.comparisons.values() if cut.before(one) or cut.split_on >= snapshot.as_of
    ]
    had = [len(cut.before(one)) for one in beside]
    followed = sum(p[0] > ends_on and p[1] <= last for p in (*coming, *known))
    return replace(
        now,
        points_before=now.points_before + before,
        points_after=now.points_after + after,
        has_parts=snapshot.rule.value_type is ValueType.RATIO or now.has_parts,
        treated_units=max(len(compared.treated), 1),
        comparison_units=len(beside),
        comparison_points_before=min(had) + before if had else None,
        comparison_points_after=now.points_after + after if had else None,
        ordinal_functions=len(compared.treated) if snapshot.rule.value_type is ValueType.ORDINAL else 0,
        paired_answers=len(compared.treated) if snapshot.rule.value_type is ValueType.BINARY else 0,
        has_baseline_and_end=now.points_before + before > 0 and after + now.points_after > 0,
        points_followup=followed,
        will_count_kept=snapshot.rule.value_type is ValueType.RATIO and followed > 0,
    )


def _kept_of(rule: IndicatorRule, known: Sequence[PeriodValue], ends_on: date) -> int:
    """Of how many things the newest share from after the end tells how many are left."""
    after = [p for p in known if p.starts_on > ends_on and p.denominator is not None]
    return int(after[-1].denominator or 0) if after and rule.value_type is ValueType.RATIO else 0


def _calendar(frequency: str, starts_on: date, ends_on: date) -> list[tuple[date, date]]:
    try:
        return [(p.starts_on, p.ends_on) for p in periods_between(Frequency(frequency), starts_on, ends_on)]
    except ValueError:
        return []


def _shared(compared: Compared, other: Series, cut: Cut) -> tuple[int, int]:
    """Periods with values on both sides that the treated and a comparison have in common."""
    places = {(p.starts_on, p.ends_on) for p in other if p.value is not None}
    return tuple(  # type: ignore[return-value]
        sum((p.starts_on, p.ends_on) in places for p in side)
        for side in (cut.before(compared.series), cut.after(compared.series))
    )


def _with_both_sides(series: Mapping[str, Series], cut: Cut) -> int:
    return sum(bool(cut.before(one) and cut.after(one)) for one in series.values())


def _functions(rule: IndicatorRule, compared: Compared, cut: Cut) -> int:
    return _with_both_sides(compared.treated, cut) if rule.value_type is ValueType.ORDINAL else 0
