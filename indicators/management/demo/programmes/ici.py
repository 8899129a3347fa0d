"""Istanbul Cooperation Initiative: a cooperation phase that ended in June 2025, followed up after 6 and 12 months."""

# ruff: noqa: E501  (sentences for people)

from __future__ import annotations

from datetime import date
from functools import partial

from indicators.management.demo.blueprint import (
    Blueprint,
    Design,
    ExPost,
    Judged,
    Piece,
    Primary,
    Shape,
    Sheet,
    Tailored,
    agreed,
)

D = date
START, END = D(2020, 1, 1), D(2025, 6, 30)
NATIONS = {"KWT": "Kuwait", "BHR": "Bahrain", "QAT": "Qatar", "ARE": "United Arab Emirates"}
BODIES = (
    ("MOD", "Ministry of Defence"),
    ("NAVY", "Navy and coast guard"),
    ("GUARD", "National guard"),
    ("CEP", "Civil emergency planning"),
)


plan = partial(agreed, since=D(2019, 12, 31), by=END)
GOALS = {
    # baseline, target, pace, gain kept a year later, goals in force, why here
    "KWT": (
        "40",
        "85",
        1.05,
        0.95,
        (11, 13),
        "Kuwait hosts the Regional Centre and staffed a partnership office of its own; goals have named owners.",
    ),
    "BHR": (
        "35",
        "75",
        0.95,
        0.60,
        (8, 10),
        "Two officers carry the whole plan; what happens when they rotate is the question after the end.",
    ),
    "QAT": (
        "30",
        "80",
        0.25,
        0.30,
        (9, 11),
        "Goals were set high when a new command was formed; most waited for its staff.",
    ),
    "ARE": (
        "55",
        "85",
        1.0,
        0.85,
        (10, 12),
        "Goals are on standards rather than courses; the ministry pays and staffs them itself.",
    ),
}
INDICATORS = (
    *(
        Tailored(code="PAR-01", partner=nation, objective="OC1", core=True, critical=nation == "KWT", released=(nation,), signed=("KWT",) if nation == "KWT" else (),
            rationale=why, plan=plan(baseline, target, source="Reviews of 2017 to 2019"), shape=Shape(pace=pace, kept=kept, noise=2.5, size=size, gaps=0))
        for nation, (baseline, target, pace, kept, size, why) in GOALS.items()
    ),
    Tailored(code="PAR-13", objective="OC2", released=("KWT", "ARE"), signed=("KWT",), rationale="Several large providers work in the Gulf with the same navies; doing the same twice wastes scarce staff.",
        plan=plan("42", "15", source="Activity registers 2019"), shape=Shape(pace=1.08, kept=0.8, noise=2, size=(30, 45), gaps=0)),
    Tailored(code="PAR-03", partner="QAT", objective="OC1", released=("QAT",), rationale="Qatar offered units for evaluation to show what its new command can do.",
        plan=plan("0", "4", source="No certificates before 2020"), shape=Shape(pace=0.5, kept=1.0, noise=0.2, gaps=0)),
    Tailored(code="PAR-04", partner="KWT", objective="OC1", released=("KWT",), rationale="Only one small unit was offered for evaluation; a share of a dozen tasks is no result yet.",
        plan=plan("45", "85", source="First self-evaluation"), shape=Shape(pace=1.0, noise=2, size=(11, 16), on=(D(2021, 11, 1), D(2023, 10, 1), D(2025, 5, 1)))),
    Tailored(code="PAR-05", partner="ARE", objective="OC1", released=("ARE",), rationale="Interoperability is what the Emirates asked for; adoption and use are counted apart.",
        plan=plan("30", "70", source="Standardisation office 2019"), shape=Shape(pace=1.02, noise=1.5, size=(50, 56))),
    Tailored(code="PAR-07", objective="OP1", core=True, frequency="monthly", units=tuple(f"{nation}-" for nation in NATIONS), released=tuple(NATIONS),
        rationale="Visits and courses are paid by the partners; a late one costs them, not us.",
        plan=plan("62", "90", source="Activity plans 2019"), shape=Shape(pace=0.98, noise=7, size=(2, 7), gaps=0.05)),
    Tailored(code="PAR-12", objective="OC2", frequency="monthly", units=tuple(f"{nation}-" for nation in NATIONS),
        rationale="The Gulf Cooperation Council plans with the same ministries; a record shows that plans were compared.",
        plan=plan("25", "75", source="Coordination log 2019"), shape=Shape(pace=0.88, noise=7, size=(2, 7), gaps=0.05)),
    Tailored(code="NMI-08", objective="OC1", frequency="quarterly", units=("CG-",), local_name="Coast guard posts meeting the minimum standard",
        rationale="Only six of eleven coastal sectors could be advised; the others are inspected too, so that it can be seen what would have happened anyway.",
        plan=plan("40", "80", source="Joint inspections 2017 to 2019"), shape=Shape(pace=0.95, kept=0.8, noise=5, size=(9, 16), gaps=0, beside=("CG-B",))),
    Tailored(code="PAR-04", objective="OC1", frequency="quarterly", units=("NB-",), local_name="Evaluated harbour protection tasks passed",
        rationale="One naval base was advised as a pilot; seven others run the same evaluation without advice.",
        plan=plan("45", "80", source="Evaluations 2017 to 2019"), shape=Shape(pace=0.9, kept=0.85, noise=4, size=(30, 44), gaps=0, beside=("NB-B",))),
)  # fmt: skip
EXPOST = ExPost(
    locked_on=D(2020, 1, 20),
    question="Did advice and training change what coast guard posts and naval bases can do, by how much, and is it still there a year after the end?",
    collects="Joint inspection team of the partners",
    primary=(
        Primary(code="NMI-08", smallest="10", compared=("CG-B",), transition_until=D(2020, 12, 31)),
        Primary(code="PAR-04", smallest="8", compared=("NB-B",), transition_until=D(2020, 12, 31), method="synthetic_control",
            why="A single base was advised; a weighted mean of bases that ran alike before is closer to it than all seven alike."),
        Primary(code="PAR-01", partner="KWT", smallest="10", method="series_retention",
            why="No other partner may be told of Kuwait's goals; what counts here is whether they are kept."),
        Primary(code="PAR-13", smallest="5"),
        Primary(code="PAR-12", smallest="10", method="contribution_rating",
            why="All four nations took part and nobody else keeps such a record: there is nothing to compare with, so two evaluators judge."),
    ),
)  # fmt: skip
OIL = "Low oil prices until 2021"
JUDGED = Judged(
    code="PAR-12", on=D(2025, 9, 15), settled=3,
    settled_because="The minutes show plans that were moved after they had been compared; one of us had not read them. Both see the step in between as evidenced, neither an independent source.",
    sheets=(
        Sheet(rater="evaluator", rating=3, reasons="The record begins with the liaison meetings, and plans were moved after them. Nobody outside the programme has looked into it, so not 4.",
            pieces=(
                Piece(claim="plausible_theory", statement="Ministries that show the council their plans early can leave out what others do.", source="Design of the programme, version 1, outcome OC2 (illustrative)"),
                Piece(claim="activities_delivered", statement="The planned meetings took place, most of them on the day.", strength=3, code="PAR-07"),
                Piece(claim="sequence_fits", statement="The share rose after the first liaison meeting, in all four nations.", code="PAR-12"),
                Piece(claim="intermediate_outcomes", statement="Fewer activities overlapped with those of other providers.", code="PAR-13"),
                Piece(claim="intermediate_outcomes", statement="Two exercises of 2023 were moved because the plans had been compared.", source="Minutes of the yearly planning meeting, 2023 (illustrative)"),
                Piece(claim="independent_support", statement="No study from outside the partnership was found.", strength=1, speaks_for=False, source="Search of published evaluations, September 2025 (illustrative)"),
            ),
            rivals=(
                (OIL, "medium", "does_not_explain", "The share kept rising when prices did; nothing in the minutes speaks of money."),
                ("The council's own planning reform", "high", "explains_part", "Two of the four nations had begun to plan jointly before; the rise in the other two is as large."),
            )),
        Sheet(rater="evaluator.2", rating=2, reasons="Activities and sequence fit. Whether plans were changed because of the meetings I could not see from the record alone.",
            pieces=(
                Piece(claim="plausible_theory", statement="The assumption that officers stay long enough to compare plans is stated and plausible.", source="Design of the programme, version 1, assumptions (illustrative)"),
                Piece(claim="activities_delivered", statement="Delivery was close to plan.", code="PAR-07"),
                Piece(claim="sequence_fits", statement="The record follows the meetings with a lag of some months.", code="PAR-12"),
            ),
            rivals=(
                ("The council's own planning reform", "high", "explains_part", "Compared by nation: it may explain the early rise in two of them."),
                ("Fewer activities after the pandemic", "low", "not_examined", ""),
            )),
    ),
)  # fmt: skip
DESIGN = Design(
    from_=START,
    scope="Practical cooperation with the four members in the phase 2020 to mid-2025. Outside: courses of the Regional Centre, which are a programme of their own.",
    objectives=(
        ("IM1", "impact", "", "Gulf partners and Allies can act together where both want to."),
        ("OC1", "outcome", "IM1", "Partners reach the goals that they agreed with NATO, and keep what they reached."),
        ("OC2", "outcome", "IM1", "Cooperation does not repeat what others do."),
        ("OP1", "output", "OC1", "What was promised is delivered on the day."),
    ),
    assumptions=(
        ("assumption", "medium", "high", "Partners pay and staff what they keep.", "Agree on a hand-over plan a year before the end."),
        ("risk", "high", "medium", "Key officers rotate at the end of the phase.", "Follow up after 6 and 12 months."),
    ),
)  # fmt: skip
UNITS = (
    *((code, "country", "", name, code) for code, name in NATIONS.items()),
    *((f"{code}-{body}", "institution", code, f"{name}: {title}", code) for code, name in NATIONS.items() for body, title in BODIES),
    *((f"CG-A{i}", "site", "KWT" if i < 4 else "BHR", f"Coastal sector {i}, advised", "KWT" if i < 4 else "BHR") for i in range(1, 7)),
    *((f"CG-B{i}", "site", "QAT" if i < 3 else "ARE", f"Coastal sector {i + 6}, not advised", "QAT" if i < 3 else "ARE") for i in range(1, 6)),
    ("NB-A1", "site", "KWT", "Naval base 1, advised", "KWT"),
    *((f"NB-B{i}", "site", "ARE", f"Naval base {i + 1}, not advised", "ARE") for i in range(1, 8)),
)  # fmt: skip
BLUEPRINT = Blueprint(
    code="ICI", name="Istanbul Cooperation Initiative, phase 2020–2025",
    summary="Practical cooperation with Bahrain, Kuwait, Qatar and the United Arab Emirates. The phase ended in June 2025; readings half a year and a year later show what lasted.",
    framework="ICI", partners=tuple(NATIONS), organisations=("NATO", "GCC", "EU", "KWT-MOD"),
    starts_on=START, ends_on=END, time_zone="Asia/Dubai", designs=(DESIGN,), units=UNITS, indicators=INDICATORS,
    members=(("officer.ici", "officer"), ("approver.ici", "approver"), ("evaluator", "evaluator"), ("evaluator.2", "evaluator")),
    officer="officer.ici", approver="approver.ici", schedule="semi_annual",
    earlier=(("semi_annual", D(2017, 1, 1)), ("quarterly", D(2017, 1, 1))),
    later=(("semi_annual", D(2026, 6, 30)), ("quarterly", D(2026, 9, 30))), expost=EXPOST, judged=(JUDGED,),
)  # fmt: skip
