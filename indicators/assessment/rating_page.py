"""What the pages of contribution ratings show: rounds, ratings side by side, agreement, what the evidence carries."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from indicators.assessment.contributions import load_contributions, on_record, rated, rating_content
from indicators.assessment.rating_sources import evidence_name, figure_name, verdict_name
from indicators.disclosure import withheld
from indicators.engine.expost.contribution import HIGHEST, RATING_WORDS, open_rivals, supported_rating
from indicators.engine.types import Message
from indicators.models import (
    RATERS,
    Claim,
    ContributionEvidence,
    ContributionRating,
    ContributionReview,
    Evidence,
    ProgrammeIndicator,
    User,
)
from indicators.templatetags.ui import with_days

NEXT = {
    1: (Claim.PLAUSIBLE_THEORY,),
    2: (Claim.ACTIVITIES_DELIVERED, Claim.SEQUENCE_FITS),
    3: (Claim.INTERMEDIATE_OUTCOMES,),
    4: (Claim.INDEPENDENT_SUPPORT,),
}
"""Rating → the claims that it needs beyond the one below."""


def said(message: Message) -> str:
    return with_days(_(message.template) % {name: _(value) for name, value in message.params.items()})


def ladder() -> list[dict[str, Any]]:
    """What each rating asks of the evidence."""
    return [
        {
            "number": number,
            "words": _(words),
            "needs": [str(claim.label) for claim in NEXT.get(number, ())],
            "asks_rivals": number == 3,
        }
        for number, words in enumerate(RATING_WORDS)
    ]


def carried(ratings: Iterable[ContributionRating]) -> dict[str, Any]:
    """How high the evidence of these ratings goes, and what the next step lacks."""
    record = on_record([rating_content(one) for one in ratings])
    supported = supported_rating(record)
    missing: list[str] = []
    if supported < HIGHEST:
        missing = [str(one.label) for one in NEXT[supported + 1] if not getattr(record, one.value)]
        if supported == 2 and (not record.rivals or open_rivals(record)):
            missing.append(
                _("other explanations examined: %(names)s") % {"names": ", ".join(open_rivals(record))}
                if record.rivals
                else _("at least one other explanation, examined")
            )
    return {"supported": supported, "words": _(RATING_WORDS[supported]), "missing": missing}


def agreement(ratings: Sequence[ContributionRating]) -> str:
    """How far two ratings agree, in words."""
    low, high = sorted(one.rating or 0 for one in ratings)
    if low == high:
        return _("Both gave %(rating)s.") % {"rating": low}
    return ngettext(
        "The raters differ by one step: %(low)s and %(high)s.",
        "The raters differ by %(steps)s steps: %(low)s and %(high)s.",
        high - low,
    ) % {"steps": high - low, "low": low, "high": high}


def ratings_of(user: User, reviews: Iterable[ContributionReview]) -> list[ContributionRating]:
    """The ratings that one sees, with their rows and what these rest on. Up to seven queries, however many."""
    rests_on = (
        "items__observation__indicator__definition", "items__observation__indicator__version",
        "items__observation__period", "items__observation__unit",
        "items__evidence__observation__indicator__definition", "items__evidence__observation__indicator__version",
        "items__evidence__observation__period",
        "items__verdict__indicator__definition", "items__verdict__indicator__version", "items__verdict__run",
        "items__verdict__course_run__course",
    )  # fmt: skip
    return list(
        ContributionRating.objects.visible_to(user)
        .filter(review__in=[one.pk for one in reviews])
        .select_related("rater", "review")
        .prefetch_related(*rests_on, "rivals")
        .order_by("review__number", "seat")
    )


def context(user: User, indicator: ProgrammeIndicator, *, today: date) -> dict[str, Any]:
    """Everything that the reading page shows."""
    reviews = list(
        ContributionReview.objects.visible_to(user)
        .filter(indicator=indicator)
        .select_related("opened_by", "reconciled_by")
        .order_by("-number")
    )
    ratings = ratings_of(user, reviews)
    hidden = withheld(user, _figures_behind(ratings))
    rounds = [_round(one, [r for r in ratings if r.review_id == one.pk], hidden) for one in reviews]  # type: ignore[attr-defined]
    given = load_contributions([indicator.pk], indicator.programme, known_on=today).get(indicator.pk)
    result = rated(given) if given is not None else None
    return {
        "rounds": rounds,
        "result": None if result is None else _result(result),
        "ladder": ladder(),
        "own": next((one for one in ratings if one.rater_id == user.pk and not one.is_submitted), None),  # type: ignore[attr-defined]
    }


def _result(result: Any) -> dict[str, Any]:
    return {
        "rating": None if result.value is None else int(result.value),
        "sentence": " ".join(said(one) for one in result.sentence),
        "refusal": said(result.refusal.message) if result.refusal else "",
        "confidence": result.confidence.value,
    }


def _figures_behind(ratings: Iterable[ContributionRating]) -> list[Any]:
    rows = [one for rating in ratings for one in rating.items.all()]  # type: ignore[attr-defined]
    return [one.observation for one in rows if one.observation] + [
        one.evidence.observation for one in rows if one.evidence
    ]


def _round(
    review: ContributionReview, ratings: Sequence[ContributionRating], hidden: set[int]
) -> dict[str, Any]:
    handed_in = [one for one in ratings if one.is_submitted]
    is_complete = len(handed_in) == RATERS
    found: dict[str, Any] = {
        "review": review,
        "is_complete": is_complete,
        "sheets": [_sheet(one, hidden) for one in (handed_in if is_complete else ratings)],
    }
    if is_complete:
        values = [one.rating or 0 for one in handed_in]
        found |= {
            "agreement": agreement(handed_in),
            "agrees": values[0] == values[1],
            "carried": carried(handed_in),
            "lowest": min(values),
            "highest": max(values),
            "raters": {one.rater_id for one in handed_in},  # type: ignore[attr-defined]
        }
    return found


def _sheet(rating: ContributionRating, hidden: set[int]) -> dict[str, Any]:
    items = list(rating.items.all())  # type: ignore[attr-defined]
    return {
        "rating": rating,
        "words": "" if rating.rating is None else _(RATING_WORDS[rating.rating]),
        "carried": carried([rating]),
        "claims": [
            {"label": claim.label, "items": [_line(one, hidden) for one in items if one.claim == claim]}
            for claim in Claim
        ],
        "rivals": list(rating.rivals.all()),  # type: ignore[attr-defined]
    }


def _line(one: ContributionEvidence, hidden: set[int]) -> dict[str, Any]:
    name, url = rests_on(one, hidden)
    return {"item": one, "rests_on": name, "url": url, "is_outside": bool(one.source)}


def rests_on(one: ContributionEvidence, hidden: set[int]) -> tuple[str, str]:
    """What a piece rests on by name, and where it can be looked up."""
    if one.observation is not None:
        return figure_name(one.observation), one.observation.get_absolute_url()
    if one.evidence is not None:
        figure = one.evidence.observation
        if figure.pk in hidden:
            return _("evidence of a figure that is left out: few people"), figure.get_absolute_url()
        is_file = one.evidence.kind == Evidence.Kind.FILE
        url = reverse("evidence-download", args=[one.evidence.pk]) if is_file else figure.get_absolute_url()
        return evidence_name(one.evidence), url
    if one.verdict is not None:
        return verdict_name(one.verdict), one.verdict.run.get_absolute_url()
    return one.source, one.link
