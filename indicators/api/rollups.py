"""Roll-ups at the machine door: counts, worst critical status, coverage, and a score or why there is none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from indicators.engine.rules import Rules
from indicators.models import Programme, User, rules_on
from indicators.reports import comparison, programme_page, region
from indicators.reports.queries import JUDGED, Tally, narrowed_programmes, programme_lines, today
from indicators.reports.tables import score_cells


class RollupSerializer(serializers.Serializer[Any]):
    """Indicators of one level: counted, never averaged. Decimals are strings."""

    by = serializers.CharField()
    key = serializers.CharField()
    name = serializers.CharField()
    programmes = serializers.ListField(child=serializers.CharField())
    counts = serializers.DictField(child=serializers.IntegerField())
    percentages = serializers.DictField(child=serializers.IntegerField(), help_text="They add up to 100.")
    monitored = serializers.IntegerField()
    worst_critical = serializers.CharField(help_text="Empty: no indicator is critical.")
    reported = serializers.IntegerField()
    expected = serializers.IntegerField()
    coverage = serializers.CharField(allow_null=True)
    score = serializers.CharField(allow_null=True)
    score_low = serializers.CharField(allow_null=True)
    score_high = serializers.CharField(allow_null=True)
    score_weight = serializers.CharField(allow_null=True, help_text="Share of the weight with usable data.")
    score_refusal = serializers.CharField()


def _row(by: str, key: str, name: str, programmes: list[str], tally: Tally, rules: Rules) -> dict[str, Any]:
    score = score_cells(tally, rules, programmes=len(programmes))
    return {
        "by": by,
        "key": key,
        "name": name,
        "programmes": programmes,
        "counts": {str(one.value): tally.counts[one] for one in JUDGED},
        "percentages": tally.percentages,
        "monitored": tally.monitored,
        "worst_critical": tally.worst_critical,
        "reported": tally.reported,
        "expected": tally.expected,
        "coverage": tally.coverage,
        **{name: score[name].value for name in ("score", "score_low", "score_high", "score_weight")},
        "score_refusal": score["score_refusal"].value or "",
    }


def _programmes(user: User, code: str, rules: Rules) -> list[dict[str, Any]]:
    lines = programme_lines(user, narrowed_programmes(user))
    return [
        _row("programme", one.programme.code, one.programme.name, [one.programme.code], one.tally, rules)
        for one in lines
        if code in {"", one.programme.code}
    ]


def _objectives(user: User, code: str, rules: Rules) -> list[dict[str, Any]]:
    if not code:
        raise ValidationError(
            {"programme": [_("Empty; objectives are those of one programme: give its code.")]}
        )
    programme = get_object_or_404(Programme.objects.visible_to(user), code=code)
    rows = programme_page.table_of(user, programme).rows
    return [
        _row(
            "objective",
            one["objective"].code if one["objective"] else "",
            one["objective"].statement if one["objective"] else _("Under no objective"),
            [code],
            one["tally"],
            rules,
        )
        for one in programme_page.branches(user, programme, rows, rules)
    ]


def _groups(build: Callable[..., list[region.Group]], by: str) -> Callable[..., list[dict[str, Any]]]:
    def made(user: User, code: str, rules: Rules) -> list[dict[str, Any]]:
        programmes, found = region.load(user)
        return [
            _row(by, one.key, one.name, one.programmes, one.tally, rules)
            for one in build(programmes, found)
            if not code or code in one.programmes
        ]

    return made


LEVELS: dict[str, Callable[[User, str, Rules], list[dict[str, Any]]]] = {
    "objective": _objectives,
    "programme": _programmes,
    "partner": _groups(region.by_country, "partner"),
    "framework": _groups(region.by_framework, "framework"),
}
"""Each in a constant number of queries."""


@extend_schema(
    operation_id="rollups_list",
    responses=RollupSerializer(many=True),
    parameters=[
        OpenApiParameter("by", str, enum=list(LEVELS), description="Default: programme."),
        OpenApiParameter("programme", str, description="Code of a programme; needed for objectives."),
    ],
)
@api_view(["GET"])
def rollups(request: Request) -> Response:
    """Counts by status, worst critical indicator, coverage and weighted score of each level."""
    unknown = sorted(set(request.query_params) - {"by", "programme", "format"})
    if unknown:
        raise ValidationError({name: [_("Unknown filter; expected by or programme.")] for name in unknown})
    by = request.query_params.get("by", "programme")
    if by not in LEVELS:
        raise ValidationError(
            {
                "by": [
                    _("“%(given)s” was given; expected %(known)s.")
                    % {"given": by[:40], "known": ", ".join(LEVELS)}
                ]
            }
        )
    rows = LEVELS[by](request.user, request.query_params.get("programme", "")[:40], rules_on(today()))  # type: ignore[arg-type]
    return Response(RollupSerializer(rows, many=True).data)


class ProgressPointSerializer(serializers.Serializer[Any]):
    on = serializers.DateField()
    share = serializers.CharField(allow_null=True, help_text="Of the way from baseline to target.")


class ExPostResultSerializer(serializers.Serializer[Any]):
    """What the newest ex-post assessment froze, on a scale without the indicator's unit."""

    value = serializers.CharField(allow_null=True)
    low = serializers.CharField(allow_null=True)
    high = serializers.CharField(allow_null=True)
    scale = serializers.CharField()
    method = serializers.CharField()
    standing = serializers.CharField()
    is_change = serializers.BooleanField(help_text="Against before alone: a change, not an effect.")
    refusal = serializers.CharField(help_text="Why there is no value; else empty.")
    assessment = serializers.IntegerField(source="run.pk")
    as_of = serializers.DateField(source="run.as_of")


