"""Small cells of persons stay hidden, however clever the reader; sub-totals, parts against totals, carried values."""

import itertools
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.optimize import Bounds, LinearConstraint, milp

from indicators.engine.disaggregate import (
    breakdown,
    by_site,
    carried_forward,
    mismatches,
    site_cell,
    suppressed,
)
from indicators.engine.disclosure import cell_of, cell_parts, suppress
from indicators.engine.reach import reachable
from indicators.engine.types import Measurement, RefusalCode

from . import cases

COUNT = cases.rule(value_type="count", time_rule="sum", site_rule="sum")
SHARE = cases.rule(value_type="ratio", scale=100)


def cube(counts, names="abc"):
    """Every cell and sub-total of a table of counts."""
    table: dict[str, int] = {}
    for place in np.ndindex(counts.shape):
        for used in itertools.product((False, True), repeat=counts.ndim):
            cell = ";".join(f"{names[d]}={place[d]}" for d in range(counts.ndim) if used[d])
            table[cell] = table.get(cell, 0) + int(counts[place])
    return table


def test_a_small_cell_takes_the_next_smallest_with_it():
    found = suppress({"": 100, "sex=f": 3, "sex=m": 97})

    assert (found.small, found.complementary) == ({"sex=f"}, {"sex=m"})


def test_nothing_small_hides_nothing_and_zero_is_shown():
    assert not suppress({"": 20, "sex=f": 0, "sex=m": 20}).hidden
    assert not suppress({}).hidden
    assert not suppress({"": None, "sex=f": None}).hidden


def test_a_small_cell_without_a_total_needs_no_other():
    assert suppress({"sex=f": 3, "sex=m": 30}).hidden == {"sex=f"}


def test_two_small_cells_that_add_to_few_take_a_third():
    found = suppress({"": 100, "n=a": 1, "n=b": 1, "n=c": 40, "n=d": 58})

    assert found.small == {"n=a", "n=b"}
    assert found.complementary == {"n=c"}


def test_parts_that_are_incomplete_still_bound_a_small_cell():
    found = suppress({"": 100, "n=a": 1, "n=b": 96})

    assert found.hidden == {"n=a", "n=b"}


def test_a_total_that_stands_elsewhere_is_never_hidden():
    found = suppress({"": 3, "sex=f": 1, "sex=m": 2}, always_shown=[""])

    assert found.hidden == {"sex=f", "sex=m"}


def test_a_cross_table_hides_a_rectangle():
    table = {"": 60, "s=f": 20, "s=m": 40, "n=A": 12, "n=B": 18, "n=C": 30}
    table |= {"n=A;s=f": 3, "n=A;s=m": 9, "n=B;s=f": 7, "n=B;s=m": 11, "n=C;s=f": 10, "n=C;s=m": 20}

    assert suppress(table).hidden == {"n=A;s=f", "n=A;s=m", "n=B;s=f", "n=B;s=m"}


@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.integers(0, 9), min_size=4, max_size=4))
def test_a_reader_who_tries_every_table_cannot_pin_a_small_cell_down(numbers):
    counts = np.array(numbers).reshape(2, 2)
    table = cube(counts)

    found = suppress(table, always_shown=[""])

    shown = {cell: n for cell, n in table.items() if cell not in found.hidden}
    possible = tables_that_fit(shown, table, found.hidden)
    total_is_too_small = table[""] < 10
    for cell in found.small:
        values = {one[cell] for one in possible}
        assert total_is_too_small or max(values) >= 5, (cell, values)
        assert total_is_too_small or len(values) > 1


def tables_that_fit(shown, table, hidden):
    holds_somebody = {cell for cell in hidden if table[cell] > 0}
    fitting = []
    top = table[""]
    for a, b, c in itertools.product(range(top + 1), repeat=3):
        d = top - a - b - c
        if d < 0:
            continue
        one = cube(np.array([[a, b], [c, d]]))
        if all(one[k] == v for k, v in shown.items()) and all(one[k] > 0 for k in holds_somebody):
            fitting.append(one)
    return fitting


@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.sampled_from([0, 1, 3, 7, 20, 50]), min_size=12, max_size=12))
def test_in_three_dimensions_no_addition_gives_a_small_cell_away(numbers):
    table = cube(np.array(numbers).reshape(2, 3, 2))

    hidden = suppress(table, always_shown=[""]).hidden

    for whole in table:
        for name in "abc":
            parts = [c for c in table if name in dict(cell_parts(c)) and rest(c, name) == cell_parts(whole)]
            gone = [c for c in [whole, *parts] if c in hidden]
            # One unknown in an addition would be known; with a total of few persons there is nothing left to hide.
            assert not parts or len(gone) != 1 or table[gone[0]] >= 5 or table[""] < 10


def rest(cell, name):
    return frozenset(pair for pair in cell_parts(cell) if pair[0] != name)


