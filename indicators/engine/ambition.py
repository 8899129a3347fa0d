"""How far a target reaches, in units that differ less between partners than the values do. Never a verdict."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import stdev

from .messages import gettext_noop, message, refuse
from .signals import D2
from .timeline import effective_time_rule
from .types import (
    Direction,
    IndicatorRule,
    Message,
    PeriodValue,
    Plan,
    Refusal,
    RefusalCode,
    TimeRule,
    ValueType,
)

MIN_BEFORE = 4
"""Periods up to the baseline's date from which their standard deviation is taken."""
MIN_AFTER = 8
"""Otherwise the newest ups and downs are read from the first periods after it."""
_WITHOUT_SIZE = {ValueType.TEXT, ValueType.BINARY, ValueType.MILESTONE, ValueType.ORDINAL}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ambition:
    """The planned change in standard deviations of the indicator's own ups and downs."""

    value: float
    """|T − B| ÷ s; 0 or more."""
    spread: float
    n: int
    basis: Message
    """What s was taken from."""


def ambition(series: Sequence[PeriodValue], rule: IndicatorRule, plan: Plan) -> Ambition | Refusal:
    """Planned change ÷ standard deviation at the baseline (METHOD 2.13).

    The standard deviation is that of the period values up to the baseline's date, from four of them on; otherwise the
    one that the first eight or more periods after it show from one period to the next (mean moving range ÷ 1.128),
    which a trend hardly touches. **[rule]**

    Args:
        series: period values in order of time.
        plan: baseline and target.

    Returns:
        A refusal for what has no size or no target to move to, for running totals, and with too few or equal values.
    """
    if rule.value_type in _WITHOUT_SIZE or rule.direction not in {Direction.ASCENDING, Direction.DESCENDING}:
        return refuse(
            RefusalCode.NOT_NUMERIC,
            gettext_noop("No change of a size is planned: there is no ambition to compare."),
        )
    if effective_time_rule(rule) is TimeRule.SUM:
        return refuse(
            RefusalCode.NOT_NUMERIC,
            gettext_noop("A running total has no ups and downs to compare its target with."),
        )
    if plan.baseline is None or plan.target is None or plan.baseline_on is None:
        return refuse(RefusalCode.BASELINE_MISSING, gettext_noop("Baseline or target is missing."))
    before = [float(p.value) for p in series if p.value is not None and p.ends_on <= plan.baseline_on]
    after = [float(p.value) for p in series if p.value is not None and p.ends_on > plan.baseline_on]
    planned = abs(float(plan.target - plan.baseline))
    if len(before) >= MIN_BEFORE:
        basis = message(gettext_noop("standard deviation of %(n)s periods up to the baseline"), n=len(before))
        return _in_spreads(planned, stdev(before), len(before), basis)
    if len(after) >= MIN_AFTER:
        first = after[:MIN_AFTER]
        spread = math.fsum(abs(b - a) for a, b in pairwise(first)) / (len(first) - 1) / D2
        basis = message(gettext_noop("ups and downs of the first %(n)s periods"), n=len(first))
        return _in_spreads(planned, spread, len(first), basis)
    return refuse(
        RefusalCode.N_TOO_SMALL_TREND,
        gettext_noop(
            "%(before)s periods up to the baseline and %(after)s after it; %(need)s or %(later)s are needed."
        ),
        before=len(before),
        after=len(after),
        need=MIN_BEFORE,
        later=MIN_AFTER,
    )


def _in_spreads(planned: float, spread: float, n: int, basis: Message) -> Ambition | Refusal:
    if spread <= 1e-9 * max(1.0, planned):
        return refuse(
            RefusalCode.NO_VARIATION, gettext_noop("The values do not vary: the change has no measure.")
        )
    return Ambition(value=planned / spread, spread=spread, n=n, basis=basis)
