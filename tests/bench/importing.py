"""Files of observations taken in, beside PostgreSQL's COPY of the same rows into a bare table."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

CHILD = """
import json, resource, sys, time
import django
django.setup()
from pathlib import Path
from django.utils import timezone
from indicators.entry.importing.whole import import_file
from indicators.models import Programme, User
path, code, dry_run = sys.argv[1:]
started = time.perf_counter()
outcome = import_file(programme=Programme.objects.get(code=code), path=Path(path),
    by=User.objects.get(username="bench"), at=timezone.now(), dry_run=dry_run == "dry")
seconds = time.perf_counter() - started
assert not outcome.problems, outcome.problems[:3]
memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps({"seconds": seconds, "memory_mb": memory / 1024, "kinds": outcome.kinds}))
"""
STEP = """
import json, sys, time
import django
django.setup()
from pathlib import Path
from django.db import connection
from django.utils import timezone
from indicators.entry.importing import actions, running
from indicators.entry.importing.whole import import_file
from indicators.models import FileImport, Programme, User
from tests.bench.measure import cpu_seconds
what, path, code = sys.argv[1:]
programme, by = Programme.objects.get(code=code), User.objects.get(username="bench")
backend = connection.connection.info.backend_pid
started, ours, database = time.perf_counter(), time.process_time(), cpu_seconds(backend)
if what == "undo":
    made = FileImport.objects.filter(state="applied").latest("pk")
    actions.undo_import(file_import=made, by=by, at=timezone.now())
    running.run_waiting(at=timezone.now, pk=made.pk)
    made.refresh_from_db()
    assert made.state == "undone", (made.state, made.problem)
    kinds = made.counts["undone"]
else:
    outcome = import_file(programme=programme, path=Path(path), by=by, at=timezone.now())
    assert not outcome.problems, outcome.problems[:3]
    kinds = outcome.kinds
print(json.dumps({"seconds": time.perf_counter() - started, "worker_cpu": time.process_time() - ours,
    "database_cpu": cpu_seconds(backend) - database, "kinds": {k: n for k, n in kinds.items() if n}}))
"""
MOVED = {
    "returned": "UPDATE indicators_observation SET state = 'returned', version = version + 1 WHERE state = 'submitted'",
    "approved": """
        UPDATE indicators_observation SET state = 'approved', version = version + 1, decided_at = %(at)s,
            decided_by_id = (SELECT id FROM indicators_user WHERE username = 'approver') WHERE state = 'submitted'
    """,
}
"""What others did with the figures in between, as far as an import can tell."""
ORDER = """
    indicator_id period_id unit_id cell numerator denominator value text missing_reason standard_error sample_size as_of
    reliability credibility marking comment source state version entered_by_id entered_at submitted_by_id submitted_at
    decided_by_id decided_at decision_comment corrects_id correction_reason superseded_at validated_by_id validated_at
    by_request follow_up
