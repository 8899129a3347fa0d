"""The inputs of planned questions, and of those that the decision table picks. Computes no statistics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

from indicators.assessment import windows
from indicators.assessment.comparing import Asked, Compared, load_compared
from indicators.assessment.drafts import Json, Task
from indicators.assessment.situations import Cut, cut_at, situation_now
from indicators.assessment.standing import ASKED_FOR, Planned, laid_down, primary_name
from indicators.engine.codec import message_to_json, to_json
from indicators.engine.expost.select import choose_method
from indicators.engine.expost.situation import Choice, Method
from indicators.engine.messages import gettext_noop, message, refuse
from indicators.engine.quality import Freshness, freshness, staleness
from indicators.engine.types import PeriodValue, Refusal, RefusalCode, Snapshot
from indicators.models import WAITING, Observation, PlannedIndicator, Programme, ProgrammeIndicator

DAYS_PER_MONTH = 30.4375
BY_SITE = {Method.ORDINAL_MATURITY, Method.PAIRED_PROPORTIONS}
"""Methods that count sites and not periods."""
PICKED_QUESTION = gettext_noop("What the decision table picks for the series before and after the start")
PICKED = {Method.INTERRUPTED_SERIES, Method.INTERRUPTED_COUNTS}
"""What one series allows beyond the differences before and after, which `windows` asks for anyway."""


def planned_tasks(
    asked: Sequence[Planned],
    snapshots: Mapping[int, Snapshot],
    contributions: Mapping[int, Json],
    *,
    as_of: date,
    known_on: date,
    seed: int,
) -> list[Task]:
    """One question for each primary indicator, by the method of the plan.

    Args:
        contributions: indicator → what evaluators rated, for those whose method that is.
    """
    items = [one.item for one in asked]
    compared = load_compared([Asked.by(one) for one in items], snapshots, as_of=as_of, known_on=known_on)
    pending = _pending(items, as_of)
    found = [
        _planned(one, snapshots[one.item.indicator_id], compared[one.item.indicator_id], pending, as_of, seed)
        for one in asked
    ]
    return [
        _with_contribution(task, contributions) if one.item.method == Method.CONTRIBUTION_RATING else task
        for one, task in zip(asked, found, strict=True)
    ]


def _with_contribution(task: Task, contributions: Mapping[int, Json]) -> Task:
    """A judgement does not wait for figures: it rests on what two people handed in."""
    given = contributions.get(task.indicator_pk, {"handed_in": 0, "ratings": []})
    return replace(task, inputs=task.inputs | {"blocked": None, "contribution": given})


def _pending(items: Sequence[PlannedIndicator], as_of: date) -> set[int]:
    """Indicators with figures that nobody has approved. One query."""
    return set(
        Observation.objects.filter(
            indicator__in=[item.indicator_id for item in items],
            state__in=WAITING,
            period__ends_on__lte=as_of,
        ).values_list("indicator_id", flat=True)
    )


def _planned(
    one: Planned, snapshot: Snapshot, compared: Compared, pending: set[int], as_of: date, seed: int
) -> Task:
    item, plan = one.item, one.item.plan
    cut = cut_at(item.changes_on, item.transition_until)
    choice = choose_method(
        situation_now(
            snapshot.rule, compared, cut, frequency_days=snapshot.frequency_days, ends_on=plan.ends_on
        )
    )
    shared: Json = laid_down(one) | {"choice": choice_as_json(choice), "seed": seed}
    if item.method == Method.SERIES_RETENTION:
        inputs = windows.retention_inputs(
            snapshot, windows.windows_of(snapshot.series, starts_on=item.changes_on, ends_on=plan.ends_on)
        )
        return _task(item, inputs | shared, snapshot.series)
    if item.method == Method.SHARE_KEPT:
        after_end = Cut(split_on=plan.ends_on)
        blocked = _not_current(item, snapshot, compared, after_end, pending, as_of)
        inputs = _kept_inputs(snapshot, after_end) | shared
        return _task(
            item, inputs | {"blocked": None if blocked is None else to_json(blocked)}, snapshot.series
        )
    blocked = compared.blocked or _not_current(item, snapshot, compared, cut, pending, as_of)
    inputs = inputs_of(item.method, snapshot, compared, cut, horizon_months=item.horizon_months) | shared
    inputs["question"] = message_to_json(message(ASKED_FOR, method=str(item.method)))
    inputs["blocked"] = None if blocked is None else to_json(blocked)
    return _task(item, inputs, compared.series)


def _kept_inputs(snapshot: Snapshot, after_end: Cut) -> Json:
    """The newest count from after the end: of how many things how many are left."""
    counted = [
        p for p in after_end.after(snapshot.series) if p.numerator is not None and p.denominator is not None
    ]
    newest = counted[-1] if counted else None
    return {
        "compute": Method.SHARE_KEPT.value,
        "question": message_to_json(message(ASKED_FOR, method=Method.SHARE_KEPT.value)),
        "flags": [],
        "notes": [],
        "kept": None if newest is None else _plain(newest.numerator),
        "total": None if newest is None else _plain(newest.denominator),
        "period": "" if newest is None else newest.label,
        "rules": snapshot.rules.as_text(),
    }


def _plain(value: Decimal | None) -> str:
    return f"{(value or Decimal(0)).normalize():f}"


def _task(item: PlannedIndicator, inputs: Json, series: Sequence[PeriodValue]) -> Task:
    return Task(
        indicator_pk=item.indicator_id,
        method=primary_name(item.plan),
        inputs=inputs,
        reported=sum(p.reported for p in series),
        expected=sum(p.expected for p in series),
    )


def inputs_of(
    method: str, snapshot: Snapshot, compared: Compared, cut: Cut, *, horizon_months: int | None
) -> Json:
    """Everything that a method on series depends on."""
    horizon = None
    if horizon_months is not None:
        horizon = max(round(horizon_months * DAYS_PER_MONTH / snapshot.frequency_days) - 1, 0)
    found: Json = {
        "compute": str(method),
        "flags": [],
        "notes": [],
        "rule": to_json(snapshot.rule),
        "series": [to_json(p) for p in compared.series],
        "split_on": cut.split_on.isoformat(),
        "transition_until": cut.transition_until.isoformat() if cut.transition_until else None,
        "horizon": horizon,
    }
    found |= {
        "comparisons": {code: [to_json(p) for p in one] for code, one in compared.comparisons.items()},
        "treated": {},
        "units": list(compared.units),
    }
    if compared.comparisons:
        found["rests_on_others"] = compared.rests_on_others
    if compared.comparisons or method in BY_SITE:
        found["treated"] = {code: [to_json(p) for p in one] for code, one in compared.treated.items()}
    return found


def _not_current(
    item: PlannedIndicator, snapshot: Snapshot, compared: Compared, cut: Cut, pending: set[int], as_of: date
) -> Refusal | None:
    """Why the figures at hand do not speak of the measurement point (METHOD 2.11)."""
    after = cut.after(compared.series)
    if not after and item.indicator_id in pending:
        waiting = gettext_noop("Figures from after %(on)s are entered, but nobody has approved them yet.")
        return refuse(RefusalCode.NOT_APPROVED, waiting, on=cut.split_on)
    if not after:
        return None  # The method itself says what is missing.
    newest = after[-1].ends_on
    age = staleness(newest, as_of, frequency_days=snapshot.frequency_days, grace_days=snapshot.grace_days)
    if freshness(age, snapshot.rules) is Freshness.STALE:
        old = gettext_noop("The latest figure is of %(on)s; it says nothing about %(as_of)s.")
        return refuse(RefusalCode.STALE, old, on=newest, as_of=as_of)
    return None


def series_tasks(
    indicator: ProgrammeIndicator, snapshot: Snapshot, programme: Programme, *, is_asked: bool
) -> list[Task]:
    """What no plan asks: change and what is left of it, and the method that the decision table picks if it is another.

    Args:
        is_asked: the plan has a question of its own about this indicator.
    """
    compared = Compared(series=snapshot.series, treated={"T1": snapshot.series})
    cut = cut_at(programme.starts_on)
    choice = choose_method(
        situation_now(
            snapshot.rule, compared, cut, frequency_days=snapshot.frequency_days, ends_on=programme.ends_on
        )
    )
    found = windows.tasks(indicator.pk, snapshot, programme)
    found[0] = replace(found[0], inputs=found[0].inputs | {"choice": choice_as_json(choice)})
    if is_asked or choice.method not in PICKED:
        return found
    inputs = inputs_of(choice.method, snapshot, compared, cut, horizon_months=None)
    inputs |= {"question": message_to_json(message(PICKED_QUESTION)), "choice": choice_as_json(choice)}
    picked = Task(
        indicator_pk=indicator.pk,
        method="picked",
        inputs=inputs,
        reported=sum(p.reported for p in snapshot.series),
        expected=sum(p.expected for p in snapshot.series),
    )
    return [picked, *found]


def choice_as_json(choice: Choice) -> Json:
    """What the decision table says of the data at hand, for the page."""
    return {
        "method": choice.method.value,
        "reason": message_to_json(choice.reason),
        "not_possible": [
            {
                "method": one.method.value,
                "code": one.code.value,
                "message": message_to_json(one.message),
                "have": one.have,
                "need": one.need,
                "when": one.when.isoformat() if one.when else None,
            }
            for one in choice.not_possible
        ],
    }
