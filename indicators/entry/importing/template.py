"""A workbook to fill in: the places of one period with what is expected of each, its lists and checks inside.

It comes back without any question: its headers are our field names.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from indicators.models import (
    PENDING,
    MissingReason,
    Observation,
    Programme,
    ProgrammeIndicator,
    Reliability,
    ReportingPeriod,
    ReportingUnit,
    State,
    ValueType,
)
from indicators.spreadsheets import MOST_DIGITS, open_workbook

HEADER = (
    "indicator", "period", "unit", "cell", "numerator", "denominator", "value", "text", "missing_reason", "as_of",
    "reliability", "credibility", "comment", "template",
)  # fmt: skip
WIDTHS = (14, 14, 14, 22, 13, 13, 13, 26, 18, 13, 11, 11, 40, 4)
SPARE_ROWS = 200
"""Empty rows below, for breakdowns that are free text and for whatever else is to be said."""
MOST_CELLS = 60
DATA, LISTS = "Data", "Lists"


def write_template(programme: Programme, period: ReportingPeriod, *, today: date) -> bytes:
    """The places of all indicators that are reported in this period; what stands already is filled in."""
    indicators = list(
        ProgrammeIndicator.objects.active()
        .filter(programme=programme, frequency=period.frequency, formula="")
        .select_related("definition", "version", "partner")
        .prefetch_related("units")
    )
    units = list(ReportingUnit.objects.filter(programme=programme, is_active=True))
    standing = {
        (one.indicator_id, one.unit_id, one.cell): one
        for one in Observation.objects.filter(
            period=period, indicator__in=indicators, state__in=[*PENDING, State.APPROVED]
        ).order_by("state")
    }
    output = io.BytesIO()
    with open_workbook(output, is_long=False) as book:
        book.set_properties({"title": f"{programme.code} {period.label}", "author": ""})
        sheet = book.add_worksheet(DATA)
        _write_instructions(book, programme, period, indicators)
        _write_lists(book, indicators, period, units)
        _write_data(book, sheet, period, indicators, standing, today=today)
    return output.getvalue()


def places(indicator: ProgrammeIndicator) -> Iterator[tuple[ReportingUnit | None, str]]:
    """Each unit with its total, and each category of a breakdown by one dimension."""
    cells = [""]
    for dimension in indicator.version.disaggregations:
        cells += [f"{dimension['name']}={one['code']}" for one in dimension.get("categories", [])][
            :MOST_CELLS
        ]
    for unit in [one for one in indicator.units.all() if one.is_active] or [None]:
        for cell in cells:
            yield unit, cell


def code_of(indicator: ProgrammeIndicator) -> str:
    code = indicator.definition.code
    return f"{code}/{indicator.partner.code}" if indicator.partner else code


def _write_data(
    book: Any,
    sheet: Any,
    period: ReportingPeriod,
    indicators: list[ProgrammeIndicator],
    standing: dict[Any, Observation],
    *,
    today: date,
) -> None:
    head = book.add_format({"bold": True, "bg_color": "#1B3A5C", "font_color": "#FFFFFF", "locked": True})
    fixed = book.add_format({"bg_color": "#E8EDF3", "locked": True})
    open_ = book.add_format({"locked": False})
    closed = book.add_format({"bg_color": "#E8EDF3", "locked": True})
    day = book.add_format({"num_format": "yyyy-mm-dd", "locked": False})
    for place, (name, width) in enumerate(zip(HEADER, WIDTHS, strict=True)):
        sheet.set_column(place, place, width)
        sheet.write_string(0, place, name, head)
    sheet.freeze_panes(1, 4)
    sheet.set_column(len(HEADER) - 1, len(HEADER) - 1, None, None, {"hidden": True})
    line = 0
    for indicator in indicators:
        for unit, cell in places(indicator):
            line += 1
            found = standing.get((indicator.pk, unit.pk if unit else None, cell))
            words = (code_of(indicator), period.label, unit.code if unit else "", cell)
            for place, text in enumerate(words):
                sheet.write_string(line, place, text, fixed)
            sheet.write_string(line, len(HEADER) - 1, "1", fixed)
            for place, name in enumerate(HEADER[4:-1], start=4):
                is_asked = name not in {"numerator", "denominator", "value", "text"} or name in asked_of(
                    indicator
                )
                style = day if name == "as_of" else open_ if is_asked else closed
                _write_standing(sheet, line, place, getattr(found, name, None), style)
    for spare in range(line + 1, line + 1 + SPARE_ROWS):
        for place, name in enumerate(HEADER[:-1]):
            sheet.write_blank(spare, place, None, day if name == "as_of" else open_)
    _add_checks(sheet, line + SPARE_ROWS, period, today)
    sheet.protect("", {"format_columns": True, "format_rows": True, "sort": True, "autofilter": True})


def asked_of(indicator: ProgrammeIndicator) -> tuple[str, ...]:
    match indicator.version.value_type:
        case ValueType.RATIO:
            return ("numerator", "denominator")
        case ValueType.TEXT:
            return ("text",)
        case _:
            return ("value",)


def _write_standing(sheet: Any, line: int, place: int, value: Any, style: Any) -> None:
    if value is None or value == "":
        sheet.write_blank(line, place, None, style)
    elif isinstance(value, str):
        sheet.write_string(line, place, value, style)
    elif isinstance(value, date):
        sheet.write_datetime(line, place, value, style)
    elif (
        len(value_text := f"{value:f}".rstrip("0").rstrip(".") if "." in f"{value:f}" else f"{value:f}")
        > MOST_DIGITS
    ):
        sheet.write_string(line, place, value_text, style)  # A spreadsheet keeps fifteen digits.
    else:
        sheet.write_number(line, place, float(value), style)


def _add_checks(sheet: Any, last: int, period: ReportingPeriod, today: date) -> None:
    def add(name: str, check: dict[str, Any]) -> None:
        place = HEADER.index(name)
        sheet.data_validation(1, place, last, place, check | {"ignore_blank": True})

    number = {
        "validate": "decimal",
        "criteria": "between",
        "minimum": -999_999_999_999,
        "maximum": 999_999_999_999,
        "error_title": _("A number"),
        "error_message": _("A number was expected, such as 1234.5; leave it empty when there is none."),
    }
    for name in ("numerator", "denominator", "value"):
        add(name, number)
    for place, name in enumerate(("indicator", "unit")):
        letter = "ABC"[0 if name == "indicator" else 1]
        add(
            name,
            {
                "validate": "list",
                "source": f"={LISTS}!${letter}$2:${letter}$2000",
                "error_type": "warning" if place else "stop",
            },
        )
    add("missing_reason", {"validate": "list", "source": [one for one in MissingReason.values if one]})
    add("reliability", {"validate": "list", "source": list(Reliability.values)})
    add("credibility", {"validate": "list", "source": ["1", "2", "3", "4", "5", "6"]})
    latest = max(min(today, date(2099, 12, 31)), period.starts_on)
    add(
        "as_of",
        {
            "validate": "date",
            "criteria": "between",
            "minimum": period.starts_on,
            "maximum": latest,
            "error_title": _("A day"),
            "error_message": _("A day in the period or later, not in the future, was expected."),
        },
    )


def _write_lists(
    book: Any, indicators: list[ProgrammeIndicator], period: ReportingPeriod, units: list[ReportingUnit]
) -> None:
    sheet = book.add_worksheet(LISTS)
    bold = book.add_format({"bold": True})
    columns: tuple[tuple[str, list[str]], ...] = (
        (_("Indicators"), [code_of(one) for one in indicators]),
        (_("Units"), [one.code for one in units]),
        (_("Unit names"), [one.name for one in units]),
        (_("Period"), [period.label]),
    )
    for place, (name, words) in enumerate(columns):
        sheet.write_string(0, place, name, bold)
        sheet.set_column(place, place, 20)
        for line, word in enumerate(words, start=1):
            sheet.write_string(line, place, word)
    sheet.protect()


def _write_instructions(
    book: Any, programme: Programme, period: ReportingPeriod, indicators: list[ProgrammeIndicator]
) -> None:
    sheet = book.add_worksheet(_("Instructions")[:31])
    wrap, bold = book.add_format({"text_wrap": True, "valign": "top"}), book.add_format({"bold": True})
    sheet.set_column(0, 0, 16)
    sheet.set_column(1, 1, 50)
    sheet.set_column(2, 2, 60)
    lines = (
        f"{programme.code} {programme.name}, {period.label}",
        _("Fill in the white cells of the sheet “Data”, save the workbook and send it on the page “Files”."),
        _("Leave a row empty if nothing is known yet: empty says nothing, and is not zero. 0 is a number."),
        _("If there is no figure, choose in “missing_reason” why: not_collected, not_applicable or held_elsewhere."),
        _("A share is given by its two parts, numerator and denominator."),
        _("“cell” is a breakdown, such as sex=female; empty is the total. More rows may be added below."),
        _("“as_of” is the day for which the figure holds; empty: the last day of the period."),
        _("An unusual figure needs a comment. What you do not change stays as it is."),
    )  # fmt: skip
    for line, text in enumerate(lines):
        sheet.merge_range(line, 0, line, 2, "", wrap)
        sheet.write_string(line, 0, text, bold if line == 0 else wrap)
    sheet.set_row(len(lines), None, bold)
    for place, text in enumerate((_("Indicator"), _("Name"), _("What is asked"))):
        sheet.write_string(len(lines), place, text, bold)
    for line, indicator in enumerate(indicators, start=len(lines) + 1):
        sheet.write_string(line, 0, code_of(indicator), wrap)
        sheet.write_string(line, 1, indicator.name, wrap)
        sheet.write_string(line, 2, _asked_words(indicator), wrap)
    sheet.protect()


def _asked_words(indicator: ProgrammeIndicator) -> str:
    version = indicator.version
    if version.value_type == ValueType.RATIO:
        return f"numerator: {version.numerator_label}; denominator: {version.denominator_label}"
    if version.levels:
        return "; ".join(f"{one['level']}: {one.get('label', '')}" for one in version.levels)
    return f"{' '.join(asked_of(indicator))}: {version.unit}"
