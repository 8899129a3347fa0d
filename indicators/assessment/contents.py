"""Everything that an evaluation holds, in a fixed number of queries. Reads; decides nothing."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Prefetch

from indicators.models import (
    AdjustmentDecision,
    CriterionRating,
    DesignVersion,
    Evaluation,
    Evidence,
    FactComment,
    Finding,
    Lesson,
    ManagementResponse,
    Recommendation,
    TargetRevision,
    Verdict,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """The parts of a report, and what came of it, each in the order of the report."""

    findings: list[Finding]
    ratings: dict[str, CriterionRating]
    lessons: list[Lesson]
    recommendations: list[Recommendation]

    @property
    def comments(self) -> list[FactComment]:
        return [comment for finding in self.findings for comment in finding.comments.all()]  # type: ignore[attr-defined]

    @property
    def responses(self) -> list[ManagementResponse]:
        return [one.response for one in self.recommendations if hasattr(one, "response")]

    @property
    def decisions(self) -> list[AdjustmentDecision]:
        """Each once, the oldest first."""
        found = {
            decision.pk: decision
            for one in self.recommendations
            for decision in one.decisions.all()  # type: ignore[attr-defined]
        }
        return [found[pk] for pk in sorted(found)]


def load_contents(evaluation: Evaluation) -> Contents:
    """The parts with all that the page, the rules and the signature ask of them."""
    verdicts = Verdict.objects.select_related(
        "indicator__definition",
        "indicator__version",
        "indicator__programme",
        "indicator__partner",
        "course_run__course",
    ).defer("inputs", "result")
    evidence = Evidence.objects.select_related("observation__indicator__definition", "observation__period")
    comments = FactComment.objects.select_related("by", "answered_by")
    findings = Finding.objects.filter(evaluation=evaluation).prefetch_related(
        Prefetch("verdicts", queryset=verdicts),
        Prefetch("evidence", queryset=evidence.order_by("pk")),
        Prefetch("comments", queryset=comments.order_by("pk")),
    )
    recommendations = (
        Recommendation.objects.filter(evaluation=evaluation)
        .select_related("response__responded_by", "response__status_by")
        .prefetch_related("findings", Prefetch("decisions", queryset=decisions_in_full()))
    )
    lessons = Lesson.objects.filter(evaluation=evaluation).select_related("created_by")
    return Contents(
        findings=_numbered(list(findings.order_by("pk"))),
        ratings={one.criterion: one for one in CriterionRating.objects.filter(evaluation=evaluation)},
        lessons=_numbered(list(lessons.prefetch_related("findings").order_by("pk"))),
        recommendations=_numbered(list(recommendations.order_by("pk"))),
    )


def decisions_in_full():  # type: ignore[no-untyped-def]
    """Decisions with what they led to: target revisions and design versions."""
    revisions = TargetRevision.objects.select_related(
        "indicator__definition", "indicator__version", "indicator__programme"
    )
    return (
        AdjustmentDecision.objects.select_related("decided_by", "programme")
        .prefetch_related(
            Prefetch("revisions", queryset=revisions.order_by("pk")),
            Prefetch("designs", queryset=DesignVersion.objects.order_by("number")),
        )
        .order_by("pk")
    )


def _numbered(rows):  # type: ignore[no-untyped-def]
    """Each row with its place in the report, from 1, by which text refers to it."""
    for place, row in enumerate(rows, start=1):
        row.number = place
    return rows
