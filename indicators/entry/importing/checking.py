"""Rows of text against what the programme expects: a proposal for each good row, every problem of each bad one.

Reads in a fixed number of queries, however many rows; writes nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Literal

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from indicators.entry.cells import cell_key, parse_cell
from indicators.entry.checks import FIGURE_FIELDS, clean_figures, clean_place, figure_warnings, shown_value
from indicators.entry.importing.reader import Table
from indicators.models import (
    PENDING,
    WAITING,
    Observation,
    Programme,
    ProgrammeIndicator,
    ReportingPeriod,
    ReportingUnit,
    State,
    User,
    rules_on,
)
from indicators.periods import is_closed_to, locked_refusal

PLACE_COLUMNS = ("indicator", "partner", "period", "unit", "cell")
COLUMNS = (*PLACE_COLUMNS, *FIGURE_FIELDS, "reason")
REQUIRED = ("indicator", "period")

Key = tuple[int, int, int | None, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What is wrong with one cell of the file."""

    row: int
    column: str
    given: str
    message: str

    def __str__(self) -> str:
        given = f" ({self.given[:40]!r})" if self.given else ""
        return f"row {self.row}, {self.column}{given}: {self.message}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What one row would do."""

    row: int
    kind: Literal["new", "changed", "corrected", "same"]
    indicator: ProgrammeIndicator
    period: ReportingPeriod
    unit: ReportingUnit | None
    cell: str
    figures: Mapping[str, Any]
    existing: Observation | None
    reason: str

    @property
    def place(self) -> str:
        words = [
            self.indicator.definition.code,
            self.period.label,
            self.unit.code if self.unit else "",
            self.cell,
        ]
        return " ".join(word for word in words if word)


@dataclass(slots=True, kw_only=True)
class Checked:
    """All rows, looked at."""

    proposals: list[Proposal] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def of(self, kind: str) -> list[Proposal]:
        return [one for one in self.proposals if one.kind == kind]


class Catalogue:
    """What a programme's file may name, and which of its periods take figures of `by`. Six queries."""

    def __init__(self, programme: Programme, by: User | None) -> None:
        self.indicators: dict[str, list[ProgrammeIndicator]] = defaultdict(list)
        for indicator in (
            ProgrammeIndicator.objects.active()
            .filter(programme=programme)
            .select_related("definition", "version", "partner", "programme")
            .prefetch_related("units")
        ):
            self.indicators[indicator.definition.code.upper()].append(indicator)
        self.periods: dict[tuple[str, str], list[ReportingPeriod]] = defaultdict(list)
        periods = ReportingPeriod.objects.filter(programme=programme).select_related("course_run")
        for period in periods.annotate(is_closed=is_closed_to(by, timezone.now())):
            self.periods[period.frequency, period.label.casefold()].append(period)
            self.periods[period.frequency, period.starts_on.isoformat()].append(period)
        self.units = {unit.code: unit for unit in ReportingUnit.objects.filter(programme=programme)}
        self.dimensions = {
            dimension["name"]
            for tailored in self.indicators.values()
            for indicator in tailored
            for dimension in indicator.version.disaggregations
        }
        self.rules = rules_on(timezone.localdate())
        self.standing: dict[Key, Observation] = {}
        self.history: dict[tuple[int, int | None, str], list[tuple[date, Decimal | None]]] = defaultdict(list)
        self._load_observations(programme)

    def _load_observations(self, programme: Programme) -> None:
        versions = {one.pk: one.version for tailored in self.indicators.values() for one in tailored}
        rows = (
            Observation.objects.filter(
                indicator__programme=programme, indicator__in=versions, state__in=[*PENDING, State.APPROVED]
            )
            .select_related("period")
            .order_by("period__starts_on", "pk")
        )
        for row in rows.iterator(chunk_size=2000):
            key = (row.indicator_id, row.period_id, row.unit_id, row.cell)
            if (
                key not in self.standing or row.state != State.APPROVED
            ):  # what waits stands before what counts
                self.standing[key] = row
            if row.state == State.APPROVED:
                value = shown_value(versions[row.indicator_id], vars(row))
                self.history[row.indicator_id, row.unit_id, row.cell].append((row.period.starts_on, value))


