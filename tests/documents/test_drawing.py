"""A chart of a page as a drawing that stands alone: the colours of the style sheet, no classes, its legend."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from pathlib import Path

from lxml import etree

from indicators.charts import IndicatorSeries, Level, Reading
from indicators.documents.drawing import bar, drawn, styles
from indicators.models import Status
from indicators.templatetags import charts

SVG = "{http://www.w3.org/2000/svg}"


def a_chart():
    readings = [
        Reading(on=date(2025, month, 28), value=value, label=f"2025-{month:02}")
        for month, value in ((1, Decimal("4")), (2, None), (3, Decimal("-2.5")))
    ]
    target = Level(on=date(2025, 12, 31), value=Decimal("9"))
    series = IndicatorSeries(title="Posts <b>&", unit="posts", readings=readings, target=target)
    context = charts.indicator_chart(series, 1)
    return etree.fromstring(drawn("components/chart_indicator.html", context).encode())


def test_a_chart_needs_no_style_sheet():
    root = a_chart()

    assert not root.xpath("//@class | //@style | //@id")
    line = next(one for one in root.iter(f"{SVG}circle"))
    assert line.get("stroke") or line.get("fill")
    for text in root.iter(f"{SVG}text"):
        assert text.get("font-size")
        assert re.fullmatch(r"#[0-9a-f]{6}", text.get("fill"))


def test_its_legend_stands_under_it_within_the_drawing():
    root = a_chart()
    _x, _y, width, height = (float(one) for one in root.get("viewBox").split())
    words = {"".join(one.itertext()) for one in root.iter(f"{SVG}text")}

    assert {"Observed", "Nothing reported"} <= words
    for group in root.iter(f"{SVG}g"):
        x, y = (float(one) for one in re.findall(r"[\d.]+", group.get("transform", "0 0")))
        assert 0 <= x < width
        assert y < height


def test_every_class_of_the_charts_is_known():
    """What a template draws with, the style sheet must say: otherwise a document would draw it black."""
    used = set()
    for template in Path("templates/components").glob("chart_*.html"):
        text = template.read_text(encoding="utf-8")
        used |= {one for found in re.findall(r'class="(c-[\w -]+)"', text) for one in found.split()}
    assert len(used) > 20
    assert used <= styles().keys()


def test_the_bar_has_the_colour_of_each_status():
    counts = {status.value: 1 for status in Status}
    root = etree.fromstring(bar(charts.status_distribution(counts)).encode())

    assert [one.get("fill") for one in root.iter(f"{SVG}rect")] == [
        styles()[f"bar-{status.value}"]["fill"] for status in Status
    ]
