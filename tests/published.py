"""Published data for the ex-post methods, read as their publishers give them. REAL_DATA names their directory."""

from __future__ import annotations

import csv
import os
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

from indicators.engine.expost.panel import Panel, Unit
from indicators.engine.types import PeriodValue

FOLDER = Path(os.environ.get("REAL_DATA", "real_data"))
Row = Mapping[str, str]


def is_at_hand() -> bool:
    return (FOLDER / "impact").is_dir()


def rows(name: str, delimiter: str = ",") -> list[dict[str, str]]:
    with (FOLDER / name).open(newline="") as file:
        return list(csv.DictReader(file, delimiter=delimiter))


def by_unit(table: Sequence[Row], unit: str, year: str, value: str) -> dict[str, dict[int, float]]:
    found: dict[str, dict[int, float]] = {}
    for row in table:
        found.setdefault(row[unit], {})[int(float(row[year]))] = float(row[value])
    return found


def panel(values: Mapping[str, Mapping[int, float]], treated: str, first_after: int) -> Panel:
    years = sorted(values[treated])
    return Panel(
        units=tuple(
            Unit(
                name=name,
                is_treated=name == treated,
                before=tuple(v[y] for y in years if y < first_after),
                after=tuple(v[y] for y in years if y >= first_after),
            )
            for name, v in values.items()
        ),
        periods_before=tuple(str(y) for y in years if y < first_after),
        periods_after=tuple(str(y) for y in years if y >= first_after),
    )


def annual(values: Mapping[int, float]) -> list[PeriodValue]:
    return [
        PeriodValue(
            starts_on=date(y, 1, 1), ends_on=date(y, 12, 31), label=str(y), value=Decimal(repr(float(v)))
        )
        for y, v in sorted(values.items())
    ]


def monthly(table: Sequence[Row], column: str, first_year: int = 1969) -> list[PeriodValue]:
    found = []
    for i, row in enumerate(table):
        year, month = first_year + i // 12, i % 12 + 1
        end = date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)
        found.append(
            PeriodValue(
                starts_on=date(year, month, 1),
                ends_on=end,
                label=f"{year}-{month:02}",
                value=Decimal(row[column]),
            )
        )
    return found
