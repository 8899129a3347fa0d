"""What must hold whatever the figures are: SQL and engine agree, corrections leave no trace, verify sees everything."""

import random
from datetime import date
from decimal import Decimal

import pytest
from django.db import connection, transaction

from indicators import derived, setwise
from indicators.assessment import running
from indicators.assessment.verifying import verdict_differences
from indicators.engine.codec import judgement_to_json
from indicators.engine.judge import judge
from indicators.engine.rollup import roll_up_period
from indicators.engine.rules import METHOD_RULES
from indicators.engine.types import SiteRule, Snapshot
from indicators.entry.actions import (
    approve_observation,
    correct_observation,
    record_observation,
    submit_observation,
)
from indicators.models import (
    AssessmentRun,
    IndicatorStatus,
    Observation,
    ReportingPeriod,
    Rollup,
    RuleSet,
    State,
    Verdict,
)
from indicators.snapshots import expected_sites, load_indicators, load_measurements, plans_of
from tests import factories as make
from tests.assessment.cast import make_assessed, make_due, make_figures

pytestmark = pytest.mark.django_db
KINDS = ["ratio", "count", "number", "score", "index", "ordinal", "binary", "effect_size", "text"]
CELLS = ["nation=KWT", "nation=QAT", "nation=KWT;sex=female", "sex=female"]


def random_programme(rng, *, indicators=24):
    """Indicators of every kind and rule, with figures of every shape that the database accepts."""
    programme = make.make_programme()
    people = [make.make_user(), make.make_user()]
    periods = make.make_quarters(programme)[: rng.randint(2, 4)]
    periods.append(
        ReportingPeriod.objects.create(
            programme=programme, frequency=rng.choice(["event", "per_course"]), starts_on=date(2025, 2, 1),
            ends_on=date(2025, 2, 9), due_on=date(2025, 2, 9), label="Once",
        )
    )  # fmt: skip
    units = [make.make_unit(programme, is_active=rng.random() < 0.9) for _ in range(4)]
    rows = []
    for _number in range(indicators):
        kind = rng.choice(KINDS)
        version = make.make_version(
            value_type=kind,
            site_rule=rng.choice(list(SiteRule)).value,
            time_rule=rng.choice(["sum", "last", "mean", "median", "ratio_of_sums"]),
            direction=rng.choice(["ascending", "descending", "maintain_above"]),
            scale=rng.choice([Decimal(1), Decimal(100), Decimal("0.5"), Decimal(-3)]),
            min_denominator=rng.choice([None, None, Decimal(5), Decimal("40.5")]),
            min_n=rng.choice([None, None, 3, 30]),
        )
        chosen = rng.sample(units, rng.randint(0, 4))
        indicator = make.make_indicator(programme, version=version, units=chosen)
        shape = rng.choice(["totals", "totals", "totals", "cells", "mixed"])
        for period in periods:
            for unit in (
                rng.sample([None, *units], rng.randint(0, 4)) if shape == "mixed" else chosen or [None]
            ):
                cells = {"totals": [""], "cells": rng.sample(CELLS, 2), "mixed": rng.sample(["", *CELLS], 2)}
                rows += [
                    Observation(
                        indicator=indicator, period=period, unit=unit, cell=cell, as_of=period.ends_on,
                        state=State.APPROVED if rng.random() < 0.95 else State.DRAFT, entered_by=people[0],
                        entered_at=make.AT, submitted_by=people[0], submitted_at=make.AT, decided_by=people[1],
                        decided_at=make.AT, **random_figure(rng, kind),
                    )
                    for cell in cells[shape]
                ]  # fmt: skip
    Observation.objects.bulk_create(rows)


def random_figure(rng, kind):
    more = {
        "sample_size": rng.choice([None, 0, rng.randint(1, 60)]),
        "standard_error": rng.choice([None, None, Decimal(rng.randint(1, 99)).scaleb(-2)]),
    }
    if kind == "text":
        return {"text": "As before."}
    if rng.random() < 0.1:
        return {"missing_reason": "not_collected"} | more
    number = Decimal(rng.randint(-(10**6), 10**8)).scaleb(-rng.choice([0, 2, 6]))
    if kind == "ratio" and rng.random() < 0.95:
        return {"numerator": number, "denominator": Decimal(rng.choice([0, 3, 7, 16, 64, 640]))} | more
    return {"value": number} | more


@pytest.mark.parametrize("seed", range(6))
def test_sql_and_engine_form_the_same_rollups_to_the_last_digit(seed):
    random_programme(random.Random(seed))

    derived.rebuild(at=make.AT)

    assert Rollup.objects.count() == len(
        derived._keys_with_facts(Observation.objects.values_list("indicator", flat=True))
    )
    assert list(derived.differences()) == []


def test_sql_does_a_good_part_itself():
    random_programme(random.Random(3), indicators=40)
    with transaction.atomic():
        left = setwise.store_exact_rollups(None)
        assert Rollup.objects.count() > 0.1 * len(left) > 0  # most figures here are made to be difficult
        assert not left & set(Rollup.objects.values_list("indicator_id", "period_id"))


