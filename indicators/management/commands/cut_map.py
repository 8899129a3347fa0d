"""Cuts the map of partner countries out of a world atlas. For makers of this software; nothing runs it in service."""

from __future__ import annotations

import json
import math
from argparse import ArgumentParser
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

Point = tuple[float, float]

WEST, SOUTH, EAST, NORTH = -18.5, 11.5, 78.0, 46.5
"""The southern neighbourhood with what lies around it, from the Atlantic to Pakistan."""
WIDTH = 1000.0
COSINE = math.cos(math.radians(28))
SCALE = WIDTH / ((EAST - WEST) * COSINE)
HEIGHT = (NORTH - SOUTH) * SCALE
TOLERANCE = 0.45
"""How far a simplified line may lie from the true one, in units of the drawing (1,000 wide)."""
LEAST_AREA = 1.2
"""Islands below this are left out; small states are points of their own on the map."""
PARTNERS = {
    "004": "AFG", "012": "DZA", "048": "BHR", "818": "EGY", "368": "IRQ", "376": "ISR", "400": "JOR", "414": "KWT",
    "422": "LBN", "434": "LBY", "478": "MRT", "504": "MAR", "512": "OMN", "586": "PAK", "634": "QAT",
    "682": "SAU", "788": "TUN", "784": "ARE",
}  # fmt: skip
"""Number of ISO 3166-1 to the three letters of a partner's code: countries that are, or may become, partners."""
GREY = "#7d8894"
SMALL = {"BHR": (50.55, 26.05), "QAT": (51.2, 25.3), "KWT": (47.6, 29.35)}
"""States too small to be hit with a finger: also a point, in degrees east and north."""


def cut(atlas: dict[str, Any]) -> dict[str, Any]:
    """The drawing: ``{"width", "height", "land": path, "countries": {code: path}, "labels" and "points": places}``.

    Args:
        atlas: TopoJSON with the object ``countries``, ids as ISO 3166-1 numbers, quantized.

    Each border is simplified once, so that neighbours still meet; everything is cut at the edge of the map.
    """
    arcs = [_simplified(_projected(arc, atlas["transform"])) for arc in atlas["arcs"]]
    land: list[list[Point]] = []
    countries: dict[str, list[list[Point]]] = {}
    for shape in atlas["objects"]["countries"]["geometries"]:
        code = PARTNERS.get(str(shape.get("id", "")))
        rings = [ring for ring in _rings(shape, arcs) if _area(ring) >= LEAST_AREA or code in SMALL]
        if code is None:
            land += rings
        elif rings:
            countries[code] = rings
    return {
        "width": int(WIDTH),
        "height": round(HEIGHT),
        "land": _path(land),
        "countries": {code: _path(rings) for code, rings in sorted(countries.items())},
        "labels": {code: _middle(max(rings, key=_area)) for code, rings in sorted(countries.items())},
        "points": {code: [round(one, 1) for one in _place(*where)] for code, where in SMALL.items()},
    }


def _place(east: float, north: float) -> Point:
    return (east - WEST) * COSINE * SCALE, (NORTH - north) * SCALE


def _projected(arc: Sequence[Sequence[int]], transform: dict[str, Any]) -> list[Point]:
    """Steps of a quantized arc as places on the drawing."""
    (kx, ky), (tx, ty) = transform["scale"], transform["translate"]
    x = y = 0
    places = []
    for dx, dy in arc:
        x, y = x + dx, y + dy
        places.append(_place(x * kx + tx, y * ky + ty))
    return places


def _simplified(line: list[Point]) -> list[Point]:
    """Douglas and Peucker: the fewest points of the line that keep within the tolerance; both ends stay."""
    keep = {0, len(line) - 1}
    stack = [(0, len(line) - 1)]
    while stack:
        first, last = stack.pop()
        if last - first < 2:
            continue
        far = max(range(first + 1, last), key=lambda at: _distance(line[at], line[first], line[last]))
        if _distance(line[far], line[first], line[last]) > TOLERANCE:
            keep.add(far)
            stack += [(first, far), (far, last)]
    return [line[at] for at in sorted(keep)]


def _distance(point: Point, start: Point, end: Point) -> float:
    """From a point to a stretch; to its start where both ends meet."""
    (px, py), (ax, ay), (bx, by) = point, start, end
    length = math.hypot(bx - ax, by - ay)
    if length == 0:
        return math.hypot(px - ax, py - ay)
    return abs((bx - ax) * (ay - py) - (ax - px) * (by - ay)) / length


