"""An indicator of a published file as a tailored indicator: its definition, and the agreement on its target."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
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
from indicators.exchange.iati_values import day_of, frequency_of, number_of, span_of
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
    plan = _plan(version, indicator, periods, report)
    if kept is not None:
        _compare_plan(kept, plan, indicator, report)
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
    number = indicator.own.get("version", "")
    version = (
        definition.versions.filter(number=number).first() if number.isdigit() and len(number) < 9 else None
    )
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


# --- The agreement -----------------------------------------------------------------------------------------------


def _plan(
    version: IndicatorVersion, indicator: Indicator, periods: list[tuple[Period, date, date]], report: Report
) -> dict[str, Any]:
    """Baseline, target and milestones: what the file says of the whole, or of its only part."""
    parts = {(one.dimensions, one.locations) for one in indicator.figures}
    whole = next(iter(parts)) if len(parts) == 1 else ((), ())
    plan: dict[str, Any] = {"milestones": []}
    if version.value_type == ValueType.TEXT:
        return plan
    baseline = _of_the_whole(indicator.baselines, whole, "baseline", report)
    if baseline is not None:
        plan |= _baseline(baseline, version, report)
    targets = _targets(version, periods, whole, report)
    if targets and version.direction != Direction.RANGE:
        plan |= _target(targets, plan, version, report)
    return plan | _own_plan(indicator)


def zero_is_open(version: IndicatorVersion) -> bool:
    """A scale whose levels nobody described."""
    return version.value_type == ValueType.ORDINAL and not version.levels


Part = tuple[tuple[tuple[str, str], ...], tuple[str, ...]]


def _of_the_whole(figures: Sequence[Figure], whole: Part, element: str, report: Report) -> Figure | None:
    chosen = [one for one in figures if (one.dimensions, one.locations) == whole]
    for one in figures:
        if one not in chosen:
            said = ", ".join(f"{name} {value}" for name, value in one.dimensions) or ", ".join(one.locations)
            report.say(
                Effect.LEFT_OUT,
                one.line,
                element,
                f"{one.value or '–'} ({said or '–'})",
                _("one for the whole was expected; parts of an indicator have no targets here"),
            )
    if len(chosen) > 1 and len({one.value for one in chosen}) > 1:
        report.say(
            Effect.LEFT_OUT,
            chosen[1].line,
            element,
            "; ".join(str(one.value) for one in chosen),
            _("one was expected"),
        )
        return None
    return chosen[0] if chosen else None


def _baseline(figure: Figure, version: IndicatorVersion, report: Report) -> dict[str, Any]:
    value = number_of(figure, "baseline", report, zero_is_open=zero_is_open(version))
    day = day_of(figure.day) or day_of(f"{figure.year}-12-31")
    if value is None:
        return {}
    if day is None:
        report.say(
            Effect.LEFT_OUT,
            figure.line,
            "baseline",
            figure.day or figure.year or "–",
            _("a plausible year or day was expected"),
        )
        return {}
    source = figure.comment or _("IATI file, year %s") % (figure.year or day.year)
    return {"baseline": value, "baseline_on": day, "baseline_source": source[:200]}


def _targets(
    version: IndicatorVersion, periods: list[tuple[Period, date, date]], whole: Part, report: Report
) -> list[tuple[date, Decimal, Figure]]:
    found: dict[date, tuple[date, Decimal, Figure]] = {}
    for period, first, last in periods:
        inside = report.at(period=f"{first} – {last}")
        milestones = [one for one in period.targets if one.own.get("due_on")]
        plain = [one for one in period.targets if one not in milestones]
        chosen = [*milestones, _of_the_whole(plain, whole, "target", inside)]
        for figure in (one for one in chosen if one is not None):
            value = number_of(figure, "target", inside, zero_is_open=zero_is_open(version))
            day = day_of(figure.own.get("due_on", "")) or last
            if value is None:
                continue
            if day in found and found[day][1] != value:
                inside.say(
                    Effect.LEFT_OUT,
                    figure.line,
                    "target",
                    str(figure.value),
                    _("one target for a day was expected"),
                )
                continue
            found[day] = (day, value, figure)
    return [found[day] for day in sorted(found)]


def _target(
    targets: list[tuple[date, Decimal, Figure]],
    plan: dict[str, Any],
    version: IndicatorVersion,
    report: Report,
) -> dict[str, Any]:
    due, value, figure = targets[-1]
    baseline, begun = plan.get("baseline"), plan.get("baseline_on")
    if expected := _contradiction(version, baseline, value):
        report.say(
            Effect.LEFT_OUT,
            figure.line,
            "target",
            _("target %(target)s, baseline %(baseline)s")
            % {"target": f"{value.normalize():f}", "baseline": f"{(baseline or Decimal(0)).normalize():f}"},
            expected,
        )
        return {}
    if begun is not None and due <= begun:
        report.say(
            Effect.LEFT_OUT,
            figure.line,
            "target",
            due.isoformat(),
            _("a target after the baseline (%s) was expected") % begun.isoformat(),
        )
        return {}
    milestones = [
        (day, amount, one.comment[:120])
        for day, amount, one in targets[:-1]
        if begun is None or begun < day < due
    ]
    path = {"trajectory": "milestones"} if milestones else {}
    return {"target": value, "target_on": due, "milestones": milestones, **path}


def _contradiction(version: IndicatorVersion, baseline: Decimal | None, target: Decimal) -> str:
    if baseline is None or version.direction not in {Direction.ASCENDING, Direction.DESCENDING}:
        return ""
    if target == baseline:
        return _("a target other than the baseline was expected: no change is planned that could be measured")
    if (target > baseline) != (version.direction == Direction.ASCENDING):
        return (
            _("“ascending” says that higher is better: a target above the baseline was expected")
            if version.direction == Direction.ASCENDING
            else _("“ascending” says that lower is better: a target below the baseline was expected")
        )
    return ""


def _own_plan(indicator: Indicator) -> dict[str, Any]:
    """What our own files say beyond IATI."""
    own: Mapping[str, str] = indicator.own
    plan: dict[str, Any] = {}
    for name in ("range_low", "range_high", "on_track_from", "at_risk_from"):
        if re.fullmatch(r"-?\d{1,18}(\.\d{1,6})?", own.get(name, ""), re.ASCII):
            plan[name] = Decimal(own[name])
    if own.get("trajectory"):
        plan["trajectory"] = own["trajectory"][:12]
    return plan


def _compare_plan(
    kept: ProgrammeIndicator, plan: dict[str, Any], indicator: Indicator, report: Report
) -> None:
    """Targets of an indicator that is here already are revised by people, with a reason; a difference is said."""
    for name in ("baseline", "target", "target_on"):
        stored = getattr(kept.plan, name) if kept.plan is not None else None
        if name in plan and plan[name] != stored:
            report.say(
                Effect.LEFT_OUT,
                indicator.line,
                name,
                str(plan[name]),
                _("%s is agreed here; revise it on the indicator's page, with the reason") % (stored or "–"),
            )


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
