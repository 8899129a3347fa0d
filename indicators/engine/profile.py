"""The data-quality profile of one indicator: five standards, 0 to 3 each, and the weakest. Changes no number."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from .display import format_number, format_share
from .messages import gettext_noop, message
from .quality import Freshness, freshness, is_partial
from .rules import METHOD_RULES
from .types import Coverage, Message

EXPIRES_AFTER_YEARS = 3
Z_95 = Decimal("1.959964")
GOOD_SHARE = Decimal("0.95")


class Standard(StrEnum):
    """The five standards of data quality (METHOD 2.7)."""

    VALIDITY = "validity"
    INTEGRITY = "integrity"
    PRECISION = "precision"
    RELIABILITY = "reliability"
    TIMELINESS = "timeliness"


class QualityWord(StrEnum):
    """0 to 3 in a word."""

    UNKNOWN = "unknown"
    POOR = "poor"
    WEAK = "weak"
    FAIR = "fair"
    GOOD = "good"


_WORDS = (QualityWord.POOR, QualityWord.WEAK, QualityWord.FAIR, QualityWord.GOOD)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shares:
    """So many of so many."""

    part: int
    whole: int

    @property
    def share(self) -> Decimal | None:
        return None if self.whole == 0 else Decimal(self.part) / Decimal(self.whole)


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityFacts:
    """What the records say of themselves; None where it is not known. Counts are of approved figures."""

    figures: int
    same_definition: Shares | None = None
    """Figures that were collected under the definition in force."""
    is_proxy: bool | None = None
    mismatches: int = 0
    """Totals that their parts do not give."""
    same_person: int = 0
    """Figures entered and approved by one person."""
    with_evidence: Shares | None = None
    corrected: Shares | None = None
    """Figures that were replaced after approval."""
    is_sample: bool = False
    """Figures are estimates from samples, so that each should state its standard error."""
    with_error: Shares | None = None
    margin: Decimal | None = None
    """Half width of the 95 % interval of the newest value, in the indicator's unit."""
    planned_change: Decimal | None = None
    """Target − baseline: the change to be told from chance."""
    below_minimum: Shares | None = None
    """Periods refused because the data were too few."""
    grades: tuple[tuple[str, int], ...] = ()
    """Source reliability A–F and credibility 1–6 of each figure."""
    sources: int | None = None
    """Different ways in which figures of one unit came in (form, file, API)."""
    age: Decimal | None = None
    """As from `quality.staleness`; None without a calendar."""
    on_time: Shares | None = None
    coverage: Coverage | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StandardScore:
    """One standard: 0 (poor) to 3 (good), None when nothing is known of it, and why."""

    standard: Standard
    score: int | None
    reasons: tuple[Message, ...]

    @property
    def word(self) -> QualityWord:
        return QualityWord.UNKNOWN if self.score is None else _WORDS[self.score]


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityProfile:
    """All five, and the label of the weakest: a timely invalid number is invalid (METHOD 2.7)."""

    scores: tuple[StandardScore, ...]
    overall: int | None
    weakest: tuple[Standard, ...]
    """The standards that give the overall label; several when they tie."""
    grade: str
    """Weakest evidence grade among the graded figures, e.g. ``C3``; empty when none is graded."""
    ungraded: int
    """Figures whose source or information cannot be judged (F or 6)."""

    @property
    def word(self) -> QualityWord:
        return QualityWord.UNKNOWN if self.overall is None else _WORDS[self.overall]


