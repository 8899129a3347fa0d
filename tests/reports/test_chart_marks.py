"""What the chart of an indicator marks: weakest source, first report, decisions; a published series beside it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from indicators.disclosure import withheld
from indicators.models import ContextRelease, ContextSeries, ContextValue, DesignVersion, Observation, Role
from indicators.reports.chart_marks import corrections_of, grades_of
from tests import factories as make
from tests.assessment.cast import correct
from tests.reports.test_pages import get, queries, recent_programme, words
from tests.reports.test_statistics import SPLIT, make_series

pytestmark = pytest.mark.django_db


def key(period):
    return period.starts_on, period.label


def test_the_grade_of_a_period_is_the_weakest_of_its_figures():
    programme, (indicator,), periods = recent_programme(observations=0)
    for reliability, credibility in (("A", 3), ("C", 1)):
        make.make_observation(
            indicator,
            periods[0],
            unit=make.make_unit(programme),
            reliability=reliability,
            credibility=credibility,
        )

    assert grades_of(make.make_admin(), indicator) == {key(periods[0]): "C3"}


def test_a_corrected_period_keeps_what_was_reported_first():
    _programme, (indicator,), periods = recent_programme()
    correct(Observation.objects.get(indicator=indicator), numerator=45)
    correct(Observation.objects.current().get(indicator=indicator), numerator=15)

    found = corrections_of(make.make_admin(), indicator)

    assert found[key(periods[0])].before == 50
    assert found[key(periods[0])].count == 2
    assert found[key(periods[0])].words == "A post was counted twice."


def test_the_first_report_is_left_out_where_it_would_tell_a_small_cell():
    indicator, (period,), officer = make_series([{"": 40, "sex=f": 3, "sex=m": 37}], disaggregations=SPLIT)
    small = Observation.objects.current().get(indicator=indicator, cell="sex=f")
    Observation.objects.filter(pk=small.pk).update(state="superseded", superseded_at=make.AT)
    make.make_observation(
        indicator, period, cell="sex=f", value=Decimal(4), corrects=small, correction_reason="Two of them."
    )
    reader = make.make_user(programme=indicator.programme, role=Role.READER)
    assert withheld(reader, Observation.objects.filter(pk=small.pk).select_related("indicator__version"))

    assert corrections_of(officer, indicator)[key(period)].words == "Two of them."
    hidden = corrections_of(reader, indicator)[key(period)]
    assert (hidden.before, hidden.words, hidden.count) == (None, "", 1)


def test_a_partner_viewer_learns_of_no_correction():
    programme, (indicator,), _periods = recent_programme()
    indicator.releasable_to.set(programme.partners.all())
    correct(Observation.objects.get(indicator=indicator), numerator=45)
    partner = make.make_user(global_role="partner_viewer", partner=programme.partners.first())

    assert corrections_of(partner, indicator) == {}


def test_the_page_marks_designs_and_targets_with_the_numbers_of_the_list(client):
    programme, (indicator,), periods = recent_programme()
    DesignVersion.objects.filter(programme=programme).update(state="replaced")
    DesignVersion.objects.create(
        programme=programme, number=7, state="in_force", in_force_from=periods[0].ends_on, reason="More sites.",
        created_by=make.make_admin(),
    )  # fmt: skip

    page = get(client, make.make_admin(), indicator.get_absolute_url())

    assert "Version 7 in force. More sites." in page
    assert page.count('class="c-note-flag-text"') == 3  # one in each of the three drawings


@pytest.fixture
def published():
    programme, (indicator,), periods = recent_programme()
    iraq = programme.partners.first() or make.make_partner("IRQ")
    programme.partners.add(iraq)
    series = ContextSeries.objects.create(
        code="GE", name="Government", publisher="World Bank", unit="estimate", licence="CC BY 4.0"
    )
    release = ContextRelease.objects.create(
        series=series, vintage="2024", retrieved_on=date(2025, 1, 1), source="https://example.org/wgi"
    )
    ContextValue.objects.create(
        release=release, partner=iraq, starts_on=periods[0].starts_on, ends_on=periods[0].ends_on,
        value=Decimal("-1.25"), standard_error=Decimal("0.2"),
    )  # fmt: skip
    return indicator, iraq


def test_a_published_series_stands_beside_when_the_address_names_it(client, published):
    indicator, iraq = published
    admin = make.make_admin()

    assert "CC BY 4.0" not in get(client, admin, indicator.get_absolute_url())
    page = words(get(client, admin, f"{indicator.get_absolute_url()}?context=GE&country={iraq.code}"))

    assert f"{iraq.name}: Government" in page
    assert "−1.25" in page
    for said in ("World Bank", "edition 2024", "https://example.org/wgi", "CC BY 4.0"):
        assert said in page


@pytest.mark.parametrize("asked", ["NONE", "<script>", "' or 1=1 --", "x" * 5000])
def test_an_unknown_series_is_said_and_does_no_harm(client, published, asked):
    indicator, _iraq = published
    client.force_login(make.make_admin())
    page = client.get(indicator.get_absolute_url(), {"context": asked, "country": asked})
    assert page.status_code == 200
    assert b"is published about this country" in page.content
    assert b"<script>\xe2" not in page.content


def test_many_corrections_cost_no_more_queries_than_one(client):
    _programme, (indicator,), _periods = recent_programme(observations=4)
    admin = make.make_admin()
    old = list(Observation.objects.filter(indicator=indicator))
    correct(old[0], numerator=20)
    before = queries(client, admin, indicator.get_absolute_url())
    for one in old[1:]:
        correct(one, numerator=20)

    assert queries(client, admin, indicator.get_absolute_url()) == before
