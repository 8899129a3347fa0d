"""What the pages of evaluations show. Reads only; a fixed number of queries, however many rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Count, Min, Prefetch, Q, QuerySet

from indicators.assessment.contents import Contents, decisions_in_full, load_contents
from indicators.assessment.evaluating import today_of
from indicators.assessment.moves import MOVES, moves_from
from indicators.commenting import talks_about
from indicators.engine.adjustment import DECISION_DAYS, RESPONSE_DAYS, Advice, DecisionUse, decision_use
from indicators.models import (
    CriterionRating,
    Evaluation,
    GlobalRole,
    Lesson,
    ManagementResponse,
    Programme,
    ProgrammeIndicator,
    Recommendation,
    Role,
    User,
    Verdict,
)
from indicators.permissions import (
    check_may_adjust,
    check_may_evaluate,
    may,
    roles_in,
    why_not,
)

REFUSALS = 12
"""Refusals that a report names; the others are counted."""


def listed_evaluations(user: User, wish: Mapping[str, Any]) -> QuerySet[Evaluation]:
    """Those that the person sees and asked for, each with how many recommendations are answered."""
    rows = Evaluation.objects.visible_to(user).select_related("programme", "run", "lead")
    for name in ("programme", "kind", "state"):
        if wish.get(name):
            rows = rows.filter(**{name: wish[name]})
    if wish.get("q"):
        words = wish["q"]
        found = Q(title__icontains=words)
        if user.global_role != GlobalRole.PARTNER_VIEWER:
            found |= (
                Q(question__icontains=words)
                | Q(judgement__icontains=words)
                | Q(findings__statement__icontains=words)
            )
        rows = rows.filter(found)
    return rows.annotate(
        advised=Count("recommendations", distinct=True),
        answered=Count("recommendations__response", distinct=True),
    ).order_by("-created_at", "-pk")


def report_context(user: User, evaluation: Evaluation, *, at: datetime) -> dict[str, Any]:
    """Everything that an evaluation's page shows."""
    contents = load_contents(evaluation)
    for finding in contents.findings:
        finding.evaluation = evaluation  # Known already: the talk about each asks for its programme.
    today = today_of(evaluation.programme, at)
    roles = roles_in(user, evaluation.programme)
    reason = why_not(check_may_evaluate, user, evaluation.programme)
    may_write = not reason and evaluation.is_writable
    state = evaluation.state
    return {
        "evaluation": evaluation,
        "run": evaluation.run,
        "programme": evaluation.programme,
        "contents": contents,
        "ratings": [
            {"label": label, "row": contents.ratings.get(value)}
            for value, label in CriterionRating.Criterion.choices
        ],
        "talks": talks_about(user, contents.findings),
        "steps": _steps(evaluation),
        "moves": moves_from(evaluation, contents, today) if not reason else [],
        "missing": _missing(evaluation, contents, today),
        "followed": _followed(contents),
        "decisions": contents.decisions,
        "cited": _cited_indicators(contents),
        "refusals": _refusals(user, evaluation),
        "lesson_moves": _lesson_moves(user, evaluation, contents, roles),
        "today": today,
        "why_not": reason,
        "may_evaluate": not reason,
        "may_write": may_write,
        "may_edit_texts": may_write or (not reason and state == Evaluation.State.PLANNED),
        "may_comment": state == Evaluation.State.FACT_CHECK
        and evaluation.facts_checked_at is None
        and bool(roles & {Role.OFFICER, Role.APPROVER}),
        "may_answer_facts": may_write and state != Evaluation.State.RUNNING,
        "may_respond": evaluation.is_signed and state != Evaluation.State.CLOSED and Role.APPROVER in roles,
        "may_report": evaluation.is_signed
        and state != Evaluation.State.CLOSED
        and bool(roles & {Role.OFFICER, Role.APPROVER}),
        "may_decide": evaluation.is_signed and may(check_may_adjust, user, evaluation.programme),
        "may_release": evaluation.is_signed and user.is_admin,
        "released": list(evaluation.releasable_to.all()) if evaluation.is_signed else [],
        "is_late": evaluation.response_due_on is not None
        and today > evaluation.response_due_on
        and any(not hasattr(one, "response") for one in contents.recommendations),
        "response_days": RESPONSE_DAYS,
    }


