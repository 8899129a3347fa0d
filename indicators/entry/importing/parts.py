"""Whether the parts of a site add up to its total: in the file, and with what stands beside it (METHOD 2.7)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from django.db import connection

from indicators.engine.rollup import check_parts
from indicators.engine.types import Measurement
from indicators.entry.checks import in_words
from indicators.entry.importing.catalogue import Catalogue
from indicators.models import FileImport

AT_ONCE = 2000
_SIDE_BY_SIDE = """
    SELECT s.indicator_id, s.period_id, coalesce(s.unit_id, 0), s.cell, s.numerator, s.denominator, s.value,
        CASE WHEN s.kind <> 'same' THEN s.observation_number END, s.comment
    FROM indicators_importrow s
    WHERE s.file_import_id = %(pk)s AND s.kind <> 'problem' AND s.indicator_id = ANY(%(split)s)
    UNION ALL
    SELECT o.indicator_id, o.period_id, coalesce(o.unit_id, 0), o.cell, o.numerator, o.denominator, o.value, NULL, ''
    FROM indicators_observation o
    JOIN (
        SELECT indicator_id, period_id, coalesce(unit_id, 0) AS unit, array_agg(cell) AS cells
        FROM indicators_importrow
        WHERE file_import_id = %(pk)s AND kind <> 'problem' AND indicator_id = ANY(%(split)s) GROUP BY 1, 2, 3
    ) p ON p.indicator_id = o.indicator_id AND p.period_id = o.period_id AND p.unit = coalesce(o.unit_id, 0)
    WHERE o.state IN ('approved', 'submitted', 'validated') AND o.cell <> ALL(p.cells)
    ORDER BY 1, 2, 3
"""


def mismatches(file_import: FileImport, catalogue: Catalogue) -> Iterator[tuple[int, str]]:
    """The number of a staged row that needs a comment, and why: the total where the file gives it, else a part."""
    split = [pk for pk, one in catalogue.by_pk.items() if one.version.disaggregations]
    if not split:
        return
    for (indicator, _period, _unit), some in groupby(_rows(file_import, split), key=lambda row: row[:3]):
        rows = list(some)
        ours = [row for row in rows if row[7] is not None]
        if len(rows) < 2 or not ours:
            continue
        rule = catalogue.by_pk[indicator].version.rule()
        found = check_parts([_measurement(row) for row in rows], rule)
        asked = next((row for row in ours if not row[3]), ours[-1])
        if found is not None and not asked[8]:
            yield asked[7], in_words(found)


def _rows(file_import: FileImport, split: list[int]) -> Iterator[tuple[Any, ...]]:
    with connection.chunked_cursor() as cursor:
        cursor.execute(_SIDE_BY_SIDE, {"pk": file_import.pk, "split": split})
        while some := cursor.fetchmany(AT_ONCE):
            yield from some


def _measurement(row: tuple[Any, ...]) -> Measurement:
    return Measurement(
        id=row[7] or 0, site=row[2] or None, cell=row[3], numerator=row[4], denominator=row[5], value=row[6]
    )
