"""The machine door to documents: ask, follow, take. The pages' own action."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import models
from django.urls import reverse
from django.utils import timezone, translation
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from indicators.api.views import ByIdViewSet
from indicators.documents.actions import request_document
from indicators.models import Document


class DocumentSerializer(serializers.ModelSerializer[Document]):
    """A report as a file. `file` is where it is taken from once `state` is ready; null before."""

    programme = serializers.CharField(source="programme.code", allow_null=True, default=None, read_only=True)
    file = serializers.SerializerMethodField()

    class Meta:
        model = Document
        fields = [
            "id", "kind", "key", "format", "language", "programme", "title", "state", "problem", "marking",
            "inputs_hash", "sha256", "size", "requested_at", "made_at", "file",
        ]  # fmt: skip

    def get_file(self, one: Document) -> str | None:
        return reverse("document-file", args=[one.pk]) if one.state == Document.State.READY else None


class NewDocumentSerializer(serializers.Serializer[Any]):
    """What to build."""

    kind = serializers.ChoiceField(choices=Document.Kind.choices)
    key = serializers.CharField(
        max_length=40, help_text="A programme's code, the number of an assessment or evaluation, or all."
    )
    format = serializers.ChoiceField(choices=Document.Format.choices)


class DocumentViewSet(ByIdViewSet):
    """Documents that one asked for oneself."""

    model = Document
    serializer_class = DocumentSerializer
    filterset_class = None

    def with_related(self, rows: models.QuerySet[Any]) -> models.QuerySet[Any]:
        return rows.select_related("programme").defer("content")

    @extend_schema(request=NewDocumentSerializer, responses={202: DocumentSerializer})
    def create(self, request: Request) -> Response:
        """Have a document built; follow it at its own address. What is under way already is given again."""
        shape = NewDocumentSerializer(data=request.data)
        shape.is_valid(raise_exception=True)
        try:
            made = request_document(
                kind=shape.validated_data["kind"],
                key=shape.validated_data["key"],
                file_format=shape.validated_data["format"],
                language=translation.get_language() or "en",
                by=request.user,
                at=timezone.now(),
            )
        except DjangoValidationError as refusal:
            raise ValidationError({"detail": refusal.messages}) from None
        return Response(DocumentSerializer(made).data, status=status.HTTP_202_ACCEPTED)
