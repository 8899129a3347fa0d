"""The audit trail. Rows have no foreign keys, so they never stand in the way; triggers keep them."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from indicators.models.people import User
from indicators.models.programmes import Programme


class EventQuerySet(models.QuerySet["Event"]):
    def visible_to(self, user: User) -> EventQuerySet:
        """Those of the programmes one sees; those of no programme for admins and auditors alone."""
        if not user.is_authenticated or user.global_role == "partner_viewer":
            return self.none()
        if user.is_admin or user.global_role == "auditor":
            return self
        return self.filter(programme_id__in=Programme.objects.visible_to(user).values("pk"))


class Event(models.Model):
    """Somebody did something to something at a time, and why."""

    at = models.DateTimeField(db_index=True)
    by_id = models.BigIntegerField(null=True)
    by_name = models.CharField(max_length=150)
    verb = models.CharField(_("what"), max_length=60)
    about_type = models.CharField(max_length=60)
    about_id = models.BigIntegerField(null=True)
    about_name = models.CharField(max_length=250)
    programme_id = models.BigIntegerField(null=True, db_index=True)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    reason = models.TextField(blank=True)

    objects = EventQuerySet.as_manager()

    class Meta:
        ordering = ["-at", "-pk"]
        indexes = [models.Index(name="event_about", fields=["about_type", "about_id"])]  # History on a page.
        constraints = [models.CheckConstraint(name="event_has_a_verb", condition=~Q(verb=""))]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.by_name} {self.verb} {self.about_name}"
