"""The closed set of filters of each list. Nothing else in the address reaches a query."""

from __future__ import annotations

import django_filters as filters
from django.db.models import QuerySet

from indicators.models import (
    Alert,
    AssessmentRun,
    CourseRun,
    Direction,
    ExPostPlan,
    Framework,
    IndicatorDefinition,
    Kind,
    Observation,
    Programme,
    ProgrammeIndicator,
    ResultLevel,
    State,
    Status,
    Verdict,
)


class DefinitionFilter(filters.FilterSet):
    result_level = filters.ChoiceFilter(field_name="current__result_level", choices=ResultLevel.choices)
    direction = filters.ChoiceFilter(field_name="current__direction", choices=Direction.choices)

    class Meta:
        model = IndicatorDefinition
        fields = ["family"]


class ProgrammeFilter(filters.FilterSet):
    framework = filters.ChoiceFilter(choices=Framework.choices)
    partner = filters.CharFilter(field_name="partners__code", distinct=True)

    class Meta:
        model = Programme
        fields: list[str] = []


class IndicatorFilter(filters.FilterSet):
    programme = filters.CharFilter(field_name="programme__code")
    definition = filters.CharFilter(field_name="definition__code")
    partner = filters.CharFilter(field_name="partner__code")
    status = filters.ChoiceFilter(field_name="current_status__status", choices=Status.choices)

    class Meta:
        model = ProgrammeIndicator
        fields = ["is_core", "is_critical", "is_active"]


class ObservationFilter(filters.FilterSet):
    programme = filters.CharFilter(field_name="indicator__programme__code")
    definition = filters.CharFilter(field_name="indicator__definition__code")
    indicator = filters.NumberFilter(field_name="indicator_id", max_value=2**63 - 1)
    unit = filters.CharFilter(field_name="unit__code")
    state = filters.ChoiceFilter(choices=State.choices)
    by_request = filters.BooleanFilter(label="Changes of locked periods that were asked for.")
    period_from = filters.DateFilter(field_name="period__starts_on", lookup_expr="gte")
    period_to = filters.DateFilter(field_name="period__ends_on", lookup_expr="lte")

    class Meta:
        model = Observation
        fields: list[str] = []


class AssessmentFilter(filters.FilterSet):
    programme = filters.CharFilter(field_name="programme__code")
    kind = filters.ChoiceFilter(choices=Kind.choices)
    as_of = filters.DateFilter()

    class Meta:
        model = AssessmentRun
        fields: list[str] = []


class VerdictFilter(filters.FilterSet):
    run = filters.NumberFilter(field_name="run_id", max_value=2**63 - 1)
    programme = filters.CharFilter(field_name="run__programme__code")
    definition = filters.CharFilter(field_name="indicator__definition__code")
    status = filters.ChoiceFilter(choices=Status.choices)

    class Meta:
        model = Verdict
        fields: list[str] = []


class CourseRunFilter(filters.FilterSet):
    programme = filters.CharFilter(field_name="course__programme__code")
    course = filters.CharFilter(field_name="course__code")

    class Meta:
        model = CourseRun
        fields: list[str] = []


class ExPostPlanFilter(filters.FilterSet):
    programme = filters.CharFilter(field_name="programme__code")
    state = filters.ChoiceFilter(choices=ExPostPlan.State.choices)

    class Meta:
        model = ExPostPlan
        fields: list[str] = []


class AlertFilter(filters.FilterSet):
    programme = filters.CharFilter(field_name="indicator__programme__code")
    indicator = filters.NumberFilter(field_name="indicator_id", max_value=2**63 - 1)
    rule = filters.ChoiceFilter(choices=Alert.Rule.choices)
    is_open = filters.BooleanFilter(method="only_open")

    class Meta:
        model = Alert
        fields: list[str] = []

    def only_open(self, rows: QuerySet[Alert], name: str, value: bool) -> QuerySet[Alert]:
        waiting = {"closed_at__isnull": True, "lapsed_at__isnull": True}
        return rows.filter(**waiting) if value else rows.exclude(**waiting)
