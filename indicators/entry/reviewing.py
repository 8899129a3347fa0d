"""What waits for a validator or an approver, and what a decision on many would do. Nothing that it changes stays."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Count, F, Q, Window
from django.db.models.functions import RowNumber
from django.utils import timezone
from django.utils.translation import gettext as _

from indicators.engine.display import format_value
from indicators.entry import bulk
from indicators.entry.cells import cell_label
from indicators.entry.checks import shown_value
from indicators.entry.showing import figure_text, observation_text
from indicators.entry.unusual import warnings_by_figure
from indicators.models import (
    Evidence,
    IndicatorStatus,
    Observation,
    Programme,
    ProgrammeIndicator,
    ReportingPeriod,
    Role,
    State,
    User,
    ValueType,
    programmes_of,
)
from indicators.sent import whole_number

RELATED = (
    "indicator__programme", "indicator__version", "indicator__definition", "period", "unit", "submitted_by",
    "entered_by", "validated_by",
)  # fmt: skip
COUNTED = {ValueType.RATIO, ValueType.BINARY, ValueType.MILESTONE, ValueType.TEXT}
"""Kinds whose difference is not the value in its unit: shown in points, or not at all."""


def waiting_for(user: User, *roles: Role) -> Any:
    """What waits for this person as a validator or an approver (or one of the two), the oldest first."""
    approves = programmes_of(user, Role.APPROVER).values("pk")
    validates = programmes_of(user, Role.VALIDATOR).values("pk")
    to_approve = Q(indicator__programme__in=approves) & (
        Q(state=State.VALIDATED) | Q(state=State.SUBMITTED, indicator__programme__needs_validation=False)
    )
    to_validate = Q(
        indicator__programme__in=validates, state=State.SUBMITTED, indicator__programme__needs_validation=True
    )
    wanted = Q(pk__in=[])
    if not roles or Role.APPROVER in roles:
        wanted |= to_approve
    if not roles or Role.VALIDATOR in roles:
        wanted |= to_validate
    return (
        Observation.objects.visible_to(user)
        .filter(wanted)
        .select_related(*RELATED)
        .order_by("submitted_at", "pk")
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What the queue can be narrowed to: only what something waits for."""

    programmes: Sequence[Programme]
    indicators: Sequence[ProgrammeIndicator]
    periods: Sequence[ReportingPeriod]
    officers: Sequence[User]


def load_choices(waiting: Any) -> Choices:
    """Four queries."""
    rows = waiting.order_by()
    return Choices(
        programmes=list(
            Programme.objects.filter(pk__in=rows.values("indicator__programme")).order_by("code")
        ),
        indicators=list(
            ProgrammeIndicator.objects.filter(pk__in=rows.values("indicator"))
            .select_related("definition", "version", "programme")
            .order_by("programme__code", "definition__code", "pk")
        ),
        periods=list(
            ReportingPeriod.objects.filter(pk__in=rows.values("period"))
            .select_related("programme")
            .order_by("-starts_on", "programme__code", "pk")
        ),
        officers=list(
            User.objects.filter(pk__in=rows.values("submitted_by")).order_by("first_name", "username")
        ),
    )


FILTERS = {
    "programme": "indicator__programme__code",
    "indicator": "indicator",
    "period": "period",
    "officer": "submitted_by",
    "state": "state",
}


def narrowed(waiting: Any, asked: Mapping[str, str]) -> tuple[Any, dict[str, str]]:
    """The rows that the address asks for, and what it asked; what is no key filters nothing."""
    kept: dict[str, str] = {}
    for name, path in FILTERS.items():
        given = asked.get(name, "")[:20]
        if (
            given
            and (name in {"programme", "state"} or whole_number(given) is not None)
            and "\x00" not in given
        ):
            waiting = waiting.filter(**{path: given})
            kept[name] = given
    return waiting, kept


# --- One line ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewLine:
    """A figure that waits, with what it is compared with."""

    observation: Observation
    text: str
    cell: str
    previous: str
    previous_label: str
    replaces: str
    """For a correction: the figure in force."""
    difference: str
    """From the figure in force, else from the one before; empty where the two do not subtract."""
    warnings: Sequence[str]
    evidence: int
    why_not: str


