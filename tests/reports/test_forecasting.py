"""Where an indicator is heading: the band, the chance where one may be given, both simple references, or why not."""

from __future__ import annotations

import pytest

from tests.reports.test_pages import get, words
from tests.reports.test_statistics import make_series, path_of

pytestmark = pytest.mark.django_db
LEVEL = {"value_type": "number", "unit": "points", "time_rule": "last", "site_rule": "mean"}


def page_of(client, values, **version):
    indicator, _periods, officer = make_series(values, **(LEVEL | version))
    return get(client, officer, path_of(indicator))


def test_it_shows_the_band_the_chance_and_both_references(client):
    page = page_of(client, [21, 24, 22, 26, 27, 25, 29, 30, 28, 33, 32, 35, 34, 38, 37, 41, 39, 42])
    text = words(page)

    assert "If it goes on as before, the target of 80" in text
    assert "95 % prediction interval" in text
    assert "Chance of reaching the target" in text
    assert "If nothing changes: the last value 42" in text
    assert "If all goes to plan 80" in text
    assert 'class="c-carried"' in page
    assert "A projection of the past, no promise and no status." in text


def test_with_few_points_there_is_neither_band_nor_chance(client):
    text = words(page_of(client, [20, 22, 25, 24, 27, 29]))

    # Six months of points reach no year ahead; the refusal says so instead of a figure.
    assert "No projection" in text
    assert "the points reach back only" in text
    assert "Chance of reaching the target" not in text


def test_neighbours_that_resemble_each_other_give_no_chance(client):
    waves = [30, 34, 38, 42, 46, 42, 38, 34, 30, 26, 30, 34, 38, 42, 46, 50, 46, 42, 38, 34]
    text = words(page_of(client, waves))

    assert "Chance of reaching the target" not in text
    assert "no probability is given" in text


def test_texts_have_no_projection_at_all(client):
    indicator, _periods, officer = make_series([], value_type="text", unit="text")
    assert "Where it is heading" not in words(get(client, officer, path_of(indicator)))
