"""What lines of a register would change: every problem of every cell, or the rows to write. Reads; writes nothing.

The grid, the importer and the command hand in the same lines and get the same answer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from indicators.entry.register.columns import (
    LATER,
    PARSERS,
    PEOPLE,
    PSEUDONYM,
    QUESTION_FIELDS,
    QUESTIONS,
    TESTS,
    Problem,
    parse_pseudonym,
    refusal,
    write,
)
from indicators.models import CourseRun, Enrolment, FollowUp, Partner, Reaction, TestScore

MOST_PEOPLE = 500
"""Of one run: more are a file of something else."""
NEEDED = ("nation", "sex", "age_band")
Values = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One row as it was handed in. Columns that are not in `cells` are left as they are.

    `clears`: whether an empty cell takes the stored value away (a grid shows it) or says nothing (a file).
    """

    row: int
    pseudonym: str
    cells: Mapping[str, str]
    clears: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One cell that would be other than it is."""

    row: int
    pseudonym: str
    column: str
    before: str
    after: str

    @property
    def kind(self) -> str:
        if not self.before:
            return "new"
        return "changed" if self.after else "removed"


@dataclass(slots=True)
class Standing:
    """One participant as stored: the values of all columns, and the rows that hold them."""

    enrolment: Enrolment
    values: Values
    tests: dict[str, TestScore] = field(default_factory=dict)
    reaction: Reaction | None = None
    follow_ups: dict[str, FollowUp] = field(default_factory=dict)

    @property
    def has_records(self) -> bool:
        return bool(self.tests or self.reaction or self.follow_ups)


@dataclass(slots=True, kw_only=True)
class Plan:
    """Everything that would be written; nothing of it when there are problems."""

    problems: list[Problem] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    same: int = 0
    enrolled: list[Enrolment] = field(default_factory=list)
    altered: list[Enrolment] = field(default_factory=list)
    superseded: list[TestScore | Reaction | FollowUp] = field(default_factory=list)
    recorded: list[TestScore | Reaction | FollowUp] = field(default_factory=list)

    def count(self, kind: str) -> int:
        return sum(change.kind == kind for change in self.changes)

    def __str__(self) -> str:
        counts = [f"{self.count(kind)} {kind}" for kind in ("new", "changed", "removed")]
        return ", ".join([*counts, f"{self.same} same"])


def load_standing(run: CourseRun) -> dict[str, Standing]:
    """The participants of a run by pseudonym, in order of it. Four queries."""
    people: dict[int, Standing] = {}
    for one in Enrolment.objects.filter(run=run).select_related("nation").order_by("pseudonym"):
        values = {name: getattr(one, name) for name in PEOPLE if name != "nation"}
        people[one.pk] = Standing(one, values | {"nation": one.nation.code})
    for test in TestScore.objects.current().filter(enrolment__run=run):
        who, occasion = people[test.enrolment_id], test.occasion
        who.tests[occasion] = test
        who.values |= {
            occasion: test.score,
            f"maximum_{occasion}": test.maximum,
            f"form_{occasion}": test.form,
        }
    for reaction in Reaction.objects.current().filter(enrolment__run=run):
        people[reaction.enrolment_id].reaction = reaction
        people[reaction.enrolment_id].values["reaction"] = reaction.score
    for said in FollowUp.objects.current().filter(enrolment__run=run):
        who = people[said.enrolment_id]
        who.follow_ups[said.occasion] = said
        for question, name in QUESTION_FIELDS.items():
            who.values[f"{question}_{said.occasion}"] = getattr(said, name)
    return {one.enrolment.pseudonym: one for one in people.values()}


def test_settings(standing: Mapping[str, Standing]) -> dict[str, str]:
    """Maximum and version of each test where one holds for all who took it, as text; empty where several do."""
    found = {}
    for occasion in TESTS:
        for name in (f"maximum_{occasion}", f"form_{occasion}"):
            used = {write(one.values[name]) for one in standing.values() if occasion in one.tests}
            found[name] = used.pop() if len(used) == 1 else ""
    return found


def plan_lines(run: CourseRun, lines: Iterable[Line]) -> Plan:
    """What the lines would do to a run's register. Five queries, however many lines."""
    lines = list(lines)
    standing = load_standing(run)
    planner = _Planner(run, standing, {one.code: one for one in Partner.objects.all()})
    plan = planner.plan
    if len({line.pseudonym for line in lines} | standing.keys()) > MOST_PEOPLE:
        message = _("The register would hold more than %s participants.") % MOST_PEOPLE
        plan.problems.append(Problem(row=0, column=PSEUDONYM, given="", message=message))
        return plan
    twice = Counter(line.pseudonym for line in lines if line.pseudonym)
    for line in lines:
        if twice[line.pseudonym] > 1:
            planner.complain(line, PSEUDONYM, _("This pseudonym stands in more than one row."))
        else:
            planner.take(line)
    return plan


