"""The verbs around ex-post plans: draft, name a primary indicator, lock. Facts once locked; nothing here computes."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from indicators.assessment.actions import LONGEST_FOLLOW_UP_MONTHS
from indicators.assessment.comparable import check_comparable
from indicators.assessment.proposing import propose
from indicators.assessment.standing import with_content
from indicators.doorbell import FILL_OUTLOOKS, ring_on_commit
from indicators.engine.codec import canonical_hash
from indicators.engine.periods import Frequency, periods_between
from indicators.events import remember
from indicators.models import (
    MOST_PRIMARY,
    ExPostPlan,
    PlannedComparison,
    PlannedIndicator,
    Programme,
    ProgrammeIndicator,
    User,
)
from indicators.permissions import check_may_draft_expost_plan, check_may_lock_expost_plan

logger = logging.getLogger(__name__)
HEAD = ("part", "starts_on", "ends_on", "question", "follow_up_months", "collects", "reason")
CHANGED_MEANWHILE = "Somebody changed this draft meanwhile. Nothing was stored; look at it again."


@transaction.atomic
def save_expost_plan(
    *,
    programme: Programme,
    part: str,
    starts_on: date,
    ends_on: date,
    question: str,
    follow_up_months: list[int],
    collects: str,
    reason: str = "",
    row_version: int | None = None,
    by: User,
    at: datetime,
) -> ExPostPlan:
    """Begin the next version as a draft, or change the draft there is. A new version begins with what the last one has.

    Raises:
        PermissionDenied, ValidationError: keyed by field.
    """
    check_may_draft_expost_plan(by, programme)
    Programme.objects.select_for_update(no_key=True).only("pk").get(pk=programme.pk)
    plan = ExPostPlan.objects.filter(programme=programme, state=ExPostPlan.State.DRAFT).first()
    is_new = plan is None
    if plan is None:
        last = ExPostPlan.objects.filter(programme=programme).aggregate(last=Max("number"))["last"] or 0
        plan = ExPostPlan(programme=programme, number=last + 1)
    elif row_version != plan.row_version:
        raise ValidationError(_(CHANGED_MEANWHILE))
    before = None if is_new else _head(plan)
    plan.part, plan.starts_on, plan.ends_on = part.strip(), starts_on, ends_on
    plan.question, plan.collects, plan.reason = question.strip(), collects.strip(), reason.strip()
    plan.follow_up_months = sorted(set(follow_up_months))
    _check_head(plan)
    _touch(plan, by=by, at=at, is_new=is_new)
    if is_new:
        _take_over(plan)
    remember(
        "began an ex-post plan" if is_new else "changed the draft of an ex-post plan",
        by=by,
        at=at,
        about=plan,
        programme=programme,
        before=before,
        after=_head(plan),
        reason=plan.reason,
    )
    return plan


def _touch(plan: ExPostPlan, *, by: User, at: datetime, is_new: bool = False) -> None:
    """Say who changed the draft last, and let whoever looks at an older one know."""
    plan.drafted_by, plan.drafted_at = by, at
    if not is_new:
        plan.row_version += 1
    plan.full_clean()
    plan.save()
    PlannedIndicator.objects.filter(plan=plan).update(outlook=None)
    ring_on_commit(FILL_OUTLOOKS)


@transaction.atomic
def renew_outlooks() -> int:
    """Make the outlook of every draft due again. How many. The drafts are held, so that none is locked meanwhile."""
    drafts = ExPostPlan.objects.select_for_update(no_key=True).filter(state=ExPostPlan.State.DRAFT)
    held = [plan.pk for plan in drafts.only("pk").order_by("pk")]
    known = PlannedIndicator.objects.filter(plan__in=held, outlook__isnull=False)
    renewed: int = known.update(outlook=None)
    return renewed


def _check_head(plan: ExPostPlan) -> None:
    faults: dict[str, list[str]] = {}
    programme = plan.programme
    if not programme.starts_on <= plan.starts_on <= programme.ends_on:
        faults["starts_on"] = [_outside(plan.starts_on, programme)]
    if not programme.starts_on <= plan.ends_on <= programme.ends_on:
        faults["ends_on"] = [_outside(plan.ends_on, programme)]
    if plan.ends_on <= plan.starts_on:
        faults.setdefault("ends_on", []).append(
            _("%(given)s is not after the start, %(start)s.")
            % {
                "given": date_format(plan.ends_on, "DATE_FORMAT"),
                "start": date_format(plan.starts_on, "DATE_FORMAT"),
            }
        )
    if not plan.part and (plan.starts_on, plan.ends_on) != (programme.starts_on, programme.ends_on):
        faults["part"] = [_("Empty, but the dates are not those of the whole programme; name the part.")]
    if not plan.follow_up_months or not all(
        0 <= m <= LONGEST_FOLLOW_UP_MONTHS for m in plan.follow_up_months
    ):
        faults["follow_up_months"] = [
            _("Expected at least one number of months from 0 to %(most)s, such as 0, 6, 12, 24.")
            % {"most": LONGEST_FOLLOW_UP_MONTHS}
        ]
    if plan.number > 1 and not plan.reason:
        faults["reason"] = [_("Empty; a later version says why the earlier one does not do.")]
    if faults:
        raise ValidationError(faults)


def _outside(day: date, programme: Programme) -> str:
    return _("%(given)s lies outside the programme, %(start)s to %(end)s.") % {
        "given": date_format(day, "DATE_FORMAT"),
        "start": date_format(programme.starts_on, "DATE_FORMAT"),
        "end": date_format(programme.ends_on, "DATE_FORMAT"),
    }


def _take_over(plan: ExPostPlan) -> None:
    """The primary indicators of the last locked version of the same part."""
    last = (
        with_content(ExPostPlan.objects.filter(programme=plan.programme, part=plan.part, state="locked"))
        .order_by("-number")
        .first()
    )
    for item in last.items.all() if last else ():
        comparisons = list(item.comparisons.all())
        item.pk, item.plan, item.outlook, item._state.adding = None, plan, None, True
        item.save(force_insert=True)
        for one in comparisons:
            one.pk, one.item, one._state.adding = None, item, True
            one.save(force_insert=True)


@transaction.atomic
def plan_primary_indicator(
    *,
    plan: ExPostPlan,
    indicator: ProgrammeIndicator,
    method: str,
    smallest_change: Decimal,
    comparisons: Sequence[PlannedComparison] = (),
    method_reason: str = "",
    transition_from: date | None = None,
    transition_until: date | None = None,
    horizon_months: int = 12,
    row_version: int | None = None,
    by: User,
    at: datetime,
) -> PlannedIndicator:
    """Name one of the primary indicators of a draft, or lay down anew what is already named.

    Args:
        method: one that the decision table thinks possible; an empty one is the one that it proposes.
        comparisons: unsaved rows, each with one thing that the person sees and that measures the same.
        row_version: of the draft that the person saw; None: whatever it is.

    Raises:
        PermissionDenied, ValidationError: keyed by field.
    """
    plan = _open_draft(plan, row_version, by)
    item = PlannedIndicator.objects.filter(plan=plan, indicator=indicator).first()
    others = PlannedIndicator.objects.filter(plan=plan).exclude(indicator=indicator)
    if item is None and others.count() >= MOST_PRIMARY:
        raise ValidationError(
            _("There are %(most)s primary indicators already, which is the most; take one out first.")
            % {"most": MOST_PRIMARY}
        )
    if indicator.programme_id != plan.programme_id or not indicator.is_active:
        raise ValidationError({"indicator": _("This indicator is not in use in this programme.")})
    check_comparable(indicator, comparisons, by)
    before = item.content() if item is not None else None
    item = item or PlannedIndicator(plan=plan, indicator=indicator, position=_free_place(others))
    item.plan, item.indicator = plan, indicator
    item.transition_from, item.transition_until = transition_from, transition_until
    item.smallest_change, item.horizon_months = smallest_change, horizon_months
    item.method_reason = method_reason.strip()
    _check_transition(item)
    _choose(item, method, comparisons, at=at)
    item.full_clean(exclude=["plan"], validate_constraints=False)
    item.save()
    PlannedComparison.objects.filter(item=item).delete()
    for one in comparisons:
        one.item = item
        one.save(force_insert=True)
    _touch(plan, by=by, at=at)
    item = PlannedIndicator.objects.prefetch_related("comparisons").get(pk=item.pk)
    remember(
        "planned for ex-post",
        by=by,
        at=at,
        about=indicator,
        programme=plan.programme_id,
        before=before,
        after=item.content(),
        reason=item.method_reason,
    )
    return item


def _choose(
    item: PlannedIndicator, method: str, comparisons: Sequence[PlannedComparison], *, at: datetime
) -> None:
    """The method with what the table proposed; only what the expected data allow, and another only with a reason."""
    choice = propose(item, comparisons, at=at)
    item.proposed = choice.method.value
    item.method = method or item.proposed
    impossible = next((one for one in choice.not_possible if one.method.value == item.method), None)
    if impossible is not None:
        raise ValidationError(
            {
                "method": _("%(method)s is not possible here: %(why)s")
                % {
                    "method": item.get_method_display(),
                    "why": _(impossible.message.template) % impossible.message.params,
                }
            }
        )
    if not item.is_other_than_proposed:
        item.method_reason = ""
    elif not item.method_reason:
        raise ValidationError(
            {
                "method_reason": _(
                    "Empty; the table proposes “%(proposed)s”. Say why “%(method)s” is better here."
                )
                % {"proposed": item.get_proposed_display(), "method": item.get_method_display()}
            }
        )


def _check_transition(item: PlannedIndicator) -> None:
    begins, ends = item.changes_on, item.transition_until
    if not item.plan.starts_on <= begins <= item.plan.ends_on:
        raise ValidationError({"transition_from": _outside(begins, item.plan.programme)})
    if ends is not None and not begins <= ends < item.plan.ends_on:
        raise ValidationError(
            {
                "transition_until": _("%(given)s does not lie between %(start)s and the end, %(end)s.")
                % {
                    "given": date_format(ends, "DATE_FORMAT"),
                    "start": date_format(begins, "DATE_FORMAT"),
                    "end": date_format(item.plan.ends_on, "DATE_FORMAT"),
                }
            }
        )


def _free_place(others: Iterable[PlannedIndicator]) -> int:
    taken = {one.position for one in others}
    return next(place for place in range(1, MOST_PRIMARY + 1) if place not in taken)


@transaction.atomic
def drop_primary_indicator(
    *, plan: ExPostPlan, indicator: ProgrammeIndicator, by: User, at: datetime
) -> None:
    """Take an indicator out of a draft."""
    plan = _open_draft(plan, None, by)
    item = PlannedIndicator.objects.filter(plan=plan, indicator=indicator).first()
    if item is None:
        raise ValidationError(_("This indicator is not among the primary ones of the draft."))
    before = item.content()
    item.delete()
    _touch(plan, by=by, at=at)
    remember(
        "took out of the ex-post plan",
        by=by,
        at=at,
        about=indicator,
        programme=plan.programme_id,
        before=before,
    )


@transaction.atomic
def lock_expost_plan(
    *, plan: ExPostPlan, row_version: int | None = None, by: User, at: datetime
) -> ExPostPlan:
    """Lock a draft for good. Later than its first reporting period it is still kept, but all of it is exploratory.

    Raises:
        PermissionDenied: an author, or somebody who works in the programme.
        ValidationError: nothing is planned, or somebody changed the draft meanwhile.
    """
    plan = with_content(ExPostPlan.objects.select_for_update(of=("self",))).get(pk=plan.pk)
    check_may_lock_expost_plan(by, plan)
    if row_version is not None and row_version != plan.row_version:
        raise ValidationError(_(CHANGED_MEANWHILE))
    items = list(plan.items.all())
    if not items:
        raise ValidationError(_("No primary indicator is named yet; a plan without one asks nothing."))
    plan.state = ExPostPlan.State.LOCKED
    plan.locked_by, plan.locked_at = by, at
    plan.locked_on = at.astimezone(plan.programme.zone).date()
    plan.timely_until = timely_until(plan, items)
    plan.content_hash = plan_hash(plan, items)
    plan.save()
    remember(
        "locked an ex-post plan",
        by=by,
        at=at,
        about=plan,
        programme=plan.programme,
        after={
            "number": plan.number,
            "is_timely": plan.is_timely,
            "timely_until": plan.timely_until.isoformat(),
            "content_hash": plan.content_hash,
        },
        reason=plan.reason,
    )
    logger.info("ex-post plan locked", extra={"plan": plan.pk, "is_timely": plan.is_timely})
    return plan


def timely_until(plan: ExPostPlan, items: Iterable[PlannedIndicator]) -> date:
    """The end of the first reporting period of the primary indicator that is reported most often (METHOD 2.8).

    What has no calendar counts as quarterly.
    """
    found = []
    for item in items:
        frequency = Frequency(item.indicator.frequency)
        if frequency.months is None and frequency is not Frequency.WEEKLY:
            frequency = Frequency.QUARTERLY
        found.append(
            periods_between(
                frequency,
                plan.starts_on,
                plan.ends_on,
                fiscal_year_start_month=plan.programme.fiscal_year_start_month,
            )[0].ends_on
        )
    return min(found)


def plan_hash(plan: ExPostPlan, items: Iterable[PlannedIndicator]) -> str:
    """What is locked, as one hash."""
    planned = [
        item.content() | {"method_reason": item.method_reason, "proposed": item.proposed} for item in items
    ]
    return canonical_hash({"head": _head(plan), "number": plan.number, "items": planned})


def _head(plan: ExPostPlan) -> dict[str, Any]:
    return {
        name: value.isoformat() if isinstance(value := getattr(plan, name), date) else value for name in HEAD
    }


def _open_draft(plan: ExPostPlan, row_version: int | None, by: User) -> ExPostPlan:
    """The draft as it stands now, held until the transaction ends."""
    plan = ExPostPlan.objects.select_for_update(of=("self",)).select_related("programme").get(pk=plan.pk)
    check_may_draft_expost_plan(by, plan.programme)
    if plan.is_locked:
        raise ValidationError(_("This plan is locked. A change is a new version, with a reason."))
    if row_version is not None and row_version != plan.row_version:
        raise ValidationError(_(CHANGED_MEANWHILE))
    return plan
