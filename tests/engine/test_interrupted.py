"""Interrupted time series against published coefficients, and the two vetoes."""

import json
from datetime import date

import numpy as np
import pytest

from indicators.engine.expost.interrupted import interrupted_series
from indicators.engine.expost.segmented import (
    design,
    newey_west_fit,
    ols_fit,
    reml_fit,
)
from indicators.engine.expost.types import Confidence, result_from_json, result_to_json
from indicators.engine.periods import Frequency

from . import cases

CALIFORNIA = [
    123.0, 121.0, 123.5, 124.4, 126.7, 127.1, 128.0, 126.4, 126.1, 121.9, 120.2, 118.6, 115.4, 110.8, 104.8, 102.8,
    99.7, 97.5, 90.1, 82.4, 77.8, 68.7, 67.5, 63.4, 58.6, 56.4, 54.5, 53.8, 52.3, 47.2, 41.6,
]  # fmt: skip
"""Packs of cigarettes per head, 1970 to 2000; the tax of Proposition 99 counts from 1989 (synthdid data set)."""


def california():
    t = np.arange(31.0)
    return design(t, 19), np.array(CALIFORNIA), t


def yearly(values, split_after):
    how = cases.rule()
    series = cases.series(values, how, Frequency.ANNUAL)
    return interrupted_series(series, split_on=date(2024 + split_after, 12, 31))


def noise(n, seed=1, scale=1.0):
    return np.random.default_rng(seed).normal(0, scale, size=n)


def test_the_california_series_has_its_published_coefficients():  # printed R output; Stata help power_itsa
    x, y, _ = california()

    fit = ols_fit(x, y)

    assert fit.coefficients == pytest.approx([132.2258, -1.7795, -20.0581, -1.4947], abs=2e-3)
    assert np.sqrt(np.diag(fit.covariance)) == pytest.approx([2.2866, 0.2170, 3.7471, 0.4846], abs=2e-3)


def test_newey_west_gives_the_known_standard_errors():  # statsmodels, HAC, one lag, small-sample factor
    x, y, _ = california()

    errors = np.sqrt(np.diag(newey_west_fit(x, y).covariance))

    assert errors[1:] == pytest.approx([0.383419, 4.724395, 0.43682], abs=1e-5)


def test_the_california_headline_is_vetoed_because_the_past_was_curved():
    found = yearly([str(v) for v in CALIFORNIA], 19)

    assert found.value is None
    assert found.refusal.code == "PRETREND_NOT_LINEAR"
    assert found.flags == ("PRETREND_NOT_LINEAR", "NON_STATIONARY_RESIDUALS")
    assert found.params["pre_quadratic"] == pytest.approx(-0.211418, abs=2e-6)
    assert found.params["pre_quadratic_p"] == pytest.approx(1.159e-10, rel=1e-3)
    assert found.params["ols_b2"] == pytest.approx(-20.0581, abs=2e-3)


def test_a_clean_jump_is_found():
    values = [10 + 0.5 * i + (8 if i >= 14 else 0) for i in range(28)] + noise(28)

    found = yearly([f"{v:.4f}" for v in values], 14)

    assert found.low < 8 < found.high
    assert found.low > 0
    assert found.confidence is Confidence.MODERATE
    assert str(found.label).endswith("computed")


def test_eight_points_a_side_are_only_indicative():
    found = yearly([f"{v:.4f}" for v in 50 + noise(16)], 8)

    assert str(found.label).endswith("indicative")
    assert found.confidence is Confidence.LOW
    assert any("never significant" in str(s) for s in found.sentence)


@pytest.mark.parametrize(
    ("values", "split", "code"),
    [
        (list(range(15)), 7, "ITS_TOO_SHORT"),
        (
            [1, 5, 2, 4, 3, 6, 2, 4, 5, "missing", "missing", "missing", 3, 2, 5, 4, 3, 1, 2, 4, 5],
            9,
            "ITS_GAPS",
        ),
        (list(range(20)), 10, "NO_VARIATION"),
    ],
)
def test_a_series_is_refused_with_its_reason(values, split, code):
    found = yearly(values, split)

    assert found.refusal.code == code
    assert found.value is None


def test_one_gap_in_many_is_bridged():
    values = [f"{v:.4f}" for v in 20 + noise(30)]
    values[5] = "missing"

    assert yearly(values, 15).value is not None


def test_the_fitted_correlation_is_near_the_true_one():
    e = noise(400, seed=3)
    y = np.zeros(400)
    for i in range(1, 400):
        y[i] = 0.5 * y[i - 1] + e[i]
    t = np.arange(400.0)

    assert reml_fit(design(t, 200), y, t).rho == pytest.approx(0.5, abs=0.1)


def test_a_result_survives_its_json():
    found = yearly([f"{v:.4f}" for v in 50 + noise(24)], 12)

    assert result_from_json(json.loads(json.dumps(result_to_json(found), allow_nan=False))) == found
