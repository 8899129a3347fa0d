"""Two illustrative evaluations, made through the actions: one from question to decision, one in its fact check."""

# ruff: noqa: E501  (sentences for people)

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from indicators.assessment import adjusting, evaluating, running, writing
from indicators.assessment.planning import plan_programme, schedules
from indicators.management.demo.building import Cast
from indicators.models import (
    AssessmentRun,
    DueAssessment,
    Evaluation,
    Finding,
    Kind,
    Programme,
    Recommendation,
    Verdict,
)
from indicators.programmes import actions

ENDED, RUNNING = "ICI", "MD"
END = date(2025, 6, 30)


def noon(day: date) -> datetime:
    return datetime.combine(day, time(12), tzinfo=UTC)


def make_evaluations(cast: Cast, *, today: date, now: datetime) -> None:
    """What of the two can be told by the day on which the demo ends; nothing where an evaluation exists."""
    if today >= date(2026, 3, 1):
        _evaluate_ended(cast, now=now)
    _evaluate_running(cast, today=today, now=now)


def _pinned(code: str, kind: str, *, now: datetime, as_of: date | None = None) -> AssessmentRun | None:
    """The scheduled assessment of a day, or the newest one, made here and now if no worker has."""
    schedule = schedules().filter(programme__code=code).first()
    if schedule is None or Evaluation.objects.filter(programme__code=code).exists():
        return None
    plan_programme(schedule, at=now)
    rows = DueAssessment.objects.filter(programme__code=code, kind=kind, request=0, state="due")
    if as_of is not None:
        rows = rows.filter(as_of=as_of)
    due = rows.order_by("-as_of").first()
    if due is None or not running.run_this(due.pk):
        return None
    return AssessmentRun.objects.select_related("programme").get(due=due)


class Pen:
    """The hand that writes one report: every deed by the same person, at the day that it is told."""

    def __init__(self, evaluation: Evaluation, cast: Cast) -> None:
        self.evaluation, self.by = evaluation, cast.people["evaluator"]
        self.findings: list[Finding] = []

    def _given(self, day: date) -> dict[str, Any]:
        self.evaluation.refresh_from_db()
        return {
            "evaluation": self.evaluation,
            "version": self.evaluation.version,
            "by": self.by,
            "at": noon(day),
        }

    def find(self, day: date, statement: str, verdicts: list[Verdict], confidence: str, why: str) -> None:
        self.findings.append(
            writing.save_finding(
                statement=statement,
                verdicts=verdicts,
                confidence=confidence,
                confidence_reason=why,
                **self._given(day),
            )
        )

    def rate(self, day: date, ratings: dict[str, tuple[int | None, str]]) -> None:
        writing.rate_criteria(ratings=ratings, **self._given(day))

    def recommend(
        self, day: date, findings: list[int], statement: str, addressee: str, due_on: date, priority: str
    ) -> None:
        writing.save_recommendation(
            findings=[self.findings[place] for place in findings],
            statement=statement,
            addressee=addressee,
            due_on=due_on,
            priority=priority,
            **self._given(day),
        )

    def learn(self, day: date, findings: list[int], statement: str, tags: list[str]) -> None:
        writing.save_lesson(
            findings=[self.findings[place] for place in findings],
            statement=statement,
            tags=tags,
            **self._given(day),
        )

    def say(self, day: date, **texts: Any) -> None:
        evaluating.change_evaluation(**self._given(day), **texts)

    def move(self, day: date, to: str, **given: Any) -> None:
        evaluating.move_evaluation(to=to, **given, **self._given(day))


def _verdicts(run: AssessmentRun, *codes: str) -> list[Verdict]:
    """Up to three verdicts of each of these indicators, the status first."""
    found: list[Verdict] = []
    for code in codes:
        rows = Verdict.objects.filter(run=run, indicator__definition__code=code)
        found += rows.order_by("indicator__partner__name", "-status", "pk")[:3]
    return found


