"""How a machine enters many figures at once: an answer for each, and none of them twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import ValidationError as DjangoValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from indicators.api.problems import KeyUsedBefore
from indicators.api.serializers import FiguresSerializer
from indicators.entry.once import answer_once
from indicators.entry.saving import MOST_FIGURES, Answer, Given, Outcome, save_figures
from indicators.entry.sheet import texts_of
from indicators.models import Observation, ProgrammeIndicator, ReportingUnit

PLACE = ("indicator", "period", "unit", "cell", "version", "follow_up")


class BulkFigureSerializer(FiguresSerializer):
    """A figure and its place. New figures carry no version; a change carries the version that was read."""

    indicator = serializers.IntegerField(max_value=2**63 - 1)
    period = serializers.IntegerField(max_value=2**63 - 1)
    unit = serializers.CharField(required=False, allow_null=True, max_length=30)
    cell = serializers.CharField(required=False, allow_blank=True, max_length=200)
    version = serializers.IntegerField(required=False, min_value=0, default=0, max_value=2**31 - 1)
    follow_up = serializers.BooleanField(required=False)


class BulkSerializer(serializers.Serializer[Any]):
    """Up to 500 figures."""

    observations = BulkFigureSerializer(many=True)


class StoredSerializer(serializers.Serializer[Any]):
    """What somebody else stored in the place."""

    id = serializers.IntegerField()
    version = serializers.IntegerField()
    state = serializers.CharField()
    figures = serializers.DictField(child=serializers.CharField())
    entered_by = serializers.CharField()
    entered_at = serializers.DateTimeField()


class BulkResultSerializer(serializers.Serializer[Any]):
    """What became of one figure, in the order in which they were sent."""

    outcome = serializers.ChoiceField(choices=[one.value for one in Outcome])
    id = serializers.IntegerField(required=False)
    version = serializers.IntegerField(required=False)
    state = serializers.CharField(required=False)
    etag = serializers.CharField(required=False)
    errors: Any = serializers.DictField(  # type: ignore[assignment]  # a stub names Serializer.errors
        child=serializers.ListField(child=serializers.CharField()), required=False
    )
    warnings = serializers.ListField(child=serializers.CharField(), required=False)
    stored = StoredSerializer(required=False, allow_null=True, help_text="In a conflict; null: discarded.")


class BulkAnswerSerializer(serializers.Serializer[Any]):
    results = BulkResultSerializer(many=True)


class BulkActions:
    """POST /api/v1/observations/bulk/. Mixed into the view set of observations."""

    @extend_schema(
        request=BulkSerializer,
        responses=BulkAnswerSerializer,
        parameters=[
            OpenApiParameter(
                "Idempotency-Key",
                str,
                OpenApiParameter.HEADER,
                required=True,
                description="Chosen by the sender, 1 to 80 characters. The same key gives the same answer for a week.",
            )
        ],
    )
    @action(detail=False, methods=["post"])
    def bulk(self, request: Request) -> Response:
        """Keep up to 500 figures as drafts. Each is answered by itself; one that is refused holds back no other."""
        key = request.headers.get("Idempotency-Key", "")
        if not key:
            raise ValidationError(
                {"Idempotency-Key": [_("The header is missing; a key of 1 to 80 characters was expected.")]}
            )
        rows = _rows(request.data)
        user, now = request.user, timezone.now()
        try:
            answer = answer_once(
                key=f"api {key}"[:81],
                content=rows,
                by=user,
                at=now,
                answer=lambda: {"results": _answers(rows, by=user, at=now)},
            )
        except DjangoValidationError as refusal:
            raise KeyUsedBefore(" ".join(refusal.messages)) from None
        return Response(answer)


def _rows(data: Any) -> list[Any]:
    rows = data.get("observations") if isinstance(data, Mapping) else None
    if not isinstance(rows, list):
        raise ValidationError({"observations": [_("A list of figures was expected.")]})
    if len(rows) > MOST_FIGURES:
        raise ValidationError(
            {
                "observations": [
                    _("%(given)s figures were given; at most %(limit)s at once were expected.")
                    % {"given": len(rows), "limit": MOST_FIGURES}
                ]
            }
        )
    return rows


def _answers(rows: Sequence[Any], *, by: Any, at: Any) -> list[dict[str, Any]]:
    """An answer for each row: those whose shape is wrong are refused here, the others by the action."""
    found: list[dict[str, Any]] = [{} for _row in rows]
    read: dict[int, dict[str, Any]] = {}
    for number, row in enumerate(rows):
        try:
            read[number] = _read(row)
        except ValidationError as refusal:
            found[number] = {"outcome": Outcome.REFUSED.value, "errors": _messages(refusal.detail)}
    units = _units(read.values(), by)
    good = {}
    for number, row in read.items():
        code = row.get("unit")
        if code is not None and (row["indicator"], code) not in units:
            said = _("There is no reporting unit “%(unit)s” in the indicator's programme.") % {"unit": code}
            found[number] = {"outcome": Outcome.REFUSED.value, "errors": {"unit": [said]}}
        else:
            good[number] = _given(row, units.get((row["indicator"], code or "")))
    answers = save_figures(figures=list(good.values()), by=by, at=at, source="api")
    for number, answer in zip(good, answers, strict=True):
        found[number] = _as_json(answer)
    return found


def _read(row: Any) -> dict[str, Any]:
    if not isinstance(row, dict):
        raise ValidationError({"": [_("Expected a JSON object.")]})
    serializer = BulkFigureSerializer(data=row)
    if unknown := sorted(str(name) for name in set(row) - set(serializer.fields)):
        raise ValidationError({name: [_("Unknown field.")] for name in unknown})
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)


def _messages(detail: Any) -> dict[str, list[str]]:
    return {str(name): [str(text) for text in texts] for name, texts in dict(detail).items()}


def _units(rows: Any, by: Any) -> dict[tuple[int, str], int]:
    """The unit of each indicator and code, among what the person sees. Two queries."""
    rows = list(rows)
    seen = ProgrammeIndicator.objects.visible_to(by).filter(pk__in={row["indicator"] for row in rows})
    programmes = dict(seen.values_list("pk", "programme_id"))
    codes = {row["unit"] for row in rows if row.get("unit") is not None}
    units = ReportingUnit.objects.filter(programme__in=set(programmes.values()), code__in=codes)
    by_code = {
        (programme, code): pk for pk, programme, code in units.values_list("pk", "programme_id", "code")
    }
    return {
        (indicator, code): by_code[programme, code]
        for indicator, programme in programmes.items()
        for code in codes
        if (programme, code) in by_code
    }


def _given(row: Mapping[str, Any], unit: int | None) -> Given:
    return Given(
        indicator=row["indicator"],
        period=row["period"],
        unit=unit,
        cell=row.get("cell", ""),
        version=row["version"],
        figures={name: value for name, value in row.items() if name not in PLACE},
        follow_up=row.get("follow_up"),
    )


def _as_json(answer: Answer) -> dict[str, Any]:
    found: dict[str, Any] = {"outcome": answer.outcome.value}
    one = answer.observation
    if answer.outcome == Outcome.CONFLICT:
        found["stored"] = None if one is None else _stored(one)
    elif one is not None:
        found |= {"id": one.pk, "version": one.version, "state": str(one.state)}
        found["etag"] = f'"{one.pk}-{one.version}"'
    if answer.errors:
        found["errors"] = answer.errors
    if answer.warnings:
        found["warnings"] = answer.warnings
    return found


def _stored(one: Observation) -> dict[str, Any]:
    return {
        "id": one.pk,
        "version": one.version,
        "state": str(one.state),
        "figures": texts_of(one),
        "entered_by": one.entered_by.username,
        "entered_at": one.entered_at.isoformat(),
    }
