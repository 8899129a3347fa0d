"""What the Word document looks like: styles, language, direction of reading, marking, page numbers."""

from __future__ import annotations

import re
from typing import Any, Literal

from django.utils.translation import gettext as _
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.shared import Pt, RGBColor

from indicators.documents.content import Report
from indicators.documents.showing import is_rtl
from indicators.spreadsheets import cleaned

LANGUAGES = {"en": "en-GB", "fr": "fr-FR", "ar": "ar-SA"}
LATIN, ARABIC = "Calibri", "Arial"
INK, QUIET, ACCENT = "1D2733", "4A5568", "1B3A5C"
MARKING = ("FFFFFF", "2C5A45")
"""Ink and ground of the marking, as on the pages."""
_ARABIC_LETTER = re.compile(r"[\u0590-\u08ff\ufb1d-\ufefc]")
_ARABIC_WORDS = re.compile(rf"({_ARABIC_LETTER.pattern}+(?:\s+{_ARABIC_LETTER.pattern}+)*)")
_LATIN_LETTER = re.compile(r"[A-Za-z\u00c0-\u024f]")
SIZES = {"Title": 26, "Subtitle": 12, "Heading 1": 17, "Heading 2": 13.5, "Heading 3": 11.5, "Caption": 9.5,
         "TOC Heading": 13.5}  # fmt: skip
OWN = {
    "Table text": (9, None),
    "Table head": (9, None),
    "Gap": (6, None),
    "Picture": (10, None),
    "Marking": (9.5, MARKING[1]),
    "Page foot": (8.5, None),
    "Note": (10, "E7EEF6"),
    "Warning note": (10, "FDF0D2"),
}
"""Styles of ours: size in points, ground."""
CONTENTS = {"toc 1": 0, "toc 2": 12, "toc 3": 24}
"""Word's own styles for entries of its contents: how far they stand in, in points."""

AFTER_BIDI = (
    "w:adjustRightInd", "w:snapToGrid", "w:spacing", "w:ind", "w:contextualSpacing", "w:mirrorIndents",
    "w:suppressOverlap", "w:jc", "w:textDirection", "w:textAlignment", "w:textboxTightWrap", "w:outlineLvl",
)  # fmt: skip
"""What the schema wants behind the direction of a paragraph."""


def dress(document: Any, report: Report) -> None:
    """Give an empty document its fonts, styles, language and direction of reading."""
    _set_defaults(document, report.language)
    styles = document.styles
    for name, size in SIZES.items():
        _dress_style(styles[name], size, color=QUIET if name in {"Subtitle", "Caption"} else ACCENT)
    for name, (size, ground) in OWN.items():
        style = styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
        style.base_style = styles["Normal"]
        _dress_style(
            style, size, color=MARKING[0] if name in {"Marking", "Table head"} else INK, ground=ground
        )
    for name in ("Caption", "Marking", "Table head"):
        styles[name].font.bold = styles[name].font.cs_bold = True
    _add_contents_styles(styles)
    styles["Marking"].paragraph_format.alignment = WD_ALIGN_PARAGRAPH.CENTER
    for name in ("Table text", "Table head", "Gap", "Marking", "Page foot"):
        styles[name].paragraph_format.space_before = styles[name].paragraph_format.space_after = Pt(0)
    for name in ("Title", "Subtitle"):
        _make_plain(styles[name])
    if is_rtl(report.language):
        for name in ("Normal", *SIZES, *OWN, *CONTENTS):
            _add_in_order(_properties_of(styles[name]), OxmlElement("w:bidi"), AFTER_BIDI)
    document.styles.element.append(parse_xml(_table_style()))


def _add_contents_styles(styles: Any) -> None:
    for name, points in CONTENTS.items():
        style = styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH, builtin=True)
        style.base_style = styles["Normal"]
        style.paragraph_format.space_before, style.paragraph_format.space_after = Pt(0), Pt(2)
        style.paragraph_format.left_indent = Pt(points)


