"""The queue's application. Holds no task: those stand in `indicators.tasks`."""

import os
import signal
from pathlib import Path

from celery import Celery
from celery.signals import beat_init, worker_process_init, worker_ready

from tracker.children import die_with_parent

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tracker.settings")

app = Celery("tracker")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.set_default()


@worker_process_init.connect
def _end_with_worker(**about: object) -> None:
    """A pool process does not outlive a worker that was killed: its work is leased again after the lease ends."""
    die_with_parent(signal.SIGKILL)()


@worker_ready.connect
@beat_init.connect
def _tell_ready(**about: object) -> None:
    """`make run` waits for this file before it says that all is ready."""
    told = os.environ.get("READY_FILE")
    if told:
        Path(told).touch()
