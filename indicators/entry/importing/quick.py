"""Rows that are plainly right, in a hurry: the rules of `judging`, each asked once for each distinct word.

A row is let pass only if all its words, pairs of words and numbers are known to pass. Of any other row nothing is said:
`judging.judge_row` judges it, and says what is wrong. A test compares both on random rows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from copy import copy
from datetime import date
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError

from indicators.engine.quality import entry_errors
from indicators.entry.checks import DEFAULTS, clean_place, clean_text
from indicators.entry.importing.catalogue import Catalogue
from indicators.entry.importing.judging import BIT, parse_day, without_percent
from indicators.entry.numbers import parse_number, parse_whole_number
from indicators.models import (
    Marking,
    ProgrammeIndicator,
    Reliability,
    ReportingPeriod,
    ReportingUnit,
    ValueType,
)

SLOW = frozenset({"day", "extra", "deleted", "missing_reason", "text"})
"""A row that speaks of one of these is judged singly."""
EMPTY = (None, "\\N")
CHOICES: Mapping[str, frozenset[str]] = {
    "reliability": frozenset(Reliability.values),
    "credibility": frozenset("123456"),
    "marking": frozenset(Marking.values),
}
USUAL = {name: str(getattr(value, "value", value)) for name, value in DEFAULTS.items() if value is not None}
ESCAPED = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


class Remembered(dict[Any, Any]):
    """Asks once for each key; forgets all when it grows too large."""

    def __init__(self, ask: Callable[[Any], Any], limit: int = 100_000) -> None:
        super().__init__()
        self.ask, self.limit = ask, limit

    def __missing__(self, key: Any) -> Any:
        if len(self) >= self.limit:
            self.clear()
        self[key] = found = self.ask(key)
        return found


class Quick:
    """Asks the rules for one file."""

    def __init__(self, catalogue: Catalogue, *, today: date, dates: str) -> None:
        self.catalogue, self.today, self.dates = copy(catalogue), today, dates
        self.catalogue.unknown = Counter()  # What is missed is counted where it is said.
        self.indicators = Remembered(self._indicator)
        self.numbers = Remembered(_number)
        self.comments = Remembered(_comment)
        self.days = Remembered(self._day)
        self.dimensions = tuple(f"dim:{name}" for name in sorted(catalogue.dimensions))

    def line(self, cells: dict[str, str]) -> tuple[str, str] | None:
        """The row's reason, and its columns from indicator to bits, as COPY takes them; None: it must be judged singly.

        Order: indicator, period, unit, cell, numerator, denominator, value, standard error, sample size, as of,
        reliability, credibility, marking, comment, given.
        """
        if not SLOW.isdisjoint(cells):
            return None
        known = self.indicators[cells.get("indicator", ""), cells.get("partner", "")]
        place = known and known.place(cells.get("period", ""), cells.get("unit", ""), self._said(cells))
        if place is None:
            return None
        period, where, as_of = place
        answer = self._answer(known, cells)
        if "as_of" in cells:
            as_of = self.days[cells["as_of"], period.starts_on]
        others = PLAIN if cells.keys().isdisjoint(OTHERS) else self._others(cells)
        reason = self.comments[cells["reason"]] if "reason" in cells else ""
        if answer is None or as_of is None or others is None or reason is None:
            return None
        return reason, f"{where}\t{answer}\t{others[0]}\t{as_of}\t{others[1]}"

    def _answer(self, known: Known, cells: dict[str, str]) -> str | None:
        numbers = self.numbers
        numerator = numbers[cells["numerator"]] if "numerator" in cells else EMPTY
        denominator = numbers[cells["denominator"]] if "denominator" in cells else EMPTY
        value = known.values[cells["value"]] if "value" in cells else EMPTY
        if numerator is None or denominator is None or value is None:
            return None
        if not known.answers(numerator[0], denominator[0], value[0]):
            return None
        return f"{numerator[1]}\t{denominator[1]}\t{value[1]}"

    def _others(self, cells: dict[str, str]) -> tuple[str, str] | None:
        """Standard error and sample size; grades, marking, comment and the bits of all that is given."""
        for name, choices in CHOICES.items():
            if name in cells and cells[name] not in choices:
                return None
        error = self.numbers[cells["standard_error"]] if "standard_error" in cells else EMPTY
        if error is None or (error[0] is not None and error[0] < 0):
            return None
        size = _whole(cells["sample_size"]) if "sample_size" in cells else "\\N"
        comment = self.comments[cells["comment"]] if "comment" in cells else ""
        if size is None or comment is None:
            return None
        bits = sum(BIT[name] for name in OTHERS if name in cells)
        grades = "\t".join(cells.get(name) or USUAL[name] for name in CHOICES)
        return f"{error[1]}\t{size}", f"{grades}\t{comment}\t{bits}"

    def _said(self, cells: dict[str, str]) -> tuple[tuple[str, str], ...]:
        """What the row says about its breakdown."""
        said = [("cell", cells["cell"])] if "cell" in cells else []
        said += [(name, cells[name]) for name in self.dimensions if name in cells]
        return tuple(said)

    def _indicator(self, words: tuple[str, str]) -> Known | None:
        cells = {"indicator": words[0]} | ({"partner": words[1]} if words[1] else {})
        try:
            indicator = self.catalogue.find_indicator(cells)
        except ValidationError:
            return None
        if indicator.version.value_type == ValueType.TEXT:
            return None
        return Known(indicator, self.catalogue, self.today)

    def _day(self, given: tuple[str, date]) -> str | None:
        text, first = given
        try:
            day = parse_day(text, self.dates)
        except ValidationError:
            return None
        return day.isoformat() if first <= day <= self.today else None


OTHERS = ("as_of", "standard_error", "sample_size", "reliability", "credibility", "marking", "comment")
PLAIN = ("\\N\t\\N", "\t".join([*(USUAL[name] for name in CHOICES), "", "0"]))


class Known:
    """One indicator, and which periods, units, breakdowns and numbers fit it."""

    def __init__(self, indicator: ProgrammeIndicator, catalogue: Catalogue, today: date) -> None:
        self.indicator, self.catalogue, self.today = indicator, catalogue, today
        self.version, self.rule = indicator.version, indicator.version.rule()
        self.is_ratio = self.version.value_type == ValueType.RATIO
        self.levels = (
            {Decimal(str(one["level"])) for one in self.version.levels}
            if self.version.value_type == ValueType.ORDINAL
            else set()
        )
        self.has_units = bool(indicator.units.all())
        self.periods = Remembered(self._period)
        self.units = Remembered(self._unit)
        self.cells = Remembered(self._cell)
        self.values = Remembered(lambda text: _number(without_percent(text, indicator)))

    def place(
        self, period: str, unit: str, said: tuple[tuple[str, str], ...]
    ) -> tuple[ReportingPeriod, str, str] | None:
        """The period, the four columns of the place, and the day that is meant where none is given."""
        when, who, which = self.periods[period], self.units[unit], self.cells[said]
        if when is None or who is None or which is None:
            return None
        found, text, day = when
        return found, f"{self.indicator.pk}\t{text}\t{who}\t{which}", day

    def answers(self, numerator: Decimal | None, denominator: Decimal | None, value: Decimal | None) -> bool:
        """Whether the numbers are an answer that this indicator takes (as `checks` says)."""
        if self.is_ratio:
            if value is not None:
                return False
        elif numerator is not None or denominator is not None or (self.levels and value not in self.levels):
            return False
        return not entry_errors(self.rule, numerator, denominator, value)

    def _period(self, text: str) -> tuple[ReportingPeriod, str, str] | None:
        try:
            period = self.catalogue.find_period(self.indicator, text)
        except ValidationError:
            return None
        if not self._fits(period, self._any_unit(), besides="unit"):
            return None
        day = min(period.ends_on, self.today)
        return (period, str(period.pk), day.isoformat()) if day >= period.starts_on else None

    def _any_unit(self) -> ReportingUnit | None:
        return next(iter(self.indicator.units.all()), None)

    def _unit(self, text: str) -> str | None:
        """A unit of an indicator without units may still be that of a course run: that is judged singly."""
        try:
            unit = self.catalogue.find_unit(text)
        except ValidationError:
            return None
        if unit is None:
            return None if self.has_units else "\\N"
        fits = self.has_units and unit in self.indicator.units.all()
        return str(unit.pk) if fits else None

    def _cell(self, said: tuple[tuple[str, str], ...]) -> str | None:
        try:
            return self.catalogue.find_cell(self.indicator, dict(said)).translate(ESCAPED)
        except ValidationError:
            return None

    def _fits(self, period: ReportingPeriod, unit: ReportingUnit | None, *, besides: str) -> bool:
        """Whether `clean_place` has nothing against it but, perhaps, the unit."""
        try:
            clean_place(indicator=self.indicator, period=period, unit=unit, cell="")
        except ValidationError as refusal:
            return set(refusal.error_dict) <= {besides}
        return True


def _number(text: str) -> tuple[Decimal, str] | None:
    try:
        number = parse_number(text)
    except ValidationError:
        return None
    return None if number is None else (number, f"{number:f}")


def _whole(text: str) -> str | None:
    try:
        number = parse_whole_number(text)
    except ValidationError:
        return None
    return None if number is None else str(number)


def _comment(text: str) -> str | None:
    try:
        return clean_text(text).translate(ESCAPED)
    except ValidationError:
        return None
