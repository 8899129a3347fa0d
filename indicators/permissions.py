"""Who may. `check_x` raises PermissionDenied with the reason; `may(check_x, …)` answers yes or no."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _

from indicators.models import (
    WAITING,
    Alert,
    Comment,
    ContributionRating,
    DueAssessment,
    ExPostPlan,
    GlobalRole,
    Membership,
    Observation,
    Partner,
    Programme,
    ProgrammeIndicator,
    Role,
    State,
    TargetProposal,
    User,
)

WORKING = frozenset({Role.OFFICER, Role.VALIDATOR, Role.APPROVER})
"""Who works with a programme's figures, and so does not evaluate it."""


def may(check: Callable[..., None], *args: Any, **given: Any) -> bool:
    """Whether the check lets pass."""
    try:
        check(*args, **given)
    except PermissionDenied:
        return False
    return True


def why_not(check: Callable[..., None], *args: Any, **given: Any) -> str:
    """The reason why the check refuses, for a button's hint; empty when it lets pass."""
    try:
        check(*args, **given)
    except PermissionDenied as refusal:
        return str(refusal)
    return ""


def roles_in(user: User, programme: Programme | int) -> set[str]:
    """The roles that a person holds in a programme today. One query."""
    pk = programme.pk if isinstance(programme, Programme) else programme
    if not user.is_authenticated:
        return set()
    return set(Membership.objects.active().filter(user=user, programme_id=pk).values_list("role", flat=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The roles that a person holds in a programme today: in their own right, or in the place of another."""

    own: frozenset[str] = frozenset()
    instead: Mapping[str, str] = field(default_factory=dict)
    """Role to the name of the person whose place is taken."""

    @property
    def roles(self) -> frozenset[str]:
        return self.own | self.instead.keys()

    def in_place_of(self, *roles: str) -> str:
        """Whose place is taken by acting in one of these roles; empty for whoever holds one in their own right."""
        if self.own & set(roles):
            return ""
        return next((self.instead[role] for role in roles if role in self.instead), "")


def standing_in(user: User, programme: Programme | int) -> Standing:
    """How a person stands in one programme today. One query."""
    pk = programme.pk if isinstance(programme, Programme) else programme
    return standings(user, [pk])[pk]


def standings(user: User, programmes: Collection[int] | None = None) -> dict[int, Standing]:
    """How a person stands in each programme (or in these) today; a programme without a role has an empty one."""
    own: dict[int, set[str]] = defaultdict(set)
    instead: dict[int, dict[str, str]] = defaultdict(dict)
    if user.is_authenticated:
        held = Membership.objects.active().filter(user=user).select_related("substitutes_for")
        for one in held if programmes is None else held.filter(programme__in=programmes):
            if one.substitutes_for is None:
                own[one.programme_id].add(one.role)
            else:
                instead[one.programme_id][one.role] = str(one.substitutes_for)
    found: dict[int, Standing] = defaultdict(Standing)
    for pk in {*own, *instead}:
        found[pk] = Standing(own=frozenset(own[pk]), instead=instead[pk])
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class StandIn:
    """Somebody who takes, or gives, a place from a day to a day (UTC, as memberships)."""

    person: int
    starts_on: date
    ends_on: date

    def covers(self, at: datetime | None) -> bool:
        return at is not None and self.starts_on <= at.astimezone(UTC).date() <= self.ends_on


def stand_ins(user: User, programmes: Collection[int]) -> dict[int, list[StandIn]]:
    """By programme, whose place the person takes or took, and who takes or took theirs. One query."""
    found: dict[int, list[StandIn]] = defaultdict(list)
    pairs = Membership.objects.filter(
        Q(user=user) | Q(substitutes_for=user), programme__in=programmes, substitutes_for__isnull=False
    )
    for one in pairs:
        other = one.substitutes_for_id if one.user_id == user.pk else one.user_id
        if other is not None and one.ends_on is not None:
            found[one.programme_id].append(
                StandIn(person=other, starts_on=one.starts_on, ends_on=one.ends_on)
            )
    return found


def check_may_administer(user: User) -> None:
    """Register programmes, people, schedules; tailor indicators; edit the library."""
    if not user.is_admin:
        raise PermissionDenied(_("Only administrators may do this."))


def check_may_compose(user: User, programme: Programme) -> None:
    """Join a programme's indicators into an index: administrators, and the programme's approver, who manages it."""
    if not user.is_admin and Role.APPROVER not in roles_in(user, programme):
        raise PermissionDenied(_("Only administrators and approvers of this programme compose its indices."))


def check_may_describe_partner(user: User, partner: Partner) -> None:
    """Write a partner's context profile: administrators, and approvers of a programme with it. At most one query."""
    if user.is_admin:
        return
    held = Membership.objects.active().filter(user=user, role=Role.APPROVER, programme__partners=partner)
    if not user.is_authenticated or not held.exists():
        raise PermissionDenied(
            _("Only administrators and approvers of a programme with this partner write its profile.")
        )


def check_may_enter(
    user: User, indicator: ProgrammeIndicator, *, roles: Collection[str] | None = None
) -> None:
    """Enter observations of an indicator.

    Args:
        roles: the person's roles in its programme, where the caller has read them for many rows at once.
    """
    held = roles_in(user, indicator.programme_id) if roles is None else set(roles)
    if not held & {Role.OFFICER, Role.APPROVER}:
        raise PermissionDenied(_("Only officers of this programme enter its figures."))
    check_is_observed(indicator)


def check_is_observed(indicator: ProgrammeIndicator) -> None:
    """Nobody enters what a formula computes."""
    if indicator.is_computed:
        raise PermissionDenied(
            _("This indicator is computed by a formula from other indicators; enter their figures instead.")
        )


def check_may_edit_observation(
    user: User, observation: Observation, *, roles: Collection[str] | None = None
) -> None:
    """Change or submit an observation that is still a draft or was returned; `roles` as in `check_may_enter`."""
    check_may_enter(user, observation.indicator, roles=roles)
    if observation.state not in {State.DRAFT, State.RETURNED}:
        raise PermissionDenied(_("Only drafts and returned figures can be changed; others are corrected."))


def check_may_decide(user: User, observation: Observation, *, roles: Collection[str] | None = None) -> None:
    """Approve, return or reject an observation that waits for it (four eyes: METHOD 4.2).

    It waits once it is submitted, or where the programme validates its figures once it is validated. `roles` as in
    `check_may_enter`.
    """
    programme = observation.indicator.programme
    held = roles_in(user, programme) if roles is None else roles
    if Role.APPROVER not in held:
        raise PermissionDenied(_("Only approvers of this programme decide on its figures."))
    if observation.state not in WAITING:
        raise PermissionDenied(_("Only submitted figures wait for a decision."))
    if observation.state == State.SUBMITTED and programme.needs_validation:
        raise PermissionDenied(_("This figure waits for a data validator first."))
    if user.pk in {observation.entered_by_id, observation.submitted_by_id}:
        raise PermissionDenied(_("Nobody decides on figures that they entered or submitted."))


def check_may_approve(user: User, observation: Observation, *, roles: Collection[str] | None = None) -> None:
    """Accept an observation: as `check_may_decide`, and not by whoever validated it."""
    check_may_decide(user, observation, roles=roles)
    if user.pk == observation.validated_by_id:
        raise PermissionDenied(_("Nobody approves figures that they validated."))


def check_may_validate(user: User, observation: Observation, *, roles: Collection[str] | None = None) -> None:
    """Say that a submitted observation is sound, or return it (METHOD 4.1, 4.2); `roles` as in `check_may_enter`."""
    programme = observation.indicator.programme
    held = roles_in(user, programme) if roles is None else roles
    if Role.VALIDATOR not in held:
        raise PermissionDenied(_("Only data validators of this programme validate its figures."))
    if not programme.needs_validation:
        raise PermissionDenied(_("This programme approves its figures without a step of validation."))
    if observation.state != State.SUBMITTED:
        raise PermissionDenied(_("Only submitted figures wait for validation."))
    if user.pk in {observation.entered_by_id, observation.submitted_by_id}:
        raise PermissionDenied(_("Nobody validates figures that they entered or submitted."))


def check_may_return(user: User, observation: Observation, *, roles: Collection[str] | None = None) -> None:
    """Give an observation back: whoever may validate or decide on it as it stands."""
    if observation.state == State.SUBMITTED and observation.indicator.programme.needs_validation:
        check_may_validate(user, observation, roles=roles)
    else:
        check_may_decide(user, observation, roles=roles)


def check_may_keep_calendar(user: User, programme: Programme) -> None:
    """Reopen and lock periods, grant and take back exceptions: administrators and the programme's approvers."""
    if not user.is_admin and Role.APPROVER not in roles_in(user, programme):
        raise PermissionDenied(
            _("Only administrators and approvers of this programme reopen or lock its periods.")
        )


def check_may_correct(user: User, observation: Observation, *, roles: Collection[str] | None = None) -> None:
    """Enter a newer figure for an approved one; `roles` as in `check_may_enter`."""
    check_may_enter(user, observation.indicator, roles=roles)
    if observation.state != State.APPROVED:
        raise PermissionDenied(_("Only approved figures are corrected; others can still be changed."))


def check_may_see_register(user: User, programme: Programme) -> None:
    """Read what a course register says of single people, though under pseudonyms."""
    if not user.is_admin and not roles_in(user, programme) & (WORKING | {Role.EVALUATOR}):
        raise PermissionDenied(_("Records of single participants are shown to those who work with them."))


def check_may_enter_register(user: User, programme: Programme) -> None:
    """Enter participants, scores and answers of a course run."""
    if not roles_in(user, programme) & {Role.OFFICER, Role.APPROVER}:
        raise PermissionDenied(_("Only officers of this programme enter its course registers."))


def check_may_import(user: User, programme: Programme) -> None:
    """Send files of figures, and take them over."""
    if not roles_in(user, programme) & {Role.OFFICER, Role.APPROVER}:
        raise PermissionDenied(_("Only officers of this programme enter its figures."))


def check_may_request_assessment(user: User, programme: Programme) -> None:
    """Ask for an assessment outside the schedule."""
    if not user.is_admin and not roles_in(user, programme) & {Role.APPROVER, Role.EVALUATOR}:
        raise PermissionDenied(_("Only administrators, approvers and evaluators ask for an assessment."))


def check_may_cancel_assessment(user: User, due: DueAssessment) -> None:
    """Stop an assessment that waits or runs: whoever asked for it, or an administrator."""
    if not user.is_admin and due.requested_by_id != user.pk:
        raise PermissionDenied(
            _("Only administrators, or the person who asked for it, cancel an assessment.")
        )


def check_may_draft_expost_plan(user: User, programme: Programme) -> None:
    """Write the draft of an ex-post plan."""
    if not user.is_admin and not roles_in(user, programme) & {Role.OFFICER, Role.APPROVER, Role.EVALUATOR}:
        raise PermissionDenied(
            _("Only administrators and those who work in this programme draft its ex-post plan.")
        )


def check_may_lock_expost_plan(user: User, plan: ExPostPlan) -> None:
    """Lock a plan: an administrator or an evaluator who does not work in the programme, and not its author."""
    roles = roles_in(user, plan.programme_id)
    if not user.is_admin and Role.EVALUATOR not in roles:
        raise PermissionDenied(
            _("A second person locks it: an evaluator of this programme, or an administrator.")
        )
    if not user.is_admin and roles & WORKING:
        raise PermissionDenied(_("Nobody locks the plan of a programme in which they work."))
    if plan.is_locked:
        raise PermissionDenied(_("This plan is locked already."))
    if user.pk == plan.drafted_by_id:
        raise PermissionDenied(
            _("Nobody locks a plan that they were the last to change; ask a second person.")
        )


def check_may_evaluate(user: User, programme: Programme) -> None:
    """Evaluate a programme: an evaluator who works in it neither now nor in the same phase (METHOD 4.1). One query."""
    rows = _memberships(user, programme)
    if not any(role == Role.EVALUATOR and is_active for role, is_active, _ends_on in rows):
        raise PermissionDenied(_("Only evaluators of this programme review its assessments."))
    worked = [
        ends_on is None or ends_on >= programme.starts_on
        for role, _is_active, ends_on in rows
        if role in WORKING
    ]
    if any(worked):
        raise PermissionDenied(
            _("Nobody evaluates a programme in which they work, or worked in the same phase.")
        )


def _memberships(user: User, programme: Programme) -> list[tuple[str, bool, date | None]]:
    """Every role that a person holds or held in a programme: the role, whether it is held today, its last day."""
    if not user.is_authenticated:
        return []
    active = Membership.objects.active().filter(pk=OuterRef("pk"))
    rows = Membership.objects.filter(user=user, programme=programme)
    return list(rows.annotate(is_active=Exists(active)).values_list("role", "is_active", "ends_on"))


def check_may_plan_evaluation(user: User, programme: Programme) -> None:
    """Plan an evaluation: its evaluators, or an administrator, who commissions it."""
    if not user.is_admin:
        check_may_evaluate(user, programme)


def check_may_check_facts(user: User, programme: Programme) -> None:
    """Comment on the facts of a report: the programme's own people, who cannot change it (METHOD 4.5)."""
    if not roles_in(user, programme) & {Role.OFFICER, Role.APPROVER}:
        raise PermissionDenied(_("Only officers and approvers of this programme comment on the facts."))


def check_may_respond(user: User, programme: Programme) -> None:
    """Answer a recommendation on behalf of the programme: its approver, who manages it (METHOD 4.1)."""
    if Role.APPROVER not in roles_in(user, programme):
        raise PermissionDenied(_("Only approvers of this programme answer its recommendations."))


def check_may_follow_up(user: User, programme: Programme) -> None:
    """Say how far an agreed action is."""
    if not roles_in(user, programme) & {Role.OFFICER, Role.APPROVER}:
        raise PermissionDenied(_("Only officers and approvers of this programme report on its actions."))


def check_may_adjust(user: User, programme: Programme) -> None:
    """Decide what changes: the programme's approver or an administrator, never one of its evaluators."""
    roles = roles_in(user, programme)
    if not user.is_admin and Role.APPROVER not in roles:
        raise PermissionDenied(
            _("Only approvers of this programme and administrators decide on its adjustment.")
        )
    if Role.EVALUATOR in roles:
        raise PermissionDenied(_("Whoever evaluates a programme does not decide on it."))


def check_may_handle_lesson(user: User, programme: Programme) -> None:
    """Bring a lesson on its way: evaluators of its programme, and administrators."""
    if not user.is_admin and Role.EVALUATOR not in roles_in(user, programme):
        raise PermissionDenied(_("Only evaluators of this programme and administrators handle its lessons."))


def check_may_rate_contribution(user: User, programme: Programme) -> None:
    """Rate what a programme contributed: an evaluator who neither works nor ever worked in it (METHOD 2.10, 4.1)."""
    check_may_evaluate(user, programme)
    if Membership.objects.filter(user=user, programme=programme, role__in=list(WORKING)).exists():
        raise PermissionDenied(_("Nobody rates the contribution of a programme in which they ever worked."))


def check_may_change_rating(user: User, rating: ContributionRating) -> None:
    """Change, hand in or throw away a rating: the one who wrote it, while it is a draft."""
    check_may_rate_contribution(user, rating.review.indicator.programme)
    if rating.rater_id != user.pk:
        raise PermissionDenied(_("A rating is changed by the one who wrote it."))
    if rating.is_submitted:
        raise PermissionDenied(_("This rating is handed in; nothing in it changes any more."))


def check_may_sign_off(user: User, indicator: ProgrammeIndicator) -> None:
    """Agree to, or decline, an indicator on behalf of a partner."""
    if user.global_role != GlobalRole.PARTNER_VIEWER or user.partner_id is None:
        raise PermissionDenied(_("Only a partner's own viewer signs off for that partner."))
    if not ProgrammeIndicator.objects.visible_to(user).filter(pk=indicator.pk).exists():
        raise PermissionDenied(_("This indicator is not releasable to your nation."))


def check_may_decide_proposal(user: User, proposal: TargetProposal) -> None:
    """Approve or decline thresholds below the usual ones: another administrator, or an approver of the programme."""
    if not user.is_admin and Role.APPROVER not in roles_in(user, proposal.indicator.programme_id):
        raise PermissionDenied(_("Only administrators and approvers of this programme decide on thresholds."))
    if proposal.state != TargetProposal.State.PENDING:
        raise PermissionDenied(_("This proposal was decided on before."))
    if user.pk == proposal.proposed_by_id:
        raise PermissionDenied(_("Nobody approves thresholds that they proposed."))


def check_may_explain(user: User, alert: Alert) -> None:
    """Close an alert with its cause: those who work with the figures."""
    if not roles_in(user, alert.indicator.programme_id) & {Role.OFFICER, Role.APPROVER}:
        raise PermissionDenied(_("Only officers and approvers of this programme explain a change."))


def check_may_see_events(user: User) -> None:
    """Read the audit trail: not for partner viewers."""
    if user.global_role == GlobalRole.PARTNER_VIEWER:
        raise PermissionDenied(_("The audit trail is for programme staff and auditors."))


def check_may_comment(user: User, subject: models.Model) -> None:
    """Say something about a thing: whoever sees it, partner reviewers too (METHOD 4.1). One query."""
    seen = type(subject)._default_manager.visible_to(user)  # type: ignore[attr-defined]
    if not seen.filter(pk=subject.pk).exists():
        raise PermissionDenied(_("Only those who see this comment on it."))


def check_may_change_comment(user: User, comment: Comment) -> None:
    """Edit a comment: the one who wrote it, unless it was withdrawn."""
    if comment.by_id != user.pk:
        raise PermissionDenied(_("A comment is edited by the one who wrote it."))
    if comment.is_withdrawn:
        raise PermissionDenied(_("This comment was withdrawn; write a new one."))
    check_may_comment(user, comment.subject)


def check_may_withdraw_comment(user: User, comment: Comment) -> None:
    """Take a comment back: the one who wrote it, or an administrator."""
    if comment.by_id != user.pk and not user.is_admin:
        raise PermissionDenied(_("A comment is withdrawn by the one who wrote it, or by an administrator."))
    check_may_comment(user, comment.subject)
