"""Whole numbers as they come in addresses and hidden fields."""

import pytest

from indicators.sent import whole_number


@pytest.mark.parametrize(
    ("text", "digits", "number"),
    [("0", 18, 0), ("12", 18, 12), ("9" * 18, 18, 10**18 - 1), ("007", 3, 7)]
    + [(text, 18, None) for text in ("", " 7", "+7", "-7", "1_0", "²", "٣", "7.0", "0x1", "1\x00", "9" * 19)]
    + [("1234", 3, None)],
)
def test_only_ascii_digits_are_a_whole_number(text, digits, number):
    assert whole_number(text, digits=digits) == number
