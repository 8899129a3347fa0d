"""Taking over a checked file, and undoing it: set by set, each in one transaction, all or nothing.

Staged rows carry what they were compared with. Whatever changed since (another figure, a closed period, an indicator
that is no longer in use) stops the whole file; a second check then says where.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import connection
from django.utils.translation import gettext as _

from indicators import derived
from indicators.entry.checks import FIGURE_FIELDS, clean_place
from indicators.entry.importing.catalogue import Catalogue
from indicators.models import FileImport, Programme, ProgrammeIndicator, ReportingPeriod, User
from indicators.periods import is_closed_to, locked_refusal
from indicators.permissions import check_may_import

FIGURES = ", ".join(FIGURE_FIELDS)
RESTORED = (*FIGURE_FIELDS, "state", "entered_by_id", "entered_at", "submitted_by_id", "submitted_at", "decided_by_id",
            "decided_at", "decision_comment")  # fmt: skip
MOST_NAMED = 20


class MovedOn(ValidationError):
    """What stands is no longer what the file was compared with."""


def _as_json(row: str, state: str, more: str = "''") -> str:
    """The SQL twin of `moves.as_json`: figures as text, what is empty left out (a test compares both).

    Written as text and read once: half the time of `jsonb_build_object`.

    Args:
        more: SQL of further members, each with a comma before it.
    """
    parts = [f"'{{\"state\":\"' || {state} || '\"'"]
    for name in ("numerator", "denominator", "value", "standard_error"):
        parts.append(f"coalesce(',\"{name}\":\"' || trim_scale({row}.{name})::text || '\"', '')")
    for name in ("text", "missing_reason", "comment"):
        said = f"to_json({row}.{name}::text)::text"
        parts.append(f"CASE WHEN {row}.{name} = '' THEN '' ELSE ',\"{name}\":' || {said} END")
    for name in ("as_of", "reliability", "marking"):
        parts.append(f"',\"{name}\":\"' || {row}.{name} || '\"'")
    for name in ("sample_size", "credibility"):
        parts.append(f"coalesce(',\"{name}\":' || {row}.{name}, '')")
    return f"({' || '.join(parts)} || {more} || '}}')::jsonb"


_FROM_FILE = "%(facts)s::text || ',\"row\":' || s.row"


_NAME = "left(btrim(concat_ws(' ', s.indicator_id::text, p.label, coalesce(u.name, ''), nullif(s.cell, ''))), 250)"
_NAMES = """
    JOIN indicators_reportingperiod p ON p.id = s.period_id
    LEFT JOIN indicators_reportingunit u ON u.id = s.unit_id
"""
_STANDING = """
    SELECT count(*) FROM indicators_importrow s LEFT JOIN indicators_observation o ON o.id = s.existing_id
    WHERE s.file_import_id = %(pk)s AND s.kind IN ('changed', 'corrected') AND (
        o.id IS NULL OR o.version <> s.existing_version
        OR (s.kind = 'corrected' AND o.state <> 'approved')
        OR (s.kind = 'changed' AND o.state NOT IN ('draft', 'returned')))
"""
_TAKEN = """
    SELECT count(*) FROM indicators_importrow s JOIN indicators_observation o
        ON o.indicator_id = s.indicator_id AND o.period_id = s.period_id
        AND coalesce(o.unit_id, 0) = coalesce(s.unit_id, 0) AND o.cell = s.cell
    WHERE s.file_import_id = %(pk)s AND o.indicator_id = ANY(%(indicators)s) AND (
        (s.kind = 'new' AND o.state IN ('draft', 'submitted', 'validated', 'returned', 'approved'))
        OR (s.kind = 'corrected' AND o.state IN ('draft', 'submitted', 'validated', 'returned')))
"""
_INSERT = f"""
    INSERT INTO indicators_observation (
        id, indicator_id, period_id, unit_id, cell, {FIGURES}, source, state, version, entered_by_id, entered_at,
        submitted_by_id, submitted_at, decision_comment, corrects_id, correction_reason, by_request, follow_up)
    SELECT s.observation_number, s.indicator_id, s.period_id, s.unit_id, s.cell,
        {", ".join(f"s.{name}" for name in FIGURE_FIELDS)},
        'import', 'submitted', 1, %(by)s, %(at)s, %(by)s, %(at)s, '',
        CASE WHEN s.kind = 'corrected' THEN s.existing_id END,
        CASE WHEN s.kind = 'corrected' THEN s.reason ELSE '' END, false, false
    FROM indicators_importrow s WHERE s.file_import_id = %(pk)s AND s.kind IN ('new', 'corrected')
