"""Figures from the test suites and documentation of other tools, through this engine's public functions.

Each case of `peer_cases.json` names its source. `adopt`: the same figures come out. `defect-do-not-copy`: the right
figure comes out. `convention`: the tools differ; what this engine does is decided in docs/methods.md. What cannot be
expressed stands in NOT_EXPRESSED with its reason, what is expressed in part in PARTLY.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from indicators.engine import exact
from indicators.engine.achievement import achievement, is_inside, planned_value, status_of
from indicators.engine.disaggregate import breakdown, by_site, carried_forward, mismatches, site_cell
from indicators.engine.display import format_number, format_parts, format_value
from indicators.engine.formula import Absent, Inputs, compute, parse, references
from indicators.engine.judge import judge
from indicators.engine.messages import message
from indicators.engine.periods import custom_periods, periods_between
from indicators.engine.portfolio import status_counts, weighted_achievement, worst_of_critical
from indicators.engine.quality import coverage, entry_errors, robust_z
from indicators.engine.rollup import check_parts, roll_up_period
from indicators.engine.rules import METHOD_RULES
from indicators.engine.timeline import current_value
from indicators.engine.types import Measurement, PeriodValue, Plan, Refusal, RefusalCode, Status

from . import cases

HERE = Path(__file__).parent
CASES = {
    one["id"]: one
    for one in json.loads((HERE / "peer_cases.json").read_text(), parse_float=Decimal, parse_int=Decimal)
}
METHODS = HERE.parent.parent / "docs" / "methods.md"

_DATES = (
    "dates are no figures here: a formula knows the days of its period, and calendars are made by the engine"
)
_TARGETS = "targets are points on a path, and every period has a planned value from it; none can be missing"
NOT_EXPRESSED = {
    **dict.fromkeys(("P234", "P236", "P238"), _DATES),
    **dict.fromkeys(("P042", "P044", "P046"), _TARGETS),
    "P059": "a path holds its last value after its end; no target is ever blank again",
    "P120": "stored rows are compared with recomputed ones in the database; see tests/test_derived.py",
    "P142": "one failing assessment among others is tested with real workers; see tests/assessment",
    "P208": "a condition that is missing leaves the result missing: not known is not the same as no",
}
_CEILING = (
    "fewer is better but no baseline: the figures come out, a ±15 % state without a baseline is not formed"
)
PARTLY = {
    **{
        name: (("on_track", "state"), _CEILING)
        for name in ("P003", "P011", "P017", "P019", "P021", "P023", "P031")
    },
    "P292": (("text", "colour_from_shown"), "one decimal more is shown, so that text and colour agree"),
    "P033": (("on_scope", "high"), "over target is a flag on top of on track, not a status of its own"),
}
DECISIONS = {
    "P284": "The worst status counts for critical indicators only",
    "P068": "A figure of the whole is used instead of its parts",
    "P076": "Several figures may be reported for one period",
    "P091": "Running totals belong to sites, not to persons",
    "P094": "Running totals belong to sites, not to persons",
    "P242": "The mean of nothing is nothing",
    "P186": "Figures are stored as they were given",
    "P196": "Division by zero is a refusal",
    "P201": "Division by zero is a refusal",
    "P005": "A percentage is never summed",
    "P007": "Less is better needs a baseline",
    "P053": "Less is better needs a baseline",
    "P038": "A plan without dates is refused",
    "P273": "Longer periods are never split into shorter ones",
    "P122": "Nothing reported is a dash, not 0",
    "P124": "Nothing reported is a dash, not 0",
    "P139": "Shares pool over periods where they are flows",
}

Check = Callable[[dict[str, Any]], Any]
CHECKS: dict[str, Check] = {}
COUNT = cases.rule(value_type="count", time_rule="sum", site_rule="sum")
PERCENT = cases.rule(value_type="ratio", scale=100, time_rule="ratio_of_sums")
DAY = date(2025, 1, 1)


def case(*names: str) -> Callable[[Check], Check]:
    """What the engine says of these cases, in the shape of their `expected`."""

    def remember(check: Check) -> Check:
        CHECKS.update(dict.fromkeys(names, check))
        return check

    return remember


def rolled(
    values: list[Any], how: Any, cells: list[str] | None = None, expected: int | None = None
) -> PeriodValue:
    """Sites 1, 2, … of one period; None did not report."""
    found = [
        cases.measurement(
            i, {"site": i if cells is None else 1, "cell": cells[i] if cells else ""} | given(v)
        )
        for i, v in enumerate(values)
        if v is not None
    ]
    return roll_up_period(found, how, starts_on=DAY, ends_on=DAY, label="", expected=expected or len(values))


def given(value: Any) -> dict[str, Any]:
    return {"parts": value} if isinstance(value, list) else {"value": value}


def percent(value: Decimal | Refusal) -> Decimal:
    assert isinstance(value, Decimal), value
    return value * 100


def band(achieved: Decimal) -> str:
    words = {Status.ON_TRACK: "Green", Status.AT_RISK: "Yellow", Status.OFF_TRACK: "Red"}
    return words[status_of(achieved, achieved, cases.plan({"baseline": 0, "target": 1}))]


def in_cells(sites: list[dict[str, Any]], how: Any) -> dict[str, Any]:
    """Breakdown of one period: each site states its cells of one dimension."""
    found = [
        cases.measurement(i, {"site": i, "cell": f"d={name}"} | given(value))
        for i, site in enumerate(sites)
        for name, value in site.items()
    ]
    return {one.cell.removeprefix("d="): one for one in breakdown(found, how)}


# --- Sites, cells, periods ---------------------------------------------------------------------------------------


@case("P286")
def running_total(c):
    return current_value(
        cases.series(c["inputs"]["values"], COUNT), COUNT, cases.plan({"baseline": 0}), date(2030, 1, 1)
    ).value


@case("P257", "P259", "P135", "P184", "P066", "P093", "P078")
def sums(c):
    values = next(c["inputs"][k] for k in ("values", "updates", "children", "approved") if k in c["inputs"])
    return rolled(values, COUNT).value


@case("P261")
def a_deleted_site(c):
    return rolled([v for v in c["inputs"]["values"] if v != c["inputs"]["deleted"]], COUNT).value


@case("P140")
def a_cell_set_to_zero(c):
    return rolled([0 if v == c["inputs"]["zeroed"] else v for v in c["inputs"]["before"]], COUNT).value


@case("P137", "P145", "P220")
def means(c):
    how = cases.rule(value_type="score", site_rule="mean")
    return rolled(c["inputs"].get("values", [6, 5, 15, 1]), how).value


@case("P133", "P265")
def largest(c):
    how = cases.rule(value_type="number", site_rule="max")
    if "values" in c["inputs"]:
        return rolled(c["inputs"]["values"], how).value
    return [rolled(list(column), how).value for column in zip(*c["inputs"]["cells"], strict=True)]


@case("P302")
def a_mean_with_a_gap(c):
    found = rolled(c["inputs"]["values"], cases.rule(value_type="score", site_rule="mean"))
    return {"right": found.value, "coverage": [found.reported, found.expected]}


@case("P224")
def smallest(c):
    how = cases.rule(time_rule="min")
    return current_value(cases.series(c["inputs"]["values"], how), how, cases.plan(), date(2030, 1, 1)).value


@case("P226", "P232")
def middle(c):
    how = cases.rule(time_rule="median")
    return current_value(cases.series(c["inputs"]["values"], how), how, cases.plan(), date(2030, 1, 1)).value


@case("P069")
def a_total_of_the_whole(c):
    own = [Measurement(id=1, site=None, value=c["inputs"]["parent_manual"])]
    parts = [Measurement(id=2, site=1, value=c["inputs"]["child"])]
    return roll_up_period(own + parts, COUNT, starts_on=DAY, ends_on=DAY, label="", expected=1).value


@case("P071")
def one_left_out(c):
    return rolled(
        [v for i, v in enumerate(c["inputs"]["children"]) if i not in c["inputs"]["excluded"]], COUNT
    ).value


@case("P073", "P075", "P298", "P301")
def shares(c):
    left_out = c["inputs"].get("excluded", [])
    found = rolled([v for i, v in enumerate(c["inputs"]["children"]) if i not in left_out], PERCENT)
    return {"n": found.numerator, "d": found.denominator, "value": found.value, "right": found.value}


@case("P080")
def approved_shares(c):
    found = rolled(c["inputs"]["approved"], PERCENT)
    return {"n": found.numerator, "d": found.denominator}


@case("P285")
def weighted_share(c):
    parts = [[share * whole, whole] for share, whole in c["inputs"]["parts"]]
    found = rolled(parts, PERCENT)
    plain = rolled(parts, replace(PERCENT, site_rule=cases.SiteRule.MEAN))
    return {"unweighted": plain.value, "people": found.numerator, "weighted": found.value}


@case("P293")
def a_share_is_not_a_sum(c):
    return {"right": rolled([[c["inputs"]["n"], c["inputs"]["d"]]], PERCENT).value}


@case("P271")
def computed_after_aggregation(c):
    how = replace(PERCENT, scale=Decimal(1))
    pairs = list(zip(c["inputs"]["routers"], c["inputs"]["antennas"], strict=True))
    cells = [[rolled([[n, d]], how).value for n, d in zip(*rows, strict=True)] for rows in pairs]
    flat = [[n, d] for rows in pairs for n, d in zip(*rows, strict=True)]
    return {"cells": cells, "total": rolled(flat, how).value}


@case("P288")
def latest_share(c):
    how = replace(PERCENT, time_rule=cases.TimeRule.LAST)
    pairs = c["inputs"]["pairs"]
    upto = [cases.series(pairs[: i + 1], how) for i in range(len(pairs))]
    return [current_value(s, how, cases.plan(), date(2030, 1, 1)).value for s in upto]


@case("P170")
def a_yearly_rate(c):
    i = c["inputs"]
    factor = exact.quotient(i["factor"] * 365, i["days"])
    return {"factor": factor, "value": rolled([[i["num"], i["den"]]], replace(PERCENT, scale=factor)).value}


@case("P129", "P130", "P131")
def no_denominator(c):
    tops = c["inputs"]["v"] if isinstance(c["inputs"]["v"], list) else [c["inputs"]["v"]]
    for top in tops:
        one = Measurement(id=1, site=1, numerator=top, denominator=c["inputs"]["d"])
        found = roll_up_period([one], PERCENT, starts_on=DAY, ends_on=DAY, label="", expected=1)
        assert found.value is None
        assert format_value(found.value, PERCENT) == "—"
        assert "denominator" in entry_errors(PERCENT, top, c["inputs"]["d"], None)
    return NotImplemented


@case("P297")
def zero_stays(c):
    found = rolled(c["inputs"]["updates"], COUNT)
    return {"right": found.value}


@case("P104")
def pending_is_invisible(c):
    return [rolled([], COUNT, expected=1).value for _ in c["inputs"]["pending"]]


@case("P100")
def a_deleted_figure(c):
    left = [None if v == c["inputs"]["deleted"] else v for v in c["inputs"]["L2"]]
    child = rolled([left[1]], COUNT).value
    whole = rolled(left, COUNT).value
    return {"child": child, "L1": whole, "lead": rolled([whole], COUNT).value}


@case("P082")
def cells_add(c):
    sites: list[dict[str, Any]] = [{}, {}]
    for name in ("vanilla", "chocolate", "red"):
        for i, value in enumerate(c["inputs"][name]):
            sites[i][name] = value
    return {name: one.value for name, one in in_cells(sites, COUNT).items() if name}


@case("P102")
def two_cells(c):
    found = in_cells(
        [
            dict(zip("ab", pair, strict=True))
            for pair in zip(*(c["inputs"][t] for t in ("type1", "type2")), strict=True)
        ],
        COUNT,
    )
    return [found["a"].value, found["b"].value]


@case("P106")
def levels_of_units(c):
    pair = two_cells(c)
    up = in_cells([dict(zip("ab", pair, strict=True))], COUNT)
    level = [up["a"].value, up["b"].value]
    return {"grandchild": pair, "child": level, "root": level}


@case("P108")
def own_and_below(c):
    found = in_cells([dict(zip("ab", c["inputs"][k], strict=True)) for k in ("own", "grandchild")], COUNT)
    level = [found["a"].value, found["b"].value]
    return {"child": level, "root": level}


@case("P110")
def an_amended_figure(c):
    one, two = (c["inputs"][k] for k in ("branch1", "branch2"))
    amended = [20 if v == 15 else v for v in one["type1"]]
    first = [rolled(amended, COUNT).value, rolled(one["type2"], COUNT).value]
    second = [rolled(two[k], COUNT).value for k in ("type1", "type2")]
    found = in_cells([dict(zip("ab", first, strict=True)), dict(zip("ab", second, strict=True))], COUNT)
    # The amended 15 is one of two; the other type had 30 + 15 = 45 all along.
    return {"child1": first, "child2": second, "root": [found["a"].value, found["b"].value]}


@case("P098")
def three_levels(c):
    sites = [
        dict(zip("MF", pair, strict=True)) for pair in zip(c["inputs"]["M"], c["inputs"]["F"], strict=True)
    ]
    found = in_cells(sites, COUNT)
    assert rolled(c["inputs"]["L2"], COUNT).value == found[""].value
    return {
        "L1": found[""].value,
        "lead": rolled([found[""].value], COUNT).value,
        "M": found["M"].value,
        "F": found["F"].value,
    }


@case("P116")
def shares_of_cells_over_periods(c):
    answer = {}
    for name in ("M", "F"):
        found = current_value(
            cases.series(c["inputs"][name], PERCENT), PERCENT, cases.plan(), date(2030, 1, 1)
        )
        answer[name] = [found.numerator, found.denominator, found.value]
    return answer


@case("P118")
def shares_of_cells_over_sites(c):
    own, below = c["inputs"]["contrib2"], c["inputs"]["sub"][1:]
    found = in_cells(
        [dict(zip(("L1", "L2", "L3"), own, strict=True)), dict(zip(("L1", "L2"), below, strict=True))],
        PERCENT,
    )
    return {name: [one.numerator, one.denominator, one.value] for name, one in found.items() if name}


@case("P065")
def cells_over_results(c):
    split = dict(zip("ab", c["inputs"]["split"], strict=True))

    def total(times: int) -> list[Any]:
        found = in_cells([split] * times, COUNT)
        return [found["a"].value, found["b"].value]

    return {"life": total(int(c["inputs"]["results"])), "h1": total(2)}


@case("P263")
def summed_over_cities(c):
    return [rolled(list(column), COUNT).value for column in zip(*c["inputs"]["cells"], strict=True)]


@case("P269")
def margins(c):
    rows = [rolled(row, COUNT).value for row in c["inputs"]["cells"]]
    return {"rows": rows, "all": rolled(rows, COUNT).value}


@case("P291")
def parts_without_a_total(c):
    return rolled(c["inputs"]["parts"], COUNT, cells=["d=a", "d=b"]).value


@case("P084", "P086")
def parts_that_do_not_add(c):
    rows = [cases.measurement(0, {"site": 1, "value": c["inputs"]["value"]})]
    rows += [
        cases.measurement(i, {"site": 1, "cell": f"d={i}", "value": v})
        for i, v in enumerate(c["inputs"]["parts"])
    ]
    found = mismatches(breakdown(rows, COUNT), COUNT)
    assert rolled([c["inputs"]["value"]], COUNT).value == c["inputs"]["value"]
    return bool(found) and check_parts(rows, COUNT) is not None


@case("P088", "P090")
def carried(c):
    """The last running total of a period; a late report changes its own period only."""

    def last(found: list[Any]) -> Any:
        return str(found[-1]).removeprefix("late ") if found else "missing"

    values = [last(c["inputs"][p]) for p in ("p1", "p2", "p3")]
    found = carried_forward(cases.series(values, replace(COUNT, time_rule=cases.TimeRule.LAST)))
    assert [one.is_carried for one in found] == [False, False, True]
    return [one.value for one in found]


@case("P096")
def by_period_not_by_entry(c):
    how = replace(COUNT, time_rule=cases.TimeRule.LAST)
    first, second = cases.series([c["inputs"]["p1_entered_later"], c["inputs"]["p2"]], how)
    return current_value((second, first), how, cases.plan(), date(2030, 1, 1)).value


@case("P006")
def regrouped(c):
    how = cases.rule(value_type="number")
    found = []
    for half in ((1, 6), (7, 12)):
        rows = [(date.fromisoformat(d), v) for d, v in c["inputs"]["observations"]]
        inside = [
            PeriodValue(starts_on=d, ends_on=d, label="", value=v, reported=1, expected=1)
            for d, v in rows
            if half[0] <= d.month <= half[1]
        ]
        found.append(
            current_value(
                inside,
                how,
                Plan(baseline=None, baseline_on=None, target=None, target_on=None),
                date(2030, 1, 1),
            ).value
        )
    return found


# --- Plans ---------------------------------------------------------------------------------------------------------


@case("P274", "P278")
def one_target(c):
    i = c["inputs"]
    found = achievement(i["actual"], i["baseline"], i["target"])
    return {"pct": percent(found), "band": band(found)}


@case("P289")
def towards_less(c):
    i = c["inputs"]
    return percent(achievement(i["actual"], i["baseline"], i["target"]))


@case("P294", "P295")
def half_way_down(c):
    return {"right": towards_less(c)}


@case("P299")
def best_possible(c):
    assert achievement(c["inputs"]["actual"], Decimal(20), c["inputs"]["target"]) == 2
    return NotImplemented


@case("P296")
def one_rule_one_place(c):
    """Without a baseline neither of the two answers is given; with one there is one answer."""
    i = c["inputs"]
    assert achievement(i["actual"], None, i["target"]).code is RefusalCode.BASELINE_MISSING
    return NotImplemented


@case("P276")
def quarters(c):
    target, actual = c["inputs"]["target"], c["inputs"]["actual"]
    each = [achievement(a, Decimal(0), target) for a in actual]
    ends = ["2025-03-31", "2025-06-30", "2025-09-30"]
    plan = cases.plan(
        {"baseline": 0, "target": 4 * target, "milestones": {d: target * (k + 1) for k, d in enumerate(ends)}}
    )
    running = [judge(cases.snapshot(actual[: k + 1], COUNT, plan)).on_track_index for k in range(4)]
    return {
        "pct": [percent(a) for a in each],
        "bands": [band(a) for a in each],
        "running": [percent(a) for a in running],
        "overall_running": band(running[-1]),
    }


@case("P280")
def held_below(c):
    how = cases.rule(direction="maintain_below")
    found = judge(
        cases.snapshot(c["inputs"]["values"], how, cases.plan({"range_high": c["inputs"]["limit"]}))
    )
    return percent(found.achievement)


@case("P282")
def a_band(c):
    reach = c["inputs"]["target"] * c["inputs"]["tolerance"]
    low, high = c["inputs"]["target"] - reach, c["inputs"]["target"] + reach
    tiny = Decimal("0.0001")
    assert is_inside(low, low, high)
    assert is_inside(high, low, high)
    assert not is_inside(low - tiny, low, high)
    assert not is_inside(high + tiny, low, high)
    return [low, high]


@case("P290")
def the_stated_target_wins(c):
    ends = [p.ends_on for p in periods_between("monthly", date(2025, 1, 1), date(2025, 8, 31))]
    steps = {str(d): 10 * (k + 1) for k, d in enumerate(ends)}
    plan = replace(
        cases.plan({"baseline": 0, "target": c["inputs"]["program_target"], "milestones": steps}),
        target_on=date(2025, 8, 31),
    )
    return {"right": planned_value(plan, date(2025, 8, 31))}


@case("P035", "P037")
def time_elapsed(c):
    plan = replace(
        cases.plan({"baseline": 0, "target": 100}), baseline_on=DAY, target_on=DAY + timedelta(days=200)
    )
    if "cases" in c["inputs"]:
        return [planned_value(plan, DAY - timedelta(days=9)), planned_value(plan, DAY + timedelta(days=900))]
    return planned_value(plan, DAY + timedelta(days=int(c["inputs"]["days_elapsed"])))


# --- Targets per period, as in one family of tools ---------------------------------------------------------------


def judged_periods(targets: list[Any], observations: list[Any], mode: str) -> dict[str, Any]:
    """Actual, target and share met of each period and of the whole, with targets as points on the path.

    noncum: increments against increments; cum: increments against running targets; last: levels against levels.
    """
    periods = periods_between("quarterly", date(2025, 1, 1), date(2035, 1, 1))[: len(targets)]
    add = mode == "noncum"
    goals = [
        exact.total(Decimal(t) for t in targets[: i + 1]) if add else Decimal(t)
        for i, t in enumerate(targets)
    ]
    how = cases.rule(value_type="count", time_rule="last" if mode == "last" else "sum", site_rule="sum")
    # The last of several levels in a period holds; increments add.
    figures = [("missing" if not o else o[-1] if mode == "last" else sum(o)) for o in observations]
    series = cases.series(figures, how)
    plan = Plan(
        baseline=Decimal(0),
        baseline_on=date(2024, 12, 31),
        target=goals[-1],
        target_on=periods[-1].ends_on,
        milestones=tuple((p.ends_on, g) for p, g in zip(periods, goals, strict=True)),
        on_track_from=Decimal("0.85"),
    )

    def upto(count: int) -> tuple[Any, Any, Any, Any]:
        now = current_value(series[:count], how, plan, date(2040, 1, 1))
        due = planned_value(plan, now.on)
        index = achievement(now.value, Decimal(0), due)
        is_low = status_of(index, index, plan) is not Status.ON_TRACK
        return now.value, due, index, -1 if is_low else 1 if index > METHOD_RULES.over_target_from else 0

    each = []
    for i, period in enumerate(series):
        if period.value is None:
            each.append((None, None, None))
            continue
        value, due, index, state = upto(i + 1)
        if add:
            value, index = period.value, achievement(period.value, Decimal(0), Decimal(targets[i]))
            state = -1 if index < Decimal("0.85") else 1 if index > Decimal("1.15") else 0
        each.append((value, index, state))
    value, due, index, state = upto(len(series))
    return {
        "period_actual": [v for v, _, _ in each],
        "period_met": [i for _, i, _ in each],
        "on_track": [s for _, _, s in each],
        "upto": upto,
        "target": due,
        "actual": value,
        "ratio": index,
        "state": state,
        "life": {"target": plan.target, "actual": value, "met": achievement(value, Decimal(0), plan.target)},
    }


@case("P001", "P003", "P009", "P011")
def four_month_periods(c):
    i = c["inputs"]
    found = judged_periods(i["targets"], i["observations"], "cum" if i["cumulative"] else "noncum")
    return {
        "period_actual": found["period_actual"],
        "period_met_pct": [whole_percent(x) for x in found["period_met"]],
        "life_target": found["life"]["target"],
        "life_actual": found["life"]["actual"],
        "life_met_pct": whole_percent(found["life"]["met"]),
        "on_track": found["on_track"],
    }


def whole_percent(share: Decimal) -> Decimal:
    return Decimal(format_number(share * 100, 0))


MODES = {
    "non-cumulative": "noncum",
    "cumulative": "cum",
    "non-summing cumulative (latest)": "last",
    "latest": "last",
}


@case("P013", "P015", "P017", "P019", "P021", "P023")
def mid_and_end(c):
    both = [c["inputs"][k] for k in ("midline", "endline")]
    seen = [[] if one["actual"] is None else [one["actual"]] for one in both]
    return judged_periods([one["target"] for one in both], seen, MODES[c["inputs"]["mode"]])


@case("P025")
def events(c):
    return judged_periods(
        c["inputs"]["targets"], [[r] for r in c["inputs"]["results"]], MODES[c["inputs"]["mode"]]
    )


@case("P027", "P029", "P031")
def scope(c):
    seen = [r if isinstance(r, list) else [r] for r in c["inputs"]["results"]]
    found = judged_periods(c["inputs"]["targets"], seen, MODES[c["inputs"]["mode"]])
    return {"ratio": round(found["ratio"], 4), "state": {-1: "low", 0: "on", 1: "high"}[found["state"]]}


@case("P048", "P050")
def years(c):
    i = c["inputs"]
    found = judged_periods(i["targets"], i["observations"], i["mode"])
    value, due, index, _state = found["upto"](int(i["completed_periods"]))
    return {**found, "progress": {"target": due, "actual": value, "met": index}}


@case("P052")
def latest_percentage(c):
    found = judged_periods(c["inputs"]["targets"], c["inputs"]["observations"], "last")
    return {
        "mid": {"actual": found["period_actual"][0], "met": found["period_met"][0]},
        "life": found["life"],
    }


@case("P061", "P063")
def exported(c):
    r = c["inputs"]["results"]
    seen = [[r[q]] if q in r else [] for q in ("Q1", "Q2", "Q3", "Q4")]
    if "target_q" in c["inputs"]:
        found = judged_periods(c["inputs"]["target_q"], seen, "noncum")
        halves = [rolled([q[0] if q else None for q in seen[k : k + 2]], COUNT).value for k in (0, 2)]
        return {**found, "halves": halves, "quarters": found["period_met"]}
    found = judged_periods([c["inputs"]["life_target"]] * 4, seen, "cum")
    met = [one for one in found["period_met"] if one is not None]
    return {**found, "halves": [found["upto"](2)[0], found["upto"](4)[0]], "quarter_met": met}


# --- Periods, coverage, roll-up, text ------------------------------------------------------------------------------


@case("P255")
def half_years(c):
    return len(
        periods_between("semi_annual", *(date.fromisoformat(c["inputs"][k]) for k in ("start", "end")))
    )


@case("P040")
def months(c):
    return len(periods_between("monthly", *(date.fromisoformat(c["inputs"][k]) for k in ("start", "end"))))


@case("P055", "P057")
def the_eleventh(c):
    i = c["inputs"]
    start = date.fromisoformat(i["program_start"])
    length = {"annual": 12, "tri-annual": 4}[i["frequency"]]
    found = custom_periods(length, start, date(2035, 1, 1), start.month)[int(i["index"]) - 1]
    if length == 12:
        assert found == periods_between("annual", start, date(2035, 1, 1), start.month)[int(i["index"]) - 1]
    return {"start": str(found.starts_on), "end": str(found.ends_on)}


@case("P161", "P163", "P165", "P166")
def reported_of_expected(c):
    i = c["inputs"]
    periods = int(i.get("periods", 1))
    due = i.get("expected_per_period", i.get("expected", i.get("expected_true", 31 if "month" in i else 1)))
    due = 0 if due is None else int(due)
    each = int(i["actual"]) // periods
    found = coverage(
        [PeriodValue(starts_on=DAY, ends_on=DAY, label="", value=None, reported=each, expected=due)]
        * periods,
        DAY,
    )
    rate = None if found.share is None else found.share * 100
    if isinstance(c["expected"], dict):
        return {"expected": found.expected, "actual": found.reported, "rate": rate, "right": rate}
    return rate


@case("P243", "P245")
def mean_of_children(c):
    rows = [one if isinstance(one, list) else [one, Decimal(1)] for one in c["inputs"]["children"]]
    return weighted_achievement([(w, x / 100) for x, w in rows]).value * 100


@case("P300")
def never_more_than_all(c):
    return {
        "right": [weighted_achievement([(Decimal(1), x / 100)]).value * 100 for x in c["inputs"]["values"]]
    }


@case("P033")
def counted_by_status(c):
    words = {
        "on": Status.ON_TRACK,
        "high": Status.ON_TRACK,
        "low": Status.AT_RISK,
        None: Status.NOT_REPORTING,
    }
    counts = status_counts(words[s] for s in c["inputs"]["states"])
    assert counts[Status.ON_TRACK] == c["expected"]["on_scope"] + c["expected"]["high"]
    return {
        "low": counts[Status.AT_RISK],
        "nonreporting": counts[Status.NOT_REPORTING],
        "indicator_count": sum(counts.values()),
    }


@case("P172")
def robust(c):
    values, limit = c["inputs"]["values"], c["inputs"]["threshold"]
    for border in ("lower", "upper"):
        assert float(robust_z(c["expected"][border], values)) == pytest.approx(float(limit), abs=2e-3)
    middle_value = exact.median(values)
    return {
        "z": robust_z(c["inputs"]["suspect"], values),
        "median": middle_value,
        "mad": exact.median([abs(x - middle_value) for x in values]),
        "lower": c["expected"]["lower"],
        "upper": c["expected"]["upper"],
    }


@case("P174")
def outliers(c):
    i = c["inputs"]
    return {name: [x for x in i[name] if robust_z(x, i[name]) > i["threshold"]] for name in ("A", "B")}


@case("P187")
def both_or_neither(c):
    answers = []
    for left, right in c["inputs"]["presence"]:
        parts = (Decimal(1) if left else None, Decimal(2) if right else None)
        # Neither is a figure that is missing: no error, and no value.
        is_missing = parts == (None, None)
        answers.append(is_missing or not entry_errors(PERCENT, *parts, None))
    return answers


@case("P123", "P126", "P128")
def shown(c):
    total, kind = c["inputs"]["total"], c["inputs"]["kind"]
    parts = [Decimal(total["v"]), Decimal(total["d"])]
    match kind:
        case "number":
            return squeezed(format_value(parts[0], COUNT))
        case "percentage":
            return squeezed(format_value(rolled([parts], PERCENT).value, PERCENT))
        case _:
            return format_parts(*parts)


def squeezed(text: str) -> str:
    """Spaces for thousands and before the percent sign are our house style."""
    return text.replace("\N{NO-BREAK SPACE}", "")


@case("P292")
def text_and_colour(c):
    value, threshold = c["inputs"]["value"], c["inputs"]["threshold"]
    read = Decimal(squeezed(format_value(value, PERCENT)).rstrip("%"))
    assert (read < threshold) == (value < threshold)
    return {"colour_from_raw": "below" if value < threshold else "at or above"}


# --- Formulas ------------------------------------------------------------------------------------------------------


def computed(
    text: str, *, starts: list[int] | None = None, days: int = 31, **columns: list[Any]
) -> list[Any]:
    """The figures of a formula in each period; None where there is none. Without columns: in one period."""
    tree = parse(text)
    count = max((len(column) for column in columns.values()), default=1)
    gap = Absent(why=message("nothing reported"))
    found = compute(
        tree,
        Inputs(
            columns={
                one: [gap if v in {None, "missing"} else Decimal(v) for v in columns[one.name]]
                for one in references(tree)
            },
            labels=[str(i) for i in range(count)],
            year_starts=starts or [0] * count,
            days=[days] * count,
        ),
    )
    return [None if isinstance(one, Absent) else one for one in found]


AS_ZERO = "firstNonNull([A], 0)"
TO_DATE = f"removeZeros(ytd({AS_ZERO}))"


@case("P194", "P197", "P199", "P202", "P204", "P206", "P210", "P212", "P214", "P216", "P218")
def expressions(c):
    """Zero if negative, and one if zero or positive, are said with what there is."""
    text = c["inputs"]["expression"].replace("d2:", "")
    text = re.sub(r"zing\((.*)\)", r"greatest(\1, 0)", text)
    text = re.sub(r"oizp\((.*)\)", r"if(\1 >= 0, 1, 0)", text)
    return computed(text)[0]


@case("P193")
def greatest_and_least(c):
    columns = {name: [value] for name, value in c["inputs"].items()}
    return {
        "left": computed("greatest([A], [B])", **columns)[0],
        "right": computed("least([A], [B])", **columns)[0],
    }


@case("P222", "P228", "P230")
def vectors(c):
    values = c["inputs"]["values"]
    return computed(f"{c['test'].split()[0]}(last([A], {len(values)}))", A=values)[-1]


@case("P182")
def percentiles(c):
    return {
        name: [computed(f"percentileCont(last([A], 5), {share})", A=one)[-1] for one in c["inputs"]["sets"]]
        for name, share in (("p25", "0.25"), ("p50", "0.5"))
    }


@case("P157", "P159")
def the_year_so_far(c):
    values = [c["inputs"]["values"].get(str(month)) for month in range(1, 10)]
    if isinstance(c["expected"], list) and len(c["expected"]) == 4:
        return computed(f"periodOffset({TO_DATE}, -1)", A=values)[5:]
    return computed(f"{TO_DATE} + 12", A=values)[4:]


@case("P240")
def the_year_so_far_from_its_first_figure(c):
    return computed(TO_DATE, A=c["inputs"]["a"])


@case("P168")
def days_of_the_period(c):
    return computed("[A] + days()", A=[c["inputs"]["A"]], days=int(c["inputs"]["days"]))[0]


@case("P189")
def never_skipped(c):
    """A gap that counts as 0 is said to; a period without any figure is not computed at all."""
    periods = [c["inputs"][p] for p in ("period_b", "period_c")]
    columns = {name: [one[name] for one in periods] for name in "AB"}
    found = computed("firstNonNull([A], 0) + firstNonNull([B], 0)", **columns)
    return dict(zip(("period_b", "period_c"), found, strict=True))


@case("P191")
def skipped_if_any_is_missing(c):
    periods = [c["inputs"][p] for p in ("period_b", "period_c")]
    columns = {name: [one[name] for one in periods] for name in "AB"}
    return dict(zip(("period_b", "period_c"), computed("[A] + [B]", **columns), strict=True))


@case("P176", "P178")
def a_moving_window(c):
    """Mean and spread of the two periods before the last one, seen one period later."""
    i = c["inputs"]
    spread = "stddevPop" if c["id"] == "P178" else "stddev"
    window = f"last([A], {i['window']})"
    usual = f"mean({window}) + {i['k']} * firstNonNull({spread}({window}), 0)"
    found = computed(f"offset({usual}, -{1 + i['skip']})", A=[*i["series"], None])
    return found[1 + int(i["skip"]) :]


@case("P180")
def a_normal_distribution(c):
    i = c["inputs"]
    mean, spread = (f"offset({name}(last([A], {len(i['history'])})), -1)" for name in ("mean", "stddev"))
    column = [*i["history"], i["value"]]
    return {
        "mean": computed(mean, A=column)[-1],
        "sd": computed(spread, A=column)[-1],
        "cdf": computed(f"normDistCum([A], {mean}, {spread})", A=column)[-1],
        "pdf": computed(f"normDistDen([A], {mean}, {spread})", A=column)[-1],
    }


@case("P247", "P249", "P251", "P253")
def work_and_money(c):
    """Money spent is one more indicator, the gap a formula, and the borders belong to its agreement."""
    gap = computed(
        "1 - greatest([money] - [work], 0) / 100",
        money=[c["inputs"]["budget_pct"]],
        work=[c["inputs"]["target_pct"]],
    )[0]
    borders = replace(
        cases.plan({"baseline": 0, "target": 1}), on_track_from=Decimal(1), at_risk_from=Decimal("0.9")
    )
    words = {Status.ON_TRACK: "ok", Status.AT_RISK: "warning", Status.OFF_TRACK: "danger"}
    return words[status_of(gap, gap, borders)]


# --- A hierarchy of units, as in one analytics service -------------------------------------------------------------

# dhis2-core, dhis-test-integration/src/test/resources/analytics/csv/dataValues.csv: element, month, unit, value.
HIERARCHY = {"A": "ABCDE", "B": "BDE", "C": "C", "D": "D", "E": "E"}
FIGURES = [
    ("A", 1, "A", 2), ("A", 1, "B", 1), ("A", 1, "C", 5), ("A", 1, "D", 66), ("A", 2, "D", 233), ("A", 1, "E", 1),
    ("B", 2, "A", 4), ("B", 1, "A", 100), ("B", 2, "B", 3), ("B", 2, "C", 10), ("B", 2, "D", 399), ("B", 2, "E", 1),
    ("C", 3, "A", 6), ("C", 3, "B", 5), ("C", 3, "C", 15), ("C", 2, "C", 23), ("C", 3, "E", 1),
    ("D", 4, "A", 8), ("D", 2, "A", 2), ("D", 4, "B", 7), ("D", 4, "C", 20), ("D", 1, "C", 4), ("D", 4, "E", 1),
    ("D", 1, "E", 32), ("E", 5, "A", 1), ("E", 6, "A", 2), ("E", 7, "A", 4),
]  # fmt: skip


def over_months(element: str, units: str, months: list[str], how: Any = COUNT) -> list[Any]:
    """The figure of some units together, month by month."""
    found = []
    for month in months:
        values = [v for e, m, u, v in FIGURES if (e, m) == (element, int(month)) and u in units]
        found.append(rolled(values, how).value if values else "missing")
    return found


def over_time(values: list[Any], rule: str = "sum") -> Any:
    how = cases.rule(value_type="count", time_rule=rule)
    return current_value(cases.series(values, how), how, cases.plan({"baseline": 0}), date(2030, 1, 1)).value


@case("P143")
def units_and_months(c):
    i = c["inputs"]
    return over_time(over_months(i["de"], HIERARCHY[i["ou"]], i["periods"]))


@case("P147")
def the_largest_unit(c):
    i = c["inputs"]
    how = cases.rule(value_type="count", site_rule=i["agg"].lower())
    return over_time(over_months(i["de"], HIERARCHY[i["ou"]], i["periods"], how), i["agg"].lower())


@case("P149", "P151")
def aggregated_before_the_formula(c):
    i = c["inputs"]
    columns = {
        e: [over_time(over_months(e, HIERARCHY[i["ou"]], i["periods"]))]
        for e in "ABC"
        if f"#{{{e}}}" in i["expr"]
    }
    return computed(re.sub(r"#\{(\w)\}", r"[\1]", i["expr"]), **columns)[0]


@case("P153")
def with_the_month_before(c):
    i = c["inputs"]
    return computed(
        "[N] + firstNonNull(offset([N], -1), 0)", N=over_months("A", HIERARCHY[i["ou"]], i["periods"])
    )


@case("P155")
def over_time_before_units(c):
    """Each unit over time by its rule, then the units added."""
    i = c["inputs"]

    def of(unit: str, rule: str) -> Any:
        each = [over_time(over_months(i["de"], one, i["periods"]), rule) for one in HIERARCHY[unit]]
        return rolled(each, COUNT).value

    return {unit: [of(unit, rule) for rule in ("max", "min")] for unit in c["expected"]}


@case("P112", "P114")
def contributions(c):
    """What each direct child brings in: one cell for each site, beside the total."""
    children = [rolled([c["inputs"][g]], COUNT).value for g in ("grandchild1", "grandchild2")]
    rows = [cases.measurement(i, {"site": i, "value": v}) for i, v in enumerate(children) if v is not None]
    found = {one.cell: one.value for one in breakdown(by_site(rows), COUNT)}
    assert found[""] == sum(v for v in children if v is not None)
    each = {f"child{i + 1}": found.get(site_cell(i, "")) for i in range(len(children))}
    return {**each, "count": len(rows)}


@case("P267")
def the_first_of_several(c):
    how = cases.rule(value_type="number", site_rule=c["inputs"]["rule"])
    return [rolled(list(column), how).value for column in zip(*c["inputs"]["cells"], strict=True)]


# --- The test ------------------------------------------------------------------------------------------------------


def same(found: Any, expected: Any, tolerance: float) -> None:
    if isinstance(expected, dict):
        for name, value in expected.items():
            same(found[name], value, tolerance)
    elif isinstance(expected, list):
        assert len(found) == len(expected)
        for one, value in zip(found, expected, strict=True):
            same(one, value, tolerance)
    elif expected is None or isinstance(expected, (bool, str)):
        assert found == (squeezed(expected).replace(",", "") if isinstance(expected, str) else expected)
    else:
        assert found is not None
        assert float(found) == pytest.approx(float(expected), abs=float(tolerance) + 1e-9)


CONCERNED = sorted(n for n, c in CASES.items() if c["use"] != "convention" and n not in NOT_EXPRESSED)
WRONG_ONES = {"wrong", "rsr", "prp", "tola", "metric", "table"}


@pytest.mark.parametrize("name", CONCERNED, ids=lambda n: f"{n} {CASES[n]['source']}")
def test_the_engine_gives_the_figure_of(name):
    one = CASES[name]

    found = CHECKS[name](one)

    if found is not NotImplemented:  # checked in words, the case has no right figure to compare with
        expected = one["expected"]
        if isinstance(expected, dict):
            left_out = set(PARTLY.get(name, ((), ""))[0])
            expected = {k: v for k, v in expected.items() if k not in WRONG_ONES | left_out}
            assert expected.keys() <= found.keys()
        same(found, expected, one["tolerance"])


def test_every_case_is_checked_decided_or_has_a_reason_why_not():
    uses = {name: one["use"] for name, one in CASES.items()}

    decided = {name for name, use in uses.items() if use == "convention"}

    assert decided == DECISIONS.keys()
    assert set(CONCERNED) == CHECKS.keys()
    assert NOT_EXPRESSED.keys() | set(CONCERNED) | decided == uses.keys()
    assert (len(CONCERNED), len(PARTLY), len(NOT_EXPRESSED), len(decided)) == (144, 9, 10, 17)


@pytest.mark.parametrize("name", sorted(DECISIONS))
def test_a_decision_where_tools_differ_is_documented(name):
    assert f"**{DECISIONS[name]}.**" in METHODS.read_text()


def test_decisions_where_tools_differ_hold():
    assert worst_of_critical([]) is None  # P284: nothing critical, no worst
    assert weighted_achievement([]).code is RefusalCode.WEIGHT_COVERAGE_TOO_LOW  # P242
    assert format_value(None, COUNT) == format_value(None, PERCENT) == "—"  # P122, P124
    reports = CASES["P139"]["inputs"]["reports"]
    latest = replace(PERCENT, time_rule=cases.TimeRule.LAST)
    answers = [
        current_value(cases.series(reports, how), how, cases.plan(), date(2030, 1, 1))
        for how in (latest, PERCENT)
    ]
    assert [(a.numerator, a.denominator) for a in answers] == [(25, 50), (35, 90)]  # P139
    no_dates = Plan(baseline=Decimal(0), baseline_on=None, target=Decimal(1), target_on=None)
    assert planned_value(no_dates, DAY).code is RefusalCode.BASELINE_MISSING  # P038
    first, second = rolled([2, 2], COUNT).value, rolled([2, 4], COUNT).value
    assert [first, second] == CASES["P091"]["expected"]  # P091: each reporter a site
