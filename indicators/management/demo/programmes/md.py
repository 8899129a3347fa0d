"""Mediterranean Dialogue: seven partners, one framework, seven different plans (self-differentiation)."""

# ruff: noqa: E501  (sentences for people)

from __future__ import annotations

from datetime import date
from functools import partial
from typing import Any

from indicators.management.demo.blueprint import Blueprint, Design, Shape, Tailored, agreed

D = date
START, END = D(2020, 1, 1), D(2027, 12, 31)
NATIONS = {
    "MRT": "Mauritania",
    "MAR": "Morocco",
    "DZA": "Algeria",
    "TUN": "Tunisia",
    "EGY": "Egypt",
    "ISR": "Israel",
    "JOR": "Jordan",
}
BODIES = (
    ("MOD", "Ministry of Defence"),
    ("STAFF", "Armed forces staff"),
    ("COAST", "Coast guard and navy"),
    ("CIVIL", "Civil protection"),
)


plan = partial(agreed, since=D(2019, 12, 31), by=END)
GOALS = {
    # baseline, target, pace, goals in force, why here
    "MRT": (
        "25",
        "75",
        1.15,
        (8, 10),
        "Few goals, all of them on staff training and ammunition storage, chosen by the general staff; progress depends on two persons.",
    ),
    "MAR": (
        "45",
        "85",
        1.0,
        (12, 15),
        "A mature plan with standards and medical support; the question is pace, not will.",
    ),
    "DZA": (
        "30",
        "60",
        0.95,
        (3, 3),
        "Algeria keeps few goals in force at a time; a share of three goals says little and must not be compared.",
    ),
    "TUN": (
        "30",
        "80",
        0.83,
        (10, 13),
        "Border and counter-improvised-explosive goals compete for the same few engineers.",
    ),
    "EGY": (
        "35",
        "65",
        0.6,
        (9, 12),
        "Goals wait for decisions at the highest level; delay is the finding, not an error of the data.",
    ),
    "ISR": (
        "50",
        "85",
        1.05,
        (8, 10),
        "Goals on standards and civil emergency planning with clear technical owners.",
    ),
    "JOR": (
        "40",
        "90",
        0.92,
        (14, 18),
        "The longest plan of the Dialogue on the smallest planning staff; load matters as much as progress.",
    ),
}
THRESHOLDS: dict[str, dict[str, Any]] = {
    "MRT": {"on_track_from": "0.85", "at_risk_from": "0.65"},
    "TUN": {"on_track_from": "0.90", "at_risk_from": "0.70"},
    "ISR": {"on_track_from": "0.95", "at_risk_from": "0.80"},
}
GOAL_INDICATORS = tuple(
    Tailored(code="PAR-01", partner=nation, objective="OC1", core=True, critical=nation in {"JOR", "TUN"}, released=(nation,), signed=("JOR",) if nation == "JOR" else (),
        rationale=why, plan=plan(baseline, target, source="Review of 2019, both signatures", **THRESHOLDS.get(nation, {})),
        reason="Thresholds agreed with the partner for so few goals." if nation in THRESHOLDS else "",
        shape=Shape(pace=pace, noise=2, size=size, gaps=0.03))
    for nation, (baseline, target, pace, size, why) in GOALS.items()
)  # fmt: skip
INDICATORS = (
    *GOAL_INDICATORS,
    Tailored(code="PAR-07", objective="OP1", core=True, frequency="monthly", units=tuple(f"{nation}-" for nation in NATIONS), released=tuple(NATIONS),
        rationale="Late deliveries are what partners complain about first; the first planned date counts, whatever was re-planned.",
        plan=plan("58", "85", source="Activity plans 2019"), shape=Shape(pace=0.84, noise=7, size=(2, 8), gaps=0.06, late=0.18)),
    Tailored(code="PAR-12", objective="OC2", frequency="monthly", units=tuple(f"{nation}-" for nation in NATIONS),
        rationale="European Union, African Union and League of Arab States work with the same ministries; a record shows that somebody asked before acting.",
        plan=plan("20", "70", source="Coordination log 2019"), shape=Shape(pace=1.03, noise=7, size=(2, 8), gaps=0.05)),
    Tailored(code="PAR-10", partner="MRT", objective="OC2", released=("MRT",), rationale="Mauritania can carry little cash; 5 to 15 percent, mostly in kind, shows commitment without taking from pay.",
        plan={"baseline_on": D(2019, 12, 31), "range_low": "5", "range_high": "15"}, shape=Shape(noise=1, size=(400, 700), outside=0.15)),
    Tailored(code="PAR-05", partner="MAR", objective="OC3", released=("MAR",), rationale="Morocco sends units to operations with Allies; agreed standards on medical care and fuel come first.",
        plan=plan("20", "75", source="Standardisation office 2019"), shape=Shape(pace=1.06, noise=1.5, size=(38, 42))),
    Tailored(code="PAR-11", partner="DZA", objective="OC2", released=("DZA",), rationale="Consultations are possible only through the national council; even one a year with a recorded change would be new.",
        plan=plan("0", "14", source="Consultation log; none before 2020"), shape=Shape(pace=0.14, noise=0.3)),
    Tailored(code="NMI-08", partner="TUN", objective="OC3", frequency="monthly", units=("TB-",), released=("TUN",), local_name="Border posts on the eastern border meeting the minimum standard",
        rationale="The obstacle and sensors of the eastern border were built with several donors; manning, radio and log show whether they are used.",
        plan=plan("48", "90", source="Joint inspection 2019"), shape=Shape(pace=0.95, noise=5, size=(6, 12), gaps=0.05)),
    Tailored(code="PAR-06", partner="EGY", objective="OC3", released=("EGY",), rationale="Exercises are the channel that both sides value; attendance in the agreed role is the least one can ask.",
        plan=plan("55", "85", source="Exercise calendar 2019"), shape=Shape(pace=0.9, noise=6, size=(4, 9), until=D(2025, 3, 31))),
    Tailored(code="PAR-05", partner="ISR", objective="OC3", released=("ISR",), rationale="Adoption is quick, evidence of use is scarce: only what an exercise report confirms counts here.",
        plan=plan("40", "80", source="Exercise reports 2019", on_track_from="0.95", at_risk_from="0.80"), shape=Shape(pace=0.9, noise=1.5, size=(45, 52))),
    Tailored(code="PAR-03", partner="JOR", objective="OC3", released=("JOR",), signed=("JOR",), rationale="Jordan offers units for operations and hosts evaluations; certified units are what it wants to show.",
        plan=plan("1", "7", source="Certificates 2019"), shape=Shape(pace=1.02, noise=0.2)),
    Tailored(code="PAR-08", partner="JOR", objective="OC2", released=("JOR",), rationale="Jordan hosts much that others propose; between 40 and 80 percent own proposals keeps both sides at the table.",
        declined={"JOR": "The range treats activities that we host for the region like our own requests; we ask to count them apart before we sign."},
        plan={"baseline_on": D(2019, 12, 31), "range_low": "40", "range_high": "80"}, shape=Shape(noise=4, size=(22, 34), outside=0.3)),
    Tailored(code="CTX-01", partner="MRT", objective="IM1", marking="PUBLIC", released=("MRT",), rationale="Published perception of corruption control, to read ability to absorb support; never attributed to it."),
    Tailored(code="CTX-01", partner="TUN", objective="IM1", marking="PUBLIC", released=("TUN",), rationale="Published perception of corruption control over years of political change, beside and not inside the scores."),
)  # fmt: skip
DESIGN = Design(
    from_=START,
    scope="Practical cooperation with each partner on what that partner chose. Outside: political consultation, anything that a partner did not ask for.",
    objectives=(
        ("IM1", "impact", "", "Partners around the Mediterranean handle shared threats better, each in its own way."),
        ("OC1", "outcome", "IM1", "Partners reach the goals that they agreed with NATO."),
        ("OC2", "outcome", "IM1", "Cooperation is owned by the partner and coordinated with others."),
        ("OC3", "outcome", "IM1", "Units and standards fit those of Allies where the partner wants them to."),
        ("OP1", "output", "OC1", "What was promised is delivered on the day."),
    ),
    assumptions=(
        ("assumption", "medium", "high", "Each partner names one office that may decide on its plan.", "Ask for a deputy in writing."),
        ("risk", "high", "high", "War in the neighbourhood stops visits and exercises for months.", "Move to remote formats; record gaps as gaps."),
        ("risk", "medium", "medium", "Partners are ranked against each other by readers.", "Progress measures only; differences in ambition are listed."),
    ),
)  # fmt: skip
UNITS = (
    *((code, "country", "", name, code) for code, name in NATIONS.items()),
    *((f"{code}-{body}", "institution", code, f"{name}: {title}", code) for code, name in NATIONS.items() for body, title in BODIES),
    *((f"TB-{i:02}", "site", "TUN", f"Border sector {i}", "TUN") for i in range(1, 9)),
)  # fmt: skip
BLUEPRINT = Blueprint(
    code="MD", name="Mediterranean Dialogue",
    summary="Practical cooperation with Algeria, Egypt, Israel, Jordan, Mauritania, Morocco and Tunisia. Each partner chooses what it wants to work on, so that goals, targets and thresholds differ from partner to partner.",
    framework="MD", partners=tuple(NATIONS), organisations=("NATO", "EU", "LAS", "AU", "UN", "JOR-MOD", "MRT-MOD"),
    starts_on=START, ends_on=END, time_zone="UTC", designs=(DESIGN,), units=UNITS, indicators=INDICATORS,
    members=(("officer.ici", "officer"), ("approver.ici", "approver"), ("evaluator", "evaluator")), officer="officer.ici", approver="approver.ici", schedule="semi_annual",
)  # fmt: skip
