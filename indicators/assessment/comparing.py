"""Series of those a programme reached and of those it did not, under codes and never under names. Computes nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from indicators.assessment.drafts import Json
from indicators.engine.messages import gettext_noop, refuse
from indicators.engine.rollup import roll_up_period
from indicators.engine.types import IndicatorRule, Measurement, PeriodValue, Refusal, RefusalCode, Snapshot
from indicators.models import (
    ContextValue,
    IndicatorVersion,
    Observation,
    PlannedComparison,
    PlannedIndicator,
    ProgrammeIndicator,
    ValueType,
)
from indicators.snapshots import load_indicators, load_snapshots

Series = tuple[PeriodValue, ...]
Place = tuple[date, date, str]
"""Start, end and label of a period."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One indicator's series beside those it is compared with."""

    series: Series
    """The treated as one."""
    treated: Mapping[str, Series]
    """The treated one by one (T1 …), where sites are compared with sites; else one."""
    comparisons: Mapping[str, Series] = field(default_factory=dict)
    units: tuple[Json, ...] = ()
    """What each code stands for: ``{"code": "C1", "kind": "indicator", "pk": 7}``."""
    blocked: Refusal | None = None
    """Why the comparison may not be made."""

    @property
    def rests_on_others(self) -> bool:
        return any(one["kind"] == "indicator" for one in self.units)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """An indicator and what it is to be compared with, stored or only considered."""

    indicator: ProgrammeIndicator
    comparisons: tuple[PlannedComparison, ...] = ()

    @classmethod
    def by(cls, item: PlannedIndicator) -> Asked:
        return cls(indicator=item.indicator, comparisons=tuple(item.comparisons.all()))  # type: ignore[attr-defined]

    @property
    def is_by_site(self) -> bool:
        """Sites count one by one: some of them are the comparison, or each gives a level or a yes or no."""
        return bool(self.sites) or self.indicator.version.value_type in {ValueType.ORDINAL, ValueType.BINARY}

    @property
    def sites(self) -> set[int]:
        return {one.unit_id for one in self.comparisons if one.unit_id is not None}


def load_compared(
    items: Sequence[Asked], snapshots: Mapping[int, Snapshot], *, as_of: date, known_on: date
) -> dict[int, Compared]:
    """The series of each indicator that is asked about, by its id. Up to eleven queries, however many indicators.

    Args:
        snapshots: of the indicators themselves at `as_of`.
    """
    chosen = [one for item in items for one in item.comparisons]
    others = _other_series({one.indicator_id for one in chosen if one.indicator_id}, as_of, known_on)
    countries = _country_series([one for one in chosen if one.release_id], as_of)
    by_site = _by_site({i.indicator.pk for i in items if i.is_by_site}, as_of)
    return {
        item.indicator.pk: _compared(
            item, snapshots[item.indicator.pk], others, countries, by_site[item.indicator.pk]
        )
        for item in items
        if item.indicator.pk in snapshots
    }


def _other_series(pks: set[int], as_of: date, known_on: date) -> dict[int, tuple[ProgrammeIndicator, Series]]:
    if not pks:
        return {}
    indicators = load_indicators(pks)
    snapshots = load_snapshots(indicators, as_of=as_of, known_on=known_on)
    return {one.pk: (one, snapshots[one.pk].series) for one in indicators}


def _country_series(chosen: list[PlannedComparison], as_of: date) -> dict[tuple[int, int], Series]:
    """(release, country) → its figures up to a day, in order of time."""
    found: dict[tuple[int, int], list[PeriodValue]] = defaultdict(list)
    if chosen:
        rows = ContextValue.objects.filter(
            release__in={one.release_id for one in chosen},
            partner__in={one.country_id for one in chosen},
            ends_on__lte=as_of,
        ).order_by("starts_on")
        for row in rows:
            label = (
                f"{row.starts_on:%Y}"
                if (row.ends_on - row.starts_on).days > 300
                else f"{row.starts_on:%Y-%m}"
            )
            found[row.release_id, row.partner_id].append(
                PeriodValue(
                    starts_on=row.starts_on,
                    ends_on=row.ends_on,
                    label=label,
                    value=row.value,
                    standard_error=row.standard_error,
                    reported=1,
                    expected=1,
                )
            )
    return {key: tuple(series) for key, series in found.items()}


def _by_site(pks: set[int], as_of: date) -> dict[int, dict[Place, list[Measurement]]]:
    """Approved figures of single sites: indicator → period → measurements. One query."""
    found: dict[int, dict[Place, list[Measurement]]] = defaultdict(lambda: defaultdict(list))
    if not pks:
        return found
    rows = (
        Observation.objects.current()
        .filter(indicator__in=pks, unit__isnull=False, period__ends_on__lte=as_of)
        .order_by("period__starts_on", "unit_id", "cell")
        .select_related("period")
    )
    for row in rows:
        period = row.period
        found[row.indicator_id][period.starts_on, period.ends_on, period.label].append(
            Measurement(
                id=row.pk,
                site=row.unit_id,
                cell=row.cell,
                numerator=row.numerator,
                denominator=row.denominator,
                value=row.value,
                standard_error=row.standard_error,
                n=row.sample_size,
            )
        )
    return found


