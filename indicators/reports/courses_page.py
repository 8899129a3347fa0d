"""Results of courses: each run's ladder, topics, nations, the trend over runs, and their tables. Reads only."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from indicators.charts.expost import Estimate, EstimateSet
from indicators.engine.courses.figures import FIGURES, LADDER, SHARES
from indicators.engine.courses.parts import FLAG_TEXTS
from indicators.engine.courses.pooling import pool
from indicators.engine.courses.types import CourseFigure
from indicators.engine.trend import trend
from indicators.engine.types import Direction
from indicators.models import Course, CourseRun, Partner, Programme, TrendWord, User
from indicators.permissions import check_may_enter_register, check_may_see_register, may
from indicators.reports import cells
from indicators.reports.cells import Cell
from indicators.reports.course_lines import RunLine, is_outside, nation_lines, run_lines, visible_runs
from indicators.reports.queries import today
from indicators.reports.tables import Column, Row, Table, day_column, number_column, text_column
from indicators.reports.wording import say

NAMES: dict[str, Promise] = {
    "ICI-04": gettext_lazy("Reaction, 1 to 5"),
    "ICI-05": gettext_lazy("Passed"),
    "ICI-06": gettext_lazy("Learning gain (Hedges g)"),
    "ICI-07": gettext_lazy("Gain kept after 6 months"),
    "ICI-08": gettext_lazy("Applied on the job after 6 months"),
    "ICI-09": gettext_lazy("Supervisors confirm a change"),
    "ICI-10": gettext_lazy("Verified organisational results"),
    "ICI-11": gettext_lazy("Hours by instructors of the region"),
    "ICI-12": gettext_lazy("Effective number of nations"),
    "ICI-13": gettext_lazy("Women"),
    "ICI-14": gettext_lazy("Aged 35 or under"),
    "ICI-15": gettext_lazy("Answered after 6 months"),
    "ICI-16": gettext_lazy("Contacts in other nations"),
    "ICI-17": gettext_lazy("Cost per graduate who passed, EUR"),
    "IN_POST": gettext_lazy("Still in post after 12 months"),
    "COST_APPLIED": gettext_lazy("Cost per graduate who applies it, EUR"),
}
LEVELS: dict[int, Promise] = {
    1: gettext_lazy("Reaction"),
    2: gettext_lazy("Learning"),
    3: gettext_lazy("Behaviour"),
    4: gettext_lazy("Results"),
}
IN_TABLE = ("ICI-04", "ICI-05", "ICI-06", "ICI-07", "ICI-08", "IN_POST", "COST_APPLIED")
POOLED = ("ICI-05", "ICI-06", "ICI-08", "COST_APPLIED")
COSTS = {"ICI-17", "COST_APPLIED"}


def key_of(code: str) -> str:
    """A figure's column: ICI-05 is ici_05."""
    return code.lower().replace("-", "_")


def figure_cell(figure: CourseFigure, name: str = "value") -> Cell:
    """A figure's value, low or high in its own unit."""
    value = getattr(figure, name)
    if value is None:
        return cells.EMPTY
    if figure.code in SHARES:
        return cells.share(value / 100)
    if figure.code == "ICI-07":
        return cells.share(value)
    return cells.number(value, 0) if figure.code in COSTS else cells.fixed(value, 2)


# --- Tables ------------------------------------------------------------------------------------------------------


def courses_table(programme: Programme, lines: Sequence[RunLine]) -> Table:
    """One row for each run."""
    columns: list[Column] = [
        text_column("run", _("Run")),
        text_column("course", _("Course")),
        text_column("topic", _("Topic")),
        day_column("starts_on", _("First day")),
        number_column("participants", _("Participants")),
    ]
    for code in IN_TABLE:
        columns.append(number_column(key_of(code), str(NAMES[code])))
        if code == "ICI-06":
            columns += [number_column("low", _("Gain from")), number_column("high", _("Gain to"))]
    columns.append(text_column("notes", _("Why a figure is missing or doubtful")))
    return Table(
        name="courses",
        key=programme.code,
        title=_("Course results of %s") % programme.code,
        columns=columns,
        rows=[_run_row(programme, line) for line in lines],
        as_of=today(),
        notes=_notes(),
    )


def _notes() -> list[str]:
    return [
        _("Learning gain: Hedges g_av with the Algina–Keselman interval; a gain, not proof of an effect."),
        _("Records of 1 to 4 persons are not shown, nor what they follow from."),
    ]


def _run_row(programme: Programme, line: RunLine) -> Row:
    run, gain = line.run, line.figures["ICI-06"]
    found_doubts = doubts(line, IN_TABLE)
    found = {
        "run": cells.words(run.code),
        "course": cells.words(run.course.title),
        "topic": cells.words(run.course.get_topic_display()),
        "starts_on": cells.day(run.starts_on),
        "participants": cells.count(line.participants),
        **{key_of(code): figure_cell(line.figures[code]) for code in IN_TABLE},
        "low": figure_cell(gain, "low"),
        "high": figure_cell(gain, "high"),
        "notes": cells.words("; ".join(found_doubts)),
    }
    about = {"run": run, "doubts": found_doubts}
    return Row(cells=found, about=about, is_illustrative=programme.is_illustrative)


