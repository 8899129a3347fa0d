"""Partners across the globe: Iraq, Pakistan, Mongolia and Colombia, each with a small plan of its own."""

# ruff: noqa: E501  (sentences for people)

from __future__ import annotations

from datetime import date
from functools import partial

from indicators.management.demo.blueprint import Blueprint, Design, Shape, Tailored, agreed

D = date
START, END = D(2021, 1, 1), D(2027, 12, 31)
NATIONS = {"IRQ": "Iraq", "PAK": "Pakistan", "MNG": "Mongolia", "COL": "Colombia"}
BODIES = (
    ("MOD", "Ministry of Defence"),
    ("STAFF", "Armed forces staff"),
    ("PEACE", "Peace operations training centre"),
    ("CIVIL", "Civil protection"),
)


plan = partial(agreed, since=D(2020, 12, 31), by=END)
INDICATORS = (
    Tailored(code="PAR-02", partner="IRQ", objective="OC1", released=("IRQ",), signed=("IRQ",), rationale="Iraq's goals are assessed every two years; only the unclassified summary is used here.",
        plan=plan("10", "70", source="Summary of 2020"), shape=Shape(pace=0.8, noise=1, size=(10, 12), on=(D(2022, 12, 1), D(2024, 12, 1)))),
    Tailored(code="PAR-04", partner="PAK", objective="OC2", released=("PAK",), rationale="One engineer company is being evaluated for peace operations; its task list is short.",
        plan=plan("40", "85", source="Self-evaluation 2020"), shape=Shape(pace=1.0, noise=2, size=(12, 17), on=(D(2022, 6, 1), D(2023, 9, 1), D(2025, 10, 1)))),
    Tailored(code="PAR-06", partner="PAK", objective="OC2", released=("PAK",), rationale="Staff exercises were added to the plan this autumn; the agreed role is participant, not observer.",
        plan=plan("30", "80", since=D(2026, 9, 15), source="Agreed calendar, September 2026"), shape=Shape(pace=1.0, noise=3, size=(4, 5), since=D(2026, 7, 1), gaps=0)),
    Tailored(code="PAR-03", partner="MNG", objective="OC2", released=("MNG",), rationale="Mongolia specialises in peace operations; certified companies are its contribution.",
        plan=plan("1", "5", source="Certificates 2020"), shape=Shape(pace=1.25, noise=0.1)),
    Tailored(code="PAR-01", partner="MNG", objective="OC1", core=True, released=("MNG",), rationale="A plan of a handful of goals on language and peace operations; it is renewed as a whole, so that at times none is in force.",
        plan=plan("30", "80", source="Review of 2020"), shape=Shape(pace=1.0, noise=2, size=(5, 6), last=(0, 0))),
    Tailored(code="NMI-11", partner="COL", objective="OC1", released=("COL",), local_name="Building integrity recommendations implemented", rationale="Colombia asked for the peer review itself and publishes the follow-up table.",
        plan=plan("5", "85", source="Follow-up table 2020"), shape=Shape(pace=1.02, noise=1, size=(31, 31))),
    Tailored(code="PAR-07", objective="OP1", core=True, frequency="monthly", units=tuple(f"{nation}-" for nation in NATIONS), released=tuple(NATIONS),
        rationale="Distance makes re-planning dear: a visit that slips is often lost for the year.",
        plan=plan("50", "80", source="Activity plans 2020"), shape=Shape(pace=0.7, noise=8, size=(2, 6), gaps=0.08, late=0.25)),
)  # fmt: skip
DESIGN = Design(
    from_=START,
    scope="Tailored cooperation with partners outside regional frameworks. Outside: the mission in Iraq, which is a programme of its own.",
    objectives=(
        ("IM1", "impact", "", "Partners and Allies handle shared challenges together, wherever the partner is."),
        ("OC1", "outcome", "IM1", "Partners reach the goals of their own plans."),
        ("OC2", "outcome", "IM1", "Offered units can work beside Allies in peace operations."),
        ("OP1", "output", "OC1", "What was promised is delivered on the day."),
    ),
    assumptions=(
        ("assumption", "low", "medium", "Travel is possible.", "Remote formats as a reserve."),
        ("risk", "medium", "medium", "Few contacts a year make each delay long.", "Quarterly call with each partner."),
    ),
)  # fmt: skip
UNITS = (
    *((code, "country", "", name, code) for code, name in NATIONS.items()),
    *((f"{code}-{body}", "institution", code, f"{name}: {title}", code) for code, name in NATIONS.items() for body, title in BODIES),
)  # fmt: skip
BLUEPRINT = Blueprint(
    code="PATG", name="Partners across the globe",
    summary="Tailored cooperation with Iraq, Pakistan, Mongolia and Colombia: small plans, long distances, each partner with its own reasons.",
    framework="PATG", partners=tuple(NATIONS), organisations=("NATO", "UN", "EU"),
    starts_on=START, ends_on=END, time_zone="UTC", designs=(DESIGN,), units=UNITS, indicators=INDICATORS,
    members=(("officer.ici", "officer"), ("approver.ici", "approver"), ("evaluator", "evaluator")), officer="officer.ici", approver="approver.ici", schedule="semi_annual",
)  # fmt: skip
