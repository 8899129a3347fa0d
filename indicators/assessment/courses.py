"""What participants of a course run learnt and kept: the questions and their inputs, without anybody's name or code."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from django.db.models import Count, Q

from indicators.assessment.clock import add_months
from indicators.assessment.drafts import Json, Task
from indicators.engine.codec import message_to_json
from indicators.engine.expost.situation import MIN_PAIRS
from indicators.engine.messages import gettext_noop, message
from indicators.engine.rules import Rules
from indicators.models import CourseRun, Occasion, Programme, ProgrammeIndicator, TestScore, ValueType

RETENTION_CODE = "ICI-07"
"""The library's indicator for knowledge retained; without it, retention is kept under the learning gain."""
LATER = {Occasion.MONTH_6: 6, Occasion.MONTH_12: 12}
GAIN = gettext_noop("Did participants score higher after the course than before?")
RETAINED = gettext_noop("Share of the gain that participants still have %(months)s months later")


@dataclass(slots=True)
class Register:
    """One course run's test results. People are keys here and nowhere further."""

    scores: dict[int, dict[str, tuple[Decimal, Decimal]]] = field(default_factory=lambda: defaultdict(dict))
    """Person → occasion → (score, maximum)."""

    def rows(self, *occasions: str) -> list[list[float]]:
        """Scores of the people who have all the occasions, on the test's own scale if it is one for all, else in
        percent of the maximum; sorted, so that no row can be told to be somebody's."""
        scale = self.maximum
        found = []
        for results in self.scores.values():
            if all(occasion in results for occasion in occasions):
                pairs = [results[occasion] for occasion in occasions]
                found.append([float(s if scale is not None else 100 * s / m) for s, m in pairs])
        return sorted(found)

    @property
    def maximum(self) -> Decimal | None:
        """The highest possible score, if it is the same in every test of the run."""
        found = {highest for results in self.scores.values() for _score, highest in results.values()}
        return found.pop() if len(found) == 1 else None


def tasks(
    programme: Programme, indicators: list[ProgrammeIndicator], *, as_of: date, seed: int, rules: Rules
) -> list[Task]:
    """Learning gain of every course run that ended by a day, and what was kept 6 and 12 months later. Two queries."""
    gain = next((i for i in indicators if i.version.value_type == ValueType.EFFECT_SIZE), None)
    if gain is None:
        return []
    kept = next((i for i in indicators if i.definition.code == RETENTION_CODE), gain)
    registers = _registers(programme, as_of)
    found = []
    for run in _runs(programme, as_of):
        register = registers.get(run.pk, Register())
        found.append(_gain(gain.pk, run, register))
        for occasion, months in LATER.items():
            if add_months(run.ends_on, months) <= as_of:
                found.append(_kept(kept.pk, run, register, occasion, months, seed, rules))
    return found


def scores_of(programme: Programme, *, as_of: date) -> list[list[float]]:
    """Scores before and after of everybody who has been tested twice by a day, in all runs as one. One query."""
    everybody = Register()
    for register in _registers(programme, as_of).values():
        everybody.scores.update(register.scores)
    return everybody.rows(Occasion.PRE, Occasion.POST)


def _runs(programme: Programme, as_of: date) -> list[CourseRun]:
    return list(
        CourseRun.objects.filter(course__programme=programme, ends_on__lte=as_of)
        .annotate(
            enrolled=Count("enrolments"), completed=Count("enrolments", filter=Q(enrolments__completed=True))
        )
        .order_by("ends_on", "pk")
    )


def _registers(programme: Programme, as_of: date) -> dict[int, Register]:
    found: dict[int, Register] = defaultdict(Register)
    rows = (
        TestScore.objects.current()
        .filter(enrolment__run__course__programme=programme, enrolment__run__ends_on__lte=as_of)
        .values_list("enrolment__run_id", "enrolment_id", "occasion", "score", "maximum")
    )
    for run, person, occasion, score, maximum in rows.iterator():
        found[run].scores[person][occasion] = (score, maximum)
    return found


def _gain(indicator_pk: int, run: CourseRun, register: Register) -> Task:
    enrolled: int = run.enrolled  # type: ignore[attr-defined]
    rows = register.rows(Occasion.PRE, Occasion.POST)
    inputs = _inputs(
        "paired_gain",
        message_to_json(message(GAIN)),
        rows,
        maximum=100.0 if register.maximum is None else float(register.maximum),
        unpaired_share=1 - len(rows) / enrolled if enrolled else None,
    )
    return Task(
        indicator_pk=indicator_pk,
        course_run_pk=run.pk,
        method="paired_gain",
        inputs=inputs,
        reported=len(rows),
        expected=enrolled,
    )


def _kept(
    indicator_pk: int, run: CourseRun, register: Register, occasion: str, months: int, seed: int, rules: Rules
) -> Task:
    completed: int = run.completed  # type: ignore[attr-defined]
    rows = register.rows(Occasion.PRE, Occasion.POST, occasion)
    answered = sum(occasion in results for results in register.scores.values())
    inputs = _inputs(
        "retention",
        message_to_json(message(RETAINED, months=months)),
        rows,
        seed=seed,
        response_rate=min(1.0, answered / completed) if completed else None,
        rules=rules.as_text(),
    )
    return Task(
        indicator_pk=indicator_pk,
        course_run_pk=run.pk,
        method=f"retention_{occasion}",
        inputs=inputs,
        reported=len(rows),
        expected=completed,
    )


def _inputs(compute: str, question: Json, rows: list[list[float]], **more: object) -> Json:
    """Of fewer people than the method needs only their number is kept (small cells: METHOD 4.7)."""
    return {
        "compute": compute,
        "question": question,
        "flags": [],
        "notes": [],
        "n": len(rows),
        "scores": rows if len(rows) >= MIN_PAIRS else [],
        **more,
    }
