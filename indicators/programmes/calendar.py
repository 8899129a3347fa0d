"""Deciding about the lock of periods: reopen, lock, make an exception for a person, take it back. Verbs only.

Each act takes many periods: what can be done is done, in one transaction, and the others are named with the reason.
The state of a period is never stored: it follows from its days, its programme's rules and the newest of these acts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.translation import gettext as _

from indicators.engine.calendar import PeriodState
from indicators.events import Deed, remember, remember_all
from indicators.models import EntryException, PeriodTurn, Programme, ReportingPeriod, User
from indicators.periods import newest_turns, state_of
from indicators.permissions import WORKING, check_may_keep_calendar, roles_in
from indicators.programmes.changes import local_day, lock_programme, ready, refuse
from indicators.templatetags.ui import day

MAX_DAYS = 366
"""Longest reopening or exception: what stays open longer is not locked at all."""
MAX_REASON = 2000


@dataclass(slots=True, kw_only=True)
class Outcome:
    """Which periods an act changed, and which not and why; in the order of their days."""

    done: list[ReportingPeriod] = field(default_factory=list)
    left: list[tuple[ReportingPeriod, str]] = field(default_factory=list)


@transaction.atomic
def reopen_periods(
    *,
    programme: Programme,
    periods: Iterable[ReportingPeriod],
    until: date,
    reason: str,
    by: User,
    at: datetime,
) -> Outcome:
    """Let everybody who enters write in locked periods again, until a day; then each locks by itself.

    A period that is reopened already gets the new day.

    Args:
        until: last day, in the programme's time zone; today or later, at most `MAX_DAYS` away.

    Raises:
        PermissionDenied: `by` is neither an administrator nor an approver of the programme.
        ValidationError: by field.
    """
    check_may_keep_calendar(by, programme)
    programme = lock_programme(programme)
    until, reason = _clean_until(programme, until, at), _clean_reason(reason)

    def problem(state: PeriodState) -> str:
        is_locked = state in {PeriodState.LOCKED, PeriodState.REOPENED}
        return "" if is_locked else _("It is not locked.")

    return _turn(programme, periods, PeriodTurn.Kind.REOPENED, until, reason, problem, by=by, at=at)


@transaction.atomic
def lock_periods(
    *, programme: Programme, periods: Iterable[ReportingPeriod], reason: str, by: User, at: datetime
) -> Outcome:
    """Lock periods that have ended, before their day or before the end of a reopening.

    Raises:
        PermissionDenied, ValidationError: as `reopen_periods`.
    """
    check_may_keep_calendar(by, programme)
    programme = lock_programme(programme)

    def problem(state: PeriodState) -> str:
        if state is PeriodState.LOCKED:
            return _("It is locked already.")
        return _("It has not ended yet.") if state in {PeriodState.UPCOMING, PeriodState.OPEN} else ""

    return _turn(
        programme, periods, PeriodTurn.Kind.LOCKED, None, _clean_reason(reason), problem, by=by, at=at
    )


def _turn(
    programme: Programme,
    periods: Iterable[ReportingPeriod],
    kind: PeriodTurn.Kind,
    until: date | None,
    reason: str,
    problem: Callable[[PeriodState], str],
    *,
    by: User,
    at: datetime,
) -> Outcome:
    outcome, befores = Outcome(), []
    for period in _fresh(programme, periods):
        state = state_of(period, programme, at=at)
        if said := problem(state):
            outcome.left.append((period, said))
        else:
            outcome.done.append(period)
            befores.append(state)
    PeriodTurn.objects.bulk_create(
        [
            PeriodTurn(period=period, kind=kind, until=until, reason=reason, by=by, at=at)
            for period in outcome.done
        ]
    )
    remember_all(
        [
            Deed(
                verb=f"{kind} a period",
                about=period,
                programme=programme,
                before={"state": before.value},
                after={"state": kind.value, "until": ready(until)},
                reason=reason,
            )
            for period, before in zip(outcome.done, befores, strict=True)
        ],
        by=by,
        at=at,
    )
    return outcome


@transaction.atomic
def grant_exceptions(
    *,
    programme: Programme,
    periods: Iterable[ReportingPeriod],
    user: User,
    until: date,
    reason: str,
    by: User,
    at: datetime,
) -> Outcome:
    """Keep locked periods open for one person, until a day: what they enter may be submitted and decided on.

    Raises:
        PermissionDenied: as `reopen_periods`; or `by` is the person.
        ValidationError: by field; the person does not work with the programme's figures.
    """
    check_may_keep_calendar(by, programme)
    if by.pk == user.pk:
        raise PermissionDenied(_("Nobody grants an exception to themselves; ask another approver."))
    programme = lock_programme(programme)
    until, reason = _clean_until(programme, until, at), _clean_reason(reason)
    if not roles_in(user, programme) & WORKING:
        raise refuse("user", _("%s does not work with the figures of this programme.") % user)
    today = local_day(programme, at)
    chosen = _fresh(programme, periods)
    standing = dict(
        EntryException.objects.filter(
            period__in=chosen, user=user, revoked_at__isnull=True, until__gte=today
        ).values_list("period_id", "until")
    )
    outcome = Outcome()
    for period in chosen:
        if period.pk in standing:
            said = _("There is one until %(day)s already; take it back first.") % {
                "day": day(standing[period.pk])
            }
            outcome.left.append((period, said))
        elif period.ends_on >= today:
            outcome.left.append((period, _("It has not ended yet.")))
        else:
            outcome.done.append(period)
    EntryException.objects.bulk_create(
        [
            EntryException(period=one, user=user, until=until, reason=reason, granted_by=by, granted_at=at)
            for one in outcome.done
        ]
    )
    after = {"person": str(user), "until": ready(until)}
    remember_all(
        [
            Deed(verb="made an exception", about=one, programme=programme, after=after, reason=reason)
            for one in outcome.done
        ],
        by=by,
        at=at,
    )
    return outcome


@transaction.atomic
def revoke_exception(*, exception: EntryException, reason: str, by: User, at: datetime) -> EntryException:
    """Take an exception back before its last day.

    Raises:
        PermissionDenied: as `reopen_periods`.
        ValidationError: no reason, or it was taken back before.
    """
    programme = exception.period.programme
    check_may_keep_calendar(by, programme)
    reason = _clean_reason(reason)
    locked = EntryException.objects.select_for_update(of=("self",)).select_related("period", "user")
    exception = locked.get(pk=exception.pk)
    if exception.revoked_at is not None:
        raise refuse("", _("This exception was taken back before."))
    exception.revoked_by, exception.revoked_at = by, at
    exception.save(update_fields=["revoked_by", "revoked_at"])
    remember(
        "took back an exception",
        by=by,
        at=at,
        about=exception.period,
        programme=programme,
        before={"person": str(exception.user), "until": ready(exception.until)},
        reason=reason,
    )
    return exception


def _fresh(programme: Programme, periods: Iterable[ReportingPeriod]) -> list[ReportingPeriod]:
    """The programme's periods among the given, as they stand now. One query."""
    rows = ReportingPeriod.objects.filter(programme=programme, pk__in=[one.pk for one in periods])
    found = list(newest_turns(rows).order_by("starts_on", "pk"))
    if not found:
        raise refuse("periods", _("No period was chosen; tick at least one."))
    return found


def _clean_until(programme: Programme, until: Any, at: datetime) -> date:
    today = local_day(programme, at)
    if not isinstance(until, date):
        raise refuse("until", _("No day was given; the last day was expected."))
    if not today <= until <= today + timedelta(days=MAX_DAYS):
        raise refuse(
            "until",
            _("%(given)s was given; a day from %(first)s to %(last)s was expected.")
            % {"given": day(until), "first": day(today), "last": day(today + timedelta(days=MAX_DAYS))},
        )
    return until


def _clean_reason(reason: str) -> str:
    reason = reason.strip()
    if not reason or len(reason) > MAX_REASON or "\x00" in reason:
        raise refuse(
            "reason", _("A reason of 1 to %(limit)s characters was expected.") % {"limit": MAX_REASON}
        )
    return reason
