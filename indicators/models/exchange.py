"""Published files on their way in, and what was taken over from them: which activity is which programme."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from indicators.models.imports import FOR_A_WORKER, ImportState
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


class IatiImportQuerySet(models.QuerySet["IatiImport"]):
    def visible_to(self, user: User) -> IatiImportQuerySet:
        """Administrators alone: such a file may register programmes."""
        return self if user.is_authenticated and user.is_admin else self.none()


class IatiImport(models.Model):
    """One IATI file that somebody sent. The row is the truth; a message to a worker is only a doorbell.

    Not a `FileImport`: it is of no programme before it is read, has no columns to confirm and no rows to stage, and
    what can be taken of it is taken. What both share is the way a worker has them (`indicators.leases`). The file is
    a column, as it is small: it is there exactly as long as the row, and a backup of the database holds it.
    """

    name = models.CharField(max_length=200)
    content = models.BinaryField(null=True)
    sha256 = models.CharField(max_length=64)
    size = models.PositiveIntegerField()
    choices = models.TextField(blank=True)
    """Which programme is which activity, as whoever sent it said: one line for each."""
    is_strict = models.BooleanField(default=False)
    """Take nothing over if anything is refused or left out."""
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    language = models.CharField(max_length=8, default="en")
    """In which what the worker finds is said."""
    key = models.CharField(max_length=80, blank=True)
    """A machine's Idempotency-Key."""

    state = models.CharField(max_length=10, choices=ImportState, default=ImportState.CHECKING)
    outcome = models.JSONField(default=dict)
    """What it would do, or did, activity by activity (`exchange.iati_importing`)."""
    findings = models.JSONField(default=list)
    """What somebody should look at: line, place, what was found, what was expected."""
    problem = models.TextField(blank=True)
    """Why it cannot be read or was not taken over."""
    checked_at = models.DateTimeField(null=True, blank=True)
    applied_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    applied_at = models.DateTimeField(null=True, blank=True)

    owner = models.CharField(max_length=80, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    fence = models.PositiveIntegerField(default=0)
    attempts = models.PositiveSmallIntegerField(default=0)
    progress_done = models.PositiveIntegerField(default=0)
    progress_total = models.PositiveIntegerField(default=0)
    """Indicators."""

    objects = IatiImportQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(name="iati_import_key_once", fields=["by", "key"], condition=~Q(key="")),
            models.CheckConstraint(
                name="iati_import_state",
                condition=Q(state__in=["checking", "checked", "applying", "applied", "failed", "discarded"]),
            ),
            models.CheckConstraint(
                name="iati_import_applied_by_and_at",
                condition=Q(applied_by__isnull=True, applied_at__isnull=True)
                | Q(applied_by__isnull=False, applied_at__isnull=False),
            ),
            models.CheckConstraint(name="iati_import_sha256", condition=Q(sha256__regex=r"^[0-9a-f]{64}$")),
            models.CheckConstraint(
                name="iati_import_work_has_a_file",
                condition=Q(content__isnull=False) | ~Q(state__in=["checking", "checked", "applying"]),
            ),
        ]
        indexes = [
            # The claim: the oldest file that a worker may take.
            models.Index(
                name="iati_import_claim", fields=["id"], condition=Q(state__in=["checking", "applying"])
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("iati-import-detail", args=[self.pk])

    @property
    def is_moving(self) -> bool:
        return self.state in FOR_A_WORKER
