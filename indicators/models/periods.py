"""What was decided about a reporting period beside its calendar: reopened, locked, and for whom it stays open."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from indicators.models.people import User
from indicators.models.programmes import OfProgrammeQuerySet, ReportingPeriod


class OfPeriodQuerySet(OfProgrammeQuerySet):
    programme_path = "period__programme"
    partner_viewers_see = False


class PeriodTurn(models.Model):
    """Somebody reopened a period until a day, or locked it before its time. Never edited: the newest holds."""

    class Kind(models.TextChoices):
        REOPENED = "reopened", _("Reopened")
        LOCKED = "locked", _("Locked")

    period = models.ForeignKey(ReportingPeriod, on_delete=models.PROTECT, related_name="turns")
    kind = models.CharField(max_length=8, choices=Kind)
    until = models.DateField(null=True, blank=True)
    """Last day of a reopening, in the programme's time zone; the period locks again by itself."""
    reason = models.TextField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    objects = OfPeriodQuerySet.as_manager()

    period_id: int

    class Meta:
        ordering = ["period_id", "pk"]
        constraints = [
            models.CheckConstraint(name="period_turn_has_a_reason", condition=~Q(reason="")),
            models.CheckConstraint(
                name="period_reopened_until_a_day",
                condition=Q(kind="reopened", until__isnull=False) | Q(kind="locked", until__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.period} {self.get_kind_display()}"


class EntryException(models.Model):
    """A locked period stays open for one person until a day, for a reason; unless it is taken back before."""

    period = models.ForeignKey(ReportingPeriod, on_delete=models.PROTECT, related_name="exceptions")
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    until = models.DateField()
    """Last day, in the programme's time zone."""
    reason = models.TextField()
    granted_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    granted_at = models.DateTimeField()
    revoked_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = OfPeriodQuerySet.as_manager()

    period_id: int
    user_id: int

    class Meta:
        ordering = ["period_id", "pk"]
        constraints = [
            models.CheckConstraint(name="exception_has_a_reason", condition=~Q(reason="")),
            models.CheckConstraint(
                name="exception_from_another",
                condition=~Q(granted_by=F("user")),
                violation_error_message=_("Nobody grants an exception to themselves."),
            ),
            models.CheckConstraint(
                name="exception_revoked_by_and_at",
                condition=Q(revoked_by__isnull=True, revoked_at__isnull=True)
                | Q(revoked_by__isnull=False, revoked_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.period} {self.user}"
