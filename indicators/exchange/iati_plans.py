"""Baseline, targets and milestones of a published indicator as one agreement; what contradicts itself is left out."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from indicators.exchange.findings import Effect, Report
from indicators.exchange.iati import Figure, Indicator, Period
from indicators.exchange.iati_values import day_of, number_of
from indicators.models import Direction, IndicatorVersion, ProgrammeIndicator, ValueType

Part = tuple[tuple[tuple[str, str], ...], tuple[str, ...]]
"""Dimensions and locations of a figure; both empty: of the whole."""


def plan_of(
    version: IndicatorVersion, indicator: Indicator, periods: list[tuple[Period, date, date]], report: Report
) -> dict[str, Any]:
    """Baseline, target and milestones: what the file says of the whole, or of its only part."""
    parts = {(one.dimensions, one.locations) for one in indicator.figures}
    whole = next(iter(parts)) if len(parts) == 1 else ((), ())
    plan: dict[str, Any] = {"milestones": []}
    if version.value_type == ValueType.TEXT:
        return plan
    baseline = _of_the_whole(indicator.baselines, whole, "baseline", report)
    if baseline is not None:
        plan |= _baseline(baseline, version, report)
    targets = _targets(version, periods, whole, report)
    if targets and version.direction != Direction.RANGE:
        plan |= _target(targets, plan, version, report)
    return plan | _own_plan(indicator)


def zero_is_open(version: IndicatorVersion) -> bool:
    """A scale whose levels nobody described."""
    return version.value_type == ValueType.ORDINAL and not version.levels


def _of_the_whole(figures: Sequence[Figure], whole: Part, element: str, report: Report) -> Figure | None:
    chosen = [one for one in figures if (one.dimensions, one.locations) == whole]
    for one in figures:
        if one not in chosen:
            said = ", ".join(f"{name} {value}" for name, value in one.dimensions) or ", ".join(one.locations)
            report.say(
                Effect.LEFT_OUT,
                one.line,
                element,
                f"{one.value or '–'} ({said or '–'})",
                _("one for the whole was expected; parts of an indicator have no targets here"),
            )
    if len(chosen) > 1 and len({one.value for one in chosen}) > 1:
        report.say(
            Effect.LEFT_OUT,
            chosen[1].line,
            element,
            "; ".join(str(one.value) for one in chosen),
            _("one was expected"),
        )
        return None
    return chosen[0] if chosen else None


def _baseline(figure: Figure, version: IndicatorVersion, report: Report) -> dict[str, Any]:
    value = number_of(figure, "baseline", report, zero_is_open=zero_is_open(version))
    day = day_of(figure.day) or day_of(f"{figure.year}-12-31")
    if value is None:
        return {}
    if day is None:
        report.say(
            Effect.LEFT_OUT,
            figure.line,
            "baseline",
            figure.day or figure.year or "–",
            _("a plausible year or day was expected"),
        )
        return {}
    source = figure.comment or _("IATI file, year %s") % (figure.year or day.year)
    return {"baseline": value, "baseline_on": day, "baseline_source": source[:200]}


def _targets(
    version: IndicatorVersion, periods: list[tuple[Period, date, date]], whole: Part, report: Report
) -> list[tuple[date, Decimal, Figure]]:
    found: dict[date, tuple[date, Decimal, Figure]] = {}
    for period, first, last in periods:
        inside = report.at(period=f"{first} – {last}")
        milestones = [one for one in period.targets if one.own.get("due_on")]
        plain = [one for one in period.targets if one not in milestones]
        chosen = [*milestones, _of_the_whole(plain, whole, "target", inside)]
        for figure in (one for one in chosen if one is not None):
            value = number_of(figure, "target", inside, zero_is_open=zero_is_open(version))
            day = day_of(figure.own.get("due_on", "")) or last
            if value is None:
                continue
            if day in found and found[day][1] != value:
                inside.say(
                    Effect.LEFT_OUT,
                    figure.line,
                    "target",
                    str(figure.value),
                    _("one target for a day was expected"),
                )
                continue
            found[day] = (day, value, figure)
    return [found[day] for day in sorted(found)]


def _target(
    targets: list[tuple[date, Decimal, Figure]],
    plan: dict[str, Any],
    version: IndicatorVersion,
    report: Report,
) -> dict[str, Any]:
    due, value, figure = targets[-1]
    baseline, begun = plan.get("baseline"), plan.get("baseline_on")
    if expected := _contradiction(version, baseline, value):
        report.say(
            Effect.LEFT_OUT,
            figure.line,
            "target",
            _("target %(target)s, baseline %(baseline)s")
            % {"target": f"{value.normalize():f}", "baseline": f"{(baseline or Decimal(0)).normalize():f}"},
            expected,
        )
        return {}
    if begun is not None and due <= begun:
        report.say(
            Effect.LEFT_OUT,
            figure.line,
            "target",
            due.isoformat(),
            _("a target after the baseline (%s) was expected") % begun.isoformat(),
        )
        return {}
    milestones = [
        (day, amount, one.comment[:120])
        for day, amount, one in targets[:-1]
        if begun is None or begun < day < due
    ]
    path = {"trajectory": "milestones"} if milestones else {}
    return {"target": value, "target_on": due, "milestones": milestones, **path}


def _contradiction(version: IndicatorVersion, baseline: Decimal | None, target: Decimal) -> str:
    if baseline is None or version.direction not in {Direction.ASCENDING, Direction.DESCENDING}:
        return ""
    if target == baseline:
        return _("a target other than the baseline was expected: no change is planned that could be measured")
    if (target > baseline) != (version.direction == Direction.ASCENDING):
        return (
            _("“ascending” says that higher is better: a target above the baseline was expected")
            if version.direction == Direction.ASCENDING
            else _("“ascending” says that lower is better: a target below the baseline was expected")
        )
    return ""


def _own_plan(indicator: Indicator) -> dict[str, Any]:
    """What our own files say beyond IATI."""
    own: Mapping[str, str] = indicator.own
    plan: dict[str, Any] = {}
    for name in ("range_low", "range_high", "on_track_from", "at_risk_from"):
        if re.fullmatch(r"-?\d{1,18}(\.\d{1,6})?", own.get(name, ""), re.ASCII):
            plan[name] = Decimal(own[name])
    if own.get("trajectory"):
        plan["trajectory"] = own["trajectory"][:12]
    return plan


def compare_plan(
    kept: ProgrammeIndicator, plan: dict[str, Any], indicator: Indicator, report: Report
) -> None:
    """Targets of an indicator that is here already are revised by people, with a reason; a difference is said."""
    for name in ("baseline", "target", "target_on"):
        stored = getattr(kept.plan, name) if kept.plan is not None else None
        if name in plan and plan[name] != stored:
            report.say(
                Effect.LEFT_OUT,
                indicator.line,
                name,
                str(plan[name]),
                _("%s is agreed here; revise it on the indicator's page, with the reason") % (stored or "–"),
            )