@pytest.mark.parametrize(
    ("numerator", "denominator", "value"),
    [
        ("0.00000000005", "1", "0"), ("0.00000000015", "1", "2"), ("-0.00000000005", "1", "0"),
        ("-0.00000000015", "1", "-2"), ("-0.00000000016", "1", "-2"), ("0.000000000049", "1", "0"),
    ],
)  # fmt: skip
def test_sql_rounds_half_to_even(numerator, denominator, value):
    half = setwise._STORED[setwise._STORED.index("(q.cut") : setwise._STORED.index("* 0.0000000001")]
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {half} FROM (SELECT %s::numeric AS dividend, %s::numeric AS divisor) r "
            "CROSS JOIN LATERAL (SELECT div(r.dividend * 1e10, r.divisor) AS cut) d "
            "CROSS JOIN LATERAL (SELECT d.cut, r.dividend * 1e10 - d.cut * r.divisor AS rest) q",
            [numerator, denominator],
        )
        assert cursor.fetchone()[0] == Decimal(value)


def test_a_rebuild_removes_what_has_no_facts_and_mends_the_rest():
    programme, indicator = make_assessed()
    right = list(Rollup.objects.values())
    Rollup.objects.filter(pk=right[0]["id"]).delete()
    Rollup.objects.filter(pk=right[1]["id"]).update(value=99)
    empty = programme.periods.get(label="2025 Q4")
    Rollup.objects.create(indicator=indicator, period=empty, value=1)

    derived.rebuild(at=make.AT)

    without_pk = [{k: v for k, v in row.items() if k != "id"} for row in right]
    assert [{k: v for k, v in row.items() if k != "id"} for row in Rollup.objects.values()] == without_pk


@pytest.mark.parametrize("seed", range(3))
def test_a_status_from_rollups_is_the_one_from_raw_rows(seed):
    random_programme(random.Random(100 + seed), indicators=12)
    derived.rebuild(at=make.AT)

    for indicator in load_indicators(IndicatorStatus.objects.values_list("pk", flat=True)):
        stored = indicator.current_status
        assert judgement_to_json(judge(from_raw_rows(indicator, stored.as_of))) == stored.judgement


def from_raw_rows(indicator, as_of):
    periods = indicator.programme.periods.filter(frequency=indicator.frequency, ends_on__lte=as_of).order_by(
        "ends_on", "starts_on", "pk"
    )
    found = load_measurements({(indicator.pk, period.pk) for period in periods})
    since = indicator.revisions.first().effective_on
    plan, original = plans_of(indicator, as_of=as_of)
    return Snapshot(
        rule=indicator.version.rule(),
        plan=plan,
        original_plan=original,
        series=tuple(
            roll_up_period(
                found.get((indicator.pk, period.pk), []),
                indicator.version.rule(),
                starts_on=period.starts_on,
                ends_on=period.ends_on,
                label=period.label,
                expected=expected_sites(indicator, period),
            )
            for period in periods
            if (indicator.pk, period.pk) in found or (since <= period.ends_on and period.due_on <= as_of)
        ),
        as_of=as_of,
        frequency_days=92,
        grace_days=indicator.programme.grace_days,
    )


def standing():
    row = IndicatorStatus.objects.values().get()
    del row["computed_at"]
    return row


@pytest.mark.parametrize("takes_back", ["another figure", "no figure"])
def test_adding_and_then_superseding_restores_the_former_status(takes_back):
    programme = make.make_programme()
    indicator = make.make_indicator(programme)
    officer = make.make_user(programme=programme, role="officer")
    approver = make.make_user(programme=programme, role="approver")
    make_figures(indicator, 12, 15, 18, 22, 26, 28)
    period = programme.periods.get(label="2025 Q3")
    at = make.AT

    def enter(**figures):
        row = record_observation(
            indicator=indicator,
            period=period,
            as_of=period.ends_on,
            comment="As inspected.",
            by=officer,
            at=at,
            **figures,
        )
        submit_observation(observation=row, by=officer, at=at)
        row.refresh_from_db()
        return approve_observation(observation=row, by=approver, at=at)

    def replace_by(row, **figures):
        newer = correct_observation(observation=row, reason="Counted anew.", by=officer, at=at, **figures)
        newer.refresh_from_db()
        return approve_observation(observation=newer, by=approver, at=at)

    if takes_back == "another figure":
        row = enter(numerator=Decimal(30), denominator=Decimal(60))
        former = standing()
        row = replace_by(row, numerator=Decimal(55), denominator=Decimal(60))
        assert standing() != former
        replace_by(row, numerator=Decimal(30), denominator=Decimal(60))
    else:
        derived.refresh_statuses([indicator.pk], at=at)
        former = standing()
        row = enter(numerator=Decimal(55), denominator=Decimal(60))
        assert standing() != former
        replace_by(row, numerator=None, denominator=None, missing_reason="not_collected")

    assert standing() == former
    assert list(derived.differences()) == []


