"""Reporting periods: which there are between two dates, and what they are called."""

from __future__ import annotations

from enum import StrEnum


class Frequency(StrEnum):
    """How often an indicator is reported."""

    WEEKLY = "weekly"
    MONTHLY = "monthly"
    QUARTERLY = "quarterly"
    SEMI_ANNUAL = "semi_annual"
    ANNUAL = "annual"
    PER_COURSE = "per_course"
    EVENT = "event"
