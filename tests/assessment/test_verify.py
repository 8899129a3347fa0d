"""manage.py verify names what was tampered with; plan, assess and rebuild do what they say, twice is once."""

from datetime import date
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from indicators.assessment import running
from indicators.models import AssessmentRun, DueAssessment, IndicatorStatus, Verdict
from tests import factories as make
from tests.assessment.cast import make_assessed, make_due, make_schedule

pytestmark = pytest.mark.django_db


def command(name, *args):
    out = StringIO()
    call_command(name, *args, stdout=out, no_color=True)
    return out.getvalue()


def tamper(sql, *params):
    """As somebody with the keys to the database would: the trigger is put aside for the moment."""
    table = "indicators_verdict" if "indicators_verdict" in sql else "indicators_assessmentrun"
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER kept_for_ever")
        cursor.execute(sql, params)
        cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER kept_for_ever")


def verify_says():
    out = StringIO()
    with pytest.raises(SystemExit) as ending:
        call_command("verify", stdout=out, no_color=True)
    assert ending.value.code == 1
    return out.getvalue()


@pytest.fixture
def verdict():
    programme, _indicator = make_assessed()
    make_due(programme)
    running.run_what_is_due()
    return Verdict.objects.get()


def test_verify_finds_nothing_when_nothing_was_touched(verdict):
    assert "No differences in 1 indicators, 1 assessments, 1 verdicts" in command("verify")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("value = 99", "value is 99"),
        ("status = 'on_track'", "status is on_track, its inputs give at_risk"),
        (
            "result = jsonb_set(result, '{status}', '\"on_track\"')",
            "its result is not the one it was stored with",
        ),
        ("inputs = jsonb_set(inputs, '{plan,target}', '\"50\"')", "its inputs are not the ones it was given"),
        ("inputs = '{}'", "its inputs cannot be read"),
        ("input_hash = repeat('0', 64)", "its verdicts do not rest on the inputs"),
    ],
)
def test_verify_names_the_verdict_that_was_changed(verdict, change, words):
    tamper(f"UPDATE indicators_verdict SET {change} WHERE id = %s", verdict.pk)
    said = verify_says()
    assert words in said
    assert f"assessment {verdict.run_id}" in said


def test_verify_notices_that_a_verdict_was_removed(verdict):
    tamper("DELETE FROM indicators_verdict WHERE id = %s", verdict.pk)
    assert "its verdicts do not rest on the inputs that the run was kept with" in verify_says()


def test_verdicts_of_an_older_method_are_not_recomputed_but_their_hashes_are_checked(verdict):
    tamper("UPDATE indicators_assessmentrun SET method_version = '0.9' WHERE id = %s", verdict.run_id)
    assert "No differences" in command("verify")
    tamper("UPDATE indicators_verdict SET inputs = '{}' WHERE id = %s", verdict.pk)
    assert "its inputs are not the ones it was given" in verify_says()


def test_verify_names_a_status_that_was_changed_and_rebuild_puts_it_right(verdict):
    IndicatorStatus.objects.update(judgement={})
    assert "facts give another judgement" in verify_says()
    assert "Judged anew: 1 indicators" in command("rebuild")
    assert "No differences" in command("verify")


def test_assess_runs_here_and_now_and_twice_is_nothing_new():
    make_assessed("NMI")

    assert "NMI 2025 Q3, revision 1 (new): at_risk 1" in command("assess", "--as-of", "2025-09-30")
    assert "revision 1 (nothing new)" in command("assess", "--as-of", "2025-09-30", "--programme", "NMI")

    assert AssessmentRun.objects.get().as_of == date(2025, 9, 30)


def test_assess_looks_back_on_a_programme_that_has_ended():
    make_assessed("OLD", ends_on=date(2025, 6, 30))
    command("assess", "--as-of", "2025-09-30")
    assert AssessmentRun.objects.get().kind == "ex_post"


def test_assess_without_a_date_plans_and_drains_what_is_due():
    programme = make.make_programme("P", ends_on=date(2024, 12, 31))
    make_schedule(programme)

    assert "Planned: 7. Done: 7" in command("assess")
    assert "Planned: 0. Done: 0" in command("assess")

    assert set(DueAssessment.objects.values_list("state", "is_late")) == {("done", True)}


def test_plan_says_how_many():
    make_schedule(make.make_programme(ends_on=date(2024, 12, 31)))
    assert "Planned: 7" in command("plan")
    assert "Planned: 0" in command("plan")


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["--as-of", "yesterday"], "'yesterday'; expected a date such as 2025-09-30"),
        (["--as-of", "2025-09-30", "--programme", "NOPE"], "no programme 'NOPE'"),
        (["--as-of", "2999-01-01"], "has not come yet"),
    ],
)
def test_assess_refuses_what_it_cannot_do_in_one_sentence(args, words):
    make.make_programme("P")
    with pytest.raises(CommandError, match=words):
        command("assess", *args)
