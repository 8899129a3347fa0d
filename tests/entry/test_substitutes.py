"""Substitutes act for a time, in their own name, and never let one pair of eyes do for two."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.urls import reverse

from indicators.entry import actions
from indicators.entry.reviewing import waiting_for
from indicators.models import Event, Membership, Role, State
from indicators.programmes.actions import end_membership, name_substitute
from tests.entry.scenes import Scene
from tests.factories import make_admin, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene():
    from django.utils import timezone

    scene = Scene()
    scene.now = timezone.now()
    scene.today = scene.now.date()
    scene.deputy = make_user("deputy")
    return scene


def name(scene, whom, user, **given):
    membership = Membership.objects.get(programme=scene.programme, user=whom, substitutes_for=None)
    defaults = {"ends_on": scene.today + timedelta(days=10), "by": whom, "at": scene.now}
    return name_substitute(membership=membership, user=user, **(defaults | given))


def submitted(scene, by, **given):
    draft = scene.record(by=by, at=scene.now, **given)
    return actions.submit_observation(observation=draft, by=by, at=scene.now)


def approve(scene, observation, by):
    return actions.approve_observation(observation=observation, by=by, at=scene.now)


def test_a_substitute_approves_in_their_own_name(scene):
    name(scene, scene.approver, scene.deputy)
    figure = submitted(scene, scene.officer)
    assert list(waiting_for(scene.deputy)) == [figure]

    approved = approve(scene, figure, scene.deputy)

    assert (approved.state, approved.decided_by) == (State.APPROVED, scene.deputy)
    assert Event.objects.get(verb="approved").by_name == f"Deputy (for {scene.approver})"
    named = Event.objects.get(verb="named a substitute")
    assert (named.after["person"], named.after["for"]) == ("Deputy", str(scene.approver))


def test_a_substitute_has_the_role_only_for_the_term(scene):
    row = name(scene, scene.approver, scene.deputy, starts_on=scene.today + timedelta(days=2))
    figure = submitted(scene, scene.officer)

    with pytest.raises(PermissionDenied, match="Only approvers"):
        approve(scene, figure, scene.deputy)
    Membership.objects.filter(pk=row.pk).update(
        starts_on=scene.today - timedelta(days=9), ends_on=scene.today - timedelta(days=1)
    )
    with pytest.raises(PermissionDenied, match="Only approvers"):
        approve(scene, figure, scene.deputy)


def test_the_substitute_of_whoever_entered_does_not_approve_it(scene):
    name(scene, scene.approver, scene.deputy)
    figure = submitted(scene, scene.approver)

    with pytest.raises(PermissionDenied, match="stand in for"):
        approve(scene, figure, scene.deputy)


def test_an_approver_does_not_approve_what_their_substitute_entered(scene):
    name(scene, scene.approver, scene.deputy)
    figure = submitted(scene, scene.deputy)

    with pytest.raises(PermissionDenied, match="stand in for"):
        approve(scene, figure, scene.approver)


def test_an_approver_who_stands_in_for_the_officer_does_not_approve_the_officers_figures(scene):
    name(scene, scene.officer, scene.approver)
    figure = submitted(scene, scene.officer)

    with pytest.raises(PermissionDenied, match="stand in for"):
        approve(scene, figure, scene.approver)


def test_what_was_submitted_during_the_term_stays_closed_to_both_after_it(scene):
    row = name(scene, scene.officer, scene.approver)
    during = submitted(scene, scene.officer)
    later = scene.now + timedelta(days=20)
    Membership.objects.filter(pk=row.pk).update(ends_on=scene.today)

    with pytest.raises(PermissionDenied, match="stand in for"):
        actions.approve_observation(observation=during, by=scene.approver, at=later)

    draft = scene.record(by=scene.officer, at=later, period=scene.quarters[4])
    after = actions.submit_observation(observation=draft, by=scene.officer, at=later)
    assert actions.approve_observation(observation=after, by=scene.approver, at=later).state == State.APPROVED


def test_who_names_whom(scene):
    membership = Membership.objects.get(programme=scene.programme, user=scene.officer)
    term = {"ends_on": scene.today + timedelta(days=3), "at": scene.now}

    with pytest.raises(PermissionDenied, match="Only the person whose role it is"):
        name_substitute(membership=membership, user=scene.deputy, by=scene.approver, **term)
    row = name_substitute(membership=membership, user=scene.deputy, by=make_admin(), **term)
    with pytest.raises(PermissionDenied, match="does not name another"):
        name_substitute(membership=row, user=make_user(), by=scene.deputy, **term)
    reader = make_user(programme=scene.programme, role=Role.READER)
    with pytest.raises(PermissionDenied, match="Only officers"):
        name(scene, reader, scene.deputy)


@pytest.mark.parametrize("days", [-1, 400])
def test_a_term_out_of_reach_is_refused(scene, days):
    with pytest.raises(ValidationError) as refusal:
        name(scene, scene.officer, scene.deputy, ends_on=scene.today + timedelta(days=days))
    assert set(refusal.value.message_dict) == {"ends_on"}


def test_no_term_is_longer_than_the_role_that_is_substituted(scene):
    Membership.objects.filter(user=scene.officer).update(ends_on=scene.today + timedelta(days=5))

    with pytest.raises(ValidationError, match="was expected"):
        name(scene, scene.officer, scene.deputy, ends_on=scene.today + timedelta(days=6))


def test_people_who_cannot_hold_the_role_are_refused(scene):
    evaluator = make_user(programme=scene.programme, role=Role.EVALUATOR)
    with pytest.raises(ValidationError, match="never both at once"):
        name(scene, scene.officer, evaluator)
    with pytest.raises(ValidationError, match="has this role already"):
        name(scene, scene.officer, make_user(programme=scene.programme))
    with pytest.raises(ValidationError, match="has this role already"):
        name(scene, scene.officer, scene.officer)
    with pytest.raises(IntegrityError, match="membership_substitute_is_another"), transaction.atomic():
        Membership.objects.create(
            user=scene.deputy, substitutes_for=scene.deputy, programme=scene.programme, role=Role.OFFICER,
            ends_on=scene.today,
        )  # fmt: skip
    with pytest.raises(IntegrityError, match="membership_substitute_for_a_time"), transaction.atomic():
        Membership.objects.create(
            user=scene.deputy, substitutes_for=scene.officer, programme=scene.programme, role=Role.OFFICER
        )


def test_when_a_role_ends_its_substitute_ends_too(scene):
    row = name(scene, scene.officer, scene.deputy)
    membership = Membership.objects.get(programme=scene.programme, user=scene.officer)

    end_membership(membership=membership, by=make_admin(), at=scene.now)

    row.refresh_from_db()
    assert row.ends_on == scene.today - timedelta(days=1)
    with pytest.raises(PermissionDenied):
        scene.record(by=scene.deputy, at=scene.now)


def test_whoever_named_a_substitute_takes_the_place_back(client, scene):
    row = name(scene, scene.officer, scene.deputy)
    client.force_login(scene.officer)
    page = client.get(reverse("member-list", args=[scene.programme.code])).content.decode()
    assert "substitute for" in page

    client.post(reverse("member-end", args=[scene.programme.code, row.pk]), {})

    assert not Membership.objects.active().filter(user=scene.deputy).exists()
    other = Membership.objects.get(programme=scene.programme, user=scene.approver)
    assert client.post(reverse("member-end", args=[scene.programme.code, other.pk]), {}).status_code == 403


def test_a_substitute_is_named_on_the_page(client, scene):
    membership = Membership.objects.get(programme=scene.programme, user=scene.officer)
    client.force_login(scene.officer)
    address = reverse("substitute-new", args=[scene.programme.code, membership.pk])
    assert "Name a substitute for" in client.get(address).content.decode()

    answer = client.post(
        address, {"user": scene.deputy.pk, "ends_on": scene.today + timedelta(days=4)}, follow=True
    )

    assert "Deputy stands in for" in answer.content.decode()
    assert Membership.objects.get(user=scene.deputy).substitutes_for == scene.officer
