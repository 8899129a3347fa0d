"""Figures of several indicators, units and periods as rows and cells, and what was typed back into places.

Reads only, in a fixed number of queries. Decides nothing: what may be kept is for `saving`.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db.models import F, Window
from django.db.models.functions import RowNumber
from django.utils.translation import gettext as _

from indicators.engine.achievement import planned_value
from indicators.engine.display import format_value, is_share_of_whole
from indicators.entry.cells import cell_label, parse_cell
from indicators.entry.checks import shown_value
from indicators.entry.forms import REACHED, YES_NO, plain_text
from indicators.entry.saving import Answer, Given, Outcome
from indicators.entry.showing import LINE_LENGTH, figure_text
from indicators.models import (
    PENDING,
    IndicatorVersion,
    MissingReason,
    Observation,
    ProgrammeIndicator,
    ReportingPeriod,
    ReportingUnit,
    State,
    ValueType,
)
from indicators.sent import whole_number

SENT = ("numerator", "denominator", "value", "standard_error", "sample_size", "text", "missing_reason")
"""The fields of a place that make its answer; all of them empty is no answer."""
MOST_CATEGORIES = 12
Spot = tuple[int, int | None]
"""Indicator and unit, whose totals follow one another over the periods."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One input of a place."""

    name: str
    label: str
    text: str
    choices: Sequence[tuple[str, str]] = ()
    is_words: bool = False

    @property
    def shown(self) -> str:
        """What stands there, for somebody who may not change it."""
        return dict(self.choices).get(self.text, self.text)


@dataclass(slots=True, kw_only=True)
class Place:
    """Where one figure belongs, and what stands there."""

    key: str
    name: str
    """Indicator, unit, period and cell in words: for those who cannot see the table."""
    label: str
    """The cell in words; empty for the total."""
    fields: list[Field]
    reason: Field
    observation: Observation | None = None
    errors: list[str] = field(default_factory=list)
    stored: str | None = None
    """After a conflict: what somebody else stored."""
    is_closed: bool = False
    """Its period is locked."""
    is_asked: bool = False
    """The address asks for this place: it takes the focus."""

    @property
    def is_open(self) -> bool:
        if self.is_closed:
            return False
        return self.observation is None or self.observation.state in {State.DRAFT, State.RETURNED}

    @property
    def short(self) -> str:
        """The cell without the names of its dimensions."""
        return ", ".join(part.split(": ", 1)[-1] for part in self.label.split(", "))

    @property
    def state(self) -> str:
        return "" if self.observation is None else str(self.observation.state)

    @property
    def text(self) -> str:
        one = self.observation
        return "" if one is None else figure_text(one.indicator.version, vars(one))


@dataclass(slots=True, kw_only=True)
class Line:
    """A row: the total and its parts at one unit for one period."""

    label: str
    note: str
    total: Place
    parts: list[Place]
    last: str
    last_label: str
    line: list[Decimal | None]
    planned: str

    @property
    def places(self) -> list[Place]:
        return [self.total, *self.parts]


@dataclass(slots=True, kw_only=True)
class Group:
    """One indicator's rows."""

    indicator: ProgrammeIndicator
    lines: list[Line]
    adds: bool
    """Whether the parts of its figures have to add up to the total."""
    has_more_parts: bool
    target: str

    @property
    def is_ratio(self) -> bool:
        return self.indicator.version.value_type == ValueType.RATIO

    @property
    def is_share(self) -> bool:
        """Whether the numerator is part of the denominator."""
        return is_share_of_whole(self.indicator.version.rule())

    @property
    def scale(self) -> str:
        return plain_text(self.indicator.version.scale)


@dataclass(slots=True, kw_only=True)
class Sheet:
    groups: list[Group]

    @property
    def places(self) -> Iterable[Place]:
        return (place for group in self.groups for line in group.lines for place in line.places)

    @property
    def base(self) -> str:
        """What the sheet shows, for whoever sends it back: texts and version of each place that is not empty."""
        found = {one.key: base_of(one.observation) for one in self.places if one.observation is not None}
        return json.dumps(found, separators=(",", ":"))

    def ready(self) -> list[Observation]:
        """Drafts and returned figures: what can be handed in."""
        return [one.observation for one in self.places if one.observation is not None and one.is_open]

    def missing(self) -> list[Place]:
        """Totals of which nothing is said yet."""
        totals = (line.total for group in self.groups for line in group.lines)
        return [one for one in totals if one.observation is None]


