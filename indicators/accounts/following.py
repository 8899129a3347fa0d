"""Following a programme or one indicator: who wants to be told, and telling them what changed. Nobody learns of what
they may not see: what is visible is asked anew each time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime

from django.db import transaction
from django.utils import timezone

from indicators.models import (
    AssessmentRun,
    Following,
    IndicatorStatus,
    NoticeKind,
    Programme,
    ProgrammeIndicator,
    User,
)
from indicators.notices import Tell, tell

MOST_APART = 5
"""More changes than this in one programme at once are told in one sentence."""


@transaction.atomic
def follow(
    *, programme: Programme, indicator: ProgrammeIndicator | None = None, by: User, at: datetime
) -> Following:
    """Be told from now on. Following twice is following once."""
    seen = _statuses(by, programme, indicator, today=timezone.localdate(at))
    found: Following = Following.objects.get_or_create(
        person=by,
        programme=programme,
        indicator=indicator,
        defaults={
            "since": at,
            "told_at": at,
            "statuses": _by_key(seen),
        },
    )[0]
    return found


def unfollow(*, programme: Programme, indicator: ProgrammeIndicator | None = None, by: User) -> None:
    Following.objects.filter(person=by, programme=programme, indicator=indicator).delete()


def tell_followers(*, at: datetime) -> None:
    """Tell each follower what changed since they were last told. Four statements for each following.

    Each in a transaction of its own, with its row locked: run twice at once, it tells once.
    """
    for pk in Following.objects.filter(person__is_active=True).order_by("pk").values_list("pk", flat=True):
        with transaction.atomic():
            one = (
                Following.objects.select_for_update(of=("self",), skip_locked=True)
                .select_related("person", "programme", "indicator")
                .filter(pk=pk)
                .first()
            )
            if one is not None:
                _tell(one, at=at)


def _tell(one: Following, *, at: datetime) -> None:
    today = timezone.localdate(at)
    rows = list(_statuses(one.person, one.programme, one.indicator, today=today))
    changed = [row for row in rows if one.statuses.get(str(row.pk), _now(row)) != _now(row)]
    tell([*_of_statuses(one, changed, at=at), *_of_runs(one)], at=at)
    one.statuses = _by_key(rows)
    one.told_at = at
    one.save(update_fields=["statuses", "told_at"])


def _statuses(
    person: User, programme: Programme, indicator: ProgrammeIndicator | None, *, today: date
) -> Iterable[IndicatorStatus]:
    seen = ProgrammeIndicator.objects.visible_to(person).active().filter(programme=programme)
    if indicator is not None:
        seen = seen.filter(pk=indicator.pk)
    return (
        IndicatorStatus.objects.at(today)
        .filter(indicator__in=seen.values("pk"))
        .select_related("indicator__definition", "indicator__version")
        .order_by("indicator_id")
    )


def _now(row: IndicatorStatus) -> str:
    """Its status today, as `IndicatorStatusQuerySet.at` annotates it."""
    now: str = row.status_now  # type: ignore[attr-defined]
    return now


def _by_key(rows: Iterable[IndicatorStatus]) -> dict[str, str]:
    return {str(row.pk): _now(row) for row in rows}


def _of_statuses(one: Following, changed: list[IndicatorStatus], *, at: datetime) -> Iterator[Tell]:
    code, stamp = one.programme.code, f"{at:%Y%m%d%H%M%S}"
    if len(changed) > MOST_APART:
        yield Tell(
            person=one.person_id,
            kind=NoticeKind.STATUSES,
            key=f"statuses:{one.programme_id}:{stamp}",
            programme=one.programme_id,
            params={"programme": code, "count": len(changed)},
        )
        return
    for row in changed:
        yield Tell(
            person=one.person_id,
            kind=NoticeKind.STATUS,
            key=f"status:{row.pk}:{stamp}",
            programme=one.programme_id,
            params={
                "programme": code,
                "indicator": f"{row.indicator.definition.code} {row.indicator.name}",
                "indicator_id": row.pk,
                "before": one.statuses[str(row.pk)],
                "after": _now(row),
            },
        )


def _of_runs(one: Following) -> Iterator[Tell]:
    """Assessments of the programme, also for those who follow one of its indicators: it is judged there."""
    runs = AssessmentRun.objects.visible_to(one.person).filter(
        programme=one.programme, finished_at__gt=one.told_at
    )
    for run in runs.order_by("pk"):
        yield Tell(
            person=one.person_id,
            kind=NoticeKind.ASSESSED,
            key=f"run:{run.pk}",
            programme=one.programme_id,
            params={
                "programme": one.programme.code,
                "kind": run.kind,
                "label": run.label,
                "run_id": run.pk,
                "on": run.as_of.isoformat(),
            },
        )
