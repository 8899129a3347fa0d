"""Which single figures a person sees: cells of 1 to 4 people, and what gives them away, are for those who enter them.

One place for pages, files and the machine door (METHOD 2.11, 4.7). Changes no row.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from copy import copy

from indicators.engine.disaggregate import SITE, breakdown, by_site, site_cell, suppressed
from indicators.engine.disclosure import cell_parts
from indicators.engine.types import IndicatorRule, Measurement, ValueType
from indicators.models import (
    IndicatorVersion,
    Membership,
    Observation,
    ProgrammeIndicator,
    Role,
    State,
    User,
)
from indicators.snapshots import Key, measurements_of

PERSONAL_DIMENSIONS = ("sex", "gender", "age", "rank", "grade", "seniority")
PERSONAL_WORDS = (
    "participant", "person", "people", "respondent", "graduate", "women", "men", "staff", "student", "trainee",
    "officer", "instructor", "supervisor", "killed", "injured", "casualt", "victim", "civilian",
)  # fmt: skip
FIGURES = ("numerator", "denominator", "value", "standard_error", "sample_size")
WORDS = ("comment", "correction_reason", "decision_comment", "text")
"""What people write beside a figure may repeat it."""


def is_about_people(version: IndicatorVersion) -> bool:
    """Split by something that only persons have, or counting persons by its own words (METHOD 2.7, small cells)."""
    names = [f"{one['name']} {one.get('label', '')}".lower() for one in version.disaggregations]
    words = f"{version.numerator_label} {version.denominator_label} {version.name} {version.unit}".lower()
    by_person = any(part.startswith(PERSONAL_DIMENSIONS) for name in names for part in name.split())
    return by_person or any(part.startswith(PERSONAL_WORDS) for part in words.split())


def sees_small_cells(user: User, indicator: ProgrammeIndicator) -> bool:
    """Those who enter and approve the figures work with each of them. One query, none for administrators."""
    return user.is_admin or indicator.programme_id in _works_in(user)


def _works_in(user: User) -> set[int]:
    """The programmes whose figures the person enters, validates or approves today. One query."""
    held = Membership.objects.active().filter(
        user=user, role__in=[Role.OFFICER, Role.VALIDATOR, Role.APPROVER]
    )
    return set(held.values_list("programme_id", flat=True))


def withheld(user: User, observations: Iterable[Observation]) -> set[int]:
    """Which of these figures are left out for this person. Two queries, however many figures; none for administrators.

    A figure of a cell is left out where `hidden_places` says so of the accepted figures of its period. Of a cell that
    was not accepted, or is not in force any more, only the existence is shown: beside the accepted ones it would tell
    what they hide. Whole figures of a unit stay.

    Args:
        observations: with their `indicator` and its `version`.
    """
    split = _split_by_people(observations)
    if not split or user.is_admin:
        return set()
    works_in = _works_in(user)
    return _hidden([one for one in split if one.indicator.programme_id not in works_in])


def withheld_from_all(observations: Iterable[Observation]) -> set[int]:
    """As `withheld`, for a file that leaves the house: whoever makes it. One query at most."""
    return _hidden(_split_by_people(observations))


def _split_by_people(observations: Iterable[Observation]) -> list[Observation]:
    return [
        one
        for one in observations
        if one.cell
        and is_about_people(one.indicator.version)
        and one.indicator.version.value_type != ValueType.TEXT
    ]


def _hidden(split: Sequence[Observation]) -> set[int]:
    places = _hidden_by_key({(one.indicator_id, one.period_id) for one in split}, split)
    return {
        one.pk
        for one in split
        if one.state != State.APPROVED
        or site_cell(one.unit_id, one.cell) in places[one.indicator_id, one.period_id]
    }


def shown_to(user: User, observations: Iterable[Observation]) -> list[Observation]:
    """The same figures in the same order; those left out as copies without numbers and words, `is_left_out` set."""
    found = list(observations)
    hidden = withheld(user, found)
    return [_emptied(one) if one.pk in hidden else _whole(one) for one in found]


def _whole(one: Observation) -> Observation:
    one.is_left_out = False  # type: ignore[attr-defined]
    return one


def _emptied(one: Observation) -> Observation:
    shell = copy(one)
    for name in FIGURES:
        setattr(shell, name, None)
    for name in WORDS:
        setattr(shell, name, "")
    shell.is_left_out = True  # type: ignore[attr-defined]
    return shell


def _hidden_by_key(keys: Collection[Key], split: Sequence[Observation]) -> dict[Key, frozenset[str]]:
    if not keys:
        return {}
    rules = {one.indicator_id: one.indicator.version.rule() for one in split}
    found = measurements_of(
        Observation.objects.current().filter(
            indicator__in={indicator for indicator, _period in keys},
            period__in={period for _indicator, period in keys},
        )
    )
    return {key: hidden_places(found[key], rules[key[0]]) if key in found else frozenset() for key in keys}


def hidden_places(measurements: Sequence[Measurement], rule: IndicatorRule) -> frozenset[str]:
    """Hidden cells, of single sites and over all: both are decided in one table, for both are shown."""
    figures = breakdown(by_site(measurements), rule)
    whole = [one.cell for one in figures if all(name == SITE for name, _code in cell_parts(one.cell))]
    return suppressed(figures, rule, always_shown=whole).hidden
