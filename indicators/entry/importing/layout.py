"""How the columns of a table are read: proposed from its first lines, confirmed by a person. Reads no file.

A column says a field (``indicator``, ``value`` …), a breakdown (``dim:sex``), nothing (``""``), or, in a wide table,
its header names a place and its cells are figures (``at:period``, ``at:unit``, ``at:indicator``, ``at:cell``).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from indicators.entry.checks import FIGURE_FIELDS

PLACE_FIELDS = ("indicator", "partner", "period", "day", "unit", "cell")
FIELDS = (*PLACE_FIELDS, *FIGURE_FIELDS, "reason", "deleted", "template")
WIDE = ("at:period", "at:unit", "at:indicator", "at:cell")
ANSWERS = ("numerator", "denominator", "value", "text", "missing_reason")
DAY_ORDERS = {
    "ymd": gettext_lazy("year-month-day, as 2025-09-30"),
    "dmy": gettext_lazy("day/month/year, as 30/09/2025"),
    "mdy": gettext_lazy("month/day/year, as 09/30/2025"),
    "serial1900": gettext_lazy("a spreadsheet's day number, counted from 1900"),
    "serial1904": gettext_lazy("a spreadsheet's day number, counted from 1904"),
}
FIELD_LABELS: Mapping[str, Any] = {
    "indicator": gettext_lazy("Indicator (code or name)"),
    "partner": gettext_lazy("Partner country"),
    "period": gettext_lazy("Period"),
    "day": gettext_lazy("Day within the period"),
    "unit": gettext_lazy("Reporting unit"),
    "cell": gettext_lazy("Breakdown (name=code)"),
    "numerator": gettext_lazy("Numerator"),
    "denominator": gettext_lazy("Denominator"),
    "value": gettext_lazy("Value"),
    "text": gettext_lazy("Text"),
    "missing_reason": gettext_lazy("Why there is no figure"),
    "standard_error": gettext_lazy("Standard error"),
    "sample_size": gettext_lazy("Sample size"),
    "as_of": gettext_lazy("As of (day)"),
    "reliability": gettext_lazy("Reliability of the source (A–F)"),
    "credibility": gettext_lazy("Credibility (1–6)"),
    "marking": gettext_lazy("Marking"),
    "comment": gettext_lazy("Comment"),
    "reason": gettext_lazy("Reason of a correction"),
    "deleted": gettext_lazy("Deleted (true or false)"),
    "template": gettext_lazy("Line of our workbook (empty says nothing)"),
    "at:period": gettext_lazy("Figures of the period in the header"),
    "at:unit": gettext_lazy("Figures of the unit in the header"),
    "at:indicator": gettext_lazy("Figures of the indicator in the header"),
    "at:cell": gettext_lazy("Figures of the breakdown in the header"),
}
WORDS: Mapping[str, str] = {
    "indicator": "indicator indicator_code indicatorcode indicator_id code dataelement data_element data_element_id"
    " dataelementid indicateur code_indicateur المؤشر مؤشر رمز_المؤشر",
    "partner": "partner country pays الدولة الشريك",
    "period": "period reporting_period quarter month year periode période trimestre mois année"
    " الفترة الفصل الشهر الربع",
    "day": "day date jour date_jour survey_date date_enquête التاريخ",
    "unit": "unit reporting_unit site location orgunit org_unit organisation_unit organisationunit orgunitid district"
    " governorate unité lieu الوحدة الموقع المحافظة",
    "cell": "cell breakdown disaggregation categoryoptioncombo category_option_combo catoptcombo ventilation التصنيف",
    "numerator": "numerator numérateur numerateur البسط",
    "denominator": "denominator dénominateur denominateur المقام",
    "value": "value result achieved actual figure valeur résultat resultat réalisé القيمة النتيجة",
    "text": "text narrative texte النص",
    "missing_reason": "missing_reason missing why_missing raison_manquante سبب_الغياب",
    "standard_error": "standard_error se erreur_type الخطأ_المعياري",
    "sample_size": "sample_size n sample taille_échantillon حجم_العينة",
    "as_of": "as_of as_of_date date_of_figure au à_la_date بتاريخ",
    "reliability": "reliability fiabilité الموثوقية",
    "credibility": "credibility crédibilité المصداقية",
    "marking": "marking classification mention التصنيف_الأمني",
    "comment": "comment comments remarks note notes commentaire commentaires remarque remarques observations"
    " ملاحظات تعليق",
    "reason": "reason correction_reason motif سبب_التصحيح",
    "deleted": "deleted",
}
_SILENT = """
    attributeoptioncombo attroptcombo storedby stored_by timestamp lastupdated created followup start end today deviceid
    __version__ _version _id _uuid _submission_time _submitted_by _status _notes _tags _index _validation_status
    _parent_index _parent_table_name formhub/uuid meta/instanceid meta/rootuuid _attachments problem
