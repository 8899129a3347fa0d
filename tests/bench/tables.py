"""A workbook of 100,000 rows: seconds and the memory that writing takes, beside xlsxwriter with bare cells."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.bench.measure import memory_mb, most_memory_mb

FIRST = date(2020, 1, 1)


def measure_tables(rows: int, columns: int = 8) -> list[dict[str, Any]]:
    """Each in a process of its own, so that the most memory it ever had is its own too."""
    return [
        {
            "what": f"XLSX of a document, {rows:,} rows × {columns} columns",
            "ours": _in_a_process("ours", rows),
            "floor": _in_a_process("floor", rows),
            "floor_is": "xlsxwriter in constant memory, the same cells without formats",
        }
    ]


def _in_a_process(which: str, rows: int) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.tables", which, str(rows)],
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


def _report(rows: int) -> Any:
    from indicators.documents.content import Cell, Column, Report, Table

    columns = (
        Column("Programme", "text"),
        Column("Indicator", "text"),
        Column("Period", "text"),
        Column("As of", "date"),
        Column("Value", "number"),
        Column("Planned", "number"),
        Column("Achievement", "percent"),
        Column("Status", "status"),
    )

    def line(number: int) -> tuple[Cell, ...]:
        day = FIRST + timedelta(days=number % 2000)
        value, share = Decimal(number * 7 % 100_003) / 8, Decimal(number % 1500) / 1000
        return (
            Cell(f"NMI-{number % 40:02}"),
            Cell(f"Border posts that answer within the hour, part {number % 900}"),
            Cell(f"Q{number % 4 + 1} 20{number % 6 + 20}"),
            Cell(f"{day:%d %b %Y}", day),
            Cell(f"{value:.2f}", value),
            Cell("\N{EN DASH}") if number % 9 == 0 else Cell(f"{value + 1:.2f}", value + 1),
            Cell(f"{share * 100:.1f}\u00a0%", share),
            Cell(("On track", "At risk", "Off track")[number % 3]),
        )

    table = Table("Values", columns, tuple(line(number) for number in range(rows)), "values")
    made = datetime(2026, 3, 31, tzinfo=UTC)
    return Report(
        "programme", "Values", "", "all", "NATO UNCLASSIFIED", "en", made, "0", True, ("bench",), (table,)
    )


def _write_bare(report: Any, out: Any) -> None:
    import xlsxwriter

    with xlsxwriter.Workbook(out, {"constant_memory": True}) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate(report.blocks[0].rows):
            for place, cell in enumerate(row):
                if isinstance(cell.value, Decimal):
                    sheet.write_number(number, place, float(cell.value))
                else:
                    sheet.write_string(number, place, cell.text)


def main(which: str, rows: int) -> None:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tracker.settings")
    django.setup()
    from indicators.documents.xlsx import write_xlsx

    report = _report(rows)
    before, started, used = memory_mb(os.getpid())["rss_mb"], time.perf_counter(), time.process_time()
    with tempfile.TemporaryDirectory() as folder, open(Path(folder) / "values.xlsx", "wb") as out:
        (write_xlsx if which == "ours" else _write_bare)(report, out)
        taken, size = time.perf_counter() - started, out.tell()
    found = {
        "seconds": round(taken, 2),
        "cpu": round(time.process_time() - used, 2),
        "writing_mb": round(most_memory_mb(os.getpid()) - before, 1),
        "content_mb": before,
        "file_mb": round(size / 1e6, 2),
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
