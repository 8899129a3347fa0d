"""The detector of one size for all, on designs small enough to count by hand."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from indicators.engine.sameness import Design, Tailored, likenesses

USUAL = (Decimal("0.90"), Decimal("0.75"))


def tailored(definition, target=80, thresholds=USUAL, weight=1, rationale="Because."):
    return Tailored(
        definition=definition,
        target=None if target is None else Decimal(target),
        thresholds=thresholds,
        weight=Decimal(weight),
        rationale=rationale,
    )


def pair(one, other):
    found = likenesses([Design(key="one", indicators=one), Design(key="other", indicators=other)])
    return next((each for each in found if each.design == "one"), None)


def test_a_copy_is_a_copy():
    design = [tailored(name) for name in "ABC"]

    assert pair(design, design).share == 1
    assert pair(design, design).is_copy
    assert pair(design, design).copied_words == ("A", "B", "C")


def test_other_targets_alone_stay_below_the_border():
    found = pair([tailored(n, 80) for n in "ABCDE"], [tailored(n, 70, rationale="Else.") for n in "ABCDE"])

    assert found.share == Fraction(10, 15)
    assert not found.is_copy
    assert found.copied_words == ()


def test_the_border_itself_is_too_alike():
    one = [tailored(n) for n in "ABCDE"]
    other = [tailored(n, 70) for n in "ABC"] + [tailored(n) for n in "DE"]

    assert pair(one, other).share == Fraction(12, 15)
    assert pair(one, other).is_copy


def test_it_is_counted_from_ones_own_side():
    small, large = [tailored("A")], [tailored(n) for n in "ABCDEFGHIJ"]

    assert pair(small, large).share == 1
    assert pair(large, small).share == Fraction(1, 10)


def test_a_monitored_indicator_has_no_target_to_share():
    found = pair([tailored("A", None)], [tailored("A", None)])

    assert found.targets == (0, 0)
    assert found.share == 1


def test_equal_decimals_of_other_length_are_equal():
    assert pair([tailored("A", "80.0")], [tailored("A", "80.000000")]).targets == (1, 1)


def test_spaces_and_capitals_make_no_other_words():
    found = pair([tailored("A", rationale="Fits  here.\n")], [tailored("A", rationale="fits here.")])

    assert found.copied_words == ("A",)


def test_designs_without_a_shared_indicator_are_no_pair():
    assert pair([tailored("A")], [tailored("B")]) is None
    assert likenesses([]) == []
    assert likenesses([Design(key="x", indicators=[])]) == []
