"""What a scratch copy starts from: a frozen assessment, or a programme as it stands today. Reads only."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from indicators.composites import inputs_of, listed, load_ground, recipe_of
from indicators.disclosure import is_about_people, sees_small_cells
from indicators.engine import METHOD_VERSION
from indicators.engine.codec import from_json, snapshot_from_json
from indicators.engine.index import IndexInputs
from indicators.engine.periods import Frequency
from indicators.engine.rollup import roll_up_period
from indicators.engine.types import Measurement, PeriodValue
from indicators.engine.whatif import Scratch, without_cells
from indicators.models import (
    AssessmentRun,
    GlobalRole,
    IndexResult,
    Observation,
    Programme,
    ProgrammeIndicator,
    ReportingPeriod,
    State,
    TargetRevision,
    User,
    Verdict,
)
from indicators.reports.breakdowns import cell_label
from indicators.reports.queries import today
from indicators.reports.what_if_form import FrozenIndex, Subject
from indicators.snapshots import load_indicators, load_snapshots, measurements_of

PLACES = 10
"""As many as a stored roll-up keeps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """Everything that is compared with."""

    programme: Programme
    run: AssessmentRun | None
    as_of: date
    known_on: date
    """The day by which a missing figure counts as missing if it was due."""
    subjects: Sequence[Subject]
    indices: Sequence[FrozenIndex]
    kept: Mapping[int, str] = field(default_factory=dict)
    """Indicator → the status that the assessment froze; empty for the present state."""

    @property
    def is_of_another_method(self) -> bool:
        return self.run is not None and self.run.method_version != METHOD_VERSION

    @property
    def in_force(self) -> Q:
        """Which figures counted then."""
        if self.run is None:
            return Q(state=State.APPROVED)
        at = self.run.started_at
        return Q(state__in=[State.APPROVED, State.SUPERSEDED], decided_at__lte=at) & (
            Q(superseded_at__isnull=True) | Q(superseded_at__gt=at)
        )


def base_of_run(user: User, run: AssessmentRun) -> Base:
    """The judged indicators and the indices of an assessment as they were frozen, as far as one sees them."""
    verdicts = list(
        Verdict.objects.visible_to(user)
        .filter(run=run, method="judge")
        .select_related("indicator__definition", "indicator__version", "indicator__partner")
        .order_by("indicator__definition__code", "indicator__partner__name", "indicator_id")
    )
    results = IndexResult.objects.visible_to(user).filter(run=run).order_by("name", "pk")
    return Base(
        programme=run.programme,
        run=run,
        as_of=run.as_of,
        known_on=run.due.due_at.astimezone(run.programme.zone).date(),
        subjects=[
            Subject(indicator=one.indicator, snapshot=snapshot_from_json(one.inputs)) for one in verdicts
        ],
        indices=[
            FrozenIndex(version=one.version_id, name=one.name, inputs=from_json(IndexInputs, one.inputs))
            for one in results
        ],
        kept={one.indicator_id: one.status for one in verdicts},
    )


def base_of_today(user: User, programme: Programme) -> Base:
    """The programme's indicators in use, with the figures and targets that hold today."""
    seen = ProgrammeIndicator.objects.visible_to(user).active().filter(programme=programme)
    indicators = load_indicators(seen.values_list("pk", flat=True))
    indicators.sort(key=lambda one: (one.definition.code, str(one.partner or ""), one.pk))
    snapshots = load_snapshots(indicators, as_of=today())
    recipes = [
        (one, recipe_of(one.current, programme))
        for one in listed(user).filter(programme=programme).order_by("name")
        if one.current is not None
    ]
    ground = load_ground((recipe for _one, recipe in recipes), as_of=today(), snapshots=snapshots)
    return Base(
        programme=programme,
        run=None,
        as_of=today(),
        known_on=today(),
        subjects=[Subject(indicator=one, snapshot=snapshots[one.pk]) for one in indicators],
        indices=[
            FrozenIndex(version=one.current.pk, name=one.name, inputs=inputs_of(recipe, ground))
            for one, recipe in recipes
        ],
    )


def may_leave_figures_out(user: User) -> bool:
    """Single figures are not for partner viewers, nor is a total without some of them."""
    return user.global_role != GlobalRole.PARTNER_VIEWER


def categories(base: Base) -> list[tuple[str, str]]:
    """The disaggregation categories that occur in the figures, with their words. One query."""
    versions = {one.indicator.pk: one.indicator.version for one in base.subjects}
    found: dict[str, str] = {}
    rows = Observation.objects.filter(base.in_force, indicator__in=versions).exclude(cell="").order_by()
    for pk, cell in rows.values_list("indicator_id", "cell").distinct():
        for part in cell.split(";"):
            found.setdefault(part, cell_label(versions[pk], part))
    return sorted(found.items(), key=lambda pair: pair[1])


