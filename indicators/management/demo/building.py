"""Makes a programme of a blueprint, with the same actions that administrators use in their pages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from indicators.assessment import expost_planning, outlooks
from indicators.engine.periods import periods_between
from indicators.management.demo.blueprint import Blueprint, Design, Tailored
from indicators.models import (
    CompositeIndex,
    IndicatorDefinition,
    Objective,
    Organisation,
    Partner,
    PlannedComparison,
    Programme,
    ProgrammeIndicator,
    ReportingPeriod,
    ReportingUnit,
    SignOff,
    User,
)
from indicators.programmes import actions
from indicators.programmes.recipes import Part

NUMBERS = {"baseline", "target", "range_low", "range_high", "on_track_from", "at_risk_from"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast:
    """Who and what exists before the first programme."""

    people: Mapping[str, User]
    partners: Mapping[str, Partner]
    organisations: Mapping[str, Organisation]


@dataclass(slots=True, kw_only=True)
class Built:
    """A programme as it was made, beside its blueprint."""

    blueprint: Blueprint
    programme: Programme
    units: dict[str, ReportingUnit] = field(default_factory=dict)
    indicators: list[tuple[Tailored, ProgrammeIndicator]] = field(default_factory=list)
    sites: dict[int, list[ReportingUnit]] = field(default_factory=dict)
    """Indicator → the units that report it."""


def noon(day: date) -> datetime:
    return datetime.combine(day, time(9), tzinfo=UTC)


def build(blueprint: Blueprint, cast: Cast, *, today: date) -> Built:
    """Register, design, people, units, indicators, periods up to today, sign-offs."""
    admin = cast.people["admin"]
    begun = noon(blueprint.starts_on)
    programme = actions.register_programme(
        code=blueprint.code,
        name=blueprint.name,
        summary=blueprint.summary,
        framework=blueprint.framework,
        partners=[cast.partners[code] for code in blueprint.partners],
        organisations=[cast.organisations[code] for code in blueprint.organisations],
        starts_on=blueprint.starts_on,
        ends_on=blueprint.ends_on,
        time_zone=blueprint.time_zone,
        scope=blueprint.designs[0].scope,
        is_illustrative=True,
        by=admin,
        at=begun,
    )
    made = Built(blueprint=blueprint, programme=programme)
    schedule = programme.schedule  # type: ignore[attr-defined]
    schedule.frequency, schedule.follow_up_months = blueprint.schedule, list(blueprint.follow_up_months)
    schedule.save(update_fields=["frequency", "follow_up_months"])
    for username, role in blueprint.members:
        actions.add_member(
            programme=programme,
            user=cast.people[username],
            role=role,
            starts_on=blueprint.starts_on,
            by=admin,
            at=begun,
        )
    for number, design in enumerate(blueprint.designs, 1):
        _make_design(programme, design, number=number, by=admin)
    _make_units(made, cast, by=admin, at=begun)
    objectives = {
        one.code: one
        for one in Objective.objects.filter(design__programme=programme, design__state="in_force")
    }
    versions = {
        one.code: one.current
        for one in IndicatorDefinition.objects.filter(
            code__in={one.code for one in blueprint.indicators}
        ).select_related("current__definition_of")
    }
    for tailored in blueprint.indicators:
        _tailor(made, tailored, versions[tailored.code], objectives, cast, today=today)
    _make_periods(made, today=today)
    for tailored, indicator in made.indicators:
        if tailored.formula:
            actions.set_formula(
                indicator=indicator,
                formula=tailored.formula,
                reason=tailored.rationale,
                by=cast.people["admin"],
                at=noon(_agreed_on(made, tailored)),
            )
    return made


def _make_design(programme: Programme, design: Design, *, number: int, by: User) -> None:
    at = noon(design.from_)
    if number == 1:
        version = programme.designs.get()  # type: ignore[attr-defined]
    else:
        version = actions.start_design_version(programme=programme, reason=design.reason, by=by, at=at)
        actions.save_scope(design=version, scope=design.scope, by=by, at=at)
    known = {one.code: one for one in version.objectives.all()}
    for position, (code, level, parent, statement) in enumerate(design.objectives):
        if code not in known:
            known[code] = actions.save_objective(
                design=version,
                code=code,
                level=level,
                statement=statement,
                parent=known.get(parent),
                position=position,
                by=by,
                at=at,
            )
    if number == 1:
        for kind, likelihood, impact, statement, response in design.assumptions:
            actions.save_assumption(
                design=version,
                kind=kind,
                statement=statement,
                likelihood=likelihood,
                impact=impact,
                response=response,
                by=by,
                at=at,
            )
    actions.put_design_in_force(design=version, in_force_from=design.from_, by=by, at=at)


def _make_units(made: Built, cast: Cast, *, by: User, at: datetime) -> None:
    for code, kind, parent, name, nation in made.blueprint.units:
        made.units[code] = actions.save_unit(
            programme=made.programme,
            code=code,
            name=name,
            kind=kind,
            parent=made.units.get(parent),
            partner=cast.partners[nation],
            by=by,
            at=at,
        )


def agreement(given: Mapping[str, Any]) -> dict[str, Any]:
    """Numbers as decimals; everything else as it is."""
    return {key: Decimal(value) if key in NUMBERS else value for key, value in given.items()}


def _tailor(
    made: Built,
    tailored: Tailored,
    version: Any,
    objectives: Mapping[str, Objective],
    cast: Cast,
    *,
    today: date,
) -> None:
    admin = cast.people["admin"]
    sites = (
        [unit for code, unit in made.units.items() if code.startswith(tailored.units)]
        if tailored.units
        else []
    )
    plan = agreement(tailored.plan)
    indicator = actions.tailor_indicator(
        programme=made.programme,
        version=version,
        rationale=tailored.rationale,
        partner=cast.partners[tailored.partner] if tailored.partner else None,
        objective=objectives[tailored.objective],
        local_name=tailored.local_name,
        frequency=tailored.frequency,
        units=sites,
        weight=Decimal(tailored.weight),
        is_critical=tailored.critical,
        is_core=tailored.core,
        responsible=cast.people[made.blueprint.officer],
        marking=tailored.marking,
        releasable_to=[cast.partners[code] for code in tailored.released],
        milestones=[(day, Decimal(value), label) for day, value, label in tailored.milestones],
        effective_on=_agreed_on(made, tailored),
        reason=tailored.reason,
        by=admin,
        at=noon(_agreed_on(made, tailored)),
        **plan,
    )
    for proposal in indicator.proposals.filter(state="pending"):  # type: ignore[attr-defined]
        approver = cast.people[made.blueprint.approver]
        actions.decide_proposal(
            proposal=proposal, approve=True, by=approver, at=noon(_agreed_on(made, tailored))
        )
        indicator.refresh_from_db()
    if tailored.revision and tailored.revision["at"] <= today:
        change = agreement(tailored.revision)
        actions.revise_target(indicator=indicator, by=admin, **(change | {"at": noon(change["at"])}))
    _answer(indicator, tailored, cast, at=noon(min(_agreed_on(made, tailored) + timedelta(days=45), today)))
    made.indicators.append((tailored, indicator))
    made.sites[indicator.pk] = sites


def _agreed_on(made: Built, tailored: Tailored) -> date:
    """From the programme's start, or from when the indicator was taken up."""
    since = tailored.shape.since if tailored.shape else None
    return max(made.programme.starts_on, since or made.programme.starts_on)


