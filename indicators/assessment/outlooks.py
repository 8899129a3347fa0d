"""Says of each draft of an ex-post plan which change it could detect, and from when. For workers alone.

Statistics load with the first outlook, so that a process that only knows of the task stays light.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from django.db import transaction

from indicators.assessment.courses import scores_of
from indicators.assessment.drafts import Json, settled
from indicators.assessment.proposing import Beforehand, beforehand
from indicators.assessment.running import frozen_database
from indicators.assessment.situations import Cut
from indicators.assessment.standing import with_content
from indicators.engine.codec import to_json
from indicators.engine.errors import EngineError
from indicators.engine.expost.situation import Method, Situation
from indicators.engine.messages import gettext_noop, message
from indicators.engine.periods import Frequency, periods_between
from indicators.engine.types import Direction
from indicators.models import ExPostPlan, PlannedIndicator

if TYPE_CHECKING:
    from indicators.engine.expost.sights import Expected

logger = logging.getLogger(__name__)
AHEAD = 120
"""Periods after the change that are looked at."""
FAILED = gettext_noop("With the figures so far it cannot be computed: %(why)s")
RISES = {
    Direction.ASCENDING: True,
    Direction.MAINTAIN_ABOVE: True,
    Direction.DESCENDING: False,
    Direction.MAINTAIN_BELOW: False,
}
BESIDE = {
    Method.DIFFERENCE_IN_DIFFERENCES,
    Method.COMPARATIVE_INTERRUPTED_SERIES,
    Method.SYNTHETIC_CONTROL,
}


def fill_due_outlooks(*, at: datetime) -> int:
    """Compute every outlook that is due. How many were kept; one that fails is logged and does not stop the others."""
    due = PlannedIndicator.objects.filter(outlook__isnull=True, plan__state=ExPostPlan.State.DRAFT)
    kept = 0
    for pk in due.order_by("pk").values_list("pk", flat=True):
        try:
            kept += fill_outlook(pk, at=at)
        except Exception:
            logger.exception("outlook failed", extra={"item": pk})
    return kept


def fill_outlook(pk: int, *, at: datetime) -> bool:
    """Compute one outlook and keep it, unless the draft was changed or locked meanwhile. Whether it was kept."""
    with frozen_database():
        plan = with_content(
            ExPostPlan.objects.filter(items=pk, items__outlook__isnull=True, state=ExPostPlan.State.DRAFT)
        ).first()
        if plan is None:
            return False
        item = next(one for one in plan.items.all() if one.pk == pk)
        expected = expected_of(item, at=at)
    as_of = at.astimezone(plan.programme.zone).date()
    found = outlook_json(expected) | {"as_of": as_of.isoformat()}
    return keep_outlook(item, found, row_version=plan.row_version)


@transaction.atomic
def keep_outlook(item: PlannedIndicator, found: Json, *, row_version: int) -> bool:
    """Store an outlook of the draft as it was at `row_version`; a stale one never lands. The plan's row orders both."""
    is_same = (
        ExPostPlan.objects.select_for_update(no_key=True)
        .filter(pk=item.plan_id, state=ExPostPlan.State.DRAFT, row_version=row_version)
        .exists()
    )
    due = PlannedIndicator.objects.filter(pk=item.pk, outlook__isnull=True)
    return is_same and due.update(outlook=found) == 1


def outlook_json(expected: Expected) -> Json:
    """The outlook as it is stored; figures that cannot be computed with are its reason, not a failure."""
    from indicators.engine.expost.outlook import Enough, Outlook, outlook

    try:
        found = outlook(expected)
    except (EngineError, ArithmeticError, ValueError) as failure:
        found = Outlook(
            state=Enough.CANNOT_SAY,
            smallest_change=expected.smallest_change,
            said=(message(FAILED, why=str(failure)[:200]),),
        )
    stored: Json = settled(to_json(found))
    return stored


def expected_of(item: PlannedIndicator, *, at: datetime) -> Expected:
    """What a plan expects for one of its indicators, and the figures from before the change."""
    from indicators.engine.expost.sights import Expected

    known = beforehand(item, list(item.comparisons.all()), at=at)  # type: ignore[attr-defined]
    rule, method = known.snapshot.rule, Method(item.method)
    compared = known.compared
    n_before, n_after = _points(known.situation, method)
    return Expected(
        method=method,
        smallest_change=float(item.smallest_change),
        n_before=n_before,
        n_after=n_after,
        series=known.cut.before(compared.series),
        treated={code: known.cut.before(one) for code, one in compared.treated.items()},
        comparisons={code: known.cut.before(one) for code, one in compared.comparisons.items()},
        scale=float(rule.scale),
        rises=RISES.get(rule.direction),
        pairs=_people(known.situation, method),
        scores=_scores(item, known, at=at),
        ends=_ends(item, known.cut),
    )


def _points(situation: Situation, method: Method) -> tuple[int, int]:
    """Points on both sides; of a comparison those that all have."""
    before, after = situation.points_before, situation.points_after
    if method not in BESIDE:
        return before, after
    shared = situation.comparison_points_before, situation.comparison_points_after
    return min(before, before if shared[0] is None else shared[0]), min(
        after, after if shared[1] is None else shared[1]
    )


def _people(situation: Situation, method: Method) -> int:
    """People expected with both scores; beside a comparison group as many as the smaller of both has."""
    if method is Method.PAIRED_GAIN_WITH_COMPARISON:
        return min(situation.pairs, situation.comparison_pairs)
    return situation.pairs


def _scores(item: PlannedIndicator, known: Beforehand, *, at: datetime) -> Sequence[Sequence[float]]:
    if not known.situation.pairs:
        return ()
    return scores_of(item.plan.programme, as_of=at.astimezone(item.plan.programme.zone).date())


def _ends(item: PlannedIndicator, cut: Cut) -> tuple[date, ...]:
    """Last days of the periods after the change; none of an indicator without a calendar."""
    since = max(cut.split_on, cut.transition_until or cut.split_on)
    frequency = Frequency(item.indicator.frequency)
    try:
        coming = periods_between(
            frequency,
            since + timedelta(days=1),
            since + timedelta(days=(AHEAD + 1) * frequency.days),
            fiscal_year_start_month=item.plan.programme.fiscal_year_start_month,
        )
    except (EngineError, ValueError):
        return ()
    return tuple(p.ends_on for p in coming if p.starts_on > since)[:AHEAD]
