"""Illustrative figures of an indicator from its shape and a seeded generator: what each site counted in each period."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from indicators.engine.achievement import planned_value
from indicators.engine.types import Plan
from indicators.management.demo.blueprint import Shape, Tailored
from indicators.management.demo.building import Built
from indicators.models import (
    Frequency,
    IndicatorVersion,
    ProgrammeIndicator,
    ReportingPeriod,
    ReportingUnit,
    ValueType,
)

HUNDRED = Decimal(100)
OVERDUE = 0.12
"""Share of sites that still owe the newest period."""
GIVEN_UP = 150
"""Days after which a figure that was never collected is reported as such; younger gaps are overdue."""
NEVER_COLLECTED = {
    "missing_reason": "not_collected",
    "comment": "Never collected; nobody can find it out now.",
}
BESIDE = 0.25
"""Share of the progress that sites make which the programme does not reach."""
NOT_THERE_YET = {"missing_reason": "not_applicable", "comment": "Not part of the programme yet."}


@dataclass(frozen=True, slots=True)
class Figure:
    """What one site says about one period."""

    indicator: ProgrammeIndicator
    period: ReportingPeriod
    unit: ReportingUnit | None
    cell: str
    answer: dict[str, Any]
    late: float = 0.0
    is_newest: bool = False


def figures_of(
    made: Built, tailored: Tailored, indicator: ProgrammeIndicator, *, rng: random.Random, today: date
) -> Iterator[Figure]:
    """Every figure of one indicator, oldest period first; young gaps are simply not there."""
    shape = tailored.shape
    if shape is None:
        return
    sites: list[ReportingUnit | None] = list(made.sites[indicator.pk]) or [None]
    source = Source(indicator, shape, sites=len(sites), end=made.programme.ends_on, rng=rng)
    leanings = [rng.gauss(0, shape.noise / 2) if len(sites) > 1 else 0.0 for _ in sites]
    periods = _periods(made, indicator, shape, today=today)
    for period in periods:
        is_newest = period == periods[-1]
        level = source.level(period)
        for site, leaning in zip(sites, leanings, strict=True):
            if not _has_joined(made, site, period):
                yield Figure(indicator, period, site, "", dict(NOT_THERE_YET))
                continue
            gap = OVERDUE if is_newest and len(sites) > 1 else 0.0 if is_newest else shape.gaps
            if rng.random() < gap:
                if (today - period.ends_on).days > GIVEN_UP:
                    yield Figure(indicator, period, site, "", dict(NEVER_COLLECTED), shape.late)
                continue
            here = (
                source.level_beside(level)
                if site and site.code.startswith(shape.beside or ("\0",))
                else level
            )
            answer = source.answer(period, here + leaning, is_newest=is_newest)
            yield Figure(indicator, period, site, "", answer, shape.late, is_newest)
            for cell, part in source.parts(answer):
                yield Figure(indicator, period, site, cell, part, shape.late, is_newest)


def _periods(
    made: Built, indicator: ProgrammeIndicator, shape: Shape, *, today: date
) -> list[ReportingPeriod]:
    """Periods that have ended and on which the indicator reported, oldest first."""
    rows = ReportingPeriod.objects.filter(
        programme=made.programme, frequency=indicator.frequency, ends_on__lte=today
    )
    if indicator.frequency == Frequency.EVENT:
        rows = rows.filter(starts_on__in=shape.on)
    if shape.since:
        rows = rows.filter(starts_on__gte=shape.since)
    if shape.until:
        rows = rows.filter(ends_on__lte=shape.until)
    return list(rows.order_by("starts_on"))


def _has_joined(made: Built, site: ReportingUnit | None, period: ReportingPeriod) -> bool:
    if site is None:
        return True
    return all(
        period.starts_on >= day or not site.code.startswith(code)
        for code, day in made.blueprint.joined.items()
    )


class Source:
    """Generates the figures of one indicator. Draws from `rng` alone, so that a seed gives the same figures."""

    def __init__(
        self, indicator: ProgrammeIndicator, shape: Shape, *, sites: int, end: date, rng: random.Random
    ) -> None:
        self.version: IndicatorVersion = indicator.version
        self.plan: Plan = indicator.revisions.order_by("number")[0].as_plan()  # type: ignore[attr-defined]
        self.shape, self.sites, self.end, self.rng = shape, sites, end, rng

    def level(self, period: ReportingPeriod) -> float:
        """Where the whole indicator stands at the end of a period, without noise."""
        plan, shape = self.plan, self.shape
        if plan.range_low is not None and plan.range_high is not None:
            return self._inside_or_not(float(plan.range_low), float(plan.range_high))
        if plan.baseline is None or plan.baseline_on is None:
            return shape.start if shape.start is not None else 0.0
        base = float(plan.baseline)
        if period.ends_on <= plan.baseline_on:
            return base
        reached = base + shape.pace * (self.planned(min(period.ends_on, self.end)) - base)
        if period.ends_on > self.end:
            lost = (1 - shape.kept) * min((period.ends_on - self.end).days / 365, 1)
            reached -= lost * (reached - base)
        return reached

    def level_beside(self, level: float) -> float:
        """Where a site stands that the programme does not reach: what moves everybody moves it too."""
        base = float(self.plan.baseline or 0)
        return base + BESIDE * (level - base)

    def planned(self, on: date) -> float:
        found = planned_value(self.plan, on)
        return float(found) if isinstance(found, Decimal) else 0.0

    def _inside_or_not(self, low: float, high: float) -> float:
        width = high - low
        if self.rng.random() < self.shape.outside:
            return high + width * self.rng.uniform(0.1, 0.4)
        return low + width * self.rng.uniform(0.25, 0.75)

    def answer(self, period: ReportingPeriod, level: float, *, is_newest: bool) -> dict[str, Any]:
        """The fields of an observation for one site and period."""
        shape, rng = self.shape, self.rng
        if shape.held_elsewhere:
            return {"missing_reason": "held_elsewhere"}
        if shape.last is not None and is_newest:
            numerator, denominator = shape.last
            return {"numerator": Decimal(numerator), "denominator": Decimal(denominator)}
        if rng.random() < 0.012 and not is_newest:
            return {"missing_reason": rng.choice(["not_collected", "not_applicable"])}
        found: dict[str, Any]
        match self.version.value_type:
            case ValueType.RATIO:
                found = self._ratio(level + rng.gauss(0, shape.noise))
            case ValueType.COUNT:
                found = self._count(period, level)
            case ValueType.ORDINAL:
                found = {"value": Decimal(round(self._bounded(level + rng.gauss(0, shape.noise))))}
                found["sample_size"] = rng.randint(*shape.size)
            case _:
                value = self._bounded(level + rng.gauss(0, shape.noise))
                found = {"value": Decimal(str(round(value, 1)))}
        if shape.cases is not None:
            found["sample_size"] = rng.randint(*shape.cases)
        return found

    def _ratio(self, level: float) -> dict[str, Any]:
        size = self.rng.randint(*self.shape.size)
        share = min(max(self._bounded(level), 0.0), 100.0) / 100 if self.version.scale == HUNDRED else level
        counted = size * share
        if self.sites == 1:
            whole = round(counted)
        else:  # Right on average, also for small denominators.
            whole = math.floor(counted)
            whole += self.rng.random() < counted - whole
        found: dict[str, Any] = {"numerator": Decimal(whole), "denominator": Decimal(size)}
        if self.shape.has_error:
            p = whole / size
            error = 100 * math.sqrt(
                1.6 * p * (1 - p) / size
            )  # A design effect of 1.6, usual for such samples.
            found |= {"standard_error": Decimal(str(round(error, 3))), "sample_size": size}
        return found

    def _count(self, period: ReportingPeriod, level: float) -> dict[str, Any]:
        if self.version.time_rule != "sum":
            return {"value": Decimal(max(round(level + self.rng.gauss(0, self.shape.noise)), 0))}
        before = self.planned(period.starts_on)
        expected = self.shape.pace * (self.planned(period.ends_on) - before) / self.sites
        return {"value": Decimal(self._poisson(max(expected, 0.0)))}

    def _poisson(self, mean: float) -> int:
        """Knuth's method; the means here are small."""
        limit, product, count = math.exp(-mean), self.rng.random(), 0
        while product > limit:
            product *= self.rng.random()
            count += 1
        return count

    def _bounded(self, value: float) -> float:
        low, high = self.version.lower_bound, self.version.upper_bound
        if low is not None:
            value = max(value, float(low))
        return value if high is None else min(value, float(high))

    def parts(self, answer: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
        """The total split by each dimension of the shape; the parts add up to it."""
        if "numerator" not in answer:
            return
        for name, categories in self.shape.split.items():
            rest_num, rest_den = int(answer["numerator"]), int(answer["denominator"])
            for left, category in zip(range(len(categories), 0, -1), categories, strict=True):
                den = rest_den if left == 1 else min(rest_den, round(rest_den * self.rng.uniform(0.12, 0.28)))
                share = rest_num / rest_den if rest_den else 0
                num = rest_num if left == 1 else min(den, round(den * share))
                if left > 1 and rest_num - num > rest_den - den:
                    num = rest_num - (rest_den - den)
                yield f"{name}={category}", {"numerator": Decimal(num), "denominator": Decimal(den)}
                rest_num, rest_den = rest_num - num, rest_den - den
