"""The quick look at what would turn an answer, against computing it again without each point."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import numpy as np
import pytest

from indicators.engine.expost.before_after import before_after
from indicators.engine.expost.comparative import comparative_series
from indicators.engine.expost.comparison import difference_in_differences
from indicators.engine.expost.flips import finding, points_that_turn, units_that_turn
from indicators.engine.expost.interrupted import interrupted_series
from indicators.engine.expost.leave_out import (
    before_after_without_each,
    comparative_without_each,
    donors_without_each,
    series_without_each,
    units_without_each,
)
from indicators.engine.expost.panel import Panel, Unit
from indicators.engine.expost.synthetic import synthetic_control
from indicators.engine.periods import Frequency
from tests.engine import cases


def walk(seed, points, rho, level=0.0, bend=0.0, season=0.0):
    """Values with neighbours that resemble one another, a step in the middle, a bend before it."""
    rng = np.random.default_rng(seed)
    noise = [rng.normal()]
    for _ in range(points - 1):
        noise.append(rho * noise[-1] + rng.normal() * (1 - rho**2) ** 0.5)
    t, half = np.arange(points), points // 2
    curve = bend * np.where(t < half, (t - half / 2) ** 2, 0)
    return 20 + 0.2 * t + curve + level * (t >= half) + season * (t % 4 == 1) + np.array(noise)


def as_series(values, frequency=Frequency.MONTHLY, how="number"):
    return cases.series(
        [Decimal(str(round(float(v), 4))) for v in values], cases.rule(value_type=how), frequency
    )


def emptied(series, place):
    empty = replace(series[place], value=None, numerator=None, denominator=None)
    return [*series[:place], empty, *series[place + 1 :]]


def compare(series, quick, compute):
    """Share that the quick look decided; every one of them is what computing again says."""
    sure = 0
    for place, one in enumerate(series):
        if one.value is None or quick[place] is None:
            continue
        sure += 1
        assert quick[place] is finding(compute(emptied(series, place))), (place, one.label)
    return sure / max(sum(one.value is not None for one in series), 1)


@pytest.mark.parametrize("rho", [0.0, 0.4, 0.85])
@pytest.mark.parametrize(("points", "frequency"), [(16, "monthly"), (25, "quarterly"), (49, "monthly")])
def test_an_interrupted_series_says_without_a_point_what_the_refit_says(points, frequency, rho):
    shares = []
    for seed, (level, bend, season) in enumerate(
        [(0, 0, 0), (1.5, 0, 0), (-2, 0, 0), (3, 0, 2), (0, 0.03, 0), (2.2, 0.01, 1)]
    ):
        values = walk(100 * seed + points, points, rho, level, bend, season)
        series = as_series(values, Frequency(frequency))
        if seed % 2 and points > 20:
            series = emptied(series, 3)
        cut = {"split_on": series[points // 2 - 1].ends_on}
        shares.append(
            compare(series, series_without_each(series, **cut), lambda s, c=cut: interrupted_series(s, **c))
        )
    assert np.mean(shares) > 0.5


@pytest.mark.parametrize("kind", ["transition", "no_seasons", "huge", "small"])
def test_a_cut_with_a_transition_and_values_of_any_size_agree_with_the_refit(kind):
    scale = {"huge": 1e9, "small": 1e-3}.get(kind, 1.0)
    values = scale * walk(7, 40, 0.3, 2.0, season=1.0)
    series = as_series(values, Frequency.QUARTERLY)
    cut = {"split_on": series[19].ends_on}
    if kind == "transition":
        cut["transition_until"] = series[21].ends_on
    if kind == "no_seasons":
        cut["seasonal"] = False

    quick = series_without_each(series, **cut)

    compare(series, quick, lambda s: interrupted_series(s, **cut))
    assert points_that_turn(series, lambda s: interrupted_series(s, **cut), quick=quick) == points_that_turn(
        series, lambda s: interrupted_series(s, **cut)
    )


def test_points_on_a_straight_line_are_left_to_the_refit():
    series = as_series([*range(10), *range(30, 40)])
    assert series_without_each(series, split_on=series[9].ends_on) == [None] * 20


def test_a_comparative_series_says_without_a_point_what_the_refit_says():
    for seed in range(4):
        treated = as_series(walk(seed, 24, 0.3, 2.0))
        others = {name: as_series(walk(50 + seed + i, 24, 0.3)) for i, name in enumerate("AB")}
        cut = {"split_on": treated[11].ends_on}
        share = compare(
            treated,
            comparative_without_each(treated, others, **cut),
            lambda s, o=others, c=cut: comparative_series(s, o, **c),
        )
        assert share > 0.3


def parts(values, whole):
    rule = cases.rule(value_type="ratio", scale=100)
    return cases.series([(round(float(v)), whole) for v in values], rule, Frequency.MONTHLY), rule


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("kind", ["shares", "events", "means", "few"])
def test_before_and_after_says_without_a_point_what_computing_again_says(kind, seed):
    rng = np.random.default_rng(seed)
    step = (0, 1, 2, 3, 4, 6)[seed]
    if kind == "shares":
        series, rule = parts(20 + rng.normal(0, 2, 16) + step * (np.arange(16) >= 8), 60)
    elif kind == "events":
        rule = cases.rule(value_type="count")
        series = cases.series([int(v) for v in rng.poisson(4 + step * (np.arange(16) >= 8) / 2)], rule)
    else:
        rule = cases.rule(value_type="number")
        points = 16 if kind == "means" else 6
        values = rng.normal(20, 2, points) + step * (np.arange(points) >= points // 2)
        series = as_series(values)
    split_on: date = series[len(series) // 2 - 1].ends_on

    share = compare(
        series,
        before_after_without_each(series, rule, split_on=split_on),
        lambda s: before_after(s, rule, split_on=split_on),
    )

    assert share == 0 if kind == "few" else share > 0.8


def states(seed, treated, others, step=0.0, missing=False):
    rng = np.random.default_rng(seed)

    def unit(name, is_treated, lift):
        before, after = (tuple(float(v) for v in rng.normal(20 + add, 2, 9)) for add in (0, lift))
        return Unit(name=name, is_treated=is_treated, before=before, after=after)

    units = [unit(f"T{i}", True, step) for i in range(treated)] + [
        unit(f"C{i}", False, 0) for i in range(others)
    ]
    if missing:
        units[-1] = replace(units[-1], after=(None,) * 9)
    labels = tuple(str(i) for i in range(18))
    return Panel(units=tuple(units), periods_before=labels[:9], periods_after=labels[9:])


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("treated", "others"), [(1, 1), (1, 3), (2, 2), (4, 6)])
def test_differences_without_a_unit_are_what_computing_again_says(treated, others, seed):
    for step in (0.0, 1.2, 2.5):
        panel = states(seed, treated, others, step, missing=seed == 1)
        for unit, said in zip(panel.units, units_without_each(panel), strict=True):
            rest = replace(panel, units=tuple(u for u in panel.units if u is not unit))
            assert said in {None, finding(difference_in_differences(rest))}
        turned = units_that_turn(panel, difference_in_differences)
        assert units_that_turn(panel, difference_in_differences, quick=units_without_each(panel)) == turned


@pytest.mark.parametrize("others", [5, 6, 19, 20, 21])
def test_a_synthetic_control_without_a_donor_is_what_computing_again_says(others):
    panel = states(others, 1, others, 8.0)
    quick = donors_without_each(panel)

    assert (None in quick[1:]) is (others in {5, 21})
    assert units_that_turn(panel, synthetic_control, quick=quick) == units_that_turn(panel, synthetic_control)
