"""What a programme head asks first: where everything stands, what is worst, what is late, what is not known.

One load for the portfolio, the region, the brief and their files; counts, never ranks. A fixed number of queries.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from django.db.models import F, Q
from django.urls import reverse

from indicators.models import (
    Evaluation,
    ManagementResponse,
    Programme,
    ProgrammeIndicator,
    Recommendation,
    Status,
    User,
)
from indicators.reports.narrowing import Narrowing, narrow
from indicators.reports.queries import Standing, Tally, add_standing, indicators_with_status, standings
from indicators.reports.region import Group, by_country
from indicators.reports.tables import Row, indicator_row

MOST_SHOWN = 10
WORST_FIRST = (
    Status.OFF_TRACK.value,
    Status.AT_RISK.value,
    Status.NOT_REPORTING.value,
    Status.NOT_ASSESSABLE.value,
)
"""As METHOD 2.3 orders the statuses of critical indicators."""


@dataclass(kw_only=True)
class Overview:
    """The programmes that are looked at, and where their indicators stand."""

    narrowing: Narrowing
    programmes: list[Programme]
    found: list[Standing]

    @property
    def pks(self) -> list[int]:
        return [one.pk for one in self.programmes]

    @cached_property
    def tallies(self) -> Mapping[int, Tally]:
        """The counts of each programme, by key; none for one without indicators."""
        counted: dict[int, Tally] = defaultdict(Tally)
        for one in self.found:
            add_standing(counted[one.programme], one)
        return dict(counted)

    def tally_of(self, programme: Programme) -> Tally:
        return self.tallies.get(programme.pk) or Tally()

    @cached_property
    def total(self) -> Tally:
        whole = Tally()
        for one in self.tallies.values():
            whole += one
        return whole

    def countries(self) -> list[Group]:
        """The partner countries with their counts; only the chosen one under a filter of country."""
        only = self.narrowing.chosen["country"]
        return [one for one in by_country(self.programmes, self.found) if only in {"", one.key}]

    @property
    def is_illustrative(self) -> bool:
        return any(one.is_illustrative for one in self.programmes)


def load(user: User, given: Mapping[str, str]) -> Overview:
    """What the address asks for, as the person may see it. Six queries."""
    narrowing = narrow(user, given)
    pks = [one.pk for one in narrowing.programmes]
    found = standings(user, pks, among=narrowing.indicators)
    if status := narrowing.chosen["status"]:
        found = [one for one in found if one.status == status]
    programmes = narrowing.programmes
    if narrowing.narrows_indicators:
        with_some = {one.programme for one in found}
        programmes = [one for one in programmes if one.pk in with_some or _only_country(narrowing)]
    return Overview(narrowing=narrowing, programmes=programmes, found=found)


def _only_country(narrowing: Narrowing) -> bool:
    """A programme of the chosen country stays on the page even before it has indicators."""
    return not any(narrowing.chosen[name] for name in ("level", "objective", "topic", "status"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Worst:
    """The worst indicators, the most serious first, and how many there are of them."""

    rows: Sequence[Row]
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Attention:
    """What needs attention, each list cut, each with its count. The lists are those of `in_need`."""

    critical: Worst
    off_track: Worst
    silent: Worst


def in_need(found: Sequence[Standing]) -> dict[str, list[Standing]]:
    """The indicators that somebody should look at, in three lists, the worst first. No query.

    ``critical``: critical ones that are not on track; ``off_track``: those off track that are not critical;
    ``silent``: those that do not report.
    """
    lists = {
        "critical": [one for one in found if one.is_critical and one.status in WORST_FIRST],
        "off_track": [one for one in found if not one.is_critical and one.status == Status.OFF_TRACK],
        "silent": [one for one in found if one.status == Status.NOT_REPORTING],
    }
    return {name: _ordered(members) for name, members in lists.items()}


def attention(user: User, found: Sequence[Standing], *, most: int = MOST_SHOWN) -> Attention:
    """The first indicators of each list. Two queries, none when there are none."""
    lists = in_need(found)
    pks = [one.indicator for members in lists.values() for one in members[:most]]
    rows = {row.about.pk: row for row in rows_of(user, pks)}
    return Attention(
        **{
            name: Worst(
                rows=[rows[one.indicator] for one in members[:most] if one.indicator in rows],
                count=len(members),
            )
            for name, members in lists.items()
        }
    )


def worst_of(user: User, found: Sequence[Standing], *, most: int = MOST_SHOWN) -> Worst:
    """The first of them. Two queries, none when there are none."""
    return Worst(rows=rows_of(user, [one.indicator for one in found[:most]]), count=len(found))


def _ordered(found: Sequence[Standing]) -> list[Standing]:
    return sorted(
        found,
        key=lambda one: (not one.is_critical, WORST_FIRST.index(one.status), one.programme, one.indicator),
    )


def rows_of(user: User, pks: Sequence[int]) -> list[Row]:
    """Rows of these indicators, in this order. Two queries, none for nothing."""
    if not pks:
        return []
    loaded = {one.pk: one for one in indicators_with_status(user).filter(pk__in=set(pks))}
    return [indicator_row(loaded[pk], with_people=False) for pk in dict.fromkeys(pks) if pk in loaded]


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A recommendation whose response, or whose agreed action, is past its day."""

    recommendation: Recommendation
    waits_for: str
    """response or action."""
    due_on: date
    days: int

    @property
    def programme(self) -> Programme:
        return self.recommendation.evaluation.programme

    @property
    def url(self) -> str:
        """Where one acts: its place in the follow-up of its programme."""
        return f"{reverse('recommendation-list')}?programme={self.programme.code}#overdue"


