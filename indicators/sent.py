"""What comes in an address or a hidden field, read before a database is asked with it."""

MOST_DIGITS = 18  # fits PostgreSQL's bigint, whatever the digits are


def whole_number(text: str, *, digits: int = MOST_DIGITS) -> int | None:
    """A whole number from 0 in ASCII digits, at most `digits` of them; None for everything else.

    `str.isdigit` alone takes "²" and "٣", and `int` alone takes " 7 ", "+7" and "1_000".

    >>> whole_number("12"), whole_number("²"), whole_number("1_0"), whole_number("1" * 19)
    (12, None, None, None)
    """
    return int(text) if text.isascii() and text.isdigit() and len(text) <= digits else None
