"""The way of an observation: record, change, submit, approve, return, reject, correct. Knows no request and no page.

Every action locks the indicator first and the observation second, so that two people at once are served one after
the other, whoever they are and whatever they do; the second sees what the first did.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Exists, F, OuterRef
from django.utils.translation import gettext as _

from indicators import derived
from indicators.entry.checks import (
    ANSWER_FIELDS,
    DEFAULTS,
    FIGURE_FIELDS,
    clean_figures,
    clean_place,
    clean_text,
)
from indicators.entry.unusual import warnings_of
from indicators.events import Deed, remember_all
from indicators.models import (
    PENDING,
    Event,
    Observation,
    ProgrammeIndicator,
    ReportingPeriod,
    ReportingUnit,
    State,
    User,
)
from indicators.permissions import (
    check_is_observed,
    check_may_correct,
    check_may_decide,
    check_may_edit_observation,
    check_may_enter,
)


@dataclass(frozen=True, slots=True)
class Move:
    """From which states a verb leads to which state."""

    origins: frozenset[State]
    target: State


MOVES = {
    "submitted": Move(frozenset({State.DRAFT, State.RETURNED}), State.SUBMITTED),
    "approved": Move(frozenset({State.SUBMITTED}), State.APPROVED),
    "returned": Move(frozenset({State.SUBMITTED}), State.RETURNED),
    "rejected": Move(frozenset({State.SUBMITTED}), State.REJECTED),
    "superseded": Move(frozenset({State.APPROVED}), State.SUPERSEDED),
}
"""The whole way (METHOD 4.2). Rejected and superseded are final; a correction is a new row."""

Place = tuple[int, int, int | None, str]
"""Indicator, period, unit, cell: where one figure is in force."""

FIGURE_VERBS = ("recorded", "changed", "corrected", "submitted", "imported")
"""Whoever did one of these to a figure does not decide on it."""


# --- Entering ----------------------------------------------------------------------------------------------------


@transaction.atomic
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
        ValidationError: by field; code ``exists`` (with params["existing"], a primary key) when the place is taken.
    """
    check_may_enter(by, indicator)
    derived.lock_indicators([indicator.pk])
    indicator.refresh_from_db(fields=["formula"])  # A formula may have been set while waiting for the lock.
    check_is_observed(indicator)
    cell = clean_place(indicator=indicator, period=period, unit=unit, cell=cell)
    clean = clean_figures(figures, version=indicator.version, period=period, today=_today(indicator, at))
    _check_free(indicator, period, unit, cell)
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
    _remember("recorded", observation, by=by, at=at, after=as_json(observation))
    return observation


@transaction.atomic
def change_observation(
    *, observation: Observation, version: int, by: User, at: datetime, **figures: Any
) -> Observation:
    """Change a draft or a returned figure. Figures that are not given stay.

    Args:
        version: the `Observation.version` that `by` looked at.

    Raises:
        ValidationError: code ``stale`` when somebody changed the figure since.
    """
    check_may_edit_observation(by, observation)
    locked = _lock(observation)
    _check_version(locked, version)
    check_may_edit_observation(by, locked)
    before = as_json(locked)
    clean = _merged(locked, figures, at=at)
    for name, value in clean.items():
        setattr(locked, name, value)
    locked.entered_by, locked.entered_at = by, at
    locked.version += 1
    locked.save(update_fields=[*clean, "entered_by", "entered_at", "version"])
    _remember("changed", locked, by=by, at=at, before=before, after=as_json(locked))
    return locked


@transaction.atomic
def discard_observation(*, observation: Observation, by: User, at: datetime) -> None:
    """Remove a draft that was never submitted; the audit trail keeps what it said."""
    check_may_edit_observation(by, observation)
    locked = _lock(observation)
    if locked.state != State.DRAFT:
        raise ValidationError(_("Only drafts can be discarded."), code="conflict")
    _remember("discarded", locked, by=by, at=at, before=as_json(locked))
    locked.delete()


@transaction.atomic
def submit_observation(*, observation: Observation, by: User, at: datetime) -> Observation:
    """Hand a figure to the approvers.

    Raises:
        ValidationError: on ``comment``, code ``warning``: the figure looks unusual and no comment explains it.
    """
    check_may_edit_observation(by, observation)
    locked = _lock(observation)
    _check_move(locked, "submitted")
    _check_explained(locked)
    locked.submitted_by, locked.submitted_at = by, at
    locked.decided_by = locked.decided_at = None
    _move(locked, "submitted", "submitted_by", "submitted_at", "decided_by", "decided_at")
    _remember("submitted", locked, by=by, at=at, after={"state": locked.state})
    return locked


