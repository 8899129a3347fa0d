"""A programme that has ended, two evaluators, and what a contribution rating is made of."""

from datetime import UTC, date, datetime
from decimal import Decimal

from indicators.assessment import rating as verbs
from indicators.assessment.rating_parts import GivenItem, GivenRival
from indicators.models import Claim
from tests import factories as make

START, END = date(2024, 1, 1), date(2025, 6, 30)
AT = datetime(2025, 10, 1, 9, tzinfo=UTC)
ALL_CLAIMS = tuple(
    GivenItem(claim=claim, statement=f"Shows {claim.value}.", source="A report", strength=2)
    for claim in Claim
)
OIL = GivenRival(
    name="Oil price", plausibility="high", judgement="does_not_explain", examined="The price fell meanwhile."
)


class Rated:
    """An indicator without anything to compare, and two people from outside who may rate it."""

    def __init__(self, code="OWN"):
        self.programme = make.make_programme(code, starts_on=START, ends_on=END)
        self.first = make.make_user(programme=self.programme, role="evaluator")
        self.second = make.make_user(programme=self.programme, role="evaluator")
        self.officer = make.make_user(programme=self.programme, role="officer")
        self.indicator = make.make_indicator(self.programme)
        quarters = make.make_quarters(self.programme)
        self.figure = make.make_observation(
            self.indicator, quarters[1], numerator=Decimal(20), denominator=Decimal(60)
        )

    def begin(self, by, rating=3, items=ALL_CLAIMS, rivals=(OIL,), **given):
        defaults = {"reasons": "The steps in between happened.", "at": AT}
        return verbs.record_contribution_rating(
            indicator=self.indicator, rating=rating, items=items, rivals=rivals, by=by, **(defaults | given)
        )

    def hand_in(self, by, rating=3, **given):
        row = self.begin(by, rating, **given)
        return verbs.submit_contribution_rating(rating=row, row_version=row.row_version, by=by, at=AT)

    def both(self, first=3, second=3):
        return self.hand_in(self.first, first), self.hand_in(self.second, second)
