"""What an assessment would say with other targets, thresholds, weights or figures: the machine door. Stores nothing."""

from __future__ import annotations

from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from indicators.models import AssessmentRun
from indicators.reports import what_if
from indicators.reports.what_if_base import base_of_run
from indicators.reports.what_if_form import FIELD_WORDS, ScratchForm
from indicators.reports.what_if_views import scratch_form

MOST = 2000
"""Changes in one body."""


class TriedSerializer(serializers.Serializer[Any]):
    """What is tried on one indicator; what is not named stays as it is."""

    indicator = serializers.IntegerField(min_value=1)
    target = serializers.CharField(required=False, max_length=40)
    range_low = serializers.CharField(required=False, max_length=40)
    range_high = serializers.CharField(required=False, max_length=40)
    target_on = serializers.CharField(required=False, max_length=10)
    on_track_from = serializers.CharField(required=False, max_length=10)
    at_risk_from = serializers.CharField(required=False, max_length=10)
    weight = serializers.CharField(required=False, max_length=20)
    leave_out = serializers.BooleanField(required=False, default=False)


class PartSerializer(serializers.Serializer[Any]):
    """The weight of one indicator in one index."""

    version = serializers.IntegerField(min_value=1)
    indicator = serializers.IntegerField(min_value=1)
    weight = serializers.CharField(max_length=20)


class ScratchSerializer(serializers.Serializer[Any]):
    """Everything that is tried at once."""

    indicators = TriedSerializer(many=True, required=False, default=list)
    on_track_from = serializers.CharField(required=False, max_length=10, help_text="For all indicators.")
    at_risk_from = serializers.CharField(required=False, max_length=10, help_text="For all indicators.")
    grades = serializers.ListField(
        child=serializers.CharField(max_length=1),
        required=False,
        default=list,
        max_length=6,
        help_text="Reliability letters whose figures are left out.",
    )
    cells = serializers.ListField(
        child=serializers.CharField(max_length=200),
        required=False,
        default=list,
        max_length=200,
        help_text="Categories whose figures are left out, e.g. sex=male.",
    )
    index_weights = PartSerializer(many=True, required=False, default=list)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        given = len(attrs["indicators"]) + len(attrs["index_weights"])
        if given > MOST:
            raise ValidationError(
                _("%(given)d changes were given; at most %(most)d were expected.")
                % {"given": given, "most": MOST}
            )
        return attrs


class SidesSerializer(serializers.Serializer[Any]):
    as_is = serializers.JSONField()
    as_if = serializers.JSONField()


class WhatIfVerdictSerializer(SidesSerializer):
    indicator = serializers.IntegerField()
    code = serializers.CharField()
    name = serializers.CharField()
    sentence = serializers.CharField()
    is_flip = serializers.BooleanField()
    as_if = serializers.JSONField(help_text="Null: left out.")


class WhatIfIndexSerializer(SidesSerializer):
    version = serializers.IntegerField()
    name = serializers.CharField()
    is_changed = serializers.BooleanField()
    as_if = serializers.JSONField(help_text="Null: no part is left.")


class WhatIfSerializer(serializers.Serializer[Any]):
    """What if, not a result: both sides of each verdict and index, and which verdicts turn."""

    notice = serializers.CharField()
    programme = serializers.CharField()
    assessment = serializers.IntegerField()
    as_of = serializers.DateField()
    notes = serializers.ListField(child=serializers.CharField())
    flips = serializers.ListField(child=serializers.CharField())
    counts = SidesSerializer()
    weighted_achievement = SidesSerializer()
    verdicts = WhatIfVerdictSerializer(many=True)
    indices = WhatIfIndexSerializer(many=True)


schema = extend_schema(request=ScratchSerializer, responses=WhatIfSerializer, filters=False)


def answer(request: Request, run: AssessmentRun) -> Response:
    """Try what the body says on an assessment that one sees."""
    body = ScratchSerializer(data=request.data)
    body.is_valid(raise_exception=True)
    base = base_of_run(request.user, run)
    data = as_fields(body.validated_data)
    form = scratch_form(request.user, base, data)
    _check(form, data)
    found = what_if.compute(request.user, base, form.scratch())
    return Response(what_if.as_json(found))


def as_fields(body: dict[str, Any]) -> QueryDict:
    """The body as the page's own fields, so that both doors refuse the same things."""
    data = QueryDict(mutable=True)
    for name in ("on_track_from", "at_risk_from"):
        if name in body:
            data[name] = body[name]
    for name in ("grades", "cells"):
        data.setlist(name, body[name])
    for one in body["indicators"]:
        for name, _words in FIELD_WORDS:
            if name in one:
                data[f"{name}-{one['indicator']}"] = one[name]
    data.setlist("out", [str(one["indicator"]) for one in body["indicators"] if one["leave_out"]])
    for one in body["index_weights"]:
        data[f"part-{one['version']}-{one['indicator']}"] = one["weight"]
    return data


def _check(form: ScratchForm, data: QueryDict) -> None:
    """Every fault at once; a change that no field takes is one too."""
    faults = {name: [str(text) for text in texts] for name, texts in form.errors.items()}
    for name, values in data.lists():
        if values and name not in form.fields:
            faults[name] = [_("This is no indicator, part or field of the assessment that you may change.")]
    if faults:
        raise ValidationError(
            {("non_field_errors" if name == "__all__" else name): texts for name, texts in faults.items()}
        )
