"""What participants of a course run learnt and kept: the questions and their inputs, without anybody's name or code."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from django.db.models import Count, Q

from indicators.assessment.clock import add_months
from indicators.assessment.drafts import Json, Task
from indicators.assessment.standing import ASKED_FOR, Planned, laid_down, primary_name
from indicators.engine.codec import message_to_json
from indicators.engine.expost.situation import MIN_PAIRS, Method
from indicators.engine.messages import gettext_noop, message
from indicators.engine.rules import Rules
from indicators.models import CourseRun, Occasion, Programme, ProgrammeIndicator, TestScore, ValueType

RETENTION_CODE = "ICI-07"
"""The library's indicator for knowledge retained; without it, retention is kept under the learning gain."""
LATER = {Occasion.MONTH_6: 6, Occasion.MONTH_12: 12}
"""Occasions after the course. Records of persons are removed 24 months after a run, so there is none so late."""
COURSE_METHODS: dict[str, tuple[str, ...]] = {
    Method.PAIRED_GAIN.value: ("paired_gain",),
    Method.PARTICIPANT_RETENTION.value: tuple(f"retention_{occasion.value}" for occasion in LATER),
}
"""Method of a plan → the questions to every course run that it stands for."""
GAIN = gettext_noop("Did participants score higher after the course than before?")
RETAINED = gettext_noop("Share of the gain that participants still have %(months)s months later")


@dataclass(slots=True)
class Register:
    """One course run's test results. People are keys here and nowhere further."""

    scores: dict[int, dict[str, tuple[Decimal, Decimal]]] = field(default_factory=lambda: defaultdict(dict))
    """Person → occasion → (score, maximum)."""
    forms: dict[int, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))
    """Person → occasion → version of the test; empty: not stated."""

    def rows(self, *occasions: str, scale: Decimal | None) -> list[list[float]]:
        """Scores of the people who have all the occasions, as they are where one scale holds for all, else in percent
        of the maximum; sorted, so that no row can be told to be somebody's."""
        found = []
        for results in self.scores.values():
            if all(occasion in results for occasion in occasions):
                pairs = [results[occasion] for occasion in occasions]
                found.append([float(s if scale is not None else 100 * s / m) for s, m in pairs])
        return sorted(found)

    @property
    def equal_forms(self) -> bool | None:
        """Whether both tests were the same version; None where it is not stated of somebody with both scores."""
        both = [one for one in self.forms.values() if Occasion.PRE in one and Occasion.POST in one]
        if not both or not all(one[Occasion.PRE] and one[Occasion.POST] for one in both):
            return None
        return all(one[Occasion.PRE] == one[Occasion.POST] for one in both)

    @property
    def maximum(self) -> Decimal | None:
        """The highest possible score, if it is the same in every test of the run."""
        found = {highest for results in self.scores.values() for _score, highest in results.values()}
        return found.pop() if len(found) == 1 else None


def tasks(
    programme: Programme,
    indicators: list[ProgrammeIndicator],
    *,
    as_of: date,
    seed: int,
    rules: Rules,
    planned: Sequence[Planned] = (),
) -> list[Task]:
    """Learning gain of every course run that ended by a day, and what was kept 6 and 12 months later. Two queries.

    Registers that the plan sets beside the course are of people who did not take it: they are asked nothing of their
    own, and the question of the plan stands first.
    """
    gain, kept = measured_on_people(indicators)
    if gain is None or kept is None:
        return []
    registers = _registers(programme, as_of)
    runs = _runs(programme, as_of)
    aside = {one.run_id for item in planned for one in item.item.comparisons.all()}  # type: ignore[attr-defined]
    found = [_beside(one, runs, registers) for one in planned if _is_beside(one, as_of)]
    for run in runs:
        if run.pk in aside:
            continue
        register = registers.get(run.pk, Register())
        found.append(_gain(gain.pk, run, register))
        for occasion, months in LATER.items():
            if add_months(run.ends_on, months) <= as_of:
                found.append(_kept(kept.pk, run, register, occasion, months, seed, rules))
    return found


