"""Situations in which figures were once wrong, or the engine broke off: extremes, flat series, gaps in the plan."""

import math
import warnings
from datetime import date, timedelta
from decimal import Decimal

import pytest

from indicators.engine.expost.counts import interrupted_counts
from indicators.engine.forecast import forecast
from indicators.engine.formula.checking import Known, check
from indicators.engine.formula.computing import Inputs
from indicators.engine.formula.outcome import outcomes
from indicators.engine.formula.reading import parse
from indicators.engine.formula.tree import references
from indicators.engine.judge import judge
from indicators.engine.types import (
    Direction,
    IndicatorRule,
    PeriodValue,
    Plan,
    RefusalCode,
    SiteRule,
    Snapshot,
    Status,
    TimeRule,
    ValueType,
)

STEP = 91
START = date(2020, 1, 1)
SPLIT = START + timedelta(days=12 * STEP - 1)


def series_of(values, **given):
    return tuple(
        PeriodValue(
            starts_on=START + timedelta(days=i * STEP), ends_on=START + timedelta(days=(i + 1) * STEP - 1),
            label=f"P{i + 1}", value=None if value is None else Decimal(str(value)),
            reported=int(value is not None), expected=1, **given,
        )
        for i, value in enumerate(values)
    )  # fmt: skip


def rule_of(value_type=ValueType.NUMBER, direction=Direction.ASCENDING, time_rule=TimeRule.LAST, **given):
    return IndicatorRule(
        value_type=value_type, direction=direction, time_rule=time_rule, site_rule=SiteRule.SUM, **given
    )


def plan_of(baseline, target, *, starts=START - timedelta(days=1), ends=date(2023, 1, 1), **given):
    number = lambda one: None if one is None else Decimal(str(one))  # noqa: E731
    return Plan(baseline=number(baseline), baseline_on=starts, target=number(target), target_on=ends, **given)


def judged(values, rule, plan, as_of):
    return judge(
        Snapshot(
            rule=rule, plan=plan, original_plan=plan, series=series_of(values), as_of=as_of,
            frequency_days=92, grace_days=30,
        )
    )  # fmt: skip


def computed(formula, figures):
    known = {"A": Known(value_type=ValueType.NUMBER)}
    tree = parse(formula)
    check(tree, known, result=ValueType.NUMBER)
    column = [Decimal(one) for one in figures]
    inputs = Inputs(
        columns={one: column for one in references(tree)}, labels=[str(i) for i in range(len(column))],
        year_starts=[0] * len(column),
    )  # fmt: skip
    return outcomes(tree, rule_of(), inputs)


@pytest.mark.parametrize("name", ["median", "mean", "min", "max", "stddev", "stddevPop", "variance"])
def test_a_window_over_enormous_figures_is_refused_and_never_breaks_off(name):
    last = computed(f"{name}(last([A] ^ 11, 2))", ["90000", "123456"])[-1]
    assert last.value is None
    assert last.refusal.code is RefusalCode.OUT_OF_BOUNDS


@pytest.mark.parametrize(
    ("figures", "median"),
    [(["1", "2"], "1.5"), (["3", "1", "2"], "2"), (["10", "1", "2", "3"], "2.5"), (["-1", "-4"], "-2.5")],
)
def test_the_median_of_a_window_is_the_middle_or_half_way_between_two(figures, median):
    assert computed("median(last([A], 4))", figures)[-1].value == Decimal(median)


@pytest.mark.parametrize(
    ("formula", "value"),
    [
        ("2 ^ 3 ^ 2", "64"), ("-2 ^ 2", "-4"), ("2 ^ -1", "0.5"), ("2 ^ -2 ^ 2", "0.0625"), ("--3", "3"),
        ("-7 % 3", "-1"), ("7 % -3", "1"), ("2 * 3 % 4", "2"), ("7 % 4 * 2", "6"), ("10 - 4 - 3", "3"),
        ("100 / 10 / 2", "5"), ("3 - 2 ^ 2 * 2", "-5"), ("0 ^ 0", "1"), ("round(2.5)", "2"), ("1 / 3 * 3", "1"),
    ],
)  # fmt: skip
def test_signs_bind_as_documented(formula, value):
    assert computed(f"{formula} + 0 * [A]", ["1"])[0].value == Decimal(value)


@pytest.mark.parametrize(
    ("direction", "target", "reaches"),
    [
        (Direction.DESCENDING, 10, False),
        (Direction.DESCENDING, 90, True),
        (Direction.ASCENDING, 10, True),
        (Direction.ASCENDING, 90, False),
    ],
)
def test_whether_a_projection_reaches_the_target_does_not_need_a_baseline(direction, target, reaches):
    found = forecast(
        series_of([50, 51, 50, 52, 50, 51, 50, 51, 53]), rule_of(direction=direction),
        plan_of(None, target, starts=None), date(2022, 9, 1),
    )  # fmt: skip
    assert found.reaches_target is reaches
    assert (found.probability > 0.5) is reaches


@pytest.mark.parametrize(("upper_bound", "value"), [(None, 100), (Decimal(100), 100), (Decimal(200), None)])
def test_a_share_of_a_whole_is_not_projected_beyond_all_of_it(upper_bound, value):
    rule = rule_of(ValueType.RATIO, scale=Decimal(100), upper_bound=upper_bound)
    found = forecast(
        series_of([50, 55, 60, 65, 70, 75, 80, 85, 95]), rule, plan_of(10, 95, ends=date(2023, 6, 1)),
        date(2022, 9, 1),
    )  # fmt: skip
    assert found.is_clipped is (value is not None)
    assert found.value == value if value else found.value > 100


def test_increments_up_to_the_baseline_date_are_part_of_the_baseline():
    rule = rule_of(ValueType.COUNT, time_rule=TimeRule.SUM)
    plan = plan_of(100, 200, starts=SPLIT, ends=date(2027, 1, 1))
    before = judged([7] * 12, rule, plan, date(2023, 1, 15))
    assert (before.value, before.achievement) == (100, 0)
    assert before.refusal.code is RefusalCode.TOO_EARLY
    assert judged([7] * 13, rule, plan, date(2023, 4, 15)).value == 107


@pytest.mark.parametrize(
    ("value", "target", "milestones"),
    [(10**17, 80, ()), (5, "0.0000001", ()), (5, 80, ((date(2021, 1, 1), Decimal(10) ** 17),))],
)
def test_a_figure_beyond_all_measure_of_its_plan_is_refused(value, target, milestones):
    plan = plan_of(0, target, milestones=milestones)
    found = judged([value] * 4, rule_of(), plan, date(2021, 1, 5))
    assert found.status is Status.NOT_ASSESSABLE
    assert found.refusal.code is RefusalCode.OUT_OF_BOUNDS


@pytest.mark.parametrize(
    ("values", "ratio"), [([7] * 24, 1), ([1] * 12 + [10] * 12, 10), ([2**i for i in range(24)], 1)]
)
def test_counts_that_lie_exactly_on_their_line_give_their_ratio(values, ratio):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = interrupted_counts(series_of(values), split_on=SPLIT)
    assert found.value == pytest.approx(ratio)
    assert found.low < ratio < found.high


def test_the_band_of_seasons_without_events_stays_finite():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = interrupted_counts(series_of([0, 5] * 12), split_on=SPLIT)
    cells = [cell for row in found.tables[0].rows for cell in row if isinstance(cell, float)]
    assert cells
    assert all(math.isfinite(cell) for cell in cells)
