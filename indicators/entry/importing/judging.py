"""One row of a file against what the programme expects: its figures, clean, or every problem of it. Writes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from indicators.entry.checks import FIGURE_FIELDS, clean_figures, clean_place
from indicators.entry.importing.catalogue import Catalogue, refuse
from indicators.models import (
    WAITING,
    Observation,
    ProgrammeIndicator,
    ReportingPeriod,
    ReportingUnit,
    State,
    ValueType,
)

REPLACED = ("numerator", "denominator", "value", "missing_reason")
"""An answer is replaced as a whole; what else the file leaves open stays as it stands."""
HIDDEN = frozenset({"comment", "text", "marking", "reason"})
"""A refused marking is not repeated."""
OPTIONAL = (
    "text",
    "standard_error",
    "sample_size",
    "as_of",
    "reliability",
    "credibility",
    "marking",
    "comment",
)
BIT = {name: 1 << place for place, name in enumerate(OPTIONAL)}
"""A row keeps in bits which of these it speaks of: the others stay as they stand."""
EPOCHS = {"serial1900": date(1899, 12, 30), "serial1904": date(1904, 1, 1)}
LATEST_SERIAL = 73_050
"""2100."""
PERCENT = "percent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What one row says: where its figure belongs, its clean figures, and which of them the file speaks of."""

    kind: str
    indicator: ProgrammeIndicator
    period: ReportingPeriod
    unit: ReportingUnit | None
    cell: str
    figures: Mapping[str, Any]
    given: int


class Place:
    """As much as could be found of where a refused row belongs."""

    __slots__ = ("cell", "indicator", "period", "unit")

    def __init__(self) -> None:
        self.indicator: ProgrammeIndicator | None = None
        self.period: ReportingPeriod | None = None
        self.unit: ReportingUnit | None = None
        self.cell = ""


def judge_row(
    cells: Mapping[str, str],
    catalogue: Catalogue,
    *,
    existing: Observation | None,
    today: date,
    dates: str = "ymd",
    place: Place | None = None,
) -> Judged:
    """The row's figures, over those that stand in its place.

    Args:
        cells: what the row says by field; empty cells are left out.
        existing: the figure that stands in the row's place: one that waits, or else the approved one.
        today: in the programme's zone; dates: how days are written.
        place: told as much as is found, also of a row that is refused.

    Raises:
        ValidationError: by column, with all that is wrong.
    """
    place, cells = place or Place(), _with_its_day(cells)
    errors: dict[str, list[Any]] = {}
    if "extra" in cells:
        _refuse_extra(cells)
    indicator = place.indicator = collect(errors, catalogue.find_indicator, cells)
    unit = place.unit = collect(errors, catalogue.find_unit, cells.get("unit", ""))
    if indicator is None:
        raise ValidationError(errors)
    period = place.period = collect(errors, _find_period, catalogue, indicator, cells, dates)
    cell = place.cell = collect(errors, catalogue.find_cell, indicator, cells) or ""
    if period is None:
        raise ValidationError(errors)
    if not errors:
        collect(errors, _clean_place, indicator, period, unit, cell)
    is_placed = not errors
    if not is_placed:
        place.period = None
    if cells.get("deleted", "").casefold() in {"true", "1"}:
        errors["deleted"] = [_("The file says that it was deleted; an import removes nothing.")]
    figures = collect(errors, _clean_figures, cells, indicator, period, existing, today, dates)
    if errors:
        raise ValidationError(errors)
    given = sum(BIT[name] for name in OPTIONAL if cells.get(name))
    return Judged(
        kind=kind_of(existing, figures),
        indicator=indicator,
        period=period,
        unit=unit,
        cell=cell,
        figures=figures,
        given=given,
    )


def collect(errors: dict[str, list[Any]], check: Any, *given: Any) -> Any:
    """What the check gives; its refusals are kept beside the others."""
    try:
        return check(*given)
    except ValidationError as refusal:
        for name, found in refusal.error_dict.items():
            errors.setdefault(name, []).extend(found)
        return None


def problems_in(refusal: ValidationError, cells: Mapping[str, str]) -> list[dict[str, str]]:
    """Each problem of a row: column, what was given, what was expected."""
    found = []
    errors: Mapping[str, Sequence[ValidationError]] = refusal.error_dict
    for column, some in errors.items():
        given = "" if column in HIDDEN else cells.get(column, "")
        for one in some:
            found.append({"column": column, "given": shown(given), "message": " ".join(one.messages)})
    return found


