"""Geometry of the charts: a gap is a gap, zero is a value, nothing leaves the frame."""

import subprocess
import sys
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indicators.charts import (
    Annotation,
    Band,
    Estimate,
    EstimateSet,
    IndicatorSeries,
    Level,
    PairedCourse,
    Reading,
    RetainedPoint,
    Retention,
)
from indicators.charts.expost import draw_estimates, draw_paired, draw_retention
from indicators.charts.over_time import draw_indicator, draw_sparkline
from indicators.charts.scales import (
    MEDIUM,
    NARROW,
    WIDE,
    Axis,
    date_axis,
    date_ticks,
    push_apart,
    value_range,
    value_ticks,
)
from indicators.charts.shares import GAP, WIDTH, draw_meter, draw_shares
from indicators.templatetags.charts import write_label, write_tick

FRAMES = [WIDE, MEDIUM, NARROW]


def test_geometry_needs_no_django():
    code = "import indicators.charts, sys; sys.exit('django' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def monthly(*values, **more) -> IndicatorSeries:
    return IndicatorSeries(
        title="t",
        readings=[
            Reading(on=date(2025, month, 28), value=value) for month, value in enumerate(values, start=1)
        ],
        **more,
    )


def test_a_gap_breaks_the_line():
    drawing = draw_indicator(monthly(1, 2, None, 3, 4), WIDE)

    assert len(drawing.lines) == 2
    assert [len(gap.marks) for gap in drawing.gaps] == [1]


def test_zero_is_a_value_and_not_a_gap():
    drawing = draw_indicator(monthly(2, 0, 1), WIDE)

    assert drawing.gaps == ()
    assert drawing.dots[1].y == WIDE.y0


def test_many_values_are_a_line_and_the_dots_that_it_needs():
    values = [*range(150), None, 7, None, *range(150)]
    start = date(1990, 1, 1)
    series = IndicatorSeries(
        title="t",
        readings=[Reading(on=start + timedelta(days=n), value=value) for n, value in enumerate(values)],
    )

    drawing = draw_indicator(series, WIDE)

    assert [dot.value for dot in drawing.dots] == ["7", "149"]  # the lone one, the last one
    assert len(drawing.lines) == 2


def test_limits_to_keep_between_are_drawn_and_inside_the_frame():
    drawing = draw_indicator(monthly(50, 55, lower=40, upper=80), WIDE)

    assert [label.kind for label in drawing.labels] == ["lower", "upper"]
    assert all(WIDE.y1 <= label.line_y <= WIDE.y0 for label in drawing.labels)
    assert drawing.labels[0].line_y > drawing.labels[1].line_y


def test_neighbouring_gaps_are_one_column_with_a_mark_each():
    drawing = draw_indicator(monthly(1, None, None, None, 2), WIDE)

    assert [len(gap.marks) for gap in drawing.gaps] == [3]


def test_a_single_value_is_a_dot_without_a_line():
    drawing = draw_indicator(monthly(None, 5, None), WIDE)

    assert drawing.lines == ()
    assert len(drawing.dots) == 1


@pytest.mark.parametrize("series", [monthly(), monthly(None, None)])
def test_nothing_reported_draws_no_line_and_raises_nothing(series):
    drawing = draw_indicator(series, NARROW)

    assert drawing.lines == ()
    assert drawing.dots == ()


@pytest.mark.parametrize(("higher_is_better", "edge"), [(True, WIDE.y1), (False, WIDE.y0)])
def test_the_good_band_reaches_to_the_better_edge(higher_is_better, edge):
    bands = [
        Band(on=date(2025, 1, 1), on_track=10, at_risk=8),
        Band(on=date(2025, 6, 1), on_track=12, at_risk=9),
    ]

    drawing = draw_indicator(monthly(9, 11, 12, bands=bands, higher_is_better=higher_is_better), WIDE)

    assert drawing.band_on.split()[-1].endswith(f",{edge}")