@transaction.atomic
def correct_observation(
    *, observation: Observation, reason: str, by: User, at: datetime, source: str = "form", **figures: Any
) -> Observation:
    """Submit a newer figure for an approved one, which stays in force until the newer one is approved.

    Args:
        reason: why; required.
        figures: what is different. Given any of `checks.ANSWER_FIELDS`, the others of these are emptied.

    Raises:
        ValidationError: by field; code ``same`` when nothing differs, ``exists`` when a correction is under way.
    """
    check_may_correct(by, observation)
    old = _lock(observation)
    if old.state != State.APPROVED:
        raise _conflict(old)
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
    new = Observation.objects.create(
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
    _remember("corrected", new, by=by, at=at, before=as_json(old), after=as_json(new), reason=reason)
    return new


# --- Deciding ----------------------------------------------------------------------------------------------------


@transaction.atomic
def approve_observation(
    *, observation: Observation, by: User, at: datetime, comment: str = ""
) -> Observation:
    """Accept a figure: it counts from now on, and the indicator's status is brought up to date with it."""
    check_may_decide(by, observation)
    comment = _clean_comment(comment)
    locked = _lock(observation)
    _check_move(locked, "approved")
    _approve([locked], by=by, at=at, comment=comment)
    derived.refresh([(locked.indicator_id, locked.period_id)], at=at)
    return locked


@transaction.atomic
def approve_observations(
    *, observations: Iterable[Observation], by: User, at: datetime, comment: str = ""
) -> list[Observation]:
    """Accept many figures, all or none; statuses are brought up to date once.

    The same number of queries however many figures there are; one more for each further programme.
    """
    pks = {observation.pk for observation in observations}
    comment = _clean_comment(comment)
    derived.lock_indicators(Observation.objects.filter(pk__in=pks).values_list("indicator_id", flat=True))
    locked = list(_for_update().filter(pk__in=pks).order_by("pk"))
    for observation in locked:
        _check_move(observation, "approved")
    for observation in {one.indicator.programme_id: one for one in locked}.values():
        check_may_decide(by, observation)
    _approve(locked, by=by, at=at, comment=comment)
    derived.refresh({(one.indicator_id, one.period_id) for one in locked}, at=at)
    return locked


@transaction.atomic
def return_observation(*, observation: Observation, comment: str, by: User, at: datetime) -> Observation:
    """Give a figure back to be changed; the comment says what is wrong."""
    return _send_back(observation, "returned", comment=comment, by=by, at=at)


@transaction.atomic
def reject_observation(*, observation: Observation, comment: str, by: User, at: datetime) -> Observation:
    """Refuse a figure for good; the comment says why. A new one may be recorded in its place."""
    return _send_back(observation, "rejected", comment=comment, by=by, at=at)


def _approve(locked: Sequence[Observation], *, by: User, at: datetime, comment: str) -> None:
    """Set submitted figures in force. What they correct steps aside first: one figure for each place."""
    _check_other_eyes(locked, by)
    in_force = _in_force(locked)
    corrected = [(in_force[_place(one)], one) for one in locked if _place(one) in in_force]
    deeds = [_superseded(old, new) for old, new in corrected]
    _move_all([old for old, _new in corrected], "superseded", superseded_at=at)
    befores = [{"state": one.state} for one in locked]
    _move_all(locked, "approved", decided_by=by, decided_at=at, decision_comment=comment)
    deeds += [
        _deed("approved", one, before=before, after=as_json(one), reason=comment)
        for one, before in zip(locked, befores, strict=True)
    ]
    remember_all(deeds, by=by, at=at)


def _in_force(locked: Sequence[Observation]) -> dict[Place, Observation]:
    """The figures that stand in the places of the given ones, each the one that the new figure corrects.

    One query when there are none, as for most figures; two otherwise. Their indicators are locked already.
    """
    beside = Observation.objects.filter(
        pk__in=[one.pk for one in locked],
        indicator=OuterRef("indicator"),
        period=OuterRef("period"),
        cell=OuterRef("cell"),
    )
    approved = Observation.objects.filter(Exists(beside), state=State.APPROVED).order_by()
    places = {_place(one) for one in locked}
    standing = [
        pk
        for pk, *place in approved.values_list("pk", "indicator_id", "period_id", "unit_id", "cell")
        if tuple(place) in places
    ]
    rows = _for_update().filter(pk__in=standing) if standing else ()
    found = {_place(one): one for one in rows}
    for new in locked:
        old = found.get(_place(new))
        if (old.pk if old is not None else None) != new.corrects_id:  # type: ignore[attr-defined]
            raise ValidationError(
                _(
                    "Another figure was approved for this place meanwhile; return this one and correct that one."
                ),
                code="conflict",
            )
    return found


def _place(observation: Observation) -> Place:
    return observation.indicator_id, observation.period_id, observation.unit_id, observation.cell


def _superseded(old: Observation, new: Observation) -> Deed:
    return _deed("superseded", old, before=as_json(old), after=as_json(new), reason=new.correction_reason)


def _send_back(observation: Observation, verb: str, *, comment: str, by: User, at: datetime) -> Observation:
    check_may_decide(by, observation)
    comment = _clean_comment(comment)
    if not comment:
        raise ValidationError(
            {"comment": _("No comment was given; whoever entered the figure must learn what is wrong.")},
            code="required",
        )
    locked = _lock(observation)
    _check_move(locked, verb)
    _check_other_eyes([locked], by)
    locked.decided_by, locked.decided_at, locked.decision_comment = by, at, comment
    before = {"state": locked.state}
    _move(locked, verb, "decided_by", "decided_at", "decision_comment")
    _remember(verb, locked, by=by, at=at, before=before, after={"state": locked.state}, reason=comment)
    return locked


# --- What the actions share --------------------------------------------------------------------------------------


def _for_update() -> Any:
    return Observation.objects.select_for_update(of=("self",)).select_related(
        "indicator__programme", "indicator__version", "indicator__definition", "period", "unit"
    )


def _lock(observation: Observation) -> Observation:
    derived.lock_indicators([observation.indicator_id])
    locked: Observation | None = _for_update().filter(pk=observation.pk).first()
    if locked is None:
        raise ValidationError(_("This draft was discarded by somebody else."), code="conflict")
    return locked


def _check_version(locked: Observation, version: int) -> None:
    if locked.version != version:
        raise ValidationError(
            _("Somebody changed this figure after you opened it. Look at it again before you change it."),
            code="stale",
            params={"given": version, "current": locked.version},
        )


def _check_move(locked: Observation, verb: str) -> None:
    if State(locked.state) not in MOVES[verb].origins:
        raise _conflict(locked)


def _conflict(locked: Observation) -> ValidationError:
    return ValidationError(
        _("Somebody was here before you: this figure is now “%(state)s”."),
        code="conflict",
        params={"state": locked.get_state_display()},
    )


def _check_other_eyes(locked: Sequence[Observation], by: User) -> None:
    """Nobody decides on a figure that they ever entered, changed or submitted (METHOD 4.2)."""
    had_a_hand = any(by.pk in {one.entered_by_id, one.submitted_by_id} for one in locked)  # type: ignore[attr-defined]
    if not had_a_hand:
        pks = [one.pk for one in locked]
        trail = Event.objects.filter(about_type="observation", about_id__in=pks, verb__in=FIGURE_VERBS)
        had_a_hand = trail.filter(by_id=by.pk).exists() or _entered_the_register(locked, by)
    if had_a_hand:
        raise PermissionDenied(_("Nobody decides on figures that they entered or submitted."))


def _entered_the_register(locked: Sequence[Observation], by: User) -> bool:
    """A figure that follows from a course register was entered by whoever entered the register."""
    runs = {one.period.course_run_id for one in locked if one.source == "course"}  # type: ignore[attr-defined]
    verbs = ("changed a register", "changed run facts")
    trail = Event.objects.filter(about_type="courserun", about_id__in=runs, verb__in=verbs, by_id=by.pk)
    return bool(runs) and trail.exists()


def _check_explained(locked: Observation) -> None:
    if locked.comment or locked.correction_reason:
        return
    found = warnings_of(
        indicator=locked.indicator,
        period=locked.period,
        unit=locked.unit,
        cell=locked.cell,
        figures={name: getattr(locked, name) for name in FIGURE_FIELDS},
        has_evidence=locked.source != "form" or locked.evidence.exists(),
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
        merged, version=old.indicator.version, period=old.period, today=_today(old.indicator, at)
    )


def _clean_comment(comment: str) -> str:
    try:
        return clean_text(comment)
    except ValidationError as problem:
        raise ValidationError({"comment": problem}) from None


def _today(indicator: ProgrammeIndicator, at: datetime) -> date:
    return at.astimezone(indicator.programme.zone).date()


def _move(locked: Observation, verb: str, *fields: str) -> None:
    locked.state = MOVES[verb].target
    locked.version += 1
    locked.save(update_fields=["state", "version", *fields])


def _move_all(locked: Sequence[Observation], verb: str, **changes: Any) -> None:
    """The same move for many locked rows. One statement."""
    target = MOVES[verb].target
    Observation.objects.filter(pk__in=[one.pk for one in locked]).update(
        state=target, version=F("version") + 1, **changes
    )
    for one in locked:
        for name, value in {"state": target, "version": one.version + 1, **changes}.items():
            setattr(one, name, value)


def _remember(verb: str, observation: Observation, *, by: User, at: datetime, **what: Any) -> None:
    remember_all([_deed(verb, observation, **what)], by=by, at=at)


def _deed(verb: str, observation: Observation, **what: Any) -> Deed:
    return Deed(verb=verb, about=observation, programme=observation.indicator.programme_id, **what)


def as_json(observation: Observation) -> dict[str, Any]:
    """The figures of an observation as they stand in the audit trail: decimals and dates as text."""
    found: dict[str, Any] = {"state": str(observation.state)}
    for name in FIGURE_FIELDS:
        value = getattr(observation, name)
        if value is None or value == "":
            continue
        found[name] = value if isinstance(value, int) else str(value)
    return found
