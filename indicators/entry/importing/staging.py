"""A file's rows in the staging table: written by COPY, compared with what stands, set by set. One transaction.

What differs from plain new rows (another figure stands there, history says it is unusual) is judged singly, with the
rules of `judging` and `checks`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import connection
from django.utils.translation import gettext as _

from indicators.entry.checks import FIGURE_FIELDS, HISTORY_LENGTH, clean_text, figure_warnings, shown_value
from indicators.entry.importing.catalogue import Catalogue
from indicators.entry.importing.judging import (
    BIT,
    OPTIONAL,
    REPLACED,
    Judged,
    Place,
    judge_row,
    problems_in,
)
from indicators.entry.importing.parts import mismatches
from indicators.entry.importing.quick import ESCAPED, Quick
from indicators.entry.importing.records import Record
from indicators.models import FileImport, ImportRow, Observation, RowKind, rules_on
from indicators.periods import locked_refusal

PLACE = ("indicator_id", "period_id", "unit_id", "cell")
QUICK_COLUMNS = (
    *PLACE, "numerator", "denominator", "value", "standard_error", "sample_size", "as_of", "reliability",
    "credibility", "marking", "comment", "given",
)  # fmt: skip
COPIED = (
    "file_import_id",
    "row",
    "kind",
    "reason",
    "text",
    "missing_reason",
    "problems",
    "source",
    *QUICK_COLUMNS,
)
NULLABLE = (
    "problems", "source", "indicator_id", "period_id", "unit_id", "numerator", "denominator", "value", "standard_error",
    "sample_size", "as_of", "credibility",
)  # fmt: skip
SPREAD = ("standard_error", "sample_size")
JSON_COLUMNS = {"problems", "source"}
LINES_AT_ONCE = 2000
AT_ONCE = 2000
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
NUMBERS = ("numerator", "denominator", "value", "standard_error")
SHORT_HISTORY = 3
"""With fewer earlier values nothing is unusual (`engine.quality`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What the check of one file needs."""

    file_import: FileImport
    catalogue: Catalogue
    at: datetime
    dates: str
    say: Callable[[int], None]
    """Told how many rows are done."""

    @property
    def today(self) -> date:
        return self.at.astimezone(self.file_import.programme.zone).date()


def stage(task: Task, rows: Iterable[Record]) -> int:
    """Judge each row by itself and write all of them. How many were read."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM indicators_importrow WHERE file_import_id = %s", [task.file_import.pk])
        count, lines = 0, []
        with cursor.copy(f"COPY indicators_importrow ({', '.join(COPIED)}) FROM STDIN") as copy:
            for line in _lines(task, rows):
                lines.append(line)
                if len(lines) >= LINES_AT_ONCE:
                    copy.write("".join(lines))
                    count += len(lines)
                    lines.clear()
                    task.say(count)
            copy.write("".join(lines))
    return count + len(lines)


def _lines(task: Task, rows: Iterable[Record]) -> Iterator[str]:
    quick = Quick(task.catalogue, today=task.today, dates=task.dates).line
    pk = task.file_import.pk
    for row, cells in rows:
        line = quick(cells)
        if line is None:
            yield _as_copied(_judged(task, row, cells))
        else:
            yield f"{pk}\t{row}\tnew\t{line[0]}\t\t\t\\N\t\\N\t{line[1]}\n"


