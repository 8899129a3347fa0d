"""Registering and changing a programme, and the people who work in it. Verbs only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from indicators import events
from indicators.models import (
    AssessmentSchedule,
    DesignVersion,
    Event,
    Frequency,
    GlobalRole,
    Membership,
    Organisation,
    Partner,
    Programme,
    ReportingPeriod,
    Role,
    User,
)
from indicators.permissions import check_may_administer
from indicators.programmes.changes import (
    check_free,
    check_row,
    differing,
    facts,
    local_day,
    lock_programme,
    ready,
    refuse,
    rejudge,
)

FOLLOW_UP_MONTHS = [0, 6, 12, 24]
PLAIN_FIELDS = (
    "code",
    "name",
    "summary",
    "framework",
    "starts_on",
    "ends_on",
    "time_zone",
    "fiscal_year_start_month",
    "grace_days",
    "needs_validation",
    "validation_days",
    "approval_days",
    "lock_days",
)
FIELDS = (*PLAIN_FIELDS, "partners", "organisations")
CALENDAR = [f for f in Frequency.values if f != Frequency.PER_COURSE.value]


@transaction.atomic
def register_programme(
    *,
    code: str,
    name: str,
    summary: str,
    framework: str,
    partners: Iterable[Partner],
    starts_on: date,
    ends_on: date,
    organisations: Iterable[Organisation] = (),
    time_zone: str = "UTC",
    fiscal_year_start_month: int = 1,
    grace_days: int = 15,
    needs_validation: bool = False,
    validation_days: int = 20,
    approval_days: int = 25,
    lock_days: int | None = None,
    scope: str = "",
    is_illustrative: bool = False,
    by: User,
    at: datetime,
) -> Programme:
    """Create a programme with a first design to draft and a schedule of assessments."""
    check_may_administer(by)
    partners, organisations = list(partners), list(organisations)
    programme = Programme(
        code=code,
        name=name,
        summary=summary,
        framework=framework,
        starts_on=starts_on,
        ends_on=ends_on,
        time_zone=time_zone,
        fiscal_year_start_month=fiscal_year_start_month,
        grace_days=grace_days,
        needs_validation=needs_validation,
        validation_days=validation_days,
        approval_days=approval_days,
        lock_days=lock_days,
        is_illustrative=is_illustrative,
    )
    check_free(Programme.objects.all(), "code", code)
    check_row(programme, partners=_no_partner(partners))
    try:
        with transaction.atomic():
            programme.save()
    except IntegrityError:  # Somebody registered the same code a moment ago.
        raise refuse("code", _("“%s” is already in use here; choose another.") % code) from None
    programme.partners.set(partners)
    programme.organisations.set(organisations)
    DesignVersion.objects.create(programme=programme, number=1, scope=scope, created_by=by)
    AssessmentSchedule.objects.create(programme=programme, follow_up_months=FOLLOW_UP_MONTHS)
    events.remember(
        "registered", by=by, at=at, about=programme, programme=programme, after=facts(programme, FIELDS)
    )
    return programme


@transaction.atomic
def change_programme(
    *, programme: Programme, version: int, by: User, at: datetime, **changes: Any
) -> Programme:
    """Change the named fields of a programme, unless somebody changed it since `version` was read."""
    check_may_administer(by)
    unknown = changes.keys() - set(FIELDS)
    if unknown:
        raise TypeError(f"change_programme knows no {', '.join(sorted(unknown))}")
    programme = lock_programme(programme)
    if programme.version != version:
        raise refuse("", _who_changed(programme, since=version))
    before = facts(programme, FIELDS)
    for name in changes.keys() & set(PLAIN_FIELDS):
        setattr(programme, name, changes[name])
    check_free(Programme.objects.all(), "code", programme.code, but=programme.pk)
    check_row(
        programme,
        partners=_partners_in_use(programme, changes.get("partners")),
        needs_validation=_no_validator(programme, before),
    )
    for name in changes.keys() & {"partners", "organisations"}:
        getattr(programme, name).set(changes[name])
    was, became = differing(before, facts(programme, FIELDS))
    if not became:
        return programme
    programme.version += 1
    programme.save(update_fields=[*PLAIN_FIELDS, "version"])
    _realign_periods(programme, changed=set(became), at=at)
    events.remember(
        "changed",
        by=by,
        at=at,
        about=programme,
        programme=programme,
        before=was,
        after=became | {"version": programme.version},
    )
    return programme


def _no_validator(programme: Programme, before: Mapping[str, Any]) -> str:
    """Why the step of validation cannot be switched on: nobody could take it, and every figure would wait."""
    is_new = programme.needs_validation and not before["needs_validation"]
    if is_new and not programme.memberships.active().filter(role=Role.VALIDATOR).exists():  # type: ignore[attr-defined]
        return _("Nobody is a data validator of this programme; give somebody the role first.")
    return ""


def _no_partner(partners: list[Partner]) -> str:
    return "" if partners else _("No country was chosen; a programme needs at least one partner.")


def _partners_in_use(programme: Programme, partners: Iterable[Partner] | None) -> str:
    """Why a partner cannot be taken out: its sites or indicators are still there."""
    if partners is None:
        return ""
    kept = list(partners)
    used = (
        Partner.objects.filter(Q(units__programme=programme) | Q(indicators__programme=programme))
        .exclude(pk__in=[partner.pk for partner in kept])
        .distinct()
    )
    names = ", ".join(partner.name for partner in used)
    if names:
        return _("%s cannot be taken out: reporting units or indicators belong to it.") % names
    return _no_partner(kept)


def _who_changed(programme: Programme, *, since: int) -> str:
    """Who changed what after `since` was read, in one sentence."""
    change = (
        Event.objects.filter(about_type="programme", about_id=programme.pk, verb="changed")
        .filter(after__version__gt=since)
        .order_by("-at", "-pk")
        .first()
    )
    if change is None:
        return _("This programme was changed while you worked on it; load the page again.")
    fields = [
        str(Programme._meta.get_field(name).verbose_name) for name in (change.after or {}) if name in FIELDS
    ]
    return _(
        "%(who)s changed %(what)s while you worked on this page. Load it again, then enter your change."
    ) % {"who": change.by_name, "what": ", ".join(fields)}


def _realign_periods(programme: Programme, *, changed: set[str], at: datetime) -> None:
    """Make the calendar's periods fit the new dates; refuse when figures stand in one that no longer fits."""
    if not changed & {"starts_on", "ends_on", "fiscal_year_start_month", "grace_days", "time_zone"}:
        return
    periods = ReportingPeriod.objects.filter(programme=programme, frequency__in=CALENDAR)
    unfit = periods.none()
    if "fiscal_year_start_month" in changed:
        unfit = periods
        field, text = (
            "fiscal_year_start_month",
            _("figures or decisions are already stored in periods of the old year."),
        )
    elif changed & {"starts_on", "ends_on"}:
        unfit = periods.filter(Q(ends_on__lt=programme.starts_on) | Q(starts_on__gt=programme.ends_on))
        field, text = (
            "starts_on" if "starts_on" in changed else "ends_on",
            _("figures or decisions are already stored in periods outside these dates."),
        )
    held = Q(observations__isnull=False) | Q(turns__isnull=False) | Q(exceptions__isnull=False)
    if unfit.filter(held).exists():
        raise refuse(field, _("Cannot be changed to this: %s") % text)
    unfit.delete()
    if "grace_days" in changed:
        today = local_day(programme, at)
        for period in periods.filter(due_on__gte=today):
            period.due_on = period.ends_on + timedelta(days=programme.grace_days)
            period.save(update_fields=["due_on"])
    rejudge(programme.indicators.all(), at=at)


