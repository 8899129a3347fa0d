"""Rebuild of all roll-ups and statuses, beside the one GROUP BY query that reads the same observations."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from statistics import median
from typing import Any

from tests.bench.measure import middle, seconds

AT = datetime(2026, 1, 10, 9, 0, tzinfo=UTC)
PERIODS = 24
PROGRAMMES = 20
TURNS = 5
GROUP_BY = """
    SELECT indicator_id, period_id, count(*), sum(numerator), sum(denominator), sum(value)
    FROM indicators_observation WHERE state = 'approved' GROUP BY indicator_id, period_id
"""
KINDS: list[dict[str, Any]] = [
    {"value_type": "ratio", "site_rule": "ratio_of_sums", "time_rule": "last"},
    {"value_type": "ratio", "site_rule": "ratio_of_sums", "time_rule": "ratio_of_sums"},
    {
        "value_type": "count",
        "site_rule": "sum",
        "time_rule": "sum",
        "scale": Decimal(1),
        "min_denominator": None,
    },
    {"value_type": "number", "site_rule": "mean", "time_rule": "mean", "scale": Decimal(1)},
    {"value_type": "score", "site_rule": "mean_weighted_n", "time_rule": "last", "scale": Decimal(1)},
]
LOAD = """
    INSERT INTO indicators_observation (
        indicator_id, period_id, unit_id, cell, numerator, denominator, value, text, missing_reason, sample_size, as_of,
        reliability, credibility, marking, comment, source, state, version, entered_by_id, entered_at, submitted_by_id,
        submitted_at, decided_by_id, decided_at, decision_comment, correction_reason)
    SELECT i.id, p.id, u.id, '',
        CASE WHEN v.value_type = 'ratio' THEN 10 + (i.id * 7 + p.id * 13 + u.id * 31) %% 40 END,
        CASE WHEN v.value_type = 'ratio' THEN 50 + (i.id * 11 + p.id * 5 + u.id * 3) %% 30 END,
        CASE WHEN v.value_type <> 'ratio' THEN (i.id * 7 + p.id * 13 + u.id * 31) %% 97 + 0.5 * (u.id %% 2) END,
        '', '', CASE WHEN v.value_type = 'score' THEN 20 + u.id %% 9 END, p.ends_on,
        'B', 2, 'NATO UNCLASSIFIED', 'As inspected.', 'form', 'approved', 1, %(by)s, %(at)s, %(by)s, %(at)s, %(other)s,
        %(at)s, '', ''
    FROM indicators_programmeindicator i
    JOIN indicators_indicatorversion v ON v.id = i.version_id
    JOIN indicators_reportingperiod p ON p.programme_id = i.programme_id
    JOIN indicators_reportingunit u ON u.programme_id = i.programme_id
    ORDER BY p.id, i.id, u.id
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
    """Monthly figures of two years from every site of every indicator, without the tables' triggers."""
    from django.db import connection, transaction

    from indicators.models import (
        Observation,
        ProgrammeIndicator,
        ReportingPeriod,
        ReportingUnit,
        TargetRevision,
    )
    from tests import factories as make

    sites = max(round(observations / indicators / PERIODS), 1)
    each = indicators // PROGRAMMES
    officer, approver = make.make_user(), make.make_user()
    versions = [make.make_version(direction="ascending", **KINDS[n % len(KINDS)]) for n in range(each)]
    for _number in range(PROGRAMMES):
        programme = make.make_programme()
        for first in (date(2024 + n // 12, n % 12 + 1, 1) for n in range(PERIODS)):
            last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
            ReportingPeriod.objects.create(
                programme=programme, frequency="monthly", starts_on=first, ends_on=last, label=f"{first:%Y-%m}",
                due_on=last + timedelta(days=15),
            )  # fmt: skip
        units = ReportingUnit.objects.bulk_create(
            ReportingUnit(programme=programme, code=f"S{n}", name=f"Site {n}", kind="site")
            for n in range(sites)
        )
        tailored = ProgrammeIndicator.objects.bulk_create(
            ProgrammeIndicator(
                programme=programme, definition=one.definition_of, version=one, frequency="monthly",
                rationale="It fits.",
            )
            for one in versions
        )  # fmt: skip
        through = ProgrammeIndicator.units.through
        through.objects.bulk_create(
            through(programmeindicator=one, reportingunit=unit) for one in tailored for unit in units
        )
        TargetRevision.objects.bulk_create(
            TargetRevision(
                indicator=one, number=1, baseline=Decimal(5), baseline_on=date(2023, 12, 31), target=Decimal(90),
                target_on=date(2026, 12, 31), effective_on=date(2023, 12, 31), reason="First.", created_by=officer,
            )
            for one in tailored
        )  # fmt: skip
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(LOAD, {"by": officer.pk, "other": approver.pk, "at": AT})
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    return Observation.objects.count()
