"""The way of an observation: each action works, refuses with the reason, leaves nothing behind, and twice is once."""

from datetime import date
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction

from indicators.entry import actions
from indicators.models import Event, IndicatorStatus, Observation, Rollup, State
from tests.entry.scenes import LATER, Scene
from tests.factories import (
    AT,
    make_indicator,
    make_observation,
    make_programme,
    make_quarters,
    make_unit,
    make_user,
    make_version,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene():
    return Scene()


def errors_of(refusal):
    return refusal.value.message_dict


def code_of(refusal):
    """The code of the first error, wherever it stands."""
    error = refusal.value
    return (next(iter(error.error_dict.values()))[0] if hasattr(error, "error_dict") else error).code


# --- Recording ---------------------------------------------------------------------------------------------------


def test_a_recorded_figure_is_a_draft_and_the_trail_says_who_recorded_it(scene):
    observation = scene.record()

    assert (observation.state, observation.numerator, observation.version) == ("draft", Decimal(30), 1)
    event = Event.objects.get(about_type="observation", about_id=observation.pk)
    assert (event.verb, event.by_id, event.after["numerator"]) == ("recorded", scene.officer.pk, "30")


def test_zero_is_recorded_as_zero(scene):
    assert scene.record(numerator="0", denominator="10").numerator == 0


def test_empty_is_not_zero(scene):
    with pytest.raises(ValidationError) as refusal:
        scene.record(numerator="", denominator="10")

    assert "0 is a number" in errors_of(refusal)["numerator"][0]
    assert not Observation.objects.exists()
    assert not Event.objects.exists()


def test_a_stranger_records_nothing(scene):
    with pytest.raises(PermissionDenied, match="Only officers"):
        scene.record(by=make_user(programme=make_programme()))

    assert not Observation.objects.exists()


@pytest.mark.parametrize(
    ("given", "field", "words"),
    [
        ({"numerator": "61", "denominator": "60"}, "numerator", "larger than the denominator"),
        ({"numerator": "1", "denominator": "0"}, "denominator", "above 0 was expected"),
        ({"numerator": "-1", "denominator": "60"}, "numerator", "0 or more"),
        ({"numerator": "1,5", "denominator": "60"}, "numerator", "“1,5” was given"),
        ({"value": "5"}, "value", "No number was expected here"),
        ({"missing_reason": "tired"}, "missing_reason", "one of"),
        (
            {"missing_reason": "not_collected", "numerator": "3", "denominator": "5"},
            "numerator",
            "one of the two",
        ),
        ({"as_of": date(2030, 1, 1)}, "as_of", "future"),
        ({"as_of": date(2025, 6, 30)}, "as_of", "before the period begins"),
        ({"as_of": None}, "as_of", "No date"),
        ({"marking": "NATO SECRET"}, "marking", "PUBLIC"),
        ({"comment": "From a NATO SECRET report."}, "comment", "above NATO UNCLASSIFIED"),
        ({"comment": "a\x00b"}, "comment", "cannot be stored"),
        ({"comment": "x" * 5001}, "comment", "5001 characters"),
        ({"reliability": "Z"}, "reliability", "“Z” was given"),
        ({"credibility": 9}, "credibility", "“9” was given"),
        ({"cell": "sex=f"}, "cell", "split by nothing"),
        ({"cell": "nonsense"}, "cell", "name=code"),
        ({"sample_size": "2.5"}, "sample_size", "whole number"),
        ({"numerator": 0.1, "denominator": "1"}, "numerator", "exact number"),
    ],
)
def test_an_impossible_figure_is_refused_by_field_and_nothing_is_kept(scene, given, field, words):
    with pytest.raises(ValidationError) as refusal:
        scene.record(**given)

    assert words in errors_of(refusal)[field][0]
    assert not Observation.objects.exists()
    assert not Event.objects.exists()


def test_a_refused_marking_is_not_repeated(scene):
    with pytest.raises(ValidationError) as refusal:
        scene.record(comment="Source: (NS) convoy at dawn")

    assert "convoy" not in str(refusal.value)
    assert "NS" not in str(refusal.value)


def test_a_period_of_another_programme_or_frequency_is_refused(scene):
    foreign = make_quarters(make_programme())[6]
    yearly = make_indicator(scene.programme, frequency="annual")

    with pytest.raises(ValidationError) as other_programme:
        scene.record(period=foreign)
    with pytest.raises(ValidationError) as other_frequency:
        scene.record(indicator=yearly)

    assert "another programme" in errors_of(other_programme)["period"][0]
    assert "Yearly" in errors_of(other_frequency)["period"][0]


def test_a_unit_must_be_one_that_reports_the_indicator(scene):
    basra, mosul = make_unit(scene.programme, "BSR"), make_unit(scene.programme, "MSL")
    scene.indicator.units.set([basra])

    with pytest.raises(ValidationError) as wrong:
        scene.record(unit=mosul)
    with pytest.raises(ValidationError) as none:
        scene.record()

    assert "“MSL” was given; expected: BSR" in errors_of(wrong)["unit"][0]
    assert "No unit was given" in errors_of(none)["unit"][0]
    assert scene.record(unit=basra).unit == basra


def test_a_cell_is_stored_in_order_of_its_names():
    version = make_version(
        disaggregations=[
            {"name": "sex", "label": "Sex", "categories": [{"code": "f", "label": "Women"}]},
            {"name": "nation", "label": "Nation", "categories": []},
        ]
    )
    scene = Scene(version=version)

    assert scene.record(cell="sex=f; nation=NA").cell == "nation=NA;sex=f"
    with pytest.raises(ValidationError) as refusal:
        scene.record(cell="sex=x")
    assert "“x” was given for sex; one of f was expected" in errors_of(refusal)["cell"][0]


def test_the_same_place_is_taken_once_and_the_refusal_says_by_which(scene):
    first = scene.record()

    with pytest.raises(ValidationError) as refusal:
        scene.record(numerator="31", denominator="60")

    problem = refusal.value.error_dict["period"][0]
    assert (problem.code, problem.params["existing"]) == ("exists", first.pk)
    assert Observation.objects.count() == 1


def test_an_approved_figure_is_corrected_and_not_recorded_again(scene):
    scene.approve()

    with pytest.raises(ValidationError, match="correct that one"):
        scene.record()


# --- Changing, submitting ----------------------------------------------------------------------------------------


def test_a_draft_changes_and_its_version_grows(scene):
    draft = scene.record()

    changed = actions.change_observation(
        observation=draft, version=1, by=scene.officer, at=LATER, numerator="31", denominator="60"
    )

    assert (changed.numerator, changed.version) == (31, 2)
    event = Event.objects.get(verb="changed")
    assert (event.before["numerator"], event.after["numerator"]) == ("30.000000", "31")


def test_a_change_on_top_of_an_unseen_change_is_refused(scene):
    draft = scene.record()
    actions.change_observation(observation=draft, version=1, by=scene.officer, at=LATER, comment="first")

    with pytest.raises(ValidationError) as refusal:
        actions.change_observation(observation=draft, version=1, by=scene.officer, at=LATER, comment="second")

    assert code_of(refusal) == "stale"
    assert Observation.objects.get().comment == "first"


def test_a_submitted_figure_is_not_changed(scene):
    submitted = scene.submit()

    with pytest.raises(PermissionDenied, match="Only drafts"):
        actions.change_observation(observation=submitted, version=2, by=scene.officer, at=LATER, comment="x")


def test_submitting_twice_submits_once(scene):
    draft = scene.record()
    actions.submit_observation(observation=draft, by=scene.officer, at=AT)

    with pytest.raises(ValidationError) as refusal:
        actions.submit_observation(observation=draft, by=scene.officer, at=LATER)

    assert code_of(refusal) == "conflict"
    assert Event.objects.filter(verb="submitted").count() == 1
    assert Observation.objects.get().submitted_at == AT


def test_an_unlikely_figure_needs_a_comment_to_be_submitted(scene):
    for quarter, numerator in zip(scene.quarters[:6], (31, 32, 33, 32, 31, 33), strict=True):
        make_observation(scene.indicator, quarter, numerator=Decimal(numerator), denominator=Decimal(60))
    draft = scene.record(numerator="59", denominator="60")

    with pytest.raises(ValidationError) as refusal:
        actions.submit_observation(observation=draft, by=scene.officer, at=AT)
    assert "far from the usual" in errors_of(refusal)["comment"][0]
    assert code_of(refusal) == "warning"
    assert Observation.objects.get(pk=draft.pk).state == State.DRAFT

    explained = actions.change_observation(
        observation=draft, version=1, by=scene.officer, at=AT, comment="All posts were rebuilt in July."
    )
    assert actions.submit_observation(observation=explained, by=scene.officer, at=AT).state == State.SUBMITTED


def test_a_figure_from_the_form_without_evidence_needs_a_comment(scene):
    draft = scene.record(source="form")

    with pytest.raises(ValidationError) as refusal:
        actions.submit_observation(observation=draft, by=scene.officer, at=AT)

    assert "No evidence" in errors_of(refusal)["comment"][0]


def test_parts_that_do_not_make_the_total_need_a_comment():
    version = make_version(
        disaggregations=[
            {
                "name": "sex",
                "label": "Sex",
                "categories": [{"code": "f", "label": "F"}, {"code": "m", "label": "M"}],
            }
        ]
    )
    scene = Scene(version=version)
    scene.submit()
    draft = scene.record(cell="sex=f", numerator="20", denominator="20")

    with pytest.raises(ValidationError) as refusal:
        actions.submit_observation(observation=draft, by=scene.officer, at=AT)

    assert "the total says" in errors_of(refusal)["comment"][0]


def test_a_draft_can_be_discarded_and_a_submitted_figure_cannot(scene):
    actions.discard_observation(observation=scene.record(), by=scene.officer, at=LATER)

    assert not Observation.objects.exists()
    assert Event.objects.get(verb="discarded").before["numerator"] == "30.000000"
    with pytest.raises(PermissionDenied):
        actions.discard_observation(observation=scene.submit(), by=scene.officer, at=LATER)


# --- Deciding ----------------------------------------------------------------------------------------------------


def test_the_status_is_right_the_moment_a_figure_is_approved(scene):
    assert not IndicatorStatus.objects.exists()

    approved = scene.approve(numerator="36", denominator="60")

    assert (approved.state, approved.decided_by, approved.decided_at) == ("approved", scene.approver, LATER)
    status = IndicatorStatus.objects.get(indicator=scene.indicator)
    assert (status.value, status.status) == (60, "on_track")
    assert Rollup.objects.get().value == 60
    event = Event.objects.get(verb="approved")
    assert (event.before["state"], event.after["state"]) == ("submitted", "approved")


def test_an_approved_zero_is_a_zero_and_an_approved_reason_is_no_figure(scene):
    scene.approve(numerator="0", denominator="60")
    assert IndicatorStatus.objects.get().value == 0

    other = Scene()
    other.approve(missing_reason="not_collected")
    status = IndicatorStatus.objects.get(indicator=other.indicator)
    assert (status.value, status.status) == (None, "not_reporting")


def test_nobody_approves_what_they_entered_or_submitted(scene):
    own = scene.submit(by=scene.approver)
    with pytest.raises(PermissionDenied, match="entered or submitted"):
        scene.approve(own)

    handed_on = actions.submit_observation(
        observation=scene.record(period=scene.quarters[5], as_of=scene.quarters[5].ends_on),
        by=scene.approver,
        at=AT,
    )
    with pytest.raises(PermissionDenied, match="entered or submitted"):
        scene.approve(handed_on)

    assert not Rollup.objects.exists()


def test_nobody_approves_a_figure_that_they_recorded_and_another_changed(scene):
    draft = scene.record(by=scene.approver)
    changed = actions.change_observation(
        observation=draft, version=1, by=scene.officer, at=AT, comment="Checked with the site."
    )
    submitted = actions.submit_observation(observation=changed, by=scene.officer, at=AT)

    with pytest.raises(PermissionDenied, match="entered or submitted"):
        scene.approve(submitted)


def test_the_database_itself_refuses_one_pair_of_eyes(scene):
    submitted = scene.submit()

    with pytest.raises(IntegrityError, match="observation_four_eyes"), transaction.atomic():
        Observation.objects.filter(pk=submitted.pk).update(
            state=State.APPROVED, decided_by=scene.officer, decided_at=AT
        )


def test_officers_do_not_decide(scene):
    with pytest.raises(PermissionDenied, match="Only approvers"):
        actions.approve_observation(
            observation=scene.submit(), by=make_user(programme=scene.programme), at=LATER
        )


def test_approving_twice_approves_once(scene):
    submitted = scene.submit()
    scene.approve(submitted)

    with pytest.raises(ValidationError) as refusal:
        scene.approve(submitted)

    assert code_of(refusal) == "conflict"
    assert Event.objects.filter(verb="approved").count() == 1


def test_a_returned_figure_is_changed_submitted_and_approved(scene):
    submitted = scene.submit()
    returned = actions.return_observation(
        observation=submitted, comment="Count Basra too.", by=scene.approver, at=LATER
    )
    assert (returned.state, returned.decision_comment) == ("returned", "Count Basra too.")

    changed = actions.change_observation(
        observation=returned,
        version=returned.version,
        by=scene.officer,
        at=LATER,
        numerator=33,
        denominator=60,
    )
    again = actions.submit_observation(observation=changed, by=scene.officer, at=LATER)
    assert scene.approve(again).numerator == 33


@pytest.mark.parametrize("decide", [actions.return_observation, actions.reject_observation])
def test_sending_back_needs_a_comment(scene, decide):
    submitted = scene.submit()

    with pytest.raises(ValidationError) as refusal:
        decide(observation=submitted, comment="  ", by=scene.approver, at=LATER)

    assert "comment" in errors_of(refusal)
    submitted.refresh_from_db()
    assert submitted.state == State.SUBMITTED


def test_a_rejected_figure_is_final_and_its_place_is_free_again(scene):
    rejected = actions.reject_observation(
        observation=scene.submit(), comment="Invented.", by=scene.approver, at=LATER
    )

    assert rejected.state == State.REJECTED
    assert scene.record().state == State.DRAFT
    with pytest.raises(PermissionDenied):
        scene.approve(rejected)


@pytest.mark.parametrize("n", [1, 12])
def test_approving_one_figure_asks_as_often_whatever_stands_beside_it(scene, n, django_assert_num_queries):
    for _number in range(n):
        make_observation(scene.indicator, scene.q3, unit=make_unit(scene.programme))
    submitted = scene.submit()

    # savepoint, right, lock, row, substitutes, trail, places; change, event; lock, formulas, indicator, revisions,
    # milestones, period, figures, roll-up; rules, periods, roll-ups, status; alerts; release
    with django_assert_num_queries(23):
        scene.approve(submitted)


# --- Correcting --------------------------------------------------------------------------------------------------


def test_a_correction_counts_once_approved_and_the_old_figure_is_kept(scene):
    old = scene.approve()
    new = actions.correct_observation(
        observation=old, reason="Two posts were counted twice.", by=scene.officer, at=LATER,
        numerator="28", denominator="60",
    )  # fmt: skip
    assert (new.state, new.corrects, IndicatorStatus.objects.get().value) == ("submitted", old, 50)

    scene.approve(new)

    old.refresh_from_db()
    assert (old.state, old.numerator, old.superseded_at) == ("superseded", 30, LATER)
    assert round(IndicatorStatus.objects.get().value, 4) == Decimal("46.6667")
    assert Event.objects.get(verb="superseded").reason == "Two posts were counted twice."


def test_a_correction_needs_a_reason_and_a_difference(scene):
    old = scene.approve()

    with pytest.raises(ValidationError) as no_reason:
        actions.correct_observation(
            observation=old, reason=" ", by=scene.officer, at=LATER, numerator=1, denominator=9
        )
    with pytest.raises(ValidationError) as no_difference:
        actions.correct_observation(observation=old, reason="Because.", by=scene.officer, at=LATER)

    assert "reason" in errors_of(no_reason)
    assert code_of(no_difference) == "same"
    assert Observation.objects.count() == 1


def test_one_correction_at_a_time(scene):
    old = scene.approve()
    actions.correct_observation(
        observation=old, reason="A.", by=scene.officer, at=LATER, numerator=1, denominator=9
    )

    with pytest.raises(ValidationError) as refusal:
        actions.correct_observation(
            observation=old, reason="B.", by=scene.officer, at=LATER, numerator=2, denominator=9
        )

    assert code_of(refusal) == "exists"


def test_a_correction_may_say_that_there_is_no_figure_after_all(scene):
    old = scene.approve()
    new = actions.correct_observation(
        observation=old, reason="The inspection did not take place.", by=scene.officer, at=LATER,
        missing_reason="not_collected",
    )  # fmt: skip

    scene.approve(new)

    assert (new.numerator, IndicatorStatus.objects.get().value) == (None, None)


def test_only_approved_figures_are_corrected(scene):
    with pytest.raises(PermissionDenied, match="Only approved"):
        actions.correct_observation(
            observation=scene.record(), reason="A.", by=scene.officer, at=LATER, numerator=1, denominator=9
        )
