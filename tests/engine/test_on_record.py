"""Which claims of a contribution hold, from single pieces of evidence; what two who differ come to."""

import pytest

from indicators.engine.errors import EngineError
from indicators.engine.expost.contribution import (
    Evidence,
    Rating,
    Rival,
    RivalJudgement,
    contribution_rating,
    supported_rating,
)
from indicators.engine.expost.on_record import Claim, Item, evidence_on_record
from indicators.engine.expost.types import Answer

EXAMINED = Rival(name="oil", judgement=RivalJudgement.DOES_NOT_EXPLAIN, evidence="price fell")


def item(claim, strength=2, speaks_for=True):
    return Item(claim=claim, speaks_for=speaks_for, strength=strength)


def test_nothing_on_record_holds_nothing():
    assert evidence_on_record([]) == Evidence()


@pytest.mark.parametrize(
    ("pieces", "holds"),
    [
        ([(1, True)], True),
        ([(3, False)], False),
        ([(2, True), (2, False)], False),
        ([(3, True), (2, False)], True),
        ([(1, True), (1, True), (1, True), (2, False)], False),
    ],
)
def test_a_claim_holds_when_its_strongest_piece_is_stronger_than_the_strongest_against(pieces, holds):
    found = evidence_on_record([item(Claim.SEQUENCE_FITS, strength, side) for strength, side in pieces])
    assert found.sequence_fits is holds
    assert not found.plausible_theory


def test_each_further_claim_carries_the_next_rating():
    items = [item(claim) for claim in Claim]
    carried = [supported_rating(evidence_on_record(items[:n], [EXAMINED])) for n in range(len(items) + 1)]
    assert carried == [0, 1, 1, 2, 3, 4]


def test_order_does_not_matter_and_nonsense_is_an_error():
    items = [item(claim, strength=n % 3 + 1) for n, claim in enumerate(Claim)]
    assert evidence_on_record(items) == evidence_on_record(items[::-1])
    with pytest.raises(EngineError, match="4 is no strength"):
        evidence_on_record([item(Claim.SEQUENCE_FITS, 4)])


def ratings(*values):
    return [Rating(rater=str(n), rating=value) for n, value in enumerate(values)]


def test_settling_takes_the_place_of_the_lower_rating():
    whole = evidence_on_record([item(claim) for claim in Claim], [EXAMINED])
    assert contribution_rating(whole, ratings(4, 2)).refusal.code == "RATERS_DISAGREE"
    found = contribution_rating(whole, ratings(4, 2), reconciled=3, judged_apart=Answer.YES)
    assert (found.value, found.flags) == (3, ("RECONCILED",))
    assert found.params["agreement"] == 0.5
    with pytest.raises(EngineError, match="from the lowest to the highest"):
        contribution_rating(whole, ratings(4, 2), reconciled=1)


def test_fewer_than_two_ratings_say_how_many_are_in():
    assert "One rating of two" in str(contribution_rating(Evidence(), ratings(3)).refusal.message)
    assert "No rating of two" in str(contribution_rating(Evidence(), []).refusal.message)