ROLLUP_LIES = {
    "value": "value + 0.0000000001", "numerator": "numerator + 0.000001", "denominator": "NULL", "standard_error": "1",
    "n": "7", "reported": "reported + 1", "expected": "expected + 1", "refusal_code": "'STALE'",
    "refusal": "'{\"template\": \"x\", \"params\": {}}'",
}  # fmt: skip
STATUS_LIES = {
    "as_of": "as_of - 1", "status": "'on_track'", "refusal_code": "'STALE'",
    "refusal": "'{\"template\": \"x\", \"params\": {}}'", "value": "value + 0.0000000001", "value_on": "value_on - 1",
    "achievement": "NULL", "expected_achievement": "0", "on_track_index": "on_track_index + 0.0000000001",
    "planned_value": "NULL", "is_over_target": "NOT is_over_target", "is_approximate": "NOT is_approximate",
    "trend": "'falling'", "reported": "reported - 1", "expected": "expected + 1", "stale_from": "NULL",
    "judgement": "jsonb_set(judgement, '{status}', '\"on_track\"')", "input_hash": "repeat('0', 64)",
    "method_version": "'0.0'",
}  # fmt: skip
VERDICT_LIES = {
    "method": "'paired_gain'", "status": "'on_track'", "value": "value + 0.0000000001", "low": "1", "high": "1",
    "achievement": "0", "on_track_index": "NULL", "trend": "'falling'", "confidence": "'high'",
    "refusal_code": "'STALE'", "reported": "reported - 1", "expected": "expected + 1",
    "inputs": "jsonb_set(inputs, '{rules,stale_above}', '\"3\"')",
    "result": "jsonb_set(result, '{status}', '\"on_track\"')", "input_hash": "repeat('0', 64)",
    "result_hash": "repeat('0', 64)",
}  # fmt: skip
RUN_LIES = {
    "input_hash": "repeat('0', 64)", "counts": "'{\"on_track\": 1}'", "reported": "reported - 1",
    "expected": "expected + 1",
}  # fmt: skip


class TestEveryCorruptionIsFound:
    def plant(self, table, column, lie):
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("SET LOCAL session_replication_role = replica")  # past the triggers
            cursor.execute(f"UPDATE {table} SET {column} = {lie}")
            cursor.execute("SET LOCAL session_replication_role = origin")

    @pytest.mark.parametrize("column", ROLLUP_LIES)
    def test_in_a_rollup(self, column):
        make_assessed()
        assert list(derived.differences()) == []
        self.plant("indicators_rollup", column, ROLLUP_LIES[column])

        assert any("roll-up" in line and column in line for line in derived.differences())

    @pytest.mark.parametrize("column", STATUS_LIES)
    def test_in_a_status(self, column):
        make_assessed()
        self.plant("indicators_indicatorstatus", column, STATUS_LIES[column])

        assert any("status of indicator" in line for line in derived.differences())

    @pytest.mark.parametrize("column", VERDICT_LIES)
    def test_in_a_verdict(self, column):
        programme, _indicator = make_assessed()
        make_due(programme)
        running.run_what_is_due()
        assert list(verdict_differences()) == []
        self.plant("indicators_verdict", column, VERDICT_LIES[column])

        assert list(verdict_differences())

    @pytest.mark.parametrize("column", RUN_LIES)
    def test_in_a_run(self, column):
        programme, _indicator = make_assessed()
        make_due(programme)
        running.run_what_is_due()
        self.plant("indicators_assessmentrun", column, RUN_LIES[column])

        assert list(verdict_differences())

    @pytest.mark.parametrize(
        "statement",
        [
            "DELETE FROM indicators_rollup WHERE id = (SELECT min(id) FROM indicators_rollup)",
            "DELETE FROM indicators_indicatorstatus",
            "UPDATE indicators_observation SET numerator = numerator + 1",
            "DELETE FROM indicators_observation WHERE id = (SELECT max(id) FROM indicators_observation)",
            "UPDATE indicators_targetrevision SET target = 81",
            "UPDATE indicators_indicatorversion SET scale = 1",
            "UPDATE indicators_ruleset SET values = jsonb_set(values, '{too_early_below}', '\"0.06\"')",
        ],
    )
    def test_in_the_facts_or_by_removal(self, statement):
        RuleSet.objects.create(
            number=1, effective_on=date(2024, 1, 1), values=METHOD_RULES.as_text(), reason="First.",
            by=make.make_admin(), at=make.AT,
        )  # fmt: skip
        make_assessed()
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("SET LOCAL session_replication_role = replica")
            cursor.execute(statement)
            cursor.execute("SET LOCAL session_replication_role = origin")

        assert list(derived.differences())


def test_all_columns_are_lied_about():
    keys = {"id", "indicator", "period", "run", "course_run"}
    assert {f.name for f in Rollup._meta.fields} - keys == set(ROLLUP_LIES)
    assert {f.name for f in IndicatorStatus._meta.fields} - keys - {"computed_at"} == set(STATUS_LIES)
    assert {f.name for f in Verdict._meta.fields} - keys == set(VERDICT_LIES)
    told = {
        "programme", "due", "kind", "as_of", "label", "revision", "method_version", "software_version", "seed",
        "started_at", "finished_at",
    }  # fmt: skip
    assert {f.name for f in AssessmentRun._meta.fields} - keys - told == set(RUN_LIES)
