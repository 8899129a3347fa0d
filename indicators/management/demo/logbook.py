"""From figures to observations as people would have entered them: late, returned, corrected, waiting, decided."""

from __future__ import annotations

import random
from collections.abc import Iterable
from copy import copy
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from indicators.management.demo.figures import Figure
from indicators.management.demo.trail import Trail
from indicators.models import Evidence, Observation, State, User

CORRECTIONS = (
    "A site had sent the figure of the month before.",
    "Two entries were counted twice; found in the quarterly check.",
    "The ministry sent an amended return.",
    "Numbers of two sites were exchanged.",
)
RETURNS = (
    "The denominator differs from the last period without a reason. Please check or explain.",
    "Please attach the signed sheet, or say where it is held.",
    "This is the figure of the previous period.",
)
LATE = ("Late: the return arrived after the closing date.", "Late: the site could not be reached.", "")
GRADES = (("A", 1), ("A", 2), ("B", 2), ("B", 2), ("B", 3), ("C", 3), ("F", 6))
WAITING_DAYS = 75
"""Periods that ended this lately may still be drafts, submitted or returned."""


@dataclass(slots=True)
class Logbook:
    """Collects observations and their audit events, and keeps them in few statements."""

    officer: User
    approver: User
    programme_id: int
    grace_days: int
    now: datetime
    rng: random.Random
    rows: list[Observation] = field(default_factory=list)
    corrected: list[Observation] = field(default_factory=list)

    @property
    def today(self) -> date:
        return self.now.date()

    def enter(self, figures: Iterable[Figure], *, source: str = "demo") -> None:
        """One observation a figure, in the state that it would have by now."""
        totals: dict[tuple[int, int, int | None], Observation] = {}
        for figure in figures:
            key = (figure.indicator.pk, figure.period.pk, figure.unit.pk if figure.unit else None)
            row = self._new(figure, source=source)
            if figure.cell and key in totals:
                self._like(totals[key], row)
            else:
                self._date(row, figure)
                totals[key] = row
            if row.entered_at <= self.now:
                self.rows.append(row)

    def _new(self, figure: Figure, *, source: str) -> Observation:
        reliability, credibility = self.rng.choice(GRADES)
        return Observation(
            indicator=figure.indicator,
            period=figure.period,
            unit=figure.unit,
            cell=figure.cell,
            as_of=figure.period.ends_on,
            reliability=reliability,
            credibility=credibility,
            source=source,
            marking=figure.indicator.marking,
            **figure.answer,
        )

    def _like(self, total: Observation, part: Observation) -> None:
        """A breakdown is entered and decided together with its total."""
        for name in ("entered_by", "entered_at", "submitted_by", "submitted_at", "decided_by", "decided_at"):
            setattr(part, name, getattr(total, name))
        part.state, part.decision_comment, part.comment = total.state, total.decision_comment, total.comment
        if part.missing_reason != total.missing_reason:
            part.comment = ""

    def _date(self, row: Observation, figure: Figure) -> None:
        rng = self.rng
        is_late = rng.random() < figure.late
        grace = self.grace_days
        after = rng.randint(grace + 1, grace + 45) if is_late else rng.randint(1, max(grace - 2, 2))
        row.entered_by, row.entered_at = self.officer, self._at(figure.period.ends_on, after)
        row.comment = row.comment or (rng.choice(LATE) if is_late else "")
        if row.missing_reason and not row.comment:
            row.comment = "Reported as not available; see reason."
        submitted_at = row.entered_at + timedelta(hours=rng.randint(1, 30))
        decided_at = submitted_at + timedelta(hours=rng.randint(20, 200))
        row.submitted_by, row.submitted_at = self.officer, submitted_at
        row.decided_by, row.decided_at = self.approver, decided_at
        row.state = State.APPROVED
        self._maybe_waiting(row, figure, submitted_at, decided_at)
        if row.state == State.APPROVED and rng.random() < 0.003 and not figure.is_newest:
            row.state, row.decision_comment = (
                State.REJECTED,
                "Figure of another month; please enter it again.",
            )

    def _maybe_waiting(
        self, row: Observation, figure: Figure, submitted_at: datetime, decided_at: datetime
    ) -> None:
        """Young figures may still be on their way; nothing lies in the future."""
        rng = self.rng
        is_young = (self.today - figure.period.ends_on).days <= WAITING_DAYS and figure.unit is not None
        luck = rng.random() if is_young else 1.0
        if submitted_at > self.now or luck < 0.07:
            self._back_to(row, State.DRAFT)
        elif decided_at > self.now or luck < 0.22:
            self._back_to(row, State.SUBMITTED)
        elif luck < 0.27:
            row.state, row.decision_comment = State.RETURNED, rng.choice(RETURNS)

    def _back_to(self, row: Observation, state: State) -> None:
        row.state, row.decided_by, row.decided_at = state, None, None
        if state == State.DRAFT:
            row.submitted_by = row.submitted_at = None
            row.entered_at = min(row.entered_at, self.now - timedelta(hours=self.rng.randint(1, 48)))

    def _at(self, day: date, days_after: int) -> datetime:
        hour = time(self.rng.randint(6, 13), self.rng.randint(0, 59))
        return datetime.combine(day + timedelta(days=days_after), hour, tzinfo=UTC)

    # --- Keeping -------------------------------------------------------------------------------------------

    def keep(self) -> int:
        """Store everything; returns how many observations there are."""
        self.rows += self._entered_again()
        corrections = self._choose_corrections()
        Observation.objects.bulk_create(self.rows, batch_size=2000)
        self.corrected = [
            self._correction(old, _instant(old.superseded_at)) for old in corrections
        ] + self._waiting_corrections()
        Observation.objects.bulk_create(self.corrected, batch_size=2000)
        self._evidence()
        trail = Trail(officer=self.officer, approver=self.approver, programme_id=self.programme_id)
        trail.keep([*self.rows, *self.corrected], since=self.now - timedelta(days=365))
        return len(self.rows) + len(self.corrected)

    def _entered_again(self) -> list[Observation]:
        """What took the place of rejected figures."""
        found = []
        for old in [row for row in self.rows if row.state == State.REJECTED]:
            at = _instant(old.decided_at) + timedelta(days=2)
            new = copy(old)
            new.entered_at, new.submitted_at, new.decided_at = at, at, at + timedelta(days=1)
            new.state, new.decision_comment = State.APPROVED, ""
            if new.decided_at <= self.now:
                found.append(new)
        return found

    def _choose_corrections(self) -> list[Observation]:
        """Some approved figures, old enough that somebody noticed."""
        limit = self.now - timedelta(days=WAITING_DAYS)
        chosen = [
            row
            for row in self._correctable()
            if _instant(row.decided_at) < limit and self.rng.random() < 0.02
        ]
        for row in chosen:
            later = _instant(row.decided_at) + timedelta(days=self.rng.randint(5, 60))
            row.state, row.superseded_at = State.SUPERSEDED, min(later, self.now)
        return chosen

    def _correctable(self) -> list[Observation]:
        """Approved figures without a breakdown that stay possible with one case fewer."""
        split = {(row.indicator_id, row.period_id, row.unit_id) for row in self.rows if row.cell}
        return [
            row
            for row in self.rows
            if row.state == State.APPROVED
            and row.source == "demo"
            and (row.indicator_id, row.period_id, row.unit_id) not in split
            and 1 < (row.numerator or 0) < (row.denominator or 0)
        ]

    def _correction(self, old: Observation, at: datetime) -> Observation:
        return Observation(
            indicator=old.indicator,
            period=old.period,
            unit=old.unit,
            numerator=(old.numerator or 0) - 1,
            denominator=old.denominator,
            standard_error=old.standard_error,
            sample_size=old.sample_size,
            as_of=old.as_of,
            reliability=old.reliability,
            credibility=old.credibility,
            marking=old.marking,
            source=old.source,
            state=State.APPROVED,
            entered_by=self.officer,
            entered_at=at - timedelta(hours=30),
            submitted_by=self.officer,
            submitted_at=at - timedelta(hours=30),
            decided_by=self.approver,
            decided_at=at,
            corrects=old,
            correction_reason=self.rng.choice(CORRECTIONS),
        )

    def _waiting_corrections(self) -> list[Observation]:
        """Two corrections of last year's figures that nobody has decided on yet; the old ones still count."""
        since = self.now - timedelta(days=365)
        young = [row for row in self._correctable() if _instant(row.decided_at) > since]
        found = []
        for old in self.rng.sample(young, min(2, len(young))):
            new = self._correction(old, self.now - timedelta(days=self.rng.randint(1, 6)))
            new.state, new.decided_by, new.decided_at = State.SUBMITTED, None, None
            found.append(new)
        return found

    def _evidence(self) -> None:
        """For the last year: the sheets behind the totals, which are held elsewhere."""
        since = self.now - timedelta(days=365)
        Evidence.objects.bulk_create(
            [
                Evidence(
                    observation=row,
                    kind=Evidence.Kind.ELSEWHERE,
                    name=row.indicator.version.evidence_expected[:200],
                    added_by=self.officer,
                    added_at=row.entered_at,
                )
                for row in self.rows
                if row.entered_at > since
                and not row.cell
                and not row.missing_reason
                and self.rng.random() < 0.5
            ],
            batch_size=2000,
        )


def _instant(at: datetime | None) -> datetime:
    """An instant that a decided figure always has."""
    assert at is not None
    return at


def published(figure: Figure, *, entered: date, officer: User, approver: User, comment: str) -> Observation:
    """A figure taken over from a publisher: real, public, approved at once."""
    at = datetime.combine(entered, time(9), tzinfo=UTC)
    return Observation(
        indicator=figure.indicator,
        period=figure.period,
        unit=None,
        as_of=figure.period.ends_on,
        reliability="A",
        credibility=2,
        marking="PUBLIC",
        source="import",
        comment=comment,
        state=State.APPROVED,
        entered_by=officer,
        entered_at=at,
        submitted_by=officer,
        submitted_at=at,
        decided_by=approver,
        decided_at=at + timedelta(hours=4),
        **figure.answer,
    )
