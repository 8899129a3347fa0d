"""Tells a worker that something is due. It may be lost or doubled: the database knows, and the sweep finds the rest."""

from __future__ import annotations

import logging
from functools import partial

from celery import current_app
from django.conf import settings
from django.db import transaction
from kombu.exceptions import OperationalError

logger = logging.getLogger(__name__)
# Tasks by name, because rooms do not import doors.
RUN_ONE = "indicators.tasks.run_one"
FILL_OUTLOOKS = "indicators.tasks.fill_outlooks"
REFRESH_STATUSES = "indicators.tasks.refresh_statuses"
RUN_IMPORT = "indicators.tasks.run_import"
RUN_IATI_IMPORT = "indicators.tasks.run_iati_import"
BUILD_DOCUMENT = "indicators.tasks.build_document"
QUICK = {
    **settings.CELERY_BROKER_TRANSPORT_OPTIONS,
    "max_retries": 0,
    "socket_connect_timeout": 1,
    "socket_timeout": 1,
}


def ring_on_commit(task: str, *args: int | None) -> None:
    """Ring once the transaction is stored. A broker that is down is logged and never breaks the caller."""
    transaction.on_commit(partial(ring, task, *args))


def ring(task: str, *args: int | None) -> bool:
    """Ask any worker to do the named task now. Whether the message was handed over."""
    if current_app.conf.broker_url != settings.CELERY_BROKER_URL:
        return False  # A shell or a command without the queue: the sweep will find the row.
    try:
        # A connection of its own, that gives up at once: somebody waits for their page, and the pool's would not.
        with current_app.connection_for_write(transport_options=QUICK) as connection:
            current_app.send_task(task, args=list(args), connection=connection, retry=False)
    except (OperationalError, OSError) as error:
        logger.warning("doorbell not heard", extra={"task": task, "arguments": args, "error": str(error)})
        return False
    return True
