"""The verdicts of a frozen assessment as a table: judgements, and the answers to ex-post questions."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from indicators.engine.codec import from_json
from indicators.engine.types import IndicatorRule
from indicators.models import AssessmentRun, ExPostMethod, Kind, Verdict
from indicators.reports import cells
from indicators.reports.cells import Cell
from indicators.reports.tables import Column, Row, Table, day_column, number_column, text_column, trend_cell
from indicators.reports.wording import say, say_all

CODE = re.compile(r"\b([CT]\d+)\b")
"""What those compared are called in a frozen answer."""


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
            text_column("standing", _("Planned or exploratory")),
            number_column("p_raw", _("p")),
            number_column("p_adjusted", _("p, adjusted in its family")),
            text_column("compared", _("Compared with")),
            text_column("method_reason", _("Why not the proposed method")),
            text_column("said", _("In words")),
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


def assessment_table(
    run: AssessmentRun, verdicts: Iterable[Verdict], names: Mapping[int, Mapping[str, str]] | None = None
) -> Table:
    """The frozen verdicts of one assessment, as they were stored.

    Args:
        names: verdict → what its codes for those compared stand for, as far as the reader sees them.
    """
    return Table(
        name="assessment",
        key=f"{run.programme.code}-{run.kind}-{run.as_of}-r{run.revision}",
        title=f"{run.programme.code} {run.label}",
        columns=assessment_columns(run.kind),
        rows=[verdict_row(run, verdict, (names or {}).get(verdict.pk)) for verdict in verdicts],
        as_of=run.as_of,
        method_version=run.method_version,
        notes=[
            _("Frozen on %(day)s; later corrections do not change it.") % {"day": run.finished_at.date()},
            _("Inputs (hash): %(hash)s") % {"hash": run.input_hash},
        ],
    )


def verdict_row(run: AssessmentRun, verdict: Verdict, names: Mapping[str, str] | None = None) -> Row:
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
    shown |= _judged_cells(verdict) if verdict.method == "judge" else _computed_cells(verdict, names)
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


def _computed_cells(verdict: Verdict, names: Mapping[str, str] | None = None) -> dict[str, Cell]:
    """Of an ex-post computation: a difference, a ratio of rates, a share kept, a standardised gain."""
    question = verdict.inputs.get("question")
    params = verdict.result.get("params", {})
    names = names or {}
    scale, write = scale_of(verdict)
    return {
        "value": write(verdict.value),
        "low": write(verdict.low),
        "high": write(verdict.high),
        "scale": cells.words(scale),
        "question": cells.words(said_question(question) if question else verdict.method),
        "standing": cells.words(standing_word(verdict)),
        "p_raw": _p_value(params.get("p_raw")) if "p_adjusted" in params else cells.EMPTY,
        "p_adjusted": _p_value(params.get("p_adjusted")),
        "compared": cells.words(", ".join(name for code, name in names.items() if code.startswith("C"))),
        "method_reason": cells.words(verdict.inputs.get("method_reason", "")),
        "said": cells.words(named(say_all(verdict.result.get("sentence", [])), names)),
    }


def said_question(question: Mapping[str, Any]) -> str:
    """The question in the reader's language; a method in it by its name."""
    method = question.get("params", {}).get("method")
    if method in ExPostMethod.values:
        question = {**question, "params": {"method": str(ExPostMethod(method).label)}}
    return say(question)


def standing_word(verdict: Verdict) -> str:
    """Planned, or exploratory; and whether the plan was changed after the start."""
    flags = verdict.result.get("flags", [])
    word = _("Exploratory") if "EXPLORATORY" in flags else _("Planned before the start")
    return _("%(word)s; plan changed after the start") % {"word": word} if "PLAN_CHANGED" in flags else word


def named(text: str, names: Mapping[str, str]) -> str:
    """A text of a frozen answer with names in the place of the codes C1, T1 …"""
    return CODE.sub(lambda found: names.get(found[1], found[1]), text) if names else text


def _p_value(value: float | None) -> Cell:
    return cells.EMPTY if value is None else cells.fixed(Decimal(repr(float(value))), 4)


SCALES = {
    "paired_gain": gettext_lazy("Hedges g"),
    "paired_gain_with_comparison": gettext_lazy("Morris d_ppc2"),
    "ordinal_maturity": gettext_lazy("levels"),
    "contribution_rating": gettext_lazy("rating from 0 to 4"),
}
SHARES = {
    "retention": gettext_lazy("share of the gain"),
    "series_retention": gettext_lazy("share of the gain"),
    "share_kept": gettext_lazy("share kept"),
}


def scale_of(verdict: Verdict) -> tuple[str, Callable[[Decimal | None], Cell]]:
    """In which scale an ex-post result is said, and how its figures are written."""
    compute = verdict.inputs.get("compute")
    if compute in SHARES:
        return str(SHARES[compute]), cells.share
    if compute == "contribution_rating":
        return str(SCALES[compute]), whole
    if compute in SCALES:
        return str(SCALES[compute]), two_decimals
    if verdict.result.get("params", {}).get("kind") == "rate_ratio":
        return _("ratio of the rates (1 = no change)"), two_decimals
    if verdict.inputs.get("rule", {}).get("scale") == "100":
        return _("percentage points"), two_decimals
    return _("change in the indicator's unit"), two_decimals


def whole(value: Decimal | None) -> Cell:
    return cells.fixed(value, 0)


def two_decimals(value: Decimal | None) -> Cell:
    return cells.fixed(value, 2)
