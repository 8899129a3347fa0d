"""The stylesheet mirrors, reads well in light and dark, and stays small."""

import gzip
import re
from pathlib import Path

import pytest

STATIC = Path(__file__).parents[2] / "indicators" / "static" / "indicators"
CSS = (STATIC / "app.css").read_text()
RULES = re.sub(r"/\*.*?\*/", "", CSS, flags=re.S)

PHYSICAL = re.compile(
    r"(?:^|[\s;{])((?:(?:margin|padding|border|inset|scroll-margin|scroll-padding)-)?(?:left|right)|"
    r"border-(?:top|bottom)-(?:left|right)-radius|text-align|float|clear)\s*:\s*([^;}]+)"
)


def test_only_logical_properties_are_used():
    found = [
        f"{name}: {value.strip()}"
        for name, value in PHYSICAL.findall(RULES)
        if name not in {"text-align", "float", "clear"} or value.strip() in {"left", "right"}
    ]

    assert found == []


def test_four_value_shorthands_are_the_same_on_both_sides():
    shorthands = re.findall(r"(?:^|[\s;{])(?:padding|margin|inset):\s*([^;}]+)", RULES)
    four = [value.split() for value in shorthands if "(" not in value and len(value.split()) == 4]

    assert [value for value in four if value[1] != value[3]] == []


def test_the_stylesheet_stays_below_half_of_a_framework():
    assert len(gzip.compress(CSS.encode(), 9)) < 15_400  # Bootstrap 5.3.9 is 30.8 kB


def variables(selector: str) -> dict[str, str]:
    block = CSS[CSS.index(selector) :]
    return dict(re.findall(r"--([\w-]+):\s*(#[0-9a-f]{6});", block[: block.index("}")]))


LIGHT = variables(":root {")
DARK = {**LIGHT, **variables(':root[data-theme="dark"] {')}
SYSTEM_DARK = {**LIGHT, **variables(':root:not([data-theme="light"]) {')}


def luminance(colour: str) -> float:
    parts = [int(colour[index : index + 2], 16) / 255 for index in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    bright, dim = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


def test_the_chosen_dark_and_the_system_dark_are_the_same():
    assert DARK == SYSTEM_DARK


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(
    ("ink", "ground"),
    [
        *[
            (name, ground)
            for name in ("ink", "ink-2", "ink-3", "accent")
            for ground in ("page", "surface", "sunken")
        ],
        *[
            (status, f"{status}-bg")
            for status in ("on-track", "at-risk", "off-track", "not-reporting", "not-assessable", "monitored")
        ],
        ("on-accent", "accent"),
        ("bar-ink", "bar"),
        ("marking-ink", "marking-bg"),
        ("off-track", "surface"),
    ],
)
def test_words_stand_out_from_their_ground(theme, ink, ground):
    assert contrast(theme[ink], theme[ground]) >= 4.5


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_edges_of_fields_can_be_seen(theme):
    assert contrast(theme["control-line"], theme["surface"]) >= 3


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_good_and_bad_bars_differ_without_red_and_green(theme):
    """Brettel-like check, coarse on purpose: with red and green made one, blue still tells the two apart."""

    def blue_and_mixed(colour: str) -> tuple[int, int]:
        red, green, blue = (int(colour[index : index + 2], 16) for index in (1, 3, 5))
        return blue, round(0.625 * red + 0.375 * green)

    good, bad = blue_and_mixed(theme["on-track-solid"]), blue_and_mixed(theme["off-track-solid"])

    assert abs(good[0] - bad[0]) > 60
