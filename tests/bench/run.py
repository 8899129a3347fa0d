"""`make bench`: every figure beside its floor, measured in the same run. Prints a table, writes bench-results.json."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.bench.servers import private_servers


def _entering(options: argparse.Namespace) -> list[dict[str, Any]]:
    from tests.bench.entering import measure_entering

    return measure_entering()


def _judging(options: argparse.Namespace) -> list[dict[str, Any]]:
    from tests.bench.judging import measure_judging

    return [measure_judging(options.judged)]


def _rebuilding(options: argparse.Namespace) -> list[dict[str, Any]]:
    from tests.bench.rebuilding import measure_rebuilding

    return measure_rebuilding(options.observations, options.indicators)


def _expost(options: argparse.Namespace) -> list[dict[str, Any]]:
    from tests.bench.expost import measure_expost

    return measure_expost(options.ended)


def _importing(options: argparse.Namespace) -> list[dict[str, Any]]:
    from tests.bench.importing import measure_importing

    return measure_importing(options.imported)


def _changing(options: argparse.Namespace) -> Iterable[dict[str, Any]]:
    from tests.bench.importing import measure_changing

    return measure_changing(options.changed)


def _reports(options: argparse.Namespace) -> Iterable[dict[str, Any]]:
    from tests.bench.reports import measure_reports

    return measure_reports(options.observations, options.indicators)


def _tables(options: argparse.Namespace) -> list[dict[str, Any]]:
    from tests.bench.tables import measure_tables

    return measure_tables(options.written)


def _documents(options: argparse.Namespace) -> list[dict[str, Any]]:
    from tests.bench.documents import measure_documents

    return measure_documents()


PARTS: dict[str, Callable[[argparse.Namespace], Iterable[dict[str, Any]]]] = {
    "entering": _entering,
    "judging": _judging,
    "rebuilding": _rebuilding,
    "expost": _expost,
    "importing": _importing,
    "changing": _changing,
    "reports": _reports,
    "tables": _tables,
    "documents": _documents,
}
"""Each imports its own measurement when it is asked: settings must be there first."""
ON_EMPTY_TABLES = {"entering", "rebuilding", "expost", "reports"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--skip-start", action="store_true", help="leave out the cold and warm `make run`")
    parser.add_argument("--output", type=Path, default=Path("bench-results.json"))
    parser.add_argument(
        "--only",
        choices=list(PARTS),
        help="nothing but this part",
    )
    parser.add_argument("--indicators", type=int, default=2_000, help="of the rebuild and the reports")
    parser.add_argument("--observations", type=int, default=1_000_000, help="of the rebuild and the reports")
    parser.add_argument("--imported", type=int, default=1_000_000, help="rows of a file")
    parser.add_argument(
        "--changed", type=int, default=100_000, help="figures that a file changes or corrects"
    )
    parser.add_argument("--written", type=int, default=100_000, help="rows of a workbook")
    parser.add_argument("--ended", type=int, default=500, help="indicators assessed ex-post")
    parser.add_argument("--nulls", type=int, default=1_000, help="null series for each rate of false alarms")
    parser.add_argument("--judged", type=int, default=10_000, help="indicators judged in one call")
    options = parser.parse_args()
    rows: list[dict[str, Any]] = []
    load_at_start = os.getloadavg()
    with private_servers():
        import django

        import tracker.celery  # noqa: F401 - whom the tasks below ring

        django.setup()
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        if options.only is None:
            _measure_the_application(rows, with_start=not options.skip_start)
        for name, measure in PARTS.items():
            if options.only in {None, name}:
                if name in ON_EMPTY_TABLES:
                    call_command("flush", interactive=False, verbosity=0)
                show(rows, measure(options))
        if options.only in {None, "expost"}:
            _measure_the_methods(rows, nulls=options.nulls)
    load_at_end = os.getloadavg()
    machine = {
        "python": sys.version.split()[0],
        "system": platform.platform(),
        "at": datetime.now(UTC).isoformat(),
        "cores": os.cpu_count(),
        "load_at_start": load_at_start,
        "load_at_end": load_at_end,
    }
    print(f"\nload of the machine: {load_at_start[0]:.1f} at the start, {load_at_end[0]:.1f} at the end")
    options.output.write_text(json.dumps({"machine": machine, "rows": rows}, indent=2) + "\n")
    print(f"\nwritten to {options.output}")


def _measure_the_application(rows: list[dict[str, Any]], *, with_start: bool) -> None:
    from django.core.management import call_command

    from tests.bench.approving import measure_approving
    from tests.bench.pages import measure_pages

    for already in (500, 5_000, 50_000):
        show(rows, [measure_approving(already)])
    call_command("flush", interactive=False, verbosity=0)
    call_command("load_catalogue", verbosity=0)
    call_command("seed_demo", verbosity=0)
    show(rows, measure_pages())
    if with_start:
        from tests.bench.starting import measure_starting

        show(rows, measure_starting())


def _measure_the_methods(rows: list[dict[str, Any]], *, nulls: int) -> None:
    from tests.bench.false_alarms import measure_false_alarms
    from tests.bench.methods import measure_methods

    show(rows, measure_methods())
    show(rows, measure_false_alarms(nulls))


def show(rows: list[dict[str, Any]], new: Iterable[dict[str, Any]]) -> None:
    if not rows:
        print(f"{'what':<82}{'ours':<86}{'floor':<46}floor is")
    for row in new:
        rows.append(row)
        print(
            f"{row['what']:<82}{_figures(row['ours']):<86}{_figures(row['floor']):<46}{row['floor_is']}",
            flush=True,
        )


def _figures(found: dict[str, float]) -> str:
    return "  ".join(f"{name} {value}" for name, value in found.items() if name != "n")


if __name__ == "__main__":
    main()
