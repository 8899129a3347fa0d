"""The clock's door: each task parses its arguments and calls an action. All of them may be run any number of times."""

from __future__ import annotations

from datetime import timedelta

from celery import shared_task
from celery.signals import worker_ready
from django.conf import settings
from django.db import transaction

from indicators import derived
from indicators.accounts.digests import make_digests, send_digests
from indicators.accounts.following import tell_followers
from indicators.assessment.actions import bury_exhausted
from indicators.assessment.actions import plan_due as plan
from indicators.assessment.clock import database_now
from indicators.assessment.expost_planning import renew_outlooks
from indicators.assessment.outlooks import fill_due_outlooks
from indicators.assessment.reminding import remind_of_answers
from indicators.assessment.running import run_what_is_due
from indicators.documents import building
from indicators.doorbell import RUN_ONE, ring
from indicators.entry.importing.queue import waiting
from indicators.entry.importing.running import forget_old, run_waiting
from indicators.entry.reminding import remind as remind_of_due
from indicators.exchange import iati_running
from indicators.exchange.iati_jobs import forget_files
from indicators.models import Programme
from indicators.programmes.actions import ensure_periods

LONGEST_IMPORT = 1800
LONGEST_DOCUMENT = 240
KEPT_FILES = timedelta(days=180)
"""So long an import can be looked at and undone as one."""
KEPT_DOCUMENTS = timedelta(days=90)


@shared_task
def plan_due() -> int:
    """Every minute: make rows for what has fallen due, and wake a worker."""
    planned = plan(at=database_now())
    if planned:
        ring(RUN_ONE)
    return planned


@shared_task
def run_one(due_id: int | None = None) -> int:
    """The doorbell: run this row, then whatever else is due."""
    return run_what_is_due(due_pk=due_id)


@shared_task
def fill_outlooks() -> int:
    """The doorbell of the plans: say which change their drafts could detect."""
    return fill_due_outlooks(at=database_now())


@shared_task
def sweep() -> int:
    """Every half minute: give up what failed too often; run what nobody was told of or whose worker vanished."""
    bury_exhausted(at=database_now())
    fill_due_outlooks(at=database_now())
    for pk in waiting():
        run_import.delay(pk)
    for pk in iati_running.waiting():
        run_iati_import.delay(pk)
    for pk in building.waiting():
        build_document.delay(pk)
    return run_what_is_due()


@shared_task(soft_time_limit=LONGEST_IMPORT, time_limit=LONGEST_IMPORT + 60)
def run_import(import_id: int) -> int:
    """The doorbell of files: do what waits of this one. A million rows take minutes, more than other tasks may."""
    return run_waiting(at=database_now, pk=import_id)


@shared_task(soft_time_limit=LONGEST_IMPORT, time_limit=LONGEST_IMPORT + 60)
def run_iati_import(import_id: int) -> int:
    """The doorbell of IATI files: do what waits of this one."""
    return iati_running.run_waiting(at=database_now, pk=import_id)


@shared_task(soft_time_limit=LONGEST_DOCUMENT, time_limit=LONGEST_DOCUMENT + 30)
def build_document(document_id: int) -> int:
    """The doorbell of documents: build this one."""
    return building.build_waiting(at=database_now, pk=document_id)


@shared_task
def refresh_statuses() -> None:
    """Every night, and when rules change: open the new reporting periods, judge each indicator again.

    What the drafts of ex-post plans could detect becomes due again, because figures have come in.
    """
    renew_outlooks()
    for programme in Programme.objects.order_by("pk"):
        _bring_up_to_date(programme)
    forget_old(before=database_now() - KEPT_FILES)
    forget_files(before=database_now() - KEPT_FILES)
    building.forget_documents(before=database_now() - KEPT_DOCUMENTS)


@shared_task
def remind() -> None:
    """Every hour: tell people what is due, late or changed, and send the mails of the day."""
    at = database_now()
    remind_of_due(at=at)
    remind_of_answers(at=at)
    tell_followers(at=at)
    make_digests(at=at)
    send_digests(at=at, address=settings.PUBLIC_ADDRESS)


def _bring_up_to_date(programme: Programme) -> None:
    """In pieces, each its own transaction: an approval never waits for a whole programme."""
    at = database_now()
    with transaction.atomic():
        ensure_periods(programme=programme, until=at.astimezone(programme.zone).date(), at=at)
    derived.refresh_all(
        programme.indicators.values_list("pk", flat=True),  # type: ignore[attr-defined]
        at=at,
    )


@worker_ready.connect
def _catch_up(**about: object) -> None:
    """A worker that starts asks at once what it has missed, instead of waiting for the clock."""
    plan_due.delay()
    remind.delay()
