"""The published worked examples, where their file is at hand; the key figures are also carried in the other tests."""

import json
import os
from decimal import Decimal
from pathlib import Path

import pytest

from indicators.engine.achievement import achievement
from indicators.engine.expost.paired import paired_gain
from indicators.engine.expost.proportions import rate_ratio_score, wilson
from indicators.engine.expost.signed_rank import wilcoxon
from indicators.engine.judge import judge
from indicators.engine.kendall import mann_kendall, theil_sen
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
