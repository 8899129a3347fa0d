"""The data-quality profile of indicators, from their records. Two queries, however many; decides nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from indicators.engine import profile
from indicators.engine.profile import QualityWord, Standard
from indicators.engine.types import Snapshot
from indicators.models import ProgrammeIndicator
from indicators.records import load_records, quality_facts
from indicators.reports.wording import say


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
