"""What a document holds, before it is PDF, DOCX or XLSX: texts as the screen shows them, beside the machine's numbers.

Formats nothing, asks nothing. A writer takes a `Report` and lays it out; it never rounds and never words a number.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

Kind = Literal["text", "number", "percent", "date", "status"]
Tone = Literal["note", "warning", "refusal"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table: its heading, and how its cells are set."""

    label: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class Cell:
    """One figure or word.

    text: exactly what the screen shows, "not enough data" included. value: the same as the machine knows it, at full
    precision, where there is one; None where nothing is known, which is not zero. Of a percentage it is the share:
    0.42 for "42%".
    """

    text: str
    value: Decimal | date | None = None


@dataclass(frozen=True, slots=True)
class Heading:
    """level: 1 for a part, 2 for what stands under it, 3 the smallest."""

    text: str
    level: int


@dataclass(frozen=True, slots=True)
class Paragraph:
    """One paragraph of running text."""

    text: str


@dataclass(frozen=True, slots=True)
class Note:
    """A callout. tone: "note", "warning", or "refusal" for a result that is a reason instead of a number."""

    text: str
    tone: Tone


@dataclass(frozen=True, slots=True)
class Facts:
    """Named facts, one under the other."""

    rows: tuple[tuple[str, Cell], ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of as many cells as there are columns. name: short ASCII word, unique in its report, for a sheet."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    name: str


@dataclass(frozen=True, slots=True)
class Figure:
    """A chart. svg: stands alone, without style sheets. summary: the chart in words. table: the same in numbers."""

    title: str
    svg: str
    summary: str
    table: Table


Block = Heading | Paragraph | Note | Facts | Table | Figure


@dataclass(frozen=True, slots=True)
class Report:
    """A whole document of one language. marking: the highest of what it shows, as on the screen's banner."""

    kind: str
    title: str
    subtitle: str
    programme: str
    marking: str
    language: str
    made_at: datetime
    inputs_hash: str
    illustrative: bool
    sources: tuple[str, ...]
    blocks: tuple[Block, ...]
