"""A due row becomes a frozen assessment, once, and whatever is run again adds nothing."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from indicators.assessment import running
from indicators.assessment.actions import answer_to
from indicators.assessment.claiming import LeaseLost, claim_due
from indicators.engine import METHOD_VERSION
from indicators.models import AssessmentRun, DueAssessment, Event, Verdict
from tests import factories as make
from tests.assessment.cast import correct, make_assessed, make_due, make_figures

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_due_assessment_freezes_a_verdict_for_each_indicator_in_use():
    programme, indicator = make_assessed()
    make.make_indicator(programme, is_active=False)
    due = make_due(programme)

    assert running.run_what_is_due() == 1

    run = AssessmentRun.objects.get()
    verdict = run.verdicts.get()
    due.refresh_from_db()
    assert (due.state, due.progress_done, due.progress_total, due.attempts) == ("done", 1, 1, 1)
    assert (run.due_id, run.revision, run.method_version) == (due.pk, 1, METHOD_VERSION)
    assert verdict.indicator_id == indicator.pk
    assert (verdict.method, verdict.status, verdict.value) == ("judge", "at_risk", 50)
    assert (run.counts, run.reported, run.expected) == ({"at_risk": 1}, 7, 7)
    assert verdict.inputs["as_of"] == "2025-09-30"
    event = Event.objects.get(verb="assessed")
    assert (event.about_id, event.by_name, event.programme_id) == (run.pk, "schedule", programme.pk)


def test_a_quarter_that_was_due_and_is_missing_counts_as_missing_in_its_own_assessment():
    programme = make.make_programme()
    make_figures(make.make_indicator(programme), 12, 15, 18, 22, 26, 28)
    make_due(programme, due_at=make.AT + timedelta(days=11))  # 31 October; the figures were due on the 15th

    running.run_what_is_due()

    verdict = Verdict.objects.get()
    assert (verdict.reported, verdict.expected) == (6, 7)


def test_a_refusal_is_a_verdict():
    programme = make.make_programme()
    make.make_indicator(programme)
    make_due(programme)

    running.run_what_is_due()

    verdict = Verdict.objects.get()
    assert (verdict.status, verdict.refusal_code, verdict.value) == (
        "not_reporting",
        "NO_APPROVED_DATA",
        None,
    )


def test_a_programme_without_indicators_is_assessed_all_the_same():
    make_due(make.make_programme())

    running.run_what_is_due()

    assert AssessmentRun.objects.get().counts == {}


def test_asking_again_without_new_data_makes_no_new_run():
    programme, _indicator = make_assessed()
    make_due(programme)
    again = make_due(programme, request=1)

    assert running.run_what_is_due() == 2

    again.refresh_from_db()
    run = AssessmentRun.objects.get()
    assert again.state == "done"
    assert answer_to(again) == run
    assert Verdict.objects.count() == 1
    assert Event.objects.filter(verb="assessed").count() == 1


def test_a_correction_makes_revision_two_and_the_old_one_is_kept():
    programme, indicator = make_assessed()
    make_due(programme)
    running.run_what_is_due()
    old = Verdict.objects.get()

    correct(indicator.observations.order_by("-period__ends_on").first(), numerator=24)
    make_due(programme, request=1)
    running.run_what_is_due()

    first, second = AssessmentRun.objects.order_by("revision")
    assert (first.revision, second.revision) == (1, 2)
    assert first.input_hash != second.input_hash
    assert first.verdicts.get().value == old.value == 50
    assert second.verdicts.get().value == 40


def test_verdicts_and_runs_cannot_be_changed():
    programme, _indicator = make_assessed()
    make_due(programme)
    running.run_what_is_due()

    for row in (AssessmentRun.objects.get(), Verdict.objects.get()):
        with pytest.raises(IntegrityError), transaction.atomic():
            type(row).objects.filter(pk=row.pk).update(input_hash="0" * 64)


def test_a_late_commit_is_refused_by_the_fence():
    programme, _indicator = make_assessed()
    make_due(programme)
    slow = claim_due(owner="slow")
    DueAssessment.objects.update(lease_until=timezone.now() - timedelta(hours=1))
    quick = claim_due(owner="quick")
    running.run_due(quick)

    with pytest.raises(LeaseLost):
        running.run_due(slow)

    assert AssessmentRun.objects.count() == 1
    assert Verdict.objects.count() == 1


def test_a_lease_lost_while_judging_keeps_nothing(monkeypatch):
    programme, _indicator = make_assessed()
    due = make_due(programme)
    slow = claim_due(owner="slow")
    reach_all = running._reach_all

    def lose_the_lease_first(due, tasks):
        verdicts = list(reach_all(due, tasks))
        DueAssessment.objects.update(fence=due.fence + 1, owner="another")
        return verdicts

    monkeypatch.setattr(running, "_reach_all", lose_the_lease_first)
    with pytest.raises(LeaseLost):
        running.run_due(slow)

    due.refresh_from_db()
    assert due.owner == "another"
    assert not AssessmentRun.objects.exists()
    assert not Event.objects.filter(verb="assessed").exists()


def test_the_snapshot_does_not_see_what_is_written_while_it_is_read():
    programme, _indicator = make_assessed()
    make_due(programme)
    with running.frozen_database(), connection.cursor() as cursor:
        cursor.execute("SHOW transaction_isolation")
        assert cursor.fetchone() == ("repeatable read",)
        cursor.execute("SHOW transaction_read_only")
        assert cursor.fetchone() == ("on",)


def test_a_failure_is_kept_with_the_row_and_does_not_stop_the_others(settings):
    settings.ASSESSMENT_RETRY_SECONDS = 3600
    programme, _indicator = make_assessed("BAD")
    bad = make_due(programme)
    good = make_due(make_assessed("GOOD")[0])
    with pytest.MonkeyPatch.context() as patch:
        real = running.read_tasks
        patch.setattr(running, "read_tasks", lambda due: 1 / 0 if due.pk == bad.pk else real(due))
        assert running.run_what_is_due() == 1

    bad.refresh_from_db()
    good.refresh_from_db()
    assert good.state == "done"
    assert (bad.state, bad.attempts) == ("due", 1)
    assert "ZeroDivisionError" in bad.last_error
    assert bad.lease_until > timezone.now() + timedelta(minutes=50)


def test_after_five_failures_a_row_is_given_up_and_says_why(settings, monkeypatch):
    settings.ASSESSMENT_RETRY_SECONDS = 0
    programme, _indicator = make_assessed()
    due = make_due(programme)
    monkeypatch.setattr(running, "read_tasks", lambda due: 1 / 0)

    assert running.run_what_is_due() == 0

    due.refresh_from_db()
    assert (due.state, due.attempts) == ("dead", 5)
    assert "division by zero" in due.last_error
    assert Event.objects.get(verb="gave up").about_id == due.pk
    assert claim_due(owner="anybody") is None
