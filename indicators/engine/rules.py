"""The defaults that METHOD marks **[rule]**: design decisions that an administrator may change. Applies none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Any

from .errors import EngineError
from .exact import plain

RANGES: Mapping[str, tuple[Decimal, Decimal]] = {
    name: (Decimal(low), Decimal(high))
    for name, low, high in (
        ("on_track_from", "0.01", "2"),
        ("at_risk_from", "0.01", "2"),
        ("over_target_from", "1", "10"),
        ("too_early_below", "0.01", "0.5"),
        ("catch_up_above", "1", "100"),
        ("usable_weight_from", "0.01", "1"),
        ("ageing_above", "0.1", "100"),
        ("stale_above", "0.1", "100"),
        ("partial_below", "0.01", "1"),
        ("outlier_above", "1", "100"),
        ("jump_above", "1", "100"),
        ("sustained_from", "0.01", "2"),
        ("partly_from", "0.01", "2"),
        ("activity_above", "0.01", "1"),
        ("frozen_share", "0", "1"),
    )
}
"""What each rule may be, both ends included. No zero where the engine divides by it."""
ORDERED = (
    ("at_risk_from", "on_track_from"),
    ("ageing_above", "stale_above"),
    ("partly_from", "sustained_from"),
)
"""The first must not be above the second."""
DECIMALS = 2
"""As many as an agreement keeps of its own borders."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Borders of the method, all of them shares or factors without a unit; METHOD's own values unless said otherwise.

    Raises:
        EngineError: a value outside its range (`RANGES`), or borders in the wrong order.

    >>> Rules().too_early_below
    Decimal('0.05')
    """

    on_track_from: Decimal = Decimal("0.90")
    """On-track index from which a newly agreed indicator is on track; each agreement keeps its own (METHOD 2.3)."""
    at_risk_from: Decimal = Decimal("0.75")
    over_target_from: Decimal = Decimal("1.15")
    """Achievement above which the target is called too soft (METHOD 2.3)."""
    too_early_below: Decimal = Decimal("0.05")
    """Share of the planned change that must have been due before an index is formed (METHOD 2.3)."""
    catch_up_above: Decimal = Decimal(2)
    """Required pace above which the target is called unlikely (METHOD 2.3)."""
    usable_weight_from: Decimal = Decimal("0.65")
    """Share of the weight that must have data before a weighted score is shown (METHOD 2.3)."""
    ageing_above: Decimal = Decimal(1)
    """Age in reporting intervals (METHOD 2.7)."""
    stale_above: Decimal = Decimal(2)
    partial_below: Decimal = Decimal("0.80")
    """Coverage (METHOD 2.7)."""
    outlier_above: Decimal = Decimal("3.5")
    """Robust z of a new figure (METHOD 2.7)."""
    jump_above: Decimal = Decimal(3)
    """Step of a new figure, in usual steps (METHOD 2.7)."""
    sustained_from: Decimal = Decimal("0.8")
    """Retention ratio (METHOD 2.10)."""
    partly_from: Decimal = Decimal("0.5")
    activity_above: Decimal = Decimal("0.60")
    """Share of input and output indicators above which a programme is mostly activity."""
    frozen_share: Decimal = Decimal("0.20")
    """Share of a programme's days, at its end, in which targets stand still (METHOD 4.4)."""

    def __post_init__(self) -> None:
        faults = rule_faults({name: getattr(self, name) for name in RANGES})
        if faults:
            raise EngineError("; ".join(f"{name}: {text}" for name, text in faults.items()))

    def as_text(self) -> dict[str, str]:
        """Every value as plain text, as a rule set stores it."""
        return {one.name: format(plain(getattr(self, one.name)), "f") for one in fields(self)}


def rule_faults(values: Mapping[str, Decimal]) -> dict[str, str]:
    """What is wrong with the values, by rule, in English; empty when they may be used."""
    faults: dict[str, str] = {}
    for name, (low, high) in RANGES.items():
        value = values[name]
        if not value.is_finite() or not low <= value <= high:
            faults[name] = f"{value} was given; {low} to {high} was expected."
    for lower, upper in ORDERED:
        if not {lower, upper} & faults.keys() and values[lower] > values[upper]:
            faults[lower] = f"{values[lower]} was given; at most {values[upper]} ({upper}) was expected."
    return faults


def rules_of(values: Mapping[str, Any]) -> Rules:
    """The rules that were stored as text; a rule that a later version added has METHOD's value."""
    return Rules(**{name: Decimal(str(value)) for name, value in values.items() if name in RANGES})


METHOD_RULES = Rules()
