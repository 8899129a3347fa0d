"""Numbers as people write them: taken exactly, or refused with what was given and what was expected."""

from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError

from indicators.entry.numbers import parse_number, parse_whole_number


@pytest.mark.parametrize(
    ("given", "number"),
    [
        ("0", "0"),
        ("-0", "0"),
        ("-0.0", "0"),
        ("1234.5", "1234.5"),
        (" 12 ", "12"),
        ("+7", "7"),
        ("-12.5", "-12.5"),
        ("−12.5", "-12.5"),
        ("007", "7"),
        ("0.000001", "0.000001"),
        ("1.500000000", "1.5"),
        ("999999999999999999", "999999999999999999"),
        ("٣٤٫٥", "34.5"),
        ("۱۲", "12"),
        ("\u00a012\u00a0", "12"),
        (5, "5"),
        (Decimal("1E+2"), "100"),
        (Decimal("30.000000"), "30"),
    ],
)
def test_a_number_is_taken_exactly(given, number):
    assert parse_number(given) == Decimal(number)
    assert not parse_number(given).is_signed() or Decimal(number) < 0


@pytest.mark.parametrize("given", ["", "   ", None, "\u00a0"])
def test_empty_is_none_and_not_zero(given):
    assert parse_number(given) is None


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("1,5", "decimal point"),
        ("1.234,5", "decimal point"),
        ("1,234", "decimal point"),
        ("1٬234", "decimal point"),
        ("1 234", "such as 1234.5"),
        ("1'234", "such as 1234.5"),
        ("1\u202f234", "such as 1234.5"),
        ("1_000", "such as 1234.5"),
        ("1e10", "exponent"),
        ("1E-3", "exponent"),
        ("1e1000000", "exponent"),
        ("NaN", "such as 1234.5"),
        ("sNaN", "such as 1234.5"),
        ("Infinity", "such as 1234.5"),
        ("-inf", "such as 1234.5"),
        ("0x10", "such as 1234.5"),
        ("1/3", "such as 1234.5"),
        ("50 %", "such as 1234.5"),
        ("50%", "such as 1234.5"),
        (".5", "such as 1234.5"),
        ("5.", "such as 1234.5"),
        ("1.2.3", "such as 1234.5"),
        ("--1", "such as 1234.5"),
        ("+-1", "such as 1234.5"),
        ("N/A", "such as 1234.5"),
        ("NA", "such as 1234.5"),
        ("null", "such as 1234.5"),
        ("TRUE", "such as 1234.5"),
        ("=1+1", "such as 1234.5"),
        ("１２", "such as 1234.5"),
        ("²", "such as 1234.5"),
        ("Ⅷ", "such as 1234.5"),
        ("1\x00", "such as 1234.5"),
        ("1\n2", "such as 1234.5"),
        ("1.1234567", "at most 6 decimals"),
        ("1234567890123456789", "at most 18 digits"),
        ("9" * 2000, "at most 18 digits"),
        ("\ud800", "such as 1234.5"),
        ("\u202e12", "such as 1234.5"),
        (0.1, "exact number"),
        (True, "exact number"),
    ],
)
def test_anything_else_is_refused_with_what_was_given_and_expected(given, expected):
    with pytest.raises(ValidationError) as refusal:
        parse_number(given)

    message = refusal.value.messages[0]
    assert expected in message
    assert len(message) < 200
    assert "\x00" not in message
    assert "\u202e" not in message


@pytest.mark.parametrize("given", ["2.5", "-1", "2147483648", "x"])
def test_a_whole_number_is_whole_and_fits(given):
    with pytest.raises(ValidationError):
        parse_whole_number(given)


def test_whole_numbers_are_taken():
    assert [parse_whole_number(text) for text in ("0", "12", "12.0", "")] == [0, 12, 12, None]
