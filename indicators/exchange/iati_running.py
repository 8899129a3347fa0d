"""What a worker does with an IATI file: say what it would do, and take it over; with a lease (`indicators.leases`)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from indicators import leases
from indicators.events import remember
from indicators.exchange.iati import File
from indicators.exchange.iati_importing import Outcome, import_file
from indicators.exchange.iati_programmes import read_choices
from indicators.exchange.iati_reading import read_content
from indicators.models import IatiImport, ImportState

LINE = leases.WaitingLine(model=IatiImport, states=(ImportState.CHECKING, ImportState.APPLYING))
MOST_FILES = 20


def waiting() -> list[int]:
    """The files that wait for a worker: nobody was told, or whoever had them vanished."""
    return leases.waiting(LINE)


def run_waiting(*, at: Callable[[], datetime], pk: int | None = None) -> int:
    """Do what waits: of the named file, or of all. How many steps were done; a failure does not stop the others."""
    done = 0
    for _turn in range(1 if pk is not None else MOST_FILES):
        taken = leases.claim_file(LINE, pk)
        if taken is None:
            break
        claimed = IatiImport.objects.select_related("by", "applied_by").get(pk=taken)
        done += leases.do_step(LINE, claimed, STEPS, _refuse, at=at())
    return done


def check_step(claimed: IatiImport, progress: leases.Progress, at: datetime) -> None:
    """Read the file, do all of it, take it back, and keep what it did."""
    file = _read(claimed)
    total = sum(activity.indicators for activity in file.activities)
    IatiImport.objects.filter(pk=claimed.pk, fence=claimed.fence).update(progress_total=total)
    outcome = import_file(
        file=file,
        by=claimed.by,
        at=at,
        choices=_choices(claimed),
        dry_run=True,
        say=progress.say,
    )
    leases.finish(claimed, state=ImportState.CHECKED, checked_at=at, problem="", **in_words(outcome))


def apply_step(claimed: IatiImport, progress: leases.Progress, at: datetime) -> None:
    """Do exactly what was said it would do, or nothing."""
    by, when = claimed.applied_by, claimed.applied_at
    assert by is not None
    assert when is not None
    file = _read(claimed)
    with transaction.atomic():
        outcome = import_file(
            file=file,
            by=by,
            at=when,
            choices=_choices(claimed),
            is_strict=claimed.is_strict,
            say=progress.say,
        )
        if not outcome.is_kept or in_words(outcome) != _checked(claimed):
            raise ValidationError(
                _(
                    "What it would do has changed since the file was checked; nothing was taken over. Check it again."
                )
            )
        facts = {"file": claimed.name[:100], "sha256": claimed.sha256, "figures": asdict(outcome.figures)}
        remember("took over a file", by=by, at=when, about=claimed, after=facts)
        leases.finish(claimed, state=ImportState.APPLIED, problem="")


def _checked(claimed: IatiImport) -> dict[str, Any]:
    return {"outcome": claimed.outcome, "findings": claimed.findings}


def in_words(outcome: Outcome) -> dict[str, Any]:
    """An outcome as the row keeps it, for pages and machines."""
    return {
        "outcome": {
            "new": outcome.new,
            "same": outcome.same,
            "refused": outcome.refused,
            "figures": asdict(outcome.figures),
            "changes_nothing": outcome.changes_nothing,
            "activities": [asdict(one) for one in outcome.activities],
        },
        "findings": [{**asdict(one), "effect": one.effect.value} for one in outcome.findings],
    }


def _read(claimed: IatiImport) -> File:
    return read_content(bytes(claimed.content or b""), claimed.name)


def _choices(claimed: IatiImport) -> Any:
    return read_choices(claimed.choices.splitlines())


STEPS: dict[str, leases.Step] = {ImportState.CHECKING: check_step, ImportState.APPLYING: apply_step}


def _refuse(claimed: IatiImport, began: str, why: str) -> None:
    claimed.state = began
    kept: dict[str, Any] = {"state": ImportState.FAILED}
    if began == ImportState.APPLYING:
        kept = {"state": ImportState.CHECKED, "applied_by": None, "applied_at": None}
    leases.finish(claimed, problem=why[:4000], **kept)
