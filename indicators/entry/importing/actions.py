"""What a person does with a file: send it, say how it is read, have it checked, taken over, undone. No request here."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from typing import Any

from django.core.exceptions import ValidationError
from django.core.files.base import File
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from indicators.doorbell import RUN_IMPORT, ring_on_commit
from indicators.entry.importing.files import MAX_BYTES, MAX_COLUMNS, MEGABYTE
from indicators.entry.importing.layout import (
    DAY_ORDERS,
    FIELDS,
    WIDE,
    Layout,
    check_layout,
    layout_from,
    plain,
)
from indicators.events import remember
from indicators.models import FileImport, ImportState, ImportTerm, Programme, User
from indicators.models.imports import import_path
from indicators.permissions import check_may_import

LONGEST_TERM = 200


@transaction.atomic
def create_import(
    *, programme: Programme, file: File[bytes], name: str, by: User, at: datetime, key: str = ""
) -> FileImport:
    """Keep a file and have a worker look into it.

    Args:
        file: its content; name: as its sender calls it.
        key: a machine's Idempotency-Key: the same key again gives the same import.

    Raises:
        ValidationError: the file is empty or too large; or the key was used for another file.
        PermissionDenied: `by` enters no figures in this programme.
    """
    check_may_import(by, programme)
    size = file.size or 0
    if not size:
        raise ValidationError({"file": _("The file is empty.")})
    if size > MAX_BYTES:
        raise ValidationError(
            {
                "file": _("The file has %(mb)s MB; at most %(limit)s were expected.")
                % {"mb": size // MEGABYTE, "limit": MAX_BYTES // MEGABYTE}
            }
        )
    digest = _sha256(file)
    if key and (known := _sent_before(by, key, programme, digest)) is not None:
        return known
    made = FileImport(
        programme=programme, name=safe_name(name), sha256=digest, size=size, by=by, at=at, key=key,
        language=translation.get_language() or "en",
    )  # fmt: skip
    path = import_path(made, "")
    if not default_storage.exists(path):
        file.seek(0)
        path = default_storage.save(path, file)
    made.file.name = path
    made.save()
    remember(
        "sent a file",
        by=by,
        at=at,
        about=made,
        programme=programme,
        after={"file": made.name, "sha256": digest},
    )
    ring_on_commit(RUN_IMPORT, made.pk)
    return made


def _sha256(file: File[bytes]) -> str:
    digest = sha256()
    for chunk in file.chunks():
        digest.update(chunk)
    return digest.hexdigest()


def _sent_before(by: User, key: str, programme: Programme, digest: str) -> FileImport | None:
    known = FileImport.objects.filter(by=by, key=key).first()
    if known is None:
        return None
    if (known.programme_id, known.sha256) != (programme.pk, digest):  # type: ignore[attr-defined]
        raise ValidationError(
            _("This Idempotency-Key was used for another file; a key of its own was expected."),
            code="conflict",
        )
    return known


def safe_name(given: str) -> str:
    """The last part of a name, without what is invisible; never empty."""
    last = given.replace("\\", "/").rpartition("/")[2]
    shown = "".join(
        c for c in last if c.isprintable() and unicodedata.category(c) not in {"Cf", "Cs"}
    ).strip()
    return shown[-120:] or "file"


@transaction.atomic
def confirm_layout(*, file_import: FileImport, layout: Layout, by: User, at: datetime) -> None:
    """Say how the file is read, keep what each header means for next time, and have every row checked.

    Raises:
        ValidationError: something is still to be settled.
    """
    check_may_import(by, file_import.programme)
    locked = _lock(file_import, ImportState.MAPPING, ImportState.CHECKED)
    check_layout(layout)
    for name, meant in zip(layout.names, layout.columns, strict=True):
        if name and not meant.startswith("at:"):
            keep_term(locked.programme, ImportTerm.Kind.COLUMN, plain(name), meant, by=by, at=at)
    _have_done(locked, ImportState.CHECKING, layout=layout.as_json(), problem="", counts={})


@transaction.atomic
def look_again(
    *,
    file_import: FileImport,
    by: User,
    table: str = "",
    encoding: str = "",
    delimiter: str = "",
    header: int = 0,
) -> None:
    """Have another sheet, from another header row, or the file in another encoding, looked into."""
    check_may_import(by, file_import.programme)
    locked = _lock(file_import, ImportState.MAPPING, ImportState.CHECKED)
    wanted = Layout(table=table, encoding=encoding, delimiter=delimiter, header=header)
    _have_done(locked, ImportState.READING, layout=wanted.as_json(), problem="", counts={})


@transaction.atomic
def match_words(
    *, file_import: FileImport, words: Mapping[tuple[str, str], str], by: User, at: datetime
) -> None:
    """Keep what words of the file mean in this programme, and have every row checked again.

    Args:
        words: by kind (indicator, unit, period, cell) and word of the file, ours.
    """
    check_may_import(by, file_import.programme)
    locked = _lock(file_import, ImportState.MAPPING, ImportState.CHECKED)
    for (kind, theirs), ours in words.items():
        keep_term(locked.programme, ImportTerm.Kind(kind), theirs, ours, by=by, at=at)
    _have_done(locked, ImportState.CHECKING, problem="", counts={})


@transaction.atomic
def back_to_layout(*, file_import: FileImport, by: User) -> None:
    """Say anew what the columns mean."""
    check_may_import(by, file_import.programme)
    locked = _lock(file_import, ImportState.CHECKED)
    FileImport.objects.filter(pk=locked.pk).update(state=ImportState.MAPPING, counts={}, problem="")


@transaction.atomic
def check_again(*, file_import: FileImport, by: User) -> None:
    """Compare the file with what stands now."""
    check_may_import(by, file_import.programme)
    _have_done(_lock(file_import, ImportState.CHECKED), ImportState.CHECKING, problem="", counts={})


@transaction.atomic
def apply_import(*, file_import: FileImport, by: User, at: datetime) -> None:
    """Have all figures submitted for approval by a second person, or none.

    Raises:
        ValidationError: rows are refused, nothing is to be done, or it is not checked (code ``conflict``).
    """
    check_may_import(by, file_import.programme)
    locked = _lock(file_import, ImportState.CHECKED)
    check_is_applicable(locked)
    _have_done(locked, ImportState.APPLYING, applied_by=by, applied_at=at, problem="")


def check_is_applicable(file_import: FileImport) -> None:
    """Raise ValidationError unless every row is good and one of them changes something."""
    kinds = file_import.counts.get("kinds", {})
    if kinds.get("problem"):
        raise ValidationError(
            _("%(count)s rows are refused; a file is taken over as a whole. Mend them and send it again.")
            % {"count": kinds["problem"]}
        )
    if not sum(kinds.get(kind, 0) for kind in ("new", "changed", "corrected")):
        raise ValidationError(_("Everything in the file stands already; there is nothing to take over."))


@transaction.atomic
def undo_import(*, file_import: FileImport, by: User, at: datetime) -> None:
    """Have undone what the file did, as far as nobody has decided on it or changed it since."""
    check_may_import(by, file_import.programme)
    locked = _lock(file_import, ImportState.APPLIED)
    if not locked.file:
        raise ValidationError(_("It was taken over too long ago to be undone as one."), code="conflict")
    _have_done(locked, ImportState.UNDOING, undone_by=by, undone_at=at, problem="")


@transaction.atomic
def discard_import(*, file_import: FileImport, by: User, at: datetime) -> None:
    """Throw a file away that was not taken over."""
    check_may_import(by, file_import.programme)
    locked = _lock(file_import, ImportState.MAPPING, ImportState.CHECKED, ImportState.FAILED)
    FileImport.objects.filter(pk=locked.pk).update(state=ImportState.DISCARDED)
    remember("threw a file away", by=by, at=at, about=locked, programme=locked.programme_id)  # type: ignore[attr-defined]


def keep_term(
    programme: Programme, kind: ImportTerm.Kind, theirs: str, ours: str, *, by: User, at: datetime
) -> None:
    theirs = theirs[:LONGEST_TERM].strip()
    if theirs:
        ImportTerm.objects.update_or_create(
            programme=programme,
            kind=kind,
            theirs=theirs,
            defaults={"ours": ours[:LONGEST_TERM], "by": by, "at": at},
        )


def _lock(file_import: FileImport, *states: ImportState) -> FileImport:
    locked = (
        FileImport.objects.select_for_update(of=("self",)).select_related("programme").get(pk=file_import.pk)
    )
    if locked.state not in states:
        raise ValidationError(
            _("Somebody was here before you: this file is now “%(state)s”."),
            code="conflict",
            params={"state": locked.get_state_display()},
        )
    return locked


def _have_done(locked: FileImport, state: ImportState, **what: Any) -> None:
    FileImport.objects.filter(pk=locked.pk).update(
        state=state, owner="", lease_until=None, attempts=0, progress_done=0, **what
    )
    ring_on_commit(RUN_IMPORT, locked.pk)


def layout_of(file_import: FileImport, given: Mapping[str, Any]) -> Layout:
    """The proposed layout with what a person chose over it; ValidationError by name when a choice is none of ours.

    Args:
        given: some of header, columns (a list), fixed, dates, until_blank.
    """
    layout = layout_from(file_import.layout or {})
    columns = given.get("columns", layout.columns)
    known = {"", *FIELDS, *WIDE}
    if not isinstance(columns, list) or len(columns) > MAX_COLUMNS or len(columns) != len(layout.names):
        raise ValidationError(
            {"columns": _("%(count)s columns were expected.") % {"count": len(layout.names)}}
        )
    for one in columns:
        if not isinstance(one, str) or (one not in known and not one.startswith("dim:")):
            raise ValidationError({"columns": _("“%(given)s” is no field.") % {"given": str(one)[:40]}})
    dates = given.get("dates", layout.dates)
    if dates not in DAY_ORDERS:
        raise ValidationError(
            {"dates": _("One of %(known)s was expected.") % {"known": ", ".join(DAY_ORDERS)}}
        )
    fixed = {
        name: str(text)[:LONGEST_TERM].replace("\x00", "")
        for name, text in given.get("fixed", layout.fixed).items()
        if name in FIELDS and str(text).strip()
    }
    return replace(
        layout, columns=columns, dates=dates, fixed=fixed, until_blank=bool(given.get("until_blank", False))
    )
