"""A projection in words: its band, its chance where one may be given, and what nothing and the plan would give."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext as _

from indicators.engine.display import format_number
from indicators.engine.types import Direction, Forecast, Refusal, Snapshot
from indicators.reports import cells
from indicators.reports.wording import say
from indicators.templatetags.ui import day


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastBlock:
    """What the page says of the future: rows with a meaning each, or a refusal."""

    refusal: str = ""
    headline: str = ""
    rows: Sequence[tuple[str, str]] = ()
    note: str = ""


def forecast_block(projected: Forecast | Refusal, snapshot: Snapshot) -> ForecastBlock:
    """The projection beside both simple references (METHOD 2.4). Asks nothing."""
    if isinstance(projected, Refusal):
        return ForecastBlock(refusal=say(projected.message))
    rule, plan = snapshot.rule, snapshot.plan
    write = lambda value: cells.amount(value, rule).text  # noqa: E731 - a name for the short form
    band = cells.MISSING
    if projected.low is not None and projected.high is not None:
        band = _("%(low)s to %(high)s") % {"low": write(projected.low), "high": write(projected.high)}
    rows = [
        (_("If it goes on as before"), write(projected.value)),
        (_("95 % prediction interval"), band),
        (_("If nothing changes: the last value"), write(projected.carry_last)),
        (_("If all goes to plan"), write(projected.planned)),
        (_("Chance of reaching the target"), _chance(projected)),
        (_("Rests on"), _("%(n)s points; %(method)s") % {"n": projected.n, "method": projected.method}),
    ]
    note = say(projected.note)
    if projected.is_clipped:
        note = f"{note} {_('Kept within what is possible.')}".strip()
    return ForecastBlock(
        headline=_headline(projected, write(plan.target), is_judged=rule.direction in _ON_THE_WAY),
        rows=[(label, text) for label, text in rows if text and text != cells.MISSING],
        note=note,
    )


_ON_THE_WAY = {Direction.ASCENDING, Direction.DESCENDING}


def _headline(projected: Forecast, target: str, *, is_judged: bool) -> str:
    if not is_judged or projected.reaches_target is None:
        return _("On %(day)s, the target date, if it goes on as before:") % {"day": day(projected.on)}
    words = (
        _("If it goes on as before, the target of %(target)s is reached by %(day)s.")
        if projected.reaches_target
        else _("If it goes on as before, the target of %(target)s is missed on %(day)s.")
    )
    return words % {"target": target, "day": day(projected.on)}


def _chance(projected: Forecast) -> str:
    """In whole percent, never nought or a hundred: a projection is no certainty."""
    if projected.probability is None:
        return ""
    percent = Decimal(repr(round(100 * projected.probability, 6)))
    if percent < 1:
        return _("below 1 %")
    if percent > 99:
        return _("above 99 %")
    return f"{format_number(percent, 0)}\N{NO-BREAK SPACE}%"
