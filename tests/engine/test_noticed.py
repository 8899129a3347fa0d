"""What a chart noticed in few words: runs folded, steps told from trends, and when enough data will exist."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from indicators.engine.noticed import ChartKind, drift, fold, notice, recent
from indicators.engine.signals import SignalKind, xmr
from indicators.engine.types import (
    Direction,
    IndicatorRule,
    PeriodValue,
    Refusal,
    RefusalCode,
    SiteRule,
    TimeRule,
    ValueType,
)

CALM = [10.0, 11, 9, 10.5, 9.5, 10.2, 9.8, 10.1, 9.9, 10.4, 9.6, 10.3]
RULE = IndicatorRule(
    value_type=ValueType.NUMBER,
    direction=Direction.ASCENDING,
    time_rule=TimeRule.LAST,
    site_rule=SiteRule.SUM,
)


def series(values, since=date(2023, 1, 1)):
    return [
        PeriodValue(
            starts_on=since + timedelta(days=30 * i),
            ends_on=since + timedelta(days=30 * i + 29),
            label=f"P{i + 1}",
            value=None if v is None else Decimal(str(v)),
            reported=1,
            expected=1,
        )
        for i, v in enumerate(values)
    ]


def noticed(values, **given):
    return notice(series(values), RULE, frequency_days=30, **given)


def said(found):
    return [str(one.text) for one in found.signals]


def test_a_row_beyond_the_limit_is_one_sentence():
    found = noticed([*CALM, *CALM[:8], 30, 31, 29, 30])

    outside = [one for one in found.signals if one.kind is SignalKind.OUTSIDE]
    assert [str(one.text) for one in outside] == ["4 points in a row above the upper limit, P21 to P24."]
    assert (outside[0].first, outside[0].last) == (20, 23)


def test_a_single_point_keeps_its_own_sentence():
    assert "P21 lies below the lower limit." in said(noticed([*CALM, *CALM[:8], -30]))


def test_a_gap_or_the_other_side_begins_a_new_row():
    found = noticed([*CALM, *CALM[:8], 30, 31, None, 30, 31, -20, -21])

    rows = [(one.first, one.last) for one in found.signals if one.kind is SignalKind.OUTSIDE]
    assert rows == [(20, 21), (23, 24), (25, 26)]


def test_folding_loses_no_point_beyond_the_limits():
    values = [*CALM, *CALM[:8], 30, 31, 10, 30, -5, 12, 33, 34, 35]
    chart = xmr(values, limits_from=20)
    folded = fold(chart.signals, [str(i) for i in range(len(values))])

    covered = [i for one in folded if one.kind is SignalKind.OUTSIDE for i in range(one.first, one.last + 1)]
    assert tuple(sorted(covered)) == chart.signalled
    assert len(covered) == len(set(covered))


def test_a_steady_rise_is_said_first_and_raises_no_alarm():
    found = noticed([i + (i % 3) * 0.2 for i in range(36)])

    assert "rise steadily" in str(found.drift)
    assert found.signals
    assert found.alarms == ()
    assert recent(found) == ()
    assert len(said(found)) <= 5


def test_a_steady_fall_is_said_too():
    assert "fall steadily" in str(noticed([-i + (i % 3) * 0.2 for i in range(24)]).drift)


def test_a_step_is_no_trend():
    found = noticed([*CALM, 20, 21, 19, 20.5, 19.5, 20.2, 20, 19.8])

    assert found.drift is None
    assert recent(found)


def test_few_points_have_no_drift():
    assert drift(series([1, 2, 3, 4, 5, 6, 7])) is None
    assert drift(series([1, 2, 3, 4, 5, 6, 7, 8])) is not None


def test_only_what_reaches_into_the_newest_points_is_recent():
    past = noticed([*CALM, *CALM[:8], 30, *CALM])
    new = noticed([*CALM, *CALM[:8], 30, 10])

    assert "P21 lies above the upper limit." in said(past)
    assert [one for one in recent(past) if one.kind is SignalKind.OUTSIDE] == []
    assert [one.first for one in recent(new)] == [20]


def test_too_few_points_say_when_there_will_be_enough():
    found = noticed([1, 2, 3])

    assert isinstance(found, Refusal)
    assert found.code is RefusalCode.N_TOO_SMALL_CHART
    # P3 ends on 2023-03-31; five more periods of 30 days.
    assert str(found.message) == (
        "3 points; control limits need at least 8. If every period is reported, there will be enough by 2023-08-28."
    )


def test_nothing_at_all_has_no_day():
    assert "enough by" not in str(noticed([]).message)


def test_provisional_limits_say_when_they_are_firm():
    found = noticed(CALM[:8])

    assert found.is_provisional
    assert found.firm_on == series(CALM[:8])[-1].ends_on + timedelta(days=120)
    assert noticed(CALM).firm_on is None


@pytest.mark.parametrize("kind", [ChartKind.EWMA, ChartKind.CUSUM])
def test_the_slow_charts_notice_a_small_lasting_shift(kind):
    found = noticed([*CALM, *CALM[:8], *[v + 0.9 for v in CALM], *[v + 0.9 for v in CALM]], kind=kind)

    assert found.drift is None
    assert found.signals
    assert all(one.is_high for one in found.signals)


def test_the_cusum_is_drawn_upwards_and_downwards_and_folded():
    found = noticed([*CALM, *CALM[:8], *[v + 3 for v in CALM]], kind=ChartKind.CUSUM)

    assert found.method == "CUSUM"
    assert found.centre == 0
    assert max(p.value for p in found.points) > found.points[0].high
    assert max(found.second) <= 0
    assert len(found.signals) == 1
    assert str(found.signals[0].text).startswith("The level has moved up since P21: ")


def test_a_share_has_no_limit_beyond_what_is_possible():
    rule = IndicatorRule(
        value_type=ValueType.RATIO,
        direction=Direction.ASCENDING,
        time_rule=TimeRule.LAST,
        site_rule=SiteRule.RATIO_OF_SUMS,
        scale=Decimal(100),
        upper_bound=Decimal(100),
    )
    values = [97, 99, 96, 98.5, 99.5, 97.2, 98, 99, 97, 98, 99, 98]
    found = notice(series(values), rule, frequency_days=30, kind=ChartKind.EWMA)

    assert all(p.high is None or p.high < 100 for p in found.points)
    assert any(p.low is not None for p in found.points)


@pytest.mark.parametrize("kind", list(ChartKind))
def test_levels_have_no_chart_of_any_kind(kind):
    rule = IndicatorRule(
        value_type=ValueType.ORDINAL,
        direction=Direction.ASCENDING,
        time_rule=TimeRule.LAST,
        site_rule=SiteRule.MEDIAN,
    )
    assert notice(series(CALM), rule, frequency_days=30, kind=kind).code is RefusalCode.NOT_NUMERIC


def test_a_rise_that_ends_within_the_first_points_leaves_no_level_to_compare_with():
    found = noticed([*[i + (i % 2) for i in range(20)], *[10, 9, 11, 10, 9, 10, 11, 10, 9, 10, 11, 10] * 2])

    assert "move steadily" in str(found.drift)
    assert found.alarms == ()
