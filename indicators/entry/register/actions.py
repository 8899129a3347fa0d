"""The verbs of a course register: keep lines, set what holds for the run, take a participant out, remove what is old.

Each locks the run first; each raises its version and leaves one event that counts what was done. The event names no
pseudonym and no score: it is kept for ever, the rows about persons are not (METHOD 4.7). The old rows say what was.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils.translation import gettext as _

from indicators.engine.courses.figures import months_later
from indicators.entry.register.planning import Line, Plan, load_standing, plan_lines
from indicators.events import remember
from indicators.models import CourseRun, Enrolment, FollowUp, Reaction, TestScore, User
from indicators.permissions import check_may_administer, check_may_enter_register
from indicators.registers import FACTS

KEPT_MONTHS = 24
"""After the last follow-up that METHOD plans; then the rows about persons go."""
RECORDS: tuple[type[TestScore] | type[Reaction] | type[FollowUp], ...] = (TestScore, Reaction, FollowUp)


class Refused(Exception):
    """Some cell is bad: nothing is kept."""

    def __init__(self, plan: Plan) -> None:
        super().__init__(f"{len(plan.problems)} problems")
        self.plan = plan


@transaction.atomic
def keep_lines(
    *,
    run: CourseRun,
    lines: Iterable[Line],
    version: int | None,
    by: User,
    at: datetime,
    source: str = "grid",
    sha256: str = "",
) -> Plan:
    """Write what the lines say, all or nothing. What is stored already is left alone, so twice is once.

    Args:
        version: the `register_version` that `by` looked at; None for who looked at none (the command).

    Raises:
        PermissionDenied: `by` enters no registers of this programme.
        Refused: with the plan, when any cell is bad.
        ValidationError: code ``stale`` when somebody changed the register since; ``removed`` after its time.
    """
    check_may_enter_register(by, run.course.programme)
    locked = check_version(run, version)
    plan = plan_lines(locked, lines)
    if plan.problems:
        raise Refused(plan)
    if not plan.changes:
        return plan
    _write(plan, by=by, at=at)
    counts = {"new": plan.count("new"), "changed": plan.count("changed"), "removed": plan.count("removed")}
    after = counts | {"participants": len(plan.enrolled), "source": source}
    _raise_version(locked)
    remember(
        "changed a register",
        by=by,
        at=at,
        about=locked,
        programme=locked.course.programme_id,
        after=after | ({"sha256": sha256} if sha256 else {}),
    )
    return plan


def _write(plan: Plan, *, by: User, at: datetime) -> None:
    """Seven statements at most for each five hundred rows."""
    Enrolment.objects.bulk_create(plan.enrolled)
    if plan.altered:
        Enrolment.objects.bulk_update(plan.altered, ["nation", "sex", "age_band", "sector", "completed"])
    for model in RECORDS:
        old = [row.pk for row in plan.superseded if isinstance(row, model)]
        if old:
            model.objects.filter(pk__in=old).update(superseded_at=at)
        new: list[Any] = [row for row in plan.recorded if isinstance(row, model)]
        for row in new:
            row.enrolment_id, row.recorded_by, row.recorded_at = row.enrolment.pk, by, at
        model.objects.bulk_create(new)


@transaction.atomic
def remove_participant(*, run: CourseRun, pseudonym: str, version: int, by: User, at: datetime) -> None:
    """Take out somebody who was entered by mistake and of whom nothing is recorded."""
    check_may_enter_register(by, run.course.programme)
    locked = check_version(run, version)
    person = load_standing(locked).get(pseudonym)
    if person is None:
        raise ValidationError(_("This participant is not in the register."), code="conflict")
    kept = any(model.objects.filter(enrolment=person.enrolment).exists() for model in RECORDS)
    if kept:
        raise ValidationError(
            _("Something is recorded of this participant; say instead that the course was not completed."),
            code="conflict",
        )
    person.enrolment.delete()
    _raise_version(locked)
    remember(
        "changed a register", by=by, at=at, about=locked, programme=locked.course.programme_id,
        after={"participants": -1},
    )  # fmt: skip


@transaction.atomic
def set_run_facts(
    *,
    run: CourseRun,
    version: int,
    by: User,
    at: datetime,
    pass_mark: Decimal | None,
    cost: Decimal | None,
    hours_total: Decimal | None,
    hours_regional: Decimal | None,
) -> CourseRun:
    """Keep what holds for the run as a whole. The audit trail keeps what was there before."""
    check_may_enter_register(by, run.course.programme)
    locked = check_version(run, version, is_about_people=False)
    given = {
        "pass_mark": pass_mark,
        "cost": cost,
        "hours_total": hours_total,
        "hours_regional": hours_regional,
    }
    before = {name: getattr(locked, name) for name in FACTS}
    changed = [name for name in FACTS if before[name] != given[name]]
    if not changed:
        return locked
    for name in changed:
        setattr(locked, name, given[name])
    locked.clean_fields(exclude=["unit"])
    locked.validate_constraints(exclude=["course", "code"])
    locked.save(update_fields=changed)
    _raise_version(locked)
    remember(
        "changed run facts", by=by, at=at, about=locked, programme=locked.course.programme_id,
        before={name: _text(before[name]) for name in changed},
        after={name: _text(given[name]) for name in changed},
    )  # fmt: skip
    return locked


@transaction.atomic
def remove_register(*, run: CourseRun, by: User | None, at: datetime) -> int:
    """Remove every row about a person of a run whose time is over. Runs, figures, verdicts and events stay.

    Args:
        by: an administrator, or None for the operator's command.

    Returns:
        How many participants there were. A second time removes nobody.

    Raises:
        ValidationError: the run ended less than 24 months ago.
    """
    if by is not None:
        check_may_administer(by)
    locked = (
        CourseRun.objects.select_for_update(of=("self",)).select_related("course__programme").get(pk=run.pk)
    )
    until = kept_until(locked)
    if at.astimezone(locked.course.programme.zone).date() <= until:
        raise ValidationError(_("Records of this run are kept until %s.") % until.isoformat(), code="early")
    people = Enrolment.objects.filter(run=locked)
    count = people.count()
    if locked.removed_at is not None:
        return 0
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL tracker.removing_register = 'on'")
        records = {
            str(model._meta.model_name): model.objects.filter(enrolment__in=people).delete()[0]
            for model in RECORDS
        }
        people.delete()
        cursor.execute("SET LOCAL tracker.removing_register = 'off'")
    locked.removed_at = at
    locked.save(update_fields=["removed_at"])
    _raise_version(locked)
    remember(
        "removed a register", by=by, at=at, about=locked, programme=locked.course.programme_id,
        after={"participants": count, **records},
        reason=f"kept until {until.isoformat()} ({KEPT_MONTHS} months after the run)",
    )  # fmt: skip
    return count


def kept_until(run: CourseRun) -> date:
    """The last day on which rows about persons are kept (METHOD 4.7)."""
    return months_later(run.ends_on, KEPT_MONTHS)


def past_their_time(*, today: date) -> list[CourseRun]:
    """Runs with rows about persons that should be gone, the oldest first. One query."""
    latest = months_later(today, -KEPT_MONTHS)
    rows = (
        CourseRun.objects.filter(removed_at__isnull=True, ends_on__lte=latest)
        .filter(pk__in=Enrolment.objects.values("run"))
        .select_related("course__programme")
        .order_by("ends_on", "pk")
    )
    return [run for run in rows if kept_until(run) < today]


def check_version(run: CourseRun, version: int | None, *, is_about_people: bool = True) -> CourseRun:
    """The run as it stands, locked; refuses when its register changed since `version` or is past its time."""
    locked = (
        CourseRun.objects.select_for_update(of=("self",)).select_related("course__programme").get(pk=run.pk)
    )
    if is_about_people and locked.removed_at is not None:
        raise ValidationError(
            _("The records of persons of this run were removed after their time; nothing can be added."),
            code="removed",
        )
    if version is not None and locked.register_version != version:
        raise ValidationError(
            _("Somebody changed this register after you opened it."),
            code="stale",
            params={"given": version, "current": locked.register_version},
        )
    return locked


def _raise_version(locked: CourseRun) -> None:
    locked.register_version += 1
    locked.save(update_fields=["register_version"])


def _text(value: Decimal | None) -> str | None:
    return None if value is None else str(value)
