"""The demo is made once for this file and rolled back after it; what it promises is counted here."""

import re
import stat
from datetime import UTC, date, datetime, time
from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django.db.models import Count, F
from django.test import TestCase
from django.urls import reverse

from indicators import derived
from indicators.assessment.verifying import evaluation_differences
from indicators.composites import inputs_of, load_ground, recipe_of
from indicators.engine.calendar import PeriodState
from indicators.engine.index import judge_index
from indicators.management.demo import reference
from indicators.management.demo.seeding import seed_demo
from indicators.models import (
    AdjustmentDecision,
    CompositeIndex,
    ContextValue,
    CourseRun,
    DesignVersion,
    Enrolment,
    Evaluation,
    Event,
    FactComment,
    FollowUp,
    IndicatorDefinition,
    IndicatorStatus,
    IndicatorVersion,
    Membership,
    Observation,
    Programme,
    ProgrammeIndicator,
    Rollup,
    SignOff,
    State,
    Status,
    TargetProposal,
    TargetRevision,
    TestScore,
    User,
)
from indicators.programmes.calendar_reading import load_calendar

pytestmark = [pytest.mark.django_db, pytest.mark.xdist_group("demo")]
TODAY = date(2026, 11, 23)


@pytest.fixture(scope="module")
def logins(tmp_path_factory):
    return tmp_path_factory.mktemp("demo") / "logins.txt"


@pytest.fixture(scope="module", autouse=True)
def demo(django_db_setup, django_db_blocker, logins):
    with django_db_blocker.unblock(), transaction.atomic():
        with TestCase.captureOnCommitCallbacks(execute=True):
            summary = seed_demo(today=TODAY, logins_file=logins)
        yield summary
        transaction.set_rollback(True)


def test_five_programmes_sixty_indicators_fifteen_thousand_observations(demo):
    assert demo.is_new
    assert set(Programme.objects.values_list("code", flat=True)) == {"NMI", "ICI-RC", "MD", "ICI", "PATG"}
    assert Programme.objects.filter(is_illustrative=True).count() == 5
    assert 60 <= demo.counts["indicators"] <= 75
    assert 14_000 <= demo.counts["observations"] <= 18_000


def test_every_state_and_every_status_occurs(demo):
    assert set(demo.states) == set(State.values)
    assert set(demo.statuses) == set(Status.values)


def test_one_programme_shows_the_whole_way_of_a_figure():
    programme = Programme.objects.get(code="PATG")
    lines = load_calendar(programme, at=datetime.combine(TODAY, time(12), tzinfo=UTC))

    assert programme.needs_validation
    assert {line.state for line in lines if line.period.ends_on.year == 2025} == {PeriodState.LOCKED}
    assert [line.state for line in lines].count(PeriodState.REOPENED) == 1
    assert sum(len(line.exceptions) for line in lines) == 1
    asked = Observation.objects.get(by_request=True)
    assert (asked.state, asked.corrects.state) == (State.SUBMITTED, State.APPROVED)
    assert asked.period.ends_on.year == 2025
    assert Observation.objects.filter(indicator__programme=programme, state=State.VALIDATED).exists()
    assert not Programme.objects.exclude(pk=programme.pk).exclude(lock_days=None).exists()


def test_derived_rows_are_what_the_facts_give():
    assert list(derived.differences()) == []


def test_two_indicators_are_computed_from_others():
    index = ProgrammeIndicator.objects.get(definition__code="CMP-01")
    actions, posts = (
        Rollup.objects.get(
            indicator__definition__code=code, period__label="2025 Q2", indicator__programme__code="NMI"
        )
        for code in ("NMI-04", "NMI-08")
    )
    computed = Rollup.objects.get(indicator=index, period__label="2025 Q2")
    assert computed.value == round(Decimal("0.6") * actions.value + Decimal("0.4") * posts.value, 10)
    year = ProgrammeIndicator.objects.get(definition__code="CMP-02")
    assert IndicatorStatus.objects.get(indicator=year).value is not None
    assert not Observation.objects.filter(indicator__in=[index, year]).exists()


def test_every_programme_has_a_design_people_and_a_schedule():
    for programme in Programme.objects.all():
        design = programme.designs.get(state=DesignVersion.State.IN_FORCE)
        assert design.objectives.filter(level="impact").exists()
        assert design.assumptions.filter(kind="risk").exists()
        assert {m.role for m in programme.memberships.all()} >= {"officer", "approver", "evaluator"}
        assert programme.schedule.is_active
    assert Programme.objects.get(code="NMI").designs.count() == 2  # with the interior ministry since 2023


