"""Which assessments fall due, and when: computed from dates, planned once, caught up after any downtime."""

import threading
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection

from indicators.assessment.clock import add_months, first_instant
from indicators.assessment.planning import due_instant, next_occasion, occasions_upto, plan_due
from indicators.models import AssessmentSchedule, Course, CourseRun, DueAssessment, Programme
from tests import factories as make
from tests.assessment.cast import make_schedule

ENDS = date(2026, 12, 31)


def at(*when: int) -> datetime:
    return datetime(*when, tzinfo=UTC)


@pytest.mark.django_db
def test_a_quarter_is_due_thirty_days_after_it_ended_where_the_programme_is():
    make_schedule(make.make_programme(time_zone="Asia/Baghdad"), frequency="quarterly")
    # The quarter ends with 31 March; 30 whole days later begins 1 May, which is 21:00 UTC on 30 April in Baghdad.
    assert plan_due(at=at(2024, 4, 30, 20, 59)) == 0
    assert plan_due(at=at(2024, 4, 30, 21, 0)) == 1

    due = DueAssessment.objects.get()
    assert (due.kind, due.as_of, due.label, due.request) == ("on_the_fly", date(2024, 3, 31), "2024 Q1", 0)
    assert due.due_at == at(2024, 4, 30, 21)
    assert not due.is_late


@pytest.mark.django_db
def test_after_a_long_downtime_every_period_is_planned_once_and_flagged_late():
    schedule = make_schedule(make.make_programme(), frequency="monthly")

    assert plan_due(at=at(2025, 2, 1)) == 12
    assert plan_due(at=at(2025, 2, 1)) == 0

    dues = list(DueAssessment.objects.order_by("as_of"))
    assert [d.as_of.month for d in dues] == list(range(1, 13))
    assert [d.is_late for d in dues] == [True] * 12
    schedule.refresh_from_db()
    assert schedule.planned_until == date(2024, 12, 31)


@pytest.mark.django_db
def test_what_is_planned_within_a_day_is_not_late():
    make_schedule(make.make_programme(time_zone="UTC"), follow_up_months=[])
    plan_due(at=at(2024, 5, 2) - timedelta(seconds=1))
    assert not DueAssessment.objects.get().is_late


@pytest.mark.django_db
def test_losing_the_mark_of_what_was_planned_plans_nothing_twice():
    make_schedule(make.make_programme())
    plan_due(at=at(2025, 6, 1))
    AssessmentSchedule.objects.update(planned_until=None)
    assert plan_due(at=at(2025, 6, 1)) == 0


@pytest.mark.django_db
def test_ex_post_assessments_follow_the_end_of_the_programme():
    make_schedule(make.make_programme(time_zone="UTC", ends_on=date(2024, 6, 30)))

    plan_due(at=at(2026, 1, 1))

    ex_post = DueAssessment.objects.filter(kind="ex_post").order_by("as_of")
    assert [(d.as_of, d.label) for d in ex_post] == [
        (date(2024, 6, 30), "End of programme"),
        (date(2024, 12, 31), "End +6 months"),
        (date(2025, 6, 30), "End +12 months"),
    ]
    assert DueAssessment.objects.filter(kind="on_the_fly").latest("as_of").as_of == date(2024, 6, 30)


@pytest.mark.django_db
def test_where_courses_are_given_each_period_also_looks_back_on_those_that_have_ended():
    programme = make.make_programme(time_zone="UTC", ends_on=date(2024, 12, 31))
    make_schedule(programme, follow_up_months=[0])
    course = Course.objects.create(programme=programme, code="C", title="A course", topic="cyber")
    CourseRun.objects.create(
        course=course, code="R", starts_on=date(2024, 5, 6), ends_on=date(2024, 5, 10), seats=20
    )

    plan_due(at=at(2025, 6, 1))

    ex_post = DueAssessment.objects.filter(kind="ex_post").order_by("as_of")
    assert [d.label for d in ex_post] == [
        "Courses until 2024 Q2",
        "Courses until 2024 Q3",
        "End of programme",
    ]


@pytest.mark.django_db
def test_a_schedule_that_is_off_plans_nothing_and_catches_up_when_it_is_on_again():
    make_schedule(make.make_programme(), is_active=False)
    assert plan_due(at=at(2025, 1, 1)) == 0
    AssessmentSchedule.objects.update(is_active=True)
    assert plan_due(at=at(2025, 1, 1)) == 3


@pytest.mark.django_db
def test_a_shorter_frequency_goes_on_from_what_was_planned():
    schedule = make_schedule(make.make_programme(), follow_up_months=[])
    plan_due(at=at(2024, 9, 1))
    schedule.frequency = "monthly"
    schedule.save(update_fields=["frequency"])
    plan_due(at=at(2024, 10, 5))
    assert list(DueAssessment.objects.order_by("as_of").values_list("label", flat=True)) == [
        "2024 Q1",
        "2024 Q2",
        "2024-07",
        "2024-08",
    ]


