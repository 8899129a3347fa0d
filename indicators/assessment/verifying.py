"""Recomputes every kept verdict and every signature from what they rest on, and names what differs. For commands."""

from __future__ import annotations

from collections.abc import Iterator

from indicators.assessment import drafts, expost
from indicators.assessment.evaluating import content_hash
from indicators.engine import METHOD_VERSION
from indicators.engine.errors import EngineError
from indicators.models import AssessmentRun, Evaluation, Verdict


def verdict_differences() -> Iterator[str]:
    """One sentence for each verdict or run that is not what it was; of another method version only the hashes."""
    for run in AssessmentRun.objects.select_related("programme").order_by("pk").iterator():
        place = f"assessment {run.pk} ({run.programme.code} {run.label} r{run.revision})"
        verdicts = list(Verdict.objects.filter(run=run).order_by("pk"))
        is_same_method = run.method_version == METHOD_VERSION
        for verdict in verdicts:
            for what in _differences(verdict, is_same_method):
                yield f"{place}, verdict {verdict.pk} on indicator {verdict.indicator_id} ({verdict.method}): {what}"
        if is_same_method and drafts.run_hash(run.kind, verdicts) != run.input_hash:
            yield f"{place}: its verdicts do not rest on the inputs that the run was kept with"


def evaluation_differences() -> Iterator[str]:
    """One sentence for each signed review that no longer says what was signed."""
    for evaluation in (
        Evaluation.objects.filter(state=Evaluation.State.FINAL).select_related("run").order_by("pk")
    ):
        if content_hash(evaluation) != evaluation.content_hash:
            yield f"evaluation {evaluation.pk} ({evaluation.title}): it no longer says what was signed"


def _differences(verdict: Verdict, is_same_method: bool) -> Iterator[str]:
    try:
        yield from drafts.differences(verdict, expost.compute, is_same_method=is_same_method)
    except (EngineError, KeyError, TypeError, ValueError) as failure:
        yield f"its inputs cannot be read ({type(failure).__name__}: {failure})"
