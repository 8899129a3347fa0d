"""The one writer of Rollup and IndicatorStatus, and their rebuild. Decides no rule: the engine does."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Case, IntegerField, QuerySet, When

from indicators import setwise
from indicators.alerts import keep_alerts
from indicators.dependencies import load_graph
from indicators.engine import METHOD_VERSION
from indicators.engine.codec import canonical_hash, judgement_to_json, snapshot_to_json, to_json
from indicators.engine.judge import judge_many
from indicators.engine.rollup import roll_up_period
from indicators.engine.types import Judgement, PeriodValue, Snapshot
from indicators.formulas import compute_series
from indicators.models import (
    IndicatorStatus,
    Observation,
    Programme,
    ProgrammeIndicator,
    ReportingPeriod,
    Rollup,
)
from indicators.snapshots import Key, expected_sites, load_indicators, load_measurements, load_snapshots

CHUNK = 200
REBUILD_CHUNK = 5000
COPY_FROM = 100
"""From so many statuses on COPY is quicker than INSERT."""
IS_COMPUTED = Case(When(formula="", then=0), default=1, output_field=IntegerField())
ROLLUP_FIELDS = [
    "value",
    "numerator",
    "denominator",
    "standard_error",
    "n",
    "reported",
    "expected",
    "refusal_code",
    "refusal",
]
STATUS_FIELDS = [
    "as_of", "status", "refusal_code", "refusal", "value", "value_on", "achievement", "expected_achievement",
    "on_track_index", "planned_value", "is_over_target", "is_approximate", "trend", "reported", "expected",
    "stale_from", "judgement", "input_hash", "method_version", "computed_at",
]  # fmt: skip
DIFFERS = {
    "input_hash": "its inputs are not the ones it was judged on",
    "judgement": "facts give another judgement",
}


def refresh(keys: Iterable[Key], *, at: datetime) -> None:
    """Bring the touched (indicator, period) roll-ups, all that is computed from them, and the statuses up to date.

    Called inside the transaction that changed the facts. Locks the indicators first, so that two approvals
    at once are rolled up one after the other and the later one sees the earlier.
    """
    keys = set(keys)
    touched = {indicator for indicator, _period in keys}
    lock_indicators(touched)
    dependents = _lock_dependents(touched)
    indicators = load_indicators(touched.union(dependents))
    _store_rollups([one for one in indicators if not one.is_computed], keys)
    _store_computed(dependents)
    keep_alerts(indicators, _store_statuses(indicators, at=at), at=at)


def refresh_wholly(indicator_pks: Iterable[int], *, at: datetime) -> None:
    """Roll up every period of these indicators and of all that is computed from them, and judge them again.

    For changes that touch more than one period: a formula, or who is expected to report.
    """
    pks = set(indicator_pks)
    lock_indicators(pks)
    dependents = _lock_dependents(pks)
    indicators = load_indicators(pks.union(dependents))
    observed = [one for one in indicators if one.pk in pks and not one.is_computed]
    keys = _keys_with_facts(one.pk for one in observed)
    _store_rollups(observed, keys | _keys_stored(one.pk for one in observed))
    computed = {one.pk for one in indicators if one.is_computed}
    _store_computed([pk for pk in load_graph(pks).in_order() if pk in computed])
    keep_alerts(indicators, _store_statuses(indicators, at=at), at=at)


def _lock_dependents(touched: set[int]) -> list[int]:
    """Lock all that is computed from the touched indicators, each after what it rests on.

    A formula is set under a lock on its sources, so what rests on locked rows stays; what came about while
    waiting for a lock is found by asking again.
    """
    found: list[int] = []
    while True:
        again = load_graph(touched).dependents(touched)
        if again == found:
            return found
        lock_indicators(again)
        found = again


def refresh_statuses(indicator_pks: Iterable[int], *, at: datetime) -> None:
    """Judge again: a target changed, or time passed. Roll-ups stay."""
    pks = set(indicator_pks)
    lock_indicators(pks)
    _store_statuses(load_indicators(pks), at=at)


def refresh_all(indicator_pks: Iterable[int], *, at: datetime) -> None:
    """Judge many again and see what has changed, in pieces that are each stored at once."""
    for pks in _chunks(sorted(indicator_pks)):
        with transaction.atomic():
            lock_indicators(pks)
            indicators = load_indicators(pks)
            keep_alerts(indicators, _store_statuses(indicators, at=at), at=at)


def lock_indicators(pks: Iterable[int], *, among: QuerySet[ProgrammeIndicator] | None = None) -> list[int]:
    """Hold the indicators' rows until the transaction ends, always in the same order. Returns which were found.

    Observed ones come before computed ones: an approval holds the first when it goes on to the second.

    Args:
        among: no others than these are held, for example those that a person sees.
    """
    rows = ProgrammeIndicator.objects.all() if among is None else among
    return list(
        rows.select_for_update(no_key=True, of=("self",))
        .filter(pk__in=list(pks))
        .order_by(IS_COMPUTED, "pk")
        .values_list("pk", flat=True)
    )


def rebuild(*, at: datetime) -> int:
    """Recompute every derived row; what should not be there goes. Returns how many indicators were judged.

    Roll-ups are formed by SQL where it is exact and by the engine where it is not; those of computed indicators come
    after those that they rest on. Pieces are large, because each reads its observations in one pass; while one is
    stored, approvals of its indicators wait.
    """
    rows = ProgrammeIndicator.objects.order_by("pk").values_list("pk", flat=True)
    observed = list(rows.filter(formula=""))
    for start in range(0, len(observed), REBUILD_CHUNK):
        some = observed[start : start + REBUILD_CHUNK]
        with transaction.atomic():
            lock_indicators(some)
            indicators = load_indicators(some)
            left = setwise.store_exact_rollups(None if len(observed) <= REBUILD_CHUNK else some)
            _store_rollups(indicators, left)
            for piece in range(0, len(indicators), CHUNK):
                _store_statuses(indicators[piece : piece + CHUNK], at=at)
    computed = set(rows.exclude(formula=""))
    for pks in _chunks(pk for pk in load_graph(computed).in_order() if pk in computed):
        with transaction.atomic():
            lock_indicators(pks)
            _store_computed(pks)
            _store_statuses(load_indicators(pks), at=at)
    return len(observed) + len(computed)


def differences() -> Iterator[str]:
    """Recompute every derived row from facts; name each stored one that differs, is missing or is too many."""
    for pks in _chunks(ProgrammeIndicator.objects.order_by("pk").values_list("pk", flat=True)):
        indicators = load_indicators(pks)
        yield from _rollup_differences(indicators, pks)
        yield from _status_differences(indicators, pks)


def _rollup_differences(indicators: list[ProgrammeIndicator], pks: list[int]) -> Iterator[str]:
    computed = {one.pk for one in indicators if one.is_computed}
    in_order = [pk for pk in load_graph(computed).in_order() if pk in computed] if computed else []
    rows = _rollups(indicators, _keys_with_facts(pks)) + _computed_rollups(in_order)
    wanted = {(row.indicator_id, row.period_id): row for row in rows}
    stored = {(row.indicator_id, row.period_id): row for row in Rollup.objects.filter(indicator__in=pks)}
    for key in sorted(wanted.keys() | stored.keys()):
        place = f"roll-up of indicator {key[0]}, period {key[1]}"
        if key not in stored:
            yield f"{place}: missing"
        elif key not in wanted:
            yield f"{place}: stored without facts"
        else:
            for field in ROLLUP_FIELDS:
                kept, right = getattr(stored[key], field), getattr(wanted[key], field)
                if kept != right:
                    yield f"{place}: {field} is {kept}, facts give {right}"


def _status_differences(indicators: list[ProgrammeIndicator], pks: list[int]) -> Iterator[str]:
    stored = {row.indicator_id: row for row in IndicatorStatus.objects.filter(indicator__in=pks)}
    programmes = {indicator.pk: indicator.programme for indicator in indicators}
    by_date: dict[date, list[ProgrammeIndicator]] = defaultdict(list)
    for indicator in indicators:
        if indicator.pk in stored:
            by_date[stored[indicator.pk].as_of].append(indicator)
        else:
            yield f"status of indicator {indicator.pk}: missing"
    for as_of, group in by_date.items():
        snapshots = load_snapshots(group, as_of=as_of)
        judgements = dict(zip(snapshots, judge_many(snapshots.values()), strict=True))
        for pk, snapshot in snapshots.items():
            programme, kept = programmes[pk], stored[pk]
            if as_of != judged_on(programme, kept.computed_at):
                yield f"status of indicator {pk}: as_of is {as_of}, not the day it was judged on"
            is_final = as_of < kept.computed_at.astimezone(programme.zone).date()
            right = _status_row(pk, snapshot, judgements[pk], at=kept.computed_at, is_final=is_final)
            for field in STATUS_FIELDS:
                if getattr(kept, field) != getattr(right, field):
                    yield f"status of indicator {pk}: {DIFFERS.get(field, field + ' is not what its facts give')}"


def _keys_with_facts(pks: Iterable[int]) -> set[Key]:
    return set(
        Observation.objects.current()
        .filter(indicator__in=list(pks), indicator__formula="")
        .values_list("indicator_id", "period_id")
        .distinct()
    )


def _keys_stored(pks: Iterable[int]) -> set[Key]:
    return set(Rollup.objects.filter(indicator__in=list(pks)).values_list("indicator_id", "period_id"))


def _rollups(indicators: list[ProgrammeIndicator], keys: set[Key]) -> list[Rollup]:
    periods = ReportingPeriod.objects.in_bulk({period for _indicator, period in keys})
    by_pk = {indicator.pk: indicator for indicator in indicators}
    measurements = load_measurements(keys)
    rows = []
    for indicator_pk, period_pk in sorted(keys):
        found = measurements.get((indicator_pk, period_pk))
        if not found or indicator_pk not in by_pk:
            continue
        indicator, period = by_pk[indicator_pk], periods[period_pk]
        rolled = roll_up_period(
            found,
            indicator.version.rule(),
            starts_on=period.starts_on,
            ends_on=period.ends_on,
            label=period.label,
            expected=expected_sites(indicator, period),
        )
        rows.append(Rollup(indicator_id=indicator_pk, period_id=period_pk, **_rollup_columns(rolled)))
    return rows


def _computed_rollups(pks: Sequence[int]) -> list[Rollup]:
    return [
        Rollup(indicator_id=pk, period_id=period, **_rollup_columns(figure))
        for pk, figures in compute_series(pks).items()
        for period, figure in figures.items()
    ]


def _rollup_columns(rolled: PeriodValue) -> dict[str, Any]:
    refusal = rolled.refusal
    return {
        "value": _stored(rolled.value),
        "numerator": rolled.numerator,
        "denominator": rolled.denominator,
        "standard_error": _stored(rolled.standard_error),
        "n": rolled.n,
        "reported": rolled.reported,
        "expected": rolled.expected,
        "refusal_code": refusal.code.value if refusal else "",
        "refusal": to_json(refusal.message) if refusal else None,
    }


def _stored(value: Any) -> Any:
    """Rounded to the ten places that the column keeps, so that a recomputed row equals the stored one."""
    return None if value is None else round(value, 10)


def _store_rollups(indicators: list[ProgrammeIndicator], keys: set[Key]) -> None:
    rows = _rollups(indicators, keys)
    _write(rows)
    emptied = keys - {(row.indicator_id, row.period_id) for row in rows}
    for indicator_pk, period_pk in emptied:  # A withdrawn figure: rare, one or two keys.
        Rollup.objects.filter(indicator=indicator_pk, period=period_pk).delete()


def _store_computed(pks: Sequence[int]) -> None:
    """Compute the whole series of these indicators, in the order given, and store what differs."""
    if not pks:
        return
    rows = {(row.indicator_id, row.period_id): row for row in _computed_rollups(pks)}
    stored = {(row.indicator_id, row.period_id): row for row in Rollup.objects.filter(indicator__in=pks)}
    surplus = [row.pk for key, row in stored.items() if key not in rows]
    if surplus:
        Rollup.objects.filter(pk__in=surplus).delete()
    _write([row for key, row in rows.items() if key not in stored or not _is_same(row, stored[key])])


def _is_same(row: Rollup, other: Rollup) -> bool:
    return all(getattr(row, field) == getattr(other, field) for field in ROLLUP_FIELDS)


def _write(rows: list[Rollup]) -> None:
    Rollup.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["indicator", "period"],
        update_fields=ROLLUP_FIELDS,
        batch_size=1000,
    )


def _store_statuses(indicators: list[ProgrammeIndicator], *, at: datetime) -> dict[int, Snapshot]:
    """Store what each is worth now. Returns the snapshots that were judged."""
    today = {indicator.pk: at.astimezone(indicator.programme.zone).date() for indicator in indicators}
    snapshots: dict[int, Snapshot] = {}
    for as_of, group in by_day(indicators, at=at).items():
        snapshots |= load_snapshots(group, as_of=as_of)
    rows = (
        _status_row(pk, snapshot, judgement, at=at, is_final=snapshot.as_of < today[pk])
        for (pk, snapshot), judgement in zip(snapshots.items(), judge_many(snapshots.values()), strict=True)
    )
    if len(snapshots) >= COPY_FROM:
        # The database takes in a row while the next one is written.
        setwise.store_statuses(rows, STATUS_FIELDS)
    else:
        IndicatorStatus.objects.bulk_create(
            rows,
            update_conflicts=True,
            unique_fields=["indicator"],
            update_fields=STATUS_FIELDS,
            batch_size=500,
        )
    return snapshots


def by_day(indicators: Iterable[ProgrammeIndicator], *, at: datetime) -> dict[date, list[ProgrammeIndicator]]:
    """The indicators by the day that they are judged on."""
    found: dict[date, list[ProgrammeIndicator]] = defaultdict(list)
    for indicator in indicators:
        found[judged_on(indicator.programme, at)].append(indicator)
    return found


def judged_on(programme: Programme, at: datetime) -> date:
    """Today in the programme's time zone; an ended programme keeps the status of its last due day."""
    last = programme.ends_on + timedelta(days=programme.grace_days)
    return min(at.astimezone(programme.zone).date(), last)


