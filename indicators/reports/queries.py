"""What the reports are made of, in a fixed number of queries. Starts at `visible_to`; writes nothing."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db.models import Case, Count, Max, OuterRef, Prefetch, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone

from indicators.engine.portfolio import (
    WeightedAchievement,
    largest_remainder_percentages,
    weighted_achievement,
    worst_of_critical,
)
from indicators.engine.rules import METHOD_RULES, Rules
from indicators.engine.types import Refusal
from indicators.engine.types import Status as EngineStatus
from indicators.models import (
    DueAssessment,
    IndicatorStatus,
    Observation,
    Programme,
    ProgrammeIndicator,
    Status,
    User,
    status_on,
)

LATELY = timedelta(days=30)
IN_ORDER = ("programme__code", "definition__code", "partner__name", "pk")
"""How indicators stand in every list."""
JUDGED = (
    Status.ON_TRACK,
    Status.AT_RISK,
    Status.OFF_TRACK,
    Status.NOT_REPORTING,
    Status.NOT_ASSESSABLE,
)
"""In the order in which they are counted; what is only monitored is counted apart."""
WITH_ACHIEVEMENT = {Status.ON_TRACK, Status.AT_RISK, Status.OFF_TRACK}
"""An achievement counts while its status is one of these: a stale or refused one says nothing of today."""


def today() -> date:
    return timezone.localdate()


@dataclass(slots=True)
class Tally:
    """Indicators by status, and reported of expected. Counts, never a mean of percentages (METHOD 2.3)."""

    counts: Counter[str] = field(default_factory=Counter)
    critical: set[str] = field(default_factory=set)
    reported: int = 0
    expected: int = 0
    achieved: list[tuple[Decimal, Decimal | None]] = field(default_factory=list)
    """Weight and achievement of every judged indicator; None where no current value is there or a rule refuses."""

    def add(
        self,
        status: str,
        *,
        is_critical: bool,
        reported: int,
        expected: int,
        weight: Decimal = Decimal(1),
        achievement: Decimal | None = None,
    ) -> None:
        self.counts[status] += 1
        if status != Status.MONITORED:
            self.achieved.append((weight, achievement if status in WITH_ACHIEVEMENT else None))
        self.reported += reported
        self.expected += expected
        if is_critical:
            self.critical.add(status)

    def __iadd__(self, other: Tally) -> Tally:
        self.counts.update(other.counts)
        self.achieved += other.achieved
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

    def score(self, rules: Rules = METHOD_RULES) -> WeightedAchievement | Refusal:
        """The weighted mean of achievements with its range, or why there is none (METHOD 2.3)."""
        return weighted_achievement(self.achieved, rules)

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
    weight: Decimal
    achievement: Decimal | None
    indicator: int


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


def standing_today() -> Case:
    """The status of today of an indicator; one that was never judged is not reporting."""
    return status_on(today(), "current_status__")


def standings(user: User, programmes: Iterable[int], *, among: Q | None = None) -> list[Standing]:
    """Where every indicator in use stands, in one query.

    Args:
        among: which indicators alone, in fields of ProgrammeIndicator; None for all.
    """
    chosen = ProgrammeIndicator.objects.visible_to(user).active().filter(programme__in=list(programmes))
    if among:
        chosen = chosen.filter(pk__in=ProgrammeIndicator.objects.filter(among).order_by().values("pk"))
    rows = chosen.order_by().values_list(
        "programme_id",
        "partner_id",
        standing_today(),
        "is_critical",
        Coalesce("current_status__reported", 0),
        Coalesce("current_status__expected", 0),
        "weight",
        "current_status__achievement",
        "pk",
    )
    return [Standing(*row) for row in rows]


def add_standing(total: Tally, one: Standing) -> None:
    total.add(
        one.status,
        is_critical=one.is_critical,
        reported=one.reported,
        expected=one.expected,
        weight=one.weight,
        achievement=one.achievement,
    )


def tally(found: Iterable[Standing]) -> Tally:
    total = Tally()
    for one in found:
        add_standing(total, one)
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


def programme_lines(
    user: User, programmes: Iterable[Programme], stand: Iterable[Standing] | None = None
) -> list[ProgrammeLine]:
    """Lines of the portfolio. Four queries, however many programmes there are.

    Args:
        stand: where the indicators to be counted stand; None for all that the person sees.
    """
    found = list(programmes)
    pks = [programme.pk for programme in found]
    by_programme: dict[int, Tally] = defaultdict(Tally)
    for one in standings(user, pks) if stand is None else stand:
        add_standing(by_programme[one.programme], one)
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
    """How many figures were accepted lately, and when the last one was.

    Asked indicator by indicator, so that an index answers both without a look at older figures.
    """
    accepted = Observation.objects.visible_to(user).current().filter(indicator=OuterRef("pk")).order_by()
    lately = accepted.filter(decided_at__gte=timezone.now() - LATELY).values("indicator")
    newest = accepted.order_by("-decided_at").values("decided_at")[:1]
    rows = (
        ProgrammeIndicator.objects.visible_to(user)
        .active()
        .filter(programme__in=pks)
        .annotate(
            lately=Subquery(lately.annotate(count=Count("pk")).values("count")), newest=Subquery(newest)
        )
        .order_by()
        .values_list("programme")
        .annotate(Sum("lately"), Max("newest"))
    )
    return {programme: (count or 0, last) for programme, count, last in rows}


def indicators_with_status(user: User) -> QuerySet[ProgrammeIndicator]:
    """Indicators in use with everything that a row of a report asks of them. Two queries."""
    return every_indicator(user).filter(is_active=True)


def every_indicator(user: User) -> QuerySet[ProgrammeIndicator]:
    """Also those that are no longer in use: their results stay readable."""
    return (
        ProgrammeIndicator.objects.visible_to(user)
        .select_related("programme", "definition", "version", "partner", "objective", "plan", "responsible")
        .prefetch_related(Prefetch("current_status", queryset=IndicatorStatus.objects.at(today())))
        .order_by(*IN_ORDER)
    )


def status_of(indicator: ProgrammeIndicator) -> IndicatorStatus | None:
    """The prefetched status row, None for an indicator that was never judged."""
    return getattr(indicator, "current_status", None)