def what_a_reader_can_tell(counts, smallest=5):
    """Small cells whose range, over all whole-number tables that fit what is shown, ends below `smallest`."""
    table = cube(counts)
    found = suppress(table, smallest=smallest)
    leaves = [cell_parts(cell) for cell in table if len(cell_parts(cell)) == counts.ndim]
    rows = {cell: np.array([float(cell_parts(cell) <= leaf) for leaf in leaves]) for cell in table}
    low = [min(1, n) if cell in found.hidden else n for cell, n in table.items()]
    high = [np.inf if cell in found.hidden else n for cell, n in table.items()]
    fits = LinearConstraint(np.array(list(rows.values())), low, high)
    told = {}
    for cell in found.small:
        answer = milp(
            -rows[cell], constraints=fits, integrality=np.ones(len(leaves)), bounds=Bounds(0, np.inf)
        )
        if answer.fun is not None and -answer.fun < smallest - 0.5:
            told[cell] = round(-answer.fun)
    return told


@pytest.mark.parametrize(
    "counts",
    [
        # Two columns of small ones that only several additions together give away.
        [[6, 1, 4, 8, 4], [5, 1, 3, 30, 5], [4, 4, 6, 6, 8], [3, 3, 5, 5, 5]],
        [[8, 4, 30, 30], [1, 2, 8, 12], [1, 2, 6, 12]],
        [[1, 8, 0], [2, 3, 0], [8, 0, 3]],
        [[[3, 30, 0], [5, 6, 30]], [[5, 5, 3], [3, 8, 0]]],
        [[[3, 3, 8], [5, 5, 2]], [[5, 1, 5], [0, 1, 0]]],
    ],
)
def test_several_additions_together_give_no_small_cell_away(counts):
    assert what_a_reader_can_tell(np.array(counts)) == {}


shapes = st.sampled_from([(2, 3), (3, 3), (3, 4), (4, 5), (2, 2, 2), (2, 2, 3)])


