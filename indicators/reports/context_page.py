"""Published series about countries, with their own uncertainty. Beside the programmes, never in their scores."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from django.db.models import Count, Max, Min, QuerySet

from indicators.charts import IndicatorSeries, Reading
from indicators.models import ContextRelease, ContextSeries, ContextValue, User
from indicators.reports import context_changes
from indicators.reports.detail_tables import context_places, context_table
from indicators.reports.queries import today
from indicators.reports.tables import Table

MOST_ROWS = 60  # of one country on the page; the file has all


def series_list(user: User) -> list[dict[str, Any]]:
    """Every series with its newest release and what it covers. Two queries."""
    found = []
    covered = {
        one["release__series"]: one
        for one in ContextValue.objects.visible_to(user)
        .order_by()
        .values("release__series")
        .annotate(
            countries=Count("partner", distinct=True),
            since=Min("starts_on"),
            until=Max("ends_on"),
            n=Count("pk"),
        )
    }
    for series in ContextSeries.objects.visible_to(user).prefetch_related("releases"):
        releases = sorted(series.releases.all(), key=lambda one: (one.retrieved_on, one.pk), reverse=True)
        found.append(
            {
                "series": series,
                "release": releases[0] if releases else None,
                "older": len(releases) - 1,
                "covered": covered.get(series.pk),
            }
        )
    return found


def newest_release(user: User, series: ContextSeries) -> ContextRelease | None:
    return (
        ContextRelease.objects.visible_to(user).filter(series=series).order_by("-retrieved_on", "-pk").first()
    )


def values_of(user: User, release: ContextRelease | None) -> list[ContextValue]:
    if release is None:
        return []
    return list(
        ContextValue.objects.visible_to(user)
        .filter(release=release)
        .select_related("partner", "release")
        .order_by("partner__name", "starts_on")
    )


def editions_of(user: User, series: ContextSeries) -> QuerySet[ContextRelease]:
    """Every edition with its number of values, newest first."""
    releases = ContextRelease.objects.visible_to(user).filter(series=series)
    return releases.annotate(count=Count("values")).order_by("-retrieved_on", "-pk")


def _older(editions: list[ContextRelease], chosen: str) -> ContextRelease | None:
    """The edition to compare the newest one with: the chosen one, or the one before it."""
    return next((one for one in editions[1:] if str(one.pk) == chosen), editions[1] if editions[1:] else None)


def table_of(user: User, series: ContextSeries) -> Table:
    """All countries of the newest release."""
    return context_table(series, values_of(user, newest_release(user, series)), as_of=today())


def context(user: User, series: ContextSeries, *, country: str, against: str = "") -> dict[str, Any]:
    """The newest release: one small line for each country, and the chosen country in full."""
    editions = list(editions_of(user, series))
    release = editions[0] if editions else None
    values = values_of(user, release)
    by_country: dict[str, list[ContextValue]] = defaultdict(list)
    for value in values:
        by_country[value.partner.code].append(value)
    chosen = country if country in by_country else next(iter(by_country), "")
    table = context_table(series, values, as_of=today())
    shown = [row for row in table.rows if row.cells["country_code"].value == chosen]
    return {
        "series": series,
        "release": release,
        "countries": [
            {
                "partner": own[-1].partner,
                "values": [one.value for one in own],
                "row": next(
                    row
                    for row in reversed(table.rows)
                    if row.cells["country_code"].value == own[-1].partner.code
                ),
            }
            for own in by_country.values()
        ],
        "chosen": by_country[chosen][0].partner if chosen else None,
        "rows": shown[::-1][:MOST_ROWS],
        "count": len(shown),
        "chart": _chart(series, by_country[chosen]) if chosen else None,
        "table": table,
        "editions": editions,
        "changed": context_changes.between(user, _older(editions, against), values),
        "places": max((context_places(one) for one in values), default=0),
    }


def _chart(series: ContextSeries, values: list[ContextValue]) -> IndicatorSeries:
    return IndicatorSeries(
        title=f"{values[0].partner.name}: {series.name}",
        unit=series.unit,
        readings=[Reading(on=one.ends_on, value=one.value, label=_label(one)) for one in values],
        higher_is_better=None,
    )


def _label(value: ContextValue) -> str:
    """The year, or the month."""
    if (value.ends_on - value.starts_on).days > 300:
        return str(value.starts_on.year)
    return f"{value.starts_on:%Y-%m}"
