"""A programme as an IATI 2.03 activity: approved figures alone, no small cells, and nothing that nobody stated.

What IATI has no place for stands beside it in our own namespace, so that the file reads back to the same facts.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from lxml import etree

from indicators.engine.periods import Frequency as EngineFrequency
from indicators.engine.periods import periods_between
from indicators.entry.checks import shown_value
from indicators.exchange.iati import (
    ISO_COUNTRY,
    LANG,
    ORDINAL,
    OWN,
    OWN_VOCABULARY,
    PERCENTAGE,
    QUALITATIVE,
    RESULT_TYPES,
    UNIT,
)
from indicators.exchange.iati_contents import Contents, read_contents
from indicators.models import (
    Direction,
    Frequency,
    IndicatorVersion,
    Objective,
    Observation,
    Programme,
    ProgrammeIndicator,
    ReportingUnit,
    TargetRevision,
    User,
    ValueType,
)

PIPELINE, IMPLEMENTATION, CLOSED = "1", "2", "4"
PLANNED_START, PLANNED_END = "1", "3"
NAMES = {
    "ref": "IATI_ORGANISATION_REF",
    "name": "IATI_ORGANISATION_NAME",
    "type": "IATI_ORGANISATION_TYPE",
    "role": "IATI_ORGANISATION_ROLE",
}
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
Span = tuple[date, date, str]
"""First day, last day, and the course run if it is one."""


def missing_settings() -> list[str]:
    """Names of the settings without which nobody can say who publishes."""
    return [NAMES[key] for key in NAMES if not settings.IATI_ORGANISATION[key]]


def write_programme(
    *, programme: Programme, reader: User | None, at: datetime, is_public: bool = False
) -> bytes:
    """The programme as far as `reader` may see it.

    Args:
        reader: None for the operator's command: everything.
        is_public: only indicators and figures that are marked PUBLIC, as for a registry.

    Raises:
        ValidationError: it is not set who publishes.
    """
    if missing := missing_settings():
        raise ValidationError(
            _("Nobody can publish before these settings say who does: %(names)s. No identifier is made up.")
            % {"names": ", ".join(missing)},
            code="settings",
        )
    contents = read_contents(programme, reader, is_public=is_public)
    root = etree.Element("iati-activities", version="2.03", nsmap={"tracker": OWN})
    root.set("generated-datetime", at.strftime("%Y-%m-%dT%H:%M:%SZ"))
    root.append(_activity(contents, at))
    text: bytes = etree.tostring(root, encoding="UTF-8", xml_declaration=True, pretty_print=True)
    return text


# --- The activity ------------------------------------------------------------------------------------------------


def _activity(contents: Contents, at: datetime) -> Any:
    programme, who = contents.programme, settings.IATI_ORGANISATION
    node = etree.Element("iati-activity")
    node.set(LANG, settings.LANGUAGE_CODE[:2])
    node.set("last-updated-datetime", at.strftime("%Y-%m-%dT%H:%M:%SZ"))
    _add(node, "iati-identifier").text = f"{who['ref']}-{programme.code}"
    _narrated(_add(node, "reporting-org", ref=who["ref"], type=who["type"]), who["name"])
    _narrated(_add(node, "title"), programme.name)
    _narrated(_add(node, "description", type="1"), programme.summary)
    _narrated(_add(node, "description", type="4"), _about(contents))
    _narrated(
        _add(node, "participating-org", ref=who["ref"], type=who["type"], role=who["role"]), who["name"]
    )
    _add(node, "activity-status", code=_status(programme, at.astimezone(programme.zone).date()))
    _add(node, "activity-date", {"iso-date": programme.starts_on.isoformat(), "type": PLANNED_START})
    _add(node, "activity-date", {"iso-date": programme.ends_on.isoformat(), "type": PLANNED_END})
    _add_countries(node, contents)
    _narrated(
        _add(node, "sector", vocabulary=OWN_VOCABULARY, code=programme.framework),
        programme.get_framework_display(),
    )
    for objective, indicators in _by_objective(contents.indicators):
        node.append(_result(objective, indicators, contents))
    return node


def _about(contents: Contents) -> str:
    said = [_("Marking: %s.") % contents.marking]
    if contents.programme.is_illustrative:
        said.append(_("Illustrative data, made up to show the software; not figures of a real programme."))
    said.append(_("Approved figures only; what was not reported is left out and is never 0."))
    if contents.left_out:
        said.append(_("Figures left out because they tell of 1 to 4 people: %s.") % contents.left_out)
    return " ".join(said)


def _status(programme: Programme, today: date) -> str:
    if today < programme.starts_on:
        return PIPELINE
    return CLOSED if programme.has_ended(today) else IMPLEMENTATION


def _add_countries(node: Any, contents: Contents) -> None:
    """One country as IATI has it. Of several no shares are known: then our own region, and each as a location."""
    programme = contents.programme
    partners = list(programme.partners.order_by("code"))
    if len(partners) == 1:
        _narrated(_add(node, "recipient-country", code=partners[0].alpha2), partners[0].name)
    else:
        region = _add(node, "recipient-region", vocabulary=OWN_VOCABULARY, code=programme.framework)
        _narrated(region, programme.get_framework_display())
        for partner in partners:
            _add_place(node, f"country-{partner.alpha2}", partner.name, partner.alpha2)
    for unit in contents.units:
        of_country = unit.kind == ReportingUnit.Kind.COUNTRY and unit.partner is not None
        _add_place(node, unit.code, unit.name, unit.partner.alpha2 if of_country and unit.partner else "")


def _add_place(node: Any, ref: str, name: str, country: str) -> None:
    place = _add(node, "location", ref=ref)
    if country:
        _add(place, "location-id", vocabulary=ISO_COUNTRY, code=country)
    _narrated(_add(place, "name"), name)


def _by_objective(
    indicators: Sequence[ProgrammeIndicator],
) -> list[tuple[Objective | str, list[ProgrammeIndicator]]]:
    """In order; those without an objective by their results level."""
    groups: dict[Any, list[ProgrammeIndicator]] = defaultdict(list)
    for one in indicators:
        groups[one.objective or one.version.result_level].append(one)
    return sorted(
        groups.items(), key=lambda group: (isinstance(group[0], str), getattr(group[0], "position", 0))
    )


def _result(objective: Objective | str, indicators: Iterable[ProgrammeIndicator], contents: Contents) -> Any:
    level = objective.level if isinstance(objective, Objective) else objective
    node = etree.Element("result", type=RESULT_TYPES.get(level, "9"))
    title = objective.statement if isinstance(objective, Objective) else _("Indicators without an objective")
    _narrated(_add(node, "title"), title)
    for one in indicators:
        node.append(_indicator(one, contents))
    if isinstance(objective, Objective):
        _own(node, "objective", code=objective.code)
    return node


# --- The indicators ----------------------------------------------------------------------------------------------


def measure_of(version: IndicatorVersion) -> str:
    """IATI's code: a share of a hundred is a percentage, a described level ordinal, a text qualitative."""
    match version.value_type:
        case ValueType.TEXT:
            return QUALITATIVE
        case ValueType.ORDINAL:
            return ORDINAL
        case ValueType.RATIO if version.scale == 100:
            return PERCENTAGE
        case _:
            return UNIT


