"""What would turn an ex-post answer: tried by computing again, never naming a person, the same every time."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from indicators.assessment.computing import answer
from indicators.assessment.turning import MOST, turns_of, with_turns
from indicators.engine.codec import to_json
from indicators.engine.expost.flips import finding
from indicators.engine.expost.types import result_to_json
from indicators.engine.periods import Frequency
from tests.engine import cases


def texts(turns):
    return [str(one) for one in turns.said]


def points(values, split=6):
    series = cases.series([Decimal(str(v)) for v in values], cases.rule(), Frequency.MONTHLY)
    return {
        "compute": "interrupted_series",
        "series": [to_json(one) for one in series],
        "split_on": series[split - 1].ends_on.isoformat(),
    }


FLAT = [10, 11, 10, 12, 11, 10, 11, 12, 10, 11] * 2


def test_each_point_that_turns_it_turns_it_when_it_is_left_out():
    inputs = points([*FLAT[:10], *(v + 2.2 for v in FLAT[10:])], split=10)
    result = answer(inputs)
    assert result.refusal is None

    turns = turns_of(result, inputs)

    assert turns.turned
    for one in turns.turned:
        emptied = [row | {"value": None} if row["label"] == one.without else row for row in inputs["series"]]
        assert finding(answer(inputs | {"series": emptied})) is one.finding_then
        assert one.finding_then is not finding(result)
    untouched = {row["label"] for row in inputs["series"]} - {one.without for one in turns.turned}
    for label in sorted(untouched)[:4]:
        emptied = [row | {"value": None} if row["label"] == label else row for row in inputs["series"]]
        assert finding(answer(inputs | {"series": emptied})) is finding(result)


def test_a_firm_answer_says_that_nothing_turns_it():
    inputs = points([*FLAT[:10], *(v + 40 for v in FLAT[10:])], split=10)
    turns = turns_of(answer(inputs), inputs)

    assert turns.turned == ()
    assert texts(turns) == [
        "Nothing that was left out turns it: with each of 20 points or units left out alone it says the same."
    ]


def test_the_same_inputs_give_the_same_bytes():
    inputs = points([*FLAT[:10], *(v + 2 for v in FLAT[10:])], split=10)
    first, second = (with_turns(answer(inputs), turns_of(answer(inputs), inputs)) for _ in range(2))

    assert result_to_json(first) == result_to_json(second)


def test_people_are_counted_and_never_named():
    scores = [[50.0, 50.0 + gain] for gain in (9, -4, 6, -3, 5, 4, -2, 7, 8, -1)]
    inputs = {"compute": "paired_gain", "scores": scores, "n": 10, "maximum": 100.0, "unpaired_share": 0.0}
    turns = turns_of(answer(inputs), inputs)

    assert turns.turned == ()
    (said,) = texts(turns)
    assert "people" in said
    many = inputs | {"scores": scores * 7, "n": 70}
    assert texts(turns_of(answer(many), many)) == [
        f"Leaving out one at a time was not tried: there are 70 to leave out, at most {MOST} are tried."
    ]


@pytest.mark.parametrize(("followup", "side", "turns"), [(19, "above", "0.9"), (12, "below", "0.2")])
def test_what_lasts_says_how_far_it_is_from_its_bands(followup, side, turns):
    inputs = {
        "compute": "series_retention", "baseline": 10, "end": 20, "followup": followup, "standard_error": None,
        "higher_is_better": True,
    }  # fmt: skip

    assert texts(turns_of(answer(inputs), inputs)) == [
        f"It is {side} {border}; a border of {turns} would turn that." for border in ("0.8", "0.5")
    ]


def test_a_refusal_has_nothing_to_turn():
    inputs = points([1, 2, 3], split=2)
    result = answer(inputs)
    assert result.refusal is not None

    turns = turns_of(result, inputs)

    assert with_turns(result, turns) is result
    assert replace(turns) == turns_of(result, inputs)