def base_of(observation: Observation) -> dict[str, Any]:
    """A stored figure as the page and the browser know it."""
    found: dict[str, Any] = {
        "version": observation.version,
        "state": str(observation.state),
        "text": figure_text(observation.indicator.version, vars(observation)),
        "texts": texts_of(observation),
    }
    if observation.comment:
        found["comment"] = observation.comment
    if observation.follow_up:
        found["follow_up"] = True
    if observation.state == State.RETURNED:
        found["returned"] = observation.decision_comment
    return found


def texts_of(observation: Observation) -> dict[str, str]:
    """The answer of a stored figure, as its inputs show it; without the empty ones."""
    found = {}
    for name in SENT:
        value = getattr(observation, name)
        text = plain_text(value) if isinstance(value, Decimal) else "" if value is None else str(value)
        if text:
            found[name] = text
    return found


# --- Keys --------------------------------------------------------------------------------------------------------


def place_key(indicator: int, period: int, unit: int | None, cell: str) -> str:
    """A place as one word: ``12.7.3.sex=f``; unit 0 is none."""
    return f"{indicator}.{period}.{unit or 0}.{cell}"


def read_key(key: str) -> tuple[int, int, int | None, str] | None:
    """The place of a key; None when it is none."""
    numbers, cell = key.split(".", 3)[:3], key.split(".", 3)[3:]
    if len(numbers) < 3 or not cell or len(key) > 300:
        return None
    indicator, period, unit = (whole_number(one) for one in numbers)
    if indicator is None or period is None or unit is None:
        return None
    return indicator, period, unit or None, cell[0]


# --- Reading -----------------------------------------------------------------------------------------------------


def load_sheet(
    indicators: Sequence[ProgrammeIndicator],
    periods: Sequence[ReportingPeriod],
    *,
    asked: str = "",
    all_parts: bool = False,
) -> Sheet:
    """The rows of indicators for periods of their frequency. Three queries, however many rows.

    Args:
        indicators: with version, plan and its milestones, and units.
        asked: the key of the place that takes the focus.
        all_parts: cells of all breakdowns; otherwise of those that were ever used.
    """
    if not indicators or not periods:
        return Sheet(groups=[])
    reader = _Reader(indicators, periods, asked, all_parts)
    return Sheet(groups=[reader.group(one) for one in indicators])


class _Reader:
    def __init__(
        self,
        indicators: Sequence[ProgrammeIndicator],
        periods: Sequence[ReportingPeriod],
        asked: str,
        all_parts: bool,
    ) -> None:
        self.periods, self.asked, self.all_parts = periods, asked, all_parts
        self.stored = _load_stored(indicators, periods)
        self.histories = _load_histories(indicators, periods)
        used = Observation.objects.filter(indicator__in=indicators).exclude(cell="")
        self.used: dict[int, set[str]] = {}
        for indicator, cell in used.order_by().values_list("indicator_id", "cell").distinct():
            self.used.setdefault(indicator, set()).add(cell)

    def group(self, indicator: ProgrammeIndicator) -> Group:
        units: list[ReportingUnit | None] = [one for one in indicator.units.all() if one.is_active]
        cells, has_more = _cells(indicator.version, self.used.get(indicator.pk, set()), self.all_parts)
        rule, plan = indicator.version.rule(), indicator.plan
        return Group(
            indicator=indicator,
            lines=[
                self.line(indicator, period, unit, cells)
                for period in self.periods
                for unit in units or [None]
            ],
            adds=indicator.version.value_type in {ValueType.COUNT, ValueType.RATIO}
            or indicator.version.site_rule == "sum",
            has_more_parts=has_more,
            target=format_value(plan.target if plan else None, rule),
        )

    def line(
        self,
        indicator: ProgrammeIndicator,
        period: ReportingPeriod,
        unit: ReportingUnit | None,
        cells: Sequence[str],
    ) -> Line:
        version, unit_pk = indicator.version, None if unit is None else unit.pk
        rows = self.histories.get((indicator.pk, unit_pk), [])
        earlier = [row for row in rows if row.period.starts_on < period.starts_on][:LINE_LENGTH]
        planned = planned_value(indicator.plan.as_plan(), period.ends_on) if indicator.plan else None
        return Line(
            label=unit.name if unit else _("Whole programme"),
            note=period.label if len(self.periods) > 1 else "",
            total=self.place(indicator, period, unit, ""),
            parts=[self.place(indicator, period, unit, cell) for cell in cells],
            last=figure_text(version, vars(earlier[0])) if earlier else "",
            last_label=earlier[0].period.label if earlier else "",
            line=[shown_value(version, vars(row)) for row in reversed(earlier)],
            planned=format_value(planned if isinstance(planned, Decimal) else None, version.rule()),
        )

    def place(
        self, indicator: ProgrammeIndicator, period: ReportingPeriod, unit: ReportingUnit | None, cell: str
    ) -> Place:
        key = place_key(indicator.pk, period.pk, unit.pk if unit else None, cell)
        observation = self.stored.get(key)
        if observation is not None:
            observation.indicator = indicator
        texts = {} if observation is None else texts_of(observation)
        label = cell_label(indicator.version, cell)
        words = [
            str(indicator),
            unit.name if unit else "",
            period.label if len(self.periods) > 1 else "",
            label,
        ]
        return Place(
            key=key,
            name=", ".join(filter(None, words)),
            label=label,
            fields=_fields(indicator.version, texts),
            reason=_reason(indicator.version, texts),
            observation=observation,
            is_closed=getattr(period, "is_closed", False),
            is_asked=key == self.asked,
        )


