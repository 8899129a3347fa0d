"""Composite indices as engine inputs, in a fixed number of queries. Decides nothing, writes nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal

from django.db.models import Prefetch, QuerySet

from indicators.engine.composite import Aggregation, Goalposts
from indicators.engine.index import (
    Across,
    IndexInputs,
    IndexMember,
    IndexPart,
    IndexScores,
    Reads,
    is_higher_better,
)
from indicators.engine.judge import judge
from indicators.engine.rollup import roll_up_period
from indicators.engine.rules import Rules
from indicators.engine.types import (
    Direction,
    Judgement,
    Measurement,
    Message,
    PeriodValue,
    RefusalCode,
    Snapshot,
    Status,
)
from indicators.models import (
    CompositeIndex,
    GlobalRole,
    IndexComponent,
    IndexVersion,
    Programme,
    ProgrammeIndicator,
    ReportingPeriod,
    ReportingUnit,
    Rollup,
    User,
    rules_on,
)
from indicators.snapshots import load_indicators, load_measurements, load_snapshots

NO_VALUE = {RefusalCode.STALE, RefusalCode.NO_APPROVED_DATA}
JUDGED = {Status.ON_TRACK, Status.AT_RISK, Status.OFF_TRACK}
MOST_POINTS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One indicator in the make-up of an index. `weight` None: all pieces weigh the same."""

    indicator: ProgrammeIndicator
    reads: Reads
    low: Decimal
    high: Decimal
    is_logarithmic: bool = False
    weight: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """The make-up of an index, stored or only proposed."""

    programme: Programme
    across: Across
    how: Aggregation
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What the indices of one programme rest on at a day."""

    as_of: date
    rules: Rules
    snapshots: Mapping[int, Snapshot]
    by_unit: Mapping[tuple[int, int], Snapshot] = field(default_factory=dict)
    """(unit, indicator) → the unit's own figures; only for indices that put units side by side."""
    units: Mapping[int, Sequence[ReportingUnit]] = field(default_factory=dict)
    """Indicator → the units that report it now."""


def listed(user: User) -> QuerySet[CompositeIndex]:
    """Indices in use that a person sees, with the make-up of each. Two queries."""
    return with_recipe(CompositeIndex.objects.visible_to(user).filter(is_active=True))


def with_recipe(indices: QuerySet[CompositeIndex]) -> QuerySet[CompositeIndex]:
    return indices.select_related("programme", "current").prefetch_related(
        Prefetch("current__components", queryset=components())
    )


def components() -> QuerySet[IndexComponent]:
    return IndexComponent.objects.select_related(
        "indicator__definition", "indicator__version", "indicator__partner", "indicator__programme"
    ).order_by("position", "pk")


def recipe_of(version: IndexVersion, programme: Programme) -> Recipe:
    """The make-up that a version stands for. Reads its components: prefetch them for many."""
    return Recipe(
        programme=programme,
        across=Across(version.across),
        how=Aggregation(version.aggregation),
        pieces=tuple(
            Piece(
                indicator=one.indicator,
                reads=Reads(one.reads),
                low=one.low,
                high=one.high,
                is_logarithmic=one.is_logarithmic,
                weight=one.weight,
            )
            for one in version.components.all()  # type: ignore[attr-defined]
        ),
    )


def load_ground(
    recipes: Iterable[Recipe],
    *,
    as_of: date,
    snapshots: Mapping[int, Snapshot] | None = None,
) -> Ground:
    """The figures behind recipes. Six queries, four more when one of them puts units side by side.

    Args:
        snapshots: those that are read already, by indicator; what is missing in them is read.
    """
    recipes = list(recipes)
    pks = {piece.indicator.pk for recipe in recipes for piece in recipe.pieces}
    known = {pk: one for pk, one in (snapshots or {}).items() if pk in pks}
    rules = next(iter(known.values())).rules if known else rules_on(as_of)
    if pks - known.keys():
        known |= load_snapshots(load_indicators(pks - known.keys()), as_of=as_of, rules=rules)
    apart = {
        piece.indicator.pk for recipe in recipes if recipe.across is Across.UNITS for piece in recipe.pieces
    }
    units = _units_of(apart)
    by_unit = _by_unit({pk: known[pk] for pk in apart}, units, as_of=as_of)
    return Ground(as_of=as_of, rules=rules, snapshots=known, by_unit=by_unit, units=units)