def overdue_responses(user: User, programmes: Sequence[int], today: date) -> list[Waiting]:
    """Management responses and agreed actions past due (METHOD 4.5), the oldest first. One query."""
    rows = (
        Recommendation.objects.visible_to(user)
        .filter(evaluation__programme__in=programmes, evaluation__state__in=Evaluation.SIGNED)
        .exclude(evaluation__state=Evaluation.State.CLOSED)
        .filter(
            Q(response__isnull=True, evaluation__response_due_on__lt=today)
            | Q(
                ~Q(response__answer=ManagementResponse.Answer.REJECTED),
                response__status__in=ManagementResponse.OPEN,
                response__due_on__lt=today,
            )
        )
        .annotate(answer_due_on=F("evaluation__response_due_on"), action_due_on=F("response__due_on"))
        .select_related("evaluation__programme", "response")
    )
    found = [_waiting(one, today) for one in rows]
    return sorted(found, key=lambda one: (one.due_on, one.recommendation.pk))


def _waiting(one: Any, today: date) -> Waiting:
    is_answered = getattr(one, "response", None) is not None
    due_on: date = one.action_due_on if is_answered else one.answer_due_on
    return Waiting(
        recommendation=one,
        waits_for="action" if is_answered else "response",
        due_on=due_on,
        days=(today - due_on).days,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A programme's figures that are due and not there."""

    programme: Programme
    tally: Tally


def gaps(overview: Overview) -> list[Gap]:
    """Programmes with figures missing, the most first. No query."""
    found = [Gap(programme=one, tally=overview.tally_of(one)) for one in overview.programmes]
    return sorted((one for one in found if one.tally.missing), key=lambda one: -one.tally.missing)


def indicator_pks(found: Sequence[Standing]) -> list[int]:
    return [one.indicator for one in found]


def every(user: User, pks: Sequence[int]) -> dict[int, ProgrammeIndicator]:
    """Indicators by key, with what a line about them names. One query."""
    rows = (
        ProgrammeIndicator.objects.visible_to(user)
        .filter(pk__in=pks)
        .select_related("programme", "definition", "version", "partner")
    )
    return {one.pk: one for one in rows}
