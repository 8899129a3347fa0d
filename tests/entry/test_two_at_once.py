"""Two people at the same moment, in real transactions: one wins, the other is told, nothing is doubled or lost."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection

from indicators.derived import differences
from indicators.entry import actions, bulk
from indicators.models import Event, IndicatorStatus, Observation, Role
from tests.entry.scenes import LATER, Scene
from tests.factories import make_user

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*deeds):
    """Do all at the same moment, each on its own connection; gives what each returned or was refused with."""
    barrier = Barrier(len(deeds))

    def do(deed):
        try:
            barrier.wait(10)
            return deed()
        except (ValidationError, PermissionDenied) as refusal:
            return refusal
        finally:
            connection.close()

    with ThreadPoolExecutor(len(deeds)) as pool:
        return list(pool.map(do, deeds))


def kinds(outcomes):
    return sorted(type(one).__name__ for one in outcomes)


@pytest.mark.parametrize("round_", range(3))
def test_two_approvers_of_one_figure_one_wins(round_):
    scene = Scene()
    second = make_user(programme=scene.programme, role=Role.APPROVER)
    submitted = scene.submit()

    outcomes = at_once(
        *[
            lambda by=by: actions.approve_observation(observation=submitted, by=by, at=LATER)
            for by in (scene.approver, second)
        ]
    )

    assert kinds(outcomes) == ["Observation", "ValidationError"]
    assert Event.objects.filter(verb="approved").count() == 1
    assert list(differences()) == []


def test_approving_and_returning_at_once_one_wins():
    scene = Scene()
    second = make_user(programme=scene.programme, role=Role.APPROVER)
    submitted = scene.submit()

    outcomes = at_once(
        lambda: actions.approve_observation(observation=submitted, by=scene.approver, at=LATER),
        lambda: actions.return_observation(observation=submitted, comment="No.", by=second, at=LATER),
    )

    assert kinds(outcomes) == ["Observation", "ValidationError"]
    assert Event.objects.filter(verb__in=["approved", "returned"]).count() == 1


def test_many_figures_of_one_indicator_approved_at_once_all_count():
    scene = Scene()
    approvers = [scene.approver] + [
        make_user(programme=scene.programme, role=Role.APPROVER) for _ in range(4)
    ]
    figures = [scene.submit(period=quarter) for quarter in scene.quarters[:5]]

    outcomes = at_once(
        *[
            lambda one=one, by=by: actions.approve_observation(observation=one, by=by, at=LATER)
            for one, by in zip(figures, approvers, strict=True)
        ]
    )

    assert kinds(outcomes) == ["Observation"] * 5
    assert IndicatorStatus.objects.get().reported == 5
    assert list(differences()) == []


def test_the_same_place_recorded_by_two_at_once_is_recorded_once():
    scene = Scene()
    second = make_user(programme=scene.programme)

    outcomes = at_once(
        lambda: scene.record(), lambda: scene.record(by=second, numerator="31", denominator="60")
    )

    assert kinds(outcomes) == ["Observation", "ValidationError"]
    assert Observation.objects.count() == 1


def test_a_correction_approved_while_another_is_entered_leaves_one_in_force():
    scene = Scene()
    old = scene.approve()
    new = actions.correct_observation(
        observation=old, reason="A.", by=scene.officer, at=LATER, numerator=28, denominator=60
    )

    outcomes = at_once(
        lambda: actions.approve_observation(observation=new, by=scene.approver, at=LATER),
        lambda: actions.correct_observation(
            observation=old, reason="B.", by=scene.officer, at=LATER, numerator=27, denominator=60
        ),
    )

    assert kinds(outcomes) == ["Observation", "ValidationError"]
    assert Observation.objects.current().get().numerator == 28


def test_twenty_changes_of_one_draft_lose_none_silently():
    scene = Scene()
    draft = scene.record()

    def change(text):
        return actions.change_observation(
            observation=draft, version=1, by=scene.officer, at=LATER, comment=text
        )

    outcomes = at_once(*[lambda text=str(i): change(text) for i in range(8)])

    assert kinds(outcomes) == ["Observation"] + ["ValidationError"] * 7
    assert Event.objects.filter(verb="changed").count() == 1


@pytest.mark.parametrize("round_", range(3))
def test_two_approvers_of_the_same_figures_at_once_do_each_once(round_):
    scene = Scene()
    second = make_user(programme=scene.programme, role=Role.APPROVER)
    figures = [scene.submit(period=quarter) for quarter in scene.quarters[:6]]

    first, other = at_once(
        lambda: bulk.approve_observations(observations=figures[:5], by=scene.approver, at=LATER),
        lambda: bulk.approve_observations(observations=figures[:0:-1], by=second, at=LATER),
    )

    done = [one.pk for one in [*first.done, *other.done]]
    assert sorted(done) == [one.pk for one in figures]
    assert {left.code for left in [*first.left, *other.left]} == {"conflict"}
    assert Event.objects.filter(verb="approved").count() == 6
    assert list(differences()) == []


def test_many_returned_while_one_of_them_is_approved_each_goes_one_way():
    scene = Scene()
    second = make_user(programme=scene.programme, role=Role.APPROVER)
    figures = [scene.submit(period=quarter) for quarter in scene.quarters[:4]]

    outcomes = at_once(
        lambda: bulk.return_observations(observations=figures, comment="No.", by=scene.approver, at=LATER),
        lambda: actions.approve_observation(observation=figures[2], by=second, at=LATER),
    )

    assert Event.objects.filter(verb__in=["approved", "returned"], about_id=figures[2].pk).count() == 1
    assert Event.objects.filter(verb__in=["approved", "returned"]).count() == 4
    assert len(outcomes) == 2
