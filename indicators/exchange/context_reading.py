"""Published tables about countries as values by country and period: governance estimates, events, or any tidy file.

Every cell that cannot be taken is a problem with its row, column, what was given and what was expected.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, Decimal

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from indicators.entry.importing import Table
from indicators.entry.numbers import MAX_DECIMALS, parse_number
from indicators.exchange.iati_values import EARLIEST, LATEST, day_of

NOT_PUBLISHED = ("", "..", "#N/A")
"""How the World Bank writes that there is no value. “NA” is not among them: it is the code of Namibia."""
_FLOAT = re.compile(r"[+-]?\d{1,18}(?:\.\d{1,60})?", re.ASCII)
_PERIODS = (
    (re.compile(r"(\d{4})"), lambda year: (date(year, 1, 1), date(year, 12, 31))),
    (re.compile(r"(\d{4})-(\d{2})"), lambda year, month: _month(year, month)),
    (re.compile(r"(\d{4})[- ]?Q([1-4])"), lambda year, quarter: _quarter(year, quarter)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What is wrong with one cell."""

    row: int
    column: str
    given: str
    expected: str

    def __str__(self) -> str:
        return f"row {self.row}, {self.column} ({self.given[:40]!r}): {self.expected}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """A country's figure for a period. `country` as the file writes it."""

    row: int
    country: str
    starts_on: date
    ends_on: date
    value: Decimal
    standard_error: Decimal | None = None


