"""500 indicators of ended programmes assessed ex-post by two worker processes, beside the bare computations."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.bench.measure import children_of, cpu_seconds, most_memory_mb, seconds

START, END = date(2019, 1, 1), date(2024, 12, 31)
LOCKED = datetime(2019, 1, 10, 9, tzinfo=UTC)
AT = datetime(2025, 3, 1, 9, tzinfo=UTC)
FIRST_YEAR = 2013
EACH = 50
"""Indicators of one programme."""
WORKERS = 2
PATIENCE = 900
"""Seconds after which a run that does not end is given up."""


def measure_expost(indicators: int) -> list[dict[str, Any]]:
    """Quarterly series of 2013 to 2024, 24 points before the start and 24 after; five of each programme planned."""
    from indicators.models import DueAssessment, Programme, Verdict

    for number in range(max(indicators // EACH, 1)):
        _make_programme(number, min(indicators, EACH))
    with _celery_workers() as workers:
        DueAssessment.objects.bulk_create(
            DueAssessment(
                programme=programme, kind="ex_post", as_of=END, label="End of programme", due_at=AT - timedelta(days=1)
            )
            for programme in Programme.objects.filter(code__startswith="EX")
        )  # fmt: skip
        wall = seconds(_ring_until_all_is_done)
        pools = [pid for worker in workers for pid in children_of(worker.pid)]
        cpu, memory = sum(map(cpu_seconds, pools)), max(map(most_memory_mb, pools))
    verdicts = Verdict.objects.count()
    computed = list(Verdict.objects.exclude(method="judge").values_list("inputs", flat=True))
    began = time.process_time()
    _compute_all(computed)
    floor, began = time.process_time() - began, time.process_time()
    _answer_all(computed)
    bare = time.process_time() - began
    return [
        {
            "what": f"assess {indicators:,} ended indicators ex-post, {WORKERS} Celery workers, {verdicts:,} verdicts",
            "ours": {"seconds": round(wall, 1), "cpu_of_both": round(cpu, 1), "peak_mb_each": memory},
            "floor": {"cpu": round(floor, 1), "cpu_without_turning": round(bare, 1)},
            "floor_is": "the same computations in one process, without database and start",
        }
    ]


@contextmanager
def _celery_workers() -> Iterator[list[subprocess.Popen[bytes]]]:
    """Real workers with a pool of one process each, ready to be rung; ended with what they started."""
    from tracker.celery import app

    names = [f"bench-{os.getpid()}-{place}@localhost" for place in range(WORKERS)]
    with tempfile.TemporaryDirectory() as logs:
        workers = []
        try:
            for name in names:
                with (Path(logs) / name).open("wb") as log:
                    command = [
                        sys.executable,
                        "-m",
                        "celery",
                        "-A",
                        "tracker.celery",
                        "worker",
                        "--pool=prefork",
                        "-c",
                        "1",
                    ]
                    command += ["-n", name, "--without-gossip", "--without-mingle", "-l", "WARNING"]
                    workers.append(
                        subprocess.Popen(
                            command, env=os.environ, stdout=log, stderr=subprocess.STDOUT, process_group=0
                        )
                    )
            _wait_until(lambda: len(app.control.ping(destination=names, timeout=1)) == WORKERS, 120)
            yield workers
        finally:
            for worker in workers:
                worker.send_signal(signal.SIGTERM)
            for worker in workers:
                worker.wait(60)


def _ring_until_all_is_done() -> None:
    from indicators import tasks
    from indicators.models import DueAssessment

    for pk in DueAssessment.objects.values_list("pk", flat=True):
        tasks.run_one.delay(pk)
    _wait_until(lambda: not DueAssessment.objects.exclude(state="done").exists(), PATIENCE)


def _wait_until(is_so: Any, patience: float) -> None:
    until = time.monotonic() + patience
    while not is_so():
        if time.monotonic() > until:
            raise TimeoutError(f"still not so after {patience} s")
        time.sleep(0.1)


def _answer_all(inputs: list[Any]) -> None:
    from indicators.assessment.computing import answer

    for one in inputs:
        answer(one)


def _compute_all(inputs: list[Any]) -> None:
    from indicators.assessment import expost

    for one in inputs:
        expost.compute(one)


def _make_programme(number: int, count: int) -> None:
    from django.db import transaction

    from indicators import derived
    from indicators.models import Observation
    from tests import factories as make

    programme = make.make_programme(f"EX{number}", starts_on=START, ends_on=END)
    quarters = make.make_quarters(programme, since=FIRST_YEAR, until=2024)
    officer = make.make_user(programme=programme, role="officer")
    approver = make.make_user(programme=programme, role="approver")
    rng, rows, made = random.Random(number), [], []
    for _ in range(count):
        indicator = make.make_indicator(programme, plan={"target_on": END})
        made.append(indicator)
        for place, quarter in enumerate(quarters):
            level = 20 + 0.3 * place + (8 if quarter.starts_on >= START else 0) + rng.gauss(0, 2)
            rows.append(
                Observation(
                    indicator=indicator, period=quarter, numerator=Decimal(round(level * 2)), denominator=Decimal(200),
                    as_of=quarter.ends_on, entered_by=officer, entered_at=AT, submitted_by=officer, submitted_at=AT,
                    decided_by=approver, decided_at=AT, state="approved",
                )
            )  # fmt: skip
    Observation.objects.bulk_create(rows, batch_size=5000)
    with transaction.atomic():
        derived.refresh({(row.indicator_id, row.period_id) for row in rows}, at=AT)
    _lock_plan(programme, made[:5])


def _lock_plan(programme: Any, indicators: list[Any]) -> None:
    from indicators.assessment import expost_planning as plans
    from tests import factories as make

    admin, evaluator = make.make_admin(), make.make_user(programme=programme, role="evaluator")
    plan = plans.save_expost_plan(
        programme=programme, part="", starts_on=START, ends_on=END, question="Did it help?",
        follow_up_months=[0], collects="Office", by=admin, at=LOCKED,
    )  # fmt: skip
    for one in indicators:
        plans.plan_primary_indicator(
            plan=plan, indicator=one, method="", smallest_change=Decimal(2), by=admin, at=LOCKED
        )
    plans.lock_expost_plan(plan=plan, by=evaluator, at=LOCKED)
