"""What an IATI 2.03 file says about results, as it says it: texts are not interpreted yet. No Django, no database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

OWN = "urn:security-cooperation-tracker:iati:1"
"""Namespace of what IATI has no place for: parts of a ratio, the day of a target, the code of an objective."""
LANG = "{http://www.w3.org/XML/1998/namespace}lang"
OWN_VOCABULARY = "99"
"""“Reporting organisation”: codes of whoever publishes the file."""
ISO_COUNTRY = "A4"
RESULT_TYPES = {"output": "1", "outcome": "2", "impact": "3", "context": "9"}
LEVELS = {code: level for level, code in RESULT_TYPES.items()}
UNIT, PERCENTAGE, NOMINAL, ORDINAL, QUALITATIVE = "1", "2", "3", "4", "5"
MEASURES = (UNIT, PERCENTAGE, NOMINAL, ORDINAL, QUALITATIVE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One baseline, target or actual."""

    line: int
    value: str | None
    comment: str = ""
    dimensions: tuple[tuple[str, str], ...] = ()
    locations: tuple[str, ...] = ()
    year: str = ""
    day: str = ""
    own: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """A span of days with its targets and actuals."""

    line: int
    starts_on: str
    ends_on: str
    targets: tuple[Figure, ...]
    actuals: tuple[Figure, ...]
    own: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicator:
    """An indicator with everything reported on it."""

    line: int
    title: str
    description: str
    measure: str
    ascending: str | None
    is_additive: bool
    references: tuple[tuple[str, str], ...]
    """(vocabulary, code) each."""
    baselines: tuple[Figure, ...]
    periods: tuple[Period, ...]
    own: Mapping[str, str] = field(default_factory=dict)

    @property
    def figures(self) -> tuple[Figure, ...]:
        inside = (one for period in self.periods for one in (*period.targets, *period.actuals))
        return (*self.baselines, *inside)


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A result with its indicators."""

    line: int
    type: str
    title: str
    indicators: tuple[Indicator, ...]
    own: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A location that figures may point at."""

    ref: str
    name: str
    country: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """One activity: here a programme."""

    line: int
    identifier: str
    organisation: str
    title: str
    description: str
    dates: Mapping[str, str]
    """Day by ActivityDateType: 1 and 3 planned start and end, 2 and 4 actual ones."""
    framework: str
    """Code of its own sector, if whoever publishes has such."""
    countries: tuple[str, ...]
    places: tuple[Place, ...]
    results: tuple[Result, ...]

    @property
    def indicators(self) -> int:
        return sum(len(result.indicators) for result in self.results)


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file, read."""

    name: str
    sha256: str
    activities: tuple[Activity, ...]
