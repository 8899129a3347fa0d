"""What is due from a person: one line for each indicator, period and unit that somebody expects a figure of.

Reads only. One query for the indicators and one statement for the lines or the counts, however many there are.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

from django.db import connection
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from indicators.models import ProgrammeIndicator, Role, User, programmes_of

PER_SECTION = 10
"""Lines of each bucket on the first page; the rest behind “show all”."""


class Bucket(StrEnum):
    """How a due figure stands, the most urgent first."""

    RETURNED = "returned"
    OVERDUE = "overdue"
    DUE = "due"
    DRAFT = "draft"
    WAITING = "waiting"
    DONE = "done"


BUCKET_LABELS = {
    Bucket.RETURNED: _("Returned to you"),
    Bucket.OVERDUE: _("Overdue"),
    Bucket.DUE: _("Due now"),
    Bucket.DRAFT: _("Drafts"),
    Bucket.WAITING: _("Waiting for approval"),
    Bucket.DONE: _("Done"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DueLine:
    """One expected figure and how it stands."""

    bucket: Bucket
    indicator_id: int
    indicator_code: str
    indicator_name: str
    programme_code: str
    programme_name: str
    period_id: int
    period_label: str
    due_on: date
    unit_id: int | None
    unit_name: str
    observation_id: int | None
    decision_comment: str
    is_mine: bool
    """The person is the indicator's responsible officer."""
    is_locked: bool
    """The period takes no figures; an exception or a reopening is needed."""

    @property
    def sheet_url(self) -> str:
        """The sheet of its programme and period, with the cell of this figure selected."""
        place = f"{self.indicator_id}.{self.period_id}.{self.unit_id or 0}."
        return f"{reverse('sheet-period', args=[self.programme_code, self.period_id])}?place={place}"


@dataclass(slots=True, kw_only=True)
class Progress:
    """How much of what was due in a programme has been answered."""

    code: str
    name: str
    counts: dict[Bucket, int] = field(default_factory=lambda: dict.fromkeys(Bucket, 0))

    @property
    def expected(self) -> int:
        return sum(self.counts.values())

    @property
    def answered(self) -> int:
        """Handed in: approved or waiting for approval."""
        return self.counts[Bucket.DONE] + self.counts[Bucket.WAITING]


def indicators_of(user: User) -> QuerySet[ProgrammeIndicator]:
    """Indicators in use that the person reports: named as responsible, or officer of the programme."""
    return (
        ProgrammeIndicator.objects.visible_to(user)
        .active()
        .filter(
            Q(programme__in=programmes_of(user, Role.OFFICER).values("pk"))
            | Q(responsible=user, programme__in=programmes_of(user, Role.OFFICER, Role.APPROVER).values("pk"))
        )
    )


def due_lines(
    user: User,
    *,
    today: date,
    bucket: Bucket | None = None,
    limit: int = PER_SECTION,
    offset: int = 0,
    mine: bool = False,
    programme: str = "",
) -> list[DueLine]:
    """The lines of each bucket (or of one), `limit` of each: what is due next first, everything else newest first."""
    rows = _ask(
        _SLOTS
        + """
        , numbered AS (
            SELECT *, row_number() OVER (
                PARTITION BY bucket
                ORDER BY (due_on - DATE '2000-01-01') * CASE WHEN bucket = 'due' THEN 1 ELSE -1 END,
                         programme_code, period_id, indicator_code, unit_code, indicator_id
            ) AS place FROM slot
            WHERE (%(bucket)s = '' OR bucket = %(bucket)s)
        )
        SELECT bucket, indicator_id, indicator_code, indicator_name, programme_code, programme_name, period_id,
               period_label, due_on, unit_id, unit_name, observation_id, decision_comment, is_mine,
               period_is_locked(period_id, now())
        FROM numbered WHERE place > %(offset)s AND place <= %(offset)s + %(limit)s ORDER BY bucket, place
        """,
        _params(user, today, mine, programme) | {"bucket": bucket or "", "limit": limit, "offset": offset},
    )
    return [
        DueLine(
            bucket=Bucket(row[0]),
            **dict(
                zip(
                    (
                        "indicator_id", "indicator_code", "indicator_name", "programme_code", "programme_name",
                        "period_id", "period_label", "due_on", "unit_id", "unit_name", "observation_id",
                        "decision_comment", "is_mine", "is_locked",
                    ),
                    row[1:],
                    strict=True,
                )
            ),
        )
        for row in rows
    ]  # fmt: skip


