"""Programmes with indicators of several kinds and monthly figures from every site, written set by set."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

PERIODS = 24
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
FIGURES = """
    INSERT INTO indicators_observation (
        indicator_id, period_id, unit_id, cell, numerator, denominator, value, text, missing_reason, sample_size, as_of,
        reliability, credibility, marking, comment, source, state, version, entered_by_id, entered_at, submitted_by_id,
        submitted_at, decided_by_id, decided_at, decision_comment, correction_reason, follow_up, by_request)
    SELECT i.id, p.id, u.id, '',
        CASE WHEN v.value_type = 'ratio' THEN 10 + (i.id * 7 + p.id * 13 + u.id * 31) %% 40 END,
        CASE WHEN v.value_type = 'ratio' THEN 50 + (i.id * 11 + p.id * 5 + u.id * 3) %% 30 END,
        CASE WHEN v.value_type <> 'ratio' THEN (i.id * 7 + p.id * 13 + u.id * 31) %% 97 + 0.5 * (u.id %% 2) END,
        '', '', CASE WHEN v.value_type = 'score' THEN 20 + u.id %% 9 END, p.ends_on,
        'B', 2, 'NATO UNCLASSIFIED', 'As inspected.', 'form', 'approved', 1, %(by)s, p.ends_on + 1, %(by)s,
        p.ends_on + 2, %(other)s, p.ends_on + 3, '', '', false, false
    FROM indicators_programmeindicator i
    JOIN indicators_indicatorversion v ON v.id = i.version_id
    JOIN indicators_reportingperiod p ON p.programme_id = i.programme_id AND p.starts_on >= %(since)s
    JOIN indicators_programmeindicator_units t ON t.programmeindicator_id = i.id
    JOIN indicators_reportingunit u ON u.id = t.reportingunit_id
    WHERE NOT EXISTS (
        SELECT FROM indicators_observation o
        WHERE o.indicator_id = i.id AND o.period_id = p.id AND o.unit_id = u.id)
    ORDER BY p.id, i.id, u.id
"""


def months_until(last: date) -> list[date]:
    """The first days of as many months as there are periods, the month of `last` being the newest."""
    months = [last.year * 12 + last.month - 1 - back for back in range(PERIODS)]
    return [date(number // 12, number % 12 + 1, 1) for number in reversed(months)]


def make_programmes(count: int, *, indicators: int, last: date) -> None:
    """So many programmes that share `indicators` between them, with a plan each; nobody reports yet."""
    from django.db import connection

    from indicators.models import Objective, ProgrammeIndicator, ReportingPeriod, TargetRevision
    from tests import factories as make

    officer = make.make_user()
    months = months_until(last)
    first = months[0] - timedelta(days=1)
    versions = [
        make.make_version(direction="ascending", **KINDS[n % len(KINDS)]) for n in range(indicators // count)
    ]
    for _number in range(count):
        programme = make.make_programme(starts_on=first, ends_on=date(last.year + 1, 12, 31))
        design = programme.designs.get()
        Objective.objects.bulk_create(
            Objective(design=design, code=f"OC{n}", level="outcome", statement="Another thing is better.")
            for n in range(2, 5)
        )
        objectives = list(design.objectives.all())
        ReportingPeriod.objects.bulk_create(_period(programme, one) for one in months)
        tailored = ProgrammeIndicator.objects.bulk_create(
            ProgrammeIndicator(
                programme=programme, definition=one.definition_of, version=one, frequency="monthly",
                objective=objectives[n % len(objectives)], rationale="It fits.", is_critical=n == 0,
            )
            for n, one in enumerate(versions)
        )  # fmt: skip
        TargetRevision.objects.bulk_create(
            TargetRevision(
                indicator=one, number=1, baseline=Decimal(5), baseline_on=first, target=Decimal(90),
                target_on=programme.ends_on, effective_on=first, reason="First.", created_by=officer,
            )
            for one in tailored
        )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE indicators_programmeindicator i SET plan_id = r.id FROM indicators_targetrevision r "
            "WHERE r.indicator_id = i.id"
        )


def _period(programme: Any, starts_on: date) -> Any:
    from indicators.models import ReportingPeriod

    ends_on = (starts_on + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    return ReportingPeriod(
        programme=programme,
        frequency="monthly",
        starts_on=starts_on,
        ends_on=ends_on,
        label=f"{starts_on:%Y-%m}",
        due_on=ends_on + timedelta(days=15),
    )


def add_sites(upto: int) -> None:
    """Every programme has so many sites, and all of them report every indicator."""
    from indicators.models import Programme, ProgrammeIndicator, ReportingUnit

    through = ProgrammeIndicator.units.through
    for programme in Programme.objects.all():
        units = ReportingUnit.objects.bulk_create(
            ReportingUnit(programme=programme, code=f"S{n}", name=f"Site {n}", kind="site")
            for n in range(programme.units.count(), upto)
        )
        through.objects.bulk_create(
            through(programmeindicator_id=one, reportingunit=unit)
            for one in programme.indicators.values_list("pk", flat=True)
            for unit in units
        )


def write_figures(*, since: date) -> int:
    """An approved figure wherever one is due from `since` on, without the tables' triggers. How many there are."""
    from django.db import connection, transaction

    from indicators.models import Observation
    from tests import factories as make

    officer, approver = make.make_user(), make.make_user()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(FIGURES, {"by": officer.pk, "other": approver.pk, "since": since})
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    return Observation.objects.count()
