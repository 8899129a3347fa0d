"""Decimal arithmetic: no exponent, no rounding where none is asked for, and mistakes of callers named."""

from decimal import Decimal

import pytest

from indicators.engine import exact
from indicators.engine.errors import EngineError


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity"])
def test_what_is_no_number_is_refused(value):
    for function in (exact.plain, exact.plain_text):
        with pytest.raises(EngineError, match="A finite number was expected"):
            function(Decimal(value))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("1E+3", "1000"), ("-0.0", "0"), ("-1.50", "-1.5"), ("1E-10", "0.0000000001"), ("1E+41", "1" + "0" * 41),
        ("0.1000000000000000000000000000000000000000000000000000000000000000001",
         "0.1000000000000000000000000000000000000000000000000000000000000000001"),
    ],
)  # fmt: skip
def test_numbers_are_kept_as_they_were_given(value, text):
    assert exact.plain_text(Decimal(value)) == str(exact.plain(Decimal(value))).replace("1E-10", text) == text


def test_mistakes_of_callers_are_named():
    with pytest.raises(EngineError, match="3 was to be divided by 0"):
        exact.quotient(Decimal(3), Decimal(0))
    with pytest.raises(EngineError, match="at least one number"):
        exact.median([])


def test_quotients_and_texts_are_rounded_half_to_even():
    assert exact.quotient(Decimal("0.00000000025"), Decimal(1)) == Decimal("0.0000000002")
    assert exact.quotient(Decimal("0.00000000035"), Decimal(1)) == Decimal("0.0000000004")
    assert exact.shortened(Decimal("0.125"), 2) == Decimal("0.12")
    assert exact.root(Decimal(2)) == Decimal("1.4142135624")
    assert exact.total([Decimal("0.1")] * 3) == Decimal("0.3")
