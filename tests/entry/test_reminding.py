"""Reminders: who is told what, once, on which day of a programme's zone; quiet when nothing is missing."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from indicators.entry.reminding import remind
from indicators.models import Notice, NoticeKind, Role
from indicators.notices import leads_to, sentence_of
from tests.entry.scenes import Scene
from tests.factories import make_indicator, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene():
    """One indicator; every quarter before the third of 2025 is handed in."""
    scene = Scene()
    for quarter in scene.quarters[:6]:
        scene.approve(scene.submit(period=quarter, comment="Counted again."))
    return scene


def noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)


def on(scene, days: int) -> datetime:
    return noon(scene.q3.due_on + timedelta(days=days))


def told(person, **about):
    return list(Notice.objects.filter(person=person, **about).order_by("pk").values_list("kind", flat=True))


@pytest.mark.parametrize(
    ("days", "kinds"),
    [
        (-8, []),
        (-7, ["due_soon"]),
        (-2, ["due_soon"]),
        (-1, ["due_now"]),
        (0, ["due_now"]),
        (1, ["late"]),
        (4, ["late"]),
        (5, ["very_late"]),
        (30, ["very_late"]),
        (31, []),
    ],
)
def test_an_officer_is_told_the_stage_that_is_reached(scene, days, kinds):
    remind(at=on(scene, days))

    assert told(scene.officer) == kinds


def test_approvers_learn_after_a_week_and_not_before(scene):
    remind(at=on(scene, 6))
    assert told(scene.approver) == []

    remind(at=on(scene, 7))
    assert told(scene.approver) == ["escalated"]


def test_running_it_often_tells_once(scene):
    for _turn in range(3):
        remind(at=on(scene, 1))
    remind(at=on(scene, 2))

    assert told(scene.officer) == ["late"]


def test_a_clock_that_stood_still_tells_the_last_stage_alone(scene):
    remind(at=on(scene, -7))
    remind(at=on(scene, 6))

    assert told(scene.officer) == ["due_soon", "very_late"]
    assert told(scene.officer, read_at=None) == ["very_late"]


def test_it_is_quiet_when_all_is_handed_in_and_what_was_told_is_settled(scene):
    remind(at=on(scene, -7))
    scene.submit(period=scene.q3, comment="Counted again.")
    remind(at=on(scene, 1))

    assert told(scene.officer) == ["due_soon"]
    assert told(scene.officer, read_at=None) == []


def test_a_draft_and_a_returned_figure_are_still_missing(scene):
    scene.record(period=scene.q3)
    remind(at=on(scene, 1))

    assert Notice.objects.get(person=scene.officer).params["missing"] == 1


def test_the_responsible_officer_is_told_and_not_the_others(scene):
    other = make_user(programme=scene.programme)
    scene.indicator.responsible = scene.officer
    scene.indicator.save()

    remind(at=on(scene, 1))

    assert told(scene.officer) == ["late"]
    assert told(other) == []


def test_nobody_is_responsible_any_more_then_all_officers_are_told(scene):
    gone = make_user("gone")
    scene.indicator.responsible = gone
    scene.indicator.save()

    remind(at=on(scene, 1))

    assert told(scene.officer) == ["late"]
    assert told(gone) == []


def test_people_without_access_learn_nothing(scene):
    ended = make_user("ended", programme=scene.programme)
    ended.memberships.update(starts_on=date(2024, 1, 1), ends_on=date(2024, 2, 1))
    inactive = make_user("inactive", programme=scene.programme, is_active=False)
    evaluator = make_user("judge", programme=scene.programme, role=Role.EVALUATOR)

    remind(at=on(scene, 8))

    assert [told(one) for one in (ended, inactive, evaluator)] == [[], [], []]


def test_the_day_is_the_one_in_the_zone_of_the_programme(scene):
    scene.programme.time_zone = (
        "Pacific/Kiritimati"  # 14 hours ahead: there it is the day before the due day already.
    )
    scene.programme.save()

    remind(
        at=datetime.combine(scene.q3.due_on - timedelta(days=2), datetime.min.time(), UTC)
        + timedelta(hours=11)
    )

    assert told(scene.officer) == ["due_now"]


def test_the_sentence_counts_what_is_missing(scene):
    make_indicator(scene.programme)
    remind(at=on(scene, 1))

    notice = Notice.objects.get(person=scene.officer)
    day = f"{scene.q3.due_on.day} {scene.q3.due_on:%b %Y}"
    code, period = scene.programme.code, scene.q3.label
    assert sentence_of(notice) == f"{code}, {period}: 2 of 2 figures are late; they were due on {day}."
    assert leads_to(notice) == f"/due/?programme={code}"
    assert notice.kind == NoticeKind.LATE


def test_the_number_of_queries_does_not_grow(scene):
    remind(at=on(scene, 1))
    with CaptureQueriesContext(connection) as few:
        remind(at=on(scene, 2))
    other = Scene()
    for _turn in range(4):
        make_indicator(other.programme)
        make_user(programme=other.programme)
    with CaptureQueriesContext(connection) as many:
        remind(at=on(scene, 2))

    assert len(many) == len(few)
