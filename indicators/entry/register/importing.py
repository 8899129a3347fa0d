"""A file into a register: look first, then keep all or nothing. The page and the command call the same."""

from __future__ import annotations

from datetime import datetime

from indicators.entry.importing import Table
from indicators.entry.register.actions import Refused, keep_lines
from indicators.entry.register.planning import Line, Plan, plan_lines
from indicators.entry.register.reading import as_lines
from indicators.models import CourseRun, User


def look_into(*, run: CourseRun, table: Table) -> tuple[Plan, list[Line]]:
    """What a file would do, and its lines.

    Raises:
        ValidationError: a column identifies persons, is missing or not known.
    """
    lines, problems = as_lines(table)
    plan = plan_lines(run, lines)
    plan.problems = sorted([*problems, *plan.problems], key=lambda one: one.row)
    return plan, lines


def import_register(*, run: CourseRun, table: Table, by: User, at: datetime) -> Plan:
    """Keep a file, all or nothing; the same file again changes nothing.

    Raises:
        Refused: with the plan, when any row is bad.
    """
    lines, problems = as_lines(table)
    if problems:
        plan = plan_lines(run, lines)
        plan.problems = sorted([*problems, *plan.problems], key=lambda one: one.row)
        raise Refused(plan)
    return keep_lines(run=run, lines=lines, version=None, by=by, at=at, source="file", sha256=table.sha256)
