"""The way of an observation: record, change, submit, approve, return, reject, correct. Knows no request and no page.

Every action locks the indicator first and the observation second, so that two people at once are served one after
the other, whoever they are and whatever they do; the second sees what the first did.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from indicators import derived
from indicators.entry.checks import (
    ANSWER_FIELDS,
    BY_HAND,
    DEFAULTS,
    FIGURE_FIELDS,
    clean_figures,
    clean_place,
    clean_text,
)
from indicators.entry.deciding import (
    approve_locked,
    check_corrects,
    in_force,
    required_comment,
    send_back_locked,
    validate_locked,
)
from indicators.entry.moves import (
    act,
    as_json,
    check_move,
    check_other_eyes,
    check_version,
    clean_comment,
    conflict,
    lock,
    move,
    remember,
    today_of,
)
from indicators.entry.unusual import warnings_of
from indicators.models import (
    PENDING,
    Observation,
    ProgrammeIndicator,
    ReportingPeriod,
    ReportingUnit,
    Role,
    State,
    User,
)
from indicators.periods import locked_refusal, takes_writes_of
from indicators.permissions import (
    Standing,
    check_is_observed,
    check_may_approve,
    check_may_correct,
    check_may_decide,
    check_may_edit_observation,
    check_may_enter,
    check_may_return,
    check_may_validate,
    standing_in,
)

ENTERING = (Role.OFFICER, Role.APPROVER)
"""Who enters figures; the first of these that a substitute holds says whose place is taken."""


# --- Entering ----------------------------------------------------------------------------------------------------


@act
def record_observation(
    *,
    indicator: ProgrammeIndicator,
    period: ReportingPeriod,
    unit: ReportingUnit | None = None,
    cell: str = "",
    source: str = "form",
    by: User,
    at: datetime,
    **figures: Any,
) -> Observation:
    """Keep a new figure as a draft.

    Args:
        indicator, period, unit, cell: where the figure belongs; the cell in any order, stored in canonical order.
        source: form, api, import, course or demo.
        figures: some of `checks.FIGURE_FIELDS`: numerator, denominator, value, text, missing_reason,
            standard_error, sample_size, as_of, reliability, credibility, marking, comment.

    Raises:
        PermissionDenied: `by` enters no figures in this programme.
        ValidationError: by field; code ``exists`` (with params["existing"], a primary key) when the place is taken,
            ``locked`` when the period is.
    """
    standing = standing_in(by, indicator.programme_id)
    check_may_enter(by, indicator, roles=standing.roles)
    derived.lock_indicators([indicator.pk])
    indicator.refresh_from_db(fields=["formula"])  # A formula may have been set while waiting for the lock.
    check_is_observed(indicator)
    cell = clean_place(indicator=indicator, period=period, unit=unit, cell=cell)
    clean = clean_figures(figures, version=indicator.version, period=period, today=today_of(indicator, at))
    _check_free(indicator, period, unit, cell)
    if not takes_writes_of(period, by, at):
        raise ValidationError({"period": locked_refusal(period)})
    observation = Observation.objects.create(
        indicator=indicator,
        period=period,
        unit=unit,
        cell=cell,
        source=source,
        state=State.DRAFT,
        entered_by=by,
        entered_at=at,
        **clean,
    )
    place = standing.in_place_of(*ENTERING)
    remember("recorded", observation, by=by, at=at, in_place_of=place, after=as_json(observation))
    return observation


@act
def change_observation(
    *, observation: Observation, version: int, by: User, at: datetime, **figures: Any
) -> Observation:
    """Change a draft or a returned figure. Figures that are not given stay.

    Args:
        version: the `Observation.version` that `by` looked at.

    Raises:
        ValidationError: code ``stale`` when somebody changed the figure since.
    """
    standing = standing_in(by, observation.indicator.programme_id)
    check_may_edit_observation(by, observation, roles=standing.roles)
    locked = lock(observation, by, at)
    check_version(locked, version)
    check_may_edit_observation(by, locked, roles=standing.roles)
    before = as_json(locked)
    clean = _merged(locked, figures, at=at)
    for name, value in clean.items():
        setattr(locked, name, value)
    locked.entered_by, locked.entered_at = by, at
    locked.version += 1
    locked.save(update_fields=[*clean, "entered_by", "entered_at", "version"])
    place = standing.in_place_of(*ENTERING)
    remember("changed", locked, by=by, at=at, in_place_of=place, before=before, after=as_json(locked))
    return locked


@act
def discard_observation(*, observation: Observation, by: User, at: datetime) -> None:
    """Remove a draft that was never submitted; the audit trail keeps what it said."""
    standing = standing_in(by, observation.indicator.programme_id)
    check_may_edit_observation(by, observation, roles=standing.roles)
    locked = lock(observation, by, at)
    if locked.state != State.DRAFT:
        raise ValidationError(_("Only drafts can be discarded."), code="conflict")
    place = standing.in_place_of(*ENTERING)
    remember("discarded", locked, by=by, at=at, in_place_of=place, before=as_json(locked))
    locked.delete()


@act
def submit_observation(*, observation: Observation, by: User, at: datetime) -> Observation:
    """Hand a figure to those who validate or approve it.

    Raises:
        ValidationError: on ``comment``, code ``warning``: the figure looks unusual and no comment explains it.
    """
    standing = standing_in(by, observation.indicator.programme_id)
    check_may_edit_observation(by, observation, roles=standing.roles)
    locked = lock(observation, by, at)
    check_move(locked, "submitted")
    _check_explained(locked)
    locked.submitted_by, locked.submitted_at = by, at
    locked.decided_by = locked.decided_at = None
    move(locked, "submitted", "submitted_by", "submitted_at", "decided_by", "decided_at")
    place = standing.in_place_of(*ENTERING)
    remember("submitted", locked, by=by, at=at, in_place_of=place, after={"state": locked.state})
    return locked


@act
def correct_observation(
    *, observation: Observation, reason: str, by: User, at: datetime, source: str = "form", **figures: Any
) -> Observation:
    """Submit a newer figure for an approved one, which stays in force until the newer one is approved.

    Args:
        reason: why; required.
        figures: what is different. Given any of `checks.ANSWER_FIELDS`, the others of these are emptied.

    Raises:
        ValidationError: by field; code ``same`` when nothing differs, ``exists`` when a correction is under way,
            ``locked`` when the period is locked: then `request_change` asks for it.
    """
    standing = standing_in(by, observation.indicator.programme_id)
    check_may_correct(by, observation, roles=standing.roles)
    old = lock(observation, by, at)
    new = _newer(old, reason, figures, source=source, by=by, at=at)
    new.save(force_insert=True)
    _remember_newer("corrected", old, new, standing)
    return new


@act
def request_change(
    *, observation: Observation, reason: str, by: User, at: datetime, source: str = "form", **figures: Any
) -> Observation:
    """Ask for a change of an approved figure in a locked period (METHOD 4.4, HistoricalChangeRequest).

    The request is the newer figure itself, on its usual way: it waits for validation where the programme validates,
    and for approval by another person; approved, it supersedes the old one, and returned or rejected, nothing changes.

    Raises:
        ValidationError: as `correct_observation`; code ``open`` when the period is not locked.
    """
    standing = standing_in(by, observation.indicator.programme_id)
    check_may_correct(by, observation, roles=standing.roles)
    old = lock(observation, by, at, even_closed=True)
    if not old.is_closed:  # type: ignore[attr-defined]
        raise ValidationError(
            _("“%(period)s” is not locked; correct the figure, nobody need be asked."),
            code="open",
            params={"period": old.period.label},
        )
    new = _newer(old, reason, figures, source=source, by=by, at=at)
    new.by_request = True
    new.save(force_insert=True)
    _remember_newer("asked for a change", old, new, standing)
    return new


def _newer(
    old: Observation, reason: str, figures: dict[str, Any], *, source: str, by: User, at: datetime
) -> Observation:
    """The newer figure for one in force, checked and submitted, not kept yet."""
    if old.state != State.APPROVED:
        raise conflict(old)
    try:
        reason = clean_text(reason)
    except ValidationError as problem:
        raise ValidationError({"reason": problem}) from None
    if not reason:
        raise ValidationError(
            {"reason": _("No reason was given; say what was wrong with the old figure.")}, code="required"
        )
    clean = _merged(old, figures, at=at)
    if all(getattr(old, name) == value for name, value in clean.items()):
        raise ValidationError(_("Nothing differs from the figure in force."), code="same")
    _check_free(old.indicator, old.period, old.unit, old.cell, besides=old)
    return Observation(
        indicator=old.indicator,
        period=old.period,
        unit=old.unit,
        cell=old.cell,
        source=source,
        state=State.SUBMITTED,
        entered_by=by,
        entered_at=at,
        submitted_by=by,
        submitted_at=at,
        corrects=old,
        correction_reason=reason,
        **clean,
    )


def _remember_newer(verb: str, old: Observation, new: Observation, standing: Standing) -> None:
    remember(
        verb,
        new,
        by=new.entered_by,
        at=new.entered_at,
        in_place_of=standing.in_place_of(*ENTERING),
        before=as_json(old),
        after=as_json(new),
        reason=new.correction_reason,
    )


# --- Deciding ----------------------------------------------------------------------------------------------------


@act
def validate_observation(
    *, observation: Observation, by: User, at: datetime, comment: str = ""
) -> Observation:
    """Say that a submitted figure is sound; an approver decides next (METHOD 4.1, 4.2)."""
    standing = standing_in(by, observation.indicator.programme_id)
    check_may_validate(by, observation, roles=standing.roles)
    comment = clean_comment(comment)
    locked = lock(observation, by, at)
    check_move(locked, "validated")
    check_may_validate(by, locked, roles=standing.roles)
    check_other_eyes([locked], by, at)
    place = {locked.indicator.programme_id: standing.in_place_of(Role.VALIDATOR)}
    validate_locked([locked], by=by, at=at, comment=comment, in_place_of=place)
    return locked


@act
def approve_observation(
    *, observation: Observation, by: User, at: datetime, comment: str = ""
) -> Observation:
    """Accept a figure: it counts from now on, and the indicator's status is brought up to date with it."""
    standing = standing_in(by, observation.indicator.programme_id)
    check_may_approve(by, observation, roles=standing.roles)
    comment = clean_comment(comment)
    locked = lock(observation, by, at)
    check_move(locked, "approved")
    check_may_approve(by, locked, roles=standing.roles)
    check_other_eyes([locked], by, at)
    standing_there = in_force([locked])
    check_corrects(locked, standing_there)
    place = {locked.indicator.programme_id: standing.in_place_of(Role.APPROVER)}
    approve_locked([locked], standing_there, by=by, at=at, comment=comment, in_place_of=place)
    derived.refresh([(locked.indicator_id, locked.period_id)], at=at)
    return locked


