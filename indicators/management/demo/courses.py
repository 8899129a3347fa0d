"""Course runs with pseudonymous participants, tests and follow-ups, and the figures that follow from them."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from indicators.engine.courses.figures import FIGURES, course_figures
from indicators.engine.courses.types import Person as RegisterPerson
from indicators.engine.courses.types import Run as Register
from indicators.engine.types import RefusalCode
from indicators.management.demo.building import Built, Cast, noon
from indicators.management.demo.figures import Figure
from indicators.management.demo.programmes.ici_rc import COURSES, RUNS, Run
from indicators.models import CourseRun, Enrolment, FollowUp, Occasion, Reaction, ReportingPeriod, TestScore
from indicators.programmes import actions
from indicators.registers import load_registers

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
    reaction: Decimal | None = None


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
            age_band=_band(number, rng.choices(["<30", "30-39", "40+"], weights=[30, 45, 25])[0]),
            sector=rng.choice(SECTORS),
            completed=rng.random() > 0.04,
        )
        one.people.append(_test(Person(enrolment), plan, run, rng=rng, today=today))
    _ask_more(one, random.Random(f"more of {run.code}"))
    return one


def _band(number: int, band: str) -> str:
    """Registration asks on which side of 35 people are; half of the middle band is, by turns."""
    return band if band != "30-39" else ("30-35" if number % 2 else "36-39")


def _ask_more(one: Held, rng: random.Random) -> None:
    """Reactions, supervisors and contacts, and what the run cost; of a generator of their own."""
    for person in one.people:
        if rng.random() < 0.85:
            liking = min(max(3.7 + one.plan.gain / 40 + rng.gauss(0, 0.5), 1), 5)
            person.reaction = Decimal(str(round(liking, 1)))
        for answer in person.answers.values():
            if rng.random() < 0.5:
                answer.supervisor_confirmed = rng.random() < 0.55
            if answer.responded:
                answer.contacts = min(int(rng.expovariate(0.6)), 9)
    hours = one.plan.days * 6
    share = 0.2 + 0.11 * (one.plan.starts_on.year - 2023) + rng.gauss(0, 0.04)
    one.run.cost = Decimal(round(one.plan.enrolled * rng.uniform(1500, 1900)))
    one.run.pass_mark = Decimal(PASS_MARK)
    one.run.hours_total = Decimal(hours)
    one.run.hours_regional = Decimal(round(hours * min(max(share, 0), 1)))
    one.run.save(update_fields=["cost", "pass_mark", "hours_total", "hours_regional"])


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
    Reaction.objects.bulk_create(
        [Reaction(enrolment=one.enrolment, score=one.reaction) for one in people if one.reaction is not None]
    )
    FollowUp.objects.bulk_create([answer for one in people for answer in one.answers.values()])


# --- Figures ---------------------------------------------------------------------------------------------------


def figures_of_courses(made: Built, held: list[Held], *, rng: random.Random, today: date) -> Iterator[Figure]:
    """The figures of each run under each indicator that is reported per course.

    What a register gives is worked out as everywhere (`engine.courses`); seats and attendance are counted here.
    """
    registers = load_registers([one.run for one in held])
    for tailored, indicator in made.indicators:
        for one in held if tailored.code in COUNTED.keys() | REGISTERED else ():
            for cell, answer in _cells(tailored.code, one, registers[one.run.pk], rng, today):
                yield Figure(indicator, one.period, None, cell, answer, 0.1)


def _cells(
    code: str, one: Held, register: Register, rng: random.Random, today: date
) -> Iterator[tuple[str, dict[str, Any]]]:
    """The total, and the parts of those that are split and hold enough people."""

    def answer(people: list[Person], persons: Sequence[RegisterPerson]) -> dict[str, Any]:
        if code in COUNTED:
            return COUNTED[code](one, people, rng)
        return _from_register(code, replace(register, people=persons), today)

    total = answer(one.people, register.people)
    yield "", total
    if code not in SPLIT or "numerator" not in total:
        return
    for cell, people, persons in _groups(one.people, register):
        part = answer(people, persons)
        if "numerator" in part and part["denominator"] >= SMALL_CELL:
            yield cell, part


def _from_register(code: str, register: Register, today: date) -> dict[str, Any]:
    figure = course_figures(register, as_of=today)[code]
    if figure.refusal is not None:
        reason = "not_applicable" if figure.refusal.code in NOT_YET else "not_collected"
        return {"missing_reason": reason, "comment": str(figure.refusal.message)}
    if figure.denominator is not None:
        return {"numerator": figure.numerator, "denominator": figure.denominator}
    answer = {"value": figure.value and round(figure.value, 4), "sample_size": figure.n}
    return answer | ({"standard_error": figure.standard_error} if figure.standard_error is not None else {})


def _groups(
    people: list[Person], register: Register
) -> Iterator[tuple[str, list[Person], tuple[RegisterPerson, ...]]]:
    """By nation and by sex. A register's people stand in the order in which they were enrolled."""
    pairs = list(zip(people, register.people, strict=True))
    for key in sorted({one.nation for one in register.people}):
        mine = [pair for pair in pairs if pair[1].nation == key]
        yield f"nation={key}", [one for one, _r in mine], tuple(r for _one, r in mine)
    for key in sorted({one.sex for one in register.people}):
        mine = [pair for pair in pairs if pair[1].sex == key]
        yield f"sex={SEX[key]}", [one for one, _r in mine], tuple(r for _one, r in mine)


def _share(counted: int, of: int) -> dict[str, Any]:
    return {"numerator": Decimal(counted), "denominator": Decimal(of)}


def _seats(one: Held, people: list[Person], rng: random.Random) -> dict[str, Any]:
    return _share(len(people), one.plan.seats)


def _attendance(one: Held, people: list[Person], rng: random.Random) -> dict[str, Any]:
    days = [one.plan.days if p.enrolment.completed else one.plan.days // 2 for p in people]
    attended = sum(day - (rng.random() < 0.25) - (rng.random() < 0.1) for day in days)
    return _share(attended, one.plan.days * len(people))


Rule = Callable[[Held, list[Person], random.Random], dict[str, Any]]
COUNTED: dict[str, Rule] = {"ICI-02": _seats, "ICI-03": _attendance}
REGISTERED = {code for code, *_ in FIGURES}
NOT_YET = {RefusalCode.TOO_EARLY, RefusalCode.NO_GAIN_TO_RETAIN, RefusalCode.NO_FOLLOW_UP}
SPLIT = {"ICI-03", "ICI-05"}