def _compared(
    item: Asked,
    snapshot: Snapshot,
    others: Mapping[int, tuple[ProgrammeIndicator, Series]],
    countries: Mapping[tuple[int, int], Series],
    figures: Mapping[Place, list[Measurement]],
) -> Compared:
    comparisons: dict[str, Series] = {}
    units: list[Json] = []
    for number, one in enumerate(item.comparisons, start=1):
        code = f"C{number}"
        units.append({"code": code, **_reference(one)})
        if one.run_id is not None:  # People, who have no series.
            continue
        if one.indicator_id is not None:
            comparisons[code] = others[one.indicator_id][1] if one.indicator_id in others else ()
        elif one.unit_id is not None:
            comparisons[code] = _series_of(snapshot, figures, {one.unit_id})
        else:
            comparisons[code] = countries.get((one.release_id or 0, one.country_id or 0), ())
    series, treated = snapshot.series, {"T1": snapshot.series}
    reached = sorted({m.site for rows in figures.values() for m in rows if m.site} - item.sites)
    if item.is_by_site and reached:
        if item.sites:
            series = _series_of(snapshot, figures, reached)
        treated = {f"T{n}": _series_of(snapshot, figures, {pk}) for n, pk in enumerate(reached, start=1)}
        units = [{"code": f"T{n}", "kind": "unit", "pk": pk} for n, pk in enumerate(reached, start=1)] + units
    return Compared(
        series=series,
        treated=treated,
        comparisons=comparisons,
        units=tuple(units),
        blocked=_blocked(item, others),
    )


def _reference(one: PlannedComparison) -> Json:
    if one.indicator_id is not None:
        return {"kind": "indicator", "pk": one.indicator_id}
    if one.unit_id is not None:
        return {"kind": "unit", "pk": one.unit_id}
    if one.run_id is not None:
        return {"kind": "run", "pk": one.run_id}
    return {"kind": "country", "pk": one.country_id, "release": one.release_id}


def _series_of(
    snapshot: Snapshot, figures: Mapping[Place, list[Measurement]], sites: Iterable[int]
) -> Series:
    """The periods of the indicator with the figures of some sites alone."""
    wanted = set(sites)
    periods = {(p.starts_on, p.ends_on, p.label) for p in snapshot.series} | set(figures)
    found = []
    for starts_on, ends_on, label in sorted(periods):
        rows = [m for m in figures.get((starts_on, ends_on, label), ()) if m.site in wanted]
        found.append(
            roll_up_period(
                rows,
                _for_single_sites(snapshot.rule),
                starts_on=starts_on,
                ends_on=ends_on,
                label=label,
                expected=len(wanted),
            )
        )
    return tuple(found)


def _for_single_sites(rule: IndicatorRule) -> IndicatorRule:
    """The indicator's minimum was meant for all sites together; a single site's small figure is still its figure."""
    return replace(rule, min_denominator=None, min_n=None)


def _blocked(
    item: Asked,
    others: Mapping[int, tuple[ProgrammeIndicator, Series]],
) -> Refusal | None:
    """A comparison of unlike things (METHOD 2.11)."""
    own = item.indicator.version
    beside = [
        others[one.indicator_id][0]
        for one in item.comparisons
        if one.indicator_id and one.indicator_id in others
    ]
    unlike = [one for one in beside if _breaks(own, one.version)]
    if unlike:
        return refuse(
            RefusalCode.DEFINITION_CHANGED,
            gettext_noop(
                "The indicator has version %(own)s of its definition, one it is compared with version %(other)s."
            ),
            own=own.number,
            other=unlike[0].version.number,
        )
    releases: dict[int, set[str]] = defaultdict(set)
    for one in item.comparisons:
        if one.release is not None:
            releases[one.release.series_id].add(one.release.vintage)
    mixed = next((sorted(found) for found in releases.values() if len(found) > 1), None)
    if mixed:
        return refuse(
            RefusalCode.DATASET_VERSION_MIXED,
            gettext_noop("Figures of different releases are compared: %(versions)s."),
            versions=", ".join(mixed),
        )
    return None


def _breaks(own: IndicatorVersion, other: IndicatorVersion) -> bool:
    """Whether two versions may not be compared: the newer of them broke the series, or one lies between unseen."""
    newer, older = max(own.number, other.number), min(own.number, other.number)
    latest = own if own.number == newer else other
    return newer != older and (latest.comparability == "break" or newer - older > 1)