@dataclass(slots=True)
class Found:
    """All values by the code of their series, and every problem."""

    values: dict[str, list[Value]] = field(default_factory=lambda: defaultdict(list))
    problems: list[Problem] = field(default_factory=list)
    empty: int = 0
    """Rows in which the publisher gives no value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """What a new series is called, who publishes it and under which licence."""

    name: str = ""
    publisher: str = ""
    unit: str = ""
    licence: str = ""
    definition_code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """A form of table that is known by its columns."""

    label: object
    needs: tuple[str, ...]
    read: Callable[[Table, str], Found]
    wording: Mapping[str, Wording] = field(default_factory=dict)
    """By the code of the series, or its end; empty when whoever loads it must say."""


def layout_of(table: Table) -> str:
    """Name of the layout whose columns a file has; ValidationError names what each needs."""
    for name, layout in LAYOUTS.items():
        if set(layout.needs) <= set(table.columns):
            return name
    known = "; ".join(f"{layout.label}: {', '.join(layout.needs)}" for layout in LAYOUTS.values())
    raise ValidationError(
        _("The file has the columns %(given)s; expected were those of one of these. %(known)s.")
        % {"given": ", ".join(table.columns)[:300], "known": known}
    )


def read_values(table: Table, layout: str, series: str) -> Found:
    """Every value of a file, by series.

    Args:
        layout: a key of LAYOUTS.
        series: code of the series, or of its first part where a file holds several.
    """
    found = LAYOUTS[layout].read(_without_tags(table), series)
    _check_twice(found)
    return found


def _without_tags(table: Table) -> Table:
    """Without the row of HXL tags that may follow the names of the columns."""
    rows = table.rows
    if rows and any(cell.startswith("#") for cell in rows[0][1].values()):
        told = [cell for cell in rows[0][1].values() if cell]
        if all(cell.startswith("#") for cell in told):
            rows = rows[1:]
    return Table(name=table.name, sha256=table.sha256, columns=table.columns, rows=rows)


def _check_twice(found: Found) -> None:
    for values in found.values.values():
        first: dict[tuple[str, date], int] = {}
        for one in values:
            other = first.setdefault((one.country, one.starts_on), one.row)
            if other != one.row:
                expected = (
                    _("one value for a country and period was expected; row %s has one already") % other
                )
                given = f"{one.country} {one.starts_on}"
                found.problems.append(Problem(row=one.row, column="period", given=given, expected=expected))


# --- Governance estimates ----------------------------------------------------------------------------------------


def _read_governance(table: Table, series: str) -> Found:
    found = Found()
    by_code = "code" in table.columns
    for row, cells in table.rows:
        indicator = cells["indicator"].lower()
        if indicator not in GOVERNANCE:
            expected = _("one of %s was expected") % ", ".join(GOVERNANCE)
            found.problems.append(
                Problem(row=row, column="indicator", given=cells["indicator"], expected=expected)
            )
            continue
        if cells["estimate"] in NOT_PUBLISHED:
            found.empty += 1
            continue
        span = _span(row, "year", cells["year"], found, lengths=1)
        value = _number(row, "estimate", cells["estimate"], found)
        error = _error(row, "stddev", cells.get("stddev", ""), found)
        if span is not None and value is not None:
            country = cells["code"] if by_code else cells["countryname"]
            found.values[f"{series or 'WGI'}-{indicator.upper()}"].append(
                Value(
                    row=row,
                    country=country,
                    starts_on=span[0],
                    ends_on=span[1],
                    value=value,
                    standard_error=error,
                )
            )
    return found


WORLD_BANK = "World Bank, Worldwide Governance Indicators"
GOVERNANCE = {
    "cc": "Control of corruption",
    "ge": "Government effectiveness",
    "pv": "Political stability and absence of violence",
    "rl": "Rule of law",
    "rq": "Regulatory quality",
    "va": "Voice and accountability",
}


# --- Events ------------------------------------------------------------------------------------------------------


def _read_events(table: Table, series: str) -> Found:
    """Events and deaths of each country, by the month in which the event began.

    Between a country's first and last event a month without any has 0: the list of events is complete for that time.
    """
    found = Found()
    deaths: dict[tuple[str, date], Decimal] = defaultdict(Decimal)
    events: dict[tuple[str, date], Decimal] = defaultdict(Decimal)
    first_rows: dict[str, int] = {}
    for row, cells in table.rows:
        begun = day_of(cells["date_start"][:10])
        best = _number(row, "best", cells["best"], found)
        if begun is None:
            expected = _("a day written year-month-day was expected")
            found.problems.append(
                Problem(row=row, column="date_start", given=cells["date_start"], expected=expected)
            )
        if best is not None and (best < 0 or best != best.to_integral_value()):
            expected = _("a whole number of deaths, 0 or more, was expected")
            found.problems.append(Problem(row=row, column="best", given=cells["best"], expected=expected))
        if begun is None or best is None:
            continue
        place = cells["iso3"] if "iso3" in cells else cells["country"], begun.replace(day=1)
        deaths[place] += best
        events[place] += 1
        first_rows.setdefault(place[0], row)
    stem = series or "UCDP-GED"
    for country, row in first_rows.items():
        months = [month for name, month in events if name == country]
        for first, last in _months(min(months), max(months)):
            for code, amounts in ((f"{stem}-DEATHS", deaths), (f"{stem}-EVENTS", events)):
                value = amounts.get((country, first), Decimal(0))
                found.values[code].append(
                    Value(row=row, country=country, starts_on=first, ends_on=last, value=value)
                )
    return found


def _months(first: date, last: date) -> Iterable[tuple[date, date]]:
    while first <= last:
        end = first.replace(day=monthrange(first.year, first.month)[1])
        yield first, end
        first = end + timedelta(days=1)


UPPSALA = "Uppsala Conflict Data Program, Georeferenced Event Dataset"


# --- Any table of countries and periods --------------------------------------------------------------------------


def _read_tidy(table: Table, series: str) -> Found:
    found = Found()
    for row, cells in table.rows:
        if cells["value"] == "":
            found.empty += 1
            continue
        span = _span(row, "period", cells["period"], found)
        value = _number(row, "value", cells["value"], found)
        error = _error(row, "standard_error", cells.get("standard_error", ""), found)
        if cells["country"] == "":
            expected = _("the name or code of a country was expected")
            found.problems.append(Problem(row=row, column="country", given="", expected=expected))
        elif span is not None and value is not None:
            found.values[series].append(
                Value(
                    row=row,
                    country=cells["country"],
                    starts_on=span[0],
                    ends_on=span[1],
                    value=value,
                    standard_error=error,
                )
            )
    return found


# --- Cells -------------------------------------------------------------------------------------------------------


def _number(row: int, column: str, text: str, found: Found) -> Decimal | None:
    """With six decimals, which is what is kept: publishers give what their computer gave."""
    try:
        if _FLOAT.fullmatch(text):
            text = f"{Decimal(text).quantize(Decimal(1).scaleb(-MAX_DECIMALS), ROUND_HALF_EVEN):f}"
        number = parse_number(text)
    except ValidationError as problem:
        found.problems.append(
            Problem(row=row, column=column, given=text, expected=" ".join(problem.messages))
        )
        return None
    if number is None:
        found.problems.append(
            Problem(row=row, column=column, given=text, expected=_("a number was expected"))
        )
    return number


def _error(row: int, column: str, text: str, found: Found) -> Decimal | None:
    if text in NOT_PUBLISHED:
        return None
    number = _number(row, column, text, found)
    if number is not None and number < 0:
        expected = _("a standard error of 0 or more was expected")
        found.problems.append(Problem(row=row, column=column, given=text, expected=expected))
        return None
    return number


def _span(
    row: int, column: str, text: str, found: Found, *, lengths: int = len(_PERIODS)
) -> tuple[date, date] | None:
    text = text.removesuffix(".0") if re.fullmatch(r"\d{4}\.0", text) else text
    for pattern, span in _PERIODS[:lengths]:
        told = pattern.fullmatch(text)
        if told is not None and EARLIEST <= int(told[1]) <= LATEST:
            days: tuple[date, date] | None = span(*map(int, told.groups()))
            if days is not None:
                return days
    expected = (
        _("a year such as 2023 was expected")
        if lengths == 1
        else _("a year, quarter or month was expected, such as 2023, 2023-Q2 or 2023-05")
    )
    found.problems.append(Problem(row=row, column=column, given=text, expected=expected))
    return None


def _month(year: int, month: int) -> tuple[date, date] | None:
    if not 1 <= month <= 12:
        return None
    return date(year, month, 1), date(year, month, monthrange(year, month)[1])


def _quarter(year: int, quarter: int) -> tuple[date, date]:
    last = 3 * quarter
    return date(year, last - 2, 1), date(year, last, monthrange(year, last)[1])


LAYOUTS: dict[str, Layout] = {
    "wgi": Layout(
        label=gettext_lazy("World Bank governance"),
        needs=("countryname", "year", "indicator", "estimate"),
        read=_read_governance,
        wording={
            code.upper(): Wording(
                name=f"{name} (estimate)",
                publisher=WORLD_BANK,
                unit="estimate, about −2.5 (weak) to 2.5 (strong)",
                licence="CC BY 4.0",
            )
            for code, name in GOVERNANCE.items()
        },
    ),
    "ucdp": Layout(
        label=gettext_lazy("UCDP events"),
        needs=("country", "date_start", "best"),
        read=_read_events,
        wording={
            "DEATHS": Wording(
                name="Deaths in organised violence, best estimate, by month",
                publisher=UPPSALA,
                unit="deaths",
                licence="CC BY 4.0",
            ),
            "EVENTS": Wording(
                name="Events of organised violence, by month",
                publisher=UPPSALA,
                unit="events",
                licence="CC BY 4.0",
            ),
        },
    ),
    "tidy": Layout(
        label=gettext_lazy("One row for each country and period"),
        needs=("country", "period", "value"),
        read=_read_tidy,
    ),
}
