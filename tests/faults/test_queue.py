"""The queue lies, forgets or is down: the database still knows what is due."""

import json
import subprocess
import sys
import time
from datetime import date

import pytest
from django.urls import reverse

from indicators import tasks
from indicators.accounts.following import follow
from indicators.models import (
    AssessmentRun,
    DueAssessment,
    Event,
    Following,
    IndicatorStatus,
    Notice,
    ReportingPeriod,
    Verdict,
)
from tests import factories as make
from tests.assessment.cast import make_assessed, make_due, make_schedule
from tests.conftest import ROOT
from tests.faults.conftest import wait_until, wipe_broker

pytestmark = pytest.mark.django_db(transaction=True)


def state_of(due):
    return DueAssessment.objects.get(pk=due.pk).state


def test_a_request_in_the_browser_is_run_once_by_a_real_worker_however_often_the_bell_rings(
    client, celery_worker
):
    programme, _indicator = make_assessed("OWN", is_scheduled=False)
    client.force_login(make.make_user(programme=programme, role="approver"))
    celery_worker()

    answer = client.post(
        reverse("assessment-request", args=["OWN"]), {"kind": "on_the_fly", "as_of": "2025-09-30"}
    )

    due = DueAssessment.objects.get()
    for _n in range(10):
        tasks.run_one.delay(due.pk)
    wait_until(lambda: state_of(due) == "done", 20)
    time.sleep(0.5)
    assert DueAssessment.objects.get().attempts == 1
    assert reverse("assessment-detail", args=[AssessmentRun.objects.get().pk]) in client.get(answer.url).text
    assert Verdict.objects.get().value == 50


def test_a_worker_that_starts_catches_up_without_any_clock(celery_worker):
    programme = make.make_programme(ends_on=date(2024, 12, 31))
    make.make_indicator(programme)
    make_schedule(programme, follow_up_months=[0, 6])

    celery_worker()

    wait_until(lambda: AssessmentRun.objects.count() == 6, 30)
    assert set(DueAssessment.objects.values_list("state", "is_late")) == {("done", True)}


def test_f5_a_broker_that_forgot_everything_loses_no_work(celery_worker):
    programme, _indicator = make_assessed(is_scheduled=False)
    before = make_due(programme)
    tasks.run_one.delay(before.pk)
    assert wipe_broker() > 0
    celery_worker()
    wait_until(lambda: tasks.sweep.delay() and state_of(before) == "done", 20)

    # The same while a worker listens: what was declared is forgotten too, and messages still find their way.
    after = make_due(programme, as_of=date(2025, 6, 30))
    tasks.run_one.delay(after.pk)
    wipe_broker()
    wait_until(lambda: tasks.sweep.delay() and state_of(after) == "done", 20)

    assert AssessmentRun.objects.count() == 2


ASK = """
import json, sys, time
import tracker.wsgi
from django.test import Client
from indicators.models import User
client = Client()
client.force_login(User.objects.get(username="ann"))
start = time.monotonic()
answer = client.post("/programmes/OWN/assess/", {"kind": "on_the_fly", "as_of": "2025-09-30"})
print(json.dumps({"status": answer.status_code, "seconds": time.monotonic() - start}))
"""


@pytest.mark.parametrize("address", ["redis://127.0.0.1:1/0", "unix:///nowhere/valkey.sock"])
def test_f7_a_broker_that_is_down_breaks_no_request(fault_env, address):
    programme, _indicator = make_assessed("OWN", is_scheduled=False)
    make.make_user("ann", programme=programme, role="approver")

    child = subprocess.run(
        [sys.executable, "-c", ASK],
        cwd=ROOT,
        env=fault_env | {"REDIS_URL": address},
        capture_output=True,
        text=True,
        timeout=300,
    )

    assert child.returncode == 0, child.stderr
    answer = json.loads(child.stdout.splitlines()[-1])
    assert answer["status"] == 302
    assert answer["seconds"] < 30  # it does not hang; how quick it is, is no matter for a test
    assert "doorbell not heard" in child.stderr
    due = DueAssessment.objects.get()
    assert due.state == "due"
    assert tasks.sweep() == 1
    assert state_of(due) == "done"


def snapshot():
    """Everything a task may have written, without the clock's own fields."""
    return {
        "dues": list(
            DueAssessment.objects.order_by("pk").values_list("kind", "as_of", "request", "state", "attempts")
        ),
        "runs": list(AssessmentRun.objects.order_by("pk").values_list("due_id", "revision", "input_hash")),
        "verdicts": list(Verdict.objects.order_by("pk").values_list("run_id", "indicator_id", "result_hash")),
        "events": list(Event.objects.order_by("pk").values_list("verb", "about_id")),
        "periods": list(ReportingPeriod.objects.order_by("pk").values_list("programme_id", "starts_on")),
        "statuses": list(
            IndicatorStatus.objects.order_by("pk").values_list(
                "indicator_id", "as_of", "status", "input_hash"
            )
        ),
    }


@pytest.mark.parametrize("task", ["plan_due", "run_one", "sweep", "refresh_statuses"])
def test_f21_every_task_run_three_times_leaves_the_same_as_once(task, fault_env):
    programme, _indicator = make_assessed(ends_on=date(2025, 12, 31))
    make_due(programme)

    getattr(tasks, task)()
    once = snapshot()
    getattr(tasks, task)()
    getattr(tasks, task)()

    assert snapshot() == once
    assert any(once.values())


def test_a_real_worker_tells_a_follower_once_however_often_the_clock_strikes(celery_worker):
    programme, indicator = make_assessed("OWN", is_scheduled=False)
    reader = make.make_user(programme=programme, role="reader")
    follow(programme=programme, by=reader, at=make.AT)
    Following.objects.update(statuses={str(indicator.pk): "not_assessable"})
    celery_worker()
    for _stroke in range(5):
        tasks.remind.delay()

    wait_until(lambda: Notice.objects.filter(person=reader, kind="status").exists(), 30)
    for _stroke in range(3):
        tasks.remind.delay()
    time.sleep(2)
    assert Notice.objects.filter(person=reader, kind="status").count() == 1
