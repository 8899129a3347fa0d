"""The machine door to files of figures: send, follow, see what is wrong, take over, undo. The pages' own actions."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import IntegrityError, models
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from indicators.api.observations import check_declaration, checked
from indicators.api.parsing import CarefulJSONParser
from indicators.api.serializers import DeclarationSerializer
from indicators.api.views import ByIdViewSet
from indicators.entry.importing import actions
from indicators.entry.importing.showing import problems
from indicators.models import FileImport, ImportRow, Programme, Role, RowKind, programmes_of

KEY = OpenApiParameter(
    "Idempotency-Key",
    str,
    OpenApiParameter.HEADER,
    description="The same key and file again give the same import.",
)


class Conflict(APIException):
    """409: it is not in the state for this."""

    status_code = status.HTTP_409_CONFLICT
    default_code = "conflict"


def key_of(request: Request) -> str:
    """The Idempotency-Key of a request; empty when there is none."""
    key = request.headers.get("Idempotency-Key", "")
    if len(key) > 80 or not key.isprintable():
        raise ValidationError({"Idempotency-Key": [_("At most 80 printable characters were expected.")]})
    return key


class FileImportSerializer(serializers.Serializer[FileImport]):
    """Where a file stands. `rows` counts what its rows would do, or did."""

    id = serializers.IntegerField(source="pk")
    programme = serializers.CharField(source="programme.code")
    name = serializers.CharField()
    sha256 = serializers.CharField()
    size = serializers.IntegerField()
    state = serializers.CharField(
        help_text="reading, mapping, checking, checked, applying, applied, undoing, undone, failed or discarded. "
        "mapping: the columns must be confirmed (`layout`)."
    )
    problem = serializers.CharField(
        help_text="Why it cannot be read or taken over as a whole; empty otherwise."
    )
    rows = serializers.SerializerMethodField()
    unknown_words = serializers.SerializerMethodField()
    layout = serializers.JSONField(help_text="How its columns are read.")
    sent_at = serializers.DateTimeField(source="at")
    checked_at = serializers.DateTimeField(allow_null=True)
    applied_at = serializers.DateTimeField(allow_null=True)
    undone_at = serializers.DateTimeField(allow_null=True)

    def get_rows(self, one: FileImport) -> dict[str, int]:
        return dict(one.counts.get("kinds", {}))

    def get_unknown_words(self, one: FileImport) -> list[dict[str, Any]]:
        return list(one.counts.get("words", []))


class NewImportSerializer(serializers.Serializer[Any]):
    """A file for a programme."""

    programme = serializers.CharField(max_length=20)
    file = serializers.FileField(max_length=200)


class LayoutSerializer(serializers.Serializer[Any]):
    """What each column says; what is not given stays as proposed."""

    columns = serializers.ListField(
        child=serializers.CharField(allow_blank=True, max_length=80), required=False
    )
    fixed = serializers.DictField(
        child=serializers.CharField(allow_blank=True, max_length=200), required=False
    )
    dates = serializers.CharField(required=False)
    until_blank = serializers.BooleanField(required=False)


class RowProblemSerializer(serializers.Serializer[Any]):
    """What is wrong with one cell: the same words as on the page."""

    row = serializers.IntegerField()
    column = serializers.CharField()
    given = serializers.CharField()
    message = serializers.CharField()


class ImportViewSet(ByIdViewSet):
    """Files of figures of the programmes in which one enters figures."""

    model = FileImport
    serializer_class = FileImportSerializer
    parser_classes = (MultiPartParser, CarefulJSONParser)
    filterset_class = None

    def with_related(self, rows: models.QuerySet[Any]) -> models.QuerySet[Any]:
        user: Any = self.request.user
        mine = programmes_of(user, Role.OFFICER, Role.APPROVER).values("pk")
        return rows.filter(programme__in=mine).select_related("programme")

    @extend_schema(
        request={"multipart/form-data": NewImportSerializer},
        responses={201: FileImportSerializer},
        parameters=[KEY],
    )
    def create(self, request: Request) -> Response:
        """Send a file. It is looked into and checked in the background; follow it at its own address."""
        shape = NewImportSerializer(data=request.data)
        shape.is_valid(raise_exception=True)
        given = shape.validated_data
        user: Any = request.user
        programme = Programme.objects.visible_to(user).filter(code=given["programme"]).first()
        if programme is None:
            raise ValidationError({"programme": [_("There is no such programme among those you see.")]})
        made = self._create(programme, given["file"], key_of(request))
        return Response(FileImportSerializer(made).data, status=status.HTTP_201_CREATED)

    def _create(self, programme: Programme, file: Any, key: str) -> FileImport:
        what: dict[str, Any] = {
            "programme": programme,
            "file": file,
            "name": file.name,
            "by": self.request.user,
        }
        try:
            return actions.create_import(**what, at=timezone.now(), key=key)
        except IntegrityError:  # The same key at the same moment: the other one was first.
            return actions.create_import(**what, at=timezone.now(), key=key)

    @extend_schema(request=LayoutSerializer, responses=FileImportSerializer)
    @action(detail=True, methods=["post"])
    def layout(self, request: Request, pk: str) -> Response:
        """Confirm what the columns say; every row is checked then."""
        found = self.get_object()
        shape = LayoutSerializer(data=request.data)
        shape.is_valid(raise_exception=True)
        layout = actions.layout_of(found, shape.validated_data)
        return self._done(found, actions.confirm_layout, layout=layout, at=timezone.now())

    @extend_schema(responses=RowProblemSerializer(many=True), filters=False)
    @action(detail=True)
    def problems(self, request: Request, pk: str) -> Response:
        """Every problem of every refused row, in pages of rows."""
        found = self.get_object()
        rows = ImportRow.objects.filter(file_import=found, kind=RowKind.PROBLEM)
        self.paginator.ordering = "observation_number"  # type: ignore[union-attr]
        page = self.paginate_queryset(rows) or []
        return self.get_paginated_response(RowProblemSerializer(problems(page), many=True).data)

    @extend_schema(request=DeclarationSerializer, responses=FileImportSerializer)
    @action(detail=True, methods=["post"])
    def apply(self, request: Request, pk: str) -> Response:
        """Submit all figures for approval by a second person, or none. Needs `declaration`, as the page asks it."""
        found = self.get_object()
        check_declaration(checked(DeclarationSerializer, request)["declaration"])
        return self._done(found, actions.apply_import, at=timezone.now())

    @extend_schema(request=None, responses=FileImportSerializer)
    @action(detail=True, methods=["post"])
    def undo(self, request: Request, pk: str) -> Response:
        """Undo what nobody has decided on or changed since."""
        return self._done(self.get_object(), actions.undo_import, at=timezone.now())

    def _done(self, found: FileImport, act: Any, **what: Any) -> Response:
        try:
            act(file_import=found, by=self.request.user, **what)
        except DjangoValidationError as refusal:
            if getattr(refusal, "code", "") == "conflict":
                raise Conflict(" ".join(refusal.messages)) from None
            raise
        found.refresh_from_db()
        return Response(FileImportSerializer(found).data, status=status.HTTP_202_ACCEPTED)
