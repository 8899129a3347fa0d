"""Programmes and their design: objectives, assumptions, risks, reporting units, periods, courses."""

from __future__ import annotations

from datetime import date
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from indicators.engine.periods import Frequency as EngineFrequency
from indicators.models.people import GlobalRole, Membership, User
from indicators.models.reference import Framework, Organisation, Partner


class Frequency(models.TextChoices):
    """How often an indicator is reported."""

    WEEKLY = EngineFrequency.WEEKLY.value, _("Weekly")
    TWO_WEEKS = EngineFrequency.TWO_WEEKS.value, _("Every two weeks")
    MONTHLY = EngineFrequency.MONTHLY.value, _("Monthly")
    TWO_MONTHS = EngineFrequency.TWO_MONTHS.value, _("Every two months")
    QUARTERLY = EngineFrequency.QUARTERLY.value, _("Quarterly")
    FOUR_MONTHS = EngineFrequency.FOUR_MONTHS.value, _("Every four months")
    SEMI_ANNUAL = EngineFrequency.SEMI_ANNUAL.value, _("Half-yearly")
    ANNUAL = EngineFrequency.ANNUAL.value, _("Yearly")
    PER_COURSE = EngineFrequency.PER_COURSE.value, _("Per course run")
    EVENT = EngineFrequency.EVENT.value, _("When it happens")


def check_time_zone(name: str) -> None:
    """Raise ValidationError unless the IANA time-zone database knows the name."""
    if name not in available_timezones():
        raise ValidationError(
            _("“%(name)s” is not a time zone; expected a name such as Asia/Baghdad."), params={"name": name}
        )


class ProgrammeQuerySet(models.QuerySet["Programme"]):
    def visible_to(self, user: User) -> ProgrammeQuerySet:
        """Members see theirs; partner viewers their nation's; admins, regional viewers, auditors all."""
        if not user.is_authenticated:
            return self.none()
        if user.sees_everything:
            return self
        seen = Q(pk__in=Membership.objects.active().filter(user=user).values("programme"))
        if user.global_role == GlobalRole.PARTNER_VIEWER and user.partner_id is not None:
            seen |= Q(
                pk__in=Programme.partners.through.objects.filter(partner=user.partner_id).values("programme")
            )
        return self.filter(seen)