def due_progress(user: User, *, today: date, mine: bool = False, programme: str = "") -> list[Progress]:
    """Counts of each bucket by programme. One statement."""
    found: dict[str, Progress] = {}
    for code, name, bucket, count in _ask(
        _SLOTS
        + "SELECT programme_code, programme_name, bucket, count(*) FROM slot GROUP BY 1, 2, 3 ORDER BY 1",
        _params(user, today, mine, programme),
    ):
        found.setdefault(code, Progress(code=code, name=name)).counts[Bucket(bucket)] = count
    return list(found.values())


def _params(user: User, today: date, mine: bool, programme: str) -> dict[str, Any]:
    wanted = indicators_of(user)
    if mine:
        wanted = wanted.filter(responsible=user)
    if programme:
        wanted = wanted.filter(programme__code=programme)
    return {"indicators": list(wanted.values_list("pk", flat=True)), "today": today, "user": user.pk}


def _ask(statement: str, params: dict[str, Any]) -> Iterable[tuple]:  # type: ignore[type-arg]
    if not params["indicators"]:
        return []
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        rows: list[tuple] = cursor.fetchall()  # type: ignore[type-arg]
        return rows


_SLOTS = """
WITH wanted AS (
    SELECT i.id AS indicator_id, i.programme_id, i.frequency, i.responsible_id,
           (SELECT r.effective_on FROM indicators_targetrevision r
            WHERE r.indicator_id = i.id AND r.number = 1) AS since,
           d.code AS indicator_code, coalesce(nullif(i.local_name, ''), v.name) AS indicator_name
    FROM indicators_programmeindicator i
    JOIN indicators_indicatordefinition d ON d.id = i.definition_id
    JOIN indicators_indicatorversion v ON v.id = i.version_id
    WHERE i.id = ANY(%(indicators)s) AND i.frequency <> 'event' AND i.formula = ''
), site AS (
    SELECT w.indicator_id, u.id AS unit_id, u.code AS unit_code, u.name AS unit_name
    FROM wanted w
    JOIN indicators_programmeindicator_units iu ON iu.programmeindicator_id = w.indicator_id
    JOIN indicators_reportingunit u ON u.id = iu.reportingunit_id AND u.is_active
    WHERE w.frequency <> 'per_course'
), answer AS (
    SELECT indicator_id, period_id, unit_id,
           CASE WHEN bool_or(state = 'returned') THEN 'returned'
                WHEN bool_or(state = 'draft') THEN 'draft'
                WHEN bool_or(state IN ('submitted', 'validated')) THEN 'waiting'
                ELSE 'done' END AS bucket,
           (array_agg(id ORDER BY array_position(
               ARRAY['returned', 'draft', 'submitted', 'validated', 'approved']::text[], state::text), id
           ))[1] AS observation_id
    FROM indicators_observation
    WHERE indicator_id = ANY(%(indicators)s) AND state IN ('draft', 'submitted', 'validated', 'returned', 'approved')
    GROUP BY indicator_id, period_id, unit_id
), slot AS (
    SELECT DISTINCT ON (w.indicator_id, p.id, s.unit_id)
           coalesce(a.bucket, CASE WHEN p.due_on < %(today)s THEN 'overdue' ELSE 'due' END) AS bucket,
           w.indicator_id, w.indicator_code, w.indicator_name, g.code AS programme_code, g.name AS programme_name,
           p.id AS period_id, p.label AS period_label, p.due_on, s.unit_id,
           coalesce(s.unit_code, '') AS unit_code, coalesce(s.unit_name, '') AS unit_name, a.observation_id,
           coalesce(o.decision_comment, '') AS decision_comment,
           w.responsible_id IS NOT DISTINCT FROM %(user)s AS is_mine
    FROM wanted w
    JOIN indicators_programme g ON g.id = w.programme_id
    JOIN indicators_reportingperiod p
      ON p.programme_id = w.programme_id AND p.frequency = w.frequency AND p.ends_on < %(today)s
    LEFT JOIN site s ON s.indicator_id = w.indicator_id
    LEFT JOIN answer a ON a.indicator_id = w.indicator_id AND a.period_id = p.id
     AND (a.unit_id IS NOT DISTINCT FROM s.unit_id OR a.unit_id IS NULL OR w.frequency = 'per_course')
    LEFT JOIN indicators_observation o ON o.id = a.observation_id AND o.state = 'returned'
    WHERE w.since IS NULL OR p.ends_on >= w.since OR a.observation_id IS NOT NULL
    ORDER BY w.indicator_id, p.id, s.unit_id, a.unit_id NULLS LAST
)
"""
