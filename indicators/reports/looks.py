"""When a person last looked at each programme of the portfolio: asked for, and kept. Judges nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from indicators.models import LastLook, User
from indicators.templatetags.ui import day

FIRST_LOOK = timedelta(days=30)
"""How far back somebody is told who has never looked before."""
EARLIEST = date(2000, 1, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Since:
    """From when on something is news, by programme."""

    by_programme: Mapping[int, datetime]
    is_chosen: bool = False
    """The address says so."""
    is_first: bool = False
    """There was no look before at any of them."""
    problem: str = ""
    """What is wrong with the date of the address; the last look counts instead."""

    @property
    def earliest(self) -> datetime | None:
        return min(self.by_programme.values(), default=None)

    @property
    def is_one(self) -> bool:
        """The same day for all of them."""
        return len({timezone.localtime(at).date() for at in set(self.by_programme.values())}) <= 1


def read_day(text: str, today: date) -> tuple[date | None, str]:
    """The day that an address names, or why it is none."""
    try:
        chosen = date.fromisoformat(text)
    except ValueError:
        return None, _("“%(text)s” is no date; expected one such as 2026-10-01.") % {"text": text[:20]}
    if chosen > today:
        return None, _("%(day)s lies ahead; nothing can have changed since.") % {"day": day(chosen)}
    if chosen < EARLIEST:
        return None, _("Expected a date from %(day)s on.") % {"day": day(EARLIEST)}
    return chosen, ""


def since_of(user: User, programmes: Iterable[int], *, at: datetime, chosen: str = "") -> Since:
    """From when on something is news for the person: a chosen day, their last look, or the last 30 days. One query."""
    pks = list(programmes)
    today = timezone.localtime(at).date()
    day_chosen, problem = read_day(chosen, today) if chosen else (None, "")
    if day_chosen is not None:
        start = timezone.make_aware(datetime.combine(day_chosen, time()))
        return Since(by_programme=dict.fromkeys(pks, start), is_chosen=True)
    looks = {one.programme_id: one.since(today) for one in _looks(user, pks)}
    known = {pk: looked for pk, looked in looks.items() if looked is not None}
    return Since(
        by_programme={pk: known.get(pk, at - FIRST_LOOK) for pk in pks},
        is_first=not known,
        problem=problem,
    )


def keep_look(*, programmes: Iterable[int], by: User, at: datetime) -> None:
    """Remember that somebody saw these programmes now. The visits of a day are one look. Two queries.

    Two visits at once keep the same: nothing is counted.
    """
    pks = list(programmes)
    today = timezone.localtime(at).date()
    looks = {one.programme_id: one for one in _looks(by, pks)}
    LastLook.objects.bulk_create(
        [
            LastLook(
                person=by,
                programme_id=pk,
                looked_on=today,
                looked_at=at.astimezone(UTC),
                before_at=looks[pk].since(today) if pk in looks else None,
            )
            for pk in pks
        ],
        update_conflicts=True,
        unique_fields=["person", "programme"],
        update_fields=["looked_on", "looked_at", "before_at"],
        batch_size=1000,
    )


def _looks(user: User, pks: list[int]) -> Iterable[LastLook]:
    return LastLook.objects.visible_to(user).filter(programme__in=pks)