def measured_on_people(
    indicators: Sequence[ProgrammeIndicator],
) -> tuple[ProgrammeIndicator | None, ProgrammeIndicator | None]:
    """The indicators that hold what participants learnt, and what they kept; both None without a learning gain."""
    gain = next((i for i in indicators if i.version.value_type == ValueType.EFFECT_SIZE), None)
    kept = next((i for i in indicators if i.definition.code == RETENTION_CODE), gain)
    return (gain, kept) if gain is not None else (None, None)


def scores_of(programme: Programme, *, as_of: date) -> list[list[float]]:
    """Scores before and after of everybody who has been tested twice by a day, in all runs as one. One query."""
    everybody = _together(list(_registers(programme, as_of).values()))
    return everybody.rows(Occasion.PRE, Occasion.POST, scale=everybody.maximum)


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
        .values_list("enrolment__run_id", "enrolment_id", "occasion", "score", "maximum", "form")
    )
    for run, person, occasion, score, maximum, form in rows.iterator():
        found[run].scores[person][occasion] = (score, maximum)
        found[run].forms[person][occasion] = form
    return found


def _gain(indicator_pk: int, run: CourseRun, register: Register) -> Task:
    enrolled: int = run.enrolled  # type: ignore[attr-defined]
    rows = register.rows(Occasion.PRE, Occasion.POST, scale=register.maximum)
    inputs = _inputs(
        "paired_gain",
        message_to_json(message(GAIN)),
        rows,
        maximum=100.0 if register.maximum is None else float(register.maximum),
        unpaired_share=1 - len(rows) / enrolled if enrolled else None,
        equal_forms=register.equal_forms,
    )
    return Task(
        indicator_pk=indicator_pk,
        course_run_pk=run.pk,
        method="paired_gain",
        inputs=inputs,
        reported=len(rows),
        expected=enrolled,
    )


def _is_beside(one: Planned, as_of: date) -> bool:
    return one.item.method == Method.PAIRED_GAIN_WITH_COMPARISON and as_of >= one.item.plan.ends_on


def _beside(one: Planned, runs: Sequence[CourseRun], registers: Mapping[int, Register]) -> Task:
    """Everybody who took a course within the plan's dates, beside the registers that the plan names."""
    item, plan = one.item, one.item.plan
    aside = [row.run_id for row in item.comparisons.all() if row.run_id]  # type: ignore[attr-defined]
    taught = [
        run
        for run in runs
        if run.pk not in aside and plan.starts_on <= run.starts_on and run.ends_on <= plan.ends_on
    ]
    others = [run for run in runs if run.pk in aside]
    groups = [
        _together([registers[run.pk] for run in some if run.pk in registers]) for some in (taught, others)
    ]
    everybody = _together(groups)
    rows, other_rows = (one.rows(Occasion.PRE, Occasion.POST, scale=everybody.maximum) for one in groups)
    enrolled: int = sum(run.enrolled for run in (*taught, *others))  # type: ignore[attr-defined]
    both = len(rows) + len(other_rows)
    method = Method.PAIRED_GAIN_WITH_COMPARISON.value
    inputs = _inputs(
        method,
        message_to_json(message(ASKED_FOR, method=method)),
        rows,
        comparison_n=len(other_rows),
        comparison_scores=other_rows if len(other_rows) >= MIN_PAIRS else [],
        maximum=100.0 if everybody.maximum is None else float(everybody.maximum),
        unpaired_share=1 - both / enrolled if enrolled else None,
        equal_forms=everybody.equal_forms,
        units=[{"code": f"T{n}", "kind": "run", "pk": run.pk} for n, run in enumerate(taught, 1)]
        + [{"code": f"C{n}", "kind": "run", "pk": pk} for n, pk in enumerate(aside, 1)],
        **laid_down(one),
    )
    return Task(
        indicator_pk=item.indicator_id,
        method=primary_name(plan),
        inputs=inputs,
        reported=both,
        expected=enrolled,
    )


def _together(registers: Sequence[Register]) -> Register:
    everybody = Register()
    for one in registers:
        everybody.scores.update(one.scores)
        everybody.forms.update(one.forms)
    return everybody


def _kept(
    indicator_pk: int, run: CourseRun, register: Register, occasion: str, months: int, seed: int, rules: Rules
) -> Task:
    completed: int = run.completed  # type: ignore[attr-defined]
    rows = register.rows(Occasion.PRE, Occasion.POST, occasion, scale=register.maximum)
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