def _judged(task: Task, row: int, cells: dict[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = dict.fromkeys(COPIED, "") | dict.fromkeys(NULLABLE)
    found |= {"file_import_id": task.file_import.pk, "row": row, "kind": "new", "given": 0}
    place = Place()
    try:
        judged = judge_row(
            cells, task.catalogue, existing=None, today=task.today, dates=task.dates, place=place
        )
        return found | _columns_of(judged) | {"reason": clean_reason(cells)}
    except ValidationError as refusal:
        return found | _place_of(place) | _refused(refusal, cells)


def _columns_of(judged: Judged) -> dict[str, Any]:
    return {
        "indicator_id": judged.indicator.pk,
        "period_id": judged.period.pk,
        "unit_id": judged.unit.pk if judged.unit else None,
        "cell": judged.cell,
        "given": judged.given,
        **judged.figures,
    }


def _place_of(place: Place) -> dict[str, Any]:
    """Of a refused row only where all of it is known: there it may be that another figure makes it whole."""
    if place.indicator is None or place.period is None:
        return {}
    return {
        "indicator_id": place.indicator.pk,
        "period_id": place.period.pk,
        "unit_id": place.unit.pk if place.unit else None,
        "cell": place.cell,
    }


def _refused(refusal: ValidationError, cells: dict[str, str]) -> dict[str, Any]:
    """The row's words are kept, for another look beside what stands; not what could not be stored or must not be."""
    is_kept = not any(_UNSTORABLE.search(text) for text in cells.values()) and not _carries_marking(refusal)
    return {
        "kind": "problem",
        "problems": problems_in(refusal, cells),
        "source": cells if is_kept else None,
    }


def _carries_marking(refusal: ValidationError) -> bool:
    return any(one.code == "marking" for some in refusal.error_dict.values() for one in some)


def _as_copied(found: dict[str, Any]) -> str:
    return "\t".join(_cell(name, found.get(name)) for name in COPIED) + "\n"


def _cell(name: str, value: Any) -> str:
    if value is None:
        return "\\N"
    text = json.dumps(value) if name in JSON_COLUMNS else f"{value:f}" if name in NUMBERS else str(value)
    return text.translate(ESCAPED)


# --- Set by set --------------------------------------------------------------------------------------------------

_TWICE = """
UPDATE indicators_importrow s SET kind = 'problem', reason = '',
    problems = jsonb_build_array(jsonb_build_object('column', 'period', 'given', '',
        'message', replace(%(message)s, '{row}', d.first::text))),
    source = NULL
FROM (
    SELECT indicator_id, period_id, coalesce(unit_id, 0) AS unit, cell, min(observation_number) AS kept,
        min(row) AS first
    FROM indicators_importrow WHERE file_import_id = %(pk)s AND kind = 'new'
    GROUP BY 1, 2, 3, 4 HAVING count(*) > 1
) d
WHERE s.file_import_id = %(pk)s AND s.kind = 'new' AND s.indicator_id = d.indicator_id AND s.period_id = d.period_id
    AND coalesce(s.unit_id, 0) = d.unit AND s.cell = d.cell AND s.observation_number <> d.kept
"""


def _kept_unless_given(name: str) -> str:
    return f"(s.given & {BIT[name]} = 0 OR s.{name} IS NOT DISTINCT FROM o.{name})"


_SAME = " AND ".join(
    [f"s.{name} IS NOT DISTINCT FROM o.{name}" for name in REPLACED]
    + [_kept_unless_given(name) for name in OPTIONAL]
    + [f"(s.missing_reason = '' OR s.{name} IS NOT DISTINCT FROM o.{name})" for name in SPREAD]
)
# What waits stands before what counts.
_STANDING = f"""
UPDATE indicators_importrow s SET existing_id = o.id, existing_version = o.version,
    kind = CASE WHEN s.kind = 'new' AND {_SAME} THEN 'same' ELSE s.kind END
FROM (
    SELECT DISTINCT ON (indicator_id, period_id, coalesce(unit_id, 0), cell) *
    FROM indicators_observation
    WHERE state IN ('draft', 'submitted', 'validated', 'returned', 'approved') AND indicator_id = ANY(%(indicators)s)
    ORDER BY indicator_id, period_id, coalesce(unit_id, 0), cell, (state = 'approved')
) o
WHERE s.file_import_id = %(pk)s AND s.indicator_id = o.indicator_id AND s.period_id = o.period_id
    AND coalesce(s.unit_id, 0) = coalesce(o.unit_id, 0) AND s.cell = o.cell
    AND (s.kind = 'new' OR s.source IS NOT NULL)
"""
_LOCKED = """
UPDATE indicators_importrow s SET kind = 'problem', reason = '', source = NULL,
    problems = jsonb_build_array(jsonb_build_object('column', 'period', 'given', '', 'message', c.message))
FROM unnest(%(periods)s::bigint[], %(messages)s::text[]) c (period, message)
WHERE s.file_import_id = %(pk)s AND s.period_id = c.period AND s.kind IN ('new', 'changed', 'corrected')
"""
_LATE_OR_KNOWN = """
SELECT s.*, h.earlier FROM indicators_importrow s
JOIN indicators_reportingperiod p ON p.id = s.period_id
LEFT JOIN LATERAL (
    SELECT array_agg(ROW(e.numerator, e.denominator, e.value)::text ORDER BY e.starts_on, e.id) AS earlier FROM (
        SELECT o.id, q.starts_on, o.numerator, o.denominator, o.value FROM indicators_observation o
        JOIN indicators_reportingperiod q ON q.id = o.period_id
        WHERE o.indicator_id = s.indicator_id AND o.state = 'approved' AND o.cell = s.cell
            AND coalesce(o.unit_id, 0) = coalesce(s.unit_id, 0) AND q.starts_on < p.starts_on
        ORDER BY q.starts_on DESC, o.id DESC LIMIT %(length)s
    ) e
) h ON %(history)s
"""


def compare(task: Task, indicators: list[int]) -> None:
    """Say of each staged row whether it is new, changed, corrected, the same, or refused after all."""
    with connection.cursor() as cursor:
        # The planner knows nothing of rows that were staged a moment ago.
        cursor.execute("SET LOCAL enable_nestloop = off")
        cursor.execute("SET LOCAL work_mem = '64MB'")
        message = _("Row %(row)s is about the same place already.") % {"row": "{row}"}
        cursor.execute(_TWICE, {"pk": task.file_import.pk, "message": message})
        if Observation.objects.filter(indicator__in=indicators).exists():
            cursor.execute(_STANDING, {"pk": task.file_import.pk, "indicators": indicators})
            judge_over_standing(task)
        _refuse_locked(cursor, task)
        cursor.execute("SET LOCAL enable_nestloop = on")
    ask_for_comments(task, indicators)
    ask_about_parts(task)


def _refuse_locked(cursor: Any, task: Task) -> None:
    """Refuse what a locked period would take in; what stands there already may be sent again."""
    closed = task.catalogue.closed_periods(task.file_import.by, task.at)
    if closed:
        messages = [" ".join(locked_refusal(one).messages) for one in closed]
        known = {"pk": task.file_import.pk, "periods": [one.pk for one in closed], "messages": messages}
        cursor.execute(_LOCKED, known)


def judge_over_standing(task: Task) -> None:
    """Rows in whose place another figure stands, each with the rule for single rows."""
    rows = ImportRow.objects.filter(
        file_import=task.file_import, existing_id__isnull=False, kind__in=["new", "problem"]
    ).order_by("pk")
    for some in _pieces(lambda last: rows.filter(pk__gt=last)[:AT_ONCE]):
        standing = Observation.objects.select_related("period").in_bulk([row.existing_id for row in some])
        _write_back(
            [
                _judged_again(task, row, standing[row.existing_id])
                for row in some
                if row.existing_id in standing
            ]
        )


_WRITTEN_BACK = ("kind", "problems", "source", "reason", *FIGURE_FIELDS, "given")
_WRITE_BACK = f"""
UPDATE indicators_importrow s SET {", ".join(f"{name} = n.{name}" for name in _WRITTEN_BACK)}
FROM jsonb_populate_recordset(NULL::indicators_importrow, %s) n WHERE s.observation_number = n.observation_number
"""


def _write_back(rows: list[ImportRow]) -> None:
    """All columns of many rows as one value: `bulk_update` would make an expression of each cell, 3 ms a row."""
    said = [{name: getattr(row, name) for name in ("observation_number", *_WRITTEN_BACK)} for row in rows]
    with connection.cursor() as cursor:
        cursor.execute(_WRITE_BACK, [json.dumps(said, default=str)])


def _judged_again(task: Task, row: ImportRow, existing: Observation) -> ImportRow:
    cells = said_by(task, row)
    try:
        judged = judge_row(cells, task.catalogue, existing=existing, today=task.today, dates=task.dates)
        for name, value in judged.figures.items():
            setattr(row, name, value)
        row.kind, row.problems, row.source, row.given = judged.kind, None, None, judged.given
        if row.kind == RowKind.CORRECTED:
            row.reason = _reason(task, cells)
    except ValidationError as refusal:
        row.kind, row.problems, row.reason = RowKind.PROBLEM, problems_in(refusal, cells), ""
    return row


def clean_reason(cells: dict[str, str]) -> str:
    try:
        return clean_text(cells.get("reason", ""))
    except ValidationError as problem:
        raise ValidationError({"reason": problem}) from None


def _reason(task: Task, cells: dict[str, str]) -> str:
    return clean_reason(cells) or _("The file %(name)s says otherwise.") % {
        "name": task.file_import.name[:100]
    }


def said_by(task: Task, row: ImportRow) -> dict[str, str]:
    """What a staged row said, in our own words."""
    if row.source:
        return dict(row.source)
    assert row.indicator_id is not None
    assert row.period_id is not None
    indicator = task.catalogue.by_pk[row.indicator_id]
    partner = f"/{indicator.partner.code}" if indicator.partner is not None else ""
    said = {
        "indicator": f"{indicator.definition.code}{partner}",
        "period": task.catalogue.periods_by_pk[row.period_id].label,
        "unit": task.catalogue.units_by_pk[row.unit_id].code if row.unit_id else "",
        "cell": row.cell,
        "missing_reason": row.missing_reason,
        "reason": row.reason,
    }
    for name in ("numerator", "denominator", "value"):
        said[name] = _plain(getattr(row, name))
    for name in OPTIONAL:
        if row.given & BIT[name]:
            value = getattr(row, name)
            said[name] = _plain(value) if name == "standard_error" else str(value)
    return {name: text for name, text in said.items() if text}


def _plain(number: Any) -> str:
    return "" if number is None else f"{number.normalize():f}"


def ask_for_comments(task: Task, indicators: list[int]) -> None:
    """Refuse what looks unusual and is not explained (METHOD 2.7)."""
    has_history = Observation.objects.current().filter(indicator__in=indicators).exists()
    rules = rules_on(task.today)
    question = _LATE_OR_KNOWN + (
        " WHERE s.file_import_id = %(pk)s AND s.kind IN ('new', 'changed', 'corrected') AND s.comment = ''"
        " AND (s.as_of > p.due_on OR cardinality(h.earlier) >= %(short)s) AND s.observation_number > %(last)s"
        " ORDER BY s.observation_number LIMIT %(most)s"
    )
    known = {
        "pk": task.file_import.pk,
        "length": HISTORY_LENGTH,
        "history": has_history,
        "short": SHORT_HISTORY,
        "most": AT_ONCE,
    }
    for some in _pieces(lambda last: ImportRow.objects.raw(question, known | {"last": last})):
        refused = []
        for row in some:
            history = list(_history(task, row))
            period = task.catalogue.periods_by_pk[row.period_id]
            version = task.catalogue.by_pk[row.indicator_id].version
            found = figure_warnings(vars(row), version=version, period=period, history=history, rules=rules)
            if found:
                row.kind, row.reason = RowKind.PROBLEM, ""
                row.problems = [_comment_asked(one) for one in found]
                refused.append(row)
        ImportRow.objects.bulk_update(refused, ["kind", "reason", "problems"], batch_size=500)


def ask_about_parts(task: Task) -> None:
    """Refuse parts that do not add up to their total and are not explained."""
    asked = dict(mismatches(task.file_import, task.catalogue))
    numbers = sorted(asked)
    for start in range(0, len(numbers), AT_ONCE):
        refused = list(ImportRow.objects.filter(pk__in=numbers[start : start + AT_ONCE]))
        for row in refused:
            row.kind, row.reason, row.problems = RowKind.PROBLEM, "", [_comment_asked(asked[row.pk])]
        ImportRow.objects.bulk_update(refused, ["kind", "reason", "problems"], batch_size=500)


def _comment_asked(warning: str) -> dict[str, str]:
    message = _("%(warning)s A comment was expected.") % {"warning": warning}
    return {"column": "comment", "given": "", "message": message}


def _history(task: Task, row: Any) -> Iterator[Any]:
    version = task.catalogue.by_pk[row.indicator_id].version
    for one in row.earlier or ():
        parts = [Decimal(part) if part else None for part in one.strip("()").split(",")]
        value = shown_value(version, dict(zip(("numerator", "denominator", "value"), parts, strict=True)))
        if value is not None:
            yield value


def _pieces(ask: Callable[[int], Iterable[Any]]) -> Iterator[list[Any]]:
    """Rows in order of their numbers, so many at a time."""
    last = 0
    while some := list(ask(last)):
        yield some
        last = some[-1].pk


def count_kinds(file_import: FileImport) -> dict[str, int]:
    """How many rows of each kind."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT kind, count(*) FROM indicators_importrow WHERE file_import_id = %s GROUP BY kind",
            [file_import.pk],
        )
        found = dict(cursor.fetchall())
    return {kind.value: found.get(kind.value, 0) for kind in RowKind}
