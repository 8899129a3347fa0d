"""Partners, organisations and the context series that belong to nobody's programme."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from indicators.models.people import User


class Framework(models.TextChoices):
    """The partnership frameworks of the southern neighbourhood."""

    NMI = "NMI", _("NATO Mission Iraq")
    ICI = "ICI", _("Istanbul Cooperation Initiative")
    ICI_RC = "ICI-RC", _("NATO–ICI Regional Centre")
    MD = "MD", _("Mediterranean Dialogue")
    PATG = "PATG", _("Partners across the globe")
    OTHER = "OTHER", _("Other")


class OpenQuerySet(models.QuerySet[Any]):
    """Reference data: whoever signs in may read it."""

    def visible_to(self, user: User) -> OpenQuerySet:
        return self if user.is_authenticated else self.none()


class Partner(models.Model):
    """A country that a programme works with."""

    code = models.CharField(
        _("code"), max_length=3, unique=True, help_text=_("ISO 3166-1 alpha-3, e.g. IRQ.")
    )
    alpha2 = models.CharField(
        _("two-letter code"), max_length=2, unique=True, help_text=_("e.g. IQ; NA is Namibia.")
    )
    name = models.CharField(_("name"), max_length=80)
    framework = models.CharField(_("framework"), max_length=8, choices=Framework)
    context_profile = models.TextField(
        _("context profile"),
        blank=True,
        help_text=_(
            "What makes this partner different: institutions, absorption, ownership, other providers."
        ),
    )

    objects = OpenQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                name="partner_codes_are_capitals",
                condition=Q(code__regex=r"^[A-Z]{3}$") & Q(alpha2__regex=r"^[A-Z]{2}$"),
                violation_error_message=_("Country codes are capital letters: three and two."),
            )
        ]

    def __str__(self) -> str:
        return self.name


class Organisation(models.Model):
    """Who takes part beside the partner: NATO, EU, GCC, Arab League, AU, a ministry."""

    class Kind(models.TextChoices):
        ALLIANCE = "alliance", _("Alliance or union")
        REGIONAL = "regional", _("Regional organisation")
        MINISTRY = "ministry", _("Ministry")
        OTHER = "other", _("Other")

    code = models.CharField(_("code"), max_length=20, unique=True)
    name = models.CharField(_("name"), max_length=120)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    partner = models.ForeignKey(
        Partner, verbose_name=_("country"), on_delete=models.PROTECT, null=True, blank=True
    )

    objects = OpenQuerySet.as_manager()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class ContextSeries(models.Model):
    """A published series about countries, beside the programmes and never mixed into their scores."""

    code = models.CharField(max_length=30, unique=True)
    name = models.CharField(max_length=200)
    definition_code = models.CharField(
        max_length=20, blank=True, help_text=_("Library indicator that this series feeds, e.g. CTX-01.")
    )
    publisher = models.CharField(max_length=200)
    unit = models.CharField(max_length=60)
    licence = models.CharField(max_length=60)

    objects = OpenQuerySet.as_manager()

    class Meta:
        ordering = ["code"]
        verbose_name_plural = "context series"

    def __str__(self) -> str:
        return self.name


class ContextRelease(models.Model):
    """One published edition of a series. A new edition never overwrites an old one."""

    series = models.ForeignKey(ContextSeries, on_delete=models.PROTECT, related_name="releases")
    vintage = models.CharField(max_length=60)
    retrieved_on = models.DateField()
    source = models.CharField(max_length=300)

    objects = OpenQuerySet.as_manager()

    class Meta:
        ordering = ["series_id", "-retrieved_on"]
        constraints = [models.UniqueConstraint(name="context_release_once", fields=["series", "vintage"])]

    def __str__(self) -> str:
        return f"{self.series} ({self.vintage})"


class ContextValue(models.Model):
    """A country's figure for a period in one release, with its published uncertainty."""

    release = models.ForeignKey(ContextRelease, on_delete=models.CASCADE, related_name="values")
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="context_values")
    starts_on = models.DateField()
    ends_on = models.DateField()
    value = models.DecimalField(max_digits=24, decimal_places=6)
    standard_error = models.DecimalField(max_digits=24, decimal_places=6, null=True, blank=True)

    objects = OpenQuerySet.as_manager()

    class Meta:
        ordering = ["release_id", "partner_id", "starts_on"]
        constraints = [
            models.UniqueConstraint(name="context_value_once", fields=["release", "partner", "starts_on"]),
            models.CheckConstraint(name="context_value_period", condition=Q(ends_on__gte=F("starts_on"))),
        ]

    def __str__(self) -> str:
        return f"{self.partner} {self.starts_on:%Y-%m}: {self.value}"
