"""Who uses the tracker, and in which role for which programme until when."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, ClassVar

from django.contrib.auth.models import AbstractUser, UserManager
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Cast, Now
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from indicators.models.programmes import Programme


class GlobalRole(models.TextChoices):
    """A right that does not depend on a programme. Most people have none."""

    NONE = "", _("None: by programme only")
    ADMIN = "admin", _("Administrator")
    REGIONAL_VIEWER = "regional_viewer", _("Regional viewer (special representative)")
    AUDITOR = "auditor", _("Auditor")
    PARTNER_VIEWER = "partner_viewer", _("Partner viewer")


class UserQuerySet(models.QuerySet["User"]):
    def visible_to(self, user: User) -> UserQuerySet:
        """Admins see everybody; others themselves and the members of the programmes they see."""
        if not user.is_authenticated:
            return self.none()
        if user.is_admin or user.global_role == GlobalRole.AUDITOR:
            return self
        mine = Membership.objects.active().filter(user=user).values("programme")
        return self.filter(Q(pk=user.pk) | Q(memberships__programme__in=mine)).distinct()


class TrackerUserManager(UserManager["User"]):
    def get_queryset(self) -> UserQuerySet:
        return UserQuerySet(self.model, using=self._db)

    def visible_to(self, user: User) -> UserQuerySet:
        return self.get_queryset().visible_to(user)


class User(AbstractUser):
    """A person who signs in."""

    global_role = models.CharField(
        _("role everywhere"), max_length=20, choices=GlobalRole, default=GlobalRole.NONE, blank=True
    )
    partner = models.ForeignKey(
        "Partner",
        verbose_name=_("nation"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        help_text=_("For partner viewers: the nation whose releasable data they see."),
    )
    is_demo = models.BooleanField(default=False, editable=False)

    objects: ClassVar[TrackerUserManager] = TrackerUserManager()  # type: ignore[assignment]

    class Meta(AbstractUser.Meta):
        constraints = [
            models.CheckConstraint(
                name="user_partner_viewer_has_a_nation",
                condition=~Q(global_role="partner_viewer") | Q(partner__isnull=False),
                violation_error_message=_("A partner viewer needs a nation."),
            ),
        ]

    def __str__(self) -> str:
        return self.get_full_name() or self.username

    @property
    def is_admin(self) -> bool:
        return self.is_superuser or self.global_role == GlobalRole.ADMIN

    @property
    def sees_everything(self) -> bool:
        """Reads all programmes, whatever the memberships say."""
        return self.is_admin or self.global_role in {GlobalRole.REGIONAL_VIEWER, GlobalRole.AUDITOR}


class Role(models.TextChoices):
    """What somebody may do in one programme (METHOD 4.1)."""

    OFFICER = "officer", _("Program officer")
    VALIDATOR = "validator", _("Data validator")
    APPROVER = "approver", _("Approver")
    EVALUATOR = "evaluator", _("Evaluator")
    READER = "reader", _("Reader")


class MembershipQuerySet(models.QuerySet["Membership"]):
    def active(self, on: date | None = None) -> MembershipQuerySet:
        """Memberships that have begun and not ended, in days of UTC; without a date the database is asked."""
        today = on if on is not None else Cast(Now(), models.DateField())
        return self.filter(Q(ends_on__isnull=True) | Q(ends_on__gte=today), starts_on__lte=today)

    def visible_to(self, user: User) -> MembershipQuerySet:
        if not user.is_authenticated:
            return self.none()
        if user.sees_everything:
            return self
        return self.filter(
            Q(user=user) | Q(programme__in=Membership.objects.active().filter(user=user).values("programme"))
        )


class Membership(models.Model):
    """A person's role in a programme, until a date."""

    user = models.ForeignKey(
        User, verbose_name=_("person"), on_delete=models.PROTECT, related_name="memberships"
    )
    programme = models.ForeignKey(
        "Programme", verbose_name=_("programme"), on_delete=models.PROTECT, related_name="memberships"
    )
    role = models.CharField(_("role"), max_length=12, choices=Role)
    starts_on = models.DateField(_("from"), db_default=Now())
    ends_on = models.DateField(
        _("until"), null=True, blank=True, help_text=_("Last day. Empty: until further notice.")
    )
    substitutes_for = models.ForeignKey(
        User,
        verbose_name=_("substitute for"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="substituted_by",
    )
    """Whose place is taken for a time; empty for a role of one's own."""

    objects = MembershipQuerySet.as_manager()

    programme_id: int
    user_id: int
    substitutes_for_id: int | None

    class Meta:
        ordering = ["programme_id", "role", "user_id"]
        constraints = [
            models.UniqueConstraint(
                name="membership_once_per_role",
                fields=["user", "programme", "role", "substitutes_for"],
                nulls_distinct=False,
                violation_error_message=_("This person already has this role in this programme."),
            ),
            models.CheckConstraint(
                name="membership_ends_after_it_starts",
                condition=Q(ends_on__isnull=True) | Q(ends_on__gte=F("starts_on")),
                violation_error_message=_("A membership cannot end before it starts."),
            ),
            models.CheckConstraint(
                name="membership_substitute_for_a_time",
                condition=Q(substitutes_for__isnull=True) | Q(ends_on__isnull=False),
                violation_error_message=_("A substitute needs a last day."),
            ),
            models.CheckConstraint(
                name="membership_substitute_is_another",
                condition=Q(substitutes_for__isnull=True) | ~Q(substitutes_for=F("user")),
                violation_error_message=_("Nobody is their own substitute."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.get_role_display()} · {self.programme}"


def programmes_of(user: User, *roles: Role) -> models.QuerySet[Programme]:
    """The programmes in which a person holds one of the roles now (any role when none is named)."""
    from indicators.models.programmes import Programme

    held = Membership.objects.active().filter(user=user)
    if roles:
        held = held.filter(role__in=roles)
    return Programme.objects.filter(pk__in=held.values("programme"))
