"""Each programme's indicators over its assessments, on the same axes. Counts of frozen verdicts; averages nothing."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import Count
from django.utils.translation import gettext as _

from indicators.charts.multiples import Ground, Panel, Stand, draw_ground, draw_panel
from indicators.models import Kind, Programme, ProgrammeIndicator, Status, User, Verdict
from indicators.reports.overview import Overview
from indicators.reports.queries import JUDGED
from indicators.templatetags.charts import write_month, write_year

YEARS_BACK = 3
MOST_ROWS = 13
"""Assessments in the table behind a panel: three years of quarters and today."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """The counts at one assessment, or today."""

    on: date
    label: str
    counts: Counter[str]

    @property
    def judged(self) -> int:
        return sum(self.counts[status] for status in JUDGED)

    @property
    def stand(self) -> Stand:
        return Stand(
            on=self.on,
            on_track=self.counts[Status.ON_TRACK],
            off_track=self.counts[Status.OFF_TRACK],
            judged=self.judged,
        )

    @property
    def cells(self) -> list[int]:
        """Counts in the order of the columns of the table."""
        return [self.counts[status] for status in JUDGED]


@dataclass(frozen=True, slots=True, kw_only=True)
class Multiple:
    """A programme's panel with its words and its table."""

    programme: Programme
    panel: Panel
    text: str
    moments: Sequence[Moment]


@dataclass(frozen=True, slots=True, kw_only=True)
class Multiples:
    """Panels on one ground, and how many programmes could have one."""

    ground: Ground | None
    panels: Sequence[Multiple]
    programmes: int
    """All that are looked at, also those of which no panel is asked for here."""


def load(user: User, overview: Overview, programmes: Iterable[Programme], today: date) -> Multiples:
    """A panel for each of these programmes that has an assessment in three years. One query.

    The filters of indicators count here too; a filter of status does not, for the panels show how statuses moved.
    """
    asked = list(programmes)
    since = today - timedelta(days=round(365.25 * YEARS_BACK))
    past = _assessed(user, overview, asked, since)
    moments = {one.pk: [*past[one.pk], *_now(overview, one, today)][-MOST_ROWS:] for one in asked}
    shown = {pk: found for pk, found in moments.items() if any(one.judged for one in found)}
    if not shown:
        return Multiples(ground=None, panels=[], programmes=len(overview.programmes))
    ground = draw_ground(
        first=min(found[0].on for found in shown.values()),
        last=today,
        write_month=write_month,
        write_year=write_year,
    )
    panels = [
        Multiple(
            programme=one,
            panel=draw_panel([moment.stand for moment in shown[one.pk]], ground),
            text=_in_words(shown[one.pk]),
            moments=shown[one.pk],
        )
        for one in asked
        if one.pk in shown
    ]
    return Multiples(ground=ground, panels=panels, programmes=len(overview.programmes))


def _assessed(
    user: User, overview: Overview, programmes: Iterable[Programme], since: date
) -> dict[int, list[Moment]]:
    """Verdicts by status of each on-the-fly assessment, its newest revision alone."""
    rows: Any = (
        Verdict.objects.visible_to(user)
        .filter(
            run__programme__in=[one.pk for one in programmes],
            run__kind=Kind.ON_THE_FLY,
            run__as_of__gte=since,
            course_run__isnull=True,
        )
        .exclude(status="")
    )
    if overview.narrowing.indicators:
        chosen = ProgrammeIndicator.objects.filter(overview.narrowing.indicators).order_by()
        rows = rows.filter(indicator__in=chosen.values("pk"))
    counted = (
        rows.order_by("run__as_of", "run__revision")
        .values_list("run__programme", "run__as_of", "run__revision", "run__label", "status")
        .annotate(Count("pk"))
    )
    found: dict[int, dict[date, tuple[int, Moment]]] = defaultdict(dict)
    for programme, as_of, revision, label, status, count in counted:
        kept = found[programme].get(as_of)
        if kept is None or kept[0] < revision:
            kept = (revision, Moment(on=as_of, label=label, counts=Counter()))
            found[programme][as_of] = kept
        kept[1].counts[status] += count
    return defaultdict(
        list, {pk: [moment for _revision, moment in by_day.values()] for pk, by_day in found.items()}
    )


def _now(overview: Overview, programme: Programme, today: date) -> list[Moment]:
    """How it stands today; not with a filter of status, which would make it the whole."""
    if overview.narrowing.chosen["status"]:
        return []
    return [Moment(on=today, label=_("Today"), counts=overview.tally_of(programme).counts)]


def _in_words(moments: Sequence[Moment]) -> str:
    judged = [one for one in moments if one.judged]
    first, last = judged[0], judged[-1]
    now = _("On track %(on)s of %(all)s, off track %(off)s (%(label)s).") % {
        "on": last.counts[Status.ON_TRACK],
        "all": last.judged,
        "off": last.counts[Status.OFF_TRACK],
        "label": last.label,
    }
    if first is last:
        return now
    then = _("%(label)s: on track %(on)s of %(all)s, off track %(off)s.") % {
        "label": first.label,
        "on": first.counts[Status.ON_TRACK],
        "all": first.judged,
        "off": first.counts[Status.OFF_TRACK],
    }
    return f"{now} {then}"
