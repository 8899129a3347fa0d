"""Recomputes every kept verdict and every signature from what they rest on, and names what differs. For commands."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from indicators.assessment import drafts, expost
from indicators.assessment.contributions import rating_hash, reconciled_hash
from indicators.assessment.indices import index_differences
from indicators.assessment.signing import report_differences
from indicators.engine import METHOD_VERSION
from indicators.engine.errors import EngineError
from indicators.models import (
    AssessmentRun,
    ContributionRating,
    ContributionReview,
    Evaluation,
    IndexResult,
    Verdict,
)


def verdict_differences() -> Iterator[str]:
    """One sentence for each verdict or run that is not what it was; of another method version only the hashes."""
    for run in AssessmentRun.objects.select_related("programme").order_by("pk").iterator():
        place = f"assessment {run.pk} ({run.programme.code} {run.label} r{run.revision})"
        verdicts = list(Verdict.objects.filter(run=run).order_by("pk"))
        is_same_method = run.method_version == METHOD_VERSION
        results = list(IndexResult.objects.filter(run=run).order_by("pk"))
        for what in _row_differences(verdicts, results, is_same_method):
            yield f"{place}, {what}"
        for name, right in _totals(run, verdicts).items():
            if getattr(run, name) != right:
                yield f"{place}: {name} is {getattr(run, name)}, its verdicts give {right}"
        if is_same_method and drafts.run_hash(run.kind, verdicts, results) != run.input_hash:
            yield f"{place}: its verdicts do not rest on the inputs that the run was kept with"


def _row_differences(
    verdicts: list[Verdict], results: list[IndexResult], is_same_method: bool
) -> Iterator[str]:
    for verdict in verdicts:
        for what in _differences(verdict, is_same_method):
            yield f"verdict {verdict.pk} on indicator {verdict.indicator_id} ({verdict.method}): {what}"
    for result in results:
        for what in _index_differences(result, verdicts, is_same_method):
            yield f"index {result.pk} ({result.name}): {what}"


def _totals(run: AssessmentRun, verdicts: list[Verdict]) -> dict[str, Any]:
    reported, expected = drafts.coverage_of(run.kind, verdicts)
    return {"counts": drafts.counts_of(run.kind, verdicts), "reported": reported, "expected": expected}


def evaluation_differences() -> Iterator[str]:
    """One sentence for each signed review that no longer says what was signed."""
    signed = Evaluation.objects.filter(state__in=Evaluation.SIGNED).select_related("programme", "run")
    for evaluation in signed.order_by("pk"):
        for what in report_differences(evaluation):
            yield f"evaluation {evaluation.pk} ({evaluation.title}): {what}"


def contribution_differences() -> Iterator[str]:
    """One sentence for each rating, or rating settled on, that no longer says what was handed in."""
    handed_in = ContributionRating.objects.filter(state=ContributionRating.State.SUBMITTED)
    ratings = {
        one.pk: one
        for one in handed_in.prefetch_related("items", "rivals").order_by("pk")
    }  # fmt: skip
    for one in ratings.values():
        if rating_hash(one) != one.content_hash:
            yield f"contribution rating {one.pk}: it no longer says what was handed in"
    for review in ContributionReview.objects.filter(reconciled__isnull=False).order_by("pk"):
        settled = [one for one in ratings.values() if one.review_id == review.pk]
        if reconciled_hash(review, settled) != review.reconciled_hash:
            yield f"contribution round {review.pk}: it no longer says what the raters settled on"
    frozen = Verdict.objects.filter(inputs__contains={"compute": "contribution_rating"}).order_by("pk")
    for pk, given in frozen.values_list("pk", "inputs__contribution__ratings"):
        for one in given or []:
            kept = ratings.get(one["pk"])
            if kept is None or kept.content_hash != one["hash"]:
                yield f"verdict {pk}: contribution rating {one['pk']} is not the one that was frozen"


def _differences(verdict: Verdict, is_same_method: bool) -> Iterator[str]:
    try:
        yield from drafts.differences(verdict, expost.compute, is_same_method=is_same_method)
    except (EngineError, KeyError, TypeError, ValueError) as failure:
        yield f"its inputs cannot be read ({type(failure).__name__}: {failure})"


def _index_differences(result: IndexResult, verdicts: list[Verdict], is_same_method: bool) -> Iterator[str]:
    try:
        yield from index_differences(result, verdicts, is_same_method=is_same_method)
    except (EngineError, KeyError, TypeError, ValueError) as failure:
        yield f"its inputs cannot be read ({type(failure).__name__}: {failure})"
