"""Keeping a checked file: all its rows in one transaction, or none of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction

from indicators import derived
from indicators.entry.actions import change_observation, correct_observation, submit_observation
from indicators.entry.importing.checking import Checked, Problem, Proposal, check_table
from indicators.entry.importing.reader import Table
from indicators.entry.moves import as_json
from indicators.entry.showing import figure_text
from indicators.events import remember
from indicators.models import Observation, Programme, ProgrammeIndicator, State, User
from indicators.permissions import check_may_enter


@dataclass(slots=True, kw_only=True)
class Outcome:
    """What a file did, or would do."""

    new: int = 0
    changed: int = 0
    same: int = 0
    problems: list[Problem] = field(default_factory=list)
    differences: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{self.new} new, {self.changed} changed, {self.same} same"


class Refused(Exception):
    """Some row is bad: the transaction is taken back."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(f"{len(problems)} problems")
        self.problems = problems


def import_table(
    *, programme: Programme, table: Table, by: User | None, at: datetime, dry_run: bool = False
) -> Outcome:
    """Submit the figures of a file for approval by a second person; the same file again changes nothing.

    Args:
        by: who submits them; None only for a dry run.

    Raises:
        ValidationError: the file's columns are wrong.
        PermissionDenied: `by` enters no figures in this programme.
    """
    today = at.astimezone(programme.zone).date()
    if dry_run:
        return _outcome_of(check_table(table, programme, today=today, by=by))
    if by is None:
        raise TypeError("somebody must submit the figures")
    try:
        with transaction.atomic():
            _check_right(by, programme)
            derived.lock_indicators(
                ProgrammeIndicator.objects.filter(programme=programme).values_list("pk", flat=True)
            )
            checked = check_table(table, programme, today=today, by=by)
            if checked.problems:
                raise Refused(checked.problems)
            outcome = _outcome_of(checked)
            _apply(checked, table, by=by, at=at)
    except Refused as refusal:
        return Outcome(problems=refusal.problems)
    return outcome


def _check_right(by: User, programme: Programme) -> None:
    indicator = ProgrammeIndicator.objects.filter(programme=programme, formula="").first()
    if indicator is not None:
        check_may_enter(by, indicator)


def _outcome_of(checked: Checked) -> Outcome:
    if checked.problems:
        return Outcome(problems=checked.problems)
    return Outcome(
        new=len(checked.of("new")),
        changed=len(checked.of("changed")) + len(checked.of("corrected")),
        same=len(checked.of("same")),
        differences=[_difference(one) for one in checked.proposals if one.kind != "same"],
    )


def _difference(one: Proposal) -> str:
    version = one.indicator.version
    figure = figure_text(version, one.figures)
    if one.existing is None:
        return f"row {one.row}: new {one.place}: {figure}"
    before = figure_text(version, vars(one.existing))
    word = "correction" if one.kind == "corrected" else "change"
    if before == figure:
        names = [name for name, value in one.figures.items() if getattr(one.existing, name) != value]
        return f"row {one.row}: {word} {one.place}: other {', '.join(names)}"
    return f"row {one.row}: {word} {one.place}: {before} → {figure}"


def _apply(checked: Checked, table: Table, *, by: User, at: datetime) -> None:
    _create(checked.of("new"), table, by=by, at=at)
    problems: list[Problem] = []
    for one in [*checked.of("changed"), *checked.of("corrected")]:
        try:
            _replace(one, by=by, at=at)
        except ValidationError as refusal:
            problems += [
                Problem(row=one.row, column="", given="", message=message) for message in refusal.messages
            ]
    if problems:
        raise Refused(problems)


def _create(proposals: list[Proposal], table: Table, *, by: User, at: datetime) -> None:
    rows = Observation.objects.bulk_create(
        [
            Observation(
                indicator=one.indicator,
                period=one.period,
                unit=one.unit,
                cell=one.cell,
                source="import",
                state=State.SUBMITTED,
                entered_by=by,
                entered_at=at,
                submitted_by=by,
                submitted_at=at,
                **one.figures,
            )
            for one in proposals
        ],
        batch_size=1000,
    )
    for one, row in zip(proposals, rows, strict=True):
        remember(
            "imported",
            by=by,
            at=at,
            about=row,
            programme=one.indicator.programme_id,
            after=as_json(row) | {"file": table.name[:100], "sha256": table.sha256, "row": one.row},
        )


def _replace(one: Proposal, *, by: User, at: datetime) -> None:
    existing = one.existing
    if existing is None:
        raise TypeError("nothing to replace")
    if one.kind == "corrected":
        correct_observation(
            observation=existing, reason=one.reason, by=by, at=at, source="import", **one.figures
        )
        return
    changed = change_observation(observation=existing, version=existing.version, by=by, at=at, **one.figures)
    submit_observation(observation=changed, by=by, at=at)
