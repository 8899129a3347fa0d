"""Roll-ups of many indicators in one statement: PostgreSQL does what it can do exactly, the engine does the rest.

For `derived` alone, which is the one writer of these rows.

What comes out is the same to the last digit as `engine.rollup.roll_up_period` (a test compares both on random figures).
Exact in SQL are sums, ratios of sums, means and means weighted by cases, of the total cells of one or many sites.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection

from indicators.models import IndicatorStatus
from indicators.snapshots import Key

JSON_COLUMNS = {"refusal", "judgement"}

_GROUPED = """
CREATE TEMPORARY TABLE rolled_up ON COMMIT DROP AS
SELECT
    g.indicator_id, g.period_id, g.rows, g.is_total, g.standard_error,
    v.value_type = 'ratio' AS is_ratio,
    g.numerator, g.denominator,
    CASE WHEN g.with_n = g.rows THEN g.n END AS n,
    CASE p.frequency WHEN 'event' THEN 0 WHEN 'per_course' THEN 1 ELSE greatest(u.units, 1) END AS expected,
    -- The figure as a quotient: dividend over divisor.
    CASE
        WHEN v.value_type = 'ratio' THEN v.scale * g.numerator
        WHEN g.rows > 1 AND v.site_rule IN ('mean_weighted_n', 'ratio_of_sums') THEN g.weighted
        ELSE g.value
    END AS dividend,
    CASE
        WHEN v.value_type = 'ratio' THEN g.denominator
        WHEN g.rows > 1 AND v.site_rule = 'mean' THEN g.rows
        WHEN g.rows > 1 AND v.site_rule IN ('mean_weighted_n', 'ratio_of_sums') THEN g.n
        ELSE 1
    END AS divisor,
    coalesce(
        -- Only totals, each a figure; a figure of the whole programme stands alone.
        NOT g.has_cells AND g.usable = g.rows AND (g.rows = 1 OR NOT g.is_total)
        -- Errors of several figures are joined by the engine.
        AND (g.rows = 1 OR g.with_error < g.rows)
        AND CASE
            WHEN v.value_type = 'text' THEN false
            WHEN v.value_type = 'ratio' THEN
                g.with_parts = g.rows AND g.denominator > 0
                AND (g.rows = 1 OR v.site_rule IN ('ratio_of_sums', 'sum'))
                AND (v.min_denominator IS NULL OR g.denominator >= v.min_denominator)
            ELSE
                g.with_value = g.rows
                AND (
                    g.rows = 1 OR v.site_rule IN ('sum', 'mean')
                    OR (v.site_rule IN ('mean_weighted_n', 'ratio_of_sums') AND g.with_n = g.rows AND g.n > 0)
                )
        END
        -- What is too large for a figure is refused by the engine.
        AND CASE WHEN v.value_type = 'ratio' THEN abs(v.scale * g.numerator) < 1e18 * g.denominator
            ELSE abs(g.value) < 1e18 END
        AND (
            v.min_n IS NULL
            OR coalesce(CASE WHEN g.with_n = g.rows THEN g.n END, trunc(g.denominator)) >= v.min_n
        ),
        false
    ) AS is_exact
FROM (
    SELECT
        indicator_id, period_id, count(*) AS rows,
        count(coalesce(numerator, value)) AS usable, count(numerator) AS with_parts, count(value) AS with_value,
        sum(numerator) AS numerator, sum(denominator) AS denominator, sum(value) AS value,
        sum(value * sample_size) AS weighted, sum(sample_size) AS n, count(sample_size) AS with_n,
        max(standard_error) AS standard_error, count(standard_error) AS with_error,
        count(unit_id) < count(*) AS is_total, bool_or(cell <> '') AS has_cells
    FROM indicators_observation
    WHERE state = 'approved' AND {chosen}
    GROUP BY indicator_id, period_id
) g
JOIN indicators_programmeindicator i ON i.id = g.indicator_id AND i.formula = ''
JOIN indicators_indicatorversion v ON v.id = i.version_id
JOIN indicators_reportingperiod p ON p.id = g.period_id
LEFT JOIN (
    SELECT t.programmeindicator_id, count(*) AS units
    FROM indicators_programmeindicator_units t
    JOIN indicators_reportingunit r ON r.id = t.reportingunit_id AND r.is_active
    GROUP BY t.programmeindicator_id
) u ON u.programmeindicator_id = g.indicator_id
"""

_STORED = """
INSERT INTO indicators_rollup AS a (
    indicator_id, period_id, value, numerator, denominator, standard_error, n, reported, expected, refusal_code,
    refusal)