def quality_profile(facts: QualityFacts) -> QualityProfile:
    """Score the automatic part of each standard; what people must judge is not guessed.

    A standard starts at 3 and loses points for what is found; each loss has its sentence. A standard of which nothing
    is known has no score and does not decide the label, but stands there as unknown.

    Source: METHOD 2.7; the five standards of data quality assessments in development aid.
    """
    judged = (_validity, _integrity, _precision, _reliability, _timeliness)
    scores = tuple(judge(facts) for judge in judged)
    known = [one.score for one in scores if one.score is not None]
    overall = min(known) if known and facts.figures else None
    weakest = tuple(one.standard for one in scores if overall is not None and one.score == overall)
    grade, ungraded = weakest_grade(facts.grades)
    return QualityProfile(scores=scores, overall=overall, weakest=weakest, grade=grade, ungraded=ungraded)


def weakest_grade(grades: Sequence[tuple[str, int]]) -> tuple[str, int]:
    """The weakest letter and the weakest number among graded figures, and how many cannot be judged.

    F and 6 mean that nothing is known, not that it is worst, so they are counted apart.

    >>> weakest_grade([("A", 1), ("C", 2), ("B", 4), ("F", 6)])
    ('C4', 1)
    """
    letters = [letter for letter, _ in grades if letter in "ABCDE"]
    numbers = [number for _, number in grades if 1 <= number <= 5]
    ungraded = sum(letter not in "ABCDE" or not 1 <= number <= 5 for letter, number in grades)
    return f"{max(letters, default='')}{max(numbers, default='')}", ungraded


def is_expired(assessed_on: date, as_of: date) -> bool:
    """A data-quality assessment by people holds for three years (METHOD 2.7)."""
    try:
        ends_on = assessed_on.replace(year=assessed_on.year + EXPIRES_AFTER_YEARS)
    except ValueError:  # 29 February
        ends_on = date(assessed_on.year + EXPIRES_AFTER_YEARS, 3, 1)
    return as_of > ends_on


class _Marks:
    """Points left of a standard, with a sentence for each that was taken."""

    def __init__(self) -> None:
        self.left = 3
        self.known = False
        self.reasons: list[Message] = []

    def saw(self, cost: int, template: str, **params: object) -> None:
        self.known = True
        self.left -= cost
        self.reasons.append(message(template, **params))

    def score(self, standard: Standard) -> StandardScore:
        if not self.known:
            reason = message(gettext_noop("Nothing is recorded that would tell."))
            return StandardScore(standard=standard, score=None, reasons=(reason,))
        return StandardScore(standard=standard, score=max(self.left, 0), reasons=tuple(self.reasons))


def _parts(shares: Shares) -> dict[str, object]:
    return {"part": shares.part, "whole": shares.whole}


def _validity(facts: QualityFacts) -> StandardScore:
    marks = _Marks()
    if facts.same_definition is not None and facts.same_definition.whole:
        whole = facts.same_definition.part == facts.same_definition.whole
        marks.saw(
            0 if whole else 2,
            gettext_noop("%(part)s of %(whole)s figures were collected under the definition in force."),
            **_parts(facts.same_definition),
        )
    if facts.is_proxy is not None:
        marks.saw(
            1 if facts.is_proxy else 0,
            gettext_noop("It stands in for what cannot be measured directly.")
            if facts.is_proxy
            else gettext_noop("It measures what it is about directly."),
        )
    if facts.mismatches:
        marks.saw(
            1, gettext_noop("%(count)s totals differ from the sum of their parts."), count=facts.mismatches
        )
    return marks.score(Standard.VALIDITY)


def _integrity(facts: QualityFacts) -> StandardScore:
    marks = _Marks()
    if not facts.figures:
        return marks.score(Standard.INTEGRITY)
    if facts.same_person:
        marks.saw(
            3,
            gettext_noop("%(count)s figures were entered and approved by the same person."),
            count=facts.same_person,
        )
    else:
        marks.saw(0, gettext_noop("Every figure was approved by a second person."))
    evidence = facts.with_evidence
    if evidence is not None and evidence.share is not None:
        cost = 0 if evidence.share >= GOOD_SHARE else (1 if evidence.share >= Decimal("0.5") else 2)
        marks.saw(cost, gettext_noop("%(part)s of %(whole)s figures have evidence."), **_parts(evidence))
    corrected = facts.corrected
    if corrected is not None and corrected.share is not None and corrected.share > Decimal("0.25"):
        marks.saw(
            1,
            gettext_noop("%(part)s of %(whole)s figures were corrected after approval."),
            **_parts(corrected),
        )
    return marks.score(Standard.INTEGRITY)