"""
HEADER = ["indicator", "period", "unit", "numerator", "denominator", "comment"]


def measure_importing(rows: int) -> list[dict[str, Any]]:
    """A CSV of all rows, dry and taken over; then a CSV and an XLSX of a tenth of them."""
    found = []
    with tempfile.TemporaryDirectory(prefix="bench-import-") as home:
        for what, count, kind, dry in (
            ("dry run of", rows, "csv", True),
            ("take over", rows, "csv", False),
            ("the same file again:", rows, "csv", False),
            ("take over", rows // 10, "csv", False),
            ("take over", rows // 10, "xlsx", False),
        ):
            if not what.startswith("the same"):
                code = _prepare(count)
                path = _write(Path(home), count, kind)
            floor = _copy(path, count) if kind == "csv" else _calamine(path)
            ours = _run(path, code, dry=dry)
            found.append(
                {
                    "what": f"{what} {count:,} rows of {kind.upper()}",
                    "ours": {
                        "seconds": round(ours["seconds"], 1),
                        "rows_per_s": round(count / ours["seconds"]),
                        "memory_mb": round(ours["memory_mb"]),
                    },
                    "floor": {"seconds": round(floor, 2), "rows_per_s": round(count / floor)},
                    "floor_is": "COPY of the same rows into a bare table"
                    if kind == "csv"
                    else "calamine reads the sheet",
                }
            )
    return found


def measure_changing(rows: int) -> Iterator[dict[str, Any]]:
    """A CSV that brings figures, changes returned ones, corrects approved ones; and each of it undone.

    Processor seconds of the worker and of its PostgreSQL backend, beside those of the taking over of as many new rows.
    """
    floor: dict[str, float] = {}
    with tempfile.TemporaryDirectory(prefix="bench-import-") as home:
        first, second = _write(Path(home), rows, "csv"), _rewritten(Path(home), rows)
        for state, name in (("", "new"), ("approved", "corrected"), ("returned", "changed")):
            code, path = _prepare(rows), second if state else first
            if state:
                _step("apply", first, code)
                _move(state)
            for what, said in (("apply", "take over"), ("undo", "undo")):
                ours = _step(what, path, code)
                kinds = ours.pop("kinds")
                cpu = {key: round(one, 1) for key, one in ours.items()}
                floor = floor or {"cpu": round(ours["worker_cpu"] + ours["database_cpu"], 1)}
                yield {
                    "what": f"{said} {rows:,} {name} rows of CSV",
                    "ours": {"cpu": round(ours["worker_cpu"] + ours["database_cpu"], 1)} | cpu | kinds,
                    "floor": floor,
                    "floor_is": "the taking over of as many new rows",
                }


def _step(what: str, path: Path, code: str) -> dict[str, Any]:
    return _child(STEP, what, str(path), code)


def _move(state: str) -> None:
    from django.db import connection
    from django.utils import timezone

    with connection.cursor() as cursor:
        cursor.execute(MOVED[state], {"at": timezone.now()})
        cursor.execute("ANALYZE")


def _rewritten(home: Path, rows: int) -> Path:
    """The same places with other figures, and why."""
    path = home / f"{rows}-again.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([*HEADER, "reason"])
        writer.writerows(
            [*line[:3], str(int(line[3]) + 1), *line[4:], "Counted again."] for line in _lines(rows)
        )
    return path


def _run(path: Path, code: str, *, dry: bool) -> dict[str, Any]:
    return _child(CHILD, str(path), code, "dry" if dry else "keep")


def _child(script: str, *arguments: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        env=os.environ | {"PYTHONPATH": str(Path.cwd())},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def _copy(path: Path, count: int) -> float:
    """What the database alone needs for as many rows with the columns of an observation, without any index."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS bare")
        cursor.execute("CREATE TABLE bare (LIKE indicators_observation)")
        cursor.execute("ALTER TABLE bare ALTER id DROP NOT NULL")
        line = (
            "1\t1\t1\t\t30\t60\t\\N\t\t\t\\N\t\\N\t2024-03-31\tF\t6\tNATO UNCLASSIFIED\tAs inspected.\timport\t"
            "submitted\t1\t1\t2025-10-20 09:00:00+00\t1\t2025-10-20 09:00:00+00\t\\N\t\\N\t\t\\N\t\t\\N\t"
            "\\N\t\\N\tf\tf\n"
        )
        columns = [c.name for c in connection.introspection.get_table_description(cursor, "bare")][1:]
        order = ORDER.split()
        assert set(columns) == set(order), set(columns) ^ set(order)
        block = line * 1000
        started = time.perf_counter()
        with cursor.copy(f"COPY bare ({', '.join(order)}) FROM STDIN") as copy:
            for _turn in range(count // 1000):
                copy.write(block)
        seconds = time.perf_counter() - started
        cursor.execute("DROP TABLE bare")
    return seconds


def _calamine(path: Path) -> float:
    import python_calamine

    started = time.perf_counter()
    python_calamine.CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()
    return time.perf_counter() - started


def _prepare(rows: int) -> str:
    """An empty programme with as many places: 20 indicators, 50 sites, and the months that are needed."""
    from django.core.management import call_command

    from indicators.models import ProgrammeIndicator, ReportingPeriod, ReportingUnit
    from tests import factories as make

    call_command("flush", interactive=False, verbosity=0)
    months = max(rows // 1000, 1)
    programme = make.make_programme("BENCH", starts_on=date(1940, 1, 1), ends_on=date(2025, 12, 31))
    make.make_user("bench", programme=programme, role="officer")
    make.make_user("approver", programme=programme, role="approver")
    sites = ReportingUnit.objects.bulk_create(
        ReportingUnit(programme=programme, code=f"S{n:03}", name=f"Site {n}", kind="site") for n in range(50)
    )
    ReportingPeriod.objects.bulk_create(_month(programme, n) for n in range(months))
    for number in range(20):
        version = make.make_version(f"BN-{number:02}", frequency="monthly")
        indicator = make.make_indicator(programme, version=version, frequency="monthly")
        ProgrammeIndicator.units.through.objects.bulk_create(
            ProgrammeIndicator.units.through(programmeindicator=indicator, reportingunit=site)
            for site in sites
        )
    return programme.code


def _first(number: int) -> date:
    return date(1940 + number // 12, number % 12 + 1, 1)


def _month(programme: Any, number: int) -> Any:
    from indicators.models import ReportingPeriod

    first, following = _first(number), _first(number + 1)
    return ReportingPeriod(
        programme=programme, frequency="monthly", starts_on=first, ends_on=following - timedelta(days=1),
        label=f"{first:%Y-%m}", due_on=following + timedelta(days=14),
    )  # fmt: skip


def _lines(rows: int) -> Any:
    every = (
        [
            f"BN-{i:02}",
            f"{_first(m):%Y-%m}",
            f"S{s:03}",
            str((i * 7 + m * 3 + s) % 90),
            str(90 + (m + s) % 17),
            "As inspected.",
        ]
        for m in range(max(rows // 1000, 1))
        for i in range(20)
        for s in range(50)
    )
    return islice(every, rows)


def _write(home: Path, rows: int, kind: str) -> Path:
    path = home / f"{rows}.{kind}"
    if path.exists():
        return path
    if kind == "csv":
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(HEADER)
            writer.writerows(_lines(rows))
        return path
    import xlsxwriter

    with xlsxwriter.Workbook(path, {"constant_memory": True}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, HEADER)
        for number, line in enumerate(_lines(rows), start=1):
            sheet.write_row(number, 0, [*line[:3], int(line[3]), int(line[4]), line[5]])
    return path
