"""How far a target reaches: in standard deviations of the indicator's own ups and downs, or why not."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from indicators.engine.ambition import ambition
from indicators.engine.types import (
    Direction,
    IndicatorRule,
    PeriodValue,
    Plan,
    Refusal,
    RefusalCode,
    SiteRule,
    TimeRule,
    ValueType,
)


def rule(**given):
    defaults = {
        "value_type": ValueType.NUMBER,
        "direction": Direction.ASCENDING,
        "time_rule": TimeRule.LAST,
        "site_rule": SiteRule.SUM,
    }
    return IndicatorRule(**(defaults | given))


def series(values):
    day = date(2023, 1, 1)
    return [
        PeriodValue(
            starts_on=day + timedelta(days=30 * i),
            ends_on=day + timedelta(days=30 * i + 29),
            label=str(i),
            value=None if v is None else Decimal(str(v)),
        )
        for i, v in enumerate(values)
    ]


def plan(on, baseline=10, target=30):
    return Plan(
        baseline=None if baseline is None else Decimal(baseline),
        baseline_on=on,
        target=Decimal(target),
        target_on=date(2030, 1, 1),
    )


def test_the_spread_before_the_baseline_is_used_from_four_periods_on():
    # Standard deviation of 8, 10, 12, 10 is √(8/3).
    found = ambition(series([8, 10, 12, 10, 20, 25]), rule(), plan(date(2023, 4, 30)))

    assert found.value == pytest.approx(20 / (8 / 3) ** 0.5)
    assert (found.n, "up to the baseline" in str(found.basis)) == (4, True)


def test_otherwise_the_ups_and_downs_of_the_first_eight_periods():
    # Moving ranges are all 2; 2 ÷ 1.128.
    found = ambition(series([10, 12, 10, 12, 10, 12, 10, 12, 99]), rule(), plan(date(2022, 12, 31)))

    assert found.value == pytest.approx(20 / (2 / 1.128))
    assert found.n == 8


def test_a_descending_target_has_its_ambition_too():
    found = ambition(
        series([8, 10, 12, 10]), rule(direction=Direction.DESCENDING), plan(date(2023, 4, 30), 30, 10)
    )
    assert found.value == pytest.approx(20 / (8 / 3) ** 0.5)


@pytest.mark.parametrize(
    ("values", "given", "agreed", "code"),
    [
        ([1, 2, 3], {}, plan(date(2022, 12, 31)), RefusalCode.N_TOO_SMALL_TREND),
        ([5, 5, 5, 5], {}, plan(date(2023, 4, 30)), RefusalCode.NO_VARIATION),
        ([8, 10, 12, 10], {}, plan(date(2023, 4, 30), None), RefusalCode.BASELINE_MISSING),
        ([8, 10, 12, 10], {"direction": Direction.RANGE}, plan(date(2023, 4, 30)), RefusalCode.NOT_NUMERIC),
        ([1, 2, 1, 2], {"value_type": ValueType.ORDINAL}, plan(date(2023, 4, 30)), RefusalCode.NOT_NUMERIC),
        ([1, 2, 1, 2], {"time_rule": TimeRule.SUM}, plan(date(2023, 4, 30)), RefusalCode.NOT_NUMERIC),
    ],
)
def test_what_has_no_ambition_says_why(values, given, agreed, code):
    found = ambition(series(values), rule(**given), agreed)

    assert isinstance(found, Refusal)
    assert found.code is code