def _set_defaults(document: Any, language: str) -> None:
    normal = document.styles["Normal"]
    normal.font.size = Pt(10.5)
    normal.paragraph_format.space_after = Pt(6)
    _set_fonts(normal, 10.5)
    tag = LANGUAGES.get(language.split("-")[0], language)
    for found in document.styles.element.iter(qn("w:lang")):
        found.set(qn("w:val"), "en-GB" if is_rtl(language) else tag)
        found.set(qn("w:bidi"), tag if is_rtl(language) else "ar-SA")


def _dress_style(style: Any, size: float, *, color: str, ground: str | None = None) -> None:
    style.font.size = Pt(size)
    style.font.color.rgb = RGBColor.from_string(color)
    _set_fonts(style, size)
    if ground:
        shade = parse_xml(f'<w:shd {nsdecls("w")} w:val="clear" w:color="auto" w:fill="{ground}"/>')
        _add_in_order(_properties_of(style), shade, ("w:tabs", "w:bidi", *AFTER_BIDI))


def _set_fonts(style: Any, size: float) -> None:
    """The same face for headings and text, and one that has Arabic letters; Arabic runs keep a size of their own."""
    properties = style.element.get_or_add_rPr()
    for found in properties.findall(qn("w:rFonts")):
        properties.remove(found)
    fonts = parse_xml(
        f'<w:rFonts {nsdecls("w")} w:ascii="{LATIN}" w:hAnsi="{LATIN}" w:eastAsia="{LATIN}" w:cs="{ARABIC}"/>'
    )
    properties.insert(0, fonts)
    for found in properties.findall(qn("w:szCs")):
        properties.remove(found)
    after = properties.find(qn("w:sz"))
    own = parse_xml(f'<w:szCs {nsdecls("w")} w:val="{round(size * 2)}"/>')
    if after is not None:
        after.addnext(own)


def _properties_of(style: Any) -> Any:
    return style.element.get_or_add_pPr()


def _make_plain(style: Any) -> None:
    """Without the template's line below, its slant and its wider spacing, which tears Arabic letters apart."""
    for properties, names in (
        (_properties_of(style), ("w:pBdr",)),
        (style.element.get_or_add_rPr(), ("w:spacing", "w:kern", "w:i", "w:iCs")),
    ):
        for name in names:
            for found in properties.findall(qn(name)):
                properties.remove(found)


def _add_in_order(properties: Any, element: Any, after: tuple[str, ...]) -> None:
    """Where the schema wants it: Word takes a file for damaged when elements stand in another order."""
    properties.insert_element_before(element, *after)


def _table_style() -> str:
    """Lines between rows, a dark header, every second row on grey; named, so that it can be changed in Word at once."""
    line = 'w:val="single" w:sz="4" w:space="0" w:color="CBD3DD"'
    return f"""<w:style {nsdecls("w")} w:type="table" w:customStyle="1" w:styleId="ReportTable">
<w:name w:val="Report table"/><w:uiPriority w:val="99"/><w:qFormat/>
<w:tblPr><w:tblStyleRowBandSize w:val="1"/>
<w:tblBorders><w:top {line}/><w:bottom {line}/><w:insideH {line}/></w:tblBorders>
<w:tblCellMar><w:top w:w="40" w:type="dxa"/><w:left w:w="85" w:type="dxa"/><w:bottom w:w="40" w:type="dxa"/>
<w:right w:w="85" w:type="dxa"/></w:tblCellMar></w:tblPr>
<w:tblStylePr w:type="firstRow"><w:rPr><w:b/><w:bCs/><w:color w:val="FFFFFF"/></w:rPr>
<w:tcPr><w:shd w:val="clear" w:color="auto" w:fill="{ACCENT}"/></w:tcPr></w:tblStylePr>
<w:tblStylePr w:type="firstCol"><w:rPr><w:b/><w:bCs/></w:rPr></w:tblStylePr>
<w:tblStylePr w:type="band2Horz"><w:tcPr><w:shd w:val="clear" w:color="auto" w:fill="F3F6F9"/></w:tcPr></w:tblStylePr>
</w:style>"""