def _evaluate_ended(cast: Cast, *, now: datetime) -> None:
    """The phase of the Istanbul Cooperation Initiative that ended: what lasted, and what its follow-up should be."""
    run = _pinned(ENDED, Kind.EX_POST, now=now, as_of=END)
    if run is None:
        return
    people, programme = cast.people, run.programme
    day = date(2025, 9, 1)
    evaluation = evaluating.start_evaluation(
        run=run,
        kind=Evaluation.Kind.END_OF_PHASE,
        title="What the phase 2020–2025 left behind",
        question="Which of the agreed goals were reached, and what should follow the phase?",
        scope="All four partners, January 2020 to June 2025, as assessed at the end of the phase. Courses of the Regional Centre are left out; they are a programme of their own.",
        by=people["evaluator"],
        at=noon(day),
    )
    pen = Pen(evaluation, cast)
    pen.find(
        day,
        "Partners differ widely in the share of agreed goals that they reached; no common pace fits all four.",
        _verdicts(run, "PAR-01"),
        "high",
        "The shares rest on lists of goals that both sides signed.",
    )
    pen.find(
        day,
        "Coast guard posts with advice stand better at the end than at the start; whether advice was the cause is a question of the planned comparison.",
        _verdicts(run, "NMI-08"),
        "medium",
        "Joint inspections, but few posts on either side.",
    )
    pen.find(
        day,
        "Where other organisations work on the same objective, who does what was written down late.",
        _verdicts(run, "PAR-13"),
        "low",
        "A simple count; it says nothing of what the overlap cost.",
    )
    pen.recommend(
        day,
        [0],
        "Replace the one design for four partners by goals and a pace agreed with each of them.",
        "Programme manager",
        date(2026, 3, 31),
        "high",
    )
    pen.recommend(
        day,
        [1, 2],
        "Keep advice to posts where the partner staffs the follow-up, and hand the rest over.",
        "Programme manager",
        date(2026, 6, 30),
        "medium",
    )
    pen.learn(
        day,
        [0],
        "A goal with a named owner at the partner is worth more than three without.",
        ["ownership", "goal setting"],
    )
    pen.say(
        date(2025, 9, 22),
        judgement="Much of what was agreed was reached where the partner had owners and staff for it, and little where it had not. What follows should be cut to each partner.",
        context="Goals were proposed by the partners and agreed with them. Key officers rotated in 2024; a new command of one partner had no staff for two years.",
        summary="Agreed goals were reached where they had an owner on the partner's side. The follow-up is planned partner by partner.",
    )
    pen.rate(
        date(2025, 9, 22),
        {
            "relevance": (5, "The goals were the partners' own."),
            "coherence": (3, "Work of other organisations was taken into account late."),
            "effectiveness": (4, "Most goals of two partners were reached, few of the others."),
            "efficiency": (None, "Costs are not recorded by goal."),
            "impact": (
                None,
                "The planned comparisons can be answered 12 months after the end at the earliest.",
            ),
            "sustainability": (4, "Two partners staff and pay what they reached; for the others it is open."),
        },
    )
    pen.move(date(2025, 9, 29), "draft")
    pen.move(date(2025, 10, 6), "fact_check", fact_check_until=date(2025, 10, 20))
    comment = writing.comment_on_facts(
        finding=pen.findings[2],
        text="The list of who does what was agreed in March 2022, not late.",
        by=people["officer.ici"],
        at=noon(date(2025, 10, 9)),
    )
    pen.evaluation.refresh_from_db()
    writing.answer_comment(
        comment=comment,
        version=pen.evaluation.version,
        answer="kept",
        answer_text="In March 2022 the phase was two years old; that is what “late” says.",
        by=people["evaluator"],
        at=noon(date(2025, 10, 13)),
    )
    pen.move(date(2025, 10, 22), "final")
    _follow_up(pen, cast, programme)


