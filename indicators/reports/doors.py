"""Which table an address means, through the lock of its reader. The export and any other writer asks here."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils import timezone

from indicators.models import ContextSeries, GlobalRole, Programme, ProgrammeIndicator, User, rules_on
from indicators.reports import (
    assessment_page,
    comparison,
    composite_page,
    context_page,
    courses_page,
    crosstab,
    early,
    indicator_page,
    overview,
    overview_tables,
    programme_page,
    region,
    sameness,
)
from indicators.reports.course_lines import RunLine, run_lines, visible_runs
from indicators.reports.explained_status import number_of
from indicators.reports.explaining import BUILDERS as EXPLAINED
from indicators.reports.explaining import explanation_of
from indicators.reports.explanation import explanation_table
from indicators.reports.overview_tables import with_filters
from indicators.reports.queries import programme_lines, today
from indicators.reports.tables import Table, portfolio_table, region_table

Filters = Mapping[str, str]


def table_for(user: User, name: str, key: str, *, filters: Filters | None = None) -> Table:
    """The table `name` of the thing `key` as `user` may see it; 404 for what is not there or not theirs.

    Args:
        name: portfolio, portfolio-indicators, portfolio-changes, region, comparison, comparison-progress, sameness
            (key ``all``), programme (code), objectives (code), indicator (number), observations (number),
            index (number), assessment (number), context (code), early (code or ``all``), crosstab (code),
            crosstab-indicator (number), courses, course-topics, course-nations (code), course-run (number);
            explain-indicator and the other kinds of `explanation_of`.
        filters: those of `narrowing` for portfolio, region and comparison, with ``since`` for the changes; what
            `crosstab` knows for the crosstabs.
    """
    build = BUILDERS.get(name)
    if build is None:
        raise Http404
    table = build(user, key, filters or {})
    if user.global_role == GlobalRole.PARTNER_VIEWER and user.partner is not None:
        table.releasable_to = user.partner.name
    return table


def _all(key: str) -> None:
    if key != "all":
        raise Http404


def _portfolio(user: User, key: str, filters: Filters) -> Table:
    _all(key)
    view = overview.load(user, filters)
    return with_filters(
        portfolio_table(programme_lines(user, view.programmes, view.found), rules_on(today()), as_of=today()),
        view,
    )


def _region(user: User, key: str, filters: Filters) -> Table:
    _all(key)
    view = overview.load(user, filters)
    programmes, found = view.programmes, view.found
    groups = [*region.by_framework(programmes, found), *view.countries()]
    return with_filters(
        region_table([one.as_row() for one in groups], rules_on(today()), as_of=today()), view
    )


def _indicators(user: User, key: str, filters: Filters) -> Table:
    _all(key)
    return overview_tables.indicators_table(user, overview.load(user, filters), as_of=today())


def _changes(user: User, key: str, filters: Filters) -> Table:
    _all(key)
    return overview_tables.changes_table(user, filters, at=timezone.now())


def _comparison(user: User, key: str, filters: Filters) -> Table:
    _all(key)
    return comparison.comparison_table(comparison.compare(user, filters), as_of=today())


def _comparison_progress(user: User, key: str, filters: Filters) -> Table:
    _all(key)
    return comparison.progress_table(comparison.compare(user, filters), as_of=today())


def _programme(user: User, key: str, filters: Filters) -> Table:
    return programme_page.explained_table(
        user, get_object_or_404(Programme.objects.visible_to(user), code=key)
    )


def _objectives(user: User, key: str, filters: Filters) -> Table:
    return programme_page.objective_table(
        user, get_object_or_404(Programme.objects.visible_to(user), code=key)
    )


def _indicator_of(user: User, key: str) -> ProgrammeIndicator:
    return get_object_or_404(indicator_page.every_indicator(user), pk=number_of(key))


def _indicator(user: User, key: str, filters: Filters) -> Table:
    return indicator_page.explained_period_table(user, _indicator_of(user, key))


def _observations(user: User, key: str, filters: Filters) -> Table:
    return indicator_page.figure_table(user, _indicator_of(user, key))


def _index(user: User, key: str, filters: Filters) -> Table:
    index = get_object_or_404(composite_page.every_index(user), pk=number_of(key))
    return composite_page.table_of(user, index)


def _assessment(user: User, key: str, filters: Filters) -> Table:
    run = get_object_or_404(assessment_page.visible_runs(user), pk=number_of(key))
    return assessment_page.explained_table(user, run)


def _explained(kind: str) -> Callable[[User, str, Filters], Table]:
    def build(user: User, key: str, filters: Filters) -> Table:
        shown = explanation_of(user, kind, key)
        return explanation_table([shown], name=f"explain-{kind}", key=shown.key, title=shown.about)

    return build


def _context(user: User, key: str, filters: Filters) -> Table:
    return context_page.table_of(user, get_object_or_404(ContextSeries.objects.visible_to(user), code=key))


def _early(user: User, key: str, filters: Filters) -> Table:
    if key == "all":
        return early.table(user)
    return early.table(user, programme=get_object_or_404(Programme.objects.visible_to(user), code=key))


def _course_lines(user: User, key: str) -> tuple[Programme, list[RunLine]]:
    programme = get_object_or_404(Programme.objects.visible_to(user), code=key)
    return programme, run_lines(user, visible_runs(user, programme), as_of=today())


def _courses(user: User, key: str, filters: Filters) -> Table:
    return courses_page.courses_table(*_course_lines(user, key))


def _course_topics(user: User, key: str, filters: Filters) -> Table:
    return courses_page.topics_table(*_course_lines(user, key))


def _course_nations(user: User, key: str, filters: Filters) -> Table:
    return courses_page.nations_table(*_course_lines(user, key))


def _course_run(user: User, key: str, filters: Filters) -> Table:
    run = get_object_or_404(visible_runs(user), pk=number_of(key))
    return courses_page.run_table(run_lines(user, [run], as_of=today())[0])


def _crosstab(user: User, key: str, filters: Filters) -> Table:
    programme = get_object_or_404(Programme.objects.visible_to(user), code=key)
    return crosstab.programme_crosstab(user, programme, filters).table


def _crosstab_indicator(user: User, key: str, filters: Filters) -> Table:
    return crosstab.indicator_crosstab(user, _indicator_of(user, key), filters).table


def _sameness(user: User, key: str, filters: Filters) -> Table:
    _all(key)
    return sameness.table_of(sameness.load_pairs(user))


BUILDERS: dict[str, Callable[[User, str, Filters], Table]] = {
    "portfolio": _portfolio,
    "region": _region,
    "portfolio-indicators": _indicators,
    "portfolio-changes": _changes,
    "comparison": _comparison,
    "comparison-progress": _comparison_progress,
    "programme": _programme,
    "objectives": _objectives,
    "indicator": _indicator,
    "observations": _observations,
    "index": _index,
    "assessment": _assessment,
    "context": _context,
    "early": _early,
    **{f"explain-{kind}": _explained(kind) for kind in EXPLAINED},
    "courses": _courses,
    "course-topics": _course_topics,
    "course-nations": _course_nations,
    "course-run": _course_run,
    "sameness": _sameness,
    "crosstab": _crosstab,
    "crosstab-indicator": _crosstab_indicator,
}
"""The same for every writer of files: name of the table, and how it is built."""
