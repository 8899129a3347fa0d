"""Workers that die while they take a file over: all of its figures or none, and the next worker does it once."""

import os
import signal
import subprocess
import sys
import time

import pytest
from django.core.files.base import ContentFile
from django.db import connection

from indicators import tasks
from indicators.entry.importing import actions, running
from indicators.models import Event, FileImport, Observation
from tests.conftest import ROOT
from tests.entry.import_scenes import FileScene, lines
from tests.entry.scenes import LATER
from tests.factories import make_unit
from tests.faults.conftest import wait_until

pytestmark = pytest.mark.django_db(transaction=True)
ROWS = 2400
WORK = """
import django
django.setup()
from django.utils import timezone
from indicators.entry.importing.running import run_waiting
run_waiting(at=timezone.now)
"""
WRITES = """
    SELECT count(*) FROM pg_locks l JOIN pg_class c ON c.oid = l.relation JOIN pg_database d ON d.oid = l.database
    WHERE d.datname = current_database() AND c.relname = 'indicators_observation' AND l.mode = 'RowExclusiveLock'
"""


@pytest.fixture
def applying(fault_env):
    """A checked file that a worker has been asked to take over."""
    scene = FileScene()
    codes = [f"S{i}" for i in range(ROWS // 8)]
    scene.indicator.units.set([make_unit(scene.programme, code) for code in codes])
    quarters = [q for q in scene.quarters if q.starts_on < LATER.date()]
    made = scene.send(lines(*[f"BS-01,{q.label},{c},30,60,as seen" for q in quarters for c in codes]))
    assert made.state == "checked"
    actions.apply_import(file_import=made, by=scene.officer, at=LATER)
    return made, len(quarters) * len(codes)


def start(env):
    return subprocess.Popen(
        [sys.executable, "-c", WORK], cwd=ROOT, env=env | {"PYTHONPATH": str(ROOT)}, stderr=subprocess.PIPE
    )


def test_a_worker_killed_while_it_writes_leaves_nothing_and_the_next_one_does_it_once(applying, fault_env):
    made, count = applying
    dying = start(fault_env)
    deadline = time.monotonic() + 120
    while not is_writing():
        assert dying.poll() is None, dying.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.002)
    os.kill(dying.pid, signal.SIGKILL)
    dying.communicate()

    assert Observation.objects.count() in {0, count}
    deadline = time.monotonic() + 60
    while FileImport.objects.get(pk=made.pk).state != "applied":
        running.run_waiting(at=lambda: LATER)
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert Observation.objects.count() == count
    assert Event.objects.filter(verb="imported").count() == count
    assert Event.objects.filter(verb="took over a file").count() == 1


def is_writing():
    with connection.cursor() as cursor:
        cursor.execute(WRITES)
        return cursor.fetchone()[0] > 0


def test_two_workers_at_once_take_a_file_over_once(applying, fault_env):
    _made, count = applying
    both = [start(fault_env), start(fault_env)]
    for one in both:
        assert one.wait(240) == 0, one.stderr.read()
        one.communicate()

    assert FileImport.objects.get().state == "applied"
    assert Observation.objects.count() == count
    assert Event.objects.filter(verb="took over a file").count() == 1


def test_a_real_worker_hears_the_doorbell_and_the_sweep_finds_what_nobody_rang_for(celery_worker):
    scene = FileScene()
    celery_worker()
    content = ContentFile(lines("BS-01,2025 Q3,BSR,30,60,").encode())
    made = actions.create_import(
        programme=scene.programme, file=content, name="f.csv", by=scene.officer, at=LATER
    )
    wait_until(lambda: FileImport.objects.get(pk=made.pk).state == "checked", 30)

    FileImport.objects.update(state="checking")
    tasks.sweep.delay()
    wait_until(lambda: FileImport.objects.get(pk=made.pk).state == "checked", 30)
    assert tasks.run_import.time_limit > 1000