def _load_stored(
    indicators: Sequence[ProgrammeIndicator], periods: Sequence[ReportingPeriod]
) -> dict[str, Observation]:
    """By key what stands in the places: what is pending before what it corrects. One query."""
    rows = (
        Observation.objects.filter(
            indicator__in=indicators, period__in=periods, state__in=[*PENDING, State.APPROVED]
        )
        .select_related("entered_by", "period")
        .order_by("pk")
    )
    found: dict[str, Observation] = {}
    for row in sorted(rows, key=lambda one: one.state != State.APPROVED):
        found[place_key(row.indicator_id, row.period_id, row.unit_id, row.cell)] = row
    return found


def _load_histories(
    indicators: Sequence[ProgrammeIndicator], periods: Sequence[ReportingPeriod]
) -> dict[Spot, list[Observation]]:
    """The newest approved totals of each indicator and unit, newest first. One query."""
    rows = (
        Observation.objects.current()
        .filter(
            indicator__in=indicators, cell="", period__starts_on__lt=max(one.starts_on for one in periods)
        )
        .annotate(
            place=Window(
                RowNumber(),
                partition_by=[F("indicator"), F("unit")],
                order_by=[F("period__starts_on").desc(), F("pk").desc()],
            )
        )
        .filter(place__lte=LINE_LENGTH + len(periods))
        .select_related("period")
        .order_by("-period__starts_on", "-pk")
    )
    found: dict[Spot, list[Observation]] = {}
    for row in rows:
        found.setdefault((row.indicator_id, row.unit_id), []).append(row)
    return found


def _cells(version: IndicatorVersion, used: Collection[str], all_parts: bool) -> tuple[list[str], bool]:
    """The cells of the parts, and whether there are more than shown."""
    names = {name for cell in used for name in parse_cell(cell)}
    found, has_more = [], False
    for dimension in version.disaggregations:
        categories = dimension.get("categories", [])[:MOST_CATEGORIES]
        if categories and (all_parts or dimension["name"] in names):
            found += [f"{dimension['name']}={one['code']}" for one in categories]
        elif categories:
            has_more = True
    return found + sorted(set(used) - set(found)), has_more


