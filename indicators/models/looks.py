"""When somebody last looked, and how statuses moved meanwhile. Kept so that a page can say what changed."""

from __future__ import annotations

from datetime import date, datetime

from django.db import models
from django.utils.translation import gettext_lazy as _

from indicators.models.derived import Status
from indicators.models.notices import OwnQuerySet
from indicators.models.people import User
from indicators.models.programmes import Programme
from indicators.models.tailoring import OfIndicatorQuerySet, ProgrammeIndicator


class StatusChange(models.Model):
    """An indicator got another status. A trigger of the database writes it, whichever way the status was stored."""

    indicator = models.ForeignKey(ProgrammeIndicator, on_delete=models.CASCADE, related_name="status_changes")
    at = models.DateTimeField()
    before = models.CharField(max_length=16, choices=Status, blank=True)
    """Empty: nothing was stored before."""
    before_stale_from = models.DateField(null=True)
    """From then on the status before counted as not reporting."""
    after = models.CharField(max_length=16, choices=Status)

    objects = OfIndicatorQuerySet.as_manager()

    class Meta:
        ordering = ["indicator_id", "at", "pk"]
        # The first change of each indicator since a look.
        indexes = [models.Index(name="status_change_since", fields=["indicator", "at"])]

    def __str__(self) -> str:
        return f"{self.indicator_id} {self.at:%Y-%m-%d}: {self.before} → {self.after}"


class LastLook(models.Model):
    """When a person last saw a programme in the portfolio. The visits of one day are one look."""

    person = models.ForeignKey(User, on_delete=models.CASCADE, related_name="looks")
    programme = models.ForeignKey(
        Programme, verbose_name=_("programme"), on_delete=models.CASCADE, related_name="+"
    )
    looked_on = models.DateField()
    """The day of the newest look, in the server's zone."""
    looked_at = models.DateTimeField()
    """The last visit of that day."""
    before_at = models.DateTimeField(null=True)
    """The last visit of the look before; None: there was none."""

    objects = OwnQuerySet.as_manager()

    class Meta:
        ordering = ["person_id", "programme_id"]
        constraints = [models.UniqueConstraint(name="last_look_once", fields=["person", "programme"])]

    def __str__(self) -> str:
        return f"{self.person_id} {self.programme_id} {self.looked_on}"

    def since(self, today: date) -> datetime | None:
        """From when on something is news for this person today; None on the day of their first look."""
        return self.looked_at if self.looked_on < today else self.before_at
