"""The evaluation report: question, answer, findings, ratings, lessons, recommendations and what came of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from indicators.assessment.evaluation_page import report_context
from indicators.documents.content import Block, Cell, Column, Facts, Heading, Note, Paragraph, Table
from indicators.documents.parts import NOTHING, Draft, column, lines, marking_for, nothing, on, words
from indicators.models import Evaluation, GlobalRole, Status, User
from indicators.templatetags.ui import MISSING, day, instant, number, state_label, verdict_value


def evaluation_report(user: User, evaluation: Evaluation) -> Draft:
    """The report as this person reads it, with the assessment that it rests on."""
    programme, run = evaluation.programme, evaluation.run
    said = [evaluation.get_kind_display()]
    if run is not None and user.global_role != GlobalRole.PARTNER_VIEWER:
        said.append(
            _("rests on %(label)s, revision %(number)s, as of %(day)s")
            % {"label": run.label, "number": run.revision, "day": day(run.as_of)}
        )
    return Draft(
        kind="evaluation",
        title=evaluation.title,
        subtitle=" · ".join(said),
        programme=f"{programme.code} · {programme.name}",
        marking=marking_for(user),
        illustrative=programme.is_illustrative,
        sources=(),
        blocks=tuple(_blocks(user, evaluation)),
    )


def _blocks(user: User, evaluation: Evaluation) -> Iterator[Block]:
    """What the evaluation's page says; for a partner viewer the released summary alone."""
    if user.global_role == GlobalRole.PARTNER_VIEWER:
        yield from _summary(evaluation)
        return
    shown = report_context(user, evaluation, at=timezone.now())
    yield _facts(evaluation)
    yield from _text(_("Scope and question"), evaluation.question, evaluation.scope)
    yield from _text(_("Answer"), evaluation.judgement)
    yield from _unanswered(shown)
    yield from _findings(shown)
    yield from _ratings(shown)
    yield from _text(_("Ownership and context"), evaluation.context)
    yield from _lessons(shown)
    yield from _recommendations(shown)


def _summary(evaluation: Evaluation) -> Iterator[Block]:
    yield from _text(_("Question"), evaluation.question)
    yield from _text(_("Summary"), evaluation.summary)


def _facts(evaluation: Evaluation) -> Facts:
    run = evaluation.run
    rows = [
        (_("Kind"), words(evaluation.get_kind_display())),
        (_("State"), words(evaluation.get_state_display())),
        (_("Lead"), words(evaluation.lead)),
    ]
    if run is not None:
        rests_on = _("%(label)s, revision %(number)s") % {"label": run.label, "number": run.revision}
        rows += [
            (_("Rests on"), words(rests_on)),
            (_("As of"), on(run.as_of)),
        ]
    if evaluation.is_signed:
        signed = f"{evaluation.signed_by}, {instant(evaluation.signed_at)} UTC"
        rows += [(_("Signed by"), words(signed)), (_("Hash of the report"), words(evaluation.content_hash))]
    return Facts(rows=tuple(rows))


def _text(heading: str, *texts: str) -> Iterator[Block]:
    yield Heading(heading, level=1)
    for text in texts:
        if text:
            yield Paragraph(text)
    if not any(texts):
        yield nothing(_("Not written yet."))


def _unanswered(shown: dict[str, Any]) -> Iterator[Block]:
    refusals = shown["refusals"]
    if refusals["rows"]:
        said = ", ".join(f"{code} ({state_label(reason)})" for code, reason, _method in refusals["rows"])
        more = _(" and %(n)s more") % {"n": refusals["more"]} if refusals["more"] else ""
        yield Note(_("No verdict was possible on: %(what)s") % {"what": said + more}, "refusal")


def _findings(shown: dict[str, Any]) -> Iterator[Block]:
    yield Heading(_("Findings"), level=1)
    for finding in shown["contents"].findings:
        yield Heading(_("Finding %(number)s") % {"number": finding.number}, level=2)
        yield Paragraph(finding.statement)
        sure = finding.get_confidence_display()
        if finding.confidence_reason:
            sure = f"{sure}. {finding.confidence_reason}"
        yield Facts(((_("Confidence"), words(sure)),))
        yield from _rests_on(finding)
        yield from (_fact_comment(comment) for comment in finding.comments.all())
    if not shown["contents"].findings:
        yield nothing(_("No finding yet"))


