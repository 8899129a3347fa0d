"""What an indicator's chart marks beside its values: grades of sources, corrections, what was decided. Reads only."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from django.db.models import Max, Q
from django.utils.text import Truncator
from django.utils.translation import gettext as _

from indicators.charts import Annotation
from indicators.disclosure import withheld
from indicators.engine.rollup import roll_up_period
from indicators.engine.types import Measurement
from indicators.models import (
    Alert,
    DesignVersion,
    Event,
    IndicatorVersion,
    Observation,
    ProgrammeIndicator,
    State,
    TargetRevision,
    User,
)
from indicators.reports.adjustments import Aftermath
from indicators.reports.explained_status import visible_observations, with_people
from indicators.snapshots import load_measurements, measurements_of

Key = tuple[date, str]
"""First day and label of a period."""
MOST_WORDS = 160
MOST_EVENTS = 12
"""Entries of the audit trail that are marked: the newest."""
NOT_MARKED = (
    "registered", "tailored an indicator", "signed off", "declined", "assessed", "gave a role", "revised a target",
    "put a design in force", "decided", "commented on",
)  # fmt: skip
"""They begin a programme or an indicator, or are marked or listed as what they are."""


@dataclass(slots=True, kw_only=True)
class Correction:
    """A period whose figures were corrected: what it came to as first reported, and why it was corrected."""

    before: Decimal | None = None
    """None: nothing was reported first, or it is left out for this person (few people)."""
    reasons: list[str] = field(default_factory=list)
    count: int = 0

    @property
    def words(self) -> str:
        return "; ".join(dict.fromkeys(one for one in self.reasons if one))


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """By period what is marked at its value, and the annotations in the order of their days."""

    grades: dict[Key, str] = field(default_factory=dict)
    corrections: dict[Key, Correction] = field(default_factory=dict)
    annotations: Sequence[Annotation] = ()


def marks_of(
    user: User,
    indicator: ProgrammeIndicator,
    revisions: Iterable[TargetRevision],
    aftermaths: Iterable[Aftermath],
) -> Marks:
    """Eight queries at most, however many figures, corrections and decisions there are."""
    return Marks(
        grades=grades_of(user, indicator),
        corrections=corrections_of(user, indicator),
        annotations=annotations_of(user, indicator, revisions, aftermaths),
    )


def grades_of(user: User, indicator: ProgrammeIndicator) -> dict[Key, str]:
    """The weakest reliability and the weakest credibility among the figures of each period: "B2". One query.

    F and 6, not judged, count as weaker than all: one figure of unknown origin makes the whole unsure.
    """
    rows = (
        visible_observations(user, indicator)
        .filter(missing_reason="")
        .order_by()
        .values_list("period__starts_on", "period__label")
        .annotate(Max("reliability"), Max("credibility"))
    )
    return {
        (starts_on, label): f"{reliability}{credibility}"
        for starts_on, label, reliability, credibility in rows
    }


def corrections_of(user: User, indicator: ProgrammeIndicator) -> dict[Key, Correction]:
    """What each corrected period came to before. One query where nothing was corrected, else five.

    The figures as first reported are put in the place of those that hold, and rolled up by the same rule. Where one of
    them is left out for the person, the sum is left out too: it would tell the cell. Partner viewers see none.
    """
    if not with_people(user) or indicator.is_computed:
        return {}
    old = list(
        Observation.objects.visible_to(user)
        .filter(indicator=indicator, state=State.SUPERSEDED)
        .select_related("period", "indicator__version", "indicator__programme")
        .order_by("pk")
    )
    if not old:
        return {}
    reasons = dict(
        Observation.objects.visible_to(user)
        .filter(corrects__in=[one.pk for one in old], state__in=[State.APPROVED, State.SUPERSEDED])
        .values_list("corrects_id", "correction_reason")
    )
    hidden = withheld(user, old)
    before = _values_before(indicator, old)
    found: dict[Key, Correction] = defaultdict(Correction)
    for one in old:
        correction = found[one.period.starts_on, one.period.label]
        correction.count += 1
        if one.pk not in hidden:
            correction.reasons.append(reasons.get(one.pk, ""))
    told = {(one.period.starts_on, one.period.label) for one in old if one.pk in hidden}
    for key, correction in found.items():
        correction.before = None if key in told else before.get(key)
    return dict(found)


def _values_before(indicator: ProgrammeIndicator, old: Sequence[Observation]) -> dict[Key, Decimal | None]:
    """The roll-up of each corrected period with what was reported first. Two queries."""
    first = {one.pk for one in old if one.corrects_id is None}
    keys = {(indicator.pk, one.period_id) for one in old}
    now = load_measurements(keys)
    then = measurements_of(Observation.objects.filter(pk__in=first))
    rule = indicator.version.rule()
    found = {}
    for period in {one.period_id: one.period for one in old}.values():
        key = (indicator.pk, period.pk)
        rolled = roll_up_period(
            _replaced(now.get(key, []), then.get(key, [])),
            rule,
            starts_on=period.starts_on,
            ends_on=period.ends_on,
            label=period.label,
            expected=0,
        )
        found[period.starts_on, period.label] = rolled.value
    return found


def _replaced(now: Sequence[Measurement], then: Sequence[Measurement]) -> list[Measurement]:
    places = {(one.site, one.cell): one for one in now}
    return list((places | {(one.site, one.cell): one for one in then}).values())


def annotations_of(
    user: User,
    indicator: ProgrammeIndicator,
    revisions: Iterable[TargetRevision],
    aftermaths: Iterable[Aftermath],
) -> list[Annotation]:
    """What happened to the indicator and its programme, oldest first. Three queries, four for those inside."""
    found = [
        *(_of_revision(one) for one in revisions if one.number > 1),
        *_of_designs(user, indicator),
        *(_of_decision(one) for one in aftermaths),
        *_of_definition(indicator),
        *(_of_inside(user, indicator) if with_people(user) else []),
    ]
    return sorted(found, key=lambda one: (one.on, one.kind, one.text))


def _of_revision(one: TargetRevision) -> Annotation:
    return Annotation(
        on=one.effective_on,
        kind=_("Target"),
        text=_("Target revised: %(reason)s") % {"reason": one.get_reason_code_display()},
        url="#targets",
    )


def _of_designs(user: User, indicator: ProgrammeIndicator) -> list[Annotation]:
    rows = DesignVersion.objects.visible_to(user).filter(
        programme=indicator.programme_id, number__gt=1, in_force_from__isnull=False
    )
    return [
        Annotation(
            on=one.in_force_from,
            kind=_("Design"),
            text=_short(_("Version %(n)s in force. %(why)s") % {"n": one.number, "why": one.reason}),
        )
        for one in rows
    ]


def _of_decision(one: Aftermath) -> Annotation:
    decision = one.decision
    return Annotation(
        on=one.decided_on,
        kind=_("Decision"),
        text=_short(f"{decision.get_kind_display()}: {decision.rationale}"),
        url=decision.get_absolute_url(),
    )


def _of_definition(indicator: ProgrammeIndicator) -> list[Annotation]:
    """New versions of the definition; the first is no news."""
    rows = IndicatorVersion.objects.filter(
        definition_of=indicator.definition_id, number__gt=1, number__lte=indicator.version.number
    )
    return [
        Annotation(
            on=one.created_at.date(),
            kind=_("Definition"),
            text=_short(_("Version %(n)s. %(why)s") % {"n": one.number, "why": one.change_note}),
        )
        for one in rows
    ]


def _of_inside(user: User, indicator: ProgrammeIndicator) -> list[Annotation]:
    """Explained signals and logged events: for those inside, as they carry names and words."""
    explained = Alert.objects.visible_to(user).filter(indicator=indicator, closed_at__isnull=False)
    logged = (
        Event.objects.visible_to(user)
        .filter(
            Q(about_type="programme", about_id=indicator.programme_id)
            | Q(about_type="programmeindicator", about_id=indicator.pk)
        )
        .exclude(verb__in=NOT_MARKED)
        .order_by("-at", "-pk")[:MOST_EVENTS]
    )
    return [
        *(
            Annotation(
                on=one.last_on, kind=_("Change explained"), text=_short(one.cause), url=one.get_absolute_url()
            )
            for one in explained
        ),
        *(
            Annotation(
                on=one.at.date(), kind=_("Event"), text=_short(f"{one.verb}: {one.reason or one.about_name}")
            )
            for one in logged
        ),
    ]


def _short(text: str) -> str:
    return Truncator(text.strip()).chars(MOST_WORDS)
