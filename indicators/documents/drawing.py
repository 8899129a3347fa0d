"""The charts of the pages as drawings that stand alone: the same templates, their classes turned into attributes.

A document has no style sheet, so colours and strokes are read from the application's own, in its light colours.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

from django.template.loader import render_to_string
from lxml import etree

from indicators.documents.faces import FAMILIES

SVG = "http://www.w3.org/2000/svg"
STYLES = Path(__file__).resolve().parents[1] / "static" / "indicators" / "app.css"
FONTS = ", ".join(FAMILIES)
KNOWN = {
    "fill", "fill-opacity", "stroke", "stroke-width", "stroke-opacity", "stroke-dasharray", "stroke-linecap",
    "stroke-linejoin", "font-size", "font-weight", "paint-order",
}  # fmt: skip
_DRAWING = re.compile(r'<svg class="chart-svg chart-wide".*?</svg>', re.DOTALL)
_LEGEND = re.compile(r'<ul class="chart-legend".*?</ul>', re.DOTALL)
_ITEM = re.compile(r"<li>(<svg.*?</svg>)(.*?)</li>", re.DOTALL)
_RULE = re.compile(r"^(?:\.chart )?(\.(?:c|bar)-[\w-]+|text) \{([^}]*)\}", re.MULTILINE)
LETTER = 6.4
"""About the width of a letter at the size of the legend."""
SWATCH, LINE = 28, 20


@cache
def styles() -> Mapping[str, Mapping[str, str]]:
    """What the style sheet says of each class of a chart, in its order; "text" for all words."""
    sheet = STYLES.read_text(encoding="utf-8")
    colours = dict(re.findall(r"(--[\w-]+): ([^;]+);", sheet.partition("@media")[0]))

    def plain(value: str) -> str:
        found = re.sub(r"var\((--[\w-]+)\)", lambda m: colours[m[1]], value.strip())
        return found.removesuffix("px")

    return {
        selector.removeprefix("."): {
            name: plain(value) for name, value in re.findall(r"([\w-]+): ([^;]+);", body) if name in KNOWN
        }
        for selector, body in _RULE.findall(sheet)
    }


def drawn(template: str, context: Mapping[str, Any]) -> str:
    """The chart that a page's template draws, at the width of a page of paper, with its legend under it."""
    page = render_to_string(
        template, {**context, "drawings": context["drawings"][:1]}
    )  # the first is the widest
    found = _DRAWING.search(page)
    if found is None:
        return ""
    root = etree.fromstring(_in_svg(found[0]))
    legend = _LEGEND.search(page)
    if legend is not None:
        _add_legend(root, _ITEM.findall(legend[0]))
    return standalone(root)


def standalone(root: Any) -> str:
    """The drawing with everything that the style sheet says of it."""
    rules = styles()
    for element in root.iter():
        if not isinstance(element.tag, str):
            continue
        classes = element.attrib.pop("class", "").split()
        said = dict(rules["text"]) if element.tag == f"{{{SVG}}}text" else {}
        for name, rule in rules.items():  # in the order of the sheet: what comes later wins
            if name in classes:
                said |= rule
        for name, value in said.items():
            element.set(name, value)
    for words in root.findall(f".//{{{SVG}}}title") + root.findall(f".//{{{SVG}}}desc"):
        words.getparent().remove(words)
    for name in ("role", "aria-labelledby", "aria-label", "preserveAspectRatio"):
        root.attrib.pop(name, None)
    root.set("font-family", FONTS)
    etree.cleanup_namespaces(root)
    return etree.tostring(root, encoding="unicode")


def _in_svg(text: str) -> bytes:
    return text.replace("<svg", f'<svg xmlns="{SVG}"', 1).encode()


def _add_legend(root: Any, items: list[tuple[str, str]]) -> None:
    """The key of the page under the drawing, in as many lines as it needs."""
    _x, _y, width, height = (float(one) for one in root.get("viewBox").split())
    x, y = 0.0, height + 10
    for swatch, words in items:
        text = "".join(etree.fromstring(f"<p>{words.strip()}</p>").itertext())
        needed = SWATCH + 6 + LETTER * len(text) + 18
        if x and x + needed > width:
            x, y = 0.0, y + LINE
        group = etree.SubElement(root, f"{{{SVG}}}g", transform=f"translate({x:g} {y:g})")
        for shape in etree.fromstring(_in_svg(swatch)):
            group.append(deepcopy(shape))
        label = etree.SubElement(group, f"{{{SVG}}}text", x=str(SWATCH + 6), y="10")
        label.text = text
        x += needed
    root.set("viewBox", f"0 0 {width:g} {y + LINE:g}")


def bar(context: Mapping[str, Any]) -> str:
    """How many indicators stand in each status, as the bar of the page."""
    page = render_to_string("components/status_distribution.html", dict(context))
    found = re.search(r"<svg.*?</svg>", page, re.DOTALL)
    assert found is not None
    root = etree.fromstring(_in_svg(found[0]))
    for piece in root.findall(f"{{{SVG}}}rect"):
        piece.set("height", "26")
    root.set("viewBox", "0 0 1000 26")
    return standalone(root)
