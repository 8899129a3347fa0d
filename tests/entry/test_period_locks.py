"""A locked period rejects writes in the database itself: role × state of the period × way in (TRUST.md, part 2)."""

from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from rest_framework.test import APIClient

from indicators.derived import differences
from indicators.engine.calendar import PeriodState
from indicators.entry import actions, bulk
from indicators.entry.evidence import add_evidence
from indicators.entry.importing.whole import import_file
from indicators.models import Event, Evidence, Observation, PeriodTurn, ReportingPeriod, Role, State
from indicators.periods import IsLocked, newest_turns, state_of
from indicators.programmes.calendar import (
    grant_exceptions,
    lock_periods,
    reopen_periods,
    revoke_exception,
)
from tests.factories import make_admin, make_indicator, make_observation, make_programme, make_user

pytestmark = pytest.mark.django_db
LOCK_DAYS = 30


class LockScene:
    """A programme that locks after 30 days, with one period in each state as of today."""

    def __init__(self):
        self.now = timezone.now()
        self.programme = make_programme(time_zone="UTC", grace_days=15, lock_days=LOCK_DAYS)
        self.today = self.now.date()
        self.people = {role: make_user(programme=self.programme, role=role) for role in Role}
        self.officer, self.approver = self.people[Role.OFFICER], self.people[Role.APPROVER]
        self.indicator = make_indicator(self.programme)
        self.periods = {
            PeriodState.OPEN: self.period(-5),
            PeriodState.DUE: self.period(5),
            PeriodState.GRACE: self.period(20),
            PeriodState.LOCKED: self.period(100),
            PeriodState.REOPENED: self.period(200),
        }
        self.locked = self.periods[PeriodState.LOCKED]
        reopen_periods(
            programme=self.programme, periods=[self.periods[PeriodState.REOPENED]],
            until=self.today + timedelta(days=3), reason="A late sheet.", by=self.approver, at=self.now,
        )  # fmt: skip

    def period(self, ended):
        """One that ended so many days ago."""
        ends_on = self.today - timedelta(days=ended)
        return ReportingPeriod.objects.create(
            programme=self.programme, frequency="quarterly", starts_on=ends_on - timedelta(days=89), ends_on=ends_on,
            due_on=ends_on + timedelta(days=15), label=f"Period {ended}",
        )  # fmt: skip

    def unlocked(self, period, make):
        """Something made while the period was open."""
        self.programme.lock_days = None
        self.programme.save()
        try:
            return make()
        finally:
            self.programme.lock_days = LOCK_DAYS
            self.programme.save()

    def approved(self, period=None, **given):
        period = period or self.locked
        return self.unlocked(
            period,
            lambda: make_observation(
                self.indicator, period, entered_by=self.officer, **({"comment": "Counted."} | given)
            ),
        )

    def figures(self, period):
        return {
            "numerator": "30", "denominator": "60", "comment": "Counted.",
            "as_of": min(period.ends_on, self.today),
        }  # fmt: skip

    def exception(self, user=None, period=None):
        return grant_exceptions(
            programme=self.programme, periods=[period or self.locked], user=user or self.officer,
            until=self.today + timedelta(days=2), reason="The list came late.", by=make_admin(), at=self.now,
        )  # fmt: skip


@pytest.fixture
def scene():
    return LockScene()


def test_the_scene_has_a_period_in_each_state(scene):
    rows = newest_turns(ReportingPeriod.objects.filter(programme=scene.programme))
    found = {one.pk: state_of(one, scene.programme, at=scene.now) for one in rows}

    assert found == {period.pk: state for state, period in scene.periods.items()}


# --- Ways in: each gives whether a figure came in ----------------------------------------------------------------


def by_form(scene, indicator, period, person):
    client = Client()
    client.force_login(person)
    given = scene.figures(period)
    client.post(
        reverse("observation-new", args=[indicator.pk]),
        {**given, "period": period.pk, "evidence_elsewhere": "Office", "declaration": "on", "step": "submit",
         "reliability": "F", "credibility": "6", "marking": "NATO UNCLASSIFIED"},
    )  # fmt: skip


