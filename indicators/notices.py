"""Telling people what they did not ask for, once: the one writer of `Notice`, and the words of each kind."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from indicators.models import Notice, NoticeKind

SENTENCES: Mapping[str, str] = {
    NoticeKind.DUE_SOON: gettext_noop(
        "%(programme)s, %(period)s: %(missing)s of %(expected)s figures are to be handed in by %(due_on)s."
    ),
    NoticeKind.DUE_NOW: gettext_noop(
        "%(programme)s, %(period)s: %(missing)s of %(expected)s figures are still missing; they are due on "
        "%(due_on)s."
    ),
    NoticeKind.LATE: gettext_noop(
        "%(programme)s, %(period)s: %(missing)s of %(expected)s figures are late; they were due on %(due_on)s."
    ),
    NoticeKind.VERY_LATE: gettext_noop(
        "%(programme)s, %(period)s: %(missing)s of %(expected)s figures are still late; they were due on "
        "%(due_on)s. The programme's approvers are told a week after that day."
    ),
    NoticeKind.ESCALATED: gettext_noop(
        "%(programme)s, %(period)s: %(missing)s of %(expected)s figures have not been handed in; they were due on "
        "%(due_on)s. The officers were reminded."
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tell:
    """A notice to be made: to whom, what about (`key`, once each), and what its sentence names (JSON-ready)."""

    person: int
    kind: NoticeKind
    key: str
    programme: int | None = None
    params: Mapping[str, Any] = field(default_factory=dict)


def tell(notices: Iterable[Tell], *, at: datetime) -> None:
    """Make the notices that have not been made yet. One statement for each thousand."""
    rows = [
        Notice(
            person_id=one.person,
            kind=one.kind,
            key=one.key,
            programme_id=one.programme,
            params=dict(one.params),
            made_at=at,
        )
        for one in notices
    ]
    Notice.objects.bulk_create(rows, ignore_conflicts=True, batch_size=1000)


def sentence_of(notice: Notice) -> str:
    """The notice in the language of the moment."""
    params = dict(notice.params)
    if "due_on" in params:
        params["due_on"] = _written(params["due_on"])
    return _(SENTENCES[notice.kind]) % params


def leads_to(notice: Notice) -> str:
    """The address where something can be done about it."""
    code = notice.params.get("programme", "")
    if notice.kind == NoticeKind.ESCALATED:
        return reverse("programme-detail", args=[code])
    return f"{reverse('due-list')}?programme={code}"


def _written(day: str) -> str:
    return date_format(date.fromisoformat(day), "j M Y")
