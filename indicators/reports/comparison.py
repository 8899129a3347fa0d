"""Partners side by side on the common core: progress measures alone, with what makes them differ. Ranks nobody."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from indicators.engine import profile
from indicators.engine.ambition import ambition
from indicators.engine.disaggregate import breakdown, mismatches
from indicators.engine.types import Refusal, Snapshot, ValueType
from indicators.models import Observation, ProgrammeIndicator, User
from indicators.records import load_records, quality_facts
from indicators.reports import cells
from indicators.reports.cells import Cell
from indicators.reports.data_quality import quality_word
from indicators.reports.queries import indicators_with_status, status_of, today
from indicators.reports.tables import Row, Table, indicator_row, number_column, text_column
from indicators.reports.wording import say
from indicators.snapshots import load_indicators, load_snapshots, measurements_of

FAIR = "A fair management comparison, not a league table."
"""Said wherever partners stand side by side (METHOD 2.13)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One partner's use of a common-core indicator."""

    indicator: ProgrammeIndicator
    cells: dict[str, Cell]
    notes: Sequence[str]
    """Why its progress is not like the others': thresholds, definition, measure of ambition."""


def load(user: User) -> list[Line]:
    """All common-core indicators that one sees, of definitions that at least two partners use.

    A constant number of queries.
    """
    found = list(indicators_with_status(user).filter(is_core=True, partner__isnull=False))
    users: dict[int, set[int | None]] = defaultdict(set)
    for one in found:
        users[one.definition_id].add(one.partner_id)
    shown = [one for one in found if len(users[one.definition_id]) > 1]
    pks = [one.pk for one in shown]
    snapshots = load_snapshots(load_indicators(pks), as_of=today())
    records, wrong = load_records(pks), _mismatches(pks, snapshots)
    newest = {
        one.definition_id: max(
            other.version.number for other in shown if other.definition_id == one.definition_id
        )
        for one in shown
    }
    return [
        _line(
            one,
            snapshots[one.pk],
            profile.quality_profile(
                quality_facts(records[one.pk], snapshots[one.pk], mismatches=wrong[one.pk])
            ),
            newest[one.definition_id],
        )
        for one in shown
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


def _line(one: ProgrammeIndicator, snapshot: Snapshot, quality: Any, newest_version: int) -> Line:
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
    return Line(
        indicator=one,
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
        },
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
            "lines": sorted(
                members, key=lambda one: (str(one.indicator.partner), one.indicator.programme.code)
            ),
        }
        for code, members in sorted(groups.items())
    ]


def comparison_table(lines: Sequence[Line], *, as_of: date) -> Table:
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
        text_column("notes", _("What makes it differ")),
    ]
    rows = [
        Row(
            cells=one.cells,
            about=one.indicator,
            is_illustrative=one.indicator.programme.is_illustrative,
            marking=one.indicator.marking,
        )
        for group in by_definition(lines)
        for one in group["lines"]
    ]
    return Table(
        name="comparison",
        key="all",
        title=_("Partners side by side"),
        columns=columns,
        rows=rows,
        as_of=as_of,
        notes=[
            _(FAIR),
            _("Progress towards own targets, never levels; targets, data and thresholds differ."),
        ],
    )
