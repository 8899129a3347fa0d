"""Acts on many figures at once: submit, validate, approve, return. Each figure has its own outcome.

What can go goes, in one transaction; what cannot stays as it was and is named with the reason, so that one odd figure
among hundreds does not hold up the others. Nothing is left half done: if the transaction fails, nothing went.

The number of queries does not depend on how many figures there are. As in `actions`, the indicators are locked first
and the figures second, both in the order of their keys, so that two people at once are served one after the other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.core.exceptions import PermissionDenied, ValidationError
from django.utils.translation import gettext as _

from indicators import derived
from indicators.entry.actions import ENTERING
from indicators.entry.deciding import (
    approve_locked,
    check_corrects,
    in_force,
    required_comment,
    send_back_locked,
    validate_locked,
)
from indicators.entry.moves import (
    OWN_FIGURE,
    act,
    check_is_open,
    check_move,
    clean_comment,
    deed,
    for_update,
    move_all,
    own_figures,
)
from indicators.entry.unusual import warnings_by_figure
from indicators.events import remember_all
from indicators.models import Observation, Role, User
from indicators.permissions import (
    check_may_approve,
    check_may_edit_observation,
    check_may_return,
    check_may_validate,
    standings,
)

LIMIT = 500
"""So many figures at once; more would hold other people's locks too long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """A figure that stayed as it was."""

    observation: Observation
    reason: str
    """In the reader's language."""
    code: str
    """``conflict``, ``warning``, ``denied``, ``locked`` or ``gone``."""


@dataclass(slots=True, kw_only=True)
class Outcome:
    """What was done, and what was not and why; each in the order of primary keys."""

    done: list[Observation] = field(default_factory=list)
    left: list[Left] = field(default_factory=list)

    def leave(self, observation: Observation, reason: str, code: str) -> None:
        self.left.append(Left(observation=observation, reason=reason, code=code))


@act
def submit_observations(*, observations: Iterable[Observation], by: User, at: datetime) -> Outcome:
    """Hand many drafts and returned figures to those who decide; each that can go, goes.

    Args:
        observations: at most `LIMIT`, which `by` sees.

    Raises:
        ValidationError: code ``limit`` when there are more.

    Returns:
        Left behind are figures that `by` may not edit (``denied``), that somebody moved on meanwhile
        (``conflict``), that were discarded (``gone``), whose period is locked (``locked``), or that look unusual
        and lack a comment (``warning``).
    """
    locked, outcome = _lock_all(observations, by, at)
    held = standings(by, {one.indicator.programme_id for one in locked})

    def check(one: Observation) -> None:
        check_move(one, "submitted")
        check_may_edit_observation(by, one, roles=held[one.indicator.programme_id].roles)

    going = _explained(_passing(locked, check, outcome), outcome)
    move_all(going, "submitted", submitted_by=by, submitted_at=at, decided_by=None, decided_at=None)
    places = {pk: one.in_place_of(*ENTERING) for pk, one in held.items()}
    deeds = [
        deed("submitted", one, after={"state": one.state}, in_place_of=places[one.indicator.programme_id])
        for one in going
    ]
    remember_all(deeds, by=by, at=at)
    return _finished(outcome, going)


@act
def validate_observations(
    *, observations: Iterable[Observation], by: User, at: datetime, comment: str = ""
) -> Outcome:
    """Say of many submitted figures that they are sound; each that can go, goes.

    Raises:
        ValidationError: code ``limit`` when there are more than `LIMIT`; on ``comment`` when it cannot be kept.

    Returns:
        Left behind are figures that `by` may not validate, or had a hand in (``denied``), that somebody moved on
        meanwhile (``conflict``), or whose period is locked (``locked``).
    """
    comment = clean_comment(comment)
    going, outcome, places = _deciding(observations, "validated", check_may_validate, by, at, Role.VALIDATOR)
    validate_locked(going, by=by, at=at, comment=comment, in_place_of=places)
    return _finished(outcome, going)


