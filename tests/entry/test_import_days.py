"""Files that say days instead of periods: each row goes to the period of its day, and holds for that day."""

from __future__ import annotations

from datetime import date

import pytest

from indicators.entry.importing import actions
from indicators.models import ImportRow
from tests.entry.import_scenes import FileScene, kinds_of, problems_of
from tests.factories import AT, make_indicator, make_version

pytestmark = pytest.mark.django_db
HEAD = "indicator,day,unit,numerator,denominator"


@pytest.fixture
def scene():
    return FileScene()


def send(scene, *rows):
    return scene.send("\n".join([HEAD, *rows]) + "\n")


@pytest.mark.parametrize("day", ["2025-07-01", "2025-08-14", "2025-09-30", "2025-08-14T09:30:00Z"])
def test_any_day_of_the_quarter_names_it(scene, day):
    made = send(scene, f"BS-01,{day},BSR,30,60")
    (row,) = ImportRow.objects.filter(file_import=made)

    assert (row.kind, row.period_id) == ("new", scene.q3.pk)
    assert row.as_of == date.fromisoformat(day[:10])


def test_a_row_may_hold_for_another_day_than_it_was_filed_under(scene):
    made = scene.send(f"{HEAD},as_of\nBS-01,2025-08-14,BSR,30,60,2025-09-01\n")

    assert ImportRow.objects.get(file_import=made).as_of == date(2025, 9, 1)


def test_two_days_of_one_quarter_are_one_place(scene):
    made = send(scene, "BS-01,2025-08-14,BSR,30,60", "BS-01,2025-09-14,BSR,31,60")

    assert kinds_of(made) == {"new": 1, "problem": 1}
    assert problems_of(made) == [(3, "period", "Row 2 is about the same place already.")]


@pytest.mark.parametrize("day", ["2025-02-30", "14/08/2025", "soon", "1999-01-01", "9999-12-31"])
def test_what_is_no_day_of_a_period_is_refused_in_its_column(scene, day):
    ((_row, column, message), *_more) = problems_of(send(scene, f"BS-01,{day},BSR,30,60"))

    assert column == "day"
    assert "was expected" in message


def test_the_order_of_days_is_the_one_that_somebody_confirmed(scene):
    made = scene.confirm(send(scene, "BS-01,04/07/2025,BSR,30,60"), dates="dmy")

    assert ImportRow.objects.get(file_import=made).as_of == date(2025, 7, 4)


def test_indicators_side_by_side_are_matched_once(scene):
    other = make_version("CT-03", value_type="count", time_rule="sum", site_rule="sum", min_denominator=None)
    make_indicator(scene.programme, version=other)
    content = "day,Posts seen,Posts manned\n2025-08-14,7,5\n"
    made = scene.confirm(scene.send(content), columns=["day", "at:indicator", "at:indicator"])
    words = {("indicator", "Posts seen"): "CT-02", ("indicator", "Posts manned"): "CT-03"}
    actions.match_words(file_import=made, words=words, by=scene.officer, at=AT)

    assert kinds_of(scene.work(made)) == {"new": 2}
    assert kinds_of(scene.send(content)) == {"new": 2}  # nobody is asked again
