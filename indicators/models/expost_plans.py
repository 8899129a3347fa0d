"""What will be asked after the end, laid down before the start: plans, their indicators, their comparisons."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from indicators.models.courses import CourseRun
from indicators.models.people import User
from indicators.models.programmes import OfProgrammeQuerySet, Programme, ReportingUnit
from indicators.models.reference import ContextRelease, Partner
from indicators.models.tailoring import ProgrammeIndicator

MOST_PRIMARY = 5
"""More than five primary questions are none (METHOD 2.8)."""


class ExPostMethod(models.TextChoices):
    """How an ex-post question is computed; the words for the engine's `Method`."""

    PAIRED_GAIN = "paired_gain", _("Learning gain of the same participants")
    PAIRED_GAIN_WITH_COMPARISON = "paired_gain_with_comparison", _("Learning gain against a comparison group")
    PARTICIPANT_RETENTION = "participant_retention", _("Share of the gain that participants keep")
    SERIES_RETENTION = "series_retention", _("Share of the change that is still there")
    SHARE_KEPT = "share_kept", _("Share of things kept")
    DIFFERENCE_IN_DIFFERENCES = "difference_in_differences", _("Difference in differences")
    COMPARATIVE_INTERRUPTED_SERIES = (
        "comparative_interrupted_series",
        _("Interrupted series with a comparison series"),
    )
    SYNTHETIC_CONTROL = "synthetic_control", _("Synthetic control")
    INTERRUPTED_SERIES = "interrupted_series", _("Interrupted time series")
    INTERRUPTED_COUNTS = "interrupted_counts", _("Interrupted series of counts")
    PAIRED_PROPORTIONS = "paired_proportions", _("Proportions of the same people or sites")
    PROPORTIONS_BEFORE_AFTER = "proportions_before_after", _("Proportions before and after")
    RATES_BEFORE_AFTER = "rates_before_after", _("Rates before and after")
    MEANS_BEFORE_AFTER = "means_before_after", _("Means before and after")
    COUNTERFACTUAL_TREND = "counterfactual_trend", _("Earlier trend carried on")
    ORDINAL_MATURITY = "ordinal_maturity", _("Maturity levels of functions")
    DIFFERENCE_ONLY = "difference_only", _("Difference only, no test")
    CONTRIBUTION_RATING = "contribution_rating", _("Contribution rating by evaluators")


class ExPostPlanQuerySet(OfProgrammeQuerySet):
    partner_viewers_see = False  # It names other partners' indicators.

    def locked(self) -> ExPostPlanQuerySet:
        return self.filter(state=ExPostPlan.State.LOCKED)


