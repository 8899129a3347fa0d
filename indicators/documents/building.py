"""What a worker does with a document that somebody asked for. A web process never imports it."""

from __future__ import annotations

import hashlib
import io
import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any, BinaryIO

from django.db import connection, transaction
from django.http import Http404
from django.utils import translation
from django.utils.translation import gettext as _

from indicators import leases
from indicators.documents.content import Report
from indicators.documents.docx import write_docx
from indicators.documents.pdf import write_pdf
from indicators.documents.subjects import compose, subject_of
from indicators.documents.xlsx import write_xlsx
from indicators.models import Document, Programme

logger = logging.getLogger(__name__)
LEASE_SECONDS = 300
"""Longer than the task may take: a lease that has run out means that the worker vanished."""
MOST_DOCUMENTS = 50
WRITERS: dict[str, Callable[[Report, BinaryIO], None]] = {
    Document.Format.PDF: write_pdf,
    Document.Format.DOCX: write_docx,
    Document.Format.XLSX: write_xlsx,
}
LINE = leases.WaitingLine(model=Document, states=(Document.State.QUEUED, Document.State.BUILDING))


def build_waiting(*, at: Callable[[], datetime], pk: int | None = None) -> int:
    """Build the named document, or all that wait; how many were built. One that fails does not stop the others."""
    done = 0
    for _turn in range(1 if pk is not None else MOST_DOCUMENTS):
        claimed = _claim(pk)
        if claimed is None:
            break
        done += _build(claimed, at=at())
    return done


def waiting() -> list[int]:
    """Documents that wait for a worker: nobody was told, or whoever had them vanished."""
    return leases.waiting(LINE)


def _claim(pk: int | None) -> Document | None:
    taken = leases.claim(LINE, pk, seconds=LEASE_SECONDS, state=Document.State.BUILDING.value, done=0)
    if taken is None:
        return None
    return (
        Document.objects.select_related("requested_by__partner", "programme").defer("content").get(pk=taken)
    )


def _build(claimed: Document, *, at: datetime) -> bool:
    """Build one document; any failure is kept with the row."""
    if claimed.attempts > leases.MAX_ATTEMPTS:  # Whoever had it before never came back to say so.
        return _fail(
            claimed, _("The worker vanished each time; an administrator finds the reason in the log.")
        )
    try:
        with translation.override(claimed.language):
            return _keep(claimed, _write(claimed, at))
    except Http404:
        return _fail(claimed, _("It is not there any more, or you do not see it any more."))
    except Exception:
        logger.exception("document not built", extra={"document": claimed.pk, "attempt": claimed.attempts})
        return _fail(claimed, _("It could not be built; an administrator finds the reason in the log."))


def _write(claimed: Document, at: datetime) -> dict[str, Any]:
    """The file and what is known of it: an older one that says the very same, or a new one."""
    subject = subject_of(claimed.requested_by, claimed.kind, claimed.key)
    _step(claimed, 1)
    with transaction.atomic():  # One picture of the figures, whatever is saved meanwhile.
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        report = compose(claimed.requested_by, subject, language=claimed.language, at=at)
        if subject.programme is None:
            claimed.covers.set(Programme.objects.visible_to(claimed.requested_by))
    _step(claimed, 2)
    same = Document.objects.filter(
        state=Document.State.READY,
        inputs_hash=report.inputs_hash,
        format=claimed.format,
        language=claimed.language,
    ).first()
    if same is not None:
        content, made_at = bytes(same.content or b""), same.made_at
    else:
        file = io.BytesIO()
        WRITERS[claimed.format](report, file)
        content, made_at = file.getvalue(), report.made_at
    return {
        "content": content,
        "size": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "inputs_hash": report.inputs_hash,
        "marking": report.marking[:40],
        "made_at": made_at,
        "title": report.title[:250],
    }


def _step(claimed: Document, done: int) -> None:
    _ours(claimed).update(done=done)


def _keep(claimed: Document, what: dict[str, Any]) -> bool:
    """Keep the file, unless another worker has the document or nobody waits for it any more."""
    what |= {"state": Document.State.READY, "lease_until": None, "done": Document.STEPS, "problem": ""}
    return _ours(claimed).update(**what) == 1


def _fail(claimed: Document, why: str) -> bool:
    _ours(claimed).update(state=Document.State.FAILED, lease_until=None, problem=why)
    return False


def _ours(claimed: Document) -> Any:
    return Document.objects.filter(pk=claimed.pk, fence=claimed.fence, state=Document.State.BUILDING)


def forget_documents(*, before: datetime) -> int:
    """Remove documents that were asked for before that moment. How many."""
    return Document.objects.filter(requested_at__lt=before).delete()[0]
