"""Who may work on a due row: lease and fence. Times are the database's own; judges nothing, keeps no verdict."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from django.conf import settings
from django.db import DatabaseError, connection, transaction

from indicators.events import remember
from indicators.models import DueAssessment

logger = logging.getLogger(__name__)
MAX_ATTEMPTS = 5
LARGEST_ERROR = 2000

# What may be taken: due and not put off after a failure, or leased by somebody who no longer renews.
RUNNABLE = """due_at <= clock_timestamp() AND attempts < %(max_attempts)s AND state IN ('due', 'leased')
              AND (lease_until IS NULL OR lease_until < clock_timestamp())"""
CLAIM = f"""
    UPDATE indicators_dueassessment
    SET state = 'leased', owner = %(owner)s, fence = fence + 1, attempts = attempts + 1,
        lease_until = clock_timestamp() + %(lease)s * interval '1 second', progress_done = 0, progress_total = 0
    WHERE id = (
        SELECT id FROM indicators_dueassessment
        WHERE {RUNNABLE} AND (%(due)s::bigint IS NULL OR id = %(due)s)
        ORDER BY due_at, id FOR UPDATE SKIP LOCKED LIMIT 1
    )
    RETURNING id
"""
RENEW = """
    UPDATE indicators_dueassessment SET lease_until = clock_timestamp() + %(lease)s * interval '1 second'
    WHERE id = %(due)s AND fence = %(fence)s AND state = 'leased'
"""
GIVE_BACK = """
    UPDATE indicators_dueassessment
    SET state = CASE WHEN attempts >= %(max_attempts)s THEN 'dead' ELSE 'due' END, owner = '', last_error = %(error)s,
        lease_until = CASE WHEN attempts >= %(max_attempts)s THEN NULL
                           ELSE clock_timestamp() + %(pause)s * power(2, attempts - 1) * interval '1 second' END
    WHERE id = %(due)s AND fence = %(fence)s AND state = 'leased'
    RETURNING state
"""
BURY = """
    UPDATE indicators_dueassessment
    SET state = 'dead', owner = '', lease_until = NULL,
        last_error = CASE WHEN last_error = '' THEN %(error)s ELSE last_error END
    WHERE state = 'leased' AND lease_until < clock_timestamp() AND attempts >= %(max_attempts)s
    RETURNING id
"""


class LeaseLost(Exception):
    """Another worker has taken the row, so nothing of this attempt may be kept."""


def claim_due(*, owner: str, due_pk: int | None = None) -> DueAssessment | None:
    """Take the oldest row that may be taken, or the named one; None when there is none.

    One statement: of any number of workers exactly one gets a row. The row's `fence` grows with each claim.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            CLAIM,
            {"owner": owner[:80], "lease": lease_seconds(), "due": due_pk, "max_attempts": MAX_ATTEMPTS},
        )
        row = cursor.fetchone()
    if row is None:
        return None
    return DueAssessment.objects.select_related("programme", "requested_by").get(pk=row[0])


def lease_seconds() -> int:
    return int(settings.ASSESSMENT_LEASE_SECONDS)


def is_anything_runnable() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT EXISTS (SELECT 1 FROM indicators_dueassessment WHERE {RUNNABLE})",
            {"max_attempts": MAX_ATTEMPTS},
        )
        row = cursor.fetchone()
    return bool(row and row[0])


def renew(due: DueAssessment) -> bool:
    """Hold the row for another lease. False when it is no longer ours."""
    with connection.cursor() as cursor:
        cursor.execute(RENEW, {"due": due.pk, "fence": due.fence, "lease": lease_seconds()})
        return cursor.rowcount == 1


@contextmanager
def kept_lease(due: DueAssessment) -> Iterator[None]:
    """Renew the lease from a thread, four times per lease, while the body works."""
    done = threading.Event()
    thread = threading.Thread(target=_renew_until, args=(due, done), name=f"lease-{due.pk}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _renew_until(due: DueAssessment, done: threading.Event) -> None:
    try:
        while not done.wait(lease_seconds() / 4):
            try:
                if not renew(due):
                    return
            except DatabaseError:
                logger.warning("lease not renewed", extra={"due": due.pk}, exc_info=True)
                connection.close()
    finally:
        connection.close()


def show_progress(due: DueAssessment, *, done: int, total: int) -> None:
    """Say how far the work is, in a transaction of its own. LeaseLost when somebody else has the row."""
    changed = DueAssessment.objects.filter(pk=due.pk, fence=due.fence, state="leased").update(
        progress_done=done, progress_total=total
    )
    if changed != 1:
        raise LeaseLost(f"Assessment {due.pk} was taken over by another worker.")


def hold(due: DueAssessment) -> None:
    """Lock our row until the transaction ends. LeaseLost when the fence has moved on."""
    ours = DueAssessment.objects.select_for_update().filter(pk=due.pk, fence=due.fence, state="leased")
    if not ours.values_list("pk").first():
        raise LeaseLost(f"Assessment {due.pk} was taken over by another worker.")


def finish(due: DueAssessment, *, total: int, at: datetime) -> None:
    """Mark the row done, inside the transaction that stores its results. LeaseLost rolls all of it back."""
    changed = DueAssessment.objects.filter(pk=due.pk, fence=due.fence, state="leased").update(
        state="done",
        finished_at=at,
        lease_until=None,
        last_error="",
        progress_done=total,
        progress_total=total,
    )
    if changed != 1:
        raise LeaseLost(f"Assessment {due.pk} was taken over by another worker.")


@transaction.atomic
def give_back(due: DueAssessment, *, error: str, at: datetime) -> str:
    """After a failure: due again after a pause that doubles, or dead after the fifth attempt. The new state."""
    with connection.cursor() as cursor:
        cursor.execute(
            GIVE_BACK,
            {
                "due": due.pk,
                "fence": due.fence,
                "error": error[:LARGEST_ERROR],
                "max_attempts": MAX_ATTEMPTS,
                "pause": int(settings.ASSESSMENT_RETRY_SECONDS),
            },
        )
        row = cursor.fetchone()
    state = row[0] if row else ""
    if state == DueAssessment.State.DEAD:
        _say_dead(due, at=at, error=error)
    return str(state)


@transaction.atomic
def bury_exhausted(*, at: datetime) -> int:
    """Rows whose worker vanished in the last allowed attempt. Returns how many were given up."""
    with connection.cursor() as cursor:
        cursor.execute(BURY, {"max_attempts": MAX_ATTEMPTS, "error": "The worker vanished each time."})
        pks = [row[0] for row in cursor.fetchall()]
    for due in DueAssessment.objects.filter(pk__in=pks).order_by("pk"):
        _say_dead(due, at=at, error=due.last_error)
    return len(pks)


def _say_dead(due: DueAssessment, *, at: datetime, error: str) -> None:
    remember("gave up", by=None, at=at, about=due, programme=due.programme_id, reason=error[:LARGEST_ERROR])
    logger.error("assessment given up", extra={"due": due.pk, "attempts": MAX_ATTEMPTS})