def shown(given: str) -> str:
    """A cell as it may be shown: not too long, nothing that cannot be stored."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in given[:100])


def kind_of(existing: Observation | None, figures: Mapping[str, Any]) -> str:
    """What the row would do; ValidationError when another figure waits in its place."""
    if existing is None:
        return "new"
    if all(getattr(existing, name) == value for name, value in figures.items()):
        return "same"
    if existing.state == State.APPROVED:
        return "corrected"
    if existing.state in WAITING:
        raise refuse(
            "period",
            _("another figure is waiting for approval here (observation %(pk)s); it must be decided first."),
            pk=existing.pk,
        )
    return "changed"


def _refuse_extra(cells: Mapping[str, str]) -> None:
    raise ValidationError(
        {
            "row": [
                _("it has %(given)s cells; %(expected)s were expected, as in the header.")
                % {"given": cells["extra"], "expected": cells["width"]}
            ]
        }
    )


def _with_its_day(cells: Mapping[str, str]) -> Mapping[str, str]:
    """A figure of a day holds for that day, unless the row says otherwise."""
    return {"as_of": cells["day"], **cells} if cells.get("day") else cells


def _find_period(
    catalogue: Catalogue, indicator: ProgrammeIndicator, cells: Mapping[str, str], dates: str
) -> ReportingPeriod:
    """The period that is named, or in which the day lies."""
    if cells.get("day") and not cells.get("period"):
        return catalogue.find_period_of_day(indicator, parse_day(cells["day"], dates, column="day"))
    return catalogue.find_period(indicator, cells.get("period", ""))


def _clean_place(
    indicator: ProgrammeIndicator, period: ReportingPeriod, unit: ReportingUnit | None, cell: str
) -> None:
    clean_place(indicator=indicator, period=period, unit=unit, cell=cell)


def _clean_figures(
    cells: Mapping[str, str],
    indicator: ProgrammeIndicator,
    period: ReportingPeriod,
    existing: Observation | None,
    today: date,
    dates: str,
) -> dict[str, Any]:
    given: dict[str, Any] = {}
    if existing is not None:
        replaced = set(REPLACED)
        if cells.get("missing_reason"):
            replaced |= {"standard_error", "sample_size"}
        given = {name: getattr(existing, name) for name in FIGURE_FIELDS if name not in replaced}
    given |= {name: cells[name] for name in FIGURE_FIELDS if cells.get(name)}
    if given.get("value"):
        given["value"] = without_percent(given["value"], indicator)
    if isinstance(given.get("as_of"), str):
        given["as_of"] = parse_day(given["as_of"], dates)
    given.setdefault("as_of", min(period.ends_on, today))
    if str(given.get("credibility", "")) in {"1", "2", "3", "4", "5", "6"}:
        given["credibility"] = int(given["credibility"])
    return clean_figures(given, version=indicator.version, period=period, today=today)


def without_percent(text: str, indicator: ProgrammeIndicator) -> str:
    """45% is 45 where the indicator's unit is percent; anywhere else the sign stays, and is refused."""
    is_percent = indicator.version.unit == PERCENT and indicator.version.value_type != ValueType.RATIO
    return text[:-1].rstrip() if is_percent and text.endswith("%") else text


def parse_day(text: str, dates: str = "ymd", *, column: str = "as_of") -> date:
    """A day, in the order in which the file writes them; never guessed."""
    try:
        if dates in EPOCHS:
            number = int(text.removesuffix(".0"))
            if not 0 < number < LATEST_SERIAL:
                raise ValueError(text)
            return EPOCHS[dates] + timedelta(days=number)
        text = text[:10] if len(text) > 10 and text[10] in "T " else text  # A moment: its day.
        if (
            dates != "ymd"
            and (parts := text.replace(".", "/").replace("-", "/").split("/"))
            and len(parts) == 3
        ):
            day, month = (parts[0], parts[1]) if dates == "dmy" else (parts[1], parts[0])
            if len(parts[2]) == 4:
                return date(int(parts[2]), int(month), int(day))
        if len(text) != 10:
            raise ValueError(text)
        return date.fromisoformat(text)
    except (ValueError, OverflowError):
        expected = {
            "ymd": _("a day written year-month-day was expected, such as 2025-09-30."),
            "dmy": _("a day written day/month/year was expected, such as 30/09/2025."),
            "mdy": _("a day written month/day/year was expected, such as 09/30/2025."),
        }
        raise refuse(
            column, expected.get(dates, _("a spreadsheet's day number was expected, such as 45930."))
        ) from None
