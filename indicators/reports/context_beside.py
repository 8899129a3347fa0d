"""One published series about a partner country, drawn on the same days as an indicator. Reads only.

Beside the indicator, never in its score: what happens at the same time has not caused it (METHOD 2.9).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from indicators.charts import IndicatorSeries, Reading
from indicators.models import ContextRelease, ContextSeries, ContextValue, Partner, ProgrammeIndicator, User
from indicators.reports.detail_tables import context_places

Z_95 = 1.959964


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextBeside:
    """What may be chosen, and what was."""

    choices: tuple[ContextSeries, ...]
    countries: tuple[Partner, ...]
    country: Partner | None = None
    chosen: ContextSeries | None = None
    release: ContextRelease | None = None
    chart: IndicatorSeries | None = None
    places: int = 0
    """Decimals of its values."""
    newest: ContextValue | None = None
    """The newest value before these days, where none lies in them."""
    unknown: str = ""
    """A code that was asked for and is none of the choices."""


def context_beside(
    user: User,
    indicator: ProgrammeIndicator,
    *,
    code: str,
    country: str,
    since: date | None,
    until: date | None,
) -> ContextBeside | None:
    """None where nothing is published about the countries of the programme. Two queries, four with a series.

    Args:
        code, country: as the address gives them; what is unknown is said, not guessed.
        since, until: the days of the indicator's own chart.
    """
    countries = (
        [indicator.partner]
        if indicator.partner is not None
        else list(Partner.objects.filter(programmes=indicator.programme_id).order_by("name"))
    )
    if user.partner_id is not None and user.global_role == "partner_viewer":
        countries = [one for one in countries if one.pk == user.partner_id]
    choices = tuple(
        ContextSeries.objects.visible_to(user)
        .filter(releases__values__partner__in=[one.pk for one in countries])
        .distinct()
    )
    if not choices:
        return None
    place = next((one for one in countries if one.code == country), countries[0])
    chosen = next((one for one in choices if one.code == code), None)
    if chosen is None:
        return ContextBeside(choices=choices, countries=tuple(countries), country=place, unknown=code)
    release = (
        ContextRelease.objects.visible_to(user).filter(series=chosen).order_by("-retrieved_on", "-pk").first()
    )
    values = ContextValue.objects.visible_to(user).filter(release=release, partner=place)
    known = [one for one in values.order_by("ends_on") if until is None or one.ends_on <= until]
    shown = [one for one in known if since is None or one.ends_on >= since]
    return ContextBeside(
        choices=choices,
        countries=tuple(countries),
        country=place,
        chosen=chosen,
        release=release,
        chart=_chart(chosen, place, shown, since, until),
        places=max((context_places(one) for one in known), default=0),
        newest=known[-1] if known and not shown else None,
    )


def _chart(
    series: ContextSeries, place: Partner, values: list[ContextValue], since: date | None, until: date | None
) -> IndicatorSeries:
    return IndicatorSeries(
        title=f"{place.name}: {series.name}",
        unit=series.unit,
        readings=[_reading(one) for one in values],
        higher_is_better=None,
        since=since,
        until=until,
    )


def _reading(one: ContextValue) -> Reading:
    reach = None if one.standard_error is None else Z_95 * float(one.standard_error)
    is_year = (one.ends_on - one.starts_on).days > 300
    return Reading(
        on=one.ends_on,
        value=one.value,
        label=str(one.starts_on.year) if is_year else f"{one.starts_on:%Y-%m}",
        low=None if reach is None else float(one.value) - reach,
        high=None if reach is None else float(one.value) + reach,
    )
