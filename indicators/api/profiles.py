"""Context profiles of partners at the machine door: every version, with sources. Read only."""

from __future__ import annotations

from typing import Any

import django_filters as filters
from django.db import models
from rest_framework import serializers

from indicators.api.views import ByIdViewSet
from indicators.models import ContextProfile, ProfileEntry


class ProfileEntrySerializer(serializers.ModelSerializer[ProfileEntry]):
    written_by = serializers.StringRelatedField()

    class Meta:
        model = ProfileEntry
        fields = ["topic", "text", "source", "source_on", "confidence", "written_by", "written_at"]


class ContextProfileSerializer(serializers.ModelSerializer[ContextProfile]):
    """One version; the one with the highest number is in force."""

    partner = serializers.SlugRelatedField(slug_field="code", read_only=True)
    created_by = serializers.StringRelatedField()
    entries = ProfileEntrySerializer(many=True, read_only=True)

    class Meta:
        model = ContextProfile
        fields = [
            "id",
            "partner",
            "number",
            "reason",
            "is_illustrative",
            "created_by",
            "created_at",
            "entries",
        ]


class ContextProfileFilter(filters.FilterSet):
    partner = filters.CharFilter(field_name="partner__code")

    class Meta:
        model = ContextProfile
        fields: list[str] = []


class ContextProfileViewSet(ByIdViewSet):
    """What makes each partner different, version by version; not for partner viewers."""

    model = ContextProfile
    serializer_class = ContextProfileSerializer
    filterset_class = ContextProfileFilter

    def with_related(self, rows: models.QuerySet[Any]) -> models.QuerySet[Any]:
        return rows.select_related("partner", "created_by").prefetch_related("entries__written_by")
