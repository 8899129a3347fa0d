"""Which indicators may be joined into an index, on which scales, with which weights (METHOD 2.12, 2.13)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from django.utils.translation import gettext as _

from indicators.composites import Piece, Recipe
from indicators.engine.composite import Aggregation
from indicators.engine.index import Across, Reads, is_higher_better
from indicators.engine.types import Direction, ValueType
from indicators.models import Partner, Programme, ProgrammeIndicator
from indicators.programmes.targets import Faults, plain

LEAST, MOST = 2, 12
ONE = Decimal(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """An indicator as somebody wants it in an index. Without goalposts a progress lies between 0 and 1."""

    indicator: ProgrammeIndicator
    reads: str = Reads.LEVEL.value
    low: Decimal | None = None
    high: Decimal | None = None
    is_logarithmic: bool = False
    weight: Decimal | None = None
    place: int | None = None
    """Where it stood in the form, for its errors; None: where it stands in the list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnWeight:
    """The weight of one part for one partner alone."""

    partner: Partner
    indicator: ProgrammeIndicator
    """The part's indicator; that of any partner stands for all of its definition."""
    weight: Decimal


def recipe_from(
    programme: Programme,
    *,
    across: str,
    aggregation: str,
    parts: Sequence[Part],
    own_weights: Sequence[OwnWeight] = (),
) -> Recipe:
    """The make-up that the parts give. For an index across partners each part stands for that indicator of every one.

    Raises:
        ValidationError: with everything that is wrong, keyed across, aggregation, parts, own_weights, or
            ``part-<place>-<field>``.
    """
    faults = Faults()
    if across not in list(Across):
        faults.add("across", _("“%s” was given; choose one of the list.") % across)
    if aggregation not in list(Aggregation):
        faults.add("aggregation", _("“%s” was given; choose one of the list.") % aggregation)
    faults.raise_any()
    if not LEAST <= len(parts) <= MOST:
        faults.add(
            "parts",
            _("%(count)d indicators were given; an index joins %(least)d to %(most)d.")
            % {"count": len(parts), "least": LEAST, "most": MOST},
        )
    _check_parts(programme, Across(across), parts, faults)
    _check_weights([part.weight for part in parts], faults, "parts", _("the parts"))
    if own_weights and across != Across.PARTNERS:
        faults.add("own_weights", _("Weights of a partner make sense only in an index across partners."))
    faults.raise_any()
    pieces = [_piece(part) for part in parts]
    if across == Across.PARTNERS:
        pieces = _for_every_partner(programme, pieces, own_weights, faults)
    elif across == Across.UNITS:
        _check_units(parts, faults)
    faults.raise_any()
    return Recipe(
        programme=programme, across=Across(across), how=Aggregation(aggregation), pieces=tuple(pieces)
    )


def _check_parts(programme: Programme, across: Across, parts: Sequence[Part], faults: Faults) -> None:
    seen: set[int] = set()
    for number, part in enumerate(parts):
        place = number if part.place is None else part.place
        why = _why_not(programme, across, part)
        what = part.indicator.definition_id if across is Across.PARTNERS else part.indicator.pk
        if what in seen:
            why = _("%s is in the index already.") % part.indicator.definition.code
        if why:
            faults.add(f"part-{place}-indicator", why)
        seen.add(what)
        why = _why_not_read(across, part)
        if why:
            faults.add(f"part-{place}-reads", why)
        for field, text in _goalpost_faults(part).items():
            faults.add(f"part-{place}-{field}", text)


def _why_not(programme: Programme, across: Across, part: Part) -> str:
    """Why an indicator cannot be part of such an index; empty when it can."""
    indicator, version = part.indicator, part.indicator.version
    if indicator.programme_id != programme.pk:
        return _("%s belongs to another programme; an index joins what one programme measures.") % indicator
    if not indicator.is_active:
        return _("%s is no longer in use.") % indicator
    if version.value_type == ValueType.TEXT:
        return _("%s is a text; only numbers can be joined.") % indicator
    if version.is_context:
        return _("%s is context: it is read beside an index, never mixed into it.") % indicator
    if across is Across.PARTNERS and (indicator.partner_id is None or not indicator.is_core):
        return (
            _(
                "%s is not a common core indicator tailored for one partner; only those are compared across partners."
            )
            % indicator
        )
    if across is Across.UNITS and indicator.is_computed:
        return _("%s is computed for the whole programme, so that reporting units have none.") % indicator
    return ""


def _why_not_read(across: Across, part: Part) -> str:
    if part.reads not in list(Reads):
        return _("“%s” was given; choose one of the list.") % part.reads
    if across is Across.PARTNERS and part.reads != Reads.PROGRESS:
        return _("Partners are compared by progress towards their own targets, never by raw values.")
    if across is Across.UNITS and part.reads != Reads.LEVEL:
        return _("A reporting unit has no target of its own, so only its value can be read.")
    if part.reads == Reads.LEVEL and is_higher_better(Direction(part.indicator.version.direction)) is None:
        return _("It should lie inside a range, so neither end is better; take its progress instead.")
    return ""


