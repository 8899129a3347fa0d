"""Rows in, engine types out, in a fixed number of queries. Decides nothing, writes nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from django.db.models import Count, Prefetch, Q, QuerySet

from indicators.dependencies import load_graph
from indicators.engine.codec import from_json
from indicators.engine.periods import Frequency
from indicators.engine.rules import Rules
from indicators.engine.types import (
    IndicatorRule,
    Measurement,
    Message,
    PeriodValue,
    Plan,
    Refusal,
    RefusalCode,
    Snapshot,
)
from indicators.models import (
    Milestone,
    Observation,
    ProgrammeIndicator,
    ReportingPeriod,
    Rollup,
    TargetRevision,
    rules_on,
)

NO_PLAN = Plan(baseline=None, baseline_on=None, target=None, target_on=None)
Key = tuple[int, int]
"""(indicator, period)"""
ROLLED_UP = (
    "value", "numerator", "denominator", "standard_error", "n", "reported", "refusal_code", "refusal"
)  # fmt: skip
SHARED = ("version", "programme", "definition", "partner")
"""What many indicators have in common."""
FEW = 50
_Row = Sequence[Any]
"""The columns `ROLLED_UP` of a roll-up; rows, because there are many."""


def load_indicators(pks: Iterable[int]) -> list[ProgrammeIndicator]:
    """Indicators with all that `load_snapshots` and `expected_sites` ask of them.

    Three queries, up to four more from `FEW` indicators on; two more when some are computed, for who reports the
    figures that they rest on.
    """
    revisions = TargetRevision.objects.order_by("number").prefetch_related(
        Prefetch("milestones", queryset=Milestone.objects.order_by("due_on"))
    )
    pks = list(pks)
    rows = ProgrammeIndicator.objects.filter(pk__in=pks)
    # One query for each is cheaper than a copy of a version and a programme with every indicator of many.
    rows = rows.select_related(*SHARED) if len(pks) <= FEW else rows.prefetch_related(*SHARED)
    indicators = list(
        rows.annotate(unit_count=Count("units", filter=Q(units__is_active=True)))
        .prefetch_related(Prefetch("revisions", queryset=revisions))
        .order_by("pk")
    )
    _count_units_of_sources([one for one in indicators if one.is_computed])
    return indicators


def _count_units_of_sources(computed: list[ProgrammeIndicator]) -> None:
    """Give each computed indicator `source_units`: how many units report each observed one that it rests on."""
    if not computed:
        return
    graph = load_graph(one.pk for one in computed)
    leaves = {one.pk: graph.leaves(one.pk) for one in computed}
    counts = dict(
        ProgrammeIndicator.objects.filter(pk__in=set().union(*leaves.values()))
        .annotate(unit_count=Count("units", filter=Q(units__is_active=True)))
        .values_list("pk", "unit_count")
    )
    for one in computed:
        one.source_units = [counts[leaf] for leaf in leaves[one.pk]]  # type: ignore[attr-defined]


def expected_sites(indicator: ProgrammeIndicator, period: ReportingPeriod) -> int:
    """How many figures are due for this indicator and period.

    Nothing is due for what is reported when it happens; one course run owes one figure; otherwise each unit
    that reports owes one, or the programme as a whole. A computed indicator owes none itself: what is due for it
    is what is due for the observed ones that it rests on.
    """
    if period.frequency == Frequency.EVENT:
        return 0
    if indicator.is_computed:
        units: list[int] = indicator.source_units  # type: ignore[attr-defined]
        return sum(1 if period.frequency == Frequency.PER_COURSE else count or 1 for count in units)
    if period.frequency == Frequency.PER_COURSE:
        return 1
    return indicator.unit_count or 1  # type: ignore[attr-defined]


def load_measurements(keys: Iterable[Key]) -> dict[Key, list[Measurement]]:
    """The approved figures of the given indicators and periods. One query."""
    wanted = set(keys)
    rows = Observation.objects.current().filter(
        indicator__in={indicator for indicator, _period in wanted},
        period__in={period for _indicator, period in wanted},
    )
    return measurements_of(rows, wanted)


def measurements_of(
    observations: QuerySet[Observation], wanted: set[Key] | None = None
) -> dict[Key, list[Measurement]]:
    """The figures of some rows by indicator and period, as the engine reads them. One query.

    Args:
        wanted: the pairs that are asked for; None: all that the rows are of.
    """
    rows = (
        observations.select_related(None)
        .order_by("indicator_id", "period_id", "unit_id", "cell", "pk")
        .values_list(
            "indicator_id",
            "period_id",
            "id",
            "unit_id",
            "cell",
            "numerator",
            "denominator",
            "value",
            "standard_error",
            "sample_size",
        )
    )
    found: dict[Key, list[Measurement]] = defaultdict(list)
    is_small = wanted is None or len(wanted) <= FEW
    for indicator, period, pk, unit, cell, numerator, denominator, value, error, n in (
        rows if is_small else rows.iterator()
    ):
        if wanted is None or (indicator, period) in wanted:
            found[indicator, period].append(
                Measurement(
                    id=pk,
                    site=unit,
                    cell=cell,
                    numerator=numerator,
                    denominator=denominator,
                    value=value,
                    standard_error=error,
                    n=n,
                )
            )
    return found


def load_snapshots(
    indicators: Iterable[ProgrammeIndicator],
    *,
    as_of: date,
    known_on: date | None = None,
    rules: Rules | None = None,
) -> dict[int, Snapshot]:
    """Everything that a verdict at `as_of` depends on, for indicators from `load_indicators`. Three queries.

    Args:
        known_on: the day by which a missing figure counts as missing if it was due; None: `as_of`. An assessment of a
            quarter is made weeks after its end, when the quarter's own figures are either there or overdue.
        rules: other borders than those in force at `as_of`, to see what they would do.
    """
    indicators = list(indicators)
    rules = rules or rules_on(as_of)
    periods = _periods_upto(indicators, as_of)
    rollups: dict[int, dict[int, _Row]] = defaultdict(dict)
    for indicator_pk, period_pk, *row in (
        Rollup.objects.filter(indicator__in=[i.pk for i in indicators], period__ends_on__lte=as_of)
        .order_by()
        .values_list("indicator_id", "period_id", *ROLLED_UP)
    ):
        rollups[indicator_pk][period_pk] = row
    versions = {indicator.version_id: indicator.version for indicator in indicators}
    by_version = {pk: version.rule() for pk, version in versions.items()}
    return {
        indicator.pk: _snapshot(
            indicator,
            by_version[indicator.version_id],
            periods[indicator.programme_id, indicator.frequency],
            rollups[indicator.pk],
            as_of=as_of,
            known_on=known_on or as_of,
            rules=rules,
        )
        for indicator in indicators
    }


def _periods_upto(
    indicators: list[ProgrammeIndicator], as_of: date
) -> dict[tuple[int, str], list[ReportingPeriod]]:
    found: dict[tuple[int, str], list[ReportingPeriod]] = defaultdict(list)
    for period in ReportingPeriod.objects.filter(
        programme__in={i.programme_id for i in indicators}, ends_on__lte=as_of
    ).order_by("ends_on", "starts_on", "pk"):
        found[period.programme_id, period.frequency].append(period)
    return found


def _snapshot(
    indicator: ProgrammeIndicator,
    rule: IndicatorRule,
    periods: list[ReportingPeriod],
    rollups: dict[int, _Row],
    *,
    as_of: date,
    known_on: date,
    rules: Rules,
) -> Snapshot:
    revisions = list(indicator.revisions.all())
    since = revisions[0].effective_on if revisions else indicator.programme.starts_on
    # The periods have the indicator's frequency, so the same is expected in all of them.
    expected = expected_sites(indicator, periods[0]) if periods else 0
    series = tuple(
        [
            period_value(period, rollups.get(period.pk), expected)
            for period in periods
            if period.pk in rollups or _was_due(period, since=since, known_on=known_on)
        ]
    )
    current, original = _plans(revisions, as_of)
    return Snapshot(
        rule=rule,
        plan=current,
        original_plan=original,
        series=series,
        as_of=as_of,
        frequency_days=Frequency(indicator.frequency).days,
        grace_days=indicator.programme.grace_days,
        rules=rules,
    )


def _was_due(period: ReportingPeriod, *, since: date, known_on: date) -> bool:
    """Nothing is due before the indicator was agreed, nor ever for what is reported when it happens."""
    return since <= period.ends_on and period.due_on <= known_on and period.frequency != Frequency.EVENT


def plans_of(indicator: ProgrammeIndicator, *, as_of: date) -> tuple[Plan, Plan]:
    """The plan valid at `as_of` and the first one ever; reads only what `load_indicators` prefetched."""
    return _plans(list(indicator.revisions.all()), as_of)


def _plans(revisions: list[TargetRevision], as_of: date) -> tuple[Plan, Plan]:
    if not revisions:
        return NO_PLAN, NO_PLAN
    valid = [revision for revision in revisions if revision.effective_on <= as_of] or revisions[:1]
    original = revisions[0].as_plan()
    return original if valid[-1] is revisions[0] else valid[-1].as_plan(), original


def period_value(period: ReportingPeriod, row: Sequence[Any] | None, expected: int) -> PeriodValue:
    """A stored figure (columns `ROLLED_UP`) as the engine sees it; `row` None: nothing was reported."""
    if row is None:
        return PeriodValue(
            starts_on=period.starts_on,
            ends_on=period.ends_on,
            label=period.label,
            value=None,
            expected=expected,
        )
    value, numerator, denominator, standard_error, n, reported, code, why = row
    return PeriodValue(
        starts_on=period.starts_on,
        ends_on=period.ends_on,
        label=period.label,
        value=value,
        numerator=numerator,
        denominator=denominator,
        standard_error=standard_error,
        n=n,
        reported=reported,
        expected=expected,
        refusal=Refusal(code=RefusalCode(code), message=from_json(Message, why)) if code and why else None,
    )
