"""The evaluation report: question, answer, findings, ratings, lessons, recommendations and what came of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from indicators.assessment.evaluation_page import report_context
from indicators.documents.content import Block, Cell, Column, Facts, Heading, Note, Paragraph, Table
from indicators.documents.parts import nothing, words
from indicators.models import Evaluation, GlobalRole, User
from indicators.templatetags.ui import day, instant


def blocks(user: User, evaluation: Evaluation) -> Iterator[Block]:
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
            (_("As of"), Cell(text=str(day(run.as_of)), value=run.as_of)),
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
        said = ", ".join(f"{code} ({reason})" for code, reason, _method in refusals["rows"])
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
        rests_on = [str(one.indicator) for one in finding.verdicts.all()]
        rests_on += [str(one.observation.indicator.definition.code) for one in finding.evidence.all()]
        yield Facts(
            rows=((_("Confidence"), words(sure)), (_("Rests on"), words("; ".join(dict.fromkeys(rests_on)))))
        )
    if not shown["contents"].findings:
        yield nothing(_("No finding yet"))


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
        yield _("To be done by"), Cell(text=str(day(one.due_on)), value=one.due_on)
    response = getattr(one, "response", None)
    if response is not None:
        said = " ".join(filter(None, (f"{response.get_answer_display()}.", response.reason, response.action)))
        yield _("Management response"), words(said)
    for decision in one.decisions.all():
        yield _("Decision"), words(f"{decision.get_kind_display()}: {decision.rationale}")
