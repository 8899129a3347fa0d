"""Telling people what they did not ask for, once: the one writer of `Notice`, and the words of each kind."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db.models import Q
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from indicators.models import TOPICS, Kind, Notice, NoticeChoice, NoticeKind, Status, Topic

SENTENCES: Mapping[str, str] = {
    NoticeKind.DUE_SOON: gettext_noop(
        "%(programme)s, %(period)s: %(missing)s of %(expected)s figures are to be handed in by %(on)s."
    ),
    NoticeKind.DUE_NOW: gettext_noop(
        "%(programme)s, %(period)s: %(missing)s of %(expected)s figures are still missing; they are due on "
        "%(on)s."
    ),
    NoticeKind.LATE: gettext_noop(
        "%(programme)s, %(period)s: %(missing)s of %(expected)s figures are late; they were due on %(on)s."
    ),
    NoticeKind.VERY_LATE: gettext_noop(
        "%(programme)s, %(period)s: %(missing)s of %(expected)s figures are still late; they were due on "
        "%(on)s. The programme's approvers are told a week after that day."
    ),
    NoticeKind.ESCALATED: gettext_noop(
        "%(programme)s, %(period)s: %(missing)s of %(expected)s figures have not been handed in; they were due on "
        "%(on)s. The officers were reminded."
    ),
    NoticeKind.STATUS: gettext_noop("%(programme)s, %(indicator)s: from “%(before)s” to “%(after)s”."),
    NoticeKind.STATUSES: gettext_noop("%(programme)s: %(count)s indicators have another status than before."),
    NoticeKind.ASSESSED: gettext_noop("%(programme)s was assessed (%(kind)s): %(label)s, as of %(on)s."),
    NoticeKind.OVERDUE: gettext_noop(
        "%(programme)s: a recommendation waits for the programme's answer; it was due on %(on)s."
    ),
    NoticeKind.RATING: gettext_noop(
        "%(programme)s, %(indicator)s: a second evaluator rates the contribution; one rating is handed in."
    ),
    NoticeKind.MENTION: gettext_noop("%(programme)s: you are named in a comment on %(about)s."),
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
    """Make the notices that have not been made yet and that their people want. One statement for each thousand, and one
    for what they chose.
    """
    given = list(notices)
    if not given:
        return
    refused = set(
        NoticeChoice.objects.filter(
            person__in={one.person for one in given}, way=NoticeChoice.Way.NONE
        ).values_list("person_id", "topic")
    )
    rows = [
        Notice(
            person_id=one.person,
            kind=one.kind,
            key=one.key,
            programme_id=one.programme,
            params=dict(one.params),
            made_at=at,
        )
        for one in given
        if (one.person, TOPICS[one.kind]) not in refused
    ]
    Notice.objects.bulk_create(rows, ignore_conflicts=True, batch_size=1000)


def not_by_mail() -> Q:
    """Notices of topics that their people want on the page alone."""
    found = Q(pk__in=[])
    for topic in Topic:
        here = NoticeChoice.objects.filter(topic=topic, way=NoticeChoice.Way.HERE)
        kinds = [kind for kind, of in TOPICS.items() if of == topic]
        found |= Q(kind__in=kinds, person__in=here.values("person"))
    return found


def sentence_of(notice: Notice) -> str:
    """The notice in the language of the moment."""
    params = dict(notice.params)
    if "on" in params:
        params["on"] = _written(params["on"])
    for name in ("before", "after"):
        if name in params:
            params[name] = Status(params[name]).label
    if "kind" in params:
        params["kind"] = Kind(params["kind"]).label
    return _(SENTENCES[notice.kind]) % params


def leads_to(notice: Notice) -> str:
    """The address where one sees more, or can do something about it."""
    given = notice.params
    code = given.get("programme", "")
    if notice.kind == NoticeKind.STATUS:
        return reverse("indicator-detail", args=[code, given["indicator_id"]])
    if notice.kind == NoticeKind.ASSESSED:
        return reverse("assessment-detail", args=[given["run_id"]])
    if notice.kind == NoticeKind.MENTION:
        page = reverse(f"comments-{given['subject']}", args=[given["subject_id"]])
        return f"{page}#comment-{given['comment_id']}"
    if notice.kind == NoticeKind.RATING:
        return reverse("contribution-detail", args=[code, given["indicator_id"]])
    if notice.kind == NoticeKind.OVERDUE:
        return reverse("evaluation-detail", args=[given["evaluation_id"]])
    if notice.kind in {NoticeKind.ESCALATED, NoticeKind.STATUSES}:
        return reverse("programme-detail", args=[code])
    return f"{reverse('due-list')}?programme={code}"


def _written(day: str) -> str:
    return date_format(date.fromisoformat(day), "DATE_FORMAT")