class ComparisonSerializer(serializers.Serializer[Any]):
    """One partner's progress on a common-core indicator, with what makes it differ from the others'."""

    definition = serializers.CharField()
    indicator = serializers.IntegerField()
    partner = serializers.CharField()
    programme = serializers.CharField()
    status = serializers.CharField()
    achievement = serializers.CharField(allow_null=True)
    achievement_original = serializers.CharField(allow_null=True)
    on_track_index = serializers.CharField(allow_null=True)
    ambition_sd = serializers.CharField(allow_null=True, help_text="Planned change ÷ standard deviation.")
    data_quality = serializers.CharField()
    notes = serializers.ListField(child=serializers.CharField())
    progress = ProgressPointSerializer(
        many=True, help_text="After each period since the baseline, oldest first."
    )
    no_progress = serializers.CharField(help_text="Why there is no progress to follow; else empty.")
    ex_post = ExPostResultSerializer(allow_null=True, help_text="Null before the first ex-post assessment.")


class ComparisonsSerializer(serializers.Serializer[Any]):
    says = serializers.CharField()
    lines = ComparisonSerializer(many=True)


@extend_schema(
    operation_id="comparison_retrieve",
    responses=ComparisonsSerializer,
    parameters=[
        OpenApiParameter("framework", str, description="Code of a framework."),
        OpenApiParameter("country", str, description="Code of a partner."),
    ],
)
@api_view(["GET"])
def compared(request: Request) -> Response:
    """Partners side by side on the common core: progress measures alone, ordered by name."""
    given = {name: value for name, value in request.query_params.items() if name != "format"}
    found = comparison.compare(request.user, given)  # type: ignore[arg-type]
    if found.narrowing.messages:
        raise ValidationError(found.narrowing.messages)
    shown = [
        {
            "definition": group["code"],
            "indicator": one.indicator.pk,
            "partner": one.indicator.partner.code,
            "programme": one.indicator.programme.code,
            "status": one.cells["status"].status,
            "achievement": one.cells["achievement"].value,
            "achievement_original": one.cells["original"].value,
            "on_track_index": one.cells["index"].value,
            "ambition_sd": one.cells["ambition"].value,
            "data_quality": one.cells["quality"].text,
            "notes": one.notes,
            "progress": [{"on": on, "share": share} for on, share in one.progress],
            "no_progress": one.no_progress,
            "ex_post": one.effect,
        }
        for group in comparison.by_definition(found.lines)
        for one in group["lines"]
    ]
    return Response(ComparisonsSerializer({"says": _(comparison.FAIR), "lines": shown}).data)
