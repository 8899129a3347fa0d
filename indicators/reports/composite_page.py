"""One composite index: its score now and over time, its parts, its versions, what was frozen of it. Reads only."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from indicators.charts import IndicatorSeries, Reading
from indicators.composites import (
    Ground,
    Recipe,
    inputs_of,
    listed,
    load_ground,
    period_ends,
    recipe_of,
    shown_to,
    sight_of,
    with_recipe,
)
from indicators.engine.codec import from_json
from indicators.engine.index import Across, IndexInputs, IndexScore, IndexScores, judge_index
from indicators.models import (
    AssessmentRun,
    CompositeIndex,
    IndexResult,
    IndexVersion,
    Programme,
    ProgrammeIndicator,
    User,
)
from indicators.reports.composite_table import composite_table
from indicators.reports.queries import today
from indicators.reports.tables import Table
from indicators.reports.wording import say

FROZEN = 8


def every_index(user: User) -> QuerySet[CompositeIndex]:
    """Also those out of use: their results stay readable."""
    return with_recipe(CompositeIndex.objects.visible_to(user))


def context(user: User, index: CompositeIndex) -> dict[str, Any]:
    """Everything that the page shows. `index` comes from `every_index`."""
    programme, version = index.programme, index.current
    assert version is not None
    recipe = recipe_of(version, programme)
    ground = load_ground([recipe], as_of=today())
    inputs = inputs_of(recipe, ground)
    scores = shown_to(sight_of(user), judge_index(inputs), across=version.across, programme_pk=programme.pk)
    return {
        "index": index,
        "programme": programme,
        "version": version,
        "inputs": inputs,
        "scores": scores,
        "indicators": indicators_of(recipe),
        "marking": _marking(recipe),
        "series": series_of(index, recipe, ground) if recipe.across is Across.PROGRAMME else None,
        "versions": list(
            IndexVersion.objects.visible_to(user)
            .filter(index=index)
            .select_related("created_by")
            .order_by("-number")
        ),
        "frozen": frozen(user, index, programme),
        "as_of": today(),
    }


def indicators_of(recipe: Recipe) -> dict[int, ProgrammeIndicator]:
    return {piece.indicator.pk: piece.indicator for piece in recipe.pieces}


def _marking(recipe: Recipe) -> str:
    is_open = all(piece.indicator.marking == "PUBLIC" for piece in recipe.pieces)
    return "PUBLIC" if is_open else "NATO UNCLASSIFIED"


def series_of(index: CompositeIndex, recipe: Recipe, ground: Ground) -> IndicatorSeries:
    """The score at the end of each of the last periods, by today's make-up, targets and figures."""
    readings = []
    for on, label in period_ends(recipe, ground):
        score = judge_index(inputs_of(recipe, ground, as_of=on)).scores[0]
        readings.append(_reading(on, label, score))
    return IndicatorSeries(
        title=_("%(name)s at the end of each period") % {"name": index.name},
        readings=readings,
        lowest=0,
        highest=1,
    )


def _reading(on: date, label: str, score: IndexScore) -> Reading:
    note = " ".join(say(one) for one in score.notes) if score.refusal is None else say(score.refusal.message)
    return Reading(on=on, value=score.value, label=label, low=score.low, high=score.high, note=note)


def frozen(user: User, index: CompositeIndex, programme: Programme) -> list[dict[str, Any]]:
    """What the last assessments said by it. One query, one more for a partner viewer."""
    rows = list(
        IndexResult.objects.visible_to(user)
        .filter(version__index=index)
        .select_related("run", "version")
        .order_by("-run__as_of", "-run__revision")[:FROZEN]
    )
    sight = sight_of(user)
    return [
        {"result": row, "scores": shown.scores}
        for row in rows
        if (
            shown := shown_to(sight, scores_in(row), across=row.version.across, programme_pk=programme.pk)
        ).scores
    ]


def scores_in(row: IndexResult) -> IndexScores:
    return from_json(IndexScores, row.result)


def on_programme(user: User, programme: Programme) -> list[dict[str, Any]]:
    """The indices in use of a programme with what they say today. Two queries when there are none, ten at most."""
    found = list(listed(user).filter(programme=programme).order_by("name"))
    made = [(one, recipe_of(one.current, programme)) for one in found if one.current is not None]
    if not made:
        return []
    ground = load_ground((recipe for _one, recipe in made), as_of=today())
    sight = sight_of(user)
    return [
        {
            "index": one,
            "scores": shown_to(
                sight,
                judge_index(inputs_of(recipe, ground)),
                across=recipe.across,
                programme_pk=programme.pk,
            ).scores,
            "is_compared": recipe.across is not Across.PROGRAMME,
        }
        for one, recipe in made
    ]


def in_assessment(user: User, run: AssessmentRun) -> list[dict[str, Any]]:
    """The indices that an assessment froze, with their inputs as they were. Two queries."""
    rows = list(
        IndexResult.objects.visible_to(user)
        .filter(run=run)
        .select_related("version__index__programme")
        .order_by("name", "pk")
    )
    read = [(row, from_json(IndexInputs, row.inputs)) for row in rows]
    sight = sight_of(user)
    indicators = _indicators_in(user, (inputs for _row, inputs in read))
    return [
        {
            "result": row,
            "inputs": inputs,
            "scores": shown_to(
                sight, scores_in(row), across=row.version.across, programme_pk=run.programme_id
            ),
            "indicators": indicators,
        }
        for row, inputs in read
    ]


def _indicators_in(user: User, inputs: Iterable[IndexInputs]) -> dict[int, ProgrammeIndicator]:
    pks = {part.indicator for one in inputs for member in one.members for part in member.parts}
    if not pks:
        return {}
    return (
        ProgrammeIndicator.objects.visible_to(user)
        .select_related("definition", "version", "programme")
        .in_bulk(pks)
    )


def table_of(user: User, index: CompositeIndex) -> Table:
    """The scores and their parts as a table: the same numbers as on the page."""
    found = context_for_table(user, index)
    return composite_table(index, **found, as_of=today())


def context_for_table(user: User, index: CompositeIndex) -> dict[str, Any]:
    version = index.current
    assert version is not None
    recipe = recipe_of(version, index.programme)
    inputs = inputs_of(recipe, load_ground([recipe], as_of=today()))
    return {
        "inputs": inputs,
        "scores": shown_to(
            sight_of(user), judge_index(inputs), across=version.across, programme_pk=index.programme_id
        ),
        "indicators": indicators_of(recipe),
        "marking": _marking(recipe),
    }