ASCENDING = {
    Direction.ASCENDING: "1",
    Direction.MAINTAIN_ABOVE: "1",
    Direction.DESCENDING: "0",
    Direction.MAINTAIN_BELOW: "0",
}
"""A range has no direction: the attribute is left out."""


def _indicator(one: ProgrammeIndicator, contents: Contents) -> Any:
    version = one.version
    node = etree.Element("indicator", measure=measure_of(version))
    if version.direction in ASCENDING and version.value_type != ValueType.TEXT:
        node.set("ascending", ASCENDING[Direction(version.direction)])
    is_additive = version.site_rule == "sum" or version.value_type == ValueType.COUNT
    node.set("aggregation-status", "1" if is_additive else "0")
    _narrated(_add(node, "title"), one.name)
    _narrated(_add(node, "description"), version.definition)
    _add(node, "reference", vocabulary=OWN_VOCABULARY, code=one.definition.code)
    if one.plan is not None and one.plan.baseline is not None and one.plan.baseline_on is not None:
        node.append(_baseline(one.plan))
    for span, targets, figures in _periods(one, contents):
        node.append(_period(span, targets, figures))
    _own(node, "indicator", **_use(one))
    return node


def _baseline(plan: TargetRevision) -> Any:
    day = plan.baseline_on
    assert day is not None
    node = etree.Element("baseline")
    node.set("iso-date", day.isoformat())
    node.set("year", str(day.year))
    node.set("value", plain(plan.baseline))
    if plan.baseline_source:
        _narrated(_add(node, "comment"), plan.baseline_source)
    return node


