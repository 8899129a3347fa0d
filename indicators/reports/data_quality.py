"""The data-quality profile of indicators, from their records. Two queries, however many; decides nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Count, Exists, F, OuterRef, Q
from django.db.models.functions import TruncDate
from django.utils.translation import gettext as _

from indicators.engine import profile
from indicators.engine.profile import QualityFacts, QualityWord, Shares, Standard
from indicators.engine.quality import coverage, staleness
from indicators.engine.types import RefusalCode, Snapshot
from indicators.models import Evidence, Observation, ProgrammeIndicator, State
from indicators.reports.wording import say

COUNTED = ("answers", "figures", "same_person", "with_evidence", "corrected", "with_error", "on_time")


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityRow:
    """One standard as the page shows it."""

    name: str
    word: str
    score: int | None
    reasons: Sequence[str]
    is_weakest: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityBlock:
    label: str
    score: int | None
    rows: Sequence[QualityRow]
    grade: str
    ungraded: int


def quality_block(indicator: ProgrammeIndicator, snapshot: Snapshot, *, mismatches: int) -> QualityBlock:
    """All five standards and the label of the weakest.

    Speaks of the whole record, whoever reads it: a grade must not depend on the reader. It names no figure.
    """
    records = load_records([indicator.pk])[indicator.pk]
    found = profile.quality_profile(quality_facts(records, snapshot, mismatches=mismatches))
    return QualityBlock(
        label=quality_word(found.word),
        score=found.overall,
        rows=[
            QualityRow(
                name=_standard(one.standard),
                word=quality_word(one.word),
                score=one.score,
                reasons=[say(reason) for reason in one.reasons],
                is_weakest=one.standard in found.weakest,
            )
            for one in found.scores
        ],
        grade=found.grade,
        ungraded=found.ungraded,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """What the figures of one indicator say of themselves, counted."""

    counts: Mapping[str, int]
    graded: Sequence[tuple[str, int, str, int]]
    """Reliability, credibility, way in, and how many figures."""


def load_records(indicators: Collection[int]) -> dict[int, Records]:
    """Two queries, however many indicators."""
    rows = Observation.objects.filter(indicator__in=indicators).order_by()
    counts = {row.pop("indicator"): row for row in _counts(rows)}
    graded: dict[int, list[tuple[str, int, str, int]]] = defaultdict(list)
    for pk, *grade in (
        rows.filter(state=State.APPROVED, missing_reason="")
        .values_list("indicator", "reliability", "credibility", "source")
        .annotate(Count("pk"))
    ):
        graded[pk].append(tuple(grade))  # type: ignore[arg-type]
    nothing = dict.fromkeys(COUNTED, 0)
    return {pk: Records(counts=counts.get(pk, nothing), graded=graded[pk]) for pk in indicators}


def quality_facts(records: Records, snapshot: Snapshot, *, mismatches: int) -> QualityFacts:
    """The engine's question, from what the records say of themselves."""
    counts, graded = records.counts, records.graded
    figures = counts["figures"]
    newest = next((p for p in reversed(snapshot.series) if p.value is not None), None)
    reported = [p for p in snapshot.series if p.value is not None or p.refusal is not None]
    too_small = [p for p in reported if p.refusal and p.refusal.code is RefusalCode.DENOMINATOR_TOO_SMALL]
    plan = snapshot.plan
    change = None if plan.baseline is None or plan.target is None else plan.target - plan.baseline
    return QualityFacts(
        figures=figures,
        mismatches=mismatches,
        same_person=counts["same_person"],
        with_evidence=Shares(part=counts["with_evidence"], whole=figures),
        corrected=Shares(part=counts["corrected"], whole=figures + counts["corrected"]),
        is_sample=counts["with_error"] > 0,
        with_error=Shares(part=counts["with_error"], whole=figures),
        margin=None
        if newest is None or newest.standard_error is None
        else profile.Z_95 * newest.standard_error,
        planned_change=change,
        below_minimum=None
        if snapshot.rule.min_n is None and snapshot.rule.min_denominator is None
        else Shares(part=len(too_small), whole=len(reported)),
        grades=tuple((r, c) for r, c, _source, count in graded for _n in range(count)),
        sources=len({source for _r, _c, source, _count in graded}) or None,
        age=None
        if newest is None
        else staleness(
            newest.ends_on,
            snapshot.as_of,
            frequency_days=snapshot.frequency_days,
            grace_days=snapshot.grace_days,
        ),
        on_time=Shares(part=counts["on_time"], whole=counts["answers"]),
        coverage=coverage(snapshot.series, snapshot.as_of),
    )


def _counts(rows) -> list[dict[str, int]]:  # type: ignore[no-untyped-def]
    approved = Q(state=State.APPROVED)
    figure = approved & Q(missing_reason="")
    return list(
        rows.annotate(
            has_evidence=Exists(Evidence.objects.filter(observation=OuterRef("pk"))),
            submitted_on=TruncDate("submitted_at"),
        )
        .values("indicator")
        .annotate(
            answers=Count("pk", filter=approved),
            figures=Count("pk", filter=figure),
            same_person=Count("pk", filter=figure & Q(decided_by=F("entered_by"))),
            with_evidence=Count("pk", filter=figure & Q(has_evidence=True)),
            corrected=Count("pk", filter=Q(state=State.SUPERSEDED)),
            with_error=Count("pk", filter=figure & Q(standard_error__isnull=False)),
            on_time=Count("pk", filter=approved & Q(submitted_on__lte=F("period__due_on"))),
        )
    )


def quality_word(word: QualityWord) -> str:
    return {
        QualityWord.UNKNOWN: _("Unknown"),
        QualityWord.POOR: _("Poor"),
        QualityWord.WEAK: _("Weak"),
        QualityWord.FAIR: _("Fair"),
        QualityWord.GOOD: _("Good"),
    }[word]


def _standard(standard: Standard) -> str:
    return {
        Standard.VALIDITY: _("Validity"),
        Standard.INTEGRITY: _("Integrity"),
        Standard.PRECISION: _("Precision"),
        Standard.RELIABILITY: _("Reliability"),
        Standard.TIMELINESS: _("Timeliness"),
    }[standard]
