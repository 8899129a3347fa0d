"""Does what is due, once: claim, read, judge, keep. For workers and commands; a web process never imports it."""

from __future__ import annotations

import logging
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime

from django.conf import settings
from django.db import connection, transaction

from indicators.assessment import expost
from indicators.assessment.claiming import (
    LeaseLost,
    claim_due,
    finish,
    give_back,
    hold,
    kept_lease,
    show_progress,
)
from indicators.assessment.clock import database_now
from indicators.assessment.crashpoints import crashpoint
from indicators.assessment.drafts import Task, counts_of, coverage_of, draft, judge_task, run_hash
from indicators.assessment.indices import draft_index, read_indices
from indicators.engine import METHOD_VERSION
from indicators.events import remember
from indicators.models import AssessmentRun, DueAssessment, IndexResult, Kind, Programme, Verdict
from indicators.snapshots import load_indicators, load_snapshots

logger = logging.getLogger(__name__)
LARGEST_BATCH = 200
LONGEST_BATCH_SECONDS = 60.0
SECONDS_BETWEEN_PROGRESS = 0.5


def owner_name() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"


def run_what_is_due(*, due_pk: int | None = None, limit: int = LARGEST_BATCH) -> int:
    """Claim and run, the named row first, until nothing is due or the time for one task is up. How many were done.

    A row that fails is given back with its error and does not stop the others.
    """
    until, done = time.monotonic() + LONGEST_BATCH_SECONDS, 0
    due = claim_due(owner=owner_name(), due_pk=due_pk) if due_pk is not None else None
    for _turn in range(limit):
        due = due or claim_due(owner=owner_name())
        if due is None:
            break
        done += run_claimed(due)
        if time.monotonic() > until:
            break
        due = None
    return done


def run_this(due_pk: int) -> bool:
    """Claim and run one row, and no other. False when somebody else has it, or when it failed."""
    due = claim_due(owner=owner_name(), due_pk=due_pk)
    return due is not None and run_claimed(due)


def run_claimed(due: DueAssessment) -> bool:
    """Run one claimed row; whether it was done. The room's one place where any failure is caught: it is kept."""
    try:
        run_due(due)
    except LeaseLost:
        logger.warning("lease lost", extra={"due": due.pk, "fence": due.fence})
        return False
    except Exception as failure:
        logger.exception("assessment failed", extra={"due": due.pk, "attempt": due.attempts})
        give_back(due, error=f"{type(failure).__name__}: {failure}", at=database_now())
        return False
    return True


def run_due(due: DueAssessment) -> AssessmentRun:
    """Judge everything that a claimed row asks for and keep it, in one transaction, or nothing at all.

    Returns:
        The new run; or the latest one of the same day when not one input has changed since.

    Raises:
        LeaseLost: another worker has taken the row; nothing was kept.
    """
    crashpoint("claimed")
    with kept_lease(due):
        started_at = database_now()
        with frozen_database():
            tasks = read_tasks(due)
            indices = read_indices(due.programme, due.kind, due.as_of)
        crashpoint("snapshot read")
        verdicts = list(_reach_all(due, tasks))
        results = [draft_index(one) for one in indices]
        crashpoint("judged")
        run = _keep(due, verdicts, results, started_at=started_at)
    crashpoint("after commit")
    logger.info("assessment kept", extra={"due": due.pk, "run": run.pk, "verdicts": len(verdicts)})
    return run


@contextmanager
def frozen_database() -> Iterator[None]:
    """All reads inside see the same instant. Inside somebody's transaction, theirs is taken as it is."""
    is_outermost = not connection.in_atomic_block
    with transaction.atomic():
        if is_outermost:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


def read_tasks(due: DueAssessment) -> list[Task]:
    """Every verdict that is asked for, with all it depends on."""
    programme = due.programme
    known_on = due.due_at.astimezone(programme.zone).date()
    indicators = load_indicators(
        programme.indicators.active().values_list("pk", flat=True)  # type: ignore[attr-defined]
    )
    snapshots = load_snapshots(indicators, as_of=due.as_of, known_on=known_on)
    if due.kind == Kind.EX_POST:
        return expost.tasks(
            programme, indicators, snapshots, as_of=due.as_of, seed=seed_of(programme, due.as_of)
        )
    return [judge_task(pk, snapshot) for pk, snapshot in snapshots.items()]


def seed_of(programme: Programme, as_of: date) -> int:
    """The same number for the same programme and day, so that a second run gives the same interval."""
    return programme.pk * 100_000_000 + int(as_of.strftime("%Y%m%d"))


def _reach_all(due: DueAssessment, tasks: list[Task]) -> Iterator[Verdict]:
    show_progress(due, done=0, total=len(tasks))
    said_at = time.monotonic()
    for done, task in enumerate(tasks, 1):
        yield draft(task, expost.compute)
        if time.monotonic() - said_at > SECONDS_BETWEEN_PROGRESS:
            show_progress(due, done=done, total=len(tasks))
            said_at = time.monotonic()


@transaction.atomic
def _keep(
    due: DueAssessment, verdicts: list[Verdict], results: list[IndexResult], *, started_at: datetime
) -> AssessmentRun:
    """Store the run, all that it says, the event and the row's end together. The programme's row orders revisions."""
    Programme.objects.select_for_update(no_key=True).only("pk").get(pk=due.programme_id)
    hold(due)
    at = database_now()
    last = (
        AssessmentRun.objects.filter(programme=due.programme_id, kind=due.kind, as_of=due.as_of)
        .order_by("-revision")
        .first()
    )
    input_hash = run_hash(due.kind, verdicts, results)
    if last is not None and last.input_hash == input_hash:
        finish(due, total=len(verdicts), at=at)
        return last
    reported, expected = coverage_of(due.kind, verdicts)
    run = AssessmentRun.objects.create(
        programme_id=due.programme_id,
        due=due,
        kind=due.kind,
        as_of=due.as_of,
        label=due.label,
        revision=1 if last is None else last.revision + 1,
        input_hash=input_hash,
        method_version=METHOD_VERSION,
        software_version=settings.VERSION,
        seed=seed_of(due.programme, due.as_of) if due.kind == Kind.EX_POST else 0,
        reported=reported,
        expected=expected,
        counts=counts_of(due.kind, verdicts),
        started_at=started_at,
        finished_at=at,
    )
    crashpoint("run inserted")
    for verdict in verdicts:
        verdict.run = run
    Verdict.objects.bulk_create(verdicts, batch_size=500)
    for result in results:
        result.run = run
    IndexResult.objects.bulk_create(results)
    crashpoint("verdicts inserted")
    remember(
        "assessed",
        by=due.requested_by,
        at=at,
        about=run,
        programme=due.programme_id,
        after={
            "as_of": str(run.as_of),
            "revision": run.revision,
            "input_hash": input_hash,
            "counts": run.counts,
        },
    )
    crashpoint("event inserted")
    finish(due, total=len(verdicts), at=at)
    crashpoint("before commit")
    return run