def _use(one: ProgrammeIndicator) -> dict[str, str]:
    """How the programme uses it, and by which path to the target."""
    plan = one.plan
    found = {
        "version": str(one.version.number),
        "partner": one.partner.code if one.partner is not None else "",
        "frequency": one.frequency,
        "marking": one.marking,
        "rationale": _clean(one.rationale),
        "computed": "1" if one.is_computed else "",
    }
    if plan is not None:
        found |= {
            "trajectory": plan.trajectory,
            "range_low": plain(plan.range_low),
            "range_high": plain(plan.range_high),
            "on_track_from": plain(plan.on_track_from),
            "at_risk_from": plain(plan.at_risk_from),
        }
    return {name: text for name, text in found.items() if text}


Target = tuple[date, Decimal, str]


def _periods(
    one: ProgrammeIndicator, contents: Contents
) -> list[tuple[Span, list[Target], list[Observation]]]:
    """Every period with a target or an approved figure, in order of time."""
    targets: dict[Span, list[Target]] = defaultdict(list)
    figures: dict[Span, list[Observation]] = defaultdict(list)
    for target in _targets(one.plan):
        targets[_span_of(target[0], one, contents.programme)].append(target)
    for row in contents.figures.get(one.pk, []):
        run = row.period.course_run
        name = f"{run.course.code}/{run.code}" if run is not None else ""
        figures[row.period.starts_on, row.period.ends_on, name].append(row)
    return [(span, targets.get(span, []), figures.get(span, [])) for span in sorted({*targets, *figures})]


def _targets(plan: TargetRevision | None) -> list[Target]:
    if plan is None:
        return []
    found = [(one.due_on, one.value, one.label) for one in plan.milestones.all()]
    if plan.target is not None and plan.target_on is not None:
        found.append((plan.target_on, plan.target, ""))
    return found


def _span_of(day: date, one: ProgrammeIndicator, programme: Programme) -> Span:
    """The indicator's own period in which a day lies; of a course, from the programme's start to that day."""
    is_event = one.frequency == Frequency.EVENT
    length = EngineFrequency.MONTHLY if is_event else EngineFrequency(one.frequency)
    found = periods_between(length, day, day, programme.fiscal_year_start_month)
    if found:
        return found[0].starts_on, found[0].ends_on, ""
    return min(programme.starts_on, day.replace(day=1)), day, ""


def _period(span: Span, targets: Sequence[Target], figures: Sequence[Observation]) -> Any:
    node = etree.Element("period")
    _add(node, "period-start", {"iso-date": span[0].isoformat()})
    _add(node, "period-end", {"iso-date": span[1].isoformat()})
    for day, value, label in targets:
        target = _add(node, "target", value=plain(value))
        if label:
            _narrated(_add(target, "comment"), label)
        _own(target, "figure", due_on=day.isoformat())
    for row in figures:
        node.append(_actual(row))
    if span[2]:
        _own(node, "period", run=span[2])
    return node


def _actual(row: Observation) -> Any:
    node = etree.Element("actual")
    version = row.indicator.version
    if version.value_type != ValueType.TEXT:
        node.set("value", plain(shown_value(version, vars(row))))
    if row.unit is not None:
        _add(node, "location", ref=row.unit.code)
    for name, _equals, code in (part.partition("=") for part in row.cell.split(";") if part):
        _add(node, "dimension", {"name": name, "value": code})
    if version.value_type == ValueType.TEXT:
        _narrated(_add(node, "comment"), row.text)
    facts = {
        "numerator": plain(row.numerator),
        "denominator": plain(row.denominator),
        "standard_error": plain(row.standard_error),
        "sample_size": "" if row.sample_size is None else str(row.sample_size),
        "as_of": row.as_of.isoformat(),
        "reliability": row.reliability,
        "credibility": str(row.credibility),
        "marking": row.marking,
    }
    _own(node, "figure", **{name: text for name, text in facts.items() if text})
    return node


# --- Writing -----------------------------------------------------------------------------------------------------


def plain(value: Decimal | None) -> str:
    """Digits as stored, at most six decimals, no exponent; empty for nothing."""
    if value is None:
        return ""
    text = f"{round(value, 6):f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def _add(node: Any, tag: str, attributes: Mapping[str, str] | None = None, **more: str) -> Any:
    told = {key: _clean(text) for key, text in {**(attributes or {}), **more}.items()}
    return etree.SubElement(node, tag, told)


def _own(node: Any, name: str, **told: str) -> None:
    _add(node, f"{{{OWN}}}{name}", told)


def _narrated(node: Any, text: str) -> None:
    etree.SubElement(node, "narrative").text = _clean(text) or "–"


def _clean(text: str) -> str:
    return _CONTROL.sub("", text)