def _follow_up(pen: Pen, cast: Cast, programme: Programme) -> None:
    """From the signature to a design that carries the decision out."""
    people, approver = cast.people, cast.people["approver.ici"]
    pen.move(date(2025, 10, 23), "response_due")
    first, second = Recommendation.objects.filter(evaluation=pen.evaluation).order_by("pk")
    adjusting.respond(
        recommendation=first,
        answer="accepted",
        action="Agree on goals and pace with each partner and lay them down in a new design.",
        responsible="Programme management, southern partnerships",
        due_on=date(2026, 3, 31),
        by=approver,
        at=noon(date(2025, 11, 12)),
    )
    adjusting.respond(
        recommendation=second,
        answer="partly",
        reason="Handing over needs the partners' budgets, which are decided in summer.",
        action="Name the posts that are handed over.",
        responsible="Adviser, maritime",
        due_on=date(2026, 9, 30),
        by=approver,
        at=noon(date(2025, 11, 12)),
    )
    pen.move(date(2025, 11, 17), "follow_up")
    decision = adjusting.decide_adjustment(
        programme=programme,
        kind="redesign_scope",
        rationale="One design for four partners did not fit; the follow-up is designed partner by partner.",
        recommendations=[first],
        by=approver,
        at=noon(date(2025, 12, 15)),
    )
    admin, day = people["admin"], date(2026, 1, 15)
    design = actions.start_design_version(
        programme=programme,
        reason="Follow-up of the ended phase, cut to each partner.",
        decision=decision,
        by=admin,
        at=noon(day),
    )
    actions.save_scope(
        design=design,
        scope="Follow-up of the phase 2020 to mid-2025 with the four members, each with goals and a pace of its own. Outside: courses of the Regional Centre, which are a programme of their own; posts without staff of the partner.",
        by=admin,
        at=noon(day),
    )
    actions.save_objective(
        design=design,
        code="OP2",
        level="output",
        statement="Each partner has agreed on its own goals, their owners and their pace.",
        parent=design.objectives.get(code="OC1"),
        position=5,
        by=admin,
        at=noon(day),
    )
    actions.put_design_in_force(design=design, in_force_from=date(2026, 2, 1), by=admin, at=noon(day))
    response = first.response  # type: ignore[attr-defined]
    adjusting.report_action(
        response=response,
        status="done",
        status_reason="Laid down in design version 2.",
        by=people["officer.ici"],
        at=noon(date(2026, 2, 3)),
    )
    lesson = pen.evaluation.lessons.get()  # type: ignore[attr-defined]
    adjusting.move_lesson(lesson=lesson, to="verified", by=admin, at=noon(date(2025, 11, 20)))
    adjusting.move_lesson(lesson=lesson, to="approved", is_shared=True, by=admin, at=noon(date(2025, 11, 24)))
    evaluating.release_summary(
        evaluation=pen.evaluation,
        partners=list(programme.partners.filter(code="KWT")),
        by=admin,
        at=noon(date(2025, 11, 24)),
    )


def _evaluate_running(cast: Cast, *, today: date, now: datetime) -> None:
    """A review of a running programme, out for its fact check; one comment is answered, one is not."""
    run = _pinned(RUNNING, Kind.ON_THE_FLY, now=now)
    if run is None:
        return
    people, day = cast.people, today - timedelta(days=20)
    evaluation = evaluating.start_evaluation(
        run=run,
        kind=Evaluation.Kind.ON_THE_FLY,
        title=f"Review of {run.label}",
        question="Which partners move at the planned pace, and which indicators cannot be judged?",
        scope="All seven partners and every indicator in use, as frozen in the latest assessment on the fly.",
        by=people["evaluator"],
        at=noon(day),
    )
    pen = Pen(evaluation, cast)
    verdicts = list(
        Verdict.objects.filter(run=run).exclude(status="").order_by("indicator__definition__code", "pk")
    )
    behind = [one for one in verdicts if one.status in {"off_track", "at_risk"}][:4]
    silent = [one for one in verdicts if one.status in {"not_reporting", "not_assessable"}][:4]
    pen.find(
        day,
        "Some indicators lie clearly behind their plan.",
        behind or verdicts[:2],
        "medium",
        "Approved figures, most without a margin of error.",
    )
    pen.find(
        day,
        "For others there is no figure to judge by.",
        silent or verdicts[-2:],
        "high",
        "What was not reported is on record.",
    )
    pen.recommend(
        day,
        [0],
        "Ask the partners behind plan which goal they would rather keep.",
        "Desk officers, Mediterranean Dialogue",
        today + timedelta(days=120),
        "medium",
    )
    pen.learn(day, [1], "Agree on who reports before agreeing on what is reported.", ["reporting"])
    pen.say(
        day,
        judgement="The programme moves at different paces; where nothing is reported, nothing can be said.",
        context="Partners choose their fields of cooperation themselves.",
    )
    pen.rate(
        day,
        {
            name: (None, "A light review; the criteria are rated at half time.")
            for name in ("relevance", "coherence", "efficiency", "impact", "sustainability")
        }
        | {"effectiveness": (4, "More indicators are on track than behind.")},
    )
    pen.move(day, "draft")
    pen.move(day, "fact_check", fact_check_until=today + timedelta(days=10))
    officer, at = people["officer.ici"], noon(today - timedelta(days=12))
    answered = writing.comment_on_facts(
        finding=pen.findings[0], text="One of these posts was closed for repair.", by=officer, at=at
    )
    writing.comment_on_facts(
        finding=pen.findings[1],
        text="The figures of one partner were sent by mail and not entered yet.",
        by=officer,
        at=at,
    )
    pen.evaluation.refresh_from_db()
    writing.answer_comment(
        comment=answered,
        version=pen.evaluation.version,
        answer="kept",
        answer_text="It was open on the days of the inspection.",
        by=people["evaluator"],
        at=noon(today - timedelta(days=10)),
    )