def review_lines(observations: Sequence[Observation], why_not: Mapping[int, str]) -> list[ReviewLine]:
    """The figures beside what is in force and what came before. Five queries, however many; one less without cells."""
    before = _load_neighbours(observations)
    warnings = warnings_by_figure(observations)
    evidence = dict(
        Evidence.objects.filter(observation__in=[one.pk for one in observations])
        .order_by()
        .values_list("observation")
        .annotate(Count("pk"))
    )
    return [
        _review_line(one, before, warnings[one.pk], evidence.get(one.pk, 0), why_not.get(one.pk, ""))
        for one in observations
    ]


Place = tuple[int, int | None, str]


def _load_neighbours(observations: Sequence[Observation]) -> dict[Place, list[Observation]]:
    """The approved figures of each place, the newest 24, newest first. One query."""
    rows = (
        Observation.objects.current()
        .filter(
            indicator__in={one.indicator_id for one in observations},
            cell__in={one.cell for one in observations},
        )
        .annotate(
            place=Window(
                RowNumber(),
                partition_by=[F("indicator"), F("unit"), F("cell")],
                order_by=[F("period__starts_on").desc(), F("pk").desc()],
            )
        )
        .filter(place__lte=24)
        .select_related("period")
        .order_by("-period__starts_on", "-pk")
    )
    found: dict[Place, list[Observation]] = {}
    for row in rows:
        found.setdefault((row.indicator_id, row.unit_id, row.cell), []).append(row)
    return found


def _review_line(
    one: Observation,
    before: Mapping[Place, list[Observation]],
    warnings: Sequence[str],
    evidence: int,
    why_not: str,
) -> ReviewLine:
    version = one.indicator.version
    place = before.get((one.indicator_id, one.unit_id, one.cell), [])
    previous = next((row for row in place if row.period.starts_on < one.period.starts_on), None)
    in_force = next((row for row in place if row.period_id == one.period_id), None)
    return ReviewLine(
        observation=one,
        text=observation_text(one),
        cell=cell_label(version, one.cell),
        previous=figure_text(version, vars(previous)) if previous is not None else "",
        previous_label=previous.period.label if previous is not None else "",
        replaces=figure_text(version, vars(in_force)) if in_force is not None else "",
        difference=_difference(one, in_force or previous),
        warnings=warnings,
        evidence=evidence,
        why_not=why_not,
    )


def _difference(one: Observation, old: Observation | None) -> str:
    """By how much the figure differs, with its sign; a percentage in points."""
    version = one.indicator.version
    if old is None or version.value_type in {ValueType.BINARY, ValueType.MILESTONE, ValueType.TEXT}:
        return ""
    new_value, old_value = shown_value(version, vars(one)), shown_value(version, vars(old))
    if new_value is None or old_value is None:
        return ""
    change = new_value - old_value
    if change == 0:
        return _("no difference")
    rule = version.rule()
    if version.value_type == ValueType.RATIO and rule.scale == 100:
        size = _("%(n)s points") % {"n": format_value(abs(change), rule).rstrip("%").strip()}
    else:
        size = format_value(abs(change), rule)
    sign = "+" if change > 0 else "\N{MINUS SIGN}"
    return f"{sign}{size}"


# --- What a decision would do ------------------------------------------------------------------------------------


@dataclass(slots=True, kw_only=True)
class Foreseen:
    """What a decision on many figures would do."""

    outcome: bulk.Outcome
    statuses: dict[int, tuple[str, str]] = field(default_factory=dict)
    """By indicator, its status before and after, where they differ; empty for decisions that change none."""


class _TakenBackError(Exception):
    pass


def foresee(
    act: Callable[..., bulk.Outcome], *, observations: Sequence[Observation], at: datetime, **given: Any
) -> Foreseen:
    """Do the act, look at what it did, and take it back: so the summary cannot differ from the deed.

    The locks of the act are held for as long as the act itself takes.

    Args:
        act: one of the `bulk` acts; `given` is what else it takes.

    Raises:
        ValidationError: as the act.
    """
    indicators = {one.indicator_id for one in observations}
    found = Foreseen(outcome=bulk.Outcome())
    try:
        with transaction.atomic():
            before = _statuses(indicators, at)
            found.outcome = act(observations=observations, at=at, **given)
            after = _statuses(indicators, at)
            found.statuses = {
                pk: (before.get(pk, ""), status) for pk, status in after.items() if before.get(pk) != status
            }
            raise _TakenBackError
    except _TakenBackError:
        return found


def _statuses(indicators: set[int], at: datetime) -> dict[int, str]:
    rows = IndicatorStatus.objects.at(timezone.localdate(at)).filter(indicator__in=indicators)
    return dict(rows.values_list("indicator_id", "status_now"))
