"""Audit events of the demo's figures, as the actions would have written them, in few statements."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from indicators.models import Event, Observation, State, User


@dataclass(frozen=True, slots=True, kw_only=True)
class Trail:
    """Who did what to the observations of one programme."""

    officer: User
    approver: User
    programme_id: int

    def keep(self, rows: Iterable[Observation], *, since: datetime) -> None:
        """Store the events of stored observations that happened after `since`."""
        events = [event for row in rows for event in self.of(row) if event.at > since]
        Event.objects.bulk_create(events, batch_size=2000)

    def of(self, row: Observation) -> list[Event]:
        """Everything that happened to one observation."""
        is_correction = row.corrects is not None
        verb = "corrected" if is_correction else "recorded"
        found = [self._event(verb, row, self.officer, row.entered_at, reason=row.correction_reason)]
        if row.submitted_at and not is_correction:
            found.append(
                self._event("submitted", row, self.officer, row.submitted_at, after={"state": "submitted"})
            )
        if row.decided_at:
            verb = "approved" if row.state == State.SUPERSEDED else str(row.state)
            found.append(self._event(verb, row, self.approver, row.decided_at, reason=row.decision_comment))
        if row.superseded_at:
            found.append(self._event("superseded", row, self.approver, row.superseded_at))
        return found

    def _event(
        self,
        verb: str,
        row: Observation,
        by: User,
        at: datetime,
        *,
        after: dict[str, Any] | None = None,
        reason: str = "",
    ) -> Event:
        return Event(
            at=at,
            by_id=by.pk,
            by_name=str(by),
            verb=verb,
            about_type="observation",
            about_id=row.pk,
            about_name=str(row)[:250],
            programme_id=self.programme_id,
            after=after or _figures(row),
            reason=reason,
        )


def _figures(row: Observation) -> dict[str, Any]:
    found: dict[str, Any] = {"state": str(row.state)}
    for name in ("numerator", "denominator", "value", "missing_reason", "standard_error", "sample_size"):
        given = getattr(row, name)
        if given is not None and given != "":
            found[name] = given if isinstance(given, int) else str(given)
    return found | {"as_of": str(row.as_of)}