SELECT
    r.indicator_id, r.period_id,
    -- Ten decimals, half to even: the quotient cut off, and one more where the rest asks for it.
    (q.cut + CASE
        WHEN 2 * abs(q.rest) > r.divisor OR (2 * abs(q.rest) = r.divisor AND mod(q.cut, 2) <> 0)
        THEN sign(r.dividend) ELSE 0
    END) * 0.0000000001,
    CASE WHEN r.is_ratio THEN r.numerator END, CASE WHEN r.is_ratio THEN r.denominator END,
    CASE WHEN r.rows = 1 THEN r.standard_error END,
    r.n, CASE WHEN r.is_total THEN greatest(r.expected, 1) ELSE r.rows END, r.expected, '', NULL
FROM rolled_up r
CROSS JOIN LATERAL (SELECT div(r.dividend * 1e10, r.divisor) AS cut) d
CROSS JOIN LATERAL (SELECT d.cut, r.dividend * 1e10 - d.cut * r.divisor AS rest) q
WHERE r.is_exact
ON CONFLICT (indicator_id, period_id) DO UPDATE SET
    value = excluded.value, numerator = excluded.numerator, denominator = excluded.denominator,
    standard_error = excluded.standard_error, n = excluded.n, reported = excluded.reported,
    expected = excluded.expected, refusal_code = excluded.refusal_code, refusal = excluded.refusal
WHERE (
    a.value, a.numerator, a.denominator, a.standard_error, a.n, a.reported, a.expected, a.refusal_code, a.refusal
) IS DISTINCT FROM (
    excluded.value, excluded.numerator, excluded.denominator, excluded.standard_error, excluded.n, excluded.reported,
    excluded.expected, excluded.refusal_code, excluded.refusal
)
"""

_OBSERVED = "indicator_id NOT IN (SELECT id FROM indicators_programmeindicator WHERE formula <> '')"

_TOO_MANY = """
DELETE FROM indicators_rollup a WHERE {chosen} AND NOT EXISTS (
    SELECT FROM rolled_up r WHERE r.indicator_id = a.indicator_id AND r.period_id = a.period_id)
"""


def store_exact_rollups(indicators: Sequence[int] | None) -> set[Key]:
    """Store the roll-ups that SQL can form, remove those without facts; the keys that are left for the engine.

    Rows that are right already are not written again. Call inside a transaction. None: all observed indicators;
    those of computed ones have no figures of their own and are left alone.
    """
    # All of them: without a filter the rows come grouped from their index.
    read = "true" if indicators is None else "indicator_id = ANY(%(indicators)s)"
    kept = _OBSERVED if indicators is None else read
    with connection.cursor() as cursor:
        given = {"indicators": list(indicators or ())}
        # The index gives the rows in order; parallel workers would each sort their part of them again.
        cursor.execute("SET LOCAL max_parallel_workers_per_gather = 0")
        cursor.execute("DROP TABLE IF EXISTS pg_temp.rolled_up")
        cursor.execute(_GROUPED.format(chosen=read), given)
        # Where the database takes the stored roll-ups for fewer than they are, it looks each of them up in here.
        cursor.execute("CREATE UNIQUE INDEX ON rolled_up (indicator_id, period_id)")
        cursor.execute("ANALYZE rolled_up")
        cursor.execute(_TOO_MANY.format(chosen=kept), given)
        cursor.execute(_STORED)
        cursor.execute("SELECT indicator_id, period_id FROM rolled_up WHERE NOT is_exact")
        return set(cursor.fetchall())


def store_statuses(rows: Iterable[IndicatorStatus], names: Sequence[str]) -> None:
    """Store many statuses by COPY, in place of those that are there. Call inside a transaction."""
    columns = ", ".join(["indicator_id", *names])
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMPORARY TABLE IF NOT EXISTS judged (LIKE indicators_indicatorstatus) ON COMMIT DROP"
        )
        cursor.execute("TRUNCATE judged")
        with cursor.copy(f"COPY judged ({columns}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row([row.indicator_id, *(_copied(name, getattr(row, name)) for name in names)])
        changes = ", ".join(f"{name} = excluded.{name}" for name in names)
        cursor.execute(
            f"INSERT INTO indicators_indicatorstatus ({columns}) SELECT {columns} FROM judged "
            f"ON CONFLICT (indicator_id) DO UPDATE SET {changes}"
        )


def _copied(name: str, value: Any) -> Any:
    return json.dumps(value) if name in JSON_COLUMNS and value is not None else value
