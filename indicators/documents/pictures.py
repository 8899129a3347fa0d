"""The drawings of the pages in a Word document: the SVG itself, and an image for readers that know no SVG."""

from __future__ import annotations

from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import typst
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.opc.packuri import PackURI
from docx.opc.part import Part
from docx.oxml import parse_xml
from docx.oxml.ns import qn
from docx.shared import Mm

from indicators.documents.content import Figure
from indicators.spreadsheets import cleaned

FONTS = Path(__file__).resolve().parent / "fonts"
DOTS_PER_INCH = 192.0
WIDEST_MM = 170
_PAGE = b"""#set page(width: auto, height: auto, margin: 0pt, fill: white)
#image(bytes(sys.inputs.svg), format: "svg", width: float(sys.inputs.width) * 1mm)
"""
_EXTENSION = (
    '<a:extLst xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main">'
    '<a:ext uri="{96DAC541-7B7A-43D3-8B79-37D633B846F1}">'
    '<asvg:svgBlip xmlns:asvg="http://schemas.microsoft.com/office/drawing/2016/SVG/main" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" r:embed="%s"/>'
    "</a:ext></a:extLst>"
)


def png_of(svg: str, *, width_mm: int) -> bytes:
    """The drawing as an image of this width. The drawing is handed over as a value, never as program text."""
    return typst.compile(
        _PAGE,
        format="png",
        ppi=DOTS_PER_INCH,
        sys_inputs={"svg": svg, "width": str(width_mm)},
        font_paths=_fonts(),
    )


@cache
def _fonts() -> typst.Fonts:
    """The faces that come with the application, read once for all drawings of a worker."""
    return typst.Fonts(include_system_fonts=False, font_paths=[str(FONTS)])


def add_picture(paragraph: Any, figure: Figure, *, width_mm: int, number: int) -> None:
    """The drawing in the line of text, with its title and what it shows in words."""
    width = min(width_mm, WIDEST_MM)
    picture = paragraph.add_run().add_picture(BytesIO(png_of(figure.svg, width_mm=width)), width=Mm(width))
    properties = picture._inline.docPr
    properties.set("name", f"Figure {number}")
    properties.set("title", cleaned(figure.title)[:250])
    properties.set("descr", cleaned(f"{figure.title}. {figure.summary}")[:2000])
    part = paragraph.part
    drawing = Part(
        PackURI(f"/word/media/drawing{number}.svg"), "image/svg+xml", figure.svg.encode(), part.package
    )
    relation = part.relate_to(drawing, RELATIONSHIP_TYPE.IMAGE)
    for blip in picture._inline.iter(qn("a:blip")):
        blip.append(parse_xml(_EXTENSION % relation))