def by_api(scene, indicator, period, person):
    client = APIClient()
    client.force_login(person)
    given = scene.figures(period)
    answer = client.post(
        "/api/v1/observations/",
        {**given, "indicator": indicator.pk, "period": period.pk, "submit": True, "declaration": True},
    )
    assert answer.status_code in {201, 400, 403}, answer.data


def by_bulk(scene, indicator, period, person):
    draft = scene.unlocked(
        period,
        lambda: make_observation(indicator, period, entered_by=make_user(programme=scene.programme),
                                 state=State.DRAFT, comment="Counted."),
    )  # fmt: skip
    bulk.submit_observations(observations=[draft], by=person, at=scene.now)


def by_import(scene, indicator, period, person):
    cells = {name: str(value) for name, value in scene.figures(period).items()}
    row = {"indicator": indicator.definition.code, "period": period.starts_on.isoformat(), **cells}
    with TemporaryDirectory() as folder, suppress(PermissionDenied):
        path = Path(folder) / "figures.csv"
        path.write_text(f"{','.join(row)}\n{','.join(row.values())}\n")
        import_file(programme=scene.programme, path=path, by=person, at=scene.now)


def by_admin_site(scene, indicator, period, person):
    """There is no such way: figures are not entered on the administration site, by nobody, in no period."""
    client = Client()
    client.force_login(person)
    assert client.post("/admin/indicators/observation/add/", scene.figures(period)).status_code in {
        302,
        403,
        404,
    }


def by_shell(scene, indicator, period, person):
    try:
        with transaction.atomic():
            make_observation(indicator, period, entered_by=person, state=State.SUBMITTED)
    except IntegrityError as refusal:
        assert "is locked" in str(refusal)  # noqa: PT017 - either outcome is looked at


WAYS = [by_form, by_api, by_bulk, by_import, by_admin_site, by_shell]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("state", [s for s in PeriodState if s is not PeriodState.UPCOMING])
def test_role_by_state_by_way(scene, state, way):
    period = scene.periods[state]
    for role, person in scene.people.items():
        indicator = make_indicator(scene.programme)

        way(scene, indicator, period, person)

        came_in = Observation.objects.filter(indicator=indicator, state=State.SUBMITTED).exists()
        enters = way is by_shell or (role in {Role.OFFICER, Role.APPROVER} and way is not by_admin_site)
        assert came_in == (enters and state is not PeriodState.LOCKED), (role, state, way.__name__)


@pytest.mark.parametrize("way", [by_form, by_api, by_bulk, by_import, by_shell])
def test_an_exception_opens_a_locked_period_for_one_person(scene, way):
    scene.exception()
    other = make_user(programme=scene.programme)
    for person, expected in ((scene.officer, True), (other, False)):
        indicator = make_indicator(scene.programme)

        way(scene, indicator, scene.locked, person)

        assert Observation.objects.filter(indicator=indicator, state=State.SUBMITTED).exists() == expected


# --- What the database refuses, whatever the code does -----------------------------------------------------------


def refused(deed):
    with pytest.raises(IntegrityError, match="is locked"), transaction.atomic():
        deed()


def test_nothing_in_a_locked_period_is_changed_moved_or_removed_from_a_shell(scene):
    approved = scene.approved()
    draft = scene.approved(cell="sex=f", state=State.DRAFT)
    other = scene.periods[PeriodState.GRACE]
    inside = make_observation(scene.indicator, other, cell="sex=m", state=State.DRAFT)
    rows = Observation.objects.all()

    refused(lambda: rows.filter(pk=draft.pk).update(comment="New."))
    refused(lambda: rows.filter(pk=draft.pk).update(state="submitted", submitted_by=scene.officer,
                                                    submitted_at=scene.now))  # fmt: skip
    refused(draft.delete)
    refused(lambda: rows.filter(pk=draft.pk).update(period=other))
    refused(lambda: rows.filter(pk=inside.pk).update(period=scene.locked))
    refused(lambda: rows.filter(pk=approved.pk).update(state="superseded", superseded_at=scene.now))
    refused(
        lambda: Evidence.objects.create(
            observation=draft, kind="elsewhere", name="Office", added_by=scene.officer, added_at=scene.now
        )
    )


