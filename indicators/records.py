"""What the records of indicators say of themselves, for their data-quality profile. Reads; decides nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, Q
from django.db.models.functions import TruncDate

from indicators.engine import profile
from indicators.engine.profile import QualityFacts, Shares
from indicators.engine.quality import coverage, staleness
from indicators.engine.types import RefusalCode, Snapshot
from indicators.models import Evidence, Observation, State

Grades = list[tuple[str, int | None, str, int]]
"""(reliability, credibility, source, how many)"""


def quality_facts(
    snapshots: Mapping[int, Snapshot], *, mismatches: Mapping[int, int] | None = None
) -> dict[int, QualityFacts]:
    """What is known of the records of each indicator. Two queries.

    Args:
        snapshots: indicator → its series and plan.
        mismatches: indicator → periods in which parts do not give their total; nothing given: none was looked for.
    """
    rows = Observation.objects.filter(indicator__in=list(snapshots)).order_by()
    counts, graded = _counts(rows), _grades(rows)
    return {
        pk: _facts(snapshot, counts.get(pk, {}), graded[pk], (mismatches or {}).get(pk, 0))
        for pk, snapshot in snapshots.items()
    }


def _grades(rows: Any) -> dict[int, Grades]:
    found: dict[int, Grades] = defaultdict(list)
    approved = rows.filter(state=State.APPROVED, missing_reason="")
    for pk, *grade in approved.values_list("indicator_id", "reliability", "credibility", "source").annotate(
        Count("pk")
    ):
        found[pk].append(tuple(grade))  # type: ignore[arg-type]
    return found


def _facts(snapshot: Snapshot, counts: Mapping[str, int], graded: Grades, mismatches: int) -> QualityFacts:
    figures, with_error = counts.get("figures", 0), counts.get("with_error", 0)
    newest = next((p for p in reversed(snapshot.series) if p.value is not None), None)
    reported = [p for p in snapshot.series if p.value is not None or p.refusal is not None]
    too_small = [p for p in reported if p.refusal and p.refusal.code is RefusalCode.DENOMINATOR_TOO_SMALL]
    plan = snapshot.plan
    change = None if plan.baseline is None or plan.target is None else plan.target - plan.baseline
    return QualityFacts(
        figures=figures,
        mismatches=mismatches,
        same_person=counts.get("same_person", 0),
        with_evidence=Shares(part=counts.get("with_evidence", 0), whole=figures),
        corrected=Shares(part=counts.get("corrected", 0), whole=figures + counts.get("corrected", 0)),
        is_sample=with_error > 0,
        with_error=Shares(part=with_error, whole=figures),
        margin=None
        if newest is None or newest.standard_error is None
        else profile.Z_95 * newest.standard_error,
        planned_change=change,
        below_minimum=None
        if snapshot.rule.min_n is None and snapshot.rule.min_denominator is None
        else Shares(part=len(too_small), whole=len(reported)),
        grades=tuple((r, c) for r, c, _source, count in graded for _n in range(count)),
        sources=len({source for _r, _c, source, _count in graded}) or None,
        age=None
        if newest is None
        else staleness(
            newest.ends_on,
            snapshot.as_of,
            frequency_days=snapshot.frequency_days,
            grace_days=snapshot.grace_days,
        ),
        on_time=Shares(part=counts.get("on_time", 0), whole=counts.get("answers", 0)),
        coverage=coverage(snapshot.series, snapshot.as_of),
    )


def _counts(rows: Any) -> dict[int, dict[str, int]]:
    approved = Q(state=State.APPROVED)
    figure = approved & Q(missing_reason="")
    counted = (
        rows.annotate(
            has_evidence=Exists(Evidence.objects.filter(observation=OuterRef("pk"))),
            submitted_on=TruncDate("submitted_at"),
        )
        .values("indicator_id")
        .annotate(
            answers=Count("pk", filter=approved),
            figures=Count("pk", filter=figure),
            same_person=Count("pk", filter=figure & Q(decided_by=F("entered_by"))),
            with_evidence=Count("pk", filter=figure & Q(has_evidence=True)),
            corrected=Count("pk", filter=Q(state=State.SUPERSEDED)),
            with_error=Count("pk", filter=figure & Q(standard_error__isnull=False)),
            on_time=Count("pk", filter=approved & Q(submitted_on__lte=F("period__due_on"))),
        )
    )
    return {row["indicator_id"]: row for row in counted}
