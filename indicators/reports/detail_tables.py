"""The tables behind one thing: an indicator's periods and figures, an assessment's verdicts, a published series."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from decimal import Decimal

from django.utils.translation import gettext as _

from indicators.engine.achievement import planned_value
from indicators.engine.codec import from_json
from indicators.engine.timeline import effective_time_rule
from indicators.engine.types import IndicatorRule, Refusal, Snapshot, TimeRule
from indicators.models import (
    AssessmentRun,
    ContextRelease,
    ContextSeries,
    ContextValue,
    Kind,
    Observation,
    ProgrammeIndicator,
    Verdict,
)
from indicators.reports import cells
from indicators.reports.cells import Cell
from indicators.reports.tables import Column, Row, Table, day_column, number_column, text_column, trend_cell
from indicators.reports.wording import say

Z_95 = Decimal("1.959964")


def period_columns(*, has_parts: bool, is_running_total: bool) -> list[Column]:
    parts = [number_column("numerator", _("Numerator")), number_column("denominator", _("Denominator"))]
    return [
        text_column("period", _("Period")),
        day_column("starts_on", _("From")),
        day_column("ends_on", _("To")),
        number_column("value", _("Value")),
        *([number_column("total", _("Total so far"))] if is_running_total else []),
        *(parts if has_parts else []),
        number_column("planned", _("Planned")),
        number_column("n", _("Cases")),
        number_column("standard_error", _("Standard error")),
        number_column("reported", _("Reported")),
        number_column("expected", _("Expected")),
        text_column("refusal", _("Why there is no value")),
        number_column("corrections", _("Corrections")),
    ]


def indicator_table(
    indicator: ProgrammeIndicator, snapshot: Snapshot, corrections: Mapping[tuple[date, str], int]
) -> Table:
    """The periods of one indicator; those that fell due without data are there, with their gap."""
    rule = snapshot.rule
    is_total = effective_time_rule(rule) is TimeRule.SUM
    rows, total = [], snapshot.plan.baseline or Decimal(0)
    for period in snapshot.series:
        planned = planned_value(snapshot.plan, period.ends_on)
        after_baseline = snapshot.plan.baseline_on is None or period.ends_on > snapshot.plan.baseline_on
        if period.value is not None and after_baseline:
            total += period.value
        refusal = say(period.refusal.message) if period.refusal else ""
        if period.value is None and not refusal:
            refusal = _("Nothing reported") if period.reported == 0 else _("Reported without a figure")
        rows.append(
            Row(
                cells={
                    "period": cells.words(period.label),
                    "starts_on": cells.day(period.starts_on),
                    "ends_on": cells.day(period.ends_on),
                    "value": cells.amount(period.value, rule),
                    "total": cells.amount(total if period.value is not None else None, rule),
                    "numerator": cells.number(period.numerator),
                    "denominator": cells.number(period.denominator),
                    "planned": cells.amount(None if isinstance(planned, Refusal) else planned, rule),
                    "n": cells.count(period.n),
                    "standard_error": cells.number(period.standard_error, 3),
                    "reported": cells.count(period.reported),
                    "expected": cells.count(period.expected),
                    "refusal": cells.words(refusal),
                    "corrections": cells.count(corrections.get((period.starts_on, period.label), 0)),
                },
                about=period,
                is_illustrative=indicator.programme.is_illustrative,
                marking=indicator.marking,
            )
        )
    return Table(
        name="indicator",
        key=f"{indicator.programme.code}-{indicator.definition.code}-{indicator.pk}",
        title=str(indicator),
        columns=period_columns(has_parts=bool(indicator.version.numerator_label), is_running_total=is_total),
        rows=rows,
        as_of=snapshot.as_of,
    )


def observation_table(
    indicator: ProgrammeIndicator, observations: Iterable[Observation], *, as_of: date, with_people: bool
) -> Table:
    """Every accepted figure of an indicator as it was entered, by unit and disaggregation."""
    columns = [
        text_column("period", _("Period")),
        day_column("starts_on", _("From")),
        day_column("ends_on", _("To")),
        text_column("unit_name", _("Reporting unit")),
        text_column("cell", _("Disaggregation")),
        number_column("numerator", _("Numerator")),
        number_column("denominator", _("Denominator")),
        number_column("value", _("Value")),
        text_column("text", _("Text")),
        text_column("missing", _("Why there is no figure")),
        number_column("standard_error", _("Standard error")),
        number_column("n", _("Cases")),
        day_column("as_of", _("As of")),
        text_column("reliability", _("Reliability of the source")),
        text_column("credibility", _("Credibility")),
        text_column("comment", _("Comment")),
        text_column("entered_by", _("Entered by")),
        day_column("entered_on", _("Entered on")),
        text_column("decided_by", _("Accepted by")),
        day_column("decided_on", _("Accepted on")),
        text_column("correction", _("Correction: why")),
    ]
    return Table(
        name="observations",
        key=f"{indicator.programme.code}-{indicator.definition.code}-{indicator.pk}",
        title=_("Accepted figures of %(name)s") % {"name": indicator},
        columns=columns,
        rows=[_observation_row(indicator, one, with_people=with_people) for one in observations],
        as_of=as_of,
    )


def _observation_row(indicator: ProgrammeIndicator, one: Observation, *, with_people: bool) -> Row:
    missing = one.get_missing_reason_display() if one.missing_reason else ""
    if getattr(one, "is_left_out", False):
        missing = _("Left out: few people")
    decided_on = one.decided_at.date() if one.decided_at else None
    return Row(
        cells={
            "period": cells.words(one.period.label),
            "starts_on": cells.day(one.period.starts_on),
            "ends_on": cells.day(one.period.ends_on),
            "unit_name": cells.words(one.unit),
            "cell": cells.words(one.cell),
            "numerator": cells.number(one.numerator),
            "denominator": cells.number(one.denominator),
            "value": cells.amount(one.value, indicator.version.rule()),
            "text": cells.words(one.text),
            "missing": cells.words(missing),
            "standard_error": cells.number(one.standard_error, 3),
            "n": cells.count(one.sample_size),
            "as_of": cells.day(one.as_of),
            "reliability": cells.words(one.get_reliability_display()),
            "credibility": cells.words(one.get_credibility_display()),
            "comment": cells.words(one.comment if with_people else ""),
            "entered_by": cells.words(one.entered_by if with_people else ""),
            "entered_on": cells.day(one.entered_at.date()),
            "decided_by": cells.words(one.decided_by if with_people else ""),
            "decided_on": cells.day(decided_on),
            "correction": cells.words(one.correction_reason),
        },
        about=one,
        is_illustrative=indicator.programme.is_illustrative,
        marking=one.marking,
    )


def assessment_columns(kind: str) -> list[Column]:
    head = [
        text_column("code", _("Indicator code")),
        text_column("name", _("Indicator")),
        text_column("partner", _("Partner")),
        text_column("unit", _("Unit")),
    ]
    tail = [
        text_column("refusal_code", _("Refusal code")),
        text_column("refusal", _("Reason for the refusal")),
        number_column("reported", _("Reported")),
        number_column("expected", _("Expected")),
        text_column("method", _("Method")),
        text_column("input_hash", _("Inputs (hash)")),
    ]
    if kind == Kind.EX_POST:
        return [
            *head,
            text_column("course", _("Course run")),
            text_column("question", _("Question")),
            number_column("value", _("Result")),
            number_column("low", _("From")),
            number_column("high", _("To")),
            text_column("scale", _("Scale")),
            text_column("confidence", _("Confidence")),
            *tail,
        ]
    return [
        *head,
        number_column("baseline", _("Baseline")),
        number_column("target", _("Target")),
        number_column("value", _("Value")),
        day_column("as_of", _("As of")),
        number_column("achievement", _("Achievement (share)")),
        number_column("index", _("On-track index")),
        text_column("status", _("Status")),
        text_column("trend", _("Trend")),
        *tail,
    ]


def assessment_table(run: AssessmentRun, verdicts: Iterable[Verdict]) -> Table:
    """The frozen verdicts of one assessment, as they were stored."""
    return Table(
        name="assessment",
        key=f"{run.programme.code}-{run.kind}-{run.as_of}-r{run.revision}",
        title=f"{run.programme.code} {run.label}",
        columns=assessment_columns(run.kind),
        rows=[verdict_row(run, verdict) for verdict in verdicts],
        as_of=run.as_of,
        method_version=run.method_version,
        notes=[
            _("Frozen on %(day)s; later corrections do not change it.") % {"day": run.finished_at.date()},
            _("Inputs (hash): %(hash)s") % {"hash": run.input_hash},
        ],
    )


def verdict_row(run: AssessmentRun, verdict: Verdict) -> Row:
    indicator, result = verdict.indicator, verdict.result
    refusal = result.get("refusal")
    shown: dict[str, Cell] = {
        "code": cells.words(indicator.definition.code),
        "name": cells.words(indicator.name),
        "partner": cells.words(indicator.partner),
        "unit": cells.words(indicator.version.unit),
        "refusal_code": cells.words(verdict.refusal_code),
        "refusal": cells.words(say(refusal["message"]) if refusal else ""),
        "reported": cells.count(verdict.reported),
        "expected": cells.count(verdict.expected),
        "method": cells.words(result.get("method") or verdict.method),
        "input_hash": cells.words(verdict.input_hash),
        "course": cells.words(verdict.course_run),
        "confidence": cells.words(confidence_word(verdict.confidence)),
    }
    shown |= _judged_cells(verdict) if verdict.method == "judge" else _computed_cells(verdict)
    return Row(
        cells=shown,
        about=verdict,
        is_illustrative=run.programme.is_illustrative,
        marking=indicator.marking,
    )


def confidence_word(code: str) -> str:
    """The word of a confidence; empty for a refusal, which has none."""
    words = {"high": _("High"), "moderate": _("Moderate"), "low": _("Low")}
    return words.get(code, "")


def _judged_cells(verdict: Verdict) -> dict[str, Cell]:
    """Of a judgement; baseline and target are those of its own inputs, not today's."""
    rule, plan = from_json(IndicatorRule, verdict.inputs["rule"]), verdict.inputs["plan"]
    value_on = verdict.result.get("value_on")
    borders = (Decimal(plan["at_risk_from"]), Decimal(plan["on_track_from"]))
    return {
        "baseline": cells.amount(_decimal(plan["baseline"]), rule),
        "target": cells.amount(_decimal(plan["target"]), rule),
        "value": cells.amount(verdict.value, rule),
        "as_of": cells.day(date.fromisoformat(value_on) if value_on else None),
        "achievement": cells.share(verdict.achievement),
        "index": cells.index(verdict.on_track_index, borders),
        "status": cells.status(verdict.status),
        "trend": trend_cell(verdict.trend),
        "question": cells.words(_("Where it stands at the end")),
    }


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _computed_cells(verdict: Verdict) -> dict[str, Cell]:
    """Of an ex-post computation: a difference, a ratio of rates, a share kept, a standardised gain."""
    question = verdict.inputs.get("question")
    scale, write = scale_of(verdict)
    return {
        "value": write(verdict.value),
        "low": write(verdict.low),
        "high": write(verdict.high),
        "scale": cells.words(scale),
        "question": cells.words(say(question) if question else verdict.method),
    }


