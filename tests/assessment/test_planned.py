"""What a locked plan asks, computed and kept: with whom it was compared, planned or exploratory, tested as a family."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest
from django.db import transaction

from indicators import derived
from indicators.assessment import expost, expost_planning, running
from indicators.assessment.claiming import claim_due
from indicators.assessment.planning import plan_due
from indicators.assessment.verifying import verdict_differences
from indicators.engine.expost.types import result_from_json, table_of
from indicators.models import (
    AssessmentRun,
    ContextRelease,
    ContextSeries,
    ContextValue,
    PlannedComparison,
    Verdict,
)
from tests import factories as make
from tests.assessment.cast import correct, make_due, make_schedule

pytestmark = pytest.mark.django_db
START, END = date(2024, 1, 1), date(2025, 12, 31)
LOCKED = datetime(2024, 1, 20, 9, tzinfo=UTC)


def make_sites(*, effect=10.0, sites=8, reached=4, since=2021, programme=None, seed=7, until=None, **given):
    """A programme of 2024 and 2025 with quarterly values of sites since 2021; the first ones are reached by it."""
    programme = programme or make.make_programme(starts_on=START, ends_on=END, **given)
    version = make.make_version(
        value_type="number", unit="points", scale=1, numerator_label="", denominator_label="", site_rule="mean",
        min_denominator=None, min_data_rule="",
    )  # fmt: skip
    units = [make.make_unit(programme) for _ in range(sites)]
    indicator = make.make_indicator(programme, version=version, units=units, plan={"target_on": END})
    quarters = make.make_quarters(programme, since=since, until=2025)
    keys, rng = set(), np.random.default_rng(seed)
    for number, unit in enumerate(units):
        level = 50 + 2 * number
        for quarter in quarters:
            if until is not None and quarter.ends_on > until:
                continue
            value = level + rng.normal(0, 1)
            value += effect if number < reached and quarter.starts_on >= START else 0
            row = make.make_observation(
                indicator, quarter, unit=unit, value=Decimal(str(round(value, 2))), as_of=quarter.ends_on
            )
            keys.add((row.indicator_id, row.period_id))
    with transaction.atomic():
        derived.refresh(keys, at=make.AT)
    return programme, indicator, units


def planned(programme, *, at=LOCKED, part="", ends_on=None, **items):
    """Lock a plan: keyword arguments of each item by the indicator's key."""
    admin, evaluator = make.make_admin(), make.make_user(programme=programme, role="evaluator")
    plan = expost_planning.save_expost_plan(
        programme=programme, part=part, starts_on=programme.starts_on, ends_on=ends_on or programme.ends_on,
        question="Did it help?", follow_up_months=[0, 6, 12], collects="Inspectorate", by=admin, at=at,
        reason=items.pop("reason", ""),
    )  # fmt: skip
    for indicator, given in items.pop("items"):
        defaults = {
            "method": "",
            "smallest_change": Decimal(2),
            "method_reason": "As agreed with the ministry.",
        }
        expost_planning.plan_primary_indicator(
            plan=plan, indicator=indicator, by=admin, at=at, **(defaults | given)
        )
    return expost_planning.lock_expost_plan(plan=plan, by=evaluator, at=at)


def look_back(programme, as_of=END, **given):
    make_due(programme, as_of=as_of, kind="ex_post", label="End", **({"due_at": make.AT} | given))
    return running.run_due(claim_due(owner="test"))


def primary(run):
    return run.verdicts.get(method="primary")


def beside(units):
    return [PlannedComparison(unit=one) for one in units]


def test_sites_the_programme_does_not_reach_give_a_difference_in_differences():
    programme, indicator, units = make_sites()
    plan = planned(programme, items=[(indicator, {"comparisons": beside(units[4:])})])

    verdict = primary(look_back(programme))

    result = result_from_json(verdict.result)
    assert verdict.inputs["compute"] == "difference_in_differences"
    assert float(verdict.low) < 10 < float(verdict.high)
    assert "EXPLORATORY" not in result.flags
    assert {a.name: a.holds.value for a in result.assumptions}["plan_locked"] == "yes"
    assert result.params["matters"] == "yes"
    assert (result.params["family_size"], result.params["tested"]) == (1, "significant")
    assert result.params["p_adjusted"] == pytest.approx(result.params["p_raw"])
    assert verdict.inputs["plan"]["hash"] == plan.content_hash
    codes = {one["code"]: one for one in verdict.inputs["units"]}
    assert [codes[f"T{n}"]["pk"] for n in range(1, 5)] == [unit.pk for unit in units[:4]]
    assert [codes[f"C{n}"]["pk"] for n in range(1, 5)] == [unit.pk for unit in units[4:]]
    left_out = table_of(result, "leave_one_out")
    assert [row[0] for row in left_out.rows] == ["C1", "C2", "C3", "C4"]
    assert table_of(result, "event_study") is not None
    assert table_of(result, "would_turn").rows == ()
    assert any("each of 8 points or units left out alone" in str(m) for m in result.sentence)
    assert any("a border of" in str(m) and "would turn that" in str(m) for m in result.sentence)
    assert not any(str(unit) in str(verdict.result) for unit in units)
    assert list(verdict_differences()) == []