@dataclass(frozen=True, slots=True, kw_only=True)
class Thinned:
    """What leaving figures out does to the series of each indicator."""

    series: Mapping[int, tuple[PeriodValue, ...]] = field(default_factory=dict)
    """Only of indicators that lose a figure."""
    why_whole: Mapping[int, str] = field(default_factory=dict)
    """Indicators of which no figure can be left out, with the reason."""
    lost: Mapping[int, int] = field(default_factory=dict)
    """How many figures each loses."""


def thin_out(user: User, base: Base, scratch: Scratch) -> Thinned:
    """Form the figures of periods again without some. At most six queries, however many figures.

    A period is formed again only where its figures, taken together, still give what the base has: otherwise nothing is
    left out and the reason is said.
    """
    why_whole = {one.indicator.pk: why for one in base.subjects if (why := _why_whole(user, one))}
    open_ones = [one for one in base.subjects if one.indicator.pk not in why_whole]
    found = _figures(base, [one.indicator.pk for one in open_ones])
    graded = set(found.filter(reliability__in=scratch.grades).values_list("pk", flat=True))
    measurements = measurements_of(found)
    periods = ReportingPeriod.objects.in_bulk({period for _indicator, period in measurements})
    since = dict(
        TargetRevision.objects.filter(indicator__in=[one.indicator.pk for one in open_ones], number=1)
        .order_by()
        .values_list("indicator_id", "effective_on")
    )
    by_indicator: dict[int, list[tuple[ReportingPeriod, list[Measurement]]]] = defaultdict(list)
    for (pk, period), rows in measurements.items():
        by_indicator[pk].append((periods[period], rows))
    series, lost = {}, {}
    for subject in open_ones:
        pk = subject.indicator.pk
        thinning = _Thinning(subject=subject, base=base, since=since.get(pk))
        made = thinning.without(by_indicator[pk], graded=graded, scratch=scratch)
        if made is None:
            why_whole[pk] = _("its figures have changed in a way that they no longer give the frozen value")
        elif thinning.lost:
            series[pk], lost[pk] = made, thinning.lost
    return Thinned(series=series, why_whole=why_whole, lost=lost)


def _why_whole(user: User, subject: Subject) -> str:
    indicator = subject.indicator
    if indicator.is_computed:
        return _("it is computed from other indicators")
    if is_about_people(indicator.version) and not sees_small_cells(user, indicator):
        return _("its figures are of persons, and only those who enter them see them one by one")
    return ""


def _figures(base: Base, pks: Sequence[int]) -> QuerySet[Observation]:
    return Observation.objects.filter(base.in_force, indicator__in=pks)


@dataclass(slots=True, kw_only=True)
class _Thinning:
    """One indicator's series on its way to fewer figures."""

    subject: Subject
    base: Base
    since: date | None
    lost: int = 0

    def without(
        self,
        periods: Sequence[tuple[ReportingPeriod, list[Measurement]]],
        *,
        graded: set[int],
        scratch: Scratch,
    ) -> tuple[PeriodValue, ...] | None:
        """The series without the figures; None when a period cannot be told apart."""
        by_days = {(one.starts_on, one.ends_on): (one, rows) for one, rows in periods}
        made = []
        for value in self.subject.snapshot.series:
            period, rows = by_days.get((value.starts_on, value.ends_on), (None, []))
            kept = without_cells([one for one in rows if one.id not in graded], scratch.cells)
            if period is None or len(kept) == len(rows):
                made.append(value)
                continue
            if not _is_same(self._formed(value, rows), value):
                return None
            self.lost += len(rows) - len(kept)
            if kept:
                made.append(self._formed(value, kept))
            elif self._was_due(period):
                made.append(_emptied(value))
        return tuple(made)

    def _formed(self, value: PeriodValue, rows: Sequence[Measurement]) -> PeriodValue:
        found = roll_up_period(
            rows,
            self.subject.snapshot.rule,
            starts_on=value.starts_on,
            ends_on=value.ends_on,
            label=value.label,
            expected=value.expected,
        )
        return replace(found, value=_rounded(found.value), standard_error=_rounded(found.standard_error))

    def _was_due(self, period: ReportingPeriod) -> bool:
        is_event = period.frequency == Frequency.EVENT
        started = self.since is None or self.since <= period.ends_on
        return started and period.due_on <= self.base.known_on and not is_event


def _rounded(value: Any) -> Any:
    return None if value is None else round(value, PLACES)


def _is_same(one: PeriodValue, other: PeriodValue) -> bool:
    return (one.value, one.numerator, one.denominator) == (other.value, other.numerator, other.denominator)


def _emptied(value: PeriodValue) -> PeriodValue:
    return PeriodValue(
        starts_on=value.starts_on,
        ends_on=value.ends_on,
        label=value.label,
        value=None,
        expected=value.expected,
    )
