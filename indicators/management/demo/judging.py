"""Contribution ratings of the demo, made by the same verbs that evaluators use in their pages."""

from __future__ import annotations

from datetime import date

from indicators.assessment import rating as verbs
from indicators.assessment.rating_parts import GivenItem, GivenRival
from indicators.management.demo.blueprint import Judged, Piece
from indicators.management.demo.building import Built, Cast, noon
from indicators.models import Observation, ProgrammeIndicator, State


def rate_contributions(made: Built, cast: Cast) -> None:
    """Both ratings of each judged indicator, and what the raters settled on. Needs the programme's figures."""
    indicators = {indicator.definition.code: indicator for _tailored, indicator in made.indicators}
    for one in made.blueprint.judged:
        _rate(one, indicators, cast)


def _rate(one: Judged, indicators: dict[str, ProgrammeIndicator], cast: Cast) -> None:
    at = noon(one.on)
    rows = []
    for sheet in one.sheets:
        by = cast.people[sheet.rater]
        row = verbs.record_contribution_rating(
            indicator=indicators[one.code],
            rating=sheet.rating,
            reasons=sheet.reasons,
            items=[_item(piece, indicators, one.on) for piece in sheet.pieces],
            rivals=[
                GivenRival(name=name, plausibility=plausibility, judgement=judgement, examined=examined)
                for name, plausibility, judgement, examined in sheet.rivals
            ],
            by=by,
            at=at,
        )
        rows.append(verbs.submit_contribution_rating(rating=row, row_version=row.row_version, by=by, at=at))
    if one.settled is not None:
        verbs.reconcile_contribution(
            review=rows[0].review, rating=one.settled, reason=one.settled_because, by=rows[0].rater, at=at
        )


def _item(piece: Piece, indicators: dict[str, ProgrammeIndicator], on: date) -> GivenItem:
    return GivenItem(
        claim=piece.claim,
        statement=piece.statement,
        speaks_for=piece.speaks_for,
        strength=piece.strength,
        rests_on=_figure(indicators[piece.code], on) if piece.code else None,
        source=piece.source,
    )


def _figure(indicator: ProgrammeIndicator, on: date) -> Observation:
    """The newest figure in force of a period that had ended by then."""
    found: Observation | None = (
        Observation.objects.filter(indicator=indicator, state=State.APPROVED, period__ends_on__lte=on)
        .order_by("-period__ends_on", "pk")
        .first()
    )
    if found is None:
        raise LookupError(f"{indicator} has no figure in force by {on}.")
    return found
