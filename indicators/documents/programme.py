"""The programme report: where it stands, what needs attention, every indicator with its chart and its periods."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from django.utils.translation import gettext as _

from indicators.documents.content import Block, Cell, Facts, Heading, Paragraph
from indicators.documents.parts import cell_of, chart_block, notes_of, nothing, table_block, words
from indicators.engine.forecast import forecast
from indicators.engine.types import Refusal, Snapshot
from indicators.models import Programme, ProgrammeIndicator, TargetRevision, User
from indicators.reports import cells, programme_page
from indicators.reports.detail_tables import indicator_table
from indicators.reports.explained_status import status_sentence
from indicators.reports.queries import JUDGED, status_of, today
from indicators.reports.series import indicator_series
from indicators.reports.tables import Row
from indicators.snapshots import load_indicators, load_snapshots
from indicators.templatetags.ui import day

INDICATORS = (
    "code",
    "name",
    "partner",
    "baseline",
    "target",
    "value",
    "as_of",
    "achievement",
    "status",
    "trend",
)
OBJECTIVES = (
    "code", "name", "indicators", *(str(one.value) for one in JUDGED), "coverage", "score", "score_refusal",
)  # fmt: skip
ATTENTION = ("code", "name", "partner", "value", "target", "status", "refusal", "critical")
PERIODS = (
    "period", "value", "total", "numerator", "denominator", "planned", "n", "standard_error", "refusal",
)  # fmt: skip


def blocks(user: User, programme: Programme) -> Iterator[Block]:
    """All that the programme's page says, then each indicator. Queries do not grow with the indicators' figures."""
    shown = programme_page.context(user, programme)
    yield from _head(programme, shown)
    yield Heading(_("What needs attention"), level=1)
    if shown["attention"]:
        yield table_block(
            shown["table"],
            ATTENTION,
            rows=shown["attention"],
            name="attention",
            title=_("What needs attention"),
        )
    else:
        yield nothing(_("No indicator is off track, at risk or silent."))
    yield Heading(_("Objectives"), level=1)
    objectives = programme_page.objective_table(user, programme)
    yield table_block(objectives, OBJECTIVES, name="objectives", title=_("Objectives"))
    yield from notes_of(objectives)
    yield Heading(_("Indicators"), level=1)
    yield table_block(shown["table"], INDICATORS, name="indicators", title=_("Indicators"))
    yield from _each(user, shown["table"].rows)


def _head(programme: Programme, shown: dict[str, object]) -> Iterator[Block]:
    tally, score = shown["tally"], shown["score"]
    if programme.summary:
        yield Paragraph(programme.summary)
    rows = [
        (_("Partners"), words(", ".join(str(one) for one in programme.partners.all()))),
        (_("Framework"), words(programme.get_framework_display())),
        (_("Dates"), words(f"{day(programme.starts_on)} – {day(programme.ends_on)}")),
        (_("As of"), Cell(text=str(day(today())), value=today())),
        (_("Indicators judged"), cell_of(cells.count(tally.judged))),  # type: ignore[attr-defined]
        *((str(one.label), cell_of(shown["cells"][str(one.value)])) for one in JUDGED),  # type: ignore[index]
        (_("Coverage (share)"), cell_of(shown["cells"]["coverage"])),  # type: ignore[index]
    ]
    if score["score"].is_missing:  # type: ignore[index]
        rows.append((_("Why there is no weighted achievement"), cell_of(score["score_refusal"])))  # type: ignore[index]
    else:
        rows.append((_("Weighted achievement (share)"), cell_of(score["score"])))  # type: ignore[index]
    yield Facts(rows=tuple(rows))


def _each(user: User, rows: Sequence[Row]) -> Iterator[Block]:
    """Every indicator: its sentence, its chart, its periods."""
    indicators: list[ProgrammeIndicator] = [row.about for row in rows]
    snapshots = load_snapshots(load_indicators([one.pk for one in indicators]), as_of=today())
    revisions: dict[int, list[TargetRevision]] = defaultdict(list)
    found = TargetRevision.objects.visible_to(user).filter(indicator__in=[one.pk for one in indicators])
    for revision in found.select_related("indicator").prefetch_related("milestones").order_by("-number"):
        revisions[revision.indicator_id].append(revision)
    for number, indicator in enumerate(indicators, start=1):
        yield Heading(f"{indicator.definition.code} {indicator.name}", level=2)
        if sentence := status_sentence(status_of(indicator)):
            yield Paragraph(str(sentence))
        yield from _over_time(indicator, snapshots[indicator.pk], revisions[indicator.pk], number)


def _over_time(
    indicator: ProgrammeIndicator,
    snapshot: Snapshot,
    revisions: list[TargetRevision],
    number: int,
) -> Iterator[Block]:
    table = indicator_table(indicator, snapshot, {})
    known = [key for key in PERIODS if any(column.key == key for column in table.columns)]
    block = table_block(
        table, known, name=f"periods_{number}", title=f"{indicator.definition.code} {indicator.name}"
    )
    projected = forecast(snapshot.series, snapshot.rule, snapshot.plan, snapshot.as_of)
    series = indicator_series(
        indicator, snapshot, revisions, None if isinstance(projected, Refusal) else projected
    )
    drawn = series and chart_block(series, places=cells.places(snapshot.rule), table=block)
    if drawn:
        yield drawn
    elif block.rows:
        yield block
