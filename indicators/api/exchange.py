"""Published files at the machine door: an IATI file in, with the same report as on its page."""

from __future__ import annotations

from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view, parser_classes
from rest_framework.exceptions import ValidationError
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from indicators.api.parsing import CarefulJSONParser
from indicators.exchange.holding import content_of
from indicators.exchange.iati_importing import Outcome, import_file
from indicators.exchange.iati_programmes import read_choices
from indicators.exchange.iati_reading import read_content
from indicators.permissions import check_may_administer


class IatiFileSerializer(serializers.Serializer[Any]):
    """What is sent, as a form with a file."""

    file = serializers.FileField(required=False)
    activity = serializers.CharField(required=False, help_text="IDENTIFIER=CODE/COUNTRY; one line for each.")
    dry_run = serializers.BooleanField(required=False, help_text="Say what would happen; keep nothing.")
    strict = serializers.BooleanField(required=False, help_text="Keep nothing if anything is left out.")


class IatiFindingSerializer(serializers.Serializer[Any]):
    """A place in the file that somebody should look at."""

    effect = serializers.CharField(help_text="refused, left_out or noted")
    line = serializers.IntegerField()
    element = serializers.CharField()
    activity = serializers.CharField()
    result = serializers.CharField()
    indicator = serializers.CharField()
    period = serializers.CharField()
    found = serializers.CharField()
    expected = serializers.CharField()


class IatiOutcomeSerializer(serializers.Serializer[Any]):
    """What the file did, or would do."""

    kept = serializers.BooleanField(source="is_kept")
    programmes = serializers.DictField(
        child=serializers.CharField(), help_text="By activity; empty: refused."
    )
    indicators_new = serializers.IntegerField(source="new")
    indicators_same = serializers.IntegerField(source="same")
    indicators_refused = serializers.IntegerField(source="refused")
    figures_submitted = serializers.IntegerField(source="figures.new")
    figures_corrected = serializers.IntegerField(source="figures.corrected")
    figures_same = serializers.IntegerField(source="figures.same")
    figures_left_out = serializers.IntegerField(source="figures.left_out")
    findings = IatiFindingSerializer(many=True)


@extend_schema(
    operation_id="iati_imports_create",
    request={"multipart/form-data": IatiFileSerializer},
    responses=IatiOutcomeSerializer,
)
@api_view(["POST"])
@parser_classes([MultiPartParser, CarefulJSONParser])
def iati_import(request: Request) -> Response:
    """Take over the results of an IATI file; figures wait for approval by a second person. Administrators only."""
    check_may_administer(request.user)
    told = IatiFileSerializer(data=request.data)
    told.is_valid(raise_exception=True)
    given = told.validated_data
    upload: UploadedFile[bytes] | None = given.get("file")
    if upload is None:
        raise ValidationError({"file": [_("No file was sent; an IATI file (XML) was expected.")]})
    name, content = content_of(upload)
    outcome = import_file(
        file=read_content(content, name),
        by=request.user,
        at=timezone.now(),
        choices=read_choices(given.get("activity", "").splitlines()),
        dry_run=given.get("dry_run", False),
        is_strict=given.get("strict", False),
    )
    return Response(IatiOutcomeSerializer(_shown(outcome)).data)


def _shown(outcome: Outcome) -> dict[str, Any]:
    names = ("is_kept", "new", "same", "refused", "figures", "findings")
    return {name: getattr(outcome, name) for name in names} | {"programmes": dict(outcome.activities)}