def _units_of(pks: set[int]) -> dict[int, list[ReportingUnit]]:
    found: dict[int, list[ReportingUnit]] = {pk: [] for pk in pks}
    if pks:
        rows = ProgrammeIndicator.units.through.objects.filter(
            programmeindicator__in=pks, reportingunit__is_active=True
        ).select_related("reportingunit")
        for row in rows.order_by("reportingunit__code"):
            found[row.programmeindicator_id].append(row.reportingunit)
    return found


def _by_unit(
    snapshots: Mapping[int, Snapshot], units: Mapping[int, Sequence[ReportingUnit]], *, as_of: date
) -> dict[tuple[int, int], Snapshot]:
    """Each unit's own figures. A unit has no target of its own, so only its level can be read."""
    if not snapshots:
        return {}
    keys = set(
        Rollup.objects.filter(indicator__in=snapshots, period__ends_on__lte=as_of)
        .order_by()
        .values_list("indicator_id", "period_id")
    )
    periods = ReportingPeriod.objects.in_bulk({period for _indicator, period in keys})
    figures: dict[tuple[int, int], list[PeriodValue]] = defaultdict(list)
    for (indicator, period_pk), rows in sorted(load_measurements(keys).items()):
        period = periods[period_pk]
        by_site: dict[int, list[Measurement]] = defaultdict(list)
        for row in rows:
            if row.site is not None:
                by_site[row.site].append(row)
        for site, own in by_site.items():
            figures[site, indicator].append(
                roll_up_period(
                    own,
                    snapshots[indicator].rule,
                    starts_on=period.starts_on,
                    ends_on=period.ends_on,
                    label=period.label,
                    expected=1,
                )
            )
    return {
        (unit.pk, pk): replace(
            snapshot,
            plan=replace(snapshot.plan, baseline=None, target=None),
            original_plan=replace(snapshot.original_plan, baseline=None, target=None),
            series=tuple(sorted(figures[unit.pk, pk], key=lambda one: (one.ends_on, one.starts_on))),
        )
        for pk, snapshot in snapshots.items()
        for unit in units[pk]
    }


def inputs_of(recipe: Recipe, ground: Ground, *, as_of: date | None = None) -> IndexInputs:
    """The engine's inputs at the ground's day, or at an earlier one with the figures and targets known today."""
    as_of = as_of or ground.as_of
    return IndexInputs(
        across=recipe.across,
        how=recipe.how,
        members=tuple(_members(recipe, ground, as_of)),
        usable_from=ground.rules.usable_weight_from,
    )


def _members(recipe: Recipe, ground: Ground, as_of: date) -> Iterable[IndexMember]:
    match recipe.across:
        case Across.PROGRAMME:
            parts = [_part(p, ground.snapshots[p.indicator.pk], as_of) for p in recipe.pieces]
            yield IndexMember(key=recipe.programme.code, name=recipe.programme.name, parts=tuple(parts))
        case Across.PARTNERS:
            yield from _partners(recipe, ground, as_of)
        case Across.UNITS:
            yield from _units(recipe, ground, as_of)


def _partners(recipe: Recipe, ground: Ground, as_of: date) -> Iterable[IndexMember]:
    by_partner = defaultdict(list)
    for piece in recipe.pieces:
        by_partner[piece.indicator.partner].append(piece)
    for partner in sorted(by_partner, key=lambda one: one.code):  # type: ignore[union-attr]
        parts = [_part(p, ground.snapshots[p.indicator.pk], as_of) for p in by_partner[partner]]
        yield IndexMember(key=partner.code, name=str(partner), parts=tuple(parts))  # type: ignore[union-attr]


def _units(recipe: Recipe, ground: Ground, as_of: date) -> Iterable[IndexMember]:
    units = {unit.pk: unit for piece in recipe.pieces for unit in ground.units[piece.indicator.pk]}
    for unit in sorted(units.values(), key=lambda one: one.code):
        parts = [_part(p, ground.by_unit.get((unit.pk, p.indicator.pk)), as_of) for p in recipe.pieces]
        yield IndexMember(key=unit.code, name=unit.name, parts=tuple(parts))