# --- Members -----------------------------------------------------------------------------------------------


@transaction.atomic
def add_member(
    *,
    programme: Programme,
    user: User,
    role: str,
    by: User,
    at: datetime,
    starts_on: date | None = None,
    ends_on: date | None = None,
) -> Membership:
    """Give a person a role in a programme. A membership that ended is taken up again."""
    check_may_administer(by)
    programme = lock_programme(programme)
    starts_on = starts_on or role_day(at)
    check_member(programme, user, role)
    own = Membership.objects.filter(substitutes_for__isnull=True)
    old = own.filter(user=user, programme=programme, role=role).first()
    if old is not None and (old.ends_on is None or old.ends_on >= role_day(at)):
        raise refuse("user", _("%s already has this role in this programme.") % user)
    membership = old or Membership(user=user, programme=programme, role=role)
    membership.starts_on, membership.ends_on = starts_on, ends_on
    check_row(membership)
    membership.save()
    events.remember(
        "gave a role",
        by=by,
        at=at,
        about=membership,
        programme=programme,
        after={"person": str(user), "role": role, "from": ready(starts_on), "until": ready(ends_on)},
    )
    return membership


def role_day(at: datetime) -> date:
    """Roles begin and end with the days of UTC, as `Membership.objects.active` asks the database."""
    return at.astimezone(UTC).date()


