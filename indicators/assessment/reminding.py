"""Telling people of judgements that wait for them: answers that are overdue, a second rating (METHOD 2.10, 4.5).

Run at any time and any number of times: each is told to a person once, and settled when it is done.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime

from indicators.assessment.evaluating import today_of
from indicators.models import (
    RATERS,
    ContributionRating,
    Evaluation,
    Following,
    Membership,
    Notice,
    NoticeKind,
    Recommendation,
    Role,
    User,
)
from indicators.notices import Tell, tell
from indicators.permissions import check_may_rate_contribution, may

FORGET_AFTER = 180
"""Nobody is reminded of answers that have been overdue for longer: they stand in the list of recommendations."""
SUBMITTED = ContributionRating.State.SUBMITTED


def remind_of_answers(*, at: datetime) -> None:
    """Tell the approvers of a programme, and those inside who follow it, which answers are overdue.

    Five statements, and one for each such follower. What was answered meanwhile counts as read.
    """
    waiting = [
        one
        for one in Recommendation.objects.filter(
            response__isnull=True,
            evaluation__state__in=Evaluation.SIGNED,
            evaluation__signed_at__isnull=False,
        )
        .exclude(evaluation__state=Evaluation.State.CLOSED)
        .select_related("evaluation__programme")
        .order_by("pk")
        if _is_overdue(one, at)
    ]
    told = _told_in({one.evaluation.programme_id for one in waiting})
    tell(_overdue(waiting, told), at=at)
    standing = {f"{NoticeKind.OVERDUE}:{one.pk}" for one in waiting}
    unread = Notice.objects.unread().filter(kind=NoticeKind.OVERDUE)
    unread.exclude(key__in=standing).update(read_at=at)


def _is_overdue(one: Recommendation, at: datetime) -> bool:
    due_on = one.evaluation.response_due_on
    assert due_on is not None
    late = (today_of(one.evaluation.programme, at) - due_on).days
    return 0 < late <= FORGET_AFTER


def _told_in(programmes: set[int]) -> dict[int, set[int]]:
    """By programme, its approvers of today and those who follow all of it and see its evaluations."""
    found: dict[int, set[int]] = defaultdict(set)
    held = Membership.objects.active().filter(
        programme__in=programmes, role=Role.APPROVER, user__is_active=True
    )
    for programme, person in held.values_list("programme_id", "user_id"):
        found[programme].add(person)
    followers = Following.objects.filter(
        programme__in=programmes, indicator__isnull=True, person__is_active=True
    )
    for one in followers.select_related("person"):
        if (
            Recommendation.objects.visible_to(one.person)
            .filter(evaluation__programme=one.programme_id)
            .exists()
        ):
            found[one.programme_id].add(one.person_id)
    return found


def _overdue(waiting: Iterable[Recommendation], told: dict[int, set[int]]) -> Iterator[Tell]:
    for one in waiting:
        evaluation = one.evaluation
        assert evaluation.response_due_on is not None
        for person in sorted(told[evaluation.programme_id]):
            yield Tell(
                person=person,
                kind=NoticeKind.OVERDUE,
                key=f"{NoticeKind.OVERDUE}:{one.pk}",
                programme=evaluation.programme_id,
                params={
                    "programme": evaluation.programme.code,
                    "evaluation_id": evaluation.pk,
                    "on": evaluation.response_due_on.isoformat(),
                },
            )


def tell_second_rater(rating: ContributionRating, *, at: datetime) -> None:
    """A rating was handed in and the round waits for another: tell whoever has begun it, or all who may rate.

    Says nothing of the first rating. Once both are in, unread notices of the round count as read.
    """
    review, indicator = rating.review, rating.review.indicator
    key = f"{NoticeKind.RATING}:{review.pk}"
    others = list(
        ContributionRating.objects.filter(review=review).exclude(pk=rating.pk).select_related("rater")
    )
    if sum(one.state == SUBMITTED for one in others) >= RATERS - 1:
        Notice.objects.unread().filter(key=key).update(read_at=at)
        return
    people = [one.rater for one in others] or [
        one for one in _evaluators(indicator.programme_id) if one.pk != rating.rater_id
    ]
    tell(
        (
            Tell(
                person=person.pk,
                kind=NoticeKind.RATING,
                key=key,
                programme=indicator.programme_id,
                params={
                    "programme": indicator.programme.code,
                    "indicator": f"{indicator.definition.code} {indicator.name}",
                    "indicator_id": indicator.pk,
                },
            )
            for person in people
            if may(check_may_rate_contribution, person, indicator.programme)
        ),
        at=at,
    )


def _evaluators(programme: int) -> list[User]:
    held = Membership.objects.active().filter(programme=programme, role=Role.EVALUATOR, user__is_active=True)
    return list(User.objects.filter(pk__in=held.values("user")).order_by("pk"))
