"""Everything that ever happened to one indicator, newest first, of one kind or of all. Reads only."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, time
from functools import partial

from django.db.models import Q
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from indicators.commenting import line_of
from indicators.disclosure import shown_to
from indicators.engine.types import IndicatorRule
from indicators.models import (
    Comment,
    DesignVersion,
    Event,
    IndicatorVersion,
    Observation,
    ProgrammeIndicator,
    State,
    TargetRevision,
    User,
)
from indicators.reports import cells
from indicators.reports.adjustments import Aftermath
from indicators.reports.chart_marks import NOT_MARKED
from indicators.reports.explained_status import of_own_units, visible_observations, with_people
from indicators.reports.tables import plan_cells

PAGE = 15
MOST_PAGES = 60
MOST_WORDS = 240

KINDS: Mapping[str, object] = {
    "values": gettext_lazy("Figures"),
    "corrections": gettext_lazy("Corrections"),
    "targets": gettext_lazy("Targets"),
    "definitions": gettext_lazy("Definitions"),
    "designs": gettext_lazy("Designs"),
    "decisions": gettext_lazy("Decisions"),
    "comments": gettext_lazy("Comments"),
    "changes": gettext_lazy("Other changes"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing that happened."""

    at: datetime
    kind: str
    title: str
    text: str = ""
    by: str = ""
    url: str = ""
    icon: str = "minus"


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """One page of it, with the kinds to choose from."""

    entries: list[Entry]
    chosen: str
    """One of `KINDS`; empty: all."""
    number: int
    has_next: bool

    @property
    def kinds(self) -> list[tuple[str, object]]:
        return list(KINDS.items())

    @property
    def next(self) -> int:
        return self.number + 1

    @property
    def previous(self) -> int:
        return self.number - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Whose history, who asks, and how many entries of each kind are wanted at most."""

    user: User
    indicator: ProgrammeIndicator
    most: int

    @property
    def rule(self) -> IndicatorRule:
        return self.indicator.version.rule()


def history_of(
    user: User,
    indicator: ProgrammeIndicator,
    revisions: Iterable[TargetRevision],
    aftermaths: Iterable[Aftermath],
    *,
    kind: str = "",
    page: str = "",
) -> History:
    """One page of what happened. At most two queries for each kind, however long the history is.

    Args:
        kind, page: as the address gives them; what is unknown means all kinds, and the first page.
    """
    number = min(max(int(page), 1), MOST_PAGES) if page.isascii() and page.isdigit() and len(page) < 6 else 1
    asked = Asked(user=user, indicator=indicator, most=number * PAGE + 1)
    sources: dict[str, Callable[[], list[Entry]]] = {
        "values": partial(_values, asked),
        "corrections": partial(_corrections, asked),
        "targets": partial(_targets, asked, revisions),
        "definitions": partial(_definitions, asked),
        "designs": partial(_designs, asked),
        "decisions": partial(_decisions, aftermaths),
        "comments": partial(_comments, asked),
        "changes": partial(_changes, asked),
    }
    chosen = kind if kind in sources else ""
    found = [entry for name, source in sources.items() if chosen in ("", name) for entry in source()]
    found.sort(key=lambda one: one.at, reverse=True)
    first = (number - 1) * PAGE
    return History(
        entries=found[first : first + PAGE],
        chosen=chosen,
        number=number,
        has_next=len(found) > first + PAGE and number < MOST_PAGES,
    )


def _values(asked: Asked) -> list[Entry]:
    rows = (
        visible_observations(asked.user, asked.indicator)
        .filter(corrects__isnull=True, decided_at__isnull=False)
        .order_by("-decided_at", "-pk")[: asked.most]
    )
    names = with_people(asked.user)
    return [
        Entry(
            at=one.decided_at,
            kind="values",
            title=_("%(place)s: %(figure)s accepted")
            % {"place": _place(one), "figure": _figure(one, asked.rule)},
            by=str(one.decided_by) if names else "",
            url=one.get_absolute_url(),
            icon="check",
        )
        for one in shown_to(asked.user, rows)
        if one.decided_at is not None
    ]


def _corrections(asked: Asked) -> list[Entry]:
    """Old value and new. A partner viewer learns of none, as on the rest of the page."""
    if not with_people(asked.user):
        return []
    found = of_own_units(asked.user, asked.indicator, Observation.objects.visible_to(asked.user))
    rows = list(
        found.filter(
            indicator=asked.indicator,
            corrects__isnull=False,
            decided_at__isnull=False,
            state__in=[State.APPROVED, State.SUPERSEDED],
        )
        .select_related(
            "period", "unit", "decided_by", "indicator__version", "indicator__programme", "corrects"
        )
        .order_by("-decided_at", "-pk")[: asked.most]
    )
    for one in rows:
        assert one.corrects is not None
        one.corrects.indicator, one.corrects.period, one.corrects.unit = one.indicator, one.period, one.unit
    shown = shown_to(asked.user, [*rows, *(one.corrects for one in rows if one.corrects is not None)])
    return [
        Entry(
            at=new.decided_at,
            kind="corrections",
            title=_("%(place)s: corrected from %(old)s to %(new)s")
            % {"place": _place(new), "old": _figure(old, asked.rule), "new": _figure(new, asked.rule)},
            text=_short(new.correction_reason),
            by=str(new.decided_by),
            url=new.get_absolute_url(),
            icon="history",
        )
        for new, old in zip(shown[: len(rows)], shown[len(rows) :], strict=True)
        if new.decided_at is not None
    ]


def _targets(asked: Asked, revisions: Iterable[TargetRevision]) -> list[Entry]:
    names, found = with_people(asked.user), []
    for one in revisions:
        plan = plan_cells(asked.indicator, one)
        found.append(
            Entry(
                at=one.created_at,
                kind="targets",
                title=_("Agreement %(n)s: target %(value)s by %(day)s")
                % {"n": one.number, "value": plan["target"].text, "day": plan["target_on"].text},
                text=_short(f"{one.get_reason_code_display()}. {one.reason}"),
                by=str(one.created_by) if names else "",
                url=f"{asked.indicator.get_absolute_url()}#targets",
                icon="target",
            )
        )
    return found


def _definitions(asked: Asked) -> list[Entry]:
    rows = IndicatorVersion.objects.filter(definition_of=asked.indicator.definition_id)
    return [
        Entry(
            at=one.created_at,
            kind="definitions",
            title=_("Definition, version %(n)s (%(how)s)")
            % {"n": one.number, "how": one.get_comparability_display()},
            text=_short(one.change_note),
            url=asked.indicator.definition.get_absolute_url(),
            icon="book",
        )
        for one in rows.order_by("-number")[: asked.most]
    ]


def _designs(asked: Asked) -> list[Entry]:
    programme = asked.indicator.programme
    rows = DesignVersion.objects.visible_to(asked.user).filter(
        programme=programme, in_force_from__isnull=False
    )
    return [
        Entry(
            at=datetime.combine(one.in_force_from, time(), tzinfo=programme.zone),
            kind="designs",
            title=_("Design version %(n)s in force") % {"n": one.number},
            text=_short(one.reason),
            icon="layout",
        )
        for one in rows.order_by("-in_force_from")[: asked.most]
    ]


def _decisions(aftermaths: Iterable[Aftermath]) -> list[Entry]:
    """Only those inside have any."""
    return [
        Entry(
            at=one.decision.decided_at,
            kind="decisions",
            title=_("Decision: %(kind)s") % {"kind": one.decision.get_kind_display()},
            text=_short(one.decision.rationale),
            by=str(one.decision.decided_by),
            url=one.decision.get_absolute_url(),
            icon="scale",
        )
        for one in aftermaths
    ]


def _comments(asked: Asked) -> list[Entry]:
    """Those on the indicator and on its figures; what is said of a figure stands on that figure's page alone."""
    rows = (
        Comment.objects.visible_to(asked.user)
        .filter(Q(indicator=asked.indicator) | Q(observation__indicator=asked.indicator))
        .select_related("by", "observation__period")
        .prefetch_related("former_texts")
        .order_by("-at", "-pk")[: asked.most]
    )
    found = []
    for one in rows:
        line = line_of(one, asked.user, is_left_out=one.observation_id is not None)
        found.append(
            Entry(
                at=one.at,
                kind="comments",
                title=_("Comment on the figure of %(period)s") % {"period": one.observation.period.label}
                if one.observation is not None
                else _("Comment withdrawn")
                if one.is_withdrawn
                else _("Comment"),
                text=_short(line.text),
                by=line.by,
                url=one.get_absolute_url(),
                icon="send",
            )
        )
    return found


