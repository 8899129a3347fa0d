"""What a programme does with recommendations: the answer to each, and decisions that adjust it (METHOD 4.5)."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from indicators.models.evaluations import Recommendation
from indicators.models.people import User
from indicators.models.programmes import OfProgrammeQuerySet, Programme


class OfRecommendationQuerySet(OfProgrammeQuerySet):
    programme_path = "recommendation__evaluation__programme"
    partner_viewers_see = False


class ManagementResponse(models.Model):
    """The programme's answer to one recommendation, given once, and how far its action is."""

    class Answer(models.TextChoices):
        ACCEPTED = "accepted", _("Accepted")
        PARTLY = "partly", _("Partly accepted")
        REJECTED = "rejected", _("Rejected")

    class Status(models.TextChoices):
        NOT_STARTED = "not_started", _("Not started")
        IN_PROGRESS = "in_progress", _("In progress")
        DONE = "done", _("Done")
        DROPPED = "dropped", _("Dropped")

    OPEN = (Status.NOT_STARTED, Status.IN_PROGRESS)

    recommendation = models.OneToOneField(Recommendation, on_delete=models.PROTECT, related_name="response")
    answer = models.CharField(_("answer"), max_length=8, choices=Answer)
    reason = models.TextField(_("reason"), blank=True)
    action = models.TextField(_("action"), blank=True)
    responsible = models.CharField(_("responsible"), max_length=120, blank=True)
    due_on = models.DateField(_("to be done by"), null=True, blank=True)
    responded_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    responded_at = models.DateTimeField()

    status = models.CharField(_("status"), max_length=12, choices=Status, default=Status.NOT_STARTED)
    status_reason = models.TextField(_("note"), blank=True)
    status_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    status_at = models.DateTimeField(null=True, blank=True)

    objects = OfRecommendationQuerySet.as_manager()

    class Meta:
        ordering = ["recommendation_id"]
        constraints = [
            models.CheckConstraint(
                name="response_rejected_or_partly_says_why",
                condition=Q(answer="accepted") | ~Q(reason=""),
            ),
            models.CheckConstraint(
                name="response_accepted_names_an_action",
                condition=Q(answer="rejected")
                | (~Q(action="") & ~Q(responsible="") & Q(due_on__isnull=False)),
            ),
            models.CheckConstraint(
                name="response_dropped_says_why",
                condition=~Q(status="dropped") | ~Q(status_reason=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_answer_display()}: {self.action or self.reason}"


class DecisionQuerySet(OfProgrammeQuerySet):
    partner_viewers_see = False


class AdjustmentDecision(models.Model):
    """A recorded change of scope, objective, target or resources, and the recommendations that led to it."""

    class Kind(models.TextChoices):
        CONTINUE = "continue", _("Continue as it is")
        SCALE_UP = "scale_up", _("Scale up")
        SCALE_DOWN = "scale_down", _("Scale down")
        REDESIGN_SCOPE = "redesign_scope", _("Redesign the scope")
        CHANGE_OBJECTIVE = "change_objective", _("Change an objective")
        RETARGET = "retarget", _("Set new targets")
        CHANGE_AUDIENCE = "change_audience", _("Change audience or partner")
        HAND_OVER = "hand_over", _("Hand over")
        STOP = "stop", _("Stop")

    MOVES_TARGETS = (
        Kind.RETARGET,
        Kind.SCALE_UP,
        Kind.SCALE_DOWN,
        Kind.REDESIGN_SCOPE,
        Kind.CHANGE_OBJECTIVE,
        Kind.CHANGE_AUDIENCE,
    )
    """Kinds that a target revision may carry out."""
    MOVES_DESIGN = (
        Kind.SCALE_UP,
        Kind.SCALE_DOWN,
        Kind.REDESIGN_SCOPE,
        Kind.CHANGE_OBJECTIVE,
        Kind.CHANGE_AUDIENCE,
        Kind.HAND_OVER,
    )
    """Kinds that a new design version may carry out."""

    programme = models.ForeignKey(Programme, on_delete=models.PROTECT, related_name="decisions")
    kind = models.CharField(_("decision"), max_length=16, choices=Kind)
    rationale = models.TextField(_("why"))
    recommendations = models.ManyToManyField(
        Recommendation, verbose_name=_("follows"), related_name="decisions"
    )
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField()

    objects = DecisionQuerySet.as_manager()

    class Meta:
        ordering = ["-decided_at", "-pk"]
        constraints = [models.CheckConstraint(name="decision_says_why", condition=~Q(rationale=""))]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.rationale}"

    def get_absolute_url(self) -> str:
        return reverse("decision-detail", args=[self.pk])
