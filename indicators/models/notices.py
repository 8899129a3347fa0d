"""What a person is told without asking: notices on their page, and the mails that carry them."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from indicators.models.people import User
from indicators.models.programmes import Programme
from indicators.models.tailoring import ProgrammeIndicator


class NoticeKind(models.TextChoices):
    """What a notice is about. The words stand in `indicators.notices`."""

    DUE_SOON = "due_soon", _("Due in a week")
    DUE_NOW = "due_now", _("Due today or tomorrow")
    LATE = "late", _("Late")
    VERY_LATE = "very_late", _("Late for days")
    ESCALATED = "escalated", _("Still missing, told to the approvers")
    STATUS = "status", _("Status changed")
    STATUSES = "statuses", _("Statuses changed")
    ASSESSED = "assessed", _("Assessed")
    OVERDUE = "overdue", _("Answer overdue")
    RATING = "rating", _("Rating waits")
    MENTION = "mention", _("Named in a comment")


class Topic(models.TextChoices):
    """What one may choose to be told of, and how."""

    DUE = "due", _("Figures that are due or late")
    STATUS = "status", _("Changed statuses of what I follow")
    ASSESSED = "assessed", _("Assessments of what I follow")
    OVERDUE = "overdue", _("Overdue answers to recommendations")
    RATING = "rating", _("Contribution ratings that wait for me")
    MENTION = "mention", _("Comments that name me")


TOPICS: dict[str, Topic] = {
    NoticeKind.DUE_SOON: Topic.DUE,
    NoticeKind.DUE_NOW: Topic.DUE,
    NoticeKind.LATE: Topic.DUE,
    NoticeKind.VERY_LATE: Topic.DUE,
    NoticeKind.ESCALATED: Topic.DUE,
    NoticeKind.STATUS: Topic.STATUS,
    NoticeKind.STATUSES: Topic.STATUS,
    NoticeKind.ASSESSED: Topic.ASSESSED,
    NoticeKind.OVERDUE: Topic.OVERDUE,
    NoticeKind.RATING: Topic.RATING,
    NoticeKind.MENTION: Topic.MENTION,
}
"""Every kind belongs to one topic."""


class OwnQuerySet(models.QuerySet[Any]):
    """What belongs to one person and is shown to nobody else."""

    def visible_to(self, user: User) -> OwnQuerySet:
        return self.filter(person=user) if user.is_authenticated else self.none()

    def unread(self) -> OwnQuerySet:
        return self.filter(read_at__isnull=True)


class NoticeChoice(models.Model):
    """How a person wants to hear of one topic. Without a row: here and by mail."""

    class Way(models.TextChoices):
        MAIL = "mail", _("Here and by mail")
        HERE = "here", _("Here alone")
        NONE = "none", _("Not at all")

    person = models.ForeignKey(User, on_delete=models.CASCADE, related_name="notice_choices")
    topic = models.CharField(max_length=12, choices=Topic)
    way = models.CharField(max_length=4, choices=Way, default=Way.MAIL)

    objects = OwnQuerySet.as_manager()

    person_id: int

    class Meta:
        ordering = ["person_id", "topic"]
        constraints = [models.UniqueConstraint(name="notice_choice_once", fields=["person", "topic"])]

    def __str__(self) -> str:
        return f"{self.person_id} {self.topic} {self.way}"


class Following(models.Model):
    """Somebody wants to be told when a programme, or one indicator, changes its status or is assessed."""

    person = models.ForeignKey(User, on_delete=models.CASCADE, related_name="followings")
    programme = models.ForeignKey(Programme, on_delete=models.CASCADE, related_name="+")
    indicator = models.ForeignKey(ProgrammeIndicator, on_delete=models.CASCADE, null=True, related_name="+")
    """None: the whole programme."""
    since = models.DateTimeField()
    told_at = models.DateTimeField()
    """Assessments that were kept later have not been told."""
    statuses = models.JSONField(default=dict)
    """{indicator: status} as last told; what differs is news."""

    objects = OwnQuerySet.as_manager()

    person_id: int
    programme_id: int
    indicator_id: int | None

    class Meta:
        ordering = ["programme__code", "indicator_id"]
        constraints = [
            models.UniqueConstraint("person", "programme", Coalesce("indicator", 0), name="following_once")
        ]

    def __str__(self) -> str:
        return f"{self.person_id} {self.programme_id} {self.indicator_id or ''}".strip()


class Digest(models.Model):
    """One mail to one person: at most one a day, made of the notices that no mail has carried yet."""

    person = models.ForeignKey(User, on_delete=models.CASCADE, related_name="digests")
    day = models.DateField()
    """The day in the server's zone, so that a second run makes no second mail."""
    made_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField()
    """Whoever sends it pushes this ahead first: two workers never send it at once."""
    problem = models.CharField(max_length=200, blank=True)

    objects = OwnQuerySet.as_manager()

    class Meta:
        ordering = ["-day", "person_id"]
        constraints = [models.UniqueConstraint(name="digest_once_a_day", fields=["person", "day"])]
        indexes = [
            models.Index(name="digest_waiting", fields=["next_try_at"], condition=Q(sent_at__isnull=True))
        ]

    def __str__(self) -> str:
        return f"{self.person_id} {self.day}"


class Notice(models.Model):
    """One thing that one person is told once."""

    person = models.ForeignKey(User, on_delete=models.CASCADE, related_name="notices")
    kind = models.CharField(max_length=12, choices=NoticeKind)
    key = models.CharField(max_length=120)
    """What it is about: told once, however often the clock runs."""
    programme = models.ForeignKey(Programme, on_delete=models.CASCADE, null=True, related_name="+")
    params = models.JSONField(default=dict)
    """What the sentence names; its template belongs to the kind, so that each reader has it in their language."""
    made_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)
    digest = models.ForeignKey(Digest, on_delete=models.SET_NULL, null=True, related_name="notices")

    objects = OwnQuerySet.as_manager()

    class Meta:
        ordering = ["-made_at", "-pk"]
        constraints = [models.UniqueConstraint(name="notice_once", fields=["person", "key"])]
        indexes = [
            # The number in the menu of every page.
            models.Index(name="notice_unread", fields=["person"], condition=Q(read_at__isnull=True))
        ]

    def __str__(self) -> str:
        return f"{self.person_id} {self.key}"
