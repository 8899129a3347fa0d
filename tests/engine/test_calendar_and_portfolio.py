"""Periods of a programme, statuses side by side, canonical JSON."""

import itertools
from datetime import date, timedelta
from decimal import Decimal

import pytest

from indicators.engine.codec import canonical_hash, snapshot_from_json, snapshot_to_json
from indicators.engine.errors import EngineError
from indicators.engine.periods import Frequency, custom_periods, periods_between
from indicators.engine.portfolio import (
    largest_remainder_percentages,
    status_counts,
    weighted_achievement,
    worst_of_critical,
)
from indicators.engine.types import Refusal, Status

from . import cases


@pytest.mark.parametrize(
    ("frequency", "month", "labels"),
    [
        (Frequency.MONTHLY, 1, ["2025-07", "2025-08", "2025-09", "2025-10"]),
        (Frequency.QUARTERLY, 1, ["2025 Q3", "2025 Q4"]),
        (Frequency.SEMI_ANNUAL, 1, ["2025 H2"]),
        (Frequency.ANNUAL, 1, ["2025"]),
        (Frequency.ANNUAL, 10, ["FY2024/25", "FY2025/26"]),
        (Frequency.QUARTERLY, 10, ["FY2024/25 Q4", "FY2025/26 Q1"]),
        (Frequency.TWO_MONTHS, 1, ["2025-07–08", "2025-09–10"]),
        (Frequency.FOUR_MONTHS, 1, ["2025-05–08", "2025-09–12"]),
        (Frequency.FOUR_MONTHS, 10, ["2025-06–09", "2025-10–2026-01"]),
        (Frequency.PER_COURSE, 1, []),
        (Frequency.EVENT, 1, []),
    ],
)
def test_periods_are_aligned_to_the_calendar_and_named(frequency, month, labels):
    assert [
        p.label for p in periods_between(frequency, date(2025, 7, 10), date(2025, 10, 9), month)
    ] == labels


def test_weeks_are_iso_weeks():
    found = periods_between("weekly", date(2024, 12, 31), date(2025, 2, 12))

    assert (found[0].label, found[0].starts_on) == ("2025-W01", date(2024, 12, 30))
    assert found[-1].label == "2025-W07"


def test_fortnights_run_on_through_the_years():
    found = periods_between("two_weeks", date(2024, 12, 20), date(2025, 1, 20))

    assert [p.label for p in found] == ["2024-W51–52", "2025-W01–02", "2025-W03–04"]
    # 2026 has 53 weeks: the last goes with the first of the next year, and nothing is left over.
    turn = periods_between("two_weeks", date(2026, 12, 28), date(2027, 1, 17))
    assert [p.label for p in turn] == ["2026-W53–2027-W01", "2027-W02–03"]
    assert all((p.ends_on - p.starts_on).days == 13 for p in [*found, *turn])


def test_a_period_starts_on_the_first_of_the_month_not_on_the_programmes_day():  # an older tool: 2029-10-04
    found = periods_between("annual", date(2018, 10, 5), date(2029, 10, 4), fiscal_year_start_month=10)

    assert (found[10].starts_on, found[10].ends_on) == (date(2028, 10, 1), date(2029, 9, 30))


@pytest.mark.parametrize("frequency", [f for f in Frequency if f.days < 366 or f is Frequency.ANNUAL])
@pytest.mark.parametrize("month", range(1, 13))
def test_periods_neither_overlap_nor_leave_a_gap(frequency, month):
    found = periods_between(frequency, date(2023, 11, 17), date(2026, 3, 2), month)

    assert found[0].starts_on <= date(2023, 11, 17)
    assert found[-1].ends_on >= date(2026, 3, 2)
    for before, after in itertools.pairwise(found):
        assert after.starts_on == before.ends_on + timedelta(days=1)
    assert len({p.label for p in found}) == len(found)


def test_a_reversed_span_is_a_mistake_of_the_caller():
    with pytest.raises(EngineError, match="before it starts"):
        periods_between("monthly", date(2025, 2, 1), date(2025, 1, 1))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ((0, 1, 2, 1), "0 months were given; 1, 2, 3, 4, 6 or 12 were expected."),
        ((5, 1, 2, 1), "5 months were given; 1, 2, 3, 4, 6 or 12 were expected."),
        ((24, 1, 2, 1), "24 months were given; 1, 2, 3, 4, 6 or 12 were expected."),
        ((4, 2, 1, 1), "The span ends on 2025-01-01, before it starts on 2025-02-01."),
        ((4, 1, 2, 0), "Month 0 was given; 1 to 12 was expected."),
        ((4, 1, 2, 13), "Month 13 was given; 1 to 12 was expected."),
    ],
)
def test_impossible_calendars_say_what_was_expected(given, said):
    months, starts, ends, first = given
    with pytest.raises(EngineError) as error:
        custom_periods(months, date(2025, starts, 1), date(2025, ends, 1), first)
    assert str(error.value) == said


