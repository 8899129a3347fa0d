"""What was taken over from published files: which activity is which programme."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from indicators.models.people import User
from indicators.models.programmes import OfProgrammeQuerySet, Programme


class IatiActivity(models.Model):
    """An activity of an IATI file that is a programme here. Later files of the same activity find it by this."""

    identifier = models.CharField(_("IATI identifier"), max_length=200, unique=True)
    programme = models.ForeignKey(Programme, on_delete=models.PROTECT, related_name="iati_activities")
    organisation = models.CharField(_("reporting organisation"), max_length=120, blank=True)
    linked_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    linked_at = models.DateTimeField()

    objects = OfProgrammeQuerySet.as_manager()

    class Meta:
        ordering = ["identifier"]
        verbose_name_plural = "IATI activities"

    def __str__(self) -> str:
        return self.identifier