def _steps(evaluation: Evaluation) -> list[dict[str, Any]]:
    """The states in their order, with which are past, present and to come."""
    order = [str(one) for one in Evaluation.State]
    here = order.index(evaluation.state)
    return [
        {
            "label": Evaluation.State(state).label,
            "is_past": place < here,
            "is_current": place == here,
            "number": place + 1,
        }
        for place, state in enumerate(order)
    ]


def _missing(evaluation: Evaluation, contents: Contents, today: date) -> list[str]:
    """What is missing for the usual next state; shown to everybody, for others may be waited for."""
    steps = moves_from(evaluation, contents, today) if MOVES[evaluation.state] else []
    return steps[0]["missing"] if steps else []


def _followed(contents: Contents) -> dict[int, dict[str, list[Any]]]:
    """By finding: the recommendations and lessons that follow from it."""
    found: dict[int, dict[str, list[Any]]] = {
        one.pk: {"recommendations": [], "lessons": []} for one in contents.findings
    }
    for name in ("recommendations", "lessons"):
        for row in getattr(contents, name):
            for finding in row.findings.all():
                found[finding.pk][name].append(row)
    numbers = {one.pk: one.number for one in contents.findings}
    parts: list[Recommendation | Lesson] = [*contents.recommendations, *contents.lessons]
    for row in parts:
        row.finding_numbers = sorted((numbers[one.pk], one.pk) for one in row.findings.all())
    return found


def _cited_indicators(contents: Contents) -> list[ProgrammeIndicator]:
    """The indicators whose verdicts the findings cite, each once: what contribution is asked of."""
    found = {
        verdict.indicator_id: verdict.indicator
        for finding in contents.findings
        for verdict in finding.verdicts.all()
    }
    return sorted(found.values(), key=lambda one: (one.definition.code, one.pk))


def _refusals(user: User, evaluation: Evaluation) -> dict[str, Any]:
    """What the assessment could not answer, by indicator: a report says what it does not know."""
    if evaluation.run_id is None:
        return {"rows": [], "more": 0}
    rows = list(
        Verdict.objects.visible_to(user)
        .filter(run=evaluation.run_id)
        .exclude(refusal_code="")
        .order_by("indicator__definition__code", "pk")
        .values_list("indicator__definition__code", "refusal_code", "method")
    )
    return {
        "rows": rows[:REFUSALS],
        "more": max(0, len(rows) - REFUSALS),
        "codes": Counter(row[1] for row in rows),
    }


def _lesson_moves(
    user: User, evaluation: Evaluation, contents: Contents, roles: set[str]
) -> dict[int, list[dict[str, Any]]]:
    """The steps of each lesson that this person may take."""
    from indicators.assessment.adjusting import LESSON_MOVES

    if not evaluation.is_signed or not (user.is_admin or Role.EVALUATOR in roles):
        return {}
    return {
        lesson.pk: [
            {"to": to, "label": Lesson.State(to).label}
            for to in LESSON_MOVES[lesson.state]
            if not (to == Lesson.State.VERIFIED and lesson.created_by_id == user.pk)
            and not (to == Lesson.State.APPROVED and not user.is_admin)
        ]
        for lesson in contents.lessons
    }


# --- Following up --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One recommendation in the follow-up list: what it waits for, and since when."""

    recommendation: Recommendation
    waits_for: str
    """response, action, decision, or empty when nothing is open."""
    due_on: date | None
    is_overdue: bool