def doubts(line: RunLine, codes: Sequence[str]) -> list[str]:
    """Each refusal and each flag of some figures, with the figure's name."""
    found = []
    for code in codes:
        figure = line.figures[code]
        if figure.refusal is not None:
            found.append(f"{NAMES[code]}: {say(figure.refusal.message)}")
        found += [f"{NAMES[code]}: {flag_text(flag)}" for flag in figure.flags]
    return found


def flag_text(flag: str) -> str:
    return _(FLAG_TEXTS[flag]) % {}


def run_table(line: RunLine) -> Table:
    """One row for each figure of a run."""
    run = line.run
    columns = [
        text_column("code", _("Code")),
        text_column("name", _("Figure")),
        number_column("level", _("Kirkpatrick level")),
        number_column("value", _("Value")),
        number_column("low", _("From")),
        number_column("high", _("To")),
        number_column("numerator", _("Numerator")),
        number_column("denominator", _("Denominator")),
        number_column("n", _("n")),
        number_column("asked", _("Of")),
        number_column("approved", _("Approved")),
        text_column("flags", _("Flags")),
        text_column("refusal_code", _("Refusal code")),
        text_column("sentence", _("In words")),
    ]
    shown = [line.figures[code] for code, _months, _compute in FIGURES]
    if line.register is None:  # To a partner, what is not released does not exist.
        shown = [figure for figure in shown if figure.refusal is None]
    rows = [_figure_row(line, figure) for figure in shown]
    return Table(
        name="course-run",
        key=str(run.pk),
        title=_("Results of %s") % run.code,
        columns=columns,
        rows=rows,
        as_of=today(),
        notes=_notes(),
    )


def _figure_row(line: RunLine, figure: CourseFigure) -> Row:
    level = next((level for level, code in LADDER.items() if code == figure.code), None)
    approved = line.approved.get(figure.code)
    found = {
        "code": cells.words(figure.code),
        "name": cells.words(NAMES[figure.code]),
        "level": cells.count(level),
        **{name: figure_cell(figure, name) for name in ("value", "low", "high")},
        "numerator": cells.number(figure.numerator),
        "denominator": cells.number(figure.denominator),
        "n": cells.count(figure.n if figure.refusal is None else None),
        "asked": cells.count(figure.asked if figure.refusal is None else None),
        "approved": cells.EMPTY if approved is None else figure_cell(approved),
        "flags": cells.words(", ".join(figure.flags)),
        "refusal_code": cells.words(figure.refusal.code.value if figure.refusal else ""),
        "sentence": cells.words(in_words(figure)),
    }
    return Row(cells=found, about=figure, is_illustrative=line.run.course.programme.is_illustrative)


def in_words(figure: CourseFigure) -> str:
    """The figure's sentence, or the reason why there is none."""
    if figure.refusal is not None:
        return say(figure.refusal.message)
    return " ".join(say(one) for one in figure.sentence)


def nations_table(programme: Programme, lines: Sequence[RunLine], *, only: int | None = None) -> Table:
    """One row for each nation; small cells and those that would tell them are left out."""
    names = dict(Partner.objects.values_list("code", "name"))
    rows = []
    for one in nation_lines(lines, only=only):
        found = {
            "nation": cells.words(names.get(one.nation, one.nation)),
            "participants": cells.count(one.participants),
            "hidden": cells.words(_("left out, so that nobody can be recognised") if one.hidden else ""),
        }
        for code, parts in one.shares.items():
            share = CourseFigure(
                code=code, value=None if parts is None else Decimal(100 * parts[0]) / parts[1]
            )
            found[key_of(code)] = figure_cell(share)
        rows.append(Row(cells=found, about=one, is_illustrative=programme.is_illustrative))
    return Table(
        name="course-nations",
        key=programme.code,
        title=_("Course results of %s by nation") % programme.code,
        columns=[
            text_column("nation", _("Nation")),
            number_column("participants", _("Participants")),
            *(number_column(key_of(code), str(NAMES[code])) for code in ("ICI-05", "ICI-08")),
            text_column("hidden", _("Left out")),
        ],
        rows=rows,
        as_of=today(),
        notes=_notes(),
    )


