"""Periods as other systems and people write them, to the first day of a period. Never guesses a fiscal year."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, timedelta

_DIGITS = str.maketrans("٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹", "01234567890123456789")
_NAMES = (
    "jan january janvier يناير كانون_الثاني",
    "feb february fevrier fev فبراير شباط",
    "mar march mars مارس اذار",
    "apr april avril avr ابريل نيسان",
    "may mai مايو ايار",
    "jun june juin يونيو حزيران",
    "jul july juillet juil يوليو تموز",
    "aug august aout اغسطس اب",
    "sep sept september septembre سبتمبر ايلول",
    "oct october octobre اكتوبر تشرين_الاول",
    "nov november novembre نوفمبر تشرين_الثاني",
    "dec december decembre ديسمبر كانون_الاول",
)
MONTHS = {word: number for number, words in enumerate(_NAMES, start=1) for word in words.split()}
_MONTH_FIRST = {"monthly": 1, "two_months": 2, "quarterly": 3, "semi_annual": 6}
_FORMS = {
    "monthly": [r"(?P<year>\d{4})-?(?P<n>\d{2})", r"(?P<n>\d{1,2})/(?P<year>\d{4})"],
    "two_months": [r"(?P<year>\d{4})(?P<n>\d{2})B"],
    "quarterly": [r"(?P<year>\d{4})-?Q(?P<n>[1-4])"],
    "semi_annual": [r"(?P<year>\d{4})-?[SH](?P<n>[12])"],
}
_MOST = {"monthly": 12, "two_months": 6, "quarterly": 4, "semi_annual": 2}
_LOOSE = {"quarterly": r"(?:Q|T)(?P<n>[1-4])\s*[-/ ]?\s*(?P<year>\d{4})|(?P<year2>\d{4})\s+Q(?P<n2>[1-4])",
          "semi_annual": r"(?:H|S)(?P<n>[12])\s*[-/ ]?\s*(?P<year>\d{4})|(?P<year2>\d{4})\s+H(?P<n2>[12])"}  # fmt: skip


def first_day(text: str, frequency: str, *, is_calendar_year: bool = True) -> date | None:
    """The first day of a period that DHIS2, or a person, wrote; None when it is no period of that frequency.

    Args:
        text: such as ``202403``, ``2024Q1``, ``2024W5``, ``2024``, ``March 2024``, ``Q1 2024``.
        frequency: the frequency of the indicator; what names another kind of period is not taken.
        is_calendar_year: whether years begin in January; otherwise ``Q1 2024`` could mean two quarters.

    >>> first_day("2024Q1", "quarterly"), first_day("Mars  2013", "monthly"), first_day("2024Q1", "monthly")
    (datetime.date(2024, 1, 1), datetime.date(2013, 3, 1), None)
    """
    text = " ".join(text.translate(_DIGITS).split()).upper()
    try:
        return _day(text, frequency, is_calendar_year=is_calendar_year)
    except ValueError:  # A year 0, a week 60.
        return None


def _day(text: str, frequency: str, *, is_calendar_year: bool) -> date | None:
    for form in _FORMS.get(frequency, []):
        if found := re.fullmatch(form, text):
            return _of_part(int(found["year"]), int(found["n"]), frequency)
    if frequency == "annual" and re.fullmatch(r"\d{4}", text):
        return date(int(text), 1, 1)
    if frequency == "weekly" and (found := re.fullmatch(r"(\d{4})-?W(\d{1,2})", text)):
        return date.fromisocalendar(int(found[1]), int(found[2]), 1)
    if frequency == "two_weeks" and (found := re.fullmatch(r"(\d{4})BIW(\d{1,2})", text)):
        return date.fromisocalendar(int(found[1]), 1, 1) + timedelta(days=14 * (int(found[2]) - 1))
    if re.fullmatch(r"\d{8}", text):
        return date(int(text[:4]), int(text[4:6]), int(text[6:]))
    if is_calendar_year and frequency in _LOOSE and (found := re.fullmatch(_LOOSE[frequency], text)):
        return _of_part(int(found["year"] or found["year2"]), int(found["n"] or found["n2"]), frequency)
    return _named_month(text) if frequency == "monthly" else None


def _of_part(year: int, number: int, frequency: str) -> date | None:
    if not 1 <= number <= _MOST[frequency]:
        return None
    return date(year, (number - 1) * _MONTH_FIRST[frequency] + 1, 1)


def _named_month(text: str) -> date | None:
    found = re.fullmatch(r"(?P<name>\D+?)[\s/-]+(?P<year>\d{4})|(?P<year2>\d{4})[\s/-]+(?P<name2>\D+)", text)
    if found is None:
        return None
    name = unicodedata.normalize("NFKD", (found["name"] or found["name2"]).strip().lower())
    name = "".join(c for c in name if not unicodedata.combining(c)).rstrip(".").replace(" ", "_")
    month = MONTHS.get(name)
    return date(int(found["year"] or found["year2"]), month, 1) if month else None
