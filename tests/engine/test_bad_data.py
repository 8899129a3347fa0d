"""Every ex-post function on hostile data: a refusal, an EngineError that says why, or figures that are figures.

Each case is a call that works, with one of its arguments replaced by something bad. A library's warning counts as a
failure: nobody reads a console.
"""

from __future__ import annotations

import json
import math
import warnings
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indicators.engine.errors import EngineError
from indicators.engine.expost import leave_out, power, proportions, ratios
from indicators.engine.expost.before_after import before_after
from indicators.engine.expost.comparative import comparative_series
from indicators.engine.expost.comparison import Cell, difference_in_differences, two_by_two
from indicators.engine.expost.comparison_group import paired_gain_with_comparison
from indicators.engine.expost.contribution import Evidence, Rating, contribution_rating
from indicators.engine.expost.counterfactual import counterfactual_trend
from indicators.engine.expost.counts import interrupted_counts
from indicators.engine.expost.effect_sizes import exact_j, ppc2, standardised_gains
from indicators.engine.expost.flips import margin, points_that_turn
from indicators.engine.expost.interrupted import interrupted_series
from indicators.engine.expost.maturity import ordinal_maturity
from indicators.engine.expost.multiple import Claim, adjust
from indicators.engine.expost.paired import paired_gain
from indicators.engine.expost.paired_shares import paired_shares
from indicators.engine.expost.panel import Panel, Unit, contrast, panel_of, permutation_p
from indicators.engine.expost.persistence import retention, retention_path, series_retention, share_kept
from indicators.engine.expost.select import choose_method
from indicators.engine.expost.signed_rank import hodges_lehmann, wilcoxon
from indicators.engine.expost.situation import Situation
from indicators.engine.expost.synthetic import synthetic_control
from indicators.engine.expost.types import ExPostResult, result_to_json
from indicators.engine.types import PeriodValue, RefusalCode, ValueType
from tests.engine import cases

START = date(2015, 1, 1)
SPLIT = date(2019, 12, 31)
RNG = np.random.default_rng(5)


def periods(values, days=91, parts=False):
    """Periods of equal length; with parts, values are numerators of 60."""
    found = []
    for place, value in enumerate(values):
        first = START + timedelta(days=days * place)
        known = value is not None
        found.append(
            PeriodValue(
                starts_on=first,
                ends_on=first + timedelta(days=days - 1),
                label=f"P{place}",
                value=(value if not parts else 100 * Decimal(value) / 60) if known else None,
                numerator=value if parts else None,
                denominator=Decimal(60) if parts and known else None,
            )
        )
    return found


def usual(place=0, points=40):
    noise = np.random.default_rng(place).normal(0, 2, points)
    return [Decimal(str(round(20 + 0.2 * i + noise[i], 3))) for i in range(points)]


GOOD = periods(usual())
COUNTS = [Decimal(int(v)) for v in RNG.poisson(9, 40)]
BAD_NUMBERS: list[Any] = [
    Decimal("NaN"), Decimal("sNaN"), Decimal("Infinity"), Decimal("-Infinity"), Decimal("1E+300"), Decimal("-1E+300"),
    Decimal("1E-300"), Decimal("1E-13"), Decimal("9.9E+999999"), Decimal("1E+16"), Decimal(-7), Decimal("0.5"),
    float("nan"), float("inf"), float("-inf"), 1e300, 1e-300, -1e-13, 10**400, 10**5000, 0, -1, True, None, "seven", "",
    "\ud800", date(2020, 1, 1), [], {}, object(),
]  # fmt: skip


