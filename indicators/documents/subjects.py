"""What a document can be about, through the lock of whoever asks, and what it then says."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any

from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _

from indicators.documents.assessment import assessment_report
from indicators.documents.content import Report
from indicators.documents.evaluation import evaluation_report
from indicators.documents.parts import Draft
from indicators.documents.programme import programme_report
from indicators.documents.region import region_report
from indicators.engine import METHOD_VERSION
from indicators.models import Document, Evaluation, Programme, User
from indicators.reports.assessment_page import visible_runs
from indicators.sent import whole_number

LAYOUT = 1
"""Raised when the same words are laid out in another way, so that files are made again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One thing that a document is about."""

    kind: str
    key: str
    title: str
    programme: Programme | None
    about: Any


DRAFTS: dict[str, Callable[[User, Any], Draft]] = {
    Document.Kind.PROGRAMME: programme_report,
    Document.Kind.ASSESSMENT: assessment_report,
    Document.Kind.EVALUATION: evaluation_report,
    Document.Kind.REGION: lambda user, _about: region_report(user),
}


def subject_of(user: User, kind: str, key: str) -> Subject:
    """A programme (code), an assessment or evaluation (number), the region (``all``); 404 for what is not theirs."""
    match kind:
        case Document.Kind.PROGRAMME:
            seen = Programme.objects.visible_to(user).prefetch_related("partners", "organisations")
            found = get_object_or_404(seen, code=key)
            return _subject(kind, key, found.name, found, found)
        case Document.Kind.ASSESSMENT:
            run = get_object_or_404(visible_runs(user), pk=_number(key))
            return _subject(kind, key, f"{run.programme.code} {run.label}", run.programme, run)
        case Document.Kind.EVALUATION:
            rows = Evaluation.objects.visible_to(user).select_related("programme", "run", "lead", "signed_by")
            one = get_object_or_404(rows, pk=_number(key))
            return _subject(kind, key, one.title, one.programme, one)
        case Document.Kind.REGION if key == "all":
            return _subject(kind, key, _("Region"), None, None)
    raise Http404


def _number(key: str) -> int:
    number = whole_number(key)
    if number is None:
        raise Http404
    return number


def _subject(kind: str, key: str, title: str, about_programme: Programme | None, about: Any) -> Subject:
    return Subject(
        kind=kind,
        key=key,
        title=title,
        programme=about_programme,
        about=about,
    )


def compose(user: User, subject: Subject, *, language: str, at: datetime) -> Report:
    """All that the document says, in the language that is active, as far as `user` may see it.

    `inputs_hash` is the SHA-256 of everything but the moment: two documents with the same hash say the same.
    """
    draft = DRAFTS[subject.kind](user, subject.about)
    report = Report(
        kind=draft.kind,
        title=draft.title,
        subtitle=draft.subtitle,
        programme=draft.programme,
        marking=draft.marking,
        language=language.split("-")[0],
        made_at=at.astimezone(UTC),
        inputs_hash="",
        illustrative=draft.illustrative,
        sources=draft.sources,
        blocks=draft.blocks,
    )
    return replace(report, inputs_hash=hash_of(report))


def hash_of(report: Report) -> str:
    """SHA-256 over all that a report says, whenever it is made."""
    said = asdict(report)
    del said["made_at"], said["inputs_hash"]
    said |= {"layout": LAYOUT, "method": METHOD_VERSION}
    return hashlib.sha256(json.dumps(said, default=str, sort_keys=True).encode()).hexdigest()
