"""Files and locked periods: said row by row when a file is looked into, and asked once more when it is taken over."""

from __future__ import annotations

import pytest

from indicators.entry import actions as entry
from indicators.models import Observation, PeriodTurn
from tests.entry.import_scenes import FileScene, kinds_of, lines, problems_of
from tests.factories import AT, make_observation, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene():
    return FileScene()


def lock(scene, period):
    """As an approver does on the calendar's page, whatever day it is."""
    PeriodTurn.objects.create(period=period, kind="locked", reason="Closed.", by=scene.approver, at=AT)


def test_a_row_of_a_locked_period_is_named_and_the_others_are_not(scene):
    lock(scene, scene.q3)
    made = scene.send(lines("BS-01,2025 Q3,BSR,30,60,", "BS-01,2025 Q2,BSR,31,60,"))

    assert kinds_of(made) == {"new": 1, "problem": 1}
    ((row, column, message),) = problems_of(made)
    assert (row, column) == (2, "period")
    assert "is locked" in message


def test_what_stands_in_a_locked_period_may_be_sent_again(scene):
    make_observation(
        scene.indicator, scene.q3, unit=scene.sites[0], entered_by=scene.officer, comment="", numerator=30,
        denominator=60,
    )  # fmt: skip
    lock(scene, scene.q3)

    assert kinds_of(scene.send(lines("BS-01,2025 Q3,BSR,30,60,"))) == {"same": 1}


def test_a_period_locked_since_the_check_stops_the_whole_file(scene):
    made = scene.send(lines("BS-01,2025 Q3,BSR,30,60,", "BS-01,2025 Q2,BSR,31,60,"))
    lock(scene, scene.q3)
    made = scene.apply(made)

    assert made.state == "checked"
    assert "is locked" in made.problem
    assert not Observation.objects.exists()


def test_a_figure_that_was_validated_waits_like_a_submitted_one(scene):
    scene.programme.needs_validation = True
    scene.programme.save()
    validator = make_user(programme=scene.programme, role="validator")
    waiting = scene.submit(unit=scene.sites[0])
    entry.validate_observation(observation=waiting, by=validator, at=AT)
    made = scene.send(lines("BS-01,2025 Q3,BSR,31,60,"))

    assert kinds_of(made) == {"problem": 1}
    assert "waiting for approval" in problems_of(made)[0][2]