def _part(piece: Piece, snapshot: Snapshot | None, as_of: date) -> IndexPart:
    """A piece with what its indicator says at a day; `snapshot` None: this unit does not report it."""
    indicator = piece.indicator
    value, on, why = (None, None, None) if snapshot is None else reading(piece.reads, _at(snapshot, as_of))
    is_up = piece.reads is Reads.PROGRESS or is_higher_better(Direction(indicator.version.direction))
    return IndexPart(
        key=key_of(indicator),
        name=name_of(indicator),
        indicator=indicator.pk,
        reads=piece.reads,
        value=value,
        on=on,
        why_missing=why,
        goalposts=Goalposts(
            low=piece.low,
            high=piece.high,
            higher_is_better=bool(is_up),
            is_logarithmic=piece.is_logarithmic,
        ),
        weight=Decimal(1) if piece.weight is None else piece.weight,
    )


def key_of(indicator: ProgrammeIndicator) -> str:
    """The code of the definition: the same for the same indicator of every partner."""
    return indicator.definition.code


def name_of(indicator: ProgrammeIndicator) -> str:
    return f"{indicator.definition.code} {indicator.name}"


def _at(snapshot: Snapshot, as_of: date) -> Judgement:
    if as_of != snapshot.as_of:
        series = tuple(one for one in snapshot.series if one.ends_on <= as_of)
        snapshot = replace(snapshot, as_of=as_of, series=series)
    return judge(snapshot)


def reading(reads: Reads, found: Judgement) -> tuple[Decimal | None, date | None, Message | None]:
    """Value, its day, and why there is none. A stale value counts no more; a refused progress neither."""
    why = None if found.refusal is None else found.refusal.message
    if found.refusal is not None and found.refusal.code in NO_VALUE:
        return None, found.value_on, why
    if reads is Reads.LEVEL:
        return found.value, found.value_on, why if found.value is None else None
    if found.status in JUDGED and found.achievement is not None:
        return found.achievement, found.value_on, None
    return None, found.value_on, why


def period_ends(recipe: Recipe, ground: Ground) -> list[tuple[date, str]]:
    """The last ends of periods, with their labels, of the pieces that are reported least often."""
    regular = [
        one for piece in recipe.pieces if (one := ground.snapshots[piece.indicator.pk]).frequency_days > 0
    ]
    if not regular:
        return []
    longest = max(one.frequency_days for one in regular)
    ends = {
        period.ends_on: period.label
        for one in regular
        if one.frequency_days == longest
        for period in one.series
        if period.ends_on <= ground.as_of
    }
    return sorted(ends.items())[-MOST_POINTS:]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What a person may see of those that an index puts side by side; asked once for a whole page."""

    sees_all: bool
    partner: str = ""
    units: frozenset[tuple[int, str]] = frozenset()
    """(programme, code of the unit)"""


def sight_of(user: User) -> Sight:
    """No query; one for a partner viewer."""
    if user.global_role != GlobalRole.PARTNER_VIEWER or user.sees_everything:
        return Sight(sees_all=True)
    units = ReportingUnit.objects.visible_to(user).values_list("programme_id", "code")
    return Sight(sees_all=False, partner=user.partner.code if user.partner else "", units=frozenset(units))


def shown_to(sight: Sight, scores: IndexScores, *, across: str, programme_pk: int) -> IndexScores:
    """The scores that a person may see: a partner viewer its own nation's, and then no place among others.

    The numbers stay those that everybody sees: they are narrowed after they were computed.
    """
    if sight.sees_all or across == Across.PROGRAMME:
        return scores
    if across == Across.PARTNERS:
        kept = [one for one in scores.scores if one.key == sight.partner]
    else:
        kept = [one for one in scores.scores if (programme_pk, one.key) in sight.units]
    if len(kept) == len(scores.scores):
        return scores
    alone = (
        replace(one, rank=None, rank_low=None, rank_high=None, not_distinguishable_from=()) for one in kept
    )
    return replace(scores, scores=tuple(alone))
