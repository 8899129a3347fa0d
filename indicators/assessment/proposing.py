"""What the decision table says of an indicator beforehand, from the data that a plan expects. Reads only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from indicators.assessment.comparing import Asked, Compared, load_compared
from indicators.assessment.courses import LATER, measured_on_people
from indicators.assessment.situations import Course, Cut, cut_at, situation_expected
from indicators.engine.expost.select import choose_method
from indicators.engine.expost.situation import Choice, Situation
from indicators.engine.types import Snapshot
from indicators.models import CourseRun, PlannedComparison, PlannedIndicator, ProgrammeIndicator
from indicators.snapshots import load_indicators, load_snapshots


@dataclass(frozen=True, slots=True, kw_only=True)
class Beforehand:
    """What is known of an indicator on a day, and what there will be by the plan."""

    snapshot: Snapshot
    compared: Compared
    cut: Cut
    situation: Situation


def propose(item: PlannedIndicator, comparisons: Sequence[PlannedComparison], *, at: datetime) -> Choice:
    """The proposal with its reason, what else is possible, and why each other method is not.

    Args:
        item: stored or not; its plan, indicator and transition count, its stored comparisons do not.
        comparisons: what it would be compared with.
    """
    return choose_method(beforehand(item, comparisons, at=at).situation)


def beforehand(
    item: PlannedIndicator, comparisons: Sequence[PlannedComparison], *, at: datetime
) -> Beforehand:
    """What a proposal rests on; arguments as there."""
    plan = item.plan
    today = at.astimezone(plan.programme.zone).date()
    [indicator] = load_indicators([item.indicator.pk])
    snapshots = load_snapshots([indicator], as_of=today)
    asked = Asked(indicator=indicator, comparisons=tuple(comparisons))
    compared = load_compared([asked], snapshots, as_of=today, known_on=today)[indicator.pk]
    cut = cut_at(item.changes_on, item.transition_until)
    situation = situation_expected(
        snapshots[indicator.pk],
        compared,
        cut,
        frequency=indicator.frequency,
        starts_on=plan.starts_on,
        ends_on=plan.ends_on,
        follow_up_months=plan.follow_up_months,
        course=_course(item, comparisons),
    )
    return Beforehand(snapshot=snapshots[indicator.pk], compared=compared, cut=cut, situation=situation)


def _course(item: PlannedIndicator, comparisons: Sequence[PlannedComparison]) -> Course | None:
    """People expected, if the indicator is measured on them; of the largest run, as each run has its own answer."""
    programme = item.plan.programme_id
    in_use = ProgrammeIndicator.objects.active().filter(programme=programme)
    gain, kept = measured_on_people(list(in_use.select_related("version", "definition").order_by("pk")))
    if item.indicator not in {gain, kept}:
        return None
    aside = {one.run_id for one in comparisons if one.run_id}
    runs = dict(CourseRun.objects.filter(course__programme=programme).values_list("pk", "seats"))
    seats = max((most for pk, most in runs.items() if pk not in aside), default=0)
    is_asked_later = any(months >= min(LATER.values()) for months in item.plan.follow_up_months)
    triples = seats if seats and item.indicator == kept and is_asked_later else 0
    if not seats or (item.indicator != gain and not triples):
        return None
    return Course(
        pairs=seats if item.indicator == gain else 0,
        comparison_pairs=sum(runs[pk] for pk in aside if pk in runs),
        triples=triples,
        asks_for_retention=item.indicator != gain,
    )
