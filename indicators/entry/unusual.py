"""What looks unusual about one entry or many, in words; each needs a comment (METHOD 2.7). Reads; never writes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import F, Window
from django.db.models.functions import RowNumber
from django.utils import timezone
from django.utils.translation import gettext as _

from indicators.engine.rollup import check_parts
from indicators.engine.types import Measurement
from indicators.entry.checks import (
    BY_HAND,
    COUNTED_BESIDE,
    HISTORY_LENGTH,
    figure_warnings,
    in_words,
    no_evidence,
    shown_value,
)
from indicators.models import (
    PENDING,
    Evidence,
    Observation,
    ProgrammeIndicator,
    ReportingPeriod,
    ReportingUnit,
    State,
    ValueType,
    rules_on,
)

ANSWERS = ("numerator", "denominator", "value")
WORDS = ("text", "comment")
TELLING_DIGITS = 3
"""So many digits, zeros at the end aside, are hardly the same twice by chance."""
TELLING_TEXT = 20
FEW_ANSWERS = {ValueType.BINARY, ValueType.MILESTONE, ValueType.ORDINAL}

Place = tuple[int, int | None, str]
"""Indicator, unit, cell."""
Key = tuple[int, int]
"""Indicator, period."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A figure that is about to be submitted, and where it belongs; `pk` where it is stored already."""

    indicator: ProgrammeIndicator
    period: ReportingPeriod
    unit: ReportingUnit | None
    cell: str
    figures: Mapping[str, Any]
    has_evidence: bool
    pk: int | None = None

    @property
    def place(self) -> Place:
        return self.indicator.pk, None if self.unit is None else self.unit.pk, self.cell

    @property
    def key(self) -> Key:
        return self.indicator.pk, self.period.pk


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """Another figure of the same indicator and period."""

    pk: int | None
    unit_id: int | None
    cell: str
    figures: Mapping[str, Any]
    unit: str
    is_counted: bool
    """Approved or handed in: what parts are added up from."""


def warnings_of(
    *,
    indicator: ProgrammeIndicator,
    period: ReportingPeriod,
    unit: ReportingUnit | None,
    cell: str,
    figures: Mapping[str, Any],
    has_evidence: bool,
    pk: int | None = None,
) -> list[str]:
    """All warnings about one entry. Three queries."""
    one = Entry(
        indicator=indicator, period=period, unit=unit, cell=cell, figures=figures, has_evidence=has_evidence, pk=pk
    )  # fmt: skip
    return warnings_of_many([one])[0]


def warnings_of_many(entries: Sequence[Entry]) -> list[list[str]]:
    """All warnings about each of many entries, in their order; they are compared with one another too.

    Three queries however many: earlier figures, figures beside, the rules of the day.

    Args:
        entries: with clean figures; `indicator.version` read already.
    """
    if not entries:
        return []
    histories, beside = _histories(entries), _beside(entries)
    rules = rules_on(timezone.localdate())
    found = []
    for one in entries:
        earlier = [value for on, value in histories[one.place] if on < one.period.starts_on]
        said = figure_warnings(
            one.figures,
            version=one.indicator.version,
            period=one.period,
            history=earlier[-HISTORY_LENGTH:],
            rules=rules,
        )
        others = _others(one, entries, beside[one.key])
        said += _mismatch(one, others) + _twin(one, others)
        if not one.has_evidence and not one.figures["missing_reason"]:
            said.append(no_evidence())
        found.append(said)
    return found


def warnings_by_figure(observations: Sequence[Observation]) -> dict[int, list[str]]:
    """All warnings about stored figures, by primary key: those that `warnings_of` gives for each alone. Four queries.

    Args:
        observations: with `indicator.version`, `period` and `unit` loaded.
    """
    pks = [one.pk for one in observations]
    with_evidence = set(Evidence.objects.filter(observation__in=pks).values_list("observation_id", flat=True))
    entries = [
        Entry(
            indicator=one.indicator, period=one.period, unit=one.unit, cell=one.cell, figures=vars(one),
            has_evidence=one.source not in BY_HAND or one.pk in with_evidence, pk=one.pk,
        )
        for one in observations
    ]  # fmt: skip
    return dict(zip(pks, warnings_of_many(entries), strict=True))


