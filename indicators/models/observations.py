"""Facts: what was observed, by whom, on what evidence. Corrected by newer rows, never edited."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from indicators.models.people import GlobalRole, User
from indicators.models.programmes import ReportingPeriod, ReportingUnit
from indicators.models.tailoring import Marking, OfIndicatorQuerySet, ProgrammeIndicator


class State(models.TextChoices):
    """The way of an observation (METHOD 4.2)."""

    DRAFT = "draft", _("Draft")
    SUBMITTED = "submitted", _("Submitted")
    VALIDATED = "validated", _("Validated")
    RETURNED = "returned", _("Returned")
    APPROVED = "approved", _("Approved")
    REJECTED = "rejected", _("Rejected")
    SUPERSEDED = "superseded", _("Superseded")


PENDING = (State.DRAFT, State.SUBMITTED, State.VALIDATED, State.RETURNED)
WAITING = (State.SUBMITTED, State.VALIDATED)
"""Handed in, and not yet accepted."""


class Reliability(models.TextChoices):
    """Of the source (NATO letter grades)."""

    A = "A", _("A Completely reliable")
    B = "B", _("B Usually reliable")
    C = "C", _("C Fairly reliable")
    D = "D", _("D Not usually reliable")
    E = "E", _("E Unreliable")
    F = "F", _("F Cannot be judged")


class Credibility(models.IntegerChoices):
    """Of the information (NATO number grades)."""

    CONFIRMED = 1, _("1 Confirmed by other sources")
    PROBABLE = 2, _("2 Probably true")
    POSSIBLE = 3, _("3 Possibly true")
    DOUBTFUL = 4, _("4 Doubtful")
    IMPROBABLE = 5, _("5 Improbable")
    UNJUDGED = 6, _("6 Cannot be judged")


class MissingReason(models.TextChoices):
    """Why there is no figure. Missing is an answer, and not zero."""

    NONE = "", _("A figure is given")
    NOT_COLLECTED = "not_collected", _("Not collected")
    NOT_APPLICABLE = "not_applicable", _("Nothing to report on in this period")
    HELD_ELSEWHERE = "held_elsewhere", _("Held elsewhere (classified)")


class ObservationQuerySet(OfIndicatorQuerySet):
    def visible_to(self, user: User) -> ObservationQuerySet:
        """As their indicator; partner viewers see approved totals alone: a cell may be one person."""
        seen = super().visible_to(user)
        if user.is_authenticated and user.global_role == GlobalRole.PARTNER_VIEWER:
            return seen.filter(state=State.APPROVED, cell="")
        return seen

    def current(self) -> ObservationQuerySet:
        """What counts in official results."""
        return self.filter(state=State.APPROVED)

    def pending(self) -> ObservationQuerySet:
        return self.filter(state__in=PENDING)


class Observation(models.Model):
    """One figure for an indicator, a period, a reporting unit and a disaggregation cell."""

    indicator = models.ForeignKey(
        ProgrammeIndicator, on_delete=models.PROTECT, related_name="observations", db_index=False
    )
    """Without an index of its own: that of the roll-up begins with it. Nobody looks figures up by person alone."""
    period = models.ForeignKey(ReportingPeriod, on_delete=models.PROTECT, related_name="observations")
    unit = models.ForeignKey(
        ReportingUnit, on_delete=models.PROTECT, null=True, blank=True, related_name="observations"
    )
    cell = models.CharField(max_length=200, blank=True)
    """Canonical disaggregation key ``name=code;name=code`` in order of name; empty for the total."""
    numerator = models.DecimalField(max_digits=24, decimal_places=6, null=True, blank=True)
    denominator = models.DecimalField(max_digits=24, decimal_places=6, null=True, blank=True)
    value = models.DecimalField(max_digits=24, decimal_places=6, null=True, blank=True)
    """Count, number, score, index, level, effect size; 0 or 1 for yes/no and milestones."""
    text = models.TextField(blank=True)
    missing_reason = models.CharField(
        max_length=16, choices=MissingReason, default=MissingReason.NONE, blank=True
    )
    standard_error = models.DecimalField(max_digits=24, decimal_places=6, null=True, blank=True)
    sample_size = models.PositiveIntegerField(null=True, blank=True)
    as_of = models.DateField()
    reliability = models.CharField(max_length=1, choices=Reliability, default=Reliability.F)
    credibility = models.PositiveSmallIntegerField(choices=Credibility, default=Credibility.UNJUDGED)
    marking = models.CharField(max_length=20, choices=Marking, default=Marking.NATO_UNCLASSIFIED)
    comment = models.TextField(blank=True)
    source = models.CharField(
        max_length=12, default="form", help_text="form, grid, api, import, course, demo"
    )
    follow_up = models.BooleanField(default=False)
    """Somebody wants to look at it again; says nothing about the figure."""

    state = models.CharField(max_length=12, choices=State, default=State.DRAFT)
    version = models.PositiveIntegerField(default=1)
    entered_by = models.ForeignKey(User, on_delete=models.PROTECT, db_index=False, related_name="+")
    entered_at = models.DateTimeField()
    submitted_by = models.ForeignKey(
        User, on_delete=models.PROTECT, db_index=False, null=True, blank=True, related_name="+"
    )
    submitted_at = models.DateTimeField(null=True, blank=True)
    validated_by = models.ForeignKey(
        User, on_delete=models.PROTECT, db_index=False, null=True, blank=True, related_name="+"
    )
    validated_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(
        User, on_delete=models.PROTECT, db_index=False, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    decision_comment = models.TextField(blank=True)
    corrects = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="corrections"
    )
    correction_reason = models.TextField(blank=True)
    superseded_at = models.DateTimeField(null=True, blank=True)
    by_request = models.BooleanField(default=False)
    """A correction of a locked period, asked for (METHOD 4.4): it passes the lock, and counts once approved."""

    objects = ObservationQuerySet.as_manager()

    indicator_id: int
    period_id: int
    unit_id: int | None
    entered_by_id: int
    submitted_by_id: int | None
    validated_by_id: int | None
    decided_by_id: int | None
    corrects_id: int | None

    class Meta:
        ordering = ["indicator_id", "period__starts_on", "unit_id", "cell", "pk"]
        constraints = [
            models.UniqueConstraint(
                "indicator",
                "period",
                Coalesce("unit", 0),
                "cell",
                name="observation_one_approved",
                condition=Q(state="approved"),
            ),
            models.UniqueConstraint(
                "indicator",
                "period",
                Coalesce("unit", 0),
                "cell",
                name="observation_one_pending",
                condition=Q(state__in=["draft", "submitted", "validated", "returned"]),
            ),
            models.CheckConstraint(
                name="observation_four_eyes",
                condition=~Q(state="approved")
                | (~Q(decided_by=F("entered_by")) & ~Q(decided_by=F("submitted_by"))),
                violation_error_message=_("Nobody approves what they entered or submitted."),
            ),
            models.CheckConstraint(
                name="observation_validated_by_another",
                condition=~Q(validated_by=F("entered_by")) & ~Q(validated_by=F("submitted_by")),
                violation_error_message=_("Nobody validates what they entered or submitted."),
            ),
            models.CheckConstraint(
                name="observation_validator_does_not_approve",
                condition=~Q(state="approved") | ~Q(decided_by=F("validated_by")),
                violation_error_message=_("Nobody approves what they validated."),
            ),
            models.CheckConstraint(
                name="observation_validated_by_and_at",
                condition=Q(validated_by__isnull=True, validated_at__isnull=True)
                | Q(validated_by__isnull=False, validated_at__isnull=False),
            ),
            models.CheckConstraint(
                name="observation_validated_is_validated",
                condition=~Q(state="validated") | Q(validated_by__isnull=False, submitted_by__isnull=False),
            ),
            models.CheckConstraint(
                name="observation_request_corrects",
                condition=Q(by_request=False) | Q(corrects__isnull=False),
            ),
            models.CheckConstraint(
                name="observation_decided_by_and_at",
                condition=Q(decided_by__isnull=True, decided_at__isnull=True)
                | Q(decided_by__isnull=False, decided_at__isnull=False),
            ),
            models.CheckConstraint(
                name="observation_submitted_by_and_at",
                condition=Q(submitted_by__isnull=True, submitted_at__isnull=True)
                | Q(submitted_by__isnull=False, submitted_at__isnull=False),
            ),
            models.CheckConstraint(
                name="observation_approved_is_decided",
                condition=~Q(state="approved") | Q(decided_by__isnull=False, submitted_by__isnull=False),
            ),
            models.CheckConstraint(
                name="observation_says_something",
                condition=Q(
                    missing_reason="", numerator__isnull=False, denominator__isnull=False, value__isnull=True
                )
                | Q(missing_reason="", numerator__isnull=True, denominator__isnull=True, value__isnull=False)
                | (Q(missing_reason="", numerator__isnull=True, value__isnull=True) & ~Q(text=""))
                | (
                    ~Q(missing_reason="")
                    & Q(numerator__isnull=True, denominator__isnull=True, value__isnull=True)
                ),
                violation_error_message=_(
                    "Give exactly one figure, a text, or the reason why there is none."
                ),
            ),
            models.CheckConstraint(
                name="observation_denominator", condition=Q(denominator__isnull=True) | Q(denominator__gte=0)
            ),
            models.CheckConstraint(
                name="observation_correction_has_a_reason",
                condition=Q(corrects__isnull=True) | ~Q(correction_reason=""),
            ),
            models.CheckConstraint(
                name="observation_marking", condition=Q(marking__in=["PUBLIC", "NATO UNCLASSIFIED"])
            ),
        ]
        indexes = [
            # The roll-up of one touched period, and the list below an indicator.
            models.Index(name="observation_rollup", fields=["indicator", "period", "state"]),
            # How many figures were accepted lately, and when the last one was, in the portfolio.
            models.Index(
                name="observation_accepted", fields=["indicator", "decided_at"], condition=Q(state="approved")
            ),
            # The validator's and the approver's queue.
            models.Index(
                name="observation_queue",
                fields=["submitted_at"],
                condition=Q(state__in=["submitted", "validated"]),
            ),
            # The list of corrections asked for.
            models.Index(name="observation_requests", fields=["-id"], condition=Q(by_request=True)),
        ]

    def __str__(self) -> str:
        return f"{self.indicator_id} {self.period} {self.unit or ''} {self.cell}".strip()

    def get_absolute_url(self) -> str:
        return reverse("observation-detail", args=[self.pk])


class SentBatch(models.Model):
    """What was answered to figures sent together, so that the same figures sent again change nothing twice."""

    by = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=80)
    content_hash = models.CharField(max_length=64)
    answer = models.JSONField(default=dict)
    at = models.DateTimeField()

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(name="batch_once_per_person", fields=["by", "key"])]
        indexes = [
            # Those past their time are removed by age.
            models.Index(name="batch_at", fields=["at"]),
        ]

    def __str__(self) -> str:
        return f"{self.by_id} {self.key}"  # type: ignore[attr-defined]


class OfObservationQuerySet(models.QuerySet["Evidence"]):
    def visible_to(self, user: User) -> OfObservationQuerySet:
        return self.filter(observation__in=Observation.objects.visible_to(user).values("pk"))


def evidence_path(evidence: Evidence, filename: str) -> str:
    """Stored under the hash: no name of a user's reaches the file system."""
    return f"evidence/{evidence.sha256[:2]}/{evidence.sha256}"


class Evidence(models.Model):
    """What an observation rests on: a file, a link, or a note where it is held."""

    class Kind(models.TextChoices):
        FILE = "file", _("File")
        LINK = "link", _("Link")
        ELSEWHERE = "elsewhere", _("Held elsewhere")

    observation = models.ForeignKey(Observation, on_delete=models.CASCADE, related_name="evidence")
    kind = models.CharField(max_length=10, choices=Kind)
    name = models.CharField(max_length=200)
    file = models.FileField(upload_to=evidence_path, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    size = models.PositiveIntegerField(null=True, blank=True)
    content_type = models.CharField(max_length=100, blank=True)
    link = models.URLField(max_length=500, blank=True)
    added_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    added_at = models.DateTimeField()

    objects = OfObservationQuerySet.as_manager()

    class Meta:
        ordering = ["observation_id", "pk"]
        constraints = [
            models.CheckConstraint(
                name="evidence_file_has_its_hash",
                condition=~Q(kind="file") | (~Q(file="") & Q(sha256__regex=r"^[0-9a-f]{64}$")),
            )
        ]

    def __str__(self) -> str:
        return self.name