class ExPostPlan(models.Model):
    """One version of what a programme, or a named part of it, will be asked ex-post. Never changed once locked."""

    class State(models.TextChoices):
        DRAFT = "draft", _("Draft")
        LOCKED = "locked", _("Locked")

    programme = models.ForeignKey(Programme, on_delete=models.PROTECT, related_name="expost_plans")
    number = models.PositiveIntegerField()
    part = models.CharField(
        _("part of the programme"),
        max_length=120,
        blank=True,
        help_text=_("e.g. “Phase 2”; empty: the whole programme."),
    )
    starts_on = models.DateField(_("starts on"))
    ends_on = models.DateField(_("ends on"))
    question = models.TextField(
        _("question"), help_text=_("What should be known afterwards? One or two sentences.")
    )
    follow_up_months = models.JSONField(
        _("measured again, in months after the end"), default=list, help_text=_("0, 6, 12 and 24 are usual.")
    )
    collects = models.CharField(
        _("who collects the figures"), max_length=200, help_text=_("An office, not a person.")
    )
    reason = models.TextField(_("reason for this version"), blank=True)

    state = models.CharField(max_length=8, choices=State, default=State.DRAFT)
    row_version = models.PositiveIntegerField(default=1)
    drafted_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    drafted_at = models.DateTimeField()
    """When the draft was last changed, and by whom."""
    locked_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    locked_at = models.DateTimeField(null=True, blank=True)
    locked_on = models.DateField(null=True, blank=True)
    """The day of the lock where the programme is."""
    timely_until = models.DateField(null=True, blank=True)
    """Last day on which the lock came first: the end of the first reporting period."""
    content_hash = models.CharField(max_length=64, blank=True)

    objects = ExPostPlanQuerySet.as_manager()

    class Meta:
        ordering = ["programme_id", "-number"]
        constraints = [
            models.UniqueConstraint(name="expost_plan_number_once", fields=["programme", "number"]),
            models.UniqueConstraint(
                name="expost_plan_one_draft", fields=["programme"], condition=Q(state="draft")
            ),
            models.CheckConstraint(
                name="expost_plan_ends_after_it_starts",
                condition=Q(ends_on__gt=F("starts_on")),
                violation_error_message=_("The part must end after it starts."),
            ),
            models.CheckConstraint(name="expost_plan_asks", condition=~Q(question="") & ~Q(collects="")),
            models.CheckConstraint(
                name="expost_plan_change_has_a_reason", condition=Q(number=1) | ~Q(reason="")
            ),
            models.CheckConstraint(
                name="expost_plan_lock_is_signed",
                condition=~Q(state="locked")
                | (
                    Q(
                        locked_by__isnull=False,
                        locked_at__isnull=False,
                        locked_on__isnull=False,
                        timely_until__isnull=False,
                    )
                    & ~Q(content_hash="")
                ),
            ),
            models.CheckConstraint(
                name="expost_plan_four_eyes",
                condition=Q(locked_by__isnull=True) | ~Q(locked_by=F("drafted_by")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.programme.code} ex-post plan {self.number}"

    def get_absolute_url(self) -> str:
        return reverse("expost-plan", args=[self.programme.code])

    @property
    def is_locked(self) -> bool:
        return self.state == self.State.LOCKED

    @property
    def is_timely(self) -> bool:
        """Locked before the start, or within one reporting period of it (METHOD 2.8)."""
        return (
            self.locked_on is not None
            and self.timely_until is not None
            and self.locked_on <= self.timely_until
        )

    @property
    def was_locked_after_start(self) -> bool:
        return self.locked_on is not None and self.locked_on > self.starts_on


class OfPlanQuerySet(OfProgrammeQuerySet):
    programme_path = "plan__programme"
    partner_viewers_see = False


class PlannedIndicator(models.Model):
    """A primary indicator of a plan: the method laid down for it, and what will count as a change that matters."""

    plan = models.ForeignKey(ExPostPlan, on_delete=models.CASCADE, related_name="items")
    position = models.PositiveSmallIntegerField()
    indicator = models.ForeignKey(
        ProgrammeIndicator, verbose_name=_("indicator"), on_delete=models.PROTECT, related_name="+"
    )
    method = models.CharField(_("method"), max_length=40, choices=ExPostMethod)
    proposed = models.CharField(max_length=40, choices=ExPostMethod)
    """What the decision table proposed when this was stored."""
    method_reason = models.TextField(_("why not the proposed method"), blank=True)
    smallest_change = models.DecimalField(
        _("smallest change that matters"),
        max_digits=24,
        decimal_places=6,
        help_text=_("In the indicator's unit."),
    )
    transition_from = models.DateField(_("change expected from"), null=True, blank=True)
    transition_until = models.DateField(_("in transition until"), null=True, blank=True)
    horizon_months = models.PositiveSmallIntegerField(_("effect after, in months"), default=12)
    outlook = models.JSONField(null=True, blank=True, editable=False)
    """Which change could be detected and from when, as a worker computed it; null on a draft: due. No part of what is
    laid down."""

    objects = OfPlanQuerySet.as_manager()

    class Meta:
        ordering = ["plan_id", "position"]
        constraints = [
            models.UniqueConstraint(name="planned_indicator_once", fields=["plan", "indicator"]),
            models.UniqueConstraint(name="planned_position_once", fields=["plan", "position"]),
            models.CheckConstraint(
                name="planned_at_most_five", condition=Q(position__gte=1, position__lte=MOST_PRIMARY)
            ),
            models.CheckConstraint(
                name="planned_other_method_has_a_reason",
                condition=Q(method=F("proposed")) | ~Q(method_reason=""),
            ),
            models.CheckConstraint(
                name="planned_smallest_change_is_positive", condition=Q(smallest_change__gt=0)
            ),
            models.CheckConstraint(
                name="planned_transition_in_order",
                condition=Q(transition_from__isnull=True)
                | Q(transition_until__isnull=True)
                | Q(transition_until__gte=F("transition_from")),
            ),
            models.CheckConstraint(
                name="planned_horizon", condition=Q(horizon_months__gte=1, horizon_months__lte=120)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.indicator}: {self.get_method_display()}"

    @property
    def changes_on(self) -> date:
        """The first day on which a change is expected: the start, unless the plan says otherwise."""
        return self.transition_from or self.plan.starts_on

    @property
    def is_other_than_proposed(self) -> bool:
        return self.method != self.proposed

    def content(self) -> dict[str, Any]:
        """What was laid down, JSON-ready: two versions plan the same exactly if this is equal."""
        return {
            "indicator": self.indicator_id,
            "method": self.method,
            "smallest_change": f"{self.smallest_change.normalize():f}",
            "transition_from": self.transition_from.isoformat() if self.transition_from else None,
            "transition_until": self.transition_until.isoformat() if self.transition_until else None,
            "horizon_months": self.horizon_months,
            "comparisons": sorted(one.reference() for one in self.comparisons.all()),  # type: ignore[attr-defined]
        }


class OfItemQuerySet(OfProgrammeQuerySet):
    programme_path = "item__plan__programme"
    partner_viewers_see = False


def _only(*given: str) -> Q:
    """The thing that a comparison is, and none of the others."""
    return Q(
        **{
            f"{name}__isnull": name not in given
            for name in ("indicator", "unit", "release", "country", "run")
        }
    )


class PlannedComparison(models.Model):
    """Somebody the programme does not reach: another partner's indicator, a site, a country in a pinned release, or the
    register of people who were tested twice without taking the course."""

    item = models.ForeignKey(PlannedIndicator, on_delete=models.CASCADE, related_name="comparisons")
    indicator = models.ForeignKey(
        ProgrammeIndicator, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    unit = models.ForeignKey(ReportingUnit, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    release = models.ForeignKey(
        ContextRelease, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    country = models.ForeignKey(Partner, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    run = models.ForeignKey(CourseRun, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    objects = OfItemQuerySet.as_manager()

    class Meta:
        ordering = ["item_id", "pk"]
        constraints = [
            models.UniqueConstraint(
                name="comparison_once",
                fields=["item", "indicator", "unit", "release", "country", "run"],
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                name="comparison_is_one_thing",
                condition=_only("indicator") | _only("unit") | _only("release", "country") | _only("run"),
            ),
        ]

    def __str__(self) -> str:
        if self.indicator is not None:
            about = self.indicator
            return f"{about.partner or about.programme.name} · {about.name} ({about.programme.code})"
        if self.unit is not None:
            return str(self.unit)
        if self.run is not None:
            return f"{self.run.course.title} · {self.run.code}"
        return f"{self.country} · {self.release}"

    def reference(self) -> str:
        """The thing as one word, e.g. ``unit:12``: the same in every version of a plan."""
        if self.indicator_id is not None:
            return f"indicator:{self.indicator_id}"
        if self.unit_id is not None:
            return f"unit:{self.unit_id}"
        if self.run_id is not None:
            return f"run:{self.run_id}"
        return f"country:{self.release_id}:{self.country_id}"
