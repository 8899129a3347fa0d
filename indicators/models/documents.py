"""Documents that somebody asked for: a report as a file, built by a worker, kept with the hash of what it says."""

from __future__ import annotations

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from indicators.models.people import User
from indicators.models.programmes import Programme


class DocumentQuerySet(models.QuerySet["Document"]):
    def visible_to(self, user: User) -> DocumentQuerySet:
        """One's own, as long as one sees every programme that it says something about."""
        if not user.is_authenticated:
            return self.none()
        seen = Programme.objects.visible_to(user).values("pk")
        beyond = Document.covers.through.objects.filter(document=OuterRef("pk")).exclude(programme__in=seen)
        return self.filter(
            Q(programme__isnull=True) | Q(programme__in=seen), ~Exists(beyond), requested_by=user
        )


class Document(models.Model):
    """One report as one file. The row is the truth; a message to a worker is only a doorbell.

    The file is a column: it is there exactly when the row says so, and a backup of the database holds it.
    """

    class Kind(models.TextChoices):
        PROGRAMME = "programme", _("Programme report")
        ASSESSMENT = "assessment", _("Assessment report")
        EVALUATION = "evaluation", _("Evaluation report")
        REGION = "region", _("Region brief")

    class Format(models.TextChoices):
        PDF = "pdf", _("PDF")
        DOCX = "docx", _("Word (DOCX)")
        XLSX = "xlsx", _("Excel (XLSX)")

    class State(models.TextChoices):
        QUEUED = "queued", _("Waits for a worker")
        BUILDING = "building", _("Being built")
        READY = "ready", _("Ready")
        FAILED = "failed", _("Could not be built")

    kind = models.CharField(max_length=10, choices=Kind)
    key = models.CharField(max_length=40)
    """What it is about: the programme's code, the number of an assessment or evaluation, ``all``."""
    format = models.CharField(max_length=4, choices=Format)
    language = models.CharField(max_length=8)
    programme = models.ForeignKey(Programme, on_delete=models.PROTECT, null=True, related_name="documents")
    covers = models.ManyToManyField(Programme, related_name="+")
    """Of a region brief: the programmes that its reader saw when it was built. Known once it is ready."""
    title = models.CharField(max_length=250)
    requested_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="documents")
    requested_at = models.DateTimeField()

    state = models.CharField(max_length=8, choices=State, default=State.QUEUED)
    problem = models.TextField(blank=True)
    done = models.PositiveSmallIntegerField(default=0)
    """Steps done, of `STEPS`."""
    lease_until = models.DateTimeField(null=True, blank=True)
    fence = models.PositiveIntegerField(default=0)
    attempts = models.PositiveSmallIntegerField(default=0)

    marking = models.CharField(max_length=40, blank=True)
    inputs_hash = models.CharField(max_length=64, blank=True)
    """SHA-256 of everything that the document says."""
    sha256 = models.CharField(max_length=64, blank=True)
    size = models.PositiveIntegerField(default=0)
    content = models.BinaryField(null=True)
    made_at = models.DateTimeField(null=True, blank=True)

    objects = DocumentQuerySet.as_manager()

    STEPS = 3

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                name="document_once_under_way",
                fields=["requested_by", "kind", "key", "format", "language"],
                condition=Q(state__in=["queued", "building"]),
            ),
            models.CheckConstraint(
                name="document_ready_has_a_file",
                condition=~Q(state="ready")
                | Q(content__isnull=False, made_at__isnull=False)
                & Q(sha256__regex=r"^[0-9a-f]{64}$", inputs_hash__regex=r"^[0-9a-f]{64}$"),
            ),
            models.CheckConstraint(
                name="document_region_has_no_programme",
                condition=Q(kind="region", programme__isnull=True)
                | ~Q(kind="region") & Q(programme__isnull=False),
            ),
        ]
        indexes = [
            models.Index(name="document_claim", fields=["id"], condition=Q(state__in=["queued", "building"])),
            models.Index(name="document_same_inputs", fields=["inputs_hash"], condition=Q(state="ready")),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.title}"

    def get_absolute_url(self) -> str:
        return reverse("document-list")

    @property
    def is_moving(self) -> bool:
        return self.state in {self.State.QUEUED, self.State.BUILDING}

    @property
    def file_name(self) -> str:
        """Kind, subject and day, in letters, digits and hyphens alone."""
        plain = "".join(c if c.isascii() and c.isalnum() else "-" for c in f"{self.kind}-{self.key}")
        return f"{plain.strip('-').lower()}-{(self.made_at or self.requested_at).date().isoformat()}.{self.format}"
