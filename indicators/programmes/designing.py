"""Drafting a design, putting it in force, starting the next one. A design in force is never edited."""

from __future__ import annotations

from datetime import date, datetime

from django.db import transaction
from django.utils.translation import gettext as _

from indicators import events
from indicators.models import (
    AdjustmentDecision,
    Assumption,
    DesignVersion,
    Objective,
    Programme,
    ProgrammeIndicator,
    User,
)
from indicators.permissions import check_may_administer
from indicators.programmes.changes import (
    check_free,
    check_row,
    differing,
    facts,
    local_day,
    lock_programme,
    ready,
    refuse,
)

RANK: dict[str, int] = {Objective.Level.IMPACT: 0, Objective.Level.OUTCOME: 1, Objective.Level.OUTPUT: 2}
OBJECTIVE_FIELDS = ("code", "level", "statement", "parent", "position")
ASSUMPTION_FIELDS = ("kind", "statement", "likelihood", "impact", "response")


def current_design(programme: Programme) -> DesignVersion | None:
    """The design that indicators hang on: the one in force, or the first draft before there is one."""
    designs = DesignVersion.objects.filter(programme=programme)
    return (
        designs.filter(state=DesignVersion.State.IN_FORCE).first()
        or designs.filter(state=DesignVersion.State.DRAFT).first()
    )


def _draft(design: DesignVersion) -> DesignVersion:
    """The design, locked; refused unless it is still a draft."""
    lock_programme(design.programme)
    design = (
        DesignVersion.objects.select_for_update(no_key=True, of=("self",))
        .select_related("programme")
        .get(pk=design.pk)
    )
    if design.state != DesignVersion.State.DRAFT:
        raise refuse(
            "",
            _("Version %(number)d is %(state)s and cannot be edited; start a new version.")
            % {"number": design.number, "state": design.get_state_display().lower()},
        )
    return design


@transaction.atomic
def start_design_version(
    *,
    programme: Programme,
    reason: str,
    by: User,
    at: datetime,
    decision: AdjustmentDecision | None = None,
) -> DesignVersion:
    """Begin the next version as a copy of the design in force: same codes, same statements.

    Args:
        decision: the adjustment decision that the new version carries out, if one does (METHOD 4.5).
    """
    check_may_administer(by)
    programme = lock_programme(programme)
    if not reason.strip():
        raise refuse("reason", _("Empty; say why the design changes."))
    _check_decision(programme, decision)
    if programme.designs.filter(state=DesignVersion.State.DRAFT).exists():
        raise refuse("", _("A draft exists already; put it in force before starting another."))
    old = programme.designs.filter(state=DesignVersion.State.IN_FORCE).get()
    newest = programme.designs.order_by("-number").values_list("number", flat=True)[0]
    design = DesignVersion.objects.create(
        programme=programme,
        number=newest + 1,
        scope=old.scope,
        reason=reason,
        decision=decision,
        created_by=by,
    )
    _copy_objectives(old, design)
    Assumption.objects.bulk_create(
        Assumption(design=design, **{name: getattr(row, name) for name in ASSUMPTION_FIELDS})
        for row in old.assumptions.all()
    )
    events.remember(
        "started a design version",
        by=by,
        at=at,
        about=design,
        programme=programme,
        after={"number": design.number, "decision": decision.pk if decision else None},
        reason=reason,
    )
    return design


def _check_decision(programme: Programme, decision: AdjustmentDecision | None) -> None:
    if decision is None:
        return
    if decision.programme_id != programme.pk:
        raise refuse("decision", _("This is a decision of another programme."))
    if decision.kind not in AdjustmentDecision.MOVES_DESIGN:
        raise refuse(
            "decision",
            _("“%(given)s” was decided, which changes no design.") % {"given": decision.get_kind_display()},
        )


