"""The people of a course run without anybody's code, and what is worked out from them. No arithmetic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from indicators.engine.types import Message, Refusal

PRE, POST, MONTH_6, MONTH_12 = "pre", "post", "m6", "m12"
MONTHS = {PRE: 0, POST: 0, MONTH_6: 6, MONTH_12: 12}


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """A test: points reached, points possible, and which version of the test (empty: not stated)."""

    score: Decimal
    maximum: Decimal
    form: str = ""

    @property
    def percent(self) -> Decimal:
        return 100 * self.score / self.maximum


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A follow-up: who was asked has one. None: that question was not answered."""

    responded: bool
    applied: bool | None = None
    in_post: bool | None = None
    supervisor_confirmed: bool | None = None
    contacts: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A participant, without name or code."""

    nation: str
    sex: str
    """f or m."""
    age_band: str
    completed: bool = True
    reaction: Decimal | None = None
    """1 to 5."""
    scores: Mapping[str, Score] = field(default_factory=dict)
    """By occasion."""
    answers: Mapping[str, Answer] = field(default_factory=dict)
    """By occasion."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One course run. None: not recorded."""

    ends_on: date
    people: Sequence[Person] = ()
    pass_mark: Decimal | None = None
    """Percent of the maximum."""
    cost: Decimal | None = None
    hours_total: Decimal | None = None
    hours_regional: Decimal | None = None
    is_removed: bool = False
    """The rows about persons were removed after their time."""

    @property
    def graduates(self) -> int:
        return sum(one.completed for one in self.people)


@dataclass(frozen=True, slots=True, kw_only=True)
class CourseFigure:
    """One figure of a run, or why there is none: exactly one of `value` and `refusal` is None."""

    code: str
    """The library's code, or IN_POST and COST_APPLIED, which are shown and not reported."""
    months: int = 0
    """Months after the run for which it holds."""
    value: Decimal | None = None
    """On the indicator's scale: percent for shares, EUR for costs, g for the gain."""
    numerator: Decimal | None = None
    denominator: Decimal | None = None
    low: Decimal | None = None
    high: Decimal | None = None
    """95 % interval; None when there is none (a count of all is not a sample)."""
    standard_error: Decimal | None = None
    n: int = 0
    """Persons (or hours) that it rests on."""
    asked: int | None = None
    """Of how many."""
    flags: tuple[str, ...] = ()
    rule: str = ""
    substituted: str = ""
    sentence: tuple[Message, ...] = ()
    refusal: Refusal | None = None
