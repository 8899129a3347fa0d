"""The data-quality profile: what each standard loses points for, and the label of the weakest."""

from datetime import date
from decimal import Decimal

import pytest

from indicators.engine.profile import (
    QualityFacts,
    QualityWord,
    Shares,
    Standard,
    is_expired,
    quality_profile,
    weakest_grade,
)
from indicators.engine.types import Coverage


def share(part, whole):
    return Shares(part=part, whole=whole)


GOOD = {
    "figures": 10,
    "same_definition": share(10, 10),
    "is_proxy": False,
    "with_evidence": share(10, 10),
    "corrected": share(0, 10),
    "below_minimum": share(0, 10),
    "grades": (("A", 1), ("B", 2)),
    "sources": 1,
    "age": Decimal("0.4"),
    "on_time": share(10, 10),
    "coverage": Coverage(reported=10, expected=10),
}


def profile(**given):
    return quality_profile(QualityFacts(**(GOOD | given)))


def score(standard, **given):
    return {one.standard: one.score for one in profile(**given).scores}[standard]


def test_good_records_are_good_in_all_five():
    found = profile()

    assert [one.score for one in found.scores] == [3, 3, 3, 3, 3]
    assert (found.word, found.grade, found.ungraded) == (QualityWord.GOOD, "B2", 0)
    assert set(found.weakest) == set(Standard)


def test_the_label_is_that_of_the_weakest_never_the_mean():
    found = profile(age=Decimal(3))

    assert [one.score for one in found.scores] == [3, 3, 3, 3, 0]
    assert (found.overall, found.word, found.weakest) == (0, QualityWord.POOR, (Standard.TIMELINESS,))


def test_nothing_known_is_unknown_and_does_not_decide():
    empty = quality_profile(QualityFacts(figures=0))
    known = profile(same_definition=None, is_proxy=None, below_minimum=None)

    assert (empty.overall, empty.word, empty.weakest) == (None, QualityWord.UNKNOWN, ())
    assert all(one.score is None and str(one.reasons[0]) for one in empty.scores)
    assert [one.score for one in known.scores] == [None, 3, None, 3, 3]
    assert known.overall == 3


@pytest.mark.parametrize(
    ("standard", "given", "expected"),
    [
        (Standard.VALIDITY, {"same_definition": share(9, 10)}, 1),
        (Standard.VALIDITY, {"is_proxy": True}, 2),
        (Standard.VALIDITY, {"mismatches": 1}, 2),
        (Standard.VALIDITY, {"same_definition": share(9, 10), "is_proxy": True, "mismatches": 4}, 0),
        (Standard.INTEGRITY, {"same_person": 1}, 0),
        (Standard.INTEGRITY, {"with_evidence": share(94, 100)}, 2),
        (Standard.INTEGRITY, {"with_evidence": share(95, 100)}, 3),
        (Standard.INTEGRITY, {"with_evidence": share(4, 10)}, 1),
        (Standard.INTEGRITY, {"corrected": share(3, 10)}, 2),
        (Standard.INTEGRITY, {"corrected": share(1, 4)}, 3),
        (Standard.PRECISION, {"is_sample": True, "with_error": share(1, 10)}, 1),
        (Standard.PRECISION, {"margin": Decimal(5), "planned_change": Decimal(-10)}, 3),
        (Standard.PRECISION, {"margin": Decimal(6), "planned_change": Decimal(10)}, 2),
        (Standard.PRECISION, {"margin": Decimal(11), "planned_change": Decimal(10)}, 0),
        (Standard.PRECISION, {"margin": Decimal(11), "planned_change": Decimal(0)}, 3),
        (Standard.PRECISION, {"below_minimum": share(1, 10)}, 2),
        (Standard.PRECISION, {"below_minimum": share(3, 10)}, 1),
        (Standard.RELIABILITY, {"grades": (("A", 1), ("C", 1))}, 2),
        (Standard.RELIABILITY, {"grades": (("A", 1), ("A", 4))}, 1),
        (Standard.RELIABILITY, {"grades": (("E", 1),)}, 0),
        (Standard.RELIABILITY, {"grades": (("F", 6), ("F", 6), ("A", 1))}, 2),
        (Standard.RELIABILITY, {"grades": (("F", 6), ("A", 1))}, 3),
        (Standard.RELIABILITY, {"grades": (("F", 6),)}, 1),
        (Standard.RELIABILITY, {"sources": 2}, 2),
        (Standard.TIMELINESS, {"age": Decimal(1)}, 3),
        (Standard.TIMELINESS, {"age": Decimal("1.1")}, 2),
        (Standard.TIMELINESS, {"age": Decimal("2.1")}, 0),
        (Standard.TIMELINESS, {"on_time": share(9, 10)}, 2),
        (Standard.TIMELINESS, {"on_time": share(7, 10)}, 1),
        (Standard.TIMELINESS, {"coverage": Coverage(reported=7, expected=10)}, 2),
        (Standard.TIMELINESS, {"coverage": Coverage(reported=8, expected=10)}, 3),
    ],
)
def test_a_standard_loses_points_for_what_is_found(standard, given, expected):
    assert score(standard, **given) == expected


def test_every_loss_has_its_sentence():
    found = profile(same_person=2, with_evidence=share(4, 10))

    texts = [str(reason) for reason in found.scores[1].reasons]
    assert texts == [
        "2 figures were entered and approved by the same person.",
        "4 of 10 figures have evidence.",
    ]


def test_the_weakest_grade_takes_the_weakest_letter_and_number():
    assert weakest_grade([("A", 2), ("C", 1)]) == ("C2", 0)
    assert weakest_grade([("F", 6)]) == ("", 1)
    assert weakest_grade([("B", 6)]) == ("B", 1)
    assert weakest_grade([]) == ("", 0)


def test_an_assessment_by_people_holds_for_three_years():
    assert not is_expired(date(2022, 5, 4), date(2025, 5, 4))
    assert is_expired(date(2022, 5, 4), date(2025, 5, 5))
    assert is_expired(date(2024, 2, 29), date(2027, 3, 2))
    assert not is_expired(date(2024, 2, 29), date(2027, 3, 1))
