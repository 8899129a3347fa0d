"""Texts of a published file as numbers and days. What can be read in two ways is left out and said."""

from __future__ import annotations

import re
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from indicators.engine.periods import Frequency, periods_between
from indicators.entry.numbers import MAX_DECIMALS, parse_number
from indicators.exchange.findings import Effect, Report
from indicators.exchange.iati import Figure, Period

EARLIEST, LATEST = 1950, 2099
_DAY = re.compile(r"(\d{4})-(\d{2})-(\d{2})(Z|[+-]\d{2}:\d{2})?")
_LONG = re.compile(r"[+-]?\d{1,18}\.\d{7,40}", re.ASCII)
LONGEST_FIRST = (
    Frequency.ANNUAL,
    Frequency.SEMI_ANNUAL,
    Frequency.FOUR_MONTHS,
    Frequency.QUARTERLY,
    Frequency.TWO_MONTHS,
    Frequency.MONTHLY,
    Frequency.TWO_WEEKS,
    Frequency.WEEKLY,
)


def day_of(text: str) -> date | None:
    """A plausible day, or None."""
    found = _DAY.fullmatch(text.strip())
    if found is None or not EARLIEST <= int(found[1]) <= LATEST:
        return None
    try:
        return date(int(found[1]), int(found[2]), int(found[3]))
    except ValueError:
        return None


def span_of(period: Period, report: Report) -> tuple[date, date] | None:
    """First and last day of a period; says why there is none."""
    days = day_of(period.starts_on), day_of(period.ends_on)
    if days[0] is not None and days[1] is not None and days[0] < days[1]:
        return days[0], days[1]
    report.at(period=f"{period.starts_on} – {period.ends_on}").say(
        Effect.LEFT_OUT,
        period.line,
        "period",
        f"{period.starts_on or '–'} … {period.ends_on or '–'}",
        _("a first day and a later last day, both between %(from)s and %(to)s, were expected")
        % {"from": EARLIEST, "to": LATEST},
    )
    return None


def number_of(figure: Figure, element: str, report: Report, *, zero_is_open: bool = False) -> Decimal | None:
    """The number of a baseline, target or actual; None and a finding when it is none that can be taken.

    Args:
        zero_is_open: a scale whose levels are not known, on which 0 may mean “not rated”.
    """
    text = (figure.value or "").strip()
    if not text:
        report.say(Effect.LEFT_OUT, figure.line, element, _("no value"), _("a number was expected"))
        return None
    if _LONG.fullmatch(text):
        kept = Decimal(text).quantize(Decimal(1).scaleb(-MAX_DECIMALS), ROUND_HALF_EVEN)
        report.say(
            Effect.NOTED,
            figure.line,
            element,
            text,
            _("kept with %(limit)s decimals: %(kept)s") % {"limit": MAX_DECIMALS, "kept": f"{kept:f}"},
        )
        text = f"{kept:f}"
    try:
        number = parse_number(text)
    except ValidationError as problem:
        report.say(Effect.LEFT_OUT, figure.line, element, text, " ".join(problem.messages))
        return None
    if number == 0 and zero_is_open:
        report.say(
            Effect.LEFT_OUT,
            figure.line,
            element,
            text,
            _(
                "a level was expected; on a scale 0 often means “not rated”, and the file does not say which it is"
            ),
        )
        return None
    return number


def frequency_of(starts_on: date, ends_on: date, first_month: int) -> Frequency | None:
    """The calendar whose period this span is, or None."""
    for frequency in LONGEST_FIRST:
        found = periods_between(frequency, starts_on, starts_on, fiscal_year_start_month=first_month)[0]
        if (found.starts_on, found.ends_on) == (starts_on, ends_on):
            return frequency
    return None