def scale_of(verdict: Verdict) -> tuple[str, Callable[[Decimal | None], Cell]]:
    """In which scale an ex-post result is said, and how its figures are written."""
    match verdict.inputs.get("compute"):
        case "paired_gain":
            return _("Hedges g (standard deviations)"), cells.number
        case "retention" | "series_retention":
            return _("share of the gain"), cells.share
        case _:
            if verdict.result.get("params", {}).get("kind") == "rate_ratio":
                return _("ratio of the rates (1 = no change)"), cells.number
            if verdict.inputs.get("rule", {}).get("scale") == "100":
                return _("percentage points"), cells.number
            return _("change in the indicator's unit"), cells.number


def context_table(series: ContextSeries, values: Iterable[ContextValue], *, as_of: date) -> Table:
    """A published series by country and period, with its own uncertainty and where it comes from."""
    columns = [
        text_column("country", _("Country")),
        text_column("country_code", _("Code")),
        day_column("starts_on", _("From")),
        day_column("ends_on", _("To")),
        number_column("value", _("Value")),
        number_column("standard_error", _("Standard error")),
        number_column("low", _("95 % interval from")),
        number_column("high", _("95 % interval to")),
        text_column("unit", _("Unit")),
        text_column("vintage", _("Vintage")),
        text_column("source", _("Source")),
        text_column("licence", _("Licence")),
    ]
    return Table(
        name="context",
        key=series.code,
        title=series.name,
        columns=columns,
        rows=[_context_row(series, value.release, value) for value in values],
        as_of=as_of,
        notes=[
            _("Publisher: %(name)s") % {"name": series.publisher},
            _("Licence: %(name)s") % {"name": series.licence},
            _("Conditions beside the programmes; correlation is no effect."),
        ],
    )


def _context_row(series: ContextSeries, release: ContextRelease, value: ContextValue) -> Row:
    error = value.standard_error
    digits = 0 if value.value == value.value.to_integral_value() and error is None else 2
    reach = None if error is None else Z_95 * error
    return Row(
        cells={
            "country": cells.words(value.partner),
            "country_code": cells.words(value.partner.code),
            "starts_on": cells.day(value.starts_on),
            "ends_on": cells.day(value.ends_on),
            "value": cells.number(value.value, digits),
            "standard_error": cells.number(error),
            "low": cells.number(None if reach is None else value.value - reach),
            "high": cells.number(None if reach is None else value.value + reach),
            "unit": cells.words(series.unit),
            "vintage": cells.words(release.vintage),
            "source": cells.words(release.source),
            "licence": cells.words(series.licence),
        },
        about=value,
        marking="PUBLIC",
    )
