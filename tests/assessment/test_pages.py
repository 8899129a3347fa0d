"""The pages: who sees what, what a person can do, what htmx gets, how many queries it takes."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from indicators.assessment import running
from indicators.models import AssessmentRun, AssessmentSchedule, DueAssessment
from tests import factories as make
from tests.assessment.cast import make_assessed, make_due, make_schedule

pytestmark = pytest.mark.django_db
HTMX = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture
def admin(client):
    client.force_login(make.make_admin("boss"))
    return client


def as_member(client, programme, role):
    client.force_login(make.make_user(programme=programme, role=role))
    return client


def make_run(**given):
    programme, _indicator = make_assessed(**given)
    make_due(programme)
    running.run_what_is_due()
    return AssessmentRun.objects.get(programme=programme)


def test_the_list_shows_the_latest_assessment_of_each_programme(admin):
    run = make_run(code="NMI")
    old = make_due(run.programme, as_of=run.as_of - timedelta(days=92), label="2025 Q2")
    running.run_this(old.pk)

    latest = admin.get(reverse("assessment-list"))
    everything = admin.get(
        reverse("assessment-list"), {"show": "all", "programme": "NMI", "kind": "on_the_fly"}
    )

    assert [r.label for r in latest.context["page"].object_list] == ["2025 Q3"]
    assert [r.label for r in everything.context["page"].object_list] == ["2025 Q3", "2025 Q2"]
    assert reverse("assessment-detail", args=[run.pk]) in latest.text


def test_nonsense_in_the_filters_is_ignored(admin):
    make_run(code="NMI")
    answer = admin.get(reverse("assessment-list"), {"programme": "X' OR 1", "kind": "?", "page": "x"})
    assert (answer.status_code, len(answer.context["page"].object_list)) == (200, 1)


def test_a_stranger_sees_no_assessment_of_another_programme(client):
    run = make_run(code="OWN")
    other = make.make_programme("OTHER")
    as_member(client, other, "officer")
    due = DueAssessment.objects.get()

    page = client.get(reverse("assessment-list"))

    assert not page.context["page"].object_list
    assert "OWN" not in page.text
    for url in (
        reverse("due-progress", args=[due.pk]),
        reverse("assessment-request", args=["OWN"]),
        reverse("evaluation-new", args=[run.pk]),
    ):
        assert client.get(url).status_code == 404
    assert client.post(reverse("due-retry", args=[due.pk])).status_code == 404


def test_a_reader_may_look_on_but_not_ask(client):
    programme, _indicator = make_assessed("OWN")
    due = make_due(programme)
    as_member(client, programme, "reader")
    assert client.get(reverse("due-progress", args=[due.pk])).status_code == 200
    assert client.get(reverse("assessment-request", args=["OWN"])).status_code == 403
    assert client.post(reverse("assessment-request", args=["OWN"]), {}).status_code == 403
    assert client.get(reverse("schedule-edit", args=["OWN"])).status_code == 403
    assert client.get(reverse("admin-schedule")).status_code == 403


def test_asking_for_one_leads_to_its_progress_and_then_to_the_result(client):
    programme, _indicator = make_assessed("OWN")
    as_member(client, programme, "approver")
    form = client.get(reverse("assessment-request", args=["OWN"])).context["form"]
    assert form.initial["kind"] == "on_the_fly"

    answer = client.post(
        reverse("assessment-request", args=["OWN"]), {"kind": "on_the_fly", "as_of": "2025-09-30"}
    )

    due = DueAssessment.objects.get()
    assert answer.url == reverse("due-progress", args=[due.pk])
    waiting = client.get(answer.url)
    assert 'http-equiv="refresh"' in waiting.text
    part = client.get(answer.url, **HTMX)
    assert "<h1" not in part.text
    assert 'hx-trigger="every 1s"' in part.text

    running.run_this(due.pk)

    part = client.get(answer.url, **HTMX)
    assert "hx-trigger" not in part.text
    assert reverse("assessment-detail", args=[AssessmentRun.objects.get().pk]) in part.text


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"kind": "on_the_fly", "as_of": "2999-01-01"}, "has not come yet"),
        ({"kind": "on_the_fly", "as_of": "soon"}, "Enter a valid date"),
        ({"kind": "x", "as_of": "2025-09-30"}, "Select a valid choice"),
        ({"kind": "ex_post", "as_of": "2025-09-30"}, "nothing to look back on"),
    ],
)
def test_a_bad_request_says_what_was_expected_and_makes_nothing(admin, given, words):
    make.make_programme("OWN")
    answer = admin.post(reverse("assessment-request", args=["OWN"]), given)
    assert answer.status_code == 200
    assert words in answer.text
    assert not DueAssessment.objects.exists()


def test_the_schedule_page_names_due_running_done_late_and_failed(admin):
    programme, _indicator = make_assessed("OWN")
    make_due(programme, request=1)
    make_due(
        programme,
        request=2,
        state="leased",
        owner="w",
        lease_until=timezone.now(),
        progress_done=3,
        progress_total=9,
    )
    make_due(programme, request=3, state="done", finished_at=timezone.now(), is_late=True)
    make_due(programme, request=4, state="dead", last_error="ZeroDivisionError: division by zero")

    page = admin.get(reverse("admin-schedule"))

    assert page.context["counts"] == {"due": 1, "running": 1, "done": 1, "late": 1, "failed": 1}
    for words in ("3 of 9", "division by zero", "Try again", "Nothing had changed", "Overdue"):
        assert words in page.text
    assert 'hx-trigger="every 3s"' in page.text
    part = admin.get(reverse("admin-schedule"), **HTMX)
    assert "<h1" not in part.text
    assert "HX-Request" in part["Vary"]


def test_the_schedule_page_stops_asking_when_nothing_moves(admin):
    make_schedule(make.make_programme("OWN"))
    page = admin.get(reverse("admin-schedule"))
    assert "every 3s" not in page.text


def test_a_failed_assessment_is_tried_again_with_one_click(admin):
    due = make_due(make_assessed("OWN")[0], state="dead", attempts=5)
    answer = admin.post(reverse("due-retry", args=[due.pk]), follow=True)
    due.refresh_from_db()
    assert due.state == "due"
    assert "tried again" in answer.text


def test_an_admin_lays_down_a_schedule(admin):
    make.make_programme("OWN")
    given = {
        "frequency": "semi_annual",
        "days_after_period": "20",
        "follow_up_months": "24, 6,0",
        "is_active": "on",
    }
    answer = admin.post(reverse("schedule-edit", args=["OWN"]), given)
    assert answer.url == reverse("admin-schedule")
    schedule = AssessmentSchedule.objects.get()
    assert (schedule.frequency, schedule.days_after_period, schedule.follow_up_months) == (
        "semi_annual",
        20,
        [0, 6, 24],
    )
    assert 'value="0, 6, 24"' in admin.get(reverse("schedule-edit", args=["OWN"])).text


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("follow_up_months", "six", "“six” is no number of months"),
        ("follow_up_months", "-1", "“-1” is no number of months"),
        ("follow_up_months", "999", "999 was given"),
        ("frequency", "hourly", "Select a valid choice"),
        ("days_after_period", "181", "less than or equal to 180"),
        ("days_after_period", "", "required"),
    ],
)
def test_a_bad_schedule_is_refused_by_field(admin, field, value, words):
    make.make_programme("OWN")
    given = {"frequency": "monthly", "days_after_period": "20", "follow_up_months": ""} | {field: value}
    answer = admin.post(reverse("schedule-edit", args=["OWN"]), given)
    assert words in answer.text
    assert not AssessmentSchedule.objects.exists()


@pytest.mark.parametrize("n", [1, 20])
def test_queries_of_the_list_do_not_grow(n, admin, django_assert_num_queries):
    for number in range(n):
        run = make_run(code=f"P-{number}")
        make_due(run.programme, request=9, requested_by=make.make_user())
    admin.get(reverse("assessment-list"))  # the first page of a session also stores the session
    # session, person, menu; programmes to choose (any? all); runs counted and read; on their way; may ask
    with django_assert_num_queries(9):
        admin.get(reverse("assessment-list"))


@pytest.mark.parametrize("n", [1, 20])
def test_queries_of_the_schedule_page_do_not_grow(n, admin, django_assert_num_queries):
    for number in range(n):
        programme = make.make_programme(f"P-{number}")
        make_schedule(programme)
        make_due(programme)
        make_due(programme, request=1, state="done", requested_by=make.make_user())
    admin.get(reverse("admin-schedule"))  # the first page of a session also stores the session
    # session, person, menu; open; failed; done; counts; schedules; locked plans; programmes
    with django_assert_num_queries(10):
        admin.get(reverse("admin-schedule"))
