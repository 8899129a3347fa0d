"""Where reporting periods stand: their days by the programme's rules, the decisions about their lock, exceptions.

Reads; the actions that decide live in the programmes room. The lock itself is kept by the database.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, OuterRef, Q, QuerySet, Subquery, Value
from django.utils.translation import gettext as _

from indicators.engine.calendar import PeriodDays, PeriodState, Turn, period_days, period_state
from indicators.models import PeriodTurn, Programme, ReportingPeriod, User


class IsLocked(models.Func):
    """The database's own answer whether a period takes no writes at a moment."""

    function = "period_is_locked"
    output_field = models.BooleanField()

    def __init__(self, period: Any, at: datetime) -> None:
        super().__init__(F(period) if isinstance(period, str) else period, _moment(at))


class HasException(models.Func):
    """Whether one of these people may write into a locked period at a moment; people as keys or names of fields."""

    function = "has_entry_exception"
    output_field = models.BooleanField()

    def __init__(self, period: str, people: Sequence[int | str], at: datetime) -> None:
        someone = models.Func(
            *[F(one) if isinstance(one, str) else Value(one) for one in people],
            template="ARRAY[%(expressions)s]::bigint[]",
            output_field=models.BigIntegerField(),
        )
        super().__init__(F(period), someone, _moment(at))


def _moment(at: datetime) -> Value:
    return Value(at, output_field=models.DateTimeField())


def is_closed(by: User, at: datetime) -> Q:
    """A condition on observations: their period is locked, for `by` and for whoever entered or submitted them.

    A correction of a locked period that was asked for is never closed.
    """
    excepted = HasException("period", ["entered_by", "submitted_by", by.pk], at)
    return Q(IsLocked("period", at)) & Q(by_request=False) & ~Q(excepted)


def is_closed_to(user: User | None, at: datetime) -> Q:
    """A condition on periods: they are locked, and stay open for nobody or not for this person."""
    locked = Q(IsLocked("pk", at))
    return locked if user is None else locked & ~Q(HasException("pk", [user.pk], at))


def takes_writes_of(period: ReportingPeriod, user: User, at: datetime) -> bool:
    """Whether the period is open, or stays open for this person. One query."""
    return not ReportingPeriod.objects.filter(is_closed_to(user, at), pk=period.pk).exists()


def is_locked(period: ReportingPeriod, at: datetime) -> bool:
    """Whether the period takes no writes, exceptions aside. One query."""
    rows = ReportingPeriod.objects.filter(pk=period.pk)
    return bool(rows.values_list(IsLocked("pk", at), flat=True).get())


def locked_refusal(period: ReportingPeriod) -> ValidationError:
    """Why nothing is entered or decided in a locked period, and what to do instead."""
    return ValidationError(
        _(
            "“%(period)s” is locked. An approver of the programme can reopen it or make an exception; "
            "a change of an approved figure can be asked for."
        ),
        code="locked",
        params={"period": period.label},
    )


def newest_turns(periods: QuerySet[ReportingPeriod]) -> QuerySet[ReportingPeriod]:
    """The periods with `turn_kind` and `turn_until` of the newest decision about each."""
    newest = PeriodTurn.objects.filter(period=OuterRef("pk")).order_by("-pk")
    return periods.annotate(
        turn_kind=Subquery(newest.values("kind")[:1]), turn_until=Subquery(newest.values("until")[:1])
    )


def days_of(period: ReportingPeriod, programme: Programme) -> PeriodDays:
    """The days of a period by its programme's rules. Asks no query."""
    return period_days(
        starts_on=period.starts_on,
        ends_on=period.ends_on,
        due_on=period.due_on,
        validation_days=programme.validation_days,
        approval_days=programme.approval_days,
        lock_days=programme.lock_days,
    )


def state_of(period: ReportingPeriod, programme: Programme, *, at: datetime) -> PeriodState:
    """Where a period of `newest_turns` stands at a moment. Asks no query."""
    kind = period.turn_kind  # type: ignore[attr-defined]
    turn = None if kind is None else Turn(until=period.turn_until)  # type: ignore[attr-defined]
    return period_state(days_of(period, programme), at.astimezone(programme.zone).date(), turn)
