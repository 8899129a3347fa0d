"""Countries and frameworks: each indicator is counted where it belongs, once."""

from __future__ import annotations

import pytest

from indicators.reports import region
from indicators.reports.queries import Tally, tally
from tests import factories as make

pytestmark = pytest.mark.django_db


def groups(user):
    programmes, found = region.load(user)
    return (
        {one.key: one.tally.total for one in region.by_country(programmes, found)},
        {one.key: one.tally.total for one in region.by_framework(programmes, found)},
        tally(found).total,
    )


def test_an_indicator_of_several_countries_counts_in_its_framework_alone():
    iraq, jordan = make.make_partner("IRQ"), make.make_partner("JOR")
    programme = make.make_programme(partners=[iraq, jordan], framework="MD")
    make.make_indicator(programme)
    make.make_indicator(programme, partner=jordan)

    countries, frameworks, total = groups(make.make_admin())

    assert countries == {"IRQ": 0, "JOR": 1}
    assert frameworks == {"MD": 2}
    assert total == 2


def test_with_one_partner_the_whole_programme_is_that_partner():
    make.make_indicator(make.make_programme(partners=[make.make_partner("IRQ")]))
    countries, _frameworks, _total = groups(make.make_admin())
    assert countries == {"IRQ": 1}


def test_percentages_add_up_and_leave_the_monitored_out():
    found = Tally()
    for status, count in {"on_track": 5, "at_risk": 10, "off_track": 7, "not_reporting": 4}.items():
        for _number in range(count):
            found.add(status, is_critical=False, reported=1, expected=2)
    found.add("monitored", is_critical=False, reported=0, expected=0)

    assert list(found.percentages.values()) == [19, 39, 27, 15, 0]
    assert (found.judged, found.monitored, found.total) == (26, 1, 27)
    assert (found.missing, found.coverage) == (26, found.coverage)


def test_nothing_has_no_percentages_and_no_coverage():
    assert Tally().percentages == {}
    assert Tally().coverage is None
    assert Tally().worst_critical == ""


def test_the_worst_critical_indicator_leads():
    found = Tally()
    found.add("off_track", is_critical=False, reported=0, expected=0)
    found.add("at_risk", is_critical=True, reported=0, expected=0)
    found.add("on_track", is_critical=True, reported=0, expected=0)
    assert found.worst_critical == "at_risk"
