"""Substitutes for a time: somebody takes the place of an officer, a validator or an approver, in their own name."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.translation import gettext as _

from indicators import events
from indicators.models import Membership, Role, User
from indicators.programmes.changes import check_row, lock_programme, ready, refuse
from indicators.programmes.registering import check_member, role_day
from indicators.templatetags.ui import day

SUBSTITUTED = (Role.OFFICER, Role.VALIDATOR, Role.APPROVER)
MAX_DAYS = 366


def check_may_name_substitute(user: User, membership: Membership) -> None:
    """Name a substitute for a role: whoever holds it in their own right, or an administrator."""
    if not user.is_admin and membership.user_id != user.pk:
        raise PermissionDenied(
            _("Only the person whose role it is, or an administrator, names a substitute.")
        )
    if membership.role not in SUBSTITUTED:
        raise PermissionDenied(_("Only officers, data validators and approvers have substitutes."))
    if membership.substitutes_for_id is not None:
        raise PermissionDenied(_("A substitute does not name another one."))


@transaction.atomic
def name_substitute(
    *,
    membership: Membership,
    user: User,
    ends_on: date,
    starts_on: date | None = None,
    by: User,
    at: datetime,
) -> Membership:
    """Let `user` act in the place of the holder of `membership`, from a day to a day.

    The substitute has the role in the programme for that time, acts in their own name (the audit trail adds whose
    place was taken), and is bound by four eyes for both: neither decides on what the other entered.

    Args:
        membership: a role held in one's own right, now or later.
        ends_on: last day; not after the membership's own.

    Raises:
        PermissionDenied: `by` may not name substitutes for it.
        ValidationError: by field.
    """
    check_may_name_substitute(by, membership)
    programme = lock_programme(membership.programme)
    membership = Membership.objects.select_related("user").get(pk=membership.pk)
    today = role_day(at)
    starts_on = starts_on or today
    check_member(programme, user, membership.role)
    _check_term(membership, starts_on, ends_on, today)
    held = Membership.objects.filter(user=user, programme=programme, role=membership.role)
    if held.active(on=starts_on).filter(substitutes_for__isnull=True).exists():
        raise refuse("user", _("%s has this role already; no substitute is needed.") % user)
    row = held.filter(substitutes_for=membership.user).first()
    if row is not None and row.ends_on is not None and row.ends_on >= today:
        raise refuse(
            "user",
            _("%(who)s is the substitute until %(day)s already; end that first.")
            % {"who": user, "day": day(row.ends_on)},
        )
    row = row or Membership(
        user=user, programme=programme, role=membership.role, substitutes_for=membership.user
    )
    row.starts_on, row.ends_on = starts_on, ends_on
    check_row(row)
    row.save()
    events.remember(
        "named a substitute",
        by=by,
        at=at,
        about=row,
        programme=programme,
        after={
            "person": str(user),
            "for": str(membership.user),
            "role": membership.role,
            "from": ready(starts_on),
            "until": ready(ends_on),
        },
    )
    return row


def _check_term(membership: Membership, starts_on: date, ends_on: date, today: date) -> None:
    latest = starts_on + timedelta(days=MAX_DAYS)
    if membership.ends_on is not None:
        latest = min(latest, membership.ends_on)
    if not max(starts_on, today) <= ends_on <= latest:
        raise refuse(
            "ends_on",
            _("%(given)s was given; a day from %(first)s to %(last)s was expected.")
            % {"given": day(ends_on), "first": day(max(starts_on, today)), "last": day(latest)},
        )
