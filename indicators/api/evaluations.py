"""The machine door of evaluations and of what comes of them. Read only; a partner viewer reads released summaries."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from rest_framework import serializers

from indicators.api.views import ByIdViewSet
from indicators.models import (
    AdjustmentDecision,
    CriterionRating,
    Evaluation,
    FactComment,
    Finding,
    GlobalRole,
    Lesson,
    ManagementResponse,
    Recommendation,
)

MOST = 2**63 - 1
OUTSIDE = {"id", "programme", "kind", "title", "question", "summary", "state", "signed_at"}
"""All that a partner viewer reads of an evaluation."""


def keys(**given: Any) -> serializers.ManyRelatedField:
    """The keys of related rows."""
    return serializers.PrimaryKeyRelatedField(many=True, read_only=True, **given)


class FactCommentSerializer(serializers.ModelSerializer[FactComment]):
    class Meta:
        model = FactComment
        fields = ["id", "text", "about_statement", "at", "answer", "answer_text", "answered_at"]


class FindingSerializer(serializers.ModelSerializer[Finding]):
    """A fact and what it rests on: verdicts (see `verdicts`) and evidence of observations."""

    programme = serializers.CharField(source="evaluation.programme.code", read_only=True)
    verdicts = keys()
    evidence = keys()
    comments = FactCommentSerializer(many=True)

    class Meta:
        model = Finding
        fields = [
            "id", "programme", "evaluation", "statement", "confidence", "confidence_reason", "verdicts", "evidence",
            "comments",
        ]  # fmt: skip


class RatingSerializer(serializers.ModelSerializer[CriterionRating]):
    """Six points to one; null: not rated, and the reason says why."""

    class Meta:
        model = CriterionRating
        fields = ["criterion", "rating", "reason"]


class ManagementResponseSerializer(serializers.ModelSerializer[ManagementResponse]):
    programme = serializers.CharField(source="recommendation.evaluation.programme.code", read_only=True)

    class Meta:
        model = ManagementResponse
        fields = [
            "id", "programme", "recommendation", "answer", "reason", "action", "responsible", "due_on", "responded_at",
            "status", "status_reason", "status_at",
        ]  # fmt: skip


class RecommendationSerializer(serializers.ModelSerializer[Recommendation]):
    programme = serializers.CharField(source="evaluation.programme.code", read_only=True)
    findings = keys()
    decisions = keys()
    response = serializers.PrimaryKeyRelatedField(read_only=True, allow_null=True, default=None)

    class Meta:
        model = Recommendation
        fields = [
            "id", "programme", "evaluation", "findings", "statement", "addressee", "priority", "due_on", "response",
            "decisions",
        ]  # fmt: skip


class LessonSerializer(serializers.ModelSerializer[Lesson]):
    """A lesson; of a programme that one does not see it names neither report nor findings."""

    programme = serializers.CharField(source="evaluation.programme.code", read_only=True)

    class Meta:
        model = Lesson
        fields = ["id", "programme", "statement", "tags", "state", "is_shared"]


class DecisionSerializer(serializers.ModelSerializer[AdjustmentDecision]):
    """A decision, what it follows, and the target revisions and design versions that carry it out."""

    programme = serializers.CharField(source="programme.code", read_only=True)
    recommendations = keys()
    revisions = keys()
    designs = keys()

    class Meta:
        model = AdjustmentDecision
        fields = [
            "id", "programme", "kind", "rationale", "decided_at", "recommendations", "revisions", "designs",
        ]  # fmt: skip


class EvaluationSerializer(serializers.ModelSerializer[Evaluation]):
    """An evaluation with its report. A partner viewer gets the released summary; the other fields are left out."""

    programme = serializers.CharField(source="programme.code", read_only=True)
    findings = FindingSerializer(many=True, read_only=True)
    ratings = RatingSerializer(many=True, read_only=True)
    recommendations = RecommendationSerializer(many=True, read_only=True)
    lessons = LessonSerializer(many=True, read_only=True)

    class Meta:
        model = Evaluation
        fields = [
            "id", "programme", "kind", "run", "title", "scope", "question", "judgement", "context", "summary", "state",
            "due_on", "created_at", "fact_check_until", "signed_at", "response_due_on", "closed_at", "content_hash",
            "findings", "ratings", "recommendations", "lessons",
        ]  # fmt: skip

    def get_fields(self) -> dict[str, Any]:
        found = super().get_fields()
        request = self.context.get("request")
        if request is not None and getattr(request.user, "global_role", "") == GlobalRole.PARTNER_VIEWER:
            return {name: field for name, field in found.items() if name in OUTSIDE}
        return found


class OfEvaluationFilter(filters.FilterSet):
    programme = filters.CharFilter(field_name="evaluation__programme__code")
    evaluation = filters.NumberFilter(field_name="evaluation_id", max_value=MOST)


class LessonFilter(filters.FilterSet):
    programme = filters.CharFilter(field_name="evaluation__programme__code")
    state = filters.ChoiceFilter(choices=Lesson.State.choices)
    tag = filters.CharFilter(method="with_tag")

    class Meta:
        model = Lesson
        fields: list[str] = []

    def with_tag(self, rows: QuerySet[Lesson], _name: str, value: str) -> QuerySet[Lesson]:
        return rows.filter(tags__contains=[value.lower()])


class ResponseFilter(filters.FilterSet):
    programme = filters.CharFilter(field_name="recommendation__evaluation__programme__code")
    answer = filters.ChoiceFilter(choices=ManagementResponse.Answer.choices)
    status = filters.ChoiceFilter(choices=ManagementResponse.Status.choices)

    class Meta:
        model = ManagementResponse
        fields: list[str] = []


class DecisionFilter(filters.FilterSet):
    programme = filters.CharFilter(field_name="programme__code")
    kind = filters.ChoiceFilter(choices=AdjustmentDecision.Kind.choices)

    class Meta:
        model = AdjustmentDecision
        fields: list[str] = []


class EvaluationFilter(filters.FilterSet):
    programme = filters.CharFilter(field_name="programme__code")
    kind = filters.ChoiceFilter(choices=Evaluation.Kind.choices)
    state = filters.ChoiceFilter(choices=Evaluation.State.choices)

    class Meta:
        model = Evaluation
        fields: list[str] = []


class EvaluationViewSet(ByIdViewSet):
    """Evaluations with their reports."""

    model = Evaluation
    serializer_class = EvaluationSerializer
    filterset_class = EvaluationFilter

    def with_related(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        if getattr(self.request.user, "global_role", "") == GlobalRole.PARTNER_VIEWER:
            return rows.select_related("programme")
        return rows.select_related("programme").prefetch_related(
            "findings__verdicts",
            "findings__evidence",
            "findings__comments",
            "ratings",
            "recommendations__findings",
            "recommendations__decisions",
            "recommendations__response",
            "lessons",
        )


class FindingViewSet(ByIdViewSet):
    """Findings, each with the verdicts and the evidence it rests on."""

    model = Finding
    serializer_class = FindingSerializer
    filterset_class = OfEvaluationFilter

    def with_related(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        related = rows.select_related("evaluation__programme")
        return related.prefetch_related("verdicts", "evidence", "comments")


class RecommendationViewSet(ByIdViewSet):
    """Recommendations, each with the findings it follows from and what came of it."""

    model = Recommendation
    serializer_class = RecommendationSerializer
    filterset_class = OfEvaluationFilter

    def with_related(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        related = rows.select_related("evaluation__programme", "response")
        return related.prefetch_related("findings", "decisions")


class ManagementResponseViewSet(ByIdViewSet):
    """Programmes' answers to recommendations, and how far their actions are."""

    model = ManagementResponse
    serializer_class = ManagementResponseSerializer
    filterset_class = ResponseFilter

    def with_related(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        return rows.select_related("recommendation__evaluation__programme")


class DecisionViewSet(ByIdViewSet):
    """Adjustment decisions."""

    model = AdjustmentDecision
    serializer_class = DecisionSerializer
    filterset_class = DecisionFilter

    def with_related(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        return rows.select_related("programme").prefetch_related("recommendations", "revisions", "designs")


class LessonViewSet(ByIdViewSet):
    """Lessons of one's programmes, and those that others share."""

    model = Lesson
    serializer_class = LessonSerializer
    filterset_class = LessonFilter

    def with_related(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        return rows.select_related("evaluation__programme")