def test_one_programme_has_ended_and_was_followed_up():
    ended = Programme.objects.get(code="ICI")
    assert ended.has_ended(TODAY)
    later = Observation.objects.current().filter(
        indicator__programme=ended, period__starts_on__gt=ended.ends_on
    )
    assert set(later.values_list("period__label", flat=True)) == {
        "2025 H2", "2026 H1", "2025 Q3", "2025 Q4", "2026 Q1", "2026 Q2", "2026 Q3"
    }  # fmt: skip
    before = Observation.objects.current().filter(
        indicator__programme=ended, period__ends_on__lt=ended.starts_on
    )
    assert before.count() > 20


def test_a_success_a_failure_and_too_little_data():
    def status(code, programme="NMI"):
        return IndicatorStatus.objects.get(
            indicator__definition__code=code, indicator__programme__code=programme
        )

    assert status("NMI-02").status == Status.ON_TRACK
    assert status("NMI-06").status == Status.OFF_TRACK
    assert status("NMI-10").refusal_code == "DENOMINATOR_TOO_SMALL"
    assert status("PAR-01", "PATG").refusal_code == "DENOMINATOR_ZERO"
    assert status("PAR-06", "PATG").refusal_code == "TOO_EARLY"
    assert status("NMI-20").refusal_code == "BASELINE_MISSING"
    assert status("NMI-13").refusal_code == "NO_APPROVED_DATA"
    assert status("PAR-06", "MD").refusal_code == "STALE"
    assert Observation.objects.current().filter(indicator__definition__code="NMI-14", value=0).exists()
    assert Observation.objects.filter(missing_reason="held_elsewhere").exists()


def test_nobody_decides_on_what_they_entered():
    decided = Observation.objects.filter(decided_by__isnull=False)
    assert not decided.filter(decided_by=F("entered_by")).exists()


def test_nothing_lies_in_the_future_and_some_things_are_late():
    assert not Observation.objects.filter(period__ends_on__gt=TODAY).exists()
    assert not Observation.objects.filter(entered_at__date__gt=TODAY).exists()
    late = Observation.objects.filter(submitted_at__date__gt=F("period__due_on"))
    assert late.count() > 500


def test_what_was_rejected_was_entered_again():
    rejected = Observation.objects.filter(state="rejected")
    assert rejected.exists()
    for old in rejected:
        assert Observation.objects.filter(
            indicator=old.indicator, period=old.period, unit=old.unit, cell=old.cell, state="approved"
        ).exists()


def test_corrections_keep_the_old_figure():
    corrected = Observation.objects.filter(corrects__isnull=False).select_related("corrects")
    assert corrected.count() > 50
    for new in corrected:
        assert new.correction_reason
        assert new.corrects.state == ("superseded" if new.state == "approved" else "approved")
    assert corrected.filter(state="submitted").exists()


def test_a_split_adds_up_to_its_total():
    rows = Observation.objects.filter(
        indicator__definition__code="NMI-02", missing_reason="", state="approved"
    )
    totals = {(o.period_id, o.unit_id): o for o in rows.filter(cell="")}
    parts = {}
    for row in rows.exclude(cell=""):
        key = (row.period_id, row.unit_id)
        num, den = parts.get(key, (Decimal(0), Decimal(0)))
        parts[key] = (num + row.numerator, den + row.denominator)
    assert len(parts) > 800
    for key, (num, den) in parts.items():
        assert (totals[key].numerator, totals[key].denominator) == (num, den)


def test_tailoring_differs_from_partner_to_partner():
    goals = ProgrammeIndicator.objects.filter(programme__code="MD", definition__code="PAR-01")
    assert goals.count() == 7
    assert goals.filter(is_core=True).count() == 7
    assert len(set(goals.values_list("rationale", flat=True))) == 7
    agreed = set(goals.values_list("plan__baseline", "plan__target", "plan__on_track_from"))
    assert len(agreed) >= 6


def test_a_target_was_revised_and_a_partner_declined():
    revision = TargetRevision.objects.get(number=2, proposal=None)
    assert revision.reason_code == "context"
    assert revision.reason
    assert SignOff.objects.filter(decision="signed").count() >= 5
    assert SignOff.objects.get(decision="declined").comment


