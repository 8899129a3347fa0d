"""A PDF of fifty pages: seconds and the most memory of the process that writes it, beside the same rows bare."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import time
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from tests.bench.measure import memory_mb, most_memory_mb

ROWS = 24
FLOOR = '#set page(paper: "a4")\n#table(columns: 5, ..json("rows.json").flatten())\n'


def measure_documents(pages: int = 50) -> list[dict[str, Any]]:
    """Each in a process of its own, so that the most memory it ever had is its own too."""
    ours = _in_a_process("ours", pages)
    return [
        {
            "what": f"PDF of a document, {ours['pages']:.0f} pages with {ours['charts']:.0f} charts",
            "ours": ours,
            "floor": _in_a_process("floor", pages),
            "floor_is": "typst, the same rows in one bare table without tags or charts",
        }
    ]


def _in_a_process(which: str, pages: int) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.documents", which, str(pages)],
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def _report(parts: int) -> Any:
    """A heading, a chart and a table for each part: about a page."""
    from indicators.charts import IndicatorSeries, Level, Reading
    from indicators.documents.content import Cell, Column, Heading, Paragraph, Report, Table
    from indicators.documents.parts import chart_over_time

    columns = (
        Column("Indicator", "text"),
        Column("Status", "status"),
        Column("Value", "number"),
        Column("As of", "date"),
        Column("Achieved", "percent"),
    )
    blocks: list[Any] = []
    for part in range(parts):
        rows = tuple(
            (
                Cell(f"Indicator {part}.{row}\nNMI-{row:02} · Outcome"),
                Cell(("On track", "At risk", "Off track")[row % 3]),
                Cell(f"{row * 37 % 101}.5", Decimal(row * 37 % 101)),
                Cell("31 Mar 2026", date(2026, 3, 31)),
                Cell(f"{row * 3}.2 %", Decimal(row * 3) / 100),
            )
            for row in range(ROWS // 2)
        )
        readings = [
            Reading(
                on=date(2016 + n // 4, 3 * (n % 4) + 1, 28), value=Decimal((part + n * 7) % 40), label=f"Q{n}"
            )
            for n in range(ROWS)
        ]
        target = Level(on=date(2027, 1, 1), value=Decimal(50))
        series = IndicatorSeries(title=f"Indicator {part}", readings=readings, target=target)
        blocks += [Heading(f"Part {part}", 1), Paragraph("What was seen, and how sure it is. " * 4)]
        blocks += [chart_over_time(series, 1, name=f"series{part}")]
        blocks += [Table(title="", columns=columns, rows=rows, name=f"table{part}")]
    return Report(
        kind="programme", title="A report", subtitle="", programme="NMI · Mission", marking="NATO UNCLASSIFIED",
        language="en", made_at=datetime.now(UTC), inputs_hash="a" * 64, illustrative=True,
        sources=(), blocks=tuple(blocks),
    )  # fmt: skip


def _ours(pages: int) -> dict[str, float]:
    import django

    django.setup()
    from pypdf import PdfReader

    from indicators.documents.pdf import write_pdf

    report = _report(parts := round(pages * 0.8))
    out = io.BytesIO()
    before, started = memory_mb(os.getpid())["rss_mb"], time.perf_counter()
    write_pdf(report, out)
    found = _found(started, before)
    count = len(PdfReader(io.BytesIO(out.getvalue())).pages)
    return found | {"size_kb": round(len(out.getvalue()) / 1024, 1), "pages": count, "charts": parts}


def _floor(pages: int) -> dict[str, float]:
    import tempfile
    from pathlib import Path

    import typst

    rows = [[f"Indicator {n}", "On track", str(n), "31 Mar 2026", f"{n} %"] for n in range(pages * 40)]
    with tempfile.TemporaryDirectory() as place:
        Path(place, "rows.json").write_text(json.dumps(rows))
        Path(place, "floor.typ").write_text(FLOOR)
        before, started = memory_mb(os.getpid())["rss_mb"], time.perf_counter()
        typst.compile(str(Path(place, "floor.typ")), root=place, format="pdf", ignore_system_fonts=True)
        return _found(started, before)


def _found(started: float, before: float) -> dict[str, float]:
    seconds = round(time.perf_counter() - started, 3)
    most = most_memory_mb(os.getpid())
    return {"seconds": seconds, "peak_mb": most, "added_mb": round(most - before, 1)}


if __name__ == "__main__":
    print(json.dumps({"ours": _ours, "floor": _floor}[sys.argv[1]](int(sys.argv[2]))))
