"""A sheet of a register as rows and columns of text, and back: what was typed, cell by cell. Decides nothing.

Only cells that somebody touched are handed on: each sheet carries what it showed (`base`), so that two people who
change different cells do not undo one another, and whoever touches the same cell sees both values.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from indicators.entry.register.columns import (
    LATER,
    PEOPLE,
    PSEUDONYM,
    QUESTIONS,
    TESTS,
    Problem,
    label,
    write,
)
from indicators.entry.register.planning import MOST_PEOPLE, Line, Standing, test_settings

SHEETS: Mapping[str, tuple[str, ...]] = {
    "people": PEOPLE,
    "scores": ("reaction", *TESTS),
    **{occasion: tuple(f"{question}_{occasion}" for question in QUESTIONS) for occasion in LATER},
}
BLANK_ROWS = 5
Typed = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class GridCell:
    """One input: its name, what stands in it, what is wrong with it, and what somebody else stored meanwhile."""

    name: str
    column: str
    label: str
    text: str
    error: str = ""
    stored: str | None = None

    @property
    def choices(self) -> str:
        """Which list of suggestions fits."""
        question = self.column.rpartition("_")[0]
        if self.column == "completed" or (question in QUESTIONS and question != "contacts"):
            return "yes-no"
        return {"nation": "nations", "sex": "sexes", "age_band": "age-bands"}.get(self.column, "")

    @property
    def is_number(self) -> bool:
        return (
            self.column in TESTS
            or self.column == "reaction"
            or self.column.startswith(("contacts", "maximum"))
        )


@dataclass(slots=True, kw_only=True)
class GridRow:
    number: int
    pseudonym: str
    cells: list[GridCell]
    new: GridCell | None = None
    """The input of the pseudonym, in a row for a new participant."""
    may_remove: bool = False


@dataclass(slots=True, kw_only=True)
class Grid:
    sheet: str
    headings: list[str]
    rows: list[GridRow]
    settings: list[tuple[str, list[GridCell]]] = field(default_factory=list)
    base: str = "{}"
    conflicts: int = 0

    @property
    def asks_for_settings(self) -> bool:
        """Whether the maxima and versions of the tests have to be looked at first."""
        all_cells = [cell for _name, cells in self.settings for cell in cells]
        return not any(cell.text for cell in all_cells) or any(
            cell.error or cell.stored for cell in all_cells
        )


def sheet_name(sheet: str) -> str:
    """The sheet's name, in the reader's language."""
    return {
        "people": _("Participants"),
        "scores": _("Tests"),
        "m6": _("After 6 months"),
        "m12": _("After 12 months"),
    }[sheet]


def stored_texts(standing: Mapping[str, Standing], sheet: str) -> dict[str, str]:
    """What a sheet shows, by the name of its input."""
    found = {
        f"c{one.enrolment.pk}.{column}": write(one.values.get(column))
        for one in standing.values()
        for column in SHEETS[sheet]
    }
    return found | (test_settings(standing) if sheet == "scores" else {})


def read_base(text: str) -> dict[str, str]:
    """What the sheet had shown; nothing when that cannot be read, so that every cell counts as touched."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return {str(k): v for k, v in found.items() if isinstance(v, str)} if isinstance(found, dict) else {}


def touched_lines(standing: Mapping[str, Standing], sheet: str, typed: Typed) -> list[Line]:
    """A line for each participant with a touched cell, and for each new one; rows counted as the sheet shows them."""
    base = read_base(typed.get("base", ""))
    settings = {
        name: typed[name].strip()
        for name in (test_settings(standing) if sheet == "scores" else {})
        if typed.get(name, "").strip() and typed[name].strip() != base.get(name, "")
    }
    lines = []
    for row, (pseudonym, one) in enumerate(standing.items(), 1):
        cells = {}
        for column in SHEETS[sheet]:
            name = f"c{one.enrolment.pk}.{column}"
            if name in typed and typed[name].strip() != base.get(name):
                cells[column] = typed[name]
        for name, text in settings.items():
            occasion = name.rpartition("_")[2]
            if cells.get(occasion, "").strip() or (occasion not in cells and occasion in one.tests):
                cells[name] = text
        if cells:
            lines.append(Line(row=row, pseudonym=pseudonym, cells=cells, clears=True))
    return lines + (_new_lines(len(standing), typed) if sheet == "people" else [])


def _new_lines(before: int, typed: Typed) -> list[Line]:
    lines = []
    for index in new_rows(typed):
        cells = {column: typed.get(f"n{index}.{column}", "") for column in PEOPLE}
        pseudonym = typed.get(f"n{index}.{PSEUDONYM}", "").strip()
        if pseudonym or any(text.strip() for text in cells.values()):
            lines.append(Line(row=before + index, pseudonym=pseudonym, cells=cells))
    return lines


def new_rows(typed: Typed) -> list[int]:
    """Numbers of the rows for new participants that came with the form."""
    return [index for index in range(1, MOST_PEOPLE + 1) if f"n{index}.{PSEUDONYM}" in typed]


def make_grid(
    standing: Mapping[str, Standing],
    sheet: str,
    *,
    typed: Typed | None = None,
    problems: Iterable[Problem] = (),
    may_enter: bool = True,
) -> Grid:
    """The sheet as it stands; with `typed`, as somebody left it, over what is stored now."""
    stored = stored_texts(standing, sheet)
    maker = _Maker(stored, typed or {}, {(one.row, one.column): one.message for one in problems})
    rows = [
        GridRow(
            number=number,
            pseudonym=pseudonym,
            cells=[maker.cell(f"c{one.enrolment.pk}.{column}", column, number) for column in SHEETS[sheet]],
            may_remove=sheet == "people" and may_enter and not one.has_records,
        )
        for number, (pseudonym, one) in enumerate(standing.items(), 1)
    ]
    if sheet == "people" and may_enter:
        blank = max([*new_rows(typed or {}), BLANK_ROWS])
        rows += [maker.blank(index, len(standing)) for index in range(1, blank + 1)]
    settings = []
    if sheet == "scores":
        settings = [
            (
                label(occasion),
                [maker.cell(f"{name}_{occasion}", f"{name}_{occasion}", 0) for name in ("maximum", "form")],
            )
            for occasion in TESTS
        ]
    return Grid(
        sheet=sheet,
        headings=[label(column) for column in SHEETS[sheet]],
        rows=rows,
        settings=settings,
        base=json.dumps(stored),
        conflicts=maker.conflicts,
    )


class _Maker:
    def __init__(self, stored: Typed, typed: Typed, errors: Mapping[tuple[int, str], str]) -> None:
        self.stored, self.typed, self.errors = stored, typed, errors
        self.base = read_base(typed.get("base", "")) if typed else {}
        self.conflicts = 0

    def cell(self, name: str, column: str, number: int) -> GridCell:
        now = self.stored.get(name, "")
        text = self.typed.get(name, now)
        if name in self.typed and text.strip() == self.base.get(name):
            text = now
        other = now if name in self.typed and text != now and self.base.get(name, now) != now else None
        self.conflicts += other is not None
        error = self.errors.get((number, column), "")
        return GridCell(name=name, column=column, label=label(column), text=text, error=error, stored=other)

    def blank(self, index: int, before: int) -> GridRow:
        number = before + index
        return GridRow(
            number=number,
            pseudonym="",
            new=self.cell(f"n{index}.{PSEUDONYM}", PSEUDONYM, number),
            cells=[self.cell(f"n{index}.{column}", column, number) for column in PEOPLE],
        )
