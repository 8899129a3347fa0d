"""Workers that die while they take an IATI file over: all of it or nothing, and the next worker does it once."""

import os
import signal
import subprocess
import sys
import time

import pytest
from django.db import connection

from indicators import tasks
from indicators.exchange import iati_jobs, iati_running
from indicators.models import Event, IatiActivity, IatiImport, Observation, Programme, ProgrammeIndicator
from tests import factories as make
from tests.conftest import ROOT
from tests.exchange.scenes import AT, activity, indicator, period
from tests.faults.conftest import wait_until

pytestmark = pytest.mark.django_db(transaction=True)
INDICATORS = 40
WORK = """
import django
django.setup()
from django.utils import timezone
from indicators.exchange.iati_running import run_waiting
run_waiting(at=timezone.now)
"""
WRITES = """
    SELECT count(*) FROM pg_locks l JOIN pg_class c ON c.oid = l.relation JOIN pg_database d ON d.oid = l.database
    WHERE d.datname = current_database() AND c.relname = 'indicators_observation' AND l.mode = 'RowExclusiveLock'
"""
BROUGHT = (Programme, IatiActivity, ProgrammeIndicator, Observation)


def content_of(count=INDICATORS):
    inside = (
        indicator(period("12", "20"), baseline="10", title=f"Posts {number}") for number in range(count)
    )
    return f'<iati-activities version="2.03">{activity(*inside)}</iati-activities>'.encode()


def send(count=INDICATORS):
    make.make_partner("IRQ", alpha2="IQ", name="Iraq")
    admin = make.make_admin()
    return iati_jobs.send_file(name="a.xml", content=content_of(count), by=admin, at=AT), admin


@pytest.fixture
def applying(fault_env):
    """A checked file that a worker has been asked to take over."""
    made, admin = send()
    iati_running.run_waiting(at=lambda: AT, pk=made.pk)
    iati_jobs.apply_file(one=made, by=admin, at=AT)
    return made


def start(env):
    return subprocess.Popen(
        [sys.executable, "-c", WORK], cwd=ROOT, env=env | {"PYTHONPATH": str(ROOT)}, stderr=subprocess.PIPE
    )


def is_writing():
    with connection.cursor() as cursor:
        cursor.execute(WRITES)
        return cursor.fetchone()[0] > 0


def wait_for_writing(process):
    deadline = time.monotonic() + 120
    while not is_writing():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.002)


def counts():
    return [model.objects.count() for model in BROUGHT]


def finish(made, state):
    deadline = time.monotonic() + 120
    while IatiImport.objects.get(pk=made.pk).state != state:
        iati_running.run_waiting(at=lambda: AT)
        assert time.monotonic() < deadline
        time.sleep(0.2)


def test_a_worker_killed_while_it_takes_over_leaves_nothing_and_the_next_one_does_it_once(
    applying, fault_env
):
    dying = start(fault_env)
    wait_for_writing(dying)
    os.kill(dying.pid, signal.SIGKILL)
    dying.communicate()

    assert counts() == [0, 0, 0, 0]
    assert IatiImport.objects.get().state == "applying"
    finish(applying, "applied")
    assert counts() == [1, 1, INDICATORS, INDICATORS]
    assert Event.objects.filter(verb="took over a file").count() == 1


def test_a_worker_killed_while_it_checks_leaves_nothing_and_the_next_one_checks(fault_env):
    made, _admin = send()
    dying = start(fault_env)
    wait_for_writing(dying)
    os.kill(dying.pid, signal.SIGKILL)
    dying.communicate()

    assert IatiImport.objects.get().state == "checking"
    finish(made, "checked")
    assert counts() == [0, 0, 0, 0]
    assert IatiImport.objects.get().outcome["new"] == INDICATORS


def test_two_workers_at_once_take_a_file_over_once(applying, fault_env):
    both = [start(fault_env), start(fault_env)]
    for one in both:
        assert one.wait(240) == 0, one.stderr.read()
        one.communicate()

    assert IatiImport.objects.get().state == "applied"
    assert counts() == [1, 1, INDICATORS, INDICATORS]
    assert Event.objects.filter(verb="took over a file").count() == 1


def test_a_real_worker_hears_the_doorbell_and_the_sweep_finds_what_nobody_rang_for(celery_worker):
    celery_worker()
    made, _admin = send(2)
    wait_until(lambda: IatiImport.objects.get(pk=made.pk).state == "checked", 30)

    IatiImport.objects.update(state="checking")
    tasks.sweep.delay()
    wait_until(lambda: IatiImport.objects.get(pk=made.pk).state == "checked", 30)
    assert tasks.run_iati_import.time_limit > 1000
