"""The indicator library: definitions and their immutable versions."""

from __future__ import annotations

from decimal import Decimal

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from indicators.engine import types as engine
from indicators.models.programmes import Frequency
from indicators.models.reference import OpenQuerySet

SCALE_WORDS = {"count", "number", "ratio", "percent", "index", "score", "level", "effect"}
"""Units that name the kind of scale and are not written behind a figure: “3”, never “3 level 0-5”."""


class ValueType(models.TextChoices):
    """What one observation consists of."""

    COUNT = engine.ValueType.COUNT.value, _("Count")
    NUMBER = engine.ValueType.NUMBER.value, _("Number")
    RATIO = engine.ValueType.RATIO.value, _("Ratio of two numbers")
    SCORE = engine.ValueType.SCORE.value, _("Score")
    INDEX = engine.ValueType.INDEX.value, _("Index")
    ORDINAL = engine.ValueType.ORDINAL.value, _("Level on a described scale")
    BINARY = engine.ValueType.BINARY.value, _("Yes or no")
    MILESTONE = engine.ValueType.MILESTONE.value, _("Milestone reached")
    EFFECT_SIZE = engine.ValueType.EFFECT_SIZE.value, _("Effect size")
    TEXT = engine.ValueType.TEXT.value, _("Text")


class Direction(models.TextChoices):
    """Which way is better."""

    ASCENDING = engine.Direction.ASCENDING.value, _("Higher is better")
    DESCENDING = engine.Direction.DESCENDING.value, _("Lower is better")
    RANGE = engine.Direction.RANGE.value, _("Inside a range")
    MAINTAIN_ABOVE = engine.Direction.MAINTAIN_ABOVE.value, _("Stay above a value")
    MAINTAIN_BELOW = engine.Direction.MAINTAIN_BELOW.value, _("Stay below a value")


class ResultLevel(models.TextChoices):
    """The glossary's results levels (METHOD 1.6)."""

    INPUT = "input", _("Input")
    OUTPUT = "output", _("Output")
    OUTCOME = "outcome", _("Outcome")
    IMPACT = "impact", _("Impact")
    CONTEXT = "context", _("Context")


class Measure(models.TextChoices):
    """Doing things right, or doing the right things (METHOD 1.6)."""

    MOP = "MOP", _("Measure of performance")
    MOE = "MOE", _("Measure of effectiveness")
    CONTEXT = "CONTEXT", _("Context")


class Tense(models.TextChoices):
    """While it runs, after it ended, or both (METHOD 2.0)."""

    ON_THE_FLY = "ON_THE_FLY", _("On the fly")
    EX_POST = "EX_POST", _("Ex-post")
    BOTH = "BOTH", _("On the fly and ex-post")


class IndicatorDefinition(models.Model):
    """An indicator of the library, whatever its present wording."""

    code = models.CharField(max_length=20, unique=True)
    family = models.CharField(max_length=20, help_text=_("Group of programmes it was written for."))
    current = models.OneToOneField(
        "IndicatorVersion", on_delete=models.PROTECT, null=True, blank=True, related_name="current_of"
    )

    objects = OpenQuerySet.as_manager()

    class Meta:
        ordering = ["code"]

    def __str__(self) -> str:
        return self.code

    def get_absolute_url(self) -> str:
        return reverse("library-detail", args=[self.code])


