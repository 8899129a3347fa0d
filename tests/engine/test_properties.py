"""What holds for any numbers: order, families of one, signs, and that nothing is ever not a number."""

import math
from datetime import date, timedelta
from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from indicators.engine.achievement import achievement, planned_value
from indicators.engine.codec import judgement_to_json, snapshot_from_json, snapshot_to_json
from indicators.engine.exact import quotient
from indicators.engine.expost.paired import paired_gain
from indicators.engine.expost.persistence import retention
from indicators.engine.forecast import forecast
from indicators.engine.judge import judge
from indicators.engine.portfolio import largest_remainder_percentages
from indicators.engine.rollup import roll_up_period
from indicators.engine.types import (
    Direction,
    IndicatorRule,
    Measurement,
    Plan,
    SiteRule,
    Snapshot,
    TimeRule,
    Trajectory,
    ValueType,
)

from . import cases

FEW = settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
numbers = st.decimals(min_value=-(10**9), max_value=10**9, places=4)
amounts = st.decimals(min_value=0, max_value=10**9, places=2)
sizes = st.decimals(min_value=1, max_value=10**6, places=0)


def measurements(allow_gaps: bool = True) -> st.SearchStrategy[list[Measurement]]:
    one = st.tuples(
        amounts, sizes, numbers, st.decimals(min_value="0.01", max_value=100, places=2), st.integers(1, 500)
    )
    return st.lists(one, min_size=0 if allow_gaps else 1, max_size=8).map(
        lambda rows: [
            Measurement(id=i, site=i, numerator=a, denominator=b, value=v, standard_error=s, n=n)
            for i, (a, b, v, s, n) in enumerate(rows)
        ]
    )


rules = st.builds(
    IndicatorRule,
    value_type=st.sampled_from(ValueType),
    direction=st.sampled_from(Direction),
    time_rule=st.sampled_from(TimeRule),
    site_rule=st.sampled_from(SiteRule),
    scale=st.sampled_from([Decimal(1), Decimal(100)]),
    min_denominator=st.sampled_from([None, Decimal(5)]),
    min_n=st.sampled_from([None, 8]),
    is_context=st.booleans(),
)
maybe = st.none() | numbers
days = st.dates(min_value=date(2023, 1, 1), max_value=date(2028, 1, 1))
plans = st.builds(
    Plan,
    baseline=maybe,
    baseline_on=st.none() | days,
    target=maybe,
    target_on=st.none() | days,
    trajectory=st.sampled_from(Trajectory),
    milestones=st.lists(st.tuples(days, numbers), max_size=3).map(tuple),
    range_low=maybe,
    range_high=maybe,
)


def period(rows, rule):
    return roll_up_period(
        rows, rule, starts_on=date(2025, 1, 1), ends_on=date(2025, 3, 31), label="Q1", expected=len(rows)
    )


@FEW
@given(measurements(), rules, st.randoms(use_true_random=False))
def test_the_order_of_sites_never_changes_a_figure(rows, rule, random):
    shuffled = random.sample(rows, len(rows))

    assert period(shuffled, rule) == period(rows, rule)


@FEW
@given(measurements(allow_gaps=False), rules)
def test_a_whole_of_one_site_equals_the_site(rows, rule):
    one = rows[:1]

    found = period(one, rule)

    if found.value is not None:
        is_ratio = rule.value_type is ValueType.RATIO
        assert found.value == (
            quotient(rule.scale * one[0].numerator, one[0].denominator) if is_ratio else one[0].value
        )


@FEW
@given(numbers, numbers, numbers)
def test_achievement_is_the_same_with_every_sign_flipped(actual, baseline, target):
    there, mirrored = achievement(actual, baseline, target), achievement(-actual, -baseline, -target)

    assert getattr(there, "code", there) == getattr(mirrored, "code", mirrored)


@FEW
@given(numbers, numbers, st.sampled_from(Trajectory), st.integers(0, 400))
def test_a_planned_path_without_milestones_stays_between_its_ends(baseline, target, trajectory, day):
    to = Plan(
        baseline=baseline,
        baseline_on=date(2025, 1, 1),
        target=target,
        target_on=date(2025, 12, 31),
        trajectory=trajectory,
    )

    found = planned_value(to, date(2025, 1, 1) + timedelta(days=day))

    assert min(baseline, target) <= found <= max(baseline, target)


@FEW
@given(st.lists(measurements(), min_size=1, max_size=10), rules, plans, plans)
def test_any_snapshot_is_judged_the_same_twice_and_nothing_is_nan(quarters, rule, to, original):
    calendar = cases.periods_between("quarterly", date(2024, 1, 1), date(2028, 1, 1))
    series = tuple(
        roll_up_period(rows, rule, starts_on=p.starts_on, ends_on=p.ends_on, label=p.label, expected=2)
        for rows, p in zip(quarters, calendar, strict=False)
    )
    snapshot = Snapshot(
        rule=rule,
        plan=to,
        original_plan=original,
        series=series,
        as_of=series[-1].ends_on + timedelta(days=30),
        frequency_days=92,
        grace_days=15,
    )

    found = judge(snapshot)

    assert judge(snapshot_from_json(snapshot_to_json(snapshot))) == found
    assert_finite(judgement_to_json(found))
    forecast(series, rule, to, snapshot.as_of)


@FEW
@given(st.lists(st.integers(0, 1000), min_size=1, max_size=7))
def test_percentages_add_up_and_are_off_by_less_than_one(counts):
    found = largest_remainder_percentages(dict(enumerate(counts)))

    if found is not None:
        assert sum(found.values()) == 100
        assert all(abs(found[i] - 100 * c / sum(counts)) < 1 for i, c in enumerate(counts))


scores = st.lists(st.tuples(*[st.floats(0, 100)] * 3), min_size=0, max_size=20)


@FEW
@given(scores)
def test_no_ex_post_figure_is_nan(rows):
    pre, post, later = ([row[i] for row in rows] for i in range(3))

    for found in (paired_gain(pre, post, maximum=100), retention(pre, post, later, seed=1)):
        assert (found.value is None) == (found.refusal is not None)
        assert_finite([found.value, found.low, found.high, found.p_value, *found.params.values()])


def assert_finite(data) -> None:
    match data:
        case float():
            assert math.isfinite(data)
        case dict():
            assert_finite(list(data.values()))
        case list():
            for one in data:
                assert_finite(one)
        case str():
            assert data not in {"NaN", "Infinity", "-Infinity"}
