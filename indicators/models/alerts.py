"""A signal of change that asks for its cause. Kept for ever; closed only with words."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from indicators.engine.signals import SignalKind
from indicators.models.people import User
from indicators.models.tailoring import OfIndicatorQuerySet, ProgrammeIndicator


class AlertQuerySet(OfIndicatorQuerySet):
    def open(self) -> AlertQuerySet:
        """Those that wait for somebody's words."""
        return self.filter(closed_at__isnull=True, lapsed_at__isnull=True)


class Alert(models.Model):
    """Something moved beyond its usual ups and downs: what, when, and what people say of it (METHOD 2.6)."""

    class Rule(models.TextChoices):
        OUTSIDE = SignalKind.OUTSIDE.value, _("Beyond a control limit")
        ONE_SIDE = SignalKind.ONE_SIDE.value, _("A row on one side of the mean")
        TREND = SignalKind.TREND.value, _("A row in one direction")

    class State(models.TextChoices):
        OPEN = "open", _("Open")
        CLOSED = "closed", _("Closed")
        LAPSED = "lapsed", _("Lapsed")

    indicator = models.ForeignKey(ProgrammeIndicator, on_delete=models.PROTECT, related_name="alerts")
    rule = models.CharField(_("rule"), max_length=10, choices=Rule)
    is_high = models.BooleanField()
    """Above the usual, or rising."""
    first_on = models.DateField(help_text=_("First day of the first period."))
    last_on = models.DateField(help_text=_("Last day of the last period."))
    points = models.PositiveIntegerField(_("points"))
    text = models.JSONField()
    """{"template": …, "params": {…}} of the engine's Message."""
    method = models.CharField(_("chart"), max_length=40)
    opened_at = models.DateTimeField(_("opened at"))

    cause = models.TextField(_("cause"), blank=True)
    action = models.TextField(_("what is done about it"), blank=True)
    closed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    closed_at = models.DateTimeField(null=True)
    lapsed_at = models.DateTimeField(null=True)
    """When the figures were corrected so that nothing is noticed any more."""

    objects = AlertQuerySet.as_manager()

    class Meta:
        ordering = ["-opened_at", "-pk"]
        constraints = [
            models.UniqueConstraint(name="alert_once", fields=["indicator", "rule", "is_high", "first_on"]),
            models.CheckConstraint(name="alert_days_in_order", condition=Q(last_on__gte=F("first_on"))),
            models.CheckConstraint(
                name="alert_closed_with_words",
                condition=Q(closed_at__isnull=True, closed_by__isnull=True, cause="", action="")
                | (Q(closed_at__isnull=False, closed_by__isnull=False) & ~Q(cause="") & ~Q(action="")),
                violation_error_message=_("An alert is closed with its cause and what is done about it."),
            ),
            models.CheckConstraint(
                name="alert_closed_or_lapsed",
                condition=Q(closed_at__isnull=True) | Q(lapsed_at__isnull=True),
            ),
        ]
        indexes = [
            # What waits, on the pages of programme and portfolio.
            models.Index(
                name="alert_open", fields=["indicator"], condition=Q(closed_at=None, lapsed_at=None)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.indicator_id} {self.rule} {self.first_on}"

    def get_absolute_url(self) -> str:
        return reverse("alert-detail", args=[self.pk])

    @property
    def state(self) -> Alert.State:
        if self.closed_at is not None:
            return self.State.CLOSED
        return self.State.OPEN if self.lapsed_at is None else self.State.LAPSED

    @property
    def is_open(self) -> bool:
        return self.state == self.State.OPEN
