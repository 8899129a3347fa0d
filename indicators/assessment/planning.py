"""Which assessments have fallen due, computed from the programmes' dates alone. Makes due rows, never runs them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import connection, transaction
from django.db.models import Min, Prefetch, QuerySet
from django.db.models.functions import Greatest

from indicators.assessment.clock import add_months, first_instant
from indicators.engine.periods import periods_between
from indicators.models import AssessmentSchedule, ExPostPlan, Kind, Programme

LATE_AFTER = timedelta(days=1)
INSERT = """
    INSERT INTO indicators_dueassessment
        (programme_id, kind, as_of, request, label, due_at, state, owner, fence, attempts, is_late,
         progress_done, progress_total, last_error, planned_at)
    SELECT %s, kind, as_of, 0, label, due_at, 'due', '', 0, 0, is_late, 0, 0, '', clock_timestamp()
    FROM unnest(%s::text[], %s::date[], %s::text[], %s::timestamptz[], %s::boolean[])
        AS new (kind, as_of, label, due_at, is_late)
    ON CONFLICT ON CONSTRAINT due_once DO NOTHING
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """One assessment that the schedule asks for."""

    kind: Kind
    as_of: date
    label: str
    due_at: datetime
    """First moment of a day in the programme's time zone, in UTC."""


def plan_due(*, at: datetime) -> int:
    """Make a due row for every scheduled assessment whose moment has passed. Returns how many were new.

    Safe to call at any time, by any number of planners at once: the unique key keeps one row. It never looks at
    clock ticks, so after a downtime of any length every period is caught up, those over a day old marked late.
    """
    active = schedules().filter(is_active=True).order_by("pk")
    return sum(plan_programme(schedule, at=at) for schedule in active)


def schedules() -> QuerySet[AssessmentSchedule]:
    """Schedules with their programme, its locked ex-post plans, and the day on which its first course ended."""
    locked = Prefetch(
        "programme__expost_plans",
        queryset=ExPostPlan.objects.filter(state=ExPostPlan.State.LOCKED),
        to_attr="locked_plans",
    )
    return (
        AssessmentSchedule.objects.select_related("programme")
        .prefetch_related(locked)
        .annotate(first_course_end=Min("programme__courses__runs__ends_on"))
    )


@transaction.atomic
def plan_programme(schedule: AssessmentSchedule, *, at: datetime) -> int:
    """The same for one programme. `planned_until` only saves work: losing it plans nothing twice."""
    occasions = list(occasions_upto(schedule, at=at))
    if not occasions:
        return 0
    created = _insert(schedule.programme, occasions, at=at)
    ends = [occasion.as_of for occasion in occasions if occasion.kind == Kind.ON_THE_FLY]
    if ends:
        AssessmentSchedule.objects.filter(pk=schedule.pk).update(
            planned_until=Greatest("planned_until", max(ends))
        )
    return created


def occasions_upto(schedule: AssessmentSchedule, *, at: datetime) -> Iterator[Occasion]:
    """What fell due after `planned_until` and by `at`, oldest first; ex-post occasions always from the end on."""
    for occasion in _occasions(schedule, since=schedule.planned_until):
        if occasion.due_at <= at:
            yield occasion


def next_occasion(schedule: AssessmentSchedule, *, at: datetime) -> Occasion | None:
    """The next assessment of a programme; None when nothing more is planned."""
    coming = (o for o in _occasions(schedule, since=None) if o.due_at > at)
    return min(coming, key=lambda o: o.due_at, default=None)


def _occasions(schedule: AssessmentSchedule, *, since: date | None) -> Iterator[Occasion]:
    """While it runs after every period, with a look back on the courses that have ended; then after the end."""
    programme = schedule.programme
    first_course_end: date | None = getattr(schedule, "first_course_end", None)
    for period in periods_between(
        schedule.frequency,
        programme.starts_on,
        programme.ends_on,
        fiscal_year_start_month=programme.fiscal_year_start_month,
    ):
        if since is None or period.ends_on > since:
            yield Occasion(
                kind=Kind.ON_THE_FLY,
                as_of=period.ends_on,
                label=period.label,
                due_at=due_instant(programme, period.ends_on, schedule.days_after_period),
            )
            if first_course_end is not None and first_course_end <= period.ends_on < programme.ends_on:
                yield Occasion(
                    kind=Kind.EX_POST,
                    as_of=period.ends_on,
                    label=f"Courses until {period.label}",
                    due_at=due_instant(programme, period.ends_on, schedule.days_after_period),
                )
    for as_of, label in sorted(_after_the_end(schedule)):
        yield Occasion(
            kind=Kind.EX_POST,
            as_of=as_of,
            label=label,
            due_at=due_instant(programme, as_of, schedule.days_after_period),
        )


def _after_the_end(schedule: AssessmentSchedule) -> set[tuple[date, str]]:
    """Days and words of the ex-post assessments: those of the schedule, and the measurement points of locked plans."""
    programme = schedule.programme
    found = {
        add_months(programme.ends_on, months): ex_post_label(months) for months in schedule.follow_up_months
    }
    for plan in getattr(programme, "locked_plans", ()):
        for months in plan.follow_up_months:
            label = ex_post_label(months)
            if plan.part:
                label = f"{plan.part[:35]}: end" + (f" +{months} months" if months else "")
            found.setdefault(add_months(plan.ends_on, months), label)
    return set(found.items())


def due_instant(programme: Programme, ends_on: date, days_after: int) -> datetime:
    """When the last day and then `days_after` whole days have passed, where the programme is."""
    return first_instant(ends_on + timedelta(days=1 + days_after), programme.zone)


def ex_post_label(months: int) -> str:
    return f"End +{months} months" if months else "End of programme"


def label_for(programme: Programme, kind: Kind | str, as_of: date) -> str:
    """What an assessment that somebody asks for is called: as the scheduled one for that day, else by its day."""
    schedule = schedules().filter(programme=programme).first()
    if schedule is not None:
        for occasion in _occasions(schedule, since=None):
            if (occasion.kind, occasion.as_of) == (kind, as_of):
                return occasion.label
    return as_of.isoformat()


def _insert(programme: Programme, occasions: list[Occasion], *, at: datetime) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            INSERT,
            [
                programme.pk,
                [o.kind.value for o in occasions],
                [o.as_of for o in occasions],
                [o.label for o in occasions],
                [o.due_at for o in occasions],
                [at - o.due_at > LATE_AFTER for o in occasions],
            ],
        )
        return cursor.rowcount
