"""Reminders before and after figures are due, and the word to the approvers (METHOD 4.3). Quiet when all is there.

Run at any time and any number of times: each stage of a period is told to a person once, and after a standstill only
the stage that has been reached.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta

from indicators.entry.due import Gap, gaps
from indicators.models import Membership, Notice, NoticeKind, Programme, ProgrammeIndicator, Role
from indicators.notices import Tell, tell

STAGES = (
    (-7, NoticeKind.DUE_SOON),
    (-1, NoticeKind.DUE_NOW),
    (1, NoticeKind.LATE),
    (5, NoticeKind.VERY_LATE),
)
"""From how many days after the due day on an officer is told what (METHOD 4.3)."""
ESCALATE_AFTER = 7
FORGET_AFTER = 30
"""Nobody is reminded of what has been late for longer: it stands in the due list and in the data quality."""
LONGEST_NOTICE = -STAGES[0][0]

Held = Mapping[tuple[int, str], list[int]]
"""Programme and role: who holds it now and may sign in."""


def remind(*, at: datetime) -> None:
    """Tell officers what will be due or is late, and approvers what has been late for a week.

    Two statements for each time zone in which programmes report, and four for all of them. Notices about what has been
    handed in meanwhile count as read.
    """
    held = _held()
    notices: list[Tell] = []
    for zone, programmes in _by_zone().items():
        today = at.astimezone(programmes[0].zone).date()
        found = gaps(
            ProgrammeIndicator.objects.active().filter(programme__time_zone=zone),
            today=today,
            first=today - timedelta(days=FORGET_AFTER),
            last=today + timedelta(days=LONGEST_NOTICE),
        )
        notices += [*_to_officers(found, held, today), *_to_approvers(found, held, today)]
    tell(notices, at=at)
    _settle({(one.person, one.key) for one in notices}, at=at)


def _by_zone() -> dict[str, list[Programme]]:
    found: dict[str, list[Programme]] = defaultdict(list)
    for programme in Programme.objects.order_by("pk"):
        found[programme.time_zone].append(programme)
    return found


def _held() -> Held:
    found: dict[tuple[int, str], list[int]] = defaultdict(list)
    active = Membership.objects.active().filter(user__is_active=True).order_by("user_id")
    for programme, role, person in active.values_list("programme_id", "role", "user_id"):
        found[programme, role].append(person)
    return found


def _to_officers(found: Iterable[Gap], held: Held, today: date) -> Iterator[Tell]:
    """Whoever is responsible is told of theirs; what nobody is responsible for, all officers are told of."""

    def told(gap: Gap) -> list[int]:
        officers = held.get((gap.programme_id, Role.OFFICER), [])
        fillers = {*officers, *held.get((gap.programme_id, Role.APPROVER), [])}
        return [gap.responsible_id] if gap.responsible_id in fillers else officers

    for person, gap in _added_up(found, told):
        days = (today - gap.due_on).days
        kind = [kind for since, kind in STAGES if days >= since][-1]
        yield _notice(person, kind, gap)


def _to_approvers(found: Iterable[Gap], held: Held, today: date) -> Iterator[Tell]:
    late = [gap for gap in found if (today - gap.due_on).days >= ESCALATE_AFTER]
    for person, gap in _added_up(late, lambda gap: held.get((gap.programme_id, Role.APPROVER), [])):
        yield _notice(person, NoticeKind.ESCALATED, gap)


def _added_up(found: Iterable[Gap], told: Callable[[Gap], Iterable[int | None]]) -> list[tuple[int, Gap]]:
    """For each person and period one gap with all that is theirs, where something is missing."""
    totals: dict[tuple[int, int], Gap] = {}
    for gap in found:
        for person in told(gap):
            assert person is not None
            so_far = totals.get((person, gap.period_id))
            totals[person, gap.period_id] = (
                gap
                if so_far is None
                else replace(
                    so_far, missing=so_far.missing + gap.missing, expected=so_far.expected + gap.expected
                )
            )
    return [(person, gap) for (person, _period), gap in totals.items() if gap.missing]


def _notice(person: int, kind: NoticeKind, gap: Gap) -> Tell:
    return Tell(
        person=person,
        kind=kind,
        key=f"{kind}:{gap.period_id}",
        programme=gap.programme_id,
        params={
            "programme": gap.programme_code,
            "period": gap.period_label,
            "missing": gap.missing,
            "expected": gap.expected,
            "on": gap.due_on.isoformat(),
        },
    )


def _settle(standing: set[tuple[int, str]], *, at: datetime) -> None:
    """An unread reminder that no longer holds need not be read: all was handed in, or a later one says it."""
    unread = Notice.objects.unread().filter(
        kind__in=[*(kind for _since, kind in STAGES), NoticeKind.ESCALATED]
    )
    over = [pk for pk, *who in unread.values_list("pk", "person_id", "key") if tuple(who) not in standing]
    Notice.objects.filter(pk__in=over).update(read_at=at)
