"""The ex-post methods on published data, where the files are at hand; the figures stand beside their source.

REAL_DATA names a directory with ``impact/`` and ``courses/`` as their publishers give them: synthdid (California
tobacco), Abadie & Gardeazabal (Basque Country), Harvey & Durbin (seat belts), R's MASS (anorexia).
"""

import time
from datetime import date

import numpy as np
import pytest

from indicators.engine.expost.comparative import comparative_series
from indicators.engine.expost.comparison import difference_in_differences
from indicators.engine.expost.comparison_group import paired_gain_with_comparison
from indicators.engine.expost.counterfactual import counterfactual_trend
from indicators.engine.expost.counts import interrupted_counts
from indicators.engine.expost.flips import Finding, finding, units_that_turn
from indicators.engine.expost.interrupted import interrupted_series
from indicators.engine.expost.paired import paired_gain
from indicators.engine.expost.synthetic import synthetic_control
from indicators.engine.expost.types import Confidence, table_of
from tests.published import annual, by_unit, is_at_hand, monthly, panel, rows

pytestmark = pytest.mark.skipif(
    not is_at_hand(), reason="REAL_DATA does not name the folder of published data"
)


@pytest.fixture(scope="module")
def tobacco():
    return by_unit(rows("impact/california_prop99.csv", ";"), "State", "Year", "PacksPerCapita")


def test_all_states_give_the_known_difference_in_differences(tobacco):  # −27.349
    found = difference_in_differences(panel(tobacco, "California", 1989))

    assert found.value == pytest.approx(-27.349, abs=6e-3)
    assert (
        found.low < 0 < found.high
    )  # one treated unit among 39: the difference is large, and so is the spread
    assert found.params["df"] == 37
    assert found.params["permutation_p"] == pytest.approx(5 / 39)
    assert len(table_of(found, "leave_one_out").rows) == 38
    assert len(table_of(found, "event_study").rows) == 31


def test_the_synthetic_california_has_its_known_weights(tobacco):  # −19.514, outcome only
    began = time.process_time()
    found = synthetic_control(panel(tobacco, "California", 1989))
    seconds = time.process_time() - began

    weights = dict(table_of(found, "weights").rows)
    assert found.value == pytest.approx(-19.514, abs=6e-3)
    assert {name: round(w, 3) for name, w in weights.items()} == {
        "Utah": 0.394,
        "Montana": 0.232,
        "Nevada": 0.205,
        "Connecticut": 0.109,
        "New Hampshire": 0.045,
        "Colorado": 0.015,
    }
    assert found.params["p_floor"] == pytest.approx(0.0256, abs=1e-4)
    assert found.p_value == pytest.approx(
        3 / 39
    )  # third of 39: two placebos break more, for their fit before
    assert all(row[1] < -17 for row in table_of(found, "leave_one_out").rows)
    assert seconds < 2


def test_no_model_of_the_california_series_gets_past_its_vetoes(tobacco):
    alone = interrupted_series(annual(tobacco["California"]), split_on=date(1988, 12, 31))
    others = {name: annual(v) for name, v in tobacco.items() if name != "California"}
    beside = comparative_series(annual(tobacco["California"]), others, split_on=date(1988, 12, 31))

    assert alone.flags == ("PRETREND_NOT_LINEAR", "NON_STATIONARY_RESIDUALS")
    assert beside.flags == ("PRETREND_NOT_LINEAR", "NON_STATIONARY_RESIDUALS")
    assert "synthetic control" in str(beside.refusal.message)
    assert alone.params["ols_b2"] == pytest.approx(-20.0581, abs=2e-3)


def test_a_continued_trend_in_california_says_that_its_past_was_not_straight(tobacco):
    found = counterfactual_trend(annual(tobacco["California"]), split_on=date(1988, 12, 31))

    assert found.value == pytest.approx(-26.96, abs=0.05)  # least squares: −28.28
    assert {a.name: a.holds for a in found.assumptions}["pretrend_is_straight"] == "no"


def test_one_state_alone_turns_the_california_difference_and_is_named(tobacco):
    asked = panel(tobacco, "California", 1989)

    assert finding(difference_in_differences(asked)) is Finding.CANNOT_TELL
    turned = units_that_turn(asked, difference_in_differences)

    assert [(one.without, one.finding_then) for one in turned] == [("New Hampshire", Finding.DOWN)]


def test_the_basque_country_lost_against_its_synthetic_self_but_sixteen_donors_prove_little():
    """About a tenth of income per head (Abadie & Gardeazabal 2003); here on the outcome alone, from 1970 on."""
    values = by_unit(rows("impact/basque.csv"), "regionname", "year", "gdpcap")
    del values["Spain (Espana)"]
    treated = next(name for name in values if name.startswith("Basque"))

    found = synthetic_control(panel(values, treated, 1970))

    mean = np.mean([v for y, v in values[treated].items() if y >= 1970])
    assert found.value / (mean - found.value) == pytest.approx(-0.11, abs=0.02)
    assert found.params["donors"] == 16
    assert "SC_P_FLOOR" in found.flags
    assert found.confidence is Confidence.LOW
    assert max(dict(table_of(found, "weights").rows).items(), key=lambda kv: kv[1])[0].startswith("Madrid")


def test_seat_belts_lowered_casualties_in_front_and_not_behind():
    """Harvey & Durbin (1986): drivers killed or seriously injured fell by 18 to 27 %, those behind did not."""
    table = rows("impact/datasets_Seatbelts.csv")
    split = date(1983, 1, 31)

    drivers = interrupted_counts(monthly(table, "drivers"), split_on=split)
    rear = interrupted_counts(monthly(table, "rear"), split_on=split)
    beside = comparative_series(monthly(table, "front"), {"rear": monthly(table, "rear")}, split_on=split)

    assert drivers.high < 1
    assert 0.6 < drivers.value < 0.8
    assert {"OVERDISPERSED", "AUTOCORRELATED"} <= set(drivers.flags)
    assert rear.low < 1 < rear.high
    assert beside.high < 0
    assert beside.confidence is Confidence.LOW  # one comparison, and the distance was shrinking before


def test_family_therapy_gained_more_than_the_control_group():
    """Anorexia data of Hand et al. (1993), R's MASS: 7.26 pounds against −0.45."""
    table = rows("courses/MASS_anorexia.csv")

    def of(group, column):
        return [float(r[column]) for r in table if r["Treat"] == group]

    found = paired_gain_with_comparison(
        of("FT", "Prewt"), of("FT", "Postwt"), of("Cont", "Prewt"), of("Cont", "Postwt"), was_random=True
    )

    assert found.params["gain"] == pytest.approx(7.2647, abs=1e-4)
    assert found.params["comparison_gain"] == pytest.approx(-0.45, abs=1e-4)
    assert found.params["did_low"] > 0
    assert "PRE_DIFFERENCE" in found.flags


def test_student_slept_longer_by_the_published_hours():
    table = rows("courses/datasets_sleep.csv")
    pre, post = ([float(r["extra"]) for r in table if r["group"] == g] for g in ("1", "2"))

    assert paired_gain(pre, post).params["t"] == pytest.approx(4.062128, abs=1e-6)