def follow_up_context(user: User, code: str, *, at: datetime) -> dict[str, Any]:
    """The follow-up list and the share of recommendations decided in time."""
    programmes = list(Programme.objects.visible_to(user).order_by("code"))
    chosen = next((one for one in programmes if one.code == code), None)
    rows = signed_recommendations(user)
    every = list(rows)
    today = at.date()
    lines = [_line(one, today) for one in every if chosen is None or one.evaluation.programme_id == chosen.pk]
    open_lines = [one for one in lines if one.waits_for]
    open_lines.sort(key=lambda one: (not one.is_overdue, one.due_on or date.max, one.recommendation.pk))
    return {
        "programmes": programmes,
        "chosen": chosen,
        "overdue": [one for one in open_lines if one.is_overdue],
        "waiting": [one for one in open_lines if not one.is_overdue],
        "settled": len(lines) - len(open_lines),
        "total": len(lines),
        "use": use_of(every, today),
        "use_rows": use_by_programme(every, today),
        "days": DECISION_DAYS,
        "response_days": RESPONSE_DAYS,
        "is_partner_viewer": user.global_role == GlobalRole.PARTNER_VIEWER,
    }


def signed_recommendations(user: User) -> QuerySet[Recommendation]:
    """Recommendations of signed reports with their answers and when they were first decided on. Two queries."""
    return (
        Recommendation.objects.visible_to(user)
        .filter(evaluation__state__in=Evaluation.SIGNED)
        .select_related("evaluation__programme", "response")
        .annotate(decided_at=Min("decisions__decided_at"))
        .prefetch_related(Prefetch("decisions", queryset=decisions_in_full()))
        .order_by("evaluation__signed_at", "pk")
    )


def _line(one: Recommendation, today: date) -> Line:
    evaluation, response = one.evaluation, getattr(one, "response", None)
    waits_for, due_on = "", None
    if evaluation.state == Evaluation.State.CLOSED:
        pass
    elif response is None:
        waits_for, due_on = "response", evaluation.response_due_on
    elif response.answer != ManagementResponse.Answer.REJECTED:
        if response.status in ManagementResponse.OPEN:
            waits_for, due_on = "action", response.due_on
        elif one.decided_at is None:  # type: ignore[attr-defined]
            waits_for = "decision"
    return Line(
        recommendation=one,
        waits_for=waits_for,
        due_on=due_on,
        is_overdue=due_on is not None and today > due_on,
    )


def use_of(rows: Sequence[Recommendation], today: date) -> DecisionUse:
    """How many of the recommendations led to a decision in time (METHOD 4.5)."""
    return decision_use([_advice(one) for one in rows], today)


def _advice(one: Recommendation) -> Advice:
    zone = one.evaluation.programme.zone
    signed_at, decided_at = one.evaluation.signed_at, one.decided_at  # type: ignore[attr-defined]
    return Advice(
        signed_on=signed_at.astimezone(zone).date(),  # type: ignore[union-attr]
        decided_on=decided_at.astimezone(zone).date() if decided_at else None,
    )


def use_by_programme(rows: Sequence[Recommendation], today: date) -> list[dict[str, Any]]:
    """The same for each programme that has a signed recommendation."""
    found: dict[str, list[Recommendation]] = {}
    for one in rows:
        found.setdefault(one.evaluation.programme.code, []).append(one)
    return [
        {"programme": members[0].evaluation.programme, "use": use_of(members, today)}
        for _code, members in sorted(found.items())
    ]


def listed_lessons(user: User, wish: Mapping[str, Any]) -> tuple[QuerySet[Lesson], list[str]]:
    """Lessons that the person sees and asked for, and every tag there is among those that they see."""
    rows = (
        Lesson.objects.visible_to(user)
        .filter(evaluation__state__in=Evaluation.SIGNED)
        .select_related("evaluation__programme")
        .order_by("-evaluation__signed_at", "pk")
    )
    tags = sorted({tag for found in rows.values_list("tags", flat=True) for tag in found})
    if wish.get("tag"):
        rows = rows.filter(tags__contains=[wish["tag"].lower()])
    if wish.get("q"):
        rows = rows.filter(statement__icontains=wish["q"])
    return rows, tags
