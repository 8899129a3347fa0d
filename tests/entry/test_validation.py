"""The step of validation: who may, what waits for whom, and what the database itself refuses."""

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction

from indicators.derived import differences
from indicators.entry import actions, bulk
from indicators.models import Event, Observation, Role, State
from tests.entry.scenes import LATER, Scene
from tests.factories import make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene():
    scene = Scene()
    scene.programme.needs_validation = True
    scene.programme.save()
    scene.indicator.programme.refresh_from_db()
    scene.validator = make_user(programme=scene.programme, role=Role.VALIDATOR)
    return scene


def validate(scene, observation, by=None, **given):
    return actions.validate_observation(observation=observation, by=by or scene.validator, at=LATER, **given)


def test_a_figure_is_submitted_validated_approved(scene):
    validated = validate(scene, scene.submit(), comment="Sheet seen.")

    assert (validated.state, validated.validated_by, validated.validated_at) == (
        State.VALIDATED, scene.validator, LATER,
    )  # fmt: skip
    event = Event.objects.get(verb="validated")
    assert (event.before, event.after, event.reason) == (
        {"state": "submitted"}, {"state": "validated"}, "Sheet seen.",
    )  # fmt: skip
    assert scene.approve(validated).state == State.APPROVED
    assert list(differences()) == []


def test_an_approver_waits_for_the_validator(scene):
    submitted = scene.submit()

    for deed in (actions.approve_observation, actions.reject_observation, actions.return_observation):
        with pytest.raises(PermissionDenied, match="validat"):
            deed(observation=submitted, by=scene.approver, at=LATER, comment="No.")


def test_without_the_step_nobody_validates():
    scene = Scene()
    validator = make_user(programme=scene.programme, role=Role.VALIDATOR)
    submitted = scene.submit()

    with pytest.raises(PermissionDenied, match="without a step of validation"):
        validate(scene, submitted, by=validator)
    assert scene.approve(submitted).state == State.APPROVED


def test_validated_figures_are_approved_after_the_step_was_switched_off(scene):
    validated = validate(scene, scene.submit())
    scene.programme.needs_validation = False
    scene.programme.save()

    assert scene.approve(Observation.objects.get(pk=validated.pk)).state == State.APPROVED


@pytest.mark.parametrize("role", [Role.OFFICER, Role.APPROVER, Role.EVALUATOR, Role.READER])
def test_only_validators_validate(scene, role):
    submitted = scene.submit()

    with pytest.raises(PermissionDenied, match="Only data validators"):
        validate(scene, submitted, by=make_user(programme=scene.programme, role=role))


def test_a_validator_does_not_approve_reject_or_enter(scene):
    validated = validate(scene, scene.submit())

    for deed in (actions.approve_observation, actions.reject_observation):
        with pytest.raises(PermissionDenied, match="Only approvers"):
            deed(observation=validated, by=scene.validator, at=LATER, comment="So.")
    with pytest.raises(PermissionDenied, match="Only officers"):
        scene.record(period=scene.quarters[0], by=scene.validator)


def with_roles(scene, *roles):
    person = make_user(programme=scene.programme, role=roles[0])
    for role in roles[1:]:
        person.memberships.create(programme=scene.programme, role=role, starts_on="2020-01-01")
    return person


def test_nobody_validates_what_they_entered_submitted_or_once_changed(scene):
    both = with_roles(scene, Role.OFFICER, Role.VALIDATOR)
    entered = scene.record(period=scene.quarters[0], by=both)
    entered = actions.submit_observation(observation=entered, by=scene.officer, at=LATER)
    submitted = actions.submit_observation(
        observation=scene.record(period=scene.quarters[1]), by=both, at=LATER
    )
    changed = scene.record(period=scene.quarters[2], by=both)
    changed = actions.change_observation(
        observation=changed, version=1, by=scene.officer, at=LATER, comment="Seen."
    )
    changed = actions.submit_observation(observation=changed, by=scene.officer, at=LATER)

    for one in (entered, submitted, changed):
        with pytest.raises(PermissionDenied, match="Nobody"):
            validate(scene, one, by=both)
    outcome = bulk.validate_observations(observations=[entered, submitted, changed], by=both, at=LATER)
    assert [one.code for one in outcome.left] == ["denied"] * 3


def test_nobody_approves_what_they_validated_or_entered(scene):
    both = with_roles(scene, Role.VALIDATOR, Role.APPROVER)
    validated = validate(scene, scene.submit(period=scene.quarters[0]), by=both)
    own = validate(scene, scene.submit(period=scene.quarters[1], by=both))

    with pytest.raises(PermissionDenied, match="Nobody approves figures that they validated"):
        actions.approve_observation(observation=validated, by=both, at=LATER)
    with pytest.raises(PermissionDenied, match="Nobody decides"):
        actions.approve_observation(observation=own, by=both, at=LATER)


def test_both_may_return_and_what_comes_back_is_validated_anew(scene):
    submitted = scene.submit()
    returned = actions.return_observation(
        observation=submitted, comment="Which posts?", by=scene.validator, at=LATER
    )
    assert (returned.state, returned.decided_by) == (State.RETURNED, scene.validator)
    submitted = actions.submit_observation(observation=returned, by=scene.officer, at=LATER)

    returned = actions.return_observation(
        observation=validate(scene, submitted), comment="Count again.", by=scene.approver, at=LATER
    )

    assert (returned.state, returned.validated_by, returned.validated_at) == (State.RETURNED, None, None)
    submitted = actions.submit_observation(observation=returned, by=scene.officer, at=LATER)
    with pytest.raises(PermissionDenied, match="waits for a data validator"):
        scene.approve(submitted)


def test_a_figure_that_two_validate_is_validated_once(scene):
    submitted = scene.submit()
    validate(scene, submitted)

    with pytest.raises(ValidationError, match="Somebody was here before you"):
        validate(scene, submitted)
    assert Event.objects.filter(verb="validated").count() == 1


def test_a_validated_figure_is_frozen_and_holds_its_place(scene):
    validated = validate(scene, scene.submit())

    with pytest.raises(PermissionDenied, match="Only drafts"):
        actions.change_observation(
            observation=validated, version=validated.version, by=scene.officer, at=LATER, comment="New."
        )
    with pytest.raises(ValidationError, match="Validated"):
        scene.record()
    with pytest.raises(IntegrityError), transaction.atomic():
        Observation.objects.filter(pk=validated.pk).update(numerator=1)


# --- What the database refuses -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        (lambda s: {"validated_by": s.officer, "validated_at": LATER}, "observation_validated_by_another"),
        (lambda s: {"state": "validated"}, "observation_validated_is_validated"),
        (lambda s: {"validated_by": s.validator}, "observation_validated_by_and_at"),
        (
            lambda s: {
                "state": "approved", "decided_by": s.validator, "decided_at": LATER,
                "validated_by": s.validator, "validated_at": LATER,
            },
            "observation_validator_does_not_approve",
        ),
        (
            lambda s: {"state": "approved", "decided_by": s.approver, "decided_at": LATER},
            "approves only what was validated",
        ),
        (lambda s: {"by_request": True}, "stays one"),
    ],
)  # fmt: skip
def test_the_database_keeps_the_duties_apart(scene, change, constraint):
    submitted = scene.submit()

    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        Observation.objects.filter(pk=submitted.pk).update(**change(scene))
