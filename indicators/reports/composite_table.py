"""A composite index as a table: each score with its interval and rank, each part with its place on the scale."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from django.utils.translation import gettext as _

from indicators.engine.composite import PartScore
from indicators.engine.index import IndexInputs, IndexPart, IndexScore, IndexScores, Reads
from indicators.models import CompositeIndex, ProgrammeIndicator
from indicators.reports import cells
from indicators.reports.cells import Cell
from indicators.reports.tables import Column, Row, Table, day_column, number_column, text_column
from indicators.reports.wording import say
from indicators.templatetags.indices import remarks


def composite_columns() -> list[Column]:
    return [
        text_column("of", _("Of")),
        text_column("kind", _("Row")),
        text_column("code", _("Indicator code")),
        text_column("name", _("Name")),
        text_column("reads", _("What enters")),
        number_column("value", _("Value")),
        day_column("as_of", _("As of")),
        number_column("low_end", _("Lower goalpost")),
        number_column("high_end", _("Upper goalpost")),
        number_column("normalised", _("On the scale from 0 to 1")),
        number_column("weight", _("Weight (share)")),
        number_column("used", _("Weight used (share)")),
        number_column("score", _("Score")),
        number_column("low", _("Score from (5 %)")),
        number_column("high", _("Score to (95 %)")),
        number_column("rank", _("Place")),
        number_column("rank_low", _("Place from")),
        number_column("rank_high", _("Place to")),
        text_column("like", _("Not distinguishable from")),
        text_column("refusal_code", _("Refusal code")),
        text_column("remark", _("Remark")),
    ]


def composite_table(
    index: CompositeIndex,
    *,
    inputs: IndexInputs,
    scores: IndexScores,
    indicators: Mapping[int, ProgrammeIndicator],
    marking: str,
    as_of: date,
) -> Table:
    """One row for each score and one for each of its parts."""
    members = {one.key: one for one in inputs.members}
    names = {one.key: one.name for one in scores.scores}
    rows: list[dict[str, Cell]] = []
    for score in scores.scores:
        rows.append(_score_cells(score, names))
        parts = members[score.key].parts
        found = {one.name: one for one in score.parts}
        whole = sum((part.weight for part in parts), Decimal(0))
        rows += [_part_cells(score, part, found.get(part.key), whole, indicators) for part in parts]
    is_illustrative = index.programme.is_illustrative
    return Table(
        name="index",
        key=f"{index.programme.code}-{index.pk}",
        title=f"{index.programme.code} {index.name}",
        columns=composite_columns(),
        rows=[Row(cells=row, is_illustrative=is_illustrative, marking=marking) for row in rows],
        as_of=as_of,
        notes=[
            _("From 0 (worst) to 1 (best). %(draws)d draws with seed %(seed)d give the interval.")
            % {"draws": scores.draws, "seed": scores.seed},
            _("For management, not a league table: where intervals overlap, the order says nothing."),
        ],
    )


def _score_cells(score: IndexScore, names: Mapping[str, str]) -> dict[str, Cell]:
    said = [say(note) for note in score.notes] + ([say(score.refusal.message)] if score.refusal else [])
    return {
        "of": cells.words(score.name),
        "kind": cells.words(_("Index")),
        "used": cells.share(score.usable_weight),
        "score": cells.fixed(score.value, 2),
        "low": cells.fixed(score.low, 2),
        "high": cells.fixed(score.high, 2),
        "rank": cells.count(score.rank),
        "rank_low": cells.count(score.rank_low),
        "rank_high": cells.count(score.rank_high),
        "like": cells.words(", ".join(names[key] for key in score.not_distinguishable_from if key in names)),
        "refusal_code": cells.words(score.refusal.code.value if score.refusal else ""),
        "remark": cells.words(" ".join(said)),
    }


def _part_cells(
    score: IndexScore,
    part: IndexPart,
    found: PartScore | None,
    whole: Decimal,
    indicators: Mapping[int, ProgrammeIndicator],
) -> dict[str, Cell]:
    indicator = indicators[part.indicator]
    rule = indicator.version.rule()

    def write(value: Decimal | None) -> Cell:
        return cells.share(value) if part.reads is Reads.PROGRESS else cells.amount(value, rule)

    return {
        "of": cells.words(score.name),
        "kind": cells.words(_("Part")),
        "code": cells.words(part.key),
        "name": cells.words(indicator.name),
        "reads": cells.words(_("Progress") if part.reads is Reads.PROGRESS else _("Value")),
        "value": write(part.value),
        "as_of": cells.day(part.on),
        "low_end": write(part.goalposts.low),
        "high_end": write(part.goalposts.high),
        "normalised": cells.fixed(found.normalised if found else None, 3),
        "weight": cells.share(round(part.weight / whole, 10) if whole else None),
        "used": cells.share(found.weight if found else None),
        "remark": cells.words(" ".join(remarks(part, found))),
    }
