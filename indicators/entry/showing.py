"""What stands beside an entry: earlier values, the plan, the explained status, the history. Reads only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import F, Window
from django.db.models.functions import RowNumber
from django.utils import timezone
from django.utils.translation import gettext as _

from indicators.engine.achievement import planned_value
from indicators.engine.codec import judgement_from_json
from indicators.engine.display import format_number, format_value
from indicators.engine.rules import Rules
from indicators.engine.types import Message
from indicators.entry.cells import cell_label
from indicators.entry.checks import HISTORY_LENGTH, figure_warnings, in_words, shown_value
from indicators.entry.unusual import twins_of
from indicators.models import (
    Event,
    IndicatorStatus,
    IndicatorVersion,
    MissingReason,
    Observation,
    ProgrammeIndicator,
    Rollup,
    State,
    ValueType,
    rules_on,
)
from indicators.templatetags.ui import with_days

LAST_VALUES = 5
LINE_LENGTH = 12


def figure_text(version: IndicatorVersion, figures: Mapping[str, Any]) -> str:
    """One figure in words: ``30 of 60 = 50 %``, ``12``, ``Level 3``, the text, or why there is none."""
    if figures["missing_reason"]:
        return str(MissingReason(figures["missing_reason"]).label)
    if version.value_type == ValueType.TEXT:
        return str(figures["text"])
    value = shown_value(version, figures)
    if value is None:
        return "–"
    if version.value_type in {ValueType.BINARY, ValueType.MILESTONE}:
        return _("Yes") if value == 1 else _("No")
    if version.value_type == ValueType.RATIO:
        parts = {
            "part": format_number(figures["numerator"], 6),
            "whole": format_number(figures["denominator"], 6),
            "share": format_value(value, version.rule()),
        }
        return _("%(part)s of %(whole)s = %(share)s") % parts
    if version.value_type == ValueType.ORDINAL:
        labels = {Decimal(str(one["level"])): one.get("label", "") for one in version.levels}
        return " — ".join(filter(None, [format_value(value, version.rule()), labels.get(value, "")]))
    return format_value(value, version.rule())


def observation_text(observation: Observation) -> str:
    """The figure of a stored observation in words; where it is left out, that it is."""
    if getattr(observation, "is_left_out", False):
        return _("left out: few people")
    return figure_text(observation.indicator.version, vars(observation))


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """What an officer sees beside the field."""

    last: Sequence[tuple[str, str, str]]
    """Period, address of the figure (none for a roll-up), value; newest first."""
    line: Sequence[Decimal | None]
    """Oldest first, for the small drawing."""
    baseline: str
    target: str
    planned: str
    target_on: date | None
    unit_name: str
    is_rolled_up: bool
    """No unit is chosen yet: the values are those of all units together."""


def load_beside(indicator: ProgrammeIndicator, *, unit: Any, cell: str, on: date) -> Beside:
    """Two queries: the last approved values of this place, and the plan's milestones."""
    is_rolled_up = unit is None and bool(indicator.units.all())
    newest, line = _rolled_up(indicator) if is_rolled_up else _approved(indicator, unit, cell)
    version, plan = indicator.version, indicator.plan
    rule = version.rule()
    planned: Any = None
    if plan is not None:
        planned = planned_value(plan.as_plan(), on)
    return Beside(
        last=newest[:LAST_VALUES],
        line=line[::-1],
        baseline=format_value(plan.baseline if plan else None, rule),
        target=format_value(plan.target if plan else None, rule),
        planned=format_value(planned if isinstance(planned, Decimal) else None, rule),
        target_on=plan.target_on if plan else None,
        unit_name=unit.name if unit else "",
        is_rolled_up=is_rolled_up,
    )


Earlier = tuple[list[tuple[str, str, str]], list[Decimal | None]]
"""Period, address and text of each earlier value, and the values; newest first."""


def _approved(indicator: ProgrammeIndicator, unit: Any, cell: str) -> Earlier:
    version = indicator.version
    rows = (
        Observation.objects.current()
        .filter(indicator=indicator, unit=unit, cell=cell)
        .select_related("period")
        .order_by("-period__starts_on", "-pk")[:LINE_LENGTH]
    )
    shown = [(row.period.label, row.get_absolute_url(), figure_text(version, vars(row))) for row in rows]
    return shown, [shown_value(version, vars(row)) for row in rows]


