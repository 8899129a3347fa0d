"""Looking back: before and after, what was learnt, what is left of it, and every refusal."""

from datetime import date
from decimal import Decimal

import pytest

from indicators.assessment import running
from indicators.assessment.claiming import claim_due
from indicators.assessment.verifying import verdict_differences
from indicators.assessment.windows import windows_of
from indicators.engine.expost.types import result_from_json
from indicators.engine.types import PeriodValue
from indicators.models import AssessmentRun, Course, CourseRun, Enrolment, Occasion, TestScore, Verdict
from tests import factories as make
from tests.assessment.cast import make_due, make_figures

pytestmark = pytest.mark.django_db

PRE = [40, 45, 50, 38, 52, 47, 44, 58, 49, 41, 55, 46]
POST = [66, 70, 71, 60, 78, 72, 65, 80, 74, 69, 77, 70]
LATER = [60, 66, 66, 58, 73, 66, 60, 77, 69, 62, 72, 65]


def look_back(programme, as_of, **given):
    make_due(programme, as_of=as_of, kind="ex_post", label="End", **given)
    return running.run_due(claim_due(owner="test"))


def make_course_run(programme, scores=(PRE, POST, LATER), *, people=None, ends_on=date(2025, 3, 7)):
    course = Course.objects.get_or_create(
        programme=programme, code="C", defaults={"title": "Course", "topic": "cyber"}
    )[0]
    run = CourseRun.objects.create(
        course=course, code=f"R{ends_on}", starts_on=ends_on, ends_on=ends_on, seats=20
    )
    nation = make.make_partner("KWT")
    for number in range(people or len(scores[0])):
        person = Enrolment.objects.create(
            run=run, pseudonym=f"P{number:03}", nation=nation, sex="f", age_band="<30"
        )
        for occasion, column in zip((Occasion.PRE, Occasion.POST, Occasion.MONTH_6), scores, strict=False):
            if number < len(column):
                TestScore.objects.create(enrolment=person, occasion=occasion, score=column[number])
    return run


def make_learning_programme():
    programme = make.make_programme()
    gain = make.make_version(
        "ICI-06", value_type="effect_size", unit="effect size", frequency="per_course", scale=1,
        numerator_label="", denominator_label="", time_rule="mean_inverse_variance", site_rule="mean_inverse_variance",
    )  # fmt: skip
    kept = make.make_version(
        "ICI-07", value_type="score", unit="ratio", frequency="per_course", scale=1, tense="EX_POST",
        numerator_label="", denominator_label="", time_rule="mean_weighted_n", site_rule="mean_weighted_n",
    )  # fmt: skip
    return (
        programme,
        make.make_indicator(programme, version=gain),
        make.make_indicator(programme, version=kept),
    )


def make_ended(*numerators, **given):
    """A programme of 2024 alone, with quarters up to the end of 2025."""
    programme = make.make_programme(ends_on=date(2024, 12, 31), **given)
    indicator = make.make_indicator(programme, plan={"target_on": date(2024, 12, 31)})
    make_figures(indicator, *numerators)
    return programme, indicator


def verdicts_of(run):
    return {v.method: v for v in run.verdicts.all()}


def test_at_the_end_the_last_half_is_compared_with_the_first_when_nothing_was_reported_before():
    programme, _indicator = make_ended(12, 15, 30, 33)

    run = look_back(programme, date(2024, 12, 31))

    assert set(verdicts_of(run)) == {"before_after_end"}
    verdict = run.verdicts.get()
    # (30 + 33) / 120 − (12 + 15) / 120 = 30 percentage points, with Newcombe's interval around it.
    assert verdict.value == Decimal(30)
    assert Decimal(15) < verdict.low < verdict.value < verdict.high < Decimal(45)
    assert verdict.confidence == "low"
    result = result_from_json(verdict.result)
    assert str(result.label) == "change, not effect"
    assert {"BASELINE_AFTER_START", "EXPLORATORY"} <= set(result.flags)
    assert "Exploratory: no plan was locked before the start." in [str(m) for m in result.sentence]
    assert {"plan_locked": "no"}.items() <= {a.name: a.holds.value for a in result.assumptions}.items()


