"""Asking for an assessment, trying one again, laying down a schedule: rights, refusals, once is enough."""

from datetime import date

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from indicators.assessment.actions import change_schedule, request_assessment, retry_assessment
from indicators.models import AssessmentSchedule, DueAssessment, Event
from tests import factories as make
from tests.assessment.cast import make_due

pytestmark = pytest.mark.django_db


def ask(programme, by, **given):
    wish = {"kind": "on_the_fly", "as_of": date(2025, 9, 30), "at": make.AT} | given
    return request_assessment(programme=programme, by=by, **wish)


@pytest.mark.parametrize("role", ["approver", "evaluator"])
def test_approvers_and_evaluators_may_ask(role):
    programme = make.make_programme()
    person = make.make_user(programme=programme, role=role)

    due = ask(programme, person)

    assert (due.state, due.request, due.requested_by, due.label) == ("due", 1, person, "2025-09-30")
    assert Event.objects.get(verb="asked for").by_id == person.pk


@pytest.mark.parametrize("role", ["officer", "reader"])
def test_officers_and_readers_may_not_ask(role):
    programme = make.make_programme()
    with pytest.raises(PermissionDenied):
        ask(programme, make.make_user(programme=programme, role=role))
    assert not DueAssessment.objects.exists()


def test_asking_twice_before_it_ran_gives_the_same_row():
    programme, admin = make.make_programme(), make.make_admin()
    assert ask(programme, admin) == ask(programme, admin)
    assert DueAssessment.objects.count() == 1


def test_asking_after_it_was_done_gives_the_next_number():
    programme, admin = make.make_programme(), make.make_admin()
    make_due(programme, state="done")
    assert ask(programme, admin).request == 1


def test_a_requested_assessment_is_called_as_the_scheduled_one_of_that_day():
    programme = make.make_programme()
    AssessmentSchedule.objects.create(programme=programme)
    assert ask(programme, make.make_admin()).label == "2025 Q3"


@pytest.mark.parametrize(
    ("given", "field", "words"),
    [
        ({"as_of": date(2025, 10, 21)}, "as_of", "2025-10-21 has not come yet"),
        ({"as_of": date(2023, 12, 31)}, "as_of", "before the start"),
        ({"kind": "ex_post"}, "kind", "nothing to look back on"),
        ({"kind": "sideways"}, "kind", "sideways"),
    ],
)
def test_a_day_or_kind_that_makes_no_sense_is_refused_by_name(given, field, words):
    with pytest.raises(ValidationError) as refusal:
        ask(make.make_programme(), make.make_admin(), **given)
    assert words in refusal.value.message_dict[field][0]
    assert not DueAssessment.objects.exists()


def test_a_failed_assessment_gets_five_more_attempts():
    due = make_due(make.make_programme(), state="dead", attempts=5, last_error="no luck")
    admin = make.make_admin()

    due = retry_assessment(due=due, by=admin, at=make.AT)

    assert (due.state, due.attempts) == ("due", 0)
    assert Event.objects.get(verb="tried again").reason == "no luck"
    with pytest.raises(ValidationError):
        retry_assessment(due=due, by=admin, at=make.AT)
    with pytest.raises(PermissionDenied):
        retry_assessment(due=due, by=make.make_user(), at=make.AT)


def schedule(programme, by, **given):
    wish = {
        "frequency": "monthly",
        "days_after_period": 10,
        "follow_up_months": [12, 0, 12],
        "is_active": True,
    }
    return change_schedule(programme=programme, by=by, at=make.AT, **(wish | given))


def test_an_admin_lays_down_the_schedule_and_the_change_is_remembered():
    programme, admin = make.make_programme(), make.make_admin()
    schedule(programme, admin)
    changed = schedule(programme, admin, frequency="annual")

    assert AssessmentSchedule.objects.get() == changed
    assert (changed.frequency, changed.follow_up_months) == ("annual", [0, 12])
    last = Event.objects.filter(verb="changed the schedule of").first()
    assert (last.before["frequency"], last.after["frequency"]) == ("monthly", "annual")


def test_a_schedule_with_impossible_months_or_by_somebody_else_is_refused():
    programme = make.make_programme()
    with pytest.raises(ValidationError, match="-1 was given"):
        schedule(programme, make.make_admin(), follow_up_months=[-1])
    with pytest.raises(PermissionDenied):
        schedule(programme, make.make_user(programme=programme, role="approver"))
    assert not AssessmentSchedule.objects.exists()