def topics_table(programme: Programme, lines: Sequence[RunLine]) -> Table:
    """One row for each topic: shares of sums, gains weighted by their precision."""
    rows = []
    for topic in Course.Topic:
        mine = [line for line in lines if line.run.course.topic == topic]
        if not mine:
            continue
        pooled = {code: pool([line.figures[code] for line in mine], code) for code in POOLED}
        found = {key_of(code): figure_cell(figure) for code, figure in pooled.items()}
        found |= {
            "topic": cells.words(topic.label),
            "runs": cells.count(len(mine)),
            "low": figure_cell(pooled["ICI-06"], "low"),
            "high": figure_cell(pooled["ICI-06"], "high"),
            "cost": cells.number(pooled["COST_APPLIED"].numerator, 0),
            "applying": cells.number(pooled["COST_APPLIED"].denominator, 0),
        }
        rows.append(Row(cells=found, about=pooled, is_illustrative=programme.is_illustrative))
    return Table(
        name="course-topics",
        key=programme.code,
        title=_("Course results of %s by topic") % programme.code,
        columns=[
            text_column("topic", _("Topic")),
            number_column("runs", _("Runs")),
            number_column("ici_05", str(NAMES["ICI-05"])),
            number_column("ici_06", str(NAMES["ICI-06"])),
            number_column("low", _("Gain from")),
            number_column("high", _("Gain to")),
            number_column("ici_08", str(NAMES["ICI-08"])),
            number_column("cost", _("Cost of these runs, EUR")),
            number_column("applying", _("Graduates who apply it")),
            number_column("cost_applied", str(NAMES["COST_APPLIED"])),
        ],
        rows=rows,
        as_of=today(),
        notes=_notes(),
    )


# --- Pages -------------------------------------------------------------------------------------------------------


def courses_context(user: User, programme: Programme) -> dict[str, Any]:
    """The programme's courses: every run, topics, nations, the gains over time."""
    lines = run_lines(user, visible_runs(user, programme), as_of=today())
    outside = is_outside(user)
    context = {
        "programme": programme,
        "lines": lines,
        "table": courses_table(programme, lines),
        "is_outside": outside,
        "marking_rows": bool(lines),
    }
    if not outside:
        context |= {
            "topics": topics_table(programme, lines),
            "nations": nations_table(programme, lines),
            "gains": gains_chart(lines),
            "trends": trends(lines),
        }
    return context


def gains_chart(lines: Sequence[RunLine]) -> EstimateSet | None:
    """The learning gain of each run that has scores, in order of time; refusals stand where the number would."""
    tested = [line for line in lines if line.figures["ICI-06"].n or line.figures["ICI-06"].refusal is None]
    if not tested:
        return None
    return EstimateSet(
        title=_("Learning gain of each run, in order of time"),
        unit="g",
        estimates=[
            Estimate(
                label=line.run.code,
                value=figure.value,
                low=figure.low,
                high=figure.high,
                note=f"n = {figure.n}",
                refusal=say(figure.refusal.message) if figure.refusal else "",
            )
            for line in tested
            for figure in [line.figures["ICI-06"]]
        ],
    )


def trends(lines: Sequence[RunLine]) -> list[tuple[str, str, str]]:
    """Name, word and reason of the trend of gains: over all runs, and of each topic with more than one."""
    groups = [(_("All runs"), list(lines))]
    groups += [
        (str(topic.label), [one for one in lines if one.run.course.topic == topic]) for topic in Course.Topic
    ]
    found = []
    for name, mine in groups:
        points = [
            (line.run.ends_on, line.figures["ICI-06"].value)
            for line in mine
            if line.figures["ICI-06"].value is not None
        ]
        if len(mine) < 2:
            continue
        told = trend(points, Direction.ASCENDING)  # type: ignore[arg-type]
        tested = "" if told.p_value is None else f", p = {told.p_value:.2f}"
        reason = say(told.refusal.message) if told.refusal else f"n = {told.n}{tested}"
        found.append((name, str(TrendWord(told.word.value).label), reason))
    return found


def run_context(user: User, run: CourseRun) -> dict[str, Any]:
    """One run: its four steps, every figure with its calculation, its nations."""
    programme = run.course.programme
    outside = is_outside(user)
    runs = [run] if outside else visible_runs(user, programme)
    lines = run_lines(user, runs, as_of=today())
    line = next(one for one in lines if one.run.pk == run.pk)
    return {
        "programme": programme,
        "run": run,
        "line": line,
        "table": run_table(line),
        "steps": [_step(level, line.figures[code]) for level, code in LADDER.items()],
        "nations": None if outside else nations_table(programme, lines, only=run.pk),
        "is_outside": outside,
        "may_open_register": may(check_may_see_register, user, programme),
        "may_enter": may(check_may_enter_register, user, programme),
    }


def _step(level: int, figure: CourseFigure) -> dict[str, Any]:
    return {
        "level": level,
        "name": LEVELS[level],
        "figure": figure,
        "title": NAMES[figure.code],
        "value": figure_cell(figure),
        "low": figure_cell(figure, "low"),
        "high": figure_cell(figure, "high"),
        "sentence": in_words(figure),
    }
