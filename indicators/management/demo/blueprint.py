"""How a demo programme is written down: what is agreed about it, and how its illustrative figures shall behave."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """How the generated figures of one indicator behave. Shares are between 0 and 1."""

    pace: float = 1.0
    """Progress made ÷ progress planned: 1 is exactly on the path, 0 stays at the baseline, below 0 gets worse."""
    noise: float = 1.0
    """Standard deviation of one site's period, in the indicator's unit."""
    size: tuple[int, int] = (20, 40)
    """Denominator, or number of cases, of one site and period: from, to."""
    gaps: float = 0.04
    """Share of site periods that were never reported."""
    late: float = 0.12
    """Share of reports that came after they were due."""
    since: date | None = None
    until: date | None = None
    """No reports on periods after this day."""
    start: float | None = None
    """Level before the baseline date, for indicators without a baseline of their own."""
    split: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Dimension → categories that are reported beside the total."""
    held_elsewhere: bool = False
    last: tuple[int, int] | None = None
    """Numerator and denominator that every site reports for the newest period, whatever the shape says."""
    outside: float = 0.0
    """For ranges: share of periods outside."""
    cases: tuple[int, int] | None = None
    """Number of cases (n) beside a figure, where it is not the denominator: from, to."""
    on: tuple[date, ...] = ()
    """For what is reported when it happens: the first days of the months in which it did."""
    kept: float = 1.0
    """Share of the gain that is still there a year after the programme's end."""
    has_error: bool = False
    """The figure is a survey share and carries its standard error."""
    beside: tuple[str, ...] = ()
    """Beginnings of the codes of sites that the programme does not reach; they make a quarter of the progress."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tailored:
    """A library indicator as a demo programme uses it."""

    code: str
    objective: str
    rationale: str
    plan: Mapping[str, Any] = field(default_factory=dict)
    """Fields of the agreement; dates as date, numbers as text."""
    milestones: tuple[tuple[date, str, str], ...] = ()
    reason: str = ""
    shape: Shape | None = None
    """None: figures come from elsewhere (courses, published data), or not at all."""
    partner: str = ""
    local_name: str = ""
    frequency: str = ""
    units: tuple[str, ...] = ()
    """Beginnings of the codes of the units that report; empty: the whole programme in one figure."""
    weight: str = "1"
    critical: bool = False
    core: bool = False
    released: tuple[str, ...] = ()
    signed: tuple[str, ...] = ()
    """Partners that agreed."""
    declined: Mapping[str, str] = field(default_factory=dict)
    """Partner → why it did not agree."""
    revision: Mapping[str, Any] = field(default_factory=dict)
    """A later agreement: at, reason_code, reason, and what changes."""
    marking: str = "NATO UNCLASSIFIED"
    formula: str = ""
    """Computed from other indicators; nothing is entered, whatever the shape says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Primary:
    """A primary indicator of the ex-post plan."""

    code: str
    smallest: str
    partner: str = ""
    compared: tuple[str, ...] = ()
    """Beginnings of the codes of the sites it is compared with."""
    method: str = ""
    why: str = ""
    transition_until: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A piece of evidence of a contribution rating: on an indicator's newest figure by then, or on a source."""

    claim: str
    statement: str
    strength: int = 2
    speaks_for: bool = True
    code: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """What one evaluator rates. `rivals`: name, plausibility, judgement, how it was examined."""

    rater: str
    rating: int
    reasons: str
    pieces: tuple[Piece, ...]
    rivals: tuple[tuple[str, str, str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """Two ratings of a contribution, and what the raters settled on."""

    code: str
    on: date
    sheets: tuple[Sheet, ...]
    settled: int | None = None
    settled_because: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExPost:
    """What is laid down before the start for after the end."""

    locked_on: date
    question: str
    collects: str
    primary: tuple[Primary, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """One version of a design: objectives as (code, level, parent, statement), assumptions, risks."""

    from_: date
    scope: str
    reason: str = ""
    objectives: tuple[tuple[str, str, str, str], ...]
    assumptions: tuple[tuple[str, str, str, str, str], ...]
    """kind, likelihood, impact, statement, response"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """A composite index: parts as (code of the indicator, what enters, lower end, upper end)."""

    name: str
    purpose: str
    reason: str
    parts: tuple[tuple[str, str, str, str], ...]
    aggregation: str = "geometric"
    across: str = "programme"


@dataclass(frozen=True, slots=True, kw_only=True)
class Blueprint:
    """Everything that is agreed about one demo programme."""

    code: str
    name: str
    summary: str
    framework: str
    partners: tuple[str, ...]
    organisations: tuple[str, ...]
    starts_on: date
    ends_on: date
    time_zone: str
    designs: tuple[Design, ...]
    units: tuple[tuple[str, str, str, str, str], ...]
    """code, kind, parent, name, partner"""
    indicators: tuple[Tailored, ...]
    members: tuple[tuple[str, str], ...]
    """username, role"""
    officer: str
    approver: str
    schedule: str = "quarterly"
    follow_up_months: tuple[int, ...] = (0, 6, 12, 24)
    earlier: tuple[tuple[str, date], ...] = ()
    """Frequency and first day of baseline readings from before the start."""
    later: tuple[tuple[str, date], ...] = ()
    """Frequency and last day of follow-up readings from after the end."""
    expost: ExPost | None = None
    judged: tuple[Judged, ...] = ()
    joined: Mapping[str, date] = field(default_factory=dict)
    """Beginning of a unit's code → when it joined, if later than the start."""
    indices: tuple[Index, ...] = ()


def agreed(baseline: str, target: str, *, since: date, by: date, source: str, **more: Any) -> dict[str, Any]:
    """Baseline and target as an agreement has them."""
    return {
        "baseline": baseline,
        "baseline_on": since,
        "baseline_source": source,
        "target": target,
        "target_on": by,
    } | more
