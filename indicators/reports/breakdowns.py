"""Figures by disaggregation, with small cells of persons left out. Decides nothing: the engine does."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from indicators.disclosure import hidden_places, is_about_people
from indicators.engine.disaggregate import breakdown, mismatches
from indicators.engine.disclosure import cell_parts
from indicators.engine.types import ValueType
from indicators.models import IndicatorVersion, Observation, ProgrammeIndicator
from indicators.reports import cells
from indicators.reports.cells import Cell
from indicators.reports.wording import say
from indicators.snapshots import measurements_of


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakdownRow:
    """One cell: what it is about, in words, and its figure, or that it is left out."""

    label: str
    depth: int
    value: Cell
    parts: str
    is_hidden: bool
    is_reported: bool
    explain_key: str = ""
    """Where it is explained; empty for what is left out and for the total."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Breakdown:
    """The newest period that was reported by disaggregation."""

    period: str = ""
    rows: Sequence[BreakdownRow] = ()
    hidden: int = 0
    mismatches: Sequence[str] = ()
    is_about_people: bool = False


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
    measurements = measurements_of(observations.filter(period=newest.period_id))[
        indicator.pk, newest.period_id
    ]
    figures = breakdown(measurements, rule)
    hidden = hidden_places(measurements, rule) if about_people else frozenset()
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
            explain_key=f"{indicator.pk}-{newest.period_id}-{one.cell}"
            if one.cell and one.cell not in hidden
            else "",
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


def cell_label(version: IndicatorVersion, cell: str) -> str:
    """``nation=KWT;sex=female`` in the words of the library; "All" for the total."""
    known = {one["name"]: one for one in version.disaggregations}
    return ", ".join(_category(known, name, code) for name, code in sorted(cell_parts(cell))) or _("All")


def _category(known: dict[str, dict[str, object]], name: str, code: str) -> str:
    dimension = known.get(name, {})
    categories: Iterable[dict[str, str]] = dimension.get("categories") or ()  # type: ignore[assignment]
    labels = {one.get("code"): one.get("label") for one in categories if isinstance(one, dict)}
    return f"{dimension.get('label') or name}: {labels.get(code) or code}"