def _copy_objectives(old: DesignVersion, new: DesignVersion) -> None:
    rows = list(old.objectives.all())
    copies = {
        row.pk: Objective(
            design=new, code=row.code, level=row.level, statement=row.statement, position=row.position
        )
        for row in rows
    }
    Objective.objects.bulk_create(copies.values())
    for row in rows:
        if row.parent_id is not None:
            copies[row.pk].parent = copies[row.parent_id]
    Objective.objects.bulk_update([c for c in copies.values() if c.parent_id is not None], ["parent"])


@transaction.atomic
def put_design_in_force(
    *, design: DesignVersion, by: User, at: datetime, in_force_from: date | None = None
) -> DesignVersion:
    """Make a draft the design in force; indicators move to the objectives with the same codes.

    An indicator whose objective is not in the new version is left without one, and the event names it.
    """
    check_may_administer(by)
    design = _draft(design)
    programme = design.programme
    if not design.objectives.exists():
        raise refuse("", _("This version has no objective; add at least one before putting it in force."))
    old = programme.designs.filter(state=DesignVersion.State.IN_FORCE).first()
    in_force_from = in_force_from or local_day(programme, at)
    if old is not None and old.in_force_from is not None and in_force_from < old.in_force_from:
        raise refuse(
            "in_force_from",
            _("%(given)s lies before version %(number)d came into force, %(old)s.")
            % {"given": in_force_from, "number": old.number, "old": old.in_force_from},
        )
    if old is not None:
        old.state = DesignVersion.State.REPLACED
        old.save(update_fields=["state"])
    design.state = DesignVersion.State.IN_FORCE
    design.in_force_from = in_force_from
    design.save(update_fields=["state", "in_force_from"])
    orphans = _move_indicators(design)
    events.remember(
        "put a design in force",
        by=by,
        at=at,
        about=design,
        programme=programme,
        before={"version": old.number if old else None},
        after={
            "version": design.number,
            "from": ready(in_force_from),
            "indicators_without_objective": orphans,
        },
        reason=design.reason,
    )
    return design


def _move_indicators(design: DesignVersion) -> list[str]:
    """Hang every indicator on the objective of the same code; returns those that lost theirs."""
    by_code = {objective.code: objective for objective in design.objectives.all()}
    moved, orphans = [], []
    indicators = (
        ProgrammeIndicator.objects.select_for_update(of=("self",), no_key=True)
        .filter(programme=design.programme_id, objective__isnull=False)
        .select_related("objective", "definition")
        .order_by("pk")
    )
    for indicator in indicators:
        indicator.objective = by_code.get(indicator.objective.code)  # type: ignore[union-attr]
        if indicator.objective is None and indicator.is_active:
            orphans.append(indicator.definition.code)
        moved.append(indicator)
    ProgrammeIndicator.objects.bulk_update(moved, ["objective"])
    return orphans


@transaction.atomic
def save_scope(*, design: DesignVersion, scope: str, by: User, at: datetime) -> DesignVersion:
    """Say what a drafted design covers and what it leaves out."""
    check_may_administer(by)
    design = _draft(design)
    before, design.scope = design.scope, scope
    design.save(update_fields=["scope"])
    events.remember(
        "wrote the scope",
        by=by,
        at=at,
        about=design,
        programme=design.programme_id,
        before={"scope": before},
        after={"scope": scope},
    )
    return design


# --- Objectives --------------------------------------------------------------------------------------------


@transaction.atomic
def save_objective(
    *,
    design: DesignVersion,
    code: str,
    level: str,
    statement: str,
    by: User,
    at: datetime,
    objective: Objective | None = None,
    parent: Objective | None = None,
    position: int = 0,
) -> Objective:
    """Add an objective to a draft, or change it. Impact stands above outcome, outcome above output."""
    check_may_administer(by)
    design = _draft(design)
    row = objective or Objective(design=design)
    before = facts(row, OBJECTIVE_FIELDS) if objective else {}
    row.code, row.level, row.statement = code, level, statement
    row.parent, row.position = parent, position
    check_free(design.objectives, "code", code, but=row.pk)
    check_row(row, parent=_wrong_parent(row), level=_wrong_children(row))
    row.save()
    was, became = differing(before, facts(row, OBJECTIVE_FIELDS))
    events.remember(
        "changed an objective" if objective else "added an objective",
        by=by,
        at=at,
        about=row,
        programme=design.programme_id,
        before=was,
        after=became,
    )
    return row


