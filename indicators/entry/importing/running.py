"""What a worker does with a file: look into it, check it, take it over, undo it. A web process never imports it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from indicators import leases
from indicators.entry.importing import files, staging
from indicators.entry.importing.applying import MovedOn, apply_rows, undo_rows
from indicators.entry.importing.catalogue import Catalogue
from indicators.entry.importing.layout import (
    HEADER_WITHIN,
    Layout,
    Vocabulary,
    layout_from,
    problems_of,
    propose_layout,
    storable,
    unknown_columns,
)
from indicators.entry.importing.queue import LINE, claim
from indicators.entry.importing.records import records
from indicators.events import remember
from indicators.leases import Progress, Step, finish
from indicators.models import FileImport, ImportRow, ImportState, ProgrammeIndicator

MOST_FILES = 20
PREVIEW_LINES = 12
PREVIEW_CELL = 60
MOST_WORDS = 60
MOST_TABLES = 12


def run_waiting(*, at: Callable[[], datetime], pk: int | None = None, most: int = MOST_FILES) -> int:
    """Do what waits: of the named file, or of all. How many steps were done; a failure does not stop the others."""
    done = 0
    for _turn in range(1 if pk is not None else most):
        claimed = claim(pk)
        if claimed is None:
            break
        done += run_claimed(claimed, at=at())
    return done


def run_claimed(claimed: FileImport, *, at: datetime) -> bool:
    """One step of one file; whether it was done. Any failure is kept with the row, and the file stays as it was."""
    return leases.do_step(LINE, claimed, STEPS, _refuse, at=at)


RETREAT = {
    ImportState.READING: ImportState.FAILED,
    ImportState.CHECKING: ImportState.MAPPING,
    ImportState.APPLYING: ImportState.CHECKED,
    ImportState.UNDOING: ImportState.APPLIED,
}
"""Where a file stands when its step is refused."""


def _refuse(claimed: FileImport, began: str, why: str) -> None:
    claimed.state = began
    kept: dict[str, Any] = {"state": RETREAT[ImportState(began)], "problem": why[:4000]}
    if began == ImportState.APPLYING:
        kept |= {"applied_by": None, "applied_at": None}
    if began == ImportState.UNDOING:
        kept |= {"undone_by": None, "undone_at": None}
    finish(claimed, **kept)


# --- Reading -----------------------------------------------------------------------------------------------------


def read_step(claimed: FileImport, progress: Progress, at: datetime) -> None:
    """Propose how the file is read; go on at once when every column is known."""
    opened = files.open_file(path_of(claimed), claimed.name)
    catalogue = Catalogue(claimed.programme)
    wanted = layout_from(claimed.layout or {"header": 0})
    layout, preview = propose(opened, catalogue, wanted)
    is_clear = (
        (opened.is_certain or wanted.encoding)
        and not wanted.header
        and preview["is_only"]
        and not problems_of(layout)
        and not preview["unknown"]
        and not layout.until_blank
        and layout.dates == "ymd"
    )
    state = ImportState.CHECKING if is_clear else ImportState.MAPPING
    finish(claimed, state=state, layout=layout.as_json(), preview=preview, problem="")
    if is_clear:
        _go_on(claimed, at)


def _go_on(claimed: FileImport, at: datetime) -> None:
    again = claim(claimed.pk)
    if again is not None:
        run_claimed(again, at=at)


def propose(opened: files.Opened, catalogue: Catalogue, wanted: Layout) -> tuple[Layout, dict[str, Any]]:
    """A layout for one table of a file, and what somebody must see to judge it."""
    table, is_only = (wanted.table, True) if wanted.table else best_table(opened, catalogue)
    settled = {
        "table": table,
        "encoding": wanted.encoding or (opened.encoding if opened.kind == "csv" else ""),
        "delimiter": wanted.delimiter or (opened.delimiter if opened.kind == "csv" else ""),
    }
    lines = first_lines(opened, **settled)
    words = catalogue.vocabulary()
    layout = propose_layout(lines, words, header=wanted.header, **settled)
    preview = {
        "kind": opened.kind,
        "tables": list(opened.tables),
        "is_certain": opened.is_certain,
        "is_only": is_only,
        "unknown": unknown_columns(layout, words),
        "lines": [
            [number, [storable(cell[:PREVIEW_CELL]) for cell in cells]]
            for number, cells in lines
            if number >= layout.header - 3 or number <= 3
        ][: PREVIEW_LINES + 6],
    }
    return layout, preview


def best_table(opened: files.Opened, catalogue: Catalogue) -> tuple[str, bool]:
    """The sheet in which most headers are known, and whether no other one holds a table of ours."""
    if len(opened.tables) <= 1:
        return (opened.tables[0] if opened.tables else ""), True
    words = catalogue.vocabulary()
    known = {table: _known_headers(opened, table, words) for table in opened.tables[:MOST_TABLES]}
    best = max(known, key=lambda table: known[table])
    return best, all(count < 2 for table, count in known.items() if table != best)


def _known_headers(opened: files.Opened, table: str, words: Vocabulary) -> int:
    try:
        layout = propose_layout(first_lines(opened, table=table), words)
    except ValidationError:  # An empty sheet.
        return 0
    return sum(1 for one in layout.columns if one)


def first_lines(opened: files.Opened, **settled: str) -> list[files.Line]:
    with files.reading(opened, **settled) as lines:
        found = files.head_of(lines, HEADER_WITHIN + PREVIEW_LINES)
    if not any(any(cells) for _number, cells in found):
        raise files.unreadable(opened.name, _("its first rows are empty; names of columns were expected"))
    return found


# --- Checking ----------------------------------------------------------------------------------------------------


def check_step(claimed: FileImport, progress: Progress, at: datetime) -> None:
    """Stage and compare every row, and keep the result: all in one transaction."""
    with transaction.atomic():
        counts = check_rows(claimed, path_of(claimed), say=progress.say, at=at)
        finish(claimed, state=ImportState.CHECKED, counts=counts, checked_at=at, problem="")


def check_rows(
    claimed: FileImport, path: Path, *, say: Callable[[int], None], at: datetime
) -> dict[str, Any]:
    """What each row would do, in the staging table. Returns rows by kind, and words that nobody has matched."""
    layout = layout_from(claimed.layout or {})
    opened = files.open_file(path, claimed.name)
    catalogue = Catalogue(claimed.programme)
    task = staging.Task(
        file_import=claimed,
        catalogue=catalogue,
        at=at,
        dates=layout.dates,
        say=say,
    )
    with files.reading(
        opened, table=layout.table, encoding=layout.encoding, delimiter=layout.delimiter
    ) as lines:
        staging.stage(task, records(lines, layout))
    indicators = list(
        ProgrammeIndicator.objects.filter(programme=claimed.programme).values_list("pk", flat=True)
    )
    staging.compare(task, indicators)
    return {
        "kinds": staging.count_kinds(claimed),
        "words": [
            {"kind": kind, "theirs": theirs, "rows": rows}
            for (kind, theirs), rows in catalogue.unknown.most_common(MOST_WORDS)
        ],
    }


# --- Taking over, undoing ----------------------------------------------------------------------------------------


def apply_step(claimed: FileImport, progress: Progress, at: datetime) -> None:
    """Submit all figures, or none."""
    assert claimed.applied_by is not None
    try:
        with transaction.atomic():
            apply_claimed(claimed)
            finish(claimed, state=ImportState.APPLIED, problem="")
    except MovedOn as refusal:
        _refuse(claimed, ImportState.APPLYING, " ".join(refusal.messages))


def apply_claimed(claimed: FileImport) -> None:
    """Submit the staged figures as its person asked. Call inside a transaction."""
    by, at = claimed.applied_by, claimed.applied_at
    assert by is not None
    assert at is not None
    apply_rows(claimed, by=by, at=at)
    kinds = claimed.counts["kinds"]
    facts = {"file": claimed.name[:100], "sha256": claimed.sha256, "rows": kinds}
    remember("took over a file", by=by, at=at, about=claimed, programme=claimed.programme_id, after=facts)


def undo_step(claimed: FileImport, progress: Progress, at: datetime) -> None:
    """Discard and restore what can be, in one transaction."""
    by, when = claimed.undone_by, claimed.undone_at
    assert by is not None
    assert when is not None
    with transaction.atomic():
        counts = undo_rows(claimed, by=by, at=when)
        facts = {"file": claimed.name[:100], "figures": counts}
        remember("undid a file", by=by, at=when, about=claimed, programme=claimed.programme_id, after=facts)
        finish(claimed, state=ImportState.UNDONE, counts=claimed.counts | {"undone": counts}, problem="")


STEPS: dict[str, Step] = {
    ImportState.READING: read_step,
    ImportState.CHECKING: check_step,
    ImportState.APPLYING: apply_step,
    ImportState.UNDOING: undo_step,
}


def path_of(claimed: FileImport) -> Path:
    return Path(claimed.file.path)


def forget_old(*, before: datetime) -> int:
    """Remove files and staged rows that were sent so long ago; what they brought stays, and the row that says so.

    They can no longer be undone as one.
    """
    old = FileImport.objects.filter(at__lt=before).exclude(file="")
    count = 0
    for one in old.exclude(state__in=["checking", "applying", "undoing", "reading"]):
        ImportRow.objects.filter(file_import=one).delete()
        if not FileImport.objects.filter(sha256=one.sha256, at__gte=before).exists():
            one.file.storage.delete(one.file.name)
        FileImport.objects.filter(pk=one.pk).update(file="")
        count += 1
    return count