def test_an_interval_is_one_band_for_each_unbroken_run_and_lies_inside_the_axis():
    series = monthly(5, 6, None, 7)
    readings = [
        replace(one, low=one.value - 2, high=one.value + 9) if one.value is not None else one
        for one in series.readings
    ]

    drawing = draw_indicator(replace(series, readings=readings), WIDE)

    first, alone = drawing.intervals
    assert len(first.split()) == 4
    assert len(alone.split()) == 2
    assert draw_indicator(series, WIDE).intervals == ()
    for point in (*first.split(), *alone.split()):
        assert WIDE.y1 <= float(point.split(",")[1]) <= WIDE.y0


def test_without_a_direction_no_band_is_drawn():
    bands = [
        Band(on=date(2025, 1, 1), on_track=10, at_risk=8),
        Band(on=date(2025, 6, 1), on_track=12, at_risk=9),
    ]

    assert draw_indicator(monthly(9, bands=bands, higher_is_better=None), WIDE).band_on == ""


def test_the_axis_keeps_to_what_is_possible():
    low, high, _step = value_range([96, 99], lowest=0, highest=100)

    assert low >= 0
    assert high <= 100


def test_labels_of_target_and_baseline_never_overlap():
    series = monthly(
        50,
        baseline=Level(on=date(2024, 12, 31), value=50),
        target=Level(on=date(2025, 12, 31), value=Decimal("50.5")),
    )

    heights = sorted(label.y for label in draw_indicator(series, WIDE).labels)

    assert heights[1] - heights[0] >= 28


def test_labels_are_pushed_apart_inside_the_ends():
    assert push_apart([10, 10], 20, 0, 25) == [5, 25]


@given(
    values=st.lists(
        st.none() | st.decimals(-1_000_000, 1_000_000, allow_nan=False, places=3), min_size=1, max_size=40
    ),
    days=st.integers(1, 400),
)
def test_every_place_is_inside_its_frame(values, days):
    start = date(2020, 1, 1)
    series = IndicatorSeries(
        title="t",
        readings=[
            Reading(on=start + timedelta(days=days * index), value=value)
            for index, value in enumerate(values)
        ],
    )

    for frame in FRAMES:
        drawing = draw_indicator(series, frame)
        assert all(frame.x0 <= dot.x <= frame.x1 and frame.y1 <= dot.y <= frame.y0 for dot in drawing.dots)
        assert len(drawing.date_ticks) <= frame.most_dates
        assert len(drawing.value_ticks) <= 8


@pytest.mark.parametrize("months", [1, 3, 11, 14, 25, 60, 130, 400])
def test_dates_below_the_axis_fit(months):
    axis = date_axis(date(2000, 1, 1), date(2000, 1, 1) + timedelta(days=months * 30), NARROW)

    assert len(date_ticks(axis, NARROW.most_dates, str, str)) <= NARROW.most_dates


def test_a_small_line_breaks_at_a_gap_and_shows_lone_values():
    line = draw_sparkline([1, 2, None, 3])

    assert len(line.lines) == 1
    assert len(line.dots) == 1
    assert line.last == line.dots[0]


def test_a_small_line_of_nothing_is_empty():
    assert draw_sparkline([None, None]).last is None


def test_shares_fill_the_bar_and_empty_ones_are_left_out():
    shares = draw_shares([("on_track", 3), ("at_risk", 0), ("off_track", 1)])

    assert [share.code for share in shares] == ["on_track", "off_track"]
    assert sum(share.width for share in shares) + GAP == pytest.approx(WIDTH, abs=0.3)
    assert draw_shares([("on_track", 0)]) == ()


def test_one_among_a_thousand_can_still_be_seen():
    assert draw_shares([("on_track", 999), ("off_track", 1)])[1].width > 8


def test_nothing_expected_is_not_nought_percent():
    assert draw_meter(0, 0) is None
    assert draw_meter(0, None) is None
    assert draw_meter(0, 4) == 0
    assert draw_meter(6, 4) == WIDTH


def test_people_who_fell_are_drawn_apart():
    course = PairedCourse(
        title="c", stages=("a", "b", "c"), people=[(1, 2, None), (5, 6, 3), (4, None, None)]
    )

    drawing = draw_paired(course, WIDE)

    assert (len(drawing.gains), len(drawing.losses)) == (1, 1)
    assert [stage.count for stage in drawing.stages] == [3, 2, 1]


