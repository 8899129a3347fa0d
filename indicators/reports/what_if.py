"""An assessment as it is beside the same as if: which verdicts flip, and what the indices become. Stores nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from indicators.composites import reading, shown_to, sight_of
from indicators.engine.codec import to_json
from indicators.engine.display import format_share
from indicators.engine.index import IndexInputs, IndexScore, IndexScores, Reads, judge_index
from indicators.engine.judge import judge_many
from indicators.engine.portfolio import WeightedAchievement, weighted_achievement
from indicators.engine.types import Judgement, Refusal, Snapshot
from indicators.engine.whatif import Change, Reading, Scratch, index_as_if, with_change
from indicators.models import ProgrammeIndicator, Status, User
from indicators.reports import cells
from indicators.reports.cells import Cell
from indicators.reports.explained_status import in_words
from indicators.reports.explanation import Line
from indicators.reports.queries import WITH_ACHIEVEMENT
from indicators.reports.what_if_base import Base, Thinned, thin_out
from indicators.reports.what_if_form import FIELD_WORDS, FrozenIndex, Subject
from indicators.reports.wording import say
from indicators.templatetags.ui import day

NOTICE = "What if, not a result"


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """A judgement in the reader's words."""

    judgement: Judgement
    snapshot: Snapshot

    @property
    def status(self) -> str:
        return self.judgement.status.value

    @property
    def word(self) -> str:
        return str(Status(self.status).label)

    @property
    def value(self) -> Cell:
        return cells.amount(self.judgement.value, self.snapshot.rule)

    @property
    def target(self) -> Cell:
        return cells.amount(self.snapshot.plan.target, self.snapshot.rule)

    @property
    def achievement(self) -> Cell:
        return cells.share(self.judgement.achievement)

    @property
    def index(self) -> Cell:
        plan = self.snapshot.plan
        return cells.index(self.judgement.on_track_index, (plan.on_track_from, plan.at_risk_from))

    @property
    def sentence(self) -> str:
        return " ".join(say(one) for one in self.judgement.sentence)

    @property
    def steps(self) -> list[Line]:
        return in_words(self.judgement.steps)

    @property
    def panel(self) -> list[tuple[str, str, str]]:
        return [one.as_step() for one in self.steps]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One indicator, as it is and as if; `now` None: left out."""

    indicator: ProgrammeIndicator
    change: Change
    was: Side
    now: Side | None
    why: str
    """What was tried on it, in words; empty: nothing."""

    @property
    def is_flip(self) -> bool:
        return self.now is not None and self.now.status != self.was.status

    @property
    def is_touched(self) -> bool:
        return bool(self.why)

    @property
    def sentence(self) -> str:
        """What happens to it, in one sentence."""
        given = {"name": self.indicator, "was": self.was.word, "why": self.why}
        if self.now is None:
            return _("%(name)s is left out; it is “%(was)s”.") % given
        if self.is_flip:
            return _("%(name)s turns from “%(was)s” to “%(now)s”: %(why)s.") % {**given, "now": self.now.word}
        return _("%(name)s stays “%(was)s”: %(why)s.") % given


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexOutcome:
    """One composite index, as it is and as if; the scores are narrowed to what the reader sees."""

    version: int
    name: str
    inputs_was: IndexInputs
    scores_was: IndexScores
    inputs_now: IndexInputs | None
    scores_now: IndexScores | None
    """None: no part is left."""

    @property
    def is_changed(self) -> bool:
        return self.inputs_now != self.inputs_was

    @property
    def lines(self) -> list[dict[str, Any]]:
        now = {one.key: one for one in self.scores_now.scores} if self.scores_now else {}
        return [
            {"name": one.name, "was": _score(one), "now": _score(now.get(one.key))}
            for one in self.scores_was.scores
        ]


def _score(one: IndexScore | None) -> dict[str, Any] | None:
    if one is None:
        return None
    return {
        "score": one,
        "why": say(one.refusal.message) if one.refusal else "",
    } | {name: cells.index(getattr(one, name)) for name in ("value", "low", "high")}


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIf:
    """Everything that a scratch copy says."""

    base: Base
    scratch: Scratch
    outcomes: Sequence[Outcome]
    indices: Sequence[IndexOutcome]
    score_was: WeightedAchievement | Refusal
    score_now: WeightedAchievement | Refusal
    notes: Sequence[str]

    @property
    def flips(self) -> list[Outcome]:
        return [one for one in self.outcomes if one.is_flip]

    @property
    def others(self) -> list[Outcome]:
        """Touched and not flipped."""
        return [one for one in self.outcomes if one.is_touched and not one.is_flip]

    @property
    def counts_was(self) -> dict[str, int]:
        return dict(Counter(one.was.status for one in self.outcomes))

    @property
    def counts_now(self) -> dict[str, int]:
        return dict(Counter(one.now.status for one in self.outcomes if one.now is not None))

    @property
    def score_words(self) -> tuple[str, str]:
        return _score_words(self.score_was), _score_words(self.score_now)


def _score_words(found: WeightedAchievement | Refusal) -> str:
    return say(found.message) if isinstance(found, Refusal) else format_share(found.value)


def compute(user: User, base: Base, scratch: Scratch) -> WhatIf:
    """Judge everything twice, by the functions that assessments use: as it was given, and with the changes."""
    thinned = thin_out(user, base, scratch) if scratch.leaves_figures_out else Thinned()
    tried = [_tried(one, scratch, thinned) for one in base.subjects]
    was = judge_many([one.snapshot for one in base.subjects])
    now = judge_many([snapshot for snapshot, _change in tried])
    outcomes = [
        Outcome(
            indicator=one.indicator,
            change=change,
            was=Side(judgement=before, snapshot=one.snapshot),
            now=None if one.indicator.pk in scratch.left_out else Side(judgement=after, snapshot=snapshot),
            why=_why(one, change, scratch, thinned),
        )
        for one, before, after, (snapshot, change) in zip(base.subjects, was, now, tried, strict=True)
    ]
    return WhatIf(
        base=base,
        scratch=scratch,
        outcomes=outcomes,
        indices=_indices(user, base, scratch, outcomes),
        score_was=_weighted(outcomes, is_now=False),
        score_now=_weighted(outcomes, is_now=True),
        notes=_notes(base, scratch, outcomes, thinned),
    )


def _tried(subject: Subject, scratch: Scratch, thinned: Thinned) -> tuple[Snapshot, Change]:
    snapshot, pk = subject.snapshot, subject.indicator.pk
    change = scratch.change_of(pk, snapshot.plan) if subject.fields else Change()
    if pk in thinned.series:
        snapshot = replace(snapshot, series=thinned.series[pk])
    return with_change(snapshot, change), change


def _why(subject: Subject, change: Change, scratch: Scratch, thinned: Thinned) -> str:
    """What was tried on an indicator, in words."""
    pk, plan = subject.indicator.pk, subject.snapshot.plan
    if pk in scratch.left_out:
        return _("it is left out")
    words = dict(FIELD_WORDS)
    said = [
        _("%(what)s %(now)s instead of %(was)s")
        % {
            "what": words[name],
            "now": _shown(name, value, subject),
            "was": _shown(name, getattr(plan, name), subject),
        }
        for name, value in change.plan.items()
    ]
    if change.weight is not None and change.weight != subject.indicator.weight:
        pair = {
            "now": cells.number(change.weight, 3).text,
            "was": cells.number(subject.indicator.weight, 3).text,
        }
        said.append(_("weight %(now)s instead of %(was)s") % pair)
    if pk in thinned.lost:
        said.append(_("%(count)s of its figures left out") % {"count": thinned.lost[pk]})
    return "; ".join(said)


def _shown(name: str, value: Any, subject: Subject) -> str:
    if value is None:
        return _("none")
    if name == "target_on":
        return day(value)
    if name in {"on_track_from", "at_risk_from"}:
        return cells.fixed(value, 2).text
    return cells.amount(value, subject.snapshot.rule).text


def _weighted(outcomes: Sequence[Outcome], *, is_now: bool) -> WeightedAchievement | Refusal:
    """The weighted achievement with today's weights, or those that are tried."""
    items = []
    rules = None
    for one in outcomes:
        side = one.now if is_now else one.was
        if side is None or side.status == Status.MONITORED:
            continue
        rules = rules or side.snapshot.rules
        tried = one.change.weight if is_now else None
        achieved = side.judgement.achievement if side.status in WITH_ACHIEVEMENT else None
        items.append((one.indicator.weight if tried is None else tried, achieved))
    return weighted_achievement(items, rules) if rules else weighted_achievement(items)


