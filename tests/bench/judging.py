"""Judge 10,000 indicators of 24 periods in one call, beside one pass of numpy over the same arrays."""

from __future__ import annotations

import random
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import numpy as np

from indicators.engine.judge import judge_many
from indicators.engine.types import (
    Direction,
    IndicatorRule,
    PeriodValue,
    Plan,
    SiteRule,
    Snapshot,
    TimeRule,
    ValueType,
)
from tests.bench.measure import turns

BASELINE, TARGET = Decimal(20), Decimal(80)
STARTS_ON, DUE_ON = date(2023, 12, 31), date(2026, 12, 31)


def measure_judging(indicators: int, periods: int = 24) -> dict[str, Any]:
    """Ours gives status, steps, trend and sentence of each; the floor gives index, colour and S. Medians of several."""
    snapshots = [_snapshot(number, periods) for number in range(indicators)]
    numerators = np.array([[float(p.numerator or 0) for p in one.series] for one in snapshots])
    denominators = np.array([[float(p.denominator or 0) for p in one.series] for one in snapshots])
    ours = turns(lambda: judge_many(snapshots), 5)
    floor = turns(lambda: _numpy_pass(numerators, denominators, snapshots[0]), 15)
    return {
        "what": f"judge {indicators:,} indicators × {periods} periods in one call",
        "ours": ours | {"ms_each": round(1000 * ours["seconds"] / indicators, 3)},
        "floor": floor | {"ms_each": round(1000 * floor["seconds"] / indicators, 6)},
        "floor_is": "numpy: values, planned path, index, colour, Mann–Kendall S of the same arrays",
    }


def _snapshot(number: int, periods: int) -> Snapshot:
    rng = random.Random(number)
    rule = IndicatorRule(
        value_type=ValueType.RATIO,
        direction=Direction.ASCENDING,
        time_rule=TimeRule.RATIO_OF_SUMS if number % 2 else TimeRule.LAST,
        site_rule=SiteRule.RATIO_OF_SUMS,
        scale=Decimal(100),
    )
    plan = Plan(baseline=BASELINE, baseline_on=STARTS_ON, target=TARGET, target_on=DUE_ON)
    series = []
    for place in range(periods):
        first = date(2024 + place // 12, place % 12 + 1, 1)
        last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
        numerator, denominator = Decimal(rng.randint(100, 350)), Decimal(rng.randint(400, 600))
        series.append(
            PeriodValue(
                starts_on=first, ends_on=last, label=f"{first:%Y-%m}", numerator=numerator, denominator=denominator,
                value=round(100 * numerator / denominator, 10), reported=20, expected=21,
            )
        )  # fmt: skip
    return Snapshot(
        rule=rule, plan=plan, original_plan=plan, series=tuple(series), as_of=date(2026, 1, 10), frequency_days=31,
        grace_days=15,
    )  # fmt: skip


def _numpy_pass(numerators: Any, denominators: Any, like: Snapshot) -> Any:
    values = 100 * numerators / denominators
    days = np.array([(p.ends_on - STARTS_ON).days for p in like.series])
    path = float(BASELINE) + float(TARGET - BASELINE) * days / (DUE_ON - STARTS_ON).days
    achieved = (values[:, -1] - float(BASELINE)) / float(TARGET - BASELINE)
    index = achieved / ((path[-1] - float(BASELINE)) / float(TARGET - BASELINE))
    colour = np.where(achieved < 0, 0, np.select([index >= 0.9, index >= 0.75], [2, 1], 0))
    s = sum(
        np.sign(values[:, later:] - values[:, :-later]).sum(axis=1) for later in range(1, values.shape[1])
    )
    return index, colour, s