def _wrong_parent(row: Objective) -> str:
    """Why an objective cannot stand below its parent; empty when it can."""
    parent = row.parent
    if parent is None:
        return ""
    if parent.design_id != row.design_id:
        return _("%s belongs to another programme or version; choose one of this version.") % parent.code
    if RANK.get(parent.level, 9) > RANK.get(row.level, 9):
        return _(
            "%(child)s cannot contribute to %(parent)s: impact is above outcome, outcome above output."
        ) % {
            "child": row.get_level_display(),
            "parent": f"{parent.code} ({parent.get_level_display()})",
        }
    seen: Objective | None = parent
    while seen is not None:
        if seen.pk == row.pk and row.pk is not None:
            return _("%(parent)s already contributes to %(child)s; that would be a circle.") % {
                "parent": parent.code,
                "child": row.code,
            }
        seen = seen.parent
    return ""


def _wrong_children(row: Objective) -> str:
    if row.pk is None:
        return ""
    above = [c.code for c in row.children.all() if RANK.get(c.level, 0) < RANK.get(row.level, 0)]
    if not above:
        return ""
    return _("%(codes)s contribute to it and are of a higher level than %(level)s; move them first.") % {
        "codes": ", ".join(above),
        "level": row.get_level_display(),
    }


@transaction.atomic
def remove_objective(*, objective: Objective, by: User, at: datetime) -> None:
    """Take an objective out of a draft. Nothing may hang on it."""
    check_may_administer(by)
    design = _draft(objective.design)
    below = ", ".join(objective.children.values_list("code", flat=True))
    if below:
        raise refuse("", _("%s contribute to this objective; move or remove them first.") % below)
    hanging = ", ".join(objective.indicators.values_list("definition__code", flat=True))
    if hanging:
        raise refuse("", _("Indicators hang on this objective: %s. Move them first.") % hanging)
    events.remember(
        "removed an objective",
        by=by,
        at=at,
        about=objective,
        programme=design.programme_id,
        before=facts(objective, OBJECTIVE_FIELDS),
    )
    objective.delete()


# --- Assumptions and risks ---------------------------------------------------------------------------------


@transaction.atomic
def save_assumption(
    *,
    design: DesignVersion,
    kind: str,
    statement: str,
    by: User,
    at: datetime,
    assumption: Assumption | None = None,
    likelihood: str = Assumption.Rating.MEDIUM,
    impact: str = Assumption.Rating.MEDIUM,
    response: str = "",
) -> Assumption:
    """Add to a draft, or change, something that must hold or that may go wrong."""
    check_may_administer(by)
    design = _draft(design)
    row = assumption or Assumption(design=design)
    before = facts(row, ASSUMPTION_FIELDS) if assumption else {}
    row.kind, row.statement = kind, statement
    row.likelihood, row.impact, row.response = likelihood, impact, response
    check_row(row)
    row.save()
    was, became = differing(before, facts(row, ASSUMPTION_FIELDS))
    events.remember(
        f"{'changed' if assumption else 'added'} {'a risk' if kind == 'risk' else 'an assumption'}",
        by=by,
        at=at,
        about=row,
        programme=design.programme_id,
        before=was,
        after=became,
    )
    return row


@transaction.atomic
def remove_assumption(*, assumption: Assumption, by: User, at: datetime) -> None:
    """Take an assumption or a risk out of a draft."""
    check_may_administer(by)
    design = _draft(assumption.design)
    events.remember(
        "removed a risk" if assumption.kind == "risk" else "removed an assumption",
        by=by,
        at=at,
        about=assumption,
        programme=design.programme_id,
        before=facts(assumption, ASSUMPTION_FIELDS),
    )
    assumption.delete()