def _fields(version: IndicatorVersion, texts: Mapping[str, str]) -> list[Field]:
    def made(name: str, label: str, **more: Any) -> Field:
        return Field(name=name, label=label, text=texts.get(name, ""), **more)

    match ValueType(version.value_type):
        case ValueType.RATIO:
            return [
                made("numerator", version.numerator_label),
                made("denominator", version.denominator_label),
            ]
        case ValueType.ORDINAL if version.levels:
            levels = [
                (str(one["level"]), f"{one['level']} {one.get('label', '')}".strip())
                for one in version.levels
            ]
            return [made("value", _("Level"), choices=levels)]
        case ValueType.BINARY | ValueType.MILESTONE:
            choices = YES_NO if version.value_type == ValueType.BINARY else REACHED
            return [made("value", _("Answer"), choices=[(code, str(words)) for code, words in choices])]
        case ValueType.TEXT:
            return [made("text", _("Text"), is_words=True)]
        case ValueType.EFFECT_SIZE:
            return [
                made("value", _("Effect size")),
                made("standard_error", _("Standard error")),
                made("sample_size", _("Sample size (n)")),
            ]
        case ValueType.SCORE | ValueType.INDEX:
            return [made("value", version.unit), made("sample_size", _("Number of answers (n)"))]
        case _:
            return [made("value", version.unit)]


def _reason(version: IndicatorVersion, texts: Mapping[str, str]) -> Field:
    reasons = [(str(value), str(label)) for value, label in MissingReason.choices if value]
    if not version.is_sensitive and texts.get("missing_reason") != MissingReason.HELD_ELSEWHERE:
        reasons = [one for one in reasons if one[0] != MissingReason.HELD_ELSEWHERE]
    return Field(
        name="missing_reason",
        label=_("Why there is none"),
        text=texts.get("missing_reason", ""),
        choices=reasons,
    )


# --- What was typed ----------------------------------------------------------------------------------------------


def read_base(text: str) -> dict[str, dict[str, Any]]:
    """What the sheet had shown; nothing when that cannot be read, so that every place counts as touched."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {str(key): one for key, one in found.items() if isinstance(one, dict)}


def touched(sheet: Sheet, typed: Mapping[str, str]) -> dict[str, Given]:
    """What a form of the sheet holds that it had not shown, by key."""
    base = read_base(typed.get("base", ""))
    found = {}
    for place in sheet.places:
        names = [one.name for one in (*place.fields, place.reason) if f"{place.key}|{one.name}" in typed]
        texts = {name: typed[f"{place.key}|{name}"].strip() for name in names}
        before = base.get(place.key, {})
        shown = before.get("texts") if isinstance(before.get("texts"), dict) else {}
        if not names or all(texts[name] == (shown or {}).get(name, "") for name in names):
            continue
        version = before.get("version", 0)
        found[place.key] = given(place.key, version if isinstance(version, int) else 0, texts)
    return found


def given(key: str, version: int, texts: Mapping[str, str], **more: Any) -> Given:
    """A place's texts as a figure for the actions; no text at all takes a draft away."""
    place = read_key(key) or (0, 0, None, "")
    is_empty = not any(texts.get(name, "").strip() for name in SENT)
    return Given(
        indicator=place[0],
        period=place[1],
        unit=place[2],
        cell=place[3],
        version=version,
        figures={name: text for name, text in texts.items() if name != "sample_size" or text},
        takes_away=is_empty,
        **more,
    )


def lay_over(sheet: Sheet, given_by_key: Mapping[str, Given], answers: Mapping[str, Answer]) -> None:
    """Show what somebody typed over what is stored, with the reason why it was not kept."""
    for place in sheet.places:
        answer = answers.get(place.key)
        if answer is None or answer.outcome in {Outcome.SAVED, Outcome.SAME}:
            continue
        typed = given_by_key[place.key].figures
        place.fields = [_retyped(one, typed) for one in place.fields]
        place.reason = _retyped(place.reason, typed)
        place.errors = [text for texts in answer.errors.values() for text in texts]
        if answer.outcome == Outcome.CONFLICT:
            one = answer.observation
            place.stored = _("nothing: the draft was discarded") if one is None else stored_words(one)


def _retyped(one: Field, typed: Mapping[str, Any]) -> Field:
    return Field(
        name=one.name,
        label=one.label,
        text=str(typed.get(one.name, one.text)),
        choices=one.choices,
        is_words=one.is_words,
    )


def stored_words(observation: Observation) -> str:
    """What somebody stored, and who."""
    return _("%(figure)s, by %(person)s (%(state)s)") % {
        "figure": figure_text(observation.indicator.version, vars(observation)),
        "person": observation.entered_by,
        "state": observation.get_state_display(),
    }