def test_lower_thresholds_were_approved_by_a_second_person():
    approved = TargetProposal.objects.filter(state="approved")

    assert approved.count() == 2
    assert not approved.filter(decided_by=F("proposed_by")).exists()
    assert all(one.revision.on_track_from == one.on_track_from for one in approved)


def test_a_dozen_course_runs_with_pseudonymous_participants():
    runs = CourseRun.objects.annotate(people=Count("enrolments"))
    assert runs.count() == 12
    assert all(15 <= run.people <= 26 for run in runs)
    assert set(Enrolment.objects.values_list("nation__code", flat=True)) == {
        "KWT",
        "BHR",
        "QAT",
        "ARE",
        "SAU",
        "OMN",
    }
    assert all(re.fullmatch(r"P\d\d-[0-9A-F]{4}", one.pseudonym) for one in Enrolment.objects.all())
    for occasion in ("pre", "post", "m6", "m12"):
        assert TestScore.objects.filter(occasion=occasion).count() >= 50
    asked = FollowUp.objects.filter(occasion="m6")
    assert 0.4 < asked.filter(responded=True).count() / asked.count() < 0.85
    assert not asked.filter(responded=False, applied_on_the_job__isnull=False).exists()


def test_course_figures_follow_from_the_participants():
    run = CourseRun.objects.order_by("starts_on").first()
    figures = Observation.objects.filter(period__course_run=run, cell="", state="approved")
    seats = figures.get(indicator__definition__code="ICI-02")
    assert (seats.numerator, seats.denominator) == (run.enrolments.count(), run.seats)
    passed = figures.get(indicator__definition__code="ICI-05")
    scores = TestScore.objects.filter(enrolment__run=run, occasion="post")
    assert (passed.numerator, passed.denominator) == (scores.filter(score__gte=60).count(), scores.count())
    gain = figures.get(indicator__definition__code="ICI-06")
    assert gain.sample_size == scores.count()
    assert gain.standard_error > 0


def test_published_context_is_real_and_says_where_it_is_from():
    iraq_2023 = ContextValue.objects.get(
        release__series__code="WGI-CC", partner__code="IRQ", starts_on=date(2023, 1, 1)
    )
    assert iraq_2023.value == Decimal("-1.321038")
    assert iraq_2023.standard_error > 0
    assert iraq_2023.release.series.licence == "CC BY 4.0"
    deaths = ContextValue.objects.filter(release__series__code="UCDP-GED-IRQ")
    assert deaths.count() == 360
    assert sum(deaths.values_list("value", flat=True)) == 120_631
    shown = Observation.objects.filter(indicator__definition__code="CTX-01")
    assert shown.exists()
    for one in shown.select_related("indicator__partner", "period"):
        assert "World Bank" in one.comment
        assert one.marking == "PUBLIC"
        if one.missing_reason:
            assert one.period.starts_on.year > 2023
            continue
        assert (
            one.value
            == ContextValue.objects.get(
                release__series__code="WGI-CC",
                partner=one.indicator.partner,
                starts_on=one.period.starts_on,
            ).value
        )
    assert all(s == "monitored" for s in IndicatorStatus.objects.filter(
        indicator__definition__code__startswith="CTX-").values_list("status", flat=True))  # fmt: skip


def test_the_data_files_hold_what_their_readme_says():
    assert sum(1 for name in reference.WGI for _ in reference.governance(name)) == 2100
    assert sum(deaths for _, deaths in reference.deaths_by_month()) == 120_631


def test_decisions_of_the_last_year_are_in_the_audit_trail():
    assert Event.objects.filter(verb="approved").count() > 500
    waiting = Observation.objects.filter(state="returned").first()
    trail = Event.objects.filter(about_type="observation", about_id=waiting.pk).order_by("at")
    assert [one.verb for one in trail] == ["recorded", "submitted", "returned"]
    assert Event.objects.filter(verb="registered").count() == 5


def test_the_logins_are_readable_by_the_owner_alone_and_let_in(client, logins):
    assert stat.S_IMODE(logins.stat().st_mode) == 0o600
    lines = [line.split(None, 2) for line in logins.read_text(encoding="utf-8").splitlines()]
    assert [line[0] for line in lines][:3] == ["admin", "officer.nmi", "approver.nmi"]
    assert len({line[1] for line in lines}) == User.objects.filter(is_demo=True).count() == len(lines)
    username, password, shown = lines[1]
    assert client.login(username=username, password=password)
    assert shown.endswith("(demo)")


