"""Good content with bytes flipped, cut and put in: the same for the same name and number, so that a failure replays."""

from __future__ import annotations

import io
import random
import zipfile

PIECES = [
    b"\x00", b"\xff", b"\xfe\xff", b'"', b"'", b"\n", b"\r", b",", b";", b"\t", b"\xed\xa0\x80", b"&", b"<", b">",
    b"]]>", b"{", b"[", b"}", b":", b"\\u0000", b"\\ud800", b"1e999", b"-", b"9" * 40, b"NaN", b"\xe2\x80\xae", b"&#0;",
    b"<!--", b"<!DOCTYPE a>", b"null", b"=1+1", b"\xef\xbb\xbf", b"\x1a", b"A" * 3000,
]  # fmt: skip


def mutated(content: bytes, name: str, number: int) -> bytes:
    """One mutation of `content`."""
    chance = random.Random(f"{name} {number}")
    made = bytearray(content)
    for _turn in range(chance.choice([1, 1, 2, 4, 16])):
        if not made:
            break
        _change(made, chance)
    return bytes(made) or b"x"


def _change(made: bytearray, chance: random.Random) -> None:
    place = chance.randrange(len(made))
    match chance.choice((0, 0, 2, 3, 4, 5, 6)):
        case 0:
            made[place] = chance.randrange(256)
        case 2:
            del made[place : place + chance.randrange(1, 30)]
        case 3:
            made[place:place] = made[place : place + chance.randrange(1, 200)]
        case 4:
            made[place:place] = chance.choice(PIECES)
        case 5:
            made[place : place + chance.randrange(1, 6)] = chance.choice(PIECES)
        case _:
            del made[place : place + chance.choice((1, 40, len(made)))]


def mutated_package(content: bytes, name: str, number: int) -> bytes:
    """Every other one inside: one of its parts is mutated and packed anew, so that its check sums are right."""
    if number % 2:
        return mutated(content, name, number)
    chance = random.Random(f"{name} part {number}")
    output = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as old,
        zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        names = [one for one in old.namelist() if one.endswith((".xml", ".rels"))]
        worth = [one for one in names if "sheet1" in one or "content" in one or "shared" in one] or names
        hit = chance.choice(worth if chance.randrange(4) else names)
        for one in old.namelist():
            part = old.read(one)
            new.writestr(one, mutated(part, name, number) if one == hit else part)
    return output.getvalue()