class Programme(models.Model):
    """A set of activities with one or more partners, with objectives, dates and people."""

    code = models.CharField(
        _("code"),
        max_length=20,
        unique=True,
        validators=[
            RegexValidator(
                r"^[A-Z][A-Z0-9-]{1,19}$", _("Use capitals, digits and hyphens, e.g. NMI or ICI-RC.")
            )
        ],
    )
    name = models.CharField(_("name"), max_length=200)
    summary = models.TextField(
        _("what it is about"), help_text=_("Two or three sentences that anyone understands.")
    )
    framework = models.CharField(_("framework"), max_length=8, choices=Framework)
    partners = models.ManyToManyField(Partner, verbose_name=_("partner countries"), related_name="programmes")
    organisations = models.ManyToManyField(
        Organisation, verbose_name=_("organisations taking part"), related_name="programmes", blank=True
    )
    starts_on = models.DateField(_("starts on"))
    ends_on = models.DateField(_("ends on"))
    time_zone = models.CharField(_("time zone"), max_length=40, default="UTC", validators=[check_time_zone])
    fiscal_year_start_month = models.PositiveSmallIntegerField(
        _("first month of the reporting year"), default=1
    )
    grace_days = models.PositiveSmallIntegerField(
        _("days to report"),
        default=15,
        help_text=_("Days after the end of a period until its figures are due."),
    )

    needs_validation = models.BooleanField(
        _("figures are validated before approval"),
        default=False,
        help_text=_("A data validator checks each submitted figure before an approver sees it."),
    )
    validation_days = models.PositiveSmallIntegerField(
        _("days to validate"),
        default=20,
        help_text=_("Days after the end of a period until its figures should be validated."),
    )
    approval_days = models.PositiveSmallIntegerField(
        _("days to approve"),
        default=25,
        help_text=_("Days after the end of a period until its figures should be approved."),
    )
    lock_days = models.PositiveSmallIntegerField(
        _("days until a period is locked"),
        null=True,
        blank=True,
        help_text=_("Days after the end of a period from which nothing in it changes. Empty: never locked."),
    )

    is_illustrative = models.BooleanField(default=False, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ProgrammeQuerySet.as_manager()

    class Meta:
        ordering = ["code"]
        constraints = [
            models.CheckConstraint(
                name="programme_ends_after_it_starts",
                condition=Q(ends_on__gt=F("starts_on")),
                violation_error_message=_("A programme must end after it starts."),
            ),
            models.CheckConstraint(
                name="programme_fiscal_month_exists",
                condition=Q(fiscal_year_start_month__gte=1, fiscal_year_start_month__lte=12),
                violation_error_message=_("The first month is a number from 1 to 12."),
            ),
            models.CheckConstraint(
                name="programme_locks_after_it_is_due",
                condition=Q(lock_days__isnull=True) | Q(lock_days__gt=F("grace_days")),
                violation_error_message=_("A period can be locked only after its figures are due."),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("programme-detail", args=[self.code])

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    def has_ended(self, on: date) -> bool:
        return on > self.ends_on


class OfProgrammeQuerySet(models.QuerySet[Any]):
    """Rows that are seen by whoever sees their programme; some of them not by partner viewers."""

    programme_path = "programme"
    partner_viewers_see = True

    def visible_to(self, user: User) -> OfProgrammeQuerySet:
        if not user.is_authenticated:
            return self.none()
        if user.sees_everything:
            return self
        if user.global_role == GlobalRole.PARTNER_VIEWER and not self.partner_viewers_see:
            return self.none()
        seen = Programme.objects.visible_to(user).values("pk")
        return self.filter(**{f"{self.programme_path}__in": seen})


class DesignVersion(models.Model):
    """Scope, objectives, assumptions and risks as they stood from a date. Never edited once in force."""

    class State(models.TextChoices):
        DRAFT = "draft", _("Draft")
        IN_FORCE = "in_force", _("In force")
        REPLACED = "replaced", _("Replaced")

    programme = models.ForeignKey(Programme, on_delete=models.PROTECT, related_name="designs")
    number = models.PositiveIntegerField()
    state = models.CharField(max_length=10, choices=State, default=State.DRAFT)
    scope = models.TextField(
        _("scope"), blank=True, help_text=_("What is inside, what is deliberately outside.")
    )
    reason = models.TextField(_("reason for this version"), blank=True)
    decision = models.ForeignKey(
        "AdjustmentDecision",
        verbose_name=_("carries out"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="designs",
    )
    in_force_from = models.DateField(null=True, blank=True)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = OfProgrammeQuerySet.as_manager()

    class Meta:
        ordering = ["programme_id", "-number"]
        constraints = [
            models.UniqueConstraint(name="design_number_once", fields=["programme", "number"]),
            models.UniqueConstraint(
                name="design_one_in_force", fields=["programme"], condition=Q(state="in_force")
            ),
            models.UniqueConstraint(
                name="design_one_draft", fields=["programme"], condition=Q(state="draft")
            ),
            models.CheckConstraint(
                name="design_in_force_has_a_date", condition=Q(state="draft") | Q(in_force_from__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.programme.code} v{self.number}"


class OfDesignQuerySet(OfProgrammeQuerySet):
    programme_path = "design__programme"


class Objective(models.Model):
    """One node of the results tree: impact, outcome or output."""

    class Level(models.TextChoices):
        IMPACT = "impact", _("Impact")
        OUTCOME = "outcome", _("Outcome")
        OUTPUT = "output", _("Output")

    design = models.ForeignKey(DesignVersion, on_delete=models.CASCADE, related_name="objectives")
    code = models.CharField(
        _("code"), max_length=12, help_text=_("Short and stable, e.g. OC1; kept across versions.")
    )
    level = models.CharField(_("results level"), max_length=8, choices=Level)
    statement = models.TextField(_("statement"), help_text=_("The change that should be true at the end."))
    parent = models.ForeignKey(
        "self",
        verbose_name=_("contributes to"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="children",
    )
    position = models.PositiveSmallIntegerField(default=0)

    objects = OfDesignQuerySet.as_manager()

    class Meta:
        ordering = ["design_id", "position", "code"]
        constraints = [models.UniqueConstraint(name="objective_code_once", fields=["design", "code"])]

    def __str__(self) -> str:
        return f"{self.code} {self.statement}"


class Assumption(models.Model):
    """Something that must hold, or something that may go wrong, for the design to work."""

    class Kind(models.TextChoices):
        ASSUMPTION = "assumption", _("Assumption")
        RISK = "risk", _("Risk")

    class Rating(models.TextChoices):
        LOW = "low", _("Low")
        MEDIUM = "medium", _("Medium")
        HIGH = "high", _("High")

    design = models.ForeignKey(DesignVersion, on_delete=models.CASCADE, related_name="assumptions")
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    statement = models.TextField(_("statement"))
    likelihood = models.CharField(_("likelihood"), max_length=6, choices=Rating, default=Rating.MEDIUM)
    impact = models.CharField(_("impact"), max_length=6, choices=Rating, default=Rating.MEDIUM)
    response = models.TextField(_("what we do about it"), blank=True)

    objects = OfDesignQuerySet.as_manager()

    class Meta:
        ordering = ["design_id", "kind", "pk"]

    def __str__(self) -> str:
        return self.statement


class ReportingUnitQuerySet(OfProgrammeQuerySet):
    def visible_to(self, user: User) -> ReportingUnitQuerySet:
        """Partner viewers see those of their nation and those of none."""
        seen = super().visible_to(user)
        if user.is_authenticated and user.global_role == GlobalRole.PARTNER_VIEWER:
            return seen.filter(Q(partner=user.partner_id) | Q(partner__isnull=True))
        return seen


class ReportingUnit(models.Model):
    """A node of the reporting tree: country, institution, site or course."""

    class Kind(models.TextChoices):
        COUNTRY = "country", _("Country")
        INSTITUTION = "institution", _("Institution")
        SITE = "site", _("Site")
        COURSE = "course", _("Course")

    programme = models.ForeignKey(Programme, on_delete=models.PROTECT, related_name="units")
    parent = models.ForeignKey(
        "self",
        verbose_name=_("part of"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="children",
    )
    kind = models.CharField(_("kind"), max_length=12, choices=Kind)
    code = models.CharField(_("code"), max_length=30)
    name = models.CharField(_("name"), max_length=160)
    partner = models.ForeignKey(
        Partner,
        verbose_name=_("country"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="units",
    )
    is_active = models.BooleanField(_("reports now"), default=True)

    objects = ReportingUnitQuerySet.as_manager()

    class Meta:
        ordering = ["programme_id", "code"]
        constraints = [models.UniqueConstraint(name="unit_code_once", fields=["programme", "code"])]

    def __str__(self) -> str:
        return self.name


class ReportingPeriod(models.Model):
    """A span of days for which figures are due, in the programme's own time zone."""

    programme = models.ForeignKey(Programme, on_delete=models.PROTECT, related_name="periods")
    frequency = models.CharField(max_length=12, choices=Frequency)
    starts_on = models.DateField()
    ends_on = models.DateField()
    label = models.CharField(max_length=60)
    due_on = models.DateField()
    course_run = models.ForeignKey(
        "CourseRun", on_delete=models.PROTECT, null=True, blank=True, related_name="periods"
    )

    objects = OfProgrammeQuerySet.as_manager()

    class Meta:
        ordering = ["programme_id", "frequency", "starts_on"]
        constraints = [
            models.UniqueConstraint(
                name="period_once",
                fields=["programme", "frequency", "starts_on", "course_run"],
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                name="period_dates", condition=Q(ends_on__gte=F("starts_on"), due_on__gte=F("ends_on"))
            ),
        ]

    def __str__(self) -> str:
        return self.label
