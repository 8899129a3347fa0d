"""An index from its inputs: scores with intervals, ranks with theirs, refusals, and how each came about."""

from dataclasses import replace
from decimal import Decimal

import pytest

from indicators.engine.codec import from_json, to_json
from indicators.engine.composite import Aggregation, Goalposts, composite
from indicators.engine.errors import EngineError
from indicators.engine.index import (
    Across,
    IndexInputs,
    IndexMember,
    IndexPart,
    IndexScores,
    Reads,
    is_higher_better,
    judge_index,
    seed_of,
)
from indicators.engine.messages import message
from indicators.engine.types import Direction, RefusalCode

PERCENT = Goalposts(low=Decimal(0), high=Decimal(100))


def part(place, value, *, posts=PERCENT, weight="1", reads=Reads.LEVEL):
    return IndexPart(
        key=f"P-{place}",
        name=f"Part {place}",
        indicator=place,
        reads=reads,
        value=None if value is None else Decimal(str(value)),
        goalposts=posts,
        weight=Decimal(weight),
    )


def member(key, *values, **given):
    return IndexMember(
        key=key, name=f"Member {key}", parts=tuple(part(i, v, **given) for i, v in enumerate(values))
    )


def inputs(*members, how=Aggregation.GEOMETRIC, across=Across.PARTNERS, **given):
    return IndexInputs(across=across, how=how, members=members, **given)


def test_one_member_has_a_score_with_its_interval_and_no_rank():
    (score,) = judge_index(inputs(member("A", 90, 40, 60), across=Across.PROGRAMME)).scores

    assert float(score.value) == pytest.approx((0.9 * 0.4 * 0.6) ** (1 / 3))
    assert score.low < score.value < score.high
    assert score.refusal is None
    assert (score.rank, score.rank_low, score.rank_high) == (None, None, None)


def test_an_army_that_fights_well_and_answers_to_nobody_does_not_score_average():
    geometric, arithmetic = (
        judge_index(inputs(member("A", 98, 2, 2), how=how)).scores[0].value for how in Aggregation
    )

    assert geometric < Decimal("0.1")
    assert arithmetic == Decimal("0.34")


def test_the_same_numbers_give_the_same_interval_whatever_they_are_called():
    first = inputs(member("A", 90, 40, 60), member("B", 10, 50, 30))
    renamed = replace(first, members=tuple(replace(one, name="Other") for one in first.members))
    moved = inputs(member("A", 90, 40, 61), member("B", 10, 50, 30))

    assert judge_index(first) == judge_index(first)
    assert seed_of(renamed) == seed_of(first)
    assert seed_of(moved) != seed_of(first)
    scale = Decimal("90.000000")
    rescaled = replace(
        first.members[0], parts=(replace(first.members[0].parts[0], value=scale), *first.members[0].parts[1:])
    )
    assert seed_of(replace(first, members=(rescaled, first.members[1]))) == seed_of(first)


def test_a_rank_and_a_score_always_lie_inside_their_intervals():
    found = judge_index(
        inputs(*(member(key, *values) for key, values in {
            "A": (99, 1, 50), "B": (50, 50, 45), "C": (2, 98, 60), "D": (33, 34, 35), "E": (70, 20, None),
        }.items()))
    )  # fmt: skip

    for score in found.scores:
        assert score.low <= score.value <= score.high
        assert score.rank_low <= score.rank <= score.rank_high


def test_overlapping_intervals_are_not_distinguishable_and_that_is_mutual():
    found = judge_index(inputs(member("A", 80, 60), member("B", 62, 78), member("C", 3, 4)))
    by_key = {one.key: one for one in found.scores}

    assert by_key["A"].not_distinguishable_from == ("B",)
    assert by_key["B"].not_distinguishable_from == ("A",)
    assert by_key["C"].not_distinguishable_from == ()
    assert (by_key["C"].rank_low, by_key["C"].rank_high) == (3, 3)


def test_one_scored_member_among_refused_ones_has_no_rank():
    found = judge_index(inputs(member("A", 80, 60), member("B", None, 78)))

    scored, refused = found.scores
    assert (scored.key, scored.rank) == ("A", None)
    assert refused.refusal.code is RefusalCode.WEIGHT_COVERAGE_TOO_LOW
    assert (refused.value, refused.usable_weight) == (None, Decimal("0.5"))


def test_the_border_of_the_usable_weight_is_a_rule():
    two_of_three = member("A", 80, 60, None)

    assert judge_index(inputs(two_of_three)).scores[0].value is not None
    strict = judge_index(inputs(two_of_three, usable_from=Decimal("0.7"))).scores[0]
    assert "66.7 % of the weight; at least 70 % are needed" in str(strict.refusal.message)
    assert composite([], usable_from=Decimal("0.1")).code is RefusalCode.WEIGHT_COVERAGE_TOO_LOW


def test_each_part_is_explained_with_its_rule_and_its_numbers():
    log = Goalposts(low=Decimal(100), high=Decimal(75000), is_logarithmic=True)
    down = Goalposts(low=Decimal(0), high=Decimal(40), higher_is_better=False)
    one = IndexMember(
        key="A",
        name="A",
        parts=(
            part(0, 3829, posts=log),
            part(1, 30, posts=down),
            part(2, "0.4", posts=Goalposts(low=Decimal(0), high=Decimal(1)), reads=Reads.PROGRESS),
            part(3, 0),
            replace(part(4, None, weight="0.5"), why_missing=message("Late.")),
        ),
    )

    (score,) = judge_index(inputs(one)).scores
    steps = {str(step.label): step for step in score.steps}

    assert steps["Part 0, between its goalposts"].rule == "ln(x / low) / ln(high / low)"
    assert steps["Part 0, between its goalposts"].result == "0.551"
    assert steps["Part 1, between its goalposts"].substituted == "1 − (30 − 0) / (40 − 0)"
    assert (
        "40\N{NO-BREAK SPACE}% − 0\N{NO-BREAK SPACE}%" in steps["Part 2, between its goalposts"].substituted
    )
    assert steps["Part 3, between its goalposts and raised to the floor"].result == "0.010"
    assert steps["Part 4: left out, never imputed"].result == "—"
    assert any(step.substituted.startswith("seed ") for step in score.steps)
    assert "from 0 (worst) to 1 (best)" in str(score.sentence[0])
    assert {str(note).split(":")[0] for note in score.notes} == {
        "Without a value and left out",
        "Raised to the floor of 0.01",
    }


def test_inputs_and_scores_come_back_from_what_is_stored():
    given = inputs(member("A", 80, None, 60), member("B", None, None, 3))
    found = judge_index(given)

    assert from_json(IndexInputs, to_json(given)) == given
    assert from_json(IndexScores, to_json(found)) == found


@pytest.mark.parametrize("members", [(), (member("A", 1, 2), member("A", 3, 4))])
def test_no_member_and_two_of_one_key_are_misuse(members):
    with pytest.raises(EngineError, match="different keys"):
        judge_index(inputs(*members))


def test_every_direction_says_which_end_is_better_or_that_none_is():
    assert {one: is_higher_better(one) for one in Direction} == {
        Direction.ASCENDING: True,
        Direction.MAINTAIN_ABOVE: True,
        Direction.DESCENDING: False,
        Direction.MAINTAIN_BELOW: False,
        Direction.RANGE: None,
    }