def _status_row(
    pk: int, snapshot: Snapshot, judgement: Judgement, *, at: datetime, is_final: bool
) -> IndicatorStatus:
    refusal = judgement.refusal
    return IndicatorStatus(
        indicator_id=pk,
        as_of=snapshot.as_of,
        status=judgement.status.value,
        refusal_code=refusal.code.value if refusal else "",
        refusal=to_json(refusal.message) if refusal else None,
        value=judgement.value,
        value_on=judgement.value_on,
        achievement=judgement.achievement,
        expected_achievement=judgement.expected_achievement,
        on_track_index=judgement.on_track_index,
        planned_value=judgement.planned_value,
        is_over_target=judgement.is_over_target,
        is_approximate=judgement.is_approximate,
        trend=judgement.trend.word.value,
        reported=judgement.coverage.reported,
        expected=judgement.coverage.expected,
        stale_from=None if is_final else judgement.stale_from,
        judgement=judgement_to_json(judgement),
        input_hash=canonical_hash(snapshot_to_json(snapshot)),
        method_version=METHOD_VERSION,
        computed_at=at,
    )


def _chunks(pks: Iterable[int]) -> Iterator[list[int]]:
    pks = list(pks)
    for start in range(0, len(pks), CHUNK):
        yield pks[start : start + CHUNK]
