"""The one menu to take a page along: reports that a worker builds, and data as files."""

from __future__ import annotations

import re

import pytest

from tests.reports.test_pages import get
from tests.world import make_world

pytestmark = pytest.mark.django_db


def menus(page):
    return re.findall(r'<details class="menu download">.*?</details>', page, re.S)


@pytest.fixture
def world():
    return make_world()


@pytest.mark.parametrize(
    ("path", "document", "tables"),
    [
        ("/portfolio/", "", ["portfolio"]),
        ("/region/", "region", ["region"]),
        ("/programmes/{code}/", "programme", ["programme"]),
        (
            "/programmes/{code}/indicators/{indicator}/",
            "",
            ["indicator", "observations", "explain-indicator"],
        ),
        ("/programmes/{code}/crosstab/", "", ["crosstab"]),
        ("/assessments/{run}/", "assessment", ["assessment"]),
        ("/evaluations/{evaluation}/", "evaluation", []),
    ],
)
def test_each_page_has_one_menu_with_its_reports_and_its_data(client, world, path, document, tables):
    own = world.own
    given = {
        "code": own.programme.code,
        "indicator": own.indicator.pk,
        "run": own.run.pk,
        "evaluation": own.evaluation.pk,
    }
    (menu,) = menus(get(client, world.people["admin"], path.format(**given)))

    assert re.findall(r'action="/documents/(\w+)/', menu) == ([document] if document else [])
    assert menu.count('name="format"') == (3 if document else 0)
    offered = re.findall(r'href="/export/([\w-]+)/[^"]+\.(\w+)["?]', menu)
    wanted = {(table, form) for table in tables for form in ("xlsx", "csv", "json")}
    assert wanted <= set(offered)
    assert ("As data" in menu) == bool(tables)


def test_every_file_that_a_menu_offers_is_there(client, world):
    own = world.own
    (menu,) = menus(get(client, world.people["officer"], own.indicator.get_absolute_url()))
    files = re.findall(r'href="(/export/[^"]+)"', menu)

    assert len(files) == 9
    for path in files:
        assert client.get(path).status_code == 200, path