def _answer(indicator: ProgrammeIndicator, tailored: Tailored, cast: Cast, *, at: datetime) -> None:
    """Each partner's word, by its own viewer."""
    for nation in tailored.signed:
        actions.sign_off(
            indicator=indicator,
            decision=SignOff.Decision.SIGNED,
            by=cast.people[f"viewer.{nation.lower()}"],
            at=at,
        )
    for nation, comment in tailored.declined.items():
        actions.sign_off(
            indicator=indicator,
            decision=SignOff.Decision.DECLINED,
            comment=comment,
            by=cast.people[f"viewer.{nation.lower()}"],
            at=at,
        )


def lock_plan(made: Built, cast: Cast) -> None:
    """The ex-post plan as it was laid down before the start. Needs the roll-ups of the figures from before it."""
    given = made.blueprint.expost
    if given is None:
        return
    admin, at = cast.people["admin"], noon(given.locked_on)
    plan = expost_planning.save_expost_plan(
        programme=made.programme,
        part="",
        starts_on=made.programme.starts_on,
        ends_on=made.programme.ends_on,
        question=given.question,
        follow_up_months=list(made.blueprint.follow_up_months),
        collects=given.collects,
        by=admin,
        at=at,
    )
    indicators = {(one.code, one.partner): indicator for one, indicator in made.indicators}
    for one in given.primary:
        indicator = indicators[one.code, one.partner]
        expost_planning.plan_primary_indicator(
            plan=plan,
            indicator=indicator,
            method=one.method,
            method_reason=one.why,
            smallest_change=Decimal(one.smallest),
            comparisons=[
                PlannedComparison(unit=unit)
                for unit in made.sites[indicator.pk]
                if one.compared and unit.code.startswith(one.compared)
            ],
            transition_until=one.transition_until,
            by=admin,
            at=at,
        )
    outlooks.fill_due_outlooks(at=at)
    expost_planning.lock_expost_plan(plan=plan, by=cast.people["evaluator"], at=at)


def _make_periods(made: Built, *, today: date) -> None:
    """The calendar up to today, and the readings from before the start and after the end."""
    programme, blueprint = made.programme, made.blueprint
    actions.ensure_periods(programme=programme, until=today, at=noon(today))
    spans: list[tuple[str, date, date]] = []
    spans += [
        (frequency, first, programme.starts_on - timedelta(days=1)) for frequency, first in blueprint.earlier
    ]
    spans += [
        (frequency, programme.ends_on + timedelta(days=1), min(last, today))
        for frequency, last in blueprint.later
    ]
    for frequency, first, last in spans:
        if first <= last:
            ReportingPeriod.objects.bulk_create(
                ReportingPeriod(
                    programme=programme,
                    frequency=frequency,
                    starts_on=span.starts_on,
                    ends_on=span.ends_on,
                    label=span.label,
                    due_on=span.ends_on + timedelta(days=programme.grace_days),
                )
                for span in periods_between(frequency, first, last)
                if span.ends_on <= today
            )


def make_indices(blueprint: Blueprint, *, by: User, at: datetime) -> None:
    """The programme's composite indices, unless it has any: somebody may have renamed them or taken them out of use."""
    programme = Programme.objects.get(code=blueprint.code)
    if not blueprint.indices or CompositeIndex.objects.filter(programme=programme).exists():
        return
    indicators = {
        one.definition.code: one
        for one in ProgrammeIndicator.objects.filter(programme=programme).select_related(
            "definition", "version", "programme", "partner"
        )
    }
    for index in blueprint.indices:
        actions.create_index(
            programme=programme,
            name=index.name,
            purpose=index.purpose,
            across=index.across,
            aggregation=index.aggregation,
            parts=[
                Part(indicator=indicators[code], reads=reads, low=Decimal(low), high=Decimal(high))
                for code, reads, low, high in index.parts
            ],
            reason=index.reason,
            by=by,
            at=at,
        )
