"""Which method a data situation allows, and what its result may be called. Computes nothing, imports no statistics."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from indicators.engine.messages import gettext_noop, message
from indicators.engine.types import Message, ValueType

MIN_PAIRS = 8
MIN_POINTS_MEAN = 5
MIN_POINTS_INTERRUPTED = 8
COMPUTED_FROM = 12


class Method(StrEnum):
    """The ex-post methods that are computed here, and the two that are not numbers."""

    PAIRED_GAIN = "paired_gain"
    PARTICIPANT_RETENTION = "participant_retention"
    SERIES_RETENTION = "series_retention"
    INTERRUPTED_SERIES = "interrupted_series"
    PROPORTIONS_BEFORE_AFTER = "proportions_before_after"
    RATES_BEFORE_AFTER = "rates_before_after"
    MEANS_BEFORE_AFTER = "means_before_after"
    DIFFERENCE_ONLY = "difference_only"
    CONTRIBUTION_RATING = "contribution_rating"


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What there is to compute with."""

    value_type: ValueType
    pairs: int = 0
    """Participants with a score before and after."""
    triples: int = 0
    """Participants with a score before, after and at follow-up."""
    points_before: int = 0
    points_after: int = 0
    has_parts: bool = False
    """Numerators and denominators are known."""
    has_standard_errors: bool = False
    asks_for_retention: bool = False
    """The question is whether a gain has lasted."""
    has_baseline_and_end: bool = False
    points_followup: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A method, what its result may be called, and why it was chosen."""

    method: Method
    label: Message
    reason: Message


def choose_method(situation: Situation) -> Choice:
    """The default method for a data situation; the first row that fits (METHOD 2.9).

    What has too few pairs for a test is still given to the pair method: it refuses and says how many are needed.
    """
    if situation.asks_for_retention:
        return _retention(situation)
    if situation.pairs > 0:
        return _choice(
            Method.PAIRED_GAIN,
            gettext_noop("learning gain"),
            gettext_noop("The same participants were tested before and after (%(pairs)s pairs)."),
            pairs=situation.pairs,
        )
    if situation.value_type is ValueType.TEXT or not (situation.points_before and situation.points_after):
        return _choice(
            Method.CONTRIBUTION_RATING,
            gettext_noop("judgement, with evidence"),
            gettext_noop(
                "There are no values on both sides to compare; what is left is a judgement with evidence."
            ),
        )
    return _series(situation)


def _retention(situation: Situation) -> Choice:
    if situation.triples > 0:
        return _choice(
            Method.PARTICIPANT_RETENTION,
            gettext_noop("retention"),
            gettext_noop("%(triples)s participants have scores before, after and at follow-up."),
            triples=situation.triples,
        )
    return _choice(
        Method.SERIES_RETENTION,
        gettext_noop("retention"),
        gettext_noop(
            "Baseline, end and follow-up of the series are compared; without people there is no interval."
        ),
    )


def _series(situation: Situation) -> Choice:
    shorter = min(situation.points_before, situation.points_after)
    if shorter >= MIN_POINTS_INTERRUPTED and situation.value_type is not ValueType.COUNT:
        return _choice(
            Method.INTERRUPTED_SERIES,
            gettext_noop("change at the date, computed")
            if shorter >= COMPUTED_FROM
            else gettext_noop("change at the date, indicative"),
            gettext_noop(
                "One series with %(before)s points before and %(after)s after: interrupted time series."
            ),
            before=situation.points_before,
            after=situation.points_after,
        )
    if situation.value_type is ValueType.RATIO and situation.has_parts:
        return _choice(
            Method.PROPORTIONS_BEFORE_AFTER,
            gettext_noop("change, not effect"),
            gettext_noop("Proportions before and after, without a comparison: Newcombe interval."),
        )
    if situation.value_type is ValueType.COUNT:
        return _choice(
            Method.RATES_BEFORE_AFTER,
            gettext_noop("change in rate, not effect"),
            gettext_noop("Counts of events before and after, without a comparison: rate ratio."),
        )
    enough = min(situation.points_before, situation.points_after) >= MIN_POINTS_MEAN
    single = situation.points_before == situation.points_after == 1 and situation.has_standard_errors
    if enough or single:
        return _choice(
            Method.MEANS_BEFORE_AFTER,
            gettext_noop("change, not effect"),
            gettext_noop(
                "Values before and after, without a comparison: difference of means with an interval."
            ),
        )
    return _choice(
        Method.DIFFERENCE_ONLY,
        gettext_noop("change, not effect"),
        gettext_noop("%(before)s values before and %(after)s after are too few for a test: difference only."),
        before=situation.points_before,
        after=situation.points_after,
    )


def _choice(method: Method, label: str, reason: str, **params: object) -> Choice:
    return Choice(method=method, label=message(label), reason=message(reason, **params))
