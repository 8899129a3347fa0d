"""What there is to compute with, and the smallest data each ex-post method needs. Imports no statistics."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from indicators.engine.types import Message, RefusalCode, ValueType

MIN_PAIRS = 8
MIN_POINTS_MEAN = 5
MIN_POINTS_INTERRUPTED = 8
COMPUTED_FROM = 12
MAX_MISSING = 0.10
MIN_PRE_PERIODS = 3
"""Periods before from which the parallel trend of a comparison can be looked at."""
MIN_DONORS = 5
MIN_PRE_SYNTHETIC = 8
DONORS_FOR_FIVE_PERCENT = 19
MIN_PRE_TREND = 6
MIN_FUNCTIONS = 6
MIN_RATERS = 2


class Method(StrEnum):
    """The ex-post methods that are computed here, and the two that are not numbers."""

    PAIRED_GAIN = "paired_gain"
    PAIRED_GAIN_WITH_COMPARISON = "paired_gain_with_comparison"
    PARTICIPANT_RETENTION = "participant_retention"
    SERIES_RETENTION = "series_retention"
    SHARE_KEPT = "share_kept"
    DIFFERENCE_IN_DIFFERENCES = "difference_in_differences"
    COMPARATIVE_INTERRUPTED_SERIES = "comparative_interrupted_series"
    SYNTHETIC_CONTROL = "synthetic_control"
    INTERRUPTED_SERIES = "interrupted_series"
    INTERRUPTED_COUNTS = "interrupted_counts"
    PAIRED_PROPORTIONS = "paired_proportions"
    PROPORTIONS_BEFORE_AFTER = "proportions_before_after"
    RATES_BEFORE_AFTER = "rates_before_after"
    MEANS_BEFORE_AFTER = "means_before_after"
    COUNTERFACTUAL_TREND = "counterfactual_trend"
    ORDINAL_MATURITY = "ordinal_maturity"
    DIFFERENCE_ONLY = "difference_only"
    CONTRIBUTION_RATING = "contribution_rating"


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What there is to compute with. Nothing given means: there is none."""

    value_type: ValueType
    pairs: int = 0
    """Participants with a score before and after."""
    comparison_pairs: int = 0
    """The same of people the course did not reach, e.g. applicants who were not admitted."""
    triples: int = 0
    """Participants with a score before, after and at follow-up."""
    paired_answers: int = 0
    """The same respondents or sites asked yes or no before and after."""
    points_before: int = 0
    points_after: int = 0
    missing_share: float = 0.0
    """Periods due without a value, 0 to 1."""
    has_parts: bool = False
    """Numerators and denominators are known."""
    has_standard_errors: bool = False
    treated_units: int = 1
    """Partners or sites the programme reached that have values on both sides."""
    comparison_units: int = 0
    """Partners or sites it did not reach, with values on both sides."""
    comparison_points_before: int | None = None
    """Periods before that all comparison units share with the treated one; None for as many as the series has."""
    comparison_points_after: int | None = None
    ordinal_functions: int = 0
    """Functions with a maturity level before and after."""
    kept_of: int = 0
    """Posts or certified units that could have been kept."""
    will_count_kept: bool = False
    """They have not been counted yet, but numerator and denominator will be after the end."""
    asks_for_retention: bool = False
    """The question is whether a gain has lasted."""
    has_baseline_and_end: bool = False
    points_followup: int = 0
    last_period_ends_on: date | None = None
    """End of the last period with a value, to say when there will be enough data."""
    days_per_period: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """A method that the data allow, what its result may be called, and why it fits."""

    method: Method
    label: Message
    reason: Message


@dataclass(frozen=True, slots=True, kw_only=True)
class NotPossible:
    """A method that the data do not allow, and what would have to be there."""

    method: Method
    code: RefusalCode
    message: Message
    have: int
    need: int
    when: date | None = None
    """Day from which there will be enough if each period brings its value; None when time alone does not help."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The default method with its label and reason, what else is possible, and why each other method is not."""

    method: Method
    label: Message
    reason: Message
    others: tuple[Option, ...] = ()
    not_possible: tuple[NotPossible, ...] = ()


def enough_on(last_period_ends_on: date | None, days_per_period: float | None, missing: int) -> date | None:
    """Day on which so many further periods will have ended; None when the calendar is not known.

    >>> enough_on(date(2025, 12, 31), 30.4375, 4)
    datetime.date(2026, 5, 1)
    """
    if last_period_ends_on is None or days_per_period is None:
        return None
    return last_period_ends_on + timedelta(days=round(max(missing, 0) * days_per_period))
