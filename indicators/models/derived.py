"""Derived rows: recomputable from facts at any time. `indicators.derived` is their one writer."""

from __future__ import annotations

from datetime import date

from django.db import models
from django.db.models import Case, F, Value, When
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from indicators.engine import types as engine
from indicators.models.programmes import ReportingPeriod
from indicators.models.tailoring import OfIndicatorQuerySet, ProgrammeIndicator


class Status(models.TextChoices):
    """The engine's status with the words that people read."""

    ON_TRACK = engine.Status.ON_TRACK.value, _("On track")
    AT_RISK = engine.Status.AT_RISK.value, _("At risk")
    OFF_TRACK = engine.Status.OFF_TRACK.value, _("Off track")
    NOT_REPORTING = engine.Status.NOT_REPORTING.value, _("Not reporting")
    NOT_ASSESSABLE = engine.Status.NOT_ASSESSABLE.value, _("Cannot be assessed")
    MONITORED = engine.Status.MONITORED.value, _("Monitored only")


class TrendWord(models.TextChoices):
    """The engine's trend words with the words that people read."""

    IMPROVING = engine.TrendWord.IMPROVING.value, _("Improving")
    WORSENING = engine.TrendWord.WORSENING.value, _("Worsening")
    RISING = engine.TrendWord.RISING.value, _("Rising")
    FALLING = engine.TrendWord.FALLING.value, _("Falling")
    NO_EVIDENCE = engine.TrendWord.NO_EVIDENCE.value, _("No evidence of a trend")
    INSUFFICIENT = engine.TrendWord.INSUFFICIENT.value, _("Too few points for a trend")


class Rollup(models.Model):
    """All sites of one indicator and period in one figure."""

    indicator = models.ForeignKey(ProgrammeIndicator, on_delete=models.CASCADE, related_name="rollups")
    period = models.ForeignKey(ReportingPeriod, on_delete=models.CASCADE, related_name="rollups")
    value = models.DecimalField(max_digits=30, decimal_places=10, null=True)
    numerator = models.DecimalField(max_digits=30, decimal_places=6, null=True)
    denominator = models.DecimalField(max_digits=30, decimal_places=6, null=True)
    standard_error = models.DecimalField(max_digits=30, decimal_places=10, null=True)
    n = models.PositiveIntegerField(null=True)
    reported = models.PositiveIntegerField(default=0)
    expected = models.PositiveIntegerField(default=0)
    refusal_code = models.CharField(max_length=30, blank=True)
    refusal = models.JSONField(null=True)

    objects = OfIndicatorQuerySet.as_manager()

    class Meta:
        ordering = ["indicator_id", "period__starts_on"]
        constraints = [models.UniqueConstraint(name="rollup_once", fields=["indicator", "period"])]

    def __str__(self) -> str:
        return f"{self.indicator_id} {self.period_id}: {self.value}"


def status_on(today: date, path: str = "") -> Case:
    """The stored status at the end of a path; where its data went stale since it was stored, not reporting.

    Args:
        path: the way to the status row, for example ``current_status__``; with no row there: not reporting.
    """
    stale = {
        f"{path}stale_from__lte": today,
        f"{path}status__in": [Status.ON_TRACK, Status.AT_RISK, Status.OFF_TRACK, Status.NOT_ASSESSABLE],
    }
    return Case(
        When(**stale, then=Value(Status.NOT_REPORTING.value)),
        default=Coalesce(F(f"{path}status"), Value(Status.NOT_REPORTING.value)),
        output_field=models.CharField(),
    )


class IndicatorStatusQuerySet(OfIndicatorQuerySet):
    def at(self, today: date) -> IndicatorStatusQuerySet:
        """With `status_now`: a status whose data went stale since it was stored counts as not reporting."""
        return self.annotate(status_now=status_on(today))


class IndicatorStatus(models.Model):
    """Where an indicator stands, as of the last change of its facts."""

    indicator = models.OneToOneField(
        ProgrammeIndicator, on_delete=models.CASCADE, primary_key=True, related_name="current_status"
    )
    as_of = models.DateField()
    status = models.CharField(max_length=16, choices=Status)
    refusal_code = models.CharField(max_length=30, blank=True)
    refusal = models.JSONField(null=True)
    """{"template": …, "params": {…}} of the engine's Message."""
    value = models.DecimalField(max_digits=30, decimal_places=10, null=True)
    value_on = models.DateField(null=True)
    achievement = models.DecimalField(max_digits=20, decimal_places=10, null=True)
    expected_achievement = models.DecimalField(max_digits=20, decimal_places=10, null=True)
    on_track_index = models.DecimalField(max_digits=20, decimal_places=10, null=True)
    planned_value = models.DecimalField(max_digits=30, decimal_places=10, null=True)
    is_over_target = models.BooleanField(default=False)
    is_approximate = models.BooleanField(default=False)
    trend = models.CharField(max_length=12, choices=TrendWord)
    reported = models.PositiveIntegerField(default=0)
    expected = models.PositiveIntegerField(default=0)
    stale_from = models.DateField(null=True)
    judgement = models.JSONField()
    """The engine's Judgement, whole, as `engine.codec` writes it: steps, sentence, trend, coverage."""
    input_hash = models.CharField(max_length=64)
    method_version = models.CharField(max_length=12)
    computed_at = models.DateTimeField()

    objects = IndicatorStatusQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(name="status_counts", fields=["status"])]  # Portfolio counts.

    def __str__(self) -> str:
        return f"{self.indicator_id}: {self.status}"
