"""The decision table: which method a data situation allows, why, why no other, and from when on."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indicators.engine.expost.select import Choice, Method, NotPossible, Situation, choose_method
from indicators.engine.types import ValueType


def chosen(**given) -> Choice:
    value_type = ValueType(given.pop("value_type", "score"))
    return choose_method(Situation(value_type=value_type, **given))


def refusal(choice: Choice, method: Method) -> NotPossible:
    return next(one for one in choice.not_possible if one.method is method)


@pytest.mark.parametrize(
    ("situation", "method"),
    [
        ({"pairs": 12}, Method.PAIRED_GAIN),
        ({"asks_for_retention": True, "triples": 9}, Method.PARTICIPANT_RETENTION),
        ({"asks_for_retention": True}, Method.SERIES_RETENTION),
        (
            {"points_before": 4, "points_after": 4, "value_type": "ratio", "has_parts": True},
            Method.PROPORTIONS_BEFORE_AFTER,
        ),
        ({"points_before": 4, "points_after": 4, "value_type": "count"}, Method.RATES_BEFORE_AFTER),
        ({"points_before": 5, "points_after": 5}, Method.MEANS_BEFORE_AFTER),
        ({"points_before": 8, "points_after": 9}, Method.INTERRUPTED_SERIES),
        ({"points_before": 1, "points_after": 1}, Method.DIFFERENCE_ONLY),
        ({"points_before": 1, "points_after": 1, "has_standard_errors": True}, Method.MEANS_BEFORE_AFTER),
        ({"points_before": 4}, Method.CONTRIBUTION_RATING),
        ({"points_before": 9, "points_after": 8, "value_type": "count"}, Method.INTERRUPTED_COUNTS),
        ({"ordinal_functions": 6}, Method.ORDINAL_MATURITY),
        ({"asks_for_retention": True, "kept_of": 40}, Method.SHARE_KEPT),
        ({"paired_answers": 30, "value_type": "ratio"}, Method.PAIRED_PROPORTIONS),
        ({"value_type": "text", "points_before": 9, "points_after": 9}, Method.CONTRIBUTION_RATING),
    ],
)
def test_the_data_situation_chooses_the_method(situation, method):
    found = chosen(**situation)

    assert found.method is method
    assert str(found.reason)
    assert "effect" not in str(found.label).replace("not effect", "")


@pytest.mark.parametrize(
    ("situation", "method", "label"),
    [
        (
            {"pairs": 17, "comparison_pairs": 26},
            Method.PAIRED_GAIN_WITH_COMPARISON,
            "effect (comparison group)",
        ),
        (
            {"points_before": 3, "points_after": 2, "comparison_units": 4},
            Method.DIFFERENCE_IN_DIFFERENCES,
            "effect (DiD)",
        ),
        (
            {"points_before": 1, "points_after": 1, "comparison_units": 4},
            Method.DIFFERENCE_IN_DIFFERENCES,
            "DiD, parallel trend untestable",
        ),
        (
            {"points_before": 8, "points_after": 8, "comparison_units": 1},
            Method.COMPARATIVE_INTERRUPTED_SERIES,
            "effect (comparison series)",
        ),
        (
            {"points_before": 19, "points_after": 12, "comparison_units": 38},
            Method.DIFFERENCE_IN_DIFFERENCES,
            "effect (DiD)",
        ),
    ],
)
def test_a_comparison_comes_before_a_series_alone(situation, method, label):
    found = chosen(**situation)

    assert found.method is method
    assert str(found.label) == label


def test_a_synthetic_control_is_possible_but_never_the_default():
    found = chosen(points_before=19, points_after=12, comparison_units=38)

    option = next(one for one in found.others if one.method is Method.SYNTHETIC_CONTROL)
    assert "0.026" in str(option.reason)


def test_few_donors_say_that_five_percent_is_out_of_reach():
    found = chosen(points_before=9, points_after=3, comparison_units=6)

    option = next(one for one in found.others if one.method is Method.SYNTHETIC_CONTROL)
    assert "cannot reach 5 %" in str(option.reason)


def test_a_series_that_is_too_short_says_from_when_on_it_will_do():
    found = chosen(
        points_before=10, points_after=5, last_period_ends_on=date(2026, 3, 31), days_per_period=365.25 / 12
    )

    missing = refusal(found, Method.INTERRUPTED_SERIES)
    assert (missing.code, missing.have, missing.need) == ("ITS_TOO_SHORT", 5, 8)
    assert missing.when == date(2026, 6, 30)


def test_a_past_that_is_too_short_stays_too_short():
    found = chosen(points_before=5, points_after=5, last_period_ends_on=date(2026, 3, 31), days_per_period=30)

    assert refusal(found, Method.INTERRUPTED_SERIES).when is None


def test_a_small_comparison_group_leaves_the_gain():
    found = chosen(pairs=20, comparison_pairs=4)

    assert found.method is Method.PAIRED_GAIN
    assert refusal(found, Method.PAIRED_GAIN_WITH_COMPARISON).have == 4


@given(
    st.builds(
        Situation,
        value_type=st.sampled_from(ValueType),
        pairs=st.integers(0, 20),
        comparison_pairs=st.integers(0, 20),
        triples=st.integers(0, 20),
        paired_answers=st.integers(0, 20),
        points_before=st.integers(0, 30),
        points_after=st.integers(0, 30),
        missing_share=st.floats(0, 1),
        has_parts=st.booleans(),
        has_standard_errors=st.booleans(),
        comparison_units=st.integers(0, 40),
        ordinal_functions=st.integers(0, 10),
        kept_of=st.integers(0, 3),
        asks_for_retention=st.booleans(),
        has_baseline_and_end=st.booleans(),
        points_followup=st.integers(0, 3),
    )
)
def test_every_method_is_spoken_of_exactly_once_and_nothing_without_comparison_is_called_effect(situation):
    found = choose_method(situation)

    methods = [found.method, *(o.method for o in found.others), *(n.method for n in found.not_possible)]
    assert sorted(methods) == sorted(Method)
    assert all(
        str(n.message) and n.have < n.need
        for n in found.not_possible
        if n.code != "ITS_GAPS" and n.code != "HORIZON_TOO_LONG"
    )
    if not (situation.comparison_units or situation.comparison_pairs):
        assert "effect" not in str(found.label).replace("not effect", "")