"""
_INSERTED = f"""
    INSERT INTO indicators_event (
        at, by_id, by_name, verb, about_type, about_id, about_name, programme_id, before, after, reason)
    SELECT %(at)s, %(by)s, %(by_name)s, CASE WHEN s.kind = 'corrected' THEN 'corrected' ELSE 'imported' END,
        'observation', s.observation_number, {_NAME}, %(programme)s,
        CASE WHEN s.kind = 'corrected' THEN {_as_json("o", "o.state")} END,
        {_as_json("s", "'submitted'", _FROM_FILE)},
        CASE WHEN s.kind = 'corrected' THEN s.reason ELSE '' END
    FROM indicators_importrow s {_NAMES} LEFT JOIN indicators_observation o ON o.id = s.existing_id
    WHERE s.file_import_id = %(pk)s AND s.kind IN ('new', 'corrected')
"""
_KEEP_BEFORE = """
    UPDATE indicators_importrow s SET before = to_jsonb(o) FROM indicators_observation o
    WHERE s.file_import_id = %(pk)s AND s.kind = 'changed' AND o.id = s.existing_id
"""
_CHANGED = f"""
    INSERT INTO indicators_event (
        at, by_id, by_name, verb, about_type, about_id, about_name, programme_id, before, after, reason)
    SELECT %(at)s, %(by)s, %(by_name)s, v.verb, 'observation', o.id, {_NAME}, %(programme)s,
        CASE WHEN v.verb = 'changed' THEN {_as_json("o", "o.state")} END,
        CASE WHEN v.verb = 'changed' THEN {_as_json("s", "o.state", _FROM_FILE)}
            ELSE jsonb_build_object('state', 'submitted') END, ''
    FROM indicators_importrow s {_NAMES} JOIN indicators_observation o ON o.id = s.existing_id
    CROSS JOIN (VALUES ('changed', 1), ('submitted', 2)) v (verb, place)
    WHERE s.file_import_id = %(pk)s AND s.kind = 'changed' ORDER BY s.observation_number, v.place
"""
_CHANGE = f"""
    UPDATE indicators_observation o SET {", ".join(f"{name} = s.{name}" for name in FIGURE_FIELDS)},
        entered_by_id = %(by)s, entered_at = %(at)s, submitted_by_id = %(by)s, submitted_at = %(at)s,
        validated_by_id = NULL, validated_at = NULL, decided_by_id = NULL, decided_at = NULL, state = 'submitted',
        version = o.version + 2
    FROM indicators_importrow s WHERE s.file_import_id = %(pk)s AND s.kind = 'changed' AND o.id = s.existing_id
