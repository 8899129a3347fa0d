"""What a frozen answer says of two people's contribution ratings, in words and with names. Reads only."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext as _

from indicators.engine.expost.contribution import RATING_WORDS
from indicators.models import Claim, ContributionRating, RivalExplanation, RivalJudgement, User, Verdict


def judged_in(user: User, verdicts: Iterable[Verdict]) -> dict[int, dict[str, Any]]:
    """Verdict → the ratings, evidence and other explanations that it froze. One query when there are any."""
    judged = {
        one.pk: one.inputs["contribution"]
        for one in verdicts
        if one.inputs.get("contribution", {}).get("ratings")
    }
    pks = {rating["pk"] for given in judged.values() for rating in given["ratings"]}
    if not pks:
        return {}
    rows = ContributionRating.objects.visible_to(user).filter(pk__in=pks).select_related("rater")
    names = {row.pk: str(row.rater) for row in rows}
    return {pk: _judged(given, names) for pk, given in judged.items()}


def _judged(given: dict[str, Any], names: dict[int, str]) -> dict[str, Any]:
    settled = given.get("reconciled")
    return {
        "ratings": [
            {
                "who": names.get(one["pk"], one["rater"]),
                "rating": one["rating"],
                "words": _(RATING_WORDS[one["rating"]]),
                "reasons": one["reasons"],
                "evidence": _evidence_words(one["items"]),
                "is_staff": one["is_staff"],
                "hash": one["hash"],
            }
            for one in given["ratings"]
        ],
        "settled": settled,
        "round": given["round"],
        "rivals": [
            {
                "name": rival["name"],
                "plausibility": RivalExplanation.Plausibility(rival["plausibility"]).label,
                "judgement": RivalJudgement(rival["judgement"]).label,
                "examined": rival["examined"],
                "who": names.get(one["pk"], one["rater"]),
            }
            for one in given["ratings"]
            for rival in one["rivals"]
        ],
    }


def _evidence_words(items: list[dict[str, Any]]) -> list[str]:
    """How many pieces speak for and against each claim."""
    found = []
    for claim in Claim:
        sides = [one["speaks_for"] for one in items if one["claim"] == claim]
        if sides:
            counts = {"for": sides.count(True), "against": sides.count(False)}
            found.append(f"{claim.label}: " + _("%(for)s for, %(against)s against") % counts)
    return found


def plain_words(verdict: Verdict) -> str:
    """The answer for somebody who reads one sentence."""
    rating = int(verdict.value) if verdict.value is not None else 0
    said = (
        _("Two evaluators see no plausible link between the programme and the change."),
        _("Two evaluators find it plausible that the programme contributed, but there is no evidence."),
        _(
            "Two evaluators find that the programme may have contributed: it came first, and where the change was."
        ),
        _("Two evaluators find it likely that the programme contributed: the steps in between happened."),
        _(
            "Two evaluators find it well supported that the programme contributed, also by an independent source."
        ),
    )
    return said[rating]
