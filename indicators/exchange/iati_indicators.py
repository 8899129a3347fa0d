"""An indicator of a published file as a tailored indicator: its definition, and the agreement on its target."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from indicators.catalogue.actions import adopt_definition
from indicators.engine.periods import Frequency as EngineFrequency
from indicators.entry.cells import cell_key
from indicators.exchange.findings import Effect, Report
from indicators.exchange.iati import LEVELS as RESULT_LEVELS
from indicators.exchange.iati import (
    MEASURES,
    NOMINAL,
    ORDINAL,
    OWN_VOCABULARY,
    PERCENTAGE,
    QUALITATIVE,
    UNIT,
    Activity,
    Figure,
    Indicator,
    Period,
    Result,
)
from indicators.exchange.iati_plans import compare_plan, plan_of
from indicators.exchange.iati_values import frequency_of, span_of
from indicators.models import (
    Direction,
    Frequency,
    IndicatorDefinition,
    IndicatorVersion,
    Marking,
    Measure,
    Objective,
    Partner,
    Programme,
    ProgrammeIndicator,
    ReportingUnit,
    ResultLevel,
    User,
    ValueType,
)
from indicators.programmes.actions import tailor_indicator
from indicators.sent import whole_number

FAMILY = "IATI"
VALUE_TYPES = {
    UNIT: ValueType.NUMBER,
    PERCENTAGE: ValueType.NUMBER,
    NOMINAL: ValueType.TEXT,
    ORDINAL: ValueType.ORDINAL,
    QUALITATIVE: ValueType.TEXT,
}
UNITS = {UNIT: "number", PERCENTAGE: "%", NOMINAL: "text", ORDINAL: "level", QUALITATIVE: "text"}
MEASURE_OF = {ResultLevel.OUTPUT: Measure.MOP, ResultLevel.CONTEXT: Measure.CONTEXT}
TRUE, FALSE = {"1", "true"}, {"0", "false"}


@dataclass(slots=True, kw_only=True)
class Taken:
    """An indicator that is in, and the periods of the file in its rhythm."""

    indicator: ProgrammeIndicator
    is_new: bool
    periods: list[tuple[Period, date, date]] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What stands around every indicator of one activity."""

    activity: Activity
    programme: Programme
    file: str
    by: User
    at: datetime


def take_indicator(
    setting: Setting, result: Result, indicator: Indicator, objective: Objective | None, report: Report
) -> Taken | None:
    """The tailored indicator, found or made; None and a finding when it is refused."""
    version = _own_version(setting, indicator, report)
    if version is None and (problem := _problem(indicator)):
        found, expected = problem
        report.say(Effect.REFUSED, indicator.line, "indicator", found, expected)
        return None
    periods, frequency = _rhythm(setting, indicator, report)
    if version is None:
        version = _foreign_version(setting, result, indicator, frequency)
    named = indicator.own.get("partner", "")
    partner = Partner.objects.filter(code=named).first() if named else None
    kept = (
        ProgrammeIndicator.objects.filter(
            programme=setting.programme, definition=version.definition_of_id, partner=partner
        )
        .select_related("programme", "version", "definition", "partner", "plan")
        .first()
    )
    plan = plan_of(version, indicator, periods, report)
    if kept is not None:
        compare_plan(kept, plan, indicator, report)
        return Taken(indicator=kept, is_new=False, periods=periods)
    made = _tailor(setting, version, indicator, objective, partner, frequency, plan, report)
    return None if made is None else Taken(indicator=made, is_new=True, periods=periods)


def _problem(indicator: Indicator) -> tuple[str, str] | None:
    """What the file leaves open that nobody may fill in: (found, expected)."""
    if not indicator.title:
        return _("no title"), _("a title with a narrative was expected")
    if indicator.measure not in MEASURES:
        return f"measure={indicator.measure or '–'}", _("a code from 1 to 5 was expected (IndicatorMeasure)")
    says = (indicator.ascending or "").strip().lower()
    if says not in TRUE | FALSE and indicator.measure not in {NOMINAL, QUALITATIVE}:
        return (
            f"ascending={indicator.ascending or '–'}",
            _("1 or 0 was expected: which way is better is never inferred"),
        )
    return None


def _rhythm(
    setting: Setting, indicator: Indicator, report: Report
) -> tuple[list[tuple[Period, date, date]], EngineFrequency]:
    """The periods whose span is one of the calendar, all of one length; the others are left out."""
    spans = [(one, *span) for one in indicator.periods if (span := span_of(one, report)) is not None]
    first_month = setting.programme.fiscal_year_start_month
    own = indicator.own.get("frequency", "")
    if own in Frequency.values:
        return spans, EngineFrequency(own)
    lengths = [frequency_of(first, last, first_month) for _one, first, last in spans]
    chosen = next((one for one in lengths if one is not None), None)
    kept = []
    for (one, first, last), length in zip(spans, lengths, strict=True):
        if length is not None and length == chosen:
            kept.append((one, first, last))
            continue
        expected = (
            _("a whole week, month, quarter, half-year or year of the programme's calendar was expected")
            if chosen is None or length is None
            else _("a period of the same length as the others was expected (%s)") % Frequency(chosen).label
        )
        report.at(period=f"{first} – {last}").say(
            Effect.LEFT_OUT, one.line, "period", f"{first} … {last}", expected
        )
    return kept, chosen or EngineFrequency.ANNUAL


# --- The definition ----------------------------------------------------------------------------------------------