def _rings(shape: dict[str, Any], arcs: Sequence[list[Point]]) -> Iterable[list[Point]]:
    given = shape.get("arcs", [])
    polygons = [given] if shape["type"] == "Polygon" else given
    for polygon in polygons:
        for ring in polygon:
            line: list[Point] = []
            for index in ring:
                part = arcs[index] if index >= 0 else arcs[~index][::-1]
                line += part if not line else part[1:]
            cut_off = _clipped(line)
            if len(cut_off) >= 3:
                yield cut_off


def _clipped(ring: list[Point]) -> list[Point]:
    """Sutherland and Hodgman: the part of a ring on the map, its edge one unit outside so that no border shows."""
    for axis, edge, keeps_above in (
        (0, -1.0, True),
        (0, WIDTH + 1, False),
        (1, -1.0, True),
        (1, HEIGHT + 1, False),
    ):
        inside: list[Point] = []
        for here, there in zip(ring, ring[1:] + ring[:1], strict=True):
            is_in, next_in = (here[axis] >= edge) is keeps_above, (there[axis] >= edge) is keeps_above
            if is_in:
                inside.append(here)
            if is_in is not next_in:
                share = (edge - here[axis]) / (there[axis] - here[axis])
                crossing = tuple(here[i] + share * (there[i] - here[i]) for i in (0, 1))
                inside.append((crossing[0], crossing[1]))
        ring = inside
        if not ring:
            break
    return ring


def _area(ring: Sequence[Point]) -> float:
    turns = (a[0] * b[1] - b[0] * a[1] for a, b in zip(ring, [*ring[1:], ring[0]], strict=True))
    return abs(sum(turns)) / 2


def _middle(ring: Sequence[Point]) -> list[float]:
    """The centre of gravity of a ring, for a label."""
    sides = list(zip(ring, [*ring[1:], ring[0]], strict=True))
    turns = [a[0] * b[1] - b[0] * a[1] for a, b in sides]
    whole = 3 * sum(turns)
    return [
        round(sum((a[axis] + b[axis]) * turn for (a, b), turn in zip(sides, turns, strict=True)) / whole, 1)
        for axis in (0, 1)
    ]


def _path(rings: Iterable[Sequence[Point]]) -> str:
    """The `d` of a path: whole units with one decimal."""
    parts = []
    for ring in rings:
        places = [f"{x:.1f},{y:.1f}".replace(".0", "") for x, y in ring]
        kept = [place for at, place in enumerate(places) if at == 0 or place != places[at - 1]]
        parts.append("M" + "L".join(kept) + "Z")
    return "".join(parts)


def ground(drawing: dict[str, Any]) -> str:
    """All land as a picture of its own, which a browser fetches once: pale enough for light, dark and paper."""
    paths = "".join(
        f'<path d="{path}"/>' for path in [drawing["land"], *drawing["countries"].values()] if path
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {drawing["width"]} {drawing["height"]}">'
        f'<g fill="{GREY}" fill-opacity=".15" stroke="{GREY}" stroke-opacity=".6" stroke-width=".6">{paths}</g></svg>\n'
    )


class Command(BaseCommand):
    help = "Cut the map of partner countries out of world-atlas/countries-50m.json (Natural Earth, public domain)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("atlas", type=Path, help="countries-50m.json of the npm package world-atlas")
        parser.add_argument(
            "drawing",
            type=Path,
            help="where to write the countries, e.g. indicators/reports/map/shapes.json",
        )
        parser.add_argument(
            "ground",
            type=Path,
            help="where to write what lies below them, e.g. indicators/static/indicators/map-ground.svg",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            drawing = cut(json.loads(options["atlas"].read_text()))
        except (OSError, ValueError, KeyError) as problem:
            raise CommandError(f"{options['atlas']} is no TopoJSON of countries: {problem!r}") from problem
        options["ground"].write_text(ground(drawing))
        del drawing["land"]
        options["drawing"].write_text(json.dumps(drawing, separators=(",", ":")) + "\n")
        sizes = [options[name].stat().st_size for name in ("drawing", "ground")]
        self.stdout.write(
            f"{len(drawing['countries'])} countries, {sizes[0]} bytes, and {sizes[1]} of the ground"
        )