@pytest.mark.parametrize("months", [1, 2, 3, 4, 6, 12])
def test_calendars_of_any_length_run_on_from_their_first_month_even_for_one_day(months):
    (only,) = custom_periods(months, date(2025, 12, 31), date(2025, 12, 31), 12)
    assert only.starts_on == date(2025, 12, 1)
    assert len(custom_periods(months, date(2025, 1, 1), date(2025, 12, 31))) == 12 // months
    assert custom_periods(months, date(2025, 1, 1), date(2025, 12, 31), 1)[0].starts_on == date(2025, 1, 1)


def test_percentages_of_statuses_add_up_to_one_hundred():  # US Department of State, FY 2008, strategic goal 1
    counts = {"above": 5, "on": 10, "improved": 7, "below": 4, "not_available": 0}

    found = largest_remainder_percentages(counts)

    assert found == {"above": 19, "on": 39, "improved": 27, "below": 15, "not_available": 0}


def test_nothing_has_no_percentages():
    assert largest_remainder_percentages(status_counts([])) is None


def test_every_status_is_counted_even_at_zero():
    found = status_counts([Status.ON_TRACK, Status.ON_TRACK, Status.NOT_REPORTING])

    assert list(found) == list(Status)
    assert (found[Status.ON_TRACK], found[Status.AT_RISK], found[Status.NOT_REPORTING]) == (2, 0, 1)


def test_the_worst_critical_status_wins_and_grey_hides_no_red():
    assert worst_of_critical([Status.ON_TRACK, Status.OFF_TRACK, Status.NOT_REPORTING]) is Status.OFF_TRACK
    assert worst_of_critical([Status.ON_TRACK, Status.NOT_REPORTING]) is Status.NOT_REPORTING
    assert worst_of_critical([Status.MONITORED]) is None


def test_a_weighted_mean_is_capped_and_says_how_much_weight_it_rests_on():
    found = weighted_achievement(
        [(Decimal(20), Decimal("0.45")), (Decimal(10), Decimal("1.8")), (Decimal(10), None)]
    )

    assert (found.value, found.usable_weight) == (Decimal("0.6333333333"), Decimal("0.75"))


def test_a_weighted_mean_of_too_little_weight_is_refused():
    found = weighted_achievement([(Decimal(6), Decimal(1)), (Decimal(4), None)])

    assert isinstance(found, Refusal)
    assert "60 % of the weight" in str(found.message)


def test_the_hash_does_not_depend_on_the_scale_decimals_were_stored_with():
    how, to = cases.rule(), cases.plan({"baseline": 0, "target": 100})
    stored = cases.plan({"baseline": Decimal("0.0000"), "target": Decimal("100.0000")})

    one = snapshot_to_json(cases.snapshot([Decimal("52.5")], how, to))
    other = snapshot_to_json(cases.snapshot([Decimal("52.5000000000")], how, stored))

    assert canonical_hash(one) == canonical_hash(other)


def test_the_hash_changes_with_any_input():
    how, to = cases.rule(), cases.plan({"baseline": 0, "target": 100})

    hashes = {canonical_hash(snapshot_to_json(cases.snapshot([v], how, to))) for v in (1, 2, "missing", 0)}

    assert len(hashes) == 4


def test_json_that_does_not_fit_names_the_field():
    data = snapshot_to_json(cases.snapshot([1], cases.rule(), cases.plan({"baseline": 0, "target": 100})))

    with pytest.raises(EngineError, match=r"Snapshot\.plan\.target: 'many' was given"):
        snapshot_from_json(data | {"plan": data["plan"] | {"target": "many"}})
    with pytest.raises(EngineError, match="colour are unknown"):
        snapshot_from_json(data | {"colour": "red"})


def test_a_period_that_is_touched_by_its_first_day_alone_is_there():
    found = periods_between("monthly", date(2025, 1, 31), date(2025, 3, 1))

    assert [p.label for p in found] == ["2025-01", "2025-02", "2025-03"]
    assert [p.label for p in periods_between("weekly", date(2025, 1, 5), date(2025, 1, 6))] == [
        "2025-W01",
        "2025-W02",
    ]
