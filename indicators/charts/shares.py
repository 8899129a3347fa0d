"""Parts of a whole as bars: how many indicators stand where, how many reports came in."""

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH = 1000
GAP = 4
LEAST = 12  # a count of one stays visible beside a count of a thousand


@dataclass(frozen=True, slots=True)
class Share:
    code: str
    count: int
    x: float
    width: float


def draw_shares(counts: Sequence[tuple[str, int]]) -> tuple[Share, ...]:
    """Pieces of one bar, in the order given, empty ones left out. Widths follow the counts."""
    given = [(code, count) for code, count in counts if count > 0]
    if not given:
        return ()
    room = WIDTH - GAP * (len(given) - 1)
    total = sum(count for _, count in given)
    widths = [max(room * count / total, LEAST) for _, count in given]
    scale = room / sum(widths)
    shares, x = [], 0.0
    for (code, count), width in zip(given, widths, strict=True):
        shares.append(Share(code, count, round(x, 1), round(width * scale, 1)))
        x += width * scale + GAP
    return tuple(shares)


def draw_meter(reported: int, expected: int | None) -> float | None:
    """Width of the filled part, 0 to 1000; None when nothing was expected."""
    if not expected:
        return None
    return round(WIDTH * min(max(reported / expected, 0.0), 1.0), 1)