def test_nobody_is_invented():
    assert all("(demo)" in str(user) for user in User.objects.filter(is_demo=True))


def test_kuwait_sees_its_own_and_nothing_else():
    viewer = User.objects.get(username="viewer.kwt")
    seen = ProgrammeIndicator.objects.visible_to(viewer)
    assert set(seen.values_list("programme__code", flat=True)) == {"ICI", "ICI-RC"}
    assert not seen.filter(partner__code="QAT").exists()


def test_twice_is_once(logins):
    def everything():
        models = (
            User, Membership, Programme, ProgrammeIndicator, Observation, Event, ContextValue, SignOff,
            IndicatorDefinition, IndicatorVersion, IndicatorStatus, TestScore,
        )  # fmt: skip
        counts = [
            (m.objects.count(), m.objects.order_by("-pk").values_list("pk", flat=True)[0]) for m in models
        ]
        return counts, list(User.objects.order_by("pk").values_list("password", flat=True))

    before, text = everything(), logins.read_text(encoding="utf-8")

    summary = seed_demo(today=TODAY, logins_file=logins)

    assert not summary.is_new
    assert summary.passwords == []
    assert everything() == before
    assert logins.read_text(encoding="utf-8") == text


def test_a_lost_logins_file_gives_new_passwords(tmp_path, django_capture_on_commit_callbacks):
    path = tmp_path / "deep" / "logins.txt"
    old = User.objects.get(username="officer.nmi").password

    with django_capture_on_commit_callbacks(execute=True):
        seed_demo(today=TODAY, logins_file=path)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert User.objects.get(username="officer.nmi").password != old
    assert [one.name for one in path.parent.iterdir()] == ["logins.txt"]


def test_a_logins_file_that_cannot_be_written_says_so(tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(CommandError, match="cannot be written"):
        seed_demo(today=TODAY, logins_file=tmp_path / "file" / "logins.txt")


@pytest.mark.parametrize("given", ["tomorrow", "2023-12-31", "2999-01-01"])
def test_a_wrong_day_is_refused(given):
    with pytest.raises(CommandError, match=f"--today {given}: expected"):
        call_command("seed_demo", today=given)


def test_the_command_says_what_there_is(capsys, logins):
    call_command("seed_demo", logins_file=logins)

    said = capsys.readouterr().out
    assert "5 programmes" in said
    assert "approved" in said


def test_the_library_pages_open_on_the_demo(client):
    client.force_login(User.objects.get(username="evaluator"))
    assert client.get(reverse("library-list")).status_code == 200


def test_one_index_says_whether_able_and_answerable_come_together():
    index = CompositeIndex.objects.get()
    assert (index.programme.code, index.current.aggregation) == ("NMI", "geometric")
    assert "illustrative" in index.name
    recipe = recipe_of(index.current, index.programme)
    (score,) = judge_index(inputs_of(recipe, load_ground([recipe], as_of=TODAY))).scores

    assert score.refusal is None
    assert 0 < score.low <= score.value <= score.high < 1
    assert len(score.parts) == 3


def test_one_indicator_of_the_ended_programme_has_two_ratings_that_were_settled():
    from indicators.assessment.contributions import load_contributions, rated
    from indicators.assessment.verifying import contribution_differences
    from indicators.models import ContributionRating

    programme = Programme.objects.get(code="ICI")
    ratings = ContributionRating.objects.select_related("review__indicator__programme", "rater")
    assert [(one.rater.username, one.rating) for one in ratings] == [("evaluator", 3), ("evaluator.2", 2)]
    indicator = ratings[0].review.indicator
    assert (indicator.programme, indicator.definition.code) == (programme, "PAR-12")
    found = rated(load_contributions([indicator.pk], programme, known_on=TODAY)[indicator.pk])
    assert (found.value, found.flags) == (3, ("RECONCILED",))
    assert list(contribution_differences()) == []


def test_one_evaluation_went_all_the_way_and_one_is_in_its_fact_check():
    ended = Evaluation.objects.get(programme__code="ICI")
    decision = AdjustmentDecision.objects.get(recommendations__evaluation=ended)
    assert (ended.state, ended.kind) == ("follow_up", "end_of_phase")
    assert decision.designs.get().state == "in_force"
    checked = Evaluation.objects.get(programme__code="MD")
    comments = FactComment.objects.filter(finding__evaluation=checked)
    assert (checked.state, comments.count(), comments.filter(answer="").count()) == ("fact_check", 2, 1)
    assert list(evaluation_differences()) == []
