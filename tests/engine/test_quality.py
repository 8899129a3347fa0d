"""Age, coverage, and what an entry form says about a number."""

from datetime import date
from decimal import Decimal

import pytest

from indicators.engine.display import format_index, format_number, format_value
from indicators.engine.quality import (
    Freshness,
    coverage,
    entry_errors,
    entry_warnings,
    freshness,
    is_partial,
    robust_z,
    stale_from,
    staleness,
)
from indicators.engine.rollup import check_parts
from indicators.engine.types import Coverage

from . import cases

PERCENT = cases.rule(value_type="ratio", scale=100)
COUNT = cases.rule(value_type="count")


def numbers(*values):
    return [Decimal(str(v)) for v in values]


@pytest.mark.parametrize(
    ("as_of", "word"),
    [
        (date(2025, 4, 20), Freshness.FRESH),
        (date(2025, 4, 21), Freshness.AGEING),
        (date(2025, 8, 8), Freshness.AGEING),
        (date(2025, 8, 9), Freshness.STALE),
    ],
)
def test_a_value_ages_in_units_of_frequency_and_grace(as_of, word):
    age = staleness(date(2024, 12, 31), as_of, frequency_days=90, grace_days=20)

    assert freshness(age) is word


def test_a_value_is_stale_from_the_first_day_past_twice_its_unit():
    assert stale_from(date(2024, 12, 31), frequency_days=90, grace_days=20) == date(2025, 8, 9)


def test_what_has_no_calendar_is_never_stale():
    assert stale_from(date(2000, 1, 1), frequency_days=0, grace_days=20) is None
    assert (
        freshness(staleness(date(2000, 1, 1), date(2025, 1, 1), frequency_days=0, grace_days=20))
        is Freshness.FRESH
    )


def test_coverage_counts_the_due_periods_and_nothing_expected_has_no_share():
    series = cases.series([1, "missing", 3, 4], COUNT)

    assert coverage(series, date(2025, 10, 1)) == Coverage(reported=2, expected=3)
    assert coverage((), date(2025, 10, 1)).share is None
    assert is_partial(Coverage(reported=7, expected=10))
    assert not is_partial(Coverage(reported=8, expected=10))


def test_robust_z_gives_the_figure_of_a_published_case():  # DHIS2, modified z of 81: 10.117
    assert robust_z(Decimal(81), numbers(31, 34, 38, 81, 39, 33)) == Decimal("10.1175")


def test_a_far_value_warns_with_what_is_usual():
    warnings = entry_warnings(COUNT, Decimal(81), numbers(31, 34, 38, 39, 33))

    assert any("robust z" in str(w) and "34" in str(w) for w in warnings)


def test_a_jump_warns_with_the_usual_step():
    warnings = entry_warnings(COUNT, Decimal(50), numbers(31, 33, 32, 34, 33))

    assert any("usual step of 2" in str(w) or "usual step of 1.5" in str(w) for w in warnings)


def test_the_same_value_four_times_warns():
    warnings = entry_warnings(COUNT, Decimal(7), numbers(3, 7, 7, 7))

    assert any("same as the previous three" in str(w) for w in warnings)


def test_only_round_numbers_warn():
    warnings = entry_warnings(COUNT, Decimal(45), numbers(10, 25, 30, 15))

    assert any("multiples of 5" in str(w) for w in warnings)


def test_an_ordinary_value_does_not_warn():
    assert entry_warnings(COUNT, Decimal(34), numbers(31, 34, 38, 39, 33)) == ()
    assert entry_warnings(COUNT, Decimal(34), []) == ()


def test_a_level_may_stay_where_it_is():
    level = cases.rule(value_type="ordinal")

    assert entry_warnings(level, Decimal(2), numbers(2, 2, 2)) == ()