def _indices(user: User, base: Base, scratch: Scratch, outcomes: Sequence[Outcome]) -> list[IndexOutcome]:
    sight = sight_of(user)
    readings = _readings(outcomes)
    return [_index(one, base, scratch, readings, sight) for one in base.indices]


def _readings(outcomes: Sequence[Outcome]) -> dict[tuple[int, str], Reading]:
    """What each changed indicator says to an index now; the others say what they said."""
    found = {}
    for one in outcomes:
        if one.now is None or one.now.snapshot == one.was.snapshot:
            continue
        for reads in Reads:
            value, on, why = reading(reads, one.now.judgement)
            found[one.indicator.pk, reads.value] = Reading(value=value, on=on, why_missing=why)
    return found


def _index(
    index: FrozenIndex,
    base: Base,
    scratch: Scratch,
    readings: Mapping[tuple[int, str], Reading],
    sight: Any,
) -> IndexOutcome:
    across = index.inputs.across
    weights = {pk: weight for (version, pk), weight in scratch.parts.items() if version == index.version}
    inputs = index_as_if(
        index.inputs,
        readings={} if across == "units" else readings,
        weights=weights,
        left_out=scratch.left_out,
    )

    def seen(one: IndexInputs) -> IndexScores:
        return shown_to(sight, judge_index(one), across=across, programme_pk=base.programme.pk)

    was = seen(index.inputs)
    now = was if inputs == index.inputs else seen(inputs) if inputs is not None else None
    return IndexOutcome(
        version=index.version,
        name=index.name,
        inputs_was=index.inputs,
        scores_was=was,
        inputs_now=inputs,
        scores_now=now,
    )


