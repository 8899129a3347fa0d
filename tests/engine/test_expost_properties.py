"""Whatever is fed to the ex-post methods: a result or a refusal that JSON can hold, in order, and never a crash."""

import json
import math
import time
import warnings
from datetime import date
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from indicators.engine.expost.before_after import before_after
from indicators.engine.expost.comparative import comparative_series
from indicators.engine.expost.comparison import difference_in_differences
from indicators.engine.expost.comparison_group import paired_gain_with_comparison
from indicators.engine.expost.counterfactual import counterfactual_trend
from indicators.engine.expost.counts import interrupted_counts
from indicators.engine.expost.interrupted import interrupted_series
from indicators.engine.expost.maturity import ordinal_maturity
from indicators.engine.expost.paired import paired_gain
from indicators.engine.expost.paired_shares import paired_shares
from indicators.engine.expost.panel import Panel, Unit
from indicators.engine.expost.persistence import retention
from indicators.engine.expost.synthetic import synthetic_control
from indicators.engine.expost.types import Confidence, ExPostResult, result_from_json, result_to_json
from indicators.engine.periods import Frequency

from . import cases

FEW = settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
values = st.one_of(
    st.integers(-3, 3).map(float),
    st.floats(-1e6, 1e6, allow_nan=False).map(lambda v: round(v, 4)),
    st.sampled_from([0.0, 1e-4, -1e6, 1e6]),
)
columns = st.one_of(st.lists(values, max_size=15), st.lists(values, min_size=20, max_size=40))


def check(found: ExPostResult) -> None:
    """What every result keeps to."""
    assert (found.value is None) != (found.refusal is None)
    assert result_from_json(json.loads(json.dumps(result_to_json(found), allow_nan=False))) == found
    assert str(found.label)
    assert found.sentence
    if found.refusal is not None:
        assert found.confidence is Confidence.NONE
        assert str(found.refusal.message)
        return
    assert math.isfinite(found.value)
    assert found.assumptions
    assert found.reasons
    assert all(str(a.text) for a in found.assumptions)
    assert all(str(m) for m in (*found.sentence, *(r.text for r in found.reasons)))
    if found.low is not None and found.high is not None:
        assert found.low <= found.high
    if found.p_value is not None:
        assert 0 <= found.p_value <= 1
    if "effect" in str(found.label).replace("not effect", ""):
        assert {a.name: a.holds for a in found.assumptions}.keys() & {"comparison", "comparison_group"}


def series(numbers, rule=None, frequency=Frequency.MONTHLY):
    return cases.series([f"{v:.4f}" for v in numbers], rule or cases.rule(), frequency)


@FEW
@given(columns, st.one_of(st.integers(0, 30), st.integers(8, 12)))
def test_series_methods(numbers, k):
    periods = series(numbers)
    split = periods[min(k, len(periods)) - 1].ends_on if periods and k else date(2024, 12, 31)

    check(interrupted_series(periods, split_on=split))
    check(counterfactual_trend(periods, split_on=split))
    check(before_after(periods, cases.rule(), split_on=split))


@FEW
@given(columns, columns, st.integers(8, 20))
def test_comparison_series(a, b, k):
    found = comparative_series(
        series(a),
        {"b": series(b)},
        split_on=cases.series([1] * 30, cases.rule(), Frequency.MONTHLY)[k].ends_on,
    )

    check(found)


@FEW
@given(
    st.one_of(
        st.lists(st.integers(0, 3), max_size=15),
        st.lists(st.integers(0, 3), min_size=20, max_size=40),
        st.lists(st.one_of(st.integers(0, 3), st.integers(0, 5000)), min_size=20, max_size=60),
        st.lists(st.integers(900, 910), min_size=20, max_size=60),
    ),
    st.integers(8, 30),
)
def test_count_series(counts, k):
    how = cases.rule(value_type="count")
    periods = cases.series(counts, how, Frequency.QUARTERLY)
    split = periods[min(k, len(periods)) - 1].ends_on if periods else date(2025, 1, 1)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check(interrupted_counts(periods, split_on=split))
        check(before_after(periods, how, split_on=split))


