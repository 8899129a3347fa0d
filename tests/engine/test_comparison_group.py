"""Gains beside a comparison group against Morris' table, and the named forms of a standardised gain."""

import json

import numpy as np
import pytest

from indicators.engine.expost.comparison_group import paired_gain_with_comparison
from indicators.engine.expost.effect_sizes import exact_j, ppc2, standardised_gains
from indicators.engine.expost.paired import paired_gain
from indicators.engine.expost.types import Answer, Confidence, result_from_json, result_to_json

MORRIS = [
    ((30.6, 38.5, 15.0, 20), (23.1, 19.7, 13.8, 20), 0.47, 0.77),
    ((23.5, 26.8, 3.1, 50), (24.9, 25.3, 4.1, 42), 0.64, 0.80),
    ((0.5, 0.7, 0.1, 9), (0.6, 0.6, 0.2, 9), 0.77, 1.20),
    ((53.4, 75.9, 14.5, 10), (55.7, 60.7, 17.3, 11), 0.89, 1.05),
    ((35.6, 36.0, 4.7, 14), (34.8, 33.4, 3.1, 14), 0.44, 0.44),
]
"""Mean before, mean after, spread before and size of both groups; correlation; d_ppc2 (Morris 2008, table 5; the same
figures on metafor's page on this article)."""


@pytest.mark.parametrize(("treated", "comparison", "r", "expected"), MORRIS)
def test_morris_five_studies_have_their_published_effect(treated, comparison, r, expected):
    (pre1, post1, sd1, n1), (pre2, post2, sd2, n2) = treated, comparison

    d, variance = ppc2((post1 - pre1, sd1, n1), (post2 - pre2, sd2, n2), r)

    assert d == pytest.approx(expected, abs=5e-3)
    assert 0 < variance < 0.2


def test_beckers_form_has_its_published_value():  # Morris 2008: 1.8054 at n = 9, where the approximation gives 1.8065
    assert exact_j(8) * 2.0 == pytest.approx(1.8054, abs=5e-5)
    assert pytest.approx(1.8065, abs=5e-5) == (1 - 3 / (4 * 8 - 1)) * 2.0


def test_every_form_has_its_own_name_and_they_differ():
    rng = np.random.default_rng(3)
    pre = rng.normal(50, 10, size=20)
    found = standardised_gains(pre, pre + rng.normal(5, 4, size=20))

    names = ["d_z", "g_z", "d_rm", "d_av", "g_av", "d_becker_pre_sd", "g_becker_pre_sd"]
    values = [found[name] for name in names]
    assert len({round(v, 6) for v in values}) == len(names)
    assert found["g_becker_pre_sd"] == pytest.approx(found["j"] * found["d_becker_pre_sd"])


def groups(n1=20, n2=24, *, effect=5.0, gap=0.0, seed=2):
    rng = np.random.default_rng(seed)
    pre, other = rng.normal(50 + gap, 10, size=n1), rng.normal(50, 10, size=n2)
    gain, other_gain = rng.normal(3 + effect, 4, size=n1), rng.normal(3, 4, size=n2)
    return pre.tolist(), (pre + gain).tolist(), other.tolist(), (other + other_gain).tolist()


def test_what_the_comparison_gained_too_is_taken_off():
    pre, post, other_pre, other_post = groups()

    found = paired_gain_with_comparison(pre, post, other_pre, other_post)

    assert found.params["did"] == pytest.approx(
        np.mean(np.subtract(post, pre)) - np.mean(np.subtract(other_post, other_pre))
    )
    assert found.params["did_low"] < 5 < found.params["did_high"]
    assert str(found.label) == "effect (comparison group)"
    assert found.low < found.value < found.high
    assert found.value < paired_gain(pre, post).params["d_becker_pre_sd"]


def test_a_course_that_gave_no_more_than_the_time_alone_is_not_told_from_chance():
    found = paired_gain_with_comparison(*groups(effect=0.0, seed=5))

    assert found.low < 0 < found.high
    assert any("told from chance" in str(m) for m in found.sentence)


def test_groups_that_were_apart_before_are_flagged_and_weaken_it():
    found = paired_gain_with_comparison(*groups(gap=8.0))
    drawn = paired_gain_with_comparison(*groups(gap=8.0), was_random=True)

    assert "PRE_DIFFERENCE" in found.flags
    assert {a.name: a.holds for a in found.assumptions}["alike_before"] is Answer.NO
    assert found.confidence is Confidence.LOW
    assert drawn.confidence is Confidence.MODERATE


def test_few_pairs_and_no_chance_together_are_low():
    found = paired_gain_with_comparison(*groups(9, 9))

    assert found.confidence is Confidence.LOW


@pytest.mark.parametrize(
    ("n1", "n2", "code"),
    [(20, 7, "N_PAIRS_TOO_SMALL"), (7, 20, "N_PAIRS_TOO_SMALL"), (20, 0, "DID_NO_COMPARISON")],
)
def test_too_few_in_either_group_are_refused(n1, n2, code):
    found = paired_gain_with_comparison(*groups(n1, n2))

    assert found.refusal.code == code
    assert found.refusal.message.params["need"] == "8"


def test_scores_without_spread_are_refused():
    same = [5.0] * 10

    assert paired_gain_with_comparison(same, same, same, same).refusal.code == "NO_VARIATION"


def test_unequal_forms_are_said_with_and_without_a_comparison():
    pre, post, other_pre, other_post = groups()

    alone = paired_gain(pre, post, equal_forms=False)
    beside = paired_gain_with_comparison(pre, post, other_pre, other_post, equal_forms=True)

    assert "UNEQUAL_FORMS" in alone.flags
    assert {a.name: a.holds for a in beside.assumptions}["equal_forms"] is Answer.YES


def test_changing_the_groups_turns_the_sign_and_order_does_not_matter():
    pre, post, other_pre, other_post = groups()
    there = paired_gain_with_comparison(pre, post, other_pre, other_post)
    back = paired_gain_with_comparison(other_pre, other_post, pre, post)
    shuffled = paired_gain_with_comparison(pre[::-1], post[::-1], other_pre[::-1], other_post[::-1])

    assert back.value == pytest.approx(-there.value)
    assert shuffled.value == pytest.approx(there.value)


def test_the_interval_of_d_ppc2_is_about_right():
    """True d_ppc2 is 0.5; 300 runs, Monte Carlo error about 1.3 of 100."""
    hits = 0
    for seed in range(300):
        found = paired_gain_with_comparison(*groups(effect=5.0, seed=seed))
        hits += found.low <= 0.5 <= found.high

    assert 0.91 < hits / 300 <= 0.99


def test_a_result_survives_its_json():
    found = paired_gain_with_comparison(*groups())

    assert result_from_json(json.loads(json.dumps(result_to_json(found), allow_nan=False))) == found