def test_a_refused_estimate_has_no_place():
    estimates = EstimateSet(
        title="e",
        estimates=[
            Estimate(label="a", value=1.0, low=0.4, high=1.6),
            Estimate(label="b", value=0.2, low=-0.4, high=0.8),
            Estimate(label="c", value=None, low=None, high=None, refusal="too few pairs"),
        ],
    )

    rows = draw_estimates(estimates, NARROW).rows

    assert [row.excludes_reference for row in rows] == [True, False, False]
    assert rows[2].x is None


def test_a_refused_follow_up_breaks_the_retention_line():
    points = [
        RetainedPoint(months=0, share=1),
        RetainedPoint(months=6, share=None, refusal="too few"),
        RetainedPoint(months=12, share=Decimal("0.6")),
    ]

    drawing = draw_retention(Retention(title="r", points=points), WIDE)

    assert drawing.lines == ()
    assert drawing.dots[1].y is None


def test_an_axis_is_straight():
    axis = Axis(0, 10, 100, 0)

    assert [axis(0), axis(5), axis(10)] == [100, 50, 0]


@pytest.mark.parametrize(
    ("low", "high", "step", "said"),
    [
        (0, 100, 20, ["0", "20", "40", "60", "80", "100"]),
        (0, 1, 0.25, ["0.00", "0.25", "0.50", "0.75", "1.00"]),
        (0, 6000, 2000, ["0", "2000", "4000", "6000"]),
        (-0.5, 0.5, 0.5, ["−0.5", "0.0", "0.5"]),
    ],
)
def test_numbers_beside_an_axis_have_the_decimals_that_they_need(low, high, step, said):
    axis = Axis(low, high, 0, 100)

    assert [tick.label for tick in value_ticks(low, high, step, axis, write_tick)] == said


@pytest.mark.parametrize(
    ("value", "places", "said"),
    [
        (Decimal(3300), 2, "3300"),
        (Decimal("0.5"), 2, "0.50"),
        (Decimal(100), None, "100"),
        (Decimal("-0.04"), 1, "0"),
    ],
)
def test_a_whole_number_in_a_chart_has_no_zeros_behind_it(value, places, said):
    assert write_label(value, places) == said


@given(st.lists(st.integers(0, 3000), min_size=1, max_size=60))
def test_flags_never_overlap_and_lose_no_mark(days):
    start = date(2020, 1, 1)
    annotations = [Annotation(on=start + timedelta(days=day), text="x") for day in sorted(days)]
    series = monthly(1, 2, annotations=annotations)

    for frame in FRAMES:
        flags = draw_indicator(series, frame).flags
        assert [one for flag in flags for one in flag.annotations] == annotations
        assert all(frame.x0 <= flag.at <= frame.x1 for flag in flags)
        for left, right in pairwise(flags):
            assert left.at + left.width / 2 <= right.at - right.width / 2
            assert right.first == left.last + 1


@pytest.mark.parametrize(
    ("grade", "corners"), [("", 0), ("A1", 0), ("B6", 0), ("C3", 4), ("D2", 3), ("E5", 3), ("F6", 4)]
)
def test_the_shape_of_a_dot_says_how_good_its_source_is(grade, corners):
    (dot,) = draw_indicator(
        IndicatorSeries(title="t", readings=[Reading(on=date(2025, 1, 31), value=5, grade=grade)]), WIDE
    ).dots
    assert len(dot.shape.split()) == corners


def test_a_corrected_value_is_drawn_from_what_was_reported_first():
    series = IndicatorSeries(
        title="t",
        readings=[
            Reading(on=date(2025, 1, 31), value=5, before=9, correction="counted twice"),
            Reading(on=date(2025, 2, 28), value=5, before=5),
        ],
    )
    (one,) = draw_indicator(series, WIDE).corrected
    assert one.y_before < one.y
    assert (one.before, one.value) == ("9", "5")


def test_two_charts_with_the_same_days_line_up():
    above = monthly(1, 2, 3, target=Level(on=date(2027, 12, 31), value=9))
    since, until = above.reach()
    below = IndicatorSeries(
        title="b", readings=[Reading(on=above.readings[1].on, value=-2)], since=since, until=until
    )
    assert draw_indicator(below, WIDE).dots[0].x == draw_indicator(above, WIDE).dots[1].x
