"""Published files at the machine door: an IATI file sent, followed, taken over. The page's own actions."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError as DjangoValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError, models
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from indicators.api.imports import KEY, Conflict, key_of
from indicators.api.parsing import CarefulJSONParser
from indicators.api.views import ByIdViewSet
from indicators.exchange import iati_jobs
from indicators.exchange.holding import content_of
from indicators.models import IatiImport
from indicators.permissions import check_may_administer


class IatiFileSerializer(serializers.Serializer[Any]):
    """What is sent, as a form with a file."""

    file = serializers.FileField(required=False)
    activity = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=20_000,
        help_text="IDENTIFIER=CODE/COUNTRY; one line for each.",
    )
    strict = serializers.BooleanField(
        required=False, help_text="Take nothing over if anything is refused or left out."
    )


class IatiFiguresSerializer(serializers.Serializer[Any]):
    """What became of figures, or would."""

    new = serializers.IntegerField(help_text="Submitted for approval by a second person.")
    corrected = serializers.IntegerField()
    same = serializers.IntegerField()
    left_out = serializers.IntegerField()


class IatiActivitySerializer(serializers.Serializer[Any]):
    """What became of one activity, or would."""

    identifier = serializers.CharField()
    code = serializers.CharField(help_text="Of its programme; empty: refused.")
    new = serializers.IntegerField(help_text="Indicators.")
    same = serializers.IntegerField()
    refused = serializers.IntegerField()
    figures = IatiFiguresSerializer()


class IatiFindingSerializer(serializers.Serializer[Any]):
    """A place in the file that somebody should look at: the same words as on the page."""

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
    """What the file would do, or did: indicators, and figures."""

    new = serializers.IntegerField()
    same = serializers.IntegerField()
    refused = serializers.IntegerField()
    figures = IatiFiguresSerializer()
    changes_nothing = serializers.BooleanField()
    activities = IatiActivitySerializer(many=True)


class IatiImportSerializer(serializers.Serializer[IatiImport]):
    """Where a file stands."""

    id = serializers.IntegerField(source="pk")
    name = serializers.CharField()
    sha256 = serializers.CharField()
    size = serializers.IntegerField()
    strict = serializers.BooleanField(source="is_strict")
    state = serializers.CharField(help_text="checking, checked, applying, applied, failed or discarded.")
    problem = serializers.CharField(help_text="Why it cannot be read or was not taken over; empty otherwise.")
    progress_done = serializers.IntegerField(help_text="Indicators.")
    progress_total = serializers.IntegerField()
    outcome = serializers.SerializerMethodField()
    sent_at = serializers.DateTimeField(source="at")
    checked_at = serializers.DateTimeField(allow_null=True)
    applied_at = serializers.DateTimeField(allow_null=True)

    @extend_schema_field(IatiOutcomeSerializer(allow_null=True))
    def get_outcome(self, one: IatiImport) -> dict[str, Any] | None:
        return dict(one.outcome) or None


class IatiImportViewSet(ByIdViewSet):
    """IATI files that administrators sent."""

    model = IatiImport
    serializer_class = IatiImportSerializer
    parser_classes = (MultiPartParser, CarefulJSONParser)
    filterset_class = None

    def with_related(self, rows: models.QuerySet[Any]) -> models.QuerySet[Any]:
        return rows.defer("content", "findings")

    @extend_schema(
        request={"multipart/form-data": IatiFileSerializer},
        responses={202: IatiImportSerializer},
        parameters=[KEY],
    )
    def create(self, request: Request) -> Response:
        """Send a file. A worker says what it would do; follow it at its own address. Administrators only."""
        check_may_administer(request.user)
        told = IatiFileSerializer(data=request.data)
        told.is_valid(raise_exception=True)
        upload: UploadedFile[bytes] | None = told.validated_data.get("file")
        if upload is None:
            raise ValidationError({"file": [_("No file was sent; an IATI file (XML) was expected.")]})
        name, content = content_of(upload)
        what: dict[str, Any] = {
            "name": name,
            "content": content,
            "choices": told.validated_data.get("activity", ""),
            "is_strict": told.validated_data.get("strict", False),
            "by": request.user,
            "key": key_of(request),
        }
        try:
            made = iati_jobs.send_file(**what, at=timezone.now())
        except IntegrityError:  # The same key at the same moment: the other one was first.
            made = iati_jobs.send_file(**what, at=timezone.now())
        return Response(IatiImportSerializer(made).data, status=status.HTTP_202_ACCEPTED)

    @extend_schema(responses=IatiFindingSerializer(many=True))
    @action(detail=True, pagination_class=None, filterset_class=None)
    def findings(self, request: Request, pk: str) -> Response:
        """Each place that is refused, left out or noted: what was found and what was expected."""
        return Response(IatiFindingSerializer(self.get_object().findings, many=True).data)

    @extend_schema(request=None, responses={202: IatiImportSerializer})
    @action(detail=True, methods=["post"])
    def check(self, request: Request, pk: str) -> Response:
        """Have said anew what it would do."""
        return self._done(iati_jobs.check_again)

    @extend_schema(request=None, responses={202: IatiImportSerializer})
    @action(detail=True, methods=["post"])
    def apply(self, request: Request, pk: str) -> Response:
        """Take over what can be taken, exactly as the check said, or nothing."""
        return self._done(iati_jobs.apply_file, at=timezone.now())

    @extend_schema(request=None, responses={202: IatiImportSerializer})
    @action(detail=True, methods=["post"])
    def discard(self, request: Request, pk: str) -> Response:
        """Throw it away before it did anything."""
        return self._done(iati_jobs.discard_file, at=timezone.now())

    def _done(self, act: Any, **what: Any) -> Response:
        found = self.get_object()
        try:
            act(one=found, by=self.request.user, **what)
        except DjangoValidationError as refusal:
            if getattr(refusal, "code", "") == "conflict":
                raise Conflict(" ".join(refusal.messages)) from None
            raise
        found.refresh_from_db(fields=["state", "problem", "progress_done", "applied_at"])
        return Response(IatiImportSerializer(found).data, status=status.HTTP_202_ACCEPTED)
