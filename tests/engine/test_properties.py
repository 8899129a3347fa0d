"""What holds for any numbers: order, families of one, signs, and that nothing is ever not a number."""

import math
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from indicators.engine.achievement import achievement, planned_value
from indicators.engine.codec import judgement_to_json, snapshot_from_json, snapshot_to_json
from indicators.engine.disaggregate import breakdown, carried_forward, mismatches
from indicators.engine.display import format_index
from indicators.engine.exact import quotient
from indicators.engine.expost.paired import paired_gain
from indicators.engine.expost.persistence import retention
from indicators.engine.forecast import forecast
from indicators.engine.judge import judge, judge_many
from indicators.engine.portfolio import (
    WeightedAchievement,
    largest_remainder_percentages,
    weighted_achievement,
)
from indicators.engine.rollup import roll_up_period
from indicators.engine.signals import xmr
from indicators.engine.timeline import current_value
from indicators.engine.trend import TrendQuestion, trends
from indicators.engine.types import (
    Direction,
    IndicatorRule,
    Measurement,
    Plan,
    Refusal,
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


@pytest.mark.parametrize("site_rule", SiteRule)
@FEW
@given(measurements(), rules, st.randoms(use_true_random=False))
def test_the_order_of_sites_never_changes_a_figure(site_rule, rows, rule, random):
    rule = replace(rule, site_rule=site_rule)
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


def snapshot_of(quarters, rule, to, original):
    calendar = cases.periods_between("quarterly", date(2024, 1, 1), date(2028, 1, 1))
    series = tuple(
        roll_up_period(rows, rule, starts_on=p.starts_on, ends_on=p.ends_on, label=p.label, expected=2)
        for rows, p in zip(quarters, calendar, strict=False)
    )
    return Snapshot(
        rule=rule,
        plan=to,
        original_plan=original,
        series=series,
        as_of=series[-1].ends_on + timedelta(days=30),
        frequency_days=92,
        grace_days=15,
    )


snapshots = st.builds(snapshot_of, st.lists(measurements(), min_size=1, max_size=14), rules, plans, plans)


@FEW
@given(snapshots)
def test_any_snapshot_is_judged_the_same_twice_and_nothing_is_nan(snapshot):
    found = judge(snapshot)

    assert judge(snapshot_from_json(snapshot_to_json(snapshot))) == found
    assert_finite(judgement_to_json(found))
    forecast(snapshot.series, snapshot.rule, snapshot.plan, snapshot.as_of)


@FEW
@given(st.lists(snapshots, max_size=6))
def test_many_judged_at_once_are_each_judged_as_alone(some):
    assert judge_many(some) == [judge(one) for one in some]


@FEW
@given(
    st.integers(4, 40).flatmap(
        lambda n: st.lists(
            st.lists(st.sampled_from([0, 1, 2.5]) | st.floats(-1e6, 1e6), min_size=n, max_size=n),
            min_size=1,
            max_size=5,
        )
    )
)
def test_the_trend_of_a_series_does_not_hang_on_its_neighbours(rows):
    months = cases.periods_between("monthly", date(2020, 1, 1), date(2024, 1, 1))
    asked = [
        TrendQuestion(
            days=tuple(m.ends_on for m in months[: len(row)]),
            values=tuple(Decimal(repr(v)) for v in row),
            direction=Direction.ASCENDING,
        )
        for row in rows
    ]

    assert trends(asked) == [trends([one])[0] for one in asked]


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


# --- Units, directions, gaps, texts --------------------------------------------------------------------------------

small = st.decimals(min_value=-1000, max_value=1000, places=2)
factors = st.sampled_from([Decimal(x) for x in ("0.5", "2", "10", "-1", "0.25", "-4")])


@FEW
@given(small, small, small, factors, small)
def test_other_units_leave_achievement_alone(actual, baseline, target, factor, shift):
    there = achievement(actual, baseline, target)
    other = achievement(*(x * factor + shift for x in (actual, baseline, target)))

    assert getattr(there, "code", there) == getattr(other, "code", other)


@FEW
@given(
    measurements(allow_gaps=False),
    st.sampled_from(["sum", "mean", "min", "max", "median", "mean_weighted_n"]),
    factors,
    small,
)
def test_other_units_scale_and_shift_the_value_of_a_period(rows, how, factor, shift):
    rule = cases.rule(value_type="number", site_rule=how)
    # Turning round makes the least the largest.
    turned = {"min": "max", "max": "min"}.get(how, how) if factor < 0 else how
    shift = Decimal(0) if how == "sum" else shift
    scaled = [replace(r, value=r.value * factor + shift) for r in rows]

    found = period(scaled, cases.rule(value_type="number", site_rule=turned)).value

    expected = period(rows, rule).value * factor + shift
    assert abs(found - expected) <= Decimal("1e-8") * max(1, abs(factor))


@FEW
@given(st.lists(small, min_size=5, max_size=16), small, small, st.integers(0, 3))
def test_swapping_the_direction_mirrors_the_verdict(values, baseline, target, gap):
    how = cases.rule(time_rule="last", direction="ascending" if target > baseline else "descending")
    back = replace(how, direction=Direction.DESCENDING if target > baseline else Direction.ASCENDING)
    series = [v if i % 4 != gap else "missing" for i, v in enumerate(values)]
    mirrored = [v if v == "missing" else -v for v in series]

    there = judge(cases.snapshot(series, how, cases.plan({"baseline": baseline, "target": target})))
    other = judge(cases.snapshot(mirrored, back, cases.plan({"baseline": -baseline, "target": -target})))

    assert (there.status, there.achievement, there.on_track_index) == (
        other.status,
        other.achievement,
        other.on_track_index,
    )
    assert (there.required_pace, there.is_over_target, there.trend.word) == (
        other.required_pace,
        other.is_over_target,
        other.trend.word,
    )


@FEW
@given(
    st.lists(small, min_size=1, max_size=12),
    st.sampled_from(["mean", "min", "max", "median", "last", "sum"]),
    st.data(),
)
def test_missing_is_never_zero(values, time_rule, data):
    place = data.draw(st.integers(0, len(values)))
    how = cases.rule(value_type="number", time_rule=time_rule)
    plan = cases.plan({"baseline": 0, "target": 1})

    def value(series):
        return current_value(cases.series(series, how), how, plan, date(2060, 1, 1)).value

    with_gap = [*values[:place], "missing", *values[place:]]

    assert value(with_gap) == value(values)
    assert value(["missing"] * 3) is None
    assert value([0]) == 0


@FEW
@given(st.decimals(min_value=-2, max_value=3, places=9), st.sampled_from(["0.90", "0.75", "0.85", "1.15"]))
def test_text_and_colour_of_an_index_come_from_the_same_number(index, border):
    border = Decimal(border)

    shown = Decimal(format_index(index, (border,)).replace("−", "-"))

    assert (shown >= border) == (index >= border)


@FEW
@given(st.lists(st.tuples(st.integers(1, 3), measurements(allow_gaps=False)), min_size=1, max_size=3))
def test_status_from_roll_ups_equals_status_from_raw_rows(quarters):
    """A roll-up that is stored and read again judges like the one just made."""
    how = cases.rule(value_type="ratio", scale=100, time_rule="ratio_of_sums")
    calendar = cases.periods_between("quarterly", date(2025, 1, 1), date(2026, 12, 31))
    series = tuple(
        roll_up_period(rows, how, starts_on=p.starts_on, ends_on=p.ends_on, label=p.label, expected=len(rows))
        for (_, rows), p in zip(quarters, calendar, strict=False)
    )
    pooled = [r for _, rows in quarters for r in rows]

    found = current_value(series, how, cases.plan(), date(2030, 1, 1))

    assert found.value == quotient(100 * sum(r.numerator for r in pooled), sum(r.denominator for r in pooled))


@FEW
@given(st.lists(st.floats(-1e6, 1e6), min_size=8, max_size=30), st.floats(0.01, 100), st.floats(-1e4, 1e4))
def test_a_control_chart_scales_with_its_units_and_turns_round_with_its_sign(values, factor, shift):
    there = xmr(values)
    other = xmr([v * factor + shift for v in values])
    mirrored = xmr([-v for v in values])

    if isinstance(there, Refusal) or isinstance(other, Refusal):
        return
    assert other.centre == pytest.approx(there.centre * factor + shift, rel=1e-6, abs=1e-3)
    assert other.sigma == pytest.approx(there.sigma * factor, rel=1e-6, abs=1e-6)
    assert mirrored.signalled == there.signalled


# --- Cells, windows, several at once -------------------------------------------------------------------------------

CELLS = [
    "",
    "sex=f",
    "sex=m",
    "nation=KWT",
    "nation=QAT",
    "nation=KWT;sex=f",
    "nation=KWT;sex=m",
    "nation=QAT;sex=f",
]


@st.composite
def split_measurements(draw):
    """Several sites, or the whole programme, each with some cells, no cell twice."""
    places = draw(
        st.lists(
            st.tuples(st.sampled_from([None, 1, 2, 3]), st.sampled_from(CELLS)),
            min_size=1,
            max_size=10,
            unique=True,
        )
    )
    rows = []
    for i, (site, cell) in enumerate(places):
        a, b, v = draw(amounts), draw(sizes), draw(amounts)
        error = draw(st.none() | st.decimals(min_value="0.01", max_value=9, places=2))
        rows.append(
            Measurement(
                id=i, site=site, cell=cell, numerator=a, denominator=b, value=v,
                standard_error=error, n=draw(st.none() | st.integers(1, 99)),
            )
        )  # fmt: skip
    return rows


@FEW
@given(split_measurements(), rules, st.randoms(use_true_random=False))
def test_the_order_of_cells_never_changes_a_figure_a_table_or_what_is_flagged(rows, rule, random):
    shuffled = random.sample(rows, len(rows))

    table = breakdown(rows, rule)

    assert period(shuffled, rule) == period(rows, rule)
    assert breakdown(shuffled, rule) == table
    assert mismatches(breakdown(shuffled, rule), rule) == mismatches(table, rule)
    # The total of the table is the figure of the period.
    whole = next(one for one in table if one.cell == "")
    assert (whole.value, whole.refusal) == (period(rows, rule).value, period(rows, rule).refusal)


@FEW
@given(split_measurements(), rules)
def test_what_holds_no_number_changes_no_figure(rows, rule):
    blank = Measurement(id=99, site=9, cell="")

    found, with_blank = period(rows, rule), period([*rows, blank], rule)

    if rule.value_type is not ValueType.TEXT:
        assert replace(with_blank, expected=found.expected, reported=found.reported) == found


@FEW
@given(st.lists(st.none() | small, min_size=1, max_size=14), rules, st.randoms(use_true_random=False))
def test_the_order_in_which_periods_come_never_changes_a_verdict(values, rule, random):
    given_ = ["missing" if v is None else {"value": v, "parts": (abs(v), 7), "n": 9} for v in values]
    shot = cases.snapshot(
        given_, rule, cases.plan({"baseline": 0, "target": 50, "range_low": -1, "range_high": 9})
    )
    shuffled = tuple(random.sample(shot.series, len(shot.series)))

    found, other = judge(shot), judge(replace(shot, series=shuffled))

    assert judgement_to_json(other) == judgement_to_json(found)
    assert [one.value for one in carried_forward(shuffled)] == [
        one.value for one in carried_forward(shot.series)
    ]


@FEW
@given(
    st.lists(st.tuples(small, st.none() | st.decimals("0.01", 50, places=2)), min_size=5, max_size=12),
    small,
    small,
    st.sampled_from(["last", "mean", "min", "max", "median", "mean_weighted_n"]),
    st.sampled_from([Decimal(x) for x in ("0.5", "2", "10", "0.25", "1000")]),
    small,
    st.sampled_from(list(Trajectory)),
)
def test_other_units_leave_the_verdict_alone(values, baseline, target, time_rule, factor, shift, path):
    """Euros or thousands of euros, Celsius or Kelvin: value and plan move along, the verdict stays."""
    how = cases.rule(time_rule=time_rule, direction="ascending" if target > baseline else "descending")

    def verdict(convert, scale):
        given_ = [
            {"value": convert(v), "standard_error": None if e is None else e * scale, "n": 5}
            for v, e in values
        ]
        to = {"baseline": convert(baseline), "target": convert(target), "trajectory": path.value}
        return judge(cases.snapshot(given_, how, cases.plan(to)))

    there, other = verdict(lambda v: v, Decimal(1)), verdict(lambda v: v * factor + shift, factor)

    if there.achievement is not None:
        # Quotients are rounded to ten places before they meet a border, so equal up to that.
        assert abs(there.achievement - other.achievement) < Decimal("1e-5") * max(1, abs(there.achievement))
    near = there.on_track_index is not None and any(
        abs(there.on_track_index - border) < Decimal("1e-6") for border in (Decimal("0.9"), Decimal("0.75"))
    )
    if not near:
        assert (there.status, there.is_over_target) == (other.status, other.is_over_target)
    assert (there.trend.word, there.coverage) == (other.trend.word, other.coverage)


@FEW
@given(
    st.lists(st.just("missing") | small, min_size=1, max_size=20),
    st.sampled_from(["mean", "min", "max", "median", "ratio_of_sums", "mean_weighted_n"]),
    st.integers(1, 24),
)
def test_a_window_is_the_rule_over_the_latest_periods(values, time_rule, quarters):
    def value(given_, **more):
        how = cases.rule(value_type="ratio", time_rule=time_rule, **more)
        rows = [v if v == "missing" else [v, 8] for v in given_]
        return current_value(cases.series(rows, how), how, cases.plan(), date(2060, 1, 1)).value

    windowed = value(values, window_months=3 * quarters)

    known = [i for i, v in enumerate(values) if v != "missing"]
    newest = known[-1] if known else 0
    kept = ["missing" if i <= newest - quarters else v for i, v in enumerate(values)]
    assert windowed == value(kept)
    assert value(values, window_months=3 * len(values)) == value(values)


@FEW
@given(st.lists(st.tuples(st.integers(0, 9), st.none() | small), min_size=1, max_size=8), st.data())
def test_a_weighted_score_stays_between_its_parts_and_one_part_is_itself(items, data):
    found = weighted_achievement([(Decimal(w), a) for w, a in items])

    usable = [min(max(a, Decimal(0)), Decimal(1)) for w, a in items if a is not None and w > 0]
    if isinstance(found, WeightedAchievement):
        assert (
            min(usable) - Decimal("1e-9")
            <= found.low
            <= found.value
            <= found.high
            <= max(usable) + Decimal("1e-9")
        )
        if len(usable) == 1:
            assert found.value == found.low == found.high == usable[0]
        order = data.draw(st.permutations(items))
        assert weighted_achievement([(Decimal(w), a) for w, a in order]) == found
