"""What makes a partner different, version by version: each statement with its source, day, confidence and writer."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from indicators.models.people import GlobalRole, User
from indicators.models.programmes import Programme
from indicators.models.reference import Partner


class OfPartnerQuerySet(models.QuerySet[Any]):
    """Seen by whoever works in a programme with the partner; not by partner viewers, of any nation."""

    partner_path = "partner"

    def visible_to(self, user: User) -> OfPartnerQuerySet:
        if not user.is_authenticated or user.global_role == GlobalRole.PARTNER_VIEWER:
            return self.none()
        if user.sees_everything:
            return self
        partners = Programme.partners.through.objects.filter(
            programme__in=Programme.objects.visible_to(user).values("pk")
        )
        return self.filter(**{f"{self.partner_path}__in": partners.values("partner")})


class ContextProfile(models.Model):
    """One version of what is known of a partner. A change is a new version; the old ones stay."""

    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="profiles")
    number = models.PositiveIntegerField()
    reason = models.TextField(_("what changed and why"))
    is_illustrative = models.BooleanField(default=False)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()

    objects = OfPartnerQuerySet.as_manager()

    class Meta:
        ordering = ["partner_id", "-number"]
        constraints = [
            models.UniqueConstraint(name="profile_number_once", fields=["partner", "number"]),
            models.CheckConstraint(name="profile_has_a_reason", condition=~Q(reason="")),
        ]

    def __str__(self) -> str:
        return f"{self.partner} v{self.number}"


class OfProfileQuerySet(OfPartnerQuerySet):
    partner_path = "profile__partner"


class ProfileEntry(models.Model):
    """One statement of a profile. Carried over unchanged, it keeps its writer and day."""

    class Topic(models.TextChoices):
        SECURITY = "security", _("Security situation")
        INSTITUTIONS = "institutions", _("Maturity of institutions")
        LANGUAGES = "languages", _("Languages")
        ABSORPTION = "absorption", _("Capacity to take up support")
        RISKS = "risks", _("Risks")
        OTHERS = "others", _("Others who work there")
        ASKED = "asked", _("What the partner asked for")

    class Confidence(models.TextChoices):
        HIGH = "high", _("High")
        MODERATE = "moderate", _("Moderate")
        LOW = "low", _("Low")

    profile = models.ForeignKey(ContextProfile, on_delete=models.PROTECT, related_name="entries")
    topic = models.CharField(_("topic"), max_length=12, choices=Topic)
    text = models.TextField(_("what is known"))
    source = models.CharField(_("source"), max_length=300)
    source_on = models.DateField(_("as of"))
    confidence = models.CharField(_("confidence"), max_length=8, choices=Confidence)
    written_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    written_at = models.DateTimeField()

    objects = OfProfileQuerySet.as_manager()

    class Meta:
        ordering = ["profile_id", "topic"]
        constraints = [
            models.UniqueConstraint(name="profile_topic_once", fields=["profile", "topic"]),
            models.CheckConstraint(
                name="profile_entry_says_what_and_whence", condition=~Q(text="") & ~Q(source="")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.profile_id} {self.topic}"
