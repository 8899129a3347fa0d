"""The one place that says which figure of a course run follows from which records, and when it may not be given.

| code | Kirkpatrick | from | given when |
|---|---|---|---|
| ICI-04 | 1 reaction | reaction scores | 8 or more, from 60 % of the participants |
| ICI-05 | 2 learning | final scores, pass mark | 8 or more assessed |
| ICI-06 | 2 learning | scores before and after | 8 or more pairs |
| ICI-07 | 2 kept | scores before, after, +6 months | 8 or more people with all three, 40 % answered, a gain to keep |
| ICI-08 | 3 behaviour | follow-up at +6 | 10 or more answers, 40 % answered |
| ICI-09 | 3 behaviour | supervisors at +6 | 8 or more answers |
| ICI-10 | 4 results | nothing in a register | never: evaluators count verified results |
| ICI-11 | – | hours of instruction | 8 or more hours |
| ICI-12, 13, 14 | – | registration | 8 or more people (of known age band) |
| ICI-15 | – | follow-up at +6 | 8 or more asked |
| ICI-16 | 3 network | follow-up at +6 | 8 or more answers |
| ICI-17 | – | cost, pass mark, final scores | 8 or more passed, as its library rule asks |
| IN_POST | 4 results | follow-up at +12 | 8 or more answers, 40 % answered |
| COST_APPLIED | – | cost, follow-up at +6 | ICI-08 may be given, and somebody applied it |

Source: METHOD 1.3, 2.10, 2.11, 4.7; the library's own rules (indicators/catalogue/definitions/ICI-*.toml).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date

from indicators.engine.courses.delivering import (
    breadth,
    cost_applied,
    cost_passed,
    regional_hours,
    women,
    young,
)
from indicators.engine.courses.following import (
    applied,
    confirmed,
    contacts,
    in_post,
    responded,
    verified_results,
)
from indicators.engine.courses.learning import gain_kept, learning_gain, passed, reaction
from indicators.engine.courses.parts import refused
from indicators.engine.courses.types import (
    MONTH_6,
    MONTH_12,
    MONTHS,
    CourseFigure,
    Run,
)
from indicators.engine.messages import gettext_noop
from indicators.engine.types import RefusalCode

Figure = Callable[[Run], CourseFigure]


def course_figures(run: Run, *, as_of: date) -> dict[str, CourseFigure]:
    """Every figure of a run by code, in the order of the table above: a value or a refusal, never neither.

    Args:
        as_of: what is asked some months after the run is refused as TOO_EARLY before.
    """
    found = {}
    for code, months, compute in FIGURES:
        found[code] = replace(_figure(run, months, compute, as_of), code=code, months=months)
    return found


def _figure(run: Run, months: int, compute: Figure, as_of: date) -> CourseFigure:
    due = months_later(run.ends_on, months)
    if as_of < due:
        return refused(RefusalCode.TOO_EARLY, gettext_noop("Not due before %(due)s."), due=due.isoformat())
    if run.is_removed and compute not in (regional_hours, verified_results):
        return refused(
            RefusalCode.NOT_RECORDED,
            gettext_noop("The records of persons were removed after their time; approved figures stay."),
        )
    return compute(run)


def months_later(day: date, months: int) -> date:
    """The same day some months later, or earlier; the last day of a shorter month.

    >>> months_later(date(2024, 8, 31), 6)
    datetime.date(2025, 2, 28)
    """
    year, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + year, month + 1
    last = (date(year + month // 12, month % 12 + 1, 1) - date(year, month, 1)).days
    return date(year, month, min(day.day, last))


FIGURES: tuple[tuple[str, int, Figure], ...] = (
    ("ICI-04", 0, reaction),
    ("ICI-05", 0, passed),
    ("ICI-06", 0, learning_gain),
    ("ICI-07", MONTHS[MONTH_6], gain_kept),
    ("ICI-08", MONTHS[MONTH_6], applied),
    ("ICI-09", MONTHS[MONTH_6], confirmed),
    ("ICI-10", 0, verified_results),
    ("ICI-11", 0, regional_hours),
    ("ICI-12", 0, breadth),
    ("ICI-13", 0, women),
    ("ICI-14", 0, young),
    ("ICI-15", MONTHS[MONTH_6], responded),
    ("ICI-16", MONTHS[MONTH_6], contacts),
    ("ICI-17", 0, cost_passed),
    ("IN_POST", MONTHS[MONTH_12], in_post),
    ("COST_APPLIED", MONTHS[MONTH_6], cost_applied),
)
LADDER = {1: "ICI-04", 2: "ICI-06", 3: "ICI-08", 4: "IN_POST"}
"""The figure that stands for each of Kirkpatrick's four levels."""
SHARES = {"ICI-05", "ICI-08", "ICI-09", "ICI-11", "ICI-13", "ICI-14", "ICI-15", "IN_POST"}
"""In percent."""
