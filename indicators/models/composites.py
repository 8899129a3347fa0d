"""Composite indices: what they are made of, version by version, and what assessments froze of them."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from indicators.engine.composite import Aggregation as EngineAggregation
from indicators.engine.index import Across as EngineAcross
from indicators.engine.index import Reads as EngineReads
from indicators.models.assessments import AssessmentRun
from indicators.models.people import GlobalRole, User
from indicators.models.programmes import Programme
from indicators.models.tailoring import ProgrammeIndicator


class Aggregation(models.TextChoices):
    """How normalised values become one (METHOD 2.12)."""

    GEOMETRIC = EngineAggregation.GEOMETRIC.value, _("Geometric: a strong part cannot hide a weak one")
    ARITHMETIC = EngineAggregation.ARITHMETIC.value, _("Arithmetic: a strong part makes up for a weak one")


class Across(models.TextChoices):
    """Of whom an index speaks (METHOD 2.12, 2.13)."""

    PROGRAMME = EngineAcross.PROGRAMME.value, _("The programme as a whole: one score")
    PARTNERS = EngineAcross.PARTNERS.value, _("Each partner country: common core indicators, by progress")
    UNITS = EngineAcross.UNITS.value, _("Each reporting unit")


class Reads(models.TextChoices):
    """What of an indicator enters an index."""

    LEVEL = EngineReads.LEVEL.value, _("Its value")
    PROGRESS = EngineReads.PROGRESS.value, _("Its progress towards the target")


class OfVersionQuerySet(models.QuerySet[Any]):
    """Rows seen by whoever sees every indicator that enters the scores shown to them."""

    programme_path = "programme"
    version_path = "current"

    def visible_to(self, user: User) -> OfVersionQuerySet:
        """Those of the programmes one sees. A partner viewer sees an index whose every part is releasable to its
        nation; of one that puts partners side by side only the parts of its own nation are asked, as only they are
        shown to it (`indicators.composites.shown_to`)."""
        if not user.is_authenticated:
            return self.none()
        if user.sees_everything:
            return self
        found = self.filter(**{f"{self.programme_path}__in": Programme.objects.visible_to(user).values("pk")})
        if user.global_role != GlobalRole.PARTNER_VIEWER:
            return found
        parts = IndexComponent.objects.filter(version=OuterRef(self.version_path)).filter(
            ~Q(version__across=Across.PARTNERS) | Q(indicator__partner=user.partner_id)
        )
        released = ProgrammeIndicator.objects.visible_to(user).values("pk")
        return found.filter(Exists(parts), ~Exists(parts.exclude(indicator__in=released)))


class CompositeIndex(models.Model):
    """Several indicators of one programme as one number, always with its parts."""

    programme = models.ForeignKey(Programme, on_delete=models.PROTECT, related_name="composites")
    name = models.CharField(_("name"), max_length=120)
    is_active = models.BooleanField(_("in use"), default=True)

    current = models.OneToOneField(
        "IndexVersion",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="current_of",
        editable=False,
    )

    objects = OfVersionQuerySet.as_manager()

    class Meta:
        ordering = ["programme_id", "name"]
        constraints = [
            models.UniqueConstraint(
                name="index_name_once",
                fields=["programme", "name"],
                condition=Q(is_active=True),
                violation_error_message=_("This programme already has an index of this name."),
            ),
            models.CheckConstraint(name="index_has_a_name", condition=~Q(name="")),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("composite-detail", args=[self.programme.code, self.pk])


class OfIndexQuerySet(OfVersionQuerySet):
    programme_path = "index__programme"
    version_path = "pk"


class IndexVersion(models.Model):
    """One make-up of an index. Never changed: a new make-up is a new version; old results keep theirs."""

    index = models.ForeignKey(CompositeIndex, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    purpose = models.TextField(_("what it is for"))
    across = models.CharField(_("of whom it speaks"), max_length=10, choices=Across)
    aggregation = models.CharField(_("how the parts are joined"), max_length=10, choices=Aggregation)
    reason = models.TextField(_("reason"))
    weights_reason = models.TextField(_("why partners have weights of their own"), blank=True)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()

    objects = OfIndexQuerySet.as_manager()

    class Meta:
        ordering = ["index_id", "number"]
        constraints = [
            models.UniqueConstraint(name="index_version_once", fields=["index", "number"]),
            models.CheckConstraint(name="index_has_a_reason", condition=~Q(reason="")),
            models.CheckConstraint(name="index_has_a_purpose", condition=~Q(purpose="")),
            models.CheckConstraint(name="index_across", condition=Q(across__in=Across.values)),
            models.CheckConstraint(name="index_aggregation", condition=Q(aggregation__in=Aggregation.values)),
        ]

    def __str__(self) -> str:
        return f"{self.index.name} v{self.number}"


class OfComponentQuerySet(OfVersionQuerySet):
    programme_path = "version__index__programme"
    version_path = "version"


class IndexComponent(models.Model):
    """One indicator in one version of an index, with the fixed ends of its scale."""

    version = models.ForeignKey(IndexVersion, on_delete=models.PROTECT, related_name="components")
    indicator = models.ForeignKey(
        ProgrammeIndicator, on_delete=models.PROTECT, related_name="composite_components"
    )
    reads = models.CharField(_("what enters"), max_length=8, choices=Reads)
    low = models.DecimalField(_("lower end"), max_digits=24, decimal_places=6)
    high = models.DecimalField(_("upper end"), max_digits=24, decimal_places=6)
    is_logarithmic = models.BooleanField(_("logarithmic scale"), default=False)
    weight = models.DecimalField(_("weight"), max_digits=7, decimal_places=6, null=True, blank=True)
    """Share of the index, adding up to 1; null: all parts weigh the same."""
    position = models.PositiveSmallIntegerField(default=0)

    objects = OfComponentQuerySet.as_manager()

    class Meta:
        ordering = ["version_id", "position", "pk"]
        constraints = [
            models.UniqueConstraint(name="index_component_once", fields=["version", "indicator"]),
            models.CheckConstraint(name="index_goalposts_in_order", condition=Q(high__gt=F("low"))),
            models.CheckConstraint(
                name="index_log_above_zero", condition=Q(is_logarithmic=False) | Q(low__gt=0)
            ),
            models.CheckConstraint(
                name="index_weight_is_a_share",
                condition=Q(weight__isnull=True) | Q(weight__gt=0, weight__lte=1),
            ),
            models.CheckConstraint(name="index_reads", condition=Q(reads__in=Reads.values)),
        ]

    def __str__(self) -> str:
        return f"{self.version_id}: {self.indicator_id}"


class OfResultQuerySet(OfVersionQuerySet):
    programme_path = "run__programme"
    version_path = "version"


class IndexResult(models.Model):
    """What an assessment says of an index: frozen with its inputs, its seed and their hash."""

    run = models.ForeignKey(AssessmentRun, on_delete=models.PROTECT, related_name="index_results")
    version = models.ForeignKey(IndexVersion, on_delete=models.PROTECT, related_name="results")
    name = models.CharField(max_length=120)
    """As the index was called then."""
    seed = models.BigIntegerField()
    inputs = models.JSONField()
    result = models.JSONField()
    input_hash = models.CharField(max_length=64)
    result_hash = models.CharField(max_length=64)

    objects = OfResultQuerySet.as_manager()

    class Meta:
        ordering = ["run_id", "name", "pk"]
        constraints = [models.UniqueConstraint(name="index_result_once", fields=["run", "version"])]

    def __str__(self) -> str:
        return f"{self.run_id}: {self.name}"
