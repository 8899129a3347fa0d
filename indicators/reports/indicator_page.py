"""One indicator: where it stands, how that came about, what it rests on. Reads only."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Count, QuerySet
from django.utils.translation import gettext as _

from indicators.charts import IndicatorSeries
from indicators.commenting import counts_of, talk_about
from indicators.disclosure import is_about_people, sees_small_cells, shown_to
from indicators.engine.display import format_number, format_share
from indicators.engine.forecast import forecast
from indicators.engine.quality import is_partial
from indicators.engine.types import Coverage, Refusal, Snapshot, ValueType
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
from indicators.reports.breakdowns import newest_breakdown
from indicators.reports.cells import Cell
from indicators.reports.chart_marks import marks_of
from indicators.reports.context_beside import ContextBeside, context_beside
from indicators.reports.data_quality import quality_block
from indicators.reports.detail_tables import indicator_table, observation_table
from indicators.reports.explained_status import (
    explain_status,
    status_sentence,
    visible_observations,
    with_people,
)
from indicators.reports.explanation import explanation_table
from indicators.reports.forecasting import forecast_block
from indicators.reports.history import history_of
from indicators.reports.queries import every_indicator, status_of, today
from indicators.reports.series import indicator_series
from indicators.reports.signals import alert_lines, chart_kind, signal_block
from indicators.reports.tables import Table, indicator_row, plan_cells
from indicators.reports.wording import refusal_text, say, status_now
from indicators.snapshots import load_indicators, load_snapshots
from indicators.tracing import trace_of

PAGE = 20
RECENT = 6
"""Periods that are shown without unfolding."""
LISTED = 10
"""Contributing figures that the page lists itself; files and the machine door list all."""


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


def period_table(user: User, indicator: ProgrammeIndicator, snapshot: Snapshot) -> Table:
    return indicator_table(indicator, snapshot, corrections_of(user, indicator))


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


def context(
    user: User, indicator: ProgrammeIndicator, *, page: str | None, asked: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Everything that the page shows. `indicator` comes from `every_indicator`.

    Args:
        asked: what the address names: `chart` (a control chart), `context` and `country` (a published series beside),
            `history` and `hpage` (a kind of what happened, and which page of it).
    """
    asked = asked or {}
    snapshot = load_snapshot(indicator)
    status = status_of(indicator)
    revisions = list(
        TargetRevision.objects.visible_to(user)
        .filter(indicator=indicator)
        .select_related("created_by", "decision")
        .prefetch_related("milestones")
        .order_by("-number")
    )
    projected = forecast(snapshot.series, snapshot.rule, snapshot.plan, snapshot.as_of)
    judgement = status.judgement if status is not None else {}
    table = period_table(user, indicator, snapshot)
    keys = _period_keys(indicator)
    for row in table.rows:
        row.explain_key = keys.get((row.about.starts_on, row.about.label), "")
    everything = visible_observations(user, indicator)
    observations = _page(everything, page)
    observations.object_list = shown_to(user, observations.object_list)
    aftermaths = adjustments.of_indicator(user, indicator)
    drawn = indicator_series(
        indicator,
        snapshot,
        None if isinstance(projected, Refusal) else projected,
        marks_of(user, indicator, revisions, aftermaths),
    )
    broken_down = newest_breakdown(indicator, everything)
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
        "explanation": explain_status(user, indicator, snapshot, most=LISTED),
        "facts": _facts(status, judgement, snapshot),
        "forecast": None if is_text else forecast_block(projected, snapshot),
        "is_partial": status is not None
        and is_partial(Coverage(reported=status.reported, expected=status.expected), snapshot.rules),
        "series": drawn,
        "beside": None if drawn is None else _beside(user, indicator, drawn, asked),
        "places": cells.places(snapshot.rule),
        "table": table,
        "period_rows": table.rows[::-1][:RECENT],
        "earlier_rows": table.rows[::-1][RECENT:],
        "has_parts": snapshot.rule.value_type is ValueType.RATIO,
        "has_total": any(column.key == "total" for column in table.columns),
        "is_text": is_text,
        "observations": observations,
        "breakdown": broken_down,
        "signals": None if is_text else signal_block(indicator, snapshot, chart_kind(asked.get("chart"))),
        "alerts": alert_lines(user, indicator=indicator),
        "quality": quality_block(indicator, snapshot, mismatches=len(broken_down.mismatches)),
        "revisions": [{"revision": one, "cells": plan_cells(indicator, one)} for one in revisions],
        "first_target": _first_target(indicator, revisions),
        "pages_through": page is not None,
        "sign_offs": _sign_offs(user, indicator),
        "aftermaths": aftermaths,
        "talk": talk_about(user, indicator),
        "figure_comments": counts_of(user, "observation", [one.pk for one in observations.object_list]),
        "history": history_of(
            user,
            indicator,
            revisions,
            aftermaths,
            kind=asked.get("history", ""),
            page=asked.get("hpage", ""),
        ),
        "proposal": TargetProposal.objects.visible_to(user)
        .filter(indicator=indicator, state="pending")
        .first()
        if with_people(user)
        else None,
        "usual": snapshot.rules,
        "shows_people": with_people(user),
        **_computation(user, indicator),
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


def _computation(user: User, indicator: ProgrammeIndicator) -> dict[str, Any]:
    """The formula in words with the numbers of each period; nothing where a source is not released to the person."""
    if not indicator.is_computed:
        return {}
    found = ProgrammeIndicator.objects.with_hidden_sources(user).filter(pk=indicator.pk)
    if found.get().has_hidden_sources:  # type: ignore[attr-defined]
        return {}
    trace = trace_of(indicator, last=RECENT)
    if trace is None:
        return {}
    about_people = any(is_about_people(one.version) for one in trace.sources)
    hides = trace.has_cells and about_people and not sees_small_cells(user, indicator)
    return {
        "trace": trace,
        "trace_steps": [
            (one.label, _("left out: few people") if hides else one.calculation, one.result or one.why_none)
            for one in trace.rows
        ],
        "trace_sources": [
            (f"{one.definition.code} {one.name}", one.get_absolute_url()) for one in trace.sources
        ],
    }


def _period_keys(indicator: ProgrammeIndicator) -> dict[tuple[date, str], str]:
    """Where the value of each period is explained, by first day and label. One query."""
    rows = ReportingPeriod.objects.filter(programme=indicator.programme_id, frequency=indicator.frequency)
    return {
        (starts_on, label): f"{indicator.pk}-{pk}"
        for pk, starts_on, label in rows.values_list("pk", "starts_on", "label")
    }


def _page(observations: QuerySet[Observation], number: str | None) -> Page[Observation]:
    return Paginator(observations, PAGE).get_page(number)


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