def test_marking_a_new_figure_as_asked_for_opens_nothing_but_a_request(scene):
    old = scene.approved()
    given = {"entered_by": scene.officer, "cell": old.cell, "by_request": True, "corrects": old}
    given |= {"correction_reason": "Wrong."}

    refused(lambda: make_observation(scene.indicator, scene.locked, state=State.DRAFT, **given))
    with pytest.raises(IntegrityError), transaction.atomic():
        make_observation(
            scene.indicator, scene.locked, state=State.SUBMITTED, by_request=True, entered_by=scene.officer,
            cell="sex=f",
        )  # fmt: skip


def test_decisions_about_a_lock_are_never_edited(scene):
    turn = PeriodTurn.objects.get()

    with pytest.raises(IntegrityError, match="never changed"), transaction.atomic():
        PeriodTurn.objects.filter(pk=turn.pk).update(until="2099-01-01")
    with pytest.raises(IntegrityError, match="never changed"), transaction.atomic():
        turn.delete()


def test_the_database_and_the_engine_agree_on_every_day(scene):
    lock_periods(
        programme=scene.programme, periods=[scene.periods[PeriodState.GRACE]], reason="Done.",
        by=scene.approver, at=scene.now,
    )  # fmt: skip
    scene.programme.time_zone = "Asia/Baghdad"
    scene.programme.save()
    for hours in range(-24 * 120, 24 * 60, 7):
        at = scene.now + timedelta(hours=hours)
        rows = newest_turns(ReportingPeriod.objects.filter(programme=scene.programme))
        for one in rows.annotate(in_database=IsLocked("pk", at)):
            assert one.in_database == (state_of(one, scene.programme, at=at) is PeriodState.LOCKED), (one, at)


def test_a_programme_without_a_lock_locks_nothing(scene):
    scene.programme.lock_days = None
    scene.programme.save()

    actions.record_observation(
        indicator=scene.indicator, period=scene.locked, by=scene.officer, at=scene.now,
        **scene.figures(scene.locked),
    )  # fmt: skip


# --- The actions say it before the database has to ---------------------------------------------------------------


def test_every_act_on_a_locked_period_is_refused_with_what_to_do_instead(scene):
    draft = scene.approved(state=State.DRAFT)
    submitted = scene.approved(cell="sex=f", state=State.SUBMITTED)
    approved = scene.approved(cell="sex=m")
    by, at = {"by": scene.officer, "at": scene.now}, {"by": scene.approver, "at": scene.now}
    acts = [
        lambda: actions.change_observation(observation=draft, version=1, comment="New.", **by),
        lambda: actions.submit_observation(observation=draft, **by),
        lambda: actions.discard_observation(observation=draft, **by),
        lambda: actions.correct_observation(
            observation=approved, reason="Wrong.", numerator="1", denominator="60", **by
        ),
        lambda: actions.approve_observation(observation=submitted, **at),
        lambda: actions.return_observation(observation=submitted, comment="No.", **at),
        lambda: actions.reject_observation(observation=submitted, comment="No.", **at),
        lambda: add_evidence(observation=draft, elsewhere="Office", **by),
    ]

    for act in acts:
        with pytest.raises(ValidationError, match="is locked"), transaction.atomic():
            act()
    outcome = bulk.approve_observations(observations=[submitted], **at)
    assert [one.code for one in outcome.left] == ["locked"]


def test_a_lock_that_falls_between_the_question_and_the_write_is_told_and_not_an_error(scene):
    """The act asks as of a moment before the lock; the database answers as of now."""
    before = scene.now - timedelta(days=75)
    draft = scene.approved(state=State.DRAFT)

    with pytest.raises(ValidationError, match="a moment ago"):
        actions.change_observation(observation=draft, version=1, comment="New.", by=scene.officer, at=before)
    with pytest.raises(ValidationError, match="a moment ago"):
        bulk.submit_observations(observations=[draft], by=scene.officer, at=before)
    assert Observation.objects.get().state == State.DRAFT


