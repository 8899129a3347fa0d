"""Course registers: rows in, engine types out, in a fixed number of queries. Decides nothing, writes nothing.

Nobody's pseudonym leaves here. Whoever asks has looked first whether the reader may know of the run.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from indicators.engine.courses.types import Answer, Person, Run, Score
from indicators.models import CourseRun, Enrolment, FollowUp, Reaction, TestScore

FACTS = ("pass_mark", "cost", "hours_total", "hours_regional")
"""What is recorded of a run as a whole."""


def load_registers(runs: Iterable[CourseRun]) -> dict[int, Run]:
    """The register of each run by its primary key. Four queries, however many runs."""
    runs = list(runs)
    pks = [run.pk for run in runs]
    scores: dict[int, dict[str, Score]] = defaultdict(dict)
    for person, occasion, score, maximum, form in (
        TestScore.objects.current()
        .filter(enrolment__run__in=pks)
        .values_list("enrolment_id", "occasion", "score", "maximum", "form")
    ):
        scores[person][occasion] = Score(score=score, maximum=maximum, form=form)
    answers: dict[int, dict[str, Answer]] = defaultdict(dict)
    for row in FollowUp.objects.current().filter(enrolment__run__in=pks):
        answers[row.enrolment_id][row.occasion] = Answer(
            responded=row.responded,
            applied=row.applied_on_the_job,
            in_post=row.still_in_post,
            supervisor_confirmed=row.supervisor_confirmed,
            contacts=row.contacts,
        )
    reactions = dict(
        Reaction.objects.current().filter(enrolment__run__in=pks).values_list("enrolment_id", "score")
    )
    people: dict[int, list[Person]] = defaultdict(list)
    for run, pk, nation, sex, band, completed in (
        Enrolment.objects.filter(run__in=pks)
        .order_by("pk")
        .values_list("run_id", "pk", "nation__code", "sex", "age_band", "completed")
    ):
        people[run].append(
            Person(
                nation=nation,
                sex=sex,
                age_band=band,
                completed=completed,
                reaction=reactions.get(pk),
                scores=scores[pk],
                answers=answers[pk],
            )
        )
    return {
        run.pk: Run(
            ends_on=run.ends_on,
            people=tuple(people[run.pk]),
            is_removed=run.removed_at is not None,
            **{name: getattr(run, name) for name in FACTS},
        )
        for run in runs
    }
