"""Contribution ratings over the machine door: read alone, and only what a person may see by then."""

from __future__ import annotations

from typing import Any

from django.db import models
from django_filters import rest_framework as filters
from rest_framework import serializers

from indicators.api.views import ByIdViewSet
from indicators.models import ContributionEvidence, ContributionRating, ContributionReview, RivalExplanation


class ContributionEvidenceSerializer(serializers.ModelSerializer[ContributionEvidence]):
    """A piece of evidence, and the one thing that it rests on."""

    class Meta:
        model = ContributionEvidence
        fields = [
            "claim", "speaks_for", "strength", "statement", "observation", "evidence", "verdict", "source", "link",
        ]  # fmt: skip


class RivalExplanationSerializer(serializers.ModelSerializer[RivalExplanation]):
    """Another explanation, and how it was examined."""

    class Meta:
        model = RivalExplanation
        fields = ["name", "plausibility", "judgement", "examined"]


class ReviewSerializer(serializers.ModelSerializer[ContributionReview]):
    """The round that a rating belongs to, and what the raters settled on."""

    class Meta:
        model = ContributionReview
        fields = ["id", "number", "reason", "opened_at", "reconciled", "reconciled_reason", "reconciled_at"]


class ContributionRatingSerializer(serializers.ModelSerializer[ContributionRating]):
    """One person's rating, 0 to 4: another's only once both are handed in."""

    programme = serializers.CharField(source="review.indicator.programme.code")
    indicator = serializers.IntegerField(source="review.indicator_id")
    round = ReviewSerializer(source="review")
    rater = serializers.CharField()
    items = ContributionEvidenceSerializer(many=True)
    rivals = RivalExplanationSerializer(many=True)

    class Meta:
        model = ContributionRating
        fields = [
            "id", "programme", "indicator", "round", "seat", "rater", "rating", "reasons", "state", "submitted_at",
            "content_hash", "items", "rivals",
        ]  # fmt: skip


class ContributionRatingFilter(filters.FilterSet):
    programme = filters.CharFilter(field_name="review__indicator__programme__code")
    indicator = filters.NumberFilter(field_name="review__indicator_id", max_value=2**63 - 1)
    state = filters.ChoiceFilter(choices=ContributionRating.State.choices)

    class Meta:
        model = ContributionRating
        fields: list[str] = []


class ContributionRatingViewSet(ByIdViewSet):
    """How far two evaluators, each on their own, see that a programme contributed to a change."""

    model = ContributionRating
    serializer_class = ContributionRatingSerializer
    filterset_class = ContributionRatingFilter

    def with_related(self, rows: models.QuerySet[Any]) -> models.QuerySet[Any]:
        return rows.select_related("review__indicator__programme", "rater").prefetch_related(
            "items", "rivals"
        )