def check_table(table: Table, programme: Programme, *, today: date, by: User | None = None) -> Checked:
    """A proposal or the problems of every row; `by` is who submits them, as far as somebody does."""
    catalogue = Catalogue(programme, by)
    checked = Checked()
    _check_header(table, catalogue)
    seen: dict[Key, int] = {}
    for row, cells in table.rows:
        try:
            proposal = _check_row(row, cells, catalogue, table, today=today)
            if proposal.kind != "same" and proposal.period.is_closed:  # type: ignore[attr-defined]
                raise ValidationError({"period": locked_refusal(proposal.period)})
            key = (
                proposal.indicator.pk,
                proposal.period.pk,
                proposal.unit.pk if proposal.unit else None,
                proposal.cell,
            )
            if key in seen:
                raise ValidationError(
                    {"period": _("Row %(row)s is about the same place already.") % {"row": seen[key]}}
                )
            seen[key] = row
            checked.proposals.append(proposal)
        except ValidationError as refusal:
            checked.problems += _problems(row, cells, refusal)
    return checked


def _check_header(table: Table, catalogue: Catalogue) -> None:
    missing = [name for name in REQUIRED if name not in table.columns]
    if missing:
        raise ValidationError(
            _("Column %(missing)s is missing; the file has: %(given)s."),
            code="header",
            params={"missing": ", ".join(missing), "given": ", ".join(table.columns)},
        )
    unknown = [name for name in table.columns if name not in COLUMNS and name not in catalogue.dimensions]
    if unknown:
        raise ValidationError(
            _("Column %(unknown)s is not known; known are: %(known)s."),
            code="header",
            params={
                "unknown": ", ".join(unknown),
                "known": ", ".join([*COLUMNS, *sorted(catalogue.dimensions)]),
            },
        )


def _check_row(
    row: int, cells: Mapping[str, str], catalogue: Catalogue, table: Table, *, today: date
) -> Proposal:
    errors: dict[str, list[Any]] = {}
    indicator = _collect(errors, _find_indicator, catalogue, cells)
    if indicator is None:
        raise ValidationError(errors)
    period = _collect(errors, _find_period, catalogue, indicator, cells["period"])
    unit = _collect(errors, _find_unit, catalogue, cells.get("unit", ""))
    cell = _collect(errors, _find_cell, catalogue, indicator, cells) or ""
    if period is None:
        raise ValidationError(errors)
    if not errors:
        _collect(errors, _check_place, indicator, period, unit, cell)
    existing = catalogue.standing.get((indicator.pk, period.pk, unit.pk if unit else None, cell))
    figures = _collect(errors, _clean_row, cells, indicator, period, existing, today)
    if errors:
        raise ValidationError(errors)
    kind = _kind_of(existing, figures)
    if kind != "same":
        _check_explained(figures, catalogue, indicator, period, unit, cell)
    return Proposal(
        row=row,
        kind=kind,
        indicator=indicator,
        period=period,
        unit=unit,
        cell=cell,
        figures=figures,
        existing=existing,
        reason=cells.get("reason", "") or _("The file %(name)s says otherwise.") % {"name": table.name[:100]},
    )


def _collect(errors: dict[str, list[Any]], check: Any, *given: Any) -> Any:
    """What the check gives; its refusals are kept beside the others."""
    try:
        return check(*given)
    except ValidationError as refusal:
        for name, found in refusal.error_dict.items():
            errors.setdefault(name, []).extend(found)
        return None


def _refuse(column: str, template: str, **params: Any) -> ValidationError:
    return ValidationError({column: ValidationError(template, params=params)})


def _find_indicator(catalogue: Catalogue, cells: Mapping[str, str]) -> ProgrammeIndicator:
    code, _slash, partner = cells["indicator"].partition("/")
    partner = partner or cells.get("partner", "")
    tailored = catalogue.indicators.get(code.strip().upper(), [])
    if not tailored:
        known = sorted(catalogue.indicators)
        raise _refuse(
            "indicator",
            _("an indicator of this programme was expected, such as %(known)s."),
            known=", ".join(known[:5]) or "–",
        )
    if partner:
        tailored = [
            one for one in tailored if one.partner is not None and one.partner.code == partner.upper()
        ]
    if len(tailored) != 1:
        raise _refuse(
            "partner" if "partner" in cells else "indicator",
            _("%(count)s indicators match; name the partner it is tailored for, as in %(code)s/IRQ."),
            count=len(tailored),
            code=code,
        )
    if tailored[0].is_computed:
        raise _refuse(
            "indicator", _("this one is computed by a formula from others; their figures were expected.")
        )
    return tailored[0]