VALUES: dict[str, list[Decimal | None]] = {
    "zeros": [Decimal(0)] * 40,
    "constant": [Decimal(7)] * 40,
    "line": [Decimal(i) for i in range(40)],
    "two_lines": [Decimal(i if i < 20 else 100 - i) for i in range(40)],
    "curve": [Decimal(i * i) for i in range(40)],
    "exponential": [Decimal(2) ** i for i in range(40)],
    "separated": [Decimal(10)] * 20 + [Decimal(0)] * 19 + [Decimal(100)],
    "separated_before": [Decimal(0)] * 19 + [Decimal(100)] + [Decimal(10)] * 20,
    "one_event": [Decimal(0)] * 39 + [Decimal(1)],
    "negative": [Decimal(-i) for i in range(40)],
    "fractions": [Decimal(i) / 3 for i in range(40)],
    "all_tiny": [Decimal("1E-300") * (i % 3) for i in range(40)],
    "all_small": [Decimal("1E-13") * (i % 3) for i in range(40)],
    "large": [Decimal("1E+16") + i % 3 for i in range(40)],
    "far_apart": [Decimal("1E+16") if i % 2 else Decimal("1E-6") for i in range(40)],
    "huge": [Decimal("1E+300")] * 40,
    "nearly_constant": [Decimal(1000000) + Decimal("1E-9") * (i % 3) for i in range(40)],
    "one_outlier": [Decimal(0)] * 30 + [Decimal("1E+15")] + [Decimal(0)] * 9,
    "nothing_known": [None] * 40,
    "half_known": [Decimal(i % 5) if i % 2 else None for i in range(40)],
    "few_missing": [None if i in {3, 25} else Decimal(i % 7) for i in range(40)],
    "waves": [Decimal(i % 4) for i in range(40)],
    "steps": [Decimal(i // 20) for i in range(40)],
    "empty": [],
    "one": [Decimal(3)],
    "two": [Decimal(3), Decimal(4)],
}
"""Forty quarters of each kind; the bad kinds of structure are further down."""


def disordered():
    first, last = GOOD[0], GOOD[-1]
    moment = replace(first, starts_on=datetime(2015, 1, 1, 12, tzinfo=UTC))
    return {
        "reversed": GOOD[::-1],
        "twice": [*GOOD[:5], GOOD[4], *GOOD[5:]],
        "overlapping": [replace(first, ends_on=GOOD[1].ends_on), *GOOD[1:]],
        "backwards": [replace(first, starts_on=first.ends_on, ends_on=first.starts_on), *GOOD[1:]],
        "moment": [moment, *GOOD[1:]],
        "text_for_a_day": [replace(first, starts_on="2015-01-01"), *GOOD[1:]],
        "first_and_last_year": [
            replace(first, starts_on=date.min, ends_on=date.min), *GOOD[1:-1],
            replace(last, starts_on=date.max, ends_on=date.max),
        ],
        "unequal": [*GOOD[:-1], replace(last, ends_on=last.ends_on + timedelta(days=2000))],
        "no_periods": [1, 2, 3],
        "text": "abc",
        **{f"a_{n}": [replace(GOOD[0], value=bad), *GOOD[1:]] for n, bad in enumerate(BAD_NUMBERS)},
        **{f"parts_{n}": [replace(GOOD[0], numerator=bad, denominator=bad), *GOOD[1:]]
           for n, bad in enumerate(BAD_NUMBERS)},
    }  # fmt: skip


SERIES: dict[str, Any] = {kind: periods(values) for kind, values in VALUES.items()} | disordered()
SCORES: dict[str, Any] = {
    "zeros": [0.0] * 12,
    "constant": [5.0] * 12,
    "line": [float(i) for i in range(12)],
    "nearly_constant": [1e6 + 1e-9 * (i % 3) for i in range(12)],
    "nearly_same": [50.0 + 1e-13 * i for i in range(12)],
    "one_differs": [5.0] * 11 + [6.0],
    "tiny": [1e-300 * i for i in range(12)],
    "small": [1e-13 * i for i in range(12)],
    "large": [1e16 + 2 * i for i in range(12)],
    "far_apart": [1e16, 1e-6] * 6,
    "empty": [],
    "one": [3.0],
    "two": [3.0, 4.0],
    "text": "0123456789ab",
    "named": {"a": 1.0},
    **{f"a_{n}": [*range(11), bad] for n, bad in enumerate(BAD_NUMBERS)},
}
PRE = [52.0, 61.0, 47.0, 58.0, 66.0, 49.0, 55.0, 63.0, 51.0, 57.0, 60.0, 54.0]
POST = [p + g for p, g in zip(PRE, (9, 5, 12, 7, 3, 11, 8, 6, 10, 4, 8, 9), strict=True)]
LEVELS = {f"F{i}": i % 4 for i in range(10)}
CUT = {"split_on": SPLIT, "transition_until": None, "horizon": None, "seasonal": True}
UNITS = {f"C{i}": periods(usual(i)) for i in range(1, 8)}
CALLS: dict[str, tuple[Any, dict[str, Any]]] = {
    "before_after": (before_after, {"series": GOOD, "rule": cases.rule(value_type="number"), "split_on": SPLIT}),
    "rates_before_after": (
        before_after, {"series": periods(COUNTS), "rule": cases.rule(value_type="count"), "split_on": SPLIT},
    ),
    "shares_before_after": (
        before_after,
        {"series": periods([Decimal(20 + i % 9) for i in range(40)], parts=True),
         "rule": cases.rule(value_type="ratio", scale=100), "split_on": SPLIT},
    ),
    "interrupted_series": (interrupted_series, {"series": GOOD, **CUT}),
    "interrupted_counts": (interrupted_counts, {"series": periods(COUNTS), **CUT}),
    "comparative_series": (comparative_series, {"treated": GOOD, "comparisons": {"C1": UNITS["C1"]}, **CUT}),
    "counterfactual_trend": (counterfactual_trend, {"series": GOOD, "split_on": SPLIT}),
    "paired_gain": (
        paired_gain, {"pre": PRE, "post": POST, "maximum": 100.0, "unpaired_share": 0.1, "equal_forms": True},
    ),
    "paired_gain_with_comparison": (
        paired_gain_with_comparison,
        {"pre": PRE, "post": POST, "comparison_pre": PRE, "comparison_post": POST[::-1], "maximum": 100.0,
         "unpaired_share": 0.1},
    ),
    "retention": (retention, {"pre": PRE, "post": POST, "followup": POST, "seed": 1, "response_rate": 0.9}),
    "series_retention": (
        series_retention,
        {"baseline": 10, "end": 20, "followup": 18, "standard_error": 1, "standard_errors": (1.0, 1.0, 1.0)},
    ),
    "retention_path": (retention_path, {"baseline": 10, "end": 20, "followups": {6: 18, 12: None}}),
    "share_kept": (share_kept, {"kept": 9, "total": 12}),
    "paired_shares": (paired_shares, {"both": 20, "only_before": 2, "only_after": 12, "neither": 16}),
    "ordinal_maturity": (ordinal_maturity, {"before": LEVELS, "after": {k: v + 1 for k, v in LEVELS.items()}}),
    "two_by_two": (
        two_by_two,
        {name: Cell(mean=20.0 + i, sd=4.0, n=30) for i, name in enumerate(
            ("treated_before", "treated_after", "comparison_before", "comparison_after"))},
    ),
    "contribution_rating": (
        contribution_rating,
        {"evidence": Evidence(), "ratings": [Rating(rater="A", rating=2), Rating(rater="B", rating=3)]},
    ),
    "wilson": (proportions.wilson, {"successes": 5, "total": 12, "level": 0.95}),
    "newcombe": (proportions.newcombe, {"after": (56, 70), "before": (48, 80)}),
    "newcombe_paired": (
        proportions.newcombe_paired, {"both": 20, "only_before": 2, "only_after": 12, "neither": 16},
    ),
    "mcnemar_exact": (proportions.mcnemar_exact, {"only_before": 2, "only_after": 12}),
    "rate_ratio_exact": (proportions.rate_ratio_exact, {"after": (5, 4.0), "before": (12, 4.0)}),
    "rate_ratio_score": (proportions.rate_ratio_score, {"after": (5, 4.0), "before": (12, 4.0)}),
    "rate_ratio_etest": (proportions.rate_ratio_etest, {"after": (5, 4.0), "before": (12, 4.0)}),
    "rate_interval": (proportions.rate_interval, {"count": 5, "exposure": 4.0}),
    "series_interval": (ratios.series_interval, {"top": 8.0, "bottom": 10.0, "standard_errors": (1.0, 1.0, 1.0)}),
    "fieller": (ratios.fieller, {"top": 8.0, "bottom": 10.0, "covariance": np.eye(2), "df": 9.0}),
    "bootstrap": (ratios.bootstrap, {"scores": np.array([PRE, POST, POST]), "seed": 1, "sign": 1}),
    "exact_j": (exact_j, {"m": 9}),
    "ppc2": (ppc2, {"treated": (7.9, 15.0, 20), "comparison": (-3.4, 13.8, 20), "r": 0.47}),
    "wilcoxon": (wilcoxon, {"differences": POST}),
    "hodges_lehmann": (hodges_lehmann, {"differences": POST}),
    "standardised_gains": (standardised_gains, {"before": np.array(PRE), "after": np.array(POST)}),
    "contrast": (contrast, {"treated": PRE, "comparison": POST}),
    "permutation_p": (permutation_p, {"treated": PRE[:3], "comparison": POST[:6], "seed": 1}),
    "adjust": (adjust, {"results": [Claim(name="a", p_value=0.01, is_primary=True)], "q": 0.05}),
    "detectable_gain": (power.detectable_gain, {"pairs": 20, "sd_difference": 4.0}),
    "pairs_needed": (power.pairs_needed, {"gain": 2.0, "sd_difference": 4.0}),
    "detectable_share": (power.detectable_share, {"share_before": 0.4, "n_before": 50, "n_after": 60}),
    "detectable_rate": (
        power.detectable_rate,
        {"rate_before": 4.0, "exposure_before": 12.0, "exposure_after": 12.0, "dispersion": 1.0},
    ),
    "detectable_level": (power.detectable_level, {"n_before": 12, "n_after": 12, "sd": 2.0, "rho": 0.3}),
    "detectable_did": (power.detectable_did, {"n_treated": 4, "n_comparison": 6, "sd_change": 2.0}),
    "enough_points": (
        power.enough_points,
        {"n_before": 12, "n_after": 2, "change": 2.0, "sd": 2.0, "rho": 0.3, "last_period_ends_on": SPLIT,
         "days_per_period": 91.0},
    ),
    "smallest_signed_rank_p": (power.smallest_signed_rank_p, {"functions": 6}),
    "margin": (margin, {"result": share_kept(9, 12), "border": 0.8}),
    "choose_method": (
        choose_method, {"situation": Situation(value_type=ValueType.NUMBER, points_before=9, points_after=9)},
    ),
    "points_of_a_series": (leave_out.series_without_each, {"series": GOOD, **CUT}),
    "points_of_a_comparison": (
        leave_out.comparative_without_each, {"treated": GOOD, "comparisons": {"C1": UNITS["C1"]}, **CUT},
    ),
    "points_before_and_after": (
        leave_out.before_after_without_each,
        {"series": GOOD, "rule": cases.rule(value_type="number"), "split_on": SPLIT},
    ),
}  # fmt: skip
DAYS: list[Any] = [
    date.min,
    date.max,
    GOOD[0].starts_on,
    GOOD[-1].ends_on,
    datetime(2019, 12, 31, 5, tzinfo=UTC),
    "2019-12-31",
    None,
    5,
]


def bad_values(value):
    """What to put in the place of a good value, by its kind."""
    if isinstance(value, date):
        return dict(enumerate(DAYS))
    if isinstance(value, list) and value and isinstance(value[0], PeriodValue):
        return SERIES
    if isinstance(value, list) and value and isinstance(value[0], float):
        return SCORES
    if isinstance(value, np.ndarray):
        return {
            n: np.full(value.shape, bad)
            for n, bad in enumerate((0.0, 5.0, 1e300, 1e-300, math.nan, math.inf))
        }
    if isinstance(value, Mapping):
        first, *rest = value
        others = {key: value[key] for key in rest}
        inside = bad_values(value[first]) if isinstance(value[first], list) else dict(enumerate(BAD_NUMBERS))
        return {"none": {}, **{n: {first: bad, **others} for n, bad in inside.items()}, "number": 5}
    if isinstance(value, tuple):
        return {(place, n): (*value[:place], bad, *value[place + 1 :])
                for place in range(len(value)) for n, bad in enumerate(BAD_NUMBERS)} | {"number": 5}  # fmt: skip
    if isinstance(value, Cell):
        return {
            (field, n): {field: bad} for field in ("mean", "sd", "n") for n, bad in enumerate(BAD_NUMBERS)
        }
    return dict(enumerate(BAD_NUMBERS))


def is_sane(found: Any) -> None:
    """No figure that is none, no chance outside 0 to 1, no interval that leaves its value out."""
    if isinstance(found, ExPostResult):
        assert (found.value is None) is (found.refusal is not None)
        json.dumps(result_to_json(found), allow_nan=False)
        if found.value is not None:
            assert (
                found.low is None
                or found.low <= found.value * (1 + 1e-6 * math.copysign(1, found.value)) + 1e-9
            )
            assert found.p_value is None or 0 <= found.p_value <= 1
        else:
            assert str(found.refusal.message)
        assert str(found.sentence[0])
        return
    if isinstance(found, Mapping):
        for one in found.values():
            is_sane(one)
    elif isinstance(found, tuple | list):
        for one in found:
            is_sane(one)
    elif isinstance(found, float):
        assert math.isfinite(found)


def answer_to(function, arguments):
    """What it gives back, an EngineError included; anything else that is raised, or warned of, fails."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            found = function(**arguments)
        except EngineError as said:
            found = said
    if isinstance(found, EngineError):
        assert len(str(found)) > 15
    else:
        is_sane(found)
    return found


@pytest.mark.parametrize("name", CALLS)
def test_every_call_works_with_usual_data(name):
    function, good = CALLS[name]
    assert not isinstance(answer_to(function, good), EngineError)


@pytest.mark.parametrize(
    ("name", "argument"), [(name, argument) for name, (_function, good) in CALLS.items() for argument in good]
)
def test_bad_data_give_a_reason_or_figures(name, argument):
    function, good = CALLS[name]
    failed = {}
    for which, bad in bad_values(good[argument]).items():
        given_now = replace(good[argument], **bad) if isinstance(good[argument], Cell) else bad
        try:
            answer_to(function, good | {argument: given_now})
        except Exception as failure:  # Whatever it is, it is one of the failures that are listed below.
            failed[which] = repr(failure)[:200]
    assert failed == {}


@pytest.mark.parametrize("kind", SERIES)
@pytest.mark.parametrize("side", ["treated", "comparison", "both"])
@pytest.mark.parametrize("method", [difference_in_differences, synthetic_control])
def test_units_with_bad_series(method, side, kind):
    bad = SERIES[kind]
    treated = bad if side != "comparison" else GOOD
    others = dict(UNITS)
    if side != "treated":
        others["C1"] = bad

    def compute(treated, others):
        return method(panel_of({"T": treated}, others, split_on=SPLIT))

    answer_to(compute, {"treated": treated, "others": others})


@pytest.mark.parametrize("value", BAD_NUMBERS, ids=range(len(BAD_NUMBERS)))
def test_units_with_a_bad_value(value):
    bad = Unit(name="T", is_treated=True, before=(value,) * 9, after=(value, 3.0))
    good = tuple(
        Unit(
            name=f"C{i}",
            is_treated=False,
            before=tuple(float((i * k) % 7) for k in range(9)),
            after=(1.0 * i, 2.0),
        )
        for i in range(6)
    )
    labels = tuple(map(str, range(9))), ("9", "10")
    asked = Panel(units=(bad, *good), periods_before=labels[0], periods_after=labels[1])
    for method in (difference_in_differences, synthetic_control):
        answer_to(method, {"panel": asked})


@pytest.mark.parametrize("kind", ["separated", "separated_before"])
def test_counts_that_let_the_level_run_off_are_refused(kind):
    found = interrupted_counts(SERIES[kind], split_on=SPLIT, seasonal=False)

    assert found.refusal is not None
    assert found.refusal.code is RefusalCode.EVENTS_TOO_RARE


def test_counts_with_a_season_without_events_are_still_answered():
    values = [Decimal(0 if i % 4 == 2 else 5 + (i * 7) % 5) for i in range(40)]
    found = interrupted_counts(periods(values), split_on=SPLIT)

    assert found.refusal is None
    assert 0.2 < found.value < 5


def test_trying_to_turn_bad_series_does_not_fail_either():
    for kind in VALUES:
        answer_to(
            lambda series: points_that_turn(series, lambda s: interrupted_series(s, split_on=SPLIT)),
            {"series": SERIES[kind][:24]},
        )


numbers = st.one_of(
    st.floats(allow_nan=True, allow_infinity=True),
    st.integers(-3, 3).map(float),
    st.sampled_from([0.0, 1e300, -1e300, 1e-300, 1e-13, 1e16, 1e-6]),
    st.decimals(allow_nan=True, allow_infinity=True),
    st.none(),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(numbers, min_size=8, max_size=12), st.lists(numbers, min_size=8, max_size=12))
def test_any_scores_give_a_reason_or_figures(pre, post):
    for function in (paired_gain, paired_gain_with_comparison, retention):
        arguments: dict[str, Any] = {"pre": pre, "post": post}
        if function is paired_gain_with_comparison:
            arguments |= {"comparison_pre": PRE, "comparison_post": POST}
        if function is retention:
            arguments |= {"followup": post[::-1], "seed": 1}
        answer_to(function, arguments)


@settings(max_examples=60, deadline=None)
@given(st.lists(numbers, min_size=16, max_size=24), st.integers(7, 12))
def test_any_series_gives_a_reason_or_figures(values, cut):
    series = periods(values)
    split_on = series[cut].ends_on
    for name in (
        "before_after",
        "rates_before_after",
        "interrupted_series",
        "interrupted_counts",
        "counterfactual_trend",
    ):
        function, good = CALLS[name]
        answer_to(function, good | {"series": series, "split_on": split_on})
    answer_to(
        comparative_series,
        {"treated": series, "comparisons": {"C": periods(usual(3, 24))}, "split_on": split_on},
    )
