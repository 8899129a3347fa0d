"""How plausible it is that the programme contributed: a rating 0 to 4 from recorded evidence. Imports no statistics."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from indicators.engine.errors import EngineError
from indicators.engine.messages import gettext_noop, message, refuse
from indicators.engine.types import Message, Refusal, RefusalCode

from . import labels, words
from .checked import checked
from .situation import MIN_RATERS
from .types import Answer, Assumption, Confidence, ExPostResult, Param, Reason, refused

METHOD = "Contribution rating 0–4 from recorded evidence, two raters"
HIGHEST = 4
MOST_APART = 1
NOT_AGREED = "RATERS_DIFFER"
RECONCILED = "RECONCILED"
ABOVE_EVIDENCE = "ABOVE_EVIDENCE"
RATING_WORDS = (
    gettext_noop("no plausible link"),
    gettext_noop("plausible theory, no evidence"),
    gettext_noop("activities delivered and the sequence fits"),
    gettext_noop("intermediate outcomes evidenced and the main rival explanations examined"),
    gettext_noop("an independent source or a comparison supports it"),
)
RATING_SENTENCES = (
    gettext_noop("Contribution 0 of 4: no plausible link."),
    gettext_noop("Contribution 1 of 4: a plausible theory, no evidence."),
    gettext_noop("Contribution 2 of 4: activities were delivered and the sequence fits."),
    gettext_noop(
        "Contribution 3 of 4: intermediate outcomes are evidenced and the main rival explanations examined."
    ),
    gettext_noop("Contribution 4 of 4: an independent source or a comparison supports it."),
)


class RivalJudgement(StrEnum):
    """How far another explanation accounts for the change."""

    EXPLAINS_IT = "explains_it"
    EXPLAINS_PART = "explains_part"
    DOES_NOT_EXPLAIN = "does_not_explain"
    CANNOT_TELL = "cannot_tell"
    NOT_EXAMINED = "not_examined"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rival:
    """Another explanation: other providers, oil price, politics, war."""

    name: str
    judgement: RivalJudgement
    evidence: str = ""
    """Where it is recorded; a judgement without it counts as not examined."""
    is_main: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What is on record. Each is yes only with something that can be looked up."""

    plausible_theory: bool = False
    activities_delivered: bool = False
    sequence_fits: bool = False
    """The change came after the activities, and where they were."""
    intermediate_outcomes: bool = False
    independent_support: bool = False
    """A source that does not depend on the programme, or a comparison, supports it."""
    rivals: tuple[Rival, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rating:
    """One rater's number. Who works in the programme cannot rate it."""

    rater: str
    rating: int
    is_programme_staff: bool = False


@checked
def supported_rating(evidence: Evidence) -> int:
    """The highest rating that the recorded evidence carries, 0 to 4; each step needs all steps below it.

    A main rival that explains the change, is not examined, or for which nothing is on record keeps it at 2 or below;
    at least one rival has to be named, because something else always happened.

    Source: METHOD 2.10; Mayne (2012), Evaluation 18:270.
    """
    steps = (
        evidence.plausible_theory,
        evidence.activities_delivered and evidence.sequence_fits,
        evidence.intermediate_outcomes and not open_rivals(evidence) and bool(evidence.rivals),
        evidence.independent_support,
    )
    return next((i for i, holds in enumerate(steps) if not holds), HIGHEST)


def open_rivals(evidence: Evidence) -> tuple[str, ...]:
    """Main rival explanations that still stand: unexamined, without evidence, undecided, or explaining the change."""
    closed = {RivalJudgement.DOES_NOT_EXPLAIN, RivalJudgement.EXPLAINS_PART}
    return tuple(
        one.name
        for one in evidence.rivals
        if one.is_main and (one.judgement not in closed or not one.evidence.strip())
    )


@checked
def contribution_rating(
    evidence: Evidence,
    ratings: Sequence[Rating],
    *,
    reconciled: int | None = None,
    judged_apart: Answer = Answer.CANNOT_TELL,
) -> ExPostResult:
    """Two or more raters' judgements put together: the lowest of them, never above what the evidence carries.

    Args:
        evidence: what is on record.
        ratings: one per rater, 0 to 4; those of programme staff are not counted.
        reconciled: the rating that raters who differed settled on, with a reason; from the lowest to the highest.
        judged_apart: whether the raters judged before they knew of each other's rating.

    Returns:
        value: the rating; params: supported, lowest, highest, share of raters that agree, reconciled. Flags:
        RATERS_DIFFER (one apart), RECONCILED, ABOVE_EVIDENCE (raters saw more than is on record: it is cut). Table
        ``rivals``. Confidence is moderate at 4, low below. Refusals: RATERS_TOO_FEW (fewer than 2 outside the
        programme), RATERS_DISAGREE (more than one apart and not reconciled: they have to talk first).

    Raises:
        EngineError: a rating that is not 0 to 4, the same rater twice, or a reconciled rating outside the others.

    Source: METHOD 2.10.
    """
    _check(ratings, reconciled)
    counted = [one.rating for one in ratings if not one.is_programme_staff]
    label = message(labels.JUDGEMENT)
    supported = supported_rating(evidence)
    table = words.table(
        "rivals",
        gettext_noop("Rival explanations"),
        ("rival", "judgement", "evidence", "main"),
        [(r.name, r.judgement.value, r.evidence, "yes" if r.is_main else "no") for r in evidence.rivals],
    )
    params: dict[str, Param] = {"supported": supported, "raters": len(counted)}
    refusal = _why_not(counted, reconciled)
    if refusal is not None:
        return refused(refusal, method=METHOD, label=label, n=len(counted), params=params, tables=(table,))
    lowest, highest = min(counted), max(counted)
    settled = lowest if reconciled is None else reconciled
    rating = min(settled, supported)
    params |= {
        "lowest": lowest,
        "highest": highest,
        "agreement": Counter(counted).most_common(1)[0][1] / len(counted),
    }
    if reconciled is not None:
        params["reconciled"] = reconciled
    differ = NOT_AGREED if reconciled is None else RECONCILED
    flags = (differ,) * (lowest < highest) + (ABOVE_EVIDENCE,) * (settled > supported)
    confidence = Confidence.MODERATE if rating == HIGHEST else Confidence.LOW
    text = gettext_noop("A judgement from recorded evidence, not a measured effect.")
    return ExPostResult(
        method=METHOD,
        label=label,
        value=float(rating),
        n=len(counted),
        params=params,
        assumptions=_assumptions(evidence, judged_apart),
        flags=flags,
        confidence=confidence,
        reasons=(Reason(name="judgement", allows=confidence, text=message(text)),),
        tables=(table,),
        steps=(
            words.step(
                gettext_noop("Lowest rating, not above what the evidence carries"),
                "min(ratings, supported)",
                f"min({', '.join(str(r) for r in (counted if reconciled is None else [reconciled]))}; {supported})",
                str(rating),
            ),
        ),
        sentence=_sentence(rating, flags, evidence, params),
    )


def _check(ratings: Sequence[Rating], reconciled: int | None) -> None:
    for one in ratings:
        if not 0 <= one.rating <= HIGHEST:
            raise EngineError(f"{one.rating} is not a rating; 0 to {HIGHEST} was expected.")
    if len({one.rater for one in ratings}) < len(ratings):
        raise EngineError("A rater was given twice; each was expected once.")
    given = [one.rating for one in ratings]
    if reconciled is not None and not (given and min(given) <= reconciled <= max(given)):
        raise EngineError(
            f"{reconciled} was given as reconciled; one from the lowest to the highest was expected."
        )


def _why_not(counted: Sequence[int], reconciled: int | None) -> Refusal | None:
    if len(counted) < MIN_RATERS:
        text = (
            gettext_noop("One rating of two: a second person from outside the programme has to judge.")
            if counted
            else gettext_noop("No rating of two yet: two people from outside the programme have to judge.")
        )
        return refuse(RefusalCode.RATERS_TOO_FEW, text, have=len(counted), need=MIN_RATERS)
    if reconciled is None and max(counted) - min(counted) > MOST_APART:
        return refuse(
            RefusalCode.RATERS_DISAGREE,
            gettext_noop(
                "The raters are %(have)s steps apart (%(low)s to %(high)s); at most %(need)s is accepted. "
                "They have to compare their evidence first."
            ),
            have=max(counted) - min(counted),
            need=MOST_APART,
            low=min(counted),
            high=max(counted),
        )
    return None


def _assumptions(evidence: Evidence, judged_apart: Answer) -> tuple[Assumption, ...]:
    still_open = open_rivals(evidence)
    examined = bool(evidence.rivals) and not still_open
    return (
        words.assumption(
            "rivals_examined",
            Answer.YES if examined else Answer.NO,
            gettext_noop("The main rival explanations were examined and do not account for the change."),
        ),
        words.assumption(
            "raters_independent",
            judged_apart,
            gettext_noop("The raters judged before they knew of each other's rating."),
        ),
        words.comparison(is_there=evidence.independent_support),
    )


def _sentence(
    rating: int, flags: Sequence[str], evidence: Evidence, params: Mapping[str, Param]
) -> tuple[Message, ...]:
    said = [message(RATING_SENTENCES[rating])]
    apart = {"low": params["lowest"], "high": params["highest"]}
    if NOT_AGREED in flags:
        said.append(
            message(
                gettext_noop("The raters differ (%(low)s and %(high)s); the lower rating counts."), **apart
            )
        )
    if RECONCILED in flags:
        text = gettext_noop(
            "The raters differed (%(low)s and %(high)s) and settled on %(settled)s, with a reason."
        )
        said.append(message(text, **apart, settled=params["reconciled"]))
    if ABOVE_EVIDENCE in flags:
        said.append(
            message(
                gettext_noop("The raters saw more than is on record; the evidence carries %(supported)s."),
                supported=params["supported"],
            )
        )
    still_open = open_rivals(evidence)
    if still_open:
        said.append(message(gettext_noop("Still open: %(rivals)s."), rivals=", ".join(still_open)))
    return tuple(said)
