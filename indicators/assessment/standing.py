"""What was laid down before the start, as known on a day: which questions are planned and which are exploratory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db.models import Prefetch

from indicators.assessment.drafts import Json
from indicators.engine.codec import to_json
from indicators.engine.messages import gettext_noop, message
from indicators.engine.types import Message
from indicators.models import ExPostPlan, PlannedComparison, PlannedIndicator, Programme

EXPLORATORY = "EXPLORATORY"
PLAN_CHANGED = "PLAN_CHANGED"
PRIMARY = "primary"
ASKED_FOR = gettext_noop("What the plan asks: %(method)s")
NOT_PLANNED = gettext_noop("Exploratory: no plan was locked before the start.")
OUTSIDE = gettext_noop("Exploratory: this is not among the primary indicators of the locked plan.")
LATE = gettext_noop(
    "Exploratory: the plan was locked on %(on)s; to come first it had to be locked by %(limit)s."
)
LATER_VERSION = gettext_noop(
    "Exploratory: laid down like this only in version %(number)s of the plan, locked on %(on)s."
)
CHANGED = gettext_noop("The plan was changed after the start: version %(number)s was locked on %(on)s.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a question stands to the plan, as every result says it."""

    is_planned: bool
    notes: tuple[Message, ...] = ()
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A primary indicator of the version that governs, and how it stands."""

    item: PlannedIndicator
    standing: Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class Governing:
    """The latest locked version for one part of a programme."""

    plan: ExPostPlan
    versions: Sequence[ExPostPlan]
    planned: Sequence[Planned] = field(default=())

    @property
    def is_changed(self) -> bool:
        return len(self.versions) > 1 and self.plan.was_locked_after_start

    @property
    def outside(self) -> Standing:
        """Of whatever the plan does not name."""
        return Standing(
            is_planned=False, notes=(message(OUTSIDE), *self.changed_note), flags=(EXPLORATORY, *self.flags)
        )

    @property
    def flags(self) -> tuple[str, ...]:
        return (PLAN_CHANGED,) if self.is_changed else ()

    @property
    def changed_note(self) -> tuple[Message, ...]:
        if not self.is_changed:
            return ()
        return (message(CHANGED, number=self.plan.number, on=self.plan.locked_on),)


NO_PLAN = Standing(is_planned=False, notes=(message(NOT_PLANNED),), flags=(EXPLORATORY,))


def with_content(plans: Any) -> Any:
    """Plans with all that their content asks for."""
    comparisons = PlannedComparison.objects.select_related(
        "indicator__programme",
        "indicator__partner",
        "indicator__version",
        "unit",
        "release__series",
        "country",
        "run__course",
    )
    items = PlannedIndicator.objects.select_related(
        "indicator__definition", "indicator__version", "indicator__partner", "indicator__programme"
    ).prefetch_related(Prefetch("comparisons", queryset=comparisons))
    return plans.select_related("programme", "drafted_by", "locked_by").prefetch_related(
        Prefetch("items", queryset=items)
    )


def governing(programme: Programme, *, known_on: date) -> list[Governing]:
    """The version that governs each part, of those locked by a day. Three queries."""
    plans = with_content(
        ExPostPlan.objects.filter(programme=programme, state="locked", locked_on__lte=known_on)
    ).order_by("number")
    return governing_of(plans)


def governing_of(plans: Iterable[ExPostPlan]) -> list[Governing]:
    """The same of locked plans in the order of their numbers."""
    by_part: dict[str, list[ExPostPlan]] = {}
    for plan in plans:
        by_part.setdefault(plan.part, []).append(plan)
    return [_governs(versions) for versions in by_part.values()]


def _governs(versions: list[ExPostPlan]) -> Governing:
    """What the latest version plans is planned exactly as far as a version that came in time says the same."""
    latest = versions[-1]
    first = next((one for one in reversed(versions) if one.is_timely), None)
    laid_down = [one.content() for one in first.items.all()] if first else []  # type: ignore[attr-defined]
    bare = Governing(plan=latest, versions=versions)
    planned = []
    for item in latest.items.all():  # type: ignore[attr-defined]
        if first is not None and item.content() in laid_down:
            standing = Standing(is_planned=True, notes=bare.changed_note, flags=bare.flags)
        else:
            note = (
                message(LATE, on=latest.locked_on, limit=latest.timely_until)
                if first is None
                else message(LATER_VERSION, number=latest.number, on=latest.locked_on)
            )
            standing = Standing(
                is_planned=False, notes=(note, *bare.changed_note), flags=(EXPLORATORY, *bare.flags)
            )
        planned.append(Planned(item=item, standing=standing))
    return Governing(plan=latest, versions=versions, planned=planned)


def laid_down(one: Planned) -> Json:
    """What the plan says of a question, kept with its answer."""
    item, plan = one.item, one.item.plan
    return {
        "standing": to_json(one.standing),
        "plan": {"pk": plan.pk, "number": plan.number, "part": plan.part, "hash": plan.content_hash},
        "method_reason": item.method_reason,
        "proposed": item.proposed,
        "smallest_change": f"{item.smallest_change.normalize():f}",
    }


def primary_name(plan: ExPostPlan) -> str:
    """What the planned questions of a part are called in an assessment."""
    return PRIMARY if not plan.part else f"{PRIMARY}_{plan.number}"
