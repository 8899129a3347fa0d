"""What an overview reads and asks does not grow: not with older figures, not with programmes and indicators."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from indicators import derived
from indicators.models import Observation
from indicators.reports import overview
from indicators.reports.queries import narrowed_programmes, programme_lines
from tests import factories as make
from tests.reports.test_pages import get, words

pytestmark = pytest.mark.django_db
FACTS = "indicators_observation"


def make_figures(quarters: int, sites: int):
    """A programme whose accepted figures go back so far, none of them new."""
    programme = make.make_programme("FLAT")
    units = [make.make_unit(programme, f"S{n}") for n in range(sites)]
    indicator = make.make_indicator(programme, units=units)
    officer, approver = make.make_user(programme=programme), make.make_user(programme=programme)
    for period in make.make_quarters(programme)[-quarters:]:
        for unit in units:
            make.make_observation(indicator, period, unit=unit, entered_by=officer, decided_by=approver)
    derived.refresh_wholly([indicator.pk], at=make.AT)
    return indicator


def facts_read(client, user, path: str) -> float:
    """How many rows of observations, or entries of their indexes, the queries of a page look at, indexes being used."""
    get(client, user, path)
    with CaptureQueriesContext(connection) as captured:
        get(client, user, path)
    asked = [one["sql"] for one in captured.captured_queries if FACTS in one["sql"]]
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {FACTS}")
        cursor.execute("SET LOCAL enable_seqscan = off")  # a table of a few rows is read whole otherwise
        cursor.execute("SET LOCAL enable_bitmapscan = off")
        found = 0.0
        for sql in asked:
            cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}")
            plan = cursor.fetchone()[0]
            found += _rows((json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"])
    return found


def _rows(node) -> float:
    here = 0.0
    if node.get("Relation Name") == FACTS:
        left_out = node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
        here = (node["Actual Rows"] + left_out) * node["Actual Loops"]
    return here + sum(_rows(one) for one in node.get("Plans", []))


@pytest.mark.parametrize("who", ["admin", "reader"])
@pytest.mark.parametrize(("quarters", "sites"), [(1, 1), (8, 6)])
def test_the_portfolio_reads_one_figure_of_an_indicator_however_many_there_are(client, quarters, sites, who):
    programme = make_figures(quarters, sites).programme
    user = make.make_admin() if who == "admin" else make.make_user(programme=programme, role="reader")

    assert facts_read(client, user, "/portfolio/") == 1  # the last accepted one; none is of the last days


@pytest.mark.parametrize("path", ["/region/", "/programmes/FLAT/", "/programmes/FLAT/crosstab/"])
def test_pages_that_show_no_single_figure_read_none(client, path):
    make_figures(2, 2)
    assert facts_read(client, make.make_admin(), path) == 0


def test_the_portfolio_says_what_was_accepted_lately_and_last(client):
    indicator = make_figures(2, 3)
    now = timezone.now()
    lately = Observation.objects.order_by("-pk")[:2]
    for number, one in enumerate(lately):
        Observation.objects.filter(pk=one.pk).update(decided_at=now - timedelta(days=number + 1))

    (line,) = programme_lines(make.make_admin(), narrowed_programmes(make.make_admin()))

    assert line.programme == indicator.programme
    assert (line.changed_lately, line.changed_at) == (2, now - timedelta(days=1))


@pytest.mark.parametrize("path", ["/portfolio/", "/region/"])
def test_the_portfolio_and_the_region_ask_the_same_number_of_questions(client, path):
    admin, asked = make.make_admin(), []
    for n in (1, 20):
        for _number in range(n):
            programme = make.make_programme()
            for _other in range(2):
                make.make_indicator(programme, is_critical=True)
        get(client, admin, path)
        with CaptureQueriesContext(connection) as captured:
            get(client, admin, path)
        asked.append(len(captured))
    assert asked[0] == asked[1]


def test_the_portfolio_is_turned_page_by_page_and_counts_all(client):
    for number in range(27):
        make.make_indicator(make.make_programme(f"P{number:03}", is_illustrative=number == 26))
    admin = make.make_admin()

    pages = [get(client, admin, f"/portfolio/{query}") for query in ("", "?page=2")]
    first, second = (words(page) for page in pages)
    tables = [words(page[page.index('aria-labelledby="programmes"') :]) for page in pages]

    assert "27 programmes, 27 indicators" in first
    assert "27 programmes, 27 indicators" in second
    assert "1–20 of 27" in first
    assert [code in tables[0] for code in ("P019", "P020")] == [True, False]
    assert [code in tables[1] for code in ("P019", "P020")] == [False, True]
    assert "Illustrative data" in first  # its counts are of all


def test_what_needs_attention_is_cut_with_critical_ones_before_others():
    programme = make.make_programme()
    many = [make.make_indicator(programme) for _number in range(4)]
    critical = make.make_indicator(programme, is_critical=True)
    admin = make.make_admin()

    found = overview.attention(admin, overview.load(admin, {}).found, most=3)

    assert [row.about for row in found.silent.rows] == [critical, *many[:2]]  # never judged
    assert found.silent.count == 5
    assert not found.off_track.rows
