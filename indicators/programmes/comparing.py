"""Two versions of a design side by side: what was added, removed, changed, and why. Reads; changes nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from difflib import SequenceMatcher
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from indicators.models import (
    Assumption,
    DesignVersion,
    Event,
    Objective,
    Programme,
    ProgrammeIndicator,
    TargetRevision,
)
from indicators.programmes.targets import plain

TOKENS = re.compile(r"\s+|\w+|[^\w\s]")
Piece = tuple[str, str]
"""("same" | "gone" | "new", text)."""


def word_diff(old: str, new: str) -> tuple[list[Piece], list[Piece]]:
    """The old text with what is gone marked, and the new one with what is new marked, word by word.

    >>> word_diff("Ten posts", "Twelve posts")
    ([('gone', 'Ten'), ('same', ' posts')], [('new', 'Twelve'), ('same', ' posts')])
    """
    before, after = TOKENS.findall(old), TOKENS.findall(new)
    left: list[Piece] = []
    right: list[Piece] = []
    for kind, a, b, c, d in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if kind == "equal":
            left.append(("same", "".join(before[a:b])))
            right.append(("same", "".join(after[c:d])))
            continue
        if a < b:
            left.append(("gone", "".join(before[a:b])))
        if c < d:
            right.append(("new", "".join(after[c:d])))
    return left, right


@dataclass(slots=True, kw_only=True)
class Change:
    """One thing in both versions or in one of them."""

    name: str
    kind: str
    """added, removed, changed or same."""
    left: list[Piece] = field(default_factory=list)
    right: list[Piece] = field(default_factory=list)
    url: str = ""
    why: list[TargetRevision] = field(default_factory=list)
    """The agreements between the two versions that changed a target, each with its reason and decision."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """Things of one kind: those that differ, and those that do not."""

    differing: list[Change]
    same: list[Change]


def sorted_out(changes: Sequence[Change]) -> Changes:
    """The same changes in two lists, each in their order."""
    return Changes(
        differing=[one for one in changes if one.kind != "same"],
        same=[one for one in changes if one.kind == "same"],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """Everything that two versions have to say of one another."""

    scope: Change
    objectives: Changes
    assumptions: Changes
    indicators: Changes
    counts: dict[str, int]


def compare_designs(
    programme: Programme, user: Any, designs: Sequence[DesignVersion], old: DesignVersion, new: DesignVersion, *,
    today: date,
) -> Compared:  # fmt: skip
    """Compare two versions of a programme. Five queries.

    Scope, objectives, assumptions and risks are those that each version holds. Indicators and targets stand beside a
    design, so each version shows those that held on its last day (`last_day`); today for the one in force and a draft.
    """
    objectives, assumptions = _parts(user, old, new)
    scope = _pair(_("Scope"), old.scope, new.scope)
    found = _paired(objectives[old.pk], objectives[new.pk])
    risks = _paired(assumptions[old.pk], assumptions[new.pk])
    indicators = _indicators(
        programme, user, last_day(designs, old, today=today), last_day(designs, new, today=today)
    )
    everything = [scope, *found, *risks, *indicators]
    kinds = [one.kind for one in everything]
    return Compared(
        scope=scope,
        objectives=sorted_out(found),
        assumptions=sorted_out(risks),
        indicators=sorted_out(indicators),
        counts={kind: kinds.count(kind) for kind in ("added", "removed", "changed", "same")},
    )


def last_day(designs: Sequence[DesignVersion], design: DesignVersion, *, today: date) -> date:
    """The last day on which a version held: the one before the next came into force, else today."""
    later = [
        one.in_force_from for one in designs if one.in_force_from is not None and one.number > design.number
    ]
    return min(later) - timedelta(days=1) if later else today


def _parts(user: Any, old: DesignVersion, new: DesignVersion) -> tuple[Any, Any]:
    """By version: the text of each objective by code, and of each assumption by its statement."""
    pks = (old.pk, new.pk)
    objectives: dict[int, dict[str, str]] = {pk: {} for pk in pks}
    for row in Objective.objects.visible_to(user).filter(design__in=pks).select_related("parent"):
        above = f" → {row.parent.code}" if row.parent else ""
        objectives[row.design_id][row.code] = f"{row.get_level_display()}{above}: {row.statement}"
    assumptions: dict[int, dict[str, str]] = {pk: {} for pk in pks}
    for one in Assumption.objects.visible_to(user).filter(design__in=pks):
        rated = _("likelihood %(likelihood)s, impact %(impact)s") % {
            "likelihood": one.get_likelihood_display().lower(),
            "impact": one.get_impact_display().lower(),
        }
        assumptions[one.design_id][f"{one.get_kind_display()}: {one.statement}"] = (
            f"{rated}. {one.response}" if one.kind == Assumption.Kind.RISK else one.response or "–"
        )
    return objectives, assumptions


def _paired(old: Mapping[str, str], new: Mapping[str, str]) -> list[Change]:
    """What either version holds, by its name: those of the new one in their order, then those that are gone."""
    found = [_pair(name, old.get(name), text) for name, text in new.items()]
    return found + [_pair(name, text, None) for name, text in old.items() if name not in new]


def _pair(name: str, old: str | None, new: str | None) -> Change:
    if old is None:
        return Change(name=name, kind="added", right=[("new", new or "")])
    if new is None:
        return Change(name=name, kind="removed", left=[("gone", old)])
    left, right = word_diff(old, new)
    return Change(name=name, kind="same" if old == new else "changed", left=left, right=right)


def _indicators(programme: Programme, user: Any, old_day: date, new_day: date) -> list[Change]:
    """Indicators and their targets as agreed on two days, with the agreements between them."""
    rows = list(
        ProgrammeIndicator.objects.visible_to(user)
        .filter(programme=programme)
        .select_related("definition", "version", "partner", "programme")
        .order_by("definition__code", "pk")
    )
    revisions: dict[int, list[TargetRevision]] = {row.pk: [] for row in rows}
    for revision in (
        TargetRevision.objects.filter(indicator__in=revisions).select_related("decision").order_by("number")
    ):
        revisions[revision.indicator_id].append(revision)
    retired = _retired_on(programme)
    found = []
    for row in rows:
        texts = [_agreed(row, revisions[row.pk], retired.get(row.pk), day) for day in (old_day, new_day)]
        if texts == [None, None]:
            continue
        change = _pair(str(row) + (f" · {row.partner}" if row.partner else ""), texts[0], texts[1])
        change.url = row.get_absolute_url()
        change.why = [
            one for one in revisions[row.pk] if old_day < one.effective_on <= new_day and one.number > 1
        ]
        found.append(change)
    return found


def _agreed(
    row: ProgrammeIndicator, revisions: Sequence[TargetRevision], retired_on: date | None, day: date
) -> str | None:
    """The agreement that held on a day; None when the indicator was not in use."""
    held = [one for one in revisions if one.effective_on <= day]
    if not held or (not row.is_active and retired_on is not None and retired_on <= day):
        return None
    one = held[-1]
    aim = (
        f"{plain(one.range_low)} – {plain(one.range_high)}"
        if one.range_low is not None or one.range_high is not None
        else plain(one.target)
    )
    if not aim:
        return _("Watched, without a target.")
    return _("From %(baseline)s to %(aim)s by %(day)s; on track from %(on)s, at risk from %(risk)s.") % {
        "baseline": plain(one.baseline) or "–",
        "aim": aim,
        "day": date_format(one.target_on, "DATE_FORMAT") if one.target_on else "–",
        "on": plain(one.on_track_from),
        "risk": plain(one.at_risk_from),
    }


def _retired_on(programme: Programme) -> dict[int, date]:
    """When indicators were last taken out of use, from the trail, in the programme's days."""
    rows = (
        Event.objects.filter(
            programme_id=programme.pk, about_type="programmeindicator", after__is_active=False
        )
        .order_by("at")
        .values_list("about_id", "at")
    )
    return {pk: at.astimezone(programme.zone).date() for pk, at in rows}