"""
SILENT = frozenset(_SILENT.split())
"""Columns of other systems, and of our own file of refused rows, that say nothing about a figure."""
TAGS: Mapping[str, str] = {
    "#indicator+code": "indicator",
    "#indicator+id": "indicator",
    "#indicator+name": "indicator",
    "#indicator+value": "value",
    "#indicator+num": "value",
    "#indicator": "indicator",
    "#period": "period",
    "#period_date": "period",
    "#date+period": "period",
    "#date+reported": "as_of",
    "#date": "as_of",
    "#adm1": "unit",
    "#adm2": "unit",
    "#loc": "unit",
    "#country": "partner",
    "#value": "value",
    "#reached": "value",
    "#affected": "value",
    "#comments": "comment",
    "#description": "comment",
}
KNOWN = {word: name for name, words in WORDS.items() for word in words.split()} | {
    name: name for name in FIELDS
}
HEADER_WITHIN = 60
_TAG = re.compile(r"#[A-Za-z][A-Za-z0-9_]*(\s*\+\s*[A-Za-z0-9_]+)*\s*$")


@dataclass(slots=True, kw_only=True)
class Layout:
    """How one table is read."""

    table: str = ""
    encoding: str = ""
    delimiter: str = ""
    header: int = 1
    """The number of the last line of the header; data begin below it."""
    header_lines: int = 1
    tags: int = 0
    """The number of the line of HXL tags; 0: none."""
    columns: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    """The headers, as they stand in the file."""
    fixed: dict[str, str] = field(default_factory=dict)
    """What holds for every row, where no column says it."""
    dates: str = "ymd"
    until_blank: bool = False
    """Whether the table ends at the first empty line."""

    @property
    def begins(self) -> int:
        return max(self.header, self.tags) + 1

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def layout_from(given: Mapping[str, Any]) -> Layout:
    """A stored layout; what it does not know is left out."""
    known = {one.name for one in fields(Layout)}
    return Layout(**{name: value for name, value in given.items() if name in known})


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """What a programme's headers may say besides fields."""

    dimensions: Collection[str]
    terms: Mapping[str, str]
    """Headers as seen before, and what they meant."""
    periods: Collection[str] = ()
    units: Collection[str] = ()
    indicators: Collection[str] = ()


def plain(text: str) -> str:
    """A header as it is compared: lower case, words joined by an underscore, no asterisk.

    >>> plain("  Reporting  Unit *")
    'reporting_unit'
    """
    return re.sub(r"[\s\-]+", "_", text.strip().rstrip("*: ").strip()).lower()


def storable(text: str) -> str:
    """For showing: what a database cannot hold is replaced."""
    return re.sub("[\x00\ud800-\udfff]", "\N{REPLACEMENT CHARACTER}", text)


def meaning_of(header: str, words: Vocabulary) -> str | None:
    """What a header says by itself; None when that is not known. Kobo's groups before the last slash are left out."""
    name = plain(header)
    if name in words.terms:
        return words.terms[name]
    for word in (name, name.rpartition("/")[2], name.rpartition(".")[2]):
        if word in KNOWN:
            return KNOWN[word]
        if word in words.dimensions:
            return f"dim:{word}"
        if word in SILENT:
            return ""
    return None


