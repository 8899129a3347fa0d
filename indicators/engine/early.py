"""Did early verdicts hold? On-the-fly statuses beside what was found ex-post, counted with their uncertainty."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from .distributions import wilson
from .messages import gettext_noop, refuse
from .types import Refusal, RefusalCode, Status

MIN_CASES = 8
"""Fewer early verdicts of one kind with a known outcome give no share [rule]."""


class Lasted(StrEnum):
    """What became of the change, as far as the ex-post assessment can tell."""

    YES = "yes"
    NO = "no"
    CANNOT_TELL = "cannot_tell"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExPostFinding:
    """One ex-post answer about an indicator, as far as lasting is concerned."""

    is_retention: bool
    is_after_end: bool
    """It speaks of the time after the end."""
    value: float | None = None
    low: float | None = None
    high: float | None = None
    no_change: float = 0.0
    refusal_code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """How many early verdicts of one kind were followed by a lasting change; one of share and refusal is None."""

    lasted: int
    known: int
    unknown: int
    share: float | None = None
    low: float | None = None
    high: float | None = None
    refusal: Refusal | None = None


def lasting(findings: Iterable[ExPostFinding], *, rises: bool | None, sustained_from: float) -> Lasted:
    """Whether the change of an indicator lasted.

    A retention ratio decides where there is one: lasted from `sustained_from` on; that there was no gain to retain is
    a no. Without one, an interval of a change that speaks of the time after the end decides: lasted when it lies on
    the better side of no change. Anything else cannot be told.

    Args:
        rises: whether more is better; None when there is no better direction.
        sustained_from: border of the retention ratio, 0.8 by METHOD.

    Source: METHOD 2.10.
    """
    found = list(findings)
    ratios = [one.value for one in found if one.is_retention and one.value is not None]
    if ratios:
        return Lasted.YES if min(ratios) >= sustained_from else Lasted.NO
    if any(one.is_retention and one.refusal_code == RefusalCode.NO_GAIN_TO_RETAIN for one in found):
        return Lasted.NO
    changes = [one for one in found if not one.is_retention and one.is_after_end and _has_interval(one)]
    if rises is None or not changes:
        return Lasted.CANNOT_TELL
    return Lasted.YES if all(_is_better(one, rises) for one in changes) else Lasted.NO


def _has_interval(one: ExPostFinding) -> bool:
    return one.low is not None and one.high is not None


def _is_better(one: ExPostFinding, rises: bool) -> bool:
    assert one.low is not None
    assert one.high is not None
    return one.low > one.no_change if rises else one.high < one.no_change


def share_that_lasted(pairs: Sequence[tuple[Status, Lasted]], *, on_track: bool) -> Share:
    """Of the early verdicts that said on track (or did not), the share that was followed by a lasting change.

    Args:
        pairs: early status and outcome, one for each indicator.
        on_track: which early verdicts are counted; those that gave none are in neither group.

    Returns:
        Wilson interval at 95 %; a refusal with fewer than 8 known outcomes.

    >>> early = [(Status.ON_TRACK, Lasted.YES)] * 8 + [(Status.ON_TRACK, Lasted.NO)] * 2
    >>> found = share_that_lasted(early, on_track=True)
    >>> found.lasted, found.known, round(found.low, 3), round(found.high, 3)
    (8, 10, 0.49, 0.943)
    """
    group = {Status.ON_TRACK} if on_track else {Status.AT_RISK, Status.OFF_TRACK}
    outcomes = [outcome for status, outcome in pairs if status in group]
    known = [one for one in outcomes if one is not Lasted.CANNOT_TELL]
    lasted, n, unknown = sum(one is Lasted.YES for one in known), len(known), len(outcomes) - len(known)
    if n < MIN_CASES:
        return Share(
            lasted=lasted,
            known=n,
            unknown=unknown,
            refusal=refuse(
                RefusalCode.N_TOO_SMALL_TREND,
                gettext_noop("Too few with a known outcome: %(have)s of %(need)s needed."),
                have=n,
                need=MIN_CASES,
            ),
        )
    low, high = wilson(lasted, n)
    return Share(lasted=lasted, known=n, unknown=unknown, share=lasted / n, low=low, high=high)
