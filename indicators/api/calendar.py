"""The calendar of a programme at the machine door: read it, reopen, lock, make exceptions, name substitutes.

The same acts, rights and refusals as on the pages. What changes something that stands names the version that was read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from django.db import transaction
from django.db.models import Count, Max
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from indicators.api.observations import checked
from indicators.api.once import KEY, VERSION, act_once, check_version
from indicators.models import EntryException, Membership, PeriodTurn, Programme, ReportingPeriod, User
from indicators.permissions import check_may_administer, check_may_keep_calendar
from indicators.programmes import actions
from indicators.programmes.calendar import Outcome
from indicators.programmes.calendar_reading import load_calendar
from indicators.programmes.changes import lock_programme
from indicators.programmes.doors import check_may_see_people
from indicators.programmes.substituting import check_may_name_substitute

MOST_PERIODS = 500


class TurnSerializer(serializers.Serializer[PeriodTurn]):
    """A decision about a period."""

    kind = serializers.CharField(help_text="reopened or locked")
    until = serializers.DateField(allow_null=True)
    reason = serializers.CharField()
    by = serializers.CharField(source="by.username")
    at = serializers.DateTimeField()


class ExceptionSerializer(serializers.Serializer[EntryException]):
    """A period that stays open for one person."""

    id = serializers.IntegerField(source="pk")
    period = serializers.IntegerField(source="period_id")
    user = serializers.CharField(source="user.username")
    until = serializers.DateField()
    reason = serializers.CharField()
    granted_by = serializers.CharField(source="granted_by.username")
    granted_at = serializers.DateTimeField()
    revoked_by = serializers.CharField(source="revoked_by.username", allow_null=True, default=None)
    revoked_at = serializers.DateTimeField(allow_null=True)


class CalendarLineSerializer(serializers.Serializer[Any]):
    """One period: its days, where it stands, how complete it is, what was decided about it."""

    id = serializers.IntegerField(source="period.pk")
    label: Any = serializers.CharField(source="period.label")  # type: ignore[assignment]  # a stub names Field.label
    frequency = serializers.CharField(source="period.frequency")
    starts_on = serializers.DateField(source="period.starts_on")
    ends_on = serializers.DateField(source="period.ends_on")
    state = serializers.CharField(help_text="upcoming, open, due, grace, locked or reopened")
    due_on = serializers.DateField(source="days.due_on")
    validated_by = serializers.DateField(source="days.validated_by", help_text="Last day to validate.")
    approved_by = serializers.DateField(source="days.approved_by", help_text="Last day to approve.")
    locked_from = serializers.DateField(
        source="days.locked_from",
        allow_null=True,
        help_text="First day on which nothing changes; null: never.",
    )
    expected = serializers.IntegerField(source="completeness.expected")
    approved = serializers.IntegerField(source="completeness.approved")
    waiting = serializers.IntegerField(source="completeness.waiting")
    drafts = serializers.IntegerField(source="completeness.drafts")
    decisions = TurnSerializer(source="turns", many=True)
    exceptions = ExceptionSerializer(many=True)


class LockSerializer(serializers.Serializer[Any]):
    """Which periods, and why."""

    periods = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**63 - 1),
        min_length=1,
        max_length=MOST_PERIODS,
    )
    reason = serializers.CharField(max_length=2000)


class ReopenSerializer(LockSerializer):
    """Which periods, until which day, and why."""

    until = serializers.DateField(help_text="Last day, in the programme's time zone.")


class GrantSerializer(ReopenSerializer):
    """Which periods stay open for whom, until which day, and why."""

    user = serializers.CharField(max_length=150, help_text="Login of the person.")


class ReasonSerializer(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=2000)


class LeftSerializer(serializers.Serializer[Any]):
    """A period that stayed as it was."""

    id = serializers.IntegerField()
    label: Any = serializers.CharField()  # type: ignore[assignment]
    why = serializers.CharField()


class OutcomeSerializer(serializers.Serializer[Any]):
    """What was done. What could not be is named with the reason."""

    done = serializers.ListField(child=serializers.IntegerField(), help_text="Ids of periods.")
    left = LeftSerializer(many=True)
    etag = serializers.CharField(help_text="The calendar's version after it.")


class MemberSerializer(serializers.Serializer[Membership]):
    """Who has which role in the programme, and in whose place."""

    id = serializers.IntegerField(source="pk")
    user = serializers.CharField(source="user.username")
    role = serializers.CharField()
    starts_on = serializers.DateField()
    ends_on = serializers.DateField(allow_null=True)
    substitutes_for = serializers.CharField(source="substitutes_for.username", allow_null=True, default=None)
    etag = serializers.SerializerMethodField()

    def get_etag(self, one: Membership) -> str:
        return member_etag(one)


class SubstituteSerializer(serializers.Serializer[Any]):
    """Who takes whose place, from a day to a day."""

    user = serializers.CharField(max_length=150, help_text="Login of the substitute.")
    starts_on = serializers.DateField(required=False, help_text="Today when it is left out.")
    ends_on = serializers.DateField()


class EndSerializer(serializers.Serializer[Any]):
    ends_on = serializers.DateField(required=False, help_text="Last day; at once when it is left out.")


class EndedSerializer(serializers.Serializer[Any]):
    """The membership with its new end; null: it had only begun today and was withdrawn altogether."""

    member = MemberSerializer(allow_null=True)


def calendar_etag(programme: Programme) -> str:
    """Strong: the newest decision and exception, how many were taken back, and the days that the programme sets."""
    turn = PeriodTurn.objects.filter(period__programme=programme).aggregate(n=Max("pk"))["n"]
    made = EntryException.objects.filter(period__programme=programme)
    known = made.aggregate(n=Max("pk"), back=Count("revoked_at"))
    days = (programme.validation_days, programme.approval_days, programme.lock_days)
    parts = [turn or 0, known["n"] or 0, known["back"], *("n" if one is None else one for one in days)]
    return f'"{programme.pk}-{"-".join(str(one) for one in parts)}"'


def member_etag(one: Membership) -> str:
    """Strong: nothing else of a membership changes."""
    return f'"{one.pk}-{one.starts_on.isoformat()}-{one.ends_on.isoformat() if one.ends_on else "open"}"'


def _on_member(verb: str) -> Callable[[Any], Any]:
    """An act on one member of the programme, at an address of its own."""
    return action(
        detail=True,
        methods=["post"],
        url_path=rf"members/(?P<member_pk>[0-9]{{1,18}})/{verb}",
        url_name=f"member-{verb}",
    )


class CalendarActions:
    """Below /api/v1/programmes/{code}/. Mixed into the view set of programmes."""

    get_object: Callable[[], Programme]

    @extend_schema(
        operation_id="programmes_calendar_list",
        responses=CalendarLineSerializer(many=True),
        parameters=[
            OpenApiParameter("frequency", str, description="Only periods of this frequency."),
            OpenApiParameter("year", int, description="Only periods that end in this year."),
        ],
    )
    @action(detail=True, pagination_class=None, filterset_class=None)
    def calendar(self, request: Request, code: str) -> Response:
        """Every period, newest first. The ETag is the version that acts ask for. Not for partner viewers."""
        programme = self.get_object()
        check_may_see_people(request.user)
        lines = load_calendar(
            programme,
            at=timezone.now(),
            frequency=request.query_params.get("frequency", "")[:20].replace("\x00", ""),
            year=_year(request.query_params.get("year", "")),
        )
        return Response(
            CalendarLineSerializer(lines, many=True).data, headers={"ETag": calendar_etag(programme)}
        )

    @extend_schema(request=ReopenSerializer, responses=OutcomeSerializer, parameters=[KEY, VERSION])
    @action(detail=True, methods=["post"], url_path="calendar/reopen", url_name="calendar-reopen")
    def calendar_reopen(self, request: Request, code: str) -> Response:
        """Let everybody who enters write in locked periods again, until a day."""
        return self._decide(request, ReopenSerializer, actions.reopen_periods)

    @extend_schema(request=LockSerializer, responses=OutcomeSerializer, parameters=[KEY, VERSION])
    @action(detail=True, methods=["post"], url_path="calendar/lock", url_name="calendar-lock")
    def calendar_lock(self, request: Request, code: str) -> Response:
        """Lock periods that have ended, before their day or before the end of a reopening."""
        return self._decide(request, LockSerializer, actions.lock_periods)

    @extend_schema(request=GrantSerializer, responses=OutcomeSerializer, parameters=[KEY, VERSION])
    @action(detail=True, methods=["post"], url_path="calendar/exceptions", url_name="calendar-exceptions")
    def calendar_exceptions(self, request: Request, code: str) -> Response:
        """Keep locked periods open for one person, until a day."""
        return self._decide(request, GrantSerializer, actions.grant_exceptions)

    @extend_schema(request=ReasonSerializer, responses=OutcomeSerializer, parameters=[KEY, VERSION])
    @action(
        detail=True,
        methods=["post"],
        url_path=r"calendar/exceptions/(?P<exception_pk>[0-9]{1,18})/revoke",
        url_name="calendar-exception-revoke",
    )
    def calendar_exception_revoke(self, request: Request, code: str, exception_pk: str) -> Response:
        """Take an exception back before its last day."""
        programme = self.get_object()
        check_may_keep_calendar(request.user, programme)  # type: ignore[arg-type]
        known = EntryException.objects.filter(period__programme=programme)
        exception = get_object_or_404(known.select_related("period__programme"), pk=exception_pk)
        given = checked(ReasonSerializer, request)

        def act() -> dict[str, Any]:
            check_version(request, calendar_etag(lock_programme(programme)))
            actions.revoke_exception(
                exception=exception,
                reason=given["reason"],
                by=request.user,
                at=timezone.now(),  # type: ignore[arg-type]
            )
            return {"done": [exception.period_id], "left": [], "etag": calendar_etag(programme)}

        with transaction.atomic():
            return Response(act_once(request, given, act))

    def _decide(self, request: Request, shape: type[Any], decide: Callable[..., Outcome]) -> Response:
        programme = self.get_object()
        check_may_keep_calendar(request.user, programme)  # type: ignore[arg-type]
        given = checked(shape, request)

        def act() -> dict[str, Any]:
            check_version(request, calendar_etag(lock_programme(programme)))
            what = _named(given, programme)
            outcome = decide(programme=programme, by=request.user, at=timezone.now(), **what)
            left = [{"id": one.pk, "label": one.label, "why": why} for one, why in outcome.left]
            return {
                "done": [one.pk for one in outcome.done],
                "left": left,
                "etag": calendar_etag(programme),
            }

        with transaction.atomic():
            return Response(act_once(request, given, act))

    @extend_schema(responses=MemberSerializer(many=True))
    @action(detail=True, pagination_class=None, filterset_class=None)
    def members(self, request: Request, code: str) -> Response:
        """Who works in the programme, substitutes among them. Not for partner viewers."""
        programme = self.get_object()
        check_may_see_people(request.user)
        return Response(MemberSerializer(_members(request, programme).order_by("pk"), many=True).data)

    @extend_schema(request=SubstituteSerializer, responses={201: MemberSerializer}, parameters=[KEY, VERSION])
    @_on_member("substitute")
    def member_substitute(self, request: Request, code: str, member_pk: str) -> Response:
        """Name who takes the place of this member for a time."""
        programme, membership = self._member(request, member_pk)
        check_may_name_substitute(request.user, membership)  # type: ignore[arg-type]
        given = checked(SubstituteSerializer, request)

        def act() -> dict[str, Any]:
            lock_programme(programme)
            membership.refresh_from_db()
            check_version(request, member_etag(membership))
            what = given | {"user": _person(given["user"])}
            named = actions.name_substitute(membership=membership, by=request.user, at=timezone.now(), **what)
            return dict(MemberSerializer(named).data)

        with transaction.atomic():
            return Response(act_once(request, given, act), status=status.HTTP_201_CREATED)

    @extend_schema(request=EndSerializer, responses=EndedSerializer, parameters=[KEY, VERSION])
    @_on_member("end")
    def member_end(self, request: Request, code: str, member_pk: str) -> Response:
        """End a role. Administrators; and whoever named a substitute takes the place back."""
        programme, membership = self._member(request, member_pk)
        if membership.substitutes_for_id != request.user.pk:
            check_may_administer(request.user)  # type: ignore[arg-type]
        given = checked(EndSerializer, request)

        def act() -> dict[str, Any]:
            lock_programme(programme)
            standing = get_object_or_404(_members(request, programme), pk=member_pk)
            check_version(request, member_etag(standing))
            ended = actions.end_membership(
                membership=standing,
                ends_on=given.get("ends_on"),
                by=request.user,
                at=timezone.now(),  # type: ignore[arg-type]
            )
            return {"member": None if ended is None else dict(MemberSerializer(ended).data)}

        with transaction.atomic():
            return Response(act_once(request, given, act))

    def _member(self, request: Request, member_pk: str) -> tuple[Programme, Membership]:
        """The programme and who is meant in it, for somebody who may see people."""
        programme = self.get_object()
        check_may_see_people(request.user)
        return programme, get_object_or_404(_members(request, programme), pk=member_pk)


def _members(request: Request, programme: Programme) -> Any:
    rows = Membership.objects.visible_to(request.user).filter(programme=programme)  # type: ignore[arg-type]
    return rows.select_related("user", "programme", "substitutes_for")


def _named(given: Mapping[str, Any], programme: Programme) -> dict[str, Any]:
    """Periods and person of a request, found; ValidationError names those that there are not."""
    asked = list(dict.fromkeys(given["periods"]))
    found = {one.pk: one for one in ReportingPeriod.objects.filter(programme=programme, pk__in=asked)}
    if unknown := [one for one in asked if one not in found]:
        said = _("Programme %(code)s has no period %(id)s.") % {"code": programme.code, "id": unknown[0]}
        raise ValidationError({"periods": [said]})
    what: dict[str, Any] = {name: value for name, value in given.items() if name != "periods"}
    if "user" in what:
        what["user"] = _person(what["user"])
    return what | {"periods": list(found.values())}


def _person(username: str) -> User:
    person = User.objects.filter(username=username, is_active=True).first()
    if person is None:
        raise ValidationError({"user": [_("There is no active person with the login “%s”.") % username[:80]]})
    return person


def _year(text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:6]) <= date.max.year):
        raise ValidationError({"year": [_("“%s” was given; a year such as 2025 was expected.") % text[:20]]})
    return int(text)
