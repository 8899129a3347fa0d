"""Files of observations on their way in: what was sent, how it is read, what each row would do."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from indicators.models.people import User
from indicators.models.programmes import OfProgrammeQuerySet, Programme


class ImportState(models.TextChoices):
    """The way of a file. Where it says what a worker does, a worker has it or will take it."""

    READING = "reading", _("Being read")
    MAPPING = "mapping", _("Waits for you: columns")
    CHECKING = "checking", _("Being checked")
    CHECKED = "checked", _("Waits for you: result")
    APPLYING = "applying", _("Being taken over")
    APPLIED = "applied", _("Taken over")
    UNDOING = "undoing", _("Being undone")
    UNDONE = "undone", _("Undone")
    FAILED = "failed", _("Cannot be read")
    DISCARDED = "discarded", _("Thrown away")


FOR_A_WORKER = (ImportState.READING, ImportState.CHECKING, ImportState.APPLYING, ImportState.UNDOING)


class FileImportQuerySet(OfProgrammeQuerySet):
    partner_viewers_see = False


def import_path(file_import: FileImport, filename: str) -> str:
    """Stored under the hash: no name of a user's reaches the file system."""
    return f"imports/{file_import.sha256[:2]}/{file_import.sha256}"


class FileImport(models.Model):
    """One file that somebody sent for a programme. The row is the truth; a message to a worker is only a doorbell."""

    programme = models.ForeignKey(Programme, on_delete=models.PROTECT, related_name="imports")
    name = models.CharField(max_length=200)
    file = models.FileField(upload_to=import_path, blank=True)
    sha256 = models.CharField(max_length=64)
    size = models.PositiveBigIntegerField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    language = models.CharField(max_length=8, default="en")
    """In which what the worker finds is said."""
    key = models.CharField(max_length=80, blank=True)
    """A machine's Idempotency-Key."""

    state = models.CharField(max_length=10, choices=ImportState, default=ImportState.READING)
    layout = models.JSONField(null=True)
    """How its columns are read: proposed, then confirmed (`entry.importing.layout`)."""
    preview = models.JSONField(default=dict)
    """What the file holds, for whoever confirms the layout: its tables and first lines."""
    counts = models.JSONField(default=dict)
    """Rows by kind, and words of the file that nobody has matched yet."""
    problem = models.TextField(blank=True)
    """Why it cannot be read or taken over as a whole."""
    checked_at = models.DateTimeField(null=True, blank=True)
    applied_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    applied_at = models.DateTimeField(null=True, blank=True)
    undone_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    undone_at = models.DateTimeField(null=True, blank=True)

    owner = models.CharField(max_length=80, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    fence = models.PositiveIntegerField(default=0)
    attempts = models.PositiveSmallIntegerField(default=0)
    progress_done = models.PositiveIntegerField(default=0)
    progress_total = models.PositiveIntegerField(default=0)

    objects = FileImportQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(name="import_key_once", fields=["by", "key"], condition=~Q(key="")),
            models.CheckConstraint(
                name="import_applied_by_and_at",
                condition=Q(applied_by__isnull=True, applied_at__isnull=True)
                | Q(applied_by__isnull=False, applied_at__isnull=False),
            ),
            models.CheckConstraint(
                name="import_undone_by_and_at",
                condition=Q(undone_by__isnull=True, undone_at__isnull=True)
                | Q(undone_by__isnull=False, undone_at__isnull=False),
            ),
            models.CheckConstraint(name="import_sha256", condition=Q(sha256__regex=r"^[0-9a-f]{64}$")),
        ]
        indexes = [
            # The claim: the oldest file that a worker may take.
            models.Index(
                name="import_claim",
                fields=["id"],
                condition=Q(state__in=["reading", "checking", "applying", "undoing"]),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("import-detail", args=[self.programme.code, self.pk])

    @property
    def is_moving(self) -> bool:
        return self.state in FOR_A_WORKER

    @property
    def rows_in_all(self) -> int:
        return sum(self.counts.get("kinds", {}).values())


class RowKind(models.TextChoices):
    """What one row of a file would do, or did."""

    NEW = "new", _("New")
    CHANGED = "changed", _("Changed")
    CORRECTED = "corrected", _("Corrected")
    SAME = "same", _("Same")
    PROBLEM = "problem", _("Refused")


class ImportRow(models.Model):
    """One figure of a file, staged. The table is unlogged: it can be made again from the file at any time.

    Its number is the number that a new observation gets, from the same sequence, so that no row is written twice.
    """

    observation_number = models.BigAutoField(primary_key=True)
    file_import = models.ForeignKey(
        FileImport, on_delete=models.CASCADE, related_name="rows", db_constraint=False, db_index=False
    )
    row = models.IntegerField()
    kind = models.CharField(max_length=9, choices=RowKind)
    indicator_id = models.BigIntegerField(null=True)
    period_id = models.BigIntegerField(null=True)
    unit_id = models.BigIntegerField(null=True)
    cell = models.CharField(max_length=200, default="")
    numerator = models.DecimalField(max_digits=24, decimal_places=6, null=True)
    denominator = models.DecimalField(max_digits=24, decimal_places=6, null=True)
    value = models.DecimalField(max_digits=24, decimal_places=6, null=True)
    text = models.TextField(default="")
    missing_reason = models.CharField(max_length=16, default="")
    standard_error = models.DecimalField(max_digits=24, decimal_places=6, null=True)
    sample_size = models.IntegerField(null=True)
    as_of = models.DateField(null=True)
    reliability = models.CharField(max_length=1, default="")
    credibility = models.SmallIntegerField(null=True)
    marking = models.CharField(max_length=20, default="")
    comment = models.TextField(default="")
    given = models.IntegerField(default=0)
    """Which figure fields the file speaks of: one bit each, in the order of `judging.OPTIONAL`."""
    reason = models.TextField(default="")
    existing_id = models.BigIntegerField(null=True)
    existing_version = models.IntegerField(null=True)
    before = models.JSONField(null=True)
    """The columns of the observation that is changed, as they stood: for undoing."""
    problems = models.JSONField(null=True)
    """[{"column", "given", "message"}] of a refused row."""
    source = models.JSONField(null=True)
    """Of a refused row: what it said, by field, and its cells as they stand in the file."""

    class Meta:
        ordering = ["file_import_id", "row", "pk"]
        indexes = [
            models.Index(name="import_rows", fields=["file_import", "row"]),
            # Looking through what is wrong with a large file.
            models.Index(name="import_problems", fields=["file_import", "row"], condition=Q(kind="problem")),
        ]
        constraints = [
            models.CheckConstraint(
                name="import_row_problem_says_what", condition=~Q(kind="problem") | Q(problems__isnull=False)
            ),
            models.CheckConstraint(
                name="import_row_replaces_something",
                condition=~Q(kind__in=["changed", "corrected"]) | Q(existing_id__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.file_import_id}:{self.row} {self.kind}"


class ImportTerm(models.Model):
    """What somebody said a word of a file means in this programme: kept for next time."""

    class Kind(models.TextChoices):
        COLUMN = "column", _("Column")
        INDICATOR = "indicator", _("Indicator")
        UNIT = "unit", _("Unit")
        PERIOD = "period", _("Period")
        CELL = "cell", _("Breakdown")

    programme = models.ForeignKey(Programme, on_delete=models.CASCADE, related_name="import_terms")
    kind = models.CharField(max_length=9, choices=Kind)
    theirs = models.CharField(max_length=200)
    ours = models.CharField(max_length=200, blank=True)
    """A field, a code, a label or a breakdown; empty: it says nothing (a column), or the total (a breakdown)."""
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    objects = FileImportQuerySet.as_manager()

    class Meta:
        ordering = ["programme_id", "kind", "theirs"]
        constraints = [
            models.UniqueConstraint(name="import_term_once", fields=["programme", "kind", "theirs"]),
            models.CheckConstraint(name="import_term_is_a_word", condition=~Q(theirs="")),
        ]

    def __str__(self) -> str:
        return f"{self.theirs} = {self.ours}"
