"""NATO–ICI Regional Centre in Kuwait: courses, and what participants know and do months later."""

# ruff: noqa: E501  (sentences for people)

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import partial

from indicators.management.demo.blueprint import Blueprint, Design, Shape, Tailored, agreed

D = date
START, END = D(2023, 1, 1), D(2027, 12, 31)
SIX = ("KWT", "BHR", "QAT", "ARE", "SAU", "OMN")


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One course run and how its participants shall do. Scores on a scale of 0 to 100."""

    topic: str
    starts_on: date
    days: int
    seats: int
    enrolled: int
    before: float
    gain: float
    kept: float = 0.8
    """Share of the gain after 6 months; a little less after 12."""
    responding: float = 0.65
    """Share that answers after 6 months; fewer after 12."""
    unpaired: float = 0.06
    """Share without a final test."""


COURSES = {
    "cyber": ("CYB", "Cyber defence for planners"),
    "maritime": ("MAR", "Maritime security awareness"),
    "border": ("BOR", "Border security management"),
    "infrastructure": ("CIP", "Protection of critical infrastructure"),
}
RUNS = (
    Run(topic="cyber", starts_on=D(2023, 11, 5), days=10, seats=24, enrolled=23, before=46, gain=21, kept=0.85),
    Run(topic="maritime", starts_on=D(2024, 2, 11), days=5, seats=22, enrolled=20, before=52, gain=14, kept=0.7),
    Run(topic="border", starts_on=D(2024, 5, 5), days=10, seats=26, enrolled=26, before=44, gain=18, kept=0.55),
    Run(topic="infrastructure", starts_on=D(2024, 9, 15), days=5, seats=20, enrolled=18, before=50, gain=2, responding=0.5),
    Run(topic="cyber", starts_on=D(2024, 11, 10), days=10, seats=24, enrolled=24, before=45, gain=24, kept=0.9, responding=0.75),
    Run(topic="maritime", starts_on=D(2025, 2, 9), days=5, seats=22, enrolled=17, before=54, gain=12, kept=0.65, responding=0.35),
    Run(topic="border", starts_on=D(2025, 5, 4), days=10, seats=24, enrolled=22, before=47, gain=17, kept=0.75),
    Run(topic="infrastructure", starts_on=D(2025, 9, 14), days=5, seats=20, enrolled=15, before=51, gain=15, unpaired=0.6),
    Run(topic="cyber", starts_on=D(2025, 11, 9), days=10, seats=24, enrolled=24, before=48, gain=23, kept=0.85, responding=0.8),
    Run(topic="maritime", starts_on=D(2026, 2, 8), days=5, seats=22, enrolled=21, before=53, gain=16, kept=0.8, responding=0.7),
    Run(topic="border", starts_on=D(2026, 5, 3), days=10, seats=24, enrolled=23, before=46, gain=19, kept=0.7, responding=0.6),
    Run(topic="infrastructure", starts_on=D(2026, 9, 13), days=5, seats=20, enrolled=19, before=52, gain=17),
)  # fmt: skip


plan = partial(agreed, since=D(2022, 12, 31), by=END, source="Courses of 2022")
INDICATORS = (
    Tailored(code="ICI-01", objective="OP1", released=SIX, rationale="The annual plan is agreed with the nations that pay; a course that is not held is a promise not kept.",
        plan=plan("70", "95", source="Annual plan 2022"), shape=Shape(pace=0.95, noise=3, size=(4, 7), gaps=0)),
    Tailored(code="ICI-02", objective="OP1", released=SIX, rationale="Rooms and interpreters are paid for each seat; above 100 percent the nominations were not looked at.",
        plan={"baseline_on": D(2022, 12, 31), "range_low": "85", "range_high": "100"}),
    Tailored(code="ICI-03", objective="OP1", released=SIX, rationale="Participants are called back to their offices during the week; days attended show how far courses are protected.", plan=plan("82", "95")),
    Tailored(code="ICI-04", objective="OP1", rationale="Read for what displeases; courtesy makes praise cheap here.", plan=plan("3.8", "4.4")),
    Tailored(code="ICI-05", objective="OC1", core=True, released=SIX, signed=("KWT",), rationale="The same test form is used in each subject, so that runs can be compared.", plan=plan("55", "80")),
    Tailored(code="ICI-06", objective="OC1", critical=True, core=True, weight="2", released=SIX, signed=("KWT",), rationale="Nations want to know whether their people learn; half a standard deviation was agreed beforehand as the least that matters.",
        plan=plan("0", "0.5", source="No gain, by definition")),
    Tailored(code="ICI-07", objective="OC2", core=True, released=SIX, rationale="Knowledge that is gone after half a year was taught in the wrong course or to the wrong people.", plan=plan("0.3", "0.8", source="Pilot follow-up 2022")),
    Tailored(code="ICI-08", objective="OC2", critical=True, released=SIX, rationale="The Centre exists so that something is done differently at home.", plan=plan("30", "65", source="Pilot follow-up 2022")),
    Tailored(code="ICI-11", objective="OC3", released=SIX, rationale="Joint ownership means instructors from the region; from a fifth of the hours to more than half.", plan=plan("20", "60")),
    Tailored(code="ICI-12", objective="OC3", released=SIX, rationale="The host nation fills seats easily; the effective number shows whether it is still a regional course.", plan=plan("2.4", "4.2")),
    Tailored(code="ICI-13", objective="OC3", released=SIX, rationale="Nominations decide; the nations agreed to nominate women for every course.", plan=plan("14", "40")),
    Tailored(code="ICI-14", objective="OC3", rationale="Younger officers use what they learn for longer; planners' courses are exempt by agreement.", plan=plan("42", "58")),
    Tailored(code="ICI-15", objective="OC2", rationale="Half a year later people have moved; a follow-up that few answer says little.", plan=plan("50", "80", source="Pilot follow-up 2022")),
    Tailored(code="ICI-17", objective="OP1", rationale="Cost per graduate, read beside learning and use: cheap is not good.", plan=plan("3300", "2400", source="Cost sheets 2022")),
)  # fmt: skip
DESIGN = Design(
    from_=START,
    scope="Courses at the Centre for members of the Initiative and other Gulf states. Outside: exercises, equipment, single-nation training.",
    objectives=(
        ("IM1", "impact", "", "Institutions of the Gulf protect networks, waters, borders and infrastructure better, and together."),
        ("OC1", "outcome", "IM1", "Participants know more than before."),
        ("OC2", "outcome", "IM1", "Graduates use what they learned in their posts."),
        ("OC3", "outcome", "IM1", "The Centre belongs to the region: its instructors, its women, its young officers, all its nations."),
        ("OP1", "output", "OC1", "Courses are held as planned, full, and at a fair cost."),
    ),
    assumptions=(
        ("assumption", "medium", "high", "Nations nominate people who will use the course.", "Nomination criteria in the annual plan."),
        ("assumption", "medium", "medium", "Graduates stay in post for a year.", "Ask in each follow-up."),
        ("risk", "medium", "high", "Few answer the follow-up, and those who answer are the pleased ones.", "Focal points; response rate beside every result."),
    ),
)  # fmt: skip
UNITS = (
    ("KWT", "country", "", "Kuwait", "KWT"),
    ("CENTRE", "institution", "KWT", "NATO–ICI Regional Centre", "KWT"),
)
BLUEPRINT = Blueprint(
    code="ICI-RC", name="Courses of the NATO–ICI Regional Centre",
    summary="Courses in Kuwait on cyber defence, maritime security, border security and protection of infrastructure, for participants from Kuwait, Bahrain, Qatar, the United Arab Emirates, Saudi Arabia and Oman. Tests before and after, questions half a year and a year later.",
    framework="ICI-RC", partners=SIX, organisations=("NATO", "GCC", "KWT-MOD"),
    starts_on=START, ends_on=END, time_zone="Asia/Kuwait", designs=(DESIGN,), units=UNITS, indicators=INDICATORS,
    members=(("officer.ici", "officer"), ("approver.ici", "approver"), ("evaluator", "evaluator")), officer="officer.ici", approver="approver.ici", schedule="semi_annual",
)  # fmt: skip
