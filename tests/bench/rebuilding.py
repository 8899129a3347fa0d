"""Rebuild of all roll-ups and statuses, beside the one GROUP BY query that reads the same observations."""

from __future__ import annotations

from datetime import UTC, date, datetime
from statistics import median
from typing import Any

from tests.bench.filling import PERIODS, add_sites, make_programmes, write_figures
from tests.bench.measure import middle, seconds

AT = datetime(2026, 1, 10, 9, 0, tzinfo=UTC)
PROGRAMMES = 20
TURNS = 5
GROUP_BY = """
    SELECT indicator_id, period_id, count(*), sum(numerator), sum(denominator), sum(value)
    FROM indicators_observation WHERE state = 'approved' GROUP BY indicator_id, period_id
"""


def measure_rebuilding(observations: int, indicators: int) -> list[dict[str, Any]]:
    """As `manage.py rebuild` does it, from nothing and over rows that are there. Medians; loading is not counted."""
    from django.db import connection

    from indicators import derived
    from indicators.management.commands.rebuild import look_for_cycles_less
    from indicators.models import IndicatorStatus, Rollup

    loaded = load(observations, indicators)
    look_for_cycles_less()
    floor: list[float] = []
    ours: dict[str, list[float]] = {"from nothing": [], "in place": []}
    for _turn in range(TURNS):
        with connection.cursor() as cursor:
            floor.append(seconds(lambda: cursor.execute(GROUP_BY).fetchall()))
            Rollup.objects.all().delete()
            IndicatorStatus.objects.all().delete()
            cursor.execute("VACUUM ANALYZE indicators_rollup, indicators_indicatorstatus")
        for took in ours.values():
            took.append(seconds(lambda: derived.rebuild(at=AT)))
    return [
        {
            "what": f"rebuild all from {loaded:,} observations of {indicators:,} indicators, {how}",
            "ours": middle(took) | {"times_floor": round(median(took) / median(floor), 1)},
            "floor": middle(floor),
            "floor_is": "one GROUP BY over the same rows, fetched",
        }
        for how, took in ours.items()
    ]


def load(observations: int, indicators: int) -> int:
    """Monthly figures of two years from every site of every indicator."""
    make_programmes(PROGRAMMES, indicators=indicators, last=date(2025, 12, 31))
    add_sites(max(round(observations / indicators / PERIODS), 1))
    return write_figures(since=date.min)
