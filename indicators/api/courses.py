"""The machine door to course runs: aggregates for all who see the programme, records for those who work with them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import models
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from indicators.api import filters
from indicators.api.views import ByIdViewSet
from indicators.engine.courses.types import CourseFigure
from indicators.entry.register.planning import load_standing
from indicators.models import CourseRun
from indicators.permissions import check_may_see_register
from indicators.reports.course_lines import RunLine, run_lines
from indicators.reports.courses_page import in_words
from indicators.reports.queries import today


class CourseFigureSerializer(serializers.Serializer[CourseFigure]):
    """One figure of a run, or the reason why there is none. For partners: approved and released figures alone."""

    code = serializers.CharField()
    months = serializers.IntegerField(help_text="Months after the run for which it holds.")
    value = serializers.DecimalField(max_digits=24, decimal_places=6, allow_null=True)
    low = serializers.DecimalField(max_digits=24, decimal_places=6, allow_null=True)
    high = serializers.DecimalField(max_digits=24, decimal_places=6, allow_null=True)
    numerator = serializers.DecimalField(max_digits=24, decimal_places=6, allow_null=True)
    denominator = serializers.DecimalField(max_digits=24, decimal_places=6, allow_null=True)
    n = serializers.IntegerField()
    flags = serializers.ListField(child=serializers.CharField())
    refusal_code = serializers.SerializerMethodField()
    text = serializers.SerializerMethodField()

    def get_refusal_code(self, figure: CourseFigure) -> str:
        return figure.refusal.code.value if figure.refusal else ""

    def get_text(self, figure: CourseFigure) -> str:
        return in_words(figure)

    def to_representation(self, instance: CourseFigure) -> dict[str, Any]:
        found: dict[str, Any] = super().to_representation(instance)
        return found | ({"n": None} if instance.refusal else {})


class CourseRunSerializer(serializers.Serializer[RunLine]):
    """A course run with its figures; no single person."""

    id = serializers.IntegerField(source="run.pk")
    code = serializers.CharField(source="run.code")
    programme = serializers.CharField(source="run.course.programme.code")
    course = serializers.CharField(source="run.course.code")
    title = serializers.CharField(source="run.course.title")
    topic = serializers.CharField(source="run.course.topic")
    starts_on = serializers.DateField(source="run.starts_on")
    ends_on = serializers.DateField(source="run.ends_on")
    seats = serializers.IntegerField(source="run.seats")
    participants = serializers.IntegerField(allow_null=True)
    figures = serializers.SerializerMethodField()

    @extend_schema(responses=CourseFigureSerializer(many=True))
    def get_figures(self, line: RunLine) -> list[dict[str, Any]]:
        return [CourseFigureSerializer(one).data for one in line.figures.values()]


class ParticipantSerializer(serializers.Serializer[Any]):
    """One participant of a register, by column; empty columns are left out."""

    pseudonym = serializers.CharField()
    records = serializers.DictField(child=serializers.CharField())


class CourseRunViewSet(ByIdViewSet):
    """Course runs with their figures."""

    model = CourseRun
    serializer_class = CourseRunSerializer
    filterset_class = filters.CourseRunFilter

    def with_related(self, rows: models.QuerySet[Any]) -> models.QuerySet[Any]:
        return rows.select_related("course__programme")

    def _lines(self, runs: Sequence[CourseRun]) -> list[RunLine]:
        return run_lines(self.request.user, runs, as_of=today())  # type: ignore[arg-type]

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        runs = self.paginate_queryset(self.filter_queryset(self.get_queryset())) or []
        return self.get_paginated_response([CourseRunSerializer(one).data for one in self._lines(runs)])

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return Response(CourseRunSerializer(self._lines([self.get_object()])[0]).data)

    @extend_schema(responses=ParticipantSerializer(many=True), filters=False)
    @action(detail=True, pagination_class=None, filterset_class=None)
    def register(self, request: Request, pk: str) -> Response:
        """Records under pseudonyms, for officers, approvers, evaluators and administrators."""
        run = self.get_object()
        check_may_see_register(request.user, run.course.programme)  # type: ignore[arg-type]
        rows = [
            {
                "pseudonym": pseudonym,
                "records": {
                    name: str(value) for name, value in one.values.items() if value not in (None, "")
                },
            }
            for pseudonym, one in load_standing(run).items()
        ]
        return Response(ParticipantSerializer(rows, many=True).data)
