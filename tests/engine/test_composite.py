"""Indices with fixed goalposts: what they say, when they refuse, and how far they can be trusted."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indicators.engine import exact
from indicators.engine.composite import (
    Aggregation,
    Component,
    Goalposts,
    compare,
    composite,
    normalise,
    sensitivity,
    weighted_geometric_mean,
)
from indicators.engine.errors import EngineError
from indicators.engine.types import RefusalCode

UNIT = Goalposts(low=Decimal(0), high=Decimal(1))


def parts(*values, weights=()):
    return [
        Component(
            name=f"part {i}",
            value=None if v is None else Decimal(str(v)),
            goalposts=UNIT,
            weight=Decimal(str(weights[i])) if weights else Decimal(1),
        )
        for i, v in enumerate(values)
    ]


def test_the_human_development_index_of_a_technical_note():
    income = Component(
        name="income",
        value=Decimal(3829),
        goalposts=Goalposts(low=Decimal(100), high=Decimal(75000), is_logarithmic=True),
    )
    rest = [
        Component(name=n, value=Decimal(v), goalposts=UNIT)
        for n, v in (("health", "0.6971"), ("education", "0.3447"))
    ]

    found = composite([income, *rest])

    assert float(found.parts[0].normalised) == pytest.approx(0.5506, abs=6e-4)
    assert float(found.value) == pytest.approx(0.51, abs=6e-4)
    assert float(composite([income, *rest], how=Aggregation.ARITHMETIC).value) == pytest.approx(
        0.5308, abs=6e-4
    )


@pytest.mark.parametrize(("values", "arithmetic", "geometric"), [((0, 10), 5, 0), ((5, 5), 5, 5)])
def test_a_geometric_mean_does_not_let_a_strong_part_buy_off_a_weak_one(values, arithmetic, geometric):
    numbers, ones = [Decimal(v) for v in values], [Decimal(1)] * 2

    assert exact.weighted_mean(numbers, ones) == arithmetic
    assert float(weighted_geometric_mean(numbers, ones)) == pytest.approx(geometric)


def test_a_zero_is_raised_to_the_floor_and_that_is_said():
    found = composite(parts(0, 1))

    assert found.value == Decimal("0.1")
    assert found.parts[0].is_floored
    assert "floor of 0.01: part 0" in str(found.notes[0])
    assert composite(parts(0, 1), floor=Decimal(0)).value == 0
    assert composite(parts(0, 1), how=Aggregation.ARITHMETIC).value == Decimal("0.5")


def test_less_is_better_is_turned_round_and_what_lies_beyond_is_cut_and_said():
    posts = Goalposts(low=Decimal(10), high=Decimal(20), higher_is_better=False)

    assert [normalise(Decimal(x), posts) for x in (10, 12, 20, 25, 5)] == [1, Decimal("0.8"), 0, 0, 1]
    found = composite([Component(name="x", value=Decimal(5), goalposts=posts)])
    assert found.parts[0].is_clipped
    assert "Beyond a goalpost" in str(found.notes[0])


def test_below_65_percent_of_the_weight_there_is_no_index():
    found = composite(parts(0.5, 0.5, None, weights=(0.3, 0.34, 0.36)))

    assert found.code is RefusalCode.WEIGHT_COVERAGE_TOO_LOW
    assert composite(parts(None)).code is composite([]).code is RefusalCode.WEIGHT_COVERAGE_TOO_LOW


def test_a_missing_part_is_left_out_stretched_and_said():
    found = composite(parts(0.4, 0.4, None, weights=(1, 1, 1)), how=Aggregation.ARITHMETIC)

    assert found.value == Decimal("0.4")
    assert [p.weight for p in found.parts] == [Decimal("0.5"), Decimal("0.5"), 0]
    assert "part 2; 66.7 %" in str(found.notes[0])


@pytest.mark.parametrize(
    "posts",
    [
        Goalposts(low=Decimal(1), high=Decimal(1)),
        Goalposts(low=Decimal(2), high=Decimal(1)),
        Goalposts(low=Decimal(0), high=Decimal(1), is_logarithmic=True),
    ],
)
def test_goalposts_that_are_none_are_refused(posts):
    assert (
        composite([Component(name="x", value=Decimal(1), goalposts=posts)]).code
        is RefusalCode.GOALPOSTS_WRONG
    )


@pytest.mark.parametrize("given_parts", [[*parts(1), *parts(1)], parts(1, weights=(-1,))])
def test_impossible_parts_say_what_was_expected(given_parts):
    with pytest.raises(EngineError, match=r"different names|0 or more"):
        composite(given_parts)
    with pytest.raises(EngineError, match="0 or more"):
        weighted_geometric_mean([Decimal(-1)], [Decimal(1)])


def test_the_interval_holds_the_index_and_comes_back_with_its_seed():
    one = parts(0.9, 0.2, 0.6)

    found = sensitivity(one, seed=7)

    assert found == sensitivity(one, seed=7)
    assert found != sensitivity(one, seed=8)
    assert (found.draws, found.seed) == (1000, 7)
    assert found.low < composite(one).value < found.high
    assert sensitivity(parts(None), seed=1).code is RefusalCode.WEIGHT_COVERAGE_TOO_LOW


def test_equal_parts_leave_nothing_to_chance():
    found = sensitivity(parts(0.4, 0.4, 0.4), seed=1)

    assert (float(found.low), float(found.high)) == pytest.approx((0.4, 0.4))


def test_ranks_come_with_intervals_and_name_those_that_cannot_be_told_apart():
    ranked, refused = compare(
        {
            "far": parts(0.1, 0.1, 0.1),
            "a": parts(0.9, 0.5, 0.6),
            "b": parts(0.6, 0.9, 0.5),
            "none": parts(None, None, 1),
        },
        seed=3,
    )

    assert list(ranked) == ["a", "b", "far"]
    assert [one.rank for one in ranked.values()] == [1, 1, 3]
    assert ranked["a"].not_distinguishable_from == ("b",)
    assert (ranked["a"].rank_low, ranked["a"].rank_high) == (1, 2)
    assert (ranked["far"].rank_low, ranked["far"].rank_high) == (3, 3)
    assert ranked["far"].not_distinguishable_from == ()
    assert refused["none"].code is RefusalCode.WEIGHT_COVERAGE_TOO_LOW
    assert compare({"none": parts(None)}, seed=1)[0] == {}


def test_a_single_part_is_never_left_out():
    found = sensitivity(parts(0.7), seed=1)

    assert (float(found.low), float(found.high)) == pytest.approx((0.7, 0.7))
    two = sensitivity(parts(0.7, None, weights=(0.8, 0.2)), seed=1)
    assert (float(two.low), float(two.high)) == pytest.approx((0.7, 0.7))


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=6))
def test_the_geometric_index_is_never_above_the_arithmetic_one_and_order_plays_no_part(values):
    one = parts(*[round(v, 6) for v in values])

    geometric = composite(one, floor=Decimal(0)).value
    assert geometric <= composite(one, how=Aggregation.ARITHMETIC).value + Decimal("1e-9")
    assert composite(one[::-1], floor=Decimal(0)).value == geometric
