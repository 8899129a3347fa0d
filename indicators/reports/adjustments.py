"""Decisions, what led to them and what came after: figures and verdicts before and after. Reads only (METHOD 4.5)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from django.db.models import Prefetch, Q, QuerySet

from indicators.models import (
    AdjustmentDecision,
    AssessmentRun,
    DesignVersion,
    Finding,
    Programme,
    ProgrammeIndicator,
    Recommendation,
    Rollup,
    TargetRevision,
    User,
    Verdict,
)
from indicators.reports import cells
from indicators.reports.cells import Cell

NEXT = 4
"""Assessments after a decision that are shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stand:
    """What one assessment said of an indicator."""

    run_pk: int
    verdict_pk: int
    label: str
    as_of: date
    status: str
    value: Cell
    refusal: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Aftermath:
    """One indicator before and after one decision."""

    decision: AdjustmentDecision
    decided_on: date
    indicator: ProgrammeIndicator
    before: Stand | None
    after: tuple[Stand, ...]
    figure_before: tuple[str, Cell] | None
    """Period and value of the last figure that ended before the decision."""
    figure_after: tuple[str, Cell] | None
    revisions: tuple[TargetRevision, ...]


def every_decision(user: User) -> QuerySet[AdjustmentDecision]:
    """Those that the person sees, with what carries them out and the indicators that their findings cite."""
    revisions = TargetRevision.objects.select_related(
        "indicator__definition", "indicator__version", "indicator__partner", "indicator__programme"
    )
    cited = Verdict.objects.select_related(
        "indicator__definition",
        "indicator__version",
        "indicator__partner",
        "indicator__programme",
        "course_run__course",
    ).defer("inputs", "result")
    recommendations = Recommendation.objects.select_related("evaluation", "response").prefetch_related(
        Prefetch("findings", queryset=Finding.objects.prefetch_related(Prefetch("verdicts", queryset=cited)))
    )
    return (
        AdjustmentDecision.objects.visible_to(user)
        .select_related("programme", "decided_by")
        .prefetch_related(
            Prefetch("revisions", queryset=revisions.order_by("pk")),
            Prefetch("designs", queryset=DesignVersion.objects.order_by("number")),
            Prefetch("recommendations", queryset=recommendations.order_by("pk")),
        )
        .order_by("decided_at", "pk")
    )


def touched(decision: AdjustmentDecision) -> dict[int, ProgrammeIndicator]:
    """The indicators that a decision is about: whose target it moved, or whose verdicts led to it."""
    found = {one.indicator_id: one.indicator for one in decision.revisions.all()}  # type: ignore[attr-defined]
    for recommendation in decision.recommendations.all():
        for finding in recommendation.findings.all():
            found |= {one.indicator_id: one.indicator for one in finding.verdicts.all()}
    return dict(sorted(found.items(), key=lambda pair: (pair[1].definition.code, pair[0])))


def of_indicator(user: User, indicator: ProgrammeIndicator) -> list[Aftermath]:
    """Every decision about one indicator, the newest first, each with before and after."""
    about = Q(revisions__indicator=indicator) | Q(recommendations__findings__verdicts__indicator=indicator)
    pks = list(
        AdjustmentDecision.objects.visible_to(user).filter(about).distinct().values_list("pk", flat=True)
    )
    if not pks:
        return []
    decisions = list(every_decision(user).filter(pk__in=pks))
    found = aftermaths(indicator.programme, [(one, {indicator.pk: indicator}) for one in decisions])
    return found[::-1]


def of_decision(decision: AdjustmentDecision) -> list[Aftermath]:
    """Every indicator that a decision is about."""
    return aftermaths(decision.programme, [(decision, touched(decision))])


def before_run(user: User, run: AssessmentRun) -> list[Aftermath]:
    """Decisions made before the day of an assessment: what was said before each, and what this one says."""
    made = every_decision(user).filter(
        programme=run.programme_id,
        decided_at__lt=datetime.combine(run.as_of, time(), tzinfo=run.programme.zone),
    )
    decisions = list(made)
    return aftermaths(run.programme, [(one, touched(one)) for one in decisions], only=run)