def check_member(programme: Programme, user: User, role: str) -> None:
    """Refuse a person who cannot hold the role, in their own right or for another."""
    if role not in Role.values:
        raise refuse("role", _("“%s” is not a role; choose one of the list.") % role)
    if not user.is_active:
        raise refuse("user", _("%s is deactivated; activate the person first.") % user)
    if user.global_role == GlobalRole.PARTNER_VIEWER:
        raise refuse("user", _("%s views for a partner nation and cannot work in a programme.") % user)
    held = set(
        Membership.objects.active().filter(user=user, programme=programme).values_list("role", flat=True)
    )
    working = {Role.OFFICER.value, Role.VALIDATOR.value, Role.APPROVER.value}
    if (role == Role.EVALUATOR and held & working) or (role in working and Role.EVALUATOR in held):
        raise refuse(
            "role",
            _("%s works in this programme or evaluates it, never both at once. End the other role first.")
            % user,
        )


@transaction.atomic
def end_membership(
    *, membership: Membership, ends_on: date | None = None, by: User, at: datetime
) -> Membership | None:
    """Set the last day of a membership. Without a day it ends at once: yesterday was the last.

    Returns None when the membership is withdrawn altogether, because it only began today.
    """
    if by.pk != membership.substitutes_for_id:  # Whoever named a substitute takes the place back.
        check_may_administer(by)
    membership = Membership.objects.select_for_update().get(pk=membership.pk)
    last_day = ends_on or role_day(at) - timedelta(days=1)
    before = {"until": ready(membership.ends_on)}
    if ends_on is None and last_day < membership.starts_on:
        events.remember(
            "withdrew a role",
            by=by,
            at=at,
            about=membership,
            programme=membership.programme_id,
            before=before | {"person": str(membership.user), "role": membership.role},
        )
        membership.delete()
        return None
    membership.ends_on = last_day
    check_row(membership)
    membership.save(update_fields=["ends_on"])
    _end_substitutes(membership, last_day, by=by, at=at)
    events.remember(
        "ended a role",
        by=by,
        at=at,
        about=membership,
        programme=membership.programme_id,
        before=before,
        after={"person": str(membership.user), "role": membership.role, "until": ready(last_day)},
    )
    return membership


def _end_substitutes(membership: Membership, last_day: date, *, by: User, at: datetime) -> None:
    """Nobody stands in for a person longer than that person has the role."""
    if membership.substitutes_for_id is not None:
        return
    later = Membership.objects.filter(
        programme=membership.programme_id,
        role=membership.role,
        substitutes_for=membership.user_id,
        ends_on__gt=last_day,
    )
    for one in later.select_related("user"):
        before = {"until": ready(one.ends_on)}
        one.ends_on = last_day
        if one.starts_on > last_day:  # A term that will never begin.
            one.starts_on = one.ends_on = role_day(at) - timedelta(days=1)
        one.save(update_fields=["starts_on", "ends_on"])
        events.remember(
            "ended a role",
            by=by,
            at=at,
            about=one,
            programme=membership.programme_id,
            before=before,
            after={"person": str(one.user), "role": one.role, "until": ready(one.ends_on)},
        )