def _find_period(catalogue: Catalogue, indicator: ProgrammeIndicator, text: str) -> ReportingPeriod:
    found = catalogue.periods.get((indicator.frequency, text.casefold()), [])
    if len({one.pk for one in found}) == 1:
        return found[0]
    if found:
        raise _refuse("period", _("several periods match; their label was expected: %(labels)s."),
                      labels=", ".join(one.label for one in found[:5]))  # fmt: skip
    labels = [key[1] for key in catalogue.periods if key[0] == indicator.frequency]
    raise _refuse(
        "period",
        _("a period reported “%(frequency)s” was expected, by its label or first day, such as %(known)s."),
        frequency=indicator.get_frequency_display(),
        known=", ".join(labels[-2:]) or "–",
    )


def _find_unit(catalogue: Catalogue, code: str) -> ReportingUnit | None:
    if not code:
        return None
    if code not in catalogue.units:
        raise _refuse(
            "unit",
            _("the code of a reporting unit was expected, such as %(known)s."),
            known=", ".join(list(catalogue.units)[:5]) or "–",
        )
    return catalogue.units[code]


def _find_cell(catalogue: Catalogue, indicator: ProgrammeIndicator, cells: Mapping[str, str]) -> str:
    try:
        chosen = parse_cell(cells.get("cell", ""))
        chosen |= {name: cells[name] for name in catalogue.dimensions if cells.get(name)}
        return cell_key(indicator.version, chosen)
    except ValidationError as problem:
        raise ValidationError({"cell": problem}) from None


def _check_place(
    indicator: ProgrammeIndicator, period: ReportingPeriod, unit: ReportingUnit | None, cell: str
) -> None:
    clean_place(indicator=indicator, period=period, unit=unit, cell=cell)


def _clean_row(
    cells: Mapping[str, str],
    indicator: ProgrammeIndicator,
    period: ReportingPeriod,
    existing: Observation | None,
    today: date,
) -> dict[str, Any]:
    """The row's figures; what the file leaves open stays as it stands (but an answer is replaced as a whole)."""
    given: dict[str, Any] = {}
    if existing is not None:
        replaced = {"numerator", "denominator", "value", "missing_reason"}
        if cells.get("missing_reason"):
            replaced |= {"standard_error", "sample_size"}
        given = {name: getattr(existing, name) for name in FIGURE_FIELDS if name not in replaced}
    given |= {name: cells[name] for name in FIGURE_FIELDS if cells.get(name)}
    if isinstance(given.get("as_of"), str):
        given["as_of"] = _parse_day(given["as_of"])
    given.setdefault("as_of", min(period.ends_on, today))
    if str(given.get("credibility", "")).isdigit():
        given["credibility"] = int(given["credibility"])
    return clean_figures(given, version=indicator.version, period=period, today=today)


def _parse_day(text: str) -> date:
    try:
        if len(text) != 10:
            raise ValueError(text)
        return date.fromisoformat(text)
    except ValueError:
        raise _refuse("as_of", _("a day written year-month-day was expected, such as 2025-09-30.")) from None


def _kind_of(
    existing: Observation | None, figures: Mapping[str, Any]
) -> Literal["new", "changed", "corrected", "same"]:
    if existing is None:
        return "new"
    if all(getattr(existing, name) == value for name, value in figures.items()):
        return "same"
    if existing.state == State.APPROVED:
        return "corrected"
    if existing.state in WAITING:
        raise _refuse(
            "period",
            _("another figure is waiting for approval here (observation %(pk)s); it must be decided first."),
            pk=existing.pk,
        )
    return "changed"


def _check_explained(
    figures: Mapping[str, Any],
    catalogue: Catalogue,
    indicator: ProgrammeIndicator,
    period: ReportingPeriod,
    unit: ReportingUnit | None,
    cell: str,
) -> None:
    if figures["comment"]:
        return
    place = (indicator.pk, unit.pk if unit else None, cell)
    history = [
        value
        for day, value in catalogue.history.get(place, [])
        if day < period.starts_on and value is not None
    ]
    found = figure_warnings(
        figures, version=indicator.version, period=period, history=history[-24:], rules=catalogue.rules
    )
    if found:
        raise ValidationError(
            {"comment": [_("%(warning)s A comment was expected.") % {"warning": one} for one in found]}
        )


def _problems(row: int, cells: Mapping[str, str], refusal: ValidationError) -> Iterable[Problem]:
    errors: Mapping[str, Sequence[ValidationError]] = refusal.error_dict
    for column, found in errors.items():
        hidden = column in {"comment", "text", "marking"}  # a refused marking is not repeated
        for one in found:
            yield Problem(
                row=row,
                column=column,
                given="" if hidden else cells.get(column, ""),
                message=" ".join(one.messages),
            )
