"""The published worked examples, where their file is at hand; the key figures are also carried in the other tests."""

import json
import os
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from indicators.engine.achievement import achievement
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

from . import cases

FILE = Path(os.environ.get("WORKED_EXAMPLES", "worked_examples.json"))
pytestmark = pytest.mark.skipif(
    not FILE.is_file(), reason="WORKED_EXAMPLES does not name the file of worked examples"
)


@pytest.fixture(scope="module")
def examples():
    return {one["name"]: one for one in json.loads(FILE.read_text(), parse_float=Decimal)}


@pytest.mark.parametrize(
    "name", ["achievement_ascending", "achievement_descending", "achievement_zero_baseline"]
)
def test_achievement(examples, name):
    given = examples[name]["inputs"]

    found = achievement(*(Decimal(given[x]) for x in ("actual", "baseline", "target")))

    assert found * 100 == examples[name]["expected"]["achievement_pct"]


def test_a_refusal_where_baseline_equals_target(examples):
    one = examples["baseline_equals_target_refusal"]

    found = achievement(*(Decimal(one["inputs"][x]) for x in ("actual", "baseline", "target")))

    assert found.code == one["expected"]["reason"]


def test_cumulative_quarters(examples):
    one = examples["on_track_cumulative_quarters"]
    given, words = one["inputs"], {"GREEN": "on_track", "AMBER": "at_risk", "RED": "off_track"}
    ends = ["2025-03-31", "2025-06-30", "2025-09-30"]
    how = cases.rule(value_type="count", time_rule="sum")
    to = cases.plan(
        {
            "baseline": 0,
            "target": given["planned"][-1],
            "milestones": dict(zip(ends, given["planned"], strict=False)),
        }
    )
    steps = [b - a for a, b in zip([0, *given["actual"]], given["actual"], strict=False)]

    found = [judge(cases.snapshot(steps[: i + 1], how, to)) for i in range(4)]

    assert [j.status for j in found] == [words[w] for w in one["expected"]["rag"]]
    assert [float(j.on_track_index * 100) for j in found] == pytest.approx(
        [float(p) for p in one["expected"]["pct"]], abs=0.05
    )


def test_share_of_periods_held(examples):
    one = examples["maintain_above_share_of_periods"]
    met, whole = one["inputs"]["periods_met"], one["inputs"]["periods"]
    how = cases.rule(value_type="number", direction="maintain_above")
    values = [99] * (met - 1) + [97] * (whole - met) + [99]

    found = judge(cases.snapshot(values, how, cases.plan({"range_low": one["inputs"]["threshold"]})))

    assert float(found.achievement * 100) == pytest.approx(one["expected"]["progress_pct"], abs=0.5)


def test_largest_remainder(examples):
    one = examples["status_distribution_percent_rounding"]

    assert largest_remainder_percentages(one["inputs"]["counts"]) == one["expected"]["percent"]


def test_mann_kendall_with_ties(examples):
    one = examples["mann_kendall_ties_EPA"]

    found = mann_kendall(one["inputs"]["x"])

    figures = (found.s, found.variance, found.z, found.p_value, theil_sen(range(11), one["inputs"]["x"])[0])
    expected = [float(one["expected"][k]) for k in ("S", "var_S", "Z", "p_two_sided", "sens_slope")]
    assert figures == pytest.approx(expected, abs=6e-4)


def test_paired_t_and_hedges(examples):
    one = examples["paired_t_and_hedges_sleep"]
    found = paired_gain(one["inputs"]["pre"], one["inputs"]["post"]).params
    expected = {k: float(v) for k, v in one["expected"].items() if k in found}

    assert len(expected) >= 10
    assert {k: found[k] for k in expected} == pytest.approx(expected, abs=6e-6)
    assert found["wilcoxon_p"] == float(one["expected"]["wilcoxon_exact_p_zero_dropped"])


def test_smallest_wilcoxon_p(examples):
    one = examples["wilcoxon_min_n"]

    assert [wilcoxon(range(1, n + 1)).p_value for n in one["inputs"]["n"]] == [
        float(p) for p in one["expected"]["min_p"]
    ]