"""


def apply_rows(file_import: FileImport, *, by: User, at: datetime) -> None:
    """Submit all staged figures for approval by a second person. Call inside a transaction.

    Raises:
        MovedOn: something changed since the check.
        PermissionDenied: `by` enters no figures in this programme.
    """
    programme = file_import.programme
    check_may_import(by, programme)
    indicators = _lock_indicators(programme)
    known: dict[str, Any] = {
        "pk": file_import.pk, "indicators": indicators, "by": by.pk, "by_name": str(by), "at": at,
        "programme": programme.pk, "facts": _facts(file_import),
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_nestloop = off")
        cursor.execute("SET LOCAL work_mem = '64MB'")
        _check_staged(cursor, file_import)
        _check_places(cursor, file_import)
        _check_open(cursor, file_import, by=by, at=at)
        for question in (_STANDING, _TAKEN):
            cursor.execute(question, known)
            if (row := cursor.fetchone()) and row[0]:
                raise MovedOn(
                    _(
                        "%(count)s figures changed since the file was checked; nothing was taken over. Check it again."
                    )
                    % {"count": row[0]}
                )
        for statement in (_KEEP_BEFORE, _CHANGED, _CHANGE, _INSERTED, _INSERT):
            cursor.execute(statement, known)


def _facts(file_import: FileImport) -> str:
    """What each event says of the file, as members of its JSON."""
    facts = {"file": file_import.name[:100], "sha256": file_import.sha256, "import": file_import.pk}
    return "," + json.dumps(facts)[1:-1]


def _lock_indicators(programme: Programme) -> list[int]:
    pks = list(ProgrammeIndicator.objects.filter(programme=programme).values_list("pk", flat=True))
    derived.lock_indicators(pks)
    return pks


def _check_staged(cursor: Any, file_import: FileImport) -> None:
    """The staging table is emptied by a crash of the database: then the file is checked anew."""
    cursor.execute("SELECT count(*) FROM indicators_importrow WHERE file_import_id = %s", [file_import.pk])
    row = cursor.fetchone()
    if row[0] != sum(file_import.counts["kinds"].values()):
        raise MovedOn(_("The checked rows are gone; nothing was taken over. Check the file again."))


def _check_places(cursor: Any, file_import: FileImport) -> None:
    """Whether each indicator still takes figures of each period, unit and breakdown: `clean_place` for each pair."""
    catalogue = Catalogue(file_import.programme)
    asked: list[tuple[int, int, int | None, str]] = []
    for grouped in ("period_id", "unit_id", "cell", "period_id, unit_id"):
        # A course run brings its own unit: there, period and unit belong together.
        which = "" if grouped == "period_id, unit_id" else "NOT "
        cursor.execute(
            f"""SELECT indicator_id, min(period_id), min(unit_id), min(cell) FROM indicators_importrow
            WHERE file_import_id = %s AND kind IN ('new', 'changed', 'corrected')
                AND {which}indicator_id = ANY(%s) GROUP BY indicator_id, {grouped}""",
            [file_import.pk, [pk for pk, one in catalogue.by_pk.items() if one.frequency == "per_course"]],
        )
        asked += cursor.fetchall()
    refusals: list[str] = []
    for indicator, period, unit, cell in dict.fromkeys(asked):
        refusals += _refusals(catalogue, indicator, period, unit, cell)
    if refusals:
        raise MovedOn(
            [_("Nothing was taken over. Check the file again."), *list(dict.fromkeys(refusals))[:MOST_NAMED]]
        )


def _check_open(cursor: Any, file_import: FileImport, *, by: User, at: datetime) -> None:
    """Whether each period still takes figures of whoever takes the file over; the database asks once more."""
    cursor.execute(
        "SELECT DISTINCT period_id FROM indicators_importrow"
        " WHERE file_import_id = %s AND kind IN ('new', 'changed', 'corrected')",
        [file_import.pk],
    )
    wanted = [period for (period,) in cursor.fetchall()]
    closed = ReportingPeriod.objects.filter(is_closed_to(by, at), pk__in=wanted).select_related("course_run")
    if refusals := [" ".join(locked_refusal(one).messages) for one in closed.order_by("starts_on", "pk")]:
        raise MovedOn([_("Nothing was taken over. Check the file again."), *refusals[:MOST_NAMED]])


def _refusals(catalogue: Catalogue, indicator: int, period: int, unit: int | None, cell: str) -> list[str]:
    found = catalogue.by_pk.get(indicator)
    if found is None:
        return [_("One of its indicators is no longer in use.")]
    if found.is_computed:
        return [_("“%(name)s” is computed by a formula now.") % {"name": found}]
    try:
        clean_place(
            indicator=found,
            period=catalogue.periods_by_pk[period],
            unit=catalogue.units_by_pk[unit] if unit else None,
            cell=cell,
        )
    except ValidationError as refusal:
        return [
            f"{found.definition.code}, {catalogue.periods_by_pk[period]}: {one}" for one in refusal.messages
        ]
    return []


# --- Undoing -----------------------------------------------------------------------------------------------------

_OURS = "o.state IN ('submitted', 'returned') AND o.entered_at = %(applied_at)s AND o.source = 'import'"
_UNTOUCHED = "o.state IN ('submitted', 'returned') AND o.entered_at = %(applied_at)s"
_REVERSIBLE = f"""
    SELECT count(*) FILTER (WHERE s.kind <> 'changed' AND {_OURS}) AS discarded,
        count(*) FILTER (WHERE s.kind = 'changed' AND {_UNTOUCHED}) AS restored,
        count(*) FILTER (WHERE o.state IN ('approved', 'superseded')) AS approved,
        count(*) FILTER (WHERE o.state IN ('rejected')) AS rejected,
        count(*) AS all
    FROM indicators_importrow s LEFT JOIN indicators_observation o
        ON o.id = CASE WHEN s.kind = 'changed' THEN s.existing_id ELSE s.observation_number END
    WHERE s.file_import_id = %(pk)s AND s.kind IN ('new', 'changed', 'corrected')
