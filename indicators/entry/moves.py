"""What every act on observations shares: the states and moves between them, locks, four eyes, the trail.

Called by `actions` (one figure) and `bulk` (many). Knows no request and no page.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import F
from django.utils.translation import gettext as _

from indicators import derived
from indicators.entry.checks import FIGURE_FIELDS, clean_text
from indicators.events import Deed, remember_all
from indicators.models import Event, Observation, ProgrammeIndicator, State, User


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


def for_update() -> Any:
    return Observation.objects.select_for_update(of=("self",)).select_related(
        "indicator__programme", "indicator__version", "indicator__definition", "period", "unit"
    )


def lock(observation: Observation) -> Observation:
    derived.lock_indicators([observation.indicator_id])
    locked: Observation | None = for_update().filter(pk=observation.pk).first()
    if locked is None:
        raise ValidationError(_("This draft was discarded by somebody else."), code="conflict")
    return locked


def check_version(locked: Observation, version: int) -> None:
    if locked.version != version:
        raise ValidationError(
            _("Somebody changed this figure after you opened it. Look at it again before you change it."),
            code="stale",
            params={"given": version, "current": locked.version},
        )


def check_move(locked: Observation, verb: str) -> None:
    if State(locked.state) not in MOVES[verb].origins:
        raise conflict(locked)


def conflict(locked: Observation) -> ValidationError:
    return ValidationError(
        _("Somebody was here before you: this figure is now “%(state)s”."),
        code="conflict",
        params={"state": locked.get_state_display()},
    )


def check_other_eyes(locked: Sequence[Observation], by: User) -> None:
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


def clean_comment(comment: str) -> str:
    try:
        return clean_text(comment)
    except ValidationError as problem:
        raise ValidationError({"comment": problem}) from None


def today_of(indicator: ProgrammeIndicator, at: datetime) -> date:
    return at.astimezone(indicator.programme.zone).date()


def move(locked: Observation, verb: str, *fields: str) -> None:
    locked.state = MOVES[verb].target
    locked.version += 1
    locked.save(update_fields=["state", "version", *fields])


def move_all(locked: Sequence[Observation], verb: str, **changes: Any) -> None:
    """The same move for many locked rows. One statement."""
    target = MOVES[verb].target
    Observation.objects.filter(pk__in=[one.pk for one in locked]).update(
        state=target, version=F("version") + 1, **changes
    )
    for one in locked:
        for name, value in {"state": target, "version": one.version + 1, **changes}.items():
            setattr(one, name, value)


def remember(verb: str, observation: Observation, *, by: User, at: datetime, **what: Any) -> None:
    remember_all([deed(verb, observation, **what)], by=by, at=at)


def deed(verb: str, observation: Observation, **what: Any) -> Deed:
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
