"""Who reports, and when: reporting units, courses and their runs, periods. Verbs only."""

from __future__ import annotations

import logging
from datetime import date, datetime, timedelta

from django.db import connection, transaction
from django.utils.translation import gettext as _

from indicators import events
from indicators.engine.periods import Frequency as EngineFrequency
from indicators.engine.periods import periods_between
from indicators.models import (
    Course,
    CourseRun,
    Frequency,
    Partner,
    Programme,
    ReportingPeriod,
    ReportingUnit,
    User,
)
from indicators.permissions import check_may_administer
from indicators.programmes.changes import (
    check_free,
    check_row,
    differing,
    facts,
    lock_programme,
    refuse,
    rejudge,
)

logger = logging.getLogger(__name__)

UNIT_FIELDS = ("code", "name", "kind", "parent", "partner", "is_active")
RUN_FIELDS = ("code", "starts_on", "ends_on", "seats")
Kind = ReportingUnit.Kind
PARENTS_OF: dict[str, set[str]] = {
    Kind.COUNTRY: set(),
    Kind.INSTITUTION: {Kind.COUNTRY, Kind.INSTITUTION},
    Kind.SITE: {Kind.COUNTRY, Kind.INSTITUTION, Kind.SITE},
    Kind.COURSE: {Kind.COUNTRY, Kind.INSTITUTION, Kind.SITE},
}
"""Below which kinds each kind may stand: country, then institution, then site or course."""


@transaction.atomic
def save_unit(
    *,
    programme: Programme,
    code: str,
    name: str,
    kind: str,
    by: User,
    at: datetime,
    unit: ReportingUnit | None = None,
    parent: ReportingUnit | None = None,
    partner: Partner | None = None,
    is_active: bool = True,
) -> ReportingUnit:
    """Add a node to the reporting tree, or change it. Without a country it takes its parent's."""
    check_may_administer(by)
    programme = lock_programme(programme)
    row = unit or ReportingUnit(programme=programme)
    before = facts(row, UNIT_FIELDS) if unit else {}
    row.code, row.name, row.kind, row.parent, row.is_active = code, name, kind, parent, is_active
    row.partner = partner if partner is not None or parent is None else parent.partner
    check_free(programme.units, "code", code, but=row.pk)
    check_row(row, parent=_wrong_place(row), partner=_wrong_country(row), kind=_wrong_below(row))
    row.save()
    was, became = differing(before, facts(row, UNIT_FIELDS))
    events.remember(
        "changed a reporting unit" if unit else "added a reporting unit",
        by=by,
        at=at,
        about=row,
        programme=programme,
        before=was,
        after=became,
    )
    if unit and "is_active" in became:
        rejudge(row.indicators.all(), at=at)
    return row


def _wrong_place(row: ReportingUnit) -> str:
    """Why a unit cannot be part of its parent; empty when it can."""
    parent = row.parent
    if parent is None:
        return ""
    if parent.programme_id != row.programme_id:
        return _("“%s” is not a reporting unit of this programme.") % parent.pk
    if parent.kind not in PARENTS_OF.get(row.kind, set()):
        return _(
            "A %(child)s cannot be part of a %(parent)s; expected country, then institution, then site or course."
        ) % {"child": row.get_kind_display().lower(), "parent": parent.get_kind_display().lower()}
    seen: ReportingUnit | None = parent
    while seen is not None and row.pk is not None:
        if seen.pk == row.pk:
            return _("%(parent)s is itself part of %(child)s; that would be a circle.") % {
                "parent": parent.name,
                "child": row.name,
            }
        seen = seen.parent
    return ""


def _wrong_country(row: ReportingUnit) -> str:
    if row.partner is None:
        return ""
    if not row.programme.partners.filter(pk=row.partner.pk).exists():
        return _("%s is not a partner of this programme.") % row.partner
    if row.parent is not None and row.parent.partner_id not in {None, row.partner_id}:
        return _("%(given)s was given, but %(parent)s lies in %(expected)s.") % {
            "given": row.partner,
            "parent": row.parent.name,
            "expected": row.parent.partner,
        }
    if row.pk is not None:
        other = row.children.exclude(partner__in=[row.partner]).exclude(partner=None).first()
        if other is not None:
            return _("%(given)s was given, but its part %(child)s lies in %(expected)s.") % {
                "given": row.partner,
                "child": other.name,
                "expected": other.partner,
            }
    return ""


def _wrong_below(row: ReportingUnit) -> str:
    if row.pk is None:
        return ""
    wrong = [c.name for c in row.children.all() if row.kind not in PARENTS_OF.get(c.kind, set())]
    return _("Its parts cannot stand below this kind: %s.") % ", ".join(wrong) if wrong else ""


@transaction.atomic
def save_course(
    *,
    programme: Programme,
    code: str,
    title: str,
    topic: str,
    by: User,
    at: datetime,
    course: Course | None = None,
) -> Course:
    """Add a course that the programme gives, or change its title."""
    check_may_administer(by)
    programme = lock_programme(programme)
    row = course or Course(programme=programme)
    fields = ("code", "title", "topic")
    before = facts(row, fields) if course else {}
    row.code, row.title, row.topic = code, title, topic
    check_free(programme.courses, "code", code, but=row.pk)
    check_row(row)
    row.save()
    was, became = differing(before, facts(row, fields))
    events.remember(
        "changed a course" if course else "added a course",
        by=by,
        at=at,
        about=row,
        programme=programme,
        before=was,
        after=became,
    )
    return row


