"""What the tests of evaluations play with: each function brings an evaluation one stretch further, by its actions."""

from __future__ import annotations

from datetime import date
from typing import Any

from indicators.assessment import adjusting, evaluating, running, writing
from indicators.models import (
    AssessmentRun,
    CriterionRating,
    Evaluation,
    Evidence,
    Finding,
    ManagementResponse,
    Membership,
    Observation,
    Programme,
    Recommendation,
    User,
)
from tests import factories as make
from tests.assessment.cast import make_assessed, make_due

OVER = date(2025, 10, 20)
"""Last day of a fact check that runs at `make.AT` still."""


def make_run(code: str = "", **given: Any) -> AssessmentRun:
    """A finished assessment of a programme of that code."""
    programme, _indicator = make_assessed(code, **given)
    make_due(programme)
    running.run_what_is_due()
    return AssessmentRun.objects.get(programme=programme)


def start(run: AssessmentRun, by: User) -> Evaluation:
    return evaluating.start_evaluation(
        run=run, title="Third quarter", question="Do posts improve?", scope="All posts.", by=by, at=make.AT
    )


def _now(evaluation: Evaluation) -> dict[str, Any]:
    evaluation.refresh_from_db()
    return {"evaluation": evaluation, "version": evaluation.version, "by": evaluation.lead, "at": make.AT}


def move(evaluation: Evaluation, to: str, **given: Any) -> Evaluation:
    return evaluating.move_evaluation(to=to, **_now(evaluation), **given)


def draft(evaluation: Evaluation, *, findings: int = 1) -> Evaluation:
    """A draft report with all its parts."""
    verdicts = list(evaluation.run.verdicts.all())
    made = [
        writing.save_finding(
            statement=f"Half of the posts meet it ({number}).", verdicts=verdicts, **_now(evaluation)
        )
        for number in range(findings)
    ]
    for one in made:
        writing.save_recommendation(
            findings=[one],
            statement="Inspect twice a year.",
            addressee="Mission commander",
            due_on=date(2026, 3, 31),
            **_now(evaluation),
        )
        writing.save_lesson(findings=[one], statement="Begin early.", tags=["posts"], **_now(evaluation))
    writing.rate_criteria(
        ratings={name: (4, "It fits.") for name in CriterionRating.Criterion.values}, **_now(evaluation)
    )
    evaluating.change_evaluation(
        judgement="They do, slowly.", context="The partner inspects too.", **_now(evaluation)
    )
    return move(evaluation, "draft")


def to_fact_check(evaluation: Evaluation, until: date = OVER) -> Evaluation:
    evaluation.refresh_from_db()
    if evaluation.state == "running":
        draft(evaluation)
    return move(evaluation, "fact_check", fact_check_until=until)


def finish(evaluation: Evaluation) -> Evaluation:
    return evaluating.sign_evaluation(**_now(evaluation))


def sign(evaluation: Evaluation) -> Evaluation:
    """A signed report; the programme was through with the facts."""
    to_fact_check(evaluation)
    evaluating.finish_fact_check(
        evaluation=evaluation, by=member(evaluation.programme, "officer"), at=make.AT
    )
    return finish(evaluation)


def member(programme: Programme, role: str) -> User:
    """Somebody who holds the role; made when there is nobody."""
    found = Membership.objects.filter(programme=programme, role=role).select_related("user").first()
    return found.user if found else make.make_user(programme=programme, role=role)


def answer(recommendation: Recommendation, **given: Any) -> ManagementResponse:
    defaults = {
        "answer": "accepted",
        "action": "Plan two rounds.",
        "responsible": "Training section",
        "due_on": date(2026, 3, 31),
    }
    by = given.pop("by", None) or member(recommendation.evaluation.programme, "approver")
    return adjusting.respond(recommendation=recommendation, by=by, at=make.AT, **(defaults | given))


def respond_to_all(evaluation: Evaluation) -> User:
    """The programme's answers to a signed report, up to the follow-up; who gave them."""
    move(evaluation, "response_due")
    for one in Recommendation.objects.filter(evaluation=evaluation).select_related("evaluation__programme"):
        answer(one)
    move(evaluation, "follow_up")
    return member(evaluation.programme, "approver")


def decide(evaluation: Evaluation, kind: str = "retarget", **given: Any) -> Any:
    """A decision that follows every recommendation of a signed report."""
    return adjusting.decide_adjustment(
        programme=evaluation.programme,
        kind=kind,
        rationale="As recommended.",
        recommendations=list(Recommendation.objects.filter(evaluation=evaluation)),
        **({"by": member(evaluation.programme, "approver"), "at": make.AT} | given),
    )


def make_evidence(programme: Programme) -> Evidence:
    observation = Observation.objects.filter(indicator__programme=programme, state="approved").first()
    assert observation is not None
    return Evidence.objects.create(
        observation=observation, kind="elsewhere", name="Inspection sheet", added_by=observation.entered_by,
        added_at=make.AT,
    )  # fmt: skip


def first_finding(evaluation: Evaluation) -> Finding:
    return Finding.objects.filter(evaluation=evaluation).order_by("pk")[0]
