"""Against one size for all: how alike the designs are across partners, and which nobody touched since.

Asks; the prompts are questions to people, not verdicts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Max
from django.utils.translation import gettext as _

from indicators.engine.sameness import Design, Likeness, Tailored, likenesses
from indicators.models import (
    AssessmentRun,
    ContextProfile,
    Event,
    Kind,
    Partner,
    ProfileEntry,
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
    apart: tuple[str, ...] = ()
    """Topics of which the profiles of the two partners say different things; no order of partners is meant."""
    is_described: bool = False
    """Both have a profile."""

    @property
    def asks(self) -> bool:
        """Nearly the same design although the profiles differ: METHOD's question stands."""
        return self.found.is_copy and bool(self.apart)

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
            "apart": cells.words(", ".join(self.apart)),
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
    """Every visible design beside every other one, with what their partners' profiles differ in. Four queries."""
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
    partners = _partners_of(sides)
    profiles = _profiles(user, {pk for pks in partners.values() for pk in pks})
    return [_pair(one, sides, partners, profiles) for one in found]


def _partners_of(sides: Mapping[str, Side]) -> dict[str, set[int]]:
    """The partners of each design: the one it was tailored for, else all of its programme. One query."""
    links = Programme.partners.through.objects.filter(
        programme__in={programme.pk for programme, _partner in sides.values()}
    )
    of_programme: dict[int, set[int]] = defaultdict(set)
    for programme, partner in links.values_list("programme_id", "partner_id"):
        of_programme[programme].add(partner)
    return {
        key: {partner.pk} if partner else of_programme[programme.pk]
        for key, (programme, partner) in sides.items()
    }


def _profiles(user: User, partners: set[int]) -> dict[int, dict[str, str]]:
    """What the profile in force of each partner says, by topic, as far as one sees it. Two queries."""
    found: dict[int, dict[str, str]] = {}
    newest = (
        ContextProfile.objects.visible_to(user)
        .filter(partner__in=partners)
        .order_by("partner_id", "-number")
        .distinct("partner_id")
    )
    for profile in newest.prefetch_related("entries"):
        found[profile.partner_id] = {one.topic: one.text for one in profile.entries.all()}
    return found


def _pair(
    found: Likeness,
    sides: Mapping[str, Side],
    partners: Mapping[str, set[int]],
    profiles: Mapping[int, Mapping[str, str]],
) -> Pair:
    here, there = (partners[key] & profiles.keys() for key in (found.design, found.other))
    apart = [
        str(label)
        for topic, label in ProfileEntry.Topic.choices
        if {profiles[pk].get(topic, "") for pk in here - there} - {""}
        and {profiles[pk].get(topic, "") for pk in there - here} - {""}
        and {profiles[pk].get(topic, "") for pk in here} != {profiles[pk].get(topic, "") for pk in there}
    ]
    return Pair(
        found=found,
        one=sides[found.design],
        other=sides[found.other],
        apart=tuple(apart),
        is_described=bool(here and there),
    )


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
            text_column("apart", _("Profiles differ in")),
        ],
        rows=[Row(cells=one.cells, about=one, is_illustrative=one.one[0].is_illustrative) for one in pairs],
        as_of=today(),
    )