@act
def return_observation(*, observation: Observation, comment: str, by: User, at: datetime) -> Observation:
    """Give a figure back to be changed; the comment says what is wrong."""
    return _send_back(observation, "returned", check_may_return, comment=comment, by=by, at=at)


@act
def reject_observation(*, observation: Observation, comment: str, by: User, at: datetime) -> Observation:
    """Refuse a figure for good; the comment says why. A new one may be recorded in its place."""
    return _send_back(observation, "rejected", check_may_decide, comment=comment, by=by, at=at)


def _send_back(
    observation: Observation,
    verb: str,
    check: Callable[..., None],
    *,
    comment: str,
    by: User,
    at: datetime,
) -> Observation:
    standing = standing_in(by, observation.indicator.programme_id)
    check(by, observation, roles=standing.roles)
    comment = required_comment(comment)
    locked = lock(observation, by, at)
    check_move(locked, verb)
    check(by, locked, roles=standing.roles)
    check_other_eyes([locked], by, at)
    place = {locked.indicator.programme_id: standing.in_place_of(Role.APPROVER, Role.VALIDATOR)}
    send_back_locked([locked], verb, by=by, at=at, comment=comment, in_place_of=place)
    return locked


# --- What entering shares ------------------------------------------------------------------------------------------


def _check_explained(locked: Observation) -> None:
    if locked.comment or locked.correction_reason:
        return
    found = warnings_of(
        indicator=locked.indicator,
        period=locked.period,
        unit=locked.unit,
        cell=locked.cell,
        figures={name: getattr(locked, name) for name in FIGURE_FIELDS},
        has_evidence=locked.source not in BY_HAND or locked.evidence.exists(),
        pk=locked.pk,
    )
    if found:
        raise ValidationError({"comment": [ValidationError(one, code="warning") for one in found]})