def test_values_from_before_the_start_are_the_baseline_where_there_are_any():
    programme = make.make_programme(starts_on=date(2025, 1, 1), ends_on=date(2025, 12, 31))
    make_figures(make.make_indicator(programme), 12, 12, 12, 12, 30, 30, 30, 30)

    verdict = look_back(programme, date(2025, 12, 31)).verdicts.get()

    result = result_from_json(verdict.result)
    assert (verdict.value, result.params["denominator_before"]) == (30, 240)
    assert "BASELINE_AFTER_START" not in result.flags


def test_after_the_end_follow_up_and_retention_are_asked_too():
    programme, _indicator = make_ended(12, 15, 30, 33, 28, 28)

    found = verdicts_of(look_back(programme, date(2025, 6, 30)))

    assert set(found) == {"before_after_end", "before_after_follow_up", "series_retention"}
    assert float(found["before_after_follow_up"].value) == pytest.approx(100 * 56 / 120 - 100 * 27 / 120)
    kept = result_from_json(found["series_retention"].result)
    # The agreed baseline was 20; 52.5 at the end; 46.67 afterwards.
    assert kept.value == pytest.approx((100 * 56 / 120 - 20) / (52.5 - 20))
    assert (kept.params["band"], str(kept.label)) == ("sustained", "sustained")


def test_without_figures_after_the_end_the_refusal_is_stored_and_counted():
    programme, _indicator = make_ended(12, 15, 30, 33)

    run = look_back(programme, date(2025, 6, 30))

    found = verdicts_of(run)
    assert found["before_after_follow_up"].refusal_code == "NO_FOLLOW_UP"
    assert found["series_retention"].refusal_code == "NO_FOLLOW_UP"
    assert run.counts == {"computed": 1, "refused": 2}
    assert (run.reported, run.expected) == (1, 3)


def test_a_gain_inside_its_error_leaves_nothing_to_retain():
    programme = make.make_programme(ends_on=date(2024, 12, 31))
    indicator = make.make_indicator(
        programme, plan={"baseline": Decimal(50), "target_on": date(2024, 12, 31)}
    )
    make_figures(indicator, 30, 30, 31, 31, 31, 31)

    found = verdicts_of(look_back(programme, date(2025, 6, 30)))

    assert found["series_retention"].refusal_code == "NO_GAIN_TO_RETAIN"


def test_on_the_fly_and_context_indicators_are_not_looked_back_on():
    programme, _indicator = make_ended(12, 15, 30, 33)
    make.make_indicator(programme, version=make.make_version(tense="ON_THE_FLY"))
    make.make_indicator(programme, version=make.make_version(result_level="context"))
    assert look_back(programme, date(2024, 12, 31)).verdicts.count() == 1


def test_an_indicator_that_is_only_ex_post_is_also_judged_against_its_target():
    programme = make.make_programme(ends_on=date(2024, 12, 31))
    make.make_indicator(programme, version=make.make_version(tense="EX_POST"))
    found = verdicts_of(look_back(programme, date(2025, 6, 30)))
    assert found["judge"].status == "not_reporting"


def test_an_empty_series_is_refused_and_not_an_error():
    programme = make.make_programme(ends_on=date(2024, 12, 31))
    make.make_indicator(programme)
    found = verdicts_of(look_back(programme, date(2025, 6, 30)))
    assert {v.refusal_code for v in found.values()} == {"NO_APPROVED_DATA"}


def test_each_course_run_that_ended_gets_its_learning_gain_and_what_was_kept():
    programme, gain, kept = make_learning_programme()
    first = make_course_run(programme)
    make_course_run(programme, ends_on=date(2025, 9, 5))

    run = look_back(programme, date(2025, 9, 30))

    first_gain = run.verdicts.get(course_run=first, method="paired_gain")
    assert first_gain.indicator_id == gain.pk
    assert (first_gain.reported, first_gain.expected) == (12, 12)
    assert Decimal(2) < first_gain.low < first_gain.value < first_gain.high
    retained = run.verdicts.get(method="retention_m6")
    assert (retained.indicator_id, retained.course_run_id) == (kept.pk, first.pk)
    assert Decimal("0.7") < retained.low < retained.value < retained.high < 1
    assert run.verdicts.count() == 3  # the second run's six months are not over