def _rolled_up(indicator: ProgrammeIndicator) -> Earlier:
    rule = indicator.version.rule()
    rows = (
        Rollup.objects.filter(indicator=indicator)
        .select_related("period")
        .order_by("-period__starts_on", "-pk")[:LINE_LENGTH]
    )
    return [(row.period.label, "", format_value(row.value, rule)) for row in rows], [
        row.value for row in rows
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainedStatus:
    """An indicator's status as pages show it, with the steps behind it."""

    status: str
    sentence: str
    refusal: str
    value: str
    is_approximate: bool
    steps: Sequence[tuple[str, str, str]]


def load_status(indicator: ProgrammeIndicator, *, today: date) -> ExplainedStatus | None:
    """The stored status, as of today; None before the first approval. One query."""
    stored = IndicatorStatus.objects.at(today).filter(indicator=indicator).first()
    if stored is None:
        return None
    judgement = judgement_from_json(stored.judgement)
    return ExplainedStatus(
        status=stored.status_now,  # type: ignore[attr-defined]
        sentence=" ".join(_translated(judgement.sentence)),
        refusal=in_words(judgement.refusal.message) if judgement.refusal else "",
        value=format_value(judgement.value, indicator.version.rule()),
        is_approximate=judgement.is_approximate,
        steps=[
            (
                in_words(step.label),
                with_days(" = ".join(filter(None, [step.rule, step.substituted]))),
                step.result,
            )
            for step in judgement.steps
        ],
    )


def _translated(messages: Iterable[Message]) -> list[str]:
    return [in_words(message) for message in messages]


# --- History -----------------------------------------------------------------------------------------------------


def event_words(verb: str) -> tuple[str, str]:
    """Word and icon of a verb of the audit trail."""
    words = {
        "recorded": (_("Recorded"), "pencil"),
        "imported": (_("Imported"), "upload"),
        "changed": (_("Changed"), "pencil"),
        "submitted": (_("Submitted"), "send"),
        "approved": (_("Approved"), "check"),
        "returned": (_("Returned"), "undo"),
        "rejected": (_("Rejected"), "x"),
        "corrected": (_("Correction submitted"), "history"),
        "superseded": (_("Replaced by a correction"), "history"),
        "evidence added": (_("Evidence added"), "paperclip"),
    }
    return words.get(verb, (verb, "minus"))


def load_trail(observation: Observation, user: Any) -> list[dict[str, Any]]:
    """The audit trail of one observation as timeline entries, newest first; without words where it is left out."""
    is_left_out = getattr(observation, "is_left_out", False)
    events = Event.objects.visible_to(user).filter(about_type="observation", about_id=observation.pk)
    entries = []
    for event in events:
        title, icon = event_words(event.verb)
        entries.append(
            {
                "icon": icon,
                "title": title,
                "text": "" if is_left_out else event.reason,
                "at": event.at,
                "by": event.by_name,
            }
        )
    return entries


def load_chain(observation: Observation) -> list[Observation]:
    """All figures that ever stood in this place, newest first. One query."""
    return list(
        Observation.objects.filter(
            indicator=observation.indicator_id,
            period=observation.period_id,
            unit=observation.unit_id,
            cell=observation.cell,
        )
        .select_related("entered_by", "decided_by", "indicator__version", "indicator__programme")
        .order_by("-pk")
    )


# --- Review ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewLine:
    """A submitted observation with what an approver compares it with."""

    observation: Observation
    text: str
    cell: str
    previous: str
    previous_label: str
    replaces: str
    """For a correction: the figure in force."""
    warnings: Sequence[str]
    why_not: str


def review_lines(observations: Sequence[Observation], why_not: Mapping[int, str]) -> list[ReviewLine]:
    """The submitted observations beside the last approved value of their place. Three queries, however many."""
    histories, rules = _load_histories(observations), rules_on(timezone.localdate())
    twins = twins_of(observations)
    lines = [_review_line(one, histories, why_not.get(one.pk, ""), rules) for one in observations]
    return [
        replace(line, warnings=[*line.warnings, *twins[one.pk]])
        for one, line in zip(observations, lines, strict=True)
    ]


Place = tuple[int, int | None, str]


def _load_histories(observations: Sequence[Observation]) -> dict[Place, list[Observation]]:
    """The newest approved values of each place, newest first."""
    rows = (
        Observation.objects.current()
        .filter(
            indicator__in={one.indicator_id for one in observations},
            cell__in={one.cell for one in observations},
        )
        .annotate(
            place=Window(
                RowNumber(),
                partition_by=[F("indicator"), F("unit"), F("cell")],
                order_by=[F("period__starts_on").desc(), F("pk").desc()],
            )
        )
        .filter(place__lte=HISTORY_LENGTH + 1)
        .select_related("period")
        .order_by("-period__starts_on", "-pk")
    )
    found: dict[Place, list[Observation]] = {}
    for row in rows:
        found.setdefault((row.indicator_id, row.unit_id, row.cell), []).append(row)
    return found


def _review_line(
    one: Observation, histories: Mapping[Place, list[Observation]], why_not: str, rules: Rules
) -> ReviewLine:
    version = one.indicator.version
    place = histories.get((one.indicator_id, one.unit_id, one.cell), [])
    earlier = [row for row in place if row.period.starts_on < one.period.starts_on]
    in_force = next((row for row in place if row.period_id == one.period_id), None)
    values = [shown_value(version, vars(row)) for row in reversed(earlier)]
    return ReviewLine(
        observation=one,
        text=observation_text(one),
        cell=cell_label(version, one.cell),
        previous=figure_text(version, vars(earlier[0])) if earlier else "",
        previous_label=earlier[0].period.label if earlier else "",
        replaces=figure_text(version, vars(in_force)) if in_force is not None else "",
        warnings=figure_warnings(
            vars(one),
            version=version,
            period=one.period,
            history=[value for value in values if value is not None],
            rules=rules,
        ),
        why_not=why_not,
    )


def submitted_for(user: Any, programmes: Any) -> Any:
    """What waits for the decision of an approver of the given programmes, the oldest first."""
    return (
        Observation.objects.visible_to(user)
        .filter(state=State.SUBMITTED, indicator__programme__in=programmes)
        .select_related(
            "indicator__programme",
            "indicator__version",
            "indicator__definition",
            "period",
            "unit",
            "submitted_by",
            "entered_by",
        )
        .order_by("submitted_at", "pk")
    )
