"""What people say to one another beside a figure, an indicator or a finding. Withdrawn, never deleted."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _say
from django.utils.translation import gettext_lazy as _

from indicators.models.evaluations import Finding
from indicators.models.observations import Observation
from indicators.models.people import GlobalRole, User
from indicators.models.tailoring import ProgrammeIndicator

MOST_TEXT = 2000
SUBJECTS: dict[str, type[models.Model]] = {
    "indicator": ProgrammeIndicator,
    "observation": Observation,
    "finding": Finding,
}
"""What may be commented on, by the name of its foreign key."""


def _just_one() -> Q:
    found = Q()
    for name in SUBJECTS:
        found |= Q(**{f"{other}__isnull": other != name for other in SUBJECTS})
    return found


class CommentQuerySet(models.QuerySet["Comment"]):
    def visible_to(self, user: User) -> CommentQuerySet:
        """Those on what one sees. A partner viewer reads its nation's, the answers, and what is for partners."""
        if not user.is_authenticated:
            return self.none()
        seen = Q()
        for name, model in SUBJECTS.items():
            rows = model._default_manager.visible_to(user)  # type: ignore[attr-defined]
            seen |= Q(**{f"{name}__in": rows.values("pk")})
        if user.global_role == GlobalRole.PARTNER_VIEWER:
            nation = User.objects.filter(global_role=user.global_role, partner=user.partner_id).values("pk")
            seen &= Q(for_partners=True) | Q(by__in=nation) | Q(answers__by__in=nation)
        return self.filter(seen)


class Comment(models.Model):
    """One remark, or an answer to one. An edit keeps the former text; whoever withdraws it leaves a trace."""

    indicator = models.ForeignKey(
        ProgrammeIndicator, on_delete=models.CASCADE, null=True, related_name="discussion"
    )
    observation = models.ForeignKey(
        Observation, on_delete=models.CASCADE, null=True, related_name="discussion"
    )
    """A draft that is thrown away takes its comments along."""
    finding = models.ForeignKey(Finding, on_delete=models.CASCADE, null=True, related_name="discussion")
    answers = models.ForeignKey("self", on_delete=models.CASCADE, null=True, related_name="replies")
    """The remark that this answers; a remark of its own when empty."""
    text = models.TextField(_("comment"), max_length=MOST_TEXT)
    for_partners = models.BooleanField(_("partners may read it"), default=False)
    mentions = models.ManyToManyField(User, related_name="+")
    """Who was told by their name in the text."""
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    edited_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    resolved_at = models.DateTimeField(null=True)
    resolved_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")

    objects = CommentQuerySet.as_manager()

    by_id: int
    answers_id: int | None
    indicator_id: int | None
    observation_id: int | None
    finding_id: int | None

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                name="comment_about_one_thing",
                condition=_just_one(),
                violation_error_message=_("A comment is about one thing."),
            ),
            models.CheckConstraint(name="comment_says_something", condition=~Q(text="")),
            models.CheckConstraint(
                name="comment_withdrawn_by_and_at",
                condition=Q(withdrawn_at__isnull=True, withdrawn_by__isnull=True)
                | Q(withdrawn_at__isnull=False, withdrawn_by__isnull=False),
            ),
            models.CheckConstraint(
                name="comment_resolved_by_and_at",
                condition=Q(resolved_at__isnull=True, resolved_by__isnull=True)
                | Q(resolved_at__isnull=False, resolved_by__isnull=False, answers__isnull=True),
            ),
        ]
        indexes = [
            # How much one person wrote lately.
            models.Index(name="comment_lately", fields=["by", "at"]),
        ]

    def __str__(self) -> str:
        """Without its text, which may be left out for whoever reads the audit trail."""
        return _say("comment %(n)s") % {"n": self.pk}

    def get_absolute_url(self) -> str:
        pk = getattr(self, f"{self.subject_kind}_id")
        return f"{reverse(f'comments-{self.subject_kind}', args=[pk])}#comment-{self.pk}"

    @property
    def subject_kind(self) -> str:
        return next(name for name in SUBJECTS if getattr(self, f"{name}_id") is not None)

    @property
    def subject(self) -> Any:
        return getattr(self, self.subject_kind)

    @property
    def is_withdrawn(self) -> bool:
        return self.withdrawn_at is not None

    @property
    def is_resolved(self) -> bool:
        return self.resolved_at is not None


class FormerText(models.Model):
    """What a comment said before it was edited."""

    comment = models.ForeignKey(Comment, on_delete=models.CASCADE, related_name="former_texts")
    text = models.TextField(max_length=MOST_TEXT)
    until = models.DateTimeField()

    class Meta:
        ordering = ["comment_id", "pk"]

    def __str__(self) -> str:
        return f"{self.comment_id} {self.until:%Y-%m-%d}"
