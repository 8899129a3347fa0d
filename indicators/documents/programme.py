"""The programme report: what its page shows, and each indicator over time. Reads only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from django.utils.translation import gettext as _

from indicators.documents import parts
from indicators.documents.content import Block, Facts, Heading, Note, Paragraph, Table
from indicators.engine.forecast import forecast
from indicators.engine.types import Refusal
from indicators.models import Programme, Status, TargetRevision, User
from indicators.reports import cells as screen
from indicators.reports import programme_page
from indicators.reports.queries import today
from indicators.reports.series import indicator_series
from indicators.reports.tables import Row
from indicators.snapshots import load_indicators, load_snapshots


def programme_report(user: User, programme: Programme) -> parts.Draft:
    """All that this person sees of a programme. `programme` has its partners and organisations prefetched."""
    shown = programme_page.context(user, programme)
    rows: list[Row] = shown["table"].rows
    blocks = [
        *_facts(programme, shown),
        *_standing(shown),
        *_attention(shown),
        *_objectives(shown),
        *_indices(shown),
        *_assessments(shown),
        *_assumptions(shown),
        *_over_time(user, rows),
        *parts.how_made(_("Percentages are shares of the judged indicators and add up to 100.")),
    ]
    return parts.Draft(
        kind="programme",
        title=_("%(name)s: programme report") % {"name": programme.name},
        subtitle=_("Where it stands on %(day)s, what needs attention, and how it came about.")
        % {"day": screen.day(today()).text},
        programme=f"{programme.code} · {programme.get_framework_display()}",
        marking=parts.marking_for(user),
        illustrative=programme.is_illustrative,
        sources=_sources(rows),
        blocks=tuple(blocks),
    )


def _facts(programme: Programme, shown: dict[str, Any]) -> Iterator[Block]:
    dates = f"{screen.day(programme.starts_on).text} – {screen.day(programme.ends_on).text}"
    rows = [
        (_("Partners"), parts.words(", ".join(one.name for one in programme.partners.all()))),
        (_("Taking part"), parts.words(", ".join(one.name for one in programme.organisations.all()))),
        (_("Dates"), parts.words(dates)),
        (_("Phase"), parts.words(shown["phase_word"])),
    ]
    rows += [
        (
            _("Last assessed: %(kind)s") % {"kind": one.get_kind_display()},
            parts.words(f"{one.label}, {screen.day(one.as_of).text}"),
        )
        for one in shown["latest"]
    ]
    yield Facts(tuple(row for row in rows if row[1] != parts.NOTHING))


def _standing(shown: dict[str, Any]) -> Iterator[Block]:
    tally = shown["tally"]
    yield Heading(_("Where it stands"), 1)
    if not tally.total:
        yield Note(_("No indicator that you see is in use."), "note")
        return
    yield parts.distribution(tally, title=parts.judged_title(tally), name="standing")
    said = [parts.coverage_sentence(tally, shown["cells"])]
    if tally.worst_critical:
        said.append(_("Worst critical:") + f" {Status(tally.worst_critical).label}.")
    yield Paragraph(" ".join(one for one in said if one))
    if tally.judged:
        yield Paragraph(parts.score_sentence(shown["score"]))
    if shown["mostly_activity"]:
        yield Note(
            _("Mostly activity")
            + "\n"
            + _("Most indicators count what was spent or delivered, not what changed."),
            "warning",
        )


def _attention(shown: dict[str, Any]) -> Iterator[Block]:
    if shown["attention"]:
        yield Heading(_("What needs attention"), 1)
        yield parts.attention_table(shown["attention"], title="", name="attention")
    if shown["alerts"]:
        yield Heading(_("Signals this month"), 1)
        yield parts.signals(shown["alerts"])


def _objectives(shown: dict[str, Any]) -> Iterator[Block]:
    if not shown["branches"]:
        return
    yield Heading(_("Objectives and their indicators"), 1)
    for number, branch in enumerate(shown["branches"], start=1):
        objective = branch["objective"]
        if objective is None:
            yield Heading(_("Under no objective of the design in force"), 2)
        else:
            yield Heading(f"{objective.get_level_display()} {objective.code}: {objective.statement}", 2)
        if not branch["rows"]:
            yield Paragraph(_("No indicator is attached to this objective itself."))
            continue
        if branch["tally"].judged:
            yield Paragraph(parts.score_sentence(branch["score"]))
        yield parts.indicator_table(branch["rows"], title="", name=f"objective{number}")


def _indices(shown: dict[str, Any]) -> Iterator[Block]:
    if not shown["indices"]:
        return
    yield Heading(_("Composite indices"), 1)
    yield parts.indices_table((one["index"].name, one["scores"]) for one in shown["indices"])


def _assessments(shown: dict[str, Any]) -> Iterator[Block]:
    if shown["runs"]:
        yield Heading(_("Latest assessments"), 1)
        yield Table(
            title="",
            name="assessments",
            columns=(
                parts.column(_("Assessment")),
                parts.column(_("As of"), "date"),
                parts.column(_("Verdicts")),
            ),
            rows=tuple(
                (
                    parts.Cell(parts.lines(one["run"].label, one["run"].get_kind_display())),
                    parts.on(one["run"].as_of),
                    parts.Cell(_verdicts(one)),
                )
                for one in shown["runs"]
            ),
        )
    if shown["evaluations"]:
        yield Heading(_("Evaluations"), 1)
        yield parts.evaluations_table(shown["evaluations"], is_partner_viewer=shown["is_partner_viewer"])


def _verdicts(one: dict[str, Any]) -> str:
    if one["is_ex_post"]:
        return _("%(refused)s of %(total)s questions cannot yet be assessed") % one
    counted = [
        f"{one['counts'][code]} {Status(code).label}" for code in Status.values if one["counts"].get(code)
    ]
    return ", ".join(counted) or _("None that you see")


def _assumptions(shown: dict[str, Any]) -> Iterator[Block]:
    if not shown["assumptions"] or shown["is_partner_viewer"]:
        return
    yield Heading(_("Assumptions and risks"), 1)
    heads = (_("Statement"), _("Kind"), _("Likelihood"), _("Impact"), _("What we do about it"))
    yield Table(
        title="",
        name="assumptions",
        columns=tuple(parts.column(head) for head in heads),
        rows=tuple(
            (
                parts.words(one.statement),
                parts.words(one.get_kind_display()),
                parts.words(one.get_likelihood_display()),
                parts.words(one.get_impact_display()),
                parts.words(one.response),
            )
            for one in shown["assumptions"]
        ),
    )


def _over_time(user: User, rows: Sequence[Row]) -> Iterator[Block]:
    """The chart of each indicator. A fixed number of queries, however many there are."""
    pks = [row.about.pk for row in rows]
    snapshots = load_snapshots(load_indicators(pks), as_of=today()) if pks else {}
    revisions: dict[int, list[TargetRevision]] = {}
    for one in TargetRevision.objects.visible_to(user).filter(indicator__in=pks).order_by("-number"):
        revisions.setdefault(one.indicator_id, []).append(one)
    yield Heading(_("Indicators over time"), 1)
    for number, row in enumerate(rows, start=1):
        snapshot = snapshots[row.about.pk]
        projected = forecast(snapshot.series, snapshot.rule, snapshot.plan, snapshot.as_of)
        series = indicator_series(
            row.about,
            snapshot,
            revisions.get(row.about.pk, []),
            None if isinstance(projected, Refusal) else projected,
        )
        if series is None:
            continue
        figure = parts.chart_over_time(series, screen.places(snapshot.rule), name=f"series{number}")
        if figure is not None:
            partner = f" · {row.about.partner}" if row.about.partner else ""
            yield replace(figure, title=f"{row.about.definition.code} {figure.title}{partner}")


def _sources(rows: Sequence[Row]) -> tuple[str, ...]:
    """Where the definitions of the indicators come from, each once."""
    return tuple(sorted({source for row in rows if (source := str(row.about.version.basis).strip())}))