def test_a_late_plan_computes_the_same_and_says_exploratory_everywhere():
    programme, indicator, units = make_sites()
    planned(
        programme,
        at=datetime(2024, 9, 1, tzinfo=UTC),
        items=[(indicator, {"comparisons": beside(units[4:])})],
    )

    verdict = primary(look_back(programme))

    result = result_from_json(verdict.result)
    assert "EXPLORATORY" in result.flags
    assert result.p_value is None
    assert "tested" not in result.params
    assert any("Exploratory: the plan was locked on 2024-09-01" in str(m) for m in result.sentence)


def test_one_comparison_series_gives_a_comparative_series():
    programme, indicator, units = make_sites(sites=2, reached=1)
    planned(
        programme,
        items=[(indicator, {"comparisons": beside(units[1:]), "method": "comparative_interrupted_series"})],
    )

    verdict = primary(look_back(programme))

    result = result_from_json(verdict.result)
    assert float(verdict.value) == pytest.approx(10, abs=2)
    assert table_of(result, "counterfactual") is not None
    assert any("Compared with C1" in str(m) for m in result.sentence)


def test_another_method_than_the_proposed_one_carries_its_reason():
    programme, indicator, units = make_sites()
    given = {"comparisons": beside(units[4:]), "method": "comparative_interrupted_series"}
    planned(programme, items=[(indicator, given)])

    inputs = primary(look_back(programme)).inputs

    assert (inputs["proposed"], inputs["compute"]) == ("difference_in_differences", given["method"])
    assert inputs["method_reason"] == "As agreed with the ministry."


