"""Contribution ratings as frozen inputs of an ex-post question, and their hashes. Reads only; computes no rating."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from indicators.assessment.drafts import Json, Task
from indicators.engine.codec import canonical_hash, message_to_json
from indicators.engine.expost.contribution import Evidence, Rating, Rival, RivalJudgement, contribution_rating
from indicators.engine.expost.on_record import Claim, Item, evidence_on_record
from indicators.engine.expost.situation import Method
from indicators.engine.expost.types import Answer, ExPostResult
from indicators.engine.messages import gettext_noop, message
from indicators.models import (
    RATERS,
    ContributionRating,
    ContributionReview,
    Membership,
    Programme,
    RivalExplanation,
    Role,
)

EXPLORATORY_METHOD = "contribution"
QUESTION = gettext_noop("What two evaluators judge of the contribution")


def rating_content(rating: ContributionRating) -> Json:
    """All that a rating says, JSON-ready."""
    return {
        "rating": rating.rating,
        "reasons": rating.reasons,
        "items": [
            {
                "claim": one.claim,
                "speaks_for": one.speaks_for,
                "strength": one.strength,
                "statement": one.statement,
                "rests_on": one.reference(),
                "link": one.link,
            }
            for one in rating.items.all()  # type: ignore[attr-defined]
        ],
        "rivals": [
            {
                "name": one.name,
                "plausibility": one.plausibility,
                "judgement": one.judgement,
                "examined": one.examined,
            }
            for one in rating.rivals.all()  # type: ignore[attr-defined]
        ],
    }


def rating_hash(rating: ContributionRating) -> str:
    """Hash of everything that a rating says, of whom, and in which round."""
    return canonical_hash([rating.review_id, rating.rater_id, rating_content(rating)])  # type: ignore[attr-defined]


def reconciled_hash(review: ContributionReview, ratings: Iterable[ContributionRating]) -> str:
    """Hash of what two raters settled on, and of the ratings that it settles."""
    hashes = sorted(one.content_hash for one in ratings)
    return canonical_hash([review.pk, review.reconciled, review.reconciled_reason, hashes])


def load_contributions(
    indicator_pks: Sequence[int], programme: Programme, *, known_on: date
) -> dict[int, Json]:
    """Indicator → its ratings as known on a day: of the last complete round, or only how many are in.

    Of a round that is not complete nothing but that number is kept: an assessment must not show one rater the other.
    One query where nothing was rated, five otherwise.
    """
    reviews = ContributionReview.objects.filter(indicator__in=indicator_pks).order_by("number")
    rounds = list(reviews.prefetch_related("ratings__items", "ratings__rivals"))
    if not rounds:
        return {}
    staff = _staff_since(programme)
    found: dict[int, Json] = {}
    for review in rounds:
        ratings = [one for one in review.ratings.all() if _known(one, programme, known_on)]  # type: ignore[attr-defined]
        is_complete = len(ratings) == RATERS
        if not is_complete and review.indicator_id in found:  # type: ignore[attr-defined]
            continue
        found[review.indicator_id] = _as_json(review, ratings, staff, programme, known_on)  # type: ignore[attr-defined]
    return found


def _known(rating: ContributionRating, programme: Programme, known_on: date) -> bool:
    return rating.submitted_at is not None and (
        rating.submitted_at.astimezone(programme.zone).date() <= known_on
    )


def _staff_since(programme: Programme) -> dict[int, date]:
    """Person → since when they have had a hand in the programme. One query."""
    rows = Membership.objects.filter(programme=programme, role__in=[Role.OFFICER, Role.APPROVER])
    found: dict[int, date] = {}
    for user, starts_on in rows.order_by("-starts_on").values_list("user_id", "starts_on"):
        found[user] = starts_on
    return found


def _as_json(
    review: ContributionReview,
    ratings: Sequence[ContributionRating],
    staff: Mapping[int, date],
    programme: Programme,
    known_on: date,
) -> Json:
    made: Json = {"review": review.pk, "round": review.number, "handed_in": len(ratings), "ratings": []}
    if len(ratings) < RATERS:
        return made
    made["ratings"] = [
        {
            "rater": f"R{one.seat}",
            "pk": one.pk,
            "hash": one.content_hash,
            "is_staff": _was_staff(one, staff),
            **rating_content(one),
        }
        for one in ratings
    ]
    made["reconciled"] = None
    settled_at = review.reconciled_at
    if settled_at is not None and settled_at.astimezone(programme.zone).date() <= known_on:
        made["reconciled"] = {
            "rating": review.reconciled,
            "reason": review.reconciled_reason,
            "hash": review.reconciled_hash,
        }
    return made


def _was_staff(rating: ContributionRating, staff: Mapping[int, date]) -> bool:
    """Whether the rater had worked in the programme by the day of the rating, whenever that became known."""
    since = staff.get(rating.rater_id)  # type: ignore[attr-defined]
    return since is not None and rating.submitted_at is not None and since <= rating.submitted_at.date()


def exploratory_tasks(contributions: Mapping[int, Json], *, planned: set[int]) -> list[Task]:
    """Ratings of indicators that no plan asks a contribution rating of."""
    return [
        Task(
            indicator_pk=pk,
            method=EXPLORATORY_METHOD,
            inputs={
                "compute": Method.CONTRIBUTION_RATING.value,
                "flags": [],
                "notes": [],
                "question": message_to_json(message(QUESTION)),
                "contribution": given,
            },
        )
        for pk, given in contributions.items()
        if pk not in planned and given["handed_in"]
    ]


def rated(given: Mapping[str, Any]) -> ExPostResult:
    """The answer that frozen ratings give. Imports no statistics, so that a page may ask it too."""
    if len(given.get("ratings", [])) < RATERS:
        # Only how many are in was kept: it will be refused.
        waiting = [Rating(rater=f"R{number}", rating=0) for number in range(given.get("handed_in", 0))]
        return contribution_rating(Evidence(), waiting)
    ratings = [
        Rating(rater=one["rater"], rating=one["rating"], is_programme_staff=one["is_staff"])
        for one in given["ratings"]
    ]
    counts = not any(one.is_programme_staff for one in ratings)
    settled = given.get("reconciled")
    return contribution_rating(
        on_record(given["ratings"]),
        ratings,
        reconciled=settled["rating"] if settled and counts else None,
        judged_apart=Answer.YES,
    )


def on_record(ratings: Iterable[Mapping[str, Any]]) -> Evidence:
    """What the evidence of all raters together carries."""
    ratings = list(ratings)
    items = [
        Item(claim=Claim(one["claim"]), speaks_for=one["speaks_for"], strength=one["strength"])
        for rating in ratings
        for one in rating["items"]
    ]
    rivals = [
        Rival(
            name=one["name"],
            judgement=RivalJudgement(one["judgement"]),
            evidence=one["examined"],
            is_main=one["plausibility"] != RivalExplanation.Plausibility.LOW,
        )
        for rating in ratings
        for one in rating["rivals"]
    ]
    return evidence_on_record(items, rivals)