def test_too_few_pairs_are_refused_and_no_score_of_anybody_is_kept():
    programme, _gain, _kept = make_learning_programme()
    make_course_run(programme, (PRE[:5], POST[:5]))

    verdict = look_back(programme, date(2025, 3, 31)).verdicts.get()

    assert verdict.refusal_code == "N_PAIRS_TOO_SMALL"
    assert "5 of 8" in str(result_from_json(verdict.result).refusal.message)
    assert (verdict.inputs["n"], verdict.inputs["scores"]) == (5, [])


def test_a_low_answer_rate_refuses_retention():
    programme, _gain, _kept = make_learning_programme()
    make_course_run(programme, (PRE, POST, LATER[:4]))
    verdict = look_back(programme, date(2025, 9, 30)).verdicts.get(method="retention_m6")
    assert verdict.refusal_code == "RESPONSE_TOO_LOW"


def test_people_without_both_scores_are_flagged():
    programme, _gain, _kept = make_learning_programme()
    make_course_run(programme, (PRE, POST[:9]))
    verdict = look_back(programme, date(2025, 3, 31)).verdicts.get()
    assert "ATTRITION" in verdict.result["flags"]


def test_inputs_name_nobody():
    programme, _gain, _kept = make_learning_programme()
    make_course_run(programme)
    verdict = look_back(programme, date(2025, 3, 31)).verdicts.get()
    assert verdict.inputs["scores"] == sorted(verdict.inputs["scores"])
    assert "P00" not in str(verdict.inputs)


def test_a_second_run_gives_the_same_bytes():
    programme, _gain, _kept = make_learning_programme()
    make_course_run(programme)
    first = look_back(programme, date(2025, 9, 30))
    again = look_back(programme, date(2025, 9, 30), request=1)
    assert again == first
    assert AssessmentRun.objects.count() == 1

    late = TestScore.objects.order_by("pk").last()
    TestScore.objects.filter(pk=late.pk).update(superseded_at=late.recorded_at)
    TestScore.objects.create(enrolment=late.enrolment, occasion=late.occasion, score=late.score - 1)
    second = look_back(programme, date(2025, 9, 30), request=2)

    assert second.revision == 2
    same, other = (run.verdicts.get(method="paired_gain") for run in (first, second))
    assert same.result_hash == other.result_hash
    assert first.verdicts.get(method="retention_m6").value != second.verdicts.get(method="retention_m6").value


def test_every_ex_post_verdict_is_recomputed_from_its_own_inputs():
    programme, _gain, _kept = make_learning_programme()
    make_course_run(programme)
    look_back(programme, date(2025, 9, 30))
    ended, _indicator = make_ended(12, 15, 30, 33, 28, 28)
    make_figures(
        make.make_indicator(ended, version=make.make_version(value_type="count", scale=1, time_rule="sum")),
        3,
        4,
        9,
    )
    look_back(ended, date(2025, 6, 30))

    assert Verdict.objects.count() == 8
    assert list(verdict_differences()) == []


@pytest.mark.parametrize("n", [1, 20])
def test_queries_do_not_grow_with_course_runs(n, django_assert_num_queries):
    programme, _gain, _kept = make_learning_programme()
    for number in range(n):
        make_course_run(programme, ends_on=date(2025, 3, 1 + number))
    due = make_due(programme, kind="ex_post")
    due = claim_due(owner="test")
    # savepoint in and out; indicators in use, rows, revisions, milestones; rules twice, periods, roll-ups; plans;
    # runs, scores; data quality twice; rounds of contribution ratings
    with django_assert_num_queries(16), running.frozen_database():
        running.read_tasks(due)


def test_windows_never_share_a_period_even_in_a_short_programme():
    quarters = [
        PeriodValue(starts_on=date(2025, m, 1), ends_on=date(2025, m, 28), label=str(m), value=Decimal(m))
        for m in range(1, 8)
    ]
    cut = windows_of(quarters, starts_on=date(2025, 1, 1), ends_on=date(2025, 4, 30))
    assert [p.label for p in cut.before] == ["1", "2"]
    assert [p.label for p in cut.at_end] == ["3", "4"]
    assert [p.label for p in cut.afterwards] == ["5", "6", "7"]
