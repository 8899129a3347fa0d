"""One programme in one look. Reads only."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

from django.db.models import Count
from django.utils.translation import gettext as _

from indicators.engine.rules import METHOD_RULES, Rules
from indicators.models import (
    AssessmentRun,
    Assumption,
    Course,
    Evaluation,
    GlobalRole,
    Kind,
    Membership,
    Objective,
    Programme,
    ProgrammeIndicator,
    ResultLevel,
    Status,
    User,
    Verdict,
    rules_on,
)
from indicators.reports.composite_page import on_programme
from indicators.reports.explained_status import outline, with_people
from indicators.reports.explained_verdict import score_of
from indicators.reports.explanation import explanation_table
from indicators.reports.queries import Tally, indicators_with_status, phase_of, status_of, today
from indicators.reports.signals import alerts_this_month
from indicators.reports.tables import (
    Row,
    Table,
    objectives_table,
    phase_word,
    programme_table,
    score_cells,
    tally_cells,
)
from indicators.reports.wording import status_now

ATTENTION = (Status.OFF_TRACK, Status.NOT_REPORTING, Status.AT_RISK)
RUNS = 6


def table_of(user: User, programme: Programme) -> Table:
    indicators = list(indicators_with_status(user).filter(programme=programme))
    return programme_table(programme, indicators, as_of=today(), with_people=with_people(user))


def explained_table(user: User, programme: Programme) -> Table:
    """The indicators for a file, with the steps of each and the score's beside them."""
    table = table_of(user, programme)
    indicators = indicators_of(table.rows)
    shown = [outline(one) for one in indicators]
    if indicators:
        shown.append(score_of(programme, "", indicators))
    table.explanation = explanation_table(
        shown, name="explain-programme", key=programme.code, title=table.title
    )
    return table


def context(user: User, programme: Programme) -> dict[str, Any]:
    """Everything that the page shows. `programme` has its partners and organisations prefetched."""
    table, rules = table_of(user, programme), rules_on(today())
    tally = tally_of(table.rows)
    return {
        "programme": programme,
        "has_courses": Course.objects.visible_to(user).filter(programme=programme).exists(),
        "phase": phase_of(programme),
        "phase_word": phase_word(phase_of(programme)),
        "table": table,
        "tally": tally,
        "counts": dict(tally.counts),
        "cells": tally_cells(tally),
        "score": score_cells(tally, rules),
        "mostly_activity": is_mostly_activity(table.rows, rules),
        "branches": branches(user, programme, table.rows, rules),
        "attention": attention(table.rows),
        "indices": on_programme(user, programme),
        "alerts": alerts_this_month(user, today(), indicator__programme=programme),
        "runs": runs(user, programme),
        "latest": latest(user, programme),
        "evaluations": list(
            Evaluation.objects.visible_to(user)
            .filter(programme=programme)
            .select_related("lead")
            .order_by("-created_at")[:6]
        ),
        "assumptions": list(
            Assumption.objects.visible_to(user)
            .filter(design__programme=programme, design__state="in_force")
            .order_by("kind", "pk")
        ),
        "members": _members(user, programme),
        "is_partner_viewer": user.global_role == GlobalRole.PARTNER_VIEWER,
    }


def tally_of(rows: Sequence[Row]) -> Tally:
    """The counts of the same rows that the table shows."""
    found = Tally()
    for row in rows:
        status = status_of(row.about)
        found.add(
            status_now(status),
            is_critical=row.about.is_critical,
            reported=status.reported if status else 0,
            expected=status.expected if status else 0,
            weight=row.about.weight,
            achievement=status.achievement if status else None,
        )
    return found


def branches(
    user: User, programme: Programme, rows: Sequence[Row], rules: Rules = METHOD_RULES
) -> list[dict[str, Any]]:
    """The objectives of the design in force as a tree laid flat, each with its indicators; then the rest."""
    objectives = list(
        Objective.objects.visible_to(user)
        .filter(design__programme=programme, design__state="in_force")
        .order_by("position", "code")
    )
    known = {one.code for one in objectives}
    under: dict[str | None, list[Row]] = defaultdict(list)
    for row in rows:
        objective = row.about.objective
        code = objective.code if objective is not None else None
        under[code if code in known else None].append(row)
    codes = {one.pk: one.code for one in objectives}
    found = [
        {
            "objective": one,
            "depth": depth,
            "parent": codes.get(one.parent_id, ""),
            "explain_key": f"{programme.code}:{one.code}" if under.get(one.code) else "",
            "rows": under.get(one.code, []),
            **_sum_up(under.get(one.code, []), rules),
        }
        for one, depth in _in_tree_order(objectives)
    ]
    if under.get(None):
        found.append(
            {"objective": None, "depth": 0, "parent": "", "rows": under[None], **_sum_up(under[None], rules)}
        )
    return found