@pytest.mark.django_db(transaction=True)
def test_f12_five_planners_at_once_make_each_row_once():
    for _n in range(4):
        make_schedule(make.make_programme(), frequency="weekly")
    start, made = threading.Barrier(5), []

    def plan():
        try:
            start.wait()
            made.append(plan_due(at=at(2026, 1, 1)))
        finally:
            connection.close()

    threads = [threading.Thread(target=plan) for _n in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(made) == 5
    assert sum(made) == DueAssessment.objects.count() == 4 * 100


@pytest.mark.django_db
def test_the_next_assessment_is_named_even_when_it_is_the_first_after_the_end():
    schedule = make_schedule(make.make_programme(time_zone="UTC", ends_on=date(2024, 6, 30)))
    assert next_occasion(schedule, at=at(2024, 3, 1)).label == "2024 Q1"
    assert next_occasion(schedule, at=at(2024, 9, 1)).label == "End +6 months"
    assert next_occasion(schedule, at=at(2026, 9, 1)) is None


def test_the_end_of_a_month_stays_the_end_of_a_month():
    assert add_months(date(2025, 6, 30), 6) == date(2025, 12, 31)
    assert add_months(date(2024, 2, 29), 12) == date(2025, 2, 28)
    assert add_months(date(2025, 2, 28), 12) == date(2026, 2, 28)
    assert add_months(date(2025, 12, 30), 2) == date(2026, 2, 28)
    assert add_months(date(2025, 8, 15), 24) == date(2027, 8, 15)


# First moments of days around changes of the clock, by hand from the zone database's published rules.
F14 = [
    ("America/New_York", date(2026, 3, 8), at(2026, 3, 8, 5)),  # forward at 02:00
    ("America/New_York", date(2026, 3, 9), at(2026, 3, 9, 4)),
    ("America/New_York", date(2026, 11, 1), at(2026, 11, 1, 4)),  # back at 02:00
    ("America/New_York", date(2026, 11, 2), at(2026, 11, 2, 5)),
    ("Europe/Berlin", date(2026, 3, 30), at(2026, 3, 29, 22)),
    ("Europe/Berlin", date(2026, 10, 26), at(2026, 10, 25, 23)),
    ("Australia/Lord_Howe", date(2026, 4, 6), at(2026, 4, 5, 13, 30)),  # half an hour back
    ("Australia/Lord_Howe", date(2026, 10, 5), at(2026, 10, 4, 13)),
    ("America/Santiago", date(2026, 9, 6), at(2026, 9, 6, 4)),  # forward at 24:00: the day begins at 01:00
    (
        "America/Santiago",
        date(2026, 4, 5),
        at(2026, 4, 5, 4),
    ),  # back at 24:00: 23:00 comes twice the day before
    ("Africa/Cairo", date(2026, 4, 24), at(2026, 4, 23, 22)),  # forward at 00:00: begins at 01:00
    ("Asia/Beirut", date(2026, 3, 29), at(2026, 3, 28, 22)),
    (
        "America/Havana",
        date(2026, 11, 1),
        at(2026, 11, 1, 4),
    ),  # back at 01:00: 00:00 comes twice, the first counts
    ("Pacific/Chatham", date(2026, 9, 28), at(2026, 9, 27, 10, 15)),
    ("Africa/Casablanca", date(2026, 2, 16), at(2026, 2, 16, 0)),  # UTC in Ramadan, else an hour ahead
    ("Antarctica/Troll", date(2026, 3, 30), at(2026, 3, 29, 22)),  # two hours forward
]


@pytest.mark.parametrize(("zone", "day", "instant"), F14)
def test_f14_a_day_begins_at_the_right_instant_when_clocks_change(zone, day, instant):
    assert first_instant(day, ZoneInfo(zone)) == instant


@pytest.mark.parametrize("zone", sorted({row[0] for row in F14}))
def test_f14_no_day_of_a_year_begins_before_midnight_or_leaves_a_gap(zone):
    local = ZoneInfo(zone)
    for number in range(365):
        day = date(2026, 1, 1) + timedelta(days=number)
        instant = first_instant(day, local)
        assert instant.astimezone(local).date() == day
        assert (instant - timedelta(seconds=1)).astimezone(local).date() == day - timedelta(days=1)


@pytest.mark.parametrize("zone", sorted({row[0] for row in F14}))
@pytest.mark.parametrize("frequency", ["weekly", "monthly", "quarterly", "semi_annual", "annual"])
def test_f14_each_local_period_is_due_once_and_in_order(zone, frequency):
    programme = Programme(starts_on=date(2024, 1, 1), ends_on=ENDS, time_zone=zone)
    schedule = AssessmentSchedule(programme=programme, frequency=frequency, days_after_period=0)
    schedule.follow_up_months = []

    found = list(occasions_upto(schedule, at=at(2027, 2, 1)))

    assert (
        len(found)
        == {"weekly": 157, "monthly": 36, "quarterly": 12, "semi_annual": 6, "annual": 3}[frequency]
    )
    assert len({o.as_of for o in found}) == len(found)
    assert [o.due_at for o in found] == sorted({o.due_at for o in found})
    assert all(o.due_at == due_instant(programme, o.as_of, 0) for o in found)
