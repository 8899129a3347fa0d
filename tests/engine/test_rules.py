"""The borders of the method: METHOD's own values, their ranges, and that the judgement obeys whatever they are."""

from dataclasses import fields, replace
from datetime import date
from decimal import Decimal

import pytest

from indicators.engine.achievement import on_track_index
from indicators.engine.codec import canonical_hash, snapshot_from_json, snapshot_to_json
from indicators.engine.errors import EngineError
from indicators.engine.judge import judge
from indicators.engine.portfolio import weighted_achievement
from indicators.engine.quality import Freshness, entry_warnings, freshness, is_partial, stale_from
from indicators.engine.rules import METHOD_RULES, RANGES, Rules, rules_of
from indicators.engine.types import (
    Coverage,
    Direction,
    IndicatorRule,
    PeriodValue,
    Plan,
    Refusal,
    RefusalCode,
    SiteRule,
    Snapshot,
    Status,
    TimeRule,
    ValueType,
)

D = Decimal
COUNT = IndicatorRule(
    value_type=ValueType.NUMBER,
    direction=Direction.ASCENDING,
    time_rule=TimeRule.LAST,
    site_rule=SiteRule.SUM,
)
PLAN = Plan(baseline=D(0), baseline_on=date(2025, 1, 1), target=D(100), target_on=date(2025, 12, 31))


def snapshot(value="50", *, ends_on=date(2025, 6, 30), as_of=date(2025, 7, 10), **rules):
    period = PeriodValue(
        starts_on=date(2025, 4, 1), ends_on=ends_on, label="Q2", value=D(value), reported=3, expected=4
    )
    changed = {name: D(given) for name, given in rules.items()}
    return Snapshot(
        rule=COUNT, plan=PLAN, original_plan=PLAN, series=(period,), as_of=as_of, frequency_days=92, grace_days=15,
        rules=replace(METHOD_RULES, **changed),
    )  # fmt: skip


def said(found):
    return " ".join(str(one) for one in found.sentence)


def test_every_rule_has_a_range_that_holds_its_default():
    assert [one.name for one in fields(Rules)] == list(RANGES)
    assert rules_of(METHOD_RULES.as_text()) == METHOD_RULES == Rules()


@pytest.mark.parametrize("name", RANGES)
def test_a_rule_outside_its_range_is_refused_by_name(name):
    for wrong in (RANGES[name][0] - D("0.001"), RANGES[name][1] + D("0.001"), D("NaN"), D("Infinity")):
        with pytest.raises(EngineError, match=f"{name}: .* was given; .* was expected"):
            replace(METHOD_RULES, **{name: wrong})


def test_borders_stand_in_order():
    with pytest.raises(EngineError, match="ageing_above"):
        Rules(stale_above=D("0.5"))


def test_rules_are_part_of_the_snapshot_and_of_its_hash():
    one, other = snapshot(), snapshot(stale_above="3")
    assert snapshot_from_json(snapshot_to_json(other)) == other
    assert canonical_hash(snapshot_to_json(one)) != canonical_hash(snapshot_to_json(other))


def test_a_snapshot_kept_before_there_were_rules_has_the_methods_own():
    kept = snapshot_to_json(snapshot())
    del kept["rules"]
    assert snapshot_from_json(kept).rules == METHOD_RULES


@pytest.mark.parametrize(("border", "status"), [("0.05", Status.ON_TRACK), ("0.5", Status.NOT_ASSESSABLE)])
def test_too_early_is_what_the_rules_say(border, status):
    found = judge(snapshot(too_early_below=border))
    assert found.status is status
    if status is Status.NOT_ASSESSABLE:
        assert found.refusal is not None
        assert found.refusal.code is RefusalCode.TOO_EARLY
        assert "50" in str(found.refusal.message)


@pytest.mark.parametrize(("border", "days"), [("2", 214), ("1", 107), ("1.5", 160), ("0.1", 10)])
def test_stale_is_what_the_rules_say(border, days):
    rules = replace(METHOD_RULES, ageing_above=D("0.1"), stale_above=D(border))
    limit = stale_from(date(2025, 6, 30), frequency_days=92, grace_days=15, rules=rules)
    assert limit is not None
    assert (limit - date(2025, 6, 30)).days == days + 1


def test_freshness_follows_both_borders():
    rules = replace(METHOD_RULES, ageing_above=D("0.5"), stale_above=D(3))
    assert [freshness(D(age), rules) for age in ("0.5", "0.51", "3", "3.01")] == [
        Freshness.FRESH,
        Freshness.AGEING,
        Freshness.AGEING,
        Freshness.STALE,
    ]


def test_flags_print_the_border_that_they_crossed():
    assert "above 115" in said(judge(snapshot("120")))
    assert judge(snapshot("120")).is_over_target
    assert not judge(snapshot("120", over_target_from="1.2")).is_over_target
    assert "less than 80" in said(judge(snapshot()))
    assert "Partial" not in said(judge(snapshot(partial_below="0.75")))
    assert "limit 2" in said(judge(snapshot("20")))
    assert "limit" not in said(judge(snapshot("20", catch_up_above="10")))


def test_coverage_and_entry_checks_follow_the_rules():
    half = Coverage(reported=1, expected=2)
    assert is_partial(half)
    assert not is_partial(half, replace(METHOD_RULES, partial_below=D("0.5")))
    history = [D(x) for x in (31, 34, 38, 39, 33)]
    assert entry_warnings(COUNT, D(81), history)
    lenient = replace(METHOD_RULES, outlier_above=D(100), jump_above=D(100))
    assert entry_warnings(COUNT, D(81), history, lenient) == ()


def test_an_index_is_refused_below_the_border_only():
    rules = replace(METHOD_RULES, too_early_below=D("0.2"))
    assert isinstance(on_track_index(D("0.1"), D("0.19"), rules), Refusal)
    assert on_track_index(D("0.1"), D("0.2"), rules) == D("0.5")


class TestWeightedAchievement:
    def test_its_range_is_that_of_leaving_each_out(self):
        found = weighted_achievement([(D(2), D("0.9")), (D(1), D("0.3")), (D(1), D("1.4"))])
        assert not isinstance(found, Refusal)
        assert (found.value, found.low, found.high, found.n) == (D("0.775"), D("0.65"), D("0.9333333333"), 3)

    def test_a_single_one_hangs_on_itself(self):
        found = weighted_achievement([(D(1), D("0.4"))])
        assert not isinstance(found, Refusal)
        assert (found.low, found.value, found.high) == (D("0.4"), D("0.4"), D("0.4"))

    def test_what_weighs_nothing_changes_nothing(self):
        found = weighted_achievement([(D(1), D("0.4")), (D(0), D(1))])
        assert not isinstance(found, Refusal)
        assert (found.value, found.n) == (D("0.4"), 1)

    @pytest.mark.parametrize(("border", "refused"), [("0.65", True), ("0.6", False)])
    def test_the_needed_weight_is_a_rule(self, border, refused):
        items = [(D(6), D("0.5")), (D(4), None)]
        found = weighted_achievement(items, replace(METHOD_RULES, usable_weight_from=D(border)))
        assert isinstance(found, Refusal) is refused
        if isinstance(found, Refusal):
            assert found.message.params == {"have": "60", "need": "65"}

    def test_nothing_is_refused_and_not_zero(self):
        assert isinstance(weighted_achievement([]), Refusal)
        assert isinstance(weighted_achievement([(D(0), D(1))]), Refusal)
