"""Work that is due, the runs that did it, and the verdicts that stay."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from indicators.models.courses import CourseRun
from indicators.models.derived import Status, TrendWord
from indicators.models.people import GlobalRole, User
from indicators.models.programmes import Frequency, OfProgrammeQuerySet, Programme
from indicators.models.tailoring import OfIndicatorQuerySet, ProgrammeIndicator


class Kind(models.TextChoices):
    """While it runs, or after it ended."""

    ON_THE_FLY = "on_the_fly", _("On the fly")
    EX_POST = "ex_post", _("Ex-post")


class InternalQuerySet(OfProgrammeQuerySet):
    partner_viewers_see = False


class AssessmentSchedule(models.Model):
    """When a programme is assessed without anybody asking."""

    programme = models.OneToOneField(Programme, on_delete=models.PROTECT, related_name="schedule")
    frequency = models.CharField(
        _("while it runs"),
        max_length=12,
        choices=[(f.value, f.label) for f in Frequency if f not in {Frequency.PER_COURSE, Frequency.EVENT}],
        default=Frequency.QUARTERLY,
    )
    days_after_period = models.PositiveSmallIntegerField(
        _("days after the end of a period"), default=30, help_text=_("Late figures still get in until then.")
    )
    follow_up_months = models.JSONField(
        _("months after the end"), default=list, help_text=_("Ex-post assessments, e.g. [0, 6, 12, 24].")
    )
    is_active = models.BooleanField(_("active"), default=True)
    planned_until = models.DateField(null=True, blank=True, editable=False)

    objects = InternalQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.programme}: {self.get_frequency_display()}"


class DueAssessment(models.Model):
    """One assessment that has to be made. The unique key makes planning twice harmless (TRUST 1.3)."""

    class State(models.TextChoices):
        DUE = "due", _("Due")
        LEASED = "leased", _("Running")
        DONE = "done", _("Done")
        DEAD = "dead", _("Failed")
        STOPPED = "stopped", _("Cancelled")

    programme = models.ForeignKey(Programme, on_delete=models.PROTECT, related_name="due_assessments")
    kind = models.CharField(max_length=10, choices=Kind)
    as_of = models.DateField()
    request = models.PositiveIntegerField(default=0)
    """0: by schedule. Somebody's request for the same day gets the next number."""
    label = models.CharField(max_length=60)
    due_at = models.DateTimeField()
    requested_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    state = models.CharField(max_length=8, choices=State, default=State.DUE)
    owner = models.CharField(max_length=80, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    fence = models.PositiveIntegerField(default=0)
    attempts = models.PositiveSmallIntegerField(default=0)
    is_late = models.BooleanField(default=False)
    progress_done = models.PositiveIntegerField(default=0)
    progress_total = models.PositiveIntegerField(default=0)
    last_error = models.TextField(blank=True)
    planned_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    stopped_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    objects = InternalQuerySet.as_manager()

    class Meta:
        ordering = ["-due_at", "-pk"]
        constraints = [
            models.UniqueConstraint(name="due_once", fields=["programme", "kind", "as_of", "request"]),
            models.CheckConstraint(
                name="due_lease_has_an_owner",
                condition=~Q(state="leased") | (Q(lease_until__isnull=False) & ~Q(owner="")),
            ),
        ]
        indexes = [
            # The claim: the oldest thing that may be taken.
            models.Index(name="due_claim", fields=["due_at"], condition=Q(state__in=["due", "leased"])),
        ]

    def __str__(self) -> str:
        return f"{self.programme_id} {self.kind} {self.as_of}"


class AssessmentRun(models.Model):
    """A finished assessment of a programme at a date: frozen, numbered, repeatable."""

    programme = models.ForeignKey(Programme, on_delete=models.PROTECT, related_name="runs")
    due = models.OneToOneField(DueAssessment, on_delete=models.PROTECT, related_name="run")
    kind = models.CharField(max_length=10, choices=Kind)
    as_of = models.DateField()
    label = models.CharField(max_length=60)
    revision = models.PositiveIntegerField()
    input_hash = models.CharField(max_length=64)
    method_version = models.CharField(max_length=12)
    software_version = models.CharField(max_length=40)
    seed = models.BigIntegerField(default=0)
    reported = models.PositiveIntegerField(default=0)
    expected = models.PositiveIntegerField(default=0)
    counts = models.JSONField(default=dict)
    """Verdicts per status, e.g. {"on_track": 7}; for ex-post {"computed": 9, "refused": 4}."""
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField()

    objects = OfProgrammeQuerySet.as_manager()

    class Meta:
        ordering = ["-as_of", "-revision"]
        constraints = [
            models.UniqueConstraint(
                name="run_revision_once", fields=["programme", "kind", "as_of", "revision"]
            ),
        ]

    def __str__(self) -> str:
        return f"{self.programme_id} {self.label} r{self.revision}"

    def get_absolute_url(self) -> str:
        return reverse("assessment-detail", args=[self.pk])


class VerdictQuerySet(OfIndicatorQuerySet):
    def visible_to(self, user: User) -> VerdictQuerySet:
        """Partner viewers do not see answers that rest on other partners' figures, nor what evaluators judge."""
        seen = super().visible_to(user)
        if user.is_authenticated and user.global_role == GlobalRole.PARTNER_VIEWER:
            return seen.exclude(inputs__contains={"rests_on_others": True}).exclude(
                inputs__contains={"compute": "contribution_rating"}
            )
        return seen


class Verdict(models.Model):
    """What an assessment says of one indicator (or one course run): a value or a refusal, with its inputs."""

    run = models.ForeignKey(AssessmentRun, on_delete=models.PROTECT, related_name="verdicts")
    indicator = models.ForeignKey(ProgrammeIndicator, on_delete=models.PROTECT, related_name="verdicts")
    course_run = models.ForeignKey(
        CourseRun, on_delete=models.PROTECT, null=True, blank=True, related_name="verdicts"
    )
    method = models.CharField(max_length=60)
    status = models.CharField(max_length=16, choices=Status, blank=True)
    value = models.DecimalField(max_digits=30, decimal_places=10, null=True)
    low = models.DecimalField(max_digits=30, decimal_places=10, null=True)
    high = models.DecimalField(max_digits=30, decimal_places=10, null=True)
    achievement = models.DecimalField(max_digits=20, decimal_places=10, null=True)
    on_track_index = models.DecimalField(max_digits=20, decimal_places=10, null=True)
    trend = models.CharField(max_length=12, choices=TrendWord, blank=True)
    confidence = models.CharField(max_length=10, blank=True)
    refusal_code = models.CharField(max_length=30, blank=True)
    reported = models.PositiveIntegerField(default=0)
    expected = models.PositiveIntegerField(default=0)
    inputs = models.JSONField()
    result = models.JSONField()
    input_hash = models.CharField(max_length=64)
    result_hash = models.CharField(max_length=64)

    objects = VerdictQuerySet.as_manager()

    class Meta:
        ordering = ["run_id", "indicator__definition__code", "indicator_id", "course_run_id", "method"]
        constraints = [
            models.UniqueConstraint(
                name="verdict_once", fields=["run", "indicator", "course_run", "method"], nulls_distinct=False
            ),
            models.CheckConstraint(
                name="verdict_value_or_refusal",
                condition=Q(value__isnull=False) | ~Q(refusal_code="") | Q(status="monitored"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.run_id} {self.indicator_id}: {self.status or self.method}"
