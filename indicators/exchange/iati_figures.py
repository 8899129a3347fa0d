"""The actuals of a published file as figures that wait for a second person. Never approved here, never overwritten."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from indicators.engine.rollup import check_parts
from indicators.engine.types import Measurement
from indicators.entry.actions import as_json, correct_observation
from indicators.entry.checks import clean_figures, clean_place, in_words
from indicators.events import Deed, remember_all
from indicators.exchange.findings import Effect, Report
from indicators.exchange.iati import Figure, Indicator, Period
from indicators.exchange.iati_indicators import Setting, Taken, cell_of
from indicators.exchange.iati_plans import zero_is_open
from indicators.exchange.iati_values import number_of
from indicators.models import (
    PENDING,
    Frequency,
    Observation,
    ProgrammeIndicator,
    ReportingPeriod,
    ReportingUnit,
    State,
    ValueType,
)
from indicators.permissions import check_may_correct, may
from indicators.programmes.places import keep_period
from indicators.sent import whole_number

Place = tuple[int, int | None, str]
COMPARED = ("numerator", "denominator", "value", "text", "standard_error", "sample_size")


@dataclass(slots=True, kw_only=True)
class Counted:
    """What became of the figures."""

    new: int = 0
    corrected: int = 0
    same: int = 0
    left_out: int = 0

    def __add__(self, other: Counted) -> Counted:
        return Counted(
            new=self.new + other.new,
            corrected=self.corrected + other.corrected,
            same=self.same + other.same,
            left_out=self.left_out + other.left_out,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """One actual, at its place."""

    figure: Figure
    period: ReportingPeriod
    unit: ReportingUnit | None
    cell: str
    values: dict[str, Any]

    @property
    def place(self) -> Place:
        return self.period.pk, self.unit.pk if self.unit else None, self.cell


@dataclass(slots=True)
class _Inside:
    """What the figures of one indicator are compared with."""

    taken: Taken
    units: dict[str, ReportingUnit]
    standing: dict[Place, list[Observation]] = field(default_factory=lambda: defaultdict(list))
    """What waits before what is in force."""


def take_figures(
    setting: Setting, indicator: Indicator, taken: Taken, report: Report, counted: Counted
) -> None:
    """Submit what is new; say what cannot be, and why."""
    if taken.indicator.is_computed:
        if any(period.actuals for period in indicator.periods):
            report.say(
                Effect.LEFT_OUT,
                indicator.line,
                "actual",
                _("figures"),
                _("none was expected: a formula computes it"),
            )
        return
    inside = _load(setting, taken.indicator, taken)
    given = _read(setting, inside, report, counted)
    _say_parts(given, taken.indicator, report)
    new = []
    for one in given.values():
        standing = inside.standing.get(one.place)
        if not standing:
            new.append(one)
        elif any(_is_same(row, one) for row in standing):
            counted.same += 1
        else:
            _replace(setting, one, standing[0], report, counted)
    _keep(setting, taken.indicator, new)
    counted.new += len(new)


def _load(setting: Setting, indicator: ProgrammeIndicator, taken: Taken) -> _Inside:
    refs = {ref for period, _first, _last in taken.periods for one in period.actuals for ref in one.locations}
    known = ReportingUnit.objects.filter(programme=setting.programme, code__in=refs) if refs else ()
    inside = _Inside(taken, {one.code: one for one in known})
    if taken.is_new:
        return inside
    rows = Observation.objects.filter(indicator=indicator, state__in=[*PENDING, State.APPROVED])
    for row in rows.select_related("period", "indicator__programme", "indicator__version").order_by("pk"):
        standing = inside.standing[row.period_id, row.unit_id, row.cell]
        standing.insert(len(standing) if row.state == State.APPROVED else 0, row)
    return inside


def _is_same(row: Observation, one: Given) -> bool:
    return all(getattr(row, name) == one.values[name] for name in COMPARED)


# --- Reading -----------------------------------------------------------------------------------------------------


def _read(setting: Setting, inside: _Inside, report: Report, counted: Counted) -> dict[Place, Given]:
    found: dict[Place, Given] = {}
    twice: set[Place] = set()
    for period, first, last in inside.taken.periods:
        here = report.at(period=f"{first} – {last}")
        for figure in period.actuals:
            one = _given(setting, inside, (period, first, last), figure, here)
            if one is None:
                counted.left_out += 1
            elif one.place in found:
                _say_twice(found, twice, one, here, counted)
            else:
                found[one.place] = one
    counted.left_out += len(twice)
    return {place: one for place, one in found.items() if place not in twice}


def _say_twice(
    found: dict[Place, Given], twice: set[Place], one: Given, report: Report, counted: Counted
) -> None:
    """The same figure again is one figure; two different ones are none."""
    first = found[one.place]
    is_same = all(first.values[name] == one.values[name] for name in COMPARED)
    shown = f"{first.figure.value or '–'}; {one.figure.value or '–'}"
    if is_same:
        report.say(Effect.NOTED, one.figure.line, "period", shown, _("it stands twice; taken once"))
        return
    twice.add(one.place)
    counted.left_out += 1
    report.say(
        Effect.LEFT_OUT,
        one.figure.line,
        "period",
        shown,
        _("one figure for a period was expected (the other stands on line %s); neither is taken")
        % first.figure.line,
    )


def _given(
    setting: Setting,
    inside: _Inside,
    span: tuple[Period, date, date],
    figure: Figure,
    report: Report,
) -> Given | None:
    tailored = inside.taken.indicator
    answer = _answer(tailored, figure, report)
    if answer is None:
        return None
    try:
        unit = _unit(figure, inside)
        period = _period(setting, tailored, *span)
        cell = clean_place(
            indicator=tailored, period=period, unit=unit, cell=cell_of(tailored.version, figure)
        )
        today = setting.at.astimezone(setting.programme.zone).date()
        given = {"as_of": min(period.ends_on, today), "comment": _comment(setting, figure)}
        given |= _own_figures(figure) | answer
        values = clean_figures(given, version=tailored.version, period=period, today=today)
    except ValidationError as refusal:
        report.say(
            Effect.LEFT_OUT,
            figure.line,
            "actual",
            _shown(figure),
            " ".join(refusal.messages),
        )
        return None
    return Given(figure=figure, period=period, unit=unit, cell=cell, values=values)


def _shown(figure: Figure) -> str:
    where = ", ".join([*figure.locations, *(f"{name} {value}" for name, value in figure.dimensions)])
    return f"{figure.value or figure.comment[:60] or '–'}{f' ({where})' if where else ''}"


def _answer(tailored: ProgrammeIndicator, figure: Figure, report: Report) -> dict[str, Any] | None:
    kind = tailored.version.value_type
    if kind == ValueType.TEXT:
        text = figure.comment or figure.value or ""
        if text.strip():
            return {"text": text}
        report.say(Effect.LEFT_OUT, figure.line, "actual", "–", _("a narrative was expected"))
        return None
    if kind == ValueType.RATIO:
        parts = {name: figure.own[name] for name in ("numerator", "denominator") if name in figure.own}
        if len(parts) == 2:
            return dict(parts)
        report.say(
            Effect.LEFT_OUT,
            figure.line,
            "actual",
            figure.value or "–",
            _("numerator and denominator were expected: a share alone cannot be joined with others"),
        )
        return None
    number = number_of(figure, "actual", report, zero_is_open=zero_is_open(tailored.version))
    return None if number is None else {"value": number}


def _own_figures(figure: Figure) -> dict[str, Any]:
    own = figure.own
    found: dict[str, Any] = {
        name: own[name] for name in ("standard_error", "sample_size", "reliability", "marking") if name in own
    }
    credibility = whole_number(own.get("credibility", ""), digits=2)
    if credibility is not None:
        found["credibility"] = credibility
    if "as_of" in own:
        try:
            found["as_of"] = date.fromisoformat(own["as_of"])
        except ValueError:
            found["as_of"] = None
    return found


def _comment(setting: Setting, figure: Figure) -> str:
    where = _("IATI file %(file)s, line %(line)s.") % {"file": setting.file, "line": figure.line}
    return f"{figure.comment[:4000]} {where}".strip()


def _unit(figure: Figure, inside: _Inside) -> ReportingUnit | None:
    if not figure.locations:
        return None
    if len(figure.locations) > 1:
        raise ValidationError(_("one location was expected"))
    unit = inside.units.get(figure.locations[0])
    if unit is None:
        raise ValidationError(_("the code of a reporting unit of the programme was expected as location"))
    return unit


def _period(
    setting: Setting, tailored: ProgrammeIndicator, period: Period, first: date, last: date
) -> ReportingPeriod:
    if tailored.frequency == Frequency.PER_COURSE:
        course, _slash, run = period.own.get("run", "").rpartition("/")
        found = ReportingPeriod.objects.filter(
            programme=setting.programme, course_run__code=run, course_run__course__code=course
        ).first()
        if found is None:
            raise ValidationError(_("a course run of this programme was expected"))
        return found
    return keep_period(
        programme=setting.programme,
        frequency=tailored.frequency,
        starts_on=first,
        ends_on=last,
        by=setting.by,
    )


def _say_parts(given: dict[Place, Given], tailored: ProgrammeIndicator, report: Report) -> None:
    """Whether parts add up to their total; nothing is corrected, and the comment of the total carries it."""
    by_period: dict[int, list[Given]] = defaultdict(list)
    for one in given.values():
        by_period[one.period.pk].append(one)
    for together in by_period.values():
        mismatch = check_parts([_measurement(one) for one in together], tailored.version.rule())
        total = next((one for one in together if not one.cell), None)
        if mismatch is None or total is None:
            continue
        said = in_words(mismatch)
        total.values["comment"] = f"{total.values['comment']} {said}"
        report.at(period=total.period.label).say(
            Effect.NOTED, total.figure.line, "dimension", _shown(total.figure), said
        )


def _measurement(one: Given) -> Measurement:
    values = one.values
    return Measurement(
        id=one.figure.line,
        site=one.unit.pk if one.unit else None,
        cell=one.cell,
        numerator=values["numerator"],
        denominator=values["denominator"],
        value=values["value"],
    )


# --- Keeping -----------------------------------------------------------------------------------------------------


def _replace(setting: Setting, one: Given, existing: Observation, report: Report, counted: Counted) -> None:
    """A correction of a figure in force, where the person may; otherwise people look at it first."""
    if existing.state == State.APPROVED and may(check_may_correct, setting.by, existing):
        correct_observation(
            observation=existing,
            reason=_("The file %s says otherwise.") % setting.file,
            by=setting.by,
            at=setting.at,
            source="import",
            **one.values,
        )
        counted.corrected += 1
        return
    counted.left_out += 1
    expected = (
        _("an approved figure stands here, which only an officer of the programme corrects")
        if existing.state == State.APPROVED
        else _("another figure waits here for a decision; it must be decided first")
    )
    report.at(period=one.period.label).say(
        Effect.LEFT_OUT, one.figure.line, "actual", _shown(one.figure), expected
    )


def _keep(setting: Setting, indicator: ProgrammeIndicator, given: list[Given]) -> None:
    rows = Observation.objects.bulk_create(
        [
            Observation(
                indicator=indicator,
                period=one.period,
                unit=one.unit,
                cell=one.cell,
                source="import",
                state=State.SUBMITTED,
                entered_by=setting.by,
                entered_at=setting.at,
                submitted_by=setting.by,
                submitted_at=setting.at,
                **one.values,
            )
            for one in given
        ],
        batch_size=1000,
    )
    deeds = [
        Deed(
            verb="imported",
            about=row,
            programme=setting.programme,
            after=as_json(row) | {"file": setting.file[:100], "line": one.figure.line},
        )
        for one, row in zip(given, rows, strict=True)
    ]
    remember_all(deeds, by=setting.by, at=setting.at)