def aftermaths(
    programme: Programme,
    asked: Sequence[tuple[AdjustmentDecision, dict[int, ProgrammeIndicator]]],
    *,
    only: AssessmentRun | None = None,
) -> list[Aftermath]:
    """Before and after for pairs of decision and indicators. Two queries, however many there are."""
    pks = {pk for _decision, indicators in asked for pk in indicators}
    if not pks:
        return []
    stands = _stands(programme, pks)
    figures = _figures(pks)
    found = []
    for decision, indicators in asked:
        day = _day(decision)
        for pk, indicator in indicators.items():
            rule = indicator.version.rule()
            said = stands.get(pk, [])
            before = [one for one in said if one["run__as_of"] <= day]
            after = [
                one for one in said if one["run__as_of"] > day and (only is None or one["run_id"] == only.pk)
            ]
            if only is not None and not after:
                continue
            earlier = [one for one in figures.get(pk, []) if one[1] <= day]
            later = [
                one for one in figures.get(pk, []) if one[1] > day and (only is None or one[1] <= only.as_of)
            ]
            found.append(
                Aftermath(
                    decision=decision,
                    decided_on=day,
                    indicator=indicator,
                    before=_stand(before[-1], rule) if before else None,
                    after=tuple(_stand(one, rule) for one in after[:NEXT]),
                    figure_before=_figure(earlier, rule),
                    figure_after=_figure(later, rule),
                    revisions=tuple(one for one in decision.revisions.all() if one.indicator_id == pk),  # type: ignore[attr-defined]
                )
            )
    return found


def _day(decision: AdjustmentDecision) -> date:
    return decision.decided_at.astimezone(decision.programme.zone).date()


def _stands(programme: Programme, pks: Collection[int]) -> dict[int, list[dict[str, Any]]]:
    """By indicator, what each assessment said, in the order of days; of a day and kind its newest revision."""
    rows = (
        Verdict.objects.filter(indicator__in=pks, run__programme=programme, method="judge", course_run=None)
        .order_by("run__as_of", "run__revision", "pk")
        .values(
            "pk",
            "indicator_id",
            "run_id",
            "run__as_of",
            "run__kind",
            "run__label",
            "status",
            "value",
            "refusal_code",
        )
    )
    newest: dict[tuple[int, date, str], dict[str, Any]] = {}
    for row in rows:
        newest[row["indicator_id"], row["run__as_of"], row["run__kind"]] = row
    found: dict[int, list[dict[str, Any]]] = {}
    for row in newest.values():
        found.setdefault(row["indicator_id"], []).append(row)
    return found


def _stand(row: dict[str, Any], rule: Any) -> Stand:
    return Stand(
        run_pk=row["run_id"],
        verdict_pk=row["pk"],
        label=row["run__label"],
        as_of=row["run__as_of"],
        status=row["status"],
        value=cells.amount(row["value"], rule),
        refusal=row["refusal_code"],
    )


def _figures(pks: Collection[int]) -> dict[int, list[tuple[str, date, Any]]]:
    """By indicator, period, its last day and its value, in order; only where there is a value."""
    rows = (
        Rollup.objects.filter(indicator__in=pks, value__isnull=False)
        .order_by("period__ends_on", "pk")
        .values_list("indicator_id", "period__label", "period__ends_on", "value")
    )
    found: dict[int, list[tuple[str, date, Any]]] = {}
    for pk, label, ends_on, value in rows:
        found.setdefault(pk, []).append((label, ends_on, value))
    return found


def _figure(rows: Sequence[tuple[str, date, Any]], rule: Any) -> tuple[str, Cell] | None:
    return (rows[-1][0], cells.amount(rows[-1][2], rule)) if rows else None
