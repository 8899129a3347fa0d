"""Explanations at the machine door: the same text as on pages and in files."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from indicators.reports.explaining import BUILDERS, explanation_of


class LineSerializer(serializers.Serializer[Any]):
    """One step: what, by which rule, with which numbers, giving what."""

    what = serializers.CharField()
    rule = serializers.CharField()
    substituted = serializers.CharField()
    result = serializers.CharField()


class ContributionSerializer(serializers.Serializer[Any]):
    """An accepted figure that the number rests on; without its figure where it is of few people."""

    id = serializers.IntegerField()
    period = serializers.CharField()
    unit = serializers.CharField()
    cell = serializers.CharField()
    figure = serializers.CharField()
    is_left_out = serializers.BooleanField()
    entered_by = serializers.CharField()
    entered_on = serializers.DateField()
    decided_by = serializers.CharField()
    decided_on = serializers.DateField(allow_null=True)
    correction = serializers.CharField()


class ExplanationSerializer(serializers.Serializer[Any]):
    """One number and everything that it rests on, in the language that was asked for."""

    kind = serializers.ChoiceField(choices=sorted(BUILDERS))
    key = serializers.CharField()
    about = serializers.CharField()
    value = serializers.CharField()
    sentence = serializers.CharField()
    steps = LineSerializer(many=True)
    left_out = serializers.ListField(child=serializers.CharField())
    coverage = serializers.CharField()
    rounding = serializers.CharField()
    sum_up = serializers.CharField()
    figures = ContributionSerializer(many=True, source="contributions")
    more_figures = serializers.IntegerField(source="more")
    as_of = serializers.DateField()
    marking = serializers.CharField()
    is_illustrative = serializers.BooleanField()
    method_version = serializers.CharField()


def explained(request: Request, kind: str, key: str) -> Response:
    """The answer for one number; 404 for what is not there or not theirs."""
    return Response(ExplanationSerializer(explanation_of(request.user, kind, key)).data)  # type: ignore[arg-type]


@extend_schema(
    operation_id="explanations_retrieve",
    responses=ExplanationSerializer,
    parameters=[
        OpenApiParameter("kind", str, OpenApiParameter.PATH, enum=sorted(BUILDERS)),
        OpenApiParameter(
            "key",
            str,
            OpenApiParameter.PATH,
            description="12 (indicator), 12-345 (period), 12-345-sex=f (cell), 77 (verdict), NMI or NMI:OC1 (score); "
            "12 (change) and 77 (verdict-change): what would turn it.",
        ),
    ],
)
@api_view(["GET"])
def explanation(request: Request, kind: str, key: str) -> Response:
    """Explain any number: an indicator's status, a period, a cell, a verdict, a weighted score."""
    return explained(request, kind, key)
