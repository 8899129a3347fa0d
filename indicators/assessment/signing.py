"""What a signature is taken of: the whole report in canonical form, and its hash (METHOD 4.5). Reads only."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

from indicators.assessment.contents import Contents, load_contents
from indicators.engine.codec import canonical_hash
from indicators.models import AssessmentRun, Evaluation, Finding, Recommendation

FORM = 1
"""Raised when the report's form changes; what was signed in an older form keeps it."""


def report_of(evaluation: Evaluation, contents: Contents | None = None) -> dict[str, Any]:
    """Everything that the report says, and the hashes of what it rests on. Plain JSON values."""
    contents = contents or load_contents(evaluation)
    return {
        "form": FORM,
        "programme": evaluation.programme.code,
        "kind": evaluation.kind,
        "title": evaluation.title,
        "scope": evaluation.scope,
        "question": evaluation.question,
        "judgement": evaluation.judgement,
        "context": evaluation.context,
        "summary": evaluation.summary,
        "lead": evaluation.lead_id,
        "assessment": _assessment(evaluation.run),
        "findings": [_finding(one) for one in contents.findings],
        "ratings": {
            name: {"rating": one.rating, "reason": one.reason} for name, one in contents.ratings.items()
        },
        "recommendations": [_recommendation(one) for one in contents.recommendations],
        "lessons": [
            {
                "id": one.pk,
                "statement": one.statement,
                "tags": one.tags,
                "findings": sorted(finding.pk for finding in one.findings.all()),
            }
            for one in contents.lessons
        ],
        "fact_check": {
            "until": _day(evaluation.fact_check_until),
            "checked_by": evaluation.facts_checked_by_id,
            "checked_at": _instant(evaluation.facts_checked_at),
            "comments": [
                {
                    "finding": one.finding_id,
                    "about": one.about_statement,
                    "text": one.text,
                    "answer": one.answer,
                    "why": one.answer_text,
                }
                for one in contents.comments
            ],
        },
        "signed_by": evaluation.signed_by_id,
        "signed_at": _instant(evaluation.signed_at),
    }


def _assessment(run: AssessmentRun | None) -> dict[str, Any]:
    if run is None:
        return {}
    return {
        "id": run.pk,
        "kind": run.kind,
        "label": run.label,
        "as_of": _day(run.as_of),
        "revision": run.revision,
        "method_version": run.method_version,
        "input_hash": run.input_hash,
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "id": finding.pk,
        "statement": finding.statement,
        "confidence": finding.confidence,
        "confidence_reason": finding.confidence_reason,
        "verdicts": sorted(
            (
                {
                    "id": one.pk,
                    "indicator": one.indicator.definition.code,
                    "input_hash": one.input_hash,
                    "result_hash": one.result_hash,
                }
                for one in finding.verdicts.all()
            ),
            key=lambda one: one["id"],
        ),
        "evidence": [
            {"id": one.pk, "name": one.name, "sha256": one.sha256, "link": one.link}
            for one in finding.evidence.all()
        ],
    }


def _recommendation(one: Recommendation) -> dict[str, Any]:
    return {
        "id": one.pk,
        "statement": one.statement,
        "addressee": one.addressee,
        "priority": one.priority,
        "due_on": _day(one.due_on),
        "findings": sorted(finding.pk for finding in one.findings.all()),
    }


def report_differences(evaluation: Evaluation) -> Iterator[str]:
    """What is not as it was signed."""
    if evaluation.report is None:
        if first_form_hash(evaluation) != evaluation.content_hash:
            yield "it no longer says what was signed"
        return
    if canonical_hash(evaluation.report) != evaluation.content_hash:
        yield "the kept report does not have the hash that was signed"
    now = report_of(evaluation)
    if evaluation.report.get("form") != FORM:
        return
    wrong = [name for name, value in now.items() if evaluation.report.get(name) != value]
    if wrong:
        yield f"it no longer says what was signed ({', '.join(wrong)})"


def first_form_hash(evaluation: Evaluation) -> str:
    """The hash as it was taken before reports were kept: of reviews without ratings, lessons or fact check."""
    contents = load_contents(evaluation)
    return canonical_hash(
        {
            "run": [evaluation.run_id, evaluation.run.input_hash],
            "title": evaluation.title,
            "question": evaluation.question,
            "judgement": evaluation.judgement,
            "findings": [
                [one.pk, one.statement, sorted([v.pk, v.result_hash] for v in one.verdicts.all())]
                for one in contents.findings
            ],
            "recommendations": [
                [one.findings.all()[0].pk, one.statement, one.addressee, one.priority, str(one.due_on or "")]
                for one in contents.recommendations
            ],
        }
    )


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _instant(at: datetime | None) -> str | None:
    """To the microsecond in UTC, as the database keeps it."""
    if at is None:
        return None
    return at.astimezone(UTC).isoformat(timespec="microseconds")
