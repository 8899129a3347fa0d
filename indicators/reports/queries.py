"""What the reports are made of, in a fixed number of queries. Starts at `visible_to`; writes nothing."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db.models import Count, Max, Prefetch, Q, QuerySet
from django.utils import timezone

from indicators.engine.portfolio import largest_remainder_percentages, worst_of_critical
from indicators.engine.types import Status as EngineStatus
from indicators.models import (
    DueAssessment,
    IndicatorStatus,
    Observation,
    Programme,
    ProgrammeIndicator,
    Status,
    User,
)

LATELY = timedelta(days=30)
JUDGED = (
    Status.ON_TRACK,
    Status.AT_RISK,
    Status.OFF_TRACK,
    Status.NOT_REPORTING,
    Status.NOT_ASSESSABLE,
)
"""In the order in which they are counted; what is only monitored is counted apart."""


def today() -> date:
    return timezone.localdate()


@dataclass(slots=True)
class Tally:
    """Indicators by status, and reported of expected. Counts, never a mean of percentages (METHOD 2.3)."""

    counts: Counter[str] = field(default_factory=Counter)
    critical: set[str] = field(default_factory=set)
    reported: int = 0
    expected: int = 0

    def add(self, status: str, *, is_critical: bool, reported: int, expected: int) -> None:
        self.counts[status] += 1
        self.reported += reported
        self.expected += expected
        if is_critical:
            self.critical.add(status)

    def __iadd__(self, other: Tally) -> Tally:
        self.counts.update(other.counts)
        self.critical |= other.critical
        self.reported += other.reported
        self.expected += other.expected
        return self

    @property
    def judged(self) -> int:
        """Indicators that are meant to be judged: all but the monitored ones."""
        return sum(self.counts[status] for status in JUDGED)

    @property
    def monitored(self) -> int:
        return self.counts[Status.MONITORED]

    @property
    def total(self) -> int:
        return self.judged + self.monitored

    @property
    def percentages(self) -> dict[str, int]:
        """Whole percentages of the judged ones, which add up to 100; empty when there are none."""
        judged = {str(status.value): self.counts[status] for status in JUDGED}
        return largest_remainder_percentages(judged) or {}

    @property
    def coverage(self) -> Decimal | None:
        return None if self.expected == 0 else Decimal(self.reported) / Decimal(self.expected)

    @property
    def missing(self) -> int:
        """Figures that are due and were not reported."""
        return max(self.expected - self.reported, 0)

    @property
    def worst_critical(self) -> str:
        """The worst status among the critical indicators; empty when none is critical."""
        worst = worst_of_critical(EngineStatus(code) for code in self.critical)
        return worst.value if worst else ""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one indicator stands, as far as counting asks."""

    programme: int
    partner: int | None
    status: str
    is_critical: bool
    reported: int
    expected: int


@dataclass(slots=True)
class ProgrammeLine:
    """A programme in the portfolio."""

    programme: Programme
    tally: Tally
    changed_lately: int = 0
    changed_at: datetime | None = None
    late_assessments: int = 0

    @property
    def phase(self) -> str:
        return phase_of(self.programme)


def phase_of(programme: Programme) -> str:
    """Planned, active or ended, by the programme's own calendar."""
    day = timezone.now().astimezone(programme.zone).date()
    if programme.has_ended(day):
        return "ended"
    return "planned" if day < programme.starts_on else "active"


def standings(user: User, programmes: Iterable[int]) -> list[Standing]:
    """Every indicator in use that the person may see. Two queries."""
    pks = list(programmes)
    rows = (
        IndicatorStatus.objects.at(today())
        .visible_to(user)
        .filter(indicator__is_active=True, indicator__programme__in=pks)
        .values_list(
            "indicator__programme_id",
            "indicator__partner_id",
            "status_now",
            "indicator__is_critical",
            "reported",
            "expected",
        )
    )
    found = [Standing(*row) for row in rows]
    never_judged = (
        ProgrammeIndicator.objects.visible_to(user)
        .active()
        .filter(programme__in=pks, current_status__isnull=True)
        .values_list("programme_id", "partner_id", "is_critical")
    )
    found += [
        Standing(programme, partner, Status.NOT_REPORTING.value, is_critical, 0, 0)
        for programme, partner, is_critical in never_judged
    ]
    return found


def tally(found: Iterable[Standing]) -> Tally:
    total = Tally()
    for one in found:
        total.add(one.status, is_critical=one.is_critical, reported=one.reported, expected=one.expected)
    return total


def narrowed_programmes(
    user: User, *, framework: str = "", country: str = "", organisation: str = ""
) -> QuerySet[Programme]:
    """The programmes that one sees, narrowed by the filters of the address."""
    found = Programme.objects.visible_to(user)
    if framework:
        found = found.filter(framework=framework)
    if country:
        found = found.filter(
            pk__in=Programme.partners.through.objects.filter(partner__code=country).values("programme")
        )
    if organisation:
        found = found.filter(
            pk__in=Programme.organisations.through.objects.filter(organisation__code=organisation).values(
                "programme"
            )
        )
    return found.prefetch_related("partners", "organisations").order_by("code")


def programme_lines(user: User, programmes: QuerySet[Programme]) -> list[ProgrammeLine]:
    """The portfolio. Seven queries, however many programmes there are."""
    found = list(programmes)
    pks = [programme.pk for programme in found]
    by_programme: dict[int, Tally] = defaultdict(Tally)
    for one in standings(user, pks):
        by_programme[one.programme].add(
            one.status, is_critical=one.is_critical, reported=one.reported, expected=one.expected
        )
    changed = _changed_lately(user, pks)
    late = dict(
        DueAssessment.objects.visible_to(user)
        .filter(programme__in=pks, state="due", due_at__lt=timezone.now())
        .order_by()
        .values_list("programme")
        .annotate(Count("pk"))
    )
    return [
        ProgrammeLine(
            programme=programme,
            tally=by_programme[programme.pk],
            changed_lately=changed.get(programme.pk, (0, None))[0],
            changed_at=changed.get(programme.pk, (0, None))[1],
            late_assessments=late.get(programme.pk, 0),
        )
        for programme in found
    ]


def _changed_lately(user: User, pks: list[int]) -> dict[int, tuple[int, datetime | None]]:
    """How many figures were accepted lately, and when the last one was."""
    rows = (
        Observation.objects.visible_to(user)
        .current()
        .filter(indicator__programme__in=pks, indicator__is_active=True)
        .order_by()
        .values_list("indicator__programme")
        .annotate(
            lately=Count("pk", filter=Q(decided_at__gte=timezone.now() - LATELY)), last=Max("decided_at")
        )
    )
    return {programme: (lately, last) for programme, lately, last in rows}


def indicators_with_status(user: User) -> QuerySet[ProgrammeIndicator]:
    """Indicators in use with everything that a row of a report asks of them. Two queries."""
    return every_indicator(user).filter(is_active=True)


def every_indicator(user: User) -> QuerySet[ProgrammeIndicator]:
    """Also those that are no longer in use: their results stay readable."""
    return (
        ProgrammeIndicator.objects.visible_to(user)
        .select_related("programme", "definition", "version", "partner", "objective", "plan", "responsible")
        .prefetch_related(Prefetch("current_status", queryset=IndicatorStatus.objects.at(today())))
        .order_by("programme__code", "definition__code", "partner__name", "pk")
    )


def status_of(indicator: ProgrammeIndicator) -> IndicatorStatus | None:
    """The prefetched status row, None for an indicator that was never judged."""
    return getattr(indicator, "current_status", None)