@transaction.atomic
def save_run(
    *,
    course: Course,
    code: str,
    starts_on: date,
    ends_on: date,
    seats: int,
    by: User,
    at: datetime,
    run: CourseRun | None = None,
    parent: ReportingUnit | None = None,
) -> CourseRun:
    """Add one time that a course is given, with the unit that reports on it and the period of its figures."""
    check_may_administer(by)
    programme = lock_programme(course.programme)
    row = run or CourseRun(course=course)
    before = facts(row, RUN_FIELDS) if run else {}
    row.code, row.starts_on, row.ends_on, row.seats = code, starts_on, ends_on, seats
    check_free(course.runs, "code", code, but=row.pk)
    late = starts_on is not None and ends_on is not None and ends_on < starts_on
    check_row(
        row, ends_on=_("%s lies before the first day; a run ends on or after it.") % ends_on if late else ""
    )
    unit = row.unit or ReportingUnit(programme=programme, kind=Kind.COURSE)
    unit.code, unit.name = code, str(row)[:160]
    unit.parent, unit.partner = parent, parent.partner if parent is not None else None
    check_free(programme.units, "code", code, but=unit.pk)
    check_row(unit, parent=_wrong_place(unit))
    unit.save()
    row.unit = unit
    row.save(update_fields=[*RUN_FIELDS, "unit"] if run else None)
    _keep_run_period(programme, row)
    was, became = differing(before, facts(row, RUN_FIELDS))
    events.remember(
        "changed a course run" if run else "added a course run",
        by=by,
        at=at,
        about=row,
        programme=programme,
        before=was,
        after=became,
    )
    return row


def _keep_run_period(programme: Programme, run: CourseRun) -> None:
    """The one period of a run, at the run's dates; refuses to move it below figures."""
    period = run.periods.first()
    dates = {
        "starts_on": run.starts_on,
        "ends_on": run.ends_on,
        "due_on": run.ends_on + timedelta(days=programme.grace_days),
        "label": str(run)[:60],
    }
    if period is None:
        ReportingPeriod.objects.create(
            programme=programme, frequency=Frequency.PER_COURSE, course_run=run, **dates
        )
        return
    moved = (period.starts_on, period.ends_on) != (run.starts_on, run.ends_on)
    if moved and period.observations.exists():
        raise refuse("starts_on", _("The dates cannot change: figures of this run are already stored."))
    for name, value in dates.items():
        setattr(period, name, value)
    period.save(update_fields=list(dates))


# --- Periods -----------------------------------------------------------------------------------------------

INSERT_PERIODS = """
    INSERT INTO indicators_reportingperiod
        (programme_id, frequency, starts_on, ends_on, label, due_on, course_run_id)
    SELECT %s, * FROM unnest(%s::text[], %s::date[], %s::date[], %s::text[], %s::date[], %s::bigint[])
    ON CONFLICT ON CONSTRAINT period_once DO NOTHING
"""
Row = tuple[str, date, date, str, date, int | None]


@transaction.atomic
def ensure_periods(*, programme: Programme, until: date, at: datetime, after_the_end: bool = False) -> int:
    """Create the reporting periods that are missing: for every frequency in use, and for every course run.

    Args:
        until: the last day that must be covered. The programme's own last day is the limit, unless
            `after_the_end` (figures that follow up a programme that has ended).
        at: when; for the log only.

    Returns:
        How many were created. Calling it again creates none.
    """
    last = until if after_the_end else min(until, programme.ends_on)
    grace = timedelta(days=programme.grace_days)
    rows: list[Row] = []
    for frequency in frequencies_in_use(programme) if last >= programme.starts_on else []:
        # What is reported when it happens is filed by month; nothing is ever due for it.
        length = EngineFrequency.MONTHLY if frequency == Frequency.EVENT else EngineFrequency(frequency)
        for span in periods_between(
            length, programme.starts_on, last, fiscal_year_start_month=programme.fiscal_year_start_month
        ):
            rows.append((frequency, span.starts_on, span.ends_on, span.label, span.ends_on + grace, None))
    for run in CourseRun.objects.filter(course__programme=programme, periods__isnull=True).select_related(
        "course"
    ):
        label = str(run)[:60]
        rows.append(
            (Frequency.PER_COURSE.value, run.starts_on, run.ends_on, label, run.ends_on + grace, run.pk)
        )
    if not rows:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(INSERT_PERIODS, [programme.pk, *map(list, zip(*rows, strict=True))])
        created = cursor.rowcount
    if created:
        logger.info(
            "periods created", extra={"programme": programme.pk, "count": created, "at": at.isoformat()}
        )
    return created


def frequencies_in_use(programme: Programme) -> list[str]:
    """The frequencies of the indicators in use, course runs aside."""
    return list(
        programme.indicators.active()  # type: ignore[attr-defined]
        .exclude(frequency=Frequency.PER_COURSE)
        .order_by("frequency")
        .values_list("frequency", flat=True)
        .distinct()
    )


def keep_period(
    *, programme: Programme, frequency: str, starts_on: date, ends_on: date, by: User
) -> ReportingPeriod:
    """The period of a published figure, made if it is missing: also before or after the programme's own dates.

    Raises:
        ValidationError: the span is no period of that frequency in the programme's calendar.
    """
    check_may_administer(by)
    length = EngineFrequency.MONTHLY if frequency == Frequency.EVENT else EngineFrequency(frequency)
    spans = periods_between(length, starts_on, starts_on, programme.fiscal_year_start_month)
    if not spans or (spans[0].starts_on, spans[0].ends_on) != (starts_on, ends_on):
        raise refuse("period", _("a period of the programme's calendar was expected"))
    period, _made = ReportingPeriod.objects.get_or_create(
        programme=programme,
        frequency=frequency,
        starts_on=starts_on,
        course_run=None,
        defaults={
            "ends_on": ends_on,
            "label": spans[0].label,
            "due_on": ends_on + timedelta(days=programme.grace_days),
        },
    )
    return period