def test_the_pages_say_that_a_period_is_locked_before_anything_is_typed(client, scene):
    client.force_login(scene.officer)

    form = client.get(reverse("observation-new", args=[scene.indicator.pk]), {"period": scene.locked.pk})
    due = client.get(reverse("due-list"))

    assert "A new figure is not taken" in form.content.decode()
    assert "The period is locked: ask an approver" in due.content.decode()


def test_what_was_entered_under_an_exception_is_decided_on_until_its_last_day(scene):
    scene.exception()
    draft = actions.record_observation(
        indicator=scene.indicator, period=scene.locked, by=scene.officer, at=scene.now,
        **scene.figures(scene.locked),
    )  # fmt: skip
    submitted = actions.submit_observation(observation=draft, by=scene.officer, at=scene.now)

    approved = actions.approve_observation(observation=submitted, by=scene.approver, at=scene.now)

    assert approved.state == State.APPROVED
    corrected = actions.correct_observation(
        observation=approved,
        reason="Wrong.",
        numerator="29",
        denominator="60",
        by=scene.officer,
        at=scene.now,
    )
    actions.approve_observation(observation=corrected, by=scene.approver, at=scene.now)
    assert Observation.objects.current().get().numerator == 29


def test_an_exception_that_ended_or_was_taken_back_opens_nothing(scene):
    (period,) = scene.exception().done
    exception = period.exceptions.get()

    with pytest.raises(ValidationError, match="is locked"):
        actions.record_observation(
            indicator=scene.indicator, period=scene.locked, by=scene.officer,
            at=scene.now + timedelta(days=3), **scene.figures(scene.locked),
        )  # fmt: skip
    revoke_exception(exception=exception, reason="Not needed.", by=scene.approver, at=scene.now)
    with pytest.raises(ValidationError, match="is locked"):
        actions.record_observation(
            indicator=scene.indicator, period=scene.locked, by=scene.officer, at=scene.now,
            **scene.figures(scene.locked),
        )  # fmt: skip


# --- Changes that are asked for ----------------------------------------------------------------------------------


def ask(scene, old, **given):
    defaults = {"reason": "Two were counted twice.", "numerator": "28", "denominator": "60"}
    return actions.request_change(
        observation=old, **(defaults | {"by": scene.officer, "at": scene.now} | given)
    )


def test_a_change_of_a_locked_figure_is_asked_for_and_decided_by_another(scene):
    old = scene.approved()

    asked = ask(scene, old)

    assert (asked.state, asked.by_request, asked.corrects) == (State.SUBMITTED, True, old)
    assert Observation.objects.current().get() == old
    event = Event.objects.get(verb="asked for a change")
    assert (event.before["numerator"], event.after["numerator"]) == ("30.000000", "28")
    with pytest.raises(PermissionDenied):
        actions.approve_observation(observation=asked, by=scene.officer, at=scene.now)

    actions.approve_observation(observation=asked, by=scene.approver, at=scene.now)

    assert Observation.objects.current().get() == asked
    assert Observation.objects.get(pk=old.pk).state == State.SUPERSEDED
    assert not [one for one in differences() if f"indicator {scene.indicator.pk}" in one]


def test_an_approver_who_asked_does_not_decide(scene):
    asked = ask(scene, scene.approved(), by=scene.approver)

    with pytest.raises(PermissionDenied, match="Nobody decides"):
        actions.approve_observation(observation=asked, by=scene.approver, at=scene.now)


def test_a_change_that_is_refused_changes_nothing(scene):
    old = scene.approved()

    actions.reject_observation(observation=ask(scene, old), comment="No.", by=scene.approver, at=scene.now)

    assert Observation.objects.current().get() == old


def test_a_change_that_is_returned_is_reworked_in_the_locked_period(scene):
    returned = actions.return_observation(
        observation=ask(scene, scene.approved()), comment="Which?", by=scene.approver, at=scene.now
    )
    changed = actions.change_observation(
        observation=returned, version=returned.version, numerator="27", denominator="60", by=scene.officer,
        at=scene.now,
    )  # fmt: skip
    again = actions.submit_observation(observation=changed, by=scene.officer, at=scene.now)

    assert actions.approve_observation(observation=again, by=scene.approver, at=scene.now).numerator == 27


