"""Countries, organisations and published context series. Real names, real figures; nothing illustrative."""

# ruff: noqa: E501  (sentences for people)

from __future__ import annotations

import csv
from calendar import monthrange
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

from indicators.models import ContextRelease, ContextSeries, ContextValue, Organisation, Partner

DATA = Path(__file__).resolve().parent / "data"
CARRIED_ON = date(2026, 11, 23)
"""When the published figures were carried into this project."""

PARTNERS = (
    ("IRQ", "IQ", "Iraq", "NMI", "Large forces rebuilt after 2014; several formations beside the ministries' chain of command; many providers at once, so that deconfliction matters as much as delivery."),
    ("KWT", "KW", "Kuwait", "ICI", "Host of the Regional Centre; well funded, small pool of specialists, short rotations."),
    ("BHR", "BH", "Bahrain", "ICI", "Small forces with a maritime focus; close ties to several navies; few staff for planning posts."),
    ("QAT", "QA", "Qatar", "ICI", "Rapid growth of the forces; strong budget, reliance on contracted expertise."),
    ("ARE", "AE", "United Arab Emirates", "ICI", "Advanced equipment and own training industry; seeks interoperability and standards rather than basic courses."),
    ("SAU", "SA", "Saudi Arabia", "OTHER", "Not a member of the Initiative; sends participants to courses. Large institutions, long nomination lists."),
    ("OMN", "OM", "Oman", "OTHER", "Not a member of the Initiative; sends participants to courses. Stable staff, cautious commitments."),
    ("MRT", "MR", "Mauritania", "MD", "Small budget, wide territory, Sahel border; ability to pay is low, commitment to agreed posts is high."),
    ("MAR", "MA", "Morocco", "MD", "Experienced contributor to operations; works on standards and exercises."),
    ("DZA", "DZ", "Algeria", "MD", "Selective engagement on its own terms; few but considered activities."),
    ("TUN", "TN", "Tunisia", "MD", "Border security after 2015; several donors active on the same border."),
    ("EGY", "EG", "Egypt", "MD", "Very large forces; engagement through exercises and counter-IED work."),
    ("ISR", "IL", "Israel", "MD", "Technically advanced; cooperation on standards and medical and rescue topics."),
    ("JOR", "JO", "Jordan", "MD", "Close partner with a long plan of activities; hosts regional training; heavy load on few planners."),
    ("PAK", "PK", "Pakistan", "PATG", "Large contributor to United Nations peacekeeping; engagement through education and staff courses."),
    ("MNG", "MN", "Mongolia", "PATG", "Small forces specialised in peacekeeping; language training is the bottleneck."),
    ("COL", "CO", "Colombia", "PATG", "Experience in demining and police reform that it shares with others; building integrity is a priority."),
)  # fmt: skip
ORGANISATIONS = (
    ("NATO", "North Atlantic Treaty Organization", "alliance", ""),
    ("EU", "European Union", "alliance", ""),
    ("GCC", "Gulf Cooperation Council", "regional", ""),
    ("LAS", "League of Arab States", "regional", ""),
    ("AU", "African Union", "regional", ""),
    ("UN", "United Nations", "other", ""),
    ("IRQ-MOD", "Ministry of Defence, Iraq", "ministry", "IRQ"),
    ("IRQ-MOI", "Ministry of Interior, Iraq", "ministry", "IRQ"),
    ("IRQ-ONSA", "Office of the National Security Adviser, Iraq", "ministry", "IRQ"),
    ("KWT-MOD", "Ministry of Defence, Kuwait", "ministry", "KWT"),
    ("JOR-MOD", "Ministry of Defence, Jordan", "ministry", "JOR"),
    ("MRT-MOD", "Ministry of Defence, Mauritania", "ministry", "MRT"),
)
WGI = {
    "cc": ("Control of corruption", "CTX-01"),
    "ge": ("Government effectiveness", ""),
    "pv": ("Political stability and absence of violence", ""),
    "rl": ("Rule of law", ""),
    "rq": ("Regulatory quality", ""),
    "va": ("Voice and accountability", ""),
}
WORLD_BANK = "World Bank, Worldwide Governance Indicators"
WGI_VINTAGE = "2024 release, 1996–2023"
UPPSALA = "Uppsala Conflict Data Program, Georeferenced Event Dataset"
UCDP_VINTAGE = "Events 1989–2018 (HDX edition)"


