"""Beforehand: the change that the planned data could show, from when on, and when nothing can be said."""

from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pytest

from indicators.engine.codec import to_json
from indicators.engine.expost import power
from indicators.engine.expost.outlook import Enough, first_enough, outlook
from indicators.engine.expost.outlook_words import NO_POWER
from indicators.engine.expost.sights import SIGHTS, Expected
from indicators.engine.expost.situation import Method
from indicators.engine.types import PeriodValue

RNG = np.random.default_rng(3)
NOISE = RNG.normal(0, 2, 16)
ENDS = [date(2024, 3, 31) + timedelta(days=91 * n) for n in range(120)]


def series(values, *, parts=None):
    found = []
    for place, value in enumerate(values):
        start = date(2010, 1, 1) + timedelta(days=91 * place)
        found.append(
            PeriodValue(
                starts_on=start,
                ends_on=start + timedelta(days=90),
                label=f"P{place}",
                value=Decimal(str(round(value, 4))),
                numerator=None if parts is None else Decimal(round(value * parts / 100)),
                denominator=None if parts is None else Decimal(parts),
                reported=1,
                expected=1,
            )
        )
    return found


def texts(found):
    return " ".join(str(one) for one in found.said)


def its(smallest, **given):
    defaults = {"series": series(50 + NOISE), "n_before": 16, "n_after": 12, "ends": ENDS}
    return outlook(Expected(method=Method.INTERRUPTED_SERIES, smallest_change=smallest, **(defaults | given)))


def test_a_series_says_the_change_it_would_find_and_from_when_a_smaller_one():
    few, many = its(3.0), its(30.0)

    assert (few.state, many.state) == (Enough.TOO_FEW, Enough.ENOUGH)
    assert (
        few.change
        == many.change
        == pytest.approx(power.detectable_level(16, 12, few.assumed["sd"], rho=few.assumed["rho"]).change)
    )
    assert "With 16 periods before and the 12 after that are planned, a change of" in texts(few)
    assert "you said that 3 matters: too few data." in texts(few)
    assert many.enough_on == many.computed_on == ENDS[7]
    assert f"from {ENDS[7]} on" in texts(many)


def test_the_day_on_which_there_is_enough_is_the_first_one():
    found = its(its(1.0).change * 1.001, n_after=12)
    assert found.enough_on == ENDS[11]
    assert its(found.change * 0.999).enough_on is None or its(found.change * 0.999).enough_on > ENDS[11]


def test_a_change_that_no_waiting_shows_is_said_to_be_one():
    assert "not within 120 periods" in texts(its(0.001))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"series": series(NOISE[:5])}, "Only 5 figures from before are known; 6 are needed"),
        ({"series": series([5.0] * 12)}, "do not vary at all"),
    ],
)
def test_without_a_spread_nothing_is_said_of_a_size(given, said):
    found = its(3.0, **given)
    assert (found.state, found.change, found.enough_on) == (Enough.CANNOT_SAY, None, None)
    assert said in texts(found)


def test_a_series_beside_another_rests_on_their_distance():
    common = RNG.normal(0, 20, 16)
    beside = {"C1": series(40 + common)}
    found = outlook(
        Expected(
            method=Method.COMPARATIVE_INTERRUPTED_SERIES,
            smallest_change=5,
            series=series(50 + common + NOISE),
            comparisons=beside,
            n_before=16,
            n_after=12,
            ends=ENDS,
        )
    )
    assert found.change == pytest.approx(its(5).change, rel=1e-3)


def test_shares_count_the_cases_and_look_the_way_that_is_hoped_for():
    given = {"series": series([40] * 4, parts=50), "n_before": 4, "n_after": 4, "scale": 100.0, "ends": ENDS}
    rise, fall, either = (
        outlook(Expected(method=Method.PROPORTIONS_BEFORE_AFTER, smallest_change=15, rises=rises, **given))
        for rises in (True, False, None)
    )
    exact = power.detectable_share(0.4, 200, 200)
    assert rise.change == pytest.approx(100 * exact.change)
    assert fall.change == pytest.approx(-100 * exact.falling)
    assert either.change == max(rise.change, fall.change)
    assert rise.state is Enough.ENOUGH


def test_counts_say_a_change_in_events_a_period():
    found = outlook(
        Expected(
            method=Method.RATES_BEFORE_AFTER,
            smallest_change=4,
            rises=False,
            series=series([9, 11, 10, 12, 8, 10]),
            n_before=6,
            n_after=6,
            ends=ENDS,
        )
    )
    exact = power.detectable_rate(10, 6, 6)
    assert found.change == pytest.approx(10 * (1 - exact.falling))
    assert found.state is Enough.TOO_FEW
    assert found.enough_on is not None


def test_places_help_where_time_does_not():
    units = {f"T{n}": series(50 + RNG.normal(0, 2, 12)) for n in range(4)}
    others = {f"C{n}": series(40 + RNG.normal(0, 2, 12)) for n in range(4)}
    given = {"method": Method.DIFFERENCE_IN_DIFFERENCES, "n_before": 12, "n_after": 8, "ends": ENDS}
    found = outlook(Expected(smallest_change=0.01, treated=units, comparisons=others, **given))
    alone = outlook(
        Expected(smallest_change=1, treated={"T0": units["T0"]}, comparisons={"C0": others["C0"]}, **given)
    )

    assert found.state is Enough.TOO_FEW
    assert found.change == pytest.approx(power.detectable_did(4, 4, found.assumed["sd_change"]).change)
    assert "More places on either side would help" in texts(found)
    assert alone.state is Enough.CANNOT_SAY
    assert "at least 4 are needed; 2 have them" in texts(alone)


def test_people_are_counted_and_how_many_would_do():
    before = RNG.normal(60, 10, 30)
    scores = [[b, b + g] for b, g in zip(before, RNG.normal(5, 8, 30), strict=True)]
    given = {"scores": scores, "pairs": 12}
    few = outlook(Expected(method=Method.PAIRED_GAIN, smallest_change=0.3, **given))
    beside = outlook(Expected(method=Method.PAIRED_GAIN_WITH_COMPARISON, smallest_change=0.3, **given))

    assert few.state is Enough.TOO_FEW
    need = int(next(one for one in few.said if "need" in one.params).params["need"])
    assert outlook(
        Expected(method=Method.PAIRED_GAIN, smallest_change=0.3, scores=scores, pairs=need)
    ).state is (Enough.ENOUGH)
    assert beside.change > few.change
    nobody = outlook(Expected(method=Method.PAIRED_GAIN, smallest_change=0.3, pairs=12))
    assert "0 people have been tested before and after so far; 8 are needed" in texts(nobody)


def test_every_method_has_its_sight_or_its_reason():
    assert set(SIGHTS) | set(NO_POWER) == set(Method)
    assert not set(SIGHTS) & set(NO_POWER)
    for method in NO_POWER:
        found = outlook(Expected(method=method, smallest_change=1, comparisons={"C1": ()}, ends=ENDS))
        assert found.state is Enough.CANNOT_SAY
        assert len(found.said) >= 2
        assert to_json(found)["state"] == "cannot_say"


def test_first_enough_of_none_is_none():
    assert first_enough(lambda _n: None, 1, 50) is None
