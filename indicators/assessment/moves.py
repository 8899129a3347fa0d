"""The way of an evaluation: which state follows which, who moves it, and what is missing. Decides; saves nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from indicators.assessment.contents import Contents
from indicators.models import CriterionRating, Evaluation, ManagementResponse
from indicators.permissions import check_may_evaluate

State = Evaluation.State
Missing = Callable[[Evaluation, Contents, date], list[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """One step: the past tense for the trail, the words of its button, and what must not be missing."""

    verb: str
    label: Any
    missing: Missing
    needs_reason: bool = False
    check: Callable[..., None] = check_may_evaluate


def _nothing(_evaluation: Evaluation, _contents: Contents, _today: date) -> list[str]:
    return []


def _for_draft(_evaluation: Evaluation, contents: Contents, _today: date) -> list[str]:
    return [] if contents.findings else [_("A finding; a report without one cannot be drafted.")]


def _for_fact_check(evaluation: Evaluation, contents: Contents, today: date) -> list[str]:
    found = _for_draft(evaluation, contents, today)
    if not evaluation.scope.strip():
        found.append(_("The scope: what is looked at, and what is left out."))
    if not evaluation.judgement.strip():
        found.append(_("The answer to the question."))
    if not evaluation.context.strip():
        found.append(_("Ownership and context."))
    unrated = [
        str(label) for value, label in CriterionRating.Criterion.choices if value not in contents.ratings
    ]
    if unrated:
        found.append(
            _("A rating of %(criteria)s, or why there is none.") % {"criteria": ", ".join(unrated).lower()}
        )
    found += [
        _("Finding %(number)d cites neither a verdict nor evidence.") % {"number": one.number}
        for one in contents.findings
        if not one.verdicts.all() and not one.evidence.all()
    ]
    return found


def _for_signature(evaluation: Evaluation, contents: Contents, today: date) -> list[str]:
    found = _for_fact_check(evaluation, contents, today)
    waiting = sum(not one.answer for one in contents.comments)
    if waiting:
        found.append(
            ngettext(
                "An answer to %(count)d comment on the facts.",
                "Answers to %(count)d comments on the facts.",
                waiting,
            )
            % {"count": waiting}
        )
    if not is_fact_check_over(evaluation, today):
        found.append(
            _(
                "The end of the fact check: %(day)s is its last day, unless the programme says earlier that it is done."
            )
            % {"day": date_format(evaluation.fact_check_until or today, "DATE_FORMAT")}
        )
    found += [
        _("Recommendation %(number)d has no day by which it should be done.") % {"number": one.number}
        for one in contents.recommendations
        if one.due_on is None
    ]
    return found


def is_fact_check_over(evaluation: Evaluation, today: date) -> bool:
    """Its last day has passed, or the programme's people said that they are through."""
    if evaluation.facts_checked_at is not None:
        return True
    return evaluation.fact_check_until is not None and today > evaluation.fact_check_until


def _for_response(_evaluation: Evaluation, contents: Contents, _today: date) -> list[str]:
    if contents.recommendations:
        return []
    return [_("A recommendation to answer; without one the evaluation is closed at once.")]


def _for_follow_up(_evaluation: Evaluation, contents: Contents, _today: date) -> list[str]:
    return [
        _("An answer of the programme to recommendation %(number)d.") % {"number": one.number}
        for one in contents.recommendations
        if not hasattr(one, "response")
    ]


def _for_end(_evaluation: Evaluation, contents: Contents, _today: date) -> list[str]:
    found = []
    for one in contents.recommendations:
        response = one.response
        if response.answer == ManagementResponse.Answer.REJECTED:
            continue
        if response.status in ManagementResponse.OPEN:
            found.append(
                _("The action on recommendation %(number)d is neither done nor dropped.")
                % {"number": one.number}
            )
        if not one.decisions.all():
            found.append(_("A decision that follows recommendation %(number)d.") % {"number": one.number})
    return found


def _for_early_end(_evaluation: Evaluation, contents: Contents, _today: date) -> list[str]:
    if contents.recommendations:
        return [_("The programme's answers: this evaluation recommends something.")]
    return []


MOVES: dict[str, dict[str, Move]] = {
    State.PLANNED: {State.RUNNING: Move(verb="began", label=gettext_lazy("Begin"), missing=_nothing)},
    State.RUNNING: {
        State.DRAFT: Move(
            verb="drafted the report of", label=gettext_lazy("Turn into a draft report"), missing=_for_draft
        )
    },
    State.DRAFT: {
        State.FACT_CHECK: Move(
            verb="sent out for a fact check",
            label=gettext_lazy("Send out for a fact check"),
            missing=_for_fact_check,
        )
    },
    State.FACT_CHECK: {
        State.FINAL: Move(verb="signed", label=gettext_lazy("Sign"), missing=_for_signature),
        State.DRAFT: Move(
            verb="took back to draft",
            label=gettext_lazy("Take back to draft"),
            missing=_nothing,
            needs_reason=True,
        ),
    },
    State.FINAL: {
        State.RESPONSE_DUE: Move(
            verb="asked for a response to", label=gettext_lazy("Ask for the response"), missing=_for_response
        ),
        State.CLOSED: Move(
            verb="closed", label=gettext_lazy("Close"), missing=_for_early_end, needs_reason=True
        ),
    },
    State.RESPONSE_DUE: {
        State.FOLLOW_UP: Move(
            verb="began to follow up", label=gettext_lazy("Begin the follow-up"), missing=_for_follow_up
        )
    },
    State.FOLLOW_UP: {
        State.CLOSED: Move(verb="closed", label=gettext_lazy("Close"), missing=_for_end, needs_reason=True)
    },
    State.CLOSED: {},
}
"""State after state; whatever does not stand here is refused."""


def moves_from(evaluation: Evaluation, contents: Contents, today: date) -> list[dict[str, Any]]:
    """The steps that may come next, each with what is missing for it; the usual one first."""
    return [
        {
            "to": to,
            "word": State(to).label,
            "move": move,
            "missing": move.missing(evaluation, contents, today),
        }
        for to, move in MOVES[evaluation.state].items()
        if not (to == State.CLOSED and evaluation.state == State.FINAL and contents.recommendations)
        and not (to == State.RESPONSE_DUE and not contents.recommendations)
    ]