def make_reference() -> tuple[dict[str, Partner], dict[str, Organisation]]:
    """Partners and organisations by code; those that exist are left as they are."""
    for code, alpha2, name, framework, profile in PARTNERS:
        Partner.objects.get_or_create(
            code=code,
            defaults={"alpha2": alpha2, "name": name, "framework": framework, "context_profile": profile},
        )
    partners = {one.code: one for one in Partner.objects.all()}
    for code, name, kind, nation in ORGANISATIONS:
        Organisation.objects.get_or_create(
            code=code, defaults={"name": name, "kind": kind, "partner": partners.get(nation)}
        )
    return partners, {one.code: one for one in Organisation.objects.all()}


def make_context(partners: dict[str, Partner]) -> int:
    """The published series with their release and values; returns how many values were added."""
    rows: list[ContextValue] = []
    for indicator, (name, code) in WGI.items():
        release = _release(
            ContextSeries(
                code=f"WGI-{indicator.upper()}",
                name=f"{name} (estimate)",
                definition_code=code,
                publisher=WORLD_BANK,
                unit="estimate, about −2.5 (weak) to 2.5 (strong)",
                licence="CC BY 4.0",
            ),
            WGI_VINTAGE,
            "https://www.worldbank.org/en/publication/worldwide-governance-indicators",
        )
        if release is not None:
            rows += [
                ContextValue(
                    release=release,
                    partner=partners[country],
                    starts_on=date(year, 1, 1),
                    ends_on=date(year, 12, 31),
                    value=value,
                    standard_error=error,
                )
                for country, year, value, error in governance(indicator)
            ]
    release = _release(
        ContextSeries(
            code="UCDP-GED-IRQ",
            name="Deaths in organised violence, best estimate, by month",
            definition_code="CTX-05",
            publisher=UPPSALA,
            unit="deaths",
            licence="CC BY 4.0",
        ),
        UCDP_VINTAGE,
        "https://ucdp.uu.se, through the Humanitarian Data Exchange; added up by month of the event's start",
    )
    if release is not None:
        rows += [
            ContextValue(
                release=release,
                partner=partners["IRQ"],
                starts_on=month,
                ends_on=last_day(month),
                value=deaths,
            )
            for month, deaths in deaths_by_month()
        ]
    ContextValue.objects.bulk_create(rows, batch_size=1000)
    return len(rows)


def _release(series: ContextSeries, vintage: str, source: str) -> ContextRelease | None:
    """A new release, or None when it is kept already."""
    kept = ContextSeries.objects.filter(code=series.code).first()
    if kept is None:
        series.save()
        kept = series
    if kept.releases.filter(vintage=vintage).exists():
        return None
    return ContextRelease.objects.create(series=kept, vintage=vintage, retrieved_on=CARRIED_ON, source=source)


def governance(indicator: str) -> Iterator[tuple[str, int, Decimal, Decimal]]:
    """(country, year, estimate, standard error) of one of the six governance indicators."""
    for row in _rows("wgi.csv"):
        if row["indicator"] == indicator:
            yield row["country"], int(row["year"]), Decimal(row["estimate"]), Decimal(row["standard_error"])


def deaths_by_month() -> Iterator[tuple[date, Decimal]]:
    """(first day of the month, deaths by best estimate) in Iraq."""
    for row in _rows("ucdp_iraq_monthly.csv"):
        yield date.fromisoformat(f"{row['month']}-01"), Decimal(row["best"])


def last_day(day: date) -> date:
    return day.replace(day=monthrange(day.year, day.month)[1])


def _rows(name: str) -> Iterator[dict[str, str]]:
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(line for line in file if not line.startswith("#"))
