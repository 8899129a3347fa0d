"""Against one size for all: how alike the designs are across partners, and which nobody touched since.

Asks; the prompts are questions to people, not verdicts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Max
from django.utils.translation import gettext as _

from indicators.engine.sameness import Design, Likeness, Tailored, likenesses
from indicators.models import (
    AssessmentRun,
    Event,
    Kind,
    Partner,
    Programme,
    ProgrammeIndicator,
    TargetRevision,
    User,
)
from indicators.reports import cells
from indicators.reports.queries import today
from indicators.reports.tables import Row, Table, number_column, text_column

MOST_SHOWN = 25
Side = tuple[Programme, Partner | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One design beside another, in words."""

    found: Likeness
    one: Side
    other: Side

    @property
    def cells(self) -> dict[str, Any]:
        share = self.found.share
        return {
            "design": cells.words(name_of(self.one)),
            "other": cells.words(name_of(self.other)),
            "indicators": cells.count(self.found.indicators),
            "shared": cells.count(len(self.found.shared)),
            "share": cells.EMPTY
            if share is None
            else cells.share(Decimal(share.numerator) / Decimal(share.denominator)),
            "targets": _of(self.found.targets),
            "thresholds": _of(self.found.thresholds),
            "weights": _of(self.found.weights),
            "copied": cells.count(len(self.found.copied_words)),
            "is_copy": cells.words(_("yes") if self.found.is_copy else _("no")),
        }


def _of(same: tuple[int, int]) -> cells.Cell:
    return cells.words(f"{same[0]} / {same[1]}") if same[1] else cells.EMPTY


def name_of(side: Side) -> str:
    programme, partner = side
    return f"{programme.code} · {partner}" if partner else programme.code


@dataclass(frozen=True, slots=True, kw_only=True)
class Untouched:
    """A programme in which nothing was added, removed or retargeted since its last ex-post assessment."""

    programme: Programme
    run: AssessmentRun


def load_pairs(user: User) -> list[Pair]:
    """Every visible design beside every other one. One query."""
    rows = (
        ProgrammeIndicator.objects.visible_to(user)
        .active()
        .select_related("programme", "partner", "definition", "plan")
        .order_by("programme__code", "partner__name", "definition__code")
    )
    sides: dict[str, Side] = {}
    groups: dict[str, list[Tailored]] = defaultdict(list)
    for row in rows:
        side = (row.programme, row.partner)
        key = name_of(side)
        sides[key] = side
        groups[key].append(_tailored(row))
    found = likenesses([Design(key=key, indicators=group) for key, group in groups.items()])
    return [Pair(found=one, one=sides[one.design], other=sides[one.other]) for one in found]


def _tailored(row: ProgrammeIndicator) -> Tailored:
    plan = row.plan
    return Tailored(
        definition=row.definition.code,
        target=plan.target if plan else None,
        thresholds=(plan.on_track_from, plan.at_risk_from) if plan else (Decimal(0), Decimal(0)),
        weight=row.weight,
        rationale=row.rationale,
    )


def load_untouched(user: User) -> list[Untouched]:
    """Programmes as they were when they were last judged ex-post. Four queries."""
    newest: dict[int, AssessmentRun] = {}
    runs = AssessmentRun.objects.visible_to(user).filter(kind=Kind.EX_POST).select_related("programme")
    for run in runs.order_by("finished_at"):
        newest[run.programme_id] = run
    indicators = ProgrammeIndicator.objects.filter(programme__in=newest)
    added = dict(indicators.order_by().values_list("programme").annotate(Max("created_at")))
    retargeted = dict(
        TargetRevision.objects.filter(indicator__programme__in=newest, number__gt=1)
        .order_by()
        .values_list("indicator__programme")
        .annotate(Max("created_at"))
    )
    removed = dict(
        Event.objects.filter(
            about_type="programmeindicator",
            programme_id__in=list(newest),
            before__is_active=True,
            after__is_active=False,
        )
        .order_by()
        .values_list("programme_id")
        .annotate(Max("at"))
    )
    return [
        Untouched(programme=run.programme, run=run)
        for pk, run in sorted(newest.items(), key=lambda item: item[1].programme.code)
        if not any(
            changes.get(pk) is not None and changes[pk] > run.finished_at
            for changes in (added, retargeted, removed)
        )
    ]


def table_of(pairs: Sequence[Pair]) -> Table:
    """The pairs as a file."""
    return Table(
        name="sameness",
        key="all",
        title=_("How alike the designs are"),
        columns=[
            text_column("design", _("Design")),
            text_column("other", _("Beside")),
            number_column("indicators", _("Indicators")),
            number_column("shared", _("Shared")),
            number_column("share", _("The same")),
            text_column("targets", _("Targets")),
            text_column("thresholds", _("Thresholds")),
            text_column("weights", _("Weights")),
            number_column("copied", _("Same rationale")),
            text_column("is_copy", _("Too alike")),
        ],
        rows=[Row(cells=one.cells, about=one, is_illustrative=one.one[0].is_illustrative) for one in pairs],
        as_of=today(),
    )
