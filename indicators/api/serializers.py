"""Shapes of the machine door. Decimals are strings; nothing is saved here."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from indicators.assessment.actions import answer_to
from indicators.assessment.outlook_lines import OutlookLine, outlook_line
from indicators.models import (
    Alert,
    AssessmentRun,
    DueAssessment,
    ExPostPlan,
    GlobalRole,
    IndicatorDefinition,
    IndicatorStatus,
    IndicatorVersion,
    Kind,
    MissingReason,
    Objective,
    Observation,
    PlannedIndicator,
    Programme,
    ProgrammeIndicator,
    ReportingPeriod,
    ReportingUnit,
    TargetRevision,
    Verdict,
)


class VersionSerializer(serializers.ModelSerializer[IndicatorVersion]):
    class Meta:
        model = IndicatorVersion
        exclude = ["id", "definition_of", "content_hash"]


class DefinitionSerializer(serializers.ModelSerializer[IndicatorDefinition]):
    """A library indicator with its present wording."""

    current = VersionSerializer()

    class Meta:
        model = IndicatorDefinition
        fields = ["code", "family", "current"]


class ObjectiveSerializer(serializers.ModelSerializer[Objective]):
    parent: serializers.SlugRelatedField[Any] = serializers.SlugRelatedField(  # type: ignore[assignment]  # a stub names BaseSerializer.parent
        slug_field="code", read_only=True, allow_null=True
    )

    class Meta:
        model = Objective
        fields = ["code", "level", "statement", "parent"]


class ProgrammeSerializer(serializers.ModelSerializer[Programme]):
    """A programme in one look."""

    partners = serializers.SlugRelatedField(slug_field="code", many=True, read_only=True)
    organisations = serializers.SlugRelatedField(slug_field="code", many=True, read_only=True)

    class Meta:
        model = Programme
        fields = [
            "code", "name", "summary", "framework", "partners", "organisations", "starts_on", "ends_on",
            "time_zone", "is_illustrative",
        ]  # fmt: skip


class ReportingUnitSerializer(serializers.ModelSerializer[ReportingUnit]):
    parent: serializers.SlugRelatedField[Any] = serializers.SlugRelatedField(  # type: ignore[assignment]  # a stub names BaseSerializer.parent
        slug_field="code", read_only=True, allow_null=True
    )

    class Meta:
        model = ReportingUnit
        fields = ["id", "code", "name", "kind", "parent", "is_active"]


class ReportingPeriodSerializer(serializers.ModelSerializer[ReportingPeriod]):
    class Meta:
        model = ReportingPeriod
        fields = ["id", "frequency", "label", "starts_on", "ends_on", "due_on"]


class StatusSerializer(serializers.ModelSerializer[IndicatorStatus]):
    """Where an indicator stands, with its explanation: the same steps and sentence as on the page."""

    status = serializers.CharField(
        source="status_now", help_text="Data that went stale since count as not reporting."
    )
    coverage = serializers.SerializerMethodField()
    explanation = serializers.SerializerMethodField()

    class Meta:
        model = IndicatorStatus
        fields = [
            "status", "as_of", "value", "value_on", "planned_value", "achievement", "expected_achievement",
            "on_track_index", "is_over_target", "is_approximate", "trend", "coverage", "refusal_code", "refusal",
            "stale_from", "explanation", "input_hash", "method_version", "computed_at",
        ]  # fmt: skip

    def get_coverage(self, row: IndicatorStatus) -> dict[str, int]:
        return {"reported": row.reported, "expected": row.expected}

    def get_explanation(self, row: IndicatorStatus) -> dict[str, Any]:
        return {"steps": row.judgement.get("steps", []), "sentence": row.judgement.get("sentence", [])}


class PlanSerializer(serializers.ModelSerializer[TargetRevision]):
    class Meta:
        model = TargetRevision
        fields = [
            "number", "baseline", "baseline_on", "baseline_source", "target", "target_on", "range_low", "range_high",
            "trajectory", "on_track_from", "at_risk_from", "effective_on", "reason_code", "reason",
        ]  # fmt: skip


class IndicatorSerializer(serializers.ModelSerializer[ProgrammeIndicator]):
    """A library indicator as a programme uses it, with its plan and its status."""

    programme = serializers.SlugRelatedField(slug_field="code", read_only=True)
    definition = serializers.SlugRelatedField(slug_field="code", read_only=True)
    version = serializers.SlugRelatedField(slug_field="number", read_only=True)
    partner = serializers.SlugRelatedField(slug_field="code", read_only=True, allow_null=True)
    objective = serializers.SlugRelatedField(slug_field="code", read_only=True, allow_null=True)
    name = serializers.CharField()
    unit = serializers.CharField(source="version.unit")
    formula = serializers.SerializerMethodField(
        help_text="Empty: observed. Null: computed from indicators that are not all released to you."
    )
    plan = PlanSerializer()
    status = StatusSerializer(source="current_status", allow_null=True)

    class Meta:
        model = ProgrammeIndicator
        fields = [
            "id", "programme", "definition", "version", "partner", "objective", "name", "unit", "rationale",
            "frequency", "weight", "is_critical", "is_core", "marking", "is_active", "formula", "plan", "status",
        ]  # fmt: skip

    def get_formula(self, row: ProgrammeIndicator) -> str | None:
        return None if row.has_hidden_sources else row.formula  # type: ignore[attr-defined]


class ObservationSerializer(serializers.ModelSerializer[Observation]):
    """One figure as stored. `version` is also in the ETag."""

    period = ReportingPeriodSerializer()
    unit = serializers.SlugRelatedField(slug_field="code", read_only=True, allow_null=True)
    programme = serializers.CharField(source="indicator.programme.code")
    definition = serializers.CharField(source="indicator.definition.code")
    entered_by = serializers.CharField(source="entered_by.username")
    validated_by = serializers.CharField(source="validated_by.username", allow_null=True, default=None)
    decided_by = serializers.CharField(source="decided_by.username", allow_null=True, default=None)
    is_left_out = serializers.BooleanField(
        default=False,
        help_text="Its figure is not shown: 1 to 4 people, or such a cell would follow from it.",
    )

    class Meta:
        model = Observation
        fields = [
            "id", "programme", "definition", "indicator", "period", "unit", "cell", "numerator", "denominator",
            "value", "text", "missing_reason", "standard_error", "sample_size", "as_of", "reliability", "credibility",
            "marking", "comment", "source", "state", "version", "entered_by", "entered_at", "submitted_at",
            "validated_by", "validated_at", "decided_by", "decided_at", "decision_comment", "corrects",
            "correction_reason", "by_request", "superseded_at", "is_left_out",
        ]  # fmt: skip


class AlertSerializer(serializers.ModelSerializer[Alert]):
    """A signal of change; its words are for those inside the programme."""

    programme = serializers.CharField(source="indicator.programme.code")
    definition = serializers.CharField(source="indicator.definition.code")
    state = serializers.CharField()
    closed_by = serializers.CharField(source="closed_by.username", allow_null=True, default=None)

    class Meta:
        model = Alert
        fields = [
            "id", "programme", "definition", "indicator", "state", "rule", "is_high", "first_on", "last_on", "points",
            "text", "method", "opened_at", "cause", "action", "closed_by", "closed_at", "lapsed_at",
        ]  # fmt: skip

    def to_representation(self, instance: Alert) -> dict[str, Any]:
        data = super().to_representation(instance)
        if self.context["request"].user.global_role == GlobalRole.PARTNER_VIEWER:
            data |= {"cause": "", "action": "", "closed_by": None}
        return data


class FiguresSerializer(serializers.Serializer[Any]):
    """What somebody observed. Give a numerator and a denominator, or a value, or a text, or why there is none.

    Numbers are text here and judged by the same rules as in the forms. In a change or a correction, whoever gives
    one of these gives the whole answer: a numerator without its denominator is refused.
    """

    numerator = serializers.CharField(required=False, allow_null=True, max_length=60)
    denominator = serializers.CharField(required=False, allow_null=True, max_length=60)
    value = serializers.CharField(required=False, allow_null=True, max_length=60)
    text = serializers.CharField(required=False, allow_blank=True, max_length=20_000)
    missing_reason = serializers.ChoiceField(choices=MissingReason.choices, required=False, allow_blank=True)
    standard_error = serializers.CharField(required=False, allow_null=True, max_length=60)
    sample_size = serializers.IntegerField(
        required=False, allow_null=True, min_value=1, max_value=2_000_000_000
    )
    as_of = serializers.DateField(required=False)
    reliability = serializers.RegexField(r"^[A-F]$", required=False)
    credibility = serializers.IntegerField(required=False, min_value=1, max_value=6)
    marking = serializers.CharField(required=False, max_length=40)
    comment = serializers.CharField(required=False, allow_blank=True, max_length=20_000)


DECLARATION = (
    "true: nothing entered here is classified above NATO UNCLASSIFIED. Without it nothing is submitted."
)


class DeclarationSerializer(serializers.Serializer[Any]):
    """What whoever submits says: nothing in it is classified above NATO UNCLASSIFIED."""

    declaration = serializers.BooleanField(default=False, help_text=DECLARATION)


class NewObservationSerializer(FiguresSerializer):
    """A new figure: its place (indicator, period, unit, cell) and what was observed. It starts as a draft."""

    indicator = serializers.IntegerField(help_text="Id of the programme's indicator.", max_value=2**63 - 1)
    period = serializers.IntegerField(
        help_text="Id from /api/v1/indicators/{id}/periods/.", max_value=2**63 - 1
    )
    unit = serializers.CharField(
        required=False, allow_null=True, max_length=30, help_text="Code of the reporting unit."
    )
    cell = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=200,
        help_text="name=code;name=code; empty for the total.",
    )
    as_of = serializers.DateField()
    submit = serializers.BooleanField(
        default=False, help_text="Submit it at once instead of keeping a draft. Needs `declaration`."
    )
    declaration = serializers.BooleanField(default=False, help_text=DECLARATION)


class CorrectionSerializer(FiguresSerializer):
    """A newer figure for an approved one, and why. It is submitted at once."""

    reason = serializers.CharField(max_length=20_000)
    declaration = serializers.BooleanField(default=False, help_text=DECLARATION)


class CommentSerializer(serializers.Serializer[Any]):
    """A word from the person who decides."""

    comment = serializers.CharField(required=False, allow_blank=True, default="", max_length=20_000)


class VerdictSerializer(serializers.ModelSerializer[Verdict]):
    """What an assessment says of one indicator; frozen."""

    programme = serializers.CharField(source="run.programme.code")
    definition = serializers.CharField(source="indicator.definition.code")
    kind = serializers.CharField(source="run.kind")
    as_of = serializers.DateField(source="run.as_of")
    course_run = serializers.SlugRelatedField(slug_field="code", read_only=True, allow_null=True)
    standing = serializers.SerializerMethodField()

    class Meta:
        model = Verdict
        fields = [
            "id", "run", "programme", "kind", "as_of", "indicator", "definition", "course_run", "method", "status",
            "value", "low", "high", "achievement", "on_track_index", "trend", "confidence", "refusal_code", "standing",
            "reported", "expected", "result", "input_hash", "result_hash",
        ]  # fmt: skip

    def get_standing(self, verdict: Verdict) -> str:
        """Ex-post: planned or exploratory, and whether the plan was changed after the start. Empty on the fly."""
        if verdict.run.kind != Kind.EX_POST or verdict.method == "judge":
            return ""
        flags = verdict.result.get("flags", [])
        word = "exploratory" if "EXPLORATORY" in flags else "planned"
        return f"{word}, plan changed after start" if "PLAN_CHANGED" in flags else word


class OutlookSerializer(serializers.Serializer[Any]):
    """What could be detected. `state`: enough, too_few, cannot_say, computing, absent (locked before it was known)."""

    state = serializers.CharField()
    change = serializers.FloatField(allow_null=True)
    computed_on = serializers.DateField(allow_null=True)
    enough_on = serializers.DateField(allow_null=True)
    as_of = serializers.DateField(allow_null=True)
    said = serializers.SerializerMethodField()

    def get_said(self, line: OutlookLine) -> str:
        """The same sentences as on the page."""
        return " ".join((line.headline, *line.more))


class PlannedIndicatorSerializer(serializers.ModelSerializer[PlannedIndicator]):
    """A primary indicator of an ex-post plan."""

    definition = serializers.CharField(source="indicator.definition.code")
    method = serializers.CharField()
    proposed = serializers.CharField()
    comparisons = serializers.SerializerMethodField()
    outlook = serializers.SerializerMethodField()

    class Meta:
        model = PlannedIndicator
        fields = [
            "indicator", "definition", "method", "proposed", "method_reason", "smallest_change", "transition_from",
            "transition_until", "horizon_months", "comparisons", "outlook",
        ]  # fmt: skip

    def get_comparisons(self, item: PlannedIndicator) -> list[str]:
        """Each as kind and numbers: ``unit:12``, ``indicator:7``, ``country:release:country``."""
        return [one.reference() for one in item.comparisons.all()]  # type: ignore[attr-defined]

    @extend_schema_field(OutlookSerializer)
    def get_outlook(self, item: PlannedIndicator) -> dict[str, Any]:
        """Whether the planned data would show the change that matters, and from when."""
        return dict(OutlookSerializer(outlook_line(item)).data)


class ExPostPlanSerializer(serializers.ModelSerializer[ExPostPlan]):
    """One version of an ex-post plan."""

    programme = serializers.SlugRelatedField(slug_field="code", read_only=True)
    items = PlannedIndicatorSerializer(many=True)
    follow_up_months = serializers.ListField(child=serializers.IntegerField())
    is_timely = serializers.BooleanField()

    class Meta:
        model = ExPostPlan
        fields = [
            "id", "programme", "number", "part", "starts_on", "ends_on", "question", "follow_up_months", "collects",
            "reason", "state", "locked_at", "locked_on", "timely_until", "is_timely", "content_hash", "items",
        ]  # fmt: skip


class LastedShareSerializer(serializers.Serializer[Any]):
    """How many early verdicts of one kind were followed by a lasting change."""

    lasted = serializers.IntegerField()
    known = serializers.IntegerField()
    unknown = serializers.IntegerField()
    share = serializers.FloatField(allow_null=True)
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)
    refusal_code = serializers.CharField(allow_blank=True)


class CheckpointSerializer(serializers.Serializer[Any]):
    """Both groups at half-time, at three quarters or at the end."""

    checkpoint = serializers.CharField()
    on_track = LastedShareSerializer()
    not_on_track = LastedShareSerializer()


class HeldSerializer(serializers.Serializer[Any]):
    """One indicator: its early statuses and what became of it."""

    indicator = serializers.IntegerField()
    programme = serializers.CharField()
    statuses = serializers.DictField(child=serializers.CharField())
    lasted = serializers.CharField()


class EarlyVerdictsSerializer(serializers.Serializer[Any]):
    """Early verdicts beside later findings."""

    shares = CheckpointSerializer(many=True)
    indicators = HeldSerializer(many=True)


class AssessmentSerializer(serializers.ModelSerializer[AssessmentRun]):
    """A finished assessment. Its verdicts are at /api/v1/verdicts/?run={id}."""

    programme = serializers.SlugRelatedField(slug_field="code", read_only=True)

    class Meta:
        model = AssessmentRun
        fields = [
            "id", "programme", "kind", "as_of", "label", "revision", "input_hash", "method_version",
            "software_version", "seed", "started_at", "finished_at",
        ]  # fmt: skip


class DueSerializer(serializers.ModelSerializer[DueAssessment]):
    """An assessment that was asked for, and how far it is."""

    programme = serializers.SlugRelatedField(slug_field="code", read_only=True)
    run = serializers.SerializerMethodField()

    class Meta:
        model = DueAssessment
        fields = ["id", "programme", "kind", "as_of", "state", "progress_done", "progress_total", "run"]

    def get_run(self, due: DueAssessment) -> int | None:
        """The assessment that answers: its own or, where nothing had changed, the one that still holds."""
        run = answer_to(due)
        return None if run is None else run.pk


class RequestSerializer(serializers.Serializer[Any]):
    """Ask for an assessment now."""

    kind = serializers.ChoiceField(choices=Kind.choices, default=Kind.ON_THE_FLY)
    as_of = serializers.DateField(required=False, help_text="Default: today in the programme's time zone.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        unknown = set(self.initial_data) - set(self.fields)
        if unknown:
            raise serializers.ValidationError(
                {name: _("Unknown field; expected kind or as_of.") for name in unknown}
            )
        return attrs
