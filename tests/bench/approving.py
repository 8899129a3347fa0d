"""One observation accepted until its status is stored, beside the bare INSERT and COMMIT of the same row."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

from tests.bench.measure import seconds, spread

AT = datetime(2025, 10, 20, 9, 0, tzinfo=UTC)
SAMPLES = 25


def measure_approving(already: int) -> dict[str, Any]:
    """With `already` approved observations on the indicator: 100 months × (already ÷ 100) sites."""
    from django.db import connection

    from indicators.entry.actions import approve_observation, submit_observation
    from indicators.models import Observation, ReportingPeriod

    indicator, officer, approver, sites = _prepare(already)
    newest = ReportingPeriod.objects.create(
        programme=indicator.programme,
        frequency="monthly",
        starts_on=date(2025, 9, 1),
        ends_on=date(2025, 9, 30),
        label="2025-09",
        due_on=date(2025, 10, 15),
    )
    rows = [_row(indicator, newest, site, officer, state="draft") for site in sites[:SAMPLES]]
    while len(rows) < SAMPLES:  # Few sites: go back through the months before the first.
        number = len(rows)
        first = date(2017, 1, 1) - timedelta(days=31 * number)
        period = ReportingPeriod.objects.create(
            programme=indicator.programme,
            frequency="monthly",
            starts_on=first.replace(day=1),
            ends_on=first.replace(day=28),
            label=f"before {number}",
            due_on=first.replace(day=28) + timedelta(days=15),
        )
        rows.append(_row(indicator, period, sites[0], officer, state="draft"))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    ours, floor = [], []
    for row in rows:
        floor.append(seconds(lambda row=row: row.save(force_insert=True)))
        submit_observation(observation=row, by=officer, at=AT)
        row = Observation.objects.get(pk=row.pk)
        ours.append(seconds(lambda row=row: approve_observation(observation=row, by=approver, at=AT)))
    return {
        "what": f"accept one observation until its status is stored, {already:,} already there",
        "ours": spread(ours),
        "floor": spread(floor),
        "floor_is": "INSERT of the same row and COMMIT, through the same ORM",
    }


def _row(indicator: Any, period: Any, site: Any, by: Any, *, state: str, decided_by: Any = None) -> Any:
    from indicators.models import Observation

    decided = (
        {"submitted_by": by, "submitted_at": AT, "decided_by": decided_by, "decided_at": AT}
        if decided_by
        else {}
    )
    return Observation(
        indicator=indicator, period=period, unit=site, numerator=Decimal(30), denominator=Decimal(60),
        as_of=period.ends_on, entered_by=by, entered_at=AT, state=state, comment="As inspected.", **decided,
    )  # fmt: skip


def _prepare(already: int) -> tuple[Any, Any, Any, list[Any]]:
    from django.db import transaction

    from indicators import derived
    from indicators.models import Observation, ReportingPeriod, ReportingUnit
    from tests import factories as make

    programme = make.make_programme(starts_on=date(2017, 1, 1), ends_on=date(2026, 12, 31))
    officer = make.make_user(programme=programme, role="officer")
    approver = make.make_user(programme=programme, role="approver")
    sites = ReportingUnit.objects.bulk_create(
        ReportingUnit(programme=programme, code=f"S{n}", name=f"Site {n}", kind="site")
        for n in range(max(already // 100, 1))
    )
    starts = [date(2017 + n // 12, n % 12 + 1, 1) for n in range(101)]
    months = ReportingPeriod.objects.bulk_create(
        ReportingPeriod(
            programme=programme, frequency="monthly", starts_on=first, ends_on=following - timedelta(days=1),
            label=f"{first:%Y-%m}", due_on=following + timedelta(days=14),
        )
        for first, following in pairwise(starts)
    )  # fmt: skip
    indicator = make.make_indicator(programme, units=sites, frequency="monthly")
    Observation.objects.bulk_create(
        (
            _row(indicator, month, site, officer, state="approved", decided_by=approver)
            for month in months
            for site in sites
        ),
        batch_size=5000,
    )
    with transaction.atomic():
        derived.refresh({(indicator.pk, month.pk) for month in months}, at=AT)
    return indicator, officer, approver, sites
