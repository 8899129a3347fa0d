"""Workers that die at any moment: nothing is lost, nothing is done twice."""

import os
import random
import signal
import time
from datetime import date, timedelta
from functools import partial

import pytest

from indicators import tasks
from indicators.assessment.claiming import claim_due
from indicators.assessment.crashpoints import POINTS
from indicators.models import AssessmentRun, DueAssessment, Event, Verdict
from tests.assessment.cast import make_assessed, make_due
from tests.faults.conftest import LEASE_SECONDS, wait_until

pytestmark = pytest.mark.django_db(transaction=True)


def assert_done_once(due):
    due.refresh_from_db()
    assert due.state == "done", (due.state, due.attempts, due.last_error)
    assert AssessmentRun.objects.filter(due=due).count() == 1
    run = AssessmentRun.objects.get(due=due)
    assert run.revision == 1
    assert Verdict.objects.filter(run=run).count() == 1
    assert Event.objects.filter(verb="assessed", about_id=run.pk).count() == 1


@pytest.mark.parametrize("point", POINTS)
def test_f2_a_worker_that_dies_here_leaves_nothing_half_done_and_the_sweep_does_it_once(point, drain):
    programme, _indicator = make_assessed(is_scheduled=False)
    due = make_due(programme)

    died = drain(CRASHPOINT=point)
    assert died.wait(30) == 137, died.stderr.read()

    due.refresh_from_db()
    if point != "after commit":
        assert (due.state, due.attempts) == ("leased", 1)
        assert not AssessmentRun.objects.exists()
        assert not Verdict.objects.exists()
        assert not Event.objects.filter(verb="assessed").exists()
        time.sleep(LEASE_SECONDS + 0.1)
    assert tasks.sweep() == (point != "after commit")
    assert_done_once(due)
    assert tasks.sweep() == 0
    assert_done_once(due)


def test_f1_workers_killed_at_random_moments_lose_and_double_nothing(drain):
    programme, _indicator = make_assessed(is_scheduled=False)
    days = [date(2025, 7, 1) + timedelta(days=number) for number in range(40)]
    dues = [make_due(programme, as_of=day) for day in days]
    chance, kills = random.Random(20), 0

    while DueAssessment.objects.filter(state__in=["due", "leased"]).exists() and kills < 4:
        workers = [drain(), drain()]
        wait_until(partial(_is_work_going_on, workers), 30)
        time.sleep(chance.uniform(0.0, 0.25))
        for worker in workers:
            worker.kill()
            worker.wait()
        kills += 1
    time.sleep(LEASE_SECONDS + 0.1)
    tasks.sweep()

    assert kills >= 2
    for due in dues:
        assert_done_once(due)
    assert AssessmentRun.objects.count() == len(dues)


def _is_work_going_on(workers):
    ended = all(worker.poll() is not None for worker in workers)
    return ended or DueAssessment.objects.filter(state="leased").exists()


def test_f15_a_worker_that_was_stopped_past_its_lease_commits_nothing(drain):
    programme, _indicator = make_assessed(is_scheduled=False)
    due = make_due(programme)
    stopped = drain(STOPPOINT="judged")
    wait_until(lambda: os.waitpid(stopped.pid, os.WNOHANG | os.WUNTRACED)[1], 30)
    time.sleep(LEASE_SECONDS + 0.1)

    assert tasks.sweep() == 1
    os.kill(stopped.pid, signal.SIGCONT)
    assert "lease lost" in stopped.communicate(timeout=30)[1].decode()

    assert_done_once(due)
    due.refresh_from_db()
    assert (due.fence, due.attempts) == (2, 2)


def test_a_real_worker_that_is_killed_is_replaced_and_the_work_is_done_once(celery_worker):
    programme, _indicator = make_assessed(is_scheduled=False)
    due = make_due(programme)
    dying = celery_worker(CRASHPOINT="verdicts inserted")
    tasks.run_one.delay(due.pk)
    wait_until(lambda: DueAssessment.objects.get(pk=due.pk).attempts >= 1, 20)
    os.killpg(dying.pid, signal.SIGKILL)
    dying.wait()
    assert not AssessmentRun.objects.exists()

    celery_worker()
    wait_until(lambda: tasks.sweep.delay() and DueAssessment.objects.get(pk=due.pk).state == "done", 20)

    assert_done_once(due)


def test_after_five_vanished_workers_an_assessment_is_given_up_and_admins_see_it(fault_env):
    programme, _indicator = make_assessed(is_scheduled=False)
    due = make_due(programme)
    for turn in range(5):
        assert claim_due(owner=f"worker {turn}") is not None
        DueAssessment.objects.update(lease_until="2020-01-01T00:00:00Z")

    tasks.sweep()

    due.refresh_from_db()
    assert (due.state, due.attempts) == ("dead", 5)
