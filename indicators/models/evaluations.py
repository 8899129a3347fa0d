"""Judgement by people: evaluations on a pinned assessment, their findings and recommendations."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from indicators.models.assessments import AssessmentRun, Verdict
from indicators.models.people import User
from indicators.models.programmes import OfProgrammeQuerySet


class OfRunQuerySet(OfProgrammeQuerySet):
    programme_path = "run__programme"
    partner_viewers_see = False  # Evaluations are for those inside.


class Evaluation(models.Model):
    """An evaluator's review of one assessment."""

    class State(models.TextChoices):
        DRAFT = "draft", _("Draft")
        FINAL = "final", _("Final")

    run = models.ForeignKey(
        AssessmentRun, verbose_name=_("assessment"), on_delete=models.PROTECT, related_name="evaluations"
    )
    title = models.CharField(_("title"), max_length=200)
    question = models.TextField(_("question"), help_text=_("What should this review answer?"))
    judgement = models.TextField(_("judgement"), blank=True, help_text=_("The answer, in a few sentences."))
    state = models.CharField(max_length=8, choices=State, default=State.DRAFT)
    version = models.PositiveIntegerField(default=1)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    signed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    signed_at = models.DateTimeField(null=True, blank=True)
    content_hash = models.CharField(max_length=64, blank=True)

    objects = OfRunQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(
                name="evaluation_final_is_signed",
                condition=~Q(state="final")
                | (
                    Q(signed_by__isnull=False, signed_at__isnull=False)
                    & ~Q(content_hash="")
                    & ~Q(judgement="")
                ),
            )
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("evaluation-detail", args=[self.pk])


class OfEvaluationQuerySet(OfRunQuerySet):
    programme_path = "evaluation__run__programme"


class Finding(models.Model):
    """A fact established by evidence: it cites at least one verdict."""

    evaluation = models.ForeignKey(Evaluation, on_delete=models.CASCADE, related_name="findings")
    statement = models.TextField(_("finding"))
    verdicts = models.ManyToManyField(Verdict, verbose_name=_("rests on"), related_name="findings")

    objects = OfEvaluationQuerySet.as_manager()

    class Meta:
        ordering = ["evaluation_id", "pk"]

    def __str__(self) -> str:
        return self.statement


class Recommendation(models.Model):
    """A proposed action that follows from a finding."""

    class Priority(models.TextChoices):
        HIGH = "high", _("High")
        MEDIUM = "medium", _("Medium")
        LOW = "low", _("Low")

    evaluation = models.ForeignKey(Evaluation, on_delete=models.CASCADE, related_name="recommendations")
    finding = models.ForeignKey(
        Finding, verbose_name=_("follows from"), on_delete=models.PROTECT, related_name="recommendations"
    )
    statement = models.TextField(_("recommendation"))
    addressee = models.CharField(_("addressee"), max_length=120)
    priority = models.CharField(_("priority"), max_length=6, choices=Priority, default=Priority.MEDIUM)
    due_on = models.DateField(_("response due"), null=True, blank=True)

    objects = OfEvaluationQuerySet.as_manager()

    class Meta:
        ordering = ["evaluation_id", "pk"]

    def __str__(self) -> str:
        return self.statement