def _notes(base: Base, scratch: Scratch, outcomes: Sequence[Outcome], thinned: Thinned) -> list[str]:
    """What a reader must know before believing any of it."""
    said = []
    if base.is_of_another_method:
        said.append(
            _("The assessment was made by another version of the method; both sides are computed by today's.")
        )
    moved = [one for one in outcomes if base.kept.get(one.indicator.pk, one.was.status) != one.was.status]
    if moved:
        names = ", ".join(str(one.indicator) for one in moved)
        said.append(
            _("By today's method these stand otherwise than they were frozen: %(names)s.") % {"names": names}
        )
    for pk, why in thinned.why_whole.items():
        name = next(one.indicator for one in outcomes if one.indicator.pk == pk)
        said.append(_("All figures of %(name)s were kept: %(why)s.") % {"name": name, "why": why})
    if thinned.series and any(one.inputs.across == "units" for one in base.indices):
        said.append(_("Indices of reporting units are computed with all figures."))
    return said


def as_json(found: WhatIf) -> dict[str, Any]:
    """For the machine door: the same numbers, refusals and explanations."""
    return {
        "notice": _(NOTICE),
        "programme": found.base.programme.code,
        "assessment": found.base.run.pk if found.base.run else None,
        "as_of": found.base.as_of,
        "notes": list(found.notes),
        "flips": [one.sentence for one in found.flips],
        "counts": {"as_is": found.counts_was, "as_if": found.counts_now},
        "weighted_achievement": {
            "as_is": _score_json(found.score_was),
            "as_if": _score_json(found.score_now),
        },
        "verdicts": [
            {
                "indicator": one.indicator.pk,
                "code": one.indicator.definition.code,
                "name": one.indicator.name,
                "sentence": one.sentence if one.is_touched else "",
                "is_flip": one.is_flip,
                "as_is": to_json(one.was.judgement),
                "as_if": to_json(one.now.judgement) if one.now else None,
            }
            for one in found.outcomes
        ],
        "indices": [
            {
                "version": one.version,
                "name": one.name,
                "is_changed": one.is_changed,
                "as_is": to_json(one.scores_was),
                "as_if": to_json(one.scores_now) if one.scores_now else None,
            }
            for one in found.indices
        ],
    }


def _score_json(found: WeightedAchievement | Refusal) -> dict[str, Any]:
    return to_json(found)


def proposal_query(found: WhatIf) -> list[tuple[str, str]]:
    """The targets and thresholds that are tried, as the page that proposes them reads them."""
    return [
        (
            f"{name}-{one.indicator.pk}",
            format(value, "f") if isinstance(value, Decimal) else value.isoformat(),
        )
        for one in found.outcomes
        if one.now is not None
        for name, value in one.change.plan.items()
    ]
