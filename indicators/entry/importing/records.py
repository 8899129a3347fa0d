"""Lines of a table as records: what each row says by field. A wide line gives a record for each of its figures."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from indicators.entry.importing.files import Line
from indicators.entry.importing.layout import PLACE_FIELDS, Layout

PLACES = frozenset(PLACE_FIELDS)
Record = tuple[int, dict[str, str]]
"""Number of the row, and what it says by field; empty cells are left out."""


def records(lines: Iterable[Line], layout: Layout) -> Iterator[Record]:
    """Every row that says something, below the header. A line of our workbook that nobody filled in says nothing."""
    columns = [
        (name, place) for place, name in enumerate(layout.columns) if name and not name.startswith("at:")
    ]
    wide = [
        (name.removeprefix("at:"), header_word(layout.names[place]), place)
        for place, name in enumerate(layout.columns)
        if name.startswith("at:")
    ]
    fixed, width = layout.fixed, len(layout.names)
    for number, cells in rows_of(lines, layout):
        count = len(cells)
        said = {name: cells[place] for name, place in columns if place < count and cells[place]}
        if fixed:
            said = fixed | said
        if said.pop("template", "") and said.keys() <= PLACES:
            continue
        if count > width and any(cells[width:]):
            yield number, said | {"extra": str(count), "width": str(width)}
        elif not wide:
            yield number, said
        else:
            yield from _figures_of(number, said, cells, wide)


def rows_of(lines: Iterable[Line], layout: Layout) -> Iterator[Line]:
    """The lines below the header that are not empty."""
    begins = layout.begins
    for number, cells in lines:
        if number < begins:
            continue
        if any(cells):
            yield number, cells
        elif layout.until_blank:
            return


def _figures_of(
    number: int, said: dict[str, str], cells: list[str], wide: list[tuple[str, str, int]]
) -> Iterator[Record]:
    for kind, header, place in wide:
        if place < len(cells) and cells[place]:
            yield number, said | {kind: header, "value": cells[place]}


def header_word(name: str) -> str:
    """The place that a wide column's header names; of several header lines the first."""
    return name.partition(" / ")[0]
