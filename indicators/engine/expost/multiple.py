"""Many tests at once: Benjamini–Hochberg over the primary family; exploratory results are never significant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from statsmodels.stats.multitest import multipletests

from indicators.engine.errors import EngineError
from indicators.engine.messages import gettext_noop, message
from indicators.engine.types import Message

from .checked import checked

FALSE_DISCOVERY_RATE = 0.05
METHOD = "Benjamini–Hochberg, q = 0.05, primary tests of one report"


class Standing(StrEnum):
    """What may be said of one result within its report."""

    SIGNIFICANT = "significant"
    NOT_SIGNIFICANT = "not_significant"
    EXPLORATORY = "exploratory"
    NO_TEST = "no_test"


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One result of a report: its p-value, None when it has none, and whether the plan named it primary."""

    name: str
    p_value: float | None
    is_primary: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjusted:
    """The raw and the adjusted p of one result; adjusted only for primary ones with a test."""

    name: str
    p_value: float | None
    p_adjusted: float | None
    family_size: int
    standing: Standing
    text: Message


@checked
def adjust(results: Sequence[Claim], *, q: float = FALSE_DISCOVERY_RATE) -> tuple[Adjusted, ...]:
    """All primary tests of one evaluation report are one family.

    Args:
        results: of one report, in any order; names need not differ.
        q: expected share of false ones among those called significant, between 0 and 1.

    Returns:
        One row per result in the same order. Indicative results carry no p-value and so have no test; exploratory ones
        keep their raw p and are never significant.

    Source: Benjamini & Hochberg (1995), J. R. Stat. Soc. B 57:289; METHOD 2.10.
    """
    for one in results:
        if one.p_value is not None and not 0 <= one.p_value <= 1:
            raise EngineError(f"{one.name}: {one.p_value} is not a p-value; 0 to 1 was expected.")
    family = [i for i, one in enumerate(results) if one.is_primary and one.p_value is not None]
    adjusted: dict[int, float] = {}
    if family:
        _, corrected, _, _ = multipletests([results[i].p_value for i in family], alpha=q, method="fdr_bh")
        adjusted = {i: float(p) for i, p in zip(family, corrected, strict=True)}
    return tuple(_row(one, adjusted.get(i), len(family), q) for i, one in enumerate(results))


def _row(one: Claim, p_adjusted: float | None, size: int, q: float) -> Adjusted:
    standing, text = _standing(one, p_adjusted, q)
    return Adjusted(
        name=one.name,
        p_value=one.p_value,
        p_adjusted=p_adjusted,
        family_size=size,
        standing=standing,
        text=message(text, size=size),
    )


def _standing(one: Claim, p_adjusted: float | None, q: float) -> tuple[Standing, str]:
    if not one.is_primary:
        return Standing.EXPLORATORY, gettext_noop("Exploratory: an estimate with its interval, no test.")
    if p_adjusted is None:
        return Standing.NO_TEST, gettext_noop("This result has no test.")
    if p_adjusted <= q:
        return Standing.SIGNIFICANT, gettext_noop("Significant among %(size)s primary tests.")
    return Standing.NOT_SIGNIFICANT, gettext_noop("Not significant among %(size)s primary tests.")