class IndicatorVersion(models.Model):
    """One wording of a definition. Never changed: a new wording is a new version; old results keep theirs."""

    definition_of = models.ForeignKey(IndicatorDefinition, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    name = models.CharField(_("name"), max_length=200)
    result_area = models.CharField(_("result area"), max_length=80)
    definition = models.TextField(_("definition"))
    unit = models.CharField(_("unit"), max_length=40)
    value_type = models.CharField(_("value type"), max_length=12, choices=ValueType)
    numerator_label = models.CharField(_("numerator"), max_length=200, blank=True)
    denominator_label = models.CharField(_("denominator"), max_length=200, blank=True)
    formula = models.CharField(_("formula"), max_length=200)
    scale = models.DecimalField(max_digits=12, decimal_places=4, default=Decimal(1))
    result_level = models.CharField(_("results level"), max_length=8, choices=ResultLevel)
    measure = models.CharField(_("MOP or MOE"), max_length=8, choices=Measure)
    tense = models.CharField(_("when"), max_length=10, choices=Tense)
    direction = models.CharField(_("direction"), max_length=16, choices=Direction)
    time_rule = models.CharField(
        _("over time"), max_length=24, choices=[(r.value, r.value.replace("_", " ")) for r in engine.TimeRule]
    )
    window_months = models.PositiveSmallIntegerField(
        _("months that count"),
        null=True,
        blank=True,
        help_text=_("Periods that ended earlier than so many months before the newest do not count."),
    )
    site_rule = models.CharField(
        _("over sites"),
        max_length=24,
        choices=[(r.value, r.value.replace("_", " ")) for r in engine.SiteRule],
    )
    frequency = models.CharField(_("frequency"), max_length=12, choices=Frequency)
    frequency_note = models.CharField(max_length=80, blank=True)
    disaggregations = models.JSONField(
        _("disaggregations"),
        default=list,
        help_text=_(
            'List of {"name": …, "label": …, "categories": [{"code", "label"}]}; empty categories: free text.'
        ),
    )
    levels = models.JSONField(
        _("described levels"),
        default=list,
        help_text=_('For ordinal types: list of {"level", "label", "descriptor"}.'),
    )
    data_source = models.TextField(_("data source"))
    collection_method = models.TextField(_("collection method"))
    evidence_expected = models.TextField(_("evidence expected"))
    min_data_rule = models.CharField(_("minimum data"), max_length=200)
    min_denominator = models.DecimalField(max_digits=16, decimal_places=2, null=True, blank=True)
    min_n = models.PositiveIntegerField(null=True, blank=True)
    lower_bound = models.DecimalField(max_digits=16, decimal_places=4, null=True, blank=True)
    upper_bound = models.DecimalField(max_digits=16, decimal_places=4, null=True, blank=True)
    expost_method = models.CharField(_("ex-post method"), max_length=200)
    limitation = models.TextField(_("known limitation"))
    basis = models.TextField(_("source"))
    is_sensitive = models.BooleanField(
        _("may be held elsewhere"),
        default=False,
        help_text=_("Real values may be classified: “held elsewhere” is an answer."),
    )
    change_note = models.TextField(blank=True)
    comparability = models.CharField(
        max_length=10,
        choices=[
            ("first", _("First version")),
            ("same", _("Comparable")),
            ("break", _("Break in the series")),
        ],
        default="first",
    )
    content_hash = models.CharField(max_length=64)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = OpenQuerySet.as_manager()

    class Meta:
        ordering = ["definition_of__code", "-number"]
        constraints = [
            models.UniqueConstraint(name="version_number_once", fields=["definition_of", "number"]),
            models.CheckConstraint(
                name="version_ratio_has_both_parts",
                condition=~Q(value_type="ratio") | (~Q(numerator_label="") & ~Q(denominator_label="")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.definition_of.code} v{self.number} {self.name}"

    @property
    def is_context(self) -> bool:
        return self.result_level == ResultLevel.CONTEXT

    def rule(self) -> engine.IndicatorRule:
        """What the engine needs to know of this version."""
        return engine.IndicatorRule(
            value_type=engine.ValueType(self.value_type),
            direction=engine.Direction(self.direction),
            time_rule=engine.TimeRule(self.time_rule),
            site_rule=engine.SiteRule(self.site_rule),
            scale=self.scale,
            lower_bound=self.lower_bound,
            upper_bound=self.upper_bound,
            min_denominator=self.min_denominator,
            min_n=self.min_n,
            window_months=self.window_months,
            is_context=self.is_context,
            unit="" if self.unit.split()[0] in SCALE_WORDS else self.unit,
        )
