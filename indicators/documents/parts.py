"""What the reports share: tables of a page as blocks, in the words and digits of the page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from indicators.charts import IndicatorSeries
from indicators.documents.content import Block, Cell, Column, Figure, Kind, Note, Paragraph, Table
from indicators.documents.drawing import bar, drawn
from indicators.engine import METHOD_VERSION
from indicators.models import GlobalRole, Status, User
from indicators.reports import cells as screen
from indicators.reports.queries import JUDGED, Tally
from indicators.reports.signals import AlertLine
from indicators.reports.tables import Row
from indicators.templatetags import charts, indices
from indicators.templatetags.ui import day, format_number

MARKING = "NATO UNCLASSIFIED"
NOTHING = Cell(screen.MISSING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A report before anybody says when it was made."""

    kind: str
    title: str
    subtitle: str
    programme: str
    marking: str
    illustrative: bool
    sources: tuple[str, ...]
    blocks: tuple[Block, ...]


def told(cell: screen.Cell) -> Cell:
    """A cell of a page: the same text; the number or the day beside it, if there is one."""
    value = cell.value
    if isinstance(value, bool | str) or value is None:
        return Cell(cell.text)
    return Cell(cell.text, value if isinstance(value, date) else Decimal(value))


def words(text: object) -> Cell:
    """Words; nothing said is a dash."""
    return Cell(str(text)) if text not in {None, ""} else NOTHING


def nothing(text: str) -> Note:
    """Where a section has nothing to say, it says so."""
    return Note(text, "note")


def whole(count: int) -> Cell:
    return Cell(format_number(count, 0), Decimal(count))


def on(when: date | None) -> Cell:
    return NOTHING if when is None else Cell(day(when), when)


def column(label: str, kind: Kind = "text") -> Column:
    return Column(label=str(label), kind=kind)


def lines(*parts: str) -> str:
    """Texts under one another; what is empty is left out."""
    return "\n".join(part for part in parts if part)


def marking_for(user: User) -> str:
    """The banner of the pages: what they say beside figures is never marked lower; with whom it is releasable to."""
    if user.global_role == GlobalRole.PARTNER_VIEWER and user.partner:
        return f"{MARKING} · " + _("Releasable to %(names)s") % {"names": user.partner.name}
    return MARKING


def coverage(reported: Any, expected: Any) -> Cell:
    """Reported of expected, in the words of the meter."""
    if reported is None:
        return NOTHING
    if not expected:
        return Cell(_("Nothing expected yet"))
    said = _("%(reported)s of %(expected)s reported") % {"reported": reported, "expected": expected}
    return Cell(said, Decimal(reported) / Decimal(expected))


def status_of(cells: Mapping[str, screen.Cell]) -> Cell:
    """The status in its word; under it the reason, where there is no verdict."""
    refusal = "" if cells["refusal"].is_missing else cells["refusal"].text
    return Cell(lines(cells["status"].text, refusal))


def indicator_name(row: Row, *, with_programme: bool = False, with_level: bool = True) -> Cell:
    """Its name; under it the code, the partner, the level of results, and whether it is critical."""
    about = row.about if hasattr(row.about, "is_critical") else row.about.indicator
    cells = row.cells
    under = [
        cells["code"].text,
        about.programme.code if with_programme else "",
        str(about.partner) if about.partner else "",
        cells["level"].text if with_level and not cells["level"].is_missing else "",
        _("Critical") if about.is_critical else "",
    ]
    return Cell(lines(cells["name"].text, " · ".join(one for one in under if one)))


def _standing_columns() -> tuple[Column, ...]:
    return (
        column(_("Indicator")),
        column(_("Status"), "status"),
        column(_("Value"), "number"),
        column(_("As of"), "date"),
        column(_("Target"), "number"),
    )


def _standing(row: Row) -> tuple[Cell, ...]:
    """Status, value, its day and target: what stands behind the name in those columns."""
    return (
        status_of(row.cells),
        told(row.cells["value"]),
        told(row.cells["as_of"]),
        told(row.cells["target"]),
    )


def indicator_table(rows: Sequence[Row], *, title: str, name: str) -> Table:
    """The indicators of an objective as the page lists them."""
    return Table(
        title=title,
        name=name,
        columns=(
            *_standing_columns(),
            column(_("Target date"), "date"),
            column(_("Achieved"), "percent"),
            column(_("Trend")),
            column(_("Coverage")),
        ),
        rows=tuple(
            (
                indicator_name(row),
                *_standing(row),
                told(row.cells["target_on"]),
                told(row.cells["achievement"]),
                told(row.cells["trend"]),
                coverage(row.cells["reported"].value, row.cells["expected"].value),
            )
            for row in rows
        ),
    )


def attention_table(rows: Sequence[Row], *, title: str, name: str, with_programme: bool = False) -> Table:
    """What needs attention, worst first: the figure, or why there is none."""
    return Table(
        title=title,
        name=name,
        columns=_standing_columns(),
        rows=tuple(
            (
                indicator_name(row, with_programme=with_programme, with_level=False),
                *_standing(row),
            )
            for row in rows
        ),
    )


