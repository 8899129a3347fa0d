"""What the pages of this room show, read in a fixed number of queries. Decides and writes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, F, Q, QuerySet, Window
from django.db.models.functions import RowNumber

from indicators.assessment.actions import OPEN
from indicators.assessment.planning import Occasion, next_occasion, schedules
from indicators.models import (
    AssessmentRun,
    AssessmentSchedule,
    DueAssessment,
    Kind,
    Programme,
    Role,
    User,
    programmes_of,
)

RECENT = 20
State = DueAssessment.State


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One due row with the word that its state is shown by."""

    due: DueAssessment
    state: str
    is_overdue: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A programme with its schedule and what comes next."""

    programme: Programme
    schedule: AssessmentSchedule | None
    coming: Occasion | None


def listed_runs(user: User, *, programme: Programme | None, kind: str, everything: bool) -> QuerySet[Any]:
    """Runs that a person sees, newest first; without `everything` the latest of each programme and kind."""
    runs = AssessmentRun.objects.visible_to(user).select_related("programme")
    if programme is not None:
        runs = runs.filter(programme=programme)
    if kind:
        runs = runs.filter(kind=kind)
    if not everything:
        place = Window(
            RowNumber(),
            partition_by=[F("programme"), F("kind")],
            order_by=[F("as_of").desc(), F("revision").desc()],
        )
        runs = runs.annotate(place=place).filter(place=1)
    return runs.order_by("-as_of", "programme__code", "kind", "-revision")


def may_ask_in(user: User) -> QuerySet[Programme]:
    """Programmes in which a person may ask for an assessment."""
    if user.is_admin:
        return Programme.objects.order_by("code")
    return programmes_of(user, Role.APPROVER, Role.EVALUATOR).order_by("code")


def open_lines(user: User, *, at: datetime) -> list[Line]:
    """What is due or running, of the programmes that a person sees. One query."""
    return [line_of(due, at=at) for due in _dues(user).filter(state__in=OPEN).order_by("due_at", "pk")[:200]]


def failed_lines(user: User, *, at: datetime) -> list[Line]:
    return [line_of(due, at=at) for due in _dues(user).filter(state=State.DEAD).order_by("-due_at")[:200]]


def done_lines(user: User, *, at: datetime) -> list[Line]:
    """The last ones done. One query."""
    rows = (
        _dues(user)
        .filter(state__in=(State.DONE, State.STOPPED))
        .order_by(F("finished_at").desc(nulls_last=True), "-pk")
    )
    return [line_of(due, at=at) for due in rows[:RECENT]]


def _dues(user: User) -> QuerySet[Any]:
    return DueAssessment.objects.visible_to(user).select_related("programme", "requested_by", "run")


def line_of(due: DueAssessment, *, at: datetime) -> Line:
    """The word for a row: due, overdue (an hour on), running, done, late, failed, cancelled."""
    is_overdue = due.state == State.DUE and (at - due.due_at).total_seconds() > 3600
    word = {
        State.LEASED: "running",
        State.DONE: "late" if due.is_late else "done",
        State.DEAD: "failed",
        State.STOPPED: "cancelled",
    }
    return Line(
        due=due,
        state=word.get(State(due.state), "overdue" if is_overdue else "due"),
        is_overdue=is_overdue,
    )


def planned_programmes(*, at: datetime) -> list[Planned]:
    """Every programme, with its schedule if it has one. Two queries."""
    by_programme = {schedule.programme_id: schedule for schedule in schedules()}
    found = []
    for programme in Programme.objects.order_by("code"):
        schedule = by_programme.get(programme.pk)
        coming = next_occasion(schedule, at=at) if schedule is not None and schedule.is_active else None
        found.append(Planned(programme=programme, schedule=schedule, coming=coming))
    return found


def counts_by_state(user: User) -> dict[str, int]:
    """How many rows wait, run, are done, were late, failed. One query."""
    return DueAssessment.objects.visible_to(user).aggregate(
        due=Count("pk", filter=Q(state=State.DUE)),
        running=Count("pk", filter=Q(state=State.LEASED)),
        done=Count("pk", filter=Q(state=State.DONE)),
        late=Count("pk", filter=Q(state=State.DONE, is_late=True)),
        failed=Count("pk", filter=Q(state=State.DEAD)),
    )


def default_kind(programme: Programme, at: datetime) -> Kind:
    return Kind.EX_POST if programme.has_ended(at.astimezone(programme.zone).date()) else Kind.ON_THE_FLY
