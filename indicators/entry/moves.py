"""What every act on observations shares: the states and moves between them, locks, four eyes, the trail.

Called by `actions` (one figure) and `bulk` (many). Knows no request and no page.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from indicators import derived
from indicators.entry.checks import FIGURE_FIELDS, clean_text
from indicators.events import Deed, remember_all
from indicators.models import WAITING, Event, Observation, ProgrammeIndicator, State, User
from indicators.periods import is_closed, locked_refusal
from indicators.permissions import stand_ins


@dataclass(frozen=True, slots=True)
class Move:
    """From which states a verb leads to which state."""

    origins: frozenset[State]
    target: State


MOVES = {
    "submitted": Move(frozenset({State.DRAFT, State.RETURNED}), State.SUBMITTED),
    "validated": Move(frozenset({State.SUBMITTED}), State.VALIDATED),
    "approved": Move(frozenset(WAITING), State.APPROVED),
    "returned": Move(frozenset(WAITING), State.RETURNED),
    "rejected": Move(frozenset(WAITING), State.REJECTED),
    "superseded": Move(frozenset({State.APPROVED}), State.SUPERSEDED),
}
"""The whole way (METHOD 4.2). Rejected and superseded are final; a correction is a new row.

Whether what is submitted waits for validation or for approval is the programme's choice: see `permissions`.
"""

RESTRICTED = "23001"
"""What the database's own guards say (migrations 0002 and 0014): `restrict_violation`."""


P = ParamSpec("P")
R = TypeVar("R")


def act(deed: Callable[P, R]) -> Callable[P, R]:
    """One transaction, all or nothing. What a guard of the database refuses is told like any other conflict.

    The acts ask before they write; a guard still speaks when a period is locked in between.
    """

    @wraps(deed)
    def done(*args: P.args, **given: P.kwargs) -> R:
        try:
            with transaction.atomic():
                return deed(*args, **given)
        except IntegrityError as refusal:
            if getattr(refusal.__cause__, "sqlstate", "") != RESTRICTED:
                raise
            raise ValidationError(
                _(
                    "The period was locked, or the figure moved on, a moment ago. Nothing was changed; look again."
                ),
                code="conflict",
            ) from None

    return done


Place = tuple[int, int, int | None, str]
"""Indicator, period, unit, cell: where one figure is in force."""

FIGURE_VERBS = ("recorded", "changed", "corrected", "submitted", "imported", "asked for a change")
"""Whoever did one of these to a figure does not decide on it."""
OWN_FIGURE = gettext_lazy(
    "Nobody decides on figures that they entered or submitted, or that were entered by a person they stand in for "
    "or who stands in for them."
)


def for_update(by: User, at: datetime) -> Any:
    """Rows to lock, each with what the acts ask of it, and `is_closed`: whether its period takes no writes."""
    return (
        Observation.objects.select_for_update(of=("self",))
        .select_related(
            "indicator__programme", "indicator__version", "indicator__definition", "period", "unit"
        )
        .annotate(is_closed=is_closed(by, at))
    )


def lock(observation: Observation, by: User, at: datetime, *, even_closed: bool = False) -> Observation:
    """The figure as it is now, held until the transaction ends; refused where its period is locked."""
    derived.lock_indicators([observation.indicator_id])
    locked: Observation | None = for_update(by, at).filter(pk=observation.pk).first()
    if locked is None:
        raise ValidationError(_("This draft was discarded by somebody else."), code="conflict")
    if not even_closed:
        check_is_open(locked)
    return locked


def check_is_open(locked: Observation) -> None:
    """Refuse what stands in a period that is locked, for a row of `for_update`."""
    if locked.is_closed:  # type: ignore[attr-defined]
        raise locked_refusal(locked.period)


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


def check_other_eyes(locked: Sequence[Observation], by: User, at: datetime) -> None:
    """Nobody decides on a figure that they ever entered, changed or submitted (METHOD 4.2)."""
    if own_figures(locked, by, at):
        raise PermissionDenied(OWN_FIGURE)


def own_figures(locked: Sequence[Observation], by: User, at: datetime) -> set[int]:
    """Those of these figures that the person had a hand in, or whoever they stand in for or who stands in for them.

    A substitute acts in the place of another: neither decides on what the other entered, while the term runs, nor
    later on what was submitted during it. Two queries for any number of figures, a third when some come from a
    course register.
    """
    known = stand_ins(by, {one.indicator.programme_id for one in locked})
    hands = {
        one.pk: {by.pk}
        | {
            each.person
            for each in known[one.indicator.programme_id]
            if each.covers(at) or each.covers(one.submitted_at)
        }
        for one in locked
    }
    found = {one.pk for one in locked if hands[one.pk] & {one.entered_by_id, one.submitted_by_id}}
    trail = Event.objects.filter(
        about_type="observation",
        about_id__in=hands,
        verb__in=FIGURE_VERBS,
        by_id__in=set().union(*hands.values()),
    )
    found |= {
        pk for pk, person in trail.values_list("about_id", "by_id") if pk is not None and person in hands[pk]
    }
    return found | _from_own_registers(locked, hands)


def _from_own_registers(locked: Sequence[Observation], hands: Mapping[int, set[int]]) -> set[int]:
    """A figure that follows from a course register was entered by whoever entered the register."""
    runs: dict[int, int] = {one.pk: one.period.course_run_id for one in locked if one.source == "course"}  # type: ignore[attr-defined]
    if not runs:
        return set()
    trail = Event.objects.filter(
        about_type="courserun",
        about_id__in=set(runs.values()),
        verb__in=("changed a register", "changed run facts"),
    )
    by_run: dict[int, set[int]] = defaultdict(set)
    for run, person in trail.values_list("about_id", "by_id").distinct():
        if run is not None and person is not None:
            by_run[run].add(person)
    return {pk for pk, run in runs.items() if by_run[run] & hands[pk]}


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


def remember(
    verb: str, observation: Observation, *, by: User, at: datetime, in_place_of: str = "", **what: Any
) -> None:
    remember_all([deed(verb, observation, in_place_of=in_place_of, **what)], by=by, at=at)


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
