"""What each course run shows to whom: live figures for those inside, approved and releasable ones for partners.

Decides nothing about numbers: `engine.courses` does.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from django.db.models import QuerySet

from indicators.engine.courses.figures import FIGURES, SHARES, course_figures
from indicators.engine.courses.types import CourseFigure, Run
from indicators.engine.disclosure import SMALLEST_SHOWN, suppress
from indicators.engine.messages import gettext_noop, refuse
from indicators.engine.types import Refusal, RefusalCode
from indicators.models import CourseRun, GlobalRole, Observation, Programme, User, ValueType
from indicators.registers import load_registers


@dataclass(frozen=True, slots=True, kw_only=True)
class RunLine:
    """One run and its figures by code. `register` is None for a partner viewer."""

    run: CourseRun
    figures: dict[str, CourseFigure]
    register: Run | None
    approved: dict[str, CourseFigure]
    """What is in force, by code."""

    @property
    def participants(self) -> int | None:
        """None where it is not known to the reader, or a small cell."""
        if self.register is None or self.register.is_removed:
            return None
        count = len(self.register.people)
        return count if count == 0 or count >= SMALLEST_SHOWN else None


def visible_runs(user: User, programme: Programme | None = None) -> QuerySet[CourseRun]:
    """Runs that one may know of, in order of time."""
    runs: QuerySet[CourseRun] = CourseRun.objects.visible_to(user).select_related("course__programme")
    if programme is not None:
        runs = runs.filter(course__programme=programme)
    return runs.order_by("starts_on", "pk")


def is_outside(user: User) -> bool:
    """Reads approved and releasable totals alone."""
    return user.global_role == GlobalRole.PARTNER_VIEWER


def run_lines(user: User, runs: Iterable[CourseRun], *, as_of: date) -> list[RunLine]:
    """The figures of each run. Five queries, however many runs; one for a partner viewer."""
    runs = list(runs)
    approved = approved_figures(user, runs)
    if is_outside(user):
        return [
            RunLine(run=run, figures=_released(approved[run.pk]), register=None, approved=approved[run.pk])
            for run in runs
        ]
    registers = load_registers(runs)
    return [
        RunLine(
            run=run,
            figures=course_figures(registers[run.pk], as_of=as_of),
            register=registers[run.pk],
            approved=approved[run.pk],
        )
        for run in runs
    ]


def approved_figures(user: User, runs: Sequence[CourseRun]) -> dict[int, dict[str, CourseFigure]]:
    """Approved totals by run and code, as far as the reader sees their indicators. One query."""
    found: dict[int, dict[str, CourseFigure]] = defaultdict(dict)
    rows = (
        Observation.objects.visible_to(user)
        .current()
        .filter(period__course_run__in=[run.pk for run in runs], cell="", missing_reason="")
        .filter(
            indicator__partner__isnull=True, indicator__definition__code__in=[code for code, *_ in FIGURES]
        )
        .select_related("indicator__version", "indicator__definition", "period")
        .order_by("pk")
    )
    for row in rows:
        code = row.indicator.definition.code
        found[row.period.course_run_id][code] = _as_figure(code, row)  # type: ignore[attr-defined]
    return found


def _as_figure(code: str, row: Observation) -> CourseFigure:
    figure = CourseFigure(
        code=code,
        value=row.value,
        numerator=row.numerator,
        denominator=row.denominator,
        standard_error=row.standard_error,
        n=row.sample_size or int(row.denominator or 0),
    )
    if row.indicator.version.value_type != ValueType.RATIO:
        return figure
    if not row.denominator or row.numerator is None:
        return replace(figure, value=None, refusal=_not_released())
    scale = 100 if code in SHARES else 1
    return replace(figure, value=scale * row.numerator / row.denominator)


def _released(approved: dict[str, CourseFigure]) -> dict[str, CourseFigure]:
    return {
        code: approved.get(code) or CourseFigure(code=code, months=months, refusal=_not_released())
        for code, months, _compute in FIGURES
    }


def _not_released() -> Refusal:
    return refuse(
        RefusalCode.NO_APPROVED_DATA, gettext_noop("No approved figure is released to your nation.")
    )


# --- By nation ---------------------------------------------------------------------------------------------------

NATION_FIGURES = ("participants", "ICI-05", "ICI-08")
FEWEST_OF_NATION = {"ICI-05": 8, "ICI-08": 10}
RUN = "run"


@dataclass(frozen=True, slots=True, kw_only=True)
class NationLine:
    """One nation: persons and shares. None with its key in `hidden`: a small cell, or one that would tell it."""

    nation: str
    participants: int | None
    shares: dict[str, tuple[int, int] | None]
    hidden: frozenset[str]


Counts = dict[tuple[int, str], dict[str, tuple[int, int]]]


def nation_lines(lines: Sequence[RunLine], *, only: int | None = None) -> list[NationLine]:
    """Nations over all runs, or of one (`only`). What is hidden is decided over all tables together.

    A nation of one run and the same nation over all runs are published side by side, so both are cells of one table.
    Shares are published over all runs alone: one run has too few people of a nation for any.
    """
    counts = _counts(lines)
    hidden = {name: _hidden(counts, name) for name in NATION_FIGURES}
    nations = sorted({nation for run, nation in counts if only in (None, run)})
    found = []
    for nation in nations:
        cell = _cell(nation, only)
        mine = [counts[key] for key in counts if key[1] == nation and only in (None, key[0])]
        sums = {name: tuple(sum(one[name][i] for one in mine) for i in (0, 1)) for name in NATION_FIGURES}
        hides = frozenset(name for name in NATION_FIGURES if cell in hidden[name])
        shares = {
            name: None
            if only is not None or name in hides or sums[name][1] < fewest
            else (sums[name][0], sums[name][1])
            for name, fewest in FEWEST_OF_NATION.items()
        }
        found.append(
            NationLine(
                nation=nation,
                participants=None if "participants" in hides else sums["participants"][1],
                shares=shares,
                hidden=hides,
            )
        )
    return found


def _counts(lines: Sequence[RunLine]) -> Counts:
    """Of each run and nation: (counted, of) of each figure; nobody assessed or asked is (0, 0)."""
    found: Counts = {}
    for line in lines:
        if line.register is None:
            continue
        people = line.register.people
        mark = line.register.pass_mark
        gives_applied = line.figures["ICI-08"].refusal is None
        for nation in {one.nation for one in people}:
            mine = [one for one in people if one.nation == nation]
            tested = [one.scores["post"].percent for one in mine if "post" in one.scores and mark is not None]
            answers = [one.answers["m6"].applied for one in mine if "m6" in one.answers and gives_applied]
            said = [one for one in answers if one is not None]
            found[line.run.pk, nation] = {
                "participants": (len(mine), len(mine)),
                "ICI-05": (sum(score >= (mark or Decimal(0)) for score in tested), len(tested)),
                "ICI-08": (sum(said), len(said)),
            }
    return found


def _hidden(counts: Counts, name: str) -> frozenset[str]:
    persons: dict[str, int] = defaultdict(int)
    for (run, nation), figures in counts.items():
        published = [_cell(nation, None), ""]
        published += [_cell(nation, run), _cell("", run)] if name == "participants" else []
        for cell in published:
            persons[cell] += figures[name][1]
    totals = [cell for cell, count in persons.items() if "nation=" not in cell and count >= SMALLEST_SHOWN]
    return suppress(persons, always_shown=totals).hidden


def _cell(nation: str, run: int | None) -> str:
    parts = [*([f"nation={nation}"] if nation else []), *([f"{RUN}={run}"] if run is not None else [])]
    return ";".join(parts)
