"""An agreement that asks for less than usual waits for a second person; until then the old one holds (METHOD 2.13)."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from indicators.models.people import User
from indicators.models.tailoring import OfIndicatorQuerySet, ProgrammeIndicator, TargetRevision


class TargetProposal(models.Model):
    """A target revision whose thresholds lie below the usual ones, as somebody proposed it."""

    class State(models.TextChoices):
        PENDING = "pending", _("Waits for a second person")
        APPROVED = "approved", _("Approved")
        DECLINED = "declined", _("Declined")

    indicator = models.ForeignKey(ProgrammeIndicator, on_delete=models.PROTECT, related_name="proposals")
    based_on = models.ForeignKey(TargetRevision, on_delete=models.PROTECT, related_name="+")
    """The agreement in force when it was proposed."""
    plan = models.JSONField()
    """The whole agreement by field: decimals and dates as text."""
    milestones = models.JSONField(default=list, blank=True)
    """[date, value, label] each."""
    on_track_from = models.DecimalField(max_digits=4, decimal_places=2)
    at_risk_from = models.DecimalField(max_digits=4, decimal_places=2)
    effective_on = models.DateField(_("valid from"))
    reason_code = models.CharField(_("reason"), max_length=12, choices=TargetRevision.Reason)
    reason = models.TextField(_("reason in words"))
    decision = models.ForeignKey(
        "AdjustmentDecision",
        verbose_name=_("carries out"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="proposals",
    )
    proposed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField()

    state = models.CharField(max_length=8, choices=State, default=State.PENDING)
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    comment = models.TextField(blank=True)
    revision = models.OneToOneField(
        TargetRevision, on_delete=models.PROTECT, null=True, blank=True, related_name="proposal"
    )
    """What it became."""

    objects = OfIndicatorQuerySet.as_manager()

    class Meta:
        ordering = ["-proposed_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                name="proposal_one_pending", fields=["indicator"], condition=Q(state="pending")
            ),
            models.CheckConstraint(name="proposal_has_a_reason", condition=~Q(reason="")),
            models.CheckConstraint(
                name="proposal_decided_by_and_at",
                condition=Q(state="pending", decided_by__isnull=True, decided_at__isnull=True)
                | (~Q(state="pending") & Q(decided_by__isnull=False, decided_at__isnull=False)),
            ),
            models.CheckConstraint(
                name="proposal_four_eyes",
                condition=Q(decided_by__isnull=True) | ~Q(state="approved") | ~Q(decided_by=F("proposed_by")),
                violation_error_message=_("Nobody approves thresholds that they proposed."),
            ),
            models.CheckConstraint(
                name="proposal_became_a_revision",
                condition=Q(state="approved", revision__isnull=False)
                | (~Q(state="approved") & Q(revision__isnull=True)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.indicator_id}: {self.on_track_from} / {self.at_risk_from}"