def _changes(asked: Asked) -> list[Entry]:
    """What the audit trail says of the indicator and its programme, but for what stands here as what it is."""
    rows = (
        Event.objects.visible_to(asked.user)
        .filter(
            Q(about_type="programme", about_id=asked.indicator.programme_id)
            | Q(about_type="programmeindicator", about_id=asked.indicator.pk)
        )
        .exclude(verb__in=[one for one in NOT_MARKED if one not in {"registered", "tailored an indicator"}])
        .order_by("-at", "-pk")[: asked.most]
    )
    return [
        Entry(
            at=one.at,
            kind="changes",
            title=f"{one.about_name}: {one.verb}",
            text=_short(one.reason),
            by=one.by_name,
            icon="pencil",
        )
        for one in rows
    ]


def _place(one: Observation) -> str:
    return ", ".join(str(part) for part in (one.period.label, one.unit, one.cell) if part)


def _figure(one: Observation, rule: IndicatorRule) -> str:
    """As it was entered; in words what is left out for this person, or missing."""
    if one.is_left_out:  # type: ignore[attr-defined]
        return _("left out: few people")
    if one.denominator is not None:
        return f"{cells.number(one.numerator).text} / {cells.number(one.denominator).text}"
    if one.value is not None:
        return cells.amount(one.value, rule).text
    if one.missing_reason:
        return one.get_missing_reason_display()
    return Truncator(one.text).chars(60)


def _short(text: str) -> str:
    return Truncator(text.strip()).chars(MOST_WORDS)