def _precision(facts: QualityFacts) -> StandardScore:
    marks = _Marks()
    errors = facts.with_error
    if facts.is_sample and errors is not None and errors.share is not None:
        marks.saw(
            0 if errors.share >= GOOD_SHARE else 2,
            gettext_noop("%(part)s of %(whole)s estimates state their standard error."),
            **_parts(errors),
        )
    if facts.margin is not None and facts.planned_change:
        share = facts.margin / abs(facts.planned_change)
        marks.saw(
            0 if share <= Decimal("0.5") else (1 if share <= 1 else 3),
            gettext_noop("The margin of error is %(share)s of the planned change."),
            share=format_share(share),
        )
    small = facts.below_minimum
    if small is not None and small.share is not None:
        cost = 0 if small.part == 0 else (1 if small.share <= Decimal("0.25") else 2)
        marks.saw(cost, gettext_noop("%(part)s of %(whole)s periods rest on too few cases."), **_parts(small))
    return marks.score(Standard.PRECISION)


def _reliability(facts: QualityFacts) -> StandardScore:
    marks = _Marks()
    grade, ungraded = weakest_grade(facts.grades)
    graded = len(facts.grades) - ungraded
    if graded:
        letters = Counter(letter for letter, _ in facts.grades if letter in "ABCDE")
        worst = max(letters, default="A")
        numbers = [number for _, number in facts.grades if 1 <= number <= 5]
        weak = max("ABCDE".index(worst), max(numbers, default=1) - 1)
        marks.saw(
            (0, 0, 1, 2, 3)[weak], gettext_noop("The weakest evidence is graded %(grade)s."), grade=grade
        )
        if ungraded:
            marks.saw(
                1 if 2 * ungraded > len(facts.grades) else 0,
                gettext_noop("%(part)s of %(whole)s figures are not graded."),
                part=ungraded,
                whole=len(facts.grades),
            )
    elif facts.grades:
        marks.saw(2, gettext_noop("No figure has an evidence grade."))
    if facts.sources is not None and facts.sources > 1:
        marks.saw(1, gettext_noop("Figures came in %(count)s different ways."), count=facts.sources)
    return marks.score(Standard.RELIABILITY)


def _timeliness(facts: QualityFacts) -> StandardScore:
    marks = _Marks()
    if facts.age is not None:
        word = freshness(facts.age)
        marks.saw(
            {Freshness.FRESH: 0, Freshness.AGEING: 1, Freshness.STALE: 3}[word],
            {
                Freshness.FRESH: gettext_noop("The newest value is fresh (age %(age)s reporting spans)."),
                Freshness.AGEING: gettext_noop("The newest value is ageing (age %(age)s reporting spans)."),
                Freshness.STALE: gettext_noop("The newest value is stale (age %(age)s reporting spans)."),
            }[word],
            age=format_number(facts.age, 1),
        )
    on_time = facts.on_time
    if on_time is not None and on_time.share is not None:
        cost = 0 if on_time.share >= GOOD_SHARE else (1 if on_time.share >= METHOD_RULES.partial_below else 2)
        marks.saw(cost, gettext_noop("%(part)s of %(whole)s figures came in on time."), **_parts(on_time))
    if facts.coverage is not None and facts.coverage.share is not None:
        marks.saw(
            1 if is_partial(facts.coverage) else 0,
            gettext_noop("%(part)s of %(whole)s figures that were due are there."),
            part=facts.coverage.reported,
            whole=facts.coverage.expected,
        )
    return marks.score(Standard.TIMELINESS)