@FEW
@given(st.lists(st.tuples(values, values), max_size=20), st.lists(st.tuples(values, values), max_size=20))
def test_scores(treated, other):
    pre, post = [a for a, _ in treated], [b for _, b in treated]
    other_pre, other_post = [a for a, _ in other], [b for _, b in other]

    check(paired_gain(pre, post, maximum=100, unpaired_share=0.3, equal_forms=True))
    check(paired_gain_with_comparison(pre, post, other_pre, other_post))
    check(retention(pre, post, post[::-1], seed=1))


@FEW
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=15))
def test_levels(pairs):
    before = {f"f{i}": a for i, (a, _) in enumerate(pairs)}
    after = {f"f{i}": b for i, (_, b) in enumerate(pairs)}

    check(ordinal_maturity(before, after, same_assessors=False))


@FEW
@given(*[st.integers(0, 40)] * 4)
def test_paired_answers(both, only_before, only_after, neither):
    found = paired_shares(both, only_before, only_after, neither)

    check(found)
    if found.value is not None and only_before == only_after:
        assert found.value == 0
        assert found.low <= 0 <= found.high


@FEW
@given(
    st.integers(0, 2),
    st.integers(0, 9),
    st.integers(0, 10),
    st.integers(0, 4),
    st.randoms(use_true_random=False),
)
def test_panels(n_treated, n_comparison, before, after, rng):
    def draw(length):
        return tuple(
            rng.choice([None, 0.0, 1.0, rng.uniform(-9, 9), rng.uniform(-9, 9)]) for _ in range(length)
        )

    panel = Panel(
        units=tuple(
            Unit(name=f"u{i}", is_treated=i < n_treated, before=draw(before), after=draw(after))
            for i in range(n_treated + n_comparison)
        ),
        periods_before=tuple(f"b{i}" for i in range(before)),
        periods_after=tuple(f"a{i}" for i in range(after)),
    )

    check(difference_in_differences(panel, seed=2))
    check(synthetic_control(panel))


@FEW
@given(st.integers(5, 9), st.integers(8, 10), st.sampled_from([0.0, 1.0, 1e6]), st.integers(0, 99))
def test_whole_panels(donors, before, spread, seed):
    rng = np.random.default_rng(seed)
    rows = rng.normal(0, 1, size=(donors + 1, before + 2)) * spread + 5
    panel = Panel(
        units=tuple(
            Unit(name=f"u{i}", is_treated=i == 0, before=tuple(row[:before]), after=tuple(row[before:]))
            for i, row in enumerate(rows.tolist())
        ),
        periods_before=tuple(f"b{i}" for i in range(before)),
        periods_after=("x", "y"),
    )

    check(synthetic_control(panel))
    check(difference_in_differences(panel))


def test_paired_answers_use_that_they_are_the_same_people():
    found = paired_shares(20, 2, 12, 16)

    assert (found.value, found.low, found.high) == pytest.approx((0.2, 0.0562, 0.3292), abs=1e-4)
    assert found.p_value == pytest.approx(0.012939, abs=1e-6)
    assert paired_shares(1, 1, 1, 1).refusal.code == "N_PAIRS_TOO_SMALL"
    with pytest.raises(Exception, match="four counts"):
        paired_shares(-1, 5, 5, 5)


@pytest.mark.parametrize("n", [120])
def test_long_series_take_well_under_a_second(n):
    rng = np.random.default_rng(1)
    periods = series(20 + rng.normal(size=n))
    counted = cases.series(
        [int(v) for v in rng.poisson(30 * rng.gamma(3, 1 / 3, size=n))],
        cases.rule(value_type="count"),
        Frequency.MONTHLY,
    )
    split = periods[n // 2].ends_on
    interrupted_series(periods, split_on=split)  # the first call loads what it needs

    for compute in (
        lambda: interrupted_series(periods, split_on=split),
        lambda: counterfactual_trend(periods, split_on=split),
        lambda: interrupted_counts(counted, split_on=split),
    ):
        began = time.process_time()
        assert compute().value is not None
        assert time.process_time() - began < 1


def test_decimal_and_float_scores_give_the_same():
    pre, post = [1.5, 2.25, 3.0, 4.5, 2.0, 3.5, 4.0, 1.0], [2.5, 2.75, 4.0, 5.0, 2.5, 4.5, 4.5, 2.5]

    exact = paired_gain([Decimal(str(v)) for v in pre], [Decimal(str(v)) for v in post])

    assert exact == paired_gain(pre, post)
