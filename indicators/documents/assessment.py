"""The assessment report: what was asked, what the frozen answers are, what could not be answered."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _

from indicators.documents.content import Block, Cell, Column, Facts, Heading, Note, Paragraph, Table
from indicators.documents.parts import cell_of, notes_of, nothing, table_block, words
from indicators.models import AssessmentRun, Status, User
from indicators.reports import assessment_page, composite_page
from indicators.reports.tables import tally_cells
from indicators.templatetags.indices import index_scores
from indicators.templatetags.ui import day

JUDGED = (
    "code", "name", "partner", "baseline", "target", "value", "as_of", "achievement", "index", "status", "trend",
)  # fmt: skip
ANSWERS = (
    "code", "name", "partner", "course", "question", "value", "low", "high", "scale", "confidence", "standing",
    "p_adjusted",
)  # fmt: skip
REFUSED = ("code", "name", "partner", "course", "question", "refusal_code", "refusal")


def blocks(user: User, run: AssessmentRun) -> Iterator[Block]:
    """What the assessment's page says, as it was frozen."""
    shown = assessment_page.context(user, run)
    yield _facts(run, shown)
    if shown["summary"]:
        yield Paragraph(str(shown["summary"]))
    judged, asked = shown["judged"], [row for row in shown["table"].rows if row.about.method != "judge"]
    if judged:
        yield Heading(_("Verdicts"), level=1)
        yield table_block(shown["table"], JUDGED, rows=judged, name="verdicts", title=_("Verdicts"))
    answered = [row for row in asked if not row.about.refusal_code]
    if asked:
        yield Heading(_("Answers to the ex-post questions"), level=1)
    if answered:
        yield table_block(shown["table"], ANSWERS, rows=answered, name="answers", title=_("Answers"))
        for row in answered:
            if not row.cells["said"].is_missing:
                yield Paragraph(
                    f"{row.cells['code'].text} {row.cells['name'].text}: {row.cells['said'].text}"
                )
    yield from _refused(shown)
    yield from _indices(user, run)
    yield from notes_of(shown["table"])


def _facts(run: AssessmentRun, shown: dict[str, Any]) -> Facts:
    counts = tally_cells(shown["tally"])
    return Facts(
        rows=(
            (_("Kind"), words(run.get_kind_display())),
            (_("As of"), Cell(text=str(day(run.as_of)), value=run.as_of)),
            (_("Revision"), words(run.revision)),
            (_("Method version"), words(run.method_version)),
            *(
                (str(one.label), cell_of(counts[str(one.value)]))
                for one in Status
                if str(one.value) in counts
            ),
            (_("Coverage (share)"), cell_of(counts["coverage"])),
        )
    )


def _refused(shown: dict[str, Any]) -> Iterator[Block]:
    refused = [row for row in shown["table"].rows if row.about.refusal_code]
    yield Heading(_("What could not be assessed"), level=1)
    if not refused:
        yield nothing(_("Every question had an answer."))
        return
    yield Note(
        text=_("%(refused)s of %(all)s cannot yet be assessed; each has its reason.")
        % {"refused": len(refused), "all": len(shown["table"].rows)},
        tone="refusal",
    )
    yield table_block(
        shown["table"], REFUSED, rows=refused, name="refused", title=_("What could not be assessed")
    )


def _indices(user: User, run: AssessmentRun) -> Iterator[Block]:
    """The frozen composite indices with their intervals, or why there is none."""
    rows = []
    for one in composite_page.in_assessment(user, run):
        shown = index_scores(one["inputs"], one["scores"], one["indicators"])
        for line in shown["lines"]:
            name = one["result"].name + (f": {line['name']}" if shown["is_compared"] else "")
            rows.append(
                tuple(words(text) for text in (name, line["value"], line["interval"], line["refusal"]))
            )
    if rows:
        yield Heading(_("Composite indices"), level=1)
        labels = (_("Index"), _("Score"), _("5–95 % interval"), _("Reason for the refusal"))
        columns = tuple(Column(label=label, kind="text") for label in labels)
        yield Table(title=_("Composite indices"), columns=columns, rows=tuple(rows), name="indices")