def _own_version(setting: Setting, indicator: Indicator, report: Report) -> IndicatorVersion | None:
    """The library's definition that the file refers to: only whoever publishes as we do speaks of our codes."""
    ref = settings.IATI_ORGANISATION["ref"]
    codes = [code for vocabulary, code in indicator.references if vocabulary == OWN_VOCABULARY]
    if not ref or setting.activity.organisation != ref or not codes:
        return None
    definition = IndicatorDefinition.objects.filter(code__in=codes).select_related("current").first()
    if definition is None or definition.current is None:
        report.say(
            Effect.NOTED,
            indicator.line,
            "reference",
            ", ".join(codes),
            _("no such code in the library; a definition is made from the file"),
        )
        return None
    number = whole_number(indicator.own.get("version", ""), digits=8)
    version = None if number is None else definition.versions.filter(number=number).first()
    return version or definition.current


def _foreign_version(
    setting: Setting, result: Result, indicator: Indicator, frequency: EngineFrequency
) -> IndicatorVersion:
    """A definition of the file's own wording. The same publisher, wording, measure and direction are one definition."""
    is_text = VALUE_TYPES[indicator.measure] == ValueType.TEXT
    ascends = is_text or (indicator.ascending or "").strip().lower() in TRUE
    level = ResultLevel(RESULT_LEVELS.get(result.type, "context"))
    dimensions = _dimensions(indicator)
    wording: dict[str, Any] = {
        "name": _cut(indicator.title, 200),
        "result_area": _cut(result.title or indicator.title, 80),
        "definition": indicator.description or indicator.title,
        "unit": UNITS[indicator.measure],
        "value_type": VALUE_TYPES[indicator.measure].value,
        "direction": (Direction.ASCENDING if ascends else Direction.DESCENDING).value,
        "site_rule": "sum" if indicator.is_additive and indicator.measure == UNIT else "not_applicable",
        "result_level": level.value,
        "measure": MEASURE_OF.get(level, Measure.MOE).value,
        "disaggregations": [{"name": name, "label": label, "categories": []} for name, label in dimensions],
        "basis": _("Published by %(who)s, IATI file; vocabulary and code: %(codes)s.")
        % {
            "who": setting.activity.organisation or "–",
            "codes": "; ".join(f"{vocabulary} {code}" for vocabulary, code in indicator.references) or "–",
        },
    }
    text = json.dumps([indicator.title, wording], sort_keys=True, ensure_ascii=False, default=str)
    digest = hashlib.sha256(text.encode()).hexdigest()
    return adopt_definition(
        code=f"IATI-{digest[:10].upper()}",
        family=FAMILY,
        by=setting.by,
        at=setting.at,
        content_hash=digest,
        formula="value",
        tense="BOTH",
        time_rule="last",
        frequency=frequency.value,
        data_source=_("The publisher's file."),
        collection_method=_("Not stated in the file."),
        evidence_expected=_("The file, with its hash and line."),
        min_data_rule="–",
        expost_method="–",
        limitation=_("Taken over as published; how it is measured is not known here."),
        **wording,
    )


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"


def _dimensions(indicator: Indicator) -> list[tuple[str, str]]:
    """(name in keys, name in the file) of every dimension of its figures, in order."""
    labels = {label for figure in indicator.figures for label, _value in figure.dimensions if label}
    return sorted((slug_of(label), label) for label in labels)


def slug_of(text: str) -> str:
    """A dimension's name as it stands in a cell's key."""
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")[:40] or "dimension"


def cell_of(version: IndicatorVersion, figure: Figure) -> str:
    """The key of a figure's dimensions; ValidationError when the definition is not split that way."""
    names = {one.get("label", one["name"]): one["name"] for one in version.disaggregations}
    chosen = {}
    for label, value in figure.dimensions:
        name = names.get(label, slug_of(label))
        if name in chosen:
            raise ValidationError(_("“%s” stands twice on one figure.") % label[:60])
        chosen[name] = value
    return cell_key(version, chosen)


# --- Tailoring -------------------------------------------------------------------------------------------------


def _tailor(
    setting: Setting,
    version: IndicatorVersion,
    indicator: Indicator,
    objective: Objective | None,
    partner: Partner | None,
    frequency: EngineFrequency,
    plan: dict[str, Any],
    report: Report,
) -> ProgrammeIndicator | None:
    """With its whole agreement; without what the agreement's rules refuse; or not at all."""
    refs = {ref for figure in indicator.figures for ref in figure.locations}
    units = ReportingUnit.objects.filter(programme=setting.programme, code__in=refs) if refs else ()
    own = indicator.own
    given: dict[str, Any] = {
        "programme": setting.programme,
        "version": version,
        "objective": objective,
        "partner": partner,
        "frequency": frequency.value,
        "local_name": "" if version.name == _cut(indicator.title, 200) else _cut(indicator.title, 200),
        "units": list(units),
        "marking": own["marking"] if own.get("marking") in Marking.values else Marking.NATO_UNCLASSIFIED,
        "rationale": own.get("rationale")
        or _("Published in the file %(file)s as an indicator of “%(activity)s”.")
        % {"file": setting.file, "activity": setting.activity.title[:200]},
        "reason": _("As published in %s.") % setting.file,
        "by": setting.by,
        "at": setting.at,
    }
    without_path: dict[str, Any] = {
        key: plan[key] for key in ("baseline", "baseline_on", "baseline_source") if key in plan
    }
    for tried in (plan, without_path, {}):
        try:
            with transaction.atomic():
                return tailor_indicator(**given, **tried)
        except ValidationError as refusal:
            effect = Effect.LEFT_OUT if tried else Effect.REFUSED
            report.say(effect, indicator.line, "target", _fields(refusal), " ".join(refusal.messages))
    return None


def _fields(refusal: ValidationError) -> str:
    return ", ".join(refusal.error_dict) if hasattr(refusal, "error_dict") else "–"