def _histories(entries: Collection[Entry]) -> dict[Place, list[tuple[date, Decimal]]]:
    """The last approved values of each site and cell with their days, oldest first. One query."""
    versions = {one.indicator.pk: one.indicator.version for one in entries}
    most = HISTORY_LENGTH + len({one.period.pk for one in entries})
    newest = Window(
        RowNumber(),
        partition_by=[F("indicator"), F("unit"), F("cell")],
        order_by=[F("period__starts_on").desc(), F("pk").desc()],
    )
    rows = (
        Observation.objects.current()
        .filter(
            indicator__in=versions.keys(),
            cell__in={one.cell for one in entries},
            period__starts_on__lt=max(one.period.starts_on for one in entries),
        )
        .annotate(newest=newest)
        .filter(newest__lte=most)
        .order_by("period__starts_on", "pk")
        .values("indicator_id", "unit_id", "cell", "period__starts_on", *ANSWERS)
    )
    found: dict[Place, list[tuple[date, Decimal]]] = defaultdict(list)
    for row in rows:
        value = shown_value(versions[row["indicator_id"]], row)
        if value is not None:
            found[row["indicator_id"], row["unit_id"], row["cell"]].append((row["period__starts_on"], value))
    return found


def _beside(entries: Collection[Entry]) -> dict[Key, list[Beside]]:
    """Figures of the same indicators and periods, drafts too. One query."""
    rows = (
        Observation.objects.filter(
            indicator__in={one.indicator.pk for one in entries},
            period__in={one.period.pk for one in entries},
            state__in=[*PENDING, State.APPROVED],
        )
        .order_by("pk")
        .values("pk", "indicator_id", "period_id", "unit_id", "unit__name", "cell", "state", *WORDS, *ANSWERS)
    )
    found: dict[Key, list[Beside]] = defaultdict(list)
    for row in rows:
        found[row["indicator_id"], row["period_id"]].append(
            Beside(
                pk=row["pk"],
                unit_id=row["unit_id"],
                cell=row["cell"],
                figures=row,
                unit=row["unit__name"] or "",
                is_counted=row["state"] in COUNTED_BESIDE,
            )
        )
    return found


def _others(one: Entry, entries: Sequence[Entry], stored: Sequence[Beside]) -> list[Beside]:
    """What stands beside an entry: stored figures, and the other entries in the place of what is stored there."""
    given = [
        Beside(
            pk=each.pk,
            unit_id=each.place[1],
            cell=each.cell,
            figures=each.figures,
            unit=str(each.unit or ""),
            is_counted=True,
        )
        for each in entries
        if each.key == one.key
    ]
    taken = {(each.unit_id, each.cell) for each in given}
    kept = [each for each in stored if (each.unit_id, each.cell) not in taken]
    return [each for each in (*kept, *given) if (each.unit_id, each.cell) != one.place[1:]]


def _mismatch(one: Entry, others: Sequence[Beside]) -> list[str]:
    """The parts of the same site that do not add up to its total."""
    version = one.indicator.version
    if not version.disaggregations:
        return []
    site = one.place[1]
    rows = {each.cell: each.figures for each in others if each.unit_id == site and each.is_counted}
    rows[one.cell] = one.figures
    parts = [
        Measurement(id=number, site=site, cell=cell, **{name: figures[name] for name in ANSWERS})
        for number, (cell, figures) in enumerate(rows.items())
    ]
    mismatch = check_parts(parts, version.rule())
    return [in_words(mismatch)] if mismatch is not None else []


def _twin(one: Entry, others: Sequence[Beside]) -> list[str]:
    """The same figure of the same period under another unit, which chance alone hardly brings about."""
    if one.figures["missing_reason"]:
        return []
    for each in others:
        if each.cell == one.cell and each.unit_id != one.place[1] and _is_twin(one, each.figures):
            where = each.unit or _("the whole programme")
            return [
                _("%(unit)s has exactly the same in this period; was it entered twice?") % {"unit": where}
            ]
    return []


def _is_twin(one: Entry, other: Mapping[str, Any]) -> bool:
    """The same figures, and either a figure of many digits or the same longer text beside it."""
    mine = [one.figures[name] for name in ANSWERS]
    if mine != [other[name] for name in ANSWERS]:
        return False
    texts = [(one.figures[name] or "").strip() for name in WORDS]
    same_text = texts == [(other[name] or "").strip() for name in WORDS]
    if same_text and max(map(len, texts)) >= TELLING_TEXT:
        return True
    if one.indicator.version.value_type in FEW_ANSWERS:
        return False
    telling = one.figures["numerator"] if one.figures["numerator"] is not None else one.figures["value"]
    return telling is not None and _digits(telling) >= TELLING_DIGITS


def _digits(given: Decimal) -> int:
    """How many digits are written down, zeros at either end aside."""
    return len(given.normalize().as_tuple().digits)