def _check_free(
    indicator: ProgrammeIndicator,
    period: ReportingPeriod,
    unit: ReportingUnit | None,
    cell: str,
    besides: Observation | None = None,
) -> None:
    taken = Observation.objects.filter(
        indicator=indicator, period=period, unit=unit, cell=cell, state__in=[*PENDING, State.APPROVED]
    )
    if besides is not None:
        taken = taken.exclude(pk=besides.pk)
    existing = taken.order_by("-pk").first()
    if existing is None:
        return
    if existing.state == State.APPROVED:
        text = _("There is an approved figure for this period and unit already; correct that one.")
    else:
        text = _("There is a figure for this period and unit already, in state “%(state)s”; change that one.")
    raise ValidationError(
        {
            "period": ValidationError(
                text,
                code="exists",
                params={"state": existing.get_state_display(), "existing": existing.pk},
            )
        }
    )


def _merged(old: Observation, figures: dict[str, Any], *, at: datetime) -> dict[str, Any]:
    """The old figures with the given ones over them, checked."""
    merged = {name: getattr(old, name) for name in FIGURE_FIELDS}
    if set(figures) & set(ANSWER_FIELDS):
        merged |= {name: DEFAULTS[name] for name in (*ANSWER_FIELDS, "standard_error", "sample_size")}
    merged |= figures
    return clean_figures(
        merged, version=old.indicator.version, period=old.period, today=today_of(old.indicator, at)
    )
