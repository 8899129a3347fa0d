"""Asking for a document, and taking it off the list. A worker builds it (`building`)."""

from __future__ import annotations

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from indicators.documents.subjects import subject_of
from indicators.doorbell import BUILD_DOCUMENT, ring_on_commit
from indicators.events import remember
from indicators.models import Document, User

MOST_WAITING = 20
"""Documents that one person may have under way."""


@transaction.atomic
def request_document(
    *,
    kind: str,
    key: str,
    file_format: str,
    language: str,
    by: User,
    at: datetime,
) -> Document:
    """Ask for a document; the same one that is under way already is given again.

    Raises:
        Http404: there is no such thing, or `by` does not see it.
        ValidationError: `file_format` is none of ours, or `by` has too many under way.
    """
    if file_format not in Document.Format.values:
        raise ValidationError(
            {
                "format": _("“%(given)s” is no format; one of %(known)s was expected.")
                % {"given": str(file_format)[:20], "known": ", ".join(Document.Format.values)}
            }
        )
    subject = subject_of(by, kind, key)
    User.objects.select_for_update().get(pk=by.pk)  # two clicks at once make one document
    under_way = Document.objects.filter(requested_by=by, state__in=["queued", "building"])
    asked = {"kind": kind, "key": key, "format": file_format, "language": language}
    known = under_way.filter(**asked).first()
    if known is not None:
        return known
    if under_way.count() >= MOST_WAITING:
        raise ValidationError(
            _("%(count)s of your documents are under way; wait for one of them.") % {"count": MOST_WAITING}
        )
    made = Document.objects.create(
        **asked, programme=subject.programme, title=subject.title[:250], requested_by=by, requested_at=at
    )
    remember("asked for a document", by=by, at=at, about=made, programme=subject.programme, after=asked)
    ring_on_commit(BUILD_DOCUMENT, made.pk)
    return made


@transaction.atomic
def remove_document(*, document: Document, by: User, at: datetime) -> None:
    """Take one's own document away; whoever builds it will find that nobody waits."""
    remember("removed a document", by=by, at=at, about=document, programme=document.programme)
    Document.objects.filter(pk=document.pk, requested_by=by).delete()
