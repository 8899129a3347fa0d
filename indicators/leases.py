"""Which worker has which row: claim, lease, fence, progress. The row says what is to be done; nothing here does it.

For tables whose rows wait for a worker in certain states (`WaitingLine`) and that have the columns `lease_until`,
`fence` and `attempts`. What is assessed has a queue of its own (`assessment.claiming`), with pauses and graves.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import DatabaseError, connection, models, transaction
from django.utils import translation
from django.utils.translation import gettext as _

logger = logging.getLogger(__name__)
MAX_ATTEMPTS = 3
MOST_AT_ONCE = 50
SECONDS_BETWEEN_PROGRESS = 1.0


class LeaseLost(Exception):
    """Another worker has the row, so nothing of this attempt may be kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingLine:
    """Rows of one table that wait for a worker."""

    model: type[models.Model]
    states: tuple[str, ...]
    """In which a row waits for a worker, or a worker has it."""

    @property
    def table(self) -> str:
        return str(self.model._meta.db_table)

    @property
    def waits(self) -> str:
        """SQL in the words of the table's partial index for the claim."""
        names = ", ".join(f"'{state}'" for state in self.states)
        return f"state IN ({names})"

    @property
    def is_free(self) -> str:
        """SQL."""
        return f"{self.waits} AND (lease_until IS NULL OR lease_until < clock_timestamp())"


def claim(line: WaitingLine, pk: int | None = None, *, seconds: int, **becomes: str | int) -> int | None:
    """Take the row `pk`, or the oldest that waits; its number, or None when there is none. One statement.

    Args:
        seconds: after which another worker may have it, unless the lease is renewed.
        becomes: columns that are set with it.
    """
    more = "".join(f"{name} = %({name})s, " for name in becomes)
    known: dict[str, str | int | None] = {"pk": pk, "seconds": seconds, **becomes}
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            UPDATE {line.table} SET {more}fence = fence + 1, attempts = attempts + 1,
                lease_until = clock_timestamp() + %(seconds)s * interval '1 second'
            WHERE id = (
                SELECT id FROM {line.table} WHERE {line.is_free} AND (%(pk)s::bigint IS NULL OR id = %(pk)s)
                ORDER BY id FOR UPDATE SKIP LOCKED LIMIT 1
            )
            RETURNING id
            """,
            known,
        )
        row = cursor.fetchone()
    return None if row is None else row[0]


def waiting(line: WaitingLine) -> list[int]:
    """The rows that wait for a worker: nobody was told, or whoever had them vanished."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT id FROM {line.table} WHERE {line.is_free} ORDER BY id LIMIT {MOST_AT_ONCE}")
        return [row[0] for row in cursor.fetchall()]


# --- Files: long steps, a lease that is renewed, progress that is shown -------------------------------------------


class Progress:
    """How far the work is; told to the database by the thread that renews the lease."""

    def __init__(self) -> None:
        self.done = 0

    def say(self, done: int) -> None:
        self.done = done


def lease_seconds() -> int:
    return int(settings.ASSESSMENT_LEASE_SECONDS)


def claim_file(line: WaitingLine, pk: int | None = None) -> int | None:
    """As `claim`, with a short lease that `kept_lease` renews, and the worker's name."""
    owner = f"{socket.gethostname()}:{os.getpid()}"[:80]
    return claim(line, pk, seconds=lease_seconds(), owner=owner, progress_done=0)


@contextmanager
def kept_lease(line: WaitingLine, claimed: Any) -> Iterator[Progress]:
    """Renew the lease and show the progress from a thread while the body works."""
    progress, over = Progress(), threading.Event()
    thread = threading.Thread(target=_renew_until, args=(line, claimed, progress, over), daemon=True)
    thread.start()
    try:
        yield progress
    finally:
        over.set()
        thread.join()


def _renew_until(line: WaitingLine, claimed: Any, progress: Progress, over: threading.Event) -> None:
    try:
        while not over.wait(min(lease_seconds() / 4, SECONDS_BETWEEN_PROGRESS)):
            try:
                if not _renew(line, claimed, progress):
                    return
            except DatabaseError:
                logger.warning("lease not renewed", extra=_named(line, claimed), exc_info=True)
                connection.close()
    finally:
        connection.close()


def _renew(line: WaitingLine, claimed: Any, progress: Progress) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {line.table} SET lease_until = clock_timestamp() + %(lease)s * interval '1 second', "
            f"progress_done = %(done)s WHERE id = %(pk)s AND fence = %(fence)s AND {line.waits}",
            {
                "lease": lease_seconds(),
                "done": progress.done,
                "pk": claimed.pk,
                "fence": claimed.fence,
            },
        )
        return cursor.rowcount == 1


def finish(claimed: Any, **result: object) -> None:
    """Say what came of it, inside the transaction that keeps it. LeaseLost takes all of it back."""
    ours = type(claimed).objects.filter(pk=claimed.pk, fence=claimed.fence, owner=claimed.owner)
    with transaction.atomic():
        changed = ours.filter(state=claimed.state).update(
            owner="", lease_until=None, attempts=0, progress_done=0, **result
        )
    if changed != 1:
        raise LeaseLost(f"{claimed._meta.label} {claimed.pk} was taken over by another worker.")
    for name, value in result.items():
        setattr(claimed, name, value)


Step = Callable[[Any, Progress, datetime], None]
"""Does what the row's state asks for, and calls `finish` in the transaction that keeps it."""


def do_step(
    line: WaitingLine,
    claimed: Any,
    steps: Mapping[str, Step],
    refuse: Callable[[Any, str, str], None],
    *,
    at: datetime,
) -> bool:
    """One step of one file; whether it was done. Any failure is kept with the row, and the file stays as it was.

    Args:
        refuse: called with the row, the state in which the step began, and why it was not done.
    """
    began = str(claimed.state)
    if claimed.attempts > MAX_ATTEMPTS:  # Whoever had it before never came back to say so.
        why = "The worker vanished each time; an administrator finds the reason in the log."
        refuse(claimed, began, why)
        return False
    try:
        with translation.override(claimed.language), kept_lease(line, claimed) as progress:
            try:
                steps[began](claimed, progress, at)
            except (ValidationError, PermissionDenied) as refusal:
                refuse(claimed, began, " ".join(getattr(refusal, "messages", [str(refusal)])))
            except DatabaseError as refusal:  # A trigger that keeps what must not change, a deadlock.
                logger.warning("refused by the database", extra=_named(line, claimed), exc_info=True)
                said = str(refusal).partition("\n")[0]
                refuse(
                    claimed,
                    began,
                    _("The database refused it, and nothing was kept: %(said)s") % {"said": said},
                )
    except LeaseLost:
        logger.warning("lease lost", extra=_named(line, claimed))
        return False
    except Exception:
        logger.exception("import failed", extra=_named(line, claimed))
        if claimed.attempts >= MAX_ATTEMPTS:
            refuse(claimed, began, "It could not be done; an administrator finds the reason in the log.")
        return False
    return True


def _named(line: WaitingLine, claimed: Any) -> dict[str, object]:
    return {
        "table": line.table,
        "row": claimed.pk,
        "fence": claimed.fence,
        "attempt": claimed.attempts,
    }
