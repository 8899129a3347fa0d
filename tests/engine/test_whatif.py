"""What is tried on a snapshot: the arithmetic of leaving figures out and of changing an index."""

from decimal import Decimal

import pytest

from indicators.engine.composite import Aggregation, Goalposts
from indicators.engine.index import Across, IndexInputs, IndexMember, IndexPart, Reads
from indicators.engine.types import Measurement, Plan
from indicators.engine.whatif import Change, Reading, Scratch, index_as_if, without_cells

PLAN = Plan(baseline=Decimal(20), baseline_on=None, target=Decimal(80), target_on=None)


def figure(number, site, cell=""):
    return Measurement(id=number, site=site, cell=cell, value=Decimal(number))


@pytest.mark.parametrize(
    ("cells", "kept"),
    [
        (
            {"sex=f"},
            [3, 5, 6],
        ),  # Site 1 keeps its men, loses its total; site 2 is split otherwise, site 3 is not.
        ({"sex=f", "sex=m"}, [5, 6]),
        ({"nation=X"}, [1, 2, 3, 6]),
        ({"rank=high"}, [1, 2, 3, 5, 6]),
        (set(), [1, 2, 3, 5, 6]),
    ],
)
def test_a_place_that_loses_a_category_loses_its_total_too_and_no_other_place_does(cells, kept):
    rows = [
        figure(1, 1), figure(2, 1, "sex=f"), figure(3, 1, "sex=m"), figure(5, 2, "nation=X"), figure(6, 3),
    ]  # fmt: skip

    assert [one.id for one in without_cells(rows, cells)] == kept


def test_a_change_that_equals_the_plan_is_none_and_borders_for_all_give_way_to_own_ones():
    scratch = Scratch(
        by_indicator={1: Change(target=Decimal("80.0"), on_track_from=Decimal("0.80"))},
        on_track_from=Decimal("0.95"),
    )

    assert scratch.change_of(1, PLAN).plan == {"on_track_from": Decimal("0.80")}
    assert scratch.change_of(2, PLAN).plan == {"on_track_from": Decimal("0.95")}
    assert Scratch().is_empty
    assert not scratch.is_empty


def inputs():
    posts = Goalposts(low=Decimal(0), high=Decimal(100))
    parts = tuple(
        IndexPart(
            key=str(pk), name=str(pk), indicator=pk, reads=Reads.LEVEL, value=Decimal(50), goalposts=posts,
            weight=Decimal(1),
        )
        for pk in (1, 2)
    )  # fmt: skip
    member = IndexMember(key="P", name="P", parts=parts)
    return IndexInputs(across=Across.PROGRAMME, how=Aggregation.GEOMETRIC, members=(member,))


def test_an_index_with_nothing_changed_is_the_same_and_without_parts_is_none():
    assert index_as_if(inputs(), readings={}, weights={}, left_out=set()) == inputs()
    assert index_as_if(inputs(), readings={}, weights={}, left_out={1, 2}) is None


def test_a_reading_enters_where_it_is_read_and_a_missing_one_says_why():
    read = {
        (1, "level"): Reading(value=None, on=None, why_missing=None),
        (2, "progress"): Reading(value=Decimal(1), on=None, why_missing=None),
    }

    found = index_as_if(inputs(), readings=read, weights={2: Decimal(3)}, left_out=set())

    assert [(one.value, one.weight) for one in found.members[0].parts] == [(None, 1), (Decimal(50), 3)]