def tag_meaning(tag: str) -> str:
    """What an HXL tag says: with its attributes, or without the last ones."""
    parts = re.sub(r"\s+", "", tag.lower()).split("+")
    while parts:
        if (found := TAGS.get("+".join(parts))) is not None:
            return found
        parts.pop()
    return ""


def is_tags(cells: Sequence[str]) -> bool:
    said = [cell for cell in cells if cell]
    return bool(said) and 2 * sum(bool(_TAG.match(cell)) for cell in said) > len(said)


def propose_layout(
    lines: Sequence[tuple[int, list[str]]], words: Vocabulary, *, header: int = 0, **known: Any
) -> Layout:
    """A layout for the table whose first lines are given; columns that nobody knows say nothing (None is told apart).

    Args:
        lines: the first lines, with their numbers.
        header: the number of the header's last line, where somebody said it.
        known: what is settled already: table, encoding, delimiter.
    """
    layout = Layout(**known)
    by_number = dict(lines)
    tags = next((number for number, cells in lines[:HEADER_WITHIN] if is_tags(cells)), 0)
    if header and not is_tags(by_number.get(header, [])):
        layout.header = header
        layout.tags = tags if tags == header + 1 else 0
    elif tags:
        layout.tags, layout.header = tags, tags - 1
    else:
        layout.header = _header_line(lines, words)
    names = by_number.get(layout.header, [])
    width = max((len(cells) for _number, cells in lines), default=0)
    above = by_number.get(layout.header - 1, [])
    if _is_header_above(names, above, words):
        layout.header_lines = 2
    layout.names = header_names(by_number, layout, width)
    layout.columns = propose_columns(layout, by_number.get(layout.tags, []), words)
    layout.dates = _day_order(lines, layout)
    layout.until_blank = _has_second_table(lines, layout, words)
    return layout


def header_names(by_number: Mapping[int, Sequence[str]], layout: Layout, width: int) -> list[str]:
    """For each column its header; of several header lines the words from top to bottom, each once."""
    numbers = range(layout.header - layout.header_lines + 1, layout.header + 1)
    found = []
    for place in range(width):
        parts: list[str] = []
        for number in numbers:
            cells = by_number.get(number, [])
            said = cells[place] if place < len(cells) else ""
            if said and said not in parts:
                parts.append(said)
        found.append(storable(" / ".join(parts)))
    while found and not found[-1]:
        found.pop()
    return found


def propose_columns(layout: Layout, tags: Sequence[str], words: Vocabulary) -> list[str]:
    """A meaning for each column, each field at most once; wide columns where two or more headers name places."""
    found: list[str] = []
    for place, name in enumerate(layout.names):
        tag = tags[place] if place < len(tags) else ""
        said = meaning_of(name, words) if name else None
        meant = (tag_meaning(tag) if tag else None) or said or ""
        found.append("" if meant in found and not meant.startswith("at:") else meant)
    for wide, known in (
        ("at:period", words.periods),
        ("at:unit", words.units),
        ("at:indicator", words.indicators),
    ):
        if wide.removeprefix("at:") in found or "value" in found:
            continue
        places = [n for n, name in enumerate(layout.names) if not found[n] and _names(name, known)]
        if len(places) >= 2:
            for place in places:
                found[place] = wide
            break
    return found


def unknown_columns(layout: Layout, words: Vocabulary) -> list[str]:
    """Headers that say nothing, though nobody said that they do; and what would say a thing for the second time."""
    if layout.tags:
        return []
    return [
        name
        for name, meant in zip(layout.names, layout.columns, strict=True)
        if name and not meant and meaning_of(name, words) != ""
    ]