def test_with_validation_a_change_is_validated_first(scene):
    scene.programme.needs_validation = True
    scene.programme.save()
    old = scene.unlocked(
        scene.locked,
        lambda: make_observation(
            scene.indicator, scene.locked, entered_by=scene.officer, comment="Counted.",
            validated_by=scene.people[Role.VALIDATOR], validated_at=scene.now,
        ),
    )  # fmt: skip
    asked = ask(scene, old)

    with pytest.raises(PermissionDenied, match="validator"):
        actions.approve_observation(observation=asked, by=scene.approver, at=scene.now)
    validated = actions.validate_observation(observation=asked, by=scene.people[Role.VALIDATOR], at=scene.now)
    actions.approve_observation(observation=validated, by=scene.approver, at=scene.now)
    assert Observation.objects.current().get().numerator == 28


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"reason": " "}, "No reason"),
        ({"numerator": "30"}, "Nothing differs"),
        ({"numerator": "61"}, "61"),
    ],
)
def test_a_request_says_what_is_wrong_with_it(scene, given, said):
    old = scene.approved()

    with pytest.raises(ValidationError, match=said):
        ask(scene, old, **given)
    assert Observation.objects.count() == 1


def test_an_open_figure_is_corrected_and_not_asked_for(scene):
    old = scene.approved(scene.periods[PeriodState.GRACE])

    with pytest.raises(ValidationError, match="is not locked"):
        ask(scene, old)


def test_only_one_change_is_asked_for_at_a_time(scene):
    old = scene.approved()
    ask(scene, old)

    with pytest.raises(ValidationError, match="There is a figure"):
        ask(scene, old, numerator="1")


def test_the_pages_ask_and_list_changes(client, scene):
    old = scene.approved()
    client.force_login(scene.officer)
    page = client.get(old.get_absolute_url()).content.decode()
    assert "This period is locked" in page
    assert "Ask for a change" in page

    form = client.get(reverse("observation-correct", args=[old.pk])).content.decode()
    assert "What you submit here is a request" in form
    client.post(
        reverse("observation-correct", args=[old.pk]),
        {"numerator": "28", "denominator": "60", "reason": "Counted twice.", "comment": "As counted.",
         "as_of": old.as_of, "evidence_elsewhere": "Office", "declaration": "on", "step": "submit",
         "reliability": "F", "credibility": "6", "marking": "NATO UNCLASSIFIED"},
    )  # fmt: skip

    asked = Observation.objects.get(by_request=True)
    assert asked.numerator == Decimal(28)
    listed = client.get(reverse("change-request-list", args=[scene.programme.code])).content.decode()
    assert "Counted twice." in listed
    assert "28 of 60" in listed
    assert "30 of 60" in listed


def test_the_machine_door_asks_and_reads(scene):
    old = scene.approved()
    client = APIClient()
    client.force_login(scene.officer)
    body = {"reason": "Counted twice.", "numerator": "28", "denominator": "60", "declaration": True}

    refused = client.post(f"/api/v1/observations/{old.pk}/correct/", body)
    assert refused.status_code == 400
    assert "is locked" in refused.data["detail"]
    path, key = f"/api/v1/observations/{old.pk}/request-change/", {"Idempotency-Key": "r1"}
    stale = client.post(path, body, headers={"If-Match": '"0-0"'})
    assert stale.status_code == 412
    asked = client.post(path, body, headers=key)
    assert asked.status_code == 201, asked.data
    again = client.post(path, body, headers=key)
    assert (again.status_code, again.data["id"]) == (201, asked.data["id"])
    assert client.post(path, body | {"reason": "Another."}, headers=key).status_code == 422
    assert (asked.data["by_request"], asked.data["state"]) == (True, "submitted")
    listed = client.get("/api/v1/observations/?by_request=true").data["results"]
    assert [one["id"] for one in listed] == [asked.data["id"]]