def _goalpost_faults(part: Part) -> dict[str, str]:
    """What is wrong with the ends of the scale, by field."""
    low, high = _ends(part)
    faults = {
        field: _("Empty; give the fixed end of the scale.")
        for field, value in (("low", low), ("high", high))
        if value is None
    }
    if low is None or high is None:
        return faults
    if low >= high:
        faults["high"] = _("%(given)s was given; more than the lower end, %(low)s, was expected.") % {
            "given": plain(high),
            "low": plain(low),
        }
    if part.is_logarithmic and part.reads == Reads.PROGRESS:
        faults["is_logarithmic"] = _("Progress is a share; it has no logarithmic scale.")
    elif part.is_logarithmic and low <= 0:
        faults["low"] = _("%s was given; a logarithmic scale begins above 0.") % plain(low)
    return faults


def _ends(part: Part) -> tuple[Decimal | None, Decimal | None]:
    if part.reads != Reads.PROGRESS:
        return part.low, part.high
    return Decimal(0) if part.low is None else part.low, ONE if part.high is None else part.high


def _check_weights(weights: Sequence[Decimal | None], faults: Faults, field: str, whose: str) -> None:
    """All empty, or shares above 0 that add up to 1."""
    given = [weight for weight in weights if weight is not None]
    if not given:
        return
    if len(given) < len(weights):
        faults.add(field, _("Give a weight to all of %s, or to none: then all weigh the same.") % whose)
    elif any(not weight.is_finite() or not 0 < weight <= 1 for weight in given):
        faults.add(field, _("Weights of %s are shares: above 0, at most 1.") % whose)
    elif sum(given) != ONE:
        faults.add(
            field,
            _(
                "The weights of %(whose)s add up to %(sum)s; 1 was expected. Leave all empty for equal weights."
            )
            % {"whose": whose, "sum": plain(sum(given, Decimal(0)))},
        )


def _piece(part: Part) -> Piece:
    low, high = _ends(part)
    assert low is not None
    assert high is not None
    return Piece(
        indicator=part.indicator,
        reads=Reads(part.reads),
        low=low,
        high=high,
        is_logarithmic=part.is_logarithmic,
        weight=part.weight,
    )


def _for_every_partner(
    programme: Programme, pieces: list[Piece], own_weights: Sequence[OwnWeight], faults: Faults
) -> list[Piece]:
    """Each piece once for every partner that has all of them as common core; with fewer it would be another index."""
    order = {piece.indicator.definition_id: piece for piece in pieces}
    rows = (
        ProgrammeIndicator.objects.active()
        .filter(programme=programme, definition__in=order, partner__isnull=False, is_core=True)
        .select_related("definition", "version", "partner", "programme")
        .order_by("partner__code", "pk")
    )
    by_partner: dict[int | None, list[ProgrammeIndicator]] = defaultdict(list)
    for row in rows:
        by_partner[row.partner_id].append(row)
    siblings = [one for own in by_partner.values() if len(own) == len(order) for one in own]
    if len({one.partner_id for one in siblings}) < LEAST:
        faults.add(
            "across", _("No two partners have all of these indicators as common core; nothing to compare.")
        )
    own = _own_weights(own_weights, set(order), {one.partner_id for one in siblings}, faults)
    found = [
        replace(
            order[one.definition_id],
            indicator=one,
            weight=own.get((one.partner_id or 0, one.definition_id), order[one.definition_id].weight),
        )
        for one in siblings
    ]
    places = {definition: place for place, definition in enumerate(order)}
    return sorted(found, key=lambda one: (str(one.indicator.partner), places[one.indicator.definition_id]))


def _own_weights(
    given: Sequence[OwnWeight], definitions: set[int], partners: set[int | None], faults: Faults
) -> dict[tuple[int, int], Decimal]:
    """(partner, definition) → weight. Who has one of its own has all of its own, and they add up to 1."""
    found: dict[tuple[int, int], Decimal] = {}
    by_partner: dict[Partner, list[Decimal]] = defaultdict(list)
    for one in given:
        key = (one.partner.pk, one.indicator.definition_id)
        if one.indicator.definition_id not in definitions or one.partner.pk not in partners:
            faults.add(
                "own_weights",
                _("%(partner)s has no %(code)s in this index.")
                % {"partner": one.partner, "code": one.indicator.definition.code},
            )
        elif key in found:
            faults.add(
                "own_weights",
                _("%(partner)s has two weights for %(code)s.")
                % {"partner": one.partner, "code": one.indicator.definition.code},
            )
        found[key] = one.weight
        by_partner[one.partner].append(one.weight)
    for partner, weights in by_partner.items():
        padded: list[Decimal | None] = [*weights, *[None] * (len(definitions) - len(weights))]
        _check_weights(padded, faults, "own_weights", str(partner))
    return found


def _check_units(parts: Sequence[Part], faults: Faults) -> None:
    """At least two units of one country report, and every indicator is reported by some of them."""
    units: set[int] = set()
    countries: set[str] = set()
    for number, part in enumerate(parts):
        own = list(part.indicator.units.filter(is_active=True).select_related("partner"))
        if not own:
            faults.add(
                f"part-{number if part.place is None else part.place}-indicator",
                _("%s is reported for the whole programme, not by reporting units.") % part.indicator,
            )
        units |= {unit.pk for unit in own}
        countries |= {str(unit.partner) for unit in own if unit.partner is not None}
    if len(units) < LEAST:
        faults.add("across", _("Only one reporting unit has these indicators; there is nobody beside it."))
    if len(countries) > 1:
        faults.add(
            "across",
            _(
                "These units belong to several countries (%s); countries are compared by progress, not by values."
            )
            % ", ".join(sorted(countries)),
        )
