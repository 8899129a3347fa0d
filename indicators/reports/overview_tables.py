"""What portfolio and region show, as tables for files: the same rows, narrowed by the same filters."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

from django.utils import timezone
from django.utils.translation import gettext as _

from indicators.models import User
from indicators.reports import cells, looks, news, overview
from indicators.reports.news import ProgrammeNews
from indicators.reports.overview import Overview
from indicators.reports.tables import Row, Table, day_column, indicator_columns, text_column
from indicators.templatetags.ui import day


def with_filters(table: Table, view: Overview) -> Table:
    """The table, saying in its notes what it was narrowed to and what is wrong with the address."""
    chips = view.narrowing.chips
    if chips:
        what = "; ".join(f"{one.label}: {one.value}" for one in chips)
        table.notes = [*table.notes, _("Narrowed to %(what)s.") % {"what": what}]
    table.notes = [*table.notes, *view.narrowing.messages]
    return table


def indicators_table(user: User, view: Overview, *, as_of: date) -> Table:
    """Every indicator that the filters leave, with its status. Two queries more than the overview."""
    pks = sorted(overview.indicator_pks(view.found))
    rows = sorted(
        overview.rows_of(user, pks),
        key=lambda row: (row.cells["programme"].text, row.cells["code"].text, row.cells["partner"].text),
    )
    table = Table(
        name="portfolio-indicators",
        key="all",
        title=_("Indicators of the portfolio"),
        columns=[one for one in indicator_columns() if one.key != "responsible"],
        rows=rows,
        as_of=as_of,
    )
    return with_filters(table, view)


def changes_table(user: User, given: Mapping[str, str], *, at: datetime) -> Table:
    """What changed since the last look, or since the day that the address names: a row for each change."""
    today = timezone.localtime(at).date()
    view = overview.load(user, given)
    since = looks.since_of(user, view.pks, at=at, chosen=given.get("since", ""))
    late = overview.overdue_responses(user, view.pks, today)
    found = news.load(user, view, since, late, at=at)
    table = Table(
        name="portfolio-changes",
        key="all",
        title=_("What changed"),
        columns=[
            text_column("programme", _("Programme")),
            day_column("since", _("Since")),
            text_column("kind", _("What")),
            text_column("code", _("Indicator code")),
            text_column("name", _("About")),
            text_column("partner", _("Partner")),
            text_column("before", _("From")),
            text_column("after", _("To")),
            text_column("period", _("Period")),
        ],
        rows=[row for one in found.programmes for row in _rows(one)],
        as_of=today,
        notes=[since.problem] if since.problem else [],
    )
    return with_filters(table, view)


def _rows(one: ProgrammeNews) -> list[Row]:
    made = []
    for move in one.moves:
        made.append(
            _row(
                one,
                _("Status changed"),
                move.indicator.name,
                code=move.indicator.definition.code,
                partner=move.indicator.partner,
                before=cells.status(move.before).text,
                after=cells.status(move.after).text,
                period=move.period,
                marking=move.indicator.marking,
            )
        )
    made += [_row(one, _("Assessed"), run.label, period=day(run.as_of)) for run in one.runs]
    made += [
        _row(
            one,
            _("New signal"),
            line.text,
            code=line.alert.indicator.definition.code,
            marking=line.alert.indicator.marking,
        )
        for line in one.alerts
    ]
    made += [
        _row(one, _("Newly overdue"), waiting.recommendation.statement, period=day(waiting.due_on))
        for waiting in one.overdue
    ]
    return made


def _row(
    one: ProgrammeNews, kind: str, name: str, *, marking: str = "NATO UNCLASSIFIED", **given: object
) -> Row:
    return Row(
        cells={
            "programme": cells.words(one.programme.code),
            "since": cells.day(timezone.localtime(one.since).date()),
            "kind": cells.words(kind),
            "name": cells.words(name),
        }
        | {key: cells.words(value) for key, value in given.items()},
        is_illustrative=one.programme.is_illustrative,
        marking=marking,
    )
