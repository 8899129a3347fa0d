"""The way from baseline to target, period by period: today's achievement, told for each day on which it was read."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from indicators.engine.judge import judge, progress_over_time
from indicators.engine.types import Refusal, RefusalCode, Snapshot

from . import cases

PLAN = cases.plan({"baseline": 20, "target": 60})
FIGURES = [30, "missing", 25, 70]


def snapshot(values=FIGURES, plan=PLAN, **rule):
    how = cases.rule(**rule)
    return Snapshot(
        rule=how,
        plan=plan,
        original_plan=plan,
        series=tuple(cases.series(values, how)),
        as_of=date(2026, 1, 15),
        frequency_days=91,
        grace_days=30,
    )


def test_it_starts_at_the_baseline_goes_back_over_and_beyond_and_leaves_gaps():
    way = progress_over_time(snapshot())

    assert way[0] == (PLAN.baseline_on, 0)
    assert [share for _on, share in way[1:]] == [
        Decimal("0.25"), None, Decimal("0.125"), Decimal("1.25"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "rule",
    [
        {"time_rule": "last"},
        {"time_rule": "mean"},
        {"time_rule": "max"},
        {"time_rule": "sum", "value_type": "count"},
    ],
    ids=lambda rule: rule["time_rule"],
)
def test_each_point_is_the_achievement_that_was_judged_then(rule):
    whole = snapshot(**rule)

    for place, (on, share) in enumerate(progress_over_time(whole)[1:], start=1):
        if share is not None:
            then = replace(whole, series=whole.series[:place], as_of=on)
            assert share == judge(then).achievement


def test_less_is_better_counts_the_way_down():
    falling = replace(PLAN, baseline=Decimal(60), target=Decimal(20))

    assert progress_over_time(snapshot([50, 70], falling, direction="descending"))[1:] == (
        (date(2025, 3, 31), Decimal("0.25")),
        (date(2025, 6, 30), Decimal("-0.25")),
    )


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"direction": "range"}, RefusalCode.NOT_NUMERIC),
        ({"direction": "maintain_above"}, RefusalCode.NOT_NUMERIC),
        ({"value_type": "text"}, RefusalCode.NOT_NUMERIC),
        ({"plan": replace(PLAN, baseline=None)}, RefusalCode.BASELINE_MISSING),
        ({"plan": replace(PLAN, target=None)}, RefusalCode.TARGET_MISSING),
        ({"plan": replace(PLAN, target=Decimal(20))}, RefusalCode.BASELINE_EQUALS_TARGET),
        ({"direction": "descending"}, RefusalCode.DIRECTION_CONTRADICTED),
    ],
)
def test_what_has_no_way_is_refused(given, code):
    values = [] if given.get("value_type") == "text" else FIGURES
    found = progress_over_time(snapshot(values, **given))

    assert isinstance(found, Refusal)
    assert found.code is code