def test_wilson(examples):
    """Within 3e-5: the file gives 0.985115 for the upper limit of 11/12, where formula and scipy give 0.985135."""
    one = examples["wilson_interval"]

    for (k, n), ends in zip(one["inputs"]["cases"], one["expected"]["ci"], strict=True):
        assert wilson(k, n) == pytest.approx([float(x) for x in ends], abs=3e-5)


def test_rate_ratio(examples):
    one = examples["poisson_rate_ratio"]

    found = rate_ratio_score(tuple(one["inputs"]["post"]), tuple(one["inputs"]["pre"]))

    assert found == pytest.approx([float(x) for x in one["expected"]["ci_score"]], abs=1e-5)


def series_of(one):
    return [float(v) for v in one["inputs"]["y"]], one["inputs"]["intervention_year"] - one["inputs"][
        "years"
    ][0]


def test_segmented_regression_of_california(examples):
    y, first_after = series_of(examples["its_single_group_california_ols"])
    expected = examples["its_single_group_california_ols"]["expected"]

    found = ols_fit(design(np.arange(float(len(y))), first_after), np.array(y))

    assert list(found.coefficients) == pytest.approx([float(expected[f"b{i}"]) for i in range(4)], abs=2e-3)
    errors = [found.error([float(i == k) for k in range(4)]) for i in range(4)]
    assert errors == pytest.approx([float(expected["se"][f"b{i}"]) for i in range(4)], abs=2e-3)


def test_newey_west_of_california(examples):
    y, first_after = series_of(examples["its_single_group_california_newey_west"])
    expected = examples["its_single_group_california_newey_west"]["expected"]

    found = newey_west_fit(design(np.arange(float(len(y))), first_after), np.array(y))

    errors = [found.error([float(i == k) for k in range(4)]) for i in (1, 2, 3)]
    assert errors == pytest.approx([float(expected[f"se_b{i}"]) for i in (1, 2, 3)], abs=2e-3)


def test_california_is_vetoed(examples):
    one = examples["its_model_misfit_california"]
    values = [str(v) for v in one["inputs"]["y"]]
    series = cases.series(values, cases.rule(), Frequency.ANNUAL)

    found = interrupted_series(series, split_on=series[18].ends_on)

    expected = one["expected"]
    assert list(found.flags) == expected["flags"]
    assert found.value is expected["headline_effect"]
    assert found.params["pre_quadratic"] == pytest.approx(float(expected["pre_quadratic_coef"]), abs=2e-6)
    assert found.params["pre_quadratic_p"] == pytest.approx(float(expected["pre_quadratic_p"]), rel=1e-3)
    assert found.params["pre_durbin_watson"] == pytest.approx(float(expected["pre_durbin_watson"]), abs=2e-6)


def test_california_and_nevada(examples):
    one = examples["did_california_nevada"]
    after = [y >= one["inputs"]["first_post_year"] for y in one["inputs"]["years"]]
    k = after.index(True)
    units = tuple(
        Unit(
            name=name,
            is_treated=name == "treated",
            before=tuple(float(v) for v in one["inputs"][name][:k]),
            after=tuple(float(v) for v in one["inputs"][name][k:]),
        )
        for name in ("treated", "comparison")
    )
    labels = tuple(str(y) for y in one["inputs"]["years"])

    found = difference_in_differences(Panel(units=units, periods_before=labels[:k], periods_after=labels[k:]))

    assert found.value == pytest.approx(float(one["expected"]["did"]), abs=6e-3)
    for name in ("treated_change", "comparison_change"):
        assert found.params[name] == pytest.approx(float(one["expected"][name]), abs=6e-3)


def test_the_e_test_of_two_rates(examples):
    one = examples["poisson_rate_ratio"]
    post, pre = ((int(c), float(e)) for c, e in (one["inputs"]["post"], one["inputs"]["pre"]))

    assert rate_ratio_etest(post, pre) == pytest.approx(float(one["expected"]["p_etest"]), abs=1e-5)
