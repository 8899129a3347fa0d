"""The files of figures that wait for a worker. The row says what is to be done."""

from __future__ import annotations

from indicators import leases
from indicators.models import FOR_A_WORKER, FileImport

LINE = leases.WaitingLine(model=FileImport, states=FOR_A_WORKER)


def claim(pk: int | None = None) -> FileImport | None:
    """Take the named file, or the oldest that waits for a worker; None when there is none."""
    taken = leases.claim_file(LINE, pk)
    if taken is None:
        return None
    return FileImport.objects.select_related("programme", "by", "applied_by", "undone_by").get(pk=taken)


def waiting() -> list[int]:
    """The files that wait for a worker: nobody was told, or whoever had them vanished."""
    return leases.waiting(LINE)