def test_countries_of_a_pinned_release_are_donors_of_a_synthetic_control():
    programme = make.make_programme(starts_on=START, ends_on=END)
    version = make.make_version(
        value_type="number", unit="points", scale=1, frequency="semi_annual", numerator_label="",
        denominator_label="", site_rule="mean", min_denominator=None, min_data_rule="",
    )  # fmt: skip
    indicator = make.make_indicator(programme, version=version, plan={"target_on": END})
    series = ContextSeries.objects.create(
        code="S", name="S", definition_code=version.definition_of.code, publisher="P", unit="u", licence="CC"
    )
    release = ContextRelease.objects.create(
        series=series, vintage="2025", retrieved_on=date(2025, 1, 1), source="F"
    )
    countries = [make.make_partner(f"{'ABCDEF'[n]}XX") for n in range(6)]
    keys, rng = set(), np.random.default_rng(3)
    shared = rng.normal(0, 2, 14)
    for half in range(14):
        starts_on = date(2019 + half // 2, 1 + 6 * (half % 2), 1)
        ends_on = date(starts_on.year, 6, 30) if half % 2 == 0 else date(starts_on.year, 12, 31)
        period = programme.periods.create(
            frequency="semi_annual", starts_on=starts_on, ends_on=ends_on, label=f"H{half}",
            due_on=ends_on + timedelta(days=15),
        )  # fmt: skip
        values = [40 + 3 * n + shared[half] * (1 + n / 5) + rng.normal(0, 0.2) for n in range(6)]
        for country, value in zip(countries, values, strict=True):
            ContextValue.objects.create(
                release=release, partner=country, starts_on=starts_on, ends_on=ends_on,
                value=Decimal(str(round(value, 3))),
            )  # fmt: skip
        own = np.mean(values[1:4]) + (6 if starts_on >= START else 0)
        row = make.make_observation(indicator, period, value=Decimal(str(round(own, 3))))
        keys.add((row.indicator_id, row.period_id))
    with transaction.atomic():
        derived.refresh(keys, at=make.AT)
    planned(
        programme,
        items=[
            (
                indicator,
                {
                    "method": "synthetic_control",
                    "comparisons": [PlannedComparison(release=release, country=one) for one in countries],
                },
            )
        ],
    )

    verdict = primary(look_back(programme))

    result = result_from_json(verdict.result)
    assert float(verdict.value) == pytest.approx(6, abs=1)
    assert result.params["p_floor"] == pytest.approx(1 / 7)
    assert table_of(result, "gap") is not None
    assert table_of(result, "placebos") is not None


@pytest.mark.parametrize(
    ("value_type", "levels", "method"),
    [("ordinal", (1, 3), "ordinal_maturity"), ("binary", (0, 1), "paired_proportions")],
)
def test_levels_and_answers_are_counted_site_by_site(value_type, levels, method):
    programme = make.make_programme(starts_on=START, ends_on=END)
    version = make.make_version(
        value_type=value_type, unit="level", scale=1, numerator_label="", denominator_label="", site_rule="mean",
        min_denominator=None, min_data_rule="",
    )  # fmt: skip
    sites = [make.make_unit(programme) for _ in range(9)]
    indicator = make.make_indicator(programme, version=version, units=sites, plan={"target_on": END})
    quarters, keys = make.make_quarters(programme, since=2023, until=2025), set()
    for quarter in (quarters[3], quarters[-1]):
        for number, site in enumerate(sites):
            value = levels[quarter.starts_on >= START and number > 0]
            row = make.make_observation(indicator, quarter, unit=site, value=Decimal(value))
            keys.add((row.indicator_id, row.period_id))
    with transaction.atomic():
        derived.refresh(keys, at=make.AT)
    planned(programme, items=[(indicator, {})])

    verdict = primary(look_back(programme))

    assert (verdict.inputs["compute"], verdict.refusal_code) == (method, "")
    assert len(verdict.inputs["units"]) == 9
    assert verdict.value > 0


def test_a_named_part_is_measured_when_it_has_ended_while_the_programme_runs_on():
    programme, indicator, units = make_sites(until=date(2025, 12, 31))
    programme.ends_on = date(2027, 12, 31)
    programme.save()
    make_schedule(programme)
    plan = planned(
        programme, part="Phase 1", ends_on=END, items=[(indicator, {"comparisons": beside(units[4:])})]
    )

    assert plan_due(at=datetime(2026, 9, 1, tzinfo=UTC)) > 0
    points = programme.due_assessments.filter(kind="ex_post").order_by("as_of")
    assert [(p.as_of, p.label) for p in points] == [
        (END, "Phase 1: end"),
        (date(2026, 6, 30), "Phase 1: end +6 months"),
    ]
    run = running.run_due(claim_due(owner="test", due_pk=points[0].pk))

    assert [v.method for v in run.verdicts.all()] == [f"primary_{plan.number}"]
    assert run.verdicts.get().value is not None


def test_two_primary_tests_are_one_family_and_the_rest_is_outside_it():
    programme, strong, units = make_sites()
    _same, weak, others = make_sites(effect=0.2, programme=programme)
    planned(
        programme,
        items=[(strong, {"comparisons": beside(units[4:])}), (weak, {"comparisons": beside(others[4:])})],
    )

    run = look_back(programme)

    results = {v.indicator_id: result_from_json(v.result) for v in run.verdicts.filter(method="primary")}
    raw = [results[one.pk].params["p_raw"] for one in (strong, weak)]
    assert [results[one.pk].params["family_size"] for one in (strong, weak)] == [2, 2]
    assert results[strong.pk].params["p_adjusted"] == pytest.approx(min(2 * min(raw), max(raw)))
    assert results[weak.pk].params["tested"] == "not_significant"
    for verdict in run.verdicts.exclude(method="primary"):
        assert "EXPLORATORY" in verdict.result["flags"]
        assert any("not among the primary" in m["template"] for m in verdict.result["sentence"])
    assert list(verdict_differences()) == []


def test_a_second_run_gives_the_same_bytes_and_a_correction_a_new_revision():
    programme, indicator, units = make_sites()
    planned(programme, items=[(indicator, {"comparisons": beside(units[4:])})])
    first = look_back(programme)
    again = look_back(programme, request=1)
    old = indicator.observations.order_by("-period__ends_on", "unit_id").first()
    correct(old, numerator=1) if old.numerator is not None else _correct_value(old)
    third = look_back(programme, request=2)

    assert again.pk == first.pk
    assert (third.revision, third.pk != first.pk) == (2, True)
    assert primary(first).input_hash != primary(third).input_hash
    assert AssessmentRun.objects.count() == 2
    assert list(verdict_differences()) == []


def _correct_value(old):
    type(old).objects.filter(pk=old.pk).update(state="superseded", superseded_at=make.AT)
    new = make.make_observation(
        old.indicator,
        old.period,
        unit=old.unit,
        value=old.value + 5,
        corrects=old,
        correction_reason="Typed wrong.",
    )
    with transaction.atomic():
        derived.refresh({(new.indicator_id, new.period_id)}, at=make.AT)


def test_definitions_that_broke_are_not_compared():
    programme, indicator, _units = make_sites(sites=1, reached=1)
    _other_programme, other, _u = make_sites(sites=1, reached=0)
    newer = make.make_version(value_type="number", unit="points", scale=1, number=2, comparability="break")
    other.definition, other.version = indicator.definition, newer
    other.save()
    planned(programme, items=[(indicator, {"comparisons": [PlannedComparison(indicator=other)]})])

    verdict = primary(look_back(programme))

    assert (verdict.refusal_code, verdict.value) == ("DEFINITION_CHANGED", None)
    assert verdict.inputs["rests_on_others"] is True
    assert list(verdict_differences()) == []


def test_old_figures_say_nothing_about_a_later_measurement_point():
    programme, indicator, _units = make_sites(sites=1, reached=1)
    planned(programme, items=[(indicator, {})])

    assert primary(look_back(programme, as_of=date(2027, 12, 31))).refusal_code == "STALE"


def test_figures_that_nobody_has_approved_are_said_to_wait():
    programme, indicator, _units = make_sites(sites=1, reached=1)
    planned(programme, items=[(indicator, {"transition_until": date(2025, 9, 30)})])
    last = programme.periods.get(ends_on=END)
    _submit_instead(indicator, last)

    assert primary(look_back(programme)).refusal_code == "NOT_APPROVED"


def _submit_instead(indicator, period):
    """The approved figures of a period are superseded by ones that wait for approval."""
    for old in indicator.observations.filter(period=period):
        type(old).objects.filter(pk=old.pk).update(state="superseded", superseded_at=make.AT)
        make.make_observation(
            indicator, period, unit=old.unit, value=old.value, state="submitted", corrects=old,
            correction_reason="Measured again.",
        )  # fmt: skip
    with transaction.atomic():
        derived.refresh({(indicator.pk, period.pk)}, at=make.AT)


@pytest.mark.parametrize(
    "values",
    [
        [0] * 20,
        [7] * 20,
        list(range(20)),
        [10**17] * 10 + [-(10**17)] * 10,
        [1, 10**17] * 10,
        [Decimal("0.000001")] * 19 + [0],
        [5],
        [None, 3, None, None, 5, None, 7, 9],
    ],
    ids=["zeros", "constant", "perfect line", "huge step", "huge noise", "tiny", "one", "gaps"],
)
@pytest.mark.parametrize(
    "method",
    [
        "interrupted_series", "difference_in_differences", "comparative_interrupted_series", "synthetic_control",
        "counterfactual_trend", "means_before_after", "difference_only", "ordinal_maturity", "contribution_rating",
        "rates_before_after", "proportions_before_after", "interrupted_counts", "series_retention", "share_kept",
        "paired_proportions",
    ],
)  # fmt: skip
def test_bad_data_give_refusals_with_reasons_or_finite_figures(method, values):
    """Every method on every kind of bad series, by itself and against itself: no failure, no figure that is none."""
    series = [
        {
            "starts_on": f"{2019 + n // 4}-{1 + 3 * (n % 4):02}-01",
            "ends_on": f"{2019 + n // 4}-{3 + 3 * (n % 4):02}-28",
            "label": f"Q{n}",
            "value": None if value is None else str(value),
            "reported": 1,
            "expected": 1,
        }
        for n, value in enumerate(values)
    ]
    rule = {
        "value_type": "count" if "counts" in method or "rates" in method else "number", "direction": "ascending",
        "time_rule": "last", "site_rule": "mean",
    }  # fmt: skip
    for others in ({}, {f"C{n}": series for n in range(1, 7)}):
        inputs = {
            "compute": method, "flags": [], "notes": [], "rule": rule, "series": series, "treated": {"T1": series},
            "comparisons": others, "split_on": "2021-06-30", "transition_until": None, "horizon": 3, "seed": 1,
            "standing": {"is_planned": True, "notes": [], "flags": []}, "family": [], "data_quality": 2,
            "smallest_change": "1", "baseline": 0.0, "end": 0.0, "followup": 0.0, "standard_error": None,
            "higher_is_better": True,
        }  # fmt: skip
        result = expost.compute(inputs)

        assert (result.value is None) != (result.refusal is None)
        if result.refusal is not None:
            assert str(result.refusal.message)
        Verdict(**_columns(result))
        assert not _not_finite(result)


def _columns(result):
    from indicators.assessment.drafts import result_columns

    return result_columns(result)


def _not_finite(result):
    figures = [*result.params.values(), *(cell for t in result.tables for row in t.rows for cell in row)]
    return [f for f in figures if isinstance(f, float) and not np.isfinite(f)]
