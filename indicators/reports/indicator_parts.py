"""Blocks of an indicator's page that are read when they are opened, each at an address of its own. Reads only."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Count, Q, QuerySet
from django.http import Http404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from indicators.commenting import counts_of
from indicators.disclosure import is_about_people, sees_small_cells, shown_to
from indicators.engine.types import ValueType
from indicators.models import Observation, ProgrammeIndicator, User
from indicators.reports import adjustments, cells, indicator_page
from indicators.reports.breakdowns import newest_breakdown
from indicators.reports.data_quality import quality_block
from indicators.reports.explained_status import explain_status, visible_observations, with_people
from indicators.reports.history import history_of
from indicators.reports.signals import chart_kind, signal_block
from indicators.reports.tables import plan_cells
from indicators.tracing import trace_of

PAGE = 20
LISTED = 10
"""Contributing figures that the page lists itself; files and the machine door list all."""

Build = Callable[[User, ProgrammeIndicator, Mapping[str, str]], dict[str, Any]]
"""From who asks, the indicator (of `every_indicator`) and the names in the address to what the block shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One block: what it is called, what it shows, and which names in the address ask for it at once."""

    name: str
    title: object
    build: Build
    asked_by: frozenset[str] = frozenset()
    needs_numbers: bool = False
    """Not there for an indicator whose figures are texts."""

    @property
    def template(self) -> str:
        return f"reports/_part_{self.name}.html"

    def is_for(self, indicator: ProgrammeIndicator) -> bool:
        return not (self.needs_numbers and is_text(indicator))


@dataclass(frozen=True, slots=True, kw_only=True)
class Fold:
    """A block as the page has it: folded, to be read from its address, or open with its content in the page."""

    part: Part
    url: str
    is_open: bool


def is_text(indicator: ProgrammeIndicator) -> bool:
    return indicator.version.rule().value_type is ValueType.TEXT


def part_of(indicator: ProgrammeIndicator, name: str) -> Part:
    """The block of that name; 404 for what this indicator does not have."""
    part = PARTS.get(name)
    if part is None or not part.is_for(indicator):
        raise Http404
    return part


def folds(user: User, indicator: ProgrammeIndicator, asked: Mapping[str, str]) -> dict[str, Any]:
    """The blocks of the page by name, under `folds`, and the content of those that the address asks for.

    Nothing is queried for a block that is not asked for.
    """
    found: dict[str, Fold] = {}
    content: dict[str, Any] = {}
    for part in PARTS.values():
        if not part.is_for(indicator):
            continue
        is_open = not part.asked_by.isdisjoint(asked)
        found[part.name] = Fold(part=part, url=address_of(indicator, part.name), is_open=is_open)
        if is_open:
            content |= part.build(user, indicator, asked)
    return content | {"folds": found}


def address_of(indicator: ProgrammeIndicator, name: str) -> str:
    return reverse("indicator-part", args=[indicator.programme.code, indicator.pk, name])


def counts_of_figures(user: User, indicator: ProgrammeIndicator) -> dict[str, int]:
    """How many accepted figures there are to see, and how many of them are split into groups. One query."""
    found = visible_observations(user, indicator).order_by()
    return found.aggregate(figures=Count("pk"), in_groups=Count("pk", filter=~Q(cell="")))


def _explained(user: User, indicator: ProgrammeIndicator, _asked: Mapping[str, str]) -> dict[str, Any]:
    snapshot = indicator_page.load_snapshot(indicator)
    return {
        "explanation": explain_status(user, indicator, snapshot, most=LISTED),
        **_computation(user, indicator),
    }


def _computation(user: User, indicator: ProgrammeIndicator) -> dict[str, Any]:
    """The formula in words with the numbers of each period; nothing where a source is not released to the person."""
    if not indicator.is_computed:
        return {}
    found = ProgrammeIndicator.objects.with_hidden_sources(user).filter(pk=indicator.pk)
    if found.get().has_hidden_sources:  # type: ignore[attr-defined]
        return {}
    trace = trace_of(indicator, last=indicator_page.RECENT)
    if trace is None:
        return {}
    about_people = any(is_about_people(one.version) for one in trace.sources)
    hides = trace.has_cells and about_people and not sees_small_cells(user, indicator)
    return {
        "trace": trace,
        "trace_steps": [
            (one.label, _("left out: few people") if hides else one.calculation, one.result or one.why_none)
            for one in trace.rows
        ],
        "trace_sources": [
            (f"{one.definition.code} {one.name}", one.get_absolute_url()) for one in trace.sources
        ],
    }


def _values(user: User, indicator: ProgrammeIndicator, _asked: Mapping[str, str]) -> dict[str, Any]:
    return indicator_page.drawn_values(user, indicator)


def _earlier(user: User, indicator: ProgrammeIndicator, _asked: Mapping[str, str]) -> dict[str, Any]:
    return indicator_page.periods(user, indicator, indicator_page.load_snapshot(indicator), earlier=True)


def _signals(_user: User, indicator: ProgrammeIndicator, asked: Mapping[str, str]) -> dict[str, Any]:
    snapshot = indicator_page.load_snapshot(indicator)
    return {
        "signals": signal_block(indicator, snapshot, chart_kind(asked.get("chart"))),
        "places": cells.places(snapshot.rule),
    }


def _groups(user: User, indicator: ProgrammeIndicator, _asked: Mapping[str, str]) -> dict[str, Any]:
    return {
        "breakdown": newest_breakdown(indicator, visible_observations(user, indicator)),
        "has_parts": indicator.version.rule().value_type is ValueType.RATIO,
    }


def _agreements(user: User, indicator: ProgrammeIndicator, _asked: Mapping[str, str]) -> dict[str, Any]:
    found = indicator_page.revisions_of(user, indicator)
    return {"revisions": [{"revision": one, "cells": plan_cells(indicator, one)} for one in found]}


def _quality(user: User, indicator: ProgrammeIndicator, _asked: Mapping[str, str]) -> dict[str, Any]:
    groups = newest_breakdown(indicator, visible_observations(user, indicator))
    snapshot = indicator_page.load_snapshot(indicator)
    return {"quality": quality_block(indicator, snapshot, mismatches=len(groups.mismatches))}


def _figures(user: User, indicator: ProgrammeIndicator, asked: Mapping[str, str]) -> dict[str, Any]:
    observations = _page(visible_observations(user, indicator), asked.get("page"))
    observations.object_list = shown_to(user, observations.object_list)
    return {
        "observations": observations,
        "figure_comments": counts_of(user, "observation", [one.pk for one in observations.object_list]),
    }


def _page(observations: QuerySet[Observation], number: str | None) -> Page[Observation]:
    return Paginator(observations, PAGE).get_page(number)


def _history(user: User, indicator: ProgrammeIndicator, asked: Mapping[str, str]) -> dict[str, Any]:
    return {
        "history": history_of(
            user,
            indicator,
            indicator_page.revisions_of(user, indicator),
            adjustments.of_indicator(user, indicator),
            kind=asked.get("history", ""),
            page=asked.get("hpage", ""),
        )
    }


PARTS: Mapping[str, Part] = {
    part.name: part
    for part in (
        Part(name="values", title=gettext_lazy("Values as a table"), build=_values, needs_numbers=True),
        Part(name="explained", title=gettext_lazy("Explain this number"), build=_explained),
        Part(name="earlier", title=gettext_lazy("Earlier periods"), build=_earlier, needs_numbers=True),
        Part(
            name="signals",
            title=gettext_lazy("Has something changed?"),
            build=_signals,
            asked_by=frozenset({"chart"}),
            needs_numbers=True,
        ),
        Part(name="groups", title=gettext_lazy("By group"), build=_groups, needs_numbers=True),
        Part(
            name="targets",
            title=gettext_lazy("Baseline and target, and how they were changed"),
            build=_agreements,
        ),
        Part(name="quality", title=gettext_lazy("How good the data are"), build=_quality),
        Part(
            name="figures",
            title=gettext_lazy("The figures it rests on"),
            build=_figures,
            asked_by=frozenset({"page"}),
        ),
        Part(
            name="history",
            title=gettext_lazy("Everything that happened to it"),
            build=_history,
            asked_by=frozenset({"history", "hpage"}),
        ),
    )
}
"""In the order of the page."""

__all__ = ["PARTS", "Fold", "Part", "address_of", "counts_of_figures", "folds", "part_of", "with_people"]
