"""500 indicators of ended programmes assessed ex-post by two worker processes, beside the bare computations."""

from __future__ import annotations

import os
import random
import resource
import subprocess
import sys
import time
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from tests.bench.measure import seconds

START, END = date(2019, 1, 1), date(2024, 12, 31)
LOCKED = datetime(2019, 1, 10, 9, tzinfo=UTC)
AT = datetime(2025, 3, 1, 9, tzinfo=UTC)
FIRST_YEAR = 2013
EACH = 50
"""Indicators of one programme."""
WORKERS = 2


def measure_expost(indicators: int) -> list[dict[str, Any]]:
    """Quarterly series of 2013 to 2024, 24 points before the start and 24 after; five of each programme planned."""
    from indicators.models import Verdict

    for number in range(max(indicators // EACH, 1)):
        _make_programme(number, min(indicators, EACH))
    started = time.perf_counter()
    workers = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.bench.expost"], env=os.environ, stdout=subprocess.PIPE, text=True
        )
        for _ in range(WORKERS)
    ]
    answers = [worker.communicate()[0].split() for worker in workers]
    wall = time.perf_counter() - started
    verdicts = Verdict.objects.count()
    computed = list(Verdict.objects.exclude(method="judge").values_list("inputs", flat=True))
    floor = seconds(lambda: _compute_all(computed))
    return [
        {
            "what": f"assess {indicators:,} ended indicators ex-post, {WORKERS} workers, {verdicts:,} verdicts kept",
            "ours": {"seconds": round(wall, 1), "rss_mb_each": max(float(one[1]) for one in answers)},
            "floor": {"seconds": round(floor, 1)},
            "floor_is": "the same computations in one process, without database and start",
        }
    ]


def _compute_all(inputs: list[Any]) -> None:
    from indicators.assessment import expost

    for one in inputs:
        expost.compute(one)


def _make_programme(number: int, count: int) -> None:
    from django.db import transaction

    from indicators import derived
    from indicators.models import DueAssessment, Observation
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
    DueAssessment.objects.create(
        programme=programme,
        kind="ex_post",
        as_of=END,
        label="End of programme",
        due_at=AT - timedelta(days=1),
    )


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


def work() -> None:
    """One worker: everything that is due, and then how much memory it took."""
    import django

    django.setup()
    from indicators.assessment.running import run_what_is_due

    while done := run_what_is_due():
        print(done, end=" ", file=sys.stderr)
    print("peak", round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1))


if __name__ == "__main__":
    work()
