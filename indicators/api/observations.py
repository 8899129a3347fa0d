"""How a machine enters a figure: the entry room's actions, with versions in ETag and If-Match."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.core.exceptions import ValidationError as DjangoValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from indicators.api import serializers
from indicators.api.once import KEY, act_once, check_version
from indicators.api.problems import PreconditionFailed, PreconditionRequired
from indicators.disclosure import shown_to
from indicators.entry import actions as entry
from indicators.entry.numbers import parse_number
from indicators.models import Observation, ProgrammeIndicator, ReportingPeriod, ReportingUnit
from indicators.permissions import check_may_correct, check_may_edit_observation

NUMBERS = ("numerator", "denominator", "value", "standard_error")


def etag(observation: Observation) -> str:
    """Strong, and made of the row's version: two changes within one tick of the clock differ."""
    return f'"{observation.pk}-{observation.version}"'


class ObservationActions:
    """Writes on /api/v1/observations/. Mixed into the read-only view set."""

    get_object: Callable[[], Observation]

    def _shown(self, observation: Observation, code: int = status.HTTP_200_OK) -> Response:
        observation = self.get_queryset().get(pk=observation.pk)  # type: ignore[attr-defined]
        (observation,) = shown_to(self.request.user, [observation])  # type: ignore[attr-defined]
        data = serializers.ObservationSerializer(observation).data
        return Response(data, status=code, headers={"ETag": etag(observation)})

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return self._shown(self.get_object())

    @extend_schema(
        request=serializers.NewObservationSerializer, responses={201: serializers.ObservationSerializer}
    )
    def create(self, request: Request) -> Response:
        """Enter a figure as a draft, or submit it at once."""
        given = checked(serializers.NewObservationSerializer, request)
        place = _place(request, given)
        submit, declaration = given.pop("submit"), given.pop("declaration")
        if submit:
            check_declaration(declaration)
        observation = entry.record_observation(
            **place, **figures(given), source="api", by=request.user, at=timezone.now()
        )
        if submit:
            entry.submit_observation(observation=observation, by=request.user, at=timezone.now())
        return self._shown(observation, status.HTTP_201_CREATED)

    @extend_schema(request=serializers.FiguresSerializer, responses=serializers.ObservationSerializer)
    def partial_update(self, request: Request, pk: str) -> Response:
        """Change a draft or a returned figure. Needs If-Match."""
        observation = self.get_object()
        match = request.headers.get("If-Match")
        if match is None:
            raise PreconditionRequired
        if match != etag(observation):
            raise PreconditionFailed
        given = checked(serializers.FiguresSerializer, request)
        entry.change_observation(
            observation=observation,
            version=observation.version,
            by=request.user,
            at=timezone.now(),
            **figures(given),
        )
        return self._shown(observation)

    @extend_schema(request=serializers.DeclarationSerializer, responses=serializers.ObservationSerializer)
    @action(detail=True, methods=["post"])
    def submit(self, request: Request, pk: str) -> Response:
        """Hand a draft to those who validate or approve it. Needs `declaration`, as the form asks it."""
        observation = self.get_object()
        check_may_edit_observation(request.user, observation)
        check_declaration(checked(serializers.DeclarationSerializer, request)["declaration"])
        entry.submit_observation(observation=observation, by=request.user, at=timezone.now())
        return self._shown(observation)

    @extend_schema(request=serializers.CommentSerializer, responses=serializers.ObservationSerializer)
    @action(detail=True, methods=["post"])
    def validate(self, request: Request, pk: str) -> Response:
        """Say that a submitted figure is sound, in a programme that validates before it approves."""
        observation = self.get_object()
        comment = checked(serializers.CommentSerializer, request)["comment"]
        entry.validate_observation(
            observation=observation, by=request.user, at=timezone.now(), comment=comment
        )
        return self._shown(observation)

    @extend_schema(request=serializers.CommentSerializer, responses=serializers.ObservationSerializer)
    @action(detail=True, methods=["post"])
    def approve(self, request: Request, pk: str) -> Response:
        """Accept a figure that waits for it; its indicator's status changes in the same transaction."""
        observation = self.get_object()
        comment = checked(serializers.CommentSerializer, request)["comment"]
        entry.approve_observation(
            observation=observation, by=request.user, at=timezone.now(), comment=comment
        )
        return self._shown(observation)

    @extend_schema(request=serializers.CommentSerializer, responses=serializers.ObservationSerializer)
    @action(detail=True, methods=["post"], url_path="return")
    def send_back(self, request: Request, pk: str) -> Response:
        """Return a submitted or validated figure to its officer, with a comment."""
        observation = self.get_object()
        comment = checked(serializers.CommentSerializer, request)["comment"]
        entry.return_observation(observation=observation, comment=comment, by=request.user, at=timezone.now())
        return self._shown(observation)

    @extend_schema(
        request=serializers.CorrectionSerializer, responses={201: serializers.ObservationSerializer}
    )
    @action(detail=True, methods=["post"])
    def correct(self, request: Request, pk: str) -> Response:
        """Enter a newer figure for an approved one. The old one counts until the new one is approved."""
        observation = self.get_object()
        check_may_correct(request.user, observation)
        given = checked(serializers.CorrectionSerializer, request)
        check_declaration(given.pop("declaration"))
        newer = entry.correct_observation(
            observation=observation,
            reason=given.pop("reason"),
            by=request.user,
            at=timezone.now(),
            **figures(given),
        )
        return self._shown(newer, status.HTTP_201_CREATED)

    @extend_schema(
        request=serializers.CorrectionSerializer,
        responses={201: serializers.ObservationSerializer},
        parameters=[KEY],
    )
    @action(detail=True, methods=["post"], url_path="request-change")
    def request_change(self, request: Request, pk: str) -> Response:
        """Ask for a newer figure for an approved one of a locked period. Approved by another person, it counts."""
        observation = self.get_object()
        check_may_correct(request.user, observation)
        given = checked(serializers.CorrectionSerializer, request)
        sent = dict(given)
        check_declaration(given.pop("declaration"))
        if "If-Match" in request.headers:
            check_version(request, etag(observation))

        def act() -> dict[str, Any]:
            newer = entry.request_change(
                observation=observation,
                reason=given.pop("reason"),
                by=request.user,
                at=timezone.now(),
                source="api",
                **figures(given),
            )
            return {"pk": newer.pk}

        made = act_once(request, sent, act)
        return self._shown(Observation(pk=made["pk"]), status.HTTP_201_CREATED)


