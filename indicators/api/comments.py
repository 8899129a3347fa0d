"""Comments over the machine door: read and written with the rules of the pages."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import models
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from indicators import commenting
from indicators.api.views import ByIdViewSet
from indicators.disclosure import withheld
from indicators.models import Comment, User
from indicators.models.comments import SUBJECTS

LARGEST = 2**63 - 1


class CommentSerializer(serializers.Serializer[Any]):
    """A comment as the person reads it: `text` is empty where it is withdrawn or left out (few people)."""

    id = serializers.IntegerField(source="comment.pk")
    indicator = serializers.IntegerField(source="comment.indicator_id", allow_null=True)
    observation = serializers.IntegerField(source="comment.observation_id", allow_null=True)
    finding = serializers.IntegerField(source="comment.finding_id", allow_null=True)
    answers = serializers.IntegerField(source="comment.answers_id", allow_null=True)
    text = serializers.CharField()
    by = serializers.CharField()
    at = serializers.DateTimeField(source="comment.at")
    edited_at = serializers.DateTimeField(source="comment.edited_at", allow_null=True)
    for_partners = serializers.BooleanField(source="comment.for_partners")
    is_withdrawn = serializers.BooleanField(source="comment.is_withdrawn")
    is_resolved = serializers.BooleanField(source="comment.is_resolved")
    is_left_out = serializers.BooleanField()


class KeptCommentSerializer(CommentSerializer):
    """What was kept, with the names that nobody bears who reads it."""

    unknown_names = serializers.ListField(child=serializers.CharField())


class NewCommentSerializer(serializers.Serializer[Any]):
    """Exactly one of indicator, observation and finding, and what is said of it."""

    indicator = serializers.IntegerField(required=False, min_value=1, max_value=LARGEST)
    observation = serializers.IntegerField(required=False, min_value=1, max_value=LARGEST)
    finding = serializers.IntegerField(required=False, min_value=1, max_value=LARGEST)
    answers = serializers.IntegerField(required=False, min_value=1, max_value=LARGEST)
    text = serializers.CharField(trim_whitespace=False)
    for_partners = serializers.BooleanField(default=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        given = [name for name in SUBJECTS if name in attrs]
        if len(given) != 1:
            raise ValidationError(
                _("%(given)s were given; exactly one of indicator, observation, finding was expected.")
                % {"given": ", ".join(given) or _("none")}
            )
        return attrs


class CommentFilter(filters.FilterSet):
    indicator = filters.NumberFilter(field_name="indicator_id", max_value=LARGEST)
    observation = filters.NumberFilter(field_name="observation_id", max_value=LARGEST)
    finding = filters.NumberFilter(field_name="finding_id", max_value=LARGEST)
    is_resolved = filters.BooleanFilter(field_name="resolved_at", lookup_expr="isnull", exclude=True)

    class Meta:
        model = Comment
        fields: list[str] = []


class CommentViewSet(ByIdViewSet):
    """What people say beside an indicator, a figure or a finding."""

    model = Comment
    serializer_class = CommentSerializer
    filterset_class = CommentFilter

    def with_related(self, rows: models.QuerySet[Any]) -> models.QuerySet[Any]:
        return rows.select_related(
            "by", "observation__indicator__version", "observation__indicator__programme"
        ).prefetch_related("former_texts")

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        rows = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response(
            CommentSerializer(_lines(request.user, rows or []), many=True).data
        )

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        (line,) = _lines(request.user, [self.get_object()])
        return Response(CommentSerializer(line).data)

    @extend_schema(request=NewCommentSerializer, responses={201: KeptCommentSerializer})
    def create(self, request: Request) -> Response:
        """Say something about one thing, or answer what was said."""
        shape = NewCommentSerializer(data=request.data)
        shape.is_valid(raise_exception=True)
        given = shape.validated_data
        kind = next(name for name in SUBJECTS if name in given)
        subject = get_object_or_404(commenting.every_subject(request.user, kind), pk=given[kind])
        answers = None
        if "answers" in given:
            seen = Comment.objects.visible_to(request.user).select_related("answers")
            answers = get_object_or_404(seen, pk=given["answers"])
        said = commenting.write_comment(
            subject=subject,
            text=given["text"],
            answers=answers,
            for_partners=given["for_partners"],
            by=request.user,
            at=timezone.now(),
        )
        (line,) = _lines(request.user, [self.get_queryset().get(pk=said.comment.pk)])
        data = {**CommentSerializer(line).data, "unknown_names": list(said.unknown)}
        return Response(data, status=status.HTTP_201_CREATED)


def _lines(user: User, rows: Iterable[Comment]) -> list[commenting.Line]:
    """Two queries where some are about cells, none for administrators."""
    rows = list(rows)
    hidden = withheld(user, [one.observation for one in rows if one.observation is not None])
    return [commenting.line_of(one, user, is_left_out=one.observation_id in hidden) for one in rows]
