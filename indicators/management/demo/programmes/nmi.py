"""NATO Mission Iraq: advice and capacity building since October 2018, with the interior ministry since August 2023."""

# ruff: noqa: E501  (sentences for people)

from __future__ import annotations

from datetime import date
from functools import partial

from indicators.management.demo.blueprint import Blueprint, Design, Index, Shape, Tailored, agreed

D = date
START, END = D(2018, 10, 1), D(2028, 12, 31)


plan = partial(agreed, since=D(2018, 12, 31), by=END)
OBJECTIVES = (
    (
        "IM1",
        "impact",
        "",
        "Iraq's security institutions protect its people, under civilian control and within the law.",
    ),
    ("OC1", "outcome", "IM1", "The defence and security institutions plan, budget and manage by themselves."),
    (
        "OC2",
        "outcome",
        "IM1",
        "Iraqi schools educate officers and non-commissioned officers to agreed standards with Iraqi faculty.",
    ),
    ("OC3", "outcome", "IM1", "Spending, appointments and conduct can be examined by parliament and public."),
    ("OC4", "outcome", "IM1", "Supported forces keep their equipment serviceable and their posts manned."),
    ("OP1", "output", "OC1", "Advisers meet the counterparts that matter, as planned."),
    ("OP2", "output", "OC2", "Curricula are aligned and faculty are coached."),
)
ASSUMPTIONS = (
    (
        "assumption",
        "medium",
        "high",
        "Counterparts stay in post long enough to use what they learn.",
        "Train deputies; hand-over files for each post.",
    ),
    (
        "assumption",
        "low",
        "high",
        "The government keeps asking for the mission.",
        "Six-monthly review with the High Committee.",
    ),
    (
        "risk",
        "high",
        "high",
        "Formations outside the ministries' chain of command grow faster than the reformed institutions.",
        "Watch context; adjust scope rather than targets.",
    ),
    (
        "risk",
        "medium",
        "medium",
        "Several providers advise the same directorate in different ways.",
        "Shared calendar with EUAM Iraq and UNDP.",
    ),
    (
        "risk",
        "medium",
        "high",
        "Security incidents stop movement of advisers.",
        "Remote sessions; record them as such.",
    ),
)
DESIGNS = (
    Design(
        from_=START,
        scope="Advice to the Ministry of Defence, the Office of the National Security Adviser, the operations centre and military schools. Outside: combat, interior ministry, equipment.",
        objectives=OBJECTIVES,
        assumptions=ASSUMPTIONS,
    ),
    Design(
        from_=D(2023, 8, 17),
        scope="As before, and the Ministry of Interior with its Federal Police. Outside: combat, equipment, formations not under a ministry.",
        reason="The government asked to include the Ministry of Interior and the Federal Police from August 2023.",
        objectives=(
            *OBJECTIVES,
            (
                "OC5",
                "outcome",
                "IM1",
                "The Ministry of Interior and the Federal Police follow the same planning and conduct rules.",
            ),
        ),
        assumptions=ASSUMPTIONS,
    ),
)
UNITS = (
    ("IRQ", "country", "", "Iraq", "IRQ"),
    ("MOD", "institution", "IRQ", "Ministry of Defence", "IRQ"),
    ("MOI", "institution", "IRQ", "Ministry of Interior", "IRQ"),
    ("ONSA", "institution", "IRQ", "Office of the National Security Adviser", "IRQ"),
    ("PMNOC", "institution", "IRQ", "Prime Minister's National Operations Centre", "IRQ"),
    ("PME", "institution", "IRQ", "Military schools", "IRQ"),
    ("BORDER", "institution", "IRQ", "Border sectors", "IRQ"),
    ("FLEET", "institution", "IRQ", "Supported fleets", "IRQ"),
    *(
        (f"MOD-{code}", "site", "MOD", name, "IRQ")
        for code, name in (
            ("PLAN", "Planning directorate"),
            ("BUD", "Budget directorate"),
            ("LOG", "Logistics directorate"),
            ("HR", "Personnel directorate"),
            ("IG", "Inspector general"),
        )
    ),
    *(
        (f"MOI-{code}", "site", "MOI", name, "IRQ")
        for code, name in (
            ("PLAN", "Planning department"),
            ("FP", "Federal Police staff"),
            ("BG", "Border guard staff"),
            ("HR", "Personnel department"),
        )
    ),
    *(
        (f"PME-{i:02}", "site", "PME", name, "IRQ")
        for i, name in enumerate(
            (
                "Joint staff college",
                "Military academy",
                "Non-commissioned officer school",
                "Engineer school",
                "Logistics school",
                "Signals school",
                "Medical school",
                "Explosive ordnance school",
                "Language centre",
                "Military police school",
            ),
            1,
        )
    ),
    *((f"BS-{i:02}", "site", "BORDER", f"Border sector {i}", "IRQ") for i in range(1, 11)),
    *((f"FL-{i:02}", "site", "FLEET", f"Fleet {i}", "IRQ") for i in range(1, 11)),
)
INDICATORS = (
    Tailored(
        code="NMI-01",
        objective="OP1",
        core=True,
        released=("IRQ",),
        signed=("IRQ",),
        frequency="monthly",
        units=("MOD-", "MOI-", "ONSA", "PMNOC"),
        rationale="Advisers depend on escorts and on counterparts' calendars in Baghdad; a meeting without the intended counterpart changes nothing.",
        plan=plan("70", "90", source="Mission engagement log, first quarter"),
        shape=Shape(pace=1.0, noise=6, size=(4, 11), late=0.15),
    ),
    Tailored(
        code="NMI-02",
        objective="OC2",
        critical=True,
        core=True,
        weight="2",
        released=("IRQ",),
        signed=("IRQ",),
        frequency="monthly",
        units=("PME-",),
        rationale="Iraq asked to replace foreign instructors step by step; hours show whether its own faculty takes over.",
        plan=plan("22", "80", source="School timetables, autumn 2018"),
        milestones=(
            (D(2021, 12, 31), "40", "Half of the basic courses"),
            (D(2025, 6, 30), "62", "All basic courses"),
        ),
        shape=Shape(pace=1.13, noise=4, size=(60, 220), split={"sex": ("female", "male")}, gaps=0.03),
    ),
    Tailored(
        code="NMI-03",
        objective="OP2",
        released=("IRQ",),
        units=(),
        rationale="The reference curricula were agreed with the schools' commandants, so alignment is their own yardstick.",
        plan=plan("10", "90", source="First alignment review"),
        shape=Shape(pace=0.82, noise=1.5, size=(26, 32)),
    ),
    Tailored(
        code="NMI-04",
        objective="OC1",
        critical=True,
        weight="2",
        released=("IRQ",),
        units=(),
        rationale="The strategy 2024–2032 is Iraq's own plan; the mission helps to keep its dates, it does not set them.",
        plan=plan("42", "85", since=D(2024, 3, 31), source="High Committee tracker, first quarter of 2024"),
        shape=Shape(pace=0.45, noise=3, size=(9, 16), since=D(2024, 4, 1)),
        revision={
            "at": D(2025, 7, 10),
            "reason_code": "context",
            "reason": "The budget law passed seven months late; the Committee moved the first procurement actions.",
            "target": "75",
        },
    ),
    Tailored(
        code="NMI-05",
        objective="OC1",
        released=("IRQ",),
        units=("MOD-", "ONSA", "PMNOC"),
        rationale="Directorates start from very different levels; described levels let each be compared with itself.",
        plan=plan("1", "4", source="Joint assessment 2018"),
        shape=Shape(pace=1.0, noise=0.45, size=(4, 8), gaps=0.06),
    ),
    Tailored(
        code="NMI-06",
        objective="OC4",
        critical=True,
        weight="2",
        rationale="Independence from outside enablers is the purpose of the support; where detail is classified the answer is held elsewhere.",
        plan=plan("30", "75", source="Published evaluations 2018"),
        shape=Shape(pace=0.12, noise=2.5, size=(18, 26), gaps=0.05),
    ),
    Tailored(
        code="NMI-07",
        objective="OC4",
        units=("FL-",),
        rationale="Fleets were delivered faster than workshops and spare parts; serviceability shows whether maintenance catches up.",
        plan=plan("52", "80", source="Maintenance returns, December 2018"),
        shape=Shape(pace=0.8, noise=5, size=(24, 60), gaps=0.07, late=0.2),
    ),
    Tailored(
        code="NMI-08",
        objective="OC4",
        released=("IRQ",),
        signed=("IRQ",),
        units=("BS-",),
        rationale="The border was open to armed groups in 2014; manning, radio and log are the least that a post needs.",
        plan=plan("35", "85", source="Joint inspection 2018"),
        milestones=((D(2022, 12, 31), "58", "Western sectors"),),
        shape=Shape(pace=1.02, noise=5, size=(12, 22)),
    ),
    Tailored(
        code="NMI-09",
        objective="OC3",
        released=("IRQ",),
        rationale="Parliament asked for the execution figures for years; a fixed checklist shows what is published, not what is said.",
        plan=plan("15", "60", source="Desk review of the 2018 budget"),
        shape=Shape(pace=0.86, noise=1),
    ),
    Tailored(
        code="NMI-10",
        objective="OC3",
        rationale="A few large contracts decide the share; the number of contracts must be stated with the value.",
        plan=plan("20", "60", since=D(2024, 12, 31), source="Registry extract 2024"),
        shape=Shape(pace=0.9, noise=3, size=(300, 900), cases=(2, 4), since=D(2025, 1, 1)),
    ),
    Tailored(
        code="NMI-11",
        objective="OC3",
        core=True,
        released=("IRQ",),
        rationale="The peer review of the ministry's self-assessment gave 24 recommendations that the ministry accepted.",
        plan=plan("0", "80", since=D(2020, 12, 31), source="Follow-up table after the peer review"),
        shape=Shape(pace=0.97, noise=1, size=(24, 24), since=D(2021, 1, 1)),
    ),
    Tailored(
        code="NMI-13",
        objective="OC3",
        rationale="Payrolls with absent soldiers were announced in 2014; verification is the remedy, its detail is not for this system.",
        plan=plan("60", "98", source="Public statement"),
        shape=Shape(held_elsewhere=True, since=D(2022, 1, 1)),
    ),
    Tailored(
        code="NMI-14",
        objective="OC3",
        released=("IRQ",),
        rationale="Sessions with a published record are rare enough to be counted one by one; a quarter without one is a zero.",
        plan=plan("0", "90", source="Count starts with the mission"),
        shape=Shape(pace=0.78, noise=1),
    ),
    Tailored(
        code="CMP-01",
        objective="OC1",
        rationale="The High Committee asked for one line that joins the strategy's own dates with what is visible at the border.",
        plan=plan("50", "78", since=D(2024, 3, 31), source="Computed from the baselines of its two sources"),
        shape=Shape(since=D(2024, 4, 1)),
        formula="0.6 * [NMI-04] + 0.4 * [NMI-08]",
    ),
    Tailored(
        code="CMP-02",
        objective="OC2",
        rationale="Few hours are taught in the summer; twelve months together show whether Iraqi faculty takes over.",
        plan=plan("22", "76", source="School timetables, autumn 2018"),
        shape=Shape(since=D(2019, 10, 1)),
        formula="sum(last([NMI-02].numerator, 12)) / sum(last([NMI-02].denominator, 12))",
    ),
    Tailored(
        code="NMI-18",
        objective="IM1",
        frequency="event",
        rationale="Trust is what the force is for; published surveys ask the same question in other countries of the region.",
        plan=plan("44", "58", source="Survey wave 2018"),
        shape=Shape(
            pace=0.9,
            noise=0.8,
            size=(1180, 1260),
            has_error=True,
            on=(D(2019, 4, 1), D(2021, 4, 1), D(2022, 10, 1), D(2024, 4, 1), D(2026, 4, 1)),
        ),
    ),
    Tailored(
        code="NMI-19",
        objective="OC3",
        released=("IRQ",),
        rationale="The ministries have a joint plan on women, peace and security; the share in decision-making posts is its own measure.",
        plan=plan("4", "12", source="Personnel table 2018"),
        shape=Shape(pace=0.3, noise=0.3, size=(900, 1100)),
    ),
    Tailored(
        code="NMI-20",
        objective="OC1",
        rationale="Advice that is no longer applied a year later was not needed or not owned; only a follow-up shows it.",
        plan={"target": "70", "target_on": END},
        shape=Shape(start=55, noise=4, size=(9, 18), since=D(2022, 1, 1)),
    ),
    Tailored(
        code="CTX-01",
        objective="IM1",
        partner="IRQ",
        marking="PUBLIC",
        released=("IRQ",),
        rationale="Control of corruption as published, beside the programme's own figures and never mixed into them.",
    ),
    Tailored(
        code="CTX-05",
        objective="IM1",
        partner="IRQ",
        marking="PUBLIC",
        released=("IRQ",),
        frequency="event",
        rationale="Deaths in organised violence show in which conditions the mission works; nobody attributes them to it.",
    ),
)
INDICES = (
    Index(
        name="Effectiveness, transparency and accountability (illustrative)",
        purpose="Whether the forces become able and answerable together: one of the three does not make up for another.",
        reason="Illustrative. One indicator for each of the three, equal weights, joined geometrically: an army that fights well and is not answerable must not score average. The ends are those of the published scales.",
        parts=(
            ("NMI-08", "level", "0", "100"),
            ("NMI-09", "level", "0", "100"),
            ("NMI-14", "progress", "0", "1"),
        ),
    ),
)
BLUEPRINT = Blueprint(
    code="NMI", name="NATO Mission Iraq",
    summary="Advises Iraq's defence and security institutions and schools so that they can stabilise the country by themselves. Civilian-led advice at the invitation of the government, since October 2018; with the Ministry of Interior since August 2023.",
    framework="NMI", partners=("IRQ",), organisations=("NATO", "EU", "UN", "IRQ-MOD", "IRQ-MOI", "IRQ-ONSA"),
    starts_on=START, ends_on=END, time_zone="Asia/Baghdad", designs=DESIGNS, units=UNITS, indicators=INDICATORS,
    members=(("officer.nmi", "officer"), ("approver.nmi", "approver"), ("evaluator", "evaluator")), officer="officer.nmi", approver="approver.nmi",
    joined={"MOI": D(2023, 8, 1)}, indices=INDICES,
)  # fmt: skip