@settings(max_examples=120, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(
    shapes.flatmap(
        lambda s: st.tuples(
            st.just(s),
            st.lists(
                st.sampled_from([0, 1, 2, 3, 4, 5, 6, 8, 12, 30]),
                min_size=int(np.prod(s)),
                max_size=int(np.prod(s)),
            ),
        )
    )
)
def test_a_reader_with_an_optimiser_learns_no_small_cell(drawn):
    shape, counts = drawn

    assert what_a_reader_can_tell(np.array(counts).reshape(shape)) == {}


def test_unknowns_reach_as_far_as_their_equations_let_them():
    # x + y = 6, y + z = 3, and u has no end: x 3 to 6, y 0 to 3, z 0 to 3.
    equations = [({0: 1.0, 1: 1.0}, 6.0), ({1: 1.0, 2: 1.0}, 3.0), ({3: 1.0, 4: -1.0}, -2.0)]

    assert reachable(equations, 5, {0: 6, 1: 3, 2: 3, 3: 1000, 4: 1000}) == {0, 1, 2, 3, 4}
    assert reachable(equations, 5, {0: 6.1, 1: 3.1, 2: 3.1}) == set()
    # An equation said twice changes nothing; equations that contradict each other let nothing be reached.
    assert reachable([*equations, equations[0]], 5, {0: 6}) == {0}
    assert reachable([*equations, ({0: 1.0}, 7.0)], 5, {0: 6}) == set()


def test_keys_are_read_and_written_in_order():
    assert cell_of(cell_parts("sex=female; nation=KWT")) == "nation=KWT;sex=female"
    assert cell_of(cell_parts("")) == ""


# --- Breakdowns ----------------------------------------------------------------------------------------------------


def counts(cells, site=1):
    return [Measurement(id=i, site=site, cell=c, value=Decimal(v)) for i, (c, v) in enumerate(cells.items())]


def figures(rows, rule=COUNT):
    return {one.cell: one for one in breakdown(rows, rule)}


def test_sub_totals_are_added_up_over_every_set_of_dimensions():
    found = figures(counts({"a=1;b=x;c=p": 1, "a=1;b=y;c=p": 2, "a=2;b=x;c=q": 4}))

    assert {cell: int(one.value) for cell, one in found.items()} == {
        "": 7, "a=1": 3, "a=2": 4, "b=x": 5, "b=y": 2, "c=p": 3, "c=q": 4, "a=1;b=x": 1, "a=1;b=y": 2, "a=2;b=x": 4,
        "a=1;c=p": 3, "a=2;c=q": 4, "b=x;c=p": 1, "b=y;c=p": 2, "b=x;c=q": 4, "a=1;b=x;c=p": 1, "a=1;b=y;c=p": 2,
        "a=2;b=x;c=q": 4,
    }  # fmt: skip
    assert [cell for cell, one in found.items() if one.is_reported] == [
        "a=1;b=x;c=p",
        "a=1;b=y;c=p",
        "a=2;b=x;c=q",
    ]


def test_shares_pool_their_parts_in_sub_totals():
    rows = [
        Measurement(id=1, site=1, cell="a=1;b=x", numerator=Decimal(1), denominator=Decimal(4)),
        Measurement(id=2, site=1, cell="a=1;b=y", numerator=Decimal(1), denominator=Decimal(1)),
    ]

    assert figures(rows, SHARE)["a=1"].value == 40


def test_a_sub_total_in_which_a_site_would_be_missing_is_not_formed():
    rows = counts({"a=1": 3, "a=2": 4}) + counts({"": 9}, site=2)

    assert list(figures(rows)) == [""]
    assert figures(rows)[""].value == 16


def test_a_figure_of_the_whole_programme_is_used_instead_of_sites():
    rows = counts({"": 5, "a=1": 5}, site=None) + counts({"": 9}, site=2)

    assert figures(rows)[""].value == 5


def test_parts_that_differ_are_flagged_on_every_level_and_nothing_is_corrected():
    rows = counts({"": 10, "a=1": 6, "a=2": 4, "a=1;b=x": 3, "a=1;b=y": 2})

    found = mismatches(tuple(figures(rows).values()), COUNT)

    assert {(m.cell, m.dimensions, m.parts, m.total) for m in found} == {
        ("", ("b",), 5, 10),
        ("", ("a", "b"), 5, 10),
        ("a=1", ("b",), 5, 6),
    }
    assert figures(rows)["a=1"].value == 6


def test_a_mismatch_says_which_parts_and_both_figures():
    rows = [
        cases.measurement(0, {"site": 1, "value": 9}),
        cases.measurement(1, {"site": 1, "cell": "sex=f", "value": 4}),
        cases.measurement(2, {"site": 1, "cell": "sex=m", "value": 6}),
    ]

    (found,) = mismatches(breakdown(rows, COUNT), COUNT)

    assert str(found.text) == "The parts by sex give value 10, but the total says 9."


def test_parts_of_scores_are_not_compared():
    rule = cases.rule(value_type="score", site_rule="mean")
    rows = counts({"": 10, "a=1": 6, "a=2": 4})

    assert not mismatches(tuple(figures(rows, rule).values()), rule)


@pytest.mark.parametrize(
    ("parts", "hidden"),
    [
        ({"": (30, 60), "s=f": (10, 30), "s=m": (20, 30)}, set()),
        ({"": (30, 60), "s=f": (2, 30), "s=m": (28, 30)}, {"s=f", "s=m"}),
        ({"": (32, 33), "s=f": (8, 9), "s=m": (24, 24)}, {"s=f", "s=m"}),
        ({"": (33, 33), "s=f": (3, 3), "s=m": (30, 30)}, {"s=f", "s=m"}),
    ],
)
def test_a_share_hides_the_few_it_counts_and_the_few_it_leaves_out(parts, hidden):
    rows = [
        Measurement(id=i, site=1, cell=c, numerator=Decimal(n), denominator=Decimal(d))
        for i, (c, (n, d)) in enumerate(parts.items())
    ]

    assert suppressed(breakdown(rows, SHARE), SHARE, always_shown=[""]).hidden == hidden


def test_scores_are_hidden_by_their_number_of_cases():
    rule = cases.rule(value_type="score", site_rule="mean_weighted_n")
    rows = [
        Measurement(id=i, site=1, cell=c, value=Decimal(3), n=n)
        for i, (c, n) in enumerate({"": 30, "s=f": 2, "s=m": 28}.items())
    ]

    assert suppressed(breakdown(rows, rule), rule, always_shown=[""]).hidden == {"s=f", "s=m"}


def test_sites_are_one_more_dimension_of_what_is_shown():
    rows = counts({"s=f": 3, "s=m": 20}) + counts({"s=f": 30, "s=m": 20}, site=2)
    whole = ["", site_cell(1, ""), site_cell(2, "")]

    hidden = suppressed(breakdown(by_site(rows), COUNT), COUNT, always_shown=whole).hidden

    assert site_cell(1, "s=f") in hidden
    assert {site_cell(1, "s=m"), site_cell(2, "s=f"), site_cell(2, "s=m")} & hidden
    assert not set(whole) & hidden


def test_a_level_is_carried_and_marked_until_the_next_report():
    found = carried_forward(cases.series(["missing", 2, "missing", "missing", 5], cases.rule()))

    assert [one.value for one in found] == [None, 2, 2, 2, 5]
    assert [one.carried_from for one in found] == [None, None, "2025 Q2", "2025 Q2", None]
    assert [one.is_carried for one in found] == [False, False, True, True, False]


def test_a_cell_that_may_not_be_formed_says_why():
    rows = [
        Measurement(id=1, site=1, cell="a=1", numerator=Decimal(0), denominator=Decimal(0)),
        Measurement(id=2, site=1, cell="a=2", numerator=Decimal(1), denominator=Decimal(2)),
    ]

    assert figures(rows, SHARE)["a=1"].refusal.code is RefusalCode.DENOMINATOR_ZERO