# --- Text, captions, margins -----------------------------------------------------------------------------------


def add_text(paragraph: Any, text: str, *, language: str) -> None:
    """Runs that say in which direction and language they stand; Arabic letters are written as such in any document."""
    for piece, reads_left in pieces(text):
        run = paragraph.add_run(cleaned(piece))
        if reads_left:
            properties = run._r.get_or_add_rPr()
            properties.append(OxmlElement("w:rtl"))
            if not is_rtl(language):
                properties.append(parse_xml(f'<w:lang {nsdecls("w")} w:bidi="ar-SA"/>'))


def pieces(text: str) -> list[tuple[str, bool]]:
    """The text in parts, each with whether it is written from the right: one part, or the words of another script."""
    if not has_arabic(text) or is_mostly_arabic(text):
        return [(text, has_arabic(text))]
    return [(one, has_arabic(one)) for one in _ARABIC_WORDS.split(text) if one]


def is_mostly_arabic(text: str) -> bool:
    """Whether a paragraph reads from the right: “25 نوفمبر 2026” does, an English sentence with that day does not."""
    return len(_ARABIC_LETTER.findall(text)) > len(_LATIN_LETTER.findall(text))


def has_arabic(text: str) -> bool:
    return _ARABIC_LETTER.search(text) is not None


def side_xml(text: str, *, rtl: bool, at_end: bool = False) -> str:
    """Direction and side of a paragraph. Latin words, days and percentages keep their order among Arabic ones.

    Word means by "right" the end of the line: the left side where reading goes to the left.
    """
    if rtl and not is_mostly_arabic(text):
        return f'<w:bidi w:val="0"/><w:jc w:val="{"left" if at_end else "right"}"/>'
    return '<w:jc w:val="right"/>' if at_end else ""


def set_side(paragraph: Any, text: str, language: str) -> None:
    if is_rtl(language) and not is_mostly_arabic(text):
        properties = paragraph._p.get_or_add_pPr()
        _add_in_order(properties, parse_xml(f'<w:bidi {nsdecls("w")} w:val="0"/>'), AFTER_BIDI)
        if paragraph.style.paragraph_format.alignment != WD_ALIGN_PARAGRAPH.CENTER:
            paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT


def add_field(paragraph: Any, instruction: str, shown: str) -> None:
    """A field of Word, such as the page number, with what it shows until Word counts again."""
    field = parse_xml(
        f'<w:fldSimple {nsdecls("w")} w:instr="{instruction}"><w:r><w:t>{shown}</w:t></w:r></w:fldSimple>'
    )
    paragraph._p.append(field)


def write_caption(
    document: Any, kind: Literal["Figure", "Table"], number: int, title: str, language: str
) -> Any:
    """“Table 3: title”, counted by Word, so that a list of tables can be made from it."""
    paragraph = document.add_paragraph(style="Caption")
    add_text(paragraph, f"{_('Figure') if kind == 'Figure' else _('Table')} ", language=language)
    add_field(paragraph, f"SEQ {kind} \\* ARABIC", str(number))
    add_text(paragraph, f": {title}", language=language)
    set_side(paragraph, title, language)
    return paragraph


def write_margins(section: Any, report: Report) -> None:
    """The marking above and below each page; below it what the document is, and the page."""
    marking = report.marking + (f" · {_('Illustrative data')}" if report.illustrative else "")
    top = section.header.paragraphs[0]
    top.style = "Marking"
    add_text(top, marking, language=report.language)
    set_side(top, marking, report.language)
    bottom = section.footer.paragraphs[0]
    bottom.style = "Marking"
    add_text(bottom, marking, language=report.language)
    set_side(bottom, marking, report.language)
    foot = section.footer.add_paragraph(style="Page foot")
    foot.alignment = WD_ALIGN_PARAGRAPH.CENTER
    add_text(foot, f"{report.title} · ", language=report.language)
    add_field(foot, "PAGE", "1")
    add_text(foot, " / ", language=report.language)
    add_field(foot, "NUMPAGES", "1")
