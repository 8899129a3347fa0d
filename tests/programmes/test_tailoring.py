"""Tailoring an indicator, revising its targets, signing off."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import DatabaseError, transaction

from indicators.models import (
    AdjustmentDecision,
    Event,
    IndicatorStatus,
    ProgrammeIndicator,
    Role,
    SignOff,
    TargetProposal,
    TargetRevision,
)
from indicators.programmes.actions import (
    change_indicator,
    decide_proposal,
    ensure_periods,
    revise_target,
    sign_off,
    tailor_indicator,
)
from tests.factories import (
    AT,
    make_admin,
    make_indicator,
    make_observation,
    make_partner,
    make_programme,
    make_unit,
    make_user,
    make_version,
)

pytestmark = pytest.mark.django_db
LATE = datetime(2026, 11, 1, 9, 0, tzinfo=UTC)

PLAN = {
    "baseline": Decimal(20),
    "baseline_on": date(2024, 1, 1),
    "baseline_source": "Joint inspection",
    "target": Decimal(80),
    "target_on": date(2026, 12, 31),
}


def tailor(programme, admin, version=None, **given):
    defaults = PLAN | {"rationale": "The posts are what the partner asked for."}
    return tailor_indicator(
        programme=programme, version=version or make_version(), by=admin, at=AT, **(defaults | given)
    )


def revise(indicator, admin, **given):
    defaults = {"reason_code": "context", "reason": "Fewer posts are funded.", "at": AT}
    return revise_target(indicator=indicator, by=admin, **(defaults | given))


def decide(programme, kind="retarget"):
    return AdjustmentDecision.objects.create(
        programme=programme, kind=kind, rationale="As recommended.", decided_by=make_admin(), decided_at=AT
    )


def test_a_tailored_indicator_has_its_first_agreement_and_a_status():
    programme, admin = make_programme(), make_admin()

    indicator = tailor(programme, admin, milestones=[(date(2025, 6, 30), Decimal(50), "Half way")])

    assert (indicator.plan.number, indicator.plan.reason_code) == (1, "first")
    assert indicator.plan.milestones.get().value == 50
    assert IndicatorStatus.objects.get(indicator=indicator).status == "not_reporting"
    assert Event.objects.get(verb="tailored an indicator").after["target"] == "80"


def test_zero_is_a_baseline_and_a_target():
    programme, admin = make_programme(), make_admin()
    falling = make_version(direction="descending")

    rising = tailor(programme, admin, baseline=Decimal(0))
    ended = tailor(programme, admin, falling, baseline=Decimal(5), target=Decimal(0))

    assert (rising.plan.baseline, ended.plan.target) == (0, 0)


def test_without_a_rationale_nothing_is_tailored():
    with pytest.raises(ValidationError) as caught:
        tailor(make_programme(), make_admin(), rationale="   ")

    assert "say why" in caught.value.message_dict["rationale"][0]
    assert not ProgrammeIndicator.objects.exists()
    assert not Event.objects.exists()


def test_the_same_indicator_twice_for_the_same_partner_is_refused():
    programme, admin, version = make_programme(), make_admin(), make_version()
    tailor(programme, admin, version)

    with pytest.raises(ValidationError, match="already in use"):
        tailor(programme, admin, version)

    assert ProgrammeIndicator.objects.count() == 1


def test_the_same_indicator_for_another_partner_is_welcome():
    programme, admin, version = make_programme(), make_admin(), make_version()
    tailor(programme, admin, version)

    tailor(programme, admin, version, partner=make_partner())

    assert ProgrammeIndicator.objects.count() == 2


@pytest.mark.parametrize(
    ("given", "field", "words"),
    [
        ({"target": Decimal(10)}, "target", "target 10 lies below baseline 20"),
        ({"target": Decimal(20)}, "target", "equals baseline 20"),
        ({"baseline_on": None}, "baseline_on", "needs the day"),
        ({"baseline_source": ""}, "baseline_source", "where the baseline comes from"),
        ({"target_on": None}, "target_on", "needs the day"),
        ({"target_on": date(2023, 1, 1)}, "target_on", "1 Jan 2023 is not after"),
        ({"range_low": Decimal(1)}, "range_low", "leave it empty"),
        ({"target": Decimal(180)}, "target", "180 is not possible for this indicator; expected 0 to 100"),
        ({"at_risk_from": Decimal("0.95")}, "at_risk_from", "0.95"),
        ({"on_track_from": Decimal("0.5"), "at_risk_from": Decimal("0.4")}, "reason", "need a reason"),
        ({"trajectory": "step"}, "trajectory", "none was given"),
        ({"milestones": [(date(2027, 6, 30), Decimal(50), "")]}, "milestones", "30 Jun 2027 does not lie"),
        (
            {"milestones": [(date(2025, 6, 30), Decimal(5), ""), (date(2025, 6, 30), Decimal(6), "")]},
            "milestones",
            "stands twice",
        ),
        ({"weight": Decimal(-1)}, "weight", "expected 0 or more"),
        ({"frequency": "sometimes"}, "frequency", "sometimes"),
        ({"marking": "NATO SECRET"}, "marking", "NATO SECRET"),
    ],
)
def test_a_contradiction_names_its_field_and_leaves_nothing_behind(given, field, words):
    version = make_version(lower_bound=Decimal(0), upper_bound=Decimal(100))

    with pytest.raises(ValidationError) as caught:
        tailor(make_programme(), make_admin(), version, **given)

    assert words in caught.value.message_dict[field][0]
    assert not ProgrammeIndicator.objects.exists()


def test_lower_is_better_contradicted_names_both():
    with pytest.raises(ValidationError, match="target 80 lies above baseline 20"):
        tailor(make_programme(), make_admin(), make_version(direction="descending"))


@pytest.mark.parametrize(
    ("low", "high", "field"), [(8, 5, "range_high"), (5, 5, "range_high"), (None, 5, "range_low")]
)
def test_a_range_runs_from_low_to_high(low, high, field):
    limits = {
        "range_low": None if low is None else Decimal(low),
        "range_high": None if high is None else Decimal(high),
        "target": None,
    }

    with pytest.raises(ValidationError) as caught:
        tailor(make_programme(), make_admin(), make_version(direction="range"), **limits)

    assert field in caught.value.message_dict


def test_a_context_indicator_carries_no_target():
    with pytest.raises(ValidationError, match="watched and never judged"):
        tailor(make_programme(), make_admin(), make_version(result_level="context", measure="CONTEXT"))


def low(programme=None, by=None):
    """An indicator whose first agreement proposes a lower threshold."""
    return tailor(
        programme or make_programme(),
        by or make_admin(),
        on_track_from=Decimal("0.80"),
        reason="The start was slow.",
    )


class TestLowerThresholds:
    def test_they_wait_for_a_second_person_and_until_then_the_usual_ones_hold(self):
        indicator = low()

        proposal = indicator.proposals.get()
        assert indicator.plan.on_track_from == Decimal("0.90")
        assert (proposal.on_track_from, proposal.state) == (Decimal("0.80"), "pending")
        assert (proposal.reason, proposal.based_on) == ("The start was slow.", indicator.plan)
        assert Event.objects.filter(verb="proposed lower thresholds", about_id=indicator.pk).count() == 1

    @pytest.mark.parametrize("who", ["another administrator", "an approver"])
    def test_a_second_person_puts_them_in_force(self, who):
        indicator = low()
        second = (
            make_admin()
            if who == "another administrator"
            else make_user(programme=indicator.programme, role=Role.APPROVER)
        )
        decide_proposal(proposal=indicator.proposals.get(), approve=True, by=second, at=AT)

        indicator.refresh_from_db()
        proposal = indicator.proposals.get()
        assert indicator.plan.on_track_from == Decimal("0.80")
        assert indicator.plan == proposal.revision
        assert (indicator.plan.number, proposal.state, proposal.decided_by) == (2, "approved", second)
        assert indicator.plan.effective_on >= AT.date()
        assert Event.objects.filter(verb="approved lower thresholds").count() == 1

    @pytest.mark.parametrize("role", [Role.OFFICER, Role.EVALUATOR, Role.READER])
    def test_others_do_not_decide(self, role):
        indicator = low()
        with pytest.raises(PermissionDenied):
            decide_proposal(
                proposal=indicator.proposals.get(),
                approve=True,
                by=make_user(programme=indicator.programme, role=role),
                at=AT,
            )

    def test_nobody_approves_their_own(self):
        proposer = make_admin()
        indicator = low(by=proposer)
        with pytest.raises(PermissionDenied, match="that they proposed"):
            decide_proposal(proposal=indicator.proposals.get(), approve=True, by=proposer, at=AT)

    def test_declining_needs_a_reason_and_changes_nothing(self):
        indicator, second = low(), make_admin()
        with pytest.raises(ValidationError, match="say why"):
            decide_proposal(proposal=indicator.proposals.get(), approve=False, by=second, at=AT)
        decide_proposal(
            proposal=indicator.proposals.get(), approve=False, comment="Too soft.", by=second, at=AT
        )

        indicator.refresh_from_db()
        assert indicator.plan.on_track_from == Decimal("0.90")
        assert indicator.proposals.get().state == "declined"

    def test_it_is_decided_once(self):
        indicator, second = low(), make_admin()
        proposal = indicator.proposals.get()
        decide_proposal(proposal=proposal, approve=True, by=second, at=AT)
        with pytest.raises(ValidationError, match="before you"):
            decide_proposal(proposal=proposal, approve=True, by=second, at=AT)

    def test_what_no_longer_fits_is_not_put_in_force(self):
        indicator, second = low(), make_admin()
        revise_target(
            indicator=indicator,
            reason_code="context",
            reason="A new plan.",
            target=Decimal(70),
            by=second,
            at=AT,
        )
        with pytest.raises(ValidationError, match="was revised since"):
            decide_proposal(proposal=indicator.proposals.get(), approve=True, by=second, at=AT)

    def test_a_revision_that_lowers_them_is_a_proposal_too(self):
        indicator = tailor(make_programme(), make_admin())
        made = revise_target(
            indicator=indicator,
            reason_code="context",
            reason="It goes slower.",
            at_risk_from=Decimal("0.60"),
            target=Decimal(70),
            by=make_admin(),
            at=AT,
        )

        indicator.refresh_from_db()
        assert isinstance(made, TargetProposal)
        assert (indicator.plan.number, indicator.plan.target) == (1, Decimal(80))
        decide_proposal(proposal=made, approve=True, by=make_admin(), at=AT)
        indicator.refresh_from_db()
        assert (indicator.plan.at_risk_from, indicator.plan.target) == (Decimal("0.60"), Decimal(70))

    def test_what_was_approved_is_not_asked_again(self):
        indicator = low()
        decide_proposal(proposal=indicator.proposals.get(), approve=True, by=make_admin(), at=AT)
        made = revise_target(
            indicator=indicator,
            reason_code="context",
            reason="More.",
            target=Decimal(70),
            by=make_admin(),
            at=AT,
        )
        assert isinstance(made, TargetRevision)
        assert made.on_track_from == Decimal("0.80")

    def test_only_one_waits_at_a_time(self):
        indicator = low()
        with pytest.raises(ValidationError, match="already proposed"):
            revise_target(
                indicator=indicator,
                reason_code="context",
                reason="Lower.",
                on_track_from=Decimal("0.76"),
                by=make_admin(),
                at=AT,
            )

    def test_higher_thresholds_need_nobody(self):
        indicator = tailor(make_programme(), make_admin(), on_track_from=Decimal("0.95"))
        assert indicator.plan.on_track_from == Decimal("0.95")
        assert not indicator.proposals.exists()


def test_everything_it_points_at_belongs_to_the_programme():
    programme, other = make_programme(), make_programme()
    stranger = make_user(programme=other)
    foreign = {
        "units": [make_unit(other)],
        "objective": other.designs.get().objectives.get(),
        "partner": make_partner("KWT"),
        "releasable_to": [make_partner("KWT")],
        "responsible": stranger,
    }

    with pytest.raises(ValidationError) as caught:
        tailor(programme, make_admin(), **foreign)

    assert caught.value.message_dict.keys() == foreign.keys()


def test_only_administrators_tailor():
    programme = make_programme()

    with pytest.raises(PermissionDenied):
        tailor(programme, make_user(programme=programme))


# --- Changing ----------------------------------------------------------------------------------------------


def test_a_change_keeps_what_was_before():
    indicator = make_indicator()

    changed = change_indicator(
        indicator=indicator, row_version=1, local_name="Posts up to standard", by=make_admin(), at=AT
    )

    assert (changed.name, changed.row_version) == ("Posts up to standard", 2)
    assert Event.objects.get(verb="changed an indicator").before == {"local_name": ""}


def test_a_stale_change_is_refused():
    indicator, admin = make_indicator(), make_admin()
    change_indicator(indicator=indicator, row_version=1, local_name="One", by=admin, at=AT)

    with pytest.raises(ValidationError, match="Somebody changed"):
        change_indicator(indicator=indicator, row_version=1, local_name="Two", by=admin, at=AT)

    indicator.refresh_from_db()
    assert indicator.local_name == "One"


def test_more_reporting_units_expect_more_figures():
    programme, admin = make_programme(), make_admin()
    indicator = make_indicator(programme)
    ensure_periods(programme=programme, until=date(2025, 9, 30), at=AT)
    make_observation(indicator, programme.periods.last())

    units = [make_unit(programme), make_unit(programme)]
    change_indicator(indicator=indicator, row_version=1, units=units, by=admin, at=AT)

    assert indicator.rollups.get().expected == 2


def test_the_frequency_stays_once_figures_are_stored():
    programme, admin = make_programme(), make_admin()
    indicator = make_indicator(programme)
    ensure_periods(programme=programme, until=date(2025, 9, 30), at=AT)
    make_observation(indicator, programme.periods.last())

    with pytest.raises(ValidationError) as caught:
        change_indicator(indicator=indicator, row_version=1, frequency="monthly", by=admin, at=AT)

    assert "frequency" in caught.value.message_dict


# --- Targets -----------------------------------------------------------------------------------------------


def test_a_revision_keeps_the_old_agreement_and_judges_again():
    indicator, admin = make_indicator(milestones=[(date(2025, 6, 30), Decimal(50))]), make_admin()

    revision = revise(indicator, admin, target=Decimal(60))

    indicator.refresh_from_db()
    assert indicator.plan == revision
    assert [(r.number, r.target) for r in indicator.revisions.all()] == [(1, 80), (2, 60)]
    assert (revision.baseline, revision.milestones.get().value) == (20, 50)
    assert IndicatorStatus.objects.filter(indicator=indicator).exists()
    event = Event.objects.get(verb="revised a target")
    assert (event.before["target"], event.after["target"]) == ("80", "60")


def test_a_stale_revision_is_refused():
    indicator, admin = make_indicator(), make_admin()
    revise(indicator, admin, target=Decimal(60), number=1)

    with pytest.raises(ValidationError, match="revised this target"):
        revise(indicator, admin, target=Decimal(50), number=1)

    assert indicator.revisions.count() == 2


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"reason": " "}, "reason"),
        ({"reason_code": "first"}, "reason_code"),
        ({"reason_code": "whim"}, "reason_code"),
        ({"effective_on": date(2020, 1, 1)}, "effective_on"),
        ({"target": Decimal(20)}, "target"),
        ({"target": Decimal(5)}, "target"),
    ],
)
def test_a_bad_revision_names_its_field_and_changes_nothing(given, field):
    indicator = make_indicator()

    with pytest.raises(ValidationError) as caught:
        revise(indicator, make_admin(), **given)

    assert field in caught.value.message_dict
    assert TargetRevision.objects.count() == 1


def test_targets_stand_still_in_the_last_fifth():
    indicator = make_indicator()

    with pytest.raises(ValidationError, match="its last 20"):
        revise(indicator, make_admin(), target=Decimal(60), at=LATE)

    assert TargetRevision.objects.count() == 1


def test_an_evaluation_moves_a_target_even_late():
    indicator = make_indicator()

    decision = decide(indicator.programme)
    revision = revise(
        indicator, make_admin(), target=Decimal(60), reason_code="evaluation", decision=decision, at=LATE
    )

    assert (revision.number, revision.decision) == (2, decision)


def test_an_evaluation_decision_is_named_not_merely_said():
    indicator = make_indicator()

    with pytest.raises(ValidationError, match="choose the decision"):
        revise(indicator, make_admin(), target=Decimal(60), reason_code="evaluation", at=LATE)
    with pytest.raises(DatabaseError, match="names the decision"), transaction.atomic():
        TargetRevision.objects.create(
            indicator=indicator, number=2, effective_on=AT.date(), reason_code="evaluation", reason="So.",
            created_by=make_admin(),
        )  # fmt: skip

    assert TargetRevision.objects.count() == 1


@pytest.mark.parametrize(
    ("kind", "own", "reason_code", "words"),
    [
        ("stop", True, "evaluation", "moves no target"),
        ("retarget", False, "evaluation", "another programme"),
        ("retarget", True, "context", "is an evaluation decision"),
    ],
)
def test_a_decision_that_does_not_fit_moves_no_target(kind, own, reason_code, words):
    indicator = make_indicator()
    decision = decide(indicator.programme if own else make_programme(), kind)

    with pytest.raises(ValidationError, match=words):
        revise(indicator, make_admin(), target=Decimal(60), reason_code=reason_code, decision=decision)

    assert TargetRevision.objects.count() == 1


def test_only_administrators_revise():
    indicator = make_indicator()

    with pytest.raises(PermissionDenied):
        revise(indicator, make_user(programme=indicator.programme), target=Decimal(60))


# --- The partner's word ------------------------------------------------------------------------------------


def make_released():
    indicator = make_indicator()
    indicator.releasable_to.add(make_partner())
    viewer = make_user(global_role="partner_viewer", partner=make_partner())
    return indicator, viewer


def test_a_partner_agrees_to_the_present_agreement():
    indicator, viewer = make_released()

    signed = sign_off(indicator=indicator, decision="signed", by=viewer, at=AT)

    assert (signed.revision, signed.partner) == (indicator.plan, make_partner())
    assert Event.objects.get(verb="signed off").by_id == viewer.pk


def test_a_refusal_needs_a_comment_and_is_kept():
    indicator, viewer = make_released()
    with pytest.raises(ValidationError) as caught:
        sign_off(indicator=indicator, decision="declined", by=viewer, at=AT)
    assert "comment" in caught.value.message_dict

    sign_off(indicator=indicator, decision="declined", comment="Too many posts.", by=viewer, at=AT)

    assert SignOff.objects.get().comment == "Too many posts."


def test_a_partner_answers_once_for_each_agreement():
    indicator, viewer = make_released()
    sign_off(indicator=indicator, decision="signed", by=viewer, at=AT)

    with pytest.raises(ValidationError, match="already answered"):
        sign_off(indicator=indicator, decision="signed", by=viewer, at=AT)
    revise(indicator, make_admin(), target=Decimal(60))
    sign_off(indicator=indicator, decision="signed", by=viewer, at=AT)

    assert SignOff.objects.count() == 2


def test_a_partner_does_not_sign_what_was_revised_meanwhile():
    indicator, viewer = make_released()
    revise(indicator, make_admin(), target=Decimal(60))

    with pytest.raises(ValidationError, match="revised while you read"):
        sign_off(indicator=indicator, decision="signed", number=1, by=viewer, at=AT)


def test_what_is_not_released_is_not_signed():
    indicator, _viewer = make_released()
    other = make_user(global_role="partner_viewer", partner=make_partner("KWT"))

    with pytest.raises(PermissionDenied):
        sign_off(indicator=indicator, decision="signed", by=other, at=AT)
    with pytest.raises(PermissionDenied):
        sign_off(indicator=indicator, decision="signed", by=make_admin(), at=AT)
