"""Whether judgements are used: shares of recommendations decided in time."""

from datetime import date
from fractions import Fraction

import pytest

from indicators.engine.adjustment import Advice, decision_use, response_due

SIGNED = date(2026, 1, 1)
LAST = date(2026, 4, 1)  # 90 days on


def test_a_response_has_28_days():
    assert response_due(date(2026, 2, 1)) == date(2026, 3, 1)


@pytest.mark.parametrize(
    ("decided_on", "as_of", "closed", "in_time", "late", "waiting", "waiting_decided"),
    [
        (None, LAST, 0, 0, 0, 1, 0),
        (LAST, LAST, 0, 0, 0, 1, 1),
        (LAST, date(2026, 4, 2), 1, 1, 0, 0, 0),
        (date(2026, 4, 2), date(2026, 4, 2), 1, 0, 1, 0, 0),
        (None, date(2026, 4, 2), 1, 0, 0, 0, 0),
        (date(2026, 6, 1), date(2026, 5, 1), 1, 0, 0, 0, 0),
        (None, date(2025, 12, 31), 0, 0, 0, 0, 0),
    ],
)
def test_each_recommendation_counts_once_its_days_are_over(
    decided_on, as_of, closed, in_time, late, waiting, waiting_decided
):
    found = decision_use([Advice(signed_on=SIGNED, decided_on=decided_on)], as_of)
    assert (found.closed, found.in_time, found.late) == (closed, in_time, late)
    assert (found.waiting, found.waiting_decided) == (waiting, waiting_decided)


def test_the_share_is_exact_and_missing_is_not_zero():
    over = [Advice(signed_on=SIGNED, decided_on=day) for day in (LAST, None, date(2026, 5, 1))]
    assert decision_use(over, date(2026, 6, 1)).share == Fraction(1, 3)
    assert decision_use([], date(2026, 6, 1)).share is None
    assert decision_use(over[:1], date(2026, 2, 1)).share is None
