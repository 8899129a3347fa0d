"""Many figures at once: kept, changed and taken away as drafts by the rules of the single actions.

Each figure is answered by itself: kept, the same as before, refused with the reason, or in conflict with what somebody
else stored meanwhile. The same number of statements however many figures there are. Knows no request and no page.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils.translation import gettext as _

from indicators import derived
from indicators.entry.actions import ENTERING
from indicators.entry.checks import ANSWER_FIELDS, DEFAULTS, FIGURE_FIELDS, clean_figures, clean_place
from indicators.entry.moves import act, as_json, check_is_open, deed, today_of
from indicators.entry.unusual import warnings_by_figure
from indicators.events import Deed, remember_all
from indicators.models import (
    PENDING,
    Observation,
    ProgrammeIndicator,
    ReportingPeriod,
    ReportingUnit,
    State,
    User,
)
from indicators.periods import HasException, IsLocked, is_closed, locked_refusal
from indicators.permissions import Standing, check_may_enter, standings, why_not

MOST_FIGURES = 500
Place = tuple[int, int, int | None, str]
"""Indicator, period, unit, cell."""


class Outcome(StrEnum):
    """What became of one figure."""

    SAVED = "saved"
    SAME = "same"
    REFUSED = "refused"
    CONFLICT = "conflict"


KEPT = frozenset({Outcome.SAVED, Outcome.SAME})


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """One figure as somebody left it."""

    indicator: int
    period: int
    unit: int | None = None
    cell: str = ""
    version: int = 0
    """The `Observation.version` that was looked at; 0: the place was empty."""
    figures: Mapping[str, Any] = field(default_factory=dict)
    """Some of `checks.FIGURE_FIELDS`; numbers as text. Given any of ANSWER_FIELDS, the others are emptied."""
    follow_up: bool | None = None
    takes_away: bool = False
    """The draft is emptied: the place is free again."""


@dataclass(slots=True, kw_only=True)
class Answer:
    """What became of it. `observation` is what stands in the place now, in a conflict what the other person stored."""

    outcome: Outcome
    observation: Observation | None = None
    errors: dict[str, list[str]] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Ground:
    """Everything that the figures are judged by, read once and locked."""

    indicators: dict[int, ProgrammeIndicator]
    refused: dict[int, str]
    held: dict[int, Standing]
    periods: dict[int, ReportingPeriod]
    units: dict[int, ReportingUnit]
    pending: dict[Place, Observation]
    approved: dict[Place, Observation]
    by: User
    at: datetime
    source: str


@dataclass(slots=True)
class _Work:
    """What is to be written."""

    new: list[Observation] = field(default_factory=list)
    changed: list[tuple[Observation, dict[str, Any]]] = field(default_factory=list)
    gone: list[Observation] = field(default_factory=list)
    taken: set[Place] = field(default_factory=set)


@act
def save_figures(*, figures: Sequence[Given], by: User, at: datetime, source: str = "grid") -> list[Answer]:
    """Keep many figures as drafts; an answer for each, in their order. About fifteen queries (see the test).

    A place that `by` does not see is refused like one that does not exist. Nobody's figure is overwritten: a version
    that is not the stored one is a conflict, unless both say the same.

    Raises:
        ValidationError: more than MOST_FIGURES, or a place given twice.
    """
    if len(figures) > MOST_FIGURES:
        raise ValidationError(
            _("%(given)s figures were given; at most %(limit)s at once were expected."),
            code="length",
            params={"given": len(figures), "limit": MOST_FIGURES},
        )
    ground, work = _load(figures, by, at, source), _Work()
    answers = [_judge(one, ground, work) for one in figures]
    _write(work, ground)
    warnings = warnings_by_figure(_to_look_at(answers, ground, work))
    for answer in answers:
        if answer.observation is not None and answer.outcome != Outcome.CONFLICT:
            answer.warnings = warnings.get(answer.observation.pk, [])
    return answers


def _to_look_at(answers: Sequence[Answer], ground: _Ground, work: _Work) -> list[Observation]:
    """What was kept, and what else waits at the same sites: a total is compared with parts that were kept before."""
    kept = [one.observation for one in answers if one.outcome in KEPT and one.observation is not None]
    sites = {(one.indicator_id, one.period_id, one.unit_id) for one in kept}
    gone = {one.pk for one in work.gone}
    beside = [one for place, one in ground.pending.items() if place[:3] in sites and one.pk not in gone]
    return list({one.pk: one for one in [*beside, *kept] if one.state in PENDING}.values())


def _load(figures: Sequence[Given], by: User, at: datetime, source: str) -> _Ground:
    pks = derived.lock_indicators(
        {one.indicator for one in figures}, among=ProgrammeIndicator.objects.visible_to(by)
    )
    indicators = (
        ProgrammeIndicator.objects.filter(pk__in=pks)
        .select_related("programme", "version", "definition")
        .prefetch_related("units")
    )
    by_pk = {one.pk: one for one in indicators}
    programmes = {one.programme_id for one in by_pk.values()}
    held = standings(by, programmes)
    periods = ReportingPeriod.objects.filter(
        pk__in={one.period for one in figures}, programme__in=programmes
    ).annotate(is_closed=closed_to(by, at))
    ground = _Ground(
        indicators=by_pk,
        refused={pk: _why_not(by, one, held) for pk, one in by_pk.items()},
        held=held,
        periods={one.pk: one for one in periods.select_related("course_run")},
        units=_units(figures, by_pk.values(), programmes),
        pending={},
        approved={},
        by=by,
        at=at,
        source=source,
    )
    rows = (
        Observation.objects.select_for_update(of=("self",))
        .filter(indicator__in=pks, period__in=list(ground.periods), state__in=[*PENDING, State.APPROVED])
        .select_related("entered_by", "submitted_by", "period", "unit")
        .annotate(is_closed=is_closed(by, at))
    )
    for row in rows:
        row.indicator = by_pk[row.indicator_id]
        place = (row.indicator_id, row.period_id, row.unit_id, row.cell)
        (ground.approved if row.state == State.APPROVED else ground.pending)[place] = row
    return ground


def _units(
    figures: Sequence[Given], indicators: Iterable[ProgrammeIndicator], programmes: Collection[int]
) -> dict[int, ReportingUnit]:
    """The units that were given, of these programmes. No query where each is one that reports an indicator."""
    given = {one.unit for one in figures if one.unit is not None}
    units = {unit.pk: unit for one in indicators for unit in one.units.all() if unit.pk in given}
    if others := given - units.keys():
        units |= ReportingUnit.objects.filter(programme__in=programmes).in_bulk(others)
    return units


def closed_to(by: User, at: datetime) -> Q:
    """A condition on periods: locked, and without an exception for the person."""
    return Q(IsLocked("pk", at)) & ~Q(HasException("pk", [by.pk], at))


def _why_not(by: User, indicator: ProgrammeIndicator, held: Mapping[int, Standing]) -> str:
    return why_not(partial(check_may_enter, roles=held[indicator.programme_id].roles), by, indicator)


# --- Judging one figure; asks no query ---------------------------------------------------------------------------


def _judge(one: Given, ground: _Ground, work: _Work) -> Answer:
    try:
        place = _place(one, ground)
        if place in work.taken:
            raise ValidationError(_("This place is given twice; give each figure once."), code="twice")
        work.taken.add(place)
        stored = ground.pending.get(place)
        if stored is None:
            return _judge_free(one, place, ground, work)
        return _judge_taken(one, stored, ground, work)
    except ValidationError as refusal:
        return Answer(outcome=Outcome.REFUSED, errors=errors_of(refusal))


def errors_of(refusal: ValidationError) -> dict[str, list[str]]:
    """The messages of a refusal by field; those of no field under the empty name."""
    if hasattr(refusal, "error_dict"):
        return dict(refusal.message_dict)
    return {"": list(refusal.messages)}


def _place(one: Given, ground: _Ground) -> Place:
    indicator = ground.indicators.get(one.indicator)
    if indicator is None:
        raise ValidationError({"indicator": _("There is no such indicator among those you see.")})
    if reason := ground.refused.get(indicator.pk):
        raise ValidationError({"indicator": reason})
    period = ground.periods.get(one.period)
    if period is None:
        raise ValidationError({"period": _("There is no such period in the indicator's programme.")})
    unit = None if one.unit is None else ground.units.get(one.unit)
    if one.unit is not None and unit is None:
        raise ValidationError({"unit": _("There is no such reporting unit in the indicator's programme.")})
    cell = clean_place(indicator=indicator, period=period, unit=unit, cell=one.cell)
    return indicator.pk, period.pk, one.unit, cell


def _judge_free(one: Given, place: Place, ground: _Ground, work: _Work) -> Answer:
    """Nothing pending stands in the place: a new draft, unless a figure is in force or what was seen is gone."""
    approved = ground.approved.get(place)
    if one.takes_away and approved is None:
        return Answer(outcome=Outcome.SAME)
    indicator, period = ground.indicators[place[0]], ground.periods[place[1]]
    today = today_of(indicator, ground.at)
    given = {"as_of": min(period.ends_on, today), **one.figures}
    if approved is not None:
        same = not one.takes_away and _says_the_same(approved, _merged(approved, one.figures, today))
        return Answer(outcome=Outcome.SAME if same else Outcome.CONFLICT, observation=approved)
    clean = clean_figures(given, version=indicator.version, period=period, today=today)
    if one.version:
        return Answer(outcome=Outcome.CONFLICT)
    if period.is_closed:  # type: ignore[attr-defined]
        raise ValidationError({"period": locked_refusal(period)})
    observation = Observation(
        indicator=indicator,
        period=period,
        unit=None if one.unit is None else ground.units[one.unit],
        cell=place[3],
        source=ground.source,
        state=State.DRAFT,
        entered_by=ground.by,
        entered_at=ground.at,
        follow_up=bool(one.follow_up),
        **clean,
    )
    work.new.append(observation)
    return Answer(outcome=Outcome.SAVED, observation=observation)


def _judge_taken(one: Given, stored: Observation, ground: _Ground, work: _Work) -> Answer:
    """A draft, a returned or a submitted figure stands in the place."""
    is_open = stored.state in {State.DRAFT, State.RETURNED}
    if one.takes_away:
        return _judge_emptied(one, stored, work)
    clean = _merged(stored, one.figures, today_of(stored.indicator, ground.at))
    if _says_the_same(stored, clean) and one.follow_up in {None, stored.follow_up}:
        return Answer(outcome=Outcome.SAME, observation=stored)
    if not is_open or one.version != stored.version:
        return Answer(outcome=Outcome.CONFLICT, observation=stored)
    check_is_open(stored)
    before = _said(stored)
    for name, value in clean.items():
        setattr(stored, name, value)
    if one.follow_up is not None:
        stored.follow_up = one.follow_up
    stored.entered_by, stored.entered_at = ground.by, ground.at
    stored.version += 1
    work.changed.append((stored, before))
    return Answer(outcome=Outcome.SAVED, observation=stored)


def _judge_emptied(one: Given, stored: Observation, work: _Work) -> Answer:
    if stored.state == State.RETURNED and one.version == stored.version:
        raise ValidationError(
            _("A returned figure cannot be emptied; give a figure, or the reason why there is none.")
        )
    if stored.state != State.DRAFT or one.version != stored.version:
        return Answer(outcome=Outcome.CONFLICT, observation=stored)
    check_is_open(stored)
    work.gone.append(stored)
    return Answer(outcome=Outcome.SAVED)


def _merged(stored: Observation, figures: Mapping[str, Any], today: Any) -> dict[str, Any]:
    merged = {name: getattr(stored, name) for name in FIGURE_FIELDS}
    if set(figures) & set(ANSWER_FIELDS):
        merged |= {name: DEFAULTS[name] for name in (*ANSWER_FIELDS, "standard_error", "sample_size")}
    merged |= figures
    return clean_figures(merged, version=stored.indicator.version, period=stored.period, today=today)


def _says_the_same(stored: Observation, clean: Mapping[str, Any]) -> bool:
    return all(getattr(stored, name) == value for name, value in clean.items())


def _said(observation: Observation) -> dict[str, Any]:
    return as_json(observation) | ({"follow_up": True} if observation.follow_up else {})


# --- Writing -----------------------------------------------------------------------------------------------------


def _write(work: _Work, ground: _Ground) -> None:
    """Four statements at most, and one for the trail."""
    Observation.objects.bulk_create(work.new)
    if work.changed:
        # One INSERT … ON CONFLICT (id) DO UPDATE: all rows exist and are locked, so that nothing is inserted.
        Observation.objects.bulk_create(
            [one for one, _before in work.changed],
            update_conflicts=True,
            unique_fields=["pk"],
            update_fields=[*FIGURE_FIELDS, "follow_up", "entered_by", "entered_at", "version"],
        )
    places = {pk: one.in_place_of(*ENTERING) for pk, one in ground.held.items()}

    def done(verb: str, one: Observation, **what: Any) -> Deed:
        return deed(verb, one, in_place_of=places.get(one.indicator.programme_id, ""), **what)

    deeds = [done("recorded", one, after=_said(one)) for one in work.new]
    deeds += [done("changed", one, before=before, after=_said(one)) for one, before in work.changed]
    deeds += [done("discarded", one, before=_said(one)) for one in work.gone]
    remember_all(deeds, by=ground.by, at=ground.at)
    if work.gone:
        Observation.objects.filter(pk__in=[one.pk for one in work.gone]).delete()
