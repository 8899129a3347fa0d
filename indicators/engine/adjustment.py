"""Whether judgements are used: days within which recommendations are answered and decided (METHOD 4.5). Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

RESPONSE_DAYS = 28
"""Days within which a programme answers a signed report. Source: METHOD 4.5, after UNDP's four weeks."""
DECISION_DAYS = 90
"""Days within which a recommendation should have led to a decision. Source: METHOD 4.5."""


def response_due(signed_on: date) -> date:
    """The last day on which an answer is in time.

    >>> response_due(date(2026, 1, 1))
    datetime.date(2026, 1, 29)
    """
    return signed_on + timedelta(days=RESPONSE_DAYS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """One recommendation of a signed report: when it was signed, and when it was first decided on, if it was."""

    signed_on: date
    decided_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionUse:
    """How often recommendations led to a decision in time.

    `closed`: those whose days are over; `in_time`: of these, decided within them. `waiting`: those whose days still
    run; `waiting_decided`: of these, decided already. They count in no share, for their outcome is not known.
    """

    closed: int
    in_time: int
    late: int
    waiting: int
    waiting_decided: int

    @property
    def share(self) -> Fraction | None:
        """From 0 to 1; None when no recommendation's days are over: nothing to divide by is not zero."""
        return Fraction(self.in_time, self.closed) if self.closed else None


def decision_use(advice: Iterable[Advice], as_of: date, *, days: int = DECISION_DAYS) -> DecisionUse:
    """Count recommendations that led to a decision within `days` of the signature.

    Args:
        advice: every recommendation of signed reports; what was signed or decided after `as_of` is left out.
        as_of: the day of the count.

    Source: METHOD 4.5 (KPI).

    >>> decision_use([Advice(signed_on=date(2026, 1, 1), decided_on=date(2026, 4, 1))], date(2026, 6, 1)).in_time
    1
    """
    closed = in_time = late = waiting = waiting_decided = 0
    for one in advice:
        if one.signed_on > as_of:
            continue
        last = one.signed_on + timedelta(days=days)
        decided = one.decided_on is not None and one.decided_on <= as_of
        if as_of <= last:
            waiting += 1
            waiting_decided += decided
            continue
        closed += 1
        if decided and one.decided_on is not None:
            in_time += one.decided_on <= last
            late += one.decided_on > last
    return DecisionUse(
        closed=closed, in_time=in_time, late=late, waiting=waiting, waiting_decided=waiting_decided
    )
