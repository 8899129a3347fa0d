"""Published worked examples, each with its source, through the engine's public functions.

`worked_examples.json` carries the examples that concern this engine. Where WORKED_EXAMPLES names the collection they
were taken from, the copy is compared with it.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from indicators.engine import exact
from indicators.engine.achievement import achievement, band_around, is_inside, status_of
from indicators.engine.composite import (
    Aggregation,
    Component,
    Goalposts,
    composite,
    weighted_geometric_mean,
)
from indicators.engine.expost.comparison import difference_in_differences
from indicators.engine.expost.interrupted import interrupted_series
from indicators.engine.expost.paired import paired_gain
from indicators.engine.expost.panel import Panel, Unit
from indicators.engine.expost.proportions import rate_ratio_etest, rate_ratio_score, wilson
from indicators.engine.expost.segmented import design, newey_west_fit, ols_fit
from indicators.engine.expost.signed_rank import wilcoxon
from indicators.engine.judge import judge
from indicators.engine.kendall import mann_kendall, theil_sen
from indicators.engine.periods import Frequency
from indicators.engine.portfolio import largest_remainder_percentages
from indicators.engine.rollup import join_values
from indicators.engine.signals import cusum, ewma, ewma_steady_limits
from indicators.engine.types import Refusal, SiteRule, Status

from . import cases

HERE = Path(__file__).parent
EXAMPLES = {
    one["name"]: one for one in json.loads((HERE / "worked_examples.json").read_text(), parse_float=Decimal)
}
REFERENCE = Path(os.environ.get("WORKED_EXAMPLES", ""))
NOT_CARRIED = {
    "did_full_panel_vs_sdid_vs_sc": "its data are a file of 39 states, which test_real_data.py reads",
    "its_false_positive_rate_short_series": "rates of a simulation of hours; docs/methods.md (2.10) quotes them",
}
PARTLY: dict[str, tuple[tuple[str, ...], str]] = {}
WIDER = {
    # The example has 0.985115 as upper limit of 11 of 12; the formula, statsmodels and scipy give 0.985135.
    "wilson_interval": 3e-5,
}
WORDS = {Status.ON_TRACK: "GREEN", Status.AT_RISK: "AMBER", Status.OFF_TRACK: "RED"}
Check = Callable[[dict[str, Any]], dict[str, Any]]
CHECKS: dict[str, Check] = {}


def example(*names: str) -> Callable[[Check], Check]:
    """What the engine finds for these examples from their inputs, under the names of their `expected`."""

    def remember(check: Check) -> Check:
        CHECKS.update(dict.fromkeys(names, check))
        return check

    return remember


def floats(values: list[Any]) -> list[float]:
    return [float(value) for value in values]


@example("achievement_ascending", "achievement_descending", "achievement_zero_baseline")
def one_signed_formula(given):
    found = achievement(*(Decimal(given[name]) for name in ("actual", "baseline", "target")))
    return {
        "achievement_pct": found * 100,
        "rag": WORDS[status_of(found, found, cases.plan({"baseline": 0, "target": 1}))],
    }


@example("baseline_equals_target_refusal")
def no_planned_change(given):
    found = achievement(*(Decimal(given[name]) for name in ("actual", "baseline", "target")))
    assert isinstance(found, Refusal)
    return {"achievement": None, "reason": found.code.value}


@example("on_track_cumulative_quarters")
def running_totals(given):
    ends = ["2025-03-31", "2025-06-30", "2025-09-30"]
    how = cases.rule(value_type="count", time_rule="sum")
    planned, actual = given["planned"], given["actual"]
    to = cases.plan(
        {
            "baseline": given["baseline"],
            "target": planned[-1],
            "milestones": dict(zip(ends, planned, strict=False)),
        }
    )
    steps = [b - a for a, b in zip([0, *actual], actual, strict=False)]
    found = [judge(cases.snapshot(steps[: i + 1], how, to)) for i in range(len(steps))]
    colours = [WORDS[one.status] for one in found]
    return {"pct": [one.on_track_index * 100 for one in found], "rag": colours, "overall": colours[-1]}


@example("maintain_above_share_of_periods")
def held_above(given):
    met, whole, threshold = given["periods_met"], given["periods"], given["threshold"]
    how = cases.rule(value_type="number", direction="maintain_above")
    # A missing period before the latest one counts as not met.
    values = [threshold] * (met - 1) + ["missing"] * (whole - met) + [threshold]
    return {
        "progress_pct": judge(cases.snapshot(values, how, cases.plan({"range_low": threshold}))).achievement
        * 100
    }


@example("maintain_range_band")
def held_in_a_band(given):
    low, high = band_around(Decimal(given["target"]), Decimal(given["tolerance_pct"]) / 100)
    assert all(is_inside(value, low, high) for value in given["inside_values"])
    return {"low": low, "high": high, "outside_in_band": is_inside(given["outside_value"], low, high)}


@example("status_distribution_percent_rounding")
def shares_add_up(given):
    found = largest_remainder_percentages(given["counts"])
    return {"percent": found, "sum": sum(found.values())}


@example("gdi_question_simple_mean")
def simple_mean(given):
    values = [Decimal(value) for value in given["sub_scores"].values()]
    return {"question_score": join_values(values, SiteRule.MEAN, n=[], standard_errors=[None])[0]}


@example("mann_kendall_ties_EPA")
def trend_with_ties(given):
    found = mann_kendall(given["x"])
    return {
        "S": found.s,
        "var_S": found.variance,
        "Z": found.z,
        "p_two_sided": found.p_value,
        "sens_slope": theil_sen(range(len(given["x"])), floats(given["x"]))[0],
    }


def smallest_s(n: int, share: float, sides: int) -> int | None:
    """The smallest S whose exact p is at most `share`."""
    for s in range(n * (n - 1) // 2 % 2, n * (n - 1) // 2 + 1, 2):
        if mann_kendall(with_s(n, s)).p_value / (2 if sides == 1 else 1) <= share:
            return s
    return None


def with_s(n: int, s: int) -> list[int]:
    """1 … n with so many neighbours swapped that S is `s`."""
    values, left = list(range(n)), (n * (n - 1) // 2 - s) // 2
    while left:
        for i in range(n - 1):
            if left and values[i] < values[i + 1]:
                values[i], values[i + 1] = values[i + 1], values[i]
                left -= 1
    return values


@example("mann_kendall_small_sample_critical_S")
def critical_values(given):
    def table(share: float, sides: int) -> dict[str, int | None]:
        return {str(n): smallest_s(n, share, sides) for n in given["n"]}

    return {
        "one_sided_95": table(0.05, 1),
        "one_sided_99": table(0.01, 1),
        "two_sided_95": table(0.05, 2),
        "min_two_sided_p": {str(n): mann_kendall(range(n)).p_value for n in (3, 4, 5, 6)},
    }


@example("ewma_montgomery")
def drifting_mean(given):
    settings = {"weight": float(given["lambda_"]), "reach": float(given["L"])}
    found = ewma(floats(given["x"]), mean=given["mean"], sd=given["sd"], **settings)
    signals = [i + 1 for i in found.signalled]
    return {
        "z_first": [p.value for p in found.points[:4]],
        "z_29": found.points[28].value,
        "limits_1": [found.points[0].low, found.points[0].high],
        "steady_limits": list(ewma_steady_limits(given["mean"], given["sd"], *settings.values())),
        "first_signal_index": signals[0],
        "signals": signals,
    }


@example("cusum_montgomery")
def lasting_shift(given):
    settings = {"mean": given["mean"], "sd": given["sd"], "slack": float(given["K"]), "limit": given["H"]}
    found = cusum(floats(given["x"]), **settings)
    return {"C_plus_27_to_30": found.upper[26:30], "first_signal_index": found.signalled[0] + 1}


def before_and_after(given):
    first, last = given["years"]
    t = np.arange(last - first + 1, dtype=float)
    return design(t, given["intervention_year"] - first), np.array(floats(given["y"]))


@example("its_single_group_california_ols")
def segmented(given):
    fit = ols_fit(*before_and_after(given))
    names = ("b0", "b1", "b2", "b3")
    found = dict(zip(names, fit.coefficients, strict=True))
    errors = dict(zip(names, np.sqrt(np.diag(fit.covariance)), strict=True))
    return {**found, "se": errors, "post_slope": found["b1"] + found["b3"]}


@example("its_single_group_california_newey_west")
def segmented_with_lag(given):
    x, y = before_and_after(given)
    fit = newey_west_fit(x, y, lags=given["maxlags"])
    b, se, df = fit.coefficients, np.sqrt(np.diag(fit.covariance)), len(y) - 4
    reach = stats.t.ppf(0.975, df) * se[2]
    return {
        "b2": b[2],
        **{f"se_b{i}": se[i] for i in (1, 2, 3)},
        **{f"p_b{i}": 2 * stats.t.sf(abs(b[i]) / se[i], df) for i in (2, 3)},
        "ci_b2": [b[2] - reach, b[2] + reach],
    }


@example("its_model_misfit_california")
def vetoed(given):
    series = cases.series(given["y"], cases.rule(), Frequency.ANNUAL)
    found = interrupted_series(
        series, split_on=date(2025 - 1 + given["intervention_year"] - given["years"][0], 12, 31)
    )
    return {
        "pre_quadratic_coef": found.params["pre_quadratic"],
        "pre_quadratic_p": found.params["pre_quadratic_p"],
        "pre_durbin_watson": found.params["pre_durbin_watson"],
        "pre_lag1": found.params["pre_lag1"],
        "reml_rho_at_boundary": found.params["rho"] > 0.9,
        "flags": list(found.flags),
        "headline_effect": found.value,
    }


@example("paired_t_and_hedges_sleep")
def sleep(given):
    found = paired_gain(given["pre"], given["post"]).params
    return {
        **found,
        "mean_diff": found["mean_difference"],
        "sd_diff": found["sd_difference"],
        "ci95": [found["mean_low"], found["mean_high"]],
        "wilcoxon_exact_p_zero_dropped": found["wilcoxon_p"],
    }


@example("wilcoxon_min_n")
def smallest_p(given):
    return {"min_p": [wilcoxon(range(1, n + 1)).p_value for n in given["n"]]}


@example("hdi_geometric_mean")
def human_development(given):
    low, high = (Decimal(post) for post in given["gni_goalposts"])
    unit = Goalposts(low=Decimal(0), high=Decimal(1))
    parts = [
        Component(
            name="income",
            value=Decimal(given["gni_pc"]),
            goalposts=Goalposts(low=low, high=high, is_logarithmic=True),
        ),
        Component(name="health", value=given["health_index"], goalposts=unit),
        Component(name="education", value=given["education_index"], goalposts=unit),
    ]
    found = composite(parts)
    return {
        "income_index": found.parts[0].normalised,
        "hdi_geometric": found.value,
        "arithmetic_for_comparison": composite(parts, how=Aggregation.ARITHMETIC).value,
    }


@example("compensability")
def bought_off(given):
    pairs = [[Decimal(value) for value in given[name]] for name in ("a", "b")]
    ones = [Decimal(1)] * 2
    return {
        "arithmetic": [exact.weighted_mean(pair, ones) for pair in pairs],
        "geometric": [weighted_geometric_mean(pair, ones) for pair in pairs],
    }


@example("wilson_interval")
def share_of_few(given):
    return {"ci": [list(wilson(k, n)) for k, n in given["cases"]]}


@example("poisson_rate_ratio")
def rare_events(given):
    post, pre = given["post"], given["pre"]
    return {
        "rate_ratio": (post[0] / post[1]) / (pre[0] / pre[1]),
        "ci_score": list(rate_ratio_score(tuple(post), tuple(pre))),
        "p_etest": rate_ratio_etest((int(post[0]), float(post[1])), (int(pre[0]), float(pre[1]))),
    }


@example("did_california_nevada")
def two_states(given):
    k = given["years"].index(given["first_post_year"])
    labels = [str(year) for year in given["years"]]
    units = [
        Unit(
            name=name,
            is_treated=name == "treated",
            before=tuple(floats(given[name][:k])),
            after=tuple(floats(given[name][k:])),
        )
        for name in ("treated", "comparison")
    ]
    found = difference_in_differences(
        Panel(units=tuple(units), periods_before=tuple(labels[:k]), periods_after=tuple(labels[k:]))
    )
    return {
        "treated_pre": np.mean(units[0].before),
        "comparison_pre": np.mean(units[1].before),
        "treated_change": found.params["treated_change"],
        "comparison_change": found.params["comparison_change"],
        "did": found.value,
    }


# --- The tests -----------------------------------------------------------------------------------------------------


def same(found: Any, expected: Any, tolerance: float, where: str) -> None:
    if isinstance(expected, dict):
        for name, value in expected.items():
            same(found[name], value, tolerance, f"{where}.{name}")
    elif isinstance(expected, list):
        assert len(found) == len(expected), where
        for i, (one, value) in enumerate(zip(found, expected, strict=True)):
            same(one, value, tolerance, f"{where}[{i}]")
    elif expected is None or isinstance(expected, (bool, str)):
        assert found == expected, where
    else:
        assert math.isclose(float(found), float(expected), rel_tol=0, abs_tol=tolerance + 1e-12), where


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_engine_gives_the_figures_of(name):
    one = EXAMPLES[name]
    left_out = PARTLY.get(name, ((), ""))[0]
    expected = {key: value for key, value in one["expected"].items() if key not in left_out}
    tolerance = WIDER.get(name, float(one["tolerance"]["abs"]))

    found = CHECKS[name](one["inputs"])

    same(found, expected, tolerance, name)


def test_every_example_is_checked_and_names_its_source():
    assert CHECKS.keys() == EXAMPLES.keys()
    assert PARTLY.keys() <= EXAMPLES.keys()
    assert not NOT_CARRIED.keys() & EXAMPLES.keys()
    assert all(one["source"]["title"] and one["source"]["address"] for one in EXAMPLES.values())


@pytest.mark.skipif(not REFERENCE.is_file(), reason="WORKED_EXAMPLES names no collection to compare with")
def test_the_copy_says_what_the_collection_says():
    theirs = {one["name"]: one for one in json.loads(REFERENCE.read_text(), parse_float=Decimal)}

    assert theirs.keys() == EXAMPLES.keys() | NOT_CARRIED.keys()
    for name, one in EXAMPLES.items():
        for key in ("inputs", "expected", "tolerance", "source"):
            assert one[key] == theirs[name][key], (name, key)
