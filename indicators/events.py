"""One helper writes audit events, in the same transaction as the change. Nothing else writes events."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import models

from indicators.models import Event, Programme, User


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """One thing that was done to one row.

    `before` and `after` say what changed, JSON-ready (decimals and dates as strings). `programme` is whose trail it
    belongs to; None for things of no programme.
    """

    verb: str
    about: models.Model
    programme: Programme | int | None = None
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None
    reason: str = ""
    in_place_of: str = ""
    """For a substitute: the name of the person whose place was taken."""


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
        programme, before, after, reason: as in `Deed`.
    """
    deed = Deed(verb=verb, about=about, programme=programme, before=before, after=after, reason=reason)
    event = _event(deed, by=by, at=at)
    event.save(force_insert=True)
    return event


def remember_all(deeds: Iterable[Deed], *, by: User | None, at: datetime) -> None:
    """Keep many things that one person did at once, in their order. One statement for each thousand."""
    Event.objects.bulk_create([_event(deed, by=by, at=at) for deed in deeds], batch_size=1000)


def _name(by: User | None, in_place_of: str) -> str:
    """Who did it, in their own name; a substitute with the name of the person whose place was taken."""
    if by is None:
        return "schedule"
    return f"{str(by)[:70]} (for {in_place_of[:70]})" if in_place_of else str(by)


def _event(deed: Deed, *, by: User | None, at: datetime) -> Event:
    programme = deed.programme
    return Event(
        at=at,
        by_id=by.pk if by is not None else None,
        by_name=_name(by, deed.in_place_of),
        verb=deed.verb,
        about_type=deed.about._meta.model_name,
        about_id=deed.about.pk,
        about_name=str(deed.about)[:250],
        programme_id=programme.pk if isinstance(programme, Programme) else programme,
        before=dict(deed.before) if deed.before is not None else None,
        after=dict(deed.after) if deed.after is not None else None,
        reason=deed.reason,
    )