def _sum_up(rows: Sequence[Row], rules: Rules) -> dict[str, Any]:
    """What stands above the indicators of an objective: how many of each status, and the weighted score."""
    tally = tally_of(rows)
    return {"tally": tally, "counts": dict(tally.counts), "score": score_cells(tally, rules)}


def objective_table(user: User, programme: Programme) -> Table:
    """Counts and weighted score of each objective of the design in force, and of the whole programme."""
    table, rules = table_of(user, programme), rules_on(today())
    found = branches(user, programme, table.rows, rules)
    lines = [
        (one["objective"].code, one["objective"].statement, one["tally"], one["rows"])
        for one in found
        if one["objective"] is not None
    ]
    lines += [
        ("", _("Under no objective"), one["tally"], one["rows"]) for one in found if one["objective"] is None
    ]
    lines.append(("", _("Whole programme"), tally_of(table.rows), table.rows))
    return objectives_table(programme, lines, rules, as_of=today())


def is_mostly_activity(rows: Sequence[Row], rules: Rules) -> bool:
    """More of the indicators in use count what is done than the rules allow without saying so."""
    levels = [row.about.version.result_level for row in rows]
    counted = [level for level in levels if level != ResultLevel.CONTEXT]
    done = sum(level in {ResultLevel.INPUT, ResultLevel.OUTPUT} for level in counted)
    return bool(counted) and done > rules.activity_above * len(counted)


def _in_tree_order(objectives: Sequence[Objective]) -> list[tuple[Objective, int]]:
    """Parents before children; whatever hangs on nothing that is there is a root."""
    pks = {one.pk for one in objectives}
    children: dict[int | None, list[Objective]] = defaultdict(list)
    for one in objectives:
        children[one.parent_id if one.parent_id in pks else None].append(one)
    ordered: list[tuple[Objective, int]] = []

    def walk(parent: int | None, depth: int) -> None:
        for one in children[parent]:
            ordered.append((one, depth))
            walk(one.pk, depth + 1)

    walk(None, 0)
    return ordered


def attention(rows: Sequence[Row]) -> list[Row]:
    """Off track, not reporting, at risk; the critical ones of each first."""
    order = {status.value: place for place, status in enumerate(ATTENTION)}
    chosen = [row for row in rows if row.cells["status"].status in order]
    return sorted(chosen, key=lambda row: (order[row.cells["status"].status], not row.about.is_critical))


def runs(user: User, programme: Programme) -> list[dict[str, Any]]:
    """The latest assessments with the counts of those verdicts that one sees. Two queries."""
    found = list(AssessmentRun.objects.visible_to(user).filter(programme=programme)[:RUNS])
    rows = (
        Verdict.objects.visible_to(user)
        .filter(run__in=[run.pk for run in found])
        .order_by()
        .values_list("run_id", "status", "refusal_code")
        .annotate(Count("pk"))
    )
    counts: dict[int, Counter[str]] = defaultdict(Counter)
    for run, status, refusal, count in rows:
        counts[run][status or ("refused" if refusal else "computed")] += count
        counts[run]["total"] += count
        counts[run]["refused_all"] += count if refusal else 0
    return [
        {
            "run": run,
            "is_ex_post": run.kind == Kind.EX_POST,
            "counts": {k: v for k, v in counts[run.pk].items() if k in Status.values},
            "total": counts[run.pk]["total"],
            "refused": counts[run.pk]["refused_all"],
        }
        for run in found
    ]


def latest(user: User, programme: Programme) -> list[AssessmentRun]:
    """The newest assessment of each kind, ex-post first. One query."""
    return list(
        AssessmentRun.objects.visible_to(user)
        .filter(programme=programme)
        .order_by("kind", "-as_of", "-revision")
        .distinct("kind")
    )


def _members(user: User, programme: Programme) -> list[Membership]:
    if not with_people(user):
        return []
    return list(
        Membership.objects.visible_to(user)
        .active()
        .filter(programme=programme)
        .select_related("user")
        .order_by("role", "user__last_name", "user__username")
    )


def indicators_of(rows: Sequence[Row]) -> list[ProgrammeIndicator]:
    return [row.about for row in rows]
