"""The blocks of an indicator's page: nothing is read for them before they are opened, and each is a page of its own."""

from __future__ import annotations

import re
from html import unescape

import pytest

from indicators.reports.indicator_page import RECENT
from indicators.reports.indicator_parts import PARTS, address_of
from tests import factories as make
from tests.reports.test_pages import get, recent_programme, words
from tests.reports.test_statistics import make_series
from tests.world import make_world

pytestmark = pytest.mark.django_db


def folded(page):
    return re.findall(r'<details class="[^"]+"[^>]* hx-get="([^"]+)"', page)


def test_the_page_names_the_address_of_each_block_as_a_link_too(client):
    _programme, (indicator,), _periods = recent_programme()
    page = get(client, make.make_admin(), indicator.get_absolute_url())
    addresses = folded(page)

    # Neither earlier periods nor groups: there are none.
    assert addresses == [
        address_of(indicator, name)
        for name in ("values", "explained", "signals", "targets", "quality", "figures", "history")
    ]
    assert all(f'<a href="{address}">Open on a page of its own</a>' in page for address in addresses)


@pytest.mark.parametrize("name", list(PARTS))
def test_a_block_is_a_page_of_its_own_and_for_a_script_only_itself(client, name):
    _programme, (indicator,), _periods = recent_programme()
    admin = make.make_admin()
    whole = get(client, admin, address_of(indicator, name))
    only = client.get(address_of(indicator, name), headers={"HX-Request": "true"})

    assert f"<h1>{PARTS[name].title}</h1>" in whole
    assert f'href="{indicator.get_absolute_url()}"' in whole
    assert "NATO UNCLASSIFIED" in whole
    assert "<html" not in only.content.decode()
    assert words(unescape(only.content.decode())).strip() in words(whole)
    assert "HX-Request" in only["Vary"]


@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        ("history=values", "30 / 60 accepted"),
        ("hpage=1", "30 / 60 accepted"),
        ("page=1", "Accepted figures, newest first"),
        ("chart=cusum", "No control chart"),
    ],
)
def test_an_address_that_asks_for_a_block_has_it_in_the_page(client, asked, shown):
    _programme, (indicator,), _periods = recent_programme()
    admin = make.make_admin()

    assert shown not in words(get(client, admin, indicator.get_absolute_url()))
    page = get(client, admin, f"{indicator.get_absolute_url()}?{asked}")
    assert shown in page or shown in words(page)
    assert '<details class="fold" open>' in page


def test_earlier_periods_are_apart_and_none_is_lost(client):
    indicator, periods, officer = make_series([10 + number for number in range(9)])
    page = get(client, officer, indicator.get_absolute_url())
    earlier = get(client, officer, address_of(indicator, "earlier"))
    rows = re.compile(r'<th scope="row">(\d{4}-\d{2})</th>')

    assert rows.findall(page) + rows.findall(earlier) == [one.label for one in reversed(periods)]
    assert len(rows.findall(page)) == RECENT
    assert "3 earlier periods" in page


@pytest.mark.parametrize("name", ["nothing", "targets2", "HISTORY"])
def test_there_is_no_other_block(client, name):
    _programme, (indicator,), _periods = recent_programme()
    get(client, make.make_admin(), f"{indicator.get_absolute_url()}parts/{name}/", 404)


def test_texts_have_no_chart_and_no_periods(client):
    programme = make.make_programme("TXT")
    indicator = make.make_indicator(programme, version=make.make_version("TXT-01", value_type="text"))
    admin = make.make_admin()

    page = get(client, admin, indicator.get_absolute_url())
    for name, part in PARTS.items():
        get(client, admin, address_of(indicator, name), 404 if part.needs_numbers else 200)
        assert not (part.needs_numbers and address_of(indicator, name) in page)


@pytest.mark.parametrize("name", list(PARTS))
def test_a_stranger_learns_nothing_from_any_block(client, name):
    world = make_world()
    get(client, world.people["partner"], address_of(world.own.indicator, name))
    for who in ("former", "stranger", "other_partner"):
        get(client, world.people[who], address_of(world.own.indicator, name), 404)
    get(client, world.people["partner"], address_of(world.own.secret, name), 404)
