"""The assessment report: a frozen assessment as its page shows it, on the fly or ex-post. Reads only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from indicators.charts import EstimateSet
from indicators.documents import parts
from indicators.documents.content import Block, Cell, Facts, Figure, Heading, Note, Paragraph, Table
from indicators.documents.drawing import drawn
from indicators.models import AssessmentRun, Status, User
from indicators.reports import assessment_page, composite_page
from indicators.reports.tables import Row
from indicators.templatetags import charts
from indicators.templatetags.ui import day, format_number, instant, signed


def assessment_report(user: User, run: AssessmentRun) -> parts.Draft:
    """All that this person sees of an assessment, which `visible_runs` gave."""
    shown = assessment_page.context(user, run)
    body = _ex_post(shown) if shown["is_ex_post"] else _on_the_fly(run, shown)
    indices = composite_page.in_assessment(user, run)
    blocks = [*body, *_indices(indices), *_aftermaths(shown), *_how_it_was_made(run, shown)]
    programme = run.programme
    return parts.Draft(
        kind="assessment",
        title=f"{run.get_kind_display()}: {run.label}",
        subtitle=_("What was known of %(day)s, frozen on %(at)s UTC. Later corrections do not change it.")
        % {"day": day(run.as_of), "at": instant(run.finished_at)},
        programme=f"{programme.code} · {programme.name}",
        marking=parts.marking_for(user),
        illustrative=programme.is_illustrative,
        sources=tuple(shown["releases"]),
        blocks=tuple(blocks),
    )


def _on_the_fly(run: AssessmentRun, shown: dict[str, Any]) -> Iterator[Block]:
    judged, tally = shown["judged"], shown["tally"]
    if not judged:
        yield Note(_("No verdict that you see"), "note")
        return
    yield Heading(_("Where it stood"), 1)
    count = len(judged)
    title = ngettext("%(n)s indicator", "%(n)s indicators", count) % {"n": count}
    yield parts.distribution(tally, title=title, name="standing")
    if tally.expected:
        yield Paragraph(parts.coverage(tally.reported, tally.expected).text + ".")
    yield Heading(_("Verdicts"), 1)
    yield verdict_table(judged)


def verdict_table(rows: Sequence[Row]) -> Table:
    """The judged verdicts as the page lists them."""
    return Table(
        title="",
        name="verdicts",
        columns=(
            parts.column(_("Indicator")),
            parts.column(_("Verdict"), "status"),
            parts.column(_("Value"), "number"),
            parts.column(_("As of"), "date"),
            parts.column(_("Target"), "number"),
            parts.column(_("Achieved"), "percent"),
            parts.column(_("On-track index"), "number"),
            parts.column(_("Trend")),
            parts.column(_("Coverage")),
        ),
        rows=tuple(
            (
                parts.indicator_name(row, with_level=False),
                parts.status_of(row.cells),
                parts.told(row.cells["value"]),
                parts.told(row.cells["as_of"]),
                parts.told(row.cells["target"]),
                parts.told(row.cells["achievement"]),
                parts.told(row.cells["index"]),
                parts.told(row.cells["trend"]),
                parts.coverage(row.cells["reported"].value, row.cells["expected"].value),
            )
            for row in rows
        ),
    )


def _ex_post(shown: dict[str, Any]) -> Iterator[Block]:
    if shown["summary"]:
        assessability = shown["assessability"] or {}
        yield Paragraph(f"{shown['summary']} {assessability.get('sentence', '')}".strip())
    yield from (_plan_note(plan) for plan in shown["plans"])
    if shown["asked"]:
        yield _asked_note(shown)
    if not shown["table"].rows:
        yield Note(_("No verdict that you see"), "note")
    if shown["blocks"]:
        yield Heading(_("What the plan asked"), 1)
        for block in shown["blocks"]:
            yield from _answer(block)
    if shown["groups"]:
        yield from _exploratory(shown)
    if shown["judged"]:
        yield Heading(_("Where indicators that are only asked ex-post stand"), 1)
        yield verdict_table(shown["judged"])


def _plan_note(plan: Any) -> Note:
    known = {"number": plan.number, "on": day(plan.locked_on)}
    if plan.is_timely:
        said = _(
            "Version %(number)s of the ex-post plan was locked on %(on)s, before the figures could be known. Only what "
            "it names can be a finding; the rest is exploratory."
        )
        return Note(_("Laid down in time") + "\n" + said % known, "note")
    said = _(
        "Version %(number)s of the ex-post plan was locked on %(on)s; to come first it had to be by %(limit)s."
    )
    known["limit"] = day(plan.timely_until)
    return Note(_("Locked too late to come first") + "\n" + said % known, "warning")


def _asked_note(shown: dict[str, Any]) -> Note:
    title = _("%(refused)s of %(total)s questions cannot yet be assessed") % {
        "refused": shown["refused"],
        "total": shown["asked"],
    }
    text = _("Each says why where its number would stand.")
    if not shown["blocks"]:
        text += " " + _(
            "No plan was locked for this assessment, so every answer is exploratory: change with its uncertainty, "
            "without a comparison no proof of an effect, and never a significant finding."
        )
    return Note(f"{title}\n{text}", "refusal")


def _answer(block: dict[str, Any]) -> Iterator[Block]:
    """One question of the plan: its answer or the refusal, its drawings, what it takes for granted."""
    cells = block["row"].cells
    yield Heading(block["title"], 2)
    standing = _("Planned before the start") if block["is_planned"] else _("Exploratory")
    if not cells["refusal"].is_missing:
        yield Note(f"{_('Cannot be answered')} ({standing})\n{cells['refusal'].text}", "refusal")
    else:
        yield Facts(
            (
                (
                    _("Result"),
                    Cell(f"{cells['value'].text} {cells['scale'].text}", _number(cells["value"].value)),
                ),
                # xgettext:no-python-format
                (_("95 % interval"), interval(block["row"])),
                (_("Standing"), Cell(standing)),
                (_("May be called:").rstrip(":"), parts.words(block["label"])),
                (_("Confidence"), parts.words(block["confidence"])),
            )
        )
        if block["plain"]:
            yield Paragraph(block["plain"])
        if block["sentence"]:
            yield Paragraph(block["sentence"])
    yield from _drawings(block)
    if block["assumptions"]:
        yield _assumptions(block)
    if block["reasons"]:
        yield Paragraph(_("Why the confidence is no higher") + ": " + " ".join(block["reasons"]))


def _assumptions(block: dict[str, Any]) -> Table:
    return Table(
        title=_("What the method takes for granted"),
        name=f"assumed{block['row'].about.pk}",
        columns=(parts.column(_("Holds")), parts.column(_("Assumption"))),
        rows=tuple(
            (Cell(assessment_page.answer_word(one["holds"])), Cell(one["text"]))
            for one in block["assumptions"]
        ),
    )


DRAWINGS = (
    ("lines", charts.lines_chart, "components/chart_lines.html"),
    ("study", charts.event_study_chart, "components/chart_event_study.html"),
    ("gaps", charts.gaps_chart, "components/chart_gaps.html"),
    ("retention", charts.retention_chart, "components/chart_retention.html"),
)


def _drawings(block: dict[str, Any]) -> Iterator[Figure]:
    for name, tag, template in DRAWINGS:
        given = block.get(name)
        if not given:
            continue
        context = tag(given)
        svg = drawn(template, context)
        if svg:
            yield Figure(
                title=given.title,
                svg=svg,
                summary=str(context["desc"]) or given.title,
                table=_points(context, f"{name}{block['row'].about.pk}"),
            )


def _points(context: dict[str, Any], name: str) -> Table:
    """The values of observed beside expected; the other drawings say theirs in words beside them."""
    shown = context.get("shown")
    if shown is None or not hasattr(shown, "periods"):
        return Table(title="", name=name, columns=(parts.column(_("Period")),), rows=())
    places = context.get("places")
    labels = [line.name for line in getattr(shown, "lines", ())]
    if not labels:
        return Table(title="", name=name, columns=(parts.column(_("Period")),), rows=())
    if context["rows"] and len(context["rows"][0][1]) > len(labels):
        labels += [_("From"), _("To")]
    return Table(
        title="",
        name=name,
        columns=(parts.column(_("Period")), *(parts.column(label, "number") for label in labels)),
        rows=tuple(
            (
                Cell(str(period)),
                *(Cell(format_number(value, places), _number(value)) for value in values),
            )
            for period, values in context["rows"]
        ),
    )


def _number(value: Any) -> Decimal | None:
    return None if value is None else Decimal(str(value))


def interval(row: Row) -> Cell:
    """An interval in the words of the page; a dash where there is none."""
    low, high = row.cells["low"], row.cells["high"]
    if row.cells["value"].is_missing or (low.is_missing and high.is_missing):
        return parts.NOTHING
    return Cell(_("%(low)s to %(high)s") % {"low": low.text, "high": high.text})


def _exploratory(shown: dict[str, Any]) -> Iterator[Block]:
    if shown["blocks"]:
        yield Heading(_("Exploratory: what else can be computed"), 1)
        yield Paragraph(
            _(
                "Nobody laid these down before the start. They are estimates with their uncertainty; whoever looks at "
                "many of them finds some that are large by chance."
            )
        )
    else:
        yield Heading(_("Answers"), 1)
    for number, group in enumerate(shown["groups"], start=1):
        yield Heading(group["title"], 2)
        if group["refused"]:
            said = _("%(refused)s of %(total)s cannot yet be assessed")
            yield Paragraph(said % {"refused": group["refused"], "total": group["total"]})
        if group["estimates"]:
            yield estimates_figure(group["estimates"], name=f"estimates{number}")
            yield Paragraph(
                _("Filled: the interval leaves out “no change” (dashed line). Hollow: it does not.")
            )
        yield _answers(group, name=f"answers{number}")


def estimates_figure(estimates: EstimateSet, *, name: str) -> Figure:
    """Results on one axis with their intervals, and the same as a table."""
    context = charts.estimates_chart(estimates, 2)
    write = signed if estimates.is_change else format_number
    return Figure(
        title=f"{estimates.title} ({estimates.unit})" if estimates.unit else estimates.title,
        svg=drawn("components/chart_estimates.html", context),
        summary=str(context["desc"]),
        table=Table(
            title="",
            name=name,
            columns=(
                parts.column(_("Result")),
                parts.column(_("Estimate"), "number"),
                parts.column(_("From"), "number"),
                parts.column(_("To"), "number"),
                parts.column(_("Method and reason")),
            ),
            rows=tuple(
                (
                    Cell(one.label),
                    Cell(write(one.value, 2), _number(one.value)),
                    Cell(format_number(one.low, 2), _number(one.low)),
                    Cell(format_number(one.high, 2), _number(one.high)),
                    Cell(f"{one.note} {_('Refused')}: {one.refusal}" if one.refusal else one.note),
                )
                for one in estimates.estimates
            ),
        ),
    )


def _answers(group: dict[str, Any], *, name: str) -> Table:
    return Table(
        title="",
        name=name,
        columns=(
            parts.column(_("Course run") if group["has_courses"] else _("Indicator")),
            parts.column(_("Result"), "number"),
            parts.column(_("Scale")),
            # xgettext:no-python-format
            parts.column(_("95 % interval")),
            parts.column(_("n"), "number"),
            parts.column(_("Confidence")),
            parts.column(_("Explanation")),
        ),
        rows=tuple(_answer_row(answer) for answer in group["rows"]),
    )


def _answer_row(answer: dict[str, Any]) -> tuple[Cell, ...]:
    cells = answer["row"].cells
    refusal = "" if cells["refusal"].is_missing else f"{_('Refused')}: {cells['refusal'].text}"
    return (
        Cell(answer["label"]),
        parts.told(cells["value"]),
        parts.NOTHING if cells["value"].is_missing else parts.told(cells["scale"]),
        interval(answer["row"]),
        parts.whole(answer["n"]),
        parts.told(cells["confidence"]),
        parts.words(refusal or answer["sentence"]),
    )


def _indices(found: Sequence[dict[str, Any]]) -> Iterator[Block]:
    if found:
        yield Heading(_("Composite indices"), 1)
        yield parts.indices_table((one["result"].name, one["scores"].scores) for one in found)


def _aftermaths(shown: dict[str, Any]) -> Iterator[Block]:
    """Decisions made before, and how it looks now."""
    if not shown["aftermaths"]:
        return
    yield Heading(_("Decisions made before, and how it looks now"), 1)
    heads = (_("Decision"), _("Before"), _("After"), _("Figures"))
    yield Table(
        title="",
        name="decisions",
        columns=tuple(parts.column(head) for head in heads),
        rows=tuple(
            (
                Cell(
                    parts.lines(
                        str(one.indicator), f"{one.decision.get_kind_display()}, {day(one.decided_on)}"
                    )
                ),
                Cell(_stand(one.before) if one.before else _("Not assessed before.")),
                Cell(parts.lines(*(_stand(stand) for stand in one.after)) or _("Not assessed since.")),
                Cell(f"{_figure(one.figure_before)} → {_figure(one.figure_after)}"),
            )
            for one in shown["aftermaths"]
        ),
    )
    yield Paragraph(
        _(
            "Before and after is no proof: other things changed too, and each verdict was given against the target "
            "that held then."
        )
    )


def _stand(stand: Any) -> str:
    status = str(Status(stand.status).label) if stand.status else ""
    return " · ".join(one for one in (status, stand.value.text, stand.label) if one)


def _figure(found: Any) -> str:
    return f"{found[1].text} ({found[0]})" if found else _("none yet")


def _how_it_was_made(run: AssessmentRun, shown: dict[str, Any]) -> Iterator[Block]:
    yield Heading(_("How it was made"), 1)
    rows = [
        (_("As of"), parts.on(run.as_of)),
        (_("Method version"), parts.words(run.method_version)),
        (_("Software"), parts.words(run.software_version)),
    ]
    if run.seed:
        rows.append((_("Seed"), Cell(str(run.seed))))
    if not shown["is_partner_viewer"]:
        rows.append((_("Asked for by"), parts.words(run.due.requested_by or _("the schedule"))))
    rows.append((_("Inputs (hash)"), Cell(run.input_hash)))
    yield Facts(tuple(rows))
    if shown["evaluations"] and not shown["is_partner_viewer"]:
        yield Heading(_("Evaluations"), 1)
        yield parts.evaluations_table(shown["evaluations"], is_partner_viewer=False)
