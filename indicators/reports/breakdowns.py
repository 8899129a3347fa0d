"""Figures by disaggregation, with small cells of persons left out. Decides nothing: the engine does."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from indicators.engine.disaggregate import (
    SITE,
    breakdown,
    by_site,
    mismatches,
    site_cell,
    suppressed,
)
from indicators.engine.disclosure import cell_parts
from indicators.engine.types import IndicatorRule, Measurement, ValueType
from indicators.models import IndicatorVersion, Observation, ProgrammeIndicator, Role, User
from indicators.permissions import roles_in
from indicators.reports import cells
from indicators.reports.cells import Cell
from indicators.reports.wording import say

PERSONAL_DIMENSIONS = ("sex", "gender", "age", "rank", "grade", "seniority")
PERSONAL_WORDS = (
    "participant", "person", "people", "respondent", "graduate", "women", "men", "staff", "student", "trainee",
    "officer", "instructor", "supervisor", "killed", "injured", "casualt", "victim", "civilian",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakdownRow:
    """One cell: what it is about, in words, and its figure, or that it is left out."""

    label: str
    depth: int
    value: Cell
    parts: str
    is_hidden: bool
    is_reported: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Breakdown:
    """The newest period that was reported by disaggregation."""

    period: str = ""
    rows: Sequence[BreakdownRow] = ()
    hidden: int = 0
    mismatches: Sequence[str] = ()
    is_about_people: bool = False


@dataclass(slots=True)
class Hidden:
    """Which figures of a list are left out: by period, those of a site and cell."""

    places: dict[int, frozenset[str]] = field(default_factory=dict)

    def hides(self, one: Observation) -> bool:
        """Whole figures of a unit stay: they are what is reported; what splits them by people may not."""
        return bool(one.cell) and site_cell(one.unit_id, one.cell) in self.places.get(
            one.period_id, frozenset()
        )


def is_about_people(version: IndicatorVersion) -> bool:
    """Split by something that only persons have, or counting persons by its own words (METHOD 2.7, small cells)."""
    names = [f"{one['name']} {one.get('label', '')}".lower() for one in version.disaggregations]
    words = f"{version.numerator_label} {version.denominator_label} {version.name} {version.unit}".lower()
    by_person = any(part.startswith(PERSONAL_DIMENSIONS) for name in names for part in name.split())
    return by_person or any(part.startswith(PERSONAL_WORDS) for part in words.split())


def sees_small_cells(user: User, indicator: ProgrammeIndicator) -> bool:
    """Those who enter and approve the figures work with each of them."""
    return user.is_admin or bool(
        roles_in(user, indicator.programme_id) & {Role.OFFICER, Role.APPROVER}  # type: ignore[attr-defined]
    )


def newest_breakdown(indicator: ProgrammeIndicator, observations: QuerySet[Observation]) -> Breakdown:
    """The newest period with figures in cells. Two queries, or one when nothing is split."""
    newest = (
        observations.exclude(cell="")
        .select_related("period")
        .order_by("-period__ends_on", "-period__starts_on")
    ).first()
    about_people = is_about_people(indicator.version)
    if newest is None:
        return Breakdown(is_about_people=about_people)
    rule = indicator.version.rule()
    if rule.value_type is ValueType.TEXT:
        return Breakdown(is_about_people=about_people)
    measurements = _measurements(observations.filter(period=newest.period_id))[newest.period_id]
    figures = breakdown(measurements, rule)
    hidden = _hidden(measurements, rule) if about_people else frozenset()
    rows = [
        BreakdownRow(
            label=cell_label(indicator.version, one.cell),
            depth=len(one.dimensions),
            value=cells.EMPTY if one.cell in hidden else cells.amount(one.value, rule),
            parts=""
            if one.cell in hidden or one.numerator is None or one.denominator is None
            else f"{cells.number(one.numerator).text} / {cells.number(one.denominator).text}",
            is_hidden=one.cell in hidden,
            is_reported=one.is_reported,
        )
        for one in figures
    ]
    flagged = mismatches(figures, rule)
    return Breakdown(
        period=newest.period.label,
        rows=rows,
        hidden=sum(row.is_hidden for row in rows),
        # With a cell left out, the difference of its parts to their total would tell it.
        mismatches=[say(one.text) for one in flagged] if not hidden else _only_counted(len(flagged)),
        is_about_people=about_people,
    )


def _only_counted(count: int) -> list[str]:
    return [_("%(count)s totals differ from the sum of their parts.") % {"count": count}] if count else []


def hidden_figures(
    indicator: ProgrammeIndicator, observations: QuerySet[Observation], periods: Collection[int]
) -> Hidden:
    """What is left out of a list of single figures. One query; none when the indicator is not about people."""
    rule = indicator.version.rule()
    if not is_about_people(indicator.version) or rule.value_type is ValueType.TEXT:
        return Hidden()
    found = _measurements(observations.filter(period__in=periods))
    return Hidden(
        {period: _hidden(rows, rule) for period, rows in found.items() if any(m.cell for m in rows)}
    )


def _hidden(measurements: Sequence[Measurement], rule: IndicatorRule) -> frozenset[str]:
    """Hidden cells, of single sites and over all: both are decided in one table, for both are shown."""
    figures = breakdown(by_site(measurements), rule)
    whole = [one.cell for one in figures if all(name == SITE for name, _code in cell_parts(one.cell))]
    return suppressed(figures, rule, always_shown=whole).hidden


def _measurements(observations: QuerySet[Observation]) -> dict[int, list[Measurement]]:
    rows = (
        observations.select_related(None)
        .order_by("pk")
        .values_list(
            "period_id",
            "id",
            "unit_id",
            "cell",
            "numerator",
            "denominator",
            "value",
            "standard_error",
            "sample_size",
        )
    )
    found: dict[int, list[Measurement]] = defaultdict(list)
    for period, pk, unit, cell, numerator, denominator, value, error, n in rows:
        found[period].append(
            Measurement(
                id=pk,
                site=unit,
                cell=cell,
                numerator=numerator,
                denominator=denominator,
                value=value,
                standard_error=error,
                n=n,
            )
        )
    return found


def cell_label(version: IndicatorVersion, cell: str) -> str:
    """``nation=KWT;sex=female`` in the words of the library; "All" for the total."""
    known = {one["name"]: one for one in version.disaggregations}
    return ", ".join(_category(known, name, code) for name, code in sorted(cell_parts(cell))) or _("All")


def _category(known: dict[str, dict[str, object]], name: str, code: str) -> str:
    dimension = known.get(name, {})
    categories: Iterable[dict[str, str]] = dimension.get("categories") or ()  # type: ignore[assignment]
    labels = {one.get("code"): one.get("label") for one in categories if isinstance(one, dict)}
    return f"{dimension.get('label') or name}: {labels.get(code) or code}"
