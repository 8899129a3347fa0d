"""The typefaces that come with the application, and which characters they show. Reads font files, draws nothing."""

from __future__ import annotations

import struct
import unicodedata
from functools import cache
from pathlib import Path

FONTS = Path(__file__).resolve().parent / "fonts"
FAMILIES = ("Noto Sans", "Noto Naskh Arabic", "Noto Sans Math", "Noto Sans Symbols2")
FILES = (
    "NotoSans-Regular.ttf",
    "NotoNaskhArabic-Regular.ttf",
    "NotoSansMath-Subset.ttf",
    "NotoSansSymbols2-Subset.ttf",
)
UNKNOWN = "\N{REPLACEMENT CHARACTER}"


@cache
def known() -> frozenset[int]:
    """The characters that one of the faces has."""
    found: set[int] = set()
    for name in FILES:
        font = (FONTS / name).read_bytes()
        found |= _glyphs(font, _tables(font)["cmap"]).keys()
    return frozenset(found)


def shown(text: str) -> str:
    """The text with what no face has as U+FFFD, and without signs that steer a terminal or turn the line round.

    >>> shown("42\\x00 \\u202e\\u4e2d")
    '42 \\ufffd'
    """
    have = known()
    return "".join(
        one if ord(one) in have or one in "\n\u200c\u200d" else UNKNOWN
        for one in unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\t", " "))
        if not _is_steering(one)
    )


def _is_steering(one: str) -> bool:
    """A control sign, or an invisible sign of format other than the joiners that Arabic and Persian need."""
    return unicodedata.category(one) in {"Cc", "Cf", "Cs"} and one not in "\n\u200c\u200d"


def _tables(font: bytes) -> dict[str, int]:
    """Where each table of the file begins (OpenType, table directory)."""
    count = struct.unpack_from(">H", font, 4)[0]
    records = (struct.unpack_from(">4sIII", font, 12 + 16 * number) for number in range(count))
    return {tag.decode("latin-1"): offset for tag, _sum, offset, _length in records}


def _glyphs(font: bytes, cmap: int) -> dict[int, int]:
    """Character to glyph, from the subtable of format 12 where there is one, else of format 4 (OpenType, cmap)."""
    count = struct.unpack_from(">H", font, cmap + 2)[0]
    places = [cmap + struct.unpack_from(">I", font, cmap + 8 + 8 * number)[0] for number in range(count)]
    formats = {struct.unpack_from(">H", font, place)[0]: place for place in places}
    return _format_12(font, formats[12]) if 12 in formats else _format_4(font, formats[4])


def _format_12(font: bytes, at: int) -> dict[int, int]:
    found = {}
    for number in range(struct.unpack_from(">I", font, at + 12)[0]):
        first, last, glyph = struct.unpack_from(">III", font, at + 16 + 12 * number)
        found.update({code: glyph + code - first for code in range(first, last + 1)})
    return found


def _format_4(font: bytes, at: int) -> dict[int, int]:
    count = struct.unpack_from(">H", font, at + 6)[0] // 2
    ends, starts = at + 14, at + 16 + 2 * count
    found = {}
    for number in range(count):
        last = struct.unpack_from(">H", font, ends + 2 * number)[0]
        first = struct.unpack_from(">H", font, starts + 2 * number)[0]
        delta = struct.unpack_from(">H", font, starts + 2 * (count + number))[0]
        here = starts + 2 * (2 * count + number)
        offset = struct.unpack_from(">H", font, here)[0]
        for code in range(first, min(last, 0xFFFE) + 1):
            glyph = code
            if offset:
                glyph = struct.unpack_from(">H", font, here + offset + 2 * (code - first))[0]
            if glyph or not offset:
                found[code] = (glyph + delta) % 0x10000
    return {code: glyph for code, glyph in found.items() if glyph}