"""
_DISCARDED = f"""
    INSERT INTO indicators_event (
        at, by_id, by_name, verb, about_type, about_id, about_name, programme_id, before, after, reason)
    SELECT %(at)s, %(by)s, %(by_name)s, 'discarded', 'observation', o.id, {_NAME}, %(programme)s,
        {_as_json("o", "o.state")}, NULL, %(reason)s
    FROM indicators_importrow s {_NAMES} JOIN indicators_observation o ON o.id = s.observation_number
    WHERE s.file_import_id = %(pk)s AND s.kind IN ('new', 'corrected') AND {_OURS}
"""
_TO_DRAFTS = f"""
    UPDATE indicators_observation o SET state = 'draft', version = o.version + 1 FROM indicators_importrow s
    WHERE s.file_import_id = %(pk)s AND s.kind IN ('new', 'corrected') AND o.id = s.observation_number AND {_OURS}
"""
_WITHOUT_EVIDENCE = """
    DELETE FROM indicators_evidence e USING indicators_importrow s, indicators_observation o
    WHERE s.file_import_id = %(pk)s AND s.kind IN ('new', 'corrected') AND o.id = s.observation_number
        AND o.state = 'draft' AND e.observation_id = o.id
"""
_DISCARD = """
    DELETE FROM indicators_observation o USING indicators_importrow s
    WHERE s.file_import_id = %(pk)s AND s.kind IN ('new', 'corrected') AND o.id = s.observation_number
        AND o.state = 'draft' AND o.entered_at = %(applied_at)s
"""
_RESTORED = f"""
    INSERT INTO indicators_event (
        at, by_id, by_name, verb, about_type, about_id, about_name, programme_id, before, after, reason)
    SELECT %(at)s, %(by)s, %(by_name)s, 'changed', 'observation', o.id, {_NAME}, %(programme)s,
        {_as_json("o", "o.state")}, {_as_json("b", "b.state")}, %(reason)s
    FROM indicators_importrow s {_NAMES} JOIN indicators_observation o ON o.id = s.existing_id
    CROSS JOIN LATERAL jsonb_populate_record(NULL::indicators_observation, s.before) b
    WHERE s.file_import_id = %(pk)s AND s.kind = 'changed' AND {_UNTOUCHED}
"""
# First back to a draft: the figures of what was submitted are kept by a trigger.
_REOPEN = f"""
    UPDATE indicators_observation o SET state = 'draft', validated_by_id = NULL, validated_at = NULL,
        decided_by_id = NULL, decided_at = NULL
    FROM indicators_importrow s
    WHERE s.file_import_id = %(pk)s AND s.kind = 'changed' AND o.id = s.existing_id AND {_UNTOUCHED}
"""
_RESTORE = f"""
    UPDATE indicators_observation o SET {", ".join(f"{name} = b.{name}" for name in RESTORED)}, version = o.version + 1
    FROM indicators_importrow s CROSS JOIN LATERAL jsonb_populate_record(NULL::indicators_observation, s.before) b
    WHERE s.file_import_id = %(pk)s AND s.kind = 'changed' AND o.id = s.existing_id
        AND o.state = 'draft' AND o.entered_at = %(applied_at)s
"""


def count_reversible(file_import: FileImport) -> dict[str, int]:
    """How many figures would be discarded or restored, and how many stay because they were decided or changed since."""
    with connection.cursor() as cursor:
        cursor.execute(_REVERSIBLE, {"pk": file_import.pk, "applied_at": file_import.applied_at})
        row = cursor.fetchone() or (0, 0, 0, 0, 0)
    discarded, restored, approved, rejected, everything = row
    return {
        "discarded": discarded,
        "restored": restored,
        "approved": approved,
        "rejected": rejected,
        "touched": everything - discarded - restored - approved - rejected,
    }


def undo_rows(file_import: FileImport, *, by: User, at: datetime) -> dict[str, int]:
    """Discard what the file brought and restore what it changed; what was decided or changed since stays.

    Call inside a transaction. Returns what `count_reversible` says.
    """
    check_may_import(by, file_import.programme)
    _lock_indicators(file_import.programme)
    counts = count_reversible(file_import)
    known: dict[str, Any] = {
        "pk": file_import.pk, "by": by.pk, "by_name": str(by), "at": at, "applied_at": file_import.applied_at,
        "programme": file_import.programme_id,
        "reason": _("Import of “%(name)s” undone.") % {"name": file_import.name[:100]},
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_nestloop = off")
        cursor.execute("SET LOCAL work_mem = '64MB'")
        for statement in (
            _DISCARDED, _TO_DRAFTS, _WITHOUT_EVIDENCE, _DISCARD, _RESTORED, _REOPEN, _RESTORE,
        ):  # fmt: skip
            cursor.execute(statement, known)
    return counts
