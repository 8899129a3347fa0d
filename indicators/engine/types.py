"""The engine's vocabulary: closed enums and frozen values. No arithmetic lives here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum

from .errors import EngineError
from .rules import METHOD_RULES, Rules


class ValueType(StrEnum):
    """What one observation consists of (METHOD 2.1)."""

    COUNT = "count"
    NUMBER = "number"
    RATIO = "ratio"
    SCORE = "score"
    INDEX = "index"
    ORDINAL = "ordinal"
    BINARY = "binary"
    MILESTONE = "milestone"
    EFFECT_SIZE = "effect_size"
    TEXT = "text"


class Direction(StrEnum):
    """Which way is better (METHOD 2.2)."""

    ASCENDING = "ascending"
    DESCENDING = "descending"
    RANGE = "range"
    MAINTAIN_ABOVE = "maintain_above"
    MAINTAIN_BELOW = "maintain_below"


class TimeRule(StrEnum):
    """How period values become the current value (METHOD 2.1)."""

    SUM = "sum"
    LAST = "last"
    MEAN = "mean"
    MIN = "min"
    MAX = "max"
    MEDIAN = "median"
    RATIO_OF_SUMS = "ratio_of_sums"
    MEAN_WEIGHTED_N = "mean_weighted_n"
    MEAN_INVERSE_VARIANCE = "mean_inverse_variance"
    ROLLING_5Y_RATIO = "rolling_5y_ratio"
    """RATIO_OF_SUMS with a window of 60 months, by its own name."""


WITHOUT_WINDOW = {TimeRule.SUM, TimeRule.LAST, TimeRule.ROLLING_5Y_RATIO}
"""Rules that no window goes with: they take all periods, one, or have a window of their own."""


class SiteRule(StrEnum):
    """How the values of sites become one period value (METHOD 2.1)."""

    SUM = "sum"
    MEAN = "mean"
    MIN = "min"
    MAX = "max"
    MEDIAN = "median"
    FIRST = "first"
    """One site speaks for all: of those that reported, the one with the lowest number."""
    LAST = "last"
    RATIO_OF_SUMS = "ratio_of_sums"
    MEAN_WEIGHTED_N = "mean_weighted_n"
    MEAN_INVERSE_VARIANCE = "mean_inverse_variance"
    NOT_APPLICABLE = "not_applicable"


class Trajectory(StrEnum):
    """The planned path from baseline to target (METHOD 2.3)."""

    LINEAR = "linear"
    STEP = "step"
    MILESTONES = "milestones"
    S_CURVE = "s_curve"


class Status(StrEnum):
    """The verdict on an indicator at a date. Never averaged (METHOD 2.3)."""

    ON_TRACK = "on_track"
    AT_RISK = "at_risk"
    OFF_TRACK = "off_track"
    NOT_REPORTING = "not_reporting"
    """No approved data, or data past their staleness limit."""
    NOT_ASSESSABLE = "not_assessable"
    """Data are there, but a rule refuses the verdict; the refusal says which."""
    MONITORED = "monitored"
    """Context or narrative: watched, never judged."""


class RefusalCode(StrEnum):
    """Why a number was not computed (METHOD 2.2, 2.11)."""

    BASELINE_MISSING = "BASELINE_MISSING"
    TARGET_MISSING = "TARGET_MISSING"
    BASELINE_EQUALS_TARGET = "BASELINE_EQUALS_TARGET"
    DIRECTION_CONTRADICTED = "DIRECTION_CONTRADICTED"
    DENOMINATOR_ZERO = "DENOMINATOR_ZERO"
    DENOMINATOR_TOO_SMALL = "DENOMINATOR_TOO_SMALL"
    TOO_EARLY = "TOO_EARLY"
    STALE = "STALE"
    NO_APPROVED_DATA = "NO_APPROVED_DATA"
    NO_PROJECTION = "NO_PROJECTION"
    N_TOO_SMALL_TREND = "N_TOO_SMALL_TREND"
    HORIZON_TOO_LONG = "HORIZON_TOO_LONG"
    N_PAIRS_TOO_SMALL = "N_PAIRS_TOO_SMALL"
    RESPONSE_TOO_LOW = "RESPONSE_TOO_LOW"
    NO_VARIATION = "NO_VARIATION"
    NO_GAIN_TO_RETAIN = "NO_GAIN_TO_RETAIN"
    NO_FOLLOW_UP = "NO_FOLLOW_UP"
    NOT_RECORDED = "NOT_RECORDED"
    NOT_NUMERIC = "NOT_NUMERIC"
    WEIGHTS_MISSING = "WEIGHTS_MISSING"
    SITES_NOT_COMBINABLE = "SITES_NOT_COMBINABLE"
    WEIGHT_COVERAGE_TOO_LOW = "WEIGHT_COVERAGE_TOO_LOW"
    ITS_TOO_SHORT = "ITS_TOO_SHORT"
    ITS_GAPS = "ITS_GAPS"
    PRETREND_NOT_LINEAR = "PRETREND_NOT_LINEAR"
    NON_STATIONARY_RESIDUALS = "NON_STATIONARY_RESIDUALS"
    N_TOO_SMALL_CHART = "N_TOO_SMALL_CHART"
    EVENTS_TOO_RARE = "EVENTS_TOO_RARE"
    NOT_COUNTS = "NOT_COUNTS"
    GOALPOSTS_WRONG = "GOALPOSTS_WRONG"
    OUT_OF_BOUNDS = "OUT_OF_BOUNDS"
    FORMULA_UNUSABLE = "FORMULA_UNUSABLE"
    DID_NO_COMPARISON = "DID_NO_COMPARISON"
    DID_PRETREND_UNTESTABLE = "DID_PRETREND_UNTESTABLE"
    SC_TOO_FEW_DONORS = "SC_TOO_FEW_DONORS"
    SC_PRE_TOO_SHORT = "SC_PRE_TOO_SHORT"
    FUNCTIONS_TOO_FEW = "FUNCTIONS_TOO_FEW"
    RATERS_TOO_FEW = "RATERS_TOO_FEW"
    RATERS_DISAGREE = "RATERS_DISAGREE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A sentence that can be translated: an English template with %(name)s places, and what goes into them."""

    template: str
    params: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.template % self.params


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A result that says why there is no number (METHOD 2.11)."""

    code: RefusalCode
    message: Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One line of an explanation: what was computed, by which rule, with which numbers, giving what."""

    label: Message
    rule: str
    """The formula in symbols, e.g. ``(A − B) / (T − B)``; empty for a plain statement."""
    substituted: str
    """The same formula with the numbers put in."""
    result: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """One approved observation as the engine sees it: a site's figure for one period and one disaggregation cell."""

    id: int
    site: int | None
    """None: the whole programme."""
    cell: str = ""
    """Canonical disaggregation key, e.g. ``nation=KWT;sex=female``; empty for the total."""
    numerator: Decimal | None = None
    denominator: Decimal | None = None
    value: Decimal | None = None
    """Count, number, score, index, level, effect size; 0 or 1 for binary and milestone."""
    standard_error: Decimal | None = None
    n: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IndicatorRule:
    """What the library says of an indicator, as far as arithmetic is concerned."""

    value_type: ValueType
    direction: Direction
    time_rule: TimeRule
    site_rule: SiteRule
    scale: Decimal = Decimal(1)
    """A ratio is shown as scale × numerator ÷ denominator: 100 for percent."""
    lower_bound: Decimal | None = None
    upper_bound: Decimal | None = None
    min_denominator: Decimal | None = None
    min_n: int | None = None
    is_context: bool = False
    window_months: int | None = None
    """Only the periods that end within so many months up to the newest are pooled; None: all since the baseline.

    For rules that pool. Of a sum, the total of a window is a level of its own: a formula, `sum(last([X], 12))`.
    """
    unit: str = ""
    """Shown after the number, e.g. ``EUR``; empty for percent (follows from the scale) and for plain counts."""

    def __post_init__(self) -> None:
        if self.window_months is None:
            return
        if self.window_months < 1 or self.time_rule in WITHOUT_WINDOW:
            raise EngineError(
                f"A window of {self.window_months} months was given with the rule {self.time_rule}; 1 month or more"
                " with a rule that pools periods was expected."
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Where an indicator starts and is meant to go: one target revision."""

    baseline: Decimal | None
    baseline_on: date | None
    target: Decimal | None
    target_on: date | None
    trajectory: Trajectory = Trajectory.LINEAR
    milestones: tuple[tuple[date, Decimal], ...] = ()
    range_low: Decimal | None = None
    range_high: Decimal | None = None
    on_track_from: Decimal = Decimal("0.90")
    at_risk_from: Decimal = Decimal("0.75")
    over_target_from: Decimal | None = None
    """None: as the rules say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodValue:
    """All sites of one reporting period rolled into one figure; value None when nothing usable was reported."""

    starts_on: date
    ends_on: date
    label: str
    value: Decimal | None
    numerator: Decimal | None = None
    denominator: Decimal | None = None
    standard_error: Decimal | None = None
    n: int | None = None
    reported: int = 0
    """Sites with an approved observation."""
    expected: int = 0
    """Sites that were due to report."""
    refusal: Refusal | None = None
    """Why value is None although something was reported."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Everything a verdict on one indicator depends on, and nothing else."""

    rule: IndicatorRule
    plan: Plan
    original_plan: Plan
    series: tuple[PeriodValue, ...]
    """In order of time; periods that fell due without data are there with value None."""
    as_of: date
    frequency_days: int
    grace_days: int
    previous_status: Status | None = None
    rules: Rules = METHOD_RULES
    """The borders of the method in force at `as_of`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """Reported of expected, over all periods due so far (METHOD 2.7)."""

    reported: int
    expected: int

    @property
    def share(self) -> Decimal | None:
        """Between 0 and 1; None when nothing was expected yet."""
        return None if self.expected == 0 else Decimal(self.reported) / Decimal(self.expected)


class TrendWord(StrEnum):
    """Direction-aware words; "no evidence" is not "stable" (METHOD 2.5)."""

    IMPROVING = "improving"
    WORSENING = "worsening"
    RISING = "rising"
    """For indicators without a better direction."""
    FALLING = "falling"
    NO_EVIDENCE = "no_evidence"
    INSUFFICIENT = "insufficient"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """Theil–Sen slope and Mann–Kendall test on the approved points (METHOD 2.5)."""

    word: TrendWord
    n: int
    slope_per_year: float | None = None
    low: float | None = None
    high: float | None = None
    p_value: float | None = None
    method: str = ""
    refusal: Refusal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """The answer to one snapshot. Exactly one of on_track_index-based status or refusal explains the status."""

    status: Status
    refusal: Refusal | None
    value: Decimal | None
    value_on: date | None
    """Last day of the period the value belongs to."""
    achievement: Decimal | None
    """Share of the planned change that has occurred; below 0 is regression, above 1 over target; never clipped."""
    achievement_original: Decimal | None
    """The same against the first target that was agreed."""
    expected_achievement: Decimal | None
    on_track_index: Decimal | None
    planned_value: Decimal | None
    required_pace: Decimal | None
    """Needed pace ÷ pace so far; above 2 means the target is unlikely without a change of scope."""
    is_over_target: bool
    is_approximate: bool
    """The colour hangs on a difference inside the measurement error: shown with ≈."""
    trend: Trend
    coverage: Coverage
    stale_from: date | None
    """From this day on the value no longer counts as current."""
    steps: tuple[Step, ...]
    sentence: tuple[Message, ...]
    """The plain-language result (METHOD 7.3)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """Where the series points at the target date, beside the two simple references (METHOD 2.4)."""

    on: date
    value: Decimal
    """Theil–Sen line at that date, kept inside the logical bounds."""
    low: Decimal | None
    """95 % prediction interval; None with fewer than 8 points."""
    high: Decimal | None
    probability: float | None
    """Chance that the target is reached; None with fewer than 8 points or autocorrelated residuals."""
    carry_last: Decimal
    """Reference 1: nothing changes any more."""
    planned: Decimal | None
    """Reference 2: the planned path at that date, i.e. the target."""
    reaches_target: bool | None
    n: int
    is_clipped: bool
    method: str
    note: Message | None = None
