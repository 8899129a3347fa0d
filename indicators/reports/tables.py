"""One table for each report: its columns, their order, its typed cells. Screen, CSV and XLSX all print these."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

from django.utils.translation import gettext as _

from indicators.engine import METHOD_VERSION
from indicators.engine.rules import Rules
from indicators.engine.types import Direction, Refusal
from indicators.models import (
    IndicatorStatus,
    Programme,
    ProgrammeIndicator,
    Status,
    TargetRevision,
    TrendWord,
)
from indicators.reports import cells
from indicators.reports.cells import Cell
from indicators.reports.queries import JUDGED, ProgrammeLine, Tally, status_of
from indicators.reports.wording import refusal_code, refusal_text, say, status_now

ILLUSTRATIVE = "Illustrative data"


class Kind(StrEnum):
    """What a column holds."""

    TEXT = "text"
    NUMBER = "number"
    DAY = "day"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    key: str
    header: str
    kind: Kind = Kind.TEXT


class Cells(dict[str, Cell]):
    """Cells by column; a column without one is missing, not an error."""

    def __missing__(self, key: str) -> Cell:
        return cells.EMPTY


@dataclass(slots=True, kw_only=True)
class Row:
    """Cells by column; what the row is about, for a link; whether its figures are illustrative."""

    cells: Mapping[str, Cell]
    about: Any = None
    is_illustrative: bool = False
    marking: str = "NATO UNCLASSIFIED"
    explain_key: str = ""
    """Where its value is explained; empty: nowhere."""

    def __post_init__(self) -> None:
        self.cells = Cells(self.cells)


@dataclass(slots=True, kw_only=True)
class Table:
    """A report as rows under columns, with what a reader must know of it."""

    name: str
    key: str
    title: str
    columns: Sequence[Column]
    rows: list[Row]
    as_of: date
    method_version: str = METHOD_VERSION
    notes: list[str] = field(default_factory=list)
    releasable_to: str = ""
    explanation: Table | None = None
    """How its figures came about, for a sheet of its own."""

    @property
    def is_illustrative(self) -> bool:
        return any(row.is_illustrative for row in self.rows)

    @property
    def marking(self) -> str:
        """The highest marking of its rows; an empty table keeps the default."""
        open_ = bool(self.rows) and all(row.marking == "PUBLIC" for row in self.rows)
        return "PUBLIC" if open_ else "NATO UNCLASSIFIED"

    @property
    def file_name(self) -> str:
        """Name and day, in letters, digits and hyphens alone."""
        plain = "".join(c if c.isascii() and c.isalnum() else "-" for c in f"{self.name}-{self.key}")
        return f"{plain.strip('-').lower()}-{self.as_of.isoformat()}"


def text_column(key: str, header: str) -> Column:
    return Column(key=key, header=header)


def number_column(key: str, header: str) -> Column:
    return Column(key=key, header=header, kind=Kind.NUMBER)


def day_column(key: str, header: str) -> Column:
    return Column(key=key, header=header, kind=Kind.DAY)


def indicator_columns() -> list[Column]:
    """Who the indicator is, where it stands, why not."""
    return [
        text_column("programme", _("Programme")),
        text_column("code", _("Indicator code")),
        text_column("name", _("Indicator")),
        text_column("partner", _("Partner")),
        text_column("objective", _("Objective")),
        text_column("level", _("Results level")),
        text_column("unit", _("Unit")),
        number_column("baseline", _("Baseline")),
        day_column("baseline_on", _("Baseline date")),
        number_column("target", _("Target")),
        day_column("target_on", _("Target date")),
        number_column("range_low", _("Lower limit")),
        number_column("range_high", _("Upper limit")),
        number_column("value", _("Current value")),
        day_column("as_of", _("As of")),
        number_column("planned", _("Planned by then")),
        number_column("achievement", _("Achievement (share)")),
        number_column("index", _("On-track index")),
        number_column("on_track_from", _("On track from")),
        number_column("at_risk_from", _("At risk from")),
        text_column("status", _("Status")),
        text_column("refusal_code", _("Refusal code")),
        text_column("refusal", _("Reason for the refusal")),
        text_column("trend", _("Trend")),
        number_column("reported", _("Reported")),
        number_column("expected", _("Expected")),
        text_column("critical", _("Critical")),
        text_column("responsible", _("Responsible")),
    ]


def indicator_row(indicator: ProgrammeIndicator, *, with_people: bool) -> Row:
    """One tailored indicator with its stored status."""
    status = status_of(indicator)
    return Row(
        cells=_identity_cells(indicator)
        | plan_cells(indicator)
        | _standing_cells(indicator, status)
        | {"responsible": cells.words(indicator.responsible if with_people else None)},
        about=indicator,
        is_illustrative=indicator.programme.is_illustrative,
        marking=indicator.marking,
    )


def _identity_cells(indicator: ProgrammeIndicator) -> dict[str, Cell]:
    objective = indicator.objective
    return {
        "programme": cells.words(indicator.programme.code),
        "code": cells.words(indicator.definition.code),
        "name": cells.words(indicator.name),
        "partner": cells.words(indicator.partner),
        "objective": cells.words(f"{objective.code} {objective.statement}" if objective else ""),
        "level": cells.words(indicator.version.get_result_level_display()),
        "unit": cells.words(indicator.version.unit),
        "critical": cells.words(_("Critical") if indicator.is_critical else ""),
    }


def plan_cells(indicator: ProgrammeIndicator, plan: TargetRevision | None = None) -> dict[str, Cell]:
    """Baseline, target and limits of the agreement in force (or of the one given)."""
    plan = plan or indicator.plan
    if plan is None:
        return {}
    rule = indicator.version.rule()
    target = cells.amount(plan.target, rule)
    if rule.direction is Direction.RANGE and plan.range_low is not None and plan.range_high is not None:
        low, high = cells.amount(plan.range_low, rule).text, cells.amount(plan.range_high, rule).text
        target = Cell(value=plan.target, text=_("%(low)s to %(high)s") % {"low": low, "high": high})
    return {
        "baseline": cells.amount(plan.baseline, rule),
        "baseline_on": cells.day(plan.baseline_on),
        "target": target,
        "target_on": cells.day(plan.target_on),
        "range_low": cells.amount(plan.range_low, rule),
        "range_high": cells.amount(plan.range_high, rule),
        "on_track_from": cells.number(plan.on_track_from, 4),
        "at_risk_from": cells.number(plan.at_risk_from, 4),
    }


def _standing_cells(indicator: ProgrammeIndicator, status: IndicatorStatus | None) -> dict[str, Cell]:
    shown = {
        "status": cells.status(status_now(status)),
        "refusal_code": cells.words(refusal_code(status)),
        "refusal": cells.words(refusal_text(status)),
    }
    if status is None:
        return shown
    rule, plan = indicator.version.rule(), indicator.plan
    borders = (plan.at_risk_from, plan.on_track_from) if plan else ()
    return shown | {
        "value": cells.amount(status.value, rule),
        "as_of": cells.day(status.value_on),
        "planned": cells.amount(status.planned_value, rule),
        "achievement": cells.share(status.achievement),
        "index": cells.index(status.on_track_index, borders),
        "trend": trend_cell(status.trend),
        "reported": cells.count(status.reported),
        "expected": cells.count(status.expected),
    }


def trend_cell(word: str) -> Cell:
    return cells.words(TrendWord(word).label if word else "")


def programme_table(
    programme: Programme, indicators: Iterable[ProgrammeIndicator], *, as_of: date, with_people: bool
) -> Table:
    """The indicators of a programme."""
    return Table(
        name="programme",
        key=programme.code,
        title=f"{programme.code} {programme.name}",
        columns=indicator_columns(),
        rows=[indicator_row(indicator, with_people=with_people) for indicator in indicators],
        as_of=as_of,
    )


def tally_columns() -> list[Column]:
    counts = [number_column(str(status.value), str(status.label)) for status in JUDGED]
    shares = [
        number_column(f"{status.value}_percent", _("%(status)s, %%") % {"status": status.label})
        for status in JUDGED
    ]
    return [
        number_column("indicators", _("Indicators")),
        *counts,
        *shares,
        number_column("monitored", str(Status.MONITORED.label)),
        number_column("reported", _("Reported")),
        number_column("expected", _("Expected")),
        number_column("coverage", _("Coverage (share)")),
        text_column("worst_critical", _("Worst critical indicator")),
    ]


def tally_cells(tally: Tally) -> dict[str, Cell]:
    """Counts with percentages that add up; a share of nothing is missing, not 0."""
    percentages = tally.percentages
    return {
        "indicators": cells.count(tally.total),
        "monitored": cells.count(tally.monitored),
        "reported": cells.count(tally.reported),
        "expected": cells.count(tally.expected),
        "coverage": cells.share(tally.coverage),
        "worst_critical": cells.status(tally.worst_critical),
        **{str(status.value): cells.count(tally.counts[status]) for status in JUDGED},
        **{f"{status.value}_percent": cells.count(percentages.get(status.value)) for status in JUDGED},
    }


def score_columns() -> list[Column]:
    return [
        number_column("score", _("Weighted achievement (share)")),
        number_column("score_low", _("Lowest without one indicator")),
        number_column("score_high", _("Highest without one indicator")),
        text_column("score_refusal", _("Why there is no weighted achievement")),
    ]


def score_cells(tally: Tally, rules: Rules, *, programmes: int = 1) -> dict[str, Cell]:
    """The weighted score with its range over leaving one indicator out; or nothing but the reason.

    Over several programmes there is none: their logic differs, and what one did does not make up for another (METHOD
    2.12).
    """
    if programmes > 1:
        why = _("It covers %(count)s programmes, whose logic differs; a score is formed within one.")
        return Cells({"score_refusal": cells.words(why % {"count": programmes})})
    found = tally.score(rules)
    if isinstance(found, Refusal):
        return Cells({"score_refusal": cells.words(say(found.message))})
    return Cells(
        {
            "score": cells.share(found.value),
            "score_low": cells.share(found.low),
            "score_high": cells.share(found.high),
            "score_weight": cells.share(found.usable_weight),
        }
    )


def objectives_table(
    programme: Programme,
    lines: Iterable[tuple[str, str, Tally, Sequence[Row]]],
    rules: Rules,
    *,
    as_of: date,
) -> Table:
    """Code, statement, tally and indicators of each objective."""
    return Table(
        name="objectives",
        key=programme.code,
        title=f"{programme.code} {programme.name}: {_('objectives')}",
        columns=[
            text_column("code", _("Code")),
            text_column("name", _("Objective")),
            *tally_columns(),
            *score_columns(),
        ],
        rows=[
            Row(
                cells={"code": cells.words(code), "name": cells.words(name)}
                | tally_cells(tally)
                | score_cells(tally, rules),
                is_illustrative=programme.is_illustrative,
                marking=_highest(rows),
            )
            for code, name, tally, rows in lines
        ],
        as_of=as_of,
        notes=[
            _(
                "Weighted achievement: each achievement kept within 0 and 1, weighted; it is change, not effect."
            ),
        ],
    )


def _highest(rows: Sequence[Row]) -> str:
    return "PUBLIC" if rows and all(row.marking == "PUBLIC" for row in rows) else "NATO UNCLASSIFIED"


def portfolio_table(lines: Iterable[ProgrammeLine], rules: Rules, *, as_of: date, key: str = "all") -> Table:
    """The programmes with their counts."""
    columns = [
        text_column("code", _("Code")),
        text_column("name", _("Programme")),
        text_column("framework", _("Framework")),
        text_column("countries", _("Countries")),
        text_column("organisations", _("Organisations")),
        day_column("starts_on", _("Starts on")),
        day_column("ends_on", _("Ends on")),
        text_column("phase", _("Phase")),
        *tally_columns(),
        *score_columns(),
        number_column("missing", _("Figures missing")),
        number_column("changed_lately", _("Figures accepted in 30 days")),
        day_column("changed_on", _("Last accepted")),
    ]
    return Table(
        name="portfolio",
        key=key,
        title=_("Portfolio"),
        columns=columns,
        rows=[_portfolio_row(line, rules) for line in lines],
        as_of=as_of,
        notes=[_("Percentages are shares of the judged indicators and add up to 100; nothing is averaged.")],
    )


def phase_word(phase: str) -> str:
    return {"planned": _("Planned"), "active": _("Running"), "ended": _("Ended")}[phase]


def _portfolio_row(line: ProgrammeLine, rules: Rules) -> Row:
    programme = line.programme
    return Row(
        cells={
            "code": cells.words(programme.code),
            "name": cells.words(programme.name),
            "framework": cells.words(programme.get_framework_display()),
            "countries": cells.words(", ".join(str(one) for one in programme.partners.all())),
            "organisations": cells.words(", ".join(str(one) for one in programme.organisations.all())),
            "starts_on": cells.day(programme.starts_on),
            "ends_on": cells.day(programme.ends_on),
            "phase": cells.words(phase_word(line.phase)),
            "missing": cells.count(line.tally.missing),
            "changed_lately": cells.count(line.changed_lately),
            "changed_on": cells.day(line.changed_at.date() if line.changed_at else None),
        }
        | tally_cells(line.tally)
        | score_cells(line.tally, rules),
        about=line,
        is_illustrative=programme.is_illustrative,
    )


def region_table(groups: Iterable[Mapping[str, Any]], rules: Rules, *, as_of: date) -> Table:
    """Counts by country and by framework. Groups: kind, name, programmes, tally, is_illustrative."""
    columns = [
        text_column("by", _("By")),
        text_column("name", _("Country or framework")),
        text_column("programmes", _("Programmes")),
        *tally_columns(),
        *score_columns(),
        number_column("missing", _("Figures missing")),
    ]
    rows = [
        Row(
            cells={
                "by": cells.words(group["kind"]),
                "name": cells.words(group["name"]),
                "programmes": cells.words(", ".join(group["programmes"])),
                "missing": cells.count(group["tally"].missing),
            }
            | tally_cells(group["tally"])
            | score_cells(group["tally"], rules, programmes=len(group["programmes"])),
            about=group,
            is_illustrative=group["is_illustrative"],
        )
        for group in groups
    ]
    return Table(
        name="region",
        key="all",
        title=_("Region"),
        columns=columns,
        rows=rows,
        as_of=as_of,
        notes=[
            _("An indicator of several countries together counts in its framework, not in any one country."),
            _("Targets differ between partners: this is management information, not a ranking."),
        ],
    )
