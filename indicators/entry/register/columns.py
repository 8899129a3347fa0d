"""The columns of a course register and what one cell may say. Never guesses; asks no database.

A cell is text as a person typed it. Empty is missing, never 0 and never “no”.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from indicators.entry.numbers import parse_number, parse_whole_number
from indicators.models import AgeBand, Occasion

PSEUDONYM = "pseudonym"
PEOPLE = ("nation", "sex", "age_band", "sector", "completed")
TESTS = tuple(occasion.value for occasion in Occasion)
LATER = (Occasion.MONTH_6.value, Occasion.MONTH_12.value)
QUESTIONS = ("responded", "applied", "supervisor", "in_post", "contacts")
QUESTION_FIELDS = {
    "responded": "responded",
    "applied": "applied_on_the_job",
    "supervisor": "supervisor_confirmed",
    "in_post": "still_in_post",
    "contacts": "contacts",
}
LARGEST = Decimal("99999.99")
MAX_SECTOR = 60
MAX_FORM = 20
SHOWN = 30
_PSEUDONYM = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,19}", re.ASCII)
_LONG_NUMBER = re.compile(r"[0-9]{8,}")
YES = {"yes", "y", "1", "true", "x", "oui", "o", "نعم"}
NO = {"no", "n", "0", "false", "non", "لا"}
SEXES = {"f": "f", "female": "f", "woman": "f", "femme": "f", "m": "m", "male": "m", "man": "m", "homme": "m"}
BANDS = {
    **{value.casefold(): value for value in AgeBand.values},
    "under_30": "<30", "under 30": "<30", "30_39": "30-39", "30–39": "30-39", "30–35": "30-35", "36–39": "36-39",
    "40_plus": "40+", "40 and over": "40+",
}  # fmt: skip

LABELS: Mapping[str, Promise] = {
    PSEUDONYM: gettext_lazy("Pseudonym"),
    "nation": gettext_lazy("Nation"),
    "sex": gettext_lazy("Sex"),
    "age_band": gettext_lazy("Age band"),
    "sector": gettext_lazy("Sector"),
    "completed": gettext_lazy("Completed"),
    "reaction": gettext_lazy("Reaction (1–5)"),
    "pre": gettext_lazy("Before"),
    "post": gettext_lazy("After"),
    "m6": gettext_lazy("After 6 months"),
    "m12": gettext_lazy("After 12 months"),
    "responded": gettext_lazy("Answered"),
    "applied": gettext_lazy("Applied on the job"),
    "supervisor": gettext_lazy("Supervisor confirms"),
    "in_post": gettext_lazy("Still in post"),
    "contacts": gettext_lazy("Contacts abroad"),
}


def label(column: str) -> str:
    """The heading of a column, in the reader's language."""
    name, _sep, occasion = column.rpartition("_")
    if name in QUESTIONS and occasion in LATER:
        return f"{LABELS[name]} ({LABELS[occasion]})"
    if name in {"form", "maximum"} and occasion in TESTS:
        word = _("Version of the test") if name == "form" else _("Maximum")
        return f"{word} ({LABELS[occasion]})"
    return str(LABELS.get(column, column))


# --- One cell ----------------------------------------------------------------------------------------------------


def refusal(given: str, expected: str) -> ValidationError:
    """What was given and what was expected."""
    shown = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in given[:SHOWN])
    return ValidationError(
        _("“%(given)s” was given; %(expected)s was expected."),
        code="cell",
        params={"given": shown + ("…" if len(given) > SHOWN else ""), "expected": expected},
    )


def parse_pseudonym(text: str) -> str:
    """Letters, digits and hyphens with at least one digit: a word without one could be a name."""
    if not _PSEUDONYM.fullmatch(text) or not any(c.isdigit() for c in text):
        raise private(
            text, _("a pseudonym of up to 20 letters, digits and hyphens, one digit at least, such as P07-3F")
        )
    if _LONG_NUMBER.search(text):
        raise private(text, _("a pseudonym without a long number, which could be a telephone or a passport"))
    return text


def private(given: str, expected: str) -> ValidationError:
    """A refusal for the sake of privacy: the text is not repeated."""
    return ValidationError(
        _(
            "This may identify a person (%(length)s characters, not shown); %(expected)s was expected. "
            "Names stay outside this system."
        ),
        code="private",
        params={"length": len(given), "expected": expected},
    )


def parse_yes_no(text: str) -> bool:
    word = text.casefold()
    if word not in YES | NO:
        raise refusal(text, _("yes or no"))
    return word in YES


def parse_sex(text: str) -> str:
    if text.casefold() not in SEXES:
        raise refusal(text, _("f or m"))
    return SEXES[text.casefold()]


def parse_age_band(text: str) -> str:
    if text.casefold() not in BANDS:
        raise refusal(text, _("an age band, one of %s") % ", ".join(AgeBand.values))
    return BANDS[text.casefold()]


def parse_sector(text: str) -> str:
    if len(text) > MAX_SECTOR or not text.isprintable():
        raise refusal(text, _("a sector in at most %s printable characters") % MAX_SECTOR)
    if "@" in text or _LONG_NUMBER.search(text):
        raise private(text, _("a sector"))
    return text


def parse_score(text: str) -> Decimal:
    """0 or more, with two decimals at most."""
    number = parse_number(text)
    if number is None or number < 0 or number > LARGEST:
        raise refusal(text, _("a number of points from 0 to %s") % LARGEST)
    return two_decimals(text, number)


def parse_maximum(text: str) -> Decimal:
    number = parse_score(text)
    if number == 0:
        raise refusal(text, _("the highest possible number of points, above 0"))
    return number


def parse_reaction(text: str) -> Decimal:
    number = parse_number(text)
    if number is None or not 1 <= number <= 5:
        raise refusal(text, _("the mean of the reaction items, from 1 to 5"))
    return two_decimals(text, number)


def two_decimals(text: str, number: Decimal) -> Decimal:
    if number != round(number, 2):
        raise refusal(text, _("at most 2 decimals"))
    return round(number, 2)


def parse_form(text: str) -> str:
    if len(text) > MAX_FORM or not text.isprintable():
        raise refusal(text, _("the version of the test in at most %s printable characters") % MAX_FORM)
    return text


def parse_contacts(text: str) -> int:
    number = parse_whole_number(text)
    if number is None or number > 1000:
        raise refusal(text, _("a number of people, up to 1000"))
    return number


def _parsers() -> dict[str, Callable[[str], Any]]:
    found: dict[str, Callable[[str], Any]] = {
        "nation": lambda text: text.upper(),
        "sex": parse_sex,
        "age_band": parse_age_band,
        "sector": parse_sector,
        "completed": parse_yes_no,
        "reaction": parse_reaction,
    }
    for occasion in TESTS:
        found[occasion] = parse_score
        found[f"maximum_{occasion}"] = parse_maximum
        found[f"form_{occasion}"] = parse_form
    for occasion in LATER:
        for question in QUESTIONS:
            found[f"{question}_{occasion}"] = parse_contacts if question == "contacts" else parse_yes_no
    return found


PARSERS = _parsers()
"""What reads each column of a register, its pseudonym aside."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What is wrong with one cell: where it stands, what was given, what was expected."""

    row: int
    column: str
    given: str
    message: str

    def __str__(self) -> str:
        given = f" ({self.given[:40]!r})" if self.given else ""
        return f"row {self.row}, {self.column}{given}: {self.message}"


def write(value: Any) -> str:
    """A stored value as the text of a cell."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case Decimal():
            text = format(value, "f")
            return text.rstrip("0").rstrip(".") if "." in text else text
        case _:
            return str(value)