def check_declaration(given: bool) -> None:
    """Raise ValidationError unless whoever submits declares that nothing is classified (METHOD 4.6)."""
    if not given:
        raise ValidationError(
            {
                "declaration": [
                    _(
                        "Not given; your declaration that nothing here is classified above NATO UNCLASSIFIED "
                        "(“declaration”: true) was expected."
                    )
                ]
            }
        )


def checked(shape: type[Any], request: Request) -> dict[str, Any]:
    """The body in the given shape. A field that the shape does not know is named, not ignored."""
    if not isinstance(request.data, dict):
        raise ValidationError({"non_field_errors": [_("Expected a JSON object.")]})
    serializer = shape(data=request.data)
    unknown = sorted(set(request.data) - set(serializer.fields))
    if unknown:
        raise ValidationError({name: [_("Unknown field.")] for name in unknown})
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)


def figures(given: dict[str, Any]) -> dict[str, Any]:
    """The numbers of a request as decimals, by the same rules as in the forms."""
    errors = {}
    for field in NUMBERS:
        if given.get(field) is not None:
            try:
                given[field] = parse_number(given[field])
            except DjangoValidationError as refusal:
                errors[field] = refusal.messages
    if errors:
        raise ValidationError(errors)
    return given


def _place(request: Request, given: dict[str, Any]) -> dict[str, Any]:
    """Indicator, period, unit and cell, each looked up among what the person may see."""
    indicator = (
        ProgrammeIndicator.objects.visible_to(request.user)
        .select_related("programme", "definition", "version", "plan")
        .filter(pk=given.pop("indicator"))
        .first()
    )
    if indicator is None:
        raise ValidationError({"indicator": [_("There is no such indicator among those you see.")]})
    period_pk, unit_code = given.pop("period"), given.pop("unit", None)
    period = ReportingPeriod.objects.filter(programme=indicator.programme_id, pk=period_pk).first()
    if period is None:
        raise ValidationError(
            {
                "period": [
                    _("Programme %(code)s has no period %(id)s.")
                    % {"code": indicator.programme.code, "id": period_pk}
                ]
            }
        )
    unit = None
    if unit_code is not None:
        unit = ReportingUnit.objects.filter(programme=indicator.programme_id, code=unit_code).first()
        if unit is None:
            raise ValidationError(
                {
                    "unit": [
                        _("Programme %(code)s has no reporting unit “%(unit)s”.")
                        % {"code": indicator.programme.code, "unit": unit_code}
                    ]
                }
            )
    return {"indicator": indicator, "period": period, "unit": unit, "cell": given.pop("cell", "")}