def problems_of(layout: Layout) -> list[str]:
    """What must be settled before rows can be read, in words; empty when nothing."""
    said, problems = [one for one in layout.columns if one], []
    twice = sorted({one for one in said if said.count(one) > 1 and not one.startswith("at:")})
    if twice:
        problems.append(
            _("Two columns say the same: %(names)s.") % {"names": ", ".join(_label(one) for one in twice)}
        )
    wide = sorted({one for one in said if one.startswith("at:")})
    if len(wide) > 1:
        problems.append(
            _("Headers name two kinds of places; choose one kind, and let the other columns say nothing.")
        )
    named = {*said, *layout.fixed, *(one.removeprefix("at:") for one in wide)}
    for name in ("indicator", "period"):
        if name not in named and not (name == "period" and "day" in named):
            problems.append(
                _("No column says the %(name)s; choose one, or give one for all rows.")
                % {"name": _label(name)}
            )
    if not wide and not set(said) & set(ANSWERS):
        problems.append(_("No column holds figures; choose a value, numerator and denominator, or text."))
    return problems


def _label(name: str) -> str:
    return str(FIELD_LABELS.get(name, name.removeprefix("dim:"))).lower()


def _header_line(lines: Sequence[tuple[int, list[str]]], words: Vocabulary) -> int:
    """The line with most headers that are known; without any, the first of those with most words and no figure."""
    best, score = 0, 0
    for number, cells in lines[:HEADER_WITHIN]:
        said = [cell for cell in cells if cell]
        known = sum(1 for cell in said if meaning_of(cell, words) or _names(cell, words.periods))
        if known > score and known * 3 >= len(said):
            best, score = number, known
    if score:
        return best
    words_in = {
        number: len({cell for cell in cells if cell})  # A merged heading says one word in many cells.
        for number, cells in lines[:HEADER_WITHIN]
        if not any(_is_figure(cell) for cell in cells)
    }
    return max(words_in, key=lambda number: (words_in[number], -number)) if words_in else lines[0][0]


def _is_header_above(names: Sequence[str], above: Sequence[str], words: Vocabulary) -> bool:
    """A line of wider headings right above, without which headers are missing or say the same."""
    said = [cell for cell in above if cell]
    if len(said) < 2 or any(_is_figure(cell) and not _names(cell, words.periods) for cell in said):
        return False
    covered = sum(1 for place in range(1, len(above)) if above[place] and above[place] == above[place - 1])
    named = [name for name in names if name]
    needs_more = len(set(named)) < len(named) or len(named) < sum(1 for cell in above if cell)
    return covered >= 1 and needs_more


def _has_second_table(lines: Sequence[tuple[int, list[str]]], layout: Layout, words: Vocabulary) -> bool:
    blank = False
    for number, cells in lines:
        if number < layout.begins:
            continue
        if not any(cells):
            blank = True
        elif (
            blank
            and sum(1 for c in cells if c and meaning_of(c, words)) >= 2
            and not any(map(_is_figure, cells))
        ):
            return True
    return False


def _day_order(lines: Sequence[tuple[int, list[str]]], layout: Layout) -> str:
    """Only what the days themselves show; in doubt year-month-day, so that others are refused and not guessed."""
    if "as_of" not in layout.columns:
        return "ymd"
    place = layout.columns.index("as_of")
    days = [cells[place] for number, cells in lines if number >= layout.begins and place < len(cells)]
    pairs = [found for day in days if (found := re.fullmatch(r"(\d{1,2})[/.-](\d{1,2})[/.-]\d{4}", day))]
    if any(int(found[1]) > 12 for found in pairs) and all(int(found[2]) <= 12 for found in pairs):
        return "dmy"
    if any(int(found[2]) > 12 for found in pairs) and all(int(found[1]) <= 12 for found in pairs):
        return "mdy"
    return "ymd"


def _names(name: str, known: Collection[str]) -> bool:
    return bool(name) and (name.casefold() in known or name.rpartition(" / ")[0].casefold() in known)


def _is_figure(cell: str) -> bool:
    return bool(re.fullmatch(r"[-+0-9.,٠-٩٫% ]+", cell)) and not re.fullmatch(r"(19|20)\d\d", cell)


def check_layout(layout: Layout) -> None:
    """ValidationError with all that must be settled first."""
    if problems := problems_of(layout):
        raise ValidationError([ValidationError(one, code="header") for one in problems])
