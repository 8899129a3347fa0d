"""One programme of the demo with the whole way of a figure: validation, a locked year, what was decided about it.

Everything is done by the same actions as in real work, after the older figures are in.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal

from indicators.entry.actions import request_change
from indicators.entry.bulk import validate_observations
from indicators.models import Observation, Programme, ReportingPeriod, Role, State, User
from indicators.periods import IsLocked
from indicators.programmes import actions

CODE = "PATG"
LOCK_DAYS = 90
"""Longer than the usual 30, since visits across the globe are reported late."""


def show_workflow(programme: Programme, people: dict[str, User], *, at: datetime) -> None:
    """Switch validation and locking on, and make the acts that the calendar then shows."""
    admin, approver, officer = people["admin"], people["approver.ici"], people["officer.ici"]
    validator = people["validator.ici"]
    actions.add_member(
        programme=programme,
        user=validator,
        role=Role.VALIDATOR,
        starts_on=programme.starts_on,
        by=admin,
        at=at,
    )
    programme = actions.change_programme(
        programme=programme,
        version=programme.version,
        needs_validation=True,
        lock_days=LOCK_DAYS,
        by=admin,
        at=at,
    )
    _validate_some(programme, validator, at=at)
    _ask_for_a_change(programme, officer, at=at)
    locked = ReportingPeriod.objects.filter(programme=programme, frequency="monthly").filter(
        IsLocked("pk", at)
    )
    periods = list(locked.order_by("-ends_on")[:2])
    today: date = at.astimezone(programme.zone).date()
    actions.reopen_periods(
        programme=programme,
        periods=periods[:1],
        until=today + timedelta(days=10),
        reason="Two activity reports came after the lock; illustrative.",
        by=approver,
        at=at,
    )
    actions.grant_exceptions(
        programme=programme,
        periods=periods[1:],
        user=officer,
        until=today + timedelta(days=5),
        reason="The host nation sent its list late; illustrative.",
        by=approver,
        at=at,
    )


def _validate_some(programme: Programme, validator: User, *, at: datetime) -> None:
    """Half of what waits; the other half is in the validator's queue."""
    waiting = Observation.objects.filter(indicator__programme=programme, state=State.SUBMITTED, cell="")
    rows = list(waiting.select_related("indicator").order_by("pk"))
    validate_observations(observations=rows[: len(rows) // 2], by=validator, at=at)


def _ask_for_a_change(programme: Programme, officer: User, *, at: datetime) -> None:
    """One fewer than in the newest figure of the last year that is locked whole."""
    figures = Observation.objects.filter(
        IsLocked("period", at),
        indicator__programme=programme,
        state=State.APPROVED,
        cell="",
        denominator__gt=1,
        numerator__gt=0,
    )
    last_year = figures.filter(period__ends_on__year__lt=at.year)
    newest = last_year.select_related("indicator__programme", "indicator__version", "period")
    figure = newest.order_by("-period__ends_on", "pk").first()
    if figure is not None and figure.numerator is not None:
        request_change(
            observation=figure,
            reason="One activity was counted that took place a month later; illustrative.",
            numerator=figure.numerator - Decimal(1),
            denominator=figure.denominator,
            comment="As in the corrected activity list.",
            by=officer,
            at=at,
        )
