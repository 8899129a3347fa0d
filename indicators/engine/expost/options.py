"""Small pieces that the rows of the decision table share. Computes nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from indicators.engine.messages import gettext_noop, message
from indicators.engine.types import RefusalCode

from .situation import MAX_MISSING, MIN_POINTS_INTERRUPTED, Method, NotPossible, Option, Situation, enough_on

Found = Option | NotPossible


def shorter(s: Situation) -> int:
    """Points on the shorter side."""
    return min(s.points_before, s.points_after)


def shared(s: Situation) -> tuple[int, int]:
    """Points before and after that the treated and all comparison units have."""
    before, after = s.comparison_points_before, s.comparison_points_after
    return (
        s.points_before if before is None else min(before, s.points_before),
        s.points_after if after is None else min(after, s.points_after),
    )


def when_enough(s: Situation, missing: int) -> date | None:
    """Day from which there will be so many more points."""
    return enough_on(s.last_period_ends_on, s.days_per_period, missing)


def when_after(s: Situation, need: int) -> date | None:
    """Time brings only points after; too few before stay too few."""
    return when_enough(s, need - s.points_after) if s.points_before >= need else None


def too_short(method: Method, s: Situation, before: int, after: int) -> NotPossible | None:
    """What stands against cutting a series at a date; None when nothing does."""
    if min(before, after) < MIN_POINTS_INTERRUPTED:
        missing = MIN_POINTS_INTERRUPTED - after
        return not_possible(
            method,
            RefusalCode.ITS_TOO_SHORT,
            gettext_noop("%(have)s points on the shorter side; at least %(need)s are needed on each."),
            have=min(before, after),
            need=MIN_POINTS_INTERRUPTED,
            when=when_enough(s, missing) if before >= MIN_POINTS_INTERRUPTED else None,
        )
    if s.missing_share > MAX_MISSING:
        gaps = gettext_noop("%(have)s %% of the periods have no value; at most %(need)s %% may be missing.")
        have = round(100 * s.missing_share)
        return not_possible(method, RefusalCode.ITS_GAPS, gaps, have=have, need=round(100 * MAX_MISSING))
    return None


def one_side(method: Method, s: Situation, have: int) -> NotPossible:
    """There is nothing on one of the sides."""
    code = RefusalCode.NO_FOLLOW_UP if s.points_before else RefusalCode.BASELINE_MISSING
    one = gettext_noop("%(have)s values on one of the sides; at least %(need)s is needed before and after.")
    return not_possible(
        method, code, one, have=have, need=1, when=when_enough(s, 1) if s.points_before else None
    )


def text_only(method: Method) -> NotPossible:
    """Text has no numbers."""
    return other_kind(method, gettext_noop("Text cannot be compared in numbers."))


def other_kind(method: Method, template: str) -> NotPossible:
    """The values are of another kind than the method needs."""
    return not_possible(method, RefusalCode.NOT_NUMERIC, template, have=0, need=1)


def option(method: Method, label: str, reason: str, **params: object) -> Option:
    """A method that is possible."""
    return Option(method=method, label=message(label), reason=message(reason, **params))


def not_possible(
    method: Method, code: RefusalCode, template: str, *, have: int, need: int, when: date | None = None
) -> NotPossible:
    """A method that is not, with what there is and what is needed."""
    said = message(template, have=have, need=need)
    if when is not None:
        said = replace(said, params={**said.params, "when": when.isoformat()})
    return NotPossible(method=method, code=code, message=said, have=have, need=need, when=when)