@pytest.mark.parametrize(
    ("how", "given", "field", "text"),
    [
        (PERCENT, (7, 5, None), "numerator", "7 is larger than the denominator 5"),
        (PERCENT, (-1, 5, None), "numerator", "−1 was given; 0 or more"),
        (PERCENT, (0, 0, None), "denominator", "0 was given; a number above 0"),
        (PERCENT, (None, 5, None), "numerator", "No numerator"),
        (PERCENT, (1, None, None), "denominator", "No denominator"),
        (COUNT, (None, None, -3), "value", "−3 was given; 0 or more"),
        (COUNT, (None, None, None), "value", "No value"),
        (
            cases.rule(value_type="ordinal", lower_bound=0, upper_bound=5),
            (None, None, 6),
            "value",
            "5 or less",
        ),
        (cases.rule(value_type="index", lower_bound=1), (None, None, 0), "value", "1 or more"),
        (cases.rule(value_type="binary"), (None, None, 2), "value", "0 (no) or 1 (yes)"),
    ],
)
def test_an_impossible_entry_names_its_field_what_was_given_and_what_was_expected(how, given, field, text):
    errors = entry_errors(how, *(None if x is None else Decimal(x) for x in given))

    assert list(errors) == [field]
    assert text in str(errors[field]).replace("\N{NO-BREAK SPACE}", " ")


@pytest.mark.parametrize(
    ("how", "given"),
    [
        (PERCENT, (0, 5, None)),
        (PERCENT, (5, 5, None)),
        (cases.rule(value_type="ratio", scale=100, upper_bound=300), (6, 5, None)),
        (cases.rule(value_type="ratio", scale=1), (6, 5, None)),
        (COUNT, (None, None, 0)),
        (cases.rule(value_type="text"), (None, None, None)),
    ],
)
def test_a_possible_entry_has_no_errors(how, given):
    assert entry_errors(how, *(None if x is None else Decimal(x) for x in given)) == {}


def test_parts_that_do_not_add_up_are_flagged_and_not_corrected():
    cells = [
        cases.measurement(1, {"site": 1, "value": Decimal("17.11")}),
        cases.measurement(2, {"site": 1, "cell": "sex=female", "value": 8}),
        cases.measurement(3, {"site": 1, "cell": "sex=male", "value": 9}),
    ]

    found = check_parts(cells, COUNT)

    assert "by sex" in str(found)
    assert "17.11" in str(found)


def test_parts_that_add_up_are_not_flagged():
    cells = [
        cases.measurement(i, {"site": 1, "cell": c, "value": v})
        for i, (c, v) in enumerate([("", 17), ("a=x", 8), ("a=y", 9)])
    ]

    assert check_parts(cells, COUNT) is None


def test_parts_of_a_mean_need_not_add_up():
    score = cases.rule(value_type="score", site_rule="mean")
    cells = [
        cases.measurement(i, {"site": 1, "cell": c, "value": v})
        for i, (c, v) in enumerate([("", 5), ("a=x", 4), ("a=y", 6)])
    ]

    assert check_parts(cells, score) is None


@pytest.mark.parametrize(
    ("value", "how", "text"),
    [
        ("51.724137931", PERCENT, "51.7 %"),
        ("52", PERCENT, "52 %"),
        ("0", PERCENT, "0 %"),
        ("12345", COUNT, "12 345"),
        ("1350", COUNT, "1350"),
        ("-3", COUNT, "−3"),
        ("2.5", cases.rule(value_type="ordinal"), "2.5"),
        ("1234567.891", cases.rule(value_type="number", unit="EUR"), "1 234 567.89 EUR"),
    ],
)
def test_a_value_is_written_the_same_everywhere(value, how, text):
    assert format_value(Decimal(value), how).replace("\N{NO-BREAK SPACE}", " ") == text


def test_no_value_is_a_dash_and_never_a_zero():
    assert format_value(None, PERCENT) == "—"


def test_halves_are_rounded_to_even():
    assert [format_number(Decimal(x), 1) for x in ("0.25", "0.35", "-0.04")] == ["0.2", "0.4", "0"]


def test_an_index_is_shown_on_the_side_of_the_border_where_its_colour_is():
    assert format_index(Decimal("0.8996"), (Decimal("0.90"),)) == "0.8996"
    assert format_index(Decimal("0.9"), (Decimal("0.90"),)) == "0.90"
