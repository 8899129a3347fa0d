"""One helper writes the audit event, in the same transaction as the change. Nothing else writes events."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import models

from indicators.models import Event, Programme, User


def remember(
    verb: str,
    *,
    by: User | None,
    at: datetime,
    about: models.Model,
    programme: Programme | int | None = None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    reason: str = "",
) -> Event:
    """Keep that `by` did `verb` (past tense, e.g. ``approved``) to `about`.

    Args:
        by: the person, or None for the clock.
        programme: whose trail it belongs to; None for things of no programme.
        before, after: what changed, JSON-ready (decimals and dates as strings).
    """
    return Event.objects.create(
        at=at,
        by_id=by.pk if by is not None else None,
        by_name=str(by) if by is not None else "schedule",
        verb=verb,
        about_type=about._meta.model_name,
        about_id=about.pk,
        about_name=str(about)[:250],
        programme_id=programme.pk if isinstance(programme, Programme) else programme,
        before=dict(before) if before is not None else None,
        after=dict(after) if after is not None else None,
        reason=reason,
    )
