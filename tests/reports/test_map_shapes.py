"""The shipped drawing of the map, and the cutting of it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from indicators.management.commands.cut_map import HEIGHT, WIDTH, cut

APP = Path(__file__).parents[2] / "indicators"
SHAPES = APP / "reports" / "map" / "shapes.json"
GROUND = APP / "static" / "indicators" / "map-ground.svg"


def square(west, south, east, north):
    """An arc in degrees as quantized steps of a hundredth."""
    corners = [(west, south), (west, north), (east, north), (east, south), (west, south)]
    steps, last = [], (0, 0)
    for x, y in corners:
        here = (round(x * 100), round(y * 100))
        steps.append([here[0] - last[0], here[1] - last[1]])
        last = here
    return steps


def atlas(*shapes):
    return {
        "transform": {"scale": [0.01, 0.01], "translate": [0, 0]},
        "arcs": [square(*box) for _number, box in shapes],
        "objects": {
            "countries": {
                "geometries": [
                    {"type": "Polygon", "id": number, "arcs": [[at]], "properties": {}}
                    for at, (number, _box) in enumerate(shapes)
                ]
            }
        },
    }


def places(path):
    return [tuple(map(float, pair)) for pair in re.findall(r"(-?[\d.]+),(-?[\d.]+)", path)]


def test_partners_have_shapes_of_their_own_and_the_rest_is_land():
    drawing = cut(atlas(("368", (40, 30, 48, 37)), ("250", (0, 42, 8, 46))))
    assert set(drawing["countries"]) == {"IRQ"}
    assert len(places(drawing["countries"]["IRQ"])) == 5
    assert places(drawing["land"])


def test_what_lies_over_the_edge_is_cut_off():
    (found,) = cut(atlas(("504", (-40, 0, 10, 60))))["countries"].values()
    assert all(-1 <= x <= WIDTH + 1.1 and -1 <= y <= HEIGHT + 1.1 for x, y in places(found))


def test_what_lies_outside_is_not_drawn():
    drawing = cut(atlas(("076", (-60, -20, -40, 0))))
    assert (drawing["land"], drawing["countries"]) == ("", {})


def test_the_shipped_drawing_is_small_and_shows_the_neighbourhood():
    drawing = json.loads(SHAPES.read_text())
    assert SHAPES.stat().st_size < 20_000
    assert GROUND.stat().st_size < 60_000
    assert set(drawing["countries"]) >= {
        "IRQ", "KWT", "BHR", "QAT", "ARE", "SAU", "OMN", "MRT", "MAR", "DZA", "TUN", "EGY", "ISR", "JOR", "PAK",
    }  # fmt: skip
    assert set(drawing["points"]) == {"BHR", "QAT", "KWT"}
    below = re.findall(r' d="([^"]+)"', GROUND.read_text())
    assert set(drawing["countries"].values()) < set(below)
    for path in [*below, *drawing["countries"].values()]:
        assert all(-1.1 <= x <= WIDTH + 1.1 and -1.1 <= y <= HEIGHT + 1.1 for x, y in places(path))


def test_a_file_that_is_no_atlas_is_told(tmp_path):
    wrong = tmp_path / "wrong.json"
    wrong.write_text("{}")
    with pytest.raises(CommandError, match=r"wrong\.json is no TopoJSON of countries"):
        call_command("cut_map", str(wrong), str(tmp_path / "out.json"), str(tmp_path / "out.svg"))


def test_the_ground_is_a_picture_of_its_own(tmp_path):
    (tmp_path / "atlas.json").write_text(
        json.dumps(atlas(("368", (40, 30, 48, 37)), ("250", (0, 42, 8, 46))))
    )
    call_command("cut_map", *(str(tmp_path / name) for name in ("atlas.json", "out.json", "out.svg")))
    drawing = json.loads((tmp_path / "out.json").read_text())
    assert set(drawing["countries"]) == {"IRQ"}
    assert "land" not in drawing
    assert len(re.findall("<path", (tmp_path / "out.svg").read_text())) == 2
