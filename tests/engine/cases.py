"""Cases of `cases.toml` as engine types. Asserts nothing."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from indicators.engine.periods import Frequency, periods_between
from indicators.engine.rollup import roll_up_period
from indicators.engine.types import (
    Direction,
    IndicatorRule,
    Measurement,
    PeriodValue,
    Plan,
    SiteRule,
    Snapshot,
    TimeRule,
    Trajectory,
    ValueType,
)

CASES = tomllib.loads((Path(__file__).parent / "cases.toml").read_text(), parse_float=Decimal)


def rule(**given: Any) -> IndicatorRule:
    """A rule that a case only partly states: a number, more is better, latest period, sites add."""
    closed = {"value_type": ValueType, "direction": Direction, "time_rule": TimeRule, "site_rule": SiteRule}
    settings: dict[str, Any] = {
        "value_type": ValueType.NUMBER,
        "direction": Direction.ASCENDING,
        "time_rule": TimeRule.LAST,
        "site_rule": SiteRule.SUM,
    }
    for name, value in given.items():
        if name in closed:
            settings[name] = closed[name](value)
        elif isinstance(value, bool) or name in {"min_n", "unit", "window_months"}:
            settings[name] = value
        else:
            settings[name] = Decimal(value)
    if settings["value_type"] is ValueType.RATIO and "site_rule" not in given:
        settings["site_rule"] = SiteRule.RATIO_OF_SUMS
    return IndicatorRule(**settings)


def plan(given: Mapping[str, Any] | None = None) -> Plan:
    """A plan over 2025 unless the case says otherwise."""
    given = dict(given or {})
    milestones = tuple(
        (date.fromisoformat(day), Decimal(value)) for day, value in given.pop("milestones", {}).items()
    )
    numbers = {
        name: None if given.get(name) is None else Decimal(given[name]) for name in ("baseline", "target")
    }
    bounds = {name: Decimal(given[name]) for name in ("range_low", "range_high") if name in given}
    return Plan(
        baseline_on=given.get("baseline_on", date(2024, 12, 31)),
        target_on=given.get("target_on", date(2025, 12, 31)),
        trajectory=Trajectory(given.get("trajectory", "linear")),
        milestones=milestones,
        **numbers,
        **bounds,
    )


def measurement(number: int, given: Mapping[str, Any]) -> Measurement:
    """One observation from ``value`` or ``parts``."""
    numerator, denominator = given.get("parts", (None, None))
    return Measurement(
        id=number,
        site=given.get("site"),
        cell=given.get("cell", ""),
        numerator=None if numerator is None else Decimal(numerator),
        denominator=None if denominator is None else Decimal(denominator),
        value=None if given.get("value") is None else Decimal(given["value"]),
        standard_error=None if given.get("standard_error") is None else Decimal(given["standard_error"]),
        n=given.get("n"),
    )


def series(
    values: Sequence[Any], how: IndicatorRule, frequency: Frequency = Frequency.QUARTERLY
) -> tuple[PeriodValue, ...]:
    """One site's figures, one per period from January 2025 on; ``"missing"`` is a due period without a report."""
    calendar = periods_between(frequency, date(2025, 1, 1), date(2085, 1, 1))
    found = []
    for number, (period, given) in enumerate(zip(calendar, values, strict=False)):
        if isinstance(given, list | tuple):
            given = {"parts": given}
        elif given != "missing" and not isinstance(given, Mapping):
            given = {"value": given}
        reported = [] if given == "missing" else [measurement(number, {"site": 1} | dict(given))]
        found.append(
            roll_up_period(
                reported,
                how,
                starts_on=period.starts_on,
                ends_on=period.ends_on,
                label=period.label,
                expected=1,
            )
        )
    return tuple(found)


def snapshot(
    values: Sequence[Any],
    how: IndicatorRule,
    to: Plan,
    *,
    as_of: date | None = None,
    frequency: Frequency = Frequency.QUARTERLY,
    original: Plan | None = None,
) -> Snapshot:
    """A snapshot ten days after the last period, due every `frequency` with 20 days of grace."""
    periods = series(values, how, frequency)
    return Snapshot(
        rule=how,
        plan=to,
        original_plan=original or to,
        series=periods,
        as_of=as_of or periods[-1].ends_on + timedelta(days=10),
        frequency_days=frequency.days,
        grace_days=20,
    )


def by_name(kind: str) -> dict[str, dict[str, Any]]:
    """Cases of one kind by their sentence."""
    return {case["name"]: case for case in CASES[kind]}
