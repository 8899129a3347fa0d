"""A library indicator made to fit one programme, and the agreements about it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from indicators.engine import types as engine
from indicators.models.library import IndicatorDefinition, IndicatorVersion
from indicators.models.people import GlobalRole, User
from indicators.models.programmes import Frequency, Objective, Programme, ReportingUnit
from indicators.models.reference import Partner


class Marking(models.TextChoices):
    """The app holds nothing above NATO UNCLASSIFIED (METHOD 4.6)."""

    PUBLIC = "PUBLIC", "PUBLIC"
    NATO_UNCLASSIFIED = "NATO UNCLASSIFIED", "NATO UNCLASSIFIED"


class ProgrammeIndicatorQuerySet(models.QuerySet["ProgrammeIndicator"]):
    def visible_to(self, user: User) -> ProgrammeIndicatorQuerySet:
        """Those of the programmes one sees; for partner viewers only what is releasable to their nation."""
        if not user.is_authenticated:
            return self.none()
        if user.sees_everything:
            return self
        if user.global_role == GlobalRole.PARTNER_VIEWER:
            released = ProgrammeIndicator.releasable_to.through.objects.filter(partner=user.partner_id)
            return self.filter(
                pk__in=released.values("programmeindicator"),
                programme__in=Programme.objects.visible_to(user).values("pk"),
            )
        return self.filter(programme__in=Programme.objects.visible_to(user).values("pk"))

    def active(self) -> ProgrammeIndicatorQuerySet:
        return self.filter(is_active=True)

    def with_hidden_sources(self, user: User) -> ProgrammeIndicatorQuerySet:
        """With `has_hidden_sources`: the formula rests on something that the person does not see."""
        unseen = FormulaSource.objects.filter(indicator=OuterRef("pk")).exclude(
            source__in=ProgrammeIndicator.objects.visible_to(user).values("pk")
        )
        return self.annotate(has_hidden_sources=Exists(unseen))


class ProgrammeIndicator(models.Model):
    """A library indicator as this programme, or this programme with this partner, uses it."""

    programme = models.ForeignKey(Programme, on_delete=models.PROTECT, related_name="indicators")
    definition = models.ForeignKey(IndicatorDefinition, on_delete=models.PROTECT, related_name="uses")
    version = models.ForeignKey(IndicatorVersion, on_delete=models.PROTECT, related_name="uses")
    partner = models.ForeignKey(
        Partner,
        verbose_name=_("tailored for"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="indicators",
        help_text=_("One partner country; empty: the whole programme."),
    )
    objective = models.ForeignKey(
        Objective,
        verbose_name=_("objective"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="indicators",
    )
    local_name = models.CharField(_("local name"), max_length=200, blank=True)
    rationale = models.TextField(_("why does it fit here?"))
    frequency = models.CharField(_("frequency"), max_length=12, choices=Frequency)
    units = models.ManyToManyField(
        ReportingUnit,
        verbose_name=_("who reports"),
        related_name="indicators",
        blank=True,
        help_text=_("Empty: one figure for the whole programme."),
    )
    weight = models.DecimalField(_("weight"), max_digits=6, decimal_places=3, default=Decimal(1))
    is_critical = models.BooleanField(_("critical"), default=False)
    is_core = models.BooleanField(_("common core"), default=False)
    responsible = models.ForeignKey(
        User,
        verbose_name=_("responsible officer"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    marking = models.CharField(
        _("marking"), max_length=20, choices=Marking, default=Marking.NATO_UNCLASSIFIED
    )
    releasable_to = models.ManyToManyField(
        Partner, verbose_name=_("releasable to"), related_name="released_indicators", blank=True
    )
    is_active = models.BooleanField(_("in use"), default=True)
    formula = models.TextField(
        _("formula"),
        blank=True,
        editable=False,
        help_text=_("Empty: its figures are observed. Otherwise they are computed from other indicators."),
    )

    plan = models.OneToOneField(
        "TargetRevision",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="current_for",
        editable=False,
    )
    row_version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ProgrammeIndicatorQuerySet.as_manager()

    class Meta:
        ordering = ["programme_id", "definition__code", "partner__name"]
        constraints = [
            models.UniqueConstraint(
                name="indicator_once_per_partner",
                fields=["programme", "definition", "partner"],
                nulls_distinct=False,
                violation_error_message=_("This indicator is already in use for this programme and partner."),
            ),
            models.CheckConstraint(
                name="indicator_says_why",
                condition=~Q(rationale=""),
                violation_error_message=_("Say why this indicator fits here."),
            ),
            models.CheckConstraint(name="indicator_weight", condition=Q(weight__gte=0)),
            models.CheckConstraint(
                name="indicator_marking", condition=Q(marking__in=["PUBLIC", "NATO UNCLASSIFIED"])
            ),
        ]

    def __str__(self) -> str:
        return f"{self.definition.code} {self.name}"

    def get_absolute_url(self) -> str:
        return reverse("indicator-detail", args=[self.programme.code, self.pk])

    @property
    def name(self) -> str:
        return self.local_name or self.version.name

    @property
    def is_computed(self) -> bool:
        return self.formula != ""


class OfIndicatorQuerySet(models.QuerySet[Any]):
    """Rows seen by whoever sees their programme indicator."""

    indicator_path = "indicator"

    def visible_to(self, user: User) -> OfIndicatorQuerySet:
        if not user.is_authenticated:
            return self.none()
        if user.sees_everything:
            return self
        return self.filter(
            **{f"{self.indicator_path}__in": ProgrammeIndicator.objects.visible_to(user).values("pk")}
        )


class FormulaSource(models.Model):
    """An indicator whose figures the formula of another one takes."""

    indicator = models.ForeignKey(
        ProgrammeIndicator, on_delete=models.CASCADE, related_name="formula_sources"
    )
    source = models.ForeignKey(ProgrammeIndicator, on_delete=models.PROTECT, related_name="formula_uses")

    objects = OfIndicatorQuerySet.as_manager()

    class Meta:
        ordering = ["indicator_id", "source_id"]
        constraints = [
            models.UniqueConstraint(name="formula_source_once", fields=["indicator", "source"]),
            models.CheckConstraint(name="formula_source_is_another", condition=~Q(indicator=F("source"))),
        ]

    def __str__(self) -> str:
        return f"{self.indicator_id} from {self.source_id}"


class TargetRevision(models.Model):
    """Baseline, target, path and thresholds as agreed from a date. The first one is kept for ever."""

    class Reason(models.TextChoices):
        FIRST = "first", _("First agreement")
        CONTEXT = "context", _("Context changed")
        SCOPE = "scope", _("Scope changed")
        BASELINE = "baseline", _("Better baseline")
        ERROR = "error", _("Error corrected")
        EVALUATION = "evaluation", _("Evaluation decision")

    indicator = models.ForeignKey(ProgrammeIndicator, on_delete=models.PROTECT, related_name="revisions")
    number = models.PositiveIntegerField()
    baseline = models.DecimalField(_("baseline"), max_digits=24, decimal_places=6, null=True, blank=True)
    baseline_on = models.DateField(_("baseline date"), null=True, blank=True)
    baseline_source = models.CharField(_("baseline source"), max_length=200, blank=True)
    target = models.DecimalField(_("target"), max_digits=24, decimal_places=6, null=True, blank=True)
    target_on = models.DateField(_("target date"), null=True, blank=True)
    range_low = models.DecimalField(_("lower limit"), max_digits=24, decimal_places=6, null=True, blank=True)
    range_high = models.DecimalField(_("upper limit"), max_digits=24, decimal_places=6, null=True, blank=True)
    trajectory = models.CharField(
        _("planned path"),
        max_length=12,
        choices=[
            (engine.Trajectory.LINEAR.value, _("Straight line")),
            (engine.Trajectory.STEP.value, _("Steps at milestones")),
            (engine.Trajectory.MILESTONES.value, _("Line through milestones")),
            (engine.Trajectory.S_CURVE.value, _("Slow at both ends")),
        ],
        default=engine.Trajectory.LINEAR.value,
    )
    on_track_from = models.DecimalField(
        _("on track from"), max_digits=4, decimal_places=2, default=Decimal("0.90")
    )
    at_risk_from = models.DecimalField(
        _("at risk from"), max_digits=4, decimal_places=2, default=Decimal("0.75")
    )
    effective_on = models.DateField(_("valid from"))
    reason_code = models.CharField(_("reason"), max_length=12, choices=Reason, default=Reason.FIRST)
    reason = models.TextField(_("reason in words"))
    decision = models.ForeignKey(
        "AdjustmentDecision",
        verbose_name=_("carries out"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="revisions",
    )
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = OfIndicatorQuerySet.as_manager()

    class Meta:
        ordering = ["indicator_id", "number"]
        constraints = [
            models.UniqueConstraint(name="revision_number_once", fields=["indicator", "number"]),
            models.CheckConstraint(name="revision_has_a_reason", condition=~Q(reason="")),
            models.CheckConstraint(
                name="revision_thresholds_in_order",
                condition=Q(at_risk_from__gt=0, on_track_from__gte=F("at_risk_from")),
                violation_error_message=_("“At risk from” must be above 0 and not above “on track from”."),
            ),
            models.CheckConstraint(
                name="revision_target_after_baseline",
                condition=Q(baseline_on__isnull=True)
                | Q(target_on__isnull=True)
                | Q(target_on__gt=F("baseline_on")),
                violation_error_message=_("The target date must lie after the baseline date."),
            ),
            models.CheckConstraint(
                name="revision_range_in_order",
                condition=Q(range_low__isnull=True)
                | Q(range_high__isnull=True)
                | Q(range_high__gt=F("range_low")),
                violation_error_message=_("The upper limit must lie above the lower limit."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.indicator} r{self.number}"

    def as_plan(self) -> engine.Plan:
        """What the engine needs to know of this agreement. Reads the milestones: prefetch them for many."""
        return engine.Plan(
            baseline=self.baseline,
            baseline_on=self.baseline_on,
            target=self.target,
            target_on=self.target_on,
            trajectory=engine.Trajectory(self.trajectory),
            milestones=tuple((m.due_on, m.value) for m in self.milestones.all()),
            range_low=self.range_low,
            range_high=self.range_high,
            on_track_from=self.on_track_from,
            at_risk_from=self.at_risk_from,
        )


class OfRevisionQuerySet(OfIndicatorQuerySet):
    indicator_path = "revision__indicator"


class Milestone(models.Model):
    """An interim target."""

    revision = models.ForeignKey(TargetRevision, on_delete=models.CASCADE, related_name="milestones")
    due_on = models.DateField(_("date"))
    value = models.DecimalField(_("value"), max_digits=24, decimal_places=6)
    label = models.CharField(_("label"), max_length=120, blank=True)

    objects = OfRevisionQuerySet.as_manager()

    class Meta:
        ordering = ["revision_id", "due_on"]
        constraints = [models.UniqueConstraint(name="milestone_once_a_day", fields=["revision", "due_on"])]

    def __str__(self) -> str:
        return f"{self.due_on}: {self.value}"


class SignOff(models.Model):
    """A partner's agreement to an indicator as tailored, or its refusal (METHOD 2.13)."""

    class Decision(models.TextChoices):
        SIGNED = "signed", _("Agreed")
        DECLINED = "declined", _("Declined")

    indicator = models.ForeignKey(ProgrammeIndicator, on_delete=models.PROTECT, related_name="sign_offs")
    revision = models.ForeignKey(TargetRevision, on_delete=models.PROTECT, related_name="sign_offs")
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="+")
    decision = models.CharField(_("decision"), max_length=8, choices=Decision)
    comment = models.TextField(_("comment"), blank=True)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    objects = OfIndicatorQuerySet.as_manager()

    class Meta:
        ordering = ["indicator_id", "-at"]
        constraints = [
            models.UniqueConstraint(name="sign_off_once_per_revision", fields=["revision", "partner"]),
        ]

    def __str__(self) -> str:
        return f"{self.partner}: {self.get_decision_display()}"
