"""A register from a spreadsheet: which column is which, long or wide, into lines. Keeps nothing, asks no database.

Wide: one row a participant, columns as in the grid (``pseudonym, nation, sex, age_band, pre, post, maximum, …``).
Long: one row a participant and occasion (``pseudonym, occasion, score, maximum, form, responded, applied, …``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from indicators.entry.importing import Table
from indicators.entry.register.columns import LATER, PARSERS, PEOPLE, PSEUDONYM, QUESTIONS, TESTS, Problem
from indicators.entry.register.planning import Line

FOR_ALL_TESTS = ("maximum", "form")
LONG = ("occasion", "score", *FOR_ALL_TESTS, *QUESTIONS)
WIDE = (PSEUDONYM, *FOR_ALL_TESTS, *PARSERS)
SAME: Mapping[str, str] = {
    "participant": PSEUDONYM, "participant_id": PSEUDONYM, "id": PSEUDONYM, "code": PSEUDONYM,
    "pseudonyme": PSEUDONYM, "country": "nation", "pays": "nation", "gender": "sex", "sexe": "sex", "age": "age_band",
    "pre_test": "pre", "pretest": "pre", "before": "pre", "post_test": "post", "posttest": "post", "after": "post",
    "m06": "m6", "6_months": "m6", "12_months": "m12", "max": "maximum", "still_in_post": "in_post",
    "applied_on_the_job": "applied", "supervisor_confirmed": "supervisor",
}  # fmt: skip
"""Names that people give to the same columns."""
OCCASIONS = {
    "pre": "pre", "before": "pre", "post": "post", "after": "post", "m6": "m6", "6": "m6", "+6": "m6", "m12": "m12",
    "12": "m12", "+12": "m12",
}  # fmt: skip
PERSONAL = re.compile(
    r"(^|_)(names?|nom|noms|prenom|prénom|surname|lastname|firstname|e-?mails?|mail|courriel|phones?|mobile|"
    r"telephone|tel|birth\w*|born|dob|naissance|passport|cin|address|adresse|national_id|service_number)(_|$)|"
    r"اسم|الاسم|ميلاد|هاتف|بريد"
)


def as_lines(table: Table) -> tuple[list[Line], list[Problem]]:
    """The lines of a file, and what is wrong with single rows.

    Raises:
        ValidationError: a column identifies persons (code ``private``), is missing or not known.
    """
    names = {column: SAME.get(column, column) for column in table.columns}
    _refuse_persons(names)
    is_long = "occasion" in names.values()
    _refuse_columns(names, is_long=is_long)
    rows = [(row, {names[column]: text for column, text in cells.items()}) for row, cells in table.rows]
    return _long(rows) if is_long else (_wide(rows), [])


def _refuse_persons(names: Mapping[str, str]) -> None:
    personal = [column for column in names if PERSONAL.search(column)]
    if personal:
        raise ValidationError(
            _(
                "Column %(columns)s identifies persons. Registers hold pseudonyms alone (no names, addresses, "
                "telephone numbers or birth dates): replace it by a pseudonym and keep the key outside this system."
            ),
            code="private",
            params={"columns": ", ".join(personal)[:200]},
        )


def _refuse_columns(names: Mapping[str, str], *, is_long: bool) -> None:
    known = (PSEUDONYM, *PEOPLE, *LONG, "reaction") if is_long else WIDE
    if PSEUDONYM not in names.values():
        raise ValidationError(
            _("Column pseudonym is missing; the file has: %(given)s."),
            code="header",
            params={"given": ", ".join(names)[:300]},
        )
    unknown = [column for column, name in names.items() if name not in known]
    if unknown:
        raise ValidationError(
            _("Column %(unknown)s is not known; known are: %(known)s."),
            code="header",
            params={"unknown": ", ".join(unknown)[:300], "known": ", ".join(known)},
        )
    twice = sorted({name for name in names.values() if list(names.values()).count(name) > 1})
    if twice:
        raise ValidationError(
            _("Two columns of the file mean the same: %(names)s."),
            code="header",
            params={"names": ", ".join(column for column, name in names.items() if name in twice)},
        )


def _wide(rows: list[tuple[int, dict[str, str]]]) -> list[Line]:
    lines = []
    for row, cells in rows:
        cells = dict(cells)
        pseudonym = cells.pop(PSEUDONYM)
        for name in FOR_ALL_TESTS:
            text = cells.pop(name, "")
            for occasion in TESTS:
                if cells.get(occasion):
                    cells.setdefault(f"{name}_{occasion}", text)
        lines.append(Line(row=row, pseudonym=pseudonym, cells=cells))
    return lines


def _long(rows: list[tuple[int, dict[str, str]]]) -> tuple[list[Line], list[Problem]]:
    """One line a participant; a cell that two rows say differently is a problem of the second."""
    lines: dict[str, Line] = {}
    problems: list[Problem] = []
    for row, cells in rows:
        pseudonym, occasion = cells[PSEUDONYM], OCCASIONS.get(cells["occasion"].casefold(), "")
        if not occasion:
            expected = _("one of %s was expected.") % "pre, post, m6, m12"
            problems.append(Problem(row=row, column="occasion", given=cells["occasion"], message=expected))
            continue
        line = lines.setdefault(pseudonym, Line(row=row, pseudonym=pseudonym, cells={}))
        said, misplaced = _of_occasion(cells, occasion)
        for column in misplaced:
            message = _("Nothing is asked about this %s; leave it empty.") % occasion
            problems.append(Problem(row=row, column=column, given=cells[column], message=message))
        for column, text in said.items():
            if line.cells.get(column, text) != text:
                message = _("Row %s says otherwise of the same participant.") % line.row
                problems.append(Problem(row=row, column=column, given=text, message=message))
            line.cells[column] = text  # type: ignore[index]
    return list(lines.values()), problems


def _of_occasion(cells: Mapping[str, str], occasion: str) -> tuple[dict[str, str], list[str]]:
    """The cells of a long row under the names of a wide one, empty ones left out; and columns out of place."""
    said = {name: cells[name] for name in (*PEOPLE, "reaction") if cells.get(name)}
    if cells.get("score"):
        said[occasion] = cells["score"]
        for name in FOR_ALL_TESTS:
            if cells.get(name):
                said[f"{name}_{occasion}"] = cells[name]
    asked = [question for question in QUESTIONS if cells.get(question)]
    if occasion in LATER:
        said |= {f"{question}_{occasion}": cells[question] for question in asked}
    return said, asked if occasion not in LATER else []