class _Planner:
    """Takes lines one by one; asks no query."""

    def __init__(self, run: CourseRun, standing: dict[str, Standing], nations: Mapping[str, Partner]) -> None:
        self.run, self.standing, self.nations = run, standing, nations
        self.settings = test_settings(standing)
        self.plan = Plan()

    def complain(self, line: Line, column: str, message: str, *, is_private: bool = False) -> None:
        given = line.pseudonym if column == PSEUDONYM else line.cells.get(column, "")
        self.plan.problems.append(
            Problem(row=line.row, column=column, given="" if is_private else given, message=message)
        )

    def take(self, line: Line) -> None:
        before = len(self.plan.problems)
        try:
            parse_pseudonym(line.pseudonym)
        except ValidationError as problem:
            self.complain(line, PSEUDONYM, problem.messages[0], is_private=problem.code == "private")
            return
        wanted = self._parse(line)
        person = self.standing.get(line.pseudonym)
        values = ({} if person is None else person.values) | wanted
        self._fill_in(values, wanted)
        self._check(line, values, is_new=person is None)
        if len(self.plan.problems) == before:
            self._write(line, person, values)

    def _parse(self, line: Line) -> Values:
        wanted: Values = {}
        for column, text in line.cells.items():
            text = text.strip()
            if not text:
                if line.clears:
                    wanted[column] = "" if column == "sector" or column.startswith("form_") else None
                continue
            try:
                wanted[column] = PARSERS[column](text)
            except ValidationError as problem:
                self.complain(line, column, problem.messages[0], is_private=problem.code == "private")
        return wanted

    def _fill_in(self, values: Values, wanted: Values) -> None:
        """What is the same for all of a test is not asked for again; a test without a score is none."""
        for occasion in TESTS:
            names = (f"maximum_{occasion}", f"form_{occasion}")
            for name, parse in ((names[0], Decimal), (names[1], str)):
                if (
                    values.get(name) in (None, "")
                    and self.settings[name]
                    and values.get(occasion) is not None
                ):
                    values[name] = parse(self.settings[name])
            if values.get(occasion) is None:
                for name in names:
                    values.pop(name, None)

    def _check(self, line: Line, values: Values, *, is_new: bool) -> None:
        for name in NEEDED:
            complained = any(p.row == line.row and p.column == name for p in self.plan.problems)
            if values.get(name) is None and not complained:
                self.complain(line, name, _("Empty; every participant needs it."))
        if values.get("nation") is not None and values["nation"] not in self.nations:
            expected = _("the code of a country, such as %s") % ", ".join(sorted(self.nations)[:6])
            self.complain(line, "nation", refusal(str(values["nation"]), expected).messages[0])
        for occasion in TESTS:
            self._check_test(line, values, occasion)
        for occasion in LATER:
            self._check_follow_up(line, values, occasion)

    def _check_test(self, line: Line, values: Values, occasion: str) -> None:
        score, maximum = values.get(occasion), values.get(f"maximum_{occasion}")
        if score is None:
            return
        if maximum is None:
            self.complain(
                line,
                occasion,
                _("The maximum of this test is not known; give it in column %s.") % f"maximum_{occasion}",
            )
        elif score > maximum:
            expected = _("a number of points from 0 to %s") % write(maximum)
            self.complain(line, occasion, refusal(write(score), expected).messages[0])

    def _check_follow_up(self, line: Line, values: Values, occasion: str) -> None:
        given = {question: values.get(f"{question}_{occasion}") for question in QUESTIONS}
        responded = given.pop("responded")
        supervisor = given.pop("supervisor")
        column = f"responded_{occasion}"
        if responded is None and (supervisor is not None or any(v is not None for v in given.values())):
            self.complain(line, column, _("Empty; yes or no was expected, since other answers are given."))
        elif responded is False and any(value is not None for value in given.values()):
            self.complain(line, column, _("“no” was given, and yet there are answers; yes was expected."))

    def _write(self, line: Line, person: Standing | None, values: Values) -> None:
        enrolment = Enrolment(run=self.run, pseudonym=line.pseudonym) if person is None else person.enrolment
        if values.get("completed") is None:
            values["completed"] = True if person is None else person.values["completed"]
        old = {} if person is None else person.values
        differing = [column for column in PARSERS if _differs(old.get(column), values.get(column))]
        self.plan.same += sum(
            column in line.cells and bool(line.cells[column].strip()) for column in PARSERS
        ) - sum(column in line.cells and bool(line.cells[column].strip()) for column in differing)
        self.plan.changes += [
            Change(
                row=line.row,
                pseudonym=line.pseudonym,
                column=column,
                before=write(old.get(column)),
                after=write(values.get(column)),
            )
            for column in differing
            if write(old.get(column)) != write(values.get(column))
        ]
        if person is None or any(column in PEOPLE for column in differing):
            for name in PEOPLE:
                setattr(
                    enrolment, name, self.nations[values[name]] if name == "nation" else values.get(name, "")
                )
            (self.plan.enrolled if person is None else self.plan.altered).append(enrolment)
        self._record(enrolment, person, values, set(differing))

    def _record(
        self, enrolment: Enrolment, person: Standing | None, values: Values, differing: set[str]
    ) -> None:
        for occasion in TESTS:
            if differing & {occasion, f"maximum_{occasion}", f"form_{occasion}"}:
                self._test(enrolment, person, values, occasion)
        if "reaction" in differing:
            self._replace(person.reaction if person else None)
            if values.get("reaction") is not None:
                self.plan.recorded.append(Reaction(enrolment=enrolment, score=values["reaction"]))
        for occasion in LATER:
            if differing & {f"{question}_{occasion}" for question in QUESTIONS}:
                self._follow_up(enrolment, person, values, occasion)

    def _test(self, enrolment: Enrolment, person: Standing | None, values: Values, occasion: str) -> None:
        self._replace(person.tests.get(occasion) if person else None)
        if values.get(occasion) is not None:
            self.plan.recorded.append(
                TestScore(
                    enrolment=enrolment,
                    occasion=occasion,
                    score=values[occasion],
                    maximum=values[f"maximum_{occasion}"],
                    form=values.get(f"form_{occasion}") or "",
                )
            )

    def _follow_up(
        self, enrolment: Enrolment, person: Standing | None, values: Values, occasion: str
    ) -> None:
        self._replace(person.follow_ups.get(occasion) if person else None)
        if values.get(f"responded_{occasion}") is not None:
            answers = {
                name: values.get(f"{question}_{occasion}") for question, name in QUESTION_FIELDS.items()
            }
            self.plan.recorded.append(FollowUp(enrolment=enrolment, occasion=occasion, **answers))

    def _replace(self, old: TestScore | Reaction | FollowUp | None) -> None:
        if old is not None:
            self.plan.superseded.append(old)


def _differs(old: Any, new: Any) -> bool:
    return (None if old == "" else old) != (None if new == "" else new)
