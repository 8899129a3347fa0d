"""The machine door: the same access rules and the same actions as the pages."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ReadOnlyModelViewSet

from indicators.api import filters, serializers, what_ifs
from indicators.api.bulk import BulkActions
from indicators.api.calendar import CalendarActions
from indicators.api.explanations import ExplanationSerializer, explained
from indicators.api.observations import ObservationActions
from indicators.assessment.actions import request_assessment
from indicators.disclosure import shown_to
from indicators.exchange.iati_writing import write_programme
from indicators.models import (
    Alert,
    AssessmentRun,
    DueAssessment,
    ExPostPlan,
    IndicatorDefinition,
    IndicatorStatus,
    Observation,
    Programme,
    ProgrammeIndicator,
    ReportingPeriod,
    ReportingUnit,
    Verdict,
)
from indicators.reports import early


class Pages(CursorPagination):
    """Keyset paging: as quick on the last page as on the first, and no row twice when rows are added."""

    ordering = "id"
    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 200


class VisibleViewSet(ReadOnlyModelViewSet[Any]):
    """Lists and details that start from what the person may see."""

    model: ClassVar[type[models.Model]]
    pagination_class = Pages
    lookup_value_regex = r"[^/]+"

    def get_queryset(self) -> models.QuerySet[Any]:
        manager: Any = self.model._default_manager
        if getattr(self, "swagger_fake_view", False):  # The schema is drawn without anybody asking.
            return manager.none()
        return self.with_related(manager.visible_to(self.request.user))

    def with_related(self, rows: models.QuerySet[Any]) -> models.QuerySet[Any]:
        return rows


class ByIdViewSet(VisibleViewSet):
    lookup_value_regex = r"[0-9]{1,18}"


class CatalogueViewSet(VisibleViewSet):
    """The indicator library."""

    model = IndicatorDefinition
    lookup_field = "code"
    serializer_class = serializers.DefinitionSerializer
    filterset_class = filters.DefinitionFilter

    def with_related(self, rows: models.QuerySet[Any]) -> models.QuerySet[Any]:
        return rows.select_related("current")


class ProgrammeViewSet(CalendarActions, VisibleViewSet):
    """Programmes."""

    model = Programme
    lookup_field = "code"
    serializer_class = serializers.ProgrammeSerializer
    filterset_class = filters.ProgrammeFilter

    def with_related(self, rows: models.QuerySet[Any]) -> models.QuerySet[Any]:
        return rows.prefetch_related("partners", "organisations")

    @extend_schema(responses=serializers.ReportingUnitSerializer(many=True))
    @action(detail=True, pagination_class=None, filterset_class=None)
    def units(self, request: Request, code: str) -> Response:
        """Who reports in this programme."""
        rows = ReportingUnit.objects.visible_to(request.user).filter(programme=self.get_object())
        return Response(serializers.ReportingUnitSerializer(rows.select_related("parent"), many=True).data)

    @extend_schema(
        parameters=[OpenApiParameter("public", bool, description="Only what is marked PUBLIC.")],
        responses={(200, "application/xml"): OpenApiTypes.STR},
    )
    @action(detail=True, pagination_class=None, filterset_class=None)
    def iati(self, request: Request, code: str) -> HttpResponse:
        """The programme as an IATI 2.03 activity: approved figures alone, without those about 1 to 4 people."""
        content = write_programme(
            programme=self.get_object(),
            reader=request.user,
            at=timezone.now(),
            is_public=request.query_params.get("public", "") in {"1", "true"},
        )
        return HttpResponse(content, content_type="application/xml")

    @extend_schema(responses=serializers.EarlyVerdictsSerializer)
    @action(detail=True, url_path="early-verdicts", pagination_class=None, filterset_class=None)
    def early_verdicts(self, request: Request, code: str) -> Response:
        """On-the-fly verdicts of an ended programme beside what was found ex-post."""
        found = early.load(request.user, programme=self.get_object())
        return Response(early.as_json(found))

    @extend_schema(
        operation_id="programmes_all_early_verdicts_retrieve", responses=serializers.EarlyVerdictsSerializer
    )
    @action(
        detail=False,
        url_path="early-verdicts",
        url_name="all-early-verdicts",
        pagination_class=None,
        filterset_class=None,
    )
    def all_early_verdicts(self, request: Request) -> Response:
        """The same of all ended programmes that one sees."""
        return Response(early.as_json(early.load(request.user)))

    @extend_schema(
        request=serializers.RequestSerializer, responses={202: serializers.DueSerializer}, filters=False
    )
    @action(detail=True, methods=["post"], filterset_class=None)
    def assess(self, request: Request, code: str) -> Response:
        """Ask for an assessment now. The answer says where to look for its progress."""
        programme = self.get_object()
        wish = serializers.RequestSerializer(data=request.data)
        wish.is_valid(raise_exception=True)
        at = timezone.now()
        due = request_assessment(
            programme=programme,
            kind=wish.validated_data["kind"],
            as_of=wish.validated_data.get("as_of") or at.astimezone(programme.zone).date(),
            by=request.user,
            at=at,
        )
        return Response(
            serializers.DueSerializer(due).data,
            status=status.HTTP_202_ACCEPTED,
            headers={"Location": f"/api/v1/assessments/due/{due.pk}/"},
        )


class IndicatorViewSet(ByIdViewSet):
    """Tailored indicators with their plan and status."""

    model = ProgrammeIndicator
    serializer_class = serializers.IndicatorSerializer
    filterset_class = filters.IndicatorFilter

    def with_related(self, rows: models.QuerySet[Any]) -> models.QuerySet[Any]:
        today = timezone.now().date()
        return (
            rows.with_hidden_sources(self.request.user)  # type: ignore[attr-defined]
            .select_related("programme", "definition", "version", "partner", "objective", "plan")
            .prefetch_related(models.Prefetch("current_status", queryset=IndicatorStatus.objects.at(today)))
        )

    @extend_schema(responses=serializers.ReportingPeriodSerializer(many=True))
    @action(detail=True, pagination_class=None, filterset_class=None)
    def periods(self, request: Request, pk: str) -> Response:
        """The periods for which this indicator is reported."""
        indicator = self.get_object()
        rows = ReportingPeriod.objects.filter(programme=indicator.programme_id, frequency=indicator.frequency)
        return Response(serializers.ReportingPeriodSerializer(rows, many=True).data)

    @extend_schema(responses=ExplanationSerializer)
    @action(detail=True, pagination_class=None, filterset_class=None)
    def explanation(self, request: Request, pk: str) -> Response:
        """How the status came about: steps, what was left out, coverage, each contributing figure."""
        return explained(request, "indicator", pk)

    @extend_schema(responses=ExplanationSerializer)
    @action(
        detail=True,
        url_path=r"periods/(?P<period_pk>[0-9]{1,18})/explanation",
        url_name="period-explanation",
        pagination_class=None,
        filterset_class=None,
    )
    def period_explanation(self, request: Request, pk: str, period_pk: str) -> Response:
        """How the value of one period came about."""
        return explained(request, "period", f"{pk}-{period_pk}")


class ObservationViewSet(BulkActions, ObservationActions, ByIdViewSet):
    """Figures: read, enter, change a draft, submit, decide, correct."""

    model = Observation
    serializer_class = serializers.ObservationSerializer
    filterset_class = filters.ObservationFilter

    def with_related(self, rows: models.QuerySet[Any]) -> models.QuerySet[Any]:
        return rows.select_related(
            "indicator__programme", "indicator__definition", "indicator__version", "period", "unit", "entered_by",
            "validated_by", "decided_by",
        )  # fmt: skip

    def paginate_queryset(self, queryset: Any) -> Any:
        """One page as the person may see it: figures of few people are left out."""
        rows = super().paginate_queryset(queryset)
        return None if rows is None else shown_to(self.request.user, rows)


class ExPostPlanViewSet(ByIdViewSet):
    """What will be asked after the end: every version, drafts included."""

    model = ExPostPlan
    serializer_class = serializers.ExPostPlanSerializer
    filterset_class = filters.ExPostPlanFilter

    def with_related(self, rows: models.QuerySet[Any]) -> models.QuerySet[Any]:
        return rows.select_related("programme").prefetch_related(
            "items__indicator__definition", "items__comparisons"
        )


class AssessmentViewSet(ByIdViewSet):
    """Finished assessments."""

    model = AssessmentRun
    serializer_class = serializers.AssessmentSerializer
    filterset_class = filters.AssessmentFilter

    def with_related(self, rows: models.QuerySet[Any]) -> models.QuerySet[Any]:
        return rows.select_related("programme")

    @extend_schema(responses=serializers.DueSerializer)
    @action(
        detail=False, url_path=r"due/(?P<due_pk>[0-9]{1,18})", filterset_class=None, pagination_class=None
    )
    def due(self, request: Request, due_pk: str) -> Response:
        """How far an assessment is that somebody asked for."""
        due = get_object_or_404(
            DueAssessment.objects.visible_to(request.user).select_related("programme", "run"), pk=due_pk
        )
        return Response(serializers.DueSerializer(due).data)

    @what_ifs.schema
    @action(detail=True, methods=["post"], url_path="what-if", filterset_class=None, pagination_class=None)
    def what_if(self, request: Request, pk: str) -> Response:
        """What it would say with other targets, thresholds, weights or figures. Stores nothing."""
        return what_ifs.answer(request, self.get_object())


class VerdictViewSet(ByIdViewSet):
    """What assessments say of each indicator."""

    model = Verdict
    serializer_class = serializers.VerdictSerializer
    filterset_class = filters.VerdictFilter

    def with_related(self, rows: models.QuerySet[Any]) -> models.QuerySet[Any]:
        return rows.select_related("run__programme", "indicator__definition", "course_run").defer("inputs")

    @extend_schema(responses=ExplanationSerializer)
    @action(detail=True, pagination_class=None, filterset_class=None)
    def explanation(self, request: Request, pk: str) -> Response:
        """How the verdict came about, from what it was kept with."""
        return explained(request, "verdict", pk)


class AlertViewSet(ByIdViewSet):
    """Signals of change, and what people say of them."""

    model = Alert
    serializer_class = serializers.AlertSerializer
    filterset_class = filters.AlertFilter

    def with_related(self, rows: models.QuerySet[Any]) -> models.QuerySet[Any]:
        return rows.select_related("indicator__programme", "indicator__definition", "closed_by")