@act
def approve_observations(
    *, observations: Iterable[Observation], by: User, at: datetime, comment: str = ""
) -> Outcome:
    """Accept many figures; each that can go, goes. Statuses are brought up to date once.

    Raises:
        ValidationError: as `validate_observations`.

    Returns:
        Left behind as by `validate_observations`; also, as ``conflict``, figures whose place another took meanwhile.
    """
    comment = clean_comment(comment)
    passing, outcome, places = _deciding(observations, "approved", check_may_approve, by, at, Role.APPROVER)
    standing = in_force(passing)
    going = _passing(passing, lambda one: check_corrects(one, standing), outcome)
    approve_locked(going, standing, by=by, at=at, comment=comment, in_place_of=places)
    if going:
        derived.refresh({(one.indicator_id, one.period_id) for one in going}, at=at)
    return _finished(outcome, going)


@act
def return_observations(
    *, observations: Iterable[Observation], comment: str, by: User, at: datetime
) -> Outcome:
    """Give many figures back to be changed, with one comment that says what is wrong; each that can go, goes.

    Raises:
        ValidationError: as `validate_observations`; on ``comment`` also when there is none.
    """
    comment = required_comment(comment)
    going, outcome, places = _deciding(
        observations, "returned", check_may_return, by, at, Role.APPROVER, Role.VALIDATOR
    )
    send_back_locked(going, "returned", by=by, at=at, comment=comment, in_place_of=places)
    return _finished(outcome, going)


def _deciding(
    observations: Iterable[Observation],
    verb: str,
    may: Callable[..., None],
    by: User,
    at: datetime,
    *roles: Role,
) -> tuple[list[Observation], Outcome, dict[int, str]]:
    """Those of the figures on which the person may decide so, locked; the others left; whose place is taken where."""
    locked, outcome = _lock_all(observations, by, at)
    held = standings(by, {one.indicator.programme_id for one in locked})
    own = own_figures(locked, by, at)

    def check(one: Observation) -> None:
        check_move(one, verb)
        may(by, one, roles=held[one.indicator.programme_id].roles)
        if one.pk in own:
            raise PermissionDenied(OWN_FIGURE)

    going = _passing(locked, check, outcome)
    return going, outcome, {pk: one.in_place_of(*roles) for pk, one in held.items()}


def _lock_all(
    observations: Iterable[Observation], by: User, at: datetime
) -> tuple[list[Observation], Outcome]:
    """The rows as they are now, locked; those that are gone or in a locked period are left behind already."""
    given = {one.pk: one for one in observations}
    if len(given) > LIMIT:
        raise ValidationError(
            _("%(given)s figures were chosen; at most %(limit)s can be handled at once."),
            code="limit",
            params={"given": len(given), "limit": LIMIT},
        )
    derived.lock_indicators({one.indicator_id for one in given.values()})
    locked = list(for_update(by, at).filter(pk__in=given.keys()).order_by("pk"))
    outcome = Outcome()
    for pk in sorted(given.keys() - {one.pk for one in locked}):
        outcome.leave(given[pk], _("This draft was discarded by somebody else."), "gone")
    return _passing(locked, check_is_open, outcome), outcome


def _passing(
    locked: Sequence[Observation], check: Callable[[Observation], None], outcome: Outcome
) -> list[Observation]:
    """Those that the check lets pass; the others are left behind with what it says."""
    passing = []
    for one in locked:
        try:
            check(one)
        except PermissionDenied as refusal:
            outcome.leave(one, str(refusal), "denied")
        except ValidationError as refusal:
            outcome.leave(one, " ".join(refusal.messages), getattr(refusal, "code", None) or "conflict")
        else:
            passing.append(one)
    return passing


def _explained(locked: Sequence[Observation], outcome: Outcome) -> list[Observation]:
    """Those that look usual or have a comment that explains them."""
    found = warnings_by_figure(locked)
    unexplained = [one for one in locked if found[one.pk] and not one.comment and not one.correction_reason]
    for one in unexplained:
        said = " ".join(found[one.pk])
        outcome.leave(one, _("%(warning)s A comment was expected.") % {"warning": said}, "warning")
    return [one for one in locked if one not in unexplained]


def _finished(outcome: Outcome, done: list[Observation]) -> Outcome:
    outcome.done = done
    outcome.left.sort(key=lambda left: left.observation.pk)
    return outcome
