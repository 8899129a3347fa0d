"""Which worker has which file: lease, fence, progress, and the doorbell. The row says what is to be done."""

from __future__ import annotations

import logging
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from celery import current_app
from django.conf import settings
from django.db import DatabaseError, connection, transaction
from kombu.exceptions import OperationalError

from indicators.models import FileImport

logger = logging.getLogger(__name__)
RUN_IMPORT = "indicators.tasks.run_import"
MAX_ATTEMPTS = 3
SECONDS_BETWEEN_PROGRESS = 1.0
WORKING = "state IN ('reading', 'checking', 'applying', 'undoing')"
CLAIM = f"""
    UPDATE indicators_fileimport SET owner = %(owner)s, fence = fence + 1, attempts = attempts + 1,
        lease_until = clock_timestamp() + %(lease)s * interval '1 second', progress_done = 0
    WHERE id = (
        SELECT id FROM indicators_fileimport
        WHERE {WORKING} AND (lease_until IS NULL OR lease_until < clock_timestamp())
            AND (%(pk)s::bigint IS NULL OR id = %(pk)s)
        ORDER BY id FOR UPDATE SKIP LOCKED LIMIT 1
    )
    RETURNING id
"""
RENEW = f"""
    UPDATE indicators_fileimport SET lease_until = clock_timestamp() + %(lease)s * interval '1 second',
        progress_done = %(done)s
    WHERE id = %(pk)s AND fence = %(fence)s AND {WORKING}
"""
QUICK = {
    **settings.CELERY_BROKER_TRANSPORT_OPTIONS,
    "max_retries": 0,
    "socket_connect_timeout": 1,
    "socket_timeout": 1,
}


class LeaseLost(Exception):
    """Another worker has the file, so nothing of this attempt may be kept."""


def claim(pk: int | None = None) -> FileImport | None:
    """Take the named file, or the oldest that waits for a worker; None when there is none. One statement."""
    owner = f"{socket.gethostname()}:{os.getpid()}"[:80]
    with connection.cursor() as cursor:
        cursor.execute(CLAIM, {"owner": owner, "lease": lease_seconds(), "pk": pk})
        row = cursor.fetchone()
    if row is None:
        return None
    return FileImport.objects.select_related("programme", "by", "applied_by", "undone_by").get(pk=row[0])


def waiting() -> list[int]:
    """The files that wait for a worker: nobody was told, or whoever had them vanished."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT id FROM indicators_fileimport WHERE {WORKING} "
            "AND (lease_until IS NULL OR lease_until < clock_timestamp()) ORDER BY id LIMIT 50"
        )
        return [row[0] for row in cursor.fetchall()]


def lease_seconds() -> int:
    return int(settings.ASSESSMENT_LEASE_SECONDS)


class Progress:
    """How far the work is; told to the database by the thread that renews the lease."""

    def __init__(self) -> None:
        self.done = 0

    def say(self, done: int) -> None:
        self.done = done


@contextmanager
def kept_lease(claimed: FileImport) -> Iterator[Progress]:
    """Renew the lease and show the progress from a thread while the body works."""
    progress, over = Progress(), threading.Event()
    thread = threading.Thread(target=_renew_until, args=(claimed, progress, over), daemon=True)
    thread.start()
    try:
        yield progress
    finally:
        over.set()
        thread.join()


def _renew_until(claimed: FileImport, progress: Progress, over: threading.Event) -> None:
    try:
        while not over.wait(min(lease_seconds() / 4, SECONDS_BETWEEN_PROGRESS)):
            try:
                if not _renew(claimed, progress):
                    return
            except DatabaseError:
                logger.warning("lease not renewed", extra={"import": claimed.pk}, exc_info=True)
                connection.close()
    finally:
        connection.close()


def _renew(claimed: FileImport, progress: Progress) -> bool:
    known = {"lease": lease_seconds(), "done": progress.done, "pk": claimed.pk, "fence": claimed.fence}
    with connection.cursor() as cursor:
        cursor.execute(RENEW, known)
        return cursor.rowcount == 1


def finish(claimed: FileImport, **result: object) -> None:
    """Say what came of it, inside the transaction that keeps it. LeaseLost takes all of it back."""
    ours = FileImport.objects.filter(pk=claimed.pk, fence=claimed.fence, owner=claimed.owner)
    with transaction.atomic():
        changed = ours.filter(state=claimed.state).update(
            owner="", lease_until=None, attempts=0, progress_done=0, **result
        )
    if changed != 1:
        raise LeaseLost(f"Import {claimed.pk} was taken over by another worker.")
    for name, value in result.items():
        setattr(claimed, name, value)


def ring_on_commit(pk: int) -> None:
    """Tell a worker once the row is stored. Lost messages do no harm: the sweep finds the row."""
    transaction.on_commit(lambda: _ring(pk))


def _ring(pk: int) -> None:
    if current_app.conf.broker_url != settings.CELERY_BROKER_URL:
        return  # A shell or a command without the queue.
    try:
        with current_app.connection_for_write(transport_options=QUICK) as line:
            # By name, because rooms do not import doors.
            current_app.send_task(RUN_IMPORT, args=[pk], connection=line, retry=False)
    except (OperationalError, OSError) as error:
        logger.warning("doorbell not heard", extra={"import": pk, "error": str(error)})
