"""Objectives and reporting units as trees for a page. Arranges what it is given; asks nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from django.urls import reverse

from indicators.models import Objective, Programme, ProgrammeIndicator, ReportingUnit

Node = dict[str, Any]


def objective_tree(
    objectives: Iterable[Objective],
    indicators: Iterable[ProgrammeIndicator],
    *,
    programme: Programme,
    editable: bool,
) -> tuple[list[Node], list[ProgrammeIndicator]]:
    """The objectives with the indicators in use hanging on the same code, and those that hang on none of them."""
    objectives = list(objectives)
    hanging: dict[str, list[ProgrammeIndicator]] = defaultdict(list)
    for indicator in indicators:
        if indicator.is_active:
            hanging[indicator.objective.code if indicator.objective else ""].append(indicator)
    nodes = {
        row.pk: {
            "label": f"{row.code} {row.statement}",
            "level": row.get_level_display(),
            "url": reverse("objective-edit", args=[programme.code, row.pk]) if editable else "",
            "children": [_leaf(indicator) for indicator in hanging.get(row.code, [])],
        }
        for row in objectives
    }
    codes = {row.code for row in objectives}
    loose = [row for code, rows in hanging.items() if code not in codes for row in rows]
    return _joined(objectives, nodes), loose


def _leaf(indicator: ProgrammeIndicator) -> Node:
    status = getattr(indicator, "current_status", None)
    return {
        "label": str(indicator),
        "url": indicator.get_absolute_url(),
        "note": indicator.partner.name if indicator.partner else "",
        "status": status.status_now if status is not None else "",
        "children": [],
    }


def unit_tree(
    units: Iterable[ReportingUnit], *, programme: Programme, editable: bool, retired: str
) -> list[Node]:
    """The reporting units below one another."""
    units = list(units)
    nodes = {
        row.pk: {
            "label": f"{row.code} {row.name}",
            "level": row.get_kind_display(),
            "url": reverse("unit-edit", args=[programme.code, row.pk]) if editable else "",
            "note": "" if row.is_active else retired,
            "children": [],
        }
        for row in units
    }
    return _joined(units, nodes)


def _joined(rows: Iterable[Any], nodes: dict[int, Node]) -> list[Node]:
    """Each node below its parent; one whose parent is not shown stands at the top."""
    top = []
    for row in rows:
        above = nodes.get(row.parent_id) if row.parent_id is not None else None
        (above["children"] if above is not None else top).append(nodes[row.pk])
    return top
