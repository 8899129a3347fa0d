"""What an indicator may be compared with: the same measure, elsewhere, and seen by whoever plans. Saves nothing."""

from __future__ import annotations

from collections.abc import Sequence

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from indicators.models import (
    ContextRelease,
    ContextValue,
    CourseRun,
    Partner,
    PlannedComparison,
    ProgrammeIndicator,
    ReportingUnit,
    User,
    ValueType,
)


def other_indicators(indicator: ProgrammeIndicator, by: User) -> QuerySet[ProgrammeIndicator]:
    """The same library indicator as others use it: another partner, or another programme."""
    return (
        ProgrammeIndicator.objects.visible_to(by)
        .filter(definition=indicator.definition_id, frequency=indicator.frequency)
        .exclude(pk=indicator.pk)
        .exclude(partner__isnull=False, partner=indicator.partner_id)
        .select_related("programme", "partner", "version", "definition")
        .order_by("programme__code", "partner__name", "pk")
    )


def sites_of(indicator: ProgrammeIndicator, by: User) -> QuerySet[ReportingUnit]:
    """The sites that report the indicator; those that the programme does not support may stand beside the others."""
    if indicator.is_computed:
        return ReportingUnit.objects.none()
    return ReportingUnit.objects.visible_to(by).filter(indicators=indicator).order_by("code")


def registers_of(indicator: ProgrammeIndicator, by: User) -> QuerySet[CourseRun]:
    """Registers of the programme, of which some may be of people who are tested twice without taking the course."""
    runs = CourseRun.objects.visible_to(by).filter(course__programme=indicator.programme_id)
    if indicator.version.value_type != ValueType.EFFECT_SIZE:
        return runs.none()
    return runs.select_related("course").order_by("course__title", "starts_on", "pk")


def releases_of(indicator: ProgrammeIndicator) -> QuerySet[ContextRelease]:
    """Published editions of the series that feeds the same library indicator."""
    return (
        ContextRelease.objects.filter(series__definition_code=indicator.definition.code)
        .exclude(series__definition_code="")
        .select_related("series")
        .order_by("series__code", "-retrieved_on")
    )


def countries_in(
    releases: Sequence[ContextRelease], indicator: ProgrammeIndicator
) -> list[tuple[int, Partner]]:
    """(release, country) with figures, without the country of the indicator itself. Two queries."""
    pairs = (
        ContextValue.objects.filter(release__in=[one.pk for one in releases])
        .exclude(partner=indicator.partner_id)
        .order_by()
        .values_list("release_id", "partner_id")
        .distinct()
    )
    found = sorted(pairs)
    partners = Partner.objects.in_bulk({partner for _release, partner in found})
    return sorted(((release, partners[pk]) for release, pk in found), key=lambda one: (one[0], one[1].name))


def check_comparable(
    indicator: ProgrammeIndicator, comparisons: Sequence[PlannedComparison], by: User
) -> None:
    """Raise ValidationError, keyed by `comparisons`, unless each may stand beside the indicator."""
    sites = set(sites_of(indicator, by).values_list("pk", flat=True))
    allowed = {f"unit:{pk}" for pk in sites}
    allowed |= {f"indicator:{pk}" for pk in other_indicators(indicator, by).values_list("pk", flat=True)}
    releases = list(releases_of(indicator))
    allowed |= {f"country:{release}:{one.pk}" for release, one in countries_in(releases, indicator)}
    registers = set(registers_of(indicator, by).values_list("pk", flat=True))
    allowed |= {f"run:{pk}" for pk in registers}
    wrong = [one for one in comparisons if one.reference() not in allowed]
    if wrong:
        raise ValidationError(
            {"comparisons": _("This cannot stand beside the indicator; pick from the list.")}
        )
    aside = {one.run_id for one in comparisons if one.run_id}
    if aside and aside >= registers:
        raise ValidationError(
            {
                "comparisons": _(
                    "All registers were picked for comparison; one must be left of those who were taught."
                )
            }
        )
    taken = {one.unit_id for one in comparisons if one.unit_id}
    if taken and taken >= sites:
        raise ValidationError(
            {
                "comparisons": _(
                    "All sites were picked for comparison; at least one must be left that is reached."
                )
            }
        )
