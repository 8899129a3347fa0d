"""What a judgement says beside its status: pace, original target, steps and sentence."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

from indicators.engine.judge import judge
from indicators.engine.rollup import roll_up_period
from indicators.engine.types import IndicatorRule, Status, TrendWord

from . import cases

PERCENT = cases.rule(value_type="ratio", scale=100)


def said(found) -> str:
    return " ".join(str(one) for one in found.sentence).replace("\N{NO-BREAK SPACE}", " ")


def test_the_sentence_tells_from_where_to_where_and_what_was_planned():
    to = cases.plan({"baseline": 31, "target": 48, "target_on": date(2025, 3, 31)})

    found = judge(cases.snapshot([[30, 58]], PERCENT, to))

    assert said(found).startswith(
        "Rose from 31 % to 51.7 % (30/58) at 2025-03-31. Planned by then: 48 %. On track."
    )
    assert said(found).endswith("not proof that the programme caused it.")


def test_every_step_shows_its_rule_with_the_numbers_put_in():
    to = cases.plan({"baseline": 0, "target": 100})

    steps = {step.rule: step for step in judge(cases.snapshot([[22, 100]], PERCENT, to)).steps}

    assert (
        steps["a = (A − B) / (T − B)"].substituted.replace("\N{NO-BREAK SPACE}", " ")
        == "(22 % − 0 %) / (100 % − 0 %)"
    )
    assert "OTI = a / e" in steps


def test_the_pace_needed_is_compared_with_the_pace_so_far():
    to = cases.plan(
        {"baseline": 0, "target": 100, "baseline_on": date(2025, 3, 31), "target_on": date(2025, 9, 30)}
    )
    how = cases.rule()

    found = judge(cases.snapshot(["missing", 25], how, to))

    assert found.required_pace == Decimal("2.9673913043")  # (75/92) / (25/91)
    assert "unlikely without a change of scope" in said(found)


def test_no_pace_is_given_where_nothing_was_gained_and_zero_where_the_target_is_reached():
    how, to = cases.rule(), cases.plan({"baseline": 10, "target": 20})

    assert judge(cases.snapshot([10], how, to)).required_pace is None
    assert judge(cases.snapshot([25], how, to)).required_pace == 0


def test_achievement_is_also_given_against_the_first_target():
    how = cases.rule()
    revised, first = cases.plan({"baseline": 0, "target": 50}), cases.plan({"baseline": 0, "target": 100})

    found = judge(cases.snapshot([40], how, revised, original=first))

    assert (found.achievement, found.achievement_original) == (Decimal("0.8"), Decimal("0.4"))


def test_a_verdict_does_not_change_overnight_without_new_data():
    how, to = cases.rule(), cases.plan({"baseline": 0, "target": 100})
    snapshot = cases.snapshot([24], how, to)

    later = replace(snapshot, as_of=date(2025, 6, 29))

    assert judge(later).on_track_index == judge(snapshot).on_track_index
    assert judge(later).planned_value == judge(snapshot).planned_value


def test_a_thin_newest_period_is_named():
    rule: IndicatorRule = cases.rule(value_type="count")
    thin = roll_up_period(
        [cases.measurement(1, {"site": 1, "value": 3})],
        rule,
        starts_on=date(2025, 1, 1),
        ends_on=date(2025, 3, 31),
        label="2025 Q1",
        expected=5,
    )
    snapshot = replace(cases.snapshot([1], rule, cases.plan({"baseline": 0, "target": 9})), series=(thin,))

    assert "Partial: 1 of 5 expected reports are in for 2025 Q1, less than 80 %." in said(judge(snapshot))


def test_a_narrative_is_monitored_and_goes_missing_when_nobody_writes():
    how, to = cases.rule(value_type="text"), cases.plan({})
    written = roll_up_period(
        [cases.measurement(1, {"site": 1})],
        how,
        starts_on=date(2025, 1, 1),
        ends_on=date(2025, 3, 31),
        label="2025 Q1",
        expected=1,
    )
    snapshot = replace(cases.snapshot(["missing"], how, to), series=(written,))

    assert (judge(snapshot).status, judge(snapshot).refusal) == (Status.MONITORED, None)
    assert judge(replace(snapshot, as_of=date(2026, 3, 1))).refusal.code == "STALE"
    assert judge(replace(snapshot, series=())).refusal.code == "NO_APPROVED_DATA"


def test_levels_are_reported_in_levels():
    how, to = cases.rule(value_type="ordinal"), cases.plan({"baseline": 1, "target": 4})

    found = judge(cases.snapshot([3], how, to))

    assert any(step.result == "2 of 3 levels" for step in found.steps)


def test_periods_outside_their_bounds_are_listed():
    how = cases.rule(direction="maintain_above")

    found = judge(cases.snapshot([99, 97, "missing", 99], how, cases.plan({"range_low": 98})))

    listed = {str(step.label): step.substituted for step in found.steps}
    assert listed["Periods outside the bounds"] == "2025 Q2"
    assert listed["Periods without a report, counted as not met"] == "2025 Q3"
    assert "in 2 of 4 periods" in said(found)


def test_the_trend_of_a_sum_is_that_of_its_increments():
    how, to = cases.rule(value_type="count", time_rule="sum"), cases.plan({"baseline": 0, "target": 100})

    assert judge(cases.snapshot([9, 8, 7, 6, 5, 4], how, to)).trend.word is TrendWord.WORSENING


def kept(values, **bounds):
    direction = (
        "range" if len(bounds) == 2 else "maintain_above" if "range_low" in bounds else "maintain_below"
    )
    given = [{"value": value, "standard_error": error} for value, error in values]
    how = cases.rule(value_type="number", direction=direction)
    return judge(cases.snapshot(given, how, cases.plan(bounds)))


def test_a_kept_value_is_approximate_when_one_period_inside_its_error_decides():
    sure, near_in, near_out = (90, 1), (81, 1), (79, 1)

    # 3 of 4 at risk; with one more on track, with one less off track.
    for values in ([sure, sure, sure, near_out], [sure, sure, near_in, (60, 1)]):
        found = kept(values, range_low=80)
        assert (found.status, found.is_approximate) == (Status.AT_RISK, True)
    assert not kept([sure, sure, sure, (60, 1)], range_low=80).is_approximate
    assert not kept([sure, sure, sure, (79, 0)], range_low=80).is_approximate
    # 12 of 12, one of which might be outside: 11 of 12 are on track as well.
    assert not kept([*[sure] * 11, near_in], range_low=80).is_approximate
    assert not kept([*[(5, 0)] * 19, (9, 1)], range_high=8).is_approximate
    # A wide error reaches into a narrow band from either side, and out of it.
    assert kept([(5, 0), (5, 0), (5, 0), (9, 1)], range_low=4, range_high=8).is_approximate
    assert kept([(5, 0), (5, 0), (5, 0), (0, 9)], range_low=4, range_high=6).is_approximate
    assert kept([(5, 0), (5, 0), (5, 0), (5, 9)], range_low=4, range_high=6).is_approximate
