"""What an administrator does with an IATI file: send it, have it checked again, taken over; throw it away."""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from indicators.doorbell import RUN_IATI_IMPORT, ring_on_commit
from indicators.events import remember
from indicators.exchange.findings import Effect
from indicators.exchange.iati_programmes import read_choices
from indicators.models import IatiImport, ImportState, User
from indicators.permissions import check_may_administer


@transaction.atomic
def send_file(
    *,
    name: str,
    content: bytes,
    choices: str = "",
    is_strict: bool = False,
    by: User,
    at: datetime,
    key: str = "",
) -> IatiImport:
    """Keep a file and have a worker say what it would do.

    Args:
        choices: which programme is which activity, one line for each (`read_choices`).
        is_strict: take nothing over if anything is refused or left out.
        key: a machine's Idempotency-Key: the same key again gives the same import.

    Raises:
        PermissionDenied: `by` is not an administrator.
        ValidationError: the file is empty; a line of `choices` says nothing; the key was used for another file.
    """
    check_may_administer(by)
    if not content:
        raise ValidationError({"file": _("The file is empty.")})
    read_choices(choices.splitlines())
    what = {"sha256": sha256(content).hexdigest(), "choices": choices, "is_strict": is_strict}
    if key and (known := _sent_before(by, key, what)) is not None:
        return known
    made = IatiImport.objects.create(
        **what, name=name, content=content, size=len(content), by=by, at=at, key=key,
        language=translation.get_language() or "en",
    )  # fmt: skip
    remember("sent a file", by=by, at=at, about=made, after={"file": name, "sha256": made.sha256})
    ring_on_commit(RUN_IATI_IMPORT, made.pk)
    return made


def _sent_before(by: User, key: str, what: dict[str, Any]) -> IatiImport | None:
    known = IatiImport.objects.filter(by=by, key=key).first()
    if known is not None and any(getattr(known, name) != value for name, value in what.items()):
        raise ValidationError(
            _("This Idempotency-Key was used for another file; a key of its own was expected."),
            code="conflict",
        )
    return known


@transaction.atomic
def check_again(*, one: IatiImport, by: User) -> None:
    """Have said anew what the file would do, with what stands now."""
    check_may_administer(by)
    _have_done(_lock(one, ImportState.CHECKED), ImportState.CHECKING)


@transaction.atomic
def apply_file(*, one: IatiImport, by: User, at: datetime) -> None:
    """Have everything taken over that can be taken, exactly as the check said, or nothing.

    Raises:
        ValidationError: nothing is to be done; or it is not checked (code ``conflict``).
    """
    check_may_administer(by)
    locked = _lock(one, ImportState.CHECKED)
    check_is_applicable(locked)
    _have_done(locked, ImportState.APPLYING, applied_by=by, applied_at=at)


def check_is_applicable(one: IatiImport) -> None:
    """Raise ValidationError unless something would be taken over, and nothing is in its way."""
    if one.is_strict and any(finding["effect"] != Effect.NOTED for finding in one.findings):
        raise ValidationError(
            _(
                "Something was refused or left out; sent as strict, the file is taken over as a whole or not at all."
            )
        )
    if one.outcome.get("changes_nothing", True):
        raise ValidationError(_("Everything in the file stands already; there is nothing to take over."))


@transaction.atomic
def discard_file(*, one: IatiImport, by: User, at: datetime) -> None:
    """Throw a file away that was not taken over."""
    check_may_administer(by)
    locked = _lock(one, ImportState.CHECKED, ImportState.FAILED)
    IatiImport.objects.filter(pk=locked.pk).update(state=ImportState.DISCARDED, content=None)
    remember("threw a file away", by=by, at=at, about=locked)


def forget_files(*, before: datetime) -> int:
    """Remove the files that were sent before that moment; what they brought stays, and the rows that say so."""
    old = IatiImport.objects.filter(at__lt=before, content__isnull=False)
    old.filter(state=ImportState.CHECKED).update(state=ImportState.DISCARDED)
    return old.exclude(state__in=[ImportState.CHECKING, ImportState.APPLYING]).update(content=None)


def _lock(one: IatiImport, *states: ImportState) -> IatiImport:
    locked = IatiImport.objects.select_for_update().defer("content").get(pk=one.pk)
    if locked.state not in states:
        raise ValidationError(
            _("Somebody was here before you: this file is now “%(state)s”."),
            code="conflict",
            params={"state": locked.get_state_display()},
        )
    return locked


def _have_done(locked: IatiImport, state: ImportState, **what: Any) -> None:
    IatiImport.objects.filter(pk=locked.pk).update(
        state=state, problem="", owner="", lease_until=None, attempts=0, progress_done=0, **what
    )
    ring_on_commit(RUN_IATI_IMPORT, locked.pk)
