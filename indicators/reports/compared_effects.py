"""What ex-post assessments froze of indicators that stand side by side, on scales that partners share. Reads only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from indicators.engine.ambition import ambition
from indicators.engine.types import Direction, Refusal, Snapshot
from indicators.models import AssessmentRun, Kind, User, Verdict
from indicators.reports import cells
from indicators.reports.cells import Cell
from indicators.reports.expost_page import NO_EFFECT, method_of
from indicators.reports.verdict_tables import standing_word
from indicators.reports.wording import say

BEFORE_AFTER = "before_after_end"
"""The change at the end, which every ex-post assessment forms of every indicator."""
OWN_SPREAD = gettext_lazy("of its own standard deviations, towards the target")
RATIO = gettext_lazy("ratio of the rates (1 = no change)")
FIELDS = ("effect", "effect_low", "effect_high", "effect_scale", "effect_method", "effect_standing",
          "effect_refusal", "effect_as_of")  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """A frozen result on a scale without the indicator's unit: a value with its interval, or why there is none."""

    run: AssessmentRun
    method: str
    standing: str
    """Planned or exploratory."""
    is_change: bool
    """Against before alone: a change, not an effect."""
    value: Decimal | None = None
    low: Decimal | None = None
    high: Decimal | None = None
    scale: str = ""
    is_in_spreads: bool = False
    refusal: str = ""


def effects_of(user: User, snapshots: Mapping[int, Snapshot]) -> dict[int, Effect]:
    """Indicator → the result of its programme's newest ex-post assessment. One query.

    The planned question about an effect counts; without one, the change at the end against before. Judgements of
    people, and whether something lasted, are no effects and stay out.
    """
    rows = (
        Verdict.objects.visible_to(user)
        .filter(indicator__in=list(snapshots), run__kind=Kind.EX_POST, course_run__isnull=True)
        .exclude(method="judge")
        .select_related("run")
        .order_by("run__as_of", "run__revision", "pk")
    )
    found: dict[int, Verdict] = {}
    for one in rows:
        kept = found.get(one.indicator_id)
        if _is_effect(one) and (kept is None or kept.run_id != one.run_id or one.method != BEFORE_AFTER):
            found[one.indicator_id] = one
    return {pk: _effect(one, snapshots[pk]) for pk, one in found.items()}


def _is_effect(verdict: Verdict) -> bool:
    asks = verdict.method.startswith("primary") and verdict.inputs.get("compute") not in NO_EFFECT
    return asks or verdict.method == BEFORE_AFTER


def _effect(verdict: Verdict, snapshot: Snapshot) -> Effect:
    refusal = verdict.result.get("refusal")
    values: Mapping[str, Decimal | None] = {}
    scale, why = "", say(refusal["message"]) if refusal else ""
    if verdict.value is not None:
        if verdict.result.get("params", {}).get("kind") == "rate_ratio":
            scale = str(RATIO)
            values = {"value": verdict.value, "low": verdict.low, "high": verdict.high}
        elif isinstance(spread := _spread(snapshot), str):
            why = spread
        else:
            scale, values = str(OWN_SPREAD), _in_spreads(verdict, spread)
    return Effect(
        run=verdict.run,
        method=method_of(verdict) or _("Before and after"),
        standing=standing_word(verdict),
        is_change=verdict.inputs.get("compute") == "before_after",
        scale=scale,
        is_in_spreads=scale == str(OWN_SPREAD),
        refusal=why,
        **values,
    )


def _spread(snapshot: Snapshot) -> Decimal | str:
    """The standard deviation of the indicator's own ups and downs, negative where less is better; or why none."""
    reach = ambition(snapshot.series, snapshot.rule, snapshot.plan)
    if isinstance(reach, Refusal):
        return _("Its own ups and downs are not known: %(why)s") % {"why": say(reach.message)}
    sign = -1 if snapshot.rule.direction is Direction.DESCENDING else 1
    return sign * Decimal(repr(reach.spread))


def _in_spreads(verdict: Verdict, spread: Decimal) -> dict[str, Decimal | None]:
    value, low, high = (
        None if one is None else one / spread for one in (verdict.value, verdict.low, verdict.high)
    )
    return (
        {"value": value, "low": high, "high": low}
        if spread < 0
        else {"value": value, "low": low, "high": high}
    )


def effect_cells(effect: Effect | None) -> dict[str, Cell]:
    """The same for page, file and machine; all empty before the first ex-post assessment."""
    if effect is None:
        return dict.fromkeys(FIELDS, cells.EMPTY)
    return {
        "effect": cells.fixed(effect.value, 2),
        "effect_low": cells.fixed(effect.low, 2),
        "effect_high": cells.fixed(effect.high, 2),
        "effect_scale": cells.words(effect.scale),
        "effect_method": cells.words(effect.method),
        "effect_standing": cells.words(effect.standing),
        "effect_refusal": cells.words(effect.refusal),
        "effect_as_of": cells.day(effect.run.as_of),
    }