def distribution(tally: Tally, *, title: str, name: str) -> Figure:
    """How many indicators stand in each status: the bar of the page, the words, and the counts."""
    context = charts.status_distribution(tally.counts)
    percentages = tally.percentages
    rows = [
        (
            Cell(str(status.label)),
            whole(tally.counts[status]),
            Cell(f"{percentages[status.value]}%", Decimal(percentages[status.value]) / 100)
            if percentages
            else NOTHING,
        )
        for status in JUDGED
    ]
    if tally.monitored:
        rows.append((Cell(str(Status.MONITORED.label)), whole(tally.monitored), NOTHING))
    return Figure(
        title=title,
        svg=bar(context),
        summary=str(context["text"]),
        table=Table(
            title="",
            name=name,
            columns=(
                column(_("Status"), "status"),
                column(_("Indicators"), "number"),
                column(_("Share"), "percent"),
            ),
            rows=tuple(rows),
        ),
    )


def coverage_sentence(tally: Tally, cells: Mapping[str, screen.Cell]) -> str:
    if not tally.expected:
        return ""
    return _("%(reported)s of %(expected)s figures that were due are in (%(share)s).") % {
        "reported": format_number(tally.reported, 0),
        "expected": format_number(tally.expected, 0),
        "share": cells["coverage"].text,
    }


def score_sentence(score: Mapping[str, screen.Cell]) -> str:
    """The weighted achievement with its range, or why there is none; the words of the page."""
    if score["score"].value is None:
        return _("No weighted achievement:") + " " + score["score_refusal"].text
    known = {
        "low": score["score_low"].text,
        "high": score["score_high"].text,
        "weight": score["score_weight"].text,
    }
    span = (
        _("(data for %(weight)s of the weight)")
        if score["score_low"].value == score["score_high"].value
        else _("(%(low)s to %(high)s when any one indicator is left out; data for %(weight)s of the weight)")
    )
    return f"{_('Weighted achievement:')} {score['score'].text} {span % known}"


def signals(alerts: Sequence[AlertLine]) -> Table:
    """What was noticed, for whoever follows the indicators."""
    return Table(
        title="",
        name="signals",
        columns=(column(_("Indicator")), column(_("Signal")), column(_("Noticed on"), "date")),
        rows=tuple(
            (
                Cell(
                    lines(
                        one.alert.indicator.name,
                        f"{one.alert.indicator.programme.code} · {one.alert.indicator.definition.code}",
                    )
                ),
                Cell(one.text),
                on(one.alert.opened_at.date()),
            )
            for one in alerts
        ),
    )


def chart_over_time(series: IndicatorSeries, places: int, *, name: str) -> Figure | None:
    """An indicator over time as on its page, with its values; None before the first of them."""
    context = charts.indicator_chart(series, places)
    if context["is_empty"]:
        return None
    has_planned = bool(context["has_planned"])
    head = [column(_("Period")), column(_("Value"), "number")]
    head += [column(_("Planned"), "number")] if has_planned else []
    title = f"{series.title} ({series.unit})" if series.unit else series.title

    def number(value: Any) -> Cell:
        return Cell(format_number(value, places), None if value is None else Decimal(str(value)))

    rows = []
    for reading in series.readings:
        row = [Cell(reading.label or day(reading.on)), number(reading.value)]
        row += [number(reading.planned)] if has_planned else []
        note = reading.note or ("" if reading.value is not None else _("Nothing reported"))
        rows.append((*row, Cell(note)))
    return Figure(
        title=title,
        svg=drawn("components/chart_indicator.html", context),
        summary=str(context["desc"]),
        table=Table(title="", name=name, columns=(*head, column(_("Remark"))), rows=tuple(rows)),
    )


def evaluations_table(rows: Iterable[Any], *, is_partner_viewer: bool) -> Table:
    return Table(
        title="",
        name="evaluations",
        columns=(column(_("Evaluation")), column(_("Kind")), column(_("State")), column(_("Lead"))),
        rows=tuple(
            (
                words(one.title),
                words(one.get_kind_display()),
                words(one.get_state_display()),
                NOTHING if is_partner_viewer else words(one.lead),
            )
            for one in rows
        ),
    )


def indices_table(rows: Iterable[tuple[str, Any]]) -> Table:
    """Composite indices with their scores and intervals, a line each; a refusal stands where the score would."""
    found = []
    for name, scores in rows:
        for line in indices.index_line(scores)["lines"]:
            label = name if line["name"] in {"", name} else lines(name, line["name"])
            shown = line["refusal"] or line["value"]
            found.append((Cell(label), Cell(shown), NOTHING if line["refusal"] else Cell(line["interval"])))
    return Table(
        title="",
        name="indices",
        columns=(
            column(_("Index")),
            column(_("Score, from 0 (worst) to 1 (best)")),
            # xgettext:no-python-format
            column(_("5–95 % interval")),
        ),
        rows=tuple(found),
    )


def judged_title(tally: Tally) -> str:
    return ngettext("%(n)s indicator judged", "%(n)s indicators judged", tally.judged) % {"n": tally.judged}


def how_made(*more: str) -> tuple[Block, ...]:
    """What every report says of itself at its end."""
    return (
        Paragraph(
            " ".join(
                [
                    _("Method version %(version)s.") % {"version": METHOD_VERSION},
                    _("A dash was not reported or could not be computed; it is never zero."),
                    *more,
                ]
            )
        ),
    )
