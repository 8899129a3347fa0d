"""One indicator: where it stands, how that came about, what it rests on. Reads only."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Count
from django.utils.translation import gettext as _

from indicators.charts import IndicatorSeries
from indicators.commenting import talk_about
from indicators.disclosure import shown_to
from indicators.engine.display import format_number, format_share
from indicators.engine.forecast import forecast
from indicators.engine.quality import is_partial
from indicators.engine.types import Coverage, Forecast, Refusal, Snapshot, ValueType
from indicators.models import (
    IndicatorStatus,
    Observation,
    ProgrammeIndicator,
    ReportingPeriod,
    SignOff,
    State,
    TargetProposal,
    TargetRevision,
    TrendWord,
    User,
)
from indicators.reports import adjustments, cells
from indicators.reports.cells import Cell
from indicators.reports.chart_marks import Marks, marks_of
from indicators.reports.context_beside import ContextBeside, context_beside
from indicators.reports.detail_tables import indicator_table, observation_table
from indicators.reports.explained_status import (
    explain_status,
    status_sentence,
    visible_observations,
    with_people,
)
from indicators.reports.explanation import explanation_table
from indicators.reports.forecasting import forecast_block
from indicators.reports.queries import every_indicator, status_of, today
from indicators.reports.series import indicator_series
from indicators.reports.signals import alert_lines, noticed_text
from indicators.reports.tables import Table, indicator_row, plan_cells
from indicators.reports.wording import refusal_text, say, status_now
from indicators.snapshots import load_indicators, load_snapshots

RECENT = 6
"""Periods that are shown without unfolding."""


def corrections_of(user: User, indicator: ProgrammeIndicator) -> dict[tuple[date, str], int]:
    """How often figures of each period were corrected."""
    if not with_people(user):
        return {}
    rows = (
        Observation.objects.visible_to(user)
        .filter(indicator=indicator, state=State.SUPERSEDED)
        .order_by()
        .values_list("period__starts_on", "period__label")
        .annotate(Count("pk"))
    )
    return {(starts_on, label): count for starts_on, label, count in rows}


def load_snapshot(indicator: ProgrammeIndicator) -> Snapshot:
    """What a verdict of today depends on. Six queries."""
    return load_snapshots(load_indicators([indicator.pk]), as_of=today())[indicator.pk]


def period_table(
    user: User, indicator: ProgrammeIndicator, snapshot: Snapshot, *, newest: int | None = None
) -> Table:
    return indicator_table(indicator, snapshot, corrections_of(user, indicator), newest=newest)


def explained_period_table(user: User, indicator: ProgrammeIndicator) -> Table:
    """The periods for a file, with the explanation of the status beside them."""
    snapshot = load_snapshot(indicator)
    table = period_table(user, indicator, snapshot)
    shown = explain_status(user, indicator, snapshot)
    table.explanation = explanation_table([shown], name="explain-indicator", key=shown.key, title=shown.about)
    return table


def figure_table(user: User, indicator: ProgrammeIndicator) -> Table:
    return observation_table(
        indicator,
        shown_to(user, visible_observations(user, indicator)),
        as_of=today(),
        with_people=with_people(user),
    )


def revisions_of(user: User, indicator: ProgrammeIndicator) -> list[TargetRevision]:
    """The agreements on baseline and target, newest first. Two queries."""
    return list(
        TargetRevision.objects.visible_to(user)
        .filter(indicator=indicator)
        .select_related("created_by", "decision")
        .prefetch_related("milestones")
        .order_by("-number")
    )


def periods(
    user: User, indicator: ProgrammeIndicator, snapshot: Snapshot, *, earlier: bool = False
) -> dict[str, Any]:
    """The newest periods of the table, or the earlier ones, each with where its value is explained."""
    table = period_table(user, indicator, snapshot, newest=None if earlier else RECENT)
    keys = _period_keys(indicator)
    rows = table.rows[::-1][RECENT if earlier else 0 :]
    for row in rows:
        row.explain_key = keys.get((row.about.starts_on, row.about.label), "")
    return {
        "earlier_rows" if earlier else "period_rows": rows,
        "earlier_count": max(len(snapshot.series) - RECENT, 0),
        "has_parts": snapshot.rule.value_type is ValueType.RATIO,
        "has_total": any(column.key == "total" for column in table.columns),
    }


def context(
    user: User, indicator: ProgrammeIndicator, *, asked: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """What the page shows at once; `indicator_parts` has what is read when it is opened.

    Args:
        indicator: from `every_indicator`.
        asked: what the address names: `context` and `country` (a published series beside).
    """
    asked = asked or {}
    snapshot = load_snapshot(indicator)
    status = status_of(indicator)
    revisions = revisions_of(user, indicator)
    aftermaths = adjustments.of_indicator(user, indicator)
    projected = forecast(snapshot.series, snapshot.rule, snapshot.plan, snapshot.as_of)
    judgement = status.judgement if status is not None else {}
    drawn = _drawn(indicator, snapshot, projected, marks_of(user, indicator, revisions, aftermaths))
    is_text = snapshot.rule.value_type is ValueType.TEXT
    return {
        "indicator": indicator,
        "programme": indicator.programme,
        "version": indicator.version,
        "row": indicator_row(indicator, with_people=with_people(user)),
        "status": status,
        "status_now": status_now(status),
        "refusal": refusal_text(status),
        "sentence": status_sentence(status),
        "facts": _facts(status, judgement, snapshot),
        "forecast": None if is_text else forecast_block(projected, snapshot),
        "is_partial": status is not None
        and is_partial(Coverage(reported=status.reported, expected=status.expected), snapshot.rules),
        "series": drawn,
        "beside": None if drawn is None else _beside(user, indicator, drawn, asked),
        "places": cells.places(snapshot.rule),
        **periods(user, indicator, snapshot),
        "is_text": is_text,
        "noticed": None if is_text else noticed_text(snapshot),
        "alerts": alert_lines(user, indicator=indicator),
        "agreements": len(revisions),
        "first_target": _first_target(indicator, revisions),
        "sign_offs": _sign_offs(user, indicator),
        "aftermaths": aftermaths,
        "talk": talk_about(user, indicator),
        "proposal": TargetProposal.objects.visible_to(user)
        .filter(indicator=indicator, state="pending")
        .first()
        if with_people(user)
        else None,
        "usual": snapshot.rules,
        "shows_people": with_people(user),
    }


def _drawn(
    indicator: ProgrammeIndicator, snapshot: Snapshot, projected: Forecast | Refusal, marks: Marks
) -> IndicatorSeries | None:
    return indicator_series(indicator, snapshot, None if isinstance(projected, Refusal) else projected, marks)


def drawn_values(user: User, indicator: ProgrammeIndicator) -> dict[str, Any]:
    """What the chart draws, for the table behind it."""
    snapshot = load_snapshot(indicator)
    projected = forecast(snapshot.series, snapshot.rule, snapshot.plan, snapshot.as_of)
    marks = marks_of(
        user, indicator, revisions_of(user, indicator), adjustments.of_indicator(user, indicator)
    )
    return {
        "series": _drawn(indicator, snapshot, projected, marks),
        "places": cells.places(snapshot.rule),
    }


def _beside(
    user: User, indicator: ProgrammeIndicator, drawn: IndicatorSeries, asked: Mapping[str, str]
) -> ContextBeside | None:
    since, until = drawn.reach() or (None, None)
    return context_beside(
        user,
        indicator,
        code=asked.get("context", "")[:30],
        country=asked.get("country", "")[:8],
        since=since,
        until=until,
    )


def _period_keys(indicator: ProgrammeIndicator) -> dict[tuple[date, str], str]:
    """Where the value of each period is explained, by first day and label. One query."""
    rows = ReportingPeriod.objects.filter(programme=indicator.programme_id, frequency=indicator.frequency)
    return {
        (starts_on, label): f"{indicator.pk}-{pk}"
        for pk, starts_on, label in rows.values_list("pk", "starts_on", "label")
    }


def _facts(
    status: IndicatorStatus | None, judgement: dict[str, Any], snapshot: Snapshot
) -> list[tuple[str, str]]:
    """The figures beside the current value, each with its meaning."""
    if status is None:
        return []
    rule = snapshot.rule
    original = judgement.get("achievement_original")
    rows = [
        (_("Planned by then"), cells.amount(status.planned_value, rule).text),
        (_("Achievement against the current target"), format_share(status.achievement)),
        (
            _("Achievement against the first target"),
            format_share(None if original is None else Decimal(original)),
        ),
        (_("Due by then"), format_share(status.expected_achievement)),
        (_("Pace needed, against the pace so far"), _pace(judgement.get("required_pace"))),
        (_("Trend"), _trend(judgement["trend"])),
        (_("Current until"), cells.day(status.stale_from).text),
    ]
    return [(label, text) for label, text in rows if text not in {"", cells.MISSING}]


def _pace(pace: str | None) -> str:
    return "" if pace is None else f"{format_number(Decimal(pace), 2)} ×"


def _trend(trend: dict[str, Any]) -> str:
    """The word, with the slope's interval where there is one; "no evidence" is not "stable"."""
    word = str(TrendWord(trend["word"]).label)
    slope, low, high = trend.get("slope_per_year"), trend.get("low"), trend.get("high")
    if slope is None:
        return f"{word} ({say(trend['refusal']['message'])})" if trend.get("refusal") else word
    said = _("%(word)s: %(slope)s a year") % {"word": word, "slope": _short(slope)}
    if low is not None and high is not None:
        said += _(" (95 %% interval %(low)s to %(high)s)") % {"low": _short(low), "high": _short(high)}
    return said + _(", %(n)s points") % {"n": trend["n"]}


def _short(value: float) -> str:
    return format_number(Decimal(repr(value)), 2)


def _first_target(indicator: ProgrammeIndicator, revisions: list[TargetRevision]) -> dict[str, Cell] | None:
    """The first target, where it is not the present one any more; revisions newest first."""
    if len(revisions) < 2:
        return None
    first, now = revisions[-1], revisions[0]
    kept = all(
        getattr(first, name) == getattr(now, name)
        for name in ("target", "target_on", "range_low", "range_high")
    )
    return None if kept else plan_cells(indicator, first)


def _sign_offs(user: User, indicator: ProgrammeIndicator) -> list[SignOff]:
    """Agreements and refusals alike; a partner viewer sees its own nation's."""
    found = SignOff.objects.visible_to(user).filter(indicator=indicator)
    if not with_people(user):
        found = found.filter(partner=user.partner_id)
    return list(found.select_related("partner", "by", "revision").order_by("-at"))


__all__ = ["context", "every_indicator", "figure_table", "load_snapshot", "period_table", "with_people"]
