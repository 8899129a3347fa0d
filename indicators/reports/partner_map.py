"""Partner countries on a map: how many programmes work with each. Counts, no ranking; the table says the same."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from indicators.reports.overview import Overview
from indicators.reports.queries import Tally
from indicators.reports.region import Group

SHAPES = Path(__file__).parent / "map" / "shapes.json"
STEPS = (1, 2, 3)
"""Shades: one programme, two, three or more."""
CALLED_OUT = {"KWT": (722.0, 170.0), "BHR": (752.0, 196.0), "QAT": (776.0, 224.0)}
"""Where the numbers of small states stand, beside their points, on the drawing of `shapes.json`."""
ROOMY = frozenset({"DZA", "EGY", "IRQ", "LBY", "MAR", "MRT", "OMN", "PAK", "SAU", "AFG"})
"""Countries with room for their name beside the number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Country:
    """A partner country: its counts, its address, and its shape where the map shows it."""

    code: str
    name: str
    programmes: Sequence[str]
    tally: Tally
    url: str
    path: str
    label: tuple[float, float] | None
    point: tuple[float, float] | None
    has_room: bool

    @property
    def count(self) -> int:
        return len(self.programmes)

    @property
    def step(self) -> int:
        """Which shade: 1 to 3."""
        return min(self.count, STEPS[-1])


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerMap:
    """The partner countries. The land below them is a picture of its own, `map-ground.svg`."""

    width: int
    height: int
    countries: Sequence[Country]

    @property
    def on_map(self) -> list[Country]:
        return [one for one in self.countries if one.path]

    @property
    def beyond(self) -> list[Country]:
        """Partner countries outside the window of the map."""
        return [one for one in self.countries if not one.path]


@cache
def shapes() -> dict[str, Any]:
    """The shipped drawing, read once."""
    found: dict[str, Any] = json.loads(SHAPES.read_text())
    return found


def partner_map(overview: Overview, address: str) -> PartnerMap:
    """The map of what is looked at. No query.

    Args:
        address: of the page that a country leads to; the other filters stay.
    """
    drawing = shapes()
    kept = {name: value for name, value in overview.narrowing.chosen.items() if value and name != "country"}
    countries = [
        _country(group, f"{address}?{urlencode(kept | {'country': group.key})}", drawing)
        for group in overview.countries()
    ]
    return PartnerMap(
        width=drawing["width"],
        height=drawing["height"],
        countries=countries,
    )


def _country(group: Group, url: str, drawing: Mapping[str, Any]) -> Country:
    code = group.key
    point = drawing["points"].get(code)
    label = CALLED_OUT.get(code) or drawing["labels"].get(code)
    return Country(
        code=code,
        name=group.name,
        programmes=group.programmes,
        tally=group.tally,
        url=url,
        path=drawing["countries"].get(code, ""),
        label=None if label is None else (label[0], label[1]),
        point=None if point is None else (point[0], point[1]),
        has_room=code in ROOMY,
    )