def _rests_on(finding: Any) -> Iterator[Table]:
    """The verdicts and the evidence that a finding names, with their figures as on the page."""
    rows = [
        (
            Cell(
                lines(
                    str(one.indicator),
                    " · ".join(str(part) for part in (one.indicator.partner, one.course_run) if part),
                )
            ),
            Cell(_stand(one)),
            Cell(_figure(one), one.value),
        )
        for one in finding.verdicts.all()
    ]
    rows += [
        (
            Cell(
                lines(one.name, f"{one.observation.indicator.definition.code} {one.observation.period.label}")
            ),
            Cell(_("Evidence")),
            NOTHING,
        )
        for one in finding.evidence.all()
    ]
    if rows:
        yield Table(
            title=_("Rests on"),
            columns=(
                column(_("Indicator or evidence")),
                column(_("Verdict"), "status"),
                column(_("Value"), "number"),
            ),
            rows=tuple(rows),
            name=f"finding{finding.number}",
        )


def _whose(verdict: Any) -> str:
    return " · ".join(str(part) for part in (verdict.indicator.partner, verdict.course_run) if part)


def _stand(verdict: Any) -> str:
    if verdict.status:
        return str(Status(verdict.status).label)
    word = verdict.refusal_code or (verdict.method if verdict.method != "judge" else "")
    return str(state_label(word)) if word else MISSING


def _figure(verdict: Any) -> str:
    """The figure with its interval, in the digits of the page."""
    if verdict.value is None:
        return MISSING
    said = str(verdict_value(verdict))
    if verdict.low is not None and verdict.high is not None:
        said += f" ({number(verdict.low, 2)} … {number(verdict.high, 2)})"
    return said


def _fact_comment(comment: Any) -> Note:
    """What the programme said to the facts, and the answer."""
    head = _("Fact check, %(who)s, %(day)s") % {"who": comment.by, "day": day(comment.at.date())}
    answer = _("Waits for an answer")
    if comment.answer:
        answer = f"{comment.get_answer_display()}. {comment.answer_text}"
    return Note(lines(head, comment.text, answer), "note")


def _ratings(shown: dict[str, Any]) -> Iterator[Block]:
    yield Heading(_("The six criteria"), level=1)
    rows = []
    for one in shown["ratings"]:
        row = one["row"]
        said = _("Not written yet.") if row is None else _("Not rated")
        if row is not None and row.rating:
            said = f"{row.rating} · {row.get_rating_display()}"
        rows.append((words(one["label"]), words(said), words(row.reason if row else "")))
    columns = (Column(_("Criterion"), "text"), Column(_("Rating"), "text"), Column(_("Why"), "text"))
    yield Table(title=_("Ratings on six points"), columns=columns, rows=tuple(rows), name="criteria")


def _lessons(shown: dict[str, Any]) -> Iterator[Block]:
    yield Heading(_("Lessons"), level=1)
    for one in shown["contents"].lessons:
        yield Paragraph(f"{one.number}. {one.statement} ({one.get_state_display()})")
    if not shown["contents"].lessons:
        yield nothing(_("No lesson was drawn."))


def _recommendations(shown: dict[str, Any]) -> Iterator[Block]:
    yield Heading(_("Recommendations"), level=1)
    for one in shown["contents"].recommendations:
        yield Heading(_("Recommendation %(number)s") % {"number": one.number}, level=2)
        yield Paragraph(one.statement)
        yield Facts(rows=tuple(_recommendation_facts(one)))
    if not shown["contents"].recommendations:
        yield nothing(_("No recommendation"))


def _recommendation_facts(one: Any) -> Iterator[tuple[str, Cell]]:
    yield _("For"), words(one.addressee)
    yield _("Priority"), words(one.get_priority_display())
    if one.due_on:
        yield _("To be done by"), on(one.due_on)
    response = getattr(one, "response", None)
    if response is not None:
        said = " ".join(filter(None, (f"{response.get_answer_display()}.", response.reason, response.action)))
        yield _("Management response"), words(said)
    for decision in one.decisions.all():
        yield _("Decision"), words(f"{decision.get_kind_display()}: {decision.rationale}")
