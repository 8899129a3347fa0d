"""Planned questions to registers and to things kept: what participants kept, beside whom they gained, what is left."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction
from django.urls import reverse

from indicators import derived
from indicators.assessment import outlooks
from indicators.assessment.courses import COURSE_METHODS, Register
from indicators.assessment.proposing import propose
from indicators.assessment.verifying import verdict_differences
from indicators.engine.expost.comparison_group import paired_gain_with_comparison
from indicators.engine.expost.persistence import share_kept
from indicators.engine.expost.types import result_from_json
from indicators.models import Course, ExPostPlan, PlannedComparison, PlannedIndicator, TestScore
from tests import factories as make
from tests.assessment.cast import make_figures
from tests.assessment.test_expost import POST, PRE, look_back, make_course_run, make_learning_programme
from tests.assessment.test_planned import planned
from tests.reports.test_expost_planned import page_of, words

pytestmark = pytest.mark.django_db
SAME = [41, 44, 52, 39, 50, 49, 45, 57, 50, 43, 54, 47]
END = date(2026, 12, 31)


def make_beside(programme, scores=(PRE, SAME)):
    """A register of people who were tested twice and not taught."""
    run = make_course_run(programme, scores, ends_on=date(2025, 4, 4))
    run.course = Course.objects.create(programme=programme, code="W", title="Waiting list", topic="cyber")
    run.save()
    return run


def test_what_participants_kept_is_planned_for_the_indicator_that_holds_it(client):
    programme, gain, kept = make_learning_programme()
    run = make_course_run(programme)
    planned(programme, items=[(kept, {}), (gain, {})])
    methods = dict(PlannedIndicator.objects.values_list("indicator", "method"))
    assert methods == {kept.pk: "participant_retention", gain.pk: "paired_gain"}

    assessed = look_back(programme, date(2025, 9, 30), due_at=make.AT)

    found = {one.method: one for one in assessed.verdicts.all()}
    assert set(found) == {"paired_gain", "retention_m6"}
    for one in found.values():
        assert one.inputs["standing"]["is_planned"]
        assert one.inputs["plan"]["number"] == 1
    assert found["paired_gain"].result["params"]["smallest_change"] == 2
    assert "smallest_change" not in found["retention_m6"].result["params"]
    assert list(verdict_differences()) == []
    page = page_of(client, assessed, make.make_user(programme=programme, role="reader"))
    said = words(page)
    assert "What the plan asked" in said
    assert f"{kept.name} · Course · {run.code}" in said
    assert "of the change was still there when it was measured again." in said
    assert "Compared with the participants’ own scores before the course it moved up by" in said
    assert "Yes Both tests are equally difficult." in said
    assert page.count("after 6 months") >= 1  # the curve's words
    assert "Exploratory: what else can be computed" not in said
    assert "One person" in said


def test_partner_viewers_see_no_single_scores(client):
    programme, _gain, kept = make_learning_programme()
    make_course_run(programme)
    planned(programme, items=[(kept, {})])
    assessed = look_back(programme, date(2025, 9, 30), due_at=make.AT)
    nation = make.make_partner("JOR")
    kept.releasable_to.add(nation)
    programme.partners.add(nation)

    page = page_of(client, assessed, make.make_user("v", global_role="partner_viewer", partner=nation))

    assert kept.name in page
    assert "One person" not in words(page)


def test_without_a_measurement_six_months_later_nothing_kept_can_be_planned():
    programme, _gain, kept = make_learning_programme()
    make_course_run(programme)
    item = PlannedIndicator(
        plan=ExPostPlan(
            programme=programme, starts_on=programme.starts_on, ends_on=END, follow_up_months=[0]
        ),
        indicator=kept,
    )
    choice = propose(item, (), at=make.AT)
    assert "participant_retention" in {one.method.value for one in choice.not_possible}


def test_every_later_test_of_a_register_is_a_question_of_the_plan():
    assert COURSE_METHODS["participant_retention"] == ("retention_m6", "retention_m12")


@pytest.mark.parametrize(
    ("pre", "post", "equal"), [("A", "A", True), ("A", "B", False), ("", "A", None), ("A", "", None)]
)
def test_versions_of_the_test_reach_the_gain(pre, post, equal):
    programme, _gain, _kept = make_learning_programme()
    run = make_course_run(programme, ((),), people=12)
    for person, before, after in zip(run.enrolments.order_by("pk"), PRE, POST, strict=True):
        TestScore.objects.create(enrolment=person, occasion="pre", score=before, form=pre)
        TestScore.objects.create(enrolment=person, occasion="post", score=after, form=post)

    verdict = look_back(programme, date(2025, 3, 31)).verdicts.get()

    assert verdict.inputs["equal_forms"] is equal
    assert ("UNEQUAL_FORMS" in verdict.result["flags"]) == (equal is False)
    assert Register().equal_forms is None


def test_a_gain_is_set_beside_people_who_did_not_take_the_course(client):
    programme, gain, _kept = make_learning_programme()
    taught, beside = make_course_run(programme, (PRE, POST)), make_beside(programme)
    planned(programme, items=[(gain, {"comparisons": [PlannedComparison(run=beside)]})])
    assert PlannedIndicator.objects.get().method == "paired_gain_with_comparison"

    assessed = look_back(programme, END, due_at=make.AT)

    verdict = assessed.verdicts.get(method="primary")
    result = result_from_json(verdict.result)
    pairs = sorted(zip(PRE, POST, strict=True)), sorted(zip(PRE, SAME, strict=True))
    engine = paired_gain_with_comparison(
        *(tuple(map(float, column)) for group in pairs for column in zip(*group, strict=True)),
        maximum=100, unpaired_share=0.0, equal_forms=True,
    )  # fmt: skip
    assert (result.value, result.low, result.high) == pytest.approx((engine.value, engine.low, engine.high))
    assert result.params["tested"] == "significant"
    assert any("with each of 24 people left out alone" in str(m) for m in result.sentence)
    assert not assessed.verdicts.filter(course_run=beside).exists()
    assert assessed.verdicts.filter(course_run=taught, method="paired_gain").exists()
    assert verdict.inputs["scores"] == sorted(verdict.inputs["scores"])
    assert "P00" not in str(verdict.inputs)
    assert list(verdict_differences()) == []
    page = page_of(client, assessed, make.make_user(programme=programme, role="reader"))
    said = words(page)
    assert "Compared with people who did not take the course it moved up by" in said
    assert "Morris d_ppc2" in said
    assert f"Waiting list · {beside.code}" in said
    assert "Yes The groups were alike before" in said
    assert "comparison group" in said


def test_of_a_small_comparison_group_only_its_number_is_kept():
    programme, gain, _kept = make_learning_programme()
    make_course_run(programme, (PRE, POST))
    beside = make_beside(programme, (PRE[:5], SAME[:5]))
    planned(programme, items=[(gain, {"comparisons": [PlannedComparison(run=beside)]})])

    verdict = look_back(programme, END, due_at=make.AT).verdicts.get(method="primary")

    assert verdict.refusal_code == "N_PAIRS_TOO_SMALL"
    assert (verdict.inputs["comparison_n"], verdict.inputs["comparison_scores"]) == (5, [])
    assert list(verdict_differences()) == []


def test_a_register_is_picked_on_the_page_and_one_must_be_left(client):
    programme, gain, _kept = make_learning_programme()
    taught, beside = make_course_run(programme, (PRE, POST)), make_beside(programme)
    client.force_login(make.make_user(programme=programme, role="officer"))
    client.post(
        reverse("expost-plan-edit", args=[programme.code]),
        {"question": "Did it help?", "starts_on": "2024-01-01", "ends_on": "2026-12-31", "follow_up_months": "0, 6",
         "collects": "School"},
    )  # fmt: skip
    path = reverse("expost-plan-indicator", args=[programme.code, gain.pk])
    page = words(client.get(path).text)
    assert "Registers of people who are tested twice and do not take the course" in page
    given = {"smallest_change": "0.3", "horizon_months": "12"}

    both = client.post(path, given | {"comparisons": [f"run:{taught.pk}", f"run:{beside.pk}"]})
    assert "one must be left of those who were taught" in both.text
    assert client.post(path, given | {"comparisons": [f"run:{beside.pk}"]}).status_code == 302
    shown = words(client.get(reverse("expost-plan", args=[programme.code])).text)
    assert f"Waiting list · {beside.code}" in shown
    assert "Learning gain against a comparison group" in shown

    outlooks.fill_due_outlooks(at=datetime(2026, 1, 5, tzinfo=UTC))
    said = words(client.get(reverse("expost-plan", args=[programme.code])).text)
    assert "With 20 people tested before and after, a gain of" in said


def make_posts(*numerators, denominator=40):
    programme = make.make_programme(starts_on=date(2024, 1, 1), ends_on=date(2024, 12, 31))
    indicator = make.make_indicator(programme, plan={"target_on": date(2024, 12, 31)})
    make_figures(indicator, *numerators, denominator=denominator, until=2025)
    return programme, indicator


def test_things_kept_are_counted_after_the_end(client):
    programme, indicator = make_posts(40, 40, 40, 40, 38, 36, 35, 33)
    planned(programme, items=[(indicator, {"method": "share_kept"})])
    look_back(programme, date(2025, 6, 30), due_at=make.AT)
    assessed = look_back(programme, date(2025, 12, 31), due_at=make.AT)
    verdict = assessed.verdicts.get(method="primary")

    engine = share_kept(33, 40)
    assert (float(verdict.value), float(verdict.low), float(verdict.high)) == pytest.approx(
        (engine.value, engine.low, engine.high)
    )
    assert (verdict.inputs["kept"], verdict.inputs["total"], verdict.inputs["period"]) == (
        "33",
        "40",
        "2025 Q4",
    )
    assert list(verdict_differences()) == []
    page = page_of(client, assessed, make.make_user(programme=programme, role="reader"))
    said = words(page)
    assert "of what was there was still there when it was counted again." in said
    assert "33 of 40 are still there" in said
    assert "share kept" in said
    assert 'class="chart-svg' in page
    assert "after 6 months" in said
    assert "Cannot tell The partner, not the provider, pays for and staffs what was kept." in said


@pytest.mark.parametrize(
    ("figures", "code"),
    [((40, 40, 40, 40), "NO_FOLLOW_UP"), ((40, 40, 40, 40, 38), "STALE")],
)
def test_without_a_current_count_from_after_the_end_it_is_refused(figures, code):
    programme, indicator = make_posts(*figures)
    planned(programme, items=[(indicator, {"method": "share_kept"})])

    verdict = look_back(programme, date(2025, 12, 31), due_at=make.AT).verdicts.get(method="primary")

    assert verdict.refusal_code == code


def test_parts_that_are_no_counts_are_refused():
    programme, indicator = make_posts(40, 40, 40, 40)
    quarter = programme.periods.get(label="2025 Q4")
    make.make_observation(indicator, quarter, numerator=Decimal("30.5"), denominator=Decimal(40))
    with transaction.atomic():
        derived.refresh({(indicator.pk, quarter.pk)}, at=make.AT)
    planned(programme, items=[(indicator, {"method": "share_kept"})])

    verdict = look_back(programme, date(2025, 12, 31), due_at=make.AT).verdicts.get(method="primary")

    assert verdict.refusal_code == "NOT_NUMERIC"
    assert "30.5" in str(result_from_json(verdict.result).refusal.message)


def test_a_count_that_is_no_share_cannot_be_planned_as_kept():
    programme = make.make_programme(starts_on=date(2024, 1, 1), ends_on=date(2024, 12, 31))
    version = make.make_version(value_type="number", scale=1, numerator_label="", denominator_label="")
    indicator = make.make_indicator(programme, version=version, plan={"target_on": date(2024, 12, 31)})
    with pytest.raises(ValidationError, match="Share of things kept is not possible here"):
        planned(programme, items=[(indicator, {"method": "share_kept"})])
