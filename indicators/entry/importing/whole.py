"""A whole import in one go, for the operator's command: the steps of the pages, in one transaction, nobody asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.files.base import File
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils.translation import gettext as _

from indicators.entry.importing import files, running
from indicators.entry.importing.catalogue import Catalogue
from indicators.entry.importing.layout import (
    FIELDS,
    Layout,
    check_layout,
    plain,
    problems_of,
    unknown_columns,
)
from indicators.entry.importing.showing import CHANGING, Problem, every_difference, every_problem
from indicators.models import FileImport, ImportState, Programme, User
from indicators.models.imports import import_path
from indicators.permissions import check_may_import

SHOWN_DIFFERENCES = 200


@dataclass(slots=True, kw_only=True)
class Outcome:
    """What a file did, or would do."""

    kinds: dict[str, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    file_import: FileImport | None = None

    def __str__(self) -> str:
        changed = self.kinds["changed"] + self.kinds["corrected"]
        return f"{self.kinds['new']} new, {changed} changed, {self.kinds['same']} same"


class _TakeBack(Exception):
    """Nothing of this transaction is kept."""


def import_file(
    *,
    programme: Programme,
    path: Path,
    by: User | None,
    at: datetime,
    dry_run: bool = False,
    encoding: str = "",
    table: str = "",
    tell: Callable[[str], Any] | None = None,
) -> Outcome:
    """Submit the figures of a file for approval by a second person; the same file again changes nothing.

    Args:
        by: who submits them; None only for a dry run.
        encoding, table: where the file leaves open how it is written, or which sheet is meant.
        tell: given a line for each difference of a dry run, and for the first ones otherwise.

    Raises:
        ValidationError: the file cannot be read, or its columns are wrong.
        PermissionDenied: `by` enters no figures in this programme.
    """
    if by is None and not dry_run:
        raise TypeError("somebody must submit the figures")
    opened = files.open_file(path, path.name)
    outcome = Outcome()
    try:
        with transaction.atomic():
            if by is not None and not dry_run:
                check_may_import(by, programme)
            layout = _clear_layout(opened, Catalogue(programme), encoding=encoding, table=table)
            made = _made(programme, opened, layout, by=by, at=at, dry_run=dry_run)
            made.counts = running.check_rows(made, path, say=lambda done: None, at=at)
            outcome.kinds = made.counts["kinds"]
            outcome.problems = list(every_problem(made))
            if outcome.problems:
                raise _TakeBack
            if tell is not None:
                for difference in every_difference(made, None if dry_run else SHOWN_DIFFERENCES):
                    tell(str(difference))
            if dry_run or not any(outcome.kinds[kind] for kind in CHANGING):
                raise _TakeBack
            _take_over(made, path)
            outcome.file_import = made
    except _TakeBack:
        pass
    return outcome


def _clear_layout(opened: files.Opened, catalogue: Catalogue, *, encoding: str, table: str) -> Layout:
    """The proposed layout, if it leaves no question open; ValidationError says which it leaves."""
    if not opened.is_certain and not encoding:
        raise files.unreadable(
            opened.name,
            _("byte %(at)s is not UTF-8; save it as “CSV UTF-8”") % {"at": files.bad_byte(opened.path)},
        )
    layout, _preview = running.propose(opened, catalogue, Layout(table=table, encoding=encoding, header=0))
    layout.dates = "ymd"  # Nobody is here to confirm another order.
    _check_names(layout)
    named = {one.removeprefix("at:") for one in layout.columns}
    named |= {"period"} if "day" in named else set()
    missing = [name for name in ("indicator", "period") if name not in named]
    if missing:
        raise ValidationError(
            _("Column %(missing)s is missing; the file has: %(given)s."),
            code="header",
            params={"missing": ", ".join(missing), "given": ", ".join(layout.names)},
        )
    if unknown := unknown_columns(layout, catalogue.vocabulary()):
        raise ValidationError(
            _("Column %(unknown)s is not known; known are: %(known)s."),
            code="header",
            params={
                "unknown": ", ".join(unknown),
                "known": ", ".join([*FIELDS, *sorted(catalogue.dimensions)]),
            },
        )
    if problems_of(layout):
        check_layout(layout)
    return layout


def _check_names(layout: Layout) -> None:
    names = [plain(name) for name in layout.names]
    if "" in names:
        raise ValidationError(_("Column %(number)s has no name.") % {"number": names.index("") + 1})
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValidationError(_("These columns stand in it twice: %(names)s.") % {"names": ", ".join(twice)})


def _made(
    programme: Programme,
    opened: files.Opened,
    layout: Layout,
    *,
    by: User | None,
    at: datetime,
    dry_run: bool,
) -> FileImport:
    """A row for the file; for a dry run none is written, and its staged rows go with the transaction."""
    made = FileImport(
        programme=programme,
        name=opened.name[:200],
        sha256=files.sha256_of(opened.path),
        size=opened.path.stat().st_size,
        by=by,
        at=at,
        state=ImportState.CHECKED,
        layout=layout.as_json(),
        checked_at=at,
    )
    if dry_run:
        made.pk = 0
    else:
        made.save()
    return made


def _take_over(made: FileImport, path: Path) -> None:
    made.applied_by, made.applied_at = made.by, made.at
    running.apply_claimed(made)
    stored = import_path(made, "")
    if not default_storage.exists(stored):
        with path.open("rb") as file:
            stored = default_storage.save(stored, File(file))
    made.file.name, made.state = stored, ImportState.APPLIED
    made.save()
