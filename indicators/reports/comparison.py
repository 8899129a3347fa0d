"""Partners side by side on the common core: progress measures alone, with what makes them differ. Ranks nobody."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from indicators.engine import profile
from indicators.engine.ambition import ambition
from indicators.engine.disaggregate import breakdown, mismatches
from indicators.engine.judge import progress_over_time
from indicators.engine.types import Refusal, Snapshot, ValueType
from indicators.models import Observation, ProgrammeIndicator, User
from indicators.records import load_records, quality_facts
from indicators.reports import cells
from indicators.reports.cells import Cell
from indicators.reports.compared_effects import Effect, effect_cells, effects_of
from indicators.reports.data_quality import quality_word
from indicators.reports.narrowing import Narrowing, narrow
from indicators.reports.queries import indicators_with_status, status_of, today
from indicators.reports.tables import Row, Table, day_column, indicator_row, number_column, text_column
from indicators.reports.wording import say
from indicators.snapshots import load_indicators, load_snapshots, measurements_of

FAIR = "A fair management comparison, not a league table."
"""Said wherever partners stand side by side (METHOD 2.13)."""
FILTERS = ("framework", "country")
"""What the comparison may be narrowed by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One partner's use of a common-core indicator."""

    indicator: ProgrammeIndicator
    cells: dict[str, Cell]
    notes: Sequence[str]
    """Why its progress is not like the others': thresholds, definition, measure of ambition."""
    progress: Sequence[tuple[date, Decimal | None]]
    """Share of the way by the end of each period; empty where there is no such way."""
    no_progress: str = ""
    """Why there is no way to follow."""
    effect: Effect | None = None
    """What the newest ex-post assessment froze; None before the first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """The lines that the address leaves, and how it narrows them."""

    narrowing: Narrowing
    lines: list[Line] = field(default_factory=list)


def compare(user: User, given: Mapping[str, str]) -> Comparison:
    """The comparison as the address narrows it. What is compared at all does not depend on the address."""
    narrowing = narrow(user, given, offered=FILTERS)
    if narrowing.is_impossible:
        return Comparison(narrowing=narrowing)
    return Comparison(narrowing=narrowing, lines=load(user, narrowing))


def load(user: User, narrowing: Narrowing | None = None) -> list[Line]:
    """All common-core indicators that one sees, of definitions that at least two partners use.

    A constant number of queries.

    Args:
        narrowing: leaves only what it fits, of the same definitions; None for all.
    """
    found = list(indicators_with_status(user).filter(is_core=True, partner__isnull=False))
    users: dict[int, set[int | None]] = defaultdict(set)
    for one in found:
        users[one.definition_id].add(one.partner_id)
    shown = [one for one in found if len(users[one.definition_id]) > 1]
    if narrowing is not None:
        shown = _fitting(shown, narrowing)
    pks = [one.pk for one in shown]
    snapshots = load_snapshots(load_indicators(pks), as_of=today())
    records, wrong = load_records(pks), _mismatches(pks, snapshots)
    newest: dict[int, int] = {}
    for one in found:
        newest[one.definition_id] = max(newest.get(one.definition_id, 0), one.version.number)
    effects = effects_of(user, snapshots)
    return [
        _line(
            one,
            snapshots[one.pk],
            profile.quality_profile(
                quality_facts(records[one.pk], snapshots[one.pk], mismatches=wrong[one.pk])
            ),
            newest[one.definition_id],
            effects.get(one.pk),
        )
        for one in shown
    ]


def _fitting(found: Sequence[ProgrammeIndicator], narrowing: Narrowing) -> list[ProgrammeIndicator]:
    programmes, country = {one.pk for one in narrowing.programmes}, narrowing.chosen["country"]
    return [
        one
        for one in found
        if one.programme_id in programmes and country in {"", one.partner.code if one.partner else ""}
    ]


def _mismatches(pks: Sequence[int], snapshots: dict[int, Snapshot]) -> dict[int, int]:
    """Totals that differ from their parts in the newest split period of each. Two queries."""
    split = Observation.objects.current().filter(indicator__in=pks).exclude(cell="").order_by()
    newest = dict(
        split.order_by("indicator_id", "-period__ends_on", "-period__starts_on")
        .distinct("indicator_id")
        .values_list("indicator_id", "period_id")
    )
    rows = Observation.objects.current().filter(indicator__in=newest, period__in=set(newest.values()))
    found = measurements_of(rows)
    counts = dict.fromkeys(pks, 0)
    for pk, period in newest.items():
        rule = snapshots[pk].rule
        if rule.value_type is not ValueType.TEXT:
            counts[pk] = len(mismatches(breakdown(found[pk, period], rule), rule))
    return counts


def _line(
    one: ProgrammeIndicator, snapshot: Snapshot, quality: Any, newest_version: int, effect: Effect | None
) -> Line:
    status = status_of(one)
    original = status.judgement.get("achievement_original") if status is not None else None
    reach = ambition(snapshot.series, snapshot.rule, snapshot.plan)
    row = indicator_row(one, with_people=False).cells
    notes = []
    if isinstance(reach, Refusal):
        notes.append(_("Ambition not known: %(why)s") % {"why": say(reach.message)})
    else:
        notes.append(_("Ambition measured in the %(basis)s.") % {"basis": say(reach.basis)})
    rules, plan = snapshot.rules, snapshot.plan
    if (plan.on_track_from, plan.at_risk_from) != (rules.on_track_from, rules.at_risk_from):
        notes.append(thresholds_text(plan.on_track_from, plan.at_risk_from, rules))
    if one.version.number != newest_version:
        notes.append(
            _("An older wording of the definition: version %(number)s.") % {"number": one.version.number}
        )
    way = progress_over_time(snapshot)
    # An ended programme keeps the status of its last due day, and its line ends where that status was read.
    until = snapshot.as_of if status is None else status.as_of
    return Line(
        indicator=one,
        progress=() if isinstance(way, Refusal) else [point for point in way if point[0] <= until],
        no_progress=say(way.message) if isinstance(way, Refusal) else "",
        effect=effect,
        cells={
            "code": cells.words(one.definition.code),
            "definition": cells.words(one.version.name),
            "partner": cells.words(one.partner),
            "programme": cells.words(one.programme.code),
            "status": row["status"],
            "refusal": row["refusal"],
            "achievement": row["achievement"],
            "original": cells.share(None if original is None else Decimal(original)),
            "index": row["index"],
            "ambition": cells.EMPTY
            if isinstance(reach, Refusal)
            else cells.fixed(Decimal(repr(reach.value)), 1),
            "quality": cells.words(quality_word(quality.word)),
            "reported": row["reported"],
            "expected": row["expected"],
            "target_on": row["target_on"],
            "notes": cells.words(" ".join(notes)),
        }
        | effect_cells(effect),
        notes=notes,
    )


def thresholds_text(on_track: Decimal, at_risk: Decimal, rules: Any) -> str:
    """Own thresholds and the usual ones, side by side."""
    return _(
        "Own thresholds: on track from %(green)s, at risk from %(amber)s; usual: %(usual)s and %(risk)s."
    ) % {
        "green": cells.number(on_track, 4).text,
        "amber": cells.number(at_risk, 4).text,
        "usual": cells.number(rules.on_track_from, 4).text,
        "risk": cells.number(rules.at_risk_from, 4).text,
    }


def by_definition(lines: Sequence[Line]) -> list[dict[str, Any]]:
    """One group for each definition, its partners in alphabetical order: an order that ranks nobody."""
    groups: dict[str, list[Line]] = defaultdict(list)
    for one in lines:
        groups[one.indicator.definition.code].append(one)
    return [
        {
            "code": code,
            "name": members[0].indicator.version.name,
            "has_effects": any(one.effect is not None for one in members),
            "lines": sorted(
                members, key=lambda one: (str(one.indicator.partner), one.indicator.programme.code)
            ),
        }
        for code, members in sorted(groups.items())
    ]


def comparison_table(found: Comparison, *, as_of: date) -> Table:
    """The same lines as a file."""
    columns = [
        text_column("code", _("Indicator code")),
        text_column("definition", _("Indicator")),
        text_column("partner", _("Partner")),
        text_column("programme", _("Programme")),
        text_column("status", _("Status")),
        text_column("refusal", _("Reason for the refusal")),
        number_column("achievement", _("Achievement (share)")),
        number_column("original", _("Achievement against the first target")),
        number_column("index", _("On-track index")),
        number_column("ambition", _("Ambition (planned change in standard deviations)")),
        text_column("quality", _("Data quality")),
        number_column("reported", _("Reported")),
        number_column("expected", _("Expected")),
        number_column("effect", _("Ex-post result")),
        number_column("effect_low", _("From")),
        number_column("effect_high", _("To")),
        text_column("effect_scale", _("Scale")),
        text_column("effect_method", _("Method")),
        text_column("effect_standing", _("Planned or exploratory")),
        text_column("effect_refusal", _("Reason why there is no ex-post result")),
        day_column("effect_as_of", _("Ex-post assessment as of")),
        text_column("notes", _("What makes it differ")),
    ]
    rows = [
        Row(
            cells=one.cells,
            about=one.indicator,
            is_illustrative=one.indicator.programme.is_illustrative,
            marking=one.indicator.marking,
        )
        for group in by_definition(found.lines)
        for one in group["lines"]
    ]
    return Table(
        name="comparison",
        key="all",
        title=_("Partners side by side"),
        columns=columns,
        rows=rows,
        as_of=as_of,
        notes=_notes(found),
    )


def progress_table(found: Comparison, *, as_of: date) -> Table:
    """What the charts draw, point by point, as a file."""
    columns = [
        text_column("code", _("Indicator code")),
        text_column("definition", _("Indicator")),
        text_column("partner", _("Partner")),
        text_column("programme", _("Programme")),
        day_column("on", _("Day")),
        number_column("share", _("Share of the way from baseline to target")),
        number_column("ambition", _("Ambition (planned change in standard deviations)")),
        text_column("quality", _("Data quality")),
        text_column("no_progress", _("Why there is no line")),
    ]
    rows = [
        Row(
            cells=one.cells
            | {
                "on": cells.day(on),
                "share": cells.share(share),
                "no_progress": cells.words(one.no_progress),
            },
            about=one.indicator,
            is_illustrative=one.indicator.programme.is_illustrative,
            marking=one.indicator.marking,
        )
        for group in by_definition(found.lines)
        for one in group["lines"]
        for on, share in one.progress or [(None, None)]
    ]
    return Table(
        name="comparison-progress",
        key="all",
        title=_("Progress of partners over time"),
        columns=columns,
        rows=rows,
        as_of=as_of,
        notes=_notes(found),
    )


def _notes(found: Comparison) -> list[str]:
    """What to know of the figures, what they were narrowed to, and what is wrong with the address."""
    notes = [_(FAIR), _("Progress towards own targets, never levels; targets, data and thresholds differ.")]
    if chips := found.narrowing.chips:
        what = "; ".join(f"{one.label}: {one.value}" for one in chips)
        notes.append(_("Narrowed to %(what)s.") % {"what": what})
    return [*notes, *found.narrowing.messages]
