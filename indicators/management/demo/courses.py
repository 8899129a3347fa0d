"""Course runs with pseudonymous participants, tests and follow-ups, and the figures that follow from them."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from indicators.management.demo.building import Built, Cast, noon
from indicators.management.demo.figures import Figure
from indicators.management.demo.programmes.ici_rc import COURSES, RUNS, Run
from indicators.models import CourseRun, Enrolment, FollowUp, Occasion, ReportingPeriod, TestScore
from indicators.programmes import actions

PASS_MARK = 60
SMALL_CELL = 5
"""Parts with fewer persons are not written down (METHOD 4.7)."""
NATIONS = {"KWT": 8, "BHR": 2, "QAT": 3, "ARE": 3, "SAU": 4, "OMN": 2}
SECTORS = ("defence", "interior", "coast guard", "civil protection", "regulator")
SEX = {"f": "female", "m": "male"}


@dataclass(slots=True)
class Person:
    """A participant with whatever was measured."""

    enrolment: Enrolment
    scores: dict[str, float] = field(default_factory=dict)
    answers: dict[str, FollowUp] = field(default_factory=dict)


@dataclass(slots=True)
class Held:
    """A course run that was held."""

    plan: Run
    run: CourseRun
    period: ReportingPeriod
    people: list[Person] = field(default_factory=list)

    def with_scores(self, *occasions: str) -> list[Person]:
        return [one for one in self.people if all(o in one.scores for o in occasions)]


def make_courses(made: Built, cast: Cast, *, rng: random.Random, today: date) -> list[Held]:
    """Courses, runs until today, participants, their tests and what they answered later."""
    admin = cast.people["admin"]
    courses = {
        topic: actions.save_course(
            programme=made.programme,
            code=code,
            title=title,
            topic=topic,
            by=admin,
            at=noon(made.programme.starts_on),
        )
        for topic, (code, title) in COURSES.items()
    }
    held = []
    for plan in RUNS:
        ends_on = plan.starts_on + timedelta(days=plan.days - 1)
        if ends_on > today:
            continue
        course = courses[plan.topic]
        run = actions.save_run(
            course=course,
            code=f"{course.code}-{plan.starts_on:%Y-%m}",
            starts_on=plan.starts_on,
            ends_on=ends_on,
            seats=plan.seats,
            parent=made.units["CENTRE"],
            by=admin,
            at=noon(max(plan.starts_on - timedelta(days=90), made.programme.starts_on)),
        )
        held.append(_hold(plan, run, cast, rng=rng, today=today))
    _keep(held)
    return held


def _hold(plan: Run, run: CourseRun, cast: Cast, *, rng: random.Random, today: date) -> Held:
    one = Held(plan, run, run.periods.get())  # type: ignore[attr-defined]
    nations = rng.choices(list(NATIONS), weights=list(NATIONS.values()), k=plan.enrolled)
    women = 0.14 + 0.05 * (plan.starts_on.year - 2023)
    for number, nation in enumerate(nations, 1):
        enrolment = Enrolment(
            run=run,
            pseudonym=f"P{number:02}-{rng.randrange(16**4):04X}",
            nation=cast.partners[nation],
            sex="f" if rng.random() < women else "m",
            age_band=rng.choices(["<30", "30-39", "40+"], weights=[30, 45, 25])[0],
            sector=rng.choice(SECTORS),
            completed=rng.random() > 0.04,
        )
        one.people.append(_test(Person(enrolment), plan, run, rng=rng, today=today))
    return one


def _test(person: Person, plan: Run, run: CourseRun, *, rng: random.Random, today: date) -> Person:
    def score(value: float) -> float:
        return round(min(max(value, 0), 100) * 2) / 2

    before = score(rng.gauss(plan.before, 15))
    gain = rng.gauss(plan.gain, 8)
    person.scores[Occasion.PRE] = before
    if not person.enrolment.completed or rng.random() < plan.unpaired:
        return person
    person.scores[Occasion.POST] = score(before + gain)
    for occasion, months, kept, answering in (
        (Occasion.MONTH_6, 6, plan.kept, plan.responding),
        (Occasion.MONTH_12, 12, plan.kept - 0.1, plan.responding - 0.15),
    ):
        if run.ends_on + timedelta(days=30.5 * months + 30) > today:
            break
        responded = rng.random() < answering
        person.answers[occasion] = FollowUp(
            enrolment=person.enrolment,
            occasion=occasion,
            responded=responded,
            applied_on_the_job=rng.random() < 0.25 + gain / 50 if responded else None,
            still_in_post=rng.random() < 0.8 if responded else None,
        )
        if responded and rng.random() < 0.93:
            person.scores[occasion] = score(before + gain * kept + rng.gauss(0, 5))
    return person


def _keep(held: list[Held]) -> None:
    people = [person for one in held for person in one.people]
    Enrolment.objects.bulk_create([one.enrolment for one in people])
    TestScore.objects.bulk_create(
        [
            TestScore(
                enrolment=one.enrolment,
                occasion=occasion,
                score=Decimal(str(score)),
                maximum=100,
                form="A" if occasion in {Occasion.PRE, Occasion.MONTH_6} else "B",
            )
            for one in people
            for occasion, score in one.scores.items()
        ]
    )
    FollowUp.objects.bulk_create([answer for one in people for answer in one.answers.values()])


# --- Figures ---------------------------------------------------------------------------------------------------


def figures_of_courses(made: Built, held: list[Held], *, rng: random.Random) -> Iterator[Figure]:
    """The figures of each run under each indicator that is reported per course."""
    for tailored, indicator in made.indicators:
        rule = RULES.get(tailored.code)
        if rule is None:
            continue
        for one in held:
            answer = rule(one, one.people, rng)
            yield Figure(indicator, one.period, None, "", answer, 0.1)
            if tailored.code in SPLIT and "numerator" in answer:
                for cell, group in _groups(one.people):
                    part = rule(one, group, rng)
                    if "numerator" in part and part["denominator"] >= SMALL_CELL:
                        yield Figure(indicator, one.period, None, cell, part, 0.1)


def _groups(people: list[Person]) -> Iterator[tuple[str, list[Person]]]:
    """By nation and by sex, where enough persons are in a part."""
    for key in sorted({one.enrolment.nation.code for one in people}):
        yield f"nation={key}", [one for one in people if one.enrolment.nation.code == key]
    for key in sorted({one.enrolment.sex for one in people}):
        yield f"sex={SEX[key]}", [one for one in people if one.enrolment.sex == key]


def _share(counted: int, of: int) -> dict[str, Any]:
    return {"numerator": Decimal(counted), "denominator": Decimal(of)}


def _seats(one: Held, people: list[Person], rng: random.Random) -> dict[str, Any]:
    return _share(len(people), one.plan.seats)


def _attendance(one: Held, people: list[Person], rng: random.Random) -> dict[str, Any]:
    days = [one.plan.days if p.enrolment.completed else one.plan.days // 2 for p in people]
    attended = sum(day - (rng.random() < 0.25) - (rng.random() < 0.1) for day in days)
    return _share(attended, one.plan.days * len(people))


def _reaction(one: Held, people: list[Person], rng: random.Random) -> dict[str, Any]:
    n = max(round(len(people) * rng.uniform(0.7, 0.95)), 1)
    value = min(max(3.7 + one.plan.gain / 40 + rng.gauss(0, 0.12), 1), 5)
    return {"value": Decimal(str(round(value, 2))), "sample_size": n}


def _passed(one: Held, people: list[Person], rng: random.Random) -> dict[str, Any]:
    tested = [p for p in people if Occasion.POST in p.scores]
    return _share(sum(p.scores[Occasion.POST] >= PASS_MARK for p in tested), len(tested))


def _gain(one: Held, people: list[Person], rng: random.Random) -> dict[str, Any]:
    from indicators.engine.expost.paired import paired_gain  # scipy: only where the demo is made

    pairs = one.with_scores(Occasion.PRE, Occasion.POST)
    found = paired_gain(
        [p.scores[Occasion.PRE] for p in pairs],
        [p.scores[Occasion.POST] for p in pairs],
        maximum=100.0,
        unpaired_share=1 - len(pairs) / len(one.people),
    )
    if found.value is None or found.low is None or found.high is None:
        return {"missing_reason": "not_collected"}
    error = (found.high - found.low) / 3.92
    return {
        "value": Decimal(str(round(found.value, 4))),
        "standard_error": Decimal(str(round(error, 4))),
        "sample_size": len(pairs),
    }


def _retained(one: Held, people: list[Person], rng: random.Random) -> dict[str, Any]:
    asked = one.with_scores(Occasion.PRE, Occasion.POST, Occasion.MONTH_6)
    gained = sum(p.scores[Occasion.POST] - p.scores[Occasion.PRE] for p in asked)
    kept = sum(p.scores[Occasion.MONTH_6] - p.scores[Occasion.PRE] for p in asked)
    if not asked or gained <= 2 * len(asked):
        return _not_yet(one, "No gain that could have been kept, or nobody to ask.")
    return {"value": Decimal(str(round(kept / gained, 4))), "sample_size": len(asked)}


def _applied(one: Held, people: list[Person], rng: random.Random) -> dict[str, Any]:
    answers = [p.answers[Occasion.MONTH_6] for p in people if Occasion.MONTH_6 in p.answers]
    given = [a for a in answers if a.responded]
    return _share(sum(bool(a.applied_on_the_job) for a in given), len(given)) if answers else _not_yet(one)


def _responded(one: Held, people: list[Person], rng: random.Random) -> dict[str, Any]:
    answers = [p.answers[Occasion.MONTH_6] for p in people if Occasion.MONTH_6 in p.answers]
    return _share(sum(a.responded for a in answers), len(answers)) if answers else _not_yet(one)


def _not_yet(one: Held, why: str = "The follow-up after six months is not due yet.") -> dict[str, Any]:
    return {"missing_reason": "not_applicable", "comment": why}


def _own_instructors(one: Held, people: list[Person], rng: random.Random) -> dict[str, Any]:
    hours = one.plan.days * 6
    share = 0.2 + 0.11 * (one.plan.starts_on.year - 2023) + rng.gauss(0, 0.04)
    return _share(round(hours * min(max(share, 0), 1)), hours)


def _breadth(one: Held, people: list[Person], rng: random.Random) -> dict[str, Any]:
    n = len(people)
    counts = Counter(p.enrolment.nation.code for p in people)
    value = 1 / sum((count / n) ** 2 for count in counts.values())
    return {"value": Decimal(str(round(value, 4))), "sample_size": n}


def _women(one: Held, people: list[Person], rng: random.Random) -> dict[str, Any]:
    return _share(sum(p.enrolment.sex == "f" for p in people), len(people))


def _young(one: Held, people: list[Person], rng: random.Random) -> dict[str, Any]:
    """Registration knows bands only; half of the middle band is counted as 35 or under."""
    bands = Counter(p.enrolment.age_band for p in people)
    return _share(bands["<30"] + bands["30-39"] // 2, len(people))


def _cost(one: Held, people: list[Person], rng: random.Random) -> dict[str, Any]:
    passed = _passed(one, people, rng)["numerator"]
    return {"numerator": Decimal(round(one.plan.enrolled * rng.uniform(1500, 1900))), "denominator": passed}


Rule = Callable[[Held, list[Person], random.Random], dict[str, Any]]
RULES: dict[str, Rule] = {
    "ICI-02": _seats,
    "ICI-03": _attendance,
    "ICI-04": _reaction,
    "ICI-05": _passed,
    "ICI-06": _gain,
    "ICI-07": _retained,
    "ICI-08": _applied,
    "ICI-11": _own_instructors,
    "ICI-12": _breadth,
    "ICI-13": _women,
    "ICI-14": _young,
    "ICI-15": _responded,
    "ICI-17": _cost,
}
SPLIT = {"ICI-03", "ICI-05"}
