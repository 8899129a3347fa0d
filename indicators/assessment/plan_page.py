"""What the pages of an ex-post plan show. Reads only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from indicators.assessment.clock import add_months
from indicators.assessment.expost_planning import timely_until
from indicators.assessment.outlook_lines import outlook_line
from indicators.assessment.standing import governing_of, with_content
from indicators.engine.expost.situation import Choice
from indicators.engine.types import Message
from indicators.models import ExPostMethod, ExPostPlan, PlannedIndicator, Programme, ProgrammeIndicator, User
from indicators.permissions import (
    check_may_draft_expost_plan,
    check_may_lock_expost_plan,
    may,
    why_not,
)
from indicators.templatetags.ui import day, with_days


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodLine:
    """A method with the word of the decision table: proposed, possible, or not and what would be needed."""

    name: str
    is_possible: bool
    is_proposed: bool
    text: str
    have: int | None = None
    need: int | None = None
    when: date | None = None


def say(message: Message) -> str:
    return with_days(_(message.template) % message.params) if message.template else ""


def method_lines(choice: Choice) -> list[MethodLine]:
    """All methods as the decision table sees them: proposed, possible, and the others with have and need."""
    name = dict(ExPostMethod.choices)
    found = [
        MethodLine(name=str(name[choice.method]), is_possible=True, is_proposed=True, text=say(choice.reason))
    ]
    found += [
        MethodLine(name=str(name[one.method]), is_possible=True, is_proposed=False, text=say(one.reason))
        for one in choice.others
    ]
    return found + [
        MethodLine(
            name=str(name[one.method]),
            is_possible=False,
            is_proposed=False,
            text=say(one.message),
            have=one.have,
            need=one.need,
            when=one.when,
        )
        for one in choice.not_possible
    ]


def plans_of(user: User, programme: Programme) -> list[ExPostPlan]:
    """All versions that a person sees, the newest first. Three queries."""
    return list(
        with_content(ExPostPlan.objects.visible_to(user).filter(programme=programme)).order_by("-number")
    )


def context(user: User, programme: Programme, *, today: date) -> dict[str, Any]:
    """The page of the plan: the draft, what governs, what it changed, earlier versions."""
    plans = plans_of(user, programme)
    draft = next((one for one in plans if not one.is_locked), None)
    locked = [one for one in plans if one.is_locked]
    governs = governing_of(reversed(locked))
    names = _names_of_comparisons(user, plans)
    may_draft = may(check_may_draft_expost_plan, user, programme)
    return {
        "programme": programme,
        "draft": None if draft is None else _block(draft, names),
        "draft_limit": _limit(draft, today),
        "governing": [
            _block(one.plan, names)
            | {"is_changed": one.is_changed, "dropped": _dropped(one.versions), "standing": _standing(one)}
            for one in governs
        ],
        "earlier": [one for one in locked if one.pk not in {g.plan.pk for g in governs}],
        "may_draft": may_draft,
        "may_lock": draft is not None and may(check_may_lock_expost_plan, user, draft),
        "why_no_lock": why_not(check_may_lock_expost_plan, user, draft) if draft is not None else "",
        "candidates": _candidates(user, programme, draft) if may_draft and draft is not None else [],
    }


def _block(plan: ExPostPlan, names: dict[int, str]) -> dict[str, Any]:
    items = [_line(one, names) for one in plan.items.all()]  # type: ignore[attr-defined]
    outlooks = [one["outlook"] for one in items]
    return {
        "plan": plan,
        "items": items,
        "points": [(months, add_months(plan.ends_on, months)) for months in plan.follow_up_months],
        "is_computing": any(one.is_due for one in outlooks),
        "outlook_as_of": min((one.as_of for one in outlooks if one.as_of), default=None),
    }


def _line(item: PlannedIndicator, names: dict[int, str]) -> dict[str, Any]:
    return {
        "item": item,
        "indicator": item.indicator,
        "outlook": outlook_line(item),
        "compared": [names[one.pk] for one in item.comparisons.all()],  # type: ignore[attr-defined]
    }


def _names_of_comparisons(user: User, plans: Sequence[ExPostPlan]) -> dict[int, str]:
    """Comparison → its name, for those who see it; who does not is told that there is one. One query."""
    every = [
        one
        for plan in plans
        for item in plan.items.all()  # type: ignore[attr-defined]
        for one in item.comparisons.all()
    ]
    wanted = {one.indicator_id for one in every if one.indicator_id}
    seen = (
        set(ProgrammeIndicator.objects.visible_to(user).filter(pk__in=wanted).values_list("pk", flat=True))
        if wanted
        else set()
    )
    hidden = _("an indicator that you do not see")
    return {
        one.pk: str(one) if one.indicator_id is None or one.indicator_id in seen else hidden for one in every
    }


def _limit(draft: ExPostPlan | None, today: date) -> dict[str, Any] | None:
    """Until when a lock comes first, and whether that day is past."""
    if draft is None:
        return None
    items = list(draft.items.all())  # type: ignore[attr-defined]
    if not items:
        return None
    limit = timely_until(draft, items)
    return {"day": limit, "is_past": today > limit}


def _standing(one: Any) -> str:
    plan = one.plan
    if plan.is_timely:
        return _("Locked on %(on)s, in time: it had to be by %(limit)s. Its results are planned results.") % {
            "on": day(plan.locked_on),
            "limit": day(plan.timely_until),
        }
    if any(planned.standing.is_planned for planned in one.planned):
        return _(
            "Locked on %(on)s, after %(limit)s. What an earlier version had laid down in time stays planned; "
            "the rest is exploratory."
        ) % {"on": day(plan.locked_on), "limit": day(plan.timely_until)}
    return _(
        "Locked on %(on)s, after %(limit)s: everything computed by it is exploratory, an estimate and never a "
        "significant finding."
    ) % {"on": day(plan.locked_on), "limit": day(plan.timely_until)}


def _dropped(versions: Sequence[ExPostPlan]) -> list[str]:
    """Indicators that an earlier version named and the latest does not: leaving one out is a choice that is shown."""
    kept = {item.indicator_id for item in versions[-1].items.all()}  # type: ignore[attr-defined]
    found = {
        item.indicator_id: str(item.indicator)
        for plan in versions[:-1]
        for item in plan.items.all()  # type: ignore[attr-defined]
        if item.indicator_id not in kept
    }
    return sorted(found.values())


def _candidates(user: User, programme: Programme, draft: ExPostPlan) -> list[ProgrammeIndicator]:
    """Indicators that the draft does not name yet. One query."""
    named = [item.indicator_id for item in draft.items.all()]  # type: ignore[attr-defined]
    rows = (
        ProgrammeIndicator.objects.visible_to(user).active().filter(programme=programme).exclude(pk__in=named)
    )
    return list(
        rows.exclude(version__value_type="text")
        .select_related("definition", "version", "partner")
        .order_by("definition__code", "partner__name")
    )
